//! What training an encoder costs in memory, and how large a batch fits.

use super::MynaConfig;
use mynascope_spectrum::tokens::PatchShape;

/// Numbers of 32 bits that a layer keeps for its backward pass, per token and unit of width: its input and two norms (3),
/// queries, keys and values (3), what attention gives and its projection (2), the feed-forward part before and after the
/// activation (4 + 4) and its result (1).
const KEPT_PER_WIDTH: usize = 17;
/// And per token and head, for every other token: scores and shares of attention.
const KEPT_PER_PAIR: usize = 2;
/// Weights, their gradients and Adam's two averages.
const COPIES_OF_WEIGHTS: usize = 4;
const BYTES: usize = 4;

impl MynaConfig {
    /// About how many bytes training needs for one track: what two views with so many kept tokens a patch shape leave
    /// behind for the backward pass. An estimate from the sizes of the layers; a backend may keep less, or more.
    pub fn training_bytes_per_track(&self, kept: impl Fn(PatchShape) -> usize) -> u64 {
        let of_view: usize = self
            .kind
            .shapes()
            .iter()
            .map(|&shape| {
                let tokens = kept(shape);
                let wide = KEPT_PER_WIDTH * self.dim;
                let pairs = KEPT_PER_PAIR * self.heads * tokens;
                self.depth * tokens * (wide + pairs)
            })
            .sum();
        (2 * of_view * BYTES) as u64
    }

    /// The largest batch whose training fits into `memory` bytes beside weights, gradients and optimiser, by
    /// [`MynaConfig::training_bytes_per_track`]; two leading digits, because it is an estimate.
    pub fn largest_batch(&self, memory: u64, kept: impl Fn(PatchShape) -> usize) -> u64 {
        let weights = (COPIES_OF_WEIGHTS * BYTES * self.parameters()) as u64;
        let tracks = memory.saturating_sub(weights) / self.training_bytes_per_track(kept).max(1);
        let digits = tracks.checked_ilog10().unwrap_or(0);
        let step = 10_u64.pow(digits.saturating_sub(1));
        tracks / step * step
    }
}

#[cfg(test)]
mod tests {
    use crate::{Patching, Preset};

    #[test]
    fn a_tenth_of_the_tokens_trains_about_ten_times_the_batch() {
        let config = Preset::Small.config(Patching::Square);
        let batch = |kept: usize| config.largest_batch(16 << 30, |_| kept);
        let gain = batch(5) as f64 / batch(48) as f64;
        assert!(gain > 9.6 && gain < 11.5, "{gain}");
        assert_eq!(config.largest_batch(1 << 20, |_| 5), 0, "not even weights");
    }

    #[test]
    fn a_hybrid_reads_twice_the_tokens() {
        let bytes = |kind| {
            let config = Preset::Tiny.config(kind);
            config.training_bytes_per_track(|_| 12)
        };
        assert_eq!(bytes(Patching::Hybrid), 2 * bytes(Patching::Vertical));
    }
}
