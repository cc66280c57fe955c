//! What a verb prints: progress and notes on stderr, its result on stdout.

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value, json};

use super::arguments::Common;
use mynascope_audio::{CANCELS, Caveats};
use mynascope_base::jobs::{Cancel, Progress, Watch};
use mynascope_base::{storage::path_to_text, without_path};
use mynascope_collection::{self as collection, Collection, Note};

/// What a verb has done.
pub struct Outcome {
    /// The object that `--json` prints.
    pub json: Value,
    /// The same for people.
    pub text: String,
    /// Inputs that were left out, with the reason.
    pub skipped: Vec<(PathBuf, String)>,
    /// Inputs that were taken in part or cannot serve as what they are, with the reason; beside what decoding told.
    pub incomplete: Vec<(PathBuf, String)>,
}

impl Outcome {
    /// An outcome with nothing skipped.
    pub fn new(json: Value, text: String) -> Self {
        Self {
            json,
            text,
            skipped: Vec::new(),
            incomplete: Vec::new(),
        }
    }
}

/// Where progress goes; a box because it is a closure over the bar.
type Report = Box<dyn Fn(Progress) + Send + Sync>;

/// The command line asks for something that cannot be: no job was begun. The program then ends with the code 2, as for
/// an unknown option.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUsage(pub String);

/// Refuses a result's path with an ending that would lie about what is in the file.
pub fn check_ending(path: &Path, ending: &str) -> Result<(), WrongUsage> {
    check_endings(path, &[ending])
}

/// The same where there is a choice of formats.
pub fn check_endings(path: &Path, endings: &[&str]) -> Result<(), WrongUsage> {
    let found = path.extension().map(|found| found.to_ascii_lowercase());
    if found.is_some_and(|found| endings.iter().any(|ending| found == *ending)) {
        return Ok(());
    }
    let formats: Vec<String> = endings.iter().map(|ending| format!(".{ending}")).collect();
    Err(WrongUsage(format!(
        "this is written as {}; change the ending of {}",
        formats.join(", "),
        path.display()
    )))
}

/// How often progress is told where no bar can be drawn.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Stands between a verb and the terminal: progress on stderr, the result on stdout, Ctrl-C as a cancel.
pub struct Console {
    json: bool,
    quiet: bool,
    cancel: Cancel,
    bar: ProgressBar,
    report: Report,
    /// What was told of files that were decoded.
    caveats: Mutex<Vec<(PathBuf, Caveats)>>,
    /// What tables tell of files that were embedded in part.
    incomplete: Mutex<Vec<(PathBuf, String)>>,
    /// What was said about the collections that were opened.
    notes: Mutex<Vec<Note>>,
    /// What of these collections could not be opened, with the reason.
    unopened: Mutex<Vec<(PathBuf, String)>>,
}

impl Console {
    /// Takes over Ctrl-C: the first asks the job to stop, the second ends the program at once.
    pub fn new(common: &Common) -> anyhow::Result<Self> {
        let cancel = Cancel::default();
        let flag = cancel.clone();
        ctrlc::set_handler(move || {
            if flag.is_cancelled() {
                std::process::exit(130);
            }
            flag.cancel();
        })
        .context("Ctrl-C cannot be handled on this system")?;
        Ok(Self::silent_or_not(common, cancel))
    }

    pub(super) fn silent_or_not(common: &Common, cancel: Cancel) -> Self {
        let drawn = !common.quiet && std::io::stderr().is_terminal();
        let target = if drawn {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let quiet = common.quiet;
        let last_line = Mutex::new(Instant::now());
        let shown = bar.clone();
        Self {
            json: common.json,
            quiet,
            cancel,
            bar,
            notes: Mutex::default(),
            unopened: Mutex::default(),
            report: Box::new(move |progress| {
                if quiet {
                    return;
                }
                if drawn {
                    draw(&shown, &progress);
                    return;
                }
                let mut last = last_line.lock().unwrap_or_else(PoisonError::into_inner);
                if last.elapsed() >= LINE_EVERY {
                    *last = Instant::now();
                    eprintln!("{}", line(&progress));
                }
            }),
            caveats: Mutex::default(),
            incomplete: Mutex::default(),
        }
    }

    /// Remembers the files that a table tells were embedded in part, each with what it lacks.
    pub fn incomplete<'a>(&self, found: impl Iterator<Item = (&'a Path, &'a str)>) {
        let mut known = self
            .incomplete
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (path, why) in found {
            let new = (path.to_path_buf(), why.to_owned());
            if !known.contains(&new) {
                known.push(new);
            }
        }
    }

    /// Remembers what is worth telling of files that were decoded; [`Self::finish`] tells it.
    pub fn caveats(&self, found: impl IntoIterator<Item = (PathBuf, Caveats)>) {
        let mut caveats = self.caveats.lock().unwrap_or_else(PoisonError::into_inner);
        for (path, caveats_of) in found {
            let known = caveats.iter().any(|(other, _)| *other == path);
            if caveats_of != Caveats::default() && !known {
                caveats.push((path, caveats_of));
            }
        }
    }

