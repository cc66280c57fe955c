//! The Probe layout: what is probed, what is shown of it, and the error radio.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    layout::Layout,
    model::{
        AskedFor, CurveKind, HeldProbe, JobId, Model, PictureState, ProbeAsk, ProbeCommand,
        ProbeFile, ProbeJob, ProbeMessage, ProbeTab, RADIO_SECS, Radio, Running, ScoreCurve, Strip,
    },
    work::{
        Workers,
        embed::EmbedRequest,
        probe::{Asked, UseRequest},
        probe_file,
        strip::StripRequest,
    },
};
use mynascope_encoder::CheckpointRef;
use mynascope_probe::{KeptScore, LeakSettings, ScoreChange};

use super::{
    map::{marks_changed, play_from},
    no_thread,
};

pub(super) fn apply(model: &mut Model, workers: &mut Workers, command: ProbeCommand) {
    match command {
        ProbeCommand::Edit(form) => model.probing.form = form,
        ProbeCommand::Run => run(model, workers),
        ProbeCommand::Cancel => {
            // Dropping the job tells it to stop; what it still sends is not listened to.
            workers.probe.stop();
            model.probing.running = None;
        }
        ProbeCommand::ShowTab(tab) => model.probing.tab = tab,
        ProbeCommand::ShowCell(cell) => show_cell(model, cell),
        ProbeCommand::Sort(sort) => model.probing.sort(sort),
        ProbeCommand::Copy(job) => copy(model, workers, job),
        ProbeCommand::GroupText(text) => model.probing.group_text = text,
        ProbeCommand::Group(name) => {
            let library = &model.library;
            let targets = library.targets();
            let tracks = targets.iter().filter_map(|&index| library.track(index));
            let paths: Vec<PathBuf> = tracks.map(|track| track.path.clone()).collect();
            model.probing.groups.put(&name, paths);
            model.probing.group_text.clear();
        }
        ProbeCommand::MoveToGroup(path, name) => model.probing.groups.put(&name, [path]),
        ProbeCommand::GiveUpGroup(name) => model.probing.groups.give_up(&name),
        ProbeCommand::TrainGroups => train_groups(model, workers),
        ProbeCommand::FindLeaks => {
            show_tab_of(model, ProbeJob::Leaks);
            find_leaks(model, workers);
        }
        ProbeCommand::Compare => {
            show_tab_of(model, ProbeJob::Compare);
            compare(model, workers);
        }
        ProbeCommand::Ask(ask) => {
            if let Err(error) = probe_file::ask_for(ask, &workers.outbox) {
                model.notices.error(no_thread(&error));
            }
        }
        ProbeCommand::SaveProbe(path) => {
            if let Some(held) = &model.probing.held {
                let probe = Arc::clone(&held.probe);
                if let Err(error) = probe_file::keep(probe, path, &workers.outbox) {
                    model.notices.error(no_thread(&error));
                }
            }
        }
        ProbeCommand::LoadProbe(path) => {
            if let Err(error) = probe_file::load(path, &workers.outbox) {
                model.notices.error(no_thread(&error));
            }
        }
        ProbeCommand::UseOn(paths) => {
            model.probing.used_on.clone_from(&paths);
            use_on(model, workers, Asked::Paths(paths));
        }
        ProbeCommand::UseHere => {
            model.probing.used_on.clear();
            if let Some(collection) = model.library.collection.clone() {
                use_on(model, workers, Asked::Open(collection));
            }
        }
        ProbeCommand::DrawCurve(kind) => {
            show_tab_of(model, ProbeJob::Curve(kind));
            draw_curve(model, workers, kind);
        }
        ProbeCommand::Mark(encoder, on) => {
            let marked = model.compared();
            model.probing.mark(marked, encoder, on);
        }
        ProbeCommand::RemoveScore(score) => {
            model.probing.runs.retain(|other| *other != *score);
            if let Some(scores) = &workers.scores {
                scores.keep([ScoreChange::Remove(score)]);
            }
        }
        ProbeCommand::Choose(path) => play_from(model, workers, path, 0.0),
        ProbeCommand::StartRadio(at) => start_radio(model, workers, at),
        ProbeCommand::StepRadio(step) => step_radio(model, workers, step),
        ProbeCommand::StopRadio => {
            if model.probing.radio.take().is_some() {
                super::sound::pause(workers);
            }
        }
        ProbeCommand::Save(kind) => save(model, workers, kind, None),
        ProbeCommand::SaveTo(kind, path) => save(model, workers, kind, Some(path)),
    }
}

