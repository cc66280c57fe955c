//! A game console of the eighties: two pulses, a triangle, noise.

use crate::{
    drums::console_noise,
    maths::hz,
    song::{DRY, Finish, Send, Song},
    synths::{arpeggio, pulse, triangle},
    theory::{melody, pick},
};

const RHYTHMS: [&[f32]; 5] = [
    &[0.5, 0.5, 1.0, 0.5, 0.5, 1.0],
    &[0.75, 0.75, 0.5, 0.5, 0.5, 1.0],
    &[0.5, 0.5, 0.5, 0.5, 1.5, -0.5],
    &[0.25, 0.25, 0.5, 0.5, 0.5, 0.75, 0.75, 0.5],
    &[1.0, 0.5, 0.5, 0.5, 1.0, 0.5],
];

pub(super) fn play(song: &mut Song, variant: usize) -> Finish {
    let bars = song.bars(4.0);
    let progression: &[i32] = if song.key.minor {
        pick(
            &mut song.dice,
            &[&[0, 5, 2, 6], &[0, 6, 5, 4], &[0, 3, 6, 2]],
            &[0, 5, 2, 6],
        )
    } else {
        pick(
            &mut song.dice,
            &[&[0, 4, 5, 3], &[0, 5, 3, 4], &[3, 4, 2, 5], &[0, 2, 3, 4]],
            &[0, 4, 5, 3],
        )
    };
    let chords = song.chords(progression, bars, 4.0);
    let key = song.key;
    let duty = pick(&mut song.dice, &[0.125, 0.25, 0.5], 0.25);
    let running = variant.is_multiple_of(2);
    let rolled = [[0, 1, 2, 3], [0, 2, 1, 3], [3, 2, 1, 0], [0, 3, 1, 2]];
    let roll = pick(&mut song.dice, &rolled, [0, 1, 2, 3]);

    for note in melody(&mut song.dice, &chords, 4.0, &RHYTHMS) {
        let secs = song.secs(note.beats) * 0.92;
        let sound = pulse(hz(key.sung(note, 5)), secs, 1.0, duty, 0.5);
        song.place(
            note.at,
            &sound,
            0.30,
            Send {
                hall: 0.0,
                echo: 0.35,
            },
        );
    }
    for (bar, &chord) in chords.iter().enumerate() {
        let start = bar as f32 * 4.0;
        let mut pitches = key.chord(chord, 3, 4);
        pitches.push(key.pitch(chord + 7, 4));
        let tones: Vec<f32> = pitches.iter().map(|&pitch| hz(pitch)).collect();
        if running {
            // Sixteenths over the chord, seen as stairs.
            for sixteenth in 0..16_usize {
                let tone = roll
                    .get(sixteenth % 4)
                    .and_then(|&place| tones.get(place))
                    .copied()
                    .unwrap_or(440.0);
                let sound = pulse(tone, song.secs(0.22), 0.8, 0.5, 0.12);
                song.place(start + sixteenth as f32 * 0.25, &sound, 0.17, DRY);
            }
        } else {
            for beat in 0..4 {
                let sound = arpeggio(&tones, song.secs(0.8), 0.8, 0.25, 1.0 / 30.0);
                song.place(start + beat as f32, &sound, 0.13, DRY);
            }
        }
        for eighth in 0..8 {
            let octave = if eighth % 2 == 0 { 2 } else { 3 };
            let sound = triangle(hz(key.pitch(chord, octave)), song.secs(0.42), 1.0);
            song.place(start + eighth as f32 * 0.5, &sound, 0.42, DRY);
        }
        drums(song, start, bar % 4 == 3);
    }
    let mut tags = vec!["pulse lead", "triangle bass", "noise drums"];
    tags.push(if running {
        "running arpeggio"
    } else {
        "fast arpeggio"
    });
    Finish {
        tags,
        hall_secs: 0.4,
        hall_damping: 0.5,
        echo_beats: 0.75,
        echo_feedback: 0.3,
    }
}

fn drums(song: &mut Song, start: f32, fill: bool) {
    for eighth in 0..8 {
        let beat = start + eighth as f32 * 0.5;
        if eighth % 4 == 0 || (eighth == 3 && song.chance(0.5)) {
            let sound = console_noise(48, 0.025, &mut song.noise);
            song.place(beat, &sound, 0.5, DRY);
        }
        if eighth % 4 == 2 || (fill && eighth > 4) {
            let sound = console_noise(5, 0.045, &mut song.noise);
            song.place(beat, &sound, 0.36, DRY);
        }
        let sound = console_noise(1, 0.012, &mut song.noise);
        song.place(beat, &sound, 0.16, DRY);
    }
}
