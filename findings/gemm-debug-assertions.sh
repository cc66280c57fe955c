#!/usr/bin/env bash
# Expected: a product of matrices by the crate gemm is as fast in a dev profile that builds dependencies at opt-level 3 as in
#           release: there is nothing in its innermost loop to check.
# Seen:     with debug assertions on, as in every dev profile, it takes more than twice as long at the same opt-level. Every
#           pointer of the loop is checked for null, and because such a check may unwind, each of the 24 sums that should stay
#           in a register is written to the stack after every step. `debug-assertions = false` for gemm's crates mends it.
# Versions: crates.io gemm 0.19.0 (features std, x86-v4), rustc 1.95.0; measured on a processor with AVX-512
# Date:     2026-11-30
# Source:   gemm-common 0.19.0, src/microkernel.rs, macro microkernel: `*accum = mul_add(*self.lhs.add(M_ITER), ...)` through
#           raw pointers; rustc checks such pointers under debug assertions since 1.86
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir src
cat > Cargo.toml <<'END'
[package]
name = "product"
version = "0.0.0"
edition = "2024"

[dependencies]
gemm = { version = "=0.19.0", default-features = false, features = ["std", "x86-v4"] }

[profile.dev]
opt-level = 3

[profile.unchecked]
inherits = "dev"
debug-assertions = false
END
cat > src/main.rs <<'END'
use std::time::Instant;

const N: usize = 384;

fn main() {
    let (a, b, mut c) = (vec![1.0_f32; N * N], vec![1.0_f32; N * N], vec![0.0_f32; N * N]);
    let n = N as isize;
    let mut best = f64::MAX;
    for _ in 0..200 {
        let start = Instant::now();
        // SAFETY: all three are N x N, row-major.
        unsafe {
            gemm::gemm(
                N, N, N, c.as_mut_ptr(), 1, n, false, a.as_ptr(), 1, n, b.as_ptr(), 1, n, 0.0, 1.0, false, false, false,
                gemm::Parallelism::None,
            );
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    assert_eq!(c[0], N as f32);
    println!("{:.1}", 2e-9 * (N * N * N) as f64 / best);
}
END
cargo build --quiet
cargo build --quiet --profile unchecked
target=${CARGO_TARGET_DIR:-target}
checked=$("$target/debug/product")
unchecked=$("$target/unchecked/product")
echo "opt-level 3 with debug assertions: $checked GFLOP/s; without: $unchecked"
awk -v a="$checked" -v b="$unchecked" 'BEGIN { exit !(b > 1.5 * a) }' || { echo "the surprise is gone"; exit 1; }
