//! Lessons: opens, turns, writes and leaves them, and shows the state of each page.

use std::path::{Path, PathBuf};

use crate::gui::{
    command::{Command, EncoderCommand, LessonChange, LessonCommand, LibraryCommand},
    message::LessonMessage,
    model::{
        AppState, Arriving, Before, Hearing, Lesson, LessonState, OpenLesson, PictureState,
        TimeView,
    },
    work::{Workers, lesson},
};
use mynascope_encoder::CheckpointRef;

use super::{apply as apply_any, library, mask};

pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: LessonCommand) {
    match command {
        LessonCommand::Open(number) => {
            if let Some(lesson) = Lesson::built_in(number) {
                show(model, workers, lesson);
                use_myna(model, workers);
            }
        }
        LessonCommand::Show(lesson) => show(model, workers, *lesson),
        LessonCommand::ChooseFile => {
            model.notices.error_of(lesson::choose(&workers.outbox));
        }
        LessonCommand::Read(path) => {
            model.notices.error_of(lesson::read(path, &workers.outbox));
        }
        LessonCommand::Turn(pages) => {
            if let Some(open) = &mut model.lesson {
                let last = open.lesson.steps.len().saturating_sub(1);
                open.step = open.step.saturating_add_signed(pages).min(last);
                turn(model, workers);
            }
        }
        LessonCommand::Close => {
            if may_close(model) {
                model.lesson = None;
            }
        }
        LessonCommand::Leave => {
            if may_close(model) {
                leave(model, workers);
            }
        }
        LessonCommand::New => {
            let track = model.library.selected_track();
            let title = track.map_or_else(String::new, |track| track.title.clone());
            let lesson = Lesson::new(title, LessonState::of(model));
            show(model, workers, lesson);
            change(model, workers, LessonChange::Begin);
        }
        LessonCommand::Edit(what) => change(model, workers, what),
        LessonCommand::Save => save(model, workers, None),
        LessonCommand::SaveTo(path) => save(model, workers, Some(path)),
    }
}

pub(super) fn receive(model: &mut AppState, workers: &mut Workers, message: LessonMessage) {
    match message {
        LessonMessage::Read(Ok(lesson)) => show(model, workers, *lesson),
        LessonMessage::Saved(Ok(path)) => {
            let edit = model.lesson.as_mut().and_then(|open| open.edit.as_mut());
            if let Some(edit) = edit {
                edit.changed = false;
            }
            model
                .notices
                .note(format!("The lesson is saved: {}", path.display()));
        }
        LessonMessage::Read(Err(why)) | LessonMessage::Saved(Err(why)) => model.notices.error(why),
    }
}

fn show(model: &mut AppState, workers: &mut Workers, lesson: Lesson) {
    if !may_close(model) {
        return;
    }
    // From one lesson to the next: what was before the first counts.
    let before = match model.lesson.take() {
        Some(open) => open.before,
        None => Before::of(model),
    };
    model.lesson = Some(OpenLesson {
        lesson,
        step: 0,
        before,
        edit: None,
    });
    // Its text says what X brings.
    hear(model, workers, Hearing::Original);
    turn(model, workers);
}

/// Whether the open lesson may be closed: one with changes that are not saved only when that was said and is wanted again.
fn may_close(model: &mut AppState) -> bool {
    let edit = model.lesson.as_mut().and_then(|open| open.edit.as_mut());
    let Some(edit) = edit.filter(|edit| edit.changed && !edit.warned) else {
        return true;
    };
    edit.warned = true;
    model.notices.note(
        "This lesson has changes that are not saved: Save keeps them; the same again closes the lesson without them",
    );
    false
}

/// The built-in lessons speak of Myna's patches, or of how another family is trained: with an encoder of neither in use the
/// shipped Myna takes its place, until the lesson is left.
fn use_myna(model: &mut AppState, workers: &mut Workers) {
    let Some(own) = &model.mask.own else {
        return;
    };
    let trained = model.lesson.as_ref().and_then(|open| {
        let mut steps = open.lesson.steps.iter();
        steps.find_map(|step| step.state.train)
    });
    if trained == Some(own.family) {
        return;
    }
    let other = model.embeddings.source.clone();
    model.notices.note(format!(
        "This lesson shows what a Myna hears, so the shipped one is in use; leaving the lesson (the cross at its right) brings {} ({}) back",
        other.name(),
        own.family
    ));
    let shipped = other.with_checkpoint(CheckpointRef::Shipped);
    if let Some(open) = &mut model.lesson {
        open.before.encoder.get_or_insert(other);
    }
    apply_any(
        model,
        workers,
        Command::Encoder(EncoderCommand::Use(shipped)),
    );
}

/// Ends the lesson and gives back what was shown before it.
fn leave(model: &mut AppState, workers: &mut Workers) {
    let Some(open) = model.lesson.take() else {
        return;
    };
    let Before {
        state,
        hearing,
        encoder,
        set_aside,
    } = open.before;
    hear(model, workers, hearing);
    // What the lesson is still opening would take the place of what was open before it.
    let opens = model.arriving.as_ref().is_some_and(|it| it.opened);
    if opens && model.library.opening().is_some() {
        model.library.job.stop();
        model.library.settle_for_early();
    }
    if let Some(encoder) = encoder {
        apply_any(
            model,
            workers,
            Command::Encoder(EncoderCommand::Use(encoder)),
        );
    }
    if let Some(aside) = set_aside {
        library::bring_back(model, workers, *aside);
    }
    arrive(model, workers, state);
}

