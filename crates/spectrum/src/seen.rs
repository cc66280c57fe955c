//! What encoders are fed, as a picture: Myna's patches, normalised one by one, or the spectrograms of another front end.

use super::{
    Compression, HOP, MEL_BANDS, Mel, MelFrontEnd, MelSpec, VQT_BINS, VQT_HOP, Vqt, VqtSpec,
    levels::{LevelBands, Levels, LevelsBuilder, Scale},
};

/// Samples that are analysed between two looks at whether to go on: a second and a half.
const PIECE: usize = 24_000;

/// The mel-spectrogram of a front end over mono 16-kHz samples, compressed and normalised as its encoder is fed it; its scale
/// goes from the lowest value to the highest. `None` where the samples are too few or too many, where the front end has more
/// than 128 bands or frames that don't divide 32 ms, or when `keep_on` says no. An encoder whose windows have spectrograms of
/// their own is fed other values in their first frame and their last.
pub fn fed_to_encoder(
    spec: &MelSpec,
    samples: &[f32],
    keep_on: &dyn Fn() -> bool,
) -> Option<Levels> {
    let bands = LevelBands::of(spec)?;
    if spec.hop == 0 || !HOP.is_multiple_of(spec.hop) {
        return None;
    }
    let mut front_end = MelFrontEnd::new(*spec);
    for piece in samples.chunks(PIECE) {
        if !keep_on() {
            return None;
        }
        front_end.push(piece);
    }
    let mut values = front_end.finish().ok()?;
    spec.normalise(&mut values);
    levels(&values, bands, HOP / spec.hop, keep_on)
}

/// The VQT that an encoder is fed beside its mel, `[bins]` a frame of 32 ms: the logarithm of [`Vqt::decibels`], made of each
/// window by itself, windows back to back from the beginning, the last filled up with silence. Its scale goes from the lowest
/// value to the highest, its bins are spread evenly over the axis. `None` as [`fed_to_encoder`], and where a window is no whole
/// number of frames.
pub fn vqt_fed_to_encoder(
    spec: &VqtSpec,
    samples: &[f32],
    keep_on: &dyn Fn() -> bool,
) -> Option<Levels> {
    let bands = LevelBands::spread(spec.bins).filter(|_| spec.bins <= VQT_BINS)?;
    let window = spec.window_samples;
    if window == 0 || !window.is_multiple_of(VQT_HOP) {
        return None;
    }
    let frames = 1 + samples.len() / VQT_HOP;
    let mut vqt = Vqt::new(spec.told_rate);
    let mut values = Vec::with_capacity(frames * spec.bins);
    for piece in samples.chunks(window) {
        if !keep_on() {
            return None;
        }
        let mut padded = piece.to_vec();
        padded.resize(window, 0.0);
        let made = vqt.decibels(&padded).ok()?;
        // The frame at its end is the first of the next window too.
        let last =
            piece.len() < window || values.len() / spec.bins + window / VQT_HOP + 1 == frames;
        let count = match last {
            true => frames - values.len() / spec.bins,
            false => window / VQT_HOP,
        };
        let made = made.chunks_exact(VQT_BINS).take(count);
        values.extend(made.flat_map(|frame| frame.iter().take(spec.bins)));
    }
    levels(&values, bands, HOP / VQT_HOP, keep_on)
}

/// A picture of values whose scale goes from the lowest to the highest.
fn levels(
    values: &[f32],
    bands: LevelBands,
    columns_per_frame: usize,
    keep_on: &dyn Fn() -> bool,
) -> Option<Levels> {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let scale = Scale {
        low,
        // Of silence all values are the same.
        high: high.max(low + 1e-3),
    };
    let mut builder = LevelsBuilder::with_bands(scale, bands, columns_per_frame);
    for piece in values.chunks(PIECE * bands.count) {
        if !keep_on() {
            return None;
        }
        builder.push(piece.iter().copied());
    }
    low.is_finite().then(|| builder.finish())
}

/// What PyTorch's LayerNorm adds to the variance.
const EPSILON: f64 = 1e-5;

/// How patches are cut from a mel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patches {
    /// Bands of one patch.
    pub bands: usize,
    /// Frames of one patch.
    pub frames: usize,
    /// How many frames the first patch begins before the mel.
    pub lead_frames: usize,
    /// What is done to the powers first.
    pub compression: Compression,
}

