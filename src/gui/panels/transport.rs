//! The bar at the bottom: play, position, original or what is left.

use eframe::egui::{
    self, Align, Button, Frame, Layout as Flow, Margin, Panel, RichText, Sense, Slider, vec2,
};
use egui_phosphor::regular as icon;

use crate::{
    audio::OutputStatus,
    gui::{
        command::{Command, SoundCommand},
        model::{FRAME_SECS, Model, clock},
        theme::{self, small},
    },
};

use super::top::icon_button;

/// The volume slider gives way to the seek bar where less is left for both.
const ROOM_FOR_VOLUME: f32 = 150.0 * theme::UNIT;

/// Draws the bar.
pub fn show(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
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
                    part(ui, model, out);
                    seek_bar(ui, model, out);
                });
            });
        });
}

fn buttons(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
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
}

/// The length that the seek bar stands for.
fn duration_secs(model: &Model) -> f64 {
    let told = model.transport.duration_secs;
    match model.spectrogram.picture() {
        // A header may lie, the picture knows, but only to a frame.
        Some(picture) if (picture.duration_secs() - told).abs() > 2.0 * FRAME_SECS => {
            picture.duration_secs()
        }
        _ => told,
    }
}

fn position(ui: &mut egui::Ui, model: &Model) {
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

fn volume(ui: &mut egui::Ui, model: &Model, device: &str, out: &mut Vec<Command>) {
    let mut percent = (model.settings.volume * 100.0).round();
    // In a narrow window the seek bar needs the room; the button stays.
    if ui.available_width() > ROOM_FOR_VOLUME {
        let response = ui
            .scope(|ui| {
                theme::slider_look(ui, theme::UNIT * 18.0);
                ui.add(Slider::new(&mut percent, 0.0..=100.0).show_value(false))
            })
            .inner
            .on_hover_text(format!("Volume: {percent:.0} % (V: sound on or off)"));
        if response.changed() {
            out.push(Command::Sound(SoundCommand::SetVolume(percent / 100.0)));
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

fn seek_bar(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
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

fn part(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    let transport = &model.transport;
    let tokens = theme::tokens(ui);
    let mut choose = |ui: &mut egui::Ui, left: bool, text: &str, tip: &str| {
        let chosen = transport.hear_left == left;
        let colour = if chosen {
            tokens.text_strong
        } else {
            tokens.text_weak
        };
        let fill = if chosen {
            tokens.accent_quiet
        } else {
            tokens.raised
        };
        let button = Button::new(RichText::new(text).color(colour)).fill(fill);
        if ui.add(button).on_hover_text(tip).clicked() {
            out.push(Command::Sound(SoundCommand::HearLeft(left)));
        }
    };
    ui.spacing_mut().item_spacing.x = theme::LINE;
    ui.add_space(theme::SPACE_LARGE);
    let text = if transport.left_is_computed {
        "What is left …"
    } else {
        "What is left"
    };
    choose(
        ui,
        true,
        text,
        "Hear only what the mask keeps, at the same place (X)",
    );
    choose(ui, false, "Original", "Hear the track as it is (X)");
    ui.add_space(theme::SPACE_LARGE);
    ui.spacing_mut().item_spacing.x = theme::SPACE;
}

fn device(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
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
        Some(OutputStatus::Ready { device }) => volume(ui, model, device, out),
        Some(OutputStatus::Starting) | None => {
            ui.label(RichText::new(icon::SPEAKER_NONE).color(tokens.text_weak))
                .on_hover_text("Looking for a sound device");
        }
    }
}
