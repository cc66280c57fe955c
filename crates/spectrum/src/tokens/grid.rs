//! Patch shapes, and where the patches of a window lie.
//!
//! A [`TokenGrid`] is that of any encoder, in seconds and Hz; a [`PatchGrid`] is one of Myna's two, in mel bands and frames.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DropOrder, MEL_BANDS, MaskKind, Stream};
use crate::{HOP, hz_of_band};
use mynascope_audio::SAMPLE_RATE;
use mynascope_base::named;

/// The two shapes of Myna's patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatchShape {
    /// 16 bands x 16 frames.
    #[default]
    Square,
    /// All 128 bands x 2 frames.
    Vertical,
}

impl PatchShape {
    /// Mel bands of one patch.
    pub fn bands(self) -> usize {
        match self {
            Self::Square => 16,
            Self::Vertical => MEL_BANDS,
        }
    }

    /// Frames of one patch.
    pub fn frames(self) -> usize {
        match self {
            Self::Square => 16,
            Self::Vertical => 2,
        }
    }

    /// The grid over a window of `frames` frames; frames that do not fill a patch are left out.
    pub fn grid(self, frames: usize) -> PatchGrid {
        PatchGrid {
            shape: self,
            rows: MEL_BANDS / self.bands(),
            columns: frames / self.frames(),
        }
    }
}

named!(
    PatchShape,
    "patch shape",
    PatchShape::Square => "square",
    PatchShape::Vertical => "vertical",
);

/// How a window is cut into patches. Tokens are numbered row by row: frequency rows from the lowest band up, in
/// a row from left to right (SimpleViT's order).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatchGrid {
    /// The shape of its patches.
    pub shape: PatchShape,
    /// Patches along frequency.
    pub rows: usize,
    /// Patches along time.
    pub columns: usize,
}

impl PatchGrid {
    /// Tokens of one window.
    pub fn tokens(&self) -> usize {
        self.rows * self.columns
    }

    /// Row and column of a token.
    pub fn place(&self, token: usize) -> (usize, usize) {
        (token / self.columns.max(1), token % self.columns.max(1))
    }

    /// In which order a mask drops the tokens of one window.
    pub fn drop_order(&self, kind: MaskKind, random: &mut Stream) -> DropOrder {
        DropOrder::draw([self.rows, self.columns], kind, random)
    }

    /// The token that covers a mel band and a frame of the window, if one does.
    pub fn token_at(&self, band: usize, frame: usize) -> Option<usize> {
        let (row, column) = (band / self.shape.bands(), frame / self.shape.frames());
        (row < self.rows && column < self.columns).then_some(row * self.columns + column)
    }
}

/// Which encoder's grid it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GridKind {
    /// Myna's 16x16 patches.
    Square,
    /// Myna's 128x2 patches.
    Vertical,
    /// MAEST's 16x16 patches of 96 bands, every 10 frames and bands: neighbours overlap.
    Maest,
    /// A token for every frame, over all frequencies.
    Frames,
}

impl GridKind {
    /// Whether its masks are drawn from the stream of vertical patches (see [`super::Purpose::Mask`]).
    pub fn is_vertical(self) -> bool {
        self == Self::Vertical
    }

    /// What a column of its tokens is called: a frame where a token spans all frequencies, so that there are no rows.
    pub fn column_name(self) -> &'static str {
        match self {
            Self::Square | Self::Vertical | Self::Maest => "column",
            Self::Frames => "frame",
        }
    }
}

impl From<PatchShape> for GridKind {
    fn from(shape: PatchShape) -> Self {
        match shape {
            PatchShape::Square => Self::Square,
            PatchShape::Vertical => Self::Vertical,
        }
    }
}

impl fmt::Display for GridKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Square => "square",
            Self::Vertical => "vertical",
            Self::Maest => "16x16 every 10",
            Self::Frames => "frames",
        })
    }
}

/// Where the tokens of an encoder's window lie in time and frequency. Tokens are numbered row by row: rows from the lowest
/// frequency up, in a row from left to right. Tokens may overlap.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenGrid {
    /// Which grid it is.
    pub kind: GridKind,
    /// Tokens along time.
    pub columns: usize,
    /// From where to where each row reaches, in Hz, lowest first.
    pub row_hz: Vec<[f32; 2]>,
    /// Seconds that a token spans.
    pub token_secs: f64,
    /// Seconds from the start of a column to that of the next.
    pub column_secs: f64,
}

