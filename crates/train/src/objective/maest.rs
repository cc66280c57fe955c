//! Supervised training of a MAEST (Alonso-Jiménez, Serra and Bogdanov, ISMIR 2023, arXiv 2309.16418, sections 3 and 4; the
//! constants are those of its paper, where its public code has others or lacks a step).
//!
//! - Of a batch of clips x with labels y (0 or 1), mixup (Zhang et al. 2018) draws one permutation p of the clips and for every
//!   clip i a share l ~ Beta(a, a), of which the larger part counts, l_i = max(l, 1 - l):
//!   `x_i <- l_i x_i + (1 - l_i) x_p(i)` and `y_i <- l_i y_i + (1 - l_i) y_p(i)`.
//! - SpecAugment (Park et al. 2019) sets random groups of frames and of bands of a clip to 0, which is the mean after the
//!   normalisation; before mixup, as PaSST has it. (MAEST's public code makes the masked clip and then trains on the one before.)
//! - Structured patchout (Koutini et al. 2022) drops whole columns and rows of patches, one draw a batch, after the positions
//!   were added. A window shorter than the table of positions begins at a random one of its columns.
//! - The loss is the binary cross-entropy of the logits z with the mixed labels, a mean over clips and labels (b by n of them):
//!   `sum_ij (max(z_ij, 0) - z_ij y_ij + ln(1 + exp(-|z_ij|))) / (b n)`, its gradient `(sigmoid(z_ij) - y_ij) / (b n)`.

use burn::tensor::{Tensor, backend::Backend};

use super::supervised::{Supervised, Supervision, supervised};
use mynascope_encoder::{families::maest::ROWS, numbers};
use mynascope_spectrum::tokens::Stream;

/// Frames that one time mask blanks at most.
const MOST_FRAMES: usize = 7;
/// A time mask blanks at most one frame in so many of a clip.
const LEAST_FRAMES_A_MASK: usize = 5;
/// Bands that one band mask blanks at most.
const MOST_BANDS: usize = 4;

/// Which clips of a batch are mixed with which, and how much of each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mixup {
    /// The partner of every clip.
    pub partners: Vec<usize>,
    /// The share of every clip itself, from one half to 1.
    pub shares: Vec<f32>,
}

impl Mixup {
    /// Draws one for so many clips.
    pub fn draw(clips: usize, alpha: f64, random: &mut Stream) -> Self {
        Self {
            partners: random.permutation(clips),
            shares: (0..clips)
                .map(|_| {
                    let share = beta(alpha, random);
                    share.max(1.0 - share) as f32
                })
                .collect(),
        }
    }

    /// Mixes one row a clip, all of one length: sound or labels.
    pub fn mix(&self, rows: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let pairs = self.partners.iter().zip(&self.shares).zip(rows);
        pairs
            .map(|((&partner, &share), row)| {
                let other = rows.get(partner).unwrap_or(row);
                let values = row.iter().zip(other);
                values.map(|(x, y)| share * x + (1.0 - share) * y).collect()
            })
            .collect()
    }
}

/// A number of the distribution Beta(alpha, alpha), alpha above 0 and at most 1 (Jöhnk 1964): of two uniform numbers to the
/// power of 1/alpha, drawn until their sum is at most 1, the share of the first in the sum.
fn beta(alpha: f64, random: &mut Stream) -> f64 {
    loop {
        let [x, y] = [(); 2].map(|()| random.uniform().powf(1.0 / alpha));
        let sum = x + y;
        if sum > 0.0 && sum <= 1.0 {
            return x / sum;
        }
    }
}

/// Blanks groups of frames and of bands of a clip, [frames, bands] frame by frame, in place.
pub(crate) fn spec_augment(
    clip: &mut [f32],
    bands: usize,
    time_masks: usize,
    band_masks: usize,
    random: &mut Stream,
) {
    let frames = clip.len() / bands.max(1);
    let mut group = |most: usize, all: usize| {
        let length = random.below(most.min(all) + 1);
        let start = random.below(all - length + 1);
        start..start + length
    };
    for _ in 0..time_masks {
        let masked = group(MOST_FRAMES.min(frames / LEAST_FRAMES_A_MASK), frames);
        if let Some(masked) = clip.get_mut(masked.start * bands..masked.end * bands) {
            masked.fill(0.0);
        }
    }
    for _ in 0..band_masks {
        let masked = group(MOST_BANDS, bands);
        for frame in clip.chunks_exact_mut(bands.max(1)) {
            if let Some(masked) = frame.get_mut(masked.clone()) {
                masked.fill(0.0);
            }
        }
    }
}

