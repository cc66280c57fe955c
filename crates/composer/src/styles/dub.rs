//! Off-beat chords, a deep bass, one drop, and a tape echo.

use crate::{
    drums::{HAT, cymbal, kick, rim, snare},
    maths::hz,
    song::{DRY, Finish, Send, Song},
    synths::stab,
    theory::{melody, pick},
    tones::{deep_bass, organ, wind},
};

const RHYTHMS: [&[f32]; 4] = [
    &[0.5, 0.5, 1.0, -2.0],
    &[-1.0, 0.5, 0.5, 0.5, 1.5],
    &[0.75, 0.25, 1.0, -1.0, 1.0],
    &[-0.5, 0.5, 0.5, 0.5, 1.0, -1.0],
];

/// Bass lines: beat, length, step above the chord's root.
const LINES: [&[(f32, f32, i32)]; 4] = [
    &[
        (0.0, 0.7, 0),
        (0.75, 0.5, 0),
        (1.5, 0.5, 4),
        (2.0, 0.8, 2),
        (3.0, 0.4, 0),
        (3.5, 0.4, -1),
    ],
    &[
        (0.0, 1.2, 0),
        (1.5, 0.4, 0),
        (2.0, 0.4, 2),
        (2.5, 0.4, 4),
        (3.0, 0.8, 0),
    ],
    &[
        (0.5, 0.4, 0),
        (1.0, 0.4, 0),
        (1.5, 0.4, 2),
        (2.0, 1.1, 4),
        (3.25, 0.6, 0),
    ],
    &[
        (0.0, 0.4, 0),
        (0.5, 0.4, 0),
        (1.0, 0.9, -3),
        (2.5, 0.4, 0),
        (3.0, 0.4, 2),
        (3.5, 0.4, 1),
    ],
];

pub(super) fn play(song: &mut Song, variant: usize) -> Finish {
    song.loose_secs = 0.008;
    let bars = song.bars(4.0);
    let progression: &[i32] = if song.key.minor {
        pick(&mut song.dice, &[&[0, 3], &[0, 6], &[0, 0, 3, 4]], &[0, 3])
    } else {
        pick(&mut song.dice, &[&[0, 3], &[0, 1], &[0, 4, 3, 3]], &[0, 3])
    };
    let chords = song.chords(progression, bars, 4.0);
    let key = song.key;
    let line = pick(&mut song.dice, &LINES, &[]);
    let uses_organ = variant.is_multiple_of(2);
    let has_melodica = variant % 4 < 2;

    for (bar, &chord) in chords.iter().enumerate() {
        let start = bar as f32 * 4.0;
        for &(at, beats, step) in line {
            let sound = deep_bass(
                hz(key.pitch_over(chord + step, chord, 2)),
                song.secs(beats),
                1.0,
            );
            song.place(start + at, &sound, 0.55, DRY);
        }
        let tones: Vec<f32> = key
            .close_chord(chord, 3, 60.0)
            .iter()
            .map(|&pitch| hz(pitch))
            .collect();
        for beat in 0..4 {
            let at = start + beat as f32 + 0.5;
            // Now and then the engineer opens the echo.
            let throws = song.chance(0.25);
            let send = Send {
                hall: 0.2,
                echo: if throws { 0.9 } else { 0.15 },
            };
            if uses_organ {
                for &tone in &tones {
                    let sound = organ(tone, song.secs(0.22), 0.8);
                    song.place(at, &sound, 0.34, send);
                }
            } else {
                let sound = stab(&tones, song.secs(0.25), 1.0, 3800.0);
                song.place(at, &sound, 0.62, send);
            }
        }
        drums(song, start, variant);
    }
    if has_melodica {
        for note in melody(&mut song.dice, &chords, 4.0, &RHYTHMS) {
            let sound = wind(
                hz(key.sung(note, 5)),
                song.secs(note.beats) * 0.9,
                0.8,
                1.0,
                &mut song.noise,
            );
            song.place(
                note.at,
                &sound,
                0.17,
                Send {
                    hall: 0.3,
                    echo: 0.6,
                },
            );
        }
    }
    let mut tags = vec!["deep bass", "one drop", "tape echo"];
    tags.push(if uses_organ { "organ" } else { "guitar chop" });
    if has_melodica {
        tags.push("melodica");
    }
    Finish {
        tags,
        hall_secs: 1.8,
        hall_damping: 0.5,
        echo_beats: 0.75,
        echo_feedback: 0.62,
    }
}

fn drums(song: &mut Song, start: f32, variant: usize) {
    let sound = kick(120.0, 52.0, 0.1, 0.1, &mut song.noise);
    song.place(start + 2.0, &sound, 0.9, DRY);
    if variant % 4 >= 2 {
        song.place(start, &sound, 0.8, DRY);
    }
    let sound = rim(&mut song.noise);
    song.place(
        start + 2.0,
        &sound,
        0.5,
        Send {
            hall: 0.3,
            echo: 0.25,
        },
    );
    if song.chance(0.5) {
        let sound = snare(210.0, 0.8, 0.04, &mut song.noise);
        song.place(
            start + 3.5,
            &sound,
            0.34,
            Send {
                hall: 0.3,
                echo: 0.9,
            },
        );
    }
    for eighth in 0..8 {
        let loud = if eighth % 2 == 0 { 0.22 } else { 0.34 };
        let sound = cymbal(&HAT, &mut song.noise);
        song.place(start + eighth as f32 * 0.5, &sound, loud, DRY);
    }
}
