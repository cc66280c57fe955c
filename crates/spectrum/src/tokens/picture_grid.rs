//! Where the tokens of an encoder's window lie on the picture: in its frames and bands, whatever the encoder's own are.

use std::sync::{Arc, LazyLock};

use super::{GridKind, MEL_BANDS, PatchShape, TokenGrid, WINDOW_FRAMES};
use crate::{HOP, band_of_hz};
use mynascope_audio::SAMPLE_RATE;

/// Tokens that cover one place of the picture at most, along time and along frequency: two of each, four in all. Of a grid
/// whose tokens overlap more, the later ones count.
pub const MOST_OVERLAPPING: usize = 2;
/// Rows of a grid at most.
pub const MOST_ROWS: usize = 32;

/// Lengths on the picture are whole numbers of 1/64 frames and 1/256 bands, so that the graphics card, which counts in 32
/// bits, finds the same tokens.
const FRAME_PARTS: f64 = 64.0;
const BAND_PARTS: f64 = 256.0;

/// A [`TokenGrid`] with the windows that it lies in, in frames (32 ms) and bands of the picture. A place of the picture
/// belongs to the token that covers the middle of its band and frame.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureGrid {
    /// Which grid it is.
    pub kind: GridKind,
    /// Tokens along time.
    pub columns: usize,
    /// Frames of one window.
    pub window_frames: f64,
    /// Frames from the start of a window to that of the next.
    pub hop_frames: f64,
    /// A crop begins at a whole multiple of so many frames.
    pub crop_step: f64,
    /// Frames that a token spans.
    pub token_frames: f64,
    /// Frames from the start of a column to that of the next.
    pub column_frames: f64,
    /// From where to where each row reaches on the band axis, lowest first: 0 is the lower edge of the lowest band.
    pub row_bands: Vec<[f32; 2]>,
    /// First row that covers a band, and how many do.
    rows_of_band: Vec<(u8, u8)>,
}

impl PictureGrid {
    /// A grid of windows of `window_secs`, one every `hop_secs`; `None` where its tokens cannot be drawn: there are none, or
    /// too many rows.
    pub fn new(grid: &TokenGrid, window_secs: f64, hop_secs: f64) -> Option<Self> {
        let frame_secs = HOP as f64 / f64::from(SAMPLE_RATE);
        let frames = |secs: f64| (secs / frame_secs * FRAME_PARTS).round() / FRAME_PARTS;
        let edge = |hz: f32| {
            let place = band_of_hz(f64::from(hz)) + 0.5;
            ((place * BAND_PARTS).round() / BAND_PARTS) as f32
        };
        let row_bands: Vec<[f32; 2]> = grid.row_hz.iter().map(|hz| hz.map(edge)).collect();
        let found = Self {
            kind: grid.kind,
            columns: grid.columns,
            window_frames: frames(window_secs),
            hop_frames: frames(hop_secs),
            crop_step: frames(hop_secs),
            token_frames: frames(grid.token_secs),
            column_frames: frames(grid.column_secs),
            rows_of_band: (0..MEL_BANDS)
                .map(|band| rows_at(&row_bands, band))
                .collect(),
            row_bands,
        };
        let lengths = [
            found.window_frames,
            found.hop_frames,
            found.token_frames,
            found.column_frames,
        ];
        let sound = lengths.iter().all(|&length| length >= 1.0 / FRAME_PARTS);
        let rows = 1..=MOST_ROWS;
        (sound && found.columns > 0 && rows.contains(&found.rows())).then_some(found)
    }

    /// The grid of Myna's windows of 96 frames, whose crops begin anywhere.
    pub fn of_myna(shape: PatchShape) -> Arc<Self> {
        static GRIDS: LazyLock<[Arc<PictureGrid>; 2]> =
            LazyLock::new(|| [PatchShape::Square, PatchShape::Vertical].map(myna));
        let [square, vertical] = &*GRIDS;
        Arc::clone(match shape {
            PatchShape::Square => square,
            PatchShape::Vertical => vertical,
        })
    }

    /// Tokens along frequency.
    pub fn rows(&self) -> usize {
        self.row_bands.len()
    }

    /// Tokens of one window.
    pub fn tokens(&self) -> usize {
        self.rows() * self.columns
    }

    /// Row and column of a token.
    pub fn place(&self, token: usize) -> (usize, usize) {
        (token / self.columns.max(1), token % self.columns.max(1))
    }

    /// Whether windows begin before the last one ended.
    pub fn windows_overlap(&self) -> bool {
        self.hop_frames < self.window_frames
    }

    /// Whether neighbouring tokens overlap.
    pub fn tokens_overlap(&self) -> bool {
        let mut rows = self.row_bands.windows(2);
        let overlap = |rows: &[[f32; 2]]| matches!(rows, [[_, end], [start, _]] if start < end);
        self.token_frames > self.column_frames || rows.any(overlap)
    }

    /// From where to where a token reaches: frames from the start of the window, and places on the band axis. `None` behind
    /// the last token.
    pub fn area(&self, token: usize) -> Option<([f64; 2], [f32; 2])> {
        let (row, column) = self.place(token);
        let start = column as f64 * self.column_frames;
        let bands = *self.row_bands.get(row)?;
        Some(([start, start + self.token_frames], bands))
    }

    /// The first of the rows that cover a band, and how many do: none to two.
    pub fn rows_of_band(&self, band: usize) -> (usize, usize) {
        let (first, count) = self.rows_of_band.get(band).copied().unwrap_or_default();
        (usize::from(first), usize::from(count))
    }

