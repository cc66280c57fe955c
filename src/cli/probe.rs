use std::fmt::Write;

use serde_json::{Value, json};

use super::{
    arguments::{Common, Probe},
    console::{Console, Outcome},
    embed,
};
use crate::{
    collection,
    embedding::Level,
    probe::{self, ProbeReport, ProbeSettings},
};

pub fn run(verb: &Probe, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let collection = collection::open(&verb.data, &console.watch())?;
    let encoder = embed::open_encoder(&verb.encoder, common, console)?;
    let settings = ProbeSettings {
        head: verb.head,
        protocol: verb.protocol,
        seed: common.seed(),
    };
    let mut skipped = Vec::new();
    let mut reports = Vec::new();
    for &ratio in &verb.mask_ratio {
        let extraction =
            embed::extract(&collection, &encoder, Level::Window, ratio, common, console)?;
        skipped = extraction.skipped;
        let report = probe::probe_genre(&extraction.table, &settings, &console.watch())?;
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
    let json = if objects.len() == 1 {
        objects.remove(0)
    } else {
        json!({"task": verb.task.to_string(), "protocol": verb.protocol.to_string(), "scores": objects})
    };
    Ok(Outcome {
        json,
        text: text.trim_end().to_owned(),
        skipped,
    })
}

fn object(ratio: f64, report: &ProbeReport) -> anyhow::Result<Value> {
    let mut object = serde_json::to_value(report)?;
    if let Some(map) = object.as_object_mut() {
        map.insert("mask_ratio".to_owned(), json!(ratio));
        map.insert(
            "metrics".to_owned(),
            json!({
                "accuracy": report.accuracy,
                "interval": report.interval,
                "majority": report.majority,
                "folds": report.folds,
                "deviation": report.deviation,
            }),
        );
    }
    Ok(object)
}

/// The report for people: the number first, then what it rests on.
pub fn words(report: &ProbeReport) -> Result<String, std::fmt::Error> {
    let percent = |share: f64| 100.0 * share;
    let mut text = String::new();
    writeln!(
        text,
        "{}: accuracy {:.1} % (95 % interval {:.1} to {:.1}; always the most frequent class: {:.1})",
        report.task,
        percent(report.accuracy),
        percent(report.interval[0]),
        percent(report.interval[1]),
        percent(report.majority)
    )?;
    writeln!(
        text,
        "{} head, protocol {}, tracks: {} train, {} valid, {} test; {}",
        report.head,
        report.protocol,
        report.split.train,
        report.split.valid,
        report.split.test,
        report.encoder
    )?;
    if let Some(deviation) = report.deviation {
        writeln!(
            text,
            "{} folds, standard deviation {:.1} points",
            report.folds.len(),
            percent(deviation)
        )?;
    }
    let width = report
        .classes
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    writeln!(
        text,
        "rows: what it is; columns: what the probe says, in the same order"
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
