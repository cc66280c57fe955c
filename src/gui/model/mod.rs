//! What the window shows. Panels read it; only `logic` changes it.

mod library;
mod mapping;
mod mask;
mod notice;
mod picture;
mod probing;
mod training;
mod transport;

pub use library::{Library, Row};
pub use mapping::{MapCommand, MapMessage, Mapping};
pub use mask::{MOST_PERCENT, Mask, MaskKey, RankTable};
pub use notice::{Notice, Notices, Severity};
pub use picture::{
    FRAME_SECS, Picture, PictureState, Spectrogram, TimeView, WINDOW_SECS, level_db,
};
pub use probing::{ProbeCommand, ProbeMessage, Probing};
pub use training::{TrainCommand, TrainMessage, Training};
pub use transport::{Transport, clock};

use crate::storage::Settings;

use super::layout::Layout;

/// All state of the window.
#[derive(Default)]
pub struct Model {
    /// Kept between starts.
    pub settings: Settings,
    pub layout: Layout,
    pub library: Library,
    pub spectrogram: Spectrogram,
    pub mask: Mask,
    pub transport: Transport,
    pub notices: Notices,
    pub training: Training,
    pub mapping: Mapping,
    pub probing: Probing,
    /// The key sheet is open.
    pub keys_shown: bool,
}
