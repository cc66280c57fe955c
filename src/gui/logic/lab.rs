//! The layout Teach: asks for what the mask does to the embedding, and takes the answers in.

use std::sync::Arc;

use crate::gui::{
    command::LabCommand,
    jobs::JobEvent,
    message::LabMessage,
    model::{
        AppState, BATCH_TRACKS, BatchKey, LabForm, LabKey, Layer, LookKey, PictureState,
        TEMPERATURES, WINDOW_SECS,
    },
    work::{
        Workers,
        embed::EmbedRequest,
        lab::{LabRequest, crop_of, start_embedding},
    },
    workspace::Workspace,
};
use mynascope_spectrum::tokens::ViewName;

use super::{map, sound};

/// A collection of so many tracks is embedded without being asked for.
const EMBED_UP_TO: usize = 300;

pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: LabCommand) {
    match command {
        LabCommand::Edit(form) => {
            model.lab.form = LabForm {
                tracks: form
                    .tracks
                    .clamp(*BATCH_TRACKS.start(), *BATCH_TRACKS.end()),
                temperature: form
                    .temperature
                    .clamp(*TEMPERATURES.start(), *TEMPERATURES.end()),
                blocks: form.blocks.max(1),
                ..form
            };
        }
        LabCommand::Point(token) => model.lab.pointed = Some(token),
        LabCommand::HearPair(pair) => {
            let [first, _] = &pair;
            let (path, start_secs) = (first.path.clone(), first.start_secs);
            model.lab.heard = Some(pair);
            model.lab.second_heard = false;
            map::play_from(model, workers, path, start_secs);
        }
        LabCommand::CopyMatrix => {
            if let Some(batch) = &model.lab.batch.value {
                workers.outbox.copy_text(batch.to_csv());
                let text = "The cosines are on the clipboard, as CSV";
                model.notices.note(text);
            }
        }
        LabCommand::Embed => embed(model, workers),
        LabCommand::StopEmbedding => {
            model.lab.embedding.stop();
            model.lab.embed_problem = Some("Stopped".to_owned());
        }
    }
}

pub(super) fn receive(model: &mut AppState, workers: &mut Workers, message: LabMessage) {
    let lab = &mut model.lab;
    match message {
        LabMessage::Views(number, mut result) => {
            // Pictures of the window must not depend on the machine.
            if !workers.remember
                && let Ok(answer) = result.as_mut()
            {
                answer.memory_bytes = None;
            }
            lab.views.take(number, lab.since, *result);
        }
        LabMessage::Look(number, result) => lab.look.take(number, lab.since, result),
        LabMessage::Batch(number, result) => {
            lab.batch.take(number, lab.batch_since, result);
            lab.batch_progress = None;
        }
        LabMessage::BatchProgress(number, progress) => {
            if number >= lab.batch_since {
                lab.batch_progress = Some(progress);
            }
        }
        LabMessage::Done(number) => {
            lab.done = lab.done.max(number);
            if number == lab.number {
                lab.batch_progress = None;
            }
        }
        LabMessage::Embedding(update) => match lab.embedding.take(update) {
            Some(JobEvent::Found(table)) => model.embeddings.table = Some(table),
            Some(JobEvent::Ended(Err(why))) => lab.embed_problem = Some(why),
            Some(JobEvent::Ended(Ok(()))) | None => {}
        },
    }
}

/// Forgets what belongs to a collection that is not open any more.
pub(super) fn forget(model: &mut AppState) {
    model.lab.forget();
}

/// Asks for what the shown mask, track and encoder need, if it was not asked for yet. To be called once a frame.
pub fn follow(model: &mut AppState, workers: &mut Workers) {
    follow_pair(model, workers);
    if model.workspace != Workspace::Teach {
        return;
    }
    embed_by_itself(model, workers);
    ask(model, workers);
}

