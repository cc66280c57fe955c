//! The Train layout: starts and steers runs, and takes in what they tell.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    command::Command,
    layout::Layout,
    model::{
        ChosenStep, Devices, MapCommand, Model, ReadFor, Remedy, TableState, TrainCommand,
        TrainFailure, TrainMessage, TrainPhase, Training, Wanted, command_of, resume_command,
    },
    work::{
        Workers, choose, curves, past_run,
        train::{self, What},
    },
};
use mynascope_base::storage::{Folders, StorageError};
use mynascope_train::{Changes, StepLook, TrainConfig};

use super::{filled, no_thread};

/// Carries out a command.
pub(super) fn apply(model: &mut Model, workers: &mut Workers, command: TrainCommand) {
    if let Err(why) = carry_out(model, workers, command) {
        model.notices.error(why);
    }
}

fn carry_out(
    model: &mut Model,
    workers: &mut Workers,
    command: TrainCommand,
) -> Result<(), String> {
    let training = &mut model.training;
    match command {
        TrainCommand::Edit(form) => training.form = *form,
        TrainCommand::Start => start(model, workers),
        TrainCommand::Pause => {
            if workers.train.pause() {
                training.phase = TrainPhase::Paused;
            }
        }
        TrainCommand::Resume => {
            if workers.train.resume() {
                training.restart_pace();
                training.phase = TrainPhase::Running;
            }
        }
        TrainCommand::Stop => {
            if workers.train.stop() {
                training.phase = TrainPhase::Stopping;
            }
        }
        TrainCommand::SaveNow => workers.train.save_now(),
        TrainCommand::GoOn(folder) => go_on(model, workers, folder, Changes::default()),
        TrainCommand::Mend(remedy) => mend(model, workers, remedy),
        TrainCommand::UseEncoder => {
            if let Some(path) = training.checkpoint() {
                let path = path.to_path_buf();
                use_file(model, path);
            }
        }
        TrainCommand::UseRun(folder) => use_file(model, folder),
        TrainCommand::UseStep(step) => use_step(model, workers, step)?,
        TrainCommand::FollowRun => {
            if let Some(run) = training.shown_mut() {
                run.chosen = None;
            }
        }
        TrainCommand::Copy => {
            let line = match &training.live {
                Some(live) if training.is_active() && live.went_on => resume_command(&live.folder),
                Some(live) if training.is_active() => command_of(&live.config, &live.folder),
                _ => {
                    let config = asked_for(model);
                    let out = next_run_folder(&model.training, &config).map_err(say)?;
                    command_of(&config, &out)
                }
            };
            workers.outbox.copy_text(line);
            model.notices.note("The command is on the clipboard");
        }
        TrainCommand::AskDevices => {
            training.devices = Devices::Asked;
            train::ask_devices(&workers.outbox).map_err(|error| no_thread(&error))?;
        }
        TrainCommand::ReadRuns => {
            if training.table.state == TableState::Reading {
                training.table.again = true;
            } else {
                training.table.state = TableState::Reading;
                let folder = runs_folder(training).map_err(say)?;
                let started = past_run::read_table(folder, &workers.outbox);
                reads_begin(workers, started)?;
            }
        }
        TrainCommand::ShowRun(folder) => {
            let started = past_run::read_aside(ReadFor::Show, folder, &workers.outbox);
            reads_begin(workers, started)?;
        }
        TrainCommand::ShowLive => training.past = None,
        TrainCommand::Overlay(Some(folder)) => {
            let started = past_run::read_aside(ReadFor::Overlay, folder, &workers.outbox);
            reads_begin(workers, started)?;
        }
        TrainCommand::Overlay(None) => training.overlay = None,
        TrainCommand::OpenFolder(folder) => {
            choose::show_folder(&folder, &workers.outbox).map_err(|error| no_thread(&error))?;
        }
        TrainCommand::KeepRunsIn(folder) => {
            training.runs = Some(folder);
            carry_out(model, workers, TrainCommand::ReadRuns)?;
        }
        TrainCommand::Choose(wanted) => {
            let name = training.shown().map(|run| run.name());
            choose::ask_of_training(wanted, name, &workers.outbox)
                .map_err(|error| no_thread(&error))?;
        }
        TrainCommand::SetChannel(channel) => training.channel = channel,
        TrainCommand::SetSmoothing(smoothing) => training.set_smoothing(smoothing),
        TrainCommand::SaveCurves(kind, path) => {
            if let Some(sheet) = curves::Sheet::of(model) {
                curves::save(kind, sheet, path, &workers.outbox)
                    .map_err(|error| no_thread(&error))?;
            }
        }
    }
    Ok(())
}

