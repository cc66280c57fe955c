//! Tests of a whole probe on planted embeddings: what it scores, and that test tracks never teach it.

use super::{data::Data, heads::Model, run::fit, scoring::deviation, *};
use mynascope_base::jobs::Watch;
use mynascope_collection::{Collection, Split, Track, split_by_track};
use mynascope_embedding::{EmbeddingTable, Level, TrackRow};
use mynascope_spectrum::tokens::{Purpose, stream};

/// `per_class` tracks of 3 windows in 4 classes; `gap` is how far the classes lie apart in noise of size 1.
pub(super) fn planted(per_class: usize, gap: f64, shuffled: bool) -> EmbeddingTable {
    let mut random = stream(9, 0, 0, Purpose::Demo);
    let mut table = EmbeddingTable::empty(8, "planted".into(), Level::Window);
    let mut names: Vec<usize> = (0..4 * per_class).map(|track| track % 4).collect();
    if shuffled {
        random.shuffle(&mut names);
    }
    for (track, name) in names.iter().enumerate() {
        table.tracks.push(TrackRow {
            path: format!("{track}.wav").into(),
            label: Some(format!("class {name}")),
            split: None,
            incomplete: None,
        });
        for _ in 0..3 {
            table.track.push(track as u32);
            table.timestamps.push(0.0);
            for column in 0..8 {
                let centre = if column == track % 4 { gap } else { 0.0 };
                table.values.push((centre + random.normal()) as f32);
            }
        }
    }
    table
}

fn probe(table: &EmbeddingTable, head: Head, protocol: Protocol) -> ProbeReport {
    let settings = ProbeSettings {
        head,
        protocol,
        seed: 1,
        ..ProbeSettings::default()
    };
    probe_genre(table, &settings, &Watch::unattended()).unwrap()
}

/// The MLP takes a minute for five folds where nothing is optimised.
fn is_slow(head: Head, protocol: Protocol) -> bool {
    head == Head::Mlp && matches!(protocol, Protocol::Folds(_))
}

#[test]
fn separable_classes_score_1_and_shuffled_labels_chance() {
    for head in Head::ALL {
        for protocol in [Protocol::Quick, Protocol::Folds(5)] {
            if is_slow(head, protocol) {
                continue;
            }
            let report = probe(&planted(10, 20.0, false), head, protocol);
            assert_eq!(report.score, 1.0, "{head} {protocol}");
            assert_eq!(
                report,
                ProbeReport {
                    seconds: report.seconds,
                    ..probe(&planted(10, 20.0, false), head, protocol)
                }
            );
        }
        if is_slow(head, Protocol::Folds(5)) {
            continue;
        }
        let report = probe(&planted(50, 20.0, true), head, Protocol::Folds(5));
        // Chance is 50 of 200; 4 standard deviations of a binomial count are 24.5.
        assert!(
            (report.score - 0.25).abs() < 0.123,
            "{head}: {}",
            report.score
        );
        assert_eq!(report.predictions.len(), 200);
    }
}

#[test]
fn every_track_is_tested_once_over_the_folds_and_in_one_part_only() {
    let table = planted(3, 20.0, false);
    let (data, mut notes) = Data::of(&table, &Targets::genres(&table)).unwrap();
    for protocol in [Protocol::Quick, Protocol::Folds(3), Protocol::Folds(10)] {
        let settings = ProbeSettings {
            protocol,
            ..ProbeSettings::default()
        };
        let splits = data.splits(&settings, None, &mut notes).unwrap();
        let mut tested = Vec::new();
        for split in splits {
            let mut all = [&split.train[..], &split.valid, &split.test].concat();
            all.sort_unstable();
            assert_eq!(all, (0..12).collect::<Vec<_>>(), "{protocol}");
            tested.extend(split.test);
        }
        tested.sort_unstable();
        if protocol != Protocol::Quick {
            assert_eq!(tested, (0..12).collect::<Vec<_>>());
        }
    }
}

