//! Containers: the sizes of their parts say where the file ought to end.

use std::io;

use super::{Asks, Facts, MAX_WALKED_BYTES};
use crate::{
    Incomplete,
    decode::{
        number::Endian::{Big, Little},
        unfilled::{LEAST, MAX_PADDING},
        window::Window,
    },
    incomplete::share,
};

/// Parts of one file that are looked at.
const MAX_PARTS: usize = 4096;
/// With what a VOC begins.
const VOC: &[u8] = b"Creative Voice File";

/// AVI: one or more RIFF, each with its size. A recording that never ended has none.
pub(super) fn avi(window: &mut Window) -> io::Result<Option<Facts>> {
    /// From here on sizes stand for "unknown": those of programs that write into a pipe.
    const ENDLESS: u64 = 0x7fff_0000;
    let part = window.part();
    let mut place = part.start;
    for _ in 0..MAX_PARTS {
        let head = window.at(place, 12)?;
        let (Some(size), true) = (Little.within(head, 4..8), head.starts_with(b"RIFF")) else {
            break;
        };
        if place > part.start && head.get(8..12) == Some(b"AVI ") {
            return Ok(Some(Facts {
                incomplete: Some(Incomplete::MoreFollows),
                end: Some(place),
                ..Facts::default()
            }));
        }
        if size == 0 || size >= ENDLESS {
            break;
        }
        let end = place + 8 + size;
        let told = end - part.start;
        if end > part.end {
            return Ok(Some(Facts::of_bytes(part.end - part.start, told)));
        }
        if let Some(place) = avi_break(window, place + 12, end)? {
            return Facts::unfilled(window, place).map(Some);
        }
        place = end + size % 2;
    }
    Ok(None)
}

/// Where zeros stand in place of a chunk of an AVI, between `place` and `end`.
fn avi_break(window: &mut Window, mut place: u64, end: u64) -> io::Result<Option<u64>> {
    const LIST: usize = 12;
    if end - place > MAX_WALKED_BYTES {
        return Ok(None);
    }
    while place + 8 <= end {
        let head = window.at(place, LIST)?;
        if head.starts_with(&[0; 8]) {
            return Ok(Some(place));
        }
        let Some(size) = Little.within(head, 4..8) else {
            break;
        };
        // Lists hold chunks themselves.
        place += match head.starts_with(b"LIST") {
            true => LIST as u64,
            false => 8 + size + size % 2,
        };
    }
    Ok(None)
}

/// Creative Voice: blocks, the last of which is a single zero.
pub(super) fn voc(window: &mut Window) -> io::Result<Option<Facts>> {
    let part = window.part();
    let Some(header) = Little.within(window.at(part.start, 26)?, 20..22) else {
        return Ok(None);
    };
    /// A block that tells its rate, channels and coding, in so many bytes, which count as its own.
    const NEW_SOUND: u8 = 9;
    const NEW_SOUND_HEAD: u64 = 12;
    /// SoX counts four of them only.
    const UNCOUNTED: u64 = NEW_SOUND_HEAD - 4;
    let mut place = part.start + header;
    let mut kind = 0;
    for _ in 0..MAX_PARTS * MAX_PARTS {
        let rest = part.end.saturating_sub(place);
        if kind == NEW_SOUND && rest >= UNCOUNTED {
            let behind = place + UNCOUNTED;
            let is_padded = window.filled_end()? <= behind && part.end - behind <= MAX_PADDING;
            let joined = [behind, behind + 1].into_iter();
            let mut joined = joined.map(|at| Ok(window.at(at, VOC.len())?.starts_with(VOC)));
            let more = joined.try_fold(false, |any, one: io::Result<bool>| {
                one.map(|one| any || one)
            })?;
            if rest <= UNCOUNTED + 1 || is_padded || more {
                return Ok(Some(Facts {
                    end: Some(place),
                    incomplete: more.then_some(Incomplete::MoreFollows),
                    ..Facts::default()
                }));
            }
        }
        match window.at(place, 4)? {
            [] => break,
            [0, ..] => {
                let facts = Facts::up_to(window, place + 1, VOC)?;
                // It also stands where nothing was filled in.
                let ends_early = share(place + 1 - part.start, part.end - part.start);
                return Ok(Some(Facts {
                    incomplete: facts.incomplete.or(ends_early),
                    ..facts
                }));
            }
            head => {
                let Some(size) = Little.within(head, 1..4) else {
                    return Ok(Some(Facts::cut()));
                };
                kind = head.first().copied().unwrap_or_default();
                place += 4 + size;
            }
        }
        if place > part.end {
            let (there, told) = (part.end - part.start, place - part.start);
            return Ok(Some(Facts::of_bytes(there, told)));
        }
    }
    Ok(None)
}

