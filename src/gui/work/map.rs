//! Background work of the Map panel.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    embedding::Level,
    encoder::inspect,
    gui::{
        command::{Command, LibraryCommand},
        logic,
        message::{Message, Outbox},
        model::{AskedFor, JobId, MapCommand, MapMessage, Model, ProbeCommand},
        work::{
            Workers, choose,
            embed::{EmbedRequest, WorkEnd, embed},
            report::Reporter,
        },
    },
    jobs::{self, Job, Watch},
    map::{MapSettings, Method, layout_live},
};

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
}

/// Carries out a command.
pub fn apply(model: &mut Model, workers: &mut Workers, command: MapCommand) {
    match command {
        MapCommand::Edit(form) => {
            let mapping = &mut model.mapping;
            let other_level = form.level != mapping.form.level;
            mapping.form = form;
            // The other level needs another layout, but no other embeddings.
            if other_level && (mapping.chart.is_some() || mapping.running.is_some()) {
                compute(model, workers);
            }
        }
        MapCommand::Compute => compute(model, workers),
        MapCommand::Cancel => {
            // Dropping the job tells it to stop; what it still sends is not listened to.
            workers.map.job = None;
            model.mapping.running = None;
        }
        MapCommand::Pause(paused) => {
            model.mapping.paused = paused;
            workers.map.paused.store(paused, Ordering::Release);
        }
        MapCommand::SetColouring(colouring) => model.mapping.set_colouring(colouring),
        MapCommand::ToggleLabel(label) => model.mapping.toggle_label(label),
        MapCommand::ShowAllLabels => model.mapping.show_all_labels(),
        MapCommand::Move(camera) => model.mapping.camera = camera,
        MapCommand::Choose { path, start_secs } => play_from(model, workers, path, start_secs),
        MapCommand::Copy => {
            let source = &model.embeddings.source;
            let line = model.mapping.command(&model.library.sources, source);
            workers.outbox.copy_text(line);
            model.notices.note("The command is on the clipboard");
        }
        MapCommand::SetSource(source) => model.embeddings.set_source(source),
        MapCommand::SetPatch(kind) => {
            model.embeddings.source.patch = Some(kind);
            // What had to ask goes on.
            match model.embeddings.asks_patch.take() {
                Some(AskedFor::Map) => compute(model, workers),
                Some(AskedFor::Probe) => {
                    logic::apply(model, workers, Command::Probe(ProbeCommand::Run));
                }
                Some(AskedFor::Nothing) | None => {}
            }
        }
        MapCommand::ChooseCheckpoint => {
            if let Err(error) = ask_for_checkpoint(&workers.outbox) {
                model.notices.error(logic::no_thread(&error));
            }
        }
    }
}

/// Selects the track of a path and plays it from a time.
pub fn play_from(model: &mut Model, workers: &mut Workers, path: PathBuf, start_secs: f64) {
    let collection = model.library.collection.as_ref();
    let index = collection.and_then(|collection| {
        let mut tracks = collection.tracks.iter();
        tracks.position(|track| track.path == path)
    });
    let Some(index) = index else {
        model.notices.error(format!(
            "This track is not in the open collection any more; open it again to hear it: {}",
            path.display()
        ));
        return;
    };
    logic::apply(
        model,
        workers,
        Command::Library(LibraryCommand::Select(index)),
    );
    model.transport.position_secs = start_secs;
    // Straight to the player: the length of a track that is just being loaded is not known to the window yet.
    if let Some(player) = &workers.player {
        player.seek(start_secs);
        player.play();
    }
}

/// Clears what belongs to a collection that is not open any more.
pub fn forget(model: &mut Model, workers: &mut Workers) {
    workers.map.job = None;
    let mapping = &mut model.mapping;
    mapping.running = None;
    mapping.chart = None;
    mapping.error = None;
}

/// Takes in a message of the background work.
pub fn receive(model: &mut Model, workers: &mut Workers, message: MapMessage) {
    let mapping = &mut model.mapping;
    match message {
        MapMessage::Progress(job, progress) => {
            if let Some(running) = mapping.running.as_mut().filter(|running| running.id == job) {
                running.report(progress);
            }
        }
        // A table stays useful even when its map is no longer wanted.
        MapMessage::Embedded(table) => model.embeddings.table = Some(table),
        MapMessage::LaidOut {
            job,
            table,
            level,
            layout,
        } => {
            if mapping.is_running(job) {
                mapping.show(table, level, layout);
            }
        }
        MapMessage::Moved { job, xy } => {
            if mapping.is_running(job) {
                mapping.move_to(&xy);
            }
        }
        MapMessage::Finished(job) => {
            if mapping.is_running(job) {
                mapping.running = None;
                workers.map.job = None;
            }
        }
        MapMessage::Failed(job, error) => {
            if mapping.is_running(job) {
                mapping.running = None;
                mapping.error = Some(error);
                workers.map.job = None;
            }
        }
        MapMessage::NeedsPatch(job) => {
            if mapping.is_running(job) {
                mapping.running = None;
                workers.map.job = None;
                model.embeddings.asks_patch = Some(AskedFor::Map);
            }
        }
        MapMessage::Checkpoint { path, says_patch } => {
            model.embeddings.use_file(path);
            if !says_patch {
                model.embeddings.asks_patch = Some(AskedFor::Nothing);
            }
        }
    }
}

