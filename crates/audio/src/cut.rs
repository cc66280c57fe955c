//! Files that were cut short: a broken download or copy, a card pulled out too early. They play up to the cut, so nothing
//! else would tell. What a header says of its own sizes is enough to see it, without decoding: MPEG-4 tells the size of each part, MP3 mostly its bytes (the Xing and Info tags), and the last page of an Ogg file
//! says that it is the last. FLAC tells only a length, so one packet near its end is looked for.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use super::{AudioInfo, Incomplete, decode::Decoder, source::open_regular};
use mynascope_base::jobs::Cancel;

/// Parts that are looked at in one file.
const MAX_PARTS: usize = 256;
/// Headers that are off by this share of the sound or less are common, and nothing is missing that could be heard.
const SLACK: f64 = 0.01;
/// The last page of an Ogg file begins in this many bytes: a page has 65,307 at most.
const OGG_TAIL: u64 = 1 << 17;
/// The Xing tag stands within these many bytes after the beginning of the first frame.
const XING_WITHIN: usize = 64;
/// Where sound is looked for behind an ID3 tag.
const MP3_HEAD: usize = 4096;
/// FLAC is looked at this long before its end, in seconds.
const FLAC_BEFORE_SECS: f64 = 0.2;

/// Whether a file whose header was read ends before that header says.
pub fn cut_short(path: &Path, info: &AudioInfo) -> Option<Incomplete> {
    let (mut file, length) = open_regular(path).ok()?;
    let mut head = [0; 12];
    file.read_exact(&mut head).ok()?;
    let missing = match &head {
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => mpeg4(&mut file, length),
        [b'O', b'g', b'g', b'S', ..] => ogg(&mut file, length),
        [b'f', b'L', b'a', b'C', ..] => Ok(flac(path, info)),
        [b'I', b'D', b'3', ..] if info.codec == "flac" => Ok(flac(path, info)),
        [b'I', b'D', b'3', ..] | [0xff, 0xe0..=0xff, ..] => mp3(&mut file, length),
        _ => Ok(None),
    };
    // What cannot be read is another's to tell.
    missing.unwrap_or_default()
}

/// `there` of `told` bytes.
fn share(there: u64, told: u64) -> Option<Incomplete> {
    let share = there as f64 / told.max(1) as f64;
    (share < 1.0 - SLACK).then_some(Incomplete::EndsEarly { share: Some(share) })
}

/// The parts of an MPEG-4 file follow each other; the last must end with the file.
fn mpeg4(file: &mut File, length: u64) -> io::Result<Option<Incomplete>> {
    let mut place = 0_u64;
    for _ in 0..MAX_PARTS {
        if place.saturating_add(8) > length {
            break;
        }
        file.seek(SeekFrom::Start(place))?;
        let (mut size, mut name, mut large) = ([0; 4], [0; 4], [0; 8]);
        file.read_exact(&mut size)?;
        file.read_exact(&mut name)?;
        let told = match u32::from_be_bytes(size) {
            // Up to the end of the file.
            0 => return Ok(None),
            1 => {
                file.read_exact(&mut large)?;
                u64::from_be_bytes(large)
            }
            told => u64::from(told),
        };
        let Some(end) = place.checked_add(told).filter(|_| told >= 8) else {
            break;
        };
        if end > length {
            return Ok(share(length, end));
        }
        place = end;
    }
    Ok(None)
}

/// The last page must be whole, and say that it is the last.
fn ogg(file: &mut File, length: u64) -> io::Result<Option<Incomplete>> {
    const CUT: Option<Incomplete> = Some(Incomplete::EndsEarly { share: None });
    file.seek(SeekFrom::Start(length.saturating_sub(OGG_TAIL)))?;
    let mut tail = Vec::new();
    file.take(OGG_TAIL).read_to_end(&mut tail)?;
    // Mark and version; the same five bytes hardly ever stand within sound.
    let Some(start) = tail.windows(5).rposition(|five| five == b"OggS\0") else {
        return Ok(None);
    };
    let page = tail.get(start..).unwrap_or_default();
    let (Some(&flags), Some(&segments)) = (page.get(5), page.get(26)) else {
        return Ok(CUT);
    };
    let header = 27 + usize::from(segments);
    let Some(sizes) = page.get(27..header) else {
        return Ok(CUT);
    };
    let whole = header + sizes.iter().map(|&size| usize::from(size)).sum::<usize>();
    const LAST: u8 = 4;
    Ok(if page.len() < whole || flags & LAST == 0 {
        CUT
    } else {
        None
    })
}

