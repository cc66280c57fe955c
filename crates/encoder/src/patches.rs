//! Kept patches and their positions, gathered on the CPU before any tensor exists: at 90 % masking that is a tenth of
//! the input.

use rayon::prelude::*;

use mynascope_spectrum::tokens::{MEL_BANDS, PATCH_VALUES, PatchGrid};

/// Copies one patch out of a frame-major mel: inside a patch frequency comes first, then time (SimpleViT's order).
/// Frames that the mel doesn't have are silence. `out` holds 256 values.
pub fn copy_patch(mel: &[f32], start_frame: usize, grid: PatchGrid, token: usize, out: &mut [f32]) {
    let (row, column) = grid.place(token);
    let (bands, frames) = (grid.shape.bands(), grid.shape.frames());
    let first_band = row * bands;
    for frame in 0..frames {
        let line = (start_frame + column * frames + frame) * MEL_BANDS + first_band;
        let source = mel.get(line..line + bands);
        for (band, slot) in out.iter_mut().skip(frame).step_by(frames).enumerate() {
            *slot = source
                .and_then(|source| source.get(band))
                .copied()
                .unwrap_or(0.0);
        }
    }
}

/// One window to gather from: a frame-major mel, its first frame and the kept tokens.
pub struct Gather<'a> {
    /// Power, [frames, 128] frame-major.
    pub mel: &'a [f32],
    /// The first frame of the window in the mel.
    pub start_frame: usize,
    /// The tokens that are read, by their place in the window.
    pub kept: &'a [usize],
}

/// The kept patches of many windows, row-major [windows * kept, 256].
pub fn gather_patches(windows: &[Gather<'_>], grid: PatchGrid) -> Vec<f32> {
    let kept = windows.first().map_or(0, |window| window.kept.len());
    let mut out = vec![0.0; windows.len() * kept * PATCH_VALUES];
    if kept == 0 {
        return out;
    }
    out.par_chunks_mut(kept * PATCH_VALUES)
        .zip(windows)
        .for_each(|(rows, window)| {
            for (row, &token) in rows.chunks_exact_mut(PATCH_VALUES).zip(window.kept) {
                copy_patch(window.mel, window.start_frame, grid, token, row);
            }
        });
    out
}

/// Sine and cosine positions of a grid, [tokens, dim] row-major: for row y and column x (time first)
/// `[sin(x w), cos(x w), sin(y w), cos(y w)]` with `w_k = 10000^(-k / (dim/4 - 1))` (SimpleViT; note the -1).
pub fn positions(grid: PatchGrid, dim: usize) -> Vec<f32> {
    let quarter = dim / 4;
    let frequencies: Vec<f64> = (0..quarter)
        .map(|k| 10_000_f64.powf(-(k as f64) / (quarter.max(2) - 1) as f64))
        .collect();
    let mut table = Vec::with_capacity(grid.tokens() * dim);
    for token in 0..grid.tokens() {
        let (y, x) = grid.place(token);
        for place in [x as f64, y as f64] {
            table.extend(frequencies.iter().map(|w| (place * w).sin() as f32));
            table.extend(frequencies.iter().map(|w| (place * w).cos() as f32));
        }
    }
    table
}

/// Positions of the kept tokens of many windows, [windows * kept, dim].
pub fn gather_positions<'a>(
    kept: impl Iterator<Item = &'a [usize]>,
    table: &[f32],
    dim: usize,
) -> Vec<f32> {
    let mut out = Vec::new();
    for tokens in kept {
        for &token in tokens {
            if let Some(row) = table.get(token * dim..(token + 1) * dim) {
                out.extend_from_slice(row);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::tokens::PatchShape;

    #[test]
    fn a_patch_is_read_frequency_first() {
        let mel: Vec<f32> = (0..96 * MEL_BANDS).map(|value| value as f32).collect();
        let mut patch = vec![0.0; PATCH_VALUES];
        // Token 7 of the square grid is row 1, column 1: bands 16.., frames 16...
        copy_patch(&mel, 0, PatchShape::Square.grid(96), 7, &mut patch);
        assert_eq!(patch[0], (16 * 128 + 16) as f32);
        assert_eq!(patch[1], (17 * 128 + 16) as f32);
        assert_eq!(patch[16], (16 * 128 + 17) as f32);
        copy_patch(&mel, 1, PatchShape::Vertical.grid(96), 3, &mut patch);
        assert_eq!(
            patch[..3],
            [(7 * 128) as f32, (8 * 128) as f32, (7 * 128 + 1) as f32]
        );
        copy_patch(&mel, 95, PatchShape::Vertical.grid(96), 0, &mut patch);
        assert_eq!(patch[1], 0.0, "frames behind the end are silence");
    }

    #[test]
    fn positions_put_time_first_and_end_at_one_ten_thousandth() {
        let table = positions(PatchShape::Square.grid(96), 64);
        let row = &table[7 * 64..8 * 64];
        assert!((row[0] - 1_f32.sin()).abs() < 1e-7 && (row[16] - 1_f32.cos()).abs() < 1e-7);
        assert!((row[15] - 1e-4).abs() < 1e-9 && (row[32] - 1_f32.sin()).abs() < 1e-7);
        let vertical = positions(PatchShape::Vertical.grid(96), 64);
        let last = &vertical[47 * 64..];
        assert!(last[32..48].iter().all(|&value| value == 0.0));
        assert!(last[48..].iter().all(|&value| value == 1.0));
    }
}
