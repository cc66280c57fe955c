use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    command::{Command, LibraryCommand},
    model::{AskedFor, MapCommand, MapMessage, Model, Nearby, ProbeCommand, Running},
    work::{Workers, embed::EmbedRequest, map},
};

use super::{near, no_thread};

pub(super) fn apply(model: &mut Model, workers: &mut Workers, command: MapCommand) {
    match command {
        MapCommand::Edit(form) => {
            let mapping = &mut model.mapping;
            let other_level = form.level != mapping.form.level;
            mapping.form = form;
            // The other level needs another layout, but no other embeddings.
            if other_level && (mapping.chart.is_some() || mapping.running.is_some()) {
                compute(model, workers);
            }
        }
        MapCommand::Compute => compute(model, workers),
        MapCommand::Cancel => {
            workers.map.stop();
            model.mapping.running = None;
        }
        MapCommand::Pause(paused) => {
            model.mapping.paused = paused;
            workers.map.pause(paused);
        }
        MapCommand::SetColouring(colouring) => model.mapping.set_colouring(colouring),
        MapCommand::ToggleLabel(label) => model.mapping.toggle_label(label),
        MapCommand::ShowAllLabels => model.mapping.show_all_labels(),
        MapCommand::Move(camera) => model.mapping.camera = camera,
        MapCommand::Choose { path, start_secs } => play_from(model, workers, path, start_secs),
        MapCommand::HoverSound(on) => near::hover_sound(model, workers, on),
        MapCommand::Hover { point, moved } => near::hover(model, workers, point, &moved),
        MapCommand::Walk(steps) => near::walk(model, workers, steps),
        MapCommand::Copy => {
            let source = &model.embeddings.source;
            let line = model.mapping.command(&model.library.sources, source);
            workers.outbox.copy_text(line);
            model.notices.note("The command is on the clipboard");
        }
        MapCommand::SetSource(source) => model.embeddings.set_source(source),
        MapCommand::SetPatch(kind) => {
            model.embeddings.source.patch = Some(kind);
            // What had to ask goes on.
            match model.embeddings.asks_patch.take() {
                Some(AskedFor::Map) => compute(model, workers),
                Some(AskedFor::Probe) => {
                    super::apply(model, workers, Command::Probe(ProbeCommand::Run));
                }
                Some(AskedFor::Nothing) | None => {}
            }
        }
        MapCommand::ChooseCheckpoint => {
            if let Err(error) = map::ask_for_checkpoint(&workers.outbox) {
                model.notices.error(no_thread(&error));
            }
        }
    }
}

/// Selects the track of a path and plays it from a time.
pub fn play_from(model: &mut Model, workers: &mut Workers, path: PathBuf, start_secs: f64) {
    let collection = model.library.collection.as_ref();
    let index = collection.and_then(|collection| {
        let mut tracks = collection.tracks.iter();
        tracks.position(|track| track.path == path)
    });
    let Some(index) = index else {
        model.notices.error(format!(
            "This track is not in the open collection any more; open it again to hear it: {}",
            path.display()
        ));
        return;
    };
    let select = LibraryCommand::Select(index);
    super::apply(model, workers, Command::Library(select));
    model.transport.position_secs = start_secs;
    // Straight to the player: the length of a track that is just being loaded is not known to the window yet.
    if let Some(player) = &workers.player {
        player.seek(start_secs);
        player.play();
    }
}

/// Clears what belongs to a collection that is not open any more.
pub(super) fn forget(model: &mut Model, workers: &mut Workers) {
    workers.map.stop();
    let mapping = &mut model.mapping;
    mapping.running = None;
    mapping.chart = None;
    mapping.error = None;
    mapping.hovered = None;
    model.nearby = Nearby::default();
    workers.hear.stop();
}

pub(super) fn receive(model: &mut Model, workers: &mut Workers, message: MapMessage) {
    let mapping = &mut model.mapping;
    match message {
        MapMessage::Progress(job, progress) => {
            if let Some(running) = mapping.running.as_mut().filter(|running| running.id == job) {
                running.report(progress);
            }
        }
        // A table stays useful even when its map is no longer wanted.
        MapMessage::Embedded(table) => model.embeddings.table = Some(table),
        MapMessage::LaidOut {
            job,
            table,
            level,
            layout,
        } => {
            if mapping.is_running(job) {
                mapping.show(table, level, layout);
            }
        }
        MapMessage::Moved { job, xy } => {
            if mapping.is_running(job) {
                mapping.move_to(&xy);
            }
        }
        MapMessage::Finished(job) => {
            if mapping.is_running(job) {
                mapping.running = None;
                workers.map.stop();
            }
        }
        MapMessage::Failed(job, error) => {
            if mapping.is_running(job) {
                mapping.running = None;
                mapping.error = Some(error);
                workers.map.stop();
            }
        }
        MapMessage::NeedsPatch(job) => {
            if mapping.is_running(job) {
                mapping.running = None;
                workers.map.stop();
                model.embeddings.asks_patch = Some(AskedFor::Map);
            }
        }
        MapMessage::Sounds(spot) => mapping.sounding = Some(spot),
        MapMessage::SoundFailed(why) => model.notices.error(why),
        MapMessage::Near { number, found } => near::found(model, workers, number, found),
        MapMessage::Checkpoint { path, says_patch } => {
            model.embeddings.use_file(path);
            if !says_patch {
                model.embeddings.asks_patch = Some(AskedFor::Nothing);
            }
        }
    }
}

fn compute(model: &mut Model, workers: &mut Workers) {
    let mapping = &mut model.mapping;
    let Some(collection) = &model.library.collection else {
        mapping.error = Some("There is no collection to map; open a folder first".to_owned());
        return;
    };
    mapping.error = None;
    mapping.paused = false;
    model.embeddings.asks_patch = None;
    let embed = EmbedRequest {
        collection: Arc::clone(collection),
        source: model.embeddings.source.clone(),
        cached: model.embeddings.table.clone(),
        mels: workers.cache.clone(),
    };
    let form = &mapping.form;
    match workers
        .map
        .start(embed, form.level, form.settings(), &workers.outbox)
    {
        Ok(job) => mapping.running = Some(Running::new(job, "starting")),
        Err(error) => mapping.error = Some(no_thread(&error)),
    }
}
