//! Samples that come piece by piece to tiles.

use std::{ops::Range, sync::Arc};

use super::{STFT_COLUMNS, StftGrid, StftTile};
use crate::{Scale, level_db, transform::Transform};

/// Analysed samples that may wait to be dropped, so that dropping costs little per frame.
const MAX_STALE: usize = 1 << 16;

/// Turns the samples of a sound, from [`Self::first_sample`] on, into tiles. It holds one tile and little more.
pub struct StftMaker {
    grid: StftGrid,
    tiles: Range<usize>,
    transform: Transform,
    /// Samples, from `stale` on not yet analysed; silence before the sound.
    buffer: Vec<f32>,
    stale: usize,
    /// Number of the next frame.
    frame: u64,
    /// Number of the sample behind the last that was pushed.
    end: u64,
    first_sample: u64,
    column: Column,
    /// The columns of the first of the tiles so far, from the one before it on.
    mean: Vec<u16>,
    /// Empty where a column is a frame.
    loudest: Vec<u16>,
}

/// What a column is being made of.
struct Column {
    frames: u32,
    sums: Vec<f32>,
    most: Vec<f32>,
}

impl StftMaker {
    /// A maker of these tiles, before their first sample.
    pub fn new(grid: StftGrid, tiles: Range<usize>) -> Self {
        let (size, hop) = (grid.fft.get(), grid.fft.hop());
        // A column before the first tile, for what is drawn between two columns.
        let column = (tiles.start * STFT_COLUMNS).saturating_sub(1);
        let frame = (column as u64) << grid.level;
        // Windows begin so far before the place of their frame.
        let before = (size / 2 - hop / 2) as u64;
        let place = frame * hop as u64;
        let bins = grid.fft.bins();
        Self {
            grid,
            tiles,
            transform: Transform::new(size),
            buffer: vec![0.0; before.saturating_sub(place) as usize],
            stale: 0,
            frame,
            end: place.saturating_sub(before),
            first_sample: place.saturating_sub(before),
            column: Column {
                frames: 0,
                sums: vec![0.0; bins],
                most: vec![0.0; bins],
            },
            mean: Vec::new(),
            loudest: Vec::new(),
        }
    }

    /// The sample of the sound that is to be pushed first.
    pub fn first_sample(&self) -> u64 {
        self.first_sample
    }

    /// Takes the next samples and hands on the tiles that are whole; whether more samples are wanted.
    pub fn push(&mut self, samples: &[f32], done: &mut dyn FnMut(StftTile)) -> bool {
        self.end += samples.len() as u64;
        self.buffer.extend_from_slice(samples);
        self.analyse(u64::MAX, done)
    }

    /// The sound is over: hands on what is left.
    pub fn finish(mut self, done: &mut dyn FnMut(StftTile)) {
        if self.tiles.is_empty() {
            return;
        }
        // Every sample lies in the middle of a frame; what is behind the end is silence.
        let frames = self.end.div_ceil(self.grid.fft.hop() as u64);
        let missing = (frames.saturating_sub(self.frame) + 4) as usize * self.grid.fft.hop();
        self.buffer.extend(std::iter::repeat_n(0.0, missing));
        if !self.analyse(frames, done) {
            return;
        }
        if self.column.frames > 0 && !self.close_column(done) {
            return;
        }
        let bins = self.grid.fft.bins();
        let columns = (self.mean.len() / bins).saturating_sub(1);
        if columns > 0 {
            // Nothing follows the last column: it is its own neighbour.
            repeat_last(&mut self.mean, bins);
            repeat_last(&mut self.loudest, bins);
            done(self.tile(columns));
        }
    }

    /// Analyses every whole window of the buffer, up to a number of frames; whether more is wanted.
    fn analyse(&mut self, frames: u64, done: &mut dyn FnMut(StftTile)) -> bool {
        let (size, hop) = (self.grid.fft.get(), self.grid.fft.hop());
        while self.frame < frames && !self.tiles.is_empty() {
            let Some(window) = self.buffer.get(self.stale..self.stale + size) else {
                break;
            };
            let column = &mut self.column;
            let bins = self.transform.analyse(window).iter();
            let slots = column.sums.iter_mut().zip(&mut column.most);
            for ((sum, most), bin) in slots.zip(bins) {
                let power = bin.norm_sqr();
                *sum += power;
                *most = most.max(power);
            }
            column.frames += 1;
            self.stale += hop;
            self.frame += 1;
            if self.column.frames == 1 << self.grid.level && !self.close_column(done) {
                return false;
            }
        }
        if self.stale > MAX_STALE {
            let stale = self.stale.min(self.buffer.len());
            self.buffer.drain(..stale);
            self.stale -= stale;
        }
        !self.tiles.is_empty()
    }

    /// Closes the column, and the tile if it is its last; whether more tiles are wanted.
    fn close_column(&mut self, done: &mut dyn FnMut(StftTile)) -> bool {
        let bins = self.grid.fft.bins();
        // The window's sum is half its length, and half of a sine's amplitude goes to negative frequencies.
        let amplitude = 4.0 / self.grid.fft.get() as f32;
        let full_scale = amplitude * amplitude;
        let number = |power: f32| Scale::DECIBELS.quantise(level_db(power * full_scale));
        let column = &mut self.column;
        let each = 1.0 / column.frames.max(1) as f32;
        let means = column.sums.iter().map(|sum| number(sum * each));
        self.mean.extend(means);
        if self.grid.level > 0 {
            let most = column.most.iter().map(|most| number(*most));
            self.loudest.extend(most);
        }
        column.frames = 0;
        column.sums.fill(0.0);
        column.most.fill(0.0);
        if self.tiles.start == 0 && self.mean.len() == bins {
            // Nothing lies before the first column: it is its own neighbour.
            repeat_last(&mut self.mean, bins);
            repeat_last(&mut self.loudest, bins);
        }
        if self.mean.len() == (STFT_COLUMNS + 2) * bins {
            done(self.tile(STFT_COLUMNS));
            self.tiles.start += 1;
            // The last two columns are the first two of the next tile.
            self.mean.drain(..STFT_COLUMNS * bins);
            let stale = self.loudest.len().min(STFT_COLUMNS * bins);
            self.loudest.drain(..stale);
        }
        !self.tiles.is_empty()
    }

    fn tile(&self, columns: usize) -> StftTile {
        let mean: Arc<[u16]> = self.mean.as_slice().into();
        let loudest = match self.grid.level {
            0 => Arc::clone(&mean),
            _ => self.loudest.as_slice().into(),
        };
        StftTile::new(self.grid, self.tiles.start, columns, mean, loudest)
    }
}

/// Appends the last column once more.
fn repeat_last(columns: &mut Vec<u16>, bins: usize) {
    if let Some(start) = columns.len().checked_sub(bins) {
        columns.extend_from_within(start..);
    }
}
