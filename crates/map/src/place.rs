//! Rows that came later, and maps of other embeddings, on a map that is there.

use std::path::PathBuf;

use mynascope_embedding::{EmbeddingTable, Level, neighbours};

/// Neighbours that say where a new row lands.
const NEIGHBOURS: usize = 10;

/// Where a new row lands on a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Landing {
    /// Where it lies, in the units of the map.
    pub at: [f32; 2],
    /// Cosine to its nearest row: how well the map can speak for it.
    pub nearest: f32,
}

/// Where a window of a file landed, or a file as a whole on a map of tracks.
#[derive(Debug, Clone, PartialEq)]
pub struct Landed {
    /// The file.
    pub path: PathBuf,
    /// Start of the window in its file.
    pub start_secs: f32,
    /// Where it lies, in the units of the map.
    pub at: [f32; 2],
    /// Cosine to its nearest row: how well the map can speak for it.
    pub nearest: f32,
}

/// Where the windows of new files land on a map of a table (see [`land`]): each by itself, or on a map of tracks the
/// mean of each file. `level` is what the points of the map are; a table of windows may be mapped by its tracks.
pub fn land_windows(
    table: &EmbeddingTable,
    level: Level,
    xy: &[[f32; 2]],
    windows: &EmbeddingTable,
) -> Vec<Landed> {
    let by_track = |table: &EmbeddingTable| (level == Level::Track).then(|| table.track_means());
    let (table_means, means) = (by_track(table), by_track(windows));
    let rows = means.as_ref().unwrap_or(windows);
    let landings = land(table_means.as_ref().unwrap_or(table), xy, rows.iter());
    let landed = landings
        .into_iter()
        .enumerate()
        .filter_map(|(row, landing)| {
            Some(Landed {
                path: rows.track_of(row)?.path.clone(),
                start_secs: rows.timestamps.get(row).copied().unwrap_or_default(),
                at: landing.at,
                nearest: landing.nearest,
            })
        });
    landed.collect()
}

/// Where new rows land on a map whose points are the rows of `table`: at the weighted mean of their ten nearest rows
/// (by cosine, in the original space). The weight of a neighbour is exp(-(1 - cosine) / mean), where `mean` is the
/// mean of 1 - cosine over the ten, so that near ones count most at every density. The map itself is not laid out
/// anew: t-SNE has no function that new points could be put into, and this is its usual stand-in.
pub fn land<'a>(
    table: &EmbeddingTable,
    xy: &[[f32; 2]],
    rows: impl Iterator<Item = &'a [f32]>,
) -> Vec<Landing> {
    rows.map(|row| {
        let near = neighbours(table, row, NEIGHBOURS, |other| other >= xy.len());
        let away = |cosine: f32| f64::from(1.0 - cosine).max(0.0);
        let mean =
            near.iter().map(|near| away(near.cosine)).sum::<f64>() / near.len().max(1) as f64;
        let (mut sum, mut weights) = ([0.0; 2], 0.0);
        for neighbour in &near {
            let weight = (-away(neighbour.cosine) / mean.max(f64::MIN_POSITIVE)).exp();
            if let Some(at) = xy.get(neighbour.row) {
                weights += weight;
                for (sum, value) in sum.iter_mut().zip(at) {
                    *sum += weight * f64::from(*value);
                }
            }
        }
        Landing {
            at: sum.map(|sum| (sum / f64::max(weights, f64::MIN_POSITIVE)) as f32),
            nearest: near.first().map_or(0.0, |near| near.cosine),
        }
    })
    .collect()
}

