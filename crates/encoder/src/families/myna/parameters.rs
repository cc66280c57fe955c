//! The names and shapes of all weights: one list that initialisation, checkpoints and optimiser share. The names are
//! those of the published checkpoints, so that our files and theirs are the same format.

use super::{HEAD_DIM, MynaConfig, PATCH_DIM, Patching};

/// What a parameter is, as far as its first value and its storage are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterRole {
    /// Weight of a linear layer, [out, in] in files.
    Matrix,
    /// Bias of a linear layer with `fan_in` inputs.
    Bias {
        /// Inputs of the layer.
        fan_in: usize,
    },
    /// Factor of a LayerNorm.
    NormWeight,
    /// Shift of a LayerNorm.
    NormBias,
    /// A learned token, drawn from the standard normal distribution.
    Token,
}

/// Name, shape and role of one weight tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterSpec {
    /// The published name, `transformer.layers.0.0.to_qkv.weight`.
    pub name: String,
    /// [out, in] of a matrix, `[values]` otherwise.
    pub shape: Vec<usize>,
    /// What it is.
    pub role: ParameterRole,
}

impl ParameterSpec {
    /// How many numbers it holds.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it holds no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

struct Layout(Vec<ParameterSpec>);

impl Layout {
    fn push(&mut self, name: String, shape: Vec<usize>, role: ParameterRole) {
        self.0.push(ParameterSpec { name, shape, role });
    }

    fn norm(&mut self, name: &str, dim: usize) {
        self.push(
            format!("{name}.weight"),
            vec![dim],
            ParameterRole::NormWeight,
        );
        self.push(format!("{name}.bias"), vec![dim], ParameterRole::NormBias);
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize, bias: bool) {
        self.push(
            format!("{name}.weight"),
            vec![outputs, inputs],
            ParameterRole::Matrix,
        );
        if bias {
            self.push(
                format!("{name}.bias"),
                vec![outputs],
                ParameterRole::Bias { fan_in: inputs },
            );
        }
    }

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
    let mut layout = Layout(Vec::new());
    let dim = config.dim;
    for embedder in embedder_names(config.kind) {
        layout.norm(&format!("{embedder}.1"), PATCH_DIM);
        layout.linear(&format!("{embedder}.2"), PATCH_DIM, dim, true);
        layout.norm(&format!("{embedder}.3"), dim);
    }
    layout.transformer("transformer", config, config.depth);
    layout.0
}

/// What training hangs behind an encoder. Embedding leaves it out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrainingHead {
    /// Nothing.
    #[default]
    None,
    /// Linear and ReLU layers of these widths on the vector of each patch shape.
    Projection(Vec<usize>),
    /// The same on the whole embedding: a supervised head.
    Classifier(Vec<usize>),
    /// The decoder of a masked autoencoder with so many layers.
    Decoder(usize),
}

impl TrainingHead {
    /// The weights of the tail of an encoder.
    pub fn layout(&self, config: &MynaConfig) -> Vec<ParameterSpec> {
        match self {
            Self::None => Vec::new(),
            Self::Projection(widths) => head_parameters(config.dim, widths),
            Self::Classifier(widths) => head_parameters(config.embedding_dim(), widths),
            Self::Decoder(layers) => decoder_parameters(config, *layers),
        }
    }

    /// How many inputs each linear layer of the head has.
    pub fn head_inputs(&self, config: &MynaConfig) -> Vec<usize> {
        let (first, widths) = match self {
            Self::None | Self::Decoder(_) => return Vec::new(),
            Self::Projection(widths) => (config.dim, widths),
            Self::Classifier(widths) => (config.embedding_dim(), widths),
        };
        let mut inputs = vec![first];
        inputs.extend(widths);
        inputs.pop();
        inputs
    }
}

/// The weights of a masked autoencoder's decoder, under the published names.
fn decoder_parameters(config: &MynaConfig, layers: usize) -> Vec<ParameterSpec> {
    let mut layout = Layout(Vec::new());
    layout.push(
        "mask_token".into(),
        vec![1, 1, config.dim],
        ParameterRole::Token,
    );
    layout.transformer("decoder", config, layers);
    layout.norm("decoder_norm", config.dim);
    layout.linear("decoder_head", config.dim, PATCH_DIM, true);
    layout.0
}

/// The weights of a projection head of Linear and ReLU layers: `linear_head.0`, `linear_head.2`, ... (ReLUs take the
/// odd numbers).
pub fn head_parameters(dim: usize, widths: &[usize]) -> Vec<ParameterSpec> {
    let mut layout = Layout(Vec::new());
    let mut inputs = dim;
    for (layer, &outputs) in widths.iter().enumerate() {
        layout.linear(&format!("linear_head.{}", 2 * layer), inputs, outputs, true);
        inputs = outputs;
    }
    layout.0
}
