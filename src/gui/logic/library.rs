//! The library: opens collections, chooses and labels tracks.

use std::path::{Path, PathBuf};

use crate::gui::{
    command::{Command, LessonCommand, LibraryCommand},
    command_line::CommandLine,
    jobs::JobEvent,
    message::{LibraryMessage, Message},
    model::{AppState, Edited, OpenFound, OpenLesson, PictureState, SetAside},
    work::{
        Workers,
        ask_file::{LIST_ENDINGS, Question, ask_all},
        drop_preview,
        lesson::is_lesson,
        open::{self, Source},
        open_folder::show_folder,
        save_list::save_list,
    },
    workspace::Workspace,
};
use mynascope_audio::{Channel, EXTENSIONS};
use mynascope_base::counted;
use mynascope_collection::{Collection, DEMO_WORD, DemoKind};

use super::{
    changes, copy_text, encoder, keys, labels, lesson, map, probe, query, session, settings, sound,
    styles, tables, teach, window,
};

/// Folders and files that are remembered.
const MOST_RECENT: usize = 10;

pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: LibraryCommand) {
    carry_out(model, workers, command);
    map::marks_changed(model);
}

fn carry_out(model: &mut AppState, workers: &mut Workers, command: LibraryCommand) {
    match command {
        LibraryCommand::Open(paths) => open(model, workers, paths),
        LibraryCommand::OpenDemo => start_opening(model, workers, Source::Demo),
        LibraryCommand::Hover(paths) => {
            model.hovered = Some((paths.clone(), "Drop to open".to_owned()));
            match paths.as_slice() {
                [file] if model.takes_as_query(file) => {
                    let text = "Drop to see where it lands on the map, and what is like it";
                    model.hovered = Some((paths, text.to_owned()));
                }
                _ => drop_preview::look(paths, &workers.outbox),
            }
        }
        LibraryCommand::OpenLast => open_last(model, workers),
        LibraryCommand::ChooseFiles => choose(model, workers, Wish::Files, false),
        LibraryCommand::ChooseFolder => choose(model, workers, Wish::Folder, false),
        LibraryCommand::ChooseFilesToAdd => choose(model, workers, Wish::Files, true),
        LibraryCommand::ChooseFolderToAdd => choose(model, workers, Wish::Folder, true),
        LibraryCommand::Add(paths) => changes::add(model, workers, paths),
        LibraryCommand::DropAnswer(adds) => changes::drop_answer(model, workers, adds),
        LibraryCommand::Remove => changes::remove(model, workers),
        LibraryCommand::Back => changes::back(model, workers),
        LibraryCommand::StopOpening => stop(model, workers),
        LibraryCommand::Find(form) => {
            model.library.form = form;
            refresh(model, workers);
        }
        LibraryCommand::Drop(paths) => drop(model, workers, paths),
        LibraryCommand::FocusSearch => {
            show_list(model);
            model.search_wanted += 1;
        }
        LibraryCommand::Select(index) => choose_track(model, workers, index),
        LibraryCommand::Play(index) => {
            choose_track(model, workers, index);
            sound::play(model, workers);
        }
        LibraryCommand::PlayChosen(index) => {
            model.library.chosen_by_user = true;
            select(model, workers, index);
            sound::play(model, workers);
        }
        LibraryCommand::SelectRelative(rows) => {
            if let Some(index) = model.library.neighbour(rows) {
                choose_track(model, workers, index);
            }
        }
        LibraryCommand::PlayRelative(steps) => play_relative(model, workers, steps),
        LibraryCommand::PlayTargets => {
            model.library.queue = model.library.queue_of_targets();
            let first = model
                .library
                .queue
                .as_ref()
                .and_then(|queue| queue.current());
            let first = first.and_then(|path| model.library.index_of(path));
            if let Some(index) = first {
                select_and_play(model, workers, index);
            }
        }
        LibraryCommand::SaveTargets => {
            let library = &model.library;
            let tracks = library
                .targets()
                .into_iter()
                .filter_map(|index| library.track(index));
            let tracks = tracks.map(|track| (track.path.clone(), track.label.clone()));
            let saved = save_list(tracks.collect(), &workers.outbox);
            model.notices.error_of(saved);
        }
        LibraryCommand::LabelByGenre => labels::label_by_genre(model, workers),
        LibraryCommand::ToggleMark(index) => model.library.toggle_mark(index),
        LibraryCommand::MarkTo(index) => model.library.mark_to(index),
        LibraryCommand::MarkAll => {
            model.library.marked = model.library.rows().iter().copied().collect();
        }
        LibraryCommand::Edit(what, index) => labels::edit(model, what, index),
        LibraryCommand::EditChosen(what) => edit_chosen(model, workers, what),
        LibraryCommand::EditText(text) => {
            if let Some(editing) = &mut model.library.editing {
                editing.text = text;
            }
        }
        LibraryCommand::EndEdit { keep } => labels::end_edit(model, workers, keep),
        LibraryCommand::Label(label) => labels::label(model, workers, label),
        LibraryCommand::AddTag(tag) => labels::add_tag(model, workers, tag),
        LibraryCommand::RemoveTag(tag) => labels::remove_tag(model, workers, &tag),
        LibraryCommand::SetLabels(all) => {
            labels::set(model, workers, &all);
        }
        LibraryCommand::CopyPaths(all) => {
            let tracks = all.iter().filter_map(|&index| model.library.track(index));
            let paths: Vec<String> = tracks.map(|it| it.path.display().to_string()).collect();
            match paths.len() {
                0 => {}
                1 => copy_text(model, workers, paths.concat(), "The path"),
                many => copy_text(model, workers, paths.join("\n"), &format!("{many} paths")),
            }
        }
        LibraryCommand::CopyFolder(index) => {
            if let Some(folder) = model.library.track(index).and_then(|it| it.path.parent()) {
                let folder = folder.display().to_string();
                copy_text(model, workers, folder, "The folder's path");
            }
        }
        LibraryCommand::ShowInFolder(index) => {
            if let Some(folder) = model.library.track(index).and_then(|it| it.path.parent()) {
                let shown = show_folder(folder, &workers.outbox);
                model.notices.error_of(shown);
            }
        }
        LibraryCommand::CopyCommand => {
            let line = CommandLine::window(&model.library.sources).to_line();
            copy_text(model, workers, line, "The command");
        }
        LibraryCommand::ForgetRecent => {
            model.settings.recent.clear();
            settings::save(model, workers);
        }
    }
}

