//! Four on the floor, an acid line whose filter travels through the track, metal hats.

use crate::{
    RATE, SECONDS,
    drums::{HAT, OPEN_HAT, clap, cymbal, kick},
    maths::{exp2, hz, sin_turns},
    song::{DRY, Finish, Send, Song},
    synths::{Acid, acid, stab},
    theory::pick,
    tones::silence,
};

pub(super) fn play(song: &mut Song, variant: usize) -> Finish {
    let bars = song.bars(4.0);
    let key = song.key;
    // Sixteen steps of the bass: a step of the scale, or a rest.
    let pattern: Vec<Option<(i32, bool)>> = (0..16)
        .map(|step| {
            let rests = step != 0 && song.chance(0.28);
            let pitch = pick(&mut song.dice, &[0, 0, 0, 7, 2, 4, -1, 0], 0);
            let accent = song.chance(0.3);
            (!rests).then_some((if step == 0 { 0 } else { pitch }, accent))
        })
        .collect();
    let resonance = song.between(4.0, 8.0);
    let roots = song.chords(&[0], bars, 4.0);
    let stabs = song.chords(&[0, 0, 0, 5], bars, 4.0);
    let sweep_from = song.between(0.0, 1.0);
    for (bar, (&chord, &stabbed)) in roots.iter().zip(&stabs).enumerate() {
        let start = bar as f32 * 4.0;
        beat(song, start, bar, variant);
        for (step, note) in pattern.iter().enumerate() {
            let Some((pitch, accent)) = *note else {
                continue;
            };
            let beat = start + step as f32 * 0.25;
            // The filter's hand: up and down once in about eight seconds.
            let turn = sin_turns((sweep_from + song.secs(beat) / 8.5) % 1.0);
            let tone = Acid {
                cutoff_hz: 260.0 * exp2(1.3 * turn),
                octaves: if accent { 4.2 } else { 2.8 } + 0.6 * turn,
                resonance,
                velocity: if accent { 1.0 } else { 0.75 },
            };
            let sound = acid(
                hz(key.pitch_over(chord + pitch, chord, 2)),
                song.secs(0.22),
                tone,
            );
            song.place(
                beat,
                &sound,
                0.48,
                Send {
                    hall: 0.05,
                    echo: 0.12,
                },
            );
        }
        if variant % 2 == 1 {
            let tones: Vec<f32> = key
                .close_chord(stabbed, 4, 57.0)
                .iter()
                .map(|&pitch| hz(pitch))
                .collect();
            for place in [0.75, 2.5] {
                let sound = stab(&tones, 0.5, 1.0, 2400.0);
                song.place(
                    start + place,
                    &sound,
                    0.42,
                    Send {
                        hall: 0.25,
                        echo: 0.55,
                    },
                );
            }
        }
    }
    if variant % 4 >= 2 {
        let riser = riser(song);
        song.place(
            0.0,
            &riser,
            0.22,
            Send {
                hall: 0.2,
                echo: 0.0,
            },
        );
    }
    let mut tags = vec!["kick", "acid bass", "hi-hat", "clap"];
    if variant % 2 == 1 {
        tags.push("chord stab");
    }
    if variant % 4 >= 2 {
        tags.push("riser");
    }
    Finish {
        tags,
        hall_secs: 1.6,
        hall_damping: 0.4,
        echo_beats: 0.75,
        echo_feedback: 0.5,
    }
}

fn beat(song: &mut Song, start: f32, bar: usize, variant: usize) {
    for quarter in 0..4 {
        let beat = start + quarter as f32;
        let sound = kick(190.0, 47.0, 0.085, 0.25, &mut song.noise);
        song.place(beat, &sound, 1.0, DRY);
        let sound = cymbal(&OPEN_HAT, &mut song.noise);
        song.place(beat + 0.5, &sound, 0.6, DRY);
        if quarter % 2 == 1 {
            let sound = clap(&mut song.noise);
            song.place(
                beat,
                &sound,
                0.4,
                Send {
                    hall: 0.3,
                    echo: 0.0,
                },
            );
        }
    }
    for sixteenth in 0..16 {
        if sixteenth % 4 != 2 && (variant.is_multiple_of(2) || sixteenth % 2 == 0 || bar % 2 == 1) {
            let loud = song.between(0.28, 0.46);
            let sound = cymbal(&HAT, &mut song.noise);
            song.place(start + sixteenth as f32 * 0.25, &sound, loud, DRY);
        }
    }
}

/// Noise whose band climbs through the whole track.
fn riser(song: &mut Song) -> Vec<f32> {
    let mut sound = silence(SECONDS);
    let mut band = crate::effects::Filter::new(400.0, 3.0, RATE);
    for (index, slice) in sound.chunks_mut(64).enumerate() {
        let way = index as f32 * 64.0 / RATE / SECONDS;
        band.tune(400.0 * exp2(4.3 * way), 3.5, RATE);
        for sample in slice {
            *sample = (0.2 + 0.8 * way) * band.band(song.noise.next());
        }
    }
    sound
}
