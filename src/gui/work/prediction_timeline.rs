//! What the probe says of the shown track over time, worked out beside the window. The newest track wins.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    jobs::Answering,
    message::{Message, Outbox, ProbeMessage},
    model::{EmbedError, EncoderSource, KeyedTable, TrackRole},
};
use mynascope_base::{
    jobs::{self, Watch},
    storage::Cache,
};
use mynascope_collection::{Collection, CollectionKind, Track};
use mynascope_probe::{EncoderId, TrackAnswer, TrainedProbe, predict_collection};

use super::embed::open;

/// A track to answer for.
pub struct TimelineRequest {
    /// The probe.
    pub probe: Arc<TrainedProbe>,
    /// The file of the track.
    pub path: PathBuf,
    /// Embeddings that are there already.
    pub table: Option<Arc<KeyedTable>>,
    /// Device and patches of the encoder; which one it is, the probe says.
    pub source: EncoderSource,
    /// Where computed mels are kept.
    pub mels: Option<Arc<Cache>>,
}

/// Starts the thread that answers.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn start(outbox: &Outbox) -> std::io::Result<Answering<TimelineRequest>> {
    let sends = outbox.clone();
    Answering::start(
        "prediction-timeline",
        outbox,
        move |request: TimelineRequest, _| {
            // A panic is an answer too: who has none would ask again.
            let answer = jobs::guarded(|| answer(&request)).and_then(|answer| answer);
            sends.send(Message::Probe(ProbeMessage::Timeline(request.path, answer)));
        },
    )
}

fn answer(request: &TimelineRequest) -> Result<(TrackRole, TrackAnswer), String> {
    let (probe, path) = (&request.probe, request.path.as_path());
    // A tested track is answered by the probe that did not see it.
    if let Some(answer) = probe.answer_held_out(path) {
        return Ok((TrackRole::HeldOut, answer));
    }
    let role = match probe.has_seen(path, request.mels.as_deref()) {
        true => TrackRole::InTraining,
        false => TrackRole::New,
    };
    Ok((role, answer_now(request)?))
}

fn answer_now(request: &TimelineRequest) -> Result<TrackAnswer, String> {
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
        EmbedError::NeedsPatch => "its checkpoint doesn't say how its patches are cut; choose that encoder and its patches at the left".to_owned(),
        EmbedError::Failed(error) => error,
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
    let mut predicted = predict_collection(
        probe,
        &collection,
        &encoder,
        &id,
        source.channel,
        mels,
        &watch,
    )
    .map_err(|error| error.to_string())?;
    predicted
        .tracks
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
        heads: probe.card.encoder.heads,
        reading: probe.card.encoder.reading,
        ..chosen.clone()
    }
}
