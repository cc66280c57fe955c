//! Several settings of one head, trained side by side by Adam as one stacked tensor.
//!
//! Every weight has the setting as its first axis: one batch of rows, [1, batch, dim], goes through all settings by one
//! batched product, [settings, batch, hidden], and so does the way back. Settings share the order of the batches; first
//! weights and dropout are functions of each setting's own seed, so a setting learns the same in any stack and alone.

use super::products::Matrices;
use mynascope_spectrum::tokens::{Purpose, Stream, stream};

/// Width of the hidden layer of the published probes.
pub(super) const HIDDEN: usize = 512;
const BETAS: [f32; 2] = [0.9, 0.999];
const EPSILON: f32 = 1e-8;

/// What the rows should give, and with it the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// Softmax and cross-entropy.
    Classes,
    /// Logistic and cross-entropy, the mean over the outputs.
    Tags,
    /// Squared error, the mean over the outputs.
    Numbers,
}

/// What differs between the settings of a stack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Setting {
    pub rate: f64,
    /// Share of hidden values that are left out while training.
    pub dropout: f64,
    /// L2 penalty on all weights, within the gradient as `torch.optim.Adam` does.
    pub decay: f64,
    /// Of first weights and dropout.
    pub seed: u64,
}

/// Rows and what they should give.
pub(super) struct StackData<'a> {
    /// [rows, dim].
    pub rows: &'a [f32],
    /// [rows, outputs].
    pub values: &'a [f32],
    pub dim: usize,
    pub outputs: usize,
    pub loss: Loss,
}

/// A linear layer of every setting: [settings, from, to] and [settings, to].
struct Layers {
    weights: Learned,
    bias: Vec<f32>,
    bias_moments: [Vec<f32>; 2],
    shape: [usize; 2],
}

struct Learned {
    values: Matrices,
    moments: [Vec<f32>; 2],
}

/// Settings that learn together.
pub(super) struct Stack {
    settings: Vec<Setting>,
    /// Before the last layer, with a ReLU and dropout behind it; `None` for linear heads.
    hidden: Option<Layers>,
    last: Layers,
    steps: i32,
}

/// What one setting has learned, to be kept: weights [from, to] and biases [to] of each layer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub layers: Vec<(Vec<f32>, Vec<f32>)>,
}

impl Layers {
    /// Uniform within 1 / sqrt(from), as PyTorch's linear layers begin.
    fn new(from: usize, to: usize, random: &mut [Stream]) -> Self {
        let limit = 1.0 / (from.max(1) as f64).sqrt();
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for random in random.iter_mut() {
            let mut draw = || (limit * (2.0 * random.uniform() - 1.0)) as f32;
            weights.extend((0..from * to).map(|_| draw()));
            bias.extend((0..to).map(|_| draw()));
        }
        let zeros = |like: &[f32]| [vec![0.0; like.len()], vec![0.0; like.len()]];
        Self {
            bias_moments: zeros(&bias),
            weights: Learned {
                moments: zeros(&weights),
                values: Matrices::new(weights, [from, to]),
            },
            bias,
            shape: [from, to],
        }
    }

    /// [1 or settings, rows, from] -> [settings, rows, to], biases not yet added.
    fn forward(&self, rows: &Matrices) -> Matrices {
        rows.times(&self.weights.values)
    }

    fn adam(&mut self, weights: &Matrices, bias: &[f32], settings: &[Setting], steps: i32) {
        let [from, to] = self.shape;
        let size = from * to;
        let [first, second] = &mut self.weights.moments;
        let values = self.weights.values.values_mut();
        let [bias_first, bias_second] = &mut self.bias_moments;
        let parts = settings
            .iter()
            .zip(values.chunks_exact_mut(size))
            .zip(weights.values().chunks_exact(size))
            .zip(first.chunks_exact_mut(size))
            .zip(second.chunks_exact_mut(size));
        for ((((setting, values), slope), first), second) in parts {
            adam(values, slope, first, second, setting, steps);
        }
        let parts = settings
            .iter()
            .zip(self.bias.chunks_exact_mut(to))
            .zip(bias.chunks_exact(to))
            .zip(bias_first.chunks_exact_mut(to))
            .zip(bias_second.chunks_exact_mut(to));
        for ((((setting, values), slope), first), second) in parts {
            adam(values, slope, first, second, setting, steps);
        }
    }

    fn kept(&self, place: usize) -> (Vec<f32>, Vec<f32>) {
        let [from, to] = self.shape;
        let part = |values: &[f32], size: usize| -> Vec<f32> {
            let part = values.get(place * size..(place + 1) * size);
            part.unwrap_or_default().to_vec()
        };
        (
            part(self.weights.values.values(), from * to),
            part(&self.bias, to),
        )
    }
}

