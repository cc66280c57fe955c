//! The bar at the bottom: play, position, which of the four sounds is heard, volume and device.

use eframe::egui::{
    self, Align, Button, Frame, Layout as Flow, Margin, Panel, RichText, Sense, Slider, vec2,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, LibraryCommand, SoundCommand},
    model::{AppState, FRAME_SECS, Hearing, clock},
    theme::{self, small},
};
use mynascope_audio::{OutputStatus, chosen_device};
use mynascope_spectrum::tokens::ViewName;

use super::{parts, top::icon_button};

/// The volume slider gives way to the seek bar where less is left for both.
const ROOM_FOR_VOLUME: f32 = 150.0 * theme::UNIT;

/// The words beside the sounds give way to the seek bar where less is left for both.
const ROOM_FOR_WORDS: f32 = 150.0 * theme::UNIT;
/// Room for those words, whatever they are.
const WORDS_WIDTH: f32 = 26.0 * theme::UNIT;

/// Draws the bar.
pub fn show(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    Panel::bottom("transport")
        .exact_size(theme::BAR_HEIGHT + theme::UNIT)
        .show_separator_line(false)
        .frame(
            Frame::new()
                .fill(tokens.surface)
                .inner_margin(Margin::symmetric(12, 0)),
        )
        .show(ui, |ui| {
            ui.horizontal_centered(|ui| {
                buttons(ui, model, out);
                position(ui, model);
                ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
                    device(ui, model, out);
                    level(ui, model, out);
                    hearing(ui, model, out);
                    seek_bar(ui, model, out);
                });
            });
        });
}

fn buttons(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let shown = model.spectrogram.path().is_some();
    if icon_button(ui, icon::SKIP_BACK, "Beginning of the track (Home)").clicked() {
        out.push(Command::Sound(SoundCommand::Seek(0.0)));
    }
    let (symbol, tip) = if model.transport.playing {
        (icon::PAUSE, "Pause (Space)")
    } else {
        (icon::PLAY, "Play (Space)")
    };
    let text = RichText::new(symbol)
        .size(theme::TEXT_LARGE)
        .color(tokens.on_accent);
    let button = Button::new(text).fill(tokens.accent);
    let size = vec2(theme::UNIT * 11.0, theme::UNIT * 8.0);
    let response = ui
        .add_enabled_ui(shown, |ui| ui.add_sized(size, button))
        .inner
        .on_hover_text(tip);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, shown, tip));
    if response.clicked() {
        out.push(Command::Sound(SoundCommand::TogglePlay));
    }
    let queue = model.library.queue_on().map(|queue| {
        let (at, all) = queue.place();
        format!("; track {at} of {all} that are played in turn")
    });
    let queue = queue.unwrap_or_default();
    for (steps, symbol, tip) in [
        (-1, icon::CARET_LINE_LEFT, "Previous track (Shift+B)"),
        (1, icon::CARET_LINE_RIGHT, "Next track (Shift+N)"),
    ] {
        let there = model.library.selected.is_some();
        let tip = format!("{tip}{queue}");
        let step = ui
            .add_enabled_ui(there, |ui| icon_button(ui, symbol, &tip))
            .inner;
        if step.clicked() {
            out.push(Command::Library(LibraryCommand::PlayRelative(steps)));
        }
    }
    let looped = model.transport.form.looped.is_some();
    let (symbol, tip) = match looped {
        true => (
            RichText::new(icon::REPEAT).color(tokens.accent),
            "End the loop (L)",
        ),
        false => (
            RichText::new(icon::REPEAT).color(tokens.text),
            "Loop the selection, or the whole track (L)",
        ),
    };
    let button = Button::new(symbol.size(theme::TEXT_LARGE))
        .frame_when_inactive(false)
        .selected(looped);
    let response = ui
        .add_enabled_ui(shown, |ui| ui.add_sized([theme::CONTROL_HEIGHT; 2], button))
        .inner
        .on_hover_text(tip);
    response
        .widget_info(|| egui::WidgetInfo::selected(egui::WidgetType::Button, shown, looped, tip));
    if response.clicked() {
        out.push(Command::Sound(SoundCommand::ToggleLoop));
    }
    play_on(ui, model, out);
}

