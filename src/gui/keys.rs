use eframe::egui::{Context, Key, Modifiers};

use super::{
    command::Command,
    layout::Layout,
    logic::other_theme,
    model::{Model, WINDOW_SECS},
};

/// Keys and what they do, for the key sheet.
pub const SHEET: &[(&str, &str)] = &[
    ("Space", "Play or pause"),
    (
        "Left, Right",
        "1 s back or on; with Shift 5 s; with Ctrl one window",
    ),
    ("Home, End", "Beginning or end of the track"),
    (
        "Up, Down, Enter",
        "Track above or below in the library; play it",
    ),
    ("F", "Fit the whole track"),
    ("Wheel", "Zoom time at the pointer; with Shift move"),
    ("P", "Next colour map; with Shift the one before"),
    ("U, D", "Brightest level, depth: 5 dB up; with Shift down"),
    ("M", "Mask on or off"),
    ("R", "Draw another mask"),
    ("Comma, Period", "Drop 5 % less or more; with Shift 1 %"),
    ("X", "Hear the original or what is left"),
    ("V", "Sound on or off"),
    ("Ctrl+1 to Ctrl+5", "Listen, Teach, Map, Train, Probe"),
    ("Ctrl+O, Ctrl+Shift+O", "Open files; open a folder"),
    ("Ctrl+T", "Dark or light"),
    ("F1, F11", "This sheet; full screen"),
];

/// What the keys of this frame ask for. Letters act only when no text field has the focus.
pub fn read(ctx: &Context, model: &Model) -> Vec<Command> {
    let mut out = Vec::new();
    let typing = ctx.text_edit_focused();
    let full_screen = ctx.input_mut(|input| {
        for layout in Layout::ALL {
            if input.consume_key(Modifiers::COMMAND, layout.key()) {
                out.push(Command::ShowLayout(layout));
            }
        }
        if input.consume_key(Modifiers::COMMAND | Modifiers::SHIFT, Key::O) {
            out.push(Command::ChooseFolder);
        }
        if input.consume_key(Modifiers::COMMAND, Key::O) {
            out.push(Command::ChooseFiles);
        }
        if input.consume_key(Modifiers::COMMAND, Key::T) {
            out.push(Command::SetTheme(other_theme(model.settings.theme)));
        }
        if input.consume_key(Modifiers::NONE, Key::F1) {
            out.push(Command::ShowKeys(!model.keys_shown));
        }
        if model.keys_shown && input.consume_key(Modifiers::NONE, Key::Escape) {
            out.push(Command::ShowKeys(false));
        }
        let full_screen = input.consume_key(Modifiers::NONE, Key::F11);
        if !typing {
            letters(input, model, &mut out);
        }
        full_screen
    });
    if full_screen {
        use eframe::egui::ViewportCommand;
        let now = ctx.input(|input| input.viewport().fullscreen.unwrap_or(false));
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!now));
    }
    out
}

fn letters(input: &mut eframe::egui::InputState, model: &Model, out: &mut Vec<Command>) {
    let mut on = |modifiers, key, command: Command| {
        if input.consume_key(modifiers, key) {
            out.push(command);
        }
    };
    let (none, shift, ctrl) = (Modifiers::NONE, Modifiers::SHIFT, Modifiers::COMMAND);
    let spectrogram = &model.spectrogram;
    on(none, Key::Space, Command::TogglePlay);
    // The more modifiers, the earlier: plain keys also match with Shift held.
    on(ctrl, Key::ArrowLeft, Command::SeekBy(-WINDOW_SECS));
    on(ctrl, Key::ArrowRight, Command::SeekBy(WINDOW_SECS));
    on(shift, Key::ArrowLeft, Command::SeekBy(-5.0));
    on(shift, Key::ArrowRight, Command::SeekBy(5.0));
    on(none, Key::ArrowLeft, Command::SeekBy(-1.0));
    on(none, Key::ArrowRight, Command::SeekBy(1.0));
    on(none, Key::Home, Command::Seek(0.0));
    on(none, Key::End, Command::Seek(f64::INFINITY));
    on(none, Key::ArrowUp, Command::SelectRelative(-1));
    on(none, Key::ArrowDown, Command::SelectRelative(1));
    on(none, Key::F, Command::FitTrack);
    on(shift, Key::P, Command::NextColourMap { back: true });
    on(none, Key::P, Command::NextColourMap { back: false });
    on(shift, Key::U, Command::SetTopDb(spectrogram.top_db - 5.0));
    on(none, Key::U, Command::SetTopDb(spectrogram.top_db + 5.0));
    on(
        shift,
        Key::D,
        Command::SetRangeDb(spectrogram.range_db - 5.0),
    );
    on(
        none,
        Key::D,
        Command::SetRangeDb(spectrogram.range_db + 5.0),
    );
    on(none, Key::M, Command::ShowMask(!model.mask.shown));
    on(none, Key::R, Command::Reroll);
    on(shift, Key::Comma, Command::ChangeRatio(-1));
    on(shift, Key::Period, Command::ChangeRatio(1));
    on(none, Key::Comma, Command::ChangeRatio(-5));
    on(none, Key::Period, Command::ChangeRatio(5));
    on(none, Key::X, Command::HearLeft(!model.transport.hear_left));
    on(none, Key::V, Command::ToggleMute);
    if let Some(index) = model.library.selected {
        on(none, Key::Enter, Command::Play(index));
    }
}
