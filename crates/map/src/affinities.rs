//! How likely rows are each other's neighbours: what t-SNE draws together, and what its divergence is measured by.

use std::ops::Range;

use rayon::prelude::*;

use mynascope_base::jobs::{Cancelled, Watch};

use super::nearest::nearest;

/// Neighbours of a row for each unit of perplexity (van der Maaten 2014, section 4.1).
const NEIGHBOURS_PER_PERPLEXITY: f64 = 3.0;
/// Halvings of the bandwidth's interval: more than the digits of an f64 need.
const SEARCH_STEPS: usize = 64;
/// At most about so many pairs of points are summed (44,000 points, all of them).
const MOST_PAIRS: usize = 2_000_000_000;
/// Points that are summed in 32 bits before they join a sum in 64.
const BLOCK: usize = 1024;

/// The symmetric probabilities of pairs of neighbours; all together sum to 1. Row by row, as a sparse matrix.
pub(super) struct Affinities {
    starts: Vec<usize>,
    others: Vec<u32>,
    shares: Vec<f32>,
}

impl Affinities {
    /// `p_ij = (p_j|i + p_i|j) / 2n` (van der Maaten and Hinton 2008, eq. 1), with Gaussians of the given perplexity over the
    /// `3 perplexity` nearest rows of each of [rows, columns].
    pub(super) fn of(
        values: &[f32],
        columns: usize,
        perplexity: f64,
        watch: &Watch<'_>,
    ) -> Result<Self, Cancelled> {
        let rows = values.len() / columns.max(1);
        let all: Vec<usize> = (0..rows).collect();
        let most = rows.saturating_sub(1);
        let count = ((NEIGHBOURS_PER_PERPLEXITY * perplexity) as usize).clamp(1, most.max(1));
        let near = nearest(values, columns, &all, count, watch)?;
        watch.check()?;
        let near: Vec<Vec<(u32, f64)>> = near
            .into_par_iter()
            .map(|line| {
                let shares = conditional(&line, perplexity);
                let others = line.into_iter().map(|(other, _)| other as u32);
                others.zip(shares).collect()
            })
            .collect();
        let back = Transposed::of(&near);
        let mut found = Self {
            starts: vec![0],
            others: Vec::with_capacity(2 * rows * count),
            shares: Vec::with_capacity(2 * rows * count),
        };
        for (row, mut line) in near.into_iter().enumerate() {
            line.extend(back.of_row(row));
            line.sort_unstable_by_key(|&(other, _)| other);
            line.dedup_by(|next, kept| {
                let is_same = next.0 == kept.0;
                kept.1 += if is_same { next.1 } else { 0.0 };
                is_same
            });
            for (other, share) in line {
                found.others.push(other);
                found.shares.push((share / (2.0 * rows as f64)) as f32);
            }
            found.starts.push(found.others.len());
        }
        Ok(found)
    }

    /// The neighbours of a row, and how likely each pair is.
    pub(super) fn of_row(&self, row: usize) -> impl Iterator<Item = (usize, f32)> {
        let range = range_of(&self.starts, row);
        let others = self.others.get(range.clone()).unwrap_or_default();
        let shares = self.shares.get(range).unwrap_or_default();
        let pairs = others.iter().zip(shares);
        pairs.map(|(&other, &share)| (other as usize, share))
    }

    /// The Kullback-Leibler divergence that t-SNE minimises (van der Maaten and Hinton 2008, eq. 2 to 4) of a map: `sum p_ij
    /// ln(p_ij / q_ij)` over the pairs of neighbours, in nats, with `q` from Student's t around its points over all pairs.
    pub(super) fn divergence(&self, map: &[[f64; 2]]) -> f64 {
        let whole = sum_of_closeness(map);
        let of_row = |(row, here): (usize, &[f64; 2])| -> f64 {
            let pairs = self.of_row(row).filter(|(_, share)| *share > 0.0);
            let costs = pairs.filter_map(|(other, share)| {
                let p = f64::from(share);
                Some(p * (p * whole / closeness(here, map.get(other)?)).ln())
            });
            costs.sum()
        };
        let rows: Vec<f64> = map.par_iter().enumerate().map(of_row).collect();
        rows.iter().sum()
    }
}

