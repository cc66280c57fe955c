//! Sun and NeXT audio, `.au` and `.snd` (its header: Sun's audio_filehdr.h).

use super::{Codec, Endian, Sound, bytes::Bytes, coding::Coding, extent::Extent};
use crate::AudioError;

/// The header without its annotation.
const HEADER_BYTES: usize = 24;

/// Reads the header of a file that begins at `start`.
pub(super) fn parse(bytes: &mut Bytes<'_>, start: u64) -> Result<Sound, AudioError> {
    let header = bytes.read(start, HEADER_BYTES)?;
    // DEC wrote it with the bytes of each number swapped, the name among them.
    let endian = if header.starts_with(b"dns.") {
        Endian::Little
    } else {
        Endian::Big
    };
    let fields = [4, 8, 12, 16, 20].map(|at| endian.u32(&header, at));
    let [
        Some(offset),
        Some(claimed),
        Some(encoding),
        Some(rate),
        Some(channels),
    ] = fields
    else {
        return Err(bytes.damaged("it ends in the middle of its header"));
    };
    // Both sizes that stand for "unknown": all ones, and 0, which recorders leave behind.
    let offset = start + u64::from(offset).max(HEADER_BYTES as u64);
    Ok(Sound {
        channels: channels as usize,
        rate,
        codec: codec(encoding, endian),
        extent: Extent::claimed_or_rest(bytes, offset, u64::from(claimed)),
        frames: None,
        skipped_frames: 0,
    })
}

fn codec(encoding: u32, endian: Endian) -> Codec {
    let known = match encoding {
        1 => Some(Coding::MuLaw),
        2..=5 => Coding::signed(u64::from(encoding) - 1, endian),
        6 => Coding::float(32, endian),
        7 => Coding::float(64, endian),
        27 => Some(Coding::ALaw),
        _ => None,
    };
    match known {
        Some(coding) => Codec::Own(coding),
        None => Codec::Other(match encoding {
            23 => "G.721 ADPCM".to_owned(),
            24 => "G.722".to_owned(),
            25 | 26 => "G.723 ADPCM".to_owned(),
            _ => format!("number {encoding} of Sun AU"),
        }),
    }
}
