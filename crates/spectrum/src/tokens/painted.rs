//! Patches of a view that are kept or dropped by hand.

use std::collections::{BTreeMap, btree_map};

use serde::{Deserialize, Serialize};

/// A patch of a view: the window, counted from the crop (0 is the crop, -1 the window before it), and the token in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PatchPlace {
    /// Windows from the one of the crop, backwards below zero.
    pub window: i32,
    /// Which token of the window.
    pub token: usize,
}

/// Patches that are kept or dropped by hand, whatever the ratio says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Painted(BTreeMap<PatchPlace, bool>);

impl Painted {
    /// Keeps (`true`) or drops a patch, or leaves it to the mask again (`None`). Returns what was said before.
    pub fn set(&mut self, place: PatchPlace, keep: Option<bool>) -> Option<bool> {
        match keep {
            Some(keep) => self.0.insert(place, keep),
            None => self.0.remove(&place),
        }
    }

    /// Whether a patch is kept or dropped by hand.
    pub fn get(&self, place: PatchPlace) -> Option<bool> {
        self.0.get(&place).copied()
    }

    /// Whether nothing is painted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many patches are painted.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All painted patches, window by window.
    pub fn iter(&self) -> btree_map::Iter<'_, PatchPlace, bool> {
        self.0.iter()
    }
}

impl FromIterator<(PatchPlace, bool)> for Painted {
    fn from_iter<I: IntoIterator<Item = (PatchPlace, bool)>>(patches: I) -> Self {
        Self(patches.into_iter().collect())
    }
}
