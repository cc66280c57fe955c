//! The score of a probe against the share of dropped tokens.

use std::time::Instant;

use serde::Serialize;

use super::{
    MadeBy, ProbeError, ProbeReport, ProbeSettings, Protocol, check_labels, metrics::mean,
    probe_collection, score_curve::ProbeCurve, scoring,
};
use mynascope_audio::Channel;
use mynascope_base::{jobs::Watch, storage::Cache};
use mynascope_collection::Collection;
use mynascope_embedding::{EmbeddingTable, ExtractSettings, extract_cached};
use mynascope_encoder::LoadedEncoder;
use mynascope_spectrum::tokens::MaskRatio;

/// The ratios of a curve that is not told otherwise.
pub const CURVE_RATIOS: [f64; 6] = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95];

/// What a curve of scores over mask ratios is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveSettings {
    /// The probe that is trained and tested at each point, on one split for the whole curve.
    pub probe: ProbeSettings,
    /// The ratios, in the order in which they are worked on.
    pub ratios: Vec<MaskRatio>,
    /// Draws of masks that each ratio is averaged over; without a mask one is enough.
    pub draws: usize,
    /// Which channel of a file is embedded.
    pub channel: Channel,
}

impl CurveSettings {
    /// [`CURVE_RATIOS`], three draws each, of a probe: what window and command line draw without being told more.
    pub fn of(probe: ProbeSettings) -> Self {
        Self {
            probe,
            ratios: CURVE_RATIOS
                .iter()
                .filter_map(|&ratio| MaskRatio::new(ratio).ok())
                .collect(),
            draws: 3,
            channel: Channel::Mean,
        }
    }
}

/// The score at one mask ratio.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Share of tokens that was dropped before the encoder saw a window.
    pub ratio: f64,
    /// Mean over the draws of masks.
    pub mean: f64,
    /// Standard deviation over the draws (n - 1); `None` for a single draw. It tells what the masks change, not what
    /// other test tracks would: that is `interval`.
    pub deviation: Option<f64>,
    /// The score of each draw.
    pub scores: Vec<f64>,
    /// 95 % interval of the first draw's score over the choice of test tracks.
    pub interval: [f64; 2],
}

/// Probe score against mask ratio, of one frozen encoder; points in the order of the settings.
pub type MaskCurve = ProbeCurve<CurvePoint>;

/// Embeds a collection by a frozen encoder at each mask ratio, with several draws of masks, and scores a probe on each
/// table. `found` is told every point as soon as it is known. The split and everything random of the probe stay the
/// same over the whole curve; draw `n` masks as `probe` with the seed plus `n` does, so the first draw gives the very
/// score of [`probe_collection`] at that ratio. Mels and embeddings that are in the cache are not computed again.
///
/// # Errors
/// As [`super::probe_collection`], and if the tracks cannot be embedded.
pub fn mask_curve(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &CurveSettings,
    cache: Option<&Cache>,
    watch: &Watch<'_>,
    found: &mut dyn FnMut(&CurvePoint),
) -> Result<MaskCurve, ProbeError> {
    let embed = |ratio, seed, watch: &Watch<'_>| {
        let settings = ExtractSettings {
            ratio,
            seed,
            channel: settings.channel,
            ..ExtractSettings::default()
        };
        let extraction = extract_cached(collection, encoder, &settings, cache, watch)?;
        Ok(extraction.table)
    };
    let made_by = MadeBy::of(encoder);
    curve_of(&embed, &made_by, collection, settings, watch, found)
}

/// Gives the table of a ratio and a seed.
type Embed<'a> = dyn Fn(MaskRatio, u64, &Watch<'_>) -> Result<EmbeddingTable, ProbeError> + 'a;

