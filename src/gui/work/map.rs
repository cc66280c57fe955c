//! Background work of the Map panel.

use crate::gui::{
    model::{MapCommand, MapMessage, Model},
    work::Workers,
};

/// Its running jobs.
#[derive(Default)]
pub struct MapWork {}

impl MapWork {
    /// Whether something is being worked on.
    pub fn is_busy(&self) -> bool {
        false
    }
}

/// Carries out a command.
pub fn apply(_model: &mut Model, _workers: &mut Workers, command: MapCommand) {
    match command {}
}

/// Takes in a message of the background work.
pub fn receive(_model: &mut Model, _workers: &mut Workers, message: MapMessage) {
    match message {}
}
