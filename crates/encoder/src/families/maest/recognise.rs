//! Finds a MAEST in the names and shapes of a file's tensors and in the `config.json` beside it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Config, EXTRA, Form, Head, PATCH, ROWS,
    hub_json::{check_front_end, check_preprocessor, labels},
    whole_patches,
};
use crate::{
    CheckpointError, Family, OpenCheckpoint,
    families::found::{
        Found, Hint, PUBLISHED_HEAD, Recognised, Shapes, Values, choose, locate, number, prefixes,
        read_found, unfit,
    },
};

/// Names of tensors that no other family has, for people.
pub(crate) const WITNESSES: &str = "time_new_pos_embed or distillation_token";
/// What the header of our files calls the names of the styles, a list as JSON.
pub const LABELS: &str = "labels";
/// What stands at the end of the name of the tensor that every MAEST has.
const HUB_WITNESS: &str = "embeddings.patch_embeddings.projection.weight";
const NATIVE_WITNESS: &str = "patch_embed.proj.weight";
/// What the hub's `config.json` calls the architecture.
pub(crate) const HUB_TYPE: &str = "audio-spectrogram-transformer";

/// Looks for a MAEST. `None`: the file holds none, so ask the other families.
///
/// # Errors
/// What is wrong, in words, where it is one, or its nearest relative, and can't be used as it is.
pub fn recognise(
    shapes: &Shapes,
    config_json: Option<&Value>,
    hint: &Hint,
) -> Option<Result<Recognised<Config>, String>> {
    let hub = prefixes(shapes, HUB_WITNESS);
    let native = prefixes(shapes, NATIVE_WITNESS);
    if hub.is_empty() && native.is_empty() {
        return None;
    }
    let said = config_json.and_then(|json| json.get("model_type")?.as_str());
    if !hub.is_empty() && said.is_some_and(|said| said != HUB_TYPE) {
        return None;
    }
    let config_json = config_json.filter(|_| said == Some(HUB_TYPE));
    let layout = match hub.is_empty() {
        false => Layout::hub(shapes, hub, hint, config_json.is_some()),
        true => Layout::native(shapes, native, hint),
    };
    Some(match layout {
        // Other image and audio transformers have the same names; what they lack says so.
        Err(Unfit::Another) => return None,
        Err(Unfit::Wrong(why)) => Err(why),
        Ok(layout) => layout.recognised(shapes, config_json, hint),
    })
}

/// Looks for a MAEST in an open checkpoint and the JSON files beside it; with it why it can't be used, if it can't, as far as
/// names and shapes tell. `None`: the file holds no MAEST.
///
/// # Errors
/// If a file cannot be read, or if it is a MAEST, or its nearest relative, that cannot be used as it is.
pub(crate) fn find(
    checkpoint: &OpenCheckpoint,
    hint: &Hint,
) -> Result<Option<Found<Config>>, CheckpointError> {
    let config_json = checkpoint.config_json()?;
    // A file that was trained here says in its header what those of the authors don't.
    let header = checkpoint.own_header();
    let heads = header.get("heads").and_then(|heads| heads.parse().ok());
    let known = Hint {
        heads: hint.heads.or(heads),
        ..hint.clone()
    };
    let mut found = match recognise(&checkpoint.shapes(), config_json.as_ref(), &known) {
        None => return Ok(None),
        Some(found) => found.map_err(|why| unfit(checkpoint, why))?,
    };
    if let Some(names) = header.get(LABELS)
        && let Ok(names) = serde_json::from_str::<Vec<String>>(names)
        && names.len() == found.config.labels
    {
        found.labels = Some(names);
    }
    let mut problem = found.problem();
    if problem.is_none()
        && let Some(json) = checkpoint.json_beside("preprocessor_config.json")?
    {
        problem = check_preprocessor(&json, found.config.columns).err();
    }
    Ok(Some((found, problem)))
}

