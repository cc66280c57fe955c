//! One training step: stacked views and patch shapes through the encoder and its head, the loss, gradients, Adam.

use burn::{
    backend::Autodiff,
    tensor::{Tensor, backend::Backend},
};

use super::adam::{Moments, Update};
use crate::{
    encoder::{
        Encoder, EncoderConfig, HostTokens, Parameter, WeightTensor, Weights, numbers, whole_layout,
    },
    objective::{MemoryTensors, Sogclr, SogclrMemory},
};

/// Everything that training changes, on a device.
pub(super) struct Learner<B: Backend> {
    config: EncoderConfig,
    head: Vec<usize>,
    device: B::Device,
    parameters: Vec<Parameter<B>>,
    moments: Vec<Moments<B>>,
    updates: u64,
    objective: Sogclr,
    memory: SogclrMemory,
}

/// The state of the optimiser as plain numbers, in the order of the weights.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct OptimiserState {
    pub first: Vec<Vec<f32>>,
    pub second: Vec<Vec<f32>>,
    pub updates: u64,
}

/// What one step trains on.
pub(super) struct StepInput {
    /// One for each patch shape: the windows of view A, then those of view B.
    pub batches: Vec<HostTokens>,
    /// Numbers of the tracks, one a window of a view.
    pub tracks: Vec<usize>,
    /// Gamma of this epoch.
    pub gamma: f64,
    /// Whether tracks that were never seen start their average with their first value.
    pub first_epoch: bool,
}

/// How the weights are changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepRule {
    pub learning_rate: f64,
    pub weight_decay: f64,
    /// Limit of the gradient's norm; 0 for none.
    pub clip_norm: f64,
}

/// What a step gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct StepResult {
    pub loss: f64,
    pub positive: f64,
    pub negative: f64,
    pub grad_norm: f64,
    /// Whether the update was applied: all numbers were finite.
    pub applied: bool,
}

/// A loss that was computed, before anything is changed.
struct Computed<B: Backend> {
    gradients: Vec<Parameter<B>>,
    memory: MemoryTensors<B>,
    result: StepResult,
}

impl<B: Backend> Learner<B> {
    /// A learner at given weights; `state` continues an optimiser.
    pub fn new(
        weights: &Weights,
        state: Option<&OptimiserState>,
        objective: Sogclr,
        memory: SogclrMemory,
        device: B::Device,
    ) -> Self {
        let parameters = weights.upload::<B>(&device);
        let moments = weights
            .tensors
            .iter()
            .enumerate()
            .map(|(number, tensor)| {
                let values = |of: fn(&OptimiserState) -> &Vec<Vec<f32>>| {
                    state
                        .and_then(|state| of(state).get(number).cloned())
                        .unwrap_or_else(|| vec![0.0; tensor.values.len()])
                };
                Moments {
                    first: Parameter::upload(&tensor.spec, &values(|s| &s.first), &device),
                    second: Parameter::upload(&tensor.spec, &values(|s| &s.second), &device),
                }
            })
            .collect();
        Self {
            config: weights.config,
            head: weights.head.clone(),
            device,
            parameters,
            moments,
            updates: state.map_or(0, |state| state.updates),
            objective,
            memory,
        }
    }

    /// The weights as plain numbers.
    pub fn weights(&self) -> Result<Weights, String> {
        let tensors = whole_layout(&self.config, &self.head)
            .into_iter()
            .zip(&self.parameters)
            .map(|(spec, parameter)| {
                Ok(WeightTensor {
                    spec,
                    values: parameter.download()?,
                })
            })
            .collect::<Result<_, String>>()?;
        Ok(Weights {
            config: self.config,
            head: self.head.clone(),
            tensors,
        })
    }

    /// The optimiser's state as plain numbers.
    pub fn optimiser(&self) -> Result<OptimiserState, String> {
        let download = |of: fn(&Moments<B>) -> &Parameter<B>| {
            self.moments
                .iter()
                .map(|moments| of(moments).download())
                .collect::<Result<Vec<_>, String>>()
        };
        Ok(OptimiserState {
            first: download(|moments| &moments.first)?,
            second: download(|moments| &moments.second)?,
            updates: self.updates,
        })
    }

    /// What the loss remembers.
    pub fn memory(&self) -> &SogclrMemory {
        &self.memory
    }

