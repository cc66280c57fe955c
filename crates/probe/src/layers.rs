//! The score of a probe after every block of the encoder.

use std::time::Instant;

use serde::Serialize;

use super::{
    MadeBy, ProbeError, ProbeSettings, Protocol, check_labels, probe_collection,
    score_curve::ProbeCurve,
};
use mynascope_audio::Channel;
use mynascope_base::{jobs::Watch, storage::Cache};
use mynascope_collection::Collection;
use mynascope_embedding::{ExtractSettings, extract_layers_cached};
use mynascope_encoder::LoadedEncoder;
use mynascope_spectrum::tokens::MaskRatio;

/// The score of a probe on what one layer gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerPoint {
    /// 0 for the patches with their positions, `n` after the n-th block, one more for the embedding.
    pub layer: usize,
    /// For people: "patches", "block 3", "embedding".
    pub name: String,
    /// The score on it; see [`super::ProbeReport::metric`].
    pub score: f64,
    /// 95 % interval of the score.
    pub interval: [f64; 2],
}

/// Probe scores along an encoder, from the patches to the embedding.
pub type LayerSweep = ProbeCurve<LayerPoint>;

/// Trains and tests the same probe after every block of a frozen encoder, on the mean over a window's tokens; the
/// tracks are embedded once. `found` is told every point as soon as it is known.
///
/// # Errors
/// As [`super::probe_collection`], and if the tracks cannot be embedded. The protocol `paper` is refused.
pub fn layer_sweep(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &ProbeSettings,
    (ratio, channel): (MaskRatio, Channel),
    cache: Option<&Cache>,
    watch: &Watch<'_>,
    found: &mut dyn FnMut(&LayerPoint),
) -> Result<LayerSweep, ProbeError> {
    let start = Instant::now();
    if settings.protocol == Protocol::Paper {
        return Err(ProbeError::Labels(
            "the published protocol would train its whole grid after every block; sweep by quick, clean or folds:K"
                .into(),
        ));
    }
    let reading = encoder.reading();
    if let Some(layer) = reading.layer {
        return Err(ProbeError::Labels(format!(
            "the sweep probes every layer, so it can't be held to layer {layer}; leave out --layer"
        )));
    }
    if let Some(readout) = reading.readout.filter(|readout| readout.is_final()) {
        return Err(ProbeError::Labels(format!(
            "{readout} are made by the last norm and the classifier, which were trained for what leaves the last block and \
             mean nothing after an earlier one; leave out --readout, or say one that every layer has: {}",
            encoder
                .info()
                .readouts
                .iter()
                .filter(|readout| !readout.is_final())
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        )));
    }
    check_labels(collection, settings)?;
    let extraction = ExtractSettings {
        ratio,
        seed: settings.seed,
        channel,
        ..ExtractSettings::default()
    };
    let layers = watch.part("every block", 0, 2, |watch| {
        extract_layers_cached(collection, encoder, &extraction, cache, watch)
    })?;
    let tables = layers.tables;
    let mut sweep = LayerSweep::default();
    let last = tables.len().saturating_sub(1);
    let made_by = MadeBy::of(encoder);
    for (layer, table) in tables.iter().enumerate() {
        let what = format!("layer {layer} of {last}");
        let report = watch.part(&what, tables.len() + layer, 2 * tables.len(), |watch| {
            probe_collection(table, collection, &made_by, settings, watch)
        })?;
        let point = LayerPoint {
            layer,
            name: encoder
                .info()
                .layers
                .get(layer)
                .cloned()
                .unwrap_or_default(),
            score: report.score,
            interval: report.interval,
        };
        found(&point);
        sweep.take_in(report, point);
    }
    sweep.seconds = start.elapsed().as_secs_f64();
    Ok(sweep)
}
