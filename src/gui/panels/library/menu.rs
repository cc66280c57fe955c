//! What can be done with a track: the menu of the second mouse button.

use eframe::egui::{self, Button, ScrollArea};
use egui_phosphor::regular as icon;

use crate::gui::{
    actions::find,
    command::{Command, LibraryCommand},
    model::{AppState, Edited, Row},
    theme::{self, small},
};

/// Draws the menu of a row.
pub fn show(ui: &mut egui::Ui, model: &AppState, row: &Row<'_>, out: &mut Vec<Command>) {
    let library = &model.library;
    let index = row.index;
    ui.set_min_width(theme::UNIT * 48.0);
    let mut item = |ui: &mut egui::Ui, symbol: &str, text: &str, key: &str, what| {
        let button = Button::new(format!("{symbol}  {text}"))
            .shortcut_text(small(key))
            .frame_when_inactive(false);
        let size = [ui.available_width(), theme::CONTROL_HEIGHT];
        if ui.add_sized(size, button).clicked() {
            out.push(Command::Library(what));
            ui.close();
        }
    };
    let key = |id: &str| find(id).map_or_else(String::new, |action| action.key_text());
    if row.track.problem.is_none() {
        let play = LibraryCommand::Play(index);
        item(ui, icon::PLAY, "Play", &key("play-track"), play);
    }
    let many = match library.marked.len() {
        marks if library.is_marked(index) && marks > 1 => format!(" of {marks} tracks"),
        _ => String::new(),
    };
    let edit = LibraryCommand::Edit(Edited::Label, index);
    item(
        ui,
        icon::TAG,
        &format!("Change the label{many}…"),
        &key("edit-label"),
        edit,
    );
    let tag = LibraryCommand::Edit(Edited::Tag, index);
    item(ui, icon::PLUS, &format!("Add a tag{many}…"), "", tag);
    // The row under the pointer goes by itself, or with those that are marked with it.
    if library.selected == Some(index) || library.is_marked(index) {
        let text = format!("Take off the list{many}");
        item(
            ui,
            icon::MINUS_CIRCLE,
            &text,
            &key("remove-tracks"),
            LibraryCommand::Remove,
        );
    }
    let folder = LibraryCommand::ShowInFolder(index);
    item(ui, icon::FOLDER_OPEN, "Show in its folder", "", folder);
    item(
        ui,
        icon::COPY,
        "Copy the path",
        &key("copy-path"),
        LibraryCommand::CopyPaths(vec![index]),
    );
    item(
        ui,
        icon::COPY,
        "Copy the folder's path",
        "",
        LibraryCommand::CopyFolder(index),
    );
    labels(ui, model, row, out);
}

fn labels(ui: &mut egui::Ui, model: &AppState, row: &Row<'_>, out: &mut Vec<Command>) {
    let library = &model.library;
    // The labels of the other rows are not changed unnoticed.
    let alone = !library.is_marked(row.index) && library.selected != Some(row.index);
    if alone || library.labels().is_empty() && row.track.tags.is_empty() {
        return;
    }
    ui.separator();
    let push = |what, ui: &mut egui::Ui, out: &mut Vec<Command>| {
        out.push(Command::Library(what));
        ui.close();
    };
    if !library.labels().is_empty() {
        ui.menu_button(format!("{}  Label as", icon::TAG), |ui| {
            ScrollArea::vertical()
                .max_height(80.0 * theme::UNIT)
                .show(ui, |ui| {
                    for label in library.labels() {
                        let on = row.track.label.as_ref() == Some(label);
                        if ui.selectable_label(on, label).clicked() {
                            push(LibraryCommand::Label(Some(label.clone())), ui, out);
                        }
                    }
                    if ui.selectable_label(false, "No label").clicked() {
                        push(LibraryCommand::Label(None), ui, out);
                    }
                });
        });
    }
    if !row.track.tags.is_empty() {
        ui.menu_button(format!("{}  Remove a tag", icon::MINUS), |ui| {
            for tag in &row.track.tags {
                if ui.button(tag).clicked() {
                    push(LibraryCommand::RemoveTag(tag.clone()), ui, out);
                }
            }
        });
    }
}
