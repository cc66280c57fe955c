//! The menu of encoders: which one is used, and what is read of it. The same menu for the encoder of all layouts and for that of a
//! second map.

mod precision;

use eframe::egui::{
    self, Align2, Button, DragValue, PopupCloseBehavior, Rect, RichText, ScrollArea, Sense, Ui,
    containers::menu::{MenuButton, MenuConfig},
    pos2, vec2,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, EncoderCommand, MapCommand},
    model::{AppState, EncoderCard, EncoderOrigin, EncoderSource, OfferedEncoder},
    theme,
};
use mynascope_encoder::{EncoderInfo, Overlap, Reading, Rows, WeightsChoice};

use super::parts::{self, CHOOSE_FILE};

/// What puts a table from a file away.
pub const BACK_TO_ENCODER: &str = "Back to the encoder";
pub const BACK_HINT: &str =
    "Puts the table away: map and probe go back to the encoder that is chosen at the top";
/// What can be chosen as an encoder.
pub const HINT: &str = "Which encoder makes the embeddings, and what is read of it: the one that comes with the program, one with \
                        random weights to compare with, your runs, published ones and files";
const PUBLISHED_HINT: &str = "Which encoders were published, and fetching one from the model hub";
const WEIGHTS_HINT: &str = "This checkpoint holds several encoders, as a model and its average; which of them makes the embeddings (--weights)";
const HEADS_HINT: &str = "The file doesn't say how many attention heads there are; with a wrong number it computes something else (--heads)";
const LAYER_HINT: &str = "What is read: 0 is what enters the first block, N what follows block N, before any last norm (--layer)";
const READOUT_HINT: &str = "How one vector is made of the layer (--readout)";
const OVERLAP_HINT: &str = "How the windows of a track lie (--overlap)";
const WINDOW_HINT: &str = "How long a window is: a short one takes less time and memory, a long one is what the encoder was trained with \
                           (--window)";
const PATCHOUT_HINT: &str = "Leaves out a part of every window, so that there is less to compute: patches by columns and rows, or \
                             frames (--patchout, --patchout-rows)";

/// Width of the menu.
const WIDTH: f32 = 120.0 * theme::UNIT;
/// What the bars and margins leave of the window's height.
const AROUND: f32 = 2.0 * theme::BAR_HEIGHT;
/// What padding, symbol and arrow of the button take of its width.
const BUTTON_AROUND: f32 = 17.0 * theme::UNIT;

/// Draws the button that opens the menu, as wide as is said. What was chosen is pushed.
pub fn menu(
    ui: &mut Ui,
    width: f32,
    model: &AppState,
    source: &EncoderSource,
    push: &mut dyn FnMut(EncoderCommand),
) -> egui::Response {
    let title = source.title();
    let named = (icon::BRAIN, title.as_str(), format!("Encoder: {title}"));
    let hint = format!("{title}\n{HINT}");
    button(ui, width, named, &hint, |ui| {
        content(ui, model, source, push);
    })
}

/// The same for the bar at the top: while a table from a file is on the map, that is named, and the way back to the encoder stands
/// above the list.
pub fn menu_or_table(
    ui: &mut Ui,
    width: f32,
    model: &AppState,
    out: &mut Vec<Command>,
) -> egui::Response {
    let source = &model.embeddings.source;
    let Some(imported) = &model.mapping.imported else {
        return menu(ui, width, model, source, &mut |command| {
            out.push(Command::Encoder(command));
        });
    };
    let (name, title) = (imported.name(), source.title());
    let hint = format!(
        "{}\nMap and probes are of this table of embeddings; all else is made by the encoder, {title}",
        imported.path.display()
    );
    let named = (icon::TABLE, name.as_str(), format!("Table: {name}"));
    button(ui, width, named, &hint, |ui| {
        ui.reset_style();
        parts::explain(ui, format!("Map and probes are of the table {name}."));
        let button = Button::new(BACK_TO_ENCODER);
        if parts::wide(ui, ui.available_width(), button, true, BACK_HINT) {
            out.push(Command::Map(MapCommand::CloseTable));
            ui.close();
        }
        ui.separator();
        content(ui, model, source, &mut |command| {
            out.push(Command::Encoder(command));
        });
    })
}

