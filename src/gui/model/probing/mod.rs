//! What the Probe layout shows.

mod answers;
mod board;
mod curve;
mod export;
mod groups;
mod held;
mod radio;

pub use answers::{Answer, AnswerColumn, AnswerSort, Broken, Found, ProbeResult};
pub use board::ScoreRow;
pub use curve::{CurveKind, ScoreCurve, ScorePoint};
pub use export::Sheet;
pub use groups::TrackGroups;
pub use held::{HeldProbe, Strip};
pub use radio::{RADIO_SECS, Radio};

use std::{path::PathBuf, sync::Arc};

use crate::{
    gui::command_line::CommandLine,
    jobs::Progress,
    probe::{
        Head, LeakReport, Predictions, ProbeSettings, Protocol, PublishedScore, Task, TrackAnswer,
        TrainedProbe, published_scores,
    },
};

use super::{EncoderSource, JobId, Running};

/// The state of the Probe layout.
#[derive(Debug, Clone)]
pub struct Probing {
    pub form: ProbeSettings,
    pub running: Option<Running>,
    pub result: Option<ProbeResult>,
    /// Why the last probe gave no score.
    pub error: Option<String>,
    /// The cell of the confusion matrix whose tracks are listed: truth and prediction.
    pub cell: Option<(usize, usize)>,
    pub tab: ProbeTab,
    /// How the list of all tested tracks is sorted, ...
    pub sort: AnswerSort,
    /// ... and the places of the answers in that order.
    pub order: Vec<usize>,
    /// The listed tracks are being played one after the other.
    pub radio: Option<Radio>,
    /// What was started last.
    pub job: ProbeJob,
    /// What others published.
    pub published: Arc<[PublishedScore]>,
    /// How much of a score comes from a leak.
    pub leaks: Option<LeakReport>,
    /// Every score of this session, the newest first.
    pub runs: Vec<ScoreRow>,
    /// The probe that answers for the shown track and for folders, ...
    pub held: Option<HeldProbe>,
    /// ... what it says of the shown track over time, ...
    pub strip: Option<Strip>,
    /// Groups that the user makes of tracks, ...
    pub groups: TrackGroups,
    /// ... and the name that is typed for one.
    pub group_text: String,
    /// ... and what it said of other tracks.
    pub predictions: Option<Arc<Predictions>>,
    curves: [Option<ScoreCurve>; CurveKind::ALL.len()],
}

impl Default for Probing {
    fn default() -> Self {
        Self {
            form: Default::default(),
            running: Default::default(),
            result: Default::default(),
            error: Default::default(),
            cell: Default::default(),
            tab: Default::default(),
            sort: Default::default(),
            order: Default::default(),
            radio: Default::default(),
            job: Default::default(),
            published: published_scores().into(),
            leaks: Default::default(),
            runs: Default::default(),
            held: Default::default(),
            strip: Default::default(),
            groups: Default::default(),
            group_text: Default::default(),
            predictions: Default::default(),
            curves: Default::default(),
        }
    }
}

/// A job of the Probe layout; one runs at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProbeJob {
    #[default]
    Probe,
    Curve(CurveKind),
    /// The same probe for several encoders.
    Compare,
    /// The search for leaks.
    Leaks,
    /// The probe at hand answers for tracks.
    Use,
}

/// What the file dialog is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeAsk {
    /// Where the probe at hand is kept.
    Save,
    /// A probe that was kept.
    Load,
    /// A folder that the probe shall answer for.
    Folder,
}

/// What the right side of the Probe layout shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ProbeTab {
    /// The confusion matrix and the mistakes, to be heard.
    #[default]
    Mistakes,
    /// Every tested track.
    Tracks,
    /// Precision and recall of each class, the score of each tag or dimension.
    Classes,
    /// What there was to learn and test with.
    Data,
    /// The score against the share of dropped tokens.
    MaskRatio,
    /// The score against the number of labelled tracks.
    Labels,
    /// The score after every block.
    Layers,
    /// Scores of several encoders beside each other.
    Board,
    /// Groups of tracks that the user makes.
    Groups,
    /// The probe in use.
    Use,
}

