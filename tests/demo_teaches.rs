//! The demo collection can teach: an encoder with random weights tells about half of its styles, a trained one clearly more,
//! and the score falls where almost all tokens are dropped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{collections::BTreeMap, path::PathBuf};

use mynascope_base::{jobs::Watch, storage::Cache};
use mynascope_collection::{Collection, DemoKind, open, write_demo};
use mynascope_embedding::{ExtractSettings, extract_cached};
use mynascope_encoder::{CheckpointRef, DeviceChoice, LoadOptions, LoadedEncoder};
use mynascope_probe::{MadeBy, ProbeSettings, Protocol, probe_collection};
use mynascope_spectrum::tokens::MaskRatio;

/// Of each track whether its style was told, as a mean over draws of masks.
type Told = BTreeMap<PathBuf, f64>;

/// Share of a list, with its 95 % interval by the normal approximation over tracks.
fn mean_and_interval(values: impl Iterator<Item = f64>) -> (f64, [f64; 2]) {
    let values: Vec<f64> = values.collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let half = 1.96 * (variance / count).sqrt();
    (mean, [mean - half, mean + half])
}

/// Asks five folds at a mask ratio, averaged over `draws` of masks.
fn told(
    collections: &[Collection],
    encoder: &LoadedEncoder,
    ratio: f64,
    draws: u64,
    mels: &Cache,
) -> Told {
    let watch = Watch::unattended();
    let mut told = Told::new();
    for collection in collections {
        for seed in 0..draws {
            let settings = ExtractSettings {
                ratio: MaskRatio::new(ratio).unwrap(),
                seed,
                ..ExtractSettings::default()
            };
            let table = extract_cached(collection, encoder, &settings, Some(mels), &watch).unwrap();
            let probe = ProbeSettings {
                protocol: Protocol::Folds(5),
                ..ProbeSettings::default()
            };
            let made_by = MadeBy::of(encoder);
            let report =
                probe_collection(&table.table, collection, &made_by, &probe, &watch).unwrap();
            for track in report.predictions {
                *told.entry(track.path).or_default() +=
                    f64::from(u8::from(track.truth == track.prediction)) / draws as f64;
            }
        }
    }
    told
}

/// How much more often the first tells the style of a track than the second.
fn gain(first: &Told, second: &Told) -> (f64, [f64; 2]) {
    assert!(first.keys().eq(second.keys()));
    mean_and_interval(first.iter().map(|(path, told)| told - second[path]))
}

#[test]
fn training_and_masks_show_on_the_demo_collection() {
    let home = tempfile::tempdir().unwrap();
    // Two seeds: with the 64 tracks of one the intervals would be too wide to tell the curve's ends apart.
    let collections: Vec<Collection> = (0..2)
        .map(|seed| {
            let folder = home.path().join(format!("demo-{seed}"));
            write_demo(&folder, DemoKind::Mixed, seed, &Watch::unattended()).unwrap();
            open(&[folder], &Watch::unattended()).unwrap()
        })
        .collect();
    let encoder = |checkpoint| {
        LoadedEncoder::open(&checkpoint, LoadOptions::default(), &DeviceChoice::Cpu).unwrap()
    };
    let (untrained, shipped) = (
        encoder(CheckpointRef::Untrained),
        encoder(CheckpointRef::Shipped),
    );

    // The lesson about keys names them all by one song.
    let lesson = include_str!("../assets/lessons/6-equivariance.toml");
    assert!(lesson.contains("This song, Blue Umbrella, is in C major."));
    assert!(lesson.contains("track = \"demo:jazz/blue-umbrella\""));
    let mut songs = collections[0].tracks.iter();
    let song = songs.find(|track| track.title == "Blue Umbrella").unwrap();
    assert_eq!((song.label.as_deref(), song.key), (Some("jazz"), Some(0)));
    let mels = Cache::new(home.path().join("computed"), 1 << 30);
    let ask = |encoder, ratio, draws| told(&collections, encoder, ratio, draws, &mels);
    let before = ask(&untrained, 0.0, 1);
    let whole = ask(&shipped, 0.0, 1);
    let (share, [low, high]) = mean_and_interval(before.values().copied());
    println!("untrained {share:.3} ({low:.3} to {high:.3})");
    assert!(
        low < 0.5 && high > 0.4 && high < 0.65,
        "untrained: {share} ({low} to {high})"
    );
    let (more, [low, high]) = gain(&whole, &before);
    println!("shipped {more:.3} more ({low:.3} to {high:.3})");
    assert!(
        low > 0.05,
        "trained above untrained: {more} ({low} to {high})"
    );

    let [nearly_all, last] = [0.9, 0.95].map(|ratio| ask(&shipped, ratio, 2));
    let (less, [low, high]) = gain(&whole, &nearly_all);
    println!("90 % dropped: {less:.3} less than whole ({low:.3} to {high:.3})");
    assert!(
        low < 0.1,
        "90 % is near the top: {less} less ({low} to {high})"
    );
    let (less, [low, high]) = gain(&whole, &last);
    println!("95 % dropped: {less:.3} less than whole ({low:.3} to {high:.3})");
    assert!(low > 0.0, "95 % lies below: {less} less ({low} to {high})");
}
