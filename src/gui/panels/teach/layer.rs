//! What lies over the patches of a crop: what is dropped, and what the encoder attends to.

use eframe::egui::{Color32, Painter, Rect, StrokeKind, pos2, vec2};

use crate::gui::{
    model::{AppState, Layer},
    theme::{self, Tokens},
};
use mynascope_spectrum::tokens::{PatchGrid, PatchShape, ViewName, WINDOW_FRAMES};

/// The values of a layer over the active view's crop.
pub struct LayerValues {
    pub shape: PatchShape,
    /// Token and its value: a share of the largest (0 to 1), or a cosine (-1 to 1).
    values: Vec<(usize, f32)>,
    diverging: bool,
    /// The token that the others are compared with.
    pub reference: Option<usize>,
    /// The number that the brightest colour stands for.
    pub most: f32,
}

/// What lies over a view's crop now, if its answer is there.
pub fn values(model: &AppState, view: ViewName) -> Option<LayerValues> {
    let form = &model.teaching.form;
    let answer = model.teaching.look.value.as_ref()?;
    if form.layer == Layer::None || answer.view != view {
        return None;
    }
    let look = &answer.look;
    let of =
        |values: Vec<f32>| -> Vec<(usize, f32)> { look.kept.iter().copied().zip(values).collect() };
    if form.layer == Layer::Similarity {
        let pointed = model.teaching.pointed;
        let place = look.kept.iter().position(|&token| Some(token) == pointed);
        let place = place.unwrap_or(0);
        return Some(LayerValues {
            shape: look.shape,
            values: of(look.similarity(place)),
            diverging: true,
            reference: look.kept.get(place).copied(),
            most: 1.0,
        });
    }
    let shares = match form.layer {
        Layer::Rollout => look.rollout(form.blocks),
        _ => look.mean(form.blocks),
    };
    let most = shares.iter().fold(0.0_f32, |most, &share| most.max(share));
    let scaled = shares
        .iter()
        .map(|share| share / most.max(f32::MIN_POSITIVE));
    Some(LayerValues {
        shape: look.shape,
        values: of(scaled.collect()),
        diverging: false,
        reference: None,
        most,
    })
}

/// The rectangle of a token in the rectangle of its window.
pub fn token_rect(grid: PatchGrid, token: usize, window: Rect) -> Rect {
    let (row, column) = grid.place(token);
    let size = vec2(
        window.width() * grid.shape.frames() as f32 / WINDOW_FRAMES as f32,
        window.height() / grid.rows.max(1) as f32,
    );
    let corner = pos2(
        window.left() + column as f32 * size.x,
        window.bottom() - (row + 1) as f32 * size.y,
    );
    Rect::from_min_size(corner, size)
}

/// The token at a place in the rectangle of its window.
pub fn token_at(grid: PatchGrid, at: eframe::egui::Pos2, window: Rect) -> Option<usize> {
    if !window.contains(at) {
        return None;
    }
    let share_x = (at.x - window.left()) / window.width().max(1.0);
    let share_y = (window.bottom() - at.y) / window.height().max(1.0);
    let frame = (share_x * WINDOW_FRAMES as f32) as usize;
    let band = (share_y * mynascope_spectrum::tokens::MEL_BANDS as f32) as usize;
    grid.token_at(
        band.min(mynascope_spectrum::tokens::MEL_BANDS - 1),
        frame.min(WINDOW_FRAMES - 1),
    )
}

/// Paints a layer into the rectangle of its window. Patches without a value stay as they are: they did not go in.
pub fn paint(painter: &Painter, tokens: &Tokens, layer: &LayerValues, window: Rect) {
    let grid = layer.shape.grid(WINDOW_FRAMES);
    for &(token, value) in &layer.values {
        let colour = if layer.diverging {
            theme::diverging(value)
        } else {
            theme::sequential(value)
        };
        let rect = token_rect(grid, token, window);
        painter.rect_filled(rect, 0.0, colour.gamma_multiply(theme::LAYER_OPACITY));
    }
    if let Some(token) = layer.reference {
        let stroke = (2.0 * theme::LINE, tokens.playhead);
        let rect = token_rect(grid, token, window);
        painter.rect_stroke(rect, 0.0, stroke, StrokeKind::Inside);
    }
}

/// A colour of a dropped patch: towards grey and towards the background, as the shader of the large picture does it.
pub fn faded(colour: Color32, tokens: &Tokens, overlay: f32) -> Color32 {
    let [red, green, blue] = [colour.r(), colour.g(), colour.b()].map(f32::from);
    let grey = 0.30 * red + 0.59 * green + 0.11 * blue;
    let grey = Color32::from_gray(grey.round() as u8);
    colour
        .lerp_to_gamma(grey, overlay)
        .lerp_to_gamma(tokens.picture, overlay)
}
