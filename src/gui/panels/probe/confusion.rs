//! The confusion matrix.

use eframe::{
    egui::{self, Align2, Color32, FontId, Pos2, Rect, Sense, Stroke, Ui, Vec2},
    epaint::TextShape,
};

use crate::gui::{
    command::{Command, ProbeCommand},
    model::{AppState, ProbeResult},
    theme,
    widgets::matrix::{Cell, Matrix, Side, upright_text},
};

/// Cells are no larger than this, however few there are.
const MOST_CELL: f32 = 40.0 * theme::UNIT;
/// From this size of the cells on, names and counts are as large as other text.
const CELL_WITH_BODY: f32 = 12.0 * theme::UNIT;
/// Cells are no smaller than this; a matrix that does not fit can be scrolled.
const LEAST_CELL: f32 = 5.0 * theme::UNIT;
/// From this size on, counts are written into the cells.
const CELL_WITH_COUNT: f32 = 5.5 * theme::UNIT;

/// Draws the confusion matrix: a row for each true label, a column for each predicted one.
pub fn show(
    ui: &mut Ui,
    room: Vec2,
    model: &AppState,
    result: &ProbeResult,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let chosen = model.probing.view.cell;
    let classes = result.report.classes.len().max(1);
    let large = FontId::proportional(theme::TEXT_BODY);
    let measure = |font: FontId| Measures::new(ui, room, result, font);
    let measures = match measure(large) {
        measures if measures.cell >= CELL_WITH_BODY => measures,
        _ => measure(theme::small_font()),
    };
    let Measures {
        font,
        slant,
        left,
        top,
        cell,
    } = measures;
    let side = cell * classes as f32;
    let size = Vec2::new(left + side + slant, top + side);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let grid = Rect::from_min_size(rect.min + Vec2::new(left, top), Vec2::splat(side));
    let matrix = Matrix::square(grid, classes);
    let painter = ui.painter();

    painter.text(
        Pos2::new(grid.center().x, rect.top()),
        Align2::CENTER_TOP,
        "predicted",
        font.clone(),
        tokens.text_weak,
    );
    let edge = Pos2::new(rect.left(), grid.center().y);
    let look = (font.clone(), tokens.text_weak);
    upright_text(ui, edge, Side::Left, "true", look);

    for (index, name) in result.report.classes.iter().enumerate() {
        let middle = (index as f32 + 0.5) * cell;
        painter.text(
            Pos2::new(grid.left() - theme::SPACE, grid.top() + middle),
            Align2::RIGHT_CENTER,
            name,
            font.clone(),
            tokens.text,
        );
        let galley = painter.layout_no_wrap(name.clone(), font.clone(), tokens.text);
        // The text begins at the middle of its column; its own height is turned away to the left.
        let lift = 0.5 * galley.size().y * std::f32::consts::FRAC_1_SQRT_2;
        let at = Pos2::new(grid.left() + middle - lift, grid.top() - theme::UNIT - lift);
        painter
            .add(TextShape::new(at, galley, tokens.text).with_angle(-std::f32::consts::FRAC_PI_4));
    }
    for (truth, row) in result.report.confusion.iter().enumerate() {
        let tested = result.tested.get(truth).copied().unwrap_or(0);
        for (prediction, &count) in row.iter().enumerate() {
            let place = Cell {
                row: truth,
                column: prediction,
            };
            let place = matrix.rect(place).shrink(1.0);
            let place_of = (truth, prediction);
            let is_chosen = chosen == Some(place_of);
            let right = truth == prediction;
            let hue = if right { tokens.accent } else { tokens.error };
            draw_cell(ui, place, &font, hue, [count, tested], is_chosen);
            let hint = explain(result, place_of, count, tested);
            let response = ui.interact(
                place,
                ui.id().with(("cell", truth, prediction)),
                if count > 0 {
                    Sense::click()
                } else {
                    Sense::hover()
                },
            );
            let name = hint.clone();
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::WidgetType::Button, count > 0, is_chosen, &name)
            });
            if response.has_focus() {
                let ring = Stroke::new(theme::LINE_STRONG, tokens.text_strong);
                ui.painter()
                    .rect_stroke(place, 2, ring, egui::StrokeKind::Inside);
            }
            if response.on_hover_text(hint).clicked() {
                let mut push = |command| out.push(Command::Probe(command));
                if is_chosen {
                    push(ProbeCommand::StopRadio);
                    push(ProbeCommand::edit_view(model, |view| view.cell = None));
                } else {
                    let cell = Some(place_of);
                    push(ProbeCommand::edit_view(model, |view| view.cell = cell));
                    push(ProbeCommand::StartRadio(0));
                }
            }
        }
    }
}