#[test]
fn test_tracks_change_neither_scaler_nor_weights() {
    let table = planted(10, 3.0, false);
    let (data, _) = Data::of(&table, &Targets::genres(&table)).unwrap();
    let split = split_by_track(&data.labels, 0);
    let mut moved = table.clone();
    for (row, &track) in table.track.iter().enumerate() {
        if split.test.contains(&(track as usize)) {
            for value in &mut moved.values[row * 8..(row + 1) * 8] {
                *value = *value * 100.0 + 7.0;
            }
        }
    }
    let (moved, _) = Data::of(&moved, &Targets::genres(&moved))
        .map(|(data, notes)| (data.matrix(&split.train), notes))
        .unwrap();
    assert_eq!(moved, data.matrix(&split.train));
    let moved_table = {
        let mut other = table.clone();
        for (row, &track) in table.track.iter().enumerate() {
            if split.test.contains(&(track as usize)) {
                other.values[row * 8] += 1000.0;
            }
        }
        other
    };
    let (other, _) = Data::of(&moved_table, &Targets::genres(&moved_table)).unwrap();
    let watch = Watch::unattended();
    let a = fit(&data, &split, &ProbeSettings::default(), &watch)
        .ok()
        .unwrap();
    let b = fit(&other, &split, &ProbeSettings::default(), &watch)
        .ok()
        .unwrap();
    assert_eq!(a.scaler, b.scaler);
    assert_eq!(a.chosen, b.chosen);
    let (Model::Logistic(a), Model::Logistic(b)) = (a.model, b.model) else {
        panic!()
    };
    assert_eq!(a, b);
}

#[test]
fn what_cannot_be_probed_is_said() {
    let fails = |table: &EmbeddingTable| {
        probe_genre(table, &ProbeSettings::default(), &Watch::unattended())
            .unwrap_err()
            .to_string()
    };
    let mut table = planted(2, 1.0, false);
    let none = EmbeddingTable {
        tracks: table
            .tracks
            .iter()
            .map(|t| TrackRow {
                label: None,
                ..t.clone()
            })
            .collect(),
        ..table.clone()
    };
    assert!(fails(&none).contains("no track has a label"));
    let one = EmbeddingTable {
        tracks: table
            .tracks
            .iter()
            .map(|t| TrackRow {
                label: Some("a".into()),
                ..t.clone()
            })
            .collect(),
        ..table.clone()
    };
    assert!(fails(&one).contains("two classes"));
    table.tracks[0].label = Some("lonely".into());
    table.tracks[1].label = None;
    let report = probe(&table, Head::Linear, Protocol::Quick);
    assert!(report.notes.iter().any(|note| note.contains("lonely")));
    assert!(!report.classes.contains(&"lonely".to_owned()));
    table.values[0] = f32::NAN;
    assert!(fails(&table).contains("not a finite number"));
}

#[test]
fn a_deviation_needs_two_values() {
    assert!(deviation(&[1.0]).is_none());
    assert!((deviation(&[0.0, 1.0]).unwrap() - 0.5_f64.sqrt()).abs() < 1e-12);
}

/// One panel, one interval: what stands beside the score is the only range that a report tells, and where the draws
/// tell nothing, as all tracks are right, it still has its width.
#[test]
fn a_score_has_one_interval_and_it_has_a_width_where_all_are_right() {
    let all_right = probe(&planted(10, 20.0, false), Head::Ridge, Protocol::Quick);
    let tested = all_right.predictions.len() as f64;
    assert!((all_right.interval[0] - tested / (tested + 3.8415)).abs() < 1e-4);
    assert_eq!(all_right.interval[1], 1.0);
    let noise = probe(&planted(10, 0.0, false), Head::Ridge, Protocol::Folds(5));
    assert!(noise.interval[0] < noise.score && noise.score < noise.interval[1]);
    assert_eq!(noise.intervals[&"accuracy".to_owned()], noise.interval);
    for (report, says) in [(all_right, "Wilson"), (noise, "95 of 100")] {
        let told = report
            .notes
            .iter()
            .filter(|note| note.contains("test tracks"));
        let told: Vec<&String> = told.filter(|note| note.contains("interval")).collect();
        assert_eq!(told.len(), 1, "{:?}", report.notes);
        assert!(
            told[0].contains(says) && !told[0].contains("between"),
            "{told:?}"
        );
    }
}

