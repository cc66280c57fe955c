//! The jobs of the Probe layout as a person would type them ("Copy as command").

use std::path::{Path, PathBuf};

use crate::gui::{
    command_line::CommandLine,
    model::{AppState, EncoderSource},
};
use mynascope_encoder::CheckpointRef;
use mynascope_probe::{CompareSettings, ProbeSettings, Protocol, Task};

use super::{CurveKind, ProbeJob, ProbeTab, Probing};

impl ProbeTab {
    /// The job that a tab is about.
    pub fn job(self) -> ProbeJob {
        match self {
            Self::Mistakes | Self::Tracks | Self::Classes => ProbeJob::Probe,
            Self::Data => ProbeJob::Leaks,
            Self::MaskRatio => ProbeJob::Curve(CurveKind::MaskRatio),
            Self::Patchout => ProbeJob::Curve(CurveKind::Patchout),
            Self::Labels => ProbeJob::Curve(CurveKind::Labels),
            Self::Layers => ProbeJob::Curve(CurveKind::Layers),
            Self::Diagnostics => ProbeJob::Diagnose,
            Self::Compare => ProbeJob::Compare,
            Self::Scoreboard => ProbeJob::Probe,
            Self::Groups => ProbeJob::Groups,
            Self::Use => ProbeJob::Use,
        }
    }
}

impl AppState {
    /// How many labels a probe can tell apart: those of the table on the map, else of the open collection.
    pub fn probed_labels(&self) -> usize {
        let table = self.mapping.imported.as_ref().map(|it| it.labels);
        let own = table.filter(|&labels| labels > 1);
        own.unwrap_or_else(|| self.library.labels().len())
    }

    /// A job of the Probe layout as a command; of groups, which a file must hold first, that of [`Probing::group_line`].
    /// Fails where there is nothing to say yet, and says what to do.
    ///
    /// # Errors
    /// Why there is no command for it, for people.
    pub fn probe_command(&self, job: ProbeJob) -> Result<String, &'static str> {
        let (probing, sources) = (&self.probing, self.library.sources.as_slice());
        let source = &self.embeddings.source;
        Ok(match job {
            ProbeJob::Compare => {
                compare_line(sources, &self.compared(), &self.compare_settings(), source)
            }
            ProbeJob::Diagnose => {
                let line = CommandLine::verb("diagnose")
                    .argument("--data")
                    .arguments(sources);
                let line = line.option("seed", probing.form.seed.to_string());
                source.of_all_layers().options(line).to_line()
            }
            ProbeJob::Groups => {
                return Err(
                    "The groups must be in a file first; copy the command in the tab Groups",
                );
            }
            ProbeJob::Use => {
                let active = probing.active.as_ref();
                let Some(kept) = active.and_then(|active| active.path.as_deref()) else {
                    return Err("Save the probe first: the command reads it from its file");
                };
                let on = match probing.used_on.as_slice() {
                    [] => sources,
                    used => used,
                };
                use_line(kept, on)
            }
            ProbeJob::Probe | ProbeJob::Curve(CurveKind::Labels) | ProbeJob::Leaks
                if self.mapping.imported.is_some() =>
            {
                let imported = self.mapping.imported.as_ref();
                let own = imported.filter(|it| it.labels > 1 && probing.form.task == Task::Genre);
                let listed = imported.and_then(|it| it.listed.as_ref());
                let lists = match listed {
                    Some(listed) => std::slice::from_ref(&listed.path),
                    None => own.map_or(sources, |_| &[]),
                };
                let table = imported
                    .map(|it| it.path.as_path())
                    .unwrap_or(Path::new(""));
                probing.table_line(job, table, lists)
            }
            ProbeJob::Probe | ProbeJob::Curve(_) | ProbeJob::Leaks => {
                probing.line(job, sources, source)
            }
        })
    }
}

/// A comparison of encoders; what all do alike is on the device that is chosen.
fn compare_line(
    sources: &[PathBuf],
    encoders: &[CheckpointRef],
    settings: &CompareSettings,
    chosen: &EncoderSource,
) -> String {
    let names = encoders.iter().map(|encoder| match encoder {
        CheckpointRef::File(path) => path.clone(),
        named => named.to_string().into(),
    });
    let names: Vec<PathBuf> = names.collect();
    let line = CommandLine::verb("compare")
        .argument("--data")
        .arguments(sources)
        .argument("--encoders")
        .arguments(&names)
        .option("head", settings.head.to_string())
        .option("protocol", settings.protocol.to_string())
        .option("seed", settings.seed.to_string())
        .option("layers", settings.layers.to_string());
    let shared = chosen.with_checkpoint(CheckpointRef::Shipped);
    shared.options(line).to_line()
}

