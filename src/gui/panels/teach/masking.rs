//! The mask: how much, how, what it costs, and what the encoder makes of it.

use eframe::egui::{self, Button, DragValue, RichText, ScrollArea, Slider, Ui};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, MaskCommand, TeachCommand},
    model::{AppState, Layer, MOST_PATCHOUT, MOST_PERCENT, Mask, OwnGrid, TeachForm, explain_mask},
    theme::{self, small},
};
use mynascope_base::ordinal;
use mynascope_encoder::Patchout;
use mynascope_spectrum::tokens::{MaskKind, MaskRatio, PatchShape, PictureGrid, ViewName};

use super::{super::parts, gauge};

/// Width of the names at the left.
const NAME: f32 = 12.0 * theme::UNIT;
/// In a narrower panel the views have a line of their own.
const ROOM_FOR_VIEWS: f32 = 70.0 * theme::UNIT;

/// Draws the panel.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let space = ui
        .available_rect_before_wrap()
        .shrink2(egui::vec2(12.0, 2.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(space), |ui| {
        let width = parts::width_beside_bar(ui);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(width);
            ui.spacing_mut().item_spacing.y = theme::UNIT;
            match model.mask.patchout() {
                Some(_) => patchout(ui, model, out),
                None => ratio(ui, model, out),
            }
            kinds(ui, model, out);
            patches(ui, model, out);
            seed(ui, model, out);
            by_hand(ui, model, out);
            look(ui, model, out);
            layer(ui, model, out);
        });
    });
}

/// What the ratio is, for hints.
pub const DROPPED_TIP: &str =
    "Share of tokens that are dropped (comma and period: 5 points, with Shift 1)";

/// One row of controls with its name at the left; what does not fit goes on below.
fn row(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT;
        let weak = theme::tokens(ui).text_weak;
        let size = egui::vec2(NAME, theme::CONTROL_HEIGHT);
        let flow = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(size, flow, |ui| {
            ui.set_min_size(size);
            ui.label(small(name).color(weak));
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = egui::Vec2::splat(theme::UNIT);
            add(ui);
        });
    });
}

fn ratio(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let mask = &model.mask;
    ui.horizontal(|ui| {
        let text = theme::large(format!("{} %", mask.form.percent())).color(tokens.text_strong);
        ui.label(text.size(1.6 * theme::TEXT_LARGE)).on_hover_text(
            DROPPED_TIP,
        );
        ui.label(small("dropped").color(tokens.text_weak))
            .on_hover_text(DROPPED_TIP);
        painted_mark(ui, mask);
        ui.with_layout(egui::Layout::top_down(egui::Align::Max), |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let (kept, work) = mask.meter_parts();
            match mask.painted_in_crop() {
                0 => ui.label(small(kept).color(tokens.text)),
                painted => ui
                    .label(small(format!("{kept} · {painted} by hand")).color(tokens.accent))
                    .on_hover_text(
                        "Patches that were painted are kept or dropped whatever the ratio says",
                    ),
            };
            let tip = hidden_only_if_all(mask);
            let small_weak = |text: String| small(text).color(tokens.text_weak);
            let Some(Batch { most, memory }) = largest_batch(model) else {
                ui.label(small_weak(work)).on_hover_text(tip);
                return;
            };
            let tip = format!(
                "{tip}. The batch is the largest that training of this encoder could take with all {memory} of this \
                 machine's memory, beside weights and optimiser: an estimate from the sizes of its layers"
            );
            let batch = format!("batch up to {most}");
            let line = format!("{work} · {batch}");
            let font = theme::small_font();
            let width = ui
                .painter()
                .layout_no_wrap(line.clone(), font, tokens.text_weak)
                .size()
                .x;
            if width <= ui.available_width() {
                ui.label(small_weak(line)).on_hover_text(tip);
            } else {
                ui.label(small_weak(work)).on_hover_text(&tip);
                ui.label(small_weak(batch)).on_hover_text(tip);
            }
        });
    });
    let mut percent = mask.form.percent();
    let response = ui
        .scope(|ui| {
            theme::slider_look(ui, ui.available_width());
            let slider = Slider::new(&mut percent, 0..=MOST_PERCENT).show_value(false);
            parts::named(ui.add(slider), "Share of dropped tokens")
        })
        .inner;
    // Its hint stands at the number: below the slider it would hide what changes.
    if response.changed()
        && let Ok(ratio) = MaskRatio::new(f64::from(percent) / 100.0)
    {
        out.push(Command::edit_mask(model, |form| form.ratio = ratio));
    }
}

