//! Files that were cut short: a broken download or copy, a card pulled out too early. They play up to the cut, so nothing
//! else would tell. What a header says of its own sizes is enough to see it, without decoding: MPEG-4 tells the size of each
//! part, and the last page of an Ogg file says that it is the last. FLAC tells only a length, so one packet near its end is
//! looked for. (Of PCM and MPEG audio their readers know.)

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use super::{AudioInfo, Incomplete, decode::Decoder, incomplete::cut, source::open_regular};
use mynascope_base::jobs::Cancel;

/// Parts that are looked at in one file.
const MAX_PARTS: usize = 256;
/// The last page of an Ogg file begins in this many bytes: a page has 65,307 at most.
const OGG_TAIL: u64 = 1 << 17;
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
        _ => Ok(None),
    };
    // What cannot be read is another's to tell.
    missing.unwrap_or_default()
}

/// Names of the parts of an MPEG-4 file that stand by themselves.
const NAMES: [&[u8; 4]; 16] = [
    b"ftyp", b"mdat", b"moov", b"moof", b"mfra", b"free", b"skip", b"wide", b"udta", b"meta",
    b"uuid", b"sidx", b"ssix", b"styp", b"pnot", b"emsg",
];

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
            // Tags and texts behind the last part have no such name.
            return Ok(NAMES.contains(&&name).then(|| cut(length, end)).flatten());
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
        let [whole, cut] = whole_and_cut("a.m4a", &mpeg4);
        assert_eq!(whole, None);
        assert!(about(cut, 0.75), "{cut:?}");
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
