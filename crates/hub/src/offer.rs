//! What the hub has of a model, and which of its files an encoder needs.

use std::fmt::Write;

use serde::Deserialize;
use serde_json::Value;

use crate::{HubError, HubName};

/// A file of a model on the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedFile {
    /// Its name in the model's folder.
    pub name: String,
    /// In bytes; some mirrors do not say.
    pub bytes: Option<u64>,
}

/// What the hub has of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// As it was asked for.
    pub name: HubName,
    /// The commit that its revision means now.
    pub commit: String,
    /// The licence that its owner states.
    pub licence: Option<String>,
    /// Its owner wants an agreement first.
    pub gated: bool,
    /// What will be fetched: settings first, weights last.
    pub files: Vec<OfferedFile>,
}

impl Offer {
    /// Bytes in all, where the hub says so of every file.
    pub fn bytes(&self) -> Option<u64> {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// What a user should know before it is fetched, in lines.
    pub fn describe(&self) -> String {
        let commit = self.commit.get(..10).unwrap_or(&self.commit);
        let licence = self.licence.as_deref();
        let size = self
            .bytes()
            .map_or_else(|| "not told".to_owned(), size_text);
        let files: Vec<&str> = self.files.iter().map(|file| file.name.as_str()).collect();
        let mut text = format!("model: {} (commit {commit})\n", self.name);
        let _ = writeln!(
            text,
            "licence: {}",
            licence.unwrap_or("not stated by its owner")
        );
        if self.gated {
            text.push_str("terms: to be agreed to in a browser first\n");
        }
        let _ = writeln!(text, "size: {size}");
        let _ = write!(text, "files: {}", files.join(", "));
        text
    }
}

/// A number of bytes for people.
pub fn size_text(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// The hub's description of a model (`/api/models/OWNER/NAME/revision/REVISION?blobs=true`), what of it is used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelInfo {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(default)]
    card_data: Option<CardData>,
    #[serde(default)]
    tags: Vec<String>,
    /// `false`, `"auto"` or `"manual"`.
    #[serde(default)]
    gated: Value,
}

#[derive(Debug, Deserialize)]
struct Sibling {
    rfilename: String,
    #[serde(default)]
    size: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct CardData {
    /// A name, or several.
    #[serde(default)]
    license: Value,
    /// What `other` means.
    #[serde(default)]
    license_name: Option<String>,
}

impl ModelInfo {
    /// What is fetched of this model.
    pub(crate) fn offer(self, name: &HubName) -> Result<Offer, HubError> {
        let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
        if self.sha.len() != 40 || !is_hex(&self.sha) {
            return Err(HubError::Answer {
                what: "no commit".to_owned(),
                url: name.to_string(),
            });
        }
        let licence = self.licence();
        let present: Vec<&str> = self
            .siblings
            .iter()
            .map(|file| file.rfilename.as_str())
            .filter(|name| is_plain(name))
            .collect();
        let weights = weights(&present).map_err(|what| HubError::Weights {
            name: name.clone(),
            what,
            files: present.join(", "),
        })?;
        let settings = SETTINGS.into_iter().filter(|name| present.contains(name));
        let bytes = |name: &str| {
            let mut all = self.siblings.iter();
            all.find(|file| file.rfilename == name)?.size
        };
        let files = settings
            .chain(weights)
            .map(|name| OfferedFile {
                name: name.to_owned(),
                bytes: bytes(name),
            })
            .collect();
        Ok(Offer {
            name: name.clone(),
            commit: self.sha,
            licence,
            gated: !matches!(self.gated, Value::Null | Value::Bool(false)),
            files,
        })
    }

