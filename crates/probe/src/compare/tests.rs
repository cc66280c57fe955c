use std::{path::Path, sync::Mutex};

use super::*;
use crate::Head;
use mynascope_base::jobs::{Cancel, Progress};
use mynascope_collection::{CollectionKind, Track};
use mynascope_embedding::extract;
use mynascope_encoder::{CheckpointRef, DeviceChoice, LoadOptions};

/// High and low tones of two styles, in keys, without tags.
fn collection(folder: &Path) -> Collection {
    let track = |number: usize| {
        let path = folder.join(format!("{number}.wav"));
        let base = if number.is_multiple_of(2) {
            110.0
        } else {
            1760.0
        };
        let hz = base * (number as f32 / 36.0).exp2();
        let samples: Vec<f32> = (0..52_000)
            .map(|at| 0.4 * (std::f32::consts::TAU * hz * at as f32 / 16_000.0).sin())
            .collect();
        mynascope_audio::write_wav(&path, &samples, 16_000).unwrap();
        Track {
            label: Some(
                if number.is_multiple_of(2) {
                    "low"
                } else {
                    "high"
                }
                .to_owned(),
            ),
            key: Some((number / 2 % 3) as u8),
            ..Track::of_file(&path)
        }
    };
    Collection {
        name: "tones".into(),
        kind: CollectionKind::Folder,
        tracks: (0..12).map(track).collect(),
        split: None,
        notes: Vec::new(),
    }
}

fn named(name: &str, checkpoint: CheckpointRef) -> NamedEncoder {
    NamedEncoder {
        name: name.to_owned(),
        checkpoint,
        options: LoadOptions::default(),
        device: DeviceChoice::Cpu,
    }
}

fn both() -> Vec<NamedEncoder> {
    vec![
        named("Shipped", CheckpointRef::Shipped),
        named("Gone", CheckpointRef::File("/no/such.safetensors".into())),
        named("Untrained", CheckpointRef::Untrained),
    ]
}

#[test]
fn every_cell_is_the_probe_itself_and_what_was_computed_is_not_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let collection = collection(folder.path());
    let cache = Cache::new(folder.path().join("cache"), 1 << 30);
    let settings = CompareSettings {
        head: Head::Knn,
        protocol: Protocol::Folds(3),
        ..CompareSettings::default()
    };
    let told = Mutex::new(Vec::new());
    let report = |progress: Progress| told.lock().unwrap().push(progress.what);
    let watch = Watch::new(Cancel::default(), &report);
    let mut steps = Vec::new();
    let mut take = |table: &Comparison| {
        let known = table.encoders.iter().flat_map(|row| &row.scores);
        steps.push(known.filter(|cell| cell.score().is_some()).count());
    };
    let table = compare(
        &collection,
        &both(),
        &settings,
        Some(&cache),
        &watch,
        &mut take,
    )
    .unwrap();
    assert_eq!(table.tasks, [Task::Genre, Task::Key]);
    let left_out: Vec<Task> = table.left_out.iter().map(|it| it.task).collect();
    assert_eq!(left_out, [Task::Tags, Task::Emotion]);
    assert!(
        table.left_out[0].why.contains("no track has tags"),
        "{:?}",
        table.left_out
    );
    assert!(
        steps.is_sorted() && steps[0] == 0 && *steps.last().unwrap() == 4,
        "{steps:?}"
    );
    let gone = &table.encoders[1];
    assert!(
        gone.problem
            .as_ref()
            .unwrap()
            .contains("/no/such.safetensors")
    );
    assert_eq!(gone.scores, [ComparedCell::Waiting, ComparedCell::Waiting]);

    let alone = Watch::unattended();
    let encoder = LoadedEncoder::open(&CheckpointRef::Shipped, None, &DeviceChoice::Cpu).unwrap();
    let rows = extract(&collection, &encoder, &ExtractSettings::default(), &alone).unwrap();
    for (column, &task) in table.tasks.iter().enumerate() {
        let score = &table.cell(0, column).unwrap().score().unwrap().score;
        let (by, probe) = (MadeBy::of(&encoder), settings.of(task));
        let wanted = probe_collection(&rows.table, &collection, &by, &probe, &alone).unwrap();
        assert_eq!(
            (score.score, score.interval),
            (wanted.score, wanted.interval)
        );
        assert_eq!((score.task, score.encoder.as_str()), (task, "Shipped"));
    }
    assert!(
        told.lock()
            .unwrap()
            .iter()
            .any(|what| what.contains("training probes"))
    );

    told.lock().unwrap().clear();
    let again = compare(
        &collection,
        &both(),
        &settings,
        Some(&cache),
        &watch,
        &mut |_| (),
    )
    .unwrap();
    assert_eq!(again.encoders, table.encoders);
    let told = told.lock().unwrap();
    let computed = |what: &&String| what.contains("training") || what.contains("embedding");
    assert_eq!(told.iter().find(computed), None);
}

