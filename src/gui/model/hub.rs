//! The dialog of published encoders.

use mynascope_hub::Offer;

use super::ChosenCheckpoint;
use crate::gui::jobs::JobSlot;

/// The dialog of published encoders.
#[derive(Debug, Default)]
pub struct HubDialog {
    /// The name that is typed.
    pub typed: String,
    /// Somebody was asked which of the published encoders are on this disk.
    pub looked_on_disk: bool,
    /// Which of them are, once that was looked up.
    pub on_disk: Option<Vec<bool>>,
    /// Asks the hub for size and licence.
    pub looking: JobSlot<Offer>,
    /// What it answered.
    pub offer: Option<Offer>,
    /// Fetches that.
    pub fetching: JobSlot<ChosenCheckpoint>,
    /// Why the last of both failed.
    pub problem: Option<String>,
}
