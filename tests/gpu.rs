//! On a GPU the encoder and its training give what they give on the CPU. Every GPU of the machine is tried: through wgpu,
//! and, built with `--features cuda`, through CUDA. A machine without one says so and counts these promises as needing a
//! GPU; `MYNASCOPE_TEST_SOFTWARE_GPU=1` takes a software rasteriser for one, so that the tests themselves are tried.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::path::{Path, PathBuf};

use mynascope_audio as audio;
use mynascope_base::jobs::Watch;
use mynascope_collection::{self as collection, Collection};
use mynascope_encoder::{
    CheckpointRef, ComputeKind, DeviceChoice, LoadedEncoder, MynaConfig, PatchInput, Patching,
    TrainingHead, WeightTensor, Weights, compute_devices, load_weights, save_weights,
};
use mynascope_spectrum::{
    read_npy,
    tokens::{MEL_BANDS, MaskRatio, TokenMask},
};
use mynascope_train::{Objective, Optimiser, StepRecord, TrainConfig, TrainControl, run};

use common::tones::hissing_tone;

/// How far a value may lie from that of the CPU, as a share of the largest: single precision, summed in another order.
const TOLERANCE: f32 = 1e-4;
/// The same for what one step of training changes: gradients are sums over many more products.
const STEP_TOLERANCE: f32 = 1e-3;

/// The GPUs of this machine; without one, the promise is counted.
fn gpus(promise: &str) -> Vec<DeviceChoice> {
    let software = std::env::var_os("MYNASCOPE_TEST_SOFTWARE_GPU").is_some_and(|set| set == "1");
    let devices = compute_devices();
    let found: Vec<DeviceChoice> = devices
        .iter()
        .filter(|device| device.kind != ComputeKind::Cpu && (software || !device.software))
        .map(|device| {
            println!("{promise}: {} ({})", device.name, device.spec);
            device.spec.parse().unwrap()
        })
        .collect();
    if found.is_empty() {
        let here: Vec<String> = devices.into_iter().map(|device| device.name).collect();
        let why = format!("this machine computes on {} alone", here.join(" and "));
        common::skipped::needs_gpu(promise, &why);
    }
    found
}

/// Compares with a tolerance relative to the largest value.
fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_close_but(0.0, found, expected, tolerance, what);
}

/// The same, where the values themselves are known to an absolute `rounding` only.
fn assert_close_but(rounding: f32, found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-12_f32, |most, v| most.max(v.abs()));
    let worst = found.iter().zip(expected).fold(0.0_f32, |most, (a, b)| {
        assert!(a.is_finite(), "{what}");
        most.max((a - b).abs())
    });
    println!("{what}: off by {:.1e} of the largest value", worst / scale);
    assert!(
        worst <= tolerance * scale + rounding,
        "{what}: off by {worst} of {scale}"
    );
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// Four windows of the synthetic notes, frame-major.
fn windows() -> Vec<Vec<f32>> {
    let (shape, values) = read_npy(&fixture("front_end/notes.mel.npy")).unwrap();
    let frames = shape[1] as usize;
    (0..4)
        .map(|window| {
            (0..96 * MEL_BANDS)
                .map(|at| values[(at % MEL_BANDS) * frames + 96 * window + at / MEL_BANDS])
                .collect()
        })
        .collect()
}

fn open(path: &Path, device: DeviceChoice) -> LoadedEncoder {
    let checkpoint = CheckpointRef::File(path.to_path_buf());
    LoadedEncoder::open(&checkpoint, None, &device).unwrap()
}

/// What stays of the square and the vertical tokens of the windows: all, and a tenth.
fn masks() -> [Option<Vec<TokenMask>>; 2] {
    let mask = TokenMask(vec![vec![40, 3, 17, 25, 8], vec![0, 47, 20, 21, 5]]);
    [None, Some(vec![mask; 4])]
}

#[test]
fn embeddings_of_a_gpu_are_those_of_the_cpu_and_of_the_published_code() {
    let windows = windows();
    let windows: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
    let path = fixture("hybrid_small.safetensors");
    let cpu = open(&path, DeviceChoice::Cpu);
    for device in gpus("embeddings of a GPU are those of the CPU") {
        let gpu = open(&path, device);
        for masks in masks() {
            let embed = |encoder: &LoadedEncoder| {
                encoder.embed_windows(&windows, masks.as_deref()).unwrap()
            };
            let what = format!("{device}, masked: {}", masks.is_some());
            assert_close(&embed(&gpu), &embed(&cpu), TOLERANCE, &what);
        }
        let (_, published) = read_npy(&fixture("hybrid_small.embeddings.npy")).unwrap();
        let found = gpu.embed_windows(&windows[..2], None).unwrap();
        assert_close(&found, &published, TOLERANCE, "published");
    }
}

