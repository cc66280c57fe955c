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
use mynascope_spectrum::{LevelMatch, LevelMeter, MaskedReader, Part, tokens::MaskRatio};

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

/// A part of a track whose level is asked for.
struct LevelQuestion {
    number: u64,
    samples: Arc<[f32]>,
    table: Arc<RankTable>,
    ratio: MaskRatio,
    part: Part,
}

/// Samples that are filtered between two looks for a newer question.
const LEVEL_STRETCH: usize = 1 << 16;

impl LevelQuestion {
    /// The level of all of it; nothing where the question became old meanwhile.
    fn answer(&self, is_old: &dyn Fn() -> bool) -> Option<LevelMatch> {
        let stays = |band, frame| {
            let dropped = self.table.is_dropped(band, frame, self.ratio);
            dropped.unwrap_or(false) == (self.part == Part::Dropped)
        };
        let (mut meter, mut reader) = (LevelMeter::default(), MaskedReader::new());
        let mut view = vec![0.0; LEVEL_STRETCH];
        for (stretch, whole) in self.samples.chunks(LEVEL_STRETCH).enumerate() {
            if is_old() {
                return None;
            }
            let view = view.get_mut(..whole.len())?;
            reader.read(&self.samples, stretch * LEVEL_STRETCH, &stays, view);
            meter.add(whole, view);
        }
        Some(meter.level_match())
    }
}

/// The threads that decode tracks for masked listening and measure what the masks leave, and the masks.
pub struct MaskedWork {
    /// The masks that are heard now.
    pub live: LiveMasks,
    /// The decoded track: mono, at [`SAMPLE_RATE`].
    samples: Option<Arc<[f32]>>,
    levels: Answering<LevelQuestion>,
    /// Number of the newest question.
    asked: u64,
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
        let sends = outbox.clone();
        let levels = Answering::start(
            "masked-level",
            outbox,
            move |asked: LevelQuestion, newer| {
                let is_old = || newer.has_newer() || newer.cancel.is_cancelled();
                if let Some(level) = asked.answer(&is_old) {
                    let level = PictureMessage::Level(asked.number, level);
                    sends.send(Message::Picture(level));
                }
            },
        )?;
        Ok(Self {
            live: LiveMasks::default(),
            samples: None,
            levels,
            asked: 0,
            tracks,
            cancel: Cancel::default(),
        })
    }

    /// Asks for a track; one asked for before is given up.
    pub fn request(&mut self, path: PathBuf, channel: audio::Channel) {
        self.stop();
        self.tracks.ask((path, channel, self.cancel.clone()));
    }

    /// Lets the views of a decoded track be heard and measured.
    pub fn views(&mut self, samples: Arc<[f32]>) -> MaskedViews {
        self.samples = Some(Arc::clone(&samples));
        MaskedViews::new(samples, self.live.clone())
    }

    /// Asks how loud a part of the decoded track is under the masks of now; what was asked before is not answered any more.
    pub fn ask_level(&mut self, side: usize, part: Part) {
        self.asked += 1;
        let masks = self.live.get();
        let table = masks.as_ref().and_then(|masks| masks.tables.get(side));
        if let (Some(samples), Some(masks), Some(table)) = (&self.samples, &masks, table) {
            self.levels.ask(LevelQuestion {
                number: self.asked,
                samples: Arc::clone(samples),
                table: Arc::clone(table),
                ratio: masks.ratio,
                part,
            });
        }
    }

    /// Whether this answers what was asked last.
    pub fn is_asked(&self, number: u64) -> bool {
        number == self.asked
    }

    /// Gives up the decoding, and what was decoded.
    pub fn stop(&mut self) {
        self.samples = None;
        self.asked += 1;
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
    #[test]
    fn what_is_kept_is_measured_as_the_command_line_measures_it() {
        let samples: Arc<[f32]> = (0..150_000)
            .map(|n: u32| 0.3 * (n as f32 * 0.07).sin() * ((n / 9000) % 2) as f32)
            .collect();
        let frames = spectrum::frames_of_samples(samples.len());
        let mut mask = Mask::default();
        mask.refresh(frames);
        let table = Arc::clone(mask.table(ViewName::B).unwrap());
        let flags = mask
            .key(ViewName::B, frames)
            .draw()
            .keep_flags(mask.form.ratio);
        for part in [Part::Kept, Part::Dropped] {
            let sound =
                spectrum::masked_sound(&samples, &|band, frame| flags.keeps(band, frame), part);
            let mut meter = LevelMeter::default();
            meter.add(&samples, &sound);
            let asked = LevelQuestion {
                number: 1,
                samples: Arc::clone(&samples),
                table: Arc::clone(&table),
                ratio: mask.form.ratio,
                part,
            };
            let level = asked.answer(&|| false).unwrap();
            let said = meter.level_match();
            assert!((level.gain_db - said.gain_db).abs() < 1e-6 && level.gain_db > 0.0);
            assert_eq!(asked.answer(&|| true), None);
        }
    }
}