/// Shows a layout that has the list of tracks.
fn show_list(model: &mut AppState) {
    if !matches!(model.workspace, Workspace::Listen | Workspace::Map) {
        model.show_workspace(Workspace::Listen);
    }
}

/// Opens the field for the tracks that are picked or marked, in a row that can be seen.
fn edit_chosen(model: &mut AppState, workers: &mut Workers, what: Edited) {
    let Some(index) = model.library.first_target() else {
        return;
    };
    show_list(model);
    if !model.library.rows().contains(&index) {
        model.library.form.search.clear();
        model.library.form.only_bad = false;
        refresh(model, workers);
    }
    labels::edit(model, what, index);
}

pub(super) fn receive(model: &mut AppState, workers: &mut Workers, message: LibraryMessage) {
    match message {
        LibraryMessage::Open(update) => {
            if let Some(event) = model.library.job.take(update) {
                follow_opening(model, workers, event);
            }
        }
        LibraryMessage::Chosen(paths) => open(model, workers, paths),
        LibraryMessage::ChosenToAdd(paths) => changes::add(model, workers, paths),
        LibraryMessage::Hovered(paths, text) => model.hovered = Some((paths, text)),
        LibraryMessage::Found { generation, rows } => {
            model.library.found(generation, rows);
            map::search_changed(model);
        }
        LibraryMessage::Offered { generation, rows } => {
            window::offered(model, workers, generation, rows);
        }
    }
}

