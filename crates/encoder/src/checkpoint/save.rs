//! Writing weights as `.safetensors` under the published names.

use std::{collections::BTreeMap, path::Path};

use super::{CheckpointError, safetensors_file};
use crate::weights::Weights;

/// How numbers are kept in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileDtype {
    /// 32 bits.
    #[default]
    Single,
    /// Half the size; embeddings differ in the fourth digit.
    Half,
}

/// Writes weights (with their head, if any) as `.safetensors` under the published names. The header says kind and
/// sizes; `about` adds to it (seed, step, data).
///
/// # Errors
/// If the file cannot be written; an old one is untouched.
pub fn save_weights(
    path: &Path,
    weights: &Weights,
    about: &[(&str, String)],
) -> Result<(), CheckpointError> {
    save_weights_as(path, weights, about, FileDtype::Single)
}

/// As [`save_weights`], in a precision.
///
/// # Errors
/// As [`save_weights`].
pub fn save_weights_as(
    path: &Path,
    weights: &Weights,
    about: &[(&str, String)],
    precision: FileDtype,
) -> Result<(), CheckpointError> {
    let mut metadata: BTreeMap<String, String> = about
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    metadata.insert("format".into(), "mynascope".into());
    metadata.extend(weights.config.header());
    let tensors: Vec<(&str, &[usize], &[f32])> = weights
        .tensors
        .iter()
        .map(|tensor| {
            (
                tensor.spec.name.as_str(),
                tensor.spec.shape.as_slice(),
                tensor.values.as_slice(),
            )
        })
        .collect();
    safetensors_file::write_tensors_as(path, &tensors, metadata, precision)
}
