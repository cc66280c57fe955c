//! Which Myna the tensors of a file are, and what doesn't fit.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use super::{
    CheckpointReport, CheckpointSummary, LoadOptions,
    candidates::{Candidate, Undecided, WeightsRole, candidates, choose},
    left_out::left_out,
    listing::{Listing, TensorEntry},
    misfit::{
        is_finite, list, no_encoder, no_sizes, none_of, not_finite_fault, unnamed_average,
        why_missing,
    },
    open::{broken_numbers_remedy, json_beside},
};
use crate::{
    CheckpointError, Family, MynaConfig, PatchInput, Patching, Preset,
    families::{
        self,
        myna::{HEAD_DIM, parameters::encoder_parameters},
    },
    parameters::TrainingHead,
    weights::{WeightTensor, Weights},
};
use mynascope_base::counted;

/// What the encoder would compute with and ours doesn't have: loading without it would be another model.
pub(super) const FOREIGN: [&str; 7] = [
    "transformer.",
    "to_patch_embedding",
    "pos_emb",
    "cls_token",
    "class_token",
    "register_tokens",
    "dist_token",
];

/// An encoder of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundEncoder {
    /// What `--weights` takes to choose it.
    pub weights: String,
    /// What it is among the encoders of the file.
    pub role: WeightsRole,
    /// What stands before the published names of its tensors.
    pub prefix: String,
    /// Whether it is the one that is meant.
    pub chosen: bool,
}

/// A file that was matched against the layout of an encoder.
pub(super) struct Fit {
    pub report: CheckpointReport,
    config: MynaConfig,
    listing: Listing,
    /// Names in the file by published name.
    names: BTreeMap<String, String>,
    /// Of published names, why there is no tensor.
    unreadable: Vec<(String, String)>,
    /// Which of several encoders is meant was not said; the report is of the first.
    undecided: Option<String>,
}

/// How far one encoder of a file fits.
struct Match {
    kind: Option<Patching>,
    config: MynaConfig,
    missing: Vec<String>,
    misshaped: Vec<String>,
    unexpected: Vec<String>,
}

impl Match {
    fn is_complete(&self) -> bool {
        self.config.validate().is_ok()
            && self.missing.is_empty()
            && self.misshaped.is_empty()
            && self.unexpected.is_empty()
    }
}

