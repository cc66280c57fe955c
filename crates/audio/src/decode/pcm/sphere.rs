//! NIST SPHERE, `.sph`: the files of speech corpora. A header of text, then samples.

use super::{Codec, Endian, Sound, bytes::Bytes, coding::Coding, extent::Extent};
use crate::AudioError;

/// Headers have 1024 bytes; longer ones are allowed.
const MAX_HEADER_BYTES: usize = 1 << 16;

/// Reads the header of a file that begins at `start`.
pub(super) fn parse(bytes: &mut Bytes<'_>, start: u64) -> Result<Sound, AudioError> {
    let header = bytes.read(start, MAX_HEADER_BYTES)?;
    let size = (header.get(8..16))
        .and_then(|text| str::from_utf8(text).ok()?.trim().parse::<u64>().ok())
        .filter(|size| (16..=MAX_HEADER_BYTES as u64).contains(size))
        .ok_or_else(|| bytes.damaged("the size of its header is not told"))?;
    let header = header.get(..size as usize).unwrap_or(&header);
    let text = String::from_utf8_lossy(header);
    // Each line: a name, a type ("-i", "-s3"), a value.
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            let value = (words.next() == Some(name)).then(|| words.nth(1))?;
            value.map(str::to_owned)
        })
    };
    let number = |name: &str| field(name).and_then(|value| value.parse::<u64>().ok());
    let (Some(channels), Some(rate)) = (number("channel_count"), number("sample_rate")) else {
        return Err(bytes.damaged("it has no description of its format"));
    };
    let sample_bytes = number("sample_n_bytes").unwrap_or(2);
    let endian = match field("sample_byte_format").as_deref() {
        Some("01") => Endian::Little,
        _ => Endian::Big,
    };
    let name = field("sample_coding").unwrap_or_else(|| "pcm".to_owned());
    let known = match name.as_str() {
        "pcm" | "linear" => Coding::signed(sample_bytes, endian),
        "ulaw" | "mu-law" => Some(Coding::MuLaw),
        "alaw" => Some(Coding::ALaw),
        _ => None,
    };
    // The count is one of frames.
    let claimed = number("sample_count")
        .unwrap_or_default()
        .saturating_mul(channels)
        .saturating_mul(sample_bytes);
    Ok(Sound {
        channels: usize::try_from(channels).unwrap_or(usize::MAX),
        rate: u32::try_from(rate).unwrap_or(u32::MAX),
        codec: match known {
            Some(coding) => Codec::Own(coding),
            None if name.contains("shorten") => Codec::Other("Shorten".to_owned()),
            None => Codec::Other(name),
        },
        extent: Extent::claimed_or_rest(bytes, start + size, claimed),
        frames: None,
        skipped_frames: 0,
    })
}
