//! What lies over the patches of a crop: what is dropped, and what the encoder attends to.

use eframe::egui::{Color32, Painter, Pos2, Rect, StrokeKind, pos2};

use crate::gui::{
    model::{AppState, FRAME_SECS, Layer},
    theme::{self, Tokens},
};
use mynascope_encoder::AttentionTrace;
use mynascope_spectrum::{
    MEL_BANDS, band_of_hz,
    tokens::{PictureGrid, TokenGrid, TrackView, ViewName},
};

/// The values of a layer over the window that was asked about.
pub struct LayerValues<'a> {
    trace: &'a AttentionTrace,
    /// Of which tokens of the window there is a value.
    has_value: Vec<bool>,
    /// Where the window begins in the track, in seconds.
    start_secs: f64,
    /// Token and its value: a share of the largest (0 to 1), or a cosine (-1 to 1).
    values: Vec<(usize, f32)>,
    diverging: bool,
    /// The token that the others are compared with.
    reference: Option<usize>,
    /// The number that the brightest colour stands for.
    pub most: f32,
    /// The share that tokens have which lie nowhere in the window.
    pub elsewhere: f32,
}

/// What lies over the picture of a view now, if its answer is there.
pub fn values(model: &AppState, view: ViewName) -> Option<LayerValues<'_>> {
    let form = &model.teaching.form;
    let answer = model.teaching.attention.value.as_deref()?;
    if form.layer == Layer::None || answer.view != view {
        return None;
    }
    let trace = &answer.trace;
    let mut has_value = vec![false; trace.grid.tokens()];
    for &token in &trace.kept {
        if let Some(has_value) = has_value.get_mut(token) {
            *has_value = true;
        }
    }
    let layer = LayerValues {
        trace,
        has_value,
        start_secs: answer.start_secs,
        values: Vec::new(),
        diverging: false,
        reference: None,
        most: 1.0,
        elsewhere: 0.0,
    };
    let of = |values: Vec<f32>| -> Vec<(usize, f32)> {
        trace.kept.iter().copied().zip(values).collect()
    };
    if form.layer == Layer::Similarity {
        let pointed = model.teaching.pointed;
        let place = trace.kept.iter().position(|&token| Some(token) == pointed);
        let place = place.unwrap_or(0);
        return Some(LayerValues {
            values: of(trace.similarity(place)),
            diverging: true,
            reference: trace.kept.get(place).copied(),
            ..layer
        });
    }
    let shares = match form.layer {
        Layer::Rollout => trace.rollout(form.blocks),
        _ => trace.mean(form.blocks),
    };
    let most = shares.iter().fold(0.0_f32, |most, &share| most.max(share));
    let scaled = shares
        .iter()
        .map(|share| share / most.max(f32::MIN_POSITIVE));
    Some(LayerValues {
        values: of(scaled.collect()),
        most,
        elsewhere: match shares.is_empty() {
            true => 0.0,
            false => 1.0 - shares.iter().sum::<f32>(),
        },
        ..layer
    })
}

/// A part of the track, as a rectangle shows it.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    /// Where it begins, in seconds.
    pub start_secs: f64,
    /// How long it is.
    pub secs: f64,
}

impl Stretch {
    /// The window at a view's crop.
    pub fn of_crop(view: &TrackView) -> Self {
        Self {
            start_secs: view.start() * FRAME_SECS,
            secs: view.grid().window_frames * FRAME_SECS,
        }
    }
}

impl LayerValues<'_> {
    /// Whether there is nothing to paint: attention of an encoder of which what enters the first block is read.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The parts of the picture that are a token's (see [`shares`]), in a rectangle that is a stretch of the track and all
    /// bands.
    fn rects(&self, token: usize, stretch: Stretch, area: Rect) -> impl Iterator<Item = Rect> {
        let shares = shares(&self.trace.grid, &self.has_value, token);
        let start_secs = self.start_secs;
        shares
            .into_iter()
            .map(move |share| share.on(start_secs, stretch, area))
    }

    /// The token at a place of such a rectangle.
    pub fn token_at(&self, at: Pos2, stretch: Stretch, area: Rect) -> Option<usize> {
        let mut tokens = self.trace.kept.iter().copied();
        tokens.find(|&token| {
            self.rects(token, stretch, area)
                .any(|rect| rect.contains(at))
        })
    }

    /// Paints it into such a rectangle. Tokens without a value stay as they are: they did not go in.
    pub fn paint(&self, painter: &Painter, tokens: &Tokens, stretch: Stretch, area: Rect) {
        let shown = painter.clip_rect();
        for &(token, value) in &self.values {
            // The others are compared with it: its own colour would be that of 1, the darkest. Its mark says which it is.
            if Some(token) == self.reference {
                continue;
            }
            let colour = if self.diverging {
                theme::diverging(value)
            } else {
                theme::sequential(value)
            };
            let rects = self.rects(token, stretch, area);
            for rect in rects.filter(|rect| rect.intersects(shown)) {
                painter.rect_filled(rect, 0.0, colour.gamma_multiply(theme::LAYER_OPACITY));
            }
        }
        // All of the token, what it shares with others too.
        let reference = self
            .reference
            .and_then(|token| whole(&self.trace.grid, token));
        if let Some(reference) = reference {
            let rect = reference.on(self.start_secs, stretch, area);
            // A dark ring within the bright one: one of both is seen on any picture.
            let ring = (2.0 * theme::LINE, tokens.playhead);
            painter.rect_stroke(rect, 0.0, ring, StrokeKind::Outside);
            let inner = (theme::LINE, tokens.picture);
            painter.rect_stroke(rect, 0.0, inner, StrokeKind::Inside);
        }
    }
}

