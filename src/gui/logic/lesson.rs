use std::path::PathBuf;

use crate::gui::{
    command::{Command, LibraryCommand},
    model::{
        Lesson, LessonCommand, LessonMessage, LessonState, LessonStep, Model, OpenLesson,
        PictureState, TimeView,
    },
    work::{Workers, lesson},
};

use super::{apply as apply_any, mask, no_thread};

pub(super) fn apply(model: &mut Model, workers: &mut Workers, command: LessonCommand) {
    match command {
        LessonCommand::Open(number) => {
            if let Some(lesson) = Lesson::built_in(number) {
                show(model, workers, lesson);
            }
        }
        LessonCommand::Show(lesson) => show(model, workers, *lesson),
        LessonCommand::ChooseFile => {
            if let Err(error) = lesson::choose(&workers.outbox) {
                model.notices.error(no_thread(&error));
            }
        }
        LessonCommand::Turn(pages) => {
            if let Some(open) = &mut model.lesson {
                let last = open.lesson.steps.len().saturating_sub(1);
                open.step = open.step.saturating_add_signed(pages).min(last);
                turn(model, workers);
            }
        }
        LessonCommand::Close => model.lesson = None,
        LessonCommand::Draft(draft) => model.lesson_draft = draft,
        LessonCommand::Save => save(model, workers),
    }
}

pub(super) fn receive(model: &mut Model, workers: &mut Workers, message: LessonMessage) {
    match message {
        LessonMessage::Read(Ok(lesson)) => show(model, workers, *lesson),
        LessonMessage::Saved(Ok(path)) => {
            model.lesson_draft = None;
            model
                .notices
                .note(format!("The lesson is saved: {}", path.display()));
        }
        LessonMessage::Read(Err(why)) | LessonMessage::Saved(Err(why)) => model.notices.error(why),
    }
}

fn show(model: &mut Model, workers: &mut Workers, lesson: Lesson) {
    model.lesson = Some(OpenLesson {
        lesson,
        step: 0,
        pending: None,
        opened: false,
    });
    turn(model, workers);
}

/// Shows the state of the page that is open.
fn turn(model: &mut Model, workers: &mut Workers) {
    let Some(open) = &mut model.lesson else {
        return;
    };
    let state = open.lesson.state_at(open.step);
    open.pending = Some(state.clone());
    open.opened = false;
    state.set(model);
    mask::changed(model, workers);
    follow(model, workers);
}

/// Goes on with a page that waits for its track. To be called once a frame.
pub fn follow(model: &mut Model, workers: &mut Workers) {
    let Some(open) = &model.lesson else {
        return;
    };
    let Some(state) = open.pending.clone() else {
        return;
    };
    if model.library.opening.is_some() {
        return;
    }
    if state.track.is_some() && !is_shown(model, &state) {
        return find(model, workers, &state);
    }
    // Its length is known once it is decoded.
    let PictureState::Ready { picture, .. } = &model.spectrogram.state else {
        if matches!(
            model.spectrogram.state,
            PictureState::Failed(_) | PictureState::Empty
        ) {
            finish(model);
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
    finish(model);
}

fn finish(model: &mut Model) {
    if let Some(open) = &mut model.lesson {
        open.pending = None;
    }
}

fn is_shown(model: &Model, state: &LessonState) -> bool {
    let path = model.spectrogram.path();
    path.is_some_and(|path| state.is_track(path))
}

/// Selects the page's track; opens the demo collection or its file, once, where it is not there.
fn find(model: &mut Model, workers: &mut Workers, state: &LessonState) {
    let mut tracks = (0..model.library.track_count()).filter(|&index| {
        let track = model.library.track(index);
        track.is_some_and(|track| track.problem.is_none() && state.is_track(&track.path))
    });
    if let Some(index) = tracks.next() {
        let select = Command::Library(LibraryCommand::Select(index));
        return apply_any(model, workers, select);
    }
    let Some(open) = &mut model.lesson else {
        return;
    };
    let track = state.track.clone().unwrap_or_default();
    if open.opened {
        open.pending = None;
        model.notices.error(format!(
            "The lesson's track cannot be found; open it yourself to go on: {track}"
        ));
        return;
    }
    open.opened = true;
    let command = if track.starts_with("demo/") {
        LibraryCommand::OpenDemo
    } else {
        LibraryCommand::Open(vec![PathBuf::from(track)])
    };
    apply_any(model, workers, Command::Library(command));
}

/// Saves the window as it is, with the words of the draft, as a lesson of one page.
fn save(model: &mut Model, workers: &Workers) {
    let Some(draft) = &model.lesson_draft else {
        return;
    };
    let lesson = Lesson {
        title: draft.title.clone(),
        steps: vec![LessonStep {
            text: draft.text.clone(),
            state: LessonState::of(model),
        }],
    };
    if let Err(error) = lesson::save(lesson, &workers.outbox) {
        model.notices.error(no_thread(&error));
    }
}
