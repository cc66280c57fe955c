//! What a learner is asked beside its steps, by somebody who looks on: nothing of it changes.

use super::{Learner, StepInput, Targets, compute::hidden_rows};
use mynascope_encoder::{HostBatch, Kernels, Precision, numbers};

/// What teacher and student of data2vec make of all frames of a window, [frames, dim] each.
pub(crate) struct FrameAnswers {
    pub dim: usize,
    pub targets: Vec<f32>,
    pub predictions: Vec<f32>,
}

impl<B: Kernels> Learner<B> {
    /// What teacher and student make of all frames of the first window of a batch, in which the frames of the batch are hidden;
    /// `None` where none are hidden.
    pub fn all_frames(&self, input: &StepInput) -> Result<Option<FrameAnswers>, String> {
        let (Some(teacher), Targets::Hidden(hidden)) = (self.teacher()?, &input.targets) else {
            return Ok(None);
        };
        let (batch, device) = (input.batch.part(0..1), &self.device);
        let HostBatch::Samples(samples) = &batch else {
            return Ok(None);
        };
        let all: Vec<i32> = (0..samples.frames() as i32).collect();
        let hidden = hidden_rows(&batch, hidden.get(..1).unwrap_or_default());
        let parameters = self.parameters.iter().cloned();
        let student = self.assemble::<B>(self.precision, parameters, device)?;
        let [said, features] = student.predict_hidden(batch, &hidden, &all, device)?;
        let top = self.data2vec.map_or(1, |data2vec| data2vec.top_blocks);
        let targets = teacher.teach(features, 1, top, &all, device)?;
        let [_, dim] = targets.dims();
        Ok(Some(FrameAnswers {
            dim,
            targets: numbers(targets)?,
            predictions: numbers(said)?,
        }))
    }

    /// The probabilities by a MAEST's classifier of windows, [windows, labels] row-major, with the weights as they are.
    pub fn probabilities(&self, batch: HostBatch) -> Result<Vec<f32>, String> {
        let parameters = self.parameters.iter().cloned();
        let encoder = self.assemble::<B>(Precision::F32, parameters, &self.device)?;
        let logits = numbers(encoder.tag(batch, &self.device)?)?;
        Ok(logits
            .into_iter()
            .map(|z| 1.0 / (1.0 + (-z).exp()))
            .collect())
    }
}
