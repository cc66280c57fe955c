//! Asks an encoder for the keys of the shown track, and how those of a window turn when it is transposed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::gui::{
    jobs::Answering,
    message::{KeysMessage, Message, Outbox},
    model::EncoderSource,
};
use mynascope_audio::{SAMPLE_RATE, load_mono};
use mynascope_base::{
    jobs::{self, Cancel, Progress, Watch},
    storage::Cache,
};
use mynascope_embedding::{EmbeddingError, TrackKeys};

use super::{embed, styles};

/// What is wanted of a track.
pub enum KeysWanted {
    /// The keys of all windows.
    Track,
    /// The transpositions of one window.
    Window {
        /// Its number.
        window: usize,
        /// Where it begins, in seconds.
        start_secs: f32,
    },
}

/// A question about a track.
pub struct KeysRequest {
    /// The file of the track.
    pub path: PathBuf,
    /// The encoder, read as key profiles.
    pub source: EncoderSource,
    /// What is wanted.
    pub wanted: KeysWanted,
    /// Where what was computed is kept.
    pub cache: Option<Arc<Cache>>,
    /// Set when nobody wants to know any more.
    pub cancel: Cancel,
}

/// What stays open between two questions.
#[derive(Default)]
struct Open {
    encoder: styles::OpenEncoder,
    /// The sound of the track that was asked for last, 16 kHz mono.
    sound: Option<(PathBuf, EncoderSource, Vec<f32>)>,
}

/// Starts the thread that answers. A question that was cancelled is given up between two windows.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn start(outbox: &Outbox) -> std::io::Result<Answering<KeysRequest>> {
    let sends = outbox.clone();
    let mut open = Open::default();
    Answering::start("keys", outbox, move |request: KeysRequest, _| {
        // A panic is an answer too: who has none would ask again.
        let answer = jobs::guarded(|| open.answer(&request));
        if answer.is_err() {
            open = Open::default();
        }
        let answer = answer.unwrap_or_else(|fault| Some(failed(&request, fault)));
        if let Some(answer) = answer {
            sends.send(Message::Keys(answer));
        }
    })
}

fn failed(request: &KeysRequest, why: String) -> KeysMessage {
    let (path, source) = (request.path.clone(), request.source.clone());
    match request.wanted {
        KeysWanted::Track => KeysMessage::Shown(path, source, Err(why)),
        KeysWanted::Window { window, .. } => KeysMessage::Turned {
            path,
            source,
            window,
            profiles: Err(why),
        },
    }
}

impl Open {
    /// `None` where it was cancelled.
    fn answer(&mut self, request: &KeysRequest) -> Option<KeysMessage> {
        let source = &request.source;
        let version = source.version();
        let known = self.encoder.as_ref();
        if !known.is_some_and(|(of, had, _)| of == source && *had == version) {
            self.encoder = None;
            match embed::open(source, &Watch::unattended()) {
                Ok(encoder) => self.encoder = Some((source.clone(), version, encoder)),
                Err(error) => return Some(failed(request, styles::in_words(error))),
            }
        }
        let (_, _, encoder) = self.encoder.as_ref()?;
        let quiet = |_: Progress| {};
        let watch = Watch::new(request.cancel.clone(), &quiet);
        match request.wanted {
            KeysWanted::Track => {
                let cache = request.cache.as_deref();
                let known =
                    TrackKeys::of_track(&request.path, encoder, source.channel, cache, &watch);
                let known = match known {
                    Err(EmbeddingError::Cancelled(_)) => return None,
                    known => known.map_err(styles::why),
                };
                let (path, source) = (request.path.clone(), source.clone());
                Some(KeysMessage::Shown(path, source, known))
            }
            KeysWanted::Window { window, start_secs } => {
                let sound = sound_of(&mut self.sound, &request.path, source, &request.cancel);
                let profiles = match sound {
                    Err(_) if request.cancel.is_cancelled() => return None,
                    Err(why) => Err(why),
                    Ok(samples) => {
                        let first = (f64::from(start_secs) * f64::from(SAMPLE_RATE)).round();
                        let rest = samples.get(first as usize..).unwrap_or_default();
                        let profiles = encoder.transposed_key_profiles(rest);
                        profiles.map_err(|error| error.to_string())
                    }
                };
                Some(KeysMessage::Turned {
                    path: request.path.clone(),
                    source: source.clone(),
                    window,
                    profiles,
                })
            }
        }
    }
}

/// The sound of a track, decoded unless it is kept.
fn sound_of<'a>(
    kept: &'a mut Option<(PathBuf, EncoderSource, Vec<f32>)>,
    path: &Path,
    source: &EncoderSource,
    cancel: &Cancel,
) -> Result<&'a [f32], String> {
    let is_kept = kept
        .as_ref()
        .is_some_and(|(of, by, _)| of == path && by.channel == source.channel);
    if !is_kept {
        *kept = None;
        let loaded = load_mono(path, SAMPLE_RATE, source.channel, cancel);
        let (samples, _) = loaded.map_err(|error| error.to_string())?;
        *kept = Some((path.to_path_buf(), source.clone(), samples));
    }
    Ok(kept.as_ref().map_or(&[], |(_, _, samples)| samples))
}
