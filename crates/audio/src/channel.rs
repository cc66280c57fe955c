//! Which channel of a file is listened to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How the channels of a file become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// The mean over all channels, as the published encoders were trained.
    #[default]
    Mean,
    /// The first channel alone: for stereo whose channels cancel in their mean.
    Left,
    /// The second channel alone; the only one of a mono file.
    Right,
}

impl Channel {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Mean, Self::Left, Self::Right];
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mean => "mean",
            Self::Left => "left",
            Self::Right => "right",
        })
    }
}

impl FromStr for Channel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL
            .into_iter()
            .find(|channel| channel.to_string() == text);
        found.ok_or_else(|| format!("'{text}' is not one of mean, left, right"))
    }
}

/// The channels become one; tells whether they cancel.
#[derive(Debug, Default)]
pub(super) struct Downmix {
    channel: Channel,
    /// Sums of squares: of the mean of the channels, and the mean over their own.
    mean_energy: f64,
    own_energy: f64,
}

/// The mean of two unrelated channels has half their energy (-3 dB), of two equal ones all of it. Below a tenth (-10 dB)
/// most of the sound of one is the other's turned over.
const CANCELS_BELOW: f64 = 0.1;

impl Downmix {
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            channel,
            ..Self::default()
        }
    }

    /// One value a frame of interleaved samples.
    pub(super) fn mix(&mut self, samples: &[f32], channels: usize, mono: &mut Vec<f32>) {
        mono.clear();
        if channels <= 1 {
            mono.extend_from_slice(samples);
            return;
        }
        let frames = samples.chunks_exact(channels);
        match (channels, samples.as_chunks::<2>()) {
            // The common case, in a form that is vectorised.
            (2, (pairs, _)) => mono.extend(pairs.iter().map(|[left, right]| (left + right) / 2.0)),
            _ => {
                let mean = |frame: &[f32]| frame.iter().sum::<f32>() / channels as f32;
                mono.extend(frames.clone().map(mean));
            }
        }
        self.mean_energy += energy(mono);
        self.own_energy += energy(samples) / channels as f64;
        let wanted = match self.channel {
            Channel::Mean => return,
            Channel::Left => 0,
            Channel::Right => 1,
        };
        for (value, frame) in mono.iter_mut().zip(frames) {
            *value = frame.get(wanted).copied().unwrap_or_default();
        }
    }

    /// Whether the channels of what was mixed so far cancel in their mean.
    pub(super) fn cancels(&self) -> bool {
        self.mean_energy < CANCELS_BELOW * self.own_energy
    }
}

/// The sum of squares.
fn energy(samples: &[f32]) -> f64 {
    // One sum a lane is vectorised; short sums in f32 are exact enough.
    const LANES: usize = 16;
    let part = |part: &[f32]| {
        let (groups, rest) = part.as_chunks::<LANES>();
        let mut sums = [0.0_f32; LANES];
        for group in groups {
            for (sum, value) in sums.iter_mut().zip(group) {
                *sum += value * value;
            }
        }
        let rest = rest.iter().map(|value| value * value);
        f64::from(sums.iter().sum::<f32>() + rest.sum::<f32>())
    };
    samples.chunks(1024).map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stereo(right: impl Fn(f32, f32) -> f32) -> (bool, Vec<f32>) {
        let tone = |hz: f32, n: usize| (n as f32 * hz * 0.001).sin();
        let samples: Vec<f32> = (0..40_000)
            .flat_map(|n| [tone(31.0, n), right(tone(31.0, n), tone(47.0, n))])
            .collect();
        let mut downmix = Downmix::new(Channel::Left);
        let mut mono = Vec::new();
        downmix.mix(&samples, 2, &mut mono);
        (downmix.cancels(), mono)
    }

    #[test]
    fn a_channel_that_is_the_other_turned_over_cancels_and_no_other_does() {
        let (cancels, left) = stereo(|left, _| -left);
        assert!(cancels);
        assert!(left.iter().any(|&value| value > 0.9), "the left one sounds");
        assert!(stereo(|left, _| -0.8 * left).0);
        assert!(!stereo(|left, _| left).0);
        assert!(!stereo(|_, other| other).0, "unrelated");
        assert!(!stereo(|_, _| 0.0).0, "one silent");
        assert!(!Downmix::default().cancels(), "silence");
    }
}