/// The switch that lets the next track follow.
fn play_on(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let on = model.settings.play_on;
    let (colour, tip) = match on {
        true => (tokens.accent, "Stop at the end of a track"),
        false => (
            tokens.text,
            "Play the next track of the library at the end of one",
        ),
    };
    let symbol = RichText::new(icon::QUEUE)
        .size(theme::TEXT_LARGE)
        .color(colour);
    let button = Button::new(symbol).frame_when_inactive(false).selected(on);
    let response = ui
        .add_sized([theme::CONTROL_HEIGHT; 2], button)
        .on_hover_text(tip);
    response.widget_info(|| egui::WidgetInfo::selected(egui::WidgetType::Button, true, on, tip));
    if response.clicked() {
        out.push(Command::edit_settings(model, |settings| {
            settings.play_on = !on
        }));
    }
}

/// The length that the seek bar stands for.
fn duration_secs(model: &AppState) -> f64 {
    // What is masked is heard in whole frames: the length of the file does not change with what is heard.
    let track = model.library.selected_track();
    let known = track
        .and_then(|track| track.duration_secs)
        .filter(|secs| *secs > 0.0);
    let told = known.unwrap_or(model.transport.duration_secs);
    match model.spectrogram.picture() {
        // A header may lie, the picture knows, but only to a frame.
        Some(picture) if (picture.duration_secs() - told).abs() > 2.0 * FRAME_SECS => {
            picture.duration_secs()
        }
        _ => told,
    }
}

fn position(ui: &mut egui::Ui, model: &AppState) {
    let tokens = theme::tokens(ui);
    let here = clock(model.transport.position_secs);
    let all = clock(duration_secs(model));
    ui.allocate_ui_with_layout(
        vec2(theme::UNIT * 26.0, theme::CONTROL_HEIGHT),
        Flow::right_to_left(Align::Center),
        |ui| {
            ui.spacing_mut().item_spacing.x = theme::UNIT;
            ui.label(RichText::new(all).color(tokens.text_weak));
            ui.label(RichText::new("/").color(tokens.text_weak));
            ui.label(RichText::new(here).color(tokens.text_strong));
        },
    );
}

fn volume(ui: &mut egui::Ui, model: &AppState, device: &str, out: &mut Vec<Command>) {
    let mut percent = (model.settings.volume * 100.0).round();
    // In a narrow window the seek bar needs the room; the button stays.
    if ui.available_width() > ROOM_FOR_VOLUME {
        let response = ui
            .scope(|ui| {
                theme::slider_look(ui, theme::UNIT * 18.0);
                let slider = Slider::new(&mut percent, 0.0..=100.0).show_value(false);
                parts::named(ui.add(slider), "Volume")
            })
            .inner
            .on_hover_text(format!("Volume: {percent:.0} % (V: sound on or off)"));
        if response.changed() {
            out.push(Command::edit_settings(model, |settings| {
                settings.volume = percent / 100.0;
            }));
        }
    }
    let (symbol, does) = if percent <= 0.0 {
        (icon::SPEAKER_X, "Sound on")
    } else if percent < 50.0 {
        (icon::SPEAKER_LOW, "Sound off")
    } else {
        (icon::SPEAKER_HIGH, "Sound off")
    };
    if icon_button(ui, symbol, &format!("{does} (V); sound goes to {device}")).clicked() {
        out.push(Command::Sound(SoundCommand::ToggleMute));
    }
}

