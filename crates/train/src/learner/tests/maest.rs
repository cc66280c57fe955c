//! A training step of MAEST gives the numbers of `maest_infer` in training mode.
//! `tests/fixtures/make_maest_training_fixture.py` made them.

use super::*;
use crate::objective::{Mixup, Patchout, Supervision};
use mynascope_encoder::{
    LoadOptions,
    families::maest::{self, BANDS},
    load_weights, numbers as values_of,
};

const FRAMES: usize = 312;

/// A reference step: the weights before it, and what was drawn and computed.
struct Reference {
    numbers: Numbers,
    start: Weights,
    sizes: maest::Config,
    /// [frames, 96] each.
    clips: Vec<Vec<f32>>,
}

fn reference() -> Reference {
    let folder = path("tests/fixtures/maest");
    let options = LoadOptions {
        heads: Some(2),
        ..LoadOptions::default()
    };
    let start = load_weights(&folder.join("native.ckpt"), options).unwrap();
    let window = &read(&folder.join("expected.safetensors"))["window"].1;
    let clips = (0..3).map(|clip| {
        let mut turned = window.clone();
        turned.rotate_left(60 * clip * BANDS);
        turned.truncate(FRAMES * BANDS);
        let loudness = 1.0 - 0.1 * clip as f32;
        turned.iter().map(|value| loudness * value).collect()
    });
    let EncoderConfig::Maest(sizes) = start.config else {
        panic!("the file holds a MAEST");
    };
    Reference {
        numbers: read(&folder.join("training.safetensors")),
        start,
        sizes,
        clips: clips.collect(),
    }
}

impl Reference {
    fn places(&self, name: &str) -> Vec<usize> {
        let values = &self.numbers[name].1;
        values.iter().map(|&value| value as usize).collect()
    }

    fn input(&self) -> StepInput {
        let mixup = Mixup {
            partners: self.places("partners"),
            shares: self.numbers["shares"].1.clone(),
        };
        let patchout = Patchout {
            rows: self.places("keep_f"),
            columns: self.places("keep_t"),
            first_position: self.places("first_position")[0],
        };
        let clips = mixup.mix(&self.clips);
        let clips: Vec<&[f32]> = clips.iter().map(Vec::as_slice).collect();
        let kept = vec![patchout.patches(30); clips.len()];
        let patches = maest::cut(&self.sizes, &clips, Some(&kept)).unwrap();
        let (shape, labels) = &self.numbers["labels"];
        let labels: Vec<Vec<f32>> = labels.chunks_exact(shape[1]).map(<[f32]>::to_vec).collect();
        StepInput {
            batch: HostBatch::MelPatches(patches.moved(self.places("first_position")[0])),
            targets: Targets::Tags(Supervision::AnyOf(mixup.mix(&labels)), patchout),
            schedule: StepSchedule {
                epoch: 0,
                gamma: 1.0,
            },
            tracks: (0..clips.len()).collect(),
        }
    }

    /// The largest error of the gradients.
    fn worst(&self, computed: &[Option<Parameter<Flex>>]) -> f32 {
        let mut worst = 0.0_f32;
        for (gradient, tensor) in computed.iter().zip(&self.start.tensors) {
            let gradient = gradient.as_ref().unwrap().download(&tensor.spec).unwrap();
            let (shape, expected) = &self.numbers[&format!("grad.{}", tensor.spec.name)];
            assert_eq!(shape, &tensor.spec.shape);
            worst = worst.max(largest_error(&gradient, expected));
        }
        worst
    }
}

fn largest_error(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let errors = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    errors.fold(0.0, f32::max)
}

