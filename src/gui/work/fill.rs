//! Asks a masked autoencoder what the hidden patches of the shown track hold. One thread; the newest request wins.

use crate::gui::{
    message::{Message, Outbox},
    model::{FilledKey, TrainMessage},
};
use mynascope_base::jobs::{self, Job, Latest};
use mynascope_encoder::DeviceChoice;
use mynascope_train::reconstruct;

/// A window of a track, and what computes.
pub struct Window {
    /// Power, [96 frames, 128].
    pub power: Vec<f32>,
    pub device: DeviceChoice,
}

/// One question.
struct Request {
    number: u64,
    key: FilledKey,
    window: Window,
}

/// The thread that answers.
pub struct FillWork {
    requests: Latest<Request>,
    asked: u64,
    _thread: Job,
}

impl FillWork {
    pub fn start(outbox: Outbox) -> std::io::Result<Self> {
        let (requests, inbox) = jobs::latest::<Request>();
        let failed = outbox.clone();
        let thread = jobs::spawn(
            "fill",
            move |_| {
                while let Some(request) = inbox.wait() {
                    let Request {
                        number,
                        key,
                        window: Window { power, device },
                    } = request;
                    let result = reconstruct(&key.run, Some(key.step), &power, &key.kept, device)
                        .map_err(|error| error.to_string());
                    outbox.send(Message::Train(TrainMessage::Filled(number, key, result)));
                }
            },
            move |fault| failed.send(Message::Fault(fault)),
        )?;
        Ok(Self {
            requests,
            asked: 0,
            _thread: thread,
        })
    }

    /// Asks; a question that was not begun is left out, and so counts as answered with the next.
    pub fn ask(&mut self, number: u64, key: FilledKey, window: Window) {
        self.asked = number;
        self.requests.post(Request {
            number,
            key,
            window,
        });
    }

    /// The newest question.
    pub fn asked(&self) -> u64 {
        self.asked
    }
}
