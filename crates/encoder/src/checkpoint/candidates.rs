//! Which encoders a file holds. An encoder is all tensors under one prefix that have the published names: `module.` of
//! a data-parallel model, `state_dict.encoder_q.` of MoCo, `ema_state_dict.` of an average.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    fmt,
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use super::listing::Listing;

/// Tensors that every published encoder has, the surest first; what stands before one is the prefix of all.
pub(super) const WITNESSES: [&str; 5] = [
    "to_patch_embedding.2.weight",
    "transformer.layers.0.0.to_qkv.weight",
    "transformer.layers.0.1.net.1.weight",
    "transformer.layers.0.0.to_out.weight",
    "transformer.layers.0.1.net.3.weight",
];
/// Parts of names that wrappers add anywhere and no encoder has.
const WRAPPERS: [&str; 4] = [
    "module",
    "_orig_mod",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
];
/// Words of the prefix of weights that were averaged over training, or that follow the trained ones.
const AVERAGED: [&str; 12] = [
    "averaged", "average", "avg", "ema", "k", "key", "mean", "momentum", "polyak", "swa", "target",
    "teacher",
];
/// Words of the prefix of the weights that were trained.
const PLAIN: [&str; 28] = [
    "backbone",
    "base",
    "body",
    "dict",
    "encoder",
    "feature",
    "extractor",
    "learner",
    "mod",
    "model",
    "module",
    "myna",
    "net",
    "network",
    "online",
    "orig",
    "params",
    "parameters",
    "q",
    "query",
    "sd",
    "state",
    "states",
    "student",
    "transformer",
    "trunk",
    "vit",
    "weights",
];

/// Which weights of a checkpoint that holds several are read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum WeightsChoice {
    /// Those that were trained, else what there is.
    #[default]
    Auto,
    /// Those that were trained.
    Model,
    /// Their average: EMA, a teacher, a momentum or target encoder.
    Ema,
    /// Those whose names begin so.
    Prefix(String),
}

impl WeightsChoice {
    /// Whether nothing was asked for.
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

impl From<String> for WeightsChoice {
    fn from(text: String) -> Self {
        match text.as_str() {
            "auto" => Self::Auto,
            "model" => Self::Model,
            "ema" => Self::Ema,
            _ => Self::Prefix(text),
        }
    }
}

impl From<WeightsChoice> for String {
    fn from(choice: WeightsChoice) -> Self {
        choice.to_string()
    }
}

impl FromStr for WeightsChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.to_owned().into())
    }
}

impl fmt::Display for WeightsChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Model => "model",
            Self::Ema => "ema",
            Self::Prefix(prefix) => prefix,
        })
    }
}

/// What an encoder is beside others of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightsRole {
    /// What was trained.
    Model,
    /// Whose prefix says neither.
    Other,
    /// An average of what was trained, or what follows it.
    Ema,
}

impl fmt::Display for WeightsRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model => "model",
            Self::Other => "other",
            Self::Ema => "ema",
        })
    }
}

/// An encoder that a file holds, complete or not.
#[derive(Debug)]
pub(super) struct Candidate {
    /// What stands before the published names in the file, with its last dot; may be empty.
    pub prefix: String,
    /// The same without what wrappers add.
    plain_prefix: String,
    pub role: WeightsRole,
    /// Names in the file by published name; also of what else stands under the prefix.
    pub names: BTreeMap<String, String>,
}

impl Candidate {
    /// What `--weights` takes to choose it.
    pub fn choice(&self) -> &str {
        match self.prefix.trim_end_matches('.') {
            "" => "model",
            prefix => prefix,
        }
    }

    fn is_called(&self, wanted: &str) -> bool {
        let wanted = wanted.trim_matches('.');
        let parts: Vec<&str> = wanted.split('.').collect();
        let has = |prefix: &str| {
            let own: Vec<&str> = prefix.split('.').collect();
            own.windows(parts.len()).any(|window| window == parts)
        };
        has(&self.prefix) || has(&self.plain_prefix)
    }

