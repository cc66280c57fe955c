//! What the headers of many files say, with an index of what is known from before.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    CollectionError, Track,
    index::{Index, Stamp},
};
use mynascope_audio::{self as audio, AudioError, FileTags};
use mynascope_base::{
    jobs::Watch,
    storage::{Folders, StorageError},
};

/// What a file's header says, or what decoding the file found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileFacts {
    /// Length in seconds, where the header tells it.
    pub duration_secs: Option<f64>,
    /// Short name of the codec: "flac".
    pub codec: Option<String>,
    /// Why the file cannot be used.
    pub problem: Option<String>,
    /// What is wrong with a file that can be used: it was cut short.
    pub warning: Option<String>,
    /// What the file says of its music.
    pub tags: FileTags,
    /// The file was decoded: this is how long it is, whatever its header says.
    pub decoded: bool,
}

/// What [`probe_files`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProbeSummary {
    /// Files whose header was read.
    pub read: usize,
    /// Files that have not changed since they were read last.
    pub reused: usize,
    /// Files that cannot be used.
    pub problems: usize,
}

/// More threads than these wait for the disk, not for the processor.
const MOST_THREADS: usize = 4;
/// Facts are handed on at least this often, ...
const BATCH_TIME: Duration = Duration::from_millis(150);
/// ... and at most so many at once.
const BATCH: usize = 1024;

/// Where the index of a collection lies that was opened from these paths; `None` without a home folder.
pub fn index_file(sources: &[PathBuf]) -> Option<PathBuf> {
    let mut hash = blake3::Hasher::new();
    for source in sources {
        let whole = std::path::absolute(source).unwrap_or_else(|_| source.clone());
        hash.update(whole.as_os_str().as_encoded_bytes());
        hash.update(&[0]);
    }
    let name = format!("{}.csv", hash.finalize().to_hex());
    Some(Folders::of_user().ok()?.cache.join("scan").join(name))
}

/// Reads the headers of all tracks that may hold sound, several at a time, and hands on what they say with the place
/// of each track. What is known from an earlier time of files that have kept size and time comes from `index` (a file
/// that is made and kept up to date; `None` for none), also what a cancelled scan had read.
///
/// # Errors
/// Fails when cancelled. An index that cannot be written costs the next scan its time, no more.
pub fn probe_files(
    tracks: &[Track],
    index: Option<&Path>,
    watch: &Watch,
    found: &(dyn Fn(Vec<(usize, FileFacts)>) + Sync),
) -> Result<ProbeSummary, CollectionError> {
    let wanted: Vec<usize> = (0..tracks.len())
        .filter(|&place| {
            tracks
                .get(place)
                .is_some_and(|track| track.problem.is_none())
        })
        .collect();
    let scan = Scan {
        tracks,
        wanted: &wanted,
        known: index.map(Index::load).unwrap_or_default(),
        next: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
        fresh: Mutex::new((Index::default(), ProbeSummary::default())),
        watch,
        found,
    };
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MOST_THREADS)
        .min(wanted.len());
    thread::scope(|scope| {
        for number in 1..threads {
            // Where the system gives no more threads, this one does the work.
            let _ = thread::Builder::new()
                .name(format!("scan-{number}"))
                .stack_size(8 << 20)
                .spawn_scoped(scope, || scan.work());
        }
        scan.work();
    });
    let (mut fresh, summary) = scan
        .fresh
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let cancelled = watch.check();
    if let Some(file) = index
        && (summary.read > 0 || cancelled.is_ok() && summary.reused < scan.known.len())
    {
        if cancelled.is_err() {
            fresh.keep_rest(scan.known);
        }
        // Files may have been decoded while this went on.
        fresh.keep_decoded(Index::load(file));
        if let Err(error) = fresh.save(file) {
            tracing::warn!("the scan's index is not kept: {error}");
        }
    }
    cancelled?;
    Ok(summary)
}

/// Keeps in a collection's index what decoding some of its files found, so that the next [`probe_files`] tells it. A codec
/// that is not told stays as it is known.
///
/// # Errors
/// If the index cannot be written; an old one is untouched.
pub fn keep_decoded(
    index: &Path,
    found: impl IntoIterator<Item = (PathBuf, FileFacts)>,
) -> Result<(), StorageError> {
    let mut known = Index::load(index);
    for (path, facts) in found {
        let Some(stamp) = Stamp::of(&path) else {
            continue;
        };
        let header = known.get(&path, stamp);
        let codec = facts.codec.or_else(|| header?.codec.clone());
        let tags = header.map(|header| header.tags.clone());
        let facts = FileFacts {
            codec,
            tags: tags.unwrap_or_default(),
            decoded: true,
            ..facts
        };
        known.keep(path, stamp, facts);
    }
    known.save(index)
}

struct Scan<'a> {
    tracks: &'a [Track],
    /// Places of the tracks to look at.
    wanted: &'a [usize],
    known: Index,
    next: AtomicUsize,
    done: AtomicUsize,
    fresh: Mutex<(Index, ProbeSummary)>,
    watch: &'a Watch<'a>,
    found: &'a (dyn Fn(Vec<(usize, FileFacts)>) + Sync),
}

impl Scan<'_> {
    /// Takes tracks until none is left.
    fn work(&self) {
        let mut batch = Vec::new();
        let mut given = Instant::now();
        while self.watch.check().is_ok() {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some((place, track)) = self
                .wanted
                .get(next)
                .and_then(|&place| Some((place, self.tracks.get(place)?)))
            else {
                break;
            };
            batch.push((place, self.look(&track.path)));
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            if batch.len() >= BATCH || given.elapsed() >= BATCH_TIME {
                (self.found)(std::mem::take(&mut batch));
                given = Instant::now();
                let all = self.wanted.len() as u64;
                self.watch
                    .progress("reading headers", done as u64, Some(all));
            }
        }
        if !batch.is_empty() {
            (self.found)(batch);
        }
    }

    fn look(&self, path: &Path) -> FileFacts {
        let stamp = Stamp::of(path);
        let known = stamp.and_then(|stamp| self.known.get(path, stamp));
        let (facts, lasting, read) = match known {
            Some(facts) => (facts.clone(), true, false),
            None => {
                let (facts, lasting) = read_header(path);
                (facts, lasting, true)
            }
        };
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        let (index, summary) = &mut *fresh;
        if read {
            summary.read += 1;
        } else {
            summary.reused += 1;
        }
        summary.problems += usize::from(facts.problem.is_some());
        if let Some(stamp) = stamp
            && lasting
        {
            index.keep(path.to_path_buf(), stamp, facts.clone());
        }
        facts
    }
}

/// What a header says, and whether that holds as long as the file doesn't change.
fn read_header(path: &Path) -> (FileFacts, bool) {
    match audio::probe_file(path) {
        Ok(info) => {
            let facts = FileFacts {
                duration_secs: (info.duration_secs > 0.0).then_some(info.duration_secs),
                warning: info.incomplete.map(|incomplete| incomplete.to_string()),
                codec: Some(info.codec),
                problem: None,
                tags: audio::read_tags(path),
                decoded: false,
            };
            (facts, true)
        }
        Err(error) => {
            // Permissions, disks and programs may come (back) without a change of the file.
            let lasting = !matches!(
                error,
                AudioError::Open { .. }
                    | AudioError::NeedsProgram { .. }
                    | AudioError::Stalled { .. }
                    | AudioError::Cancelled(_)
            );
            let facts = FileFacts {
                problem: Some(error.to_string()),
                ..FileFacts::default()
            };
            (facts, lasting)
        }
    }
}