/// Matches the tensors of a file with the encoder that their shapes show, or with a preset.
pub(super) fn fit(
    listing: Listing,
    preset: Option<Preset>,
    options: &LoadOptions,
    path: &Path,
) -> Result<Fit, CheckpointError> {
    let damaged = |why: String| CheckpointError::Damaged {
        why,
        path: path.to_path_buf(),
    };
    let mut found = candidates(&listing);
    if found.is_empty() {
        let config_json = json_beside(path, "config.json").ok().flatten();
        return Err(damaged(
            match config_json.as_ref().and_then(families::of_config) {
                Some(Err(another)) => another,
                Some(Ok(family)) => none_of(family, &listing),
                None => no_encoder(&listing),
            },
        ));
    }
    let matches: Vec<Option<Match>> = found
        .iter()
        .map(|candidate| match_with(candidate, &listing, preset))
        .collect();
    let complete = |at: usize| {
        let found = matches.get(at).and_then(Option::as_ref);
        found.is_some_and(Match::is_complete)
    };
    let same = |a: usize, b: usize| match (found.get(a), found.get(b)) {
        (Some(a), Some(b)) => hold_the_same(a, b, &listing),
        _ => false,
    };
    let (chosen, undecided) = match choose(&found, &options.weights, &complete, &same) {
        Ok(chosen) => (chosen, None),
        Err(Undecided {
            why,
            first: Some(first),
        }) => (first, Some(why)),
        Err(Undecided {
            mut why,
            first: None,
        }) => {
            if let Some(name) = unnamed_average(&listing) {
                why.push_str(&format!(
                    "; {name} is a list of averages without names, which tells no encoder: save the averaged model's state_dict()"
                ));
            }
            return Err(CheckpointError::Unfit {
                why,
                path: path.to_path_buf(),
            });
        }
    };
    let encoders: Vec<FoundEncoder> = found
        .iter()
        .enumerate()
        .map(|(at, candidate)| FoundEncoder {
            weights: candidate.choice().to_owned(),
            role: candidate.role,
            prefix: candidate.prefix.clone(),
            chosen: at == chosen && undecided.is_none(),
        })
        .collect();
    let matched = matches.into_iter().nth(chosen).flatten();
    let matched = matched
        .filter(|matched| matched.config.validate().is_ok())
        .ok_or_else(|| damaged(no_sizes(&found, chosen, &listing)))?;
    let left_out = left_out(&listing, &found, chosen, &matched.config);
    let candidate = found.swap_remove(chosen);
    let mut notes = Vec::new();
    if !candidate.prefix.is_empty() && undecided.is_none() {
        notes.push(format!(
            "the encoder's names start with '{}', which is left out",
            candidate.prefix
        ));
    }
    let others: Vec<&str> = encoders
        .iter()
        .filter(|found| !found.chosen)
        .map(|found| found.weights.as_str())
        .collect();
    if !others.is_empty() && undecided.is_none() {
        notes.push(format!(
            "other weights are there, too; --weights chooses them: {}",
            others.join(", ")
        ));
    }
    if let Some(name) = unnamed_average(&listing) {
        notes.push(format!(
            "{name} is a list of averages without names and cannot be used"
        ));
    }
    if matched.kind.is_none() {
        notes.push("square and vertical encoders have the same tensors: say --patch square or --patch vertical".into());
    }
    let layout = encoder_parameters(&matched.config);
    let names: BTreeMap<String, String> = layout
        .iter()
        .filter_map(|spec| candidate.names.get_key_value(&spec.name))
        .map(|(published, own)| (published.clone(), own.clone()))
        .collect();
    let mut types: Vec<&str> = names
        .values()
        .filter_map(|own| listing.tensors.get(own))
        .map(|entry| entry.dtype.as_str())
        .filter(|dtype| *dtype != "F32")
        .collect();
    types.sort_unstable();
    types.dedup();
    if !types.is_empty() {
        notes.push(format!(
            "{} numbers are converted to F32",
            types.join(" and ")
        ));
    }
    let unreadable = why_missing(&matched.missing, &candidate, &listing);
    for (name, why) in &unreadable {
        notes.push(format!("{name} is {why}"));
    }
    let Match {
        kind,
        config,
        missing,
        misshaped,
        unexpected,
    } = matched;
    Ok(Fit {
        report: CheckpointReport {
            family: Family::Myna,
            recognised_by: "the names of the published tensors".to_owned(),
            kind,
            dim: config.dim,
            depth: config.depth,
            heads: config.heads,
            mlp_dim: config.mlp_dim,
            parameters: config.parameters(),
            labels: 0,
            sizes: None,
            outputs: Vec::new(),
            readouts: config.info().readouts,
            missing,
            unexpected,
            misshaped,
            encoders,
            left_out,
            problem: None,
            other_files: None,
            note: notes.join("; "),
        },
        config,
        listing,
        names,
        unreadable,
        undecided,
    })
}

