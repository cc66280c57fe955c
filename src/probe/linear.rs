use linfa::{DatasetBase, traits::Fit};
use linfa_logistic::MultiLogisticRegression;
use ndarray::{Array1, Array2, Axis, concatenate};

use crate::jobs::{Cancelled, Watch};

/// Mean and scale of each column, fitted on the training rows alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scaler {
    mean: Array1<f64>,
    scale: Array1<f64>,
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

/// Multinomial logistic regression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Linear {
    weights: Array2<f64>,
    bias: Array1<f64>,
    classes: Vec<usize>,
}

pub(super) enum FitError {
    Cancelled(Cancelled),
    Failed(String),
}

/// L-BFGS steps between two looks at the watch, and how many such rounds at most.
const STEPS: u64 = 10;
const ROUNDS: usize = 20;

impl Linear {
    /// Fits on standardised rows by L-BFGS. `strength` is the L2 penalty per row, on the weights alone.
    pub(super) fn fit(
        rows: &DatasetBase<Array2<f64>, Array1<usize>>,
        strength: f64,
        watch: &Watch<'_>,
    ) -> Result<Self, FitError> {
        let count = rows.targets.len() as f64;
        let mut found: Option<Self> = None;
        for _ in 0..ROUNDS {
            watch.check().map_err(FitError::Cancelled)?;
            let mut model = MultiLogisticRegression::default()
                .alpha(strength * count)
                .max_iterations(STEPS)
                .gradient_tolerance(1e-5 * count);
            if let Some(known) = &found {
                let bias = known.bias.view().insert_axis(Axis(0));
                let start = concatenate(Axis(0), &[known.weights.view(), bias])
                    .map_err(|error| FitError::Failed(error.to_string()))?;
                model = model.initial_params(start);
            }
            match model.fit(rows) {
                Ok(fitted) => {
                    let next = Self {
                        weights: fitted.params().clone(),
                        bias: fitted.intercept().clone(),
                        classes: fitted.classes().to_vec(),
                    };
                    if !next.weights.iter().chain(&next.bias).all(|v| v.is_finite()) {
                        return Err(FitError::Failed("its weights grew without bound".into()));
                    }
                    let still = found.as_ref().is_some_and(|known| {
                        let moved = (&known.weights - &next.weights).mapv(f64::abs).sum();
                        moved <= 1e-6 * (1.0 + next.weights.mapv(f64::abs).sum())
                    });
                    found = Some(next);
                    if still {
                        break;
                    }
                }
                // At the optimum the line search finds no way down and says so as an error.
                Err(_) if found.is_some() => break,
                Err(error) => return Err(FitError::Failed(error.to_string())),
            }
        }
        found.ok_or_else(|| FitError::Failed("no step was taken".into()))
    }

    /// Scores (logits) of standardised rows: [rows, classes]; a class without training rows scores lowest.
    pub(super) fn scores(&self, rows: &Array2<f64>, classes: usize) -> Array2<f64> {
        let known = rows.dot(&self.weights) + &self.bias;
        let mut scores = Array2::from_elem((rows.nrows(), classes), -1e9);
        for (column, &class) in known.columns().into_iter().zip(&self.classes) {
            if class < classes {
                scores.column_mut(class).assign(&column);
            }
        }
        scores
    }
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

/// One logistic regression a tag.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Logistic(
    /// `None` for a tag that all training rows have, or none: it scores the same for every row.
    Vec<Option<Linear>>,
);

impl Logistic {
    /// Fits on standardised rows; `values` are 0 or 1, [rows, tags]. `strength` is the L2 penalty per row, on the
    /// weights alone.
    pub(super) fn fit(
        rows: &Array2<f64>,
        values: &Array2<f64>,
        strength: f64,
        watch: &Watch<'_>,
    ) -> Result<Self, FitError> {
        let tags = values.columns().into_iter().map(|truth| {
            let truth = truth.mapv(|value| usize::from(value > 0.5));
            let yes = truth.sum();
            if yes == 0 || yes == truth.len() {
                return Ok(None);
            }
            let data = DatasetBase::new(rows.clone(), truth);
            Linear::fit(&data, strength, watch).map(Some)
        });
        tags.collect::<Result<_, _>>().map(Self)
    }

    /// Logits of standardised rows: [rows, tags].
    pub(super) fn scores(&self, rows: &Array2<f64>) -> Array2<f64> {
        let mut scores = Array2::zeros((rows.nrows(), self.0.len()));
        for (mut column, tag) in scores.columns_mut().into_iter().zip(&self.0) {
            if let Some(tag) = tag {
                let both = tag.scores(rows, 2);
                column.assign(&(&both.column(1) - &both.column(0)));
            }
        }
        scores
    }
}
