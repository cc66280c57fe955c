//! The open lesson, the menu of lessons, and the form that saves one.

use eframe::egui::{
    self, Align, Align2, Button, Frame, Layout as Flow, Margin, Modal, Panel, RichText, TextEdit,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    actions,
    command::{Command, LessonCommand},
    model::{AppState, OpenLesson},
    theme::{self, small},
};

use super::top::icon_button;

/// Height of the strip: a title and two lines of text.
const HEIGHT: f32 = 16.0 * theme::UNIT;
/// It grows to this with its text.
const MOST_HEIGHT: f32 = 40.0 * theme::UNIT;
/// What the buttons at its right and its margins take of its width.
const BUTTONS: f32 = 75.0 * theme::UNIT;
/// Longer lines are hard to read.
const LINE: f32 = 200.0 * theme::UNIT;

/// The strip with the page of the open lesson.
pub fn strip(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let Some(open) = &model.lesson else {
        return;
    };
    let tokens = theme::tokens(ui);
    let frame = Frame::new()
        .fill(tokens.accent_quiet)
        .inner_margin(Margin::symmetric(12, 6));
    Panel::top("lesson")
        .exact_size(height(ui, open))
        .show_separator_line(false)
        .frame(frame)
        .show(ui, |ui| {
            ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
                buttons(ui, open, model.arriving.is_some(), out);
                ui.with_layout(Flow::top_down(Align::Min), |ui| {
                    ui.spacing_mut().item_spacing.y = theme::UNIT / 2.0;
                    page(ui, model, open, out);
                });
            });
        });
}

/// As high as its page needs, within bounds: a longer page scrolls.
fn height(ui: &egui::Ui, open: &OpenLesson) -> f32 {
    let width = (ui.available_width() - BUTTONS).clamp(LINE / 4.0, LINE);
    let font = egui::FontId::proportional(theme::TEXT_BODY + 1.0);
    let text = text_of(open).to_owned();
    let galley = ui.painter().layout(text, font, egui::Color32::WHITE, width);
    let around = theme::SMALL_LINE + 5.0 * theme::UNIT;
    (galley.size().y + around).clamp(HEIGHT, MOST_HEIGHT)
}

/// The text of the open page.
fn text_of(open: &OpenLesson) -> &str {
    let step = open.lesson.steps.get(open.step);
    step.map_or("", |step| step.text.trim())
}

fn page(ui: &mut egui::Ui, model: &AppState, open: &OpenLesson, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let (page, pages) = (open.step + 1, open.lesson.steps.len());
    let title = format!("{}  ·  {page} of {pages}", open.lesson.title);
    let title = small(title).color(tokens.accent);
    match open.missing_track(model.spectrogram.path()) {
        None => {
            ui.label(title);
        }
        // What the page says of its track must not be read as said of another.
        Some(name) => {
            ui.horizontal(|ui| {
                ui.label(title);
                if model.arriving.is_some() {
                    ui.label(small(format!(
                        "·  loading {name}, which this page is about"
                    )));
                    return;
                }
                let text = small(format!("Show {name}, which this page is about"));
                if ui.link(text).clicked() {
                    out.push(Command::Lesson(LessonCommand::Turn(0)));
                }
            });
        }
    }
    ui.set_max_width(ui.available_width().min(LINE));
    let text = RichText::new(text_of(open))
        .size(theme::TEXT_BODY + 1.0)
        .color(tokens.text_strong);
    // A long page of an own lesson scrolls.
    egui::ScrollArea::vertical().show(ui, |ui| {
        ui.add(egui::Label::new(text).wrap());
    });
}

