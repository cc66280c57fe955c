//! Which label has which colour.

use std::collections::HashMap;

/// The colours of labels, as places among those of the theme. A label keeps its colour while its collection is open, whatever labels
/// come and go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelColours {
    places: HashMap<String, usize>,
}

impl LabelColours {
    /// Those of sorted labels, in their order.
    pub fn of(labels: &[String]) -> Self {
        let mut colours = Self::default();
        colours.add(labels);
        colours
    }

    /// Gives labels that have none the next colours.
    pub fn add(&mut self, labels: &[String]) {
        for label in labels {
            let next = self.places.len();
            self.places.entry(label.clone()).or_insert(next);
        }
    }

    /// The colour of a label.
    pub fn place(&self, label: &str) -> Option<usize> {
        self.places.get(label).copied()
    }

    /// How many labels have a colour.
    pub fn count(&self) -> usize {
        self.places.len()
    }
}