/// Finds a MAEST in an open checkpoint and reads the numbers of its [parameters](Config::parameters), in their order. `None`:
/// the file holds no MAEST.
///
/// # Errors
/// If the file is damaged, or the MAEST in it lacks tensors or can't be used as it is.
pub fn read(
    checkpoint: &mut OpenCheckpoint,
    hint: &Hint,
) -> Result<Option<(Recognised<Config>, Values)>, CheckpointError> {
    let found = find(checkpoint, hint)?;
    read_found(checkpoint, found)
}

/// Whether the authors' names come with the hub's one table of positions, as in files that were trained here from a hub's
/// encoder; those of other transformers with two class tokens read images, or another number of rows.
fn has_one_table(shapes: &Shapes, prefix: &str) -> bool {
    let shape = |name: &str| shapes.get(&format!("{prefix}{name}")).map(Vec::as_slice);
    let places = match shape("pos_embed") {
        Some(&[1, places, _]) => places,
        _ => return false,
    };
    let of_sound = matches!(shape(NATIVE_WITNESS), Some(&[_, 1, PATCH, PATCH]));
    let patches = places.saturating_sub(EXTRA);
    of_sound && shape("dist_token").is_some() && patches > 0 && patches.is_multiple_of(ROWS)
}

/// Why a layout doesn't fit.
enum Unfit {
    /// It is no audio transformer of this kind at all.
    Another,
    /// It is one and can't be read; why.
    Wrong(String),
}

impl Unfit {
    fn lacks(name: &str) -> Self {
        Self::Wrong(format!("this MAEST lacks {name}"))
    }
}

/// The names of one of the two forms.
struct Layout {
    form: Form,
    /// Whose names they are: files that were trained here from a hub's encoder have its form and the authors' names.
    names_of: Form,
    prefix: String,
    prefixes: Vec<String>,
    /// Before the names of the classifier; the hub's are not under the transformer's prefix.
    head_prefix: String,
}

impl Layout {
    /// `is_named`: `config.json` says that it is one.
    fn hub(
        shapes: &Shapes,
        prefixes: Vec<String>,
        hint: &Hint,
        is_named: bool,
    ) -> Result<Self, Unfit> {
        let prefix = choose(&prefixes, hint).map_err(Unfit::Wrong)?;
        let needed = [
            "embeddings.distillation_token",
            "embeddings.position_embeddings",
        ];
        let mut needed = needed.map(|name| format!("{prefix}{name}")).into_iter();
        if let Some(name) = needed.find(|name| !shapes.contains_key(name)) {
            return Err(match is_named {
                true => Unfit::lacks(&name),
                false => Unfit::Another,
            });
        }
        let head_prefix = prefix
            .strip_suffix("audio_spectrogram_transformer.")
            .unwrap_or(&prefix)
            .to_owned();
        Ok(Self {
            form: Form::Hub,
            names_of: Form::Hub,
            prefix,
            prefixes,
            head_prefix,
        })
    }

    fn native(shapes: &Shapes, prefixes: Vec<String>, hint: &Hint) -> Result<Self, Unfit> {
        let prefix = choose(&prefixes, hint).map_err(Unfit::Wrong)?;
        let needed = ["time_new_pos_embed", "freq_new_pos_embed"];
        let needed = needed.map(|name| format!("{prefix}{name}"));
        let missing: Vec<&String> = (needed.iter())
            .filter(|name| !shapes.contains_key(*name))
            .collect();
        let form = match missing.as_slice() {
            [] => Form::Native,
            [name] => return Err(Unfit::lacks(name)),
            _ if has_one_table(shapes, &prefix) => Form::Hub,
            // Other transformers over pictures have none of them.
            _ => return Err(Unfit::Another),
        };
        Ok(Self {
            form,
            names_of: Form::Native,
            head_prefix: prefix.clone(),
            prefix,
            prefixes,
        })
    }

