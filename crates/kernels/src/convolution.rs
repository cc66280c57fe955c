//! Convolutions over time, each with a LayerNorm over its channels and the exact GELU behind it.
//!
//! Sound lies frame by frame, [length, channels]. What a kernel of k taps reads at a frame is then one piece of k * channels
//! numbers, and pieces of neighbouring frames overlap: they are the rows of a matrix whose rows begin `stride` frames apart
//! (im2col without its copy), which is multiplied with the weight.
//!
//! Several layers without groups and padding run tile by tile: a tile of frames goes through all of them in a core's cache,
//! and what two tiles both need is computed twice, a few percent. The outputs of the first layers, 200 MB and more for half a
//! minute of sound, so never lie in memory as a whole. In a grouped layer every group has its own columns, which are laid out
//! one behind the other first.

// Frames, groups and tiles are counted out from sizes that are checked where they come in.
#![allow(clippy::indexing_slicing)]

mod backward;

use macerator::Simd;
use rayon::prelude::*;

pub use backward::{ConvolutionGradients, convolution_backward};

use crate::{
    Norm,
    factor::Factor,
    linear::fill,
    narrow::Precision,
    norm::moments,
    panels::{Panels, tile_rows},
    product::{Into, Matrix},
    scratch::{give_back, take_buffer},
    simd::gelu,
};

/// Most frames of the first layer of a tile: with 512 channels they stay in the second cache.
const TILE_FRAMES: usize = 400;
/// How many times shorter the last layer of a tile may be than its first: with more, too few rows are left for a product.
const MOST_SHORTER: usize = 8;

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct Convolution<'a> {
    /// [kernel * inputs / groups, outputs]: tap by tap, the channels of a group in their order.
    pub weight: &'a [f32],
    /// `[outputs]`.
    pub bias: Option<&'a [f32]>,
    /// Of all outputs of a frame.
    pub norm: Norm<'a>,
    /// Frames that an output reads.
    pub kernel: usize,
    /// Frames from one output to the next.
    pub stride: usize,
    /// Frames of silence in front and behind.
    pub padding: usize,
    /// Parts of the channels that don't see each other.
    pub groups: usize,
    /// What the products are of.
    pub precision: Precision,
}

impl Convolution<'_> {
    fn outputs(&self) -> usize {
        self.norm.dim()
    }

    /// Channels of its input.
    pub fn inputs(&self) -> usize {
        self.weight.len() / self.outputs() / self.kernel.max(1) * self.groups
    }

    /// Frames that it gives for so many.
    pub fn frames(&self, length: usize) -> usize {
        let beyond = (length + 2 * self.padding).checked_sub(self.kernel);
        beyond.map_or(0, |beyond| beyond / self.stride.max(1) + 1)
    }

    /// Frames that it reads for so many.
    fn reads(&self, frames: usize) -> usize {
        match frames.checked_sub(1) {
            Some(steps) => steps * self.stride + self.kernel,
            None => 0,
        }
    }

    fn is_plain(&self) -> bool {
        self.groups == 1 && self.padding == 0
    }

    /// Puts the bias where a product is wanted, and says how to write the product then.
    fn start(&self, out: &mut [f32]) -> Into {
        match self.bias {
            Some(bias) => {
                fill(out, bias);
                Into::Add
            }
            None => Into::Replace,
        }
    }

    /// What follows the product.
    fn finish(&self, out: &mut [f32]) {
        let Norm {
            weight,
            bias,
            epsilon,
        } = self.norm;
        norm_and_activate(weight, bias, epsilon, out);
    }
}

#[macerator::with_simd]
fn norm_and_activate<S: Simd>(weight: &[f32], bias: &[f32], epsilon: f32, rows: &mut [f32]) {
    for row in rows.chunks_exact_mut(weight.len().max(1)) {
        let (mean, scale) = moments(row, epsilon);
        for (value, (weight, bias)) in row.iter_mut().zip(weight.iter().zip(bias)) {
            *value = gelu(((*value - mean) * scale).mul_add(*weight, *bias));
        }
    }
}