/// Where a row of a sparse matrix lies, whose rows begin at `starts`.
fn range_of(starts: &[usize], row: usize) -> Range<usize> {
    match starts.get(row..=row + 1) {
        Some(&[start, end]) => start..end,
        _ => 0..0,
    }
}

/// Who has a row among its neighbours, and with which share: the columns of the sparse matrix of neighbours, one behind the other.
struct Transposed {
    starts: Vec<usize>,
    entries: Vec<(u32, f64)>,
}

impl Transposed {
    fn of(lines: &[Vec<(u32, f64)>]) -> Self {
        // Where each column begins: the sum of the lengths of those before it.
        let mut starts = vec![0; lines.len() + 1];
        for &(column, _) in lines.iter().flatten() {
            if let Some(length) = starts.get_mut(column as usize + 1) {
                *length += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut entries = vec![(0, 0.0); sum];
        for (row, line) in (0..).zip(lines) {
            for &(column, share) in line {
                let Some(next) = next.get_mut(column as usize) else {
                    continue;
                };
                if let Some(entry) = entries.get_mut(*next) {
                    *entry = (row, share);
                }
                *next += 1;
            }
        }
        Self { starts, entries }
    }

    fn of_row(&self, row: usize) -> impl Iterator<Item = (u32, f64)> {
        let range = range_of(&self.starts, row);
        self.entries.get(range).unwrap_or_default().iter().copied()
    }
}

/// How likely each neighbour is that of a row: a Gaussian over their distances, nearest first, whose width gives the
/// perplexity, found by bisection over its logarithm.
fn conditional(near: &[(usize, f32)], perplexity: f64) -> Vec<f64> {
    let squares: Vec<f64> = near
        .iter()
        .map(|&(_, far)| f64::from(far).powi(2))
        .collect();
    let nearest = squares.first().copied().unwrap_or(0.0);
    let mean = squares.iter().sum::<f64>() / squares.len().max(1) as f64;
    let scale = (mean - nearest).max(f64::MIN_POSITIVE);
    let wanted = perplexity.ln();
    let (mut low, mut high) = (-30.0_f64, 30.0_f64);
    let mut weights = vec![1.0; squares.len()];
    let mut sum = squares.len() as f64;
    for _ in 0..SEARCH_STEPS {
        let middle = 0.5 * (low + high);
        let precision = middle.exp() / scale;
        let mut moment = 0.0;
        sum = 0.0;
        for (weight, square) in weights.iter_mut().zip(&squares) {
            let far = (square - nearest) * precision;
            *weight = (-far).exp();
            sum += *weight;
            moment += *weight * far;
        }
        // Entropy in nats of the neighbourhood.
        let entropy = sum.ln() + moment / sum;
        if (entropy - wanted).abs() < 1e-9 {
            break;
        }
        if entropy > wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    weights.iter().map(|weight| weight / sum).collect()
}

/// Student's t with one degree of freedom, not normalised.
fn closeness(a: &[f64; 2], b: &[f64; 2]) -> f64 {
    1.0 / (1.0 + (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2))
}

/// Over all pairs of two different points, in both directions. Of very many points some, evenly spread, stand for all.
fn sum_of_closeness(map: &[[f64; 2]]) -> f64 {
    let along = |of: fn(&[f64; 2]) -> f64| -> Vec<f32> {
        map.iter().map(|point| of(point) as f32).collect()
    };
    let (xs, ys) = (along(|[x, _]| *x), along(|[_, y]| *y));
    let step = (map.len() * map.len()).div_ceil(MOST_PAIRS).max(1);
    let some: Vec<usize> = (0..map.len()).step_by(step).collect();
    let of_point = |&point: &usize| {
        let here = [&xs, &ys].map(|along| along.get(point).copied().unwrap_or(0.0));
        let blocks = xs.chunks(BLOCK).zip(ys.chunks(BLOCK));
        let sums = blocks.map(|(xs, ys)| f64::from(closeness_to_block(here, xs, ys)));
        sums.sum::<f64>() - 1.0
    };
    let of_points: Vec<f64> = some.par_iter().map(of_point).collect();
    of_points.iter().sum::<f64>() * map.len() as f64 / some.len().max(1) as f64
}

/// As [`closeness`] of a point to a block of others, summed in lanes.
fn closeness_to_block(here: [f32; 2], xs: &[f32], ys: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0_f32; LANES];
    let close = |x: f32, y: f32| 1.0 / (1.0 + (x - here[0]).powi(2) + (y - here[1]).powi(2));
    let (xs, rest_of_xs) = xs.as_chunks::<LANES>();
    let (ys, rest_of_ys) = ys.as_chunks::<LANES>();
    for (xs, ys) in xs.iter().zip(ys) {
        for ((sum, x), y) in sums.iter_mut().zip(xs).zip(ys) {
            *sum += close(*x, *y);
        }
    }
    let rest = rest_of_xs.iter().zip(rest_of_ys);
    sums.iter().sum::<f32>() + rest.map(|(x, y)| close(*x, *y)).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::tokens::{Purpose, stream};

    fn affinities(values: &[f32], columns: usize, perplexity: f64) -> Affinities {
        Affinities::of(values, columns, perplexity, &Watch::unattended()).unwrap()
    }

    #[test]
    fn equal_distances_give_what_can_be_worked_out_by_hand() {
        // Three corners of an equilateral triangle, far and near: p and q are both 1/6 for all six pairs.
        let half = 3.0_f32.sqrt() / 2.0;
        let rows = affinities(&[0.0, 0.0, 1.0, 0.0, 0.5, half], 2, 2.0);
        let same = [[0.0, 0.0], [1.0, 0.0], [0.5, f64::from(half)]];
        assert!(rows.divergence(&same).abs() < 1e-6);
        // On a line 0, 1, 2 the squares are 1, 1, 4: q is (1/2, 1/2, 1/5) / 2.4 for each direction.
        let line = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]];
        let p = 1.0_f64 / 6.0;
        let expected = 4.0 * p * (p / (0.5 / 2.4)).ln() + 2.0 * p * (p / (0.2 / 2.4)).ln();
        let found = rows.divergence(&line);
        assert!(
            (found - expected).abs() < 1e-6,
            "{found} instead of {expected}"
        );
    }

