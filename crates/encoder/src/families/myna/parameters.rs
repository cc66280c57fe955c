//! The names and shapes of Myna's weights, as its authors' checkpoints have them.

use super::{HEAD_DIM, MynaConfig, PATCH_DIM, Patching};
use crate::parameters::{Layout, ParameterRole, ParameterSpec};

impl Layout {
    fn transformer(&mut self, start: &str, config: &MynaConfig, layers: usize) {
        let (dim, inner) = (config.dim, config.heads * HEAD_DIM);
        for layer in 0..layers {
            let name = |rest: &str| format!("{start}.layers.{layer}.{rest}");
            self.norm(&name("0.norm"), dim);
            self.linear(&name("0.to_qkv"), dim, 3 * inner, false);
            self.linear(&name("0.to_out"), inner, dim, false);
            self.norm(&name("1.net.0"), dim);
            self.linear(&name("1.net.1"), dim, config.mlp_dim, true);
            self.linear(&name("1.net.3"), config.mlp_dim, dim, true);
        }
        self.norm(&format!("{start}.norm"), dim);
    }
}

/// Names of the patch embedders, in the order of [`Patching::shapes`]. A vertical encoder alone uses the same names
/// as a square one; only a hybrid has both.
pub fn embedder_names(kind: Patching) -> &'static [&'static str] {
    match kind {
        Patching::Square | Patching::Vertical => &["to_patch_embedding"],
        Patching::Hybrid => &["to_patch_embedding", "to_patch_embedding_b"],
    }
}

/// All weights of an encoder, in the order in which the forward pass takes them.
pub fn encoder_parameters(config: &MynaConfig) -> Vec<ParameterSpec> {
    let mut layout = Layout::default();
    let dim = config.dim;
    for embedder in embedder_names(config.kind) {
        layout.norm(&format!("{embedder}.1"), PATCH_DIM);
        layout.linear(&format!("{embedder}.2"), PATCH_DIM, dim, true);
        layout.norm(&format!("{embedder}.3"), dim);
    }
    layout.transformer("transformer", config, config.depth);
    layout.0
}

/// The weights of a masked autoencoder's decoder, under the published names.
pub fn decoder_parameters(config: &MynaConfig, layers: usize) -> Vec<ParameterSpec> {
    let mut layout = Layout::default();
    layout.push("mask_token", &[1, 1, config.dim], ParameterRole::Token);
    layout.transformer("decoder", config, layers);
    layout.norm("decoder_norm", config.dim);
    layout.linear("decoder_head", config.dim, PATCH_DIM, true);
    layout.0
}
