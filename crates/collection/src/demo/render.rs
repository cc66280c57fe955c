//! From a number to a track: what it is to be, and its sound.

use std::path::PathBuf;

use super::{
    duration_secs,
    song::Song,
    styles::{Style, TRACKS_PER_STYLE},
    theory::Key,
};
use crate::Track;
use mynascope_spectrum::tokens::{Purpose, stream};

/// Tracks in the demo collection.
pub(super) const TRACKS: usize = Style::ALL.len() * TRACKS_PER_STYLE;

/// What a track is to be, decided before a note of it is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Score {
    pub style: Style,
    /// Its place among the tracks of its style.
    pub variant: usize,
    pub key: Key,
    pub tempo_bpm: f32,
}

/// The scores of the collection. Styles take turns, so that any first part of the collection is balanced; so do
/// tonics, in fifths, so that all 24 keys occur.
pub(super) fn scores(seed: u64) -> Vec<Score> {
    let mut dice = stream(seed, 0, u64::MAX, Purpose::Demo);
    let mut tonics = [dice.below(12), dice.below(12)];
    let mut scores = Vec::with_capacity(TRACKS);
    for variant in 0..TRACKS_PER_STYLE {
        for (place, style) in Style::ALL.into_iter().enumerate() {
            let plan = style.plan();
            // Three and eight have no common factor: over its variants each style gets exactly its major keys.
            let minor = (variant * 3 + place) % TRACKS_PER_STYLE >= plan.major;
            let [major_tonic, minor_tonic] = &mut tonics;
            let tonic = if minor { minor_tonic } else { major_tonic };
            *tonic = (*tonic + 7) % 12;
            let [slowest, fastest] = plan.tempo_bpm.map(f64::from);
            scores.push(Score {
                style,
                variant,
                key: Key {
                    tonic: *tonic as u8,
                    minor,
                },
                tempo_bpm: dice.between(slowest, fastest).round() as f32,
            });
        }
    }
    scores
}

/// A rendered track.
pub(super) struct Piece {
    /// Its labels; the path is relative to the collection's folder.
    pub track: Track,
    /// Mono, [`super::RATE`] samples a second, within [-1, 1].
    pub sound: Vec<f32>,
}

/// Makes the track of a score. `number` is its place in the collection.
pub(super) fn render(score: Score, number: usize, seed: u64) -> Piece {
    let dice = stream(seed, 0, number as u64, Purpose::Demo);
    let mut song = Song::new(score.key, score.tempo_bpm, dice);
    let finish = score.style.play(&mut song, score.variant);
    let emotion = emotion(score.tempo_bpm, song.notes_per_second(), score.key.minor);
    let plan = score.style.plan();
    let title = plan
        .titles
        .get(score.variant)
        .copied()
        .unwrap_or("Untitled");
    let track = Track {
        path: PathBuf::from(plan.name).join(format!("{}.wav", file_stem(title))),
        title: title.to_owned(),
        label: Some(plan.name.to_owned()),
        key: Some(score.key.number()),
        tempo_bpm: Some(score.tempo_bpm),
        tags: finish.tags.iter().map(|&tag| tag.to_owned()).collect(),
        emotion: Some(emotion),
        fold: None,
        duration_secs: Some(duration_secs()),
        codec: None,
        problem: None,
        warning: None,
    };
    Piece {
        track,
        sound: song.mix(&finish),
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
/// the musical expression of emotions"); loudness, another one, is the same for all tracks.
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
        let scores = scores(0);
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
