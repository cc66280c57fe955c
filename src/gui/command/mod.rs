//! Everything a user can do, one file a part of the window. Panels push commands; only `logic` carries them out.
//!
//! A command is an act: play, compute, save. What a user sets is edited as a whole value, the form of its part of the
//! window: one `Edit` each.

mod answers;
mod encoder;
mod hub;
mod keys;
mod lesson;
mod library;
mod map;
mod mask;
mod picture;
mod probe;
mod regions;
mod sound;
mod styles;
mod teach;
mod train;
mod window;

pub use answers::AnswersCommand;
pub use encoder::EncoderCommand;
pub use hub::HubCommand;
pub use keys::KeysCommand;
pub use lesson::{LessonChange, LessonCommand};
pub use library::LibraryCommand;
pub use map::{MapCommand, SaveTo};
pub use mask::MaskCommand;
pub use picture::PictureCommand;
pub use probe::{ProbeAsk, ProbeCommand};
pub use regions::RegionsCommand;
pub use sound::SoundCommand;
pub use styles::StylesCommand;
pub use teach::TeachCommand;
pub use train::{TrainCommand, Wanted};
pub use window::{OwnFolder, WindowCommand};

use super::model::{AppState, LibraryForm, MaskForm, PictureForm, SoundForm};
use mynascope_base::storage::Settings;

/// One thing a user did.
#[derive(Debug, Clone)]
pub enum Command {
    /// To the window itself.
    Window(WindowCommand),
    /// To the library.
    Library(LibraryCommand),
    /// To the sound.
    Sound(SoundCommand),
    /// To the spectrogram.
    Picture(PictureCommand),
    /// To the mask.
    Mask(MaskCommand),
    /// To the choice of the encoder.
    Encoder(EncoderCommand),
    /// To the dialog of published encoders.
    Hub(HubCommand),
    /// To the layout Teach.
    Teach(TeachCommand),
    /// To lessons.
    Lesson(LessonCommand),
    /// To training.
    Train(TrainCommand),
    /// To the map.
    Map(MapCommand),
    /// To probing.
    Probe(ProbeCommand),
    /// To the answers of the active probe.
    Answers(AnswersCommand),
    /// To the styles that the encoder tells.
    Styles(StylesCommand),
    /// To the keys that the encoder hears.
    Keys(KeysCommand),
    /// To the named stretches of the shown track.
    Regions(RegionsCommand),
}

impl Command {
    /// Changes something that is set of the mask.
    pub fn edit_mask(model: &AppState, change: impl FnOnce(&mut MaskForm)) -> Self {
        let mut form = model.mask.form;
        change(&mut form);
        Self::Mask(MaskCommand::Edit(form))
    }

    /// Changes what is looked for in the library.
    pub fn edit_library(model: &AppState, change: impl FnOnce(&mut LibraryForm)) -> Self {
        let mut form = model.library.form.clone();
        change(&mut form);
        Self::Library(LibraryCommand::Find(form))
    }

    /// Changes something that is set of the picture.
    pub fn edit_picture(model: &AppState, change: impl FnOnce(&mut PictureForm)) -> Self {
        let mut form = model.spectrogram.form;
        change(&mut form);
        Self::Picture(PictureCommand::Edit(form))
    }

    /// Changes something that is set of the sound.
    pub fn edit_sound(model: &AppState, change: impl FnOnce(&mut SoundForm)) -> Self {
        let mut form = model.transport.form;
        change(&mut form);
        Self::Sound(SoundCommand::Edit(form))
    }

    /// Changes one of the settings that are kept between starts.
    pub fn edit_settings(model: &AppState, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = model.settings.clone();
        change(&mut settings);
        Self::Window(WindowCommand::Edit(Box::new(settings)))
    }
}
