//! t-SNE with bhtsne, its settings those of openTSNE.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use bhtsne::tSNE;
use ndarray::Array2;
use rayon::ThreadPoolBuilder;

use super::{MapError, MapSettings};
use mynascope_base::jobs::{self, Cancelled, Watch};
use mynascope_spectrum::tokens::{Purpose, stream};

/// Opening angle of Barnes-Hut: farther cells count as one point.
const THETA: f32 = 0.5;
/// Iterations with exaggerated attraction, and how strong it is (Belkina et al. 2019, as openTSNE and scikit-learn).
const EARLY_ITERATIONS: usize = 250;
const EXAGGERATION: f32 = 12.0;
/// Momentum in the early iterations and after them.
const MOMENTUM: [f32; 2] = [0.5, 0.8];
/// Spread of the first positions along their widest direction.
const FIRST_SPREAD: f64 = 1e-4;
/// Noise on the first positions, as a share of their spread: what the seed decides.
const NOISE: f64 = 0.01;
/// Least learning rate, as in scikit-learn (whose gradient is four times as large).
const LEAST_RATE: f32 = 200.0;
/// Iterations between two reports.
const TELL_EVERY: usize = 5;

/// The t-SNE of bhtsne on [rows, columns], begun from the two leading columns. It reports its progress, hands moving
/// points to `moved`, and can be stopped at any iteration. One thread, so that its sums have one order and the same
/// seed gives the same map.
///
/// bhtsne left to itself ends too early: it caps the gains of its coordinates at 2, which the published algorithm
/// lets grow, and its automatic learning rate is a quarter of the others' because its gradient lacks their factor 4.
/// Two fits with rates of four times N / exaggeration (N / 3, then 4 N) make up for both; `tests/map_quality.md`
/// holds the numbers.
pub(super) fn tsne(
    rows: &Array2<f64>,
    settings: &MapSettings,
    watch: &Watch<'_>,
    moved: &mut (dyn FnMut(&[[f32; 2]]) + Send),
) -> Result<Vec<[f64; 2]>, MapError> {
    let engine = |error: &dyn std::fmt::Display| MapError::Engine(error.to_string());
    let values: Vec<f32> = rows.iter().map(|&value| value as f32).collect();
    let first = first_positions(rows, settings.seed);
    let pool = ThreadPoolBuilder::new()
        .num_threads(1)
        .thread_name(|_| "t-sne".to_owned())
        .build()
        .map_err(|error| engine(&error))?;
    let columns = rows.ncols();
    let fitted = pool.install(|| {
        catch_unwind(AssertUnwindSafe(|| {
            fit(&values, columns, first, settings, watch, moved)
        }))
    });
    match fitted {
        Ok(xy) => Ok(xy
            .chunks_exact(2)
            .filter_map(|pair| Some([f64::from(*pair.first()?), f64::from(*pair.get(1)?)]))
            .collect()),
        Err(payload) if payload.is::<Cancelled>() => Err(Cancelled.into()),
        Err(payload) => Err(MapError::Engine(jobs::panic_message(&*payload))),
    }
}

fn fit(
    values: &[f32],
    columns: usize,
    first: Vec<f32>,
    settings: &MapSettings,
    watch: &Watch<'_>,
    moved: &mut (dyn FnMut(&[[f32; 2]]) + Send),
) -> Vec<f32> {
    let samples: Vec<&[f32]> = values.chunks_exact(columns).collect();
    let all = settings.steps(samples.len());
    let early = EARLY_ITERATIONS.min(all / 4);
    let rate = samples.len() as f32 * 4.0;
    let mut tell = |done: usize, flat: &[f32]| {
        if watch.check().is_err() {
            // The engine knows no other way out of its loop. No panic: no hook runs, and `tsne` catches it.
            resume_unwind(Box::new(Cancelled));
        }
        if done.is_multiple_of(TELL_EVERY) || done == all {
            watch.progress("laying out the map", done as u64, Some(all as u64));
            moved(flat.as_chunks::<2>().0);
        }
    };
    watch.progress("finding neighbours", 0, None);
    let (between, affinities) = {
        let mut tsne: tSNE<'_, f32, &[f32]> = tSNE::new(&samples);
        tsne.perplexity(settings.perplexity as f32)
            .epochs(early)
            .momentum(MOMENTUM[0])
            .momentum_switch_epoch(early + 1)
            .early_exaggeration(EXAGGERATION)
            .stop_lying_epoch(early + 1)
            .learning_rate((rate / EXAGGERATION).max(LEAST_RATE))
            .initial_embedding(first)
            .epoch_callback(|epoch, flat| tell(epoch + 1, flat))
            .barnes_hut(THETA, |a, b| distance(a, b));
        (tsne.embedding().to_vec(), tsne.affinities())
    };
    let mut tsne: tSNE<'_, f32, &[f32]> = tSNE::new(&samples);
    tsne.perplexity(settings.perplexity as f32);
    if let Some(affinities) = affinities {
        tsne.with_affinities(affinities);
    }
    tsne.epochs(all - early)
        .momentum(MOMENTUM[1])
        .final_momentum(MOMENTUM[1])
        .early_exaggeration(1.0)
        .stop_lying_epoch(0)
        .learning_rate(rate.max(LEAST_RATE))
        .initial_embedding(between)
        .epoch_callback(|epoch, flat| tell(early + epoch + 1, flat))
        .barnes_hut(THETA, |a, b| distance(a, b));
    tsne.embedding().to_vec()
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    let square: f32 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
    square.sqrt()
}

/// The two leading columns, small, with a little noise of the seed: [rows * 2], row-major.
fn first_positions(rows: &Array2<f64>, seed: u64) -> Vec<f32> {
    let mut random = stream(seed, 0, 0, Purpose::Order);
    let widest = rows.column(0);
    let square = widest.iter().map(|value| value * value).sum::<f64>();
    let spread = (square / widest.len().max(1) as f64).sqrt();
    let scale = FIRST_SPREAD / spread.max(f64::MIN_POSITIVE);
    rows.rows()
        .into_iter()
        .flat_map(|row| {
            let at = |column: usize| row.get(column).copied().unwrap_or(0.0) * scale;
            [at(0), at(1)]
        })
        .map(|place| (place + NOISE * FIRST_SPREAD * random.normal()) as f32)
        .collect()
}
