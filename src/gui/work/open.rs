//! Opening a collection.

use std::{
    path::PathBuf,
    sync::Mutex,
    time::{Duration, Instant},
};

use crate::{
    collection::{self, Collection, CollectionError},
    gui::message::{Message, Outbox},
    jobs::{self, Job, Watch},
};

/// What to open.
pub enum Source {
    /// Files and folders.
    Paths(Vec<PathBuf>),
    /// The demo collection, which is rendered first if need be.
    Demo,
}

/// The opening that is under way, if one is.
#[derive(Default)]
pub struct OpenWork {
    job: Option<Job>,
}

/// Progress is told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(50);

impl OpenWork {
    /// Opens in the background; an opening that is under way is given up.
    pub fn start(&mut self, source: Source, outbox: &Outbox) -> std::io::Result<()> {
        self.stop();
        let (done, failed) = (outbox.clone(), outbox.clone());
        let job = jobs::spawn(
            "open",
            move |cancel| {
                let told = Mutex::new(None::<Instant>);
                let report = |progress| {
                    // Progress that comes while another thread tells is not missed.
                    let Ok(mut told) = told.try_lock() else {
                        return;
                    };
                    if told.is_none_or(|last| last.elapsed() >= TELL_EVERY) {
                        *told = Some(Instant::now());
                        done.send_if_room(Message::Opening(progress));
                    }
                };
                let watch = Watch::new(cancel.clone(), &report);
                let result = open(&source, &watch);
                if cancel.is_cancelled() {
                    return;
                }
                done.send(Message::Opened(result.map_err(|error| error.to_string())));
            },
            move |fault| {
                failed.send(Message::Opened(Err(format!(
                    "Opening broke off by a fault of the program ({fault}); please report it"
                ))));
            },
        )?;
        self.job = Some(job);
        Ok(())
    }

    /// Gives up the opening.
    pub fn stop(&mut self) {
        // Dropping a job cancels it.
        self.job = None;
    }

    /// Whether something is being opened.
    pub fn is_busy(&self) -> bool {
        self.job.as_ref().is_some_and(|job| !job.is_finished())
    }
}

fn open(source: &Source, watch: &Watch) -> Result<Collection, CollectionError> {
    match source {
        Source::Paths(paths) => collection::open(paths, watch),
        Source::Demo => {
            let folder = collection::demo_folder(watch)?;
            collection::open(&[folder], watch)
        }
    }
}
