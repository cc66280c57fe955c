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
#[derive(Debug, Clone, Default, PartialEq)]
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

    /// Takes the loss of a step and says whether it jumped. A step that was not applied and did not jump is in no log, and
    /// counts as little here: a run that goes on knows it from nowhere.
    pub fn take_step(&mut self, loss: f64, applied: bool) -> bool {
        (loss.is_finite() && (applied || self.is_jump(loss))) && self.take(loss)
    }

    fn is_jump(&self, loss: f64) -> bool {
        self.limit().is_some_and(|limit| loss > limit)
    }

    /// Takes the loss of a step that is in the log and says whether it jumped. A jump counts only a little, so that one
    /// does not hide the next.
    pub fn take(&mut self, loss: f64) -> bool {
        let jumped = self.is_jump(loss);
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
        jumped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from -0.5 to 0.5.
    fn noise(step: u32) -> f64 {
        f64::from(step.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5
    }

    #[test]
    fn a_jump_is_told_from_noise() {
        let mut flag = SpikeDetector::default();
        for step in 0..500_u32 {
            let noise = noise(step);
            let loss = 2.0 - f64::from(step) * 1e-3 + 0.2 * noise;
            let wanted = step == 300 || step == 302;
            let loss = if wanted { loss + 3.0 } else { loss };
            assert_eq!(flag.take(loss), wanted, "step {step}");
        }
    }

    /// Where nearly everything is learned, the deviation is tiny; a hard batch must still be learned from.
    #[test]
    fn a_hard_batch_late_in_a_run_is_no_jump() {
        let mut flag = SpikeDetector::default();
        for step in 0..1000_u32 {
            let learned = 2.0 * (-f64::from(step) / 60.0).exp();
            let hard = if step == 900 { 0.08 } else { 0.0 };
            let loss = learned + 1e-4 * (1.0 + noise(step)) + hard;
            assert!(!flag.take(loss), "step {step}");
        }
        assert!(flag.take(2.5), "a run that breaks down is one");
    }

    /// The promise: a run that goes on from its log tells the same jumps as one that was never stopped.
    #[test]
    fn the_log_holds_all_that_tells_a_jump() {
        let (mut unbroken, mut log) = (SpikeDetector::default(), Vec::new());
        for step in 0..100 {
            let jump = if step % 30 == 25 { 4.0 } else { 0.0 };
            let loss = match step {
                50 => f64::NAN,
                _ => 2.0 + 0.1 * noise(step) + jump,
            };
            // Gradients that are not finite, and losses that jump, are not applied.
            let applied = step % 7 != 3 && jump == 0.0 && loss.is_finite();
            if unbroken.take_step(loss, applied) || applied {
                log.push(loss);
            }
        }
        let mut resumed = SpikeDetector::default();
        for loss in log {
            resumed.take(loss);
        }
        assert_eq!(resumed, unbroken);
        assert!(unbroken.take_step(7.0, false));
    }

    /// A loss that stays high is told five times in a row, enough for the run to end; one that settles is not.
    #[test]
    fn a_lasting_jump_is_told_again_and_again() {
        let told = |height: f64| {
            let mut flag = SpikeDetector::default();
            for step in 0..200 {
                flag.take(1.0 + 0.02 * noise(step));
            }
            (200..210)
                .take_while(|&step| flag.take(1.0 + height + 0.02 * noise(step)))
                .count()
        };
        assert!(told(5.0) >= 5, "{}", told(5.0));
        assert!(told(0.05) < 5, "{}", told(0.05));
    }
}
