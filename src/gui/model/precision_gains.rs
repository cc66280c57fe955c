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

    /// Whether the measurement is of an encoder.
    pub fn is_of(&self, source: &EncoderSource) -> bool {
        self.of.as_ref() == Some(&in_32_bits(source))
    }
}

fn in_32_bits(source: &EncoderSource) -> EncoderSource {
    source.with_reading(Reading {
        precision: Precision::F32,
        ..source.reading
    })
}
