//! The Teach workspace: what is asked of the encoder, and its answers.

use std::{ops::RangeInclusive, path::PathBuf, sync::Arc};

use serde::{Deserialize, Serialize};

use mynascope_base::jobs::Progress;
use mynascope_embedding::BatchSimilarity;
use mynascope_encoder::{AttentionTrace, MynaConfig, Patchout};
use mynascope_spectrum::tokens::{MaskKind, MaskRatio, PatchShape, TokenMask, View, ViewName};

use crate::gui::jobs::JobSlot;

use super::{EncoderSource, KeyedTable};

/// How many tracks the batch matrix may compare.
pub const BATCH_TRACKS: RangeInclusive<usize> = 8..=64;
/// The temperatures that can be chosen.
pub const TEMPERATURES: RangeInclusive<f64> = 0.02..=2.0;

/// Patchout reads every so many-th column at most.
pub const MOST_PATCHOUT: usize = 10;

/// What the matrix shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatrixKind {
    /// The cosine of each pair of views.
    #[default]
    Cosine,
    /// With which probability each view B is taken for the partner of each view A, at the temperature.
    Share,
}

impl MatrixKind {
    /// Its name, as lessons and the command line have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Share => "share",
        }
    }
}

/// What lies over the crop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Nothing.
    #[default]
    None,
    /// How much each patch is attended to.
    Attention,
    /// How much of each patch reaches the embedding.
    Rollout,
    /// How alike each patch's output is to that of the patch under the pointer.
    Similarity,
}

/// What a user chooses in the Teach workspace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TeachForm {
    /// Tracks of the batch.
    pub tracks: usize,
    /// Temperature of the loss that is shown for the batch.
    pub temperature: f64,
    /// Which cosines the matrix shows.
    pub matrix: MatrixKind,
    /// What lies over the crop.
    pub layer: Layer,
    /// How many of the last layers attention is taken from.
    pub blocks: usize,
    /// Attention over all tokens of the crop instead of the kept ones.
    pub whole: bool,
    /// Which tokens of a window are left out, of an encoder that is no Myna.
    pub patchout: Patchout,
}

impl Default for TeachForm {
    fn default() -> Self {
        Self {
            tracks: 16,
            temperature: 0.1,
            matrix: MatrixKind::Cosine,
            layer: Layer::None,
            blocks: 4,
            whole: false,
            patchout: Patchout {
                every: 3,
                ..Patchout::default()
            },
        }
    }
}

/// A crop of a track to be heard.
#[derive(Debug, Clone, PartialEq)]
pub struct HeardCrop {
    /// The file of the track.
    pub path: PathBuf,
    /// Where the crop begins in it.
    pub start_secs: f64,
}

/// What the answers depend on: equal keys, equal answers.
#[derive(Debug, Clone, PartialEq)]
pub struct TeachKey {
    /// The encoder.
    pub source: EncoderSource,
    /// The file of the track.
    pub path: PathBuf,
    /// The two crops and what is kept of them, for both patch shapes.
    pub views: [View; 2],
    /// The window whose attention is wanted, if one is.
    pub attention: Option<AttentionKey>,
    /// How the batch is drawn.
    pub batch: BatchKey,
    /// The window and its tokens that an encoder is given that is no Myna.
    pub window: Option<WindowKey>,
    /// Whether there is a table to look for neighbours in, and which.
    pub table: Option<usize>,
}

/// The window that an encoder is given that is no Myna, and the mask over it.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowKey {
    /// Where it begins in the track, in seconds.
    pub start_secs: f64,
    /// The tokens that are read of it.
    pub mask: TokenMask,
}

/// Which window's attention is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionKey {
    /// Of which view.
    pub view: ViewName,
    /// In which patches.
    pub shape: PatchShape,
    /// All tokens instead of the kept ones.
    pub whole: bool,
}

/// How a batch is drawn: as training draws it, in epoch 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchKey {
    /// How many tracks.
    pub tracks: usize,
    /// The seed of crops and masks.
    pub seed: u64,
    /// The kind of mask.
    pub kind: MaskKind,
    /// The share of tokens that are dropped.
    pub ratio: MaskRatio,
}

/// A track of the batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchTrack {
    /// Its place in the collection: what training draws its views by.
    pub index: usize,
    /// The file of the track.
    pub path: PathBuf,
    /// Its name in the list.
    pub title: String,
    /// Its label.
    pub label: Option<String>,
}

/// What the encoder is that answered.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderFacts {
    /// What it is, for people.
    pub description: String,
    /// Its sizes, if it is a Myna.
    pub config: Option<MynaConfig>,
    /// Blocks before what is read of it.
    pub blocks: usize,
    /// `cpu`, `gpu:0`.
    pub device: String,
}

