//! What a user does with the answers of the active probe.

use std::path::PathBuf;

use crate::gui::model::{AnsweredForm, AppState};

/// What a user can do in the list of answers.
#[derive(Debug, Clone)]
pub enum AnswersCommand {
    /// Lists other answers, or in another order.
    Edit(AnsweredForm),
    /// Lets the colours of library and map stand for the answers, or for labels again.
    Colour(bool),
    /// Plays the file of an answer, or ends it.
    Hear(PathBuf),
    /// Gives the track of an answer another label.
    Correct(PathBuf, String),
    /// Makes the listed answers labels.
    TakeOver,
    /// Trains a probe on the labels as they are now.
    TrainAgain,
}

impl AnswersCommand {
    /// Changes which answers are listed.
    pub fn edit(model: &AppState, change: impl FnOnce(&mut AnsweredForm)) -> Self {
        let mut form = model.probing.view.answered;
        change(&mut form);
        Self::Edit(form)
    }
}
