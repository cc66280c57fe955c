//! The names and shapes of all weights of an encoder, and of what training hangs behind it: one list that initialisation,
//! checkpoints and optimiser share. The names are those of the published checkpoints, so that our files and theirs are
//! the same format.

use super::{
    EncoderConfig,
    families::{maest, myna::parameters::decoder_parameters},
};

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
    /// A class token that is added to something: drawn with a deviation of 0.02 (ViT).
    ClassToken,
    /// Learned positions, [1, rows, columns] in files, drawn as class tokens are.
    Table,
    /// Weight of a convolution over time, [out, in, kernel] in files.
    Convolution,
    /// What stands where a token is hidden from the student of data2vec: drawn from U[0, 1), as there.
    HiddenToken,
}

/// How the rows of queries, keys and values lie in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowOrder {
    /// As the blocks take them: (part, head, place in the head).
    #[default]
    AsComputed,
    /// (place in the head, head, part), of so many heads, as MT2's authors have them.
    PartLast {
        /// How many heads there are.
        heads: usize,
    },
}

impl RowOrder {
    /// Where the row `(part, head, place)` lies in files, for every row as it is computed.
    fn rows(self, rows: usize) -> Vec<usize> {
        match self {
            Self::AsComputed => (0..rows).collect(),
            Self::PartLast { heads } => {
                let heads = heads.max(1);
                let width = rows / 3 / heads;
                let places = |part: usize, head: usize| {
                    (0..width).map(move |place| (place * heads + head) * 3 + part)
                };
                let heads = move |part: usize| (0..heads).flat_map(move |head| places(part, head));
                (0..3).flat_map(heads).collect()
            }
        }
    }

    /// Numbers of a file, so many rows, as they are computed with.
    pub fn computed(self, values: Vec<f32>, rows: usize) -> Vec<f32> {
        if self == Self::AsComputed {
            return values;
        }
        let columns = values.len() / rows.max(1);
        let order = self.rows(rows).into_iter();
        let row = |row: usize| values.get(row * columns..(row + 1) * columns);
        order
            .flat_map(|from| row(from).unwrap_or_default())
            .copied()
            .collect()
    }

    /// The way back of [`Self::computed`].
    pub fn stored(self, values: Vec<f32>, rows: usize) -> Vec<f32> {
        if self == Self::AsComputed {
            return values;
        }
        let columns = (values.len() / rows.max(1)).max(1);
        let mut stored = vec![0.0; values.len()];
        for (from, to) in values.chunks_exact(columns).zip(self.rows(rows)) {
            if let Some(row) = stored.get_mut(to * columns..(to + 1) * columns) {
                row.copy_from_slice(from);
            }
        }
        stored
    }
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
    /// How its rows lie in files.
    pub order: RowOrder,
}

impl ParameterSpec {
    /// How many numbers it holds.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Rows and columns in files of what lies on a device as a matrix: a table, or all that each output of a layer or of a
    /// convolution reads.
    pub(crate) fn matrix(&self) -> Option<[usize; 2]> {
        match (self.role, self.shape.as_slice()) {
            (ParameterRole::Table, &[.., columns]) => Some([self.len() / columns.max(1), columns]),
            (ParameterRole::Matrix, &[outputs, ..]) => Some([outputs, self.len() / outputs.max(1)]),
            (_, &[outputs, inputs]) => Some([outputs, inputs]),
            _ => None,
        }
    }

    /// Whether it holds no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A list of weights that grows.
#[derive(Default)]
pub(crate) struct Layout(pub(crate) Vec<ParameterSpec>);

impl Layout {
    pub(crate) fn push(&mut self, name: &str, shape: &[usize], role: ParameterRole) {
        self.0.push(ParameterSpec {
            name: name.to_owned(),
            shape: shape.to_vec(),
            role,
            order: RowOrder::AsComputed,
        });
    }

    pub(crate) fn norm(&mut self, name: &str, dim: usize) {
        self.push(&format!("{name}.weight"), &[dim], ParameterRole::NormWeight);
        self.push(&format!("{name}.bias"), &[dim], ParameterRole::NormBias);
    }

    pub(crate) fn linear(&mut self, name: &str, inputs: usize, outputs: usize, bias: bool) {
        let weight = [outputs, inputs];
        self.push(&format!("{name}.weight"), &weight, ParameterRole::Matrix);
        if bias {
            let role = ParameterRole::Bias { fan_in: inputs };
            self.push(&format!("{name}.bias"), &[outputs], role);
        }
    }

