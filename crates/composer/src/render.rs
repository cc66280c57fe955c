//! From a seed to the scores of a collection, and from a score to its sound.

use crate::{
    DemoKind, RATE, effects,
    maths::Noise,
    recording::Recording,
    song::{Harmony, Song},
    styles::{Style, TRACKS_PER_STYLE},
    theory::{Key, pick},
    tones::fade,
};
use mynascope_spectrum::tokens::{Purpose, Stream, stream};

/// Tracks of a demo collection.
pub const TRACKS: usize = Style::ALL.len() * TRACKS_PER_STYLE;

/// What a track is to be, decided before a note of it is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    pub(super) style: Style,
    /// Its place among the tracks of its style.
    pub(super) variant: usize,
    pub(super) key: Key,
    pub(super) tempo_bpm: f32,
    /// What is mixed in, in the mixed collection.
    pub(super) mixed: Option<Mixed>,
}

impl Score {
    /// The name of the style that is mixed in.
    pub fn guest(&self) -> Option<&'static str> {
        self.mixed.map(|mixed| mixed.guest.plan().name)
    }
}

/// The second style of a track, and how both were recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mixed {
    pub guest: Style,
    pub harmony: Harmony,
    pub recording: Recording,
}

/// The scores of a collection. Styles take turns, so that any first part of the collection is balanced; so do tonics,
/// in fifths, so that all 24 keys occur.
pub fn scores(kind: DemoKind, seed: u64) -> Vec<Score> {
    match kind {
        DemoKind::Plain => plain_scores(seed),
        DemoKind::Mixed => mixed_scores(seed),
    }
}

fn plain_scores(seed: u64) -> Vec<Score> {
    let mut dice = stream(seed, 0, u64::MAX, Purpose::Demo);
    let mut tonics = Tonics::begin(&mut dice);
    let mut scores = Vec::with_capacity(TRACKS);
    for variant in 0..TRACKS_PER_STYLE {
        for (place, style) in Style::ALL.into_iter().enumerate() {
            let plan = style.plan();
            // Three and eight have no common factor: over its variants each style gets exactly its major keys.
            let minor = (variant * 3 + place) % TRACKS_PER_STYLE >= plan.major;
            let [slowest, fastest] = plan.tempo_bpm.map(f64::from);
            scores.push(Score {
                style,
                variant,
                key: tonics.next(minor),
                tempo_bpm: dice.between(slowest, fastest).round() as f32,
                mixed: None,
            });
        }
    }
    scores
}

/// Chords of the mixed collection, in major and in minor keys.
const MAJOR_CHORDS: [&[i32]; 4] = [&[0, 4, 5, 3], &[0, 5, 3, 4], &[0, 3, 0, 4], &[0, 2, 3, 4]];
const MINOR_CHORDS: [&[i32]; 4] = [&[0, 5, 2, 6], &[0, 3, 6, 2], &[0, 6, 5, 6], &[0, 5, 3, 4]];

/// Tempos of the mixed collection in beats a minute; each style has one in each eighth of the range.
const TEMPOS_BPM: [f64; 2] = [84.0, 148.0];

/// Key, tempo, chords and recording are drawn alike for all styles. Every style has each of the other seven as its
/// guest once, and one of them twice.
fn mixed_scores(seed: u64) -> Vec<Score> {
    let mut dice = stream(seed, 1, u64::MAX, Purpose::Demo);
    let mut tonics = Tonics::begin(&mut dice);
    let mut scores = Vec::with_capacity(TRACKS);
    let [slowest, fastest] = TEMPOS_BPM;
    let step = (fastest - slowest) / TRACKS_PER_STYLE as f64;
    for variant in 0..TRACKS_PER_STYLE {
        for (place, style) in Style::ALL.into_iter().enumerate() {
            let others = Style::ALL.len() - 1;
            let further = 1 + if variant < others {
                variant
            } else {
                dice.below(others)
            };
            let guest_place = (place + further) % Style::ALL.len();
            let guest = Style::ALL.get(guest_place).copied().unwrap_or(style);
            let minor = (variant * 3 + place) % 2 == 1;
            let slot = (variant * 3 + place * 5) % TRACKS_PER_STYLE;
            let from = slowest + slot as f64 * step;
            let chords = if minor { &MINOR_CHORDS } else { &MAJOR_CHORDS };
            // Where a bar of three meets one of four, chords change where both begin.
            let beats = if style.beats_per_bar() == guest.beats_per_bar() {
                style.beats_per_bar()
            } else {
                style.beats_per_bar() * guest.beats_per_bar()
            };
            let mut between = |low: f64, high: f64| dice.between(low, high) as f32;
            let recording = Recording {
                guest_db: between(GUEST_DB[0], GUEST_DB[1]),
                tilt_db: between(-6.0, 6.0),
                hiss_db: between(-45.0, -22.0),
                level_db: between(-9.0, 0.0),
            };
            scores.push(Score {
                style,
                variant,
                key: tonics.next(minor),
                tempo_bpm: dice.between(from, from + step).round() as f32,
                mixed: Some(Mixed {
                    guest,
                    harmony: Harmony {
                        steps: pick(&mut dice, chords, &[0, 3, 0, 4]),
                        beats,
                    },
                    recording,
                }),
            });
        }
    }
    scores
}

