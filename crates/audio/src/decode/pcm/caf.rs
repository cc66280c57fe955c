//! Apple's Core Audio Format ("Core Audio Format Specification 1.0").

use super::{
    Codec, Endian, Sound,
    adpcm::QUICKTIME_BYTES,
    bytes::Bytes,
    chunks::{Chunks, Family},
    coding::Coding,
    extent::Extent,
};
use crate::AudioError;

/// Bytes before the first chunk.
const HEADER_BYTES: u64 = 8;
/// Bytes in `data` before the sound: a count of edits.
const EDIT_COUNT_BYTES: u64 = 4;
/// Flags of linear PCM.
const IS_FLOAT: u32 = 1;
const IS_LITTLE_ENDIAN: u32 = 2;

/// Reads the header of a file that begins at `start`.
pub(super) fn parse(bytes: &mut Bytes<'_>, start: u64) -> Result<Sound, AudioError> {
    let mut chunks = Chunks::new(Family::Caf, start + HEADER_BYTES, [b"desc", b"data"]);
    let (mut description, mut data, mut packets) = (None, None, None);
    // The table of packets may stand behind the sound.
    while let Some(chunk) = chunks.next(bytes)? {
        match &chunk.name {
            b"desc" if description.is_none() => {
                let parsed = Description::parse(&chunk.content(bytes, 32)?);
                description = Some(parsed.ok_or_else(|| bytes.damaged("its format is cut off"))?);
            }
            b"pakt" => packets = Packets::parse(&chunk.content(bytes, 24)?),
            b"data" if data.is_none() => data = Some(chunk),
            _ => {}
        }
    }
    let shape = description.ok_or_else(|| bytes.damaged("it has no description of its format"))?;
    if shape.needs_table && packets.is_none() {
        return Err(bytes.damaged(
            "the table of its packets is missing, which stands behind the sound, as in a download or a recording that was never \
             finished",
        ));
    }
    let Some(data) = data else {
        return Err(super::without_sound(bytes, chunks.ended_cleanly));
    };
    let offset = data.offset + EDIT_COUNT_BYTES;
    let claimed = data.size.saturating_sub(EDIT_COUNT_BYTES);
    Ok(Sound {
        channels: shape.channels,
        rate: shape.rate,
        codec: shape.codec,
        extent: Extent::of_chunk(bytes, Family::Caf, offset, claimed)?,
        frames: packets.map(|packets| packets.priming.saturating_add(packets.valid_frames)),
        skipped_frames: packets.map_or(0, |packets| packets.priming),
    })
}

/// The `desc` chunk.
struct Description {
    channels: usize,
    rate: u32,
    codec: Codec,
    /// Whether only a table tells where its packets begin.
    needs_table: bool,
}

impl Description {
    fn parse(content: &[u8]) -> Option<Self> {
        let big = Endian::Big;
        // Saturates; 0 where it is no number.
        let rate = f64::from_bits(big.u64(content, 0)?).round() as u32;
        let name = content.get(8..12)?;
        let flags = big.u32(content, 12)?;
        let packet_bytes = u64::from(big.u32(content, 16)?);
        let channels = big.u32(content, 24)?;
        let bits = big.u32(content, 28)?;
        let endian = if flags & IS_LITTLE_ENDIAN == 0 {
            Endian::Big
        } else {
            Endian::Little
        };
        let of_packet = packet_bytes / u64::from(channels.max(1));
        let least = u64::from(bits.div_ceil(8));
        let known = match name {
            b"lpcm" if flags & IS_FLOAT != 0 => Coding::float(bits, endian),
            b"lpcm" if of_packet > least && of_packet <= 4 => Coding::signed(of_packet, endian),
            b"lpcm" => Coding::signed(least, endian),
            b"alaw" => Some(Coding::ALaw),
            b"ulaw" => Some(Coding::MuLaw),
            b"ima4" if of_packet == 0 || of_packet == QUICKTIME_BYTES as u64 => {
                Some(Coding::ImaQuickTime)
            }
            _ => None,
        };
        Some(Self {
            channels: channels as usize,
            rate,
            needs_table: known.is_none() && packet_bytes == 0 && !name.starts_with(b".mp"),
            codec: match known {
                Some(coding) => Codec::Own(coding),
                None if name.starts_with(b".mp") => Codec::Mpeg,
                None => Codec::Other(match name {
                    b"lpcm" => format!("PCM with {bits} bits"),
                    b"aac " | b"aach" | b"aacp" => "AAC".to_owned(),
                    b"alac" => "Apple Lossless".to_owned(),
                    b"flac" => "FLAC".to_owned(),
                    b"opus" => "Opus".to_owned(),
                    b"ac-3" => "AC-3".to_owned(),
                    b"ilbc" => "iLBC".to_owned(),
                    other => super::letters(other),
                }),
            },
        })
    }
}

/// The head of the `pakt` chunk, in frames.
#[derive(Clone, Copy)]
struct Packets {
    valid_frames: u64,
    priming: u64,
}

impl Packets {
    fn parse(content: &[u8]) -> Option<Self> {
        let signed = |value: Option<i64>| u64::try_from(value?).ok();
        let valid_frames = signed(Endian::Big.u64(content, 8).map(u64::cast_signed))?;
        let priming = Endian::Big.u32(content, 16).map(u32::cast_signed);
        Some(Self {
            valid_frames,
            priming: signed(priming.map(i64::from))?,
        })
    }
}
