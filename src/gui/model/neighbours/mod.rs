//! The walk from neighbour to neighbour, and sound on hover.

mod lists;

pub use lists::{Duplicates, Landed, ListForm, ListTab, Lists, Query, QueryAnswer, THRESHOLDS};

use std::path::{Path, PathBuf};

use crate::gui::jobs::JobSlot;

use super::Neighbour;

/// A place in a track: what a point of a map stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// The file of the track.
    pub path: PathBuf,
    /// In seconds.
    pub start_secs: f64,
}

/// Where a walk from neighbour to neighbour stands.
#[derive(Debug, Clone, Copy)]
pub struct WalkStep<'a> {
    /// 1 for the nearest.
    pub rank: usize,
    /// Cosine to what the walk began at.
    pub cosine: f32,
    /// What it is near to.
    pub query: &'a Query,
    /// How many were found.
    pub found: usize,
}

/// Steps that a walk waits for while its neighbours are still looked for, at most.
const MOST_WAITING: isize = 20;

/// What is near to something in the original space, nearest first, and how far a walk along it has come.
#[derive(Debug, Clone, Default)]
pub struct Neighbours {
    /// What was asked for.
    pub query: Option<Query>,
    /// Where the windows of a file lie that is not on the map.
    pub landed: Vec<Landed>,
    /// The job that embeds a file or a stretch and compares it.
    pub job: JobSlot<QueryAnswer>,
    /// Why there is no answer.
    pub problem: Option<String>,
    /// Cosines are in the encoder's own space, whatever the map looks like.
    pub found: Vec<Neighbour>,
    /// The neighbour that was gone to last.
    pub at: Option<usize>,
    /// Steps that wait for the search.
    waiting: isize,
    /// The question that is or was asked last.
    number: u64,
    searching: bool,
    /// The track that was selected when its neighbours were looked for by themselves.
    followed: Option<PathBuf>,
    /// Cosine of each point of the map to the origin, where colours show it.
    pub cosines: Option<Vec<f32>>,
}

impl Neighbours {
    /// Asks anew; an answer to the question before is void. Returns the new question's number.
    pub fn ask(&mut self, query: Query) -> u64 {
        *self = Self {
            query: Some(query),
            number: self.number + 1,
            searching: true,
            followed: self.followed.take(),
            ..Self::default()
        };
        self.number
    }

    /// Where the walk began, if that is a window: it is the step before the first.
    pub fn origin(&self) -> Option<&Spot> {
        match &self.query {
            Some(Query::Spot(spot)) => Some(spot),
            _ => None,
        }
    }

    /// Gives the search up.
    pub fn give_up(&mut self) {
        self.number += 1;
        self.searching = false;
        self.job.stop();
    }

    /// Goes to a place in the list.
    pub fn go_to(&mut self, at: usize) -> Option<Spot> {
        let near = self.found.get(at)?;
        self.at = Some(at);
        Some(Spot {
            path: near.path.clone(),
            start_secs: near.start_secs,
        })
    }

    /// Whether a search is under way.
    pub fn is_searching(&self) -> bool {
        self.searching
    }

    /// Takes an answer in; returns the steps that waited for it, or `None` if it is void.
    pub fn answered(&mut self, number: u64, found: Vec<Neighbour>) -> Option<isize> {
        if number != self.number {
            return None;
        }
        Some(self.list(found))
    }

    /// Lists what the newest search found; returns the steps that waited for it.
    pub fn list(&mut self, found: Vec<Neighbour>) -> isize {
        self.searching = false;
        self.found = found;
        std::mem::take(&mut self.waiting)
    }

    /// Whether the selected track is another one than before, so that its neighbours are to be looked for.
    pub fn follows_anew(&mut self, path: &Path) -> bool {
        let new = self.followed.as_deref() != Some(path);
        if new {
            self.followed = Some(path.to_path_buf());
        }
        new && !self.stands_at(path)
    }

    /// Whether what is listed was looked for by a file or a stretch, and nobody walked along it yet.
    pub fn is_new_list(&self) -> bool {
        let asked = matches!(self.query, Some(Query::File(_) | Query::Stretch(..)));
        asked && self.at.is_none() && (self.searching || !self.found.is_empty())
    }

    /// Whether an answer is that to the newest question.
    pub fn is_current(&self, number: u64) -> bool {
        self.number == number
    }

    /// Lets steps wait for the search.
    pub fn wait(&mut self, steps: isize) {
        self.waiting = (self.waiting + steps).clamp(-MOST_WAITING, MOST_WAITING);
    }

    /// Whether a track is where the walk stands, so that it can go on from there.
    pub fn stands_at(&self, path: &Path) -> bool {
        let here = match self.at {
            Some(at) => self.found.get(at).map(|near| near.path.as_path()),
            None => self.origin().map(|spot| spot.path.as_path()),
        };
        here == Some(path)
    }

    /// Where the walk stands, if that is at a track.
    pub fn step_at(&self, path: &Path) -> Option<WalkStep<'_>> {
        let at = self.at?;
        let near = self.found.get(at).filter(|near| near.path == path)?;
        Some(WalkStep {
            rank: at + 1,
            cosine: near.cosine,
            query: self.query.as_ref()?,
            found: self.found.len(),
        })
    }

    /// Goes so many neighbours on, or back as far as the origin; `None` where there is no further step that way.
    pub fn step(&mut self, steps: isize) -> Option<Spot> {
        let first = if self.origin().is_some() { -1 } else { 0 };
        let last = self.found.len() as isize - 1;
        let now = self.at.map_or(-1, |at| at as isize);
        let next = now.saturating_add(steps).clamp(first, last.max(first));
        if next == now {
            return None;
        }
        self.at = usize::try_from(next).ok();
        match self.at {
            Some(at) => self.go_to(at),
            None => self.origin().cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(name: &str) -> Spot {
        Spot {
            path: name.into(),
            start_secs: 0.0,
        }
    }

    #[test]
    fn a_walk_goes_out_from_its_origin_and_back_to_it() {
        let mut neighbours = Neighbours::default();
        let number = neighbours.ask(Query::Spot(spot("origin")));
        neighbours.wait(2);
        assert!(neighbours.is_searching() && neighbours.stands_at(Path::new("origin")));
        let found = ["a", "b", "c"].map(|name| Neighbour {
            path: name.into(),
            start_secs: 3.0,
            cosine: 0.5,
        });
        assert_eq!(neighbours.answered(number - 1, Vec::new()), None, "void");
        assert_eq!(neighbours.answered(number, found.to_vec()), Some(2));
        assert_eq!(neighbours.step(2).unwrap().path, Path::new("b"));
        assert!(neighbours.stands_at(Path::new("b")) && !neighbours.stands_at(Path::new("a")));
        let step = neighbours.step_at(Path::new("b")).unwrap();
        assert_eq!((step.rank, step.cosine, step.found), (2, 0.5, 3));
        assert!(neighbours.step_at(Path::new("a")).is_none());
        assert_eq!(neighbours.step(5).unwrap().path, Path::new("c"));
        assert_eq!(neighbours.step(1), None, "c is the last");
        assert_eq!(neighbours.step(-1).unwrap().path, Path::new("b"));
        assert_eq!(neighbours.step(-9).unwrap(), spot("origin"));
        assert_eq!(neighbours.step(-1), None);
        assert_eq!(neighbours.step(1).unwrap().path, Path::new("a"));
    }
}
