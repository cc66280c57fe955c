//! UMAP (McInnes, Healy and Melville 2018, arXiv:1802.03426) as umap-learn 0.5 computes it, begun from PCA.
//!
//! Written out because no crate fits: umap-rs 0.4 draws from the thread's random numbers and moves points from several
//! threads without order, so no two maps are equal; manifolds-rs 0.8 knows neither progress nor a way to be stopped and
//! brings 24 crates, among them a second linear algebra. `tests/map_quality.md` compares this with umap-learn.

use mynascope_base::jobs::Watch;
use mynascope_spectrum::tokens::{Purpose, Stream, stream};

use super::{MapError, MapSettings, nearest::nearest};

/// The curve 1 / (1 + a d^2b) that is nearest to umap-learn's usual least distance 0.1 and spread 1, as it fits them.
const A: f32 = 1.576_943_5;
const B: f32 = 0.895_060_9;
/// Points that are pushed away for each pair that is drawn together.
const NEGATIVES: f64 = 5.0;
/// No coordinate moves further in a step of rate 1.
const GREATEST_STEP: f32 = 4.0;
/// Side of the square that the first positions fill, and their noise: what the seed decides.
const FIRST_SIDE: f64 = 10.0;
const NOISE: f64 = 1e-4;
/// Halvings of the interval in which the width of a neighbourhood is sought, and the least width as a share of the mean
/// distance.
const SEARCH_STEPS: usize = 64;
const LEAST_WIDTH: f64 = 1e-3;

/// Lays rows [rows, columns] out. `first` are the two leading components [rows]. It reports its progress, hands moving points to `moved`, and can be stopped at any epoch. One
/// thread, so that the same seed gives the same map.
pub(super) fn umap(
    (values, columns): (&[f32], usize),
    first: &[[f64; 2]],
    settings: &MapSettings,
    watch: &Watch<'_>,
    moved: &mut (dyn FnMut(&[[f32; 2]]) + Send),
) -> Result<Vec<[f32; 2]>, MapError> {
    watch.progress("finding neighbours", 0, None);
    let all: Vec<usize> = (0..first.len()).collect();
    let others = settings.neighbours.saturating_sub(1);
    let near = nearest(values, columns, &all, others, watch)?;
    let epochs = settings.steps(first.len());
    let pairs = pairs(&near, epochs);
    let mut random = stream(settings.seed, 0, 0, Purpose::Order);
    let mut map = first_positions(first, &mut random);
    let mut schedule: Vec<Turns> = pairs.iter().map(|pair| Turns::of(pair.every)).collect();
    for epoch in 0..epochs {
        watch.check()?;
        let rate = 1.0 - epoch as f32 / epochs as f32;
        for (pair, turns) in pairs.iter().zip(&mut schedule) {
            if turns.together > epoch as f64 {
                continue;
            }
            turns.together += pair.every;
            draw_together(&mut map, pair, rate);
            let apart = ((epoch as f64 - turns.apart) * NEGATIVES / pair.every).max(0.0) as usize;
            for _ in 0..apart {
                let other = random.below(map.len());
                push_away(&mut map, pair.from, other, rate);
            }
            turns.apart += apart as f64 * pair.every / NEGATIVES;
        }
        watch.progress("laying out the map", epoch as u64 + 1, Some(epochs as u64));
        moved(&map);
    }
    Ok(map)
}

/// Two rows that belong together, in one of the two directions.
struct Pair {
    from: usize,
    to: usize,
    /// Epochs between two of its turns: 1 for the strongest pair.
    every: f64,
}

/// When a pair is drawn together next, and when something is pushed away from it.
struct Turns {
    together: f64,
    apart: f64,
}

impl Turns {
    fn of(every: f64) -> Self {
        Self {
            together: every,
            apart: every / NEGATIVES,
        }
    }
}

/// The fuzzy union of all neighbourhoods (section 3.1): `a + b - a b` of what each end of a pair holds of the other.
/// Pairs that would have less than one turn in all epochs are left out.
fn pairs(near: &[Vec<(usize, f32)>], epochs: usize) -> Vec<Pair> {
    let sum: f64 = near.iter().flatten().map(|&(_, d)| f64::from(d)).sum();
    let count = near.iter().map(|line| line.len() + 1).sum::<usize>();
    let mean = sum / count.max(1) as f64;
    let held: Vec<Vec<(usize, f64)>> = near.iter().map(|line| membership(line, mean)).collect();
    let back = |from: usize, to: usize| {
        let line = held.get(to).into_iter().flatten();
        line.clone().find(|(row, _)| *row == from).map(|(_, w)| *w)
    };
    let mut strengths = Vec::new();
    for (from, line) in held.iter().enumerate() {
        for &(to, there) in line {
            let here = back(from, to);
            let other = here.unwrap_or(0.0);
            let strength = there + other - there * other;
            strengths.push((from, to, strength));
            if here.is_none() {
                strengths.push((to, from, strength));
            }
        }
    }
    strengths.sort_unstable_by_key(|&(from, to, _)| (from, to));
    let strongest = strengths.iter().map(|pair| pair.2).fold(0.0, f64::max);
    strengths
        .into_iter()
        .map(|(from, to, strength)| Pair {
            from,
            to,
            every: strongest / strength,
        })
        .filter(|pair| pair.every <= epochs as f64)
        .collect()
}

