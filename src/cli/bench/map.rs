use std::time::Duration;

use super::Measure;
use crate::{
    embedding::{EmbeddingTable, Level, TrackRow},
    jobs::Watch,
    map::{self, MapSettings, Method},
    tokens::{Purpose, stream},
};

const RUNS: usize = 3;
const DIM: usize = 384;
const GROUPS: usize = 10;

pub(super) fn run(measure: &mut Measure<'_>) -> anyhow::Result<()> {
    for (rows, method, runs) in [
        (256, Method::Tsne, RUNS),
        (256, Method::TsneReference, RUNS),
        (9000, Method::Pca, RUNS),
        (9000, Method::Tsne, 1),
    ] {
        let table = planted(rows);
        let settings = MapSettings {
            method,
            iterations: 750,
            ..MapSettings::default()
        };
        let mut seconds = Vec::new();
        for _ in 0..runs {
            let cancel = measure.console.cancel().clone();
            let watch = Watch::new(cancel, &|_| {});
            let layout = map::layout(&table, &settings, &watch)?;
            seconds.push(Duration::from_secs_f64(layout.seconds).as_secs_f64());
        }
        let what = format!("{method} of {rows} x {DIM}, 750 iterations");
        measure.values(what, "s", seconds);
    }
    Ok(())
}

/// Rows around ten places.
fn planted(rows: usize) -> EmbeddingTable {
    let mut random = stream(0, 0, 0, Purpose::Demo);
    let centres: Vec<f64> = (0..GROUPS * DIM).map(|_| 2.0 * random.normal()).collect();
    let mut table = EmbeddingTable::empty(DIM, "planted".to_owned(), Level::Window);
    table.tracks.push(TrackRow {
        path: "planted".into(),
        label: None,
    });
    for row in 0..rows {
        table.track.push(0);
        table.timestamps.push(0.0);
        let centre = centres.chunks_exact(DIM).nth(row % GROUPS);
        for value in centre.unwrap_or_default() {
            table.values.push((value + random.normal()) as f32);
        }
    }
    table
}