/// What a batch reads of the patches of its windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Patchout {
    /// Rows that are read, rising.
    pub rows: Vec<usize>,
    /// Columns that are read, rising.
    pub columns: Vec<usize>,
    /// The column of the table of positions at which the windows begin.
    pub first_position: usize,
}

impl Patchout {
    /// Drops so many rows and columns, `[rows, columns]`, of windows of `columns` columns; the table of positions has
    /// `positions` of them.
    pub fn draw(
        dropped: [usize; 2],
        columns: usize,
        positions: usize,
        random: &mut Stream,
    ) -> Self {
        let mut kept = |all: usize, dropped: usize| {
            let mut kept = random.permutation(all);
            kept.truncate(all.saturating_sub(dropped));
            kept.sort_unstable();
            kept
        };
        let [row_count, column_count] = dropped;
        let columns_kept = kept(columns, column_count);
        Self {
            rows: kept(ROWS, row_count),
            columns: columns_kept,
            first_position: random.below(positions.saturating_sub(columns) + 1),
        }
    }

    /// The patches that are read in a grid of so many columns, row after row.
    pub fn patches(&self, columns: usize) -> Vec<usize> {
        let row = |&row: &usize| {
            self.columns
                .iter()
                .map(move |column| row * columns + column)
        };
        self.rows.iter().flat_map(row).collect()
    }
}