/// Three windows a track: the second of every track of class 0 is a window of class 1, and is where the probe is
/// furthest from the truth.
#[test]
fn the_window_that_is_furthest_from_the_truth_is_told() {
    let mut table = planted(10, 20.0, false);
    let dim = table.dim;
    for (row, secs) in table.timestamps.iter_mut().enumerate() {
        *secs = 3.0 * (row % 3) as f32;
    }
    let of = |table: &EmbeddingTable, track: usize| {
        (table.track.iter())
            .position(|&of| of as usize == track)
            .unwrap()
    };
    for track in (0..table.tracks.len()).step_by(4) {
        let (to, from) = (of(&table, track) + 1, of(&table, track + 1));
        table
            .values
            .copy_within(from * dim..(from + 1) * dim, to * dim);
    }
    for head in [Head::Ridge, Head::Linear] {
        let report = probe(&table, head, Protocol::Folds(5));
        for said in report.predictions.iter().filter(|said| said.truth == 0) {
            assert_eq!(said.furthest_secs, 3.0, "{head} {said:?}");
        }
    }
}

/// What a task knows about the tracks of `planted(10, 20.0, false)`, whose classes are track % 4.
fn known(task: Task, table: &EmbeddingTable) -> Targets {
    let truths = (0..table.tracks.len()).map(|track| {
        let class = track % 4;
        Some(match task {
            Task::Genre | Task::Key => Truth::Class(class),
            Task::Tags => Truth::Values(vec![
                f64::from(u8::from(class < 2)),
                f64::from(u8::from(class == 3)),
            ]),
            Task::Emotion => Truth::Values(vec![class as f64, 5.0 - 2.0 * class as f64]),
        })
    });
    let names = match task {
        Task::Genre | Task::Key => mynascope_collection::KEYS.map(str::to_owned).to_vec(),
        Task::Tags | Task::Emotion => vec!["one".to_owned(), "two".to_owned()],
    };
    Targets {
        task,
        names,
        truths: truths.collect(),
        folds: Vec::new(),
        notes: Vec::new(),
    }
}

#[test]
fn every_task_is_learned_by_every_head_where_the_classes_lie_apart() {
    let table = planted(10, 20.0, false);
    for (task, metric, least) in [
        (Task::Key, "weighted key score", 1.0),
        (Task::Tags, "ROC-AUC", 1.0),
        (Task::Emotion, "mean R2", 0.95),
    ] {
        let targets = known(task, &table);
        for head in Head::ALL {
            let folds = Protocol::Folds(5);
            let slow = is_slow(head, folds);
            let settings = ProbeSettings {
                head,
                protocol: if slow { Protocol::Quick } else { folds },
                ..ProbeSettings::default()
            };
            let report =
                super::probe(&table, &targets, None, &settings, &Watch::unattended()).unwrap();
            assert_eq!(report.metric, metric);
            assert!(report.score >= least, "{task} {head}: {}", report.score);
            assert!(report.interval[0] <= report.score && report.score <= report.interval[1]);
            let tested = report.predictions.len() + report.outputs.len();
            assert_eq!(tested, if slow { 8 } else { 40 }, "{task} {head}");
        }
    }
}

#[test]
fn labels_without_a_meaning_score_as_constant_answers_do() {
    // The embeddings of one class are noise: nothing can be learned but the noise.
    let table = planted(20, 0.0, false);
    for task in [Task::Tags, Task::Emotion] {
        let targets = known(task, &table);
        let settings = ProbeSettings {
            protocol: Protocol::Folds(5),
            head: Head::Ridge,
            ..ProbeSettings::default()
        };
        let report = super::probe(&table, &targets, None, &settings, &Watch::unattended()).unwrap();
        assert!(
            report.score < report.baseline + 0.2,
            "{task}: {}",
            report.score
        );
    }
}

