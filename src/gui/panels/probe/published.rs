//! Published scores, block by block, with ours of the same data set above them.

use eframe::egui::{Sense, Ui};
use mynascope_base::counted;

use crate::gui::{model::AppState, panels::parts, theme};
use mynascope_probe::{
    Block, Measure, Protocol, PublishedScore, SavedScore, head_name, protocol_name,
};

use super::table::{self, Column, Row};

/// System, size, the measures in their order, source.
const COLUMNS: [Column; 9] = [
    Column::words("system", "What was scored", 1.6),
    Column::words("size", "Parameters", 0.6),
    Column::number(
        "MTT ROC",
        "MagnaTagATune, top 50 tags: mean ROC-AUC x 100",
        15.0,
    ),
    Column::number(
        "MTT AP",
        "MagnaTagATune, top 50 tags: mean average precision x 100",
        14.0,
    ),
    Column::number(
        "GTZAN",
        "GTZAN, fault-filtered split: accuracy in percent",
        14.0,
    ),
    Column::number("key", "GiantSteps key: weighted score of MIREX x 100", 11.0),
    Column::number("arousal", "EmoMusic: R2 of arousal x 100", 14.0),
    Column::number("valence", "EmoMusic: R2 of valence x 100", 14.0),
    Column::words(
        "source",
        "Where it was printed; each cell tells its own",
        2.0,
    ),
];

/// Draws both blocks.
pub fn show(ui: &mut Ui, model: &AppState, scores: &[PublishedScore]) {
    for block in Block::ALL {
        ui.add_space(theme::SPACE_LARGE);
        parts::heading(ui, &format!("Published, block {block:?}"));
        parts::explain(ui, block.explain());
        let few = |run: &SavedScore| !can_stand_beside(run);
        if block == Block::A && model.probing.runs.iter().any(few) {
            let why = format!(
                "Your own scores are listed here too if they are of a published split with at least {FEWEST_TESTED} tested tracks; the others are only in the table above"
            );
            parts::explain(ui, &why);
        }
        table::heading(ui, &COLUMNS, 0, None);
        let ours = model
            .probing
            .runs
            .iter()
            .filter(|run| can_stand_beside(run));
        for run in ours {
            row_of_ours(ui, run);
        }
        let mut systems: Vec<&str> = Vec::new();
        for score in scores.iter().filter(|score| score.block == block) {
            if systems.last() != Some(&score.system.as_str()) {
                systems.push(&score.system);
            }
        }
        for system in systems {
            let cells: Vec<&PublishedScore> = scores
                .iter()
                .filter(|score| score.block == block && score.system == system)
                .collect();
            published(ui, system, &cells);
        }
    }
}

/// Tested tracks from which on a score of ours stands among published ones, which are of hundreds.
const FEWEST_TESTED: usize = 100;

/// Whether a score of ours says something beside published ones: on a published split and of enough tracks.
fn can_stand_beside(run: &SavedScore) -> bool {
    matches!(run.protocol, Protocol::Clean | Protocol::Paper) && run.tested >= FEWEST_TESTED
}

/// One of our runs, where a published measure is of the same data set; other runs have no row.
fn row_of_ours(ui: &mut Ui, run: &SavedScore) {
    let tokens = theme::tokens(ui);
    let value = |measure: Measure| {
        let mut metrics = run.metrics.iter();
        let found = metrics.find(|(name, _)| Measure::of(run.kind, name) == Some(measure));
        let found = found.filter(|(_, value)| value.is_finite());
        found.map(|(_, value)| format!("{:.1}", 100.0 * value))
    };
    let values = Measure::ALL.map(value);
    if values.iter().all(Option::is_none) {
        return;
    }
    let name = format!("{} (ours)", run.encoder);
    let how = format!(
        "{}{}, {}, {}",
        match run.encoder_read.as_str() {
            "" => String::new(),
            read => format!("{read}; "),
        },
        head_name(&run.head.to_string()),
        protocol_name(&run.protocol.to_string()),
        counted(run.tested, "tested track")
    );
    let mut cells = vec![(name.as_str(), tokens.accent), ("", tokens.text)];
    cells.extend(values.iter().map(|value| {
        let text = value.as_deref().unwrap_or_default();
        (text, tokens.accent)
    }));
    cells.push((how.as_str(), tokens.text));
    let about = Row {
        name: &name,
        help: &how,
        ..Row::default()
    };
    table::row(ui, &COLUMNS, &cells, &about);
}

fn published(ui: &mut Ui, system: &str, scores: &[&PublishedScore]) {
    let tokens = theme::tokens(ui);
    let of = |measure: Measure| scores.iter().find(|score| score.measure == measure);
    let values = Measure::ALL.map(|measure| {
        let score = of(measure);
        score.map_or_else(String::new, |score| format!("{:.1}", score.percent))
    });
    let size = scores.first().map_or("", |score| score.size.as_str());
    let mut sources: Vec<&str> = scores.iter().map(|score| score.source.as_str()).collect();
    sources.dedup();
    let sources = sources.join("; ");
    let mut cells = vec![(system, tokens.text_strong), (size, tokens.text_weak)];
    cells.extend(values.iter().map(|value| (value.as_str(), tokens.text)));
    cells.push((sources.as_str(), tokens.text_weak));
    let about = Row {
        name: system,
        ..Row::default()
    };
    let row = table::row(ui, &COLUMNS, &cells, &about);
    let hints = [None, None].into_iter();
    let hints = hints.chain(Measure::ALL.map(|measure| of(measure).map(|it| it.source.as_str())));
    let hints = hints.chain([Some(sources.as_str())]);
    for (index, (place, hint)) in table::places(&COLUMNS, row.rect).zip(hints).enumerate() {
        if let Some(hint) = hint {
            ui.interact(place, row.id.with(index), Sense::hover())
                .on_hover_text(hint);
        }
    }
}
