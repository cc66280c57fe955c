//! The encoders that can be chosen for map, probe and comparison: the two that come with the program, the runs of this
//! user by name, published ones that were fetched, and files that were chosen. The menu and the scoreboard read this one
//! list.

use std::path::{Path, PathBuf};

use mynascope_base::counted;
use mynascope_encoder::{Baseline, CheckpointRef};
use mynascope_hub::{HubName, PUBLISHED, Published};

use super::{AppState, EncoderSource, RunRow, format_config};

/// Where an encoder came from: a heading of the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EncoderOrigin {
    /// It comes with the program.
    Program,
    /// It needs no learning.
    Baseline,
    /// The user trained it.
    Run,
    /// It was fetched from the model hub.
    Hub,
    /// A file or folder that was chosen.
    File,
}

impl EncoderOrigin {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 5] = [
        Self::Program,
        Self::Baseline,
        Self::Run,
        Self::Hub,
        Self::File,
    ];

    /// The heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Program => "With the program",
            Self::Baseline => "Baselines, without learning",
            Self::Run => "Your runs",
            Self::Hub => "From the model hub",
            Self::File => "Files",
        }
    }
}

/// An encoder that is offered.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedEncoder {
    /// Which encoder.
    pub checkpoint: CheckpointRef,
    /// Where it came from.
    pub origin: EncoderOrigin,
    /// What it is called in menus, scores and tables.
    pub name: String,
    /// What it is, in one sentence.
    pub help: String,
}

impl OfferedEncoder {
    fn new(checkpoint: CheckpointRef, origin: EncoderOrigin, help: String) -> Self {
        Self {
            name: name_of_checkpoint(&checkpoint),
            checkpoint,
            origin,
            help,
        }
    }

    /// `None` of a run whose settings are damaged.
    fn of_run(run: &RunRow) -> Option<Self> {
        let about = format_config(run.config.as_ref().ok()?);
        let stands_for = match &run.stands_for {
            Some(step) => format!("read is {step}"),
            None => "it has no checkpoint yet".to_owned(),
        };
        let help = format!("{about}, {}; {stands_for}", counted(run.step, "step"));
        let checkpoint = CheckpointRef::File(run.folder.clone());
        Some(Self::new(checkpoint, EncoderOrigin::Run, help))
    }

    fn of_hub(known: &Published, name: &HubName) -> Self {
        let help = format!("{}, {}: {}", known.name, known.note, known.paper);
        let checkpoint = CheckpointRef::File(name.with_scheme().into());
        Self {
            name: known.name.to_owned(),
            ..Self::new(checkpoint, EncoderOrigin::Hub, help)
        }
    }
}

/// What a checkpoint is called for people.
pub fn name_of_checkpoint(checkpoint: &CheckpointRef) -> String {
    let source = EncoderSource {
        checkpoint: checkpoint.clone(),
        ..EncoderSource::default()
    };
    source.name()
}

impl AppState {
    /// All encoders that can be chosen; those in `also` are among them in any case.
    pub fn encoders(&self, also: &[CheckpointRef]) -> Vec<OfferedEncoder> {
        let mut offered = vec![
            OfferedEncoder::new(
                CheckpointRef::Shipped,
                EncoderOrigin::Program,
                "The small trained encoder that comes with the program".to_owned(),
            ),
            OfferedEncoder::new(
                CheckpointRef::Untrained,
                EncoderOrigin::Program,
                "Random weights: what an encoder scores that learned nothing".to_owned(),
            ),
        ];
        offered.extend(Baseline::ALL.map(|baseline| {
            OfferedEncoder::new(
                CheckpointRef::Baseline(baseline),
                EncoderOrigin::Baseline,
                baseline.explain().to_owned(),
            )
        }));
        let runs = self.training.table.rows.iter().filter(|run| run.step > 0);
        offered.extend(runs.filter_map(OfferedEncoder::of_run));
        // A run that is kept elsewhere is not in the table.
        let elsewhere = self.training.checkpoint().filter(|path| {
            let inside = |offer: &OfferedEncoder| holds(&offer.checkpoint, path);
            !offered.iter().any(inside)
        });
        let elsewhere = elsewhere.map(|path| CheckpointRef::File(path.to_path_buf()));
        let on_disk = self.hub.on_disk.as_deref().unwrap_or_default();
        for (known, _) in PUBLISHED.iter().zip(on_disk).filter(|(_, there)| **there) {
            let name = known.hub.and_then(|name| name.parse::<HubName>().ok());
            offered.extend(name.map(|name| OfferedEncoder::of_hub(known, &name)));
        }
        let files = self.embeddings.files.iter().cloned();
        let files: Vec<CheckpointRef> = files.map(CheckpointRef::File).collect();
        for checkpoint in elsewhere.iter().chain(also).chain(&files) {
            if !offered.iter().any(|offer| offer.checkpoint == *checkpoint) {
                let help = checkpoint.to_string();
                let origin = match help.starts_with("hf:") {
                    true => EncoderOrigin::Hub,
                    false => EncoderOrigin::File,
                };
                offered.push(OfferedEncoder::new(checkpoint.clone(), origin, help));
            }
        }
        offered.sort_by_key(|offer| offer.origin);
        tell_apart(&mut offered);
        offered
    }

    /// A window of the encoder in use, in words for hints: "window of 3.1 s, as the encoder in use reads it (Myna tiny, shipped)".
    pub fn describe_window(&self) -> String {
        let embeddings = &self.embeddings;
        match embeddings.info() {
            None => "window of the encoder in use".to_owned(),
            Some(info) => {
                let source = &embeddings.source;
                let name = match source.checkpoint {
                    CheckpointRef::Shipped | CheckpointRef::Untrained => source.full_name(),
                    _ => format!("{}, {}", source.name(), info.family),
                };
                format!(
                    "window of {:.1}\u{a0}s, as the encoder in use reads it ({name})",
                    info.window.secs
                )
            }
        }
    }

