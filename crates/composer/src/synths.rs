//! Electronic voices: band-limited pulses and saws, pads, an acid bass, a distorted guitar.

use crate::{
    RATE,
    effects::Filter,
    maths::{Noise, decay, exp2, sin_turns, soften},
    tones::{Pluck, fade, pluck, silence, wrap},
};

/// The correction of a step at phase 0 that keeps it below half the sample rate (Välimäki and Huovilainen 2007,
/// "Antialiasing oscillators", polynomial form).
fn step_correction(phase: f32, step: f32) -> f32 {
    if phase < step {
        let x = phase / step;
        2.0 * x - x * x - 1.0
    } else if phase > 1.0 - step {
        let x = (phase - 1.0) / step;
        x * x + 2.0 * x + 1.0
    } else {
        0.0
    }
}

/// A saw at a phase that moves by `step` a sample.
fn saw(phase: f32, step: f32) -> f32 {
    2.0 * phase - 1.0 - step_correction(phase, step)
}

/// A pulse, the difference of two saws.
fn pulse_at(phase: f32, step: f32, duty: f32) -> f32 {
    saw(phase, step) - saw(wrap(phase + duty), step)
}

/// A pulse of a game console: `duty` of 1/8, 1/4 or 1/2, volume in sixteen steps, vibrato after a while.
pub(super) fn pulse(hz: f32, secs: f32, velocity: f32, duty: f32, half_life_secs: f32) -> Vec<f32> {
    let mut sound = silence(secs);
    let (mut phase, mut vibrato, mut level) = (0.0_f32, 0.0_f32, 15.99_f32);
    let fall = decay(half_life_secs, RATE);
    for (index, sample) in sound.iter_mut().enumerate() {
        let depth = if index as f32 > 0.18 * RATE {
            0.008
        } else {
            0.0
        };
        let step = hz / RATE * (1.0 + depth * sin_turns(vibrato));
        let volume = (level as i32) as f32 / 15.0;
        *sample = velocity * volume * pulse_at(phase, step, duty);
        phase = wrap(phase + step);
        vibrato = wrap(vibrato + 6.0 / RATE);
        level *= fall;
    }
    fade(&mut sound, 0.001, 0.004);
    sound
}

/// Pitches that follow each other many times a second on one pulse: a chord of a console with too few voices.
pub(super) fn arpeggio(
    pitches_hz: &[f32],
    secs: f32,
    velocity: f32,
    duty: f32,
    each_secs: f32,
) -> Vec<f32> {
    let mut sound = silence(secs);
    let each = (each_secs * RATE).max(1.0) as usize;
    let mut phase = 0.0_f32;
    for (slice, &hz) in sound.chunks_mut(each).zip(pitches_hz.iter().cycle()) {
        let step = hz / RATE;
        for sample in slice {
            *sample = velocity * pulse_at(phase, step, duty);
            phase = wrap(phase + step);
        }
    }
    fade(&mut sound, 0.001, 0.006);
    sound
}

/// The console's bass: a triangle in sixteen steps of height.
pub(super) fn triangle(hz: f32, secs: f32, velocity: f32) -> Vec<f32> {
    let mut sound = silence(secs);
    let step = hz / RATE;
    let mut phase = 0.0_f32;
    let mut smooth = Filter::new(9000.0, 0.7, RATE);
    for sample in &mut sound {
        let height = if phase < 0.5 {
            4.0 * phase - 1.0
        } else {
            3.0 - 4.0 * phase
        };
        let stepped = ((height * 7.5 + 8.0) as i32) as f32 / 7.5 - 1.0;
        *sample = velocity * smooth.low(stepped);
        phase = wrap(phase + step);
    }
    fade(&mut sound, 0.001, 0.008);
    sound
}

/// How a pad opens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    pub from_hz: f32,
    pub to_hz: f32,
    pub attack_secs: f32,
    pub release_secs: f32,
}

/// A chord of three detuned saws a note behind a filter that opens slowly.
pub(super) fn pad(pitches_hz: &[f32], secs: f32, velocity: f32, opening: Opening) -> Vec<f32> {
    let mut sound = silence(secs);
    let samples = sound.len().max(1) as f32;
    for (number, &hz) in pitches_hz.iter().enumerate() {
        for (voice, detune) in [0.9945_f32, 1.0, 1.0061].into_iter().enumerate() {
            let step = hz * detune / RATE;
            let mut phase = (number as f32 * 0.37 + voice as f32 * 0.29) % 1.0;
            for sample in &mut sound {
                *sample += saw(phase, step);
                phase = wrap(phase + step);
            }
        }
    }
    let gain = velocity / (3.0 * pitches_hz.len().max(1) as f32).sqrt();
    let mut first = Filter::new(opening.from_hz, 0.8, RATE);
    let mut second = first.clone();
    for (index, slice) in sound.chunks_mut(64).enumerate() {
        let way = index as f32 * 64.0 / samples;
        // Up to the middle and back.
        let open = 1.0 - (2.0 * way - 1.0).abs();
        let hz = opening.from_hz + (opening.to_hz - opening.from_hz) * open;
        first.tune(hz, 0.8, RATE);
        second.tune(hz, 0.6, RATE);
        for sample in slice {
            *sample = gain * second.low(first.low(*sample));
        }
    }
    fade(&mut sound, opening.attack_secs, opening.release_secs);
    sound
}

