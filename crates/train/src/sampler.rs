//! Which tracks a step sees: a pure function of seed and step, so that a run can be taken up anywhere.

use mynascope_spectrum::tokens::{Purpose, stream};

/// The order of a run. An epoch visits every track once in a random order; tracks that don't fill a last batch are left
/// out of that epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sampler {
    pub seed: u64,
    pub tracks: usize,
    /// At most `tracks`, at least 1.
    pub batch: usize,
}

impl Sampler {
    /// Steps of one epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        (self.tracks / self.batch.max(1)).max(1) as u64
    }

    /// The epoch of a step, both from 0.
    pub fn epoch(&self, step: u64) -> u64 {
        step / self.steps_per_epoch()
    }

    /// The tracks of a step.
    pub fn batch_of(&self, step: u64) -> Vec<usize> {
        let place = (step % self.steps_per_epoch()) as usize;
        stream(self.seed, self.epoch(step), 0, Purpose::Order)
            .permutation(self.tracks)
            .into_iter()
            .skip(place * self.batch)
            .take(self.batch)
            .collect()
    }

    /// The tracks of a step where each has a weight above 0, one a track: drawn one after the other without putting back, so
    /// that no track comes twice in a batch (Efraimidis and Spirakis 2006: those with the largest `u^(1/w)`, u uniform). An
    /// epoch is as many steps as without weights, and visits some tracks often and others not.
    pub fn weighted_batch_of(&self, step: u64, weights: &[f64]) -> Vec<usize> {
        let mut random = stream(self.seed, step, 0, Purpose::Balance);
        let mut keys: Vec<(f64, usize)> = weights
            .iter()
            .enumerate()
            // Smallest first: -ln(u) / w falls as u^(1/w) rises.
            .map(|(track, weight)| (-(1.0 - random.uniform()).ln() / weight, track))
            .collect();
        let batch = self.batch.min(keys.len());
        if batch < keys.len() {
            keys.select_nth_unstable_by(batch, |a, b| a.0.total_cmp(&b.0));
            keys.truncate(batch);
        }
        keys.sort_by(|a, b| a.0.total_cmp(&b.0));
        keys.into_iter().map(|(_, track)| track).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weighted_batch_holds_no_track_twice_and_heavy_tracks_more_often() {
        let sampler = Sampler {
            seed: 3,
            tracks: 40,
            batch: 4,
        };
        // Eight tracks of a rare label weigh four times as much as the others: a half of all weight.
        let weights: Vec<f64> = (0..40)
            .map(|track| if track < 8 { 4.0 } else { 1.0 })
            .collect();
        let mut heavy = 0;
        for step in 0..2000 {
            let mut batch = sampler.weighted_batch_of(step, &weights);
            assert_eq!(batch, sampler.weighted_batch_of(step, &weights));
            heavy += batch.iter().filter(|track| **track < 8).count();
            batch.sort_unstable();
            batch.dedup();
            assert_eq!(batch.len(), 4);
        }
        let share = f64::from(heavy as u32) / 8000.0;
        assert!((0.45..0.51).contains(&share), "{share}");
        assert_eq!(sampler.weighted_batch_of(0, &weights[..3]).len(), 3);
    }

    #[test]
    fn an_epoch_visits_no_track_twice_and_the_next_has_another_order() {
        let sampler = Sampler {
            seed: 1,
            tracks: 11,
            batch: 3,
        };
        assert_eq!(sampler.steps_per_epoch(), 3);
        let mut seen: Vec<usize> = (0..3).flat_map(|step| sampler.batch_of(step)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 9);
        assert_eq!(sampler.batch_of(4), sampler.batch_of(4));
        assert_ne!(sampler.batch_of(0), sampler.batch_of(3));
        assert_eq!(sampler.epoch(3), 1);
    }
}
