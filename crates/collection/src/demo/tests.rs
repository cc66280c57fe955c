//! What the demo collections promise: they are the same everywhere, they are well-formed, their labels are true, and the
//! styles of the plain one can be told apart by ear (here: by its mean spectrum).

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{write::track_of, *};
use crate::{Collection, CollectionError, open};
use mynascope_audio as audio;
use mynascope_base::jobs::{Cancel, Watch};
use mynascope_composer::{DemoKind, SAMPLE_RATE, SAMPLES, TRACKS, loudness, render, scores};
use mynascope_spectrum as spectrum;

/// A whole collection, written and opened once for all tests here.
fn demo(kind: DemoKind) -> &'static Collection {
    static DEMOS: [OnceLock<(tempfile::TempDir, Collection)>; 2] = [const { OnceLock::new() }; 2];
    let [mixed, plain] = &DEMOS;
    let demo = match kind {
        DemoKind::Mixed => mixed,
        DemoKind::Plain => plain,
    };
    let (_, collection) = demo.get_or_init(|| {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("demo");
        let summary = write_demo(&folder, kind, DEMO_SEED, &Watch::unattended()).unwrap();
        assert_eq!((summary.tracks, summary.seconds), (64, 64.0 * 12.288));
        assert_eq!(summary.styles.len(), 8);
        let collection = open(&[folder], &Watch::unattended()).unwrap();
        (home, collection)
    });
    collection
}

fn sound_of(path: &Path, rate: u32) -> Vec<f32> {
    let channel = audio::Channel::Mean;
    audio::load_mono(path, rate, channel, &Cancel::default())
        .unwrap()
        .0
}

#[test]
fn every_track_is_twelve_seconds_of_sound() {
    for kind in DemoKind::ALL {
        let collection = demo(kind);
        assert_eq!(collection.name, kind.name());
        assert_eq!(collection.tracks.len(), TRACKS);
        let mut levels = Vec::new();
        for track in &collection.tracks {
            let sound = sound_of(&track.path, SAMPLE_RATE);
            assert_eq!(sound.len(), SAMPLES, "{}", track.title);
            assert!(
                sound.iter().all(|x| x.is_finite() && x.abs() < 1.0),
                "{}",
                track.title
            );
            levels.push(20.0 * loudness(&sound).log10());
            // No silent stretch of half a second.
            for part in sound.chunks(16_000).take(23) {
                assert!(loudness(part) > 0.001, "{} falls silent", track.title);
            }
        }
        let [quietest, loudest] = [f32::min, f32::max].map(|of| levels.iter().copied().reduce(of));
        let (quietest, loudest) = (quietest.unwrap(), loudest.unwrap());
        match kind {
            DemoKind::Plain => assert!(quietest > -18.5 && loudest < -17.5),
            // Loudness tells nothing: it varies by several decibels.
            DemoKind::Mixed => {
                assert!(quietest > -28.0 && loudest < -17.5 && loudest - quietest > 6.0)
            }
        }
    }
}

#[test]
fn labels_survive_the_file() {
    for kind in DemoKind::ALL {
        for (number, track) in demo(kind).tracks.iter().enumerate() {
            assert_eq!(track.duration_secs, Some(12.288));
            assert_eq!(track.problem, None);
            assert!(track.tags.len() >= 2);
            let [arousal, valence] = track.emotion.unwrap();
            assert!((1.0..=9.0).contains(&arousal) && (1.0..=9.0).contains(&valence));
            if number < 8 {
                let score = scores(kind, DEMO_SEED)[number];
                let mut expected = track_of(&render(score, number, DEMO_SEED));
                expected.path = track.path.clone();
                assert_eq!(*track, expected, "what was rendered is what is read back");
            }
        }
    }
}

/// Files that must never change without their version counting up: the fingerprint (BLAKE3, first 8 bytes) of the first
/// track of each style.
const MIXED: [&str; 8] = [
    "c21a2170c1973a91",
    "ba1e41f01d7d818e",
    "f9e33aa729e5e74a",
    "5a43a109ecf005ec",
    "3fac472cdcce3b38",
    "4f92e38bce2ef5d4",
    "e334e5cda4671d84",
    "aafec486b7c70414",
];
const PLAIN: [&str; 8] = [
    "4c44d2edcce468a6",
    "abf5530fd61c73b2",
    "4e5fc474b63003fc",
    "6995a0c8b4968f13",
    "fdc82c3413679a78",
    "5ece45b3f4c1362c",
    "a1c76d71c7c773e0",
    "e3fab9464adbf810",
];

#[test]
fn the_same_seed_gives_the_same_bytes_on_every_machine() {
    for (kind, fingerprints) in [(DemoKind::Mixed, MIXED), (DemoKind::Plain, PLAIN)] {
        let print = |track: &crate::Track| {
            blake3::hash(&std::fs::read(&track.path).unwrap()).to_hex()[..16].to_owned()
        };
        let prints: Vec<String> = demo(kind).tracks.iter().take(8).map(print).collect();
        assert_eq!(prints, fingerprints, "{kind:?}");
    }
}

#[test]
fn another_seed_gives_another_collection() {
    let [here, there] = [0, 1].map(|seed| {
        let score = scores(DemoKind::Mixed, seed)[2];
        (score, render(score, 2, seed).sound)
    });
    assert_ne!(here.0, there.0);
    assert_ne!(here.1, there.1);
}

