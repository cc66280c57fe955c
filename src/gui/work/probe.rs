//! Background work of the Probe panel.

use std::sync::Arc;

use crate::{
    gui::{
        logic,
        message::{Message, Outbox},
        model::{
            AskedFor, JobId, MapMessage, Model, ProbeCommand, ProbeMessage, ProbeResult, Running,
        },
        work::{
            Workers,
            embed::{EmbedRequest, WorkEnd, embed},
            report::Reporter,
        },
    },
    jobs::{self, Job, Watch},
    probe::{ProbeReport, ProbeSettings, probe_collection},
};

/// Its running job.
#[derive(Default)]
pub struct ProbeWork {
    job: Option<Job>,
    last: JobId,
}

impl ProbeWork {
    /// Whether something is being worked on.
    pub fn is_busy(&self) -> bool {
        self.job.is_some()
    }
}

/// Carries out a command.
pub fn apply(model: &mut Model, workers: &mut Workers, command: ProbeCommand) {
    match command {
        ProbeCommand::Edit(form) => model.probing.form = form,
        ProbeCommand::Run => run(model, workers),
        ProbeCommand::Cancel => {
            // Dropping the job tells it to stop; what it still sends is not listened to.
            workers.probe.job = None;
            model.probing.running = None;
        }
        ProbeCommand::ShowCell(cell) => model.probing.cell = cell,
        ProbeCommand::Copy => {
            let source = &model.embeddings.source;
            let line = model.probing.command(&model.library.sources, source);
            workers.outbox.copy_text(line);
            model.notices.note("The command is on the clipboard");
        }
        ProbeCommand::Choose(path) => logic::play_from(model, workers, path, 0.0),
    }
}

/// Clears what belongs to a collection that is not open any more.
pub fn forget(model: &mut Model, workers: &mut Workers) {
    workers.probe.job = None;
    let probing = &mut model.probing;
    probing.running = None;
    probing.result = None;
    probing.cell = None;
    probing.error = None;
}

/// Takes in a message of the background work.
pub fn receive(model: &mut Model, workers: &mut Workers, message: ProbeMessage) {
    let probing = &mut model.probing;
    match message {
        ProbeMessage::Progress(job, progress) => {
            if let Some(running) = probing.running.as_mut().filter(|running| running.id == job) {
                running.report(progress);
            }
        }
        ProbeMessage::Finished(job, report) => {
            if probing.is_running(job) {
                probing.running = None;
                probing.cell = None;
                probing.result = Some(ProbeResult::new(report));
                workers.probe.job = None;
            }
        }
        ProbeMessage::NeedsPatch(job) => {
            if probing.is_running(job) {
                probing.running = None;
                workers.probe.job = None;
                model.embeddings.asks_patch = Some(AskedFor::Probe);
            }
        }
        ProbeMessage::Failed(job, error) => {
            if probing.is_running(job) {
                probing.running = None;
                probing.error = Some(error);
                workers.probe.job = None;
            }
        }
    }
}

fn run(model: &mut Model, workers: &mut Workers) {
    let probing = &mut model.probing;
    let Some(collection) = &model.library.collection else {
        probing.error = Some("There is no collection to probe; open a labelled folder".to_owned());
        return;
    };
    probing.error = None;
    model.embeddings.asks_patch = None;
    workers.probe.last = workers.probe.last.next();
    let job = workers.probe.last;
    let request = EmbedRequest {
        collection: Arc::clone(collection),
        source: model.embeddings.source.clone(),
        cached: model.embeddings.table.clone(),
        mels: workers.cache.clone(),
    };
    match start(job, request, probing.form, workers.outbox.clone()) {
        Ok(handle) => {
            workers.probe.job = Some(handle);
            probing.running = Some(Running::new(job, "starting"));
        }
        Err(error) => probing.error = Some(logic::no_thread(&error)),
    }
}

/// Starts the work: embeddings (unless they are there), then the probe.
fn start(
    job: JobId,
    request: EmbedRequest,
    settings: ProbeSettings,
    outbox: Outbox,
) -> std::io::Result<Job> {
    let after = outbox.clone();
    jobs::spawn(
        "probe",
        move |cancel| {
            let reporter = Reporter::new(&outbox, move |progress| {
                Message::Probe(ProbeMessage::Progress(job, progress))
            });
            let report = |progress| reporter.report(progress);
            let watch = Watch::new(cancel.clone(), &report);
            let end = match probe(&request, &settings, &watch, &outbox) {
                Ok(report) => ProbeMessage::Finished(job, Arc::new(report)),
                Err(WorkEnd::NeedsPatch) => ProbeMessage::NeedsPatch(job),
                Err(WorkEnd::Failed(error)) => ProbeMessage::Failed(job, error),
            };
            outbox.send(Message::Probe(end));
        },
        move |fault| {
            let error = format!("The probe broke off ({fault}); try again, or another head");
            after.send(Message::Probe(ProbeMessage::Failed(job, error)));
        },
    )
}

fn probe(
    request: &EmbedRequest,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
    outbox: &Outbox,
) -> Result<ProbeReport, WorkEnd> {
    let table = embed(request, watch)?;
    // The map works on the same table.
    outbox.send(Message::Map(MapMessage::Embedded(Arc::clone(&table))));
    watch.progress("probing", 0, None);
    probe_collection(&table.table, &request.collection, settings, watch).map_err(WorkEnd::failed)
}