/// Shows where the answer to a job will stand, wherever it was asked for.
fn show_tab_of(model: &mut Model, job: ProbeJob) {
    model.layout = Layout::Probe;
    if let Some(tab) = ProbeTab::ALL.into_iter().find(|tab| tab.job() == job) {
        model.probing.tab = tab;
    }
}

fn keep_score(score: &KeptScore, workers: &Workers) {
    if let Some(scores) = &workers.scores {
        scores.keep([ScoreChange::Add(Box::new(score.clone()))]);
    }
}

/// Puts the command of a job on the clipboard. Groups are put into a table first, which their command reads.
fn copy(model: &mut Model, workers: &Workers, job: ProbeJob) {
    if job == ProbeJob::Groups {
        let tracks = model.library.collection.iter().flat_map(|all| &all.tracks);
        let groups = &model.probing.groups;
        // In the order of the collection, by which the split is drawn.
        let table = tracks.filter_map(|track| {
            let group = groups.of(&track.path)?;
            Some((track.path.clone(), group.to_owned()))
        });
        if let Err(error) = probe_file::keep_groups(table.collect(), &workers.outbox) {
            model.notices.error(no_thread(&error));
        }
        return;
    }
    match model.probe_command(job) {
        Ok(line) => put_on_clipboard(model, workers, line),
        Err(first) => model.notices.error(first),
    }
}

fn put_on_clipboard(model: &mut Model, workers: &Workers, line: String) {
    workers.outbox.copy_text(line);
    model.notices.note("The command is on the clipboard");
}

/// Clears what belongs to a collection that is not open any more.
pub(super) fn forget(model: &mut Model, workers: &mut Workers) {
    workers.probe.stop();
    model.probing.forget();
}

/// Takes in a message of the background work.
pub(super) fn receive(model: &mut Model, workers: &mut Workers, message: ProbeMessage) {
    let probing = &mut model.probing;
    match message {
        ProbeMessage::Progress(job, progress) => {
            if let Some(running) = probing.running.as_mut().filter(|running| running.id == job) {
                running.report(progress);
            }
        }
        ProbeMessage::Finished(job, result) => {
            if probing.is_running(job) {
                let (result, held, row) = *result;
                probing.show(result);
                probing.hold(held);
                keep_score(&row, workers);
                probing.add_run(row);
                workers.probe.stop();
            }
        }
        ProbeMessage::Leaks(job, found) => {
            if probing.is_running(job) {
                probing.running = None;
                probing.leaks = Some(*found);
                workers.probe.stop();
            }
        }
        ProbeMessage::Compared(job, row) => {
            if probing.is_running(job) {
                keep_score(&row, workers);
                probing.add_run(*row);
            }
        }
        ProbeMessage::AllCompared(job) => {
            if probing.is_running(job) {
                probing.running = None;
                workers.probe.stop();
            }
        }
        ProbeMessage::Used(job, said) => {
            if probing.is_running(job) {
                probing.running = None;
                probing.predictions = Some(said);
                workers.probe.stop();
            }
        }
        ProbeMessage::Asked(ask, path) => {
            let command = match ask {
                ProbeAsk::Save => ProbeCommand::SaveProbe(path),
                ProbeAsk::Load => ProbeCommand::LoadProbe(path),
                ProbeAsk::Folder => ProbeCommand::UseOn(vec![path]),
                ProbeAsk::Encoder => ProbeCommand::Mark(CheckpointRef::File(path), true),
            };
            apply(model, workers, command);
        }
        ProbeMessage::ScoresRead(Ok(kept)) => probing.take_in_scores(kept),
        ProbeMessage::GroupsKept(Ok(table)) => {
            let line = probing.group_line(table, &model.embeddings.source);
            put_on_clipboard(model, workers, line);
        }
        ProbeMessage::ScoresRead(Err(why)) | ProbeMessage::GroupsKept(Err(why)) => {
            model.notices.error(why);
        }
        ProbeMessage::ProbeSaved(Ok(path)) => {
            model
                .notices
                .note(format!("The probe is kept: {}", path.display()));
            if let Some(held) = &mut model.probing.held {
                held.path = Some(path);
            }
        }
        ProbeMessage::ProbeSaved(Err(why)) => model.notices.error(why),
        ProbeMessage::Loaded(path, Ok(probe)) => probing.hold(HeldProbe {
            probe,
            path: Some(path),
            report: None,
        }),
        ProbeMessage::Loaded(_, Err(why)) => model.notices.error(why),
        ProbeMessage::Strip(path, answer) => {
            workers.strip.arrived(&path);
            if let Some(held) = &probing.held {
                let mut tracks = model.library.collection.iter().flat_map(|all| &all.tracks);
                let is_here = tracks.any(|track| track.path == path);
                probing.strip = Some(Strip {
                    learned: held.learned_from(&path, is_here),
                    classes: held.probe.card.classes.clone(),
                    path,
                    answer,
                });
            }
        }
        ProbeMessage::Point(job, kind, point) => {
            if probing.is_running(job) {
                probing.add_point(kind, point);
            }
        }
        ProbeMessage::Drawn(job, kind, curve) => {
            if probing.is_running(job) {
                probing.running = None;
                probing.show_curve(kind, *curve);
                workers.probe.stop();
            }
        }
        ProbeMessage::NeedsPatch(job) => {
            if probing.is_running(job) {
                probing.running = None;
                workers.probe.stop();
                // The answer goes on with a probe; other jobs are started again by who wants them.
                let asked_for = match probing.job {
                    ProbeJob::Probe => AskedFor::Probe,
                    ProbeJob::Groups
                    | ProbeJob::Curve(_)
                    | ProbeJob::Compare
                    | ProbeJob::Leaks
                    | ProbeJob::Use => AskedFor::Nothing,
                };
                model.embeddings.asks_patch = Some(asked_for);
            }
        }
        ProbeMessage::Failed(job, error) => {
            if probing.is_running(job) {
                probing.running = None;
                probing.error = Some(error);
                workers.probe.stop();
            }
        }
    }
}

