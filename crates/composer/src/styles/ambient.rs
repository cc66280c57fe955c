//! Slow chords in a vast room, bells, wind.

use crate::{
    RATE, SECONDS,
    effects::Filter,
    maths::{exp2, hz, sin_turns},
    song::{Finish, Send, Song},
    synths::{Opening, pad},
    theory::pick,
    tones::{bell, deep_bass, fade, silence, wind},
};

pub(super) fn play(song: &mut Song, variant: usize) -> Finish {
    song.loose_secs = 0.03;
    let bars = song.bars(4.0);
    let progression: &[i32] = if song.key.minor {
        pick(
            &mut song.dice,
            &[&[0, 5], &[0, 3, 5, 6], &[0, 2, 5]],
            &[0, 5],
        )
    } else {
        pick(
            &mut song.dice,
            &[&[0, 3], &[0, 5, 3, 4], &[0, 2, 3]],
            &[0, 3],
        )
    };
    let key = song.key;
    for (bar, &chord) in song.chords(progression, bars, 4.0).iter().enumerate() {
        let start = bar as f32 * 4.0;
        let mut pitches = key.close_chord(chord, 4, 53.0);
        pitches.push(key.pitch(chord, 3));
        let tones: Vec<f32> = pitches.iter().map(|&pitch| hz(pitch)).collect();
        let opening = Opening {
            from_hz: song.between(300.0, 600.0),
            to_hz: song.between(1400.0, 3400.0),
            attack_secs: song.secs(1.1),
            release_secs: song.secs(1.6),
        };
        let sound = pad(&tones, song.secs(5.4), 1.0, opening);
        song.place(
            start,
            &sound,
            0.5,
            Send {
                hall: 0.6,
                echo: 0.0,
            },
        );
        let sound = deep_bass(hz(key.pitch(chord, 2)), song.secs(4.0), 0.5);
        song.place(
            start,
            &sound,
            0.22,
            Send {
                hall: 0.1,
                echo: 0.0,
            },
        );
        sparkle(song, start, chord, variant);
    }
    let breeze = breeze(song);
    song.place(
        0.0,
        &breeze,
        0.5,
        Send {
            hall: 0.4,
            echo: 0.0,
        },
    );
    let tags = match variant % 3 {
        0 => vec!["pad", "bells", "wind"],
        1 => vec!["pad", "flute", "wind"],
        _ => vec!["pad", "harp", "wind"],
    };
    Finish {
        tags,
        hall_secs: 5.0,
        hall_damping: 0.25,
        echo_beats: 0.75,
        echo_feedback: 0.55,
    }
}

/// Single notes above the chord.
fn sparkle(song: &mut Song, start: f32, chord: i32, variant: usize) {
    let key = song.key;
    let far = Send {
        hall: 0.9,
        echo: 0.5,
    };
    match variant % 3 {
        0 => {
            for _ in 0..4 {
                let step = chord + pick(&mut song.dice, &[0, 2, 4, 7, 9, 11], 4);
                let beat = start + song.below(8) as f32 * 0.5;
                let loud = song.between(0.4, 1.0);
                let sound = bell(hz(key.pitch(step, 5)), 3.0, loud, 0.5);
                song.place(beat, &sound, 0.16, far);
            }
        }
        1 => {
            let mut beat = start + 0.5;
            for _ in 0..2 {
                let step = chord + pick(&mut song.dice, &[4, 7, 9, 2], 4);
                let beats = song.between(1.0, 1.8);
                let sound = wind(
                    hz(key.pitch(step, 4)),
                    song.secs(beats),
                    0.8,
                    0.0,
                    &mut song.noise,
                );
                song.place(beat, &sound, 0.2, far);
                beat += beats + 0.1;
            }
        }
        _ => {
            for eighth in 0..8 {
                let step = chord + [0, 4, 7, 9, 11, 9, 7, 4].get(eighth).copied().unwrap_or(0);
                let loud = song.between(0.5, 0.9);
                let sound = bell(hz(key.pitch(step, 4)), 1.6, loud, 0.22);
                song.place(start + eighth as f32 * 0.5, &sound, 0.16, far);
            }
        }
    }
}

/// Wind: noise through a band that wanders.
fn breeze(song: &mut Song) -> Vec<f32> {
    let mut sound = silence(SECONDS);
    let mut band = Filter::new(1500.0, 3.0, RATE);
    let (begin, speed) = (song.between(0.0, 1.0), song.between(0.07, 0.13));
    for (index, slice) in sound.chunks_mut(64).enumerate() {
        let swell = sin_turns((begin + index as f32 * 64.0 / RATE * speed) % 1.0);
        band.tune(1800.0 * exp2(1.2 * swell), 2.5, RATE);
        for sample in slice {
            *sample = (0.10 + 0.06 * swell) * band.band(song.noise.next());
        }
    }
    fade(&mut sound, 1.5, 2.0);
    sound
}