    /// The weight of a convolution, [out, in, kernel], and its bias where it has one.
    pub(crate) fn convolution(&mut self, name: &str, shape: [usize; 3], bias: bool) {
        let [outputs, inputs, kernel] = shape;
        self.push(
            &format!("{name}.weight"),
            &shape,
            ParameterRole::Convolution,
        );
        if bias {
            let fan_in = inputs * kernel;
            let role = ParameterRole::Bias { fan_in };
            self.push(&format!("{name}.bias"), &[outputs], role);
        }
    }

    /// Says how the rows of the last `count` weights lie in files.
    pub(crate) fn ordered(&mut self, count: usize, order: RowOrder) {
        for spec in self.0.iter_mut().rev().take(count) {
            spec.order = order;
        }
    }
}

/// The layout of an encoder with its tail; none of a family that is not trained.
pub fn all_parameters(config: &EncoderConfig, tail: &TrainingHead) -> Vec<ParameterSpec> {
    let mut layout = config.trained_parameters().unwrap_or_default();
    layout.extend(tail.layout(config));
    layout
}

/// What training hangs behind an encoder. Embedding leaves it out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrainingHead {
    /// Nothing.
    #[default]
    None,
    /// Linear and ReLU layers of these widths on the vector of each patch shape (Myna), on the contrastive token (MT2), on the
    /// mean over frames (Music2Vec), or on the mean of both class tokens (MAEST).
    Projection(Vec<usize>),
    /// The same on the whole embedding: a supervised head.
    Classifier(Vec<usize>),
    /// The decoder of a masked autoencoder with so many layers; of a Myna only.
    Decoder(usize),
    /// A linear layer on every hidden frame that says what the teacher makes of it, under fairseq's name `final_proj`; of a
    /// Music2Vec only.
    Prediction,
    /// The classifier of a MAEST of so many styles, which its files hold with the encoder.
    Styles(usize),
}

impl TrainingHead {
    /// The weights of the tail of an encoder.
    pub fn layout(&self, config: &EncoderConfig) -> Vec<ParameterSpec> {
        match (self, config) {
            (Self::Projection(widths), _) => head_parameters(config.sizes().dim, widths),
            (Self::Classifier(widths), _) => head_parameters(classified_dim(config), widths),
            (Self::Styles(labels), EncoderConfig::Maest(config)) => {
                maest::classifier_parameters(config.dim, *labels)
            }
            (Self::Decoder(layers), EncoderConfig::Myna(config)) => {
                decoder_parameters(config, *layers)
            }
            (Self::Prediction, EncoderConfig::Music2vec(config)) => {
                let mut layout = Layout::default();
                layout.linear("final_proj", config.dim, config.dim, true);
                layout.0
            }
            (Self::None | Self::Decoder(_) | Self::Prediction | Self::Styles(_), _) => Vec::new(),
        }
    }

    /// How many inputs each linear layer of the head has.
    pub fn head_inputs(&self, config: &EncoderConfig) -> Vec<usize> {
        let (first, widths) = match self {
            Self::None | Self::Decoder(_) | Self::Styles(_) => return Vec::new(),
            Self::Prediction => return vec![config.sizes().dim],
            Self::Projection(widths) => (config.sizes().dim, widths),
            Self::Classifier(widths) => (classified_dim(config), widths),
        };
        let mut inputs = vec![first];
        inputs.extend(widths);
        inputs.pop();
        inputs
    }
}

/// Values that a supervised head reads: the whole embedding, or, of a MAEST, what its own classifier reads.
fn classified_dim(config: &EncoderConfig) -> usize {
    match config {
        EncoderConfig::Maest(config) => config.dim,
        _ => config.embedding_dim(),
    }
}

/// How the names of a head's weights begin.
pub(crate) const HEAD: &str = "linear_head.";

/// The weights of a projection head of Linear and ReLU layers: `linear_head.0`, `linear_head.2`, ... (ReLUs take the
/// odd numbers).
pub fn head_parameters(dim: usize, widths: &[usize]) -> Vec<ParameterSpec> {
    let mut layout = Layout::default();
    let mut inputs = dim;
    for (layer, &outputs) in widths.iter().enumerate() {
        layout.linear(&format!("{HEAD}{}", 2 * layer), inputs, outputs, true);
        inputs = outputs;
    }
    layout.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_file_come_back_where_they_were() {
        let order = RowOrder::PartLast { heads: 2 };
        // Two heads of two values: rows (place, head, part) are numbered by themselves.
        let file: Vec<f32> = (0..12).map(|row| row as f32).collect();
        let computed = order.computed(file.clone(), 12);
        assert_eq!(computed, [0., 6., 3., 9., 1., 7., 4., 10., 2., 8., 5., 11.]);
        assert_eq!(order.stored(computed, 12), file);
        let wide: Vec<f32> = (0..24).map(|row| row as f32).collect();
        assert_eq!(order.stored(order.computed(wide.clone(), 12), 12), wide);
    }
}
