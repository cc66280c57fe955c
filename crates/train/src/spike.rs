//! Tells a loss that jumps from one that wanders.

/// Steps before anything is called a jump.
const CALM_STEPS: u64 = 20;
/// Deviations above the mean at which a loss has jumped.
const DEVIATIONS: f64 = 6.0;
/// A jump is at least this share of how far the loss has moved since the run began: where it is nearly learned, a hard
/// batch is no jump.
const SHARE_OF_WAY: f64 = 0.1;
/// Weight of the past in the running mean and variance.
const PAST: f64 = 0.95;

/// Running mean and deviation of the loss.
#[derive(Debug, Clone, Default)]
pub(super) struct SpikeDetector {
    seen: u64,
    mean: f64,
    variance: f64,
    /// Highest and lowest running mean.
    reach: [f64; 2],
}

impl SpikeDetector {
    /// The highest loss that is no jump; `None` before enough was seen.
    pub fn limit(&self) -> Option<f64> {
        (self.seen >= CALM_STEPS).then(|| self.mean + self.room())
    }

    fn room(&self) -> f64 {
        let [high, low] = self.reach;
        let floor = 1e-3 * self.mean.abs().max(1e-3);
        (DEVIATIONS * self.variance.sqrt())
            .max(SHARE_OF_WAY * (high - low))
            .max(floor)
    }

    /// Whether a loss jumped.
    pub fn is_jump(&self, loss: f64) -> bool {
        self.limit().is_some_and(|limit| loss > limit)
    }

    /// Takes the next loss of the log, as it is read from there: what is in no log, a run that goes on does not know. A
    /// jump counts only a little, so that one does not hide the next.
    pub fn take(&mut self, loss: f64, jumped: bool) {
        if self.seen == 0 {
            self.mean = loss;
            self.reach = [loss; 2];
        } else {
            let error = if jumped {
                DEVIATIONS * self.variance.sqrt().max(1e-9)
            } else {
                loss - self.mean
            };
            self.mean += (1.0 - PAST) * error;
            self.variance = PAST * (self.variance + (1.0 - PAST) * error * error);
            let [high, low] = self.reach;
            self.reach = [high.max(self.mean), low.min(self.mean)];
        }
        self.seen += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a loss and says whether it jumped.
    fn take(detector: &mut SpikeDetector, loss: f64) -> bool {
        let jumped = detector.is_jump(loss);
        detector.take(loss, jumped);
        jumped
    }

    /// Numbers from -0.5 to 0.5.
    fn noise(step: u32) -> f64 {
        f64::from(step.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5
    }

    #[test]
    fn a_jump_is_told_from_noise() {
        let mut detector = SpikeDetector::default();
        for step in 0..500_u32 {
            let noise = noise(step);
            let loss = 2.0 - f64::from(step) * 1e-3 + 0.2 * noise;
            let wanted = step == 300 || step == 302;
            let loss = if wanted { loss + 3.0 } else { loss };
            assert_eq!(take(&mut detector, loss), wanted, "step {step}");
        }
    }

    /// Where nearly everything is learned, the deviation is tiny; a hard batch must still be learned from.
    #[test]
    fn a_hard_batch_late_in_a_run_is_no_jump() {
        let mut detector = SpikeDetector::default();
        for step in 0..1000_u32 {
            let learned = 2.0 * (-f64::from(step) / 60.0).exp();
            let hard = if step == 900 { 0.08 } else { 0.0 };
            let loss = learned + 1e-4 * (1.0 + noise(step)) + hard;
            assert!(!take(&mut detector, loss), "step {step}");
        }
        assert!(take(&mut detector, 2.5), "a run that breaks down is one");
    }

    /// A loss that stays high is told five times in a row, enough for the run to end; one that settles is not.
    #[test]
    fn a_lasting_jump_is_told_again_and_again() {
        let told = |height: f64| {
            let mut detector = SpikeDetector::default();
            for step in 0..200 {
                take(&mut detector, 1.0 + 0.02 * noise(step));
            }
            (200..210)
                .take_while(|&step| take(&mut detector, 1.0 + height + 0.02 * noise(step)))
                .count()
        };
        assert!(told(5.0) >= 5, "{}", told(5.0));
        assert!(told(0.05) < 5, "{}", told(0.05));
    }
}