fn reads_begin(workers: &mut Workers, started: std::io::Result<()>) -> Result<(), String> {
    started.map_err(|error| no_thread(&error))?;
    workers.train.read_begins();
    Ok(())
}

fn say(error: StorageError) -> String {
    error.to_string()
}

/// Makes a step of the shown run the encoder of Map, Probe and Teach; its batch and map are shown, and a map that is there
/// is made anew.
fn use_step(model: &mut Model, workers: &mut Workers, step: u64) -> Result<(), String> {
    let Some(run) = model.training.shown_mut() else {
        return Ok(());
    };
    let Some(weights) = run.saved_at(step).map(|saved| saved.weights.clone()) else {
        return Ok(());
    };
    run.chosen = Some(ChosenStep {
        step,
        ..ChosenStep::default()
    });
    let folder = run.folder.clone();
    // Told beside the bar; a notice for each step of a drag would be a storm.
    model.embeddings.use_file(weights.clone());
    let started = past_run::read_look(folder, step, weights, &workers.outbox);
    reads_begin(workers, started)?;
    if model.mapping.chart.is_some() {
        super::apply(model, workers, Command::Map(MapCommand::Compute));
    }
    Ok(())
}

/// Asks a masked autoencoder that is shown what it makes of the shown track, if that was not asked yet. To be called
/// once a frame.
pub(super) fn follow(model: &mut Model, workers: &mut Workers) {
    if model.layout == Layout::Train {
        filled::ask(model, workers);
    }
    // The menus of encoders list the runs.
    let unread = model.training.table.state == TableState::Unread;
    if unread && matches!(model.layout, Layout::Map | Layout::Probe) {
        apply(model, workers, TrainCommand::ReadRuns);
    }
}

fn use_file(model: &mut Model, path: PathBuf) {
    model.embeddings.use_file(path);
    model
        .notices
        .note("Map, Probe and Teach use this encoder from now on");
}

/// Takes in a message of the background work; what an earlier run still sends is dropped.
pub(super) fn receive(model: &mut Model, workers: &mut Workers, message: TrainMessage) {
    let training = &mut model.training;
    let current = training.job;
    match message {
        TrainMessage::Devices(devices) => training.devices = Devices::Known(devices),
        TrainMessage::Preparing(job, progress) if current == Some(job) => {
            if let TrainPhase::Preparing(_) = training.phase {
                training.phase = TrainPhase::Preparing(progress);
            }
        }
        TrainMessage::Begun(job, mut run) if current == Some(job) => {
            run.smooth(training.smoothing);
            training.live = Some(*run);
        }
        TrainMessage::Note(job, note) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.notes.push(note);
            }
        }
        TrainMessage::Skipped(job, step, why) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.skipped += 1;
                live.notes
                    .push(format!("Step {step} {why} and was not applied"));
            }
        }
        TrainMessage::Steps(job, records, memory) if current == Some(job) => {
            training.take(records);
            training.memory = memory.or(training.memory);
            if let TrainPhase::Preparing(_) = training.phase {
                training.phase = TrainPhase::Running;
                // From now on the table knows the run.
                apply(model, workers, TrainCommand::ReadRuns);
            }
        }
        TrainMessage::Scored(job, probe) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.score(&probe);
            }
        }
        TrainMessage::Batch(job, matrix) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.matrix = Some(matrix);
            }
        }
        TrainMessage::Mapped(job, map) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.map = Some(map);
            }
        }
        TrainMessage::Looked(folder, step, look) => {
            workers.train.read_ended();
            let shown = training.shown_mut().filter(|run| run.folder == folder);
            let chosen = shown.and_then(|run| run.chosen.as_mut());
            if let Some(chosen) = chosen.filter(|chosen| chosen.step == step) {
                chosen.look = look.map_or_else(StepLook::default, |look| *look);
            }
        }
        TrainMessage::Filled(number, key, result) => {
            workers.train.filled(number);
            training.filled.value = Some((key, result));
        }
        TrainMessage::Saved(job, saved) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.saved = saved;
            }
            apply(model, workers, TrainCommand::ReadRuns);
        }
        TrainMessage::Finished(job, summary) if current == Some(job) => {
            workers.train.ended();
            training.finish(summary);
            apply(model, workers, TrainCommand::ReadRuns);
        }
        TrainMessage::NotBegun(job) if current == Some(job) => {
            workers.train.ended();
            training.job = None;
            training.live = None;
            training.phase = TrainPhase::Idle;
        }
        TrainMessage::Failed(job, failure) if current == Some(job) => {
            workers.train.ended();
            training.job = None;
            training.phase = TrainPhase::Failed(failure);
            apply(model, workers, TrainCommand::ReadRuns);
        }
        TrainMessage::Read(what_for, run) => {
            workers.train.read_ended();
            match (what_for, run) {
                (ReadFor::Show, Ok(run)) => training.show_past(*run),
                (ReadFor::Overlay, Ok(mut run)) => {
                    run.smooth(training.smoothing);
                    training.overlay = Some(*run);
                }
                (_, Err(why)) => model.notices.error(why),
            }
        }
        TrainMessage::Runs(rows) => {
            workers.train.read_ended();
            training.table.rows = rows;
            training.table.state = TableState::Read;
            if std::mem::take(&mut training.table.again) {
                apply(model, workers, TrainCommand::ReadRuns);
            }
        }
        TrainMessage::Chosen(wanted, path) => {
            let command = match wanted {
                Wanted::Run => TrainCommand::ShowRun(path),
                Wanted::Runs => TrainCommand::KeepRunsIn(path),
                Wanted::Init => {
                    let mut form = training.form.clone();
                    form.init = Some(path);
                    TrainCommand::Edit(Box::new(form))
                }
                Wanted::Curves(kind) => TrainCommand::SaveCurves(kind, path),
            };
            apply(model, workers, command);
        }
        TrainMessage::Preparing(..)
        | TrainMessage::Begun(..)
        | TrainMessage::Note(..)
        | TrainMessage::Skipped(..)
        | TrainMessage::Mapped(..)
        | TrainMessage::Steps(..)
        | TrainMessage::Scored(..)
        | TrainMessage::Batch(..)
        | TrainMessage::Saved(..)
        | TrainMessage::Finished(..)
        | TrainMessage::NotBegun(_)
        | TrainMessage::Failed(..) => {}
    }
}

