//! Groups of tracks that a probe is trained on: select, name, train, correct, train again.

use eframe::egui::{self, Align, Layout, ScrollArea, TextEdit, Ui, vec2};
use egui_phosphor::regular as icon;
use mynascope_base::counted;
use mynascope_probe::format_interval;

use crate::gui::{
    command::{AnswersCommand, Command, ProbeCommand},
    model::{AppState, ProbeJob},
    panels::{parts, row_from_right},
    theme,
};

use super::score;

/// Width of the field for a name.
const NAME_WIDTH: f32 = 40.0 * theme::UNIT;

/// Draws the tab.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let probing = &model.probing;
    let groups = &probing.groups;
    let mut push = |command| out.push(Command::Probe(command));
    row_from_right(ui, |ui| {
        let why = model.why_not(ProbeJob::Groups).map(score::sentence);
        let ready = why.is_none();
        let hint = why.as_deref().unwrap_or(
            "Trains the head that is chosen at the left on these groups and tests it on some of their tracks",
        );
        if parts::primary(ui, 44.0 * theme::UNIT, "Train on groups", ready, hint) {
            push(ProbeCommand::TrainGroups);
        }
        let learnable = groups.can_be_learned();
        if ui.add_enabled_ui(learnable, parts::copy_command).inner {
            push(ProbeCommand::Copy(ProbeJob::Groups));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            name_field(ui, model, &mut push);
        });
    });
    let counts = groups.counts();
    if counts.is_empty() {
        return parts::empty(
            ui,
            icon::SELECTION_PLUS,
            "Tell apart what you choose",
            "Select tracks on the map (Ctrl+3, Shift+drag), name them below it, do the same for a second group, and train \
             there; or mark rows in the library and name them here. A right click on a mistake moves its track to another group; then train again.",
        );
    }
    let places = places(model);
    parts::explain(
        ui,
        "A right click on a track under Mistakes or Use moves it to another group; train again after that.",
    );
    ScrollArea::vertical()
        .id_salt("groups")
        .auto_shrink(false)
        .show(ui, |ui| {
            for ((name, count), place) in counts.into_iter().zip(places) {
                ui.horizontal(|ui| {
                    let hint = "Removes the group; its tracks stay where they are";
                    if parts::symbol(ui, icon::TRASH, &format!("Remove group {name}"), hint) {
                        push(ProbeCommand::GiveUpGroup(name.to_owned()));
                    }
                    let dot = vec2(theme::SPACE_LARGE, theme::CONTROL_HEIGHT);
                    let (rect, _) = ui.allocate_exact_size(dot, egui::Sense::hover());
                    let colour = theme::label_colour(theme::tokens(ui), place);
                    let painter = ui.painter();
                    theme::label_mark(painter, rect.center(), theme::LABEL_DOT, place, colour);
                    ui.label(name);
                    parts::quiet(ui, counted(count, "track"));
                });
            }
        });
}

/// The colours of the groups, in their order.
fn places(model: &AppState) -> Vec<usize> {
    let names: Vec<&str> = model.probing.groups.counts().into_keys().collect();
    model.colour_places(&names)
}

/// The field for the name of a group, and the button that puts the chosen tracks into it.
pub fn name_field(ui: &mut Ui, model: &AppState, push: &mut impl FnMut(ProbeCommand)) {
    let mut text = model.probing.view.group_text.clone();
    let field = TextEdit::singleline(&mut text)
        .hint_text("Name of a group")
        .vertical_align(Align::Center)
        .margin(egui::Margin::symmetric(8, 5));
    let response = ui.add_sized([NAME_WIDTH, theme::CONTROL_HEIGHT], field);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::TextEdit, true, "Name of a group")
    });
    if response.changed() {
        push(ProbeCommand::edit_view(model, |view| {
            view.group_text.clone_from(&text);
        }));
    }
    let count = model.library.targets().len();
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let ready = count > 0 && !text.trim().is_empty();
    let label = match count {
        1 => "Put the selected track into it".to_owned(),
        count => format!("Put {count} selected tracks into it"),
    };
    let hint = match (count, ready) {
        (0, _) => "Select tracks first: on the map (Shift+drag) or in the library",
        (_, false) => "Type a name first",
        (_, true) => {
            "Puts the tracks that are selected on the map or marked in the library into this group (Enter)"
        }
    };
    let button = ui.add_enabled(ready, egui::Button::new(label));
    let button = button.on_hover_text(hint).on_disabled_hover_text(hint);
    if ready && (button.clicked() || entered) {
        push(ProbeCommand::Group(text.trim().to_owned()));
    }
}

