//! Lossless formats, whose headers count their frames.

use std::io;

use super::{Asks, Facts, MAX_WALKED_BYTES, follows};
use crate::{
    Incomplete,
    decode::{number::Endian::Little, window::Window},
};

/// Sound that may lack at the end before it is said, in seconds.
const SLACK_SECS: f64 = 0.2;

/// A count of nothing is one that was never filled in.
fn secs(frames: u64, rate: u64) -> Option<f64> {
    (rate > 0 && frames > 0).then(|| frames as f64 / rate as f64)
}

/// WavPack from version 4 on: blocks, each with its size and the frames that it holds. Files that were put together play one behind
/// the other.
pub(super) fn wavpack(window: &mut Window) -> io::Result<Option<Facts>> {
    let part = window.part();
    let Some(first) = Block::read(window.at(part.start, Block::HEAD)?) else {
        return Ok(None);
    };
    let told_secs = first.total.and_then(|total| secs(total, first.rate?));
    let told = Facts {
        duration_secs: told_secs,
        seeks: told_secs.is_some(),
        ..Facts::default()
    };
    if part.end - part.start > MAX_WALKED_BYTES {
        return Ok(Some(told));
    }
    // All frames that the beginnings of files tell, and those that are there.
    let (mut place, mut total, mut frames) = (part.start, Some(0_u64), 0_u64);
    let (mut rate, mut files) = (first.rate, 0);
    while place < part.end {
        let Some(block) = Block::read(window.at(place, Block::HEAD)?) else {
            // The program ends at a tag. What else stands here it tells.
            let is_joint = files == 1 && follows(window, place, b"wvpk")?;
            // In place of a block, behind which the program finds no other.
            let lacks = told_secs.zip(rate).and_then(|(told_secs, rate)| {
                let first_secs = frames as f64 / rate as f64;
                (first_secs + SLACK_SECS < told_secs).then_some(Incomplete::Damaged {
                    packets: 1,
                    first_secs,
                })
            });
            let lacks = lacks.filter(|_| files == 1);
            return Ok(Some(Facts {
                incomplete: match is_joint {
                    true => Some(Incomplete::MoreFollows),
                    false if window.filled_end()? > place => lacks,
                    false => None,
                },
                end: is_joint.then_some(place),
                told_end: total.filter(|&total| frames >= total).map(|_| place),
                asks: Asks::Checksums,
                ..told
            }));
        };
        if block.is_start {
            files += 1;
            let sum = total.zip(block.total);
            total = sum.and_then(|(total, more)| total.checked_add(more));
        }
        rate = rate.filter(|_| block.rate == first.rate || block.frames == 0);
        frames = frames.saturating_add(block.frames);
        place = place.saturating_add(block.bytes);
    }
    let slack = rate.map_or(0, |rate| (SLACK_SECS * rate as f64) as u64);
    let is_cut = place > part.end || total.is_some_and(|total| frames + slack < total);
    // A count that is too small is wrong.
    let length = match total {
        Some(total) if is_cut => total,
        _ => frames,
    };
    let is_known = !is_cut || total.is_some();
    Ok(Some(Facts {
        duration_secs: rate
            .filter(|_| is_known)
            .and_then(|rate| secs(length, rate)),
        // The program finds a place by the numbers of blocks, which begin anew.
        seeks: files == 1,
        asks: match files {
            1 => Asks::Checksums,
            _ => Asks::Nothing,
        },
        ..if is_cut {
            Facts::cut()
        } else {
            Facts::default()
        }
    }))
}

/// What the head of a WavPack block tells.
struct Block {
    /// With its head.
    bytes: u64,
    frames: u64,
    /// Frames of the whole file, where they are told.
    total: Option<u64>,
    /// Whether a file begins with it.
    is_start: bool,
    /// In Hz, where it is a common one of PCM.
    rate: Option<u64>,
}

impl Block {
    const HEAD: usize = 32;

