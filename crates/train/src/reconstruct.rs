//! What a masked autoencoder makes of a window, to be looked at.

use std::path::Path;

use super::{
    Objective, TrainConfig, TrainError,
    batches::patch_targets,
    folder::{Checkpoint, RunFolder},
};
use crate::objective::TrackState;
use mynascope_encoder::{
    DeviceChoice, DeviceJob, EncoderConfig, EncoderError, HostBatch, Kernels, LearningNetwork,
    Precision, Tokenizer, find_place, numbers, on_place,
};
use mynascope_spectrum::tokens::{
    MEL_BANDS, PATCH_VALUES, PatchGrid, PatchShape, TokenMask, WINDOW_FRAMES,
};

/// A window and what was made of it, as log(1 + power).
#[derive(Debug, Clone, PartialEq)]
pub struct Reconstruction {
    /// The patches that were hidden and shown.
    pub shape: PatchShape,
    /// Steps that the autoencoder was trained.
    pub step: u64,
    /// What was there, frame-major [96 * 128].
    pub truth: Vec<f32>,
    /// What the decoder says, of every patch, frame-major [96 * 128].
    pub said: Vec<f32>,
    /// Mean squared error over the hidden patches: the training loss of this window.
    pub error: f64,
}

/// Shows the tokens `kept` of one window (frame-major power, [96 * 128]) to the masked autoencoder of a run folder, and
/// returns what its decoder says of all patches. Without a `step` its newest checkpoint is asked.
///
/// # Errors
/// [`TrainError::NoRun`] if the run has no decoder or no such checkpoint, or if window or tokens do not fit;
/// [`TrainError::Encoder`] if the device is not there or fails.
pub fn reconstruct(
    run: &Path,
    step: Option<u64>,
    window: &[f32],
    kept: &[usize],
    device: DeviceChoice,
) -> Result<Reconstruction, TrainError> {
    let (folder, config) = RunFolder::open(run)?;
    let wrong = |why: String| TrainError::NoRun {
        why,
        path: run.to_path_buf(),
    };
    let shape = config.patch.shapes().first().copied();
    let (Objective::Mae, Some(shape)) = (config.objective, shape) else {
        return Err(wrong(format!(
            "its objective is {}; only mae has a decoder",
            config.objective
        )));
    };
    let grid = shape.grid(WINDOW_FRAMES);
    if window.len() != WINDOW_FRAMES * MEL_BANDS {
        return Err(wrong("a window has 96 frames of 128 bands".into()));
    }
    if kept.is_empty() || kept.iter().any(|&token| token >= grid.tokens()) {
        return Err(wrong(format!(
            "kept tokens are numbers below {}, at least one",
            grid.tokens()
        )));
    }
    let no_state = |_| TrackState::default();
    let (sizes, tail) = (config.encoder_config(), config.tail(0));
    let checkpoint = match step {
        Some(step) => folder.checkpoint(step, sizes, &tail, &no_state)?,
        None => folder.newest(sizes, &tail, &no_state)?.0,
    };
    let step = checkpoint.manifest.step;
    let place = find_place(device).map_err(EncoderError::from)?;
    let EncoderConfig::Myna(myna) = sizes else {
        return Err(wrong(format!(
            "its encoder is {}, no Myna",
            sizes.full_name()
        )));
    };
    let tokenizer = Tokenizer::of(&myna, WINDOW_FRAMES);
    let masks = [TokenMask(vec![kept.to_vec()])];
    let job = ReconstructJob {
        config: &config,
        checkpoint,
        batch: HostBatch::Patches(tokenizer.tokens(&[window], Some(&masks))?),
        kept,
        positions: tokenizer.positions(0),
    };
    let patches = on_place(&place, job)?.map_err(|why| EncoderError::Compute {
        device: device.to_string(),
        why,
    })?;
    let kept = [kept.to_vec()];
    let targets = patch_targets(&tokenizer, &[window], &kept);
    let (mut sum, mut count) = (0.0, 0.0_f64);
    let rows = patches
        .chunks_exact(PATCH_VALUES)
        .zip(targets.values.chunks_exact(PATCH_VALUES));
    for ((said, truth), hidden) in rows.zip(&targets.hidden) {
        if *hidden > 0.0 {
            let errors = said
                .iter()
                .zip(truth)
                .map(|(a, b)| f64::from(a - b).powi(2));
            sum += errors.sum::<f64>();
            count += PATCH_VALUES as f64;
        }
    }
    Ok(Reconstruction {
        shape,
        step,
        truth: picture(&targets.values, grid),
        said: picture(&patches, grid),
        error: sum / count.max(1.0),
    })
}

/// Puts patches [tokens, 256], frequency first, together to a frame-major picture.
fn picture(patches: &[f32], grid: PatchGrid) -> Vec<f32> {
    let mut picture = vec![0.0; WINDOW_FRAMES * MEL_BANDS];
    let (bands, frames) = (grid.shape.bands(), grid.shape.frames());
    for (token, patch) in patches.chunks_exact(PATCH_VALUES).enumerate() {
        let (row, column) = grid.place(token);
        for (at, &value) in patch.iter().enumerate() {
            let (band, frame) = (row * bands + at / frames, column * frames + at % frames);
            if let Some(slot) = picture.get_mut(frame * MEL_BANDS + band) {
                *slot = value;
            }
        }
    }
    picture
}

struct ReconstructJob<'a> {
    config: &'a TrainConfig,
    checkpoint: Checkpoint,
    /// The tokens that the encoder is shown.
    batch: HostBatch,
    kept: &'a [usize],
    /// Of all tokens, [tokens, dim] row-major.
    positions: &'a [f32],
}

impl DeviceJob for ReconstructJob<'_> {
    type Output = Result<Vec<f32>, String>;

    fn run<B: Kernels>(self, device: B::Device) -> Self::Output {
        let mut weights = self.checkpoint.weights;
        let averages = self.checkpoint.optimiser.averages;
        for (tensor, values) in weights.tensors.iter_mut().zip(averages) {
            tensor.values = values;
        }
        let sizes = self.config.encoder_config();
        let parameters = weights.upload(&device);
        let (tail, precision) = (&weights.tail, Precision::F32);
        let encoder = LearningNetwork::<B>::assemble(&sizes, tail, precision, parameters, &device)
            .ok_or("the weights don't follow their layout")?;
        let kept = [self.kept.to_vec()];
        numbers(encoder.reconstruct(self.batch, &kept, self.positions, &device)?)
    }
}