    fn recognised(
        self,
        shapes: &Shapes,
        config_json: Option<&Value>,
        hint: &Hint,
    ) -> Result<Recognised<Config>, String> {
        let config = self.config(shapes, config_json, hint)?;
        config
            .validate()
            .map_err(|error| format!("it looks like a MAEST, but {error}"))?;
        let labels = match config_json {
            Some(json) => labels(json, config.labels)?,
            None => None,
        };
        let (taken, missing, misshaped) =
            locate(shapes, config.parameters(), |name| self.names(name));
        let read: BTreeSet<&String> = taken.iter().flat_map(|taken| &taken.from).collect();
        let ours = |name: &&String| {
            name.starts_with(&self.prefix)
                || name.starts_with(&format!("{}classifier.", self.head_prefix))
        };
        let is_spare = |name: &&String| name.contains("head_dist.");
        let unexpected = shapes
            .keys()
            .filter(ours)
            .filter(|name| !read.contains(name) && !is_spare(name))
            // Without a prefix everything in the file would count.
            .filter(|name| !self.prefix.is_empty() || self.is_part(name))
            .cloned()
            .collect();
        let beside = config_json.map_or("", |_| " and the config.json beside it");
        let by = match self.names_of {
            Form::Hub => format!("the names of the model hub's tensors{beside}"),
            Form::Native => "the names of the authors' tensors".to_owned(),
        };
        let said = config_json.map_or(Ok(None), |json| number(json, "num_attention_heads"))?;
        Ok(Recognised {
            family: Family::Maest,
            config,
            labels,
            taken,
            prefix: self.prefix,
            prefixes: self.prefixes,
            heads_are_sure: hint.heads.or(said).is_some(),
            missing,
            misshaped,
            unexpected,
            by,
        })
    }

    /// Whether a name is one of a part of the network, whatever its end.
    fn is_part(&self, name: &str) -> bool {
        let parts: &[&str] = match self.names_of {
            Form::Hub => &["embeddings.", "encoder.", "layernorm.", "classifier."],
            Form::Native => &["patch_embed.", "blocks.", "norm.", "head."],
        };
        parts.iter().any(|part| name.starts_with(part))
    }

    /// The sizes that names, shapes and `config.json` show.
    fn config(
        &self,
        shapes: &Shapes,
        config_json: Option<&Value>,
        hint: &Hint,
    ) -> Result<Config, String> {
        let shape = |name: String| shapes.get(&name).map(Vec::as_slice).unwrap_or_default();
        let Some(witness) = self.names("patch_embed.proj.weight").concat().pop() else {
            return Err("its patch embedding has no name".to_owned());
        };
        let &[dim, channels, height, width] = shape(witness) else {
            return Err("its patch embedding is no convolution of a spectrogram".to_owned());
        };
        if (channels, height, width) != (1, PATCH, PATCH) {
            return Err(format!(
                "it reads patches of {height}x{width} in {channels} channels; MAEST reads {PATCH}x{PATCH} of one spectrogram"
            ));
        }
        if let Some(json) = config_json {
            check_front_end(json)?;
        }
        let columns = match self.form {
            Form::Hub => {
                let table = self.names("pos_embed").concat().pop().unwrap_or_default();
                let places = shape(table).get(1).copied().unwrap_or(0);
                let patches = places.saturating_sub(EXTRA);
                if patches == 0 || !patches.is_multiple_of(ROWS) {
                    return Err(format!(
                        "it is an Audio Spectrogram Transformer of {places} positions, which are no {ROWS} rows of patches and two tokens more, so it is no MAEST"
                    ));
                }
                patches / ROWS
            }
            Form::Native => {
                let rows = shape(format!("{}freq_new_pos_embed", self.prefix));
                let rows = rows.get(2).copied().unwrap_or(0);
                if rows != ROWS {
                    return Err(format!(
                        "it has {rows} rows of patches and MAEST {ROWS}; it may be PaSST, whose spectrograms have 128 bands"
                    ));
                }
                let columns = shape(format!("{}time_new_pos_embed", self.prefix));
                columns.get(3).copied().unwrap_or(0)
            }
        };
        let first = |name: &str| {
            let name = self.names(name).concat().into_iter().next();
            name.and_then(|name| shape(name).first().copied())
        };
        let depth = (0..)
            .take_while(|block| first(&format!("blocks.{block}.norm1.weight")).is_some())
            .count();
        let mlp_dim = first("blocks.0.mlp.fc1.weight").unwrap_or(4 * dim);
        let labels = first("head.1.weight").unwrap_or(0);
        let said = |key: &str| config_json.map_or(Ok(None), |json| number(json, key));
        for (key, found) in [
            ("hidden_size", dim),
            ("num_hidden_layers", depth),
            ("intermediate_size", mlp_dim),
        ] {
            if let Some(said) = said(key)?.filter(|said| *said != found) {
                return Err(format!(
                    "config.json says {key} {said}, but its tensors show {found}; the two don't belong together"
                ));
            }
        }
        if let (Some(hint), Some(said)) = (hint.heads, said("num_attention_heads")?)
            && hint != said
        {
            return Err(format!(
                "config.json says {said} attention heads, not {hint}; leave out --heads"
            ));
        }
        let config = Config {
            dim,
            depth,
            heads: hint
                .heads
                .or(said("num_attention_heads")?)
                .unwrap_or((dim / PUBLISHED_HEAD).max(1)),
            mlp_dim,
            columns,
            labels,
            form: self.form,
            head: match self.form {
                Form::Hub => Head::Mean,
                Form::Native => hint.head.unwrap_or_default(),
            },
        };
        if let Some(said) = said("max_length")?.filter(|said| whole_patches(*said) != columns) {
            return Err(format!(
                "config.json says windows of {said} frames, but its tensors show positions for {columns} columns of patches; the two don't belong together"
            ));
        }
        Ok(config)
    }

