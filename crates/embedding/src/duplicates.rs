//! Pairs of tracks that sound alike to an encoder.

use std::{
    cmp::Ordering,
    collections::HashMap,
    ops::Range,
    sync::{Mutex, PoisonError},
};

use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::{EmbeddingError, EmbeddingTable, neighbours::dot};
use mynascope_base::jobs::Watch;

/// Two tracks that sound alike to an encoder, with the windows that are most alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearDuplicate {
    /// Indices into the tracks of the table, the smaller first.
    pub tracks: [usize; 2],
    /// Rows of the windows, in the order of `tracks`.
    pub rows: [usize; 2],
    /// The largest cosine of a window of one with a window of the other.
    pub cosine: f32,
}

/// Rows that are compared with so many others at once: a block of cosines takes 4 MB.
const BLOCK: usize = 1024;
/// The most alike pairs that are listed.
const MOST_PAIRS: usize = 10_000;

/// The near-duplicates of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NearDuplicates {
    /// The most alike first, at most 10,000.
    pub pairs: Vec<NearDuplicate>,
    /// How many pairs of tracks there are at least: all of them where every track has one row or all its rows stand
    /// together, as they do in tables of this program.
    pub at_least: usize,
}

impl NearDuplicates {
    /// Whether there are more pairs than are listed.
    pub fn is_cut(&self) -> bool {
        self.at_least > self.pairs.len()
    }
}

/// Every pair of tracks with a pair of windows whose cosine is at least `threshold`, the most alike first (at most
/// 10,000). Exact: all windows are compared, in time that grows with their square (9,000 x 384 take about a second on
/// two cores); neither memory nor what is done with a pair grows with the pairs that are alike. Rows of zeros are like
/// nothing.
///
/// # Errors
/// When the job was told to stop.
pub fn near_duplicates(
    table: &EmbeddingTable,
    threshold: f32,
    watch: &Watch<'_>,
) -> Result<NearDuplicates, EmbeddingError> {
    let unit = unit_rows(table);
    let blocks = table.rows().div_ceil(BLOCK);
    // A pair of tracks is counted where the first rows of both meet, so that none is counted twice.
    let mut home = vec![usize::MAX; table.tracks.len()];
    for (row, &track) in table.track.iter().enumerate() {
        if let Some(home) = home.get_mut(track as usize) {
            *home = (*home).min(row / BLOCK);
        }
    }
    let compared = Compared {
        table,
        unit: unit.view(),
        squares: table.iter().map(|row| dot(row, row)).collect(),
        threshold,
        home,
    };
    let best = Mutex::new(Best::default());
    for block in 0..blocks {
        watch.check()?;
        watch.progress("comparing windows", block as u64, Some(blocks as u64));
        (block..blocks).into_par_iter().for_each(|other| {
            let floor = best.lock().unwrap_or_else(PoisonError::into_inner).floor;
            let found = compared.blocks([block, other], floor);
            let mut best = best.lock().unwrap_or_else(PoisonError::into_inner);
            best.count += found.count;
            for pair in found.pairs.into_values() {
                best.take(pair);
            }
        });
    }
    let best = best.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut pairs = most_alike(best.pairs.into_values().collect());
    // Equal cosines go by the order of the table, so that two calls agree.
    pairs.sort_by(order);
    Ok(NearDuplicates {
        at_least: best.count.max(pairs.len()),
        pairs,
    })
}

/// The best pair of windows of each pair of tracks so far, of those that may still be listed.
#[derive(Default)]
struct Best {
    pairs: HashMap<[usize; 2], NearDuplicate>,
    count: usize,
    /// As many pairs as are listed stand before this one or are it.
    floor: Option<NearDuplicate>,
}

impl Best {
    fn take(&mut self, pair: NearDuplicate) {
        let known = self.pairs.entry(pair.tracks).or_insert(pair);
        // Threads come in any order: of equal cosines the first rows of the table count.
        let better = pair.cosine.total_cmp(&known.cosine);
        if better.then_with(|| known.rows.cmp(&pair.rows)).is_gt() {
            *known = pair;
        }
        if self.pairs.len() > 4 * MOST_PAIRS {
            let all = self.pairs.drain().map(|(_, pair)| pair).collect();
            let all = most_alike(all);
            self.floor = all.iter().copied().max_by(order);
            self.pairs = all.into_iter().map(|pair| (pair.tracks, pair)).collect();
        }
    }

