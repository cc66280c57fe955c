//! Probes that are kept and used.
//!
//! A kept probe is two files: `NAME.safetensors` with the scaler and the head, and `NAME.json`, its card, which says
//! what it predicts, by which encoder's embeddings, how it was trained and what it scored. It answers only for
//! embeddings of the very encoder it was trained on: the card holds the hash of its weights.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use ndarray::{Array1, Array2};
use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};
use serde::{Deserialize, Serialize};

use super::{
    Head, ProbeError, ProbeReport, ProbeSettings, SplitSizes, Task,
    heads::Model,
    held_out::HeldOut,
    linear::{Affine, Scaler},
    mlp::Mlp,
    run::Fitted,
};
use mynascope_base::storage::{Cache, ContentKey, path_to_text, write_atomic};
use mynascope_encoder::{CheckpointRef, LoadedEncoder, Reading, WeightsChoice, is_same_reading};
use mynascope_spectrum::tokens::MaskRatio;

/// The version of the two files.
const FORMAT: u32 = 1;
/// The tensor of the hashes of what a probe learned from, [tracks, 16] bytes. Older probes have none.
const SEEN: &str = "seen_tracks";
/// No probe is larger (neighbours of a million windows at 768 values would be).
const MOST_BYTES: u64 = 4 << 30;

/// Which encoder embeddings came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderId {
    /// For people.
    pub description: String,
    /// [`LoadedEncoder::fingerprint`].
    pub hash: String,
    /// Values of one embedding.
    pub dim: usize,
    /// How it was named: `shipped`, `untrained` or a path; as on the command line.
    pub checkpoint: String,
    /// Which weights of the checkpoint were asked for.
    #[serde(default, skip_serializing_if = "WeightsChoice::is_auto")]
    pub weights: WeightsChoice,
    /// Length of a window in milliseconds; `None` in probes of earlier versions, which are of Myna.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_millis: Option<u32>,
    /// Attention heads, where the file doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// Which layer was read, and how.
    #[serde(default, skip_serializing_if = "Reading::is_published")]
    pub reading: Reading,
    /// The same in the family's own words: "block 7, stack"; empty in probes of earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub read: String,
}

impl EncoderId {
    /// Of an encoder that `checkpoint` named.
    pub fn of(encoder: &LoadedEncoder, checkpoint: &CheckpointRef) -> Self {
        Self {
            description: encoder.description().to_owned(),
            hash: encoder.fingerprint().to_owned(),
            dim: encoder.embedding_dim(),
            checkpoint: match checkpoint {
                // Where the program is started next is not known.
                CheckpointRef::File(path) => {
                    path_to_text(&std::path::absolute(path).unwrap_or_else(|_| path.clone()))
                }
                named => named.to_string(),
            },
            weights: encoder.weights_choice().clone(),
            window_millis: Some((1000.0 * encoder.info().window.secs).round() as u32),
            heads: encoder.heads_said(),
            reading: encoder.reading(),
            read: encoder.info().describe(encoder.reading()),
        }
    }
}

/// What is written about a kept probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeCard {
    /// The version of the two files.
    pub format: u32,
    /// What it predicts.
    pub task: Task,
    /// Classes, tags or dimensions, in the order of all scores.
    pub classes: Vec<String>,
    /// The small model.
    pub head: Head,
    /// The setting that the validation part chose, for people.
    pub chosen: String,
    /// By whose embeddings it predicts.
    pub encoder: EncoderId,
    /// Share of tokens that was dropped from what it was trained on; the same is dropped where it is used.
    pub mask_ratio: f64,
    /// The seed of its split.
    pub seed: u64,
    /// The name of the collection that it was trained on; empty in probes of earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub collection: String,
    /// How tracks were held back when it was scored.
    pub protocol: String,
    /// What `score` is.
    pub metric: String,
    /// Its score; NaN where the tested tracks define none.
    #[serde(deserialize_with = "super::undefined::number")]
    pub score: f64,
    /// 95 % interval of the score.
    #[serde(deserialize_with = "super::undefined::interval")]
    pub interval: [f64; 2],
    /// Score of the majority baseline.
    pub baseline: f64,
    /// All scores by name that are defined.
    pub metrics: BTreeMap<String, f64>,
    /// Tracks of each part.
    pub split: SplitSizes,
    /// What the reader must know to judge the scores.
    pub notes: Vec<String>,
    /// Neighbours that vote (k-NN).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<usize>,
}

