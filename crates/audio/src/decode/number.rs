//! Numbers as files hold them.

use std::ops::Range;

/// The order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

impl Endian {
    /// The number that these bytes are, of which there are eight at most.
    pub(super) fn of(self, bytes: &[u8]) -> u64 {
        let add = |sum, &byte| sum << 8 | u64::from(byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, add),
            Self::Big => bytes.iter().fold(0, add),
        }
    }

    /// The number in some of the bytes, where all of these are there.
    pub(super) fn within(self, bytes: &[u8], range: Range<usize>) -> Option<u64> {
        Some(self.of(bytes.get(range)?))
    }

    /// The number of two bytes at `at`, where they are there; likewise below.
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        })
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        })
    }

    pub(super) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        })
    }
}

/// Bits of a byte string, the highest first.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    next: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0 }
    }

    /// At least 57 bits from the present place on, at the upper end; zeros stand for those behind the last.
    fn ahead(&self) -> u64 {
        let rest = self.bytes.get(self.next / 8..).unwrap_or_default();
        let eight = match rest.first_chunk() {
            Some(eight) => u64::from_be_bytes(*eight),
            None => Endian::Big.of(rest) << (8 * (8 - rest.len()) % 64),
        };
        eight << (self.next % 8)
    }

    /// Passes over bits; `None` where they are not all there.
    pub(super) fn skip(&mut self, count: usize) -> Option<()> {
        self.next = self.next.checked_add(count)?;
        (self.next <= 8 * self.bytes.len()).then_some(())
    }

    /// The number of the next bits, of which there are 32 at most.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        let ahead = self.ahead();
        self.skip(count as usize)?;
        Some(ahead.checked_shr(64 - count).unwrap_or_default() as u32)
    }

    /// How many of the next bits are set up to the first that is not, which is passed over; `most` at most, and then it is not.
    pub(super) fn ones(&mut self, most: u32) -> Option<u32> {
        let ones = self.ahead().leading_ones().min(most);
        self.skip((ones + u32::from(ones < most)) as usize)?;
        Some(ones)
    }

    /// How many bits are left.
    pub(super) fn left(&self) -> usize {
        (8 * self.bytes.len()).saturating_sub(self.next)
    }

    /// Goes on at the next whole byte.
    pub(super) fn align(&mut self) {
        self.next = self.next.next_multiple_of(8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_width_are_read_in_either_order() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        let (big, little) = (Endian::Big, Endian::Little);
        assert_eq!(big.within(&bytes, 1..4), Some(0x02_03_04));
        assert_eq!(little.within(&bytes, 1..4), Some(0x04_03_02));
        assert_eq!(big.within(&bytes, 0..8), big.u64(&bytes, 0));
        assert_eq!(little.within(&bytes, 0..8), little.u64(&bytes, 0));
        assert_eq!(big.u32(&bytes, 5), Some(0x06_07_08_09));
        assert_eq!(little.u16(&bytes, 7), Some(0x09_08));
        assert_eq!(big.u32(&bytes, 6), None);
        assert_eq!(little.within(&bytes, 8..10), None);
    }

    #[test]
    fn bits_are_read_up_to_the_last_and_no_further() {
        let bytes: Vec<u8> = (0..12).map(|n: u8| n.wrapping_mul(37) ^ 0x5a).collect();
        let bit = |at: usize| u32::from(bytes[at / 8] >> (7 - at % 8) & 1);
        for count in [0, 1, 5, 8, 31, 32] {
            for start in 0..=96 - count {
                let mut bits = Bits::new(&bytes);
                bits.skip(start).unwrap();
                let wanted =
                    (start..start + count).fold(0_u64, |sum, at| sum << 1 | u64::from(bit(at)));
                assert_eq!(
                    bits.take(count as u32),
                    Some(wanted as u32),
                    "{count} at {start}"
                );
            }
        }
        let mut bits = Bits::new(&bytes);
        bits.skip(90).unwrap();
        assert_eq!(bits.take(7), None);
    }

    #[test]
    fn ones_are_counted_with_their_end_or_up_to_the_most() {
        let mut bits = Bits::new(&[0b1110_1111, 0b1111_1110, 0xff]);
        assert_eq!((bits.ones(9), bits.take(1)), (Some(3), Some(1)));
        assert_eq!((bits.ones(9), bits.take(2)), (Some(9), Some(0b10)));
        bits.align();
        assert_eq!(bits.take(8), Some(0xff));
        assert_eq!(bits.ones(9), None);
    }
}
