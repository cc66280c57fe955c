//! Background work of the Map panel.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::gui::{
    message::{Message, Outbox},
    model::{ChosenCheckpoint, JobId, KeyedTable, MapMessage},
    work::{
        choose,
        embed::{EmbedRequest, WorkEnd, embed},
        once::once,
        report::Reporter,
    },
};
use mynascope_base::jobs::{self, Job, Watch};
use mynascope_embedding::{Level, neighbourhood_changes};
use mynascope_encoder::{CheckpointError, CheckpointRef, inspect};
use mynascope_map::{MapSettings, Method, layout_live};

/// Its running job.
#[derive(Default)]
pub struct MapWork {
    job: Option<Job>,
    last: JobId,
    paused: Arc<AtomicBool>,
}

/// Between two pictures of moving points.
const MOVE_EVERY: Duration = Duration::from_millis(33);
/// How often a resting layout looks whether it may go on.
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl MapWork {
    /// Whether something is being worked on.
    pub fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    /// Starts a map in the place of one that still runs.
    pub fn start(&mut self, work: MapJob, wrap: Wrap, outbox: &Outbox) -> std::io::Result<JobId> {
        self.last = self.last.next();
        self.paused = Arc::new(AtomicBool::new(false));
        let request = MapRequest {
            job: self.last,
            work,
            wrap,
            paused: Arc::clone(&self.paused),
        };
        self.job = Some(start(request, outbox.clone())?);
        Ok(self.last)
    }

    /// Lets the points rest, or move on.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Release);
    }

    /// Gives the map up; what its job still sends is not listened to.
    pub fn stop(&mut self) {
        self.job = None;
    }
}

/// What to embed and how to lay it out.
pub struct MapJob {
    pub rows: Rows,
    pub level: Level,
    pub settings: MapSettings,
    /// A table of the same tracks to compare with: what moved is told in the end.
    pub against: Option<Arc<KeyedTable>>,
}

/// Where the rows of a map come from.
pub enum Rows {
    Embed(EmbedRequest),
    /// They are there: a table from a file.
    Given(Arc<KeyedTable>),
}

/// Makes the message for one of two maps.
pub type Wrap = fn(MapMessage) -> MapMessage;

/// Neighbours that make up a neighbourhood.
const NEIGHBOURHOOD: usize = 10;

struct MapRequest {
    job: JobId,
    work: MapJob,
    wrap: Wrap,
    paused: Arc<AtomicBool>,
}

/// Starts the work: embeddings (unless they are there), then PCA, which is there at once, then t-SNE.
fn start(request: MapRequest, outbox: Outbox) -> std::io::Result<Job> {
    let (job, wrap) = (request.job, request.wrap);
    let after = outbox.clone();
    jobs::spawn(
        "map",
        move |cancel| {
            let reporter = Reporter::new(&outbox, move |progress| {
                Message::Map(wrap(MapMessage::Progress(job, progress)))
            });
            let report = |progress| reporter.report(progress);
            let watch = Watch::new(cancel.clone(), &report);
            let end = match lay_out(&request, &watch, &outbox) {
                Ok(()) => MapMessage::Finished(job),
                Err(WorkEnd::NeedsPatch) => MapMessage::NeedsPatch(job),
                Err(WorkEnd::Failed(error)) => MapMessage::Failed(job, error),
            };
            outbox.send(Message::Map(wrap(end)));
        },
        move |fault| {
            let error = format!("The map broke off ({fault}); try again, or another encoder");
            after.send(Message::Map(wrap(MapMessage::Failed(job, error))));
        },
    )
}