    /// Whether a pair of which the cosine is at most this might be listed.
    fn may_take(&self, tracks: [usize; 2], at_most: f32) -> bool {
        self.floor.is_none_or(|floor| {
            at_most > floor.cosine || at_most == floor.cosine && tracks <= floor.tracks
        })
    }
}

/// The most alike first; equal cosines by the order of the table.
fn order(a: &NearDuplicate, b: &NearDuplicate) -> Ordering {
    b.cosine.total_cmp(&a.cosine).then(a.tracks.cmp(&b.tracks))
}

/// The most alike pairs, in any order. A pair that is left out has 10,000 before it and stays behind them unless a better
/// one of its tracks comes, which is then taken anew.
fn most_alike(mut pairs: Vec<NearDuplicate>) -> Vec<NearDuplicate> {
    if pairs.len() > MOST_PAIRS {
        pairs.select_nth_unstable_by(MOST_PAIRS, order);
        pairs.truncate(MOST_PAIRS);
        pairs.shrink_to_fit();
    }
    pairs
}

/// The rows, brought to length 1. [rows, dim]
pub(super) fn unit_rows(table: &EmbeddingTable) -> Array2<f32> {
    let mut unit = Array2::zeros((table.rows(), table.dim));
    for (row, mut place) in table.iter().zip(unit.axis_iter_mut(Axis(0))) {
        let length = row
            .iter()
            .map(|&v| f64::from(v).powi(2))
            .sum::<f64>()
            .sqrt();
        if length > 0.0 {
            for (value, &from) in place.iter_mut().zip(row) {
                *value = (f64::from(from) / length) as f32;
            }
        }
    }
    unit
}

/// What the pairs of a table are looked for with.
struct Compared<'a> {
    table: &'a EmbeddingTable,
    /// [rows, dim]
    unit: ArrayView2<'a, f32>,
    /// The square of each row's length. [rows]
    squares: Vec<f64>,
    threshold: f32,
    /// Of each track the block of its first row.
    home: Vec<usize>,
}

/// The product is of single precision and may be off by as much as this.
const PRODUCT_ERROR: f32 = 1e-5;

impl Compared<'_> {
    /// The pairs of tracks in two blocks of rows: how many have their home here, and of those that may come before the
    /// `floor` the best pair of windows.
    fn blocks(&self, blocks: [usize; 2], floor: Option<NearDuplicate>) -> Best {
        let [first, second] = blocks.map(|block| {
            let start = block * BLOCK;
            start..(start + BLOCK).min(self.table.rows())
        });
        let cosines = self
            .unit
            .slice(s![first.clone(), ..])
            .dot(&self.unit.slice(s![second.clone(), ..]).t());
        let mut best = Best {
            floor,
            ..Best::default()
        };
        let mut counted = Counted::of(self.table, first.clone(), second.clone());
        let track_of = |row: usize| self.table.track.get(row).map(|&track| track as usize);
        // Pairs at the edge are decided by the cosine that all other places use.
        let about = self.threshold - PRODUCT_ERROR;
        for (at, (row, line)) in first.zip(cosines.axis_iter(Axis(0))).enumerate() {
            for (other_at, (other, &value)) in second.clone().zip(line).enumerate() {
                if value < about || other <= row {
                    continue;
                }
                let (Some(a), Some(b)) = (track_of(row), track_of(other)) else {
                    continue;
                };
                if a == b {
                    continue;
                }
                let (tracks, rows) = if a < b {
                    ([a, b], [row, other])
                } else {
                    ([b, a], [other, row])
                };
                let is_listed = best.may_take(tracks, (value + PRODUCT_ERROR).min(1.0));
                let Some(counted) = counted.slot(at, other_at) else {
                    continue;
                };
                let is_new = !*counted;
                if !is_listed && !is_new {
                    continue;
                }
                let is_sure = value >= self.threshold + PRODUCT_ERROR;
                let cosine = (is_listed || !is_sure).then(|| self.cosine(row, other));
                if cosine.is_some_and(|cosine| cosine < self.threshold) {
                    continue;
                }
                if is_new {
                    *counted = true;
                    best.count += usize::from(self.is_home(tracks, blocks));
                }
                if let Some(cosine) = cosine.filter(|_| is_listed) {
                    best.take(NearDuplicate {
                        tracks,
                        rows,
                        cosine,
                    });
                }
            }
        }
        best
    }

    fn is_home(&self, tracks: [usize; 2], [one, two]: [usize; 2]) -> bool {
        let homes = tracks.map(|track| self.home.get(track).copied());
        homes == [Some(one), Some(two)] || homes == [Some(two), Some(one)]
    }

    /// As [`super::neighbours::cosine`] of two rows; the lengths are known.
    fn cosine(&self, row: usize, other: usize) -> f32 {
        let square = |row: usize| self.squares.get(row).copied().unwrap_or_default();
        let norms = (square(row) * square(other)).sqrt();
        if norms > 0.0 {
            let dot = dot(self.table.row(row), self.table.row(other));
            (dot / norms).clamp(-1.0, 1.0) as f32
        } else {
            0.0
        }
    }
}

