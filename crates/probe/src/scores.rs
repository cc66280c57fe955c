//! Scores that this user's probes made, saved between starts to stand beside the published ones.
//!
//! They lie in one file of the user's data folder, a line of JSON a score, oldest first. A score takes the place of one
//! that answered the same question: the same tracks and labels, the same settings, the same weights. Every change reads
//! the file anew under a lock and writes it atomically, so that two windows lose nothing of each other's; and a line
//! that cannot be read (damaged, or of another program) is passed over and stays in the file, byte by byte.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::{
    EncoderId, Head, ProbeReport, ProbeSettings, Protocol, Task, TrackResults,
    scoring::same_score_interval,
};
use mynascope_base::storage::{
    Cache, ContentKey, Folders, StorageError, create_folder, write_atomic,
};
use mynascope_collection::{Collection, CollectionKind};

/// Changes with what a line means.
const FORMAT: u32 = 1;
/// A file beyond this is not ours. A score takes about 1 KiB, and ten bytes for each tested track.
const MOST_BYTES: u64 = 64 << 20;

/// A score with all that is needed to compare it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedScore {
    format: u32,
    /// The collection's name, ...
    pub collection: String,
    /// ... what its tracks and labels are: see [`collection_key`], ...
    pub collection_key: String,
    /// ... and what kind it is: only some have published scores.
    pub kind: CollectionKind,
    /// What was predicted.
    pub task: Task,
    /// The small model.
    pub head: Head,
    /// How tracks were held back.
    #[serde(with = "as_words")]
    pub protocol: Protocol,
    /// The seed of the split.
    pub seed: u64,
    /// Which encoder, as people call it: `Shipped`, `my-run/step-300`.
    pub encoder: String,
    /// What was read of it: "block 7, stack"; empty in scores of earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub encoder_read: String,
    /// The hash of its weights, and of what was read where that is not as published.
    pub encoder_hash: String,
    /// What `score` is: see [`ProbeReport::metric`].
    pub metric: String,
    /// The score.
    pub score: f64,
    /// 95 % interval of the score; NaN where nothing tells one.
    #[serde(deserialize_with = "super::undefined::interval")]
    pub interval: [f64; 2],
    /// All scores by name that are defined.
    pub metrics: BTreeMap<String, f64>,
    /// Score of the majority baseline.
    pub baseline: f64,
    /// Standard deviation over folds.
    pub deviation: Option<f64>,
    /// Tracks that were tested, over all folds.
    pub tested: usize,
    /// When it was taken, in seconds since 1970 (UTC).
    pub unix_secs: u64,
    /// What each tested track gave; `None` in scores of earlier versions, and where that is too much to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracks: Option<TrackResults>,
}

impl SavedScore {
    /// The score of a report, taken now.
    pub fn of(
        report: &ProbeReport,
        settings: ProbeSettings,
        collection: &Collection,
        collection_key: String,
        encoder: String,
        id: &EncoderId,
    ) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            format: FORMAT,
            collection: collection.name.clone(),
            collection_key,
            kind: collection.kind,
            task: settings.task,
            head: settings.head,
            protocol: settings.protocol,
            seed: settings.seed,
            encoder,
            encoder_read: id.read.clone(),
            encoder_hash: id.hash.clone(),
            metric: report.metric.clone(),
            score: report.score,
            interval: report.interval,
            metrics: report.defined_metrics(),
            baseline: report.baseline,
            deviation: report.deviation,
            tested: report.predictions.len().max(report.outputs.len()),
            unix_secs: now.map_or(0, |since| since.as_secs()),
            tracks: TrackResults::of(report, settings, collection),
        }
    }

    /// How it was probed.
    pub fn settings(&self) -> ProbeSettings {
        ProbeSettings {
            task: self.task,
            head: self.head,
            protocol: self.protocol,
            seed: self.seed,
        }
    }

    /// When it was taken.
    pub fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.unix_secs)
    }

    /// Whether it answers the same question as another.
    pub fn answers_as(&self, other: &Self) -> bool {
        self.settings() == other.settings()
            && (&self.encoder_hash, &self.collection_key)
                == (&other.encoder_hash, &other.collection_key)
    }

    /// A line that is ours and makes sense.
    fn of_line(line: &[u8]) -> Option<Self> {
        let score: Self = serde_json::from_slice(line).ok()?;
        let is_ours = score.format == FORMAT && score.score.is_finite();
        is_ours.then(|| score.with_interval())
    }

    /// Earlier versions gave intervals without a width, where all tracks are right.
    pub(crate) fn with_interval(mut self) -> Self {
        if self.interval[0] == self.interval[1] && self.tested > 0 {
            let is_mean = matches!(self.task, Task::Genre | Task::Key);
            let tested = if is_mean { self.tested } else { 0 };
            self.interval = same_score_interval(self.score, tested);
        }
        self
    }
}

