//! The answers of the active probe as the list shows them: sorted, filtered, and found again in the open collection.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    time::Instant,
};

use crate::gui::model::{AppState, Library};
use mynascope_probe::{Predictions, Task, TrackAnswer};

/// A column of the list of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnsweredColumn {
    /// The name of the file.
    #[default]
    Track,
    /// What the probe said.
    Said,
    /// How sure it was.
    Confidence,
    /// The label that the track has in the open collection.
    Label,
}

impl AnsweredColumn {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Track, Self::Said, Self::Confidence, Self::Label];
}

/// Which answers are listed, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AnsweredForm {
    /// The column they are sorted by; in the order of the files where there is none.
    pub by: Option<AnsweredColumn>,
    /// The other way round.
    pub back: bool,
    /// Only answers at least so sure, in percent.
    pub at_least: u8,
}

/// A file that is heard without being open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardFile {
    /// The file.
    pub path: PathBuf,
    /// Since when.
    pub since: Instant,
}

/// The answers in the order of the list, and where their tracks are.
#[derive(Debug, Clone, Default)]
pub struct AnswerList {
    /// Places of the listed answers among the predictions.
    pub order: Vec<usize>,
    /// Tracks that were labelled by hand after the probe had answered.
    pub corrected: BTreeSet<PathBuf>,
    /// The track of the open collection that each answer is about.
    track_of: Vec<Option<usize>>,
    /// The answer about each track of the open collection that has one.
    answer_of: HashMap<usize, usize>,
}

impl AnswerList {
    /// Looks for the tracks of the answers in the open collection.
    pub fn find_tracks(&mut self, predictions: Option<&Predictions>, library: &Library) {
        let tracks = library.collection.iter().flat_map(|all| &all.tracks);
        let places: HashMap<&Path, usize> = (tracks.zip(0..))
            .map(|(track, place)| (track.path.as_path(), place))
            .collect();
        let answers = predictions.map_or(&[][..], |said| &said.tracks);
        let found = answers
            .iter()
            .map(|answer| places.get(answer.path.as_path()));
        self.track_of = found.map(Option::<&usize>::copied).collect();
        self.answer_of = (self.track_of.iter().zip(0..))
            .filter_map(|(track, answer)| Some(((*track)?, answer)))
            .collect();
    }

    /// Lists the answers that a form asks for.
    pub fn list(
        &mut self,
        predictions: Option<&Predictions>,
        form: AnsweredForm,
        library: &Library,
    ) {
        let answers = predictions.map_or(&[][..], |said| &said.tracks);
        let answer = |place: &usize| answers.get(*place);
        let confidence =
            |place: &usize| answer(place).and_then(|it| it.answer.as_ref()?.confidence);
        let least = f64::from(form.at_least) / 100.0;
        let mut order: Vec<usize> = (0..answers.len())
            .filter(|place| form.at_least == 0 || confidence(place) >= Some(least))
            .collect();
        match form.by {
            None => {}
            Some(AnsweredColumn::Track) => {
                order.sort_by_key(|place| answer(place).and_then(|it| it.path.file_name()));
            }
            Some(AnsweredColumn::Said) => order.sort_by_key(|place| {
                answer(place).and_then(|it| Some(it.answer.as_ref()?.prediction.as_str()))
            }),
            // The surest first, as in the other lists.
            Some(AnsweredColumn::Confidence) => order.sort_by(|a, b| {
                let sure = |place| confidence(place).unwrap_or(f64::NEG_INFINITY);
                sure(b).total_cmp(&sure(a))
            }),
            Some(AnsweredColumn::Label) => order.sort_by_key(|place| self.label(*place, library)),
        }
        if form.back {
            order.reverse();
        }
        self.order = order;
    }

    /// The track of the open collection that an answer is about.
    pub fn track(&self, answer: usize) -> Option<usize> {
        self.track_of.get(answer).copied().flatten()
    }

    /// The answer about a track of the open collection.
    pub fn answer(&self, track: usize) -> Option<usize> {
        self.answer_of.get(&track).copied()
    }

    /// The label of the track that an answer is about.
    pub fn label<'a>(&self, answer: usize, library: &'a Library) -> Option<&'a str> {
        library.track(self.track(answer)?)?.label.as_deref()
    }

    /// Whether any answer is about a track of the open collection.
    pub fn is_open(&self) -> bool {
        !self.answer_of.is_empty()
    }
}