/// How an acid note is played.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acid {
    /// Where the filter falls to.
    pub cutoff_hz: f32,
    /// How many octaves it starts above that.
    pub octaves: f32,
    /// 1 to 12.
    pub resonance: f32,
    pub velocity: f32,
}

/// A note of an acid bass: a saw behind a resonant filter that falls, driven.
pub(super) fn acid(hz: f32, secs: f32, tone: Acid) -> Vec<f32> {
    let mut sound = silence(secs);
    let step = hz / RATE;
    let mut phase = 0.0_f32;
    let mut first = Filter::new(tone.cutoff_hz, 0.7, RATE);
    let mut second = first.clone();
    let (mut open, fall) = (tone.octaves, decay(0.06, RATE / 16.0));
    for slice in sound.chunks_mut(16) {
        let cutoff = (tone.cutoff_hz * exp2(open)).min(9000.0);
        first.tune(cutoff, 0.7, RATE);
        second.tune(cutoff, tone.resonance, RATE);
        open *= fall;
        for sample in slice {
            let filtered = second.low(first.low(saw(phase, step)));
            *sample = tone.velocity * soften(1.6 * filtered);
            phase = wrap(phase + step);
        }
    }
    fade(&mut sound, 0.002, 0.01);
    sound
}

/// A short chord of saws with a falling filter.
pub(super) fn stab(pitches_hz: &[f32], secs: f32, velocity: f32, cutoff_hz: f32) -> Vec<f32> {
    let opening = Opening {
        from_hz: cutoff_hz,
        to_hz: cutoff_hz,
        attack_secs: 0.003,
        release_secs: 0.05,
    };
    let mut sound = pad(pitches_hz, secs, velocity, opening);
    let fall = decay(0.09, RATE);
    let mut level = 1.0_f32;
    for sample in &mut sound {
        *sample *= level;
        level *= fall;
    }
    sound
}

/// The guitar is made at twice the rate, so that what the distortion adds above the range can be filtered away.
const GUITAR_RATE: f32 = 2.0 * RATE;

/// Strings struck together through an amplifier: tightened, overdriven, and a loudspeaker that ends at 4.5 kHz.
/// `muted` 0 rings, 1 is the palm's chug.
pub(super) fn power_chord(
    pitches_hz: &[f32],
    secs: f32,
    muted: f32,
    drive: f32,
    noise: &mut Noise,
) -> Vec<f32> {
    let mut sound = vec![0.0_f32; (secs.max(0.0) * GUITAR_RATE) as usize];
    for &hz in pitches_hz {
        let tone = Pluck {
            velocity: 0.8,
            bright: 0.8 - 0.35 * muted,
            half_life_secs: if muted > 0.5 { 0.07 } else { 1.6 },
            muted: 0.5 * muted,
        };
        for (out, string) in sound
            .iter_mut()
            .zip(pluck(hz, secs, tone, GUITAR_RATE, noise))
        {
            *out += string;
        }
    }
    amplify(&sound, drive)
}

/// A single note that sings: a saw with vibrato through the same amplifier.
pub(super) fn lead_guitar(hz: f32, secs: f32, drive: f32) -> Vec<f32> {
    let mut sound = vec![0.0_f32; (secs.max(0.0) * GUITAR_RATE) as usize];
    let (mut phase, mut vibrato) = (0.0_f32, 0.0_f32);
    for (index, sample) in sound.iter_mut().enumerate() {
        let depth = (index as f32 / (0.3 * GUITAR_RATE)).min(1.0) * 0.009;
        let step = hz / GUITAR_RATE * (1.0 + depth * sin_turns(vibrato));
        *sample = 0.5 * saw(phase, step);
        phase = wrap(phase + step);
        vibrato = wrap(vibrato + 5.8 / GUITAR_RATE);
    }
    let mut out = amplify(&sound, drive);
    fade(&mut out, 0.006, 0.03);
    out
}

fn amplify(sound: &[f32], drive: f32) -> Vec<f32> {
    let mut tight = Filter::new(110.0, 0.7, GUITAR_RATE);
    let mut mids = Filter::new(900.0, 0.9, GUITAR_RATE);
    let mut speaker = Filter::new(4500.0, 1.1, GUITAR_RATE);
    let mut cone = Filter::new(5200.0, 0.6, GUITAR_RATE);
    let mut edge = Filter::new(7500.0, 0.7, GUITAR_RATE);
    let mut out: Vec<f32> = sound
        .chunks(2)
        .map(|pair| {
            pair.iter().fold(0.0, |_, &input| {
                let tightened = tight.high(input);
                let pushed = soften(drive * (tightened + 0.6 * mids.band(tightened)));
                edge.low(cone.low(speaker.low(pushed)))
            })
        })
        .collect();
    fade(&mut out, 0.001, 0.012);
    out
}