/// Beside a ratio: says that some patches were painted, so that not the ratio alone decides what is dropped.
pub fn painted_mark(ui: &mut Ui, mask: &Mask) {
    let painted = mask.painted_in_crop();
    if painted == 0 {
        return;
    }
    let accent = theme::tokens(ui).accent;
    let text = format!("{} {painted}", icon::PAINT_BRUSH);
    let what = if painted == 1 {
        "patch is"
    } else {
        "patches are"
    };
    let tip = format!(
        "{painted} {what} painted in the crop of view {}: kept or dropped whatever the ratio says (Shift+T clears)",
        mask.form.active
    );
    ui.label(theme::small(text).color(accent))
        .on_hover_text(tip);
}

/// What training could take here, in words.
struct Batch {
    most: String,
    /// With so much memory.
    memory: String,
}

/// The largest batch that training could take here; only where the memory of the encoder's device is known.
fn largest_batch(model: &AppState) -> Option<Batch> {
    let answer = model.teaching.views.value.as_ref()?;
    let memory = answer
        .memory_bytes
        .filter(|_| answer.encoder.device == "cpu")?;
    // Without what is painted: training draws its masks itself.
    let kept = |_| model.mask.kept();
    let batch = answer.encoder.config?.largest_batch(memory, kept);
    let digits = batch.to_string();
    let mut most = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            most.push(',');
        }
        most.push(digit);
    }
    let memory = format!("{:.0} GB", memory as f64 / 1e9);
    Some(Batch { most, memory })
}

/// Patchout: how much, what it costs, and which columns and rows are read.
fn patchout(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let mask = &model.mask;
    ui.horizontal(|ui| {
        let every = every_column(model.teaching.form.patchout, &mask.grid());
        ui.label(theme::large(every).color(tokens.text_strong))
            .on_hover_text(PATCHOUT_TIP);
        painted_mark(ui, mask);
        ui.with_layout(egui::Layout::top_down(egui::Align::Max), |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let (kept, share) = mask.meter_parts();
            let tip = hidden_only_if_all(mask);
            ui.label(small(kept).color(tokens.text)).on_hover_text(&tip);
            ui.label(small(share).color(tokens.text_weak))
                .on_hover_text(tip);
        });
    });
    theme::slider_look(ui, ui.available_width());
    every_slider(ui, model, out);
    // Without its only row nothing of a window is left.
    if mask.grid().rows() > 1 {
        row(ui, "Rows", |ui| patchout_rows(ui, model, out));
    }
}

/// What patchout does, for hints.
pub const PATCHOUT_TIP: &str = "Which of its columns of patches, or frames, the encoder reads of every window; the others are left out (--patchout). It saves time, and the numbers beside the views say what it costs";

/// "every 3rd column", or "every 3rd frame" of a grid without rows.
pub fn every_column(patchout: Patchout, grid: &PictureGrid) -> String {
    let name = grid.kind.column_name();
    match patchout.every {
        0 | 1 => format!("every {name}"),
        every => format!("every {} {name}", ordinal(every)),
    }
}

/// What is drawn where windows overlap, in short.
pub const EVERY_SECOND_WINDOW: &str = "The mask of every second window is drawn";

/// How places are hidden where patches or windows overlap, for hints; the same for grids whose patches don't.
pub fn hidden_only_if_all(mask: &Mask) -> String {
    let grid = mask.grid();
    let of_patches = match grid.tokens_overlap() {
        true => {
            "Tokens that the encoder reads of a window. Its patches overlap: a place is hidden, and silent, only where all \
             patches over it (up to four) are dropped"
        }
        false => "Tokens that the encoder works on, beside all of them",
    };
    match grid.windows_overlap() {
        true => format!(
            "{of_patches}. Its windows overlap: {}, back to back from the crop on; those in between are masked alike",
            EVERY_SECOND_WINDOW.to_lowercase()
        ),
        false => of_patches.to_owned(),
    }
}