fn compute(model: &mut Model, workers: &mut Workers) {
    let mapping = &mut model.mapping;
    let Some(collection) = &model.library.collection else {
        mapping.error = Some("There is no collection to map; open a folder first".to_owned());
        return;
    };
    mapping.error = None;
    model.embeddings.asks_patch = None;
    workers.map.last = workers.map.last.next();
    let job = workers.map.last;
    let request = MapRequest {
        job,
        embed: EmbedRequest {
            collection: Arc::clone(collection),
            source: model.embeddings.source.clone(),
            cached: model.embeddings.table.clone(),
            mels: workers.cache.clone(),
        },
        level: mapping.form.level,
        settings: mapping.form.settings(),
        paused: Arc::new(AtomicBool::new(false)),
    };
    mapping.paused = false;
    workers.map.paused = Arc::clone(&request.paused);
    match start(request, workers.outbox.clone()) {
        Ok(handle) => {
            workers.map.job = Some(handle);
            mapping.running = Some(crate::gui::model::Running::new(job, "starting"));
        }
        Err(error) => mapping.error = Some(logic::no_thread(&error)),
    }
}

/// What to embed and how to lay it out.
struct MapRequest {
    job: JobId,
    embed: EmbedRequest,
    level: Level,
    settings: MapSettings,
    paused: Arc<AtomicBool>,
}

/// Starts the work: embeddings (unless they are there), then PCA, which is there at once, then t-SNE.
fn start(request: MapRequest, outbox: Outbox) -> std::io::Result<Job> {
    let job = request.job;
    let after = outbox.clone();
    jobs::spawn(
        "map",
        move |cancel| {
            let reporter = Reporter::new(&outbox, move |progress| {
                Message::Map(MapMessage::Progress(job, progress))
            });
            let report = |progress| reporter.report(progress);
            let watch = Watch::new(cancel.clone(), &report);
            let end = match lay_out(&request, &watch, &outbox) {
                Ok(()) => MapMessage::Finished(job),
                Err(WorkEnd::NeedsPatch) => MapMessage::NeedsPatch(job),
                Err(WorkEnd::Failed(error)) => MapMessage::Failed(job, error),
            };
            outbox.send(Message::Map(end));
        },
        move |fault| {
            let error = format!("The map broke off ({fault}); try again, or another encoder");
            after.send(Message::Map(MapMessage::Failed(job, error)));
        },
    )
}

fn lay_out(request: &MapRequest, watch: &Watch<'_>, outbox: &Outbox) -> Result<(), WorkEnd> {
    let table = embed(&request.embed, watch)?;
    outbox.send(Message::Map(MapMessage::Embedded(Arc::clone(&table))));
    let means = match request.level {
        Level::Window => None,
        Level::Track => Some(table.table.track_means()),
    };
    let rows = means.as_ref().unwrap_or(&table.table);
    for method in [Method::Pca, request.settings.method] {
        watch.progress("laying the map out", 0, None);
        let settings = MapSettings {
            method,
            ..request.settings
        };
        let mut told = Instant::now();
        let mut moved = |xy: &[[f32; 2]]| {
            while request.paused.load(Ordering::Acquire) && !watch.cancel().is_cancelled() {
                std::thread::sleep(LOOK_EVERY);
            }
            if told.elapsed() >= MOVE_EVERY {
                told = Instant::now();
                let (job, xy) = (request.job, xy.to_vec());
                outbox.send_if_room(Message::Map(MapMessage::Moved { job, xy }));
            }
        };
        let layout = layout_live(rows, &settings, watch, &mut moved).map_err(WorkEnd::failed)?;
        outbox.send(Message::Map(MapMessage::LaidOut {
            job: request.job,
            table: Arc::clone(&table),
            level: request.level,
            layout,
        }));
    }
    Ok(())
}

/// Opens the file dialog on a thread of its own.
fn ask_for_checkpoint(outbox: &Outbox) -> std::io::Result<()> {
    let outbox = outbox.clone();
    std::thread::Builder::new()
        .name("choose checkpoint".to_owned())
        .spawn(move || {
            let chosen = choose::dialog(|| {
                rfd::FileDialog::new()
                    .set_title("Choose a checkpoint")
                    .add_filter("Checkpoints", &["safetensors", "pth"])
                    .pick_file()
            });
            match chosen {
                Ok(Some(path)) => {
                    // A file that cannot be read says so when it is used.
                    let says_patch =
                        inspect(&path, None).map_or(true, |report| report.kind.is_some());
                    outbox.send(Message::Map(MapMessage::Checkpoint { path, says_patch }));
                }
                Ok(None) => {}
                Err(why) => outbox.send(Message::Fault(why)),
            }
        })?;
    Ok(())
}
