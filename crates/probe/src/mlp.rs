//! A multilayer perceptron with one hidden layer of 512, the head of the JukeMIR and MARBLE probes.

use ndarray::{Array1, Array2, ArrayView2, Axis, Zip};

use super::{
    heads::{Known, Parts},
    linear::FitError,
};
use mynascope_base::jobs::Watch;
use mynascope_spectrum::tokens::{Purpose, Stream, stream};

/// Learning rates of Adam that the validation part chooses from; the first is the default.
pub(super) const RATES: [f64; 3] = [1e-3, 3e-4, 1e-4];

const HIDDEN: usize = 512;
/// Share of hidden values that are left out while training.
const DROPOUT: f64 = 0.2;
const BATCH: usize = 64;
const EPOCHS: usize = 100;
/// Epochs without a better validation loss after which training ends.
const PATIENCE: usize = 20;
const BETAS: [f32; 2] = [0.9, 0.999];
const EPSILON: f32 = 1e-8;

/// What the rows should give, and with it the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// Softmax and cross-entropy.
    Classes,
    /// Logistic and cross-entropy, each output by itself.
    Tags,
    /// Squared error.
    Numbers,
}

/// Rows and values in single precision.
pub(super) struct MlpData {
    rows: Array2<f32>,
    values: Array2<f32>,
    valid_rows: Array2<f32>,
    valid_values: Array2<f32>,
    loss: Loss,
}

impl MlpData {
    pub(super) fn of(parts: &Parts<'_>) -> Self {
        let single = |values: &Array2<f64>| values.mapv(|value| value as f32);
        Self {
            rows: single(parts.rows),
            values: single(&parts.known.values(parts.outputs)),
            valid_rows: single(parts.valid_rows),
            valid_values: single(&parts.valid_known.values(parts.outputs)),
            loss: match parts.known {
                Known::Classes(_) => Loss::Classes,
                Known::Tags(_) => Loss::Tags,
                Known::Numbers(_) => Loss::Numbers,
            },
        }
    }
}

/// Linear, ReLU, linear.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mlp {
    /// [dim, 512].
    widen: Array2<f32>,
    widen_bias: Array1<f32>,
    /// [512, outputs].
    narrow: Array2<f32>,
    narrow_bias: Array1<f32>,
}

impl Mlp {
    /// Trains by Adam on standardised rows and keeps the epoch with the least validation loss (the last one where
    /// there is no validation part). The seed decides weights, order and dropout.
    pub(super) fn fit(
        data: &MlpData,
        rate: f64,
        seed: u64,
        watch: &Watch<'_>,
    ) -> Result<Self, FitError> {
        let mut random = stream(seed, 0, 0, Purpose::Order);
        let mut mlp = Self::random(data.rows.ncols(), data.values.ncols(), &mut random);
        let mut adam = Adam::new(&mlp, rate as f32);
        let mut best: Option<(f64, Self)> = None;
        let mut since = 0;
        for _ in 0..EPOCHS {
            watch.check().map_err(FitError::Cancelled)?;
            let order = random.permutation(data.rows.nrows());
            for batch in order.chunks(BATCH) {
                let rows = data.rows.select(Axis(0), batch);
                let values = data.values.select(Axis(0), batch);
                let gradient = mlp.gradient(rows.view(), &values, data.loss, &mut random);
                adam.step(&mut mlp, &gradient);
            }
            if data.valid_rows.nrows() == 0 {
                continue;
            }
            let found = mean_loss(
                &mlp.forward(data.valid_rows.view()),
                &data.valid_values,
                data.loss,
            );
            if !found.is_finite() {
                return Err(FitError::Failed("its loss is not finite".into()));
            }
            if best.as_ref().is_none_or(|(least, _)| found < *least) {
                best = Some((found, mlp.clone()));
                since = 0;
            } else {
                since += 1;
                if since >= PATIENCE {
                    break;
                }
            }
        }
        Ok(best.map_or(mlp, |(_, best)| best))
    }

    /// Uniform within 1 / sqrt(inputs), as PyTorch's linear layers begin.
    fn random(dim: usize, outputs: usize, random: &mut Stream) -> Self {
        let mut layer = |rows: usize, columns: usize| {
            let limit = 1.0 / (rows.max(1) as f64).sqrt();
            let mut draw = || (limit * (2.0 * random.uniform() - 1.0)) as f32;
            let weights = Array2::from_shape_simple_fn((rows, columns), &mut draw);
            (weights, Array1::from_shape_simple_fn(columns, &mut draw))
        };
        let (widen, widen_bias) = layer(dim, HIDDEN);
        let (narrow, narrow_bias) = layer(HIDDEN, outputs);
        Self {
            widen,
            widen_bias,
            narrow,
            narrow_bias,
        }
    }