/// A button as wide as is said that opens a menu: its symbol, its text, and what a reader of the screen says.
fn button(
    ui: &mut Ui,
    width: f32,
    (symbol, text, spoken): (&str, &str, String),
    hint: &str,
    content: impl FnOnce(&mut Ui),
) -> egui::Response {
    let text = parts::shortened(ui, text, width - BUTTON_AROUND);
    let button = Button::new(format!("{symbol}  {text}"))
        .right_text(icon::CARET_DOWN)
        .truncate()
        .min_size(vec2(width, theme::CONTROL_HEIGHT));
    let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    ui.scope(|ui| {
        ui.set_max_width(width);
        let (response, _) = MenuButton::from_button(button)
            .config(stays)
            .ui(ui, content);
        let response = response.on_hover_text(hint);
        response
            .widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::ComboBox, true, &spoken));
        response
    })
    .inner
}

fn content(
    ui: &mut Ui,
    model: &AppState,
    source: &EncoderSource,
    push: &mut dyn FnMut(EncoderCommand),
) {
    // Controls of a form look as they do in panels, not as lines of a menu.
    ui.reset_style();
    let room = ui.ctx().content_rect();
    ui.set_width(WIDTH.min(room.width() - 2.0 * theme::SPACE_LARGE));
    ScrollArea::vertical()
        .max_height(room.height() - AROUND)
        .min_scrolled_height(room.height() - AROUND)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
            list(ui, model, source, push);
            ui.separator();
            reading(ui, model, source, push);
        });
}

fn list(
    ui: &mut Ui,
    model: &AppState,
    source: &EncoderSource,
    push: &mut dyn FnMut(EncoderCommand),
) {
    let offered = model.encoders(std::slice::from_ref(&source.checkpoint));
    let of = |offer: &OfferedEncoder| match source.checkpoint == offer.checkpoint {
        true => source.clone(),
        false => source.with_checkpoint(offer.checkpoint.clone()),
    };
    let unknown = offered.iter().map(of);
    let unknown: Vec<EncoderSource> = unknown
        .filter(|offer| model.embeddings.is_unknown(offer))
        .collect();
    if !unknown.is_empty() || !model.hub.looked_on_disk {
        push(EncoderCommand::LookUp(unknown));
    }
    // Above the list, which may be longer than the window.
    files(ui, push);
    for origin in EncoderOrigin::ALL {
        let mut offers = offered.iter().filter(|offer| offer.origin == origin);
        let Some(first) = offers.next() else { continue };
        parts::quiet(ui, origin.name());
        for offer in std::iter::once(first).chain(offers) {
            let on = source.checkpoint == offer.checkpoint;
            let card = model.embeddings.card(&of(offer));
            if offer_row(ui, offer, card, on) && !on {
                push(EncoderCommand::Use(of(offer)));
            }
        }
    }
}

/// Encoders that are not in the list yet.
fn files(ui: &mut Ui, push: &mut dyn FnMut(EncoderCommand)) {
    ui.horizontal(|ui| {
        if ui.button(CHOOSE_FILE).clicked() {
            push(EncoderCommand::ChooseFile);
            ui.close();
        }
        let published = ui.button("Published encoders…");
        if published.on_hover_text(PUBLISHED_HINT).clicked() {
            push(EncoderCommand::ShowPublished);
            ui.close();
        }
    });
}

