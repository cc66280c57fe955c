//! Logistic regression of all outputs at once: classes by softmax, tags each by itself.
//!
//! All outputs share their matrix products, so a step costs two products of [rows, dim] and [dim, outputs] however many
//! outputs there are, and each strength starts from the weights of the stronger one before it. The steps are those of
//! L-BFGS (Liu and Nocedal 1989; Nocedal and Wright 2006, algorithm 7.5) with backtracking.

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::{
    heads::Known,
    linear::{Affine, FitError},
    products::Matrices,
};
use mynascope_base::jobs::Watch;

/// Steps at most for one strength.
const STEPS: usize = 300;
/// Steps back that the curvature is estimated from.
const HISTORY: usize = 12;
/// The largest slope of the mean loss at which it counts as flat.
const FLAT: f32 = 1e-5;
/// A step that lowers the loss by a smaller share than this gains nothing; after [`IDLE`] such steps it ends.
const GAIN: f64 = 1e-6;
const IDLE: usize = 3;
/// Rows that one thread works on at a time; sums are added up in their order, whatever the threads.
const ROWS: usize = 1024;
/// What a class without training rows scores.
const NEVER: f64 = -1e9;

/// What the strengths share.
pub(super) struct LogisticData {
    /// [rows, dim].
    rows: Matrices,
    /// 0 or 1 for each row and learned output, [rows, learned].
    values: Vec<f32>,
    /// The outputs that can be learned: classes that occur; tags that hold for some rows and not for others.
    learned: Vec<usize>,
    outputs: usize,
    exclusive: bool,
    count: usize,
    dim: usize,
}

impl LogisticData {
    /// Of standardised rows, [rows, dim].
    pub(super) fn of(rows: &Array2<f64>, known: &Known, outputs: usize) -> Self {
        let all = known.values(outputs);
        let exclusive = matches!(known, Known::Classes(_));
        let count = rows.nrows();
        let learned: Vec<usize> = (0..outputs)
            .filter(|&output| {
                let yes = all.column(output).iter().filter(|&&v| v > 0.5).count();
                yes > 0 && (exclusive || yes < count)
            })
            .collect();
        let values = all
            .rows()
            .into_iter()
            .flat_map(|row| {
                let value = |&output: &usize| row.get(output).map_or(0.0, |&v| v as f32);
                learned.iter().map(value).collect::<Vec<f32>>()
            })
            .collect();
        let dim = rows.ncols();
        let rows = Matrices::new(rows.iter().map(|&v| v as f32).collect(), [count, dim]);
        Self {
            rows,
            values,
            learned,
            outputs,
            exclusive,
            count,
            dim,
        }
    }

    /// Weights [dim, learned] and biases [learned] to begin with: zeros.
    pub(super) fn start(&self) -> Vec<f32> {
        vec![0.0; (self.dim + 1) * self.learned.len()]
    }

    /// Moves `weights` to the least loss. `strength` is the L2 penalty per row, on the weights alone.
    pub(super) fn fit(
        &self,
        strength: f64,
        weights: &mut Vec<f32>,
        watch: &Watch<'_>,
    ) -> Result<Affine, FitError> {
        if !self.learned.is_empty() {
            let mut slope = vec![0.0; weights.len()];
            let mut path = Path::default();
            let mut loss = self.loss(weights, strength, &mut slope);
            let mut idle = 0;
            for _ in 0..STEPS {
                watch.check().map_err(FitError::Cancelled)?;
                if !loss.is_finite() {
                    return Err(FitError::Failed("its weights grew without bound".into()));
                }
                if slope.iter().all(|v| v.abs() <= FLAT) {
                    break;
                }
                let Some((next, next_slope, next_loss)) =
                    self.step(&path, weights, &slope, loss, strength)
                else {
                    // As low as single precision can tell.
                    break;
                };
                let gained = loss - next_loss;
                idle = if gained <= GAIN * loss.abs() {
                    idle + 1
                } else {
                    0
                };
                path.take_in(weights, &next, &slope, &next_slope);
                (*weights, slope, loss) = (next, next_slope, next_loss);
                if idle >= IDLE {
                    break;
                }
            }
        }
        Ok(self.affine(weights))
    }

    /// A step down that lowers the loss enough (Armijo's rule), with slope and loss where it leads.
    fn step(
        &self,
        path: &Path,
        weights: &[f32],
        slope: &[f32],
        loss: f64,
        strength: f64,
    ) -> Option<(Vec<f32>, Vec<f32>, f64)> {
        const ENOUGH: f64 = 1e-4;
        const HALVINGS: usize = 25;
        let mut way = path.descent(slope);
        let mut falls = dot(&way, slope);
        if falls >= 0.0 {
            way = slope.iter().map(|v| -v).collect();
            falls = -dot(slope, slope);
        }
        // Without a history the slope's length means nothing.
        let mut far = match path.0.is_empty() {
            true => 1.0 / dot(slope, slope).sqrt().max(1.0),
            false => 1.0,
        };
        let mut next_slope = vec![0.0; weights.len()];
        for _ in 0..HALVINGS {
            let by = far as f32;
            let next: Vec<f32> = weights.iter().zip(&way).map(|(w, d)| w + by * d).collect();
            let found = self.loss(&next, strength, &mut next_slope);
            if found.is_finite() && found <= loss + ENOUGH * far * falls {
                return Some((next, next_slope, found));
            }
            far *= 0.5;
        }
        None
    }

