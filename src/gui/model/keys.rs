//! The keys that the chosen encoder hears in the shown track, on the circle of fifths, and how they turn when the sound is
//! transposed.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use mynascope_base::storage::NamedKeys;
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
    /// What the places of the profile of an encoder are called, and the recording that told, by the encoder's hash.
    pub named: BTreeMap<String, NamedKeys>,
    /// The hash of the encoder, once a track was read with it.
    hash: Option<String>,
}

impl Keys {
    /// Forgets what belongs to another encoder; what is set stays, and so do the names of every encoder.
    pub fn begin(&mut self, source: Option<EncoderSource>) {
        *self = Self {
            form: self.form,
            source,
            named: std::mem::take(&mut self.named),
            ..Self::default()
        };
    }

    /// Shows the keys of a track window by window, or why it has none.
    pub fn show(&mut self, path: PathBuf, keys: Result<TrackKeys, String>) {
        self.turned.clear();
        self.asked_window = None;
        if let Ok(keys) = &keys {
            self.hash = Some(keys.encoder_hash.clone());
        }
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
        let first = self.calibrated().map(|named| named.first);
        KeyNames { first }
    }

    /// The recording that named the places.
    pub fn named_by(&self) -> Option<&Path> {
        self.calibrated().map(|named| named.recording.as_path())
    }

    fn calibrated(&self) -> Option<&NamedKeys> {
        self.named.get(self.hash.as_ref()?)
    }

    /// Names the places by the shown track, whose signature is the one that is set.
    ///
    /// # Errors
    /// Why the track can name none, and what to do.
    pub fn calibrate(&mut self) -> Result<(), String> {
        let Some((path, keys)) = &self.shown else {
            return Ok(());
        };
        let arrow = keys.as_ref().map_err(String::clone);
        let arrow = arrow.and_then(|keys| keys.naming_arrow());
        let arrow = arrow.map_err(|why| format!("This track cannot name the keys: {why}"))?;
        let Some(hash) = &self.hash else {
            return Ok(());
        };
        let signature = self.form.signature;
        let Some(first) = KeyNames::heard(signature, arrow.key()).first else {
            return Ok(());
        };
        let named = NamedKeys {
            first,
            signature,
            recording: path.clone(),
        };
        self.named.insert(hash.clone(), named);
        Ok(())
    }

    /// Forgets what the places are called.
    pub fn forget_names(&mut self) {
        if let Some(hash) = &self.hash {
            self.named.remove(hash);
        }
    }

    /// The verb that tells the same of a collection.
    pub fn command(&self, sources: &[PathBuf], source: &EncoderSource) -> String {
        let line = CommandLine::verb("key").arguments(sources);
        let line = keys_source(source).options(line);
        let line = match self.calibrated() {
            None => line,
            Some(named) => {
                let line = line.option("calibrate", &named.recording);
                match named.signature {
                    0 => line,
                    other => line.option("calibrate-key", KeyNames::major_of(other)),
                }
            }
        };
        line.to_line()
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
            role: None,
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
            encoder_hash: "one".to_owned(),
        };
        keys.show("/c.wav".into(), Ok(told.clone()));
        keys.form.signature = 7;
        keys.calibrate().unwrap();
        assert_eq!(keys.names().name(5), "G / Em");
        let line = keys.command(&["/music".into()], &source);
        assert!(
            line.ends_with("--calibrate /c.wav --calibrate-key G"),
            "{line}"
        );
        keys.form.signature = 0;
        keys.calibrate().unwrap();
        assert_eq!(keys.names().name(5), "C / Am");
        assert_eq!(keys.named_by(), Some(Path::new("/c.wav")));
        let line = keys.command(&["/music".into()], &source);
        assert!(line.ends_with("--calibrate /c.wav"), "{line}");
        let mut other = source.clone();
        other.reading.patchout.every = 2;
        keys.begin(Some(other));
        assert_eq!(keys.names(), KeyNames::default());
        let of_other = TrackKeys {
            encoder_hash: "other".to_owned(),
            ..told.clone()
        };
        keys.show("/c.wav".into(), Ok(of_other));
        assert_eq!(keys.names(), KeyNames::default());
        // What another start of the program kept counts for the encoder with this hash.
        let mut later = Keys {
            named: keys.named.clone(),
            ..Keys::default()
        };
        later.begin(Some(source));
        later.show("/d.wav".into(), Ok(told));
        assert_eq!(later.names().name(5), "C / Am");
        later.forget_names();
        assert_eq!(later.named_by(), None);
        // Silence names nothing.
        later.show("/silence.wav".into(), Err("it holds nothing".to_owned()));
        assert!(later.calibrate().unwrap_err().contains("it holds nothing"));
        assert_eq!(later.named_by(), None);
    }
}
