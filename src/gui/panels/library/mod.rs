//! The tracks of the collection: search, columns, rows, labels.

mod columns;
mod menu;
mod rows;

use eframe::egui::{
    self, Align, Button, Frame, Key, Layout as Flow, Margin, ProgressBar, RichText, TextEdit,
    containers::menu::MenuButton,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, LibraryCommand},
    jobs::format_progress,
    model::AppState,
    theme::{self, small},
};
use mynascope_base::{counted, jobs::Progress};

use super::{parts, top::icon_button};

/// Rows, with their headings, that a panel must have room for to tell the number of tracks below them.
const LEAST_ROWS: f32 = 5.0;

/// Draws the panel.
pub fn show(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    Frame::new()
        .inner_margin(Margin {
            left: 12,
            right: 12,
            top: 4,
            bottom: 4,
        })
        .show(ui, |ui| {
            search(ui, model, out);
            let library = &model.library;
            if let Some(running) = library.job.running() {
                under_way(ui, &running.progress, out);
            }
            if model.library.collection.is_none() {
                if model.library.opening().is_none() {
                    empty(ui, model, out);
                }
                return;
            }
            let space = ui.available_rect_before_wrap();
            // In a low panel the rows need all of the height.
            let footer = match space.height() > LEAST_ROWS * theme::ROW_HEIGHT {
                true => theme::ROW_HEIGHT + theme::SPACE_SMALL,
                false => 0.0,
            };
            let (list, line) = space.split_top_bottom_at_y(space.bottom() - footer);
            ui.scope_builder(egui::UiBuilder::new().max_rect(list), |ui| {
                if model.library.row_count() == 0 && !model.library.is_finding() {
                    nothing_found(ui, model, out);
                } else {
                    rows::show(ui, model, out);
                }
            });
            if footer > 0.0 {
                ui.scope_builder(egui::UiBuilder::new().max_rect(line), |ui| {
                    summary(ui, model, out);
                });
            }
        });
}

fn search(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let mut text = model.library.form.search.clone();
    // Room for both buttons, also while there is nothing to clear: what is at the right stays where it is.
    let buttons = 2.0 * theme::CONTROL_HEIGHT;
    let list_width = ui.available_width();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let hint = format!("{}  Search titles, labels, paths", icon::MAGNIFYING_GLASS);
        let field = TextEdit::singleline(&mut text)
            .hint_text(hint)
            .margin(Margin::symmetric(8, 6))
            .desired_width(ui.available_width() - buttons);
        let response = ui.add(field).on_hover_text(
            "Letters in order find titles and labels, whole words find paths (Ctrl+F)",
        );
        // Asked for once: the request is a number that grows.
        let seen = ui.id().with("search asked for");
        if ui.data(|data| data.get_temp(seen)) != Some(model.search_wanted) {
            if model.search_wanted > 0 {
                response.request_focus();
            }
            ui.data_mut(|data| data.insert_temp(seen, model.search_wanted));
        }
        if response.changed() {
            out.push(Command::edit_library(model, |form| {
                form.search = text.clone()
            }));
        }
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if entered && let Some(&index) = model.library.rows().first() {
            out.push(Command::Library(LibraryCommand::Play(index)));
        }
        match text.is_empty() {
            true => ui.add_space(theme::CONTROL_HEIGHT),
            false if icon_button(ui, icon::X, "Show all tracks again").clicked() => {
                out.push(Command::edit_library(model, |form| form.search.clear()));
            }
            false => {}
        }
        let symbol = RichText::new(icon::COLUMNS).size(theme::TEXT_LARGE);
        let button = Button::new(symbol)
            .frame_when_inactive(false)
            .min_size(egui::Vec2::splat(theme::CONTROL_HEIGHT));
        let padding = std::mem::take(&mut ui.spacing_mut().button_padding);
        let (menu, _) = MenuButton::from_button(button).ui(ui, |ui| {
            ui.spacing_mut().button_padding = padding;
            columns::chooser(ui, model, list_width, out);
        });
        ui.spacing_mut().button_padding = padding;
        let tip = "Choose columns";
        menu.on_hover_text(tip)
            .widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, tip));
    });
}

