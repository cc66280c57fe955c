//! Tells a loss that jumps from one that wanders.

/// Steps before anything is called a jump.
const CALM_STEPS: u64 = 20;
/// Deviations above the mean at which a loss has jumped.
const DEVIATIONS: f64 = 6.0;
/// Weight of the past in the running mean and variance.
const PAST: f64 = 0.95;

/// Running mean and deviation of the loss.
#[derive(Debug, Clone, Default)]
pub(super) struct SpikeFlag {
    seen: u64,
    mean: f64,
    variance: f64,
}

impl SpikeFlag {
    /// Takes the next loss and says whether it jumped. A jump counts only a little, so that one does not hide the next.
    pub fn take(&mut self, loss: f64) -> bool {
        let error = loss - self.mean;
        let floor = 1e-3 * self.mean.abs().max(1e-3);
        let jumped =
            self.seen >= CALM_STEPS && error > DEVIATIONS * self.variance.sqrt().max(floor);
        if self.seen == 0 {
            self.mean = loss;
        } else {
            let error = if jumped {
                DEVIATIONS * self.variance.sqrt().max(floor)
            } else {
                error
            };
            self.mean += (1.0 - PAST) * error;
            self.variance = PAST * (self.variance + (1.0 - PAST) * error * error);
        }
        self.seen += 1;
        jumped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_told_from_noise() {
        let mut flag = SpikeFlag::default();
        for step in 0..500_u32 {
            let noise = f64::from(step.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5;
            let loss = 2.0 - f64::from(step) * 1e-3 + 0.2 * noise;
            let wanted = step == 300 || step == 302;
            let loss = if wanted { loss + 3.0 } else { loss };
            assert_eq!(flag.take(loss), wanted, "step {step}");
        }
    }
}
