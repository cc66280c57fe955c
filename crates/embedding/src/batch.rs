//! The cosines between two views of the tracks of a batch, and how often a view finds its own track.

use super::neighbours::cosine;

/// Cosines that differ by no more are one: rounding must not decide a tie.
const TIE: f64 = 1e-6;

/// Retrieval at 1: the share of views whose nearest view of the other kind (B for an A, A for a B) belongs to the same
/// track. Of each view of each track: its cosine with the other view of its track, and the largest with one of another
/// track. A tie counts as a miss; of nothing it is 0.
pub fn retrieval_at_1(views: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    let (mut hits, mut count) = (0_usize, 0_usize);
    for (own, rival) in views {
        hits += usize::from(own - rival > TIE);
        count += 1;
    }
    hits as f64 / count.max(1) as f64
}

/// The cosines between the two views of every track of a batch: what contrastive training looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchSimilarity {
    tracks: usize,
    /// [2 * tracks, 2 * tracks] row-major: first all views A, then all views B.
    cosines: Vec<f32>,
}

impl BatchSimilarity {
    /// Compares the embeddings of views A and B, [tracks, dim] each; tracks that one of them lacks are left out.
    pub fn new(views_a: &[f32], views_b: &[f32], dim: usize) -> Self {
        let dim = dim.max(1);
        let tracks = views_a.len().min(views_b.len()) / dim;
        let rows: Vec<&[f32]> = views_a
            .chunks_exact(dim)
            .take(tracks)
            .chain(views_b.chunks_exact(dim).take(tracks))
            .collect();
        let cosines = rows
            .iter()
            .flat_map(|row| rows.iter().map(|other| cosine(row, other)))
            .collect();
        Self { tracks, cosines }
    }

    /// How many tracks are compared.
    pub fn tracks(&self) -> usize {
        self.tracks
    }

    /// The cosine of view A of one track and view B of another; 0 outside.
    pub fn across(&self, track_a: usize, track_b: usize) -> f32 {
        if track_a.max(track_b) >= self.tracks {
            return 0.0;
        }
        self.at(track_a, self.tracks + track_b)
    }

    fn at(&self, row: usize, column: usize) -> f32 {
        let cosine = self.cosines.get(row * 2 * self.tracks + column);
        cosine.copied().unwrap_or_default()
    }

    /// The track that the other view of a row or column belongs to: `i` and `tracks + i` are partners.
    fn partner(&self, row: usize) -> usize {
        (row + self.tracks) % (2 * self.tracks).max(1)
    }

    /// Mean cosine of the two views of one track.
    pub fn positive(&self) -> f32 {
        let sum: f32 = (0..self.tracks)
            .map(|track| self.across(track, track))
            .sum();
        sum / self.tracks.max(1) as f32
    }