    /// The watch that verbs hand to the rooms.
    pub fn watch(&self) -> Watch<'_> {
        Watch::new(self.cancel.clone(), &*self.report)
    }

    /// The flag that Ctrl-C sets.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Opens a collection; what there is to say about it goes to stderr, and into the JSON object as `notes`.
    pub fn open(&self, paths: &[PathBuf]) -> anyhow::Result<Collection> {
        let collection = collection::open(paths, &self.watch())?;
        self.add_notes_of(&collection.notes);
        Ok(collection)
    }

    /// As [`Self::open`], for the labels of a table: the files that lists name need not be there.
    pub fn open_labels(&self, paths: &[PathBuf]) -> anyhow::Result<Collection> {
        let collection = collection::open_labels(paths, &self.watch())?;
        self.add_notes_of(&collection.notes);
        Ok(collection)
    }

    /// Tells what there is to say about an input, on stderr and as `notes` of the JSON object; what could not be opened is
    /// skipped like what could not be decoded.
    pub fn add_notes_of<N: Clone + Into<Note>>(&self, notes: &[N]) {
        let mut said = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unopened = self.unopened.lock().unwrap_or_else(PoisonError::into_inner);
        for note in notes.iter().cloned().map(Into::<Note>::into) {
            if !note.skipped.is_empty() {
                let new = |place: &(PathBuf, String)| !unopened.contains(place);
                let new: Vec<_> = note.skipped.into_iter().filter(new).collect();
                unopened.extend(new);
                continue;
            }
            self.note(&format!("note: {note}"));
            said.push(note);
        }
    }

    /// Tells something worth knowing while the job goes on.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.bar.suspend(|| eprintln!("{text}"));
        }
    }

    /// Prints the result: one JSON object, or words; inputs that were skipped or decoded in part go to stderr, each with
    /// its reason. Tells whether there were any.
    pub fn finish(&self, outcome: &Outcome) -> anyhow::Result<bool> {
        self.bar.finish_and_clear();
        let caveats = self.caveats.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tables = self
            .incomplete
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut incomplete: Vec<(&Path, String)> = (caveats.iter())
            .filter_map(|(path, caveats)| Some((path.as_path(), caveats.incomplete?.to_string())))
            .chain((outcome.incomplete.iter()).map(|(path, why)| (path.as_path(), why.clone())))
            .collect();
        for (path, why) in of_tables.iter() {
            let path = path.as_path();
            if !incomplete.iter().any(|(known, _)| *known == path) {
                incomplete.push((path, why.clone()));
            }
        }
        let cancelling: Vec<&Path> = (caveats.iter())
            .filter(|(_, caveats)| caveats.cancels)
            .map(|(path, _)| path.as_path())
            .collect();
        let unopened = self.unopened.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped: Vec<&(PathBuf, String)> = unopened.iter().chain(&outcome.skipped).collect();
        let mut out = std::io::stdout().lock();
        let written = if self.json {
            let mut object = outcome.json.clone();
            if let Some(map) = object.as_object_mut() {
                let skipped: Vec<Value> = skipped
                    .iter()
                    .map(|(path, why)| json!({"path": path_to_text(path), "why": without_path(why, path)}))
                    .collect();
                map.insert("skipped".to_owned(), Value::Array(skipped));
                let incomplete = (incomplete.iter())
                    .map(|(path, why)| json!({"path": path_to_text(path), "why": why}));
                map.insert("incomplete".to_owned(), incomplete.collect());
                let cancelling = (cancelling.iter())
                    .map(|path| json!({"path": path_to_text(path), "why": CANCELS}));
                map.insert("cancelling".to_owned(), cancelling.collect());
                self.add_notes(map);
            }
            writeln!(out, "{object}")
        } else if self.quiet {
            Ok(())
        } else {
            writeln!(out, "{}", outcome.text)
        };
        for (path, why) in &skipped {
            // Errors that come from a file end with its path already.
            eprintln!("skipped: {}: {}", without_path(why, path), path.display());
        }
        for (path, why) in &incomplete {
            eprintln!("incomplete: {why}: {}", path.display());
        }
        for path in cancelling.iter().filter(|_| !self.quiet) {
            eprintln!("note: {CANCELS}: {}", path.display());
        }
        let written = match written {
            // Whoever read our output has gone, as in `mynascope devices | head -1`.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("the result could not be printed"),
        };
        written.map(|()| !skipped.is_empty() || !incomplete.is_empty())
    }
}

impl Console {
    /// Puts what was said about collections before the notes of a result, each once.
    fn add_notes(&self, result: &mut Map<String, Value>) {
        let said = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let own = match result.remove("notes") {
            Some(Value::Array(own)) => own,
            _ => Vec::new(),
        };
        let is_said = |note: &Value| said.iter().any(|known| note == known.text.as_str());
        let own = own.into_iter().filter(|note| !is_said(note));
        let mut notes: Vec<Value> = Vec::new();
        for note in said.iter().map(|note| json!(note)).chain(own) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        result.insert("notes".to_owned(), Value::Array(notes));
    }
}

fn draw(bar: &ProgressBar, progress: &Progress) {
    match progress.total {
        Some(total) if bar.length() != Some(total) => {
            bar.set_length(total);
            if let Ok(style) = ProgressStyle::with_template("{msg:28} {bar:32} {pos}/{len}  {eta}")
            {
                bar.set_style(style);
            }
        }
        None if bar.length().is_some() => {
            bar.unset_length();
            if let Ok(style) = ProgressStyle::with_template("{msg:28} {spinner} {pos}") {
                bar.set_style(style);
            }
        }
        _ => {}
    }
    if bar.message() != progress.what {
        bar.set_message(progress.what.clone());
    }
    bar.set_position(progress.done);
}

fn line(progress: &Progress) -> String {
    match progress.total {
        Some(total) => format!("{}: {} of {total}", progress.what, progress.done),
        None => format!("{}: {}", progress.what, progress.done),
    }
}