/// What a Myna encoder sees of a mel: each patch of powers, or of their logarithm, with its own mean taken off and divided by its own
/// standard deviation, `(x - mean) / sqrt(variance + 1e-5)`, as the LayerNorm before the patch embedding does (without
/// its learned gain and bias). Before and behind the mel there is silence. As many frames as the mel has; `None` where
/// patches don't fill the bands, or when `keep_on` says no.
pub fn seen_by_encoder(mel: &Mel, patches: Patches, keep_on: &dyn Fn() -> bool) -> Option<Levels> {
    let Patches {
        bands,
        frames,
        lead_frames,
        compression,
    } = patches;
    if bands == 0 || frames == 0 || lead_frames >= frames || !MEL_BANDS.is_multiple_of(bands) {
        return None;
    }
    let mut builder = LevelsBuilder::new(Scale::DEVIATIONS);
    let mut column = vec![0.0_f32; frames * MEL_BANDS];
    for first in (0..mel.frames() + lead_frames).step_by(frames) {
        if !keep_on() {
            return None;
        }
        column.fill(0.0);
        for (frame, place) in (first..).zip(column.chunks_exact_mut(MEL_BANDS)) {
            let powers = frame.checked_sub(lead_frames).map(|frame| mel.frame(frame));
            let powers = powers.unwrap_or_default();
            place
                .iter_mut()
                .zip(powers)
                .for_each(|(to, from)| *to = *from);
        }
        compression.apply(&mut column);
        for low in (0..MEL_BANDS).step_by(bands) {
            normalise(&mut column, low, bands);
        }
        let outside = lead_frames.saturating_sub(first);
        let left = mel.frames() - builder.frames();
        let inside = column.chunks_exact(MEL_BANDS).skip(outside).take(left);
        builder.push(inside.flatten().copied());
    }
    Some(builder.finish())
}

