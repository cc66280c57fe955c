//! Whether a packet of ALAC is whole. What of symphonia-codec-alac 0.6.1 is worked around here: "a packet is decoded without a look
//! at the end of its elements: bytes that were overwritten with zeros become silence or noise, and no error".
//!
//! The bits are read as Apple's decoder does (ALACDecoder.cpp and ag_dec.c of <https://github.com/macosforge/alac>), and what they
//! say is left out: all that counts is that they end where the packet does.

use super::number::{Bits, Endian};

/// What the description of a stream says of its packets.
pub(super) struct Alac {
    frames: u32,
    bit_depth: u32,
    channels: u32,
    /// Parameters of the adaptive code of residuals.
    pb: u32,
    mb: u32,
    kb: u32,
}

impl Alac {
    /// Reads the codec's description ("magic cookie"), in front of which the names of its boxes may stand.
    pub(super) fn read(mut cookie: &[u8]) -> Option<Self> {
        const BOX_BYTES: usize = 12;
        for name in [b"frma", b"alac"] {
            if cookie.get(4..8) == Some(name.as_slice()) {
                cookie = cookie.get(BOX_BYTES..)?;
            }
        }
        let &[_, _, _, _, _, depth, pb, mb, kb, channels, ..] = cookie else {
            return None;
        };
        Some(Self {
            frames: Endian::Big.u32(cookie, 0)?,
            bit_depth: depth.into(),
            channels: channels.into(),
            pb: pb.into(),
            mb: mb.into(),
            kb: kb.into(),
        })
    }

    /// Whether all elements of a packet are there, and its end behind them.
    pub(super) fn is_whole(&self, packet: &[u8]) -> bool {
        self.ends(&mut Bits::new(packet)).is_some()
    }

    fn ends(&self, bits: &mut Bits<'_>) -> Option<()> {
        let mut channels = 0;
        loop {
            match bits.take(3)? {
                // One channel, one of low tones.
                0 | 3 => channels += self.element(bits, 1)?,
                1 => channels += self.element(bits, 2)?,
                // Data beside the sound.
                4 => {
                    bits.skip(4)?;
                    let is_aligned = bits.take(1)? == 1;
                    let count = with_more(bits, 8)?;
                    if is_aligned {
                        bits.align();
                    }
                    bits.skip(8 * count)?;
                }
                // What only fills.
                6 => {
                    let count = with_more(bits, 4)?;
                    bits.skip(8 * count)?;
                }
                // Padding up to the next byte may follow.
                7 => return (bits.left() <= 8).then_some(()),
                _ => return None,
            }
            if channels > self.channels {
                return None;
            }
        }
    }

    /// Passes over an element of one or two channels.
    fn element(&self, bits: &mut Bits<'_>, channels: u32) -> Option<u32> {
        bits.skip(4)?;
        if bits.take(12)? != 0 {
            return None;
        }
        let is_partial = bits.take(1)? == 1;
        let shift = 8 * bits.take(2)?;
        let is_plain = bits.take(1)? == 1;
        let frames = if is_partial {
            bits.take(32)?
        } else {
            self.frames
        };
        let values = usize::try_from(frames.checked_mul(channels)?).ok()?;
        if frames > self.frames {
            return None;
        }
        if is_plain {
            bits.skip(values.checked_mul(self.bit_depth as usize)?)?;
            return Some(channels);
        }
        // Of two channels one is the difference, which takes a bit more.
        let depth = self.bit_depth.checked_sub(shift)? + channels - 1;
        bits.skip(16)?;
        let mut factors = [0; 2];
        for factor in factors.iter_mut().take(channels as usize) {
            bits.skip(8)?;
            *factor = bits.take(3)? * self.pb / 4;
            let order = bits.take(5)?;
            bits.skip(16 * order as usize)?;
        }
        bits.skip(values.checked_mul(shift as usize)?)?;
        for factor in factors.into_iter().take(channels as usize) {
            self.residuals(bits, frames, depth, factor)?;
        }
        Some(channels)
    }

    /// Passes over the residuals of a channel.
    fn residuals(&self, bits: &mut Bits<'_>, frames: u32, depth: u32, factor: u32) -> Option<()> {
        const RUN_DEPTH: u32 = 16;
        const MOST: u32 = 0xffff;
        let (mut mean, mut sign, mut at) = (self.mb, 0, 0);
        while at < frames {
            at += 1;
            let width = 31 - ((mean >> 9) + 3).leading_zeros();
            let value = self.code(bits, width, depth)?.wrapping_add(sign);
            mean = if value > MOST {
                MOST
            } else {
                mean.wrapping_add(factor * value)
                    .wrapping_sub(factor.wrapping_mul(mean) >> 9)
            };
            sign = 0;
            // Where they are small, a run of zeros follows.
            if mean < 128 && at < frames {
                let width = mean.leading_zeros() - 24 + ((mean + 16) >> 6);
                let zeros = self.code(bits, width, RUN_DEPTH)?;
                sign = u32::from(zeros < MOST);
                mean = 0;
                at = at.saturating_add(zeros);
            }
        }
        Some(())
    }

    /// One number: a count of ones, and some bits behind it.
    fn code(&self, bits: &mut Bits<'_>, width: u32, depth: u32) -> Option<u32> {
        const ESCAPE: u32 = 9;
        let width = width.min(self.kb);
        let ones = bits.ones(ESCAPE)?;
        if ones == ESCAPE {
            return bits.take(depth.min(32));
        }
        if width <= 1 {
            return Some(ones * width);
        }
        let value = (ones << width) - ones;
        // The last bit stands there only where those in front of it are not all 0.
        let rest = bits.take(width - 1)?;
        Some(match rest {
            0 => value,
            rest => value + (rest << 1) + bits.take(1)? - 1,
        })
    }
}

/// A number of so many bits, to which a byte is added where they are all set.
fn with_more(bits: &mut Bits<'_>, count: u32) -> Option<usize> {
    let number = bits.take(count)?;
    let is_full = number == (1 << count) - 1;
    let more = if is_full { bits.take(8)? } else { 0 };
    // Of four bits the byte counts itself.
    let own = u32::from(is_full && count == 4);
    Some((number + more).saturating_sub(own) as usize)
}