/// A part of a window: seconds from its start, and places on the band axis.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Part {
    secs: [f64; 2],
    bands: [f64; 2],
}

impl Part {
    /// Where it lies in a rectangle that is a stretch of the track and all bands.
    fn on(self, start_secs: f64, stretch: Stretch, area: Rect) -> Rect {
        let x_of = |secs: f64| {
            let share = (start_secs + secs - stretch.start_secs) / stretch.secs;
            area.left() + area.width() * share as f32
        };
        let y_of = |band: f64| area.bottom() - area.height() * (band / MEL_BANDS as f64) as f32;
        let ([start, end], [low, high]) = (self.secs, self.bands);
        Rect::from_min_max(pos2(x_of(start), y_of(high)), pos2(x_of(end), y_of(low)))
    }
}

/// All that a token covers.
fn whole(grid: &TokenGrid, token: usize) -> Option<Part> {
    let (secs, hz) = grid.area(token)?;
    let bands = hz.map(|hz| band_of_hz(f64::from(hz)) + 0.5);
    Some(Part { secs, bands })
}

/// What of a window is painted in a token's colour. Each place that tokens with a value cover is one token's alone: that of the
/// nearest row there, and in it of the nearest column. So every place has a colour, and none has two.
fn shares(grid: &TokenGrid, has_value: &[bool], token: usize) -> Vec<Part> {
    let Some(all) = whole(grid, token) else {
        return Vec::new();
    };
    let (row, column) = grid.place(token);
    // The token so many rows up and columns to the right, if it has a value.
    let near = |up: isize, right: isize| -> Option<Part> {
        let row = row.checked_add_signed(up)?;
        let column = column.checked_add_signed(right)?;
        let token = row * grid.columns + column;
        let there = column < grid.columns && has_value.get(token).copied()?;
        whole(grid, token).filter(|_| there)
    };
    let middle = |a: f64, b: f64| 0.5 * (a + b);
    let ([start, end], [low, high]) = (all.secs, all.bands);
    // As far as the middle of what it shares with the tokens beside it.
    let left = near(0, -1).map_or(start, |other| middle(start, other.secs[1]).max(start));
    let right = near(0, 1).map_or(end, |other| middle(other.secs[0], end).min(end));
    let edges = |up: isize| -> Option<[f64; 2]> {
        let row = row.checked_add_signed(up)?;
        let hz = grid.row_hz.get(row)?;
        Some(hz.map(|hz| band_of_hz(f64::from(hz)) + 0.5))
    };
    // From here to there no row is nearer.
    let bottom = edges(-1).map_or(low, |[_, top]| middle(low, top).max(low));
    let top = edges(1).map_or(high, |[bottom, _]| middle(bottom, high).min(high));
    let mut parts = vec![Part {
        secs: [left, right],
        bands: [bottom, top],
    }];
    // Where another row is nearer, what none of its tokens covers.
    for (up, bands) in [(-1, [low, bottom]), (1, [top, high])] {
        if bands[0] >= bands[1] || near(up, 0).is_some() {
            continue;
        }
        let left = near(up, -1).map_or(left, |other| other.secs[1].max(left));
        let right = near(up, 1).map_or(right, |other| other.secs[0].min(right));
        if left < right {
            let secs = [left, right];
            parts.push(Part { secs, bands });
        }
    }
    parts
}

