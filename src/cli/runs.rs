//! The verb `runs`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use anyhow::bail;
use mynascope_base::{
    counted,
    storage::{Folders, path_to_text},
};
use mynascope_train::{self as train, RunChange};
use serde_json::{Value, json};

use super::{arguments::Runs, console::Outcome};
use crate::gui::work::past_run;

pub fn run(verb: &Runs) -> anyhow::Result<Outcome> {
    let runs = match &verb.folder {
        Some(folder) => folder.clone(),
        None => Folders::of_user()?.data.join("runs"),
    };
    match verb {
        Runs {
            rename: Some(run),
            name: Some(name),
            ..
        } => Ok(changed(&train::rename_run(&named(&runs, run), name)?)),
        Runs { delete, .. } if !delete.is_empty() => {
            let mut outcome = Outcome::new(json!({"deleted": []}), String::new());
            let mut moved = Vec::new();
            for run in delete {
                let change = train::delete_run(&named(&runs, run))?;
                let (_, text) = say(&change);
                moved.push(json_of(&change));
                writeln!(outcome.text, "{text}")?;
            }
            outcome.json = json!({ "deleted": moved });
            outcome.text.truncate(outcome.text.trim_end().len());
            Ok(outcome)
        }
        Runs { restore, .. } if !restore.is_empty() => {
            let mut back = Vec::new();
            for name in restore {
                back.push(path_to_text(&train::restore_run(&runs, name)?));
            }
            let text = format!("back: {}", back.join(", "));
            Ok(Outcome::new(json!({ "restored": back }), text))
        }
        Runs {
            empty_trash: true, ..
        } => {
            let count = train::empty_trash(&runs)?;
            let text = format!("{} deleted for good", counted(count, "run"));
            Ok(Outcome::new(json!({ "deleted_for_good": count }), text))
        }
        Runs {
            rename: Some(_), ..
        } => bail!("say the new name with --name"),
        _ => list(&runs),
    }
}

/// A run by its name among the runs, or by its path.
fn named(runs: &Path, run: &Path) -> PathBuf {
    match run.components().count() {
        1 if !run.is_dir() || runs.join(run).is_dir() => runs.join(run),
        _ => run.to_path_buf(),
    }
}

fn say(change: &RunChange) -> (&'static str, String) {
    match change {
        RunChange::Renamed { to, .. } => ("renamed", format!("renamed: {}", to.display())),
        RunChange::Deleted { to, .. } => (
            "deleted",
            format!("in the trash (--restore brings it back): {}", to.display()),
        ),
    }
}

fn json_of(change: &RunChange) -> Value {
    let (RunChange::Renamed { from, to } | RunChange::Deleted { from, to }) = change;
    json!({"from": path_to_text(from), "to": path_to_text(to)})
}

fn changed(change: &RunChange) -> Outcome {
    let (word, text) = say(change);
    Outcome::new(json!({ word: json_of(change) }), text)
}

fn list(runs: &Path) -> anyhow::Result<Outcome> {
    let rows = past_run::rows(runs);
    let trash = train::trashed_runs(runs);
    let mut text = format!("{} in {}", counted(rows.len(), "run"), runs.display());
    for row in &rows {
        let name = row.name();
        let step = counted(row.step, "step");
        let stands = row.stands_for.as_deref().unwrap_or("no checkpoint yet");
        write!(text, "\n  {name}  {step}; as an encoder: {stands}")?;
    }
    if !trash.is_empty() {
        write!(text, "\nin the trash: {}", trash.join(", "))?;
    }
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "name": row.name(),
                "path": path_to_text(&row.folder),
                "step": row.step,
                "loss": row.loss,
                "stands_for": row.stands_for,
                "best": row.best,
                "problem": row.config.as_ref().err(),
            })
        })
        .collect();
    Ok(Outcome::new(json!({ "runs": rows, "trash": trash }), text))
}
