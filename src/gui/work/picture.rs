//! Decoding a track to its picture, which grows meanwhile; the newest track wins. And what the encoder sees of it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::gui::{
    jobs::{Answering, Newer},
    message::{Message, NoPicture, Outbox, PictureMessage},
    model::{EncoderInput, InputKind, InputLevels, Picture},
};
use mynascope_audio::{self as audio, AudioError, Peaks};
use mynascope_base::{
    jobs::{self, Cancel},
    storage::Cache,
};
use mynascope_spectrum::{
    self as spectrum, Levels, LevelsBuilder, MEL_BANDS, Mel, Patches, Scale, Sight, SpectrumError,
    fed_to_encoder, level_db, seen_by_encoder, vqt_fed_to_encoder,
};

/// A picture that grows is shown at most this often.
const SHOW_EVERY: Duration = Duration::from_millis(100);
/// A header that claims more (12 hours) is not believed: masks are drawn for the length that a picture claims.
const MOST_CLAIMED_SECS: f64 = 12.0 * 3600.0;
/// Frames of the first picture: three seconds.
const FIRST_FRAMES: usize = 96;

/// The threads that make pictures.
pub struct PictureWork {
    tracks: Answering<Wanted>,
    current: Option<Cancel>,
    encoder_inputs: Answering<EncoderInputRequest>,
    /// The newest encoder input that was asked for.
    asked: Option<(PathBuf, InputKind)>,
}

/// A track whose picture is wanted, and which of its channels.
struct Wanted {
    path: PathBuf,
    channel: audio::Channel,
    cancel: Cancel,
}

/// What was computed of a file, to be saved.
struct Computed {
    path: PathBuf,
    channel: audio::Channel,
    sight: Sight,
}

/// A track of which it is asked what the encoder is fed.
struct EncoderInputRequest {
    path: PathBuf,
    channel: audio::Channel,
    kind: InputKind,
    mel: Arc<Mel>,
}

impl PictureWork {
    /// Starts the threads. Pictures are kept in `cache`, if there is one.
    ///
    /// # Errors
    /// The system's error if it gives no thread.
    pub fn start(outbox: &Outbox, cache: Option<Arc<Cache>>) -> std::io::Result<Self> {
        // Reading a long file once more and writing its mel takes a while, in which the next track must not wait. Who
        // goes from track to track quickly leaves some unsaved.
        let save_to = cache.clone();
        let saves = Answering::start("picture-cache", outbox, move |computed: Computed, _| {
            if let Some(cache) = &save_to {
                let Computed {
                    path,
                    channel,
                    sight,
                } = computed;
                spectrum::keep_sight(&path, channel, &sight, cache);
            }
        })?;
        let sends = outbox.clone();
        let tracks = Answering::start("picture", outbox, move |wanted: Wanted, _| {
            let Wanted {
                path,
                channel,
                cancel,
            } = wanted;
            let mut grew = |picture| {
                let (path, picture) = (path.clone(), Arc::new(picture));
                let grows = PictureMessage::Grows { path, picture };
                sends.send_if_room(Message::Picture(grows));
            };
            let result = caught(&path, || {
                picture_of(&path, channel, &cancel, cache.as_deref(), &mut grew)
            });
            if cancel.is_cancelled() {
                return;
            }
            let (result, computed) = match result {
                Ok((picture, computed)) => (Ok(Arc::new(picture)), computed),
                Err(why) => (Err(why), None),
            };
            if let Some(sight) = computed {
                let path = path.clone();
                saves.ask(Computed {
                    path,
                    channel,
                    sight,
                });
            }
            let whole = PictureMessage::Whole { path, result };
            sends.send(Message::Picture(whole));
        })?;
        let sends = outbox.clone();
        let encoder_inputs = Answering::start(
            "encoder-view",
            outbox,
            move |request: EncoderInputRequest, newer| {
                let input =
                    jobs::guarded(|| encoder_input(&request, newer)).and_then(|input| input);
                if let Some(levels) = input.transpose() {
                    let EncoderInputRequest { path, kind, .. } = request;
                    let input = EncoderInput { path, kind, levels };
                    sends.send(Message::Picture(PictureMessage::EncoderInput(input)));
                }
            },
        )?;
        Ok(Self {
            tracks,
            current: None,
            encoder_inputs,
            asked: None,
        })
    }