#[test]
fn a_task_without_labels_names_the_tasks_that_have_some() {
    let mut table = planted(3, 20.0, false);
    let tracks = table.tracks.iter_mut().map(|row| {
        row.label = None;
        Track {
            tags: vec!["loud".into()],
            ..Track::of_file(&row.path)
        }
    });
    let collection = Collection {
        name: "tags".into(),
        kind: mynascope_collection::CollectionKind::Listed,
        tracks: tracks.collect(),
        split: None,
        notes: Vec::new(),
    };
    for task in [Task::Genre, Task::Key] {
        let error = Targets::of(task, &table, &collection)
            .unwrap_err()
            .to_string();
        assert!(error.contains("labels for the task tags; or"), "{error}");
    }
}

#[test]
fn folds_that_a_list_names_are_used_by_as_many_folds_and_told_to_others() {
    let table = planted(10, 20.0, false);
    // Each fold is a class: what is tested was never learned.
    let targets = Targets {
        folds: (0..40)
            .map(|track| (track != 7).then_some(1 + track % 4))
            .collect(),
        ..Targets::genres(&table)
    };
    let by = |targets: &Targets, protocol| {
        let settings = ProbeSettings {
            protocol,
            ..ProbeSettings::default()
        };
        super::probe(&table, targets, None, &settings, &Watch::unattended()).unwrap()
    };
    let listed = by(&targets, Protocol::Folds(4));
    assert_eq!((listed.score, listed.folds.len()), (0.0, 4));
    assert_eq!(listed.predictions.len(), 39, "one track is in no fold");
    assert_said(
        &listed.notes,
        &["4 folds are those that the collection lists"],
    );
    assert_said(&listed.notes, &["1 track without a fold"]);
    let drawn = by(&targets, Protocol::Folds(5));
    assert_eq!(drawn.score, 1.0);
    assert_said(&drawn.notes, &["lists 4 folds", "folds:4 uses those"]);
    let none = by(&Targets::genres(&table), Protocol::Folds(4));
    assert!(
        !none
            .notes
            .iter()
            .any(|note| note.contains("the collection lists"))
    );
}

#[test]
fn a_published_split_is_used_as_it_is_and_its_finds_are_counted() {
    let table = planted(10, 20.0, false);
    let published = mynascope_collection::Split {
        train: (0..20).collect(),
        valid: (20..28).collect(),
        test: (28..40).collect(),
    };
    let settings = ProbeSettings {
        protocol: Protocol::Clean,
        ..ProbeSettings::default()
    };
    let report = super::probe(
        &table,
        &Targets::genres(&table),
        Some(&published),
        &settings,
        &Watch::unattended(),
    )
    .unwrap();
    let split = report.split;
    assert_eq!([split.train, split.valid, split.test], [20, 8, 12]);
    let said = "20 training, 8 validation and 12 test tracks";
    assert!(report.notes.iter().any(|note| note.contains(said)));
    // What the score is comes before all else.
    assert!(
        report.notes[0].contains("12 test tracks right"),
        "{:?}",
        report.notes
    );
    let tested: Vec<String> = report
        .predictions
        .iter()
        .map(|said| said.path.display().to_string())
        .collect();
    let wanted: Vec<String> = (28..40).map(|track| format!("{track}.wav")).collect();
    assert_eq!(tested, wanted);
}

/// The published split of 40 tracks, of which every fifth is tested and every fifth chooses.
fn fifths(tracks: usize) -> Split {
    let part = |wanted: &[usize]| {
        (0..tracks)
            .filter(|at| wanted.contains(&(at % 5)))
            .collect()
    };
    Split {
        train: part(&[0, 1, 2]),
        valid: part(&[3]),
        test: part(&[4]),
    }
}

fn clean(table: &EmbeddingTable, targets: &Targets, split: &Split) -> crate::ProbeReport {
    let settings = ProbeSettings {
        protocol: Protocol::Clean,
        ..ProbeSettings::default()
    };
    super::probe(table, targets, Some(split), &settings, &Watch::unattended()).unwrap()
}

#[track_caller]
fn assert_said(notes: &[String], words: &[&str]) {
    let fits = |note: &&String| words.iter().all(|word| note.contains(word));
    assert!(
        notes.iter().any(|note| fits(&note)),
        "{words:?} in {notes:#?}"
    );
}

