//! Background work of the Probe layout.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    jobs::{JobContext, JobSlot, NoThread},
    message::{EncoderMessage, Message, Outbox, ProbeMessage},
    model::{
        ActiveProbe, CurveKind, EmbedError, EncoderSource, KeyedTable, ProbeFound, ProbeResult,
        ScoreCurve, ScorePoint, ShownComparison, TrackGroups,
    },
    work::{
        embed::{EmbedRequest, embed, open},
        prediction_timeline::encoder_of,
    },
};
use mynascope_base::{jobs::Watch, storage::Cache};
use mynascope_collection::{self as collection, Collection};
use mynascope_encoder::{LoadOptions, LoadedEncoder, Reading};
use mynascope_probe::{
    CompareSettings, Comparison, CurvePoint, CurveSettings, DiagnoseSettings, EncoderId,
    FewShotPoint, FewShotSettings, LayerDiagnostics, LayerPoint, LeakSettings, MadeBy,
    NamedEncoder, PatchoutPoint, Predictions, ProbeReport, ProbeSettings, Protocol, SavedScore,
    TrainedProbe, check_labels, collection_key, compare, diagnose, few_shot, layer_sweep,
    leak_report, mask_curve, patchout_curve, predict_collection, probe_collection, train_probe,
};
use mynascope_spectrum::tokens::MaskRatio;

/// The place of the Probe layout's job: one runs at a time.
pub type ProbeSlot = JobSlot<ProbeFound, EmbedError>;

/// Starts the work: embeddings (unless they are there), then the probe; of groups, where there are some, instead of the
/// collection's labels.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start(
    slot: &mut ProbeSlot,
    request: EmbedRequest,
    settings: ProbeSettings,
    groups: Option<TrackGroups>,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let sends = outbox.clone();
    begin(slot, outbox, move |job| {
        let end = probe(&request, &settings, groups.as_ref(), &job.watch, &sends)?;
        job.found(ProbeFound::Probe(Box::new(end)));
        Ok(())
    })
}

/// Scores the probe again and again while something is varied; every point is told as soon as it is known.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start_curve(
    slot: &mut ProbeSlot,
    kind: CurveKind,
    request: EmbedRequest,
    settings: ProbeSettings,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    begin(slot, outbox, move |job| {
        let point = |point| job.found(ProbeFound::Point(kind, point));
        let curve = match kind {
            CurveKind::MaskRatio => mask_ratios(&request, settings, &job.watch, &point)?,
            CurveKind::Patchout => patchout(&request, settings, &job.watch, &point)?,
            CurveKind::Labels => few_labels(&request, settings, &job.watch, &point)?,
            CurveKind::Layers => layers(&request, settings, &job.watch, &point)?,
        };
        job.found(ProbeFound::Curve(kind, Box::new(curve)));
        Ok(())
    })
}

/// Scores several encoders on every task; every score is told as soon as it is known.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start_comparison(
    slot: &mut ProbeSlot,
    sources: Vec<EncoderSource>,
    request: EmbedRequest,
    settings: CompareSettings,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    begin(slot, outbox, move |job| {
        // Each as its authors read it, so that all are compared alike.
        let named = sources.iter().map(|source| NamedEncoder {
            name: source.name_of_step(),
            checkpoint: source.checkpoint.clone(),
            options: LoadOptions {
                reading: Reading::default(),
                ..source.load_options()
            },
            device: source.device,
        });
        let encoders: Vec<NamedEncoder> = named.collect();
        let (collection, cache) = (&request.collection, request.mels.as_deref());
        let mut found = |table: &Comparison| {
            job.found(ProbeFound::Compared(Box::new(ShownComparison {
                table: table.clone(),
                sources: sources.clone(),
                settings: settings.clone(),
            })));
        };
        compare(
            collection, &encoders, &settings, cache, &job.watch, &mut found,
        )
        .map_err(EmbedError::failed)?;
        Ok(())
    })
}

