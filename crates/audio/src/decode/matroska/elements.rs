//! Elements of EBML (RFC 8794), of which Matroska (RFC 9559) is made: an identifier, a size, that many bytes.

use std::{fs::File, io, path::Path};

use super::{
    super::{number::Endian::Big, window::Window},
    piece,
};
use crate::patch::Patch;

/// Identifiers as they stand in a file.
pub(super) const HEADER: &[u8] = b"\x1a\x45\xdf\xa3";
pub(super) const CLUSTER: [u8; 4] = *b"\x1f\x43\xb6\x75";
const SEGMENT: &[u8] = b"\x18\x53\x80\x67";
const SEEK_HEAD: &[u8] = b"\x11\x4d\x9b\x74";
const TIMESTAMP: u64 = 0xe7;
const SIMPLE_BLOCK: u64 = 0xa3;
const BLOCK_GROUP: u64 = 0xa0;
const BLOCK: u64 = 0xa1;
const DISCARD_PADDING: u64 = 0x75a2;
const CHECKSUM: u64 = 0xbf;
const VOID: u8 = 0xec;
/// What stands in a segment and in a cluster, and what may follow a segment.
const ELEMENTS: [&[u8]; 19] = [
    HEADER,
    SEGMENT,
    SEEK_HEAD,
    &CLUSTER,
    b"\x15\x49\xa9\x66",
    b"\x16\x54\xae\x6b",
    b"\x1c\x53\xbb\x6b",
    b"\x19\x41\xa4\x69",
    b"\x10\x43\xa7\x70",
    b"\x12\x54\xc3\x67",
    b"\xe7",
    b"\xa3",
    b"\xa0",
    b"\xa7",
    b"\xab",
    b"\xaf",
    b"\xbf",
    b"\xec",
    b"\x58\x54",
];

/// Where a file says that it ends: the size of its second element, the segment, follows the first, the header. (A live recording does
/// not know its size.)
pub(super) fn told_length(head: &[u8]) -> Option<u64> {
    let (size, place) = size(head, segment_size_at(head)?)?;
    (place as u64).checked_add(size?)
}

/// Where the size of the segment stands.
fn segment_size_at(head: &[u8]) -> Option<usize> {
    let (header, place) = size(head, HEADER.len())?;
    let segment = place.checked_add(usize::try_from(header?).ok()?)?;
    let body = segment.checked_add(SEGMENT.len())?;
    (head.get(segment..body)? == SEGMENT).then_some(body)
}

/// Makes a file that is cut one of unknown size, without the list of places that points behind the cut.
pub(super) fn open_ended(head: &[u8]) -> Vec<Patch> {
    let mut patches = seek_head(head).map_or_else(Vec::new, |(from, to)| without(from, to));
    let size = segment_size_at(head).and_then(|at| Some((at, size(head, at)?.1)));
    if let Some((at, end)) = size {
        let mut bytes = head.to_vec();
        for byte in bytes.iter_mut().take(end).skip(at) {
            *byte = 0xff;
        }
        // The first byte tells how many there are.
        let width = (end - at) as u32;
        if let Some(first) = bytes.get_mut(at) {
            *first = 0xff_u8.checked_shr(width - 1).unwrap_or_default();
        }
        let places = (at..end).step_by(4);
        patches.extend(places.filter_map(|place| {
            Some(Patch {
                offset: place as u64,
                bytes: *bytes.get(place..)?.first_chunk()?,
            })
        }));
    }
    patches
}

/// Where the elements of a file that ends in zeros stop making sense: a download that was never filled. The last one in front of that
/// place is left out where it is not filled, either.
pub(super) fn filled_length(window: &mut Window) -> io::Result<Option<u64>> {
    const LAST: usize = 64;
    /// An identifier and a size.
    const HEAD: usize = 12;
    let part = window.part();
    let last = part.end.saturating_sub(LAST as u64);
    if !window.at(last, LAST)?.starts_with(&[0; LAST]) {
        return Ok(None);
    }
    let (mut place, mut before) = (part.start, part.start);
    while place < part.end {
        let head = window.at(place, HEAD)?;
        if head.first() == Some(&0) {
            let is_filled = window.at(place - 1, 1)?.first() != Some(&0);
            return Ok(Some(if is_filled { place } else { before }));
        }
        let id = head
            .first()
            .map_or(0, |first| first.leading_zeros() as usize + 1);
        let Some((length, body)) = size(head, id) else {
            break;
        };
        before = place;
        // These hold elements themselves.
        let is_parent = head.starts_with(SEGMENT) || head.starts_with(&CLUSTER);
        let content = length.filter(|_| !is_parent).unwrap_or_default();
        place = place.saturating_add(body as u64).saturating_add(content);
    }
    Ok(None)
}

