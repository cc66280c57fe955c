//! The clips of a step of the objective maest: a pure function of (seed, step), as everything that is drawn.

use super::Batches;
use crate::{
    TrainError,
    learner::Targets,
    objective::{Mixup, Patchout, Supervision, spec_augment},
};
use mynascope_encoder::{
    HostBatch,
    families::maest::{self, BANDS},
};
use mynascope_spectrum::tokens::{Purpose, crop_places, stream};

impl Batches<'_> {
    /// A window of every track, blanked here and there, mixed with another one of the batch, and what is left of its patches; and
    /// the labels mixed alike. With balanced tracks one may come twice in an epoch, so the crop is drawn anew at every step.
    pub(super) fn mixed(
        &self,
        sizes: &maest::Config,
        step: u64,
        tracks: &[usize],
    ) -> Result<(HostBatch, Targets), TrainError> {
        let (seed, settings) = (self.config.seed, &self.config.maest);
        let frames = sizes.frames();
        let mut clips = Vec::with_capacity(tracks.len());
        for &track in tracks {
            let places = self.mels.frames(track).saturating_sub(frames) + 1;
            let [start, _] = crop_places(seed, step, track as u64, places);
            let mut clip = self.window(track, start)?;
            let mut random = stream(seed, step, track as u64, Purpose::SpecAugment);
            let (times, bands) = (settings.time_masks, settings.band_masks);
            spec_augment(&mut clip, BANDS, times, bands, &mut random);
            clips.push(clip);
        }
        let mut labels = match &self.labels {
            Some(labels) => labels.of(tracks),
            None => Supervision::AnyOf(Vec::new()),
        };
        if settings.mixup > 0.0 {
            let mut random = stream(seed, step, 0, Purpose::Mixup);
            let mixup = Mixup::draw(clips.len(), settings.mixup, &mut random);
            clips = mixup.mix(&clips);
            if let Supervision::AnyOf(rows) = &mut labels {
                *rows = mixup.mix(rows);
            }
        }
        let columns = sizes.columns_of(frames);
        let patchout = Patchout::draw(
            self.config.patchout(sizes),
            columns,
            sizes.columns,
            &mut stream(seed, step, 0, Purpose::Patchout),
        );
        let kept = vec![patchout.patches(columns); clips.len()];
        let clips: Vec<&[f32]> = clips.iter().map(Vec::as_slice).collect();
        let patches = maest::cut(sizes, &clips, Some(&kept))?;
        let batch = HostBatch::MelPatches(patches.moved(patchout.first_position));
        Ok((batch, Targets::Tags(labels, patchout)))
    }
}