/// Which pairs of tracks of two blocks of rows were counted.
struct Counted {
    /// Of each row of both blocks the number of its track among those here.
    numbers: [Vec<usize>; 2],
    tracks: usize,
    /// [tracks, tracks], the smaller number first; empty until it is asked for.
    pairs: Vec<bool>,
}

impl Counted {
    fn of(table: &EmbeddingTable, first: Range<usize>, second: Range<usize>) -> Self {
        let mut known = HashMap::new();
        let numbers = [first, second].map(|rows| {
            let tracks = table.track.get(rows).unwrap_or_default();
            let number = |track: &u32| {
                let next = known.len();
                *known.entry(*track).or_insert(next)
            };
            tracks.iter().map(number).collect()
        });
        Self {
            numbers,
            tracks: known.len(),
            pairs: Vec::new(),
        }
    }

    /// Whether the tracks of two rows were counted, each row by its place in its block.
    fn slot(&mut self, first: usize, second: usize) -> Option<&mut bool> {
        if self.pairs.is_empty() {
            self.pairs = vec![false; self.tracks * self.tracks];
        }
        let one = *self.numbers[0].get(first)?;
        let two = *self.numbers[1].get(second)?;
        self.pairs
            .get_mut(one.min(two) * self.tracks + one.max(two))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, TrackRow, cosine};
    use mynascope_spectrum::tokens::{Purpose, stream};

    /// Tracks of three windows each; track 700 is track 3 with a little noise, one window later.
    fn table() -> EmbeddingTable {
        let mut random = stream(5, 0, 0, Purpose::Demo);
        let mut table = EmbeddingTable::empty(8, "test".to_owned(), Level::Window);
        for track in 0..800_u32 {
            table.tracks.push(TrackRow {
                path: format!("{track}").into(),
                label: None,
                split: None,
                incomplete: None,
            });
            for window in 0..3 {
                table.track.push(track);
                table.timestamps.push(3.0 * window as f32);
                let row: Vec<f32> = match (track, window) {
                    (700, 1..) => {
                        let copy = table.row(9 + window - 1).to_vec();
                        copy.iter().map(|value| 2.0 * value + 0.001).collect()
                    }
                    _ => (0..8).map(|_| random.normal() as f32).collect(),
                };
                table.values.extend(row);
            }
        }
        table
    }

