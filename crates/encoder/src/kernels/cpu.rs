//! The CPU's layers in one piece.

use burn::{
    backend::Flex,
    tensor::{Shape, TensorData, TensorMetadata},
};
use burn_flex::FlexTensor;
use mynascope_kernels::{
    self as kernels, Adam, Attention, AttentionGradients, FeedForward, FeedForwardGradients,
    LinearGradients, Norm, NormGradients,
};

use super::{Kernels, Layer};

/// 32-bit numbers, one behind the other; `None` for other numbers or gaps between them.
fn slice(tensor: &FlexTensor) -> Option<&[f32]> {
    tensor.as_slice::<f32>()
}

/// The same, taken out of a tensor that nobody else holds.
fn numbers(tensor: FlexTensor) -> Option<Vec<f32>> {
    tensor.into_data().into_vec().ok()
}

fn rows(values: Vec<f32>, rows: usize) -> FlexTensor {
    let columns = values.len() / rows.max(1);
    FlexTensor::from_data(TensorData::new(values, [rows, columns]))
}

/// Numbers in the shape of another tensor.
fn like(values: Vec<f32>, other: &FlexTensor) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, other.shape()))
}

fn norm_of([weight, bias]: &[FlexTensor; 2]) -> Option<Norm<'_>> {
    Some(Norm {
        weight: slice(weight)?,
        bias: slice(bias)?,
    })
}

fn attention_of<'a>(
    norm: &'a [FlexTensor; 2],
    qkv: &'a FlexTensor,
    out: &'a FlexTensor,
    tokens: usize,
) -> Option<Attention<'a>> {
    Some(Attention {
        norm: norm_of(norm)?,
        qkv: slice(qkv)?,
        out: slice(out)?,
        tokens,
    })
}

fn feed_forward_of<'a>(
    norm: &'a [FlexTensor; 2],
    [widen, widen_bias]: &'a [FlexTensor; 2],
    [narrow, narrow_bias]: &'a [FlexTensor; 2],
) -> Option<FeedForward<'a>> {
    Some(FeedForward {
        norm: norm_of(norm)?,
        widen: slice(widen)?,
        widen_bias: slice(widen_bias)?,
        narrow: slice(narrow)?,
        narrow_bias: slice(narrow_bias)?,
    })
}

impl Kernels for Flex {
    fn layer(
        layer: &Layer<FlexTensor>,
        x: &FlexTensor,
        keep: bool,
    ) -> Option<(FlexTensor, Option<FlexTensor>)> {
        let count = row_count(x);
        let x = x.to_contiguous();
        let x = slice(&x)?;
        let (out, kept) = match layer {
            Layer::Norm(norm) => (kernels::norm(x, norm_of(norm)?), Vec::new()),
            Layer::Linear { weight, bias } => {
                (kernels::linear(x, slice(weight)?, slice(bias)?), Vec::new())
            }
            Layer::Attention {
                norm,
                qkv,
                out,
                tokens,
                ..
            } => kernels::attention(x, attention_of(norm, qkv, out, *tokens)?, keep),
            Layer::FeedForward {
                norm,
                widen,
                narrow,
            } => kernels::feed_forward(x, feed_forward_of(norm, widen, narrow)?, keep),
        };
        let kept = (!kept.is_empty()).then(|| rows(kept, count));
        Some((rows(out, count), kept))
    }

    fn layer_back(
        layer: &Layer<FlexTensor>,
        x: &FlexTensor,
        kept: Option<FlexTensor>,
        slope: &FlexTensor,
    ) -> Option<Vec<FlexTensor>> {
        let shaped_like = x;
        let (x, slope) = (x.to_contiguous(), slope.to_contiguous());
        let (x, slope) = (slice(&x)?, slice(&slope)?);
        let found = match layer {
            Layer::Norm(norm) => {
                let NormGradients { x, weight, bias } =
                    kernels::norm_back(x, norm_of(norm)?, slope);
                vec![x, weight, bias]
            }
            Layer::Linear { weight, bias } => {
                let outputs = slice(bias)?.len();
                let LinearGradients { x, weight, bias } =
                    kernels::linear_back(x, slice(weight)?, outputs, slope);
                vec![x, weight, bias]
            }
            Layer::Attention {
                norm,
                qkv,
                out,
                tokens,
                ..
            } => {
                let weights = attention_of(norm, qkv, out, *tokens)?;
                let AttentionGradients {
                    x,
                    norm_weight,
                    norm_bias,
                    qkv,
                    out,
                } = kernels::attention_back(x, weights, numbers(kept?)?, slope);
                vec![x, norm_weight, norm_bias, qkv, out]
            }
            Layer::FeedForward {
                norm,
                widen,
                narrow,
            } => {
                let weights = feed_forward_of(norm, widen, narrow)?;
                let FeedForwardGradients {
                    x,
                    norm_weight,
                    norm_bias,
                    widen,
                    widen_bias,
                    narrow,
                    narrow_bias,
                } = kernels::feed_forward_back(x, weights, numbers(kept?)?, slope);
                vec![
                    x,
                    norm_weight,
                    norm_bias,
                    widen,
                    widen_bias,
                    narrow,
                    narrow_bias,
                ]
            }
        };
        let shapes = std::iter::once(shaped_like).chain(layer.weights());
        Some(
            found
                .into_iter()
                .zip(shapes)
                .map(|(values, shape)| like(values, shape))
                .collect(),
        )
    }

    fn adam(rule: &Adam, state: [&mut FlexTensor; 3], gradient: &FlexTensor) -> bool {
        let gradient = gradient.to_contiguous();
        let Some(gradient) = slice(&gradient) else {
            return false;
        };
        if state
            .iter()
            .any(|tensor| slice(tensor).map(<[f32]>::len) != Some(gradient.len()))
        {
            return false;
        }
        let [weights, first, second] = state.map(|tensor| {
            // A part of a larger storage would be counted from its beginning.
            *tensor = tensor.to_contiguous();
            tensor.storage_mut::<f32>()
        });
        rule.update(weights, gradient, first, second);
        true
    }

    fn sum_of_squares(x: &FlexTensor) -> Option<f32> {
        let x = x.to_contiguous();
        slice(&x).map(kernels::sum_of_squares)
    }
}

fn row_count(x: &FlexTensor) -> usize {
    let shape: Shape = x.shape();
    shape.iter().next().copied().unwrap_or(0)
}
