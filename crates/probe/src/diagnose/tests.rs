use std::collections::BTreeSet;

use ndarray::Array2;
use serde_json::Value;

use super::{
    geometry::{alignment, effective_rank, intrinsic_dimension, uniformity},
    transposition::{Fitted, explained},
    *,
};
use mynascope_collection::CollectionKind;
use mynascope_encoder::{CheckpointRef, DeviceChoice, LoadOptions, Reading};
use mynascope_spectrum::tokens::Stream;

/// Made by `tests/fixtures/make_diagnose.py`.
fn reference() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/diagnose.json")).unwrap()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
    let dim = rows[0].len();
    Array2::from_shape_vec((rows.len(), dim), rows.concat()).unwrap()
}

fn random(seed: u64) -> Stream {
    stream(seed, 0, 0, Purpose::Demo)
}

fn normal(rows: usize, dim: usize, seed: u64) -> Array2<f64> {
    let mut random = random(seed);
    Array2::from_shape_simple_fn((rows, dim), || random.normal())
}

#[track_caller]
fn close(measured: &Measured, wanted: f64, tolerance: f64) {
    let value = measured.number().unwrap();
    assert!((value - wanted).abs() < tolerance, "{value}, not {wanted}");
}

#[track_caller]
fn undefined(measured: &Measured, words: &str) {
    match measured {
        Measured::Undefined(why) => assert!(why.contains(words), "{why}"),
        Measured::Value(value) => panic!("{value} is no number of this"),
    }
}

#[test]
fn numbers_are_those_of_numpy_scipy_and_scikit_dimension() {
    let reference = reference();
    let rows = matrix(&reference["rows"]);
    let tracks: Vec<u32> = serde_json::from_value(reference["tracks"].clone()).unwrap();
    let wanted = |name: &str| reference[name].as_f64().unwrap();
    close(&alignment(&rows, &tracks), wanted("alignment"), 1e-10);
    close(&uniformity(&rows), wanted("uniformity"), 1e-10);
    let dimension = intrinsic_dimension(&rows);
    close(&dimension, wanted("intrinsic_dimension"), 1e-8);
    close(&effective_rank(&rows), wanted("effective_rank"), 1e-6);
}

#[test]
fn the_map_of_a_transposition_is_that_of_scikit_learn() {
    let reference = reference();
    let (plain, moved) = (matrix(&reference["rows"]), matrix(&reference["moved"]));
    let part = |rows: std::ops::Range<usize>| {
        let rows: Vec<usize> = rows.collect();
        (plain.select(Axis(0), &rows), moved.select(Axis(0), &rows))
    };
    let fitted = Fitted::on(&part(0..60), &part(60..90)).unwrap();
    let change = fitted.change(&part(90..120).0);
    let wanted = matrix(&reference["change"]);
    for (value, wanted) in change.iter().zip(&wanted) {
        assert!((value - wanted).abs() < 1e-8, "{value}, not {wanted}");
    }
}

#[test]
fn known_shapes_have_their_known_dimensions_and_spreads() {
    // A bent line in ten dimensions, a square, a cloud in five.
    let mut random_line = random(1);
    let line = Array2::from_shape_fn((400, 10), |_| 0.0);
    let places: Vec<f64> = (0..400).map(|_| random_line.uniform()).collect();
    let line = Array2::from_shape_fn(line.dim(), |(row, column)| {
        (places[row] * (1.0 + 0.3 * column as f64)).sin()
    });
    close(&intrinsic_dimension(&line), 1.0, 0.15);
    let mut random_square = random(2);
    let square = Array2::from_shape_simple_fn((400, 2), || random_square.uniform());
    close(&intrinsic_dimension(&square), 2.0, 0.3);
    let cloud = normal(600, 5, 3);
    close(&intrinsic_dimension(&cloud), 5.0, 0.7);
    close(&effective_rank(&cloud), 5.0, 0.05);
    // Two directions of equal spread have effective rank 2, whatever the mean.
    let cross = ndarray::array![[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]] + 7.0;
    close(&effective_rank(&cross), 2.0, 1e-9);
    // On a sphere of many dimensions all pairs are orthogonal: exp(-2 * 2).
    close(&uniformity(&normal(300, 512, 4)), -4.0, 0.05);
    // Windows a right angle apart: |a - b|^2 = 2.
    let right_angle = ndarray::array![[3.0, 0.0], [0.0, 0.5]];
    close(&alignment(&right_angle, &[0, 0]), 2.0, 1e-12);
    close(&uniformity(&right_angle), -4.0, 1e-12);
}

