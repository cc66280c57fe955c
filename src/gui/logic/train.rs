//! The Train layout: starts and steers runs, and takes in what they tell.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::gui::{
    command::{Command, MapCommand, TrainCommand, Wanted},
    jobs::JobEvent,
    message::{Message, ReadFor, TrainMessage},
    model::{
        AppState, ChosenStep, Devices, Manage, Remedy, RunView, TrainFailure, TrainFound,
        TrainPhase, Training, begin_with, command_of, resume_command,
    },
    sheets::save_table,
    work::{
        Workers,
        ask_file::{Question, ask},
        checkpoint::{self, ChosenFor},
        devices, manage_runs,
        open_folder::show_folder,
        past_run,
        save_file::{self, SaveAt},
        train_job::{self, Order, What},
    },
    workspace::Workspace,
};
use mynascope_base::storage::{Folders, StorageError};
use mynascope_encoder::CheckpointRef;
use mynascope_train::{Changes, TrainConfig};

use super::{copy_text, reconstruct, runs};

/// Carries out a command.
pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: TrainCommand) {
    if let Err(why) = carry_out(model, workers, command) {
        model.notices.error(why);
    }
}

fn carry_out(
    model: &mut AppState,
    workers: &mut Workers,
    command: TrainCommand,
) -> Result<(), String> {
    let (training, outbox) = (&mut model.training, &workers.outbox);
    match command {
        TrainCommand::Edit(form) => training.form = *form,
        TrainCommand::Start => start(model, workers),
        TrainCommand::Pause if training.run.is_running() => {
            training.run.pause();
            training.phase = TrainPhase::Paused;
        }
        TrainCommand::Resume if training.run.is_running() => {
            training.run.resume();
            training.restart_pace();
            training.phase = TrainPhase::Running;
        }
        TrainCommand::Stop if training.run.is_running() => {
            training.run.stop();
            training.phase = TrainPhase::Stopping;
        }
        TrainCommand::Pause | TrainCommand::Resume | TrainCommand::Stop => {}
        TrainCommand::SaveNow => training.run.save_now(),
        TrainCommand::GoOn(folder) => go_on(model, workers, folder, Changes::default()),
        TrainCommand::Mend(remedy) => mend(model, workers, remedy),
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
                    let out = next_run_folder(&model.training, &config).map_err(text_of)?;
                    command_of(&config, &out)
                }
            };
            copy_text(model, workers, line, "The command");
        }
        TrainCommand::AskDevices => {
            training.devices = Devices::Asked;
            devices::look(outbox).map_err(text_of)?;
        }
        TrainCommand::ReadRuns => {
            if training.table.job.is_running() {
                training.table.again = true;
            } else {
                let folder = runs_folder(training).map_err(text_of);
                let slot = &mut training.table.job;
                let started = folder.and_then(|folder| {
                    past_run::start_table(slot, folder, outbox).map_err(text_of)
                });
                // What failed is not tried again by itself.
                training.table.is_read |= started.is_err();
                started?;
            }
        }
        TrainCommand::ShowRun(folder) => {
            let slot = &mut training.past_job;
            past_run::start_run(slot, ReadFor::Show, folder, outbox).map_err(text_of)?;
        }
        TrainCommand::ShowLive => training.past = None,
        TrainCommand::Overlay(Some(folder)) => {
            let slot = &mut training.overlay_job;
            past_run::start_run(slot, ReadFor::Overlay, folder, outbox).map_err(text_of)?;
        }
        TrainCommand::Overlay(None) => training.overlay = None,
        TrainCommand::EditName(naming) => training.table.naming = naming,
        TrainCommand::Rename(run, name) => {
            training.table.naming = None;
            runs::may_move(model, &run)?;
            manage_runs::start(Manage::Rename(run, name), &workers.outbox).map_err(text_of)?;
        }
        TrainCommand::Delete(run) => {
            runs::may_move(model, &run)?;
            manage_runs::start(Manage::Delete(run), &workers.outbox).map_err(text_of)?;
        }
        TrainCommand::UndoRun => {
            if let Some(change) = model.history.undo_run() {
                runs::step(model, workers, change, true);
            }
        }
        TrainCommand::OpenFolder(folder) => {
            show_folder(&folder, outbox).map_err(text_of)?;
        }
        TrainCommand::KeepRunsIn(folder) => {
            training.runs = Some(folder);
            carry_out(model, workers, TrainCommand::ReadRuns)?;
        }
        TrainCommand::Choose(wanted) => {
            let answer = move |path| Message::Train(TrainMessage::Chosen(wanted, path));
            match question(training, wanted) {
                Some(question) => ask(question, outbox, answer),
                None => {
                    let title = "Choose the weights to start from";
                    checkpoint::choose(title, ChosenFor::Training, outbox, move |chosen| {
                        Message::Train(TrainMessage::Init(chosen.path, chosen.sizes))
                    })
                }
            }
            .map_err(text_of)?;
        }
        TrainCommand::EditCurves(form) => training.set_curves(form),
        TrainCommand::SaveSteps(path) => {
            if let Some(run) = training.shown() {
                let run = run.folder.clone();
                let save = move |path: &Path| save_table(&run, path);
                save_file::save("steps", SaveAt::Path(path), outbox, save).map_err(text_of)?;
            }
        }
    }
    Ok(())
}

