//! The dialog of published encoders: which there are, under which licence, and fetching one.

use eframe::egui::{
    self, Align, Button, Frame, Id, Key, Margin, Modal, ScrollArea, TextEdit, Ui, vec2,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, HubCommand, WindowCommand},
    model::{AppState, HubDialog, Overlay},
    theme,
};
use mynascope_hub::{HubName, PUBLISHED, Published, size_text};

use super::parts::{self, explain, heading, quiet};

/// What the other parts of the dialog take of the window's height, and what an answer of the hub takes more.
const AROUND: f32 = 62.0 * theme::UNIT;
const ANSWER: f32 = 30.0 * theme::UNIT;
const LOOK_HINT: &str = "Asks the hub for its size and licence first";
const BUTTON_WIDTH: f32 = 26.0 * theme::UNIT;

/// Draws the dialog while it is open.
pub fn show(ui: &egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let dialog = &model.hub;
    if model.overlay != Some(Overlay::Published) {
        return;
    }
    let mut commands = Vec::new();
    let mut push = |command| commands.push(command);
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(20));
    let response = Modal::new(Id::new("hub"))
        .frame(frame)
        .show(ui.ctx(), |ui| {
            let screen = ui.ctx().content_rect();
            ui.set_width(theme::DIALOG_WIDTH.min(screen.width() - 60.0));
            ui.horizontal(|ui| {
                let strong = theme::tokens(ui).text_strong;
                ui.label(theme::large("Published encoders").color(strong));
                ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
                    if super::top::icon_button(ui, icon::X, "Close (Esc)").clicked() {
                        ui.close();
                    }
                });
            });
            ui.add_space(theme::SPACE);
            let around = match (&dialog.offer, &dialog.problem) {
                (None, None) => AROUND,
                _ => AROUND + ANSWER,
            };
            ScrollArea::vertical()
                .max_height(screen.height() - around)
                .auto_shrink([false, true])
                .show(ui, |ui| list(ui, dialog, &mut push));
            ui.add_space(theme::SPACE);
            other(ui, dialog, &mut push);
            state(ui, dialog, &mut push);
        });
    out.extend(commands.into_iter().map(Command::Hub));
    if response.should_close() {
        out.push(Command::Window(WindowCommand::ShowOverlay(None)));
    }
}

fn list(ui: &mut Ui, dialog: &HubDialog, push: &mut dyn FnMut(HubCommand)) {
    let mut family = "";
    for (index, known) in PUBLISHED.iter().enumerate() {
        if known.family != family {
            family = known.family;
            ui.add_space(theme::SPACE_SMALL);
            heading(ui, family);
            quiet(ui, known.paper);
        }
        super::row_from_right(ui, |ui| {
            let on_disk = dialog.on_disk.as_ref();
            let on_disk = on_disk.is_some_and(|all| all.get(index) == Some(&true));
            let name = known.hub.and_then(|hub| hub.parse::<HubName>().ok());
            let (text, hint) = match (on_disk, known.hub) {
                _ if !known.opens => (
                    "Not yet",
                    "This version cannot open encoders of this family",
                ),
                (true, _) => ("Use", "It is on this disk: All layouts use it from now on"),
                (false, Some(_)) => ("Download…", LOOK_HINT),
                (false, None) => ("Not on the hub", known.note),
            };
            let pressed = parts::wide(
                ui,
                BUTTON_WIDTH,
                Button::new(text),
                known.opens && name.is_some(),
                hint,
            );
            match name.filter(|_| pressed) {
                Some(name) if on_disk => push(HubCommand::Use(name)),
                Some(name) => push(HubCommand::Look(name)),
                None => {}
            }
            ui.with_layout(egui::Layout::left_to_right(Align::Center), |ui| {
                line(ui, known)
            });
        });
    }
}

fn line(ui: &mut Ui, known: &Published) {
    let millions = known.parameters as f64 / 1e6;
    ui.label(known.name).on_hover_text(known.note);
    let facts = format!(
        "{millions:.1} M parameters · windows of {:.1} s · {}",
        known.window_secs, known.licence
    );
    quiet(ui, facts).on_hover_text(known.hub.unwrap_or(known.note));
}

/// Any other model by its name.
fn other(ui: &mut Ui, dialog: &HubDialog, push: &mut dyn FnMut(HubCommand)) {
    ui.horizontal(|ui| {
        let mut typed = dialog.typed.clone();
        let width = ui.available_width() - BUTTON_WIDTH - theme::SPACE;
        let field = TextEdit::singleline(&mut typed)
            .hint_text("Another model of the hub: OWNER/NAME")
            .vertical_align(Align::Center)
            .min_size(vec2(0.0, theme::CONTROL_HEIGHT));
        let response = ui.add_sized([width, theme::CONTROL_HEIGHT], field);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::WidgetType::TextEdit, true, "Model of the hub")
        });
        let name = typed.trim().parse::<HubName>();
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let hint = match &name {
            Ok(_) => LOOK_HINT,
            Err(_) => "OWNER/NAME, or OWNER/NAME@REVISION",
        };
        let pressed = parts::wide(
            ui,
            BUTTON_WIDTH,
            Button::new("Download…"),
            name.is_ok(),
            hint,
        );
        if typed != dialog.typed {
            push(HubCommand::Type(typed.clone()));
        }
        if let Ok(name) = name
            && (entered || pressed)
        {
            push(HubCommand::Look(name));
        }
    });
}

/// What is asked or fetched, and what came of it.
fn state(ui: &mut Ui, dialog: &HubDialog, push: &mut dyn FnMut(HubCommand)) {
    let running = dialog.fetching.running().or(dialog.looking.running());
    if let Some(running) = running {
        if parts::progress(ui, running) {
            push(HubCommand::Stop);
        }
        return;
    }
    if let Some(problem) = &dialog.problem {
        parts::error(ui, problem);
    }
    let Some(offer) = &dialog.offer else {
        explain(
            ui,
            "Nothing is fetched before its size and licence were shown. Many licences allow research only.",
        );
        return;
    };
    explain(ui, offer.describe());
    let text = match offer.bytes() {
        Some(bytes) => format!("Download {}", size_text(bytes)),
        None => "Download".to_owned(),
    };
    let hint = "Fetches these files and uses the encoder; what was fetched before a stop is kept";
    if parts::primary(ui, 2.0 * BUTTON_WIDTH, &text, true, hint) {
        push(HubCommand::Fetch);
    }
}
