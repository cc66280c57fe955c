//! Actions on tracks: they act on what is picked or marked, else on the shown track, never on another one.

use mynascope::gui::{
    command::{Command, LibraryCommand, MapCommand},
    model::AppState,
    workspace::Workspace,
};

use super::{Bench, Promises};

fn label(model: &AppState, track: usize) -> Option<String> {
    model.library.track(track)?.label.clone()
}

fn labels(model: &AppState) -> Vec<Option<String>> {
    let tracks = 0..model.library.track_count();
    tracks.map(|track| label(model, track)).collect()
}

fn path(model: &AppState, track: usize) -> String {
    model
        .library
        .track(track)
        .unwrap()
        .path
        .display()
        .to_string()
}

/// Shows a track and picks others on the map, as a lasso does.
fn pick(bench: &mut Bench, shown: usize, group: &str) -> Vec<usize> {
    bench.show(Workspace::Map);
    if bench.model().mapping.chart.is_none() {
        bench.apply(Command::Map(MapCommand::Compute));
        bench.settle();
    }
    bench.apply(Command::Library(LibraryCommand::Select(shown)));
    bench.apply(Command::Map(MapCommand::PickGroup(group.to_owned())));
    let marked: Vec<usize> = bench.model().library.marked.iter().copied().collect();
    assert!(!marked.is_empty() && !marked.contains(&shown), "{marked:?}");
    marked
}

fn types(bench: &mut Bench, text: &str) {
    for command in [
        LibraryCommand::EditText(text.to_owned()),
        LibraryCommand::EndEdit { keep: true },
    ] {
        bench.apply(Command::Library(command));
    }
}

pub const LIBRARY: Promises = &[
    ("open-files", |bench, id| bench.asks(id, "ChooseFiles")),
    ("open-folder", |bench, id| bench.asks(id, "ChooseFolder")),
    ("open-demo", |bench, id| bench.asks(id, "OpenDemo")),
    ("stop-opening", |bench, id| {
        assert!(bench.asked(id).is_none(), "nothing is being opened");
        let again = vec![bench.music.path().to_path_buf()];
        bench.apply(Command::Library(LibraryCommand::Open(again.clone())));
        if bench.asked(id).is_some() {
            bench.act(id);
        }
        assert!(bench.asked(id).is_none());
        bench.apply(Command::Library(LibraryCommand::Open(again)));
        bench.settle();
        assert_eq!(bench.model().library.track_count(), 10);
    }),
    ("copy-open-command", |bench, id| {
        let line = bench.copies(id);
        let folder = bench.music.path().display().to_string();
        assert_eq!(line, format!("mynascope {folder}"));
    }),
    ("search", |bench, id| {
        bench.show(Workspace::Probe);
        bench.changes(id, |model| model.search_wanted);
        assert_eq!(
            bench.model().workspace,
            Workspace::Listen,
            "where the list is"
        );
    }),
    ("only-bad", |bench, id| {
        assert!(bench.asked(id).is_none(), "no track is bad");
        let only = Command::edit_library(bench.model(), |form| form.only_bad = true);
        bench.apply(only);
        bench.sets(id, |model| model.library.form.only_bad, false);
    }),
    ("edit-label", |bench, id| {
        let before = labels(bench.model());
        let (low, high) = (before.len() - 1, 0);
        assert_ne!(before[low], before[high]);
        let picked = pick(bench, high, "low");
        bench.act(id);
        let editing = bench.model().library.editing.clone().unwrap();
        assert_eq!(editing.name(), format!("Label of {} tracks", picked.len()));
        assert!(
            picked.contains(&editing.index),
            "a row of those that are picked"
        );
        types(bench, "strings");
        let after = labels(bench.model());
        for track in 0..after.len() {
            let expected = match picked.contains(&track) {
                true => Some("strings".to_owned()),
                false => before[track].clone(),
            };
            assert_eq!(after[track], expected, "track {track}");
        }
        bench.act("undo");
        assert_eq!(labels(bench.model()), before);
        // Nothing is picked: the shown track.
        bench.apply(Command::Library(LibraryCommand::Select(high)));
        bench.act(id);
        types(bench, "alone");
        let alone: Vec<usize> = (0..before.len())
            .filter(|&track| label(bench.model(), track).as_deref() == Some("alone"))
            .collect();
        assert_eq!(alone, [high]);
        bench.act("undo");
    }),
    ("add-tag", |bench, id| {
        let picked = pick(bench, 0, "low");
        bench.act(id);
        types(bench, "deep");
        let tagged = |model: &AppState| -> Vec<usize> {
            let tracks = 0..model.library.track_count();
            let has = |track: &usize| {
                let track = model.library.track(*track).unwrap();
                track.tags.contains(&"deep".to_owned())
            };
            tracks.filter(has).collect()
        };
        assert_eq!(tagged(bench.model()), picked);
        bench.act("undo");
        assert!(tagged(bench.model()).is_empty());
    }),
    ("copy-path", |bench, id| {
        let picked = pick(bench, 0, "low");
        let paths: Vec<String> = picked
            .iter()
            .map(|&track| path(bench.model(), track))
            .collect();
        assert_eq!(bench.copies(id), paths.join("\n"));
        bench.apply(Command::Library(LibraryCommand::Select(1)));
        let shown = path(bench.model(), 1);
        assert_eq!(bench.copies(id), shown);
    }),
    ("show-in-folder", |bench, id| {
        let picked = pick(bench, 0, "low");
        bench.asks(id, &format!("ShowInFolder({})", picked[0]));
    }),
    ("play-track", |bench, id| {
        let picked = pick(bench, 0, "low");
        bench.act(id);
        bench.until("the sound", |model| model.transport.playing);
        let model = bench.model();
        assert!(picked.contains(&model.library.selected.unwrap()));
        let marked: Vec<usize> = model.library.marked.iter().copied().collect();
        assert_eq!(marked, picked, "they stay picked");
    }),
    ("add-files", |bench, id| bench.asks(id, "ChooseFilesToAdd")),
    ("add-folder", |bench, id| {
        bench.asks(id, "ChooseFolderToAdd")
    }),
    ("save-list", |bench, id| bench.asks(id, "SaveTargets")),
    ("label-by-genre", |bench, id| {
        assert!(bench.asked(id).is_none(), "no file tells its genre");
    }),
    ("forget-recent", |bench, id| {
        bench.sets(id, |model| model.settings.recent.len(), 0);
    }),
    ("back-to-collection", |bench, id| {
        let count = |model: &AppState| model.library.track_count();
        let low = bench.music.path().join("low");
        bench.apply(Command::Library(LibraryCommand::Open(vec![low])));
        bench.settle();
        assert_eq!(count(bench.model()), 5);
        bench.act(id);
        bench.settle();
        assert_eq!(count(bench.model()), 10);
    }),
    ("remove-tracks", |bench, id| {
        bench.apply(Command::Library(LibraryCommand::Select(9)));
        bench.sets(id, |model| model.library.track_count(), 9);
        bench.settle();
    }),
    ("mark-all", |bench, id| {
        bench.act(id);
        let library = &bench.model().library;
        assert_eq!(library.marked.len(), library.track_count());
    }),
    ("track-below", |bench, id| {
        bench.apply(Command::Library(LibraryCommand::Select(0)));
        bench.sets(id, |model| model.library.selected, Some(1));
    }),
    ("track-above", |bench, id| {
        bench.sets(id, |model| model.library.selected, Some(0));
    }),
];
