//! An encoder of any family that is trained, with what training hangs behind it: the only dispatch over families that the
//! trainer needs. A new family says here what its windows are before they are on a device, and what an objective is shown.

use std::ops::Range;

use burn::tensor::{Tensor, backend::Backend};

use super::{
    EncoderConfig, Parameter, Precision, Readout,
    blocks::{Head, Placed},
    families::{
        maest, mt2, music2vec,
        myna::network::{Encoder, HostTokens, embed},
    },
    kernels::Kernels,
    parameters::TrainingHead,
    weights::numbers,
};

/// Windows before they are on a device.
pub enum HostBatch {
    /// Of a Myna: kept patches, one batch a patch shape.
    Patches(Vec<HostTokens>),
    /// Of an MT2.
    Frames(mt2::Frames),
    /// Of a Music2Vec.
    Samples(music2vec::Samples),
    /// Of a MAEST.
    MelPatches(maest::Patches),
}

impl HostBatch {
    /// Some of the windows.
    pub fn part(&self, windows: Range<usize>) -> Self {
        match self {
            Self::Patches(batches) => {
                let part = |batch: &HostTokens| batch.part(windows.clone());
                Self::Patches(batches.iter().map(part).collect())
            }
            Self::Frames(frames) => Self::Frames(frames.part(windows)),
            Self::Samples(samples) => Self::Samples(samples.part(windows)),
            Self::MelPatches(patches) => Self::MelPatches(patches.part(windows)),
        }
    }

    /// Reads the mel of the first windows only, of a family that reads it beside something else.
    pub fn hear_first(self, windows: usize) -> Self {
        match self {
            Self::Frames(frames) => Self::Frames(frames.hear_first(windows)),
            other => other,
        }
    }

    /// How many windows there are.
    pub fn windows(&self) -> usize {
        match self {
            Self::Patches(batches) => batches.first().map_or(0, |batch| batch.windows),
            Self::Frames(frames) => frames.windows(),
            Self::Samples(samples) => samples.windows(),
            Self::MelPatches(patches) => patches.windows(),
        }
    }
}

/// A network whose weights training holds.
pub enum LearningNetwork<B: Backend> {
    /// Myna.
    Myna(Encoder<B>),
    /// MT2.
    Mt2 {
        /// The encoder.
        network: mt2::Network<B>,
        /// What hangs behind its contrastive token.
        head: Head<B>,
    },
    /// Music2Vec.
    Music2vec {
        /// The encoder.
        network: music2vec::Network<B>,
        /// What hangs behind the mean over its frames, or behind every hidden frame.
        head: Head<B>,
    },
    /// MAEST.
    Maest {
        /// The encoder, with its classifier where styles are learned.
        network: maest::Network<B>,
        /// What hangs behind the mean of its class tokens otherwise.
        head: Head<B>,
    },
}

impl<B: Kernels> LearningNetwork<B> {
    /// Puts the parameters of a layout in their places, which multiply in `precision`; `None` if they are not those of
    /// the layout, or the family is not trained.
    pub fn assemble(
        config: &EncoderConfig,
        tail: &TrainingHead,
        precision: Precision,
        parameters: impl IntoIterator<Item = Parameter<B>>,
        device: &B::Device,
    ) -> Option<Self> {
        match config {
            EncoderConfig::Myna(myna) => {
                Encoder::assemble(myna, tail, precision, parameters).map(Self::Myna)
            }
            EncoderConfig::Mt2(mt2) => {
                let mut take = Placed {
                    parameters: parameters.into_iter(),
                    precision,
                };
                Some(Self::Mt2 {
                    network: mt2::Network::take(mt2, &mut take, device)?,
                    head: Head::take(&mut take, tail.head_inputs(config))?,
                })
            }
            EncoderConfig::Baseline(_) => None,
            EncoderConfig::Music2vec(music2vec) => {
                let mut take = Placed {
                    parameters: parameters.into_iter(),
                    precision,
                };
                Some(Self::Music2vec {
                    network: music2vec::Network::take(music2vec, &mut take, device)?,
                    head: Head::take(&mut take, tail.head_inputs(config))?,
                })
            }
            EncoderConfig::Maest(sizes) => {
                let mut take = Placed {
                    parameters: parameters.into_iter(),
                    precision,
                };
                let labels = match tail {
                    TrainingHead::Styles(labels) => *labels,
                    _ => 0,
                };
                let sizes = maest::Config { labels, ..*sizes };
                Some(Self::Maest {
                    network: maest::Network::take(&sizes, &mut take)?,
                    head: Head::take(&mut take, tail.head_inputs(config))?,
                })
            }
        }
    }

    /// What contrast is made of: the outputs of the projection head, [windows, width]; one a patch shape (Myna), or of the
    /// contrastive token (MT2), the mean over frames (Music2Vec), or the mean of both class tokens (MAEST).
    ///
    /// # Errors
    /// If the windows are those of another family.
    pub fn project(
        &self,
        batch: HostBatch,
        device: &B::Device,
    ) -> Result<Vec<Tensor<B, 2>>, String> {
        match (self, batch) {
            (Self::Myna(encoder), HostBatch::Patches(batches)) => {
                let z = encoder.forward(encoder.upload(batches, device));
                let shapes = z.len().max(1);
                Ok(encoder.project(Tensor::cat(z, 0)).chunk(shapes, 0))
            }
            (Self::Mt2 { network, head }, HostBatch::Frames(frames)) => {
                let [_, contrastive] = network.class_tokens(frames, device);
                Ok(vec![head.forward(contrastive)])
            }
            (Self::Music2vec { network, head }, HostBatch::Samples(samples)) => {
                Ok(vec![head.forward(network.mean(samples, device))])
            }
            (Self::Maest { network, head }, HostBatch::MelPatches(patches)) => {
                Ok(vec![head.forward(network.features(patches, device))])
            }
            _ => Err(other_family()),
        }
    }