impl ProbeTab {
    /// All of them, in the order of their buttons.
    pub const ALL: [Self; 10] = [
        Self::Mistakes,
        Self::Tracks,
        Self::Classes,
        Self::Data,
        Self::MaskRatio,
        Self::Labels,
        Self::Layers,
        Self::Board,
        Self::Groups,
        Self::Use,
    ];

    /// What stands on its button.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mistakes => "Mistakes",
            Self::Tracks => "Tracks",
            Self::Classes => "Classes",
            Self::Data => "Data",
            Self::MaskRatio => "Mask ratio",
            Self::Labels => "Few labels",
            Self::Layers => "Layers",
            Self::Board => "Scoreboard",
            Self::Groups => "Groups",
            Self::Use => "Use",
        }
    }

    /// What it shows, in one sentence.
    pub fn help(self) -> &'static str {
        match self {
            Self::Mistakes => "Which labels are taken for which, and every mistake to be heard",
            Self::Tracks => "What was said about every tested track, and how surely",
            Self::Classes => "How well each class, tag or dimension is told apart",
            Self::Data => {
                "How many tracks of each part were found, and which files were missing or broken"
            }
            Self::MaskRatio => {
                "How the score falls as tokens are dropped, and what was left to hear"
            }
            Self::Labels => "How many labelled tracks the probe needs",
            Self::Layers => "What each block of the encoder knows",
            Self::Board => {
                "Scores of several encoders beside each other, and what others published"
            }
            Self::Groups => {
                "Name groups of selected tracks, and train a probe that tells them apart"
            }
            Self::Use => "Keep the probe, and let it answer for other tracks",
        }
    }
}

/// A kind of file that a tab is kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeFile {
    /// What it looks like.
    Png,
    /// Its numbers.
    Csv,
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
    ShowTab(ProbeTab),
    /// Sorts the list of all tested tracks.
    Sort(AnswerSort),
    /// Plays the listed tracks one after the other, from one of them on.
    StartRadio(usize),
    /// Goes so many tracks further on.
    StepRadio(isize),
    /// Ends it; with the sound.
    StopRadio,
    /// Asks where to, and saves what the tab shows.
    Save(ProbeFile),
    /// Saves what the tab shows there.
    SaveTo(ProbeFile, PathBuf),
    /// Puts the command of the probe on the clipboard.
    Copy,
    /// Scores the probe again and again while something is varied.
    DrawCurve(CurveKind),
    /// Compares the split with folds by file and looks for tracks that are nearly the same.
    FindLeaks,
    /// What is typed as the name of a group.
    GroupText(String),
    /// Puts the selected tracks into a group.
    Group(String),
    MoveToGroup(PathBuf, String),
    GiveUpGroup(String),
    /// Trains a probe on the groups.
    TrainGroups,
    /// Probes several encoders with the same settings.
    Compare,
    /// Asks for a file or folder.
    Ask(ProbeAsk),
    /// Keeps the probe at hand.
    SaveProbe(PathBuf),
    /// Takes up a probe that was kept.
    LoadProbe(PathBuf),
    /// Lets the probe at hand answer for files and folders.
    UseOn(Vec<PathBuf>),
    /// Lets it answer for the open collection.
    UseHere,
    /// Puts the command of a curve on the clipboard.
    CopyCurve(CurveKind),
}

