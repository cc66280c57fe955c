//! Losses of supervised heads: cross-entropy for one label a track, binary cross-entropy for several, mean squared
//! error for numbers.

use burn::tensor::{Tensor, TensorData, backend::Backend};

use mynascope_encoder::numbers;

/// What a head should say, one row a window.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Supervision {
    /// The right class of each row.
    OneOf(Vec<usize>),
    /// 1 for every class that a row belongs to, [rows][classes].
    AnyOf(Vec<Vec<f32>>),
    /// Numbers, [rows][numbers].
    Values(Vec<Vec<f32>>),
}

impl Supervision {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        match self {
            Self::OneOf(rows) => rows.len(),
            Self::AnyOf(rows) | Self::Values(rows) => rows.len(),
        }
    }

    /// The rows of some tracks.
    pub fn of(&self, tracks: &[usize]) -> Self {
        fn pick<T: Clone>(rows: &[T], tracks: &[usize]) -> Vec<T> {
            tracks
                .iter()
                .filter_map(|&track| rows.get(track).cloned())
                .collect()
        }
        match self {
            Self::OneOf(rows) => Self::OneOf(pick(rows, tracks)),
            Self::AnyOf(rows) => Self::AnyOf(pick(rows, tracks)),
            Self::Values(rows) => Self::Values(pick(rows, tracks)),
        }
    }
}

/// What a batch gave.
pub(crate) struct Supervised<B: Backend> {
    pub loss: f64,
    /// Gradient of the head's outputs, [rows, outputs].
    pub gradient: Tensor<B, 2>,
    /// Share of rows (one label) or of decisions (several) that were right; none for numbers.
    pub accuracy: Option<f64>,
}

/// Judges the outputs of a head, [rows, outputs]. The loss is a mean over rows and, but for one label, outputs.
pub(crate) fn supervised<B: Backend>(
    outputs: Tensor<B, 2>,
    right: &Supervision,
) -> Result<Supervised<B>, String> {
    let device = outputs.device();
    let [rows, width] = outputs.dims();
    if rows != right.rows() || rows == 0 || width == 0 {
        return Err("labels and outputs of the head don't fit".into());
    }
    let said: Vec<f64> = numbers(outputs)?.into_iter().map(f64::from).collect();
    let said = said.chunks_exact(width);
    let mut gradient: Vec<f32> = Vec::with_capacity(rows * width);
    let (mut loss, mut hits) = (0.0, 0.0);
    let per_row = 1.0 / rows as f64;
    let per_number = per_row / width as f64;
    match right {
        Supervision::OneOf(classes) => {
            for (row, &class) in said.zip(classes) {
                let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = row.iter().map(|value| (value - most).exp()).sum();
                let own = row.get(class).copied().unwrap_or(f64::NAN);
                loss += (most + sum.ln() - own) * per_row;
                // An equal score of another class is no hit.
                let alone = row.iter().filter(|&&value| value >= own).count() == 1;
                hits += f64::from(alone) * per_row;
                for (place, value) in row.iter().enumerate() {
                    let share = (value - most).exp() / sum;
                    gradient.push(((share - f64::from(place == class)) * per_row) as f32);
                }
            }
        }
        Supervision::AnyOf(labels) => {
            for (row, labels) in said.zip(labels) {
                for (value, &label) in row.iter().zip(labels) {
                    let label = f64::from(label);
                    // log(1 + exp(x)) - x y, without overflow.
                    loss += (value.max(0.0) - value * label + (-value.abs()).exp().ln_1p())
                        * per_number;
                    hits += f64::from((*value > 0.0) == (label > 0.5)) * per_number;
                    let share = 1.0 / (1.0 + (-value).exp());
                    gradient.push(((share - label) * per_number) as f32);
                }
            }
        }
        Supervision::Values(values) => {
            for (row, values) in said.zip(values) {
                for (value, &wanted) in row.iter().zip(values) {
                    let error = value - f64::from(wanted);
                    loss += error * error * per_number;
                    gradient.push((2.0 * error * per_number) as f32);
                }
            }
        }
    }
    Ok(Supervised {
        loss,
        gradient: Tensor::from_data(TensorData::new(gradient, [rows, width]), &device),
        accuracy: (!matches!(right, Supervision::Values(_))).then_some(hits),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn gradients_are_those_of_the_losses() {
        let outputs = testing::rows(3, 4, 1);
        let any = vec![vec![1., 0., 1., 0.], vec![0.; 4], vec![1.; 4]];
        let values = vec![vec![0.3, -2., 1., 0.], vec![0.; 4], vec![1.5; 4]];
        for right in [
            Supervision::OneOf(vec![2, 0, 3]),
            Supervision::AnyOf(any),
            Supervision::Values(values),
        ] {
            let loss = |rows: &[Vec<f64>]| match &right {
                Supervision::OneOf(classes) => {
                    let terms = rows.iter().zip(classes).map(|(row, &class)| {
                        row.iter().map(|v| v.exp()).sum::<f64>().ln() - row[class]
                    });
                    terms.sum::<f64>() / 3.0
                }
                Supervision::AnyOf(labels) => {
                    let terms = rows.iter().flatten().zip(labels.iter().flatten());
                    let terms = terms.map(|(v, &y)| {
                        let p = 1.0 / (1.0 + (-v).exp());
                        -f64::from(y) * p.ln() - (1.0 - f64::from(y)) * (1.0 - p).ln()
                    });
                    terms.sum::<f64>() / 12.0
                }
                Supervision::Values(values) => {
                    let terms = rows.iter().flatten().zip(values.iter().flatten());
                    terms.map(|(v, &y)| (v - f64::from(y)).powi(2)).sum::<f64>() / 12.0
                }
            };
            let found = supervised(testing::tensor(&outputs), &right).unwrap();
            testing::close(found.loss, loss(&outputs), 1.0, "loss");
            let gradient = found.gradient.into_data().into_vec::<f32>().unwrap();
            for (place, value) in gradient.into_iter().enumerate() {
                let moved = |to: f64| {
                    let mut rows = outputs.clone();
                    rows[place / 4][place % 4] = to;
                    loss(&rows)
                };
                let expected = testing::slope(moved, outputs[place / 4][place % 4]);
                testing::close(f64::from(value), expected, 1.0, "gradient");
            }
        }
    }
}