fn match_with(candidate: &Candidate, listing: &Listing, preset: Option<Preset>) -> Option<Match> {
    let tensors: BTreeMap<&str, &TensorEntry> = candidate
        .names
        .iter()
        .filter_map(|(name, own)| Some((name.as_str(), listing.tensors.get(own)?)))
        .filter(|(_, entry)| entry.width().is_some())
        .collect();
    let hybrid = tensors
        .keys()
        .any(|name| name.starts_with("to_patch_embedding_b."));
    let stated = listing
        .metadata
        .get("kind")
        .and_then(|kind| kind.parse::<Patching>().ok());
    let kind = if hybrid {
        Some(Patching::Hybrid)
    } else {
        stated.filter(|&kind| kind != Patching::Hybrid)
    };
    let sized_as = kind.unwrap_or(Patching::Square);
    let sizes = match preset {
        Some(preset) => preset.config(sized_as),
        None => infer(&tensors, sized_as)?,
    };
    let input = listing.metadata.get("input");
    let config = MynaConfig {
        input: input
            .and_then(|input| input.parse().ok())
            .unwrap_or_default(),
        ..sizes
    };
    let (mut missing, mut misshaped) = (Vec::new(), Vec::new());
    // Sizes that no encoder has would make a list without end.
    let layout = match config.validate() {
        Ok(()) => encoder_parameters(&config),
        Err(_) => Vec::new(),
    };
    for spec in &layout {
        match tensors.get(spec.name.as_str()) {
            None => missing.push(spec.name.clone()),
            Some(tensor) if tensor.shape != spec.shape => misshaped.push(format!(
                "{} is {:?}, not {:?}",
                spec.name, tensor.shape, spec.shape
            )),
            Some(_) => {}
        }
    }
    let known: std::collections::HashSet<&str> =
        layout.iter().map(|spec| spec.name.as_str()).collect();
    let unexpected = tensors
        .keys()
        .filter(|name| !known.contains(*name))
        .filter(|name| FOREIGN.iter().any(|start| name.starts_with(start)))
        .map(|name| (*name).to_owned())
        .collect();
    Some(Match {
        kind,
        config,
        missing,
        misshaped,
        unexpected,
    })
}

/// Whether two names stand for the same numbers of the file: a model that is referred to twice.
fn hold_the_same(a: &Candidate, b: &Candidate, listing: &Listing) -> bool {
    a.names.len() == b.names.len()
        && a.names.iter().all(|(name, own)| {
            let other = b
                .names
                .get(name)
                .and_then(|other| listing.tensors.get(other));
            other.is_some() && listing.tensors.get(own) == other
        })
}

/// The sizes that the shapes show. A broken or missing tensor must not hide the others, so each size has more than
/// one witness.
fn infer(tensors: &BTreeMap<&str, &TensorEntry>, kind: Patching) -> Option<MynaConfig> {
    let rows = |ends: &str, axis: usize| {
        tensors
            .iter()
            .find(|(name, _)| name.starts_with("transformer.layers.") && name.ends_with(ends))
            .and_then(|(_, tensor)| tensor.shape.get(axis).copied())
    };
    let top = |name: &str| tensors.get(name)?.shape.first().copied();
    let dim = top("to_patch_embedding.2.weight")
        .or_else(|| top("transformer.norm.weight"))
        .or_else(|| rows(".0.norm.weight", 0))?;
    let depth = tensors
        .keys()
        .filter_map(|name| {
            let layer = name
                .strip_prefix("transformer.layers.")?
                .split('.')
                .next()?;
            layer.parse::<usize>().ok()?.checked_add(1)
        })
        .max()?;
    Some(MynaConfig {
        kind,
        dim,
        depth,
        heads: rows(".0.to_qkv.weight", 0)
            .map(|rows| rows / 3 / HEAD_DIM)
            .or_else(|| rows(".0.to_out.weight", 1).map(|columns| columns / HEAD_DIM))?,
        mlp_dim: rows(".1.net.1.weight", 0).or_else(|| rows(".1.net.3.weight", 1))?,
        input: PatchInput::Power,
    })
}

impl Fit {
    /// The report, with what only the numbers tell.
    pub fn into_report(mut self) -> Result<CheckpointReport, CheckpointError> {
        let mut not_finite = Vec::new();
        for (published, own) in &self.names {
            let entry = self.listing.tensors.get(own);
            // One at a time: of a file that doesn't fit, what is there need not be small.
            if entry.is_some_and(|entry| entry.width().is_some()) {
                let tensors = self.listing.read(&[own.as_str()])?;
                if !tensors.iter().all(|tensor| is_finite(&tensor.values)) {
                    not_finite.push(published.clone());
                }
            }
        }
        let mut faults: Vec<String> = self.undecided.clone().into_iter().collect();
        faults.extend(self.faults());
        faults.extend(not_finite_fault(&not_finite));
        self.report.problem = (!faults.is_empty()).then(|| faults.join("; "));
        Ok(self.report)
    }