fn under_way(ui: &mut egui::Ui, progress: &Progress, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    super::row_from_right(ui, |ui| {
        if icon_button(ui, icon::X, "Stop; what was found stays").clicked() {
            out.push(Command::Library(LibraryCommand::StopOpening));
        }
        let text = format_progress(progress);
        ui.with_layout(Flow::left_to_right(Align::Center), |ui| {
            ui.add(egui::Label::new(small(text).color(tokens.text_weak)).truncate());
        });
    });
    if let Some(total) = progress.total {
        let share = progress.done as f32 / total.max(1) as f32;
        ui.add(
            ProgressBar::new(share)
                .desired_height(theme::UNIT)
                .fill(tokens.accent),
        );
    }
}

fn empty(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    ui.add_space(theme::UNIT * 8.0);
    ui.vertical_centered(|ui| {
        ui.label(
            theme::large(icon::MUSIC_NOTES)
                .size(2.0 * theme::TEXT_LARGE)
                .color(tokens.text_weak),
        );
        ui.label(match model.no_drops {
            true => model.how_to_open(),
            false => "Drop sound files or a folder here",
        });
        ui.add_space(theme::SPACE);
        if ui
            .add(theme::primary_button(ui, "Demo collection"))
            .on_hover_text("Opens 64 short tracks in eight styles, made by this program")
            .clicked()
        {
            out.push(Command::Library(LibraryCommand::OpenDemo));
        }
        if ui
            .button("Open a folder…")
            .on_hover_text("Opens a folder with everything in it (Ctrl+Shift+O)")
            .clicked()
        {
            out.push(Command::Library(LibraryCommand::ChooseFolder));
        }
        for path in model.settings.recent.iter().take(3) {
            let name = path.file_name().unwrap_or(path.as_os_str());
            let button = Button::new(name.to_string_lossy()).truncate();
            let response = ui.add(button).on_hover_text(path.display().to_string());
            if response.clicked() {
                out.push(Command::Library(LibraryCommand::Open(vec![path.clone()])));
            }
        }
    });
}

fn nothing_found(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let library = &model.library;
    ui.add_space(theme::UNIT * 8.0);
    ui.vertical_centered(|ui| {
        let text = if library.track_count() == 0 {
            "No sound files were found yet".to_owned()
        } else if library.form.search.trim().is_empty() {
            "Every track can be used".to_owned()
        } else {
            format!(
                "No title, label or path holds “{}”",
                library.form.search.trim()
            )
        };
        ui.label(RichText::new(text).color(tokens.text_weak));
        if library.track_count() > 0 && ui.button("Show all tracks").clicked() {
            out.push(Command::edit_library(model, |form| {
                form.only_bad = false;
                form.search.clear();
            }));
        }
    });
}

/// The line below the list: how much there is, and what is wrong.
fn summary(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let library = &model.library;
    let Some(collection) = &library.collection else {
        return;
    };
    super::row_from_right(ui, |ui| {
        ui.spacing_mut().button_padding.x = theme::SPACE_SMALL;
        let (bad, cut) = (library.bad_count(), library.cut_count());
        if bad + cut > 0 {
            let tokens = theme::tokens(ui);
            let colour = match (library.form.only_bad, bad) {
                (true, _) => tokens.text_strong,
                (false, 0) => tokens.text,
                (false, _) => tokens.error,
            };
            let what = match (bad, cut) {
                (bad, 0) => format!("{bad} cannot be used"),
                (0, 1) => "1 with a warning".to_owned(),
                (0, warned) => format!("{warned} with warnings"),
                (bad, warned) => format!("{bad} cannot be used, {warned} with warnings"),
            };
            let text = format!("{}  {what}", icon::WARNING);
            let button = Button::new(small(text).color(colour))
                .frame_when_inactive(false)
                .selected(library.form.only_bad);
            if ui
                .add(button)
                .on_hover_text(
                    "Lists only these tracks, each with its reason. It is what headers tell; damage farther inside a file \
                     shows when the track is opened",
                )
                .clicked()
            {
                let only = !library.form.only_bad;
                out.push(Command::edit_library(model, |form| form.only_bad = only));
            }
        }
        ui.with_layout(Flow::left_to_right(Align::Center), |ui| {
            let all = library.track_count();
            let mut text = match library.row_count() {
                rows if rows < all => format!("{rows} of {}", counted(all, "track")),
                _ => counted(all, "track"),
            };
            if !library.marked.is_empty() {
                text = format!("{text}, {} marked", library.marked.len());
            }
            if !collection.notes.is_empty() {
                text = format!("{text}  {}", icon::INFO);
            }
            let line = parts::quiet(ui, text);
            if !collection.notes.is_empty() {
                let notes: Vec<&str> = collection.note_texts().collect();
                line.on_hover_text(notes.join("\n"));
            }
        });
    });
}
