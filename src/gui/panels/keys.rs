//! The circle of fifths: the key profile of the window at the playhead as a wheel, with its arrow, and how it turns when the sound
//! is transposed.

use std::f32::consts::TAU;

use eframe::egui::{self, Align2, ComboBox, Pos2, Rect, Sense, Shape, Stroke, Ui, vec2};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, KeysCommand},
    model::{AppState, KeysForm},
    theme,
};
use mynascope_embedding::TrackKeys;
use mynascope_encoder::{
    Family,
    families::mt2::{KEYS, KeyArrow, KeyNames, MOST_SEMITONES_LOWER},
};

use super::{parts, row_from_right, top};

/// The wheel is not larger than this.
const MOST_WHEEL: f32 = 68.0 * theme::UNIT;
/// Room around the wheel for the names of the keys.
const RIM: f32 = 6.0 * theme::UNIT;
/// Corners of the arc of a sector.
const CORNERS: usize = 8;
/// Length of the head of an arrow.
const HEAD: f32 = 2.0 * theme::UNIT;

/// Draws the pane.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    parts::padded(ui, |ui| {
        if model.keys_info().is_none() {
            return nothing(ui, model);
        }
        head(ui, model, out);
        let keys = match model.keys.of_shown(model.spectrogram.path()) {
            Some(Ok(keys)) => keys,
            Some(Err(why)) => return parts::error(ui, why),
            None => {
                let text = match (model.keys.form.strip, model.spectrogram.path()) {
                    (false, _) => "Keys of shown tracks are switched off",
                    (true, None) => "Choose a track",
                    (true, Some(_)) => "Computing …",
                };
                parts::quiet(ui, text);
                return;
            }
        };
        let Some(window) = model.key_window() else {
            parts::quiet(ui, "This track holds no window of sound");
            return;
        };
        let width = parts::width_beside_bar(ui);
        egui::ScrollArea::vertical()
            .auto_shrink(false)
            .show(ui, |ui| {
                ui.set_max_width(width);
                dial(ui, model, keys, window);
                transposition(ui, model, window, out);
                ui.separator();
                calibration(ui, model, out);
            });
    });
}

/// Why the chosen encoder hears no keys, and what to do.
fn nothing(ui: &mut Ui, model: &AppState) {
    let hint = match model.embeddings.card(&model.embeddings.source) {
        None => {
            parts::quiet(ui, "Looking into the checkpoint …");
            return;
        }
        Some(Err(why)) => return parts::error(ui, why),
        Some(Ok(card)) if card.summary.info.family == Family::Mt2 => {
            "This file lacks the head that names keys."
        }
        Some(Ok(_)) => {
            "Encoders of this family hear no keys. An MT2 does: choose one in the menu of encoders at the top, or train one (Ctrl+4)."
        }
    };
    parts::empty(ui, icon::MUSIC_NOTE, "This encoder hears no keys", hint);
}

fn head(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let form = model.keys.form;
    let mut changed = form;
    row_from_right(ui, |ui| {
        let hint = "Puts the command on the clipboard that tells the keys of all tracks";
        if top::icon_button(ui, icon::TERMINAL_WINDOW, hint).clicked() {
            out.push(Command::Keys(KeysCommand::Copy));
        }
        let hints = [
            "A strip below the spectrogram shows the keys of each shown track over time; a click hides it",
            "Compute the keys of each shown track, and show them over time below the spectrogram",
        ];
        if parts::strip_switch(ui, form.strip, hints) {
            changed.strip = !form.strip;
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            parts::quiet(ui, "Circle of fifths").on_hover_text(
                "Neighbours on the circle are a fifth apart: their scales differ in one note. A bar is as long as the share that the \
                 encoder gives its key, the arrow is the sum of all",
            );
        });
    });
    edit(form, changed, out);
}

fn edit(form: KeysForm, changed: KeysForm, out: &mut Vec<Command>) {
    if changed != form {
        out.push(Command::Keys(KeysCommand::Edit(changed)));
    }
}

/// Where on the wheel a share of the circle lies, at a distance from its middle; 0 is at the top, and it goes on clockwise.
fn on_wheel(middle: Pos2, turn: f32, distance: f32) -> Pos2 {
    let (sine, cosine) = (TAU * turn).sin_cos();
    middle + distance * vec2(sine, -cosine)
}

