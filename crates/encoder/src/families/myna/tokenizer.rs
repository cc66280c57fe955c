//! Windows of mel frames cut into the tokens that Myna reads. Kept patches and their positions are gathered on the CPU
//! before any tensor exists: at 90 % masking that is a tenth of the input.

use rayon::prelude::*;

use super::{MynaConfig, PatchInput, network::HostTokens};
use crate::EncoderError;
use mynascope_spectrum::tokens::{MEL_BANDS, PATCH_VALUES, PatchGrid, PatchShape, TokenMask};

/// A window with more tokens than this (524 s) is refused: attention over its tokens would not fit anywhere.
const MAX_TOKENS: usize = 8192;

/// Powers that one thread compresses at a time.
const CHUNK: usize = 16 * PATCH_VALUES;

/// Cuts windows of one length into tokens: patches and the sine and cosine of their places.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    dim: usize,
    frames: usize,
    input: PatchInput,
    /// Of each patch shape the grid and the positions of all its tokens, [tokens, dim] row-major.
    grids: Vec<(PatchGrid, Vec<f32>)>,
}

impl Tokenizer {
    /// For windows of `frames` frames, tokens of `dim` values, and one grid a patch shape; patches hold powers.
    pub fn new(shapes: &[PatchShape], frames: usize, dim: usize) -> Self {
        let grids = shapes.iter().map(|shape| {
            let grid = shape.grid(frames);
            // A grid that `tokens` refuses needs no table.
            let table = match grid.tokens() <= MAX_TOKENS {
                true => positions(grid, dim),
                false => Vec::new(),
            };
            (grid, table)
        });
        Self {
            dim,
            frames,
            input: PatchInput::Power,
            grids: grids.collect(),
        }
    }

    /// For the windows of an encoder, of so many frames.
    pub fn of(config: &MynaConfig, frames: usize) -> Self {
        Self {
            input: config.input,
            ..Self::new(config.kind.shapes(), frames, config.dim)
        }
    }

    /// The grids, in the order of the encoder's patch shapes.
    pub fn grids(&self) -> impl Iterator<Item = PatchGrid> {
        self.grids.iter().map(|(grid, _)| *grid)
    }

    /// The positions of all tokens of a grid, [tokens, dim] row-major; empty where there is no such grid.
    pub fn positions(&self, grid: usize) -> &[f32] {
        self.grids.get(grid).map_or(&[], |(_, table)| table)
    }

    /// The powers of all patches of windows, row-major [windows * tokens, 256]; empty where there is no such grid.
    pub fn patches<W: AsRef<[f32]> + Sync>(&self, grid: usize, windows: &[W]) -> Vec<f32> {
        let Some(&(grid, _)) = self.grids.get(grid) else {
            return Vec::new();
        };
        let all: Vec<usize> = (0..grid.tokens()).collect();
        gather_patches(windows, &vec![all.as_slice(); windows.len()], grid)
    }

    /// The tokens of windows, each [frames, 128] frame-major power, one batch a grid. With `masks` only the tokens of the
    /// window's mask are read; all masks keep the same number of a grid's tokens. Frames that a window lacks are silence.
    ///
    /// # Errors
    /// [`EncoderError::Windows`] if a grid has no token or too many, or if masks are not as described.
    pub fn tokens<'a, W: AsRef<[f32]> + Sync>(
        &self,
        windows: &[W],
        masks: Option<&'a [TokenMask]>,
    ) -> Result<Vec<HostTokens>, EncoderError> {
        let grids = 0..self.grids.len();
        grids
            .map(|grid| {
                let kept =
                    |masks: &'a [TokenMask]| masks.iter().map(|mask| mask.of(grid)).collect();
                self.tokens_of(grid, windows, masks.map(kept))
            })
            .collect()
    }

    /// The tokens of one grid; without `kept` all of them, else those of each window.
    ///
    /// # Errors
    /// As [`Self::tokens`], and if there is no such grid.
    pub fn tokens_of<W: AsRef<[f32]> + Sync>(
        &self,
        number: usize,
        windows: &[W],
        kept: Option<Vec<&[usize]>>,
    ) -> Result<HostTokens, EncoderError> {
        let Some((grid, table)) = self.grids.get(number) else {
            return Err(EncoderError::Windows(
                "the encoder does not read patches of this shape".into(),
            ));
        };
        let all: Vec<usize> = (0..grid.tokens()).collect();
        let kept = kept.unwrap_or_else(|| vec![all.as_slice(); windows.len()]);
        if kept.len() != windows.len() {
            return Err(EncoderError::Windows(
                "there must be one mask a window".into(),
            ));
        }
        self.check(*grid, &kept)?;
        Ok(HostTokens {
            grid: number,
            patches: self.read(gather_patches(windows, &kept, *grid)),
            positions: gather_positions(&kept, table, self.dim),
            windows: windows.len(),
            tokens: kept.first().map_or(0, |kept| kept.len()),
        })
    }

    /// What the encoder reads of powers.
    fn read(&self, mut powers: Vec<f32>) -> Vec<f32> {
        let compression = self.input.compression();
        if !self.input.is_power() {
            let chunks = powers.par_chunks_mut(CHUNK);
            chunks.for_each(|powers| compression.apply(powers));
        }
        powers
    }

    fn check(&self, grid: PatchGrid, kept: &[&[usize]]) -> Result<(), EncoderError> {
        let (shape, there) = (grid.shape, grid.tokens());
        if there == 0 || there > MAX_TOKENS {
            return Err(EncoderError::Windows(format!(
                "{} frames give {there} {shape} tokens; from 1 to {MAX_TOKENS} can be read",
                self.frames
            )));
        }
        let tokens = kept.first().map_or(there, |kept| kept.len());
        let fits =
            |kept: &&[usize]| kept.len() == tokens && kept.iter().all(|&token| token < there);
        if tokens == 0 || !kept.iter().all(fits) {
            return Err(EncoderError::Windows(format!(
                "every mask must keep the same number of {shape} tokens, at least one, of the {there} there are"
            )));
        }
        Ok(())
    }
}