    fn licence(&self) -> Option<String> {
        let tag = || {
            let mut licences = self
                .tags
                .iter()
                .filter_map(|tag| tag.strip_prefix("license:"));
            licences.next().map(str::to_owned)
        };
        let Some(card) = &self.card_data else {
            return tag();
        };
        let stated = match &card.license {
            Value::String(licence) => Some(licence.clone()),
            Value::Array(several) => {
                let names: Vec<&str> = several.iter().filter_map(Value::as_str).collect();
                (!names.is_empty()).then(|| names.join(", "))
            }
            _ => tag(),
        };
        match &card.license_name {
            Some(name) if stated.as_deref() == Some("other") => Some(name.clone()),
            _ => stated,
        }
    }
}

/// What belongs to the weights: settings of the model and of what it is fed, and the card with the licence.
const SETTINGS: [&str; 3] = ["config.json", "preprocessor_config.json", "README.md"];

/// A file in the model's own folder, whose name leads nowhere else.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0'])
}

/// The weights among the files of a model, in the order in which they are fetched: the one without which the others are
/// nothing comes last, so that where it is, all are.
pub(crate) fn weights<'a>(names: &[&'a str]) -> Result<Vec<&'a str>, &'static str> {
    let find = |wanted: &str| names.iter().copied().find(|name| *name == wanted);
    for (single, index, stem, ending) in [
        (
            "model.safetensors",
            "model.safetensors.index.json",
            "model-",
            ".safetensors",
        ),
        (
            "pytorch_model.bin",
            "pytorch_model.bin.index.json",
            "pytorch_model-",
            ".bin",
        ),
    ] {
        if let Some(single) = find(single) {
            return Ok(vec![single]);
        }
        if let Some(index) = find(index) {
            let is_shard = |name: &&str| name.starts_with(stem) && name.ends_with(ending);
            let shards = names.iter().copied().filter(is_shard);
            return Ok(shards.chain([index]).collect());
        }
    }
    // What training leaves beside the weights.
    let others = [
        "training_args.bin",
        "optimizer.pt",
        "optimizer.bin",
        "scheduler.pt",
        "rng_state.pth",
    ];
    let endings = [".safetensors", ".pth", ".pt", ".ckpt", ".bin"];
    let mut found = names.iter().copied().filter(|name| {
        endings.iter().any(|ending| name.ends_with(ending)) && !others.contains(name)
    });
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(vec![only]),
        (None, _) => Err("has no weights that could be read here"),
        (Some(_), Some(_)) => Err(
            "has several files of weights; fetch the one that you want in a browser and open that",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(info: &str) -> Result<Offer, HubError> {
        let info: ModelInfo = serde_json::from_str(info).unwrap();
        info.offer(&"a/b".parse().unwrap())
    }

    const SHA: &str = "0123456789012345678901234567890123456789";

    #[test]
    fn one_set_of_weights_is_chosen_and_comes_last() {
        let all = ["pytorch_model.bin", "model.safetensors", "x.py"];
        assert_eq!(weights(&all).unwrap(), ["model.safetensors"]);
        let shards = [
            "model.safetensors.index.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "pytorch_model.bin",
        ];
        assert_eq!(weights(&shards).unwrap(), [shards[1], shards[2], shards[0]]);
        assert_eq!(
            weights(&["a.py", "myna.pth", "optimizer.pt"]).unwrap(),
            ["myna.pth"]
        );
        assert!(weights(&["a.pth", "b.pth"]).is_err());
        assert!(weights(&["README.md"]).is_err());
    }

    #[test]
    fn licence_and_size_are_told_in_all_their_forms() {
        let with = |rest: &str| {
            let files = r#"[{"rfilename":"config.json","size":10},{"rfilename":"pytorch_model.bin","size":347000000},{"rfilename":"../evil.bin"}]"#;
            offer(&format!(r#"{{"sha":"{SHA}","siblings":{files}{rest}}}"#)).unwrap()
        };
        let plain = with("");
        assert_eq!(plain.licence, None);
        assert_eq!(plain.bytes(), Some(347_000_010));
        assert!(plain.describe().contains("347.0 MB") && plain.describe().contains("not stated"));
        for (rest, licence) in [
            (
                r#","cardData":{"license":"cc-by-nc-sa-4.0"}"#,
                "cc-by-nc-sa-4.0",
            ),
            (
                r#","cardData":{"license":["mit","apache-2.0"]}"#,
                "mit, apache-2.0",
            ),
            (
                r#","cardData":{"license":"other","license_name":"own"}"#,
                "own",
            ),
            (r#","tags":["audio","license:mit"]"#, "mit"),
            (r#","cardData":{},"tags":["license:mit"]"#, "mit"),
        ] {
            assert_eq!(with(rest).licence.as_deref(), Some(licence));
        }
        assert!(!with(r#","gated":false"#).gated);
        assert!(with(r#","gated":"auto""#).gated);
    }

    #[test]
    fn a_mirror_that_tells_no_sizes_is_no_error() {
        let offer = offer(&format!(
            r#"{{"sha":"{SHA}","siblings":[{{"rfilename":"model.safetensors"}}]}}"#
        ))
        .unwrap();
        assert_eq!(offer.bytes(), None);
        assert!(offer.describe().contains("not told"));
    }

    #[test]
    fn a_commit_that_is_none_is_refused() {
        assert!(offer(r#"{"sha":"../../x","siblings":[]}"#).is_err());
    }
}