#[test]
fn embeddings_that_move_with_the_pitch_are_told_from_those_that_ignore_it_and_those_that_jumble() {
    let plain = normal(120, 6, 5);
    let tracks: Vec<u32> = (0..120).map(|row| row / 3).collect();
    let noise = 0.05 * normal(120, 6, 6);
    // A cyclic shift of the dimensions, as of a key profile.
    let turned = Array2::from_shape_fn((120, 6), |(row, column)| plain[(row, (column + 5) % 6)]);
    let both = |moved: &Array2<f64>| {
        let explained = explained(&plain, moved, &tracks, 0);
        [explained.with_map, explained.without_map].map(|it| it.number().unwrap())
    };
    let [with_map, without] = both(&(&turned + &noise));
    assert!(with_map > 0.98 && without < 0.1, "{with_map} {without}");
    let [with_map, without] = both(&(&plain + &noise));
    assert!(with_map > 0.98 && without > 0.98, "{with_map} {without}");
    let [with_map, without] = both(&normal(120, 6, 7));
    assert!(
        with_map.abs() < 0.2 && without < -0.5,
        "{with_map} {without}"
    );
}

#[test]
fn what_is_not_defined_says_why_and_is_never_nan() {
    let equal = Array2::from_elem((30, 4), 0.7);
    let silent = Array2::zeros((30, 4));
    let tracks: Vec<u32> = (0..30).map(|row| row / 2).collect();
    close(&alignment(&equal, &tracks), 0.0, 1e-9);
    close(&uniformity(&equal), 0.0, 1e-9);
    undefined(&effective_rank(&equal), "the same embedding");
    undefined(&intrinsic_dimension(&equal), "there is 1");
    undefined(
        &explained(&equal, &equal, &tracks, 0).with_map,
        "the same embedding",
    );
    undefined(&alignment(&silent, &tracks), "no track has two windows");
    undefined(&uniformity(&silent), "no window has a direction");
    undefined(&effective_rank(&silent), "the same embedding");
    undefined(
        &explained(&silent, &silent, &tracks, 0).without_map,
        "the same embedding",
    );
    let one = normal(1, 4, 0);
    undefined(&alignment(&one, &[0]), "longer tracks");
    undefined(&uniformity(&one), "one window alone");
    undefined(&effective_rank(&one), "there is 1 window");
    undefined(&intrinsic_dimension(&one), "add tracks");
    let none = Array2::zeros((0, 4));
    for measured in [
        alignment(&none, &[]),
        uniformity(&none),
        effective_rank(&none),
        intrinsic_dimension(&none),
        explained(&none, &none, &[], 0).with_map,
    ] {
        assert_eq!(measured.number(), None);
    }
    // A track of nine windows alone is no ten tracks.
    let few = normal(9, 4, 1);
    undefined(
        &explained(&few, &few, &[0, 1, 2, 3, 4, 5, 6, 7, 8], 0).with_map,
        "there are 9",
    );
    // Points of a lattice are as far from their first as from their second neighbour.
    let lattice = Array2::from_shape_fn((30, 1), |(row, _)| row as f64);
    undefined(
        &intrinsic_dimension(&lattice.slice(ndarray::s![1..29, ..]).to_owned()),
        "",
    );
}

fn tones(folder: &Path, tracks: usize, secs: f32) -> Collection {
    let track = |number: usize| {
        let path = folder.join(format!("{number}.wav"));
        let hz = 220.0 * (number as f32 / 7.0).exp2();
        let samples: Vec<f32> = (0..(secs * 16_000.0) as usize)
            .map(|at| {
                let time = at as f32 / 16_000.0;
                let beat = 1.0 - (time * (1.0 + number as f32 * 0.3)).fract();
                0.4 * beat * (std::f32::consts::TAU * hz * time * (1.0 + 0.02 * time)).sin()
            })
            .collect();
        mynascope_audio::write_wav(&path, &samples, 16_000).unwrap();
        Track::of_file(&path)
    };
    Collection {
        name: "tones".into(),
        kind: CollectionKind::Folder,
        tracks: (0..tracks).map(track).collect(),
        split: None,
        notes: Vec::new(),
    }
}

fn untrained(reading: Reading) -> LoadedEncoder {
    let options = LoadOptions {
        reading,
        ..LoadOptions::default()
    };
    LoadedEncoder::open(&CheckpointRef::Untrained, options, &DeviceChoice::Cpu).unwrap()
}