    /// Asks for the picture of a track; the one asked for before is given up.
    pub fn request(&mut self, path: PathBuf, channel: audio::Channel) {
        self.stop();
        let cancel = Cancel::default();
        self.current = Some(cancel.clone());
        self.tracks.ask(Wanted {
            path,
            channel,
            cancel,
        });
    }

    /// Gives up the picture that was asked for.
    pub fn stop(&mut self) {
        self.asked = None;
        if let Some(cancel) = self.current.take() {
            cancel.cancel();
        }
    }

    /// Asks for what the encoder is fed of a whole track, once.
    pub fn see(
        &mut self,
        path: &Path,
        channel: audio::Channel,
        kind: InputKind,
        picture: &Picture,
    ) {
        let asked = (path.to_path_buf(), kind);
        if let Some(mel) = &picture.mel
            && self.asked.as_ref() != Some(&asked)
        {
            self.encoder_inputs.ask(EncoderInputRequest {
                path: asked.0.clone(),
                channel,
                kind,
                mel: Arc::clone(mel),
            });
            self.asked = Some(asked);
        }
    }
}

/// What the encoder is fed of a track; `None` if a newer question makes this one needless. The error is for the user.
fn encoder_input(
    request: &EncoderInputRequest,
    newer: &Newer<'_>,
) -> Result<Option<InputLevels>, String> {
    let keep_on = || !newer.has_newer() && !newer.cancel.is_cancelled();
    let only = |mel: Option<Levels>| {
        let mel = mel.map(Arc::new);
        mel.map(|mel| InputLevels { mel, vqt: None })
    };
    let levels = match request.kind {
        InputKind::Patches(cut) => {
            let patches = Patches {
                bands: cut.shape.bands(),
                frames: cut.shape.frames(),
                lead_frames: cut.lead_frames,
                compression: cut.compression,
            };
            only(seen_by_encoder(&request.mel, patches, &keep_on))
        }
        InputKind::Mel { mel, vqt } => {
            // The picture's own values are of other frames and bands: the sound is needed once more.
            let (path, rate) = (&request.path, audio::SAMPLE_RATE);
            let loaded = audio::load_mono(path, rate, request.channel, newer.cancel);
            let (samples, _) = match loaded {
                Err(AudioError::Cancelled(_)) => return Ok(None),
                other => other.map_err(|error| error.to_string())?,
            };
            if !keep_on() {
                return Ok(None);
            }
            let mut levels = only(fed_to_encoder(&mel, &samples, &keep_on));
            if let (Some(levels), Some(spec)) = (&mut levels, vqt) {
                levels.vqt = vqt_fed_to_encoder(&spec, &samples, &keep_on).map(Arc::new);
                if levels.vqt.is_none() && !keep_on() {
                    return Ok(None);
                }
            }
            if levels.is_none() && keep_on() {
                return Err("what the encoder is fed cannot be drawn of this track".to_owned());
            }
            levels
        }
    };
    Ok(levels)
}

/// The picture of a file, from the cache if it is there; else also what is to be kept. `grew` is told the picture so far
/// from its first seconds on.
///
/// # Errors
/// A [`SpectrumError`] if the file does not decode or is too short or too long, or if `cancel` was set.
pub fn picture_of(
    path: &Path,
    channel: audio::Channel,
    cancel: &Cancel,
    cache: Option<&Cache>,
    grew: &mut dyn FnMut(Picture),
) -> Result<(Picture, Option<Sight>), SpectrumError> {
    if let Some(sight) = cache.and_then(|cache| spectrum::kept_sight(path, channel, cache)) {
        let claimed_secs = sight.mel.duration_secs();
        let mut growth = Growth::new(claimed_secs);
        // Even these levels take a moment for an hour.
        let step = 4096 * MEL_BANDS;
        let values = sight.mel.values();
        for end in (step..values.len()).step_by(step) {
            cancel.check().map_err(audio::AudioError::from)?;
            let so_far = values.get(..end).unwrap_or_default();
            growth.take(so_far, &sight.peaks, grew);
        }
        return Ok((growth.finish(&sight), None));
    }
    // A header that says nothing, or lies, only makes the picture longer or shorter when it is whole.
    let claimed_secs = audio::probe_file(path)
        .ok()
        .map(|info| info.duration_secs)
        .filter(|&secs| secs <= MOST_CLAIMED_SECS)
        .unwrap_or_default();
    let mut growth = Growth::new(claimed_secs);
    let sight = spectrum::sight_of_file(path, channel, cancel, &mut |values, peaks| {
        growth.take(values, peaks, grew);
    })?;
    Ok((growth.finish(&sight), Some(sight)))
}

