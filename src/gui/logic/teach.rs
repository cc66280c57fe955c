//! The layout Teach: asks for what the mask does to the embedding, and takes the answers in.

use std::sync::Arc;

use crate::gui::{
    command::TeachCommand,
    jobs::JobEvent,
    message::TeachMessage,
    model::{
        AppState, AttentionKey, BATCH_TRACKS, BatchKey, Layer, MOST_PATCHOUT, PictureState,
        TEMPERATURES, TeachForm, TeachKey, WINDOW_SECS, WindowKey,
    },
    work::{
        Workers,
        embed::EmbedRequest,
        teach::{TeachRequest, crop_of, start_embedding},
    },
    workspace::Workspace,
};
use mynascope_encoder::Patchout;
use mynascope_spectrum::tokens::ViewName;

use super::{map, sound};

/// A collection of so many tracks is embedded without being asked for.
const EMBED_UP_TO: usize = 300;

pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: TeachCommand) {
    match command {
        TeachCommand::Edit(form) => {
            model.teaching.form = TeachForm {
                tracks: form
                    .tracks
                    .clamp(*BATCH_TRACKS.start(), *BATCH_TRACKS.end()),
                temperature: form
                    .temperature
                    .clamp(*TEMPERATURES.start(), *TEMPERATURES.end()),
                blocks: form.blocks.max(1),
                patchout: Patchout {
                    every: form.patchout.every.clamp(1, MOST_PATCHOUT),
                    ..form.patchout
                },
                ..form
            };
        }
        TeachCommand::Point(token) => model.teaching.pointed = Some(token),
        TeachCommand::HearPair(pair) => {
            let [first, _] = &pair;
            let (path, start_secs) = (first.path.clone(), first.start_secs);
            model.teaching.heard = Some(pair);
            model.teaching.second_heard = false;
            map::play_from(model, workers, path, start_secs);
        }
        TeachCommand::CopyMatrix => {
            if let Some(batch) = &model.teaching.batch.value {
                workers.outbox.copy_text(batch.to_csv());
                let text = "The cosines are on the clipboard, as CSV";
                model.notices.note(text);
            }
        }
        TeachCommand::Embed => embed(model, workers),
        TeachCommand::StopEmbedding => {
            model.teaching.embedding.stop();
            model.teaching.embed_problem = Some("Stopped".to_owned());
        }
    }
}

pub(super) fn receive(model: &mut AppState, workers: &mut Workers, message: TeachMessage) {
    let teaching = &mut model.teaching;
    match message {
        TeachMessage::Views(number, mut result) => {
            // Pictures of the window must not depend on the machine.
            if !workers.remember
                && let Ok(answer) = result.as_mut()
            {
                answer.memory_bytes = None;
            }
            teaching.views.take(number, teaching.since, *result);
        }
        TeachMessage::Patchout(number, mut result) => {
            // Nor must they depend on its speed.
            if !workers.remember
                && let Ok(answer) = result.as_mut()
            {
                answer.seconds = None;
            }
            teaching.patchout.take(number, teaching.since, *result);
        }
        TeachMessage::Attention(number, result) => {
            teaching.attention.take(number, teaching.since, result)
        }
        TeachMessage::Batch(number, result) => {
            teaching.batch.take(number, teaching.batch_since, result);
            teaching.batch_progress = None;
        }
        TeachMessage::BatchProgress(number, progress) => {
            if number >= teaching.batch_since {
                teaching.batch_progress = Some(progress);
            }
        }
        TeachMessage::Done(number) => {
            teaching.done = teaching.done.max(number);
            if number == teaching.number {
                teaching.batch_progress = None;
            }
        }
        TeachMessage::Embedding(update) => match teaching.embedding.take(update) {
            Some(JobEvent::Found(table)) => model.embeddings.table = Some(table),
            Some(JobEvent::Ended(Err(why))) => teaching.embed_problem = Some(why),
            Some(JobEvent::Ended(Ok(()))) | None => {}
        },
    }
}

