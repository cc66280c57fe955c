//! The curves of a run.

use eframe::egui::{self, Rect, RichText, Slider, Ui, Vec2};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, PictureCommand, TrainCommand, Wanted},
    jobs::format_duration,
    model::{
        AppState, CHANNELS, CurveForm, PicturePanel, RunView, TrainPhase, Training,
        what_training_does, what_training_needs, why_the_loss_falls,
    },
    theme,
};

use super::{
    super::parts,
    plot::{self, Shown},
    scrub,
};

/// Height of a small plot.
const SMALL_HEIGHT: f32 = 13.0 * theme::UNIT;
/// The least width of a small plot.
const SMALL_WIDTH: f32 = 28.0 * theme::UNIT;
/// Height of the bar of steps.
const SCRUB_HEIGHT: f32 = 12.0 * theme::UNIT;

/// Draws numbers, the large plot, the small ones and the bar of steps.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let training = &model.training;
    let Some(run) = training.shown() else {
        return nothing(ui, model);
    };
    let shown = Shown {
        run,
        overlay: training.overlay.as_ref(),
    };
    head(ui, training, run, out);
    numbers(ui, training, run);
    if run.last.is_none() {
        return waiting(ui, model);
    }
    let plotted: Vec<usize> = (0..CHANNELS.len()).filter(|&c| shown.has(c)).collect();
    let chosen = if plotted.contains(&training.curves.channel) {
        training.curves.channel
    } else {
        0
    };
    title(ui, training, shown, chosen, out);
    let space = ui.available_rect_before_wrap();
    let columns = (space.width() / SMALL_WIDTH).floor().max(1.0) as usize;
    let columns = plotted
        .len()
        .div_ceil(plotted.len().div_ceil(columns))
        .max(1);
    let rows = plotted.len().div_ceil(columns) as f32;
    let below = rows * (SMALL_HEIGHT + theme::SPACE) + SCRUB_HEIGHT + theme::SPACE;
    let height = (space.height() - below - theme::SPACE).max(24.0 * theme::UNIT);
    plot::large(ui, shown, chosen, height);
    scrub::show(ui, model, run, SCRUB_HEIGHT, out);
    let room = ui.available_rect_before_wrap();
    let gap = theme::SPACE;
    let width = (room.width() - gap * (columns - 1) as f32) / columns as f32;
    for (place, &channel) in plotted.iter().enumerate() {
        let (row, column) = (place / columns, place % columns);
        let corner = Vec2::new(
            column as f32 * (width + gap),
            row as f32 * (SMALL_HEIGHT + gap),
        );
        let rect = Rect::from_min_size(room.min + corner, Vec2::new(width, SMALL_HEIGHT));
        if plot::small(ui, rect, shown, channel, channel == chosen) {
            out.push(Command::Train(TrainCommand::EditCurves(CurveForm {
                channel,
                ..training.curves
            })));
        }
    }
}

/// What run it is, and what can be done with its curves.
fn head(ui: &mut Ui, training: &Training, run: &RunView, out: &mut Vec<Command>) {
    let mut push = |command: Command| out.push(command);
    super::super::row_from_right(ui, |ui| {
        let hint = "Writes every step with all that was measured as CSV";
        if parts::symbol(ui, icon::TABLE, "Save steps as CSV", hint) {
            push(Command::Train(TrainCommand::Choose(Wanted::Steps)));
        }
        let hint = "Saves all plots with their axes as PNG or SVG";
        if parts::symbol(ui, icon::IMAGE, "Save curves as picture", hint) {
            let publish = PictureCommand::Publish(PicturePanel::Curves);
            push(Command::Picture(publish));
        }
        smoothing(ui, training, &mut |command| push(Command::Train(command)));
        if training.past.is_some() && training.live.is_some() {
            let hint = "Shows the run again that was started here last";
            let back = ui.button(format!("{} Back", icon::ARROW_U_UP_LEFT));
            if back.on_hover_text(hint).clicked() {
                push(Command::Train(TrainCommand::ShowLive));
            }
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let strong = theme::tokens(ui).text_strong;
            let name = RichText::new(run.name()).color(strong);
            ui.add(egui::Label::new(name).truncate())
                .on_hover_text(run.folder.display().to_string());
            parts::quiet(ui, run.describe()).on_hover_text(run.describe());
        });
    });
}

