use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use crate::gui::{
    command::{Command, LibraryCommand},
    model::{
        AskedFor, ChosenCheckpoint, Lists, MapCommand, MapMessage, MapSide, Model, Nearby, Picked,
        ProbeCommand, Running, Selection, Spot, WINDOW_SECS,
    },
    work::{
        Workers,
        embed::EmbedRequest,
        hear::HearRequest,
        map::{self, MapJob, Rows},
    },
};
use mynascope_embedding::{Level, SoundOfTable};

use super::{beside, map_colours, near, no_thread, query, tables};

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
        MapCommand::Compute => {
            model.mapping.imported = None;
            compute(model, workers);
        }
        MapCommand::OpenTable(path) => tables::open(model, workers, path),
        MapCommand::FindSound(folder) => tables::find_sound(model, workers, folder),
        MapCommand::SaveEmbeddings(to) => tables::save_embeddings(model, workers, to),
        MapCommand::SaveMap(to) => tables::save_map(model, workers, to),
        MapCommand::Cancel => {
            workers.map.stop();
            model.mapping.running = None;
        }
        MapCommand::Pause(paused) => {
            model.mapping.paused = paused;
            workers.map.pause(paused);
        }
        MapCommand::SetColouring(colouring) => {
            model.mapping.colouring = colouring;
            model.mapping.hidden.clear();
            map_colours::paint(model);
        }
        MapCommand::ToggleLabel(label) => model.mapping.toggle_label(label),
        MapCommand::ShowAllLabels => model.mapping.show_all_labels(),
        MapCommand::Move(camera) => model.mapping.camera = camera,
        MapCommand::MoveBeside(camera) => {
            if let Some(beside) = &mut model.mapping.beside {
                beside.camera = camera;
            }
        }
        MapCommand::Compare(on) => beside::compare(model, workers, on),
        MapCommand::SetBeside(source) => beside::set_source(model, workers, source),
        MapCommand::ChooseBeside => {
            let wrap = |message| MapMessage::Beside(Box::new(message));
            if let Err(error) = map::ask_for_checkpoint(&workers.outbox, wrap) {
                model.notices.error(no_thread(&error));
            }
        }
        MapCommand::Choose { path, start_secs } => choose(model, workers, path, start_secs),
        MapCommand::Lasso { side, outline, add } => {
            let points = match model.mapping.chart_of(side) {
                Some(chart) => chart.inside(&outline),
                None => Vec::new(),
            };
            pick(model, side, points, add);
        }
        MapCommand::TogglePoint(point) => toggle(model, point),
        MapCommand::PickGroup(label) => {
            let points = match &model.mapping.chart {
                Some(chart) => chart.points_of_group(&label),
                None => Vec::new(),
            };
            pick(model, MapSide::Main, points, true);
        }
        MapCommand::ClearPicked => {
            model.mapping.pick(Picked::default());
            picked_changed(model);
        }
        MapCommand::HoverSound(on) => near::hover_sound(model, workers, on),
        MapCommand::Hover { side, point, moved } => {
            near::hover(model, workers, side, point, &moved);
        }
        MapCommand::QueryRegion => query::region(model, workers),
        MapCommand::QueryFile(path) => query::file(model, workers, path),
        MapCommand::ChooseQuery => query::choose(model, workers),
        MapCommand::PlayNear(at) => {
            if let Some(spot) = model.nearby.go_to(at) {
                play_from(model, workers, spot.path, spot.start_secs);
            }
        }
        MapCommand::Audition(spot) => workers.hear.request(HearRequest {
            play: Some(spot),
            around: Vec::new(),
        }),
        MapCommand::ShowList(tab) => model.lists.tab = tab,
        MapCommand::SetThreshold(threshold) => model.lists.threshold = threshold,
        MapCommand::FindDuplicates => query::duplicates(model, workers),
        MapCommand::StopQuery => query::stop(model, workers),
        MapCommand::CopyList => query::copy(model, workers),
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
        MapCommand::SetWeights(weights) => model.embeddings.source.weights = weights,
        MapCommand::ChooseCheckpoint => {
            if let Err(error) = map::ask_for_checkpoint(&workers.outbox, |message| message) {
                model.notices.error(no_thread(&error));
            }
        }
    }
}

/// Shows what a point stands for everywhere, and plays it: its track in the table, its window in the spectrogram.
fn choose(model: &mut Model, workers: &mut Workers, path: PathBuf, start_secs: f64) {
    let is_window = model
        .mapping
        .chart
        .as_ref()
        .is_some_and(|chart| chart.level == Level::Window);
    let spot = Spot { path, start_secs };
    play_from(model, workers, spot.path.clone(), start_secs);
    if is_window && model.spectrogram.path() == Some(spot.path.as_path()) {
        let end_secs = start_secs + WINDOW_SECS;
        model.transport.selection = Selection::between(start_secs, end_secs, end_secs);
    }
    near::look_around(model, workers, spot);
}

/// Picks points, instead of what is picked or in addition.
fn pick(model: &mut Model, side: MapSide, points: Vec<usize>, add: bool) {
    let mapping = &mut model.mapping;
    let Some(chart) = mapping.chart_of(side) else {
        return;
    };
    let mut picked = match add {
        true => Picked::clone(&mapping.picked),
        false => Picked::default(),
    };
    chart.pick(points, &mut picked);
    mapping.pick(picked);
    picked_changed(model);
}

