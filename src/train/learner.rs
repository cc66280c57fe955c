//! One training step: stacked views and patch shapes through the encoder and its tail, the objective, gradients, the
//! optimiser.
//!
//! The objective sees outputs only and answers with their gradient. So a batch may be embedded in chunks: first all
//! chunks without gradients, then, once the objective has spoken, chunk by chunk with them (the gradient cache of Gao et
//! al. 2021, and FastCLIP's gradient reduction on one machine). The sum over chunks is the gradient of the whole batch.

use burn::{
    backend::Autodiff,
    tensor::{Tensor, TensorData, backend::Backend},
};

use super::{
    Optimiser,
    optimiser::{Moments, Update},
};
use crate::{
    encoder::{
        Arithmetic, Encoder, EncoderConfig, HostTokens, Kernels, Parameter, Tail, WeightTensor,
        Weights, numbers, whole_layout,
    },
    objective::{
        ContrastStatistics, Contrastive, Memory, Moment, PatchTargets, Rows, Supervision, Views,
        reconstruction, supervised,
    },
};

/// Everything that training changes, on a device.
pub(super) struct Learner<B: Backend> {
    config: EncoderConfig,
    tail: Tail,
    device: B::Device,
    parameters: Vec<Parameter<B>>,
    /// Which of them change.
    trained: Vec<bool>,
    optimiser: Optimiser,
    moments: Vec<Moments<B>>,
    /// Running averages of the weights, where they are kept.
    averages: Option<Vec<Parameter<B>>>,
    updates: u64,
    objective: Option<Contrastive>,
    memory: Memory,
    arithmetic: Arithmetic,
    /// By how much gradients are enlarged while they go back, so that small ones are not lost in 16 bits.
    enlarged: f64,
    /// Updates since it was changed.
    calm: u32,
}

/// Enlargement of gradients at first, for numbers of a small range (dynamic loss scaling, Micikevicius et al. 2018).
const FIRST_ENLARGED: f64 = 1024.0;
/// It never grows beyond, ...
const MOST_ENLARGED: f64 = 65536.0;
/// ... and doubles after so many updates without an overflow.
const CALM_UPDATES: u32 = 200;

/// The state of the optimiser as plain numbers, in the order of the weights.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct OptimiserState {
    pub first: Vec<Vec<f32>>,
    /// Empty where the optimiser has no second moment.
    pub second: Vec<Vec<f32>>,
    /// Averaged weights; empty where there are none.
    pub averages: Vec<Vec<f32>>,
    pub updates: u64,
}

/// How a learner is set up.
pub(super) struct LearnerSetup<'a> {
    pub weights: &'a Weights,
    /// Which weights change, one a tensor.
    pub trained: Vec<bool>,
    pub optimiser: Optimiser,
    /// Continues an optimiser.
    pub state: Option<&'a OptimiserState>,
    /// Whether running averages of the weights are kept.
    pub averages: bool,
    /// `None` for reconstruction and labels.
    pub objective: Option<Contrastive>,
    pub memory: Memory,
    /// In which the layers multiply while it learns; embedding is done in 32 bits.
    pub arithmetic: Arithmetic,
}

/// What one step trains on.
pub(super) struct StepInput {
    /// One for each patch shape: the windows of view A, then those of view B; one view for targets other than views.
    pub batches: Vec<HostTokens>,
    /// Numbers of the tracks, one a window of a view.
    pub tracks: Vec<usize>,
    pub moment: Moment,
    pub targets: Targets,
}

/// What the outputs are compared with.
pub(super) enum Targets {
    /// With each other.
    Views,
    /// With the patches that were hidden.
    Patches {
        targets: PatchTargets,
        /// Kept tokens of every window.
        kept: Vec<Vec<usize>>,
        /// Positions of the whole grid, [tokens, dim].
        positions: Vec<f32>,
    },
    /// With labels.
    Labels(Supervision),
}

