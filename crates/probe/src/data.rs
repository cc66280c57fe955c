//! The tracks that a probe can use, with their rows and targets, in one matrix.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ndarray::Array2;

use super::{
    ProbeError, ProbeSettings, Protocol, Targets, Task, Truth, heads::Known, protocol_name,
    targets::listed,
};
use mynascope_base::{agreeing, counted};
use mynascope_collection::{Split, split_by_track};
use mynascope_embedding::EmbeddingTable;
use mynascope_spectrum::tokens::{Purpose, stream};

/// The tracks that can be used, with their rows.
#[derive(Clone)]
pub(super) struct Data<'a> {
    pub(super) table: &'a EmbeddingTable,
    pub(super) task: Task,
    pub(super) names: Vec<String>,
    /// Place in the table's tracks of each usable track.
    pub(super) tracks: Vec<usize>,
    /// Class of each usable track; 0 for tasks without classes.
    pub(super) labels: Vec<usize>,
    /// Values of each usable track, for tasks without classes.
    pub(super) values: Vec<Vec<f64>>,
    /// Rows of each usable track.
    pub(super) rows: Vec<Vec<usize>>,
    /// The fold of each usable track that the collection lists.
    listed_folds: Vec<Option<u32>>,
    /// Folds and tags in them that all training tracks have, or none: what a head says of these means nothing.
    pub(super) untrained: HashSet<(usize, usize)>,
}

/// What to do about few tracks of a class where a single split was drawn.
pub(super) fn advise_folds() -> String {
    let folds = protocol_name(&Protocol::Folds(5).to_string());
    format!("{folds} test every track, which narrows the interval")
}

impl<'a> Data<'a> {
    pub(super) fn of(
        table: &'a EmbeddingTable,
        targets: &Targets,
    ) -> Result<(Self, Vec<String>), ProbeError> {
        let mut rows = vec![Vec::new(); table.tracks.len()];
        for (row, &track) in table.track.iter().enumerate() {
            if let Some(rows) = rows.get_mut(track as usize) {
                rows.push(row);
            }
        }
        let mut data = Self {
            table,
            task: targets.task,
            names: targets.names.clone(),
            tracks: Vec::new(),
            labels: Vec::new(),
            values: Vec::new(),
            rows: Vec::new(),
            listed_folds: Vec::new(),
            untrained: HashSet::new(),
        };
        let mut unlabelled = Vec::new();
        let readable = rows.into_iter().zip(&targets.truths).enumerate();
        for (track, (rows, truth)) in readable.filter(|(_, (rows, _))| !rows.is_empty()) {
            match truth {
                Some(Truth::Class(class)) => {
                    data.labels.push(*class);
                    data.values.push(Vec::new());
                }
                Some(Truth::Values(values)) => {
                    data.labels.push(0);
                    data.values.push(values.clone());
                }
                None => {
                    unlabelled.push(track);
                    continue;
                }
            }
            data.tracks.push(track);
            data.rows.push(rows);
            let fold = targets.folds.get(track).copied();
            data.listed_folds.push(fold.flatten());
        }
        if data.tracks.is_empty() {
            return Err(ProbeError::Labels(
                "no track has a label; put the tracks of each class into a folder of its own"
                    .into(),
            ));
        }
        let mut notes = targets.notes.clone();
        if !unlabelled.is_empty() {
            notes.push(format!(
                "left out: {} without a label: {}",
                counted(unlabelled.len(), "track"),
                first_files(table, &unlabelled)
            ));
        }
        match targets.task {
            Task::Genre => data.leave_out_single_classes(&mut notes)?,
            Task::Key | Task::Tags | Task::Emotion => data.check_size()?,
        }
        Ok((data, notes))
    }

    /// The same tracks and truths with the embeddings of another layer, whose rows are of the same windows.
    pub(super) fn with_table(&self, table: &'a EmbeddingTable) -> Self {
        Self {
            table,
            ..self.clone()
        }
    }

