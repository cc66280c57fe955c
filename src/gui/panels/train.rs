//! The Train panel: settings at the left, the run at the right.

use eframe::egui::{self, DragValue, Ui};
use egui_phosphor::regular as icon;

use crate::{
    encoder::{DeviceChoice, EncoderKind, Preset},
    gui::{
        command::Command,
        model::{
            BATCH, Devices, LEARNING_RATE, MASK_PERCENT, Model, STEPS, TrainCommand, TrainForm,
            TrainPhase, Training, WantedFolder, say_duration, say_progress,
        },
        theme,
    },
};

use super::{parts, train_plots};

/// Notes that are shown at once; the rest is in a tooltip.
const SHOWN_NOTES: usize = 3;

/// Draws the panel.
pub fn show(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    let training = &model.training;
    if let Devices::Unknown = training.devices {
        out.push(Command::Train(TrainCommand::AskDevices));
    }
    parts::padded(ui, |ui| {
        parts::beside(
            ui,
            parts::FORM_WIDTH,
            |ui| {
                egui::ScrollArea::vertical()
                    .id_salt("train form")
                    .show(ui, |ui| {
                        form(ui, training, out);
                        ui.add_space(theme::SPACE);
                        actions(ui, model, out);
                        ui.add_space(theme::SPACE);
                        run(ui, training);
                    });
            },
            |ui| {
                if training.loss.is_empty() && !training.is_active() {
                    nothing(ui, model);
                } else {
                    numbers(ui, training);
                    train_plots::show(ui, training);
                }
            },
        );
    });
}

fn form(ui: &mut Ui, training: &Training, out: &mut Vec<Command>) {
    let mut form = training.form.clone();
    ui.add_enabled_ui(!training.is_active(), |ui| fields(ui, training, &mut form));
    if form != training.form {
        out.push(Command::Train(TrainCommand::Edit(form)));
    }
}

fn fields(ui: &mut Ui, training: &Training, form: &mut TrainForm) {
    parts::heading(ui, "Encoder");
    let hint = "How large the encoder is";
    parts::row(ui, "Size", hint, |ui| {
        let options = [
            (
                Preset::Tiny,
                "tiny",
                "192 wide, 8 layers, 3.6 million numbers: trains on a CPU",
            ),
            (
                Preset::Small,
                "small",
                "384 wide, 12 layers, 21 million numbers, as published: slow without a GPU",
            ),
            (
                Preset::Base,
                "base",
                "768 wide, 12 layers, 85 million numbers: needs a GPU",
            ),
        ];
        let (response, chosen) = parts::choice(ui, ui.available_width(), &options, form.preset);
        form.preset = chosen.unwrap_or(form.preset);
        response
    });
    let hint = "What a token is cut from the mel-spectrogram";
    parts::row(ui, "Patches", hint, |ui| {
        let options = [
            (
                EncoderKind::Square,
                "square",
                "16 bands x 16 frames (Myna-Base)",
            ),
            (
                EncoderKind::Vertical,
                "vertical",
                "All 128 bands x 2 frames (Myna-Vertical): keeps pitch apart, best for keys",
            ),
            (
                EncoderKind::Hybrid,
                "hybrid",
                "Both through one transformer (Myna-Hybrid): twice the work",
            ),
        ];
        let (response, chosen) = parts::choice(ui, ui.available_width(), &options, form.patch);
        form.patch = chosen.unwrap_or(form.patch);
        response
    });
    ui.add_space(theme::SPACE_SMALL);
    parts::heading(ui, "Run");
    let hint = "Share of tokens that both views drop, 0 to 95 %; the published models drop 90 %, fewer is slower";
    parts::row(ui, "Mask ratio", hint, |ui| {
        let field = DragValue::new(&mut form.mask_percent)
            .range(MASK_PERCENT)
            .suffix(" %");
        parts::number(ui, ui.available_width(), field)
    });
    let hint = "Tracks a step, 2 to 4096, at most the collection's; every track is told from all others of its batch";
    parts::row(ui, "Batch", hint, |ui| {
        let field = DragValue::new(&mut form.batch)
            .range(BATCH)
            .suffix(" tracks");
        parts::number(ui, ui.available_width(), field)
    });
    let hint =
        "How often the weights are changed, up to a million; a first look takes some hundred";
    parts::row(ui, "Steps", hint, |ui| {
        parts::number(
            ui,
            ui.available_width(),
            DragValue::new(&mut form.steps).range(STEPS).speed(5.0),
        )
    });
    let hint = "How far a step goes, 0.000001 to 0.1; too large and the loss jumps, too small and it hardly falls";
    parts::row(ui, "Learning rate", hint, |ui| {
        let field = DragValue::new(&mut form.learning_rate)
            .range(LEARNING_RATE)
            .speed(1e-5)
            .custom_formatter(|value, _| format!("{value}"));
        parts::number(ui, ui.available_width(), field)
    });
    let hint = "Draws weights, crops and masks; on a CPU the same seed gives the same run";
    parts::row(ui, "Seed", hint, |ui| {
        parts::number(ui, ui.available_width(), DragValue::new(&mut form.seed))
    });
    let hint = "What computes; auto takes a real GPU where there is one, else the CPU";
    parts::row(ui, "Device", hint, |ui| device(ui, training, form));
}