/// How the weights are changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepRule {
    pub learning_rate: f64,
    pub weight_decay: f64,
    /// Limit of the gradient's norm; 0 for none.
    pub clip_norm: f64,
    /// Tracks that are embedded at once; at least 1.
    pub chunk: usize,
    /// Decay of the averaged weights.
    pub ema: f64,
    /// Tracks of which the cosines are wanted; 0 for none.
    pub matrix: usize,
    /// A higher loss has jumped, and nothing of the step is applied.
    pub most_loss: Option<f64>,
}

/// What a step gave.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepResult {
    pub loss: f64,
    pub grad_norm: f64,
    /// Of contrastive objectives.
    pub contrast: Option<ContrastStatistics>,
    /// Share of right answers, where labels are learned.
    pub accuracy: Option<f64>,
    /// Cosines of view A of the first tracks with view B of them, row-major, mean over patch shapes; where wanted.
    pub matrix: Option<Vec<f32>>,
    /// Whether the update was applied: all numbers were finite, and the loss had not jumped.
    pub applied: bool,
}

/// What the objective said of a batch.
struct Judged<B: Backend> {
    loss: f64,
    /// Gradients of the outputs, one for each of them.
    gradients: Vec<Tensor<B, 2>>,
    rows: Rows,
    contrast: Option<ContrastStatistics>,
    accuracy: Option<f64>,
    matrix: Option<Vec<f32>>,
}

/// A loss that was computed, before anything is changed.
struct Computed<B: Backend> {
    /// `None` for weights that stay.
    gradients: Vec<Option<Parameter<B>>>,
    rows: Rows,
    result: StepResult,
}

impl<B: Kernels> Learner<B> {
    /// A learner at given weights.
    pub fn new(setup: LearnerSetup<'_>, device: B::Device) -> Self {
        let weights = setup.weights;
        let upload = |values: Option<&Vec<Vec<f32>>>, number: usize| {
            let tensor = weights.tensors.get(number)?;
            let zeros = || vec![0.0; tensor.values.len()];
            let values = values.and_then(|all| all.get(number).cloned());
            Some(Parameter::upload(
                &tensor.spec,
                &values.unwrap_or_else(zeros),
                &device,
            ))
        };
        let moments = (0..weights.tensors.len())
            .filter_map(|number| {
                Some(Moments {
                    first: upload(setup.state.map(|s| &s.first), number)?,
                    second: if setup.optimiser.has_second() {
                        Some(upload(setup.state.map(|s| &s.second), number)?)
                    } else {
                        None
                    },
                })
            })
            .collect();
        let parameters = weights.upload::<B>(&device);
        let averages = setup.averages.then(|| match setup.state {
            Some(state) if !state.averages.is_empty() => (0..weights.tensors.len())
                .filter_map(|number| upload(Some(&state.averages), number))
                .collect(),
            _ => parameters.clone(),
        });
        Self {
            config: weights.config,
            tail: weights.tail.clone(),
            device,
            parameters,
            trained: setup.trained,
            optimiser: setup.optimiser,
            moments,
            averages,
            updates: setup.state.map_or(0, |state| state.updates),
            objective: setup.objective,
            memory: setup.memory,
            arithmetic: setup.arithmetic,
            enlarged: match setup.arithmetic {
                Arithmetic::F32 | Arithmetic::Bf16 => 1.0,
                Arithmetic::F16 => FIRST_ENLARGED,
            },
            calm: 0,
        }
    }

    fn download(&self, parameters: &[Parameter<B>]) -> Result<Weights, String> {
        let tensors = whole_layout(&self.config, &self.tail)
            .into_iter()
            .zip(parameters)
            .map(|(spec, parameter)| {
                Ok(WeightTensor {
                    spec,
                    values: parameter.download()?,
                })
            })
            .collect::<Result<_, String>>()?;
        Ok(Weights {
            config: self.config,
            tail: self.tail.clone(),
            tensors,
        })
    }

    /// The weights as plain numbers.
    pub fn weights(&self) -> Result<Weights, String> {
        self.download(&self.parameters)
    }

    /// The weights to embed with: the averaged ones where there are any.
    pub fn best_weights(&self) -> Result<Weights, String> {
        self.download(self.averages.as_ref().unwrap_or(&self.parameters))
    }

