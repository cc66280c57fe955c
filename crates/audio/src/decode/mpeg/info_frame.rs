//! The frame that encoders write in front of the sound to tell its length: Xing's and LAME's ("Xing", "Info") and
//! Fraunhofer's ("VBRI"). It is not sound.
//! Formats: <http://gabriel.mp3-tech.org/mp3infotag.html> and the Xing SDK.

use super::{
    super::number::Endian::Big,
    header::{HEADER_BYTES, Header},
};

/// Samples by which every Layer III decoder is late: 528 of the filter banks and one.
const DECODER_DELAY: u64 = 529;
/// Where Fraunhofer's tag stands, behind the header.
const VBRI_OFFSET: usize = HEADER_BYTES + 32;

/// What the frame tells. Numbers are of frames behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct InfoFrame {
    pub frames: u64,
    /// Bytes from this frame on, or from the next.
    pub bytes: u64,
    /// Samples at the beginning and at the end that encoder and decoder add.
    pub gaps: Option<(u64, u64)>,
}

impl InfoFrame {
    /// `None` where the frame is one of sound.
    pub(super) fn parse(frame: &[u8], header: &Header) -> Option<Self> {
        if header.layer != 3 {
            return None;
        }
        let number = |place| Big.u32(frame, place).map(u64::from);
        if frame.get(VBRI_OFFSET..VBRI_OFFSET + 4) == Some(b"VBRI") {
            let number = |offset| number(VBRI_OFFSET + offset);
            return Some(Self {
                bytes: number(10).unwrap_or_default(),
                frames: number(14).unwrap_or_default(),
                gaps: None,
            });
        }
        // A checksum, where there is one, is mostly written over.
        let plain = HEADER_BYTES + header.side_bytes();
        let mark = [plain, plain + 2].into_iter().find(|&place| {
            let four = frame.get(place..place + 4);
            four == Some(b"Xing") || four == Some(b"Info")
        })?;
        const HAS_FRAMES: u64 = 1;
        const HAS_BYTES: u64 = 2;
        const HAS_TABLE: u64 = 4;
        const HAS_QUALITY: u64 = 8;
        let mut place = mark + 4;
        let flags = number(place).unwrap_or_default();
        place += 4;
        let mut next = |flag, bytes| {
            if flags & flag == 0 {
                return 0;
            }
            place += bytes;
            number(place - bytes).unwrap_or_default()
        };
        let frames = next(HAS_FRAMES, 4);
        let bytes = next(HAS_BYTES, 4);
        next(HAS_TABLE, 100);
        next(HAS_QUALITY, 4);
        Some(Self {
            frames,
            bytes,
            gaps: gaps(frame.get(place..).unwrap_or_default()),
        })
    }
}

/// LAME and libavformat write the delay of the encoder and the padding of the last frame, 12 bits each.
fn gaps(tag: &[u8]) -> Option<(u64, u64)> {
    let known: [&[u8]; 3] = [b"LAME", b"Lavf", b"Lavc"];
    if !known.iter().any(|name| tag.starts_with(name)) {
        return None;
    }
    let [high, middle, low] = *tag.get(21..24)? else {
        return None;
    };
    let (high, middle, low) = (u64::from(high), u64::from(middle), u64::from(low));
    let delay = high << 4 | middle >> 4;
    let padding = (middle & 0xf) << 8 | low;
    Some((delay + DECODER_DELAY, padding.saturating_sub(DECODER_DELAY)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_tells_its_numbers_and_sound_is_none() {
        let mut frame = vec![0xff, 0xfb, 0x90, 0x40];
        frame.resize(36, 0);
        frame.extend(b"Xing\0\0\0\x0b\0\0\x01\x02\0\x01\0\0\0\0\0\x64LAME3.100");
        frame.resize(frame.len() + 12, 0);
        frame.extend([0x24, 0x05, 0xe8]);
        frame.resize(417, 0);
        let header = Header::parse(&frame).unwrap();
        let told = InfoFrame {
            frames: 258,
            bytes: 65_536,
            gaps: Some((0x240 + 529, 0x5e8 - 529)),
        };
        assert_eq!(InfoFrame::parse(&frame, &header), Some(told));
        // Cut anywhere, it is read as far as it goes.
        for length in 40..frame.len() {
            assert!(InfoFrame::parse(&frame[..length], &header).is_some());
        }
        let mut vbri = vec![0xff, 0xfb, 0x90, 0x40];
        vbri.resize(36, 0);
        vbri.extend(b"VBRI\0\x01\x04\xb1\0\x4b\0\0\x02\0\0\0\0\x07");
        let told = InfoFrame {
            frames: 7,
            bytes: 512,
            gaps: None,
        };
        assert_eq!(InfoFrame::parse(&vbri, &header), Some(told));
        assert_eq!(InfoFrame::parse(&[0; 417], &header), None);
    }
}
