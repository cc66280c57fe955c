//! What the JSON files beside a MAEST of the hub say: sizes, front end and the names of the styles.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{PATCH, STRIDE, whole_patches};
use crate::families::found::number;

/// The hub's description of the front end must be that of MAEST: other numbers ask for another spectrogram, or for windows of
/// another length than the `columns` of patches have.
pub(super) fn check_preprocessor(json: &Value, columns: usize) -> Result<(), String> {
    let wrong = |key: &str, said: &Value, wanted: &str| {
        Err(format!(
            "its preprocessor_config.json says {key} {said}, and MAEST hears with {wanted}; it was made for another spectrogram"
        ))
    };
    for (key, wanted) in [
        ("sampling_rate", 16_000.0),
        ("n_fft", 512.0),
        ("hop_length", 256.0),
        ("num_mel_bins", super::BANDS as f64),
        ("mean", 2.067_556_860_985_54),
        ("std", 1.268_292_820_667_291),
    ] {
        match json.get(key) {
            Some(said)
                if said
                    .as_f64()
                    .is_none_or(|said| (said - wanted).abs() > 1e-4) =>
            {
                return wrong(key, said, &wanted.to_string());
            }
            _ => {}
        }
    }
    for (key, wanted) in [
        ("do_normalize", Value::Bool(true)),
        ("log_compression", "logC".into()),
    ] {
        match json.get(key) {
            Some(said) if *said != wanted => return wrong(key, said, &wanted.to_string()),
            _ => {}
        }
    }
    if let Some(frames) = json.get("max_length").filter(|said| !said.is_null())
        && frames
            .as_u64()
            .is_none_or(|frames| whole_patches(frames as usize) != columns)
    {
        return Err(format!(
            "its preprocessor_config.json says windows of {frames} frames (max_length), but its tensors show positions for {columns} columns of patches; the two don't belong together"
        ));
    }
    match json.get("feature_extractor_type") {
        Some(said) if said != "MAESTFeatureExtractor" => {
            wrong("feature_extractor_type", said, "MAESTFeatureExtractor")
        }
        _ => Ok(()),
    }
}

/// An Audio Spectrogram Transformer of another spectrogram, or another network, is no MAEST.
pub(crate) fn check_front_end(json: &Value) -> Result<(), String> {
    for (key, wanted, what) in [
        ("num_mel_bins", super::BANDS, "mel bands"),
        ("patch_size", PATCH, "as the size of patches"),
        ("frequency_stride", STRIDE, "bands from patch to patch"),
        ("time_stride", STRIDE, "frames from patch to patch"),
    ] {
        if let Some(said) = number(json, key)?.filter(|said| *said != wanted) {
            return Err(format!(
                "it is an Audio Spectrogram Transformer, but no MAEST: its config.json says {key} {said}, and MAEST has {wanted} {what}"
            ));
        }
    }
    let activation = json.get("hidden_act").and_then(Value::as_str);
    if let Some(said) = activation.filter(|said| *said != "gelu") {
        return Err(format!(
            "its config.json says hidden_act {said}; MAEST is read with gelu only"
        ));
    }
    let epsilon = json.get("layer_norm_eps").and_then(Value::as_f64);
    if let Some(said) = epsilon.filter(|said| (said - super::EPSILON).abs() > 1e-9) {
        return Err(format!(
            "its config.json says layer_norm_eps {said}; MAEST has 1e-6"
        ));
    }
    Ok(())
}

/// The names of the styles by their numbers, each another one; the file sorts them as text: 0, 1, 10, 2. `None` where there are none, or only
/// the placeholders that `transformers` writes (`LABEL_0`).
pub(super) fn labels(json: &Value, count: usize) -> Result<Option<Vec<String>>, String> {
    let listed = json.get("id2label").and_then(Value::as_object);
    let Some(listed) = listed.filter(|_| count > 0) else {
        return Ok(None);
    };
    let mut by_number: BTreeMap<usize, &str> = BTreeMap::new();
    for (id, name) in listed {
        if let (Ok(id), Some(name)) = (id.parse(), name.as_str()) {
            by_number.insert(id, name);
        }
    }
    if by_number
        .iter()
        .all(|(id, name)| *name == format!("LABEL_{id}"))
    {
        return Ok(None);
    }
    let is_whole = by_number.len() == count && by_number.keys().copied().eq(0..count);
    if let Some(missing) = (0..count).find(|id| !by_number.contains_key(id))
        && by_number.len() == count
    {
        return Err(format!(
            "config.json names {count} styles (id2label), but number {missing} is not among them; use the config.json that belongs to these weights"
        ));
    }
    if !is_whole {
        return Err(format!(
            "config.json names {} styles (id2label), but its classifier tells {count}; use the config.json that belongs to these weights",
            by_number.len()
        ));
    }
    let names: Vec<&str> = by_number.into_values().map(str::trim).collect();
    let name =
        |(id, name): (usize, &&str)| match names.iter().filter(|other| *other == name).count() {
            _ if name.is_empty() => format!("style {id}"),
            1 => (*name).to_owned(),
            // Of two styles of one name the number tells which is meant.
            _ => format!("{name} ({id})"),
        };
    Ok(Some(names.iter().enumerate().map(name).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn styles_without_a_name_of_their_own_are_told_apart_by_their_numbers() {
        let json =
            json!({"id2label": {"0": "Rock---Punk", "1": " ", "2": "Ambient", "3": "Rock---Punk"}});
        let names = labels(&json, 4).unwrap().unwrap();
        assert_eq!(
            names,
            ["Rock---Punk (0)", "style 1", "Ambient", "Rock---Punk (3)"]
        );
    }
}
