//! A training step of MT2 gives the losses and gradients of PyTorch. `tests/fixtures/make_mt2_fixtures.py` made the numbers.

use super::*;
use mynascope_encoder::families::mt2::{self, HEARD_VALUES};

const SIZES: mt2::Config = mt2::Config {
    dim: 64,
    depth: 2,
    heads: 1,
    mlp_dim: 64,
    frames: 40,
    ..mt2::Config::PUBLISHED
};

fn start(numbers: &Numbers) -> Weights {
    let config = EncoderConfig::Mt2(SIZES);
    let tensors = all_parameters(&config, &TrainingHead::None).into_iter();
    let tensors = tensors.map(|spec| {
        // The authors' name is known up to its module.
        let name = spec.name.replace("pos_emb", "pos_emb.pos_embedding");
        let (shape, values) = &numbers[&format!("init.{name}")];
        assert_eq!(shape, &spec.shape);
        WeightTensor {
            spec,
            values: values.clone(),
        }
    });
    Weights {
        config,
        tail: TrainingHead::None,
        tensors: tensors.collect(),
    }
}

/// Segments A, B and C of three tracks; the first `heard` windows keep their mel.
fn segments(numbers: &Numbers, views: usize, heard: usize) -> StepInput {
    let bins = |name: &str| -> Vec<usize> { numbers[name].1.iter().map(|&b| b as usize).collect() };
    let (o, t) = (bins("o"), bins("t"));
    let sides = [("decibels.a", &o), ("decibels.b", &o), ("decibels.a", &t)];
    let windows: Vec<Vec<f32>> = sides
        .iter()
        .take(views)
        .flat_map(|(name, bins)| {
            let tracks = numbers[*name].1.chunks_exact(SIZES.frames * HEARD_VALUES);
            tracks
                .zip(*bins)
                .map(|(track, &bin)| mt2::window_of(&SIZES, track, bin))
        })
        .collect();
    let windows: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
    let batch = HostBatch::Frames(mt2::cut(&SIZES, &windows, None).unwrap());
    StepInput {
        batch: batch.hear_first(heard),
        tracks: (0..3).collect(),
        schedule: StepSchedule {
            epoch: 0,
            gamma: 1.0,
        },
        targets: Targets::Segments {
            shifts: o
                .iter()
                .zip(&t)
                .map(|(&o, &t)| t as i32 - o as i32)
                .collect(),
        },
    }
}

fn learner_of(start: &Weights, cpsd: f64, contrast: f64, omega: u8) -> Learner<Flex> {
    let objective = (contrast > 0.0).then_some(Contrastive::InfoNce(InfoNce { tau: 0.1 }));
    Learner::new(
        LearnerSetup {
            equivariance: (cpsd > 0.0).then_some(Cpsd {
                omega,
                weight: cpsd,
            }),
            contrast_weight: contrast,
            ..setup(start, objective, Optimiser::AdamW)
        },
        Default::default(),
    )
}

fn near(found: f64, numbers: &Numbers, names: &[&str]) {
    let expected: f64 = names
        .iter()
        .map(|name| f64::from(numbers[*name].1[0]))
        .sum();
    assert!(
        (found - expected).abs() < 1e-5,
        "{names:?}: {found} for {expected}"
    );
}

/// The largest error of a gradient, as a share of the largest of all.
fn worst(
    computed: &[Option<Parameter<Flex>>],
    start: &Weights,
    numbers: &Numbers,
    prefix: &str,
) -> f32 {
    let mut worst = 0.0_f32;
    let mut compared = 0;
    for (gradient, tensor) in computed.iter().zip(&start.tensors) {
        let name = tensor.spec.name.replace("pos_emb", "pos_emb.pos_embedding");
        let Some((_, expected)) = numbers.get(&format!("{prefix}{name}")) else {
            continue;
        };
        let gradient = gradient.as_ref().unwrap().download(&tensor.spec).unwrap();
        assert_eq!(gradient.len(), expected.len(), "{name}");
        for (found, expected) in gradient.iter().zip(expected) {
            worst = worst.max((found - expected).abs());
        }
        compared += 1;
    }
    assert!(compared >= 3, "{prefix}");
    worst
}

/// Gradients reach 0.4; the bounds leave room for another order of sums.
#[test]
fn losses_and_gradients_are_those_of_pytorch_in_whole_and_in_chunks() {
    let numbers = read(&path("tests/fixtures/mt2/training.safetensors"));
    let start = start(&numbers);
    let learner = learner_of(&start, 1.0, 1.0, 7);
    for chunk in [3, 2, 1] {
        let computed = learner
            .compute(&segments(&numbers, 3, 9), chunk, 3)
            .unwrap();
        near(computed.result.loss, &numbers, &["cpsd", "nt_xent"]);
        let equivariance = computed.result.equivariance.unwrap();
        near(
            equivariance.cpsd,
            &numbers,
            &["same", "moved_ac", "moved_bc"],
        );
        assert_eq!(computed.result.matrix.unwrap().len(), 9);
        let worst = worst(&computed.gradients, &start, &numbers, "grad.");
        assert!(worst < 2e-5, "chunks of {chunk}: {worst}");
    }
    let computed = learner.compute(&segments(&numbers, 3, 6), 3, 0).unwrap();
    near(
        computed.result.equivariance.unwrap().cpsd,
        &numbers,
        &["unheard.cpsd"],
    );
    let worst = worst(&computed.gradients, &start, &numbers, "unheard.grad.");
    assert!(worst < 2e-5, "without the mel of C: {worst}");
}

/// The promise: an ablation leaves one loss out, and its weight is what it says.
#[test]
fn either_loss_can_be_left_out_and_weighed() {
    let numbers = read(&path("tests/fixtures/mt2/training.safetensors"));
    let start = start(&numbers);
    let of = |cpsd, contrast, omega, views| {
        let learner = learner_of(&start, cpsd, contrast, omega);
        let input = segments(&numbers, views, 9);
        let computed = learner.compute(&input, 3, 0).unwrap();
        let gradient = |name: &str| -> f32 {
            let at = start
                .tensors
                .iter()
                .position(|t| t.spec.name == name)
                .unwrap();
            let Some(gradient) = &computed.gradients[at] else {
                return 0.0;
            };
            let values = gradient.download(&start.tensors[at].spec).unwrap();
            values.iter().map(|v| v.abs()).sum()
        };
        let both = [
            gradient("cls_contrastive"),
            gradient("linear_out_stone.bias"),
        ];
        (computed.result, both)
    };
    let (fifths, [_, keys]) = of(2.0, 0.0, 7, 3);
    near(fifths.loss / 2.0, &numbers, &["cpsd"]);
    assert!(fifths.contrast.is_none() && keys > 0.0);
    let (semitones, _) = of(1.0, 0.0, 1, 3);
    near(semitones.loss, &numbers, &["cpsd.1"]);
    let (contrast, [token, keys]) = of(0.0, 3.0, 7, 2);
    near(contrast.loss / 3.0, &numbers, &["nt_xent"]);
    assert!(contrast.equivariance.is_none() && token > 0.0 && keys == 0.0);
}