    /// A class of one track cannot be learned and tested.
    fn leave_out_single_classes(&mut self, notes: &mut Vec<String>) -> Result<(), ProbeError> {
        let mut counts = vec![0_usize; self.names.len()];
        for &label in &self.labels {
            if let Some(count) = counts.get_mut(label) {
                *count += 1;
            }
        }
        let single: Vec<&str> = named(&self.names, &counts, |count| count == 1);
        if !single.is_empty() {
            notes.push(format!(
                "classes with a single track cannot be tested and were left out: {}",
                single.join(", ")
            ));
        }
        let mut place = 0;
        let places: Vec<Option<usize>> = counts
            .iter()
            .map(|&count| {
                (count >= 2).then(|| {
                    place += 1;
                    place - 1
                })
            })
            .collect();
        if place < 2 {
            return Err(ProbeError::Labels(format!(
                "a probe needs at least two classes of at least two tracks each, but there {} {} of them; add tracks",
                agreeing(place, "is", "are"),
                match place {
                    0 => "none".to_owned(),
                    place => format!("only {place}"),
                }
            )));
        }
        let kept: Vec<bool> = self
            .labels
            .iter()
            .map(|&label| places.get(label).is_some_and(Option::is_some))
            .collect();
        keep(&mut self.tracks, &kept);
        keep(&mut self.labels, &kept);
        keep(&mut self.values, &kept);
        keep(&mut self.rows, &kept);
        keep(&mut self.listed_folds, &kept);
        for label in &mut self.labels {
            *label = places.get(*label).copied().flatten().unwrap_or(0);
        }
        let named: Vec<bool> = places.iter().map(Option::is_some).collect();
        keep(&mut self.names, &named);
        Ok(())
    }

    fn check_size(&self) -> Result<(), ProbeError> {
        const FEWEST: usize = 5;
        if self.tracks.len() < FEWEST {
            return Err(ProbeError::Labels(format!(
                "a probe of {} needs at least {FEWEST} labelled tracks, but there {} {}; add tracks",
                self.task,
                agreeing(self.tracks.len(), "is", "are"),
                self.tracks.len()
            )));
        }
        if self.names.is_empty() {
            return Err(ProbeError::Labels(
                "no tag holds for some tracks and not for others; a probe has nothing to learn"
                    .into(),
            ));
        }
        Ok(())
    }

    /// Says which classes no training track has; and leaves out the tags that cannot be learned: those that no training
    /// track has, or all.
    ///
    /// Fails if no tag is left.
    pub(super) fn leave_out_untrained(
        &mut self,
        splits: &[Split],
        notes: &mut Vec<String>,
    ) -> Result<(), ProbeError> {
        match self.task {
            Task::Genre | Task::Key => self.note_untrained_classes(splits, notes),
            Task::Tags => {
                for (fold, split) in splits.iter().enumerate() {
                    for tag in 0..self.names.len() {
                        let known = self.with_tag(&split.train, tag);
                        if known == 0 || known == split.train.len() {
                            self.untrained.insert((fold, tag));
                        }
                    }
                }
                if let [split] = splits {
                    self.leave_out_untrained_tags(split, notes)?;
                }
            }
            Task::Emotion => {}
        }
        Ok(())
    }

    fn note_untrained_classes(&self, splits: &[Split], notes: &mut Vec<String>) {
        let mut untrained: BTreeMap<usize, usize> = BTreeMap::new();
        for split in splits {
            let class = |&track: &usize| self.labels.get(track).copied();
            let trained: HashSet<usize> = split.train.iter().filter_map(class).collect();
            for class in split.test.iter().filter_map(class) {
                if !trained.contains(&class) {
                    *untrained.entry(class).or_default() += 1;
                }
            }
        }
        let named = untrained.iter().filter_map(|(&class, &tested)| {
            let name = self.names.get(class)?;
            Some(format!("{name} ({})", counted(tested, "test track")))
        });
        if !untrained.is_empty() {
            notes.push(format!(
                "labels without a training track, so that each of their test tracks is a miss: {}",
                named.collect::<Vec<_>>().join(", ")
            ));
        }
        self.note_untested_classes(splits, notes);
    }