/// DSDIFF: one chunk of chunks.
pub(super) fn dff(window: &mut Window) -> io::Result<Option<Facts>> {
    let start = window.part().start;
    let size = Big.within(window.at(start, 12)?, 4..12);
    let end = size.and_then(|size| start.checked_add(size)?.checked_add(12));
    end.map(|end| Facts::up_to(window, end, b"FRM8"))
        .transpose()
}

/// ASF: the header, then one object with all packets.
pub(super) fn windows_media(window: &mut Window) -> io::Result<Option<Facts>> {
    const HEADER: &[u8] = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c";
    const DATA: &[u8] = b"\x36\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c";
    const PROPERTIES: &[u8] = b"\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65";
    const LIVE: u64 = 1;
    let part = window.part();
    let head = window.at(part.start, 4096)?;
    let found = head.windows(16).position(|name| name == PROPERTIES);
    let flags = found.and_then(|at| Little.within(head, at + 88..at + 92));
    // All packets have as many bytes as the smallest.
    let packet_bytes = found.and_then(|at| Little.within(head, at + 92..at + 96));
    let packet_bytes = packet_bytes.unwrap_or_default();
    // A live stream does not know its size.
    if flags.is_some_and(|flags| flags & LIVE != 0) {
        return Ok(None);
    }
    let Some(header) = Little.within(head, 16..24) else {
        return Ok(None);
    };
    let start = part.start.saturating_add(header);
    let head = window.at(start, 24)?;
    let size = Little
        .within(head, 16..24)
        .filter(|&size| size > 24 && head.starts_with(DATA));
    let Some(mut end) = size.and_then(|size| start.checked_add(size)) else {
        return Ok(None);
    };
    if let Some(place) = asf_break(window, start + 50, end, packet_bytes)? {
        return Facts::unfilled(window, place).map(Some);
    }
    // Tables of places follow, which players can do without.
    for _ in 0..MAX_PARTS {
        let head = window.at(end, 24)?;
        match Little.within(head, 16..24) {
            Some(size) if size >= 24 && !head.starts_with(HEADER) && end < part.end => {
                end = end.saturating_add(size).min(part.end);
            }
            _ => break,
        }
    }
    Facts::up_to(window, end, HEADER).map(Some)
}

/// Where zeros stand in place of a packet of ASF: each begins with flags.
fn asf_break(
    window: &mut Window,
    mut place: u64,
    end: u64,
    packet_bytes: u64,
) -> io::Result<Option<u64>> {
    const HEAD: usize = 16;
    let end = end.min(window.part().end);
    if packet_bytes < HEAD as u64 || end.saturating_sub(place) > MAX_WALKED_BYTES {
        return Ok(None);
    }
    while place + packet_bytes <= end {
        if window.at(place, HEAD)?.starts_with(&[0; HEAD]) {
            return Ok(Some(place));
        }
        place += packet_bytes;
    }
    Ok(None)
}

