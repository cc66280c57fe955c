//! What a mask leaves of a track's sound; the newest mask wins.

use std::{path::PathBuf, sync::Arc};

use crate::{
    audio::{self, SAMPLE_RATE},
    gui::{
        message::{Message, Outbox},
        model::MaskKey,
    },
    jobs::{self, Job, Latest},
    spectrum::{self, Part},
    tokens::MaskRatio,
};

/// A track under a mask.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskedRequest {
    pub path: PathBuf,
    pub key: MaskKey,
    pub ratio: MaskRatio,
}

/// The sound of the kept tokens.
pub struct MaskedSound {
    pub request: MaskedRequest,
    /// Mono, at [`SAMPLE_RATE`], as long as the track.
    pub samples: Arc<[f32]>,
}

/// The thread that computes masked sounds.
pub struct MaskedWork {
    requests: Latest<MaskedRequest>,
    _thread: Job,
}

impl MaskedWork {
    /// Starts the thread.
    pub fn start(outbox: Outbox) -> std::io::Result<Self> {
        let (requests, inbox) = jobs::latest::<MaskedRequest>();
        let failed = outbox.clone();
        let thread = jobs::spawn(
            "masked-sound",
            move |cancel| {
                // The track stays decoded while only the mask changes.
                let mut decoded: Option<(PathBuf, Vec<f32>)> = None;
                while let Some(request) = inbox.wait() {
                    if decoded
                        .as_ref()
                        .is_none_or(|(path, _)| *path != request.path)
                    {
                        decoded = None;
                        match audio::load_mono(&request.path, SAMPLE_RATE, cancel) {
                            Ok(samples) => decoded = Some((request.path.clone(), samples)),
                            Err(error) => {
                                outbox.send(Message::MaskedSound(Err(error.to_string())));
                                continue;
                            }
                        }
                    }
                    let Some((_, samples)) = &decoded else {
                        continue;
                    };
                    if !inbox.has_newer() {
                        let samples = masked(samples, &request);
                        outbox.send(Message::MaskedSound(Ok(MaskedSound { request, samples })));
                    }
                }
            },
            move |fault| failed.send(Message::Fault(fault)),
        )?;
        Ok(Self {
            requests,
            _thread: thread,
        })
    }

    /// Asks for a masked sound; one asked for before is left out if it was not begun.
    pub fn request(&self, request: MaskedRequest) {
        self.requests.post(request);
    }
}

fn masked(samples: &[f32], request: &MaskedRequest) -> Arc<[f32]> {
    let flags = request.key.draw().keep_flags(request.ratio);
    let keep = |band, frame| flags.keeps(band, frame);
    spectrum::masked_sound(samples, &keep, Part::Kept).into()
}
