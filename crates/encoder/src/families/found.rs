//! An encoder that was found by the names and shapes of a file's tensors: what every family but Myna tells of it, how its
//! numbers are read, and what is said of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::maest::Head;
use crate::{
    CheckpointError, CheckpointReport, CheckpointSummary, EncoderConfig, Family, FoundEncoder,
    OpenCheckpoint, WeightsRole, checkpoint::trained_window_secs,
};

/// Names and shapes of the tensors of a file.
pub type Shapes = BTreeMap<String, Vec<usize>>;

/// The numbers of all parameters of an encoder, in the order of its layout.
pub type Values = Vec<Vec<f32>>;

/// Width of a head of all published encoders; the authors' files of MAEST and MT2 don't say it.
pub const PUBLISHED_HEAD: usize = 64;

/// Narrower heads are not offered where a file doesn't say how many there are.
const NARROWEST_HEAD: usize = 8;

/// What the user knows and the file may not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hint {
    /// Attention heads, of files that don't say.
    pub heads: Option<usize>,
    /// What the classifier reads, of a MAEST whose file holds two classifiers.
    pub head: Option<Head>,
    /// What stands before the names of the tensors that are meant, of files that hold several encoders.
    pub prefix: Option<String>,
}

/// An encoder that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognised<C> {
    /// The published design.
    pub family: Family,
    /// Its sizes.
    pub config: C,
    /// Names of what its classifier tells, in the order of its outputs; `None` where nothing beside the file says them.
    pub labels: Option<Vec<String>>,
    /// Where every parameter is in the file, in the order of the family's layout.
    pub taken: Vec<Taken>,
    /// What stands before the names of its tensors, `state_dict.net_swa.`.
    pub prefix: String,
    /// The prefixes of all encoders of the file.
    pub prefixes: Vec<String>,
    /// Whether the file or the user said how many heads there are; otherwise it was taken for granted that they are 64 wide.
    pub heads_are_sure: bool,
    /// Tensors that are needed and not there, by their names in the file.
    pub missing: Vec<String>,
    /// Tensors of another shape than the sizes ask for, in words.
    pub misshaped: Vec<String>,
    /// Tensors under its prefix that it doesn't read.
    pub unexpected: Vec<String>,
    /// By what it was recognised, in words.
    pub by: String,
}

/// A parameter and the tensors of the file that make it, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The name in the family's layout.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Names in the file: one, or those of queries, keys and values.
    pub from: Vec<String>,
}

/// What was looked for and found, with why it can't be used, if it can't.
pub type Found<C> = (Recognised<C>, Option<String>);

/// Sizes that every family has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Width of a token.
    pub dim: usize,
    /// Transformer blocks.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the hidden layer of the feed-forward part.
    pub mlp_dim: usize,
    /// Styles that its classifier tells.
    pub labels: usize,
}

impl<C> Recognised<C> {
    /// The same with the sizes of any family.
    pub fn map<D>(self, f: impl FnOnce(C) -> D) -> Recognised<D> {
        Recognised {
            family: self.family,
            config: f(self.config),
            labels: self.labels,
            taken: self.taken,
            prefix: self.prefix,
            prefixes: self.prefixes,
            heads_are_sure: self.heads_are_sure,
            missing: self.missing,
            misshaped: self.misshaped,
            unexpected: self.unexpected,
            by: self.by,
        }
    }

    /// Why it can't be used, if it can't: tensors that are missing or of another shape.
    pub fn problem(&self) -> Option<String> {
        let list = |what: &str, names: &[String]| {
            let first = names.first()?;
            let more = match names.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Some(format!("this {} {what} {first}{more}", self.family))
        };
        list("lacks", &self.missing)
            .or_else(|| list("has tensors of other shapes:", &self.misshaped))
    }

    /// What stands before its names, for people; nothing where the file holds no other encoder.
    pub fn chosen(&self) -> Option<&str> {
        (self.prefixes.len() > 1).then(|| self.prefix.trim_end_matches('.'))
    }
}

