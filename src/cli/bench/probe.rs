//! How long probes and the published grid take.

use super::Measure;
use mynascope_base::jobs::Watch;
use mynascope_collection::Split;
use mynascope_embedding::{EmbeddingTable, Level, TrackRow};
use mynascope_probe::{self as probe, Head, ProbeSettings, Protocol, Targets, Task, Truth};
use mynascope_spectrum::tokens::{Purpose, stream};

/// Tracks of GTZAN's fault-filtered parts.
const PARTS: [usize; 3] = [443, 197, 290];
/// Windows of a 30-second track.
const WINDOWS: usize = 9;
/// Values of an embedding of the published hybrid.
const DIM: usize = 768;
const CLASSES: usize = 10;
const TAGS: usize = 50;
const RUNS: usize = 3;

pub(super) fn run(measure: &mut Measure<'_>) -> anyhow::Result<()> {
    let (table, genres, tags) = planted();
    let [train, valid, test] = PARTS;
    let split = Split {
        train: (0..train).collect(),
        valid: (train..train + valid).collect(),
        test: (train + valid..train + valid + test).collect(),
    };
    let rows = table.rows();
    for (what, targets, head, protocol, runs) in [
        (
            "linear probe of 10 classes",
            &genres,
            Head::Linear,
            Protocol::Clean,
            RUNS,
        ),
        (
            "linear probe of 50 tags",
            &tags,
            Head::Linear,
            Protocol::Clean,
            RUNS,
        ),
        (
            "published grid of 10 classes",
            &genres,
            Head::Linear,
            Protocol::Paper,
            1,
        ),
    ] {
        let settings = ProbeSettings {
            task: targets.task,
            head,
            protocol,
            seed: 0,
        };
        let mut seconds = Vec::new();
        for _ in 0..runs {
            let console = measure.console.watch();
            let report = |progress: mynascope_base::jobs::Progress| {
                console.progress(&progress.what, progress.done, progress.total);
            };
            let watch = Watch::new(measure.console.cancel().clone(), &report);
            let found = probe::probe(&table, targets, Some(&split), &settings, &watch)?;
            seconds.push(found.seconds);
            if protocol == Protocol::Paper {
                let epochs: usize = found.grid.iter().map(|row| row.epoch).sum();
                measure.note(format!(
                    "the grid's {} settings were best after {:.0} epochs on average; score {:.3}",
                    found.grid.len(),
                    epochs as f64 / found.grid.len().max(1) as f64,
                    found.score
                ));
            }
        }
        measure.values(format!("{what}, {rows} x {DIM}"), "s", seconds);
    }
    Ok(())
}

/// Tracks around the places of their classes and tags, windows around their track: far enough apart to be learned, near
/// enough to be mistaken.
fn planted() -> (EmbeddingTable, Targets, Targets) {
    let mut random = stream(0, 0, 0, Purpose::Demo);
    let mut place =
        |spread: f64| -> Vec<f64> { (0..DIM).map(|_| spread * random.normal()).collect() };
    let classes: Vec<Vec<f64>> = (0..CLASSES).map(|_| place(0.25)).collect();
    let tags: Vec<Vec<f64>> = (0..TAGS).map(|_| place(0.1)).collect();
    let mut table = EmbeddingTable::empty(DIM, "planted".to_owned(), Level::Window);
    let (mut genres, mut held) = (Vec::new(), Vec::new());
    for track in 0..PARTS.iter().sum() {
        let class = track % CLASSES;
        let has: Vec<bool> = (0..TAGS)
            .map(|tag| (track * 31 + tag * 17) % 7 == 0)
            .collect();
        let mut centre = place(1.0);
        let near = classes.get(class).into_iter();
        for other in near.chain(
            tags.iter()
                .zip(&has)
                .filter(|(_, has)| **has)
                .map(|(tag, _)| tag),
        ) {
            centre.iter_mut().zip(other).for_each(|(to, by)| *to += by);
        }
        table.tracks.push(TrackRow {
            path: format!("{track}").into(),
            label: None,
            split: None,
            incomplete: None,
        });
        for window in 0..WINDOWS {
            table.track.push(track as u32);
            table.timestamps.push(window as f32 * 3.072);
            let noise = place(1.0);
            let values = centre.iter().zip(noise).map(|(a, b)| (a + b) as f32);
            table.values.extend(values);
        }
        genres.push(Some(Truth::Class(class)));
        let has = has.into_iter().map(|has| f64::from(u8::from(has)));
        held.push(Some(Truth::Values(has.collect())));
    }
    let names = |count: usize| (0..count).map(|number| number.to_string()).collect();
    let genres = Targets {
        task: Task::Genre,
        names: names(CLASSES),
        truths: genres,
        folds: Vec::new(),
        notes: Vec::new(),
    };
    let tags = Targets {
        task: Task::Tags,
        names: names(TAGS),
        truths: held,
        folds: Vec::new(),
        notes: Vec::new(),
    };
    (table, genres, tags)
}
