//! The heads: fitted on rows, they give scores for rows.

use ndarray::{Array2, Axis};

use super::{
    Head, ProbeError,
    linear::{Affine, FitError, Scaler, knn_scores},
    logistic::LogisticData,
    mlp::{Mlp, MlpData, RATES},
    ridge::Normal,
};
use mynascope_base::{counted, jobs::Watch};

/// L2 strengths (per row) that the validation part chooses from, strongest first: of equals the strongest wins.
const STRENGTHS: [f64; 5] = [1.0, 0.1, 0.01, 1e-3, 1e-4];
/// Numbers of neighbours that the validation part chooses from.
const NEIGHBOURS: [usize; 5] = [5, 1, 3, 9, 15];

/// What is known about rows: the class of each, or values for each output.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Known {
    Classes(Vec<usize>),
    /// Yes (1) or no (0), [rows, outputs].
    Tags(Array2<f64>),
    /// [rows, outputs].
    Numbers(Array2<f64>),
}

impl Known {
    /// Values of each output: classes become one column each, 1 where they are. [rows, outputs]
    pub(super) fn values(&self, outputs: usize) -> Array2<f64> {
        match self {
            Self::Tags(values) | Self::Numbers(values) => values.clone(),
            Self::Classes(classes) => {
                let mut values = Array2::zeros((classes.len(), outputs));
                for (mut row, &class) in values.rows_mut().into_iter().zip(classes) {
                    if let Some(value) = row.get_mut(class) {
                        *value = 1.0;
                    }
                }
                values
            }
        }
    }
}

/// A fitted head.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Model {
    /// Logits of a logistic regression.
    Logistic(Affine),
    /// Values of a least-squares fit.
    Ridge(Affine),
    Knn {
        train: Array2<f64>,
        /// [rows, outputs].
        values: Array2<f64>,
        k: usize,
    },
    Mlp(Mlp),
}

impl Model {
    /// Scores of standardised rows, [rows, outputs].
    pub(super) fn scores(&self, rows: &Array2<f64>) -> Array2<f64> {
        match self {
            Self::Logistic(affine) | Self::Ridge(affine) => affine.scores(rows),
            Self::Knn { train, values, k } => knn_scores(train, values, rows, *k),
            Self::Mlp(mlp) => mlp.scores(rows),
        }
    }

    /// Whether scores are logits, which a softmax turns into shares.
    pub(super) fn has_logits(&self) -> bool {
        matches!(self, Self::Logistic(_) | Self::Mlp(_))
    }
}

/// Rows to fit on, and those that choose.
pub(super) struct Parts<'a> {
    /// Standardised, [rows, dim].
    pub rows: &'a Array2<f64>,
    pub known: &'a Known,
    /// Standardised rows of the validation part; may be none.
    pub valid_rows: &'a Array2<f64>,
    pub valid_known: &'a Known,
    pub outputs: usize,
    pub seed: u64,
}

/// Fits a head with each of its settings and hands every model with its setting, in words, to `try_it`. Without a
/// validation part there is nothing to choose by: only the middle setting is fitted.
pub(super) fn fit_each(
    head: Head,
    parts: &Parts<'_>,
    watch: &Watch<'_>,
    try_it: &mut dyn FnMut(Model, String),
) -> Result<(), ProbeError> {
    let choose = parts.valid_rows.nrows() > 0;
    let strengths = |middle: usize| -> Vec<f64> {
        let all = STRENGTHS.iter().copied();
        if choose {
            all.collect()
        } else {
            all.skip(middle).take(1).collect()
        }
    };
    let mut failed = None;
    let mut fitted = 0;
    let mut keep = |result: Result<Model, FitError>, setting: String| match result {
        Ok(model) => {
            fitted += 1;
            try_it(model, setting);
            Ok(())
        }
        Err(FitError::Cancelled(cancelled)) => Err(ProbeError::from(cancelled)),
        Err(FitError::Failed(why)) => {
            failed = Some(why);
            Ok(())
        }
    };
    match (head, parts.known) {
        (Head::Linear, Known::Classes(_) | Known::Tags(_)) => {
            let data = LogisticData::of(parts.rows, parts.known, parts.outputs);
            let mut weights = data.start();
            for strength in strengths(2) {
                let model = data.fit(strength, &mut weights, watch).map(Model::Logistic);
                keep(model, format!("L2 strength {strength}"))?;
            }
        }
        (Head::Ridge, _) | (Head::Linear, Known::Numbers(_)) => {
            let normal = Normal::of(parts.rows, &parts.known.values(parts.outputs));
            for strength in strengths(1) {
                watch.check()?;
                let model = normal.fit(strength);
                let model = model.map(Model::Ridge).map_err(FitError::Failed);
                keep(model, format!("L2 strength {strength}"))?;
            }
        }
        (Head::Knn, _) => {
            let tried = if choose { NEIGHBOURS.len() } else { 1 };
            for k in NEIGHBOURS.into_iter().take(tried) {
                watch.check()?;
                let model = Model::Knn {
                    train: parts.rows.clone(),
                    values: parts.known.values(parts.outputs),
                    k,
                };
                keep(Ok(model), counted(k, "neighbour"))?;
            }
        }
        (Head::Mlp, _) => {
            let data = MlpData::of(parts);
            let tried = if choose { RATES.len() } else { 1 };
            for rate in RATES.into_iter().take(tried) {
                let model = Mlp::fit(&data, rate, parts.seed, watch).map(Model::Mlp);
                keep(model, format!("learning rate {rate}"))?;
            }
        }
    }
    match failed {
        Some(why) if fitted == 0 => Err(ProbeError::Fit { head, why }),
        _ => Ok(()),
    }
}

/// Standardises rows by what was fitted on the training part.
pub(super) fn standardise(scaler: &Scaler, rows: &Array2<f64>) -> Array2<f64> {
    if rows.nrows() == 0 {
        return Array2::zeros((0, rows.len_of(Axis(1))));
    }
    scaler.apply(rows)
}
