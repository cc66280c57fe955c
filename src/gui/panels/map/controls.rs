//! What stands above the map: what to compute, and how it is shown.

use eframe::egui::{
    self, Align, DragValue, Layout, RichText, Ui, Vec2, containers::menu::MenuButton,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, MapCommand, SaveTo},
    model::{
        AppState, Camera, Colouring, MAP_NEIGHBOURS, MapForm, MapSide, PERPLEXITIES,
        offered_colourings,
    },
    panels::{parts, top},
    theme,
};
use mynascope_embedding::Level;
use mynascope_map::Method;

/// Widths of what stands in the two rows above the map; where there is less room, the colours and the level give way, and
/// "Copy as command" becomes a symbol.
const COMPUTE_WIDTH: f32 = 28.0 * theme::UNIT;
const METHOD_WIDTH: f32 = 20.0 * theme::UNIT;
const COPY_WIDTH: f32 = 38.0 * theme::UNIT;
const CHOICE_WIDTHS: [f32; 2] = [28.0 * theme::UNIT, 36.0 * theme::UNIT];
const NEAR_WIDTH: f32 = 28.0 * theme::UNIT;
const SEED_WIDTH: f32 = 18.0 * theme::UNIT;

/// Draws what is above the map.
pub(super) fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    actions(ui, model, out);
    settings(ui, model, out);
    if parts::asks_patch(&model.embeddings) {
        patch(ui, model, out);
    }
}

fn actions(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let mut push = |command| out.push(Command::Map(command));
    let symbols = 4.0 * (theme::CONTROL_HEIGHT + theme::SPACE);
    let fixed = COMPUTE_WIDTH + METHOD_WIDTH + 3.0 * theme::SPACE + symbols;
    let room = ui.available_width() - fixed;
    let in_words = room >= COPY_WIDTH;
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
            if let Some(method) = method(ui, model.mapping.form.method) {
                let form = model.mapping.form;
                push(MapCommand::Edit(MapForm { method, ..form }));
            }
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
                let hint = "Show the whole map again (F with the pointer on the map, or a double click on it)";
                let fit = ui.add_enabled_ui(ready, |ui| {
                    top::icon_button(ui, icon::CORNERS_OUT, hint)
                });
                if fit.inner.clicked() {
                    push(MapCommand::Move(MapSide::Main, Camera::default()));
                }
                let on = model.mapping.hover_sound;
                if hover_sound_button(ui, on) {
                    push(MapCommand::HoverSound(!on));
                }
            });
        }
    });
}

/// How points are placed; returns what was chosen.
fn method(ui: &mut Ui, now: Method) -> Option<Method> {
    let mut chosen = None;
    let menu = egui::ComboBox::from_id_salt("method")
        .width(METHOD_WIDTH)
        .selected_text(now.title())
        .show_ui(ui, |ui| {
            for method in Method::OFFERED {
                let entry = ui.selectable_label(method == now, method.title());
                if entry.on_hover_text(method.explanation()).clicked() && method != now {
                    chosen = Some(method);
                }
            }
        });
    let response = menu.response.on_hover_text(now.explanation());
    response.widget_info(|| {
        let name = format!("Map by {}", now.title());
        egui::WidgetInfo::labeled(egui::WidgetType::ComboBox, true, name)
    });
    chosen
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
fn files(ui: &mut Ui, model: &AppState, push: &mut dyn FnMut(MapCommand)) {
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
        let other_way = if model.no_drops {
            "pasted as paths into the palette"
        } else {
            "dropped on the window"
        };
        let hint = format!(
            "Maps embeddings from an npz, npy, Parquet, TSV, CSV or safetensors file, of this program or of others. Such \
             files can be {other_way} too"
        );
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
        let label = ui.add_enabled(imported, egui::Button::new("Labels from a list…"));
        if label.on_hover_text(parts::LABELS_HINT).clicked() {
            push(MapCommand::LabelTable(None));
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
        let hint = "The map as it is shown, with its legend and caption, as PNG or SVG of a chosen size";
        let button = egui::Button::new("Save what is shown as picture…").frame_when_inactive(false);
        if ui.add_enabled(there, button).on_hover_text(hint).clicked() {
            push(MapCommand::SavePicture);
            ui.close();
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

fn settings(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let mapping = &model.mapping;
    let mut form = mapping.form;
    let [narrowest, widest] = CHOICE_WIDTHS;
    ui.horizontal(|ui| {
        let weak = theme::tokens(ui).text_weak;
        let font = egui::FontId::proportional(theme::TEXT_BODY);
        let by = ui
            .painter()
            .layout_no_wrap("Colour by".to_owned(), font, weak);
        let fixed = by.size().x + NEAR_WIDTH + SEED_WIDTH + 4.0 * theme::SPACE;
        let room = ui.available_width() - fixed;
        let width = (0.5 * room).clamp(narrowest, widest);
        let each_window = format!("A point for each {}", model.describe_window());
        let levels = [
            (Level::Window, "windows", each_window.as_str()),
            (
                Level::Track,
                "tracks",
                "A point for each track: the mean of its windows",
            ),
        ];
        let (_, level) = parts::choice(ui, width, &levels, form.level);
        form.level = level.unwrap_or(form.level);
        ui.label(RichText::new("Colour by").color(weak));
        let width = (room - width).clamp(16.0 * theme::UNIT, widest);
        if let Some(colouring) = colouring(ui, width, model) {
            out.push(Command::Map(MapCommand::SetColouring(colouring)));
        }
        let chance = form.method != Method::Pca;
        ui.add_enabled_ui(chance, |ui| {
            near(ui, &mut form);
            let field = DragValue::new(&mut form.seed).prefix("seed ");
            let field = parts::number(ui, SEED_WIDTH, field);
            let field = parts::named(field, "Seed of the map");
            field
                .on_hover_text("The same seed gives the same map")
                .on_disabled_hover_text("PCA has no chance in it: there is one map");
        });
    });
    if form != mapping.form {
        out.push(Command::Map(MapCommand::Edit(form)));
    }
}

/// How large a neighbourhood the method keeps together.
fn near(ui: &mut Ui, form: &mut MapForm) {
    let (field, name, hint) = match form.method {
        Method::Umap => (
            DragValue::new(&mut form.neighbours)
                .range(MAP_NEIGHBOURS)
                .speed(0.2)
                .prefix("neighbours "),
            "Neighbours",
            "How many neighbours UMAP draws to a point, itself counted, 2 to 200; lowered where there are too few points",
        ),
        Method::Tsne | Method::TsneReference | Method::Pca => (
            DragValue::new(&mut form.perplexity)
                .range(PERPLEXITIES)
                .speed(0.5)
                .max_decimals(0)
                .prefix("perplexity "),
            "Perplexity",
            "How many neighbours t-SNE looks at, 2 to 100; lowered where there are too few points",
        ),
    };
    let field = parts::named(parts::number(ui, NEAR_WIDTH, field), name);
    field
        .on_hover_text(hint)
        .on_disabled_hover_text("PCA looks at no neighbours");
}

/// What colours stand for; returns what was chosen.
fn colouring(ui: &mut Ui, width: f32, model: &AppState) -> Option<Colouring> {
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
fn patch(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        parts::patch_choice(ui, 42.0 * theme::UNIT, &model.embeddings, out);
        let text = match model.embeddings.source.patch {
            None => "The checkpoint doesn't say how its patches are cut: choose",
            Some(_) => "Patches, as you said; the checkpoint doesn't say",
        };
        parts::quiet(ui, text).on_hover_text(parts::PATCH_HINT);
    });
}
