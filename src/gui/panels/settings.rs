//! The settings: everything that is kept between starts.

use eframe::egui::{self, Button, DragValue, Frame, Id, Margin, Modal, ScrollArea, Ui, vec2};
use egui_phosphor::regular as icon;

use crate::gui::{
    actions::find,
    command::{Command, LibraryCommand, OwnFolder, SoundCommand, TrainCommand, WindowCommand},
    model::{AppState, Devices, Overlay, SCALES},
    theme,
};
use mynascope_audio::{Channel, OutputStatus, chosen_device};
use mynascope_base::storage::{Follow, Settings, Theme};
use mynascope_encoder::DeviceChoice;

use super::parts::{self, choice, explain, heading, quiet};

/// What heading and margins of the dialog take of the window's height, with some air.
const AROUND: f32 = 26.0 * theme::UNIT;
/// Width of the names of settings.
const NAME_WIDTH: f32 = 34.0 * theme::UNIT;

/// Draws the settings while they are open.
pub fn show(ui: &egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    if model.overlay != Some(Overlay::Settings) {
        return;
    }
    if let Devices::Unknown = model.training.devices {
        out.push(Command::Train(TrainCommand::AskDevices));
    }
    let mut settings = model.settings.clone();
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(20));
    let response = Modal::new(Id::new("settings"))
        .frame(frame)
        .show(ui.ctx(), |ui| {
            let screen = ui.ctx().content_rect();
            ui.set_width(theme::DIALOG_WIDTH.min(screen.width() - 60.0));
            ui.horizontal(|ui| {
                let strong = theme::tokens(ui).text_strong;
                ui.label(theme::large("Settings").color(strong));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if super::top::icon_button(ui, icon::X, "Close (Esc)").clicked() {
                        ui.close();
                    }
                });
            });
            ui.add_space(theme::SPACE);
            ScrollArea::vertical()
                .max_height(screen.height() - AROUND)
                // As high as its content from the first frame on, not as the dialog was before.
                .min_scrolled_height(screen.height() - AROUND)
                .auto_shrink([false, true])
                .show(ui, |ui| {
                    look(ui, &mut settings);
                    sound(ui, model, &mut settings, out);
                    computing(ui, model, &mut settings);
                    disk(ui, model, &mut settings, out);
                });
        });
    if settings != model.settings {
        out.push(Command::Window(WindowCommand::Edit(Box::new(settings))));
    }
    if response.should_close() {
        out.push(Command::Window(WindowCommand::ShowOverlay(None)));
    }
}

fn row(ui: &mut Ui, name: &str, hint: &str, control: impl FnOnce(&mut Ui) -> egui::Response) {
    ui.horizontal(|ui| {
        let size = vec2(NAME_WIDTH, theme::CONTROL_HEIGHT);
        let flow = egui::Layout::left_to_right(egui::Align::Center);
        let label = ui
            .allocate_ui_with_layout(size, flow, |ui| {
                ui.set_min_size(size);
                ui.label(name).on_hover_text(hint)
            })
            .inner;
        control(ui).labelled_by(label.id).on_hover_text(hint);
    });
}

fn group(ui: &mut Ui, name: &str) {
    ui.add_space(theme::SPACE_SMALL);
    heading(ui, name);
}

