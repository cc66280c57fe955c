//! What the encoder makes of the masks: the two views, attention, and a batch. One thread; the newest request wins, and
//! what answers fastest comes first.

mod batch;
mod patchout;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use crate::gui::{
    jobs::{Answering, JobSlot, Newer, NoThread},
    message::{Message, Outbox, TeachMessage},
    model::{
        AttentionAnswer, AttentionKey, BatchAnswer, BatchKey, BatchTrack, EmbedError, EncoderFacts,
        EncoderSource, KeyedTable, Neighbour, TeachKey, ViewsAnswer,
    },
    work::embed::{EmbedRequest, embed},
};
use mynascope_audio::SAMPLE_RATE;
use mynascope_base::{
    jobs::{self, Progress},
    storage::Cache,
};
use mynascope_collection::Collection;
use mynascope_embedding::{cosine, neighbours};
use mynascope_encoder::{CheckpointError, EncoderError, LoadedEncoder, Patchout, total_memory};
use mynascope_spectrum::{
    HOP, Mel,
    tokens::{MEL_BANDS, View, WINDOW_FRAMES},
};

use patchout::{Found, WholeWindows};

/// One question.
pub struct TeachRequest {
    /// Which request.
    pub number: u64,
    /// What is asked.
    pub key: TeachKey,
    /// The two crops, [96 frames, 128] raw power.
    pub crops: [Vec<f32>; 2],
    /// The tracks that a batch is drawn from.
    pub collection: Arc<Collection>,
    /// The embeddings in which neighbours are looked for.
    pub table: Option<Arc<KeyedTable>>,
}

/// Starts the thread that answers. Mels are kept in `cache`, if there is one.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn start(
    outbox: &Outbox,
    cache: Option<Arc<Cache>>,
) -> std::io::Result<Answering<TeachRequest>> {
    let sends = outbox.clone();
    let mut cached = Cached {
        cache,
        ..Cached::default()
    };
    Answering::start("teach", outbox, move |request: TeachRequest, newer| {
        let answered = jobs::guarded(|| cached.answer(&request, newer, &sends));
        // Whatever became of it, no answer to this one follows.
        sends.send(Message::Teach(TeachMessage::Done(request.number)));
        if let Err(fault) = answered {
            sends.send(Message::Fault(fault));
        }
    })
}

/// Begins to embed the collection for neighbours.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start_embedding(
    slot: &mut JobSlot<Arc<KeyedTable>>,
    request: EmbedRequest,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let wrap = |update| Message::Teach(TeachMessage::Embedding(update));
    let broke_off = |fault| format!("The embedding broke off ({fault}); try another encoder");
    slot.start("teach-neighbours", outbox, wrap, broke_off, move |job| {
        let table = embed(&request, &job.watch).map_err(|end| match end {
            EmbedError::NeedsPatch => NEEDS_PATCH.to_owned(),
            EmbedError::Failed(why) => why,
        })?;
        job.found(table);
        Ok(())
    })
}

const NEEDS_PATCH: &str = "The chosen checkpoint doesn't say whether its patches are square or vertical; say it on the Map layout";

/// While questions keep coming, a batch is finished nevertheless once the last one is so old.
const BATCH_EVERY: Duration = Duration::from_millis(300);
/// Tracks in the list of neighbours.
const NEAREST: usize = 6;

/// What the thread keeps between questions.
#[derive(Default)]
struct Cached {
    cache: Option<Arc<Cache>>,
    encoder: Option<(EncoderSource, Version, LoadedEncoder)>,
    mels: HashMap<PathBuf, Option<Arc<Mel>>>,
    /// What the last batch was, with the views of the shown track.
    batch: Option<(BatchKey, Vec<BatchTrack>, [View; 2])>,
    batch_ended: Option<Instant>,
    attention: Option<(AttentionKey, View, Result<Arc<AttentionAnswer>, String>)>,
    whole: WholeWindows,
}

type Version = Option<(u64, SystemTime)>;