/// How loud a guest is against the track's own style, in decibels.
const GUEST_DB: [f64; 2] = [-7.0, -1.0];

/// The tonics of major and of minor keys, each in fifths.
struct Tonics([usize; 2]);

impl Tonics {
    fn begin(dice: &mut Stream) -> Self {
        Self([dice.below(12), dice.below(12)])
    }

    fn next(&mut self, minor: bool) -> Key {
        let [major_tonic, minor_tonic] = &mut self.0;
        let tonic = if minor { minor_tonic } else { major_tonic };
        *tonic = (*tonic + 7) % 12;
        Key {
            tonic: *tonic as u8,
            minor,
        }
    }
}

/// A rendered track and what is true of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The style that it is a piece of: its label.
    pub style: &'static str,
    /// The style behind it, in the mixed collection.
    pub guest: Option<&'static str>,
    /// Its name.
    pub title: &'static str,
    /// The name as a file name without an ending: small letters and digits joined by hyphens.
    pub file_stem: String,
    /// Its key: 0 to 11 for C major to B major, 12 to 23 for C minor to B minor.
    pub key: u8,
    /// Beats a minute.
    pub tempo_bpm: f32,
    /// Instruments and manners of playing.
    pub tags: Vec<&'static str>,
    /// Arousal and valence from 1 to 9, by rule, not by listeners.
    pub emotion: [f32; 2],
    /// Mono, [`SAMPLES`](crate::SAMPLES) of [`SAMPLE_RATE`](crate::SAMPLE_RATE) a second, within [-1, 1].
    pub sound: Vec<f32>,
}

/// Makes the track of a score. `number` is its place in the collection.
pub fn render(score: Score, number: usize, seed: u64) -> Piece {
    // The guest has dice of its own: what it plays doesn't depend on the style before it.
    let dice = |player| stream(seed, player, number as u64, Purpose::Demo);
    let harmony = score.mixed.map(|mixed| mixed.harmony);
    let mut song = Song::new(score.key, score.tempo_bpm, harmony, dice(0));
    let finish = score.style.play(&mut song, score.variant);
    let mut notes_per_second = song.notes_per_second();
    let mut tags = finish.tags.clone();
    let mut sound = song.mix(&finish);
    match score.mixed {
        None => effects::master(&mut sound, RATE),
        Some(mixed) => {
            let mut song = Song::new(score.key, score.tempo_bpm, harmony, dice(1));
            // Its manner varies with the track, whatever the guest.
            let finish = mixed.guest.play(&mut song, number / 3 % TRACKS_PER_STYLE);
            notes_per_second += song.notes_per_second();
            tags.extend(&finish.tags);
            tags.sort_unstable();
            tags.dedup();
            let mut noise = Noise::new(song.dice.below(1 << 31) as u32);
            sound = mixed.recording.of(&sound, &song.mix(&finish), &mut noise);
        }
    }
    fade(&mut sound, 0.005, 0.35);
    let emotion = emotion(score.tempo_bpm, notes_per_second, score.key.minor);
    let plan = score.style.plan();
    let title = plan
        .titles
        .get(score.variant)
        .copied()
        .unwrap_or("Untitled");
    Piece {
        style: plan.name,
        guest: score.guest(),
        title,
        file_stem: file_stem(title),
        key: score.key.number(),
        tempo_bpm: score.tempo_bpm,
        tags,
        emotion,
        sound,
    }
}

