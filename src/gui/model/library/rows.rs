//! Which rows the list shows.

use std::sync::Arc;

use super::{AT_ONCE, Library};
use crate::gui::model::search::Find;

impl Library {
    /// Lists what is looked for; in a large collection returns what is to be found in the background.
    #[must_use]
    pub fn find(&mut self) -> Option<Find> {
        self.generation += 1;
        self.finding = false;
        let Some(collection) = &self.collection else {
            self.rows.clear();
            return None;
        };
        let find = Find {
            collection: Arc::clone(collection),
            roots: self.sources.clone(),
            parts: Arc::clone(&self.parts),
            text: self.form.search.clone(),
            sort: self.form.sort,
            only_bad: self.form.only_bad,
            generation: self.generation,
        };
        if collection.tracks.len() > AT_ONCE {
            self.finding = true;
            if find.text.trim().is_empty() && find.sort.is_none() && !find.only_bad {
                self.rows = (0..collection.tracks.len()).collect();
                self.finding = false;
                return None;
            }
            return Some(find);
        }
        if let Some(rows) = find.rows(&|| false) {
            self.rows = rows;
        }
        None
    }

    /// What finds tracks by a text, best first; `None` without a collection.
    pub fn question(&self, text: String, generation: u64) -> Option<Find> {
        Some(Find {
            collection: Arc::clone(self.collection.as_ref()?),
            roots: self.sources.clone(),
            parts: Arc::clone(&self.parts),
            text,
            sort: None,
            only_bad: false,
            generation,
        })
    }

    /// Takes in what was found in the background, unless something else is looked for by now.
    pub fn found(&mut self, generation: u64, rows: Vec<usize>) {
        let tracks = self.track_count();
        if generation == self.generation && rows.iter().all(|&row| row < tracks) {
            self.rows = rows;
            self.finding = false;
        }
    }

    /// Whether the rows are still being looked for.
    pub fn is_finding(&self) -> bool {
        self.finding
    }
}
