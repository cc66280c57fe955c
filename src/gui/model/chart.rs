use std::{collections::BTreeSet, path::Path, sync::Arc};

use eframe::egui::Color32;

use crate::{
    embedding::Level,
    gui::{
        paint::scatter::{Point, PointClass},
        theme,
    },
    map::Layout,
};

use super::{Spot, embeddings::KeyedTable, nearest::NearestGrid};

/// What the colours of a map tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colouring {
    #[default]
    Label,
    Track,
}

/// The name of tracks without a label in the legend.
pub const NO_LABEL: &str = "no label";

/// What one point of a chart stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    /// Index into the tracks of the table.
    track: u32,
    start_secs: f32,
}

/// What is known about a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointFacts<'a> {
    pub path: &'a Path,
    pub label: &'a str,
    /// Start of the window in its track; 0 for a point that stands for a whole track.
    pub start_secs: f64,
}

/// A line of the legend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegendEntry {
    pub label: String,
    pub colour: Color32,
    pub points: usize,
}

/// A layout, made ready to be drawn and asked.
pub struct Chart {
    pub source: Arc<KeyedTable>,
    pub level: Level,
    pub layout: Layout,
    /// Points in the square from -1 to 1, to scale. [rows]
    pub xy: Vec<[f32; 2]>,
    pub grid: NearestGrid,
    pub legend: Vec<LegendEntry>,
    /// What is drawn, in an order of its own: what stands out comes last.
    pub points: Arc<Vec<Point>>,
    places: Vec<Place>,
    /// Index into `legend` for each track of the table.
    label_of_track: Vec<usize>,
    /// Whether a line of the legend is drawn.
    shown: Vec<bool>,
}

impl Chart {
    /// Prepares a layout of a table (or of its track means).
    pub fn new(source: Arc<KeyedTable>, level: Level, layout: Layout) -> Self {
        let table = &source.table;
        let places: Vec<Place> = match level {
            Level::Window => table
                .track
                .iter()
                .zip(&table.timestamps)
                .map(|(&track, &start_secs)| Place { track, start_secs })
                .collect(),
            // As `track_means` does: tracks in order, without those that have no row.
            Level::Track => {
                let tracks: BTreeSet<u32> = table.track.iter().copied().collect();
                let start_secs = 0.0;
                tracks
                    .into_iter()
                    .map(|track| Place { track, start_secs })
                    .collect()
            }
        };
        let names: BTreeSet<Option<&str>> = table
            .tracks
            .iter()
            .map(|track| track.label.as_deref())
            .collect();
        // Sorted by name, tracks without a label last.
        let labels: Vec<Option<&str>> = names
            .iter()
            .copied()
            .filter(Option::is_some)
            .chain(names.contains(&None).then_some(None))
            .collect();
        let label_of_track: Vec<usize> = table
            .tracks
            .iter()
            .map(|track| {
                let place = labels
                    .iter()
                    .position(|label| *label == track.label.as_deref());
                place.unwrap_or_default()
            })
            .collect();
        let mut legend: Vec<LegendEntry> = labels
            .iter()
            .enumerate()
            .map(|(index, label)| LegendEntry {
                label: label.unwrap_or(NO_LABEL).to_owned(),
                colour: match label {
                    Some(_) => theme::label_colour(index),
                    None => theme::NO_LABEL,
                },
                points: 0,
            })
            .collect();
        for place in &places {
            let label = label_of_track.get(place.track as usize);
            if let Some(entry) = label.and_then(|&label| legend.get_mut(label)) {
                entry.points += 1;
            }
        }
        let xy = to_unit_square(&layout.xy);
        let grid = NearestGrid::new(&xy);
        let shown = vec![true; legend.len()];
        Self {
            level,
            layout,
            xy,
            grid,
            legend,
            points: Arc::default(),
            places,
            label_of_track,
            shown,
            source,
        }
    }

    /// Shows the points at other places while they move; `false` if these are not places of its points.
    pub fn move_to(&mut self, xy: &[[f32; 2]]) -> bool {
        if xy.len() != self.xy.len() {
            return false;
        }
        self.xy = to_unit_square(xy);
        self.grid = NearestGrid::new(&self.xy);
        true
    }

