//! A training step gives the loss, gradients, weights and moving averages of the published PyTorch code (Adam, LibAUC's
//! loss) within 1e-4.

use super::*;

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
fn follow(file: &str, kind: Patching) {
    let numbers = &read(&path(file));
    let start = weights(numbers, kind, "init.");
    let mut learner = learner(&start, Some(sogclr()), Optimiser::Adam);
    for step in 0..3 {
        let input = || StepInput {
            batch: batches(numbers, step, kind),
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
            let gradient = gradient.as_ref().unwrap().download(&tensor.spec).unwrap();
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
        Patching::Square,
    );
}

#[test]
fn three_steps_with_both_patches_are_the_published_ones() {
    follow(
        "tests/fixtures/tiny_hybrid_steps.safetensors",
        Patching::Hybrid,
    );
}

/// The promise: the masked autoencoder's loss, reconstruction and gradients are those of the published code.
#[test]
fn the_masked_autoencoder_is_the_published_one() {
    let numbers = read(&path("tests/fixtures/tiny_mae.safetensors"));
    let config = MynaConfig {
        kind: Patching::Square,
        dim: 64,
        depth: 2,
        heads: 2,
        mlp_dim: 128,
        input: mynascope_encoder::PatchInput::Power,
    };
    let start = read_weights(&numbers, config, TrainingHead::Decoder(2), "init.");
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
    let tokenizer = Tokenizer::new(Patching::Square.shapes(), 96, 64);
    let masks: Vec<TokenMask> = kept
        .iter()
        .map(|kept| TokenMask(vec![kept.clone()]))
        .collect();
    let input = || StepInput {
        batch: HostBatch::Patches(tokenizer.tokens(&mels, Some(&masks)).unwrap()),
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
            let gradient = gradient.as_ref().unwrap().download(&tensor.spec).unwrap();
            close_tensor(&gradient, &tensor.spec.shape, &numbers, &name);
        }
    }
    // The reconstruction itself, put together from patches.
    let encoder = learner
        .assemble::<Flex>(
            Precision::F32,
            learner.parameters.iter().cloned(),
            &Default::default(),
        )
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

fn numbers_of(tensor: Tensor<Flex, 2>) -> Vec<f32> {
    mynascope_encoder::numbers(tensor).unwrap()
}
