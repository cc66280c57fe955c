//! Standardising columns, linear models, and k nearest neighbours.

use ndarray::{Array1, Array2, Axis};

use mynascope_base::jobs::Cancelled;

/// Mean and scale of each column, fitted on the training rows alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scaler {
    pub(super) mean: Array1<f64>,
    pub(super) scale: Array1<f64>,
}

impl Scaler {
    pub(super) fn fit(rows: &Array2<f64>) -> Self {
        let count = rows.nrows().max(1) as f64;
        let mean = rows.sum_axis(Axis(0)) / count;
        let centred = rows - &mean;
        let scale = (&centred * &centred).sum_axis(Axis(0)) / count;
        Self {
            mean,
            // A constant column says nothing; it is left at zero instead of being divided by zero.
            scale: scale.mapv(|v| if v > 1e-24 { v.sqrt() } else { 1.0 }),
        }
    }

    pub(super) fn apply(&self, rows: &Array2<f64>) -> Array2<f64> {
        (rows - &self.mean) / &self.scale
    }
}

/// A weighted sum of columns for each output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Affine {
    /// [dim, outputs].
    pub(super) weights: Array2<f64>,
    /// [outputs].
    pub(super) bias: Array1<f64>,
}

impl Affine {
    /// Standardised rows [rows, dim] -> [rows, outputs].
    pub(super) fn scores(&self, rows: &Array2<f64>) -> Array2<f64> {
        rows.dot(&self.weights) + &self.bias
    }
}

/// Why a head was not fitted.
pub(super) enum FitError {
    Cancelled(Cancelled),
    Failed(String),
}

/// Mean values of the `k` nearest training rows by cosine: [rows, outputs]; for classes the shares of the votes. All
/// rows are standardised.
pub(super) fn knn_scores(
    train: &Array2<f64>,
    values: &Array2<f64>,
    rows: &Array2<f64>,
    k: usize,
) -> Array2<f64> {
    let unit = |rows: &Array2<f64>| {
        let norms = rows
            .map_axis(Axis(1), |row| row.dot(&row).sqrt().max(1e-12))
            .insert_axis(Axis(1));
        rows / &norms
    };
    let near = unit(rows).dot(&unit(train).t());
    let mut scores = Array2::zeros((rows.nrows(), values.ncols()));
    let k = k.clamp(1, values.nrows().max(1));
    for (row, mut score) in near.rows().into_iter().zip(scores.rows_mut()) {
        let mut order: Vec<(f64, usize)> = row.iter().copied().zip(0..).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, neighbour) in order.into_iter().take(k) {
            score.scaled_add(1.0 / k as f64, &values.row(neighbour));
        }
    }
    scores
}