    /// Embeds windows with the weights to embed with: [windows, parts * dim] row-major.
    pub fn embed(&self, batches: Vec<HostTokens>) -> Result<Vec<f32>, String> {
        let parameters = self.averages.as_ref().unwrap_or(&self.parameters);
        let encoder = self.assemble(parameters.iter().cloned())?;
        crate::encoder::embed(&encoder, batches, &self.device)
    }

    /// The optimiser's state as plain numbers.
    pub fn optimiser(&self) -> Result<OptimiserState, String> {
        let first = self.moments.iter().map(|moments| moments.first.download());
        let second = self.moments.iter().filter_map(|m| m.second.as_ref());
        let averages = self.averages.iter().flatten();
        Ok(OptimiserState {
            first: first.collect::<Result<_, _>>()?,
            second: second
                .map(Parameter::download)
                .collect::<Result<_, String>>()?,
            averages: averages
                .map(Parameter::download)
                .collect::<Result<_, String>>()?,
            updates: self.updates,
        })
    }

    /// What the objective remembers.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Does one step. If any number is not finite or the loss has jumped, nothing changes.
    pub fn step(&mut self, input: StepInput, rule: StepRule) -> Result<StepResult, String> {
        let mut computed = self.compute(&input, rule.chunk, rule.matrix)?;
        // An overflow of 16 bits on the way back is no fault of the weights.
        while !computed.result.applied && computed.result.loss.is_finite() && self.enlarged > 1.0 {
            self.enlarged *= 0.5;
            self.calm = 0;
            computed = self.compute(&input, rule.chunk, rule.matrix)?;
        }
        computed.result.applied &= rule
            .most_loss
            .is_none_or(|most| computed.result.loss <= most);
        if !computed.result.applied {
            return Ok(computed.result);
        }
        let norm = computed.result.grad_norm;
        let update = Update {
            optimiser: self.optimiser,
            learning_rate: rule.learning_rate,
            weight_decay: rule.weight_decay,
            scale: if rule.clip_norm > 0.0 {
                (rule.clip_norm / (norm + 1e-6)).min(1.0) / self.enlarged
            } else {
                1.0 / self.enlarged
            },
            count: self.updates + 1,
        };
        let targets = self.parameters.iter_mut().zip(&mut self.moments);
        for ((parameter, moments), gradient) in targets.zip(computed.gradients) {
            if let Some(gradient) = gradient {
                update.apply(parameter, gradient, moments);
            }
        }
        self.updates += 1;
        self.calm += 1;
        if self.arithmetic == Arithmetic::F16 && self.calm >= CALM_UPDATES {
            self.enlarged = (2.0 * self.enlarged).min(MOST_ENLARGED);
            self.calm = 0;
        }
        if let Some(averages) = &mut self.averages {
            // Short memory at first, so that the average does not begin with random weights.
            let count = self.updates as f64;
            let keep = rule.ema.min((1.0 + count) / (10.0 + count));
            for (average, parameter) in averages.iter_mut().zip(&self.parameters) {
                average.approach(parameter, keep);
            }
        }
        self.memory.store(&input.tracks, &computed.rows);
        Ok(computed.result)
    }

    fn assemble<X: Kernels>(
        &self,
        parameters: impl Iterator<Item = Parameter<X>>,
    ) -> Result<Encoder<X>, String> {
        Encoder::assemble(&self.config, &self.tail, parameters)
            .ok_or_else(|| "the weights don't follow their layout".into())
    }

