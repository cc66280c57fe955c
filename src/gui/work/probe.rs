//! Background work of the Probe layout.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    message::{Message, Outbox},
    model::{
        CurveKind, EncoderSource, HeldProbe, JobId, KeyedTable, MapMessage, ProbeMessage,
        ProbeResult, ScoreCurve, ScorePoint, TrackGroups,
    },
    work::{
        embed::{EmbedRequest, WorkEnd, embed, open},
        report::Reporter,
        strip::encoder_of,
    },
};
use mynascope_base::{
    jobs::{self, Job, Watch},
    storage::Cache,
};
use mynascope_collection::{self as collection, Collection};
use mynascope_probe::{
    CurvePoint, CurveSettings, EncoderId, FewShotPoint, FewShotSettings, KeptScore, LayerPoint,
    LeakSettings, Predictions, ProbeReport, ProbeSettings, TrainedProbe, collection_key, few_shot,
    layer_sweep, leak_report, mask_curve, predict_collection, probe_collection, train_probe,
};
use mynascope_spectrum::tokens::MaskRatio;

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

    /// Tells the job to stop.
    pub fn stop(&mut self) {
        self.job = None;
    }

    /// Starts the work: embeddings (unless they are there), then the probe; of groups, where there are some, instead
    /// of the collection's labels.
    pub fn start(
        &mut self,
        request: EmbedRequest,
        settings: ProbeSettings,
        groups: Option<TrackGroups>,
        outbox: Outbox,
    ) -> std::io::Result<JobId> {
        self.begin(outbox, move |watch, outbox| {
            let end = probe(&request, &settings, groups.as_ref(), watch, outbox)?;
            Ok(move |job| ProbeMessage::Finished(job, Box::new(end)))
        })
    }

    /// Scores the probe again and again while something is varied; every point is told as soon as it is known.
    pub fn start_curve(
        &mut self,
        kind: CurveKind,
        request: EmbedRequest,
        settings: ProbeSettings,
        outbox: Outbox,
    ) -> std::io::Result<JobId> {
        let job = self.last.next();
        self.begin(outbox, move |watch, outbox| {
            let tell = |point| outbox.send(Message::Probe(ProbeMessage::Point(job, kind, point)));
            let curve = match kind {
                CurveKind::MaskRatio => mask_ratios(&request, settings, watch, &tell)?,
                CurveKind::Labels => few_labels(&request, settings, watch, &tell)?,
                CurveKind::Layers => layers(&request, settings, watch, &tell)?,
            };
            Ok(move |job| ProbeMessage::Drawn(job, kind, Box::new(curve)))
        })
    }

    /// Runs the same probe for several encoders; every score is told as soon as it is known.
    pub fn start_comparison(
        &mut self,
        sources: Vec<EncoderSource>,
        request: EmbedRequest,
        settings: ProbeSettings,
        outbox: Outbox,
    ) -> std::io::Result<JobId> {
        let job = self.last.next();
        self.begin(outbox, move |watch, outbox| {
            let count = sources.len();
            for (index, source) in sources.into_iter().enumerate() {
                let request = EmbedRequest {
                    source,
                    ..request.clone()
                };
                let row = watch.part(&request.source.name(), index, count, |watch| {
                    score(&request, &settings, watch)
                })?;
                let row = ProbeMessage::Compared(job, Box::new(row));
                outbox.send(Message::Probe(row));
            }
            Ok(ProbeMessage::AllCompared)
        })
    }

    /// Compares the split with folds by file, and looks for near-duplicates in different parts.
    pub fn start_leaks(
        &mut self,
        request: EmbedRequest,
        settings: LeakSettings,
        outbox: Outbox,
    ) -> std::io::Result<JobId> {
        self.begin(outbox, move |watch, _| {
            let table = embed(&request, watch)?;
            let found = leak_report(&table.table, &request.collection, &settings, watch)
                .map_err(WorkEnd::failed)?;
            Ok(move |job| ProbeMessage::Leaks(job, Box::new(found)))
        })
    }

    /// Lets a probe answer for tracks.
    pub fn start_use(&mut self, work: UseRequest, outbox: Outbox) -> std::io::Result<JobId> {
        self.begin(outbox, move |watch, _| {
            let said = Arc::new(answer(work, watch)?);
            Ok(move |job| ProbeMessage::Used(job, said))
        })
    }

    /// Runs work on a thread of its own; what it gives is made a message of its job.
    fn begin<End: FnOnce(JobId) -> ProbeMessage>(
        &mut self,
        outbox: Outbox,
        work: impl FnOnce(&Watch<'_>, &Outbox) -> Result<End, WorkEnd> + Send + 'static,
    ) -> std::io::Result<JobId> {
        self.last = self.last.next();
        let job = self.last;
        let after = outbox.clone();
        self.job = Some(jobs::spawn(
            "probe",
            move |cancel| {
                let reporter = Reporter::new(&outbox, move |progress| {
                    Message::Probe(ProbeMessage::Progress(job, progress))
                });
                let report = |progress| reporter.report(progress);
                let watch = Watch::new(cancel.clone(), &report);
                let end = match work(&watch, &outbox) {
                    Ok(end) => end(job),
                    Err(WorkEnd::NeedsPatch) => ProbeMessage::NeedsPatch(job),
                    Err(WorkEnd::Failed(error)) => ProbeMessage::Failed(job, error),
                };
                outbox.send(Message::Probe(end));
            },
            move |fault| {
                let error = format!("The probe broke off ({fault}); try again, or another head");
                after.send(Message::Probe(ProbeMessage::Failed(job, error)));
            },
        )?);
        Ok(job)
    }
}

