//! Tracks that are played in turn.

use std::path::{Path, PathBuf};

use super::Library;

/// Tracks that are played one after the other, and which of them is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    paths: Vec<PathBuf>,
    at: usize,
}

impl Queue {
    /// A queue that begins with the first of these; `None` of none.
    pub fn of(paths: Vec<PathBuf>) -> Option<Self> {
        (!paths.is_empty()).then_some(Self { paths, at: 0 })
    }

    /// The track that is on.
    pub fn current(&self) -> Option<&Path> {
        self.paths.get(self.at).map(PathBuf::as_path)
    }

    /// Which track is on, and of how many: from 1.
    pub fn place(&self) -> (usize, usize) {
        (self.at + 1, self.paths.len())
    }

    /// The place so many tracks on; `None` beyond the ends.
    fn at(&self, steps: isize) -> Option<usize> {
        let to = self.at.checked_add_signed(steps)?;
        (to < self.paths.len()).then_some(to)
    }
}

impl Library {
    /// The track so many on that can be played: of the queue, while one of its tracks is shown, else of the list. `None` beyond the
    /// ends.
    pub fn track_on(&self, steps: isize) -> Option<usize> {
        if let Some(queue) = self.queue_on() {
            let path = queue.paths.get(queue.at(steps)?)?;
            return self.index_of(path);
        }
        let here = self.selected?;
        let mut row = self.rows().iter().position(|&index| index == here)?;
        loop {
            row = row.checked_add_signed(steps)?;
            let index = *self.rows().get(row)?;
            if self
                .track(index)
                .is_some_and(|track| track.problem.is_none())
            {
                return Some(index);
            }
        }
    }

    /// The queue, while its track is the one that is shown.
    pub fn queue_on(&self) -> Option<&Queue> {
        let queue = self.queue.as_ref()?;
        let shown = self.selected_track()?;
        (queue.current() == Some(shown.path.as_path())).then_some(queue)
    }

    /// Goes so many tracks on in the queue, where it is on.
    pub fn step_queue(&mut self, steps: isize) {
        let to = self.queue_on().and_then(|queue| queue.at(steps));
        if let (Some(to), Some(queue)) = (to, &mut self.queue) {
            queue.at = to;
        }
    }

    /// The chosen tracks that can be played, in the order of the list.
    pub fn queue_of_targets(&self) -> Option<Queue> {
        let chosen = |index: &usize| match self.marked.is_empty() {
            true => self.selected == Some(*index),
            false => self.marked.contains(index),
        };
        let rows = self.rows().iter().filter(|index| chosen(index));
        let tracks = rows.filter_map(|&index| self.track(index));
        let good = tracks.filter(|track| track.problem.is_none());
        Queue::of(good.map(|track| track.path.clone()).collect())
    }
}
