//! Attention and output tokens of one window, layer by layer.

use super::{
    EncoderError, LoadedEncoder,
    families::myna::{network::FollowTokens, tokenizer::Tokenizer},
};
use mynascope_spectrum::tokens::{MEL_BANDS, PatchShape, WINDOW_FRAMES};

/// What an encoder did with the kept tokens of one window: who attended to whom, and what came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The patches that the tokens are of.
    pub shape: PatchShape,
    /// The tokens that went in, in the order of all rows and columns below.
    pub kept: Vec<usize>,
    /// For each layer, first to last, [kept, kept] row-major: how much each token (row) takes from each (column), the
    /// mean over heads. Rows sum to 1.
    pub layers: Vec<Vec<f32>>,
    /// Output tokens after the last norm, [kept, dim] row-major; their mean is the embedding.
    pub outputs: Vec<f32>,
}

impl Look {
    /// How much each kept token is attended to, `[kept]`: the mean over the last `layers` layers and over all tokens that
    /// attend. Sums to 1.
    pub fn mean(&self, layers: usize) -> Vec<f32> {
        let layers = self.last(layers);
        let mut received = vec![0.0; self.kept.len()];
        for layer in layers {
            add_column_means(layer, &mut received);
        }
        for value in &mut received {
            *value /= layers.len().max(1) as f32;
        }
        received
    }

    /// How much each kept token of the input reaches the embedding, `[kept]`: attention rollout (Abnar and Zuidema 2020,
    /// "Quantifying attention flow in transformers", section 3) through the last `layers` layers. Each layer passes half
    /// through attention and half through its residual; the embedding is the mean over tokens. Sums to 1.
    pub fn rollout(&self, layers: usize) -> Vec<f32> {
        let size = self.kept.len();
        // The mean over tokens, carried backwards through each layer: one row instead of whole matrices.
        let mut flow = vec![1.0 / size.max(1) as f32; size];
        for layer in self.last(layers).iter().rev() {
            let mut before: Vec<f32> = flow.iter().map(|share| 0.5 * share).collect();
            for (row, share) in layer.chunks_exact(size.max(1)).zip(&flow) {
                for (slot, value) in before.iter_mut().zip(row) {
                    *slot += 0.5 * share * value;
                }
            }
            flow = before;
        }
        flow
    }

    /// The cosine of every output token to that of the kept token at `place`, `[kept]`; empty where there is none.
    pub fn similarity(&self, place: usize) -> Vec<f32> {
        let dim = self.outputs.len() / self.kept.len().max(1);
        let rows = self.outputs.chunks_exact(dim.max(1));
        let Some(here) = rows.clone().nth(place) else {
            return Vec::new();
        };
        let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let own = dot(here, here);
        rows.map(|row| {
            let norms = (own * dot(row, row)).sqrt();
            if norms > 0.0 {
                (dot(here, row) / norms).clamp(-1.0, 1.0)
            } else {
                0.0
            }
        })
        .collect()
    }

    fn last(&self, layers: usize) -> &[Vec<f32>] {
        let first = self.layers.len().saturating_sub(layers.max(1));
        self.layers.get(first..).unwrap_or_default()
    }
}

fn add_column_means(matrix: &[f32], sums: &mut [f32]) {
    let size = sums.len().max(1);
    for row in matrix.chunks_exact(size) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value / size as f32;
        }
    }
}

