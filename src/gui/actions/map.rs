//! Actions of the map.

use eframe::egui::Key;

use crate::gui::{
    command::{Command, KeysCommand, MapCommand, SaveTo, StylesCommand},
    model::AppState,
    workspace::Workspace,
};

use super::{Action, Group, Shortcut};

const GROUP: Group = Group::Map;

/// Saves the map that is shown.
fn save_map(model: &AppState, ending: &'static str) -> Option<Command> {
    model.mapping.chart.as_ref()?;
    Some(Command::Map(MapCommand::SaveMap(SaveTo::Asking(ending))))
}

/// Saves the embeddings of the map that is shown.
fn save_embeddings(model: &AppState, ending: &'static str) -> Option<Command> {
    model.mapping.chart.as_ref()?;
    Some(Command::Map(MapCommand::SaveEmbeddings(SaveTo::Asking(
        ending,
    ))))
}

fn walk(steps: isize) -> Option<Command> {
    Some(Command::Map(MapCommand::Walk(steps)))
}

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "compute-map",
        group: GROUP,
        name: "Compute map",
        help: "Embed the collection with the chosen encoder, and lay similar sounds side by side",
        keys: &[],
        command: |model| {
            let possible = model.workspace == Workspace::Map && model.library.track_count() > 0;
            possible.then_some(Command::Map(MapCommand::Compute))
        },
    },
    Action {
        id: "hover-sound",
        group: GROUP,
        name: "Sound on hover",
        help: "Hear the window of a point of the map while the pointer is on it; again ends it",
        keys: &[Shortcut::plain(Key::H)],
        command: |model| {
            let on = !model.mapping.hover_sound;
            Some(Command::Map(MapCommand::HoverSound(on)))
        },
    },
    Action {
        id: "next-neighbour",
        group: GROUP,
        name: "Next neighbour",
        help: "Select and play what the encoder finds nearest to the selected window, then the next nearest",
        keys: &[Shortcut::plain(Key::N)],
        command: |_| walk(1),
    },
    Action {
        id: "previous-neighbour",
        group: GROUP,
        name: "Previous neighbour",
        help: "Go back to the neighbour before, and in the end to where the walk began",
        keys: &[Shortcut::plain(Key::B)],
        command: |_| walk(-1),
    },
    Action {
        id: "query-region",
        group: GROUP,
        name: "What is like the selection",
        help: "List the windows that are nearest to the selected stretch of the spectrogram",
        keys: &[],
        command: |model| {
            model.transport.form.selection?;
            Some(Command::Map(MapCommand::QueryRegion))
        },
    },
    Action {
        id: "query-file",
        group: GROUP,
        name: "What is like a file",
        help: "Choose a file, list what is nearest to it, and see where it lands on the map",
        keys: &[],
        command: |_| Some(Command::Map(MapCommand::ChooseQuery)),
    },
    Action {
        id: "find-near-duplicates",
        group: GROUP,
        name: "Find near-duplicates",
        help: "List near-duplicates: pairs of tracks that the encoder can hardly tell apart",
        keys: &[],
        command: |_| Some(Command::Map(MapCommand::FindDuplicates)),
    },
    Action {
        id: "compute-styles",
        group: GROUP,
        name: "Compute the styles of all tracks",
        help: "Ask the encoder's classifier, which a MAEST has, for the styles of every track of the collection",
        keys: &[],
        command: |model| {
            model.styles_info()?;
            let ready = model.library.track_count() > 0 && !model.styles.job.is_running();
            ready.then_some(Command::Styles(StylesCommand::Compute))
        },
    },
    Action {
        id: "style-strip",
        group: GROUP,
        name: "Styles over time",
        help: "Show the styles of each shown track over time below its spectrogram, or hide them; a MAEST gives them",
        keys: &[],
        command: |model| {
            model.styles_info()?;
            let on = !model.styles.form.strip;
            let edit = StylesCommand::edit(model, |form| form.strip = on);
            Some(Command::Styles(edit))
        },
    },
    Action {
        id: "key-strip",
        group: GROUP,
        name: "Keys over time",
        help: "Show the keys of each shown track over time below its spectrogram, or hide them; an MT2 hears them",
        keys: &[],
        command: |model| {
            model.keys_info()?;
            let on = !model.keys.form.strip;
            let edit = KeysCommand::edit(model, |form| form.strip = on);
            Some(Command::Keys(edit))
        },
    },
    Action {
        id: "compare-encoders",
        group: GROUP,
        name: "Two maps side by side",
        help: "Show a second encoder's map beside the first, and the tracks that moved most; again ends it",
        keys: &[],
        command: |model| {
            model.mapping.chart.as_ref()?;
            let on = model.mapping.second.is_none();
            Some(Command::Map(MapCommand::Compare(on)))
        },
    },
    Action {
        id: "open-table",
        group: GROUP,
        name: "Open a table of embeddings",
        help: "Map embeddings from an npz, npy, Parquet, TSV, CSV or safetensors file, of this program or of others",
        keys: &[],
        command: |_| Some(Command::Map(MapCommand::OpenTable(None))),
    },
    Action {
        id: "save-map-parquet",
        group: GROUP,
        name: "Save the map as Parquet",
        help: "Write path, label, timestamp, x and y of each point",
        keys: &[],
        command: |model| save_map(model, "parquet"),
    },
    Action {
        id: "save-map-tsv",
        group: GROUP,
        name: "Save the map as TSV",
        help: "Write path, label, timestamp, x and y of each point",
        keys: &[],
        command: |model| save_map(model, "tsv"),
    },
    Action {
        id: "save-map-png",
        group: GROUP,
        name: "Save the map as PNG",
        help: "Save a picture of the points by label, with a legend",
        keys: &[],
        command: |model| save_map(model, "png"),
    },
    Action {
        id: "save-embeddings-npz",
        group: GROUP,
        name: "Save the embeddings as npz",
        help: "Write the embeddings of the map as arrays for numpy",
        keys: &[],
        command: |model| save_embeddings(model, "npz"),
    },
    Action {
        id: "save-embeddings-parquet",
        group: GROUP,
        name: "Save the embeddings as Parquet",
        help: "Write a row for each point of the map, for pandas, Polars, DuckDB and Spotlight",
        keys: &[],
        command: |model| save_embeddings(model, "parquet"),
    },
];