/// Protocols as the command line says them.
mod as_words {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use super::Protocol;

    pub fn serialize<S: Serializer>(protocol: &Protocol, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(protocol)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Protocol, D::Error> {
        let words = String::deserialize(from)?;
        words.parse().map_err(D::Error::custom)
    }
}

/// What a collection asks of a probe: the content of its tracks, in order, with their labels, so that a copy elsewhere
/// is the same and a relabelled one is another. 16 hexadecimal digits. Without a cache, or where a file cannot be read,
/// a track's path stands for its content. Reads what the cache doesn't know yet.
pub fn collection_key(collection: &Collection, cache: Option<&Cache>) -> String {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for track in &collection.tracks {
        let content = cache.and_then(|cache| cache.key_of(&track.path).ok());
        parts.push(match content {
            Some(key) => key.as_bytes().to_vec(),
            None => track.path.as_os_str().as_encoded_bytes().to_vec(),
        });
        parts.push(track.label.clone().unwrap_or_default().into_bytes());
        parts.push(track.tags.join("\u{0}").into_bytes());
    }
    let key = ContentKey::of_parts(parts.iter().map(Vec::as_slice));
    let digits = key.as_bytes().iter().take(8);
    digits.map(|byte| format!("{byte:02x}")).collect()
}

/// The file of this user; `None` without a home folder.
pub fn scores_file() -> Option<PathBuf> {
    Some(Folders::of_user().ok()?.data.join("scores.jsonl"))
}

/// What a file of scores holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SavedScores {
    /// The newest first.
    pub scores: Vec<SavedScore>,
    /// Lines that are no score; they stay in the file.
    pub unreadable: usize,
    /// Where they are saved.
    pub file: PathBuf,
}

/// A change of the saved scores.
#[derive(Debug, Clone, PartialEq)]
pub enum ScoreChange {
    /// Keeps a score; one that answered the same question goes.
    Add(Box<SavedScore>),
    /// Forgets a score.
    Remove(Box<SavedScore>),
}

/// Reads the saved scores. A missing file holds none.
///
/// # Errors
/// If the file is there and cannot be read.
pub fn read_scores(file: &Path) -> Result<SavedScores, StorageError> {
    let lines = lines_of(file)?;
    let unreadable = lines.iter().filter(|line| line.score.is_none()).count();
    let scores = lines.into_iter().filter_map(|line| line.score).rev();
    Ok(SavedScores {
        scores: scores.collect(),
        unreadable,
        file: file.to_path_buf(),
    })
}

/// Changes the saved scores.
///
/// # Errors
/// If the file cannot be read or written; it stays as it is.
pub fn change_scores(file: &Path, changes: Vec<ScoreChange>) -> Result<(), StorageError> {
    let fail = |what| {
        move |source| StorageError::Io {
            what,
            source,
            path: file.to_path_buf(),
        }
    };
    if let Some(folder) = file.parent() {
        create_folder(folder)?;
    }
    let lock = File::create(file.with_extension("lock")).map_err(fail("lock the saved scores"))?;
    lock.lock().map_err(fail("lock the saved scores"))?;
    let mut lines = lines_of(file)?;
    for change in changes {
        match change {
            // A score that is not defined answers no question.
            ScoreChange::Add(score) if !score.score.is_finite() => {}
            ScoreChange::Add(score) => {
                lines.retain(|line| {
                    !(line.score.as_ref()).is_some_and(|other| other.answers_as(&score))
                });
                let bytes = serde_json::to_vec(&score).map_err(io::Error::other);
                lines.push(Line {
                    bytes: bytes.map_err(fail("write a score"))?,
                    score: Some(*score),
                });
            }
            ScoreChange::Remove(score) => {
                lines.retain(|line| {
                    let it = line.score.as_ref();
                    !it.is_some_and(|it| it.answers_as(&score) && it.unix_secs == score.unix_secs)
                });
            }
        }
    }
    write_atomic(file, |to| {
        lines.iter().try_for_each(|line| {
            to.write_all(&line.bytes)?;
            to.write_all(b"\n")
        })
    })
}

/// A line of the file, and the score that it is.
struct Line {
    bytes: Vec<u8>,
    score: Option<SavedScore>,
}

