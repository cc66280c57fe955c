//! The promise: a training step gives the loss, gradients, weights and moving averages of the published PyTorch code
//! (Adam, LibAUC's loss) within 1e-4.

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
use mynascope_encoder::{EncoderKind, Preset, Tokenizer, WeightTensor, Weights, whole_layout};
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

fn weights(numbers: &Numbers, kind: EncoderKind, start: &str) -> Weights {
    let config = MynaConfig {
        kind,
        dim: 64,
        depth: 2,
        heads: 2,
        mlp_dim: 128,
    };
    let tail = Tail::Projection(vec![128, 32]);
    read_weights(numbers, config, tail, start)
}

fn read_weights(numbers: &Numbers, config: MynaConfig, tail: Tail, start: &str) -> Weights {
    let tensors = whole_layout(&config, &tail)
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
fn batch(numbers: &Numbers, step: usize, shape_index: usize, kind: EncoderKind) -> HostTokens {
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

/// Compares with the tensor of that name, or, as the references hold of matrices, with the sums of its rows and columns
/// weighted by 1, 2, 3, 1, 2, 3, ...
fn close_tensor(found: &[f32], shape: &[usize], numbers: &Numbers, name: &str) {
    if let Some((_, expected)) = numbers.get(name) {
        return close(found, expected, name);
    }
    let columns = found.len() / shape[0];
    let sum = |start: usize, step: usize, count: usize| {
        (0..count)
            .map(|at| f64::from(found[start + at * step]) * (1 + at % 3) as f64)
            .sum::<f64>() as f32
    };
    let of_rows: Vec<f32> = (0..shape[0])
        .map(|row| sum(row * columns, 1, columns))
        .collect();
    let of_columns: Vec<f32> = (0..columns)
        .map(|column| sum(column, columns, shape[0]))
        .collect();
    for (found, axis) in [(of_rows, "rows"), (of_columns, "columns")] {
        let name = format!("{name}.{axis}");
        close(&found, &numbers[&name].1, &name);
    }
}

/// Three steps with the references of a file.
fn follow(file: &str, kind: EncoderKind) {
    let numbers = &read(&path(file));
    let start = weights(numbers, kind, "init.");
    let mut learner = learner(&start, Some(sogclr()), Optimiser::Adam);
    for step in 0..3 {
        let input = || StepInput {
            batches: (0..kind.shapes().len())
                .map(|shape| batch(numbers, step, shape, kind))
                .collect(),
            tracks: numbers[&format!("step{step}.index")]
                .1
                .iter()
                .map(|&i| i as usize)
                .collect(),
            schedule: StepSchedule {
                epoch: u64::from(step > 0),
                gamma: 0.9,
            },
            targets: Targets::Views,
        };
        let computed = learner.compute(&input(), 8, 0).unwrap();
        for (tensor, gradient) in start.tensors.iter().zip(&computed.gradients) {
            let name = format!("step{step}.grad.{}", tensor.spec.name);
            let gradient = gradient.as_ref().unwrap().download().unwrap();
            close_tensor(&gradient, &tensor.spec.shape, numbers, &name);
        }
        let result = learner.step(input(), rule(8)).unwrap();
        assert!(result.applied);
        let loss = numbers[&format!("step{step}.loss")].1[0];
        close(&[result.loss as f32], &[loss], "loss");
        close(
            learner.track_state().column("u"),
            &numbers[&format!("step{step}.u")].1,
            "u",
        );
        for tensor in learner.weights().unwrap().tensors {
            let name = format!("step{step}.after.{}", tensor.spec.name);
            close_tensor(&tensor.values, &tensor.spec.shape, numbers, &name);
        }
    }
}

#[test]
fn three_steps_with_square_patches_are_the_published_ones() {
    follow(
        "tests/fixtures/tiny_base_steps.safetensors",
        EncoderKind::Square,
    );
}

#[test]
fn three_steps_with_both_patches_are_the_published_ones() {
    follow(
        "tests/fixtures/tiny_hybrid_steps.safetensors",
        EncoderKind::Hybrid,
    );
}

#[test]
fn a_step_with_numbers_that_are_not_finite_changes_nothing() {
    let numbers = read(&path("tests/fixtures/tiny_base_steps.safetensors"));
    let start = weights(&numbers, EncoderKind::Square, "init.");
    let mut learner = learner(&start, Some(sogclr()), Optimiser::Adam);
    let track_state = learner.track_state().clone();
    let mut input = views(&numbers, EncoderKind::Square);
    input.batches[0].patches[300] = f32::NAN;
    let rule = StepRule {
        clip_norm: 1.0,
        ..rule(8)
    };
    assert!(!learner.step(input, rule).unwrap().applied);
    assert_eq!(learner.weights().unwrap(), start);
    assert_eq!(learner.track_state(), &track_state);
    assert_eq!(learner.optimiser().unwrap().updates, 0);
}

/// The promise: a batch that is embedded in chunks has the gradient of the whole batch.
#[test]
fn chunks_have_the_gradient_of_the_whole_batch() {
    let numbers = read(&path("tests/fixtures/tiny_base_steps.safetensors"));
    let start = weights(&numbers, EncoderKind::Square, "init.");
    let fastclip = |kind: FastClipKind| {
        Contrastive::FastClip(FastClip {
            kind,
            tau: 0.1,
            rho: 1.0,
            tau_rate: 1e-3,
            epsilon: 1e-14,
        })
    };
    for objective in [
        sogclr(),
        Contrastive::InfoNce(InfoNce { tau: 0.1 }),
        fastclip(FastClipKind::V2),
        fastclip(FastClipKind::V3),
    ] {
        let learner = learner(&start, Some(objective), Optimiser::Adam);
        let computed = |chunk: usize| {
            learner
                .compute(&views(&numbers, EncoderKind::Square), chunk, 0)
                .unwrap()
        };
        let whole = computed(8);
        for chunk in [1, 3, 4] {
            let parts = computed(chunk);
            let loss = (parts.result.loss - whole.result.loss).abs();
            assert!(loss < 1e-5, "{loss}");
            let pairs = whole.gradients.iter().zip(&parts.gradients);
            for ((whole, parts), tensor) in pairs.zip(&start.tensors) {
                let (whole, parts) = (whole.as_ref().unwrap(), parts.as_ref().unwrap());
                let (whole, parts) = (whole.download().unwrap(), parts.download().unwrap());
                let scale = whole.iter().fold(1e-3_f32, |most, v| most.max(v.abs()));
                for (a, b) in whole.iter().zip(&parts) {
                    let error = (a - b).abs();
                    assert!(error <= 1e-5 * scale, "{}: {error}", tensor.spec.name);
                }
            }
        }
    }
}

/// The fault: while another run trained beside, its backward passes took steps out of the graph of this one, and
/// gradients got lost without a word.
#[test]
fn gradients_are_the_same_while_other_runs_train_beside() {
    let numbers = read(&path("tests/fixtures/tiny_hybrid_steps.safetensors"));
    let start = weights(&numbers, EncoderKind::Hybrid, "init.");
    let learner = learner(&start, Some(sogclr()), Optimiser::Adam);
    let gradients = || -> Vec<Option<Vec<f32>>> {
        let computed = learner.compute(&views(&numbers, EncoderKind::Hybrid), 1, 0);
        let gradients = computed.unwrap().gradients.into_iter();
        gradients
            .map(|gradient| gradient.map(|gradient| gradient.download().unwrap()))
            .collect()
    };
    let alone = gradients();
    let over = AtomicBool::new(false);
    let other_run = || {
        while !over.load(Ordering::Relaxed) {
            let weight = Tensor::<Autodiff<Flex>, 1>::from_data([1.0], &Default::default());
            let weight = weight.require_grad();
            weight.grad(&weight.clone().exp().backward()).unwrap();
        }
    };
    let changed = std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(other_run);
        }
        let changed = (0..100).filter(|_| gradients() != alone).count();
        over.store(true, Ordering::Relaxed);
        changed
    });
    assert_eq!(changed, 0);
}

