//! Sounds to measure with.

use std::{
    f32::consts::TAU,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use mynascope_audio as audio;

/// Rate of the sounds: that of CDs, so that resampling is part of the work.
pub const RATE: u32 = 44_100;

/// Writes a chord with a slow tremolo and some noise, which is another one each time.
pub fn write(path: &Path, duration_secs: f64) -> anyhow::Result<()> {
    let samples = (duration_secs * f64::from(RATE)) as usize;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut state = now.map_or(1, |now| now.subsec_nanos());
    let sound: Vec<f32> = (0..samples)
        .map(|sample| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
            // Whole seconds are left out of the angle: f32 has no room for them.
            let secs = (sample % (4 * RATE as usize)) as f32 / RATE as f32;
            let tone = |hz: f32| (TAU * hz * secs).sin();
            let tremolo = 0.6 + 0.4 * tone(0.25);
            0.2 * tremolo * (tone(220.0) + tone(277.25) + tone(330.0)) + 0.02 * noise
        })
        .collect();
    audio::write_wav(path, &sound, RATE)?;
    Ok(())
}
