//! Lossless formats, whose headers count their frames.

use std::io;

use super::{Facts, little};
use crate::{decode::window::Window, incomplete::share};

/// Length in seconds of a WavPack or TTA file that begins with these bytes; `None` where it is not told or no such file.
pub(super) fn length_secs(head: &[u8]) -> Option<f64> {
    if head.starts_with(b"wvpk") {
        return wavpack(head);
    }
    if head.starts_with(b"TTA1") {
        return secs(little(head, 14..18)?, little(head, 10..14)?);
    }
    None
}

/// A count of nothing is one that was never filled in.
fn secs(frames: u64, rate: u64) -> Option<f64> {
    (rate > 0 && frames > 0).then(|| frames as f64 / rate as f64)
}

/// The header of a WavPack block (version 4): the count of frames has 40 bits, the rate is an index.
fn wavpack(head: &[u8]) -> Option<f64> {
    const RATES: [u64; 15] = [
        6_000, 8_000, 9_600, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
        64_000, 88_200, 96_000, 192_000,
    ];
    const DSD: u64 = 1 << 31;
    let (low, flags) = (little(head, 12..16)?, little(head, 24..28)?);
    let rate = *RATES.get((flags >> 23 & 15) as usize)?;
    // All ones: written into a pipe.
    if low == u64::from(u32::MAX) || flags & DSD != 0 {
        return None;
    }
    secs(little(head, 11..12)? << 32 | low, rate)
}

/// Monkey's Audio from version 3.98 on: a descriptor with the sizes of all parts, then the header.
pub(super) fn monkeys_audio(window: &mut Window) -> io::Result<Option<Facts>> {
    let part = window.part();
    let head = window.at(part.start, 128)?.to_vec();
    let facts = || -> Option<Facts> {
        if little(&head, 4..6)? < 3_980 {
            return None;
        }
        // Descriptor, header, table of places, the WAV header, the sound, what stood behind it.
        let sizes = [8..12, 12..16, 16..20, 20..24, 24..28, 32..36];
        let mut told = little(&head, 28..32)? << 32;
        for size in sizes {
            told = told.checked_add(little(&head, size)?)?;
        }
        let at = usize::try_from(little(&head, 8..12)?).ok()?;
        let field = |from: usize, bytes: usize| little(&head, at + from..at + from + bytes);
        let (blocks, last, frames) = (field(4, 4)?, field(8, 4)?, field(12, 4)?);
        let rate = field(20, 4)?;
        let total = (frames.saturating_sub(1))
            .checked_mul(blocks)?
            .checked_add(last)?;
        Some(Facts {
            duration_secs: secs(total, rate),
            seeks: false,
            ..Facts::of_bytes(part.end - part.start, told)
        })
    };
    Ok((head.len() >= 128).then(facts).flatten())
}

/// DSD in a DSF file: the size of the file and the count of samples (bits) of a channel.
pub(super) fn dsf(window: &mut Window) -> io::Result<Option<Facts>> {
    let part = window.part();
    let head = window.at(part.start, 80)?;
    let facts = || -> Option<Facts> {
        let told = little(head, 12..20)?;
        if head.get(28..32)? != b"fmt " {
            return None;
        }
        let (rate, samples) = (little(head, 56..60)?, little(head, 64..72)?);
        Some(Facts {
            duration_secs: secs(samples, rate),
            seeks: false,
            incomplete: share(part.end - part.start, told),
            ..Facts::default()
        })
    };
    Ok(facts())
}
