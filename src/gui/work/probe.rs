//! Background work of the Probe panel.

use crate::gui::{
    model::{Model, ProbeCommand, ProbeMessage},
    work::Workers,
};

/// Its running jobs.
#[derive(Default)]
pub struct ProbeWork {}

impl ProbeWork {
    /// Whether something is being worked on.
    pub fn is_busy(&self) -> bool {
        false
    }
}

/// Carries out a command.
pub fn apply(_model: &mut Model, _workers: &mut Workers, command: ProbeCommand) {
    match command {}
}

/// Takes in a message of the background work.
pub fn receive(_model: &mut Model, _workers: &mut Workers, message: ProbeMessage) {
    match message {}
}
