#!/usr/bin/env bash
# Expected: gradients are the same whatever other threads of the program do.
# Seen:     while other threads call backward(), a tensor that was a leaf of an earlier pass sometimes comes back without a
#           gradient: no panic, no warning. With a new leaf for each pass none is lost.
# Versions: crates.io burn 0.21.0 (features std, flex, autodiff)
# Date:     2026-11-30
# Source:   burn-autodiff 0.21.0, src/runtime/graph.rs: each backward pass ends in cleanup_orphaned_entries, which goes over the
#           graphs of all threads and frees those of which nobody holds a node at that moment; src/ops/tensor.rs, float_cat:
#           the inputs are let go before the output is registered. https://github.com/tracel-ai/burn/issues/5573
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir src
cat > Cargo.toml <<'END'
[package]
name = "threads"
version = "0.0.0"
edition = "2024"

[dependencies]
burn = { version = "=0.21.0", default-features = false, features = ["std", "flex", "autodiff"] }
END
cat > src/main.rs <<'END'
use std::sync::atomic::{AtomicBool, Ordering};

use burn::{
    backend::{Autodiff, Flex},
    tensor::Tensor,
};

type Matrix = Tensor<Autodiff<Flex>, 2>;

fn leaf() -> Matrix {
    Matrix::ones([256, 256], &Default::default()).require_grad()
}

/// Whether a leaf has a gradient after a pass; `again` uses one that has had a pass before.
fn has_gradient(again: bool) -> bool {
    let leaf = leaf();
    if again {
        leaf.clone().exp().sum().backward();
    }
    let both = Matrix::cat(vec![leaf.clone().exp(), Matrix::ones([1, 256], &Default::default())], 0);
    let found = both.sum().backward();
    leaf.grad(&found).is_some()
}

fn lost(again: bool) -> usize {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    Matrix::ones([1, 1], &Default::default()).require_grad().exp().backward();
                }
            });
        }
        let lost = (0..3000).filter(|_| !has_gradient(again)).count();
        over.store(true, Ordering::Relaxed);
        lost
    })
}

fn main() {
    let (fresh, again) = (lost(false), lost(true));
    println!("3000 passes beside 4 threads: {again} lost the gradient of a leaf used before, {fresh} that of a new one");
    if again == 0 {
        println!("the surprise is gone");
        std::process::exit(1);
    }
}
END
cargo run --quiet --release