fn look(ui: &mut Ui, settings: &mut Settings) {
    heading(ui, "Look");
    row(ui, "Theme", "Dark, light, or as the system says", |ui| {
        let key = find("other-theme").map_or_else(String::new, |action| action.key_text());
        let dark = format!("The dark theme ({key} switches)");
        let options = [
            (Theme::Dark, "dark", dark.as_str()),
            (Theme::Light, "light", "The light theme"),
            (Theme::System, "system", "Dark or light, as the system says"),
        ];
        let (response, chosen) = choice(ui, 60.0 * theme::UNIT, &options, settings.theme);
        if let Some(theme) = chosen {
            settings.theme = theme;
        }
        response
    });
    row(ui, "Size", "Size of everything on screen", |ui| {
        let mut percent = (settings.scale * 100.0).round();
        let range = (*SCALES.start() * 100.0)..=(*SCALES.end() * 100.0);
        let field = DragValue::new(&mut percent)
            .range(range)
            .speed(1.0)
            .suffix(" %")
            // The window would grow under the pointer.
            .update_while_editing(false);
        let response = parts::number(ui, 20.0 * theme::UNIT, field);
        for (symbol, step, tip) in [
            (icon::MINUS, -10.0, "10 % smaller"),
            (icon::PLUS, 10.0, "10 % larger"),
        ] {
            if super::top::icon_button(ui, symbol, tip).clicked() {
                percent += step;
            }
        }
        let scale = percent / 100.0;
        let dragged = response.dragged();
        if !dragged && (scale - settings.scale).abs() > 0.004 {
            settings.scale = scale;
        }
        response
    });
    row(
        ui,
        "At the start",
        "Opens what was open when the window was closed; else the demo collection",
        |ui| {
            let again = ui.checkbox(&mut settings.reopen, "Open the last collection");
            ui.checkbox(&mut settings.restore, "As the window was left")
                .on_hover_text(
                    "Size and place of the window, layout, encoder and what is set of the spectrogram; of the collection that is opened again the track, the map and \
                     the probe",
                );
            again
        },
    );
}

fn sound(ui: &mut Ui, model: &AppState, settings: &mut Settings, out: &mut Vec<Command>) {
    group(ui, "Sound and picture");
    row(
        ui,
        "Playhead",
        "How the picture goes with the playhead",
        |ui| {
            let options = [
                (
                    Follow::Page,
                    "by page",
                    "The next page when it leaves this one",
                ),
                (
                    Follow::Smooth,
                    "smooth",
                    "It stays in the middle, the picture moves",
                ),
                (Follow::Off, "off", "The picture stays where it is"),
            ];
            let (response, chosen) = choice(ui, 60.0 * theme::UNIT, &options, settings.follow);
            if let Some(follow) = chosen {
                settings.follow = follow;
            }
            response
        },
    );
    row(
        ui,
        "Channel",
        "Which channel of a file pictures, views and embeddings are made of. The mean is what encoders are trained on; where \
         the channels of a file cancel in it, take one alone. The loudspeakers play all channels",
        |ui| {
            let options = [
                (Channel::Mean, "mean", "The mean of all channels"),
                (Channel::Left, "left", "The first channel alone"),
                (Channel::Right, "right", "The second channel alone"),
            ];
            let chosen = model.embeddings.source.channel;
            let (response, chosen) = choice(ui, 60.0 * theme::UNIT, &options, chosen);
            if let Some(channel) = chosen {
                settings.channel = channel.to_string();
            }
            response
        },
    );
    let mut said = String::new();
    row(ui, "Sound device", "Where the sound goes", |ui| {
        let chosen = model.settings.sound_device.as_deref();
        let system = "The system's choice";
        let there = &model.transport.devices;
        let found = chosen.and_then(|chosen| chosen_device(there, chosen));
        let response = egui::ComboBox::from_id_salt("sound device")
            .width(60.0 * theme::UNIT)
            .truncate()
            .selected_text(found.map_or(chosen.unwrap_or(system), |device| &device.name))
            .show_ui(ui, |ui| {
                let mut offer = |ui: &mut Ui, on: bool, name: &str, device: Option<&str>| {
                    if ui.selectable_label(on, name).clicked() {
                        settings.sound_device = device.map(str::to_owned);
                    }
                };
                offer(ui, chosen.is_none(), system, None);
                for device in there.iter() {
                    offer(ui, found == Some(device), &device.name, Some(&device.name));
                }
            })
            .response;
        let tip = "Looks for sound devices again";
        if super::top::icon_button(ui, icon::ARROW_CLOCKWISE, tip).clicked() {
            out.push(Command::Sound(SoundCommand::FindSoundDevice));
        }
        let text = match &model.transport.output {
            Some(OutputStatus::Ready { device, .. }) => format!("Used: {device}"),
            Some(OutputStatus::Starting) => "Looking …".to_owned(),
            Some(OutputStatus::Unavailable { why }) => format!("None: {why}"),
            None => "None".to_owned(),
        };
        said = text;
        response
    });
    below(ui, said);
}

/// What a setting comes to, in as many lines as it needs, below its control.
fn below(ui: &mut Ui, text: String) {
    ui.horizontal_top(|ui| {
        ui.add_space(NAME_WIDTH + theme::SPACE);
        explain(ui, text);
    });
}

