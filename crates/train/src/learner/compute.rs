//! Loss and gradients of a batch: its windows through the encoder, what the objective says of the outputs, and back.

use burn::{
    backend::Autodiff,
    tensor::{Tensor, backend::Backend},
};

use super::{Learner, StepInput, StepResult, Targets};
use crate::objective::{
    ContrastStatistics, EquivarianceStatistics, HiddenFrameStatistics, Rows, Views, hidden_frames,
    reconstruction, supervised, tagging,
};
use mynascope_encoder::{HostBatch, Kernels, LearningNetwork, Parameter, Precision, numbers};

/// What the objective said of a batch.
struct BatchLoss<B: Backend> {
    loss: f64,
    /// Gradients of the outputs, one for each of them.
    gradients: Vec<Tensor<B, 2>>,
    rows: Rows,
    contrast: Option<ContrastStatistics>,
    equivariance: Option<EquivarianceStatistics>,
    hidden_frames: Option<HiddenFrameStatistics>,
    accuracy: Option<f64>,
    matrix: Option<Vec<f32>>,
}

impl<B: Backend> BatchLoss<B> {
    /// Before anything was compared.
    fn of_none(rows: Rows) -> Self {
        Self {
            loss: 0.0,
            gradients: Vec::new(),
            rows,
            contrast: None,
            equivariance: None,
            hidden_frames: None,
            accuracy: None,
            matrix: None,
        }
    }

    /// Weighs the loss against others.
    fn scale(&mut self, weight: f64) {
        if weight != 1.0 {
            self.loss *= weight;
            let gradients = std::mem::take(&mut self.gradients).into_iter();
            self.gradients = gradients.map(|one| one.mul_scalar(weight)).collect();
        }
    }
}

/// The encoder over weights whose gradients are followed, for one backward pass.
///
/// No weight may be a leaf of two passes. Each backward pass, on whatever thread, ends in Burn 0.21 with a sweep over all
/// graphs of the program, and a graph loses its steps when nobody holds any of its nodes at that moment. The leaves are held
/// here, and that keeps the graph, but only until the end of their first pass: the graph of a second one is without
/// them, and gradients get lost without a word while another run trains beside this one (tracel-ai/burn#5573).
struct Graph<B: Kernels> {
    leaves: Vec<Parameter<Autodiff<B>>>,
    encoder: LearningNetwork<Autodiff<B>>,
}

impl<B: Kernels> Graph<B> {
    /// Adds the gradients of the weights to `sums`, given those of the outputs; `scale` is that of the loss.
    fn backward(
        self,
        outputs: Vec<Tensor<Autodiff<B>, 2>>,
        output_gradients: Vec<Tensor<B, 2>>,
        scale: f64,
        sums: &mut [Option<Parameter<B>>],
    ) {
        // Its gradient is that of the loss: the objective's gradient of the outputs, through the encoder.
        let parts = outputs
            .into_iter()
            .zip(output_gradients)
            .map(|(output, gradient)| {
                let gradient = Tensor::<Autodiff<B>, 2>::from_inner(gradient);
                (output * gradient.mul_scalar(scale)).sum()
            });
        let found = Tensor::cat(parts.collect(), 0).sum().backward();
        for (sum, leaf) in sums.iter_mut().zip(&self.leaves) {
            if let Some(gradient) = leaf.gradient(&found) {
                *sum = Some(match sum.take() {
                    Some(sum) => sum.plus(gradient),
                    None => gradient,
                });
            }
        }
    }
}

/// A loss that was computed, before anything is changed.
pub(super) struct Computed<B: Backend> {
    /// `None` for weights that stay.
    pub(super) gradients: Vec<Option<Parameter<B>>>,
    pub(super) rows: Rows,
    pub(super) result: StepResult,
}

