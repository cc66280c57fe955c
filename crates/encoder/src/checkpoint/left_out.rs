//! What a file holds beside the encoder that is read.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::{candidates::Candidate, listing::Listing};
use crate::{MynaConfig, families::myna::parameters::encoder_parameters};

/// Tensors that are not of the encoder, and are not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// `optimizer`, `projector`, `ema_state_dict`, ...
    pub group: String,
    /// How many tensors.
    pub tensors: usize,
}

/// What the file holds beside the encoder, by the first part of the name that tells it from the encoder.
pub(super) fn left_out(
    listing: &Listing,
    candidates: &[Candidate],
    chosen: usize,
    config: &MynaConfig,
) -> Vec<LeftOut> {
    let Some(candidate) = candidates.get(chosen) else {
        return Vec::new();
    };
    let layout = encoder_parameters(config);
    let used: HashSet<&str> = layout
        .iter()
        .filter_map(|spec| candidate.names.get(&spec.name))
        .map(String::as_str)
        .collect();
    let others = candidates
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != chosen);
    let others: Vec<&Candidate> = others.map(|(_, other)| other).collect();
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    for name in listing
        .tensors
        .keys()
        .filter(|name| !used.contains(name.as_str()))
    {
        let other = others
            .iter()
            .filter(|other| !other.prefix.is_empty() && name.starts_with(&other.prefix))
            .max_by_key(|other| other.prefix.len());
        let group = match other {
            Some(other) => other.choice(),
            None => group(name, &candidate.prefix),
        };
        *groups.entry(group.to_owned()).or_default() += 1;
    }
    groups
        .into_iter()
        .map(|(group, tensors)| LeftOut { group, tensors })
        .collect()
}

/// The first part of a name behind what it shares with the encoder's prefix.
fn group<'a>(name: &'a str, prefix: &str) -> &'a str {
    let mut rest = name;
    for part in prefix.split_inclusive('.') {
        match rest.strip_prefix(part) {
            Some(behind) => rest = behind,
            None => break,
        }
    }
    match rest.split('.').next() {
        Some("") | None => "unnamed",
        Some(first) => first,
    }
}