impl TokenGrid {
    /// Tokens along frequency.
    pub fn rows(&self) -> usize {
        self.row_hz.len()
    }

    /// Tokens of one window.
    pub fn tokens(&self) -> usize {
        self.rows() * self.columns
    }

    /// Row and column of a token.
    pub fn place(&self, token: usize) -> (usize, usize) {
        (token / self.columns.max(1), token % self.columns.max(1))
    }

    /// From where to where a token reaches: seconds from the start of the window, and Hz. `None` behind the last token.
    pub fn area(&self, token: usize) -> Option<([f64; 2], [f32; 2])> {
        let (row, column) = self.place(token);
        let start = column as f64 * self.column_secs;
        let hz = *self.row_hz.get(row)?;
        Some(([start, start + self.token_secs], hz))
    }

    /// The tokens that cover a place of the window (seconds from its start, Hz): none, one, or several where they overlap.
    pub fn at(&self, secs: f64, hz: f32) -> Vec<usize> {
        let column = |column: &usize| {
            let start = *column as f64 * self.column_secs;
            (start..start + self.token_secs).contains(&secs)
        };
        let columns: Vec<usize> = (0..self.columns).filter(column).collect();
        let rows = self.row_hz.iter().enumerate();
        rows.filter(|(_, [low, high])| (*low..*high).contains(&hz))
            .flat_map(|(row, _)| {
                columns
                    .iter()
                    .map(move |column| row * self.columns + column)
            })
            .collect()
    }

    /// In which order a mask drops the tokens of one window.
    pub fn drop_order(&self, kind: MaskKind, random: &mut Stream) -> DropOrder {
        DropOrder::draw([self.rows(), self.columns], kind, random)
    }
}

impl From<PatchGrid> for TokenGrid {
    fn from(grid: PatchGrid) -> Self {
        let frame_secs = HOP as f64 / f64::from(SAMPLE_RATE);
        let (bands, secs) = (grid.shape.bands(), grid.shape.frames() as f64 * frame_secs);
        // Half-way between the centres of the bands on both sides of its edge.
        let edge = |band: usize| hz_of_band(band as f64 - 0.5) as f32;
        Self {
            kind: grid.shape.into(),
            columns: grid.columns,
            row_hz: (0..grid.rows)
                .map(|row| [edge(row * bands), edge((row + 1) * bands)])
                .collect(),
            token_secs: secs,
            column_secs: secs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_at_their_place_and_may_overlap() {
        let square = TokenGrid::from(PatchShape::Square.grid(96));
        assert_eq!((square.rows(), square.tokens()), (8, 48));
        for token in 0..48 {
            let ([start, end], [low, high]) = square.area(token).unwrap();
            assert_eq!(square.at(0.5 * (start + end), 0.5 * (low + high)), [token]);
        }
        assert_eq!(square.area(48), None);
        let overlapping = TokenGrid {
            kind: GridKind::Maest,
            columns: 3,
            row_hz: vec![[0.0, 200.0], [100.0, 300.0]],
            token_secs: 0.25,
            column_secs: 0.125,
        };
        assert_eq!(overlapping.at(0.2, 150.0), [0, 1, 3, 4]);
        assert_eq!(overlapping.at(0.6, 150.0), [] as [usize; 0]);
    }

    #[test]
    fn both_shapes_cut_a_window_into_48_tokens_and_cover_it() {
        for shape in [PatchShape::Square, PatchShape::Vertical] {
            let grid = shape.grid(96);
            assert_eq!(grid.tokens(), 48);
            let mut seen = [0; 48];
            for band in 0..128 {
                for frame in 0..96 {
                    seen[grid.token_at(band, frame).unwrap()] += 1;
                }
            }
            assert!(seen.iter().all(|&values| values == 256));
        }
        assert_eq!(PatchShape::Square.grid(98).tokens(), 48);
        assert_eq!(PatchShape::Vertical.grid(98).tokens(), 49);
        assert_eq!(PatchShape::Square.grid(98).token_at(0, 97), None);
    }
}
