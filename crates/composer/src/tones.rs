//! Instruments made of decaying partials and of strings: piano, electric piano, bells, basses, organ, flute, plucks.

use crate::{
    RATE,
    effects::Filter,
    maths::{Noise, cos_turns, decay, exp2, sin_turns, soften},
};

/// A sine that dies away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Partial {
    pub hz: f32,
    pub level: f32,
    pub half_life_secs: f32,
}

/// The sum of partials, each as a rotating and shrinking vector: two multiplications more than a plain sum.
/// Partials above the range of the file are left out.
pub(super) fn bank(partials: &[Partial], secs: f32) -> Vec<f32> {
    let mut out = silence(secs);
    for partial in partials.iter().filter(|partial| partial.hz < 0.47 * RATE) {
        let turns = partial.hz / RATE;
        let shrink = decay(partial.half_life_secs, RATE);
        let (turn_re, turn_im) = (cos_turns(turns) * shrink, sin_turns(turns) * shrink);
        let (mut re, mut im) = (partial.level, 0.0_f32);
        // Below -90 dB of full scale nothing is heard.
        let audible = (partial.half_life_secs * 15.0 * RATE) as usize;
        for sample in out.iter_mut().take(audible) {
            *sample += im;
            (re, im) = (re * turn_re - im * turn_im, re * turn_im + im * turn_re);
        }
    }
    out
}

/// Silence of a length.
pub(super) fn silence(secs: f32) -> Vec<f32> {
    vec![0.0; (secs.max(0.0) * RATE) as usize]
}

/// Fades a sound in and out along straight lines.
pub(super) fn fade(sound: &mut [f32], attack_secs: f32, release_secs: f32) {
    let attack = (attack_secs * RATE).max(1.0);
    let release = (release_secs * RATE).max(1.0);
    for (index, sample) in sound.iter_mut().enumerate().take(attack as usize) {
        *sample *= index as f32 / attack;
    }
    for (index, sample) in sound.iter_mut().rev().enumerate().take(release as usize) {
        *sample *= index as f32 / release;
    }
}

/// A piano note: stiff strings (partials sharper than harmonic), high partials that die first, two strings a hair
/// apart that beat, and the knock of the hammer.
pub(super) fn piano(hz: f32, secs: f32, velocity: f32, noise: &mut Noise) -> Vec<f32> {
    let stiffness = 0.000_25 * (hz / 262.0);
    let count = ((7500.0 / hz) as i32).clamp(3, 16);
    let mut partials = Vec::new();
    for number in 1..=count {
        let n = number as f32;
        let stretched = n * hz * (1.0 + stiffness * n * n).sqrt();
        // The hammer strikes at an eighth of the string: partials near every eighth are weak.
        let strike = sin_turns(n / 16.0).abs() + 0.15;
        // Harder notes are brighter: at full force partial 16 is 35 dB below the first.
        let level = velocity * strike * exp2(-(2.0 - 0.8 * velocity) * (n.sqrt() * 1.6 - 1.6));
        let half_life = 0.75 * (262.0 / hz).sqrt() / (1.0 + 0.22 * n);
        for (detune, share, longer) in [(1.0, 0.6, 1.0), (1.000_7, 0.4, 1.9)] {
            partials.push(Partial {
                hz: stretched * detune,
                level: level * share,
                half_life_secs: half_life * longer,
            });
        }
    }
    let mut sound = bank(&partials, secs);
    let mut wood = Filter::new(900.0, 1.2, RATE);
    let fall = decay(0.006, RATE);
    let mut knock = 0.22 * velocity;
    for sample in sound.iter_mut().take((0.06 * RATE) as usize) {
        *sample += wood.band(noise.next()) * knock;
        knock *= fall;
    }
    fade(&mut sound, 0.0015, 0.06);
    sound
}

/// An electric piano: frequency modulation (Chowning 1973), a soft body and a short bright tine.
pub(super) fn electric_piano(hz: f32, secs: f32, velocity: f32) -> Vec<f32> {
    let mut sound = silence(secs);
    let step = hz / RATE;
    let (body_fall, tine_fall, level_fall) = (
        decay(0.35, RATE),
        decay(0.07, RATE),
        decay(0.55 * (262.0 / hz).sqrt(), RATE),
    );
    let tine_ratio = if hz < 500.0 { 14.0 } else { 7.0 };
    let (mut index, mut tine, mut level) = (0.30 * velocity, 0.10 * velocity, velocity);
    let (mut phase, mut tine_phase, mut wobble) = (0.0_f32, 0.0_f32, 0.0_f32);
    for sample in &mut sound {
        let body = sin_turns(phase + index * sin_turns(phase));
        let ping = sin_turns(phase + tine * sin_turns(tine_phase));
        *sample = level * (0.7 * body + 0.3 * ping) * (1.0 + 0.18 * sin_turns(wobble));
        phase = wrap(phase + step);
        tine_phase = wrap(tine_phase + (step * tine_ratio).min(0.45));
        wobble = wrap(wobble + 5.2 / RATE);
        index *= body_fall;
        tine *= tine_fall;
        level *= level_fall;
    }
    fade(&mut sound, 0.003, 0.05);
    sound
}