/// The active probe, on files and folders.
fn use_line(kept: &Path, on: &[PathBuf]) -> String {
    let line = CommandLine::verb("predict").argument(kept).arguments(on);
    line.option("out", "predictions.csv").to_line()
}

impl Probing {
    /// What a probe of groups is asked to do: their names are labels, whatever task is chosen.
    pub fn group_form(&self) -> ProbeSettings {
        ProbeSettings {
            task: Task::Genre,
            protocol: match self.form.protocol {
                Protocol::Folds(folds) => Protocol::Folds(folds),
                _ => Protocol::Quick,
            },
            ..self.form
        }
    }

    /// A job on the open collection with one encoder.
    pub fn line(&self, job: ProbeJob, sources: &[PathBuf], source: &EncoderSource) -> String {
        let line = probe_line(sources, self.form);
        let line = match job {
            ProbeJob::Curve(CurveKind::MaskRatio) => line.argument("--mask-curve"),
            ProbeJob::Curve(CurveKind::Patchout) => {
                let line = line.argument("--patchout-curve");
                return source.reading_all_columns().options(line).to_line();
            }
            ProbeJob::Curve(CurveKind::Labels) => line.argument("--few-shot"),
            ProbeJob::Curve(CurveKind::Layers) => line.argument("--layers"),
            ProbeJob::Leaks => line.argument("--leak"),
            ProbeJob::Probe
            | ProbeJob::Compare
            | ProbeJob::Diagnose
            | ProbeJob::Groups
            | ProbeJob::Use => line,
        };
        source.options(line).to_line()
    }

    /// A job on a table of embeddings, with its own labels or those of what is open.
    fn table_line(&self, job: ProbeJob, table: &Path, labels: &[PathBuf]) -> String {
        let line = CommandLine::verb("probe")
            .argument("--embeddings")
            .argument(table);
        let line = match labels {
            [] => line,
            lists => line.argument("--labels").arguments(lists),
        };
        let line = with_form(line, self.form);
        match job {
            ProbeJob::Curve(_) => line.argument("--few-shot").to_line(),
            ProbeJob::Leaks => line.argument("--leak").to_line(),
            _ => line.to_line(),
        }
    }

    /// The probe of the groups that a table of paths and labels holds.
    pub fn group_line(&self, table: PathBuf, source: &EncoderSource) -> String {
        source
            .options(probe_line(&[table], self.group_form()))
            .to_line()
    }
}

fn probe_line(sources: &[PathBuf], form: ProbeSettings) -> CommandLine {
    let line = CommandLine::verb("probe")
        .argument("--data")
        .arguments(sources);
    with_form(line, form)
}

fn with_form(line: CommandLine, form: ProbeSettings) -> CommandLine {
    line.option("task", form.task.to_string())
        .option("head", form.head.to_string())
        .option("protocol", form.protocol.to_string())
        .option("seed", form.seed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_encoder::Patching;

    #[test]
    fn the_command_quotes_and_names_the_encoder() {
        let probing = Probing::default();
        let source = EncoderSource {
            checkpoint: CheckpointRef::File("/runs/my run".into()),
            patch: Some(Patching::Vertical),
            ..EncoderSource::default()
        };
        assert_eq!(
            probing.line(ProbeJob::Leaks, &["/music/a b".into()], &source),
            "mynascope probe --data '/music/a b' --task genre --head linear --protocol quick --seed 0 --leak \
             --checkpoint '/runs/my run' --patch vertical"
        );
    }

    #[test]
    fn every_job_has_a_command_or_says_what_to_do_first() {
        let mut model = AppState::default();
        model.library.sources = vec!["demo".into()];
        model.embeddings.source.reading.layer = Some(2);
        assert_eq!(
            model.probe_command(ProbeJob::Compare).unwrap(),
            "mynascope compare --data demo --encoders shipped untrained --head linear --protocol quick --seed 0 \
             --layers published"
        );
        assert_eq!(
            model.probe_command(ProbeJob::Diagnose).unwrap(),
            "mynascope diagnose --data demo --seed 0",
            "all layers"
        );
        let first = model.probe_command(ProbeJob::Use).unwrap_err();
        assert!(first.starts_with("Save the probe first"));
        for tab in ProbeTab::ALL {
            let ready = !matches!(tab.job(), ProbeJob::Use | ProbeJob::Groups);
            assert_eq!(model.probe_command(tab.job()).is_ok(), ready, "{tab:?}");
        }
        assert_eq!(
            use_line(Path::new("/p/my probe.safetensors"), &["/music".into()]),
            "mynascope predict '/p/my probe.safetensors' /music --out predictions.csv"
        );
        let groups = model
            .probing
            .group_line("/g.csv".into(), &EncoderSource::default());
        assert!(groups.starts_with("mynascope probe --data /g.csv --task genre"));
    }
}
