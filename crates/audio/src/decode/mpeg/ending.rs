//! Whether a stream that zeros follow is whole. No count tells, so the last frame must: its sound, and what fills it up behind that.

use std::io;

use super::{
    super::{
        unfilled::{LastFrames, unfilled},
        window::Window,
    },
    header::{HEADER_BYTES, Header, Side},
    tags,
    walker::Frame,
};
use crate::Incomplete;

/// Sound may end with so many zeros by chance.
const ZEROS_OF_SOUND: u64 = 1;
/// Bytes behind the sound of a frame that tell nothing.
const FEW: usize = 8;

/// The last frames of a stream.
#[derive(Default)]
pub(super) struct Ending {
    last: Option<Frame>,
    frames: LastFrames,
}

impl Ending {
    pub(super) fn add(&mut self, frame: &Frame) {
        self.last = Some(*frame);
        self.frames.add(frame.place..frame.end());
    }

    /// What is missing of a stream, read to its end, that ends in zeros.
    pub(super) fn missing(&mut self, window: &mut Window) -> io::Result<Option<Incomplete>> {
        /// The longest tag behind a stream that has no size.
        const SIGHT: usize = 6 << 10;
        self.add_unfilled(window)?;
        let Some(last) = self.last else {
            return Ok(None);
        };
        let bytes = window.at(last.place, last.bytes)?;
        let side = last.header.side(bytes.get(..last.bytes).unwrap_or(bytes));
        let sound_end = last.place + side.map_or(0, |side| side.sound_end as u64);
        let filled = window.filled_end()?;
        let mut end = last.end();
        while let Some(bytes) = tags::leading(window.at(end, SIGHT)?) {
            end = end.saturating_add(bytes);
            if filled <= end {
                return Ok(None);
            }
        }
        let is_filled_up = filled <= end && end - filled <= self.frames.usual_zeros(window)?;
        // Where the file ought to be filled up to at least.
        let mut told_end = sound_end;
        let is_whole = match side {
            // Where frames share their bytes, zeros behind the sound of one are in place of the next one's.
            _ if filled <= sound_end => {
                let is_sound_whole = filled + ZEROS_OF_SOUND >= sound_end;
                is_filled_up || is_sound_whole && !self.frames_share(window)?
            }
            Some(_) if filled <= end => match self.filling(window, sound_end, filled)? {
                Filling::Mark => true,
                Filling::Unknown => is_filled_up,
                Filling::Sound => {
                    told_end = last.end();
                    false
                }
            },
            _ => is_filled_up,
        };
        Ok(match is_whole {
            true => None,
            false => unfilled(window, told_end)?.map(|(_, incomplete)| incomplete),
        })
    }

    /// A frame behind the last one of which only the beginning is there.
    fn add_unfilled(&mut self, window: &mut Window) -> io::Result<()> {
        let Some(last) = self.last else {
            return Ok(());
        };
        let header = Header::parse(window.at(last.end(), HEADER_BYTES)?);
        if let Some(header) =
            header.filter(|next| next.bit_rate > 0 && next.continues(&last.header))
        {
            self.add(&Frame {
                place: last.end(),
                bytes: header.frame_bytes(0),
                header,
                ..last
            });
        }
        Ok(())
    }

    /// What stands behind the sound of the last frame of Layer III, which ends within the byte in front of `sound_end`.
    fn filling(&self, window: &mut Window, sound_end: u64, to: u64) -> io::Result<Filling> {
        let from = sound_end - 1;
        let bytes = window.at(from, (to - from) as usize)?;
        let bytes = bytes.get(..(to - from) as usize).unwrap_or(bytes).to_vec();
        if is_marked(&bytes) {
            return Ok(Filling::Mark);
        }
        let rest = bytes.get(1..).unwrap_or_default();
        let is_even = rest.windows(2).all(|two| two.first() == two.last());
        let is_sound = rest.len() > FEW && !is_even && self.frames_share(window)?;
        Ok(match is_sound {
            true => Filling::Sound,
            false => Filling::Unknown,
        })
    }

    /// Whether frames begin with their sound in those in front of them: then what stands behind the sound of one is the beginning of
    /// the next one's.
    fn frames_share(&self, window: &mut Window) -> io::Result<bool> {
        for range in self.frames.ranges() {
            let bytes = (range.end - range.start) as usize;
            let frame = window.at(range.start, bytes)?;
            let side = Header::parse(frame).and_then(|header| header.side(frame));
            if let Some(Side { back: 1.., .. }) = side {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What stands behind the sound of a frame.
enum Filling {
    /// The name of an encoder, and what it fills up with: of a frame that was written whole.
    Mark,
    Unknown,
    /// The sound of a frame that is not there.
    Sound,
}

/// Whether an encoder's name stands in the bytes, from any bit of the first one on, and nothing but even bits behind it. (LAME writes
/// its version and then zeros, or bits that take turns.)
fn is_marked(bytes: &[u8]) -> bool {
    const NAME: &[u8] = b"LAME";
    /// With its version.
    const LONGEST: usize = 16;
    let shifted = |shift: u32| -> Vec<u8> {
        let pairs = bytes.windows(2).map(|two| match two {
            &[first, second] => (u16::from_be_bytes([first, second]) >> (8 - shift)) as u8,
            _ => 0,
        });
        pairs.collect()
    };
    let last = bytes.last().copied();
    (0..8).any(|shift| {
        let mut text = shifted(shift);
        // Without a shift none is lost.
        text.extend(last.filter(|_| shift == 0));
        let begins = |at| text.get(at..).is_some_and(|rest| rest.starts_with(NAME));
        let Some(at) = (0..2).find(|&at| begins(at)) else {
            return false;
        };
        let rest = text.get(at + LONGEST..).unwrap_or_default();
        rest.windows(2).all(|two| two.first() == two.last())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_an_encoder_is_found_at_any_bit() {
        for fill in [0_u8, 0x55, 0xaa] {
            let text = [b"LAME3.100".to_vec(), vec![fill; 30]].concat();
            for shift in 0..8 {
                let mut carried = 0xb3_u8;
                let mut bits: Vec<u8> = text
                    .iter()
                    .map(|&byte| {
                        let both = u16::from_be_bytes([carried, byte]);
                        carried = byte;
                        (both >> shift) as u8
                    })
                    .collect();
                assert!(is_marked(&bits), "{fill} {shift}");
                bits[25] ^= 0x18;
                assert!(!is_marked(&bits), "{fill} {shift}");
            }
        }
        assert!(!is_marked(b"Lorem ipsum dolor sit amet"));
        assert!(!is_marked(b""));
    }
}