/// A line of the list: the name, and at the right what the encoder is. Returns whether it was clicked.
fn offer_row(
    ui: &mut Ui,
    offer: &OfferedEncoder,
    card: Option<Result<&EncoderCard, &str>>,
    on: bool,
) -> bool {
    let tokens = theme::tokens(ui);
    let size = vec2(ui.available_width(), theme::ROW_HEIGHT);
    let (area, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::WidgetType::SelectableLabel, true, on, &offer.name)
    });
    let fill = match (on, response.hovered() || response.has_focus()) {
        (true, _) => Some(tokens.accent_quiet),
        (false, true) => Some(tokens.hovered),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(area, theme::CORNER, fill);
    }
    let inner = area.shrink2(vec2(theme::SPACE, 0.0));
    let (facts, hint) = match card {
        None => ("looking …".to_owned(), String::new()),
        Some(Ok(card)) => (card.facts(), String::new()),
        Some(Err(why)) => ("cannot be opened".to_owned(), format!("\n{why}")),
    };
    let facts = ui.painter().text(
        inner.right_center(),
        Align2::RIGHT_CENTER,
        facts,
        theme::small_font(),
        tokens.text_weak,
    );
    let words = Rect::from_min_max(inner.min, pos2(facts.left() - theme::SPACE, inner.max.y));
    let colour = if on { tokens.text_strong } else { tokens.text };
    parts::write_line(ui, words, &offer.name, colour);
    response
        .on_hover_text(format!("{}{hint}", offer.help))
        .clicked()
}

/// What is read of the encoder.
fn reading(
    ui: &mut Ui,
    model: &AppState,
    source: &EncoderSource,
    push: &mut dyn FnMut(EncoderCommand),
) {
    // Windows of another length are looked up anew, in which time the form stays as it is.
    let embeddings = &model.embeddings;
    let published = source.with_reading(Reading::default());
    let card = embeddings
        .card(source)
        .or_else(|| embeddings.card(&published));
    let card = match card {
        None => {
            parts::quiet(ui, "Looking into the checkpoint …");
            return;
        }
        Some(Err(why)) => return parts::error(ui, why),
        Some(Ok(card)) => card,
    };
    let info = &card.summary.info;
    let mut changed = source.clone();
    parts::explain(ui, format!("Read: {}", info.describe(source.reading)));
    weights(ui, card, &mut changed);
    heads(ui, card, &mut changed);
    layer(ui, info, &mut changed.reading);
    readout(ui, info, &mut changed.reading);
    windows(ui, card, &mut changed.reading);
    patchout(ui, info, &mut changed.reading);
    precision::show(
        ui,
        &model.embeddings.gains,
        source,
        info,
        &mut changed.reading,
        push,
    );
    let published = source.reading.is_published();
    let text = "Read as published";
    let hint = "Layer, readout, windows and patchout as the authors published them, in 32 bits";
    if parts::wide(
        ui,
        ui.available_width(),
        Button::new(text),
        !published,
        hint,
    ) {
        changed.reading = Reading::default();
    }
    if changed != *source {
        push(EncoderCommand::Use(changed));
    }
}

fn weights(ui: &mut Ui, card: &EncoderCard, source: &mut EncoderSource) {
    let held = &card.summary.encoders;
    if held.len() < 2 {
        return;
    }
    let taken = held.iter().find(|found| found.chosen);
    let auto = taken.map_or_else(
        || "auto".to_owned(),
        |found| format!("auto: {}", found.weights),
    );
    let named = held.iter().map(|found| found.weights.clone());
    let names: Vec<String> = std::iter::once(auto).chain(named).collect();
    let choice_of = |at: usize| match at.checked_sub(1).and_then(|at| held.get(at)) {
        Some(found) => WeightsChoice::from(found.weights.clone()),
        None => WeightsChoice::Auto,
    };
    let options: Vec<(usize, &str, &str)> = names
        .iter()
        .enumerate()
        .map(|(at, name)| (at, name.as_str(), WEIGHTS_HINT))
        .collect();
    let current = (0..names.len()).find(|&at| choice_of(at) == source.weights);
    row(ui, "Weights", WEIGHTS_HINT, |ui| {
        if let Some(at) = pick(ui, &options, current.unwrap_or(0)) {
            source.weights = choice_of(at);
        }
    });
}

fn heads(ui: &mut Ui, card: &EncoderCard, source: &mut EncoderSource) {
    let summary = &card.summary;
    if summary.offered_heads.is_empty() {
        return;
    }
    let names: Vec<String> = (summary.offered_heads.iter())
        .map(ToString::to_string)
        .collect();
    let options: Vec<(usize, &str, &str)> = (summary.offered_heads.iter().zip(&names))
        .map(|(heads, name)| (*heads, name.as_str(), HEADS_HINT))
        .collect();
    row(ui, "Heads", HEADS_HINT, |ui| {
        if let Some(heads) = pick(ui, &options, summary.heads) {
            source.heads = Some(heads);
        }
    });
}

