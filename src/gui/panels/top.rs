//! The bar at the top: opening, workspaces, theme.

use eframe::egui::{self, Align, Button, Frame, Layout as Flow, Margin, Panel, RichText};
use egui_phosphor::regular as icon;

use crate::gui::{
    actions::{self, Group},
    command::{Command, LibraryCommand, WindowCommand},
    model::{AppState, Overlay, other_theme},
    theme::{self, small},
    workspace::Workspace,
};
use mynascope_base::{counted, storage::Theme};

use super::{chip, encoder};

/// Widths of the menu of encoders: where the bar is short, and where what follows leaves it room.
const ENCODER_WIDTHS: [f32; 2] = [42.0 * theme::UNIT, 50.0 * theme::UNIT];
/// What follows it takes at most.
const RIGHT_WIDTH: f32 = 120.0 * theme::UNIT;

/// In less room the name of the collection would say nothing.
const ROOM_FOR_COLLECTION: f32 = 20.0 * theme::UNIT;

/// Draws the bar.
pub fn show(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    Panel::top("top")
        .exact_size(theme::BAR_HEIGHT)
        .show_separator_line(false)
        .frame(
            Frame::new()
                .fill(tokens.surface)
                .inner_margin(Margin::symmetric(12, 0)),
        )
        .show(ui, |ui| {
            ui.horizontal_centered(|ui| {
                all_menu(ui, model, out);
                open_menu(ui, model, out);
                ui.add_space(theme::SPACE);
                workspaces(ui, model, out);
                ui.add_space(theme::SPACE);
                super::lesson::menu(ui, model, out);
                let [least, most] = ENCODER_WIDTHS;
                let width = (ui.available_width() - RIGHT_WIDTH).clamp(least, most);
                encoder::menu_or_table(ui, width, model, out);
                ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
                    right(ui, model, out);
                    super::toasts::set_room(ui, ui.available_rect_before_wrap());
                });
            });
        });
}

/// A line of a menu for an action; disabled where it can do nothing now.
fn action_item(
    ui: &mut egui::Ui,
    model: &AppState,
    symbol: &str,
    id: &str,
    out: &mut Vec<Command>,
) {
    let Some(action) = actions::find(id) else {
        return;
    };
    let command = (action.command)(model);
    let text = match symbol {
        "" => action.name.to_owned(),
        symbol => format!("{symbol}  {}", action.name),
    };
    let button = Button::new(text)
        .shortcut_text(small(action.key_text()))
        .frame_when_inactive(false);
    let response = ui
        .add_enabled_ui(command.is_some(), |ui| {
            ui.add_sized([ui.available_width(), theme::CONTROL_HEIGHT], button)
        })
        .inner
        .on_hover_text(action.help);
    let response = match action.what_first(model) {
        Some(first) => response.on_disabled_hover_text(format!("{}: {first}", action.help)),
        None => response.on_disabled_hover_text(action.help),
    };
    if response.clicked() {
        out.extend(command);
        ui.close();
    }
}

fn open_menu(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let label = format!("{}  Open", icon::FOLDER_OPEN);
    ui.menu_button(label, |ui| {
        ui.set_min_width(theme::UNIT * 60.0);
        for (symbol, id) in [
            (icon::FILE_AUDIO, "open-files"),
            (icon::FOLDER, "open-folder"),
            (icon::FILE_PLUS, "add-files"),
            (icon::FOLDER_PLUS, "add-folder"),
            (icon::ARROW_U_UP_LEFT, "back-to-collection"),
            (icon::MUSIC_NOTES, "open-demo"),
            (icon::TERMINAL_WINDOW, "copy-open-command"),
        ] {
            action_item(ui, model, symbol, id, out);
        }
        if !model.settings.recent.is_empty() {
            ui.separator();
            ui.label(small("Opened before").color(theme::tokens(ui).text_weak));
        }
        for path in &model.settings.recent {
            let name = path.file_name().map_or_else(
                || path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            );
            let button = Button::new(name)
                .right_text("")
                .frame_when_inactive(false)
                .truncate();
            if ui
                .add_sized([ui.available_width(), theme::CONTROL_HEIGHT], button)
                .on_hover_text(path.display().to_string())
                .clicked()
            {
                out.push(Command::Library(LibraryCommand::Open(vec![path.clone()])));
                ui.close();
            }
        }
    })
    .response
    .on_hover_text("Open files, folders, data sets; dropping them on the window does the same");
}