fn smoothing(ui: &mut Ui, training: &Training, push: &mut impl FnMut(TrainCommand)) {
    let mut smoothing = training.curves.smoothing;
    let hint = "How far the strong line looks back: 0 shows the values themselves, 0.99 about a hundred steps";
    ui.scope(|ui| {
        theme::slider_look(ui, 18.0 * theme::UNIT);
        let slider = Slider::new(&mut smoothing, 0.0..=0.99).show_value(false);
        let response = ui.add(slider).on_hover_text(hint);
        response
            .widget_info(|| egui::WidgetInfo::slider(true, training.curves.smoothing, "Smoothing"));
        if response.changed() {
            push(TrainCommand::EditCurves(CurveForm {
                smoothing,
                ..training.curves
            }));
        }
    });
    let weak = theme::tokens(ui).text_weak;
    ui.label(theme::small("smooth").color(weak))
        .on_hover_text(hint);
}

/// The name of the large plot and what its lines are.
fn title(
    ui: &mut Ui,
    training: &Training,
    shown: Shown<'_>,
    chosen: usize,
    out: &mut Vec<Command>,
) {
    let Some(channel) = CHANNELS.get(chosen) else {
        return;
    };
    super::super::row_from_right(ui, |ui| {
        if let Some(overlay) = &training.overlay {
            let hint = "Takes the second run away";
            if parts::symbol(ui, icon::X, "Close the second run", hint) {
                out.push(Command::Train(TrainCommand::Overlay(None)));
            }
            key(ui, &overlay.name(), plot::line_colour(ui, 0, true));
            key(ui, &shown.run.name(), plot::line_colour(ui, 0, false));
        }
        if channel.lines.len() > 1 {
            for (line, about) in channel.lines.iter().enumerate().rev() {
                key(ui, about.name, plot::line_colour(ui, line, false));
            }
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            parts::heading(ui, channel.name);
            parts::quiet(ui, channel.help).on_hover_text(channel.help);
        });
    });
}

/// A line of a legend; laid out from the right.
fn key(ui: &mut Ui, name: &str, colour: egui::Color32) {
    let weak = theme::tokens(ui).text_weak;
    ui.spacing_mut().item_spacing.x = theme::SPACE_SMALL;
    ui.label(theme::small(name).color(weak));
    let size = Vec2::new(4.0 * theme::UNIT, theme::CONTROL_HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    let stroke = egui::Stroke::new(2.0 * theme::LINE, colour);
    ui.painter().hline(rect.x_range(), rect.center().y, stroke);
    ui.add_space(theme::SPACE);
}

fn numbers(ui: &mut Ui, training: &Training, run: &RunView) {
    let last = run.last.as_ref();
    let dash = || "\u{2013}".to_owned();
    let live = training.shows_live();
    let left = match &training.phase {
        _ if !live => dash(),
        TrainPhase::Finished(summary) if summary.stopped => "stopped".to_owned(),
        TrainPhase::Finished(_) => "done".to_owned(),
        TrainPhase::Running => training.remaining().map_or_else(dash, format_duration),
        _ => dash(),
    };
    let memory = training.memory.filter(|_| live);
    let memory = memory.map_or_else(dash, |bytes| format!("{:.2} GB", bytes as f64 / 1e9));
    let loss = last.map_or_else(String::new, |last| {
        let alone = plot::number(last.loss);
        format!(
            "Loss, smoothed as the strong line is; the last step alone has {alone}. {}",
            why_the_loss_falls(&run.config)
        )
    });
    let speed = match last.and_then(|last| last.stall) {
        Some(stall) => format!(
            "Windows that went through the encoder a second, forward and backward, smoothed; {:.1} % of the last step waited for its input",
            100.0 * stall
        ),
        None => "Windows that went through the encoder a second, forward and backward, smoothed"
            .to_owned(),
    };
    let figures = [
        (
            "step",
            format!("{} / {}", run.step(), run.config.steps),
            "Steps done, of the steps asked for",
        ),
        (
            "loss, smoothed",
            run.smoothed("Loss").map_or_else(dash, plot::number),
            &loss,
        ),
        (
            "windows/s",
            run.smoothed("Speed")
                .map_or_else(dash, |speed| format!("{speed:.0}")),
            &speed,
        ),
        (
            "time left",
            left,
            "Until the last step, at the present pace",
        ),
        (
            "memory",
            memory,
            "Main memory of the whole program; the memory of a GPU is not in it",
        ),
    ];
    let count = figures.len() as f32;
    let width = (ui.available_width() - (count - 1.0) * theme::SPACE_LARGE) / count;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SPACE_LARGE;
        for (name, value, hint) in figures {
            parts::figure(ui, width, name, &value, hint);
        }
    });
    parts::bar(ui, Some(run.share()));
    if run.skipped > 0 {
        let text = match run.skipped {
            1 => "1 step was left out; the weights are sound.".to_owned(),
            count => format!("{count} steps were left out; the weights are sound."),
        };
        let colour = theme::tokens(ui).error;
        ui.label(theme::small(text).color(colour)).on_hover_text(
            "Their numbers were not finite, or their loss lay far above those before",
        );
    }
    ui.add_space(theme::SPACE_SMALL);
}

