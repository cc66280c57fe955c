//! Asks a masked autoencoder what the hidden patches of the shown track hold.

use crate::gui::{
    jobs::Answering,
    message::{Message, Outbox, TrainMessage},
    model::ReconstructionKey,
};
use mynascope_encoder::DeviceChoice;
use mynascope_train::reconstruct;

/// A window of a track whose hidden patches are wanted.
pub struct Hidden {
    /// The run, its step, the track and the tokens.
    pub key: ReconstructionKey,
    /// Power, [96 frames, 128].
    pub power: Vec<f32>,
    /// What computes.
    pub device: DeviceChoice,
}

/// Starts the thread that answers; the newest question wins.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn start(outbox: &Outbox) -> std::io::Result<Answering<Hidden>> {
    let sends = outbox.clone();
    Answering::start("reconstruct", outbox, move |hidden: Hidden, _| {
        let Hidden { key, power, device } = hidden;
        let result = reconstruct(&key.run, Some(key.step), &power, &key.kept, device)
            .map_err(|error| error.to_string());
        sends.send(Message::Train(TrainMessage::Reconstructed(key, result)));
    })
}
