//! WAV: RIFF, its big-endian variant RIFX, and RF64 or BW64 for more than 4 GiB (EBU Tech 3306, ITU-R BS.2088).

use super::{
    Codec, Endian, Shape, Sound,
    bytes::Bytes,
    chunks::{Chunks, Family},
    extent::Extent,
    wave_format,
};
use crate::AudioError;

/// The size of a chunk whose true size stands in `ds64`.
const IN_DS64: u64 = 0xffff_ffff;

/// Reads the header of a file that begins at `start`.
pub(super) fn parse(bytes: &mut Bytes<'_>, start: u64) -> Result<Sound, AudioError> {
    let endian = match bytes.read(start, 4)?.as_slice() {
        b"RIFX" => Endian::Big,
        _ => Endian::Little,
    };
    let family = Family::Iff(endian);
    let mut chunks = Chunks::new(family, start + 12, [b"fmt ", b"data"]);
    let (mut shape, mut data, mut fact, mut large) = (None, None, None, None);
    let mut is_in_pieces = false;
    // An old form of MP3 in RIFF, which needs no description.
    if bytes.read(start + 8, 4)? == b"RMP3" {
        shape = Some(Shape {
            channels: 0,
            rate: 0,
            codec: Codec::Mpeg,
        });
    }
    while (shape.is_none() || data.is_none())
        && let Some(chunk) = chunks.next(bytes)?
    {
        match &chunk.name {
            b"fmt " if shape.is_none() => {
                let content = chunk.content(bytes, wave_format::MAX_BYTES)?;
                let parsed = wave_format::parse(&content, endian);
                shape = Some(parsed.ok_or_else(|| bytes.damaged("its format is cut off"))?);
            }
            b"fact" => fact = endian.u32(&chunk.content(bytes, 4)?, 0),
            b"ds64" => large = endian.u64(&chunk.content(bytes, 16)?, 8),
            b"LIST" => is_in_pieces |= chunk.content(bytes, 4)? == b"wavl",
            b"data" if data.is_none() => data = Some(family.filled(bytes, chunk, 0)?),
            _ => {}
        }
    }
    if is_in_pieces && data.is_none() {
        return Err(AudioError::unsupported(
            bytes.path,
            "its sound stands in pieces with silence between them (a list `wavl`)",
        ));
    }
    let shape = shape.ok_or_else(|| bytes.damaged("it has no description of its format"))?;
    let Some(data) = data else {
        return Err(super::without_sound(bytes, chunks.ended_cleanly));
    };
    let claimed = match large {
        Some(large) if data.size == IN_DS64 => large,
        _ => data.size,
    };
    let extent = Extent::of_chunk(bytes, family, data.offset, claimed)?;
    let codec = match shape.codec {
        Codec::Own(_) if holds_dts(&bytes.read(data.offset, 4)?) => Codec::Other("DTS".to_owned()),
        codec => codec,
    };
    Ok(Sound {
        channels: shape.channels,
        rate: shape.rate,
        codec,
        extent,
        frames: fact.map(u64::from),
        skipped_frames: 0,
    })
}

/// Whether PCM is DTS in disguise, as on CDs with surround sound: the sync word in its forms of 16 and 14 bits.
fn holds_dts(start: &[u8]) -> bool {
    const SYNC: [&[u8]; 4] = [
        b"\x7f\xfe\x80\x01",
        b"\xfe\x7f\x01\x80",
        b"\x1f\xff\xe8\x00",
        b"\xff\x1f\x00\xe8",
    ];
    SYNC.contains(&start)
}