fn edit_patchout(model: &AppState, patchout: Patchout, out: &mut Vec<Command>) {
    let form = model.teaching.form;
    if patchout != form.patchout {
        let form = TeachForm { patchout, ..form };
        out.push(Command::Teach(TeachCommand::Edit(form)));
    }
}

/// The slider that says which columns are read.
pub fn every_slider(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let mut patchout = model.teaching.form.patchout;
    let slider = Slider::new(&mut patchout.every, 1..=MOST_PATCHOUT).show_value(false);
    parts::named(ui.add(slider), "Every how many columns are read");
    edit_patchout(model, patchout, out);
}

/// A button for each row of patches.
pub fn patchout_rows(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let mut patchout = model.teaching.form.patchout;
    // All in one line of the panel.
    ui.spacing_mut().button_padding.x = theme::UNIT;
    ui.spacing_mut().item_spacing.x = 0.5 * theme::UNIT;
    for row in 0..model.mask.grid().rows() {
        let read = !patchout.dropped_rows.holds(row);
        let tip = match read {
            true => {
                "This row of patches is read, 0 being the lowest; a click leaves it out (--patchout-rows)"
            }
            false => "This row of patches is left out; a click reads it again",
        };
        if choice(ui, &row.to_string(), read, tip) {
            patchout.dropped_rows = patchout.dropped_rows.toggled(row);
        }
    }
    edit_patchout(model, patchout, out);
}

/// What a user chooses as the kind of mask.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Patchout,
    Drawn(MaskKind),
}

fn kinds(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let mask = &model.mask;
    let by_patchout = mask.own.as_ref().map(|own| {
        let what = match own.grid.rows() {
            1 => format!("{}s", own.grid.kind.column_name()),
            _ => "Whole columns and rows".to_owned(),
        };
        let tip = format!(
            "{} of every window, the same in each: what {} can leave out when it is used",
            capital(&what),
            own.family
        );
        (Kind::Patchout, "Patchout".to_owned(), tip)
    });
    let drawn = MaskKind::ALL.map(|kind| {
        let name = capital(&kind.to_string());
        (Kind::Drawn(kind), name, explain_mask(kind).to_owned())
    });
    let kinds: Vec<_> = by_patchout.into_iter().chain(drawn).collect();
    let options: Vec<(Kind, &str, &str)> = kinds
        .iter()
        .map(|(kind, name, tip)| (*kind, name.as_str(), tip.as_str()))
        .collect();
    let current = match mask.patchout() {
        Some(_) => Kind::Patchout,
        None => Kind::Drawn(mask.form.kind),
    };
    row(ui, "Kind", |ui| {
        let width = ui.available_size_before_wrap().x;
        match parts::choice(ui, width, &options, current).1 {
            None => {}
            Some(Kind::Patchout) => {
                out.push(Command::edit_mask(model, |form| form.patchout = true));
            }
            Some(Kind::Drawn(kind)) => out.push(Command::edit_mask(model, |form| {
                form.kind = kind;
                form.patchout = false;
            })),
        }
    });
}

fn patches(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let mask = &model.mask;
    let with_views = ui.available_width() >= ROOM_FOR_VIEWS;
    row(ui, "Patches", |ui| {
        if let Some(own) = &mask.own {
            let grid = &own.grid;
            ui.label(small(grid.kind.to_string()).color(theme::tokens(ui).text))
                .on_hover_text(format!(
                    "{}. {}",
                    describe_grid(own),
                    hidden_only_if_all(mask)
                ));
            if with_views {
                ui.add_space(theme::SPACE);
                ui.label(small("View").color(theme::tokens(ui).text_weak));
                views(ui, model, out);
            }
            return;
        }
        let shapes = [
            (
                PatchShape::Square,
                "16x16",
                "Square: 16 bands by 16 frames, 8 rows and 6 columns a window. Chooses which patches are seen and heard; \
                 a hybrid encoder always reads both shapes, so its numbers stay",
            ),
            (
                PatchShape::Vertical,
                "128x2",
                "Vertical: all 128 bands by 2 frames, 48 columns a window. Chooses which patches are seen and heard; \
                 a hybrid encoder always reads both shapes, so its numbers stay",
            ),
        ];
        for (shape, name, tip) in shapes {
            if choice(ui, name, mask.form.shape == shape, tip) {
                out.push(Command::edit_mask(model, |form| form.shape = shape));
            }
        }
        if with_views {
            ui.add_space(theme::SPACE);
            let weak = theme::tokens(ui).text_weak;
            ui.label(small("View").color(weak));
            views(ui, model, out);
        }
    });
    if !with_views {
        row(ui, "View", |ui| views(ui, model, out));
    }
}

