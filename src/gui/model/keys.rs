//! The keys that the chosen encoder hears in the shown track, on the circle of fifths, and how they turn when the sound is
//! transposed.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use mynascope_embedding::TrackKeys;
use mynascope_encoder::{
    EncoderInfo, Readout,
    families::mt2::{KEYS, KeyArrow, KeyNames, turned},
};
use mynascope_probe::{Answer, TrackAnswer, WindowAnswer};

use crate::gui::command_line::CommandLine;

use super::{AppState, AskedTrack, EncoderSource, PredictionTimeline};

/// What a user sets of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeysForm {
    /// By how many semitones the sound is lowered, 0 to 12.
    pub semitones: usize,
    /// The signature of the recording that names the places, in semitones above C major and A minor.
    pub signature: usize,
    /// The strip below the spectrogram is shown.
    pub strip: bool,
}

impl Default for KeysForm {
    fn default() -> Self {
        Self {
            semitones: 0,
            signature: 0,
            strip: true,
        }
    }
}

/// The arrows of a window at each transposition, and how far each misses its place in steps of the circle.
pub type Turned = Vec<(KeyArrow, f64)>;

/// The keys of the chosen encoder, as far as they are computed.
#[derive(Default)]
pub struct Keys {
    /// What is set.
    pub form: KeysForm,
    /// The encoder whose keys these are, read as key profiles.
    pub source: Option<EncoderSource>,
    /// The shown track, window by window, or why there is nothing.
    pub shown: Option<(PathBuf, Result<Arc<TrackKeys>, String>)>,
    /// The shown track that was asked for last.
    pub asked: Option<AskedTrack>,
    /// The windows of the shown track whose transpositions are known, or why they are not.
    pub turned: HashMap<usize, Result<Turned, String>>,
    /// The window of the shown track whose transpositions were asked for last.
    pub asked_window: Option<usize>,
    /// The strip below the spectrogram.
    pub timeline: Option<PredictionTimeline>,
    /// What the places of the profile of an encoder are called, and the recording that told.
    names: Vec<(EncoderSource, KeyNames, PathBuf)>,
}

impl Keys {
    /// Forgets what belongs to another encoder; what is set stays, and so do the names of every encoder.
    pub fn begin(&mut self, source: Option<EncoderSource>) {
        *self = Self {
            form: self.form,
            source,
            names: std::mem::take(&mut self.names),
            ..Self::default()
        };
    }

    /// Shows the keys of a track window by window, or why it has none.
    pub fn show(&mut self, path: PathBuf, keys: Result<TrackKeys, String>) {
        self.turned.clear();
        self.asked_window = None;
        self.shown = Some((path, keys.map(Arc::new)));
    }

    /// Takes in the profiles of a window at each transposition, [13, 12] row-major.
    pub fn take_in(&mut self, path: &Path, window: usize, profiles: Result<Vec<f32>, String>) {
        if self.of_shown(Some(path)).is_some() {
            let profiles = profiles.map(|profiles| turned(&profiles));
            self.turned.insert(window, profiles);
        }
    }

    /// The windows of a track, if it is the shown one.
    pub fn of_shown(&self, path: Option<&Path>) -> Option<Result<&Arc<TrackKeys>, &str>> {
        let (of, keys) = self.shown.as_ref()?;
        (path == Some(of.as_path())).then(|| keys.as_ref().map_err(String::as_str))
    }

    /// What the places of the profile are called.
    pub fn names(&self) -> KeyNames {
        self.calibrated().map_or_else(KeyNames::default, |it| it.1)
    }

    /// The recording that named the places.
    pub fn named_by(&self) -> Option<&Path> {
        self.calibrated().map(|it| it.2.as_path())
    }

    fn calibrated(&self) -> Option<&(EncoderSource, KeyNames, PathBuf)> {
        let source = self.source.as_ref()?;
        self.names.iter().find(|(of, ..)| of == source)
    }

    /// Names the places by the shown track, whose signature is the one that is set; without a track that is read, nothing.
    pub fn calibrate(&mut self) {
        let Some((path, Ok(keys))) = &self.shown else {
            return;
        };
        let (Some(source), Some(arrow)) = (&self.source, keys.arrow()) else {
            return;
        };
        let names = KeyNames::heard(self.form.signature, arrow.key());
        let named = (source.clone(), names, path.clone());
        self.forget_names();
        self.names.push(named);
    }