    /// The mean loss of the rows with the penalty, and its slope by weights and biases.
    fn loss(&self, weights: &[f32], strength: f64, slope: &mut [f32]) -> f64 {
        let outputs = self.learned.len();
        let (matrix, bias) = weights.split_at(self.dim * outputs);
        let mut scores = self
            .rows
            .times(&Matrices::new(matrix.to_vec(), [self.dim, outputs]));
        let share = 1.0 / self.count.max(1) as f32;
        let parts: Vec<(f64, Vec<f32>)> = scores
            .values_mut()
            .par_chunks_mut(ROWS * outputs)
            .zip(self.values.par_chunks(ROWS * outputs))
            .map(|(scores, values)| {
                let mut sums = vec![0.0; outputs];
                let rows = scores.chunks_exact_mut(outputs);
                let lost = rows
                    .zip(values.chunks_exact(outputs))
                    .map(|(scores, values)| {
                        let lost = match self.exclusive {
                            true => of_classes(scores, values, bias),
                            false => of_tags(scores, values, bias),
                        };
                        for (sum, score) in sums.iter_mut().zip(scores) {
                            *score *= share;
                            *sum += *score;
                        }
                        lost
                    })
                    .sum();
                (lost, sums)
            })
            .collect();
        let moment = self.rows.transposed_times(&scores);
        let (by_weight, by_bias) = slope.split_at_mut(self.dim * outputs);
        let decay = strength as f32;
        for ((slope, &moment), &weight) in by_weight.iter_mut().zip(moment.values()).zip(matrix) {
            *slope = moment + decay * weight;
        }
        by_bias.fill(0.0);
        let mut lost = 0.0;
        for (part, sums) in &parts {
            lost += part;
            for (slope, sum) in by_bias.iter_mut().zip(sums) {
                *slope += sum;
            }
        }
        lost * f64::from(share) + 0.5 * strength * dot(matrix, matrix)
    }

    fn affine(&self, weights: &[f32]) -> Affine {
        let learned = self.learned.len();
        let (matrix, bias) = weights.split_at(self.dim * learned);
        let absent = if self.exclusive { NEVER } else { 0.0 };
        let mut affine = Affine {
            weights: Array2::zeros((self.dim, self.outputs)),
            bias: Array1::from_elem(self.outputs, absent),
        };
        for (row, mut to) in matrix
            .chunks_exact(learned.max(1))
            .zip(affine.weights.rows_mut())
        {
            for (&output, &value) in self.learned.iter().zip(row) {
                if let Some(to) = to.get_mut(output) {
                    *to = f64::from(value);
                }
            }
        }
        for (&output, &value) in self.learned.iter().zip(bias) {
            if let Some(to) = affine.bias.get_mut(output) {
                *to = f64::from(value);
            }
        }
        affine
    }
}

/// Turns the scores of a row into what they claim minus what is true, and gives the row's loss.
fn of_classes(scores: &mut [f32], values: &[f32], bias: &[f32]) -> f64 {
    let mut most = f32::NEG_INFINITY;
    for (score, bias) in scores.iter_mut().zip(bias) {
        *score += bias;
        most = most.max(*score);
    }
    let (mut sum, mut truth) = (0.0, 0.0);
    for (score, value) in scores.iter_mut().zip(values) {
        truth += value * (*score - most);
        *score = (*score - most).exp();
        sum += *score;
    }
    for (score, value) in scores.iter_mut().zip(values) {
        *score = *score / sum - value;
    }
    f64::from(sum.ln() - truth)
}

fn of_tags(scores: &mut [f32], values: &[f32], bias: &[f32]) -> f64 {
    let mut lost = 0.0;
    for ((score, value), bias) in scores.iter_mut().zip(values).zip(bias) {
        let logit = *score + bias;
        // log(1 + e^z) without overflow.
        lost += f64::from(logit.max(0.0) + (-logit.abs()).exp().ln_1p() - value * logit);
        *score = 1.0 / (1.0 + (-logit).exp()) - value;
    }
    lost
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(&a, &b)| f64::from(a) * f64::from(b))
        .sum()
}

/// The last steps and how the slope changed over each, newest last, with their product.
#[derive(Default)]
struct Path(Vec<(Vec<f32>, Vec<f32>, f64)>);