fn ask(model: &mut AppState, workers: &mut Workers) {
    let PictureState::Ready { path, picture } = &model.spectrogram.state else {
        return;
    };
    let (Some(collection), Some(mel)) = (&model.library.collection, &picture.mel) else {
        return;
    };
    let frames = mel.frames();
    let (mask, form) = (&model.mask, &model.lab.form);
    let source = &model.embeddings.source;
    let table = model
        .embeddings
        .table
        .as_ref()
        .filter(|table| table.key.fits(collection, source));
    let key = LabKey {
        source: source.clone(),
        path: path.clone(),
        views: ViewName::BOTH.map(|view| mask.crop(view, frames)),
        look: (form.layer != Layer::None).then_some(LookKey {
            view: mask.form.active,
            shape: mask.form.shape,
            whole: form.whole,
        }),
        batch: BatchKey {
            tracks: form.tracks,
            seed: mask.form.seed,
            kind: mask.form.kind,
            ratio: mask.form.ratio,
        },
        table: table.map(|table| Arc::as_ptr(table) as usize),
    };
    let asked = model.lab.asked.as_ref();
    if asked == Some(&key) {
        return;
    }
    let lab_number = model.lab.number + 1;
    let same_encoder = asked.is_some_and(|asked| asked.source == key.source);
    let same_track = asked.is_some_and(|asked| asked.path == key.path);
    let same_batch = asked.is_some_and(|asked| {
        same_encoder && same_track && asked.batch == key.batch && asked.views == key.views
    });
    let crops = [0, 1].map(|view| {
        let start = key.views.get(view).map_or(0, |view| view.start_frame);
        crop_of(mel, start)
    });
    workers.lab.ask(LabRequest {
        number: lab_number,
        key: key.clone(),
        crops,
        collection: Arc::clone(collection),
        table: table.cloned(),
    });
    let lab = &mut model.lab;
    lab.number = lab_number;
    if !same_batch {
        lab.batch_wanted = lab_number;
    }
    if !(same_encoder && same_track) {
        lab.since = lab_number;
        lab.views.clear();
        lab.look.clear();
    }
    if !same_encoder {
        lab.batch_since = lab_number;
        lab.batch.clear();
        lab.embed_problem = None;
    }
    // What is shown of another window or mask would mislead.
    if lab.asked.as_ref().and_then(|asked| asked.look.as_ref()) != key.look.as_ref() {
        lab.look.clear();
    }
    lab.asked = Some(key);
}

/// Embeds a small collection as soon as neighbours can be shown; a large one only when it is asked for.
fn embed_by_itself(model: &mut AppState, workers: &mut Workers) {
    let (lab, embeddings) = (&model.lab, &model.embeddings);
    let Some(collection) = &model.library.collection else {
        return;
    };
    let fits = embeddings
        .table
        .as_ref()
        .is_some_and(|table| table.key.fits(collection, &embeddings.source));
    // The first answer of the encoder comes first; it also tells whether the checkpoint can be read.
    let idle = !lab.embedding.is_running() && !model.mapping.job.is_running();
    if !fits
        && idle
        && lab.embed_problem.is_none()
        && lab.batch.value.is_some()
        && collection.tracks.len() <= EMBED_UP_TO
    {
        embed(model, workers);
    }
}

fn embed(model: &mut AppState, workers: &mut Workers) {
    let Some(collection) = &model.library.collection else {
        return;
    };
    let request = EmbedRequest::of(model, collection, workers.cache.as_ref());
    model.lab.embed_problem = None;
    let slot = &mut model.lab.embedding;
    if let Err(error) = start_embedding(slot, request, &workers.outbox) {
        model.lab.embed_problem = Some(error.to_string());
    }
}

/// Goes on to the second crop of a pair, and stops at its end. Anything else that a user plays ends the pair.
fn follow_pair(model: &mut AppState, workers: &mut Workers) {
    let Some(pair) = &model.lab.heard else {
        return;
    };
    let [first, second] = pair;
    let now = if model.lab.second_heard {
        second
    } else {
        first
    };
    if model.spectrogram.path() != Some(now.path.as_path()) {
        model.lab.heard = None;
        return;
    }
    let position = model.transport.position_secs;
    let ended = position >= now.start_secs + WINDOW_SECS;
    // A player that has not begun yet still tells the old place.
    if !ended || position > now.start_secs + 2.0 * WINDOW_SECS {
        return;
    }
    if model.lab.second_heard {
        model.lab.heard = None;
        sound::pause(workers);
    } else {
        let (path, start_secs) = (second.path.clone(), second.start_secs);
        model.lab.second_heard = true;
        map::play_from(model, workers, path, start_secs);
    }
}
