//! The verb `inspect`.

use std::fmt::Write;

use serde_json::json;

use super::{arguments::Inspect, console::Outcome};
use mynascope_encoder::{self as encoder, Family, LoadOptions};

pub fn run(verb: &Inspect) -> anyhow::Result<Outcome> {
    let options = LoadOptions {
        weights: verb.weights.clone(),
        heads: verb.heads,
        ..LoadOptions::default()
    };
    let report = encoder::inspect_with(&verb.checkpoint, verb.preset, &options)?;
    let mut text = String::new();
    if let Some(step) = encoder::say_step_of_run(&verb.checkpoint) {
        writeln!(text, "checkpoint  {step}")?;
    }
    writeln!(
        text,
        "family      {}, by {}",
        report.family, report.recognised_by
    )?;
    match (report.family, report.kind) {
        (_, Some(kind)) => writeln!(text, "kind        {kind}")?,
        (Family::Myna, None) => writeln!(text, "kind        square or vertical")?,
        _ => {}
    }
    writeln!(text, "dim         {}", report.dim)?;
    writeln!(text, "depth       {}", report.depth)?;
    writeln!(text, "heads       {}", report.heads)?;
    writeln!(text, "mlp         {}", report.mlp_dim)?;
    writeln!(text, "parameters  {}", report.parameters)?;
    let readouts: Vec<String> = report.readouts.iter().map(ToString::to_string).collect();
    writeln!(text, "readouts    {}", readouts.join(", "))?;
    for found in report.encoders.iter().filter(|_| report.encoders.len() > 1) {
        let chosen = if found.chosen { ", used here" } else { "" };
        writeln!(
            text,
            "weights     {} ({}{chosen})",
            found.weights, found.role
        )?;
    }
    for (what, tensors) in [
        ("missing", &report.missing),
        ("unexpected", &report.unexpected),
        ("mis-shaped", &report.misshaped),
    ] {
        let shown = if tensors.is_empty() {
            "none".to_owned()
        } else {
            tensors.join(", ")
        };
        writeln!(text, "{what:11} {shown}")?;
    }
    if let Some(files) = &report.other_files {
        writeln!(text, "{files}")?;
    }
    let left_out = report.say_left_out().unwrap_or_else(|| "none".to_owned());
    writeln!(text, "left out    {left_out}")?;
    if !report.note.is_empty() {
        writeln!(text, "{}", report.note)?;
    }
    let problem = report
        .problem
        .as_ref()
        .map(|why| format!("the encoder cannot be used: {why}"));
    Ok(Outcome {
        incomplete: problem
            .map(|why| (verb.checkpoint.clone(), why))
            .into_iter()
            .collect(),
        ..Outcome::new(json!(report), text.trim_end().to_owned())
    })
}