impl Path {
    fn take_in(&mut self, from: &[f32], to: &[f32], slope: &[f32], next_slope: &[f32]) {
        let minus =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f32>>();
        let (moved, bent) = (minus(to, from), minus(next_slope, slope));
        let along = dot(&moved, &bent);
        // Rounding can make a convex loss look bent downwards.
        if along <= 1e-10 * dot(&bent, &bent) {
            return;
        }
        if self.0.len() == HISTORY {
            self.0.remove(0);
        }
        self.0.push((moved, bent, along));
    }

    /// Minus the slope, times the estimated inverse curvature.
    fn descent(&self, slope: &[f32]) -> Vec<f32> {
        let mut way: Vec<f32> = slope.iter().map(|v| -v).collect();
        let mut shares = Vec::with_capacity(self.0.len());
        for (moved, bent, along) in self.0.iter().rev() {
            let share = dot(moved, &way) / along;
            add(&mut way, bent, -share);
            shares.push(share);
        }
        if let Some((_, bent, along)) = self.0.last() {
            let scale = (along / dot(bent, bent).max(1e-30)) as f32;
            way.iter_mut().for_each(|v| *v *= scale);
        }
        for ((moved, bent, along), share) in self.0.iter().zip(shares.iter().rev()) {
            let back = dot(bent, &way) / along;
            add(&mut way, moved, share - back);
        }
        way
    }
}

fn add(to: &mut [f32], what: &[f32], times: f64) {
    let times = times as f32;
    for (to, what) in to.iter_mut().zip(what) {
        *to += times * what;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::tokens::{Purpose, stream};

    /// Rows of noise, and outputs that lean on the first columns.
    fn data(outputs: usize) -> (Array2<f64>, Array2<f64>) {
        let mut random = stream(4, 0, 0, Purpose::Demo);
        let rows = Array2::from_shape_simple_fn((60, 5), || random.normal());
        let values = Array2::from_shape_fn((60, outputs), |(row, output)| {
            let lean = rows[(row, output)] + 0.7 * random.normal();
            f64::from(u8::from(lean > 0.2))
        });
        (rows, values)
    }

    /// At the least loss the slope in double precision, by the definition, is zero.
    #[test]
    fn the_solution_has_no_slope_left_and_comes_out_the_same_from_any_start() {
        let (rows, values) = data(3);
        let classes: Vec<usize> = (0..60)
            .map(|row| {
                (0..3)
                    .find(|&output| values[(row, output)] > 0.5)
                    .unwrap_or(3)
            })
            .collect();
        for known in [Known::Tags(values.clone()), Known::Classes(classes)] {
            let outputs = if matches!(known, Known::Tags(_)) {
                3
            } else {
                4
            };
            let data = LogisticData::of(&rows, &known, outputs);
            let watch = Watch::unattended();
            let mut warm = data.start();
            for strength in [1.0, 0.1, 0.01] {
                let affine = data.fit(strength, &mut warm, &watch).ok().unwrap();
                let mut cold = data.start();
                let again = data.fit(strength, &mut cold, &watch).ok().unwrap();
                let apart = (&affine.weights - &again.weights).mapv(f64::abs);
                assert!(apart.iter().all(|v| *v < 5e-3), "{strength}: {apart}");
                let scores = affine.scores(&rows);
                let claims = match &known {
                    Known::Tags(_) => scores.mapv(|v| 1.0 / (1.0 + (-v).exp())),
                    _ => {
                        let powers = scores.mapv(f64::exp);
                        let sums = powers.sum_axis(ndarray::Axis(1));
                        powers / sums.insert_axis(ndarray::Axis(1))
                    }
                };
                let missed = (claims - known.values(outputs)) / 60.0;
                let slope = rows.t().dot(&missed) + strength * &affine.weights;
                assert!(slope.iter().all(|v| v.abs() < 1e-3), "{strength}: {slope}");
                assert!(
                    missed
                        .sum_axis(ndarray::Axis(0))
                        .iter()
                        .all(|v| v.abs() < 1e-3)
                );
            }
        }
    }

    #[test]
    fn outputs_that_cannot_be_learned_are_left_alone() {
        let (rows, _) = data(1);
        let classes: Vec<usize> = (0..60)
            .map(|row| if rows[(row, 0)] > 0.0 { 2 } else { 0 })
            .collect();
        let data = LogisticData::of(&rows, &Known::Classes(classes), 3);
        let affine = data
            .fit(0.1, &mut data.start(), &Watch::unattended())
            .ok()
            .unwrap();
        assert_eq!(affine.bias[1], NEVER);
        let tags = Array2::from_shape_fn((60, 2), |(_, tag)| tag as f64);
        let data = LogisticData::of(&rows, &Known::Tags(tags), 2);
        let affine = data
            .fit(0.1, &mut data.start(), &Watch::unattended())
            .ok()
            .unwrap();
        assert!(affine.scores(&rows).iter().all(|score| *score == 0.0));
    }
}
