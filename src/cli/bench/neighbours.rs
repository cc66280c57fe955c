//! How long a search for the nearest rows takes.

use super::Measure;
use mynascope_embedding::{self as embedding, EmbeddingTable, Level, TrackRow};
use mynascope_spectrum::tokens::{Purpose, stream};

const RUNS: usize = 9;
const ROWS: usize = 100_000;
const DIM: usize = 384;

pub(super) fn run(measure: &mut Measure<'_>) -> anyhow::Result<()> {
    let mut random = stream(0, 0, 0, Purpose::Demo);
    let mut table = EmbeddingTable::empty(DIM, "noise".to_owned(), Level::Window);
    table.tracks.push(TrackRow {
        path: "noise".into(),
        label: None,
        split: None,
        incomplete: None,
    });
    table.values = (0..ROWS * DIM).map(|_| random.normal() as f32).collect();
    table.track = vec![0; ROWS];
    table.timestamps = vec![0.0; ROWS];
    let query: Vec<f32> = (0..DIM).map(|_| random.normal() as f32).collect();
    let milliseconds = |took: std::time::Duration| 1e3 * took.as_secs_f64();
    let what = format!("10 nearest of {ROWS} x {DIM} by cosine");
    measure.runs(what, "ms", RUNS, milliseconds, || {
        embedding::neighbours(&table, &query, 10, |_| false);
        Ok(())
    })?;
    Ok(())
}