/// A size, and the place behind it; no number where all its bits are set: unknown.
fn size(head: &[u8], at: usize) -> Option<(Option<u64>, usize)> {
    let first = *head.get(at)?;
    let count = first.leading_zeros() as usize + 1;
    let bytes = head
        .get(at..at.checked_add(count)?)
        .filter(|_| count <= 8)?;
    let value = Big.of(bytes);
    let mask = (1_u64 << (7 * count)) - 1;
    Some(((value & mask != mask).then_some(value & mask), at + count))
}

/// An element's identifier, and its bytes as far as they are there; and the place behind it.
fn element(bytes: &[u8], at: usize) -> Option<(u64, &[u8], usize)> {
    let first = *bytes.get(at)?;
    let count = first.leading_zeros() as usize + 1;
    let name = bytes
        .get(at..at.checked_add(count)?)
        .filter(|_| count <= 4)?;
    let (length, body) = size(bytes, at + count)?;
    // An unknown size reaches to the end.
    let end = match length {
        Some(length) => body.checked_add(usize::try_from(length).ok()?)?,
        None => bytes.len(),
    };
    let body = bytes.get(body..end.min(bytes.len()))?;
    Some((Big.of(name), body, end))
}

/// Where the list of places begins and ends that stands in front, if it is in these first bytes.
fn seek_head(head: &[u8]) -> Option<(u64, u64)> {
    let at = head
        .windows(SEEK_HEAD.len())
        .position(|name| name == SEEK_HEAD)?;
    let (_, _, end) = element(head, at)?;
    Some((at as u64, end as u64))
}

/// The time of the cluster that begins with these bytes, if one does.
pub(super) fn cluster_time(bytes: &[u8]) -> Option<u64> {
    let (_, body) = size(bytes.strip_prefix(&CLUSTER)?, 0)?;
    let mut at = CLUSTER.len() + body;
    let (mut name, mut body, end) = element(bytes, at)?;
    if name == CHECKSUM {
        at = end;
        (name, body, _) = element(bytes, at)?;
    }
    (name == TIMESTAMP && (1..=8).contains(&body.len())).then(|| Big.of(body))
}

/// Turns the bytes from one place to another into nothing that a reader looks at. (No cluster is shorter than a head.)
pub(super) fn without(from: u64, to: u64) -> Vec<Patch> {
    let head = 9;
    let Some(size) = to.checked_sub(from + head) else {
        return Vec::new();
    };
    // The size in eight bytes, of which the first says so.
    let size = (size | 1 << 56).to_be_bytes();
    let bytes = [&[VOID], size.as_slice()].concat();
    // The last four overlap those before.
    [0, 4, 5]
        .into_iter()
        .filter_map(|at: usize| {
            Some(Patch {
                offset: from + at as u64,
                bytes: bytes.get(at..at + 4)?.try_into().ok()?,
            })
        })
        .collect()
}

/// The last of so many bytes in front of the end in which the last cluster begins.
const TAILS: [u64; 4] = [1 << 17, 1 << 20, 1 << 23, 1 << 26];

/// Whether a file ends within an element of its segment or its last cluster: it was cut. Where no cluster is found near the end, or what
/// follows it is no element, nothing is said.
pub(super) fn ends_within_element(path: &Path, length: u64) -> io::Result<bool> {
    let mut file = File::open(path)?;
    for bytes in TAILS {
        let start = length.saturating_sub(bytes);
        let tail = piece(&mut file, start, length - start)?;
        if let Some(at) = last_cluster(&tail) {
            return Ok(breaks_off(&tail, at));
        }
        if start == 0 {
            break;
        }
    }
    Ok(false)
}

