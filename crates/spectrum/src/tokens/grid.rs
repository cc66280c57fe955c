//! Patch shapes, and where the patches of a window lie.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::MEL_BANDS;

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

impl fmt::Display for PatchShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Square => "square",
            Self::Vertical => "vertical",
        })
    }
}

impl FromStr for PatchShape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "square" => Ok(Self::Square),
            "vertical" => Ok(Self::Vertical),
            _ => Err(format!(
                "'{text}' is no patch shape; say square or vertical"
            )),
        }
    }
}

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

    /// The token that covers a mel band and a frame of the window, if one does.
    pub fn token_at(&self, band: usize, frame: usize) -> Option<usize> {
        let (row, column) = (band / self.shape.bands(), frame / self.shape.frames());
        (row < self.rows && column < self.columns).then_some(row * self.columns + column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
