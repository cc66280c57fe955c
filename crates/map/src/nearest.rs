//! The nearest neighbours of rows, by comparing all: what UMAP begins with, and what every map is measured by.

use rayon::prelude::*;

use mynascope_base::jobs::{Cancelled, Watch};

/// Rows between two looks at whether the job was stopped.
const BLOCK: usize = 256;
/// Neighbours that make up a neighbourhood when a map is measured.
const NEIGHBOURHOOD: usize = 10;
/// So many rows, evenly spread, stand for all of a larger table.
const MOST_MEASURED: usize = 2000;

/// The `k` nearest other rows of some rows of a table [rows, columns], nearest first, with their Euclidean distances.
/// Of equally near ones the first are taken.
pub(super) fn nearest(
    values: &[f32],
    columns: usize,
    of: &[usize],
    k: usize,
    watch: &Watch<'_>,
) -> Result<Vec<Vec<(usize, f32)>>, Cancelled> {
    let mut found = Vec::with_capacity(of.len());
    for block in of.chunks(BLOCK) {
        watch.check()?;
        let one = |&row: &usize| nearest_of(values, columns, row, k);
        let lines: Vec<Vec<(usize, f32)>> = block.par_iter().map(one).collect();
        found.extend(lines);
    }
    Ok(found)
}

fn nearest_of(values: &[f32], columns: usize, row: usize, k: usize) -> Vec<(usize, f32)> {
    let Some(here) = values.get(row * columns..(row + 1) * columns) else {
        return Vec::new();
    };
    let mut others: Vec<(usize, f32)> = values
        .chunks_exact(columns)
        .enumerate()
        .filter(|(other, _)| *other != row)
        .map(|(other, there)| {
            let pairs = here.iter().zip(there);
            (other, pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f32>())
        })
        .collect();
    let nearer = |a: &(usize, f32), b: &(usize, f32)| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0));
    if k > 0 && k < others.len() {
        others.select_nth_unstable_by(k - 1, nearer);
    }
    others.truncate(k);
    others.sort_unstable_by(nearer);
    for (_, distance) in &mut others {
        *distance = distance.sqrt();
    }
    others
}

/// Which share of the ten nearest rows of a row are among its ten nearest on the map, 0 to 1: the mean of all rows, or
/// of 2000 of them. `None` where every other row is among the ten.
pub(super) fn neighbours_kept(
    values: &[f32],
    columns: usize,
    map: &[[f32; 2]],
    watch: &Watch<'_>,
) -> Result<Option<f64>, Cancelled> {
    if map.len() <= NEIGHBOURHOOD + 1 {
        return Ok(None);
    }
    let step = map.len().div_ceil(MOST_MEASURED);
    let some: Vec<usize> = (0..map.len()).step_by(step).collect();
    let near = nearest(values, columns, &some, NEIGHBOURHOOD, watch)?;
    let shown = nearest(map.as_flattened(), 2, &some, NEIGHBOURHOOD, watch)?;
    let mut kept = 0;
    for (near, shown) in near.iter().zip(&shown) {
        let is_shown = |row: usize| shown.iter().any(|(other, _)| *other == row);
        kept += near.iter().filter(|(row, _)| is_shown(*row)).count();
    }
    Ok(Some(kept as f64 / (NEIGHBOURHOOD * some.len()) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::tokens::{Purpose, stream};

    #[test]
    fn the_nearest_rows_are_those_of_least_distance() {
        let values = [0.0, 0.0, 3.0, 4.0, 0.0, 1.0, 1.0, 0.0];
        let watch = Watch::unattended();
        let found = nearest(&values, 2, &[0, 1], 2, &watch).unwrap();
        // Two are equally near: the first is taken first.
        assert_eq!(found[0], [(2, 1.0), (3, 1.0)]);
        assert_eq!(found[1], [(2, 18.0_f32.sqrt()), (3, 20.0_f32.sqrt())]);
    }

    #[test]
    fn a_turned_map_keeps_all_neighbours_and_a_shuffled_one_as_many_as_chance_does() {
        let mut random = stream(5, 0, 0, Purpose::Demo);
        let flat: Vec<[f32; 2]> = (0..3000)
            .map(|_| [random.normal() as f32, random.normal() as f32])
            .collect();
        let turned: Vec<[f32; 2]> = flat.iter().map(|[x, y]| [2.0 * y, -2.0 * x]).collect();
        let mut torn = flat.clone();
        random.shuffle(&mut torn);
        let watch = Watch::unattended();
        let kept = |map: &[[f32; 2]]| neighbours_kept(flat.as_flattened(), 2, map, &watch).unwrap();
        assert_eq!(kept(&turned), Some(1.0));
        let chance = 10.0 / 2999.0;
        assert!((kept(&torn).unwrap() - chance).abs() < chance);
        let few = neighbours_kept(&flat.as_flattened()[..22], 2, &flat[..11], &watch);
        assert_eq!(few.unwrap(), None);
    }
}