/// Runs windows [windows, length, inputs] through layers one behind the other: [windows, frames, outputs].
pub fn convolve(x: &[f32], windows: usize, layers: &[Convolution<'_>]) -> Vec<f32> {
    let mut rest = layers;
    let mut done: Option<Vec<f32>> = None;
    while let Some(first) = rest.first() {
        let x = done.as_deref().unwrap_or(x);
        let count = stage(rest);
        let (now, later) = rest.split_at(count);
        let out = match first.is_plain() {
            true => tiled(x, windows, now),
            false => grouped(x, windows, first),
        };
        done = Some(out);
        rest = later;
    }
    done.unwrap_or_else(|| x.to_vec())
}

/// How many of the layers run in the same tiles.
fn stage(layers: &[Convolution<'_>]) -> usize {
    let mut shorter = 1;
    let fits = |layer: &&Convolution<'_>| {
        shorter *= layer.stride.max(1);
        layer.is_plain() && shorter <= MOST_SHORTER
    };
    match layers.first() {
        Some(first) if first.is_plain() => 1 + layers.iter().skip(1).take_while(fits).count(),
        _ => 1,
    }
}

/// Layers without groups and padding, tile by tile.
fn tiled(x: &[f32], windows: usize, layers: &[Convolution<'_>]) -> Vec<f32> {
    let (Some(first), Some(last)) = (layers.first(), layers.last()) else {
        return Vec::new();
    };
    let windows = windows.max(1);
    let (inputs, outputs) = (first.inputs().max(1), last.outputs());
    let length = x.len() / windows / inputs;
    let frames = layers
        .iter()
        .fold(length, |length, layer| layer.frames(length));
    if frames == 0 {
        return Vec::new();
    }
    let shorter: usize = layers.iter().skip(1).map(|layer| layer.stride).product();
    let threads = rayon::current_num_threads().div_ceil(windows);
    let most = (TILE_FRAMES / shorter.max(1)).max(1);
    // As many tiles for every thread.
    let tiles = frames.div_ceil(most).next_multiple_of(threads.max(1));
    let tile = frames.div_ceil(tiles);
    let stride: usize = layers.iter().map(|layer| layer.stride).product();
    // Frames of every layer's output in a tile of so many of the last.
    let counts = |frames: usize| {
        let mut counts = vec![frames; layers.len()];
        for at in (1..layers.len()).rev() {
            counts[at - 1] = layers[at].reads(counts[at]);
        }
        counts
    };
    let room = counts(tile).into_iter().zip(layers);
    let room = room.map(|(count, layer)| count * layer.outputs()).max();
    let room = room.unwrap_or(0);
    let panels: Vec<Panels> = layers
        .iter()
        .map(|layer| Panels::new(layer.weight, layer.outputs(), layer.precision))
        .collect();
    let mut out = vec![0.0; windows * frames * outputs];
    out.par_chunks_mut(frames * outputs)
        .zip(x.par_chunks_exact(length * inputs))
        .flat_map(|(out, x)| {
            let tiles = out.par_chunks_mut(tile * outputs).enumerate();
            tiles.map(move |(index, out)| (index * tile * stride * inputs, x, out))
        })
        .for_each_init(
            || [vec![0.0; room], vec![0.0; room]],
            |[a, b], (start, x, out)| {
                let counts = counts(out.len() / outputs);
                // What a layer reads, and where it writes.
                let (mut from, mut to) = (a, b);
                for (at, (layer, panels)) in layers.iter().zip(&panels).enumerate() {
                    let x = match at {
                        0 => &x[start..],
                        _ => from.as_slice(),
                    };
                    let rows = match at + 1 == layers.len() {
                        true => &mut *out,
                        false => &mut to[..counts[at] * layer.outputs()],
                    };
                    let stride = layer.stride * layer.inputs();
                    let into = layer.start(rows);
                    panels.multiply_strided(x, (counts[at], stride), rows, into);
                    layer.finish(rows);
                    std::mem::swap(&mut from, &mut to);
                }
            },
        );
    out
}

/// A layer with groups or padding.
fn grouped(x: &[f32], windows: usize, layer: &Convolution<'_>) -> Vec<f32> {
    let (windows, groups) = (windows.max(1), layer.groups.max(1));
    let (inputs, outputs) = (layer.inputs().max(1), layer.outputs());
    let (narrow, wide) = (inputs / groups, outputs / groups);
    let length = x.len() / windows / inputs;
    let frames = layer.frames(length);
    if frames == 0 {
        return Vec::new();
    }
    // [windows, groups, padding + length + padding, inputs / groups].
    let padded = (length + 2 * layer.padding) * narrow;
    let mut laid = take_buffer(windows * groups * padded);
    laid.par_chunks_mut(padded)
        .enumerate()
        .for_each(|(index, laid)| {
            let (window, group) = (index / groups, index % groups);
            let (before, rest) = laid.split_at_mut(layer.padding * narrow);
            let (inside, behind) = rest.split_at_mut(length * narrow);
            before.fill(0.0);
            behind.fill(0.0);
            let rows = x[window * length * inputs..].chunks_exact(inputs);
            for (to, from) in inside.chunks_exact_mut(narrow).zip(rows) {
                to.copy_from_slice(&from[group * narrow..][..narrow]);
            }
        });
    // [groups, kernel * inputs / groups, outputs / groups].
    let depth = layer.kernel * narrow;
    let mut weight = take_buffer(layer.weight.len());
    weight
        .par_chunks_mut(depth * wide)
        .enumerate()
        .for_each(|(group, weight)| {
            let rows = layer.weight.chunks_exact(outputs);
            for (to, from) in weight.chunks_exact_mut(wide).zip(rows) {
                to.copy_from_slice(&from[group * wide..][..wide]);
            }
        });
    let factors: Vec<Factor<'_>> = weight
        .chunks_exact(depth * wide)
        .map(|weight| Factor::new(Matrix::new(weight, wide), layer.precision))
        .collect();
    let tile = tile_rows(frames, windows, layer.precision);
    let mut out = vec![0.0; windows * frames * outputs];
    out.par_chunks_mut(frames * outputs)
        .zip(laid.par_chunks(groups * padded))
        .flat_map(|(out, laid)| {
            let tiles = out.par_chunks_mut(tile * outputs).enumerate();
            tiles.map(move |(index, out)| (index * tile, laid, out))
        })
        .for_each(|(first, laid, out)| {
            let rows = out.len() / outputs;
            let into = layer.start(out);
            let parts = laid.chunks_exact(padded);
            for (group, (x, factor)) in parts.zip(&factors).enumerate() {
                let x = &x[first * layer.stride * narrow..];
                let x = Matrix::strided(x, rows, depth, layer.stride * narrow);
                let out = &mut out[group * wide..];
                factor.multiply_strided(x, out, outputs, into);
            }
            layer.finish(out);
        });
    drop(factors);
    give_back([laid, weight]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        let value = |n: usize| ((n * 7919 + seed * 104_729 + n / 13) % 1009) as f32 / 504.5 - 1.0;
        (0..count).map(value).collect()
    }

    struct Sizes {
        inputs: usize,
        outputs: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
        groups: usize,
        bias: bool,
    }

    struct Weights {
        weight: Vec<f32>,
        bias: Vec<f32>,
        factor: Vec<f32>,
        shift: Vec<f32>,
    }

    impl Sizes {
        fn weights(&self, seed: usize) -> Weights {
            let count = self.kernel * self.inputs / self.groups * self.outputs;
            Weights {
                weight: numbers(count, seed),
                bias: numbers(self.outputs, seed + 1),
                factor: numbers(self.outputs, seed + 2),
                shift: numbers(self.outputs, seed + 3),
            }
        }

        fn layer<'a>(&self, weights: &'a Weights) -> Convolution<'a> {
            Convolution {
                weight: &weights.weight,
                bias: self.bias.then_some(&weights.bias),
                norm: Norm {
                    weight: &weights.factor,
                    bias: &weights.shift,
                    epsilon: 1e-5,
                },
                kernel: self.kernel,
                stride: self.stride,
                padding: self.padding,
                groups: self.groups,
                precision: Precision::F32,
            }
        }

        /// By its definition, in 64 bits, of one window.
        fn plain(&self, x: &[f64], weights: &Weights) -> Vec<f64> {
            let length = x.len() / self.inputs;
            let frames = (length + 2 * self.padding - self.kernel) / self.stride + 1;
            let (narrow, wide) = (self.inputs / self.groups, self.outputs / self.groups);
            let mut all = Vec::new();
            for frame in 0..frames {
                let value = |output: usize| {
                    let mut sum = match self.bias {
                        true => f64::from(weights.bias[output]),
                        false => 0.0,
                    };
                    for tap in 0..self.kernel {
                        let Some(at) = (frame * self.stride + tap).checked_sub(self.padding) else {
                            continue;
                        };
                        for channel in 0..narrow {
                            let weight =
                                weights.weight[(tap * narrow + channel) * self.outputs + output];
                            let from = at * self.inputs + output / wide * narrow + channel;
                            sum += f64::from(weight) * x.get(from).copied().unwrap_or(0.0);
                        }
                    }
                    sum
                };
                let row: Vec<f64> = (0..self.outputs).map(value).collect();
                let mean = row.iter().sum::<f64>() / row.len() as f64;
                let squares = row.iter().map(|value| (value - mean).powi(2));
                let variance = squares.sum::<f64>() / row.len() as f64;
                for (output, value) in row.iter().enumerate() {
                    let normed = (value - mean) / (variance + 1e-5).sqrt();
                    let (factor, shift) = (weights.factor[output], weights.shift[output]);
                    let x = normed * f64::from(factor) + f64::from(shift);
                    let erf = f64::from(crate::simd::erf((x / 2_f64.sqrt()) as f32));
                    all.push(0.5 * x * (1.0 + erf));
                }
            }
            all
        }
    }

    fn check(sizes: &[Sizes], windows: usize, length: usize) {
        let weights: Vec<Weights> = sizes
            .iter()
            .enumerate()
            .map(|(at, sizes)| sizes.weights(10 * at))
            .collect();
        let layers: Vec<Convolution<'_>> = sizes
            .iter()
            .zip(&weights)
            .map(|(sizes, weights)| sizes.layer(weights))
            .collect();
        let x = numbers(windows * length * sizes[0].inputs, 99);
        let found = convolve(&x, windows, &layers);
        let mut expected = Vec::new();
        for x in x.chunks_exact(length * sizes[0].inputs) {
            let mut x: Vec<f64> = x.iter().map(|&value| value.into()).collect();
            for (sizes, weights) in sizes.iter().zip(&weights) {
                x = sizes.plain(&x, weights);
            }
            expected.extend(x);
        }
        assert_eq!(found.len(), expected.len());
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let error = (f64::from(*found) - expected).abs();
            assert!(error < 2e-5, "{at}: {found} for {expected}");
        }
    }

    fn plain(inputs: usize, outputs: usize, kernel: usize, stride: usize, bias: bool) -> Sizes {
        Sizes {
            inputs,
            outputs,
            kernel,
            stride,
            padding: 0,
            groups: 1,
            bias,
        }
    }

    /// More frames than one tile, a length that leaves a rest at every layer, several windows.
    #[test]
    fn layers_in_tiles_are_those_of_the_definition() {
        let layers = || {
            vec![
                plain(1, 24, 10, 5, false),
                plain(24, 24, 3, 2, true),
                plain(24, 20, 3, 2, false),
                plain(20, 24, 3, 2, false),
                plain(24, 24, 3, 2, false),
                plain(24, 24, 2, 2, false),
                plain(24, 24, 2, 2, false),
            ]
        };
        check(&layers(), 1, 400);
        check(&layers(), 2, 9999);
        check(&layers(), 1, 30_011);
        check(&[plain(3, 5, 4, 1, true)], 3, 900);
    }

    #[test]
    fn grouped_and_padded_layers_are_those_of_the_definition() {
        let sizes = |kernel: usize, groups: usize, stride: usize| Sizes {
            inputs: 24,
            outputs: 24,
            kernel,
            stride,
            padding: kernel / 2,
            groups,
            bias: true,
        };
        check(&[sizes(19, 4, 1), sizes(19, 4, 1)], 2, 49);
        check(&[sizes(5, 1, 1), sizes(5, 24, 2)], 1, 500);
        check(&[sizes(19, 4, 1)], 1, 1);
    }

    /// Gradients of the sum of outputs with weights of their own, against differences of the definition in 64 bits.
    fn check_backward(sizes: &Sizes, windows: usize, length: usize) {
        let weights = sizes.weights(3);
        let layer = sizes.layer(&weights);
        let x = numbers(windows * length * sizes.inputs, 99);
        let grad = numbers(windows * layer.frames(length) * sizes.outputs, 7);
        let found = convolution_backward(&x, windows, &layer, &grad, true);
        let value = |x: &[f64], weights: &Weights| -> f64 {
            let windows = x.chunks_exact(length * sizes.inputs);
            let out = windows.flat_map(|x| sizes.plain(x, weights));
            out.zip(&grad)
                .map(|(out, grad)| out * f64::from(*grad))
                .sum()
        };
        let plain: Vec<f64> = x.iter().map(|&value| value.into()).collect();
        let close = |found: f32, slope: f64, what: &str, at: usize| {
            let error = (f64::from(found) - slope).abs();
            assert!(
                error < 2e-3 * slope.abs().max(1.0),
                "{what} {at}: {found} for {slope}"
            );
        };
        const STEP: f64 = 1e-3;
        let of_x = found.x.as_ref().unwrap();
        for at in (0..x.len()).step_by(x.len() / 40 + 1) {
            let moved = |by: f64| {
                let mut x = plain.clone();
                x[at] += by;
                value(&x, &weights)
            };
            close(
                of_x[at],
                (moved(STEP) - moved(-STEP)) / (2.0 * STEP),
                "x",
                at,
            );
        }
        type Part = fn(&mut Weights) -> &mut Vec<f32>;
        let parts: [(&str, Part, &[f32]); 4] = [
            ("weight", |w| &mut w.weight, &found.weight),
            ("bias", |w| &mut w.bias, &found.bias),
            ("factor", |w| &mut w.factor, &found.norm_weight),
            ("shift", |w| &mut w.shift, &found.norm_bias),
        ];
        for (what, part, found) in parts {
            if what == "bias" && !sizes.bias {
                continue;
            }
            for at in (0..found.len()).step_by(found.len() / 25 + 1) {
                let mut moved = sizes.weights(3);
                let old = part(&mut moved)[at];
                // As far as 32 bits really move it.
                let (up, down) = (old + STEP as f32, old - STEP as f32);
                part(&mut moved)[at] = up;
                let higher = value(&plain, &moved);
                part(&mut moved)[at] = down;
                let lower = value(&plain, &moved);
                close(found[at], (higher - lower) / f64::from(up - down), what, at);
            }
        }
        let without = convolution_backward(&x, windows, &layer, &grad, false);
        assert!(without.x.is_none() && without.weight == found.weight);
    }

    #[test]
    fn gradients_are_those_of_the_definition() {
        check_backward(&plain(1, 8, 10, 5, false), 2, 1100);
        check_backward(&plain(6, 5, 3, 2, true), 3, 61);
        let grouped = |kernel: usize, groups: usize, stride: usize| Sizes {
            inputs: 12,
            outputs: 12,
            kernel,
            stride,
            padding: kernel / 2,
            groups,
            bias: true,
        };
        check_backward(&grouped(7, 4, 1), 2, 210);
        check_backward(&grouped(5, 1, 2), 1, 30);
        let layer = plain(1, 8, 10, 5, false);
        let weights = layer.weights(0);
        let none = convolution_backward(&[0.5; 9], 1, &layer.layer(&weights), &[], true);
        assert_eq!(none.x.unwrap(), [0.0; 9]);
        assert!(none.weight.iter().all(|value| *value == 0.0));
    }

    #[test]
    fn a_sound_that_is_shorter_than_a_kernel_has_no_frames() {
        let sizes = plain(1, 8, 10, 5, false);
        let weights = sizes.weights(0);
        assert_eq!(
            convolve(&[0.5; 9], 1, &[sizes.layer(&weights)]),
            [] as [f32; 0]
        );
        assert_eq!(sizes.layer(&weights).frames(9), 0);
    }
}