    #[test]
    fn a_planted_near_duplicate_is_found_and_every_pair_is_the_best_of_its_tracks() {
        let table = table();
        let found = near_duplicates(&table, 0.97, &Watch::unattended()).unwrap();
        assert_eq!(found.at_least, found.pairs.len());
        assert!(!found.is_cut());
        let found = found.pairs;
        assert_eq!(found[0].tracks, [3, 700]);
        assert!(found[0].cosine > 0.9999);
        // The slow way.
        let mut best: HashMap<[usize; 2], f32> = HashMap::new();
        for row in 0..table.rows() {
            for other in row + 1..table.rows() {
                let tracks = [row / 3, other / 3];
                let value = cosine(table.row(row), table.row(other));
                if tracks[0] != tracks[1] && value >= 0.97 {
                    let kept = best.entry(tracks).or_insert(value);
                    *kept = kept.max(value);
                }
            }
        }
        assert!(best.len() > 20, "{}", best.len());
        let told: HashMap<[usize; 2], f32> = found
            .iter()
            .map(|pair| (pair.tracks, pair.cosine))
            .collect();
        assert_eq!(told, best);
        for pair in &found {
            assert_eq!(pair.rows.map(|row| row / 3), pair.tracks);
        }
    }

    /// Many windows of many tracks that are all alike: each pair of tracks counts once, and only the first are looked at
    /// closely.
    #[test]
    fn tracks_of_several_equal_windows_count_once() {
        let tracks = 700_usize;
        let mut table = EmbeddingTable::empty(3, "test".to_owned(), Level::Window);
        for track in 0..tracks {
            table.tracks.push(TrackRow {
                path: format!("{track}").into(),
                label: None,
                split: None,
                incomplete: None,
            });
            for window in 0..3 {
                table.track.push(track as u32);
                table.timestamps.push(window as f32);
                // Almost equal: noise of single precision.
                let noise = ((track * 3 + window) % 17) as f32 * 1e-7;
                table.values.extend([0.5 + noise, 0.25, 0.125]);
            }
        }
        let found = near_duplicates(&table, 0.9999, &Watch::unattended()).unwrap();
        assert_eq!(found.pairs.len(), 10_000);
        // Blocks cut tracks in two, so that a pair may be counted in none of them, but in no two.
        let all = tracks * (tracks - 1) / 2;
        assert!(
            found.at_least <= all && found.at_least > all * 99 / 100,
            "{}",
            found.at_least
        );
        let pairs: std::collections::HashSet<[usize; 2]> =
            found.pairs.iter().map(|pair| pair.tracks).collect();
        assert_eq!(pairs.len(), 10_000);
        assert!(found.pairs.iter().all(|pair| pair.cosine == 1.0));
    }

    #[test]
    fn zero_rows_and_single_tracks_have_no_near_duplicates() {
        let mut table = table();
        table.values.fill(0.0);
        let find = |table: &EmbeddingTable| near_duplicates(table, 0.0, &Watch::unattended());
        let pairs = near_duplicates(&table, 0.5, &Watch::unattended()).unwrap();
        assert!(pairs.pairs.is_empty());
        let empty = EmbeddingTable::empty(8, "test".to_owned(), Level::Window);
        assert!(find(&empty).unwrap().pairs.is_empty());
    }

    /// A table of equal vectors has more pairs than anyone reads: the list says so, and is the same in every run.
    #[test]
    fn a_list_that_stops_says_how_many_pairs_there_are() {
        let tracks = 2500_usize;
        let table = EmbeddingTable {
            values: vec![0.5; 2 * tracks],
            timestamps: vec![0.0; tracks],
            track: (0..tracks as u32).collect(),
            tracks: (0..tracks)
                .map(|track| TrackRow {
                    path: format!("{track}").into(),
                    label: None,
                    split: None,
                    incomplete: None,
                })
                .collect(),
            ..EmbeddingTable::empty(2, "test".to_owned(), Level::Track)
        };
        let found = near_duplicates(&table, 0.98, &Watch::unattended()).unwrap();
        assert_eq!(found.pairs.len(), 10_000);
        assert!(found.is_cut());
        assert_eq!(found.at_least, tracks * (tracks - 1) / 2);
        // Of equal cosines the first of the table are listed.
        assert_eq!(found.pairs[0].tracks, [0, 1]);
        assert_eq!(found.pairs[9_999].tracks, [4, 14]);
    }
}