/// The first frame of an MP3 file is mostly a tag that tells how many bytes follow, itself among them.
fn mp3(file: &mut File, length: u64) -> io::Result<Option<Incomplete>> {
    let start = after_id3(file)?;
    file.seek(SeekFrom::Start(start))?;
    let mut head = Vec::new();
    file.take(MP3_HEAD as u64).read_to_end(&mut head)?;
    let is_frame = |pair: &[u8]| matches!(pair, [0xff, second] if second & 0xe0 == 0xe0);
    let Some(frame) = head.windows(2).position(is_frame) else {
        return Ok(None);
    };
    let of_frame = head.get(frame..).unwrap_or_default();
    let near = of_frame.get(..XING_WITHIN).unwrap_or(of_frame);
    let mut marks = near.windows(4);
    let Some(tag) = marks.position(|four| four == b"Xing" || four == b"Info") else {
        return Ok(None);
    };
    let number = |offset: usize| -> Option<u32> {
        let bytes = of_frame.get(tag + offset..tag + offset + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    let Some(flags) = number(4) else {
        return Ok(None);
    };
    const HAS_FRAMES: u32 = 1;
    const HAS_BYTES: u32 = 2;
    if flags & HAS_BYTES == 0 {
        return Ok(None);
    }
    let told = number(if flags & HAS_FRAMES == 0 { 8 } else { 12 });
    let there = length.saturating_sub(start + frame as u64);
    Ok(told.and_then(|told| share(there, u64::from(told))))
}

/// Where an ID3 tag ends; 0 without one. Its size has seven bits a byte.
fn after_id3(file: &mut File) -> io::Result<u64> {
    file.seek(SeekFrom::Start(0))?;
    let mut tag = [0; 10];
    file.read_exact(&mut tag)?;
    Ok(match tag {
        [b'I', b'D', b'3', _, _, _, a, b, c, d] => {
            let size = [a, b, c, d];
            let size = size
                .iter()
                .fold(0_u64, |size, &byte| size << 7 | u64::from(byte & 0x7f));
            10 + size
        }
        _ => 0,
    })
}

/// Whether there is no sound where the header's length says that it ends.
fn flac(path: &Path, info: &AudioInfo) -> Option<Incomplete> {
    let near_end = info.duration_secs - FLAC_BEFORE_SECS;
    if near_end <= 0.0 {
        return None;
    }
    let mut decoder = Decoder::open(path, &Cancel::default()).ok()?;
    let found = decoder.seek(near_end).is_ok() && matches!(decoder.next(), Ok(Some(_)));
    (!found).then_some(Incomplete::EndsEarly { share: None })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Writes bytes and looks at all of them, and at three quarters.
    fn whole_and_cut(name: &str, bytes: &[u8]) -> [Option<Incomplete>; 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let info = AudioInfo {
            sample_rate: 0,
            channels: 0,
            codec: String::new(),
            decoder: "",
            duration_secs: 0.0,
            incomplete: None,
            cancels: false,
        };
        [bytes.len(), bytes.len() * 3 / 4].map(|length| {
            fs::write(&path, &bytes[..length]).unwrap();
            cut_short(&path, &info)
        })
    }

    fn about(cut: Option<Incomplete>, share: f64) -> bool {
        matches!(cut, Some(Incomplete::EndsEarly { share: Some(found) }) if (found - share).abs() < 0.01)
    }

    #[test]
    fn each_format_tells_a_cut_by_its_own_sizes() {
        let mut mpeg4 = b"\0\0\0\x10ftypM4A \0\0\0\0\0\0\x10\0mdat".to_vec();
        mpeg4.extend([1; 4088]);
        let mut mp3 = b"ID3\x04\0\0\0\0\0\x02..\xff\xfb\x90\0".to_vec();
        let frame = mp3.len() - 4;
        mp3.extend([0; 32]);
        mp3.extend(b"Xing\0\0\0\x03\0\0\0\x09");
        mp3.extend((4000_u32).to_be_bytes());
        mp3.resize(frame + 4000, 1);
        for (name, bytes) in [("a.m4a", mpeg4), ("a.mp3", mp3)] {
            let [whole, cut] = whole_and_cut(name, &bytes);
            assert_eq!(whole, None, "{name}");
            assert!(about(cut, 0.75), "{name}: {cut:?}");
        }
        let mut ogg = b"OggS\0\x04".to_vec();
        ogg.extend([0; 20]);
        ogg.extend([2, 200, 100]);
        ogg.extend([1; 300]);
        let [whole, cut] = whole_and_cut("a.ogg", &ogg);
        assert_eq!(
            (whole, cut),
            (None, Some(Incomplete::EndsEarly { share: None }))
        );
    }
}
