//! Parts of a collection: which tracks serve for learning, for choosing and for the final score.

use std::collections::BTreeMap;

use super::Note;
use mynascope_spectrum::tokens::{Purpose, stream};

/// Which tracks serve for learning, for choosing and for the final score. Places in the list of tracks, ascending;
/// no track is in two parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// To learn from.
    pub train: Vec<usize>,
    /// To choose settings by.
    pub valid: Vec<usize>,
    /// For the final score.
    pub test: Vec<usize>,
}

/// A part of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Train,
    Valid,
    Test,
}

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }
}

impl Split {
    /// Puts a track into a part; places come in ascending order.
    pub(crate) fn add(&mut self, part: Option<Part>, place: usize) {
        match part {
            Some(Part::Train) => self.train.push(place),
            Some(Part::Valid) => self.valid.push(place),
            Some(Part::Test) => self.test.push(place),
            None => {}
        }
    }

    /// A split that can be learned and scored on; `None` without tracks for one of both, and then a note says why the split `of`
    /// something is not used, unless it has no track at all.
    pub(crate) fn usable(self, of: &str, notes: &mut Vec<Note>) -> Option<Self> {
        let sizes @ [train, valid, test] = self.sizes();
        if train > 0 && test > 0 {
            return Some(self);
        }
        if sizes != [0; 3] {
            notes.push(
                format!(
                    "the split of {of} is not used, as it has {train} train, {valid} valid and {test} test tracks: both train and \
                     test need some"
                )
                .into(),
            );
        }
        None
    }

    /// Tracks in train, valid and test.
    pub(crate) fn sizes(&self) -> [usize; 3] {
        [&self.train, &self.valid, &self.test].map(Vec::len)
    }
}

/// Splits tracks 60 / 20 / 20, each label by itself (stratified), as a pure function of labels and seed. A label
/// with two tracks or more is in both train and test, one with three or more in all parts; a single track goes to
/// train. Whole tracks are split, so windows of one track never fall on both sides.
pub fn split_by_track(labels: &[usize], seed: u64) -> Split {
    let mut by_label: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (track, label) in labels.iter().enumerate() {
        by_label.entry(*label).or_default().push(track);
    }
    let mut split = Split::default();
    for (label, mut tracks) in by_label {
        stream(seed, 0, label as u64, Purpose::Split).shuffle(&mut tracks);
        let fifth = (tracks.len() + 2) / 5;
        let test = if tracks.len() >= 2 { fifth.max(1) } else { 0 };
        let valid = if tracks.len() >= 3 { fifth.max(1) } else { 0 };
        let mut tracks = tracks.into_iter();
        split.test.extend(tracks.by_ref().take(test));
        split.valid.extend(tracks.by_ref().take(valid));
        split.train.extend(tracks);
    }
    for part in [&mut split.train, &mut split.valid, &mut split.test] {
        part.sort_unstable();
    }
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_label(part: &[usize], labels: &[usize], label: usize) -> usize {
        part.iter().filter(|&&track| labels[track] == label).count()
    }

    #[test]
    fn parts_are_disjoint_and_complete() {
        let labels: Vec<usize> = (0..997).map(|track| track * track % 7).collect();
        let split = split_by_track(&labels, 3);
        let mut all = [split.train, split.valid, split.test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());
    }

    #[test]
    fn every_label_has_its_share_in_every_part() {
        // Labels of 10, 20, ... 80 tracks, interleaved.
        let labels: Vec<usize> = (0..80)
            .flat_map(|row| (0..8).filter(move |label| row < (label + 1) * 10))
            .collect();
        let split = split_by_track(&labels, 0);
        for label in 0..8 {
            let tracks = (label + 1) * 10;
            assert_eq!(of_label(&split.train, &labels, label), tracks * 6 / 10);
            assert_eq!(of_label(&split.valid, &labels, label), tracks * 2 / 10);
            assert_eq!(of_label(&split.test, &labels, label), tracks * 2 / 10);
        }
    }

    #[test]
    fn rare_labels_are_learned_before_they_are_tested() {
        for (tracks, expected) in [
            (0, [0, 0, 0]),
            (1, [1, 0, 0]),
            (2, [1, 0, 1]),
            (3, [1, 1, 1]),
            (4, [2, 1, 1]),
        ] {
            let split = split_by_track(&vec![5; tracks], 1);
            assert_eq!(
                [split.train.len(), split.valid.len(), split.test.len()],
                expected
            );
        }
    }

    #[test]
    fn a_split_is_a_function_of_its_seed() {
        let labels: Vec<usize> = (0..200).map(|track| track % 4).collect();
        assert_eq!(split_by_track(&labels, 9), split_by_track(&labels, 9));
        assert_ne!(split_by_track(&labels, 9), split_by_track(&labels, 10));
    }
}
