//! What a kept probe says of tracks it was not trained on: whole tracks, and windows one after the other.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

use ndarray::{Array2, Axis};
use serde::Serialize;

use super::{EncoderId, ProbeError, Task, TrainedProbe, heads::standardise};
use mynascope_audio::{Caveats, Channel};
use mynascope_base::{
    counted,
    jobs::Watch,
    storage::{Cache, path_to_text, serde_path},
    without_path,
};
use mynascope_collection::Collection;
use mynascope_embedding::{EmbeddingError, EmbeddingTable, ExtractSettings, extract_cached};
use mynascope_encoder::LoadedEncoder;
use mynascope_spectrum::tokens::MaskRatio;

/// What a probe says of a track or a window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// Index of the class; `None` for tags and numbers.
    pub class: Option<usize>,
    /// In words: the class, the tags that are more likely than not, or the numbers.
    pub prediction: String,
    /// Share of the class, or the probability of the likeliest tag, 0 to 1; `None` for numbers.
    pub confidence: Option<f64>,
    /// In the order of the card's classes: shares that sum to 1, probabilities of tags, or numbers.
    pub scores: Vec<f64>,
}

/// What a probe says of one window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WindowAnswer {
    /// Where the window begins in its track.
    pub start_secs: f32,
    /// What is predicted for it.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What a probe says of one track, or why it says nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrackAnswer {
    /// The track.
    #[serde(serialize_with = "serde_path::serialize")]
    pub path: PathBuf,
    /// From the mean of the windows' scores.
    pub answer: Option<Answer>,
    /// Why there is no answer.
    pub problem: Option<String>,
    /// Whether the probe learned from this very file, or was chosen by it: of such the answer proves nothing.
    pub seen_in_training: bool,
    /// One a window, in their order.
    pub windows: Vec<WindowAnswer>,
}

/// What a probe says of a collection; one row a track, in the collection's order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Predictions {
    /// Classes, tags or dimensions, in the order of all scores.
    pub classes: Vec<String>,
    /// The tracks, in the order of the collection.
    pub tracks: Vec<TrackAnswer>,
    /// Tracks that were decoded in part, or whose channels cancel.
    #[serde(serialize_with = "serde_path::pairs::serialize")]
    pub caveats: Vec<(PathBuf, Caveats)>,
}

impl Predictions {
    /// That the probe learned from some of the tracks; `None` where it did from none.
    pub fn say_seen(&self) -> Option<String> {
        const NAMED: usize = 5;
        let seen = self.tracks.iter().filter(|track| track.seen_in_training);
        let names: Vec<String> = seen
            .map(|track| track.path.file_name().unwrap_or(track.path.as_os_str()))
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        let named = names.get(..NAMED.min(names.len()))?.join(", ");
        let more = if names.len() > NAMED { ", ..." } else { "" };
        (!names.is_empty()).then(|| {
            format!(
                "the probe learned from {} of these {}, so what it predicts for them says nothing of how good it is: {named}{more}",
                names.len(),
                counted(self.tracks.len(), "track")
            )
        })
    }

    /// One line a track: path (see [`path_to_text`]), prediction, confidence, problem, whether the probe learned from it
    /// (1 or 0), and the score of each class.
    ///
    /// # Errors
    /// What writing to `to` gave.
    pub fn to_csv(&self, to: impl io::Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(to);
        let names = self.classes.iter().map(String::as_str);
        csv.write_record(
            [
                "path",
                "prediction",
                "confidence",
                "problem",
                "seen_in_training",
            ]
            .into_iter()
            .chain(names),
        )?;
        for track in &self.tracks {
            let answer = track.answer.as_ref();
            let confidence = answer.and_then(|answer| answer.confidence);
            let mut record = vec![
                path_to_text(&track.path),
                answer.map_or_else(String::new, |answer| answer.prediction.clone()),
                confidence.map_or_else(String::new, |share| format!("{share:.6}")),
                track.problem.clone().unwrap_or_default(),
                u8::from(track.seen_in_training).to_string(),
            ];
            record.extend((0..self.classes.len()).map(|place| {
                let score = answer.and_then(|answer| answer.scores.get(place));
                score.map_or_else(String::new, |score| format!("{score:.6}"))
            }));
            csv.write_record(&record)?;
        }
        csv.flush()
    }
}

