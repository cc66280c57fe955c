//! linfa's t-SNE, to compare with.

use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};
use linfa::traits::Transformer;
use linfa_tsne::TSneParams;
use ndarray::Array2;

use super::{MapError, MapSettings};
use mynascope_base::jobs::{Watch, spawn};
use mynascope_spectrum::tokens::{Purpose, stream};

/// Up to this many rows the gradient is exact; above, distant points are taken together (Barnes-Hut, 0.5).
const EXACT_ROWS: usize = 400;

/// Runs linfa's t-SNE on [rows, columns]. It knows neither progress nor a way to be stopped, so it runs on a thread of
/// its own: a stopped job returns at once, and the thread ends with its work, which is thrown away. It draws its first
/// positions always the same; the seed shuffles which row gets which.
pub(super) fn reference(
    rows: &Array2<f64>,
    settings: &MapSettings,
    watch: &Watch<'_>,
) -> Result<Vec<[f64; 2]>, MapError> {
    let order = stream(settings.seed, 0, 0, Purpose::Order).permutation(rows.nrows());
    let shuffled = rows.select(ndarray::Axis(0), &order);
    let threshold = if rows.nrows() <= EXACT_ROWS { 0.0 } else { 0.5 };
    let iterations = settings.steps(rows.nrows());
    let perplexity = settings.perplexity;
    let (done, wait) = bounded(2);
    let failed = done.clone();
    let _job = spawn(
        "map",
        move |_| {
            let result = TSneParams::embedding_size(2)
                .perplexity(perplexity)
                .approx_threshold(threshold)
                .max_iter(iterations)
                .transform(shuffled);
            // Nobody waits any more for a stopped map.
            let _ = done.send(result.map_err(|error: linfa_tsne::TSneError| error.to_string()));
        },
        move |fault| {
            let _ = failed.send(Err(fault));
        },
    )
    .map_err(|error| MapError::Engine(error.to_string()))?;
    let placed = loop {
        watch.check()?;
        watch.progress("laying out the map", 0, None);
        match wait.recv_timeout(Duration::from_millis(100)) {
            Ok(result) => break result.map_err(MapError::Engine)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(MapError::Engine("t-SNE ended without a result".into()));
            }
        }
    };
    let mut xy = vec![[0.0; 2]; order.len()];
    for (row, place) in placed.rows().into_iter().zip(order) {
        if let (Some(point), Some(&x), Some(&y)) = (xy.get_mut(place), row.get(0), row.get(1)) {
            *point = [x, y];
        }
    }
    Ok(xy)
}
