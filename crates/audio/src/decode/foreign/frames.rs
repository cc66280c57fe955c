//! Streams of frames without a container: each frame's head tells its size and length, so that going from one to the next gives
//! the length of all and shows whether the last one is whole.

use std::io;

use super::{Facts, MAX_WALKED_BYTES, follows};
use crate::{
    Incomplete,
    decode::{
        mpeg::leading_tag,
        unfilled::{LastFrames, unfilled_behind_frames},
        window::Window,
    },
};

/// Bytes of a head, also of a tag.
const HEAD: usize = 32;

/// Bytes behind the last frame that may be anything.
const MAX_REST: usize = 1 << 10;

/// What a frame's head tells.
pub(super) struct Frame {
    pub bytes: u64,
    /// Frames of sound; none where it goes beside another.
    pub samples: u64,
    pub rate: u64,
}

/// Goes from frame to frame, whose heads `read` reads. A length is told only where nothing but frames is in the file and the rate
/// stays.
pub(super) fn walk(
    window: &mut Window,
    read: fn(&[u8]) -> Option<Frame>,
) -> io::Result<Option<Facts>> {
    let part = window.part();
    if part.end - part.start > MAX_WALKED_BYTES {
        return Ok(None);
    }
    let (mut place, mut frames, mut samples, mut rate) = (part.start, 0_u64, 0, 0);
    let (mut holes, mut first_secs) = (0, 0.0);
    let mut last = LastFrames::default();
    while place < part.end {
        let head = window.at(place, HEAD)?;
        let Some(frame) = read(head) else {
            // Joined files may have tags between them.
            if let Some(bytes) = leading_tag(head) {
                place = place.saturating_add(bytes);
                continue;
            }
            // Padding may follow, or damage, which the program tells.
            let rest = window.at(place, MAX_REST)?;
            let is_last = part.end - place <= MAX_REST as u64;
            let is_rest =
                is_last && !(0..rest.len()).any(|at| rest.get(at..).and_then(read).is_some());
            if frames == 0 {
                return Ok(None);
            }
            if !is_rest && window.filled_end()? > place {
                // ffmpeg passes over zeros without a word, and tells of other damage.
                let Some(next) = behind_zeros(window, place, read)? else {
                    return Ok(None);
                };
                if rate == 0 {
                    return Facts::unfilled(window, place).map(Some);
                }
                if holes == 0 {
                    first_secs = samples as f64 / rate as f64;
                }
                holes += 1;
                place = next;
                continue;
            }
            let told = told(samples, rate, (holes, first_secs));
            return Ok(Some(Facts {
                ends_anywhere: true,
                ..ending_with(window, &last, told)?
            }));
        };
        let end = place + frame.bytes;
        if end > part.end {
            return Ok(Some(Facts {
                duration_secs: None,
                ..Facts::cut()
            }));
        }
        if frame.rate != rate && rate != 0 {
            return Ok(None);
        }
        rate = frame.rate;
        frames += 1;
        samples += frame.samples;
        last.add(place..end);
        place = end;
    }
    Ok(Some(told(samples, rate, (holes, first_secs))))
}

/// Leaves out what stands behind the last frame of a stream, and says whether that was never filled. (Of some formats the program
/// decodes the last frame only where nothing or another one follows.)
pub(super) fn ending_with(
    window: &mut Window,
    last: &LastFrames,
    told: Facts,
) -> io::Result<Facts> {
    let end = last.last().map(|frame| frame.end);
    Ok(Facts {
        incomplete: match told.incomplete {
            None => unfilled_behind_frames(window, last)?,
            told => told,
        },
        told_end: end,
        end,
        ..told
    })
}

/// What the samples of all frames tell, between which there are so many holes, the first of them at a second. Of a file with holes
/// nobody knows how long it would be.
fn told(samples: u64, rate: u64, (holes, first_secs): (u64, f64)) -> Facts {
    let is_known = samples > 0 && rate > 0 && holes == 0;
    Facts {
        duration_secs: is_known.then(|| samples as f64 / rate as f64),
        incomplete: (holes > 0).then_some(Incomplete::Damaged {
            packets: holes,
            first_secs,
        }),
        ..Facts::default()
    }
}

/// Frames of GSM 06.10 without a container: the mark of one in the upper half of its first byte is all that tells them.
pub(in super::super) const GSM_FRAME_BYTES: usize = 33;

/// Whether bytes are frames of GSM 06.10 from their beginning on.
pub(in super::super) fn gsm_begins(head: &[u8]) -> bool {
    /// Others have so many such bytes in these places once in 10^19 times.
    const LEAST: usize = 16;
    let mut marks = head.iter().step_by(GSM_FRAME_BYTES);
    marks.len() >= LEAST && marks.all(|byte| byte >> 4 == 0xd)
}

