//! Several encoders on every task: a table whose cells open their probes.

use eframe::egui::{
    self, Align, Align2, Color32, FontId, Layout, PopupCloseBehavior, Rect, ScrollArea, Sense,
    Stroke, StrokeKind, Ui, WidgetInfo, WidgetType,
    containers::menu::{MenuButton, MenuConfig},
    pos2, vec2,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, ProbeAsk, ProbeCommand},
    jobs::format_duration,
    model::{AppState, ProbeJob, ShownComparison, format_score},
    panels::{parts, row_from_right},
    theme,
    widgets::matrix::{Cell, Matrix},
};
use mynascope_probe::{ComparedCell, LayerChoice, format_interval};

/// Height of a cell: two lines.
const CELL_HEIGHT: f32 = 11.0 * theme::UNIT;
/// Width of a cell, at least and at most.
const CELL_WIDTH: [f32; 2] = [26.0 * theme::UNIT, 48.0 * theme::UNIT];
/// The heading: task and metric.
const HEADING: f32 = 10.0 * theme::UNIT;
/// Room for the names of encoders, at least and at most.
const NAMES: [f32; 2] = [26.0 * theme::UNIT, 60.0 * theme::UNIT];
/// The column of times.
const TIMES: f32 = 18.0 * theme::UNIT;
/// Of the best cell so much is accent, on which ordinary text can still be read.
const MOST_ACCENT: f32 = 0.4;
/// Width of the choice of layers.
const CHOICE: f32 = 50.0 * theme::UNIT;

/// Width of the menu that marks encoders.
const ENCODERS_WIDTH: f32 = 80.0 * theme::UNIT;

const LAYERS: [(LayerChoice, &str, &str); 2] = [
    (
        LayerChoice::Published,
        "published layer",
        "The layer that the authors of each encoder read",
    ),
    (
        LayerChoice::Best,
        "best layer",
        "The layer that scores best on the validation tracks; the test tracks are not looked at for it",
    ),
];

/// Draws the tab.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let probing = &model.probing;
    row_from_right(ui, |ui| {
        let mut push = |command| out.push(Command::Probe(command));
        if parts::copy_command(ui) {
            push(ProbeCommand::Copy(ProbeJob::Compare));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let marked = model.compared();
            let open = model.library.track_count() > 0 && !probing.job.is_running();
            let ready = open && !marked.is_empty();
            let hint = match ready {
                true => {
                    "Scores every encoder on every task that the labels allow, with head, protocol and seed as at the left"
                }
                false => "Needs an open collection, an encoder, and one job at a time; what runs is at the left",
            };
            if parts::primary(ui, 40.0 * theme::UNIT, "Compare encoders", ready, hint) {
                push(ProbeCommand::Compare);
            }
            let (_, chosen) = parts::choice(ui, CHOICE, &LAYERS, probing.view.layers);
            if let Some(layers) = chosen {
                push(ProbeCommand::edit_view(model, |view| view.layers = layers));
            }
            let names = encoders(ui, model, &mut push);
            parts::quiet(ui, &names).on_hover_text(&names);
        });
    });
    ui.add_space(theme::SPACE_SMALL);
    match &probing.comparison {
        Some(shown) => comparison(ui, model, shown, out),
        None => nothing(ui, model),
    }
}

fn nothing(ui: &mut Ui, model: &AppState) {
    let running = model.probing.job.is_running() && model.probing.started == ProbeJob::Compare;
    let (symbol, title, hint) = match running {
        true => (
            icon::HOURGLASS_MEDIUM,
            "The first score is on its way",
            "Each score appears as soon as it is known, and stays on the scoreboard.",
        ),
        false => (
            icon::TABLE,
            "Which encoder knows what?",
            "Every marked encoder is scored on every task that the labels allow, all by the protocol that is chosen at the \
             left: a score means something only beside that of an encoder that learned nothing. What was computed before \
             is not computed again, and a click on a score opens its probe.",
        ),
    };
    parts::empty(ui, symbol, title, hint);
}