/// A probe, and the tracks it shall answer for.
pub struct UseRequest {
    pub probe: Arc<TrainedProbe>,
    pub on: Asked,
    /// Device and patches of the encoder; which one it is, the probe says.
    pub source: EncoderSource,
    pub mels: Option<Arc<Cache>>,
}

/// The tracks that a probe shall answer for.
pub enum Asked {
    Open(Arc<Collection>),
    Paths(Vec<PathBuf>),
}

fn answer(work: UseRequest, watch: &Watch<'_>) -> Result<Predictions, WorkEnd> {
    let collection = match work.on {
        Asked::Open(collection) => collection,
        Asked::Paths(paths) => Arc::new(collection::open(&paths, watch).map_err(WorkEnd::failed)?),
    };
    let source = encoder_of(&work.probe, &work.source);
    let encoder = open(&source, watch)?;
    let id = EncoderId::of(&encoder, &source.checkpoint);
    let mels = work.mels.as_deref();
    predict_collection(
        &work.probe,
        &collection,
        &encoder,
        &id,
        source.channel,
        mels,
        watch,
    )
    .map_err(WorkEnd::failed)
}

/// What a report leaves on the scoreboard.
fn kept(
    request: &EmbedRequest,
    settings: ProbeSettings,
    collection: &Collection,
    table: &KeyedTable,
    report: &ProbeReport,
) -> KeptScore {
    let key = collection_key(collection, request.mels.as_deref());
    let name = request.source.name_of_step();
    KeptScore::of(report, settings, collection, key, name, &table.id)
}

fn score(
    request: &EmbedRequest,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
) -> Result<KeptScore, WorkEnd> {
    let table = embed(request, watch)?;
    let collection = &request.collection;
    let report =
        probe_collection(&table.table, collection, settings, watch).map_err(WorkEnd::failed)?;
    Ok(kept(request, *settings, collection, &table, &report))
}

fn probe(
    request: &EmbedRequest,
    settings: &ProbeSettings,
    groups: Option<&TrackGroups>,
    watch: &Watch<'_>,
    outbox: &Outbox,
) -> Result<(ProbeResult, HeldProbe, KeptScore), WorkEnd> {
    let table = embed(request, watch)?;
    // The map works on the same table.
    outbox.send(Message::Map(MapMessage::Embedded(Arc::clone(&table))));
    watch.progress("probing", 0, None);
    let narrow = groups.map(|groups| groups.narrow(&request.collection, &table.table));
    let (collection, rows) = match &narrow {
        Some((collection, rows)) => (collection, rows),
        None => (request.collection.as_ref(), &table.table),
    };
    let whole = MaskRatio::NONE;
    let (probe, report) = train_probe(rows, collection, settings, &table.id, whole, watch)
        .map_err(WorkEnd::failed)?;
    let row = kept(request, *settings, collection, &table, &report);
    let report = Arc::new(report);
    let held = HeldProbe {
        probe: Arc::new(probe),
        path: None,
        report: Some(Arc::clone(&report)),
    };
    let mut result = ProbeResult::new(report, collection, &table);
    if groups.is_none() {
        result.asked = Some((*settings, request.source.clone()));
    }
    Ok((result, held, row))
}

fn mask_ratios(
    request: &EmbedRequest,
    probe: ProbeSettings,
    watch: &Watch<'_>,
    tell: &dyn Fn(ScorePoint),
) -> Result<ScoreCurve, WorkEnd> {
    let encoder = open(&request.source, watch)?;
    let (collection, cache) = (&request.collection, request.mels.as_deref());
    let settings = CurveSettings {
        channel: request.source.channel,
        ..CurveSettings::of(probe)
    };
    let mut found = |point: &CurvePoint| tell(point.into());
    let curve = mask_curve(collection, &encoder, &settings, cache, watch, &mut found);
    Ok(ScoreCurve::of(probe.task, curve.map_err(WorkEnd::failed)?))
}

fn few_labels(
    request: &EmbedRequest,
    probe: ProbeSettings,
    watch: &Watch<'_>,
    tell: &dyn Fn(ScorePoint),
) -> Result<ScoreCurve, WorkEnd> {
    let table = embed(request, watch)?;
    let settings = FewShotSettings::of(probe);
    let mut found = |point: &FewShotPoint| tell(point.into());
    let (table, collection) = (&table.table, &request.collection);
    let curve = few_shot(table, collection, &settings, watch, &mut found);
    Ok(ScoreCurve::of(probe.task, curve.map_err(WorkEnd::failed)?))
}

fn layers(
    request: &EmbedRequest,
    probe: ProbeSettings,
    watch: &Watch<'_>,
    tell: &dyn Fn(ScorePoint),
) -> Result<ScoreCurve, WorkEnd> {
    let encoder = open(&request.source, watch)?;
    let (collection, cache) = (&request.collection, request.mels.as_deref());
    let whole = MaskRatio::NONE;
    let mut found = |point: &LayerPoint| tell(point.into());
    let sweep = layer_sweep(
        collection,
        &encoder,
        &probe,
        (whole, request.source.channel),
        cache,
        watch,
        &mut found,
    );
    Ok(ScoreCurve::of(probe.task, sweep.map_err(WorkEnd::failed)?))
}
