//! The tracks of a cell of the confusion matrix, or all mistakes; and the radio that plays them one after the other.

use eframe::egui::{self, Align2, FontId, RichText, Sense, Ui, Vec2};
use egui_phosphor::regular as icon;
use mynascope_base::counted;

use crate::gui::{
    command::{Command, ProbeCommand},
    model::{Answer, AppState, ProbeResult, Radio, clock},
    panels::{parts, row_from_right},
    theme,
};

use super::groups;

/// Draws the list.
pub fn show(ui: &mut Ui, model: &AppState, result: &ProbeResult, out: &mut Vec<Command>) {
    let cell = model.probing.view.cell;
    let listed = result.listed(cell);
    title(ui, model, result, listed.len(), out);
    if listed.is_empty() {
        parts::explain(ui, "Every tested track was recognised.");
        return;
    }
    if let (Some(radio), Some(answer)) = (&model.probing.radio, model.probing.on_air()) {
        on_air(ui, radio, answer, out);
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let on_air = model.probing.radio.as_ref().and_then(Radio::answer);
    egui::ScrollArea::vertical()
        .id_salt("mistakes")
        .auto_shrink(false)
        .show_rows(ui, ROW_HEIGHT, listed.len(), |ui, rows| {
            for &place in listed.get(rows).unwrap_or_default() {
                let Some(answer) = result.answers.get(place) else {
                    continue;
                };
                let row = row(ui, answer, on_air == Some(place));
                let mut push = |command| out.push(Command::Probe(command));
                row.context_menu(|ui| groups::menu(ui, model, &answer.path, &mut push));
                if row.clicked() {
                    let path = answer.path.clone();
                    out.push(Command::Probe(ProbeCommand::Choose(path)));
                }
            }
        });
}

/// Width of the button of the radio, whatever stands on it.
const RADIO_WIDTH: f32 = 28.0 * theme::UNIT;

fn title(
    ui: &mut Ui,
    model: &AppState,
    result: &ProbeResult,
    count: usize,
    out: &mut Vec<Command>,
) {
    let mut push = |command| out.push(Command::Probe(command));
    let cell = model.probing.view.cell;
    row_from_right(ui, |ui| {
        // The same button ends it: what stands beside it stays where it is.
        let plays = model.probing.radio.is_some();
        let (symbol, name, hint, command) = match plays {
            true => (
                icon::STOP,
                "End radio",
                "Ends the radio and the sound",
                ProbeCommand::StopRadio,
            ),
            false => (
                icon::RADIO,
                "Error radio",
                "Plays the listed tracks one after the other, the most confident first, 12 s each from the window that is furthest from the label",
                ProbeCommand::StartRadio(0),
            ),
        };
        let button = egui::Button::new(format!("{symbol} {name}"))
            .min_size(Vec2::new(RADIO_WIDTH, theme::CONTROL_HEIGHT));
        if ui
            .add_enabled(count > 0, button)
            .on_hover_text(hint)
            .clicked()
        {
            push(command);
        }
        if cell.is_some() {
            let hint = "Lists all mistakes again";
            if parts::symbol(ui, icon::X, "All mistakes", hint) {
                push(ProbeCommand::edit_view(model, |view| view.cell = None));
            }
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let title = match cell {
                None if result.has_classes() => counted(count, "mistake"),
                None => "The farthest off first".to_owned(),
                Some((truth, prediction)) if truth == prediction => {
                    format!("{} recognised ({count})", result.class(truth))
                }
                Some((truth, prediction)) => format!(
                    "{} taken for {} ({count})",
                    result.class(truth),
                    result.class(prediction),
                ),
            };
            let strong = theme::tokens(ui).text_strong;
            let title = RichText::new(title).color(strong);
            ui.add(egui::Label::new(title).truncate());
        });
    });
}

