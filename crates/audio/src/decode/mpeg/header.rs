//! The four bytes at the beginning of each frame (ISO/IEC 11172-3 and 13818-3, 2.4.1.3; MPEG-2.5 is Fraunhofer's
//! extension to half the rates of MPEG-2).

/// Bytes of a header.
pub(super) const HEADER_BYTES: usize = 4;

/// What a frame's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// 1 to 3.
    pub layer: u8,
    /// In Hz.
    pub rate: u32,
    pub channels: u8,
    /// MPEG-1, whose Layer III frames have two granules.
    is_mpeg1: bool,
    /// In bits a second; 0 is free format, whose frames are all as long as the first.
    pub bit_rate: u32,
    padding: u8,
}

/// What the side information of a Layer III frame tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side {
    /// Bytes in frames in front of it with which its sound begins.
    pub back: usize,
    /// Where in its bytes its sound ends. What follows is filling, or the beginning of the next frame's sound.
    pub sound_end: usize,
}

impl Header {
    /// `None` where the bytes are no header.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        // In kbit/s: MPEG-1 Layers I, II and III, then MPEG-2 Layer I, and II and III.
        const KBITS: [[u32; 15]; 5] = [
            [
                0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
            ],
            [
                0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
            ],
            [
                0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
            ],
            [
                0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
            ],
            [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
        ];
        const RATES: [u32; 3] = [44_100, 48_000, 32_000];
        let &[0xff, second, third, fourth, ..] = bytes else {
            return None;
        };
        if second & 0xe0 != 0xe0 {
            return None;
        }
        let divisor = match second >> 3 & 3 {
            0b11 => 1,
            0b10 => 2,
            0b00 => 4,
            _ => return None,
        };
        let layer = match second >> 1 & 3 {
            0 => return None,
            coded => 4 - coded,
        };
        let is_mpeg1 = divisor == 1;
        let table = match (is_mpeg1, layer) {
            (true, layer) => usize::from(layer) - 1,
            (false, 1) => 3,
            (false, _) => 4,
        };
        let kbits = KBITS.get(table)?.get(usize::from(third >> 4))?;
        Some(Self {
            layer,
            rate: RATES.get(usize::from(third >> 2 & 3))? / divisor,
            channels: if fourth >> 6 == 0b11 { 1 } else { 2 },
            is_mpeg1,
            bit_rate: kbits * 1000,
            padding: third >> 1 & 1,
        })
    }

    /// Samples of each channel in a frame.
    pub(super) fn samples(&self) -> usize {
        match (self.layer, self.is_mpeg1) {
            (1, _) => 384,
            (3, false) => 576,
            _ => 1152,
        }
    }

    /// Bytes of the frame with its header; `free_bytes` are those of an unpadded frame in free format.
    pub(super) fn frame_bytes(&self, free_bytes: usize) -> usize {
        let unpadded = if self.bit_rate == 0 {
            free_bytes
        } else {
            self.samples() * self.bit_rate as usize / 8 / self.rate as usize
        };
        unpadded / self.slot_bytes() * self.slot_bytes() + self.padding_bytes()
    }

    /// Bytes by which this frame is longer than an unpadded one.
    pub(super) fn padding_bytes(&self) -> usize {
        usize::from(self.padding) * self.slot_bytes()
    }

    /// Bytes of padding, where there is some: Layer I counts in slots of four.
    pub(super) fn slot_bytes(&self) -> usize {
        if self.layer == 1 { 4 } else { 1 }
    }

    /// Bytes of a frame of this bit rate in the mean.
    pub(super) fn mean_bytes(&self, free_bytes: usize) -> f64 {
        if self.bit_rate == 0 {
            return free_bytes as f64;
        }
        self.samples() as f64 * f64::from(self.bit_rate) / 8.0 / f64::from(self.rate)
    }

    /// Whether both can be frames of one stream: only bit rate and channels may change within it.
    pub(super) fn continues(&self, before: &Self) -> bool {
        (self.layer, self.rate, self.is_mpeg1) == (before.layer, before.rate, before.is_mpeg1)
            && (self.bit_rate == 0) == (before.bit_rate == 0)
    }

    /// Bytes of the side information of a Layer III frame, which stands behind header and checksum.
    pub(super) fn side_bytes(&self) -> usize {
        match (self.is_mpeg1, self.channels) {
            (true, 1) => 17,
            (true, _) => 32,
            (false, 1) => 9,
            (false, _) => 17,
        }
    }

