//! What the Probe layout shows.

mod active_probe;
mod answered;
mod answers;
mod compared;
mod curve;
mod diagnosis;
mod explain;
mod export;
mod groups;
mod job;
mod left;
mod lines;
mod radio;
mod ready;
mod scoreboard;
mod tab;

pub use active_probe::{ActiveProbe, PredictionTimeline, TrackRole};
pub use answered::{AnswerList, AnsweredColumn, AnsweredForm, HeardFile};
pub use answers::{Answer, AnswerColumn, AnswerSort, Broken, Found, ProbeResult};
pub use compared::ShownComparison;
pub use curve::{CurveKind, ScoreCurve, ScorePoint};
pub use diagnosis::ShownDiagnosis;
pub use explain::{PROTOCOLS, explain_head, explain_protocol, explain_task};
pub use export::Sheet;
pub use groups::TrackGroups;
pub use job::{ProbeFound, ProbeJob};
pub use radio::{RADIO_SECS, Radio};
pub use scoreboard::{
    BoardColumn, BoardView, format_score, protocols as board_protocols, question,
};
pub use tab::ProbeTab;

use std::{path::PathBuf, sync::Arc};

use mynascope_encoder::CheckpointRef;
use mynascope_probe::{
    LayerChoice, LeakReport, Predictions, ProbeSettings, PublishedScore, SavedScore, SavedScores,
    head_name, protocol_name, published_scores,
};

use crate::gui::jobs::JobSlot;

use super::EmbedError;

/// What a user sets of how the results are shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProbeView {
    /// The shown tab.
    pub tab: ProbeTab,
    /// How the list of all tested tracks is sorted.
    pub sort: AnswerSort,
    /// The cell of the confusion matrix whose tracks are listed: truth and prediction. All mistakes where there is none.
    pub cell: Option<(usize, usize)>,
    /// What is typed as the name of a group.
    pub group_text: String,
    /// Which layer of each encoder the next comparison probes.
    pub layers: LayerChoice,
    /// What is shown of the scoreboard.
    pub board: BoardView,
    /// Which answers of the active probe are listed.
    pub answered: AnsweredForm,
}

/// The state of the Probe layout.
#[derive(Debug, Clone)]
pub struct Probing {
    /// What the next probe is asked to do.
    pub form: ProbeSettings,
    /// The job that runs.
    pub job: JobSlot<ProbeFound, EmbedError>,
    /// The last result.
    pub result: Option<ProbeResult>,
    /// Why the last probe gave no score.
    pub error: Option<String>,
    /// What is shown of the results.
    pub view: ProbeView,
    /// The places of the answers, in the order in which all tested tracks are listed.
    pub order: Vec<usize>,
    /// The listed tracks are being played one after the other.
    pub radio: Option<Radio>,
    /// What was started last.
    pub started: ProbeJob,
    /// What others published.
    pub published: Arc<[PublishedScore]>,
    /// How much of a score comes from a leak.
    pub leaks: Option<LeakReport>,
    /// The layers of an encoder, measured without labels.
    pub diagnosis: Option<ShownDiagnosis>,
    /// Several encoders on every task.
    pub comparison: Option<ShownComparison>,
    /// Every score of this user, the newest first.
    pub runs: Vec<SavedScore>,
    /// How far apart the two chosen scores are, or why that cannot be told.
    pub difference: Option<Result<String, String>>,
    /// Lines among the kept scores that are none, and the file they stay in.
    pub unreadable: Option<(usize, PathBuf)>,
    /// The encoders that were marked to be compared; `None` while nobody has.
    pub compared: Option<Vec<CheckpointRef>>,
    /// The probe that answers for the shown track and for folders, ...
    pub active: Option<ActiveProbe>,
    /// ... what it says of the shown track over time, ...
    pub timeline: Option<PredictionTimeline>,
    /// Groups that the user makes of tracks.
    pub groups: TrackGroups,
    /// ... and what it said of other tracks: of these files and folders; of the open collection, where none is named.
    pub used_on: Vec<PathBuf>,
    /// What it predicted there, ...
    pub predictions: Option<Arc<Predictions>>,
    /// ... as the list shows it, ...
    pub answered: AnswerList,
    /// ... and which of these files is heard without being open.
    pub heard: Option<HeardFile>,
    curves: [Option<ScoreCurve>; CurveKind::ALL.len()],
}

impl Default for Probing {
    fn default() -> Self {
        Self {
            form: Default::default(),
            job: Default::default(),
            result: Default::default(),
            error: Default::default(),
            view: Default::default(),
            order: Default::default(),
            radio: Default::default(),
            started: Default::default(),
            published: published_scores().into(),
            leaks: Default::default(),
            diagnosis: Default::default(),
            comparison: Default::default(),
            runs: Default::default(),
            difference: Default::default(),
            unreadable: Default::default(),
            compared: Default::default(),
            used_on: Default::default(),
            active: Default::default(),
            timeline: Default::default(),
            groups: Default::default(),
            predictions: Default::default(),
            answered: Default::default(),
            heard: Default::default(),
            curves: Default::default(),
        }
    }
}

