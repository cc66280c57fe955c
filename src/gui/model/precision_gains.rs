//! What fewer bits gain and cost an encoder on this machine, as it was measured.

use super::EncoderSource;
use crate::gui::jobs::JobSlot;
use mynascope_encoder::{Precision, PrecisionGain, Reading};

/// The measurement that the menu of encoders shows.
#[derive(Default)]
pub struct PrecisionGains {
    /// Measures.
    pub job: JobSlot<PrecisionGain>,
    /// The encoder that was measured last.
    of: Option<EncoderSource>,
    found: Vec<PrecisionGain>,
    /// Why nothing came of it.
    pub problem: Option<String>,
}

impl PrecisionGains {
    /// Another encoder is measured from now on.
    pub fn begin(&mut self, source: &EncoderSource) {
        self.of = Some(in_32_bits(source));
        self.found.clear();
        self.problem = None;
    }

    /// Takes in what was measured.
    pub fn take_in(&mut self, gain: PrecisionGain) {
        self.found.push(gain);
    }

    /// What was measured of an encoder in these numbers.
    pub fn of(&self, source: &EncoderSource, precision: Precision) -> Option<&PrecisionGain> {
        let known = self.is_of(source);
        let gain = |gain: &&PrecisionGain| gain.precision == precision;
        self.found.iter().find(gain).filter(|_| known)
    }

    /// All that was measured, a line each.
    pub fn lines(&self) -> Vec<String> {
        self.found.iter().map(described).collect()
    }

    /// Whether the measurement is of an encoder.
    pub fn is_of(&self, source: &EncoderSource) -> bool {
        self.of.as_ref() == Some(&in_32_bits(source))
    }
}

/// A measurement in a line: "bf16: 3.1 times as fast as f32, cosine …".
pub fn described(gain: &PrecisionGain) -> String {
    format!(
        "{}: {:.1} times as fast as f32, cosine to its embeddings {:.5}, at least {:.5}",
        gain.precision,
        gain.speed(),
        gain.cosine,
        gain.worst_cosine
    )
}

fn in_32_bits(source: &EncoderSource) -> EncoderSource {
    source.with_reading(Reading {
        precision: Precision::F32,
        ..source.reading
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_is_said_in_a_line() {
        let gain = PrecisionGain {
            precision: Precision::Bf16,
            secs: 0.01,
            secs_f32: 0.031,
            cosine: 0.999_98,
            worst_cosine: 0.999_95,
        };
        assert_eq!(
            described(&gain),
            "bf16: 3.1 times as fast as f32, cosine to its embeddings 0.99998, at least 0.99995"
        );
    }
}
