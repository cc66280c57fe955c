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
}

#[cfg(test)]
mod tests {
    use super::*;

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
