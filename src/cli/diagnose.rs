//! The verb `diagnose`.

use std::{collections::BTreeSet, fmt::Write};

use super::{
    arguments::{Common, Diagnose},
    console::{Console, Outcome},
    embed,
};
use mynascope_base::counted;
use mynascope_probe::{
    self as probe, DiagnoseSettings, Diagnosis, Diagnostic, LayerDiagnostics, Measured,
};

pub fn run(verb: &Diagnose, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let collection = console.open(&verb.data)?;
    let encoder = embed::open_encoder(&verb.encoder, common, console)?;
    let watch = console.watch();
    let settings = settings(verb, common);
    let diagnosis = probe::diagnose(&collection, &encoder, &settings, &watch, &mut |layer| {
        console.note(&line(layer));
    })?;
    console.caveats(diagnosis.caveats.iter().cloned());
    Ok(Outcome {
        text: text(&diagnosis)?,
        json: serde_json::to_value(&diagnosis)?,
        skipped: diagnosis.skipped,
        incomplete: Vec::new(),
    })
}

/// What the options ask for; what they leave out is as the window has it.
fn settings(verb: &Diagnose, common: &Common) -> DiagnoseSettings {
    let default = DiagnoseSettings::default();
    DiagnoseSettings {
        tracks: verb.tracks.map_or(default.tracks, |tracks| tracks.get()),
        windows: verb
            .windows
            .map_or(default.windows, |windows| windows.get()),
        semitones: match verb.semitones.as_slice() {
            [] => default.semitones,
            semitones => semitones.to_vec(),
        },
        seed: common.seed(),
        channel: common.channel(),
    }
}

/// Letters of a column, with the space before it.
const WIDTH: usize = 12;
/// Names of the columns, short enough to stand side by side.
const COLUMNS: [(&str, Diagnostic); 6] = [
    ("alignment", Diagnostic::Alignment),
    ("uniformity", Diagnostic::Uniformity),
    ("dimension", Diagnostic::IntrinsicDimension),
    ("rank", Diagnostic::EffectiveRank),
    ("map", Diagnostic::Transposition),
    ("no map", Diagnostic::TranspositionWithoutMap),
];

fn heading() -> String {
    let names = COLUMNS.map(|(name, _)| format!("{name:>WIDTH$}"));
    format!("  {:<16}{}", "layer", names.concat())
}

fn line(layer: &LayerDiagnostics) -> String {
    let cells = COLUMNS.map(|(_, diagnostic)| match layer.of(diagnostic) {
        Measured::Value(value) => format!("{value:>WIDTH$.3}"),
        Measured::Undefined(_) => format!("{:>WIDTH$}", "-"),
    });
    format!("  {:<16}{}", layer.name, cells.concat())
}

/// The table for people, then what its columns mean and what is not defined.
fn text(diagnosis: &Diagnosis) -> Result<String, std::fmt::Error> {
    let mut text = format!(
        "{}: {} of {}",
        diagnosis.encoder,
        counted(diagnosis.windows, "window"),
        counted(diagnosis.tracks, "track")
    );
    write!(text, "\n{}", heading())?;
    for layer in &diagnosis.layers {
        write!(text, "\n{}", line(layer))?;
    }
    for (name, diagnostic) in COLUMNS {
        let (explain, source) = (diagnostic.explain(), diagnostic.source());
        write!(text, "\n{name}: {explain} ({source})")?;
    }
    for (name, diagnostic) in COLUMNS {
        let whys: BTreeSet<&str> = (diagnosis.layers.iter())
            .filter_map(|layer| match layer.of(diagnostic) {
                Measured::Undefined(why) => Some(why.as_str()),
                Measured::Value(_) => None,
            })
            .collect();
        for why in whys {
            write!(text, "\nnote: {name} is not defined where -: {why}")?;
        }
    }
    for note in &diagnosis.notes {
        write!(text, "\nnote: {note}")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::arguments::{Arguments, Verb};

    #[test]
    fn the_names_of_the_columns_stand_apart() {
        let heading = heading();
        for (name, _) in COLUMNS {
            assert!(heading.contains(&format!("  {name}")), "{heading}");
        }
    }

    #[test]
    fn without_options_the_verb_asks_for_what_the_window_does() {
        let words = ["mynascope", "diagnose", "--data", "demo"];
        let arguments = Arguments::try_parse_from(words).unwrap();
        let Some(Verb::Diagnose(verb)) = &arguments.verb else {
            panic!("{arguments:?}");
        };
        let asked = settings(verb, &arguments.common);
        assert_eq!(asked, DiagnoseSettings::default());
        let words = [&words[..], &["--semitones", "-3,5"]].concat();
        let arguments = Arguments::try_parse_from(words).unwrap();
        let Some(Verb::Diagnose(verb)) = &arguments.verb else {
            panic!("{arguments:?}");
        };
        let asked = settings(verb, &arguments.common).semitones;
        assert_eq!(asked.iter().map(|it| it.get()).collect::<Vec<_>>(), [-3, 5]);
    }
}
