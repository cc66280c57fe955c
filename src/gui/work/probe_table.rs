//! Probes of a table of embeddings that came from a file, in place of an encoder's.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    jobs::NoThread,
    message::Outbox,
    model::{
        CurveKind, EmbedError, EncoderSource, KeyedTable, ProbeFound, ProbeResult, ScoreCurve,
    },
    work::probe::{ProbeSlot, begin},
};
use mynascope_base::{jobs::Watch, storage::Cache};
use mynascope_collection::Collection;
use mynascope_probe::{
    FewShotPoint, FewShotSettings, LeakSettings, ProbeSettings, ProbedTable, SavedScore, Task,
    check_labels, collection_key, few_shot, leak_report, probe_collection,
};

/// What is asked about a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableJob {
    /// One score.
    Probe,
    /// Scores after few labels.
    FewLabels,
    /// How much of the score comes from a leak.
    Leaks,
}

/// A table, and where else its labels may be.
pub struct TableRequest {
    /// The file that it came from.
    pub path: PathBuf,
    /// What the file held.
    pub table: Arc<KeyedTable>,
    /// The encoder that is chosen meanwhile.
    pub source: EncoderSource,
    /// The list that its labels were taken from.
    pub listed: Option<Arc<Collection>>,
    /// The open collection: where there is no such list, its labels are probed if the table has none of the task.
    pub collection: Option<Arc<Collection>>,
    /// Knows what sound files contain.
    pub cache: Option<Arc<Cache>>,
}

impl TableRequest {
    fn probed(&self, task: Task) -> Result<ProbedTable, EmbedError> {
        let table = self.table.table.clone();
        let own = task == Task::Genre && table.tracks.iter().any(|track| track.label.is_some());
        let open = self.collection.as_deref().filter(|_| !own);
        let labels = self.listed.as_deref().or(open);
        ProbedTable::new(table, &self.name(), labels).map_err(EmbedError::failed)
    }

    fn name(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }
}

/// Starts the work on a thread of its own.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start(
    slot: &mut ProbeSlot,
    job: TableJob,
    request: TableRequest,
    settings: ProbeSettings,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    begin(slot, outbox, move |context| {
        let watch = &context.watch;
        let probed = request.probed(settings.task)?;
        let (table, collection) = (&probed.table, &probed.collection);
        match job {
            TableJob::Probe => {
                let found = probe(&request, &probed, &settings, watch)?;
                context.found(found);
            }
            TableJob::FewLabels => {
                check_labels(collection, &settings).map_err(EmbedError::failed)?;
                let kind = CurveKind::Labels;
                let mut found =
                    |point: &FewShotPoint| context.found(ProbeFound::Point(kind, point.into()));
                let shots = FewShotSettings::of(settings);
                let curve = few_shot(table, collection, &shots, watch, &mut found);
                let curve = ScoreCurve::of(settings.task, curve.map_err(EmbedError::failed)?);
                context.found(ProbeFound::Curve(kind, Box::new(curve)));
            }
            TableJob::Leaks => {
                let settings = LeakSettings::of(settings, collection);
                let found = leak_report(table, collection, &settings, watch);
                let found = found.map_err(EmbedError::failed)?;
                context.found(ProbeFound::Leaks(Box::new(found)));
            }
        }
        Ok(())
    })
}

fn probe(
    request: &TableRequest,
    probed: &ProbedTable,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
) -> Result<ProbeFound, EmbedError> {
    let (table, collection) = (&probed.table, &probed.collection);
    check_labels(collection, settings).map_err(EmbedError::failed)?;
    watch.progress("probing", 0, None);
    let mut report = probe_collection(table, collection, &probed.made_by(), settings, watch)
        .map_err(EmbedError::failed)?;
    report.notes.extend(probed.note.clone());
    let key = collection_key(collection, request.cache.as_deref());
    let id = probed.id();
    let row = SavedScore::of(&report, *settings, collection, key, request.name(), &id);
    let mut result = ProbeResult::new(Arc::new(report), collection, &request.table);
    result.asked = Some((*settings, request.source.clone()));
    Ok(ProbeFound::Probe(Box::new((result, None, row))))
}
