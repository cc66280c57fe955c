//! What the window remembers between starts.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{StorageError, serde_path, write_atomic};

/// Dark or light; dark by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// Light text on dark ground.
    #[default]
    Dark,
    /// Dark text on light ground.
    Light,
    /// As the system says.
    System,
}

/// How the picture goes with the playhead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Follow {
    /// The next page is shown when the playhead leaves this one.
    #[default]
    Page,
    /// The playhead stays in the middle and the picture moves.
    Smooth,
    /// Not at all.
    Off,
}

/// Where a window stands on the screen, in points of a scale of 100 %.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowPlace {
    /// Width and height of what is in its frame.
    pub size: [f32; 2],
    /// Left and top of its frame, where the system says.
    pub position: Option<[f32; 2]>,
    /// It fills the screen between the bars of the desktop.
    pub maximized: bool,
}

/// How the window was left.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// The layout that was shown, by its name.
    pub layout: String,
    /// The encoder and how it is read, as JSON.
    pub encoder: String,
    /// What was set of the spectrogram, as JSON.
    pub picture: String,
    /// The shown track.
    #[serde(with = "serde_path::option", skip_serializing_if = "Option::is_none")]
    pub track: Option<PathBuf>,
    /// A map of the collection was shown.
    pub map: bool,
    /// How the map is laid out, as JSON.
    pub map_form: String,
    /// The probe in use, where it is a file.
    #[serde(with = "serde_path::option", skip_serializing_if = "Option::is_none")]
    pub probe: Option<PathBuf>,
    /// Tracks of the opened folders that were taken off the list.
    #[serde(with = "serde_path::list")]
    pub removed: Vec<PathBuf>,
    /// Where the window stood.
    pub window: Option<WindowPlace>,
}

/// What the window remembers between starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Dark, light, or as the system says.
    pub theme: Theme,
    /// Size of everything on screen, 1 = 100 %.
    pub scale: f32,
    /// How loud sounds play: 0 is silence, 1 the level of the file.
    pub volume: f32,
    /// The sound device that was chosen; none is the system's choice.
    pub sound_device: Option<String>,
    /// How the picture goes with the playhead.
    pub follow: Follow,
    /// What computed pictures may take on disk, in MiB.
    pub cache_mebibytes: u64,
    /// Where tensors are computed: `auto`, `cpu`, `gpu:0`.
    pub device: String,
    /// Which channel of a file pictures and embeddings are made of: `mean`, `left`, `right`.
    pub channel: String,
    /// What was open when the window was closed is opened again.
    pub reopen: bool,
    /// The window is as it was when it was closed: size, place, layout, encoder, spectrogram, and of what is opened again the track,
    /// the map and the probe.
    pub restore: bool,
    /// At the end of a track the next one of the list is played.
    pub play_on: bool,
    /// What was open last, as the command line takes it.
    #[serde(with = "serde_path::list")]
    pub last: Vec<PathBuf>,
    /// Folders and files opened last, newest first.
    #[serde(with = "serde_path::list")]
    pub recent: Vec<PathBuf>,
    /// Where the user moved the panels of each layout, by its name.
    pub layouts: BTreeMap<String, String>,
    /// In which layouts the mask is drawn, by the layout's name, where the user said so.
    pub mask_shown: BTreeMap<String, bool>,
    /// Columns of the library that the user switched on or off, by their headings.
    pub columns: BTreeMap<String, bool>,
    /// What the keys of encoders are called, by the encoder's hash.
    pub key_names: BTreeMap<String, NamedKeys>,
    /// How the window was left.
    pub session: Session,
}

/// How the places of an encoder's key profile got their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedKeys {
    /// How many semitones above C place 0 is.
    pub first: usize,
    /// The signature of the recording that told, in semitones above C major and A minor.
    pub signature: usize,
    /// The recording.
    #[serde(with = "serde_path")]
    pub recording: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::Dark,
            scale: 1.0,
            volume: 1.0,
            sound_device: None,
            follow: Follow::Page,
            cache_mebibytes: 2048,
            device: "auto".to_owned(),
            channel: "mean".to_owned(),
            reopen: true,
            restore: true,
            play_on: false,
            last: Vec::new(),
            recent: Vec::new(),
            layouts: BTreeMap::new(),
            mask_shown: BTreeMap::new(),
            columns: BTreeMap::new(),
            key_names: BTreeMap::new(),
            session: Session::default(),
        }
    }
}

const FILE: &str = "settings.toml";

impl Settings {
    /// What computed pictures may take on disk, in bytes.
    pub fn cache_bytes(&self) -> u64 {
        self.cache_mebibytes.saturating_mul(1 << 20)
    }

    /// Reads `settings.toml` of a folder. A missing file gives the defaults; a damaged one is set aside as
    /// `settings.damaged.toml`, and the returned message says so.
    pub fn load(folder: &Path) -> (Self, Option<String>) {
        let path = folder.join(FILE);
        let Ok(bytes) = fs::read(&path) else {
            return (Self::default(), None);
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| "it is no text in UTF-8".to_owned());
        let settings = text.and_then(|text| {
            toml::from_str::<Self>(text).map_err(|error| error.message().to_owned())
        });
        match settings {
            Ok(settings) => (settings, None),
            Err(why) => {
                let aside = folder.join("settings.damaged.toml");
                let _ = fs::rename(&path, &aside);
                let message = format!(
                    "The settings could not be read ({why}); defaults are used and the file is kept as {}",
                    aside.display()
                );
                (Self::default(), Some(message))
            }
        }
    }

    /// Reads `settings.toml` of a folder and touches nothing; the defaults where it is missing or damaged.
    pub fn read(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join(FILE)).unwrap_or_default();
        toml::from_str(&text).unwrap_or_default()
    }

    /// Writes `settings.toml` of a folder.
    ///
    /// # Errors
    /// [`StorageError::Io`] if the file cannot be written; an old one is untouched.
    pub fn save(&self, folder: &Path) -> Result<(), StorageError> {
        let path = folder.join(FILE);
        let text = toml::to_string_pretty(self).map_err(|error| StorageError::Io {
            what: "write the settings",
            source: std::io::Error::other(error),
            path: path.clone(),
        })?;
        write_atomic(&path, |file| file.write_all(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn folders_of_any_name_are_remembered() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let folder = tempfile::tempdir().unwrap();
        let odd = PathBuf::from(OsStr::from_bytes(b"/music/caf\xe9"));
        let settings = Settings {
            last: vec![odd.clone()],
            recent: vec![odd.clone(), "/music/日本".into()],
            session: Session {
                track: Some(odd),
                window: Some(WindowPlace {
                    size: [900.0, 700.0],
                    position: Some([-3.0, 4.0]),
                    maximized: true,
                }),
                ..Session::default()
            },
            ..Settings::default()
        };
        settings.save(folder.path()).unwrap();
        assert_eq!(Settings::read(folder.path()), settings);
    }

    #[test]
    fn damaged_settings_are_set_aside_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            theme: Theme::Light,
            ..Settings::default()
        };
        settings.save(folder.path()).unwrap();
        assert_eq!(Settings::read(folder.path()), settings);
        assert_eq!(Settings::load(folder.path()), (settings, None));
        fs::write(folder.path().join(FILE), "theme = [").unwrap();
        let (loaded, message) = Settings::load(folder.path());
        assert_eq!(loaded, Settings::default());
        assert!(message.unwrap().contains("settings.damaged.toml"));
        assert!(folder.path().join("settings.damaged.toml").exists());
    }
}
