//! Listening to a map: points that sound under the pointer, and walks from neighbour to neighbour.

use std::sync::Arc;

use crate::gui::{
    model::{AppState, Colouring, Imported, KeyedTable, MapSide, Neighbour, Number, Query, Spot},
    work::{Workers, audition::AuditionRequest, neighbours::NeighboursRequest},
    workspace::Workspace,
};

use mynascope_embedding::{Level, SoundOfTable};

use super::{map::play_from, map_colours};

/// Lets hovered points sound, or not any more.
pub(super) fn hover_sound(model: &mut AppState, workers: &mut Workers, on: bool) {
    model.mapping.hover_sound = on;
    model.mapping.sounding = None;
    workers.audition.stand_by(on);
    if !on {
        workers.audition.stop();
        model.notices.note("Points are silent again");
    } else if model.mapping.chart.is_some() {
        model.notices.note("Points sound while you point at them");
    } else {
        model.notices.note(format!(
            "Points will sound while you point at them; there is no map yet: press Compute map in the Map layout ({})",
            shortcut()
        ));
    }
}

/// The key of the Map layout.
pub(super) fn shortcut() -> String {
    crate::gui::actions::Shortcut::ctrl(Workspace::Map.key()).text()
}

/// The pointer is at a point, or at none; where it moved, the point sounds and those around it are prepared.
pub(super) fn hover(
    model: &mut AppState,
    workers: &mut Workers,
    side: MapSide,
    point: Option<usize>,
    moved: &[usize],
) {
    let mapping = &mut model.mapping;
    let hovered = match side {
        MapSide::Main => &mut mapping.hovered,
        MapSide::Second => match &mut mapping.second {
            Some(second) => &mut second.hovered,
            None => return,
        },
    };
    let left = point.is_none() && hovered.is_some();
    *hovered = point;
    let chart = match side {
        MapSide::Main => mapping.chart.as_ref(),
        MapSide::Second => mapping.second.as_ref().and_then(|it| it.chart.as_ref()),
    };
    // That a table has no sound here was said when it was opened.
    let silent = side == MapSide::Main
        && mapping
            .imported_chart()
            .is_some_and(|imported| imported.sound != SoundOfTable::There);
    let Some(chart) = chart.filter(|_| mapping.hover_sound && !silent) else {
        return;
    };
    if left {
        mapping.sounding = None;
        mapping.asked_to_sound = None;
        workers.audition.stop();
    }
    // Points that move under a resting pointer stay silent, and one that sounded is not begun again while the pointer
    // stays on it.
    let again = point.is_some() && mapping.asked_to_sound == point;
    if !moved.is_empty() && !again {
        mapping.asked_to_sound = point;
        let spots = moved.iter().filter_map(|&point| chart.spot(point));
        workers.audition.request(AuditionRequest {
            play: point.and_then(|point| chart.spot(point)),
            around: spots.collect::<Vec<Spot>>(),
            window_secs: chart.source.window_secs(),
            lowered: 0,
        });
    }
}

/// The embeddings that neighbours are looked for in: those of the map, or else what was embedded last.
pub(super) fn table(model: &AppState) -> Option<Arc<KeyedTable>> {
    let shown = model.mapping.chart.as_ref().map(|chart| &chart.source);
    let fits = model.embeddings.table.as_ref().filter(|table| {
        let collection = model.library.collection.as_ref();
        collection.is_some_and(|it| table.key.fits(it, &model.embeddings.source))
    });
    shown.or(fits).map(Arc::clone)
}

