//! A learner begun from plain numbers, and given back as such: weights, the optimiser's moments, averages.

use super::{INITIAL_LOSS_SCALE, Learner, Moments};
use crate::{
    Optimiser,
    objective::{Contrastive, Cpsd, Data2vec, TrackState},
};
use mynascope_encoder::{
    HostBatch, Kernels, LearningNetwork, Parameter, ParameterSpec, Precision, WeightTensor,
    Weights, all_parameters, families::music2vec::is_taught,
};

/// The state of the optimiser as plain numbers, in the order of the weights.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct OptimiserState {
    pub first: Vec<Vec<f32>>,
    /// Empty where the optimiser has no second moment.
    pub second: Vec<Vec<f32>>,
    /// Averaged weights; empty where there are none.
    pub averages: Vec<Vec<f32>>,
    /// What the teacher of data2vec has for itself, in their order; empty where there is none.
    pub teacher: Vec<Vec<f32>>,
    /// Of how many weights they are the mean, under SWA.
    pub averaged: u64,
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
    /// Whether averages of the weights are kept.
    pub averages: bool,
    /// `None` for reconstruction, labels, and where key profiles alone are learned.
    pub objective: Option<Contrastive>,
    /// Where key profiles are to turn with the sound.
    pub equivariance: Option<Cpsd>,
    /// Factor of the contrastive loss beside it.
    pub contrast_weight: f64,
    /// Where hidden frames are predicted.
    pub data2vec: Option<Data2vec>,
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
        // It begins as the student.
        let known = setup.state.map(|state| state.teacher.iter());
        let mut known = known.unwrap_or_default();
        let of_teacher = |(tensor, student): (&WeightTensor, &Parameter<B>)| {
            is_taught(&tensor.spec.name).then(|| match known.next() {
                Some(values) => Parameter::upload(&tensor.spec, values, &device),
                None => student.clone(),
            })
        };
        let teacher = match setup.data2vec {
            Some(_) => weights
                .tensors
                .iter()
                .zip(&parameters)
                .map(of_teacher)
                .collect(),
            None => Vec::new(),
        };
        Self {
            config: weights.config,
            tail: weights.tail.clone(),
            device,
            parameters,
            trained: setup.trained,
            optimiser: setup.optimiser,
            moments,
            averages,
            averaged: setup.state.map_or(0, |state| state.averaged),
            updates: setup.state.map_or(0, |state| state.updates),
            objective: setup.objective,
            equivariance: setup.equivariance,
            contrast_weight: setup.contrast_weight,
            data2vec: setup.data2vec,
            teacher,
            track_state: setup.track_state,
            precision: setup.precision,
            loss_scale: match setup.precision {
                Precision::F32 | Precision::Bf16 | Precision::Int8 => 1.0,
                Precision::F16 => {
                    let known = setup.state.and_then(|state| state.loss_scale);
                    known.unwrap_or(INITIAL_LOSS_SCALE)
                }
            },
            updates_since_overflow: setup.state.map_or(0, |state| state.updates_since_overflow),
        }
    }

    fn specs(&self) -> Vec<ParameterSpec> {
        all_parameters(&self.config, &self.tail)
    }

    fn download(&self, parameters: &[Parameter<B>]) -> Result<Weights, String> {
        let tensors = self
            .specs()
            .into_iter()
            .zip(parameters)
            .map(|(spec, parameter)| {
                Ok(WeightTensor {
                    values: parameter.download(&spec)?,
                    spec,
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

    /// Embeds windows as published with the weights to embed with: [windows, values] row-major.
    pub fn embed(&self, batch: HostBatch) -> Result<Vec<f32>, String> {
        let parameters = self.averages.as_ref().unwrap_or(&self.parameters);
        let encoder =
            self.assemble::<B>(Precision::F32, parameters.iter().cloned(), &self.device)?;
        encoder.embed(batch, &self.device)
    }

    /// The optimiser's state as plain numbers.
    pub fn optimiser(&self) -> Result<OptimiserState, String> {
        let specs = self.specs();
        let all = |parameters: Vec<&Parameter<B>>| -> Result<Vec<Vec<f32>>, String> {
            let parameters = parameters.into_iter().zip(&specs);
            parameters.map(|(one, spec)| one.download(spec)).collect()
        };
        let moments = || self.moments.iter();
        let teacher = self.teacher.iter().zip(&specs);
        let teacher = teacher.filter_map(|(own, spec)| Some(own.as_ref()?.download(spec)));
        Ok(OptimiserState {
            teacher: teacher.collect::<Result<_, String>>()?,
            first: all(moments().map(|moments| &moments.first).collect())?,
            second: all(moments().filter_map(|m| m.second.as_ref()).collect())?,
            averages: all(self.averages.iter().flatten().collect())?,
            averaged: self.averaged,
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
        device: &X::Device,
    ) -> Result<LearningNetwork<X>, String> {
        LearningNetwork::assemble(&self.config, &self.tail, precision, parameters, device)
            .ok_or_else(|| "the weights don't follow their layout".into())
    }
}
