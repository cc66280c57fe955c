//! The two views of a track side by side, and how alike the encoder finds them.

use eframe::egui::{self, Align2, Rect, Sense, StrokeKind, Ui, pos2, vec2};

use crate::gui::{
    command::Command,
    model::{AppState, FRAME_SECS, Layer, Picture, PictureState, RankTable, clock},
    theme::{self, small},
    widgets::{cached_picture, matrix::flat_bar},
};
use mynascope_spectrum::{
    MEL_BANDS,
    tokens::{PatchPlace, ViewName},
};

use super::{
    super::{parts, spectrogram::crops},
    gauge, layer,
};

/// Width of the gauge's column, as a share of the panel and at least.
const GAUGE_SHARE: f32 = 0.34;
const GAUGE_LEAST: f32 = 68.0 * theme::UNIT;
/// Lines closer than this would hide the picture.
const LEAST_STEP: f32 = 0.5 * theme::UNIT;
/// Height of the line over a view, and of that below both while a layer lies over them.
const HEADER: f32 = 5.0 * theme::UNIT;
/// In a panel narrower than this the gauge lies below the views, as a share of the panel and at least so high.
const ROOM_BESIDE: f32 = 130.0 * theme::UNIT;
const GAUGE_BELOW: f32 = 0.45;
const GAUGE_LEAST_HEIGHT: f32 = 35.0 * theme::UNIT;
/// What lies nowhere in the picture, for the hint of a layer.
const ELSEWHERE: &str =
    "Elsewhere: what the class and the distillation token get, which lie nowhere in the picture";
/// Width of the bar with the colours of a layer.
const SCALE_WIDTH: f32 = 20.0 * theme::UNIT;

/// Draws the panel.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let PictureState::Ready { picture, .. } = &model.spectrogram.state else {
        let hint = "Choose a track: two crops of it are masked, and the encoder is asked whether they belong together.";
        return parts::empty(
            ui,
            egui_phosphor::regular::CARDS,
            "Two views of a track",
            hint,
        );
    };
    let space = ui.available_rect_before_wrap().shrink2(vec2(12.0, 4.0));
    let gap = theme::SPACE_LARGE;
    let (mut cards, gauge) = match space.width() < ROOM_BESIDE {
        true => {
            let height = (GAUGE_BELOW * space.height()).max(GAUGE_LEAST_HEIGHT);
            let (above, below) = space.split_top_bottom_at_y(space.bottom() - height);
            (above.with_max_y(above.bottom() - theme::SPACE), below)
        }
        false => {
            let width = (GAUGE_SHARE * space.width()).max(GAUGE_LEAST);
            let (left, right) = space.split_left_right_at_x(space.right() - width);
            (left.with_max_x(left.right() - gap), right)
        }
    };
    if model.teaching.form.layer != Layer::None {
        let scale = cards.with_min_y(cards.bottom() - HEADER);
        cards.max.y = scale.top() - theme::SPACE_SMALL;
        let line = egui::Layout::left_to_right(egui::Align::Center);
        let builder = egui::UiBuilder::new().max_rect(scale).layout(line);
        ui.scope_builder(builder, |ui| layer_scale(ui, model));
    }
    let each = ((cards.width() - gap) / 2.0).max(1.0);
    for view in ViewName::BOTH {
        let left = cards.left() + view.index() as f32 * (each + gap);
        let card = Rect::from_min_size(pos2(left, cards.top()), vec2(each, cards.height()));
        if let Some(table) = model.mask.table(view) {
            one(ui, model, picture, table, card, out);
        }
    }
    ui.scope_builder(egui::UiBuilder::new().max_rect(gauge), |ui| {
        gauge::show(ui, model, out);
    });
}

