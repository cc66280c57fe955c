//! What the probe says of the shown track over time, worked out beside the window. The newest track wins.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    message::{Message, Outbox},
    model::{EncoderSource, KeyedTable, ProbeMessage},
};
use mynascope_base::{
    jobs::{self, Job, Latest, Watch},
    storage::Cache,
};
use mynascope_collection::{Collection, CollectionKind, Track};
use mynascope_probe::{EncoderId, TrackAnswer, TrainedProbe, predict_collection};

use super::embed::{WorkEnd, open};

/// A track to answer for.
pub struct StripRequest {
    pub probe: Arc<TrainedProbe>,
    pub path: PathBuf,
    /// Embeddings that are there already.
    pub table: Option<Arc<KeyedTable>>,
    /// Device and patches of the encoder; which one it is, the probe says.
    pub source: EncoderSource,
    pub mels: Option<Arc<Cache>>,
}

/// The thread that answers.
pub struct StripWork {
    requests: Latest<StripRequest>,
    waits_for: Option<PathBuf>,
    _thread: Job,
}

impl StripWork {
    /// Starts the thread.
    pub fn start(outbox: Outbox) -> std::io::Result<Self> {
        let (requests, inbox) = jobs::latest::<StripRequest>();
        let failed = outbox.clone();
        let thread = jobs::spawn(
            "probe-strip",
            move |_| {
                while let Some(request) = inbox.wait() {
                    let answer = answer(&request);
                    outbox.send(Message::Probe(ProbeMessage::Strip(request.path, answer)));
                }
            },
            move |fault| failed.send(Message::Fault(fault)),
        )?;
        Ok(Self {
            requests,
            waits_for: None,
            _thread: thread,
        })
    }

    /// Asks for a track; another that still waits is given up.
    pub fn request(&mut self, request: StripRequest) {
        self.waits_for = Some(request.path.clone());
        self.requests.post(request);
    }

    /// The answer for a track is there.
    pub fn arrived(&mut self, path: &std::path::Path) {
        if self.waits_for.as_deref() == Some(path) {
            self.waits_for = None;
        }
    }

    /// Whether an answer is waited for.
    pub fn is_busy(&self) -> bool {
        self.waits_for.is_some()
    }
}

fn answer(request: &StripRequest) -> Result<TrackAnswer, String> {
    let probe = &request.probe;
    if let Some(table) = &request.table
        && table.id.hash == probe.card.encoder.hash
    {
        let mut tracks = table.table.tracks.iter();
        if let Some(place) = tracks.position(|track| track.path == request.path) {
            let answer = probe.answer_track(&table.table, place);
            return answer.map_err(|error| error.to_string());
        }
    }
    // A track that was not embedded: of another collection, or after another encoder was chosen.
    let source = encoder_of(probe, &request.source);
    let watch = Watch::unattended();
    let encoder = open(&source, &watch).map_err(|end| match end {
        WorkEnd::NeedsPatch => "its checkpoint doesn't say how its patches are cut; choose that encoder and its patches at the left".to_owned(),
        WorkEnd::Failed(error) => error,
    })?;
    let id = EncoderId::of(&encoder, &source.checkpoint);
    let collection = Collection {
        name: String::new(),
        kind: CollectionKind::Files,
        tracks: vec![Track::of_file(&request.path)],
        split: None,
        notes: Vec::new(),
    };
    let mels = request.mels.as_deref();
    let mut said = predict_collection(
        probe,
        &collection,
        &encoder,
        &id,
        source.channel,
        mels,
        &watch,
    )
    .map_err(|error| error.to_string())?;
    said.tracks
        .pop()
        .ok_or_else(|| "it gave no embedding".to_owned())
}

/// The encoder that a probe was trained on.
pub fn encoder_of(probe: &TrainedProbe, chosen: &EncoderSource) -> EncoderSource {
    let checkpoint = match probe.card.encoder.checkpoint.parse() {
        Ok(checkpoint) => checkpoint,
        Err(never) => match never {},
    };
    EncoderSource {
        checkpoint,
        weights: probe.card.encoder.weights.clone(),
        ..chosen.clone()
    }
}
