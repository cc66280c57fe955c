//! The open lesson, where it is written too, and the menu of lessons.

use eframe::egui::{self, Align, Button, Frame, Layout as Flow, Margin, Panel, RichText, TextEdit};
use egui_phosphor::regular as icon;
use mynascope_base::counted;

use crate::gui::{
    actions,
    command::{Command, LessonChange, LessonCommand},
    model::{AppState, LessonEdit, OpenLesson},
    theme::{self, small},
};

use super::top::icon_button;

/// Height of the strip: a title and two lines of text.
const HEIGHT: f32 = 16.0 * theme::UNIT;
/// It grows to this with its text.
const MOST_HEIGHT: f32 = 40.0 * theme::UNIT;
/// What the buttons at its right and its margins take of its width, and where they are short.
const BUTTONS: f32 = 60.0 * theme::UNIT;
const SHORT_BUTTONS: f32 = 45.0 * theme::UNIT;
/// In a narrower window they are short.
const ROOM_FOR_BUTTONS: f32 = 250.0 * theme::UNIT;
/// Longer lines are hard to read on one's own screen.
const LINE: f32 = 200.0 * theme::UNIT;
/// Height of the strip while its lesson is written.
const EDIT_HEIGHT: f32 = 38.0 * theme::UNIT;
/// Width of the field of its title.
const TITLE: f32 = 70.0 * theme::UNIT;

/// The strip with the page of the open lesson.
pub fn strip(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let Some(open) = &model.lesson else {
        return;
    };
    let tokens = theme::tokens(ui);
    let frame = Frame::new()
        .fill(tokens.accent_quiet)
        .inner_margin(Margin::symmetric(12, 6));
    let height = match open.edit {
        Some(_) => EDIT_HEIGHT,
        None => height(ui, open, line(model)),
    };
    let short = is_short(ui);
    Panel::top("lesson")
        .exact_size(height)
        .show_separator_line(false)
        .frame(frame)
        .show(ui, |ui| {
            if let Some(edit) = open.edit {
                return editor(ui, model, open, edit, out);
            }
            ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
                buttons(ui, open, model.arriving.is_some(), short, out);
                ui.with_layout(Flow::top_down(Align::Min), |ui| {
                    ui.spacing_mut().item_spacing.y = theme::UNIT / 2.0;
                    page(ui, model, open, out);
                });
            });
        });
}

/// How long its lines may become: before an audience as long as there is room, since each is large.
fn line(model: &AppState) -> f32 {
    if model.presenting {
        f32::INFINITY
    } else {
        LINE
    }
}

/// Whether the window is so narrow that the buttons are short.
fn is_short(ui: &egui::Ui) -> bool {
    ui.available_width() < ROOM_FOR_BUTTONS
}

/// As high as the longest page of the lesson needs, within bounds, so that nothing moves from page to page: a longer one scrolls.
fn height(ui: &egui::Ui, open: &OpenLesson, line: f32) -> f32 {
    let buttons = match is_short(ui) {
        true => SHORT_BUTTONS,
        false => BUTTONS,
    };
    let width = (ui.available_width() - buttons).clamp(LINE / 4.0, line);
    let font = egui::FontId::proportional(theme::TEXT_BODY + 1.0);
    let heights = open.lesson.steps.iter().map(|step| {
        let text = step.text.trim().to_owned();
        let galley = ui
            .painter()
            .layout(text, font.clone(), egui::Color32::WHITE, width);
        galley.size().y
    });
    let around = theme::SMALL_LINE + 5.0 * theme::UNIT;
    (heights.fold(0.0, f32::max) + around).clamp(HEIGHT, MOST_HEIGHT)
}

/// The text of the open page.
fn text_of(open: &OpenLesson) -> &str {
    open.page().map_or("", |step| step.text.trim())
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
    ui.set_max_width(ui.available_width().min(line(model)));
    let text = RichText::new(text_of(open))
        .size(theme::TEXT_BODY + 1.0)
        .color(tokens.text_strong);
    // A long page of an own lesson scrolls.
    egui::ScrollArea::vertical().show(ui, |ui| {
        ui.add(egui::Label::new(text).wrap());
    });
}

