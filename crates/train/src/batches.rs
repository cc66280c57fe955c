//! What a step trains on: a pure function of (seed, step), so that it can be made ahead of time on another thread.

mod styles;
mod windows;

use super::{
    Objective, TrainConfig, TrainError,
    labels::Labels,
    learner::{StepInput, Targets},
    mels::Mels,
    sampler::Sampler,
};
use crate::objective::{StepSchedule, Supervision, effective_gamma};
use mynascope_encoder::families::mt2::KEYS;
use mynascope_spectrum::tokens::{Purpose, TokenMask, crop_places, draw_views, stream};

use super::Schedule;
pub(super) use windows::{WindowCutter, patch_targets};

/// Cuts crops and gathers what is kept of them; nothing else goes to the device.
pub(super) struct Batches<'a> {
    config: &'a TrainConfig,
    mels: &'a Mels,
    sampler: Sampler,
    cutter: WindowCutter,
    /// Labels of the readable tracks of a run that learns them.
    labels: Option<Supervision>,
    /// How likely each track is drawn against others; empty where every epoch visits all.
    weights: Vec<f64>,
    /// Epochs of the whole run.
    epochs: u64,
}

/// The windows of a step, those of all tracks before the next view of them.
#[derive(Default)]
struct Drawn {
    windows: Vec<Vec<f32>>,
    /// Which tokens are read, one a window; none where all are.
    masks: Vec<TokenMask>,
    /// How many bins higher in the VQT the third view begins than the first, track by track.
    shifts: Vec<i32>,
}

impl<'a> Batches<'a> {
    pub fn new(
        config: &'a TrainConfig,
        mels: &'a Mels,
        sampler: Sampler,
        labels: Option<&Labels>,
    ) -> Self {
        let balanced = config.objective == Objective::Maest && config.maest.balance;
        Self {
            weights: labels
                .filter(|_| balanced)
                .map_or_else(Vec::new, |labels| labels.weights(&mels.places)),
            config,
            mels,
            sampler,
            cutter: WindowCutter::new(config),
            labels: labels.map(|labels| labels.of(&mels.places)),
            epochs: config.steps.div_ceil(sampler.steps_per_epoch()),
        }
    }

    /// Gamma of an epoch. FastCLIP starts with 1 under either schedule and reaches its smallest value half-way.
    pub fn gamma(&self, epoch: u64) -> f64 {
        let smallest = self.config.gamma();
        let fastclip = self.config.objective.fastclip().is_some();
        let cosine = self.config.gamma_schedule() == Schedule::Cosine;
        let all = if fastclip {
            self.epochs.div_ceil(2)
        } else {
            self.epochs
        };
        if fastclip && epoch == 0 {
            return 1.0;
        }
        effective_gamma(
            smallest,
            cosine,
            epoch,
            self.config.gamma_epochs.unwrap_or(all),
        )
    }

    /// The input of a step, counted from 0.
    pub fn of(&self, step: u64) -> Result<StepInput, TrainError> {
        let epoch = self.sampler.epoch(step);
        let tracks = match self.weights.as_slice() {
            [] => self.sampler.batch_of(step),
            weights => self.sampler.weighted_batch_of(step, weights),
        };
        let schedule = StepSchedule {
            epoch,
            gamma: self.gamma(epoch),
        };
        if let (WindowCutter::Maest(sizes), Objective::Maest) =
            (&self.cutter, self.config.objective)
        {
            let (batch, targets) = self.mixed(sizes, step, &tracks)?;
            return Ok(StepInput {
                batch,
                targets,
                schedule,
                tracks,
            });
        }
        let drawn = match self.cutter {
            WindowCutter::Myna(_) => self.masked_views(epoch, &tracks)?,
            WindowCutter::Mt2(_) | WindowCutter::Music2vec { .. } | WindowCutter::Maest(_) => {
                self.segments(epoch, &tracks)?
            }
        };
        let masks = (!drawn.masks.is_empty()).then_some(drawn.masks.as_slice());
        let mut batch = self.cutter.batch(&drawn.windows, masks)?;
        if self.config.views() > 2 && !self.config.mt2.transposed_mel {
            batch = batch.hear_first(2 * tracks.len());
        }
        let targets = match (self.config.objective, &self.labels) {
            (Objective::Supervised, Some(labels)) => Targets::Labels(labels.of(&tracks)),
            (Objective::Data2vec, _) => {
                let of =
                    |&track: &usize| stream(self.config.seed, epoch, track as u64, Purpose::Spans);
                let mut streams: Vec<_> = tracks.iter().map(of).collect();
                self.cutter.hidden(&self.config.data2vec, &mut streams)
            }
            (Objective::Mae, _) => self.cutter.patches(&drawn.windows, &drawn.masks)?,
            (Objective::Mt2, _) => Targets::Segments {
                shifts: drawn.shifts,
            },
            _ => Targets::Views,
        };
        Ok(StepInput {
            batch,
            targets,
            schedule,
            tracks,
        })
    }