/// Takes in what an opening tells.
fn follow_opening(model: &mut AppState, workers: &mut Workers, event: JobEvent<OpenFound>) {
    match event {
        JobEvent::Found(OpenFound::Early(tracks)) => {
            if !model.library.is_provisional() {
                leave(model);
                forget(model, workers);
            }
            model.library.show_early(tracks);
            // The demo collection is rendered in the order of its list: its first track is there to stay.
            let is_demo = model
                .library
                .sources
                .iter()
                .all(|path| DemoKind::of_path(path).is_some());
            if is_demo && model.library.selected.is_none() {
                select(model, workers, 0);
            }
        }
        JobEvent::Found(OpenFound::Collection(sources, collection)) => {
            model.library.reads_headers = true;
            opened(model, workers, sources, collection);
            open_waiting_table(model, workers);
        }
        JobEvent::Found(OpenFound::Added(sources, collection)) => {
            model.library.reads_headers = true;
            changes::added(model, workers, sources, collection);
        }
        JobEvent::Found(OpenFound::Checkpoint { opened, rest }) => {
            match opened {
                Ok(chosen) => {
                    remember(model, workers, std::slice::from_ref(&chosen.path));
                    encoder::use_checkpoint(model, chosen);
                }
                Err(why) => model.notices.error(why),
            }
            if !rest.is_empty() {
                model.library.opening_sources = rest;
                return;
            }
            // The collection stays as it is; a window that was started with a checkpoint has none yet.
            model.library.settle_for_early();
            if model.library.collection.is_none() {
                open_last(model, workers);
            }
        }
        JobEvent::Found(OpenFound::Facts(facts)) => {
            model.library.learn_facts(facts);
            pass_over_bad(model, workers);
        }
        // Lengths are known only now; rows that move under the pointer while it goes on would be a nuisance.
        JobEvent::Ended(Ok(())) => refresh(model, workers),
        JobEvent::Ended(Err(why)) => {
            forget_recent(model, workers);
            model.library.settle_for_early();
            if !lesson::not_there(model, Some(&why)) {
                model.notices.error(why);
            }
            open_waiting_table(model, workers);
        }
    }
}

fn opened(
    model: &mut AppState,
    workers: &mut Workers,
    sources: Vec<PathBuf>,
    mut collection: Collection,
) {
    // Several would lie over titles and pictures.
    match collection.notes.as_slice() {
        [] => {}
        [note] => model.notices.note(note.text.clone()),
        notes => model.notices.note(format!(
            "{} notes on what was opened: point at the library's last line",
            notes.len()
        )),
    }
    if !model.library.is_provisional() {
        leave(model);
    }
    // What was taken off the list stays off it at the next start alone: who opens a folder gets all of it.
    if model.restoring.is_none() {
        model.library.removed.clear();
    }
    model.library.remove_again(&mut collection);
    model.library.opening_sources.clone_from(&sources);
    model.library.show(collection);
    forget(model, workers);
    refresh(model, workers);
    // What a lesson opens is gone at its end.
    let is_passing = |open: &OpenLesson| open.before.set_aside.is_some();
    let is_passing = model.lesson.as_ref().is_some_and(is_passing);
    session::opened(model, workers, &sources);
    if !is_passing {
        remember(model, workers, &sources);
    }
    if !is_passing && model.settings.last != sources {
        model.settings.last = sources;
        settings::save(model, workers);
    }
    if model.library.selected.is_none() {
        match model.library.next_good() {
            Some(index) => select(model, workers, index),
            // A file that cannot be used says why in place of its picture.
            None if model.library.track_count() > 0 => select(model, workers, 0),
            None => model.spectrogram.state = PictureState::Empty,
        }
    }
}

/// Keeps what is open before something else takes its place: for the end of a lesson, or to come back to.
fn leave(model: &mut AppState) {
    match model.lesson.is_some() {
        true => model.set_aside_for_lesson(),
        false => changes::leave(model),
    }
}

/// Opens the track of a lesson, which the user did not choose.
pub(super) fn open_for_lesson(model: &mut AppState, workers: &mut Workers, track: &Path) {
    start_opening(model, workers, Source::Paths(vec![track.to_path_buf()]));
}

/// Shows the collection again that a lesson set aside, with all that was made of it.
pub(super) fn bring_back(model: &mut AppState, workers: &mut Workers, aside: SetAside) {
    model.library.job.stop();
    forget(model, workers);
    model.bring_back(aside);
    refresh(model, workers);
    match model.library.selected {
        Some(index) => select(model, workers, index),
        None => model.spectrogram.state = PictureState::Empty,
    }
}

/// What was made of the tracks that were open before has no meaning any more.
pub(super) fn forget(model: &mut AppState, workers: &mut Workers) {
    map::forget(model, workers);
    probe::forget(model);
    teach::forget(model);
    styles::forget(model);
    keys::forget(model);
    model.history.forget_labels();
}

