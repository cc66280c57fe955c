//! The promise: a training step gives the loss, gradients, weights and moving averages of the published PyTorch code
//! (Adam, LibAUC's loss) within 1e-4.

use std::{collections::BTreeMap, path::PathBuf};

use burn::backend::Flex;

use super::*;
use crate::{
    encoder::{EncoderKind, Gather, gather_patches, gather_positions, positions},
    tokens::MEL_BANDS,
};

type Numbers = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
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

fn weights(numbers: &Numbers, kind: EncoderKind, start: &str) -> Weights {
    let config = EncoderConfig {
        kind,
        dim: 64,
        depth: 2,
        heads: 2,
        mlp_dim: 128,
    };
    let head = vec![128, 32];
    let tensors = whole_layout(&config, &head)
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
        head,
        tensors,
    }
}

/// Kept patches of one shape of both views of a step.
fn batch(numbers: &Numbers, step: usize, shape_index: usize, kind: EncoderKind) -> HostTokens {
    let grid = kind.shapes()[shape_index].grid(96);
    let keep = &numbers[&format!("step{step}.keep")].1;
    let kept: Vec<Vec<usize>> = keep
        .chunks_exact(5)
        .map(|row| row.iter().map(|&token| token as usize).collect())
        .skip(shape_index * 16)
        .take(16)
        .collect();
    let patches = match numbers.get(&format!("step{step}.patches")) {
        Some((_, patches)) => patches.clone(),
        None => {
            let views = &numbers[&format!("step{step}.views")].1;
            let mels: Vec<Vec<f32>> = views
                .chunks_exact(MEL_BANDS * 96)
                .map(|view| {
                    (0..96 * MEL_BANDS)
                        .map(|at| view[(at % MEL_BANDS) * 96 + at / MEL_BANDS])
                        .collect()
                })
                .collect();
            let windows: Vec<Gather<'_>> = mels
                .iter()
                .zip(&kept)
                .map(|(mel, kept)| Gather {
                    mel,
                    start_frame: 0,
                    kept,
                })
                .collect();
            gather_patches(&windows, grid)
        }
    };
    HostTokens {
        patches,
        positions: gather_positions(kept.iter().map(Vec::as_slice), &positions(grid, 64), 64),
        windows: 16,
        tokens: 5,
    }
}

/// Compares with a tolerance relative to the largest value of the tensor.
fn close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-6_f32, |most, v| most.max(v.abs()));
    let worst = found
        .iter()
        .zip(expected)
        .fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
    assert!(worst <= 1e-4 * scale, "{what}: off by {worst} of {scale}");
}

fn follow(numbers: &Numbers, kind: EncoderKind, steps: usize) {
    let objective = Sogclr {
        tau: 0.1,
        temperatures: None,
    };
    let memory = SogclrMemory::new(20, &objective);
    let start = weights(numbers, kind, "init.");
    let mut learner = Learner::<Flex>::new(&start, None, objective, memory, Default::default());
    for step in 0..steps {
        let input = || StepInput {
            batches: (0..kind.shapes().len())
                .map(|shape| batch(numbers, step, shape, kind))
                .collect(),
            tracks: numbers[&format!("step{step}.index")]
                .1
                .iter()
                .map(|&i| i as usize)
                .collect(),
            gamma: 0.9,
            first_epoch: step == 0,
        };
        let names: Vec<String> = start
            .tensors
            .iter()
            .map(|tensor| tensor.spec.name.clone())
            .collect();
        let computed = learner.compute(input()).unwrap().unwrap();
        for (name, gradient) in names.iter().zip(&computed.gradients) {
            if let Some((_, expected)) = numbers.get(&format!("step{step}.grad.{name}")) {
                close(
                    &gradient.download().unwrap(),
                    expected,
                    &format!("{step} grad {name}"),
                );
            }
        }
        let rule = StepRule {
            learning_rate: 3e-4,
            weight_decay: 1e-5,
            clip_norm: 0.0,
        };
        let result = learner.step(input(), rule).unwrap();
        assert!(result.applied);
        let loss = numbers[&format!("step{step}.loss")].1[0];
        close(&[result.loss as f32], &[loss], "loss");
        close(
            &learner.memory().u,
            &numbers[&format!("step{step}.u")].1,
            "u",
        );
        for tensor in learner.weights().unwrap().tensors {
            let name = format!("step{step}.after.{}", tensor.spec.name);
            if let Some((_, expected)) = numbers.get(&name) {
                close(&tensor.values, expected, &name);
            }
        }
    }
}

#[test]
fn the_first_step_is_the_published_one() {
    let numbers = read(&path("tests/fixtures/tiny_base_step.safetensors"));
    follow(&numbers, EncoderKind::Square, 1);
}

#[test]
fn three_steps_of_both_kinds_are_the_published_ones() {
    for (name, kind) in [
        ("base", EncoderKind::Square),
        ("hybrid", EncoderKind::Hybrid),
    ] {
        let path = path(&format!("../shared/parity/tiny_{name}.safetensors"));
        if !path.exists() {
            eprintln!("skipped: {} is not there", path.display());
            return;
        }
        follow(&read(&path), kind, 3);
    }
}

#[test]
fn a_step_with_numbers_that_are_not_finite_changes_nothing() {
    let numbers = read(&path("tests/fixtures/tiny_base_step.safetensors"));
    let objective = Sogclr {
        tau: 0.1,
        temperatures: None,
    };
    let start = weights(&numbers, EncoderKind::Square, "init.");
    let memory = SogclrMemory::new(20, &objective);
    let mut learner =
        Learner::<Flex>::new(&start, None, objective, memory.clone(), Default::default());
    let mut poisoned = batch(&numbers, 0, 0, EncoderKind::Square);
    poisoned.patches[300] = f32::NAN;
    let input = StepInput {
        batches: vec![poisoned],
        tracks: (0..8).collect(),
        gamma: 0.9,
        first_epoch: true,
    };
    let rule = StepRule {
        learning_rate: 3e-4,
        weight_decay: 1e-5,
        clip_norm: 1.0,
    };
    assert!(!learner.step(input, rule).unwrap().applied);
    assert_eq!(learner.weights().unwrap(), start);
    assert_eq!(learner.memory(), &memory);
    assert_eq!(learner.optimiser().unwrap().updates, 0);
}