/// RealMedia: chunks with their sizes.
pub(super) fn real_media(window: &mut Window) -> io::Result<Option<Facts>> {
    let part = window.part();
    let mut place = part.start;
    for _ in 0..MAX_PARTS {
        let head = window.at(place, 8)?;
        if place > part.start && head.starts_with(b".RMF") {
            return Facts::up_to(window, place, b".RMF").map(Some);
        }
        let is_data = head.starts_with(b"DATA");
        let known = [
            b".RMF", b"PROP", b"CONT", b"MDPR", b"DATA", b"INDX", b"RMMD",
        ];
        let is_known = known.iter().any(|name| head.starts_with(*name));
        let Some(size) = Big.within(head, 4..8).filter(|&size| is_known && size >= 8) else {
            break;
        };
        let end = place + size;
        // Some programs count a few bytes more than there are.
        if is_data && let Some(found) = real_break(window, place, end.min(part.end))? {
            return Ok(Some(match window.filled_end()? > found.place {
                true => Facts {
                    incomplete: Some(Incomplete::Damaged {
                        packets: 1,
                        first_secs: found.secs,
                    }),
                    ..Facts::default()
                },
                false => Facts::of_bytes(found.place - part.start, end - part.start),
            }));
        }
        if end > part.end {
            return Ok(Some(Facts::of_bytes(
                part.end - part.start,
                end - part.start,
            )));
        }
        place = end;
    }
    Ok((place > part.start).then(|| Facts {
        told_end: Some(place),
        ..Facts::default()
    }))
}

/// Where something else stands in place of a packet.
struct Break {
    place: u64,
    /// When the packet in front sounds, in seconds.
    secs: f64,
}

/// Goes from packet to packet in a chunk from `start` to `end`; each tells its size and its time.
fn real_break(window: &mut Window, start: u64, end: u64) -> io::Result<Option<Break>> {
    const CHUNK_HEAD: u64 = 18;
    const PACKET_HEAD: u64 = 12;
    if end - start > MAX_WALKED_BYTES {
        return Ok(None);
    }
    let mut place = start + CHUNK_HEAD;
    let (mut first_msecs, mut msecs) = (None, 0);
    while place + PACKET_HEAD <= end {
        let head = window.at(place, PACKET_HEAD as usize)?;
        let version = Big.within(head, 0..2).filter(|&version| version <= 1);
        let size = Big.within(head, 2..4).filter(|&size| size >= PACKET_HEAD);
        let (Some(_), Some(size), Some(time)) = (version, size, Big.within(head, 6..10)) else {
            let secs = (msecs - first_msecs.unwrap_or(msecs)) as f64 / 1_000.0;
            return Ok(Some(Break { place, secs }));
        };
        // Pictures may stand out of order.
        msecs = msecs.max(time);
        first_msecs.get_or_insert(time);
        place += size;
    }
    Ok(None)
}

/// Musepack from version 8 on: packets, each with two letters and its size; the last one says that it is.
pub(super) fn musepack(window: &mut Window) -> io::Result<Option<Facts>> {
    let part = window.part();
    let mut place = part.start + 4;
    loop {
        let head = window.at(place, 12)?;
        let (Some(name), Some(rest)) = (head.get(..2), head.get(2..)) else {
            return Ok(Some(Facts::cut()));
        };
        if !name.iter().all(u8::is_ascii_uppercase) {
            return Ok(None);
        }
        let mut size = 0_u64;
        for &byte in rest.iter().take(9) {
            size = size << 7 | u64::from(byte & 0x7f);
            if byte < 0x80 {
                break;
            }
        }
        if size < 3 {
            return Ok(None);
        }
        let is_last = name == b"SE";
        place = place.saturating_add(size);
        if place > part.end {
            return Ok(Some(Facts::cut()));
        }
        if is_last {
            return Facts::up_to(window, place, b"MPCK").map(Some);
        }
    }
}