fn seek_bar(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let size = vec2(
        (ui.available_width() - theme::SPACE_LARGE).max(theme::UNIT),
        theme::CONTROL_HEIGHT,
    );
    let (area, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    let duration = duration_secs(model);
    let rail = egui::Rect::from_center_size(area.center(), vec2(area.width(), theme::UNIT));
    ui.painter().rect_filled(rail, 2.0, tokens.hairline);
    if duration <= 0.0 {
        return;
    }
    let share = (model.transport.position_secs / duration).clamp(0.0, 1.0) as f32;
    let mut done = rail;
    done.set_width(rail.width() * share);
    ui.painter().rect_filled(done, 2.0, tokens.accent);
    let knob = egui::pos2(done.right(), rail.center().y);
    let radius = if response.hovered() || response.dragged() {
        7.0
    } else {
        5.0
    };
    ui.painter().circle_filled(knob, radius, tokens.text_strong);
    if let Some(pointer) = response.interact_pointer_pos() {
        let share = f64::from((pointer.x - rail.left()) / rail.width()).clamp(0.0, 1.0);
        out.push(Command::Sound(SoundCommand::Seek(share * duration)));
    }
    response.widget_info(|| {
        egui::WidgetInfo::slider(true, model.transport.position_secs, "Position in seconds")
    });
}

/// Which of the four sounds is heard, as one control.
fn hearing(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let (transport, active) = (&model.transport, model.mask.form.active);
    let wide = ui.available_width() > ROOM_FOR_WORDS;
    ui.add_space(theme::SPACE_LARGE);
    ui.spacing_mut().item_spacing.x = theme::LINE;
    ui.spacing_mut().button_padding.x = theme::SPACE_LARGE;
    let mut segment =
        |ui: &mut egui::Ui, text: &str, tip: &str, wanted: Hearing, view: Option<ViewName>| {
            let of_view = view.is_none_or(|view| view == active);
            let chosen = transport.form.hearing == wanted && of_view;
            let colour_of = |view| match view {
                ViewName::A => tokens.view_a,
                ViewName::B => tokens.view_b,
            };
            // What is dropped belongs to the active view.
            let of_active = (chosen && wanted == Hearing::Dropped).then_some(active);
            let own = view.or(of_active).map(colour_of);
            let (fill, colour) = match (chosen, own) {
                (true, Some(own)) => (own, tokens.on_accent),
                (true, None) => (tokens.accent_quiet, tokens.text_strong),
                (false, Some(own)) => (tokens.raised, own),
                (false, None) => (tokens.raised, tokens.text),
            };
            let button = Button::new(RichText::new(text).color(colour)).fill(fill);
            let response = ui.add(button).on_hover_text(tip);
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::WidgetType::RadioButton, true, chosen, tip)
            });
            if response.clicked() {
                if let Some(view) = view {
                    out.push(Command::edit_mask(model, |form| form.active = view));
                }
                out.push(Command::edit_sound(model, |form| form.hearing = wanted));
            }
        };
    // From right to left.
    let dropped = "Hear what the active view drops, at the same place (Shift+X)";
    segment(ui, "Dropped", dropped, Hearing::Dropped, None);
    let b = "Hear what is left of view B, at the same place (2, X)";
    segment(ui, "B", b, Hearing::Left, Some(ViewName::B));
    let a = "Hear what is left of view A, at the same place (1, X)";
    segment(ui, "A", a, Hearing::Left, Some(ViewName::A));
    if wide {
        ui.add_space(theme::SPACE);
        let text = match transport.level_note() {
            _ if transport.is_preparing() => "being prepared …".to_owned(),
            Some(note) => format!("left, {note}"),
            None => "what is left".to_owned(),
        };
        let size = vec2(WORDS_WIDTH, theme::CONTROL_HEIGHT);
        ui.allocate_ui_with_layout(size, Flow::right_to_left(Align::Center), |ui| {
            ui.label(small(text).color(tokens.text_weak));
        });
        ui.add_space(theme::SPACE);
    }
    segment(
        ui,
        "Original",
        "Hear the track as it is (X)",
        Hearing::Original,
        None,
    );
    ui.add_space(theme::SPACE_LARGE);
    ui.spacing_mut().item_spacing.x = theme::SPACE;
}

