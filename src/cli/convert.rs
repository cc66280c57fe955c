//! The verb `convert`.

use serde_json::json;

use super::{
    arguments::Convert,
    console::{Outcome, check_ending},
};
use mynascope_base::{counted, storage::path_to_text};
use mynascope_encoder::{self as encoder, FileDtype, LoadOptions, families::maest};

/// Writes the encoder of a checkpoint, without any head but the classifier of a MAEST, under the published names.
pub fn run(verb: &Convert) -> anyhow::Result<Outcome> {
    check_ending(&verb.out, "safetensors")?;
    let source = verb.checkpoint.display().to_string();
    let options = LoadOptions {
        patch: verb.patch,
        weights: verb.weights.clone(),
        ..LoadOptions::default()
    };
    let (weights, report) = encoder::load_reported(&verb.checkpoint, &options)?;
    options.check_patch(weights.config.family(), &verb.checkpoint)?;
    let dtype = if verb.half {
        FileDtype::Half
    } else {
        FileDtype::Single
    };
    let name = verb
        .checkpoint
        .file_name()
        .map_or(source, |name| name.to_string_lossy().into_owned());
    let mut about = vec![("converted_from", name)];
    if !report.outputs.is_empty() {
        about.push((maest::LABELS, serde_json::to_string(&report.outputs)?));
    }
    encoder::save_weights_as(&verb.out, &weights, &about, dtype)?;
    let kind = weights.config.myna().map(|myna| myna.kind.to_string());
    let (tensors, parameters) = (weights.tensors.len(), weights.config.parameters());
    let bytes = std::fs::metadata(&verb.out)?.len();
    let mut text = format!(
        "{} encoder, {}, {parameters} parameters, {bytes} bytes: {}",
        kind.clone()
            .unwrap_or_else(|| weights.config.family().to_string()),
        counted(tensors, "tensor"),
        verb.out.display()
    );
    if let Some(note) = report.say_use() {
        text = format!("{note}\n{text}");
    }
    Ok(Outcome::new(
        json!({
            "tensors": tensors,
            "parameters": parameters,
            "bytes": bytes,
            "family": weights.config.family(),
            "kind": kind,
            "encoders": report.encoders,
            "left_out": report.left_out,
            "out": path_to_text(&verb.out),
        }),
        text,
    ))
}
