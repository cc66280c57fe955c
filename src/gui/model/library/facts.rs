//! What the library learns of its tracks: from headers, from decoding, from the user.

use std::{path::Path, sync::Arc};

use mynascope_collection::{FileFacts, Track};

use super::{Labels, Library, count_bad};

impl Library {
    /// Keeps what decoding a whole track found: its length and what was missing, whatever its header told. Returns what is
    /// known now, if that was news.
    pub fn learn_decoded(
        &mut self,
        path: &Path,
        duration_secs: f64,
        warning: Option<String>,
    ) -> Option<FileFacts> {
        let mut news = None;
        self.learn(path, |track| {
            if track.duration_secs != Some(duration_secs) || track.warning != warning {
                track.duration_secs = Some(duration_secs);
                track.warning = warning;
                news = Some(facts_of(track));
            }
        });
        if let Some(collection) = &self.collection {
            (self.bad, self.cut) = count_bad(collection);
        }
        news
    }

    /// Keeps why a track cannot be used. Returns what is known now, if that was news.
    pub fn learn_problem(&mut self, path: &Path, problem: &str) -> Option<FileFacts> {
        let mut news = None;
        self.learn(path, |track| {
            if track.problem.as_deref() != Some(problem) {
                track.problem = Some(problem.to_owned());
                news = Some(facts_of(track));
            }
        });
        if let Some(collection) = &self.collection {
            (self.bad, self.cut) = count_bad(collection);
        }
        news
    }

    fn learn(&mut self, path: &Path, change: impl FnOnce(&mut Track)) {
        let shown = self.selected_track().filter(|track| track.path == path);
        let place = match (shown, &self.collection) {
            (Some(_), _) => self.selected,
            (None, Some(collection)) => {
                let mut tracks = collection.tracks.iter();
                tracks.position(|track| track.path == path)
            }
            (None, None) => None,
        };
        if let (Some(collection), Some(place)) = (&mut self.collection, place)
            && let Some(track) = Arc::make_mut(collection).tracks.get_mut(place)
        {
            change(track);
        }
    }

    /// Keeps what headers said, by the places of the tracks.
    pub fn learn_facts(&mut self, facts: Vec<(usize, FileFacts)>) {
        let Some(collection) = &mut self.collection else {
            return;
        };
        let tracks = &mut Arc::make_mut(collection).tracks;
        for (place, facts) in facts {
            let Some(track) = tracks.get_mut(place) else {
                continue;
            };
            if track.duration_secs.is_none() || facts.decoded && facts.duration_secs.is_some() {
                track.duration_secs = facts.duration_secs;
            }
            track.codec = facts.codec;
            track.learn_tags(facts.tags);
            if track.problem.is_none() && facts.problem.is_some() {
                track.problem = facts.problem;
                self.bad += 1;
            }
            if track.problem.is_none() && facts.warning.is_some() {
                self.cut += usize::from(track.warning.is_none());
                track.warning = facts.warning;
            }
        }
    }

    /// Label and tags of a track as they are.
    pub fn labels_of(&self, index: usize) -> Option<Labels> {
        let track = self.track(index)?;
        Some(Labels {
            index,
            label: track.label.clone(),
            tags: track.tags.clone(),
        })
    }

    /// Gives tracks other labels and tags; returns what changed, as it was before.
    pub fn set_labels(&mut self, all: &[Labels]) -> Vec<Labels> {
        let before: Vec<Labels> = all
            .iter()
            .filter_map(|new| self.labels_of(new.index).filter(|old| old != new))
            .collect();
        let Some(collection) = self.collection.as_mut().filter(|_| !before.is_empty()) else {
            return Vec::new();
        };
        let collection = Arc::make_mut(collection);
        for new in all {
            if let Some(track) = collection.tracks.get_mut(new.index) {
                track.label.clone_from(&new.label);
                track.tags.clone_from(&new.tags);
            }
        }
        self.labels = collection.labels();
        self.colours.add(&self.labels);
        before
    }
}

/// What is known of a file that was decoded.
fn facts_of(track: &Track) -> FileFacts {
    FileFacts {
        duration_secs: track.duration_secs,
        codec: track.codec.clone(),
        problem: track.problem.clone(),
        warning: track.warning.clone(),
        tags: track.file_tags.clone(),
        decoded: true,
    }
}
