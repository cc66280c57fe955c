//! What is known of the encoder whose embeddings are probed: above all, whether it was trained on the tested tracks.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use super::EncoderId;
use mynascope_base::counted;
use mynascope_collection::{Collection, CollectionKind, HeardTracks};
use mynascope_encoder::{LoadedEncoder, is_shipped, run_of_weights};

/// Which encoder made a table; nothing is known of the default. One is asked about one collection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MadeBy {
    /// [`LoadedEncoder::fingerprint`].
    hash: String,
    /// The folder of the run that it is a step of.
    run: Option<PathBuf>,
    /// What was found out about the collection: files may have to be read for it.
    heard: OnceLock<Option<String>>,
}

impl MadeBy {
    /// An encoder that is open.
    pub fn of(encoder: &LoadedEncoder) -> Self {
        Self {
            hash: encoder.fingerprint().to_owned(),
            run: encoder.source().and_then(run_of),
            heard: OnceLock::new(),
        }
    }

    /// An encoder that is told by its identity.
    pub fn of_id(id: &EncoderId) -> Self {
        Self {
            hash: id.hash.clone(),
            run: run_of(Path::new(&id.checkpoint)),
            heard: OnceLock::new(),
        }
    }

    /// An encoder of which the hash is all that is known; empty where nothing is.
    pub fn of_hash(hash: &str) -> Self {
        Self {
            hash: hash.to_owned(),
            ..Self::default()
        }
    }

    /// Whether the encoder was trained on tracks of a collection, where that is so or is not known of a run.
    pub(super) fn say_heard(&self, collection: &Collection) -> Option<String> {
        let found = || self.find_heard(collection);
        self.heard.get_or_init(found).clone()
    }

    fn find_heard(&self, collection: &Collection) -> Option<String> {
        if collection.kind == CollectionKind::Demo && is_shipped(&self.hash) {
            return Some(
                "the shipped encoder heard these very tracks, without their labels, while it was trained"
                    .into(),
            );
        }
        if collection.kind == CollectionKind::MixedDemo && is_shipped(&self.hash) {
            return Some(
                "the shipped encoder was trained on other tracks of these styles and instruments (`demo-plain`), without their labels"
                    .into(),
            );
        }
        let run = self.run.as_deref()?;
        let Some(heard) = HeardTracks::read(run) else {
            return Some(
                "whether the encoder was trained on these tracks is not known: its run was begun by an earlier version, which did not keep \
                 which tracks it heard"
                    .into(),
            );
        };
        let all = collection.tracks.len();
        match heard.among(collection) {
            0 => None,
            count => Some(format!(
                "the encoder was trained on {count} of these {}: the score says less about new music than about music that it knows",
                counted(all, "track")
            )),
        }
    }
}

fn run_of(weights: &Path) -> Option<PathBuf> {
    run_of_weights(weights).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_base::storage::ContentKey;
    use mynascope_collection::Track;

    #[test]
    fn an_encoder_that_was_trained_on_the_tested_tracks_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        std::fs::create_dir(&run).unwrap();
        std::fs::write(run.join("config.toml"), "").unwrap();
        let tracks: Vec<PathBuf> = ["a.wav", "b.wav"].map(|it| folder.path().join(it)).into();
        for track in &tracks {
            std::fs::write(track, track.as_os_str().as_encoded_bytes()).unwrap();
        }
        let collection = Collection {
            name: String::new(),
            kind: CollectionKind::Files,
            tracks: tracks.iter().map(|path| Track::of_file(path)).collect(),
            split: None,
            notes: Vec::new(),
        };
        let made_by = |checkpoint: &Path| {
            MadeBy::of_id(&EncoderId {
                checkpoint: checkpoint.display().to_string(),
                ..EncoderId::default()
            })
        };
        let says = made_by(&run).say_heard(&collection).unwrap();
        assert!(says.contains("not known"), "{says}");
        let heard = tracks.iter().take(1);
        let heard = heard.map(|path| (path.as_path(), ContentKey::of_file(path).unwrap()));
        HeardTracks::of(heard).write(&run).unwrap();
        let says = made_by(&run).say_heard(&collection).unwrap();
        assert!(says.contains("1 of these 2 tracks"), "{says}");
        assert_eq!(made_by(folder.path()).say_heard(&collection), None);
        assert_eq!(MadeBy::default().say_heard(&collection), None);
    }
}