/// All frames are as long as the first.
pub(super) fn gsm(window: &mut Window) -> io::Result<Option<Facts>> {
    const SAMPLES: u64 = 160;
    const RATE: u64 = 8_000;
    const FRAME: u64 = GSM_FRAME_BYTES as u64;
    let part = window.part();
    let there = part.end - part.start;
    // Zeros are no frame: each has its mark.
    let filled = (window.filled_end()? - part.start).div_ceil(FRAME);
    let frames = filled.min(there / FRAME);
    let is_whole = filled < there.div_ceil(FRAME) || there.is_multiple_of(FRAME);
    let told = Facts {
        format: Some("gsm"),
        duration_secs: Some((frames * SAMPLES) as f64 / RATE as f64),
        ..match is_whole {
            true => Facts::default(),
            false => Facts::cut(),
        }
    };
    if filled == there.div_ceil(FRAME) {
        return Ok(Some(told));
    }
    let mut last = LastFrames::default();
    for number in frames.saturating_sub(LastFrames::MOST)..frames {
        let start = part.start + number * FRAME;
        last.add(start..start + FRAME);
    }
    ending_with(window, &last, told).map(Some)
}

/// Where two frames follow each other behind the zeros that begin at a place; `None` where few or none do.
fn behind_zeros(
    window: &mut Window,
    place: u64,
    read: fn(&[u8]) -> Option<Frame>,
) -> io::Result<Option<u64>> {
    const LEAST: usize = 8;
    /// Bytes of a frame that lost its head.
    const MAX_SEARCHED: u64 = 1 << 16;
    let end = window.part().end;
    let mut filled = place;
    let mut zeros = 0;
    loop {
        let piece = window.at(filled, HEAD)?;
        let found = piece.iter().position(|byte| *byte != 0);
        let passed = found.unwrap_or(piece.len());
        zeros += passed;
        filled += passed as u64;
        if found.is_some() || passed == 0 {
            break;
        }
    }
    if zeros < LEAST {
        return Ok(None);
    }
    for at in filled..end.min(filled + MAX_SEARCHED) {
        let Some(frame) = read(window.at(at, HEAD)?) else {
            continue;
        };
        if read(window.at(at + frame.bytes, HEAD)?).is_some() {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Whether bytes begin with a frame of AC-3 or E-AC-3, and go on with another one.
pub(in super::super) fn dolby_follows(head: &[u8]) -> bool {
    let next = dolby(head).and_then(|frame| head.get(usize::try_from(frame.bytes).ok()?..));
    next.is_some_and(|next| dolby(next).is_some())
}

/// AC-3 (ATSC A/52, 5.3) and E-AC-3 (annex E).
pub(super) fn dolby(head: &[u8]) -> Option<Frame> {
    const RATES: [u64; 3] = [48_000, 44_100, 32_000];
    let &[0x0b, 0x77, c, d, e, f, ..] = head else {
        return None;
    };
    let version = f >> 3;
    if version > 16 {
        return None;
    }
    if version > 10 {
        let bytes = (u64::from(c & 7) << 8 | u64::from(d)) * 2 + 2;
        let (rate, blocks) = match usize::from(e >> 6) {
            3 => (*RATES.get(usize::from(e >> 4 & 3))? / 2, 6),
            index => (
                *RATES.get(index)?,
                *[1, 2, 3, 6].get(usize::from(e >> 4 & 3))?,
            ),
        };
        // Further channels and further programs sound beside the first.
        let beside = c >> 6 == 1 || c >> 3 & 7 != 0;
        let samples = if beside { 0 } else { 256 * blocks };
        return Some(Frame {
            bytes,
            samples,
            rate,
        });
    }
    const KILOBITS: [u64; 19] = [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
    ];
    let rate = *RATES.get(usize::from(e >> 6))?;
    let code = e & 0x3f;
    let bits = *KILOBITS.get(usize::from(code >> 1))? * 1_000;
    // In 44.1 kHz frames of two sizes take turns.
    let odd = u64::from(rate == 44_100 && code & 1 == 1);
    Some(Frame {
        bytes: 2 * (bits * 1_536 / rate / 16 + odd),
        samples: 1_536,
        rate: rate >> version.saturating_sub(8),
    })
}

/// SBC (Bluetooth A2DP 1.3, appendix B), and its kind for speech, whose frames are all of one shape.
pub(super) fn sbc(head: &[u8]) -> Option<Frame> {
    const RATES: [u64; 4] = [16_000, 32_000, 44_100, 48_000];
    let &[mark, shape, pool, ..] = head else {
        return None;
    };
    if mark == 0xad {
        return (shape == 0 && pool == 0).then_some(Frame {
            bytes: 57,
            samples: 120,
            rate: 16_000,
        });
    }
    let blocks = 4 * (u64::from(shape >> 4 & 3) + 1);
    let bands = 4 * (u64::from(shape & 1) + 1);
    let pool = u64::from(pool);
    // Mono, two of it, stereo, and stereo that shares bands.
    let (channels, bits) = match shape >> 2 & 3 {
        0 => (1, blocks * pool),
        1 => (2, 2 * blocks * pool),
        2 => (2, blocks * pool),
        _ => (2, bands + blocks * pool),
    };
    (mark == 0x9c && (2..=250).contains(&pool)).then_some(Frame {
        bytes: 4 + bands * channels / 2 + bits.div_ceil(8),
        samples: blocks * bands,
        rate: *RATES.get(usize::from(shape >> 6))?,
    })
}

/// Whether bytes are frames of SBC from their beginning on.
pub(in super::super) fn sbc_begins(head: &[u8]) -> bool {
    /// Other bytes go on so once in 10^19 times.
    const LEAST: usize = 8;
    let mut rest = head;
    for _ in 0..LEAST {
        let behind = sbc(rest).and_then(|frame| rest.get(usize::try_from(frame.bytes).ok()?..));
        let Some(behind) = behind else {
            return false;
        };
        rest = behind;
    }
    true
}

/// DTS (ETSI TS 102 114, 5.3), and the extensions that stand behind its frames (7.4).
pub(super) fn dts(head: &[u8]) -> Option<Frame> {
    const RATES: [u64; 16] = [
        0, 8_000, 16_000, 32_000, 0, 0, 11_025, 22_050, 44_100, 0, 0, 12_000, 24_000, 48_000, 0, 0,
    ];
    let &[0x7f, 0xfe, 0x80, 0x01, e, f, g, h, i, ..] = head else {
        return None;
    };
    let blocks = u64::from(e & 1) << 6 | u64::from(f >> 2);
    let bytes = u64::from(f & 3) << 12 | u64::from(g) << 4 | u64::from(h >> 4);
    let rate = *RATES.get(usize::from(i >> 2 & 15))?;
    (rate > 0 && bytes >= 95).then_some(Frame {
        bytes: bytes + 1,
        samples: 32 * (blocks + 1),
        rate,
    })
}

/// AAC in LATM with the marks of a stream (ISO/IEC 14496-3, 1.7.2). How long a frame sounds is told within it.
pub(super) fn latm(head: &[u8]) -> Option<Frame> {
    let &[0x56, second @ 0xe0..=0xff, third, ..] = head else {
        return None;
    };
    Some(Frame {
        bytes: 3 + (u64::from(second & 0x1f) << 8 | u64::from(third)),
        samples: 0,
        rate: 0,
    })
}

/// Dolby TrueHD: each access unit begins with its length, in words.
pub(super) fn true_hd(head: &[u8]) -> Option<Frame> {
    let &[high, low, ..] = head else {
        return None;
    };
    let bytes = 2 * (u64::from(high & 15) << 8 | u64::from(low));
    (bytes >= 8).then_some(Frame {
        bytes,
        samples: 0,
        rate: 0,
    })
}

/// AMR (RFC 4867, 5): one byte tells the kind of a frame of 20 ms.
pub(super) fn amr(window: &mut Window, mark: u64, is_wide: bool) -> io::Result<Option<Facts>> {
    let part = window.part();
    let mut start = window.part().start + mark;
    if part.end - part.start > MAX_WALKED_BYTES {
        return Ok(None);
    }
    let sizes: [u64; 16] = if is_wide {
        [18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1]
    } else {
        [13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1]
    };
    // Kinds from here on are pauses, which not every decoder gives time.
    let speech = if is_wide { 9 } else { 8 };
    let (mut frames, mut has_pauses) = (0_u64, false);
    let mut joint = None;
    let (mut last, mut filled) = (LastFrames::default(), None);
    while start < part.end {
        let head = window.at(start, HEAD)?;
        let Some(&first) = head.first() else {
            break;
        };
        if head.starts_with(b"#!AMR") || leading_tag(head).is_some() {
            joint = Some(start);
            break;
        }
        if first == 0 {
            let filled = match filled {
                Some(filled) => filled,
                None => *filled.insert(window.filled_end()?),
            };
            // Zeros would be frames of the lowest rate that are all marked as bad.
            if filled <= start {
                break;
            }
        }
        let kind = usize::from(first >> 3 & 15);
        let end = start + sizes.get(kind).copied().unwrap_or(1);
        has_pauses |= kind >= speech;
        if end <= part.end {
            frames += 1;
            last.add(start..end);
        }
        start = end;
    }
    if start > part.end {
        return Ok(Some(Facts::cut()));
    }
    let told = if has_pauses {
        Facts::default()
    } else {
        told(frames, 50, (0, 0.0))
    };
    if start < part.end && joint.is_none() {
        return ending_with(window, &last, told).map(Some);
    }
    let follows = joint.map(|place| follows(window, place, b"#!AMR"));
    let follows = follows.transpose()?.unwrap_or_default();
    Ok(Some(Facts {
        incomplete: follows.then_some(Incomplete::MoreFollows),
        end: joint,
        ..told
    }))
}
