//! The table of runs.

use eframe::egui::{self, Align2, Rect, ScrollArea, Sense, Ui, pos2, vec2};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, EncoderCommand, TrainCommand, Wanted},
    model::{AppState, RunRow, format_config, format_time},
    theme,
};

use super::{
    super::{fields, parts},
    demo_map, plot,
};

/// Widths of the columns that hold numbers, and of the buttons at the end of a row.
const STEPS: f32 = 26.0 * theme::UNIT;
const LOSS: f32 = 18.0 * theme::UNIT;
const SCORE: f32 = 28.0 * theme::UNIT;
const DATE: f32 = 32.0 * theme::UNIT;
const BUTTON: f32 = theme::ROW_HEIGHT;
/// Buttons at the end of a row.
const BUTTONS: f32 = 4.0;

const USE_HINT: &str =
    "Makes the run the encoder of all layouts: the step that its own labels chose, else its last";

/// Where the columns of a row are.
struct Columns {
    map: Rect,
    name: Rect,
    about: Rect,
    steps: Rect,
    loss: Rect,
    score: Rect,
    date: Rect,
    buttons: Rect,
}

impl Columns {
    fn of(row: Rect) -> Self {
        let inner = row.shrink2(vec2(theme::SPACE, 0.0));
        let mut right = inner.right();
        let mut take = |width: f32| {
            let rect =
                Rect::from_min_max(pos2(right - width, row.top()), pos2(right, row.bottom()));
            right -= width;
            rect
        };
        let buttons = take(BUTTONS * BUTTON + theme::SPACE);
        let date = take(DATE);
        let score = take(SCORE);
        let loss = take(LOSS);
        let steps = take(STEPS);
        let map = Rect::from_min_size(inner.min, vec2(theme::ROW_HEIGHT, row.height()));
        let first = pos2(map.right() + theme::SPACE_SMALL, row.top());
        let name_end = first.x + 0.38 * (right - first.x);
        Self {
            map,
            name: Rect::from_min_max(first, pos2(name_end - theme::SPACE, row.bottom())),
            about: Rect::from_min_max(pos2(name_end, row.top()), pos2(right, row.bottom())),
            steps,
            loss,
            score,
            date,
            buttons,
        }
    }
}

/// Draws the table of runs.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let table = &model.training.table;
    let mut push = |command| out.push(Command::Train(command));
    super::super::row_from_right(ui, |ui| {
        let hint = "Looks again which runs there are";
        if parts::symbol(ui, icon::ARROWS_CLOCKWISE, "Read runs again", hint) {
            push(TrainCommand::ReadRuns);
        }
        let hint = "Shows the curves of a run that is kept elsewhere";
        if parts::symbol(ui, icon::FOLDER_OPEN, "Show another run", hint) {
            push(TrainCommand::Choose(Wanted::Run));
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let text = match (table.is_read, table.rows.len()) {
                (false, 0) => "Reading the runs …".to_owned(),
                (_, 0) => "No runs yet: each training leaves one here.".to_owned(),
                (_, 1) => "1 run; a click shows its curves".to_owned(),
                (_, count) => format!(
                    "{count} runs, newest first; a click shows the curves, Shift+click draws a second run behind them"
                ),
            };
            if let Some(change) = model.history.run_change() {
                let hint = "Gives the run its name back, or brings it back from the trash among the runs (Ctrl+Z undoes it in turn)";
                let button = ui.button(format!("Undo {change}"));
                if button.on_hover_text(hint).clicked() {
                    push(TrainCommand::UndoRun);
                }
            }
            parts::quiet(ui, text);
        });
    });
    if table.rows.is_empty() {
        return;
    }
    header(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical()
        .id_salt("runs")
        .auto_shrink(false)
        .show_rows(ui, theme::ROW_HEIGHT, table.rows.len(), |ui, range| {
            for row in table.rows.get(range).unwrap_or_default() {
                run_row(ui, model, row, out);
            }
        });
}

