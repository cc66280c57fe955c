//! Files of the Probe layout: groups of tracks, and probes.

use std::{
    borrow::Cow,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::gui::{
    command::ProbeAsk,
    jobs::{NoThread, spawn_once},
    message::{Message, Outbox, ProbeMessage},
    work::{
        ask_file::{Question, ask},
        checkpoint::{self, ChosenFor},
    },
};
use mynascope_base::storage::{self, Cache, ContentKey, Folders};
use mynascope_probe::TrainedProbe;

/// Asks for a file or folder; the answer comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn ask_for(what: ProbeAsk, outbox: &Outbox) -> Result<(), NoThread> {
    let answer = move |path| Message::Probe(ProbeMessage::Asked(what, path));
    let question = match what {
        ProbeAsk::Save => Question::new_file("Keep the probe", "probe.safetensors")
            .filter("Probes", &["safetensors"]),
        ProbeAsk::Load => Question::file("Load a probe").filter("Probes", &["safetensors"]),
        ProbeAsk::Encoder => {
            let title = "Choose a checkpoint to compare";
            return checkpoint::choose(title, ChosenFor::Embedding, outbox, move |chosen| {
                answer(chosen.path)
            });
        }
        ProbeAsk::Folder => Question::folder("Choose a folder to label"),
    };
    ask(question, outbox, answer)
}

/// Saves groups of tracks as a table of paths and labels in the user's data folder, named by what it holds; the outcome
/// comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn save_groups(groups: Vec<(PathBuf, String)>, outbox: &Outbox) -> Result<(), NoThread> {
    spawn_once(
        "save-groups",
        outbox,
        move |outbox| {
            let saved = Folders::of_user()
                .map_err(|error| error.to_string())
                .and_then(|folders| write_groups(&groups, &folders.data.join("probes")));
            outbox.send(Message::Probe(ProbeMessage::GroupsSaved(saved)));
        },
        std::convert::identity,
    )
}

fn write_groups(groups: &[(PathBuf, String)], folder: &Path) -> Result<PathBuf, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = groups
        .iter()
        .map(|(path, group)| [path.to_string_lossy(), group.into()]);
    let heading = [["path".into(), "label".into()]];
    let written = heading
        .into_iter()
        .chain(rows)
        .try_for_each(|row: [Cow<'_, str>; 2]| writer.write_record(row.iter().map(|it| &**it)));
    written.map_err(|error| error.to_string())?;
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    let key = ContentKey::of_parts([bytes.as_slice()].into_iter());
    let digits: String = (key.as_bytes().iter().take(4))
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let path = folder.join(format!("groups-{digits}.csv"));
    storage::write_atomic(&path, |file| file.write_all(&bytes)).map_err(|e| e.to_string())?;
    Ok(path)
}

/// Saves a probe; the outcome comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn save_probe(
    probe: Arc<TrainedProbe>,
    path: PathBuf,
    cache: Option<Arc<Cache>>,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    spawn_once(
        "save-probe",
        outbox,
        move |outbox| {
            let saved = probe
                .save(&path, cache.as_deref())
                .map_err(|error| error.to_string());
            let saved = ProbeMessage::ProbeSaved(saved.map(|()| path));
            outbox.send(Message::Probe(saved));
        },
        std::convert::identity,
    )
}

/// Reads a probe that was saved; the outcome comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn load(path: PathBuf, outbox: &Outbox) -> Result<(), NoThread> {
    spawn_once(
        "load-probe",
        outbox,
        move |outbox| {
            let probe = TrainedProbe::load(&path).map_err(|error| error.to_string());
            let loaded = ProbeMessage::Loaded(path, probe.map(Arc::new));
            outbox.send(Message::Probe(loaded));
        },
        std::convert::identity,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_base::jobs::Watch;
    use mynascope_collection as collection;

    /// The command of groups reads them from this table: it must give the same tracks, in the same order, with the groups
    /// as labels.
    #[test]
    fn groups_in_a_table_are_opened_as_the_collection_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let groups: Vec<(PathBuf, String)> = [("b", "wild"), ("a", "calm, or so"), ("c", "wild")]
            .into_iter()
            .map(|(name, group)| {
                let path = folder.path().join(format!("{name}.wav"));
                mynascope_audio::write_wav(&path, &[0.0; 16_000], 16_000).unwrap();
                (path, group.to_owned())
            })
            .collect();
        let table = write_groups(&groups, &folder.path().join("new")).unwrap();
        let again = write_groups(&groups, &folder.path().join("new")).unwrap();
        assert_eq!(table, again, "the same groups are the same file");
        let opened = collection::open(&[table], &Watch::unattended()).unwrap();
        let tracks = opened.tracks.into_iter();
        let tracks: Vec<(PathBuf, String)> = tracks
            .map(|track| (track.path, track.label.unwrap()))
            .collect();
        assert_eq!(tracks, groups);
    }
}