/// Whether the last of the elements that begin at a place reaches beyond the end.
fn breaks_off(tail: &[u8], mut at: usize) -> bool {
    while let Some(rest) = tail.get(at..).filter(|rest| !rest.is_empty()) {
        let known = |id: &&&[u8]| rest.starts_with(id) || id.starts_with(rest);
        let Some(id) = ELEMENTS.iter().find(known) else {
            return false;
        };
        let Some((length, body)) = size(rest, id.len()) else {
            // The size itself is not all there, or none.
            return rest.get(id.len()).is_none_or(|first| *first != 0);
        };
        // Elements of unknown size end where the next one of their kind begins.
        let length = length.unwrap_or_default();
        let end = usize::try_from(length)
            .ok()
            .and_then(|length| at.checked_add(body)?.checked_add(length));
        match end {
            Some(end) if end <= tail.len() => at = end,
            _ => return true,
        }
    }
    false
}

/// Where the last cluster begins that does so in these bytes.
fn last_cluster(tail: &[u8]) -> Option<usize> {
    (0..tail.len()).rev().find(|&at| {
        tail.get(at..)
            .is_some_and(|rest| cluster_time(rest).is_some())
    })
}

/// How much of the last packet of a track is no sound, in nanoseconds, where that is told.
pub(super) fn last_padding_ns(path: &Path, length: u64, track: u32) -> Option<u64> {
    let mut file = File::open(path).ok()?;
    TAILS.into_iter().find_map(|bytes| {
        let start = length.saturating_sub(bytes);
        let tail: io::Result<Vec<u8>> = piece(&mut file, start, length - start);
        padding_of(&tail.ok()?, u64::from(track))
    })?
}

/// The time at which the last block of any track begins, in units of the file.
pub(super) fn last_block_time(path: &Path, length: u64) -> Option<u64> {
    let mut file = File::open(path).ok()?;
    TAILS.into_iter().find_map(|bytes| {
        let start = length.saturating_sub(bytes);
        let tail = piece(&mut file, start, length - start).ok()?;
        let at = last_cluster(&tail)?;
        let cluster = cluster_time(tail.get(at..)?)?;
        let (_, body, _) = element(&tail, at)?;
        let blocks = last_block_behind(body).unwrap_or_default();
        Some(cluster.saturating_add(blocks))
    })
}

/// How long after its cluster the last of its blocks begins.
fn last_block_behind(cluster: &[u8]) -> Option<u64> {
    let behind = |block: &[u8]| {
        let (_, place) = size(block, 0)?;
        let ticks = i16::from_be_bytes(*block.get(place..)?.first_chunk()?);
        u64::try_from(ticks).ok()
    };
    let (mut last, mut at) = (None, 0);
    while let Some((name, content, end)) = element(cluster, at) {
        let block = match name {
            SIMPLE_BLOCK => Some(content),
            BLOCK_GROUP => element(content, 0)
                .filter(|(name, ..)| *name == BLOCK)
                .map(|(_, block, _)| block),
            _ => None,
        };
        last = last.max(block.and_then(behind));
        at = end;
    }
    last
}

