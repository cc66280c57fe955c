use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use symphonia::core::io::MediaSource;

use super::AudioError;
use mynascope_base::jobs::Cancel;

/// A file that gives no samples for this long is given up.
pub(super) const STALL_LIMIT: Duration = Duration::from_secs(5);

/// Watches over a decoder: the time since its last sample, and whether anyone still wants it. The decoder's
/// innermost loops all read, so the check sits in the reads, too.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    /// Milliseconds from `start` to the last sample.
    progress_ms: AtomicU64,
    cancel: Cancel,
    limit: Duration,
}

impl Clock {
    pub(super) fn new(cancel: &Cancel, limit: Duration) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            progress_ms: AtomicU64::new(0),
            cancel: cancel.clone(),
            limit,
        })
    }

    /// Samples came: the clock starts anew.
    pub(super) fn progress(&self) {
        let now = self.start.elapsed().as_millis() as u64;
        self.progress_ms.store(now, Ordering::Relaxed);
    }

    fn is_stalled(&self) -> bool {
        let last = Duration::from_millis(self.progress_ms.load(Ordering::Relaxed));
        self.start.elapsed().saturating_sub(last) > self.limit
    }

    pub(super) fn check(&self, path: &Path) -> Result<(), AudioError> {
        self.cancel.check()?;
        if self.is_stalled() {
            return Err(AudioError::Stalled {
                seconds: self.limit.as_secs(),
                path: path.to_path_buf(),
            });
        }
        Ok(())
    }

    fn check_read(&self) -> io::Result<()> {
        if self.cancel.is_cancelled() || self.is_stalled() {
            // Not `Interrupted`, which readers retry.
            return Err(io::Error::new(io::ErrorKind::TimedOut, "given up"));
        }
        Ok(())
    }
}

/// A file whose reads end with an error once the clock says so.
pub(super) struct Watched<S> {
    source: S,
    length: Option<u64>,
    clock: Arc<Clock>,
}

impl<S> Watched<S> {
    pub(super) fn new(source: S, length: Option<u64>, clock: Arc<Clock>) -> Self {
        Self {
            source,
            length,
            clock,
        }
    }
}

impl<S: Read> Read for Watched<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.clock.check_read()?;
        self.source.read(buffer)
    }
}

impl<S: Seek> Seek for Watched<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.clock.check_read()?;
        self.source.seek(to)
    }
}

impl<S: Read + Seek + Send + Sync> MediaSource for Watched<S> {
    fn is_seekable(&self) -> bool {
        self.length.is_some()
    }

    fn byte_len(&self) -> Option<u64> {
        self.length
    }
}

/// Opens a regular file that has bytes, and tells its length.
pub(super) fn open_regular(path: &Path) -> Result<(fs::File, u64), AudioError> {
    let refuse = |kind: fs::FileType| {
        let why = if kind.is_dir() {
            "it is a folder"
        } else {
            "it is a pipe or device, not a regular file"
        };
        Err(AudioError::open(path, why))
    };
    // Asked before opening: opening a named pipe waits for its writer, maybe for ever.
    let before = fs::metadata(path).map_err(|error| AudioError::from_io(path, &error))?;
    if !before.is_file() {
        return refuse(before.file_type());
    }
    let file = fs::File::open(path).map_err(|error| AudioError::from_io(path, &error))?;
    let opened = file
        .metadata()
        .map_err(|error| AudioError::from_io(path, &error))?;
    if !opened.is_file() {
        return refuse(opened.file_type());
    }
    if opened.len() == 0 {
        return Err(AudioError::Empty {
            path: path.to_path_buf(),
        });
    }
    Ok((file, opened.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_never_ends_is_given_up() {
        let clock = Clock::new(&Cancel::default(), Duration::from_millis(50));
        let mut endless = Watched::new(io::repeat(0), None, Arc::clone(&clock));
        let started = Instant::now();
        let mut buffer = [0; 4096];
        while endless.read(&mut buffer).is_ok() {
            assert!(started.elapsed() < Duration::from_secs(5));
        }
        assert!(matches!(
            clock.check(Path::new("endless")),
            Err(AudioError::Stalled { .. })
        ));
        clock.progress();
        assert!(endless.read(&mut buffer).is_ok(), "progress starts it anew");
    }

    #[test]
    fn a_cancelled_read_ends() {
        let cancel = Cancel::default();
        let clock = Clock::new(&cancel, STALL_LIMIT);
        let mut endless = Watched::new(io::repeat(0), None, Arc::clone(&clock));
        cancel.cancel();
        assert!(endless.read(&mut [0; 16]).is_err());
        assert!(matches!(
            clock.check(Path::new("x")),
            Err(AudioError::Cancelled(_))
        ));
    }
}
