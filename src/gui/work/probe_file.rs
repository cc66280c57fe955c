//! Keeping what a tab of the Probe layout shows: as a picture, or its numbers as a table.

use std::{
    borrow::Cow,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::gui::{
    canvas::{Canvas, save_png},
    message::{Message, Outbox},
    model::{self, Model, ProbeAsk, ProbeFile, ProbeMessage},
    offscreen::PictureError,
    panels::probe,
    theme,
    work::{choose::dialog, once::once},
};
use mynascope_base::{
    jobs,
    storage::{self, ContentKey, Folders},
};
use mynascope_probe::TrainedProbe;

/// Pixels of a picture.
const SIZE: [u32; 2] = [1800, 1200];
/// Pixels a point.
const SCALE: f32 = 1.5;
/// Frames until fonts and scale have taken effect.
const CALM_FRAMES: usize = 3;

/// What is saved.
pub struct Sheet {
    name: String,
    content: Content,
}

enum Content {
    /// Only what the tab is drawn from.
    Picture(Box<Model>),
    Table(model::Sheet),
}

impl Sheet {
    /// What the tab shows now; `None` while that is nothing.
    pub fn of(model: &Model, kind: ProbeFile) -> Option<Self> {
        let probing = &model.probing;
        let table = probing.table(probing.tab)?;
        let (content, ending) = match kind {
            ProbeFile::Csv => (Content::Table(table), "csv"),
            ProbeFile::Png => {
                let shown = Model {
                    settings: model.settings.clone(),
                    layout: model.layout,
                    probing: probing.clone(),
                    ..Model::default()
                };
                (Content::Picture(Box::new(shown)), "png")
            }
        };
        let tab = probing.tab.name().to_lowercase();
        Some(Self {
            name: format!("probe - {tab}.{ending}"),
            content,
        })
    }

    fn save(&self, path: &Path) -> Result<(), String> {
        match &self.content {
            Content::Picture(model) => {
                let image = draw(model).map_err(|error| error.to_string())?;
                save_png(&image, path).map_err(|error| error.to_string())
            }
            Content::Table(rows) => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                let written = rows.iter().try_for_each(|row| writer.write_record(row));
                written.map_err(|error| error.to_string())?;
                let bytes = writer.into_inner().map_err(|error| error.to_string())?;
                storage::write_atomic(path, |file| file.write_all(&bytes))
                    .map_err(|error| error.to_string())
            }
        }
    }
}

fn draw(model: &Model) -> Result<image::RgbaImage, PictureError> {
    let mut canvas = Canvas::new(SIZE)?;
    theme::install(canvas.ctx(), model.settings.theme);
    canvas.ctx().set_zoom_factor(SCALE);
    let mut draw = |ui: &mut eframe::egui::Ui| probe::sheet(ui, model);
    for _ in 0..CALM_FRAMES {
        canvas.frame(&mut draw);
    }
    let output = canvas.frame(&mut draw);
    canvas.image(output)
}

/// Saves on a thread of its own, at a path or where the user says; the outcome comes as a message.
pub fn save(sheet: Sheet, path: Option<PathBuf>, outbox: &Outbox) -> std::io::Result<()> {
    let (done, failed) = (outbox.clone(), outbox.clone());
    let job = jobs::spawn(
        "save-probe",
        move |_| {
            let path = match path {
                Some(path) => path,
                None => match ask(&sheet.name) {
                    Ok(Some(path)) => path,
                    Ok(None) => return,
                    Err(why) => return done.send(Message::Saved(Err(why))),
                },
            };
            if let Some(folder) = path.parent() {
                // A folder that cannot be made is told by the writing.
                let _ = std::fs::create_dir_all(folder);
            }
            done.send(Message::Saved(sheet.save(&path).map(|()| path)));
        },
        move |fault| {
            failed.send(Message::Saved(Err(format!(
                "The file could not be saved ({fault}); try again"
            ))));
        },
    )?;
    // Nothing can be asked to stop here: the dialog is closed by who opened it.
    drop(job);
    Ok(())
}

/// Where to; without a dialog it goes where the program's other files are.
fn ask(name: &str) -> Result<Option<PathBuf>, String> {
    let chosen = dialog(|| {
        rfd::FileDialog::new()
            .set_title("Save what the tab shows")
            .set_file_name(name)
            .save_file()
    });
    match chosen {
        Ok(path) => Ok(path),
        Err(_) => match Folders::of_user() {
            Ok(folders) => Ok(Some(folders.data.join("probes").join(name))),
            Err(error) => Err(error.to_string()),
        },
    }
}

/// Asks for a file or folder; the answer comes as a message.
pub fn ask_for(what: ProbeAsk, outbox: &Outbox) -> std::io::Result<()> {
    once(
        "choose-probe",
        outbox,
        move |outbox| {
            let chosen = dialog(|| {
                let dialog = rfd::FileDialog::new();
                match what {
                    ProbeAsk::Save => dialog
                        .set_title("Keep the probe")
                        .add_filter("Probes", &["safetensors"])
                        .set_file_name("probe.safetensors")
                        .save_file(),
                    ProbeAsk::Load => dialog
                        .set_title("Take up a probe")
                        .add_filter("Probes", &["safetensors"])
                        .pick_file(),
                    ProbeAsk::Encoder => dialog
                        .set_title("Choose a checkpoint to compare")
                        .add_filter("Checkpoints", &super::map::CHECKPOINT_ENDINGS)
                        .pick_file(),
                    ProbeAsk::Folder => dialog.set_title("Choose a folder to label").pick_folder(),
                }
            });
            match chosen {
                Ok(Some(path)) => outbox.send(Message::Probe(ProbeMessage::Asked(what, path))),
                Ok(None) => {}
                Err(why) => outbox.send(Message::Fault(why)),
            }
        },
        std::convert::identity,
    )
}

/// Keeps groups of tracks as a table of paths and labels in the user's data folder, named by what it holds; the outcome
/// comes as a message.
pub fn keep_groups(groups: Vec<(PathBuf, String)>, outbox: &Outbox) -> std::io::Result<()> {
    once(
        "keep-groups",
        outbox,
        move |outbox| {
            let kept = Folders::of_user()
                .map_err(|error| error.to_string())
                .and_then(|folders| write_groups(&groups, &folders.data.join("probes")));
            outbox.send(Message::Probe(ProbeMessage::GroupsKept(kept)));
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

/// Keeps a probe; the outcome comes as a message.
pub fn keep(probe: Arc<TrainedProbe>, path: PathBuf, outbox: &Outbox) -> std::io::Result<()> {
    once(
        "keep-probe",
        outbox,
        move |outbox| {
            let saved = probe.save(&path).map_err(|error| error.to_string());
            let saved = ProbeMessage::ProbeSaved(saved.map(|()| path));
            outbox.send(Message::Probe(saved));
        },
        std::convert::identity,
    )
}

/// Reads a probe that was kept; the outcome comes as a message.
pub fn load(path: PathBuf, outbox: &Outbox) -> std::io::Result<()> {
    once(
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