    /// Says which classes no test track has, and where their tracks are.
    fn note_untested_classes(&self, splits: &[Split], notes: &mut Vec<String>) {
        let classes = |part: fn(&Split) -> &Vec<usize>| -> HashSet<usize> {
            let tracks = splits.iter().flat_map(part);
            tracks
                .filter_map(|&track| self.labels.get(track).copied())
                .collect()
        };
        let tested = classes(|split| &split.test);
        let trained = classes(|split| &split.train);
        let chosen_by = classes(|split| &split.valid);
        let here: HashSet<usize> = self.labels.iter().copied().collect();
        let untested = self.names.iter().enumerate().filter_map(|(class, name)| {
            let place = match () {
                () if tested.contains(&class) || !here.contains(&class) => return None,
                () if trained.contains(&class) => return Some(name.clone()),
                () if chosen_by.contains(&class) => "in the validation part alone",
                () => "in no part",
            };
            Some(format!("{name} ({place})"))
        });
        let untested: Vec<String> = untested.collect();
        if !untested.is_empty() {
            notes.push(format!(
                "labels without a test track, of which the score says nothing: {}",
                untested.join(", ")
            ));
        }
    }

    /// How many of some tracks have a tag.
    pub(super) fn with_tag(&self, tracks: &[usize], tag: usize) -> usize {
        let has = |&&track: &&usize| {
            let values = self.values.get(track);
            values
                .and_then(|values| values.get(tag))
                .is_some_and(|&value| value > 0.5)
        };
        tracks.iter().filter(has).count()
    }

    fn leave_out_untrained_tags(
        &mut self,
        split: &Split,
        notes: &mut Vec<String>,
    ) -> Result<(), ProbeError> {
        let untrained = std::mem::take(&mut self.untrained);
        let kept: Vec<bool> = (0..self.names.len())
            .map(|tag| !untrained.contains(&(0, tag)))
            .collect();
        for (why, is_why) in [
            ("no training track has", true),
            ("every training track has", false),
        ] {
            let names = self.names.iter().enumerate().filter(|&(tag, _)| {
                kept.get(tag) == Some(&false) && (self.with_tag(&split.train, tag) == 0) == is_why
            });
            let names: Vec<&str> = names.map(|(_, name)| name.as_str()).collect();
            if !names.is_empty() {
                notes.push(format!("tags left out, as {why} them: {}", listed(&names)));
            }
        }
        keep(&mut self.names, &kept);
        for values in &mut self.values {
            keep(values, &kept);
        }
        if self.names.is_empty() {
            return Err(ProbeError::Labels(
                "no tag holds for some training tracks and not for others; a probe has nothing to learn"
                    .into(),
            ));
        }
        Ok(())
    }

    pub(super) fn has_classes(&self) -> bool {
        matches!(self.task, Task::Genre | Task::Key)
    }

