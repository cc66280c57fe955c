//! The encoder that all layouts share.

use std::path::PathBuf;

use crate::gui::{
    command::{EncoderCommand, ProbeCommand},
    jobs::JobEvent,
    message::{EncoderMessage, Message},
    model::{AppState, AskedFor, ChosenCheckpoint, EncoderSource, Overlay},
    work::{
        Workers,
        checkpoint::{self, ChosenFor},
        hub, precision_gains,
    },
};

use crate::gui::model::step_of;

use super::{map, probe, window::show_overlay};

pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: EncoderCommand) {
    match command {
        EncoderCommand::Use(source) => use_source(model, workers, source),
        EncoderCommand::UseFile(path) => use_file(model, path),
        EncoderCommand::ShowPublished => {
            show_overlay(model, workers, Some(Overlay::Published));
        }
        EncoderCommand::ChooseFile => {
            let title = "Choose a checkpoint";
            let asked =
                checkpoint::choose(title, ChosenFor::Embedding, &workers.outbox, |chosen| {
                    Message::Encoder(EncoderMessage::Chosen(chosen))
                });
            model.notices.error_of(asked);
        }
        EncoderCommand::MeasurePrecisions => measure_precisions(model, workers),
        EncoderCommand::LookUp(sources) => {
            look_up(model, workers, &sources);
            let looked = std::mem::replace(&mut model.hub.looked_on_disk, true);
            if !looked && workers.remember {
                model.notices.error_of(hub::find(&workers.outbox));
            }
        }
    }
}

pub(super) fn receive(model: &mut AppState, message: EncoderMessage) {
    match message {
        EncoderMessage::Chosen(chosen) => use_checkpoint(model, chosen),
        EncoderMessage::Card(of) => {
            let (source, card) = *of;
            model.embeddings.take_in_card(&source, card);
        }
        EncoderMessage::Gain(update) => {
            let gains = &mut model.embeddings.gains;
            match gains.job.take(update) {
                Some(JobEvent::Found(gain)) => gains.take_in(gain),
                Some(JobEvent::Ended(end)) => {
                    gains.problem = end.err();
                    let told = gains
                        .problem
                        .clone()
                        .map_or_else(|| gains.lines(), |why| vec![why]);
                    // The menu of encoders, which shows it, may be closed.
                    model.notices.note(told.join("\n"));
                }
                None => {}
            }
        }
        EncoderMessage::Embedded(table) => model.embeddings.table = Some(table),
    }
}

fn measure_precisions(model: &mut AppState, workers: &Workers) {
    let source = model.embeddings.source.clone();
    let track = model
        .library
        .selected_track()
        .map(|track| track.path.clone());
    let gains = &mut model.embeddings.gains;
    gains.begin(&source);
    match track {
        Some(track) => {
            let started = precision_gains::start(&mut gains.job, source, track, &workers.outbox);
            gains.problem = started.err().map(|error| error.to_string());
        }
        None => gains.problem = Some("Select a track first: its windows are embedded".into()),
    }
}

/// Looks up what the encoders in use are, once. To be called once a frame.
pub(super) fn follow(model: &mut AppState, workers: &Workers) {
    let second = model.mapping.second.as_ref();
    let used = std::iter::once(&model.embeddings.source).chain(second.map(|it| &it.source));
    let used: Vec<EncoderSource> = used.cloned().collect();
    look_up(model, workers, &used);
}

fn look_up(model: &mut AppState, workers: &Workers, sources: &[EncoderSource]) {
    let asked = model.embeddings.asks_cards(sources);
    if !asked.is_empty() {
        model
            .notices
            .error_of(checkpoint::look_up(asked, &workers.outbox));
    }
}

fn use_source(model: &mut AppState, workers: &mut Workers, source: EncoderSource) {
    let embeddings = &mut model.embeddings;
    let says_patch = source.patch.is_some() && source.checkpoint == embeddings.source.checkpoint;
    let waited = embeddings.asks_patch.take().filter(|_| says_patch);
    embeddings.set_source(source);
    match waited {
        Some(AskedFor::Map) => map::compute(model, workers),
        Some(AskedFor::Probe) => probe::apply(model, workers, ProbeCommand::Run),
        Some(AskedFor::Nothing) | None => {}
    }
}

/// Uses a checkpoint that was looked at, and says what there is to know of it.
pub(super) fn use_checkpoint(model: &mut AppState, chosen: ChosenCheckpoint) {
    model.embeddings.use_file(chosen.path);
    if !chosen.says_patch {
        model.embeddings.asks_patch = Some(AskedFor::Nothing);
    }
    if let Some(note) = chosen.note {
        model.notices.note(note);
    }
}

fn use_file(model: &mut AppState, path: PathBuf) {
    let rows = &model.training.table.rows;
    let row = rows.iter().find(|row| row.folder == path);
    let step = match row {
        Some(row) => row.stands_for.clone(),
        None => step_of(&path),
    };
    let step = step.map_or_else(String::new, |step| format!(": {step}"));
    model.embeddings.use_file(path);
    model
        .notices
        .note(format!("All layouts use this encoder from now on{step}"));
}
