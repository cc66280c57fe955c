//! How well a map shows its table: the Kullback-Leibler divergence that t-SNE minimises.

use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;

/// Above this many rows the divergence is left out: it needs every pair (here 36 MB and a second).
pub(super) const MOST_ROWS: usize = 3000;
/// Halvings of the bandwidth's interval: more than the digits of an f64 need.
const SEARCH_STEPS: usize = 64;

/// The Kullback-Leibler divergence that t-SNE minimises, over all pairs (van der Maaten and Hinton 2008, eq. 1 to 6):
/// `sum p_ij ln(p_ij / q_ij)`, with `p` from Gaussians of the given perplexity around the rows [rows, columns] and `q`
/// from Student's t around the points of the map. In nats; `None` where there are too many rows.
pub(super) fn divergence(rows: &Array2<f64>, map: &[[f64; 2]], perplexity: f64) -> Option<f64> {
    let n = rows.nrows();
    if !(2..=MOST_ROWS).contains(&n) || map.len() != n {
        return None;
    }
    let conditional: Vec<Vec<f32>> = (0..n)
        .into_par_iter()
        .map(|row| neighbourhood(rows, row, perplexity))
        .collect();
    // Student's t with one degree of freedom, and its sum over all pairs.
    let closeness =
        |a: &[f64; 2], b: &[f64; 2]| 1.0 / (1.0 + (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2));
    let whole: f64 = map
        .par_iter()
        .map(|a| map.iter().map(|b| closeness(a, b)).sum::<f64>() - 1.0)
        .sum();
    let total = (0..n)
        .into_par_iter()
        .map(|i| {
            let mut sum = 0.0;
            for j in (0..n).filter(|&j| j != i) {
                let share = |from: usize, to: usize| {
                    let row = conditional.get(from)?;
                    row.get(to).map(|&p| f64::from(p))
                };
                let p = (share(i, j)? + share(j, i)?) / (2.0 * n as f64);
                if p > 0.0 {
                    sum += p * (p * whole / closeness(map.get(i)?, map.get(j)?)).ln();
                }
            }
            Some(sum)
        })
        .collect::<Option<Vec<f64>>>()?;
    Some(total.into_iter().sum())
}

/// How likely each other row is the neighbour of `row`: a Gaussian whose width gives the perplexity, found by
/// bisection over its logarithm.
fn neighbourhood(rows: &Array2<f64>, row: usize, perplexity: f64) -> Vec<f32> {
    let here = rows.row(row);
    let square = |other: ArrayView1<'_, f64>| -> f64 {
        here.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum()
    };
    let distances: Vec<f64> = rows.rows().into_iter().map(square).collect();
    let others = || {
        distances
            .iter()
            .enumerate()
            .filter(move |(other, _)| *other != row)
            .map(|(_, &distance)| distance)
    };
    let nearest = others().fold(f64::INFINITY, f64::min);
    let mean = others().sum::<f64>() / (distances.len() - 1) as f64;
    let scale = (mean - nearest).max(f64::MIN_POSITIVE);
    let weight = |distance: f64, precision: f64| (-(distance - nearest) * precision).exp();
    let (mut low, mut high) = (-30.0_f64, 30.0_f64);
    let mut precision = 1.0 / scale;
    for _ in 0..SEARCH_STEPS {
        let middle = 0.5 * (low + high);
        precision = middle.exp() / scale;
        let (mut sum, mut moment) = (0.0, 0.0);
        for distance in others() {
            let w = weight(distance, precision);
            sum += w;
            moment += w * (distance - nearest) * precision;
        }
        // Entropy in nats of the neighbourhood.
        if sum.ln() + moment / sum > perplexity.ln() {
            low = middle;
        } else {
            high = middle;
        }
    }
    let sum: f64 = others().map(|distance| weight(distance, precision)).sum();
    distances
        .iter()
        .enumerate()
        .map(|(other, &distance)| {
            if other == row {
                0.0
            } else {
                (weight(distance, precision) / sum) as f32
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_distances_give_what_can_be_worked_out_by_hand() {
        // Three corners of an equilateral triangle, far and near: p and q are both 1/6 for all six pairs.
        let half = 3.0_f64.sqrt() / 2.0;
        let rows = Array2::from_shape_vec((3, 2), vec![0.0, 0.0, 1.0, 0.0, 0.5, half]).unwrap();
        let same = [[0.0, 0.0], [1.0, 0.0], [0.5, half]];
        assert!(divergence(&rows, &same, 2.0).unwrap().abs() < 1e-6);
        // On a line 0, 1, 2 the squares are 1, 1, 4: q is (1/2, 1/2, 1/5) / 2.4 for each direction.
        let line = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]];
        let p = 1.0_f64 / 6.0;
        let expected = 4.0 * p * (p / (0.5 / 2.4)).ln() + 2.0 * p * (p / (0.2 / 2.4)).ln();
        let found = divergence(&rows, &line, 2.0).unwrap();
        assert!(
            (found - expected).abs() < 1e-6,
            "{found} instead of {expected}"
        );
    }

    #[test]
    fn neighbourhoods_have_the_perplexity_that_was_asked_for() {
        let mut random =
            mynascope_spectrum::tokens::stream(1, 0, 0, mynascope_spectrum::tokens::Purpose::Demo);
        let values: Vec<f64> = (0..100 * 5).map(|_| random.normal()).collect();
        let rows = Array2::from_shape_vec((100, 5), values).unwrap();
        for perplexity in [5.0, 30.0] {
            let p = neighbourhood(&rows, 7, perplexity);
            let entropy: f64 = p
                .iter()
                .filter(|&&p| p > 0.0)
                .map(|&p| -f64::from(p) * f64::from(p).ln())
                .sum();
            assert!((entropy.exp() / perplexity - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn torn_neighbourhoods_cost_more() {
        let mut random =
            mynascope_spectrum::tokens::stream(2, 0, 0, mynascope_spectrum::tokens::Purpose::Demo);
        let flat: Vec<[f64; 2]> = (0..60)
            .map(|_| [random.normal(), random.normal()])
            .collect();
        let rows = Array2::from_shape_vec((60, 2), flat.concat()).unwrap();
        let mut torn = flat.clone();
        random.shuffle(&mut torn);
        let [kept, lost] = [&flat, &torn].map(|map| divergence(&rows, map, 10.0).unwrap());
        assert!(kept < 0.5 * lost, "{kept} and {lost}");
    }
}
