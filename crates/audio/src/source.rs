//! Sources that a decoder reads from: watched for a stall, and cut to a section.

use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use symphonia::core::io::MediaSource;

use super::{
    AudioError,
    patch::{Patch, apply},
};
use mynascope_base::jobs::Cancel;

/// A file that gives no samples for this long is given up.
pub(super) const STALL_LIMIT: Duration = Duration::from_secs(30);

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
    patches: Vec<Patch>,
    position: u64,
}

impl<S> Watched<S> {
    pub(super) fn new(source: S, length: Option<u64>, clock: Arc<Clock>) -> Self {
        Self {
            source,
            length,
            clock,
            patches: Vec::new(),
            position: 0,
        }
    }

    /// Reads the file with other bytes in some places.
    pub(super) fn patched(mut self, patches: Vec<Patch>) -> Self {
        self.patches = patches;
        self
    }
}

impl<S: Read> Read for Watched<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.clock.check_read()?;
        let read = self.source.read(buffer)?;
        if let Some(fresh) = buffer.get_mut(..read) {
            apply(&self.patches, self.position, fresh);
        }
        self.position += read as u64;
        Ok(read)
    }
}

impl<S: Seek> Seek for Watched<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.clock.check_read()?;
        self.position = self.source.seek(to)?;
        Ok(self.position)
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

/// Parts of a file that are read as if they were one: a header, and what follows it somewhere.
pub(super) struct Section {
    file: fs::File,
    head: Range<u64>,
    body: Range<u64>,
    position: u64,
    /// Where the file stands.
    file_at: Option<u64>,
}

impl Section {
    /// The bytes of `head`, and behind them those of `body`.
    pub(super) fn new(file: fs::File, head: Range<u64>, body: Range<u64>) -> Self {
        Self {
            file,
            head,
            body,
            position: 0,
            file_at: None,
        }
    }

    /// Bytes of all.
    pub(super) fn length(&self) -> u64 {
        bytes_of(&self.head) + bytes_of(&self.body)
    }

    /// The place in the file of the present position, and how many bytes follow there.
    fn place(&self) -> (u64, u64) {
        let head = bytes_of(&self.head);
        let (range, before) = match self.position.checked_sub(head) {
            None => (&self.head, self.position),
            Some(before) => (&self.body, before),
        };
        let place = range.start.saturating_add(before);
        (place, range.end.saturating_sub(place))
    }
}

fn bytes_of(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (place, left) = self.place();
        if self.file_at != Some(place) {
            self.file_at = None;
            self.file.seek(SeekFrom::Start(place))?;
        }
        let most = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let read = self.file.read(buffer.get_mut(..most).unwrap_or_default())? as u64;
        self.position += read;
        self.file_at = Some(place + read);
        Ok(read as usize)
    }
}

impl Seek for Section {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(offset) => self.length().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
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
    let before = fs::metadata(path).map_err(|error| match broken_link(path, &error) {
        Some(why) => AudioError::open(path, why),
        None => AudioError::from_io(path, &error),
    })?;
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

/// Says of a link that leads nowhere that it does.
fn broken_link(path: &Path, error: &io::Error) -> Option<String> {
    if error.kind() != io::ErrorKind::NotFound {
        return None;
    }
    let target = fs::read_link(path).ok()?;
    Some(format!(
        "it is a link to {}, where nothing is",
        target.display()
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn two_parts_of_a_file_are_read_as_one() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut section = Section::new(file, 1..3, 6..9);
        let mut all = String::new();
        section.read_to_string(&mut all).unwrap();
        assert_eq!((all.as_str(), section.length()), ("12678", 5));
        section.seek(SeekFrom::End(-4)).unwrap();
        let mut rest = String::new();
        section.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "2678");
    }

    #[test]
    fn a_source_that_never_ends_is_given_up() {
        let clock = Clock::new(&Cancel::default(), Duration::from_millis(50));
        let mut endless = Watched::new(io::repeat(0), None, Arc::clone(&clock));
        let mut buffer = [0; 4096];
        while endless.read(&mut buffer).is_ok() {}
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