impl<B: Kernels> Learner<B> {
    /// What the objective is shown of the windows `range` of a batch: one tensor for each patch shape or class token, or one for
    /// all. Of hidden frames a second one, the features that the teacher is to see.
    pub(super) fn outputs<X: Kernels>(
        &self,
        encoder: &LearningNetwork<X>,
        input: &StepInput,
        range: std::ops::Range<usize>,
        device: &X::Device,
    ) -> Result<Vec<Tensor<X, 2>>, String> {
        let batch = input.batch.part(range.clone());
        match &input.targets {
            Targets::Views => encoder.project(batch, device),
            Targets::Segments { .. } => {
                let [contrast, keys] = encoder.contrast_and_keys(batch, device)?;
                let contrast = self.objective.is_some().then_some(contrast);
                let keys = self.equivariance.is_some().then_some(keys);
                Ok(contrast.into_iter().chain(keys).collect())
            }
            Targets::Hidden(hidden) => {
                let rows = hidden_rows(&batch, hidden.get(range).unwrap_or_default());
                Ok(encoder
                    .predict_hidden(batch, &rows, &rows, device)?
                    .to_vec())
            }
            Targets::Labels(_) => Ok(vec![encoder.classify(batch, device)?]),
            Targets::Tags(..) => Ok(vec![encoder.tag(batch, device)?]),
            Targets::Patches {
                kept, positions, ..
            } => {
                let kept = kept.get(range).unwrap_or_default();
                Ok(vec![encoder.reconstruct(batch, kept, positions, device)?])
            }
        }
    }

    /// Puts the targets of the teacher in the place of the features that [`Self::outputs`] gave of the windows `range`.
    pub(super) fn teach(
        &self,
        teacher: Option<&LearningNetwork<B>>,
        input: &StepInput,
        range: std::ops::Range<usize>,
        outputs: &mut [Tensor<B, 2>],
    ) -> Result<(), String> {
        let (Some(teacher), Targets::Hidden(hidden), [_, features]) =
            (teacher, &input.targets, outputs)
        else {
            return Ok(());
        };
        let batch = input.batch.part(range.clone());
        let rows = hidden_rows(&batch, hidden.get(range).unwrap_or_default());
        let top = self.data2vec.map_or(1, |data2vec| data2vec.top_blocks);
        *features = teacher.teach(features.clone(), batch.windows(), top, &rows, &self.device)?;
        Ok(())
    }

    /// The teacher of data2vec, which reads its student's features.
    pub(super) fn teacher(&self) -> Result<Option<LearningNetwork<B>>, String> {
        if self.teacher.is_empty() {
            return Ok(None);
        }
        let both = self.parameters.iter().zip(&self.teacher);
        let parameters = both.map(|(student, own)| own.as_ref().unwrap_or(student).clone());
        self.assemble(Precision::F32, parameters, &self.device)
            .map(Some)
    }

    fn graph(&self) -> Result<Graph<B>, String> {
        let trained = self.parameters.iter().zip(&self.trained);
        let leaves: Vec<Parameter<Autodiff<B>>> = trained
            .map(|(parameter, &trained)| parameter.leaf(trained))
            .collect();
        let encoder = self.assemble(self.precision, leaves.iter().cloned(), &self.device)?;
        Ok(Graph { leaves, encoder })
    }