    /// What [`Self::matrices`] and [`Self::biases`] gave.
    pub(super) fn of_parts(
        widen: &Array2<f64>,
        widen_bias: &Array1<f64>,
        narrow: &Array2<f64>,
        narrow_bias: &Array1<f64>,
    ) -> Self {
        Self {
            widen: widen.mapv(|v| v as f32),
            widen_bias: widen_bias.mapv(|v| v as f32),
            narrow: narrow.mapv(|v| v as f32),
            narrow_bias: narrow_bias.mapv(|v| v as f32),
        }
    }

    /// [dim, hidden] and [hidden, outputs].
    pub(super) fn matrices(&self) -> [Array2<f64>; 2] {
        [&self.widen, &self.narrow].map(|weights| weights.mapv(f64::from))
    }

    /// [hidden] and [outputs].
    pub(super) fn biases(&self) -> [Array1<f64>; 2] {
        [&self.widen_bias, &self.narrow_bias].map(|bias| bias.mapv(f64::from))
    }

    fn forward(&self, rows: ArrayView2<'_, f32>) -> Array2<f32> {
        let hidden = (rows.dot(&self.widen) + &self.widen_bias).mapv(|v| v.max(0.0));
        hidden.dot(&self.narrow) + &self.narrow_bias
    }

    /// Scores of standardised rows, [rows, outputs]: logits, or values for numbers.
    pub(super) fn scores(&self, rows: &Array2<f64>) -> Array2<f64> {
        let rows = rows.mapv(|value| value as f32);
        self.forward(rows.view()).mapv(f64::from)
    }

    /// The gradient of the mean loss of a batch, with dropout on the hidden layer.
    fn gradient(
        &self,
        rows: ArrayView2<'_, f32>,
        values: &Array2<f32>,
        loss: Loss,
        random: &mut Stream,
    ) -> Self {
        let mut hidden = rows.dot(&self.widen) + &self.widen_bias;
        let keep = 1.0 / (1.0 - DROPOUT) as f32;
        // One factor for ReLU and dropout: how a hidden value, and its gradient, passes on.
        let pass = hidden.mapv(|v| match v > 0.0 && random.uniform() >= DROPOUT {
            true => keep,
            false => 0.0,
        });
        hidden *= &pass;
        let scores = hidden.dot(&self.narrow) + &self.narrow_bias;
        let slope = slope(scores, values, loss);
        let back = slope.dot(&self.narrow.t()) * &pass;
        Self {
            widen: rows.t().dot(&back),
            widen_bias: back.sum_axis(Axis(0)),
            narrow: hidden.t().dot(&slope),
            narrow_bias: slope.sum_axis(Axis(0)),
        }
    }
}

/// Scores as what they claim: shares of classes, probabilities of tags, numbers.
fn claim(mut scores: Array2<f32>, loss: Loss) -> Array2<f32> {
    match loss {
        Loss::Numbers => {}
        Loss::Tags => scores.mapv_inplace(|v| 1.0 / (1.0 + (-v).exp())),
        Loss::Classes => {
            for mut row in scores.rows_mut() {
                let most = row.fold(f32::NEG_INFINITY, |most, &v| most.max(v));
                row.mapv_inplace(|v| (v - most).exp());
                let sum = row.sum();
                row /= sum;
            }
        }
    }
    scores
}

/// The derivative of the mean loss by the scores: claim minus truth for all three losses (half the squared error).
fn slope(scores: Array2<f32>, values: &Array2<f32>, loss: Loss) -> Array2<f32> {
    let rows = scores.nrows().max(1) as f32;
    (claim(scores, loss) - values) / rows
}

fn mean_loss(scores: &Array2<f32>, values: &Array2<f32>, loss: Loss) -> f64 {
    let claimed = claim(scores.clone(), loss);
    let mut sum = 0.0;
    Zip::from(&claimed).and(values).for_each(|&said, &truth| {
        let (said, truth) = (f64::from(said), f64::from(truth));
        let log = |share: f64| share.max(1e-12).ln();
        sum += match loss {
            Loss::Numbers => 0.5 * (said - truth).powi(2),
            Loss::Classes => -truth * log(said),
            Loss::Tags => -truth * log(said) - (1.0 - truth) * log(1.0 - said),
        };
    });
    sum / scores.nrows().max(1) as f64
}