    /// The tokens that cover the middle of a band at a place of the window, in frames from its start: none to four.
    pub fn at(&self, band: usize, frames: f64) -> impl Iterator<Item = usize> + use<> {
        let (first, count) = self.rows_of_band(band);
        let (columns, stride, width) = (self.columns, self.column_frames, self.token_frames);
        let latest = (frames / stride).floor().max(0.0) as usize;
        let earliest = (latest + 1).saturating_sub(MOST_OVERLAPPING);
        let covering = (earliest..=latest).filter(move |&column| {
            let start = column as f64 * stride;
            column < columns && (start..start + width).contains(&frames)
        });
        covering
            .flat_map(move |column| (first..first + count).map(move |row| row * columns + column))
    }
}

fn myna(shape: PatchShape) -> Arc<PictureGrid> {
    let grid = TokenGrid::from(shape.grid(WINDOW_FRAMES));
    let secs = (WINDOW_FRAMES * HOP) as f64 / f64::from(SAMPLE_RATE);
    let found = PictureGrid::new(&grid, secs, secs).map(|found| PictureGrid {
        crop_step: 1.0,
        ..found
    });
    // Both shapes have tokens, and few rows; without any there is nothing to draw.
    Arc::new(found.unwrap_or(PictureGrid {
        kind: shape.into(),
        columns: 0,
        window_frames: WINDOW_FRAMES as f64,
        hop_frames: WINDOW_FRAMES as f64,
        crop_step: 1.0,
        token_frames: 1.0,
        column_frames: 1.0,
        row_bands: Vec::new(),
        rows_of_band: Vec::new(),
    }))
}

fn rows_at(row_bands: &[[f32; 2]], band: usize) -> (u8, u8) {
    let middle = band as f32 + 0.5;
    let covers = |[low, high]: &[f32; 2]| (*low..*high).contains(&middle);
    let count = row_bands.iter().filter(|row| covers(row)).count();
    let last = row_bands.iter().rposition(covers).unwrap_or(0);
    let count = count.min(MOST_OVERLAPPING);
    let first = (last + 1).saturating_sub(count);
    (
        u8::try_from(first).unwrap_or(u8::MAX),
        u8::try_from(count).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MAEST's grid for windows of 5 s: 16 bands of 96 every 10, 256 ms every 160.
    fn maest() -> TokenGrid {
        let edge = |band: usize| crate::MAEST_MEL.hz_of_band(band as f64 - 0.5) as f32;
        TokenGrid {
            kind: GridKind::Maest,
            columns: 31,
            row_hz: (0..9)
                .map(|row| [edge(row * 10), edge(row * 10 + 16)])
                .collect(),
            token_secs: 0.256,
            column_secs: 0.16,
        }
    }

    #[test]
    fn every_place_of_mynas_window_has_the_token_of_its_patch() {
        for shape in [PatchShape::Square, PatchShape::Vertical] {
            let (grid, patches) = (PictureGrid::of_myna(shape), shape.grid(WINDOW_FRAMES));
            assert_eq!((grid.rows(), grid.tokens()), (patches.rows, 48));
            assert_eq!((grid.window_frames, grid.hop_frames), (96.0, 96.0));
            assert!(!grid.tokens_overlap() && !grid.windows_overlap());
            for band in 0..MEL_BANDS {
                for frame in 0..WINDOW_FRAMES {
                    let found: Vec<usize> = grid.at(band, frame as f64 + 0.5).collect();
                    let patch = patches.token_at(band, frame).unwrap();
                    assert_eq!(found, [patch], "band {band}, frame {frame}");
                }
            }
            let edges: Vec<f32> = grid.row_bands.iter().flatten().copied().collect();
            assert!(edges.iter().all(|edge| edge % shape.bands() as f32 == 0.0));
        }
    }

    /// The tokens are those of the grid in seconds and Hz, asked at the middle of band and frame.
    #[test]
    fn overlapping_tokens_cover_a_place_one_to_four_at_a_time() {
        let tokens = maest();
        let grid = PictureGrid::new(&tokens, 5.0, 2.5).unwrap();
        assert_eq!((grid.window_frames, grid.hop_frames), (156.25, 78.125));
        assert_eq!((grid.token_frames, grid.column_frames), (8.0, 5.0));
        assert!(grid.tokens_overlap() && grid.windows_overlap());
        let mut counts = [0; 5];
        for band in 0..MEL_BANDS {
            for frame in 0..156 {
                let middle = frame as f64 + 0.5;
                let mut found: Vec<usize> = grid.at(band, middle).collect();
                found.sort_unstable();
                let hz = crate::hz_of_band(band as f64) as f32;
                assert_eq!(found, tokens.at(middle * 0.032, hz), "{band}, {frame}");
                counts[found.len()] += 1;
                for token in found {
                    let ([start, end], [low, high]) = grid.area(token).unwrap();
                    assert!((start..end).contains(&middle));
                    assert!((low..high).contains(&(band as f32 + 0.5)));
                }
            }
        }
        assert_eq!(counts[0], 0, "the 96 bands reach over all 128");
        assert!(
            counts[1] > 0 && counts[2] > 0 && counts[4] > 0,
            "{counts:?}"
        );
        assert_eq!(grid.area(9 * 31), None);
    }

    #[test]
    fn a_grid_without_tokens_is_not_drawn() {
        let none = TokenGrid {
            columns: 0,
            ..maest()
        };
        assert_eq!(PictureGrid::new(&none, 5.0, 2.5), None);
        assert_eq!(PictureGrid::new(&maest(), 0.0, 0.0), None);
    }
}