fn layer(ui: &mut Ui, info: &EncoderInfo, reading: &mut Reading) {
    if info.readout(*reading).is_final() {
        return row(ui, "Layer", LAYER_HINT, |ui| {
            words(ui, "This readout lies behind all blocks and the last norm");
        });
    }
    let at = info.published_layer;
    let (published, hint) = match info.layers.get(at) {
        Some(layer) if at <= info.depth => (format!("published ({at})"), layer.as_str()),
        Some(layer) => (format!("published ({layer})"), layer.as_str()),
        None => ("published".to_owned(), ""),
    };
    let hint = format!("What the authors published: {hint}");
    let named = info.layers.iter().take(info.depth + 1).enumerate();
    let names: Vec<String> = (0..=info.depth).map(|layer| layer.to_string()).collect();
    let published = [(None, published.as_str(), hint.as_str())];
    let numbered = named.zip(&names);
    let numbered: Vec<_> = numbered
        .map(|((at, layer), name)| (Some(at), name.as_str(), layer.as_str()))
        .collect();
    row(ui, "Layer", LAYER_HINT, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        let current = reading.layer;
        let chosen = [published.as_slice(), &numbered].map(|options| pick(ui, options, current));
        if let Some(layer) = chosen.into_iter().flatten().next() {
            reading.layer = layer;
        }
    });
}

fn readout(ui: &mut Ui, info: &EncoderInfo, reading: &mut Reading) {
    let published = info.readouts.first().copied();
    let names: Vec<String> = info.readouts.iter().map(ToString::to_string).collect();
    let options: Vec<_> = (info.readouts.iter().zip(&names))
        .map(|(readout, name)| (*readout, name.as_str(), READOUT_HINT))
        .collect();
    row(ui, "Readout", READOUT_HINT, |ui| {
        if let [(_, only, _)] = options.as_slice() {
            words(ui, format!("{only}, the only one of {}", info.family));
            return;
        }
        if let Some(readout) = pick(ui, &options, info.readout(*reading)) {
            reading.readout = Some(readout).filter(|_| published != Some(readout));
            if readout.is_final() {
                reading.layer = None;
            }
        }
        if info.lacks_classifier() {
            words(
                ui,
                "This file has no classifier, so no logits and no probabilities",
            );
        }
    });
}

fn windows(ui: &mut Ui, card: &EncoderCard, reading: &mut Reading) {
    let info = &card.summary.info;
    let published = match info.window.hop_secs < info.window.secs {
        true => Overlap::Half,
        false => Overlap::None,
    };
    let options = [
        (
            Overlap::None,
            "back to back",
            "One begins where the other ends",
        ),
        (
            Overlap::Half,
            "half overlapping",
            "Each begins in the middle of the one before: twice as many",
        ),
    ];
    window_length(ui, card, reading);
    row(ui, "Windows", OVERLAP_HINT, |ui| {
        if let Some(overlap) = pick(ui, &options, reading.overlap.unwrap_or(published)) {
            reading.overlap = Some(overlap).filter(|_| overlap != published);
        }
    });
}

/// How long windows are, of an encoder that reads any.
fn window_length(ui: &mut Ui, card: &EncoderCard, reading: &mut Reading) {
    let mut offered = card.summary.info.window_choices_secs.clone();
    let Some(published) = offered.last().copied() else {
        return;
    };
    // An own run is read as it was trained where nothing else is said.
    let usual = card.summary.trained_window_secs.unwrap_or(published);
    let current = reading.window_secs.unwrap_or(usual);
    offered.extend([usual, current]);
    offered.sort_unstable();
    offered.dedup();
    let names: Vec<String> = offered.iter().map(|secs| format!("{secs} s")).collect();
    let options: Vec<(u32, &str, &str)> = (offered.iter().zip(&names))
        .map(|(secs, name)| (*secs, name.as_str(), WINDOW_HINT))
        .collect();
    row(ui, "Window", WINDOW_HINT, |ui| {
        if let Some(secs) = pick(ui, &options, current) {
            reading.window_secs = Some(secs).filter(|secs| *secs != usual);
        }
    });
}

