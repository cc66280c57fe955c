//! What is like a file or a stretch, and which tracks are near-duplicates.

use std::path::PathBuf;

use crate::gui::{
    command_line::CommandLine,
    jobs::{JobEvent, JobUpdate},
    message::{MapMessage, Message},
    model::{AppState, Duplicates, ListTab, Query, QueryAnswer},
    work::{
        Workers,
        ask_file::{self, Question},
        query::{QueryRequest, start_duplicates, start_query},
    },
};
use mynascope_audio::EXTENSIONS;

use super::{copy_text, neighbours};

/// Looks for what is like the selected stretch of the shown track.
pub(super) fn region(model: &mut AppState, workers: &mut Workers) {
    let path = model.spectrogram.path().map(std::path::Path::to_path_buf);
    let (Some(path), Some(selection)) = (path, model.transport.form.selection) else {
        let text = "Select a stretch first: drag over the spectrogram";
        return model.notices.note(text);
    };
    let stretch = [selection.start_secs, selection.end_secs];
    ask(model, workers, Query::Stretch(path, stretch));
}

/// Looks for what is like a file, and where it lands on the map.
pub(super) fn file(model: &mut AppState, workers: &mut Workers, path: PathBuf) {
    ask(model, workers, Query::File(path));
}

/// Asks for the file.
pub(super) fn choose(model: &mut AppState, workers: &mut Workers) {
    let question = Question::file("What is like this file?").filter("Sound", EXTENSIONS);
    let asked = ask_file::ask(question, &workers.outbox, |path| {
        Message::Map(MapMessage::QueryChosen(path))
    });
    model.notices.error_of(asked);
}

fn ask(model: &mut AppState, workers: &mut Workers, query: Query) {
    let Some(table) = neighbours::table(model) else {
        return model.notices.note(format!(
            "Nothing to compare with yet: press Compute map in the Map layout ({})",
            neighbours::shortcut()
        ));
    };
    model.lists.form.tab = ListTab::Neighbours;
    let (path, stretch) = match &query {
        Query::Stretch(path, stretch) => (path.clone(), Some(*stretch)),
        Query::File(path) => (path.clone(), None),
        Query::Spot(spot) => return neighbours::look_around(model, workers, spot.clone()),
    };
    let chart = model.mapping.chart.as_ref();
    let on_map = chart.is_some_and(|chart| !chart.points_of(&path).is_empty());
    // A stretch of a track of the map has its place there already.
    let map = chart
        .filter(|_| !on_map)
        .map(|chart| (chart.level, chart.xy.clone()));
    // One search at a time.
    model.lists.job.stop();
    model.neighbours.ask(query);
    let request = QueryRequest {
        path,
        stretch,
        table,
        map,
    };
    let slot = &mut model.neighbours.job;
    if let Err(error) = start_query(slot, request, &workers.outbox) {
        model.neighbours.give_up();
        model.neighbours.problem = Some(error.to_string());
    }
}

/// Takes in what the search for what is like a file or a stretch tells.
pub(super) fn receive(model: &mut AppState, update: JobUpdate<QueryAnswer>) {
    match model.neighbours.job.take(update) {
        Some(JobEvent::Found(answer)) => {
            model.neighbours.list(answer.found);
            model.neighbours.landed = answer.landed;
        }
        Some(JobEvent::Ended(Err(why))) => {
            model.neighbours.list(Vec::new());
            model.neighbours.problem = Some(why);
        }
        Some(JobEvent::Ended(Ok(()))) | None => {}
    }
}

/// Looks for near-duplicates.
pub(super) fn duplicates(model: &mut AppState, workers: &mut Workers) {
    let Some(table) = neighbours::table(model) else {
        return model.notices.note(format!(
            "Near-duplicates need embeddings: press Compute map in the Map layout ({})",
            neighbours::shortcut()
        ));
    };
    // One search at a time.
    if model.neighbours.job.is_running() {
        model.neighbours.give_up();
    }
    let lists = &mut model.lists;
    lists.form.tab = ListTab::Duplicates;
    lists.error = None;
    let slot = &mut lists.job;
    if let Err(error) = start_duplicates(slot, table, lists.form.threshold, &workers.outbox) {
        lists.error = Some(error.to_string());
    }
}

/// Takes in what the search for near-duplicates tells.
pub(super) fn receive_duplicates(model: &mut AppState, update: JobUpdate<Duplicates>) {
    let lists = &mut model.lists;
    match lists.job.take(update) {
        Some(JobEvent::Found(duplicates)) => lists.duplicates = Some(duplicates),
        Some(JobEvent::Ended(Err(why))) => lists.error = Some(why),
        Some(JobEvent::Ended(Ok(()))) | None => {}
    }
}

/// Ends the search that runs.
pub(super) fn stop(model: &mut AppState) {
    model.lists.job.stop();
    model.neighbours.give_up();
}

/// Puts the command that makes the shown list on the clipboard.
pub(super) fn copy(model: &mut AppState, workers: &Workers) {
    let source = match neighbours::table(model) {
        Some(table) => table.key.source.clone(),
        None => model.embeddings.source.clone(),
    };
    let embed = CommandLine::verb("embed")
        .arguments(&model.library.sources)
        .option("out", "embeddings.npz");
    let imported = model.mapping.imported_chart();
    let verb = CommandLine::verb("neighbours");
    let verb = match imported {
        Some(imported) => verb.argument(&imported.path),
        None => verb.argument("embeddings.npz"),
    };
    let verb = match model.lists.form.tab {
        ListTab::Neighbours => match &model.neighbours.query {
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
            let threshold = model.lists.form.threshold;
            verb.option("duplicates", threshold.to_string())
        }
        ListTab::Moved => verb.option("moved", "other.npz"),
    };
    let line = match imported {
        Some(_) => verb.to_line(),
        None => format!("{} && {}", source.options(embed).to_line(), verb.to_line()),
    };
    copy_text(model, workers, line, "The command");
}
