//! A map as a picture by itself: points, a legend where there are labels, and crosses where new windows landed. Drawn
//! without a graphics driver, so that `mynascope map` works everywhere.

mod text;

use std::collections::BTreeMap;

use image::{Rgb, RgbImage};

use self::text::{Fonts, Line};
use super::{LABEL_COLOURS, Landed, Layout, Mark, save::names};
use mynascope_base::natural_order;
use mynascope_embedding::EmbeddingTable;

/// Rows without a label.
const NO_LABEL: [u8; 3] = [128; 3];
const GROUND: Rgb<u8> = Rgb([24, 24, 27]);
const TEXT: [u8; 3] = [212, 212, 216];
const WEAK: [u8; 3] = [150, 150, 158];
const CROSS: [u8; 3] = [255; 3];
/// The square of the points, and the column of the legend beside it, in pixels.
const SIDE: u32 = 1000;
const LEGEND: u32 = 260;
const MARGIN: f32 = 24.0;
const LINE: f32 = 28.0;
/// Share of the square that the points take.
const FIT: f32 = 0.92;

/// Soft discs on a square; both axes have one scale, so that distances can be compared.
pub(super) fn picture(layout: &Layout, table: &EmbeddingTable, landed: &[Landed]) -> RgbImage {
    let range = |axis: fn(&[f32; 2]) -> f32| {
        let values = layout.xy.iter().map(axis);
        values.fold((f32::MAX, f32::MIN), |(low, high), v| {
            (low.min(v), high.max(v))
        })
    };
    let ((left, right), (low, high)) = (range(|p| p[0]), range(|p| p[1]));
    let span = (right - left).max(high - low).max(1e-9);
    let at = |value: f32, middle: f32| SIDE as f32 * (0.5 + FIT * (value - middle) / span);
    // Up is positive, as in every plot.
    let place = |[x, y]: [f32; 2]| {
        [
            at(x, 0.5 * (left + right)),
            SIDE as f32 - at(y, 0.5 * (low + high)),
        ]
    };
    let groups = Groups::of(table);
    let legend = if groups.labels.is_empty() && landed.is_empty() {
        0
    } else {
        LEGEND
    };
    let mut sheet = Sheet(RgbImage::from_pixel(SIDE + legend, SIDE, GROUND));
    let radius = if table.rows() > 2000 { 2.5 } else { 5.0 };
    for (&xy, (_, label, _)) in layout.xy.iter().zip(names(table)) {
        sheet.mark(place(xy), radius, groups.look(label));
    }
    for landed in landed {
        sheet.cross(place(landed.at));
    }
    if legend > 0 {
        sheet.legend(&groups, landed);
    }
    sheet.0
}

/// The labels in natural order, and the points of each.
struct Groups<'a> {
    labels: Vec<(&'a str, usize)>,
    without: usize,
}

impl<'a> Groups<'a> {
    fn of(table: &'a EmbeddingTable) -> Self {
        let mut points: BTreeMap<&str, usize> = BTreeMap::new();
        // Also those of tracks without a row, so that every map of a collection has the same colours.
        for track in &table.tracks {
            points
                .entry(track.label.as_deref().unwrap_or(""))
                .or_default();
        }
        for (_, label, _) in names(table) {
            *points.entry(label).or_default() += 1;
        }
        let without = points.remove("").unwrap_or_default();
        let mut labels: Vec<(&str, usize)> = points.into_iter().collect();
        labels.sort_by(|(a, _), (b, _)| natural_order(a, b));
        Self { labels, without }
    }

    fn look(&self, label: &str) -> Look {
        let place = self
            .labels
            .binary_search_by(|(name, _)| natural_order(name, label));
        let Ok(place) = place else {
            return (NO_LABEL, Mark::Disc);
        };
        let colour = LABEL_COLOURS.get(place % LABEL_COLOURS.len());
        (colour.copied().unwrap_or(NO_LABEL), Mark::of_label(place))
    }
}

