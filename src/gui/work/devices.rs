//! Looks for the compute devices of this machine, which takes a moment.

use crate::gui::{
    jobs::{NoThread, spawn_once},
    message::{Message, Outbox, TrainMessage},
};
use mynascope_base::jobs;
use mynascope_encoder::compute_devices;

/// Looks for devices; the answer comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn look(outbox: &Outbox) -> Result<(), NoThread> {
    let look = |outbox: &Outbox| {
        // A driver that breaks leaves a list without devices, not a question without answer.
        let devices = jobs::guarded(compute_devices).unwrap_or_else(|fault| {
            outbox.send(Message::Fault(format!(
                "The graphics driver broke while devices were looked for ({fault}); the CPU still computes"
            )));
            Vec::new()
        });
        outbox.send(Message::Train(TrainMessage::Devices(devices)));
    };
    spawn_once("devices", outbox, look, std::convert::identity)
}
