//! Which encoder the tensors of a file are, and what doesn't fit.

use std::path::Path;

use super::{CheckpointReport, FileContent};
use crate::{
    CheckpointError, EncoderConfig, EncoderKind, Preset,
    config::HEAD_DIM,
    layout::{Tail, encoder_layout},
    weights::{WeightTensor, Weights},
};

/// The tensor that every published encoder has; what stands before it is a prefix of all names.
const ANCHOR: &str = "to_patch_embedding.2.weight";
/// Parts of other heads and of masked autoencoders, which embedding doesn't use.
const IGNORED: [&str; 5] = [
    "linear_head.",
    "decoder.",
    "decoder_norm.",
    "decoder_head.",
    "mask_token",
];

/// A file that was matched against the layout of an encoder.
pub(super) struct Fit {
    pub report: CheckpointReport,
    config: EncoderConfig,
    content: FileContent,
    /// Names of tensors with NaN or infinite values.
    not_finite: Vec<String>,
}

/// Matches the tensors of a file with the encoder that their shapes show, or with a preset.
pub(super) fn fit(
    content: FileContent,
    preset: Option<Preset>,
    path: &Path,
) -> Result<Fit, CheckpointError> {
    let damaged = |why: &str| CheckpointError::Damaged {
        why: why.into(),
        path: path.to_path_buf(),
    };
    let mut notes = Vec::new();
    let (content, prefix) = without_prefix(content);
    if !prefix.is_empty() {
        notes.push(format!(
            "all names start with '{prefix}', which is left out"
        ));
    }
    let hybrid = content
        .tensors
        .keys()
        .any(|name| name.starts_with("to_patch_embedding_b."));
    let told = content
        .metadata
        .get("kind")
        .and_then(|kind| kind.parse::<EncoderKind>().ok());
    let kind = if hybrid {
        Some(EncoderKind::Hybrid)
    } else {
        told.filter(|&kind| kind != EncoderKind::Hybrid)
    };
    if kind.is_none() {
        notes.push("square and vertical encoders have the same tensors: say --patch square or --patch vertical".into());
    }
    let sized_as = kind.unwrap_or(EncoderKind::Square);
    let config = match preset {
        Some(preset) => preset.config(sized_as),
        None => infer(&content, sized_as)
            .ok_or_else(|| damaged("it holds no Myna encoder: there is no to_patch_embedding.2.weight or transformer.layers.0 in it"))?,
    };
    if config.validate().is_err() {
        return Err(damaged("its tensors show sizes that no encoder has"));
    }
    let layout = encoder_layout(&config);
    let (mut missing, mut misshaped) = (Vec::new(), Vec::new());
    for spec in &layout {
        match content.tensors.get(&spec.name) {
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
    let others = content
        .tensors
        .keys()
        .chain(content.not_numbers.iter().map(|(name, _)| name))
        .filter(|name| !known.contains(name.as_str()));
    let (ignored, unexpected): (Vec<_>, Vec<_>) = others
        .cloned()
        .partition(|name| IGNORED.iter().any(|start| name.starts_with(start)));
    for (name, dtype) in &content.not_numbers {
        notes.push(format!("{name} holds {dtype}, not floating point numbers"));
    }
    let mut types: Vec<&str> = content
        .tensors
        .values()
        .filter_map(|tensor| tensor.converted_from.as_deref())
        .collect();
    types.sort_unstable();
    types.dedup();
    if !types.is_empty() {
        notes.push(format!(
            "{} numbers are converted to F32",
            types.join(" and ")
        ));
    }
    if ignored.iter().any(|name| name.starts_with("decoder")) {
        notes.push("the decoder of a masked autoencoder is left out".into());
    }
    let not_finite: Vec<String> = content
        .tensors
        .iter()
        .filter(|(name, tensor)| {
            known.contains(name.as_str()) && tensor.values.iter().any(|value| !value.is_finite())
        })
        .map(|(name, _)| name.clone())
        .collect();
    if !not_finite.is_empty() {
        notes.push(format!("NaN or infinite values in {}", list(&not_finite)));
    }
    Ok(Fit {
        report: CheckpointReport {
            kind,
            dim: config.dim,
            depth: config.depth,
            heads: config.heads,
            mlp_dim: config.mlp_dim,
            parameters: config.parameters(),
            missing,
            unexpected,
            misshaped,
            ignored,
            note: notes.join("; "),
        },
        config,
        content,
        not_finite,
    })
}

/// Cuts a common prefix ("module.", "model.encoder.") off all names that have it.
fn without_prefix(mut content: FileContent) -> (FileContent, String) {
    let prefix = content
        .tensors
        .keys()
        .find_map(|name| name.strip_suffix(ANCHOR))
        .unwrap_or_default()
        .to_owned();
    if !prefix.is_empty() {
        content.tensors = content
            .tensors
            .into_iter()
            .map(|(name, tensor)| match name.strip_prefix(&prefix) {
                Some(rest) => (rest.to_owned(), tensor),
                None => (name, tensor),
            })
            .collect();
    }
    (content, prefix)
}

/// The sizes that the shapes show. A broken or missing tensor must not hide the others, so each size has more than
/// one witness.
fn infer(content: &FileContent, kind: EncoderKind) -> Option<EncoderConfig> {
    let rows = |ends: &str, axis: usize| {
        content
            .tensors
            .iter()
            .find(|(name, _)| name.starts_with("transformer.layers.") && name.ends_with(ends))
            .and_then(|(_, tensor)| tensor.shape.get(axis).copied())
    };
    let top = |name: &str| content.tensors.get(name)?.shape.first().copied();
    let dim = top(ANCHOR)
        .or_else(|| top("transformer.norm.weight"))
        .or_else(|| rows(".0.norm.weight", 0))?;
    let depth = content
        .tensors
        .keys()
        .filter_map(|name| {
            let layer = name
                .strip_prefix("transformer.layers.")?
                .split('.')
                .next()?;
            layer.parse::<usize>().ok()?.checked_add(1)
        })
        .max()?;
    Some(EncoderConfig {
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
    /// The weights, if everything fits.
    pub fn into_weights(
        mut self,
        patch: Option<EncoderKind>,
        path: &Path,
    ) -> Result<Weights, CheckpointError> {
        let unfit = |why: String| CheckpointError::Unfit {
            why,
            path: path.to_path_buf(),
        };
        let mut faults = Vec::new();
        for (what, names) in [
            ("missing", &self.report.missing),
            ("unexpected", &self.report.unexpected),
            ("of another shape", &self.report.misshaped),
            ("with NaN or infinite values", &self.not_finite),
        ] {
            if !names.is_empty() {
                faults.push(format!("{} tensors {what}: {}", names.len(), list(names)));
            }
        }
        for (name, dtype) in &self.content.not_numbers {
            if self.report.missing.contains(name) {
                faults.push(format!("{name} holds {dtype}, not floating point numbers"));
            }
        }
        if !faults.is_empty() {
            return Err(unfit(faults.join("; ")));
        }
        let kind = match (self.report.kind, patch) {
            (Some(found), None) => found,
            (None, Some(EncoderKind::Hybrid)) => {
                return Err(unfit(
                    "it has one patch embedder, a hybrid needs two".into(),
                ));
            }
            (None, Some(patch)) => patch,
            (None, None) => {
                return Err(CheckpointError::NeedsPatch {
                    path: path.to_path_buf(),
                });
            }
            (Some(EncoderKind::Hybrid), Some(patch)) => patch,
            (Some(found), Some(wanted)) if found == wanted => found,
            (Some(found), Some(wanted)) => {
                return Err(CheckpointError::WrongKind {
                    found,
                    wanted,
                    path: path.to_path_buf(),
                });
            }
        };
        let vertical_branch =
            self.config.kind == EncoderKind::Hybrid && kind == EncoderKind::Vertical;
        let config = EncoderConfig {
            kind,
            ..self.config
        };
        let tensors = encoder_layout(&config)
            .into_iter()
            .map(|spec| {
                // The vertical half of a hybrid is an encoder of its own, under the plain name.
                let name = if vertical_branch {
                    spec.name
                        .replace("to_patch_embedding.", "to_patch_embedding_b.")
                } else {
                    spec.name.clone()
                };
                let tensor = self.content.tensors.remove(&name)?;
                (tensor.shape == spec.shape).then_some(WeightTensor {
                    spec,
                    values: tensor.values,
                })
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| unfit("a patch embedder is missing".into()))?;
        Ok(Weights {
            config,
            tail: Tail::None,
            tensors,
        })
    }
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
