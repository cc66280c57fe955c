//! Writing the settings, so that the window never waits for a disk.

use std::path::PathBuf;

use crate::gui::message::{Message, Outbox};
use mynascope_base::{
    jobs::{self, Job, Latest},
    storage::Settings,
};

/// The thread that writes settings.
pub struct RememberWork {
    requests: Latest<(PathBuf, Settings)>,
    _thread: Job,
}

impl RememberWork {
    /// Starts the thread.
    pub fn start(outbox: Outbox) -> std::io::Result<Self> {
        let (requests, inbox) = jobs::latest::<(PathBuf, Settings)>();
        let failed = outbox.clone();
        let thread = jobs::spawn(
            "settings",
            move |_| {
                while let Some((folder, settings)) = inbox.wait() {
                    if let Err(error) = settings.save(&folder) {
                        outbox.send(Message::Fault(error.to_string()));
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

    /// Keeps the settings in a folder.
    pub fn request(&self, folder: PathBuf, settings: Settings) {
        self.requests.post((folder, settings));
    }
}
