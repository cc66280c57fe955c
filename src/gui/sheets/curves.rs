//! Every step of a run as a table.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Map, Value};

use super::save_bytes;

/// Writes every step of a run with everything that its log holds.
///
/// # Errors
/// Why it could not be saved, in a sentence.
pub fn save_table(run: &Path, path: &Path) -> Result<(), String> {
    let log = run.join("log.jsonl");
    let text = fs::read_to_string(&log).map_err(|error| {
        format!(
            "The steps of the run cannot be read ({error}); choose another run: {}",
            log.display()
        )
    })?;
    let steps: Vec<Map<String, Value>> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let first = ["step", "epoch", "loss"];
    let others: BTreeSet<&str> = steps
        .iter()
        .flat_map(|step| step.keys().map(String::as_str))
        .filter(|name| !first.contains(name))
        .collect();
    let columns: Vec<&str> = first.into_iter().chain(others).collect();
    let mut lines = columns.join(",") + "\n";
    for step in &steps {
        let cell = |name: &&str| step.get(*name).map_or(String::new(), Value::to_string);
        let cells: Vec<String> = columns.iter().map(cell).collect();
        lines += &(cells.join(",") + "\n");
    }
    save_bytes(path, lines.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_step_and_everything_that_was_measured() {
        let folder = tempfile::tempdir().unwrap();
        let lines = "{\"step\":1,\"epoch\":0,\"loss\":-0.5,\"lr\":0.1}\n\
                     {\"step\":2,\"epoch\":0,\"loss\":-0.75,\"lr\":0.1,\"accuracy\":0.25}\n{\"st";
        fs::write(folder.path().join("log.jsonl"), lines).unwrap();
        let path = folder.path().join("steps.csv");
        save_table(folder.path(), &path).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "step,epoch,loss,accuracy,lr\n1,0,-0.5,,0.1\n2,0,-0.75,0.25,0.1\n"
        );
    }
}
