//! What of a file did not become sound.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a file is decoded in part. A whole file never has one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Incomplete {
    /// It ends before its header says: a broken download or copy.
    EndsEarly {
        /// Share of its bytes that is there, 0 to 1, where that is known.
        share: Option<f64>,
    },
    /// It begins in the middle of what its header tells, as a piece that was cut out of a file without encoding it anew.
    BeginsLate {
        /// What stood in front of its first frame, in seconds, by the number of that frame.
        secs: f64,
    },
    /// Parts of it could not be decoded and were passed over.
    Damaged {
        /// How many.
        packets: u64,
        /// Where the first of them stood, in seconds.
        first_secs: f64,
    },
    /// More sound stands behind the one that its header tells, and is not decoded.
    MoreFollows,
}

/// Files that end so much earlier than they tell, as a share of their bytes, are common, and nothing is missing that could be
/// heard.
const SLACK: f64 = 0.01;
/// Of a long file whose sizes are exact no more than so many bytes are passed over: 0.09 s of a CD.
const MOST_SLACK: f64 = 16384.0;

/// How many bytes may be missing of so many that exact sizes tell.
pub(super) fn slack(told: u64) -> f64 {
    (SLACK * told as f64).min(MOST_SLACK)
}

/// A file that has `there` of `told` bytes.
pub(super) fn share(there: u64, told: u64) -> Option<Incomplete> {
    let share = there as f64 / told.max(1) as f64;
    (share < 1.0 - SLACK).then_some(Incomplete::EndsEarly { share: Some(share) })
}

/// As [`share`], of a file whose sizes are exact, as those of MPEG-4.
pub(super) fn cut(there: u64, told: u64) -> Option<Incomplete> {
    let share = there as f64 / told.max(1) as f64;
    let is_cut = told.saturating_sub(there) as f64 > slack(told);
    is_cut.then_some(Incomplete::EndsEarly { share: Some(share) })
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndsEarly { share: Some(share) } => write!(
                f,
                "Ends early: it has {:.0} % of the bytes that its header tells. It plays as far as it goes; copy or download the file again",
                // What lacks little has no 100 %.
                (100.0 * share).round().min(99.0)
            ),
            Self::EndsEarly { share: None } => f.write_str(
                "Ends early: its end is missing. It plays as far as it goes; copy or download the file again",
            ),
            Self::BeginsLate { secs } => write!(
                f,
                "Begins late: the first {secs:.1} s that its header tells are not in it, as in a piece that was cut out of a file without encoding it anew. What is there plays whole; where its beginning ought to be there, copy or download the file again"
            ),
            Self::Damaged {
                packets,
                first_secs,
            } => write!(
                f,
                "Damaged: {packets} {} of it could not be decoded and {} left out, the first at {first_secs:.1} s; copy or download the file again",
                if *packets == 1 { "piece" } else { "pieces" },
                if *packets == 1 { "was" } else { "were" },
            ),
            Self::MoreFollows => f.write_str(
                "Decoded in part: more sound stands behind its end, as in files that were put together byte by byte; cut them apart, or join them with a sound editor",
            ),
        }
    }
}

/// What is worth telling of a file that was decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Caveats {
    /// What of it did not become sound.
    pub incomplete: Option<Incomplete>,
    /// Its channels cancel in their mean, which is what was decoded.
    pub cancels: bool,
}

impl Caveats {
    /// Bytes of [`Self::to_bytes`].
    pub const BYTES: usize = 17;

    /// As it stands in files: kind and flag in one byte, then a number of 64 bits as a float and one as an integer.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let (kind, float, count) = match self.incomplete {
            None => (0, 0.0, 0),
            Some(Incomplete::EndsEarly { share: None }) => (1, 0.0, 0),
            Some(Incomplete::EndsEarly { share: Some(share) }) => (2, share, 0),
            Some(Incomplete::Damaged {
                packets,
                first_secs,
            }) => (3, first_secs, packets),
            Some(Incomplete::MoreFollows) => (4, 0.0, 0),
            Some(Incomplete::BeginsLate { secs }) => (5, secs, 0),
        };
        let mut bytes = [0; Self::BYTES];
        bytes[0] = kind | u8::from(self.cancels) << 7;
        bytes[1..9].copy_from_slice(&f64::to_le_bytes(float));
        bytes[9..].copy_from_slice(&u64::to_le_bytes(count));
        bytes
    }

    /// What [`Self::to_bytes`] wrote; `None` for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[head], rest) = bytes.split_first_chunk::<1>()?;
        let (float, count) = rest.split_first_chunk::<8>()?;
        let float = f64::from_le_bytes(*float);
        let packets = u64::from_le_bytes(count.try_into().ok()?);
        let incomplete = match head & 0x7f {
            0 => None,
            1 => Some(Incomplete::EndsEarly { share: None }),
            2 => Some(Incomplete::EndsEarly { share: Some(float) }),
            3 => Some(Incomplete::Damaged {
                packets,
                first_secs: float,
            }),
            4 => Some(Incomplete::MoreFollows),
            5 => Some(Incomplete::BeginsLate { secs: float }),
            _ => return None,
        };
        Some(Self {
            incomplete,
            cancels: head & 0x80 != 0,
        })
    }

    /// The sentences for a listener; none for a whole file.
    pub fn sentences(&self) -> Vec<String> {
        let incomplete = self.incomplete.map(|incomplete| incomplete.to_string());
        incomplete
            .into_iter()
            .chain(self.cancels.then(|| CANCELS.to_owned()))
            .collect()
    }
}

/// What is said of a file whose channels cancel.
pub const CANCELS: &str = "Its channels cancel: the right one is mostly the left one turned over, so their mean, which the encoder hears, is \
    nearly silent. Choose the left channel alone (--channel left, or Channel in the settings)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_a_cut_file_is_the_one_that_was_cut() {
        let text = |there| share(there, 1000).map(|cut| cut.to_string());
        assert!(text(600).unwrap().contains("60 %"));
        assert!(text(989).unwrap().contains("99 %"));
        assert_eq!(text(990), None);
        // Of an hour ten seconds are missing.
        let [whole, there] = [635_040_000, 633_276_000];
        assert!(cut(there, whole).is_some() && cut(whole - 44, whole).is_none());
    }

    #[test]
    fn caveats_come_back_from_their_bytes() {
        for incomplete in [
            None,
            Some(Incomplete::EndsEarly { share: None }),
            Some(Incomplete::EndsEarly { share: Some(0.25) }),
            Some(Incomplete::Damaged {
                packets: 3,
                first_secs: 1.5,
            }),
            Some(Incomplete::MoreFollows),
            Some(Incomplete::BeginsLate { secs: 4.5 }),
        ] {
            for cancels in [false, true] {
                let caveats = Caveats {
                    incomplete,
                    cancels,
                };
                assert_eq!(Caveats::from_bytes(&caveats.to_bytes()), Some(caveats));
                let sentences = usize::from(incomplete.is_some()) + usize::from(cancels);
                assert_eq!(caveats.sentences().len(), sentences);
            }
        }
        assert_eq!(Caveats::from_bytes(&[0; 3]), None);
        assert_eq!(Caveats::from_bytes(&[9; Caveats::BYTES]), None);
    }
}