/// Gradients reach 0.2; the bounds leave room for another order of sums.
#[test]
fn tokens_logits_loss_and_gradients_are_those_of_maest_infer_in_whole_and_in_chunks() {
    let reference = reference();
    let learner = learner(&reference.start, None, Optimiser::AdamW);
    let (input, device) = (reference.input(), &learner.device);
    let sizes = maest::Config {
        labels: 5,
        ..reference.sizes
    };
    let values = reference.start.tensors.iter();
    let values = values.map(|tensor| tensor.values.clone());
    let network = maest::Network::<Flex>::assemble(&sizes, values, Precision::F32, device).unwrap();
    let patches = || match input.batch.part(0..3) {
        HostBatch::MelPatches(patches) => patches,
        _ => panic!("a MAEST reads patches of its mel"),
    };
    let tokens = values_of(network.enter(patches(), device)).unwrap();
    let error = largest_error(&tokens, &reference.numbers["tokens"].1);
    assert!(error < 2e-5, "tokens: {error}");
    let logits = values_of(network.tag(patches(), device).unwrap()).unwrap();
    let error = largest_error(&logits, &reference.numbers["logits"].1);
    assert!(error < 2e-5, "logits: {error}");
    for chunk in [3, 2, 1] {
        let computed = learner.compute(&input, chunk, 0).unwrap();
        let expected = f64::from(reference.numbers["loss"].1[0]);
        let error = (computed.result.loss - expected).abs();
        assert!(error < 1e-6, "loss: {error}");
        let worst = reference.worst(&computed.gradients);
        assert!(worst < 1e-6, "gradients in chunks of {chunk}: {worst}");
    }
}

/// The promise: decay is of every weight, norms, biases and positions too, as MAEST's authors have it.
#[test]
fn a_step_of_adamw_gives_the_weights_of_pytorch() {
    const RATE: f64 = 1e-3;
    let reference = reference();
    let mut learner = learner(&reference.start, None, Optimiser::AdamW);
    let rule = StepRule {
        learning_rate: RATE,
        weight_decay: 0.1,
        decays_all: true,
        ..rule(3)
    };
    assert!(learner.step(reference.input(), rule).unwrap().applied);
    let mut compared = 0;
    for tensor in learner.weights().unwrap().tensors {
        let Some((_, expected)) = reference
            .numbers
            .get(&format!("after.{}", tensor.spec.name))
        else {
            continue;
        };
        compared += 1;
        let gradient = &reference.numbers[&format!("grad.{}", tensor.spec.name)].1;
        for ((found, expected), gradient) in tensor.values.iter().zip(expected).zip(gradient) {
            // Where the true gradient is 0, Adam divides noise by noise.
            let bound = match gradient.abs() > 1e-5 {
                true => 5e-6,
                false => 2.0 * RATE as f32,
            };
            let error = (found - expected).abs();
            assert!(error < bound, "{}: {error} at {gradient}", tensor.spec.name);
        }
    }
    assert_eq!(compared, 14);
}

/// The promise: under SWA the averages are the mean of the weights of the due steps, and the weights themselves before.
#[test]
fn averages_are_the_mean_of_the_weights_that_were_due_and_go_on_after_a_stop() {
    let reference = reference();
    let swa = |state: Option<&OptimiserState>, weights: &Weights| {
        let setup = LearnerSetup {
            averages: true,
            state,
            ..setup(weights, None, Optimiser::AdamW)
        };
        Learner::<Flex>::new(setup, Default::default())
    };
    let mut learner = swa(None, &reference.start);
    let mut due_weights: Vec<Vec<f32>> = Vec::new();
    for step in 0..6 {
        let due = step == 2 || step == 4 || step == 5;
        let rule = StepRule {
            learning_rate: 1e-2,
            averaging: Averaging::Swa { due },
            ..rule(3)
        };
        assert!(learner.step(reference.input(), rule).unwrap().applied);
        let weights = learner.weights().unwrap();
        if due {
            due_weights.push(weights.tensors[8].values.clone());
        }
        let averages = learner.best_weights().unwrap().tensors[8].values.clone();
        match due_weights.len() {
            0 => assert_eq!(averages, weights.tensors[8].values),
            count => {
                for (at, average) in averages.iter().enumerate() {
                    let sum: f32 = due_weights.iter().map(|weights| weights[at]).sum();
                    assert!((average - sum / count as f32).abs() < 1e-6);
                }
            }
        }
        // As a run that is taken up again.
        let state = learner.optimiser().unwrap();
        assert_eq!(state.averaged, due_weights.len() as u64);
        learner = swa(Some(&state), &weights);
    }
}
