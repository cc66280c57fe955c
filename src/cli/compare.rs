//! The verb `compare`.

use std::{cell::RefCell, collections::HashSet, fmt::Write};

use super::{
    arguments::{Common, Compare},
    console::{Console, Outcome},
    embed,
};
use crate::gui::model::format_score;
use mynascope_encoder::LoadOptions;
use mynascope_probe::{
    self as probe, CompareSettings, ComparedCell, ComparedEncoder, ComparedScore, Comparison,
    NamedEncoder,
};

pub fn run(verb: &Compare, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let collection = console.open(&verb.data)?;
    let encoders = verb.encoders.iter().map(|checkpoint| NamedEncoder {
        name: checkpoint.to_string(),
        checkpoint: checkpoint.clone(),
        options: LoadOptions::default(),
        device: common.device(),
    });
    let encoders: Vec<NamedEncoder> = encoders.collect();
    let settings = settings(verb, common);
    // Every score is told once, as soon as it is known.
    let told = RefCell::new(HashSet::new());
    let table = probe::compare(
        &collection,
        &encoders,
        &settings,
        embed::user_cache().as_ref(),
        &console.watch(),
        &mut |table| {
            for (row, encoder) in table.encoders.iter().enumerate() {
                let cells = table.tasks.iter().zip(&encoder.scores);
                for (task, cell) in cells.filter(|(_, cell)| **cell != ComparedCell::Waiting) {
                    if told.borrow_mut().insert((row, *task)) {
                        console.note(&format!("{}, {task}: {}", encoder.name, words(cell)));
                    }
                }
            }
        },
    )?;
    console.caveats(table.caveats.iter().cloned());
    let differences = table.differences();
    let mut json = serde_json::to_value(&table)?;
    if let Some(object) = json.as_object_mut() {
        object.insert(
            "differences".to_owned(),
            serde_json::to_value(&differences)?,
        );
    }
    let mut text = text(&table)?;
    for one in &differences {
        write!(
            text,
            "\n{}: {}",
            one.task,
            one.difference.words(&one.first, &one.second)
        )?;
    }
    Ok(Outcome {
        json,
        text,
        skipped: table.skipped,
        incomplete: Vec::new(),
    })
}

/// What the options ask for; what they leave out is as the window has it.
fn settings(verb: &Compare, common: &Common) -> CompareSettings {
    let default = CompareSettings::default();
    CompareSettings {
        tasks: match verb.tasks.as_slice() {
            [] => default.tasks.clone(),
            tasks => tasks.to_vec(),
        },
        head: verb.head.unwrap_or(default.head),
        protocol: verb.protocol,
        seed: common.seed(),
        layers: verb.layers,
        channel: common.channel(),
    }
}

/// A cell in one line.
fn words(cell: &ComparedCell) -> String {
    match cell {
        ComparedCell::Waiting => "-".to_owned(),
        ComparedCell::Problem(why) => why.clone(),
        ComparedCell::Score(found) => {
            let ComparedScore { score, .. } = found.as_ref();
            let format = |value| format_score(&score.metric, value);
            let interval = probe::format_interval(score.interval, format);
            format!("{} ({interval})", format(score.score))
        }
    }
}

/// The table for people: a block of lines for each task, the best first.
fn text(table: &Comparison) -> Result<String, std::fmt::Error> {
    let mut text = format!(
        "{}: {} head, protocol {}, {} layers; 95 % intervals",
        table.collection, table.head, table.protocol, table.layers
    );
    let widths = table.encoders.iter().map(|row| row.name.chars().count());
    let width = widths.max().unwrap_or(0);
    for (column, task) in table.tasks.iter().enumerate() {
        let first = table.scores_of(column).next();
        let metric = first.map_or("", |(_, found)| found.score.metric.as_str());
        write!(text, "\n{task} ({metric})")?;
        if let Some((_, found)) = first {
            let constant = format_score(metric, found.score.baseline);
            write!(text, ", majority baseline {constant}")?;
        }
        let mut rows: Vec<&ComparedEncoder> = table.encoders.iter().collect();
        let worth = |row: &ComparedEncoder| {
            let found = row.scores.get(column).and_then(ComparedCell::score);
            found.map_or(f64::NEG_INFINITY, |found| found.score.score)
        };
        rows.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
        for row in rows.into_iter().filter(|row| row.problem.is_none()) {
            let Some(cell) = row.scores.get(column) else {
                continue;
            };
            let read = cell.score().map_or("", |it| it.score.encoder_read.as_str());
            write!(text, "\n  {:<width$}  {}  {read}", row.name, words(cell))?;
        }
    }
    for row in &table.encoders {
        match &row.problem {
            Some(why) => write!(text, "\nnote: {} could not be compared: {why}", row.name)?,
            None => write!(text, "\n{}: {:.1} s", row.name, row.seconds)?,
        }
    }
    for left_out in &table.left_out {
        write!(text, "\nnote: no task {}: {}", left_out.task, left_out.why)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::{
        cli::arguments::{Arguments, Verb},
        gui::model::AppState,
    };

    #[test]
    fn without_options_the_verb_asks_for_what_the_window_does() {
        let words = ["mynascope", "compare", "--data", "demo"];
        let arguments = Arguments::try_parse_from(words).unwrap();
        let Some(Verb::Compare(verb)) = &arguments.verb else {
            panic!("{arguments:?}");
        };
        let asked = settings(verb, &arguments.common);
        assert_eq!(asked, AppState::default().compare_settings());
        assert_eq!(asked, CompareSettings::default());
    }
}
