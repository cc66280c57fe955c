//! Which encoder the tensors of a file are, what doesn't fit, and what else the file holds.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use super::{
    CheckpointReport, CheckpointSummary, LoadOptions,
    candidates::{Candidate, Undecided, WITNESSES, WeightsRole, candidates, choose},
    listing::{Listing, TensorEntry},
    open::{broken_numbers_remedy, json_beside},
};
use crate::{
    CheckpointError, Family, MynaConfig, Patching, Preset,
    families::myna::{HEAD_DIM, parameters::encoder_parameters},
    parameters::TrainingHead,
    weights::{WeightTensor, Weights},
};
use mynascope_base::counted;

/// What the encoder would compute with and ours doesn't have: loading without it would be another model.
const FOREIGN: [&str; 7] = [
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

/// Tensors that are not of the encoder, and are not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// `optimizer`, `projector`, `ema_state_dict`, ...
    pub group: String,
    /// How many tensors.
    pub tensors: usize,
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
        let model_type = config_json
            .as_ref()
            .and_then(|json| json.get("model_type")?.as_str());
        return Err(damaged(match model_type {
            Some(model_type) => format!(
                "its config.json says that it is a {model_type}, and only Myna, MAEST, MT2 and Music2Vec are read"
            ),
            None => no_encoder(&listing),
        }));
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
    let config = match preset {
        Some(preset) => preset.config(sized_as),
        None => infer(&tensors, sized_as)?,
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

/// What is said of tensors under an encoder's names that show no sizes of one: their numbers may be of a kind that is
/// not read.
fn no_sizes(candidates: &[Candidate], chosen: usize, listing: &Listing) -> String {
    let names = candidates.get(chosen).into_iter();
    let unread = names
        .flat_map(|candidate| candidate.names.iter())
        .filter_map(|(name, own)| Some((name, listing.tensors.get(own)?)))
        .filter(|(_, entry)| entry.width().is_none());
    // The encoder's own say more than what stands beside it.
    let is_beside = |name: &str| !FOREIGN.iter().any(|start| name.starts_with(start));
    match unread.min_by_key(|(name, _)| is_beside(name)) {
        Some((name, entry)) => format!("{name} is {}", entry.say_unread()),
        None => "its tensors show sizes that no encoder has".into(),
    }
}

/// What is said of a file without an encoder.
fn no_encoder(listing: &Listing) -> String {
    if listing.tensors.is_empty() && listing.unreadable.is_empty() {
        return "it holds no tensors".into();
    }
    if let Some(name) = unnamed_average(listing) {
        return format!(
            "it holds no encoder, only {name}, a list of averages without names: save the averaged model's state_dict()"
        );
    }
    let is_witness = |name: &str| WITNESSES.iter().any(|witness| name.ends_with(witness));
    let mut unreadable = listing.unreadable.iter();
    if let Some((name, what)) = unreadable.find(|(name, _)| is_witness(name)) {
        return format!("{name} is {what}; save the state_dict() of the model in floating point");
    }
    if listing.tensors.is_empty()
        && let Some((_, what)) = listing.unreadable.first_key_value()
    {
        return format!("it holds no tensors, only {what}; save model.state_dict()");
    }
    let is_addition = |name: &String| name.contains(".lora_A.") || name.contains(".lora_B.");
    if listing.tensors.keys().any(is_addition) {
        return "it holds the additions of LoRA, which belong to the encoder that they were trained on; put them together and \
                save that: model.merge_and_unload().state_dict()"
            .into();
    }
    let is_number = |name: &String| {
        name.split('.')
            .all(|part| part.bytes().all(|it| it.is_ascii_digit()))
    };
    if !listing.tensors.is_empty() && listing.tensors.keys().all(is_number) {
        let tensors = counted(listing.tensors.len(), "tensor");
        return format!(
            "it holds {tensors} without names, which tell no encoder: save model.state_dict(), which names them"
        );
    }
    "it holds no encoder that is known here: no to_patch_embedding.2.weight or transformer.layers.0 as in Myna, and no \
     time_new_pos_embed or distillation_token as in MAEST, no cls_stone as in MT2 and no feature_extractor.conv_layers.0 as in Music2Vec"
        .into()
}

/// The list in which torch_ema and diffusers keep averages.
fn unnamed_average(listing: &Listing) -> Option<&str> {
    const LIST: &str = "shadow_params";
    listing.tensors.keys().find_map(|name| {
        let (before, after) = name.rsplit_once('.')?;
        let is_list = after.bytes().all(|byte| byte.is_ascii_digit());
        let last = before.rsplit('.').next()?;
        (is_list && last == LIST).then_some(before)
    })
}

const ADAPTED: &str = "parted into a base and the additions of LoRA; put them together before you save: \
                       model.merge_and_unload().state_dict()";

/// Whether peft keeps a tensor apart from what was trained on top of it.
fn is_adapted(name: &str, listing: &Listing) -> bool {
    name.rsplit_once('.').is_some_and(|(layer, kind)| {
        listing
            .tensors
            .contains_key(&format!("{layer}.base_layer.{kind}"))
    })
}

/// Of tensors that are missing: what stands in their place.
fn why_missing(
    missing: &[String],
    candidate: &Candidate,
    listing: &Listing,
) -> Vec<(String, String)> {
    let why = |name: &String| {
        let own = candidate.names.get(name);
        let entry = own.and_then(|own| listing.tensors.get(own));
        let other = || {
            let own = format!("{}{name}", candidate.prefix);
            listing.unreadable.get(&own).cloned()
        };
        let why = match entry {
            Some(entry) => Some(entry.say_unread()),
            None if is_adapted(&format!("{}{name}", candidate.prefix), listing) => {
                Some(ADAPTED.to_owned())
            }
            None => other(),
        };
        Some((name.clone(), why?))
    };
    missing.iter().filter_map(why).collect()
}

/// What the file holds beside the encoder, by the first part of the name that tells it from the encoder.
fn left_out(
    listing: &Listing,
    candidates: &[Candidate],
    chosen: usize,
    config: &MynaConfig,
) -> Vec<LeftOut> {
    let Some(candidate) = candidates.get(chosen) else {
        return Vec::new();
    };
    let layout = encoder_parameters(config);
    let used: std::collections::HashSet<&str> = layout
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

fn not_finite_fault(names: &[String]) -> Option<String> {
    let tensors = counted(names.len(), "tensor");
    (!names.is_empty()).then(|| format!("{tensors} with NaN or infinite values: {}", list(names)))
}

fn is_finite(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_finite())
}

/// The first few names and how many more there are.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}