/// The tokens that cover a place in the rectangle of their window.
pub fn tokens_at(grid: &PictureGrid, at: Pos2, window: Rect) -> Vec<usize> {
    if !window.contains(at) {
        return Vec::new();
    }
    let share_x = (at.x - window.left()) / window.width().max(1.0);
    let share_y = (window.bottom() - at.y) / window.height().max(1.0);
    let frame = (f64::from(share_x) * grid.window_frames).floor();
    let band = (share_y * MEL_BANDS as f32) as usize;
    grid.at(band.min(MEL_BANDS - 1), frame + 0.5).collect()
}

/// A colour of a dropped patch: towards grey and towards the background, as the shader of the large picture does it.
pub fn faded(colour: Color32, tokens: &Tokens, overlay: f32) -> Color32 {
    let [red, green, blue] = [colour.r(), colour.g(), colour.b()].map(f32::from);
    let grey = 0.30 * red + 0.59 * green + 0.11 * blue;
    let grey = Color32::from_gray(grey.round() as u8);
    colour
        .lerp_to_gamma(grey, overlay)
        .lerp_to_gamma(tokens.picture, overlay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::{
        MAEST_MEL,
        tokens::{GridKind, PatchShape, Purpose, WINDOW_FRAMES, stream},
    };

    /// MAEST's grid: 16 bands of 96 every 10, 256 ms every 160.
    fn maest() -> TokenGrid {
        let edge = |band: usize| MAEST_MEL.hz_of_band(band as f64 - 0.5) as f32;
        let row = |row: usize| [edge(row * 10), edge(row * 10 + 16)];
        TokenGrid {
            kind: GridKind::Maest,
            columns: 31,
            row_hz: (0..9).map(row).collect(),
            token_secs: 0.256,
            column_secs: 0.16,
        }
    }

    /// How many tokens paint each of many places, and whether one with a value covers it.
    fn painted(grid: &TokenGrid, has_value: &[bool]) -> Vec<(usize, bool)> {
        let mut found = Vec::new();
        let with: Vec<usize> = (0..grid.tokens()).filter(|&it| has_value[it]).collect();
        let wholes: Vec<Part> = with.iter().map(|&it| whole(grid, it).unwrap()).collect();
        let parts: Vec<Part> = with
            .iter()
            .flat_map(|&it| shares(grid, has_value, it))
            .collect();
        let holds = |part: &Part, secs: f64, band: f64| {
            (part.secs[0]..part.secs[1]).contains(&secs)
                && (part.bands[0]..part.bands[1]).contains(&band)
        };
        for secs in (0..500).map(|place| 0.0101 * f64::from(place) + 0.003) {
            for band in (0..128).map(|place| f64::from(place) + 0.37) {
                let painted = parts.iter().filter(|part| holds(part, secs, band)).count();
                let covered = wholes.iter().any(|part| holds(part, secs, band));
                found.push((painted, covered));
            }
        }
        found
    }

    /// Patches overlap by 6 of 16: whatever is dropped, no place of a patch with a value stays without colour, and none is
    /// painted twice.
    #[test]
    fn every_place_of_the_tokens_with_a_value_is_painted_once() {
        let grid = maest();
        let tokens = grid.tokens();
        let mut random = stream(5, 0, 0, Purpose::Demo);
        let mut masks = vec![
            vec![true; tokens],
            // Patchout: every third column, without a row.
            (0..tokens)
                .map(|token| {
                    let (row, column) = grid.place(token);
                    column % 3 == 0 && row != 4
                })
                .collect(),
            (0..tokens).map(|token| token == 140).collect(),
        ];
        for share in [0.1, 0.5, 0.8] {
            masks.push((0..tokens).map(|_| random.uniform() < share).collect());
        }
        for has_value in masks {
            for (painted, covered) in painted(&grid, &has_value) {
                assert_eq!(painted, usize::from(covered));
            }
        }
    }

    #[test]
    fn patches_side_by_side_are_painted_as_they_lie() {
        let grid = TokenGrid::from(PatchShape::Square.grid(WINDOW_FRAMES));
        for token in 0..grid.tokens() {
            let mut has_value = vec![false; grid.tokens()];
            has_value[token] = true;
            let all = whole(&grid, token).unwrap();
            assert_eq!(shares(&grid, &has_value, token), [all]);
            let everywhere = vec![true; grid.tokens()];
            let [only] = shares(&grid, &everywhere, token)[..] else {
                panic!("one part")
            };
            let edges = |part: Part| [part.secs, part.bands].concat();
            let off = edges(only).into_iter().zip(edges(all));
            assert!(off.into_iter().all(|(a, b)| (a - b).abs() < 1e-3));
        }
    }
}