    /// Loss and gradients.
    pub(super) fn compute(
        &self,
        input: &StepInput,
        chunk: usize,
        matrix: usize,
    ) -> Result<Computed<B>, String> {
        let windows = input.batch.windows();
        let views = windows / input.tracks.len().max(1);
        let chunk = views * chunk.max(1);
        let mut gradients: Vec<Option<Parameter<B>>> = vec![None; self.parameters.len()];
        let teacher = self.teacher()?;
        let batch_loss = if windows <= chunk {
            let graph = self.graph()?;
            let outputs = self.outputs(&graph.encoder, input, 0..windows, &self.device)?;
            let mut seen: Vec<_> = outputs.iter().map(|o| o.clone().inner()).collect();
            self.teach(teacher.as_ref(), input, 0..windows, &mut seen)?;
            let batch_loss = self.loss(input, seen, matrix)?;
            if batch_loss.loss.is_finite() {
                graph.backward(
                    outputs,
                    batch_loss.gradients.clone(),
                    self.loss_scale,
                    &mut gradients,
                );
            }
            batch_loss
        } else {
            let parameters = self.parameters.iter().cloned();
            let plain = self.assemble::<B>(self.precision, parameters, &self.device)?;
            let starts = (0..windows).step_by(chunk);
            let ranges: Vec<_> = starts
                .map(|start| start..(start + chunk).min(windows))
                .collect();
            let mut all: Vec<Vec<Tensor<B, 2>>> = Vec::new();
            for range in &ranges {
                let mut outputs = self.outputs(&plain, input, range.clone(), &self.device)?;
                self.teach(teacher.as_ref(), input, range.clone(), &mut outputs)?;
                all.resize_with(outputs.len(), Vec::new);
                for (parts, part) in all.iter_mut().zip(outputs) {
                    parts.push(part);
                }
            }
            let whole = all.into_iter().map(|parts| Tensor::cat(parts, 0));
            let batch_loss = self.loss(input, whole.collect(), matrix)?;
            if batch_loss.loss.is_finite() {
                for range in ranges {
                    let wanted = batch_loss.gradients.iter().map(|gradient| {
                        // A window has one row, or one for each of its patches.
                        let rows = gradient.dims().first().copied().unwrap_or(0) / windows.max(1);
                        gradient
                            .clone()
                            .narrow(0, range.start * rows, range.len() * rows)
                    });
                    let wanted = wanted.collect();
                    let graph = self.graph()?;
                    let outputs = self.outputs(&graph.encoder, input, range, &self.device)?;
                    graph.backward(outputs, wanted, self.loss_scale, &mut gradients);
                }
            }
            batch_loss
        };
        let squares: Vec<Tensor<B, 1>> = gradients
            .iter()
            .flatten()
            .map(Parameter::sum_of_squares)
            .collect();
        let grad_norm = if squares.is_empty() {
            f64::NAN
        } else {
            let norm = numbers(Tensor::cat(squares, 0).sum().sqrt())?;
            norm.first()
                .map_or(f64::NAN, |&norm| f64::from(norm) / self.loss_scale)
        };
        Ok(Computed {
            gradients,
            result: StepResult {
                loss: batch_loss.loss,
                grad_norm,
                contrast: batch_loss.contrast,
                equivariance: batch_loss.equivariance,
                hidden_frames: batch_loss.hidden_frames,
                collapse: None,
                accuracy: batch_loss.accuracy,
                matrix: batch_loss.matrix,
                applied: batch_loss.loss.is_finite()
                    && grad_norm.is_finite()
                    && batch_loss.rows.is_sound(),
            },
            rows: batch_loss.rows,
        })
    }

    /// Shows the outputs of a whole batch to the objective.
    fn loss(
        &self,
        input: &StepInput,
        outputs: Vec<Tensor<B, 2>>,
        matrix: usize,
    ) -> Result<BatchLoss<B>, String> {
        let rows = self.track_state.rows(&input.tracks);
        match &input.targets {
            Targets::Views => self.contrast(input, outputs, rows, matrix),
            Targets::Segments { shifts } => {
                let mut outputs = outputs.into_iter();
                let windows = input.batch.windows();
                let mut found = match &self.objective {
                    None => BatchLoss::of_none(rows),
                    Some(_) => {
                        let z = outputs.next().ok_or("no contrastive tokens")?;
                        let both = 2 * input.tracks.len();
                        let [_, width] = z.dims();
                        let views = vec![z.narrow(0, 0, both)];
                        let mut found = self.contrast(input, views, rows, matrix)?;
                        found.scale(self.contrast_weight);
                        if windows > both {
                            // Nobody compares the contrastive token of a transposed segment.
                            let nothing = Tensor::zeros([windows - both, width], &self.device);
                            found.gradients.push(nothing);
                            found.gradients = vec![Tensor::cat(found.gradients, 0)];
                        }
                        found
                    }
                };
                if let Some(equivariance) = &self.equivariance {
                    let keys = outputs.next().ok_or("no key profiles")?;
                    let turned = equivariance.loss(keys, shifts)?;
                    found.loss += turned.loss;
                    found.gradients.push(turned.gradient);
                    found.equivariance = Some(turned.statistics);
                }
                Ok(found)
            }
            Targets::Patches { targets, .. } => {
                let output = outputs.into_iter().next().ok_or("no output")?;
                let (loss, gradient) = reconstruction(output, targets)?;
                Ok(BatchLoss {
                    loss,
                    gradients: vec![gradient],
                    ..BatchLoss::of_none(rows)
                })
            }
            Targets::Hidden(_) => {
                let [predictions, targets] = <[_; 2]>::try_from(outputs)
                    .map_err(|_| "no predictions of hidden frames".to_owned())?;
                let found = hidden_frames(predictions, targets)?;
                Ok(BatchLoss {
                    loss: found.loss,
                    gradients: vec![found.gradient],
                    hidden_frames: Some(found.statistics),
                    ..BatchLoss::of_none(rows)
                })
            }
            Targets::Labels(right) | Targets::Tags(right, _) => {
                let output = outputs.into_iter().next().ok_or("no output")?;
                let found = match &input.targets {
                    Targets::Tags(..) => tagging(output, right)?,
                    _ => supervised(output, right)?,
                };
                Ok(BatchLoss {
                    loss: found.loss,
                    gradients: vec![found.gradient],
                    accuracy: found.accuracy,
                    ..BatchLoss::of_none(rows)
                })
            }
        }
    }