/// The groups in a line, with the button that trains on them and then the score: below the map, where groups are filled.
pub fn line(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let (probing, tokens) = (&model.probing, theme::tokens(ui));
    row_from_right(ui, |ui| {
        let mut push = |command| out.push(Command::Probe(command));
        if probing.started == ProbeJob::Groups
            && let Some(running) = probing.job.running()
        {
            if ui.button("Cancel").clicked() {
                push(ProbeCommand::Cancel);
            }
            parts::quiet(ui, running.line());
        } else {
            let why = model.why_not(ProbeJob::Groups).map(score::sentence);
            let hint = why.as_deref().unwrap_or(
                "Trains the head that is chosen in the Probe layout to tell these groups apart, and tests it on some of their tracks",
            );
            if parts::primary(
                ui,
                36.0 * theme::UNIT,
                "Train on groups",
                why.is_none(),
                hint,
            ) {
                push(ProbeCommand::TrainGroups);
            }
            if let Some(result) = probing.result.as_ref().filter(|_| probing.is_of_groups()) {
                let hint = "Lets the probe of the groups answer for every open track, and colours the map by its answers";
                let label = ui.add_enabled(
                    !probing.job.is_running(),
                    egui::Button::new("Label all tracks"),
                );
                if label.on_hover_text(hint).clicked() {
                    push(ProbeCommand::UseHere);
                    out.push(Command::Answers(AnswersCommand::Colour(true)));
                }
                let report = &result.report;
                let interval =
                    format_interval(report.interval, |edge| score::score_text(result, edge));
                let score = format!(
                    "{} {} ({interval})",
                    report.metric,
                    score::score_text(result, report.score)
                );
                parts::quiet(ui, score).on_hover_text(format!(
                    "Over {}, with the 95 % interval; the layout Probe tells more (Ctrl+5)",
                    counted(report.split.test, "tested track")
                ));
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if let Some(error) = probing
                .error
                .as_ref()
                .filter(|_| probing.started == ProbeJob::Groups)
            {
                let text = theme::small(error).color(tokens.error);
                ui.add(egui::Label::new(text).truncate())
                    .on_hover_text(error);
                return;
            }
            if probing.groups.is_empty() {
                parts::quiet(ui, "No groups yet: name what is selected, twice at least");
            }
            for ((name, count), place) in probing.groups.counts().into_iter().zip(places(model)) {
                let (dot, _) = ui.allocate_exact_size(
                    vec2(theme::SPACE, theme::CONTROL_HEIGHT),
                    egui::Sense::hover(),
                );
                let colour = theme::label_colour(tokens, place);
                let at = dot.center();
                theme::label_mark(ui.painter(), at, theme::LABEL_DOT, place, colour);
                ui.label(theme::small(format!("{name} {count}")).color(tokens.text));
            }
        });
    });
}

/// The menu that moves a track to another group.
pub fn menu(
    ui: &mut Ui,
    model: &AppState,
    path: &std::path::Path,
    push: &mut impl FnMut(ProbeCommand),
) {
    let groups = &model.probing.groups;
    let counts = groups.counts();
    if counts.is_empty() {
        parts::quiet(ui, "Make groups first (tab Groups)");
    }
    for name in counts.into_keys() {
        let here = groups.of(path) == Some(name);
        if ui.selectable_label(here, format!("It is {name}")).clicked() {
            push(ProbeCommand::MoveToGroup(
                path.to_path_buf(),
                name.to_owned(),
            ));
            ui.close();
        }
    }
}
