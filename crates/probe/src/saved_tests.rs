//! A saved probe says what it said when it was tested, and refuses what does not fit.

use std::path::Path;

use super::{run_tests::planted, *};
use mynascope_audio::Channel;
use mynascope_base::jobs::Watch;
use mynascope_collection::{Collection, CollectionKind, Track};
use mynascope_embedding::EmbeddingTable;
use mynascope_encoder::{CheckpointRef, DeviceChoice, LoadedEncoder};
use mynascope_spectrum::tokens::MaskRatio;

fn collection_of(table: &EmbeddingTable) -> Collection {
    let tracks = table.tracks.iter().enumerate().map(|(place, track)| Track {
        label: track.label.clone(),
        tags: vec![format!("tag {}", place % 2), "all".into()],
        emotion: Some([place as f32 % 4.0, 2.0]),
        ..Track::of_file(&track.path)
    });
    Collection {
        name: "planted".into(),
        kind: CollectionKind::Folder,
        tracks: tracks.collect(),
        split: None,
        notes: Vec::new(),
    }
}

fn id() -> EncoderId {
    EncoderId {
        description: "planted".into(),
        hash: "abc".into(),
        dim: 8,
        checkpoint: "shipped".into(),
        ..EncoderId::default()
    }
}

fn train(table: &EmbeddingTable, settings: ProbeSettings) -> (TrainedProbe, ProbeReport) {
    train_probe(
        table,
        &collection_of(table),
        &settings,
        &id(),
        MaskRatio::NONE,
        &Watch::unattended(),
    )
    .unwrap()
}

#[test]
fn a_kept_probe_says_what_it_said_when_it_was_tested() {
    let folder = tempfile::tempdir().unwrap();
    let table = planted(10, 2.0, false);
    for (task, head) in [
        (Task::Genre, Head::Linear),
        (Task::Genre, Head::Ridge),
        (Task::Genre, Head::Mlp),
        (Task::Genre, Head::Knn),
        (Task::Tags, Head::Linear),
        (Task::Emotion, Head::Linear),
    ] {
        let settings = ProbeSettings {
            task,
            head,
            ..ProbeSettings::default()
        };
        let (probe, report) = train(&table, settings);
        let path = folder.path().join("probe.safetensors");
        probe.save(&path, None).unwrap();
        let kept = TrainedProbe::load(&path).unwrap();
        assert_eq!(kept.card, probe.card, "{task} {head}");
        assert_eq!(kept.scaler, probe.scaler, "{task} {head}");
        assert_eq!(kept.model, probe.model, "{task} {head}");
        assert_eq!(kept.card.score, report.score);
        let answer = |path: &Path| {
            let place = table.tracks.iter().position(|track| track.path == path);
            kept.answer_track(&table, place.unwrap()).unwrap()
        };
        for tested in &report.predictions {
            let said = answer(&tested.path).answer.unwrap();
            assert_eq!(said.class, Some(tested.prediction));
            assert_eq!(said.prediction, report.classes[tested.prediction]);
            assert!((said.confidence.unwrap() - tested.confidence).abs() < 1e-9);
        }
        for tested in &report.outputs {
            let said = answer(&tested.path).answer.unwrap();
            for (score, output) in said.scores.iter().zip(&tested.output) {
                let wanted = match task {
                    Task::Tags => 1.0 / (1.0 + (-output).exp()),
                    _ => *output,
                };
                assert!((score - wanted).abs() < 1e-9, "{task}");
            }
        }
    }
}

#[test]
fn a_tested_track_is_answered_by_the_probe_of_its_fold_as_the_report_says() {
    // Classes that lie in one another: a probe that saw a track knows it, one that did not is often wrong.
    let mut table = planted(10, 0.0, false);
    table.timestamps = (0..table.rows()).map(|row| (2 - row % 3) as f32).collect();
    for (task, protocol) in [
        (Task::Genre, Protocol::Folds(5)),
        (Task::Tags, Protocol::Folds(3)),
        (Task::Genre, Protocol::Quick),
    ] {
        let settings = ProbeSettings {
            task,
            protocol,
            ..ProbeSettings::default()
        };
        let (probe, report) = train(&table, settings);
        for tested in &report.predictions {
            let said = probe.answer_held_out(&tested.path).unwrap();
            let times: Vec<f32> = said
                .windows
                .iter()
                .map(|window| window.start_secs)
                .collect();
            assert_eq!(times, [0.0, 1.0, 2.0], "in the order of time");
            let answer = said.answer.unwrap();
            assert_eq!(answer.class, Some(tested.prediction), "{protocol}");
            assert!((answer.confidence.unwrap() - tested.confidence).abs() < 1e-9);
        }
        for tested in &report.outputs {
            let said = probe.answer_held_out(&tested.path).unwrap().answer.unwrap();
            let logit = |score: &f64| (score / (1.0 - score)).ln();
            let outputs = said.scores.iter().map(logit).zip(&tested.output);
            assert!(outputs.clone().count() > 0);
            for (said, output) in outputs {
                assert!((said - output).abs() < 1e-6, "{said} {output}");
            }
        }
        let tested = |path: &Path| {
            let of_class = report.predictions.iter().any(|one| one.path == path);
            of_class || report.outputs.iter().any(|one| one.path == path)
        };
        let mut paths = table.tracks.iter().map(|track| track.path.as_path());
        assert!(paths.all(|path| probe.answer_held_out(path).is_some() == tested(path)));
        assert_eq!(probe.card.collection, collection_of(&table).name);
    }
}