#[test]
fn every_layer_is_measured_on_windows_of_the_tracks_and_one_layer_alone_as_among_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut collection = tones(folder.path(), 10, 7.0);
    let silence = folder.path().join("silence.wav");
    mynascope_audio::write_wav(&silence, &vec![0.0; 16_000 * 8], 16_000).unwrap();
    let broken = folder.path().join("broken.wav");
    std::fs::write(&broken, "no sound").unwrap();
    collection.tracks.push(Track::of_file(&silence));
    collection.tracks.push(Track::of_file(&broken));
    let settings = DiagnoseSettings::default();
    let watch = Watch::unattended();
    let encoder = untrained(Reading::default());
    let mut told = Vec::new();
    let mut take = |layer: &LayerDiagnostics| told.push(layer.clone());
    let whole = diagnose(&collection, &encoder, &settings, &watch, &mut take).unwrap();
    assert_eq!(told, whole.layers);
    let names: Vec<&str> = whole.layers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, encoder.info().layers);
    assert_eq!((whole.tracks, whole.skipped.len()), (11, 1));
    assert_eq!(whole.windows, 11 * 2);
    for layer in &whole.layers {
        for diagnostic in Diagnostic::ALL {
            let value = layer.of(diagnostic).number();
            assert!(value.is_some_and(f64::is_finite), "{layer:?}");
        }
        assert_eq!(layer.transpositions.len(), 2);
    }
    let distinct: BTreeSet<String> = (whole.layers.iter())
        .map(|layer| format!("{:?}", layer.effective_rank))
        .collect();
    assert_eq!(distinct.len(), whole.layers.len());

    let reading = Reading {
        layer: Some(1),
        ..Reading::default()
    };
    let one = diagnose(
        &collection,
        &untrained(reading),
        &settings,
        &watch,
        &mut |_| (),
    )
    .unwrap();
    let [one] = &one.layers[..] else {
        panic!("{one:?}")
    };
    for diagnostic in Diagnostic::ALL {
        let wanted = whole.layers[1].of(diagnostic).number().unwrap();
        close(one.of(diagnostic), wanted, 1e-9);
    }
}

#[test]
fn too_few_tracks_leave_gaps_that_are_explained_and_a_stopped_job_stops() {
    let folder = tempfile::tempdir().unwrap();
    let collection = tones(folder.path(), 3, 2.0);
    let encoder = untrained(Reading::default());
    let settings = DiagnoseSettings::default();
    let watch = Watch::unattended();
    let made = diagnose(&collection, &encoder, &settings, &watch, &mut |_| ()).unwrap();
    assert_eq!(
        (made.tracks, made.windows),
        (3, 3),
        "one padded window a track"
    );
    let layer = made.layers.last().unwrap();
    undefined(&layer.alignment, "no track has two windows");
    undefined(&layer.intrinsic_dimension, "there are 3");
    undefined(&layer.transposition, "there are 3; add tracks");
    assert!(layer.uniformity.number().is_some());
    let text = serde_json::to_string(&made).unwrap();
    assert!(
        text.contains("\"undefined\":\"no track") && !text.contains("null"),
        "{text}"
    );

    let cancel = Cancel::default();
    cancel.cancel();
    let watch = Watch::new(cancel, &|_| {});
    let end = diagnose(&collection, &encoder, &settings, &watch, &mut |_| ());
    assert!(matches!(end, Err(ProbeError::Cancelled(_))));
    let none = Collection {
        tracks: Vec::new(),
        ..collection
    };
    let watch = Watch::unattended();
    let end = diagnose(&none, &encoder, &settings, &watch, &mut |_| ());
    let why = end.unwrap_err().to_string();
    assert!(why.contains("no track to embed"), "{why}");
}

#[test]
fn a_large_collection_is_sampled_by_the_seed_and_a_file_counts_once() {
    let track = |name: String| Track::of_file(Path::new(&name));
    let mut tracks: Vec<Track> = (0..50)
        .map(|number| track(format!("{number}.wav")))
        .collect();
    tracks.push(track("7.wav".to_owned()));
    let collection = Collection {
        name: "many".into(),
        kind: CollectionKind::Folder,
        tracks,
        split: None,
        notes: Vec::new(),
    };
    let of = |tracks: usize, seed| {
        let settings = DiagnoseSettings {
            tracks,
            seed,
            ..DiagnoseSettings::default()
        };
        let drawn = drawn(&collection, &settings);
        drawn.into_iter().map(|it| it.path).collect::<Vec<_>>()
    };
    assert_eq!(of(100, 0).len(), 50);
    assert_eq!((of(10, 0).len(), of(10, 0)), (10, of(10, 0)));
    assert_ne!(of(10, 0), of(10, 1));
}