/// The promise: the masked autoencoder's loss, reconstruction and gradients are those of the published code.
#[test]
fn the_masked_autoencoder_is_the_published_one() {
    let numbers = read(&path("tests/fixtures/tiny_mae.safetensors"));
    let config = MynaConfig {
        kind: EncoderKind::Square,
        dim: 64,
        depth: 2,
        heads: 2,
        mlp_dim: 128,
    };
    let start = read_weights(&numbers, config, Tail::Decoder(2), "init.");
    let learner = learner(&start, None, Optimiser::Adam);
    let mels: Vec<Vec<f32>> = numbers["x"]
        .1
        .chunks_exact(MEL_BANDS * 96)
        .map(|view| {
            (0..96 * MEL_BANDS)
                .map(|at| view[(at % MEL_BANDS) * 96 + at / MEL_BANDS])
                .collect()
        })
        .collect();
    let hidden = numbers["n_masked"].1[0] as usize;
    let kept: Vec<Vec<usize>> = numbers["perm"]
        .1
        .chunks_exact(48)
        .map(|row| row[hidden..].iter().map(|&token| token as usize).collect())
        .collect();
    let tokenizer = Tokenizer::new(EncoderKind::Square.shapes(), 96, 64);
    let masks: Vec<TokenMask> = kept
        .iter()
        .map(|kept| TokenMask(vec![kept.clone()]))
        .collect();
    let input = || StepInput {
        batches: tokenizer.tokens(&mels, Some(&masks)).unwrap(),
        tracks: (0..kept.len()).collect(),
        schedule: StepSchedule {
            epoch: 0,
            gamma: 1.0,
        },
        targets: Targets::Patches {
            targets: patch_targets(&tokenizer, &mels, &kept),
            kept: kept.clone(),
            positions: tokenizer.positions(0).to_vec(),
        },
    };
    for chunk in [kept.len(), 1] {
        let computed = learner.compute(&input(), chunk, 0).unwrap();
        close(
            &[computed.result.loss as f32],
            &numbers["loss"].1,
            "reconstruction loss",
        );
        for (gradient, tensor) in computed.gradients.iter().zip(&start.tensors) {
            let name = format!("grad.{}", tensor.spec.name);
            let gradient = gradient.as_ref().unwrap().download().unwrap();
            close_tensor(&gradient, &tensor.spec.shape, &numbers, &name);
        }
    }
    // The reconstruction itself, put together from patches.
    let encoder = learner
        .assemble::<Flex>(learner.parameters.iter().cloned())
        .unwrap();
    let outputs = learner
        .outputs(&encoder, &input(), 0..kept.len(), &Default::default())
        .unwrap();
    let mut patches = numbers_of(outputs.into_iter().next().unwrap());
    // The published picture shows the patches that were seen as they are.
    let targets = patch_targets(&tokenizer, &mels, &kept);
    let rows = patches
        .chunks_exact_mut(256)
        .zip(targets.values.chunks_exact(256));
    for ((said, seen), hidden) in rows.zip(&targets.hidden) {
        if *hidden == 0.0 {
            said.copy_from_slice(seen);
        }
    }
    let grid = tokenizer.grids().next().unwrap();
    let mut pictures = vec![0.0; patches.len()];
    for (row, patch) in patches.chunks_exact(256).enumerate() {
        let (window, (y, x)) = (row / 48, grid.place(row % 48));
        for (at, value) in patch.iter().enumerate() {
            let (band, frame) = (y * 16 + at / 16, x * 16 + at % 16);
            pictures[(window * MEL_BANDS + band) * 96 + frame] = *value;
        }
    }
    close(&pictures, &numbers["reconstruction"].1, "reconstruction");
}

