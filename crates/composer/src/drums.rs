//! Drums and cymbals.

use crate::{
    RATE,
    effects::Filter,
    maths::{Noise, decay, exp2, sin_turns, soften},
    tones::{Partial, bank, fade, silence, wrap},
};

/// A drum whose pitch falls from `from_hz` to `to_hz`: kick or tom, with a click of its beater.
pub(super) fn kick(
    from_hz: f32,
    to_hz: f32,
    half_life_secs: f32,
    click: f32,
    noise: &mut Noise,
) -> Vec<f32> {
    let mut sound = silence((half_life_secs * 7.0).min(0.9));
    let (fall, pitch_fall, click_fall) = (
        decay(half_life_secs, RATE),
        decay(0.018, RATE),
        decay(0.003, RATE),
    );
    let (mut phase, mut bend, mut level, mut click) = (0.0_f32, from_hz - to_hz, 1.0_f32, click);
    for sample in &mut sound {
        *sample = level * soften(1.4 * sin_turns(phase)) + click * noise.next();
        phase = wrap(phase + (to_hz + bend) / RATE);
        bend *= pitch_fall;
        level *= fall;
        click *= click_fall;
    }
    fade(&mut sound, 0.0006, 0.02);
    sound
}

/// A snare: two modes of the skin and the rattle of the wires.
pub(super) fn snare(tone_hz: f32, rattle: f32, half_life_secs: f32, noise: &mut Noise) -> Vec<f32> {
    let skin = [(1.0, 0.7), (1.78, 0.4)].map(|(ratio, level)| Partial {
        hz: tone_hz * ratio,
        level,
        half_life_secs: 0.035,
    });
    let mut sound = bank(&skin, half_life_secs * 7.0);
    burst(&mut sound, 1400.0, 0.9 * rattle, half_life_secs, noise);
    fade(&mut sound, 0.0005, 0.02);
    sound
}

/// Adds noise above a frequency that dies away.
fn burst(sound: &mut [f32], above_hz: f32, level: f32, half_life_secs: f32, noise: &mut Noise) {
    let mut thin = Filter::new(above_hz, 0.8, RATE);
    let fall = decay(half_life_secs, RATE);
    let mut level = level;
    for sample in sound {
        *sample += level * thin.high(noise.next());
        level *= fall;
    }
}

/// Metal: partials far from harmonic between two frequencies, over hiss. A closed hat is short, a ride or crash long.
pub(super) struct Metal {
    pub from_hz: f32,
    pub to_hz: f32,
    pub half_life_secs: f32,
    /// Share of noise, 0 to 1.
    pub hiss: f32,
}

/// The pedal hat, closed.
pub(super) const HAT: Metal = Metal {
    from_hz: 5200.0,
    to_hz: 13_500.0,
    half_life_secs: 0.022,
    hiss: 0.7,
};
/// The pedal hat, open.
pub(super) const OPEN_HAT: Metal = Metal {
    from_hz: 4800.0,
    to_hz: 13_500.0,
    half_life_secs: 0.12,
    hiss: 0.7,
};
/// A ride cymbal with its ping.
pub(super) const RIDE: Metal = Metal {
    from_hz: 2900.0,
    to_hz: 11_000.0,
    half_life_secs: 0.22,
    hiss: 0.35,
};
/// A crash.
pub(super) const CRASH: Metal = Metal {
    from_hz: 1800.0,
    to_hz: 13_000.0,
    half_life_secs: 0.4,
    hiss: 0.8,
};

/// A stroke on metal.
pub(super) fn cymbal(metal: &Metal, noise: &mut Noise) -> Vec<f32> {
    const PARTIALS: usize = 14;
    let span = metal.to_hz / metal.from_hz;
    let partials: Vec<Partial> = (0..PARTIALS)
        .map(|number| {
            let place = (number as f32 + 0.5 * noise.next()) / PARTIALS as f32;
            Partial {
                // Even steps in octaves: log2 by its series is not needed, a square spreads well enough.
                hz: metal.from_hz
                    * (1.0 + (span - 1.0) * place.max(0.0) * (0.4 + 0.6 * place.max(0.0))),
                level: (1.0 - metal.hiss) * 0.16,
                half_life_secs: metal.half_life_secs * (1.3 - 0.6 * place),
            }
        })
        .collect();
    let mut sound = bank(&partials, (metal.half_life_secs * 7.0).min(2.5));
    burst(
        &mut sound,
        metal.from_hz * 1.2,
        metal.hiss * 0.6,
        metal.half_life_secs * 0.7,
        noise,
    );
    fade(&mut sound, 0.0006, 0.02);
    sound
}

/// Several hands that do not clap at the same time.
pub(super) fn clap(noise: &mut Noise) -> Vec<f32> {
    let mut sound = silence(0.35);
    let mut hands = Filter::new(1500.0, 1.1, RATE);
    let samples_of_ms = RATE / 1000.0;
    let mut tail = 0.0_f32;
    let fall = decay(0.035, RATE);
    for (index, sample) in sound.iter_mut().enumerate() {
        let ms = index as f32 / samples_of_ms;
        let early = if ms < 30.0 {
            exp2(-(ms % 10.0) / 2.0)
        } else {
            0.0
        };
        if (30.0..30.1).contains(&ms) {
            tail = 1.0;
        }
        *sample = 1.8 * (early + tail) * hands.band(noise.next());
        tail *= fall;
    }
    fade(&mut sound, 0.0005, 0.02);
    sound
}

/// A stick on the rim.
pub(super) fn rim(noise: &mut Noise) -> Vec<f32> {
    let partials = [
        (1700.0, 0.6, 0.008),
        (2500.0, 0.4, 0.006),
        (520.0, 0.5, 0.012),
    ]
    .map(|(hz, level, half_life_secs)| Partial {
        hz,
        level,
        half_life_secs,
    });
    let mut sound = bank(&partials, 0.12);
    burst(&mut sound, 2500.0, 0.3, 0.006, noise);
    fade(&mut sound, 0.0004, 0.02);
    sound
}

/// A shaker: noise that swells and falls.
pub(super) fn shaker(noise: &mut Noise) -> Vec<f32> {
    let mut sound = silence(0.12);
    burst(&mut sound, 6000.0, 0.5, 0.03, noise);
    fade(&mut sound, 0.02, 0.04);
    sound
}

/// The console's noise channel: a random level held for `hold` samples.
pub(super) fn console_noise(hold: usize, half_life_secs: f32, noise: &mut Noise) -> Vec<f32> {
    let mut sound = silence(half_life_secs * 7.0);
    let fall = decay(half_life_secs, RATE);
    let mut level = 1.0_f32;
    for slice in sound.chunks_mut(hold.max(1)) {
        let held = if noise.next() > 0.0 { 0.6 } else { -0.6 };
        for sample in slice {
            *sample = held * level;
            level *= fall;
        }
    }
    fade(&mut sound, 0.0003, 0.01);
    sound
}