/// A window of the collection near to a masked view; the nearest of its track.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// The file of the track.
    pub path: PathBuf,
    /// Where the window begins in it.
    pub start_secs: f64,
    /// Cosine to what was asked for.
    pub cosine: f32,
}

/// What the encoder says of the two views.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewsAnswer {
    /// The file of the track.
    pub path: PathBuf,
    /// The cosine of the two views.
    pub cosine: f32,
    /// The nearest tracks of views A and B; empty without a table.
    pub near: [Vec<Neighbour>; 2],
    /// What the encoder is.
    pub encoder: EncoderFacts,
    /// All memory of the machine.
    pub memory_bytes: Option<u64>,
    /// How long the two views took, in seconds.
    pub seconds: f64,
}

/// What patchout, or a mask, saves in a window, and what it costs: of an encoder that is no Myna.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchoutAnswer {
    /// The file of the track.
    pub path: PathBuf,
    /// Which window, and which of its tokens were read.
    pub key: WindowKey,
    /// From where to where the window reaches in the track, in seconds.
    pub window: [f64; 2],
    /// Rows of tokens.
    pub rows: usize,
    /// Tokens that are read, and all of them.
    pub tokens: [usize; 2],
    /// How long the window took with patchout and without, in seconds; `None` in pictures that must not depend on it.
    pub seconds: Option<[f64; 2]>,
    /// The cosine of both embeddings.
    pub cosine: f32,
    /// The likeliest styles of the whole window with their probabilities, likeliest first; none before they are computed, or
    /// where the encoder tells none.
    pub styles: Vec<(String, f32)>,
    /// What the encoder is.
    pub encoder: EncoderFacts,
}

/// The batch, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchAnswer {
    /// What was asked.
    pub key: BatchKey,
    /// The tracks, in the order of rows and columns.
    pub tracks: Vec<BatchTrack>,
    /// First frame of each track's crops A and B.
    pub starts: Vec<[usize; 2]>,
    /// The cosines between their views.
    pub similarity: BatchSimilarity,
    /// Tracks that could not be read.
    pub skipped: usize,
    /// Time that it took.
    pub seconds: f64,
}

impl BatchAnswer {
    /// The cosines as CSV: a row a view A, a column a view B.
    pub fn to_csv(&self) -> String {
        let quoted = |title: &str| format!("\"{}\"", title.replace('"', "\"\""));
        let names: Vec<String> = self
            .tracks
            .iter()
            .map(|track| quoted(&track.title))
            .collect();
        let mut text = format!("view A \\ view B,{}\n", names.join(","));
        for (a, name) in names.iter().enumerate() {
            let numbers = (0..names.len()).map(|b| self.similarity.across(a, b).to_string());
            let numbers: Vec<String> = numbers.collect();
            text += &format!("{name},{}\n", numbers.join(","));
        }
        text
    }
}

/// What the encoder attends to.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionAnswer {
    /// Of which view.
    pub view: ViewName,
    /// Where the window begins in the track, in seconds: the view's crop, or the window that holds its middle.
    pub start_secs: f64,
    /// Where attention went, and what came out.
    pub trace: AttentionTrace,
}

/// An answer with the number of the request it belongs to.
#[derive(Debug)]
pub struct Answered<T> {
    number: u64,
    /// The answer, if there is one.
    pub value: Option<T>,
    /// Why there is none.
    pub error: Option<String>,
}

impl<T> Default for Answered<T> {
    fn default() -> Self {
        Self {
            number: 0,
            value: None,
            error: None,
        }
    }
}

impl<T> Answered<T> {
    /// Takes an answer, unless a newer one is there already or it is about something else (asked before `since`). An
    /// error leaves the last value away.
    pub fn take(&mut self, number: u64, since: u64, result: Result<T, String>) {
        if number < self.number || number < since {
            return;
        }
        self.number = number;
        (self.value, self.error) = match result {
            Ok(value) => (Some(value), None),
            Err(why) => (None, Some(why)),
        };
    }

    /// Forgets the answer.
    pub fn clear(&mut self) {
        (self.value, self.error) = (None, None);
    }
}