#[test]
fn a_label_without_a_training_track_is_named() {
    let table = planted(10, 20.0, false);
    let split = fifths(40);
    let mut targets = known(Task::Genre, &table);
    targets.names = ["a", "b", "c", "folk"].map(str::to_owned).to_vec();
    for (track, truth) in targets.truths.iter_mut().enumerate() {
        if *truth == Some(Truth::Class(3)) && split.train.contains(&track) {
            *truth = Some(Truth::Class(0));
        }
    }
    let report = clean(&table, &targets, &split);
    assert_said(
        &report.notes,
        &["without a training track", "folk (2 test tracks)"],
    );
    assert!(
        !clean(&table, &known(Task::Genre, &table), &split)
            .notes
            .iter()
            .any(|note| note.contains("without a training"))
    );
}

#[test]
fn a_label_without_a_test_track_is_named_with_where_its_tracks_are() {
    let table = planted(10, 20.0, false);
    let targets = Targets::genres(&table);
    let of = |class: usize| (0..40).filter(move |track| track % 4 == class);
    // Class 0 is in all parts, class 1 is learned alone, class 2 chosen by alone, and class 3 is in no part.
    let split = Split {
        train: (0..20).filter(|track| track % 4 < 2).collect(),
        valid: of(2).chain([20]).collect(),
        test: of(0).filter(|&track| track > 20).collect(),
    };
    let report = clean(&table, &targets, &split);
    let [_, trained, chosen, nowhere] = &targets.names[..] else {
        panic!("{:?}", targets.names)
    };
    assert_said(
        &report.notes,
        &[
            "without a test track",
            &format!("{trained}, {chosen} (in the validation part alone), {nowhere} (in no part)"),
        ],
    );
    let whole = clean(&table, &targets, &fifths(40));
    let untested = |note: &String| note.contains("without a test track");
    assert!(!whole.notes.iter().any(untested));
    // A split that has no validation part doesn't lack tracks.
    let without = Split {
        valid: Vec::new(),
        ..fifths(40)
    };
    let report = clean(&table, &targets, &without);
    assert_said(&report.notes, &["the split has no validation part"]);
}

#[test]
fn tags_that_cannot_be_learned_or_scored_are_named_and_in_no_mean() {
    let table = planted(10, 20.0, false);
    let split = fifths(40);
    let tags = |track: usize| {
        let mut tags = vec!["all", if track % 4 < 2 { "low" } else { "high" }];
        if split.train.contains(&track) && track.is_multiple_of(4) {
            tags.push("live");
        }
        if split.test.contains(&track) && track % 4 == 1 {
            tags.push("new");
        }
        tags.into_iter().map(str::to_owned).collect()
    };
    let tracks = table.tracks.iter().enumerate().map(|(at, track)| Track {
        tags: tags(at),
        ..Track::of_file(&track.path)
    });
    let collection = Collection {
        name: "tags".into(),
        kind: mynascope_collection::CollectionKind::Listed,
        tracks: tracks.collect(),
        split: Some(split),
        notes: Vec::new(),
    };
    let settings = ProbeSettings {
        task: Task::Tags,
        protocol: Protocol::Clean,
        ..ProbeSettings::default()
    };
    let report = crate::probe_collection(
        &table,
        &collection,
        &MadeBy::default(),
        &settings,
        &Watch::unattended(),
    )
    .unwrap();
    assert_eq!(report.classes, ["high", "live", "low"]);
    let scored: Vec<&str> = report
        .targets
        .iter()
        .map(|target| target.name.as_str())
        .collect();
    assert_eq!(scored, ["high", "low"]);
    assert_eq!(report.score, 1.0);
    assert_said(&report.notes, &["every tagged track has them", "all"]);
    assert_said(&report.notes, &["no training track has them", "new"]);
    assert_said(&report.notes, &["no test track has it", "live"]);
    assert_said(&report.notes, &["over 2 of 3 tags and 8 test tracks"]);
    // The search for leaks says the same, and compares split and folds over the tags that both can score.
    let settings = crate::LeakSettings::of(settings, &collection);
    let leaks = crate::leak_report(&table, &collection, &settings, &Watch::unattended()).unwrap();
    assert_said(&leaks.notes, &["no training track has them", "new"]);
    assert_said(&leaks.notes, &["no test track has it", "live"]);
    assert_said(&leaks.notes, &["compared over the 2 of", "high, low"]);
    assert_eq!((leaks.score, leaks.folds_score), (1.0, 1.0));
}

