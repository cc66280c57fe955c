//! Reads a run that was trained before, for the Train panel.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    encoder::CheckpointRef,
    gui::{
        message::{Message, Outbox},
        model::{PastRun, TrainMessage},
    },
    train::{StepRecord, TrainConfig, TrainSummary},
};

/// Reads a run on a thread of its own; the window is told the end.
pub fn read_aside(folder: PathBuf, outbox: &Outbox) -> std::io::Result<()> {
    let outbox = outbox.clone();
    std::thread::Builder::new()
        .name("read run".to_owned())
        .spawn(move || {
            let run = read_run(&folder).map(Box::new);
            outbox.send(Message::Train(TrainMessage::Read(run)));
        })?;
    Ok(())
}

/// Reads settings, steps and checkpoint of a run folder.
pub fn read_run(folder: &Path) -> Result<PastRun, String> {
    let config = TrainConfig::of_run(folder).map_err(|error| error.to_string())?;
    let log = folder.join("log.jsonl");
    let text = fs::read_to_string(&log).map_err(|error| {
        format!(
            "The steps of the run cannot be read ({error}); choose another run: {}",
            log.display()
        )
    })?;
    // The last line of a run that was killed may be torn.
    let records: Vec<StepRecord> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let checkpoint = CheckpointRef::File(folder.to_path_buf())
        .resolve()
        .map_err(|error| error.to_string())?;
    let (Some(first), Some(last), Some(checkpoint)) = (records.first(), records.last(), checkpoint)
    else {
        return Err(format!(
            "The run has not done a step yet; choose another, or go on with it: {}",
            folder.display()
        ));
    };
    let speeds: f64 = records.iter().map(|record| record.windows_per_second).sum();
    let summary = TrainSummary {
        steps: last.step,
        loss_first: first.loss,
        loss_last: last.loss,
        windows_per_second: speeds / records.len() as f64,
        checkpoint,
        stopped: last.step < config.steps,
        skipped_steps: 0,
        stall: 0.0,
        skipped_tracks: Vec::new(),
        notes: Vec::new(),
    };
    Ok(PastRun {
        folder: folder.to_path_buf(),
        config,
        records,
        summary,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_no_run_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_run(folder.path()).unwrap_err();
        assert!(error.contains("config.toml"), "{error}");
        assert!(
            error.ends_with(&folder.path().display().to_string()),
            "{error}"
        );
    }
}