    /// What the head says of the whole embedding, [windows, outputs].
    ///
    /// # Errors
    /// As [`Self::project`].
    pub fn classify(&self, batch: HostBatch, device: &B::Device) -> Result<Tensor<B, 2>, String> {
        match (self, batch) {
            (Self::Myna(encoder), HostBatch::Patches(batches)) => {
                let z = encoder.forward(encoder.upload(batches, device));
                Ok(encoder.project(Tensor::cat(z, 1)))
            }
            (Self::Mt2 { network, head }, HostBatch::Frames(frames)) => {
                let [_, contrastive] = network.class_tokens(frames, device);
                Ok(head.forward(contrastive))
            }
            (Self::Music2vec { network, head }, HostBatch::Samples(samples)) => {
                Ok(head.forward(network.mean(samples, device)))
            }
            (Self::Maest { network, head }, HostBatch::MelPatches(patches)) => {
                Ok(head.forward(network.features(patches, device)))
            }
            _ => Err(other_family()),
        }
    }

    /// What the classifier of a MAEST says, [windows, styles].
    ///
    /// # Errors
    /// As [`Self::project`], and of an encoder without a classifier of its own.
    pub fn tag(&self, batch: HostBatch, device: &B::Device) -> Result<Tensor<B, 2>, String> {
        match (self, batch) {
            (Self::Maest { network, .. }, HostBatch::MelPatches(patches)) => network
                .tag(patches, device)
                .ok_or_else(|| "an encoder without a classifier".into()),
            _ => Err(other_family()),
        }
    }

    /// What both class tokens of an MT2 say: the contrastive one through its head, [windows, width], and what stands before
    /// the softmax of the key profile, [windows, 12].
    ///
    /// # Errors
    /// As [`Self::project`], and of an encoder without such tokens.
    pub fn contrast_and_keys(
        &self,
        batch: HostBatch,
        device: &B::Device,
    ) -> Result<[Tensor<B, 2>; 2], String> {
        match (self, batch) {
            (Self::Mt2 { network, head }, HostBatch::Frames(frames)) => {
                let [equivariant, contrastive] = network.class_tokens(frames, device);
                Ok([head.forward(contrastive), network.key_logits(equivariant)])
            }
            _ => Err(other_family()),
        }
    }

    /// The decoder's patches (`Encoder::reconstruct`).
    ///
    /// # Errors
    /// As [`Self::project`], and of an encoder without a decoder.
    pub fn reconstruct(
        &self,
        batch: HostBatch,
        kept: &[Vec<usize>],
        positions: &[f32],
        device: &B::Device,
    ) -> Result<Tensor<B, 2>, String> {
        match (self, batch) {
            (Self::Myna(encoder), HostBatch::Patches(batches)) => {
                let mut batches = encoder.upload(batches, device).into_iter();
                let batch = batches.next().ok_or("a batch without patches")?;
                let positions = encoder.positions(positions, device);
                let patches = encoder.reconstruct(batch, kept, positions);
                patches.ok_or_else(|| "an encoder without a decoder".into())
            }
            _ => Err("an encoder without a decoder".into()),
        }
    }

    /// What the student of data2vec says where the frames of the rows `hidden` of [windows * frames] are hidden from it: its
    /// prediction in the rows `wanted`, [wanted, dim], and the features in which they were hidden, for the teacher.
    ///
    /// # Errors
    /// As [`Self::project`], and of an encoder that reads no samples.
    pub fn predict_hidden(
        &self,
        batch: HostBatch,
        hidden: &[i32],
        wanted: &[i32],
        device: &B::Device,
    ) -> Result<[Tensor<B, 2>; 2], String> {
        match (self, batch) {
            (Self::Music2vec { network, head }, HostBatch::Samples(samples)) => {
                let windows = samples.windows();
                let features = network.features(samples, device);
                let said = network.student(features.clone(), windows, hidden, wanted, device);
                Ok([head.forward(said), features])
            }
            _ => Err(other_family()),
        }
    }

    /// What the teacher of data2vec makes of the same features: the targets in the rows `hidden`, [hidden, dim], the mean over
    /// the last `top` blocks.
    ///
    /// # Errors
    /// Of an encoder that reads no samples.
    pub fn teach(
        &self,
        features: Tensor<B, 2>,
        windows: usize,
        top: usize,
        hidden: &[i32],
        device: &B::Device,
    ) -> Result<Tensor<B, 2>, String> {
        match self {
            Self::Music2vec { network, .. } => {
                Ok(network.targets(features, windows, top, hidden, device))
            }
            _ => Err(other_family()),
        }
    }

    /// The published embeddings, [windows, values] row-major.
    ///
    /// # Errors
    /// As [`Self::project`], or what the backend said.
    pub fn embed(&self, batch: HostBatch, device: &B::Device) -> Result<Vec<f32>, String> {
        match (self, batch) {
            (Self::Myna(encoder), HostBatch::Patches(batches)) => embed(encoder, batches, device),
            (Self::Mt2 { network, .. }, HostBatch::Frames(frames)) => {
                let [_, contrastive] = network.class_tokens(frames, device);
                numbers(contrastive)
            }
            (Self::Music2vec { network, .. }, HostBatch::Samples(samples)) => {
                numbers(network.mean(samples, device))
            }
            (Self::Maest { network, .. }, HostBatch::MelPatches(patches)) => {
                let layer = network.config().published_layer();
                maest::embed(network, patches, layer..layer + 1, Readout::Stack, device)
            }
            _ => Err(other_family()),
        }
    }
}

fn other_family() -> String {
    "the windows are those of another family of encoders".into()
}
