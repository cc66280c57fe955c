//! The curves and the search for leaks of the verb `probe`.

use std::fmt::Write;

use anyhow::bail;
use serde::Serialize;

use super::{
    arguments::{Common, Probe},
    console::{Console, Outcome},
    embed,
};
use mynascope_base::counted;
use mynascope_collection::Collection;
use mynascope_embedding::{EmbeddingTable, Level};
use mynascope_encoder::{LoadedEncoder, Patchout};
use mynascope_probe::{
    self as probe, CurvePoint, CurveSettings, FewShotPoint, FewShotSettings, LayerPoint,
    LeakSettings, PatchoutPoint, ProbeSettings,
};
use mynascope_spectrum::tokens::MaskRatio;

/// Pairs of tracks that are listed for people; all of them are in the JSON object.
const LISTED: usize = 20;

/// What `probe` was asked to do that is more than one score.
pub struct Asked<'a> {
    pub verb: &'a Probe,
    pub common: &'a Common,
    pub console: &'a Console,
    pub settings: ProbeSettings,
    pub collection: &'a Collection,
    pub rows: Rows<'a>,
}

/// Where the rows come from that are probed.
#[derive(Clone, Copy)]
pub enum Rows<'a> {
    /// An encoder makes them of the collection.
    Encoder(&'a LoadedEncoder),
    /// A table has them.
    Table(&'a EmbeddingTable),
}

impl Asked<'_> {
    /// The curve, sweep or search that the options name; `None` for a single score.
    pub fn curve(&self) -> anyhow::Result<Option<Outcome>> {
        let verb = self.verb;
        Ok(Some(match verb {
            _ if verb.mask_curve => self.masks()?,
            _ if verb.patchout_curve => self.patchout()?,
            _ if verb.few_shot => self.few_shot()?,
            _ if verb.layers => self.layers()?,
            _ if verb.leak => self.leak()?,
            _ => return Ok(None),
        }))
    }

    /// The encoder; a table has none.
    fn encoder(&self) -> anyhow::Result<&LoadedEncoder> {
        match self.rows {
            Rows::Encoder(encoder) => Ok(encoder),
            Rows::Table(_) => bail!(
                "this curve needs an encoder that reads the tracks anew, which a table is not; name one with --checkpoint and the tracks with \
                 --data"
            ),
        }
    }

    fn ratio(&self) -> anyhow::Result<MaskRatio> {
        match self.verb.mask_ratio.as_slice() {
            [ratio] => Ok(*ratio),
            _ => bail!("this is done at one mask ratio, but --mask-ratio names several; name one"),
        }
    }

    fn table(&self) -> anyhow::Result<(EmbeddingTable, Vec<(std::path::PathBuf, String)>)> {
        let encoder = match self.rows {
            Rows::Encoder(encoder) => encoder,
            Rows::Table(table) => return Ok((table.clone(), Vec::new())),
        };
        let ratio = self.ratio()?;
        let (common, console) = (self.common, self.console);
        let extraction = embed::extract(
            self.collection,
            encoder,
            Level::Window,
            ratio,
            common,
            console,
        )?;
        Ok((extraction.table, extraction.skipped))
    }

    fn masks(&self) -> anyhow::Result<Outcome> {
        let default = CurveSettings::of(self.settings);
        let settings = CurveSettings {
            channel: self.common.channel(),
            ratios: match self.verb.mask_ratio.as_slice() {
                [MaskRatio::NONE] => default.ratios.clone(),
                ratios => ratios.to_vec(),
            },
            draws: self.verb.draws.map_or(default.draws, |draws| draws.get()),
            ..default
        };
        let cache = embed::user_cache();
        let watch = self.console.watch();
        let words = |point: &CurvePoint| {
            let masked = format!("{:>3.0} % masked", 100.0 * point.ratio);
            line(&masked, point.mean, point.deviation)
        };
        let curve = probe::mask_curve(
            self.collection,
            self.encoder()?,
            &settings,
            cache.as_ref(),
            &watch,
            &mut |point| self.console.note(&words(point)),
        )?;
        let first = format!(
            "{} against mask ratio: {} head, protocol {}, {} draws of masks; majority baseline {:.3}; {}",
            curve.metric,
            curve.head,
            curve.protocol,
            settings.draws,
            curve.baseline.unwrap_or(0.0),
            curve.encoder
        );
        outcome(&curve, &first, curve.points.iter().map(words), &curve.notes)
    }

    fn patchout(&self) -> anyhow::Result<Outcome> {
        if self.ratio()? != MaskRatio::NONE {
            bail!("a mask and patchout both drop tokens; leave out --mask-ratio");
        }
        let words = |point: &PatchoutPoint| {
            format!(
                "every {:>2} ({:>3.0} % of the tokens): {}",
                point.every,
                100.0 * point.share,
                with_interval(point.score, point.interval)
            )
        };
        let open = |patchout: Patchout| {
            let mut options = self.verb.encoder.options();
            options.reading.patchout = patchout;
            let checkpoint = &self.verb.encoder.checkpoint;
            LoadedEncoder::open(checkpoint, options, &self.common.device())
        };
        let curve = probe::patchout_curve(
            self.collection,
            self.encoder()?,
            &open,
            (&self.settings, self.common.channel()),
            embed::user_cache().as_ref(),
            &self.console.watch(),
            &mut |point| self.console.note(&words(point)),
        )?;
        let first = format!(
            "{} against patchout, every Nth column (95 % interval): {} head, protocol {}; majority baseline {:.3}; {}",
            curve.metric,
            curve.head,
            curve.protocol,
            curve.baseline.unwrap_or(0.0),
            curve.encoder
        );
        outcome(&curve, &first, curve.points.iter().map(words), &curve.notes)
    }

    fn few_shot(&self) -> anyhow::Result<Outcome> {
        let default = FewShotSettings::of(self.settings);
        let settings = FewShotSettings {
            draws: self.verb.draws.map_or(default.draws, |draws| draws.get()),
            ..default
        };
        let (table, skipped) = self.table()?;
        let words = |point: &FewShotPoint| {
            let shots = format!("{:>3} tracks a class", point.shots);
            line(&shots, point.mean, point.deviation)
        };
        let curve = probe::few_shot(
            &table,
            self.collection,
            &settings,
            &self.console.watch(),
            &mut |point| self.console.note(&words(point)),
        )?;
        let first = format!(
            "{} against training tracks: {} head, protocol {}, {} draws of tracks; {}",
            curve.metric, curve.head, curve.protocol, settings.draws, curve.encoder
        );
        let lines = curve.points.iter().map(words);
        Ok(Outcome {
            skipped,
            ..outcome(&curve, &first, lines, &curve.notes)?
        })
    }

    fn layers(&self) -> anyhow::Result<Outcome> {
        let cache = embed::user_cache();
        let words = |point: &LayerPoint| {
            format!(
                "{:10} {}",
                point.name,
                with_interval(point.score, point.interval)
            )
        };
        let sweep = probe::layer_sweep(
            self.collection,
            self.encoder()?,
            &self.settings,
            (self.ratio()?, self.common.channel()),
            cache.as_ref(),
            &self.console.watch(),
            &mut |point| self.console.note(&words(point)),
        )?;
        let first = format!(
            "{} after every block (95 % interval): {} head, protocol {}; majority baseline {:.3}; {}",
            sweep.metric,
            sweep.head,
            sweep.protocol,
            sweep.baseline.unwrap_or(0.0),
            sweep.encoder
        );
        outcome(&sweep, &first, sweep.points.iter().map(words), &sweep.notes)
    }

    fn leak(&self) -> anyhow::Result<Outcome> {
        let settings = LeakSettings {
            threshold: self.verb.same_from,
            ..LeakSettings::of(self.settings, self.collection)
        };
        let (table, skipped) = self.table()?;
        let watch = self.console.watch();
        let report = probe::leak_report(&table, self.collection, &settings, &watch)?;
        let split = if report.published {
            "published split"
        } else {
            "drawn split"
        };
        let first = format!(
            "{}: {split} {}, {} folds by file {}; gap {}",
            report.metric,
            with_interval(report.score, report.interval),
            settings.folds,
            with_interval(report.folds_score, report.folds_interval),
            match report.gap.is_finite() {
                true => format!("{:+.3}", report.gap),
                false => format_score(report.gap),
            }
        );
        let mut lines = vec![report.verdict.words().to_owned()];
        lines.push(format!(
            "windows of a cosine from {} on: {} of tracks of different parts",
            report.threshold,
            counted(report.pairs.len(), "pair")
        ));
        lines.extend(report.pairs.iter().take(LISTED).map(|pair| {
            format!(
                "{:.4}  {:?} {} | {:?} {}",
                pair.cosine,
                pair.parts[0],
                pair.paths[0].display(),
                pair.parts[1],
                pair.paths[1].display()
            )
        }));
        let faults = report.faults.iter().take(LISTED);
        lines.extend(faults.map(|path| format!("known fault, in no part: {}", path.display())));
        Ok(Outcome {
            skipped,
            ..outcome(&report, &first, lines.into_iter(), &report.notes)?
        })
    }
}

/// A score, where it is defined.
fn format_score(score: f64) -> String {
    match score.is_finite() {
        true => format!("{score:.3}"),
        false => "not defined".to_owned(),
    }
}

/// A score and, in brackets, its 95 % interval.
fn with_interval(score: f64, interval: [f64; 2]) -> String {
    let interval = probe::format_interval(interval, format_score);
    format!("{} ({interval})", format_score(score))
}

fn line(what: &str, mean: f64, deviation: Option<f64>) -> String {
    let deviation = deviation.filter(|deviation| deviation.is_finite());
    let mean = format_score(mean);
    let spread = deviation.map_or_else(String::new, |deviation| {
        format!(" (+- {deviation:.3} over draws)")
    });
    format!("{what}: {mean}{spread}")
}

fn outcome(
    result: &impl Serialize,
    first: &str,
    lines: impl Iterator<Item = String>,
    notes: &[String],
) -> anyhow::Result<Outcome> {
    let mut text = first.to_owned();
    for line in lines {
        write!(text, "\n  {line}")?;
    }
    for note in notes {
        write!(text, "\nnote: {note}")?;
    }
    Ok(Outcome::new(serde_json::to_value(result)?, text))
}
