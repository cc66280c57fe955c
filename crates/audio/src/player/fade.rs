//! How long sound takes to come, to go and to be exchanged, so that nothing clicks.

/// Length of the fades at play, pause and seek.
pub(super) const FADE_SECS: f32 = 0.030;
/// Length of the cross-fade between the original and the views.
pub(super) const SWITCH_SECS: f32 = 0.015;