fn header(ui: &mut Ui) {
    let size = vec2(ui.available_width(), theme::ROW_HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let columns = Columns::of(rect);
    let weak = theme::tokens(ui).text_weak;
    let left = [(columns.name, "run"), (columns.about, "settings")];
    for (place, text) in left {
        cell(ui, place, Align2::LEFT_CENTER, text, weak);
    }
    let right = [
        (columns.steps, "steps"),
        (columns.loss, "last loss"),
        (columns.score, "best score"),
        (columns.date, "changed"),
    ];
    for (place, text) in right {
        cell(ui, place, Align2::RIGHT_CENTER, text, weak);
    }
}

fn cell(ui: &Ui, place: Rect, align: Align2, text: &str, colour: egui::Color32) {
    let text = egui::WidgetText::from(theme::small(text).color(colour));
    let wrap = Some(egui::TextWrapMode::Truncate);
    let galley = text.into_galley(ui, wrap, place.width(), egui::TextStyle::Small);
    let corner = align.align_size_within_rect(galley.size(), place).min;
    ui.painter()
        .with_clip_rect(place.intersect(ui.clip_rect()))
        .galley(corner, galley, colour);
}

fn run_row(ui: &mut Ui, model: &AppState, row: &RunRow, out: &mut Vec<Command>) {
    let training = &model.training;
    let tokens = theme::tokens(ui);
    let size = vec2(ui.available_width(), theme::ROW_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let is =
        |run: Option<&crate::gui::model::RunView>| run.is_some_and(|run| run.folder == row.folder);
    let (shown, behind) = (is(training.shown()), is(training.overlay.as_ref()));
    if shown {
        ui.painter()
            .rect_filled(rect, theme::CORNER, tokens.accent_quiet);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, theme::CORNER, tokens.raised);
    }
    let columns = Columns::of(rect);
    let strong = match (shown, behind) {
        (_, true) => tokens.view_b,
        (true, false) => tokens.text_strong,
        _ => tokens.text,
    };
    let about = match &row.config {
        Ok(config) => format_config(config),
        Err(why) => why.clone(),
    };
    cell(ui, columns.name, Align2::LEFT_CENTER, &row.name(), strong);
    cell(
        ui,
        columns.about,
        Align2::LEFT_CENTER,
        &about,
        match row.config.is_ok() {
            true => tokens.text_weak,
            false => tokens.error,
        },
    );
    if let Some(map) = &row.map {
        demo_map::thumbnail(ui, columns.map, map);
    }
    let dash = || "\u{2013}".to_owned();
    let score = row.best.as_ref();
    // The run under way is ahead of its folder.
    let live = training.live.as_ref();
    let live = live.filter(|live| training.is_active() && live.folder == row.folder);
    let step = live.map_or(row.step, |live| live.step().max(row.step));
    let loss = live.and_then(|live| live.last.as_ref());
    let loss = loss.map(|last| last.loss).or(row.loss);
    let right = [
        (
            columns.steps,
            match &row.config {
                Ok(config) => format!("{step} / {}", config.steps),
                Err(_) => step.to_string(),
            },
        ),
        (columns.loss, loss.map_or_else(dash, plot::number)),
        (
            columns.score,
            score.map_or_else(dash, |best| {
                let [low, high] = best.interval.unwrap_or([f64::NAN; 2]);
                match low.is_nan() {
                    true => format!("{:.0} %", 100.0 * best.score),
                    false => format!(
                        "{:.0} % ({:.0} to {:.0})",
                        100.0 * best.score,
                        100.0 * low,
                        100.0 * high
                    ),
                }
            }),
        ),
        (columns.date, row.changed.map_or_else(dash, format_time)),
    ];
    for (place, text) in right {
        cell(ui, place, Align2::RIGHT_CENTER, &text, tokens.text);
    }
    buttons(ui, model, row, columns.buttons, behind, out);
    let name = row.name();
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::WidgetType::SelectableLabel, true, shown, &name)
    });
    let score = match score {
        Some(best) => format!("\nbest score: {}", best.of),
        None => "\nno best step: by labels none did better than the first weights, beyond chance"
            .to_owned(),
    };
    let stands = row.stands_for.as_ref();
    let stands = stands.map_or(String::new(), |step| format!("\nas an encoder: {step}"));
    let clicked = response.clicked();
    response.context_menu(|ui| menu(ui, model, row, out));
    response.on_hover_text(format!("{about}{score}{stands}\n{}", row.folder.display()));
    if clicked {
        let overlay = ui.input(|input| input.modifiers.shift);
        out.push(Command::Train(match overlay {
            true if behind => TrainCommand::Overlay(None),
            true => TrainCommand::Overlay(Some(row.folder.clone())),
            false => TrainCommand::ShowRun(row.folder.clone()),
        }));
    }
}

