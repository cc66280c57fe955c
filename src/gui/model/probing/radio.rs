//! Error radio: tracks of a list, played one after the other.

/// How long each track is played at most, in seconds: long enough to judge a genre, short enough to hear many.
pub const RADIO_SECS: f64 = 12.0;

/// Playing this close to its end counts as played, in seconds.
const CLOSE_SECS: f64 = 0.3;

/// A list that is being played.
#[derive(Debug, Clone, PartialEq)]
pub struct Radio {
    /// Places of the answers, in the order in which they are played.
    queue: Vec<usize>,
    at: usize,
    /// Sound was heard since the track began.
    heard: bool,
}

impl Radio {
    /// Plays a list from one of its places on; `None` for an empty list.
    pub fn new(queue: Vec<usize>, at: usize) -> Option<Self> {
        (at < queue.len()).then_some(Self {
            queue,
            at,
            heard: false,
        })
    }

    /// The place of the answer that is on.
    pub fn answer(&self) -> Option<usize> {
        self.queue.get(self.at).copied()
    }

    /// Which one of how many is on, from 1.
    pub fn position(&self) -> (usize, usize) {
        (self.at + 1, self.queue.len())
    }

    /// Whether there is one so many further on.
    pub fn has(&self, step: isize) -> bool {
        let at = self.at.checked_add_signed(step);
        at.is_some_and(|at| at < self.queue.len())
    }

    /// Goes so many further on; at the ends it stays. Returns whether it moved.
    pub fn step(&mut self, step: isize) -> bool {
        let moves = self.has(step);
        if moves {
            self.at = self.at.saturating_add_signed(step);
            self.heard = false;
        }
        moves
    }

    /// Takes note of what the player does. Returns whether the track was played to its end, which is `end_secs` into
    /// it. A pause before that is the user's: it waits.
    pub fn listen(&mut self, playing: bool, position_secs: f64, end_secs: f64) -> bool {
        if playing {
            self.heard = true;
            return false;
        }
        self.heard && position_secs >= end_secs - CLOSE_SECS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_comes_when_one_was_played_to_its_end_and_a_pause_waits() {
        let mut radio = Radio::new(vec![7, 3, 5], 0).unwrap();
        assert_eq!(radio.answer(), Some(7));
        assert!(
            !radio.listen(false, 11.9, 12.0),
            "not begun yet: the file is loaded"
        );
        assert!(!radio.listen(true, 0.0, 12.0));
        assert!(!radio.listen(false, 4.0, 12.0), "the user paused");
        assert!(!radio.listen(true, 11.0, 12.0));
        assert!(radio.listen(false, 12.0, 12.0));
        assert!(radio.step(1));
        assert_eq!((radio.answer(), radio.position()), (Some(3), (2, 3)));
        assert!(
            !radio.listen(false, 12.0, 12.0),
            "the next is not heard yet"
        );
        assert!(radio.step(1) && !radio.step(1), "the list has an end");
        assert!(radio.step(-1) && radio.answer() == Some(3));
        assert_eq!(Radio::new(Vec::new(), 0), None);
    }
}
