//! Sound of which each track has its own, the same at every run.

use std::f32::consts::TAU;

/// White noise of a seed, from -0.5 to 0.5.
pub fn hiss(seed: u32) -> impl Iterator<Item = f32> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    })
}

/// 4 s at 16 kHz: a tone whose pitch tells the track, with a little noise.
pub fn hissing_tone(track: u32, hiss_level: f32) -> Vec<f32> {
    let pitch = 110.0 * 1.3_f32.powi(track as i32);
    (0..64_000)
        .zip(hiss(track + 1))
        .map(|(n, hiss)| {
            let phase = n as f32 / 16_000.0 * pitch * TAU;
            0.5 * phase.sin() + hiss_level * hiss
        })
        .collect()
}
