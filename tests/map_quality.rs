//! Maps can be trusted: t-SNE reaches what openTSNE, and UMAP what umap-learn reaches on the same rows with as many
//! iterations.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{fs, path::Path};

use mynascope_base::jobs::{Cancel, Watch};
use mynascope_embedding::{EmbeddingTable, Level, TrackRow};
use mynascope_map::{MapError, MapSettings, Method, layout, layout_live};

const COLUMNS: usize = 20;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fs::read(path.join(name)).unwrap()
}

fn table() -> EmbeddingTable {
    let mut table = EmbeddingTable::empty(COLUMNS, "planted".into(), Level::Window);
    table.tracks.push(TrackRow {
        path: "a".into(),
        label: None,
        split: None,
        incomplete: None,
    });
    table.values = fixture("tsne/points.f32")
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    let rows = table.values.len() / COLUMNS;
    table.track = vec![0; rows];
    table.timestamps = vec![0.0; rows];
    table
}

/// The `k` nearest rows of each row.
fn neighbours<const D: usize>(rows: &[[f32; D]], k: usize) -> Vec<Vec<usize>> {
    let square = |a: &[f32; D], b: &[f32; D]| -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
    };
    rows.iter()
        .enumerate()
        .map(|(here, row)| {
            let mut others: Vec<usize> = (0..rows.len()).filter(|&other| other != here).collect();
            others.sort_by(|&a, &b| square(row, &rows[a]).total_cmp(&square(row, &rows[b])));
            others.truncate(k);
            others
        })
        .collect()
}

fn recall(rows: &[[f32; COLUMNS]], map: &[[f32; 2]], k: usize) -> f64 {
    let pairs = neighbours(rows, k).into_iter().zip(neighbours(map, k));
    let kept: usize = pairs
        .map(|(near, shown)| near.iter().filter(|row| shown.contains(row)).count())
        .sum();
    kept as f64 / (k * rows.len()) as f64
}

#[test]
fn the_map_keeps_neighbourhoods_as_well_as_open_tsne() {
    let table = table();
    let reference: serde_json::Value =
        serde_json::from_slice(&fixture("tsne/reference.json")).unwrap();
    let number = |name: &str| reference[name].as_f64().unwrap();
    let settings = MapSettings {
        perplexity: number("perplexity"),
        iterations: reference["iterations"].as_u64().map(|count| count as usize),
        ..MapSettings::default()
    };
    let map = layout(&table, &settings, &Watch::unattended()).unwrap();
    let kl = map.kl.unwrap();
    let rows = table.values.as_chunks::<COLUMNS>().0;
    let (ten, thirty) = (recall(rows, &map.xy, 10), recall(rows, &map.xy, 30));
    println!("KL {kl:.4}, recall at 10 {ten:.4}, at 30 {thirty:.4}; openTSNE {reference}");
    assert!(kl <= 1.02 * number("kl"), "KL {kl}");
    assert!(ten >= 0.98 * number("recall_10"), "recall at 10 {ten}");
    assert!(
        thirty >= 0.98 * number("recall_30"),
        "recall at 30 {thirty}"
    );
}

/// How rarely a near point of the map is a far row (Venna and Kaski 2001, as scikit-learn computes it): 1 is never.
fn trustworthiness(rows: &[[f32; COLUMNS]], map: &[[f32; 2]], k: usize) -> f64 {
    let n = rows.len();
    let near = neighbours(rows, n - 1).into_iter().zip(neighbours(map, k));
    let beyond: usize = near
        .map(|(near, shown)| {
            let rank = |row: &usize| near.iter().position(|other| other == row).unwrap() + 1;
            shown
                .iter()
                .map(|row| rank(row).saturating_sub(k))
                .sum::<usize>()
        })
        .sum();
    1.0 - beyond as f64 * 2.0 / (n * k * (2 * n - 3 * k - 1)) as f64
}

#[test]
fn umap_keeps_neighbourhoods_as_well_as_umap_learn() {
    let table = table();
    let reference: serde_json::Value =
        serde_json::from_slice(&fixture("umap/reference.json")).unwrap();
    let settings = MapSettings {
        method: Method::Umap,
        neighbours: reference["neighbours"].as_u64().unwrap() as usize,
        iterations: reference["epochs"].as_u64().map(|count| count as usize),
        ..MapSettings::default()
    };
    let map = layout(&table, &settings, &Watch::unattended()).unwrap();
    let rows = table.values.as_chunks::<COLUMNS>().0;
    let (ten, trust) = (
        recall(rows, &map.xy, 10),
        trustworthiness(rows, &map.xy, settings.neighbours),
    );
    println!("recall at 10 {ten:.4}, trustworthiness {trust:.4}; umap-learn {reference}");
    // What the map says of itself.
    assert!((map.neighbours_kept.unwrap() - ten).abs() < 1e-3);
    for first in ["pca", "spectral"] {
        let number = |name: &str| reference[first][name].as_f64().unwrap();
        assert!(ten >= 0.98 * number("recall_10"), "recall at 10 {ten}");
        assert!(trust >= number("trustworthiness") - 0.005, "{trust}");
    }
}

#[test]
fn points_are_shown_while_they_move_and_a_stopped_map_ends_at_once() {
    for method in [Method::Tsne, Method::Umap] {
        stopped(method);
    }
}

fn stopped(method: Method) {
    let table = table();
    let cancel = Cancel::default();
    let watch = Watch::new(cancel.clone(), &|_| {});
    let settings = MapSettings {
        method,
        iterations: Some(1_000_000),
        ..MapSettings::default()
    };
    // A million iterations take an hour: the test would be seen to hang.
    let mut moves = 0;
    let mut moved = |xy: &[[f32; 2]]| {
        assert_eq!(xy.len(), 600);
        moves += 1;
        if moves == 3 {
            cancel.cancel();
        }
    };
    let stopped = layout_live(&table, &settings, &watch, &mut moved);
    assert!(matches!(stopped, Err(MapError::Cancelled(_))));
    assert_eq!(moves, 3);
}
