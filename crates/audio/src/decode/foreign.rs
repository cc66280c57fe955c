//! Lengths that the headers of lossless formats tell exactly, though only the program ffmpeg decodes them.

/// Length in seconds of a WavPack or TTA file that begins with these bytes; `None` where it is not told or no such file.
pub(super) fn length_secs(head: &[u8]) -> Option<f64> {
    if head.starts_with(b"wvpk") {
        return wavpack(head);
    }
    if head.starts_with(b"TTA1") {
        let (rate, frames) = (number(head, 10)?, number(head, 14)?);
        return (rate > 0).then(|| f64::from(frames) / f64::from(rate));
    }
    None
}

/// The header of a WavPack block (version 4): the count of frames has 40 bits, the rate is an index.
fn wavpack(head: &[u8]) -> Option<f64> {
    const RATES: [u32; 15] = [
        6_000, 8_000, 9_600, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
        64_000, 88_200, 96_000, 192_000,
    ];
    const DSD: u32 = 1 << 31;
    let (low, flags) = (number(head, 12)?, number(head, 24)?);
    let rate = *RATES.get((flags >> 23 & 15) as usize)?;
    // All ones: written into a pipe.
    if low == u32::MAX || flags & DSD != 0 {
        return None;
    }
    let frames = u64::from(*head.get(11)?) << 32 | u64::from(low);
    Some(frames as f64 / f64::from(rate))
}

fn number(head: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_tell_lengths() {
        let mut head = b"wvpk\0\0\0\0\x10\x04\0\0".to_vec();
        for value in [88_200_u32, 0, 22_050, 9 << 23] {
            head.extend(value.to_le_bytes());
        }
        assert_eq!(length_secs(&head), Some(2.0));
        head[12..16].fill(0xff);
        assert_eq!(length_secs(&head), None);
        let mut head = b"TTA1\x01\0\x02\0\x10\0".to_vec();
        head.extend(44_100_u32.to_le_bytes());
        head.extend(22_050_u32.to_le_bytes());
        assert_eq!(length_secs(&head), Some(0.5));
        assert_eq!(length_secs(&head[..12]), None);
        assert_eq!(length_secs(b"OggS"), None);
    }
}
