//! Reads runs that were trained before, for the Train layout.

use std::{
    fs,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use crate::gui::{
    jobs::{JobSlot, NoThread},
    message::{Message, Outbox, ReadFor, TrainMessage},
    model::{RunRow, RunView, SavedStep},
};
use mynascope_encoder::{CheckpointRef, say_step_of_run};
use mynascope_train::{BestStep, ProbeRecord, StepRecord, StepSnapshot, TrainConfig};

/// Rows of the table of runs at most: the newest ones.
const MOST_ROWS: usize = 500;
/// The last step of a run stands in so many bytes at the end of its log.
const TAIL_BYTES: u64 = 16 << 10;

/// Reads a run in the background.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start_run(
    slot: &mut JobSlot<Box<RunView>>,
    what_for: ReadFor,
    folder: PathBuf,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let wrap = match what_for {
        ReadFor::Show => |update| Message::Train(TrainMessage::Read(ReadFor::Show, update)),
        ReadFor::Overlay => |update| Message::Train(TrainMessage::Read(ReadFor::Overlay, update)),
    };
    slot.start("read-run", outbox, wrap, broke_off, move |job| {
        let run = read_run(&folder, None)?;
        if run.last.is_none() {
            return Err(format!(
                "The run has not done a step yet; choose another, or go on with it: {}",
                folder.display()
            ));
        }
        job.found(Box::new(run));
        Ok(())
    })
}

fn broke_off(fault: String) -> String {
    format!("The runs could not be read ({fault}); look into their folder for a damaged one")
}

/// Reads in the background what the batch and the map of a step looked like, beside its weights.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start_step(
    slot: &mut JobSlot<Box<StepSnapshot>>,
    weights: PathBuf,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let wrap = |update| Message::Train(TrainMessage::Step(update));
    slot.start("read-step", outbox, wrap, broke_off, move |job| {
        let look = weights.parent().and_then(StepSnapshot::of_step);
        job.found(Box::new(look.unwrap_or_default()));
        Ok(())
    })
}

/// Reads the runs of a folder in the background.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start_table(
    slot: &mut JobSlot<Vec<RunRow>>,
    folder: PathBuf,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let wrap = |update| Message::Train(TrainMessage::Table(update));
    slot.start("read-runs", outbox, wrap, broke_off, move |job| {
        job.found(rows(&folder));
        Ok(())
    })
}

/// Reads settings, steps (up to one of them) and checkpoints of a run folder.
///
/// # Errors
/// Why the run cannot be read, for people.
pub fn read_run(folder: &Path, until: Option<u64>) -> Result<RunView, String> {
    let config = TrainConfig::of_run(folder).map_err(|error| error.to_string())?;
    let mut run = RunView::new(folder.to_path_buf(), config);
    let wanted = |record: &StepRecord| until.is_none_or(|until| record.step <= until);
    for record in records(folder)?.into_iter().filter(wanted) {
        run.take(record);
    }
    let probes = fs::read_to_string(folder.join("probe.jsonl")).unwrap_or_default();
    let probes = probes
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let wanted = |probe: &ProbeRecord| until.is_none_or(|until| probe.step <= until);
    for probe in probes.filter(wanted) {
        run.score(&probe);
    }
    run.saved = saved_steps(folder);
    run.newest = newest_look(&run.saved).unwrap_or_default();
    run.checkpoint = CheckpointRef::File(folder.to_path_buf())
        .resolve()
        .ok()
        .flatten();
    Ok(run)
}

/// All steps of a run, in order.
fn records(folder: &Path) -> Result<Vec<StepRecord>, String> {
    let log = folder.join("log.jsonl");
    let text = fs::read_to_string(&log).map_err(|error| {
        format!(
            "The steps of the run cannot be read ({error}); choose another run: {}",
            log.display()
        )
    })?;
    // The last line of a run that was killed may be torn.
    let lines = text.lines();
    Ok(lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

/// The complete checkpoints in a run folder, oldest first.
pub fn saved_steps(folder: &Path) -> Vec<SavedStep> {
    let mut saved: Vec<SavedStep> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?;
            let step = name.strip_prefix("step-")?.parse().ok()?;
            let weights = path.join("weights.safetensors");
            // Its manifest is written last.
            let complete = path.join("manifest.json").is_file();
            complete.then_some(SavedStep { step, weights })
        })
        .collect();
    saved.sort_by_key(|saved| saved.step);
    saved
}

