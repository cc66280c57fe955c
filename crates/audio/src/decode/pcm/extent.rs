//! Where the sound of a container lies, whatever its size field says.

use super::{bytes::Bytes, chunks::Family};
use crate::{AudioError, Incomplete, incomplete::slack};

/// Sizes of 32 bits from here on stand for "as much as there is", unless the file bears them out: what a program writes
/// into a pipe (0xffffffff, sox 0x7ffff000 and in AIFF 0x7f000008), or what a recorder leaves behind that was killed.
const ENDLESS_32: u64 = 0x7eff_ff00;
/// Likewise of 64 bits.
const ENDLESS_64: u64 = 1 << 62;

/// A stretch of a file that holds sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Bytes that are there.
    pub bytes: u64,
    /// Bytes that the header claims, where it claims any.
    pub claimed: Option<u64>,
}

impl Extent {
    /// Everything from `offset` on.
    pub(super) fn rest(bytes: &Bytes<'_>, offset: u64) -> Self {
        Self {
            offset,
            bytes: bytes.length.saturating_sub(offset),
            claimed: None,
        }
    }

    /// A size that is taken at its word as far as the file reaches; 0 and all ones stand for the rest of the file.
    pub(super) fn claimed_or_rest(bytes: &Bytes<'_>, offset: u64, claimed: u64) -> Self {
        let rest = Self::rest(bytes, offset);
        let unknown = claimed == 0
            || claimed >= ENDLESS_64
            || (claimed > rest.bytes && (ENDLESS_32..=0xffff_ffff).contains(&claimed));
        if unknown {
            return rest;
        }
        Self {
            bytes: rest.bytes.min(claimed),
            claimed: Some(claimed),
            ..rest
        }
    }

    /// The same for the sound of a container of chunks. What follows the claimed size helps to judge it: other chunks bear
    /// it out, anything else speaks against the sizes that programs write when they do not know better.
    pub(super) fn of_chunk(
        bytes: &mut Bytes<'_>,
        family: Family,
        offset: u64,
        claimed: u64,
    ) -> Result<Self, AudioError> {
        let rest = Self::rest(bytes, offset);
        let counts_32_bits = matches!(family, Family::Iff(_)) && claimed <= 0xffff_ffff;
        let doubtful = claimed == 0
            || (counts_32_bits && claimed >= ENDLESS_32)
            || (counts_32_bits && rest.bytes.saturating_sub(claimed) > 0xffff_ffff);
        if !doubtful || claimed > rest.bytes {
            return Ok(Self::claimed_or_rest(bytes, offset, claimed));
        }
        let end = offset + claimed;
        if claimed == 0 && rest.bytes > 0 && !family.only_chunks(bytes, end)? {
            return Ok(rest);
        }
        if claimed > 0 && claimed < rest.bytes && !family.only_chunks(bytes, end + claimed % 2)? {
            if claimed >= ENDLESS_32 {
                return Ok(rest);
            }
            // More than 4 GiB, of whose size the header holds the last 32 bits.
            let overflowed = (rest.bytes - claimed) >> 32 << 32;
            let claimed = claimed + overflowed;
            return Ok(Self {
                bytes: claimed,
                claimed: Some(claimed),
                ..rest
            });
        }
        Ok(Self {
            bytes: claimed,
            claimed: Some(claimed),
            ..rest
        })
    }

    /// Whether bytes are missing that could be heard. A size that counts the header, too, is a common mistake.
    pub(super) fn incomplete(&self) -> Option<Incomplete> {
        let claimed = self.claimed?;
        let missing = claimed.saturating_sub(self.bytes);
        let slack = slack(claimed).max(self.offset.min(128) as f64 + 8.0);
        (missing as f64 > slack).then(|| Incomplete::EndsEarly {
            // Of the whole file.
            share: Some((self.offset + self.bytes) as f64 / (self.offset + claimed) as f64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_sound_a_second_is_missed_and_a_header_is_not() {
        const HOUR: u64 = 3600 * 44_100 * 4;
        let of = |bytes| Extent {
            offset: 44,
            bytes,
            claimed: Some(HOUR),
        };
        assert_eq!(of(HOUR - 44).incomplete(), None);
        assert!(of(HOUR - 44_100 * 4).incomplete().is_some());
    }
}
