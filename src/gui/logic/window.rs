//! The window itself: workspaces, overlays, faults of the graphics card.

use std::path::{Path, PathBuf};

use crate::gui::{
    actions,
    command::{Command, LibraryCommand, OwnFolder, TrainCommand, WindowCommand},
    model::{AppState, FollowUp, Offer, Overlay, undo_step},
    work::{Workers, cache_jobs, hub, open_folder},
    workspace::{Room, Workspace},
};
use mynascope_base::storage::Folders;

use super::{
    changes, labels, map, mask, runs,
    settings::{self, with_cache},
    sound, train,
};

pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: WindowCommand) {
    match command {
        WindowCommand::ShowWorkspace(workspace) => {
            // Runs may have come or gone outside the window meanwhile.
            let was_read = model.training.table.is_read;
            if workspace == Workspace::Train && model.workspace != workspace && was_read {
                train::apply(model, workers, TrainCommand::ReadRuns);
            }
            model.show_workspace(workspace);
        }
        // The tiles belong to the app, which resets them.
        WindowCommand::ResetWorkspace => {
            for room in Room::ALL {
                let name = model.workspace.saved_name(room);
                model.settings.layouts.remove(&name);
            }
            settings::save(model, workers);
        }
        WindowCommand::SaveWorkspace(workspace, room, tiles) => {
            save_workspace(model, workers, workspace.saved_name(room), tiles)
        }
        WindowCommand::Present(on) => {
            if model.presenting != on {
                sound::presented(model, workers, on);
            }
            model.presenting = on;
            workers.outbox.fill_screen(on);
        }
        WindowCommand::Edit(new) => settings::edit(model, workers, *new),
        WindowCommand::ShowOverlay(overlay) => show_overlay(model, workers, overlay),
        WindowCommand::Dismiss(id) => model.notices.dismiss(id),
        WindowCommand::DismissNotes => model.notices.dismiss_notes(),
        WindowCommand::DismissAll => model.notices.dismiss_all(),
        WindowCommand::Tell(text) => model.notices.note(text),
        WindowCommand::PathText(Some(text)) => {
            if let Some(question) = &mut model.path_question {
                question.text = text;
            }
        }
        WindowCommand::PathText(None) => model.path_question = None,
        WindowCommand::PathAnswer => {
            let question = model.path_question.take();
            model.path_question = question.and_then(|question| question.answer().err());
        }
        WindowCommand::Seen(kind) => model.activity.forget(kind),
        WindowCommand::Undo => step(model, workers, true),
        WindowCommand::Redo => step(model, workers, false),
        WindowCommand::PaletteText(text) => search_palette(model, workers, text),
        WindowCommand::PaletteMove(rows) => model.palette.move_by(rows),
        WindowCommand::PaletteRun(offer) => run_offer(model, workers, offer),
        WindowCommand::PaletteEnter => {
            if let Some(offer) = model.palette.enter() {
                run_offer(model, workers, offer);
            }
        }
        WindowCommand::CountCache => with_cache(workers, cache_jobs::count),
        WindowCommand::ClearCache => {
            model.cache_bytes = None;
            with_cache(workers, cache_jobs::clear);
        }
        WindowCommand::ShowOwnFolder(folder) => show_own(model, workers, folder),
        WindowCommand::ShowFolder(folder) => show_folder(model, workers, &folder),
    }
}

pub(super) fn graphics(model: &mut AppState, why: &str) {
    model.notices.error(format!(
        "The graphics card refused to draw something ({why}); close other programs that use it, or start again"
    ));
}

/// Letters are named that nothing is there to draw.
pub(super) fn no_font(model: &mut AppState, letters: &[char]) {
    const MOST_NAMED: usize = 5;
    let mut named: Vec<String> = letters
        .iter()
        .take(MOST_NAMED)
        .map(|letter| format!("U+{:04X}", u32::from(*letter)))
        .collect();
    if letters.len() > MOST_NAMED {
        named.push(format!("{} more", letters.len() - MOST_NAMED));
    }
    model.notices.note(format!(
        "No font of this system has {}: boxes stand for such letters in names. Install a font that has them (Noto has \
         one for every script) and start again",
        named.join(", ")
    ));
}

