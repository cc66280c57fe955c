//! Saves a list of tracks: a table of paths and labels, which is opened like a collection.

use std::{io::Write as _, path::PathBuf};

use crate::gui::{
    jobs::NoThread,
    message::Outbox,
    work::{
        ask_file::Question,
        save_file::{SaveAt, save},
    },
};
use mynascope_base::storage;

/// Asks where, and saves; the outcome comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn save_list(tracks: Vec<(PathBuf, Option<String>)>, outbox: &Outbox) -> Result<(), NoThread> {
    let question =
        Question::new_file("Save the list of tracks", "tracks.csv").filter("Lists", &["csv"]);
    save(
        "list",
        SaveAt::Asking(Box::new(question)),
        outbox,
        move |path| {
            let bytes = to_csv(&tracks)?;
            storage::write_atomic(path, |file| file.write_all(&bytes))
                .map_err(|error| error.to_string())
        },
    )
}

fn to_csv(tracks: &[(PathBuf, Option<String>)]) -> Result<Vec<u8>, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(["path", "label"])
        .map_err(|error| error.to_string())?;
    for (path, label) in tracks {
        let path = path.to_string_lossy();
        let record = [path.as_ref(), label.as_deref().unwrap_or_default()];
        writer
            .write_record(record)
            .map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_base::jobs::Watch;

    #[test]
    fn a_saved_list_opens_with_its_tracks_and_labels() {
        let folder = tempfile::tempdir().unwrap();
        let tracks: Vec<(PathBuf, Option<String>)> = ["a, b.wav", "c.wav"]
            .map(|name| {
                let path = folder.path().join(name);
                mynascope_audio::write_wav(&path, &[0.1; 16_000], 16_000).unwrap();
                (path, Some(format!("of {name}")))
            })
            .into();
        let list = folder.path().join("tracks.csv");
        std::fs::write(&list, to_csv(&tracks).unwrap()).unwrap();
        let opened = mynascope_collection::open(&[list], &Watch::unattended()).unwrap();
        let opened: Vec<_> = opened
            .tracks
            .into_iter()
            .map(|track| (track.path, track.label))
            .collect();
        assert_eq!(opened, tracks);
    }
}