    fn is_exactly(&self, wanted: &str) -> bool {
        self.prefix.trim_end_matches('.') == wanted.trim_end_matches('.')
    }
}

/// All encoders of a file, in the order of their prefixes.
pub(super) fn candidates(listing: &Listing) -> Vec<Candidate> {
    let names = plain_names(listing.tensors.keys());
    let mut prefixes = BTreeSet::new();
    for witness in WITNESSES {
        prefixes.extend(names.keys().filter_map(|name| {
            let prefix = name.strip_suffix(witness)?;
            (prefix.is_empty() || prefix.ends_with('.')).then(|| prefix.to_owned())
        }));
        if !prefixes.is_empty() {
            break;
        }
    }
    prefixes
        .iter()
        .map(|plain| candidate(plain, &prefixes, &names, listing))
        .collect()
}

fn candidate(
    plain: &str,
    prefixes: &BTreeSet<String>,
    names: &BTreeMap<String, String>,
    listing: &Listing,
) -> Candidate {
    // What belongs to an encoder further in is not of this one.
    let inner = |name: &str| {
        prefixes
            .iter()
            .any(|other| other.len() > plain.len() && name.starts_with(other.as_str()))
    };
    let own: BTreeMap<String, String> = names
        .range(plain.to_owned()..)
        .take_while(|(name, _)| name.starts_with(plain))
        .filter(|(name, _)| !inner(name))
        .filter_map(|(name, original)| {
            Some((name.strip_prefix(plain)?.to_owned(), original.clone()))
        })
        .collect();
    let prefix = WITNESSES
        .iter()
        .find_map(|witness| own.get(*witness)?.strip_suffix(witness))
        .unwrap_or(plain)
        .to_owned();
    // torch.optim.swa_utils.AveragedModel counts what it averaged.
    let outer = prefix.strip_suffix("module.").unwrap_or(&prefix);
    let counts = |names: &str| listing.tensors.contains_key(&format!("{outer}{names}"));
    let role = if prefix != outer && counts("n_averaged") {
        WeightsRole::Ema
    } else {
        role(plain)
    };
    Candidate {
        prefix,
        plain_prefix: plain.to_owned(),
        role,
        names: own,
    }
}

fn role(prefix: &str) -> WeightsRole {
    let prefix = prefix.to_lowercase();
    let mut words = prefix
        .split(['.', '_', '-', '/'])
        .filter(|word| !word.is_empty());
    if words.clone().any(|word| AVERAGED.contains(&word)) {
        WeightsRole::Ema
    } else if words.all(|word| PLAIN.contains(&word)) {
        WeightsRole::Model
    } else {
        WeightsRole::Other
    }
}

/// Names without what wrappers add, each with the name in the file. Where two would be the same, both stay.
fn plain_names<'a>(names: impl Iterator<Item = &'a String> + Clone) -> BTreeMap<String, String> {
    let plain = |name: &str| {
        let parts = name.split('.').filter(|part| !WRAPPERS.contains(part));
        parts.collect::<Vec<_>>().join(".")
    };
    let mut out: BTreeMap<String, String> = names
        .clone()
        .filter(|name| plain(name) == **name)
        .map(|name| (name.clone(), name.clone()))
        .collect();
    for name in names {
        let short = plain(name);
        if short != *name {
            let key = if out.contains_key(&short) {
                name.clone()
            } else {
                short
            };
            out.entry(key).or_insert_with(|| name.clone());
        }
    }
    out
}

/// Why no encoder is chosen.
pub(super) struct Undecided {
    /// A sentence about the file.
    pub why: String,
    /// The first of several that may be meant; `None` where none is.
    pub first: Option<usize>,
}