pub(super) fn show_overlay(model: &mut AppState, workers: &Workers, overlay: Option<Overlay>) {
    model.overlay = overlay;
    match overlay {
        Some(Overlay::Palette) => {
            model.palette = model.palette.opened_anew();
            search_palette(model, workers, String::new());
        }
        Some(Overlay::Settings) => with_cache(workers, cache_jobs::count),
        // Other programs fetch into the same folder. Pictures of the window leave the user's files alone.
        Some(Overlay::Published) if workers.remember => {
            model.notices.error_of(hub::find(&workers.outbox));
        }
        Some(Overlay::Messages) => model.notices.read(),
        Some(Overlay::Keys | Overlay::Published) | None => {}
    }
}

fn save_workspace(model: &mut AppState, workers: &Workers, name: String, tiles: String) {
    if model.settings.layouts.get(&name) != Some(&tiles) {
        model.settings.layouts.insert(name, tiles);
        settings::save(model, workers);
    }
}

fn step(model: &mut AppState, workers: &mut Workers, back: bool) {
    let verb = if back { "Undone" } else { "Done again" };
    let Some((name, follow)) = undo_step(model, back) else {
        let text = if back {
            "There is nothing to undo"
        } else {
            "There is nothing to do again"
        };
        return model.notices.note(text);
    };
    match follow {
        FollowUp::Labels(all) => {
            labels::set(model, workers, &all);
        }
        FollowUp::Values {
            mask_changed,
            map_changed,
        } => {
            if mask_changed {
                mask::changed(model, workers);
            }
            if map_changed {
                map::picked_changed(model);
            }
        }
        FollowUp::Collection => changes::swap(model, workers),
        // What came of it is said when it is done.
        FollowUp::Run(change) => return runs::step(model, workers, change, back),
        FollowUp::Elsewhere => {
            return model.notices.note(format!(
                "Not {}: {name}, on a track that is not shown any more",
                verb.to_lowercase()
            ));
        }
    }
    model.notices.note(format!("{verb}: {name}"));
}

fn search_palette(model: &mut AppState, workers: &Workers, text: String) {
    let candidates = actions::candidates(model, &text);
    if let Some(find) = model.palette.search(text, candidates, &model.library) {
        workers.offers.ask(find);
    }
}

/// Tracks were found for the palette; what Enter waited for is done.
pub(super) fn offered(
    model: &mut AppState,
    workers: &mut Workers,
    generation: u64,
    rows: Vec<usize>,
) {
    let entered = model.palette.found(generation, rows, &model.library);
    let is_open = model.overlay == Some(Overlay::Palette);
    if let Some(offer) = entered.filter(|_| is_open) {
        run_offer(model, workers, offer);
    }
}

fn run_offer(model: &mut AppState, workers: &mut Workers, offer: Offer) {
    model.overlay = None;
    let command = match offer {
        Offer::Action(id) => {
            let action = actions::find(id);
            let first = action.and_then(|action| Some((action, action.what_first(model)?)));
            if let Some((action, first)) = first {
                return model.notices.note(format!("“{}”: {first}", action.name));
            }
            action.and_then(|action| (action.command)(model))
        }
        Offer::Recent(path) => Some(Command::Library(LibraryCommand::Open(vec![path]))),
        Offer::Paths(paths) => Some(Command::Library(LibraryCommand::Open(paths))),
        Offer::Track(index) => Some(Command::Library(LibraryCommand::Play(index))),
    };
    if let Some(command) = command {
        super::apply(model, workers, command);
    }
}

fn show_own(model: &mut AppState, workers: &Workers, folder: OwnFolder) {
    let folders = match Folders::of_user() {
        Ok(folders) => folders,
        Err(error) => return model.notices.error(error.to_string()),
    };
    let path: PathBuf = match folder {
        OwnFolder::Cache => folders.cache,
        OwnFolder::Settings => folders.config,
        OwnFolder::Data => folders.data,
    };
    show_folder(model, workers, &path);
}

fn show_folder(model: &mut AppState, workers: &Workers, folder: &Path) {
    model
        .notices
        .error_of(open_folder::show_folder(folder, &workers.outbox));
}
