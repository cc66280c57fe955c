//! Tests of extraction: order, cancelling, what is left out, and what a mask reads.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use super::{
    pipeline::{Model, Pipeline},
    windows::mask,
    *,
};
use mynascope_encoder::{EncoderError, Window};
use mynascope_spectrum::tokens::{MEL_BANDS, PatchShape, TokenGrid};

fn extract_with(
    tracks: &[Track],
    model: &Model<'_>,
    read: &ReadTrack<'_>,
    settings: &ExtractSettings,
    watch: &Watch<'_>,
) -> Result<Extraction, EmbeddingError> {
    let model = Model { ..*model };
    let pipeline = Pipeline {
        tracks,
        model,
        read,
        settings,
        watch,
        grown: None,
    };
    pipeline.run()
}

#[test]
fn the_growing_table_is_shown_before_all_is_embedded_and_is_a_sample_of_the_whole() {
    let shown = std::cell::RefCell::new(Vec::new());
    let grown = |table: EmbeddingTable| shown.borrow_mut().push(table);
    let names: Vec<String> = (0..60).map(|track| format!("{}-{track}", 4 * 96)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let whole = Pipeline {
        tracks: &tracks(&names),
        model: model(&grids()),
        read: &read,
        settings: &ExtractSettings::default(),
        watch: &Watch::unattended(),
        grown: Some(&grown),
    }
    .run()
    .unwrap()
    .table;
    let shown = shown.into_inner();
    let first = shown.first().expect("it was shown");
    assert!(first.rows() >= 64 && first.rows() < whole.rows());
    // Tracks from all over the list, in its order, and of each all windows that it has later too.
    let place = |row: &crate::TrackRow| whole.tracks.iter().position(|it| it == row).unwrap();
    let places: Vec<usize> = first.tracks.iter().map(place).collect();
    assert!(places.is_sorted());
    let late = places.iter().filter(|&&place| place >= 30).count();
    assert!(late.abs_diff(places.len() / 2) <= 1, "{places:?}");
    for (row, &track) in first.track.iter().enumerate() {
        let of_track = whole
            .track
            .iter()
            .position(|it| *it as usize == places[track as usize]);
        let number = first.track[..row].iter().filter(|it| **it == track).count();
        assert_eq!(first.row(row), whole.row(of_track.unwrap() + number));
    }
}

/// Windows of 96 frames whose values tell their frame, as many as fill `frames`.
fn input(frames: usize) -> Input {
    let value = |at: usize| (at / MEL_BANDS) as f32;
    let window = |number: usize| Window {
        start_secs: number as f32 * 3.072,
        values: (0..96 * MEL_BANDS)
            .map(|at| value(number * 96 * MEL_BANDS + at))
            .collect(),
    };
    Input {
        windows: (0..frames / 96).map(window).collect(),
        duration_secs: 0.0,
        caveats: Caveats::default(),
    }
}

fn tracks(names: &[&str]) -> Vec<Track> {
    names
        .iter()
        .map(|name| Track::of_file(Path::new(name)))
        .collect()
}

/// "Embeds" a window as its first and last value and how many tokens it kept.
fn fake(windows: &[&[f32]], masks: Option<&[TokenMask]>) -> Result<Vec<f32>, EncoderError> {
    Ok(windows
        .iter()
        .enumerate()
        .flat_map(|(index, window)| {
            let kept = masks.map_or(48, |masks| masks[index].of(0).len());
            [window[0], window[window.len() - 1], kept as f32]
        })
        .collect())
}

fn grids() -> Vec<TokenGrid> {
    vec![PatchShape::Square.grid(96).into()]
}

fn model(grids: &[TokenGrid]) -> Model<'_> {
    Model {
        grids,
        dim: 3,
        description: "fake",
        hash: "hash",
        per_pass: 1,
        embed: &fake,
    }
}