#[test]
fn windows_are_answered_in_their_order_and_a_probe_of_folds_learns_from_all() {
    let mut table = planted(10, 20.0, false);
    table.timestamps = (0..table.rows()).map(|row| (2 - row % 3) as f32).collect();
    let settings = ProbeSettings {
        protocol: Protocol::Folds(5),
        ..ProbeSettings::default()
    };
    let (probe, report) = train(&table, settings);
    assert_eq!(probe.card.score, report.score);
    let said = probe.answer_track(&table, 6).unwrap();
    let times: Vec<f32> = said
        .windows
        .iter()
        .map(|window| window.start_secs)
        .collect();
    assert_eq!(times, [0.0, 1.0, 2.0]);
    assert!(
        said.windows
            .iter()
            .all(|window| window.answer.class == Some(2))
    );
    let none = probe.answer_track(&table, 999).unwrap();
    assert!(none.answer.is_none() && none.problem.is_some());
}

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let table = planted(5, 20.0, false);
    let (probe, _) = train(&table, ProbeSettings::default());
    let other = |change: &dyn Fn(&mut EncoderId)| {
        let mut id = id();
        change(&mut id);
        probe.check_encoder(&id).unwrap_err().to_string()
    };
    probe.check_encoder(&id()).unwrap();
    assert!(other(&|id| id.dim = 9).contains("8 values"));
    assert!(other(&|id| id.hash = "def".into()).contains("another encoder"));
    let narrow = EmbeddingTable {
        dim: 4,
        ..table.clone()
    };
    assert!(probe.answer_track(&narrow, 0).is_err());

    let path = folder.path().join("probe.safetensors");
    assert!(probe.save(&folder.path().join("probe.bin"), None).is_err());
    let missing = TrainedProbe::load(&path).unwrap_err().to_string();
    assert!(missing.contains("both"), "{missing}");
    probe.save(&path, None).unwrap();
    let card = std::fs::read_to_string(path.with_extension("json")).unwrap();
    for (from, to, why) in [
        ("\"dim\": 8", "\"dim\": 7", "scaler.mean"),
        (
            "\"head\": \"linear\"",
            "\"head\": \"knn\"",
            "rows is missing",
        ),
        ("\"format\": 1", "\"format\": 2", "format 2"),
        ("{", "[", "understood"),
    ] {
        std::fs::write(path.with_extension("json"), card.replacen(from, to, 1)).unwrap();
        let error = TrainedProbe::load(&path).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    std::fs::write(path.with_extension("json"), &card).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 8]).unwrap();
    assert!(TrainedProbe::load(&path).is_err());
}

/// Ten files of two tones, of which the fourth is no sound.
fn tones(folder: &Path) -> Collection {
    let tracks = (0..10).map(|track| {
        let path = folder.join(format!("{track}.wav"));
        if track == 3 {
            std::fs::write(&path, "no sound").unwrap();
        } else {
            let pitch = if track % 2 == 0 { 0.03 } else { 0.4 };
            let sound: Vec<f32> = (0..52_000)
                .map(|at| (at as f32 * pitch).sin() * 0.5)
                .collect();
            mynascope_audio::write_wav(&path, &sound, 16_000).unwrap();
        }
        Track {
            label: Some(["low", "high"][track % 2].into()),
            ..Track::of_file(&path)
        }
    });
    Collection {
        name: "tones".into(),
        kind: CollectionKind::Folder,
        tracks: tracks.collect(),
        split: None,
        notes: Vec::new(),
    }
}

