//! The points of a map with what they stand for.

mod plane;

use std::{collections::BTreeSet, path::Path, sync::Arc};

use rayon::prelude::*;

use mynascope_embedding::Level;
use mynascope_map::{Layout, turn_towards};

use super::{
    Picked, Spot,
    colouring::{Groups, LegendEntry, Scale, Shade},
    embeddings::KeyedTable,
    hit_grid::HitGrid,
    points::{Point, PointClass},
};
use plane::{bounds, extent, is_inside, to_unit_square};

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
    /// The file of the track.
    pub path: &'a Path,
    /// Its label.
    pub label: &'a str,
    /// Start of the window in its track; 0 for a point that stands for a whole track.
    pub start_secs: f64,
}

/// A layout, made ready to be drawn and asked.
pub struct Chart {
    /// The table that was laid out.
    pub source: Arc<KeyedTable>,
    /// Whether points are windows or tracks.
    pub level: Level,
    /// The layout as it was computed.
    pub layout: Layout,
    /// Points in the square from -1 to 1, to scale. `[points]`
    pub xy: Vec<[f32; 2]>,
    /// How far points lie from the middle along each axis.
    pub extent: [f32; 2],
    /// Finds the point under the pointer.
    pub grid: HitGrid,
    /// The groups that colours stand for, with the points of each; empty where they stand for numbers.
    pub legend: Vec<LegendEntry>,
    /// The numbers that colours stand for, if they do.
    pub scale: Option<Scale>,
    /// What is drawn, in an order of its own: what stands out comes last.
    pub points: Arc<Vec<Point>>,
    places: Vec<Place>,
    /// Points by track and time, and where those of each track begin; one more than there are tracks.
    by_track: Vec<u32>,
    first_of_track: Vec<u32>,
    /// Index into `legend` for each track of the table.
    group_of_track: Vec<usize>,
    /// Whether a line of the legend is drawn.
    shown: Vec<bool>,
    /// Which tracks of the table are off the list: their points are not drawn. Empty where all are there.
    gone: Vec<bool>,
    /// How many points are picked.
    pub picked_points: usize,
}