/// Forgets what belongs to a collection that is not open any more.
pub(super) fn forget(model: &mut AppState) {
    model.teaching.forget();
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
    let (mask, form) = (&model.mask, &model.teaching.form);
    let source = &model.embeddings.source;
    let table = model
        .embeddings
        .table
        .as_ref()
        .filter(|table| table.key.fits(collection, source));
    let key = TeachKey {
        source: source.clone(),
        path: path.clone(),
        views: ViewName::BOTH.map(|view| mask.crop(view, frames)),
        attention: (form.layer != Layer::None).then_some(AttentionKey {
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
        window: mask
            .window()
            .map(|(start_secs, mask)| WindowKey { start_secs, mask }),
        table: table.map(|table| Arc::as_ptr(table) as usize),
    };
    let asked = model.teaching.asked.as_ref();
    if asked == Some(&key) {
        return;
    }
    let lab_number = model.teaching.number + 1;
    let same_encoder = asked.is_some_and(|asked| asked.source == key.source);
    let same_track = asked.is_some_and(|asked| asked.path == key.path);
    let same_batch = asked.is_some_and(|asked| {
        same_encoder && same_track && asked.batch == key.batch && asked.views == key.views
    });
    let crops = [0, 1].map(|view| {
        let start = key.views.get(view).map_or(0, |view| view.start_frame);
        crop_of(mel, start)
    });
    workers.teach.ask(TeachRequest {
        number: lab_number,
        key: key.clone(),
        crops,
        collection: Arc::clone(collection),
        table: table.cloned(),
    });
    let teaching = &mut model.teaching;
    teaching.number = lab_number;
    if !same_batch {
        teaching.batch_wanted = lab_number;
    }
    if !(same_encoder && same_track) {
        teaching.since = lab_number;
        teaching.views.clear();
        teaching.patchout.clear();
        teaching.attention.clear();
    }
    if !same_encoder {
        teaching.batch_since = lab_number;
        teaching.batch.clear();
        teaching.embed_problem = None;
    }
    // What is shown of another window or mask would mislead.
    if teaching
        .asked
        .as_ref()
        .and_then(|asked| asked.attention.as_ref())
        != key.attention.as_ref()
    {
        teaching.attention.clear();
    }
    teaching.asked = Some(key);
}

/// Embeds a small collection as soon as neighbours can be shown; a large one only when it is asked for.
fn embed_by_itself(model: &mut AppState, workers: &mut Workers) {
    let (teaching, embeddings) = (&model.teaching, &model.embeddings);
    let Some(collection) = &model.library.collection else {
        return;
    };
    let fits = embeddings
        .table
        .as_ref()
        .is_some_and(|table| table.key.fits(collection, &embeddings.source));
    // The first answer of the encoder comes first; it also tells whether the checkpoint can be read.
    let idle = !teaching.embedding.is_running() && !model.mapping.job.is_running();
    if !fits
        && idle
        && teaching.embed_problem.is_none()
        && teaching.batch.value.is_some()
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
    model.teaching.embed_problem = None;
    let slot = &mut model.teaching.embedding;
    if let Err(error) = start_embedding(slot, request, &workers.outbox) {
        model.teaching.embed_problem = Some(error.to_string());
    }
}

/// Goes on to the second crop of a pair, and stops at its end. Anything else that a user plays ends the pair.
fn follow_pair(model: &mut AppState, workers: &mut Workers) {
    let Some(pair) = &model.teaching.heard else {
        return;
    };
    let [first, second] = pair;
    let now = if model.teaching.second_heard {
        second
    } else {
        first
    };
    if model.spectrogram.path() != Some(now.path.as_path()) {
        model.teaching.heard = None;
        return;
    }
    let position = model.transport.position_secs;
    let ended = position >= now.start_secs + WINDOW_SECS;
    // A player that has not begun yet still tells the old place.
    if !ended || position > now.start_secs + 2.0 * WINDOW_SECS {
        return;
    }
    if model.teaching.second_heard {
        model.teaching.heard = None;
        sound::pause(workers);
    } else {
        let (path, start_secs) = (second.path.clone(), second.start_secs);
        model.teaching.second_heard = true;
        map::play_from(model, workers, path, start_secs);
    }
}