    /// How a parameter may be called in the file: one tensor, or three for queries, keys and values.
    fn names(&self, parameter: &str) -> Vec<Vec<String>> {
        let one = |name: String| vec![vec![name]];
        let (stem, end) = parameter.rsplit_once('.').unwrap_or((parameter, ""));
        let end = match end {
            "" => String::new(),
            end => format!(".{end}"),
        };
        if let Some(block) = stem.strip_suffix(".attn.qkv") {
            let (block, parts) = match self.names_of {
                Form::Native => (format!("{block}.attn"), ["q", "k", "v"]),
                Form::Hub => {
                    let block = block.replacen("blocks.", "encoder.layer.", 1);
                    (
                        format!("{block}.attention.attention"),
                        ["query", "key", "value"],
                    )
                }
            };
            let prefix = &self.prefix;
            let fused = vec![format!("{prefix}{block}.qkv{end}")];
            let separate = parts
                .map(|part| format!("{prefix}{block}.{part}{end}"))
                .to_vec();
            return match self.names_of {
                Form::Hub => vec![separate, fused],
                Form::Native => vec![fused, separate],
            };
        }
        if self.names_of == Form::Native {
            return one(format!("{}{parameter}", self.prefix));
        }
        let hub = match stem {
            "cls_token" => "embeddings.cls_token".to_owned(),
            "dist_token" => "embeddings.distillation_token".to_owned(),
            "pos_embed" => "embeddings.position_embeddings".to_owned(),
            "patch_embed.proj" => "embeddings.patch_embeddings.projection".to_owned(),
            "norm" => "layernorm".to_owned(),
            "head.0" => return one(format!("{}classifier.layernorm{end}", self.head_prefix)),
            "head.1" => return one(format!("{}classifier.dense{end}", self.head_prefix)),
            stem => {
                let part = stem.replacen("blocks.", "encoder.layer.", 1);
                [
                    (".norm1", ".layernorm_before"),
                    (".attn.proj", ".attention.output.dense"),
                    (".norm2", ".layernorm_after"),
                    (".mlp.fc1", ".intermediate.dense"),
                    (".mlp.fc2", ".output.dense"),
                ]
                .into_iter()
                .find_map(|(ours, hubs)| Some(format!("{}{hubs}", part.strip_suffix(ours)?)))
                .unwrap_or(part)
            }
        };
        one(format!("{}{hub}{end}", self.prefix))
    }
}