impl AppState {
    /// The answer about a track of the open collection, where the colours stand for answers and it is sure enough.
    pub fn coloured_answer(&self, track: usize) -> Option<&TrackAnswer> {
        let said = self.probing.predictions.as_ref()?;
        let answer = said.tracks.get(self.probing.answered.answer(track)?)?;
        let share = answer.answer.as_ref()?.confidence?;
        let least = f64::from(self.probing.view.answered.at_least) / 100.0;
        (share >= least).then_some(answer)
    }

    /// The listed answers that can become labels: the track of the open collection, and its label to be. What was labelled by
    /// hand since the probe answered stays.
    pub fn answers_as_labels(&self) -> Vec<(usize, &str)> {
        let probing = &self.probing;
        let said = probing
            .predictions
            .as_ref()
            .filter(|_| probing.gives_labels());
        let Some(said) = said else {
            return Vec::new();
        };
        let answered = &probing.answered;
        let listed = answered.order.iter().filter_map(|&place| {
            let track = said.tracks.get(place)?;
            let label = track.answer.as_ref()?.prediction.as_str();
            let by_hand = answered.corrected.contains(&track.path);
            (!by_hand).then_some((answered.track(place)?, label))
        });
        let new = listed.filter(|(track, label)| {
            let track = self.library.track(*track);
            track.is_some_and(|track| track.label.as_deref() != Some(*label))
        });
        new.collect()
    }

    /// Why the listed answers cannot be taken over as labels; `None` where they can.
    pub fn why_not_labels(&self) -> Option<&'static str> {
        let probing = &self.probing;
        if probing.predictions.is_none() {
            return Some("let the probe answer for a folder first");
        }
        if !probing.gives_labels() {
            return Some("only labels can be taken over, and this probe does not tell labels");
        }
        if !probing.answered.is_open() {
            return Some("open the folder first: labels are given to tracks that are open");
        }
        self.answers_as_labels()
            .is_empty()
            .then_some("no listed answer differs from the label that its track has")
    }
}

impl super::Probing {
    /// Whether the last result is of groups that the user made.
    pub fn is_of_groups(&self) -> bool {
        // Of the collection and its labels it says what it was asked for with.
        self.result
            .as_ref()
            .is_some_and(|result| result.asked.is_none())
    }

    /// Whether the answers of the active probe are labels, not keys, tags or numbers.
    pub fn gives_labels(&self) -> bool {
        let active = self.active.as_ref();
        active.is_some_and(|active| active.probe.card.task == Task::Genre)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_probe::Answer;

    fn said(name: &str, class: usize, share: f64) -> TrackAnswer {
        TrackAnswer {
            path: format!("/m/{name}.wav").into(),
            answer: Some(Answer {
                class: Some(class),
                prediction: ["dub", "folk"][class].to_owned(),
                confidence: Some(share),
                scores: Vec::new(),
            }),
            problem: None,
            seen_in_training: false,
            windows: Vec::new(),
        }
    }

    #[test]
    fn answers_are_sorted_by_each_column_and_those_too_unsure_are_left_out() {
        let unanswered = TrackAnswer {
            answer: None,
            ..said("d", 0, 0.0)
        };
        let tracks = vec![
            said("b", 1, 0.9),
            said("c", 0, 0.6),
            said("a", 0, 0.7),
            unanswered,
        ];
        let predictions = Predictions {
            classes: vec!["dub".to_owned(), "folk".to_owned()],
            tracks,
            caveats: Vec::new(),
        };
        let library = Library::default();
        let mut answered = AnswerList::default();
        let mut list = |by, back, at_least| {
            let form = AnsweredForm { by, back, at_least };
            answered.list(Some(&predictions), form, &library);
            answered.order.clone()
        };
        assert_eq!(list(None, false, 0), [0, 1, 2, 3]);
        assert_eq!(list(Some(AnsweredColumn::Track), false, 0), [2, 0, 1, 3]);
        assert_eq!(list(Some(AnsweredColumn::Track), true, 0), [3, 1, 0, 2]);
        assert_eq!(list(Some(AnsweredColumn::Said), false, 1), [1, 2, 0]);
        assert_eq!(list(Some(AnsweredColumn::Confidence), false, 70), [0, 2]);
    }
}
