//! Which hub, which cache, as the user's environment says.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use directories::BaseDirs;
use mynascope_base::jobs::Watch;

use crate::{HubError, HubName, Offer, cache::Cached, client::Client, download::fetch};

/// A model hub and this user's cache of it.
#[derive(Debug, Clone)]
pub struct Hub {
    endpoint: String,
    cache: PathBuf,
    token: Option<String>,
    offline: bool,
}

impl Hub {
    /// The hub and the cache of the current user, by the variables that all programs for the hub read: `HF_HOME`,
    /// `HF_HUB_CACHE`, `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HUB_OFFLINE`.
    ///
    /// # Errors
    /// [`HubError::NoHome`] where neither these nor the system name a folder.
    pub fn of_user() -> Result<Self, HubError> {
        Self::from_variables(&|name| std::env::var_os(name))
    }

    /// As [`Self::of_user`], with other variables than those of this process.
    ///
    /// # Errors
    /// As [`Self::of_user`].
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, HubError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| set(name).and_then(|value| value.into_string().ok());
        let path = |name: &str| set(name).map(PathBuf::from);
        let is_on = |name: &str| {
            let on = ["1", "on", "yes", "true"];
            text(name).is_some_and(|value| on.contains(&value.to_ascii_lowercase().as_str()))
        };
        let home = path("HF_HOME")
            .or_else(|| path("XDG_CACHE_HOME").map(|cache| cache.join("huggingface")))
            // On all systems, as Python's library does.
            .or_else(|| Some(BaseDirs::new()?.home_dir().join(".cache/huggingface")));
        let cache = path("HF_HUB_CACHE").or_else(|| Some(home.as_ref()?.join("hub")));
        let token_file = path("HF_TOKEN_PATH").or_else(|| home.map(|home| home.join("token")));
        let token = text("HF_TOKEN")
            .or_else(|| std::fs::read_to_string(token_file?).ok())
            .map(|token| token.trim().to_owned())
            .filter(|token| !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic()));
        let endpoint = text("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned());
        Ok(Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            cache: cache.ok_or(HubError::NoHome)?,
            token,
            offline: is_on("HF_HUB_OFFLINE") || is_on("TRANSFORMERS_OFFLINE"),
        })
    }

    /// The folder of the cache.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// The folder of a model whose weights are on this disk, whole.
    pub fn cached(&self, name: &HubName) -> Option<PathBuf> {
        Cached::new(&self.cache, name).whole()
    }

    /// As [`Self::cached`], for who needs it.
    ///
    /// # Errors
    /// [`HubError::NotHere`] says how to fetch it.
    pub fn open(&self, name: &HubName) -> Result<PathBuf, HubError> {
        self.cached(name)
            .ok_or_else(|| HubError::NotHere { name: name.clone() })
    }

    /// Asks the hub what a model has: files, sizes, licence. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`HubError`]: the hub cannot be reached, there is no such model, or it has not one set of weights.
    pub fn look(&self, name: &HubName) -> Result<Offer, HubError> {
        self.client(name)?.offer(name)
    }

    /// Fetches what was offered into the cache, or goes on where the last try ended, and gives its folder: kB done and in
    /// all go to `watch`.
    ///
    /// # Errors
    /// [`HubError`]; what has come is kept, except where it is wrong.
    pub fn fetch(&self, offer: &Offer, watch: &Watch<'_>) -> Result<PathBuf, HubError> {
        let cached = Cached::new(&self.cache, &offer.name);
        fetch(&self.client(&offer.name)?, &cached, offer, watch)
    }

    fn client(&self, name: &HubName) -> Result<Client, HubError> {
        if self.offline {
            return Err(HubError::Offline { name: name.clone() });
        }
        Ok(Client::new(self.endpoint.clone(), self.token.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(variables: &[(&str, &str)]) -> Hub {
        let variables: Vec<(String, OsString)> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        Hub::from_variables(&|name| {
            let mut all = variables.iter();
            all.find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        })
        .unwrap()
    }

    #[test]
    fn the_variables_of_the_hub_are_honoured() {
        let plain = hub(&[]);
        assert_eq!(plain.endpoint, "https://huggingface.co");
        assert!(plain.cache().ends_with(".cache/huggingface/hub"));
        assert!(!plain.offline);
        assert_eq!(
            hub(&[("XDG_CACHE_HOME", "/x")]).cache,
            Path::new("/x/huggingface/hub")
        );
        let home = hub(&[("HF_HOME", "/h"), ("XDG_CACHE_HOME", "/x")]);
        assert_eq!(home.cache, Path::new("/h/hub"));
        let cache = hub(&[("HF_HUB_CACHE", "/c"), ("HF_HOME", "/h")]);
        assert_eq!(cache.cache, Path::new("/c"));
        assert_eq!(
            hub(&[("HF_ENDPOINT", "http://a.b/")]).endpoint,
            "http://a.b"
        );
        assert_eq!(hub(&[("HF_TOKEN", " t\n")]).token.unwrap(), "t");
        for on in ["1", "ON", "True", "yes"] {
            assert!(hub(&[("HF_HUB_OFFLINE", on)]).offline);
        }
        assert!(!hub(&[("HF_HUB_OFFLINE", "0")]).offline);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "from_login\n").unwrap();
        let home = hub(&[("HF_HOME", folder.path().to_str().unwrap())]);
        assert_eq!(home.token.unwrap(), "from_login");
    }

    #[test]
    fn offline_means_that_nothing_is_asked() {
        // A request would end otherwise: nobody listens there.
        let hub = hub(&[
            ("HF_HUB_OFFLINE", "1"),
            ("HF_ENDPOINT", "http://127.0.0.1:9"),
        ]);
        let error = hub.look(&"a/b".parse().unwrap()).unwrap_err();
        assert!(matches!(error, HubError::Offline { .. }), "{error}");
    }
}
