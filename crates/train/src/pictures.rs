//! Pictures of a step: for somebody who looks on, and for its checkpoint. They are made on the thread that trains, of the weights
//! as they are there.

use std::time::{Duration, Instant};

use super::{
    HiddenSpans, LearnedStyles, Objective, PatchoutSnapshot, StepPicture, TrainError,
    batches::{Batches, WindowCutter},
    job::TrainJob,
    learned_styles::ListenedTrack,
    learner::{Learner, StepInput, Targets},
    mels::FrontEnd,
};
use crate::objective::Patchout;
use mynascope_audio::SAMPLE_RATE;
use mynascope_encoder::{
    EncoderConfig, HostBatch, Kernels,
    families::{maest, music2vec::FRAME_HOP},
};

/// From the pictures of one step to those of the next, at least.
const PAUSE: Duration = Duration::from_millis(200);
/// They take one part in so many of the time of a run, or less.
const SHARE: u32 = 50;

/// When the next pictures are due, and the track that is listened to.
#[derive(Default)]
pub(super) struct Pictures {
    /// When the last ones were done, and how long they took.
    last: Option<(Instant, Duration)>,
    listened: ListenedTrack,
    /// It was heard since the last ones.
    heard: bool,
}

impl Pictures {
    /// Pictures were made that took so long.
    pub fn made(&mut self, took: Duration) {
        self.last = Some((Instant::now(), took));
        self.heard = false;
    }

    fn are_due(&self) -> bool {
        let due = |&(made, took): &(Instant, Duration)| made.elapsed() >= PAUSE.max(SHARE * took);
        self.heard || self.last.as_ref().is_none_or(due)
    }
}

impl TrainJob<'_> {
    /// Whether pictures of a step are made: somebody looks on and the last ones were a while ago, or the step is kept.
    pub(super) fn are_pictures_due(&self, pictures: &mut Pictures, step: u64) -> bool {
        let config = self.config;
        if let (Objective::Maest, EncoderConfig::Maest(sizes)) =
            (config.objective, config.encoder_config())
        {
            let front_end = FrontEnd::Maest(sizes.form);
            let track = self.control.listened().clone();
            let listened = &mut pictures.listened;
            pictures.heard |= listened.follow(track.as_deref(), &front_end, sizes.frames());
        }
        let kept = step.is_multiple_of(config.save_every) || step == config.steps;
        kept || self.control.shows_batches() && pictures.are_due()
    }

    /// What is seen of a step before its update.
    pub(super) fn before_update<B: Kernels>(
        &self,
        learner: &Learner<B>,
        batches: &Batches<'_>,
        input: &StepInput,
        step: u64,
    ) -> Result<Option<StepPicture>, TrainError> {
        Ok(match &input.targets {
            Targets::Tags(_, patchout) => {
                Some(StepPicture::Patchout(self.patchout(patchout, step)))
            }
            Targets::Hidden(hidden) => {
                let hidden = hidden.first().map_or(&[][..], Vec::as_slice);
                let seen = self.hidden_spans(learner, input, hidden)?;
                seen.map(|seen| {
                    let track = input.tracks.first().copied().unwrap_or_default();
                    let [start, _] = batches.starts(input.schedule.epoch, track);
                    StepPicture::Hidden(HiddenSpans {
                        step,
                        track: self.mels.paths.get(track).cloned().unwrap_or_default(),
                        start_secs: (start * FRAME_HOP) as f64 / f64::from(SAMPLE_RATE),
                        ..seen
                    })
                })
            }
            _ => None,
        })
    }

    fn patchout(&self, patchout: &Patchout, step: u64) -> PatchoutSnapshot {
        let columns = match self.config.encoder_config() {
            EncoderConfig::Maest(sizes) => sizes.columns_of(sizes.frames()),
            _ => 0,
        };
        PatchoutSnapshot {
            step,
            grid: [maest::ROWS, columns],
            rows: patchout.rows.clone(),
            columns: patchout.columns.clone(),
        }
    }

    /// The first window of a batch of data2vec.
    fn hidden_spans<B: Kernels>(
        &self,
        learner: &Learner<B>,
        input: &StepInput,
        hidden: &[usize],
    ) -> Result<Option<HiddenSpans>, TrainError> {
        let HostBatch::Samples(samples) = &input.batch else {
            return Ok(None);
        };
        let answers = learner
            .all_frames(input)
            .map_err(|why| self.device_failed(why))?;
        let seen = answers.map(|answers| HiddenSpans::new(samples.window(0), hidden, &answers));
        // A window of a second or more always has a spectrogram.
        Ok(seen.and_then(Result::ok))
    }

    /// The styles of the track that is listened to, after so many steps; `None` before it was heard, or where none is.
    pub(super) fn learned_styles<B: Kernels>(
        &self,
        learner: &Learner<B>,
        pictures: &Pictures,
        step: u64,
    ) -> Result<Option<StepPicture>, TrainError> {
        let (Some((track, heard)), Some(labels)) = (pictures.listened.heard(), self.labels) else {
            return Ok(None);
        };
        let styles = match heard {
            Err(why) => LearnedStyles {
                step,
                track: track.to_path_buf(),
                problem: Some(why.clone()),
                ..LearnedStyles::default()
            },
            Ok(windows) => {
                let batch = WindowCutter::new(self.config).batch(windows, None)?;
                let said = learner
                    .probabilities(batch)
                    .map_err(|why| self.device_failed(why))?;
                LearnedStyles::new(step, track, &labels.meaning.outputs, &said)
            }
        };
        Ok(Some(StepPicture::Styles(styles)))
    }
}
