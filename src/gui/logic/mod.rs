//! Carries out commands and takes in messages, one file a part of the window. Changes the model and starts work;
//! never paints.

mod beside;
mod filled;
mod lab;
mod labels;
mod lesson;
mod library;
mod map;
mod map_colours;
mod mask;
mod near;
mod picture;
mod probe;
mod query;
mod sound;
mod tables;
mod train;
mod window;

pub use lesson::follow as follow_lesson;
pub use library::{open, open_last};
pub use map::play_from;
pub use map_colours::offered as offered_colourings;
pub use mask::explain;
pub use near::follow_selection;
pub use picture::{RANGE_DB, TOP_DB};
pub use probe::{follow_radio, follow_strip};
pub use sound::listen;
pub use window::{SCALE, other_theme};

use std::time::Instant;

use super::{
    command::Command,
    message::Message,
    model::{Model, ProbeMessage},
    undo::Scene,
    work::Workers,
};

/// Asks for what is shown and was not computed yet. To be called once a frame.
pub fn follow(model: &mut Model, workers: &mut Workers) {
    lab::follow(model, workers);
    map::follow(model, workers);
    train::follow(model, workers);
}

/// Carries out one command.
pub fn apply(model: &mut Model, workers: &mut Workers, command: Command) {
    let is_undoable = matches!(
        command,
        Command::Mask(_)
            | Command::Picture(_)
            | Command::Sound(_)
            | Command::Lab(_)
            | Command::Map(_)
    );
    let before = is_undoable.then(|| Scene::of(model));
    carry_out(model, workers, command);
    if let Some(before) = before {
        let after = Scene::of(model);
        model.history.compare(before, after, Instant::now());
    }
}

fn carry_out(model: &mut Model, workers: &mut Workers, command: Command) {
    match command {
        Command::Window(command) => window::apply(model, workers, command),
        Command::Library(command) => library::apply(model, workers, command),
        Command::Sound(command) => sound::apply(model, workers, command),
        Command::Picture(command) => picture::apply(model, workers, command),
        Command::Mask(command) => {
            workers.train.give_way();
            mask::apply(model, workers, command);
        }
        Command::Lab(command) => lab::apply(model, workers, command),
        Command::Lesson(command) => lesson::apply(model, workers, command),
        Command::Train(command) => train::apply(model, workers, command),
        Command::Map(command) => map::apply(model, workers, command),
        Command::Probe(command) => probe::apply(model, workers, command),
    }
    picture::see_as_encoder(model, workers);
}

/// Takes in one message.
pub fn receive(model: &mut Model, workers: &mut Workers, message: Message) {
    match message {
        Message::Library(message) => library::receive(model, workers, message),
        Message::CacheBytes(bytes) => model.cache_bytes = Some(bytes),
        Message::Chosen(paths) => open(model, workers, paths),
        Message::ChosenQuery(paths) => {
            if let Some(path) = paths.into_iter().next() {
                query::file(model, workers, path);
            }
        }
        Message::PictureGrows { path, picture } => picture::grew(model, path, picture),
        Message::Picture { path, result } => picture::received(model, workers, path, result),
        Message::Saved(result) => picture::saved(model, result),
        Message::Seen(seen) => model.spectrogram.seen = Some(seen),
        Message::DecodedForViews(decoded) => sound::decoded(model, workers, decoded),
        Message::Fault(why) => model.notices.error(why),
        Message::NoFont(letters) => window::no_font(model, &letters),
        Message::Graphics(why) => window::graphics(model, &why),
        Message::Train(message) => train::receive(model, workers, message),
        Message::Map(message) => map::receive(model, workers, message),
        Message::Lab(message) => lab::receive(model, workers, message),
        Message::Lesson(message) => lesson::receive(model, workers, message),
        Message::Probe(message) => {
            let told = matches!(message, ProbeMessage::Finished(..));
            probe::receive(model, workers, message);
            if told {
                map_colours::paint(model);
            }
        }
    }
    picture::see_as_encoder(model, workers);
}

/// The message for a system that gives no thread.
pub fn no_thread(error: &std::io::Error) -> String {
    format!("The system gave no thread for this work ({error}); close other programs and try again")
}
