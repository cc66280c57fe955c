//! The Map panel: what to compute above, the points in the middle, what they are below.

mod canvas;
mod controls;
mod legend;
pub mod sheet;
mod two_maps;

use eframe::egui::{self, Align, Layout, Ui, Vec2};
use egui_phosphor::regular as icon;
use mynascope_base::{counted, without_path};

use crate::gui::{
    actions,
    command::{Command, MapCommand},
    jobs::format_duration,
    model::{AppState, Chart, MapSide},
    panels::{parts, probe::groups},
    theme,
};
use mynascope_embedding::Level;

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
    let shows_groups = shows_groups(model);
    let rows = if shows_groups { 3.0 } else { 1.0 };
    let below = rows * (theme::CONTROL_HEIGHT + theme::SPACE);
    let size = ui.available_size() - Vec2::new(0.0, below);
    let size = size.max(Vec2::splat(20.0 * theme::UNIT));
    let width = (size.x - LEGEND_WIDTH - theme::SPACE_LARGE).max(40.0 * theme::UNIT);
    let view = View {
        side: MapSide::Main,
        chart,
        camera: model.mapping.camera,
    };
    column(ui, size, |ui| {
        ui.horizontal_top(|ui| {
            canvas::show(ui, Vec2::new(width, size.y), model, view, out);
            ui.add_space(theme::SPACE_LARGE - theme::SPACE);
            ui.vertical(|ui| legend::show(ui, &model.mapping, chart, out));
        });
    });
    if shows_groups {
        ui.horizontal(|ui| {
            groups::name_field(ui, model, &mut |command| out.push(Command::Probe(command)));
        });
        groups::line(ui, model, out);
    }
    // As high whatever stands in it, and what is no button no wider than the map that it is about.
    let row = Vec2::new(size.x, theme::CONTROL_HEIGHT);
    ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
        if model.mapping.is_silent() {
            where_is_the_sound(ui, out);
        } else if !picked(ui, model, chart, out) {
            ui.set_max_width(width);
            match made_otherwise(model, chart) {
                Some(other) => otherwise(ui, &other),
                None => drop(caption(ui, chart, Some(model.mapping.made_by(chart)))),
            }
        }
    });
}

/// Whether groups stand below the map: while there are any, or something that could become one. Both of their rows come and go
/// together, so that neither moves when a group is made or the selection ends.
fn shows_groups(model: &AppState) -> bool {
    !model.mapping.picked.is_empty() || !model.probing.groups.is_empty()
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
    let hint = "Looks below a folder for files of the same names; the map stays as it is";
    let find = ui.button(theme::small("Find its sound…"));
    if find.on_hover_text(hint).clicked() {
        out.push(Command::Map(MapCommand::FindSound(None)));
    }
    parts::quiet(ui, "The sound of this table is not where it says");
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
    let text = format!("{}{of} selected", points(chart.level, chart.picked_points));
    let hint = "Selects nothing; all points have their colours again (Esc)";
    let clear = ui.button(theme::small("Clear"));
    if clear.on_hover_text(hint).clicked() {
        out.push(Command::Map(MapCommand::ClearPicked));
    }
    for (name, id) in [
        ("Play", "play-in-turn"),
        ("Label…", "edit-label"),
        ("Save list…", "save-list"),
    ] {
        let Some(action) = actions::find(id) else {
            continue;
        };
        let command = (action.command)(model);
        let button = egui::Button::new(theme::small(name));
        let button = ui.add_enabled(command.is_some(), button);
        if button.on_hover_text(action.help).clicked() {
            out.extend(command);
        }
    }
    line(ui, text)
        .on_hover_text("Marked in the library too: F2 labels their tracks, Shift+F2 tags them");
    true
}

/// A line of small text that ends where its column does.
fn line(ui: &mut Ui, text: impl Into<String>) -> egui::Response {
    let weak = theme::tokens(ui).text_weak;
    ui.add(egui::Label::new(theme::small(text).color(weak)).truncate())
}

/// What a map is, in a line: how it was made, of what, how well it keeps neighbours, and by which encoder unless that
/// stands above it.
fn caption_of(chart: &Chart, by: Option<String>) -> String {
    let layout = &chart.layout;
    let of = points(chart.level, chart.point_count());
    let skipped = &chart.source.skipped;
    let facts = [
        Some(format!("{} of {of}", layout.method.title())),
        layout
            .perplexity
            .map(|perplexity| format!("perplexity {perplexity:.0}")),
        layout
            .neighbours
            .map(|neighbours| format!("neighbours {neighbours}")),
        layout
            .neighbours_kept
            .map(|share| format!("neighbours kept {:.0} %", 100.0 * share)),
        (!skipped.is_empty()).then(|| format!("{} left out", counted(skipped.len(), "track"))),
        by,
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    facts.join("  \u{b7}  ")
}

/// What else is to be said of how a map was made.
fn measures(chart: &Chart) -> Vec<String> {
    let layout = &chart.layout;
    let mut lines = layout.notes.clone();
    if let Some(share) = layout.neighbours_kept {
        lines.push(format!(
            "Of the ten nearest {} of a point, {:.0} % are among its ten nearest on the map",
            points_name(chart.level),
            100.0 * share
        ));
    }
    if let Some(kl) = layout.kl {
        lines.push(format!("KL divergence {kl:.2}, which t-SNE makes small"));
    }
    let took = std::time::Duration::from_secs_f64(layout.seconds);
    lines.push(match layout.seconds < 10.0 {
        true => format!("Laid out in {:.1} s", layout.seconds),
        false => format!("Laid out in {}", format_duration(took)),
    });
    lines
}

/// The same below a map; what is to be said of it when the pointer is there.
fn caption(ui: &mut Ui, chart: &Chart, by: Option<String>) -> egui::Response {
    let skipped = chart.source.skipped.iter();
    let mut notes = measures(chart);
    notes.extend(
        skipped.map(|(path, why)| format!("{}: {}", path.display(), without_path(why, path))),
    );
    line(ui, caption_of(chart, by)).on_hover_text(notes.join("\n"))
}

/// So many points of a level.
fn points(level: Level, count: usize) -> String {
    match level {
        Level::Window => counted(count, "window"),
        Level::Track => counted(count, "track"),
    }
}

fn points_name(level: Level) -> &'static str {
    match level {
        Level::Window => "windows",
        Level::Track => "tracks",
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
            "They appear while the windows are embedded, by PCA; then the chosen method sorts them.",
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
