//! Actions of listening.

use eframe::egui::Key;

use crate::gui::{
    command::{Command, LibraryCommand, MapCommand, RegionsCommand, SoundCommand, WindowCommand},
    model::{AppState, Hearing, Overlay},
    workspace::Workspace,
};

use super::{Action, Group, Shortcut};

const GROUP: Group = Group::Sound;

fn sound(command: SoundCommand) -> Option<Command> {
    Some(Command::Sound(command))
}

fn regions(command: RegionsCommand) -> Option<Command> {
    Some(Command::Regions(command))
}

fn by(secs: f64) -> Option<Command> {
    Some(Command::Sound(SoundCommand::SeekBy(secs)))
}

fn hear(model: &AppState, hearing: Hearing) -> Option<Command> {
    Some(Command::edit_sound(model, |form| form.hearing = hearing))
}

/// Moves the ends of the selection by frames.
fn nudge(model: &AppState, start_frames: i32, end_frames: i32) -> Option<Command> {
    model.transport.form.selection?;
    sound(SoundCommand::Nudge {
        start_frames,
        end_frames,
    })
}

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "toggle-play",
        group: GROUP,
        name: "Play or pause",
        help: "Play from the playhead, or pause there",
        keys: &[Shortcut::plain(Key::Space)],
        command: |_| Some(Command::Sound(SoundCommand::TogglePlay)),
    },
    Action {
        id: "next-track",
        group: GROUP,
        name: "Next track",
        help: "Play the next track of the queue or of the library",
        keys: &[Shortcut::shift(Key::N)],
        command: |model| {
            model.library.selected?;
            Some(Command::Library(LibraryCommand::PlayRelative(1)))
        },
    },
    Action {
        id: "previous-track",
        group: GROUP,
        name: "Previous track",
        help: "Play the previous track of the queue or of the library",
        keys: &[Shortcut::shift(Key::B)],
        command: |model| {
            model.library.selected?;
            Some(Command::Library(LibraryCommand::PlayRelative(-1)))
        },
    },
    Action {
        id: "play-in-turn",
        group: GROUP,
        name: "Play the selection in turn",
        help: "Play the tracks that are marked in the library or selected on the map one after the other",
        keys: &[],
        command: |model| {
            let library = &model.library;
            let any = library.selected.is_some() || !library.marked.is_empty();
            any.then_some(Command::Library(LibraryCommand::PlayTargets))
        },
    },
    Action {
        id: "play-on",
        group: GROUP,
        name: "Play on at the end of a track",
        help: "At the end of a track go on with the next one of the library, or stop there",
        keys: &[],
        command: |model| {
            let on = !model.settings.play_on;
            Some(Command::edit_settings(model, |it| it.play_on = on))
        },
    },
    Action {
        id: "play-once",
        group: GROUP,
        name: "Play once",
        help: "Play the selection once and stop; without one, what is visible",
        keys: &[Shortcut::shift(Key::Space)],
        command: |_| sound(SoundCommand::PlayOnce),
    },
    Action {
        id: "toggle-loop",
        group: GROUP,
        name: "Loop",
        help: "Play the selection over and over, or the whole track; again ends it",
        keys: &[Shortcut::plain(Key::L)],
        command: |_| sound(SoundCommand::ToggleLoop),
    },
    Action {
        id: "loop-selection",
        group: GROUP,
        name: "Loop the selection",
        help: "Play the selection over and over instead of what is looped now",
        keys: &[Shortcut::shift(Key::L)],
        command: |model| {
            model.transport.form.selection?;
            sound(SoundCommand::LoopSelection)
        },
    },
    Action {
        id: "name-region",
        group: GROUP,
        name: "Name the selection…",
        help: "Keep the selected stretch as a region with a name; it stands at the top of the picture whenever the track is shown",
        keys: &[Shortcut::ctrl(Key::L)],
        command: |model| {
            model.transport.form.selection?;
            regions(RegionsCommand::Name)
        },
    },
    Action {
        id: "import-regions",
        group: GROUP,
        name: "Take over regions…",
        help: "Read the regions of this track from a label track of Audacity or a layer of Sonic Visualiser (CSV)",
        keys: &[],
        command: |model| {
            model.library.selected_track()?;
            regions(RegionsCommand::Import)
        },
    },
    Action {
        id: "export-regions",
        group: GROUP,
        name: "Write regions to a file…",
        help: "Write the regions of this track as a label track of Audacity (.txt) or for Sonic Visualiser (.csv)",
        keys: &[],
        command: |model| match model.shown_regions() {
            [] => None,
            _ => regions(RegionsCommand::Export),
        },
    },
    Action {
        id: "select-beats",
        group: GROUP,
        name: "Select four beats",
        help: "Select four beats from the playhead on, where the collection knows the track's tempo; L then loops them",
        keys: &[Shortcut::plain(Key::Num4)],
        command: |model| {
            model.library.selected_track()?;
            sound(SoundCommand::SelectBeats)
        },
    },
    Action {
        id: "end-earlier",
        group: GROUP,
        name: "Selection ends earlier",
        help: "Move the end of the selection back by a frame, 32 ms; a loop of the same stretch goes with it",
        keys: &[Shortcut::alt(Key::ArrowLeft)],
        command: |model| nudge(model, 0, -1),
    },
    Action {
        id: "end-later",
        group: GROUP,
        name: "Selection ends later",
        help: "Move the end of the selection on by a frame, 32 ms; a loop of the same stretch goes with it",
        keys: &[Shortcut::alt(Key::ArrowRight)],
        command: |model| nudge(model, 0, 1),
    },
    Action {
        id: "begin-earlier",
        group: GROUP,
        name: "Selection begins earlier",
        help: "Move the start of the selection back by a frame, 32 ms; a loop of the same stretch goes with it",
        keys: &[Shortcut::alt_shift(Key::ArrowLeft)],
        command: |model| nudge(model, -1, 0),
    },
    Action {
        id: "begin-later",
        group: GROUP,
        name: "Selection begins later",
        help: "Move the start of the selection on by a frame, 32 ms; a loop of the same stretch goes with it",
        keys: &[Shortcut::alt_shift(Key::ArrowRight)],
        command: |model| nudge(model, 1, 0),
    },
    Action {
        id: "loop-from-here",
        group: GROUP,
        name: "Loop from here",
        help: "Move the loop's start to the playhead",
        keys: &[Shortcut::plain(Key::OpenBracket)],
        command: |_| sound(SoundCommand::LoopFromHere),
    },
    Action {
        id: "loop-to-here",
        group: GROUP,
        name: "Loop to here",
        help: "Move the loop's end to the playhead",
        keys: &[Shortcut::plain(Key::CloseBracket)],
        command: |_| sound(SoundCommand::LoopToHere),
    },
    Action {
        id: "clear-selection",
        group: GROUP,
        name: "Clear",
        help: "End painting, then clear the selected points of the map, then the selection, then the loop",
        keys: &[Shortcut::plain(Key::Escape)],
        command: |model| {
            let transport = &model.transport;
            if model.overlay == Some(Overlay::Keys) {
                return None;
            }
            if model.mask.form.painting {
                return Some(Command::edit_mask(model, |form| form.painting = false));
            }
            if !model.mapping.picked.is_empty() && model.workspace == Workspace::Map {
                return Some(Command::Map(MapCommand::ClearPicked));
            }
            // With nothing to clear, Esc ends a presentation.
            if model.presenting && transport.form.selection.is_none() {
                return Some(Command::Window(WindowCommand::Present(false)));
            }
            let any = transport.form.selection.is_some() || transport.form.looped.is_some();
            if !any && !model.library.form.search.is_empty() {
                return Some(Command::edit_library(model, |form| form.search.clear()));
            }
            any.then(|| {
                Command::edit_sound(model, |form| {
                    if form.selection.take().is_none() {
                        form.looped = None;
                    }
                })
            })
        },
    },
    Action {
        id: "back-second",
        group: GROUP,
        name: "Back 1 s",
        help: "Move the playhead back by a second",
        keys: &[Shortcut::plain(Key::ArrowLeft)],
        command: |_| by(-1.0),
    },
    Action {
        id: "on-second",
        group: GROUP,
        name: "Forward 1 s",
        help: "Move the playhead forward by a second",
        keys: &[Shortcut::plain(Key::ArrowRight)],
        command: |_| by(1.0),
    },
    Action {
        id: "back-five",
        group: GROUP,
        name: "Back 5 s",
        help: "Move the playhead back by five seconds",
        keys: &[Shortcut::shift(Key::ArrowLeft)],
        command: |_| by(-5.0),
    },
    Action {
        id: "on-five",
        group: GROUP,
        name: "Forward 5 s",
        help: "Move the playhead forward by five seconds",
        keys: &[Shortcut::shift(Key::ArrowRight)],
        command: |_| by(5.0),
    },
    Action {
        id: "back-window",
        group: GROUP,
        name: "Back one window",
        help: "Move the playhead back by a window of the encoder (of Myna 3.07 s)",
        keys: &[Shortcut::ctrl(Key::ArrowLeft)],
        command: |model| by(-model.mask.window_secs()),
    },
    Action {
        id: "on-window",
        group: GROUP,
        name: "Forward one window",
        help: "Move the playhead forward by a window of the encoder (of Myna 3.07 s)",
        keys: &[Shortcut::ctrl(Key::ArrowRight)],
        command: |model| by(model.mask.window_secs()),
    },
    Action {
        id: "to-start",
        group: GROUP,
        name: "To the beginning",
        help: "Move the playhead to the beginning of the track",
        keys: &[Shortcut::plain(Key::Home)],
        command: |_| Some(Command::Sound(SoundCommand::Seek(0.0))),
    },
    Action {
        id: "to-end",
        group: GROUP,
        name: "To the end",
        help: "Move the playhead to the end of the track",
        keys: &[Shortcut::plain(Key::End)],
        command: |_| Some(Command::Sound(SoundCommand::Seek(f64::INFINITY))),
    },
    Action {
        id: "hear-masked",
        group: GROUP,
        name: "Original or masked",
        help: "Hear the track as it is, or what was heard of the masks last: a tap switches, held it lasts until let go",
        keys: &[Shortcut::plain(Key::X)],
        command: |model| {
            hear(
                model,
                match model.transport.form.hearing {
                    Hearing::Original => model.transport.masked,
                    Hearing::Left | Hearing::Dropped => Hearing::Original,
                },
            )
        },
    },
    Action {
        id: "hear-original",
        group: GROUP,
        name: "Hear the original",
        help: "Hear the track as it is",
        keys: &[],
        command: |model| hear(model, Hearing::Original),
    },
    Action {
        id: "hear-left",
        group: GROUP,
        name: "Hear what is left",
        help: "Hear what the active view keeps of the track",
        keys: &[],
        command: |model| hear(model, Hearing::Left),
    },
    Action {
        id: "hear-dropped",
        group: GROUP,
        name: "Hear what is dropped",
        help: "Hear what the active view takes away from the track",
        keys: &[Shortcut::shift(Key::X)],
        command: |model| hear(model, Hearing::Dropped),
    },
    Action {
        id: "match-level",
        group: GROUP,
        name: "Match levels on or off",
        help: "What is kept or dropped plays as loud as the original, as far as nothing clips: on while presenting",
        keys: &[],
        command: |model| {
            let on = !model.transport.form.match_level;
            Some(Command::edit_sound(model, |form| form.match_level = on))
        },
    },
    Action {
        id: "mute",
        group: GROUP,
        name: "Sound on or off",
        help: "Silence, or as loud as before",
        keys: &[Shortcut::plain(Key::V)],
        command: |_| Some(Command::Sound(SoundCommand::ToggleMute)),
    },
    Action {
        id: "find-device",
        group: GROUP,
        name: "Find the sound device",
        help: "Look for a sound device again",
        keys: &[],
        command: |_| Some(Command::Sound(SoundCommand::FindSoundDevice)),
    },
];
