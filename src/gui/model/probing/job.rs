//! The jobs of the Probe layout.

use super::CurveKind;

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
    /// The same probe for several encoders.
    Compare,
    /// The search for leaks.
    Leaks,
    /// The probe at hand answers for tracks.
    Use,
}
