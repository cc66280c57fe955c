//! The chip in the top bar: what is computed in the background, in every layout, and for a while that it is done.

use eframe::egui::{self, Align, Layout as Flow, Rect, Sense, UiBuilder, pos2, vec2};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, WindowCommand},
    model::{AppState, JobKind, JobPlace, JobState},
    theme,
};

/// Width of the chip; its place is kept while there is nothing to say, so that nothing beside it moves.
pub const WIDTH: f32 = 34.0 * theme::UNIT;

/// Draws the chip of the job that is to be named first.
pub fn show(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let states: Vec<(JobKind, JobState)> = JobKind::ALL
        .into_iter()
        .filter_map(|kind| Some((kind, model.job_state(kind)?)))
        .collect();
    let runs = |state: &JobState| matches!(state, JobState::Runs(_));
    let first = states
        .iter()
        .find(|(_, state)| runs(state))
        .or(states.first());
    let size = vec2(WIDTH, theme::CONTROL_HEIGHT);
    let Some(&(kind, state)) = first else {
        ui.allocate_exact_size(size, Sense::hover());
        return;
    };
    let tokens = theme::tokens(ui);
    let (area, response) = ui.allocate_exact_size(size, Sense::click());
    let fill = if response.hovered() {
        tokens.accent_quiet
    } else {
        tokens.raised
    };
    ui.painter().rect_filled(area, theme::CORNER, fill);
    let (symbol, text, colour) = match state {
        JobState::Runs(share) => {
            let others = states.iter().filter(|(_, state)| runs(state)).count() - 1;
            let more = if others > 0 {
                format!(" +{others}")
            } else {
                String::new()
            };
            let share_text = share.map_or(" …".to_owned(), |share| {
                format!(" {:.0} %", 100.0 * share)
            });
            if let Some(share) = share {
                let width = area.width() * share.clamp(0.0, 1.0);
                let line = Rect::from_min_max(
                    pos2(area.left(), area.bottom() - theme::LINE_STRONG),
                    pos2(area.left() + width, area.bottom()),
                );
                ui.painter().rect_filled(line, 0.0, tokens.accent);
            }
            (
                icon::HOURGLASS,
                format!("{}{share_text}{more}", kind.name()),
                tokens.text,
            )
        }
        JobState::Done => (
            icon::CHECK,
            format!("{}: done", kind.name()),
            tokens.text_strong,
        ),
        JobState::Failed => (
            icon::WARNING,
            format!("{}: failed", kind.name()),
            tokens.error,
        ),
    };
    let line = UiBuilder::new()
        .max_rect(area.shrink2(vec2(theme::SPACE, 0.0)))
        .layout(Flow::left_to_right(Align::Center));
    let label = format!("{symbol}  {text}");
    ui.scope_builder(line, |ui| {
        let text = theme::small(&label).color(colour);
        ui.add(egui::Label::new(text).truncate().selectable(false));
    });
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &text));
    let all: Vec<String> = states
        .iter()
        .map(|(kind, state)| describe(*kind, *state))
        .collect();
    let tip = format!("{}\nClick to go there", all.join("\n"));
    if response.on_hover_text(tip).clicked() {
        out.push(Command::Window(match kind.place() {
            JobPlace::Workspace(workspace) => WindowCommand::ShowWorkspace(workspace),
            JobPlace::Overlay(overlay) => WindowCommand::ShowOverlay(Some(overlay)),
        }));
        out.push(Command::Window(WindowCommand::Seen(kind)));
    }
}

fn describe(kind: JobKind, state: JobState) -> String {
    match state {
        JobState::Runs(Some(share)) => format!("{}, {:.0} %", kind.name(), 100.0 * share),
        JobState::Runs(None) => format!("{}, under way", kind.name()),
        JobState::Done => format!("{}, done", kind.name()),
        JobState::Failed => format!("{}, failed", kind.name()),
    }
}