fn patchout(ui: &mut Ui, info: &EncoderInfo, reading: &mut Reading) {
    let columns = info.grids.iter().map(|grid| grid.columns).max();
    let name = (info.grids.first()).map_or("column", |grid| grid.kind.column_name());
    let rows = info.grids.iter().map(|grid| grid.rows()).max();
    let (columns, rows) = (columns.unwrap_or(1).max(1), rows.unwrap_or(1));
    row(ui, "Patchout", PATCHOUT_HINT, |ui| {
        let mut every = reading.patchout.every.max(1);
        let field = DragValue::new(&mut every)
            .range(1..=columns)
            .speed(0.05)
            .custom_formatter(|every, _| match every as usize {
                1 => format!("every {name}"),
                every => format!("1 of {every} {name}s"),
            });
        let width = ui.available_width();
        parts::number(ui, width, field).on_hover_text(PATCHOUT_HINT);
        if every != reading.patchout.every.max(1) {
            // As it is said where nothing is left out.
            reading.patchout.every = if every == 1 { 0 } else { every };
        }
    });
    if rows < 2 {
        return;
    }
    row(ui, "Rows read", PATCHOUT_HINT, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(1.0, 1.0);
            for at in 0..rows {
                let dropped = reading.patchout.dropped_rows.toggled(at);
                row_of_patches(ui, info, reading, at, dropped);
            }
        });
    });
}

/// A button for a row of patches, which cannot be left out where nothing of a window would be left.
fn row_of_patches(
    ui: &mut Ui,
    info: &EncoderInfo,
    reading: &mut Reading,
    at: usize,
    toggled: Rows,
) {
    let mut patchout = reading.patchout;
    let read = !patchout.dropped_rows.holds(at);
    patchout.dropped_rows = toggled;
    let problem = patchout.mask(&info.grids).err();
    let tokens = theme::tokens(ui);
    let (fill, text) = match read {
        true => (tokens.accent_quiet, tokens.text_strong),
        false => (tokens.raised, tokens.text),
    };
    let button = Button::selectable(read, RichText::new(at.to_string()).color(text))
        .fill(fill)
        .frame_when_inactive(true)
        .min_size(vec2(theme::CONTROL_HEIGHT, theme::CONTROL_HEIGHT));
    let hint = match (at, read) {
        (0, true) => "The lowest row of patches: a click leaves it out",
        (_, true) => "A click leaves this row of patches out",
        (_, false) => "Left out; a click reads it again",
    };
    let response = ui.add_enabled(problem.is_none(), button);
    let response = response.on_hover_text(hint);
    let response = match problem {
        Some(why) => response.on_disabled_hover_text(why.to_string()),
        None => response,
    };
    response.widget_info(|| {
        let name = format!("Row {at} of patches");
        egui::WidgetInfo::selected(egui::WidgetType::Button, true, read, name)
    });
    if response.clicked() {
        reading.patchout = patchout;
    }
}

/// One row of the form: a name, and its control in the space that is left.
fn row(ui: &mut Ui, name: &str, hint: &str, control: impl FnOnce(&mut Ui)) {
    parts::row(ui, name, hint, |ui| ui.vertical(control).response);
}

/// Words in place of a control, at the height of the row's name.
fn words(ui: &mut Ui, text: impl Into<String>) {
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    let line = egui::Layout::left_to_right(egui::Align::Center);
    ui.allocate_ui_with_layout(size, line, |ui| {
        ui.set_min_size(size);
        parts::quiet(ui, text);
    });
}

/// A choice over the width that is left.
fn pick<T: PartialEq + Copy>(ui: &mut Ui, options: &[(T, &str, &str)], current: T) -> Option<T> {
    let width = ui.available_width();
    parts::choice(ui, width, options, current).1
}
