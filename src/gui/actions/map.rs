//! Actions of the map.

use eframe::egui::Key;

use crate::gui::{
    command::{Command, MapCommand, SaveTo},
    model::{AppState, Camera, MapForm, MapSide},
    workspace::Workspace,
};

use mynascope_map::Method;

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

/// Lays the map out by a method, where another one is chosen.
fn lay_out_by(model: &AppState, method: Method) -> Option<Command> {
    let form = model.mapping.form;
    let other = model.workspace == Workspace::Map && form.method != method;
    other.then_some(Command::Map(MapCommand::Edit(MapForm { method, ..form })))
}

/// Shows a whole map again that was moved.
fn fit(model: &AppState, side: MapSide) -> Option<Command> {
    model.mapping.chart_of(side)?;
    Some(Command::Map(MapCommand::Move(side, Camera::default())))
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
        id: "stop-map",
        group: GROUP,
        name: "Stop the map",
        help: "Stop embedding the collection or laying it out",
        keys: &[],
        command: |model| {
            let running = model.mapping.job.is_running();
            running.then_some(Command::Map(MapCommand::Cancel))
        },
    },
    Action {
        id: "pause-map",
        group: GROUP,
        name: "Pause or continue the layout",
        help: "Let the points of the map rest where they are, or move on",
        keys: &[],
        command: |model| {
            let paused = model.mapping.is_paused();
            let running = model.mapping.job.is_running();
            running.then_some(Command::Map(MapCommand::Pause(!paused)))
        },
    },
    Action {
        id: "map-by-tsne",
        group: GROUP,
        name: "Map by t-SNE",
        help: "Lay the map out by t-SNE, which keeps neighbours together best",
        keys: &[],
        command: |model| lay_out_by(model, Method::Tsne),
    },
    Action {
        id: "map-by-umap",
        group: GROUP,
        name: "Map by UMAP",
        help: "Lay the map out by UMAP, which keeps neighbours together and draws groups apart",
        keys: &[],
        command: |model| lay_out_by(model, Method::Umap),
    },
    Action {
        id: "map-by-pca",
        group: GROUP,
        name: "Map by PCA",
        help: "Lay the map out by PCA: the two directions in which the embeddings differ most",
        keys: &[],
        command: |model| lay_out_by(model, Method::Pca),
    },
    Action {
        id: "fit-map",
        group: GROUP,
        name: "Fit the map",
        help: "Show the whole map again after it was moved; F does so while the pointer is on the map",
        keys: &[],
        command: |model| fit(model, MapSide::Main),
    },
    Action {
        id: "show-all-labels",
        group: GROUP,
        name: "Show all groups of the map",
        help: "Show the points again that were hidden in the legend",
        keys: &[],
        command: |model| {
            let hidden = !model.mapping.hidden.is_empty();
            hidden.then_some(Command::Map(MapCommand::ShowAllLabels))
        },
    },
    Action {
        id: "copy-map-command",
        group: GROUP,
        name: "Copy the map as command",
        help: "Put the command on the clipboard that makes the same map in a terminal",
        keys: &[],
        command: |model| {
            model.library.collection.as_ref()?;
            Some(Command::Map(MapCommand::Copy))
        },
    },
    Action {
        id: "copy-list-command",
        group: GROUP,
        name: "Copy the list beside the map as command",
        help: "Put the command on the clipboard that makes the list of neighbours or near-duplicates in a terminal",
        keys: &[],
        command: |_| Some(Command::Map(MapCommand::CopyList)),
    },
    Action {
        id: "stop-query",
        group: GROUP,
        name: "Stop looking for neighbours",
        help: "Stop the search for what is like a file, or for near-duplicates",
        keys: &[],
        command: |model| {
            let running = model.neighbours.job.is_running() || model.lists.job.is_running();
            running.then_some(Command::Map(MapCommand::StopQuery))
        },
    },
    Action {
        id: "close-table",
        group: GROUP,
        name: "Back to the encoder",
        help: "Put the opened table of embeddings away: map and probe go back to the chosen encoder",
        keys: &[],
        command: |model| {
            model.mapping.imported.as_ref()?;
            Some(Command::Map(MapCommand::CloseTable))
        },
    },
    Action {
        id: "find-sound",
        group: GROUP,
        name: "Find the sound of the table…",
        help: "Look below a folder for the files that the opened table names; the map stays as it is",
        keys: &[],
        command: |model| {
            model.mapping.imported.as_ref()?;
            Some(Command::Map(MapCommand::FindSound(None)))
        },
    },
    Action {
        id: "label-table",
        group: GROUP,
        name: "Labels of the table from a list…",
        help: "Give the tracks of the opened table the labels, keys, tags and parts of a split that a list has of them",
        keys: &[],
        command: |model| {
            model.mapping.imported.as_ref()?;
            Some(Command::Map(MapCommand::LabelTable(None)))
        },
    },
    Action {
        id: "choose-second",
        group: GROUP,
        name: "Choose the encoder of the second map…",
        help: "Choose a checkpoint file for the map beside the first",
        keys: &[],
        command: |model| {
            model.mapping.second.as_ref()?;
            Some(Command::Map(MapCommand::ChooseSecond(None)))
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
        id: "save-embeddings-tsv",
        group: GROUP,
        name: "Save the embeddings as TSV pair",
        help: "Write vectors and metadata for TensorBoard's projector: two files, of which you name the first",
        keys: &[],
        command: |model| save_embeddings(model, "tsv"),
    },
    Action {
        id: "save-embeddings-safetensors",
        group: GROUP,
        name: "Save the embeddings as safetensors",
        help: "Write tensors, with paths and labels as metadata",
        keys: &[],
        command: |model| save_embeddings(model, "safetensors"),
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