    /// The encoders that are compared: those that were marked, else all that are at hand.
    pub fn compared(&self) -> Vec<CheckpointRef> {
        self.probing.compared.clone().unwrap_or_else(|| {
            let offered = self.encoders(&[]).into_iter();
            // Baselines are marked by who wants them.
            let learned = offered.filter(|offer| offer.origin != EncoderOrigin::Baseline);
            let mut all: Vec<CheckpointRef> = learned.map(|offer| offer.checkpoint).collect();
            let chosen = &self.embeddings.source.checkpoint;
            // A step of a run that is listed stands for the run.
            let listed = |other: &CheckpointRef| match chosen {
                CheckpointRef::File(path) => other == chosen || holds(other, path),
                CheckpointRef::Shipped | CheckpointRef::Untrained | CheckpointRef::Baseline(_) => {
                    other == chosen
                }
            };
            if !all.iter().any(listed) {
                all.push(chosen.clone());
            }
            all
        })
    }

    /// The same, on the device that is chosen.
    pub fn compared_sources(&self) -> Vec<EncoderSource> {
        let chosen = &self.embeddings.source;
        let compared = self.compared().into_iter();
        compared
            .map(|checkpoint| match checkpoint == chosen.checkpoint {
                true => chosen.clone(),
                false => chosen.with_checkpoint(checkpoint),
            })
            .collect()
    }
}

/// Two files of one folder, or of folders of one name, are called by the last parts of their paths.
fn tell_apart(offered: &mut [OfferedEncoder]) {
    let names: Vec<String> = offered.iter().map(|offer| offer.name.clone()).collect();
    for (offer, name) in offered.iter_mut().zip(&names) {
        let same = names.iter().filter(|other| *other == name).count();
        if let (CheckpointRef::File(path), 2.., EncoderOrigin::File) =
            (&offer.checkpoint, same, offer.origin)
        {
            let parts: Vec<_> = path.components().collect();
            let tail = parts.iter().skip(parts.len().saturating_sub(3));
            offer.name = tail.collect::<PathBuf>().display().to_string();
        }
    }
}

/// Whether a file lies in a run folder.
fn holds(run: &CheckpointRef, path: &Path) -> bool {
    match run {
        CheckpointRef::File(folder) => path.starts_with(folder),
        CheckpointRef::Shipped | CheckpointRef::Untrained | CheckpointRef::Baseline(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::model::RunView;
    use mynascope_train::TrainConfig;

    /// The names without those of the baselines, which are always there.
    fn learned(names: &[String]) -> Vec<String> {
        let baselines = Baseline::ALL.map(|baseline| baseline.title().to_owned());
        assert_eq!(names[2..5], baselines);
        let others = names.iter().filter(|name| !baselines.contains(name));
        others.cloned().collect()
    }

    #[test]
    fn files_of_one_name_are_told_apart_by_their_folders() {
        let mut model = AppState::default();
        for file in [
            "/a/mt2-a/model_state_dict.pt",
            "/a/mt2-b/model_state_dict.pt",
            "/a/maest/model.safetensors",
            "/b/maest/model.safetensors",
        ] {
            model.embeddings.use_file(file.into());
        }
        let names: Vec<String> = model.encoders(&[]).into_iter().map(|it| it.name).collect();
        let names = learned(&names);
        assert_eq!(
            names[2..],
            [
                "b/maest/model.safetensors",
                "a/maest/model.safetensors",
                "mt2-b",
                "mt2-a"
            ]
        );
    }

    #[test]
    fn runs_are_offered_by_name_and_what_is_chosen_is_never_missing() {
        let mut model = AppState::default();
        model.training.table.rows = vec![RunRow {
            folder: "/home/runs/bells-2".into(),
            config: Ok(TrainConfig::default()),
            step: 300,
            loss: None,
            best: None,
            stands_for: None,
            map: None,
            changed: None,
        }];
        let mut live = RunView::new("/home/runs/bells-2".into(), TrainConfig::default());
        live.checkpoint = Some("/home/runs/bells-2/step-300/weights.safetensors".into());
        model.training.live = Some(live);
        let names = |model: &AppState, also: &[CheckpointRef]| -> Vec<String> {
            let offered = model.encoders(also).into_iter();
            let names: Vec<String> = offered.map(|offer| offer.name).collect();
            learned(&names)
        };
        assert_eq!(names(&model, &[]), ["Shipped", "Untrained", "bells-2"]);
        let file = CheckpointRef::File("/models/myna-base.pth".into());
        assert_eq!(
            names(&model, &[CheckpointRef::Shipped, file.clone()]),
            ["Shipped", "Untrained", "bells-2", "models/myna-base.pth"]
        );
        assert_eq!(
            model.compared().len(),
            3,
            "the run just trained is compared"
        );
        model.training.live = None;
        assert!(
            model
                .compared()
                .contains(&CheckpointRef::File("/home/runs/bells-2".into()))
        );
        model.probing.compared = Some(vec![file.clone()]);
        assert_eq!(model.compared(), [file]);
        // What was used stays in the menu, and what was fetched stands in it.
        model.embeddings.use_file("/models/maest.ckpt".into());
        model.embeddings.use_file("/home/runs/bells-2".into());
        let mut on_disk = vec![false; PUBLISHED.len()];
        on_disk[0] = true;
        model.hub.on_disk = Some(on_disk);
        assert_eq!(
            names(&model, &[]),
            [
                "Shipped",
                "Untrained",
                "bells-2",
                PUBLISHED[0].name,
                "models/maest.ckpt"
            ]
        );
    }
}
