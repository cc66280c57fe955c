//! Frequency axes: where a frequency lies between the bottom and the top of a picture.

use std::{fmt, str::FromStr};

/// How frequencies are spread over the height of a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FrequencyAxis {
    /// Equal steps in Hz are equally high.
    #[default]
    Linear,
    /// Octaves are equally high.
    Log,
}

impl FrequencyAxis {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Linear, Self::Log];
}

impl fmt::Display for FrequencyAxis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linear => "linear",
            Self::Log => "log",
        })
    }
}

impl FromStr for FrequencyAxis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|axis| axis.to_string() == text);
        named.ok_or_else(|| format!("'{text}' is no frequency axis; say linear or log"))
    }
}

/// A frequency axis with its ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrequencyScale {
    /// How frequencies are spread.
    pub axis: FrequencyAxis,
    /// The frequency at the top, in Hz: at most half the sample rate.
    pub top_hz: f64,
}

impl FrequencyScale {
    /// The frequency at the bottom of a logarithmic axis, in Hz: the lowest that people hear.
    pub const LOWEST_LOG_HZ: f64 = 20.0;

    /// The frequency in Hz at a share of the height, from 0 at the bottom to 1 at the top.
    pub fn hz_at(self, share: f64) -> f64 {
        match self.axis {
            FrequencyAxis::Linear => share * self.top_hz,
            FrequencyAxis::Log => Self::LOWEST_LOG_HZ * (share * self.octaves()).exp2(),
        }
    }

    /// The share of the height at which a frequency lies: the inverse of [`Self::hz_at`], not limited to 0 to 1.
    pub fn share_of(self, hz: f64) -> f64 {
        match self.axis {
            FrequencyAxis::Linear => hz / self.top_hz,
            FrequencyAxis::Log => (hz.max(1e-9) / Self::LOWEST_LOG_HZ).log2() / self.octaves(),
        }
    }

    /// Octaves of a logarithmic axis.
    fn octaves(self) -> f64 {
        // A sound at less than 80 Hz has no octave to show; the axis must have a length even so.
        (self.top_hz / Self::LOWEST_LOG_HZ).log2().max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_hz_are_inverse_and_octaves_are_equally_high() {
        for axis in FrequencyAxis::ALL {
            let scale = FrequencyScale {
                axis,
                top_hz: 22_050.0,
            };
            for hz in [20.0, 440.0, 8000.0, 15_000.0, 22_050.0] {
                assert!((scale.hz_at(scale.share_of(hz)) - hz).abs() < 1e-6);
            }
            assert!((scale.share_of(22_050.0) - 1.0).abs() < 1e-12);
            assert_eq!(axis.to_string().parse(), Ok(axis));
        }
        let log = FrequencyScale {
            axis: FrequencyAxis::Log,
            top_hz: 24_000.0,
        };
        assert!(log.share_of(20.0).abs() < 1e-12);
        let octave = |hz: f64| log.share_of(2.0 * hz) - log.share_of(hz);
        assert!((octave(100.0) - octave(5000.0)).abs() < 1e-12);
    }
}