    /// Does one step. If any number is not finite, nothing changes.
    pub fn step(&mut self, input: StepInput, rule: StepRule) -> Result<StepResult, String> {
        let tracks = input.tracks.clone();
        let Some(computed) = self.compute(input)? else {
            return Err("the weights don't follow their layout".into());
        };
        if !computed.result.applied {
            return Ok(computed.result);
        }
        let norm = computed.result.grad_norm;
        let update = Update {
            learning_rate: rule.learning_rate,
            weight_decay: rule.weight_decay,
            scale: if rule.clip_norm > 0.0 {
                (rule.clip_norm / (norm + 1e-6)).min(1.0)
            } else {
                1.0
            },
            count: self.updates + 1,
        };
        let targets = self.parameters.iter_mut().zip(&mut self.moments);
        for ((parameter, moments), gradient) in targets.zip(computed.gradients) {
            update.apply(parameter, gradient, moments);
        }
        self.updates += 1;
        let store = |all: &mut [f32], rows: Tensor<B, 2>| -> Result<(), String> {
            for (&track, value) in tracks.iter().zip(numbers(rows)?) {
                if let Some(slot) = all.get_mut(track) {
                    *slot = value;
                }
            }
            Ok(())
        };
        store(&mut self.memory.u, computed.memory.u)?;
        if self.objective.temperatures.is_some() {
            store(&mut self.memory.tau, computed.memory.tau)?;
            store(&mut self.memory.momentum, computed.memory.momentum)?;
        }
        Ok(computed.result)
    }

    /// Loss and gradients; `None` if the weights are not those of the layout.
    fn compute(&self, input: StepInput) -> Result<Option<Computed<B>>, String> {
        type Ad<B> = Autodiff<B>;
        let leaves: Vec<Parameter<Ad<B>>> = self
            .parameters
            .iter()
            .map(|parameter| match parameter {
                Parameter::Matrix(t) => {
                    Parameter::Matrix(Tensor::from_inner(t.clone()).require_grad())
                }
                Parameter::Vector(t) => {
                    Parameter::Vector(Tensor::from_inner(t.clone()).require_grad())
                }
            })
            .collect();
        let Some(encoder) =
            Encoder::<Ad<B>>::assemble(&self.config, self.head.len(), leaves.iter().cloned())
        else {
            return Ok(None);
        };
        let shapes = input.batches.len().max(1);
        let batches = input
            .batches
            .into_iter()
            .map(|batch| batch.upload(self.config.dim, &self.device))
            .collect();
        let z = encoder.project(Tensor::cat(encoder.forward(batches), 0));
        let views = z.chunk(2 * shapes, 0);

        // Both patch shapes share one memory: the square pass changes it, the vertical pass goes on from there.
        let untouched = input.first_epoch && self.memory.untouched(&input.tracks);
        let mut memory = MemoryTensors::<Ad<B>>::upload(&self.memory, &input.tracks, &self.device);
        let mut passes: Vec<[Tensor<Ad<B>, 1>; 3]> = Vec::with_capacity(shapes);
        let mut views = views.into_iter();
        while let (Some(a), Some(b)) = (views.next(), views.next()) {
            let gamma = if untouched && passes.is_empty() {
                1.0
            } else {
                input.gamma
            };
            let pass = self.objective.pass(a, b, memory, gamma);
            memory = pass.memory;
            passes.push([pass.loss, pass.positive, pass.negative]);
        }
        let mean = |which: usize| {
            let values = passes.iter().filter_map(|pass| pass.get(which).cloned());
            Tensor::cat(values.collect(), 0).mean()
        };
        let loss = mean(0);
        let said = Tensor::cat(vec![loss.clone(), mean(1), mean(2)], 0).inner();
        let gradients = loss.backward();
        let gradients: Vec<Parameter<B>> = leaves
            .iter()
            .map(|leaf| match leaf {
                Parameter::Matrix(t) => Parameter::Matrix(
                    t.grad(&gradients)
                        .unwrap_or_else(|| t.clone().inner().zeros_like()),
                ),
                Parameter::Vector(t) => Parameter::Vector(
                    t.grad(&gradients)
                        .unwrap_or_else(|| t.clone().inner().zeros_like()),
                ),
            })
            .collect();
        let squares: Vec<Tensor<B, 1>> = gradients
            .iter()
            .map(|gradient| match gradient {
                Parameter::Matrix(t) => (t.clone() * t.clone()).sum(),
                Parameter::Vector(t) => (t.clone() * t.clone()).sum(),
            })
            .collect();
        let norm = Tensor::cat(squares, 0).sum().sqrt();
        let said = numbers(Tensor::cat(vec![said, norm], 0))?;
        let [loss, positive, negative, grad_norm] = <[f32; 4]>::try_from(said)
            .map_err(|_| "the device lost the loss")?
            .map(f64::from);
        Ok(Some(Computed {
            gradients,
            memory: MemoryTensors {
                u: memory.u.inner(),
                tau: memory.tau.inner(),
                momentum: memory.momentum.inner(),
            },
            result: StepResult {
                loss,
                positive,
                negative,
                grad_norm,
                applied: loss.is_finite() && grad_norm.is_finite(),
            },
        }))
    }
}

#[cfg(test)]
#[path = "learner_tests.rs"]
mod tests;
