//! Tables of embeddings that come from files, and what is saved of a map.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::gui::{
    command::SaveTo,
    model::{AppState, Imported, KeyedTable, ListedLabels, MapSide, TableKey},
    work::{Workers, tables, tables::Sheet},
};
use mynascope_base::counted;
use mynascope_collection::Collection;
use mynascope_embedding::{EmbeddingTable, Level, Relocated, SoundOfTable};
use mynascope_probe::{EncoderId, ProbedTable};

use super::{map, map_colours};

/// Opens a table, at a path or as the user chooses.
pub(super) fn open(model: &mut AppState, workers: &Workers, path: Option<PathBuf>) {
    model.notices.error_of(tables::open(path, &workers.outbox));
}

/// A table was read: it is laid out, and what of it can be heard is said.
pub(super) fn opened(
    model: &mut AppState,
    workers: &mut Workers,
    result: Result<(PathBuf, Box<EmbeddingTable>, SoundOfTable), String>,
) {
    let (path, table, sound) = match result {
        Ok(opened) => opened,
        Err(why) => return model.notices.error(why),
    };
    for note in &table.notes {
        model.notices.note(note.clone());
    }
    let in_part: Vec<(&Path, &str)> = table.incomplete().collect();
    if let [(path, why), ..] = in_part[..] {
        model.notices.note(format!(
            "{} of the table {} embedded in part. {why}: {}",
            counted(in_part.len(), "file"),
            mynascope_base::agreeing(in_part.len(), "was", "were"),
            path.display()
        ));
    }
    let known = model.library.collection.as_ref();
    let known: std::collections::HashSet<&Path> = known
        .iter()
        .flat_map(|collection| &collection.tracks)
        .map(|track| track.path.as_path())
        .collect();
    let all = table.tracks.len();
    let open = table
        .tracks
        .iter()
        .filter(|track| known.contains(track.path.as_path()))
        .count();
    if sound != SoundOfTable::There {
        model.notices.note(silence(&sound));
    } else if open < all {
        model.notices.note(format!(
            "The open collection has {open} of the table's {}; the others are on the map, but only those can be \
             selected",
            counted(all, "track")
        ));
    }
    // Pictures and neighbours of masked views go on with what the chosen encoder makes: a table from elsewhere is for map
    // and probe.
    if table.level == Level::Track {
        model.mapping.form.level = Level::Track;
    }
    let table = Arc::new(keyed(model, *table));
    model.mapping.imported = Some(Imported {
        labels: label_count(&table.table),
        listed: None,
        path,
        table,
        sound,
    });
    map::compute(model, workers);
}

/// A table from a file, as if it had been made here.
pub(super) fn keyed(model: &AppState, table: EmbeddingTable) -> KeyedTable {
    KeyedTable {
        key: TableKey {
            tracks: Vec::new(),
            source: model.embeddings.source.clone(),
            version: None,
        },
        // Whose weights made it, the file doesn't tell.
        id: EncoderId {
            description: table.encoder.clone(),
            dim: table.dim,
            ..EncoderId::default()
        },
        table,
        skipped: Vec::new(),
        windows_per_second: 0.0,
        seconds: 0.0,
    }
}

/// Why a table cannot be heard, and what to do.
pub(super) fn silence(sound: &SoundOfTable) -> String {
    match sound {
        SoundOfTable::Unnamed => {
            "The table names no files: its rows are on the map, but have no sound".to_owned()
        }
        SoundOfTable::Missing(first) => format!(
            "The sound of this table is not where it says; “Find its sound…” below the map asks for the folder. The first \
             file is missing: {}",
            first.display()
        ),
        SoundOfTable::There => String::new(),
    }
}

/// Looks for the sound of the table that the map is of.
pub(super) fn find_sound(model: &mut AppState, workers: &Workers, folder: Option<PathBuf>) {
    let Some(imported) = &model.mapping.imported else {
        return model
            .notices
            .note("There is no table from a file on the map");
    };
    let table = Arc::clone(&imported.table);
    model
        .notices
        .error_of(tables::find_sound(table, folder, &workers.outbox));
}

/// The sound of a table was found, or not: the map stays, its points name other files.
pub(super) fn sound_found(
    model: &mut AppState,
    workers: &mut Workers,
    of: &Arc<KeyedTable>,
    result: Result<(Box<EmbeddingTable>, Relocated), String>,
) {
    let (table, found) = match result {
        Ok(found) => found,
        Err(why) => return model.notices.error(why),
    };
    let is_shown = replace(model, workers, of, *table, |imported| {
        imported.sound = SoundOfTable::There;
    });
    if !is_shown {
        return;
    }
    model.notices.note(format!(
        "Found the sound of {} of the table's {}",
        found.found,
        counted(found.tracks, "track")
    ));
}

