//! The encoders that can be chosen for map, probe and comparison: the two that come with the program, the runs of this
//! user by name, and files that were chosen. The menus and the scoreboard read this one list.

use std::path::Path;

use mynascope_base::counted;
use mynascope_encoder::CheckpointRef;

use super::{AppState, EncoderSource, RunRow, format_config};

/// An encoder that is offered.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedEncoder {
    /// Which encoder.
    pub checkpoint: CheckpointRef,
    /// What it is called in menus, scores and tables.
    pub name: String,
    /// What it is, in one sentence.
    pub help: String,
}

impl OfferedEncoder {
    fn new(checkpoint: CheckpointRef, help: String) -> Self {
        Self {
            name: name_of(&checkpoint),
            checkpoint,
            help,
        }
    }

    fn of_run(run: &RunRow) -> Self {
        let about = format_config(&run.config);
        let best = match &run.best {
            Some((score, of)) => format!("its best step counts ({of} {score:.3})"),
            None => "its best step counts, else its newest".to_owned(),
        };
        let help = format!("{about}, {}; {best}", counted(run.step, "step"));
        Self::new(CheckpointRef::File(run.folder.clone()), help)
    }
}

fn name_of(checkpoint: &CheckpointRef) -> String {
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
                "The small trained encoder that comes with the program".to_owned(),
            ),
            OfferedEncoder::new(
                CheckpointRef::Untrained,
                "Random weights: what an encoder scores that learned nothing".to_owned(),
            ),
        ];
        let runs = self.training.table.rows.iter().filter(|run| run.step > 0);
        offered.extend(runs.map(OfferedEncoder::of_run));
        // A run that is kept elsewhere is not in the table.
        let elsewhere = self.training.checkpoint().filter(|path| {
            let inside = |offer: &OfferedEncoder| holds(&offer.checkpoint, path);
            !offered.iter().any(inside)
        });
        let elsewhere = elsewhere.map(|path| CheckpointRef::File(path.to_path_buf()));
        for checkpoint in elsewhere.iter().chain(also) {
            if !offered.iter().any(|offer| offer.checkpoint == *checkpoint) {
                let help = checkpoint.to_string();
                offered.push(OfferedEncoder::new(checkpoint.clone(), help));
            }
        }
        offered
    }

    /// The encoders that are compared: those that were marked, else shipped, untrained and the user's own: the file or run
    /// that is chosen, or the newest run.
    pub fn compared(&self) -> Vec<CheckpointRef> {
        let newest = || {
            let run = self.training.table.rows.iter().find(|run| run.step > 0);
            run.map(|run| run.folder.clone())
        };
        let own = || (self.own_checkpoint().or_else(newest)).map(CheckpointRef::File);
        self.probing.compared.clone().unwrap_or_else(|| {
            let program = [CheckpointRef::Shipped, CheckpointRef::Untrained];
            program.into_iter().chain(own()).collect()
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

/// Whether a file lies in a run folder.
fn holds(run: &CheckpointRef, path: &Path) -> bool {
    match run {
        CheckpointRef::File(folder) => path.starts_with(folder),
        CheckpointRef::Shipped | CheckpointRef::Untrained => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::model::RunView;
    use mynascope_train::TrainConfig;

    #[test]
    fn runs_are_offered_by_name_and_what_is_chosen_is_never_missing() {
        let mut model = AppState::default();
        model.training.table.rows = vec![RunRow {
            folder: "/home/runs/bells-2".into(),
            config: TrainConfig::default(),
            step: 300,
            loss: None,
            best: Some((0.61, "style".to_owned())),
            map: None,
            changed: None,
        }];
        let mut live = RunView::new("/home/runs/bells-2".into(), TrainConfig::default());
        live.checkpoint = Some("/home/runs/bells-2/step-300/weights.safetensors".into());
        model.training.live = Some(live);
        let names = |model: &AppState, also: &[CheckpointRef]| -> Vec<String> {
            let offered = model.encoders(also).into_iter();
            offered.map(|offer| offer.name).collect()
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
    }
}
