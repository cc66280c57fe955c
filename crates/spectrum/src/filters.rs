//! The mel filter bank.

use super::{
    MelSpec,
    scale::{hz_of_mel, mel_of_hz},
};
use mynascope_audio::SAMPLE_RATE;

/// Triangular filters on Slaney's scale, as librosa, nnAudio and torchaudio build them. Only the weights that are not
/// zero are kept: 2 % of Myna's 128 x 1025.
#[derive(Clone)]
pub(super) struct MelFilters {
    bands: Vec<Band>,
}

#[derive(Clone)]
struct Band {
    /// First bin with a weight.
    first: usize,
    weights: Vec<f32>,
}

impl MelFilters {
    pub(super) fn new(spec: &MelSpec) -> Self {
        let bin_hz = f64::from(SAMPLE_RATE) / spec.n_fft as f64;
        let mels_per_band = mel_of_hz(spec.max_hz) / (spec.bands + 1) as f64;
        let edge = |index: usize| hz_of_mel(index as f64 * mels_per_band);
        let (bins, gain) = (spec.bins(), spec.gain());
        let bands = (0..spec.bands)
            .map(|band| {
                let (low, centre, high) = (edge(band), edge(band + 1), edge(band + 2));
                let peak = if spec.unit_area {
                    2.0 / (high - low)
                } else {
                    1.0
                };
                let height = peak * gain;
                let weight = |bin: usize| {
                    let hz = bin as f64 * bin_hz;
                    let rising = (hz - low) / (centre - low);
                    let falling = (high - hz) / (high - centre);
                    (rising.min(falling).max(0.0) * height) as f32
                };
                let first = (0..bins).find(|bin| weight(*bin) > 0.0).unwrap_or(bins);
                let weights = (first..bins)
                    .map(weight)
                    .take_while(|weight| *weight > 0.0)
                    .collect();
                Band { first, weights }
            })
            .collect();
        Self { bands }
    }

    /// Appends the bands of one frame to `values`. `power` has `n_fft / 2 + 1` bins.
    pub(super) fn apply(&self, power: &[f32], values: &mut Vec<f32>) {
        values.extend(self.bands.iter().map(|band| {
            let bins = power.get(band.first..).unwrap_or_default();
            // In f64: quiet bins beside loud ones keep their digits.
            band.weights
                .iter()
                .zip(bins)
                .map(|(weight, bin)| f64::from(weight * bin))
                .sum::<f64>() as f32
        }));
    }

    /// The filters as a full matrix [bands, bins].
    pub(super) fn matrix(&self, bins: usize) -> Vec<f32> {
        let mut matrix = vec![0.0; self.bands.len() * bins];
        for (row, band) in matrix.chunks_exact_mut(bins).zip(&self.bands) {
            let slots = row.iter_mut().skip(band.first);
            for (slot, weight) in slots.zip(&band.weights) {
                *slot = *weight;
            }
        }
        matrix
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MAEST_MEL, MEL_BANDS, MT2_MEL, MYNA_MEL, read_npy};

    #[test]
    fn the_filters_are_those_of_the_published_front_end() {
        // Of each band the first bin and the weights from there on; all other weights are 0.
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/fixtures/front_end/mel_filters.npy");
        let (shape, reference) = read_npy(&path).unwrap();
        assert_eq!(shape[0], MEL_BANDS as u64);
        let bins = MYNA_MEL.bins();
        let ours = MelFilters::new(&MYNA_MEL).matrix(bins);
        let mut compared = 0;
        let theirs = reference.chunks_exact(shape[1] as usize);
        for (ours, theirs) in ours.chunks_exact(bins).zip(theirs) {
            let mut band = vec![0.0; bins];
            let (first, weights) = (theirs[0] as usize, &theirs[1..]);
            let end = bins.min(first + weights.len());
            band[first..end].copy_from_slice(&weights[..end - first]);
            for (ours, theirs) in ours.iter().zip(&band) {
                assert!((ours - theirs).abs() < 1e-8, "{ours} {theirs}");
                compared += 1;
            }
        }
        assert_eq!(compared, MEL_BANDS * bins);
    }

    #[test]
    fn every_band_has_weights_and_the_area_of_one_hz() {
        for spec in [MYNA_MEL, MAEST_MEL] {
            let bin_hz = 16_000.0 / spec.n_fft as f64;
            let filters = MelFilters::new(&spec);
            assert_eq!(filters.bands.len(), spec.bands);
            // Narrow bands of short windows hold one or two bins only.
            let bound = if spec == MYNA_MEL { 0.15 } else { 0.5 };
            for (index, band) in filters.bands.iter().enumerate() {
                let area: f64 = band.weights.iter().map(|w| f64::from(*w) * bin_hz).sum();
                assert!((area - 1.0).abs() < bound, "band {index}: {area}");
            }
        }
        let peaks = MelFilters::new(&MT2_MEL);
        assert!(peaks.bands.iter().all(|band| !band.weights.is_empty()));
    }
}
