//! The verb `probe`.

use std::{fmt::Write, path::Path};

use anyhow::bail;
use mynascope_base::{counted, storage::path_to_text};
use serde_json::{Value, json};

use super::{
    arguments::{Common, Probe},
    console::{Console, Outcome, check_ending},
    embed,
    probe_curves::{Asked, Rows},
    tables,
};
use mynascope_embedding::Level;
use mynascope_probe::{
    self as probe, EncoderId, MadeBy, ProbeReport, ProbeSettings, ProbedTable, Protocol,
};

pub fn run(verb: &Probe, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let settings = settings(verb, common);
    if verb.protocol == Protocol::Paper && verb.head.is_some() {
        bail!("the protocol paper tries linear and MLP heads by itself; leave --head out");
    }
    if let Some(table) = &verb.embeddings {
        return of_table(verb, table, settings, common, console);
    }
    let collection = console.open(&verb.data)?;
    let encoder = embed::open_encoder(&verb.encoder, common, console)?;
    if let Some(path) = &verb.save {
        check_ending(path, "safetensors")?;
        if verb.mask_ratio.len() > 1 {
            bail!("one probe is kept, but --mask-ratio names several; name one");
        }
    }
    if !verb.leak {
        probe::check_labels(&collection, &settings)?;
    }
    let asked = Asked {
        verb,
        common,
        console,
        settings,
        collection: &collection,
        rows: Rows::Encoder(&encoder),
    };
    if let Some(outcome) = asked.curve()? {
        return Ok(outcome);
    }
    let mut skipped = Vec::new();
    let mut reports = Vec::new();
    for &ratio in &verb.mask_ratio {
        let extraction =
            embed::extract(&collection, &encoder, Level::Window, ratio, common, console)?;
        skipped = extraction.skipped;
        let table = &extraction.table;
        let watch = console.watch();
        let report = match &verb.save {
            None => probe::probe_collection(
                table,
                &collection,
                &MadeBy::of(&encoder),
                &settings,
                &watch,
            )?,
            Some(path) => {
                let id = EncoderId::of(&encoder, &verb.encoder.checkpoint);
                let (kept, report) =
                    probe::train_probe(table, &collection, &settings, &id, ratio, &watch)?;
                kept.save(path, embed::user_cache().as_ref())?;
                report
            }
        };
        reports.push((ratio.get(), report));
    }
    let mut text = String::new();
    for (ratio, report) in &reports {
        if reports.len() > 1 {
            writeln!(text, "mask ratio {ratio}")?;
        }
        text.push_str(&words(report)?);
    }
    let mut objects = reports
        .iter()
        .map(|(ratio, report)| object(*ratio, report))
        .collect::<anyhow::Result<Vec<Value>>>()?;
    let mut json = if objects.len() == 1 {
        objects.remove(0)
    } else {
        json!({"task": verb.task.to_string(), "protocol": verb.protocol.to_string(), "scores": objects})
    };
    if let Some(object) = json.as_object_mut() {
        object.insert("family".to_owned(), json!(encoder.info().family));
        object.insert("reading".to_owned(), json!(encoder.reading_in_use()));
    }
    Ok(Outcome {
        json,
        text: text.trim_end().to_owned(),
        skipped,
        incomplete: Vec::new(),
    })
}

