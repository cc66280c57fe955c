//! Sony Wave64: WAV with chunk names of 16 bytes and sizes of 64 bits.

use super::{
    Endian, Sound,
    bytes::Bytes,
    chunks::{Chunks, Family},
    extent::Extent,
    wave_format,
};
use crate::AudioError;

/// Bytes before the first chunk: name and size of the whole, and the name of the form.
const HEADER_BYTES: u64 = 40;

/// Reads the header of a file that begins at `start`.
pub(super) fn parse(bytes: &mut Bytes<'_>, start: u64) -> Result<Sound, AudioError> {
    let mut chunks = Chunks::new(Family::Wave64, start + HEADER_BYTES, [b"fmt ", b"data"]);
    let (mut shape, mut data, mut fact) = (None, None, None);
    while (shape.is_none() || data.is_none())
        && let Some(chunk) = chunks.next(bytes)?
    {
        match &chunk.name {
            b"fmt " if shape.is_none() => {
                let content = chunk.content(bytes, wave_format::MAX_BYTES)?;
                let parsed = wave_format::parse(&content, Endian::Little);
                shape = Some(parsed.ok_or_else(|| bytes.damaged("its format is cut off"))?);
            }
            b"fact" => fact = Endian::Little.u64(&chunk.content(bytes, 8)?, 0),
            b"data" if data.is_none() => data = Some(Family::Wave64.filled(bytes, chunk, 0)?),
            _ => {}
        }
    }
    let shape = shape.ok_or_else(|| bytes.damaged("it has no description of its format"))?;
    let Some(data) = data else {
        return Err(super::without_sound(bytes, chunks.ended_cleanly));
    };
    Ok(Sound {
        channels: shape.channels,
        rate: shape.rate,
        codec: shape.codec,
        extent: Extent::of_chunk(bytes, Family::Wave64, data.offset, data.size)?,
        frames: fact,
        skipped_frames: 0,
    })
}
