//! What the masks leave of the shown track: decoded once in the background, filtered while it plays.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use crate::gui::{
    jobs::Answering,
    message::{Message, Outbox, PictureMessage},
    model::RankTable,
};
use mynascope_audio::{self as audio, AudioError, SAMPLE_RATE, ViewSource};
use mynascope_base::jobs::{self, Cancel};
use mynascope_spectrum::{MaskedReader, tokens::MaskRatio};

/// What is dropped of views A and B.
#[derive(Clone)]
pub struct Masks {
    /// Drop orders of views A and B.
    pub tables: [Arc<RankTable>; 2],
    /// The share of tokens that are dropped.
    pub ratio: MaskRatio,
}

/// The masks as they are now: the window puts them there, the player's thread picks them up.
#[derive(Clone, Default)]
pub struct LiveMasks(Arc<Mutex<Option<Masks>>>);

impl LiveMasks {
    /// Exchanges the masks.
    pub fn put(&self, masks: Option<Masks>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = masks;
    }

    fn get(&self) -> Option<Masks> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Views A and B of a track as sound, computed where the playhead is.
pub struct MaskedViews {
    /// The track: mono, at [`SAMPLE_RATE`].
    samples: Arc<[f32]>,
    live: LiveMasks,
    masks: Option<Masks>,
    readers: [MaskedReader; 2],
    view: Vec<f32>,
}

impl MaskedViews {
    /// The views of mono samples at [`SAMPLE_RATE`] under masks that may change while they are heard. Where there are no
    /// masks yet, nothing is dropped.
    pub fn new(samples: Arc<[f32]>, live: LiveMasks) -> Self {
        Self {
            samples,
            masks: live.get(),
            live,
            readers: [MaskedReader::new(), MaskedReader::new()],
            view: Vec::new(),
        }
    }
}

impl ViewSource for MaskedViews {
    fn read(&mut self, first: u64, out: &mut [[f32; 3]]) {
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        let track = self.samples.get(first..).unwrap_or_default();
        let track = track.iter().copied().chain(std::iter::repeat(0.0));
        for ([_, _, mono], sample) in out.iter_mut().zip(track) {
            *mono = sample;
        }
        self.view.resize(out.len(), 0.0);
        for (side, reader) in self.readers.iter_mut().enumerate() {
            let masks = self.masks.as_ref();
            let masks = masks.and_then(|masks| Some((masks.tables.get(side)?, masks.ratio)));
            // Outside every patch the sound stays.
            let keep = |band, frame| {
                !masks
                    .and_then(|(table, ratio)| table.is_dropped(band, frame, ratio))
                    .unwrap_or(false)
            };
            reader.read(&self.samples, first, &keep, &mut self.view);
            for (values, sample) in out.iter_mut().zip(&self.view) {
                if let Some(value) = values.get_mut(side) {
                    *value = *sample;
                }
            }
        }
    }

    fn refresh(&mut self) {
        self.masks = self.live.get();
        for reader in &mut self.readers {
            reader.forget();
        }
    }
}

/// The thread that decodes tracks for masked listening, and the masks.
pub struct MaskedWork {
    /// The masks that are heard now.
    pub live: LiveMasks,
    tracks: Answering<(PathBuf, audio::Channel, Cancel)>,
    /// Stops the decoding that is under way.
    cancel: Cancel,
}

impl MaskedWork {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's error if it gives no thread.
    pub fn start(outbox: &Outbox) -> std::io::Result<Self> {
        let sends = outbox.clone();
        let tracks = Answering::start("masked-sound", outbox, move |wanted, _| {
            let (path, channel, cancel): (PathBuf, _, Cancel) = wanted;
            let load = || audio::load_mono(&path, SAMPLE_RATE, channel, &cancel);
            let samples = match jobs::guarded(load) {
                Ok(Ok((samples, _))) => Ok(samples.into()),
                Ok(Err(AudioError::Cancelled(_))) => return,
                Ok(Err(error)) => Err(error.to_string()),
                // Who waits for the samples learns that none come.
                Err(fault) => Err(fault),
            };
            let decoded = PictureMessage::DecodedForViews { path, samples };
            sends.send(Message::Picture(decoded));
        })?;
        Ok(Self {
            live: LiveMasks::default(),
            tracks,
            cancel: Cancel::default(),
        })
    }

    /// Asks for a track; one asked for before is given up.
    pub fn request(&mut self, path: PathBuf, channel: audio::Channel) {
        self.stop();
        self.tracks.ask((path, channel, self.cancel.clone()));
    }

    /// Gives up the decoding.
    pub fn stop(&mut self) {
        self.cancel.cancel();
        self.cancel = Cancel::default();
    }
}

impl Drop for MaskedWork {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::model::Mask;
    use mynascope_spectrum as spectrum;
    use mynascope_spectrum::tokens::ViewName;

    #[test]
    fn what_is_heard_is_what_the_command_line_writes() {
        let samples: Arc<[f32]> = (0..120_000)
            .map(|n: u32| ((n.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32) - 1.0)
            .collect();
        let frames = spectrum::frames_of_samples(samples.len());
        let mut mask = Mask::default();
        mask.refresh(frames);
        let live = LiveMasks::default();
        let mut views = MaskedViews::new(Arc::clone(&samples), live.clone());
        let mut heard = vec![[0.0; 3]; 3000];
        views.read(50_000, &mut heard);
        for ([a, b, mono], sample) in heard.iter().zip(&samples[50_000..]) {
            assert!((a - sample).abs() < 1e-4 && (b - sample).abs() < 1e-4);
            assert_eq!(mono, sample);
        }
        live.put(Some(Masks {
            tables: mask.tables.clone().unwrap(),
            ratio: mask.form.ratio,
        }));
        views.refresh();
        views.read(50_000, &mut heard);
        for (side, view) in ViewName::BOTH.into_iter().enumerate() {
            let flags = mask.key(view, frames).draw().keep_flags(mask.form.ratio);
            let keep = |band, frame| flags.keeps(band, frame);
            let whole = spectrum::masked_sound(&samples, &keep, spectrum::Part::Kept);
            for (values, expected) in heard.iter().zip(&whole[50_000..]) {
                assert_eq!(values[side], *expected);
            }
        }
    }
}
