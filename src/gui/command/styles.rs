//! What a user does with the styles that an encoder gives.

use crate::gui::model::{AppState, StylesForm};

/// What a user does with the styles that an encoder gives.
#[derive(Debug, Clone)]
pub enum StylesCommand {
    /// Changes what is set: of what they are listed, and which style's tracks are.
    Edit(StylesForm),
    /// Computes the styles of all tracks of the collection that have none yet.
    Compute,
    /// Stops that; what was computed stays.
    Cancel,
    /// Puts the command on the clipboard that writes the styles of all tracks into a table.
    Copy,
}

impl StylesCommand {
    /// Changes something of what is set.
    pub fn edit(model: &AppState, change: impl FnOnce(&mut StylesForm)) -> Self {
        let mut form = model.styles.form;
        change(&mut form);
        Self::Edit(form)
    }
}
