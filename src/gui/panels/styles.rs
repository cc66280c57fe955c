//! The styles by the encoder's classifier: ranked for the track, the selection or the collection, and the tracks of one.

use eframe::egui::{self, Align2, DragValue, Rect, ScrollArea, Sense, Ui, pos2, vec2};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, MapCommand, StylesCommand},
    model::{AppState, StyleScope, StylesForm, TrackOfStyle, clock, style_name},
    theme,
};
use mynascope_base::counted;
use mynascope_encoder::{EncoderInfo, Family};

use super::{parts, row_from_right, top};

const SCOPES: [(StyleScope, &str, &str); 3] = [
    (
        StyleScope::Track,
        "track",
        "Styles of the shown track: the mean over its windows",
    ),
    (
        StyleScope::Selection,
        "selection",
        "Styles of the selected stretch: the mean over the windows that have a part in it",
    ),
    (
        StyleScope::Collection,
        "collection",
        "Styles of the collection: the mean over the tracks whose styles are computed",
    ),
];
/// Why styles have numbers instead of names.
pub const UNNAMED: &str = "The file doesn't name its styles, so they are numbered; their names stand in the config.json of the model hub.";
/// Width of the field for the threshold.
const THRESHOLD_WIDTH: f32 = 24.0 * theme::UNIT;

/// Draws the pane.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    parts::padded(ui, |ui| {
        let Some(info) = model.styles_info() else {
            return nothing(ui, model);
        };
        head(ui, model, out);
        if info.outputs.is_empty() {
            parts::explain(ui, UNNAMED);
        }
        if model.styles.form.scope == StyleScope::Collection || model.styles.form.style.is_some() {
            collection(ui, model, out);
        }
        match model.styles.form.style {
            None => ranked(ui, model, info, ui.available_height(), out),
            Some(style) => {
                ranked(ui, model, info, 0.5 * ui.available_height(), out);
                tracks(ui, model, info, style, out);
            }
        }
    });
}

/// Why the chosen encoder has no styles, and what to do.
fn nothing(ui: &mut Ui, model: &AppState) {
    let hint = match model.embeddings.card(&model.embeddings.source) {
        None => {
            parts::quiet(ui, "Looking into the checkpoint …");
            return;
        }
        Some(Err(why)) => return parts::error(ui, why),
        Some(Ok(card)) if card.summary.info.family == Family::Maest => {
            "This file has no classifier, so it gives no styles. The published MAESTs have one: “Published encoders…” in the menu of \
             encoders."
        }
        Some(Ok(_)) => {
            "Encoders of this family have no classifier. A MAEST has one: a published one knows 400 or 519 styles of music, one of your own the labels that it learned. Choose one in the menu of encoders at the top."
        }
    };
    parts::empty(ui, icon::TAG, "This encoder gives no styles", hint);
}

fn head(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let form = model.styles.form;
    let mut changed = form;
    row_from_right(ui, |ui| {
        let hint =
            "Puts the command on the clipboard that writes the styles of all tracks into a table";
        if top::icon_button(ui, icon::TERMINAL_WINDOW, hint).clicked() {
            out.push(Command::Styles(StylesCommand::Copy));
        }
        let hints = [
            "A strip below the spectrogram shows the styles of each shown track over time; a click hides it",
            "Compute the styles of each shown track, and show them over time below the spectrogram",
        ];
        if parts::strip_switch(ui, form.strip, hints) {
            changed.strip = !form.strip;
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let width = ui.available_width().min(70.0 * theme::UNIT);
            if let Some(scope) = parts::choice(ui, width, &SCOPES, form.scope).1 {
                changed.scope = scope;
            }
        });
    });
    edit(form, changed, out);
}

fn edit(form: StylesForm, changed: StylesForm, out: &mut Vec<Command>) {
    if changed != form {
        out.push(Command::Styles(StylesCommand::Edit(changed)));
    }
}

/// Of how many tracks the styles are computed, and the way to all of them.
fn collection(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let styles = &model.styles;
    if let Some(running) = styles.job.running() {
        if parts::progress(ui, running) {
            out.push(Command::Styles(StylesCommand::Cancel));
        }
        return;
    }
    let tracks = model.library.collection.iter().flat_map(|all| &all.tracks);
    let all = model.library.track_count();
    let done = styles.count_computed(tracks.map(|track| track.path.as_path()));
    if done < all {
        let hint = "Asks the classifier about every track that it was not asked about yet; what it said before is kept";
        let text = format!("Compute the styles of all {}", counted(all, "track"));
        if parts::primary(ui, ui.available_width(), &text, true, hint) {
            out.push(Command::Styles(StylesCommand::Compute));
        }
        parts::quiet(ui, format!("Done: {done} of {all}"));
    }
    if let Some(why) = &styles.problem {
        parts::error(ui, why);
    }
    if let Some((path, why)) = styles.skipped.first() {
        let text = format!(
            "{} could not be read",
            counted(styles.skipped.len(), "track")
        );
        let first = format!("{}: {why}", path.display());
        parts::quiet(ui, text).on_hover_text(first);
    }
}

