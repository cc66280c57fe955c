//! Texts and pictures around and between the frames: ID3 (1, 1 enhanced, 2.2 to 2.4), APE (1 and 2), Lyrics3 (1 and 2).
//! They are passed over by their sizes; their contents are never read.

use std::io;

use super::super::{number::Endian::Little, window::Window};

/// Tags one behind the other that are passed over at the end of a file.
const MAX_TAGS: usize = 16;
/// The longest text of Lyrics3 1, with its marks.
const LYRICS_BYTES: usize = 5100 + 11 + 9;
/// ID3 1 and its enhancement, which stands in front of it.
const ID3_V1_BYTES: u64 = 128;
const ID3_V1_ENHANCED_BYTES: u64 = 227;
/// Header and footer of an APE tag.
const APE_BYTES: u64 = 32;

/// Bytes of the tag at the beginning of these; `None` where there is none.
pub(in super::super) fn leading(bytes: &[u8]) -> Option<u64> {
    match bytes {
        &[b'I', b'D', b'3', 2..=4, 0..=0xfe, flags, a, b, c, d, ..] => {
            const HAS_FOOTER: u8 = 0x10;
            let footer = if flags & HAS_FOOTER == 0 { 0 } else { 10 };
            Some(10 + seven_bit([a, b, c, d])? + footer)
        }
        [b'3', b'D', b'I', ..] => Some(10),
        [b'A', b'P', b'E', b'T', b'A', b'G', b'E', b'X', ..] => {
            const IS_HEADER: u32 = 1 << 29;
            let is_header = Little.u32(bytes, 20)? & IS_HEADER != 0;
            // The size counts the footer and not the header.
            let behind = if is_header { Little.u32(bytes, 12)? } else { 0 };
            Some(APE_BYTES + u64::from(behind))
        }
        [b'T', b'A', b'G', b'+', ..] => Some(ID3_V1_ENHANCED_BYTES),
        [b'T', b'A', b'G', ..] => Some(ID3_V1_BYTES),
        [
            b'L',
            b'Y',
            b'R',
            b'I',
            b'C',
            b'S',
            b'B',
            b'E',
            b'G',
            b'I',
            b'N',
            ..,
        ] => {
            let ends = |nine: &[u8]| nine == b"LYRICS200" || nine == b"LYRICSEND";
            let end = bytes.windows(9).position(ends)?;
            Some(end as u64 + 9)
        }
        _ => None,
    }
}

/// Whether a file ends within the tags at its beginning.
pub(super) fn are_cut(window: &mut Window) -> io::Result<bool> {
    let part = window.part();
    let end = leading_end(window)?;
    Ok(end > part.start && end >= part.end)
}

/// Where the tags at the beginning of a file end by what they say.
pub(super) fn leading_end(window: &mut Window) -> io::Result<u64> {
    let part = window.part();
    let mut place = part.start;
    for _ in 0..MAX_TAGS {
        let Some(bytes) = leading(window.at(place, 10)?) else {
            break;
        };
        place = place.saturating_add(bytes);
        if place >= part.end {
            break;
        }
    }
    Ok(place)
}

/// Where the tags at the end of a file begin.
pub(in super::super) fn trailing(window: &mut Window) -> io::Result<u64> {
    let part = window.part();
    let mut end = part.end;
    // Most files have one tag or none: all that is asked for then is read at once.
    window.at(end.saturating_sub(256).max(part.start), 256)?;
    for _ in 0..MAX_TAGS {
        let before = end;
        let there = |bytes: u64| end.checked_sub(bytes).filter(|&start| start >= part.start);
        if let Some(start) = there(ID3_V1_BYTES)
            && window.at(start, 3)?.starts_with(b"TAG")
        {
            end = start;
            continue;
        }
        if let Some(start) = there(ID3_V1_ENHANCED_BYTES)
            && window.at(start, 4)?.starts_with(b"TAG+")
        {
            end = start;
            continue;
        }
        if let Some(footer) = there(APE_BYTES) {
            let bytes = window.at(footer, APE_BYTES as usize)?;
            if bytes.starts_with(b"APETAGEX")
                && let (Some(size), Some(flags)) = (Little.u32(bytes, 12), Little.u32(bytes, 20))
            {
                const HAS_HEADER: u32 = 1 << 31;
                let header = if flags & HAS_HEADER == 0 {
                    0
                } else {
                    APE_BYTES
                };
                end = there(u64::from(size).max(APE_BYTES) + header).unwrap_or(footer);
                continue;
            }
        }
        if let Some(footer) = there(10)
            && let &[b'3', b'D', b'I', _, _, _, a, b, c, d, ..] = window.at(footer, 10)?
            && let Some(start) = seven_bit([a, b, c, d]).and_then(|size| there(size + 20))
            && window.at(start, 3)?.starts_with(b"ID3")
        {
            end = start;
            continue;
        }
        if let Some(mark) = there(9) {
            let name = window.at(mark, 9)?;
            if name.starts_with(b"LYRICSEND") {
                let from = there(LYRICS_BYTES as u64).unwrap_or(part.start);
                let bytes = window.at(from, LYRICS_BYTES)?;
                let begins = |eleven: &[u8]| eleven == b"LYRICSBEGIN";
                if let Some(start) = bytes.windows(11).rposition(begins) {
                    end = from + start as u64;
                }
            } else if name.starts_with(b"LYRICS200")
                && let Some(place) = there(15)
                && let Some(size) = digits(window.at(place, 6)?)
                && let Some(start) = there(size + 15)
                && window.at(start, 11)?.starts_with(b"LYRICSBEGIN")
            {
                end = start;
            }
        }
        if end == before {
            break;
        }
    }
    Ok(end)
}

