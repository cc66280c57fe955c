//! A piano in three-four time.

use crate::{
    maths::hz,
    song::{Finish, Send, Song},
    theory::{melody, pick},
    tones::piano,
};

const RHYTHMS: [&[f32]; 6] = [
    &[2.0, 1.0],
    &[1.0, 1.0, 1.0],
    &[1.5, 0.5, 1.0],
    &[1.0, 0.5, 0.5, 1.0],
    &[0.5, 0.5, 0.5, 0.5, 1.0],
    &[2.0, 0.5, 0.5],
];

const ROOM: Send = Send {
    hall: 0.35,
    echo: 0.0,
};

pub(super) fn play(song: &mut Song, variant: usize) -> Finish {
    song.loose_secs = 0.012;
    let bars = song.bars(3.0);
    let progression: &[i32] = if song.key.minor {
        pick(
            &mut song.dice,
            &[
                &[0, 0, 3, 3, 4, 4, 0, 4],
                &[0, 5, 3, 4],
                &[0, 3, 6, 2, 5, 1, 4, 0],
            ],
            &[0, 3, 4, 0],
        )
    } else {
        pick(
            &mut song.dice,
            &[
                &[0, 0, 4, 4, 4, 4, 0, 0],
                &[0, 5, 1, 4],
                &[0, 2, 3, 0, 3, 0, 4, 0],
            ],
            &[0, 3, 4, 0],
        )
    };
    let chords = song.chords(progression, bars, 3.0);
    let key = song.key;
    let flowing = variant % 2 == 1;
    let octaves = variant % 4 >= 2;

    for note in melody(&mut song.dice, &chords, 3.0, &RHYTHMS) {
        let loud = song.between(0.62, 0.8) + if note.strong { 0.15 } else { 0.0 };
        let secs = song.secs(note.beats) + 0.5;
        let sound = piano(hz(key.sung(note, 5)), secs, loud, &mut song.noise);
        song.place(note.at, &sound, 0.55, ROOM);
        if octaves && note.strong {
            let sound = piano(hz(key.sung(note, 6)), secs, 0.6 * loud, &mut song.noise);
            song.place(note.at, &sound, 0.4, ROOM);
        }
    }
    for (bar, &chord) in chords.iter().enumerate() {
        let start = bar as f32 * 3.0;
        let sound = piano(
            hz(key.pitch(chord, 2)),
            song.secs(3.0),
            0.75,
            &mut song.noise,
        );
        song.place(start, &sound, 0.6, ROOM);
        let inner = key.close_chord(chord, 3, 52.0);
        if flowing {
            // Broken chords in eighths.
            for eighth in 1..6_usize {
                let pitch = inner
                    .get([0, 0, 1, 2, 1, 2].get(eighth).copied().unwrap_or(0))
                    .copied()
                    .unwrap_or(60.0);
                let loud = song.between(0.35, 0.5);
                let sound = piano(hz(pitch), song.secs(1.5), loud, &mut song.noise);
                song.place(start + eighth as f32 * 0.5, &sound, 0.5, ROOM);
            }
        } else {
            for beat in [1.0, 2.0] {
                let loud = song.between(0.35, 0.5);
                for &pitch in &inner {
                    let sound = piano(hz(pitch), song.secs(0.8), loud, &mut song.noise);
                    song.place(start + beat, &sound, 0.4, ROOM);
                }
            }
        }
    }
    let mut tags = vec!["piano"];
    tags.push(if flowing {
        "broken chords"
    } else {
        "block chords"
    });
    if octaves {
        tags.push("octaves");
    }
    Finish {
        tags,
        hall_secs: 1.3,
        hall_damping: 0.45,
        echo_beats: 1.0,
        echo_feedback: 0.0,
    }
}