/// A phase within one turn.
pub(super) fn wrap(phase: f32) -> f32 {
    if phase >= 1.0 { phase - 1.0 } else { phase }
}

/// A struck bar or bell: few partials far from harmonic. `ring` is the half-life of the lowest.
pub(super) fn bell(hz: f32, secs: f32, velocity: f32, ring: f32) -> Vec<f32> {
    // A free bar: 1 : 2.76 : 5.40 : 8.93 (Fletcher and Rossing, "The Physics of Musical Instruments"), with an octave.
    let partials = [
        (1.0, 1.0, 1.0),
        (2.0, 0.35, 0.7),
        (2.76, 0.22, 0.45),
        (5.4, 0.16, 0.22),
        (8.93, 0.07, 0.12),
    ]
    .map(|(ratio, level, life)| Partial {
        hz: hz * ratio,
        level: velocity * level,
        half_life_secs: ring * life,
    });
    let mut sound = bank(&partials, secs);
    fade(&mut sound, 0.002, 0.05);
    sound
}

/// A plucked double bass: round, with a short growl.
pub(super) fn upright_bass(hz: f32, secs: f32, velocity: f32, noise: &mut Noise) -> Vec<f32> {
    let partials: Vec<Partial> = (1..=9)
        .map(|number| {
            let n = number as f32;
            Partial {
                hz: hz * n * (1.0 + 0.000_3 * n * n),
                level: velocity * if number == 1 { 0.9 } else { 0.9 / n },
                half_life_secs: 0.45 / (0.5 + 0.5 * n),
            }
        })
        .collect();
    let mut sound = bank(&partials, secs);
    let mut finger = Filter::new(700.0, 1.0, RATE);
    let fall = decay(0.008, RATE);
    let mut level = 0.25 * velocity;
    for sample in sound.iter_mut().take((0.05 * RATE) as usize) {
        *sample += finger.band(noise.next()) * level;
        level *= fall;
    }
    fade(&mut sound, 0.006, 0.03);
    sound
}

/// A deep electric bass: a sine with its second and third partial, gently driven.
pub(super) fn deep_bass(hz: f32, secs: f32, velocity: f32) -> Vec<f32> {
    let mut sound = silence(secs);
    let (step, fall) = (hz / RATE, decay(0.8, RATE));
    let (mut phase, mut level) = (0.0_f32, velocity);
    for sample in &mut sound {
        let tone = sin_turns(phase) + 0.35 * sin_turns(2.0 * phase) + 0.12 * sin_turns(3.0 * phase);
        *sample = soften(1.3 * level * tone);
        phase = wrap(phase + step);
        level *= fall;
    }
    fade(&mut sound, 0.008, 0.04);
    sound
}

/// A drawbar organ.
pub(super) fn organ(hz: f32, secs: f32, velocity: f32) -> Vec<f32> {
    const BARS: [(f32, f32); 6] = [
        (0.5, 0.25),
        (1.0, 0.8),
        (2.0, 0.6),
        (3.0, 0.35),
        (4.0, 0.3),
        (6.0, 0.12),
    ];
    let partials = BARS.map(|(ratio, level)| Partial {
        hz: hz * ratio,
        level: 0.5 * velocity * level,
        half_life_secs: 20.0,
    });
    let mut sound = bank(&partials, secs);
    fade(&mut sound, 0.006, 0.03);
    sound
}

/// A wind instrument: few partials, vibrato that sets in late, breath. `reed` 0 is a flute, 1 a melodica.
pub(super) fn wind(hz: f32, secs: f32, velocity: f32, reed: f32, noise: &mut Noise) -> Vec<f32> {
    let mut sound = silence(secs);
    let mut breath = Filter::new(hz * 2.0, 1.5, RATE);
    let step = hz / RATE;
    let (mut phase, mut vibrato) = (0.0_f32, 0.0_f32);
    let top = ((0.4 * RATE / hz) as i32).clamp(1, 9);
    for (index, sample) in sound.iter_mut().enumerate() {
        let depth = (index as f32 / (0.35 * RATE)).min(1.0);
        let mut tone =
            sin_turns(phase) + 0.28 * sin_turns(2.0 * phase) + 0.10 * sin_turns(3.0 * phase);
        if reed > 0.0 {
            for number in 2..=top {
                let n = number as f32;
                tone += reed * sin_turns(n * phase) * 0.75 / n;
            }
        }
        *sample = velocity
            * (tone * (1.0 + 0.12 * depth * sin_turns(vibrato))
                + 0.35 * (1.0 - reed) * breath.band(noise.next()));
        phase = wrap(phase + step * (1.0 + 0.006 * depth * sin_turns(vibrato)));
        vibrato = wrap(vibrato + 5.3 / RATE);
    }
    fade(&mut sound, 0.04, 0.07);
    sound
}

