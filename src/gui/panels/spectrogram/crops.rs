//! The crops of views A and B over the picture, what the encoder attends to in the active one, and painting patches.

use eframe::egui::{self, Align2, CursorIcon, Id, Rect, Response, Sense, StrokeKind, Ui, pos2};

use crate::gui::{
    command::{Command, MaskCommand, TeachCommand},
    model::{AppState, FRAME_SECS, Layer},
    panels::teach::layer::{self, Stretch},
    theme,
    workspace::Workspace,
};
use mynascope_spectrum::{
    MEL_BANDS,
    tokens::{PatchPlace, ViewName},
};

use super::picture::{place_at, secs_at, x_of, y_of};

/// Height of the bar over a crop.
const BAR: f32 = 3.0 * theme::UNIT;

/// Where a view's crop lies on the screen; it may reach beyond the picture.
fn crop_rect(model: &AppState, view: ViewName, area: Rect) -> Option<Rect> {
    let table = model.mask.table(view)?;
    let start = table.view.start() * FRAME_SECS;
    let window_secs = table.view.grid().window_frames * FRAME_SECS;
    let time = &model.spectrogram.view;
    Some(Rect::from_min_max(
        pos2(x_of(time, area, start), area.top()),
        pos2(x_of(time, area, start + window_secs), area.bottom()),
    ))
}

/// The crop's rectangle with all bands, also those that are zoomed out of sight, and the stretch of the track that it is.
fn all_bands_of_crop(model: &AppState, view: ViewName, area: Rect) -> Option<(Rect, Stretch)> {
    let mut crop = crop_rect(model, view, area)?;
    let bands = &model.spectrogram.bands;
    crop.min.y = y_of(bands, area, MEL_BANDS as f64);
    crop.max.y = y_of(bands, area, 0.0);
    Some((crop, Stretch::of_crop(&model.mask.table(view)?.view)))
}

/// The mel band and the frame of the track at a place on the screen.
fn cell_at(model: &AppState, area: Rect, at: egui::Pos2) -> (usize, usize) {
    let secs = secs_at(&model.spectrogram.view, area, at.x).max(0.0);
    let band = place_at(&model.spectrogram.bands, area, at.y).max(0.0) as usize;
    (band.min(MEL_BANDS - 1), (secs / FRAME_SECS) as usize)
}

/// Draws the outlines of the patches that cover the place of the pointer, where patches overlap: all of them must be dropped
/// for it to be hidden. Where windows overlap, a line along the lower edge shows which one's mask is drawn there.
pub fn covering(ui: &Ui, model: &AppState, area: Rect, pointer: egui::Pos2) {
    let Some(table) = model.mask.active_table() else {
        return;
    };
    let (grid, lead) = (table.view.grid(), table.view.lead_frames());
    let tokens = theme::tokens(ui);
    let painter = ui.painter().with_clip_rect(area);
    let (band, frame) = cell_at(model, area, pointer);
    if grid.windows_overlap() {
        let ends = table.view.window_span(frame);
        let [left, right] = ends.map(|end| x_of(&model.spectrogram.view, area, end * FRAME_SECS));
        let line = Rect::from_x_y_ranges(left..=right, area.bottom() - theme::UNIT..=area.bottom());
        painter.rect_filled(line, 0.0, tokens.playhead);
    }
    if !grid.tokens_overlap() {
        return;
    }
    for (window, token) in table.view.covering(band, frame) {
        let Some(([start, end], [low, high])) = grid.area(token) else {
            continue;
        };
        let first = window as f64 * grid.window_frames - lead;
        let x = |frames: f64| x_of(&model.spectrogram.view, area, (first + frames) * FRAME_SECS);
        let y = |place: f32| y_of(&model.spectrogram.bands, area, f64::from(place));
        let rect = Rect::from_x_y_ranges(x(start)..=x(end), y(high)..=y(low));
        painter.rect_stroke(
            rect,
            0.0,
            (theme::LINE, tokens.playhead),
            StrokeKind::Inside,
        );
    }
}

fn is_shown(model: &AppState) -> bool {
    model.workspace == Workspace::Teach && model.mask.form.shown
}

