//! What a search comes upon, handed on before it is sorted.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{
    Track,
    folder_labels::{is_storage, label_of},
    text::label_text,
    walk,
};

/// Hands on what the walk comes upon, in batches.
pub(crate) struct Sighted<'a> {
    give: Option<&'a mut (dyn FnMut(Vec<Track>) + Send)>,
    waiting: Vec<Track>,
    given: Instant,
}

/// Tracks wait for others at most so long, ...
const BATCH_TIME: Duration = Duration::from_millis(100);
/// ... and at most so many wait.
const BATCH: usize = 2048;

impl<'a> Sighted<'a> {
    /// Hands on tracks at once.
    pub(crate) fn give(&mut self, tracks: Vec<Track>) {
        if let Some(give) = &mut self.give {
            give(tracks);
        }
    }

    pub(crate) fn new(give: Option<&'a mut (dyn FnMut(Vec<Track>) + Send)>) -> Self {
        Self {
            give,
            waiting: Vec::new(),
            given: Instant::now(),
        }
    }

    pub(crate) fn add(&mut self, file: &Path, opened: &Path) {
        let Some(give) = &mut self.give else { return };
        self.waiting.push(Track {
            // Whether numbers are labels is known once all names are.
            label: label_of(file, opened)
                .filter(|name| !is_storage(&[name.clone()].into()))
                .map(|name| label_text(&name)),
            problem: walk::problem_of(file),
            ..Track::of_file(file)
        });
        if self.waiting.len() >= BATCH || self.given.elapsed() >= BATCH_TIME {
            give(std::mem::take(&mut self.waiting));
            self.given = Instant::now();
        }
    }
}
