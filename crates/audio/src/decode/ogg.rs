//! Ogg files as chains of links: each link is a stream of its own, with its own codec, rate and length, and plays behind
//! the one before it (`cat a.ogg b.ogg` makes one, so does a radio station).
//!
//! What of symphonia-format-ogg 0.6.1 is worked around here: "samples are trimmed inside a stream where the granule position of
//! a page is a little low"; "`num_frames` is the granule position of the end, not the length, where a stream does not begin
//! at 0"; "only the first link of a chained file is counted and sought"; "seek does not end beside a second stream".
//!
//! Pages: RFC 3533, 6. Finding a link's end by halving the file is how libvorbisfile does it.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
};

use symphonia::core::{checksum::Crc32, io::Monitor};

use super::{
    Refused, SILENT, Step,
    fence::Fence,
    number::Endian::Little,
    packets::{Input, Packets},
    splice::Splice,
};
use crate::{AudioError, AudioInfo, Incomplete};

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
}

/// One part of a chain.
#[derive(Debug, Clone)]
struct Link {
    range: Range<u64>,
    duration_secs: f64,
}

/// A chain being read link by link.
pub(super) struct Ogg {
    links: Vec<Link>,
    current: usize,
    packets: Packets,
    info: AudioInfo,
    incomplete: Option<Incomplete>,
    /// Whether the link at hand was looked through for damage.
    is_checked: bool,
    /// The pages of its headers and, where pages of it are damaged, what is whole behind each hole.
    head: Range<u64>,
    rest: VecDeque<Range<u64>>,
    splice: Splice,
    /// The frame with which the first packet of the link begins, as the link counts.
    origin: i64,
}

impl Ogg {
    /// Opens a file of `length` bytes whose first page stands at `start`.
    pub(super) fn open(
        mut file: File,
        start: u64,
        length: u64,
        fence: &Fence<'_>,
    ) -> Result<Self, Refused> {
        let ranges = Pages::new(&mut file, length, fence).links(start);
        fence.clock.check(fence.path)?;
        let (ranges, complete) = ranges.map_err(|error| AudioError::from_io(fence.path, &error))?;
        let mut links = Vec::new();
        let mut first = None;
        let mut refused = None;
        let (count, mut only_last) = (ranges.len(), false);
        for (number, range) in ranges.into_iter().enumerate() {
            let mut link = Link {
                range,
                duration_secs: 0.0,
            };
            match link.open(fence) {
                Ok(packets) => {
                    link.duration_secs = packets.info().duration_secs;
                    first.get_or_insert(packets);
                    links.push(link);
                }
                Err(error @ (AudioError::Cancelled(_) | AudioError::Stalled { .. })) => {
                    return Err(error.into());
                }
                Err(error) => {
                    let named = name_of(&mut file, &link.range).map_or(error, |name| {
                        AudioError::unsupported(fence.path, format!("its codec is {name}"))
                    });
                    only_last = refused.is_none() && number + 1 == count;
                    refused.get_or_insert(named);
                }
            }
        }
        let missing = refused.is_some() || !complete;
        let Some(packets) = first else {
            let none = || AudioError::no_sound(fence.path, SILENT);
            return Err(refused.unwrap_or_else(none).into());
        };
        let mut info = packets.info().clone();
        // One link of unknown length makes the whole unknown.
        let known = links.iter().all(|link| link.duration_secs > 0.0);
        info.duration_secs = links.iter().map(|link| link.duration_secs).sum();
        if !known || missing {
            info.duration_secs = 0.0;
        }
        let secs = links.first().map_or(0.0, |link| link.duration_secs);
        Ok(Self {
            links,
            current: 0,
            packets,
            info,
            incomplete: match (missing, only_last && complete) {
                (false, _) => None,
                // The last of several, of which not even the headers are whole.
                (true, true) => Some(Incomplete::EndsEarly { share: None }),
                (true, false) => Some(Incomplete::Damaged {
                    packets: 1,
                    first_secs: secs,
                }),
            },
            is_checked: false,
            head: 0..0,
            rest: VecDeque::new(),
            splice: Splice::default(),
            origin: 0,
        })
    }

