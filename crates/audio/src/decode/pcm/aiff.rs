//! AIFF and AIFF-C (Apple, "Audio Interchange File Format AIFF-C", 1991, and the codecs that QuickTime added).

use super::{
    Codec, Endian, Sound,
    bytes::Bytes,
    chunks::{Chunks, Family},
    coding::Coding,
    extent::Extent,
};
use crate::AudioError;

const FAMILY: Family = Family::Iff(Endian::Big);
/// Bytes of `COMM` up to the name of the codec.
const COMMON_BYTES: usize = 22;
/// Bytes in `SSND` before the sound: an offset, and the size of blocks to which the sound is aligned.
const SOUND_HEADER_BYTES: u64 = 8;

/// Reads the header of a file that begins at `start`.
pub(super) fn parse(bytes: &mut Bytes<'_>, start: u64) -> Result<Sound, AudioError> {
    let mut chunks = Chunks::new(FAMILY, start + 12, [b"COMM", b"SSND"]);
    let (mut common, mut data) = (None, None);
    while (common.is_none() || data.is_none())
        && let Some(chunk) = chunks.next(bytes)?
    {
        match &chunk.name {
            b"COMM" if common.is_none() => {
                let parsed = Common::parse(&chunk.content(bytes, COMMON_BYTES)?);
                common = Some(parsed.ok_or_else(|| bytes.damaged("its format is cut off"))?);
            }
            b"SSND" if data.is_none() => {
                data = Some(FAMILY.filled(bytes, chunk, SOUND_HEADER_BYTES)?);
            }
            _ => {}
        }
    }
    let common = common.ok_or_else(|| bytes.damaged("it has no description of its format"))?;
    let Some(data) = data else {
        // Allowed for a file without sound.
        return Err(super::without_sound(
            bytes,
            chunks.ended_cleanly || common.frames == 0,
        ));
    };
    let header = bytes.read(data.offset, SOUND_HEADER_BYTES as usize)?;
    let skipped = u64::from(Endian::Big.u32(&header, 0).unwrap_or_default());
    let header_bytes = SOUND_HEADER_BYTES + skipped;
    let claimed = data.size.saturating_sub(header_bytes);
    let offset = data.offset.saturating_add(header_bytes);
    let mut extent = Extent::of_chunk(bytes, FAMILY, offset, claimed)?;
    if let Codec::Own(coding) = common.codec
        && extent.claimed.is_none()
        && common.frames > 0
    {
        // A size that was never filled in beside a count that was.
        let counted = match coding {
            // Counts packets.
            Coding::ImaQuickTime => u64::from(common.frames),
            coding => u64::from(common.frames) / coding.block_frames(common.channels).max(1) as u64,
        };
        let counted = counted.saturating_mul(coding.block_bytes(common.channels.max(1)) as u64);
        extent.bytes = extent.bytes.min(counted);
    }
    Ok(Sound {
        channels: common.channels,
        rate: common.rate,
        codec: common.codec,
        extent,
        frames: Some(u64::from(common.frames)),
        skipped_frames: 0,
    })
}

/// The `COMM` chunk.
struct Common {
    channels: usize,
    frames: u32,
    rate: u32,
    codec: Codec,
}

impl Common {
    fn parse(content: &[u8]) -> Option<Self> {
        let channels = usize::from(Endian::Big.u16(content, 0)?);
        let frames = Endian::Big.u32(content, 2)?;
        let bits = u32::from(Endian::Big.u16(content, 6)?);
        let rate = extended(content.get(8..18)?)?;
        let name = content.get(18..22).unwrap_or(b"NONE");
        Some(Self {
            channels,
            frames,
            rate,
            codec: codec(name, bits),
        })
    }
}

/// A codec by its four letters.
fn codec(name: &[u8], bits: u32) -> Codec {
    let bytes = u64::from(bits.div_ceil(8));
    let known = match name {
        b"NONE" | b"none" | b"twos" => Coding::signed(bytes, Endian::Big),
        b"sowt" => Coding::signed(bytes, Endian::Little),
        b"raw " => (bytes <= 1).then_some(Coding::Unsigned),
        b"in16" => Coding::signed(2, Endian::Big),
        b"in24" => Coding::signed(3, Endian::Big),
        b"in32" => Coding::signed(4, Endian::Big),
        b"42ni" | b"42n1" => Coding::signed(3, Endian::Little),
        b"23ni" | b"23n1" => Coding::signed(4, Endian::Little),
        b"fl32" | b"FL32" => Coding::float(32, Endian::Big),
        b"fl64" | b"FL64" => Coding::float(64, Endian::Big),
        b"alaw" | b"ALAW" => Some(Coding::ALaw),
        b"ulaw" | b"ULAW" => Some(Coding::MuLaw),
        b"ima4" => Some(Coding::ImaQuickTime),
        _ => None,
    };
    match known {
        Some(coding) => Codec::Own(coding),
        None if name == b".mp3" || name == b"ms\0\x55" => Codec::Mpeg,
        None => Codec::Other(match name {
            b"MAC3" => "MACE 3:1".to_owned(),
            b"MAC6" => "MACE 6:1".to_owned(),
            b"GSM " | b"agsm" => "GSM 6.10".to_owned(),
            b"QDMC" | b"QDM2" => "QDesign Music".to_owned(),
            b"Qclp" => "QCELP".to_owned(),
            b"G722" => "G.722".to_owned(),
            b"G726" => "G.726 ADPCM".to_owned(),
            b"NONE" | b"none" | b"twos" | b"sowt" | b"raw " => format!("PCM with {bits} bits"),
            other => super::letters(other),
        }),
    }
}

/// The 80-bit number of IEEE 754 (a sign, 15 bits of exponent, 64 of mantissa whose first bit is the one before the point),
/// rounded; 0 where it is no rate.
fn extended(bytes: &[u8]) -> Option<u32> {
    const BIAS: u32 = 16_383;
    let exponent = u32::from(Endian::Big.u16(bytes, 0)?);
    let mantissa = Endian::Big.u64(bytes, 2)?;
    let Some(shift) = (BIAS + 63)
        .checked_sub(exponent)
        .filter(|shift| *shift < 64)
    else {
        return Some(0);
    };
    let rounded = match shift.checked_sub(1) {
        Some(half) => (mantissa >> half).div_ceil(2),
        None => mantissa,
    };
    Some(u32::try_from(rounded).unwrap_or(u32::MAX))
}
