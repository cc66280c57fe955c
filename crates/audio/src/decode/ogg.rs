//! Ogg files as chains of links: each link is a stream of its own, with its own codec, rate and length, and plays behind
//! the one before it (`cat a.ogg b.ogg` makes one, so does a radio station).
//!
//! What of symphonia-format-ogg 0.6.1 is worked around here: "samples are trimmed inside a stream where the granule position of
//! a page is a little low"; "`num_frames` is the granule position of the end, not the length, where a stream does not begin
//! at 0"; "only the first link of a chained file is counted and sought"; "seek does not end beside a second stream".
//!
//! Pages: RFC 3533, 6. Finding a link's end by halving the file is how libvorbisfile does it.

mod pages;

use std::{
    collections::VecDeque,
    fs::File,
    io::{Read, Seek, SeekFrom},
    ops::Range,
};

use self::pages::Pages;
use super::{
    Refused, SILENT, Step,
    fence::Fence,
    packets::{Input, Packets},
    splice::Splice,
};
use crate::{AudioError, AudioInfo, Incomplete};

/// One part of a chain.
#[derive(Debug, Clone)]
struct Link {
    range: Range<u64>,
    duration_secs: f64,
    /// Whether its end tells how much sound there is.
    tells_length: bool,
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
            let mut pages = Pages::new(&mut file, range.end, fence);
            let one = pages.is_one_last_page(&range);
            let mut link = Link {
                range,
                duration_secs: 0.0,
                tells_length: !one.map_err(|error| AudioError::from_io(fence.path, &error))?,
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
        self.packets = part(0..0, link.range.start..first.end, fence)?.telling_its_end();
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
            self.packets = next.telling_its_end().going_on();
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
        let packets = part(0..0, self.range.clone(), fence)?;
        Ok(match self.tells_length {
            true => packets.telling_its_end(),
            false => packets,
        })
    }
}

/// Opens pages of a link, with those of its headers in front.
fn part(head: Range<u64>, body: Range<u64>, fence: &Fence<'_>) -> Result<Packets, AudioError> {
    let file = File::open(fence.path).map_err(|error| AudioError::from_io(fence.path, &error))?;
    let input = Input::of(file, body).behind(head);
    // Places are found by counting (symphonia-format-ogg 0.6.1, "seek does not end beside a second stream"; it also believes
    // every page's count).
    Ok(Packets::open(input, fence.path, fence.clock)?.counting_packets())
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