/// An encoder in which every weight matters, written to a file: with all its parts, or without what a block's attention
/// or its feed-forward part adds, so that a wrong part shows alone.
fn encoder_of(part: &str, path: &Path) {
    let config = MynaConfig {
        kind: Patching::Hybrid,
        dim: 64,
        depth: 3,
        heads: 2,
        mlp_dim: 96,
        input: PatchInput::Power,
    };
    let mut weights = Weights::random(config, &TrainingHead::None, 5).unwrap();
    for WeightTensor { spec, values } in &mut weights.tensors {
        // Norms begin at 1 and 0, by which half of their precision goes unseen.
        if spec.shape.len() == 1 {
            for (at, value) in values.iter_mut().enumerate() {
                *value += 0.1 * ((at * 7 % 11) as f32 - 5.0) / 5.0;
            }
        }
        let silent = match part {
            "feed-forward" => spec.name.contains("to_out"),
            "attention" => spec.name.contains("net.3"),
            _ => false,
        };
        if silent {
            values.fill(0.0);
        }
    }
    save_weights(path, &weights, &[]).unwrap();
}

/// Patch embedding, what follows each block, and the last norm; with all parts, and with attention or feed-forward alone.
#[test]
fn every_layer_of_a_gpu_gives_what_it_gives_on_the_cpu() {
    let windows = windows();
    let windows: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
    let folder = tempfile::tempdir().unwrap();
    for device in gpus("every layer of a GPU gives what it gives on the CPU") {
        for part in ["all", "attention", "feed-forward"] {
            let path = folder.path().join(format!("{part}.safetensors"));
            encoder_of(part, &path);
            let (cpu, gpu) = (open(&path, DeviceChoice::Cpu), open(&path, device));
            let (layers, dim) = (cpu.info().layers.len(), cpu.embedding_dim());
            for masks in masks() {
                let embed = |encoder: &LoadedEncoder| {
                    encoder.embed_layers(&windows, masks.as_deref()).unwrap()
                };
                let (found, expected) = (embed(&gpu), embed(&cpu));
                for layer in 0..layers {
                    let of = |values: &[f32]| -> Vec<f32> {
                        let rows = values.chunks_exact(layers * dim);
                        rows.flat_map(|row| row[layer * dim..][..dim].to_vec())
                            .collect()
                    };
                    let what = format!("{device}, {part}, layer {layer} of {layers}");
                    assert_close(&of(&found), &of(&expected), TOLERANCE, &what);
                }
            }
        }
    }
}

#[test]
fn attention_on_a_gpu_goes_where_it_goes_on_the_cpu() {
    let windows = windows();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.safetensors");
    encoder_of("all", &path);
    let kept: Vec<usize> = (0..48).step_by(2).collect();
    for device in gpus("attention on a GPU goes where it goes on the CPU") {
        for grid in 0..2 {
            let follow = |device| {
                let encoder = open(&path, device);
                encoder.attention(&windows[0], grid, &kept).unwrap()
            };
            let (found, expected) = (follow(device), follow(DeviceChoice::Cpu));
            for blocks in 1..=expected.blocks() {
                let what = format!("{device}, grid {grid}, attention of {blocks} blocks");
                let of = [found.mean(blocks), expected.mean(blocks)];
                assert_close(&of[0], &of[1], TOLERANCE, &what);
                let of = [found.rollout(blocks), expected.rollout(blocks)];
                assert_close(&of[0], &of[1], TOLERANCE, &what);
            }
            let what = format!("{device}, grid {grid}, tokens");
            assert_close(&found.outputs, &expected.outputs, TOLERANCE, &what);
        }
    }
}

/// Eight tracks in two folders, a tone of its own pitch each.
fn tracks(folder: &Path) -> Collection {
    for track in 0..8_u32 {
        let place = folder.join(["low", "high"][track as usize / 4]);
        std::fs::create_dir_all(&place).unwrap();
        let samples = hissing_tone(track, 0.05);
        audio::write_wav(&place.join(format!("{track}.wav")), &samples, 16_000).unwrap();
    }
    collection::open(&[folder.to_path_buf()], &Watch::unattended()).unwrap()
}