    pub(super) fn info(&self) -> &AudioInfo {
        &self.info
    }

    pub(super) fn incomplete(&self) -> Option<Incomplete> {
        self.incomplete
    }

    pub(super) fn step(
        &mut self,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
        if let Some(step) = self.splice.waiting(samples) {
            return Ok(step);
        }
        self.check(fence)?;
        let step = self.packets.step(samples, fence)?;
        match step {
            Step::Samples { channels, rate } => {
                let stamp = self.packets.first_stamp().unwrap_or_default();
                if self.splice.resumes() {
                    let start = stamp.saturating_sub(self.origin) as f64;
                    self.splice.fill(start, samples, (channels, rate));
                    return Ok(Step::Nothing);
                }
                if self.splice.base() == 0 {
                    self.origin = stamp;
                }
                let position = self.packets.position();
                self.splice.leave_early(samples, channels, position);
                return Ok(step);
            }
            Step::End => {}
            step => return Ok(step),
        }
        if self.next_part(fence)? {
            return Ok(Step::Nothing);
        }
        if self.incomplete.is_none() {
            self.incomplete = self.packets.incomplete();
        }
        match self.links.get(self.current + 1) {
            Some(next) => {
                self.packets = next.open(fence)?;
                self.current += 1;
                self.is_checked = false;
                self.splice = Splice::default();
                Ok(Step::Nothing)
            }
            None => Ok(Step::End),
        }
    }

    /// Looks for damaged pages in the link at hand. Its reader would pass over them without a word, and play what follows too
    /// early.
    fn check(&mut self, fence: &Fence<'_>) -> Result<(), AudioError> {
        if self.is_checked {
            return Ok(());
        }
        self.is_checked = true;
        self.rest.clear();
        let Some(link) = self.links.get(self.current) else {
            return Ok(());
        };
        let whole = File::open(fence.path)
            .and_then(|mut file| Pages::new(&mut file, link.range.end, fence).whole(&link.range));
        fence.clock.check(fence.path)?;
        // What cannot be read a second time was said the first time.
        let Ok((whole, head_end)) = whole else {
            return Ok(());
        };
        let mut whole = VecDeque::from(whole);
        let Some(first) = whole.pop_front().filter(|_| !whole.is_empty()) else {
            return Ok(());
        };
        self.head = link.range.start..head_end;
        if first.start > link.range.start || first.end < head_end {
            // Without its headers a link is read as well as that goes.
            self.note_damage(whole.len() as u64);
            return Ok(());
        }
        self.packets = part(0..0, link.range.start..first.end, fence)?;
        self.rest = whole;
        Ok(())
    }

    /// Goes on behind the next hole of the link; `false` where there is none.
    fn next_part(&mut self, fence: &Fence<'_>) -> Result<bool, AudioError> {
        let holes = self.rest.len() as u64;
        while let Some(range) = self.rest.pop_front() {
            let Ok(next) = part(self.head.clone(), range, fence) else {
                fence.clock.check(fence.path)?;
                continue;
            };
            if self.splice.base() == 0 {
                self.note_damage(holes);
            }
            self.splice
                .go_on(self.splice.base() + self.packets.position());
            self.packets = next.going_on();
            return Ok(true);
        }
        Ok(false)
    }

    /// So many holes are in the link, the first of them at the present place.
    fn note_damage(&mut self, holes: u64) {
        let before: f64 = (self.links.iter().take(self.current))
            .map(|link| link.duration_secs)
            .sum();
        let frames = self.packets.position();
        let heard = frames.saturating_sub(self.packets.frames_before_sound());
        let secs = heard as f64 / f64::from(self.packets.info().sample_rate.max(1));
        self.incomplete.get_or_insert(Incomplete::Damaged {
            packets: holes,
            first_secs: before + secs,
        });
    }

