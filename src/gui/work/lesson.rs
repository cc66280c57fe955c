//! Reading and writing lessons, with the system's file dialogs, each on a thread of its own.

use std::io::Write as _;

use crate::gui::{
    jobs::{NoThread, spawn_once},
    message::{LessonMessage, Message, Outbox},
    model::Lesson,
    work::ask_file::Question,
};
use mynascope_base::storage;

/// A larger file is no lesson.
const MOST_BYTES: u64 = 1 << 20;

/// Asks for a file and reads it; the answer comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn choose(outbox: &Outbox) -> Result<(), NoThread> {
    spawn(outbox, || {
        let question = Question::file("Open a lesson").filter("Lessons", &["toml"]);
        let path = match question.wait() {
            Ok(path) => path?,
            Err(why) => return Some(LessonMessage::Read(Err(why))),
        };
        let read = || -> Result<Box<Lesson>, String> {
            let bytes = std::fs::metadata(&path).map_err(|error| error.to_string())?;
            if bytes.len() > MOST_BYTES {
                return Err("it is larger than a lesson can be".to_owned());
            }
            let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
            Lesson::parse(&text).map(Box::new)
        };
        Some(LessonMessage::Read(read().map_err(|why| {
            format!(
                "This lesson cannot be read ({why}); correct the file or choose another: {}",
                path.display()
            )
        })))
    })
}

/// Asks for a place and writes a lesson there; the answer comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn save(lesson: Lesson, outbox: &Outbox) -> Result<(), NoThread> {
    spawn(outbox, move || {
        let name: String = lesson
            .title
            .chars()
            .map(|letter| {
                if letter.is_alphanumeric() {
                    letter
                } else {
                    '-'
                }
            })
            .collect();
        let name = format!("{}.toml", name.to_lowercase());
        let question = Question::new_file("Save the lesson", name).filter("Lessons", &["toml"]);
        let path = match question.wait() {
            Ok(path) => path?,
            Err(why) => return Some(LessonMessage::Saved(Err(why))),
        };
        let write = || -> Result<(), String> {
            let text = lesson.to_file()?;
            storage::write_atomic(&path, |file| file.write_all(text.as_bytes()))
                .map_err(|error| error.to_string())
        };
        Some(LessonMessage::Saved(write().map(|()| path.clone())))
    })
}

fn spawn(
    outbox: &Outbox,
    work: impl FnOnce() -> Option<LessonMessage> + Send + 'static,
) -> Result<(), NoThread> {
    let answer = move |outbox: &Outbox| {
        if let Some(message) = work() {
            outbox.send(Message::Lesson(message));
        }
    };
    spawn_once("lesson-file", outbox, answer, |fault| {
        format!("The file dialog could not be shown ({fault})")
    })
}
