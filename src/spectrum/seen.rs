use super::{
    MEL_BANDS, Mel,
    levels::{Levels, LevelsBuilder, Scale},
};

/// What PyTorch's LayerNorm adds to the variance.
const EPSILON: f64 = 1e-5;

/// What a Myna encoder sees of a mel: each patch of `patch_bands` x `patch_frames` raw powers with its own mean taken
/// off and divided by its own standard deviation, `(x - mean) / sqrt(variance + 1e-5)`, as the LayerNorm before the
/// patch embedding does (without its learned gain and bias). Patches begin with the first frame; `frames` frames are
/// seen, silence follows the end of the mel. `None` where patches don't fill the bands, or when `keep_on` says no.
pub fn seen_by_encoder(
    mel: &Mel,
    patch_bands: usize,
    patch_frames: usize,
    frames: usize,
    keep_on: &dyn Fn() -> bool,
) -> Option<Levels> {
    if patch_bands == 0 || patch_frames == 0 || !MEL_BANDS.is_multiple_of(patch_bands) {
        return None;
    }
    let mut builder = LevelsBuilder::new(Scale::DEVIATIONS);
    let mut column = vec![0.0_f32; patch_frames * MEL_BANDS];
    for first in (0..frames).step_by(patch_frames) {
        if !keep_on() {
            return None;
        }
        column.fill(0.0);
        for (index, frame) in column.chunks_exact_mut(MEL_BANDS).enumerate() {
            for (value, power) in frame.iter_mut().zip(mel.frame(first + index)) {
                *value = *power;
            }
        }
        for row in 0..MEL_BANDS / patch_bands {
            normalise(&mut column, row * patch_bands, patch_bands);
        }
        builder.push(column.iter().copied());
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
        let mel = mel(96);
        for (bands, width) in [(16, 16), (128, 2)] {
            let seen = seen_by_encoder(&mel, bands, width, 96, &|| true).unwrap();
            assert_eq!(seen.frames(), 96);
            for (band, frame) in [(0, 0), (17, 33), (127, 95), (64, 50)] {
                let (top, left) = (band / bands * bands, frame / width * width);
                let patch: Vec<f64> = (left..left + width)
                    .flat_map(|f| (top..top + bands).map(move |b| (b, f)))
                    .map(|(b, f)| f64::from(mel.get(b, f)))
                    .collect();
                let mean = patch.iter().sum::<f64>() / 256.0;
                let variance = patch.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 256.0;
                let there = (f64::from(mel.get(band, frame)) - mean) / (variance + 1e-5).sqrt();
                let ours = f64::from(seen.get(band, frame).unwrap());
                assert!((ours - there).abs() < 3e-4, "{ours} is not {there}");
            }
        }
    }

    #[test]
    fn silence_stays_nothing_and_follows_the_end() {
        let silent = Mel::from_values(vec![0.0; 20 * MEL_BANDS]);
        let seen = seen_by_encoder(&silent, 16, 16, 96, &|| true).unwrap();
        assert_eq!(seen.frames(), 96);
        assert!(seen.get(3, 90).unwrap().abs() < 1e-3);
        assert!(seen_by_encoder(&silent, 17, 16, 96, &|| true).is_none());
        assert!(seen_by_encoder(&silent, 16, 16, 96, &|| false).is_none());
    }
}
