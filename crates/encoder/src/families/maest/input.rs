//! What a MAEST is fed: windows of the normalised log mel, and the patches that are read of them.

use std::ops::Range;

use rayon::prelude::*;

use super::{BANDS, Config, Form, PATCH, PATCH_VALUES, ROWS, STRIDE};
use crate::{
    EncoderError, Overlap, Window,
    input::{secs, starts},
};
use mynascope_spectrum::{MAEST_HUB_MEL, MAEST_MEL, SpectrumError};

/// Windows of normalised log mel, [frames, 96]. The hub's form makes the mel of every window by itself, as `transformers` is
/// given windows; the authors' form cuts the mel of the whole sound, and its last window may be its only and a shorter one.
pub(super) fn windows(
    config: &Config,
    samples: &[f32],
    overlap: Option<Overlap>,
) -> Result<Vec<Window>, SpectrumError> {
    if samples.is_empty() {
        return Ok(Vec::new());
    }
    let (frames, overlap) = (config.frames(), overlap.unwrap_or(Overlap::Half));
    match config.form {
        Form::Hub => {
            let length = config.window_samples();
            let window = |first: usize| {
                let rest = samples.get(first..).unwrap_or_default();
                let part = rest.get(..length).unwrap_or(rest);
                Ok(Window {
                    start_secs: secs(first),
                    values: MAEST_HUB_MEL.of_samples(part, Some(frames))?,
                })
            };
            starts(samples.len(), length, overlap).map(window).collect()
        }
        Form::Native => {
            // A sound without one whole patch is the track's fault, not the encoder's: it is told of its path.
            let needed = (PATCH - 1) * MAEST_MEL.hop;
            if samples.len() < needed {
                return Err(SpectrumError::TooShort {
                    samples: samples.len(),
                    needed,
                    path: None,
                });
            }
            let mel = MAEST_MEL.of_samples(samples, None)?;
            let window = |first: usize| {
                let rest = mel.get(first * BANDS..).unwrap_or_default();
                Window {
                    start_secs: secs(first * MAEST_MEL.hop),
                    values: rest.get(..frames * BANDS).unwrap_or(rest).to_vec(),
                }
            };
            let starts = starts(mel.len() / BANDS, frames, overlap);
            Ok(starts.map(window).collect())
        }
    }
}

/// Patches that fit one behind the other into so many frames.
pub(super) fn whole_patches(frames: usize) -> usize {
    match frames.checked_sub(PATCH) {
        Some(beyond) => beyond / STRIDE + 1,
        None => 0,
    }
}

/// Structured patchout at inference (section 4.5 of the paper): which patches of a grid of `columns` columns are read, every
/// `every`-th column (0 and 1: all) and all rows but those of `dropped_rows`. The paper's "3" drops rows 0, 7 and 8, its "4"
/// rows 0, 1, 7 and 8.
pub fn patchout(columns: usize, every: usize, dropped_rows: &[usize]) -> Vec<usize> {
    let rows = (0..ROWS).filter(|row| !dropped_rows.contains(row));
    rows.flat_map(|row| {
        (0..columns)
            .step_by(every.max(1))
            .map(move |column| row * columns + column)
    })
    .collect()
}

/// Windows as the network reads them, before they are on a device.
#[derive(Debug, Clone)]
pub struct Patches {
    /// [windows * patches, 256] row-major, in a patch band by band.
    pub(super) values: Vec<f32>,
    /// The position of each in the table of all columns, `[windows * patches]`.
    pub(super) places: Vec<i32>,
    pub(super) windows: usize,
    pub(super) patches: usize,
}

impl Patches {
    /// How many windows there are.
    pub fn windows(&self) -> usize {
        self.windows
    }

    /// Some of the windows.
    pub fn part(&self, windows: Range<usize>) -> Self {
        let (start, end) = (windows.start * self.patches, windows.end * self.patches);
        let values = self.values.get(start * PATCH_VALUES..end * PATCH_VALUES);
        Self {
            values: values.unwrap_or_default().to_vec(),
            places: self.places.get(start..end).unwrap_or_default().to_vec(),
            windows: windows.len(),
            patches: self.patches,
        }
    }

    /// The same patches at positions that lie so many columns later, as training places windows that are shorter than the table
    /// of positions. The caller knows that there are so many columns.
    pub fn moved(mut self, columns: usize) -> Self {
        for place in &mut self.places {
            *place += columns as i32;
        }
        self
    }
}

/// Cuts windows into patches. Windows are [frames, 96] frame by frame, all of the same length. `kept` names, window by window,
/// the patches that are read, all in the grid of the window's own columns; every window reads as many. Without it all are
/// read.
///
/// # Errors
/// [`EncoderError::Windows`] if windows or patches are not so.
pub fn cut(
    config: &Config,
    windows: &[&[f32]],
    kept: Option<&[Vec<usize>]>,
) -> Result<Patches, EncoderError> {
    let wrong = |what: String| EncoderError::Windows(what);
    let length = windows.first().map_or(0, |window| window.len());
    if !length.is_multiple_of(BANDS) || windows.iter().any(|window| window.len() != length) {
        return Err(wrong(format!(
            "all windows of one call must have the same number of frames of {BANDS} bands"
        )));
    }
    let columns = config.columns_of(length / BANDS);
    if columns == 0 && !windows.is_empty() {
        return Err(wrong(format!(
            "a window of {} frames is shorter than one patch of {PATCH}",
            length / BANDS
        )));
    }
    let all = [patchout(columns, 1, &[])];
    let kept_of = |window: usize| match kept {
        None => all.first(),
        Some(kept) => kept.get(window),
    };
    let patches = kept_of(0).map_or(0, Vec::len);
    for window in 0..windows.len() {
        let sound = kept_of(window).is_some_and(|kept| {
            kept.len() == patches && kept.iter().all(|&patch| patch < ROWS * columns)
        });
        if !sound || patches == 0 {
            return Err(wrong(format!(
                "every window must keep the same number of patches, at least one, of the {} there are",
                ROWS * columns
            )));
        }
    }
    let mut values = vec![0.0; windows.len() * patches * PATCH_VALUES];
    let mut places = vec![0; windows.len() * patches];
    values
        .par_chunks_mut((patches * PATCH_VALUES).max(1))
        .zip(places.par_chunks_mut(patches.max(1)))
        .enumerate()
        .for_each(|(index, (values, places))| {
            let (Some(mel), Some(kept)) = (windows.get(index), kept_of(index)) else {
                return;
            };
            let slots = values.chunks_exact_mut(PATCH_VALUES).zip(places);
            for ((values, place), &patch) in slots.zip(kept) {
                let (row, column) = (patch / columns, patch % columns);
                copy_patch(mel, row, column, values);
                *place = (row * config.columns + column) as i32;
            }
        });
    Ok(Patches {
        values,
        places,
        windows: windows.len(),
        patches,
    })
}

/// Copies one patch of a window [frames, 96], band by band.
fn copy_patch(mel: &[f32], row: usize, column: usize, out: &mut [f32]) {
    for frame in 0..PATCH {
        let start = (column * STRIDE + frame) * BANDS + row * STRIDE;
        let bands = mel.get(start..start + PATCH).unwrap_or_default();
        for (slot, value) in out.iter_mut().skip(frame).step_by(PATCH).zip(bands) {
            *slot = *value;
        }
    }
}