/// How the tokens of a window lie, of an encoder that is no Myna.
fn describe_grid(own: &OwnGrid) -> String {
    let (family, grid) = (own.family, &own.grid);
    match grid.rows() {
        1 => format!("{family} reads {} frames of a window", grid.columns),
        rows => format!(
            "{family} has one kind of patches, {rows} rows and {} columns in a window; 16x16 and 128x2 side by side are Myna's",
            grid.columns
        ),
    }
}

fn views(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    for view in ViewName::BOTH {
        let tip = format!(
            "See and hear the mask of view {view} ({})",
            view.index() + 1
        );
        if choice(ui, &view.to_string(), model.mask.form.active == view, &tip) {
            out.push(Command::edit_mask(model, |form| form.active = view));
        }
    }
}

fn seed(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let mask = &model.mask;
    row(ui, "Seed", |ui| {
        let mut seed = mask.form.seed;
        let field = DragValue::new(&mut seed).speed(0.1);
        let field = ui.add_enabled(!mask.form.frozen, field);
        let response = parts::named(field, "Seed of the mask")
            .on_hover_text("The same seed always drops the same tokens");
        if response.changed() {
            out.push(Command::edit_mask(model, |form| form.seed = seed));
        }
        let text = format!("{}  Re-roll", icon::DICE_FIVE);
        let button = ui.add_enabled(!mask.form.frozen, Button::new(text));
        if button
            .on_hover_text("Draw other crops and another mask (R)")
            .clicked()
        {
            out.push(Command::Mask(MaskCommand::Reroll));
        }
        let symbol = if mask.form.frozen {
            icon::LOCK_SIMPLE
        } else {
            icon::LOCK_SIMPLE_OPEN
        };
        let tip = "Keep seed, crops and painted patches on re-rolling and on another track";
        if choice(ui, &format!("{symbol}  Freeze"), mask.form.frozen, tip) {
            out.push(Command::edit_mask(model, |form| {
                form.frozen = !mask.form.frozen
            }));
        }
    });
}

fn by_hand(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let mask = &model.mask;
    row(ui, "By hand", |ui| {
        let tip = "Click and drag on the pictures keeps or drops patches (T; with Alt at any time)";
        let text = format!("{}  Paint", icon::PAINT_BRUSH);
        if choice(ui, &text, mask.form.painting, tip) {
            out.push(Command::edit_mask(model, |form| {
                form.painting = !mask.form.painting
            }));
        }
        let button = ui.add_enabled(!mask.paint.is_empty(), Button::new("Clear"));
        if button
            .on_hover_text("Leave every patch to the mask again (Shift+T)")
            .clicked()
        {
            out.push(Command::Mask(MaskCommand::ClearPaint));
        }
        let moved = mask.starts.iter().any(Option::is_some);
        let button = ui.add_enabled(moved, Button::new("Reset crops"));
        if button
            .on_hover_text("Put both crops back where the seed puts them")
            .clicked()
        {
            for view in ViewName::BOTH {
                out.push(Command::Mask(MaskCommand::MoveCrop {
                    view,
                    start_frame: None,
                }));
            }
        }
    });
}

fn look(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let mask = &model.mask;
    row(ui, "Picture", |ui| {
        let mut shown = mask.form.shown;
        if ui
            .checkbox(&mut shown, "Mask")
            .on_hover_text("Draw patches and what is dropped over the spectrogram (M)")
            .changed()
        {
            out.push(Command::edit_mask(model, |form| form.shown = shown));
        }
        ui.add_space(theme::SPACE);
        // Without a mask nothing fades.
        ui.add_enabled_ui(shown, |ui| fading(ui, model, out))
            .response
            .on_disabled_hover_text("Dropped patches fade only while the mask is shown (M)");
    });
}

