//! What a user does with the keys that an encoder hears.

use crate::gui::model::{AppState, KeysForm};

/// What a user does with the keys that an encoder hears.
#[derive(Debug, Clone)]
pub enum KeysCommand {
    /// Changes what is set: by how much the sound is lowered, and the strip.
    Edit(KeysForm),
    /// Plays the window at the playhead as much lower as is set.
    Hear,
    /// Names the places of the profile by the shown track.
    Calibrate,
    /// Forgets what the places are called.
    Forget,
    /// Puts the command on the clipboard that tells the same of the collection.
    Copy,
}

impl KeysCommand {
    /// Changes something of what is set.
    pub fn edit(model: &AppState, change: impl FnOnce(&mut KeysForm)) -> Self {
        let mut form = model.keys.form;
        change(&mut form);
        Self::Edit(form)
    }
}
