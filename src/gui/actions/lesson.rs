//! Actions of lessons.

use eframe::egui::Key;

use crate::gui::{
    command::{Command, LessonChange, LessonCommand},
    model::{AppState, OpenLesson},
};

use super::{Action, Group, Shortcut};

const GROUP: Group = Group::Lessons;

fn open(number: usize) -> Option<Command> {
    Some(Command::Lesson(LessonCommand::Open(number)))
}

fn turn(model: &AppState, pages: isize) -> Option<Command> {
    let lesson = model.lesson.as_ref()?;
    let to = lesson.step.checked_add_signed(pages)?;
    (to < lesson.lesson.steps.len()).then_some(Command::Lesson(LessonCommand::Turn(pages)))
}

fn of_open(model: &AppState, command: LessonCommand) -> Option<Command> {
    model.lesson.as_ref().map(|_| Command::Lesson(command))
}

/// A change of a lesson that is being written.
fn change(
    model: &AppState,
    what: impl FnOnce(&OpenLesson) -> Option<LessonChange>,
) -> Option<Command> {
    let open = model.lesson.as_ref().filter(|open| open.edit.is_some())?;
    Some(Command::Lesson(LessonCommand::Edit(what(open)?)))
}

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "lesson-tokens",
        group: GROUP,
        name: "Lesson 1: What a token is",
        help: "How a track becomes patches, and a patch a token",
        keys: &[],
        command: |_| open(0),
    },
    Action {
        id: "lesson-ninety-percent",
        group: GROUP,
        name: "Lesson 2: 90 % dropped",
        help: "What is left of a track when nearly all of it is dropped",
        keys: &[],
        command: |_| open(1),
    },
    Action {
        id: "lesson-shapes",
        group: GROUP,
        name: "Lesson 3: Square against vertical",
        help: "What each of the two patch shapes can see",
        keys: &[],
        command: |_| open(2),
    },
    Action {
        id: "lesson-views",
        group: GROUP,
        name: "Lesson 4: Why two views",
        help: "How an encoder learns without labels",
        keys: &[],
        command: |_| open(3),
    },
    Action {
        id: "lesson-temperature",
        group: GROUP,
        name: "Lesson 5: Temperature",
        help: "How hard near and far rivals are pushed apart",
        keys: &[],
        command: |_| open(4),
    },
    Action {
        id: "lesson-equivariance",
        group: GROUP,
        name: "Lesson 6: Turning with the key",
        help: "How an encoder learns by how much a song was moved, and so its key",
        keys: &[],
        command: |_| open(5),
    },
    Action {
        id: "lesson-patchout",
        group: GROUP,
        name: "Lesson 7: Patchout",
        help: "What dropping whole rows and columns of patches saves and teaches",
        keys: &[],
        command: |_| open(6),
    },
    Action {
        id: "lesson-teacher",
        group: GROUP,
        name: "Lesson 8: Predicting the teacher",
        help: "How an encoder learns from spans that it doesn't hear, and from an average of itself",
        keys: &[],
        command: |_| open(7),
    },
    Action {
        id: "lesson-next",
        group: GROUP,
        name: "Next page",
        help: "Turn to the next page of the lesson",
        keys: &[Shortcut::plain(Key::PageDown)],
        command: |model| turn(model, 1),
    },
    Action {
        id: "lesson-back",
        group: GROUP,
        name: "Previous page",
        help: "Turn back to the previous page of the lesson",
        keys: &[Shortcut::plain(Key::PageUp)],
        command: |model| turn(model, -1),
    },
    Action {
        id: "lesson-close",
        group: GROUP,
        name: "Go on from the lesson",
        help: "Close the lesson and keep the window as the lesson shows it",
        keys: &[],
        command: |model| of_open(model, LessonCommand::Close),
    },
    Action {
        id: "lesson-leave",
        group: GROUP,
        name: "Leave the lesson",
        help: "Close the lesson and get back what was shown before it: collection, track, map, probe, mask and layout",
        keys: &[],
        command: |model| of_open(model, LessonCommand::Leave),
    },
    Action {
        id: "lesson-open",
        group: GROUP,
        name: "Open a lesson…",
        help: "Open a lesson that was saved; dropping its file on the window does the same",
        keys: &[],
        command: |_| Some(Command::Lesson(LessonCommand::ChooseFile)),
    },
    Action {
        id: "lesson-new",
        group: GROUP,
        name: "Write a lesson",
        help: "Begin a lesson whose first page shows the window as it is: track, mask, views and layers",
        keys: &[],
        command: |model| {
            let selected = model.library.selected_track();
            selected.map(|_| Command::Lesson(LessonCommand::New))
        },
    },
    Action {
        id: "lesson-edit",
        group: GROUP,
        name: "Edit the lesson",
        help: "Change text, order and pages of the open lesson, and what each page shows; a built-in one is saved as your own",
        keys: &[],
        command: |model| {
            let open = model.lesson.as_ref()?;
            let shown = open.edit.is_none();
            shown.then_some(Command::Lesson(LessonCommand::Edit(LessonChange::Begin)))
        },
    },
    Action {
        id: "lesson-edit-end",
        group: GROUP,
        name: "Read the lesson",
        help: "Show the lesson as its readers will see it",
        keys: &[],
        command: |model| change(model, |_| Some(LessonChange::End)),
    },
    Action {
        id: "lesson-take-state",
        group: GROUP,
        name: "Show this on the page",
        help: "The open page of the lesson shows the window as it is now: track, what is visible of it, mask, views and layers",
        keys: &[],
        command: |model| change(model, |_| Some(LessonChange::TakeState)),
    },
    Action {
        id: "lesson-add-page",
        group: GROUP,
        name: "Add a page",
        help: "Put a page behind the open one of the lesson, which shows the window as it is",
        keys: &[],
        command: |model| change(model, |_| Some(LessonChange::AddPage)),
    },
    Action {
        id: "lesson-delete-page",
        group: GROUP,
        name: "Delete the page",
        help: "Take the open page out of the lesson",
        keys: &[],
        command: |model| {
            let more = |open: &OpenLesson| open.lesson.steps.len() > 1;
            change(model, |open| more(open).then_some(LessonChange::DeletePage))
        },
    },
    Action {
        id: "lesson-page-earlier",
        group: GROUP,
        name: "Move the page earlier",
        help: "Move the open page of the lesson before the previous one",
        keys: &[],
        command: |model| {
            let may = |open: &OpenLesson| open.step > 0;
            change(model, |open| {
                may(open).then_some(LessonChange::MovePage(-1))
            })
        },
    },
    Action {
        id: "lesson-page-later",
        group: GROUP,
        name: "Move the page later",
        help: "Move the open page of the lesson behind the next one",
        keys: &[],
        command: |model| {
            let may = |open: &OpenLesson| open.step + 1 < open.lesson.steps.len();
            change(model, |open| may(open).then_some(LessonChange::MovePage(1)))
        },
    },
    Action {
        id: "lesson-save",
        group: GROUP,
        name: "Save the lesson…",
        help: "Save all pages of the lesson as one file to send: with its tracks, where you may pass them on",
        keys: &[],
        command: |model| of_open(model, LessonCommand::Save),
    },
];
