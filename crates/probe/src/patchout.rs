//! The score of a probe against how many columns of tokens an encoder reads of every window.

use std::time::Instant;

use serde::Serialize;

use super::{
    MadeBy, ProbeError, ProbeReport, ProbeSettings, Protocol, check_labels, probe_collection,
    score_curve::ProbeCurve,
};
use mynascope_audio::Channel;
use mynascope_base::{jobs::Watch, ordinal, storage::Cache};
use mynascope_collection::Collection;
use mynascope_embedding::{ExtractSettings, extract_cached};
use mynascope_encoder::{EncoderError, LoadedEncoder, Patchout};

/// Of the columns every so many-th is read, point by point, as far as windows have so many.
pub const CURVE_PATCHOUT: [usize; 6] = [1, 2, 3, 4, 6, 8];

/// The score where every so many-th column is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatchoutPoint {
    /// As `--patchout` takes it; 1 for all columns.
    pub every: usize,
    /// Tokens of a window that are read.
    pub tokens: usize,
    /// The same as a share of all.
    pub share: f64,
    /// The score on it; see [`super::ProbeReport::metric`].
    pub score: f64,
    /// 95 % interval of the score over the choice of test tracks.
    pub interval: [f64; 2],
}

/// Probe scores against patchout, of one frozen encoder.
pub type PatchoutCurve = ProbeCurve<PatchoutPoint>;

/// Opens the same encoder with another patchout.
pub type OpenWith<'a> = dyn Fn(Patchout) -> Result<LoadedEncoder, EncoderError> + 'a;

/// Embeds a collection by a frozen encoder that reads all columns of its windows, every second one and so on
/// ([`CURVE_PATCHOUT`]), and scores a probe on each table: the very score of [`probe_collection`] with that `--patchout`. Rows
/// that `encoder` leaves out are left out at every point. `found` is told every point as soon as it is known. What is in the
/// cache is not computed again.
///
/// # Errors
/// As [`super::probe_collection`], and if the encoder cannot be opened or the tracks cannot be embedded. The protocol `paper` is
/// refused.
pub fn patchout_curve(
    collection: &Collection,
    encoder: &LoadedEncoder,
    open: &OpenWith<'_>,
    (probe, channel): (&ProbeSettings, Channel),
    cache: Option<&Cache>,
    watch: &Watch<'_>,
    found: &mut dyn FnMut(&PatchoutPoint),
) -> Result<PatchoutCurve, ProbeError> {
    let start = Instant::now();
    if probe.protocol == Protocol::Paper {
        return Err(ProbeError::Labels(
            "the published protocol would train its whole grid for every point; draw the curve by quick, clean or folds:K"
                .into(),
        ));
    }
    check_labels(collection, probe)?;
    let grids = &encoder.info().grids;
    let columns = grids.iter().map(|grid| grid.columns).max().unwrap_or(1);
    let all: usize = grids.iter().map(|grid| grid.tokens()).sum();
    let points = CURVE_PATCHOUT.iter().filter(|&&every| every <= columns);
    let points: Vec<usize> = points.copied().collect();
    let dropped_rows = encoder.reading().patchout.dropped_rows;
    let mut curve = PatchoutCurve::default();
    for (index, &every) in points.iter().enumerate() {
        let what = match every {
            1 => "all columns".to_owned(),
            every => format!("every {} column", ordinal(every)),
        };
        let patchout = Patchout {
            every,
            dropped_rows,
        };
        let tokens = patchout.mask(grids).map_err(refused)?;
        let tokens: usize = tokens.0.iter().map(Vec::len).sum();
        let report = watch.part(
            &what,
            index,
            points.len(),
            |watch| -> Result<ProbeReport, ProbeError> {
                let opened = open(patchout).map_err(refused)?;
                let settings = ExtractSettings {
                    seed: probe.seed,
                    channel,
                    ..ExtractSettings::default()
                };
                let table = extract_cached(collection, &opened, &settings, cache, watch)?.table;
                probe_collection(&table, collection, &MadeBy::of(&opened), probe, watch)
            },
        )?;
        let point = PatchoutPoint {
            every,
            tokens,
            share: tokens as f64 / all.max(1) as f64,
            score: report.score,
            interval: report.interval,
        };
        found(&point);
        curve.take_in(report, point);
    }
    // Every point has an encoder of its own; what they have in common is the one that reads all columns.
    curve.encoder = encoder.description().to_owned();
    curve.seconds = start.elapsed().as_secs_f64();
    Ok(curve)
}

fn refused(error: EncoderError) -> ProbeError {
    ProbeError::Encoder(error.to_string())
}
