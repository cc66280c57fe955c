//! Where an encoder attends in one window: followed back from what is read of it, block by block.

use burn::tensor::{Tensor, TensorData};

use super::{
    EncoderConfig, EncoderError, LoadedEncoder,
    blocks::Block,
    families::{
        FollowAttention,
        myna::{network::FollowTokens, tokenizer::Tokenizer},
    },
    kernels::Kernels,
    weights::numbers,
};
use mynascope_spectrum::tokens::{MEL_BANDS, TokenGrid};

/// Where an encoder attended among the kept tokens of one window, and what came out.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionTrace {
    /// Where the tokens of the window lie.
    pub grid: TokenGrid,
    /// The tokens that went in, in the order of all values below.
    pub kept: Vec<usize>,
    /// How much what is read attends to each kept token, of the last block first: [blocks][kept].
    received: Vec<Vec<f32>>,
    /// How much of each kept token reaches what is read, through the last block, the last two, and so on: [blocks][kept].
    rollout: Vec<Vec<f32>>,
    /// The kept tokens after the layer that is read, [kept, dim] row-major.
    pub outputs: Vec<f32>,
}

impl AttentionTrace {
    /// How many blocks lie before the layer that is read.
    pub fn blocks(&self) -> usize {
        self.rollout.len()
    }

    /// How much what is read attends to each kept token, `[kept]`, the mean over the last `blocks` blocks and over heads.
    /// What is read is the mean over all tokens, or what the readout makes of them: the class token alone, say. Sums to 1,
    /// or to less where tokens that lie nowhere in the window (class, distillation) get the rest. Empty where no block lies
    /// before the layer that is read.
    pub fn mean(&self, blocks: usize) -> Vec<f32> {
        let last = self.received.get(..blocks.max(1)).unwrap_or(&self.received);
        let share = 1.0 / last.len().max(1) as f32;
        let mut mean = vec![0.0; last.first().map_or(0, Vec::len)];
        for block in last {
            for (slot, value) in mean.iter_mut().zip(block) {
                *slot += share * value;
            }
        }
        mean
    }

