//! Files of a model into the cache: whole, checked, or not at all; what came of one that is not whole waits beside.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use mynascope_base::jobs::Watch;
use sha2::{Digest, Sha256};
use ureq::http::StatusCode;

use crate::{
    HubError, Offer,
    cache::{Cached, disk, make_parent},
    client::{Client, FileHead, format_io_error},
};

/// So often in a row a connection may bring nothing.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);
const PIECE: usize = 1 << 16;

/// Fetches what is missing of `offer`, and gives the folder with all of it.
pub(crate) fn fetch(
    client: &Client,
    cached: &Cached,
    offer: &Offer,
    watch: &Watch<'_>,
) -> Result<PathBuf, HubError> {
    let mut done = 0;
    for file in &offer.files {
        watch.check()?;
        let head = client.head(offer, &file.name)?;
        // What was shown before it was agreed to counts: other bytes are none of it.
        let bytes = file.bytes.or(head.bytes);
        let blob = cached.blob(&head.etag);
        let stored = fs::metadata(&blob).map(|found| found.len());
        if stored.is_err() || bytes.is_some_and(|bytes| stored.is_ok_and(|found| found != bytes)) {
            let _lock = cached.lock(&head.etag, &file.name)?;
            let download = Download {
                client,
                offer,
                file: &file.name,
                head: &head,
                bytes,
                done,
                watch,
            };
            download.run(&blob)?;
        }
        cached.link(&offer.commit, &file.name, &head.etag)?;
        done += bytes.unwrap_or_default();
    }
    cached.note_commit(&offer.commit)?;
    Ok(cached.snapshot(&offer.commit))
}

struct Download<'a> {
    client: &'a Client,
    offer: &'a Offer,
    file: &'a str,
    head: &'a FileHead,
    /// Of the file, where the hub says so.
    bytes: Option<u64>,
    /// Of the files before this one.
    done: u64,
    watch: &'a Watch<'a>,
}

/// How one connection ended.
enum End {
    /// The file is whole as far as the server says.
    Whole,
    /// Before that.
    Cut { why: String },
}

impl Download<'_> {
    fn run(&self, blob: &Path) -> Result<(), HubError> {
        let mut partial = blob.as_os_str().to_owned();
        partial.push(".incomplete");
        let partial = PathBuf::from(partial);
        make_parent(&partial)?;
        let mut out = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(&partial)
            .map_err(|error| disk(&error, &partial))?;
        let mut tries = 0;
        loop {
            let before = length(&out, &partial)?;
            if Some(before) == self.bytes {
                break;
            }
            let why = match self.connect(&mut out, before, &partial)? {
                End::Whole => break,
                End::Cut { why } => why,
            };
            let arrived = length(&out, &partial)?;
            tries = if arrived > before { 0 } else { tries + 1 };
            if tries == TRIES {
                return Err(HubError::Cut {
                    why,
                    arrived,
                    size: self.bytes.unwrap_or(arrived),
                    file: self.file.to_owned(),
                });
            }
            self.watch.check()?;
            thread::sleep(PAUSE * tries);
        }
        self.verify(&mut out, &partial)?;
        out.sync_all().map_err(|error| disk(&error, &partial))?;
        drop(out);
        fs::rename(&partial, blob).map_err(|error| disk(&error, blob))
    }

    /// Reads from one connection until it ends.
    fn connect(&self, out: &mut File, before: u64, partial: &Path) -> Result<End, HubError> {
        let cut = |why: String| Ok(End::Cut { why });
        let response = match self.client.get(self.offer, self.file, before) {
            Ok(response) => response,
            Err(HubError::Unreachable { why, .. }) if before > 0 => return cut(why),
            Err(error) => return Err(error),
        };
        let mut have = before;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => {
                let range = response.headers().get("content-range");
                let range = range.and_then(|range| range.to_str().ok());
                let begins = format!("bytes {before}-");
                if !range.is_some_and(|range| range.starts_with(&begins)) {
                    return Err(HubError::Answer {
                        what: "another part of the file than was asked for".to_owned(),
                        url: self.file.to_owned(),
                    });
                }
            }
            // There is no more than what came, and that is less than was announced, or of another file.
            StatusCode::RANGE_NOT_SATISFIABLE => return Err(self.wrong_size(before, partial)),
            // The server begins at the first byte whatever was asked for.
            _ => {
                out.set_len(0).map_err(|error| disk(&error, partial))?;
                have = 0;
            }
        }
        let mut body = response.into_body().into_reader();
        let mut piece = vec![0; PIECE];
        loop {
            self.watch.check()?;
            let count = match body.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => return cut(format_io_error(&error)),
            };
            let came = piece.get(..count).unwrap_or_default();
            out.write_all(came).map_err(|error| disk(&error, partial))?;
            have += count as u64;
            if self.bytes.is_some_and(|bytes| have > bytes) {
                return Err(self.wrong_size(have, partial));
            }
            self.report(have);
        }
        match self.bytes {
            Some(bytes) if have < bytes => cut("it ended early".to_owned()),
            _ => Ok(End::Whole),
        }
    }

    fn report(&self, have: u64) {
        let what = format!("fetching {}, kB", self.file);
        let total = self.offer.bytes().map(|bytes| bytes.div_ceil(1000));
        self.watch
            .progress(&what, (self.done + have).div_ceil(1000), total);
    }

    fn wrong_size(&self, found: u64, partial: &Path) -> HubError {
        let _ = fs::remove_file(partial);
        HubError::WrongSize {
            expected: self.bytes.unwrap_or_default(),
            found,
            file: self.file.to_owned(),
        }
    }

    /// The hub calls the content of weights by its SHA-256.
    fn verify(&self, out: &mut File, partial: &Path) -> Result<(), HubError> {
        let etag = &self.head.etag;
        let is_hex = etag.chars().all(|c| c.is_ascii_hexdigit());
        if etag.len() != 64 || !is_hex {
            return Ok(());
        }
        let failed = |error| disk(&error, partial);
        out.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut sum = Sha256::new();
        let mut piece = vec![0; PIECE];
        loop {
            self.watch.check()?;
            match out.read(&mut piece).map_err(failed)? {
                0 => break,
                count => sum.update(piece.get(..count).unwrap_or_default()),
            }
        }
        let sum: String = sum
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if sum.eq_ignore_ascii_case(etag) {
            return Ok(());
        }
        let _ = fs::remove_file(partial);
        Err(HubError::WrongContent {
            file: self.file.to_owned(),
        })
    }
}

fn length(file: &File, path: &Path) -> Result<u64, HubError> {
    let found = file.metadata().map_err(|error| disk(&error, path))?;
    Ok(found.len())
}