/// How strongly dropped patches fade in the pictures.
fn fading(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let mut percent = (model.mask.form.overlay * 100.0).round();
    let name = "Fading of dropped patches";
    let hint =
        "How strongly dropped patches fade in the pictures; what the encoder gets stays the same";
    ui.label(small("Fade").color(theme::tokens(ui).text_weak))
        .on_hover_text(hint);
    let width = ui.available_size_before_wrap().x - theme::UNIT * 16.0;
    theme::slider_look(ui, width.max(theme::UNIT * 10.0));
    let slider = Slider::new(&mut percent, 0.0..=100.0).show_value(false);
    let slider = parts::named(ui.add(slider), name);
    let field = DragValue::new(&mut percent)
        .range(0.0..=100.0)
        .suffix(" %")
        .fixed_decimals(0);
    let field = parts::named(ui.add(field), name);
    if (slider | field).on_hover_text(hint).changed() {
        out.push(Command::edit_mask(model, |form| {
            form.overlay = percent / 100.0
        }));
    }
}

/// The layers in the order in which they are offered.
const LAYERS: [(Layer, &str, &str); 4] = [
    (Layer::None, "None", "Only the picture and its mask"),
    (
        Layer::Attention,
        "Attention",
        "How much what is read of the encoder attends to each patch, the mean over heads and the last blocks",
    ),
    (
        Layer::Rollout,
        "Rollout",
        "How much of each patch reaches the embedding through attention and residuals (Abnar and Zuidema 2020)",
    ),
    (
        Layer::Similarity,
        "Similar",
        "How alike each patch's output is to that of the patch under the pointer, which a ring marks: cosine, purple below and green above 0",
    ),
];

fn layer(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let form = model.teaching.form;
    let mut changed = form;
    row(ui, "Layer", |ui| {
        let width = ui.available_size_before_wrap().x;
        let (_, chosen) = parts::choice(ui, width, &LAYERS, form.layer);
        if let Some(layer) = chosen {
            changed.layer = layer;
        }
    });
    if form.layer != Layer::None {
        row(ui, "", |ui| {
            layer_form(ui, model, &mut changed);
        });
        if let Some(why) = &model.teaching.attention.error {
            parts::error(ui, why);
        }
    }
    if changed != form {
        out.push(Command::Teach(TeachCommand::Edit(changed)));
    }
}

fn layer_form(ui: &mut Ui, model: &AppState, form: &mut TeachForm) {
    let tokens = theme::tokens(ui);
    let teaching = &model.teaching;
    let of_views = teaching.views.value.as_ref().map(|it| &it.encoder);
    let of_patchout = teaching.patchout.value.as_ref().map(|it| &it.encoder);
    let blocks = of_views.or(of_patchout).map_or(12, |facts| facts.blocks);
    let blocks = blocks.max(1);
    if form.layer != Layer::Similarity {
        form.blocks = form.blocks.min(blocks);
        let unit = if form.blocks == 1 {
            " block"
        } else {
            " blocks"
        };
        let field = DragValue::new(&mut form.blocks)
            .range(1..=blocks)
            .prefix("last ")
            .suffix(unit);
        parts::named(ui.add(field), "Blocks of the rollout").on_hover_text(
            "From how many of the last blocks before what is read of the encoder attention is taken",
        );
    }
    ui.checkbox(&mut form.whole, "All patches").on_hover_text(
        "All patches of the window go into the encoder, instead of the kept ones only",
    );
    if gauge::is_computing(ui, "attention", teaching.awaits_attention()) {
        ui.label(small("computing").color(tokens.text_weak));
    }
}

pub(super) fn choice(ui: &mut Ui, text: &str, chosen: bool, tip: &str) -> bool {
    let tokens = theme::tokens(ui);
    let (colour, fill) = if chosen {
        (tokens.text_strong, tokens.accent_quiet)
    } else {
        (tokens.text, tokens.raised)
    };
    let button = Button::new(RichText::new(text).color(colour)).fill(fill);
    ui.add(button).on_hover_text(tip).clicked()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