/// What the colours of the layer stand for: a bar with its numbers, and what they count.
fn layer_scale(ui: &mut Ui, model: &AppState) {
    let tokens = theme::tokens(ui);
    let form = &model.teaching.form;
    if model.teaching.awaits_attention() {
        return;
    }
    let Some(layer) = layer::values(model, model.mask.form.active) else {
        return;
    };
    if layer.is_empty() {
        let text = "no block attends before what is read";
        ui.label(small(text).color(tokens.text_weak));
        return;
    }
    let (ends, of, tip) = match form.layer {
        Layer::Similarity => (
            ["\u{2212}1".to_owned(), "1".to_owned()],
            "cosine".to_owned(),
            "Cosine between the outputs of each token and of the marked one, which is the token under the pointer: 1 is the same direction, \
             0 unrelated, -1 the opposite",
        ),
        Layer::Rollout => (
            ["0".to_owned(), format!("{:.0} %", 100.0 * layer.most)],
            "share of the embedding".to_owned(),
            "Share of the embedding that comes from each token; all tokens together have 100 %",
        ),
        Layer::Attention | Layer::None => (
            ["0".to_owned(), format!("{:.0} %", 100.0 * layer.most)],
            "share of the attention".to_owned(),
            "Share of the attention that each token gets; all tokens together have 100 %",
        ),
    };
    let elsewhere =
        (layer.elsewhere > 5e-3).then(|| format!("{:.0} % elsewhere", 100.0 * layer.elsewhere));
    let tip = match elsewhere {
        Some(_) => format!("{tip}. {ELSEWHERE}"),
        None => tip.to_owned(),
    };
    let [low, high] = ends;
    let write = |ui: &mut Ui, text: String| {
        let text = small(text).color(tokens.text_weak);
        ui.add(egui::Label::new(text).truncate())
            .on_hover_text(&tip);
    };
    ui.spacing_mut().item_spacing.x = theme::SPACE_SMALL;
    write(ui, format!("{of}:"));
    ui.add_space(theme::SPACE_SMALL);
    write(ui, low);
    let size = vec2(SCALE_WIDTH, 2.0 * theme::UNIT);
    let (bar, response) = ui.allocate_exact_size(size, Sense::hover());
    match form.layer {
        Layer::Similarity => flat_bar(ui, bar, |share| theme::diverging(2.0 * share - 1.0)),
        _ => flat_bar(ui, bar, theme::sequential),
    }
    let said = format!("Colours of the layer: {of}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &said));
    response.on_hover_text(&tip);
    write(ui, high);
    if let Some(elsewhere) = elsewhere {
        ui.add_space(theme::SPACE_SMALL);
        write(ui, elsewhere);
    }
}

fn one(
    ui: &mut Ui,
    model: &AppState,
    picture: &Picture,
    table: &RankTable,
    card: Rect,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let view = table.key.view;
    let mask = &model.mask;
    let colour = theme::view_colour(tokens, view);
    let active = mask.form.active == view;
    let painter = ui.painter().with_clip_rect(card);
    let line = card.top() + HEADER / 2.0;
    let name = painter.text(
        pos2(card.left(), line),
        Align2::LEFT_CENTER,
        format!("View {view}"),
        egui::FontId::proportional(theme::TEXT_BODY),
        colour,
    );
    let kept = format!("{} of {}", mask.kept_of(view), mask.tokens());
    let kept = match card.width() < 40.0 * theme::UNIT {
        true => kept,
        false => format!("{kept} tokens"),
    };
    painter.text(
        pos2(card.right(), line),
        Align2::RIGHT_CENTER,
        kept,
        theme::small_font(),
        tokens.text,
    );
    let grid = table.view.grid();
    let start_secs = table.view.start() * FRAME_SECS;
    let end_secs = start_secs + grid.window_frames * FRAME_SECS;
    let from = format!("{} to {}", clock(start_secs), clock(end_secs));
    let room = card.width() - name.width() - 24.0 * theme::UNIT;
    if room > 24.0 * theme::UNIT {
        painter.text(
            pos2(name.right() + theme::SPACE, line),
            Align2::LEFT_CENTER,
            from,
            theme::small_font(),
            tokens.text_weak,
        );
    }
    let area = Rect::from_min_max(
        pos2(card.left(), card.top() + HEADER + theme::UNIT),
        card.max,
    );
    let response = ui.interact(area, ui.id().with(("view", view)), Sense::click_and_drag());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::Image, true, format!("View {view}"))
    });
    crop(ui, model, picture, table, area);
    let stroke = if active {
        (2.0 * theme::LINE, colour)
    } else {
        (theme::LINE, tokens.hairline)
    };
    ui.painter()
        .rect_stroke(area, 0.0, stroke, StrokeKind::Inside);
    let tokens_at = |at| layer::tokens_at(grid, at, area);
    if let Some(at) = response.hover_pos().filter(|_| active) {
        crops::point(model, at, layer::Stretch::of_crop(&table.view), area, out);
    }
    if crops::paints(ui, model) {
        let places_of = |at| {
            let tokens = tokens_at(at).into_iter();
            tokens
                .map(|token| PatchPlace { window: 0, token })
                .collect()
        };
        crops::brush(ui, model, view, &response, &places_of, out);
        return;
    }
    if response.hovered() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::Grab);
    }
    // The picture goes with the pointer, so the crop goes the other way.
    let frames = -response.drag_delta().x / area.width().max(1.0) * grid.window_frames as f32;
    crops::drag_crop(ui, model, view, &response, frames, out);
    let what = match &mask.own {
        None => format!("What training makes of this track as view {view}; drag moves the crop"),
        Some(own) => format!(
            "A window of {}; drag goes to the windows before and after it",
            own.family
        ),
    };
    let number = view.index() + 1;
    response.on_hover_text(format!("{what}, a click chooses this view ({number})"));
}