/// A head with its scaler, ready to answer; made by [`super::train_probe`] or read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedProbe {
    /// What is known about it.
    pub card: ProbeCard,
    pub(super) scaler: Scaler,
    pub(super) model: Model,
    pub(super) seen: SeenTracks,
    /// What was said of tested tracks; nothing of one that was read.
    pub(super) held_out: HeldOut,
}

/// The tracks that a probe learned from or that chose its setting.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SeenTracks {
    /// Where they lie, of a probe that was just trained.
    files: HashSet<PathBuf>,
    /// What their files contain, of one that was read: the first bytes of each hash.
    keys: HashSet<SeenKey>,
}

/// The first bytes of a [`ContentKey`]: no two of a million files share them.
type SeenKey = [u8; 16];

impl SeenTracks {
    pub(super) fn of(files: impl Iterator<Item = PathBuf>) -> Self {
        Self {
            files: files.collect(),
            keys: HashSet::new(),
        }
    }

    /// Whether a file is one of them, wherever it lies now. What it contains is asked of the cache first.
    pub(super) fn has(&self, path: &Path, cache: Option<&Cache>) -> bool {
        self.files.contains(path)
            || !self.keys.is_empty()
                && key_of(path, cache).is_some_and(|key| self.keys.contains(&key))
    }

    /// The keys of all of them, in order; files that cannot be read any more have none.
    fn to_bytes(&self, cache: Option<&Cache>) -> Vec<u8> {
        let files = self.files.iter().filter_map(|path| key_of(path, cache));
        let mut keys: Vec<SeenKey> = files.chain(self.keys.iter().copied()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.concat()
    }
}

fn key_of(path: &Path, cache: Option<&Cache>) -> Option<SeenKey> {
    let key = match cache {
        Some(cache) => cache.key_of(path),
        None => ContentKey::of_file(path),
    };
    key.ok()?.as_bytes().first_chunk().copied()
}

impl TrainedProbe {
    pub(super) fn new(
        fitted: Fitted,
        settings: &ProbeSettings,
        report: &ProbeReport,
        encoder: &EncoderId,
        mask_ratio: MaskRatio,
    ) -> Self {
        let neighbours = match &fitted.model {
            Model::Knn { k, .. } => Some(*k),
            Model::Logistic(_) | Model::Ridge(_) | Model::Mlp(_) => None,
        };
        Self {
            card: ProbeCard {
                format: FORMAT,
                task: settings.task,
                classes: report.classes.clone(),
                head: settings.head,
                chosen: fitted.chosen,
                encoder: encoder.clone(),
                mask_ratio: mask_ratio.get(),
                seed: settings.seed,
                collection: String::new(),
                protocol: report.protocol.clone(),
                metric: report.metric.clone(),
                score: report.score,
                interval: report.interval,
                baseline: report.baseline,
                metrics: report.defined_metrics(),
                split: report.split,
                notes: report.notes.clone(),
                neighbours,
            },
            scaler: fitted.scaler,
            model: fitted.model,
            seen: SeenTracks::of(fitted.seen.into_iter()),
            held_out: HeldOut::new(),
        }
    }