    /// What the side information of a Layer III frame of these `bytes` tells (2.4.1.7). `None` for other layers.
    pub(super) fn side(&self, bytes: &[u8]) -> Option<Side> {
        const CHECKSUM: usize = 2;
        if self.layer != 3 {
            return None;
        }
        let has_checksum = bytes.get(1)? & 1 == 0;
        let start = HEADER_BYTES + if has_checksum { CHECKSUM } else { 0 };
        let end = start + self.side_bytes();
        let side = bytes.get(start..end)?;
        let bits = |first: usize, count: usize| -> usize {
            (first..first + count).fold(0, |number, at| {
                let byte = side.get(at / 8).copied().unwrap_or(0);
                number << 1 | usize::from(byte >> (7 - at % 8) & 1)
            })
        };
        let channels = usize::from(self.channels);
        // Bits of how far back the sound begins, then in front of the granules; the granules, and the bits of each.
        let (back_bits, first, granules, granule_bits) = match (self.is_mpeg1, channels) {
            (true, 1) => (9, 18, 2, 59),
            (true, _) => (9, 20, 2, 59),
            (false, 1) => (8, 9, 1, 63),
            (false, _) => (8, 10, 1, 63),
        };
        let sound_bits: usize = (0..granules * channels)
            .map(|granule| bits(first + granule * granule_bits, 12))
            .sum();
        let back = bits(0, back_bits);
        let sound = sound_bits.div_ceil(8).saturating_sub(back);
        Some(Side {
            back,
            sound_end: (end + sound).min(bytes.len()),
        })
    }

    /// Whether frames of this stream can have so many bytes in the mean.
    pub(super) fn could_be_mean(&self, bytes: u64) -> bool {
        let bits = bytes * 8 * u64::from(self.rate) / self.samples() as u64;
        (4_000..=700_000).contains(&bits)
    }

    /// Whether a frame of `bytes` bytes can be one of this stream, at any bit rate.
    pub(super) fn could_be_frame(&self, bytes: usize) -> bool {
        // All bit rates are multiples of 8 kbit/s.
        (1..=56).any(|eighth| {
            let frame = Self {
                bit_rate: eighth * 8000,
                padding: 0,
                ..*self
            };
            let unpadded = frame.frame_bytes(0);
            bytes == unpadded || bytes == unpadded + self.slot_bytes()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_long_as_the_standard_says() {
        for (bytes, layer, rate, channels, samples, length) in [
            // 128 kbit/s at 44.1 kHz, without and with padding.
            ([0xff, 0xfb, 0x90, 0x40], 3, 44_100, 2, 1152, 417),
            ([0xff, 0xfb, 0x92, 0xc0], 3, 44_100, 1, 1152, 418),
            // MPEG-2 and 2.5.
            ([0xff, 0xf3, 0x80, 0x00], 3, 22_050, 2, 576, 208),
            ([0xff, 0xe3, 0x18, 0xc0], 3, 8_000, 1, 576, 72),
            // Layer II at 384 kbit/s and 48 kHz; Layer I at 32 kHz with padding.
            ([0xff, 0xfd, 0xe4, 0x00], 2, 48_000, 2, 1152, 1152),
            ([0xff, 0xff, 0x1a, 0x00], 1, 32_000, 2, 384, 52),
        ] {
            let header = Header::parse(&bytes).unwrap();
            assert_eq!(
                (header.layer, header.rate, header.channels),
                (layer, rate, channels)
            );
            assert_eq!(header.samples(), samples);
            assert_eq!(header.frame_bytes(0), length);
            assert!(header.could_be_frame(length));
        }
    }

    #[test]
    fn what_is_reserved_is_no_header() {
        for bytes in [
            [0xff, 0xeb, 0x90, 0x00], // version
            [0xff, 0xf9, 0x90, 0x00], // layer: ADTS
            [0xff, 0xfb, 0xf0, 0x00], // bit rate
            [0xff, 0xfb, 0x9c, 0x00], // sampling rate
            [0xfe, 0xfb, 0x90, 0x00],
        ] {
            assert_eq!(Header::parse(&bytes), None, "{bytes:02x?}");
        }
        assert_eq!(Header::parse(&[0xff, 0xfb, 0x90]), None);
    }
}
