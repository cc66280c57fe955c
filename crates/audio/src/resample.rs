//! Resampling by Fourier transform, piece by piece, with the delay of the filter taken off.

use rubato::{
    Fft, FixedSync, Resampler, WindowFunction, audioadapter_buffers::direct::InterleavedSlice,
};

/// Input frames of one transform, at least. The filter is as long: at 44.1 kHz its transition takes the last 1 % below half
/// the lower rate, and the stop-band is more than 100 dB down.
const BLOCK_FRAMES: usize = 4096;

/// Changes the rate of interleaved samples that come piece by piece. Output frame `n` lies at the time `n / to` of
/// the input (the filter's delay is taken off), and there are `ceil(frames * to / from)` of them.
pub(super) struct Resample {
    channels: usize,
    from: u32,
    to: u32,
    /// `None` where the rates are equal.
    fft: Option<Fft<f32>>,
    /// Interleaved input of a block that is not full yet.
    pending: Vec<f32>,
    /// Values of a full block.
    block_values: usize,
    output: Vec<f32>,
    /// Output frames still to be dropped: the filter's delay.
    skip: usize,
    frames_in: u64,
    frames_out: u64,
}

impl Resample {
    /// From and to rates in Hz; an error only for rates or channels of zero.
    pub(super) fn new(channels: usize, from: u32, to: u32) -> Result<Self, String> {
        if channels == 0 {
            return Err("no channels".to_owned());
        }
        if from == 0 || to == 0 {
            return Err("a sample rate of zero".to_owned());
        }
        let fft = if from == to {
            None
        } else {
            // Blocks are multiples of this. An even multiple makes the filter's delay, half a block, a whole number
            // on either side: an odd one would shift the sound by half a sample.
            let unit = from as usize / greatest_common_divisor(from, to) as usize;
            let block = unit * BLOCK_FRAMES.div_ceil(unit).next_multiple_of(2);
            let fft = Fft::new_custom(
                from as usize,
                to as usize,
                block,
                1,
                channels,
                WindowFunction::BlackmanHarris2,
                FixedSync::Both,
            )
            .map_err(|error| error.to_string())?;
            Some(fft)
        };
        let (block, output, skip) = fft.as_ref().map_or((0, 0, 0), |fft| {
            (
                fft.input_frames_next(),
                fft.output_frames_next(),
                fft.output_delay(),
            )
        });
        Ok(Self {
            channels,
            from,
            to,
            fft,
            pending: Vec::with_capacity(block * channels),
            block_values: block * channels,
            output: vec![0.0; output * channels],
            skip,
            frames_in: 0,
            frames_out: 0,
        })
    }

    pub(super) fn rate_in(&self) -> u32 {
        self.from
    }

    /// Takes whole frames and hands on what is ready.
    pub(super) fn push(
        &mut self,
        samples: &[f32],
        sink: &mut dyn FnMut(&[f32]),
    ) -> Result<(), String> {
        let frames = (samples.len() / self.channels) as u64;
        self.frames_in += frames;
        if self.fft.is_none() {
            self.frames_out += frames;
            sink(samples);
            return Ok(());
        }
        let mut rest = samples;
        while self.pending.len() + rest.len() >= self.block_values {
            let (head, tail) = rest.split_at(self.block_values - self.pending.len());
            self.pending.extend_from_slice(head);
            rest = tail;
            self.block(u64::MAX, sink)?;
        }
        self.pending.extend_from_slice(rest);
        Ok(())
    }

    /// Hands on what is left. Nothing may be pushed afterwards.
    pub(super) fn finish(&mut self, sink: &mut dyn FnMut(&[f32])) -> Result<(), String> {
        let wanted = (u128::from(self.frames_in) * u128::from(self.to))
            .div_ceil(u128::from(self.from)) as u64;
        while self.fft.is_some() && self.frames_out < wanted {
            // Silence follows the end.
            self.pending.resize(self.block_values, 0.0);
            self.block(wanted, sink)?;
        }
        Ok(())
    }

