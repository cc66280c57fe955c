//! A run of the Train layout on its own threads, which leave the processor to the window.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    jobs::{JobContext, NoThread},
    message::{Message, Outbox, TrainMessage},
    model::{Remedy, RunJob, TrainFailure, TrainFound},
    work::{past_run, train_reporter::TrainReporter},
};
use mynascope_base::jobs;
use mynascope_collection::{self as collection, Collection};
use mynascope_encoder::{CheckpointRef, EncoderError};
use mynascope_train::{
    self as train, Changes, TrainConfig, TrainControl, TrainError, TrainSummary,
};

/// A run to be started.
pub struct Order {
    /// The settings.
    pub config: TrainConfig,
    /// The run folder.
    pub folder: PathBuf,
    /// A new run, or one that goes on.
    pub what: What,
}

/// What a run begins with.
pub enum What {
    /// A new run on a collection.
    New(Arc<Collection>),
    /// Goes on with the run in the folder.
    GoOn(Changes),
}

/// Starts a run. Whatever becomes of it is told to the window.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start(run: &mut RunJob, order: Order, outbox: &Outbox) -> Result<(), NoThread> {
    let sends = outbox.clone();
    let broke_off = |fault| TrainFailure {
        why: format!(
            "Training broke off ({fault}), most often for want of memory; its last checkpoint is complete. \
             Take less at once or choose another device, and go on"
        ),
        remedies: MEMORY.to_vec(),
    };
    let wrap = |update| Message::Train(TrainMessage::Run(update));
    run.start(outbox, wrap, broke_off, move |job, control| {
        let mut reporter = TrainReporter::new(job, order.folder.clone(), sends);
        // The window, sound and the answer to a dragged mask come first.
        let end = match jobs::modest_threads("train") {
            Ok(threads) => threads.install(|| work(&order, job, control, &mut reporter)),
            Err(_) => work(&order, job, control, &mut reporter),
        };
        reporter.flush();
        match end {
            Ok(summary) => job.found(TrainFound::Finished(best_of(summary, &order))),
            Err(TrainError::StoppedEarly) => job.found(TrainFound::NotBegun),
            Err(error) => return Err(failure(&error)),
        }
        Ok(())
    })
}

/// What can be done where memory ended.
const MEMORY: [Remedy; 2] = [Remedy::HalveBatch, Remedy::HalveChunk];

/// The run ends with its best step as its encoder.
fn best_of(mut summary: TrainSummary, order: &Order) -> TrainSummary {
    let run = CheckpointRef::File(order.folder.clone());
    if let Ok(Some(best)) = run.resolve() {
        summary.checkpoint = best;
    }
    summary
}

fn work(
    order: &Order,
    job: &JobContext<'_, TrainFound>,
    control: &TrainControl,
    reporter: &mut TrainReporter<'_>,
) -> Result<TrainSummary, TrainError> {
    let folder = order.folder.as_path();
    match &order.what {
        What::New(collection) => {
            train::run(&order.config, collection, folder, control, &mut |event| {
                reporter.report(event);
            })
        }
        What::GoOn(changes) => {
            let newest = past_run::saved_steps(folder).last().map(|saved| saved.step);
            // Steps after the checkpoint are done again.
            let until = changes.back_to.or(newest);
            let mut run = past_run::read_run(folder, until).map_err(|why| TrainError::NoRun {
                why,
                path: folder.to_path_buf(),
            })?;
            run.config = changes.of(&run.config);
            let data = run.config.data.clone();
            // What the run had done before.
            run.went_on = true;
            run.checkpoint = None;
            job.found(TrainFound::Begun(Box::new(run)));
            let collection = collection::open(&data, &job.watch).map_err(|error| {
                if job.watch.check().is_err() {
                    TrainError::StoppedEarly
                } else {
                    TrainError::NoRun {
                        why: error.to_string(),
                        path: folder.to_path_buf(),
                    }
                }
            })?;
            train::resume(folder, changes, &collection, control, &mut |event| {
                reporter.report(event);
            })
        }
    }
}

fn failure(error: &TrainError) -> TrainFailure {
    let remedies = match error {
        TrainError::Encoder(EncoderError::Compute { .. }) => MEMORY.to_vec(),
        TrainError::BrokeDown { good, .. } | TrainError::Collapsed { good, .. } => {
            vec![Remedy::BackTo(*good)]
        }
        TrainError::CannotKeep { .. } => vec![Remedy::TryAgain],
        _ => Vec::new(),
    };
    TrainFailure {
        why: error.to_string(),
        remedies,
    }
}
