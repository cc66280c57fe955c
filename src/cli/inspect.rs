use std::fmt::Write;

use serde_json::json;

use super::{arguments::Inspect, console::Outcome};
use mynascope_encoder as encoder;

pub fn run(verb: &Inspect) -> anyhow::Result<Outcome> {
    let report = encoder::inspect(&verb.checkpoint, verb.preset)?;
    let mut text = String::new();
    if let Some(step) = encoder::say_step_of_run(&verb.checkpoint) {
        writeln!(text, "checkpoint  {step}")?;
    }
    let kind = report
        .kind
        .map_or_else(|| "square or vertical".to_owned(), |kind| kind.to_string());
    writeln!(text, "kind        {kind}")?;
    writeln!(text, "dim         {}", report.dim)?;
    writeln!(text, "depth       {}", report.depth)?;
    writeln!(text, "heads       {}", report.heads)?;
    writeln!(text, "mlp         {}", report.mlp_dim)?;
    writeln!(text, "parameters  {}", report.parameters)?;
    for (what, tensors) in [
        ("missing", &report.missing),
        ("unexpected", &report.unexpected),
        ("mis-shaped", &report.misshaped),
        ("ignored", &report.ignored),
    ] {
        let shown = if tensors.is_empty() {
            "none".to_owned()
        } else {
            tensors.join(", ")
        };
        writeln!(text, "{what:11} {shown}")?;
    }
    if !report.note.is_empty() {
        writeln!(text, "{}", report.note)?;
    }
    Ok(Outcome::new(json!(report), text.trim_end().to_owned()))
}