fn waiting(ui: &mut Ui, model: &AppState) {
    if let TrainPhase::Failed(_) = model.training.phase {
        parts::empty(
            ui,
            icon::WARNING_CIRCLE,
            "The run has no step to show",
            "What went wrong stands at the left, with what to do.",
        );
    } else {
        parts::empty(
            ui,
            icon::HOURGLASS_MEDIUM,
            "Before the first step",
            "Tracks are decoded once, then the curves appear here.",
        );
    }
}

fn nothing(ui: &mut Ui, model: &AppState) {
    if let TrainPhase::Failed(_) = model.training.phase {
        return waiting(ui, model);
    }
    let form = &model.training.form;
    let (title, hint) = if model.library.track_count() == 0 {
        let how = model.how_to_open();
        let hint = format!("{how}. {}", what_training_needs(form));
        ("No collection is open", hint)
    } else {
        let does = what_training_does(form);
        let hint = format!(
            "{does} The curves appear here with the first step; the run can be paused and stopped at any time. A click in the \
             table shows an earlier run."
        );
        ("No run is shown", hint)
    };
    parts::empty(ui, icon::CHART_LINE_DOWN, title, &hint);
}

/// Draws all plots of a run with their axes on one page.
pub fn sheet(ui: &mut Ui, run: &RunView, overlay: Option<&RunView>) {
    let surface = theme::tokens(ui).surface;
    let shown = Shown { run, overlay };
    egui::Frame::new()
        .fill(surface)
        .inner_margin(2.0 * theme::SPACE_LARGE)
        .show(ui, |ui| {
            ui.set_min_size(ui.available_size());
            ui.horizontal(|ui| {
                let strong = theme::tokens(ui).text_strong;
                ui.label(theme::large(run.name()).color(strong));
                parts::quiet(ui, run.describe());
            });
            if let Some(overlay) = overlay {
                ui.horizontal(|ui| {
                    let colour = plot::line_colour(ui, 0, true);
                    ui.label(RichText::new(overlay.name()).color(colour));
                    parts::quiet(ui, overlay.describe());
                });
            }
            let plotted: Vec<usize> = (0..CHANNELS.len()).filter(|&c| shown.has(c)).collect();
            let rows = plotted.len().div_ceil(2).max(1) as f32;
            let height = ui.available_height() / rows - theme::CONTROL_HEIGHT - 2.0 * theme::SPACE;
            for pair in plotted.chunks(2) {
                ui.columns(2, |columns| {
                    for (ui, &channel) in columns.iter_mut().zip(pair) {
                        if let Some(about) = CHANNELS.get(channel) {
                            parts::heading(ui, about.name);
                        }
                        plot::large(ui, shown, channel, height);
                    }
                });
            }
        });
}
