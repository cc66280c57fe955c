//! The Map panel: what to compute above, the points in the middle, what they are below.

mod canvas;
mod controls;
mod legend;
mod two_maps;

use eframe::egui::{self, Align, Layout, Ui, Vec2};
use egui_phosphor::regular as icon;
use mynascope_base::{counted, without_path};

use crate::gui::{
    command::{Command, MapCommand},
    jobs::format_duration,
    model::{AppState, Chart, MapSide},
    panels::parts,
    theme,
};
use mynascope_embedding::Level;
use mynascope_map::Method;

use canvas::View;

/// Width of the column with the labels.
const LEGEND_WIDTH: f32 = 34.0 * theme::UNIT;

/// Draws the panel.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    parts::padded(ui, |ui| {
        controls::show(ui, model, out);
        if let Some(error) = &model.mapping.error {
            parts::error(ui, error);
        }
        match &model.mapping.chart {
            None => nothing(ui, model),
            Some(chart) => match &model.mapping.second {
                Some(second) => two_maps::show(ui, model, chart, second, out),
                None => one(ui, model, chart, out),
            },
        }
    });
}

/// What a caption takes below a map, with the air above it.
const CAPTION_HEIGHT: f32 = theme::TEXT_SMALL + 2.0 * theme::SPACE;

/// Draws something in a column of a size.
fn column(ui: &mut Ui, size: Vec2, content: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
        ui.set_min_size(size);
        content(ui);
    });
}

/// A map with its legend beside it.
fn one(ui: &mut Ui, model: &AppState, chart: &Chart, out: &mut Vec<Command>) {
    let size = ui.available_size() - Vec2::new(0.0, CAPTION_HEIGHT);
    let size = size.max(Vec2::splat(20.0 * theme::UNIT));
    let view = View {
        side: MapSide::Main,
        chart,
        camera: model.mapping.camera,
    };
    column(ui, size, |ui| {
        ui.horizontal_top(|ui| {
            let width = size.x - LEGEND_WIDTH - theme::SPACE_LARGE;
            let space = Vec2::new(width.max(40.0 * theme::UNIT), size.y);
            canvas::show(ui, space, model, view, out);
            ui.add_space(theme::SPACE_LARGE - theme::SPACE);
            ui.vertical(|ui| legend::show(ui, &model.mapping, chart, out));
        });
    });
    if model.mapping.is_silent() {
        where_is_the_sound(ui, out);
    } else if !picked(ui, model, chart, out) {
        if let Some(other) = made_otherwise(model, chart) {
            otherwise(ui, &other);
            return;
        }
        let by = match &model.mapping.imported {
            Some(imported) => imported.path.display().to_string(),
            None => chart.source.table.encoder.clone(),
        };
        caption(ui, chart, Some(by));
    }
}

/// What made the map, where that is not what is chosen above it.
fn made_otherwise(model: &AppState, chart: &Chart) -> Option<String> {
    let (made, chosen) = (&chart.source.key.source, &model.embeddings.source);
    let mapping = &model.mapping;
    if mapping.imported.is_some() || mapping.job.is_running() || made.embeds_like(chosen) {
        return None;
    }
    let name = made.name();
    let facts = [
        (!made.weights.is_auto()).then(|| made.weights.to_string()),
        (made.channel != chosen.channel).then(|| format!("{} channel", made.channel)),
    ];
    let facts = facts.into_iter().flatten();
    Some(
        std::iter::once(name)
            .chain(facts)
            .collect::<Vec<_>>()
            .join(", "),
    )
}

fn otherwise(ui: &mut Ui, made: &str) {
    let text = format!(
        "{}  Made by {made}, not by what is chosen above; Compute map makes it anew",
        icon::INFO
    );
    let colour = theme::tokens(ui).text_strong;
    ui.add(egui::Label::new(theme::small(text).color(colour)).truncate());
}