    /// What the objective is shown of the windows `range` of a batch: one tensor for each patch shape, or one for all.
    fn outputs<X: Kernels>(
        &self,
        encoder: &Encoder<X>,
        input: &StepInput,
        range: std::ops::Range<usize>,
        device: &X::Device,
    ) -> Result<Vec<Tensor<X, 2>>, String> {
        let mut batches = input
            .batches
            .iter()
            .map(|batch| batch.part(range.clone()).upload(self.config.dim, device));
        match &input.targets {
            Targets::Views => {
                let z = encoder.forward(batches.collect());
                let shapes = z.len().max(1);
                Ok(encoder.project(Tensor::cat(z, 0)).chunk(shapes, 0))
            }
            Targets::Labels(_) => {
                let z = encoder.forward(batches.collect());
                Ok(vec![encoder.project(Tensor::cat(z, 1))])
            }
            Targets::Patches {
                kept, positions, ..
            } => {
                let tokens = positions.len() / self.config.dim.max(1);
                let data = TensorData::new(positions.clone(), [tokens, self.config.dim]);
                let kept = kept.get(range.clone()).unwrap_or_default();
                let batch = batches.next().ok_or("a batch without patches")?;
                encoder
                    .reconstruct(batch, kept, Tensor::from_data(data, device))
                    .map(|patches| vec![patches])
                    .ok_or_else(|| "an encoder without a decoder".into())
            }
        }
    }

    /// Loss and gradients.
    fn compute(
        &self,
        input: &StepInput,
        chunk: usize,
        matrix: usize,
    ) -> Result<Computed<B>, String> {
        type Ad<B> = Autodiff<B>;
        let leaves: Vec<Parameter<Ad<B>>> = self
            .parameters
            .iter()
            .zip(&self.trained)
            .map(|(parameter, &trained)| parameter.leaf(trained))
            .collect();
        let encoder = self
            .assemble::<Ad<B>>(leaves.iter().cloned())?
            .with_arithmetic(self.arithmetic);
        let views = match input.targets {
            Targets::Views => 2,
            Targets::Patches { .. } | Targets::Labels(_) => 1,
        };
        let windows = views * input.tracks.len();
        let chunk = views * chunk.max(1);
        let mut gradients: Vec<Option<Parameter<B>>> = vec![None; leaves.len()];
        let enlarged = self.enlarged;
        let mut learn = |outputs: Vec<Tensor<Ad<B>, 2>>, wanted: Vec<Tensor<B, 2>>| {
            // Its gradient is that of the loss: the objective's gradient of the outputs, through the encoder.
            let parts = outputs.into_iter().zip(wanted).map(|(output, wanted)| {
                let wanted = Tensor::<Ad<B>, 2>::from_inner(wanted);
                (output * wanted.mul_scalar(enlarged)).sum()
            });
            let loss = Tensor::cat(parts.collect(), 0).sum();
            let found = loss.backward();
            for (sum, leaf) in gradients.iter_mut().zip(&leaves) {
                if let Some(gradient) = leaf.gradient(&found) {
                    *sum = Some(match sum.take() {
                        Some(sum) => sum.plus(gradient),
                        None => gradient,
                    });
                }
            }
        };
        let judged = if windows <= chunk {
            let outputs = self.outputs(&encoder, input, 0..windows, &self.device)?;
            let judged = self.judge(
                input,
                outputs.iter().map(|o| o.clone().inner()).collect(),
                matrix,
            )?;
            if judged.loss.is_finite() {
                learn(outputs, judged.gradients.clone());
            }
            judged
        } else {
            let plain = self
                .assemble::<B>(self.parameters.iter().cloned())?
                .with_arithmetic(self.arithmetic);
            let starts = (0..windows).step_by(chunk);
            let ranges: Vec<_> = starts
                .map(|start| start..(start + chunk).min(windows))
                .collect();
            let mut all: Vec<Vec<Tensor<B, 2>>> = Vec::new();
            for range in &ranges {
                let outputs = self.outputs(&plain, input, range.clone(), &self.device)?;
                all.resize_with(outputs.len(), Vec::new);
                for (parts, part) in all.iter_mut().zip(outputs) {
                    parts.push(part);
                }
            }
            let whole = all.into_iter().map(|parts| Tensor::cat(parts, 0));
            let judged = self.judge(input, whole.collect(), matrix)?;
            if judged.loss.is_finite() {
                for range in ranges {
                    let wanted = judged.gradients.iter().map(|gradient| {
                        // A window has one row, or one for each of its patches.
                        let rows = gradient.dims().first().copied().unwrap_or(0) / windows.max(1);
                        gradient
                            .clone()
                            .narrow(0, range.start * rows, range.len() * rows)
                    });
                    let wanted = wanted.collect();
                    let outputs = self.outputs(&encoder, input, range, &self.device)?;
                    learn(outputs, wanted);
                }
            }
            judged
        };
        let squares: Vec<Tensor<B, 1>> = gradients
            .iter()
            .flatten()
            .map(Parameter::sum_of_squares)
            .collect();
        let grad_norm = if squares.is_empty() {
            f64::NAN
        } else {
            let norm = numbers(Tensor::cat(squares, 0).sum().sqrt())?;
            norm.first()
                .map_or(f64::NAN, |&norm| f64::from(norm) / self.enlarged)
        };
        Ok(Computed {
            gradients,
            result: StepResult {
                loss: judged.loss,
                grad_norm,
                contrast: judged.contrast,
                accuracy: judged.accuracy,
                matrix: judged.matrix,
                applied: judged.loss.is_finite() && grad_norm.is_finite() && judged.rows.is_sound(),
            },
            rows: judged.rows,
        })
    }

