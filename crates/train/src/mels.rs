//! The spectrograms of a collection, computed once and kept on disk as 16-bit floats: what windows are cut from, whatever
//! the family ([`FrontEnd`]).
//!
//! One file a collection and front end: a header, then records that are only ever added. A record says which file it was made from
//! (path, size and time, and the digest of its content), then holds the mel, frame by frame. Whoever is stopped in the
//! middle leaves a torn last record, which the next one cuts off and makes again. Training reads crops with positioned
//! reads: what is read often stays in the system's memory, and a collection may be larger than that. In the user's cache
//! old files go when all take more than the settings allow; a folder that was named is left alone.

mod front_end;
mod store;
mod sweep;

use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rayon::prelude::*;

use super::{TrainControl, TrainError, TrainEvent};
pub(super) use front_end::FrontEnd;
use mynascope_audio::Caveats;
use mynascope_base::{
    jobs::{Cancel, Progress},
    storage::{ContentKey, Folders, Settings, StorageError},
};
use mynascope_collection::{Collection, HeardTracks};
use store::{Made, Record, Store, content_of, stamp_of};
use sweep::sweep;

/// Frames that are looked at together for sound.
const CHUNK: usize = 256;
/// Mel power of silence, or of the last bit of 16, is not higher.
const QUIET: f32 = 1e-6;

/// All readable tracks.
#[derive(Debug)]
pub(super) struct Mels {
    store: Store,
    records: Vec<Record>,
    /// Values of a frame.
    width: usize,
    /// The value of silence.
    silence: f32,
    /// File names of the readable tracks, in order.
    pub names: Vec<String>,
    /// Files of the readable tracks.
    pub paths: Vec<PathBuf>,
    /// Places of the readable tracks in the collection.
    pub places: Vec<usize>,
    pub skipped: Vec<(PathBuf, String)>,
    /// What is worth telling of tracks that were decoded in part.
    pub caveats: Vec<(PathBuf, Caveats)>,
}

impl Mels {
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Frames of a track.
    pub fn frames(&self, track: usize) -> usize {
        self.records.get(track).map_or(0, |record| record.frames)
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        let bytes = |record: &Record| (record.frames * self.width * 2) as u64;
        self.records.iter().map(bytes).sum()
    }

    /// Digest of the content of all tracks, in order: a resumed run must find the same.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for record in &self.records {
            hasher.update(&record.content);
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Which tracks they are of, to be known again.
    pub fn heard(&self) -> HeardTracks {
        let files = self.paths.iter().zip(&self.records);
        HeardTracks::of(
            files.map(|(path, record)| (path.as_path(), ContentKey::of_hash(record.content))),
        )
    }

    /// How many tracks hold nothing but silence. A track is read as far as its first sound.
    pub fn silent(&self) -> Result<usize, TrainError> {
        let mut count = 0;
        for track in 0..self.len() {
            let mut starts = (0..self.frames(track)).step_by(CHUNK);
            let sounds = starts.try_fold(false, |sounds, start| match sounds {
                true => Ok::<_, TrainError>(true),
                false => {
                    let length = CHUNK.min(self.frames(track) - start);
                    let values = self.window(track, start, length)?;
                    Ok(values.iter().any(|value| value - self.silence > QUIET))
                }
            })?;
            count += usize::from(!sounds);
        }
        Ok(count)
    }

    /// Frames from `start` on, frame-major as the front end has them; what the track doesn't have is silence.
    pub fn window(
        &self,
        track: usize,
        start: usize,
        frames: usize,
    ) -> Result<Vec<f32>, TrainError> {
        match self.records.get(track) {
            Some(record) => Ok(self.store.read(record, start, frames, self.silence)?),
            None => Ok(vec![self.silence; frames * self.width]),
        }
    }
}

/// Where mels are kept: a folder that was named, else the user's cache.
fn folder(named: Option<&Path>) -> Result<PathBuf, TrainError> {
    match named {
        Some(named) => Ok(named.to_path_buf()),
        None => Ok(Folders::of_user()?.cache.join("mels")),
    }
}

/// Lets old stores of the user's cache go, beside the one that is used now.
fn make_room(used: &Path, events: &mut dyn FnMut(TrainEvent)) {
    let (Some(folder), Ok(folders)) = (used.parent(), Folders::of_user()) else {
        return;
    };
    let limit = Settings::read(&folders.config).cache_bytes();
    let (stores, bytes) = sweep(folder, used, limit);
    if stores > 0 {
        events(TrainEvent::Note(format!(
            "spectrograms of {stores} other collections, unused for longest, made room in the cache ({:.0} MB)",
            bytes as f64 / 1e6
        )));
    }
}

