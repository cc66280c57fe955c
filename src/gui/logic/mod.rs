//! Carries out commands and takes in messages, one file a part of the window. Changes the model and starts work;
//! never paints.

mod answers;
mod changes;
mod encoder;
mod hub;
mod keys;
mod labels;
mod lesson;
mod library;
mod map;
mod map_colours;
mod mask;
mod neighbours;
mod picture;
mod prediction_timeline;
mod probe;
mod query;
mod radio;
mod reconstruct;
mod regions;
mod runs;
mod second_map;
mod session;
mod settings;
mod sound;
mod sound_picture;
mod styles;
mod tables;
mod teach;
mod train;
mod window;

pub use lesson::follow as follow_lesson;
pub use neighbours::follow_selection;
pub use picture::panel_command;
pub use prediction_timeline::follow as follow_prediction_timeline;
pub use radio::follow as follow_radio;
pub use session::{begin as begin_session, follow as follow_session};
pub use sound::{listen, play_on};

use std::time::Instant;

use super::{
    command::Command,
    message::Message,
    model::{AppState, JobKind, UndoState},
    work::Workers,
};

/// Asks for what is shown and was not computed yet. To be called once a frame.
pub fn follow(model: &mut AppState, workers: &mut Workers) {
    encoder::follow(model, workers);
    mask::follow(model, workers);
    sound_picture::follow(model, workers);
    teach::follow(model, workers);
    styles::follow(model, workers);
    keys::follow(model, workers);
    regions::follow(model, workers);
    train::follow(model, workers);
}

/// Looks which jobs began and ended. Returns when to look again, where nothing else says so. To be called once a frame.
pub fn follow_jobs(model: &mut AppState, now: Instant) -> Option<std::time::Duration> {
    let all = JobKind::ALL.into_iter();
    let running: Vec<JobKind> = all
        .filter(|kind| model.job_share(*kind).is_some())
        .collect();
    let failed: Vec<JobKind> = JobKind::ALL
        .into_iter()
        .filter(|kind| model.job_failed(*kind))
        .collect();
    model
        .activity
        .follow(&running, |kind| failed.contains(&kind), now)
}

/// Carries out one command.
pub fn apply(model: &mut AppState, workers: &mut Workers, command: Command) {
    let is_undoable = matches!(
        command,
        Command::Mask(_)
            | Command::Picture(_)
            | Command::Sound(_)
            | Command::Encoder(_)
            | Command::Teach(_)
            | Command::Styles(_)
            | Command::Map(_)
            | Command::Regions(_)
    );
    let before = is_undoable.then(|| UndoState::of(model));
    carry_out(model, workers, command);
    if let Some(before) = before {
        let after = UndoState::of(model);
        model.history.compare(before, after, Instant::now());
    }
}

/// Puts a text on the clipboard and says so: "The command", "The path".
fn copy_text(model: &mut AppState, workers: &Workers, text: String, what: &str) {
    workers.outbox.copy_text(text);
    let verb = if what.ends_with('s') { "are" } else { "is" };
    model
        .notices
        .note(format!("{what} {verb} on the clipboard"));
}

fn carry_out(model: &mut AppState, workers: &mut Workers, command: Command) {
    match command {
        Command::Window(command) => window::apply(model, workers, command),
        Command::Library(command) => library::apply(model, workers, command),
        Command::Sound(command) => sound::apply(model, workers, command),
        Command::Picture(command) => picture::apply(model, workers, command),
        Command::Mask(command) => {
            model.training.run.give_way();
            mask::apply(model, workers, command);
        }
        Command::Encoder(command) => encoder::apply(model, workers, command),
        Command::Hub(command) => hub::apply(model, workers, command),
        Command::Teach(command) => teach::apply(model, workers, command),
        Command::Lesson(command) => lesson::apply(model, workers, command),
        Command::Train(command) => train::apply(model, workers, command),
        Command::Map(command) => map::apply(model, workers, command),
        Command::Probe(command) => probe::apply(model, workers, command),
        Command::Answers(command) => answers::apply(model, workers, command),
        Command::Styles(command) => styles::apply(model, workers, command),
        Command::Keys(command) => keys::apply(model, workers, command),
        Command::Regions(command) => regions::apply(model, workers, command),
    }
    picture::show_encoder_input(model, workers);
}

/// Takes in one message.
pub fn receive(model: &mut AppState, workers: &mut Workers, message: Message) {
    match message {
        Message::Library(message) => library::receive(model, workers, message),
        Message::Picture(message) => picture::receive(model, workers, message),
        Message::Encoder(message) => encoder::receive(model, message),
        Message::Hub(message) => hub::receive(model, message),
        Message::Train(message) => train::receive(model, workers, message),
        Message::Map(message) => map::receive(model, workers, message),
        Message::Probe(message) => probe::receive(model, workers, message),
        Message::Styles(message) => styles::receive(model, message),
        Message::Keys(message) => keys::receive(model, message),
        Message::Regions(message) => regions::receive(model, workers, message),
        Message::Teach(message) => teach::receive(model, workers, message),
        Message::Lesson(message) => lesson::receive(model, workers, message),
        Message::Saved(result) => picture::saved(model, result),
        Message::CacheBytes(bytes) => model.cache_bytes = Some(bytes),
        Message::AskPath(question) => model.path_question = Some(question),
        Message::Fault(why) => model.notices.error(why),
        Message::NoFont(letters) => window::no_font(model, &letters),
        Message::Graphics(why) => window::graphics(model, &why),
    }
    picture::show_encoder_input(model, workers);
}
