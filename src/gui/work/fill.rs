//! Asks a masked autoencoder what the hidden patches of the shown track hold. One thread; the newest request wins.

use crate::{
    encoder::DeviceChoice,
    gui::{
        logic,
        message::{Message, Outbox},
        model::{FilledKey, Model, PictureState, TrainMessage},
        work::{Workers, lab::crop_of},
    },
    jobs::{self, Job, Latest},
    tokens::ViewName,
    train::{Objective, reconstruct},
};

/// One question.
struct Request {
    number: u64,
    key: FilledKey,
    /// Power, [96 frames, 128].
    window: Vec<f32>,
    device: DeviceChoice,
}

/// The thread that answers.
pub struct FillWork {
    requests: Latest<Request>,
    asked: u64,
    _thread: Job,
}

impl FillWork {
    fn start(outbox: Outbox) -> std::io::Result<Self> {
        let (requests, inbox) = jobs::latest::<Request>();
        let failed = outbox.clone();
        let thread = jobs::spawn(
            "fill",
            move |_| {
                while let Some(request) = inbox.wait() {
                    let Request {
                        number,
                        key,
                        window,
                        device,
                    } = request;
                    let result = reconstruct(&key.run, Some(key.step), &window, &key.kept, device)
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

    /// The newest question.
    pub fn asked(&self) -> u64 {
        self.asked
    }
}

/// Asks about view A of the shown track, masked as the mask controls say, if the shown run has a decoder and this was
/// not asked yet.
pub(super) fn ask(model: &mut Model, workers: &mut Workers) {
    let Some(key) = key(model) else {
        return;
    };
    if model.training.filled.asked.as_ref() == Some(&key) {
        return;
    }
    let PictureState::Ready { picture, .. } = &model.spectrogram.state else {
        return;
    };
    let (Some(mel), Some(run)) = (&picture.mel, model.training.shown()) else {
        return;
    };
    let (window, device) = (crop_of(mel, key.start_frame), run.config.device);
    if workers.train.fills.is_none() {
        match FillWork::start(workers.outbox.clone()) {
            Ok(work) => workers.train.fills = Some(work),
            Err(error) => {
                model.notices.error(logic::no_thread(&error));
                return;
            }
        }
    }
    let filled = &mut model.training.filled;
    filled.number += 1;
    filled.asked = Some(key.clone());
    if let Some(work) = &mut workers.train.fills {
        work.asked = filled.number;
        // What was not begun is left out, and so counts as answered with the next.
        work.requests.post(Request {
            number: filled.number,
            key,
            window,
            device,
        });
    }
}

fn key(model: &Model) -> Option<FilledKey> {
    let run = model.training.shown()?;
    let shape = *run.config.patch.shapes().first()?;
    if run.config.objective != Objective::Mae {
        return None;
    }
    let step = match &run.chosen {
        Some(chosen) => chosen.step,
        None => run.saved.last()?.step,
    };
    let PictureState::Ready { path, picture } = &model.spectrogram.state else {
        return None;
    };
    let view = model.mask.crop(ViewName::A, picture.mel.as_ref()?.frames());
    let kept = view.kept(shape).to_vec();
    // With everything hidden, or nothing, there is nothing to say.
    (!kept.is_empty()).then(|| FilledKey {
        run: run.folder.clone(),
        step,
        track: path.clone(),
        start_frame: view.start_frame,
        kept,
    })
}
