//! The Probe layout: what is probed, what is shown of it, and the error radio.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    command::{EncoderCommand, ProbeAsk, ProbeCommand},
    jobs::{JobEvent, NoThread},
    message::ProbeMessage,
    model::{
        ActiveProbe, AppState, AskedFor, Colouring, CurveKind, EmbedError, PredictionTimeline,
        ProbeFound, ProbeJob, ProbeTab, ProbeView, ScoreCurve, ShownDiagnosis, WINDOW_SECS,
    },
    sheets::ProbeTable,
    work::{
        Workers,
        ask_file::Question,
        embed::EmbedRequest,
        probe::{self, Asked, UseRequest},
        probe_file,
        probe_table::{self, TableJob, TableRequest},
        save_file::{self, SaveAt},
        scores,
    },
    workspace::Workspace,
};
use mynascope_base::counted;
use mynascope_encoder::CheckpointRef;
use mynascope_probe::{
    DiagnoseSettings, LeakSettings, ProbeSettings, SavedScore, ScoreChange, protocol_name,
};

use super::{
    answers, copy_text, encoder,
    map::{marks_changed, play_from},
    map_colours, prediction_timeline, radio, sound,
};

pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: ProbeCommand) {
    match command {
        ProbeCommand::Edit(form) => model.probing.form = form,
        ProbeCommand::Run => run(model, workers),
        ProbeCommand::Cancel => model.probing.job.stop(),
        ProbeCommand::EditView(view) => edit_view(model, view),
        ProbeCommand::Copy(job) => copy(model, workers, job),
        ProbeCommand::Group(name) => {
            let library = &model.library;
            let targets = library.targets();
            let tracks = targets.iter().filter_map(|&index| library.track(index));
            let paths: Vec<PathBuf> = tracks.map(|track| track.path.clone()).collect();
            put_into_group(model, &name, paths);
            model.probing.view.group_text.clear();
        }
        ProbeCommand::MoveToGroup(path, name) => put_into_group(model, &name, vec![path]),
        ProbeCommand::GiveUpGroup(name) => model.probing.groups.give_up(&name),
        ProbeCommand::TrainGroups => train_groups(model, workers),
        ProbeCommand::FindLeaks => {
            show_tab_of(model, ProbeJob::Leaks);
            find_leaks(model, workers);
        }
        ProbeCommand::Diagnose => {
            show_tab_of(model, ProbeJob::Diagnose);
            diagnose(model, workers);
        }
        ProbeCommand::Compare => {
            show_tab_of(model, ProbeJob::Compare);
            compare(model, workers);
        }
        ProbeCommand::OpenCompared(row, column) => open_compared(model, workers, row, column),
        ProbeCommand::Ask(ask) => {
            model
                .notices
                .error_of(probe_file::ask_for(ask, &workers.outbox));
        }
        ProbeCommand::SaveProbe(path) => {
            if let Some(active) = &model.probing.active {
                let probe = Arc::clone(&active.probe);
                let cache = workers.cache.clone();
                let saving = probe_file::save_probe(probe, path, cache, &workers.outbox);
                model.notices.error_of(saving);
            }
        }
        ProbeCommand::LoadProbe(path) => {
            model
                .notices
                .error_of(probe_file::load(path, &workers.outbox));
        }
        ProbeCommand::UseOn(paths) => {
            model.probing.used_on.clone_from(&paths);
            use_on(model, workers, Asked::Paths(paths));
        }
        ProbeCommand::ShowStrip(on) => prediction_timeline::show(model, on),
        ProbeCommand::UseHere => {
            model.probing.used_on.clear();
            prediction_timeline::show(model, true);
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
        ProbeCommand::Pair(side, score) => {
            let probing = &mut model.probing;
            probing.view.board.choose(side, &score);
            probing.difference = None;
            let pair = probing.view.board.pair.clone();
            if let Some(chosen) = probing.view.board.chosen(&probing.runs) {
                let chosen = chosen.map(Clone::clone);
                let compared = scores::compare(pair, chosen, &workers.outbox);
                model.notices.error_of(compared);
            }
        }
        ProbeCommand::RemoveScore(score) => {
            model.probing.runs.retain(|other| *other != *score);
            if let Some(scores) = &workers.scores {
                scores.write([ScoreChange::Remove(score)]);
            }
        }
        ProbeCommand::Choose(path) => play_from(model, workers, path, 0.0),
        ProbeCommand::StartRadio(at) => radio::start(model, workers, at),
        ProbeCommand::StepRadio(step) => radio::step(model, workers, step),
        ProbeCommand::StopRadio => {
            if model.probing.radio.take().is_some() {
                sound::pause(workers);
            }
        }
        ProbeCommand::Save => save(model, workers, None),
        ProbeCommand::SaveTo(path) => save(model, workers, Some(path)),
    }
}

/// Puts tracks into a group, and says which ones left another for it.
fn put_into_group(model: &mut AppState, name: &str, paths: Vec<PathBuf>) {
    let put = counted(paths.len(), "track");
    if !paths.is_empty() {
        model.library.colour_group(name.trim());
    }
    let moved = model.probing.groups.put(name, paths);
    if moved.is_empty() {
        return;
    }
    let from = moved.iter();
    let from: Vec<String> = from
        .map(|(group, count)| format!("{count} from {group}"))
        .collect();
    model.notices.note(format!(
        "{put} put into {}; moved there: {}. A track is in one group",
        name.trim(),
        from.join(", ")
    ));
}

/// Shows where the answer to a job will stand, wherever it was asked for.
fn show_tab_of(model: &mut AppState, job: ProbeJob) {
    model.show_workspace(Workspace::Probe);
    if let Some(tab) = ProbeTab::ALL.into_iter().find(|tab| tab.job() == job) {
        model.probing.view.tab = tab;
    }
}

fn save_score(score: &SavedScore, workers: &Workers) {
    if let Some(scores) = &workers.scores {
        scores.write([ScoreChange::Add(Box::new(score.clone()))]);
    }
}

/// Puts the command of a job on the clipboard. Groups are put into a table first, which their command reads.
fn copy(model: &mut AppState, workers: &Workers, job: ProbeJob) {
    if job == ProbeJob::Groups {
        let tracks = model.library.collection.iter().flat_map(|all| &all.tracks);
        let groups = &model.probing.groups;
        // In the order of the collection, by which the split is drawn.
        let table = tracks.filter_map(|track| {
            let group = groups.of(&track.path)?;
            Some((track.path.clone(), group.to_owned()))
        });
        model
            .notices
            .error_of(probe_file::save_groups(table.collect(), &workers.outbox));
        return;
    }
    match model.probe_command(job) {
        Ok(line) => copy_text(model, workers, line, "The command"),
        Err(first) => model.notices.error(first),
    }
}

/// Clears what belongs to a collection that is not open any more.
pub(super) fn forget(model: &mut AppState) {
    let library = &model.library;
    let comes = match library.opening_sources.as_slice() {
        [] => &library.sources,
        opening => opening,
    };
    let probing = &mut model.probing;
    // The user let the probe answer for just this.
    let applied = probing.used_on == *comes && probing.predictions.is_some();
    probing.forget();
    if let Some(active) = probing.active.as_mut().filter(|_| applied) {
        active.shown = true;
    }
    answers::place(model);
    if model.mapping.colouring == Colouring::Answers && !model.probing.answered.is_open() {
        model.mapping.colouring = Colouring::Label;
    }
}

/// Takes in a message of the background work.
pub(super) fn receive(model: &mut AppState, workers: &mut Workers, message: ProbeMessage) {
    let probing = &mut model.probing;
    match message {
        ProbeMessage::Job(update) => {
            if let Some(event) = probing.job.take(update) {
                follow_job(model, workers, event);
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
        ProbeMessage::Difference(pair, found) => {
            // Others may have been chosen meanwhile.
            if probing.view.board.pair == pair {
                probing.difference = Some(found);
            }
        }
        ProbeMessage::ScoresRead(Ok(kept)) => probing.take_in_scores(kept),
        ProbeMessage::GroupsSaved(Ok(table)) => {
            let line = probing.group_line(table, &model.embeddings.source);
            copy_text(model, workers, line, "The command");
        }
        ProbeMessage::ScoresRead(Err(why)) | ProbeMessage::GroupsSaved(Err(why)) => {
            model.notices.error(why);
        }
        ProbeMessage::ProbeSaved(Ok(path)) => {
            model
                .notices
                .note(format!("The probe is kept: {}", path.display()));
            if let Some(active) = &mut model.probing.active {
                active.path = Some(path);
            }
        }
        ProbeMessage::ProbeSaved(Err(why)) => model.notices.error(why),
        ProbeMessage::Loaded(path, Ok(probe)) => probing.activate(Some(ActiveProbe {
            probe,
            path: Some(path),
            at_home: false,
            shown: true,
        })),
        ProbeMessage::Loaded(_, Err(why)) => model.notices.error(why),
        ProbeMessage::Timeline(path, answer) => {
            if let Some(active) = &probing.active {
                let (role, answer) = match answer {
                    Ok((role, answer)) => (Some(role), Ok(answer)),
                    Err(why) => (None, Err(why)),
                };
                probing.timeline = Some(PredictionTimeline {
                    role,
                    classes: active.probe.card.classes.clone(),
                    window_secs: match active.probe.card.encoder.window_millis {
                        Some(millis) => f64::from(millis) / 1000.0,
                        None => WINDOW_SECS,
                    },
                    path,
                    answer,
                });
            }
        }
    }
}

/// Takes in what the job that runs tells.
fn follow_job(model: &mut AppState, workers: &Workers, event: JobEvent<ProbeFound, EmbedError>) {
    let probing = &mut model.probing;
    match event {
        JobEvent::Found(ProbeFound::Probe(found)) => {
            let (result, active, row) = *found;
            probing.show(result);
            probing.activate(active);
            save_score(&row, workers);
            probing.add_run(row);
            // The answers of the probe before went with it.
            if model.mapping.colouring == Colouring::Answers {
                model.mapping.colouring = Colouring::Label;
            }
            map_colours::paint(model);
        }
        JobEvent::Found(ProbeFound::Compared(shown)) => {
            for score in probing.take_in_comparison(*shown) {
                save_score(&score, workers);
            }
        }
        JobEvent::Found(ProbeFound::Layer(layer)) => {
            if let Some(shown) = &mut probing.diagnosis {
                shown.layers.push(*layer);
            }
        }
        JobEvent::Found(ProbeFound::Diagnosis(made)) => {
            if let Some(shown) = &mut probing.diagnosis {
                shown.layers.clone_from(&made.layers);
                shown.done = Some(*made);
            }
        }
        JobEvent::Found(ProbeFound::Leaks(found)) => probing.leaks = Some(*found),
        JobEvent::Found(ProbeFound::Predictions(found)) => {
            probing.predictions = Some(found);
            probing.answered.corrected.clear();
            answers::place(model);
            map_colours::paint(model);
        }
        JobEvent::Found(ProbeFound::Point(kind, point)) => probing.add_point(kind, point),
        JobEvent::Found(ProbeFound::Curve(kind, curve)) => probing.show_curve(kind, *curve),
        JobEvent::Ended(Ok(())) => {}
        JobEvent::Ended(Err(EmbedError::Failed(why))) => {
            probing.error = Some(why);
            if matches!(probing.started, ProbeJob::Probe | ProbeJob::Groups) {
                probing.clear_result();
                map_colours::paint(model);
            }
        }
        JobEvent::Ended(Err(EmbedError::NeedsPatch)) => {
            // The answer goes on with a probe; other jobs are started again by who wants them.
            let asked_for = match probing.started {
                ProbeJob::Probe => AskedFor::Probe,
                ProbeJob::Groups
                | ProbeJob::Curve(_)
                | ProbeJob::Compare
                | ProbeJob::Diagnose
                | ProbeJob::Leaks
                | ProbeJob::Use => AskedFor::Nothing,
            };
            model.embeddings.asks_patch = Some(asked_for);
        }
    }
}

/// Starts a job on the table that is on the map, if one is there. Returns whether there is.
fn on_table(model: &mut AppState, workers: &Workers, job: ProbeJob) -> bool {
    let Some(imported) = &model.mapping.imported else {
        return false;
    };
    let wanted = match job {
        ProbeJob::Probe => TableJob::Probe,
        ProbeJob::Curve(CurveKind::Labels) => TableJob::FewLabels,
        ProbeJob::Leaks => TableJob::Leaks,
        ProbeJob::Curve(_)
        | ProbeJob::Groups
        | ProbeJob::Compare
        | ProbeJob::Diagnose
        | ProbeJob::Use => return false,
    };
    let request = TableRequest {
        path: imported.path.clone(),
        table: Arc::clone(&imported.table),
        source: model.embeddings.source.clone(),
        listed: imported
            .listed
            .as_ref()
            .map(|it| Arc::clone(&it.collection)),
        collection: model.library.collection.clone(),
        cache: workers.cache.clone(),
    };
    let probing = &mut model.probing;
    probing.error = None;
    if let ProbeJob::Curve(kind) = job {
        probing.show_curve(kind, empty_curve(probing.form));
    }
    let (slot, form) = (&mut probing.job, probing.form);
    let started = probe_table::start(slot, wanted, request, form, &workers.outbox);
    runs(model, job, started);
    true
}

pub(super) fn run(model: &mut AppState, workers: &mut Workers) {
    if on_table(model, workers, ProbeJob::Probe) {
        return;
    }
    if let Some(request) = request(model, workers) {
        let (slot, form) = (&mut model.probing.job, model.probing.form);
        let started = probe::start(slot, request, form, None, &workers.outbox);
        runs(model, ProbeJob::Probe, started);
    }
}

/// Trains on the groups that the user made; their names are labels, whatever task is chosen.
fn train_groups(model: &mut AppState, workers: &mut Workers) {
    let groups = model.probing.groups.clone();
    if !groups.can_be_learned() {
        return;
    }
    let form = model.probing.group_form();
    if let Some(request) = request(model, workers) {
        let slot = &mut model.probing.job;
        let started = probe::start(slot, request, form, Some(groups), &workers.outbox);
        runs(model, ProbeJob::Groups, started);
    }
}

/// A curve whose points are on their way.
fn empty_curve(form: ProbeSettings) -> ScoreCurve {
    ScoreCurve {
        task: form.task,
        about: format!(
            "{}, {} head, {}",
            form.task,
            form.head,
            protocol_name(&form.protocol.to_string())
        ),
        points: Vec::new(),
        baseline: None,
        notes: Vec::new(),
    }
}

fn draw_curve(model: &mut AppState, workers: &mut Workers, kind: CurveKind) {
    if on_table(model, workers, ProbeJob::Curve(kind)) {
        return;
    }
    if let Some(request) = request(model, workers) {
        let form = model.probing.form;
        model.probing.show_curve(kind, empty_curve(form));
        let slot = &mut model.probing.job;
        let started = probe::start_curve(slot, kind, request, form, &workers.outbox);
        runs(model, ProbeJob::Curve(kind), started);
    }
}

fn find_leaks(model: &mut AppState, workers: &mut Workers) {
    if on_table(model, workers, ProbeJob::Leaks) {
        return;
    }
    if let Some(request) = request(model, workers) {
        let form = model.probing.form;
        let settings = LeakSettings::of(form, &request.collection);
        let slot = &mut model.probing.job;
        let started = probe::start_leaks(slot, request, settings, &workers.outbox);
        runs(model, ProbeJob::Leaks, started);
    }
}

fn compare(model: &mut AppState, workers: &mut Workers) {
    let sources = model.compared_sources();
    if sources.is_empty() {
        return;
    }
    if let Some(request) = request(model, workers) {
        let settings = model.compare_settings();
        let slot = &mut model.probing.job;
        let started = probe::start_comparison(slot, sources, request, settings, &workers.outbox);
        runs(model, ProbeJob::Compare, started);
    }
}

fn diagnose(model: &mut AppState, workers: &mut Workers) {
    if let Some(request) = request(model, workers) {
        let settings = DiagnoseSettings {
            seed: model.probing.form.seed,
            channel: request.source.channel,
            ..DiagnoseSettings::default()
        };
        model.probing.diagnosis = Some(ShownDiagnosis {
            encoder: request.source.of_all_layers().title(),
            layers: Vec::new(),
            done: None,
        });
        let slot = &mut model.probing.job;
        let started = probe::start_diagnosis(slot, request, settings, &workers.outbox);
        runs(model, ProbeJob::Diagnose, started);
    }
}

/// Runs the probe of a cell, whose embeddings are in the cache, with the encoder that made it. Not while another job runs,
/// which would be given up.
fn open_compared(model: &mut AppState, workers: &mut Workers, row: usize, column: usize) {
    let shown = model.probing.comparison.as_ref();
    let probe = shown.and_then(|shown| shown.probe_of(row, column));
    if let Some((form, source)) = probe.filter(|_| !model.probing.job.is_running()) {
        encoder::apply(model, workers, EncoderCommand::Use(source));
        model.probing.form = form;
        show_tab_of(model, ProbeJob::Probe);
        run(model, workers);
    }
}

fn use_on(model: &mut AppState, workers: &mut Workers, on: Asked) {
    let Some(active) = &model.probing.active else {
        return;
    };
    let work = UseRequest {
        probe: Arc::clone(&active.probe),
        on,
        source: model.embeddings.source.clone(),
        mels: workers.cache.clone(),
    };
    model.probing.error = None;
    model.probing.predictions = None;
    let started = probe::start_use(&mut model.probing.job, work, &workers.outbox);
    runs(model, ProbeJob::Use, started);
}

/// What every job needs; `None` where there is nothing to work on, which is said.
fn request(model: &mut AppState, workers: &Workers) -> Option<EmbedRequest> {
    let probing = &mut model.probing;
    let Some(collection) = &model.library.collection else {
        probing.error = Some("There is no collection to probe; open a labelled folder".to_owned());
        return None;
    };
    probing.error = None;
    model.embeddings.asks_patch = None;
    Some(EmbedRequest::of(model, collection, workers.cache.as_ref()))
}

fn runs(model: &mut AppState, job: ProbeJob, started: Result<(), NoThread>) {
    let probing = &mut model.probing;
    probing.started = job;
    if let Err(error) = started {
        probing.error = Some(error.to_string());
    }
}

fn edit_view(model: &mut AppState, view: ProbeView) {
    let probing = &mut model.probing;
    let other_cell = (view.cell != probing.view.cell).then_some(view.cell);
    probing.edit_view(view);
    if let Some(cell) = other_cell {
        show_cell(model, cell);
    }
}

/// Lists the tracks of a cell, and marks them in the library, where they can be labelled together.
fn show_cell(model: &mut AppState, cell: Option<(usize, usize)>) {
    let probing = &mut model.probing;
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

/// Saves the numbers that the tab shows, at a path or where the user says.
fn save(model: &mut AppState, workers: &Workers, path: Option<PathBuf>) {
    let Some(sheet) = ProbeTable::of(model) else {
        return;
    };
    let at = match path {
        Some(path) => SaveAt::Path(path),
        None => {
            let question = Question::new_file("Save what the tab shows", sheet.file_name());
            SaveAt::Asking(Box::new(question))
        }
    };
    let saved = save_file::save("file", at, &workers.outbox, move |path| sheet.save(path));
    model.notices.error_of(saved);
}
