//! Zeros at the end of compressed sound: padding behind a whole file, or what a download never filled. The last frame tells which.

use std::{collections::VecDeque, io, ops::Range};

use super::window::Window;
use crate::{Incomplete, incomplete::share};

/// Sectors of discs have up to so many bytes.
pub(super) const MAX_PADDING: u64 = 32 << 10;
/// Fewer zeros may be the end of a frame.
pub(super) const LEAST: u64 = 16;
/// A frame ends with so many zeros by chance.
const BY_CHANCE: u64 = 1;

/// Where compressed sound ends whose file was never filled up to its end, as in a download that broke off: in more zeros than are
/// padding, or in zeros that begin before `sound_end`, where its last frame ought to end. And what is missing.
pub(super) fn unfilled(
    window: &mut Window,
    sound_end: u64,
) -> io::Result<Option<(u64, Incomplete)>> {
    let (part, end) = (window.part(), window.filled_end()?);
    let (there, told) = (end - part.start, part.end - part.start);
    let is_within_frame = end + LEAST <= sound_end && sound_end <= part.end;
    let incomplete = match is_within_frame {
        true => Some(Incomplete::EndsEarly {
            share: Some(there as f64 / told as f64),
        }),
        false => share(there, told).filter(|_| told - there > MAX_PADDING),
    };
    Ok(incomplete.map(|incomplete| (end, incomplete)))
}

/// Like [`unfilled`], where the last frames are known. Zeros that begin just where the last one ends stand behind a whole sound, however
/// many they are: what breaks off does so anywhere. A frame may itself end with zeros, as encoders of a constant bit rate fill it up: as
/// many as those in front of it.
pub(super) fn unfilled_behind_frames(
    window: &mut Window,
    frames: &LastFrames,
) -> io::Result<Option<Incomplete>> {
    let Some(last) = frames.last() else {
        return Ok(None);
    };
    let filled = window.filled_end()?;
    let is_whole = filled <= last.end && last.end - filled <= frames.usual_zeros(window)?;
    if is_whole {
        return Ok(None);
    }
    Ok(unfilled(window, last.end)?.map(|(_, incomplete)| incomplete))
}

/// Where the last frames of a stream lie.
#[derive(Debug, Clone, Default)]
pub(super) struct LastFrames {
    ranges: VecDeque<Range<u64>>,
}

impl LastFrames {
    /// About a second.
    pub(super) const MOST: u64 = 32;

    pub(super) fn add(&mut self, range: Range<u64>) {
        if self.ranges.len() as u64 >= Self::MOST {
            self.ranges.pop_front();
        }
        self.ranges.push_back(range);
    }

    pub(super) fn ranges(&self) -> impl Iterator<Item = &Range<u64>> {
        self.ranges.iter()
    }

    pub(super) fn last(&self) -> Option<Range<u64>> {
        self.ranges.back().cloned()
    }

    /// The most zeros that one of them ends with, but for the last one.
    pub(super) fn usual_zeros(&self, window: &mut Window) -> io::Result<u64> {
        let mut most = BY_CHANCE;
        let before = self.ranges.len().saturating_sub(1);
        for range in self.ranges.iter().take(before) {
            let bytes = (range.end - range.start) as usize;
            let frame = window.at(range.start, bytes)?;
            let frame = frame.get(..bytes).unwrap_or(frame);
            let zeros = frame.iter().rev().take_while(|byte| **byte == 0).count();
            most = most.max(zeros as u64);
        }
        Ok(most)
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, sync::Arc};

    use super::*;
    use crate::source::{Clock, STALL_LIMIT};
    use mynascope_base::jobs::Cancel;

    fn window(bytes: &[u8]) -> Window {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let clock = Arc::clone(&Clock::new(&Cancel::default(), STALL_LIMIT));
        Window::new(file, 0..bytes.len() as u64, &clock)
    }

    #[test]
    fn an_end_of_zeros_that_is_no_padding_was_never_filled() {
        let mut bytes = vec![1; 100_000];
        bytes.resize(200_000, 0);
        let unfilled = |bytes: &[u8], sound_end| unfilled(&mut window(bytes), sound_end).unwrap();
        let half = Some((100_000, Incomplete::EndsEarly { share: Some(0.5) }));
        assert_eq!(unfilled(&bytes, 100_000), half);
        assert_eq!(unfilled(&bytes[..120_000], 100_000), None);
        // A frame may end with a few zeros, and not lack its half.
        assert_eq!(unfilled(&bytes[..120_000], 100_010), None);
        let most = Some((100_000, Incomplete::EndsEarly { share: Some(0.8) }));
        assert_eq!(unfilled(&bytes[..125_000], 100_400), most);
        bytes[199_999] = 1;
        assert_eq!(unfilled(&bytes, 100_000), None);
    }

    #[test]
    fn zeros_behind_a_whole_last_frame_are_nothing_missing() {
        // Frames of 100 bytes.
        let found = |zeros_in_a_frame: usize, end: usize| {
            let frame = [vec![1; 100 - zeros_in_a_frame], vec![0; zeros_in_a_frame]].concat();
            let mut bytes = frame.repeat(1000);
            bytes.truncate(end);
            bytes.resize(200_000, 0);
            let mut frames = LastFrames::default();
            let count = end.div_ceil(100) as u64;
            for start in (0..count).map(|frame| 100 * frame) {
                frames.add(start..start + 100);
            }
            unfilled_behind_frames(&mut window(&bytes), &frames).unwrap()
        };
        for (zeros_in_a_frame, end, is_whole) in [
            (0, 100_000, true),
            (40, 100_000, true),
            // By chance.
            (0, 99_999, true),
            (0, 99_990, false),
            (0, 99_901, false),
            (40, 99_950, false),
        ] {
            let found = found(zeros_in_a_frame, end);
            assert_eq!(found.is_none(), is_whole, "{zeros_in_a_frame} {end}");
        }
    }
}