/// Finds where the parameters of a layout lie in a file: `ways` says how one may be called, one tensor or several that lie one
/// behind the other. Also those that are missing, and those of another shape, in words.
pub(super) fn locate(
    shapes: &Shapes,
    parameters: Vec<(String, Vec<usize>)>,
    ways: impl Fn(&str) -> Vec<Vec<String>>,
) -> (Vec<Taken>, Vec<String>, Vec<String>) {
    let mut taken = Vec::new();
    let (mut missing, mut misshaped) = (Vec::new(), Vec::new());
    for (name, shape) in parameters {
        let ways = ways(&name);
        let there = |names: &&Vec<String>| names.iter().all(|name| shapes.contains_key(name));
        let Some(from) = ways.iter().find(there).or(ways.first()) else {
            continue;
        };
        for part in from {
            let Some(found) = shapes.get(part) else {
                missing.push(part.clone());
                continue;
            };
            let mut wanted = shape.clone();
            if let Some(rows) = wanted.first_mut() {
                *rows /= from.len();
            }
            if *found != wanted {
                misshaped.push(format!("{part}: {found:?}, not {wanted:?}"));
            }
        }
        taken.push(Taken {
            name,
            shape,
            from: from.clone(),
        });
    }
    (taken, missing, misshaped)
}

/// What stands before a witness, once for each encoder of the file.
pub(super) fn prefixes(shapes: &Shapes, witness: &str) -> Vec<String> {
    let found = shapes.keys().filter_map(|name| name.strip_suffix(witness));
    // Optimiser states carry the names of weights behind other words, but no dot before them.
    found
        .filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
        .map(str::to_owned)
        .collect()
}

/// The prefix that is meant: the user's, else that of averaged weights, which MAEST's authors publish, else the shortest.
///
/// # Errors
/// That there is none of that name, in words.
pub(super) fn choose(prefixes: &[String], hint: &Hint) -> Result<String, String> {
    let is_average = |prefix: &str| prefix.ends_with("net_swa.");
    let Some(wanted) = &hint.prefix else {
        let average = prefixes.iter().find(|prefix| is_average(prefix));
        let chosen = average.or_else(|| prefixes.iter().min_by_key(|prefix| prefix.len()));
        return Ok(chosen.cloned().unwrap_or_default());
    };
    let wanted = wanted.trim_end_matches('.');
    let found = prefixes.iter().find(|prefix| {
        let bare = prefix.trim_end_matches('.');
        bare == wanted || bare.rsplit('.').next() == Some(wanted)
    });
    let found = found.or_else(|| match wanted {
        "ema" => prefixes.iter().find(|prefix| is_average(prefix)),
        "model" => prefixes.iter().find(|prefix| !is_average(prefix)),
        beginning => prefixes.iter().find(|prefix| prefix.starts_with(beginning)),
    });
    found.cloned().ok_or_else(|| {
        let there: Vec<&str> = prefixes
            .iter()
            .map(|prefix| prefix.trim_end_matches('.'))
            .collect();
        match there.as_slice() {
            [""] => format!(
                "it holds no weights under '{wanted}', only one encoder without a name; leave out --weights"
            ),
            there => format!(
                "it holds no weights under '{wanted}'; there are those under {}",
                there.join(", ")
            ),
        }
    })
}

/// A whole number of `config.json`, if it says one; some files have numbers as text, or with a point.
///
/// # Errors
/// If what it says is no whole number, in words.
pub(super) fn number(json: &Value, key: &str) -> Result<Option<usize>, String> {
    let said = match json.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(said) => said,
    };
    let whole = |number: f64| (number >= 0.0 && number.fract() == 0.0).then_some(number as u64);
    said.as_u64()
        .or_else(|| whole(said.as_f64()?))
        .or_else(|| said.as_str()?.trim().parse().ok())
        .and_then(|found| usize::try_from(found).ok())
        .map(Some)
        .ok_or_else(|| format!("config.json says {key} {said}, which is no whole number; use the config.json that belongs to these weights"))
}

/// Why a file that holds an encoder can't be used.
pub(super) fn unfit(checkpoint: &OpenCheckpoint, why: String) -> CheckpointError {
    CheckpointError::Unfit {
        why,
        path: checkpoint.file().to_path_buf(),
    }
}