impl Stack {
    /// `hidden` values between, or none for linear heads.
    pub(super) fn new(settings: Vec<Setting>, hidden: Option<usize>, data: &StackData<'_>) -> Self {
        let mut random: Vec<Stream> = settings
            .iter()
            .map(|setting| stream(setting.seed, 0, 0, Purpose::Weights))
            .collect();
        let first = hidden.map(|width| Layers::new(data.dim, width, &mut random));
        let last = Layers::new(hidden.unwrap_or(data.dim), data.outputs, &mut random);
        Self {
            settings,
            hidden: first,
            last,
            steps: 0,
        }
    }

    /// One step on some rows of the data.
    pub(super) fn step(&mut self, data: &StackData<'_>, batch: &[usize]) {
        self.steps += 1;
        let gather = |from: &[f32], width: usize| -> Vec<f32> {
            let row = |&row: &usize| from.get(row * width..(row + 1) * width).unwrap_or_default();
            batch.iter().flat_map(row).copied().collect()
        };
        let count = batch.len();
        let values = gather(data.values, data.outputs);
        let rows = Matrices::new(gather(data.rows, data.dim), [count, data.dim]);
        let Some(layer) = &self.hidden else {
            let mut slope = self.last.forward(&rows);
            self.slope(&mut slope, &values, data.loss);
            let by_bias = sums(&slope, count, data.outputs);
            let by_weight = rows.transposed_times(&slope);
            self.last
                .adam(&by_weight, &by_bias, &self.settings, self.steps);
            return;
        };
        let width = layer.shape[1];
        let mut hidden = layer.forward(&rows);
        let parts = hidden
            .values_mut()
            .chunks_exact_mut(count * width)
            .zip(layer.bias.chunks_exact(width))
            .zip(&self.settings);
        for ((hidden, bias), setting) in parts {
            let key = mix(setting.seed as u32 ^ mix(self.steps as u32));
            wide(|| rectify(hidden, bias, Some((setting.dropout, key))));
        }
        let mut slope = self.last.forward(&hidden);
        self.slope(&mut slope, &values, data.loss);
        let by_last_bias = sums(&slope, count, data.outputs);
        let by_last = hidden.transposed_times(&slope);
        let mut back = slope.times_transposed(&self.last.weights.values);
        let parts = back
            .values_mut()
            .chunks_exact_mut(count * width)
            .zip(hidden.values().chunks_exact(count * width))
            .zip(&self.settings);
        for ((back, hidden), setting) in parts {
            let keep = 1.0 / (1.0 - setting.dropout) as f32;
            // What ReLU or dropout set to zero passes nothing back; the rest was made larger by dropout.
            wide(|| {
                for (back, hidden) in back.iter_mut().zip(hidden) {
                    *back = if *hidden > 0.0 { *back * keep } else { 0.0 };
                }
            });
        }
        let by_hidden_bias = sums(&back, count, width);
        let by_hidden = rows.transposed_times(&back);
        self.last
            .adam(&by_last, &by_last_bias, &self.settings, self.steps);
        if let Some(layer) = &mut self.hidden {
            layer.adam(&by_hidden, &by_hidden_bias, &self.settings, self.steps);
        }
    }

    /// Scores without biases [settings, rows, outputs] -> the slope of each setting's mean loss by them.
    fn slope(&self, scores: &mut Matrices, values: &[f32], loss: Loss) {
        let outputs = self.last.shape[1];
        let count = values.len() / outputs.max(1);
        // PyTorch's cross-entropy is the mean over rows; its other two losses are also the mean over outputs.
        let share = match loss {
            Loss::Classes => 1.0 / count as f32,
            Loss::Tags => 1.0 / values.len() as f32,
            Loss::Numbers => 2.0 / values.len() as f32,
        };
        let parts = scores
            .values_mut()
            .chunks_exact_mut(values.len().max(1))
            .zip(self.last.bias.chunks_exact(outputs));
        for (scores, bias) in parts {
            let rows = scores.chunks_exact_mut(outputs);
            for (scores, values) in rows.zip(values.chunks_exact(outputs)) {
                for (score, bias) in scores.iter_mut().zip(bias) {
                    *score += bias;
                }
                claim(scores, loss);
                for (score, value) in scores.iter_mut().zip(values) {
                    *score = (*score - value) * share;
                }
            }
        }
    }

    /// What every setting says of rows [1, rows, dim]: scores [settings, rows, outputs], without dropout.
    pub(super) fn scores(&self, rows: &Matrices) -> Vec<f32> {
        let mut scores = match &self.hidden {
            None => self.last.forward(rows),
            Some(layer) => {
                let mut hidden = layer.forward(rows);
                let size = hidden.values().len() / self.settings.len().max(1);
                let parts = hidden
                    .values_mut()
                    .chunks_exact_mut(size.max(1))
                    .zip(layer.bias.chunks_exact(layer.shape[1]));
                for (hidden, bias) in parts {
                    wide(|| rectify(hidden, bias, None));
                }
                self.last.forward(&hidden)
            }
        };
        let outputs = self.last.shape[1];
        let all = scores.values_mut();
        let size = all.len() / self.settings.len().max(1);
        let parts = all.chunks_exact_mut(size.max(1));
        for (scores, bias) in parts.zip(self.last.bias.chunks_exact(outputs)) {
            for scores in scores.chunks_exact_mut(outputs) {
                for (score, bias) in scores.iter_mut().zip(bias) {
                    *score += bias;
                }
            }
        }
        all.to_vec()
    }