impl LoadedEncoder {
    /// Follows the kept tokens of one window [96 frames, 128] through the encoder. `shape` must be one of those that the
    /// encoder reads.
    ///
    /// # Errors
    /// [`EncoderError::Windows`] if the window, the shape or a token does not fit, [`EncoderError::Compute`] if the
    /// device fails.
    pub fn look(
        &self,
        window: &[f32],
        shape: PatchShape,
        kept: &[usize],
    ) -> Result<Look, EncoderError> {
        let grid = shape.grid(WINDOW_FRAMES);
        let shapes = self.shapes();
        let Some(part) = shapes.iter().position(|other| *other == shape) else {
            return Err(EncoderError::Windows(format!(
                "this encoder does not read {shape} patches"
            )));
        };
        if window.len() != WINDOW_FRAMES * MEL_BANDS
            || kept.is_empty()
            || kept.iter().any(|&token| token >= grid.tokens())
        {
            return Err(EncoderError::Windows(
                "attention is looked at in a window of 96 frames, with one kept patch at least"
                    .to_owned(),
            ));
        }
        let tokenizer = Tokenizer::new(
            shapes,
            WINDOW_FRAMES,
            self.myna().map_or(0, |config| config.dim),
        );
        let tokens = tokenizer.tokens_of(part, &[window], Some(vec![kept]))?;
        let trace = self.placed().ask(FollowTokens(tokens), self.device())?;
        Ok(Look {
            shape,
            kept: kept.to_vec(),
            layers: trace.attention,
            outputs: trace.outputs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeviceChoice, MynaConfig, Patching};
    use mynascope_spectrum::tokens::View;

    const CONFIG: MynaConfig = MynaConfig {
        kind: Patching::Hybrid,
        dim: 32,
        depth: 3,
        heads: 2,
        mlp_dim: 64,
    };

    fn encoder() -> LoadedEncoder {
        LoadedEncoder::random(CONFIG, 5, &DeviceChoice::Cpu).unwrap()
    }

    /// Different in every patch.
    fn window() -> Vec<f32> {
        (0..96 * 128)
            .map(|value: usize| ((value * 7919) % 1013) as f32 / 100.0)
            .collect()
    }

    fn near(a: &[f32], b: &[f32]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
    }

    #[test]
    fn rows_of_attention_sum_to_one_and_only_kept_tokens_take_part() {
        let kept = [40, 3, 17, 25, 8];
        let encoder = encoder();
        for shape in [PatchShape::Square, PatchShape::Vertical] {
            let look = encoder.look(&window(), shape, &kept).unwrap();
            assert_eq!(look.layers.len(), 3);
            for layer in &look.layers {
                assert_eq!(layer.len(), kept.len() * kept.len());
                for row in layer.chunks_exact(kept.len()) {
                    assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                }
            }
            for shares in [look.mean(2), look.rollout(3)] {
                assert_eq!(shares.len(), kept.len());
                assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            }
        }
    }

    /// What is looked at is what embeds.
    #[test]
    fn the_mean_of_the_output_tokens_is_the_embedding() {
        let (encoder, window) = (encoder(), window());
        let view = View {
            start_frame: 0,
            kept_square: vec![1, 5, 30],
            kept_vertical: vec![2, 3, 47],
        };
        let embedding = encoder
            .embed_windows(&[&window], Some(&[view.mask(encoder.shapes())]))
            .unwrap();
        let mean = |shape| {
            let look = encoder.look(&window, shape, view.kept(shape)).unwrap();
            let mut mean = vec![0.0; 32];
            for row in look.outputs.chunks_exact(32) {
                for (slot, value) in mean.iter_mut().zip(row) {
                    *slot += value / 3.0;
                }
            }
            mean
        };
        let both = [mean(PatchShape::Square), mean(PatchShape::Vertical)].concat();
        assert!(near(&embedding, &both), "{embedding:?} {both:?}");
    }

    #[test]
    fn equal_tokens_share_attention_evenly_and_are_all_alike() {
        // The same token twice: same patch, same place.
        let look = encoder()
            .look(&window(), PatchShape::Square, &[9, 9, 9, 9])
            .unwrap();
        assert!(near(&look.mean(3), &[0.25; 4]));
        assert!(near(&look.rollout(3), &[0.25; 4]));
        assert!(near(&look.similarity(2), &[1.0; 4]));
        assert!(look.similarity(4).is_empty());
    }

    #[test]
    fn rollout_follows_the_product_of_the_layers() {
        let look = |layers: &[[f32; 4]]| Look {
            shape: PatchShape::Square,
            kept: vec![0, 1],
            layers: layers.iter().map(|layer| layer.to_vec()).collect(),
            outputs: Vec::new(),
        };
        let identity = [1.0, 0.0, 0.0, 1.0];
        assert!(near(&look(&[identity; 4]).rollout(4), &[0.5, 0.5]));
        // Both tokens take everything from the first: (I/2 + A/2) twice leaves 1/4 of the second.
        let first = [1.0, 0.0, 1.0, 0.0];
        let twice = look(&[first, first]);
        assert!(near(&twice.rollout(2), &[0.875, 0.125]));
        assert!(
            near(&twice.rollout(1), &[0.75, 0.25]),
            "only the last layer"
        );
        assert!(near(&twice.mean(1), &[1.0, 0.0]));
    }
}
