//! How alike the two views are, beside random pairs; what the masked view is near to; what it costs.

use eframe::egui::{self, Align2, Rect, RichText, Sense, Ui, pos2, vec2};

use crate::gui::{
    command::{Command, MapCommand, TeachCommand},
    model::{AppState, BatchAnswer, EncoderFacts, Neighbour, ViewsAnswer},
    theme::{self, small},
};

use super::{super::parts, patchout};

/// Height of the scale with its marks.
const SCALE: f32 = 9.0 * theme::UNIT;
/// Height of a neighbour's line.
const LINE: f32 = 5.0 * theme::UNIT;

const COSINE_HINT: &str = "1: the encoder finds the two views the same; 0: nothing in common";
const COST_HINT: &str = "What the encoder saves where it reads fewer patches of a window, and how much its embedding changes";

/// Draws the column.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
    let teaching = &model.teaching;
    ui.spacing_mut().interact_size.y = LINE;
    let cost = match model.mask.patchout() {
        Some(_) => "Cost of patchout",
        None => "Cost of the mask",
    };
    if let Some(answer) = &teaching.patchout.value {
        head(ui, model, cost, COST_HINT, Some(&answer.encoder));
        return patchout::show(ui, model, answer);
    }
    if let Some(why) = &teaching.patchout.error {
        head(ui, model, cost, COST_HINT, None);
        return patchout::failed(ui, model, why, out);
    }
    if model.mask.own.is_some() {
        head(ui, model, cost, COST_HINT, None);
        return computing(ui, "computing");
    }
    let hint = match &teaching.views.value {
        None => COSINE_HINT.to_owned(),
        Some(answer) => format!(
            "{COSINE_HINT}. The encoder answered in {}",
            format_millis(answer.seconds)
        ),
    };
    let facts = teaching.views.value.as_ref().map(|answer| &answer.encoder);
    head(ui, model, "Cosine of A and B", &hint, facts);
    if let Some(why) = &teaching.views.error {
        parts::error(ui, why);
        return;
    }
    let Some(answer) = &teaching.views.value else {
        let embeddings = &model.embeddings;
        let text = match embeddings.card(&embeddings.source) {
            None => "Looking into the checkpoint…",
            Some(_) => "Asking the encoder…",
        };
        return computing(ui, text);
    };
    let batch = teaching.batch.value.as_deref();
    let faded = fade_old(ui, "old views", teaching.has_old_views());
    ui.scope(|ui| {
        ui.multiply_opacity(faded);
        scale(ui, answer, batch);
        neighbours(ui, model, answer, out);
    });
}

/// Stands in place of the first answer.
fn computing(ui: &mut Ui, text: &str) {
    let weak = theme::tokens(ui).text_weak;
    ui.horizontal(|ui| {
        ui.add(egui::Spinner::new().size(theme::TEXT_BODY));
        ui.label(small(text).color(weak));
    });
}

/// What the column is about, and at the right which encoder answers.
fn head(ui: &mut Ui, model: &AppState, about: &str, hint: &str, facts: Option<&EncoderFacts>) {
    let weak = theme::tokens(ui).text_weak;
    ui.horizontal(|ui| {
        ui.label(small(about).color(weak)).on_hover_text(hint);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let text = small(model.embeddings.source.title()).color(weak);
            let tip = facts.map_or_else(
                || "The encoder that answers; it is chosen at the top".to_owned(),
                |facts| {
                    let (description, device) = (&facts.description, &facts.device);
                    format!("{description}, on {device}; it is chosen at the top")
                },
            );
            ui.add(egui::Label::new(text).truncate()).on_hover_text(tip);
        });
    });
}

/// How strongly an answer is drawn: one about an earlier mask fades while the new one is computed. Quick answers hardly
/// flicker, because it fades slowly.
pub fn fade_old(ui: &Ui, name: &'static str, old: bool) -> f32 {
    let share = ui
        .ctx()
        .animate_bool_with_time(egui::Id::new(name), old, theme::OLD_FADE_SECS);
    1.0 - (1.0 - theme::OLD_OPACITY) * share
}

/// Whether an answer has been awaited for so long that it is called computing: quick ones hardly flicker.
pub fn is_computing(ui: &Ui, name: &'static str, awaited: bool) -> bool {
    const QUICK_SECS: f32 = 0.1;
    let share = ui
        .ctx()
        .animate_bool_with_time(egui::Id::new(name), awaited, QUICK_SECS);
    awaited && share >= 1.0
}

/// A short time: "45 ms", "1.2 s".
pub fn format_millis(secs: f64) -> String {
    if secs < 0.9995 {
        format!("{:.0} ms", 1000.0 * secs)
    } else {
        format!("{secs:.1} s")
    }
}