/// What the background work of the Probe panel sends.
pub enum ProbeMessage {
    Progress(JobId, Progress),
    /// A probe was trained and tested: what it said, the probe itself, its row on the scoreboard.
    Finished(JobId, Box<(ProbeResult, HeldProbe, ScoreRow)>),
    /// One of several encoders was probed.
    Compared(JobId, Box<ScoreRow>),
    /// All of them were.
    AllCompared(JobId),
    /// The search for leaks has ended.
    Leaks(JobId, Box<LeakReport>),
    /// What the file dialog gave.
    Asked(ProbeAsk, PathBuf),
    /// The probe at hand was kept, or why not.
    ProbeSaved(Result<PathBuf, String>),
    /// A probe was taken up, or why not.
    Loaded(PathBuf, Result<Arc<TrainedProbe>, String>),
    /// The probe at hand answered.
    Used(JobId, Arc<Predictions>),
    /// What it says of a track over time.
    Strip(PathBuf, Result<TrackAnswer, String>),
    /// A point of a curve is known.
    Point(JobId, CurveKind, ScorePoint),
    /// A curve is done.
    Drawn(JobId, CurveKind, Box<ScoreCurve>),
    /// The checkpoint doesn't say how its patches are cut.
    NeedsPatch(JobId),
    Failed(JobId, String),
}

/// The protocols that are offered.
pub const PROTOCOLS: [Protocol; 4] = [
    Protocol::Quick,
    Protocol::Clean,
    Protocol::Folds(5),
    Protocol::Paper,
];

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
            "One split by track, about half to learn, a quarter to choose settings, a quarter to test"
        }
        Protocol::Clean => {
            "The published split where the collection has one (GTZAN: fault-filtered), else as one split"
        }
        Protocol::Paper => {
            "The published grid, chosen on the test part as published: to compare, not to trust"
        }
        Protocol::Folds(_) => {
            "Every track is tested once, by a probe that never saw it; slower and steadier"
        }
    }
}

impl Probing {
    /// Clears what belongs to a collection that is not open any more.
    pub fn forget(&mut self) {
        *self = Self {
            form: self.form,
            tab: self.tab,
            sort: self.sort,
            published: Arc::clone(&self.published),
            runs: std::mem::take(&mut self.runs),
            held: self.held.take(),
            ..Self::default()
        };
    }

    /// Shows a new result.
    pub fn show(&mut self, result: ProbeResult) {
        self.running = None;
        self.cell = None;
        self.radio = None;
        self.order = result.sorted(self.sort);
        self.result = Some(result);
    }

    /// Adds a row to the scoreboard.
    pub fn add_run(&mut self, row: ScoreRow) {
        board::add(&mut self.runs, row);
    }

    /// Takes up a probe; what another one said goes.
    pub fn hold(&mut self, held: HeldProbe) {
        self.held = Some(held);
        self.strip = None;
        self.predictions = None;
    }

    /// Sorts the list of all tested tracks.
    pub fn sort(&mut self, sort: AnswerSort) {
        self.sort = sort;
        if let Some(result) = &self.result {
            self.order = result.sorted(sort);
        }
    }

    /// What a tab shows, in one line.
    pub fn title(&self) -> String {
        let tab = self.tab.name();
        let curve = CurveKind::ALL
            .into_iter()
            .find(|kind| kind.tab() == self.tab);
        if let Some(curve) = curve.and_then(|kind| self.curve(kind)) {
            return format!("{tab}: {}", curve.about);
        }
        let Some(result) = &self.result else {
            return tab.to_owned();
        };
        let report = &result.report;
        let (head, protocol) = (&report.head, &report.protocol);
        format!("{tab}: {head} head, {protocol}, {}", report.encoder)
    }

    /// The answer that the radio plays.
    pub fn on_air(&self) -> Option<&Answer> {
        let place = self.radio.as_ref()?.answer()?;
        self.result.as_ref()?.answers.get(place)
    }

    /// A curve, as far as it is known.
    pub fn curve(&self, kind: CurveKind) -> Option<&ScoreCurve> {
        self.curves.get(kind.index())?.as_ref()
    }

    /// Shows a curve in place of the one before.
    pub fn show_curve(&mut self, kind: CurveKind, curve: ScoreCurve) {
        if let Some(place) = self.curves.get_mut(kind.index()) {
            *place = Some(curve);
        }
    }

    /// Adds a point to a curve.
    pub fn add_point(&mut self, kind: CurveKind, point: ScorePoint) {
        if let Some(Some(curve)) = self.curves.get_mut(kind.index()) {
            curve.points.push(point);
        }
    }