/// Flash video: tags, each followed by its size; the first tells how long the film is.
pub(super) fn flash(window: &mut Window) -> io::Result<Option<Facts>> {
    /// A film whose last tag begins so much before its end lacks nothing: a picture or a packet lasts as long.
    const SLACK_SECS: f64 = 1.0;
    const HEAD: u64 = 11;
    let part = window.part();
    let first = window.at(part.start, 4096)?.to_vec();
    // A name, and a number of 64 bits.
    let number = |name: &[u8]| -> Option<f64> {
        let at = first.windows(name.len()).position(|part| part == name)? + name.len();
        let value = f64::from_bits(Big.within(&first, at + 1..at + 9)?);
        (first.get(at) == Some(&0) && value > 0.0).then_some(value)
    };
    let tags = flash_tags(window)?;
    match &tags {
        Some(Facts {
            end: Some(end),
            incomplete: None,
            ..
        }) => window.end_at(*end),
        Some(facts) if facts.hole.is_some() || facts.end.is_some() => return Ok(tags),
        _ => {}
    }
    let part = window.part();
    let told_secs = number(b"\0\x08duration");
    let there = (part.end - part.start) as f64;
    if let Some(bytes) = number(b"\0\x08filesize")
        && bytes.is_finite()
    {
        let incomplete = share(there as u64, bytes as u64);
        if incomplete.is_some() {
            return Ok(Some(Facts {
                incomplete,
                ..Facts::default()
            }));
        }
    }
    let Some(size) = part.end.checked_sub(4).filter(|&at| at > part.start + 9) else {
        return Ok(Some(Facts::cut()));
    };
    let Some(size) = Big.within(window.at(size, 4)?, 0..4) else {
        return Ok(None);
    };
    let tag = part.end.checked_sub(size + 4).filter(|&at| at > part.start);
    let head = match tag {
        Some(tag) => window.at(tag, HEAD as usize)?,
        None => &[],
    };
    let (kind, body) = (head.first().copied(), Big.within(head, 1..4));
    let is_tag = matches!(kind.map(|kind| kind & 0x1f), Some(8 | 9 | 18));
    if !is_tag || body.is_none_or(|body| body + HEAD != size) {
        return Ok(tags);
    }
    let (Some(low), Some(high)) = (Big.within(head, 4..7), Big.within(head, 7..8)) else {
        return Ok(None);
    };
    let secs = (high << 24 | low) as f64 / 1_000.0;
    if told_secs.is_some_and(|told| secs + SLACK_SECS < told) {
        return Ok(Some(Facts::cut()));
    }
    Ok(tags)
}

/// Goes from tag to tag: to a cut, to zeros in place of a tag, or to the end. (The sizes behind tags may be wrong.)
fn flash_tags(window: &mut Window) -> io::Result<Option<Facts>> {
    const HEAD: u64 = 11;
    const SIZE: u64 = 4;
    let part = window.part();
    let Some(header) = Big.within(window.at(part.start, 9)?, 5..9) else {
        return Ok(None);
    };
    if part.end - part.start > MAX_WALKED_BYTES {
        return Ok(None);
    }
    let mut place = part.start.saturating_add(header + SIZE);
    loop {
        if place + SIZE >= part.end {
            return Ok(None);
        }
        let head = window.at(place, HEAD as usize)?;
        if head.starts_with(&[0; HEAD as usize]) {
            let filled = window.filled_end()?;
            return Ok(Some(if filled + LEAST <= place {
                Facts::cut()
            } else if filled <= place && part.end - place <= MAX_PADDING {
                Facts {
                    end: Some(place),
                    ..Facts::default()
                }
            } else {
                Facts::unfilled(window, place)?
            }));
        }
        if head.starts_with(b"FLV\x01") {
            return Facts::up_to(window, place, b"FLV\x01").map(Some);
        }
        let is_tag = head
            .first()
            .is_some_and(|kind| matches!(kind & 0x1f, 8 | 9 | 18));
        let Some(body) = Big.within(head, 1..4).filter(|_| is_tag) else {
            return Ok(None);
        };
        let end = place + HEAD + body;
        if end > part.end {
            return Ok(Some(Facts::cut()));
        }
        place = end + SIZE;
    }
}

