//! Asks the classifier of an encoder for styles: of the shown track at once, of all tracks one after the other.

use std::{path::PathBuf, sync::Arc, time::SystemTime};

use crate::gui::{
    jobs::{Answering, JobSlot, NoThread},
    message::{Message, Outbox, StylesMessage},
    model::{EmbedError, EncoderSource, StylesFound},
};
use mynascope_base::{
    jobs::{self, Cancel, Progress, Watch},
    storage::Cache,
};
use mynascope_embedding::{EmbeddingError, TrackStyles};
use mynascope_encoder::LoadedEncoder;

use super::embed;

/// A track whose styles are wanted.
pub struct StylesRequest {
    /// The file of the track.
    pub path: PathBuf,
    /// The encoder, read as its styles.
    pub source: EncoderSource,
    /// Where what was computed is kept.
    pub cache: Option<Arc<Cache>>,
    /// Set when nobody wants to know any more.
    pub cancel: Cancel,
}

/// The encoder that is open, and the version of its file.
pub type OpenEncoder = Option<(EncoderSource, Option<(u64, SystemTime)>, LoadedEncoder)>;

/// Starts the thread that computes the styles of the shown track. A question that was cancelled is given up between two windows.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn start(outbox: &Outbox) -> std::io::Result<Answering<StylesRequest>> {
    let sends = outbox.clone();
    let mut open: OpenEncoder = None;
    Answering::start("styles", outbox, move |request: StylesRequest, _| {
        // A panic is an answer too: who has none would ask again.
        let known = jobs::guarded(|| compute(&request, &mut open)).unwrap_or_else(|fault| {
            open = None;
            Some(Err(fault))
        });
        if let Some(styles) = known {
            let StylesRequest { path, source, .. } = request;
            sends.send(Message::Styles(StylesMessage::Shown(path, source, styles)));
        }
    })
}

/// `None` where it was cancelled.
fn compute(request: &StylesRequest, open: &mut OpenEncoder) -> Option<Result<TrackStyles, String>> {
    let source = &request.source;
    let version = source.version();
    let known = open.as_ref();
    if !known.is_some_and(|(of, had, _)| of == source && *had == version) {
        *open = None;
        match embed::open(source, &Watch::unattended()) {
            Ok(encoder) => *open = Some((source.clone(), version, encoder)),
            Err(error) => return Some(Err(in_words(error))),
        }
    }
    let (_, _, encoder) = open.as_ref()?;
    let quiet = |_: Progress| {};
    let watch = Watch::new(request.cancel.clone(), &quiet);
    let cache = request.cache.as_deref();
    let known = TrackStyles::of_track(&request.path, encoder, source.channel, cache, &watch);
    match known {
        Err(EmbeddingError::Cancelled(_)) => None,
        known => Some(known.map_err(why)),
    }
}

/// Tracks whose styles are wanted.
pub struct StylesJob {
    /// Their files.
    pub paths: Vec<PathBuf>,
    /// The encoder, read as its styles.
    pub source: EncoderSource,
    /// Where what was computed is kept.
    pub cache: Option<Arc<Cache>>,
}

/// Starts to compute the styles of many tracks; each is sent as soon as it is known.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start_job(
    slot: &mut JobSlot<StylesFound>,
    work: StylesJob,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let wrap = |update| Message::Styles(StylesMessage::Job(update));
    let broke_off =
        |fault| format!("The styles broke off ({fault}); try again, or another encoder");
    slot.start("styles-of-all", outbox, wrap, broke_off, move |job| {
        let encoder = embed::open(&work.source, &job.watch).map_err(in_words)?;
        let total = work.paths.len() as u64;
        // What the pass over one track says of its own progress would jump to and fro.
        let quiet = |_: Progress| {};
        for (done, path) in (0..).zip(&work.paths) {
            job.watch.progress("computing styles", done, Some(total));
            let watch = Watch::new(job.watch.cancel().clone(), &quiet);
            let (channel, cache) = (work.source.channel, work.cache.as_deref());
            job.found(
                match TrackStyles::of_track(path, &encoder, channel, cache, &watch) {
                    Ok(styles) => StylesFound::Track(styles),
                    Err(error @ EmbeddingError::Cancelled(_)) => return Err(error.to_string()),
                    Err(error) => StylesFound::Skipped(path.clone(), why(error)),
                },
            );
        }
        Ok(())
    })
}

/// Of a track that could not be read, what is wrong with it.
pub fn why(error: EmbeddingError) -> String {
    match error {
        EmbeddingError::NothingEmbedded { first, .. } => first,
        error => error.to_string(),
    }
}

/// Why an encoder could not be opened.
pub fn in_words(error: EmbedError) -> String {
    match error {
        EmbedError::NeedsPatch => "the checkpoint doesn't say how its patches are cut".to_owned(),
        EmbedError::Failed(why) => why,
    }
}