/// Mean of the log of the mel picture over time: colour of sound without melody or rhythm.
fn colours() -> &'static [Vec<f32>] {
    static COLOURS: OnceLock<Vec<Vec<f32>>> = OnceLock::new();
    COLOURS.get_or_init(|| {
        use rayon::prelude::*;
        demo(DemoKind::Plain)
            .tracks
            .par_iter()
            .map(|track| {
                let channel = audio::Channel::Mean;
                let made = spectrum::mel_of_file(&track.path, channel, &Cancel::default());
                let mel = made.unwrap().mel;
                let mut mean = vec![0.0; spectrum::MEL_BANDS];
                for frame in 0..mel.frames() {
                    for (sum, power) in mean.iter_mut().zip(mel.frame(frame)) {
                        *sum += (power + 1e-4).ln() / mel.frames() as f32;
                    }
                }
                mean
            })
            .collect()
    })
}

#[test]
fn styles_are_told_apart_by_their_colour_alone() {
    let tracks = &demo(DemoKind::Plain).tracks;
    let colours = colours();
    let mut right = 0;
    for (left_out, track) in tracks.iter().enumerate() {
        let mut centroids: BTreeMap<&str, (Vec<f32>, f32)> = BTreeMap::new();
        for (other, (track, colour)) in tracks.iter().zip(colours).enumerate() {
            if other != left_out {
                let (sum, count) = centroids
                    .entry(track.label.as_deref().unwrap())
                    .or_insert_with(|| (vec![0.0; colour.len()], 0.0));
                sum.iter_mut()
                    .zip(colour)
                    .for_each(|(sum, value)| *sum += value);
                *count += 1.0;
            }
        }
        let distance = |(sum, count): &(Vec<f32>, f32)| -> f32 {
            sum.iter()
                .zip(&colours[left_out])
                .map(|(sum, value)| (sum / count - value).powi(2))
                .sum()
        };
        let nearest = centroids
            .iter()
            .min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)))
            .unwrap();
        right += usize::from(track.label.as_deref() == Some(*nearest.0));
    }
    println!(
        "nearest centroid of the mean spectrum: {right} of {}",
        tracks.len()
    );
    assert!(right >= 58, "{right} of {}", tracks.len());
}

/// How much of each of the twelve pitch classes sounds between 60 Hz and 2 kHz.
fn pitch_classes(path: &Path) -> [f32; 12] {
    let mut sound = sound_of(path, 16_000);
    let length = sound.len();
    for (index, sample) in sound.iter_mut().enumerate() {
        let turn = index as f32 / length as f32;
        *sample *= 0.5 - 0.5 * (std::f32::consts::TAU * turn).cos();
    }
    let plan = realfft::RealFftPlanner::<f32>::new().plan_fft_forward(length);
    let mut bins = plan.make_output_vec();
    plan.process(&mut sound, &mut bins).unwrap();
    let mut classes = [0.0; 12];
    for (bin, value) in bins.iter().enumerate() {
        let hz = bin as f32 * 16_000.0 / length as f32;
        if (60.0..2000.0).contains(&hz) {
            let pitch = (12.0 * (hz / 440.0).log2() + 69.0).round() as usize;
            classes[pitch % 12] += value.norm();
        }
    }
    classes
}

#[test]
fn the_sound_is_in_the_key_of_its_label() {
    for (kind, least) in [(DemoKind::Plain, 48), (DemoKind::Mixed, 48)] {
        let scores = scores(kind, DEMO_SEED);
        let (mut pitched, mut right) = (0, 0);
        for (track, score) in demo(kind).tracks.iter().zip(scores) {
            // The kick of techno glides through all pitches.
            let guest = score.guest();
            if [track.label.as_deref(), guest].contains(&Some("techno")) {
                continue;
            }
            let classes = pitch_classes(&track.path);
            // A scale is shared by a major key and its relative minor: twelve scales.
            let share = |major_tonic: usize| -> f32 {
                [0, 2, 4, 5, 7, 9, 11]
                    .iter()
                    .map(|step| classes[(major_tonic + step) % 12])
                    .sum()
            };
            let loudest = (0..12)
                .max_by(|&a, &b| share(a).total_cmp(&share(b)))
                .unwrap();
            let key = usize::from(track.key.unwrap());
            let labelled = if key < 12 { key } else { (key + 3) % 12 };
            pitched += 1;
            right += usize::from(loudest == labelled);
        }
        println!(
            "{kind:?}: the labelled key's scale is the strongest of twelve in {right} of {pitched}"
        );
        assert!(right >= least, "{kind:?}: {right} of {pitched}");
    }
}

#[test]
fn a_cancelled_collection_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let cancel = Cancel::default();
    let progress = AtomicU64::new(0);
    let stop = cancel.clone();
    let watch_progress = |told: mynascope_base::jobs::Progress| {
        progress.fetch_max(told.done, Ordering::Relaxed);
        if told.done >= 1 {
            stop.cancel();
        }
    };
    let watch = Watch::new(cancel.clone(), &watch_progress);
    let result = write_demo(&home.path().join("demo"), DemoKind::Plain, 0, &watch);
    assert!(
        matches!(result, Err(CollectionError::Cancelled(_))),
        "{result:?}"
    );
    assert!((1..64).contains(&progress.load(Ordering::Relaxed)));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("thesis.txt"), "mine").unwrap();
    let result = write_demo(home.path(), DemoKind::Plain, 0, &Watch::unattended());
    assert!(matches!(result, Err(CollectionError::Occupied { .. })));
    let file = home.path().join("thesis.txt");
    assert!(matches!(
        write_demo(&file, DemoKind::Plain, 0, &Watch::unattended()),
        Err(CollectionError::Occupied { .. })
    ));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}