/// A film of MPEG-1 or MPEG-2 (ISO/IEC 13818-1, 2.5): the last pack, and the packets in it, must be whole.
pub(super) fn mpeg_film(window: &mut Window) -> io::Result<Option<Facts>> {
    const TAIL: u64 = 1 << 17;
    let part = window.part();
    let start = part.start.max(part.end.saturating_sub(TAIL));
    let tail = window.at(start, TAIL as usize)?;
    let Some(pack) = tail.windows(4).rposition(|four| four == [0, 0, 1, 0xba]) else {
        return Ok(None);
    };
    let mut place = pack;
    loop {
        let size = match tail.get(place..).unwrap_or_default() {
            [] => return Ok(None),
            [0, 0, 1, 0xb9, ..] => return Ok(None),
            // The two kinds of a pack's head; the newer one ends with some padding.
            &[0, 0, 1, 0xba, kind, _, _, _, _, _, _, _, _, padding, ..] if kind >> 6 == 1 => {
                14 + usize::from(padding & 7)
            }
            &[0, 0, 1, 0xba, kind, ..] if kind >> 6 == 1 => return Ok(Some(Facts::cut())),
            [0, 0, 1, 0xba, ..] => 12,
            &[0, 0, 1, 0xbb..=0xff, high, low, ..] => {
                6 + usize::from(u16::from_be_bytes([high, low]))
            }
            [0, 0, 1, ..] | [0, 0] | [0] => return Ok(Some(Facts::cut())),
            // Padding, or something else.
            _ => return Ok(None),
        };
        place += size;
        if place > tail.len() {
            return Ok(Some(Facts::cut()));
        }
    }
}

/// Psion's sound: a count of samples, each a byte of A-law.
pub(super) fn psion(window: &mut Window) -> io::Result<Option<Facts>> {
    const HEAD: u64 = 32;
    const RATE: f64 = 8_000.0;
    let part = window.part();
    let told = Big.within(window.at(part.start, HEAD as usize)?, 18..22);
    told.filter(|&samples| samples > 0)
        .map(|samples| {
            Ok(Facts {
                duration_secs: Some(samples as f64 / RATE),
                ..Facts::up_to(window, part.start + HEAD + samples, b"ALawSoundFile")?
            })
        })
        .transpose()
}

/// RoQ, films of games: chunks with their sizes.
pub(super) fn roq(window: &mut Window) -> io::Result<Option<Facts>> {
    const HEAD: u64 = 8;
    const KINDS: std::ops::RangeInclusive<u64> = 0x1001..=0x1030;
    let part = window.part();
    let mut place = part.start + HEAD;
    while place < part.end {
        let head = window.at(place, HEAD as usize)?;
        let (kind, size) = (Little.within(head, 0..2), Little.within(head, 2..6));
        match (kind, size) {
            (Some(kind), Some(size)) if KINDS.contains(&kind) => place += HEAD + size,
            (Some(_), Some(_)) => return Ok(None),
            _ => return Ok(Some(Facts::cut())),
        }
    }
    Ok((place > part.end).then(Facts::cut))
}

/// A transport stream: packets of one size. A recording of a broadcast begins and ends anywhere, but not within a packet.
pub(super) fn transport_stream(window: &mut Window) -> io::Result<Option<Facts>> {
    let part = window.part();
    let head = window.at(part.start, 2048)?;
    let Some((size, _)) = crate::decode::sniff::transport_packets(head) else {
        return Ok(None);
    };
    let filled = window.filled_end()?;
    let packets = (filled - part.start).div_ceil(size as u64);
    let whole = part.start + packets * size as u64;
    let facts = if whole > part.end {
        Facts::cut()
    } else if whole == part.end {
        Facts::default()
    } else if whole - filled < LEAST && part.end - whole <= MAX_PADDING {
        // No packet is of zeros: a few behind the last one are padding.
        Facts {
            end: Some(whole),
            ..Facts::default()
        }
    } else {
        Facts {
            end: Some(filled),
            ..Facts::of_bytes(filled - part.start, part.end - part.start)
        }
    };
    Ok(Some(Facts {
        ends_anywhere: true,
        asks: Asks::Resync,
        ..facts
    }))
}
