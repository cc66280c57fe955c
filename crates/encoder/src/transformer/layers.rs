//! The same pass once more, with what every block gives.

use burn::tensor::Tensor;

use super::{Encoder, HostTokens, Kernels, numbers};

/// The mean over the tokens of each window, before the first block, after each block, and after the last norm (the
/// embedding): [windows, (depth + 2) * parts * dim] row-major, layer by layer.
pub fn embed_layers<B: Kernels>(
    encoder: &Encoder<B>,
    batches: Vec<HostTokens>,
    device: &B::Device,
) -> Result<Vec<f32>, String> {
    let mut by_layer: Vec<Vec<Tensor<B, 2>>> = vec![Vec::new(); encoder.layers.len() + 2];
    for (batch, embedder) in batches.into_iter().zip(&encoder.embedders) {
        let batch = batch.upload::<B>(encoder.dim, device);
        let (windows, tokens) = (batch.windows, batch.tokens);
        let pool = |x: &Tensor<B, 2>| {
            let [_, dim] = x.dims();
            let x = x.clone().reshape([windows, tokens, dim]);
            x.mean_dim(1).reshape([windows, dim])
        };
        let mut x = embedder.forward(batch.patches, encoder.arithmetic) + batch.positions;
        let mut places = by_layer.iter_mut();
        if let Some(place) = places.next() {
            place.push(pool(&x));
        }
        for (layer, place) in encoder.layers.iter().zip(places.by_ref()) {
            x = layer.forward(x, tokens, encoder.heads, encoder.arithmetic);
            place.push(pool(&x));
        }
        if let Some(place) = places.next() {
            place.push(pool(&encoder.norm.forward(x)));
        }
    }
    numbers(Tensor::cat(by_layer.concat(), 1))
}