fn curve_of(
    embed: &Embed<'_>,
    made_by: &MadeBy,
    collection: &Collection,
    settings: &CurveSettings,
    watch: &Watch<'_>,
    found: &mut dyn FnMut(&CurvePoint),
) -> Result<MaskCurve, ProbeError> {
    let start = Instant::now();
    if settings.probe.protocol == Protocol::Paper {
        return Err(ProbeError::Labels(
            "the published protocol would train its whole grid for every draw of masks; draw the curve by quick, clean or folds:K"
                .into(),
        ));
    }
    check_labels(collection, &settings.probe)?;
    let draws = |ratio: MaskRatio| match ratio == MaskRatio::NONE {
        true => 1,
        false => settings.draws.max(1),
    };
    let all: usize = settings.ratios.iter().map(|&ratio| draws(ratio)).sum();
    let mut done = 0;
    let mut curve = MaskCurve::default();
    for &ratio in &settings.ratios {
        let mut scores = Vec::new();
        let mut first: Option<ProbeReport> = None;
        for draw in 0..draws(ratio) {
            let what = format!(
                "{:.0} % masked, draw {} of {}",
                100.0 * ratio.get(),
                draw + 1,
                draws(ratio)
            );
            let report = watch.part(&what, done, all, |watch| {
                let seed = settings.probe.seed.wrapping_add(draw as u64);
                let table = embed(ratio, seed, watch)?;
                probe_collection(&table, collection, made_by, &settings.probe, watch)
            })?;
            done += 1;
            scores.push(report.score);
            first.get_or_insert(report);
        }
        let Some(report) = first else {
            continue;
        };
        let point = CurvePoint {
            ratio: ratio.get(),
            mean: mean(scores.iter().copied()).unwrap_or(0.0),
            deviation: scoring::deviation(&scores),
            scores,
            interval: report.interval,
        };
        found(&point);
        curve.take_in(report, point);
    }
    curve.seconds = start.elapsed().as_secs_f64();
    Ok(curve)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use mynascope_base::jobs::Cancel;
    use mynascope_collection::{CollectionKind, Track};
    use mynascope_embedding::{Level, TrackRow};
    use mynascope_spectrum::tokens::{Purpose, stream};

    const TRACKS: usize = 24;

    fn collection() -> Collection {
        Collection {
            name: "planted".into(),
            kind: CollectionKind::Folder,
            tracks: (0..TRACKS)
                .map(|track| Track {
                    label: Some(format!("class {}", track % 2)),
                    ..Track::of_file(format!("{track}.wav").as_ref())
                })
                .collect(),
            split: None,
            notes: Vec::new(),
        }
    }

    /// Two classes that a mask of more than half covers with noise.
    fn planted(ratio: MaskRatio, seed: u64, collection: &Collection) -> EmbeddingTable {
        let mut random = stream(seed, 0, 0, Purpose::Demo);
        let noise = if ratio.get() > 0.5 { 10.0 } else { 0.01 };
        let mut table = EmbeddingTable::empty(2, "planted".into(), Level::Window);
        for (place, track) in collection.tracks.iter().enumerate() {
            table.tracks.push(TrackRow {
                path: track.path.clone(),
                label: track.label.clone(),
                split: None,
                incomplete: None,
            });
            table.track.push(place as u32);
            table.timestamps.push(0.0);
            let centre = (place % 2) as f64;
            let value = |offset: f64| (offset + centre + noise * random.normal()) as f32;
            table.values.extend([0.0, 3.0].map(value));
        }
        table
    }

    #[test]
    fn each_ratio_is_averaged_over_draws_and_the_first_is_the_probe_itself() {
        let collection = collection();
        let settings = CurveSettings {
            ratios: [0.0, 0.5, 0.75].map(|r| MaskRatio::new(r).unwrap()).into(),
            ..CurveSettings::of(ProbeSettings::default())
        };
        let asked = RefCell::new(Vec::new());
        let embed = |ratio: MaskRatio, seed, _: &Watch<'_>| {
            asked.borrow_mut().push((ratio.get(), seed));
            Ok(planted(ratio, seed, &collection))
        };
        let mut told = Vec::new();
        let watch = Watch::unattended();
        let curve = curve_of(
            &embed,
            &MadeBy::default(),
            &collection,
            &settings,
            &watch,
            &mut |point| {
                told.push(point.clone());
            },
        )
        .unwrap();
        assert_eq!(told, curve.points);
        let wanted = [
            (0.0, 0),
            (0.5, 0),
            (0.5, 1),
            (0.5, 2),
            (0.75, 0),
            (0.75, 1),
            (0.75, 2),
        ];
        assert_eq!(*asked.borrow(), wanted);
        let [clear, half, noise] = &curve.points[..] else {
            panic!("{:?}", curve.points)
        };
        assert_eq!((clear.mean, clear.deviation, half.mean), (1.0, None, 1.0));
        assert!(noise.mean < 0.95, "{noise:?}");
        let alone = |seed| {
            let table = planted(settings.ratios[2], seed, &collection);
            probe_collection(
                &table,
                &collection,
                &MadeBy::default(),
                &settings.probe,
                &watch,
            )
            .unwrap()
        };
        assert_eq!(noise.scores, [0, 1, 2].map(|seed| alone(seed).score));
        assert_eq!(noise.interval, alone(0).interval);
    }

    #[test]
    fn labels_that_allow_no_probe_are_refused_before_any_track_is_embedded() {
        let embed = |_, _, _: &Watch<'_>| panic!("embedded for nothing");
        let refused = |collection: &Collection| {
            let settings = CurveSettings::of(ProbeSettings::default());
            curve_of(
                &embed,
                &MadeBy::default(),
                collection,
                &settings,
                &Watch::unattended(),
                &mut |_| (),
            )
            .unwrap_err()
            .to_string()
        };
        let mut collection = collection();
        for track in &mut collection.tracks {
            track.label = Some("alone".into());
        }
        let one = refused(&collection);
        assert!(one.contains("two classes"), "{one}");
        for track in &mut collection.tracks {
            track.label = None;
        }
        let none = refused(&collection);
        assert!(none.contains("no track has a label"), "{none}");
    }

    #[test]
    fn a_curve_stops_between_two_points_and_progress_never_falls() {
        let collection = collection();
        let cancel = Cancel::default();
        let done = std::sync::Mutex::new(Vec::new());
        let report = |progress: mynascope_base::jobs::Progress| {
            done.lock().unwrap().push((progress.done, progress.total));
        };
        let embed = |ratio, seed, watch: &Watch<'_>| {
            watch.progress("embedding tracks", 5, Some(10));
            if seed == 2 {
                cancel.cancel();
            }
            watch.check()?;
            Ok(planted(ratio, seed, &collection))
        };
        let watch = Watch::new(cancel.clone(), &report);
        let mut points = 0;
        let end = curve_of(
            &embed,
            &MadeBy::default(),
            &collection,
            &CurveSettings::of(ProbeSettings::default()),
            &watch,
            &mut |_| points += 1,
        );
        assert!(matches!(end, Err(ProbeError::Cancelled(_))));
        assert_eq!(points, 1, "only the unmasked point was complete");
        let done = done.into_inner().unwrap();
        assert!(done.is_sorted(), "{done:?}");
        assert!(done.iter().all(|(_, total)| *total == Some(16_000)));
    }
}
