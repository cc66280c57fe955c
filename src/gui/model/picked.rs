//! Selected windows, which hold for every map of the same tracks.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::Spot;

/// Windows that the user picked on a map, by track and start: they hold for every map of the same tracks, whatever
/// encoder or layout made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picked {
    tracks: BTreeMap<PathBuf, Windows>,
}

/// The picked windows of one track.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Windows {
    All,
    /// Starts in milliseconds.
    At(BTreeSet<u32>),
}

fn milliseconds(secs: f64) -> u32 {
    // Casting takes what is out of range to the nearest end.
    (1000.0 * secs).round() as u32
}

impl Picked {
    /// All windows of these tracks.
    pub fn of_tracks<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let tracks = paths.into_iter();
        Self {
            tracks: tracks
                .map(|path| (path.to_path_buf(), Windows::All))
                .collect(),
        }
    }

    /// Whether nothing is picked.
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// Tracks of which something is picked.
    pub fn tracks(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.tracks.keys().map(PathBuf::as_path)
    }

    /// Adds all windows of a track.
    pub fn add_track(&mut self, path: &Path) {
        self.tracks.insert(path.to_path_buf(), Windows::All);
    }

    /// Adds a window.
    pub fn add(&mut self, spot: &Spot) {
        let none = || Windows::At(BTreeSet::new());
        let windows = self.tracks.entry(spot.path.clone()).or_insert_with(none);
        if let Windows::At(starts) = windows {
            starts.insert(milliseconds(spot.start_secs));
        }
    }

    /// Takes a track away.
    pub fn remove_track(&mut self, path: &Path) {
        self.tracks.remove(path);
    }

    /// Takes a window away, if it can be told from the rest of its track.
    pub fn remove(&mut self, spot: &Spot) {
        if let Some(Windows::At(starts)) = self.tracks.get_mut(&spot.path) {
            starts.remove(&milliseconds(spot.start_secs));
            if starts.is_empty() {
                self.tracks.remove(&spot.path);
            }
        } else {
            self.tracks.remove(&spot.path);
        }
    }

    /// What of a track is picked, for many questions about its windows.
    pub fn of(&self, path: &Path) -> PickedWindows<'_> {
        PickedWindows(self.tracks.get(path))
    }

    /// Whether a window is picked.
    pub fn has(&self, spot: &Spot) -> bool {
        self.of(&spot.path).has(spot.start_secs)
    }
}

/// What of one track is picked.
#[derive(Debug, Clone, Copy)]
pub struct PickedWindows<'a>(Option<&'a Windows>);

impl PickedWindows<'_> {
    /// Whether any window is.
    pub fn any(self) -> bool {
        self.0.is_some()
    }

    /// Whether the window that starts there is.
    pub fn has(self, start_secs: f64) -> bool {
        match self.0 {
            Some(Windows::All) => true,
            Some(Windows::At(starts)) => starts.contains(&milliseconds(start_secs)),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_told_apart_by_track_and_start() {
        let spot = |name: &str, start_secs: f64| Spot {
            path: name.into(),
            start_secs,
        };
        let mut picked = Picked::default();
        picked.add(&spot("a", 3.072));
        picked.add_track(Path::new("b"));
        // Starts go through tables as 32-bit numbers.
        assert!(picked.has(&spot("a", f64::from(3.072_f32))));
        assert!(!picked.has(&spot("a", 0.0)) && picked.has(&spot("b", 9.0)));
        picked.remove(&spot("a", 3.072));
        assert_eq!(picked.tracks().len(), 1);
        assert_eq!(picked, Picked::of_tracks([Path::new("b")]));
        picked.remove(&spot("b", 9.0));
        assert!(picked.is_empty());
    }
}