/// Adam (Kingma and Ba 2015) without weight decay.
struct Adam {
    first: Mlp,
    second: Mlp,
    rate: f32,
    steps: i32,
}

impl Adam {
    fn new(mlp: &Mlp, rate: f32) -> Self {
        let zeros = Mlp {
            widen: Array2::zeros(mlp.widen.dim()),
            widen_bias: Array1::zeros(mlp.widen_bias.dim()),
            narrow: Array2::zeros(mlp.narrow.dim()),
            narrow_bias: Array1::zeros(mlp.narrow_bias.dim()),
        };
        Self {
            first: zeros.clone(),
            second: zeros,
            rate,
            steps: 0,
        }
    }

    fn step(&mut self, mlp: &mut Mlp, gradient: &Mlp) {
        self.steps += 1;
        let [b1, b2] = BETAS;
        let rate = self.rate * (1.0 - b2.powi(self.steps)).sqrt() / (1.0 - b1.powi(self.steps));
        let moved = move |p: &mut f32, &g: &f32, m: &mut f32, v: &mut f32| {
            *m = b1 * *m + (1.0 - b1) * g;
            *v = b2 * *v + (1.0 - b2) * g * g;
            *p -= rate * *m / (v.sqrt() + EPSILON);
        };
        let (first, second) = (&mut self.first, &mut self.second);
        Zip::from(&mut mlp.widen)
            .and(&gradient.widen)
            .and(&mut first.widen)
            .and(&mut second.widen)
            .for_each(moved);
        Zip::from(&mut mlp.widen_bias)
            .and(&gradient.widen_bias)
            .and(&mut first.widen_bias)
            .and(&mut second.widen_bias)
            .for_each(moved);
        Zip::from(&mut mlp.narrow)
            .and(&gradient.narrow)
            .and(&mut first.narrow)
            .and(&mut second.narrow)
            .for_each(moved);
        Zip::from(&mut mlp.narrow_bias)
            .and(&gradient.narrow_bias)
            .and(&mut first.narrow_bias)
            .and(&mut second.narrow_bias)
            .for_each(moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_agree_with_finite_differences() {
        let mut random = stream(1, 0, 0, Purpose::Demo);
        let mut draw = |rows, columns| {
            Array2::from_shape_simple_fn((rows, columns), || random.normal() as f32)
        };
        let rows = draw(6, 4);
        for loss in [Loss::Classes, Loss::Tags, Loss::Numbers] {
            let mut values = Array2::<f32>::zeros((6, 3));
            for (row, mut value) in values.rows_mut().into_iter().enumerate() {
                value[row % 3] = 1.0;
            }
            let scores = draw(6, 3);
            let found = slope(scores.clone(), &values, loss);
            for at in [(0, 0), (2, 1), (5, 2)] {
                let moved = |by: f32| {
                    let mut scores = scores.clone();
                    scores[at] += by;
                    mean_loss(&scores, &values, loss)
                };
                let wanted = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                assert!((f64::from(found[at]) - wanted).abs() < 1e-4, "{loss:?}");
            }
        }
        // Through the hidden layer: what dropout left out has no part, so the same draw is compared.
        let mut random = stream(2, 0, 0, Purpose::Demo);
        let mlp = Mlp::random(4, 3, &mut random);
        let values = Array2::<f32>::zeros((6, 3));
        let mut draws = stream(3, 0, 0, Purpose::Demo);
        let gradient = mlp.gradient(rows.view(), &values, Loss::Numbers, &mut draws);
        let with = |by: f32| {
            let mut moved = mlp.clone();
            moved.widen[(1, 7)] += by;
            let mut draws = stream(3, 0, 0, Purpose::Demo);
            let mut hidden = rows.dot(&moved.widen) + &moved.widen_bias;
            hidden.mapv_inplace(|v| match v > 0.0 && draws.uniform() >= DROPOUT {
                true => v / (1.0 - DROPOUT) as f32,
                false => 0.0,
            });
            let scores = hidden.dot(&moved.narrow) + &moved.narrow_bias;
            mean_loss(&scores, &values, Loss::Numbers)
        };
        let wanted = (with(2e-3) - with(-2e-3)) / 4e-3;
        assert!((f64::from(gradient.widen[(1, 7)]) - wanted).abs() < 1e-4);
    }
}
