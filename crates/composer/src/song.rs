//! A track in the making: its key and tempo, and the desk that its sounds are mixed on.

use crate::{RATE, SECONDS, effects, maths::Noise, theory::Key, tones::silence};
use mynascope_spectrum::tokens::Stream;

/// How much of a sound goes into the room and into the echo, beside the direct sound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Send {
    pub hall: f32,
    pub echo: f32,
}

/// Direct sound alone.
pub(super) const DRY: Send = Send {
    hall: 0.0,
    echo: 0.0,
};

/// The room and the echo of a track, and what plays in it.
#[derive(Debug, Clone)]
pub(super) struct Finish {
    /// Instruments and manners of playing.
    pub tags: Vec<&'static str>,
    pub hall_secs: f32,
    pub hall_damping: f32,
    pub echo_beats: f32,
    pub echo_feedback: f32,
}

/// Chords that two styles play over together: steps of the scale, each as long as `beats`, repeated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Harmony {
    pub steps: &'static [i32],
    pub beats: f32,
}

/// A track in the making.
pub(super) struct Song {
    pub key: Key,
    pub tempo_bpm: f32,
    /// Decides what is played.
    pub dice: Stream,
    /// Hiss of drums and strings.
    pub noise: Noise,
    /// How far players are off the beat, in seconds.
    pub loose_secs: f32,
    /// The chords that several styles share; `None`: each has its own.
    harmony: Option<Harmony>,
    direct: Vec<f32>,
    hall: Vec<f32>,
    echo: Vec<f32>,
    notes: usize,
}

impl Song {
    pub(super) fn new(
        key: Key,
        tempo_bpm: f32,
        harmony: Option<Harmony>,
        mut dice: Stream,
    ) -> Self {
        let noise = Noise::new(dice.below(1 << 31) as u32);
        Self {
            key,
            tempo_bpm,
            dice,
            noise,
            loose_secs: 0.0,
            harmony,
            direct: silence(SECONDS),
            hall: silence(SECONDS),
            echo: silence(SECONDS),
            notes: 0,
        }
    }

    /// Beats as seconds.
    pub(super) fn secs(&self, beats: f32) -> f32 {
        beats * 60.0 / self.tempo_bpm
    }

    /// How many bars it takes to fill the track.
    pub(super) fn bars(&self, beats_per_bar: f32) -> usize {
        (SECONDS / self.secs(beats_per_bar)) as usize + 1
    }

    /// The chord of each of `bars` bars, a step of the scale: the shared harmony, or else a style's `own` progression, a
    /// chord a bar.
    pub(super) fn chords(&self, own: &[i32], bars: usize, beats_per_bar: f32) -> Vec<i32> {
        let steps = self.harmony.map_or(own, |shared| shared.steps);
        (0..bars)
            .map(|bar| {
                let chord = self.harmony.map_or(bar, |shared| {
                    (bar as f32 * beats_per_bar / shared.beats) as usize
                });
                let place = chord % steps.len().max(1);
                steps.get(place).copied().unwrap_or(0)
            })
            .collect()
    }

    /// A whole number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.dice.below(bound)
    }

    /// True with a chance.
    pub(super) fn chance(&mut self, chance: f64) -> bool {
        self.dice.uniform() < chance
    }

    /// A number in [low, high).
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        self.dice.between(f64::from(low), f64::from(high)) as f32
    }

    /// Mixes a sound in at a beat, as exactly as its player can.
    pub(super) fn place(&mut self, beat: f32, sound: &[f32], gain: f32, send: Send) {
        let late = if self.loose_secs > 0.0 {
            // The sum of two even numbers: small errors are more likely than large ones.
            self.loose_secs * (self.dice.uniform() + self.dice.uniform() - 1.0) as f32
        } else {
            0.0
        };
        // A breath of silence before the first beat, so that its attack is heard.
        let secs = (self.secs(beat) + 0.03 + late).max(0.0);
        if secs >= SECONDS {
            return;
        }
        self.notes += 1;
        let start = (secs * RATE) as usize;
        for (bus, level) in [
            (&mut self.direct, gain),
            (&mut self.hall, gain * send.hall),
            (&mut self.echo, gain * send.echo),
        ] {
            if level > 0.0 {
                for (out, &sample) in bus.iter_mut().skip(start).zip(sound) {
                    *out += level * sample;
                }
            }
        }
    }

    /// Sounds that begin in a second: how busy the track is.
    pub(super) fn notes_per_second(&self) -> f32 {
        self.notes as f32 / SECONDS
    }

    /// Mixes down: echo into the room, room and direct sound together.
    pub(super) fn mix(self, finish: &Finish) -> Vec<f32> {
        let echo_secs = self.secs(finish.echo_beats);
        let Self {
            mut direct,
            mut hall,
            echo,
            ..
        } = self;
        if echo.iter().any(|&x| x != 0.0) {
            let repeats = effects::tape_echo(&echo, echo_secs, finish.echo_feedback, RATE);
            for ((out, room), repeat) in direct.iter_mut().zip(&mut hall).zip(repeats) {
                *out += repeat;
                *room += 0.3 * repeat;
            }
        }
        let room = effects::hall(&hall, finish.hall_secs, finish.hall_damping, RATE);
        for (out, wet) in direct.iter_mut().zip(room) {
            *out += wet;
        }
        direct
    }
}
