//! Which of the frames that a decoder makes are to be heard, and in which order: an encoder's delay and padding, and edit
//! lists, leave some out.

/// Spans of decoded frames that play one behind the other. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timeline {
    /// First frame and the one behind the last (`u64::MAX` where that is not known).
    spans: Vec<(u64, u64)>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Timeline {
    /// Spans in the order in which they play; without any, all plays.
    pub(super) fn new(mut spans: Vec<(u64, u64)>) -> Self {
        // What a header claims may be upside down.
        for (start, end) in &mut spans {
            *end = (*end).max(*start);
        }
        if spans.is_empty() {
            spans.push((0, u64::MAX));
        }
        Self { spans }
    }

    /// Without the first `frames` decoded frames.
    pub(super) fn after(mut self, frames: u64) -> Self {
        for (start, end) in &mut self.spans {
            *start = (*start).max(frames).min(*end);
        }
        self
    }

    pub(super) fn span(&self, index: usize) -> Option<(u64, u64)> {
        self.spans.get(index).copied()
    }

    /// Frames that are heard, where the end is known.
    pub(super) fn frames(&self) -> Option<u64> {
        self.spans.iter().try_fold(0_u64, |sum, &(start, end)| {
            (end != u64::MAX).then(|| sum.saturating_add(end - start))
        })
    }

    /// The span in which the heard frame `frame` lies, and its number among the decoded ones.
    pub(super) fn find(&self, frame: u64) -> Option<(usize, u64)> {
        let mut left = frame;
        for (index, &(start, end)) in self.spans.iter().enumerate() {
            if left < end - start {
                return Some((index, start + left));
            }
            left -= end - start;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_are_upside_down_are_empty() {
        let timeline = Timeline::new(vec![(2112, 100), (5, u64::MAX)]).after(7);
        assert_eq!(timeline.find(0), Some((1, 7)));
        assert_eq!(timeline.frames(), None);
        assert_eq!(Timeline::new(vec![(9, 3)]).frames(), Some(0));
    }

    #[test]
    fn heard_frames_are_found_in_the_spans() {
        let timeline = Timeline::new(vec![(1024, 2024), (5000, 5010)]);
        assert_eq!(timeline.frames(), Some(1010));
        assert_eq!(timeline.find(0), Some((0, 1024)));
        assert_eq!(timeline.find(999), Some((0, 2023)));
        assert_eq!(timeline.find(1000), Some((1, 5000)));
        assert_eq!(timeline.find(1010), None);
        let endless = Timeline::default();
        assert_eq!(endless.frames(), None);
        assert_eq!(endless.find(7), Some((0, 7)));
    }
}