fn run(model: &mut Model, workers: &mut Workers) {
    if let Some(request) = request(model, workers) {
        let (form, outbox) = (model.probing.form, workers.outbox.clone());
        let started = workers.probe.start(request, form, None, outbox);
        runs(model, ProbeJob::Probe, started);
    }
}

/// Trains on the groups that the user made; their names are labels, whatever task is chosen.
fn train_groups(model: &mut Model, workers: &mut Workers) {
    let groups = model.probing.groups.clone();
    if !groups.can_be_learned() {
        return;
    }
    let form = model.probing.group_form();
    if let Some(request) = request(model, workers) {
        let outbox = workers.outbox.clone();
        let started = workers.probe.start(request, form, Some(groups), outbox);
        runs(model, ProbeJob::Groups, started);
    }
}

fn draw_curve(model: &mut Model, workers: &mut Workers, kind: CurveKind) {
    if let Some(request) = request(model, workers) {
        let (form, outbox) = (model.probing.form, workers.outbox.clone());
        let about = format!("{}, {} head, {}", form.task, form.head, form.protocol);
        let curve = ScoreCurve {
            task: form.task,
            about,
            points: Vec::new(),
            baseline: None,
            notes: Vec::new(),
        };
        model.probing.show_curve(kind, curve);
        let started = workers.probe.start_curve(kind, request, form, outbox);
        runs(model, ProbeJob::Curve(kind), started);
    }
}

fn find_leaks(model: &mut Model, workers: &mut Workers) {
    if let Some(request) = request(model, workers) {
        let form = model.probing.form;
        let settings = LeakSettings::of(form, &request.collection);
        let outbox = workers.outbox.clone();
        let started = workers.probe.start_leaks(request, settings, outbox);
        runs(model, ProbeJob::Leaks, started);
    }
}

fn compare(model: &mut Model, workers: &mut Workers) {
    let sources = model.compared_sources();
    if sources.is_empty() {
        return;
    }
    if let Some(request) = request(model, workers) {
        let (form, outbox) = (model.probing.form, workers.outbox.clone());
        let started = workers
            .probe
            .start_comparison(sources, request, form, outbox);
        runs(model, ProbeJob::Compare, started);
    }
}

fn use_on(model: &mut Model, workers: &mut Workers, on: Asked) {
    let Some(held) = &model.probing.held else {
        return;
    };
    let work = UseRequest {
        probe: Arc::clone(&held.probe),
        on,
        source: model.embeddings.source.clone(),
        mels: workers.cache.clone(),
    };
    model.probing.error = None;
    model.probing.predictions = None;
    let started = workers.probe.start_use(work, workers.outbox.clone());
    runs(model, ProbeJob::Use, started);
}

/// Lets the probe at hand answer for the track that is shown. To be called once a frame.
pub fn follow_strip(model: &mut Model, workers: &mut Workers) {
    let Some(held) = &model.probing.held else {
        return;
    };
    let Some(picture) = model.spectrogram.picture().and(model.spectrogram.path()) else {
        return;
    };
    let known = model
        .probing
        .strip
        .as_ref()
        .map(|strip| strip.path.as_path());
    if known == Some(picture) || workers.strip.is_busy() {
        return;
    }
    workers.strip.request(StripRequest {
        probe: Arc::clone(&held.probe),
        path: picture.to_path_buf(),
        table: model.embeddings.table.clone(),
        source: model.embeddings.source.clone(),
        mels: workers.cache.clone(),
    });
}