    /// Whether a curve is being computed.
    pub fn draws(&self, kind: CurveKind) -> bool {
        self.running.is_some() && self.job == ProbeJob::Curve(kind)
    }

    /// Whether a message belongs to the job that runs.
    pub fn is_running(&self, job: JobId) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.id == job)
    }

    /// A curve as a person would draw it on the command line.
    pub fn curve_command(
        &self,
        kind: CurveKind,
        sources: &[PathBuf],
        source: &EncoderSource,
    ) -> String {
        let line = match kind {
            CurveKind::MaskRatio => self.line(sources).argument("--mask-curve"),
            CurveKind::Labels => self.line(sources).argument("--few-shot"),
            CurveKind::Layers => self.line(sources).argument("--layers"),
        };
        source.options(line).to_line()
    }

    /// The probe as a person would run it on the command line.
    pub fn command(&self, sources: &[PathBuf], source: &EncoderSource) -> String {
        source.options(self.line(sources)).to_line()
    }

    fn line(&self, sources: &[PathBuf]) -> CommandLine {
        CommandLine::verb("probe")
            .argument("--data")
            .arguments(sources)
            .option("task", self.form.task.to_string())
            .option("head", self.form.head.to_string())
            .option("protocol", self.form.protocol.to_string())
            .option("seed", self.form.seed.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        collection::{Collection, CollectionKind},
        embedding::{EmbeddingTable, Level},
        gui::model::{EncoderSource, KeyedTable, TableKey},
        probe::{ProbeReport, SplitSizes, TrackPrediction},
    };

    fn result() -> ProbeResult {
        let collection = Collection {
            name: String::new(),
            kind: CollectionKind::Files,
            tracks: Vec::new(),
            split: None,
            notes: Vec::new(),
        };
        let table = KeyedTable {
            key: TableKey::new(&collection, &EncoderSource::default()),
            id: crate::probe::EncoderId::default(),
            table: EmbeddingTable::empty(1, String::new(), Level::Window),
            skipped: vec![("gone".into(), "it is gone".to_owned())],
            windows_per_second: 0.0,
            seconds: 0.0,
        };
        ProbeResult::new(Arc::new(report()), &collection, &table)
    }

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
            grid: Vec::new(),
            notes: Vec::new(),
            seconds: 0.1,
        }
    }

    #[test]
    fn the_most_confident_mistake_comes_first_and_a_cell_lists_its_tracks() {
        let result = result();
        let names = |places: Vec<usize>| -> Vec<String> {
            let titles = places
                .iter()
                .map(|&place| result.answers[place].title.clone());
            titles.collect()
        };
        assert_eq!(names(result.listed(None)), ["c", "b"]);
        assert_eq!(names(result.listed(Some((1, 1)))), ["d"]);
        assert_eq!(result.tested, [2, 2]);
        let sort = |by, back| names(result.sorted(AnswerSort { by, back }));
        assert_eq!(sort(AnswerColumn::Weight, false), ["a", "c", "d", "b"]);
        assert_eq!(sort(AnswerColumn::Weight, true), ["b", "d", "c", "a"]);
        assert_eq!(sort(AnswerColumn::Right, false), ["b", "c", "a", "d"]);
    }

    #[test]
    fn every_tab_with_numbers_is_a_table_that_names_its_columns() {
        let mut probing = Probing::default();
        assert_eq!(probing.table(ProbeTab::Tracks), None);
        probing.show(result());
        let line = |tab, row: usize| probing.table(tab).unwrap()[row].join(",");
        assert_eq!(line(ProbeTab::Mistakes, 0), "true \\ predicted,dub,folk");
        assert_eq!(line(ProbeTab::Mistakes, 1), "dub,1,1");
        assert_eq!(line(ProbeTab::Tracks, 1), "a,a,dub,dub,0.9,true");
        assert_eq!(line(ProbeTab::Data, 1), "gone,it is gone");
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
