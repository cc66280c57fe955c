//! MPEG audio in RIFF: WAV files whose format is MPEG audio, and the old form "RMP3".

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};

/// Chunks that are looked at.
const MAX_CHUNKS: usize = 256;
/// WAVE formats: MPEG (Layers I and II mostly) and MPEG Layer III.
const MPEG: u16 = 0x50;
const MPEG_LAYER3: u16 = 0x55;

/// The bytes of MPEG audio in a RIFF file that begins at `start`; `None` where it holds something else.
pub(in super::super) fn riff_part(
    file: &mut File,
    start: u64,
    length: u64,
) -> io::Result<Option<Range<u64>>> {
    let mut read = |place: u64, wanted: u64| {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(place))?;
        Read::by_ref(file).take(wanted).read_to_end(&mut bytes)?;
        io::Result::Ok(bytes)
    };
    let form = read(start + 8, 4)?;
    let mut is_mpeg = form == b"RMP3";
    let mut place = start + 12;
    for _ in 0..MAX_CHUNKS {
        let chunk = read(place, 8)?;
        let &[n, a, m, e, s0, s1, s2, s3] = chunk.as_slice() else {
            break;
        };
        let size = u64::from(u32::from_le_bytes([s0, s1, s2, s3]));
        place += 8;
        match &[n, a, m, e] {
            b"fmt " => {
                let &[low, high] = read(place, 2)?.as_slice() else {
                    break;
                };
                is_mpeg = [MPEG, MPEG_LAYER3].contains(&u16::from_le_bytes([low, high]));
            }
            b"data" if is_mpeg => {
                // A program that writes into a pipe leaves a size of zero or of all ones.
                let end = if size == 0 {
                    length
                } else {
                    length.min(place + size)
                };
                return Ok(Some(place..end));
            }
            b"data" => break,
            _ => {}
        }
        // Chunks are padded to even sizes.
        place += size + size % 2;
    }
    Ok(None)
}