#[test]
fn of_the_layers_that_is_probed_which_validation_prefers_and_opening_it_gives_the_same_score() {
    let folder = tempfile::tempdir().unwrap();
    let collection = collection(folder.path());
    let settings = CompareSettings {
        tasks: vec![Task::Genre],
        head: Head::Knn,
        layers: LayerChoice::Best,
        ..CompareSettings::default()
    };
    let watch = Watch::unattended();
    let encoders = [named("Untrained", CheckpointRef::Untrained)];
    let table = compare(&collection, &encoders, &settings, None, &watch, &mut |_| ()).unwrap();
    let found = table.cell(0, 0).unwrap().score().unwrap();
    assert_eq!(found.layers.len(), 1);
    let options = LoadOptions {
        reading: found.reading,
        ..LoadOptions::default()
    };
    let opened =
        LoadedEncoder::open(&CheckpointRef::Untrained, options, &DeviceChoice::Cpu).unwrap();
    assert_eq!(opened.layer_read(), found.layers[0]);
    assert_eq!(opened.fingerprint(), found.score.encoder_hash);
    let rows = extract(&collection, &opened, &ExtractSettings::default(), &watch).unwrap();
    let probe = settings.of(Task::Genre);
    let wanted =
        probe_collection(&rows.table, &collection, &MadeBy::default(), &probe, &watch).unwrap();
    assert_eq!(found.score.score, wanted.score);
}

#[test]
fn what_allows_no_comparison_is_said_before_anything_is_computed() {
    let folder = tempfile::tempdir().unwrap();
    let mut collection = collection(folder.path());
    let watch = Watch::unattended();
    let refused = |collection: &Collection, encoders: &[NamedEncoder], settings| {
        let end = compare(collection, encoders, settings, None, &watch, &mut |_| ());
        end.unwrap_err().to_string()
    };
    let settings = CompareSettings::default();
    let none = refused(&collection, &[], &settings);
    assert!(none.contains("choose at least one"), "{none}");
    let paper = CompareSettings {
        protocol: Protocol::Paper,
        ..settings.clone()
    };
    let paper = refused(&collection, &both(), &paper);
    assert!(paper.contains("folds:K"), "{paper}");
    for track in &mut collection.tracks {
        (track.label, track.key) = (None, None);
    }
    let unlabelled = refused(&collection, &both(), &settings);
    assert!(
        unlabelled.contains("key: no track has a key"),
        "{unlabelled}"
    );

    let cancel = Cancel::default();
    cancel.cancel();
    let stopped = Watch::new(cancel, &|_| {});
    collection.tracks[0].label = Some("a".into());
    let labelled = super::tests::collection(folder.path());
    let end = compare(&labelled, &both(), &settings, None, &stopped, &mut |_| ());
    assert!(matches!(end, Err(ProbeError::Cancelled(_))));
}

#[test]
fn folds_that_chose_different_layers_are_named_by_the_most_frequent() {
    let encoder = LoadedEncoder::open(&CheckpointRef::Untrained, None, &DeviceChoice::Cpu).unwrap();
    let id = |layers: &[usize]| id_of_layers(EncoderId::default(), &encoder, layers);
    let mixed = id(&[1, 2, 2]);
    assert_eq!(mixed.reading.layer, Some(2));
    assert!(
        mixed.read.starts_with("best of each fold, mostly block 2"),
        "{}",
        mixed.read
    );
    assert!(mixed.hash.ends_with("-best-layers"));
    assert_eq!(
        id(&[2, 1]).reading.layer,
        Some(1),
        "of equal ones the first"
    );
    assert_eq!(id(&[1, 1]).hash, encoder.layer_fingerprint(1));
}
