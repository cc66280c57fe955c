//! Actions of lessons.

use eframe::egui::Key;

use crate::gui::{
    command::{Command, LessonCommand},
    model::{AppState, LessonDraft},
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
        name: "Page before",
        help: "Turn back to the page before",
        keys: &[Shortcut::plain(Key::PageUp)],
        command: |model| turn(model, -1),
    },
    Action {
        id: "lesson-close",
        group: GROUP,
        name: "Close the lesson",
        help: "Close the lesson and go on from what it shows",
        keys: &[],
        command: |model| {
            let open = model.lesson.is_some();
            open.then_some(Command::Lesson(LessonCommand::Close))
        },
    },
    Action {
        id: "lesson-leave",
        group: GROUP,
        name: "Leave the lesson",
        help: "Close the lesson and get back what was shown before it",
        keys: &[],
        command: |model| {
            let open = model.lesson.is_some();
            open.then_some(Command::Lesson(LessonCommand::Leave))
        },
    },
    Action {
        id: "lesson-open",
        group: GROUP,
        name: "Open a lesson…",
        help: "Open a lesson that was saved",
        keys: &[],
        command: |_| Some(Command::Lesson(LessonCommand::ChooseFile)),
    },
    Action {
        id: "lesson-save",
        group: GROUP,
        name: "Save as lesson…",
        help: "Save track, mask, views and layers as they are now, with a few words",
        keys: &[],
        command: |model| {
            let title = model.library.selected_track()?.title.clone();
            let text = String::new();
            let draft = LessonDraft { title, text };
            Some(Command::Lesson(LessonCommand::Draft(Some(draft))))
        },
    },
];