impl Chart {
    /// Prepares a layout of a table (or of its track means). Colours tell labels apart until others are set.
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
        let (by_track, first_of_track) = sort_by_track(&places, table.tracks.len());
        let xy = to_unit_square(&layout.xy);
        let labels = table.tracks.iter().map(|track| track.label.as_deref());
        let groups = Groups::of(labels, &[], NO_LABEL);
        let mut chart = Self {
            level,
            layout,
            grid: HitGrid::new(&xy),
            extent: extent(&xy),
            xy,
            legend: Vec::new(),
            scale: None,
            points: Arc::default(),
            places,
            by_track,
            first_of_track,
            group_of_track: Vec::new(),
            shown: Vec::new(),
            gone: Vec::new(),
            picked_points: 0,
            source,
        };
        chart.set_groups(groups);
        chart
    }

    /// Leaves out the points of tracks that are off the list, by their place in the table; the others stay where they are.
    /// [`Chart::set_groups`] counts anew.
    pub fn leave_out(&mut self, gone: Vec<bool>) {
        self.gone = gone;
    }

    /// Which tracks of the table are off the list; empty where all are there.
    pub fn gone(&self) -> &[bool] {
        &self.gone
    }

    fn is_gone(&self, track: u32) -> bool {
        self.gone.get(track as usize).copied().unwrap_or(false)
    }

    /// How many points there are, without those that are left out.
    pub fn point_count(&self) -> usize {
        let places = self.places.iter();
        places.filter(|place| !self.is_gone(place.track)).count()
    }

    /// Lets colours stand for groups of tracks.
    pub fn set_groups(&mut self, groups: Groups) {
        self.scale = None;
        self.group_of_track = groups.of_track;
        self.legend = groups
            .names
            .into_iter()
            .map(|(label, shade)| LegendEntry {
                label,
                shade,
                points: 0,
            })
            .collect();
        let gone = &self.gone;
        let is_gone = |place: &&Place| gone.get(place.track as usize).copied() == Some(true);
        for place in self.places.iter().filter(|place| !is_gone(place)) {
            let group = self.group_of_track.get(place.track as usize);
            if let Some(entry) = group.and_then(|&group| self.legend.get_mut(group)) {
                entry.points += 1;
            }
        }
        self.shown = vec![true; self.legend.len()];
    }

    /// Lets colours stand for a number of each point.
    pub fn set_scale(&mut self, scale: Scale) {
        self.legend.clear();
        self.group_of_track.clear();
        self.shown.clear();
        self.scale = Some(scale);
    }

    /// Shows the points at other places while they move; `false` if these are not places of its points.
    pub fn move_to(&mut self, xy: &[[f32; 2]]) -> bool {
        if xy.len() != self.xy.len() {
            return false;
        }
        self.place(to_unit_square(xy));
        true
    }

    fn place(&mut self, xy: Vec<[f32; 2]>) {
        self.grid = HitGrid::new(&xy);
        self.extent = extent(&xy);
        self.xy = xy;
    }

    /// Whether all of several points cover each other.
    pub fn is_one_spot(&self) -> bool {
        let here = |at: &[f32; 2]| self.xy.first().is_some_and(|first| first == at);
        self.xy.len() > 1 && self.xy.iter().all(here)
    }

    /// Turns and mirrors the map so that it lies like another of the same tracks; does nothing with other tracks.
    pub fn turn_towards(&mut self, other: &Self) {
        let points = self.places.iter().zip(&self.xy);
        let others = other.places.iter().zip(&other.xy);
        let pairs: Vec<_> = points
            .zip(others)
            .filter(|((place, _), (its, _))| place == its)
            .map(|((_, &at), (_, &its))| (at, its))
            .collect();
        // Where a track could not be read by one of them, places no longer go in step.
        if 2 * pairs.len() > self.xy.len() {
            turn_towards(&mut self.xy, &pairs);
            self.place(to_unit_square(&self.xy));
        }
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

    /// The track of a point, as an index into the tracks of the table.
    pub fn track_of(&self, point: usize) -> Option<usize> {
        self.places.get(point).map(|place| place.track as usize)
    }

    /// What a point stands for, as a place that can be played. A track is heard from its middle.
    pub fn spot(&self, point: usize) -> Option<Spot> {
        let facts = self.facts(point)?;
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
        Some(Spot {
            path: facts.path.to_path_buf(),
            start_secs,
        })
    }

    /// The points of a track in the order of time.
    pub fn points_of(&self, path: &Path) -> &[u32] {
        let tracks = &self.source.table.tracks;
        let track = tracks.iter().position(|track| track.path == path);
        let track = track.filter(|&track| !self.is_gone(track as u32));
        track.map_or(&[], |track| self.points_of_track(track))
    }

    fn points_of_track(&self, track: usize) -> &[u32] {
        let start = self.first_of_track.get(track).copied().unwrap_or(0) as usize;
        let end = self.first_of_track.get(track + 1).copied().unwrap_or(0) as usize;
        self.by_track.get(start..end).unwrap_or_default()
    }

    /// The point of a track whose window is heard at a time: the last that has begun.
    pub fn point_at(&self, path: &Path, secs: f64) -> Option<usize> {
        let points = self.points_of(path);
        let begun = |point: &u32| {
            let place = self.places.get(*point as usize);
            place.is_some_and(|place| f64::from(place.start_secs) <= secs + 0.01)
        };
        let after = points.partition_point(begun);
        let point = points.get(after.saturating_sub(1))?;
        Some(*point as usize)
    }

    /// What the colour of a point stands for.
    pub fn shade_of(&self, point: usize) -> Shade {
        match &self.scale {
            Some(scale) => scale.shade(point),
            None => self
                .group_of(point)
                .and_then(|group| self.legend.get(group))
                .map_or(Shade::Unknown, |entry| entry.shade),
        }
    }

    /// What the colour of a point says in words: the name of its group, or its number.
    pub fn describe(&self, point: usize) -> Option<String> {
        match &self.scale {
            Some(scale) => {
                let value = scale.values.get(point).filter(|value| value.is_finite())?;
                let (name, unit) = scale.number.name();
                Some(format!("{name} {value:.2}{unit}"))
            }
            None => {
                let entry = self.legend.get(self.group_of(point)?)?;
                Some(entry.label.clone())
            }
        }
    }

    fn group_of(&self, point: usize) -> Option<usize> {
        let place = self.places.get(point)?;
        self.group_of_track.get(place.track as usize).copied()
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

    /// The drawn points inside an outline, in map units, that closes by itself.
    pub fn inside(&self, outline: &[[f32; 2]]) -> Vec<usize> {
        let (low, high) = bounds(outline.iter().copied());
        let near: Vec<usize> = self.grid.within(low, high).collect();
        near.into_par_iter()
            .filter(|&point| self.is_shown(point))
            .filter(|&point| self.xy.get(point).is_some_and(|&at| is_inside(at, outline)))
            .collect()
    }

    fn is_shown(&self, point: usize) -> bool {
        let place = self.places.get(point);
        if place.is_some_and(|place| self.is_gone(place.track)) {
            return false;
        }
        match self.group_of(point) {
            Some(group) => self.shown.get(group).copied().unwrap_or(false),
            None => true,
        }
    }

    /// Adds points to what is picked: their windows, or their whole tracks.
    pub fn pick(&self, points: impl IntoIterator<Item = usize>, picked: &mut Picked) {
        for point in points {
            let Some(facts) = self.facts(point) else {
                continue;
            };
            match self.level {
                Level::Track => picked.add_track(facts.path),
                Level::Window => picked.add(&Spot {
                    path: facts.path.to_path_buf(),
                    start_secs: facts.start_secs,
                }),
            }
        }
    }

    /// The points of a line of the legend.
    pub fn points_of_group(&self, label: &str) -> Vec<usize> {
        let group = self.legend.iter().position(|entry| entry.label == label);
        (0..self.places.len())
            .filter(|&point| group.is_some() && self.group_of(point) == group)
            .filter(|&point| {
                let place = self.places.get(point);
                place.is_some_and(|place| !self.is_gone(place.track))
            })
            .collect()
    }

    /// Makes the points anew: colours, what is hidden, what is picked or else searched for, what stands out. While a group is lit, all
    /// others step back.
    pub fn colour(
        &mut self,
        hidden: &BTreeSet<String>,
        picked: &Picked,
        found: Option<&Picked>,
        selected: Option<&Path>,
        lit: Option<&str>,
    ) {
        self.shown = self
            .legend
            .iter()
            .map(|entry| !hidden.contains(&entry.label))
            .collect();
        let lit = lit.and_then(|lit| self.legend.iter().position(|entry| entry.label == lit));
        let tracks = &self.source.table.tracks;
        let selected = selected.and_then(|path| tracks.iter().position(|it| it.path == path));
        let found = found.filter(|_| picked.is_empty());
        let all = picked.is_empty() && found.is_none();
        let wanted = found.unwrap_or(picked);
        let picks: Vec<_> = match all {
            true => Vec::new(),
            false => tracks.iter().map(|track| wanted.of(&track.path)).collect(),
        };
        let whole = self.level == Level::Track;
        // What is drawn later lies over what is drawn before.
        let mut layers: [Vec<Point>; 3] = [const { Vec::new() }; 3];
        let [grey, plain, emphasised] = &mut layers;
        plain.reserve(self.xy.len());
        self.picked_points = 0;
        for (point, (&at, place)) in self.xy.iter().zip(&self.places).enumerate() {
            if self.is_gone(place.track) {
                grey.push(Point::new(at, Shade::Unknown, PointClass::Hidden));
                continue;
            }
            let track = place.track as usize;
            let is_picked = picks.get(track).is_some_and(|picks| match whole {
                true => picks.any(),
                false => picks.has(f64::from(place.start_secs)),
            });
            self.picked_points += usize::from(is_picked && found.is_none());
            let shade = self.shade_of(point);
            if lit.is_some() {
                match self.group_of(point) == lit {
                    true => plain.push(Point::new(at, shade, PointClass::Plain)),
                    false if self.is_shown(point) => {
                        grey.push(Point::new(at, shade, PointClass::Grey));
                    }
                    false => grey.push(Point::new(at, shade, PointClass::Hidden)),
                }
            } else if !self.is_shown(point) && Some(track) != selected {
                grey.push(Point::new(at, shade, PointClass::Hidden));
            } else if Some(track) == selected {
                emphasised.push(Point::new(at, shade, PointClass::Emphasised));
            } else if is_picked || all {
                plain.push(Point::new(at, shade, PointClass::Plain));
            } else {
                grey.push(Point::new(at, shade, PointClass::Grey));
            }
        }
        self.points = Arc::new(layers.concat());
    }
}

/// Points by track, each track's in the order of time, and where those of each track begin.
fn sort_by_track(places: &[Place], tracks: usize) -> (Vec<u32>, Vec<u32>) {
    let mut order: Vec<u32> = (0..places.len() as u32).collect();
    let key = |point: &u32| {
        let place = places.get(*point as usize);
        place.map_or((u32::MAX, 0), |place| {
            // Starts are not negative, so that their bits are in the order of their values.
            (place.track, place.start_secs.max(0.0).to_bits())
        })
    };
    if !order.is_sorted_by_key(key) {
        order.sort_by_key(key);
    }
    let mut first = vec![0_u32; tracks + 1];
    for place in places {
        if let Some(count) = first.get_mut(place.track as usize + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for count in &mut first {
        sum += *count;
        *count = sum;
    }
    (order, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_points_of_a_track_are_found_in_the_order_of_time() {
        let place = |track, start_secs| Place { track, start_secs };
        let places = [place(2, 3.0), place(0, 0.0), place(2, 0.0), place(0, 3.0)];
        let (order, first) = sort_by_track(&places, 4);
        assert_eq!(order, [1, 3, 2, 0]);
        assert_eq!(first, [0, 2, 2, 4, 4]);
    }
}
