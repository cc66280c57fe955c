//! The program ffmpeg as the last decoder: formats that nothing here decodes play where it is installed.
//!
//! It runs as a process of its own, so that a file that breaks it breaks nothing else. It is never given a shell, may
//! open nothing but the file, and reads only formats that hold their sound themselves (no playlists). Its output is a
//! pipe of AU: header, then floats, in one rate and channel count whatever the file changes to.

mod log;

use std::{
    ffi::{OsStr, OsString},
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use self::log::Log;
use super::{
    FFMPEG, MAX_CHANNELS, MAX_RATE, MIN_RATE, SILENT, Step,
    fence::Fence,
    foreign::{Asks, Facts},
    number::Endian::Big,
};
use crate::{AudioError, AudioInfo, Incomplete};
use mynascope_base::system_words;

/// Its demuxers that read a file and nothing that a file refers to.
const DEMUXERS: &str = "aac,ac3,act,aiff,amr,amrnb,amrwb,ape,apm,asf,au,avi,caf,dff,dsf,dts,dtshd,eac3,flac,flv,g722,\
    gsm,iff,loas,matroska,mlp,mov,mp3,mpc,mpc8,mpeg,mpegts,msf,nistsphere,nut,ogg,oma,paf,qcp,qoa,rm,shn,sox,tak,truehd,tta,\
    voc,w64,wav,wv,wve,xwma";
/// Those of files that nothing here recognises. Each knows its files by marks that other files do not have by chance.
const MARKED_DEMUXERS: &str =
    "adx,ast,avr,brstm,dv,gxf,hcom,ircam,mxf,nut,paf,epaf,pvf,qcp,swf,vqf,wtv,xwma";
/// What it may allocate in one piece.
const MAX_ALLOCATION: &str = "268435456";
/// Bytes that it passes over to find the next packet of a transport stream.
const MAX_RESYNC: &str = "2147483647";
/// Sound tracks of one file that are tried.
const MAX_TRACKS: usize = 8;
/// Bytes of sound read at once, and how many such pieces wait: with the pipe this bounds what runs ahead.
const PIECE_BYTES: usize = 1 << 16;
const MAX_PIECES: usize = 4;
/// How often a wait looks at the clock.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long its messages may lag behind its sound when it starts or ends.
const LOG_LAG: Duration = Duration::from_secs(2);
/// Seconds decoded before a place: HE-AAC sends what describes its upper half about twice a second.
const SETTLE_SECS: f64 = 1.0;
/// Sound that may lack at the end of a file whose length is known.
const SLACK_SECS: f64 = 0.2;
/// How far before the end a piece begins that is at the end.
const LAST_SECS: f64 = 0.5;
/// Pieces that it cannot decode where a file was cut: one, and what hangs on it.
const CUT_PIECES: u64 = 3;
/// Size of an AU header without annotation, and its code for floats.
const AU_HEADER: usize = 24;
const AU_FLOAT: u32 = 6;

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
        Self::open_with(executable, DEMUXERS, facts, fence)
    }

    /// Opens a file that nothing here recognises.
    pub(super) fn open_marked(executable: &Path, fence: &Fence<'_>) -> Result<Self, AudioError> {
        Self::open_with(executable, MARKED_DEMUXERS, Facts::default(), fence)
    }

    fn open_with(
        executable: &Path,
        demuxers: &'static str,
        facts: Facts,
        fence: &Fence<'_>,
    ) -> Result<Self, AudioError> {
        let source = Source {
            executable: executable.to_path_buf(),
            demuxers,
            path: fence.path.to_path_buf(),
            end: facts.end,
            asks: facts.asks,
            format: facts.format,
        };
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

/// Rate in Hz and channels of the sound in the pipe.
struct Header {
    rate: u32,
    channels: usize,
}

/// The process, and the threads that read its pipes. It ends when this is dropped.
struct Running {
    child: Child,
    pieces: Receiver<Vec<u8>>,
    /// Bytes that came and were not yet taken.
    rest: Vec<u8>,
    log: Arc<Mutex<Log>>,
    /// The threads hold its other ends until the pipes end.
    log_ended: Receiver<()>,
}

/// What the program is to read, and with what.
struct Source {
    executable: PathBuf,
    demuxers: &'static str,
    path: PathBuf,
    /// What stands in the file from this byte on it does not see.
    end: Option<u64>,
    asks: Asks,
    /// Its demuxer, where it would not choose it by itself.
    format: Option<&'static str>,
}

/// What the program is to do.
#[derive(Clone, Copy)]
enum Task {
    /// Write the sound, from a second on.
    Decode(Option<f64>),
    /// Decode, and say the time of each packet.
    TellTimes,
}

impl Source {
    /// Starts the program.
    fn run(&self, track: usize, task: Task) -> Result<Running, AudioError> {
        Running::start(self.command(track, task))
            .map_err(|error| AudioError::open(&self.path, system_words(&error)))
    }

    fn command(&self, track: usize, task: Task) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(["-nostdin", "-hide_banner", "-nostats"]);
        // A message that comes again is written again, so that they can be counted.
        command.args(["-v", "repeat+level+info"]);
        command.args(["-max_alloc", MAX_ALLOCATION]);
        command.args(["-protocol_whitelist", "file,pipe,subfile"]);
        command.args(["-format_whitelist", self.demuxers]);
        match task {
            Task::Decode(Some(secs)) => command.args(["-ss", &format!("{secs:.9}")]),
            Task::Decode(None) => &mut command,
            // With more threads it would read on before it tells.
            Task::TellTimes => command.args(["-debug_ts", "-threads", "1"]),
        };
        match self.asks {
            Asks::Nothing => &mut command,
            Asks::Checksums => command.args(["-err_detect:a", "crccheck+explode"]),
            Asks::Resync => command.args(["-resync_size", MAX_RESYNC]),
        };
        if let Some(format) = self.format {
            command.args(["-f", format]);
        }
        // The prefix keeps a name from being read as an option or another protocol.
        let mut name = OsString::from(match self.end {
            Some(end) => format!("subfile,,start,0,end,{end},,:file:"),
            None => "file:".to_owned(),
        });
        name.push(&self.path);
        command.arg("-i").arg(name);
        command.args(["-map", &format!("0:a:{track}"), "-vn", "-sn", "-dn"]);
        match task {
            Task::Decode(_) => command.args(["-map_metadata", "-1", "-c:a", "pcm_f32be"]),
            Task::TellTimes => &mut command,
        };
        if self.asks == Asks::Checksums {
            // What is left out is silent, and what follows keeps its time.
            command.args(["-af", "aresample=async=1:min_hard_comp=0.01"]);
        }
        command.args(match task {
            Task::Decode(_) => ["-f", "au", "pipe:1"],
            Task::TellTimes => ["-f", "null", "-"],
        });
        command
    }
}