/// Runs a probe over a collection: embeds it as the probe's training data were embedded, and answers for every track
/// that can be read.
///
/// # Errors
/// [`ProbeError::Encoder`] if the encoder is not the one that the probe was trained on, [`ProbeError::Embedding`]
/// if no track can be embedded, [`ProbeError::Cancelled`] if the job was told to stop.
pub fn predict_collection(
    probe: &TrainedProbe,
    collection: &Collection,
    encoder: &LoadedEncoder,
    id: &EncoderId,
    channel: Channel,
    cache: Option<&Cache>,
    watch: &Watch<'_>,
) -> Result<Predictions, ProbeError> {
    probe.check_encoder(id)?;
    let settings = ExtractSettings {
        ratio: MaskRatio::new(probe.card.mask_ratio)
            .map_err(|error| ProbeError::Labels(error.to_string()))?,
        seed: probe.card.seed,
        channel,
        ..ExtractSettings::default()
    };
    match extract_cached(collection, encoder, &settings, cache, watch) {
        Ok(extraction) => {
            let table = &extraction.table;
            let places: HashMap<&Path, usize> = (table.tracks.iter().zip(0..))
                .map(|(track, place)| (track.path.as_path(), place))
                .collect();
            let problems: HashMap<&Path, &String> = (extraction.skipped.iter())
                .map(|(path, why)| (path.as_path(), why))
                .collect();
            let tracks = collection.tracks.iter().map(|track| {
                let path = track.path.as_path();
                match places.get(path) {
                    Some(&place) => probe.answer_track(table, place).map(|answer| TrackAnswer {
                        seen_in_training: probe.seen.has(path, cache),
                        ..answer
                    }),
                    None => Ok(unanswered(
                        path,
                        problems.get(path).map(|why| (*why).clone()),
                    )),
                }
            });
            Ok(Predictions {
                classes: probe.card.classes.clone(),
                tracks: tracks.collect::<Result<_, _>>()?,
                caveats: extraction.caveats,
            })
        }
        // Rows say why as well as an error would, and there may be one for each track.
        Err(EmbeddingError::NothingEmbedded { first, .. }) => Ok(Predictions {
            classes: probe.card.classes.clone(),
            tracks: (collection.tracks.iter())
                .map(|track| unanswered(&track.path, Some(first.clone())))
                .collect(),
            caveats: Vec::new(),
        }),
        Err(error) => Err(error.into()),
    }
}

fn unanswered(path: &Path, problem: Option<String>) -> TrackAnswer {
    TrackAnswer {
        path: path.to_path_buf(),
        answer: None,
        problem: Some(problem.map_or_else(
            || "it gave no embedding".into(),
            |why| without_path(&why, path),
        )),
        seen_in_training: false,
        windows: Vec::new(),
    }
}

impl TrainedProbe {
    /// What it says of one track of a table (its place in `table.tracks`), as a whole and over time. The table's encoder
    /// is the caller's to check ([`TrainedProbe::check_encoder`]); its width is checked here.
    ///
    /// # Errors
    /// [`ProbeError::Encoder`] if the embeddings are of another width, [`ProbeError::Table`] if the table has no
    /// row of that track.
    pub fn answer_track(
        &self,
        table: &EmbeddingTable,
        track: usize,
    ) -> Result<TrackAnswer, ProbeError> {
        let dim = self.card.encoder.dim;
        if table.dim != dim {
            return Err(ProbeError::Encoder(format!(
                "the probe reads embeddings of {dim} values, and these have {}; use the encoder it was trained on: {}",
                table.dim, self.card.encoder.checkpoint
            )));
        }
        let path = table.tracks.get(track).map(|track| track.path.clone());
        let path = path.unwrap_or_default();
        let mut rows: Vec<(f32, usize)> = (table.track.iter().zip(&table.timestamps).zip(0..))
            .filter(|((of, _), _)| **of as usize == track)
            .map(|((_, &time), row)| (time, row))
            .collect();
        if rows.is_empty() {
            return Ok(unanswered(&path, None));
        }
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let numbers = rows
            .iter()
            .flat_map(|&(_, row)| table.row(row).iter().map(|&value| f64::from(value)));
        let matrix = Array2::from_shape_vec((rows.len(), dim), numbers.collect())
            .map_err(|error| ProbeError::Table(error.to_string()))?;
        let scores = self.model.scores(&standardise(&self.scaler, &matrix));
        let starts: Vec<f32> = rows.iter().map(|&(start, _)| start).collect();
        Ok(self.answer_windows(&path, &starts, &scores, self.model.has_logits()))
    }