#[test]
fn frozen_weights_stay_and_averages_follow() {
    let numbers = read(&path("tests/fixtures/tiny_base_steps.safetensors"));
    let start = weights(&numbers, EncoderKind::Square, "init.");
    let trained: Vec<bool> = start
        .tensors
        .iter()
        .map(|tensor| tensor.spec.name.starts_with("linear_head"))
        .collect();
    for optimiser in Optimiser::ALL {
        let mut learner = Learner::<Flex>::new(
            LearnerSetup {
                trained: trained.clone(),
                averages: true,
                ..setup(&start, Some(sogclr()), optimiser)
            },
            Default::default(),
        );
        let rule = StepRule {
            ema: 0.5,
            ..rule(8)
        };
        let input = views(&numbers, EncoderKind::Square);
        assert!(learner.step(input, rule).unwrap().applied);
        let (after, averages) = (learner.weights().unwrap(), learner.best_weights().unwrap());
        let all = start.tensors.iter().zip(&after.tensors);
        for (((before, after), average), trained) in all.zip(&averages.tensors).zip(&trained) {
            assert_eq!(
                before.values == after.values,
                !trained,
                "{}",
                before.spec.name
            );
            // 2/11 of the old, as long as the average is young.
            let values = before.values.iter().zip(&after.values).zip(&average.values);
            for ((before, after), average) in values {
                let expected = before * 2.0 / 11.0 + after * 9.0 / 11.0;
                assert!((average - expected).abs() < 1e-6);
            }
        }
    }
}

