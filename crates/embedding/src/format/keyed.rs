//! Archives that hold a vector for each track under its path, or a matrix of its windows.

use std::path::Path;

use super::{
    MOST_BYTES, MOST_DIM, fields,
    fields::Field,
    rows::{Contents, RowTexts},
    unusable,
};
use crate::EmbeddingError;
use mynascope_base::counted;

/// The length of the vectors, if all arrays (their names and, where they hold numbers, shapes) are such: several of one
/// width under names that mean nothing else.
pub(super) fn width(arrays: &[(String, Option<Vec<u64>>)]) -> Option<usize> {
    let means_other = |name: &str| {
        let last = name.rsplit('.').next().unwrap_or(name);
        Field::is_claimed(name)
            || Field::Embedding.find(&[name], |_| true).is_some()
            || name.starts_with("arr_")
            // Of a checkpoint.
            || matches!(last, "weight" | "bias" | "weights" | "gamma" | "beta")
    };
    let is_plain = |(name, _): &(String, Option<Vec<u64>>)| {
        fields::looks_like_file(name) || !means_other(name)
    };
    if arrays.len() < 2 || !arrays.iter().all(is_plain) {
        return None;
    }
    let of = |shape: &Option<Vec<u64>>| match shape.as_deref() {
        Some(&[dim] | &[_, dim]) => Some(dim),
        _ => None,
    };
    let dim = of(&arrays.first()?.1)?;
    let all = arrays.iter().all(|(_, shape)| of(shape) == Some(dim));
    let bytes = arrays.iter().filter_map(|(_, shape)| {
        let sizes = shape.as_ref()?.iter();
        sizes.copied().try_fold(4_u64, u64::checked_mul)
    });
    let bytes = bytes.fold(0_u64, u64::saturating_add);
    let dim = usize::try_from(dim).ok()?;
    (all && (1..=MOST_DIM).contains(&dim) && bytes <= MOST_BYTES).then_some(dim)
}

/// The table of such arrays, each a name and its numbers.
pub(super) fn load<'a>(
    dim: usize,
    kind: &str,
    vectors: impl Iterator<Item = Result<(&'a str, Vec<f32>), EmbeddingError>>,
    path: &Path,
) -> Result<Contents, EmbeddingError> {
    let mut contents = Contents {
        dim,
        ..Contents::default()
    };
    let mut count = 0;
    for vector in vectors {
        let (name, values) = vector?;
        count += 1;
        for _ in 0..values.len() / dim {
            let row = RowTexts {
                path: name,
                ..RowTexts::default()
            };
            let pushed = contents.tracks.push(row);
            pushed.map_err(|what| unusable(path, what))?;
        }
        contents.values.extend(values);
    }
    let tracks = counted(count, "track");
    contents.notes.push(format!(
        "its {kind} are read as the vectors of {tracks}, each of the one that it is called by"
    ));
    Ok(contents)
}
