//! The header of a frame (ISO/IEC 13818-7, 6.2), and the decoder that it asks for.

use symphonia::core::{
    audio::{Channels, Position},
    codecs::audio::{AudioCodecParameters, well_known::CODEC_ID_AAC},
};

use super::super::{
    codec::{Codec, number_word},
    fence::Fence,
};
use crate::AudioError;

/// Bytes of it, without a checksum.
pub(super) const HEADER: usize = 7;
pub(super) const CHECKSUM: usize = 2;

/// What a header says of its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub rate: u32,
    /// 1 to 7 as numbered there; 0: the frame itself tells.
    pub channels: u8,
    /// 2: low complexity.
    object_type: u8,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub kind: Kind,
    /// Bytes of the header, and of all.
    pub size: usize,
    pub length: usize,
    /// Packets in the frame.
    pub blocks: u8,
}

impl Kind {
    /// A decoder of such frames.
    pub(super) fn codec(self, fence: &Fence<'_>) -> Result<Codec, AudioError> {
        let unsupported = |name: &str| AudioError::unsupported(fence.path, name);
        let positions = match (self.object_type, self.channels) {
            (2, 1) => Position::FRONT_LEFT,
            (2, 2) => Position::FRONT_LEFT | Position::FRONT_RIGHT,
            (2, 0) => {
                return Err(unsupported(
                    "its codec is AAC with channels of its own arrangement",
                ));
            }
            (2, count) => {
                // The seventh arrangement has eight.
                let count = if count == 7 { 8 } else { usize::from(count) };
                let why = format!("its codec is AAC with {} channels", number_word(count));
                return Err(unsupported(&why));
            }
            (1, _) => return Err(unsupported("its codec is AAC of the Main profile")),
            (3, _) => return Err(unsupported("its codec is AAC of the SSR profile")),
            _ => return Err(unsupported("its codec is AAC of the LTP profile")),
        };
        let mut parameters = AudioCodecParameters::new();
        parameters
            .for_codec(CODEC_ID_AAC)
            .with_sample_rate(self.rate)
            .with_channels(Channels::Positioned(positions));
        Codec::new(&parameters, "AAC", fence)
    }
}

/// Whether bytes begin with a frame, and go on with another one of its kind.
pub(in super::super) fn begins(bytes: &[u8]) -> bool {
    let header = |at: usize| Header::read(bytes.get(at..)?.first_chunk()?);
    let first = header(0);
    first.is_some_and(|first| header(first.length).is_some_and(|next| next.kind == first.kind))
}

/// Where the first frame stands in bytes that begin within one, as what was recorded of a station does.
pub(in super::super) fn first_frame(bytes: &[u8]) -> Option<usize> {
    /// Others have so many of one kind behind each other once in 10^15 places.
    const LEAST: usize = 4;
    let header = |at: usize| Header::read(bytes.get(at..)?.first_chunk()?);
    (0..bytes.len()).find(|&first| {
        let mut at = first;
        let Some(kind) = header(first).map(|header| header.kind) else {
            return false;
        };
        (0..LEAST).all(|_| {
            let next = header(at).filter(|header| header.kind == kind);
            at += next.map_or(0, |header| header.length);
            next.is_some()
        })
    })
}

impl Header {
    pub(super) fn read(head: &[u8; HEADER]) -> Option<Self> {
        const RATES: [u32; 13] = [
            96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
            8_000, 7_350,
        ];
        let &[a, b, c, d, e, f, g] = head;
        // The word, and layer 0.
        if a != 0xff || b & 0xf6 != 0xf0 {
            return None;
        }
        let size = if b & 1 == 0 {
            HEADER + CHECKSUM
        } else {
            HEADER
        };
        let length = usize::from(d & 3) << 11 | usize::from(e) << 3 | usize::from(f >> 5);
        let rate = *RATES.get(usize::from(c >> 2 & 15))?;
        (length > size).then_some(Self {
            kind: Kind {
                rate,
                channels: (c & 1) << 2 | d >> 6,
                object_type: (c >> 6) + 1,
            },
            size,
            length,
            blocks: (g & 3) + 1,
        })
    }
}