    /// Moves to a time in seconds, in the link that plays then.
    pub(super) fn seek(&mut self, secs: f64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        let mut left = secs;
        let last = self.links.len().saturating_sub(1);
        for (index, link) in self.links.iter().enumerate() {
            // The last link may be longer than known, the others end where the next begins.
            if left >= link.duration_secs && index < last {
                left -= link.duration_secs;
                continue;
            }
            // What was damaged is read from its beginning.
            let is_spliced = self.splice.base() > 0 || !self.rest.is_empty();
            if index != self.current || is_spliced || self.packets.must_reopen(left) {
                self.packets = link.open(fence)?;
                self.current = index;
                self.is_checked = false;
            }
            self.splice = Splice::default();
            self.check(fence)?;
            if self.rest.is_empty() {
                return self.packets.seek(left, fence);
            }
            let frames = (left * f64::from(self.packets.info().sample_rate)).round() as u64;
            let before = self.packets.frames_before_sound();
            self.splice = Splice::wanting(before.saturating_add(frames));
            return self.packets.seek(left, fence).map(|_| true);
        }
        Ok(false)
    }
}

impl Link {
    fn open(&self, fence: &Fence<'_>) -> Result<Packets, AudioError> {
        part(0..0, self.range.clone(), fence)
    }
}

/// Opens pages of a link, with those of its headers in front.
fn part(head: Range<u64>, body: Range<u64>, fence: &Fence<'_>) -> Result<Packets, AudioError> {
    let file = File::open(fence.path).map_err(|error| AudioError::from_io(fence.path, &error))?;
    let input = Input::of(file, body).behind(head);
    // Places are found by counting, not by Symphonia: its search believes every page's count, and never ends where streams
    // lie side by side.
    Ok(Packets::open(input, fence.path, fence.clock)?
        .telling_its_end()
        .counting_packets())
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

/// What the first page of a stream that is not decoded says of itself.
fn name_of(file: &mut File, range: &Range<u64>) -> Option<&'static str> {
    const NAMES: [(&[u8], &str); 6] = [
        (b"Speex   ", "Speex"),
        (b"CELT    ", "CELT"),
        (b"PCM     ", "uncompressed PCM in Ogg"),
        (b"\x80kate", "Kate (subtitles)"),
        (b"\x80theora", "Theora (film without sound)"),
        (b"fishead\0", "of an index alone"),
    ];
    file.seek(SeekFrom::Start(range.start)).ok()?;
    let mut head = Vec::new();
    file.take(4096).read_to_end(&mut head).ok()?;
    let found = |mark: &[u8]| head.windows(mark.len()).any(|part| part == mark);
    NAMES
        .iter()
        .find(|(mark, _)| found(mark))
        .map(|(_, name)| *name)
}

/// The pages of a file.
struct Pages<'a> {
    file: BufReader<&'a mut File>,
    length: u64,
    path: &'a Path,
    fence: &'a Fence<'a>,
}

impl<'a> Pages<'a> {
    fn new(file: &'a mut File, length: u64, fence: &'a Fence<'a>) -> Self {
        Self {
            file: BufReader::with_capacity(1 << 13, file),
            length,
            path: fence.path,
            fence,
        }
    }

    /// The byte ranges of the links from `start` on, and whether these are all.
    fn links(&mut self, start: u64) -> io::Result<(Vec<Range<u64>>, bool)> {
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
            place = page.end;
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

    /// The stretches of a link whose pages have the checksums that they claim, and where its headers end. What lies between is
    /// damaged; a last page that is cut is not.
    fn whole(&mut self, link: &Range<u64>) -> io::Result<(Vec<Range<u64>>, u64)> {
        let mut found: Vec<Range<u64>> = Vec::new();
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
            match found.last_mut() {
                Some(last) if last.end == page.at => last.end = page.end,
                _ => found.push(page.at..page.end),
            }
            // Headers end no sound.
            if !matches!(page.granule, 0 | u64::MAX) {
                head_end.get_or_insert(page.at);
            }
            place = page.end;
        }
        Ok((found, head_end.unwrap_or(place)))
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
        Ok(Some(Page {
            at: place,
            end: place + PAGE_HEADER as u64 + sizes.len() as u64 + body,
            granule,
            serial,
            sequence,
            is_first: flags & FIRST != 0,
        }))
    }
}