fn computing(ui: &mut Ui, model: &AppState, settings: &mut Settings) {
    group(ui, "Computing");
    let chosen: DeviceChoice = model.settings.device.parse().unwrap_or_default();
    row(
        ui,
        "Device",
        "Where maps, probes and training compute from now on",
        |ui| {
            egui::ComboBox::from_id_salt("compute device")
                .width(60.0 * theme::UNIT)
                .selected_text(model.settings.device.as_str())
                .show_ui(ui, |ui| {
                    let mut offer = |ui: &mut Ui, choice: DeviceChoice, name: String| {
                        if ui.selectable_label(choice == chosen, name).clicked() {
                            settings.device = choice.to_string();
                        }
                    };
                    offer(
                        ui,
                        DeviceChoice::Auto,
                        "auto: a graphics card if there is one".to_owned(),
                    );
                    for device in model.training.devices.known() {
                        if let Ok(choice) = device.spec.parse() {
                            let slow = if device.software { ", slow" } else { "" };
                            let name = format!("{}: {}{slow}", device.spec, device.name);
                            offer(ui, choice, name);
                        }
                    }
                })
                .response
        },
    );
    let used = model
        .training
        .devices
        .known()
        .iter()
        .find(|device| match chosen {
            DeviceChoice::Auto => device.is_default,
            _ => device.spec == model.settings.device,
        });
    let text = match (used, &model.training.devices) {
        (Some(device), _) => format!("Used: {}", device.name),
        (None, Devices::Known(_)) => "This device is not here; choose another one".to_owned(),
        (None, _) => "Looking for devices …".to_owned(),
    };
    below(ui, text);
}

fn disk(ui: &mut Ui, model: &AppState, settings: &mut Settings, out: &mut Vec<Command>) {
    group(ui, "Disk");
    row(
        ui,
        "Pictures on disk",
        "Computed pictures and outlines are kept for the next time; the longest unused go first. A new limit holds from \
         the next start on",
        |ui| {
            let mut gigabytes = model.settings.cache_mebibytes as f64 / 1024.0;
            let field = DragValue::new(&mut gigabytes)
                .range(0.1..=1000.0)
                .speed(0.05)
                .max_decimals(1)
                .prefix("at most ")
                .suffix(" GiB")
                .update_while_editing(false);
            let response = parts::number(ui, 34.0 * theme::UNIT, field);
            let limit = (gigabytes * 1024.0).round() as u64;
            if !response.dragged() && limit != model.settings.cache_mebibytes {
                settings.cache_mebibytes = limit;
            }
            if ui
                .button("Clear")
                .on_hover_text("Removes them; they are computed again when needed")
                .clicked()
            {
                out.push(Command::Window(WindowCommand::ClearCache));
            }
            let text = match model.cache_bytes {
                Some(bytes) => format!("{:.1} MiB now", bytes as f64 / f64::from(1 << 20)),
                None => "counting …".to_owned(),
            };
            quiet(ui, text);
            response
        },
    );
    row(
        ui,
        "Opened before",
        "The folders and files in the menu Open",
        |ui| {
            let count = model.settings.recent.len();
            let response = ui
                .add_enabled(count > 0, Button::new("Forget"))
                .on_hover_text("Forgets what was opened before");
            if response.clicked() {
                out.push(Command::Library(LibraryCommand::ForgetRecent));
            }
            quiet(ui, format!("{count} remembered"));
            response
        },
    );
    row(ui, "Folders", "Where this program keeps its files", |ui| {
        let mut response = None;
        for (folder, name, tip) in [
            (
                OwnFolder::Settings,
                "Settings",
                "Shows where settings are kept",
            ),
            (
                OwnFolder::Data,
                "Data",
                "Shows where runs and your own labels are kept",
            ),
            (OwnFolder::Cache, "Cache", "Shows what can be made again"),
        ] {
            let button = ui.button(name).on_hover_text(tip);
            if button.clicked() {
                out.push(Command::Window(WindowCommand::ShowOwnFolder(folder)));
            }
            response = Some(button);
        }
        response.unwrap_or_else(|| ui.label(""))
    });
    explain(
        ui,
        "Settings are kept as you change them. Labels that you give lie in the data folder, never beside your music.",
    );
}