/// Probes a table of embeddings from anywhere, with its own labels or those of lists.
fn of_table(
    verb: &Probe,
    path: &Path,
    settings: ProbeSettings,
    common: &Common,
    console: &Console,
) -> anyhow::Result<Outcome> {
    let table = tables::open_silent(path, console)?;
    let labels = match verb.labels.as_slice() {
        [] => None,
        paths => Some(console.open_labels(paths)?),
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let probed = ProbedTable::new(table, &name, labels.as_ref())?;
    console.add_notes_of(probed.note.as_slice());
    if !verb.leak {
        probe::check_labels(&probed.collection, &settings)?;
    }
    let asked = Asked {
        verb,
        common,
        console,
        settings,
        collection: &probed.collection,
        rows: Rows::Table(&probed.table),
    };
    if let Some(outcome) = asked.curve()? {
        return Ok(outcome);
    }
    let (made_by, watch) = (probed.made_by(), console.watch());
    let (table, collection) = (&probed.table, &probed.collection);
    let report = probe::probe_collection(table, collection, &made_by, &settings, &watch)?;
    let mut json = serde_json::to_value(&report)?;
    if let Some(object) = json.as_object_mut() {
        object.insert("metrics".to_owned(), metrics(&report));
        object.insert("embeddings".to_owned(), json!(path_to_text(path)));
    }
    Ok(Outcome::new(json, words(&report)?.trim_end().to_owned()))
}

/// What the options ask for; what they leave out is as the window has it.
fn settings(verb: &Probe, common: &Common) -> ProbeSettings {
    ProbeSettings {
        task: verb.task,
        head: verb.head.unwrap_or_default(),
        protocol: verb.protocol,
        seed: common.seed(),
    }
}

fn object(ratio: f64, report: &ProbeReport) -> anyhow::Result<Value> {
    let mut object = serde_json::to_value(report)?;
    if let Some(map) = object.as_object_mut() {
        map.insert("mask_ratio".to_owned(), json!(ratio));
        map.insert("metrics".to_owned(), metrics(report));
    }
    Ok(object)
}

fn metrics(report: &ProbeReport) -> Value {
    let mut metrics = json!({
        "score": report.score,
        "interval": report.interval,
        "baseline": report.baseline,
        "folds": report.folds,
        "deviation": report.deviation,
    });
    if let Some(metrics) = metrics.as_object_mut() {
        let named = report.metrics.iter();
        metrics.extend(named.map(|(name, value)| (name.clone(), json!(value))));
    }
    metrics
}

/// The report for people: the number first, then what it rests on.
pub fn words(report: &ProbeReport) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "{}: {} {} (95 % interval: {}; majority baseline: {})",
        report.task,
        report.metric,
        format_score(report, report.score),
        probe::format_interval(report.interval, |edge| format_score(report, edge)),
        format_score(report, report.baseline)
    )?;
    writeln!(
        text,
        "{}, protocol {}, tracks: {} train, {} valid, {} test; {}",
        probe::head_name(&report.head),
        probe::protocol_name(&report.protocol),
        report.split.train,
        report.split.valid,
        report.split.test,
        report.encoder
    )?;
    if let Some(deviation) = report.deviation {
        writeln!(
            text,
            "{} folds, standard deviation {}",
            report.folds.len(),
            format_score(report, deviation)
        )?;
    }
    if report.confusion.is_empty() {
        for target in &report.targets {
            let precision = target.precision.map_or_else(String::new, |value| {
                format!(", average precision {value:.3}")
            });
            writeln!(
                text,
                "  {} {:.3}{precision} ({})",
                target.name,
                target.score,
                counted(target.tracks, "track")
            )?;
        }
        for note in &report.notes {
            writeln!(text, "note: {note}")?;
        }
        return Ok(text);
    }
    let width = report
        .classes
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    writeln!(
        text,
        "rows: true label; columns: predicted label, in the same order"
    )?;
    for (name, row) in report.classes.iter().zip(&report.confusion) {
        let cells: String = row.iter().map(|count| format!("{count:>4}")).collect();
        writeln!(text, "  {name:<width$} {cells}")?;
    }
    for note in &report.notes {
        writeln!(text, "note: {note}")?;
    }
    Ok(text)
}

/// A score as people say it: shares in percent, other scores as numbers.
pub fn format_score(report: &ProbeReport, score: f64) -> String {
    crate::gui::model::format_score(&report.metric, score)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::{
        cli::arguments::{Arguments, Verb},
        gui::model::Probing,
    };

    /// Without options a verb asks for what the form of the window shows at the first start; and curves and leaks are
    /// made of these settings by one function each, for both.
    #[test]
    fn without_options_a_verb_asks_for_what_the_window_does() {
        for more in [
            "",
            "--mask-curve",
            "--patchout-curve",
            "--few-shot",
            "--layers",
            "--leak",
        ] {
            let words = ["mynascope", "probe", "--data", "demo", more];
            let words = words.iter().filter(|word| !word.is_empty());
            let arguments = Arguments::try_parse_from(words).unwrap();
            let Some(Verb::Probe(verb)) = &arguments.verb else {
                panic!("{more}");
            };
            let asked = settings(verb, &arguments.common);
            assert_eq!(asked, Probing::default().form, "{more}");
            assert_eq!(asked, ProbeSettings::default(), "{more}");
        }
    }
}