/// The padding of a track's last block, where the last cluster is within these bytes.
fn padding_of(tail: &[u8], track: u64) -> Option<Option<u64>> {
    let at = last_cluster(tail)?;
    let (_, body, _) = element(tail, at)?;
    let of_track = |block: &[u8]| matches!(size(block, 0), Some((Some(id), _)) if id == track);
    let mut padding = None;
    let mut at = 0;
    while let Some((name, content, end)) = element(body, at) {
        match name {
            SIMPLE_BLOCK if of_track(content) => padding = None,
            BLOCK_GROUP => {
                let (mut is_ours, mut told) = (false, None);
                let mut place = 0;
                while let Some((name, content, end)) = element(content, place) {
                    match name {
                        BLOCK => is_ours = of_track(content),
                        DISCARD_PADDING if content.len() <= 8 => told = Some(Big.of(content)),
                        _ => {}
                    }
                    place = end;
                }
                if is_ours {
                    padding = told;
                }
            }
            _ => {}
        }
        at = end;
    }
    // At the beginning of a packet it is negative.
    Some(padding.filter(|&padding| padding < 1_000_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::apply;

    #[test]
    fn a_file_tells_where_it_ends() {
        let head = b"\x1a\x45\xdf\xa3\x82ab\x18\x53\x80\x67\x41\x00";
        assert_eq!(told_length(head), Some(13 + 256));
        let live = b"\x1a\x45\xdf\xa3\x82ab\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff";
        assert_eq!(told_length(live), None);
        assert_eq!(told_length(b"\x1a\x45\xdf\xa3\x00"), None);
    }

    #[test]
    fn a_file_that_is_cut_gets_an_unknown_size() {
        for (size, unknown) in [
            (&b"\x41\x00"[..], &b"\x7f\xff"[..]),
            (b"\x01\0\0\0\0\0\x10\0", b"\x01\xff\xff\xff\xff\xff\xff\xff"),
        ] {
            let file =
                |size: &[u8]| [b"\x1a\x45\xdf\xa3\x82ab\x18\x53\x80\x67", size, b"rest"].concat();
            let mut head = file(size);
            apply(&open_ended(&file(size)), 0, &mut head);
            assert_eq!(head, file(unknown));
            assert_eq!(told_length(&head), None);
        }
    }

    #[test]
    fn an_end_within_an_element_is_a_cut_and_bytes_of_another_kind_are_none() {
        let whole = b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff\xe7\x81\x05\xa3\x85\x81\0\0\0\x07\xa3\x85\x81\0\0\0\x07";
        assert_eq!(last_cluster(whole), Some(0));
        // Only between elements nothing shows a cut.
        let places = (15..=whole.len()).filter(|&end| !breaks_off(&whole[..end], 0));
        assert_eq!(places.collect::<Vec<_>>(), [15, 22, 29]);
        for behind in [&b"\0\0\0\0"[..], b"TAG of music", b"APETAGEX", b"rest"] {
            assert!(!breaks_off(&[&whole[..], behind].concat(), 0));
        }
    }

    #[test]
    fn a_cluster_is_known_by_its_time() {
        assert_eq!(
            cluster_time(b"\x1f\x43\xb6\x75\x85\xe7\x82\x01\x02\xa3"),
            Some(258)
        );
        let checked = b"\x1f\x43\xb6\x75\x90\xbf\x84abcd\xe7\x81\x05";
        assert_eq!(cluster_time(checked), Some(5));
        assert_eq!(cluster_time(b"\x1f\x43\xb6\x75\x85\xa3\x82\x01\x02"), None);
        assert_eq!(cluster_time(b"\x1f\x43\xb6"), None);
    }

    #[test]
    fn what_is_left_out_is_one_void_element() {
        let mut bytes = vec![0x55; 300];
        apply(&without(100, 400), 100, &mut bytes);
        let (name, _, end) = element(&bytes, 0).unwrap();
        assert_eq!((name, end), (u64::from(VOID), 300));
    }

    #[test]
    fn padding_is_that_of_the_tracks_own_last_block() {
        let group = |track: u8| {
            let body = [
                &[0xa1, 0x85, 0x80 | track, 0, 0, 0, 7][..],
                b"\x75\xa2\x82\x27\x10",
            ]
            .concat();
            [&[0xa0, 0x80 | body.len() as u8][..], &body].concat()
        };
        let simple = |track: u8| vec![0xa3, 0x85, 0x80 | track, 0, 0, 0, 7];
        let cluster = |blocks: &[Vec<u8>]| {
            let body = [b"\xe7\x81\x05".to_vec(), blocks.concat()].concat();
            [&CLUSTER[..], &[0x80 | body.len() as u8], &body].concat()
        };
        let told = |blocks: &[Vec<u8>]| padding_of(&cluster(blocks), 1).unwrap();
        assert_eq!(told(&[simple(1), group(1), simple(2)]), Some(10_000));
        assert_eq!(told(&[simple(1), group(2)]), None);
        assert_eq!(told(&[group(1), simple(1)]), None);
        assert_eq!(padding_of(b"no cluster", 1), None);
    }
}