impl Running {
    fn start(mut command: Command) -> io::Result<Self> {
        command
            .env_remove("FFREPORT")
            .env("AV_LOG_FORCE_NOCOLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(windows)]
        {
            use std::os::windows::process::CommandExt;
            // Else a console window opens for every file.
            const CREATE_NO_WINDOW: u32 = 0x0800_0000;
            command.creation_flags(CREATE_NO_WINDOW);
        }
        let mut child = command.spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (send, pieces) = sync_channel(MAX_PIECES);
        let (log_alive, log_ended) = sync_channel(0);
        let log = Arc::<Mutex<Log>>::default();
        let running = Self {
            child,
            pieces,
            rest: Vec::new(),
            log: Arc::clone(&log),
            log_ended,
        };
        if let (Some(stdout), Some(stderr)) = (stdout, stderr) {
            let named = |name: &str| thread::Builder::new().name(name.to_owned());
            named("ffmpeg sound").spawn(move || forward(stdout, &send))?;
            named("ffmpeg log").spawn(move || {
                let _alive: SyncSender<()> = log_alive;
                Log::fill(stderr, &log);
            })?;
        }
        Ok(running)
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits a while; `false` at the end.
    fn wait(&mut self, fence: &Fence<'_>) -> Result<bool, AudioError> {
        fence.clock.check(fence.path)?;
        match self.pieces.recv_timeout(PATIENCE) {
            Ok(_) | Err(RecvTimeoutError::Timeout) => Ok(true),
            Err(RecvTimeoutError::Disconnected) => {
                let _ = self.log_ended.recv_timeout(LOG_LAG);
                Ok(false)
            }
        }
    }

    /// Waits for more bytes; `false` at the end.
    fn piece(&mut self, fence: &Fence<'_>) -> Result<bool, AudioError> {
        loop {
            match self.pieces.recv_timeout(PATIENCE) {
                Ok(piece) => {
                    self.rest.extend(piece);
                    return Ok(true);
                }
                Err(RecvTimeoutError::Timeout) => fence.clock.check(fence.path)?,
                Err(RecvTimeoutError::Disconnected) => {
                    // Whatever it has to say is said soon after the sound ended.
                    let _ = self.log_ended.recv_timeout(LOG_LAG);
                    return Ok(false);
                }
            }
        }
    }

    /// Reads the header; `None` where there is no sound.
    fn header(&mut self, fence: &Fence<'_>) -> Result<Option<Header>, AudioError> {
        let size = loop {
            let size = Big
                .u32(&self.rest, 4)
                .map_or(AU_HEADER, |size| size as usize);
            if !(AU_HEADER..=PIECE_BYTES).contains(&size) {
                return Err(AudioError::damaged(fence.path, "ffmpeg wrote no sound"));
            }
            if self.rest.len() >= size {
                break size;
            }
            if !self.piece(fence)? {
                return Ok(None);
            }
        };
        let (code, rate, channels) = (
            Big.u32(&self.rest, 12),
            Big.u32(&self.rest, 16),
            Big.u32(&self.rest, 20),
        );
        let (Some(AU_FLOAT), Some(rate), Some(channels)) = (code, rate, channels) else {
            return Err(AudioError::damaged(fence.path, "ffmpeg wrote no sound"));
        };
        let channels = channels as usize;
        if !(MIN_RATE..=MAX_RATE).contains(&rate) || !(1..=MAX_CHANNELS).contains(&channels) {
            return Err(AudioError::limit(
                fence.path,
                format!("it claims {channels} channels at {rate} Hz"),
            ));
        }
        self.rest.drain(..size);
        Ok(Some(Header { rate, channels }))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails where it has ended already; either way it is waited for, so that no dead process stays.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hands on a pipe piece by piece until it ends or nobody listens.
fn forward(mut pipe: impl Read, pieces: &SyncSender<Vec<u8>>) {
    let mut buffer = vec![0; PIECE_BYTES];
    while let Ok(read @ 1..) = pipe.read(&mut buffer) {
        let piece = buffer.get(..read).unwrap_or_default().to_vec();
        if pieces.send(piece).is_err() {
            break;
        }
    }
}
