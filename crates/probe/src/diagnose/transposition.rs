//! Whether embeddings move with the pitch: how well the best linear map tells the embedding of a transposed window from that
//! of the window itself, on tracks that it was not fitted on, against no map at all.

use linfa_linalg::cholesky::SolveCInplace;
use ndarray::{Array2, Axis};

use super::Measured;
use mynascope_spectrum::tokens::{Purpose, stream};

/// Parts of the tracks; each is tested once.
const FOLDS: usize = 5;
/// So that each part has two tracks.
const FEWEST_TRACKS: usize = 2 * FOLDS;
/// Strengths of the penalty that are tried, as shares of the mean squared length of the centred embeddings.
const STRENGTHS: [f64; 8] = [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1000.0];

/// Shares of the variance of the transposed embeddings that are told: 1 is all, 0 as much as always saying their mean, and
/// below it less than that.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Explained {
    /// By the best linear map of the embeddings as they are.
    pub with_map: Measured,
    /// By the embeddings as they are.
    pub without_map: Measured,
}

/// `plain` and `moved`, [windows, dim] each, are embeddings of the same windows before and after the transposition, and
/// `tracks` [windows] says which track each is of.
///
/// Five folds by track: each is predicted by a map that was fitted on three others and whose penalty the fifth chose. The map
/// `x + A (x - m) + b` is ridge regression (Hoerl and Kennard 1970) of the change, in its dual form: with few tracks, or where
/// nothing can be learned, it falls back to no map and a mean change. The share is the R2 over all dimensions at once:
/// `1 - sum |y - f(x)|^2 / sum |y - mean(y)|^2` over tested windows, the mean that of the fitted ones.
pub(super) fn explained(
    plain: &Array2<f64>,
    moved: &Array2<f64>,
    tracks: &[u32],
    seed: u64,
) -> Explained {
    let both = |measured: Measured| Explained {
        with_map: measured.clone(),
        without_map: measured,
    };
    let mut distinct: Vec<u32> = tracks.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < FEWEST_TRACKS {
        return both(Measured::undefined(format!(
            "a map needs at least {FEWEST_TRACKS} tracks to be fitted on some and tested on others, and there {}; add tracks",
            match distinct.len() {
                1 => "is 1".to_owned(),
                count => format!("are {count}"),
            }
        )));
    }
    stream(seed, 0, 0, Purpose::Split).shuffle(&mut distinct);
    let fold_of = |track: u32| {
        let place = distinct.iter().position(|other| *other == track);
        place.unwrap_or(0) % FOLDS
    };
    let folds: Vec<usize> = tracks.iter().map(|&track| fold_of(track)).collect();
    let rows_of = |wanted: &dyn Fn(usize) -> bool| -> Vec<usize> {
        let places = folds.iter().enumerate();
        places
            .filter(|(_, fold)| wanted(**fold))
            .map(|(row, _)| row)
            .collect()
    };
    let (mut missed, mut unmoved, mut spread) = (0.0, 0.0, 0.0);
    for fold in 0..FOLDS {
        let next = (fold + 1) % FOLDS;
        let (test, valid) = (rows_of(&|at| at == fold), rows_of(&|at| at == next));
        let train = rows_of(&|at| at != fold && at != next);
        let part = |rows: &[usize]| (plain.select(Axis(0), rows), moved.select(Axis(0), rows));
        let (tested, wanted) = part(&test);
        let fitted = Fitted::on(&part(&train), &part(&valid));
        let fitted = match fitted {
            Ok(fitted) => fitted,
            Err(why) => return both(Measured::undefined(why)),
        };
        missed += squares(&(&wanted - &(&tested + &fitted.change(&tested))));
        unmoved += squares(&(&wanted - &tested));
        spread += squares(&(&wanted - &fitted.moved_mean));
    }
    let length = squares(moved);
    if spread <= 1e-12 * length || spread <= 0.0 {
        return both(Measured::undefined(
            "all transposed windows have the same embedding",
        ));
    }
    Explained {
        with_map: Measured::value(1.0 - missed / spread),
        without_map: Measured::value(1.0 - unmoved / spread),
    }
}

fn squares(rows: &Array2<f64>) -> f64 {
    rows.iter().map(|value| value * value).sum()
}

/// Mean over the rows, [1, dim].
fn mean(rows: &Array2<f64>) -> Array2<f64> {
    let sum = rows.sum_axis(Axis(0)) / rows.nrows().max(1) as f64;
    sum.insert_axis(Axis(0))
}

/// Plain embeddings and their transpositions.
pub(super) type Pairs = (Array2<f64>, Array2<f64>);

/// A ridge regression of the change, in its dual form.
pub(super) struct Fitted {
    /// Of the plain embeddings that it was fitted on, [1, dim].
    mean: Array2<f64>,
    /// Those less their mean, [train, dim].
    centred: Array2<f64>,
    /// `(K + strength)^-1` times the changes less their mean, [train, dim].
    weights: Array2<f64>,
    /// Mean change, [1, dim].
    mean_change: Array2<f64>,
    /// Mean of the transposed embeddings, [1, dim].
    moved_mean: Array2<f64>,
}

impl Fitted {
    /// Of the strengths the one that says most of `valid`.
    pub(super) fn on((plain, moved): &Pairs, (valid, valid_moved): &Pairs) -> Result<Self, String> {
        let plain_mean = mean(plain);
        let centred = plain - &plain_mean;
        let change = moved - plain;
        let mean_change = mean(&change);
        let change = change - &mean_change;
        let kernel = centred.dot(&centred.t());
        let length = kernel.diag().sum() / kernel.nrows().max(1) as f64;
        let mut best: Option<(f64, Self)> = None;
        for strength in STRENGTHS {
            let mut penalised = kernel.clone();
            // Where all windows are equal there is nothing to scale by.
            let penalty = (strength * length).max(1e-12);
            penalised.diag_mut().mapv_inplace(|value| value + penalty);
            let weights = penalised
                .solvec_into(change.clone())
                .map_err(|error| format!("no map could be fitted ({error}); try another layer"))?;
            let fitted = Self {
                mean: plain_mean.clone(),
                centred: centred.clone(),
                weights,
                mean_change: mean_change.clone(),
                moved_mean: mean(moved),
            };
            let missed = squares(&(valid_moved - &(valid + &fitted.change(valid))));
            if missed.is_finite() && best.as_ref().is_none_or(|(least, _)| missed < *least) {
                best = Some((missed, fitted));
            }
        }
        let best = best.map(|(_, fitted)| fitted);
        best.ok_or_else(|| "no map could be fitted; try another layer".to_owned())
    }

    /// What is added to embeddings, [rows, dim].
    pub(super) fn change(&self, rows: &Array2<f64>) -> Array2<f64> {
        let kernel = (rows - &self.mean).dot(&self.centred.t());
        kernel.dot(&self.weights) + &self.mean_change
    }
}
