//! The pages of an Ogg file: where each link of a chain begins and ends, and which pages are whole.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Read, Seek},
    ops::Range,
    path::Path,
};

use symphonia::core::{checksum::Crc32, io::Monitor};

use super::super::{fence::Fence, number::Endian::Little};

/// Links of one file that are found; what comes behind them is left out, and said so.
const MAX_LINKS: usize = 4096;
/// Streams side by side in one link.
const MAX_STREAMS: usize = 256;
/// The longest page.
const MAX_PAGE: u64 = 65_307;
/// Fixed part of a page's header.
const PAGE_HEADER: usize = 27;
/// Pages from whose size the number of pages of the file is estimated.
const SAMPLE_PAGES: u32 = 32;

/// A page's header.
#[derive(Debug, Clone, Copy)]
struct Page {
    at: u64,
    /// Where the next one begins.
    end: u64,
    /// The frame behind the last one that ends in it; all ones where none does.
    granule: u64,
    serial: u32,
    sequence: u32,
    is_first: bool,
    is_last: bool,
}

impl Page {
    /// Whether sound ends in it: none does in headers.
    fn ends_sound(&self) -> bool {
        !matches!(self.granule, 0 | u64::MAX)
    }
}

/// The pages of a file.
pub(super) struct Pages<'a> {
    file: BufReader<&'a mut File>,
    length: u64,
    path: &'a Path,
    fence: &'a Fence<'a>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(file: &'a mut File, length: u64, fence: &'a Fence<'a>) -> Self {
        Self {
            file: BufReader::with_capacity(1 << 13, file),
            length,
            path: fence.path,
            fence,
        }
    }

    /// The byte ranges of the links from `start` on, and whether these are all.
    pub(super) fn links(&mut self, start: u64) -> io::Result<(Vec<Range<u64>>, bool)> {
        let mut links = Vec::new();
        let mut place = start;
        while let Some(first) = self.next(place, self.length)? {
            if links.len() >= MAX_LINKS {
                return Ok((links, false));
            }
            let (serials, body) = self.heads(first)?;
            let end = self.end(first.at, body, &serials)?;
            links.push(first.at..end);
            if end <= first.at {
                break;
            }
            place = end;
        }
        Ok((links, true))
    }

    /// The serial numbers of the streams that begin at a page, and where their first pages end.
    fn heads(&mut self, first: Page) -> io::Result<(Vec<u32>, u64)> {
        let mut serials = Vec::new();
        let mut page = first;
        loop {
            if !page.is_first || serials.len() >= MAX_STREAMS {
                return Ok((serials, page.at));
            }
            serials.push(page.serial);
            match self.next(page.end, self.length)? {
                Some(next) => page = next,
                None => return Ok((serials, page.end)),
            }
        }
    }

    /// Where the link ends that has these streams, begins at `start` and has its other pages from `body` on.
    fn end(&mut self, start: u64, body: u64, serials: &[u32]) -> io::Result<u64> {
        let belongs = |page: &Page| serials.contains(&page.serial);
        let tail = self.last(body)?;
        match tail {
            None => return Ok(self.length),
            Some(page) if belongs(&page) => {
                return if self.may_begin_again(start, body, page, serials.len())? {
                    self.walk(body, serials)
                } else {
                    Ok(self.length)
                };
            }
            Some(_) => {}
        }
        // Pages up to `low` belong to the link, those from `high` on do not.
        let (mut low, mut high) = (body, self.length);
        while high - low > 2 * MAX_PAGE {
            let middle = low + (high - low) / 2;
            match self.next(middle, high)? {
                Some(page) if belongs(&page) => low = page.end,
                _ => high = middle,
            }
        }
        self.walk(low, serials)
    }

    /// Whether the file has many more pages than its last one counts: then a link with the same number begins again
    /// within it.
    fn may_begin_again(
        &mut self,
        start: u64,
        body: u64,
        last: Page,
        streams: usize,
    ) -> io::Result<bool> {
        if streams > 1 {
            return Ok(false);
        }
        let mut place = body;
        let mut pages = 1;
        while pages < SAMPLE_PAGES
            && let Some(page) = self.next(place, self.length)?
        {
            place = page.end;
            pages += 1;
        }
        let each = (place - start) as f64 / f64::from(pages);
        let expected = each * (f64::from(last.sequence) + 1.0);
        Ok(expected < 0.7 * (last.end - start) as f64)
    }

    /// Looks at every page from `place` on for the first that does not belong to the link.
    fn walk(&mut self, mut place: u64, serials: &[u32]) -> io::Result<u64> {
        while let Some(page) = self.next(place, self.length)? {
            if page.is_first || !serials.contains(&page.serial) {
                return Ok(page.at);
            }
            // A page that is cut, as where a recorder lost its stream, reaches into the next link by the size that it claims.
            let is_cut = page.end < self.length && self.page(page.end)?.is_none();
            place = if is_cut { page.at + 1 } else { page.end };
        }
        Ok(self.length)
    }

    /// The last page of the file that begins behind `from`.
    fn last(&mut self, from: u64) -> io::Result<Option<Page>> {
        let mut place = from.max(self.length.saturating_sub(2 * MAX_PAGE));
        let mut last = None;
        while let Some(page) = self.next(place, self.length)? {
            place = page.end;
            last = Some(page);
        }
        Ok(last)
    }

    /// The first page that begins at `place` or behind it and before `limit`.
    fn next(&mut self, place: u64, limit: u64) -> io::Result<Option<Page>> {
        if self.fence.clock.check(self.path).is_err() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut place = place;
        while place < limit {
            if let Some(page) = self.page(place)? {
                return Ok(Some(page));
            }
            match self.mark(place + 1, limit)? {
                Some(found) => place = found,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The stretches of a link whose pages have the checksums that they claim and follow each other by their numbers, and where
    /// its headers end. What lies between is damaged or missing; a last page that is cut is not. Behind the headers of a
    /// broadcast its pages begin with any number.
    pub(super) fn whole(&mut self, link: &Range<u64>) -> io::Result<(Vec<Range<u64>>, u64)> {
        /// Where more pages lack than one of so many, they are numbered in a way of their own.
        const FEWEST_PAGES_A_GAP: usize = 4;
        let (mut found, mut joined): (Vec<Range<u64>>, Vec<Range<u64>>) = Default::default();
        let mut numbers = HashMap::new();
        let mut pages = 0;
        let mut head_end = None;
        let mut place = link.start;
        let mut bytes = Vec::new();
        while let Some(page) = self.next(place, link.end)? {
            if page.end <= link.end {
                self.go(page.at)?;
                bytes.clear();
                let length = page.end - page.at;
                Read::by_ref(&mut self.file)
                    .take(length)
                    .read_to_end(&mut bytes)?;
                if !has_its_checksum(&mut bytes) {
                    // Its size may be wrong, too.
                    place = page.at + 1;
                    continue;
                }
            }
            pages += 1;
            let before = numbers.insert(page.serial, page.sequence);
            let is_late =
                before.is_some_and(|before: u32| page.sequence > before.saturating_add(1));
            let lacks = is_late && head_end.is_some();
            for (stretches, goes_on) in [(&mut found, !lacks), (&mut joined, true)] {
                match stretches.last_mut() {
                    Some(last) if last.end == page.at && goes_on => last.end = page.end,
                    _ => stretches.push(page.at..page.end),
                }
            }
            if page.ends_sound() {
                head_end.get_or_insert(page.at);
            }
            place = page.end;
        }
        if FEWEST_PAGES_A_GAP * (found.len() - joined.len()) > pages {
            found = joined;
        }
        Ok((found, head_end.unwrap_or(place)))
    }

    /// Whether all sound of a link stands in one page that is there to its end and says that it is the last. Where such a link
    /// begins nothing tells: its count is that of its end.
    pub(super) fn is_one_last_page(&mut self, link: &Range<u64>) -> io::Result<bool> {
        let mut place = link.start;
        while let Some(page) = self.next(place, link.end)? {
            if page.ends_sound() {
                return Ok(page.is_last && page.end == link.end);
            }
            place = page.end;
        }
        Ok(false)
    }

    /// Where "OggS" stands next.
    fn mark(&mut self, place: u64, limit: u64) -> io::Result<Option<u64>> {
        self.go(place)?;
        let mut last = [0_u8; 4];
        let mut at = place;
        let mut buffer = [0; 4096];
        while at < limit {
            if self.fence.clock.check(self.path).is_err() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let read = self.file.read(&mut buffer)?;
            if read == 0 {
                return Ok(None);
            }
            for &byte in buffer.get(..read).unwrap_or_default() {
                last.rotate_left(1);
                if let Some(end) = last.last_mut() {
                    *end = byte;
                }
                at += 1;
                if &last == b"OggS" && at >= place + 4 {
                    return Ok(Some(at - 4));
                }
            }
        }
        Ok(None)
    }

    fn go(&mut self, place: u64) -> io::Result<()> {
        let now = self.file.stream_position()?;
        self.file
            .seek_relative(place.wrapping_sub(now).cast_signed())
    }

    /// The page that begins at `place`, if one does and all of its header is there.
    fn page(&mut self, place: u64) -> io::Result<Option<Page>> {
        self.go(place)?;
        let mut head = [0; PAGE_HEADER];
        match self.file.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let [b'O', b'g', b'g', b'S', 0, flags, rest @ ..] = head else {
            return Ok(None);
        };
        let granule = Little.u64(&rest, 0).unwrap_or_default();
        let (serial, sequence) = (Little.u32(&rest, 8), Little.u32(&rest, 12));
        let (Some(serial), Some(sequence), [.., segments]) = (serial, sequence, &rest) else {
            return Ok(None);
        };
        let mut sizes = vec![0; usize::from(*segments)];
        match self.file.read_exact(&mut sizes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let body: u64 = sizes.iter().map(|&size| u64::from(size)).sum();
        const FIRST: u8 = 2;
        const LAST: u8 = 4;
        Ok(Some(Page {
            at: place,
            end: place + PAGE_HEADER as u64 + sizes.len() as u64 + body,
            granule,
            serial,
            sequence,
            is_first: flags & FIRST != 0,
            is_last: flags & LAST != 0,
        }))
    }
}

/// Whether a page has the checksum that its header claims (RFC 3533, 6: polynomial 0x04c11db7, beginning with 0, not mirrored,
/// over the page with the checksum itself as 0).
fn has_its_checksum(page: &mut [u8]) -> bool {
    let Some(field) = page.get_mut(22..26) else {
        return false;
    };
    let claimed = Little.of(field);
    field.fill(0);
    let mut sum = Crc32::new(0);
    sum.process_buf_bytes(page);
    u64::from(sum.crc()) == claimed
}
