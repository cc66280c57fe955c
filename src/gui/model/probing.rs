use std::{path::PathBuf, sync::Arc};

use crate::{
    gui::command_line::CommandLine,
    jobs::Progress,
    probe::{Head, ProbeReport, ProbeSettings, Protocol, Task, TrackPrediction},
};

use super::{EncoderSource, JobId, Running};

/// What the Probe panel shows.
#[derive(Default)]
pub struct Probing {
    pub form: ProbeSettings,
    pub running: Option<Running>,
    pub result: Option<ProbeResult>,
    /// Why the last probe gave no score.
    pub error: Option<String>,
    /// The cell of the confusion matrix whose tracks are listed: truth and prediction.
    pub cell: Option<(usize, usize)>,
}

/// A report, made ready to be drawn.
#[derive(Debug, Clone)]
pub struct ProbeResult {
    pub report: Arc<ProbeReport>,
    /// Indices of the wrong predictions, the most confident first.
    pub mistakes: Vec<usize>,
    /// Tested tracks of each class.
    pub tested: Vec<usize>,
}

impl ProbeResult {
    /// Sorts the mistakes.
    pub fn new(report: Arc<ProbeReport>) -> Self {
        let confidence = |index: &usize| {
            let prediction = report.predictions.get(*index);
            prediction.map_or(0.0, |prediction| prediction.confidence)
        };
        let mut mistakes: Vec<usize> = report
            .predictions
            .iter()
            .enumerate()
            .filter(|(_, prediction)| prediction.truth != prediction.prediction)
            .map(|(index, _)| index)
            .collect();
        mistakes.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)));
        let tested = report
            .confusion
            .iter()
            .map(|row| row.iter().sum())
            .collect();
        Self {
            mistakes,
            tested,
            report,
        }
    }

    /// The name of a class.
    pub fn class(&self, index: usize) -> &str {
        self.report.classes.get(index).map_or("?", String::as_str)
    }

    /// Predictions of a cell of the confusion matrix, or all mistakes, the most confident first.
    pub fn listed(&self, cell: Option<(usize, usize)>) -> Vec<&TrackPrediction> {
        let predictions = &self.report.predictions;
        match cell {
            None => self
                .mistakes
                .iter()
                .filter_map(|&index| predictions.get(index))
                .collect(),
            Some(cell) => {
                let mut inside: Vec<&TrackPrediction> = predictions
                    .iter()
                    .filter(|one| (one.truth, one.prediction) == cell)
                    .collect();
                inside.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
                inside
            }
        }
    }
}

/// What a user can do in the Probe panel.
#[derive(Debug, Clone)]
pub enum ProbeCommand {
    Edit(ProbeSettings),
    Run,
    Cancel,
    /// Lists the tracks of a cell of the confusion matrix, or all mistakes.
    ShowCell(Option<(usize, usize)>),
    /// Shows a track and plays it.
    Choose(PathBuf),
    /// Puts the command of the probe on the clipboard.
    Copy,
}

/// What the background work of the Probe panel sends.
pub enum ProbeMessage {
    Progress(JobId, Progress),
    Finished(JobId, Arc<ProbeReport>),
    /// The checkpoint doesn't say how its patches are cut.
    NeedsPatch(JobId),
    Failed(JobId, String),
}

/// The protocols that are offered.
pub const PROTOCOLS: [Protocol; 3] = [Protocol::Quick, Protocol::Clean, Protocol::Folds(5)];

/// What a task predicts, in one sentence.
pub fn explain_task(task: Task) -> &'static str {
    match task {
        Task::Genre => "The label of a track: its genre, style or sub-folder",
        Task::Key => "One of 24 keys; near misses count in part, as in MIREX",
        Task::Tags => "Every tag that some tracks have: yes or no",
        Task::Emotion => "Arousal and valence as numbers",
    }
}

/// What a head does, in one sentence.
pub fn explain_head(head: Head) -> &'static str {
    match head {
        Head::Linear => {
            "Logistic regression (ridge regression for numbers): can straight cuts tell them apart?"
        }
        Head::Ridge => "Ridge regression in closed form: the fastest answer, for every task",
        Head::Mlp => "A hidden layer of 512 with dropout, by Adam: what published probes use",
        Head::Knn => {
            "Vote of the most similar training windows: asks whether neighbours share a label"
        }
    }
}

/// What a protocol does, in one sentence.
pub fn explain_protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Quick => {
            "One split by track, about 60 % to learn, 20 % to choose settings, 20 % to test"
        }
        Protocol::Clean => {
            "The published split where the collection has one (GTZAN: fault-filtered), else as one split"
        }
        Protocol::Folds(_) => {
            "Every track is tested once, by a probe that never saw it; slower and steadier"
        }
    }
}

impl Probing {
    /// Whether a message belongs to the job that runs.
    pub fn is_running(&self, job: JobId) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.id == job)
    }

    /// The probe as a person would run it on the command line.
    pub fn command(&self, sources: &[PathBuf], source: &EncoderSource) -> String {
        let line = CommandLine::verb("probe")
            .argument("--data")
            .arguments(sources)
            .option("task", self.form.task.to_string())
            .option("head", self.form.head.to_string())
            .option("protocol", self.form.protocol.to_string())
            .option("seed", self.form.seed.to_string());
        source.options(line).to_line()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::SplitSizes;

    fn report() -> ProbeReport {
        let prediction = |name: &str, truth, prediction, confidence| TrackPrediction {
            path: name.into(),
            truth,
            prediction,
            confidence,
        };
        ProbeReport {
            task: "genre".to_owned(),
            head: "linear".to_owned(),
            protocol: "quick".to_owned(),
            encoder: "test".to_owned(),
            classes: vec!["dub".to_owned(), "folk".to_owned()],
            metric: "accuracy".to_owned(),
            score: 0.5,
            metrics: [("accuracy".to_owned(), 0.5)].into(),
            interval: [0.15, 0.85],
            intervals: [("accuracy".to_owned(), [0.15, 0.85])].into(),
            baseline: 0.5,
            targets: Vec::new(),
            outputs: Vec::new(),
            folds: Vec::new(),
            deviation: None,
            confusion: vec![vec![1, 1], vec![1, 1]],
            split: SplitSizes::default(),
            chosen: Vec::new(),
            predictions: vec![
                prediction("a", 0, 0, 0.9),
                prediction("b", 0, 1, 0.6),
                prediction("c", 1, 0, 0.8),
                prediction("d", 1, 1, 0.7),
            ],
            notes: Vec::new(),
            seconds: 0.1,
        }
    }

    #[test]
    fn the_most_confident_mistake_comes_first_and_a_cell_lists_its_tracks() {
        let result = ProbeResult::new(Arc::new(report()));
        let names = |cell| -> Vec<String> {
            let listed = result.listed(cell);
            listed
                .iter()
                .map(|one| one.path.display().to_string())
                .collect()
        };
        assert_eq!(names(None), ["c", "b"]);
        assert_eq!(names(Some((1, 1))), ["d"]);
        assert_eq!(result.tested, [2, 2]);
    }

    #[test]
    fn the_command_quotes_and_names_the_encoder() {
        let probing = Probing::default();
        let source = EncoderSource {
            checkpoint: crate::encoder::CheckpointRef::File("/runs/my run".into()),
            patch: Some(crate::encoder::EncoderKind::Vertical),
            ..EncoderSource::default()
        };
        assert_eq!(
            probing.command(&["/music/a b".into()], &source),
            "mynascope probe --data '/music/a b' --task genre --head linear --protocol quick --seed 0 \
             --checkpoint '/runs/my run' --patch vertical"
        );
    }
}
