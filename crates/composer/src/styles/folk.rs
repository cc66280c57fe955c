//! Plucked strings: a guitar picked or strummed, a mandolin or a whistle above it.

use crate::{
    RATE,
    drums::shaker,
    maths::hz,
    song::{Finish, Send, Song},
    theory::{melody, pick},
    tones::{Pluck, pluck, wind},
};

const RHYTHMS: [&[f32]; 5] = [
    &[1.0, 0.5, 0.5, 1.0, 1.0],
    &[1.5, 0.5, 1.0, 1.0],
    &[0.5, 0.5, 0.5, 0.5, 1.0, 1.0],
    &[1.0, 1.0, 0.5, 0.5, 1.0],
    &[2.0, 0.5, 0.5, 1.0],
];

const ROOM: Send = Send {
    hall: 0.25,
    echo: 0.0,
};

fn string(song: &mut Song, pitch: f32, secs: f32, velocity: f32, bright: f32) -> Vec<f32> {
    // Low strings ring longer.
    let half_life_secs = 0.55 * (200.0 / hz(pitch)).sqrt();
    let tone = Pluck {
        velocity,
        bright,
        half_life_secs,
        muted: 0.0,
    };
    pluck(hz(pitch), secs, tone, RATE, &mut song.noise)
}

pub(super) fn play(song: &mut Song, variant: usize) -> Finish {
    song.loose_secs = 0.010;
    let bars = song.bars(4.0);
    let progression: &[i32] = if song.key.minor {
        pick(
            &mut song.dice,
            &[&[0, 6, 5, 6], &[0, 2, 6, 3], &[0, 5, 2, 6]],
            &[0, 6, 5, 6],
        )
    } else {
        pick(
            &mut song.dice,
            &[&[0, 3, 0, 4], &[0, 4, 5, 3], &[0, 5, 3, 4], &[3, 0, 4, 5]],
            &[0, 3, 0, 4],
        )
    };
    let chords = song.chords(progression, bars, 4.0);
    let picked = variant.is_multiple_of(2);
    let whistle = variant % 4 >= 2;
    let key = song.key;

    for (bar, &chord) in chords.iter().enumerate() {
        let start = bar as f32 * 4.0;
        if picked {
            picking(song, start, chord);
        } else {
            strumming(song, start, chord);
        }
        if variant % 4 == 3 {
            for eighth in 0..8 {
                let sound = shaker(&mut song.noise);
                let loud = if eighth % 2 == 1 { 0.32 } else { 0.18 };
                song.place(start + eighth as f32 * 0.5, &sound, loud, ROOM);
            }
        }
    }
    for note in melody(&mut song.dice, &chords, 4.0, &RHYTHMS) {
        let pitch = key.sung(note, 5);
        let loud = song.between(0.75, 1.0);
        if whistle {
            let sound = wind(
                hz(pitch),
                song.secs(note.beats) * 0.95,
                loud,
                0.0,
                &mut song.noise,
            );
            song.place(
                note.at,
                &sound,
                0.20,
                Send {
                    hall: 0.5,
                    echo: 0.0,
                },
            );
        } else {
            let sound = string(song, pitch, song.secs(note.beats) + 0.5, loud, 0.9);
            song.place(note.at, &sound, 0.75, ROOM);
            if note.beats >= 1.0 && song.chance(0.5) {
                // A mandolin repeats long notes.
                let sound = string(song, pitch, song.secs(note.beats), 0.7 * loud, 0.9);
                song.place(note.at + 0.5, &sound, 0.6, ROOM);
            }
        }
    }
    let mut tags = vec!["guitar"];
    tags.push(if picked { "picking" } else { "strumming" });
    tags.push(if whistle { "whistle" } else { "mandolin" });
    if variant % 4 == 3 {
        tags.push("shaker");
    }
    Finish {
        tags,
        hall_secs: 1.1,
        hall_damping: 0.4,
        echo_beats: 1.0,
        echo_feedback: 0.0,
    }
}

/// The thumb alternates on two bass strings, the fingers fill in.
fn picking(song: &mut Song, start: f32, chord: i32) {
    let key = song.key;
    let upper = key.close_chord(chord, 3, 57.0);
    for eighth in 0..8_usize {
        let pitch = match eighth {
            0 | 4 => key.pitch(chord, 3),
            2 | 6 => key.pitch(chord + 4, 3),
            _ => upper
                .get((eighth / 2 + eighth) % 3)
                .copied()
                .unwrap_or(60.0),
        };
        let loud = if eighth % 4 == 0 {
            1.0
        } else {
            song.between(0.6, 0.8)
        };
        let sound = string(song, pitch, song.secs(2.0), loud, 0.65);
        song.place(start + eighth as f32 * 0.5, &sound, 0.7, ROOM);
    }
}

/// Six strings, down and up.
fn strumming(song: &mut Song, start: f32, chord: i32) {
    let key = song.key;
    let mut strings = vec![key.pitch(chord, 3), key.pitch(chord + 4, 3)];
    strings.extend(key.close_chord(chord, 3, 55.0));
    strings.push(key.pitch(chord + 7, 4));
    for (beat, down, loud) in [
        (0.0, true, 1.0),
        (1.0, true, 0.75),
        (1.5, false, 0.5),
        (2.5, false, 0.55),
        (3.0, true, 0.8),
        (3.5, false, 0.55),
    ] {
        let mut order = strings.clone();
        if !down {
            order.reverse();
            order.truncate(4);
        }
        for (place, &pitch) in order.iter().enumerate() {
            let strength = loud * song.between(0.8, 1.0);
            let sound = string(song, pitch, song.secs(1.3), strength, 0.7);
            let late = place as f32 * 0.009 * song.tempo_bpm / 60.0;
            song.place(start + beat + late, &sound, 0.42, ROOM);
        }
    }
}