    /// Where the segments of a track begin in an epoch, in frames as they are kept of it.
    pub fn starts(&self, epoch: u64, track: usize) -> [usize; 2] {
        let frames = self.mels.frames(track);
        let places = frames.saturating_sub(self.cutter.frames()) + 1;
        crop_places(self.config.seed, epoch, track as u64, places)
    }

    /// Myna: crops of which most patches are dropped.
    fn masked_views(&self, epoch: u64, tracks: &[usize]) -> Result<Drawn, TrainError> {
        let config = self.config;
        let shapes = config.patch.shapes();
        let pairs = tracks.iter().map(|&track| {
            let frames = self.mels.frames(track);
            let (kind, ratio) = (config.mask_kind, config.mask_ratio);
            draw_views(config.seed, epoch, track as u64, frames, kind, ratio)
        });
        let pairs: Vec<_> = pairs.collect();
        let mut drawn = Drawn::default();
        for side in 0..config.views() {
            for (&track, pair) in tracks.iter().zip(&pairs) {
                if let Some(view) = pair.get(side) {
                    drawn.masks.push(view.mask(shapes));
                    let frames = self.cutter.frames();
                    drawn
                        .windows
                        .push(self.mels.window(track, view.start_frame, frames)?);
                }
            }
        }
        Ok(drawn)
    }

    /// A window of a track. One that is shorter is padded with silence: a MAEST's evenly on both sides, as its authors do, of
    /// any other family behind it.
    fn window(&self, track: usize, start: usize) -> Result<Vec<f32>, TrainError> {
        let frames = self.cutter.frames();
        let mut window = self.mels.window(track, start, frames)?;
        let missing = frames.saturating_sub(self.mels.frames(track));
        if matches!(self.cutter, WindowCutter::Maest(_)) {
            let width = window.len() / frames.max(1);
            window.rotate_right(missing / 2 * width);
        }
        Ok(window)
    }

    /// MT2, Music2Vec and MAEST: one segment of a track or two, and the first of them transposed where the equivariant loss is wanted. For the objective
    /// mt2 both begin in any of twelve bins, so that no profile can stand still (STONE).
    fn segments(&self, epoch: u64, tracks: &[usize]) -> Result<Drawn, TrainError> {
        let config = self.config;
        let (seed, views) = (config.seed, config.views());
        let mut sides: [Vec<Vec<f32>>; 3] = Default::default();
        let [first, second, third] = &mut sides;
        let mut shifts = Vec::new();
        for &track in tracks {
            let number = track as u64;
            let starts = self.starts(epoch, track);
            let [bin, moved] = match config.objective {
                Objective::Mt2 => transposition(seed, epoch, number),
                _ => [0, 0],
            };
            let [a, b] = starts.map(|start| self.window(track, start));
            let a = a?;
            first.push(self.cutter.window(&a, bin));
            if views > 1 {
                second.push(self.cutter.window(&b?, bin));
            }
            if views > 2 {
                third.push(self.cutter.window(&a, moved));
                shifts.push(moved as i32 - bin as i32);
            }
        }
        let windows: Vec<Vec<f32>> = sides.into_iter().flatten().collect();
        let masks = (0..windows.len()).filter_map(|window| {
            let side = window / tracks.len().max(1);
            let number = tracks.get(window % tracks.len().max(1)).copied()? as u64;
            // The transposed segment is the first one in all else.
            let purpose = Purpose::Mask {
                view: u8::from(side == 1),
                vertical: true,
            };
            let mut random = stream(seed, epoch, number, purpose);
            self.cutter
                .mask(config.mask_kind, config.mask_ratio, &mut random)
        });
        Ok(Drawn {
            masks: masks.collect(),
            windows,
            shifts,
        })
    }
}

/// The first bins of a segment and of its transposed copy: o from 1 to 12, and d from 1 to 11 further round the circle, so that
/// they are 1 to 11 semitones apart either way (STONE's code).
fn transposition(seed: u64, epoch: u64, track: u64) -> [usize; 2] {
    let mut random = stream(seed, epoch, track, Purpose::Transposition);
    let away = 1 + random.below(KEYS - 1);
    let bin = 1 + random.below(KEYS);
    [bin, (away + bin) % KEYS]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_transposed_by_one_to_eleven_semitones_either_way() {
        let drawn: Vec<[usize; 2]> = (0..2000).map(|track| transposition(3, 0, track)).collect();
        assert!(
            drawn
                .iter()
                .all(|[bin, moved]| (1..=12).contains(bin) && *moved < 12)
        );
        let shifts: std::collections::BTreeSet<i32> = drawn
            .iter()
            .map(|[bin, moved]| *moved as i32 - *bin as i32)
            .collect();
        assert!(!shifts.contains(&0) && !shifts.contains(&-12));
        assert_eq!((shifts.first(), shifts.last()), (Some(&-11), Some(&10)));
    }
}
