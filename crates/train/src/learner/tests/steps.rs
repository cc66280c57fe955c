//! A step changes what it is to change, whatever its numbers, its chunks and what else runs.

use super::*;

#[test]
fn a_step_with_numbers_that_are_not_finite_changes_nothing() {
    let numbers = read(&path("tests/fixtures/tiny_base_steps.safetensors"));
    let start = weights(&numbers, Patching::Square, "init.");
    let mut learner = learner(&start, Some(sogclr()), Optimiser::Adam);
    let track_state = learner.track_state().clone();
    let mut input = views(&numbers, Patching::Square);
    let HostBatch::Patches(batches) = &mut input.batch else {
        panic!("a Myna reads patches");
    };
    batches[0].patches[300] = f32::NAN;
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
    let start = weights(&numbers, Patching::Square, "init.");
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
                .compute(&views(&numbers, Patching::Square), chunk, 0)
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
                let numbers = |one: &Parameter<Flex>| one.download(&tensor.spec).unwrap();
                let (whole, parts) = (numbers(whole), numbers(parts));
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
    let start = weights(&numbers, Patching::Hybrid, "init.");
    let learner = learner(&start, Some(sogclr()), Optimiser::Adam);
    let gradients = || -> Vec<Option<Vec<f32>>> {
        let computed = learner.compute(&views(&numbers, Patching::Hybrid), 1, 0);
        let gradients = computed.unwrap().gradients.into_iter();
        gradients
            .zip(&start.tensors)
            .map(|(gradient, tensor)| {
                gradient.map(|gradient| gradient.download(&tensor.spec).unwrap())
            })
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
        let changed = (0..40).filter(|_| gradients() != alone).count();
        over.store(true, Ordering::Relaxed);
        changed
    });
    assert_eq!(changed, 0);
}

#[test]
fn frozen_weights_stay_and_averages_follow() {
    let numbers = read(&path("tests/fixtures/tiny_base_steps.safetensors"));
    let start = weights(&numbers, Patching::Square, "init.");
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
            averaging: Averaging::Ema(0.5),
            ..rule(8)
        };
        let input = views(&numbers, Patching::Square);
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
        kind: Patching::Hybrid,
        dim: 64,
        depth: 2,
        heads: 1,
        mlp_dim: 128,
        input: mynascope_encoder::PatchInput::Power,
    };
    let start = Weights::random(config, &TrainingHead::Projection(vec![64, 32]), 3).unwrap();
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
        batch: HostBatch::Patches(vec![tokens(0), tokens(6)]),
        tracks: (0..8).collect(),
        schedule: StepSchedule {
            epoch: 0,
            gamma: 0.9,
        },
        targets: Targets::Views,
    };
    let learner_in = |precision: Precision| {
        let setup = LearnerSetup {
            precision,
            ..setup(&start, Some(sogclr()), Optimiser::Adam)
        };
        Learner::<Flex>::new(setup, Default::default())
    };
    let gradient = |learner: &Learner<Flex>| -> Vec<f64> {
        let computed = learner.compute(&input(), 4, 0).unwrap();
        let all = computed.gradients.iter().zip(&start.tensors);
        all.flat_map(|(gradient, tensor)| {
            gradient.as_ref().unwrap().download(&tensor.spec).unwrap()
        })
        .map(|value| f64::from(value) / learner.loss_scale)
        .collect()
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let exact = gradient(&learner_in(Precision::F32));
    for precision in [Precision::Bf16, Precision::F16] {
        let mut learner = learner_in(precision);
        let found = gradient(&learner);
        let cosine = dot(&exact, &found) / (dot(&exact, &exact) * dot(&found, &found)).sqrt();
        assert!(cosine > 0.99, "{precision}: {cosine}");
        let sizes = (dot(&found, &found) / dot(&exact, &exact)).sqrt();
        assert!((sizes - 1.0).abs() < 0.05, "{precision}: {sizes}");
        assert!(found != exact, "{precision} was used");
        // What is kept stays in 32 bits.
        let result = learner.step(input(), rule(8)).unwrap();
        assert!(result.applied && result.loss.is_finite());
        assert!((result.grad_norm / dot(&exact, &exact).sqrt() - 1.0).abs() < 0.05);
    }
    // Far too much: it is lowered until the step goes through.
    let mut learner = learner_in(Precision::F16);
    learner.loss_scale = 2.0_f64.powi(40);
    let result = learner.step(input(), rule(8)).unwrap();
    assert!(result.applied && learner.loss_scale < 2.0_f64.powi(30));
    assert!((result.grad_norm / dot(&exact, &exact).sqrt() - 1.0).abs() < 0.05);
    // A run that goes on does not search for it anew.
    let state = learner.optimiser().unwrap();
    let resumed = Learner::<Flex>::new(
        LearnerSetup {
            precision: Precision::F16,
            state: Some(&state),
            ..setup(&start, Some(sogclr()), Optimiser::Adam)
        },
        Default::default(),
    );
    assert_eq!(resumed.loss_scale, learner.loss_scale);
    assert_eq!(resumed.optimiser().unwrap(), state);
}

/// The promise: a batch of 4096 tracks takes bounded memory (`cargo test --release -- --ignored` under a limit shows
/// it; see also `train --batch 4096`).
#[test]
#[ignore = "a minute and a gigabyte"]
fn a_batch_of_4096_is_one_step() {
    let config = Preset::Tiny.config(Patching::Hybrid);
    let start = Weights::random(config, &TrainingHead::Projection(vec![512, 128]), 0).unwrap();
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
        batch: HostBatch::Patches(vec![tokens(0), tokens(1)]),
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
