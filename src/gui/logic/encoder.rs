//! The encoder that Map, Probe and Teach share.

use std::path::PathBuf;

use crate::gui::{
    command::{EncoderCommand, ProbeCommand},
    message::EncoderMessage,
    model::{AppState, AskedFor, ChosenCheckpoint, Overlay},
    work::{Workers, checkpoint},
};

use super::{map, probe, window::show_overlay};

pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: EncoderCommand) {
    match command {
        EncoderCommand::Use(source) => model.embeddings.set_source(source),
        EncoderCommand::UseFile(path) => use_file(model, path),
        EncoderCommand::SetPatch(kind) => {
            model.embeddings.source.patch = Some(kind);
            // What had to ask goes on.
            match model.embeddings.asks_patch.take() {
                Some(AskedFor::Map) => map::compute(model, workers),
                Some(AskedFor::Probe) => probe::apply(model, workers, ProbeCommand::Run),
                Some(AskedFor::Nothing) | None => {}
            }
        }
        EncoderCommand::SetWeights(weights) => model.embeddings.source.weights = weights,
        EncoderCommand::ShowPublished => {
            show_overlay(model, workers, Some(Overlay::Published));
        }
        EncoderCommand::ChooseFile => {
            model.notices.error_of(checkpoint::choose(&workers.outbox));
        }
    }
}

pub(super) fn receive(model: &mut AppState, message: EncoderMessage) {
    match message {
        EncoderMessage::Chosen(chosen) => use_checkpoint(model, chosen),
        EncoderMessage::Held(path, found) => model.embeddings.take_in_held(&path, found),
        EncoderMessage::Embedded(table) => model.embeddings.table = Some(table),
    }
}

/// Looks up which encoders the chosen checkpoint holds, once. To be called once a frame.
pub(super) fn follow(model: &mut AppState, workers: &Workers) {
    if let Some(path) = model.embeddings.asks_held() {
        let looked = checkpoint::look_into(path, &workers.outbox);
        model.notices.error_of(looked);
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
    model.embeddings.use_file(path);
    model
        .notices
        .note("Map, Probe and Teach use this encoder from now on");
}
