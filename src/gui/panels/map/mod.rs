//! The Map panel: what to compute above, the points in the middle, what they are below.

mod canvas;
mod legend;

use eframe::egui::{
    self, Align, DragValue, Layout, RichText, Ui, Vec2, containers::menu::MenuButton,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, EncoderCommand, MapCommand, SaveTo},
    jobs::format_duration,
    logic::offered_colourings,
    model::{Chart, Colouring, MapSide, Model, PERPLEXITIES, SecondMap},
    panels::{parts, top},
    theme,
};
use mynascope_embedding::Level;
use mynascope_map::Method;

use canvas::View;

/// Width of the column with the labels.
const LEGEND_WIDTH: f32 = 34.0 * theme::UNIT;

/// Width of the menu of weights.
const WEIGHTS_WIDTH: f32 = 60.0 * theme::UNIT;

/// Draws the panel.
pub fn show(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    parts::padded(ui, |ui| {
        actions(ui, model, out);
        settings(ui, model, out);
        if parts::asks_patch(&model.embeddings) {
            patch(ui, model, out);
        }
        if !model.embeddings.several().is_empty() {
            weights(ui, model, out);
        }
        if let Some(error) = &model.mapping.error {
            parts::error(ui, error);
        }
        match &model.mapping.chart {
            None => nothing(ui, model),
            Some(chart) => match &model.mapping.second {
                Some(second) => two(ui, model, chart, second, out),
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
fn one(ui: &mut Ui, model: &Model, chart: &Chart, out: &mut Vec<Command>) {
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
fn made_otherwise(model: &Model, chart: &Chart) -> Option<String> {
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

/// Two maps side by side, each with what it is, over all the width; their common legend lies below them, or beside
/// them where colours stand for numbers.
fn two(ui: &mut Ui, model: &Model, chart: &Chart, second: &SecondMap, out: &mut Vec<Command>) {
    let mapping = &model.mapping;
    let space = ui.available_size().max(Vec2::splat(40.0 * theme::UNIT));
    let (right, below) = match chart.scale {
        Some(_) => (LEGEND_WIDTH + theme::SPACE_LARGE, 0.0),
        None => (
            0.0,
            legend::strip_height(space.x, mapping, chart) + theme::SPACE,
        ),
    };
    let half = Vec2::new(0.5 * (space.x - right - theme::SPACE), space.y - below);
    let head = theme::CONTROL_HEIGHT + theme::SPACE;
    let map = (half - Vec2::new(0.0, head + CAPTION_HEIGHT)).max(Vec2::splat(20.0 * theme::UNIT));
    ui.horizontal_top(|ui| {
        column(ui, half, |ui| {
            let row = Vec2::new(half.x, theme::CONTROL_HEIGHT);
            let line = Layout::left_to_right(Align::Center);
            ui.allocate_ui_with_layout(row, line, |ui| {
                ui.set_min_size(row);
                let name = RichText::new(&chart.source.table.encoder);
                ui.add(egui::Label::new(name).truncate());
            });
            let view = View {
                side: MapSide::Main,
                chart,
                camera: mapping.camera,
            };
            canvas::show(ui, map, model, view, out);
            if !picked(ui, model, chart, out) {
                caption(ui, chart, None);
            }
        });
        column(ui, half, |ui| {
            second_encoder(ui, half.x, model, second, out);
            second_map(ui, map, model, second, out);
        });
        if chart.scale.is_some() {
            ui.add_space(theme::SPACE_LARGE - theme::SPACE);
            ui.vertical(|ui| legend::show(ui, mapping, chart, out));
        }
    });
    if chart.scale.is_none() {
        legend::strip(ui, mapping, chart, out);
    }
}

/// The second map, or how far it is.
fn second_map(ui: &mut Ui, size: Vec2, model: &Model, second: &SecondMap, out: &mut Vec<Command>) {
    match &second.chart {
        Some(chart) => {
            let view = View {
                side: MapSide::Second,
                chart,
                camera: second.camera,
            };
            canvas::show(ui, size, model, view, out);
            match second.job.running() {
                Some(running) => line(ui, running.line()),
                None => caption(ui, chart, None),
            };
        }
        None => column(ui, size, |ui| {
            if let Some(running) = second.job.running() {
                parts::quiet(ui, running.line());
                parts::bar(ui, running.share());
            } else if let Some(why) = &second.error {
                parts::error(ui, why);
            }
        }),
    }
}

/// Which encoder the second map is by.
fn second_encoder(
    ui: &mut Ui,
    width: f32,
    model: &Model,
    second: &SecondMap,
    out: &mut Vec<Command>,
) {
    let row = Vec2::new(width, theme::CONTROL_HEIGHT);
    let line = Layout::right_to_left(Align::Center);
    ui.allocate_ui_with_layout(row, line, |ui| {
        ui.set_min_size(row);
        let hint = "Only the first map again";
        if top::icon_button(ui, icon::X, hint).clicked() {
            out.push(Command::Map(MapCommand::Compare(false)));
        }
        ui.push_id("second", |ui| {
            let width = (width - theme::CONTROL_HEIGHT - 2.0 * theme::SPACE).max(theme::UNIT);
            let (response, chosen) = parts::encoder_choice(ui, width, model, &second.source);
            response.on_hover_text("Which encoder the second map is by");
            match chosen {
                Some(EncoderCommand::Use(source)) => {
                    out.push(Command::Map(MapCommand::SetSecond(source)));
                }
                Some(EncoderCommand::ChooseFile) => {
                    out.push(Command::Map(MapCommand::ChooseSecond));
                }
                Some(_) | None => {}
            }
        });
    });
}

/// Widths of what stands in the two rows above the map; where there is less room, the encoder, the colours and the
/// level give way, and "Copy as command" becomes a symbol.
const COMPUTE_WIDTH: f32 = 28.0 * theme::UNIT;
const ENCODER_WIDTHS: [f32; 2] = [16.0 * theme::UNIT, 42.0 * theme::UNIT];
const COPY_WIDTH: f32 = 38.0 * theme::UNIT;
const CHOICE_WIDTHS: [f32; 2] = [28.0 * theme::UNIT, 36.0 * theme::UNIT];
const PERPLEXITY_WIDTH: f32 = 26.0 * theme::UNIT;
const SEED_WIDTH: f32 = 18.0 * theme::UNIT;

fn actions(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    let mut other = Vec::new();
    let mut push = |command| out.push(Command::Map(command));
    let [narrowest, widest] = ENCODER_WIDTHS;
    let symbols = 3.0 * (theme::CONTROL_HEIGHT + theme::SPACE);
    let room = ui.available_width() - COMPUTE_WIDTH - 2.0 * theme::SPACE - symbols;
    let in_words = room >= widest + COPY_WIDTH;
    let copy = if in_words {
        COPY_WIDTH
    } else {
        theme::CONTROL_HEIGHT
    };
    let width = (room - copy).clamp(narrowest, widest);
    ui.horizontal(|ui| match model.mapping.job.running() {
        Some(running) => {
            let paused = model.mapping.is_paused();
            let (symbol, hint) = if paused {
                (icon::PLAY, "Let the points move on")
            } else {
                (icon::PAUSE, "Let the points rest where they are")
            };
            if top::icon_button(ui, symbol, hint).clicked() {
                push(MapCommand::Pause(!paused));
            }
            if parts::progress(ui, running) {
                push(MapCommand::Cancel);
            }
        }
        None => {
            let ready = model.library.track_count() > 0;
            let hint = if ready {
                "Embeds every window of the open collection and lays similar ones side by side"
            } else {
                "Open a collection first: a map needs tracks"
            };
            if parts::primary(ui, COMPUTE_WIDTH, "Compute map", ready, hint) {
                push(MapCommand::Compute);
            }
            let source = &model.embeddings.source;
            let (response, chosen) = parts::encoder_choice(ui, width, model, source);
            response.on_hover_text(parts::ENCODER_HINT);
            other.extend(chosen.map(Command::Encoder));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let copied = match in_words {
                    true => parts::copy_command(ui),
                    false => {
                        let hint = "Puts the command on the clipboard that does the same in a terminal";
                        top::icon_button(ui, icon::TERMINAL_WINDOW, hint).clicked()
                    }
                };
                if copied {
                    push(MapCommand::Copy);
                }
                files(ui, model, &mut push);
                let comparing = model.mapping.second.is_some();
                let hint = match comparing {
                    true => "Only the first map again",
                    false => "Compare with another encoder: its map beside this one, and the tracks that moved most",
                };
                let ready = model.mapping.chart.is_some();
                let compare = ui.add_enabled_ui(ready, |ui| {
                    top::icon_button(ui, icon::SQUARE_SPLIT_HORIZONTAL, hint)
                });
                if compare.inner.clicked() {
                    push(MapCommand::Compare(!comparing));
                }
                let on = model.mapping.hover_sound;
                if hover_sound_button(ui, on) {
                    push(MapCommand::HoverSound(!on));
                }
            });
        }
    });
    out.append(&mut other);
}

/// Formats of embeddings, and of maps: the ending, the name, what it is for.
const TABLE_FORMATS: [(&str, &str, &str); 4] = [
    (
        "npz",
        "npz…",
        "Arrays for numpy: embedding, timestamps, track, path and label",
    ),
    (
        "parquet",
        "Parquet…",
        "A row for each point, for pandas, Polars, DuckDB and Spotlight",
    ),
    (
        "tsv",
        "TSV pair…",
        "Vectors and metadata for TensorBoard's projector: two files, of which you name the first",
    ),
    (
        "safetensors",
        "safetensors…",
        "Tensors, with paths and labels as metadata",
    ),
];
const MAP_FORMATS: [(&str, &str, &str); 3] = [
    (
        "parquet",
        "Parquet…",
        "Path, label, timestamp, x and y of each point",
    ),
    (
        "tsv",
        "TSV…",
        "Path, label, timestamp, x and y of each point",
    ),
    (
        "png",
        "PNG…",
        "A picture of the points by label, with a legend",
    ),
];

/// What is read from files and written to them.
fn files(ui: &mut Ui, model: &Model, push: &mut dyn FnMut(MapCommand)) {
    let symbol = RichText::new(icon::FLOPPY_DISK).size(theme::TEXT_LARGE);
    let hint = "Map a table of embeddings from a file, or save what the map is made of";
    let button = egui::Button::new(symbol)
        .frame_when_inactive(false)
        .min_size(Vec2::splat(theme::CONTROL_HEIGHT));
    // With the frame comes its padding, which would make the button wider than its neighbours.
    let padding = std::mem::take(&mut ui.spacing_mut().button_padding);
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        ui.spacing_mut().button_padding = padding;
        let there = model.mapping.chart.is_some();
        let hint = "Maps embeddings from an npz, npy, Parquet, TSV, CSV or safetensors file, of this program or of others. \
                    Such files can be dropped on the window too";
        if ui.button("Open a table…").on_hover_text(hint).clicked() {
            push(MapCommand::OpenTable(None));
            ui.close();
        }
        let imported = model.mapping.imported.is_some();
        let find = ui.add_enabled(imported, egui::Button::new("Find its sound…"));
        let hint = "Looks below a folder for the files that the opened table names; the map stays as it is";
        if find.on_hover_text(hint).clicked() {
            push(MapCommand::FindSound(None));
            ui.close();
        }
        let formats = |ui: &mut Ui, name: &str, formats: &[(&'static str, &str, &str)]| {
            let mut chosen = None;
            ui.add_enabled_ui(there, |ui| {
                ui.menu_button(name, |ui| {
                    for (ending, name, hint) in formats {
                        if ui.button(*name).on_hover_text(*hint).clicked() {
                            chosen = Some(SaveTo::Asking(ending));
                            ui.close();
                        }
                    }
                });
            });
            chosen
        };
        if let Some(to) = formats(ui, "Save the embeddings as", &TABLE_FORMATS) {
            push(MapCommand::SaveEmbeddings(to));
        }
        if let Some(to) = formats(ui, "Save the map as", &MAP_FORMATS) {
            push(MapCommand::SaveMap(to));
        }
    });
    ui.spacing_mut().button_padding = padding;
    let response = response.on_hover_text(hint);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::Button, true, "Tables and files")
    });
}

/// Switches sound on hover on and off.
fn hover_sound_button(ui: &mut Ui, on: bool) -> bool {
    let (symbol, hint) = if on {
        (
            icon::SPEAKER_HIGH,
            "Points sound while you point at them; click to end it (H)",
        )
    } else {
        (
            icon::SPEAKER_SLASH,
            "Hear the window of a point while you point at it (H)",
        )
    };
    top::icon_button(ui, symbol, hint).clicked()
}

fn settings(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    let mapping = &model.mapping;
    let mut form = mapping.form;
    let [narrowest, widest] = CHOICE_WIDTHS;
    ui.horizontal(|ui| {
        let weak = theme::tokens(ui).text_weak;
        let font = egui::FontId::proportional(theme::TEXT_BODY);
        let by = ui.painter().layout_no_wrap("by".to_owned(), font, weak);
        let fixed = by.size().x + PERPLEXITY_WIDTH + SEED_WIDTH + 4.0 * theme::SPACE;
        let room = ui.available_width() - fixed;
        let width = (0.5 * room).clamp(narrowest, widest);
        let levels = [
            (Level::Window, "windows", "A point for each window of 3 s"),
            (
                Level::Track,
                "tracks",
                "A point for each track: the mean of its windows",
            ),
        ];
        let (_, level) = parts::choice(ui, width, &levels, form.level);
        form.level = level.unwrap_or(form.level);
        ui.label(RichText::new("by").color(weak));
        let width = (room - width).clamp(16.0 * theme::UNIT, widest);
        if let Some(colouring) = colouring(ui, width, model) {
            out.push(Command::Map(MapCommand::SetColouring(colouring)));
        }
        let field = DragValue::new(&mut form.perplexity)
            .range(PERPLEXITIES)
            .speed(0.5)
            .max_decimals(0)
            .prefix("perplexity ");
        parts::number(ui, PERPLEXITY_WIDTH, field).on_hover_text(
            "How many neighbours t-SNE looks at, 2 to 100; lowered where there are too few points",
        );
        let field = DragValue::new(&mut form.seed).prefix("seed ");
        parts::number(ui, SEED_WIDTH, field).on_hover_text("The same seed gives the same map");
    });
    if form != mapping.form {
        out.push(Command::Map(MapCommand::Edit(form)));
    }
}

/// What colours stand for; returns what was chosen.
fn colouring(ui: &mut Ui, width: f32, model: &Model) -> Option<Colouring> {
    let now = &model.mapping.colouring;
    let mut chosen = None;
    let menu = egui::ComboBox::from_id_salt("colouring")
        .width(width)
        .height(100.0 * theme::UNIT)
        .truncate()
        .selected_text(now.name())
        .show_ui(ui, |ui| {
            let mut offer = |ui: &mut Ui, colouring: Colouring| {
                let on = *now == colouring;
                if ui.selectable_label(on, colouring.name()).clicked() {
                    chosen = Some(colouring);
                }
            };
            let (offers, tags) = offered_colourings(model);
            for colouring in offers {
                offer(ui, colouring);
            }
            for tag in tags {
                offer(ui, Colouring::Tag(tag));
            }
        });
    let hint = "What the colours stand for: labels, splits, what the last probe said, or a number";
    let response = menu.response.on_hover_text(hint);
    response.widget_info(|| {
        let name = format!("Colour by {}", now.name());
        egui::WidgetInfo::labeled(egui::WidgetType::ComboBox, true, name)
    });
    chosen
}

/// Asks how the patches of the chosen checkpoint are cut.
fn patch(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let (_, kind) = parts::patch_choice(ui, 42.0 * theme::UNIT, &model.embeddings);
        if let Some(kind) = kind {
            out.push(Command::Encoder(EncoderCommand::SetPatch(kind)));
        }
        let text = match model.embeddings.source.patch {
            None => "The checkpoint doesn't say how its patches are cut: choose",
            Some(_) => "Patches, as you said; the checkpoint doesn't say",
        };
        parts::quiet(ui, text).on_hover_text(parts::PATCH_HINT);
    });
}

