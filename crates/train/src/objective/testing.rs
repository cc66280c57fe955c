//! Finite differences against definitions in f64.

use burn::{
    backend::Flex,
    tensor::{Tensor, TensorData},
};

use super::{Contrastive, Rows, StepSchedule, Views};

/// Rows of numbers between -1 and 1 that depend on the seed only.
pub fn rows(count: usize, dim: usize, seed: u32) -> Vec<Vec<f64>> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 23) - 1.0
    };
    (0..count)
        .map(|_| (0..dim).map(|_| next()).collect())
        .collect()
}

/// Cosine of two rows.
pub fn cosine(x: &[f64], y: &[f64]) -> f64 {
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    dot(x, y) / (dot(x, x) * dot(y, y)).sqrt()
}

pub fn tensor(rows: &[Vec<f64>]) -> Tensor<Flex, 2> {
    let values: Vec<f32> = rows.iter().flatten().map(|&value| value as f32).collect();
    let shape = [rows.len(), rows[0].len()];
    Tensor::from_data(TensorData::new(values, shape), &Default::default())
}

/// Loss, gradients of both views and temperature gradient of one pass.
pub fn pass(
    objective: &Contrastive,
    a: &[Vec<f64>],
    b: &[Vec<f64>],
    rows: &mut Rows,
    schedule: StepSchedule,
) -> (f64, [Vec<f32>; 2], Vec<f64>) {
    let views = Views::new(tensor(a), tensor(b));
    let output = objective
        .loss(&views.similarities(), rows, schedule)
        .unwrap();
    let gradients = views
        .gradients(output.grad)
        .map(|gradient| gradient.into_data().into_vec::<f32>().unwrap());
    (output.loss, gradients, output.temperature)
}

/// Central difference of a function of one number.
pub fn slope(function: impl Fn(f64) -> f64, at: f64) -> f64 {
    let step = 1e-5;
    (function(at + step) - function(at - step)) / (2.0 * step)
}

/// Asserts that two numbers agree to a share of `scale`.
pub fn close(found: f64, expected: f64, scale: f64, what: &str) {
    assert!(
        (found - expected).abs() <= 2e-5 * scale.max(1e-3),
        "{what}: {found} for {expected}"
    );
}

/// Asserts value and gradient of an objective without such state (or at gamma = 1) against a definition.
pub fn gradient_is_that_of(
    objective: &Contrastive,
    formula: impl Fn(&[Vec<f64>], &[Vec<f64>]) -> f64,
) {
    let (a, b) = (rows(5, 4, 7), rows(5, 4, 8));
    let mut rows = objective.track_state(5).rows(&[0, 1, 2, 3, 4]);
    let schedule = StepSchedule {
        epoch: 0,
        gamma: 1.0,
    };
    let (loss, gradients, _) = pass(objective, &a, &b, &mut rows, schedule);
    let expected = formula(&a, &b);
    close(loss, expected, expected.abs(), "loss");
    let scale = gradients
        .iter()
        .flatten()
        .fold(0.0_f64, |most, value| most.max(f64::from(value.abs())));
    for (view, gradients) in gradients.iter().enumerate() {
        for (place, &found) in gradients.iter().enumerate() {
            let (row, column) = (place / 4, place % 4);
            let moved = |value: f64| {
                let (mut a, mut b) = (a.clone(), b.clone());
                let rows = if view == 0 { &mut a } else { &mut b };
                rows[row][column] = value;
                formula(&a, &b)
            };
            let at = if view == 0 {
                a[row][column]
            } else {
                b[row][column]
            };
            close(f64::from(found), slope(moved, at), scale, "gradient");
        }
    }
}