/// Normalises the bands from `first` on, over all frames of `column` (`[frames, 128]`).
fn normalise(column: &mut [f32], first: usize, bands: usize) {
    let patch = || {
        column
            .chunks_exact(MEL_BANDS)
            .flat_map(|frame| frame.iter().skip(first).take(bands))
            .map(|&power| f64::from(power))
    };
    let count = (bands * (column.len() / MEL_BANDS)).max(1) as f64;
    let mean = patch().sum::<f64>() / count;
    let variance = patch().map(|power| (power - mean).powi(2)).sum::<f64>() / count;
    let scale = (variance + EPSILON).sqrt().recip();
    for frame in column.chunks_exact_mut(MEL_BANDS) {
        for value in frame.iter_mut().skip(first).take(bands) {
            *value = ((f64::from(*value) - mean) * scale) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MAEST_MEL;

    /// Powers that rise within a patch, from band to band and frame to frame.
    fn mel(frames: usize) -> Mel {
        let values = (0..frames * MEL_BANDS).map(|index| {
            let (frame, band) = (index / MEL_BANDS, index % MEL_BANDS);
            (1.0 + band as f32) * 10_f32.powi((frame % 5) as i32 - 2)
        });
        Mel::from_values(values.collect())
    }

    #[test]
    fn each_patch_is_normalised_by_its_own_mean_and_deviation() {
        let mel = mel(90);
        for (bands, frames, lead_frames) in [(16, 16, 0), (128, 2, 0), (16, 16, 5), (128, 2, 1)] {
            let patches = Patches {
                bands,
                frames,
                lead_frames,
                compression: Compression::Power,
            };
            let seen = seen_by_encoder(&mel, patches, &|| true).unwrap();
            assert_eq!(seen.frames(), 90);
            for (band, frame) in [(0, 0), (17, 33), (127, 89), (64, 50)] {
                let low = band / bands * bands;
                let first = (frame + lead_frames) / frames * frames;
                // Outside the mel there is silence.
                let power = |band: usize, place: usize| {
                    let frame = place.checked_sub(lead_frames);
                    f64::from(frame.map_or(0.0, |frame| mel.get(band, frame)))
                };
                let patch: Vec<f64> = (first..first + frames)
                    .flat_map(|place| (low..low + bands).map(move |band| (band, place)))
                    .map(|(band, place)| power(band, place))
                    .collect();
                let mean = patch.iter().sum::<f64>() / 256.0;
                let variance = patch.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 256.0;
                let there = (power(band, frame + lead_frames) - mean) / (variance + 1e-5).sqrt();
                let ours = f64::from(seen.get(band, frame).unwrap());
                assert!((ours - there).abs() < 3e-4, "{ours} is not {there}");
            }
        }
    }

    #[test]
    fn silence_stays_nothing() {
        let silent = Mel::from_values(vec![0.0; 20 * MEL_BANDS]);
        let patches = Patches {
            bands: 16,
            frames: 16,
            lead_frames: 0,
            compression: Compression::Log10Of1Plus10000,
        };
        let seen = seen_by_encoder(&silent, patches, &|| true).unwrap();
        assert!(seen.get(3, 19).unwrap().abs() < 1e-3);
        assert!(seen_by_encoder(&silent, patches, &|| false).is_none());
        let uneven = Patches {
            bands: 17,
            ..patches
        };
        assert!(seen_by_encoder(&silent, uneven, &|| true).is_none());
    }

    #[test]
    fn what_a_maest_is_fed_is_its_own_spectrogram_and_lies_at_its_own_frequencies() {
        let samples: Vec<f32> = (0..40_000)
            .map(|n| 0.3 * (std::f32::consts::TAU * 1000.0 * n as f32 / 16_000.0).sin())
            .collect();
        let levels = fed_to_encoder(&MAEST_MEL, &samples, &|| true).unwrap();
        assert_eq!((levels.bands().count, levels.columns_per_frame()), (96, 2));
        let fed = MAEST_MEL.of_samples(&samples, None).unwrap();
        assert_eq!(levels.frames(), fed.len() / 96);
        for (frame, values) in fed.chunks_exact(96).enumerate() {
            for (band, value) in values.iter().enumerate() {
                let there = levels.get(band, frame).unwrap();
                assert!(
                    (there - value).abs() < levels.scale().step(),
                    "{band} {frame}"
                );
            }
        }
        // A tone is brightest in the same place of the axis as in the picture of 128 bands.
        let place = crate::band_of_hz(1000.0) + 0.5;
        let loudest = (0..96).max_by(|&a, &b| {
            levels
                .get(a, 60)
                .unwrap()
                .total_cmp(&levels.get(b, 60).unwrap())
        });
        assert_eq!(levels.bands().at(place), loudest.unwrap());
        for (axis, band) in [(0.0, 0), (127.99, 95)] {
            assert_eq!(levels.bands().at(axis), band);
        }
        assert!(fed_to_encoder(&MAEST_MEL, &samples, &|| false).is_none());
        assert!(fed_to_encoder(&MAEST_MEL, &[], &|| true).is_none());
    }
    #[test]
    fn the_vqt_of_an_mt2_is_that_of_its_windows_and_lies_at_the_pitch_of_its_bins() {
        let spec = VqtSpec {
            told_rate: 16_000,
            bins: 84,
            window_samples: 64_000,
        };
        // Two windows, and the beginning of a third.
        let samples: Vec<f32> = (0..140_000)
            .map(|n| 0.3 * (std::f32::consts::TAU * 440.0 * n as f32 / 16_000.0).sin())
            .collect();
        let levels = vqt_fed_to_encoder(&spec, &samples, &|| true).unwrap();
        assert_eq!((levels.bands().count, levels.columns_per_frame()), (84, 1));
        assert_eq!(levels.frames(), 1 + 140_000 / VQT_HOP);
        let second = Vqt::new(16_000)
            .decibels(&samples[64_000..128_000])
            .unwrap();
        for (frame, values) in second.chunks_exact(VQT_BINS).take(125).enumerate() {
            for (bin, value) in values.iter().take(84).enumerate() {
                let there = levels.get(bin, 125 + frame).unwrap();
                assert!(
                    (there - value).abs() < levels.scale().step(),
                    "{bin} {frame}"
                );
            }
        }
        // A4 is the 48th bin above A0.
        let level = |bin: usize| levels.get(bin, 60).unwrap();
        let loudest = (0..84).max_by(|&a, &b| level(a).total_cmp(&level(b)));
        assert_eq!(loudest, Some(48));
        assert_eq!(spec.bin_of_hz(440.0).round(), 48.0);
        assert_eq!((levels.bands().at(0.0), levels.bands().at(127.99)), (0, 83));
        assert!(vqt_fed_to_encoder(&spec, &samples, &|| false).is_none());
        // Exactly two windows: the frame at the very end is there too.
        let whole = vqt_fed_to_encoder(&spec, &samples[..128_000], &|| true).unwrap();
        assert_eq!(whole.frames(), 251);
        assert!(vqt_fed_to_encoder(&spec, &[], &|| true).is_none());
    }
}