/// The wheel of the window at the playhead.
fn dial(ui: &mut Ui, model: &AppState, keys: &TrackKeys, window: usize) {
    let Some((_, profile)) = keys.windows().nth(window) else {
        return;
    };
    let (names, form) = (model.keys.names(), model.keys.form);
    let plain = KeyArrow::of(profile);
    let side = ui.available_width().min(MOST_WHEEL);
    let (area, response) = ui.allocate_exact_size(vec2(ui.available_width(), side), Sense::hover());
    let wheel = Rect::from_center_size(area.center(), vec2(side, side));
    let radius = 0.5 * side - RIM;
    draw_wheel(ui, wheel.center(), radius, profile, names);
    let tokens = theme::tokens(ui);
    // C, where it is known, stands at the top.
    let top = top_of(names);
    let arrow = |arrow: KeyArrow, colour, width: f32| {
        let length = (arrow.length as f32).clamp(0.0, 1.0) * radius;
        let end = on_wheel(wheel.center(), arrow.turn as f32 - top, length);
        draw_arrow(ui, wheel.center(), end, Stroke::new(width, colour));
    };
    if form.semitones > 0 {
        let ought = KeyArrow {
            length: 1.0,
            ..plain.lowered(form.semitones)
        };
        let end = on_wheel(wheel.center(), ought.turn as f32 - top, radius);
        let stroke = Stroke::new(theme::LINE, tokens.text_weak);
        let line = [wheel.center(), end];
        ui.painter()
            .extend(Shape::dashed_line(&line, stroke, 4.0, 4.0));
        arrow(plain, tokens.view_a.gamma_multiply(0.5), theme::LINE_STRONG);
        if let Some(Ok(turned)) = model.keys.turned.get(&window)
            && let Some((lower, _)) = turned.get(form.semitones)
        {
            arrow(*lower, tokens.view_b, 2.0 * theme::LINE_STRONG);
        }
    } else {
        arrow(plain, tokens.view_a, 2.0 * theme::LINE_STRONG);
    }
    let name = names.name(plain.key());
    let text = format!("{name}: arrow {:.2} long", plain.length);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &text));
    ui.vertical_centered(|ui| {
        ui.label(theme::large(name).color(tokens.text_strong));
        parts::quiet(ui, format!("length of the arrow {:.2}", plain.length))
            .on_hover_text("1: the encoder names one key; 0: it finds nothing to choose between");
    });
}

/// The share of the circle that stands at the top.
fn top_of(names: KeyNames) -> f32 {
    let places = 0..KEYS;
    let first = places
        .into_iter()
        .find(|&place| names.signature(place) == Some(0));
    let fifths = 7 * first.unwrap_or(0) % KEYS;
    fifths as f32 / KEYS as f32
}

fn draw_wheel(ui: &Ui, middle: Pos2, radius: f32, profile: &[f32], names: KeyNames) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter();
    let top = top_of(names);
    painter.circle(
        middle,
        radius,
        tokens.raised,
        Stroke::new(theme::LINE, tokens.hairline),
    );
    for (place, &share) in profile.iter().enumerate() {
        let turn = (7 * place % KEYS) as f32 / KEYS as f32 - top;
        let half = 0.45 / KEYS as f32;
        let length = share.clamp(0.0, 1.0).sqrt() * radius;
        let mut corners = vec![middle];
        corners.extend((0..=CORNERS).map(|corner| {
            let across = 2.0 * corner as f32 / CORNERS as f32 - 1.0;
            on_wheel(middle, turn + across * half, length)
        }));
        let class = names.signature(place).unwrap_or(place);
        let fill = theme::label_colour(theme::tokens(ui), class).gamma_multiply(0.8);
        painter.add(Shape::convex_polygon(corners, fill, Stroke::NONE));
        painter.text(
            on_wheel(middle, turn, radius + 0.55 * RIM),
            Align2::CENTER_CENTER,
            names.short_name(place),
            theme::small_font(),
            tokens.text,
        );
    }
}