impl Probing {
    /// Clears what belongs to a collection that is not open any more.
    pub fn forget(&mut self) {
        // Answers about files that were named are about these, whatever is open.
        let named = !self.used_on.is_empty();
        *self = Self {
            predictions: self.predictions.take().filter(|_| named),
            answered: std::mem::take(&mut self.answered),
            used_on: std::mem::take(&mut self.used_on),
            form: self.form,
            view: ProbeView {
                cell: None,
                group_text: String::new(),
                ..self.view.clone()
            },
            published: Arc::clone(&self.published),
            runs: std::mem::take(&mut self.runs),
            unreadable: self.unreadable.take(),
            compared: self.compared.take(),
            // It can be applied to what comes, but not unasked.
            active: self.active.take().map(|active| ActiveProbe {
                at_home: false,
                shown: false,
                ..active
            }),
            ..Self::default()
        };
    }

    /// Takes away what a failed run would leave of the one before, as if it were its own.
    pub fn clear_result(&mut self) {
        self.result = None;
        self.radio = None;
        self.view.cell = None;
        self.order.clear();
    }

    /// Shows a new result.
    pub fn show(&mut self, result: ProbeResult) {
        self.view.cell = None;
        self.radio = None;
        self.order = result.sorted(self.view.sort);
        self.result = Some(result);
    }

    /// Takes in what is known of a comparison. Returns the scores that are new, which stand on the scoreboard from now on.
    pub fn take_in_comparison(&mut self, shown: ShownComparison) -> Vec<SavedScore> {
        let new = shown.new_scores(self.comparison.as_ref());
        for score in &new {
            self.add_run(score.clone());
        }
        self.comparison = Some(shown);
        new
    }

    /// Adds a row to the scoreboard.
    pub fn add_run(&mut self, row: SavedScore) {
        scoreboard::add(&mut self.runs, row);
    }

    /// Takes in what was kept before; rows of this session stay above it.
    pub fn take_in_scores(&mut self, kept: SavedScores) {
        scoreboard::append(&mut self.runs, kept.scores);
        self.unreadable = (kept.unreadable > 0).then_some((kept.unreadable, kept.file));
    }

    /// Marks an encoder to be compared, or takes the mark away. `marked` is what is marked now.
    pub fn mark(&mut self, mut marked: Vec<CheckpointRef>, encoder: CheckpointRef, on: bool) {
        marked.retain(|other| *other != encoder);
        if on {
            marked.push(encoder);
        }
        self.compared = Some(marked);
    }

    /// Takes up a probe, or none where a run keeps none; what another one said goes.
    pub fn activate(&mut self, probe: Option<ActiveProbe>) {
        self.active = probe;
        self.answered = AnswerList::default();
        self.timeline = None;
        self.predictions = None;
    }

    /// Shows something else of the results.
    pub fn edit_view(&mut self, view: ProbeView) {
        if let Some(result) = self.result.as_ref().filter(|_| view.sort != self.view.sort) {
            self.order = result.sorted(view.sort);
        }
        self.view = view;
    }

    /// What a tab shows, in one line.
    pub fn title(&self) -> String {
        let tab = self.view.tab.name();
        let curve = CurveKind::ALL
            .into_iter()
            .find(|kind| kind.tab() == self.view.tab);
        if let Some(curve) = curve.and_then(|kind| self.curve(kind)) {
            return format!("{tab}: {}", curve.about);
        }
        match (self.view.tab, &self.diagnosis, &self.comparison) {
            (ProbeTab::Diagnostics, Some(shown), _) => return format!("{tab}: {}", shown.about()),
            (ProbeTab::Compare, _, Some(shown)) => {
                let table = &shown.table;
                return format!(
                    "{tab}: {}, {} head, {}",
                    table.collection,
                    table.head,
                    protocol_name(&table.protocol.to_string())
                );
            }
            _ => {}
        }
        let Some(result) = &self.result else {
            return tab.to_owned();
        };
        let report = &result.report;
        let (head, protocol) = (head_name(&report.head), protocol_name(&report.protocol));
        format!("{tab}: {head}, {protocol}, {}", report.encoder)
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
        self.job.is_running() && self.started == ProbeJob::Curve(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::model::{EncoderSource, KeyedTable, TableKey};
    use mynascope_collection::{Collection, CollectionKind};
    use mynascope_embedding::{EmbeddingTable, Level};
    use mynascope_probe::{ProbeReport, SplitSizes, TrackPrediction};

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
            id: mynascope_probe::EncoderId::default(),
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
            furthest_secs: 3.0,
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
    fn a_result_is_of_other_settings_once_form_or_encoder_changed() {
        let mut result = result();
        let (form, source) = (ProbeSettings::default(), EncoderSource::default());
        result.asked = Some((form, source.clone()));
        assert!(result.answers_to(&form, &source));
        let seed = ProbeSettings { seed: 7, ..form };
        assert!(!result.answers_to(&seed, &source));
        let other = EncoderSource {
            checkpoint: CheckpointRef::Untrained,
            ..source.clone()
        };
        assert!(!result.answers_to(&form, &other));
        result.asked = None;
        assert!(result.answers_to(&seed, &other), "of groups");
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
}