    /// Transforms a full block; no more than `wanted` frames are handed on in all.
    fn block(&mut self, wanted: u64, sink: &mut dyn FnMut(&[f32])) -> Result<(), String> {
        let Some(fft) = &mut self.fft else {
            return Ok(());
        };
        let frames_in = self.pending.len() / self.channels;
        let frames_out = self.output.len() / self.channels;
        let input = InterleavedSlice::new(&self.pending, self.channels, frames_in)
            .map_err(|error| error.to_string())?;
        let mut output = InterleavedSlice::new_mut(&mut self.output, self.channels, frames_out)
            .map_err(|error| error.to_string())?;
        let (_, made) = fft
            .process_into_buffer(&input, &mut output, None)
            .map_err(|error| error.to_string())?;
        self.pending.clear();
        let skipped = self.skip.min(made);
        self.skip -= skipped;
        let room = wanted.saturating_sub(self.frames_out);
        let ready = ((made - skipped) as u64).min(room) as usize;
        self.frames_out += ready as u64;
        let first = skipped * self.channels;
        if let Some(samples) = self.output.get(first..first + ready * self.channels)
            && !samples.is_empty()
        {
            sink(samples);
        }
        Ok(())
    }
}

fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resample(samples: &[f32], channels: usize, from: u32, to: u32, piece: usize) -> Vec<f32> {
        let mut resample = Resample::new(channels, from, to).unwrap();
        let mut out = Vec::new();
        for part in samples.chunks(piece * channels) {
            resample
                .push(part, &mut |samples| out.extend_from_slice(samples))
                .unwrap();
        }
        resample
            .finish(&mut |samples| out.extend_from_slice(samples))
            .unwrap();
        out
    }

    fn tone(hz: f64, rate: u32, frames: usize) -> Vec<f32> {
        (0..frames)
            .map(|n| (std::f64::consts::TAU * hz * n as f64 / f64::from(rate)).sin() as f32)
            .collect()
    }

    #[test]
    fn a_tone_keeps_its_phase_and_level_at_any_pair_of_rates() {
        for (from, to) in [
            (44_100, 16_000),
            (48_000, 16_000),
            (8_000, 16_000),
            (11_127, 16_000),
            (16_000, 44_100),
            (22_050, 48_000),
        ] {
            let frames = from as usize;
            let out = resample(&tone(440.0, from, frames), 1, from, to, 1000);
            assert_eq!(out.len(), to as usize, "{from} to {to}");
            let ideal = tone(440.0, to, to as usize);
            let middle = 2000..to as usize - 2000;
            let worst = out[middle.clone()]
                .iter()
                .zip(&ideal[middle])
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(worst < 2e-5, "{from} to {to}: {worst}");
        }
    }

    #[test]
    fn what_cannot_be_stored_at_the_lower_rate_is_100_db_down() {
        let out = resample(&tone(8_400.0, 44_100, 44_100), 1, 44_100, 16_000, 5000);
        let worst = out[2000..14_000]
            .iter()
            .fold(0.0_f32, |a, b| a.max(b.abs()));
        assert!(worst < 1e-5, "{worst}");
    }

    #[test]
    fn pieces_do_not_matter_and_lengths_are_rounded_up() {
        for frames in [0, 1, 2, 440, 441, 442, 4410, 10_001] {
            let samples = tone(1000.0, 44_100, frames);
            let whole = resample(&samples, 1, 44_100, 16_000, usize::MAX);
            assert_eq!(whole.len(), (frames * 160).div_ceil(441));
            assert_eq!(whole, resample(&samples, 1, 44_100, 16_000, 7));
        }
    }

    #[test]
    fn channels_stay_apart() {
        let left = tone(440.0, 44_100, 20_000);
        let interleaved: Vec<f32> = left.iter().flat_map(|l| [*l, 0.0]).collect();
        let out = resample(&interleaved, 2, 44_100, 48_000, 999);
        assert!(out.iter().skip(1).step_by(2).all(|right| *right == 0.0));
        let mono = resample(&left, 1, 44_100, 48_000, 999);
        let kept: Vec<f32> = out.iter().step_by(2).copied().collect();
        assert_eq!(kept, mono);
    }
}
