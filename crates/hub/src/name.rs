//! What a model is called on the hub.

use std::{ffi::OsStr, fmt, path::Path, str::FromStr};

use crate::HubError;

/// `OWNER/NAME` of a model on the hub, or `OWNER/NAME@REVISION`: a branch, a tag or a commit; without one its branch
/// `main`. `hf:` may stand before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HubName {
    model: String,
    revision: Option<String>,
}

/// What stands before a name where files may be named too.
const SCHEME: &str = "hf:";

impl HubName {
    /// The name in `hf:OWNER/NAME[@REVISION]`; `None` where `text` does not begin with `hf:`, as names of files.
    ///
    /// # Errors
    /// [`HubError::Name`] if no name follows.
    pub fn after_scheme(text: &str) -> Result<Option<Self>, HubError> {
        if text.starts_with(SCHEME) {
            text.parse().map(Some)
        } else {
            Ok(None)
        }
    }

    /// The name of the model of which a file lies in a cache of the hub, at its commit; `None` of other files.
    pub fn of_file(path: &Path) -> Option<Self> {
        let mut folders = path.ancestors().skip(1).filter_map(|folder| {
            let name = folder.file_name();
            name.and_then(OsStr::to_str)
        });
        let mut below = folders.next()?;
        let mut commit = None;
        for folder in folders {
            match commit {
                None if folder == "snapshots" => commit = Some(below),
                Some(commit) => {
                    let (owner, name) = folder.strip_prefix("models--")?.split_once("--")?;
                    return format!("{owner}/{name}@{commit}").parse().ok();
                }
                None => below = folder,
            }
        }
        None
    }

    /// `hf:OWNER/NAME[@REVISION]`: the name where files may be named too.
    pub fn with_scheme(&self) -> String {
        format!("{SCHEME}{self}")
    }

    /// `OWNER/NAME`.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The branch, tag or commit.
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("main")
    }
}

impl FromStr for HubName {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        let name = text.strip_prefix(SCHEME).unwrap_or(text);
        let (model, revision) = match name.split_once('@') {
            Some((model, revision)) => (model, Some(revision)),
            None => (name, None),
        };
        let is_word = |word: &str| {
            let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
            // The hub's rule; and no name leads out of the cache.
            !word.is_empty()
                && word.len() <= 96
                && word.chars().all(allowed)
                && !word.contains("..")
                && !word.contains("--")
                && !word.starts_with(['-', '.'])
                && !word.ends_with(['-', '.'])
        };
        let is_model = model
            .split_once('/')
            .is_some_and(|(owner, name)| is_word(owner) && is_word(name));
        if !is_model || !revision.is_none_or(|revision| revision.split('/').all(is_word)) {
            return Err(HubError::Name {
                text: text.to_owned(),
            });
        }
        Ok(Self {
            model: model.to_owned(),
            revision: revision.map(str::to_owned),
        })
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.model)?;
        match &self.revision {
            Some(revision) => write!(f, "@{revision}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_on_the_hub() {
        for (text, model, revision) in [
            ("oriyonay/myna-base", "oriyonay/myna-base", "main"),
            ("hf:m-a-p/MERT-v1-95M", "m-a-p/MERT-v1-95M", "main"),
            ("a/b_c.1@refs/pr/3", "a/b_c.1", "refs/pr/3"),
        ] {
            let name: HubName = text.parse().unwrap();
            assert_eq!((name.model(), name.revision()), (model, revision));
            assert_eq!(name.to_string(), text.trim_start_matches("hf:"));
        }
        assert_eq!(HubName::after_scheme("music/a.wav").unwrap(), None);
        let name = HubName::after_scheme("hf:a/b@c").unwrap().unwrap();
        assert_eq!(name.with_scheme(), "hf:a/b@c");
    }

    #[test]
    fn a_file_of_the_cache_is_named_as_on_the_hub() {
        let name = |path: &str| HubName::of_file(Path::new(path)).map(|name| name.with_scheme());
        let folder = "/home/x/.cache/huggingface/hub/models--mtg-upf--discogs-maest-30s-pw-129e";
        let found = Some("hf:mtg-upf/discogs-maest-30s-pw-129e@a1b2".to_owned());
        for file in [
            "model.safetensors",
            "parts/model-00001-of-00002.safetensors",
        ] {
            assert_eq!(name(&format!("{folder}/snapshots/a1b2/{file}")), found);
        }
        assert_eq!(name("/music/snapshots/a1b2/model.safetensors"), None);
        assert_eq!(name("model.safetensors"), None);
    }

    #[test]
    fn what_leads_elsewhere_is_no_name() {
        for text in [
            "",
            "hf:",
            "myna",
            "a/b/c",
            "/b",
            "a/",
            "../b",
            "a/..",
            "a/b@",
            "a/b@../x",
            "a b/c",
            "a/b?x",
            "a/b#c",
            "ä/b",
            "a/b@x y",
            "a--b/c",
            "https://huggingface.co/a/b",
        ] {
            let error = text.parse::<HubName>().unwrap_err().to_string();
            assert!(error.contains("OWNER/NAME"), "{text}: {error}");
        }
    }
}