    /// Mean and standard deviation of the cosines between a view A and a view B of different tracks.
    pub fn negative(&self) -> (f32, f32) {
        let others = (0..self.tracks).flat_map(|a| {
            (0..self.tracks)
                .filter(move |&b| b != a)
                .map(move |b| f64::from(self.across(a, b)))
        });
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0_usize);
        for cosine in others {
            sum += cosine;
            squares += cosine * cosine;
            count += 1;
        }
        let count = count.max(1) as f64;
        let mean = sum / count;
        let variance = (squares / count - mean * mean).max(0.0);
        (mean as f32, variance.sqrt() as f32)
    }

    /// [`retrieval_at_1`] of these views.
    pub fn retrieval_at_1(&self) -> f64 {
        let n = self.tracks;
        retrieval_at_1((0..2 * n).map(|row| {
            let partner = self.partner(row);
            let others = if row < n { n..2 * n } else { 0..n };
            let rival = others
                .filter(|&column| column != partner)
                .map(|column| f64::from(self.at(row, column)))
                .fold(f64::NEG_INFINITY, f64::max);
            (f64::from(self.at(row, partner)), rival)
        }))
    }

    /// InfoNCE with all other views of the batch as negatives (NT-Xent: Chen et al. 2020, "A simple framework for
    /// contrastive learning", equation 1): the mean of `-log(exp(s_positive / tau) / sum exp(s / tau))`, in nats. With
    /// no information it is `ln(2 tracks - 1)`.
    pub fn info_nce(&self, tau: f64) -> f64 {
        let rows = 2 * self.tracks;
        let sum: f64 = (0..rows)
            .map(|row| {
                let positive = f64::from(self.at(row, self.partner(row))) / tau;
                self.log_sum(row, tau) - positive
            })
            .sum();
        sum / rows.max(1) as f64
    }

    /// For each view A (row) the share of each view B (column) in that sum, [tracks, tracks] row-major: with which
    /// probability training would take B for its partner.
    pub fn shares(&self, tau: f64) -> Vec<f32> {
        let n = self.tracks;
        let mut shares = Vec::with_capacity(n * n);
        for row in 0..n {
            let whole = self.log_sum(row, tau);
            let of = |column| (f64::from(self.at(row, n + column)) / tau - whole).exp() as f32;
            shares.extend((0..n).map(of));
        }
        shares
    }

    /// `log sum exp(s / tau)` over all other views.
    fn log_sum(&self, row: usize, tau: f64) -> f64 {
        let others = || (0..2 * self.tracks).filter(move |&column| column != row);
        let scaled = |column| f64::from(self.at(row, column)) / tau;
        let most = others().map(scaled).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = others().map(|column| (scaled(column) - most).exp()).sum();
        most + sum.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three tracks whose views agree perfectly and that have nothing in common.
    fn perfect() -> BatchSimilarity {
        let views = [1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.5];
        BatchSimilarity::new(&views, &views, 3)
    }

    #[test]
    fn views_that_agree_are_found_and_cost_little() {
        let batch = perfect();
        assert_eq!(batch.tracks(), 3);
        assert_eq!(batch.positive(), 1.0);
        assert_eq!(batch.negative(), (0.0, 0.0));
        assert_eq!(batch.retrieval_at_1(), 1.0);
        // One positive at 1, four negatives at 0.
        let expected = (1_f64.exp() + 4.0).ln() - 1.0;
        assert!((batch.info_nce(1.0) - expected).abs() < 1e-9);
        assert!(batch.info_nce(0.05) < 1e-6, "a low temperature sharpens");
        let shares = batch.shares(1.0);
        assert!((f64::from(shares[4]) - (-expected).exp()).abs() < 1e-6);
    }

    #[test]
    fn retrieval_counts_ties_and_what_rounding_tells_apart_as_misses() {
        assert_eq!(retrieval_at_1([]), 0.0);
        assert_eq!(retrieval_at_1([(-0.2, f64::NEG_INFINITY)]), 1.0, "no rival");
        let views = [(0.5, 0.4), (0.5, 0.5), (0.5, 0.499_999_9), (0.5, 0.6)];
        assert_eq!(retrieval_at_1(views), 0.25);
    }

    #[test]
    fn views_that_are_all_alike_tell_nothing() {
        let batch = BatchSimilarity::new(&[1.0; 8], &[1.0; 8], 2);
        assert_eq!(batch.retrieval_at_1(), 0.0, "a tie is no find");
        assert!((batch.info_nce(0.1) - 7_f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn a_swapped_pair_is_missed_and_the_spread_is_that_of_the_others() {
        let a = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let b = [0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
        let batch = BatchSimilarity::new(&a, &b, 2);
        assert!((batch.retrieval_at_1() - 1.0 / 3.0).abs() < 1e-12);
        let (mean, spread) = batch.negative();
        let half = 0.5_f32.sqrt();
        let expected = (2.0 + 4.0 * half) / 6.0;
        assert!((mean - expected).abs() < 1e-6);
        let variance = (2.0 + 4.0 * 0.5) / 6.0 - expected * expected;
        assert!((spread - variance.sqrt()).abs() < 1e-4);
        assert_eq!(BatchSimilarity::new(&[], &[], 2).info_nce(0.1), 0.0);
    }
}