/// A title as a file name: small letters and digits joined by hyphens.
fn file_stem(title: &str) -> String {
    title
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '\'')
        .filter(|word| !word.is_empty())
        .map(|word| word.replace('\'', "").to_ascii_lowercase())
        .collect::<Vec<_>>()
        .join("-")
}

/// Arousal and valence from 1 to 9, by rule, not by listeners: arousal grows with tempo (50 to 190 beats a minute)
/// and with how many sounds begin in a second (0 to 30), valence is higher in major keys and at a faster tempo. These
/// are the cues that listeners are known to go by first (Gabrielsson and Lindström 2010, "The role of structure in
/// the musical expression of emotions"); loudness, another one, says nothing here.
fn emotion(tempo_bpm: f32, notes_per_second: f32, minor: bool) -> [f32; 2] {
    let pace = ((tempo_bpm - 50.0) / 140.0).clamp(0.0, 1.0);
    let bustle = (notes_per_second / 30.0).clamp(0.0, 1.0);
    let arousal = 1.0 + 8.0 * (0.5 * pace + 0.5 * bustle);
    let valence = 5.0 + if minor { -1.8 } else { 1.8 } + 2.0 * (pace - 0.5);
    [arousal, valence].map(|value| (value * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn scores_cover_all_keys_and_every_style_evenly() {
        let scores = scores(DemoKind::Plain, 0);
        assert_eq!(scores.len(), TRACKS);
        let keys: BTreeSet<u8> = scores.iter().map(|score| score.key.number()).collect();
        assert_eq!(keys, (0..24).collect());
        let mut names = BTreeMap::new();
        for score in &scores {
            *names.entry(score.style.plan().name).or_insert(0) += 1;
            let [slowest, fastest] = score.style.plan().tempo_bpm;
            assert!((slowest..=fastest).contains(&score.tempo_bpm));
        }
        assert!(names.len() == 8 && names.values().all(|&count| count == TRACKS_PER_STYLE));
        for style in Style::ALL {
            let major = scores
                .iter()
                .filter(|score| score.style == style && !score.key.minor)
                .count();
            assert_eq!(major, style.plan().major);
        }
    }

    /// In the mixed collection nothing beside the sound of its own style tells what style a track is.
    #[test]
    fn key_tempo_and_guest_tell_nothing_of_a_mixed_style() {
        for seed in 0..20 {
            let mut keys = BTreeSet::new();
            let mut styles: BTreeMap<&str, Vec<Score>> = BTreeMap::new();
            for score in scores(DemoKind::Mixed, seed) {
                keys.insert(score.key.number());
                let name = score.style.plan().name;
                styles.entry(name).or_default().push(score);
            }
            assert_eq!(keys, (0..24).collect());
            assert_eq!(styles.len(), 8);
            for (name, scores) in styles {
                let minor = scores.iter().filter(|score| score.key.minor).count();
                assert_eq!((scores.len(), minor), (8, 4), "{name}");
                let mut tempos: Vec<f32> = scores.iter().map(|score| score.tempo_bpm).collect();
                tempos.sort_by(f32::total_cmp);
                // One in each eighth of the range, rounded to a whole number.
                for (place, tempo) in tempos.into_iter().enumerate() {
                    let from = 84.0 + 8.0 * place as f32;
                    assert!(
                        (from - 0.5..=from + 8.5).contains(&tempo),
                        "{name}: {tempo}"
                    );
                }
                let guests: BTreeSet<&str> =
                    scores.iter().filter_map(|score| score.guest()).collect();
                assert!(
                    guests.len() == 7 && !guests.contains(name),
                    "{name}: {guests:?}"
                );
            }
        }
    }

    #[test]
    fn titles_are_unique_as_file_names() {
        let stems: BTreeSet<String> = Style::ALL
            .into_iter()
            .flat_map(|style| style.plan().titles.map(file_stem))
            .collect();
        assert_eq!(stems.len(), TRACKS);
        assert!(stems.contains("the-weavers-daughter"), "{stems:?}");
    }
}