fn text_of(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Asks for a file or folder; `None` for a checkpoint, which is looked into before it is taken.
fn question(training: &Training, wanted: Wanted) -> Option<Question> {
    let name = training
        .shown()
        .map_or_else(|| "run".to_owned(), RunView::name);
    Some(match wanted {
        Wanted::Run => Question::folder("Choose the folder of a run"),
        Wanted::Runs => Question::folder("Choose where new runs are kept"),
        Wanted::Init => return None,
        Wanted::Steps => {
            Question::new_file("Save every step as a table", format!("{name} - steps.csv"))
                .filter("CSV", &["csv"])
        }
    })
}

/// Makes a step of the shown run the encoder of all layouts; its batch and map are shown, and a map that is there
/// is made anew.
fn use_step(model: &mut AppState, workers: &mut Workers, step: u64) -> Result<(), String> {
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
    // Told beside the bar; a notice for each step of a drag would be a storm.
    model.embeddings.use_file(weights.clone());
    let slot = &mut model.training.step_job;
    past_run::start_step(slot, weights, &workers.outbox).map_err(text_of)?;
    if model.mapping.chart.is_some() {
        super::apply(model, workers, Command::Map(MapCommand::Compute));
    }
    Ok(())
}

/// Asks a masked autoencoder that is shown what it makes of the shown track, if that was not asked yet, and tells the run
/// under way which track that is. To be called once a frame.
pub(super) fn follow(model: &mut AppState, workers: &mut Workers) {
    if model.training.is_active() {
        model.training.run.listen_to(model.spectrogram.path());
    }
    if model.workspace == Workspace::Train {
        reconstruct::ask(model, workers);
    }
    // The menus of encoders list the runs.
    let unread = model.training.table.is_unread();
    if unread && matches!(model.workspace, Workspace::Map | Workspace::Probe) {
        apply(model, workers, TrainCommand::ReadRuns);
    }
}

/// Takes in a message of the background work.
pub(super) fn receive(model: &mut AppState, workers: &mut Workers, message: TrainMessage) {
    let training = &mut model.training;
    match message {
        TrainMessage::Devices(devices) => training.devices = Devices::Known(devices),
        TrainMessage::Run(update) => {
            if let Some(event) = training.run.take(update) {
                follow_run(model, workers, event);
            }
        }
        TrainMessage::Read(ReadFor::Show, update) => match training.past_job.take(update) {
            Some(JobEvent::Found(run)) => training.show_past(*run),
            Some(JobEvent::Ended(result)) => model.notices.error_of(result),
            None => {}
        },
        TrainMessage::Read(ReadFor::Overlay, update) => match training.overlay_job.take(update) {
            Some(JobEvent::Found(mut run)) => {
                run.smooth(training.curves.smoothing);
                training.overlay = Some(*run);
            }
            Some(JobEvent::Ended(result)) => model.notices.error_of(result),
            None => {}
        },
        TrainMessage::Step(update) => match training.step_job.take(update) {
            Some(JobEvent::Found(look)) => {
                let shown = training.shown_mut();
                if let Some(chosen) = shown.and_then(|run| run.chosen.as_mut()) {
                    chosen.snapshot = *look;
                }
            }
            Some(JobEvent::Ended(result)) => model.notices.error_of(result),
            None => {}
        },
        TrainMessage::Table(update) => match training.table.job.take(update) {
            Some(JobEvent::Found(rows)) => training.table.rows = rows,
            Some(JobEvent::Ended(result)) => {
                training.table.is_read = true;
                let again = std::mem::take(&mut training.table.again);
                model.notices.error_of(result);
                if again {
                    apply(model, workers, TrainCommand::ReadRuns);
                }
            }
            None => {}
        },
        TrainMessage::Managed(what, Ok(done)) => runs::managed(model, workers, &what, done),
        TrainMessage::Managed(what, Err(why)) => {
            if let Manage::Undo(change) | Manage::Redo(change) = &what {
                model.history.run_stayed(change);
            }
            model.notices.error(why);
        }
        TrainMessage::Reconstructed(key, result) => {
            training.reconstructed.value = Some((key, result))
        }
        TrainMessage::Init(path, sizes) => {
            let form = begin_with(&training.form, CheckpointRef::File(path), sizes);
            apply(model, workers, TrainCommand::Edit(Box::new(form)));
        }
        TrainMessage::Chosen(wanted, path) => {
            let command = match wanted {
                Wanted::Run => TrainCommand::ShowRun(path),
                Wanted::Runs => TrainCommand::KeepRunsIn(path),
                Wanted::Init => {
                    let form = begin_with(&training.form, CheckpointRef::File(path), None);
                    TrainCommand::Edit(Box::new(form))
                }
                Wanted::Steps => TrainCommand::SaveSteps(path),
            };
            apply(model, workers, command);
        }
    }
}

/// Takes in what the run under way tells.
fn follow_run(
    model: &mut AppState,
    workers: &mut Workers,
    event: JobEvent<TrainFound, TrainFailure>,
) {
    let training = &mut model.training;
    let found = match event {
        JobEvent::Found(found) => found,
        JobEvent::Ended(Ok(())) => return,
        JobEvent::Ended(Err(failure)) => {
            training.phase = TrainPhase::Failed(failure);
            return apply(model, workers, TrainCommand::ReadRuns);
        }
    };
    match (found, &mut training.live) {
        (TrainFound::Begun(mut run), _) => {
            run.smooth(training.curves.smoothing);
            training.live = Some(*run);
        }
        (TrainFound::Steps(records, memory), _) => {
            training.take(records);
            training.memory = memory.or(training.memory);
            if training.phase == TrainPhase::Preparing {
                training.phase = TrainPhase::Running;
                // From now on the table knows the run.
                apply(model, workers, TrainCommand::ReadRuns);
            }
        }
        (TrainFound::Finished(summary), _) => {
            training.finish(summary);
            apply(model, workers, TrainCommand::ReadRuns);
        }
        (TrainFound::NotBegun, _) => {
            training.live = None;
            training.phase = TrainPhase::Idle;
        }
        (TrainFound::Note(note), Some(live)) => live.notes.push(note),
        (TrainFound::Skipped(step, why), Some(live)) => {
            live.skipped += 1;
            live.notes
                .push(format!("Step {step} {why} and was not applied"));
        }
        (TrainFound::Scored(probe), Some(live)) => live.score(&probe),
        (TrainFound::Picture(picture), Some(live)) => live.newest.take(picture),
        (TrainFound::Saved(saved), live) => {
            if let Some(live) = live {
                live.saved = saved;
            }
            apply(model, workers, TrainCommand::ReadRuns);
        }
        (_, None) => {}
    }
}

/// The form with the open collection.
fn asked_for(model: &AppState) -> TrainConfig {
    TrainConfig {
        data: model.library.sources.clone(),
        ..model.training.form.clone()
    }
}

fn start(model: &mut AppState, workers: &mut Workers) {
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
fn go_on(model: &mut AppState, workers: &mut Workers, folder: PathBuf, changes: Changes) {
    if model.training.is_active() {
        return;
    }
    // Its own settings follow with the first message.
    let config = changes.of(&model.training.form);
    launch(model, workers, folder, config, What::GoOn(changes));
}

/// Goes on with the run that failed; without a checkpoint it begins anew in another folder.
fn mend(model: &mut AppState, workers: &mut Workers, remedy: Remedy) {
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
    model: &mut AppState,
    workers: &mut Workers,
    folder: PathBuf,
    config: TrainConfig,
    what: What,
) {
    let training = &mut model.training;
    training.begin(folder.clone(), config.clone());
    let order = Order {
        config,
        folder,
        what,
    };
    if let Err(error) = train_job::start(&mut training.run, order, &workers.outbox) {
        training.phase = failed(error.to_string());
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
        .map(|number| {
            let name = config.size_name().replace([' ', '/'], "-");
            runs.join(format!("{name}-{number}"))
        })
        .find(|folder| !folder.exists());
    Ok(free.unwrap_or(runs))
}
