//! Finds a Music2Vec in the names and shapes of a file's tensors and in the `config.json` beside it, and tells it from what
//! begins with the same convolutions.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Config, KERNELS, STRIDES};
use crate::{
    CheckpointError, Family, OpenCheckpoint,
    families::found::{
        Found, Hint, PUBLISHED_HEAD, Recognised, Shapes, Values, choose, locate, number, prefixes,
        read_found, unfit,
    },
};

/// What stands at the end of the name of the tensor that every encoder of this kind has.
const WITNESS: &str = "feature_extractor.conv_layers.0.conv.weight";
/// Names of tensors that no other family has, for people.
pub(crate) const WITNESSES: &str = "feature_extractor.conv_layers.0";
/// What the header of our own files calls the family.
pub(super) const OWN: &str = "music2vec";
/// What `transformers` calls the architecture.
pub(crate) const HUB_TYPE: &str = "data2vec-audio";
/// Positions of the encoders that begin with the same convolutions: one convolution with weight norm, in its three spellings.
const OTHER_POSITIONS: [&str; 3] = [
    "encoder.pos_conv_embed.conv.weight_g",
    "encoder.pos_conv_embed.conv.parametrizations.weight.original0",
    "encoder.pos_conv_embed.conv.weight",
];

/// Looks for a Music2Vec. `None`: the file holds none, so ask the other families.
///
/// # Errors
/// What is wrong, in words, where it is one, or a relative of it, and can't be used as it is.
pub fn recognise(
    shapes: &Shapes,
    config_json: Option<&Value>,
    hint: &Hint,
) -> Option<Result<Recognised<Config>, String>> {
    let prefixes = prefixes(shapes, WITNESS);
    if prefixes.is_empty() {
        return None;
    }
    let found = choose(&prefixes, hint).and_then(|prefix| {
        relative(shapes, &prefix, config_json)?;
        recognised(shapes, prefix, prefixes, config_json, hint)
    });
    Some(found)
}

/// Looks for a Music2Vec in an open checkpoint and the JSON files beside it; with it why it can't be used, if it can't, as far
/// as names and shapes tell. `None`: the file holds no Music2Vec.
///
/// # Errors
/// If a file cannot be read, or if it is a Music2Vec, or a relative of it, that cannot be used as it is.
pub(crate) fn find(
    checkpoint: &OpenCheckpoint,
    hint: &Hint,
) -> Result<Option<Found<Config>>, CheckpointError> {
    let shapes = checkpoint.shapes();
    if prefixes(&shapes, WITNESS).is_empty() {
        return Ok(None);
    }
    let config_json = checkpoint.config_json()?;
    // A file that was trained here says in its header what others say in a config.json beside them.
    let header = checkpoint.own_header();
    let is_own = header.get("family").is_some_and(|family| family == OWN);
    let heads = header.get("heads").and_then(|heads| heads.parse().ok());
    let hint = &Hint {
        heads: hint.heads.or(heads.filter(|_| is_own)),
        ..hint.clone()
    };
    let config_json = config_json.filter(|_| !is_own);
    let mut found = match recognise(&shapes, config_json.as_ref(), hint) {
        None => return Ok(None),
        Some(found) => found.map_err(|why| unfit(checkpoint, why))?,
    };
    if is_own {
        found.by = "the names of its tensors and its header, which this program wrote".to_owned();
    }
    let mut problem = found.problem();
    if problem.is_none()
        && !is_own
        && let Some(json) = checkpoint.json_beside("preprocessor_config.json")?
    {
        problem = check_preprocessor(&json).err();
    }
    Ok(Some((found, problem)))
}

/// Finds a Music2Vec in an open checkpoint and reads the numbers of its [parameters](Config::parameters), in their order.
/// `None`: the file holds no Music2Vec.
///
/// # Errors
/// If the file is damaged, or the Music2Vec in it lacks tensors or can't be used as it is.
pub fn read(
    checkpoint: &mut OpenCheckpoint,
    hint: &Hint,
) -> Result<Option<(Recognised<Config>, Values)>, CheckpointError> {
    let found = find(checkpoint, hint)?;
    read_found(checkpoint, found)
}

