//! What lies over the patches of a crop: what is dropped, and what the encoder attends to.

use eframe::egui::{Color32, Painter, Pos2, Rect, StrokeKind, pos2};

use crate::gui::{
    model::{AppState, FRAME_SECS, Layer},
    theme::{self, Tokens},
};
use mynascope_encoder::AttentionTrace;
use mynascope_spectrum::{
    MEL_BANDS, band_of_hz,
    tokens::{PictureGrid, TrackView, ViewName},
};

/// The values of a layer over the window that was asked about.
pub struct LayerValues<'a> {
    trace: &'a AttentionTrace,
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
    let layer = LayerValues {
        trace,
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

    /// The part of a token that is nearer to its middle than to that of any other, in a rectangle that is a stretch of the
    /// track and all bands: tokens that overlap share what they have in common.
    fn rect(&self, token: usize, stretch: Stretch, area: Rect) -> Option<Rect> {
        let grid = &self.trace.grid;
        let ([start, end], _) = grid.area(token)?;
        let (row, column) = grid.place(token);
        let overlap = 0.5 * (grid.token_secs - grid.column_secs).max(0.0);
        let first = if column == 0 { start } else { start + overlap };
        let last = if column + 1 == grid.columns {
            end
        } else {
            end - overlap
        };
        let edge = |row: usize, end: usize| -> Option<f64> {
            let hz = grid.row_hz.get(row)?.get(end)?;
            Some(band_of_hz(f64::from(*hz)) + 0.5)
        };
        let between = |row: usize| Some(0.5 * (edge(row, 1)? + edge(row + 1, 0)?));
        let low = match row.checked_sub(1) {
            Some(below) => between(below)?,
            None => edge(row, 0)?,
        };
        let high = between(row).or_else(|| edge(row, 1))?;
        let x_of = |secs: f64| {
            let share = (self.start_secs + secs - stretch.start_secs) / stretch.secs;
            area.left() + area.width() * share as f32
        };
        let y_of = |band: f64| area.bottom() - area.height() * (band / MEL_BANDS as f64) as f32;
        Some(Rect::from_min_max(
            pos2(x_of(first), y_of(high)),
            pos2(x_of(last), y_of(low)),
        ))
    }

    /// The token at a place of such a rectangle.
    pub fn token_at(&self, at: Pos2, stretch: Stretch, area: Rect) -> Option<usize> {
        let tokens = self.trace.kept.iter().copied();
        let mut tokens = tokens.filter(|&token| {
            let rect = self.rect(token, stretch, area);
            rect.is_some_and(|rect| rect.contains(at))
        });
        tokens.next()
    }

    /// Paints it into such a rectangle. Tokens without a value stay as they are: they did not go in.
    pub fn paint(&self, painter: &Painter, tokens: &Tokens, stretch: Stretch, area: Rect) {
        let shown = painter.clip_rect();
        for &(token, value) in &self.values {
            let colour = if self.diverging {
                theme::diverging(value)
            } else {
                theme::sequential(value)
            };
            let rect = self.rect(token, stretch, area);
            if let Some(rect) = rect.filter(|rect| rect.intersects(shown)) {
                painter.rect_filled(rect, 0.0, colour.gamma_multiply(theme::LAYER_OPACITY));
            }
        }
        let reference = self
            .reference
            .and_then(|token| self.rect(token, stretch, area));
        if let Some(rect) = reference {
            let stroke = (2.0 * theme::LINE, tokens.playhead);
            painter.rect_stroke(rect, 0.0, stroke, StrokeKind::Inside);
        }
    }
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