    #[test]
    fn neighbourhoods_have_the_perplexity_that_was_asked_for_and_sum_to_one() {
        let mut random = stream(1, 0, 0, Purpose::Demo);
        let values: Vec<f32> = (0..200 * 5).map(|_| random.normal() as f32).collect();
        let all: Vec<usize> = (0..200).collect();
        for perplexity in [5.0, 30.0] {
            let count = 3 * perplexity as usize;
            let near = nearest(&values, 5, &all, count, &Watch::unattended()).unwrap();
            let p = conditional(&near[7], perplexity);
            let entropy: f64 = p.iter().map(|&p| -p * p.ln()).sum();
            assert!((entropy.exp() / perplexity - 1.0).abs() < 1e-3);
            let found = affinities(&values, 5, perplexity);
            let sum: f32 = found.shares.iter().sum();
            assert!((sum - 1.0).abs() < 1e-5);
            for row in 0..200 {
                for (other, share) in found.of_row(row) {
                    let back = found.of_row(other).find(|(back, _)| *back == row);
                    assert_eq!(back, Some((row, share)));
                }
            }
        }
    }

    #[test]
    fn torn_neighbourhoods_cost_more() {
        let mut random = stream(2, 0, 0, Purpose::Demo);
        let flat: Vec<[f64; 2]> = (0..60)
            .map(|_| [random.normal(), random.normal()])
            .collect();
        let values: Vec<f32> = flat.as_flattened().iter().map(|&it| it as f32).collect();
        let rows = affinities(&values, 2, 10.0);
        let mut torn = flat.clone();
        random.shuffle(&mut torn);
        let [kept, lost] = [&flat, &torn].map(|map| rows.divergence(map));
        assert!(kept < 0.5 * lost, "{kept} and {lost}");
    }

    #[test]
    fn the_sum_over_all_pairs_is_that_of_the_definition() {
        let mut random = stream(3, 0, 0, Purpose::Demo);
        let many: Vec<[f64; 2]> = (0..3001)
            .map(|_| [20.0 * random.normal(), 20.0 * random.normal()])
            .collect();
        let of_point = |a| many.iter().map(|b| closeness(a, b)).sum::<f64>() - 1.0;
        let pairs: f64 = many.iter().map(of_point).sum();
        assert!((sum_of_closeness(&many) / pairs - 1.0).abs() < 1e-4);
    }
}