/// Asks which encoder of a checkpoint is meant that holds several.
fn weights(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    let (source, held) = (&model.embeddings.source, model.embeddings.several());
    ui.horizontal(|ui| {
        parts::quiet(ui, "Weights").on_hover_text(parts::WEIGHTS_HINT);
        let (_, chosen) = parts::weights_choice(ui, WEIGHTS_WIDTH, source, held);
        if let Some(weights) = chosen {
            out.push(Command::Encoder(EncoderCommand::SetWeights(weights)));
        }
        let text = format!("The checkpoint holds {} encoders", held.len());
        parts::quiet(ui, text).on_hover_text(parts::WEIGHTS_HINT);
    });
}

/// What is picked, where something is; else nothing is drawn and `false` returned.
fn picked(ui: &mut Ui, model: &Model, chart: &Chart, out: &mut Vec<Command>) -> bool {
    let picked = &model.mapping.picked;
    if picked.is_empty() {
        return false;
    }
    let tracks = picked.tracks().len();
    let of = match (chart.level, tracks) {
        (Level::Track, _) => String::new(),
        (Level::Window, 1) => " of a track".to_owned(),
        (Level::Window, _) => format!(" of {tracks} tracks"),
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
        facts.push(format!("{} tracks left out", skipped.len()));
    }
    facts.extend(by);
    let mut notes = layout.notes.clone();
    notes.extend(
        skipped
            .iter()
            .map(|(path, why)| format!("{}: {why}", path.display())),
    );
    let response = line(ui, facts.join("  \u{b7}  "));
    match notes.is_empty() {
        true => response,
        false => response.on_hover_text(notes.join("\n")),
    }
}

/// So many points of a level.
fn points(level: Level, count: usize) -> String {
    match (level, count) {
        (Level::Window, 1) => "1 window".to_owned(),
        (Level::Window, _) => format!("{count} windows"),
        (Level::Track, 1) => "1 track".to_owned(),
        (Level::Track, _) => format!("{count} tracks"),
    }
}

fn nothing(ui: &mut Ui, model: &Model) {
    let how = format!("{}; sub-folders become labels.", model.how_to_open());
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
        (
            "No map yet",
            "Compute map lays similar sounds side by side: every point is a window of 3 s. Point at one to see what \
             it is, click to hear it.",
        )
    };
    parts::empty(ui, icon::CHART_SCATTER, title, hint);
}
