//! What is like a file or a stretch, and which tracks are near-duplicates.

use std::path::PathBuf;

use crate::gui::{
    command_line::CommandLine,
    model::{Duplicates, JobId, ListTab, Model, Query, Running},
    work::{
        Workers,
        choose::{self, Wanted},
        near::Answer,
        query::QueryRequest,
    },
};
use mynascope_base::jobs::Progress;

use super::{near, no_thread};

/// Looks for what is like the selected stretch of the shown track.
pub(super) fn region(model: &mut Model, workers: &mut Workers) {
    let path = model.spectrogram.path().map(std::path::Path::to_path_buf);
    let (Some(path), Some(selection)) = (path, model.transport.selection) else {
        let text = "Select a stretch first: drag over the spectrogram";
        return model.notices.note(text);
    };
    let stretch = [selection.start_secs, selection.end_secs];
    ask(model, workers, Query::Stretch(path, stretch));
}

/// Looks for what is like a file, and where it lands on the map.
pub(super) fn file(model: &mut Model, workers: &mut Workers, path: PathBuf) {
    ask(model, workers, Query::File(path));
}

/// Asks for the file.
pub(super) fn choose(model: &mut Model, workers: &mut Workers) {
    if let Err(error) = choose::ask(Wanted::Query, &workers.outbox) {
        model.notices.error(no_thread(&error));
    }
}

fn ask(model: &mut Model, workers: &mut Workers, query: Query) {
    let Some(table) = near::table(model) else {
        return model.notices.note(format!(
            "Nothing to compare with yet: press Compute map in the Map layout ({})",
            near::shortcut()
        ));
    };
    model.lists.tab = ListTab::Near;
    let (path, stretch) = match &query {
        Query::Stretch(path, stretch) => (path.clone(), Some(*stretch)),
        Query::File(path) => (path.clone(), None),
        Query::Spot(spot) => return near::look_around(model, workers, spot.clone()),
    };
    let chart = model.mapping.chart.as_ref();
    let on_map = chart.is_some_and(|chart| !chart.points_of(&path).is_empty());
    // A stretch of a track of the map has its place there already.
    let map = chart
        .filter(|_| !on_map)
        .map(|chart| (chart.level, chart.xy.clone()));
    let number = model.nearby.ask(query);
    let request = QueryRequest {
        number,
        path,
        stretch,
        table,
        map,
    };
    match workers.query.query(request, &workers.outbox) {
        Ok(job) => model.nearby.running = Some(Running::new(job, "starting")),
        Err(error) => {
            model.nearby.give_up();
            model.nearby.problem = Some(no_thread(&error));
        }
    }
}

pub(super) fn progress(model: &mut Model, job: JobId, progress: Progress) {
    for running in [&mut model.nearby.running, &mut model.lists.running] {
        if let Some(running) = running.as_mut().filter(|running| running.id == job) {
            running.report(progress.clone());
        }
    }
}

/// A file or a stretch was compared.
pub(super) fn queried(model: &mut Model, number: u64, result: Result<Answer, String>) {
    let (answer, problem) = match result {
        Ok(answer) => (answer, None),
        Err(why) => (Answer::default(), Some(why)),
    };
    if model.nearby.answered(number, answer.found).is_some() {
        model.nearby.landed = answer.landed;
        model.nearby.problem = problem;
    }
}

/// Looks for near-duplicates.
pub(super) fn duplicates(model: &mut Model, workers: &mut Workers) {
    let Some(table) = near::table(model) else {
        return model.notices.note(format!(
            "Near-duplicates need embeddings: press Compute map in the Map layout ({})",
            near::shortcut()
        ));
    };
    // One job at a time: a search that still runs for a file is given up.
    if model.nearby.running.is_some() {
        model.nearby.give_up();
    }
    let lists = &mut model.lists;
    lists.tab = ListTab::Duplicates;
    lists.error = None;
    let started = workers
        .query
        .duplicates(table, lists.threshold, &workers.outbox);
    match started {
        Ok(job) => lists.running = Some(Running::new(job, "comparing windows")),
        Err(error) => lists.error = Some(no_thread(&error)),
    }
}

/// Pairs of tracks were found.
pub(super) fn duplicates_found(model: &mut Model, result: Result<Duplicates, String>) {
    let lists = &mut model.lists;
    if lists.running.take().is_some() {
        match result {
            Ok(duplicates) => lists.duplicates = Some(duplicates),
            Err(why) => lists.error = Some(why),
        }
    }
}

/// Ends the job that runs.
pub(super) fn stop(model: &mut Model, workers: &mut Workers) {
    workers.query.stop();
    model.lists.running = None;
    model.nearby.give_up();
}

/// Puts the command that makes the shown list on the clipboard.
pub(super) fn copy(model: &mut Model, workers: &Workers) {
    let source = match near::table(model) {
        Some(table) => table.key.source.clone(),
        None => model.embeddings.source.clone(),
    };
    let embed = CommandLine::verb("embed")
        .arguments(&model.library.sources)
        .option("out", "embeddings.npz");
    let verb = CommandLine::verb("neighbours").argument("embeddings.npz");
    let verb = match model.lists.tab {
        ListTab::Near => match &model.nearby.query {
            Some(Query::Spot(spot)) => verb
                .option("query", &spot.path)
                .option("at", format!("{:.3}", spot.start_secs)),
            Some(Query::Stretch(path, [start, end])) => source.options(
                verb.option("query", path)
                    .option("from", format!("{start:.3}"))
                    .option("to", format!("{end:.3}")),
            ),
            Some(Query::File(path)) => source.options(verb.option("query", path)),
            None => return model.notices.note("There is no list yet"),
        },
        ListTab::Duplicates => {
            let threshold = model.lists.threshold;
            verb.option("duplicates", threshold.to_string())
        }
        ListTab::Moved => verb.option("moved", "other.npz"),
    };
    let line = format!("{} && {}", source.options(embed).to_line(), verb.to_line());
    workers.outbox.copy_text(line);
    model.notices.note("The command is on the clipboard");
}