/// Copies one patch out of a frame-major mel: inside a patch frequency comes first, then time (SimpleViT's order).
/// Frames that the mel doesn't have are silence. `out` holds 256 values.
fn copy_patch(mel: &[f32], grid: PatchGrid, token: usize, out: &mut [f32]) {
    let (row, column) = grid.place(token);
    let (bands, frames) = (grid.shape.bands(), grid.shape.frames());
    let first_band = row * bands;
    for frame in 0..frames {
        let line = (column * frames + frame) * MEL_BANDS + first_band;
        let source = mel.get(line..line + bands);
        for (band, slot) in out.iter_mut().skip(frame).step_by(frames).enumerate() {
            *slot = source
                .and_then(|source| source.get(band))
                .copied()
                .unwrap_or(0.0);
        }
    }
}

/// The kept patches of many windows, row-major [windows * kept, 256]; all keep as many.
fn gather_patches<W: AsRef<[f32]> + Sync>(
    windows: &[W],
    kept: &[&[usize]],
    grid: PatchGrid,
) -> Vec<f32> {
    let per_window = PATCH_VALUES * kept.first().map_or(0, |kept| kept.len());
    let mut out = vec![0.0; windows.len() * per_window];
    if per_window == 0 {
        return out;
    }
    out.par_chunks_mut(per_window)
        .zip(windows)
        .zip(kept)
        .for_each(|((rows, window), kept)| {
            for (row, &token) in rows.chunks_exact_mut(PATCH_VALUES).zip(*kept) {
                copy_patch(window.as_ref(), grid, token, row);
            }
        });
    out
}

/// Sine and cosine positions of a grid, [tokens, dim] row-major: for row y and column x (time first)
/// `[sin(x w), cos(x w), sin(y w), cos(y w)]` with `w_k = 10000^(-k / (dim/4 - 1))` (SimpleViT; note the -1).
fn positions(grid: PatchGrid, dim: usize) -> Vec<f32> {
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
fn gather_positions(kept: &[&[usize]], table: &[f32], dim: usize) -> Vec<f32> {
    let mut out = Vec::new();
    for tokens in kept {
        for &token in *tokens {
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

    #[test]
    fn a_patch_is_read_frequency_first() {
        let mel: Vec<f32> = (0..96 * MEL_BANDS).map(|value| value as f32).collect();
        let mut patch = vec![0.0; PATCH_VALUES];
        // Token 7 of the square grid is row 1, column 1: bands 16.., frames 16...
        copy_patch(&mel, PatchShape::Square.grid(96), 7, &mut patch);
        assert_eq!(patch[0], (16 * 128 + 16) as f32);
        assert_eq!(patch[1], (17 * 128 + 16) as f32);
        assert_eq!(patch[16], (16 * 128 + 17) as f32);
        copy_patch(&mel, PatchShape::Vertical.grid(96), 3, &mut patch);
        assert_eq!(
            patch[..3],
            [(6 * 128) as f32, (7 * 128) as f32, (6 * 128 + 1) as f32]
        );
        copy_patch(&mel[..128], PatchShape::Vertical.grid(96), 0, &mut patch);
        assert_eq!(patch[1], 0.0, "frames behind the end are silence");
    }

    #[test]
    fn patches_of_log_power_hold_the_logarithm_of_the_same_tokens() {
        let powers: Vec<f32> = (0..96 * MEL_BANDS)
            .map(|n| (n % 977) as f32 * 1e-3)
            .collect();
        let config = |input| MynaConfig {
            input,
            ..crate::Preset::Tiny.config(crate::Patching::Hybrid)
        };
        let of = |input| Tokenizer::of(&config(input), 96).tokens(&[&powers], None);
        let plain = of(PatchInput::Power).unwrap();
        let log = of(PatchInput::Log).unwrap();
        assert_eq!(log.len(), 2);
        for (plain, log) in plain.iter().zip(&log) {
            for (power, ours) in plain.patches.iter().zip(&log.patches) {
                assert_eq!(*ours, (1.0 + 10_000.0 * power).log10());
            }
        }
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