/// Levels that follow a mel which grows.
struct Growth {
    builder: LevelsBuilder,
    claimed_secs: f64,
    shown: Option<Instant>,
}

impl Growth {
    fn new(claimed_secs: f64) -> Self {
        Self {
            builder: LevelsBuilder::new(Scale::DECIBELS),
            claimed_secs,
            shown: None,
        }
    }

    fn take(&mut self, values: &[f32], peaks: &Peaks, grew: &mut dyn FnMut(Picture)) {
        self.add(values);
        let due = match self.shown {
            None => self.builder.frames() >= FIRST_FRAMES,
            Some(last) => last.elapsed() >= SHOW_EVERY,
        };
        if due {
            let levels = self.builder.so_far();
            grew(Picture::beginning(levels, peaks.clone(), self.claimed_secs));
            self.shown = Some(Instant::now());
        }
    }

    fn add(&mut self, values: &[f32]) {
        let new = values.get(self.builder.frames() * MEL_BANDS..);
        let powers = new.unwrap_or_default().iter();
        self.builder.push(powers.map(|&power| level_db(power)));
    }

    fn finish(mut self, sight: &Sight) -> Picture {
        self.add(sight.mel.values());
        let levels = self.builder.finish();
        Picture::whole(levels, sight)
    }
}

/// A damaged file must not end the thread that also makes the next picture.
fn caught<T>(path: &Path, work: impl FnOnce() -> Result<T, SpectrumError>) -> Result<T, NoPicture> {
    match jobs::guarded(work) {
        Ok(result) => result.map_err(|error| NoPicture {
            lasts: lasts(&error),
            why: error.to_string(),
        }),
        Err(fault) => Err(NoPicture {
            why: format!(
                "the decoder broke on this file ({fault}); convert it to WAV and open that: {}",
                path.display()
            ),
            lasts: false,
        }),
    }
}

/// Whether an error is one of the file itself: permissions and disks may come back without a change of it.
fn lasts(error: &SpectrumError) -> bool {
    match error {
        SpectrumError::TooShort { .. } | SpectrumError::TooLong { .. } => true,
        SpectrumError::Audio(error) => matches!(
            error,
            AudioError::Unsupported { .. }
                | AudioError::Damaged { .. }
                | AudioError::Empty { .. }
                | AudioError::NoSound { .. }
                | AudioError::Limit { .. }
        ),
        SpectrumError::Storage(_) | SpectrumError::Table { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_grows_and_opens_at_once_the_second_time() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"), 1 << 24);
        let path = folder.path().join("sound.wav");
        let samples: Vec<f32> = (0..20 * 16_000)
            .map(|n| (n as f32 * 0.05).sin() * 0.5)
            .collect();
        audio::write_wav(&path, &samples, 16_000).unwrap();
        let mut early = Vec::new();
        let never = Cancel::default();
        let (picture, computed) = picture_of(
            &path,
            audio::Channel::Mean,
            &never,
            Some(&cache),
            &mut |part| early.push(part),
        )
        .unwrap();
        let first = &early[0];
        assert!(first.decoded_secs() < 10.0, "long before it is whole");
        assert!(
            (first.duration_secs() - 20.0).abs() < 0.1,
            "at its full length"
        );
        assert!(first.mel.is_none() && picture.mel.is_some());
        for frame in [0, first.levels.frames() - 1] {
            assert_eq!(first.level_db(20, frame), picture.level_db(20, frame));
        }
        spectrum::keep_sight(&path, audio::Channel::Mean, &computed.unwrap(), &cache);
        let (again, computed) = picture_of(
            &path,
            audio::Channel::Mean,
            &never,
            Some(&cache),
            &mut |_| {},
        )
        .unwrap();
        assert!(computed.is_none(), "nothing was decoded");
        assert_eq!(again.mel, picture.mel);
        assert_eq!(again.peaks, picture.peaks);
    }
}