fn stop(model: &mut AppState, workers: &mut Workers) {
    let was_opening = model.library.opening().is_some();
    let was_scanning = model.library.scanning().is_some();
    model.library.job.stop();
    open_waiting_table(model, workers);
    if model.library.is_provisional() {
        model.library.settle_for_early();
        refresh(model, workers);
        let tracks = counted(model.library.track_count(), "track");
        model.notices.note(format!(
            "Opening was stopped: what was found until then is listed, {tracks}"
        ));
    } else if was_opening {
        model.notices.note("Opening was stopped");
    } else if was_scanning {
        model
            .notices
            .note("Reading headers was stopped; opening again goes on where it was");
    }
}

/// Lists what is looked for, in the background where that takes long.
pub(super) fn refresh(model: &mut AppState, workers: &Workers) {
    match model.library.find() {
        Some(find) => workers.find.ask(find),
        None => map::search_changed(model),
    }
}

/// Where the first track turns out to be bad and nobody chose it, the next one is shown.
pub(super) fn pass_over_bad(model: &mut AppState, workers: &mut Workers) {
    let library = &model.library;
    let is_bad = library
        .selected_track()
        .is_some_and(|track| track.problem.is_some());
    if is_bad
        && !library.chosen_by_user
        && let Some(index) = library.next_good()
    {
        select(model, workers, index);
    }
}

/// Opens files and folders, or does nothing where there is nothing. A table of embeddings goes to the map, by itself or when the
/// rest is open.
pub fn open(model: &mut AppState, workers: &mut Workers, paths: Vec<PathBuf>) {
    if paths.is_empty() {
        return;
    }
    if let [file] = paths.as_slice()
        && is_lesson(file)
    {
        // A window that was started with it has no collection yet.
        if model.library.collection.is_none() && model.library.opening().is_none() {
            open_last(model, workers);
        }
        let read = LessonCommand::Read(file.clone());
        return super::apply(model, workers, Command::Lesson(read));
    }
    model.restoring = None;
    if let Some(table) = drop_preview::table_alone(&paths) {
        model.show_workspace(Workspace::Map);
        if model.library.collection.is_some() && model.library.opening().is_none() {
            return tables::open(model, workers, Some(table.clone()));
        }
        // A collection that is still to come would take the map away again.
        model.library.waiting_table = Some(table.clone());
        if model.library.opening().is_none() {
            open_last(model, workers);
        }
        return;
    }
    let (table, paths) = drop_preview::table_among(paths);
    if let Some(table) = table {
        model.show_workspace(Workspace::Map);
        // The collection that comes would take the map away again.
        model.library.waiting_table = Some(table);
    }
    start_opening(model, workers, Source::Paths(paths));
}

/// Puts paths first in the list of what was opened before.
pub(super) fn remember(model: &mut AppState, workers: &Workers, paths: &[PathBuf]) {
    let recent = &mut model.settings.recent;
    let named = paths.iter().rev();
    for path in named.filter(|path| DemoKind::of_path(path).is_none()) {
        recent.retain(|other| other != path);
        recent.insert(0, path.clone());
    }
    recent.truncate(MOST_RECENT);
    settings::save(model, workers);
}

/// Takes what cannot be opened off the list of what was opened before.
fn forget_recent(model: &mut AppState, workers: &Workers) {
    let failed = &model.library.opening_sources;
    let recent = &mut model.settings.recent;
    let before = recent.len();
    recent.retain(|path| !failed.contains(path));
    if recent.len() < before {
        settings::save(model, workers);
    }
}

/// Opens the table that waited for the end of an opening.
fn open_waiting_table(model: &mut AppState, workers: &Workers) {
    if let Some(table) = model.library.waiting_table.take() {
        tables::open(model, workers, Some(table));
    }
}

/// Opens what was open when the window was closed, or else the demo collection.
pub fn open_last(model: &mut AppState, workers: &mut Workers) {
    let last = model.settings.last.clone();
    let source = if last.is_empty() {
        Source::Demo
    } else {
        Source::Last(last)
    };
    start_opening(model, workers, source);
}

