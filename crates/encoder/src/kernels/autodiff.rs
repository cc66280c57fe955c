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

use super::{Kernels, Layer};

/// A layer that ran, for its way back.
#[derive(Debug, Clone)]
struct SavedForBackward<T> {
    layer: Layer<T>,
    x: T,
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
        let SavedForBackward { layer, x, kept } = ops.state;
        // Whoever ran it fused knows the way back.
        let found = B::layer_backward(&layer, &x, kept, &grad).unwrap_or_default();
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let Some(node) = parent {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: Kernels, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn layer(
        layer: &Layer<FloatTensor<Self>>,
        x: &FloatTensor<Self>,
        _keep: bool,
    ) -> Option<(FloatTensor<Self>, Option<FloatTensor<Self>>)> {
        let plain = layer.map(|weight| weight.primitive.clone());
        let (out, kept) = B::layer(&plain, &x.primitive, true)?;
        let saved = SavedForBackward {
            layer: plain,
            x: x.primitive.clone(),
            kept,
        };
        let out = match *layer.weights().as_slice() {
            [a, b] => record::<B, C, 3>([x, a, b], saved, out),
            [a, b, c, d] => record::<B, C, 5>([x, a, b, c, d], saved, out),
            [a, b, c, d, e, f] => record::<B, C, 7>([x, a, b, c, d, e, f], saved, out),
            _ => return None,
        };
        Some((out, None))
    }
}

/// Notes where an output came from.
fn record<B: Kernels, C: CheckpointStrategy, const N: usize>(
    parents: [&FloatTensor<Autodiff<B, C>>; N],
    saved: SavedForBackward<FloatTensor<B>>,
    out: FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = parents.map(|parent| parent.node.clone());
    let prepared = Backward::<B, N>::prepare::<C>(LayerBackward, nodes);
    match prepared.compute_bound().stateful() {
        OpsKind::Tracked(tracked) => tracked.finish(saved, out),
        OpsKind::UnTracked(untracked) => untracked.finish(out),
    }
}