/// Everything that can be done, group by group.
fn all_menu(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let text = RichText::new(icon::LIST).size(theme::TEXT_LARGE);
    let response = ui
        .menu_button(text, |ui| {
            ui.set_min_width(theme::UNIT * 40.0);
            for group in Group::ALL {
                ui.menu_button(group.name(), |ui| {
                    ui.set_min_width(theme::UNIT * 70.0);
                    let room = ui.ctx().content_rect().height() - 30.0 * theme::UNIT;
                    egui::ScrollArea::vertical()
                        .max_height(room)
                        .show(ui, |ui| {
                            ui.spacing_mut().item_spacing.y = 0.0;
                            for action in actions::all().filter(|action| action.group == group) {
                                action_item(ui, model, "", action.id, out);
                            }
                        });
                });
            }
        })
        .response
        .on_hover_text("Everything that can be done; Ctrl+P finds it by its name");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, "Menu"));
}

fn workspaces(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    ui.spacing_mut().item_spacing.x = theme::SPACE_SMALL;
    for workspace in Workspace::ALL {
        let shown = model.workspace == workspace;
        let colour = if shown {
            tokens.text_strong
        } else {
            tokens.text_weak
        };
        let text = RichText::new(workspace.name()).color(colour);
        let tip = format!(
            "{} (Ctrl+{})",
            workspace.purpose(),
            workspace.key().symbol_or_name()
        );
        let response = ui
            .add(Button::new(text).frame_when_inactive(false).selected(false))
            .on_hover_text(tip);
        if shown {
            let line = egui::Rect::from_x_y_ranges(
                response.rect.x_range().shrink(theme::SPACE),
                response.rect.bottom() + 2.0..=response.rect.bottom() + 4.0,
            );
            ui.painter().rect_filled(line, 1.0, tokens.accent);
        }
        if response.clicked() {
            out.push(Command::Window(WindowCommand::ShowWorkspace(workspace)));
        }
        response.context_menu(|ui| {
            if ui.button("Reset layout").clicked() {
                out.push(Command::Window(WindowCommand::ShowWorkspace(workspace)));
                out.push(Command::Window(WindowCommand::ResetWorkspace));
                ui.close();
            }
        });
    }
}

fn right(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let opens = |overlay| {
        let shown = model.toggled(overlay);
        Command::Window(WindowCommand::ShowOverlay(shown))
    };
    if icon_button(ui, icon::GEAR, "Settings (Ctrl+,)").clicked() {
        out.push(opens(Overlay::Settings));
    }
    super::toasts::tray(ui, model, out);
    if icon_button(ui, icon::COMMAND, "Find anything to do (Ctrl+P)").clicked() {
        out.push(opens(Overlay::Palette));
    }
    // A narrow bar has no room for what a key does as well.
    let has_room = |ui: &egui::Ui| ui.available_width() > theme::CONTROL_HEIGHT;
    let (symbol, tip) = match model.settings.theme {
        Theme::Dark | Theme::System => (icon::SUN, "Light theme (Ctrl+T)"),
        Theme::Light => (icon::MOON, "Dark theme (Ctrl+T)"),
    };
    if has_room(ui) && icon_button(ui, symbol, tip).clicked() {
        out.push(Command::edit_settings(model, |settings| {
            settings.theme = other_theme(settings.theme);
        }));
    }
    if has_room(ui) && icon_button(ui, icon::KEYBOARD, "Keys (F1)").clicked() {
        out.push(opens(Overlay::Keys));
    }
    if ui.available_width() > chip::WIDTH {
        chip::show(ui, model, out);
    }
    if let Some(collection) = &model.library.collection
        && ui.available_width() > ROOM_FOR_COLLECTION
    {
        let tokens = theme::tokens(ui);
        let tracks = counted(collection.tracks.len(), "track");
        let text = format!("{}  ·  {tracks}", collection.name);
        ui.add_space(theme::SPACE);
        ui.add(egui::Label::new(small(text).color(tokens.text_weak)).truncate());
    }
}

/// A square button that shows one icon.
pub fn icon_button(ui: &mut egui::Ui, symbol: &str, tip: &str) -> egui::Response {
    let button =
        Button::new(RichText::new(symbol).size(theme::TEXT_LARGE)).frame_when_inactive(false);
    // With the frame comes its padding, which would make the button wider under the pointer.
    let padding = std::mem::take(&mut ui.spacing_mut().button_padding);
    let response = ui
        .add_sized([theme::CONTROL_HEIGHT; 2], button)
        .on_hover_text(tip);
    ui.spacing_mut().button_padding = padding;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, tip));
    response
}