fn lay_out(request: &MapRequest, watch: &Watch<'_>, outbox: &Outbox) -> Result<(), WorkEnd> {
    let work = &request.work;
    let table = match &work.rows {
        Rows::Embed(request) => embed(request, watch)?,
        Rows::Given(table) => Arc::clone(table),
    };
    let send = |message| outbox.send(Message::Map((request.wrap)(message)));
    if let Rows::Embed(_) = work.rows {
        send(MapMessage::Embedded(Arc::clone(&table)));
    }
    // A table of tracks has no windows to show.
    let level = match table.table.level {
        Level::Track => Level::Track,
        Level::Window => work.level,
    };
    let means = match level {
        Level::Window => None,
        Level::Track => Some(table.table.track_means()),
    };
    let rows = means.as_ref().unwrap_or(&table.table);
    for method in [Method::Pca, work.settings.method] {
        watch.progress("laying the map out", 0, None);
        let settings = MapSettings {
            method,
            ..work.settings
        };
        let mut told = Instant::now();
        let mut moved = |xy: &[[f32; 2]]| {
            while request.paused.load(Ordering::Acquire) && !watch.cancel().is_cancelled() {
                std::thread::sleep(LOOK_EVERY);
            }
            if told.elapsed() >= MOVE_EVERY {
                told = Instant::now();
                let (job, xy) = (request.job, xy.to_vec());
                let moved = (request.wrap)(MapMessage::Moved { job, xy });
                outbox.send_if_room(Message::Map(moved));
            }
        };
        let layout = layout_live(rows, &settings, watch, &mut moved).map_err(WorkEnd::failed)?;
        send(MapMessage::LaidOut {
            job: request.job,
            table: Arc::clone(&table),
            level,
            layout,
        });
    }
    if let Some(other) = &work.against {
        let changes = neighbourhood_changes(&other.table, &table.table, NEIGHBOURHOOD, watch)
            .map_err(WorkEnd::failed)?;
        send(MapMessage::Changes(changes));
    }
    Ok(())
}

/// Endings that checkpoints have.
pub const CHECKPOINT_ENDINGS: [&str; 7] =
    ["safetensors", "pth", "pt", "ckpt", "bin", "tar", "json"];

/// Reads what a checkpoint is.
pub fn open_checkpoint(path: PathBuf) -> Result<ChosenCheckpoint, CheckpointError> {
    let report = inspect(&path, None)?;
    Ok(ChosenCheckpoint {
        says_patch: report.kind.is_some(),
        note: report.say_use(),
        path,
    })
}

/// Looks up which encoders a checkpoint holds; a file that cannot be read says so when it is used.
pub fn look_into_checkpoint(path: PathBuf, outbox: &Outbox) -> std::io::Result<()> {
    once(
        "checkpoint",
        outbox,
        move |outbox| {
            let file = CheckpointRef::File(path.clone()).resolve();
            let report = file
                .ok()
                .flatten()
                .and_then(|file| inspect(&file, None).ok());
            let found = report.map_or_else(Vec::new, |report| report.encoders);
            outbox.send(Message::Map(MapMessage::Held(path, found)));
        },
        |fault| format!("The checkpoint could not be looked into ({fault}); choose it again"),
    )
}

/// As [`open_checkpoint`], with a note that says what the dropped file is used for.
pub fn open_dropped(path: &std::path::Path) -> Result<ChosenCheckpoint, CheckpointError> {
    let mut chosen = open_checkpoint(path.to_path_buf())?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    let used = format!(
        "“{}” is now the encoder of Map, Probe and Teach",
        name.to_string_lossy()
    );
    chosen.note = Some(match chosen.note {
        Some(note) => format!("{used}; {note}"),
        None => used,
    });
    Ok(chosen)
}

/// Opens the file dialog on a thread of its own.
pub fn ask_for_checkpoint(outbox: &Outbox, wrap: Wrap) -> std::io::Result<()> {
    let outbox = outbox.clone();
    std::thread::Builder::new()
        .name("choose checkpoint".to_owned())
        .spawn(move || {
            let chosen = choose::dialog(|| {
                rfd::FileDialog::new()
                    .set_title("Choose a checkpoint")
                    .add_filter("Checkpoints", &CHECKPOINT_ENDINGS)
                    .pick_file()
            });
            match chosen {
                Ok(Some(path)) => {
                    // A file that cannot be read says so when it is used.
                    let chosen = open_checkpoint(path.clone()).unwrap_or(ChosenCheckpoint {
                        path,
                        says_patch: true,
                        note: None,
                    });
                    outbox.send(Message::Map(wrap(MapMessage::Checkpoint(chosen))));
                }
                Ok(None) => {}
                Err(why) => outbox.send(Message::Fault(why)),
            }
        })?;
    Ok(())
}