/// The switch that makes what is kept or dropped as loud as the original.
fn level(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let on = model.transport.form.match_level;
    let colour = if on { tokens.accent } else { tokens.text };
    let mut tip =
        "What is kept or dropped plays as loud as the original, as far as nothing clips".to_owned();
    if let Some(note) = model.transport.level_note() {
        tip += &format!(" (now {note})");
    }
    let symbol = RichText::new(icon::EQUALS)
        .size(theme::TEXT_LARGE)
        .color(colour);
    let button = Button::new(symbol).frame_when_inactive(false).selected(on);
    let padding = std::mem::take(&mut ui.spacing_mut().button_padding);
    let response = ui
        .add_sized([theme::CONTROL_HEIGHT; 2], button)
        .on_hover_text(tip);
    ui.spacing_mut().button_padding = padding;
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::WidgetType::Button, true, on, "Match levels")
    });
    if response.clicked() {
        out.push(Command::edit_sound(model, |form| form.match_level = !on));
    }
}

/// Volume, or why there is no sound, and the list of devices.
fn device(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    devices(ui, model, out);
    match &model.transport.output {
        Some(OutputStatus::Unavailable { why }) => {
            let text = format!("{}  No sound", icon::SPEAKER_SLASH);
            let tip = format!(
                "Nothing can be heard: {why}. Everything else works. Connect a sound device and click here to look again"
            );
            let button =
                Button::new(small(text).color(tokens.text_weak)).frame_when_inactive(false);
            if ui.add(button).on_hover_text(tip).clicked() {
                out.push(Command::Sound(SoundCommand::FindSoundDevice));
            }
        }
        Some(OutputStatus::Ready { device, .. }) => volume(ui, model, device, out),
        Some(OutputStatus::Starting) | None => {
            ui.label(RichText::new(icon::SPEAKER_NONE).color(tokens.text_weak))
                .on_hover_text("Looking for a sound device");
        }
    }
}

/// The menu in which a sound device is chosen.
fn devices(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let chosen = model.settings.sound_device.as_deref();
    let symbol = RichText::new(icon::CARET_UP).size(theme::TEXT_SMALL);
    let menu = ui.menu_button(symbol, |ui| {
        ui.set_min_width(theme::UNIT * 60.0);
        ui.spacing_mut().button_padding.x = theme::SPACE;
        let choose =
            |device| Command::edit_settings(model, |settings| settings.sound_device = device);
        let mut item = |ui: &mut egui::Ui, on: bool, text: &str, command: Command| {
            let colour = if on { tokens.text_strong } else { tokens.text };
            let button = Button::selectable(on, RichText::new(text).color(colour))
                .min_size(vec2(0.0, theme::CONTROL_HEIGHT))
                .truncate();
            if ui.add(button).clicked() {
                out.push(command);
                ui.close();
            }
        };
        item(ui, chosen.is_none(), "The system's choice", choose(None));
        let there = &model.transport.devices;
        let found = chosen.and_then(|chosen| chosen_device(there, chosen));
        for device in there.iter() {
            let on = found == Some(device);
            let command = choose(Some(device.name.clone()));
            item(ui, on, &device.name, command);
        }
        if let Some(absent) = chosen
            && found.is_none()
        {
            let text = format!("{absent} (not connected)");
            let command = choose(Some(absent.to_owned()));
            item(ui, true, &text, command);
        }
        ui.separator();
        item(
            ui,
            false,
            "Look for devices again",
            Command::Sound(SoundCommand::FindSoundDevice),
        );
    });
    let tip = "Choose the sound device";
    let response = menu.response.on_hover_text(tip);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, tip));
}
