//! What every family gives the rest of the program: what its sizes tell, and what its network reads. Adding a family is
//! implementing these two traits, and a row in each list of the module above.

use std::ops::Range;

use super::{Network, Sizes};
use crate::{
    EncoderError, EncoderInfo, Family, ParameterSpec, Reading, Readout, Window,
    attention::Followed,
    backend::{EncoderJob, JobError},
    kernels::Kernels,
};
use mynascope_spectrum::SpectrumError;

/// What the sizes of an encoder tell, whichever family it is of.
pub(crate) trait Design {
    /// The published design.
    fn family(&self) -> Family;

    /// What other crates may ask of it, but for the names of what its classifier tells.
    fn info(&self) -> EncoderInfo;

    /// The same with windows of so many seconds; `None` where the length of windows belongs to the weights.
    fn info_of_window(&self, _secs: u32) -> Option<EncoderInfo> {
        None
    }

    /// What it is, for people: "MAEST of 5 s".
    fn name(&self) -> String {
        self.family().to_string()
    }

    /// As [`Self::name`], with the family and all sizes that tell encoders of it apart.
    fn full_name(&self) -> String {
        let Sizes {
            dim, depth, heads, ..
        } = self.sizes();
        format!(
            "an encoder of the family {}, {dim} wide, {depth} layers, {heads} heads",
            self.family()
        )
    }

    /// Sizes that every family has.
    fn sizes(&self) -> Sizes;

    /// Refuses sizes that no encoder can have or no machine can hold.
    ///
    /// # Errors
    /// [`EncoderError::Sizes`] with the first size that is wrong and its limits.
    fn validate(&self) -> Result<(), EncoderError>;

    /// All weights that training changes, in the order in which the forward pass takes them; `None` of a family that is read
    /// but not trained.
    fn trained_parameters(&self) -> Option<Vec<ParameterSpec>> {
        None
    }

    /// Whether fresh weights are drawn as those of a ViT, not as PyTorch draws them by default.
    fn is_drawn_as_vit(&self) -> bool {
        false
    }

    /// How the names of weights tell their depth; `None` of a family that is not trained.
    fn weight_names(&self) -> Option<WeightNames> {
        None
    }

    /// What the header of our files says of it beside [`Self::sizes`] and the tensors.
    fn header(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// What it reads and tells, for people; `named` says whether the names of what its classifier tells are known.
    fn say_reading(&self, named: bool) -> String;

    /// Values of one embedding that is read so.
    fn output_dim(&self, _readout: Readout) -> usize {
        self.sizes().dim
    }

    /// Which of [`EncoderInfo::layers`] is read where none is named.
    fn default_layer(&self, readout: Readout) -> usize;

    /// The sizes as the hash of an encoder holds them. Saved probes, scores and cached embeddings name encoders by that
    /// hash, so this text must never change, whatever fields and variants are called in code.
    fn identity_text(&self) -> String;

    /// The windows of samples (16 kHz, mono), counted from their first, as the network takes them.
    ///
    /// # Errors
    /// If there are too few or too many samples.
    fn windows(&self, samples: &[f32], reading: &Reading) -> Result<Vec<Window>, SpectrumError>;

    /// Columns of tokens in a window of so many values; `None` where no window is shorter than the others.
    fn columns_in(&self, _values: usize) -> Option<usize> {
        None
    }
}

/// How the names of a family's weights begin.
pub(crate) struct WeightNames {
    /// Those of the blocks; the number of the block follows.
    pub blocks: &'static str,
    /// Those of what follows the last block.
    pub behind: &'static [&'static str],
}

/// A network of any family but Myna, whose windows are cut by its tokenizer.
pub(crate) trait FamilyNetwork<B: Kernels> {
    /// The values of layers: [windows, layers, values] row-major. No block beyond the last of the layers is computed.
    ///
    /// # Errors
    /// If the windows are not as the family cuts them, if it has no such readout, or what the backend said.
    fn read_layers(&self, wanted: ReadLayers<'_>, device: &B::Device)
    -> Result<Vec<f32>, JobError>;

    /// Follows attention back through a window; of the tokens only that lie in it.
    ///
    /// # Errors
    /// As [`Self::read_layers`].
    fn follow(&self, wanted: FollowAttention<'_>, device: &B::Device)
    -> Result<Followed, JobError>;
}

/// Which layers of which windows are read, and how.
pub(crate) struct ReadLayers<'a> {
    /// As [`Design::windows`] gives them, all of one length.
    pub windows: &'a [&'a [f32]],
    /// Window by window the tokens that are read, in the grid of the window's own columns; all without it.
    pub kept: Option<&'a [Vec<usize>]>,
    /// By their places in [`EncoderInfo::layers`].
    pub layers: Range<usize>,
    /// How one vector is made of a layer.
    pub readout: Readout,
}

impl EncoderJob for ReadLayers<'_> {
    type Output = Vec<f32>;

    fn run<B: Kernels>(
        self,
        network: &Network<B>,
        device: &B::Device,
    ) -> Result<Vec<f32>, JobError> {
        network.family()?.read_layers(self, device)
    }
}

/// In which window attention is followed, and from where.
pub(crate) struct FollowAttention<'a> {
    /// As [`Design::windows`] gives it.
    pub window: &'a [f32],
    /// The tokens that are read, in the grid of the window's own columns.
    pub kept: &'a [usize],
    /// After how many blocks it is read.
    pub blocks: usize,
    /// How.
    pub readout: Readout,
}

impl EncoderJob for FollowAttention<'_> {
    type Output = Followed;

    fn run<B: Kernels>(
        self,
        network: &Network<B>,
        device: &B::Device,
    ) -> Result<Followed, JobError> {
        network.family()?.follow(self, device)
    }
}