/// How much each neighbour belongs to a row: 1 for the nearest, then `exp(-(d - nearest) / width)`, with a width for
/// which they sum up to log2 of their number (the row itself counted). `mean` is the mean distance of the whole table.
fn membership(line: &[(usize, f32)], mean: f64) -> Vec<(usize, f64)> {
    let distances = || line.iter().map(|&(_, distance)| f64::from(distance));
    let nearest = distances().find(|&distance| distance > 0.0).unwrap_or(0.0);
    let target = ((line.len() + 1) as f64).log2();
    let weight = |distance: f64, width: f64| match distance - nearest {
        beyond if beyond > 0.0 => (-beyond / width).exp(),
        _ => 1.0,
    };
    let (mut low, mut high, mut width) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..SEARCH_STEPS {
        if distances().map(|d| weight(d, width)).sum::<f64>() > target {
            high = width;
        } else {
            low = width;
        }
        width = match high.is_finite() {
            true => 0.5 * (low + high),
            false => 2.0 * width,
        };
    }
    let own = distances().sum::<f64>() / (line.len() + 1) as f64;
    let least = LEAST_WIDTH * if nearest > 0.0 { own } else { mean };
    let width = width.max(least).max(f64::MIN_POSITIVE);
    let of = |&(row, distance): &(usize, f32)| (row, weight(f64::from(distance), width));
    line.iter().map(of).collect()
}

/// The two leading components, each over the whole side, with a little noise.
fn first_positions(first: &[[f64; 2]], random: &mut Stream) -> Vec<[f32; 2]> {
    let bounds = |axis: fn(&[f64; 2]) -> f64| {
        let values = first.iter().map(axis);
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        (low, FIRST_SIDE / (high - low).max(f64::MIN_POSITIVE))
    };
    let (x, y) = (bounds(|place| place[0]), bounds(|place| place[1]));
    let mut place = |value: f64, (low, scale): (f64, f64)| {
        let at = ((value - low) * scale).min(FIRST_SIDE);
        (at + NOISE * random.normal()) as f32
    };
    first
        .iter()
        .map(|place_of| [place(place_of[0], x), place(place_of[1], y)])
        .collect()
}

/// Both ends of a pair go towards each other (appendix C: the gradient of the attraction).
fn draw_together(map: &mut [[f32; 2]], pair: &Pair, rate: f32) {
    let (Some(&from), Some(&to)) = (map.get(pair.from), map.get(pair.to)) else {
        return;
    };
    let square = square(from, to);
    if square <= 0.0 {
        return;
    }
    let power = square.powf(B);
    let pull = -2.0 * A * B * power / (square * (1.0 + A * power));
    let step = step(from, to, pull, rate);
    shift(map, pair.from, step);
    shift(map, pair.to, step.map(|by| -by));
}

/// A point goes away from another one (the gradient of the repulsion).
fn push_away(map: &mut [[f32; 2]], row: usize, other: usize, rate: f32) {
    let (Some(&from), Some(&to)) = (map.get(row), map.get(other)) else {
        return;
    };
    let square = square(from, to);
    if square <= 0.0 {
        return;
    }
    let push = 2.0 * B / ((0.001 + square) * (1.0 + A * square.powf(B)));
    let step = step(from, to, push, rate);
    shift(map, row, step);
}

fn square(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
}

fn step(from: [f32; 2], to: [f32; 2], strength: f32, rate: f32) -> [f32; 2] {
    let along = |a: f32, b: f32| rate * (strength * (a - b)).clamp(-GREATEST_STEP, GREATEST_STEP);
    [along(from[0], to[0]), along(from[1], to[1])]
}

fn shift(map: &mut [[f32; 2]], row: usize, [x, y]: [f32; 2]) {
    if let Some(point) = map.get_mut(row) {
        *point = [point[0] + x, point[1] + y];
    }
}