fn device(ui: &mut Ui, training: &Training, form: &mut TrainForm) -> egui::Response {
    egui::ComboBox::from_id_salt("device")
        .width(ui.available_width())
        .truncate()
        .selected_text(form.device.to_string())
        .show_ui(ui, |ui| {
            ui.selectable_value(&mut form.device, DeviceChoice::Auto, "auto");
            ui.selectable_value(&mut form.device, DeviceChoice::Cpu, "cpu");
            for device in training.devices.known() {
                let Ok(choice) = device.spec.parse::<DeviceChoice>() else {
                    continue;
                };
                if choice != DeviceChoice::Cpu {
                    let kind = if device.software { ", software" } else { "" };
                    let name = format!("{} ({}{kind})", device.spec, device.name);
                    ui.selectable_value(&mut form.device, choice, name);
                }
            }
        })
        .response
}

fn actions(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    let training = &model.training;
    let width = ui.available_width();
    let half = 0.5 * (width - theme::SPACE);
    let mut push = |command| out.push(Command::Train(command));
    let button = |text: String| egui::Button::new(text);
    match &training.phase {
        TrainPhase::Preparing(_)
        | TrainPhase::Running
        | TrainPhase::Paused
        | TrainPhase::Stopping => {
            let stopping = training.phase == TrainPhase::Stopping;
            ui.horizontal(|ui| {
                if training.phase == TrainPhase::Paused {
                    if parts::primary(ui, half, "Resume", true, "Goes on with the next step") {
                        push(TrainCommand::Resume);
                    }
                } else {
                    let pause = button(format!("{} Pause", icon::PAUSE));
                    let can = training.phase == TrainPhase::Running;
                    let hint = "Waits after the present step; nothing is lost";
                    if parts::wide(ui, half, pause, can, hint) {
                        push(TrainCommand::Pause);
                    }
                }
                let text = if stopping { "Stopping" } else { "Stop" };
                let stop = button(format!("{} {text}", icon::STOP));
                let hint = "Ends the run after the present step and keeps its checkpoint";
                if parts::wide(ui, half, stop, !stopping, hint) {
                    push(TrainCommand::Stop);
                }
            });
        }
        TrainPhase::Idle | TrainPhase::Finished(_) | TrainPhase::Failed(_) => {
            let ready = model.library.track_count() > 0;
            let hint = if ready {
                "Trains on the open collection, in a new run folder"
            } else {
                "Open a collection first: training needs tracks"
            };
            if parts::primary(ui, width, "Start training", ready, hint) {
                push(TrainCommand::Start);
            }
            if training.checkpoint().is_some() {
                let used = model.embeddings.source.is_file(training.checkpoint());
                let text = if used {
                    "Map and probe use this encoder"
                } else {
                    "Use this encoder"
                };
                let button = egui::Button::new(text);
                let hint = "Map and probe compute their embeddings with it from now on";
                if parts::wide(ui, width, button, !used, hint) {
                    push(TrainCommand::UseEncoder);
                }
            }
        }
    }
    ui.horizontal(|ui| {
        if parts::copy_command(ui) {
            push(TrainCommand::Copy);
        }
        if !training.is_active() {
            let open = parts::symbol(
                ui,
                icon::FOLDER_OPEN,
                "Show a run",
                "Shows the curves of a run that was trained before",
            );
            if open {
                push(TrainCommand::Choose(WantedFolder::Run));
            }
            let keep = parts::symbol(
                ui,
                icon::FOLDER_PLUS,
                "Keep runs elsewhere",
                "Chooses the folder that new runs are kept in",
            );
            if keep {
                push(TrainCommand::Choose(WantedFolder::Runs));
            }
        }
    });
}