/// The loss of logits, [clips, labels], against mixed labels. The accuracy is the share of clips whose highest logit is a label
/// that makes up at least half of the clip.
pub(crate) fn tagging<B: Backend>(
    logits: Tensor<B, 2>,
    labels: &Supervision,
) -> Result<Supervised<B>, String> {
    let found = supervised(logits.clone(), labels)?;
    let Supervision::AnyOf(rows) = labels else {
        return Ok(found);
    };
    let said = numbers(logits)?;
    let width = said.len() / rows.len().max(1);
    let is_right = |(said, labels): (&[f32], &Vec<f32>)| {
        let highest = said
            .iter()
            .zip(labels)
            .max_by(|(a, _), (b, _)| a.total_cmp(b));
        highest.is_some_and(|(_, label)| *label >= 0.5)
    };
    let pairs = said.chunks_exact(width.max(1)).zip(rows);
    let right = pairs.filter(|pair| is_right(*pair)).count();
    Ok(Supervised {
        accuracy: Some(right as f64 / rows.len().max(1) as f64),
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use mynascope_spectrum::tokens::{Purpose, stream};

    fn random(seed: u64) -> Stream {
        stream(seed, 0, 0, Purpose::Mixup)
    }

    /// The definition, in plain loops of f64: mixed labels, the logarithms of the probabilities, central differences.
    #[test]
    fn loss_and_gradient_of_mixed_labels_are_those_of_the_definition() {
        let logits = testing::rows(4, 5, 3);
        let labels: Vec<Vec<f32>> = (0..4)
            .map(|clip| {
                (0..5)
                    .map(|label| f32::from(u8::from((clip + label) % 3 == 0)))
                    .collect()
            })
            .collect();
        let mixup = Mixup {
            partners: vec![2, 0, 3, 1],
            shares: vec![0.9, 0.6, 0.75, 1.0],
        };
        let mixed = mixup.mix(&labels);
        let loss = |logits: &[Vec<f64>]| {
            let mut sum = 0.0;
            for clip in 0..4 {
                let share = f64::from(mixup.shares[clip]);
                for label in 0..5 {
                    let target = share * f64::from(labels[clip][label])
                        + (1.0 - share) * f64::from(labels[mixup.partners[clip]][label]);
                    let p = 1.0 / (1.0 + (-logits[clip][label]).exp());
                    sum -= target * p.ln() + (1.0 - target) * (1.0 - p).ln();
                }
            }
            sum / 20.0
        };
        let found = tagging(testing::tensor(&logits), &Supervision::AnyOf(mixed)).unwrap();
        testing::close(found.loss, loss(&logits), 1.0, "loss");
        let gradient = found.gradient.into_data().into_vec::<f32>().unwrap();
        for (place, value) in gradient.into_iter().enumerate() {
            let moved = |to: f64| {
                let mut rows = logits.clone();
                rows[place / 5][place % 5] = to;
                loss(&rows)
            };
            let expected = testing::slope(moved, logits[place / 5][place % 5]);
            testing::close(f64::from(value), expected, 1.0, "gradient");
        }
    }

    /// The promise: a share is never the smaller part, and Beta(0.3, 0.3) lies near 0 and 1: its variance is
    /// 1 / (4 (2 a + 1)), so the mean square of 2 l - 1 is 1 / (2 a + 1).
    #[test]
    fn shares_are_drawn_from_the_beta_distribution_and_the_larger_part_counts() {
        for alpha in [0.1, 0.3, 1.0] {
            let mixup = Mixup::draw(20_000, alpha, &mut random(1));
            assert!(mixup.shares.iter().all(|share| (0.5..=1.0).contains(share)));
            let squares = mixup
                .shares
                .iter()
                .map(|share| (2.0 * f64::from(*share) - 1.0).powi(2));
            let mean = squares.sum::<f64>() / 20_000.0;
            assert!(
                (mean - 1.0 / (2.0 * alpha + 1.0)).abs() < 0.01,
                "{alpha}: {mean}"
            );
            let mut partners = mixup.partners.clone();
            partners.sort_unstable();
            assert!(
                partners.into_iter().eq(0..20_000),
                "everyone is a partner once"
            );
        }
    }

    #[test]
    fn what_is_blanked_lies_in_short_groups_of_frames_and_bands() {
        let (frames, bands) = (312, 96);
        let clip = |time_masks, band_masks| {
            let mut clip = vec![1.0; frames * bands];
            spec_augment(&mut clip, bands, time_masks, band_masks, &mut random(2));
            clip
        };
        let blank = |clip: &[f32]| clip.iter().filter(|value| **value == 0.0).count();
        assert_eq!(blank(&clip(0, 0)), 0);
        let by_time = clip(20, 0);
        for frame in by_time.chunks_exact(bands) {
            assert!(frame.iter().all(|value| *value == frame[0]), "whole frames");
        }
        let frames_blank = blank(&by_time) / bands;
        assert!(
            (1..=20 * MOST_FRAMES).contains(&frames_blank),
            "{frames_blank}"
        );
        let by_band = clip(0, 5);
        assert!(
            by_band
                .chunks_exact(bands)
                .all(|frame| frame == &by_band[..bands]),
            "whole bands"
        );
        let bands_blank = blank(&by_band[..bands]);
        assert!((1..=5 * MOST_BANDS).contains(&bands_blank), "{bands_blank}");
        // A clip of a few frames is not blanked altogether.
        let mut short = vec![1.0; 10 * bands];
        spec_augment(&mut short, bands, 1, 0, &mut random(3));
        assert!(blank(&short) <= 2 * bands);
    }

    #[test]
    fn patchout_drops_whole_rows_and_columns_and_begins_within_the_positions() {
        let mut firsts = [0; 2];
        for seed in 0..200 {
            let drawn = Patchout::draw([3, 15], 30, 31, &mut random(seed));
            assert_eq!((drawn.rows.len(), drawn.columns.len()), (6, 15));
            let patches = drawn.patches(30);
            assert_eq!(
                patches.len(),
                90,
                "and two class tokens: 92 tokens, as published"
            );
            assert!(patches.is_sorted() && patches.iter().all(|patch| *patch < 270));
            for patch in patches {
                assert!(
                    drawn.rows.contains(&(patch / 30)) && drawn.columns.contains(&(patch % 30))
                );
            }
            firsts[drawn.first_position] += 1;
        }
        assert!(firsts.iter().all(|count| *count > 50), "{firsts:?}");
        let all = Patchout::draw([0, 0], 31, 31, &mut random(0));
        assert_eq!((all.patches(31).len(), all.first_position), (279, 0));
    }
}