/// Goes from the selected track to its next neighbours, or back, and plays them.
pub(super) fn walk(model: &mut AppState, workers: &mut Workers, steps: isize) {
    let Some(track) = model.library.selected_track() else {
        let text =
            "Choose a track or a point of the map first: neighbours are those of what is selected";
        model.notices.note(text);
        return;
    };
    let path = track.path.clone();
    if model.neighbours.stands_at(&path) || model.neighbours.is_new_list() {
        if model.neighbours.is_searching() {
            model.neighbours.wait(steps);
        } else {
            step(model, workers, steps);
        }
        return;
    }
    let Some(table) = table(model) else {
        let text = if model.teaching.embedding.is_running() || model.mapping.job.is_running() {
            "Neighbours need embeddings; they are being computed, ask again when they are there"
                .to_owned()
        } else {
            format!(
                "Neighbours need embeddings: press Compute map in the Map layout ({})",
                shortcut()
            )
        };
        model.notices.note(text);
        return;
    };
    let start_secs = model.transport.position_secs;
    ask(model, workers, table, Spot { path, start_secs });
    model.neighbours.wait(steps);
}

/// Looks for the neighbours of a place, if there are embeddings to look in.
pub(super) fn look_around(model: &mut AppState, workers: &mut Workers, spot: Spot) {
    if let Some(table) = table(model) {
        ask(model, workers, table, spot);
    }
}

fn ask(model: &mut AppState, workers: &mut Workers, table: Arc<KeyedTable>, spot: Spot) {
    let number = model.neighbours.ask(Query::Spot(spot.clone()));
    let mapping = &model.mapping;
    let colours = mapping.colouring == Colouring::Number(Number::Cosine);
    let level = mapping
        .chart
        .as_ref()
        .map_or(Level::Window, |chart| chart.level);
    workers.neighbours.ask(NeighboursRequest {
        number,
        table,
        file: mapping.imported_chart().map(Imported::name),
        spot,
        level,
        cosines: (colours && mapping.chart.is_some()).then_some(level),
    });
}

/// Looks for neighbours of the selected track as soon as it is another one. To be called once a frame.
pub fn follow_selection(model: &mut AppState, workers: &mut Workers) {
    if model.workspace != Workspace::Map || model.mapping.chart.is_none() {
        return;
    }
    let selected = model.library.selected_track();
    let path = selected.map(|track| track.path.clone());
    let Some(path) = path else { return };
    let neighbours = &mut model.neighbours;
    let other = neighbours.follows_anew(&path);
    let colours = model.mapping.colouring == Colouring::Number(Number::Cosine)
        && neighbours.cosines.is_none()
        && !neighbours.is_searching();
    if other || colours {
        let start_secs = model.transport.position_secs;
        let spot = Spot { path, start_secs };
        let origin = neighbours.origin().cloned().filter(|_| !other);
        look_around(model, workers, origin.unwrap_or(spot));
    }
}

/// The cosines of all points are there.
pub(super) fn cosines(model: &mut AppState, number: u64, cosines: Vec<f32>) {
    if model.neighbours.is_current(number) {
        model.neighbours.cosines = Some(cosines);
        map_colours::paint(model);
    }
}

/// Neighbours were found, or not.
pub(super) fn found(
    model: &mut AppState,
    workers: &mut Workers,
    number: u64,
    found: Result<Vec<Neighbour>, String>,
) {
    let (found, problem) = match found {
        Ok(found) => (found, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    let Some(steps) = model.neighbours.answered(number, found) else {
        return;
    };
    if let Some(why) = problem {
        // Asked for by a key, the answer is told; else it stands in the list.
        if steps != 0 {
            model.notices.note(why.clone());
        }
        model.neighbours.problem = Some(why);
    } else if steps != 0 {
        step(model, workers, steps);
    }
}

fn step(model: &mut AppState, workers: &mut Workers, steps: isize) {
    match model.neighbours.step(steps) {
        Some(spot) => play_from(model, workers, spot.path, spot.start_secs),
        None if model.neighbours.found.is_empty() => {
            let text = "There is no other track in the embeddings";
            model.notices.note(text);
        }
        None if steps > 0 => model.notices.note(format!(
            "These were the {} nearest; choose another track to walk on",
            model.neighbours.found.len()
        )),
        None => model.notices.note("The walk began here"),
    }
}
