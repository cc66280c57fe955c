//! Streams of frames without a container: each frame's head tells its size and length, so that going from one to the next gives
//! the length of all and shows whether the last one is whole.

use std::io;

use super::{Facts, MAX_WALKED_BYTES};
use crate::decode::window::Window;

/// Bytes of a head.
const HEAD: usize = 16;

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
    let (mut place, mut samples, mut rate) = (part.start, 0, 0);
    while place < part.end {
        let Some(frame) = read(window.at(place, HEAD)?) else {
            // Tags, texts and padding may follow, or damage, which the program tells.
            let head = window.at(place, HEAD)?;
            let is_end = is_tag(head) || head.starts_with(&[0; 8]) || {
                let rest = window.at(place, MAX_REST)?;
                let is_last = part.end - place <= MAX_REST as u64;
                is_last && !(0..rest.len()).any(|at| rest.get(at..).and_then(read).is_some())
            };
            return Ok((is_end && samples > 0).then(|| Facts {
                ends_anywhere: true,
                ..told(samples, rate)
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
        samples += frame.samples;
        place = end;
    }
    Ok(Some(told(samples, rate)))
}

fn told(samples: u64, rate: u64) -> Facts {
    Facts {
        duration_secs: (samples > 0 && rate > 0).then(|| samples as f64 / rate as f64),
        ..Facts::default()
    }
}

/// Whether a tag begins here: ID3v1, APE or ID3v2.
fn is_tag(bytes: &[u8]) -> bool {
    let marks: [&[u8]; 3] = [b"TAG", b"APETAGEX", b"ID3"];
    marks.iter().any(|mark| bytes.starts_with(mark))
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
    while start < part.end {
        let head = window.at(start, 8)?;
        let Some(&first) = head.first() else {
            break;
        };
        if frames > 0 && is_tag(head) {
            break;
        }
        let kind = usize::from(first >> 3 & 15);
        start += sizes.get(kind).copied().unwrap_or(1);
        has_pauses |= kind >= speech;
        if start <= part.end {
            frames += 1;
        }
    }
    if start > part.end {
        return Ok(Some(Facts::cut()));
    }
    Ok((!has_pauses).then(|| told(frames, 50)))
}
