//! What patchout saves and costs, of an encoder that is no Myna, and the styles that it hears.

use eframe::egui::{self, Align2, Rect, ScrollArea, Sense, Ui, pos2, vec2};

use crate::gui::{
    command::{Command, TeachCommand},
    model::{AppState, PatchoutAnswer},
    theme::{self, small},
};

use super::{
    super::{parts, styles::UNNAMED as UNNAMED_STYLES},
    gauge::{fade_old, is_computing},
};
use mynascope_encoder::{EncoderInfo, Rows};

/// Height of a style's line.
const LINE: f32 = 4.5 * theme::UNIT;

/// Draws the column.
pub fn show(ui: &mut Ui, model: &AppState, answer: &PatchoutAnswer) {
    // In a low panel the styles would have no room: all of it scrolls.
    let scrolled = ScrollArea::vertical()
        .id_salt("patchout")
        .auto_shrink(false);
    scrolled.show(ui, |ui| {
        let asked = model.teaching.asked.as_ref();
        let old = asked.and_then(|asked| asked.window.as_ref()) != Some(&answer.key);
        let faded = fade_old(ui, "old patchout", old);
        let computing = is_computing(ui, "new patchout", old);
        ui.scope(|ui| {
            ui.multiply_opacity(faded);
            numbers(ui, answer, computing);
        });
        styles(ui, model, answer);
    });
}

/// Draws why there is no answer, and the way back to one.
pub fn failed(ui: &mut Ui, model: &AppState, why: &str, out: &mut Vec<Command>) {
    parts::error(ui, why);
    let form = model.teaching.form;
    if form.patchout.dropped_rows != Rows::default() && ui.button("Read every row").clicked() {
        let mut changed = form;
        changed.patchout.dropped_rows = Rows::default();
        out.push(Command::Teach(TeachCommand::Edit(changed)));
    }
}

fn numbers(ui: &mut Ui, answer: &PatchoutAnswer, computing: bool) {
    let tokens = theme::tokens(ui);
    let [read, all] = answer.tokens;
    let [start, end] = answer.window;
    let cosine = match computing {
        true => "computing".to_owned(),
        false => format!("{:.3}", answer.cosine),
    };
    ui.label(
        theme::large(cosine)
            .size(1.5 * theme::TEXT_LARGE)
            .color(tokens.text_strong),
    )
    .on_hover_text(
        "Cosine of the embedding of what the mask leaves to that of the whole window; 1: the same",
    );
    let line = |ui: &mut Ui, text: String| ui.label(small(text).color(tokens.text));
    line(
        ui,
        format!("cosine to the whole window, {start:.1} to {end:.1} s"),
    );
    line(ui, format!("{read} of {all} tokens are read"));
    if let Some([seconds, whole]) = answer.seconds {
        let rate = 1.0 / seconds.max(1e-9);
        let times = whole / seconds.max(1e-9);
        line(
            ui,
            format!("{rate:.1} windows/s, {times:.1} times the whole window's"),
        )
        .on_hover_text("Measured on this window just now");
    }
}

fn styles(ui: &mut Ui, model: &AppState, answer: &PatchoutAnswer) {
    let tokens = theme::tokens(ui);
    let info = model.embeddings.info();
    if info.is_some_and(EncoderInfo::lacks_classifier) {
        parts::explain(ui, "This file has no classifier, so it gives no styles.");
    }
    if answer.styles.is_empty() {
        return;
    }
    ui.label(small("Styles of the whole window").color(tokens.text_weak))
        .on_hover_text("What the encoder's classifier says of it: probabilities, each for itself");
    if info.is_some_and(|info| info.outputs.is_empty()) {
        parts::explain(ui, UNNAMED_STYLES);
    }
    for (name, probability) in &answer.styles {
        let size = vec2(ui.available_width(), LINE);
        let (area, response) = ui.allocate_exact_size(size, Sense::hover());
        let width = area.width() * probability.clamp(0.0, 1.0);
        let bar = Rect::from_min_size(area.min, vec2(width, area.height()));
        ui.painter()
            .rect_filled(bar.shrink(1.0), theme::CORNER, tokens.raised);
        let number = ui.painter().text(
            area.right_center() - vec2(theme::UNIT, 0.0),
            Align2::RIGHT_CENTER,
            format!("{:.0} %", 100.0 * probability),
            theme::small_font(),
            tokens.text,
        );
        let words = Rect::from_min_max(area.min, pos2(number.left() - theme::SPACE, area.max.y));
        let builder = egui::UiBuilder::new()
            .max_rect(words)
            .layout(egui::Layout::left_to_right(egui::Align::Center));
        let label = egui::Label::new(small(name).color(tokens.text))
            .truncate()
            .selectable(false);
        ui.scope_builder(builder, |ui| ui.add(label));
        let tip = format!("{name}: {:.1} %", 100.0 * probability);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Label, true, &tip));
        response.on_hover_text(tip);
    }
}

/// Stands in place of the matrix: batches of masked views are Myna's training.
pub fn no_batch(ui: &mut Ui) {
    let text = "Two masked views of every track are how Myna is trained. Choose a Myna at the top to compare them.";
    ui.label(small(text).color(theme::tokens(ui).text_weak));
}
