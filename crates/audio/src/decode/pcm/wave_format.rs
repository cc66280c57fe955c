//! The `fmt ` chunk of WAV and Wave64: WAVEFORMAT, WAVEFORMATEX and WAVEFORMATEXTENSIBLE of Microsoft's mmreg.h.

use super::{Codec, Endian, Shape, coding::Coding};

/// Bytes of the longest form that is looked at.
pub(super) const MAX_BYTES: usize = 40;

/// GSM as WAV packs it: two frames a block.
pub(super) const GSM: &str = "GSM 6.10";
pub(super) const GSM_BLOCK_BYTES: u64 = 65;

const PCM: u32 = 1;
const MICROSOFT_ADPCM: u32 = 2;
const FLOAT: u32 = 3;
const A_LAW: u32 = 6;
const MU_LAW: u32 = 7;
const IMA_ADPCM: u32 = 0x11;
const MPEG: u32 = 0x50;
const MPEG_LAYER_3: u32 = 0x55;
const EXTENSIBLE: u32 = 0xfffe;
/// Ends of the sub-format identifiers whose first number is a tag from above: Microsoft's, and those of ambisonic files.
const SUBFORMATS: [&[u8]; 2] = [
    b"\x80\x00\x00\xaa\x00\x38\x9b\x71",
    b"\x86\x44\xc8\xc1\xca\x00\x00\x00",
];
/// Tags of codecs that are none of this reader's, by the names that people know.
const NAMES: [(u32, &str); 39] = [
    (0x0008, "DTS"),
    (0x0009, "DRM"),
    (0x0010, "OKI ADPCM"),
    (0x0014, "G.723 ADPCM"),
    (0x0017, "Dialogic ADPCM"),
    (0x0020, "Yamaha ADPCM"),
    (0x0022, "TrueSpeech"),
    (0x0031, GSM),
    (0x0032, "MSN Audio"),
    (0x0038, "NMS ADPCM"),
    (0x0040, "G.721 ADPCM"),
    (0x0042, "G.723.1"),
    (0x0045, "G.726 ADPCM"),
    (0x0061, "Duck DK4 ADPCM"),
    (0x0062, "Duck DK3 ADPCM"),
    (0x0064, "G.726 ADPCM"),
    (0x0069, "Xbox ADPCM"),
    (0x0083, "G.729"),
    (0x00ff, "AAC"),
    (0x0130, "ACELP"),
    (0x0160, "Windows Media Audio 1"),
    (0x0161, "Windows Media Audio 2"),
    (0x0162, "Windows Media Audio Professional"),
    (0x0163, "Windows Media Audio Lossless"),
    (0x0200, "Creative ADPCM"),
    (0x0270, "ATRAC3"),
    (0x0401, "Intel Music Coder"),
    (0x1600, "AAC"),
    (0x1602, "AAC"),
    (0x1610, "AAC"),
    (0x2000, "AC-3"),
    (0x2001, "DTS"),
    (0x674f, "Vorbis"),
    (0x6750, "Vorbis"),
    (0x676f, "Vorbis"),
    (0x704f, "Opus"),
    (0xa106, "AAC"),
    (0xa109, "Speex"),
    (0xf1ac, "FLAC"),
];

/// What a `fmt ` chunk says, or `None` where it is too short.
pub(super) fn parse(content: &[u8], endian: Endian) -> Option<Shape> {
    let channels = usize::from(endian.u16(content, 2)?);
    let rate = endian.u32(content, 4)?;
    let byte_rate = endian.u32(content, 8)?;
    let block_bytes = endian.u16(content, 12)?;
    // The oldest form ends before the bits.
    let bits = u32::from(endian.u16(content, 14).unwrap_or_default());
    let tag = tag(content, endian)?;
    let known = match tag {
        PCM => {
            let bytes = container_bytes(bits, channels, rate, byte_rate, block_bytes);
            match bytes {
                1 => Some(Coding::Unsigned),
                bytes => Coding::signed(bytes, endian),
            }
            .ok_or_else(|| format!("PCM with {bits} bits"))
        }
        FLOAT => {
            Coding::float(bits, endian).ok_or_else(|| format!("floating point with {bits} bits"))
        }
        A_LAW => Ok(Coding::ALaw),
        MU_LAW => Ok(Coding::MuLaw),
        IMA_ADPCM if matches!(bits, 0 | 4) => Some(block_bytes)
            .filter(|bytes| usize::from(*bytes) >= 4 * channels.max(1))
            .map(|block_bytes| Coding::ImaWave { block_bytes })
            .ok_or_else(|| "IMA ADPCM without a block size".to_owned()),
        MICROSOFT_ADPCM if channels <= 2 => Some(block_bytes)
            .filter(|bytes| usize::from(*bytes) >= 7 * channels.max(1))
            .map(|block_bytes| Coding::Microsoft { block_bytes })
            .ok_or_else(|| "Microsoft ADPCM without a block size".to_owned()),
        IMA_ADPCM => Err(format!("IMA ADPCM with {bits} bits")),
        MICROSOFT_ADPCM => Err(format!("Microsoft ADPCM with {channels} channels")),
        other => Err(NAMES.iter().find(|(tag, _)| *tag == other).map_or_else(
            || format!("number {other:#06x} of WAV"),
            |(_, name)| (*name).to_owned(),
        )),
    };
    Some(Shape {
        channels,
        rate,
        codec: match known {
            Ok(coding) => Codec::Own(coding),
            Err(_) if matches!(tag, MPEG | MPEG_LAYER_3) => Codec::Mpeg,
            Err(name) => Codec::Other(name),
        },
    })
}

/// The format tag; that of the sub-format where there is one.
fn tag(content: &[u8], endian: Endian) -> Option<u32> {
    let tag = u32::from(endian.u16(content, 0)?);
    if tag != EXTENSIBLE {
        return Some(tag);
    }
    let Some(rest) = content.get(32..40) else {
        // Some programs write the tag without its sub-format.
        return Some(PCM);
    };
    let is_known = SUBFORMATS.contains(&rest);
    endian
        .u32(content, 24)
        .map(|sub| if is_known { sub } else { EXTENSIBLE })
}

/// Bytes of one sample: 20 bits stand in 3 bytes, or in 4 where the size of a frame says so.
fn container_bytes(bits: u32, channels: usize, rate: u32, byte_rate: u32, block_bytes: u16) -> u64 {
    let least = u64::from(bits.div_ceil(8));
    let channels = channels.max(1) as u64;
    let block_bytes = u64::from(block_bytes);
    let of_block = block_bytes / channels;
    let agrees = block_bytes.is_multiple_of(channels)
        && u64::from(rate) * block_bytes == u64::from(byte_rate);
    if least == 0 || (agrees && of_block > least && of_block <= 4) {
        of_block
    } else {
        least
    }
}
