//! A run of the Train layout on its own threads, which leave the processor to the window.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    message::{Message, Outbox},
    model::{JobId, Remedy, TrainFailure, TrainMessage},
    work::{past_run, report::Reporter, teller::Teller},
};
use mynascope_base::jobs::{self, Cancel, Job, Watch};
use mynascope_collection::{self as collection, Collection};
use mynascope_encoder::{CheckpointRef, EncoderError};
use mynascope_train::{
    self as train, Changes, TrainConfig, TrainControl, TrainError, TrainSummary,
};

/// A run to be started.
pub(super) struct Order {
    pub job: JobId,
    pub config: TrainConfig,
    pub folder: PathBuf,
    pub control: TrainControl,
    pub what: What,
    pub outbox: Outbox,
}

pub enum What {
    New(Arc<Collection>),
    /// Goes on with the run in the folder.
    GoOn(Changes),
}

/// Starts a run. Whatever becomes of it is told to the window.
pub(super) fn spawn(order: Order) -> std::io::Result<Job> {
    let job = order.job;
    let after = order.outbox.clone();
    jobs::spawn(
        "train",
        move |cancel| {
            let mut teller = Teller::new(job, order.folder.clone(), order.outbox.clone());
            // The window, sound and the answer to a dragged mask come first.
            let end = match jobs::modest_threads("train") {
                Ok(threads) => threads.install(|| work(&order, cancel, &mut teller)),
                Err(_) => work(&order, cancel, &mut teller),
            };
            teller.end(match end {
                Ok(summary) => TrainMessage::Finished(job, best_of(summary, &order)),
                Err(TrainError::StoppedEarly) => TrainMessage::NotBegun(job),
                Err(error) => TrainMessage::Failed(job, failure(&error)),
            });
        },
        move |fault| {
            let failure = TrainFailure {
                why: format!(
                    "Training broke off ({fault}), most often for want of memory; its last checkpoint is complete. \
                     Take less at once or choose another device, and go on"
                ),
                remedies: MEMORY.to_vec(),
            };
            after.send(Message::Train(TrainMessage::Failed(job, failure)));
        },
    )
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

fn work(order: &Order, cancel: &Cancel, teller: &mut Teller) -> Result<TrainSummary, TrainError> {
    let (folder, control) = (order.folder.as_path(), &order.control);
    match &order.what {
        What::New(collection) => {
            train::run(&order.config, collection, folder, control, &mut |event| {
                teller.tell(event);
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
            teller.begun(run);
            let reporter = Reporter::new(&order.outbox, |progress| {
                Message::Train(TrainMessage::Preparing(order.job, progress))
            });
            let report = |progress| reporter.report(progress);
            let watch = Watch::new(cancel.clone(), &report);
            let collection = collection::open(&data, &watch).map_err(|error| {
                if cancel.is_cancelled() {
                    TrainError::StoppedEarly
                } else {
                    TrainError::NoRun {
                        why: error.to_string(),
                        path: folder.to_path_buf(),
                    }
                }
            })?;
            train::resume(folder, changes, &collection, control, &mut |event| {
                teller.tell(event);
            })
        }
    }
}

fn failure(error: &TrainError) -> TrainFailure {
    let remedies = match error {
        TrainError::Encoder(EncoderError::Compute { .. }) => MEMORY.to_vec(),
        TrainError::BrokeDown { good, .. } => vec![Remedy::BackTo(*good)],
        TrainError::CannotKeep { .. } => vec![Remedy::TryAgain],
        _ => Vec::new(),
    };
    TrainFailure {
        why: error.to_string(),
        remedies,
    }
}