/// How many different labels a table has.
fn label_count(table: &EmbeddingTable) -> usize {
    let labels = table.tracks.iter();
    let labels: BTreeSet<&str> = labels.filter_map(|it| it.label.as_deref()).collect();
    labels.len()
}

/// Takes the labels of the table that the map is of from a list.
pub(super) fn label(model: &mut AppState, workers: &Workers, list: Option<PathBuf>) {
    let Some(imported) = &model.mapping.imported else {
        return model
            .notices
            .note("There is no table from a file on the map");
    };
    let table = Arc::clone(&imported.table);
    let name = imported.path.file_stem().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    model
        .notices
        .error_of(tables::label(table, name, list, &workers.outbox));
}

/// A list with labels of the table was read, or not: the map stays, its points have other labels.
pub(super) fn labelled(
    model: &mut AppState,
    workers: &mut Workers,
    of: &Arc<KeyedTable>,
    result: Result<(PathBuf, Box<Collection>, Box<ProbedTable>), String>,
) {
    let (path, collection, probed) = match result {
        Ok(labelled) => labelled,
        Err(why) => return model.notices.error(why),
    };
    let ProbedTable { table, note, .. } = *probed;
    let labels = label_count(&table);
    let notes = collection.note_texts().map(str::to_owned);
    let notes: Vec<String> = notes.chain(note).collect();
    let is_shown = replace(model, workers, of, table, |imported| {
        imported.labels = labels;
        imported.listed = Some(ListedLabels {
            path,
            collection: Arc::new(*collection),
        });
    });
    for note in notes.into_iter().filter(|_| is_shown) {
        model.notices.note(note);
    }
}

/// Puts a table with other words for its tracks in the place of the one that the map is of, and does `change`; `false` where
/// another table was opened meanwhile.
fn replace(
    model: &mut AppState,
    workers: &mut Workers,
    of: &Arc<KeyedTable>,
    table: EmbeddingTable,
    change: impl FnOnce(&mut Imported),
) -> bool {
    let mapping = &mut model.mapping;
    let current = mapping
        .imported
        .as_mut()
        .filter(|it| Arc::ptr_eq(&it.table, of));
    let Some(imported) = current else {
        return false;
    };
    let table = Arc::new(KeyedTable {
        key: of.key.clone(),
        id: of.id.clone(),
        table,
        skipped: of.skipped.clone(),
        windows_per_second: of.windows_per_second,
        seconds: of.seconds,
    });
    imported.table = Arc::clone(&table);
    change(imported);
    let shown = mapping
        .chart
        .as_ref()
        .filter(|chart| Arc::ptr_eq(&chart.source, of));
    match shown.map(|chart| (chart.level, chart.layout.clone())) {
        Some((level, layout)) if !mapping.job.is_running() => {
            mapping.show(MapSide::Main, table, level, layout);
            map_colours::paint(model);
        }
        _ => map::compute(model, workers),
    }
    true
}

/// Saves the embeddings of the map.
pub(super) fn save_embeddings(model: &mut AppState, workers: &Workers, to: SaveTo) {
    let shown = model.mapping.chart.as_ref();
    let table = shown.map(|chart| &chart.source);
    match table.or(model.embeddings.table.as_ref()) {
        Some(table) => {
            let sheet = Sheet {
                table: Arc::clone(table),
                gone: shown.map_or_else(Vec::new, |chart| chart.gone().to_vec()),
                map: None,
            };
            save(model, workers, sheet, to);
        }
        None => model
            .notices
            .note("There are no embeddings yet: press Compute map first"),
    }
}

/// Saves the places of the points.
pub(super) fn save_map(model: &mut AppState, workers: &Workers, to: SaveTo) {
    match &model.mapping.chart {
        Some(chart) => {
            let sheet = Sheet {
                table: Arc::clone(&chart.source),
                gone: chart.gone().to_vec(),
                map: Some((chart.level, chart.layout.clone())),
            };
            save(model, workers, sheet, to);
        }
        None => model
            .notices
            .note("There is no map yet: press Compute map first"),
    }
}

fn save(model: &mut AppState, workers: &Workers, sheet: Sheet, to: SaveTo) {
    let (collection, encoder) = match (&model.mapping.imported, &model.library.collection) {
        (Some(imported), _) => (imported.path.file_stem(), String::new()),
        (None, collection) => (
            collection.as_ref().map(|it| std::ffi::OsStr::new(&it.name)),
            sheet.table.key.source.name(),
        ),
    };
    let collection = collection.unwrap_or_default().to_string_lossy();
    let of = [collection.as_ref(), encoder.as_str()];
    let saved = tables::save(sheet, &of, to, &workers.outbox);
    model.notices.error_of(saved);
}