/// Picks a point in addition, or not any more. What was chosen by a click before is picked along with it.
fn toggle(model: &mut Model, point: usize) {
    let mapping = &model.mapping;
    let Some(chart) = &mapping.chart else { return };
    let Some(facts) = chart.facts(point) else {
        return;
    };
    let spot = Spot {
        path: facts.path.to_path_buf(),
        start_secs: facts.start_secs,
    };
    let mut picked = Picked::clone(&mapping.picked);
    let window = chart.level == Level::Window;
    if picked.is_empty()
        && let Some(path) = mapping.selected()
        && model.library.chosen_by_user
    {
        let chosen = chart.point_at(path, model.transport.position_secs);
        chart.pick(chosen, &mut picked);
    }
    if !picked.has(&spot) {
        chart.pick([point], &mut picked);
    } else if window {
        picked.remove(&spot);
    } else {
        picked.remove_track(&spot.path);
    }
    model.mapping.pick(picked);
    picked_changed(model);
}

/// The points follow what is picked, and so do the marks in the table.
pub(super) fn picked_changed(model: &mut Model) {
    model.mapping.colour();
    let Some(collection) = &model.library.collection else {
        return;
    };
    let picked = &model.mapping.picked;
    let marked = |path: &std::path::Path| picked.of(path).any();
    model.library.marked = match picked.is_empty() {
        true => BTreeSet::new(),
        false => (0..)
            .zip(&collection.tracks)
            .filter(|(_, track)| marked(&track.path))
            .map(|(index, _)| index)
            .collect(),
    };
}

/// The map follows the marks in the table.
pub(super) fn marks_changed(model: &mut Model) {
    let library = &model.library;
    let marked = library
        .marked
        .iter()
        .filter_map(|&index| library.track(index));
    let picked = Picked::of_tracks(marked.map(|track| track.path.as_path()));
    let same = picked.tracks().eq(model.mapping.picked.tracks());
    if !same {
        model.mapping.pick(picked);
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
        if let Some(imported) = model.mapping.imported_chart() {
            // A table from elsewhere is heard without its collection.
            match imported.sound {
                SoundOfTable::There => workers.hear.request(HearRequest {
                    play: Some(Spot { path, start_secs }),
                    around: Vec::new(),
                }),
                SoundOfTable::Missing(_) | SoundOfTable::Unnamed => {
                    let why = tables::silence(&imported.sound);
                    model.notices.note(why);
                }
            }
            return;
        }
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
    mapping.beside = None;
    mapping.imported = None;
    mapping.picked = Arc::default();
    mapping.hidden.clear();
    model.nearby = Nearby::default();
    model.lists = Lists::default();
    workers.query.stop();
    workers.map_beside.stop();
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
                let before = mapping.chart.as_ref().map(|chart| &chart.source);
                if !before.is_some_and(|before| Arc::ptr_eq(before, &table)) {
                    // Neighbours and near-duplicates in another encoder's space.
                    model.nearby = Nearby::default();
                    model.lists.duplicates = None;
                }
                mapping.show(table, level, layout);
                map_colours::paint(model);
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
                // The second map follows the first.
                beside::compute(model, workers);
            }
        }
        MapMessage::Beside(message) => beside::receive(model, workers, *message),
        MapMessage::Changes(_) => {}
        MapMessage::SavedUnasked(path) => tables::saved_unasked(model, &path),
        MapMessage::TableOpened(result) => tables::opened(model, workers, result),
        MapMessage::SoundFound { of, result } => {
            tables::sound_found(model, workers, &of, result);
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
        MapMessage::QueryProgress(job, progress) => query::progress(model, job, progress),
        MapMessage::Queried { number, result } => query::queried(model, number, result),
        MapMessage::Duplicates(result) => query::duplicates_found(model, result),
        MapMessage::Cosines { number, values } => near::cosines(model, number, values),
        MapMessage::Near { number, found } => near::found(model, workers, number, found),
        MapMessage::Checkpoint(chosen) => use_checkpoint(model, chosen),
        MapMessage::Held(path, found) => model.embeddings.take_in_held(&path, found),
    }
}

/// Looks up which encoders the chosen checkpoint holds, once. To be called once a frame.
pub(super) fn follow(model: &mut Model, workers: &mut Workers) {
    if let Some(path) = model.embeddings.asks_held()
        && let Err(error) = map::look_into_checkpoint(path, &workers.outbox)
    {
        model.notices.error(no_thread(&error));
    }
}

/// Makes a checkpoint the encoder of map, probe and lab.
pub(super) fn use_checkpoint(model: &mut Model, chosen: ChosenCheckpoint) {
    model.embeddings.use_file(chosen.path);
    if !chosen.says_patch {
        model.embeddings.asks_patch = Some(AskedFor::Nothing);
    }
    if let Some(note) = chosen.note {
        model.notices.note(note);
    }
}

pub(super) fn compute(model: &mut Model, workers: &mut Workers) {
    let mapping = &mut model.mapping;
    let rows = match (&mapping.imported, &model.library.collection) {
        (Some(imported), _) => Rows::Given(Arc::clone(&imported.table)),
        (None, Some(collection)) => Rows::Embed(EmbedRequest {
            collection: Arc::clone(collection),
            source: model.embeddings.source.clone(),
            cached: model.embeddings.table.clone(),
            mels: workers.cache.clone(),
        }),
        (None, None) => {
            let why = "There is no collection to map; open a folder first";
            mapping.error = Some(why.to_owned());
            return;
        }
    };
    mapping.error = None;
    mapping.paused = false;
    model.embeddings.asks_patch = None;
    let form = &mapping.form;
    let job = MapJob {
        rows,
        level: form.level,
        settings: form.settings(),
        against: None,
    };
    match workers.map.start(job, |message| message, &workers.outbox) {
        Ok(job) => mapping.running = Some(Running::new(job, "starting")),
        Err(error) => mapping.error = Some(no_thread(&error)),
    }
}