/// What is scored last is what `embed` writes, and there is one score for each block and two more.
#[test]
fn a_sweep_ends_at_the_embedding() {
    let folder = tempfile::tempdir().unwrap();
    let encoder = LoadedEncoder::open(&CheckpointRef::Untrained, None, &DeviceChoice::Cpu).unwrap();
    let collection = tones(folder.path());
    let settings = mynascope_embedding::ExtractSettings {
        ratio: MaskRatio::new(0.5).unwrap(),
        ..Default::default()
    };
    let watch = Watch::unattended();
    let layers =
        mynascope_embedding::extract_layers(&collection, &encoder, &settings, None, &watch)
            .unwrap()
            .tables;
    assert_eq!(layers.len(), encoder.info().depth + 2);
    let whole = mynascope_embedding::extract(&collection, &encoder, &settings, &watch).unwrap();
    let (last, whole) = (layers.last().unwrap(), whole.table);
    assert_eq!(
        (&last.track, &last.tracks, last.dim),
        (&whole.track, &whole.tracks, whole.dim)
    );
    for (a, b) in last.values.iter().zip(&whole.values) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
    assert!(
        layers
            .windows(2)
            .all(|pair| pair[0].values != pair[1].values)
    );

    let mut told = Vec::new();
    let settings = ProbeSettings {
        head: Head::Ridge,
        ..ProbeSettings::default()
    };
    let sweep = layer_sweep(
        &collection,
        &encoder,
        &settings,
        (MaskRatio::NONE, Channel::Mean),
        None,
        &watch,
        &mut |point| told.push(point.name.clone()),
    )
    .unwrap();
    assert_eq!(told.len(), layers.len());
    assert_eq!((told[0].as_str(), told[1].as_str()), ("patches", "block 1"));
    assert_eq!(told.last().unwrap(), "embedding");
    assert_eq!(sweep.points.last().unwrap().score, 1.0);
}

/// A collection with a file that is no sound: it is a row with its reason, and the CSV holds all rows.
#[test]
fn unreadable_tracks_are_rows() {
    let folder = tempfile::tempdir().unwrap();
    let encoder = LoadedEncoder::open(&CheckpointRef::Untrained, None, &DeviceChoice::Cpu).unwrap();
    let id = EncoderId::of(&encoder, &CheckpointRef::Untrained);
    let again = LoadedEncoder::open(&CheckpointRef::Untrained, None, &DeviceChoice::Cpu).unwrap();
    assert_eq!(again.fingerprint(), encoder.fingerprint());
    let collection = tones(folder.path());
    let watch = Watch::unattended();
    let table = mynascope_embedding::extract(&collection, &encoder, &Default::default(), &watch)
        .unwrap()
        .table;
    let settings = ProbeSettings::default();
    let (probe, _) =
        train_probe(&table, &collection, &settings, &id, MaskRatio::NONE, &watch).unwrap();
    let said = predict_collection(
        &probe,
        &collection,
        &encoder,
        &id,
        Channel::Mean,
        None,
        &watch,
    )
    .unwrap();
    assert_eq!(said.tracks.len(), 10);
    let right = collection.tracks.iter().zip(&said.tracks);
    let right = right.filter(|(track, said)| {
        said.answer.as_ref().map(|answer| &answer.prediction) == track.label.as_ref()
    });
    assert_eq!(right.count(), 9);
    assert!(said.tracks[3].problem.is_some());
    let mut bytes = Vec::new();
    said.to_csv(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 11);
    assert_eq!(
        lines[0],
        "path,prediction,confidence,problem,seen_in_training,high,low"
    );
    assert!(
        lines[1].contains(".wav,low,0.")
            && lines[4].contains("3.wav,,,")
            && lines[4].contains(",0,,"),
        "{text}"
    );
    // Six of ten learned and two chose; a copy of one under another name is known, too, after the probe was saved.
    let seen = |said: &Predictions| said.tracks.iter().filter(|it| it.seen_in_training).count();
    let sizes = probe.card.split;
    assert_eq!(seen(&said), sizes.train + sizes.valid);
    let path = folder.path().join("probe.safetensors");
    probe.save(&path, None).unwrap();
    let kept = TrainedProbe::load(&path).unwrap();
    let copies = folder.path().join("copies");
    std::fs::create_dir(&copies).unwrap();
    let mut elsewhere = collection.clone();
    for (place, track) in elsewhere.tracks.iter_mut().enumerate() {
        let copy = copies.join(format!("copy {place}.wav"));
        std::fs::copy(&track.path, &copy).unwrap();
        if place == 0 {
            // Another recording of the same length.
            let mut bytes = std::fs::read(&copy).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(&copy, bytes).unwrap();
        }
        track.path = copy;
    }
    let again = predict_collection(
        &kept,
        &elsewhere,
        &encoder,
        &id,
        Channel::Mean,
        None,
        &watch,
    )
    .unwrap();
    for (here, there) in said.tracks.iter().zip(&again.tracks) {
        let is_other = there.path.ends_with("copy 0.wav");
        assert!(
            is_other || !here.seen_in_training || there.seen_in_training,
            "{there:?}"
        );
        assert!(!is_other || !there.seen_in_training);
    }
    let note = again.say_seen().unwrap();
    assert!(
        note.contains("of these 10 tracks") && note.contains("copy "),
        "{note}"
    );
    assert_eq!(
        Predictions {
            tracks: Vec::new(),
            ..again
        }
        .say_seen(),
        None
    );
}
