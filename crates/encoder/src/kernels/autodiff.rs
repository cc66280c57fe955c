//! Fused layers as nodes of Burn's graph.

use burn::{
    backend::{
        Autodiff,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
    },
    tensor::ops::FloatTensor,
};

use super::{Convolution, Kernels, Layer, Precision};

/// A layer that ran, for its way back.
#[derive(Debug, Clone)]
struct SavedForBackward<T> {
    layer: Layer<T>,
    x: T,
    precision: Precision,
    kept: Option<T>,
}

#[derive(Debug)]
struct LayerBackward;

impl<B: Kernels, const N: usize> Backward<B, N> for LayerBackward {
    type State = SavedForBackward<FloatTensor<B>>;

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = gradients.consume::<B>(&ops.node);
        let SavedForBackward {
            layer,
            x,
            precision,
            kept,
        } = ops.state;
        // Whoever ran it fused knows the way back.
        let found = B::layer_backward(&layer, &x, precision, kept, &grad).unwrap_or_default();
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let Some(node) = parent {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}

/// A convolution that ran, for its way back.
#[derive(Debug, Clone)]
struct SavedConvolution<T> {
    layer: Convolution<T>,
    x: T,
    windows: usize,
}

#[derive(Debug)]
struct ConvolutionBackward;

impl<B: Kernels, const N: usize> Backward<B, N> for ConvolutionBackward {
    type State = SavedConvolution<FloatTensor<B>>;

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = gradients.consume::<B>(&ops.node);
        let SavedConvolution { layer, x, windows } = ops.state;
        // Sound is no weight.
        let wants_x = ops.parents.first().is_some_and(Option::is_some);
        // Whoever ran it fused knows the way back.
        let found = B::convolve_backward(&layer, &x, windows, &grad, wants_x).unwrap_or_default();
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(node), Some(gradient)) = (parent, gradient) {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: Kernels, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn layer(
        layer: &Layer<FloatTensor<Self>>,
        x: &FloatTensor<Self>,
        precision: Precision,
        _keep: bool,
    ) -> Option<(FloatTensor<Self>, Option<FloatTensor<Self>>)> {
        let plain = layer.map(|weight| weight.primitive.clone());
        let (out, kept) = B::layer(&plain, &x.primitive, precision, true)?;
        let saved = SavedForBackward {
            layer: plain,
            x: x.primitive.clone(),
            precision,
            kept,
        };
        let out = match *layer.weights().as_slice() {
            [a, b] => record::<B, C, _, 3>(LayerBackward, [x, a, b], saved, out),
            [a, b, c, d] => record::<B, C, _, 5>(LayerBackward, [x, a, b, c, d], saved, out),
            [a, b, c, d, e, f] => {
                record::<B, C, _, 7>(LayerBackward, [x, a, b, c, d, e, f], saved, out)
            }
            _ => return None,
        };
        Some((out, None))
    }

    fn convolve(
        layers: &[Convolution<FloatTensor<Self>>],
        x: &FloatTensor<Self>,
        windows: usize,
    ) -> Option<FloatTensor<Self>> {
        let mut x = x.clone();
        for layer in layers {
            let plain = Convolution {
                precision: Precision::F32,
                ..layer.map(|weight| weight.primitive.clone())
            };
            // One by one: the way back wants what every layer read.
            let out = B::convolve(std::slice::from_ref(&plain), &x.primitive, windows)?;
            let saved = SavedConvolution {
                layer: plain,
                x: x.primitive.clone(),
                windows,
            };
            x = match *layer.weights().as_slice() {
                [a, b, c] => record::<B, C, _, 4>(ConvolutionBackward, [&x, a, b, c], saved, out),
                [a, b, c, d] => {
                    record::<B, C, _, 5>(ConvolutionBackward, [&x, a, b, c, d], saved, out)
                }
                _ => return None,
            };
        }
        Some(x)
    }
}

/// Notes where an output came from.
fn record<B: Kernels, C: CheckpointStrategy, W: Backward<B, N>, const N: usize>(
    way_back: W,
    parents: [&FloatTensor<Autodiff<B, C>>; N],
    saved: W::State,
    out: FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = parents.map(|parent| parent.node.clone());
    let prepared = way_back.prepare::<C>(nodes);
    match prepared.compute_bound().stateful() {
        OpsKind::Tracked(tracked) => tracked.finish(saved, out),
        OpsKind::UnTracked(untracked) => untracked.finish(out),
    }
}
