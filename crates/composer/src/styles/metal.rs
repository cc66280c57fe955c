//! Distorted guitars, double kick, crash.

use crate::{
    drums::{CRASH, HAT, cymbal, kick, snare},
    maths::hz,
    song::{DRY, Finish, Send, Song},
    synths::{lead_guitar, power_chord},
    theory::{melody, pick},
    tones::deep_bass,
};

const RHYTHMS: [&[f32]; 4] = [
    &[1.0, 1.0, 1.0, 1.0],
    &[1.5, 0.5, 1.0, 1.0],
    &[0.5, 0.5, 0.5, 0.5, 2.0],
    &[2.0, 1.0, 1.0],
];

/// Riffs over a bar in sixteenths: start, length, whether the palm lies on the strings, steps above the root.
const RIFFS: [&[(usize, usize, bool, i32)]; 4] = [
    // The gallop.
    &[
        (0, 2, true, 0),
        (2, 1, true, 0),
        (3, 1, true, 0),
        (4, 2, true, 0),
        (6, 1, true, 0),
        (7, 1, true, 0),
        (8, 2, true, 0),
        (10, 1, true, 0),
        (11, 1, true, 0),
        (12, 2, false, 2),
        (14, 2, false, 1),
    ],
    &[
        (0, 3, false, 0),
        (3, 1, true, 0),
        (4, 1, true, 0),
        (5, 1, true, 0),
        (6, 3, false, 1),
        (9, 1, true, 0),
        (10, 1, true, 0),
        (11, 1, true, 0),
        (12, 4, false, -1),
    ],
    &[
        (0, 1, true, 0),
        (1, 1, true, 0),
        (2, 1, true, 0),
        (3, 1, true, 0),
        (4, 2, false, 2),
        (6, 1, true, 0),
        (7, 1, true, 0),
        (8, 1, true, 0),
        (9, 1, true, 0),
        (10, 2, false, 3),
        (12, 2, false, 2),
        (14, 2, false, 1),
    ],
    &[
        (0, 8, false, 0),
        (8, 1, true, 0),
        (9, 1, true, 0),
        (10, 1, true, 0),
        (11, 1, true, 0),
        (12, 4, false, 2),
    ],
];

const ROOM: Send = Send {
    hall: 0.12,
    echo: 0.0,
};

pub(super) fn play(song: &mut Song, variant: usize) -> Finish {
    song.loose_secs = 0.004;
    let bars = song.bars(4.0);
    let progression: &[i32] = if song.key.minor {
        pick(
            &mut song.dice,
            &[&[0, 0, 5, 6], &[0, 5, 2, 6], &[0, 0, 3, 5]],
            &[0, 0, 5, 6],
        )
    } else {
        pick(
            &mut song.dice,
            &[&[0, 4, 5, 3], &[0, 3, 5, 4]],
            &[0, 4, 5, 3],
        )
    };
    let chords = song.chords(progression, bars, 4.0);
    let key = song.key;
    let riff = pick(&mut song.dice, &RIFFS, &[]);
    let drive = song.between(9.0, 14.0);
    let has_lead = variant.is_multiple_of(2);

    for (bar, &chord) in chords.iter().enumerate() {
        let start = bar as f32 * 4.0;
        for &(at, length, muted, step) in riff {
            let root = key.pitch_over(chord + step, chord, 2);
            let beats = length as f32 * 0.25;
            let secs = song.secs(beats) + if muted { 0.0 } else { 0.02 };
            let tones = [hz(root), hz(root + 7.0), hz(root + 12.0)];
            let sound = power_chord(
                &tones,
                secs,
                if muted { 1.0 } else { 0.0 },
                drive,
                &mut song.noise,
            );
            song.place(start + at as f32 * 0.25, &sound, 0.50, ROOM);
            let sound = deep_bass(hz(root), secs, 0.9);
            song.place(start + at as f32 * 0.25, &sound, 0.30, DRY);
        }
        drums(song, start, bar, variant);
    }
    if has_lead {
        for note in melody(&mut song.dice, &chords, 4.0, &RHYTHMS) {
            let tone = hz(key.sung(note, 5));
            let sound = lead_guitar(tone, song.secs(note.beats) * 0.97, 5.0);
            song.place(
                note.at,
                &sound,
                0.24,
                Send {
                    hall: 0.35,
                    echo: 0.3,
                },
            );
        }
    }
    let mut tags = vec!["distorted guitar", "bass", "double kick", "snare"];
    if has_lead {
        tags.push("lead guitar");
    }
    Finish {
        tags,
        hall_secs: 1.0,
        hall_damping: 0.45,
        echo_beats: 0.75,
        echo_feedback: 0.35,
    }
}

fn drums(song: &mut Song, start: f32, bar: usize, variant: usize) {
    let sixteenths = if variant % 4 < 2 { 1 } else { 2 };
    for sixteenth in (0..16_usize).step_by(sixteenths) {
        let loud = if sixteenth % 4 == 0 { 0.75 } else { 0.5 };
        let sound = kick(150.0, 58.0, 0.035, 0.5, &mut song.noise);
        song.place(start + sixteenth as f32 * 0.25, &sound, loud, DRY);
    }
    for beat in [1.0, 3.0] {
        let sound = snare(200.0, 1.0, 0.055, &mut song.noise);
        song.place(
            start + beat,
            &sound,
            0.85,
            Send {
                hall: 0.4,
                echo: 0.0,
            },
        );
    }
    if bar.is_multiple_of(2) {
        let sound = cymbal(&CRASH, &mut song.noise);
        song.place(start, &sound, 0.5, ROOM);
    }
    for quarter in 0..4 {
        let sound = cymbal(&HAT, &mut song.noise);
        song.place(start + quarter as f32, &sound, 0.5, DRY);
    }
}
