//! A small group: ride in swing, walking bass, electric piano, a soloist.

use crate::{
    drums::{HAT, RIDE, cymbal, snare},
    maths::hz,
    song::{Finish, Send, Song},
    theory::{melody, pick},
    tones::{bell, electric_piano, upright_bass, wind},
};

const RHYTHMS: [&[f32]; 5] = [
    &[0.5, 0.5, 1.0, 0.5, 0.5, 1.0],
    &[-0.5, 0.5, 0.5, 0.5, 1.0, -1.0],
    &[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1.0],
    &[1.5, 0.5, 0.5, 0.5, -1.0],
    &[-1.0, 0.5, 0.5, 1.5, 0.5],
];

const ROOM: Send = Send {
    hall: 0.22,
    echo: 0.0,
};

/// The second of two eighths comes late: two thirds into the beat.
fn swing(beat: f32) -> f32 {
    let within = beat - (beat as i32) as f32;
    if (within - 0.5).abs() < 0.01 {
        beat + 0.15
    } else {
        beat
    }
}

pub(super) fn play(song: &mut Song, variant: usize) -> Finish {
    song.loose_secs = 0.010;
    let bars = song.bars(4.0);
    let progression: &[i32] = if song.key.minor {
        pick(
            &mut song.dice,
            &[&[0, 3, 1, 4], &[0, 5, 1, 4], &[0, 0, 3, 4]],
            &[0, 3, 1, 4],
        )
    } else {
        pick(
            &mut song.dice,
            &[&[1, 4, 0, 5], &[0, 5, 1, 4], &[2, 5, 1, 4]],
            &[1, 4, 0, 5],
        )
    };
    let chords = song.chords(progression, bars, 4.0);
    let key = song.key;
    for (bar, &chord) in chords.iter().enumerate() {
        let start = bar as f32 * 4.0;
        let next = chords.get(bar + 1).copied().unwrap_or(0);
        walk(song, start, chord, next);
        comp(song, start, chord);
        drums(song, start);
    }
    for note in melody(&mut song.dice, &chords, 4.0, &RHYTHMS) {
        let (at, tone) = (swing(note.at), hz(key.sung(note, 5)));
        let (loud, secs) = (song.between(0.7, 1.0), song.secs(note.beats));
        match variant % 3 {
            0 => {
                let sound = bell(tone, secs + 0.9, loud, 0.35);
                song.place(at, &sound, 0.42, ROOM);
            }
            1 => {
                let sound = wind(tone, secs * 0.95, loud, 0.25, &mut song.noise);
                song.place(at, &sound, 0.26, ROOM);
            }
            _ => {
                let sound = electric_piano(tone, secs + 0.4, loud);
                song.place(at, &sound, 0.42, ROOM);
            }
        }
    }
    let solo = match variant % 3 {
        0 => "vibraphone",
        1 => "flute",
        _ => "piano solo",
    };
    Finish {
        tags: vec!["ride", "walking bass", "electric piano", solo],
        hall_secs: 0.9,
        hall_damping: 0.5,
        echo_beats: 1.0,
        echo_feedback: 0.0,
    }
}

/// Root, two notes of the chord, and a step that leads to the next root.
fn walk(song: &mut Song, start: f32, chord: i32, next: i32) {
    let key = song.key;
    let target = if next > chord { next - 1 } else { next + 1 };
    let turn = pick(&mut song.dice, &[[2, 4], [4, 2], [1, 2], [4, 6]], [2, 4]);
    let [second, third] = turn;
    for (beat, step) in [chord, chord + second, chord + third, target]
        .into_iter()
        .enumerate()
    {
        let loud = song.between(0.8, 1.0);
        let sound = upright_bass(
            hz(key.pitch_over(step, chord, 2)),
            song.secs(0.98),
            loud,
            &mut song.noise,
        );
        song.place(start + beat as f32, &sound, 0.5, ROOM);
    }
}

/// Seventh chords without their root, between the beats.
fn comp(song: &mut Song, start: f32, chord: i32) {
    let places: &[(f32, f32)] = pick(
        &mut song.dice,
        &[
            &[(0.0, 1.2), (1.5, 0.4)],
            &[(0.5, 0.4), (2.5, 0.9)],
            &[(1.0, 0.4), (2.5, 0.4)],
            &[(0.0, 0.4), (1.5, 1.8)],
        ],
        &[(0.0, 1.2)],
    );
    for &(at, beats) in places {
        let loud = song.between(0.6, 0.85);
        for pitch in song.key.close_chord(chord + 2, 4, 55.0) {
            let sound = electric_piano(hz(pitch), song.secs(beats) + 0.08, loud);
            song.place(swing(start + at), &sound, 0.20, ROOM);
        }
    }
}

fn drums(song: &mut Song, start: f32) {
    for (at, loud) in [
        (0.0, 0.5),
        (1.0, 0.62),
        (1.5, 0.42),
        (2.0, 0.5),
        (3.0, 0.62),
        (3.5, 0.42),
    ] {
        let sound = cymbal(&RIDE, &mut song.noise);
        let loud = loud * song.between(0.85, 1.0);
        song.place(swing(start + at), &sound, 0.75 * loud, ROOM);
    }
    for beat in [1.0, 3.0] {
        let sound = cymbal(&HAT, &mut song.noise);
        song.place(start + beat, &sound, 0.35, ROOM);
    }
    if song.chance(0.6) {
        let at = pick(&mut song.dice, &[1.5, 2.5, 3.5], 3.5);
        let sound = snare(230.0, 0.7, 0.03, &mut song.noise);
        song.place(swing(start + at), &sound, 0.16, ROOM);
    }
}