#[test]
fn an_r2_that_is_not_defined_is_no_number() {
    let table = planted(10, 20.0, false);
    let split = fifths(40);
    let with = |truth: fn(usize) -> [f64; 2]| Targets {
        truths: (0..40)
            .map(|track| Some(Truth::Values(truth(track).to_vec())))
            .collect(),
        ..known(Task::Emotion, &table)
    };
    // One dimension of two: the mean says of how many it is.
    let half = clean(&table, &with(|track| [(track % 4) as f64, 5.0]), &split);
    assert!(half.score > 0.9 && half.metrics["r2_two"].is_nan());
    assert_said(&half.notes, &["over 1 of 2 dimensions"]);
    assert_said(&half.notes, &["every test track has the same value", "two"]);
    let constant = clean(&table, &with(|_| [5.0, 5.0]), &split);
    let lone = Split {
        test: vec![split.test[0]],
        ..split
    };
    let one = clean(
        &table,
        &with(|track| [(track % 4) as f64, 5.0 - track as f64]),
        &lone,
    );
    for (report, why) in [(constant, "same value"), (one, "at least two test tracks")] {
        assert!(report.score.is_nan() && report.interval.iter().all(|edge| edge.is_nan()));
        assert_said(&report.notes, &["not defined"]);
        assert_said(&report.notes, &[why, "one, two"]);
        let json = serde_json::to_value(&report).unwrap();
        assert!(json["score"].is_null() && json["metrics"]["r2"].is_null());
    }
}

/// Of two layers the one is probed that validation tracks prefer; one that only knows the test tracks is not found.
#[test]
fn the_layer_is_chosen_on_validation_tracks_and_never_on_test_tracks() {
    let clear = planted(10, 6.0, false);
    let mut noise = planted(10, 0.0, false);
    let collection = Collection {
        name: "planted".into(),
        kind: mynascope_collection::CollectionKind::Folder,
        tracks: (clear.tracks.iter())
            .map(|track| Track {
                label: track.label.clone(),
                ..Track::of_file(&track.path)
            })
            .collect(),
        split: None,
        notes: Vec::new(),
    };
    let settings = ProbeSettings {
        head: Head::Ridge,
        ..ProbeSettings::default()
    };
    let watch = Watch::unattended();
    let best = |tables: &[EmbeddingTable], settings: &ProbeSettings| {
        probe_best_layer(tables, &collection, &MadeBy::default(), settings, &watch).unwrap()
    };
    let (report, layers) = best(&[noise.clone(), clear.clone()], &settings);
    assert_eq!(layers, [1]);
    let alone =
        probe_collection(&clear, &collection, &MadeBy::default(), &settings, &watch).unwrap();
    assert_eq!(
        (report.score, report.interval),
        (alone.score, alone.interval)
    );
    let folds = ProbeSettings {
        protocol: Protocol::Folds(4),
        ..settings
    };
    assert_eq!(best(&[clear.clone(), noise.clone()], &folds).1, [0; 4]);

    // A layer of noise that shows the truth on test tracks alone.
    let tested: Vec<_> = alone.predictions.iter().map(|it| it.path.clone()).collect();
    for row in 0..noise.rows() {
        let track = noise.track[row] as usize;
        if tested.contains(&noise.tracks[track].path) {
            noise.values[8 * row..8 * (row + 1)].copy_from_slice(clear.row(row));
        }
    }
    let middling = planted(10, 2.0, false);
    let (_, layers) = best(&[noise, middling], &settings);
    assert_eq!(layers, [1]);
}