/// The promise: 16-bit products change a step little, gradients too small for them arrive, and an overflow on the way
/// back costs no step.
#[test]
fn half_precision_learns_what_single_precision_learns() {
    let config = MynaConfig {
        kind: EncoderKind::Hybrid,
        dim: 64,
        depth: 2,
        heads: 1,
        mlp_dim: 128,
    };
    let start = Weights::random(config, &Tail::Projection(vec![64, 32]), 3).unwrap();
    let tokens = |kind: u32| HostTokens {
        grid: usize::from(kind > 0),
        patches: (0..16 * 5 * 256_u32)
            .map(|at| (at.wrapping_mul(2_654_435_761 + kind) >> 20) as f32 / 4096.0)
            .collect(),
        positions: vec![0.5; 16 * 5 * 64],
        windows: 16,
        tokens: 5,
    };
    let input = || StepInput {
        batches: vec![tokens(0), tokens(6)],
        tracks: (0..8).collect(),
        schedule: StepSchedule {
            epoch: 0,
            gamma: 0.9,
        },
        targets: Targets::Views,
    };
    let learner_in = |arithmetic: Arithmetic| {
        let setup = LearnerSetup {
            arithmetic,
            ..setup(&start, Some(sogclr()), Optimiser::Adam)
        };
        Learner::<Flex>::new(setup, Default::default())
    };
    let gradient = |learner: &Learner<Flex>| -> Vec<f64> {
        let computed = learner.compute(&input(), 4, 0).unwrap();
        let all = computed.gradients.iter().flatten();
        all.flat_map(|gradient| gradient.download().unwrap())
            .map(|value| f64::from(value) / learner.loss_scale)
            .collect()
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let exact = gradient(&learner_in(Arithmetic::F32));
    for arithmetic in [Arithmetic::Bf16, Arithmetic::F16] {
        let mut learner = learner_in(arithmetic);
        let found = gradient(&learner);
        let cosine = dot(&exact, &found) / (dot(&exact, &exact) * dot(&found, &found)).sqrt();
        assert!(cosine > 0.99, "{arithmetic}: {cosine}");
        let sizes = (dot(&found, &found) / dot(&exact, &exact)).sqrt();
        assert!((sizes - 1.0).abs() < 0.05, "{arithmetic}: {sizes}");
        assert!(found != exact, "{arithmetic} was used");
        // What is kept stays in 32 bits.
        let result = learner.step(input(), rule(8)).unwrap();
        assert!(result.applied && result.loss.is_finite());
        assert!((result.grad_norm / dot(&exact, &exact).sqrt() - 1.0).abs() < 0.05);
    }
    // Far too much: it is lowered until the step goes through.
    let mut learner = learner_in(Arithmetic::F16);
    learner.loss_scale = 2.0_f64.powi(40);
    let result = learner.step(input(), rule(8)).unwrap();
    assert!(result.applied && learner.loss_scale < 2.0_f64.powi(30));
    assert!((result.grad_norm / dot(&exact, &exact).sqrt() - 1.0).abs() < 0.05);
}

/// The promise: a batch of 4096 tracks takes bounded memory (`cargo test --release -- --ignored` under a limit shows
/// it; see also `train --batch 4096`).
#[test]
#[ignore = "a minute and a gigabyte"]
fn a_batch_of_4096_is_one_step() {
    let config = Preset::Tiny.config(EncoderKind::Hybrid);
    let start = Weights::random(config, &Tail::Projection(vec![512, 128]), 0).unwrap();
    let mut learner = Learner::<Flex>::new(
        LearnerSetup {
            track_state: sogclr().track_state(4096),
            ..setup(&start, Some(sogclr()), Optimiser::Adam)
        },
        Default::default(),
    );
    let tokens = |grid| HostTokens {
        grid,
        patches: (0..2 * 4096 * 5 * 256_u32)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 20) as f32 / 4096.0)
            .collect(),
        positions: vec![0.5; 2 * 4096 * 5 * 192],
        windows: 2 * 4096,
        tokens: 5,
    };
    let input = StepInput {
        batches: vec![tokens(0), tokens(1)],
        tracks: (0..4096).collect(),
        schedule: StepSchedule {
            epoch: 0,
            gamma: 0.9,
        },
        targets: Targets::Views,
    };
    let result = learner.step(input, rule(256)).unwrap();
    assert!(result.applied && result.loss.is_finite());
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
        track_state: objective
            .map_or_else(TrackState::default, |objective| objective.track_state(20)),
        arithmetic: Arithmetic::F32,
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
        ema: 0.0,
        matrix: 0,
        most_loss: None,
    }
}

/// The first step of the fixture.
fn views(numbers: &Numbers, kind: EncoderKind) -> StepInput {
    StepInput {
        batches: (0..kind.shapes().len())
            .map(|shape| batch(numbers, 0, shape, kind))
            .collect(),
        tracks: (0..8).collect(),
        schedule: StepSchedule {
            epoch: 0,
            gamma: 0.9,
        },
        targets: Targets::Views,
    }
}

fn numbers_of(tensor: Tensor<Flex, 2>) -> Vec<f32> {
    mynascope_encoder::numbers(tensor).unwrap()
}