/// Draws both crops, and the layer over the active one.
pub fn draw(ui: &Ui, model: &AppState, area: Rect) {
    if !is_shown(model) {
        return;
    }
    let tokens = theme::tokens(ui);
    let painter = ui.painter().with_clip_rect(area);
    let active = model.mask.form.active;
    if let (Some((crop, stretch)), Some(layer)) = (
        all_bands_of_crop(model, active, area),
        layer::values(model, active),
    ) {
        layer.paint(&painter, tokens, stretch, crop);
    }
    for view in [active.other(), active] {
        let Some(crop) = crop_rect(model, view, area) else {
            continue;
        };
        let colour = theme::view_colour(tokens, view);
        let width = if view == active {
            2.0 * theme::LINE
        } else {
            theme::LINE
        };
        painter.rect_stroke(crop, 0.0, (width, colour), StrokeKind::Inside);
    }
}

fn bar_of(crop: Rect, view: ViewName) -> Rect {
    // Crops may overlap; their bars never do.
    let top = match view {
        ViewName::A => crop.top(),
        ViewName::B => crop.bottom() - BAR,
    };
    Rect::from_min_max(pos2(crop.left(), top), pos2(crop.right(), top + BAR))
}

/// The bars that move the crops: A at the top, B at the bottom.
pub fn handles(ui: &mut Ui, model: &AppState, area: Rect, out: &mut Vec<Command>) {
    if !is_shown(model) {
        return;
    }
    let tokens = theme::tokens(ui);
    for view in ViewName::BOTH {
        let Some(crop) = crop_rect(model, view, area) else {
            continue;
        };
        let bar = bar_of(crop, view).intersect(area);
        if bar.width() <= 0.0 {
            continue;
        }
        let id = ui.id().with(("crop", view));
        let response = ui.interact(bar, id, Sense::click_and_drag());
        let painter = ui.painter().with_clip_rect(area);
        let colour = theme::view_colour(tokens, view);
        painter.rect_filled(bar, 0.0, colour);
        let middle = pos2(
            (bar.left() + 2.5 * theme::UNIT).min(bar.right()),
            bar.center().y,
        );
        painter.text(
            middle,
            Align2::CENTER_CENTER,
            view.to_string(),
            theme::small_font(),
            tokens.on_accent,
        );
        if response.hovered() || response.dragged() {
            ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
        }
        let frames = response.drag_delta().x / area.width().max(1.0)
            * (model.spectrogram.view.span_secs / FRAME_SECS) as f32;
        drag_crop(ui, model, view, &response, frames, out);
        response
            .on_hover_text(format!(
                "View {view}: drag to move its crop, double-click to put it back"
            ))
            .widget_info(|| {
                let name = format!("Crop of view {view}");
                egui::WidgetInfo::labeled(egui::WidgetType::Slider, true, name)
            });
    }
}

/// Moves a view's crop by what was dragged, whole frames at a time; a click shows the view, a double-click puts its crop
/// back.
pub fn drag_crop(
    ui: &Ui,
    model: &AppState,
    view: ViewName,
    response: &Response,
    frames: f32,
    out: &mut Vec<Command>,
) {
    let Some(table) = model.mask.table(view) else {
        return;
    };
    if response.drag_started() || response.clicked() {
        out.push(Command::edit_mask(model, |form| form.active = view));
    }
    if response.double_clicked() {
        out.push(Command::Mask(MaskCommand::MoveCrop {
            view,
            start_frame: None,
        }));
    }
    // Less than a frame was dragged so far: kept for the next time.
    let rest_id = Id::new(("crop rest", view));
    if response.drag_started() {
        ui.data_mut(|data| data.insert_temp(rest_id, 0.0_f32));
    }
    if !response.dragged() || frames == 0.0 {
        return;
    }
    let rest: f32 = ui.data(|data| data.get_temp(rest_id)).unwrap_or_default();
    let grid = table.view.grid();
    let (step, window) = (grid.crop_step as f32, grid.window_frames as f32);
    let wanted = table.view.start() as f32 + rest + frames;
    let last = ((table.key.frames as f32 - window) / step).floor();
    let start = step * (wanted / step).round().clamp(0.0, last.max(0.0));
    ui.data_mut(|data| data.insert_temp(rest_id, (wanted - start).clamp(-window, window)));
    let start_frame = start.round() as usize;
    if start_frame != table.view.start_frame() {
        out.push(Command::Mask(MaskCommand::MoveCrop {
            view,
            start_frame: Some(start_frame),
        }));
    }
}