fn run(ui: &mut Ui, training: &Training) {
    match &training.phase {
        TrainPhase::Idle | TrainPhase::Running => {}
        TrainPhase::Preparing(progress) => {
            parts::quiet(ui, say_progress(progress));
            let total = progress.total.filter(|&total| total > 0);
            parts::bar(ui, total.map(|total| progress.done as f32 / total as f32));
        }
        TrainPhase::Paused => parts::explain(ui, "Paused; nothing is computed until you resume."),
        TrainPhase::Stopping => {
            parts::explain(ui, "Finishing the step and writing the checkpoint.")
        }
        TrainPhase::Finished(summary) => {
            let how = if summary.stopped {
                "Stopped after"
            } else {
                "Finished"
            };
            parts::explain(
                ui,
                format!(
                    "{how} {} steps: loss {:.3} at the first, {:.3} at the last.",
                    summary.steps, summary.loss_first, summary.loss_last
                ),
            );
        }
        TrainPhase::Failed(why) => parts::error(ui, why),
    }
    for note in training.notes.iter().take(SHOWN_NOTES) {
        parts::explain(ui, note);
    }
    if let Some(more) = training
        .notes
        .get(SHOWN_NOTES..)
        .filter(|more| !more.is_empty())
    {
        parts::quiet(ui, format!("and {} more", more.len())).on_hover_text(more.join("\n"));
    }
    if let Some(folder) = &training.folder {
        let text = folder.display().to_string();
        ui.add_space(theme::SPACE_SMALL);
        parts::quiet(ui, "Run folder");
        ui.horizontal(|ui| {
            let hint = "Puts the path of the run folder on the clipboard";
            if parts::symbol(ui, icon::COPY, "Copy run folder", hint) {
                ui.ctx().copy_text(text.clone());
            }
            let name = folder
                .file_name()
                .map_or_else(|| text.clone(), |name| name.to_string_lossy().into_owned());
            parts::quiet(ui, name).on_hover_text(&text);
        });
    }
}

fn numbers(ui: &mut Ui, training: &Training) {
    let last = training.last.as_ref();
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "\u{2013}".to_owned());
    let width = (ui.available_width() - 3.0 * theme::SPACE_LARGE) / 4.0;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SPACE_LARGE;
        let step = last.map_or(0, |last| last.step);
        let steps = format!("{step} / {}", training.steps);
        parts::figure(
            ui,
            width,
            "step",
            &steps,
            "Steps done, of the steps asked for",
        );
        let loss = or_dash(last.map(|last| format!("{:.3}", last.loss)));
        let hint = "Loss of the last step; falls while views of one track move together";
        parts::figure(ui, width, "loss", &loss, hint);
        let speed = or_dash(last.map(|last| format!("{:.1}", last.windows_per_second)));
        let hint = "Windows that went through the encoder a second, forward and backward";
        parts::figure(ui, width, "windows/s", &speed, hint);
        let (name, time) = match &training.phase {
            TrainPhase::Finished(summary) if summary.stopped => ("time left", "stopped".to_owned()),
            TrainPhase::Finished(_) => ("time left", "done".to_owned()),
            TrainPhase::Running => ("time left", or_dash(training.remaining().map(say_duration))),
            _ => ("time left", or_dash(None)),
        };
        parts::figure(
            ui,
            width,
            name,
            &time,
            "Until the last step, at the present pace",
        );
    });
    ui.add_space(theme::SPACE_SMALL);
    parts::bar(ui, Some(training.share()));
    if let Some(shown) = &training.shown {
        parts::quiet(ui, format!("Run: {}", shown.say()));
    }
    ui.add_space(theme::SPACE_SMALL);
}

fn nothing(ui: &mut Ui, model: &Model) {
    if let TrainPhase::Failed(_) = model.training.phase {
        parts::empty(
            ui,
            icon::WARNING_CIRCLE,
            "The run has no step to show",
            "What went wrong stands at the left, with what to do.",
        );
        return;
    }
    let (title, hint) = if model.library.track_count() == 0 {
        (
            "No collection is open",
            "Drop files or folders on the window. Training learns from the sound alone, labels are not needed.",
        )
    } else {
        (
            "Nothing trained yet",
            "Start training draws two masked views of every track and pulls them together. The curves appear here \
             with the first step; the run can be paused and stopped at any time.",
        )
    };
    parts::empty(ui, icon::CHART_LINE_DOWN, title, hint);
}