    /// What a point stands for.
    pub fn facts(&self, point: usize) -> Option<PointFacts<'_>> {
        let place = self.places.get(point)?;
        let track = self.source.table.tracks.get(place.track as usize)?;
        Some(PointFacts {
            path: &track.path,
            label: track.label.as_deref().unwrap_or(NO_LABEL),
            start_secs: f64::from(place.start_secs),
        })
    }

    /// What a point stands for, as a place that can be played. A track is heard from its middle.
    pub fn spot(&self, point: usize) -> Option<Spot> {
        let facts = self.facts(point)?;
        let path = facts.path.to_path_buf();
        let start_secs = match self.level {
            Level::Window => facts.start_secs,
            Level::Track => {
                let table = &self.source.table;
                let track = self.places.get(point)?.track;
                let rows = table.track.iter().zip(&table.timestamps);
                let starts: Vec<f32> = rows
                    .filter(|(of, _)| **of == track)
                    .map(|(_, &start)| start)
                    .collect();
                f64::from(starts.get(starts.len() / 2).copied().unwrap_or_default())
            }
        };
        Some(Spot { path, start_secs })
    }

    /// The colour of a point under a colouring.
    pub fn colour_of(&self, point: usize, colouring: Colouring) -> Color32 {
        let track = self.places.get(point).map_or(0, |place| place.track);
        match colouring {
            Colouring::Label => self
                .label_of_track
                .get(track as usize)
                .and_then(|&label| self.legend.get(label))
                .map_or(theme::NO_LABEL, |entry| entry.colour),
            Colouring::Track => theme::label_colour(track as usize),
        }
    }

    /// The point that is drawn nearest to a place, within a radius.
    pub fn nearest(&self, at: [f32; 2], radius: f32) -> Option<usize> {
        self.grid
            .nearest(&self.xy, at, radius, |point| self.is_shown(point))
    }

    /// The drawn points around a place within a radius, nearest first, at most so many.
    pub fn around(&self, at: [f32; 2], radius: f32, most: usize) -> Vec<usize> {
        let [x, y] = at;
        let mut found: Vec<(f32, usize)> = self
            .grid
            .within([x - radius, y - radius], [x + radius, y + radius])
            .filter(|&point| self.is_shown(point))
            .filter_map(|point| {
                let [point_x, point_y] = *self.xy.get(point)?;
                let distance = (point_x - x).hypot(point_y - y);
                (distance <= radius).then_some((distance, point))
            })
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.truncate(most);
        found.into_iter().map(|(_, point)| point).collect()
    }

    fn is_shown(&self, point: usize) -> bool {
        self.places
            .get(point)
            .and_then(|place| self.label_of_track.get(place.track as usize))
            .and_then(|&label| self.shown.get(label))
            .is_some_and(|&shown| shown)
    }

    /// Makes the points anew: colours, what is hidden, what stands out.
    pub fn colour(
        &mut self,
        colouring: Colouring,
        hidden: &BTreeSet<String>,
        selected: Option<&Path>,
    ) {
        self.shown = self
            .legend
            .iter()
            .map(|entry| !hidden.contains(&entry.label))
            .collect();
        let selected = selected.and_then(|path| {
            let tracks = &self.source.table.tracks;
            tracks.iter().position(|track| track.path == path)
        });
        let mut points = Vec::with_capacity(self.xy.len());
        let mut emphasised = Vec::new();
        for (point, (&at, place)) in self.xy.iter().zip(&self.places).enumerate() {
            let colour = self.colour_of(point, colouring);
            if Some(place.track as usize) == selected {
                emphasised.push(Point::new(at, colour, PointClass::Emphasised));
            } else {
                let class = if self.is_shown(point) {
                    PointClass::Plain
                } else {
                    PointClass::Hidden
                };
                points.push(Point::new(at, colour, class));
            }
        }
        points.append(&mut emphasised);
        self.points = Arc::new(points);
    }
}

/// The least and the greatest coordinates.
fn bounds(points: impl Iterator<Item = [f32; 2]>) -> ([f32; 2], [f32; 2]) {
    let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    for [x, y] in points {
        low = [low[0].min(x), low[1].min(y)];
        high = [high[0].max(x), high[1].max(y)];
    }
    (low, high)
}

/// Moves and scales points into the square from -1 to 1; distances keep their proportions.
fn to_unit_square(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let (low, high) = bounds(points.iter().copied());
    let side = (high[0] - low[0])
        .max(high[1] - low[1])
        .max(f32::MIN_POSITIVE);
    let middle = [0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1])];
    points
        .iter()
        .map(|[x, y]| [2.0 * (x - middle[0]) / side, 2.0 * (y - middle[1]) / side])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_of_any_size_fills_the_square_to_scale() {
        let square = to_unit_square(&[[10.0, 5.0], [30.0, 5.0], [20.0, 10.0]]);
        assert_eq!(square, [[-1.0, -0.25], [1.0, -0.25], [0.0, 0.25]]);
        assert_eq!(to_unit_square(&[[7.0, 7.0]]), [[0.0, 0.0]]);
    }
}