    /// How much of each kept token reaches what is read, `[kept]`: attention rollout (Abnar and Zuidema 2020, "Quantifying
    /// attention flow in transformers", section 3) through the last `blocks` blocks. Each passes half through attention and
    /// half round it. Sums as [`Self::mean`].
    pub fn rollout(&self, blocks: usize) -> Vec<f32> {
        let place = blocks.clamp(1, self.blocks().max(1)) - 1;
        self.rollout.get(place).cloned().unwrap_or_default()
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
}

/// What a family gives for an [`AttentionTrace`], of all its tokens or of those that lie in the window.
#[derive(Debug, Default)]
pub struct Followed {
    /// Of the last block first, [blocks][tokens].
    pub received: Vec<Vec<f32>>,
    /// The same.
    pub rollout: Vec<Vec<f32>>,
    /// [tokens, dim] row-major.
    pub outputs: Vec<f32>,
}

impl Followed {
    /// The same without the first of so many tokens, which lie nowhere in the window.
    pub fn without_first(mut self, count: usize, tokens: usize) -> Self {
        let dim = self.outputs.len() / tokens.max(1);
        for row in self.received.iter_mut().chain(&mut self.rollout) {
            row.drain(..count.min(row.len()));
        }
        self.outputs.drain(..(count * dim).min(self.outputs.len()));
        self
    }
}

/// Follows attention back through blocks, from the last to the first: one row of shares instead of whole matrices. `hidden`
/// are the tokens [1, tokens, dim] of one window that enter each block, and those that leave the last; `readout` says with which
/// share what is read is made of each of these.
///
/// # Errors
/// What the backend said, if it gives no numbers back.
pub fn follow_back<B: Kernels>(
    blocks: &[Block<B>],
    mut hidden: Vec<Tensor<B, 3>>,
    readout: Vec<f32>,
) -> Result<Followed, String> {
    let Some(last) = hidden.pop() else {
        return Ok(Followed::default());
    };
    let tokens = readout.len();
    let readout = TensorData::new(readout, [1, tokens]);
    let readout = Tensor::<B, 2>::from_data(readout, &last.device());
    let mut flow = readout.clone();
    let mut rows = Vec::new();
    for (block, x) in blocks.iter().zip(hidden).rev() {
        let [_, tokens, dim] = x.dims();
        let weights = Tensor::cat(vec![readout.clone(), flow.clone()], 0);
        let taken = block.received(x.reshape([tokens, dim]), weights);
        flow = (flow + taken.clone().narrow(0, 1, 1)).div_scalar(2.0);
        rows.extend([taken.narrow(0, 0, 1), flow.clone()]);
    }
    let mut followed = Followed {
        outputs: numbers(last)?,
        ..Followed::default()
    };
    if !rows.is_empty() {
        let rows = numbers(Tensor::cat(rows, 0))?;
        for pair in rows.chunks_exact((2 * tokens).max(1)) {
            let (received, rollout) = pair.split_at(tokens);
            followed.received.push(received.to_vec());
            followed.rollout.push(rollout.to_vec());
        }
    }
    Ok(followed)
}

impl LoadedEncoder {
    /// Follows attention through a window as [`Self::embed_windows`] reads it, of which the tokens `kept` of a grid are read.
    /// It ends at the layer that the encoder was opened with.
    ///
    /// # Errors
    /// [`EncoderError::Windows`] if the window, the grid or a token does not fit, [`EncoderError::Compute`] if the device
    /// fails.
    pub fn attention(
        &self,
        window: &[f32],
        grid: usize,
        kept: &[usize],
    ) -> Result<AttentionTrace, EncoderError> {
        let Some(mut token_grid) = self.info().grids.get(grid).cloned() else {
            return Err(EncoderError::Windows(
                "the encoder does not read patches of this shape".into(),
            ));
        };
        let followed = match self.config() {
            EncoderConfig::Myna(config) => {
                let frames = window.len() / MEL_BANDS;
                let tokenizer = Tokenizer::of(&config, frames);
                token_grid.columns = tokenizer.grids().nth(grid).map_or(0, |grid| grid.columns);
                let job = FollowTokens {
                    tokens: tokenizer.tokens_of(grid, &[window], Some(vec![kept]))?,
                    layer: self.reading().layer,
                };
                self.placed().ask(job, self.device())?
            }
            config => {
                if let Some(columns) = config.design().columns_in(window.len()) {
                    token_grid.columns = columns;
                }
                let job = FollowAttention {
                    window,
                    kept,
                    blocks: self.blocks_read(),
                    readout: self.readout(),
                };
                self.placed().ask(job, self.device())?
            }
        };
        let Followed {
            received,
            rollout,
            outputs,
        } = followed;
        Ok(AttentionTrace {
            grid: token_grid,
            kept: kept.to_vec(),
            received,
            rollout,
            outputs,
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::{Flex, flex::FlexDevice};

    use super::*;
    use crate::{
        DeviceChoice, MynaConfig, PatchInput, Patching,
        blocks::{BlockStyle, Placer, TensorSource},
        kernels::NormOrder,
    };
    use mynascope_spectrum::tokens::{PatchShape, Purpose, View, stream};

    const CONFIG: MynaConfig = MynaConfig {
        kind: Patching::Hybrid,
        dim: 32,
        depth: 3,
        heads: 2,
        mlp_dim: 64,
        input: PatchInput::Power,
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
    fn shares_of_the_kept_tokens_sum_to_one_however_many_blocks_are_followed() {
        let kept = [40, 3, 17, 25, 8];
        let encoder = encoder();
        for grid in 0..2 {
            let trace = encoder.attention(&window(), grid, &kept).unwrap();
            assert_eq!((trace.blocks(), trace.grid.tokens()), (3, 48));
            for blocks in [0, 1, 2, 3, 99] {
                for shares in [trace.mean(blocks), trace.rollout(blocks)] {
                    assert_eq!(shares.len(), kept.len());
                    assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                }
            }
        }
        assert!(encoder.attention(&window(), 2, &kept).is_err());
        assert!(encoder.attention(&window(), 0, &[48]).is_err());
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
        let mean = |(grid, shape): (usize, PatchShape)| {
            let trace = encoder.attention(&window, grid, view.kept(shape)).unwrap();
            let mut mean = vec![0.0; 32];
            for row in trace.outputs.chunks_exact(32) {
                for (slot, value) in mean.iter_mut().zip(row) {
                    *slot += value / 3.0;
                }
            }
            mean
        };
        let both = [(0, PatchShape::Square), (1, PatchShape::Vertical)].map(mean);
        assert!(near(&embedding, &both.concat()), "{embedding:?} {both:?}");
    }

    #[test]
    fn equal_tokens_share_attention_evenly_and_are_all_alike() {
        // The same token twice: same patch, same place.
        let trace = encoder().attention(&window(), 0, &[9, 9, 9, 9]).unwrap();
        assert!(near(&trace.mean(3), &[0.25; 4]));
        assert!(near(&trace.rollout(3), &[0.25; 4]));
        assert!(near(&trace.similarity(2), &[1.0; 4]));
        assert!(trace.similarity(4).is_empty());
    }

    const DIM: usize = 8;
    const HEADS: usize = 2;
    const TOKENS: usize = 300;

    /// The tensors of a block in the order of files, and tokens.
    fn block_and_tokens() -> ([Vec<f32>; 12], Vec<f32>) {
        let mut random = stream(1, 2, 3, Purpose::Weights);
        let mut draw = |count: usize| -> Vec<f32> {
            (0..count)
                .map(|_| random.between(-1.0, 1.0) as f32)
                .collect()
        };
        let tensors = [
            DIM,
            DIM,
            3 * DIM * DIM,
            3 * DIM,
            DIM * DIM,
            DIM,
            DIM,
            DIM,
            DIM * DIM,
            DIM,
            DIM * DIM,
            DIM,
        ];
        (tensors.map(&mut draw), draw(TOKENS * DIM))
    }

    /// Queries and keys of every token, written out number by number.
    fn queries_and_keys(tensors: &[Vec<f32>; 12], x: &[f32]) -> Vec<Vec<f64>> {
        let [factor, shift, qkv, bias, ..] = tensors;
        let of_token = |x: &[f32]| {
            let x: Vec<f64> = x.iter().map(|&value| value.into()).collect();
            let mean = x.iter().sum::<f64>() / DIM as f64;
            let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / DIM as f64;
            let normed = |at: usize| {
                let normed = (x[at] - mean) / (variance + 1e-6).sqrt();
                normed * f64::from(factor[at]) + f64::from(shift[at])
            };
            let output = |row: usize| {
                let terms = (0..DIM).map(|at| normed(at) * f64::from(qkv[row * DIM + at]));
                terms.sum::<f64>() + f64::from(bias[row])
            };
            (0..2 * DIM).map(output).collect()
        };
        x.chunks_exact(DIM).map(of_token).collect()
    }

    /// How much token `to` takes from each, the mean over heads.
    fn row_of_attention(projected: &[Vec<f64>], to: usize) -> Vec<f64> {
        let wide = DIM / HEADS;
        let mut mean = vec![0.0; projected.len()];
        for head in 0..HEADS {
            let score = |from: &Vec<f64>| -> f64 {
                let of = |at: usize| projected[to][head * wide + at] * from[DIM + head * wide + at];
                (0..wide).map(of).sum::<f64>() / (wide as f64).sqrt()
            };
            let powers: Vec<f64> = projected.iter().map(|from| score(from).exp()).collect();
            let sum: f64 = powers.iter().sum();
            for (slot, power) in mean.iter_mut().zip(powers) {
                *slot += power / sum / HEADS as f64;
            }
        }
        mean
    }

    /// Windows of more than one tile, biases, and two tokens that attend with different weight.
    #[test]
    fn attention_is_that_of_the_formula_and_rollout_follows_the_product_of_the_blocks() {
        let (tensors, x) = block_and_tokens();
        let mut placer = Placer::<Flex, _>::new(
            tensors.clone().into_iter(),
            crate::Precision::F32,
            &FlexDevice,
        );
        let style = BlockStyle {
            heads: HEADS,
            order: NormOrder::Pre,
            epsilon: 1e-6,
            qkv_bias: true,
            out_bias: true,
        };
        let block = placer.block(style, DIM, DIM).unwrap();
        let tokens = TensorData::new(x.clone(), [1, TOKENS, DIM]);
        let tokens = Tensor::<Flex, 3>::from_data(tokens, &FlexDevice);
        let mut readout = vec![0.0; TOKENS];
        (readout[7], readout[290]) = (0.25, 0.75);
        let projected = queries_and_keys(&tensors, &x);
        let row = |to: usize| row_of_attention(&projected, to);
        let (first, last) = (row(7), row(290));
        let expected: Vec<f32> = first
            .iter()
            .zip(&last)
            .map(|(a, b)| (0.25 * a + 0.75 * b) as f32)
            .collect();
        // The same tokens enter both blocks.
        let hidden = vec![tokens.clone(), tokens.clone(), tokens];
        let found = follow_back(&[block.clone(), block], hidden, readout.clone()).unwrap();
        assert!(near(&found.received[0], &expected) && near(&found.received[1], &expected));
        let once: Vec<f32> = readout
            .iter()
            .zip(&expected)
            .map(|(a, b)| 0.5 * (a + b))
            .collect();
        assert!(near(&found.rollout[0], &once));
        // Half of what came through one block goes round the other, half through its attention.
        let mut twice: Vec<f64> = once.iter().map(|&share| 0.5 * f64::from(share)).collect();
        for (to, share) in once.iter().enumerate() {
            for (slot, value) in twice.iter_mut().zip(row(to)) {
                *slot += 0.5 * f64::from(*share) * value;
            }
        }
        let twice: Vec<f32> = twice.into_iter().map(|share| share as f32).collect();
        assert!(near(&found.rollout[1], &twice));
    }

    #[test]
    fn the_mean_over_blocks_begins_at_the_last_one() {
        let trace = AttentionTrace {
            grid: PatchShape::Square.grid(96).into(),
            kept: vec![0, 1],
            received: vec![vec![1.0, 0.0], vec![0.5, 0.5]],
            rollout: vec![vec![0.75, 0.25], vec![0.625, 0.375]],
            outputs: Vec::new(),
        };
        assert!(near(&trace.mean(1), &[1.0, 0.0]));
        assert!(near(&trace.mean(2), &[0.75, 0.25]));
        assert!(near(&trace.rollout(1), &[0.75, 0.25]));
        assert!(near(&trace.rollout(2), &[0.625, 0.375]));
        let none = AttentionTrace {
            received: Vec::new(),
            rollout: Vec::new(),
            ..trace
        };
        assert!(none.mean(1).is_empty() && none.rollout(3).is_empty());
    }
}
