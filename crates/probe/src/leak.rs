//! How much of a score comes from a leak.
//!
//! A split by file lets pieces of one recording, or one artist, fall on both sides. So the published split, made
//! against that, is compared with folds by file; and every pair of tracks of different parts that the encoder finds
//! can hardly tell apart is told, so that both can be heard.

use std::{path::PathBuf, time::Instant};

use serde::Serialize;

use super::{
    ProbeError, ProbeReport, ProbeSettings, Protocol, Targets, Task, data::advise_folds, probe,
    run::asked,
};
use mynascope_base::{jobs::Watch, storage::serde_path};
use mynascope_collection::{Collection, CollectionKind, Split};
use mynascope_embedding::{EmbeddingTable, near_duplicates};

/// What a search for leaks is asked to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeakSettings {
    /// Task, head and seed; the protocol is that of the split that is looked at, `quick` or `clean`.
    pub probe: ProbeSettings,
    /// Folds by file that it is compared with.
    pub folds: usize,
    /// Windows of two tracks count as the same from this cosine on.
    pub threshold: f32,
}

impl LeakSettings {
    /// The published split of a collection against ten folds, windows from a cosine of 0.999 on: what window and command
    /// line look for without being told more. Parts are those of one split; where none is published, or a quick one is
    /// asked for of a collection without, it is drawn.
    pub fn of(probe: ProbeSettings, collection: &Collection) -> Self {
        let protocol = match probe.protocol {
            Protocol::Quick if collection.split.is_none() => Protocol::Quick,
            _ => Protocol::Clean,
        };
        Self {
            probe: ProbeSettings { protocol, ..probe },
            folds: 10,
            threshold: 0.999,
        }
    }
}

/// A part of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitPart {
    /// What probes learn from.
    Train,
    /// What settings are chosen by.
    Valid,
    /// What is scored.
    Test,
}

/// Two near-duplicates in different parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeakPair {
    /// The two tracks.
    #[serde(serialize_with = "serde_path::list::serialize")]
    pub paths: [PathBuf; 2],
    /// The part of each.
    pub parts: [SplitPart; 2],
    /// Where the windows that are most alike begin, in each track.
    pub start_secs: [f32; 2],
    /// Cosine of these windows.
    pub cosine: f32,
    /// Whether the tracks have the same label.
    pub same_label: bool,
}

/// What a search for leaks says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakVerdict {
    /// Tracks of different parts are near-duplicates.
    NearDuplicates,
    /// Folds by file score higher than the split, and by more than the choice of tested tracks explains.
    Gap,
    /// Neither.
    NoSign,
    /// No near-duplicates, and too few tracks were tested to tell a gap: each score lies in the interval of the other,
    /// though they differ by more than 0.02.
    NotTold,
}

/// A gap that would not matter even if it were sure.
const SMALL_GAP: f64 = 0.02;

impl LeakVerdict {
    fn of([split, folds]: [f64; 2], [of_split, of_folds]: [[f64; 2]; 2], pairs: usize) -> Self {
        let gap = folds - split;
        let is_told = folds > of_split[1] && split < of_folds[0];
        match is_told && gap > SMALL_GAP {
            _ if pairs > 0 => Self::NearDuplicates,
            true => Self::Gap,
            false if gap > SMALL_GAP || !gap.is_finite() => Self::NotTold,
            false => Self::NoSign,
        }
    }

    /// Whether there is a leak to be looked at.
    pub fn is_leak(self) -> bool {
        matches!(self, Self::NearDuplicates | Self::Gap)
    }

    /// The same in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::NearDuplicates => "Near-duplicates are in different parts: listen to them",
            Self::Gap => {
                "Folds by file score higher than the choice of tested tracks explains: the split holds something apart that files do not"
            }
            Self::NoSign => "No sign of a leak",
            Self::NotTold => {
                "Too few tested tracks to tell: the gap lies inside the intervals, and no near-duplicates are in different parts"
            }
        }
    }
}

/// What was found about leaks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeakReport {
    /// What all of it says.
    pub verdict: LeakVerdict,
    /// What the scores are.
    pub metric: String,
    /// The protocol that was looked at.
    pub protocol: String,
    /// Whether the published split was looked at.
    pub published: bool,
    /// Score by the split.
    pub score: f64,
    /// 95 % interval of that score.
    pub interval: [f64; 2],
    /// Score over folds by file.
    pub folds_score: f64,
    /// 95 % interval of that score.
    pub folds_interval: [f64; 2],
    /// Standard deviation over the folds (n - 1).
    pub folds_deviation: Option<f64>,
    /// Folds minus split: how much better a probe looks that is tested by file.
    pub gap: f64,
    /// Near-duplicates in different parts, the most alike first.
    pub pairs: Vec<LeakPair>,
    /// The cosine from which on two windows count as the same.
    pub threshold: f32,
    /// Tracks that are known to be faulty and are in no part.
    #[serde(serialize_with = "serde_path::list::serialize")]
    pub faults: Vec<PathBuf>,
    /// What the reader must know to judge the numbers.
    pub notes: Vec<String>,
    /// Time that it took.
    pub seconds: f64,
}