/// Refuses what begins with the same convolutions and is something else, by its name.
fn relative(shapes: &Shapes, prefix: &str, config_json: Option<&Value>) -> Result<(), String> {
    let said = config_json.and_then(|json| json.get("model_type")?.as_str());
    let has = |name: &str| shapes.contains_key(&format!("{prefix}{name}"));
    let name = match said {
        Some(HUB_TYPE) | None => None,
        Some("wav2vec2") => Some("wav2vec 2.0"),
        Some("hubert") => Some("HuBERT"),
        Some("wavlm") => Some("WavLM"),
        Some("mert_model") => Some("MERT"),
        Some(other) => Some(other),
    };
    let name = match (name, OTHER_POSITIONS.into_iter().any(has)) {
        (None, true) => Some("wav2vec 2.0, HuBERT or another of that kind"),
        (name, _) => name,
    };
    if let Some(name) = name {
        return Err(format!(
            "it is {name}, which begins with the same convolutions of samples, and no Music2Vec"
        ));
    }
    let head = ["lm_head.weight", "classifier.weight", "projector.weight"]
        .into_iter()
        .find(|name| shapes.contains_key(*name));
    match head {
        Some(head) => Err(format!(
            "it is a data2vec that was trained further for a task, as to write down speech ({head}), and no Music2Vec"
        )),
        None => Ok(()),
    }
}

fn recognised(
    shapes: &Shapes,
    prefix: String,
    prefixes: Vec<String>,
    config_json: Option<&Value>,
    hint: &Hint,
) -> Result<Recognised<Config>, String> {
    if let Some(json) = config_json {
        check_design(json)?;
    }
    let config = sizes(shapes, &prefix, config_json, hint)?;
    config
        .validate()
        .map_err(|error| format!("it looks like a Music2Vec, but {error}"))?;
    let ways = |name: &str| vec![vec![format!("{prefix}{name}")]];
    let (taken, missing, misshaped) = locate(shapes, config.parameters(), ways);
    let read: BTreeSet<&String> = taken.iter().flat_map(|taken| &taken.from).collect();
    let is_part = |name: &str| {
        let parts = ["feature_extractor.", "feature_projection.", "encoder."];
        parts.iter().any(|part| name.starts_with(part))
    };
    let unexpected = shapes
        .keys()
        .filter(|name| name.strip_prefix(prefix.as_str()).is_some_and(is_part))
        .filter(|name| !read.contains(name))
        .cloned()
        .collect();
    let said = config_json.map_or(Ok(None), |json| number(json, "num_attention_heads"))?;
    // The published one names a list of its training targets there; others have a number.
    let is_named = |json: &Value| {
        let words = json.get("vocab_size").and_then(Value::as_str);
        words.is_some_and(|words| words.parse::<u64>().is_err())
    };
    let by = match config_json {
        Some(json) if is_named(json) => {
            "the names of its tensors and the config.json beside it".to_owned()
        }
        _ => "the names of its tensors, which data2vec of speech has too".to_owned(),
    };
    Ok(Recognised {
        family: Family::Music2vec,
        config,
        labels: None,
        taken,
        prefix,
        prefixes,
        heads_are_sure: hint.heads.or(said).is_some(),
        missing,
        misshaped,
        unexpected,
        by,
    })
}

