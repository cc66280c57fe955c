//! The jobs of the Probe layout.

use std::sync::Arc;

use mynascope_probe::{Diagnosis, LayerDiagnostics, LeakReport, Predictions, SavedScore};

use super::{ActiveProbe, CurveKind, ProbeResult, ScoreCurve, ScorePoint, ShownComparison};

/// A job of the Probe layout; one runs at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProbeJob {
    /// One probe, one score.
    #[default]
    Probe,
    /// A curve of scores.
    Curve(CurveKind),
    /// A probe of the groups that the user made.
    Groups,
    /// Layers are measured without labels.
    Diagnose,
    /// Several encoders on every task.
    Compare,
    /// The search for leaks.
    Leaks,
    /// The active probe answers for tracks.
    Use,
}

/// What jobs of the Probe layout find.
pub enum ProbeFound {
    /// A probe was trained and tested: what it said, the probe itself where it can answer for other tracks, its row on the
    /// scoreboard.
    Probe(Box<(ProbeResult, Option<ActiveProbe>, SavedScore)>),
    /// A layer was measured without labels.
    Layer(Box<LayerDiagnostics>),
    /// All layers were.
    Diagnosis(Box<Diagnosis>),
    /// Several encoders, as far as they are compared.
    Compared(Box<ShownComparison>),
    /// How much of the score comes from a leak.
    Leaks(Box<LeakReport>),
    /// The active probe answered.
    Predictions(Arc<Predictions>),
    /// A point of a curve.
    Point(CurveKind, ScorePoint),
    /// All of a curve.
    Curve(CurveKind, Box<ScoreCurve>),
}