fn lines_of(file: &Path) -> Result<Vec<Line>, StorageError> {
    let fail = |source| StorageError::Io {
        what: "read the saved scores",
        source,
        path: file.to_path_buf(),
    };
    let mut bytes = Vec::new();
    match File::open(file) {
        Ok(open) => open.take(MOST_BYTES + 1).read_to_end(&mut bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => Err(error),
    }
    .map_err(fail)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(fail(io::Error::other("the file is too large to be scores")));
    }
    let lines = bytes.split(|&byte| byte == b'\n');
    let lines = lines.filter(|line| !line.trim_ascii().is_empty());
    Ok(lines
        .map(|line| Line {
            score: SavedScore::of_line(line),
            bytes: line.to_vec(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_collection::Track;

    fn score(encoder: &str, protocol: Protocol, score: f64) -> SavedScore {
        let report = ProbeReport {
            metric: "accuracy".into(),
            score,
            interval: [0.25, 0.75],
            metrics: [("accuracy".to_owned(), score)].into(),
            ..ProbeReport::default()
        };
        let settings = ProbeSettings {
            protocol,
            ..ProbeSettings::default()
        };
        let collection = Collection {
            name: "bells".into(),
            kind: CollectionKind::Gtzan,
            tracks: vec![Track::of_file(Path::new("/m/a.wav"))],
            split: None,
            notes: Vec::new(),
        };
        let id = EncoderId {
            hash: format!("hash of {encoder}"),
            ..EncoderId::default()
        };
        let key = collection_key(&collection, None);
        SavedScore::of(&report, settings, &collection, key, encoder.into(), &id)
    }

    #[test]
    fn scores_survive_and_the_newest_answer_to_a_question_takes_the_place_of_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new").join("scores.jsonl");
        assert_eq!(read_scores(&file).unwrap().scores, []);
        let add = |score: &SavedScore| {
            change_scores(&file, vec![ScoreChange::Add(Box::new(score.clone()))]).unwrap();
        };
        let (first, folds) = (
            score("my-run/step-300", Protocol::Clean, 0.5),
            score("my-run/step-300", Protocol::Folds(5), 0.375),
        );
        add(&first);
        add(&folds);
        assert_eq!(
            read_scores(&file).unwrap().scores,
            [folds.clone(), first.clone()]
        );
        let again = score("my-run/step-300", Protocol::Clean, 0.6);
        add(&again);
        assert_eq!(
            read_scores(&file).unwrap().scores,
            [again.clone(), folds.clone()]
        );
        change_scores(&file, vec![ScoreChange::Remove(Box::new(folds))]).unwrap();
        assert_eq!(read_scores(&file).unwrap().scores, [again]);
    }

    #[test]
    fn what_is_no_score_is_counted_and_stays_in_the_file_byte_by_byte() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scores.jsonl");
        let kept = score("Shipped", Protocol::Quick, 0.5);
        let whole = serde_json::to_string(&kept).unwrap();
        let newer = whole.replace("\"format\":1", "\"format\":2");
        let foreign = [
            &b"\xff\xfe not ours\n"[..],
            newer.as_bytes(),
            b"\n{\"torn\": ",
        ]
        .concat();
        std::fs::write(&file, &foreign).unwrap();
        change_scores(&file, vec![ScoreChange::Add(Box::new(kept.clone()))]).unwrap();
        let bytes = std::fs::read(&file).unwrap();
        assert!(bytes.starts_with(&foreign));
        let read = read_scores(&file).unwrap();
        assert_eq!((read.scores, read.unreadable), (vec![kept], 3));
        // A folder in the file's place is told, not replaced.
        let place = folder.path().join("other.jsonl");
        std::fs::create_dir(&place).unwrap();
        assert!(read_scores(&place).is_err());
        assert!(change_scores(&place, Vec::new()).is_err() && place.is_dir());
    }

    #[test]
    fn a_copy_asks_the_same_and_other_labels_ask_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"), 1 << 20);
        let track = |name: &str, label: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, "the same sound").unwrap();
            Track {
                label: Some(label.to_owned()),
                ..Track::of_file(&path)
            }
        };
        let key = |track: Track| {
            let collection = Collection {
                name: String::new(),
                kind: CollectionKind::Files,
                tracks: vec![track],
                split: None,
                notes: Vec::new(),
            };
            collection_key(&collection, Some(&cache))
        };
        let one = key(track("a.wav", "dub"));
        assert_eq!(one, key(track("b.wav", "dub")));
        assert_ne!(one, key(track("a.wav", "folk")));
        assert_eq!(one.len(), 16);
    }
}
