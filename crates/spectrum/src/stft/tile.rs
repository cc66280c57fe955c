//! A part of the magnitude spectrogram, and how it is drawn.

use std::sync::Arc;

use super::{STFT_COLUMNS, StftGrid};
use crate::{ColourMap, FrequencyScale, Scale, Summary};

/// Some columns of the spectrogram of a sound. Levels are in dB: 0 dB is a sine at full scale, at the middle of its bin.
#[derive(Debug, Clone, PartialEq)]
pub struct StftTile {
    grid: StftGrid,
    index: usize,
    columns: usize,
    /// [columns + 2, bins] as [`Scale::DECIBELS`] has it, with the column before and the one behind: the level of the mean
    /// power of the frames of a column.
    mean: Arc<[u16]>,
    /// The same of their highest power.
    loudest: Arc<[u16]>,
}

/// How a tile is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StftLook {
    /// What a column shows that stands for several frames.
    pub summary: Summary,
    /// The frequency axis.
    pub scale: FrequencyScale,
    /// Share of the axis at the lower edge of the picture.
    pub low: f64,
    /// Share of the axis at its upper edge.
    pub high: f64,
    /// Its height in pixels.
    pub rows: usize,
    /// Its colours.
    pub colours: ColourMap,
    /// Level of the brightest colour, in dB.
    pub top_db: f32,
    /// From there down to the darkest, in dB.
    pub range_db: f32,
}

/// What a row of a picture shows: between two bins, or the highest of several.
enum Row {
    Between { low: usize, share: f32 },
    Highest { first: usize, end: usize },
}

impl StftTile {
    pub(super) fn new(
        grid: StftGrid,
        index: usize,
        columns: usize,
        mean: Arc<[u16]>,
        loudest: Arc<[u16]>,
    ) -> Self {
        Self {
            grid,
            index,
            columns,
            mean,
            loudest,
        }
    }

    /// How the sound is cut into columns.
    pub fn grid(&self) -> StftGrid {
        self.grid
    }

    /// The number of the tile.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its columns: [`STFT_COLUMNS`], fewer at the end of the sound.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Where its first column begins, in seconds.
    pub fn start_secs(&self) -> f64 {
        (self.index * STFT_COLUMNS) as f64 * self.grid.column_secs()
    }

    /// How long its columns last, in seconds.
    pub fn length_secs(&self) -> f64 {
        self.columns as f64 * self.grid.column_secs()
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        let shared = Arc::ptr_eq(&self.mean, &self.loudest);
        size_of_val(&*self.mean) * if shared { 1 } else { 2 }
    }

    /// The level in dB of the bin nearest to a frequency in Hz at a time in seconds; `None` outside.
    pub fn level_db(&self, summary: Summary, secs: f64, hz: f64) -> Option<f32> {
        let column = (secs - self.start_secs()) / self.grid.column_secs();
        if !(0.0..self.columns as f64).contains(&column) {
            return None;
        }
        let bin = (hz / self.grid.hz_per_bin()).round();
        let bins = self.grid.fft.bins();
        if !(0.0..bins as f64).contains(&bin) {
            return None;
        }
        let place = (column as usize + 1) * bins + bin as usize;
        let number = self.numbers(summary).get(place)?;
        Some(Scale::DECIBELS.value(*number))
    }

    fn numbers(&self, summary: Summary) -> &[u16] {
        match summary {
            Summary::Mean => &self.mean,
            Summary::Loudest => &self.loudest,
        }
    }

    /// The tile in colours, `[rows, columns + 2]`, highest row first, sRGB and opaque; a column more on either side, for
    /// what is drawn between two columns. A row shows the highest of the bins whose middles lie in it, so that a thin partial
    /// keeps its level, and what is between two bins where it has none.
    pub fn image(&self, look: &StftLook) -> Vec<[u8; 4]> {
        let width = self.columns + 2;
        let bins = self.grid.fft.bins();
        let table = look.colours.table();
        let scale = Scale::DECIBELS;
        // From a number to a place among the colours.
        let steps = (table.len() - 1) as f32 / look.range_db.max(1e-3);
        let (slope, start) = (
            scale.step() * steps,
            (scale.low - look.top_db + look.range_db) * steps,
        );
        let rows = self.rows(look);
        let mut image = vec![[0, 0, 0, u8::MAX]; rows.len() * width];
        let columns = self.numbers(look.summary).chunks_exact(bins).take(width);
        for (x, column) in columns.enumerate() {
            let pixels = image.iter_mut().skip(x).step_by(width);
            for (pixel, row) in pixels.zip(rows.iter().rev()) {
                let at = |bin: usize| f32::from(column.get(bin).copied().unwrap_or_default());
                let number = match row {
                    Row::Between { low, share } => {
                        let below = at(*low);
                        below + share * (at(low + 1) - below)
                    }
                    Row::Highest { first, end } => {
                        let highest = column.get(*first..*end).unwrap_or_default().iter().max();
                        f32::from(highest.copied().unwrap_or_default())
                    }
                };
                let place = (number * slope + start).round();
                // Saturates at both ends.
                if let Some(colour) = table.get(usize::from(place as u8)) {
                    *pixel = *colour;
                }
            }
        }
        image
    }

    /// The rows of a picture, lowest first.
    fn rows(&self, look: &StftLook) -> Vec<Row> {
        let last = self.grid.fft.bins() - 1;
        let rows = look.rows.max(1);
        // Bins lie around whole numbers.
        let bin_at = |edge: f64| {
            let share = look.low + edge / rows as f64 * (look.high - look.low);
            (look.scale.hz_at(share) / self.grid.hz_per_bin()).clamp(0.0, last as f64)
        };
        let row = |index: usize| {
            let (low, high) = (bin_at(index as f64), bin_at(index as f64 + 1.0));
            let first = low.ceil() as usize;
            // Each bin is in one row; the highest of all is in the uppermost.
            let end = match index + 1 == rows && high >= last as f64 {
                true => last + 1,
                false => high.ceil() as usize,
            };
            if first < end {
                return Row::Highest { first, end };
            }
            let middle = bin_at(index as f64 + 0.5);
            let below = (middle as usize).min(last.saturating_sub(1));
            Row::Between {
                low: below,
                share: (middle - below as f64) as f32,
            }
        };
        (0..rows).map(row).collect()
    }
}
