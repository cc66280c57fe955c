//! What the tests of a training step share.

mod data2vec;
mod maest;
mod mt2;
mod published;
mod steps;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use burn::{
    backend::{Autodiff, Flex},
    tensor::Tensor,
};

use super::*;
use crate::{
    batches::patch_targets,
    objective::{FastClip, FastClipKind, InfoNce, Sogclr},
};
use mynascope_encoder::{
    HostTokens, MynaConfig, PatchInput, Patching, Preset, Tokenizer, WeightTensor, Weights,
    all_parameters,
};
use mynascope_spectrum::tokens::{MEL_BANDS, TokenMask};

type Numbers = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

fn read(path: &std::path::Path) -> Numbers {
    let bytes = std::fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    file.tensors()
        .into_iter()
        .map(|(name, view)| {
            let values = match view.dtype() {
                safetensors::Dtype::I64 => view
                    .data()
                    .chunks_exact(8)
                    .map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f32)
                    .collect(),
                _ => view
                    .data()
                    .chunks_exact(4)
                    .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
                    .collect(),
            };
            (name, (view.shape().to_vec(), values))
        })
        .collect()
}

fn weights(numbers: &Numbers, kind: Patching, start: &str) -> Weights {
    let config = MynaConfig {
        kind,
        dim: 64,
        depth: 2,
        heads: 2,
        mlp_dim: 128,
        input: PatchInput::Power,
    };
    let tail = TrainingHead::Projection(vec![128, 32]);
    read_weights(numbers, config, tail, start)
}

fn read_weights(
    numbers: &Numbers,
    config: impl Into<EncoderConfig>,
    tail: TrainingHead,
    start: &str,
) -> Weights {
    let config = config.into();
    let tensors = all_parameters(&config, &tail)
        .into_iter()
        .map(|spec| {
            let (shape, values) = &numbers[&format!("{start}{}", spec.name)];
            assert_eq!(shape, &spec.shape);
            WeightTensor {
                spec,
                values: values.clone(),
            }
        })
        .collect();
    Weights {
        config,
        tail,
        tensors,
    }
}

/// Kept patches of one shape of both views of a step.
fn batch(numbers: &Numbers, step: usize, shape_index: usize, kind: Patching) -> HostTokens {
    let keep = &numbers[&format!("step{step}.keep")].1;
    let kept: Vec<Vec<usize>> = keep
        .chunks_exact(5)
        .map(|row| row.iter().map(|&token| token as usize).collect())
        .skip(shape_index * 16)
        .take(16)
        .collect();
    let masks: Vec<TokenMask> = kept.into_iter().map(|kept| TokenMask(vec![kept])).collect();
    let shape = kind.shapes()[shape_index];
    let nothing = vec![Vec::new(); 16];
    let tokens = Tokenizer::new(&[shape], 96, 64).tokens(&nothing, Some(&masks));
    HostTokens {
        patches: numbers[&format!("step{step}.patches.{shape_index}")]
            .1
            .clone(),
        grid: shape_index,
        ..tokens.unwrap().remove(0)
    }
}

/// The same of all shapes.
fn batches(numbers: &Numbers, step: usize, kind: Patching) -> HostBatch {
    let shapes = 0..kind.shapes().len();
    HostBatch::Patches(
        shapes
            .map(|shape| batch(numbers, step, shape, kind))
            .collect(),
    )
}

fn sogclr() -> Contrastive {
    Contrastive::Sogclr(Sogclr {
        tau: 0.1,
        temperatures: None,
    })
}

fn setup<'a>(
    start: &'a Weights,
    objective: Option<Contrastive>,
    optimiser: Optimiser,
) -> LearnerSetup<'a> {
    LearnerSetup {
        weights: start,
        trained: vec![true; start.tensors.len()],
        optimiser,
        state: None,
        averages: false,
        objective,
        equivariance: None,
        contrast_weight: 1.0,
        data2vec: None,
        track_state: objective
            .map_or_else(TrackState::default, |objective| objective.track_state(20)),
        precision: Precision::F32,
    }
}

fn learner(start: &Weights, objective: Option<Contrastive>, optimiser: Optimiser) -> Learner<Flex> {
    Learner::new(setup(start, objective, optimiser), Default::default())
}

fn rule(chunk: usize) -> StepRule {
    StepRule {
        learning_rate: 3e-4,
        weight_decay: 1e-5,
        clip_norm: 0.0,
        chunk,
        decays_all: false,
        averaging: Averaging::Ema(0.0),
        matrix: 0,
        most_loss: None,
    }
}

/// The first step of the fixture.
fn views(numbers: &Numbers, kind: Patching) -> StepInput {
    StepInput {
        batch: batches(numbers, 0, kind),
        tracks: (0..8).collect(),
        schedule: StepSchedule {
            epoch: 0,
            gamma: 0.9,
        },
        targets: Targets::Views,
    }
}