fn hear(model: &mut AppState, workers: &mut Workers, hearing: Hearing) {
    let command = Command::edit_sound(model, |form| form.hearing = hearing);
    apply_any(model, workers, command);
}

/// Shows the state of the page that is open.
fn turn(model: &mut AppState, workers: &mut Workers) {
    if let Some(open) = &model.lesson {
        let state = open.lesson.state_at(open.step);
        arrive(model, workers, state);
    }
}

/// Shows a state, what is not of a track at once.
fn arrive(model: &mut AppState, workers: &mut Workers, state: LessonState) {
    state.set(model);
    model.arriving = Some(Arriving {
        state,
        opened: false,
    });
    mask::changed(model, workers);
    follow(model, workers);
}

/// Goes on with a state that waits for its track. To be called once a frame.
pub fn follow(model: &mut AppState, workers: &mut Workers) {
    let Some(arriving) = &model.arriving else {
        return;
    };
    if model.library.opening().is_some() {
        return;
    }
    let state = arriving.state.clone();
    if state.track.is_some() && !is_shown(model, &state) {
        return find(model, workers, &state);
    }
    // Its length is known once it is decoded.
    let PictureState::Ready { picture, .. } = &model.spectrogram.state else {
        if matches!(
            model.spectrogram.state,
            PictureState::Failed(_) | PictureState::Empty
        ) {
            model.arriving = None;
        }
        return;
    };
    let mut view = TimeView::fit(picture.duration_secs());
    if let (Some(start), Some(span)) = (state.start_secs, state.span_secs) {
        view.show(start, span);
    }
    model.spectrogram.view = view;
    // The track before may have been another one, whose end of being shown took crops and paint along.
    state.set(model);
    mask::changed(model, workers);
    model.arriving = None;
}

fn is_shown(model: &AppState, state: &LessonState) -> bool {
    let path = model.spectrogram.path();
    path.is_some_and(|path| state.is_track(path))
}

/// Selects the track of a state; opens what it is in, once, where it is not there.
fn find(model: &mut AppState, workers: &mut Workers, state: &LessonState) {
    let mut tracks = (0..model.library.track_count()).filter(|&index| {
        let track = model.library.track(index);
        track.is_some_and(|track| track.problem.is_none() && state.is_track(&track.path))
    });
    if let Some(index) = tracks.next() {
        let select = Command::Library(LibraryCommand::Select(index));
        return apply_any(model, workers, select);
    }
    let Some(arriving) = &mut model.arriving else {
        return;
    };
    if arriving.opened {
        not_there(model, None);
        return;
    }
    arriving.opened = true;
    match state.own_track() {
        None => {
            let open = Command::Library(LibraryCommand::OpenDemo);
            apply_any(model, workers, open);
        }
        // Not among what the user opened: nobody chose it.
        Some(track) => library::open_for_lesson(model, workers, track),
    }
}

/// Says once that the track of the page cannot be shown, and why; whether a page waited for one.
pub(super) fn not_there(model: &mut AppState, why: Option<&str>) -> bool {
    let Some(arriving) = model.arriving.take_if(|arriving| arriving.opened) else {
        return false;
    };
    let name = arriving.state.track_title().unwrap_or_default().to_owned();
    let path = arriving.state.own_track().map(Path::display);
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    model.notices.error(match path {
        Some(path) => format!(
            "The track of this page, “{name}”, cannot be opened{why}; ask for a lesson with its tracks inside, or put the file here: {path}"
        ),
        None => format!(
            "The track of this page, “{name}”, is not in the demo collection{why}; the lesson may be of another version of the program"
        ),
    });
    true
}

fn change(model: &mut AppState, workers: &mut Workers, what: LessonChange) {
    let shown = LessonState::of(model);
    let Some(open) = &mut model.lesson else {
        return;
    };
    if let LessonChange::End = what {
        open.edit = None;
        return;
    }
    open.begin_edit();
    let is_change = !matches!(what, LessonChange::Begin | LessonChange::WithTracks(_));
    if let Some(edit) = &mut open.edit
        && is_change
    {
        edit.changed = true;
        edit.warned = false;
    }
    match what {
        LessonChange::Begin | LessonChange::End => {}
        LessonChange::Title(title) => open.lesson.title = title,
        LessonChange::Text(text) => {
            if let Some(page) = open.lesson.steps.get_mut(open.step) {
                page.text = text;
            }
        }
        LessonChange::TakeState => {
            open.set_state(shown);
            model.notices.note("The page shows this from now on");
        }
        LessonChange::AddPage => open.add_page(shown),
        LessonChange::DeletePage => {
            open.delete_page();
            turn(model, workers);
        }
        LessonChange::MovePage(places) => open.move_page(places),
        LessonChange::WithTracks(with_tracks) => {
            if let Some(edit) = &mut open.edit {
                edit.with_tracks = with_tracks;
            }
        }
    }
}

fn save(model: &mut AppState, workers: &Workers, to: Option<PathBuf>) {
    let Some(open) = &model.lesson else {
        return;
    };
    if let Some(lacks) = open.lesson.lacks() {
        return model.notices.note(lacks);
    }
    let with_tracks = open.edit.is_some_and(|edit| edit.with_tracks);
    let lesson = open.lesson.clone();
    let saved = lesson::save(lesson, with_tracks, to, &workers.outbox);
    model.notices.error_of(saved);
}
