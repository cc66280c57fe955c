//! The map: computes it, selects and plays its points.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use crate::gui::{
    command::{Command, LibraryCommand, MapCommand, PictureCommand},
    jobs::JobEvent,
    message::MapMessage,
    model::{
        AppState, AskedFor, EmbedError, Lists, MapFound, MapSide, Neighbours, Picked, PicturePanel,
        Selection, Spot,
    },
    work::{
        Workers,
        audition::AuditionRequest,
        embed::EmbedRequest,
        map::{self, MapJob, Rows},
        tables as work_tables,
    },
};
use mynascope_embedding::{Level, SoundOfTable};

use super::{copy_text, map_colours, neighbours, query, second_map, tables};

/// So much is heard of a file that is not open.
pub(super) const HEARD: Duration = Duration::from_secs(30);
/// Tracks that are listed as having moved most between two maps.
const MOST_MOVED: usize = 20;
/// Why a second map cannot be made of a checkpoint that is silent about its patches.
const NEEDS_PATCH: &str = "This checkpoint doesn't say how its patches are cut; choose it for the first map, say so there, \
                           and compare the other way round";

pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: MapCommand) {
    match command {
        MapCommand::Edit(form) => {
            let mapping = &mut model.mapping;
            let before = &mapping.form;
            let other_layout = (form.level, form.method) != (before.level, before.method);
            mapping.form = form;
            // Another level or method needs another layout, but no other embeddings.
            if other_layout && (mapping.chart.is_some() || mapping.job.is_running()) {
                compute(model, workers);
            }
        }
        MapCommand::Compute => {
            model.mapping.imported = None;
            compute(model, workers);
        }
        MapCommand::CloseTable => close_table(model, workers),
        MapCommand::OpenTable(path) => tables::open(model, workers, path),
        MapCommand::FindSound(folder) => tables::find_sound(model, workers, folder),
        MapCommand::LabelTable(list) => tables::label(model, workers, list),
        MapCommand::SaveEmbeddings(to) => tables::save_embeddings(model, workers, to),
        MapCommand::SaveMap(to) => tables::save_map(model, workers, to),
        MapCommand::Cancel => model.mapping.job.stop(),
        MapCommand::Pause(paused) => model.mapping.paused.store(paused, Ordering::Release),
        MapCommand::SetColouring(colouring) => {
            model.mapping.colouring = colouring;
            model.mapping.hidden.clear();
            model.mapping.legend_search.clear();
            map_colours::paint(model);
        }
        MapCommand::ToggleLabel(label) => model.mapping.toggle_label(label),
        MapCommand::SavePicture => {
            let publish = PictureCommand::Publish(PicturePanel::Map);
            super::apply(model, workers, Command::Picture(publish));
        }
        MapCommand::SoloLabel(label) => model.mapping.solo_label(label),
        MapCommand::LightLabel(label) => model.mapping.light(label),
        MapCommand::SearchLegend(text) => model.mapping.legend_search = text,
        MapCommand::ShowAllLabels => model.mapping.show_all_labels(),
        MapCommand::Move(MapSide::Main, camera) => model.mapping.camera = camera,
        MapCommand::Move(MapSide::Second, camera) => {
            if let Some(second) = &mut model.mapping.second {
                second.camera = camera;
            }
        }
        MapCommand::Compare(on) => second_map::compare(model, workers, on),
        MapCommand::SetSecond(source) => second_map::set_source(model, workers, source),
        MapCommand::ChooseSecond(path) => {
            let asked = work_tables::open_second(path, &workers.outbox);
            model.notices.error_of(asked);
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
        MapCommand::HoverSound(on) => neighbours::hover_sound(model, workers, on),
        MapCommand::Hover { side, point, moved } => {
            neighbours::hover(model, workers, side, point, &moved);
        }
        MapCommand::PointerOn(side) => model.mapping.under_pointer = side,
        MapCommand::QueryRegion => query::region(model, workers),
        MapCommand::QueryFile(path) => query::file(model, workers, path),
        MapCommand::ChooseQuery => query::choose(model, workers),
        MapCommand::PlayNear(at) => {
            if let Some(spot) = model.neighbours.go_to(at) {
                play_from(model, workers, spot.path, spot.start_secs);
            }
        }
        MapCommand::Audition(spot) => workers.audition.request(AuditionRequest {
            play: Some(spot),
            around: Vec::new(),
            window_secs: window_secs(model),
            lowered: 0,
        }),
        MapCommand::EditList(form) => model.lists.form = form,
        MapCommand::FindDuplicates => query::duplicates(model, workers),
        MapCommand::StopQuery => query::stop(model),
        MapCommand::CopyList => query::copy(model, workers),
        MapCommand::Walk(steps) => neighbours::walk(model, workers, steps),
        MapCommand::Copy => {
            let source = &model.embeddings.source;
            let line = model.mapping.command(&model.library.sources, source);
            copy_text(model, workers, line, "The command");
        }
    }
}

/// Shows what a point stands for everywhere, and plays it: its track in the table, its window in the spectrogram.
fn choose(model: &mut AppState, workers: &mut Workers, path: PathBuf, start_secs: f64) {
    let is_window = model
        .mapping
        .chart
        .as_ref()
        .is_some_and(|chart| chart.level == Level::Window);
    let spot = Spot { path, start_secs };
    play_from(model, workers, spot.path.clone(), start_secs);
    if is_window && model.spectrogram.path() == Some(spot.path.as_path()) {
        let end_secs = start_secs + window_secs(model);
        model.transport.form.selection = Selection::between(start_secs, end_secs, end_secs);
    }
    neighbours::look_around(model, workers, spot);
}

/// Seconds of a window of the map, or else of the chosen encoder.
fn window_secs(model: &AppState) -> f64 {
    let chart = model.mapping.chart.as_ref();
    chart.map_or_else(
        || model.mask.window_secs(),
        |chart| chart.source.window_secs(),
    )
}

/// Picks points, instead of what is picked or in addition.
fn pick(model: &mut AppState, side: MapSide, points: Vec<usize>, add: bool) {
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
fn toggle(model: &mut AppState, point: usize) {
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
pub(super) fn picked_changed(model: &mut AppState) {
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

/// More tracks than these are not lit up: nobody looks for so many.
const MOST_LIT: usize = 20_000;

/// The tracks that are searched for in the library stand out on the map.
pub(super) fn search_changed(model: &mut AppState) {
    let library = &model.library;
    let searches = !library.form.search.trim().is_empty() && library.row_count() <= MOST_LIT;
    let found = (searches && model.mapping.chart.is_some()).then(|| {
        let tracks = library
            .rows()
            .iter()
            .filter_map(|&index| library.track(index));
        Picked::of_tracks(tracks.map(|track| track.path.as_path()))
    });
    if model.mapping.found != found {
        model.mapping.found = found;
        model.mapping.colour();
    }
}

/// The map follows the marks in the table.
pub(super) fn marks_changed(model: &mut AppState) {
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
pub fn play_from(model: &mut AppState, workers: &mut Workers, path: PathBuf, start_secs: f64) {
    let collection = model.library.collection.as_ref();
    let index = collection.and_then(|collection| {
        let mut tracks = collection.tracks.iter();
        tracks.position(|track| track.path == path)
    });
    let Some(index) = index else {
        if let Some(imported) = model.mapping.imported_chart() {
            // A table from elsewhere is heard without its collection.
            match imported.sound {
                SoundOfTable::There => workers.audition.request(AuditionRequest {
                    play: Some(Spot { path, start_secs }),
                    around: Vec::new(),
                    window_secs: window_secs(model),
                    lowered: 0,
                }),
                SoundOfTable::Missing(_) | SoundOfTable::Unnamed => {
                    let why = tables::silence(&imported.sound);
                    model.notices.note(why);
                }
            }
            return;
        }
        // What is not open is heard all the same.
        workers.audition.request(AuditionRequest {
            play: Some(Spot { path, start_secs }),
            around: Vec::new(),
            window_secs: HEARD.as_secs_f64(),
            lowered: 0,
        });
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
pub(super) fn forget(model: &mut AppState, workers: &mut Workers) {
    let mapping = &mut model.mapping;
    mapping.job.stop();
    mapping.chart = None;
    mapping.error = None;
    mapping.hovered = None;
    mapping.second = None;
    mapping.imported = None;
    mapping.picked = Arc::default();
    mapping.found = None;
    mapping.hidden.clear();
    mapping.legend_search.clear();
    // Their jobs end with them.
    model.neighbours = Neighbours::default();
    model.lists = Lists::default();
    workers.audition.stop();
}

pub(super) fn receive(model: &mut AppState, workers: &mut Workers, message: MapMessage) {
    match message {
        MapMessage::Map(side, update) => {
            let job = model.mapping.job_of_mut(side);
            if let Some(event) = job.and_then(|job| job.take(update)) {
                follow_job(model, workers, side, event);
            }
        }
        MapMessage::Query(update) => query::receive(model, update),
        MapMessage::Duplicates(update) => query::receive_duplicates(model, update),
        MapMessage::QueryChosen(path) => query::file(model, workers, path),
        MapMessage::SecondChosen(path) => second_map::use_file(model, workers, path),
        MapMessage::SecondTable(Ok((path, table))) => {
            second_map::use_table(model, workers, path, *table);
        }
        MapMessage::SecondTable(Err(why)) => model.notices.error(why),
        MapMessage::TableOpened(result) => tables::opened(model, workers, result),
        MapMessage::SoundFound { of, result } => {
            tables::sound_found(model, workers, &of, result);
        }
        MapMessage::TableLabelled { of, result } => {
            tables::labelled(model, workers, &of, result);
        }
        MapMessage::Sounds(spot) => model.mapping.sounding = Some(spot),
        MapMessage::SoundFailed(why) => model.notices.error(why),
        MapMessage::Cosines { number, values } => neighbours::cosines(model, number, values),
        MapMessage::Neighbours { number, found } => {
            neighbours::found(model, workers, number, found)
        }
    }
}

/// Takes in what the job that makes one of the maps finds.
fn follow_job(
    model: &mut AppState,
    workers: &mut Workers,
    side: MapSide,
    event: JobEvent<MapFound, EmbedError>,
) {
    let mapping = &mut model.mapping;
    match event {
        JobEvent::Found(MapFound::Layout {
            table,
            level,
            layout,
        }) => {
            let before = mapping.chart.as_ref().map(|chart| &chart.source);
            let same = before.is_some_and(|before| Arc::ptr_eq(before, &table));
            if side == MapSide::Main && !same {
                // Neighbours and near-duplicates in another encoder's space.
                model.neighbours = Neighbours::default();
                model.lists.duplicates = None;
            }
            mapping.show(side, table, level, layout);
            map_colours::paint(model);
        }
        JobEvent::Found(MapFound::Moved(xy)) => mapping.move_to(side, &xy),
        JobEvent::Found(MapFound::Changes(changes)) => {
            model.lists.moved = changes;
            model.lists.moved.truncate(MOST_MOVED);
        }
        JobEvent::Ended(end) => {
            let error = match (side, end) {
                (_, Ok(())) => None,
                (_, Err(EmbedError::Failed(why))) => Some(why),
                (MapSide::Main, Err(EmbedError::NeedsPatch)) => {
                    model.embeddings.asks_patch = Some(AskedFor::Map);
                    return;
                }
                (MapSide::Second, Err(EmbedError::NeedsPatch)) => Some(NEEDS_PATCH.to_owned()),
            };
            let made = error.is_none();
            mapping.set_error(side, error);
            if side == MapSide::Main && made {
                // The second map follows the first.
                second_map::compute(model, workers);
            }
        }
    }
}

/// Puts the table away that came from a file, with its map; that of the encoder is made where there is something to map.
fn close_table(model: &mut AppState, workers: &mut Workers) {
    let mapping = &mut model.mapping;
    if mapping.imported.take().is_none() {
        return;
    }
    mapping.job.stop();
    mapping.chart = None;
    if model.library.collection.is_some() {
        compute(model, workers);
    }
}

/// Makes the map of the collection if its embeddings are on the disk; else does nothing.
pub(super) fn restore(model: &mut AppState, workers: &mut Workers) {
    if let Some(collection) = &model.library.collection {
        let request = EmbedRequest::of(model, collection, workers.cache.as_ref());
        start(model, workers, Rows::Cached(request));
    }
}

/// Makes the map that the form asks for.
pub(super) fn compute(model: &mut AppState, workers: &mut Workers) {
    let rows = match (&model.mapping.imported, &model.library.collection) {
        (Some(imported), _) => Rows::Given(Arc::clone(&imported.table)),
        (None, Some(collection)) => {
            Rows::Embed(EmbedRequest::of(model, collection, workers.cache.as_ref()))
        }
        (None, None) => {
            let why = "There is no collection to map; open a folder first";
            model.mapping.error = Some(why.to_owned());
            return;
        }
    };
    start(model, workers, rows);
}

fn start(model: &mut AppState, workers: &mut Workers, rows: Rows) {
    let mapping = &mut model.mapping;
    mapping.error = None;
    mapping.paused = Arc::default();
    model.embeddings.asks_patch = None;
    let form = &mapping.form;
    let job = MapJob {
        rows,
        level: form.level,
        settings: form.settings(),
        against: None,
    };
    let (slot, paused) = (&mut mapping.job, &mapping.paused);
    if let Err(error) = map::start(slot, MapSide::Main, job, paused, &workers.outbox) {
        mapping.error = Some(error.to_string());
    }
}
