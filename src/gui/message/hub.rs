//! What is sent of published encoders.

use mynascope_hub::Offer;

use crate::gui::{jobs::JobUpdate, model::ChosenCheckpoint};

/// What is sent of published encoders.
pub enum HubMessage {
    /// Which of the published encoders are on this disk.
    OnDisk(Vec<bool>),
    /// What the hub says of a model.
    Looked(JobUpdate<Offer>),
    /// A model that was fetched.
    Fetched(JobUpdate<ChosenCheckpoint>),
}
