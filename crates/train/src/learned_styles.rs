//! What a MAEST that is trained has learnt to say of one track so far: that which somebody listens to.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::mels::FrontEnd;
use mynascope_base::{
    jobs::{Cancel, Job, spawn},
    storage::serde_path,
};

/// Windows of the track that are asked about, at most.
const MOST_WINDOWS: usize = 4;
/// Styles that are kept, at most: the likeliest.
const MOST_STYLES: usize = 20;

/// The styles of a track by the weights after a step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LearnedStyles {
    /// Steps done.
    pub step: u64,
    /// The file of the track.
    #[serde(with = "serde_path")]
    pub track: PathBuf,
    /// Windows of it that were asked about.
    pub windows: usize,
    /// The likeliest of the labels that are learned with their probabilities, the likeliest first.
    pub ranked: Vec<(String, f32)>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl LearnedStyles {
    /// Of the probabilities of all labels, [windows, labels] row-major.
    pub(super) fn new(step: u64, track: &Path, labels: &[String], probabilities: &[f32]) -> Self {
        let windows = probabilities.len() / labels.len().max(1);
        let mean = |label: usize| {
            let of_label = probabilities
                .iter()
                .skip(label)
                .step_by(labels.len().max(1));
            of_label.sum::<f32>() / windows.max(1) as f32
        };
        let labels = labels.iter().enumerate();
        let mut ranked: Vec<(String, f32)> = labels
            .map(|(label, name)| (name.clone(), mean(label)))
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked.truncate(MOST_STYLES);
        Self {
            step,
            track: track.to_path_buf(),
            windows,
            ranked,
            problem: None,
        }
    }
}

/// Windows of a track, or why it can't be heard.
type Heard = Result<Vec<Vec<f32>>, String>;

/// The track that is listened to. It is heard on a thread of its own, so that no step waits for a decoder.
#[derive(Default)]
pub(super) struct ListenedTrack {
    track: Option<PathBuf>,
    /// Hears it.
    job: Option<Job>,
    /// What that leaves.
    slot: Arc<Mutex<Option<Heard>>>,
    heard: Option<Heard>,
}

impl ListenedTrack {
    /// Begins to hear another track, or takes in what was heard of it. `frames` are those of a window. Returns whether it can be
    /// asked about from now on.
    pub fn follow(&mut self, track: Option<&Path>, front_end: &FrontEnd, frames: usize) -> bool {
        if self.track.as_deref() != track {
            *self = Self {
                track: track.map(Path::to_path_buf),
                ..Self::default()
            };
            if let Some(path) = track {
                self.begin(path.to_path_buf(), front_end.clone(), frames);
            }
        }
        if self.heard.is_some() {
            return false;
        }
        self.heard = taken(&self.slot);
        self.heard.is_some()
    }

    fn begin(&mut self, path: PathBuf, mut front_end: FrontEnd, frames: usize) {
        let [slot, failed] = [(); 2].map(|()| Arc::clone(&self.slot));
        let hear = move |cancel: &Cancel| {
            let heard = front_end.hear(&path, cancel);
            let windows = heard.map(|heard| {
                windows(
                    &heard.values,
                    front_end.width(),
                    frames,
                    front_end.silence(),
                )
            });
            put(&slot, windows);
        };
        match spawn("hear-track", hear, move |fault| put(&failed, Err(fault))) {
            Ok(job) => self.job = Some(job),
            Err(error) => self.heard = Some(Err(format!("the system gives no thread ({error})"))),
        }
    }

    /// The track and its windows, once it was heard.
    pub fn heard(&self) -> Option<(&Path, &Heard)> {
        Some((self.track.as_deref()?, self.heard.as_ref()?))
    }
}

fn put(slot: &Mutex<Option<Heard>>, heard: Heard) {
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
}

fn taken(slot: &Mutex<Option<Heard>>) -> Option<Heard> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Some windows of a track, spread over all of it. One that is shorter has silence on both sides, as in training.
fn windows(values: &[f32], width: usize, frames: usize, silence: f32) -> Vec<Vec<f32>> {
    let there = values.len() / width.max(1);
    let Some(beyond) = there.checked_sub(frames).filter(|beyond| *beyond > 0) else {
        let mut window = vec![silence; frames * width];
        let lead = frames.saturating_sub(there) / 2 * width;
        for (slot, value) in window.iter_mut().skip(lead).zip(values) {
            *slot = *value;
        }
        return vec![window];
    };
    let count = (there / frames).clamp(1, MOST_WINDOWS);
    let start = |window: usize| match count {
        1 => beyond / 2,
        _ => beyond * window / (count - 1),
    };
    let starts = (0..count).map(start);
    let windows = starts.filter_map(|start| values.get(start * width..(start + frames) * width));
    windows.map(<[f32]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_ranked_by_their_mean_over_the_windows() {
        let labels = ["jazz", "folk", "techno"].map(str::to_owned);
        let said = [0.1, 0.8, 0.3, 0.1, 0.2, 0.7];
        let found = LearnedStyles::new(7, Path::new("/a.wav"), &labels, &said);
        let names: Vec<&str> = found.ranked.iter().map(|(name, _)| name.as_str()).collect();
        // Equal means keep their order.
        assert_eq!(
            (names.as_slice(), found.windows),
            (&["folk", "techno", "jazz"][..], 2)
        );
        assert!((found.ranked[0].1 - 0.5).abs() < 1e-6);
        let many: Vec<String> = (0..400).map(|label| label.to_string()).collect();
        let found = LearnedStyles::new(7, Path::new("/a.wav"), &many, &[0.5; 400]);
        assert_eq!(found.ranked.len(), MOST_STYLES);
    }

    #[test]
    fn windows_are_spread_over_the_track_and_a_short_one_has_silence_around_it() {
        let values: Vec<f32> = (0..2000).map(|value| value as f32).collect();
        let firsts = |frames: usize| -> Vec<f32> {
            let windows = windows(&values, 2, frames, -9.0);
            assert!(windows.iter().all(|window| window.len() == 2 * frames));
            windows.iter().map(|window| window[0]).collect()
        };
        assert_eq!(firsts(100), [0.0, 600.0, 1200.0, 1800.0]);
        assert_eq!(firsts(600), [400.0]);
        assert_eq!(firsts(1000), [0.0]);
        let short = windows(&values[..4], 2, 6, -9.0);
        let around = [-9.0; 4];
        let expected = [&around[..], &values[..4], &around[..]].concat();
        assert_eq!(short, [expected]);
    }

    #[test]
    fn a_track_that_cannot_be_heard_says_why_and_once() {
        use mynascope_encoder::families::maest::Form;
        let mut listened = ListenedTrack::default();
        let front_end = FrontEnd::Maest(Form::Native);
        let path = Path::new("/no/such/file.wav");
        let follow = |listened: &mut ListenedTrack, path| listened.follow(path, &front_end, 10);
        let mut began = follow(&mut listened, Some(path));
        while !began {
            std::thread::sleep(std::time::Duration::from_millis(5));
            began = follow(&mut listened, Some(path));
        }
        assert!(!follow(&mut listened, Some(path)));
        let (of, heard) = listened.heard().unwrap();
        assert!(of == path && heard.is_err());
        assert!(!follow(&mut listened, None) && listened.heard().is_none());
    }
}
