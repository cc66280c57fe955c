//! The mel filter bank.

use super::{
    MEL_BANDS, N_FFT,
    scale::{hz_of_mel, mels_per_band},
    transform::BINS,
};
use mynascope_audio::SAMPLE_RATE;

/// Triangular filters on Slaney's scale, each of unit area in Hz, as librosa and nnAudio build them. Only the
/// weights that are not zero are kept: 2 % of 128 x 1025.
pub(super) struct MelFilters {
    bands: Vec<Band>,
}

struct Band {
    /// First bin with a weight.
    first: usize,
    weights: Vec<f32>,
}

impl MelFilters {
    pub(super) fn new() -> Self {
        let bin_hz = f64::from(SAMPLE_RATE) / N_FFT as f64;
        let edge = |index: usize| hz_of_mel(index as f64 * mels_per_band());
        let bands = (0..MEL_BANDS)
            .map(|band| {
                let (low, centre, high) = (edge(band), edge(band + 1), edge(band + 2));
                let area = 2.0 / (high - low);
                let weight = |bin: usize| {
                    let hz = bin as f64 * bin_hz;
                    let rising = (hz - low) / (centre - low);
                    let falling = (high - hz) / (high - centre);
                    (rising.min(falling).max(0.0) * area) as f32
                };
                let first = (0..BINS).find(|bin| weight(*bin) > 0.0).unwrap_or(BINS);
                let weights = (first..BINS)
                    .map(weight)
                    .take_while(|weight| *weight > 0.0)
                    .collect();
                Band { first, weights }
            })
            .collect();
        Self { bands }
    }

    /// Appends the 128 bands of one frame to `values`. `power` has 1025 bins.
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

    /// The filters as a full matrix [128, 1025].
    #[cfg(test)]
    pub(super) fn matrix(&self) -> Vec<f32> {
        let mut matrix = vec![0.0; MEL_BANDS * BINS];
        for (row, band) in matrix.chunks_exact_mut(BINS).zip(&self.bands) {
            row[band.first..band.first + band.weights.len()].copy_from_slice(&band.weights);
        }
        matrix
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_npy;

    #[test]
    fn the_filters_are_those_of_the_published_front_end() {
        // Of each band the first bin and the weights from there on; all other weights are 0.
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/fixtures/front_end/mel_filters.npy");
        let (shape, reference) = read_npy(&path).unwrap();
        assert_eq!(shape[0], MEL_BANDS as u64);
        let mut compared = 0;
        let theirs = reference.chunks_exact(shape[1] as usize);
        for (ours, theirs) in MelFilters::new().matrix().chunks_exact(BINS).zip(theirs) {
            let mut band = vec![0.0; BINS];
            let (first, weights) = (theirs[0] as usize, &theirs[1..]);
            let end = BINS.min(first + weights.len());
            band[first..end].copy_from_slice(&weights[..end - first]);
            for (ours, theirs) in ours.iter().zip(&band) {
                assert!((ours - theirs).abs() < 1e-8, "{ours} {theirs}");
                compared += 1;
            }
        }
        assert_eq!(compared, MEL_BANDS * BINS);
    }

    #[test]
    fn every_band_has_weights_and_the_area_of_one_hz() {
        let bin_hz = 16_000.0 / N_FFT as f64;
        for (index, band) in MelFilters::new().bands.iter().enumerate() {
            let area: f64 = band.weights.iter().map(|w| f64::from(*w) * bin_hz).sum();
            assert!((area - 1.0).abs() < 0.15, "band {index}: {area}");
        }
    }
}
