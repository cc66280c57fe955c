//! Two training steps of data2vec give the losses, targets, gradients and teacher of PyTorch.
//! `tests/fixtures/make_data2vec_fixture.py` made the numbers.

use super::*;
use crate::objective::Data2vec;
use mynascope_encoder::{families::music2vec, load_weights};

const SETTINGS: Data2vec = Data2vec {
    span_share: 0.65,
    span_frames: 10,
    top_blocks: 2,
    decay_start: 0.9,
    decay_end: 0.99,
    decay_updates: 4,
    guard_after: 5000,
};

fn start(numbers: &Numbers) -> Weights {
    let mut weights = load_weights(&path("tests/fixtures/music2vec/hub"), None).unwrap();
    weights.tail = TrainingHead::Prediction;
    for spec in weights.tail.layout(&weights.config) {
        let (shape, values) = &numbers[&format!("init.{}", spec.name)];
        assert_eq!(shape, &spec.shape);
        let values = values.clone();
        weights.tensors.push(WeightTensor { spec, values });
    }
    weights
}

fn input(numbers: &Numbers) -> StepInput {
    let (shape, samples) = &numbers["input"];
    let windows: Vec<&[f32]> = samples.chunks_exact(shape[1]).collect();
    let (shape, hidden) = &numbers["hidden"];
    let hidden = hidden.chunks_exact(shape[1]);
    StepInput {
        batch: HostBatch::Samples(music2vec::cut(&windows, None).unwrap()),
        tracks: (0..windows.len()).collect(),
        schedule: StepSchedule {
            epoch: 0,
            gamma: 1.0,
        },
        targets: Targets::Hidden(
            hidden
                .map(|row| row.iter().map(|&frame| frame as usize).collect())
                .collect(),
        ),
    }
}

fn learner_of(start: &Weights) -> Learner<Flex> {
    Learner::new(
        LearnerSetup {
            data2vec: Some(SETTINGS),
            ..setup(start, None, Optimiser::AdamW)
        },
        Default::default(),
    )
}

fn assert_near(found: &[f32], expected: &[f32], most: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let errors = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let worst = errors.fold(0.0, f32::max);
    assert!(worst < most, "{what}: {worst}");
}

/// Whatever of a step the numbers have, in chunks of so many windows.
fn compare(learner: &Learner<Flex>, start: &Weights, numbers: &Numbers, step: usize, chunk: usize) {
    let number = |name: &str| f64::from(numbers[&format!("step{step}.{name}")].1[0]);
    let computed = learner.compute(&input(numbers), chunk, 0).unwrap();
    let near = |found: f64, name: &str| {
        let error = (found - number(name)).abs();
        assert!(error < 1e-5, "step {step} {name}: {error}");
    };
    near(computed.result.loss, "loss");
    let found = computed.result.hidden_frames.unwrap();
    near(found.target_deviation, "target_deviation");
    near(found.prediction_deviation, "prediction_deviation");
    let mut compared = 0;
    for (gradient, tensor) in computed.gradients.iter().zip(&start.tensors) {
        let name = format!("step{step}.grad.{}", tensor.spec.name);
        let Some((_, expected)) = numbers.get(&name) else {
            continue;
        };
        let gradient = gradient.as_ref().expect(&name);
        let gradient = gradient.download(&tensor.spec).unwrap();
        assert_near(&gradient, expected, 1e-4, &name);
        compared += 1;
    }
    assert_eq!(compared, [start.tensors.len(), 5][step]);
}

/// Gradients reach 8; the bounds leave room for another order of sums.
#[test]
fn losses_gradients_and_teacher_are_those_of_pytorch_in_whole_and_in_chunks() {
    let numbers = read(&path("tests/fixtures/music2vec/training.safetensors"));
    let start = start(&numbers);
    let mut learner = learner_of(&start);
    for chunk in [2, 1] {
        compare(&learner, &start, &numbers, 0, chunk);
    }
    let rule = StepRule {
        learning_rate: 5e-4,
        weight_decay: 0.01,
        ..rule(2)
    };
    assert!(learner.step(input(&numbers), rule).unwrap().applied);
    let taught = start.tensors.iter().map(|tensor| &tensor.spec);
    let taught = taught.filter(|spec| music2vec::is_taught(&spec.name));
    let state = learner.optimiser().unwrap();
    assert_eq!(taught.clone().count(), state.teacher.len());
    for (spec, values) in taught.zip(&state.teacher) {
        let name = format!("step1.teacher.{}", spec.name);
        assert_near(values, &numbers[&name].1, 5e-5, &name);
    }
    compare(&learner, &start, &numbers, 1, 2);
}

#[test]
fn targets_and_predictions_are_those_of_pytorch() {
    let numbers = read(&path("tests/fixtures/music2vec/training.safetensors"));
    let learner = learner_of(&start(&numbers));
    let input = input(&numbers);
    let parameters = learner.parameters.iter().cloned();
    let student = learner.assemble::<Flex>(Precision::F32, parameters, &learner.device);
    let student = student.unwrap();
    let mut outputs = learner
        .outputs(&student, &input, 0..2, &learner.device)
        .unwrap();
    let teacher = learner.teacher().unwrap();
    learner
        .teach(teacher.as_ref(), &input, 0..2, &mut outputs)
        .unwrap();
    for (name, found) in ["prediction", "target"].iter().zip(outputs) {
        let found = mynascope_encoder::numbers(found).unwrap();
        assert_near(&found, &numbers[&format!("step0.{name}")].1, 5e-5, name);
    }
}

/// The promise: a run that goes on has the teacher that it had, which is not its student.
#[test]
fn a_teacher_comes_back_from_its_numbers_and_a_new_one_is_the_student() {
    let numbers = read(&path("tests/fixtures/music2vec/training.safetensors"));
    let start = start(&numbers);
    let mut learner = learner_of(&start);
    for _ in 0..2 {
        learner.step(input(&numbers), rule(2)).unwrap();
    }
    let (weights, state) = (learner.weights().unwrap(), learner.optimiser().unwrap());
    let again = |state| {
        Learner::<Flex>::new(
            LearnerSetup {
                data2vec: Some(SETTINGS),
                state,
                ..setup(&weights, None, Optimiser::AdamW)
            },
            Default::default(),
        )
    };
    let mut resumed = again(Some(&state));
    assert_eq!(resumed.optimiser().unwrap(), state);
    let mut fresh = again(None);
    let loss = |learner: &mut Learner<Flex>| learner.step(input(&numbers), rule(2)).unwrap().loss;
    let expected = loss(&mut learner);
    assert_eq!(loss(&mut resumed), expected);
    assert_ne!(loss(&mut fresh), expected);
}

/// The fault: silence has no variance to divide by.
#[test]
fn a_silent_window_gives_finite_gradients() {
    let numbers = read(&path("tests/fixtures/music2vec/training.safetensors"));
    let mut learner = learner_of(&start(&numbers));
    let mut input = input(&numbers);
    let silence = music2vec::normalise(&[0.0; 8000]);
    let sound = &numbers["input"].1[..8000];
    input.batch = HostBatch::Samples(music2vec::cut(&[&silence, sound], None).unwrap());
    let result = learner.step(input, rule(2)).unwrap();
    assert!(result.applied && result.loss.is_finite(), "{result:?}");
}
