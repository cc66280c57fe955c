//! Start, pause, stop and what else can be done with a run, and how it stands.

use eframe::egui::{Button, Ui};
use egui_phosphor::regular as icon;
use mynascope_base::counted;

use crate::gui::{
    command::{Command, EncoderCommand, TrainCommand},
    jobs::format_progress,
    model::{AppState, Remedy, TrainPhase, Training, problem_of, purpose_of, too_few_tracks},
    theme,
};

use super::{super::parts, plot};

/// Notes that are shown at once; the rest is in a tooltip.
const SHOWN_NOTES: usize = 2;

/// Draws start, pause, stop and what else can be done, and below it how the run stands.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let training = &model.training;
    if !training.is_active() {
        start(ui, model, out);
    }
    let mut push = |command| out.push(Command::Train(command));
    if training.is_active() {
        steer(ui, training, &mut push);
    }
    ui.horizontal(|ui| {
        if parts::copy_command(ui) {
            push(TrainCommand::Copy);
        }
        if training.is_active() {
            let hint =
                "Writes a checkpoint after the present step, for the bar of steps and for later";
            if parts::symbol(ui, icon::FLOPPY_DISK, "Checkpoint now", hint) {
                push(TrainCommand::SaveNow);
            }
        }
    });
    standing(ui, training, &mut push);
}

fn steer(ui: &mut Ui, training: &Training, push: &mut impl FnMut(TrainCommand)) {
    let half = 0.5 * (ui.available_width() - theme::SPACE);
    let stopping = training.phase == TrainPhase::Stopping;
    ui.horizontal(|ui| {
        if training.phase == TrainPhase::Paused {
            if parts::primary(ui, half, "Resume", true, "Goes on with the next step") {
                push(TrainCommand::Resume);
            }
        } else {
            let pause = Button::new(format!("{} Pause", icon::PAUSE));
            let can = training.phase == TrainPhase::Running;
            let hint = "Waits after the present step; nothing is lost";
            if parts::wide(ui, half, pause, can, hint) {
                push(TrainCommand::Pause);
            }
        }
        let text = if stopping { "Stopping" } else { "Stop" };
        let stop = Button::new(format!("{} {text}", icon::STOP));
        let hint =
            "Ends the run after the present step and keeps its checkpoints, the best one too";
        if parts::wide(ui, half, stop, !stopping, hint) {
            push(TrainCommand::Stop);
        }
    });
}

fn start(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let training = &model.training;
    let problem = problem_of(&training.form);
    let too_few = too_few_tracks(&model.library);
    let ready = too_few.is_none() && problem.is_none();
    let hint = match (&problem, too_few) {
        (Some(problem), _) => problem.why.as_str(),
        (None, Some(too_few)) => too_few,
        (None, None) => "Trains on the open collection, in a new run folder",
    };
    let width = ui.available_width();
    if parts::primary(ui, width, "Start training", ready, hint) {
        out.push(Command::Train(TrainCommand::Start));
    }
    if let Some(why) = too_few {
        parts::explain(ui, why);
    }
    let Some(run) = training.shown() else {
        return;
    };
    let half = 0.5 * (width - theme::SPACE);
    ui.horizontal(|ui| {
        let used = model.embeddings.source.is_file(run.checkpoint.as_deref());
        let text = if used {
            "Encoder in use"
        } else {
            "Use this encoder"
        };
        let hint = match run.stands_for() {
            Some(step) => format!("All layouts compute with {step} of this run from now on: the step that its own labels chose, else its last"),
            None => "All layouts compute with the weights of this run from now on".to_owned(),
        };
        let can = run.checkpoint.is_some() && !used;
        if parts::wide(ui, half, Button::new(text), can, &hint)
            && let Some(path) = run.checkpoint.clone()
        {
            out.push(Command::Encoder(EncoderCommand::UseFile(path)));
        }
        let unfinished = run.step() < run.config.steps && !run.saved.is_empty();
        let hint = if unfinished {
            "Resumes the shown run from its newest checkpoint, on the tracks it was trained on"
        } else {
            "The shown run has done all its steps"
        };
        if parts::wide(ui, half, Button::new("Resume run"), unfinished, hint) {
            let go_on = TrainCommand::GoOn(run.folder.clone());
            out.push(Command::Train(go_on));
        }
    });
}

/// How the run stands, and what can be done about a failure.
fn standing(ui: &mut Ui, training: &Training, push: &mut impl FnMut(TrainCommand)) {
    match &training.phase {
        TrainPhase::Idle => {
            let purpose = purpose_of(&training.form);
            parts::explain(
                ui,
                purpose.map_or_else(|| "Settings of your own.".to_owned(), |it| it.help()),
            );
        }
        TrainPhase::Running => {}
        TrainPhase::Preparing => {
            if let Some(running) = training.run.running() {
                parts::quiet(ui, format_progress(&running.progress));
                parts::bar(ui, running.share());
            }
        }
        TrainPhase::Paused => parts::explain(ui, "Paused; nothing is computed until you resume."),
        TrainPhase::Stopping => {
            parts::explain(ui, "Finishing the step and writing the checkpoint.");
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
                    "{how} {}: loss {} at the first, {} at the last.",
                    counted(summary.steps, "step"),
                    plot::number(summary.loss_first),
                    plot::number(summary.loss_last)
                ),
            );
        }
        TrainPhase::Failed(failure) => {
            parts::error(ui, &failure.why);
            for &remedy in &failure.remedies {
                let (text, hint) = match remedy {
                    Remedy::HalveBatch => (
                        "Halve the batch and resume".to_owned(),
                        "Goes on from the last checkpoint with half as many tracks a step, or begins anew where there is none",
                    ),
                    Remedy::HalveChunk => (
                        "Halve the chunk and resume".to_owned(),
                        "Goes on with the same batch, embedded in pieces half as large: the same gradient in less memory, but slower",
                    ),
                    Remedy::BackTo(step) => (
                        format!("Back to step {step}, half as fast"),
                        "Goes on from the last good checkpoint with half the learning rate; what came after it is taken away",
                    ),
                    Remedy::TryAgain => (
                        "Try again".to_owned(),
                        "Goes on from the last checkpoint, once there is room on the disk or the folder can be written",
                    ),
                };
                let width = ui.available_width();
                if parts::wide(ui, width, Button::new(text), true, hint) {
                    push(TrainCommand::Mend(remedy));
                }
            }
        }
    }
    let notes = training.live.as_ref().map_or(&[][..], |run| &run.notes);
    for note in notes.iter().take(SHOWN_NOTES) {
        parts::explain(ui, note);
    }
    if let Some(more) = notes.get(SHOWN_NOTES..).filter(|more| !more.is_empty()) {
        parts::quiet(ui, format!("and {} more", more.len())).on_hover_text(more.join("\n"));
    }
}