pub(super) fn start_opening(model: &mut AppState, workers: &mut Workers, source: Source) {
    model.library.settle_for_early();
    model.library.reads_headers = false;
    model.library.opening_sources = match &source {
        Source::Paths(paths) | Source::Last(paths) => paths.clone(),
        Source::Demo => vec![PathBuf::from(DEMO_WORD)],
        Source::Add(..) => Vec::new(),
    };
    let (slot, outbox) = (&mut model.library.job, &workers.outbox);
    let started = open::start(slot, source, workers.remember, outbox);
    model.notices.error_of(started);
}

/// Takes in what was dropped on the window.
fn drop(model: &mut AppState, workers: &mut Workers, paths: Vec<PathBuf>) {
    match paths.as_slice() {
        [file] if model.takes_as_query(file) => query::file(model, workers, file.clone()),
        files if model.may_add(files) => model.dropped = Some(paths),
        _ => open(model, workers, paths),
    }
}

/// What is asked for.
#[derive(Clone, Copy)]
enum Wish {
    Files,
    Folder,
}

/// Asks for files, or for folders, to be opened or added.
fn choose(model: &mut AppState, workers: &Workers, wish: Wish, adds: bool) {
    let question = match wish {
        Wish::Files => Question::files(if adds {
            "Add sound files"
        } else {
            "Open sound files"
        })
        .filter("Sound", EXTENSIONS)
        .filter("Lists of paths", &LIST_ENDINGS),
        Wish::Folder => Question::folders(match adds {
            true => "Add a folder of sounds",
            false => "Open a folder of sounds",
        }),
    };
    let asked = ask_all(question, &workers.outbox, move |paths| {
        Some(Message::Library(match adds {
            true => LibraryMessage::ChosenToAdd(paths),
            false => LibraryMessage::Chosen(paths),
        }))
    });
    model.notices.error_of(asked);
}

/// Plays the track so many on, of the queue or of the list; only shows it while nothing plays.
pub(super) fn play_relative(model: &mut AppState, workers: &mut Workers, steps: isize) {
    if let Some(index) = model.library.track_on(steps) {
        model.library.step_queue(steps);
        match model.transport.playing || model.transport.ended {
            true => select_and_play(model, workers, index),
            false => keep_marks(model, |model| choose_track(model, workers, index)),
        }
    }
}

/// Shows a track and plays it; what is marked stays marked.
fn select_and_play(model: &mut AppState, workers: &mut Workers, index: usize) {
    keep_marks(model, |model| choose_track(model, workers, index));
    sound::play(model, workers);
}

fn keep_marks(model: &mut AppState, change: impl FnOnce(&mut AppState)) {
    let marked = std::mem::take(&mut model.library.marked);
    change(model);
    model.library.marked = marked;
}

pub(super) fn choose_track(model: &mut AppState, workers: &mut Workers, index: usize) {
    model.library.chosen_by_user = true;
    model.library.marked.clear();
    model.library.editing = None;
    select(model, workers, index);
}

fn select(model: &mut AppState, workers: &mut Workers, index: usize) {
    let Some(track) = model.library.track(index) else {
        return;
    };
    let path = track.path.clone();
    let problem = track.problem.clone();
    model.library.selected = Some(index);
    model.mapping.select(Some(&path));
    model.transport.problem = None;
    if let Some(problem) = problem {
        workers.picture.stop();
        sound::pause(workers);
        model.spectrogram.state = PictureState::Failed(problem);
        return;
    }
    if model.spectrogram.path() == Some(path.as_path()) {
        return;
    }
    model.mask.new_track();
    sound::forget_track(model, workers);
    compute_picture(model, workers, &path);
    if let Some(player) = &workers.player {
        player.load(&path);
    }
    sound::prepare_views(model, workers);
}

/// Has the picture of a track made, of the channel that is chosen.
fn compute_picture(model: &mut AppState, workers: &mut Workers, path: &Path) {
    model.spectrogram.state = PictureState::Computing(path.to_path_buf());
    let channel = model.embeddings.source.channel;
    workers.picture.request(path.to_path_buf(), channel);
}

/// Pictures, views and embeddings are made of another channel from now on.
pub(super) fn set_channel(model: &mut AppState, workers: &mut Workers, channel: Channel) {
    model.embeddings.source.channel = channel;
    if let Some(path) = model.spectrogram.path().map(Path::to_path_buf) {
        sound::forget_views(model, workers);
        compute_picture(model, workers, &path);
        sound::prepare_views(model, workers);
    }
}