/// The picture of a crop with its mask.
fn crop(ui: &Ui, model: &AppState, picture: &Picture, table: &RankTable, area: Rect) {
    let tokens = theme::tokens(ui);
    let spectrogram = &model.spectrogram;
    let start = table.view.start_frame();
    let colours = spectrogram.form.colour_map.table();
    let (top, range) = (spectrogram.form.top_db, spectrogram.form.range_db.max(1.0));
    let grid = table.view.grid();
    let mask = &model.mask;
    let fade = mask.form.shown.then(|| (mask.dropped(), mask.form.overlay));
    let is_dropped = |band: usize, frame: usize| {
        let dropped = table.is_dropped(band, frame, mask.form.ratio);
        dropped.unwrap_or_default()
    };
    let key = cached_picture::key((
        std::ptr::from_ref(picture) as usize,
        start,
        spectrogram.form.colour_map.name(),
        top.to_bits(),
        range.to_bits(),
        std::ptr::from_ref(table) as usize,
        fade.map(|(dropped, overlay)| (dropped, overlay.to_bits())),
    ));
    let id = egui::Id::new(("crop picture", table.key.view));
    let size = [grid.window_frames.ceil() as usize, MEL_BANDS];
    cached_picture::show(ui, id, key, size, true, area, |frame, row| {
        if start + frame >= picture.frames() {
            return tokens.picture;
        }
        let band = MEL_BANDS - 1 - row;
        let db = picture.level_db(band, start + frame);
        let share = ((db - top) / range + 1.0).clamp(0.0, 1.0);
        let place = (share * (colours.len() - 1) as f32).round() as usize;
        let [red, green, blue, _] = colours.get(place).copied().unwrap_or_default();
        let colour = egui::Color32::from_rgb(red, green, blue);
        match fade {
            Some((_, overlay)) if is_dropped(band, start + frame) => {
                layer::faded(colour, tokens, overlay)
            }
            _ => colour,
        }
    });
    let painter = ui.painter().with_clip_rect(area);
    if let Some(layer) = layer::values(model, table.key.view) {
        layer.paint(&painter, tokens, layer::Stretch::of_crop(&table.view), area);
    }
    // Lines of the grid where its patches begin, unless they would be all there is to see. A dark one beside each bright one: one of
    // both is seen on any picture.
    let lines = [
        (0.0, (theme::LINE, tokens.patch_line)),
        (theme::LINE, (theme::LINE, tokens.patch_shade)),
    ];
    let step = area.width() * (grid.column_frames / grid.window_frames) as f32;
    if step >= LEAST_STEP {
        for column in 1..grid.columns {
            let x = area.left() + step * column as f32;
            for (beside, line) in lines {
                painter.vline(x + beside, area.y_range(), line);
            }
        }
    }
    for [low, _] in grid.row_bands.iter().skip(1) {
        let y = area.bottom() - area.height() * low / MEL_BANDS as f32;
        for (beside, line) in lines {
            painter.hline(area.x_range(), y + beside, line);
        }
    }
}