/// The sizes that names, shapes and `config.json` show.
fn sizes(
    shapes: &Shapes,
    prefix: &str,
    config_json: Option<&Value>,
    hint: &Hint,
) -> Result<Config, String> {
    let shape = |name: &str| {
        let found = shapes.get(&format!("{prefix}{name}"));
        found.map(Vec::as_slice).unwrap_or_default()
    };
    let first = |name: &str| shape(name).first().copied();
    let published = Config::PUBLISHED;
    let &[channels, 1, _] = shape(WITNESS) else {
        return Err("its first convolution is none of a single row of samples".to_owned());
    };
    for (index, wanted) in KERNELS.into_iter().enumerate() {
        let weight = shape(&format!(
            "feature_extractor.conv_layers.{index}.conv.weight"
        ));
        if let Some(found) = weight.get(2).filter(|found| **found != wanted) {
            return Err(format!(
                "its convolution {index} reads {found} frames, and that of Music2Vec {wanted}"
            ));
        }
    }
    let bias = "feature_extractor.conv_layers.0.conv.bias";
    if !shape(bias).is_empty() {
        return Err(format!(
            "its convolutions have biases ({bias}), and those of Music2Vec have none"
        ));
    }
    if first("feature_extractor.conv_layers.0.layer_norm.weight").is_some()
        && first("feature_extractor.conv_layers.1.layer_norm.weight").is_none()
    {
        return Err(
            "only its first convolution has a norm, as in wav2vec 2.0; those of Music2Vec all have one"
                .to_owned(),
        );
    }
    let dim = first("encoder.layer_norm.weight")
        .or_else(|| first("feature_projection.projection.weight"))
        .unwrap_or(published.dim);
    let positions = shape("encoder.pos_conv_embed.layers.0.conv.weight");
    let (narrow, position_kernel) = match positions {
        [_, narrow, kernel] => (*narrow, *kernel),
        // Missing; its name will be said.
        _ => (dim / published.position_groups, published.position_kernel),
    };
    // So that a layer of which a part is missing counts.
    let count = |start: &str| {
        let start = format!("{prefix}{start}.");
        let number = |name: &String| {
            let rest = name.strip_prefix(&start)?.split('.').next()?;
            rest.parse::<usize>().ok()
        };
        shapes
            .keys()
            .filter_map(number)
            .max()
            .map_or(0, |last| last.saturating_add(1))
    };
    let in_file = [
        count("encoder.layers"),
        count("encoder.pos_conv_embed.layers"),
    ];
    let mlp_dim =
        first("encoder.layers.0.feed_forward.intermediate_dense.weight").unwrap_or(4 * dim);
    let said = |key: &str| config_json.map_or(Ok(None), |json| number(json, key));
    let heads = said("num_attention_heads")?;
    let (depth, position_layers) = (said("num_hidden_layers")?, said("num_conv_pos_embeddings")?);
    let config = Config {
        dim,
        depth: depth.unwrap_or(0).max(in_file[0]),
        heads: hint
            .heads
            .or(heads)
            .unwrap_or((dim / PUBLISHED_HEAD).max(1)),
        mlp_dim,
        channels,
        position_layers: position_layers.unwrap_or(1).max(in_file[1]),
        position_kernel,
        position_groups: dim / narrow.max(1),
    };
    for (key, found) in [
        ("hidden_size", dim),
        ("num_hidden_layers", config.depth),
        ("intermediate_size", mlp_dim),
        ("conv_pos_kernel_size", position_kernel),
        ("num_conv_pos_embeddings", config.position_layers),
        ("num_conv_pos_embedding_groups", config.position_groups),
    ] {
        if let Some(said) = said(key)?.filter(|said| *said != found) {
            return Err(format!(
                "config.json says {key} {said}, but its tensors show {found}; the two don't belong together"
            ));
        }
    }
    if let (Some(hint), Some(said)) = (hint.heads, heads)
        && hint != said
    {
        return Err(format!(
            "config.json says {said} attention heads, not {hint}; leave out --heads"
        ));
    }
    Ok(config)
}

/// What `config.json` says of the network must be what is computed here.
fn check_design(json: &Value) -> Result<(), String> {
    let list = |values: [usize; 7]| Value::from(values.to_vec());
    for (key, wanted) in [
        ("conv_kernel", list(KERNELS)),
        ("conv_stride", list(STRIDES)),
        ("feat_extract_norm", "layer".into()),
        ("conv_bias", false.into()),
        ("hidden_act", "gelu".into()),
        ("feat_extract_activation", "gelu".into()),
        ("add_adapter", false.into()),
        ("do_stable_layer_norm", false.into()),
    ] {
        if let Some(said) = json.get(key).filter(|said| **said != wanted) {
            return Err(format!(
                "its config.json says {key} {said}, and Music2Vec has {wanted}"
            ));
        }
    }
    let epsilon = json.get("layer_norm_eps").and_then(Value::as_f64);
    match epsilon.filter(|said| (said - crate::kernels::NORM_EPSILON).abs() > 1e-9) {
        Some(said) => Err(format!(
            "its config.json says layer_norm_eps {said}, and Music2Vec has 1e-5"
        )),
        None => Ok(()),
    }
}

/// The hub's description of the sound must be that of Music2Vec.
fn check_preprocessor(json: &Value) -> Result<(), String> {
    for (key, wanted) in [
        ("sampling_rate", Value::from(16_000)),
        ("do_normalize", true.into()),
    ] {
        if let Some(said) = json.get(key).filter(|said| **said != wanted) {
            return Err(format!(
                "its preprocessor_config.json says {key} {said}, and Music2Vec hears with {wanted}"
            ));
        }
    }
    Ok(())
}
