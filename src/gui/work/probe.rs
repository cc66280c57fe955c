//! Background work of the Probe layout.

use std::sync::Arc;

use crate::{
    gui::{
        message::{Message, Outbox},
        model::{CurveKind, JobId, MapMessage, ProbeMessage, ProbeResult, ScoreCurve, ScorePoint},
        work::{
            embed::{EmbedRequest, WorkEnd, embed, open},
            report::Reporter,
        },
    },
    jobs::{self, Job, Watch},
    probe::{CurvePoint, CurveSettings, ProbeSettings, mask_curve, probe_collection},
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

    /// Tells the job to stop.
    pub fn stop(&mut self) {
        self.job = None;
    }

    /// Starts the work: embeddings (unless they are there), then the probe.
    pub fn start(
        &mut self,
        request: EmbedRequest,
        settings: ProbeSettings,
        outbox: Outbox,
    ) -> std::io::Result<JobId> {
        self.begin(outbox, move |watch, outbox| {
            let result = probe(&request, &settings, watch, outbox)?;
            Ok(move |job| ProbeMessage::Finished(job, Box::new(result)))
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
            };
            Ok(move |job| ProbeMessage::Drawn(job, kind, Box::new(curve)))
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

fn probe(
    request: &EmbedRequest,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
    outbox: &Outbox,
) -> Result<ProbeResult, WorkEnd> {
    let table = embed(request, watch)?;
    // The map works on the same table.
    outbox.send(Message::Map(MapMessage::Embedded(Arc::clone(&table))));
    watch.progress("probing", 0, None);
    let collection = &request.collection;
    let report =
        probe_collection(&table.table, collection, settings, watch).map_err(WorkEnd::failed)?;
    Ok(ProbeResult::new(Arc::new(report), collection, &table))
}

fn mask_ratios(
    request: &EmbedRequest,
    probe: ProbeSettings,
    watch: &Watch<'_>,
    tell: &dyn Fn(ScorePoint),
) -> Result<ScoreCurve, WorkEnd> {
    let encoder = open(&request.source, watch)?;
    let settings = CurveSettings {
        probe,
        ..CurveSettings::default()
    };
    let cache = request.mels.as_deref();
    let mut found = |point: &CurvePoint| tell(point.into());
    let curve = mask_curve(
        &request.collection,
        &encoder,
        &settings,
        cache,
        watch,
        &mut found,
    )
    .map_err(WorkEnd::failed)?;
    Ok(ScoreCurve {
        task: probe.task,
        about: format!(
            "{}, {} head, {}, {}",
            curve.task, curve.head, curve.protocol, curve.encoder
        ),
        points: curve.points.iter().map(ScorePoint::from).collect(),
        baseline: Some(curve.baseline),
        notes: curve.notes,
    })
}
