//! What the cloud of embeddings looks like: alignment, uniformity, intrinsic dimension, effective rank.
//!
//! Every function is given the embeddings of windows, [windows, dim], and answers with a number or with why there is none.

use linfa_linalg::eigh::EigValshInto;
use ndarray::{Array2, ArrayView1, Axis};
use rayon::prelude::*;

use super::Measured;
use mynascope_base::counted;

/// Points closer than this share of their length are one: sums of 32-bit numbers tell no more.
const SAME: f64 = 1e-6;
/// TwoNN fits a line: below so many points it means nothing.
const FEWEST_POINTS: usize = 20;
/// The share of points with the largest ratios that TwoNN leaves out, as its authors did.
const DISCARDED: f64 = 0.1;

const EQUAL: &str = "all windows have the same embedding";

/// Rows of length 1, with their tracks; those without a direction are left out.
fn directions(rows: &Array2<f64>, tracks: &[u32]) -> (Array2<f64>, Vec<u32>) {
    let lengths: Vec<f64> = (rows.rows().into_iter())
        .map(|row| row.dot(&row).sqrt())
        .collect();
    let places: Vec<usize> = (lengths.iter().enumerate())
        .filter(|(_, length)| **length > 0.0)
        .map(|(place, _)| place)
        .collect();
    let mut units = rows.select(Axis(0), &places);
    for (mut row, &place) in units.rows_mut().into_iter().zip(&places) {
        let length = lengths.get(place).copied().unwrap_or(1.0);
        row.mapv_inplace(|value| value / length);
    }
    let tracks = places.iter().filter_map(|&place| tracks.get(place));
    (units, tracks.copied().collect())
}

/// Alignment (Wang and Isola 2020, "Understanding contrastive representation learning through alignment and uniformity on
/// the hypersphere", section 4.1, alpha = 2): the mean of `|f(x) - f(y)|^2` over pairs of two windows of one track, on the
/// unit sphere, 0 to 4. All pairs of a track count, and every track as much as another. `tracks` [windows] says which track
/// each is of.
///
/// With unit vectors the mean over the pairs of n windows of mean m is `2 n (1 - |m|^2) / (n - 1)`.
pub fn alignment(rows: &Array2<f64>, tracks: &[u32]) -> Measured {
    let (units, tracks) = directions(rows, tracks);
    let mut sums: std::collections::BTreeMap<u32, (usize, ndarray::Array1<f64>)> =
        Default::default();
    for (row, track) in units.rows().into_iter().zip(tracks) {
        let zero = || (0, ndarray::Array1::zeros(row.len()));
        let (count, sum) = sums.entry(track).or_insert_with(zero);
        *count += 1;
        *sum += &row;
    }
    let of_track = |(count, sum): &(usize, ndarray::Array1<f64>)| {
        let n = *count as f64;
        (*count >= 2).then(|| (2.0 * n * (1.0 - sum.dot(sum) / (n * n)) / (n - 1.0)).max(0.0))
    };
    let spreads: Vec<f64> = sums.values().filter_map(of_track).collect();
    match spreads.len() {
        0 => Measured::undefined(
            "no track has two windows that can be compared; use longer tracks, or shorter windows where the encoder has them",
        ),
        count => Measured::value(spreads.iter().sum::<f64>() / count as f64),
    }
}

/// Uniformity (Wang and Isola 2020, section 4.1, t = 2): the logarithm of the mean of `exp(-2 |f(x) - f(y)|^2)` over all
/// pairs of windows, on the unit sphere: 0 where all are equal, about -4 where they are spread evenly in many dimensions.
pub fn uniformity(rows: &Array2<f64>) -> Measured {
    let (units, _) = directions(rows, &[]);
    let count = units.nrows();
    if count < 2 {
        return Measured::undefined(format!(
            "pairs of windows are needed, and {} a direction (the others are all zeros)",
            match count {
                0 => "no window has".to_owned(),
                _ => "one window alone has".to_owned(),
            }
        ));
    }
    let cosines = units.dot(&units.t());
    let mut sum = 0.0;
    for (row, line) in cosines.rows().into_iter().enumerate() {
        let after = line.iter().skip(row + 1);
        // |a - b|^2 = 2 - 2 a.b
        sum += after
            .map(|cosine| (-4.0 * (1.0 - cosine.min(1.0))).exp())
            .sum::<f64>();
    }
    let pairs = 0.5 * count as f64 * (count as f64 - 1.0);
    Measured::value((sum / pairs).ln())
}