/// The encoder that is chosen, by its place in the list. `fits` says which are complete, `same` which hold the same
/// numbers.
pub(super) fn choose(
    candidates: &[Candidate],
    choice: &WeightsChoice,
    fits: &dyn Fn(usize) -> bool,
    same: &dyn Fn(usize, usize) -> bool,
) -> Result<usize, Undecided> {
    let all = || candidates.iter().enumerate();
    let of_role = |role: WeightsRole| {
        let found = all().filter(move |(_, candidate)| candidate.role == role);
        found.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let mut found = match choice {
        WeightsChoice::Auto => [WeightsRole::Model, WeightsRole::Other, WeightsRole::Ema]
            .map(of_role)
            .into_iter()
            .find(|found| !found.is_empty())
            .unwrap_or_default(),
        WeightsChoice::Model => [WeightsRole::Model, WeightsRole::Other]
            .map(of_role)
            .into_iter()
            .find(|found| !found.is_empty())
            .unwrap_or_default(),
        WeightsChoice::Ema => of_role(WeightsRole::Ema),
        WeightsChoice::Prefix(wanted) => {
            let exact = all().filter(|(_, candidate)| candidate.is_exactly(wanted));
            let exact: Vec<usize> = exact.map(|(at, _)| at).collect();
            if exact.is_empty() {
                let called = all().filter(|(_, candidate)| candidate.is_called(wanted));
                called.map(|(at, _)| at).collect()
            } else {
                exact
            }
        }
    };
    let complete: Vec<usize> = found.iter().copied().filter(|&at| fits(at)).collect();
    if !complete.is_empty() {
        found = complete;
    }
    let listed = || {
        let names = candidates.iter().map(Candidate::choice);
        names.collect::<Vec<_>>().join(", ")
    };
    match found.as_slice() {
        [] => Err(Undecided {
            why: match choice {
                WeightsChoice::Ema => {
                    format!("it holds no averaged weights beside: {}", listed())
                }
                _ => format!(
                    "it holds no encoder that --weights {choice} names; it holds: {}",
                    listed()
                ),
            },
            first: None,
        }),
        several
            if !matches!(choice, WeightsChoice::Prefix(_))
                && let Some(&bare) = several.iter().find(|&&at| {
                    candidates
                        .get(at)
                        .is_some_and(|it| it.plain_prefix.is_empty())
                }) =>
        {
            // Without any prefix: nothing is plainer.
            Ok(bare)
        }
        [first, others @ ..]
            if others
                .iter()
                .all(|&other| !fits(*first) || same(*first, other)) =>
        {
            Ok(*first)
        }
        several => {
            let names = several.iter().filter_map(|&at| candidates.get(at));
            let names: Vec<&str> = names.map(Candidate::choice).collect();
            Err(Undecided {
                why: format!(
                    "it holds {} encoders and doesn't say which counts; choose with --weights: {}",
                    names.len(),
                    names.join(", ")
                ),
                first: several.first().copied(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_say_what_was_trained_and_what_follows_it() {
        use WeightsRole::{Ema, Model, Other};
        for (prefix, expected) in [
            ("", Model),
            ("state_dict.model.encoder.", Model),
            ("encoder_q.", Model),
            ("online_network.backbone.", Model),
            ("student.", Model),
            ("ema_state_dict.", Ema),
            ("state_dict_ema.", Ema),
            ("model_ema.", Ema),
            ("encoder_k.", Ema),
            ("momentum_encoder.", Ema),
            ("teacher.backbone.", Ema),
            ("target_encoder.", Ema),
            ("best_state_dict.", Other),
            ("keyboard.", Other),
        ] {
            assert_eq!(role(prefix), expected, "{prefix}");
        }
    }

    #[test]
    fn what_wrappers_add_is_left_out_unless_two_names_become_one() {
        let names = ["a._orig_mod.b", "module._orig_mod.c", "module.d", "d"].map(str::to_owned);
        let plain = plain_names(names.iter());
        let found: Vec<(&str, &str)> = plain
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("a.b", "a._orig_mod.b"),
                ("c", "module._orig_mod.c"),
                ("d", "d"),
                ("module.d", "module.d"),
            ]
        );
    }
}