/// What is played now, what was said about it and what is true.
fn on_air(ui: &mut Ui, radio: &Radio, answer: &Answer, out: &mut Vec<Command>) {
    let mut push = |command| out.push(Command::Probe(command));
    let tokens = theme::tokens(ui);
    let margin = egui::Margin::same(theme::SPACE as i8);
    egui::Frame::new()
        .fill(tokens.accent_quiet)
        .corner_radius(theme::CORNER)
        .inner_margin(margin)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
            row_from_right(ui, |ui| {
                let hint = "Ends the radio and the sound";
                if parts::symbol(ui, icon::STOP, "Stop the radio", hint) {
                    push(ProbeCommand::StopRadio);
                }
                for (step, symbol, name, hint) in [
                    (1, icon::SKIP_FORWARD, "Next mistake", "Plays the next one"),
                    (
                        -1,
                        icon::SKIP_BACK,
                        "Previous mistake",
                        "Plays the previous one",
                    ),
                ] {
                    ui.add_enabled_ui(radio.has(step), |ui| {
                        if parts::symbol(ui, symbol, name, hint) {
                            push(ProbeCommand::StepRadio(step));
                        }
                    });
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    let (at, count) = radio.position();
                    parts::quiet(ui, format!("{} {at} of {count}", icon::RADIO));
                });
            });
            let title = RichText::new(&answer.title).color(tokens.text_strong);
            ui.add(egui::Label::new(title).truncate());
            let said = match answer.cell {
                Some(_) => format!("predicted {} ({})", answer.said, answer.weight_text),
                None => format!("predicted {}", answer.said),
            };
            ui.add(egui::Label::new(RichText::new(said).color(tokens.text)).truncate());
            let truth = format!("labelled {}", answer.truth);
            ui.add(egui::Label::new(RichText::new(truth).color(tokens.text)).truncate());
            let from = format!(
                "from {}, where it is furthest from the label",
                clock(answer.furthest_secs)
            );
            parts::quiet(ui, from).on_hover_text(
                "Every window is predicted by itself; the sound begins with the one that is furthest from the label",
            );
        });
    ui.add_space(theme::SPACE_SMALL);
}

/// A track with two lines.
const ROW_HEIGHT: f32 = 11.0 * theme::UNIT;

/// Draws one track.
fn row(ui: &mut Ui, answer: &Answer, on_air: bool) -> egui::Response {
    let tokens = theme::tokens(ui);
    let size = Vec2::new(ui.available_width(), ROW_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = format!("Play {}", answer.title);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &name));
    let fill = match on_air {
        true => Some(tokens.accent_quiet),
        false => (response.hovered() || response.has_focus()).then_some(tokens.raised),
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, theme::CORNER, fill);
    }
    let inside = rect.shrink2(Vec2::new(theme::SPACE, theme::UNIT));
    let sure = ui.painter().text(
        inside.right_center(),
        Align2::RIGHT_CENTER,
        &answer.weight_text,
        FontId::proportional(theme::TEXT_BODY),
        tokens.text,
    );
    let mut room = inside;
    room.max.x = sure.left() - theme::SPACE;
    let painter = ui.painter().with_clip_rect(room.intersect(ui.clip_rect()));
    painter.text(
        room.left_top(),
        Align2::LEFT_TOP,
        &answer.title,
        FontId::proportional(theme::TEXT_BODY),
        tokens.text_strong,
    );
    let text = match (answer.right, answer.cell) {
        (true, Some(_)) => answer.truth.clone(),
        (false, Some(_)) => format!("{}, taken for {}", answer.truth, answer.said),
        (_, None) => format!("{}: {}", answer.truth, answer.said),
    };
    painter.text(
        room.left_bottom(),
        Align2::LEFT_BOTTOM,
        text,
        theme::small_font(),
        tokens.text_weak,
    );
    let hint = match answer.cell {
        Some(_) => "The number is the confidence of the prediction; a click plays the track",
        None => "The number is how far off the probe is; a click plays the track",
    };
    response.on_hover_text(hint)
}
