//! Lessons: opens, turns and leaves them, and shows the state of each page.

use std::path::PathBuf;

use crate::gui::{
    command::{Command, EncoderCommand, LessonCommand, LibraryCommand},
    message::LessonMessage,
    model::{
        AppState, Arriving, Before, Hearing, Lesson, LessonState, LessonStep, OpenLesson,
        PictureState, TimeView,
    },
    work::{Workers, lesson},
};
use mynascope_collection::DEMO_WORD;
use mynascope_encoder::CheckpointRef;

use super::{apply as apply_any, mask};

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
        LessonCommand::Turn(pages) => {
            if let Some(open) = &mut model.lesson {
                let last = open.lesson.steps.len().saturating_sub(1);
                open.step = open.step.saturating_add_signed(pages).min(last);
                turn(model, workers);
            }
        }
        LessonCommand::Close => model.lesson = None,
        LessonCommand::Leave => leave(model, workers),
        LessonCommand::Draft(draft) => model.lesson_draft = draft,
        LessonCommand::Save => save(model, workers),
    }
}

pub(super) fn receive(model: &mut AppState, workers: &mut Workers, message: LessonMessage) {
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

fn show(model: &mut AppState, workers: &mut Workers, lesson: Lesson) {
    // From one lesson to the next: what was before the first counts.
    let before = match model.lesson.take() {
        Some(open) => open.before,
        None => Before::of(model),
    };
    model.lesson = Some(OpenLesson {
        lesson,
        step: 0,
        before,
    });
    // Its text says what X brings.
    hear(model, workers, Hearing::Original);
    turn(model, workers);
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
        sources,
        hearing,
        encoder,
    } = open.before;
    hear(model, workers, hearing);
    if let Some(encoder) = encoder {
        apply_any(
            model,
            workers,
            Command::Encoder(EncoderCommand::Use(encoder)),
        );
    }
    arrive(model, workers, state, sources);
}

fn hear(model: &mut AppState, workers: &mut Workers, hearing: Hearing) {
    let command = Command::edit_sound(model, |form| form.hearing = hearing);
    apply_any(model, workers, command);
}

/// Shows the state of the page that is open.
fn turn(model: &mut AppState, workers: &mut Workers) {
    if let Some(open) = &model.lesson {
        let state = open.lesson.state_at(open.step);
        arrive(model, workers, state, Vec::new());
    }
}

/// Shows a state, what is not of a track at once.
fn arrive(model: &mut AppState, workers: &mut Workers, state: LessonState, sources: Vec<PathBuf>) {
    state.set(model);
    model.arriving = Some(Arriving {
        state,
        sources,
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
    let track = state.track.clone().unwrap_or_default();
    if arriving.opened {
        model.arriving = None;
        model.notices.error(format!(
            "The track to show cannot be found; open it yourself to go on: {track}"
        ));
        return;
    }
    arriving.opened = true;
    let sources = arriving.sources.clone();
    let is_demo = match sources.as_slice() {
        [] => track.starts_with("demo/"),
        [only] => only.as_os_str() == DEMO_WORD,
        _ => false,
    };
    let command = if is_demo {
        LibraryCommand::OpenDemo
    } else if sources.is_empty() {
        LibraryCommand::Open(vec![PathBuf::from(track)])
    } else {
        LibraryCommand::Open(sources)
    };
    apply_any(model, workers, Command::Library(command));
}

/// Saves the window as it is, with the words of the draft, as a lesson of one page.
fn save(model: &mut AppState, workers: &Workers) {
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
    model
        .notices
        .error_of(lesson::save(lesson, &workers.outbox));
}
