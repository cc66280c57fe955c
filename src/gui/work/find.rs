//! Searching and sorting large collections, so that typing never waits for a hundred thousand rows.

use crate::gui::{
    message::{LibraryMessage, Message, Outbox},
    model::Find,
};
use mynascope_base::jobs::{self, Job, Latest};

/// The thread that searches. The newest question wins.
pub struct FindWork {
    requests: Latest<Find>,
    _thread: Job,
}

impl FindWork {
    /// Starts the thread; `answer` makes a message of a question's generation and rows.
    pub fn start(
        outbox: Outbox,
        answer: fn(u64, Vec<usize>) -> LibraryMessage,
    ) -> std::io::Result<Self> {
        let (requests, inbox) = jobs::latest::<Find>();
        let failed = outbox.clone();
        let thread = jobs::spawn(
            "find",
            move |_| {
                while let Some(find) = inbox.wait() {
                    let rows = find.rows(&|| inbox.has_newer());
                    let generation = find.generation;
                    // Before the window takes the rows in, nobody else holds the collection.
                    drop(find);
                    if let Some(rows) = rows {
                        outbox.send(Message::Library(answer(generation, rows)));
                    }
                }
            },
            move |fault| failed.send(Message::Fault(fault)),
        )?;
        Ok(Self {
            requests,
            _thread: thread,
        })
    }

    /// Looks for tracks.
    pub fn request(&self, find: Find) {
        self.requests.post(find);
    }
}
