//! The dialog of published encoders.

use mynascope_hub::Offer;

use super::ChosenCheckpoint;
use crate::gui::jobs::JobSlot;

/// The dialog of published encoders.
#[derive(Debug, Default)]
pub struct HubDialog {
    /// The name that is typed.
    pub typed: String,
    /// Which of the published encoders are on this disk, once that was looked up.
    pub on_disk: Vec<bool>,
    /// Asks the hub for size and licence.
    pub looking: JobSlot<Offer>,
    /// What it answered.
    pub offer: Option<Offer>,
    /// Fetches that.
    pub fetching: JobSlot<ChosenCheckpoint>,
    /// Why the last of both failed.
    pub problem: Option<String>,
}
