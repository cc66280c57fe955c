//! Opus packets (RFC 6716) of the arrangements that files hold (RFC 7845): mono, stereo, several streams.

use ropus::OpusMSDecoder;

/// The longest packet, 120 ms.
const MAX_PACKET_FRAMES: usize = 5760;

/// A decoder, made from the identification header ("OpusHead").
pub(super) struct Opus {
    decoder: OpusMSDecoder,
    channels: usize,
    pre_skip: u64,
    gain: f32,
    /// Room for the frames of one packet.
    values: Vec<i16>,
}

impl Opus {
    /// Every Opus stream plays at this rate in Hz, whatever it was made of.
    pub(super) const RATE: u32 = 48_000;
    /// RFC 7845, 4.6 asks for 80 ms, after which nothing odd is heard; after half a second nothing odd is measured.
    pub(super) const SETTLE_FRAMES: u64 = 24_000;

    pub(super) fn new(head: &[u8]) -> Option<Self> {
        let head = head.strip_prefix(b"OpusHead")?;
        let &[
            version,
            channels,
            pre_0,
            pre_1,
            _,
            _,
            _,
            _,
            gain_0,
            gain_1,
            family,
            ref rest @ ..,
        ] = head
        else {
            return None;
        };
        // The upper half counts incompatible versions.
        if version > 15 {
            return None;
        }
        let (count, channels) = (i32::from(channels), usize::from(channels));
        let (streams, coupled, mapping) = match (family, channels) {
            (0, 1) => (1, 0, vec![0]),
            (0, 2) => (1, 1, vec![0, 1]),
            (0, _) => return None,
            _ => {
                let (&[streams, coupled], mapping) = rest.split_first_chunk::<2>()?;
                let mapping = mapping.get(..channels)?.to_vec();
                (i32::from(streams), i32::from(coupled), mapping)
            }
        };
        let decoder =
            OpusMSDecoder::new(Self::RATE.cast_signed(), count, streams, coupled, &mapping).ok()?;
        // MPEG-4 keeps the header under version 0, with the highest byte of its numbers first (Encapsulation of Opus in ISO Base
        // Media File Format, 4.3.2); symphonia-format-isomp4 0.6.1 hands it on as it is.
        let number = |bytes: [u8; 2]| match version {
            0 => u16::from_be_bytes(bytes),
            _ => u16::from_le_bytes(bytes),
        };
        let gain = f32::from(number([gain_0, gain_1]).cast_signed()) / 256.0;
        Some(Self {
            decoder,
            channels,
            pre_skip: u64::from(number([pre_0, pre_1])),
            // In decibels.
            gain: 10_f32.powf(gain / 20.0),
            values: Vec::new(),
        })
    }

    /// Frames at the beginning that are not to be heard.
    pub(super) fn pre_skip(&self) -> u64 {
        self.pre_skip
    }

    pub(super) fn reset(&mut self) {
        self.decoder.reset();
    }

    /// Frames of a packet by its first bytes (RFC 6716, 3.1 and 3.2).
    pub(super) fn frames_of(packet: &[u8]) -> Option<u64> {
        let (&first, rest) = packet.split_first()?;
        let config = first >> 3;
        // In frames of 48 kHz; 2.5 ms are 120.
        let each = match config {
            0..12 => *[480, 960, 1920, 2880].get(usize::from(config % 4))?,
            12..16 => *[480, 960].get(usize::from(config % 2))?,
            _ => *[120, 240, 480, 960].get(usize::from(config % 4))?,
        };
        let count = match first & 3 {
            0 => 1,
            1 | 2 => 2,
            _ => u64::from(rest.first()? & 0x3f),
        };
        Some(each * count)
    }

    /// Decodes a packet into `samples`, interleaved; returns channels and rate.
    pub(super) fn decode(
        &mut self,
        packet: &[u8],
        samples: &mut Vec<f32>,
    ) -> Result<(usize, u32), &'static str> {
        samples.clear();
        // It decodes, but no encoder makes it.
        if packet.len() > 2 && packet.iter().all(|byte| *byte == 0) {
            return Err("an Opus packet of zeros");
        }
        self.values.resize(MAX_PACKET_FRAMES * self.channels, 0);
        let (length, most) = (packet.len() as i32, MAX_PACKET_FRAMES as i32);
        let frames = self
            .decoder
            .decode(Some(packet), length, &mut self.values, most, false)
            .map_err(|_| "an Opus packet makes no sense")?;
        let count = usize::try_from(frames).unwrap_or_default() * self.channels;
        let values = self.values.get(..count).unwrap_or_default();
        samples.extend(
            values
                .iter()
                .map(|&value| self.gain * f32::from(value) / 32_768.0),
        );
        Ok((self.channels, Self::RATE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_tell_their_length() {
        // 20 ms of CELT; two of 10 ms of SILK; three of 60 ms in code 3.
        assert_eq!(Opus::frames_of(&[0xfc]), Some(960));
        assert_eq!(Opus::frames_of(&[0x01]), Some(960));
        assert_eq!(Opus::frames_of(&[0x1b, 3]), Some(8640));
        assert_eq!(Opus::frames_of(&[]), None);
    }

    #[test]
    fn headers_that_make_no_sense_are_refused() {
        let head = |channels: u8, family: u8, rest: &[u8]| {
            let mut bytes = b"OpusHead\x01".to_vec();
            bytes.extend([channels, 0x38, 1, 0, 0, 0, 0, 0, 0, family]);
            bytes.extend(rest);
            bytes
        };
        assert_eq!(Opus::new(&head(2, 0, &[])).unwrap().pre_skip(), 312);
        let of_mpeg4 = b"OpusHead\0\x02\x01\x38\0\0\0\0\xff\0\0";
        let of_mpeg4 = Opus::new(of_mpeg4).unwrap();
        assert_eq!(of_mpeg4.pre_skip(), 312);
        assert!((of_mpeg4.gain - 10_f32.powf(-1.0 / 20.0)).abs() < 1e-6);
        assert!(Opus::new(&head(6, 1, &[4, 2, 0, 4, 1, 2, 3, 5])).is_some());
        for bad in [
            head(0, 0, &[]),
            head(3, 0, &[]),
            head(6, 1, &[4, 2, 0, 4]),
            head(2, 1, &[0, 0, 0, 1]),
            head(2, 1, &[1, 1, 0, 9]),
            b"OpusHead".to_vec(),
        ] {
            assert!(Opus::new(&bad).is_none(), "{bad:?}");
        }
    }
}