fn ranked(ui: &mut Ui, model: &AppState, info: &EncoderInfo, height: f32, out: &mut Vec<Command>) {
    let form = model.styles.form;
    let ranked = &model.styles.view.ranked;
    if ranked.is_empty() {
        let text = match (form.scope, model.styles.of_shown(model.spectrogram.path())) {
            (StyleScope::Collection, _) => "The styles of no track are computed yet",
            (StyleScope::Selection, _) if model.transport.form.selection.is_none() => {
                "Drag over the spectrogram to select a stretch"
            }
            (_, Some(Err(why))) => return parts::error(ui, why),
            (_, Some(Ok(_))) => "No window has a part in the selection",
            (_, None) if !form.strip => "Styles of shown tracks are switched off",
            (_, None) if model.spectrogram.path().is_none() => "Choose a track",
            (_, None) => "Computing …",
        };
        parts::quiet(ui, text);
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical()
        .id_salt("styles")
        .auto_shrink([false, true])
        .max_height(height)
        .show_rows(ui, theme::ROW_HEIGHT, ranked.len(), |ui, range| {
            for &(style, probability) in ranked.get(range).unwrap_or_default() {
                let line = Line {
                    name: &style_name(info, style),
                    place: "",
                    probability,
                    on: form.style == Some(style),
                    hint: "Lists the tracks with this style, and marks them in the library and on the map; again ends it",
                };
                if line.show(ui) {
                    let mut changed = form;
                    changed.style = Some(style).filter(|_| form.style != Some(style));
                    edit(form, changed, out);
                }
            }
        });
}

/// The tracks with a style.
fn tracks(ui: &mut Ui, model: &AppState, info: &EncoderInfo, style: usize, out: &mut Vec<Command>) {
    let form = model.styles.form;
    let listed = &model.styles.view.listed;
    let mut changed = form;
    ui.separator();
    ui.add_space(theme::SPACE_SMALL);
    row_from_right(ui, |ui| {
        let mut percent = (100.0 * form.threshold).round();
        let field = DragValue::new(&mut percent)
            .range(0.0..=100.0)
            .speed(0.5)
            .max_decimals(0)
            .prefix("from ")
            .suffix(" %");
        parts::number(ui, THRESHOLD_WIDTH, field)
            .on_hover_text("From which probability on a track has the style");
        if percent != (100.0 * form.threshold).round() {
            changed.threshold = percent / 100.0;
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let text = format!(
                "{}: {}",
                style_name(info, style),
                counted(listed.len(), "track")
            );
            parts::quiet(ui, text);
        });
    });
    edit(form, changed, out);
    ui.add_space(theme::SPACE_SMALL);
    ScrollArea::vertical()
        .id_salt("tracks of a style")
        .auto_shrink(false)
        .show_rows(ui, theme::ROW_HEIGHT, listed.len(), |ui, range| {
            for track in listed.get(range).unwrap_or_default() {
                let TrackOfStyle {
                    path,
                    probability,
                    start_secs,
                } = track;
                let start_secs = f64::from(*start_secs);
                let line = Line {
                    name: &parts::track_name(&model.library, path),
                    place: &clock(start_secs),
                    probability: *probability,
                    on: model.spectrogram.path() == Some(path.as_path()),
                    hint: "Selects this track and plays it where the style is strongest",
                };
                if line.show(ui) {
                    let path = path.clone();
                    out.push(Command::Map(MapCommand::Choose { path, start_secs }));
                }
            }
        });
}

/// A line of a list: a name over a bar that is as long as the probability.
struct Line<'a> {
    name: &'a str,
    place: &'a str,
    probability: f32,
    on: bool,
    hint: &'a str,
}

impl Line<'_> {
    /// Draws it over the whole width; returns whether it was clicked.
    fn show(self, ui: &mut Ui) -> bool {
        let tokens = theme::tokens(ui);
        let size = vec2(ui.available_width(), theme::ROW_HEIGHT);
        let (area, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::WidgetType::SelectableLabel, true, self.on, self.name)
        });
        let painter = ui.painter();
        if self.on || response.hovered() || response.has_focus() {
            let fill = match self.on {
                true => tokens.accent_quiet,
                false => tokens.hovered,
            };
            painter.rect_filled(area, theme::CORNER, fill);
        }
        let inner = area.shrink2(vec2(theme::SPACE, 2.0));
        let share = self.probability.clamp(0.0, 1.0);
        let bar = Rect::from_min_size(
            pos2(inner.left(), inner.bottom() - theme::LINE),
            vec2(inner.width() * share, 2.0 * theme::LINE),
        );
        painter.rect_filled(bar, 0.0, tokens.accent);
        let mut room = inner;
        for (text, colour, width) in [
            (
                format!("{:.1} %", 100.0 * self.probability),
                tokens.text,
                14.0 * theme::UNIT,
            ),
            (self.place.to_owned(), tokens.text_weak, 14.0 * theme::UNIT),
        ] {
            if text.is_empty() {
                continue;
            }
            let (place, font) = (room.right_center(), theme::small_font());
            painter.text(place, Align2::RIGHT_CENTER, text, font, colour);
            room.max.x -= width;
        }
        let colour = match self.on {
            true => tokens.text_strong,
            false => tokens.text,
        };
        parts::write_line(ui, room, self.name, colour);
        response
            .on_hover_text(format!("{}\n{}", self.name, self.hint))
            .clicked()
    }
}