/// Compares the score of a split with that of folds by file, and looks for near-duplicates in different parts.
///
/// # Errors
/// As [`super::probe_collection`].
pub fn leak_report(
    table: &EmbeddingTable,
    collection: &Collection,
    settings: &LeakSettings,
    watch: &Watch<'_>,
) -> Result<LeakReport, ProbeError> {
    let start = Instant::now();
    let protocol = settings.probe.protocol;
    if !matches!(protocol, Protocol::Quick | Protocol::Clean) {
        return Err(ProbeError::Labels(format!(
            "leaks are looked for between the parts of a single split, and the protocol {protocol} has several; choose quick or clean"
        )));
    }
    let (mut targets, published) = asked(table, collection, &settings.probe)?;
    // Compared with folds by file, drawn without regard to what the collection's own hold apart.
    targets.folds.clear();
    let by = |targets: &Targets, protocol, watch: &Watch<'_>| {
        let settings = ProbeSettings {
            protocol,
            ..settings.probe
        };
        probe(table, targets, published.as_ref(), &settings, watch)
    };
    let both = |targets: &Targets, from: usize, of: usize| {
        let split = watch.part("split", from, of, |watch| by(targets, protocol, watch))?;
        let folds = watch.part("folds", from + 1, of, |watch| {
            by(targets, Protocol::Folds(settings.folds), watch)
        })?;
        Ok::<_, ProbeError>((split, folds))
    };
    let (mut split, mut folds) = both(&targets, 0, 5)?;
    let mut notes = split.notes.clone();
    // Both a split and folds were just tried.
    let advice = advise_folds();
    notes.retain(|note| *note != advice);
    // Means over different tags cannot be compared.
    let has_means = matches!(settings.probe.task, Task::Tags | Task::Emotion);
    let common = scored_by_both(&split, &folds);
    if has_means && !common.is_empty() && common.len() < targets.names.len() {
        let alike = split.targets.len() == common.len() && folds.targets.len() == common.len();
        if !alike {
            (split, folds) = both(&targets.only(&common), 2, 5)?;
            notes.push(format!(
                "split and folds are compared over the {} of {} {} that both can score: {}",
                common.len(),
                targets.names.len(),
                match settings.probe.task {
                    Task::Tags => "tags",
                    _ => "dimensions",
                },
                common.join(", ")
            ));
        }
    }
    for note in &folds.notes {
        if !notes.contains(note) {
            notes.push(format!("over folds: {note}"));
        }
    }
    let (data, _) = super::data::Data::of(table, &targets)?;
    let splits = data.splits(&settings.probe, published.as_ref(), &mut Vec::new())?;
    let pairs = match splits.first() {
        None => Vec::new(),
        Some(parts) => watch.part("near-duplicates", 4, 5, |watch| {
            pairs(&data, parts, settings.threshold, watch)
        })?,
    };
    // What is wrong with a published split itself: a file that is in two of its parts.
    if published.is_some() && protocol == Protocol::Clean {
        notes.extend(collection.note_texts().map(str::to_owned));
    }
    let faults: Vec<PathBuf> = known_faults(collection)
        .into_iter()
        .filter_map(|place| collection.tracks.get(place))
        .map(|track| track.path.clone())
        .collect();
    Ok(LeakReport {
        verdict: LeakVerdict::of(
            [split.score, folds.score],
            [split.interval, folds.interval],
            pairs.len(),
        ),
        metric: split.metric,
        protocol: split.protocol,
        published: published.is_some() && protocol == Protocol::Clean,
        score: split.score,
        interval: split.interval,
        folds_score: folds.score,
        folds_interval: folds.interval,
        folds_deviation: folds.deviation,
        gap: folds.score - split.score,
        pairs,
        threshold: settings.threshold,
        faults,
        notes,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// The tags or dimensions, in their order, that have a score by both.
fn scored_by_both(one: &ProbeReport, other: &ProbeReport) -> Vec<String> {
    let by_other = |name: &String| other.targets.iter().any(|target| target.name == *name);
    let names = one.targets.iter().map(|target| target.name.clone());
    names.filter(by_other).collect()
}

fn pairs(
    data: &super::data::Data<'_>,
    split: &Split,
    threshold: f32,
    watch: &Watch<'_>,
) -> Result<Vec<LeakPair>, ProbeError> {
    let table = data.table;
    // By the track's place in the table.
    let mut part_of = vec![None; table.tracks.len()];
    for (tracks, part) in [
        (&split.train, SplitPart::Train),
        (&split.valid, SplitPart::Valid),
        (&split.test, SplitPart::Test),
    ] {
        for track in tracks {
            let place = data.tracks.get(*track).and_then(|&at| part_of.get_mut(at));
            if let Some(place) = place {
                *place = Some(part);
            }
        }
    }
    let part = |track: usize| part_of.get(track).copied().flatten();
    let found = near_duplicates(table, threshold, watch)?;
    let crossing = found.pairs.into_iter().filter_map(|pair| {
        let [a, b] = pair.tracks;
        let parts = [part(a)?, part(b)?];
        let tracks = [table.tracks.get(a)?, table.tracks.get(b)?];
        (parts[0] != parts[1]).then(|| LeakPair {
            paths: tracks.map(|track| track.path.clone()),
            parts,
            start_secs: pair
                .rows
                .map(|row| table.timestamps.get(row).copied().unwrap_or(0.0)),
            cosine: pair.cosine,
            same_label: tracks[0].label == tracks[1].label,
        })
    });
    Ok(crossing.collect())
}

/// Places in the collection of tracks that are known to be faulty: clips of GTZAN that its fault-filtered split leaves
/// out, because they are repeated, mislabelled or broken (which of these is not told). Empty for other collections and
/// where the split could not be made.
pub fn known_faults(collection: &Collection) -> Vec<usize> {
    match (&collection.split, collection.kind) {
        (Some(split), CollectionKind::Gtzan) => {
            let parts = [&split.train, &split.valid, &split.test];
            (0..collection.tracks.len())
                .filter(|place| parts.iter().all(|part| part.binary_search(place).is_err()))
                .collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SplitPart, run_tests::planted};
    use mynascope_collection::Track;

    fn collection(table: &EmbeddingTable, split: Option<Split>) -> Collection {
        let tracks = table.tracks.iter().map(|track| Track {
            label: track.label.clone(),
            ..Track::of_file(&track.path)
        });
        Collection {
            name: "planted".into(),
            kind: CollectionKind::Gtzan,
            tracks: tracks.collect(),
            split,
            notes: Vec::new(),
        }
    }

    /// Test tracks whose classes cannot be told, unless one has heard their near-duplicates. The published split keeps those
    /// together; folds by file do not, and score higher. One pair is left across its parts by mistake.
    #[test]
    fn a_planted_leak_is_found_and_widens_the_gap() {
        let mut table = planted(30, 0.0, false);
        let rows = 3 * table.dim;
        // Track 2 n + 1 sounds as track 2 n does, and has its label.
        for pair in 0..60 {
            let from = 2 * pair * rows;
            table.values.copy_within(from..from + rows, from + rows);
            table.tracks[2 * pair + 1].label = table.tracks[2 * pair].label.clone();
        }
        let split = Split {
            train: (0..61).collect(),
            valid: (62..80).collect(),
            test: [61].into_iter().chain(80..118).collect(),
        };
        let probe = ProbeSettings {
            head: crate::Head::Knn,
            ..ProbeSettings::default()
        };
        let collection = collection(&table, Some(split));
        let settings = LeakSettings::of(probe, &collection);
        let found = leak_report(&table, &collection, &settings, &Watch::unattended()).unwrap();
        assert!(found.published);
        assert!(found.gap > 0.2, "{} {}", found.score, found.folds_score);
        assert_eq!(found.verdict, LeakVerdict::NearDuplicates);
        let [pair] = &found.pairs[..] else {
            panic!("{:?}", found.pairs)
        };
        assert_eq!(pair.paths, ["60.wav", "61.wav"].map(PathBuf::from));
        assert_eq!(pair.parts, [SplitPart::Train, SplitPart::Test]);
        assert!(pair.same_label && pair.cosine > 0.9999);
        let faults = ["118.wav", "119.wav"].map(PathBuf::from);
        assert_eq!(found.faults, faults);
    }

    /// Four tested tracks tell nothing: 2 of 4 against 65 % by folds is no leak, and of 400 it is.
    #[test]
    fn a_gap_inside_the_interval_is_no_leak() {
        let verdict = |of_split, of_folds| LeakVerdict::of([0.5, 0.65], [of_split, of_folds], 0);
        let few = verdict([0.0, 1.0], [0.55, 0.74]);
        assert_eq!(few, LeakVerdict::NotTold);
        assert!(!few.is_leak() && few.words().contains("Too few"));
        assert_eq!(verdict([0.45, 0.55], [0.62, 0.68]), LeakVerdict::Gap);
        let close = LeakVerdict::of([0.5, 0.51], [[0.49, 0.505], [0.505, 0.52]], 0);
        assert_eq!(close, LeakVerdict::NoSign);
        let heard = LeakVerdict::of([0.5, 0.4], [[0.0, 1.0]; 2], 1);
        assert!(heard.is_leak());
    }

    #[test]
    fn other_collections_have_no_known_faults_and_folds_no_parts() {
        let table = planted(3, 1.0, false);
        let other = Collection {
            kind: CollectionKind::Folder,
            ..collection(&table, Some(Split::default()))
        };
        assert!(known_faults(&other).is_empty());
        let settings = LeakSettings {
            probe: ProbeSettings {
                protocol: Protocol::Folds(3),
                ..ProbeSettings::default()
            },
            ..LeakSettings::of(ProbeSettings::default(), &other)
        };
        let error = leak_report(&table, &other, &settings, &Watch::unattended()).unwrap_err();
        assert!(error.to_string().contains("quick or clean"), "{error}");
    }
}
