use serde_json::json;

use super::{
    arguments::Convert,
    console::{Outcome, check_ending},
};
use mynascope_base::storage::path_to_text;
use mynascope_encoder::{self as encoder, CheckpointRef, Precision};

/// Writes the encoder of a checkpoint, without any head, under the published names.
pub fn run(verb: &Convert) -> anyhow::Result<Outcome> {
    check_ending(&verb.out, "safetensors")?;
    let source = verb.checkpoint.display().to_string();
    let weights = match CheckpointRef::File(verb.checkpoint.clone()).resolve()? {
        Some(file) => encoder::load_weights(&file, verb.patch)?,
        None => encoder::shipped_weights(verb.patch)?,
    };
    let precision = if verb.half {
        Precision::Half
    } else {
        Precision::Single
    };
    let name = verb
        .checkpoint
        .file_name()
        .map_or(source, |name| name.to_string_lossy().into_owned());
    encoder::save_weights_as(&verb.out, &weights, &[("converted_from", name)], precision)?;
    let (tensors, parameters) = (weights.tensors.len(), weights.config.parameters());
    let bytes = std::fs::metadata(&verb.out)?.len();
    Ok(Outcome::new(
        json!({
            "tensors": tensors,
            "parameters": parameters,
            "bytes": bytes,
            "kind": weights.config.kind.to_string(),
            "out": path_to_text(&verb.out),
        }),
        format!(
            "{} encoder, {tensors} tensors, {parameters} parameters, {bytes} bytes: {}",
            weights.config.kind,
            verb.out.display()
        ),
    ))
}
