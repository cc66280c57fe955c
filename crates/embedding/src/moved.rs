//! How much the neighbourhood of each track differs between two tables.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use ndarray::{Array2, Axis, s};

use super::{EmbeddingError, EmbeddingTable, duplicates::unit_rows};
use mynascope_base::jobs::Watch;

/// How much of a track's neighbourhood two tables share.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighbourhoodChange {
    /// The file of the track.
    pub path: PathBuf,
    /// How many of its nearest tracks in one table are among its nearest in the other.
    pub kept: usize,
    /// Of how many.
    pub of: usize,
}

/// Tracks whose cosines are computed at once.
const BLOCK: usize = 512;

/// How far each track moved between two tables of the same tracks (of two checkpoints): the overlap of its `k` nearest
/// tracks, by the cosine of track means, in one table with those in the other. Those that moved most come first; ties
/// keep the order of the first table. Coordinates of a map would not tell: t-SNE may turn, mirror and stretch what did
/// not change. Tracks that are in one table only are left out.
///
/// # Errors
/// When the job was told to stop.
pub fn neighbourhood_changes(
    a: &EmbeddingTable,
    b: &EmbeddingTable,
    k: usize,
    watch: &Watch<'_>,
) -> Result<Vec<NeighbourhoodChange>, EmbeddingError> {
    let (a, b) = (a.track_means(), b.track_means());
    let places = |table: &EmbeddingTable| -> HashMap<PathBuf, usize> {
        (0..table.rows())
            .filter_map(|row| Some((table.track_of(row)?.path.clone(), row)))
            .collect()
    };
    let in_b = places(&b);
    let common: Vec<(&Path, usize, usize)> = (0..a.rows())
        .filter_map(|row| {
            let path = a.track_of(row)?.path.as_path();
            Some((path, row, *in_b.get(path)?))
        })
        .collect();
    let rows = |pick: fn(&(&Path, usize, usize)) -> usize| common.iter().map(pick).collect();
    let rows_a: Vec<usize> = rows(|(_, row, _)| *row);
    let rows_b: Vec<usize> = rows(|(_, _, row)| *row);
    let unit_a = unit_rows(&a).select(Axis(0), &rows_a);
    let unit_b = unit_rows(&b).select(Axis(0), &rows_b);
    let of = k.min(common.len().saturating_sub(1));
    let mut changes = Vec::with_capacity(common.len());
    for start in (0..common.len()).step_by(BLOCK) {
        watch.check()?;
        let total = Some(common.len() as u64);
        watch.progress("comparing neighbourhoods", start as u64, total);
        let end = (start + BLOCK).min(common.len());
        let (near_a, near_b) = (
            nearest(&unit_a, start, end, of),
            nearest(&unit_b, start, end, of),
        );
        for ((near_a, near_b), (path, _, _)) in
            near_a.iter().zip(&near_b).zip(common.iter().skip(start))
        {
            changes.push(NeighbourhoodChange {
                path: path.to_path_buf(),
                kept: near_a.intersection(near_b).count(),
                of,
            });
        }
    }
    changes.sort_by_key(|change| change.kept);
    Ok(changes)
}

/// The `k` nearest others of the rows from `start` to `end`.
fn nearest(unit: &Array2<f32>, start: usize, end: usize, k: usize) -> Vec<HashSet<usize>> {
    let cosines = unit.slice(s![start..end, ..]).dot(&unit.t());
    (start..)
        .zip(cosines.axis_iter(Axis(0)))
        .map(|(row, line)| {
            let mut others: Vec<(usize, f32)> = line
                .iter()
                .copied()
                .enumerate()
                .filter(|(other, _)| *other != row)
                .collect();
            let by_cosine =
                |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
            if k > 0 && k < others.len() {
                others.select_nth_unstable_by(k - 1, by_cosine);
            }
            others.into_iter().take(k).map(|(other, _)| other).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, TrackRow};

    /// Tracks at angles, in degrees.
    fn table(tracks: &[(&str, f32)]) -> EmbeddingTable {
        let mut table = EmbeddingTable::empty(2, "test".to_owned(), Level::Window);
        for (index, (name, angle)) in tracks.iter().enumerate() {
            table.tracks.push(TrackRow {
                path: (*name).into(),
                label: None,
                split: None,
                incomplete: None,
            });
            table.track.push(index as u32);
            table.timestamps.push(0.0);
            let (sin, cos) = angle.to_radians().sin_cos();
            table.values.extend([cos, sin]);
        }
        table
    }

    #[test]
    fn who_changed_the_neighbours_moved_and_a_turned_table_moved_nobody() {
        let before = [
            ("a", 0.0),
            ("b", 1.0),
            ("c", 3.0),
            ("d", 90.0),
            ("e", 91.0),
            ("f", 93.0),
        ];
        let changes = |after: &[(&str, f32)], k| {
            let watch = Watch::unattended();
            neighbourhood_changes(&table(&before), &table(after), k, &watch).unwrap()
        };
        let turned: Vec<(&str, f32)> = before.iter().rev().map(|(n, a)| (*n, 200.0 - a)).collect();
        assert!(
            changes(&turned, 2)
                .iter()
                .all(|change| (change.kept, change.of) == (2, 2))
        );
        let mut other = before;
        other[0].1 = 92.0;
        other[3].1 = 2.0;
        let moved = changes(&other, 2);
        let first: HashSet<&Path> = moved[..2]
            .iter()
            .map(|change| change.path.as_path())
            .collect();
        assert_eq!(first, [Path::new("a"), Path::new("d")].into());
        assert!(moved[..2].iter().all(|change| change.kept == 0));
        // Tracks that only one table has count for nothing.
        assert_eq!(changes(&[("a", 5.0), ("z", 6.0)], 10).len(), 1);
    }
}
