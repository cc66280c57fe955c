#!/usr/bin/env bash
# Expected: the same points, first positions and settings give the same t-SNE map: the documentation calls its sum over all pairs
#           sequential, and Barnes-Hut draws no random numbers once first positions are given.
# Seen:     on one thread every run gives the same map, bit for bit; on four threads maps of the same input differ from run to run
#           (after 300 iterations by some 1e-7 of the map's size). To have exactly one map for one seed it must run on one thread.
# Versions: crates.io bhtsne 0.7.13, rayon 1
# Date:     2026-12-01
# Source:   bhtsne 0.7.13, src/tsne/mod.rs: zero_mean (every iteration) and normalize_p_values fold and reduce floats in parallel, in an
#           order that depends on which thread takes which part.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "maps"
version = "0.0.0"
edition = "2024"

[dependencies]
bhtsne = { version = "=0.7.13", default-features = false }
rayon = "1"

[profile.dev]
opt-level = 3
TOML
cat > src/main.rs <<'RUST'
use bhtsne::tSNE;

const ROWS: usize = 3000;

/// Numbers that repeat in no short period, from -1 to 1.
fn number(state: &mut u64) -> f32 {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 40) as f32 / (1 << 23) as f32 - 1.0
}

fn map(points: &[Vec<f32>], first: &[f32], threads: usize) -> Vec<f32> {
    let samples: Vec<&[f32]> = points.iter().map(Vec::as_slice).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut tsne: tSNE<'_, f32, &[f32]> = tSNE::new(&samples);
        tsne.perplexity(20.0).epochs(300).initial_embedding(first.to_vec()).barnes_hut(0.5, |a, b| {
            a.iter().zip(b.iter()).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
        });
        tsne.embedding().to_vec()
    })
}

fn main() {
    let mut state = 1;
    let points: Vec<Vec<f32>> = (0..ROWS).map(|_| (0..10).map(|_| number(&mut state)).collect()).collect();
    let first: Vec<f32> = (0..2 * ROWS).map(|_| number(&mut state) * 1e-4).collect();
    let mut differ = Vec::new();
    for threads in [1, 4] {
        let one = map(&points, &first, threads);
        let size = one.iter().fold(0.0_f32, |most, it| most.max(it.abs()));
        let far = (0..5).map(|_| {
            let other = map(&points, &first, threads);
            one.iter().zip(&other).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs())) / size
        });
        let far = far.fold(0.0, f32::max);
        println!("{threads} threads: maps of the same input differ by at most {far:e} of their size");
        differ.push(far);
    }
    if differ[0] != 0.0 || differ[1] == 0.0 {
        println!("the surprise is gone: was 0 on one thread and more on four");
        std::process::exit(1);
    }
}
RUST
cargo --version
cargo run --quiet