/// The form with the open collection.
fn asked_for(model: &Model) -> TrainConfig {
    TrainConfig {
        data: model.library.sources.clone(),
        ..model.training.form.clone()
    }
}

fn start(model: &mut Model, workers: &mut Workers) {
    let config = asked_for(model);
    let training = &mut model.training;
    if training.is_active() {
        return;
    }
    let Some(collection) = &model.library.collection else {
        training.phase =
            failed("There is no collection to train on; open a folder with music first".to_owned());
        return;
    };
    let collection = Arc::clone(collection);
    match next_run_folder(training, &config) {
        Ok(folder) => launch(model, workers, folder, config, What::New(collection)),
        Err(error) => training.phase = failed(error.to_string()),
    }
}

/// Goes on with a run in its folder, if need be with other settings.
fn go_on(model: &mut Model, workers: &mut Workers, folder: PathBuf, changes: Changes) {
    if model.training.is_active() {
        return;
    }
    // Its own settings follow with the first message.
    let config = changes.of(&model.training.form);
    launch(model, workers, folder, config, What::GoOn(changes));
}

/// Goes on with the run that failed; without a checkpoint it begins anew in another folder.
fn mend(model: &mut Model, workers: &mut Workers, remedy: Remedy) {
    let Some(live) = model.training.live.as_ref() else {
        return;
    };
    let changes = remedy.changes(&live.config);
    if live.saved.is_empty() {
        let config = changes.of(&live.config);
        model.training.form = TrainConfig {
            data: Vec::new(),
            ..config
        };
        start(model, workers);
    } else {
        let folder = live.folder.clone();
        go_on(model, workers, folder, changes);
    }
}

fn launch(
    model: &mut Model,
    workers: &mut Workers,
    folder: PathBuf,
    config: TrainConfig,
    what: What,
) {
    let outbox = workers.outbox.clone();
    let (job, started) = (workers.train).launch(folder.clone(), config.clone(), what, outbox);
    let training = &mut model.training;
    training.begin(job, folder, config);
    if let Err(error) = started {
        training.phase = failed(no_thread(&error));
    }
}

fn failed(why: String) -> TrainPhase {
    TrainPhase::Failed(TrainFailure {
        why,
        remedies: Vec::new(),
    })
}

fn runs_folder(training: &Training) -> Result<PathBuf, StorageError> {
    match &training.runs {
        Some(folder) => Ok(folder.clone()),
        None => Ok(Folders::of_user()?.data.join("runs")),
    }
}

/// A new folder for a run: `tiny-hybrid-1`, `tiny-hybrid-2`, ...
fn next_run_folder(training: &Training, config: &TrainConfig) -> Result<PathBuf, StorageError> {
    let runs = runs_folder(training)?;
    let free = (1_u32..)
        .map(|number| runs.join(format!("{}-{}-{number}", config.preset, config.patch)))
        .find(|folder| !folder.exists());
    Ok(free.unwrap_or(runs))
}
