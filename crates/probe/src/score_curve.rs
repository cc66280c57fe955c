//! What all curves of scores have in common: one probe, scored again and again while something is varied.

use serde::Serialize;

use super::ProbeReport;

/// Scores of a probe against something that was varied; `P` is a point of the curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbeCurve<P> {
    /// What was predicted.
    pub task: String,
    /// The small model.
    pub head: String,
    /// How tracks were held back.
    pub protocol: String,
    /// What made the embeddings.
    pub encoder: String,
    /// What the scores are: see [`ProbeReport::metric`].
    pub metric: String,
    /// Score of the majority baseline, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// In the order in which they were worked on.
    pub points: Vec<P>,
    /// What the reader must know to judge the numbers: the notes that hold for all points.
    pub notes: Vec<String>,
    /// Time that it took.
    pub seconds: f64,
}

impl<P> Default for ProbeCurve<P> {
    fn default() -> Self {
        Self {
            task: String::new(),
            head: String::new(),
            protocol: String::new(),
            encoder: String::new(),
            metric: String::new(),
            baseline: None,
            points: Vec::new(),
            notes: Vec::new(),
            seconds: 0.0,
        }
    }
}

impl<P> ProbeCurve<P> {
    /// Task, head, protocol and encoder in one line.
    pub fn about(&self) -> String {
        format!(
            "{}, {} head, {}, {}",
            self.task, self.head, self.protocol, self.encoder
        )
    }

    /// Adds a point with the report it is of. Notes that don't hold for every point go: what is said of a single score
    /// differs from point to point.
    pub(super) fn take_in(&mut self, report: ProbeReport, point: P) {
        if self.points.is_empty() {
            self.notes = report.notes;
        } else {
            self.notes.retain(|note| report.notes.contains(note));
        }
        self.points.push(point);
        self.task = report.task;
        self.head = report.head;
        self.protocol = report.protocol;
        self.encoder = report.encoder;
        self.metric = report.metric;
        self.baseline = Some(report.baseline);
    }
}