    /// Forgets what the places are called.
    pub fn forget_names(&mut self) {
        let source = self.source.as_ref();
        self.names.retain(|(of, ..)| Some(of) != source);
    }

    /// The verb that tells the same of a collection.
    pub fn command(&self, sources: &[PathBuf], source: &EncoderSource) -> String {
        let line = CommandLine::verb("key").arguments(sources);
        let line = keys_source(source).options(line);
        match self.calibrated() {
            // The verb takes a recording in C only.
            Some((.., path)) if self.form.signature == 0 => {
                line.option("calibrate", path).to_line()
            }
            _ => line.to_line(),
        }
    }
}

/// The encoder, read as key profiles: windows and patchout stay as they are.
pub fn keys_source(source: &EncoderSource) -> EncoderSource {
    let mut source = source.clone();
    source.reading.layer = None;
    source.reading.readout = Some(Readout::KeyProfile);
    source
}

impl AppState {
    /// What the chosen encoder reads and gives, if it gives key profiles.
    pub fn keys_info(&self) -> Option<&EncoderInfo> {
        let info = self.embeddings.info();
        info.filter(|info| info.readouts.contains(&Readout::KeyProfile))
    }

    /// The window of the shown track that sounds now.
    pub fn key_window(&self) -> Option<usize> {
        let keys = self.keys.of_shown(self.spectrogram.path())?.ok()?;
        keys.window_at(self.transport.position_secs)
    }

    /// The strip below the spectrogram: the key of each window.
    pub fn key_timeline(&self) -> Option<PredictionTimeline> {
        let info = self.keys_info().filter(|_| self.keys.form.strip)?;
        let path = self.spectrogram.path()?;
        let known = self.keys.of_shown(Some(path));
        let names = self.keys.names();
        Some(PredictionTimeline {
            path: path.to_path_buf(),
            classes: (0..KEYS).map(|key| names.name(key)).collect(),
            window_secs: info.window.secs,
            learned: false,
            answer: match known {
                None => Err("computing keys …".to_owned()),
                Some(Err(why)) => Err(format!("no keys: {why}")),
                Some(Ok(keys)) => Ok(track_answer(keys, names)),
            },
        })
    }
}

/// Keys in the form of a probe's answer: the place that each window's arrow points to.
fn track_answer(keys: &TrackKeys, names: KeyNames) -> TrackAnswer {
    let windows = keys.windows().map(|(start_secs, profile)| {
        let arrow = KeyArrow::of(profile);
        WindowAnswer {
            start_secs,
            answer: Answer {
                class: Some(names.signature(arrow.key()).unwrap_or(arrow.key())),
                prediction: names.name(arrow.key()),
                confidence: Some(arrow.length),
                scores: profile.iter().copied().map(f64::from).collect(),
            },
        }
    });
    TrackAnswer {
        path: keys.path.clone(),
        answer: None,
        problem: None,
        seen_in_training: false,
        windows: windows.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_in_c_names_the_places_of_its_encoder_only() {
        let mut keys = Keys::default();
        let source = EncoderSource::default();
        keys.begin(Some(source.clone()));
        let mut profiles = vec![0.0; KEYS];
        profiles[5] = 1.0;
        let told = TrackKeys {
            path: "/c.wav".into(),
            starts: vec![0.0],
            window_secs: 4.0,
            profiles,
        };
        keys.show("/c.wav".into(), Ok(told));
        keys.calibrate();
        assert_eq!(keys.names().name(5), "C / Am");
        assert_eq!(keys.named_by(), Some(Path::new("/c.wav")));
        assert!(
            keys.command(&["/music".into()], &source)
                .ends_with("--calibrate /c.wav")
        );
        let mut other = source.clone();
        other.reading.patchout.every = 2;
        keys.begin(Some(other));
        assert_eq!(keys.names(), KeyNames::default());
        keys.begin(Some(source));
        assert_eq!(keys.names().name(5), "C / Am");
        keys.forget_names();
        assert_eq!(keys.named_by(), None);
    }
}
