//! Everything a user can do. Panels push commands; only `logic` carries them out.

use std::path::PathBuf;

use crate::{
    spectrum::ColourMap,
    storage::Theme,
    tokens::{MaskKind, MaskRatio, PatchShape},
};

use super::{
    layout::Layout,
    model::{MapCommand, ProbeCommand, TrainCommand},
};

/// One thing a user did.
#[derive(Debug, Clone)]
pub enum Command {
    // The window.
    ShowLayout(Layout),
    /// Puts the panes of the shown layout back in their places.
    ResetLayout,
    SetTheme(Theme),
    ShowKeys(bool),
    /// Closes a notice.
    Dismiss(u64),
    /// Tells the user something.
    Tell(String),

    // The library.
    /// Files and folders, dropped or chosen.
    Open(Vec<PathBuf>),
    OpenDemo,
    /// Asks for files.
    ChooseFiles,
    /// Asks for a folder.
    ChooseFolder,
    StopOpening,
    Search(String),
    /// Shows a track of the collection.
    Select(usize),
    /// Shows a track of the collection and plays it.
    Play(usize),
    /// Shows the track that stands so many rows further down.
    SelectRelative(isize),

    // Sound.
    TogglePlay,
    Pause,
    /// To a time of the track, in seconds.
    Seek(f64),
    /// By so many seconds.
    SeekBy(f64),
    /// How loud it plays: 0 is silence, 1 the level of the file.
    SetVolume(f32),
    /// Silence, or as loud as before.
    ToggleMute,
    /// Looks for a sound device again.
    FindSoundDevice,
    /// Plays the masked sound instead of the original.
    HearLeft(bool),

    // The picture.
    /// Enlarges the time axis around a time by so many notches; negative ones make it smaller.
    ZoomTime {
        at_secs: f64,
        notches: f64,
    },
    /// Shows this part of the track.
    ShowTime {
        start_secs: f64,
        span_secs: f64,
    },
    /// Moves the picture by so many seconds.
    PanTime(f64),
    FitTrack,
    SetColourMap(ColourMap),
    /// To the next colour map, or the one before.
    NextColourMap {
        back: bool,
    },
    SetTopDb(f32),
    SetRangeDb(f32),

    // Masking.
    ShowMask(bool),
    SetRatio(MaskRatio),
    /// By so many percentage points.
    ChangeRatio(i32),
    SetSeed(u64),
    /// To another seed.
    Reroll,
    SetMaskKind(MaskKind),
    SetPatchShape(PatchShape),
    /// How strongly dropped patches fade, 0 to 1.
    SetOverlay(f32),

    // The other layouts.
    Train(TrainCommand),
    Map(MapCommand),
    Probe(ProbeCommand),
}
