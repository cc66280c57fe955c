use linfa_linalg::cholesky::SolveCInplace;
use ndarray::{Array1, Array2, Axis};

/// Least squares with an L2 penalty, solved in closed form (Hoerl and Kennard 1970).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ridge {
    /// [dim, outputs].
    weights: Array2<f64>,
    bias: Array1<f64>,
}

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

impl Ridge {
    /// `strength` is the penalty per row, on the weights alone.
    pub(super) fn fit(normal: &Normal, strength: f64) -> Result<Self, String> {
        let mut gram = normal.gram.clone();
        gram.diag_mut()
            .mapv_inplace(|v| v + strength * normal.count);
        let weights = gram
            .solvec_into(normal.moment.clone())
            .map_err(|error| error.to_string())?;
        if !weights.iter().all(|v| v.is_finite()) {
            return Err("its weights are not finite".into());
        }
        Ok(Self {
            weights,
            bias: normal.bias.clone(),
        })
    }

    /// [rows, dim] -> [rows, outputs].
    pub(super) fn scores(&self, rows: &Array2<f64>) -> Array2<f64> {
        rows.dot(&self.weights) + &self.bias
    }
}