/// Colour and shape of a point.
type Look = ([u8; 3], Mark);

struct Sheet(RgbImage);

impl Sheet {
    /// Lays a colour over a pixel; outside of the picture nothing happens.
    fn blend(&mut self, x: i64, y: i64, colour: [u8; 3], cover: f32) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
            return;
        };
        if let Some(pixel) = self.0.get_pixel_mut_checked(x, y) {
            for (old, new) in pixel.0.iter_mut().zip(colour) {
                *old = (f32::from(*old) * (1.0 - cover) + f32::from(new) * cover).round() as u8;
            }
        }
    }

    fn mark(&mut self, [cx, cy]: [f32; 2], radius: f32, (colour, mark): Look) {
        let reach = (1.4 * radius).ceil() as i64 + 1;
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let (px, py) = (cx as i64 + dx, cy as i64 + dy);
                let at = [px as f32 + 0.5 - cx, cy - py as f32 - 0.5];
                let cover = 0.85 * (0.5 - mark.distance(at, radius)).clamp(0.0, 1.0);
                self.blend(px, py, colour, cover);
            }
        }
    }

    fn cross(&mut self, [cx, cy]: [f32; 2]) {
        const ARM: i64 = 8;
        let (cx, cy) = (cx as i64, cy as i64);
        for along in -ARM..=ARM {
            for across in 0..2 {
                self.blend(cx + along, cy + across, CROSS, 1.0);
                self.blend(cx + across, cy + along, CROSS, 1.0);
            }
        }
    }

    /// A line for each label, as many as there is room for; the rest is counted.
    fn legend(&mut self, groups: &Groups<'_>, landed: &[Landed]) {
        let mut files: Vec<String> = landed
            .iter()
            .map(|landed| {
                let name = landed.path.file_name().unwrap_or(landed.path.as_os_str());
                name.to_string_lossy().into_owned()
            })
            .collect();
        files.dedup();
        let dot = SIDE as f32 + 0.25 * MARGIN;
        let room = ((SIDE as f32 - 2.0 * MARGIN) / LINE) as usize;
        let others = usize::from(groups.without > 0) + files.len();
        let shown = match groups.labels.len() + others <= room {
            true => groups.labels.len(),
            false => room.saturating_sub(others + 1),
        };
        let mut middle = MARGIN + 0.5 * LINE;
        let mut lines: Vec<(Option<Look>, String, String)> = groups
            .labels
            .iter()
            .take(shown)
            .map(|(label, points)| {
                let look = Some(groups.look(label));
                (look, (*label).to_owned(), points.to_string())
            })
            .collect();
        let more = groups.labels.len() - shown;
        if more > 0 {
            lines.push((None, format!("and {more} more"), String::new()));
        }
        if groups.without > 0 {
            let count = groups.without.to_string();
            lines.push((Some((NO_LABEL, Mark::Disc)), "no label".to_owned(), count));
        }
        let names = lines.iter().map(|(_, name, _)| name).chain(&files);
        let fonts = Fonts::for_texts(names);
        for (look, name, count) in lines {
            if let Some(look) = look {
                self.mark([dot, middle], 6.0, look);
            }
            self.line(&fonts, dot, middle, &name, &count);
            middle += LINE;
        }
        for file in files {
            self.cross([dot, middle]);
            self.line(&fonts, dot, middle, &file, "");
            middle += LINE;
        }
    }

    /// A name behind its dot, and a number at the right edge.
    fn line(&mut self, fonts: &Fonts, dot: f32, middle: f32, name: &str, count: &str) {
        let right = (SIDE + LEGEND) as f32 - MARGIN;
        let count = fonts.line(count);
        let begin = right - count.width;
        self.text(fonts, [begin, middle], &count, WEAK);
        let left = dot + 20.0;
        let short = fonts.cut(name, begin - 12.0 - left);
        self.text(fonts, [left, middle], &short, TEXT);
    }

    fn text(&mut self, fonts: &Fonts, at: [f32; 2], line: &Line, colour: [u8; 3]) {
        fonts.draw(line, at, &mut |x, y, cover| self.blend(x, y, colour, cover));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;
    use mynascope_embedding::{Level, TrackRow};

    fn mapped(labels: &[Option<&str>]) -> (Layout, EmbeddingTable) {
        let mut table = EmbeddingTable::empty(1, String::new(), Level::Track);
        for (row, label) in labels.iter().enumerate() {
            table.values.push(row as f32);
            table.timestamps.push(0.0);
            table.track.push(row as u32);
            table.tracks.push(TrackRow {
                path: format!("{row}.wav").into(),
                label: label.map(str::to_owned),
                split: None,
                incomplete: None,
            });
        }
        let layout = Layout {
            xy: (0..labels.len()).map(|row| [row as f32, 0.0]).collect(),
            method: Method::Pca,
            kl: None,
            seconds: 0.0,
            perplexity: None,
            neighbours: None,
            neighbours_kept: None,
            notes: vec![],
        };
        (layout, table)
    }

    /// Whether something of about this colour stands in the legend's column, in these lines.
    fn has(picture: &RgbImage, colour: [u8; 3], lines: std::ops::Range<u32>) -> bool {
        let near = |pixel: &Rgb<u8>| {
            let pairs = pixel.0.iter().zip(colour);
            pairs
                .into_iter()
                .all(|(&is, wanted)| is.abs_diff(wanted) < 40)
        };
        (SIDE..picture.width()).any(|x| {
            let mut column = lines.clone().map(|y| picture.get_pixel(x, y));
            column.any(near)
        })
    }

    #[test]
    fn labels_have_a_legend_in_their_colours_and_a_map_without_labels_has_none() {
        let (layout, table) = mapped(&[Some("jazz"), Some("folk"), None]);
        let drawn = picture(&layout, &table, &[]);
        assert_eq!(drawn.dimensions(), (SIDE + LEGEND, SIDE));
        let line =
            |at: u32| (MARGIN as u32 + at * LINE as u32)..(MARGIN as u32 + (at + 1) * LINE as u32);
        // By name: folk, jazz, then what has no label, each with its name in the colour of text.
        for (at, colour) in [(0, LABEL_COLOURS[0]), (1, LABEL_COLOURS[1]), (2, NO_LABEL)] {
            assert!(has(&drawn, colour, line(at)), "{at}");
            assert!(has(&drawn, TEXT, line(at)), "{at}");
        }
        assert!(!has(&drawn, TEXT, line(3)));
        let (layout, table) = mapped(&[None, None]);
        assert_eq!(picture(&layout, &table, &[]).dimensions(), (SIDE, SIDE));
    }

    #[test]
    fn more_labels_than_there_is_room_for_are_counted_and_long_ones_cut() {
        let names: Vec<String> = (0..100)
            .map(|n| format!("{n:03} {}", "w".repeat(60)))
            .collect();
        let labels: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
        let (layout, table) = mapped(&labels);
        let drawn = picture(&layout, &table, &[]);
        // Nothing runs into the margins.
        assert!(!has(&drawn, TEXT, SIDE - 12..SIDE));
        let edge = SIDE + LEGEND - 12;
        assert!((0..SIDE).all(|y| *drawn.get_pixel(edge, y) == GROUND));
    }

    #[test]
    fn labels_are_in_natural_order_and_keep_their_colours() {
        let (_, table) = mapped(&[Some("10"), Some("2"), Some("1")]);
        let groups = Groups::of(&table);
        let names: Vec<&str> = groups.labels.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["1", "2", "10"]);
        for (place, name) in names.into_iter().enumerate() {
            assert_eq!(groups.look(name), (LABEL_COLOURS[place], Mark::Disc));
        }
    }
}