/// A number of ID3: seven bits a byte.
fn seven_bit(bytes: [u8; 4]) -> Option<u64> {
    let valid = bytes.iter().all(|&byte| byte < 0x80);
    valid.then(|| {
        bytes
            .iter()
            .fold(0, |number, &byte| number << 7 | u64::from(byte))
    })
}

/// Six decimal digits.
fn digits(bytes: &[u8]) -> Option<u64> {
    std::str::from_utf8(bytes.get(..6)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{io::Write, sync::Arc};

    use super::*;
    use crate::source::{Clock, STALL_LIMIT};
    use mynascope_base::jobs::Cancel;

    fn ape(items: usize, header: bool) -> Vec<u8> {
        let part = |flags: u32| {
            let mut bytes = b"APETAGEX\xd0\x07\0\0".to_vec();
            bytes.extend((items as u32 + 32).to_le_bytes());
            bytes.extend([1, 0, 0, 0]);
            bytes.extend(flags.to_le_bytes());
            bytes.extend([0; 8]);
            bytes
        };
        let mut bytes = Vec::new();
        let has_header = if header { 1 << 31 } else { 0 };
        if header {
            bytes.extend(part(has_header | 1 << 29));
        }
        bytes.extend(vec![7; items]);
        bytes.extend(part(has_header));
        bytes
    }

    fn id3_v1() -> Vec<u8> {
        let mut bytes = b"TAG".to_vec();
        bytes.resize(128, b' ');
        bytes
    }

    #[test]
    fn tags_at_the_end_are_found_in_any_order() {
        let lyrics1 = b"LYRICSBEGINla la laLYRICSEND".to_vec();
        let mut lyrics2 = b"LYRICSBEGININD0000211".to_vec();
        lyrics2.extend(format!("{:06}LYRICS200", lyrics2.len()).bytes());
        let mut id3_end = b"ID3\x04\0\x10\0\0\0\x05".to_vec();
        id3_end.extend(b"12345");
        id3_end.extend(b"3DI\x04\0\x10\0\0\0\x05");
        let mut enhanced = b"TAG+".to_vec();
        enhanced.resize(227, 0);
        for tags in [
            vec![],
            vec![id3_v1()],
            vec![ape(200, true), id3_v1()],
            vec![ape(5000, false)],
            vec![lyrics1, id3_v1()],
            vec![lyrics2, id3_v1()],
            vec![ape(10, true), id3_end, enhanced, id3_v1()],
        ] {
            let mut bytes = vec![0x55; 10_000];
            bytes.extend(tags.concat());
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            let clock = Arc::clone(&Clock::new(&Cancel::default(), STALL_LIMIT));
            let mut window = Window::new(file, 0..bytes.len() as u64, &clock);
            assert_eq!(trailing(&mut window).unwrap(), 10_000, "{tags:?}");
        }
    }

    #[test]
    fn a_tag_in_front_tells_its_size() {
        assert_eq!(leading(b"ID3\x03\0\0\0\0\x02\x01..."), Some(10 + 257));
        assert_eq!(leading(b"ID3\x04\0\x10\0\0\x02\x01..."), Some(20 + 257));
        assert_eq!(leading(b"ID3\x04\0\x10\0\0\x02\xff..."), None);
        assert_eq!(leading(&ape(100, true)), Some(100 + 64));
        assert_eq!(leading(&id3_v1()), Some(128));
        assert_eq!(leading(b"LYRICSBEGIN la LYRICS200"), Some(24));
        assert_eq!(leading(&[0xff, 0xfb, 0x90, 0]), None);
    }
}