impl Cached {
    fn answer(&mut self, request: &TeachRequest, newer: &Newer<'_>, outbox: &Outbox) {
        let (number, key) = (request.number, &request.key);
        let send = |message| outbox.send(Message::Teach(message));
        if let Err(why) = self.load(&key.source) {
            self.batch = None;
            self.attention = None;
            send(TeachMessage::Views(number, Box::new(Err(why.clone()))));
            send(TeachMessage::Attention(number, Err(why.clone())));
            return send(TeachMessage::Batch(number, Err(why)));
        }
        let Some((_, _, encoder)) = &self.encoder else {
            return;
        };
        if encoder.shapes().is_empty() {
            let mut found = |found| {
                send(match found {
                    Found::Patchout(answer) => TeachMessage::Patchout(number, Box::new(answer)),
                    Found::Attention(answer) => {
                        TeachMessage::Attention(number, answer.map(Arc::new))
                    }
                });
            };
            let reading = (newer, self.cache.as_deref());
            return self.whole.compare(encoder, key, reading, &mut found);
        }
        let views = views(encoder, request);
        send(TeachMessage::Views(number, Box::new(views)));
        if let Some(wanted) = &key.attention {
            let [a, b] = &key.views;
            let view = if wanted.view.index() == 0 { a } else { b };
            let known = self.attention.take();
            let known = known.filter(|(key, of, _)| (key, of) == (wanted, view));
            let (.., answer) = self.attention.insert(known.unwrap_or_else(|| {
                let answer = attention(encoder, request, wanted, view);
                (wanted.clone(), view.clone(), answer.map(Arc::new))
            }));
            send(TeachMessage::Attention(number, answer.clone()));
        }
        let tracks = batch::pick(&request.collection, key.batch.tracks, &key.path);
        let batch = Some((key.batch, tracks, key.views.clone()));
        if self.batch == batch {
            return;
        }
        let Some((_, tracks, _)) = &batch else {
            return;
        };
        let begin = Instant::now();
        let hurried = self
            .batch_ended
            .is_none_or(|ended| ended.elapsed() > BATCH_EVERY);
        let mut reader = batch::Reader {
            channel: key.source.channel,
            mels: &mut self.mels,
            cache: self.cache.as_deref(),
            newer,
            progress: &|done, total| {
                let progress = Progress {
                    what: "reading tracks".to_owned(),
                    done: done as u64,
                    total: Some(total as u64),
                };
                outbox.send_if_room(Message::Teach(TeachMessage::BatchProgress(
                    number, progress,
                )));
            },
        };
        if reader.read(tracks).is_err() {
            return;
        }
        let give_up = || newer.has_newer() && !hurried;
        let Ok(result) = batch::compare(encoder, &self.mels, tracks, key, &give_up) else {
            return;
        };
        self.batch_ended = Some(Instant::now());
        self.batch = batch;
        let result = result.map(|answer| {
            Arc::new(BatchAnswer {
                seconds: begin.elapsed().as_secs_f64(),
                ..answer
            })
        });
        send(TeachMessage::Batch(number, result));
    }

    /// Opens the encoder unless it is the one that is open; training may have written a newer file.
    fn load(&mut self, source: &EncoderSource) -> Result<(), String> {
        let version = source.version();
        let open = self.encoder.as_ref();
        if open.is_some_and(|(old, had, _)| old == source && *had == version) {
            return Ok(());
        }
        if open.is_some_and(|(old, ..)| old.channel != source.channel) {
            self.mels.clear();
        }
        self.encoder = None;
        self.batch = None;
        self.attention = None;
        self.whole.clear();
        let mut options = source.load_options();
        // What is hidden here is said with every question.
        options.reading.patchout = Patchout::default();
        let opened = LoadedEncoder::open(&source.checkpoint, options, &source.device);
        let encoder = opened.map_err(|error| match error {
            EncoderError::Checkpoint(CheckpointError::NeedsPatch { .. }) => NEEDS_PATCH.to_owned(),
            error => error.to_string(),
        })?;
        self.encoder = Some((source.clone(), version, encoder));
        Ok(())
    }
}