/// Reads the numbers of an encoder that was found.
///
/// # Errors
/// If the file is damaged, or the encoder can't be used as it is.
pub(super) fn read_found<C>(
    checkpoint: &mut OpenCheckpoint,
    found: Option<Found<C>>,
) -> Result<Option<(Recognised<C>, Values)>, CheckpointError> {
    let found = match found {
        None => return Ok(None),
        Some((_, Some(problem))) => return Err(unfit(checkpoint, problem)),
        Some((found, None)) => found,
    };
    let values = found
        .taken
        .iter()
        .map(|taken| checkpoint.read(&taken.from))
        .collect::<Result<_, _>>()?;
    Ok(Some((found, values)))
}

impl Recognised<EncoderConfig> {
    /// What it is, for people: "MAEST of 5 s".
    pub fn name(&self) -> String {
        match self.chosen() {
            Some(chosen) => format!("{} ({chosen})", self.config.design().name()),
            None => self.config.design().name(),
        }
    }

    /// What the user should know of the file, in one sentence.
    pub fn say_use(&self) -> Option<String> {
        let mut said = Vec::new();
        if let Some(chosen) = self.chosen() {
            let others = self.prefixes.iter().filter(|other| **other != self.prefix);
            let others: Vec<&str> = others.map(|other| other.trim_end_matches('.')).collect();
            said.push(format!(
                "the checkpoint holds several encoders, and {chosen} is used (--weights chooses another: {})",
                others.join(", ")
            ));
        }
        if !self.heads_are_sure {
            said.push(format!(
                "the file doesn't say how many attention heads there are; taken for granted: {} (--heads says otherwise)",
                self.config.design().sizes().heads
            ));
        }
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// The encoders of the file.
    fn encoders(&self) -> Vec<FoundEncoder> {
        let encoder = |prefix: &String| FoundEncoder {
            weights: prefix.trim_end_matches('.').to_owned(),
            role: match prefix.ends_with("net_swa.") {
                true => WeightsRole::Ema,
                false => WeightsRole::Model,
            },
            prefix: prefix.clone(),
            chosen: *prefix == self.prefix,
        };
        self.prefixes.iter().map(encoder).collect()
    }

    /// What the headers of a checkpoint tell; the user may have said how many heads there are.
    pub(crate) fn summary(self, hint: &Hint) -> CheckpointSummary {
        let sizes = self.config.design().sizes();
        CheckpointSummary {
            encoders: self.encoders(),
            heads: sizes.heads,
            offered_heads: match self.heads_are_sure && hint.heads.is_none() {
                true => Vec::new(),
                false => (1..=sizes.dim)
                    .filter(|heads| sizes.dim.is_multiple_of(*heads))
                    .filter(|heads| sizes.dim / heads >= NARROWEST_HEAD)
                    .collect(),
            },
            info: self.config.info(self.labels.unwrap_or_default()),
            trained_window_secs: None,
        }
    }

    /// What a checkpoint holds; `problem` is why it can't be used, as far as names and shapes tell.
    pub(crate) fn report(
        self,
        checkpoint: &mut OpenCheckpoint,
        mut problem: Option<String>,
    ) -> CheckpointReport {
        if problem.is_none() {
            for taken in &self.taken {
                if let Err(CheckpointError::Unfit { why, .. }) = checkpoint.read(&taken.from) {
                    problem = Some(why);
                    break;
                }
            }
        }
        let (sizes, info) = (self.config.design().sizes(), self.config.design().info());
        let mut note = self.config.design().say_reading(self.labels.is_some());
        if let Some(secs) = trained_window_secs(checkpoint.file())
            && self.config.design().info_of_window(secs).is_some()
        {
            note = format!("{note}; it was trained on windows of {secs} s, which are its default");
        }
        if let Some(more) = self.say_use() {
            note = format!("{note}; {more}");
        }
        CheckpointReport {
            family: self.family,
            encoders: self.encoders(),
            recognised_by: self.by,
            kind: None,
            dim: sizes.dim,
            depth: sizes.depth,
            heads: sizes.heads,
            mlp_dim: sizes.mlp_dim,
            parameters: info.parameters,
            labels: sizes.labels,
            sizes: Some(self.config.without_classifier().0),
            outputs: self.labels.unwrap_or_default(),
            readouts: info.readouts,
            missing: self.missing,
            unexpected: self.unexpected,
            misshaped: self.misshaped,
            left_out: Vec::new(),
            problem,
            other_files: checkpoint.other_files().map(str::to_owned),
            note,
        }
    }
}
