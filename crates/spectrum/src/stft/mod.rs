//! The magnitude spectrogram of a sound at its own sample rate, in tiles: of any part of it, as coarse in time as is asked for.
//!
//! What is kept is bounded by what is looked at, not by the length of the file: a column of a tile stands for 1, 2, 4 ...
//! frames, and only the tiles of the visible part are computed.

mod maker;
mod tile;

pub use maker::StftMaker;
pub use tile::{StftLook, StftTile};

use std::{fmt, ops::ControlFlow, ops::Range, path::Path, str::FromStr};

use mynascope_audio::{Channel, stream_mono_from};
use mynascope_base::jobs::Cancel;

use super::SpectrumError;

/// Columns of a tile, but for the last one of a sound.
pub const STFT_COLUMNS: usize = 256;
/// No sound is so long that a coarser level were needed: a column of it stands for 2^24 frames, a day and more.
const COARSEST: u32 = 24;

/// Samples of one analysis window, a power of two from 512 to 8192.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "usize", into = "usize")]
pub struct FftSize(usize);

impl FftSize {
    /// All of them, smallest first.
    pub const ALL: [Self; 5] = [Self(512), Self(1024), Self(2048), Self(4096), Self(8192)];

    /// The samples.
    pub fn get(self) -> usize {
        self.0
    }

    /// Samples from one frame to the next: a quarter of the window, so that Hann windows add up evenly.
    pub fn hop(self) -> usize {
        self.0 / 4
    }

    /// Frequency bins of a frame, from 0 Hz to half the sample rate.
    pub fn bins(self) -> usize {
        self.0 / 2 + 1
    }

    /// The next larger one, or the next smaller; itself at the ends.
    pub fn next(self, larger: bool) -> Self {
        let size = if larger { self.0 * 2 } else { self.0 / 2 };
        Self::try_from(size).unwrap_or(self)
    }
}

impl Default for FftSize {
    fn default() -> Self {
        Self(2048)
    }
}

impl fmt::Display for FftSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<usize> for FftSize {
    type Error = String;

    fn try_from(size: usize) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|known| known.0 == size);
        found.ok_or_else(|| format!("{size} is no FFT size; say 512, 1024, 2048, 4096 or 8192"))
    }
}

impl From<FftSize> for usize {
    fn from(size: FftSize) -> Self {
        size.0
    }
}

impl FromStr for FftSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size: Option<usize> = text.parse().ok();
        Self::try_from(size.unwrap_or_default())
            .map_err(|_| format!("'{text}' is no FFT size; say 512, 1024, 2048, 4096 or 8192"))
    }
}

/// How a sound is cut into frames and columns. Frame `f` is the window around sample `(f + 1/2) hop`, with silence before and
/// after the sound; a column stands for `2^level` frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StftGrid {
    /// Samples of a window.
    pub fft: FftSize,
    /// The sample rate of the sound, in Hz.
    pub rate: u32,
    /// 0: a column is a frame.
    pub level: u32,
}

impl StftGrid {
    /// The grid of which one to two columns lie in a pixel; a column is a frame where a pixel is narrower.
    pub fn of_view(fft: FftSize, rate: u32, span_secs: f64, pixels: u32) -> Self {
        let finest = Self {
            fft,
            rate: rate.max(1),
            level: 0,
        };
        let columns = span_secs / finest.column_secs() / f64::from(pixels.max(1));
        let level = columns.max(1.0).log2().floor();
        Self {
            level: (level as u32).min(COARSEST),
            ..finest
        }
    }

    /// Seconds from one column to the next.
    pub fn column_secs(self) -> f64 {
        ((self.fft.hop() as u64) << self.level) as f64 / f64::from(self.rate)
    }

    /// Seconds from the start of one tile to that of the next.
    pub fn tile_secs(self) -> f64 {
        STFT_COLUMNS as f64 * self.column_secs()
    }

    /// Hz from one bin to the next.
    pub fn hz_per_bin(self) -> f64 {
        f64::from(self.rate) / self.fft.get() as f64
    }

    /// The tiles that some time lies in.
    pub fn tiles(self, start_secs: f64, span_secs: f64) -> Range<usize> {
        let tile = |secs: f64| (secs.max(0.0) / self.tile_secs()) as usize;
        let (first, end) = (
            tile(start_secs),
            (start_secs + span_secs) / self.tile_secs(),
        );
        first..(end.max(0.0).ceil() as usize).max(first + 1)
    }
}

/// Computes some tiles of a file and hands each on as soon as it is there; those behind the end of the sound are left out. Only
/// what they need is decoded. It ends early once `keep_on` says so.
///
/// # Errors
/// A [`SpectrumError`] if the file cannot be decoded, or if `cancel` was set.
pub fn stft_of_file(
    path: &Path,
    channel: Channel,
    grid: StftGrid,
    tiles: Range<usize>,
    cancel: &Cancel,
    keep_on: &dyn Fn() -> bool,
    done: &mut dyn FnMut(StftTile),
) -> Result<(), SpectrumError> {
    let mut maker = StftMaker::new(grid, tiles);
    let mut given_up = false;
    let first = maker.first_sample();
    stream_mono_from(path, grid.rate, channel, first, cancel, &mut |samples| {
        // A piece may be a whole file: what is pushed at once must not take long.
        for samples in samples.chunks(1 << 14) {
            given_up = !keep_on();
            if given_up || !maker.push(samples, done) {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    if !given_up {
        maker.finish(done);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
