//! t-SNE (van der Maaten and Hinton 2008, Barnes-Hut variant 2014) with the settings of openTSNE.
//!
//! The tree is that of the crate bhtsne. Its loop is written out here: bhtsne 0.7 sums in an order that depends on the threads, so
//! that only one thread gives one map for one seed; its gains are capped at 2 and its learning rate is a quarter of the others'.
//! `tests/map_quality.md` holds the numbers.

use barnes_hut_tree::{BarnesHutTree, Dim, Morton};
use ndarray::Array2;
use rayon::prelude::*;

use super::{MapSettings, affinities::Affinities};
use mynascope_base::jobs::{Cancelled, Watch};
use mynascope_spectrum::tokens::{Purpose, stream};

/// Opening angle of Barnes-Hut: farther cells count as one point.
const THETA: f32 = 0.5;
/// Iterations with exaggerated attraction, and how strong it is (Belkina et al. 2019, as openTSNE and scikit-learn).
const EARLY_ITERATIONS: usize = 250;
const EXAGGERATION: f32 = 12.0;
/// Momentum in the early iterations and after them.
const EARLY_MOMENTUM: f32 = 0.5;
const MOMENTUM: f32 = 0.8;
/// Least learning rate, as in scikit-learn; else it is the number of rows over the exaggeration (Belkina et al. 2019).
const LEAST_RATE: f32 = 50.0;
/// How the gain of a coordinate grows where it turns back, shrinks where it goes on, and what is left of it.
const GAINS: [f32; 3] = [0.2, 0.8, 0.01];
/// No point moves further in an iteration.
const GREATEST_STEP: f32 = 5.0;
/// Spread of the first positions along their widest direction.
const FIRST_SPREAD: f64 = 1e-4;
/// Noise on the first positions, as a share of their spread: what the seed decides.
const NOISE: f64 = 0.01;
/// Iterations between two reports.
const TELL_EVERY: usize = 5;
/// Points that a thread takes at least.
const FEWEST_POINTS: usize = 64;

/// Lays rows [rows, columns] out by their affinities, begun from the two leading columns. It reports its progress, hands moving
/// points to `moved`, and can be stopped at any iteration. Every sum has one order, whatever the threads: the same seed gives
/// the same map.
pub(super) fn tsne(
    rows: &Array2<f64>,
    affinities: &Affinities,
    settings: &MapSettings,
    watch: &Watch<'_>,
    moved: &mut (dyn FnMut(&[[f32; 2]]) + Send),
) -> Result<Vec<[f32; 2]>, Cancelled> {
    let all = settings.steps(rows.nrows());
    let early = EARLY_ITERATIONS.min(all / 4);
    let mut points = first_positions(rows, settings.seed);
    let mut tree = Tree::empty();
    for (iterations, exaggeration, momentum) in [
        (0..early, EXAGGERATION, EARLY_MOMENTUM),
        (early..all, 1.0, MOMENTUM),
    ] {
        let mut descent = Descent {
            rate: (points.len() as f32 / exaggeration).max(LEAST_RATE),
            momentum,
            states: vec![State::default(); points.len()],
        };
        for iteration in iterations {
            watch.check()?;
            let gradient = gradient(&points, affinities, exaggeration, &mut tree);
            descent.step(&mut points, &gradient);
            centre(&mut points);
            let done = iteration + 1;
            if done.is_multiple_of(TELL_EVERY) || done == all {
                watch.progress("laying out the map", done as u64, Some(all as u64));
                moved(&points);
            }
        }
    }
    Ok(points)
}

/// A tree over the points, in which far cells count as one.
type Tree = BarnesHutTree<f32, <Dim<2> as Morton<2>>::Word, 2>;