fn draw_arrow(ui: &Ui, from: Pos2, to: Pos2, stroke: Stroke) {
    let painter = ui.painter();
    painter.line_segment([from, to], stroke);
    let along = to - from;
    if along.length() <= HEAD {
        painter.circle_filled(from, 1.5 * stroke.width, stroke.color);
        return;
    }
    let along = along.normalized();
    let across = vec2(-along.y, along.x);
    let back = to - HEAD * along;
    let corners = vec![to, back + 0.5 * HEAD * across, back - 0.5 * HEAD * across];
    painter.add(Shape::convex_polygon(corners, stroke.color, Stroke::NONE));
}

/// The slider that lowers the sound, and by how much the arrow misses its place.
fn transposition(ui: &mut Ui, model: &AppState, window: usize, out: &mut Vec<Command>) {
    let form = model.keys.form;
    let mut changed = form;
    ui.add_space(theme::SPACE);
    parts::quiet(ui, "Semitones lower").on_hover_text(
        "Transposes the window by reading higher bins of its VQT. An equivariant encoder turns the arrow back by seven twelfths of the \
         circle a semitone, to the dashed line",
    );
    ui.scope(|ui| {
        let width = ui.available_width() - 12.0 * theme::UNIT;
        theme::slider_look(ui, width);
        let slider = egui::Slider::new(&mut changed.semitones, 0..=MOST_SEMITONES_LOWER);
        ui.add(slider)
            .on_hover_text("By how many semitones the sound is lowered");
    });
    let lines = match model.keys.turned.get(&window) {
        None => ["computing …".to_owned(), String::new()],
        Some(Err(why)) => {
            parts::error(ui, why);
            edit(form, changed, out);
            return;
        }
        Some(Ok(turned)) => {
            let missed = turned
                .get(form.semitones)
                .map_or(0.0, |(_, missed)| *missed);
            let rest = turned.iter().skip(1).map(|(_, missed)| missed.abs());
            let mean = rest.sum::<f64>() / turned.len().saturating_sub(1).max(1) as f64;
            [
                match form.semitones {
                    0 => "As it is".to_owned(),
                    _ => {
                        let missed = format!("{missed:+.2}").replace('-', "\u{2212}");
                        format!("Misses its place by {missed} fifths")
                    }
                },
                format!(
                    "Over 1 to {MOST_SEMITONES_LOWER} semitones it misses by {mean:.2} fifths on average"
                ),
            ]
        }
    };
    for line in lines {
        parts::quiet(ui, line).on_hover_text(
            "How far the arrow of the transposed window lies from where it ought to be, in steps of the circle: 0 is equivariant, 3 is \
             chance",
        );
    }
    let hint = "Plays this window as a slower tape does: lower by so many semitones, and longer by as much";
    let text = format!("{} Hear it", icon::PLAY);
    let button = egui::Button::new(text);
    if parts::wide(ui, ui.available_width(), button, true, hint) {
        out.push(Command::Keys(KeysCommand::Hear));
    }
    edit(form, changed, out);
}

/// What names the places of the profile.
fn calibration(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let form = model.keys.form;
    let mut changed = form;
    match model.keys.named_by() {
        Some(path) => {
            let name = parts::track_name(&model.library, path);
            parts::quiet(ui, format!("Keys named by “{name}”")).on_hover_text(
                "The names of all keys follow from the one that was said to be the key of that recording",
            );
        }
        None => parts::explain(
            ui,
            "The encoder learned without names of keys. Choose a recording in a key that you know, and say which.",
        ),
    }
    ui.horizontal(|ui| {
        parts::quiet(ui, "This track is in");
        ComboBox::from_id_salt("signature")
            .selected_text(KeyNames::of_signature(form.signature))
            .width(24.0 * theme::UNIT)
            .show_ui(ui, |ui| {
                for signature in 0..KEYS {
                    let name = KeyNames::of_signature(signature);
                    ui.selectable_value(&mut changed.signature, signature, name);
                }
            });
    });
    edit(form, changed, out);
    let width = ui.available_width();
    let hint = "Names the keys of the wheel by this track";
    if parts::wide(
        ui,
        width,
        egui::Button::new("Name the keys by it"),
        true,
        hint,
    ) {
        out.push(Command::Keys(KeysCommand::Calibrate));
    }
    if model.keys.named_by().is_some() {
        let hint = "The places of the profile have numbers again";
        if parts::wide(ui, width, egui::Button::new("Forget the names"), true, hint) {
            out.push(Command::Keys(KeysCommand::Forget));
        }
    }
}