/// Opens the store of a collection and computes what it lacks, on all cores, while this thread writes, hands on progress
/// and looks for a stop.
pub(super) fn compute(
    collection: &Collection,
    front_end: &FrontEnd,
    named: Option<&Path>,
    control: &TrainControl,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<Mels, TrainError> {
    let tracks = &collection.tracks;
    let mut names = blake3::Hasher::new();
    for track in tracks {
        let path = std::path::absolute(&track.path).unwrap_or_else(|_| track.path.clone());
        names.update(path.as_os_str().as_encoded_bytes());
        names.update(b"\n");
    }
    let name: String = names.finalize().to_hex().chars().take(16).collect();
    let path = folder(named)?.join(format!("{name}{}.mels", front_end.suffix()));
    let mut waited = false;
    let mut store = loop {
        match Store::open(&path, front_end.width(), &mut |done, total| {
            events(TrainEvent::Preparing(Progress {
                what: "checking the spectrograms".into(),
                done,
                total: Some(total),
            }));
            !control.is_stopped()
        })? {
            Some(store) => break store,
            // Another program fills it.
            None if control.is_stopped() => return Err(TrainError::StoppedEarly),
            None => {
                if !waited {
                    waited = true;
                    events(TrainEvent::Note(
                        "another program computes the spectrograms of these tracks; waiting for it"
                            .into(),
                    ));
                }
                thread::sleep(Duration::from_millis(200));
            }
        }
    };
    let total = tracks.len() as u64;
    let stamps: Vec<_> = tracks.iter().map(|track| stamp_of(&track.path)).collect();
    let mut records: Vec<Option<Result<Record, String>>> = stamps
        .iter()
        .map(|stamp| stamp.and_then(|stamp| store.by_stamp(&stamp)).map(Ok))
        .collect();
    let wanted: Vec<usize> = (0..tracks.len())
        .filter(|&track| records.get(track).is_some_and(Option::is_none))
        .collect();
    let mut done = total - wanted.len() as u64;
    let cancel = Cancel::default();
    let known = store.contents();
    // One mel a core waits to be written, so that memory stays bounded.
    let (send, receive) = crossbeam_channel::bounded(rayon::current_num_threads());
    let fault = thread::scope(|scope| -> Result<(), TrainError> {
        let (wanted, known, cancel, stamps) = (&wanted, &known, &cancel, &stamps);
        let spawned = thread::Builder::new()
            .name("training-mels".into())
            .spawn_scoped(scope, move || {
                let each = wanted.par_iter();
                each.for_each_init(
                    || front_end.clone(),
                    |front_end, &track| {
                        let Some(source) = tracks.get(track) else {
                            return;
                        };
                        if cancel.is_cancelled() {
                            return;
                        }
                        let made = content_of(&source.path, cancel).and_then(|content| {
                            let stamp = stamps.get(track).copied().flatten().unwrap_or(content);
                            if known.contains(&content) {
                                return Ok(Made::same(stamp, content));
                            }
                            let heard = front_end.hear(&source.path, cancel)?;
                            Made::new(stamp, content, &heard, front_end.width())
                        });
                        let _ = send.send((track, made));
                    },
                );
            });
        spawned.map_err(|source| StorageError::Io {
            what: "start the thread that reads the tracks",
            source,
            path: path.clone(),
        })?;
        let mut fault = Ok(());
        while let Ok((track, made)) = receive.recv() {
            done += 1;
            let result = match made {
                Ok(made) if fault.is_ok() => match store.add(made) {
                    Ok(record) => Ok(record),
                    Err(error) => {
                        fault = Err(error.into());
                        cancel.cancel();
                        continue;
                    }
                },
                Ok(_) => continue,
                Err(why) => Err(why),
            };
            if let Some(slot) = records.get_mut(track) {
                *slot = Some(result);
            }
            if control.is_stopped() {
                cancel.cancel();
            }
            events(TrainEvent::Preparing(Progress {
                what: "reading tracks".into(),
                done,
                total: Some(total),
            }));
        }
        fault
    });
    fault?;
    if control.is_stopped() {
        return Err(TrainError::StoppedEarly);
    }
    store.finish()?;
    if named.is_none() {
        make_room(&path, events);
    }
    let mut found = Mels {
        store,
        width: front_end.width(),
        silence: front_end.silence(),
        records: Vec::new(),
        names: Vec::new(),
        paths: Vec::new(),
        places: Vec::new(),
        skipped: Vec::new(),
        caveats: Vec::new(),
    };
    for (place, (track, record)) in tracks.iter().zip(records).enumerate() {
        match record.unwrap_or_else(|| Err("it was not read".into())) {
            Ok(record) => {
                if record.caveats != Caveats::default() {
                    found.caveats.push((track.path.clone(), record.caveats));
                }
                found.records.push(record);
                let name = track.path.file_name().unwrap_or_default();
                found.names.push(name.to_string_lossy().into_owned());
                found.paths.push(track.path.clone());
                found.places.push(place);
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
