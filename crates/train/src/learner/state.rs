//! A learner begun from plain numbers, and given back as such: weights, the optimiser's moments, averages.

use super::{INITIAL_LOSS_SCALE, Learner, Moments};
use crate::{
    Optimiser,
    objective::{Contrastive, TrackState},
};
use mynascope_encoder::{
    Encoder, HostTokens, Kernels, Parameter, Precision, WeightTensor, Weights, all_parameters,
};

/// The state of the optimiser as plain numbers, in the order of the weights.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct OptimiserState {
    pub first: Vec<Vec<f32>>,
    /// Empty where the optimiser has no second moment.
    pub second: Vec<Vec<f32>>,
    /// Averaged weights; empty where there are none.
    pub averages: Vec<Vec<f32>>,
    pub updates: u64,
    /// What gradients are multiplied by on the way back; where 16 bits need it.
    pub loss_scale: Option<f64>,
    /// Updates since it was lowered or raised.
    pub updates_since_overflow: u32,
}

/// How a learner is set up.
pub(crate) struct LearnerSetup<'a> {
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
    pub track_state: TrackState,
    /// In which the layers multiply while it learns; embedding is done in 32 bits.
    pub precision: Precision,
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
            track_state: setup.track_state,
            precision: setup.precision,
            loss_scale: match setup.precision {
                Precision::F32 | Precision::Bf16 => 1.0,
                Precision::F16 => {
                    let known = setup.state.and_then(|state| state.loss_scale);
                    known.unwrap_or(INITIAL_LOSS_SCALE)
                }
            },
            updates_since_overflow: setup.state.map_or(0, |state| state.updates_since_overflow),
        }
    }

    fn download(&self, parameters: &[Parameter<B>]) -> Result<Weights, String> {
        let tensors = all_parameters(&self.config, &self.tail)
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
        let encoder = self.assemble(Precision::F32, parameters.iter().cloned())?;
        mynascope_encoder::embed(&encoder, batches, &self.device)
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
            loss_scale: (self.precision == Precision::F16).then_some(self.loss_scale),
            updates_since_overflow: self.updates_since_overflow,
        })
    }

    /// What the objective keeps of the tracks.
    pub fn track_state(&self) -> &TrackState {
        &self.track_state
    }

    /// An encoder of these parameters, whose layers multiply in `precision`.
    pub(super) fn assemble<X: Kernels>(
        &self,
        precision: Precision,
        parameters: impl Iterator<Item = Parameter<X>>,
    ) -> Result<Encoder<X>, String> {
        Encoder::assemble(&self.config, &self.tail, precision, parameters)
            .ok_or_else(|| "the weights don't follow their layout".into())
    }
}