/// Turns and mirrors a map so that its points lie as near as may be to those of another map, pair by pair (orthogonal
/// Procrustes problem in the plane): two maps of the same tracks can then be compared by eye. Distances within the map
/// stay as they are.
pub fn turn_towards(xy: &mut [[f32; 2]], pairs: &[([f32; 2], [f32; 2])]) {
    let from_mean = mean(pairs.iter().map(|pair| pair.0));
    let to_mean = mean(pairs.iter().map(|pair| pair.1));
    // The products of coordinates: rows are those of the point, columns those of its aim.
    let [mut xx, mut xy_, mut yx, mut yy] = [0.0_f64; 4];
    for ([x, y], [aim_x, aim_y]) in pairs {
        let [x, y] = [f64::from(*x) - from_mean[0], f64::from(*y) - from_mean[1]];
        let [aim_x, aim_y] = [
            f64::from(*aim_x) - to_mean[0],
            f64::from(*aim_y) - to_mean[1],
        ];
        xx += x * aim_x;
        xy_ += x * aim_y;
        yx += y * aim_x;
        yy += y * aim_y;
    }
    // The best turn, and the best turn after mirroring y; the larger sum of products wins.
    let (turned, mirrored) = ((xx + yy).hypot(xy_ - yx), (xx - yy).hypot(xy_ + yx));
    let (angle, mirror) = match mirrored > turned {
        true => ((xy_ + yx).atan2(xx - yy), -1.0),
        false => ((xy_ - yx).atan2(xx + yy), 1.0),
    };
    let (sin, cos) = angle.sin_cos();
    for at in xy {
        let [x, y] = [f64::from(at[0]), mirror * f64::from(at[1])];
        *at = [(x * cos - y * sin) as f32, (x * sin + y * cos) as f32];
    }
}

fn mean(points: impl ExactSizeIterator<Item = [f32; 2]>) -> [f64; 2] {
    let count = points.len().max(1) as f64;
    let sum = points.fold([0.0, 0.0], |[x, y], at| {
        [x + f64::from(at[0]), y + f64::from(at[1])]
    });
    sum.map(|sum| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_embedding::TrackRow;

    #[test]
    fn a_row_of_the_map_lands_where_its_like_are() {
        let mut table = EmbeddingTable::empty(2, "test".to_owned(), Level::Window);
        let mut xy = Vec::new();
        for group in 0..2 {
            for member in 0..20 {
                let angle = (90.0 * group as f32 + 0.5 * member as f32).to_radians();
                table.values.extend([angle.cos(), angle.sin()]);
                table.track.push(0);
                table.timestamps.push(0.0);
                xy.push([10.0 * group as f32, 0.1 * member as f32]);
            }
        }
        table.tracks.push(TrackRow {
            path: "a".into(),
            label: None,
            split: None,
            incomplete: None,
        });
        let row = [91.0_f32.to_radians().cos(), 91.0_f32.to_radians().sin()];
        let landed = land(&table, &xy, [row.as_slice()].into_iter());
        let [x, y] = landed[0].at;
        assert!(
            (x - 10.0).abs() < 1e-4 && (0.0..0.8).contains(&y),
            "{x} {y}"
        );
        assert!(landed[0].nearest > 0.9999);
        let none = land(&table, &[], [row.as_slice()].into_iter());
        assert!(none[0].at.iter().all(|value| value.is_finite()));
    }

    #[test]
    fn a_turned_and_mirrored_map_is_turned_back() {
        let aim: Vec<[f32; 2]> = vec![[0.0, 0.0], [1.0, 0.0], [1.0, 2.0], [-0.5, 0.3]];
        for mirror in [1.0, -1.0] {
            let (sin, cos) = 2.1_f32.sin_cos();
            let turn = |[x, y]: [f32; 2]| [x * cos - mirror * y * sin, x * sin + mirror * y * cos];
            let mut turned: Vec<[f32; 2]> = aim.iter().copied().map(turn).collect();
            let pairs: Vec<_> = turned.iter().copied().zip(aim.iter().copied()).collect();
            turn_towards(&mut turned, &pairs);
            for (at, aim) in turned.iter().zip(&aim) {
                assert!((at[0] - aim[0]).hypot(at[1] - aim[1]) < 1e-5, "{mirror}");
            }
        }
    }
}