/// Intrinsic dimension by TwoNN (Facco, d'Errico, Rodriguez and Laio 2017, "Estimating the intrinsic dimension of datasets
/// by a minimal neighborhood information", Methods): of each point the ratio mu of the distances to its second and its first
/// neighbour; the slope through the origin of `-ln(1 - F(mu))` over `ln mu`, where `F` of the i-th smallest of N ratios is
/// i / N, without the largest tenth. Of equal windows one counts.
pub fn intrinsic_dimension(rows: &Array2<f64>) -> Measured {
    let points = distinct(rows);
    if points.nrows() < FEWEST_POINTS {
        return Measured::undefined(format!(
            "at least {FEWEST_POINTS} windows with embeddings of their own are needed, and there {}; add tracks",
            match points.nrows() {
                1 => "is 1".to_owned(),
                count => format!("are {count}"),
            }
        ));
    }
    let mut ratios: Vec<f64> = (0..points.nrows())
        .into_par_iter()
        .filter_map(|place| ratio(&points, place))
        .collect();
    ratios.sort_by(f64::total_cmp);
    let count = ratios.len() as f64;
    let fitted = (count * (1.0 - DISCARDED)).floor() as usize;
    let (mut xy, mut xx) = (0.0, 0.0);
    for (place, mu) in ratios.iter().take(fitted).enumerate() {
        let (x, y) = (mu.ln(), -(1.0 - (place + 1) as f64 / count).ln());
        xy += x * y;
        xx += x * x;
    }
    match xx > 1e-12 {
        true => Measured::value(xy / xx),
        false => Measured::undefined(
            "each window has its two nearest at the same distance, so that their ratio tells nothing",
        ),
    }
}

fn squared_distance(a: &ArrayView1<'_, f64>, b: &ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// The rows without those that equal an earlier one.
fn distinct(rows: &Array2<f64>) -> Array2<f64> {
    let is_new = |place: usize| {
        let row = rows.row(place);
        let least = SAME * SAME * row.dot(&row);
        let mut earlier = (0..place).map(|other| rows.row(other));
        !earlier.any(|other| squared_distance(&row, &other) <= least)
    };
    let places: Vec<usize> = (0..rows.nrows())
        .into_par_iter()
        .filter(|&place| is_new(place))
        .collect();
    rows.select(Axis(0), &places)
}

/// Distance to the second neighbour over that to the first.
fn ratio(points: &Array2<f64>, place: usize) -> Option<f64> {
    let row = points.row(place);
    let (mut first, mut second) = (f64::INFINITY, f64::INFINITY);
    for (_, other) in (points.rows().into_iter().enumerate()).filter(|(at, _)| *at != place) {
        let squared = squared_distance(&row, &other);
        if squared < first {
            (first, second) = (squared, first);
        } else if squared < second {
            second = squared;
        }
    }
    let mu = (second / first).sqrt();
    mu.is_finite().then_some(mu)
}

/// Effective rank (Roy and Vetterli 2007, "The effective rank: a measure of effective dimensionality", definition 1): the
/// exponential of the entropy of the singular values as shares of their sum, here of the embeddings less their mean. From 1
/// up to the smaller of dimensions and windows less one.
pub fn effective_rank(rows: &Array2<f64>) -> Measured {
    let count = rows.nrows().max(1) as f64;
    let centred = rows - &(rows.sum_axis(Axis(0)) / count);
    let spread: f64 = centred.iter().map(|value| value * value).sum();
    let whole: f64 = rows.iter().map(|value| value * value).sum();
    if rows.nrows() < 2 {
        return Measured::undefined(format!(
            "at least 2 windows are needed, and there {}",
            match rows.nrows() {
                0 => "is none".to_owned(),
                count => format!("is {}", counted(count, "window")),
            }
        ));
    }
    if spread <= SAME * SAME * whole || spread <= 0.0 {
        return Measured::undefined(EQUAL);
    }
    // The squares of the singular values are the eigenvalues of the smaller product of the matrix with itself.
    let product = match rows.nrows() < rows.ncols() {
        true => centred.dot(&centred.t()),
        false => centred.t().dot(&centred),
    } / spread;
    let squares = match product.eigvalsh_into() {
        Ok(squares) => squares,
        Err(error) => {
            return Measured::undefined(format!(
                "its singular values could not be found ({error}); try another layer"
            ));
        }
    };
    let singular = squares.mapv(|square| square.max(0.0).sqrt());
    let largest = singular.iter().copied().fold(0.0, f64::max);
    let real = singular.iter().filter(|value| **value > SAME * largest);
    let real: Vec<f64> = real.copied().collect();
    let sum: f64 = real.iter().sum();
    let entropy = real.iter().map(|value| -(value / sum) * (value / sum).ln());
    Measured::value(entropy.sum::<f64>().exp())
}
