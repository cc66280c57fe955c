//! The program ffmpeg as the last decoder: formats that nothing here decodes play where it is installed.
//!
//! It runs as a process of its own, so that a file that breaks it breaks nothing else. It is never given a shell, may
//! open nothing but the file, and reads only formats that hold their sound themselves (no playlists). Its output is a
//! pipe of AU: header, then floats, in one rate and channel count whatever the file changes to.

mod demuxers;
mod log;
mod process;

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use self::{
    log::Log,
    process::{Running, Source, Task},
};
use super::{FFMPEG, SILENT, Step, fence::Fence, foreign::Facts};
use crate::{AudioError, AudioInfo, Incomplete};

/// Sound tracks of one file that are tried.
const MAX_TRACKS: usize = 8;
/// Seconds decoded before a place: HE-AAC sends what describes its upper half about twice a second.
const SETTLE_SECS: f64 = 1.0;
/// Sound that may lack at the end of a file whose length is known.
const SLACK_SECS: f64 = 0.2;
/// How far before the end a piece begins that is at the end.
const LAST_SECS: f64 = 0.5;
/// Pieces that it cannot decode where a file was cut: one, and what hangs on it.
const CUT_PIECES: u64 = 3;

/// Where the program is, looked for in the folders of a `PATH`.
pub(super) fn find(search: Option<&OsStr>) -> Option<PathBuf> {
    let name = format!("ffmpeg{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(search?)
        // An empty part means the current folder, which may hold anything.
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
}

/// A file being decoded by the program.
pub(super) struct Program {
    source: Source,
    track: usize,
    info: AudioInfo,
    /// What the file tells. (Where it does not find any place exactly by itself, it decodes from the beginning.)
    facts: Facts,
    running: Option<Running>,
    /// The next frame that comes out of the pipe, and the frame from which on they are handed out.
    position: u64,
    wanted: u64,
    /// The frame behind the last, where the container tells it: the program leaves an encoder's padding at the end.
    end: u64,
    incomplete: Option<Incomplete>,
}

impl Program {
    /// Opens a file that tells `facts` of itself.
    pub(super) fn open(
        executable: &Path,
        facts: Facts,
        fence: &Fence<'_>,
    ) -> Result<Self, AudioError> {
        Self::open_with(executable, demuxers::all(), facts, fence)
    }

    /// Opens a file that nothing here recognises.
    pub(super) fn open_marked(executable: &Path, fence: &Fence<'_>) -> Result<Self, AudioError> {
        Self::open_with(
            executable,
            demuxers::MARKED.to_owned(),
            Facts::default(),
            fence,
        )
    }

    fn open_with(
        executable: &Path,
        demuxers: String,
        facts: Facts,
        fence: &Fence<'_>,
    ) -> Result<Self, AudioError> {
        let source = Source::new(executable, demuxers, fence.path, &facts);
        let mut refused = None;
        for track in 0..MAX_TRACKS {
            let mut running = source.run(track, Task::Decode(None))?;
            match running.header(fence)? {
                Some(header) => {
                    let codec = running.log().codec();
                    return Ok(Self {
                        source,
                        track,
                        info: AudioInfo {
                            sample_rate: header.rate,
                            channels: header.channels,
                            codec: codec.unwrap_or_default(),
                            decoder: FFMPEG,
                            duration_secs: facts.duration_secs.unwrap_or_default(),
                            incomplete: facts.incomplete,
                            cancels: false,
                        },
                        running: Some(running),
                        position: 0,
                        wanted: 0,
                        end: facts.duration_secs.map_or(u64::MAX, |secs| {
                            (secs * f64::from(header.rate)).round() as u64
                        }),
                        incomplete: facts.incomplete,
                        facts,
                    });
                }
                None => {
                    let error = running.log().refusal(fence.path);
                    let no_such_track = running.log().no_such_track;
                    let first = refused.get_or_insert(error);
                    if no_such_track {
                        break;
                    }
                    tracing::debug!("ffmpeg, sound track {track}: {first}");
                }
            }
        }
        Err(refused.unwrap_or_else(|| AudioError::no_sound(fence.path, SILENT)))
    }

    pub(super) fn info(&self) -> &AudioInfo {
        &self.info
    }

    /// What the program could not decode, once it reached the end.
    pub(super) fn incomplete(&self) -> Option<Incomplete> {
        self.incomplete
    }

    /// Moves to a time in seconds.
    pub(super) fn seek(&mut self, secs: f64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        let rate = f64::from(self.info.sample_rate);
        self.wanted = (secs * rate).round() as u64;
        // Reading on costs less than starting anew.
        let near = self.position + (10.0 * rate) as u64;
        let ahead = self.wanted >= self.position && (!self.facts.seeks || self.wanted < near);
        if self.running.is_some() && ahead {
            return Ok(true);
        }
        // Its decoders need a while before they are back in step.
        let settle = (SETTLE_SECS * rate) as u64;
        self.position = match self.wanted.checked_sub(settle) {
            Some(start) if self.facts.seeks => start,
            _ => 0,
        };
        let start = (self.position > 0).then(|| self.position as f64 / rate);
        self.running = None;
        let mut running = self.source.run(self.track, Task::Decode(start))?;
        // Behind the end there is not even a header.
        let Some(header) = running.header(fence)? else {
            return Ok(false);
        };
        if (header.rate, header.channels) != (self.info.sample_rate, self.info.channels) {
            return Err(AudioError::damaged(
                fence.path,
                "it changes its sample rate or its channels from one reading to the next",
            ));
        }
        self.running = Some(running);
        Ok(true)
    }

    /// The next frames, interleaved.
    pub(super) fn step(
        &mut self,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
        samples.clear();
        let Some(running) = &mut self.running else {
            return Ok(Step::End);
        };
        let (channels, rate) = (self.info.channels.max(1), self.info.sample_rate);
        let more = running.piece(fence)?;
        let secs = self.position as f64 / f64::from(rate);
        if !more {
            let Some(running) = self.running.take() else {
                return Ok(Step::End);
            };
            self.incomplete = self.missing(&running.log(), secs, fence)?;
            let refusal = running.log().refusal(fence.path);
            return match refusal {
                AudioError::Damaged { .. } if self.position == 0 => Err(refusal),
                _ => Ok(Step::End),
            };
        }
        let frame_bytes = 4 * channels;
        let whole = running.rest.len() / frame_bytes * frame_bytes;
        let values = running.rest.drain(..whole).collect::<Vec<u8>>();
        let start = self.position;
        self.position += (whole / frame_bytes) as u64;
        let early = self.wanted.saturating_sub(start).min(self.position - start) as usize;
        let kept = self.end.saturating_sub(start).min(self.position - start) as usize;
        let values = values
            .get(early * frame_bytes..kept * frame_bytes)
            .unwrap_or_default();
        samples.extend(
            values
                .as_chunks::<4>()
                .0
                .iter()
                .map(|four| f32::from_be_bytes(*four)),
        );
        if samples.is_empty() {
            // Sound that is passed over on the way to a place is progress, too.
            fence.clock.progress();
            return Ok(Step::Nothing);
        }
        Ok(Step::Samples { channels, rate })
    }
}

impl Program {
    /// What was missing, at the end of the sound.
    fn missing(
        &self,
        log: &Log,
        secs: f64,
        fence: &Fence<'_>,
    ) -> Result<Option<Incomplete>, AudioError> {
        let slack = SLACK_SECS * f64::from(self.info.sample_rate);
        let is_short = self.end != u64::MAX && self.position as f64 + slack < self.end as f64;
        // A packet that is not all there ends a file, but for recordings of a broadcast, in which one may be lost anywhere.
        let anywhere = self.facts.ends_anywhere;
        let ends_in_a_part =
            log.cut || (log.half_packets > 0 && !anywhere) || self.facts.incomplete.is_some();
        let is_cut = ends_in_a_part || is_short;
        if let Some(damaged @ Incomplete::Damaged { .. }) = self.facts.incomplete {
            return Ok(Some(damaged));
        }
        if let Some(share) = self.facts.hole {
            return Ok(Some(Incomplete::Damaged {
                packets: log.bad_packets.max(1),
                first_secs: share * secs,
            }));
        }
        let bad = log.bad_packets + if anywhere { log.half_packets } else { 0 };
        let place = match bad {
            0 => None,
            _ => self.first_bad_secs(fence)?,
        };
        let at_end = place.is_none_or(|place| place + LAST_SECS > secs);
        let few = bad <= CUT_PIECES;
        let by_cut = few && (ends_in_a_part || at_end) || anywhere && at_end;
        if bad > 0 && !by_cut {
            return Ok(Some(Incomplete::Damaged {
                packets: bad,
                first_secs: place.unwrap_or_default(),
            }));
        }
        // What the file's own sizes tell is told in more detail.
        let cut = Some(Incomplete::EndsEarly { share: None });
        let told = self.facts.incomplete.or(cut);
        Ok(told.filter(|_| is_cut || (bad > 0 && !anywhere)))
    }

    /// When the first packet sounds that the program could not decode. Its sound and its words come in two pipes, so that neither
    /// tells where it is in the other: it is run again, says the time of each packet, and is ended at the first bad one.
    fn first_bad_secs(&self, fence: &Fence<'_>) -> Result<Option<f64>, AudioError> {
        let mut running = self.source.run(self.track, Task::TellTimes)?;
        let mut last_secs = None;
        loop {
            let (packet_secs, bad_secs) = {
                let log = running.log();
                (log.packet_secs, log.first_bad_secs)
            };
            if bad_secs.is_some() {
                return Ok(bad_secs);
            }
            if packet_secs != last_secs {
                last_secs = packet_secs;
                fence.clock.progress();
            }
            if !running.wait(fence)? {
                return Ok(running.log().first_bad_secs);
            }
        }
    }
}