    fn read(head: &[u8]) -> Option<Self> {
        const RATES: [u64; 15] = [
            6_000, 8_000, 9_600, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
            64_000, 88_200, 96_000, 192_000,
        ];
        /// Further channels stand in blocks beside the first one.
        const IS_FIRST: u64 = 1 << 11;
        const DSD: u64 = 1 << 31;
        const IS_MONO: u64 = 1 << 2;
        /// Bytes of sound that a WAV file tells which was written into a pipe, or more.
        const ENDLESS: u64 = 0x7eff_ff00;
        if !head.starts_with(b"wvpk") {
            return None;
        }
        let (total, index) = (Little.within(head, 12..16)?, Little.within(head, 16..20)?);
        let (high, flags) = (head.get(10..12)?, Little.within(head, 24..28)?);
        let &[index_high, total_high] = high else {
            return None;
        };
        let frames = Little.within(head, 20..24)?;
        // All ones: written into a pipe. Read from one, it has the count that a WAV file in a pipe tells.
        let channels = if flags & IS_MONO == 0 { 2 } else { 1 };
        let is_endless = (total + 1) * channels * ((flags & 3) + 1) >= ENDLESS;
        let rate = RATES.get((flags >> 23 & 15) as usize).copied();
        let is_first = flags & IS_FIRST != 0;
        Some(Self {
            bytes: 8 + Little.within(head, 4..8)?.max(24),
            frames: if is_first { frames } else { 0 },
            total: (total != u64::from(u32::MAX) && !is_endless)
                .then_some(u64::from(total_high) << 32 | total),
            is_start: is_first && frames > 0 && index == 0 && index_high == 0,
            rate: rate.filter(|_| flags & DSD == 0),
        })
    }
}

/// True Audio: a header, the sizes of all frames, then these.
pub(super) fn true_audio(window: &mut Window) -> io::Result<Option<Facts>> {
    const HEAD: u64 = 22;
    const MAX_TABLE: u64 = 16 << 20;
    let start = window.part().start;
    let head = window.at(start, HEAD as usize)?;
    let (rate, samples) = (Little.within(head, 10..14), Little.within(head, 14..18));
    let (Some(rate), Some(samples)) = (rate, samples) else {
        return Ok(None);
    };
    let facts = Facts::exact(secs(samples, rate));
    let frames = samples.div_ceil((256 * rate / 245).max(1));
    if 4 * frames > MAX_TABLE {
        return Ok(Some(facts));
    }
    let table = window.at(start + HEAD, 4 * frames as usize)?;
    let sizes = table.as_chunks::<4>().0.iter().take(frames as usize);
    let sum: u64 = sizes.map(|size| Little.of(size)).sum();
    // The checksum of the table stands behind it.
    let told = HEAD + 4 * frames + 4 + sum;
    Ok(Some(Facts {
        duration_secs: facts.duration_secs,
        seeks: facts.seeks,
        asks: Asks::Checksums,
        ..Facts::up_to(window, start + told, b"TTA1")?
    }))
}

/// Monkey's Audio from version 3.98 on: a descriptor with the sizes of all parts, then the header.
pub(super) fn monkeys_audio(window: &mut Window) -> io::Result<Option<Facts>> {
    let start = window.part().start;
    let head = window.at(start, 128)?.to_vec();
    let read = || -> Option<(u64, Option<f64>)> {
        if Little.within(&head, 4..6)? < 3_980 {
            return None;
        }
        // Descriptor, header, table of places, the WAV header, the sound, what stood behind it.
        let sizes = [8..12, 12..16, 16..20, 20..24, 24..28, 32..36];
        let mut told = Little.within(&head, 28..32)? << 32;
        for size in sizes {
            told = told.checked_add(Little.within(&head, size)?)?;
        }
        let at = usize::try_from(Little.within(&head, 8..12)?).ok()?;
        let field = |from: usize| Little.within(&head, at + from..at + from + 4);
        let (blocks, last, frames, rate) = (field(4)?, field(8)?, field(12)?, field(20)?);
        let total = (frames.saturating_sub(1))
            .checked_mul(blocks)?
            .checked_add(last)?;
        Some((start.checked_add(told)?, secs(total, rate)))
    };
    let told = (head.len() >= 128).then(read).flatten();
    told.map(|(end, duration_secs)| {
        Ok(Facts {
            duration_secs,
            ..Facts::up_to(window, end, b"MAC ")?
        })
    })
    .transpose()
}

/// DSD in a DSF file: the size of the file and the count of samples (bits) of a channel.
pub(super) fn dsf(window: &mut Window) -> io::Result<Option<Facts>> {
    let start = window.part().start;
    let head = window.at(start, 80)?;
    let read = || -> Option<(u64, Option<f64>)> {
        let told = Little.within(head, 12..20)?;
        if head.get(28..32)? != b"fmt " {
            return None;
        }
        let (rate, samples) = (Little.within(head, 56..60)?, Little.within(head, 64..72)?);
        Some((start.checked_add(told)?, secs(samples, rate)))
    };
    read()
        .map(|(end, duration_secs)| {
            Ok(Facts {
                duration_secs,
                ..Facts::up_to(window, end, b"DSD ")?
            })
        })
        .transpose()
}
