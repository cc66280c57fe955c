//! The mel-spectrograms of all tracks, computed once and kept in memory.

use std::path::PathBuf;

use rayon::prelude::*;

use super::{TrainControl, TrainError, TrainEvent};
use crate::{
    collection::Collection,
    jobs::{Cancel, Progress},
    spectrum::{Mel, mel_of_file},
};

/// More than this is refused: 200 hours of music, or what a large workstation holds.
const MAX_BYTES: u64 = 12 << 30;

/// All readable tracks.
pub(super) struct Mels {
    pub mels: Vec<Mel>,
    /// File names of the readable tracks, in order; a resumed run must see the same.
    pub names: Vec<String>,
    pub skipped: Vec<(PathBuf, String)>,
}

impl Mels {
    pub fn bytes(&self) -> u64 {
        self.mels
            .iter()
            .map(|mel| 4 * mel.values().len() as u64)
            .sum()
    }
}

/// Computes the mels on all cores while this thread hands on progress and looks for a stop.
pub(super) fn compute(
    collection: &Collection,
    control: &TrainControl,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<Mels, TrainError> {
    let cancel = Cancel::default();
    let tracks = &collection.tracks;
    let total = tracks.len() as u64;
    let (send, receive) = crossbeam_channel::unbounded::<u64>();
    let results = std::thread::scope(|scope| {
        let worker = std::thread::Builder::new()
            .name("training-mels".into())
            .spawn_scoped(scope, || {
                // Moved in, so that the channel closes when the work ends.
                let send = send;
                tracks
                    .par_iter()
                    .map(|track| {
                        let mel = mel_of_file(&track.path, &cancel).map_err(|e| e.to_string());
                        let bytes = mel.as_ref().map_or(0, |mel| 4 * mel.values().len() as u64);
                        let _ = send.send(bytes);
                        mel
                    })
                    .collect::<Vec<_>>()
            });
        let (mut done, mut bytes) = (0, 0);
        while let Ok(more) = receive.recv() {
            done += 1;
            bytes += more;
            if control.is_stopped() || bytes > MAX_BYTES {
                cancel.cancel();
            }
            events(TrainEvent::Preparing(Progress {
                what: "reading tracks".into(),
                done,
                total: Some(total),
            }));
        }
        let results = worker.ok().and_then(|worker| worker.join().ok());
        (results, bytes)
    });
    let (Some(results), bytes) = results else {
        return Err(TrainError::Settings(
            "the thread that reads the tracks could not run".into(),
        ));
    };
    if bytes > MAX_BYTES {
        return Err(TrainError::TooMuchAudio {
            gibibytes: MAX_BYTES >> 30,
        });
    }
    if control.is_stopped() {
        return Err(TrainError::StoppedEarly);
    }
    let mut found = Mels {
        mels: Vec::new(),
        names: Vec::new(),
        skipped: Vec::new(),
    };
    for (track, result) in tracks.iter().zip(results) {
        match result {
            Ok(mel) => {
                found.mels.push(mel);
                let name = track.path.file_name().unwrap_or_default();
                found.names.push(name.to_string_lossy().into_owned());
            }
            Err(why) => {
                events(TrainEvent::SkippedTrack {
                    path: track.path.clone(),
                    why: why.clone(),
                });
                found.skipped.push((track.path.clone(), why));
            }
        }
    }
    Ok(found)
}
