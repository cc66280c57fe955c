//! Decoding a track to its picture; the newest track wins.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    gui::{
        message::{Message, Outbox},
        model::Picture,
    },
    jobs::{self, Cancel, Job, Latest},
    spectrum::{self, SpectrumError},
};

/// Progress is told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// The thread that makes pictures.
pub struct PictureWork {
    requests: Latest<(PathBuf, Cancel)>,
    current: Option<Cancel>,
    _thread: Job,
}

impl PictureWork {
    /// Starts the thread.
    pub fn start(outbox: Outbox) -> std::io::Result<Self> {
        let (requests, inbox) = jobs::latest::<(PathBuf, Cancel)>();
        let failed = outbox.clone();
        let thread = jobs::spawn(
            "picture",
            move |_| {
                while let Some((path, cancel)) = inbox.wait() {
                    let mut told = Instant::now();
                    let mut tell = |secs| {
                        if told.elapsed() >= TELL_EVERY {
                            told = Instant::now();
                            let path = path.clone();
                            outbox.send_if_room(Message::Decoded { path, secs });
                        }
                    };
                    let result =
                        jobs_caught(|| spectrum::mel_of_file_watched(&path, &cancel, &mut tell));
                    if cancel.is_cancelled() {
                        continue;
                    }
                    let result = match result {
                        Ok(Ok(mel)) => Ok(Arc::new(Picture::new(mel))),
                        Ok(Err(error)) => Err(error.to_string()),
                        Err(fault) => Err(format!(
                            "the decoder broke on this file ({fault}); convert it to WAV and open that: {}",
                            path.display()
                        )),
                    };
                    outbox.send(Message::Picture { path, result });
                }
            },
            move |fault| failed.send(Message::Fault(fault)),
        )?;
        Ok(Self {
            requests,
            current: None,
            _thread: thread,
        })
    }

    /// Asks for the picture of a track; the one asked for before is given up.
    pub fn request(&mut self, path: PathBuf) {
        self.stop();
        let cancel = Cancel::default();
        self.current = Some(cancel.clone());
        self.requests.post((path, cancel));
    }

    /// Gives up the picture that was asked for.
    pub fn stop(&mut self) {
        if let Some(cancel) = self.current.take() {
            cancel.cancel();
        }
    }
}

/// A damaged file must not end the thread that also makes the next picture.
fn jobs_caught(
    work: impl FnOnce() -> Result<spectrum::Mel, SpectrumError>,
) -> Result<Result<spectrum::Mel, SpectrumError>, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .map_err(|payload| jobs::panic_message(&*payload))
}