    /// Writes both files; the card last. `path` ends in .safetensors. Hashes of the files that it learned from go along, so
    /// that [`predict_collection`](super::predict_collection) knows them again; the cache may know them already.
    ///
    /// # Errors
    /// If a file cannot be written; old ones are untouched.
    pub fn save(&self, path: &Path, cache: Option<&Cache>) -> Result<(), ProbeError> {
        let card_path = card_path(path)?;
        let damaged = |error: &dyn std::fmt::Display| ProbeError::File {
            what: format!("the probe cannot be written ({error}); try another head"),
            path: path.to_path_buf(),
        };
        let tensors = self.tensors();
        let mut views = tensors
            .iter()
            .map(|(name, (shape, bytes))| {
                TensorView::new(Dtype::F64, shape.clone(), bytes).map(|view| (*name, view))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| damaged(&error))?;
        let seen = self.seen.to_bytes(cache);
        let shape = vec![seen.len() / size_of::<SeenKey>(), size_of::<SeenKey>()];
        let view = TensorView::new(Dtype::U8, shape, &seen).map_err(|error| damaged(&error))?;
        views.push((SEEN, view));
        let bytes = serialize(views, None).map_err(|error| damaged(&error))?;
        let card = serde_json::to_vec_pretty(&self.card).map_err(|error| damaged(&error))?;
        write_atomic(path, |file| file.write_all(&bytes))?;
        write_atomic(&card_path, |file| file.write_all(&card))?;
        Ok(())
    }

    /// Reads both files and checks that they fit together.
    ///
    /// # Errors
    /// [`ProbeError::File`] if a file cannot be read, or is not what its name promises.
    pub fn load(path: &Path) -> Result<Self, ProbeError> {
        let card_path = card_path(path)?;
        let card: ProbeCard = serde_json::from_slice(&read(&card_path)?).map_err(|error| {
            damaged(
                &card_path,
                format!("the card of the probe cannot be understood ({error})"),
            )
        })?;
        if card.format != FORMAT {
            let what = format!(
                "the card is of format {}, and this program reads format {FORMAT}",
                card.format
            );
            return Err(damaged(&card_path, what));
        }
        let bytes = read(path)?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|error| damaged(path, format!("it is no safetensors file ({error})")))?;
        let parts = Parts { file, path };
        let (dim, outputs) = (card.encoder.dim, card.classes.len());
        let scaler = Scaler {
            mean: parts.vector("scaler.mean", dim)?,
            scale: parts.vector("scaler.scale", dim)?,
        };
        let affine = || -> Result<Affine, ProbeError> {
            Ok(Affine {
                weights: parts.matrix("weight", [Some(dim), Some(outputs)])?,
                bias: parts.vector("bias", outputs)?,
            })
        };
        let model = match (card.head, card.task) {
            (Head::Linear, Task::Genre | Task::Key | Task::Tags) => Model::Logistic(affine()?),
            (Head::Linear | Head::Ridge, _) => Model::Ridge(affine()?),
            (Head::Mlp, _) => {
                let widen = parts.matrix("widen.weight", [Some(dim), None])?;
                let hidden = widen.ncols();
                let narrow = parts.matrix("narrow.weight", [Some(hidden), Some(outputs)])?;
                Model::Mlp(Mlp::of_parts(
                    &widen,
                    &parts.vector("widen.bias", hidden)?,
                    &narrow,
                    &parts.vector("narrow.bias", outputs)?,
                ))
            }
            (Head::Knn, _) => {
                let train = parts.matrix("rows", [None, Some(dim)])?;
                Model::Knn {
                    values: parts.matrix("values", [Some(train.nrows()), Some(outputs)])?,
                    k: card.neighbours.ok_or_else(|| {
                        damaged(&card_path, "the card names no neighbours".into())
                    })?,
                    train,
                }
            }
        };
        let seen = parts.file.tensor(SEEN).ok();
        let keys = seen.iter().flat_map(|seen| seen.data().as_chunks().0);
        let seen = SeenTracks {
            files: HashSet::new(),
            keys: keys.copied().collect(),
        };
        Ok(Self {
            card,
            scaler,
            model,
            seen,
            held_out: HeldOut::new(),
        })
    }

    /// Checks that embeddings are of the encoder that the probe was trained on.
    ///
    /// # Errors
    /// [`ProbeError::Encoder`] if they are not.
    pub fn check_encoder(&self, encoder: &EncoderId) -> Result<(), ProbeError> {
        let wanted = &self.card.encoder;
        if encoder.dim != wanted.dim {
            return Err(ProbeError::Encoder(format!(
                "the probe reads embeddings of {} values, and those of this encoder have {} ({}); name the encoder it was trained on: {}",
                wanted.dim, encoder.dim, encoder.description, wanted.checkpoint
            )));
        }
        if !is_same_reading(&encoder.hash, &wanted.hash) {
            return Err(ProbeError::Encoder(format!(
                "the probe was trained on another encoder ({}, weights {}), not on this one ({}, weights {}); name the first or train the probe again",
                wanted.description,
                short(&wanted.hash),
                encoder.description,
                short(&encoder.hash)
            )));
        }
        Ok(())
    }