/// The menu that marks the encoders to be compared. Returns the names of those that are marked.
fn encoders(ui: &mut Ui, model: &AppState, push: &mut impl FnMut(ProbeCommand)) -> String {
    let marked = model.compared();
    let offered = model.encoders(&marked);
    let label = format!("Encoders {}", icon::CARET_DOWN);
    let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let (response, _) = MenuButton::new(label).config(stays).ui(ui, |ui| {
        // Controls of a form look as they do in panels, with air around them, not as lines of a menu.
        ui.reset_style();
        ui.set_width(
            ENCODERS_WIDTH.min(ui.ctx().content_rect().width() - 2.0 * theme::SPACE_LARGE),
        );
        ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
        ScrollArea::vertical()
            .max_height(ui.spacing().combo_height)
            .show(ui, |ui| {
                for offer in &offered {
                    let mut on = marked.contains(&offer.checkpoint);
                    let response = ui.checkbox(&mut on, &offer.name);
                    if response.on_hover_text(&offer.help).changed() {
                        push(ProbeCommand::Mark(offer.checkpoint.clone(), on));
                    }
                }
            });
        ui.separator();
        let hint = "Marks a checkpoint of your own, or of somebody else's";
        if ui.button(parts::CHOOSE_FILE).on_hover_text(hint).clicked() {
            push(ProbeCommand::Ask(ProbeAsk::Encoder));
            ui.close();
        }
    });
    response
        .on_hover_text("Which encoders are compared: of the program, your runs by name, or files");
    let names = offered
        .iter()
        .filter(|offer| marked.contains(&offer.checkpoint))
        .map(|offer| offer.name.as_str());
    let names: Vec<&str> = names.collect();
    match names.is_empty() {
        true => "none is marked".to_owned(),
        false => names.join(", "),
    }
}

/// Where the parts of the table lie.
struct Places {
    /// Names of the encoders.
    names: f32,
    matrix: Matrix,
}

fn comparison(ui: &mut Ui, model: &AppState, shown: &ShownComparison, out: &mut Vec<Command>) {
    let table = &shown.table;
    let how = format!(
        "{}: {} head, {}, seed {}, {}",
        table.collection,
        table.head,
        table.protocol,
        table.seed,
        match table.layers {
            LayerChoice::Published => "published layers",
            LayerChoice::Best => "best layers by validation",
        }
    );
    parts::explain(ui, how);
    ScrollArea::both()
        .id_salt("comparison")
        .auto_shrink(false)
        .show(ui, |ui| {
            cells(ui, model, shown, out);
            ui.add_space(theme::SPACE);
            parts::explain(
                ui,
                "Under each score its 95 % interval. The colour goes from the majority baseline to the best encoder of the \
                 task; two encoders whose intervals overlap widely are not told apart.",
            );
            for left_out in &table.left_out {
                parts::explain(ui, format!("No task {}: {}", left_out.task, left_out.why));
            }
        });
}

fn places(ui: &mut Ui, shown: &ShownComparison) -> Places {
    let table = &shown.table;
    let font = FontId::proportional(theme::TEXT_BODY);
    let widths = table.encoders.iter().map(|row| {
        let painter = ui.painter();
        let galley = painter.layout_no_wrap(row.name.clone(), font.clone(), Color32::PLACEHOLDER);
        galley.size().x
    });
    let [least, most] = NAMES;
    let names = (widths.fold(0.0, f32::max) + theme::SPACE_LARGE).clamp(least, most);
    let columns = table.tasks.len();
    let [least, most] = CELL_WIDTH;
    let room = ui.available_width() - names - TIMES;
    let width = (room / columns.max(1) as f32).clamp(least, most) * columns as f32;
    let height = CELL_HEIGHT * table.encoders.len() as f32;
    let size = vec2(names + width + TIMES, HEADING + height);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let corner = rect.min + vec2(names, HEADING);
    Places {
        names,
        matrix: Matrix {
            area: Rect::from_min_size(corner, vec2(width, height)),
            rows: table.encoders.len(),
            columns,
        },
    }
}