    /// What the setting at a place has learned so far.
    pub(super) fn kept(&self, place: usize) -> Kept {
        let layers = self.hidden.iter().chain([&self.last]);
        Kept {
            layers: layers.map(|layer| layer.kept(place)).collect(),
        }
    }
}

impl Kept {
    /// Scores [rows, outputs] of rows [1, rows, dim].
    pub(super) fn scores(&self, rows: &Matrices) -> Vec<f32> {
        let mut rows = rows.clone();
        for (place, (weights, bias)) in self.layers.iter().enumerate() {
            let shape = [rows.columns(), bias.len()];
            let mut next = rows.times(&Matrices::new(weights.clone(), shape));
            let values = next.values_mut();
            if place + 1 < self.layers.len() {
                rectify(values, bias, None);
            } else {
                for row in values.chunks_exact_mut(bias.len().max(1)) {
                    for (value, bias) in row.iter_mut().zip(bias) {
                        *value += bias;
                    }
                }
            }
            rows = next;
        }
        rows.values().to_vec()
    }
}

/// Runs a loop with the widest vectors that the processor has.
fn wide<T>(work: impl FnOnce() -> T) -> T {
    pulp::Arch::new().dispatch(work)
}

/// Adds biases, sets what is negative to zero, and with a share and a key leaves values out and makes up for it.
#[inline(always)]
fn rectify(hidden: &mut [f32], bias: &[f32], dropout: Option<(f64, u32)>) {
    let width = bias.len().max(1);
    let (share, key) = dropout.unwrap_or((0.0, 0));
    let keep = 1.0 / (1.0 - share) as f32;
    let limit = (share * f64::from(u32::MAX)) as u32;
    for (row, hidden) in hidden.chunks_exact_mut(width).enumerate() {
        let first = key.wrapping_add((row * width) as u32);
        for ((place, value), bias) in (0_u32..).zip(hidden).zip(bias) {
            let passes = limit == 0 || mix(first.wrapping_add(place)) >= limit;
            let sum = *value + bias;
            *value = if sum > 0.0 && passes { sum * keep } else { 0.0 };
        }
    }
}

/// The last mixing of MurmurHash3 (Appleby): near numbers become far ones.
#[inline(always)]
fn mix(number: u32) -> u32 {
    let mut h = number.wrapping_mul(0x9e37_79b9);
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

/// Scores as what they claim: shares of classes, probabilities of tags, numbers.
fn claim(scores: &mut [f32], loss: Loss) {
    match loss {
        Loss::Numbers => {}
        Loss::Tags => scores
            .iter_mut()
            .for_each(|score| *score = 1.0 / (1.0 + (-*score).exp())),
        Loss::Classes => {
            let most = scores
                .iter()
                .fold(f32::NEG_INFINITY, |most, &v| most.max(v));
            let mut sum = 0.0;
            for score in scores.iter_mut() {
                *score = (*score - most).exp();
                sum += *score;
            }
            scores.iter_mut().for_each(|score| *score /= sum);
        }
    }
}

/// The sum over rows of each setting: [settings, rows, width] -> [settings, width].
fn sums(values: &Matrices, rows: usize, width: usize) -> Vec<f32> {
    let mut all = Vec::new();
    for setting in values.values().chunks_exact((rows * width).max(1)) {
        let mut sum = vec![0.0; width];
        wide(|| {
            for row in setting.chunks_exact(width) {
                for (sum, value) in sum.iter_mut().zip(row) {
                    *sum += value;
                }
            }
        });
        all.extend(sum);
    }
    all
}

/// A step of Adam (Kingma and Ba 2015) as PyTorch takes it.
fn adam(
    values: &mut [f32],
    slope: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    setting: &Setting,
    steps: i32,
) {
    let [b1, b2] = BETAS;
    let rate = (setting.rate / (1.0 - f64::from(b1).powi(steps))) as f32;
    let whole = (1.0 / (1.0 - f64::from(b2).powi(steps)).sqrt()) as f32;
    let decay = setting.decay as f32;
    wide(|| {
        let parts = values.iter_mut().zip(slope).zip(first).zip(second);
        for (((value, slope), first), second) in parts {
            let slope = slope + decay * *value;
            *first = b1 * *first + (1.0 - b1) * slope;
            *second = b2 * *second + (1.0 - b2) * slope * slope;
            *value -= rate * *first / (second.sqrt() * whole + EPSILON);
        }
    });
}