    /// Everything that is learned, by name: shape and bytes of doubles.
    fn tensors(&self) -> HashMap<&'static str, (Vec<usize>, Vec<u8>)> {
        let vector = |values: &Array1<f64>| (vec![values.len()], bytes(values.iter()));
        let matrix =
            |values: &Array2<f64>| (vec![values.nrows(), values.ncols()], bytes(values.iter()));
        let mut tensors = HashMap::from([
            ("scaler.mean", vector(&self.scaler.mean)),
            ("scaler.scale", vector(&self.scaler.scale)),
        ]);
        match &self.model {
            Model::Logistic(affine) | Model::Ridge(affine) => {
                tensors.insert("weight", matrix(&affine.weights));
                tensors.insert("bias", vector(&affine.bias));
            }
            Model::Mlp(mlp) => {
                let [widen, narrow] = mlp.matrices();
                let [widen_bias, narrow_bias] = mlp.biases();
                tensors.insert("widen.weight", matrix(&widen));
                tensors.insert("widen.bias", vector(&widen_bias));
                tensors.insert("narrow.weight", matrix(&narrow));
                tensors.insert("narrow.bias", vector(&narrow_bias));
            }
            Model::Knn { train, values, .. } => {
                tensors.insert("rows", matrix(train));
                tensors.insert("values", matrix(values));
            }
        }
        tensors
    }
}

fn bytes<'a>(values: impl Iterator<Item = &'a f64>) -> Vec<u8> {
    values.flat_map(|value| value.to_le_bytes()).collect()
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn damaged(path: &Path, what: String) -> ProbeError {
    ProbeError::File {
        what: format!("{what}; train and save the probe again"),
        path: path.to_path_buf(),
    }
}

/// Where the card of a probe lies.
fn card_path(path: &Path) -> Result<PathBuf, ProbeError> {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    if ending.is_some_and(|ending| ending == "safetensors") {
        return Ok(path.with_extension("json"));
    }
    Err(ProbeError::File {
        what: "a probe is kept as .safetensors with its card beside it; change the ending".into(),
        path: path.to_path_buf(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, ProbeError> {
    let unreadable = |error: std::io::Error| ProbeError::File {
        what: format!(
            "the probe cannot be read ({error}); both its .safetensors and its .json must be there"
        ),
        path: path.to_path_buf(),
    };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > MOST_BYTES {
        return Err(damaged(
            path,
            format!("no probe is as large as {size} bytes"),
        ));
    }
    fs::read(path).map_err(unreadable)
}

/// The tensors of a file.
struct Parts<'a> {
    file: SafeTensors<'a>,
    path: &'a Path,
}

impl Parts<'_> {
    fn vector(&self, name: &str, length: usize) -> Result<Array1<f64>, ProbeError> {
        let (_, values) = self.numbers(name, &[Some(length)])?;
        Ok(Array1::from(values))
    }

    fn matrix(&self, name: &str, shape: [Option<usize>; 2]) -> Result<Array2<f64>, ProbeError> {
        let (found, values) = self.numbers(name, &shape)?;
        let shape = match found.as_slice() {
            [rows, columns] => (*rows, *columns),
            _ => (0, 0),
        };
        Array2::from_shape_vec(shape, values)
            .map_err(|error| damaged(self.path, format!("the tensor {name} is damaged ({error})")))
    }

    /// Finite numbers of the wanted shape; `None` takes any length.
    fn numbers(
        &self,
        name: &str,
        wanted: &[Option<usize>],
    ) -> Result<(Vec<usize>, Vec<f64>), ProbeError> {
        let tensor = self
            .file
            .tensor(name)
            .map_err(|_| damaged(self.path, format!("the tensor {name} is missing")))?;
        let fits = tensor.shape().len() == wanted.len()
            && tensor
                .shape()
                .iter()
                .zip(wanted)
                .all(|(&found, wanted)| wanted.is_none_or(|wanted| wanted == found));
        if tensor.dtype() != Dtype::F64 || !fits {
            let what = format!(
                "the tensor {name} is {:?} {:?}, which is not what the card says",
                tensor.dtype(),
                tensor.shape()
            );
            return Err(damaged(self.path, what));
        }
        let (numbers, _) = tensor.data().as_chunks::<8>();
        let values: Vec<f64> = numbers.iter().map(|&b| f64::from_le_bytes(b)).collect();
        if !values.iter().all(|value| value.is_finite()) {
            let what = format!("the tensor {name} holds numbers that are not finite");
            return Err(damaged(self.path, what));
        }
        Ok((tensor.shape().to_vec(), values))
    }
}
