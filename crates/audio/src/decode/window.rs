//! Bytes of a file at any place, read in large pieces when they are asked for one after the other.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    sync::Arc,
};

use crate::source::{Clock, Watched};

/// What is read at a place that nothing stands around: a header and what follows it.
const FIRST_READ: usize = 4 << 10;
/// What is read at once when the file is read from its beginning to its end.
const LARGEST_READ: usize = 64 << 10;

/// A part of a file, and the piece of it that is in memory.
pub(super) struct Window {
    file: Watched<File>,
    part: Range<u64>,
    piece: Vec<u8>,
    /// Where the piece begins in the file.
    start: u64,
    next_read: usize,
}

impl Window {
    /// The bytes `part` of a file; `clock` watches over every read.
    pub(super) fn new(file: File, part: Range<u64>, clock: &Arc<Clock>) -> Self {
        Self {
            file: Watched::new(file, Some(part.end), Arc::clone(clock)),
            start: part.start,
            part,
            piece: Vec::new(),
            next_read: FIRST_READ,
        }
    }

    pub(super) fn part(&self) -> Range<u64> {
        self.part.clone()
    }

    /// Leaves out what stands behind `end`.
    pub(super) fn end_at(&mut self, end: u64) {
        self.part.end = end.clamp(self.part.start, self.part.end);
        let kept = usize::try_from(self.part.end.saturating_sub(self.start)).unwrap_or(usize::MAX);
        self.piece.truncate(kept);
    }

    /// The bytes from `place` on: `wanted` of them or, in front of the end, fewer. (More where they are in memory.)
    pub(super) fn at(&mut self, place: u64, wanted: usize) -> io::Result<&[u8]> {
        let there = self.part.end.saturating_sub(place);
        let wanted = wanted.min(usize::try_from(there).unwrap_or(usize::MAX));
        let known = self.start..=self.start + self.piece.len() as u64;
        if !known.contains(&place) {
            self.piece.clear();
            self.start = place;
            self.next_read = FIRST_READ;
        }
        let offset = (place - self.start) as usize;
        if self.piece.len() - offset < wanted {
            self.piece.drain(..offset);
            self.start = place;
            self.fill(wanted)?;
            return Ok(&self.piece);
        }
        Ok(self.piece.get(offset..).unwrap_or_default())
    }

    /// Where the zeros begin that it ends with.
    pub(super) fn filled_end(&mut self) -> io::Result<u64> {
        let mut end = self.part.end;
        while end > self.part.start {
            let start = end.saturating_sub(LARGEST_READ as u64).max(self.part.start);
            let wanted = (end - start) as usize;
            let piece = self.at(start, wanted)?;
            let piece = piece.get(..wanted).unwrap_or(piece);
            if let Some(last) = piece.iter().rposition(|byte| *byte != 0) {
                return Ok(start + last as u64 + 1);
            }
            end = start;
        }
        Ok(end)
    }

    /// Reads on until the piece has at least `wanted` bytes.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        let have = self.piece.len();
        let place = self.start + have as u64;
        let there = usize::try_from(self.part.end.saturating_sub(place)).unwrap_or(usize::MAX);
        let read = self.next_read.max(wanted.saturating_sub(have)).min(there);
        self.next_read = (2 * self.next_read).min(LARGEST_READ);
        self.file.seek(SeekFrom::Start(place))?;
        self.piece.resize(have + read, 0);
        let fresh = self.piece.get_mut(have..).unwrap_or_default();
        match self.file.read_exact(fresh) {
            // The file was shortened meanwhile.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.piece.truncate(have);
                self.part.end = place;
                Ok(())
            }
            read => read,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::source::STALL_LIMIT;
    use mynascope_base::jobs::Cancel;

    #[test]
    fn any_place_is_what_the_file_holds_there() {
        let bytes: Vec<u8> = (0..300_000_u32)
            .map(|n| (n.wrapping_mul(n) >> 7) as u8)
            .collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let clock = Clock::new(&Cancel::default(), STALL_LIMIT);
        let mut window = Window::new(file, 100..290_000, &clock);
        for (place, wanted) in [
            (100, 10),
            (105, 9000),
            (100, 4),
            (8000, 60_000),
            (289_990, 500),
            (200_000, 1),
            (199_999, 1),
        ] {
            let found = window.at(place as u64, wanted).unwrap();
            let there = wanted.min(290_000 - place);
            assert_eq!(found[..there], bytes[place..place + there], "{place}");
            assert!(place + found.len() <= 290_000);
        }
        assert!(window.at(290_000, 5).unwrap().is_empty());
        assert!(window.at(999_999, 5).unwrap().is_empty());
        window.end_at(200_005);
        assert_eq!(window.at(200_000, 9).unwrap(), &bytes[200_000..200_005]);
    }
}