/// The name of a file says how many frames it has; "bad" cannot be read, "worse" panics.
fn read(path: &Path, _cancel: &Cancel) -> Result<Input, String> {
    let name = path.to_str().unwrap();
    match name.split('-').next().unwrap().parse() {
        // The first track comes last, so that order must be restored.
        Ok(frames) => {
            std::thread::sleep(Duration::from_millis(if name.ends_with("slow") {
                60
            } else {
                0
            }));
            Ok(input(frames))
        }
        Err(_) if name == "worse" => panic!("overflow"),
        Err(_) => Err(format!("{name} is no sound")),
    }
}

fn run(names: &[&str], settings: &ExtractSettings) -> Result<Extraction, EmbeddingError> {
    extract_with(
        &tracks(names),
        &model(&grids()),
        &read,
        settings,
        &Watch::unattended(),
    )
}

#[test]
fn tracks_keep_their_order_and_what_cannot_be_read_is_skipped_with_its_reason() {
    for batch in [1, 2, 64] {
        let settings = ExtractSettings {
            batch,
            ..ExtractSettings::default()
        };
        let out = run(&["200-slow", "bad", "40", "96", "worse"], &settings).unwrap();
        let table = out.table;
        assert_eq!(
            table.values,
            [
                0.0, 95.0, 48.0, 96.0, 191.0, 48.0, // two windows
                0.0, 95.0, 48.0
            ]
        );
        assert_eq!(table.track, [0, 0, 1]);
        assert_eq!(table.timestamps, [0.0, 3.072, 0.0]);
        let names: Vec<_> = table
            .tracks
            .iter()
            .map(|t| t.path.to_str().unwrap())
            .collect();
        assert_eq!(names, ["200-slow", "96"]);
        assert_eq!(out.windows, 3);
        assert_eq!(out.skipped.len(), 3);
        assert_eq!(out.skipped[0].1, "bad is no sound");
        assert_eq!(out.skipped[1].1, "it holds no sound");
        assert!(out.skipped[2].1.contains("overflow"), "{:?}", out.skipped);
    }
}

#[test]
fn masks_follow_ratio_and_seed() {
    let settings = ExtractSettings {
        ratio: MaskRatio::MYNA,
        ..ExtractSettings::default()
    };
    let out = run(&["200"], &settings).unwrap();
    assert_eq!(out.table.row(1)[2], 5.0);
    let draw = |seed, track, window| {
        mask(
            &model(&grids()),
            &ExtractSettings { seed, ..settings },
            track,
            window,
        )
        .0
    };
    assert_eq!(draw(1, 2, 3), draw(1, 2, 3));
    for other in [draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4)] {
        assert_ne!(draw(1, 2, 3), other);
    }
}

#[test]
fn nothing_to_embed_is_an_error_that_says_why() {
    let message = run(&["bad", "bad"], &ExtractSettings::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("of 2 tracks none could be embedded"),
        "{message}"
    );
    assert!(message.contains("bad is no sound"), "{message}");
    assert!(matches!(
        run(&[], &ExtractSettings::default()),
        Err(EmbeddingError::NoTracks)
    ));
}

/// However many tracks there are, only a few are decoded ahead of the encoder, and stopping takes effect at once.
#[test]
fn decoding_runs_only_a_little_ahead_and_stops() {
    static DECODED: AtomicUsize = AtomicUsize::new(0);
    let read = |_: &Path, _: &Cancel| {
        DECODED.fetch_add(1, Ordering::Relaxed);
        Ok(input(96))
    };
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let embed = move |windows: &[&[f32]], masks: Option<&[TokenMask]>| {
        std::thread::sleep(Duration::from_millis(100));
        stop.cancel();
        fake(windows, masks)
    };
    let grids = grids();
    let model = Model {
        embed: &embed,
        ..model(&grids)
    };
    let names = vec!["x"; 5000];
    let settings = ExtractSettings {
        batch: 1,
        ..ExtractSettings::default()
    };
    let result = extract_with(
        &tracks(&names),
        &model,
        &read,
        &settings,
        &Watch::new(cancel, &|_| {}),
    );
    assert!(matches!(result, Err(EmbeddingError::Cancelled(_))));
    let most = 2 * rayon::current_num_threads() + 2;
    assert!(DECODED.load(Ordering::Relaxed) <= most, "{DECODED:?}");
}
