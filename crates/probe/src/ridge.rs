//! Ridge regression in closed form, for many strengths at once.

use linfa_linalg::cholesky::SolveCInplace;
use ndarray::{Array1, Array2, Axis};

use super::linear::Affine;

/// What the strengths share: [dim, dim] and [dim, outputs].
pub(super) struct Normal {
    gram: Array2<f64>,
    moment: Array2<f64>,
    bias: Array1<f64>,
    count: f64,
}

impl Normal {
    /// Of standardised rows [rows, dim] and values [rows, outputs].
    pub(super) fn of(rows: &Array2<f64>, values: &Array2<f64>) -> Self {
        let count = rows.nrows().max(1) as f64;
        let bias = values.sum_axis(Axis(0)) / count;
        let centred = values - &bias;
        Self {
            gram: rows.t().dot(rows),
            moment: rows.t().dot(&centred),
            bias,
            count,
        }
    }
}

impl Normal {
    /// Least squares with an L2 penalty, solved in closed form (Hoerl and Kennard 1970). `strength` is the penalty per row, on the weights alone.
    pub(super) fn fit(&self, strength: f64) -> Result<Affine, String> {
        let mut gram = self.gram.clone();
        gram.diag_mut().mapv_inplace(|v| v + strength * self.count);
        let weights = gram
            .solvec_into(self.moment.clone())
            .map_err(|error| error.to_string())?;
        if !weights.iter().all(|v| v.is_finite()) {
            return Err("its weights are not finite".into());
        }
        Ok(Affine {
            weights,
            bias: self.bias.clone(),
        })
    }
}
