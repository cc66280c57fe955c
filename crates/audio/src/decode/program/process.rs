//! The process: what it is asked for, and the threads that read its pipes.

use std::{
    ffi::OsString,
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use super::{
    super::{
        MAX_CHANNELS, MAX_RATE, MIN_RATE,
        fence::Fence,
        foreign::{Asks, Facts},
        number::Endian::Big,
    },
    log::Log,
};
use crate::AudioError;
use mynascope_base::system_words;

/// What it may allocate in one piece.
const MAX_ALLOCATION: &str = "268435456";
/// Bytes that it passes over to find the next packet of a transport stream.
const MAX_RESYNC: &str = "2147483647";
/// Bytes of sound read at once, and how many such pieces wait: with the pipe this bounds what runs ahead.
const PIECE_BYTES: usize = 1 << 16;
const MAX_PIECES: usize = 4;
/// How often a wait looks at the clock.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long its messages may lag behind its sound when it starts or ends.
const LOG_LAG: Duration = Duration::from_secs(2);
/// Size of an AU header without annotation, and its code for floats.
const AU_HEADER: usize = 24;
const AU_FLOAT: u32 = 6;

/// Rate in Hz and channels of the sound in the pipe.
pub(super) struct Header {
    pub rate: u32,
    pub channels: usize,
}

/// The process, and the threads that read its pipes. It ends when this is dropped.
pub(super) struct Running {
    child: Child,
    pieces: Receiver<Vec<u8>>,
    /// Bytes that came and were not yet taken.
    pub rest: Vec<u8>,
    log: Arc<Mutex<Log>>,
    /// The threads hold its other ends until the pipes end.
    log_ended: Receiver<()>,
}

/// What the program is to read, and with what.
pub(super) struct Source {
    executable: PathBuf,
    /// Those that it may use.
    demuxers: String,
    path: PathBuf,
    /// What stands in the file from this byte on it does not see.
    end: Option<u64>,
    asks: Asks,
    /// Its demuxer, where it would not choose it by itself.
    format: Option<&'static str>,
}

/// What the program is to do.
#[derive(Clone, Copy)]
pub(super) enum Task {
    /// Write the sound, from a second on.
    Decode(Option<f64>),
    /// Decode, and say the time of each packet.
    TellTimes,
}

impl Source {
    /// A file that tells `facts` of itself.
    pub(super) fn new(executable: &Path, demuxers: String, path: &Path, facts: &Facts) -> Self {
        Self {
            executable: executable.to_path_buf(),
            demuxers,
            path: path.to_path_buf(),
            end: facts.end,
            asks: facts.asks,
            format: facts.format,
        }
    }

    /// Starts the program.
    pub(super) fn run(&self, track: usize, task: Task) -> Result<Running, AudioError> {
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
        command.args(["-format_whitelist", &self.demuxers]);
        match task {
            Task::Decode(Some(secs)) => command.args(["-ss", &format!("{secs:.9}")]),
            Task::Decode(None) => &mut command,
            // With more threads it would read on before it tells.
            Task::TellTimes => command.args(["-debug_ts", "-threads", "1"]),
        };
        match self.asks {
            Asks::Nothing | Asks::Times => &mut command,
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
        // What is left out is silent, and what follows keeps its time.
        let least_gap_secs = match self.asks {
            Asks::Checksums => Some("0.01"),
            Asks::Times => Some("0.05"),
            Asks::Nothing | Asks::Resync => None,
        };
        if let Some(secs) = least_gap_secs {
            command.args(["-af", &format!("aresample=async=1:min_hard_comp={secs}")]);
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

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits a while; `false` at the end.
    pub(super) fn wait(&mut self, fence: &Fence<'_>) -> Result<bool, AudioError> {
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
    pub(super) fn piece(&mut self, fence: &Fence<'_>) -> Result<bool, AudioError> {
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
    pub(super) fn header(&mut self, fence: &Fence<'_>) -> Result<Option<Header>, AudioError> {
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