/// How large the parts of a matrix are with names in a font.
struct Measures {
    font: FontId,
    /// What the slanted names of the columns need above, and to the right.
    slant: f32,
    /// Where the cells begin.
    left: f32,
    top: f32,
    cell: f32,
}

impl Measures {
    fn new(ui: &Ui, room: Vec2, result: &ProbeResult, font: FontId) -> Self {
        let longest = longest_name(ui, result, &font);
        // The names of the columns stand at 45 degrees: they need their width's share above, and run over to the right.
        let slant = longest * std::f32::consts::FRAC_1_SQRT_2 + theme::SPACE;
        let axis = font.size + theme::SPACE;
        let left = axis + longest + theme::SPACE;
        let top = axis + slant;
        let classes = result.report.classes.len().max(1) as f32;
        let cell = ((room.x - left - slant) / classes)
            .min((room.y - top) / classes)
            .clamp(LEAST_CELL, MOST_CELL)
            .floor();
        Self {
            font,
            slant,
            left,
            top,
            cell,
        }
    }
}

fn longest_name(ui: &Ui, result: &ProbeResult, font: &FontId) -> f32 {
    let widths = result.report.classes.iter().map(|name| {
        let galley = ui
            .painter()
            .layout_no_wrap(name.clone(), font.clone(), Color32::PLACEHOLDER);
        galley.size().x
    });
    widths.fold(0.0, f32::max)
}

/// A cell whose fill grows to `hue` with its share of the tested tracks of its row.
fn draw_cell(
    ui: &Ui,
    place: Rect,
    font: &FontId,
    hue: Color32,
    [count, tested]: [usize; 2],
    chosen: bool,
) {
    let tokens = theme::tokens(ui);
    let share = count as f32 / tested.max(1) as f32;
    // The square root sets a single mistake among many tracks apart from none.
    let fill = tokens.raised.lerp_to_gamma(hue, share.sqrt());
    let painter = ui.painter();
    painter.rect_filled(place, 2, if count == 0 { tokens.raised } else { fill });
    if chosen {
        let ring = Stroke::new(theme::LINE_STRONG, tokens.text_strong);
        painter.rect_stroke(place, 2, ring, egui::StrokeKind::Inside);
    }
    if count > 0 && place.width() + 2.0 >= CELL_WITH_COUNT {
        let colour = if share.sqrt() > 0.5 {
            tokens.on_accent
        } else {
            tokens.text_strong
        };
        painter.text(
            place.center(),
            Align2::CENTER_CENTER,
            count.to_string(),
            font.clone(),
            colour,
        );
    }
}

fn explain(
    result: &ProbeResult,
    (truth, prediction): (usize, usize),
    count: usize,
    tested: usize,
) -> String {
    let (truth_name, predicted) = (result.class(truth), result.class(prediction));
    let tracks = if tested == 1 { "track" } else { "tracks" };
    let hear = if count > 0 {
        "; a click selects and plays them"
    } else {
        ""
    };
    if truth == prediction {
        format!("{count} of {tested} {truth_name} {tracks} recognised{hear}")
    } else {
        format!("{count} of {tested} {truth_name} {tracks} taken for {predicted}{hear}")
    }
}
