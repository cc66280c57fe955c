//! The CPU's fused layers.

use burn::{
    backend::Flex,
    tensor::{Shape, TensorData, TensorMetadata},
};
use burn_flex::FlexTensor;
use mynascope_kernels::{
    self as kernels, Adam, Attention, AttentionGradients, ConvolutionGradients, FeedForward,
    FeedForwardGradients, LinearGradients, Norm, NormGradients,
};

use super::{Activation, Convolution, Kernels, Layer, Norm as LayerNorm, Precision};

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

fn norm_of(norm: &LayerNorm<FlexTensor>) -> Option<Norm<'_>> {
    Some(Norm {
        weight: slice(&norm.weight)?,
        bias: slice(&norm.bias)?,
        epsilon: norm.epsilon as f32,
    })
}

/// A bias that may be missing; `None` where there is one that is no slice.
fn bias_of(bias: Option<&FlexTensor>) -> Option<Option<&[f32]>> {
    bias.map_or(Some(None), |bias| slice(bias).map(Some))
}

fn attention_of(layer: &Layer<FlexTensor>, precision: kernels::Precision) -> Option<Attention<'_>> {
    let Layer::Attention {
        norm,
        order,
        qkv,
        qkv_bias,
        out,
        out_bias,
        tokens,
        queries,
        heads,
    } = layer
    else {
        return None;
    };
    Some(Attention {
        norm: norm_of(norm)?,
        order: *order,
        qkv: slice(qkv)?,
        qkv_bias: bias_of(qkv_bias.as_ref())?,
        out: slice(out)?,
        out_bias: bias_of(out_bias.as_ref())?,
        tokens: *tokens,
        queries: *queries,
        heads: *heads,
        precision,
    })
}

fn feed_forward_of(
    layer: &Layer<FlexTensor>,
    precision: kernels::Precision,
) -> Option<FeedForward<'_>> {
    let Layer::FeedForward {
        norm,
        order,
        widen: [widen, widen_bias],
        narrow: [narrow, narrow_bias],
    } = layer
    else {
        return None;
    };
    Some(FeedForward {
        norm: norm_of(norm)?,
        order: *order,
        widen: slice(widen)?,
        widen_bias: slice(widen_bias)?,
        narrow: slice(narrow)?,
        narrow_bias: slice(narrow_bias)?,
        precision,
    })
}

fn convolution_of(layer: &Convolution<FlexTensor>) -> Option<kernels::Convolution<'_>> {
    let Convolution {
        weight,
        bias,
        norm,
        kernel,
        stride,
        padding,
        groups,
        precision,
    } = layer;
    Some(kernels::Convolution {
        weight: slice(weight)?,
        bias: bias_of(bias.as_ref())?,
        norm: norm_of(norm)?,
        kernel: *kernel,
        stride: *stride,
        padding: *padding,
        groups: *groups,
        precision: precision.of_kernels()?,
    })
}

impl Kernels for Flex {
    fn layer(
        layer: &Layer<FlexTensor>,
        x: &FlexTensor,
        precision: Precision,
        keep: bool,
    ) -> Option<(FlexTensor, Option<FlexTensor>)> {
        let precision = precision.of_kernels()?;
        let count = row_count(x);
        let x = x.to_contiguous();
        let x = slice(&x)?;
        let (out, kept) = match layer {
            Layer::Norm(norm) => (kernels::norm(x, norm_of(norm)?), Vec::new()),
            Layer::Linear {
                weight,
                bias,
                activation,
            } => {
                let (weight, bias) = (slice(weight)?, slice(bias)?);
                match activation {
                    Activation::None => (kernels::linear(x, weight, bias, precision), Vec::new()),
                    Activation::Gelu => kernels::linear_gelu(x, weight, bias, precision, keep),
                }
            }
            Layer::Attention { .. } => {
                let weights = attention_of(layer, precision)?;
                // What has no way back is decomposed where one is wanted, or where not all tokens come out.
                let fewer = weights.queries < weights.tokens;
                if (keep || fewer) && !weights.has_backward() {
                    return None;
                }
                kernels::attention(x, weights, keep)
            }
            Layer::FeedForward { .. } => {
                let weights = feed_forward_of(layer, precision)?;
                if keep && !weights.has_backward() {
                    return None;
                }
                kernels::feed_forward(x, weights, keep)
            }
        };
        let kept = (!kept.is_empty()).then(|| rows(kept, count));
        let count = match layer {
            Layer::Attention {
                tokens, queries, ..
            } => count / tokens.max(&1) * queries,
            _ => count,
        };
        Some((rows(out, count), kept))
    }