/// Of the divergence at every point (van der Maaten 2014, eq. 7): neighbours draw, all others push.
fn gradient(
    points: &[[f32; 2]],
    affinities: &Affinities,
    exaggeration: f32,
    tree: &mut Tree,
) -> Vec<[f32; 2]> {
    let flat = points.as_flattened();
    tree.rebuild_uniform(flat);
    let tree = &*tree;
    let forces: Vec<([f32; 2], [f32; 2], f32)> = points
        .par_iter()
        .enumerate()
        .with_min_len(FEWEST_POINTS)
        .map_init(
            <Dim<2> as Morton<2>>::empty_stack,
            |stack, (point, here)| {
                let (mut push, mut sum) = ([0.0; 2], 0.0);
                let stack = stack.as_mut();
                tree.compute_non_edge_forces(
                    point,
                    THETA * THETA,
                    flat,
                    &mut push,
                    &mut sum,
                    stack,
                );
                let mut draw = [0.0; 2];
                for (other, share) in affinities.of_row(point) {
                    let Some(there) = points.get(other) else {
                        continue;
                    };
                    let way = [here[0] - there[0], here[1] - there[1]];
                    let weight = share / (1.0 + way[0] * way[0] + way[1] * way[1]);
                    draw[0] += weight * way[0];
                    draw[1] += weight * way[1];
                }
                (draw, push, sum)
            },
        )
        .collect();
    let whole: f64 = forces.iter().map(|(.., sum)| f64::from(*sum)).sum();
    let share = (1.0 / whole.max(f64::MIN_POSITIVE)) as f32;
    let of_point = |(draw, push, _): &([f32; 2], [f32; 2], f32)| {
        let along = |draw: f32, push: f32| 4.0 * (exaggeration * draw - push * share);
        [along(draw[0], push[0]), along(draw[1], push[1])]
    };
    forces.iter().map(of_point).collect()
}

/// Gradient descent with momentum and a gain for each coordinate (Jacobs 1988).
struct Descent {
    rate: f32,
    momentum: f32,
    states: Vec<State>,
}

/// How a point moves.
#[derive(Clone)]
struct State {
    speed: [f32; 2],
    gains: [f32; 2],
}

impl Default for State {
    fn default() -> Self {
        Self {
            speed: [0.0; 2],
            gains: [1.0; 2],
        }
    }
}

impl Descent {
    fn step(&mut self, points: &mut [[f32; 2]], gradient: &[[f32; 2]]) {
        let [growth, decay, least] = GAINS;
        for ((point, slope), state) in points.iter_mut().zip(gradient).zip(&mut self.states) {
            let State { speed, gains } = state;
            for ((speed, gain), slope) in speed.iter_mut().zip(gains).zip(slope) {
                let turns_back = (*slope > 0.0) != (*speed > 0.0);
                *gain = if turns_back {
                    *gain + growth
                } else {
                    (*gain * decay).max(least)
                };
                *speed = self.momentum * *speed - self.rate * *gain * slope;
            }
            let length = speed[0].hypot(speed[1]);
            let brake = (GREATEST_STEP / length).min(1.0);
            for (place, speed) in point.iter_mut().zip(speed) {
                *place += brake * *speed;
            }
        }
    }
}

/// Moves the mean of the points to the origin.
fn centre(points: &mut [[f32; 2]]) {
    let mut mean = [0.0_f64; 2];
    for point in points.iter() {
        mean[0] += f64::from(point[0]);
        mean[1] += f64::from(point[1]);
    }
    let mean = mean.map(|sum| (sum / points.len().max(1) as f64) as f32);
    for point in points {
        point[0] -= mean[0];
        point[1] -= mean[1];
    }
}

/// The two leading columns, small, with a little noise of the seed.
fn first_positions(rows: &Array2<f64>, seed: u64) -> Vec<[f32; 2]> {
    let mut random = stream(seed, 0, 0, Purpose::Order);
    let widest = rows.column(0);
    let square = widest.iter().map(|value| value * value).sum::<f64>();
    let spread = (square / widest.len().max(1) as f64).sqrt();
    let scale = FIRST_SPREAD / spread.max(f64::MIN_POSITIVE);
    rows.rows()
        .into_iter()
        .map(|row| {
            let at = |column: usize| row.get(column).copied().unwrap_or(0.0) * scale;
            [at(0), at(1)]
        })
        .map(|place| place.map(|along| (along + NOISE * FIRST_SPREAD * random.normal()) as f32))
        .collect()
}