    /// Whether it learned from a file, or was chosen by it, wherever that lies now; its contents are asked of the cache first.
    pub fn has_seen(&self, path: &Path, cache: Option<&Cache>) -> bool {
        self.seen.has(path, cache)
    }

    /// What was predicted for a track when it was tested, by a probe that did not see it: of folds the one of the track's
    /// fold. `None` for tracks that were not tested, and for probes that were read from a file, which do not hold it.
    pub fn answer_held_out(&self, path: &Path) -> Option<TrackAnswer> {
        let track = self.held_out.get(path)?;
        Some(self.answer_windows(path, &track.starts_secs, &track.scores, track.has_logits))
    }

    /// What scores of a track's windows ([windows, outputs]) mean.
    fn answer_windows(
        &self,
        path: &Path,
        starts_secs: &[f32],
        scores: &Array2<f64>,
        has_logits: bool,
    ) -> TrackAnswer {
        let mean = scores.sum_axis(Axis(0)) / scores.nrows().max(1) as f64;
        let windows = scores.rows().into_iter().zip(starts_secs);
        TrackAnswer {
            path: path.to_path_buf(),
            answer: Some(self.answer(&mean.to_vec(), has_logits)),
            problem: None,
            seen_in_training: false,
            windows: windows
                .map(|(scores, &start_secs)| WindowAnswer {
                    start_secs,
                    answer: self.answer(&scores.to_vec(), has_logits),
                })
                .collect(),
        }
    }

    fn answer(&self, scores: &[f64], has_logits: bool) -> Answer {
        let names = &self.card.classes;
        match self.card.task {
            Task::Genre | Task::Key => {
                let scores = shares(scores, has_logits);
                let (class, share) = largest(&scores);
                Answer {
                    class: Some(class),
                    prediction: names.get(class).cloned().unwrap_or_default(),
                    confidence: Some(share),
                    scores,
                }
            }
            Task::Tags => {
                let likely = |&score: &f64| match has_logits {
                    true => 1.0 / (1.0 + (-score).exp()),
                    false => score.clamp(0.0, 1.0),
                };
                let scores: Vec<f64> = scores.iter().map(likely).collect();
                let held = names.iter().zip(&scores).filter(|(_, share)| **share > 0.5);
                let held: Vec<&str> = held.map(|(name, _)| name.as_str()).collect();
                Answer {
                    class: None,
                    prediction: held.join("; "),
                    confidence: Some(largest(&scores).1),
                    scores,
                }
            }
            Task::Emotion => {
                let said = names.iter().zip(scores);
                let said: Vec<String> = said.map(|(name, v)| format!("{name} {v:.2}")).collect();
                Answer {
                    class: None,
                    prediction: said.join("; "),
                    confidence: None,
                    scores: scores.to_vec(),
                }
            }
        }
    }
}

/// Scores of classes as shares that sum to 1.
pub(super) fn shares(scores: &[f64], has_logits: bool) -> Vec<f64> {
    if has_logits {
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
        let sum: f64 = powers.iter().sum();
        return powers.iter().map(|power| power / sum).collect();
    }
    // Least squares of ones and zeros estimates shares, but may leave their range.
    let within: Vec<f64> = scores.iter().map(|score| score.max(0.0)).collect();
    let sum: f64 = within.iter().sum();
    match sum > 0.0 {
        true => within.iter().map(|share| share / sum).collect(),
        false => scores.to_vec(),
    }
}

/// The class with the largest share (the first of equals) and its share.
pub(super) fn largest(shares: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (class, &share) in shares.iter().enumerate() {
        if share > best.1 {
            best = (class, share);
        }
    }
    best
}