/// A plucked string (Karplus and Strong 1983, tuned by an all-pass as of Jaffe and Smith 1983) at any sample rate.
/// `bright` 0 to 1 is the pick, `half_life_secs` how long it rings, `muted` 0 to 1 the palm on it.
pub(super) fn pluck(hz: f32, secs: f32, tone: Pluck, rate: f32, noise: &mut Noise) -> Vec<f32> {
    let damping = 0.5 * tone.muted + 0.5 * (1.0 - tone.bright) * 0.6;
    // The averaging filter delays by `damping` samples at low frequencies.
    let period = rate / hz - damping;
    let length = ((period - 0.3) as usize).max(2);
    let rest = period - length as f32;
    let pass = (1.0 - rest) / (1.0 + rest);
    let mut string = vec![0.0_f32; length];
    let mut pick = Filter::new(600.0 + 9000.0 * tone.bright * tone.bright, 0.6, rate);
    for sample in &mut string {
        *sample = pick.low(noise.next());
    }
    // Plucked at a fifth of its length: every fifth partial is missing.
    let shifted: Vec<f32> = string
        .iter()
        .cycle()
        .skip(length - length / 5)
        .take(length)
        .copied()
        .collect();
    for (sample, behind) in string.iter_mut().zip(shifted) {
        *sample -= 0.9 * behind;
    }
    let mean = string.iter().sum::<f32>() / length as f32;
    for sample in &mut string {
        *sample -= mean;
    }
    let keep = decay(tone.half_life_secs * hz, 1.0);
    let (mut before, mut pass_in, mut pass_out) = (0.0_f32, 0.0_f32, 0.0_f32);
    let mut out = vec![0.0_f32; (secs.max(0.0) * rate) as usize];
    let mut place = 0;
    for sample in &mut out {
        let Some(slot) = string.get_mut(place) else {
            break;
        };
        let current = *slot;
        let dull = keep * ((1.0 - damping) * current + damping * before);
        before = current;
        pass_out = pass * (dull - pass_out) + pass_in;
        pass_in = dull;
        *slot = pass_out;
        *sample = tone.velocity * current;
        place += 1;
        if place == length {
            place = 0;
        }
    }
    let release = ((0.04 * rate) as usize).max(1);
    for (index, sample) in out.iter_mut().rev().enumerate().take(release) {
        *sample *= index as f32 / release as f32;
    }
    out
}

/// How a string is plucked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pluck {
    pub velocity: f32,
    pub bright: f32,
    pub half_life_secs: f32,
    pub muted: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The strength of one frequency in a sound.
    fn strength(sound: &[f32], hz: f64, rate: f64) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (index, &sample) in sound.iter().enumerate() {
            let way = index as f64 / sound.len() as f64;
            let window = 0.5 - 0.5 * (std::f64::consts::TAU * way).cos();
            let turn = std::f64::consts::TAU * hz * index as f64 / rate;
            re += window * f64::from(sample) * turn.cos();
            im += window * f64::from(sample) * turn.sin();
        }
        re.hypot(im)
    }

    /// How far the strongest frequency near `hz` is from it, in cents.
    fn mistuning(sound: &[f32], hz: f32, rate: f32) -> i32 {
        let at = |cents: i32| {
            let hz = f64::from(hz) * (f64::from(cents) / 1200.0).exp2();
            strength(sound, hz, f64::from(rate))
        };
        (-60..=60)
            .step_by(3)
            .max_by(|&a, &b| at(a).total_cmp(&at(b)))
            .unwrap()
    }

    #[test]
    fn instruments_are_in_tune() {
        let mut noise = Noise::new(1);
        for midi in [40.0, 55.0, 69.0, 81.0] {
            let hz = crate::maths::hz(midi);
            for (bright, muted) in [(0.9, 0.0), (0.65, 0.0), (0.45, 0.5)] {
                let tone = Pluck {
                    velocity: 1.0,
                    bright,
                    half_life_secs: 0.6,
                    muted,
                };
                for rate in [RATE, 2.0 * RATE] {
                    let sound = pluck(hz, 0.5, tone, rate, &mut noise);
                    let off = mistuning(&sound, hz, rate);
                    assert!(
                        off.abs() <= 6,
                        "string at {hz} Hz, bright {bright}, muted {muted}: {off} cents"
                    );
                }
            }
            for (name, sound) in [
                ("piano", piano(hz, 0.5, 0.8, &mut noise)),
                ("bass", upright_bass(hz, 0.5, 0.8, &mut noise)),
                ("electric piano", electric_piano(hz, 0.5, 0.8)),
                ("wind", wind(hz, 0.5, 0.8, 1.0, &mut noise)),
                ("organ", organ(hz, 0.5, 0.8)),
            ] {
                let off = mistuning(&sound, hz, RATE);
                assert!(off.abs() <= 9, "{name} at {hz} Hz: {off} cents");
            }
        }
    }
}