    pub(super) fn splits(
        &self,
        settings: &ProbeSettings,
        published: Option<&Split>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Split>, ProbeError> {
        if let Some(small) = self.explain_small_classes() {
            notes.push(small);
            if !matches!(settings.protocol, Protocol::Folds(_)) {
                notes.push(advise_folds());
            }
        }
        // Tasks without classes have one label, so that their split is by track alone.
        let own = || split_by_track(&self.labels, settings.seed);
        let split = match (settings.protocol, published) {
            (Protocol::Folds(folds), _) => return Ok(self.folds(folds, settings.seed, notes)),
            (Protocol::Quick, _) => own(),
            (Protocol::Clean | Protocol::Paper, None) => {
                notes.push(
                    "this collection has no published split that can be used: one by track was drawn from the seed"
                        .into(),
                );
                own()
            }
            (Protocol::Clean | Protocol::Paper, Some(published)) => {
                let split = self.places(published);
                let [train, valid, test] = [&split.train, &split.valid, &split.test].map(Vec::len);
                let here = [&published.train, &published.valid, &published.test];
                let here: usize = here.map(Vec::len).iter().sum();
                let rest = match here - (train + valid + test) {
                    0 => String::new(),
                    rest => format!(
                        "; {} more could be read and have no label that is used",
                        counted(rest, "track")
                    ),
                };
                notes.push(format!(
                    "published split: {train} training, {valid} validation and {test} test tracks{rest}"
                ));
                split
            }
        };
        if split.train.is_empty() || split.test.is_empty() {
            return Err(ProbeError::Labels(format!(
                "the {} part has no labelled track; add tracks or take the protocol folds:K",
                if split.train.is_empty() {
                    "training"
                } else {
                    "test"
                }
            )));
        }
        if split.valid.is_empty() {
            let why = match published {
                Some(split) if split.valid.is_empty() && settings.protocol == Protocol::Clean => {
                    "the split has no validation part"
                }
                Some(_) if settings.protocol == Protocol::Clean => {
                    "no track of the validation part has a label that is used"
                }
                _ => "too few tracks for a validation part",
            };
            notes.push(format!("{why}: the default setting was used"));
        }
        Ok(vec![split])
    }

    /// That a class is small.
    fn explain_small_classes(&self) -> Option<String> {
        let mut counts = vec![0_usize; self.names.len()];
        for &label in self.labels.iter().filter(|_| self.task == Task::Genre) {
            *counts.get_mut(label)? += 1;
        }
        let fewest = counts.into_iter().filter(|&count| count >= 2).min();
        let fewest = fewest.filter(|&fewest| fewest < 5)?;
        Some(format!(
            "the smallest class has only {fewest} tracks: read the score with its interval"
        ))
    }

    /// A split of the table's tracks as one of the usable tracks.
    fn places(&self, split: &Split) -> Split {
        let part = |part: &[usize]| -> Vec<usize> {
            let wanted: HashSet<usize> = part.iter().copied().collect();
            let usable = self.tracks.iter().enumerate();
            usable
                .filter(|(_, track)| wanted.contains(track))
                .map(|(place, _)| place)
                .collect()
        };
        Split {
            train: part(&split.train),
            valid: part(&split.valid),
            test: part(&split.test),
        }
    }

    /// As many folds: those that the collection lists where it has as many, else drawn by the seed.
    fn folds(&self, folds: usize, seed: u64, notes: &mut Vec<String>) -> Vec<Split> {
        let folds = folds.clamp(2, self.labels.len().max(2));
        let fold_of = match self.assign_listed_folds(folds, notes) {
            Some(listed) => listed,
            None => self
                .assign_folds(folds, seed)
                .into_iter()
                .map(Some)
                .collect(),
        };
        let in_folds = |track: &usize| fold_of.get(*track).is_some_and(Option::is_some);
        (0..folds)
            .map(|fold| {
                let (test, rest): (Vec<usize>, Vec<usize>) = (0..self.labels.len())
                    .filter(in_folds)
                    .partition(|&track| fold_of.get(track) == Some(&Some(fold)));
                let labels: Vec<usize> = rest
                    .iter()
                    .filter_map(|&track| self.labels.get(track).copied())
                    .collect();
                // Of the other tracks a fifth chooses the setting; the rest trains.
                let inner = split_by_track(&labels, seed);
                let place = |part: &[usize]| -> Vec<usize> {
                    part.iter()
                        .filter_map(|&at| rest.get(at).copied())
                        .collect()
                };
                let mut train = place(&[inner.train, inner.test].concat());
                train.sort_unstable();
                Split {
                    train,
                    valid: place(&inner.valid),
                    test,
                }
            })
            .filter(|split| !split.test.is_empty())
            .collect()
    }

    /// The place of each track's listed fold among these; `None` where there are none, or another number of them.
    fn assign_listed_folds(
        &self,
        folds: usize,
        notes: &mut Vec<String>,
    ) -> Option<Vec<Option<usize>>> {
        let names: BTreeSet<u32> = self.listed_folds.iter().flatten().copied().collect();
        if names.is_empty() {
            return None;
        }
        if names.len() != folds {
            notes.push(format!(
                "the collection lists {} folds, so {folds} others were drawn from the seed; folds:{} uses those that are listed",
                names.len(),
                names.len()
            ));
            return None;
        }
        let place = |fold: &u32| names.iter().position(|name| name == fold);
        let listed = self.listed_folds.iter();
        let assigned: Vec<Option<usize>> =
            listed.map(|fold| fold.as_ref().and_then(place)).collect();
        notes.push(format!(
            "the {folds} folds are those that the collection lists"
        ));
        let without = assigned.iter().filter(|fold| fold.is_none()).count();
        if without > 0 {
            notes.push(format!(
                "left out: {} without a fold",
                counted(without, "track")
            ));
        }
        Some(assigned)
    }

    /// The fold of each track: every class is dealt out in turn, going on where the class before stopped.
    fn assign_folds(&self, folds: usize, seed: u64) -> Vec<usize> {
        let mut fold_of = vec![0; self.labels.len()];
        let classes = self.labels.iter().max().map_or(0, |most| most + 1);
        let mut next = 0;
        for class in 0..classes {
            let mut tracks: Vec<usize> = (0..self.labels.len())
                .filter(|&track| self.labels.get(track) == Some(&class))
                .collect();
            stream(seed, 0, class as u64, Purpose::Split).shuffle(&mut tracks);
            for track in tracks {
                if let Some(fold) = fold_of.get_mut(track) {
                    *fold = next % folds;
                }
                next += 1;
            }
        }
        fold_of
    }

    /// The rows of some tracks, [rows, dim], and what is known about each.
    pub(super) fn matrix(&self, tracks: &[usize]) -> (Array2<f64>, Known) {
        let (mut numbers, mut classes, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for &track in tracks {
            let (Some(rows), Some(&label), Some(known)) = (
                self.rows.get(track),
                self.labels.get(track),
                self.values.get(track),
            ) else {
                continue;
            };
            for &row in rows {
                numbers.extend(self.table.row(row).iter().map(|&value| f64::from(value)));
                classes.push(label);
                values.extend_from_slice(known);
            }
        }
        let shape = (classes.len(), self.table.dim);
        let matrix =
            Array2::from_shape_vec(shape, numbers).unwrap_or_else(|_| Array2::zeros(shape));
        if self.has_classes() {
            return (matrix, Known::Classes(classes));
        }
        let shape = (classes.len(), self.names.len());
        let values = Array2::from_shape_vec(shape, values).unwrap_or_else(|_| Array2::zeros(shape));
        let known = match self.task {
            Task::Tags => Known::Tags(values),
            _ => Known::Numbers(values),
        };
        (matrix, known)
    }
}

/// Names whose count is as asked.
fn named<'a>(
    names: &'a [String],
    counts: &[usize],
    wanted: impl Fn(usize) -> bool,
) -> Vec<&'a str> {
    let counted = names.iter().zip(counts);
    counted
        .filter(|&(_, &count)| wanted(count))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn keep<T>(values: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    values.retain(|_| kept.next().copied().unwrap_or(false));
}

/// The names of the files of some tracks, the first of them where there are many.
fn first_files(table: &EmbeddingTable, tracks: &[usize]) -> String {
    const NAMED: usize = 5;
    let named = tracks.iter().take(NAMED).filter_map(|&track| {
        let path = &table.tracks.get(track)?.path;
        Some(path.file_name()?.to_string_lossy().into_owned())
    });
    let more = if tracks.len() > NAMED { ", ..." } else { "" };
    format!("{}{more}", named.collect::<Vec<_>>().join(", "))
}
