//! Searching and sorting large collections, so that typing never waits for a hundred thousand rows.

use crate::gui::{
    jobs::Answering,
    message::{LibraryMessage, Message, Outbox},
    model::Find,
};

/// Starts a thread that searches; `answer` makes a message of a question's generation and rows.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn start(
    outbox: &Outbox,
    answer: fn(u64, Vec<usize>) -> LibraryMessage,
) -> std::io::Result<Answering<Find>> {
    let sends = outbox.clone();
    Answering::start("find", outbox, move |find: Find, newer| {
        let rows = find.rows(&|| newer.has_newer());
        let generation = find.generation;
        // Before the window takes the rows in, nobody else holds the collection.
        drop(find);
        if let Some(rows) = rows {
            sends.send(Message::Library(answer(generation, rows)));
        }
    })
}
