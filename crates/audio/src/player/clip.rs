//! A decoded window of a file, brought to a common loudness.

use std::path::Path;

use crate::{AudioError, Semitones, resample::Resample};
use mynascope_base::jobs::Cancel;

use super::sound::{Sound, Source};

/// The level that clips are brought to, as the mean square of their louder parts: -20 dB of full scale.
const LEVEL: f64 = 0.01;
/// Parts this much below the mean say nothing about how loud a clip seems: 10 dB, the gate of EBU R 128.
const GATE: f64 = 0.1;
/// Length of the parts.
const PART_SECS: f64 = 0.1;
/// Quiet clips are raised by 30 dB at most, so that noise stays noise.
const MOST_GAIN: f64 = 31.6;
/// No sample goes beyond this.
const PEAK: f64 = 0.97;

/// A few seconds of a track, decoded and brought to the loudness of all other clips: can sound at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Left and right.
    pub(super) frames: Vec<[f32; 2]>,
    /// In Hz.
    pub(super) rate: u32,
}

impl Clip {
    /// Decodes `secs` seconds of a file from `start_secs` on, for an output of `rate` Hz; fewer at the track's end.
    ///
    /// # Errors
    /// An [`AudioError`] if the file cannot be decoded there, or if `cancel` was set.
    pub fn decode(
        path: &Path,
        start_secs: f64,
        secs: f64,
        rate: u32,
        cancel: &Cancel,
    ) -> Result<Self, AudioError> {
        let source = Source::File(path.to_path_buf());
        let mut sound = Sound::open(&source, rate, cancel)?;
        sound.seek(start_secs.max(0.0), rate)?;
        let wanted = (secs.max(0.0) * f64::from(rate)) as usize;
        let mut frames = Vec::with_capacity(wanted);
        while frames.len() < wanted {
            let Some(ready) = sound.next_values()? else {
                break;
            };
            frames.extend_from_slice(ready.make_contiguous().as_chunks().0);
            ready.clear();
        }
        frames.truncate(wanted);
        let gain = gain(&frames, rate);
        for frame in &mut frames {
            *frame = frame.map(|value| value * gain);
        }
        Ok(Self { frames, rate })
    }

    /// How long it sounds, in seconds.
    pub fn duration_secs(&self) -> f64 {
        self.frames.len() as f64 / f64::from(self.rate.max(1))
    }

    /// The same as it sounds from a tape that runs faster or slower: lower sound is longer. The pitch is off by less than 0.1
    /// cents.
    ///
    /// # Errors
    /// What the resampler says.
    pub fn transposed(&self, semitones: Semitones) -> Result<Self, String> {
        let rate = f64::from(self.rate) / semitones.ratio();
        let slower = self.at(rate.round() as u32)?;
        Ok(Self {
            rate: self.rate,
            ..slower
        })
    }

    /// The same for an output of another rate.
    pub(super) fn at(&self, rate: u32) -> Result<Self, String> {
        let mut values: Vec<f32> = Vec::new();
        let mut sink = |piece: &[f32]| values.extend_from_slice(piece);
        let mut resample = Resample::new(2, self.rate, rate)?;
        resample.push(self.frames.as_flattened(), &mut sink)?;
        resample.finish(&mut sink)?;
        let (frames, _) = values.as_chunks::<2>();
        Ok(Self {
            frames: frames.to_vec(),
            rate,
        })
    }
}

/// What brings a sound to the common level.
fn gain(frames: &[[f32; 2]], rate: u32) -> f32 {
    let part = ((PART_SECS * f64::from(rate)) as usize).max(1);
    let powers: Vec<f64> = frames
        .chunks(part)
        .map(|part| {
            let sum: f64 = part.iter().flatten().map(|&v| f64::from(v).powi(2)).sum();
            sum / (2 * part.len()) as f64
        })
        .collect();
    let mean = |powers: &mut dyn Iterator<Item = f64>| {
        let (count, sum) = powers.fold((0_u32, 0.0), |(n, sum), power| (n + 1, sum + power));
        sum / f64::from(count.max(1))
    };
    let whole = mean(&mut powers.iter().copied());
    let loud = mean(&mut powers.into_iter().filter(|&power| power >= GATE * whole));
    let peak = frames
        .iter()
        .flatten()
        .fold(0.0_f32, |peak, value| peak.max(value.abs()));
    if loud <= 0.0 || peak <= 0.0 {
        return 1.0;
    }
    (LEVEL / loud)
        .sqrt()
        .min(MOST_GAIN)
        .min(PEAK / f64::from(peak)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write_wav;

    #[test]
    fn quiet_and_loud_windows_come_out_equally_loud_and_none_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let level = |amplitude: f32, start: f64| {
            let path = folder.path().join("tone.wav");
            let tone: Vec<f32> = (0..64_000)
                .map(|n| amplitude * (n as f32 * 0.05).sin())
                .collect();
            write_wav(&path, &tone, 16_000).unwrap();
            let clip = Clip::decode(&path, start, 2.0, 48_000, &Cancel::default()).unwrap();
            let frames = clip.frames.len();
            let power: f32 = clip.frames.iter().map(|[left, _]| left * left).sum();
            let peak = clip.frames.iter().fold(0.0_f32, |p, f| p.max(f[0].abs()));
            assert!(peak <= 0.98);
            (frames, (power / frames as f32).sqrt())
        };
        let ((frames, loud), (_, quiet)) = (level(0.9, 0.0), level(0.02, 1.0));
        assert!((frames as f64 / 96_000.0 - 1.0).abs() < 0.01, "{frames}");
        assert!((loud - 0.1).abs() < 0.005, "{loud}");
        assert!((loud / quiet - 1.0).abs() < 0.02, "{loud} {quiet}");
        // At the track's end there is less; behind it nothing, which is no fault.
        let (frames, _) = level(0.5, 3.0);
        assert!((frames as f64 / 48_000.0 - 1.0).abs() < 0.03, "{frames}");
        assert_eq!(level(0.5, 60.0).0, 0);
    }

    #[test]
    fn a_clip_keeps_its_length_and_level_at_another_rate() {
        let frames = (0..48_000).map(|n| [(n as f32 * 0.03).sin(); 2]).collect();
        let rate = 48_000;
        let clip = Clip { frames, rate }.at(44_100).unwrap();
        assert!((clip.frames.len() as f64 / 44_100.0 - 1.0).abs() < 0.02);
        let middle = &clip.frames[10_000..30_000];
        let power: f32 = middle.iter().map(|[left, _]| left * left).sum();
        assert!((power / 20_000.0 - 0.5).abs() < 0.01);
    }
}