/// The question that a table from elsewhere raises, in place of the caption.
fn where_is_the_sound(ui: &mut Ui, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let hint = "Looks below a folder for files of the same names; the map stays as it is";
        if ui
            .small_button("Find its sound…")
            .on_hover_text(hint)
            .clicked()
        {
            out.push(Command::Map(MapCommand::FindSound(None)));
        }
        parts::quiet(ui, "The sound of this table is not where it says");
    });
}

/// What is picked, where something is; else nothing is drawn and `false` returned.
fn picked(ui: &mut Ui, model: &AppState, chart: &Chart, out: &mut Vec<Command>) -> bool {
    let picked = &model.mapping.picked;
    if picked.is_empty() {
        return false;
    }
    let tracks = picked.tracks().len();
    let of = match (chart.level, tracks) {
        (Level::Track, _) => String::new(),
        (Level::Window, _) => format!(" of {}", counted(tracks, "track")),
    };
    let text = format!("{} picked{of}", points(chart.level, chart.picked_points));
    ui.horizontal(|ui| {
        let hint = "Nothing is picked any more, and all points have their colours again (Esc)";
        if ui.small_button("Clear").on_hover_text(hint).clicked() {
            out.push(Command::Map(MapCommand::ClearPicked));
        }
        parts::quiet(ui, text).on_hover_text("Marked in the library too: F2 labels their tracks");
    });
    true
}

/// A line of small text that ends where its column does.
fn line(ui: &mut Ui, text: impl Into<String>) -> egui::Response {
    let weak = theme::tokens(ui).text_weak;
    ui.add(egui::Label::new(theme::small(text).color(weak)).truncate())
}

/// What a map is: how it was made, of what, and by which encoder unless that stands above it.
fn caption(ui: &mut Ui, chart: &Chart, by: Option<String>) -> egui::Response {
    let layout = &chart.layout;
    let method = match layout.method {
        Method::Tsne | Method::TsneReference => "t-SNE",
        Method::Pca => "PCA",
    };
    let of = points(chart.level, chart.xy.len());
    let mut facts = vec![format!("{method} of {of}")];
    if let Some(perplexity) = layout.perplexity {
        facts.push(format!("perplexity {perplexity:.0}"));
    }
    if let Some(kl) = layout.kl {
        facts.push(format!("KL divergence {kl:.2}"));
    }
    let seconds = layout.seconds;
    facts.push(if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else {
        format_duration(std::time::Duration::from_secs_f64(seconds))
    });
    let skipped = &chart.source.skipped;
    if !skipped.is_empty() {
        facts.push(format!("{} left out", counted(skipped.len(), "track")));
    }
    facts.extend(by);
    let mut notes = layout.notes.clone();
    notes.extend(
        skipped
            .iter()
            .map(|(path, why)| format!("{}: {}", path.display(), without_path(why, path))),
    );
    let response = line(ui, facts.join("  \u{b7}  "));
    match notes.is_empty() {
        true => response,
        false => response.on_hover_text(notes.join("\n")),
    }
}

/// So many points of a level.
fn points(level: Level, count: usize) -> String {
    match level {
        Level::Window => counted(count, "window"),
        Level::Track => counted(count, "track"),
    }
}

fn nothing(ui: &mut Ui, model: &AppState) {
    let how = format!("{}; sub-folders become labels.", model.how_to_open());
    let no_map = format!(
        "Compute map lays similar sounds side by side: every point is a {}. Point at one to see what it is, click to hear it.",
        model.describe_window()
    );
    let (title, hint) = if model.mapping.job.is_running() {
        (
            "The first points are on their way",
            "The windows are embedded first; then the map appears and t-SNE sorts it.",
        )
    } else if model.embeddings.asks_patch.is_some() {
        parts::SILENT_CHECKPOINT
    } else if model.library.track_count() == 0 {
        ("No collection is open", how.as_str())
    } else {
        ("No map yet", no_map.as_str())
    };
    parts::empty(ui, icon::CHART_SCATTER, title, hint);
}