/// The state of the Teach workspace: what the encoder makes of the masks.
#[derive(Default)]
pub struct Teaching {
    /// What is chosen.
    pub form: TeachForm,
    /// What was asked last.
    pub asked: Option<TeachKey>,
    /// The number of the last request.
    pub number: u64,
    /// The first request about the present track and encoder; what answers earlier ones is stale.
    pub since: u64,
    /// The first request about the present encoder and collection.
    pub batch_since: u64,
    /// The last request that wants another batch than the one before.
    pub batch_wanted: u64,
    /// The last request that is answered as far as it will be.
    pub done: u64,
    /// What the two views give.
    pub views: Answered<ViewsAnswer>,
    /// What patchout gives, of an encoder that is no Myna.
    pub patchout: Answered<PatchoutAnswer>,
    /// What the encoder attends to.
    pub attention: Answered<Arc<AttentionAnswer>>,
    /// The batch, compared.
    pub batch: Answered<Arc<BatchAnswer>>,
    /// The token of the crop that the pointer was over last.
    pub pointed: Option<usize>,
    /// How far the batch is, where it takes long.
    pub batch_progress: Option<Progress>,
    /// The collection is being embedded for neighbours.
    pub embedding: JobSlot<Arc<KeyedTable>>,
    /// Why it could not be, or that it was stopped.
    pub embed_problem: Option<String>,
    /// What is played, and what follows it.
    pub heard: Option<[HeardCrop; 2]>,
    /// The second of the two is being played.
    pub second_heard: bool,
}

impl Teaching {
    /// Whether the numbers of the views are those of an earlier mask: the answer about the present one is not there yet.
    pub fn has_old_views(&self) -> bool {
        self.views.value.is_some() && self.number > self.views.number.max(self.done)
    }

    /// The same of the batch.
    pub fn has_old_batch(&self) -> bool {
        self.batch.value.is_some() && self.batch_wanted > self.batch.number.max(self.done)
    }

    /// Whether where the encoder attends is wanted and not answered yet.
    pub fn awaits_attention(&self) -> bool {
        let wanted = self
            .asked
            .as_ref()
            .is_some_and(|asked| asked.attention.is_some());
        let answered = self.attention.value.is_some() || self.attention.error.is_some();
        wanted && !answered && self.number > self.done
    }

    /// Forgets the answers about a collection that is not open any more.
    pub fn forget(&mut self) {
        self.asked = None;
        self.since = self.number + 1;
        self.batch_since = self.number + 1;
        self.views.clear();
        self.patchout.clear();
        self.attention.clear();
        self.batch.clear();
        self.batch_progress = None;
        self.embedding.stop();
        self.embed_problem = None;
        self.heard = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_matrix_names_rows_and_columns() {
        let track = |title: &str| BatchTrack {
            index: 0,
            path: PathBuf::new(),
            title: title.to_owned(),
            label: None,
        };
        let answer = BatchAnswer {
            key: BatchKey {
                tracks: 2,
                seed: 0,
                kind: MaskKind::Random,
                ratio: MaskRatio::NONE,
            },
            tracks: vec![track("One, \"two\""), track("Three")],
            starts: Vec::new(),
            similarity: BatchSimilarity::new(&[1.0, 0.0, 0.0, 1.0], &[1.0, 0.0, 0.0, 1.0], 2),
            skipped: 0,
            seconds: 0.0,
        };
        assert_eq!(
            answer.to_csv(),
            "view A \\ view B,\"One, \"\"two\"\"\",\"Three\"\n\"One, \"\"two\"\"\",1,0\n\"Three\",0,1\n"
        );
    }

    #[test]
    fn numbers_of_an_earlier_mask_are_known_as_old() {
        let mut teaching = Teaching {
            number: 3,
            batch_wanted: 3,
            ..Teaching::default()
        };
        assert!(!teaching.has_old_batch(), "nothing is shown yet");
        let answer = BatchAnswer {
            key: BatchKey {
                tracks: 1,
                seed: 0,
                kind: MaskKind::Random,
                ratio: MaskRatio::NONE,
            },
            tracks: Vec::new(),
            starts: Vec::new(),
            similarity: BatchSimilarity::new(&[1.0], &[1.0], 1),
            skipped: 0,
            seconds: 0.0,
        };
        teaching.batch.take(3, 0, Ok(Arc::new(answer)));
        teaching.number = 4;
        assert!(
            !teaching.has_old_batch(),
            "another view leaves the batch as it is"
        );
        teaching.batch_wanted = 4;
        assert!(teaching.has_old_batch());
        // The mask came back to what it was before the worker looked: there is nothing to answer.
        teaching.done = 4;
        assert!(!teaching.has_old_batch());
    }

    #[test]
    fn stale_answers_are_dropped() {
        let mut answered = Answered::default();
        answered.take(3, 2, Ok("three"));
        answered.take(2, 2, Ok("two"));
        assert_eq!(answered.value, Some("three"), "a newer answer is there");
        answered.take(4, 5, Ok("four"));
        assert_eq!(answered.value, Some("three"), "about another track");
        answered.take(5, 5, Err("no".to_owned()));
        assert_eq!(answered.value, None);
        assert_eq!(answered.error.as_deref(), Some("no"));
    }
}
