//! Background work of the Train panel.

use crate::gui::{
    model::{Model, TrainCommand, TrainMessage},
    work::Workers,
};

/// Its running jobs.
#[derive(Default)]
pub struct TrainWork {}

impl TrainWork {
    /// Whether something is being worked on.
    pub fn is_busy(&self) -> bool {
        false
    }
}

/// Carries out a command.
pub fn apply(_model: &mut Model, _workers: &mut Workers, command: TrainCommand) {
    match command {}
}

/// Takes in a message of the background work.
pub fn receive(_model: &mut Model, _workers: &mut Workers, message: TrainMessage) {
    match message {}
}