    fn layer_backward(
        layer: &Layer<FlexTensor>,
        x: &FlexTensor,
        precision: Precision,
        kept: Option<FlexTensor>,
        grad: &FlexTensor,
    ) -> Option<Vec<FlexTensor>> {
        let precision = precision.of_kernels()?;
        let shaped_like = x;
        let (x, grad) = (x.to_contiguous(), grad.to_contiguous());
        let (x, grad) = (slice(&x)?, slice(&grad)?);
        let found = match layer {
            Layer::Norm(norm) => {
                let NormGradients { x, weight, bias } =
                    kernels::norm_backward(x, norm_of(norm)?, grad);
                vec![x, weight, bias]
            }
            Layer::Linear {
                weight,
                bias,
                activation,
            } => {
                let (weight, outputs) = (slice(weight)?, slice(bias)?.len());
                let LinearGradients { x, weight, bias } = match activation {
                    Activation::None => {
                        kernels::linear_backward(x, weight, outputs, precision, grad)
                    }
                    Activation::Gelu => {
                        let before = numbers(kept?)?;
                        kernels::linear_gelu_backward(x, weight, outputs, precision, &before, grad)
                    }
                };
                vec![x, weight, bias]
            }
            Layer::Attention { .. } => {
                let weights = attention_of(layer, precision)?;
                let AttentionGradients {
                    x,
                    norm_weight,
                    norm_bias,
                    qkv,
                    qkv_bias,
                    out,
                    out_bias,
                } = kernels::attention_backward(x, weights, numbers(kept?)?, grad);
                let mut all = vec![x, norm_weight, norm_bias, qkv];
                all.extend(weights.qkv_bias.is_some().then_some(qkv_bias));
                all.push(out);
                all.extend(weights.out_bias.is_some().then_some(out_bias));
                all
            }
            Layer::FeedForward { .. } => {
                let weights = feed_forward_of(layer, precision)?;
                let FeedForwardGradients {
                    x,
                    norm_weight,
                    norm_bias,
                    widen,
                    widen_bias,
                    narrow,
                    narrow_bias,
                } = kernels::feed_forward_backward(x, weights, numbers(kept?)?, grad);
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

    fn convolve(
        layers: &[Convolution<FlexTensor>],
        x: &FlexTensor,
        windows: usize,
    ) -> Option<FlexTensor> {
        let x = x.to_contiguous();
        let layers = layers.iter().map(convolution_of);
        let layers: Vec<kernels::Convolution<'_>> = layers.collect::<Option<_>>()?;
        let outputs = layers.last()?.norm.dim();
        let out = kernels::convolve(slice(&x)?, windows, &layers);
        let count = out.len() / outputs;
        Some(rows(out, count))
    }

    fn convolve_backward(
        layer: &Convolution<FlexTensor>,
        x: &FlexTensor,
        windows: usize,
        grad: &FlexTensor,
        wants_x: bool,
    ) -> Option<Vec<Option<FlexTensor>>> {
        let shaped_like = x;
        let (x, grad) = (x.to_contiguous(), grad.to_contiguous());
        let weights = convolution_of(layer)?;
        let (x, grad) = (slice(&x)?, slice(&grad)?);
        let ConvolutionGradients {
            x,
            weight,
            bias,
            norm_weight,
            norm_bias,
        } = kernels::convolution_backward(x, windows, &weights, grad, wants_x);
        let mut all = vec![x.map(|x| like(x, shaped_like))];
        all.push(Some(like(weight, &layer.weight)));
        let of_bias = layer.bias.as_ref().map(|shape| Some(like(bias, shape)));
        all.extend(of_bias);
        all.push(Some(like(norm_weight, &layer.norm.weight)));
        all.push(Some(like(norm_bias, &layer.norm.bias)));
        Some(all)
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
