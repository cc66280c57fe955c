//! Keys, chords and melodies.

use mynascope_spectrum::tokens::Stream;

/// A major or (natural) minor key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    /// 0 is C, 11 is B.
    pub tonic: u8,
    pub minor: bool,
}

const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
const MINOR: [i32; 7] = [0, 2, 3, 5, 7, 8, 10];

impl Key {
    /// 0 to 11 for C major to B major, 12 to 23 for C minor to B minor.
    pub(super) fn number(self) -> u8 {
        self.tonic + if self.minor { 12 } else { 0 }
    }

    /// The MIDI pitch of a step of the scale: step 0 is the tonic, 7 the tonic above it. Octave 4 begins within a
    /// tritone of middle C, so that all keys lie in one register.
    pub(super) fn pitch(self, step: i32, octave: i32) -> f32 {
        let scale = if self.minor { MINOR } else { MAJOR };
        let within = scale.get(step.rem_euclid(7) as usize).copied().unwrap_or(0);
        let tonic = i32::from(self.tonic);
        let tonic = if tonic > 6 { tonic - 12 } else { tonic };
        (12 * (octave + 1 + step.div_euclid(7)) + tonic + within) as f32
    }

    /// The pitch of a step while the chord on `root` sounds: in a minor key the chord on the fifth step has the
    /// leading note (harmonic minor), and so has all that is played over it.
    pub(super) fn pitch_over(self, step: i32, root: i32, octave: i32) -> f32 {
        let leads = self.minor && root.rem_euclid(7) == 4 && step.rem_euclid(7) == 6;
        self.pitch(step, octave) + if leads { 1.0 } else { 0.0 }
    }

    /// The pitch of a note of a melody.
    pub(super) fn sung(self, note: Note, octave: i32) -> f32 {
        self.pitch_over(note.step, note.chord, octave)
    }

    /// `notes` pitches of the chord on a step, stacked in thirds.
    pub(super) fn chord(self, root: i32, notes: i32, octave: i32) -> Vec<f32> {
        (0..notes)
            .map(|third| self.pitch_over(root + 2 * third, root, octave))
            .collect()
    }

    /// The same chord with every note moved by octaves into the twelve semitones from `lowest` upwards, ascending:
    /// chords that follow each other stay close.
    pub(super) fn close_chord(self, root: i32, notes: i32, lowest: f32) -> Vec<f32> {
        let mut pitches: Vec<f32> = self
            .chord(root, notes, 4)
            .into_iter()
            .map(|pitch| lowest + (pitch - lowest).rem_euclid(12.0))
            .collect();
        pitches.sort_by(f32::total_cmp);
        pitches
    }
}

/// One of several, at random; `fallback` for none.
pub(super) fn pick<T: Copy>(dice: &mut Stream, choices: &[T], fallback: T) -> T {
    choices
        .get(dice.below(choices.len()))
        .copied()
        .unwrap_or(fallback)
}

/// A note of a melody.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Note {
    /// Beats from the beginning.
    pub at: f32,
    /// Its length in beats.
    pub beats: f32,
    /// The step of the scale, 0 to 9.
    pub step: i32,
    /// The step that the chord below it is built on.
    pub chord: i32,
    /// Whether it begins a bar or its second half.
    pub strong: bool,
}

/// A melody over chords (a step of the scale for each bar): two motives, each a rhythm from `rhythms` (lengths in
/// beats that fill a bar; negative ones are rests) with a contour, alternate as a a b a. Strong notes move to the
/// nearest note of their chord, so that it follows the harmony.
pub(super) fn melody(
    dice: &mut Stream,
    chords: &[i32],
    beats_per_bar: f32,
    rhythms: &[&'static [f32]],
) -> Vec<Note> {
    let motives: Vec<(&[f32], Vec<i32>)> = (0..2)
        .map(|_| {
            let rhythm = pick(dice, rhythms, &[]);
            let moves = rhythm
                .iter()
                .map(|_| pick(dice, &[-2, -1, -1, 1, 1, 2, 1, -1, 3], 1))
                .collect();
            (rhythm, moves)
        })
        .collect();
    let mut notes = Vec::new();
    let mut step = pick(dice, &[2, 4, 4, 7], 4);
    for (bar, &chord) in chords.iter().enumerate() {
        let Some((rhythm, moves)) = motives.get(usize::from(bar % 4 == 2)) else {
            break;
        };
        let mut at = 0.0;
        for (&beats, &way) in rhythm.iter().zip(moves) {
            if beats > 0.0 {
                let strong = at == 0.0 || at == beats_per_bar / 2.0;
                step += way;
                if !(0..=9).contains(&step) {
                    step -= 2 * way;
                }
                if strong {
                    step = nearest_chord_step(step, chord);
                }
                notes.push(Note {
                    at: bar as f32 * beats_per_bar + at,
                    beats,
                    step,
                    chord,
                    strong,
                });
            }
            at += beats.abs();
        }
    }
    notes
}

/// The step of a triad on `chord` that is nearest to a step.
fn nearest_chord_step(step: i32, chord: i32) -> i32 {
    [0, -1, 1, -2, 2]
        .into_iter()
        .map(|shift| step + shift)
        .find(|candidate| [0, 2, 4].contains(&(candidate - chord).rem_euclid(7)))
        .unwrap_or(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::tokens::{Purpose, stream};

    #[test]
    fn chords_are_spelled_as_in_a_harmony_book() {
        let c = Key {
            tonic: 0,
            minor: false,
        };
        assert_eq!(c.chord(0, 3, 4), [60.0, 64.0, 67.0]);
        assert_eq!(c.chord(4, 4, 4), [67.0, 71.0, 74.0, 77.0]);
        let a_minor = Key {
            tonic: 9,
            minor: true,
        };
        assert_eq!(a_minor.chord(0, 3, 4), [57.0, 60.0, 64.0]);
        // E major with G sharp, the leading note.
        assert_eq!(a_minor.chord(4, 3, 4), [64.0, 68.0, 71.0]);
        assert_eq!(c.close_chord(4, 3, 60.0), [62.0, 67.0, 71.0]);
    }

    #[test]
    fn strong_notes_of_a_melody_belong_to_their_chord() {
        for seed in 0..50 {
            let mut dice = stream(seed, 0, 0, Purpose::Demo);
            let chords = [0, 5, 3, 4];
            let notes = melody(
                &mut dice,
                &chords,
                4.0,
                &[&[1.0, 1.0, 1.0, 1.0], &[0.5, -0.5, 3.0]],
            );
            assert!(notes.len() >= 8);
            for note in notes {
                assert!((-2..=11).contains(&note.step));
                if note.strong {
                    let chord = chords[(note.at / 4.0) as usize];
                    assert!([0, 2, 4].contains(&(note.step - chord).rem_euclid(7)));
                }
            }
        }
    }
}
