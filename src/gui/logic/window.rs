use crate::{
    gui::{command::WindowCommand, model::Model, work::Workers},
    storage::{Folders, Theme},
};

pub(super) fn apply(model: &mut Model, workers: &Workers, command: WindowCommand) {
    match command {
        WindowCommand::ShowLayout(layout) => model.layout = layout,
        // The tiles belong to the app, which resets them.
        WindowCommand::ResetLayout => {}
        WindowCommand::Present(on) => {
            model.presenting = on;
            workers.outbox.fill_screen(on);
        }
        WindowCommand::SetTheme(theme) => {
            model.settings.theme = theme;
            remember(model, workers);
        }
        WindowCommand::ShowKeys(shown) => model.keys_shown = shown,
        WindowCommand::Dismiss(id) => model.notices.dismiss(id),
        WindowCommand::Tell(text) => model.notices.note(text),
    }
}

pub(super) fn graphics(model: &mut Model, why: &str) {
    model.notices.error(format!(
        "The graphics card refused to draw something ({why}); close other programs that use it, or start again"
    ));
}

/// Writes the settings, in the background.
pub(super) fn remember(model: &mut Model, workers: &Workers) {
    let Some(remember) = &workers.remember else {
        return;
    };
    match Folders::of_user() {
        Ok(folders) => remember.request(folders.config, model.settings.clone()),
        Err(error) => model.notices.error(error.to_string()),
    }
}

/// The other theme.
pub fn other_theme(theme: Theme) -> Theme {
    match theme {
        Theme::Dark => Theme::Light,
        Theme::Light => Theme::Dark,
    }
}