/// Measures every layer without labels; each is told as soon as it is known.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start_diagnosis(
    slot: &mut ProbeSlot,
    request: EmbedRequest,
    settings: DiagnoseSettings,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    begin(slot, outbox, move |job| {
        let encoder = open(&request.source.of_all_layers(), &job.watch)?;
        let mut found =
            |layer: &LayerDiagnostics| job.found(ProbeFound::Layer(Box::new(layer.clone())));
        let collection = &request.collection;
        let made = diagnose(collection, &encoder, &settings, &job.watch, &mut found)
            .map_err(EmbedError::failed)?;
        job.found(ProbeFound::Diagnosis(Box::new(made)));
        Ok(())
    })
}

/// Compares the split with folds by file, and looks for near-duplicates in different parts.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start_leaks(
    slot: &mut ProbeSlot,
    request: EmbedRequest,
    settings: LeakSettings,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    begin(slot, outbox, move |job| {
        let table = embed(&request, &job.watch)?;
        let found = leak_report(&table.table, &request.collection, &settings, &job.watch)
            .map_err(EmbedError::failed)?;
        job.found(ProbeFound::Leaks(Box::new(found)));
        Ok(())
    })
}

/// Lets a probe answer for tracks.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start_use(slot: &mut ProbeSlot, work: UseRequest, outbox: &Outbox) -> Result<(), NoThread> {
    begin(slot, outbox, move |job| {
        let predictions = Arc::new(answer(work, &job.watch)?);
        job.found(ProbeFound::Predictions(predictions));
        Ok(())
    })
}

