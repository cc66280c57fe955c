//! Tracks that a label is given to.

use super::Library;

impl Library {
    /// The tracks that a label is given to: those that are marked, else the shown one.
    pub fn targets(&self) -> Vec<usize> {
        if self.marked.is_empty() {
            return self.selected.into_iter().collect();
        }
        self.marked.iter().copied().collect()
    }

    /// The track that stands for those that a label is given to: the shown one if it is among them, else the first that is
    /// listed.
    pub fn first_target(&self) -> Option<usize> {
        let shown = self.selected;
        if self.marked.is_empty() || shown.is_some_and(|shown| self.is_marked(shown)) {
            return shown;
        }
        let listed = self.rows.iter().find(|index| self.is_marked(**index));
        listed.or(self.marked.first()).copied()
    }

    /// Whether a track is among those that a label would be given to, and not alone.
    pub fn is_marked(&self, index: usize) -> bool {
        self.marked.contains(&index)
    }

    /// Marks or unmarks a track; the shown one counts as marked.
    pub fn toggle_mark(&mut self, index: usize) {
        if self.marked.is_empty() {
            self.marked.extend(self.selected);
        }
        if !self.marked.remove(&index) {
            self.marked.insert(index);
        }
    }

    /// Marks all rows from the shown track to another one.
    pub fn mark_to(&mut self, index: usize) {
        let row = |wanted| self.rows.iter().position(|&other| other == wanted);
        let Some(to) = row(index) else { return };
        let from = self.selected.and_then(row).unwrap_or(to);
        let range = from.min(to)..=from.max(to);
        self.marked = self
            .rows
            .get(range)
            .into_iter()
            .flatten()
            .copied()
            .collect();
    }
}