    /// Shows the outputs of a whole batch to the objective.
    fn judge(
        &self,
        input: &StepInput,
        outputs: Vec<Tensor<B, 2>>,
        matrix: usize,
    ) -> Result<Judged<B>, String> {
        let mut rows = self.memory.rows(&input.tracks);
        match (&input.targets, &self.objective) {
            (Targets::Views, Some(objective)) => {
                let shapes = outputs.len().max(1) as f64;
                let (mut loss, mut gradients) = (0.0, Vec::new());
                let mut statistics = Vec::new();
                let mut temperature: Vec<f64> = Vec::new();
                let mut corners: Vec<Tensor<B, 2>> = Vec::new();
                // All patch shapes share one memory: the square pass moves it, the vertical pass goes on from there.
                for z in outputs {
                    let mut sides = z.chunk(2, 0).into_iter();
                    let (Some(a), Some(b)) = (sides.next(), sides.next()) else {
                        return Err("a batch without two views".into());
                    };
                    let views = Views::new(a, b);
                    let similarities = views.similarities();
                    let mut said = ContrastStatistics::of(&similarities)?;
                    said.tau = objective.tau(&rows);
                    let side = matrix.min(similarities.batch);
                    if side > 0 {
                        let rows = similarities.across.clone().narrow(0, 0, side);
                        corners.push(rows.narrow(1, 0, side).div_scalar(shapes));
                    }
                    let verdict = objective.judge(&similarities, &mut rows, input.moment)?;
                    statistics.push(said);
                    loss += verdict.loss / shapes;
                    temperature.resize(verdict.temperature.len(), 0.0);
                    for (sum, slope) in temperature.iter_mut().zip(verdict.temperature) {
                        *sum += slope / shapes;
                    }
                    let both = views.gradients(verdict.pull);
                    gradients.push(Tensor::cat(both.to_vec(), 0).div_scalar(shapes));
                }
                objective.finish(&mut rows, &temperature, input.moment);
                let corner = corners.into_iter().reduce(|sum, corner| sum + corner);
                Ok(Judged {
                    loss,
                    gradients,
                    rows,
                    contrast: Some(ContrastStatistics::mean(&statistics)),
                    accuracy: None,
                    matrix: corner.map(numbers).transpose()?,
                })
            }
            (Targets::Patches { targets, .. }, _) => {
                let output = outputs.into_iter().next().ok_or("no output")?;
                let (loss, gradient) = reconstruction(output, targets)?;
                Ok(Judged {
                    loss,
                    gradients: vec![gradient],
                    rows,
                    contrast: None,
                    accuracy: None,
                    matrix: None,
                })
            }
            (Targets::Labels(right), _) => {
                let output = outputs.into_iter().next().ok_or("no output")?;
                let found = supervised(output, right)?;
                Ok(Judged {
                    loss: found.loss,
                    gradients: vec![found.gradient],
                    rows,
                    contrast: None,
                    accuracy: found.accuracy,
                    matrix: None,
                })
            }
            (Targets::Views, None) => Err("two views and nothing to compare them with".into()),
        }
    }
}

#[cfg(test)]
#[path = "learner_tests.rs"]
mod tests;