/// What the second mouse button offers.
fn menu(ui: &mut Ui, model: &AppState, row: &RunRow, out: &mut Vec<Command>) {
    let naming = model.training.table.naming.as_ref();
    let typed = naming.filter(|(run, _)| *run == row.folder);
    let mut text = typed.map_or_else(|| row.name(), |(_, text)| text.clone());
    ui.label("Name");
    let letters = text.chars().count();
    let field = ui.text_edit_singleline(&mut text);
    fields::begin(ui, &field, letters);
    if field.changed() {
        let naming = Some((row.folder.clone(), text.clone()));
        out.push(Command::Train(TrainCommand::EditName(naming)));
    }
    let enter = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let can = text != row.name() && !text.trim().is_empty();
    let rename = egui::Button::new(format!("{}  Rename", icon::PENCIL_SIMPLE));
    let hint = "Gives the folder of the run this name";
    let pressed = ui.add_enabled(can, rename).on_hover_text(hint).clicked();
    if can && (pressed || enter) {
        let (run, name) = (row.folder.clone(), text.trim().to_owned());
        out.push(Command::Train(TrainCommand::Rename(run, name)));
        ui.close();
    }
    ui.separator();
    let hint =
        "Moves the run into the trash among the runs; the button above the table brings it back";
    let delete = ui.button(format!("{}  Delete", icon::TRASH));
    if delete.on_hover_text(hint).clicked() {
        out.push(Command::Train(TrainCommand::Delete(row.folder.clone())));
        ui.close();
    }
}

/// What can be done with a run.
fn buttons(
    ui: &mut Ui,
    model: &AppState,
    row: &RunRow,
    place: Rect,
    behind: bool,
    out: &mut Vec<Command>,
) {
    let active = model.training.is_active();
    let name = row.name();
    let used = model.embeddings.source.is_file(Some(&row.folder));
    let all = [
        (
            icon::CHART_LINE,
            format!("Compare with {name}"),
            "Draws this run behind the shown one, or takes it away (Shift+click)",
            true,
            Command::Train(TrainCommand::Overlay((!behind).then(|| row.folder.clone()))),
        ),
        (
            icon::BRAIN,
            format!("Use encoder of {name}"),
            USE_HINT,
            row.step > 0 && !used,
            Command::Encoder(EncoderCommand::UseFile(row.folder.clone())),
        ),
        (
            icon::PLAY,
            format!("Resume {name}"),
            "Resumes the run from its newest checkpoint, on the tracks it was trained on",
            row.can_go_on() && !active,
            Command::Train(TrainCommand::GoOn(row.folder.clone())),
        ),
        (
            icon::FOLDER_OPEN,
            format!("Open folder of {name}"),
            "Shows the run's folder in the file manager",
            true,
            Command::Train(TrainCommand::OpenFolder(row.folder.clone())),
        ),
    ];
    let mut left = place.right() - BUTTONS * BUTTON;
    for (symbol, name, hint, can, command) in all {
        let rect = Rect::from_min_size(pos2(left, place.top()), vec2(BUTTON, place.height()));
        left += BUTTON;
        let button = egui::Button::new(theme::small(symbol)).frame(false);
        let response = ui
            .scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
                ui.add_enabled_ui(can, |ui| ui.add_sized(rect.size(), button))
                    .inner
            })
            .inner;
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, can, &name));
        let clicked = response.clicked();
        response.on_hover_text(hint).on_disabled_hover_text(hint);
        if clicked {
            out.push(command);
        }
    }
}