    /// What the headers tell, read in these patches where the file doesn't say.
    pub fn into_summary(self, patch: Option<Patching>) -> CheckpointSummary {
        let kind = match (patch, self.config.kind) {
            (Some(patch), kind) if self.report.kind.is_none() || kind == Patching::Hybrid => patch,
            (_, kind) => kind,
        };
        CheckpointSummary {
            info: MynaConfig {
                kind,
                ..self.config
            }
            .info(),
            encoders: self.report.encoders,
            heads: self.config.heads,
            offered_heads: Vec::new(),
            trained_window_secs: None,
        }
    }

    /// Why the encoder cannot be used, as far as names and shapes tell.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (what, names) in [
            ("missing", &self.report.missing),
            ("unexpected", &self.report.unexpected),
            ("of another shape", &self.report.misshaped),
        ] {
            if !names.is_empty() {
                let tensors = counted(names.len(), "tensor");
                faults.push(format!("{tensors} {what}: {}", list(names)));
            }
        }
        for (name, why) in &self.unreadable {
            faults.push(format!("{name} is {why}"));
        }
        faults
    }

    /// The weights and what is said of the file, if everything fits.
    pub fn into_weights(
        mut self,
        patch: Option<Patching>,
        path: &Path,
    ) -> Result<(Weights, CheckpointReport), CheckpointError> {
        let unfit = |why: String| CheckpointError::Unfit {
            why,
            path: path.to_path_buf(),
        };
        if let Some(why) = self.undecided.take() {
            return Err(unfit(why));
        }
        let mut faults = self.faults();
        if !faults.is_empty() {
            let others = self.report.encoders.iter().filter(|found| !found.chosen);
            let others: Vec<&str> = others.map(|found| found.weights.as_str()).collect();
            if !others.is_empty() {
                faults.push(format!(
                    "other weights are there, too; --weights chooses them: {}",
                    others.join(", ")
                ));
            }
            faults.push("`mynascope inspect` lists its tensors".to_owned());
            return Err(unfit(faults.join("; ")));
        }
        let kind = self.kind(patch, path)?;
        let vertical_branch = self.config.kind == Patching::Hybrid && kind == Patching::Vertical;
        let config = MynaConfig {
            kind,
            ..self.config
        };
        let layout = encoder_parameters(&config);
        let own: Vec<&str> = layout
            .iter()
            .filter_map(|spec| {
                // The vertical half of a hybrid is an encoder of its own, under the plain name.
                let name = if vertical_branch {
                    spec.name
                        .replace("to_patch_embedding.", "to_patch_embedding_b.")
                } else {
                    spec.name.clone()
                };
                self.names.get(&name).map(String::as_str)
            })
            .collect();
        if own.len() != layout.len() {
            return Err(unfit("a patch embedder is missing".into()));
        }
        let tensors: Vec<WeightTensor> = layout
            .into_iter()
            .zip(self.listing.read(&own)?)
            .map(|(spec, tensor)| WeightTensor {
                spec,
                values: tensor.values,
            })
            .collect();
        let not_finite: Vec<String> = tensors
            .iter()
            .filter(|tensor| !is_finite(&tensor.values))
            .map(|tensor| tensor.spec.name.clone())
            .collect();
        if let Some(fault) = not_finite_fault(&not_finite) {
            let remedy = broken_numbers_remedy(path);
            return Err(unfit(format!("{fault}; {remedy}")));
        }
        let weights = Weights {
            config: config.into(),
            tail: TrainingHead::None,
            tensors,
        };
        Ok((weights, self.report))
    }

    fn kind(&self, patch: Option<Patching>, path: &Path) -> Result<Patching, CheckpointError> {
        match (self.report.kind, patch) {
            (Some(found), None) => Ok(found),
            (None, Some(Patching::Hybrid)) => Err(CheckpointError::Unfit {
                why: "it has one patch embedder, a hybrid needs two".into(),
                path: path.to_path_buf(),
            }),
            (None, Some(patch)) => Ok(patch),
            (None, None) => Err(CheckpointError::NeedsPatch {
                path: path.to_path_buf(),
            }),
            (Some(Patching::Hybrid), Some(patch)) => Ok(patch),
            (Some(found), Some(wanted)) if found == wanted => Ok(found),
            (Some(found), Some(wanted)) => Err(CheckpointError::WrongKind {
                found,
                wanted,
                path: path.to_path_buf(),
            }),
        }
    }
}
