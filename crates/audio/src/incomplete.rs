//! What of a file did not become sound.

use std::fmt;

/// Why a file is decoded in part. A whole file never has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Incomplete {
    /// It ends before its header says: a broken download or copy.
    EndsEarly {
        /// Share of its bytes that is there, 0 to 1, where that is known.
        share: Option<f64>,
    },
    /// Parts of it could not be decoded and were passed over.
    Damaged {
        /// How many packets.
        packets: u64,
        /// Where the first of them stood, in seconds.
        first_secs: f64,
    },
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndsEarly { share: Some(share) } => write!(
                f,
                "Ends early: it has {:.0} % of the bytes that its header tells. It plays as far as it goes; copy or download the file again",
                // Rounded down: what lacks little has no 100 %.
                (100.0 * share).floor()
            ),
            Self::EndsEarly { share: None } => f.write_str(
                "Ends early: its end is missing. It plays as far as it goes; copy or download the file again",
            ),
            Self::Damaged {
                packets,
                first_secs,
            } => write!(
                f,
                "Damaged: {packets} {} of it could not be decoded and {} left out, the first at {first_secs:.1} s; copy or download the file again",
                if *packets == 1 { "packet" } else { "packets" },
                if *packets == 1 { "was" } else { "were" },
            ),
        }
    }
}