pub(super) fn begin(
    slot: &mut ProbeSlot,
    outbox: &Outbox,
    work: impl FnOnce(&JobContext<'_, ProbeFound>) -> Result<(), EmbedError> + Send + 'static,
) -> Result<(), NoThread> {
    let wrap = |update| Message::Probe(ProbeMessage::Job(update));
    let broke_off = |fault| {
        EmbedError::Failed(format!(
            "The probe broke off ({fault}); try again, or another head"
        ))
    };
    slot.start("probe", outbox, wrap, broke_off, work)
}

/// A probe, and the tracks it shall answer for.
pub struct UseRequest {
    /// The probe.
    pub probe: Arc<TrainedProbe>,
    /// The tracks.
    pub on: Asked,
    /// Device and patches of the encoder; which one it is, the probe says.
    pub source: EncoderSource,
    /// Where computed mels are kept.
    pub mels: Option<Arc<Cache>>,
}

/// The tracks that a probe shall answer for.
pub enum Asked {
    /// The open collection.
    Open(Arc<Collection>),
    /// Files and folders.
    Paths(Vec<PathBuf>),
}

fn answer(work: UseRequest, watch: &Watch<'_>) -> Result<Predictions, EmbedError> {
    let collection = match work.on {
        Asked::Open(collection) => collection,
        Asked::Paths(paths) => {
            Arc::new(collection::open(&paths, watch).map_err(EmbedError::failed)?)
        }
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
    .map_err(EmbedError::failed)
}

/// What a report leaves on the scoreboard.
fn kept(
    request: &EmbedRequest,
    settings: ProbeSettings,
    collection: &Collection,
    table: &KeyedTable,
    report: &ProbeReport,
) -> SavedScore {
    let key = collection_key(collection, request.mels.as_deref());
    let name = request.source.name_of_step();
    SavedScore::of(report, settings, collection, key, name, &table.id)
}

fn probe(
    request: &EmbedRequest,
    settings: &ProbeSettings,
    groups: Option<&TrackGroups>,
    watch: &Watch<'_>,
    outbox: &Outbox,
) -> Result<(ProbeResult, Option<ActiveProbe>, SavedScore), EmbedError> {
    if groups.is_none() {
        check_labels(&request.collection, settings).map_err(EmbedError::failed)?;
    }
    let table = embed(request, watch)?;
    // The map works on the same table.
    outbox.send(Message::Encoder(EncoderMessage::Embedded(Arc::clone(
        &table,
    ))));
    watch.progress("probing", 0, None);
    let narrow = groups.map(|groups| groups.narrow(&request.collection, &table.table));
    let (collection, rows) = match &narrow {
        Some((collection, rows)) => (collection, rows),
        None => (request.collection.as_ref(), &table.table),
    };
    let trained = match settings.protocol {
        // It scales each part by itself: there is nothing to keep for other tracks.
        Protocol::Paper => {
            let made_by = MadeBy::of_id(&table.id);
            probe_collection(rows, collection, &made_by, settings, watch)
                .map(|report| (None, report))
        }
        Protocol::Quick | Protocol::Clean | Protocol::Folds(_) => {
            let whole = MaskRatio::NONE;
            train_probe(rows, collection, settings, &table.id, whole, watch)
                .map(|(probe, report)| (Some(Arc::new(probe)), report))
        }
    };
    let (probe, report) = trained.map_err(EmbedError::failed)?;
    let row = kept(request, *settings, collection, &table, &report);
    let report = Arc::new(report);
    let active = probe.map(|probe| ActiveProbe {
        probe,
        path: None,
        at_home: true,
        shown: true,
    });
    let mut result = ProbeResult::new(report, collection, &table);
    if groups.is_none() {
        result.asked = Some((*settings, request.source.clone()));
    }
    Ok((result, active, row))
}

fn mask_ratios(
    request: &EmbedRequest,
    probe: ProbeSettings,
    watch: &Watch<'_>,
    report: &dyn Fn(ScorePoint),
) -> Result<ScoreCurve, EmbedError> {
    let encoder = open(&request.source, watch)?;
    let (collection, cache) = (&request.collection, request.mels.as_deref());
    let settings = CurveSettings {
        channel: request.source.channel,
        ..CurveSettings::of(probe)
    };
    let mut found = |point: &CurvePoint| report(point.into());
    let curve = mask_curve(collection, &encoder, &settings, cache, watch, &mut found);
    Ok(ScoreCurve::of(
        probe.task,
        curve.map_err(EmbedError::failed)?,
    ))
}

fn patchout(
    request: &EmbedRequest,
    probe: ProbeSettings,
    watch: &Watch<'_>,
    report: &dyn Fn(ScorePoint),
) -> Result<ScoreCurve, EmbedError> {
    // Columns are what is varied; rows that are left out stay so.
    let source = request.source.reading_all_columns();
    let encoder = open(&source, watch)?;
    let reopen = |patchout| {
        let mut options = source.load_options();
        options.reading.patchout = patchout;
        LoadedEncoder::open(&source.checkpoint, options, &source.device)
    };
    let mut found = |point: &PatchoutPoint| report(point.into());
    let curve = patchout_curve(
        &request.collection,
        &encoder,
        &reopen,
        (&probe, source.channel),
        request.mels.as_deref(),
        watch,
        &mut found,
    );
    Ok(ScoreCurve::of(
        probe.task,
        curve.map_err(EmbedError::failed)?,
    ))
}

fn few_labels(
    request: &EmbedRequest,
    probe: ProbeSettings,
    watch: &Watch<'_>,
    report: &dyn Fn(ScorePoint),
) -> Result<ScoreCurve, EmbedError> {
    check_labels(&request.collection, &probe).map_err(EmbedError::failed)?;
    let table = embed(request, watch)?;
    let settings = FewShotSettings::of(probe);
    let mut found = |point: &FewShotPoint| report(point.into());
    let (table, collection) = (&table.table, &request.collection);
    let curve = few_shot(table, collection, &settings, watch, &mut found);
    Ok(ScoreCurve::of(
        probe.task,
        curve.map_err(EmbedError::failed)?,
    ))
}

fn layers(
    request: &EmbedRequest,
    probe: ProbeSettings,
    watch: &Watch<'_>,
    report: &dyn Fn(ScorePoint),
) -> Result<ScoreCurve, EmbedError> {
    let encoder = open(&request.source, watch)?;
    let (collection, cache) = (&request.collection, request.mels.as_deref());
    let whole = MaskRatio::NONE;
    let mut found = |point: &LayerPoint| report(point.into());
    let sweep = layer_sweep(
        collection,
        &encoder,
        &probe,
        (whole, request.source.channel),
        cache,
        watch,
        &mut found,
    );
    Ok(ScoreCurve::of(
        probe.task,
        sweep.map_err(EmbedError::failed)?,
    ))
}