fn buttons(
    ui: &mut egui::Ui,
    open: &OpenLesson,
    arriving: bool,
    short: bool,
    out: &mut Vec<Command>,
) {
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
        leave
    } else {
        "The next page (Page Down)"
    };
    if ui.add(next).on_hover_text(tip).clicked() {
        out.push(Command::Lesson(if last {
            LessonCommand::Leave
        } else {
            LessonCommand::Turn(1)
        }));
    }
    let previous = match short {
        true => icon::ARROW_LEFT,
        false => "Previous",
    };
    let back = ui.add_enabled(open.step > 0, Button::new(previous));
    back.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::Button, open.step > 0, "Previous")
    });
    if back.on_hover_text("The previous page (Page Up)").clicked() {
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
    &["lesson-open", "lesson-new", "lesson-edit", "lesson-save"],
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
    .on_hover_text("Eight short lessons about masking and training, and lessons of your own");
}

/// The fields of a lesson that is written, and what is done with its pages.
fn editor(
    ui: &mut egui::Ui,
    model: &AppState,
    open: &OpenLesson,
    edit: LessonEdit,
    out: &mut Vec<Command>,
) {
    let mut push = |change| out.push(Command::Lesson(LessonCommand::Edit(change)));
    ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
    ui.horizontal(|ui| {
        let name = ui.label(small("Title"));
        let mut title = open.lesson.title.clone();
        let field = TextEdit::singleline(&mut title).desired_width(TITLE);
        if ui.add(field).labelled_by(name.id).changed() {
            push(LessonChange::Title(title));
        }
        let tracks = open.lesson.own_tracks().len();
        if tracks > 0 {
            let mut with_tracks = edit.with_tracks;
            let text = format!(
                "Put {} into the file: the licence lets me pass them on",
                counted(tracks, "track")
            );
            let tip = "The lesson is saved as a zip with its tracks, which opens on any machine. Without them it names their files from \
                       its own folder on; tracks of the demo collection are on every machine";
            let response = ui.checkbox(&mut with_tracks, small(text));
            if response.on_hover_text(tip).changed() {
                push(LessonChange::WithTracks(with_tracks));
            }
        }
    });
    let mut text = open
        .page()
        .map_or_else(String::new, |page| page.text.clone());
    let field = TextEdit::multiline(&mut text)
        .hint_text("What to look at and listen to on this page")
        .desired_width(f32::INFINITY);
    let room = egui::vec2(
        ui.available_width(),
        ui.available_height() - theme::CONTROL_HEIGHT - theme::SPACE,
    );
    let field = egui::ScrollArea::vertical()
        .id_salt("lesson text")
        .max_height(room.y)
        .show(ui, |ui| ui.add(field.min_size(room)))
        .inner;
    field.widget_info(|| {
        let text = open.page().map_or("", |page| page.text.as_str());
        egui::WidgetInfo::text_edit(true, text, text, "Text of the page")
    });
    if field.changed() {
        push(LessonChange::Text(text));
    }
    ui.horizontal(|ui| edit_row(ui, model, open, out));
}

/// What is done with the pages of a lesson that is written.
fn edit_row(ui: &mut egui::Ui, model: &AppState, open: &OpenLesson, out: &mut Vec<Command>) {
    let pages = open.lesson.steps.len();
    let symbols = [
        (icon::CARET_LEFT, "lesson-back"),
        (icon::CARET_RIGHT, "lesson-next"),
    ];
    let mut act = |ui: &mut egui::Ui, symbol: &str, words: &str, id: &str| {
        let Some(action) = actions::find(id) else {
            return;
        };
        let command = (action.command)(model);
        ui.add_enabled_ui(command.is_some(), |ui| {
            let clicked = match words {
                "" => icon_button(ui, symbol, action.help).clicked(),
                words => ui.button(words).on_hover_text(action.help).clicked(),
            };
            if clicked {
                out.extend(command);
            }
        });
    };
    for (symbol, id) in symbols {
        act(ui, symbol, "", id);
    }
    ui.label(small(format!("page {} of {pages}", open.step + 1)));
    act(ui, "", "Show this here", "lesson-take-state");
    act(ui, "", "Add page", "lesson-add-page");
    act(ui, "", "Earlier", "lesson-page-earlier");
    act(ui, "", "Later", "lesson-page-later");
    act(ui, "", "Delete page", "lesson-delete-page");
    ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
        act(ui, icon::X, "", "lesson-leave");
        act(ui, "", "Read it", "lesson-edit-end");
        act(ui, "", "Save…", "lesson-save");
    });
}
