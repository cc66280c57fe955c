//! The published designs of encoders, a module each: sizes, weights, tokens and network, read from top to bottom.

mod found;
pub mod maest;
pub mod mt2;
pub mod music2vec;
pub mod myna;

pub(crate) use found::Found;
pub use found::{Hint, Recognised, Shapes, Sizes, Taken, Values};

use serde_json::Value;

use super::{CheckpointError, EncoderConfig, Family, OpenCheckpoint};

/// Which family but Myna a file is of by names and shapes, whether or not it can be used; the `config.json` beside it tells
/// those apart that share names.
pub(crate) fn recognise(
    shapes: &Shapes,
    config_json: Option<&Value>,
    hint: &Hint,
) -> Option<Family> {
    let maest = || maest::recognise(shapes, config_json, hint).map(|_| Family::Maest);
    let mt2 = || mt2::recognise(shapes, hint).map(|_| Family::Mt2);
    let music2vec = || music2vec::recognise(shapes, config_json, hint).map(|_| Family::Music2vec);
    maest().or_else(mt2).or_else(music2vec)
}

/// What a `config.json` of the model hub is of, where it says so: one of the families, or, in words, what else it is.
pub(crate) fn of_config(config_json: &Value) -> Option<Result<Family, String>> {
    let said = config_json.get("model_type")?.as_str()?;
    Some(match said {
        maest::HUB_TYPE => maest::check_front_end(config_json).map(|()| Family::Maest),
        music2vec::HUB_TYPE => Ok(Family::Music2vec),
        other => Err(format!(
            "its config.json says that it is a {other}, and only Myna, MAEST, MT2 and Music2Vec are read"
        )),
    })
}

/// Looks for an encoder of any family but Myna; with it why it can't be used, if it can't, as far as names and shapes tell.
/// `None`: the file holds none.
///
/// # Errors
/// If a file cannot be read, or if it holds an encoder of a family, or its nearest relative, that cannot be used as it is.
pub(crate) fn find(
    checkpoint: &mut OpenCheckpoint,
    hint: &Hint,
) -> Result<Option<Found<EncoderConfig>>, CheckpointError> {
    if let Some((found, problem)) = maest::find(checkpoint, hint)? {
        return Ok(Some((found.map(EncoderConfig::Maest), problem)));
    }
    if let Some((found, problem)) = mt2::find(checkpoint, hint)? {
        return Ok(Some((found.map(EncoderConfig::Mt2), problem)));
    }
    let found = music2vec::find(checkpoint, hint)?;
    Ok(found.map(|(found, problem)| (found.map(EncoderConfig::Music2vec), problem)))
}

/// As [`find`], with the numbers of all its parameters in their order.
///
/// # Errors
/// As [`find`], and if the file is damaged or the encoder lacks tensors.
pub(crate) fn read(
    checkpoint: &mut OpenCheckpoint,
    hint: &Hint,
) -> Result<Option<(Recognised<EncoderConfig>, Values)>, CheckpointError> {
    let found = find(checkpoint, hint)?;
    found::read_found(checkpoint, found)
}