/// What every job needs; `None` where there is nothing to work on, which is said.
fn request(model: &mut Model, workers: &Workers) -> Option<EmbedRequest> {
    let probing = &mut model.probing;
    let Some(collection) = &model.library.collection else {
        probing.error = Some("There is no collection to probe; open a labelled folder".to_owned());
        return None;
    };
    probing.error = None;
    model.embeddings.asks_patch = None;
    Some(EmbedRequest {
        collection: Arc::clone(collection),
        source: model.embeddings.source.clone(),
        cached: model.embeddings.table.clone(),
        mels: workers.cache.clone(),
    })
}

fn runs(model: &mut Model, job: ProbeJob, started: std::io::Result<JobId>) {
    let probing = &mut model.probing;
    probing.job = job;
    match started {
        Ok(id) => probing.running = Some(Running::new(id, "starting")),
        Err(error) => probing.error = Some(no_thread(&error)),
    }
}

/// Lists the tracks of a cell, and marks them in the library, where they can be labelled together.
fn show_cell(model: &mut Model, cell: Option<(usize, usize)>) {
    let probing = &mut model.probing;
    probing.cell = cell;
    probing.radio = None;
    let Some(result) = probing.result.as_ref().filter(|_| cell.is_some()) else {
        return;
    };
    let paths: std::collections::HashSet<&std::path::Path> = result
        .listed(cell)
        .into_iter()
        .filter_map(|place| Some(result.answers.get(place)?.path.as_path()))
        .collect();
    let tracks = model.library.collection.iter().flat_map(|all| &all.tracks);
    model.library.marked = tracks
        .enumerate()
        .filter(|(_, track)| paths.contains(track.path.as_path()))
        .map(|(index, _)| index)
        .collect();
    marks_changed(model);
}

fn start_radio(model: &mut Model, workers: &mut Workers, at: usize) {
    let probing = &mut model.probing;
    let Some(result) = &probing.result else {
        return;
    };
    probing.radio = Radio::new(result.listed(probing.cell), at);
    tune_in(model, workers);
}

fn step_radio(model: &mut Model, workers: &mut Workers, step: isize) {
    if let Some(radio) = &mut model.probing.radio
        && radio.step(step)
    {
        tune_in(model, workers);
    }
}

/// Plays the track that is on, from the window on that is furthest from the truth.
fn tune_in(model: &mut Model, workers: &mut Workers) {
    let Some(answer) = model.probing.on_air() else {
        return;
    };
    let (path, from_secs) = (answer.path.clone(), answer.furthest_secs);
    // What a cell marked stays marked while its tracks are heard.
    let marked = std::mem::take(&mut model.library.marked);
    play_from(model, workers, path, from_secs);
    model.library.marked = marked;
    if let Some(player) = &workers.player {
        player.play_once(from_secs, from_secs + RADIO_SECS);
    }
}

/// Goes on to the next track of the radio when one was played to its end. To be called once a frame.
pub fn follow_radio(model: &mut Model, workers: &mut Workers) {
    let Some(answer) = model.probing.on_air() else {
        return;
    };
    let (on_air, from_secs) = (answer.path.clone(), answer.furthest_secs);
    let shown = model.library.selected_track();
    if shown.is_none_or(|track| track.path != on_air) {
        // The user went elsewhere.
        model.probing.radio = None;
        return;
    }
    let transport = &model.transport;
    let last_secs = from_secs + RADIO_SECS;
    let end_secs = match transport.duration_secs {
        secs if secs > 0.0 => secs.min(last_secs),
        _ => last_secs,
    };
    let broken = matches!(model.spectrogram.state, PictureState::Failed(_));
    let (playing, position_secs) = (transport.playing, transport.position_secs);
    let Some(radio) = &mut model.probing.radio else {
        return;
    };
    if broken || radio.listen(playing, position_secs, end_secs) {
        if radio.step(1) {
            tune_in(model, workers);
        } else {
            model.probing.radio = None;
        }
    }
}

/// Saves what the tab shows, at a path or where the user says.
fn save(model: &mut Model, workers: &Workers, kind: ProbeFile, path: Option<PathBuf>) {
    let Some(sheet) = probe_file::Sheet::of(model, kind) else {
        return;
    };
    if let Err(error) = probe_file::save(sheet, path, &workers.outbox) {
        model.notices.error(no_thread(&error));
    }
}