fn cells(ui: &mut Ui, model: &AppState, shown: &ShownComparison, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let table = &shown.table;
    let Places { names, matrix } = places(ui, shown);
    let area = matrix.area;
    let body = FontId::proportional(theme::TEXT_BODY);
    for (column, task) in table.tasks.iter().enumerate() {
        let cell = matrix.rect(Cell { row: 0, column });
        let metric = table.scores_of(column).next();
        let metric = metric.map_or("", |(_, found)| found.score.metric.as_str());
        let lines = [
            (task.to_string(), &body, tokens.text_strong),
            (metric.to_owned(), &theme::small_font(), tokens.text_weak),
        ];
        for (line, (text, font, colour)) in lines.into_iter().enumerate() {
            let y = area.top() - HEADING + (0.25 + 0.5 * line as f32) * HEADING;
            let place = pos2(cell.center().x, y - theme::UNIT);
            let painter = ui.painter();
            painter.text(place, Align2::CENTER_CENTER, text, font.clone(), colour);
        }
    }
    let time = pos2(
        area.right() + TIMES,
        area.top() - 0.25 * HEADING - theme::UNIT,
    );
    let small = theme::small_font();
    let painter = ui.painter();
    painter.text(
        time,
        Align2::RIGHT_CENTER,
        "time taken",
        small,
        tokens.text_weak,
    );
    for (row, encoder) in table.encoders.iter().enumerate() {
        let line = matrix.rect(Cell { row, column: 0 }).y_range();
        let left = Rect::from_x_y_ranges(area.left() - names..=area.left() - theme::SPACE, line);
        parts::write_line(ui, left, &encoder.name, tokens.text_strong);
        let response = ui.interact(left, ui.id().with(("encoder", row)), Sense::hover());
        let about = match encoder.encoder.as_str() {
            "" => encoder.checkpoint.as_str(),
            about => about,
        };
        response.on_hover_text(about);
        if let Some(why) = &encoder.problem {
            let place = Rect::from_x_y_ranges(area.x_range(), line).shrink(theme::SPACE);
            parts::write_line(ui, place, why, tokens.error);
            let response = ui.interact(place, ui.id().with(("problem", row)), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, why));
            response.on_hover_text(why);
            continue;
        }
        if encoder.seconds > 0.0 {
            let secs = std::time::Duration::from_secs_f64(encoder.seconds.clamp(0.0, 1e9));
            let place = pos2(area.right() + TIMES, line.center());
            let text = match encoder.seconds {
                ..10.0 => format!("{:.1} s", encoder.seconds),
                _ => format_duration(secs),
            };
            let painter = ui.painter();
            painter.text(place, Align2::RIGHT_CENTER, text, body.clone(), tokens.text);
        }
        for column in 0..table.tasks.len() {
            cell(ui, model, shown, &matrix, Cell { row, column }, out);
        }
    }
}

/// A score over its interval, on a colour that says how good it is.
fn cell(
    ui: &mut Ui,
    model: &AppState,
    shown: &ShownComparison,
    matrix: &Matrix,
    at: Cell,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let Some(found) = shown.table.cell(at.row, at.column) else {
        return;
    };
    let place = matrix.rect(at).shrink(1.0);
    let share = shown.share(at.row, at.column);
    let fill = match found {
        ComparedCell::Score(_) => tokens
            .raised
            .lerp_to_gamma(tokens.accent, MOST_ACCENT * share),
        ComparedCell::Waiting | ComparedCell::Problem(_) => tokens.surface,
    };
    let painter = ui.painter().with_clip_rect(place.intersect(ui.clip_rect()));
    painter.rect_filled(place, theme::CORNER, fill);
    let colour = tokens.text_strong;
    let (score, interval) = match found {
        ComparedCell::Waiting => ("\u{2013}".to_owned(), String::new()),
        ComparedCell::Problem(_) => ("no score".to_owned(), String::new()),
        ComparedCell::Score(found) => {
            let score = &found.score;
            let format = |value| format_score(&score.metric, value);
            (format(score.score), format_interval(score.interval, format))
        }
    };
    let middle = place.center();
    let (body, small) = (FontId::proportional(theme::TEXT_BODY), theme::small_font());
    let lines = match interval.is_empty() {
        true => vec![(score.clone(), 0.0, body)],
        false => vec![(score.clone(), -0.2, body), (interval, 0.2, small)],
    };
    for (text, off, font) in lines {
        let at = middle + vec2(0.0, off * CELL_HEIGHT);
        painter.text(at, Align2::CENTER_CENTER, text, font, colour);
    }
    let opens = found.score().is_some() && !model.probing.job.is_running();
    let sense = match opens {
        true => Sense::click(),
        false => Sense::hover(),
    };
    let id = ui.id().with(("compared", at.row, at.column));
    let response = ui.interact(place, id, sense);
    if opens && (response.hovered() || response.has_focus()) {
        let ring = Stroke::new(theme::LINE_STRONG, tokens.text_strong);
        painter.rect_stroke(place, theme::CORNER, ring, StrokeKind::Inside);
        ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
    }
    let names = (
        shown.table.encoders.get(at.row),
        shown.table.tasks.get(at.column),
    );
    if let (Some(encoder), Some(task)) = names {
        let name = format!("{}, {task}: {score}", encoder.name);
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, opens, &name));
    }
    let hint = shown.explain(at.row, at.column);
    if response.on_hover_text(hint).clicked() {
        out.push(Command::Probe(ProbeCommand::OpenCompared(
            at.row, at.column,
        )));
    }
}
