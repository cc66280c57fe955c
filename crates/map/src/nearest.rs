//! The nearest neighbours of rows, by comparing all: what UMAP begins with, and what every map is measured by.

use rayon::prelude::*;

use mynascope_base::jobs::{Cancelled, Watch};

/// Rows between two looks at whether the job was stopped.
const BLOCK: usize = 1024;
/// Rows whose neighbours are sought together, and rows that they are compared with at a time.
const HERE: usize = 4;
const THERE: usize = 256;
/// Rows whose sums lie in registers.
const LANES: usize = 32;
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
    let transposed = transposed(values, columns);
    let mut found = Vec::with_capacity(of.len());
    for block in of.chunks(BLOCK) {
        watch.check()?;
        let some = |some: &[usize]| nearest_of(values, &transposed, columns, some, k);
        let lines: Vec<Vec<Vec<(usize, f32)>>> = block.par_chunks(HERE).map(some).collect();
        found.extend(lines.into_iter().flatten());
    }
    Ok(found)
}

/// Blocks of [`THERE`] rows, in each one column behind the other; the last is filled up with infinities.
fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = values.len() / columns.max(1);
    let mut blocks = vec![f32::INFINITY; rows.next_multiple_of(THERE) * columns];
    let blocks_of_rows = values.chunks(THERE * columns.max(1));
    for (to, from) in blocks
        .chunks_mut((THERE * columns).max(1))
        .zip(blocks_of_rows)
    {
        for (at, row) in from.chunks_exact(columns.max(1)).enumerate() {
            let places = to.iter_mut().skip(at).step_by(THERE);
            places.zip(row).for_each(|(to, value)| *to = *value);
        }
    }
    blocks
}

fn nearest_of(
    values: &[f32],
    transposed: &[f32],
    columns: usize,
    some: &[usize],
    k: usize,
) -> Vec<Vec<(usize, f32)>> {
    let rows = values.len() / columns.max(1);
    let of_row = |row: usize| values.get(row * columns..(row + 1) * columns);
    // A last block of fewer rows compares its first again.
    let first = some.first().copied().unwrap_or(0);
    let here: [&[f32]; HERE] = std::array::from_fn(|at| {
        let row = some.get(at).copied().unwrap_or(first);
        of_row(row).unwrap_or_default()
    });
    let mut best: Vec<Best> = some.iter().map(|&row| Best::of(row, k)).collect();
    let mut squares = [[0.0; THERE]; HERE];
    let blocks = transposed.chunks_exact((THERE * columns).max(1));
    for (block, there) in blocks.enumerate() {
        compare(&here, there, &mut squares);
        let first = block * THERE;
        for (best, squares) in best.iter_mut().zip(&squares) {
            best.take(squares.iter().take(rows - first), first);
        }
    }
    best.into_iter().map(Best::done).collect()
}

/// Squared distances of rows to those of a transposed block; columns are summed in their order.
fn compare(here: &[&[f32]; HERE], there: &[f32], squares: &mut [[f32; THERE]; HERE]) {
    for part in 0..THERE / LANES {
        let mut sums = [[0.0_f32; LANES]; HERE];
        for (column, there) in there.as_chunks::<THERE>().0.iter().enumerate() {
            let Some(there) = there.as_chunks::<LANES>().0.get(part) else {
                continue;
            };
            for (sums, here) in sums.iter_mut().zip(here) {
                let here = here.get(column).copied().unwrap_or(0.0);
                for (sum, there) in sums.iter_mut().zip(there) {
                    *sum += (there - here) * (there - here);
                }
            }
        }
        for (squares, sums) in squares.iter_mut().zip(sums) {
            if let Some(squares) = squares.as_chunks_mut::<LANES>().0.get_mut(part) {
                *squares = sums;
            }
        }
    }
}

/// The nearest rows of a row among those that it was compared with.
struct Best {
    row: usize,
    k: usize,
    /// None further than this is among them.
    bound: f32,
    found: Vec<(usize, f32)>,
}

impl Best {
    fn of(row: usize, k: usize) -> Self {
        Self {
            row,
            k,
            bound: f32::INFINITY,
            found: Vec::with_capacity(3 * k + THERE),
        }
    }

    fn take<'a>(&mut self, squares: impl Iterator<Item = &'a f32>, first: usize) {
        for (other, &square) in (first..).zip(squares) {
            // Of equally near ones those that came first stay.
            if square < self.bound && other != self.row {
                self.found.push((other, square));
            }
        }
        if self.found.len() > 3 * self.k {
            self.drop_the_far();
        }
    }

    fn drop_the_far(&mut self) {
        let last = self.k.saturating_sub(1);
        if self.k < self.found.len() {
            let (_, kept, _) = self.found.select_nth_unstable_by(last, nearer);
            self.bound = kept.1;
        }
        self.found.truncate(self.k);
    }

    fn done(mut self) -> Vec<(usize, f32)> {
        self.drop_the_far();
        self.found.sort_unstable_by(nearer);
        let found = self.found.iter();
        // A new list: the old one has room for thrice as many and a block, which a table of lists would keep.
        found.map(|&(row, square)| (row, square.sqrt())).collect()
    }
}

fn nearer(a: &(usize, f32), b: &(usize, f32)) -> std::cmp::Ordering {
    a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))
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