/// The two numbers and where they lie between -1 and 1.
fn scale(ui: &mut Ui, answer: &ViewsAnswer, batch: Option<&BatchAnswer>) {
    let tokens = theme::tokens(ui);
    let random = batch.map(|batch| batch.similarity.negative());
    ui.horizontal(|ui| {
        ui.label(
            theme::large(format!("{:.3}", answer.cosine))
                .size(1.5 * theme::TEXT_LARGE)
                .color(tokens.text_strong),
        );
        if let Some((mean, spread)) = random {
            let text = format!("random pairs {mean:.3} ± {spread:.3}");
            ui.label(small(text).color(tokens.text_weak)).on_hover_text(
                "View A of one track and view B of another, under the same mask: mean and standard deviation over the \
                 batch. What tells two views of one track from those is what training is after",
            );
        }
    });
    let size = vec2(ui.available_width(), SCALE);
    let (area, response) = ui.allocate_exact_size(size, Sense::hover());
    // From where the random pairs begin: an untrained encoder finds everything alike, and the rest of the scale is empty.
    let low = random.map_or(-1.0, |(mean, spread)| {
        let low = (mean - 4.0 * spread).min(answer.cosine);
        // In steps of a half, so that it stands still while the ratio is dragged.
        (low * 2.0).floor() / 2.0
    });
    let low = low.clamp(-1.0, 0.5);
    let x_of =
        |cosine: f32| area.left() + ((cosine - low) / (1.0 - low)).clamp(0.0, 1.0) * area.width();
    let rail = Rect::from_center_size(
        pos2(area.center().x, area.top() + 3.0 * theme::UNIT),
        vec2(area.width(), 1.5 * theme::UNIT),
    );
    let painter = ui.painter();
    painter.rect_filled(rail, theme::CORNER, tokens.raised);
    if let Some((mean, spread)) = random {
        let band = Rect::from_x_y_ranges(x_of(mean - spread)..=x_of(mean + spread), rail.y_range());
        painter.rect_filled(band, theme::CORNER, tokens.text_weak.gamma_multiply(0.6));
        painter.vline(
            x_of(mean),
            rail.y_range(),
            (theme::LINE, tokens.text_strong),
        );
    }
    let x = x_of(answer.cosine);
    painter.circle_filled(pos2(x, rail.center().y), 1.5 * theme::UNIT, tokens.accent);
    let below = rail.bottom() + theme::UNIT;
    for (value, align) in [
        (low, Align2::LEFT_TOP),
        ((low + 1.0) / 2.0, Align2::CENTER_TOP),
        (1.0, Align2::RIGHT_TOP),
    ] {
        painter.text(
            pos2(x_of(value), below),
            align,
            format!("{value:.2}").replace('-', "\u{2212}"),
            theme::small_font(),
            tokens.text_weak,
        );
    }
    response.on_hover_text(
        "Dot: the two views of this track. Grey: random pairs, one standard deviation to each side",
    );
}

fn neighbours(ui: &mut Ui, model: &AppState, answer: &ViewsAnswer, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let view = model.mask.form.active;
    let [a, b] = &answer.near;
    let near = if view.index() == 0 { a } else { b };
    let colour = theme::view_colour(tokens, view);
    ui.label(small(format!("Nearest to what is left of view {view}")).color(colour))
        .on_hover_text(
            "Unmasked windows of the collection, nearest first, one a track; as long as the track itself leads, the \
             encoder knows it by these few patches",
        );
    if let Some(running) = model.teaching.embedding.running() {
        if parts::progress(ui, running) {
            out.push(Command::Teach(TeachCommand::StopEmbedding));
        }
        return;
    }
    if near.is_empty() {
        if let Some(why) = &model.teaching.embed_problem {
            parts::quiet(ui, why.clone()).on_hover_text(why);
        }
        let text = "Embed the collection";
        let tip = "Embeds every window of the collection once, so that neighbours can be found";
        if ui.button(text).on_hover_text(tip).clicked() {
            out.push(Command::Teach(TeachCommand::Embed));
        }
        return;
    }
    let room = (ui.available_height() / (LINE + theme::SPACE_SMALL)).floor() as usize;
    for near in near.iter().take(room.max(1)) {
        neighbour(ui, model, near, out);
    }
}

fn neighbour(ui: &mut Ui, model: &AppState, near: &Neighbour, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let own = model.spectrogram.path() == Some(near.path.as_path());
    let size = vec2(ui.available_width(), LINE);
    let (area, response) = ui.allocate_exact_size(size, Sense::click());
    let name = parts::track_name(&model.library, &near.path);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &name));
    if response.hovered() {
        ui.painter()
            .rect_filled(area, theme::CORNER, tokens.hovered);
    }
    let painter = ui.painter();
    let number = painter.text(
        area.right_center() - vec2(theme::UNIT, 0.0),
        Align2::RIGHT_CENTER,
        format!("{:.3}", near.cosine),
        theme::small_font(),
        tokens.text,
    );
    let mut words = area;
    words.set_right(number.left() - theme::SPACE);
    let text = if own {
        RichText::new(format!("{name} (this track)")).color(tokens.accent)
    } else {
        RichText::new(name).color(tokens.text)
    };
    let label = egui::Label::new(text.size(theme::TEXT_SMALL))
        .truncate()
        .selectable(false);
    let builder = egui::UiBuilder::new()
        .max_rect(words)
        .layout(egui::Layout::left_to_right(egui::Align::Center));
    ui.scope_builder(builder, |ui| ui.add(label));
    if response.on_hover_text("Plays this window").clicked() {
        out.push(Command::Map(MapCommand::Choose {
            path: near.path.clone(),
            start_secs: near.start_secs,
        }));
    }
}