fn buttons(ui: &mut egui::Ui, open: &OpenLesson, arriving: bool, out: &mut Vec<Command>) {
    let leave = "Leave the lesson and get back what was shown before it";
    if icon_button(ui, icon::X, leave).clicked() {
        out.push(Command::Lesson(LessonCommand::Leave));
    }
    let last = open.step + 1 >= open.lesson.steps.len();
    let next = if last {
        theme::primary_button(ui, "Done")
    } else {
        theme::primary_button(ui, format!("Next  {}", icon::ARROW_RIGHT))
    };
    let tip = if last {
        "Close the lesson and go on from what it shows"
    } else {
        "The next page (Page Down)"
    };
    if ui.add(next).on_hover_text(tip).clicked() {
        out.push(Command::Lesson(if last {
            LessonCommand::Close
        } else {
            LessonCommand::Turn(1)
        }));
    }
    let back = ui.add_enabled(open.step > 0, Button::new("Back"));
    if back.on_hover_text("The page before (Page Up)").clicked() {
        out.push(Command::Lesson(LessonCommand::Turn(-1)));
    }
    if arriving {
        ui.add(egui::Spinner::new().size(theme::TEXT_BODY));
    }
}

/// What stands in the menu, group by group.
const MENU: [&[&str]; 2] = [
    &[
        "lesson-tokens",
        "lesson-ninety-percent",
        "lesson-shapes",
        "lesson-views",
        "lesson-temperature",
        "lesson-equivariance",
        "lesson-patchout",
        "lesson-teacher",
    ],
    &["lesson-open", "lesson-save"],
];

/// The menu of lessons.
pub fn menu(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let label = format!("{}  Lessons", icon::GRADUATION_CAP);
    ui.menu_button(label, |ui| {
        ui.set_min_width(theme::UNIT * 56.0);
        for (place, group) in MENU.iter().enumerate() {
            if place > 0 {
                ui.separator();
            }
            for action in group.iter().filter_map(|id| actions::find(id)) {
                let command = (action.command)(model);
                let name = action.name.trim_start_matches("Lesson ");
                let button = Button::new(name).frame_when_inactive(false);
                let response = ui.add_enabled(command.is_some(), button);
                if response.on_hover_text(action.help).clicked() {
                    out.extend(command);
                    ui.close();
                }
            }
        }
    })
    .response
    .on_hover_text("Six short lessons about masking, and lessons of your own");
}

/// The form that saves the window as a lesson.
pub fn draft(ui: &egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let Some(draft) = &model.lesson_draft else {
        return;
    };
    let tokens = theme::tokens(ui);
    let mut changed = draft.clone();
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(20));
    let response = Modal::new(egui::Id::new("lesson draft"))
        .area(Modal::default_area(egui::Id::new("lesson draft")).anchor(Align2::CENTER_CENTER, [0.0; 2]))
        .frame(frame)
        .show(ui.ctx(), |ui| {
            ui.set_width(theme::UNIT * 100.0);
            ui.label(theme::large("Save as lesson").color(tokens.text_strong));
            let words = "Keeps the track, what is visible of it, the mask with seed, crops and painted patches, layer and matrix.";
            ui.add(egui::Label::new(small(words).color(tokens.text_weak)).wrap());
            let name = ui.label("Title");
            ui.add(TextEdit::singleline(&mut changed.title).desired_width(f32::INFINITY))
                .labelled_by(name.id);
            let name = ui.label("What to look at");
            ui.add(
                TextEdit::multiline(&mut changed.text)
                    .desired_rows(4)
                    .desired_width(f32::INFINITY),
            )
            .labelled_by(name.id);
            ui.add_space(theme::SPACE);
            ui.horizontal(|ui| {
                let ready = !changed.title.trim().is_empty() && !changed.text.trim().is_empty();
                let save = theme::primary_button(ui, "Save…");
                let tip = "Choose where the lesson is kept; it needs a title and a few words";
                let save = ui.add_enabled(ready, save).on_hover_text(tip);
                if save.on_disabled_hover_text(tip).clicked() {
                    out.push(Command::Lesson(LessonCommand::Save));
                }
                ui.button("Cancel")
                    .on_hover_text("Keep nothing (Esc)")
                    .clicked()
            })
            .inner
        });
    if changed != *draft {
        out.insert(0, Command::Lesson(LessonCommand::Draft(Some(changed))));
    }
    if response.inner || response.should_close() {
        out.push(Command::Lesson(LessonCommand::Draft(None)));
    }
}