/// What is wrong with a view of which no patch is left.
const NOTHING_LEFT: &str = "Nothing is left of this view; keep at least one patch of it";

fn views(encoder: &LoadedEncoder, request: &TeachRequest) -> Result<ViewsAnswer, String> {
    let begin = Instant::now();
    let [a, b] = &request.key.views;
    for view in [a, b] {
        if view.mask(encoder.shapes()).lacks_tokens() {
            return Err(NOTHING_LEFT.to_owned());
        }
    }
    let [crop_a, crop_b] = &request.crops;
    // Painted views may keep different numbers of tokens, so each goes in alone.
    let embed = |crop: &[f32], view: &View| {
        encoder
            .embed_windows(&[crop], Some(&[view.mask(encoder.shapes())]))
            .map_err(|error| error.to_string())
    };
    let of_a = embed(crop_a, a)?;
    let of_b = embed(crop_b, b)?;
    let seconds = begin.elapsed().as_secs_f64();
    let near = [&of_a, &of_b].map(|embedding| match &request.table {
        Some(table) => nearest(table, embedding),
        None => Vec::new(),
    });
    Ok(ViewsAnswer {
        path: request.key.path.clone(),
        cosine: cosine(&of_a, &of_b),
        near,
        encoder: EncoderFacts {
            description: encoder.description().to_owned(),
            config: encoder.myna(),
            blocks: encoder.blocks_read(),
            device: encoder.device().to_owned(),
        },
        memory_bytes: total_memory(),
        seconds,
    })
}

/// The nearest window of each of the nearest tracks.
fn nearest(table: &KeyedTable, embedding: &[f32]) -> Vec<Neighbour> {
    let table = &table.table;
    let mut found: Vec<Neighbour> = Vec::new();
    for neighbour in neighbours(table, embedding, table.rows(), |_| false) {
        let track = table.track.get(neighbour.row);
        let Some(track) = track.and_then(|&track| table.tracks.get(track as usize)) else {
            continue;
        };
        if found.iter().any(|near| near.path == track.path) {
            continue;
        }
        found.push(Neighbour {
            path: track.path.clone(),
            start_secs: f64::from(
                table
                    .timestamps
                    .get(neighbour.row)
                    .copied()
                    .unwrap_or_default(),
            ),
            cosine: neighbour.cosine,
        });
        if found.len() == NEAREST {
            break;
        }
    }
    found
}

fn attention(
    encoder: &LoadedEncoder,
    request: &TeachRequest,
    wanted: &AttentionKey,
    view: &View,
) -> Result<AttentionAnswer, String> {
    let shapes = encoder.shapes();
    let grid = shapes.iter().position(|&shape| shape == wanted.shape);
    let grid = grid.unwrap_or(0);
    let all: Vec<usize>;
    let mask = view.mask(shapes);
    let kept = if wanted.whole {
        let grids = &encoder.info().grids;
        all = (0..grids.get(grid).map_or(0, |grid| grid.tokens())).collect();
        all.as_slice()
    } else {
        mask.of(grid)
    };
    if kept.is_empty() {
        return Err(NOTHING_LEFT.to_owned());
    }
    let [a, b] = &request.crops;
    let crop = if wanted.view.index() == 0 { a } else { b };
    let trace = encoder
        .attention(crop, grid, kept)
        .map_err(|error| error.to_string())?;
    Ok(AttentionAnswer {
        view: wanted.view,
        start_secs: (view.start_frame * HOP) as f64 / f64::from(SAMPLE_RATE),
        trace,
    })
}

/// A window of a mel, [96 frames, 128]; silence behind its end.
pub fn crop_of(mel: &Mel, start_frame: usize) -> Vec<f32> {
    let first = start_frame
        .saturating_mul(MEL_BANDS)
        .min(mel.values().len());
    let rest = mel.values().get(first..).unwrap_or_default();
    let length = WINDOW_FRAMES * MEL_BANDS;
    let mut crop = rest
        .get(..length.min(rest.len()))
        .unwrap_or_default()
        .to_vec();
    crop.resize(length, 0.0);
    crop
}