/// One step of plain gradient descent, so that what it changes is the gradient itself: the loss, the gradient's norm, and
/// the change of every weight of the encoder. Then a few of Adam, whose losses go the same way.
#[test]
fn a_training_step_of_a_gpu_is_that_of_the_cpu() {
    let devices = gpus("a training step of a GPU is that of the CPU");
    if devices.is_empty() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(&folder.path().join("audio"));
    let init = folder.path().join("init.safetensors");
    encoder_of("all", &init);
    let before = load_weights(&init, None).unwrap();
    for objective in [Objective::Sogclr, Objective::Mae, Objective::Supervised] {
        let train = |device: DeviceChoice, optimiser: Optimiser, steps: u64| {
            let out = folder
                .path()
                .join(format!("{objective}-{device}-{optimiser}"));
            let config = TrainConfig {
                mels: Some(folder.path().join("mels")),
                encoder: Some(before.config),
                patch: match objective {
                    Objective::Mae => Patching::Square,
                    _ => Patching::Hybrid,
                },
                init: (objective != Objective::Mae).then(|| CheckpointRef::File(init.clone())),
                objective,
                optimiser,
                // A change of the size of the weights keeps its digits.
                learning_rate: match optimiser {
                    Optimiser::Sgd => 1.0,
                    _ => 3e-4,
                },
                weight_decay: 0.0,
                head: vec![32, 16],
                decoder_layers: 1,
                mask_ratio: MaskRatio::new(0.75).unwrap(),
                batch: 8,
                // Two pieces, whose gradients are added.
                chunk: Some(4),
                steps,
                device,
                ..TrainConfig::default()
            };
            run(
                &config,
                &tracks,
                &out,
                &TrainControl::default(),
                &mut |_| {},
            )
            .unwrap();
            let log = std::fs::read_to_string(out.join("log.jsonl")).unwrap();
            let log: Vec<StepRecord> = log
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            let after = load_weights(&out.join("final.safetensors"), None).unwrap();
            (log, after)
        };
        let start = |weights: &Weights| match objective {
            // Random weights of the run's own seed.
            Objective::Mae => Weights::random(weights.config, &TrainingHead::None, 0).unwrap(),
            _ => before.clone(),
        };
        let (log, after) = train(DeviceChoice::Cpu, Optimiser::Sgd, 1);
        let (adam_log, _) = train(DeviceChoice::Cpu, Optimiser::Adam, 3);
        let before = start(&after);
        for &device in &devices {
            let (gpu_log, gpu_after) = train(device, Optimiser::Sgd, 1);
            let what = format!("{objective} on {device}");
            let numbers = |log: &[StepRecord]| [log[0].loss as f32, log[0].grad_norm as f32];
            assert_close(
                &numbers(&gpu_log)[..1],
                &numbers(&log)[..1],
                TOLERANCE,
                &what,
            );
            assert_close(
                &numbers(&gpu_log)[1..],
                &numbers(&log)[1..],
                STEP_TOLERANCE,
                &what,
            );
            let mut moved = 0;
            for ((before, cpu), gpu) in before
                .tensors
                .iter()
                .zip(&after.tensors)
                .zip(&gpu_after.tensors)
            {
                let change = |after: &WeightTensor| -> Vec<f32> {
                    after
                        .values
                        .iter()
                        .zip(&before.values)
                        .map(|(a, b)| a - b)
                        .collect()
                };
                let what = format!("{what}, {}", cpu.spec.name);
                let expected = change(cpu);
                moved += usize::from(expected.iter().any(|&change| change != 0.0));
                // The digits that a weight of this size has.
                let largest = cpu.values.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
                let rounding = 2.0 * f32::EPSILON * largest;
                assert_close_but(rounding, &change(gpu), &expected, STEP_TOLERANCE, &what);
            }
            assert!(
                moved > before.tensors.len() / 2,
                "{what}: {moved} tensors changed"
            );
            let (gpu_adam_log, _) = train(device, Optimiser::Adam, 3);
            let losses = |log: &[StepRecord]| -> Vec<f32> {
                log.iter().map(|record| record.loss as f32).collect()
            };
            // Where a gradient is all but 0, the sign of Adam's step is a matter of rounding.
            assert_close(&losses(&gpu_adam_log), &losses(&adam_log), 1e-2, &what);
        }
    }
}