    /// Compares two views of every track, the mean over patch shapes.
    fn contrast(
        &self,
        input: &StepInput,
        outputs: Vec<Tensor<B, 2>>,
        mut rows: Rows,
        matrix: usize,
    ) -> Result<BatchLoss<B>, String> {
        let Some(objective) = &self.objective else {
            return Err("two views and nothing to compare them with".into());
        };
        let shapes = outputs.len().max(1) as f64;
        let (mut loss, mut gradients) = (0.0, Vec::new());
        let mut statistics = Vec::new();
        let mut temperature: Vec<f64> = Vec::new();
        let mut corners: Vec<Tensor<B, 2>> = Vec::new();
        // All patch shapes share one state of the tracks: the square pass moves it, the vertical pass goes on from there.
        for z in outputs {
            let mut sides = z.chunk(2, 0).into_iter();
            let (Some(a), Some(b)) = (sides.next(), sides.next()) else {
                return Err("a batch without two views".into());
            };
            let views = Views::new(a, b);
            let similarities = views.similarities();
            let mut said = ContrastStatistics::of(&similarities)?;
            said.tau = objective.tau(&rows);
            let side = matrix.min(similarities.batch);
            if side > 0 {
                let rows = similarities.across.clone().narrow(0, 0, side);
                corners.push(rows.narrow(1, 0, side).div_scalar(shapes));
            }
            let output = objective.loss(&similarities, &mut rows, input.schedule)?;
            statistics.push(said);
            loss += output.loss / shapes;
            temperature.resize(output.temperature.len(), 0.0);
            for (sum, slope) in temperature.iter_mut().zip(output.temperature) {
                *sum += slope / shapes;
            }
            let both = views.gradients(output.grad);
            gradients.push(Tensor::cat(both.to_vec(), 0).div_scalar(shapes));
        }
        objective.finish(&mut rows, &temperature, input.schedule);
        let corner = corners.into_iter().reduce(|sum, corner| sum + corner);
        Ok(BatchLoss {
            loss,
            gradients,
            contrast: Some(ContrastStatistics::mean(&statistics)),
            matrix: corner.map(numbers).transpose()?,
            ..BatchLoss::of_none(rows)
        })
    }
}

/// The rows of hidden frames among those of all windows of a batch.
pub(super) fn hidden_rows(batch: &HostBatch, hidden: &[Vec<usize>]) -> Vec<i32> {
    let frames = match batch {
        HostBatch::Samples(samples) => samples.frames(),
        _ => 0,
    };
    let windows = hidden.iter().enumerate();
    windows
        .flat_map(|(window, hidden)| {
            hidden
                .iter()
                .map(move |frame| (window * frames + frame) as i32)
        })
        .collect()
}
