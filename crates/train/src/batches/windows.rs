//! How windows of a family are cut and what of them goes to the device: the trainer's other dispatch over families.

use mynascope_encoder::{
    EncoderConfig, EncoderError, HostBatch, Tokenizer,
    families::{maest, mt2, music2vec},
};
use mynascope_spectrum::tokens::{
    DropOrder, MaskKind, MaskRatio, PATCH_VALUES, Stream, TokenMask, WINDOW_FRAMES, hidden_spans,
};

use crate::{
    TrainConfig,
    learner::Targets,
    objective::{Data2vec, PatchTargets},
};

/// Cuts windows out of what is kept of a track.
pub(crate) enum WindowCutter {
    /// Patches of a mel-spectrogram.
    Myna(Tokenizer),
    /// Frames of VQT and mel-spectrogram.
    Mt2(mt2::Config),
    /// So many samples.
    Music2vec { samples: usize },
    /// Overlapping patches of a log mel-spectrogram.
    Maest(maest::Config),
}

impl WindowCutter {
    /// That of a run.
    pub fn new(config: &TrainConfig) -> Self {
        match config.encoder_config() {
            EncoderConfig::Myna(sizes) => Self::Myna(Tokenizer::of(&sizes, WINDOW_FRAMES)),
            EncoderConfig::Mt2(sizes) => Self::Mt2(sizes),
            EncoderConfig::Maest(sizes) => Self::Maest(sizes),
            // A baseline is no run's.
            EncoderConfig::Music2vec(_) | EncoderConfig::Baseline(_) => Self::Music2vec {
                samples: config.window_samples(),
            },
        }
    }

    /// Frames of a window, as they are kept.
    pub fn frames(&self) -> usize {
        match self {
            Self::Myna(_) => WINDOW_FRAMES,
            Self::Mt2(sizes) => sizes.frames,
            Self::Music2vec { samples } => samples / music2vec::FRAME_HOP,
            Self::Maest(sizes) => sizes.frames(),
        }
    }

    /// A window out of its frames, as they are kept; an MT2's from a bin of the VQT on.
    pub fn window(&self, frames: &[f32], first_bin: usize) -> Vec<f32> {
        match self {
            Self::Myna(_) | Self::Maest(_) => frames.to_vec(),
            Self::Mt2(sizes) => mt2::window_of(sizes, frames, first_bin),
            Self::Music2vec { .. } => music2vec::normalise(frames),
        }
    }

    /// Tokens of a window, where every frame is one.
    fn tokens(&self) -> usize {
        match self {
            Self::Myna(_) | Self::Maest(_) => 0,
            Self::Mt2(sizes) => sizes.frames,
            Self::Music2vec { samples } => music2vec::frames_of(*samples),
        }
    }

    /// Which frames of a window of an MT2 or a Music2Vec, or patches of one of a MAEST, are read; `None` where all are, and for a
    /// Myna, whose views draw their own.
    pub fn mask(&self, kind: MaskKind, ratio: MaskRatio, random: &mut Stream) -> Option<TokenMask> {
        let grid = match self {
            Self::Myna(_) => return None,
            Self::Mt2(_) | Self::Music2vec { .. } => [1, self.tokens()],
            Self::Maest(sizes) => [maest::ROWS, sizes.columns_of(sizes.frames())],
        };
        (ratio.get() > 0.0).then(|| {
            let mut kept = DropOrder::draw(grid, kind, random).kept(ratio).to_vec();
            kept.sort_unstable();
            TokenMask(vec![kept])
        })
    }

    /// What goes to the device of windows, of which all tokens or those of masks are read.
    ///
    /// # Errors
    /// If windows and masks do not fit.
    pub fn batch(
        &self,
        windows: &[Vec<f32>],
        masks: Option<&[TokenMask]>,
    ) -> Result<HostBatch, EncoderError> {
        let kept: Option<Vec<Vec<usize>>> =
            masks.map(|masks| masks.iter().map(|mask| mask.of(0).to_vec()).collect());
        let kept = kept.as_deref();
        let all: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
        match self {
            Self::Myna(tokenizer) => Ok(HostBatch::Patches(tokenizer.tokens(windows, masks)?)),
            Self::Mt2(sizes) => mt2::cut(sizes, &all, kept).map(HostBatch::Frames),
            Self::Maest(sizes) => maest::cut(sizes, &all, kept).map(HostBatch::MelPatches),
            Self::Music2vec { .. } => music2vec::cut(&all, kept).map(HostBatch::Samples),
        }
    }

    /// Which frames of windows, one a stream, are hidden from the student of data2vec.
    pub fn hidden(&self, data2vec: &Data2vec, streams: &mut [Stream]) -> Targets {
        let (share, length) = (data2vec.span_share, data2vec.span_frames);
        Targets::Hidden(hidden_spans(self.tokens(), share, length, streams))
    }

    /// What a masked autoencoder is to predict of windows.
    ///
    /// # Errors
    /// Of a family without patches.
    pub fn patches(
        &self,
        windows: &[Vec<f32>],
        masks: &[TokenMask],
    ) -> Result<Targets, EncoderError> {
        let Self::Myna(tokenizer) = self else {
            return Err(EncoderError::Windows(
                "only a Myna has patches to predict".into(),
            ));
        };
        let kept: Vec<Vec<usize>> = masks.iter().map(|mask| mask.of(0).to_vec()).collect();
        Ok(Targets::Patches {
            targets: patch_targets(tokenizer, windows, &kept),
            kept,
            positions: tokenizer.positions(0).to_vec(),
        })
    }
}

/// All patches of windows as log(1 + power), and which of them were hidden.
pub(crate) fn patch_targets<W: AsRef<[f32]> + Sync>(
    tokenizer: &Tokenizer,
    windows: &[W],
    kept: &[Vec<usize>],
) -> PatchTargets {
    let mut values = tokenizer.patches(0, windows);
    for value in &mut values {
        *value = value.ln_1p();
    }
    let rows = values.len() / PATCH_VALUES;
    let mut hidden = vec![1.0; rows];
    for (row, kept) in hidden
        .chunks_mut((rows / kept.len().max(1)).max(1))
        .zip(kept)
    {
        for &token in kept {
            if let Some(flag) = row.get_mut(token) {
                *flag = 0.0;
            }
        }
    }
    PatchTargets { values, hidden }
}