/// What the newest checkpoint looked like.
fn newest_look(saved: &[SavedStep]) -> Option<StepSnapshot> {
    let newest = saved.last()?.weights.parent()?;
    StepSnapshot::of_step(newest)
}

/// The runs of a folder, newest first. What is no run is passed over.
pub fn rows(folder: &Path) -> Vec<RunRow> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut rows: Vec<RunRow> = entries.filter_map(|entry| row(&entry.path())).collect();
    rows.sort_by(|a, b| {
        b.changed
            .cmp(&a.changed)
            .then_with(|| a.folder.cmp(&b.folder))
    });
    rows.truncate(MOST_ROWS);
    rows
}

fn row(folder: &Path) -> Option<RunRow> {
    let log = folder.join("log.jsonl");
    let changed = fs::metadata(&log).and_then(|meta| meta.modified()).ok();
    // A run that has not done a step yet has no log.
    changed?;
    let config = TrainConfig::of_run(folder).map_err(|error| error.to_string());
    let last = last_record(&log);
    Some(RunRow {
        folder: folder.to_path_buf(),
        config,
        step: last.as_ref().map_or(0, |last| last.step),
        loss: last.map(|last| last.loss),
        best: best_step(folder),
        stands_for: say_step_of_run(folder),
        map: newest_look(&saved_steps(folder)).and_then(|look| look.map),
        changed,
    })
}

/// The last whole line of a log, without reading all of it.
fn last_record(log: &Path) -> Option<StepRecord> {
    let mut file = fs::File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))
        .ok()?;
    let mut tail = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut tail).ok()?;
    let tail = String::from_utf8_lossy(&tail);
    tail.lines()
        .rev()
        .find_map(|line| serde_json::from_str(line).ok())
}

/// The step that did best by labels. The first versions chose by the loss, which the table shows anyway.
fn best_step(folder: &Path) -> Option<BestStep> {
    BestStep::of_run(folder).filter(|best| !best.of.contains("loss"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_no_run_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_run(folder.path(), None).unwrap_err();
        assert!(error.contains("config.toml"), "{error}");
        assert!(
            error.ends_with(&folder.path().display().to_string()),
            "{error}"
        );
        assert!(rows(folder.path()).is_empty());
    }

    #[test]
    fn a_torn_last_line_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        fs::create_dir(&run).unwrap();
        let toml = TrainConfig::default().to_toml().unwrap();
        fs::write(run.join("config.toml"), toml).unwrap();
        let line = |step: u64| {
            format!(
                r#"{{"step":{step},"epoch":0,"loss":-1.5,"lr":0.1,"windows_per_second":9.0,"pos_cosine":0.5,"neg_cosine":0.1,"grad_norm":1.0}}"#
            )
        };
        let log = format!("{}\n{}\n{{\"step\":3,\"ep", line(1), line(2));
        fs::write(run.join("log.jsonl"), log).unwrap();
        // A checkpoint that was never finished is none.
        fs::create_dir(run.join("step-2")).unwrap();
        let rows = rows(folder.path());
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].step, rows[0].loss), (2, Some(-1.5)));
        assert!(rows[0].can_go_on());
        let view = read_run(&run, None).unwrap();
        assert_eq!((view.step(), view.saved.len()), (2, 0));
        // One whose settings are damaged is listed with the reason.
        fs::write(run.join("config.toml"), "batch = ").unwrap();
        let rows = super::rows(folder.path());
        let why = rows[0].config.as_ref().unwrap_err();
        assert!(why.contains("config.toml is damaged"), "{why}");
        assert!(!rows[0].can_go_on());
    }
}