/// Whether a press paints now: the tool is chosen, or Alt is held.
pub fn paints(ui: &Ui, model: &AppState) -> bool {
    is_shown(model) && (model.mask.form.painting || ui.input(|input| input.modifiers.alt))
}

/// Reads the pointer for crops and patches. Returns whether a press on the picture belongs to them and not to the playhead.
pub fn pointer(
    ui: &Ui,
    model: &AppState,
    area: Rect,
    response: &Response,
    out: &mut Vec<Command>,
) -> bool {
    let Some(table) = model.mask.active_table().filter(|_| is_shown(model)) else {
        return false;
    };
    let places_of = |at: egui::Pos2| -> Vec<PatchPlace> {
        let (band, frame) = cell_at(model, area, at);
        table.view.places_at(band, frame).collect()
    };
    if let (Some(at), Some((crop, stretch))) = (
        response.hover_pos(),
        all_bands_of_crop(model, model.mask.form.active, area),
    ) {
        point(model, at, stretch, crop, out);
    }
    if !paints(ui, model) {
        return false;
    }
    brush(ui, model, model.mask.form.active, response, &places_of, out);
    true
}

/// Notes which token of the active view's layer the pointer is over, where that matters. `crop` is the rectangle of its crop,
/// and `stretch` what it is of the track.
pub fn point(
    model: &AppState,
    at: egui::Pos2,
    stretch: Stretch,
    crop: Rect,
    out: &mut Vec<Command>,
) {
    let teaching = &model.teaching;
    if teaching.form.layer != Layer::Similarity {
        return;
    }
    let layer = layer::values(model, model.mask.form.active);
    let token = layer.and_then(|layer| layer.token_at(at, stretch, crop));
    if token.is_some() && teaching.pointed != token {
        out.extend(token.map(|token| Command::Teach(TeachCommand::Point(token))));
    }
}

/// Paints the patches under a press or drag, all that cover the place: what the first become, all others become.
pub fn brush(
    ui: &Ui,
    model: &AppState,
    view: ViewName,
    response: &Response,
    places_of: &dyn Fn(egui::Pos2) -> Vec<PatchPlace>,
    out: &mut Vec<Command>,
) {
    // A view is shown in two panels: each has its own brush.
    let id = response.id.with("brush");
    if response.hovered() {
        ui.ctx().set_cursor_icon(CursorIcon::Cell);
    }
    let mask = &model.mask;
    let Some(table) = mask.table(view) else {
        return;
    };
    let Some(at) = response
        .interact_pointer_pos()
        .filter(|_| response.is_pointer_button_down_on() || response.clicked())
    else {
        ui.data_mut(|data| data.remove::<bool>(id));
        return;
    };
    let under = places_of(at);
    if under.is_empty() {
        return;
    }
    let dropped = mask.dropped();
    let begun = ui.data(|data| data.get_temp::<bool>(id));
    // What is seen, with at least one of its patches, goes.
    let keep = begun.unwrap_or_else(|| !under.iter().any(|&place| table.is_kept(place, dropped)));
    ui.data_mut(|data| data.insert_temp(id, keep));
    // A fast drag passes over patches between two frames.
    let before = at - ui.input(|input| input.pointer.delta());
    let steps = if begun.is_some() { 16_u8 } else { 0 };
    let painted = mask.paint.of(view, table.view.grid());
    let mut places = Vec::new();
    for step in 0..=steps {
        let share = f32::from(step) / f32::from(steps.max(1));
        places.extend(places_of(at + (before - at) * share));
    }
    places.sort_unstable();
    places.dedup();
    places.retain(|place| painted.get(*place) != Some(keep));
    if !places.is_empty() {
        out.push(Command::Mask(MaskCommand::Paint {
            view,
            places,
            keep: Some(keep),
        }));
    }
}
