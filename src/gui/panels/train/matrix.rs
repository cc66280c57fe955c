//! The batch of a step as a matrix of cosines.

use eframe::egui::{self, Align2, Pos2, Rect, Sense, Ui, Vec2};
use mynascope_base::counted;

use crate::gui::{
    model::{AppState, RunView, view_word},
    theme,
    widgets::{
        cached_picture,
        matrix::{Cell, Matrix, Side, colour_bar, upright_text},
    },
};
use mynascope_encoder::Family;
use mynascope_train::BatchMatrix;

use super::{super::parts, plot};

/// Width of the column of colours and its numbers.
const LEGEND: f32 = 11.0 * theme::UNIT;
/// Space for the names of the axes.
const AXIS: f32 = theme::TEXT_SMALL + theme::SPACE_SMALL;

/// Draws how alike the two views of each track of a recent batch are, and how alike those of different tracks, within a height.
pub fn show(ui: &mut Ui, model: &AppState, run: &RunView, matrix: &BatchMatrix, height: f32) {
    let shown = matrix.tracks.len();
    let view = view_word(&run.config);
    ui.horizontal(|ui| {
        let heading = match run.config.family() {
            Family::Myna => "View A with view B",
            _ => "Segment A with segment B",
        };
        parts::heading(ui, heading);
        let of = match run.config.batch > shown {
            true => format!(
                "step {}, {shown} of {}",
                matrix.step,
                counted(run.config.batch, "track")
            ),
            false => format!("step {}, {}", matrix.step, counted(shown, "track")),
        };
        parts::quiet(ui, of);
    });
    let room = ui.available_rect_before_wrap();
    let below = theme::TEXT_SMALL + 2.0 * theme::SPACE;
    let height = height.min(room.height());
    let side = (room.width() - AXIS - LEGEND - theme::SPACE)
        .min(height - AXIS - below)
        .max(8.0 * theme::UNIT);
    let (rect, response) = ui.allocate_exact_size(
        Vec2::new(AXIS + side + theme::SPACE + LEGEND, AXIS + side),
        Sense::hover(),
    );
    let grid = Rect::from_min_size(rect.min + Vec2::splat(AXIS), Vec2::splat(side));
    axes(ui, grid, view);
    let cells = Matrix::square(grid, shown);
    paint(ui, cells, matrix);
    legend(ui, grid);
    let numbers = Numbers::of(matrix);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::WidgetType::Image,
            true,
            format!(
                "Batch of {}: {}",
                counted(shown, "track"),
                numbers.describe()
            ),
        )
    });
    if let Some(cell) = response.hover_pos().and_then(|at| cells.at(at)) {
        point(ui, model, &response, cells, matrix, cell);
    }
    ui.add_space(theme::SPACE_SMALL);
    parts::quiet(ui, numbers.describe()).on_hover_text(format!(
        "Means over the tracks that are shown; found: tracks whose {view} A is nearest to their own {view} B",
    ));
}

/// Mean cosines, and how many tracks find themselves.
struct Numbers {
    same: f32,
    different: f32,
    found: usize,
    tracks: usize,
}

impl Numbers {
    fn of(matrix: &BatchMatrix) -> Self {
        let tracks = matrix.tracks.len();
        let (mut same, mut different, mut found) = (0.0, 0.0, 0);
        for (row, values) in matrix.cosines.chunks(tracks.max(1)).enumerate() {
            let own = values.get(row).copied().unwrap_or_default();
            let all: f32 = values.iter().sum();
            let nearest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            same += own;
            different += all - own;
            found += usize::from(own >= nearest);
        }
        let count = tracks.max(1) as f32;
        Self {
            same: same / count,
            different: different / (count * (count - 1.0).max(1.0)),
            found,
            tracks,
        }
    }

    fn describe(&self) -> String {
        format!(
            "same track {:.2}, different {:.2}; {} of {} found",
            self.same, self.different, self.found, self.tracks
        )
        .replace('-', "\u{2212}")
    }
}

/// Cosines that the colours reach from and to: the same at every step, so that the diagonal appears by itself.
const RANGE: [f32; 2] = [-1.0, 1.0];

fn paint(ui: &Ui, cells: Matrix, matrix: &BatchMatrix) {
    let [low, high] = RANGE;
    let sum: f32 = matrix.cosines.iter().sum();
    let key = cached_picture::key((matrix.step, cells.rows, sum.to_bits()));
    cells.paint(ui, egui::Id::new("matrix of the step"), key, |cell| {
        let cosine = matrix.cosine(cell.row, cell.column).unwrap_or_default();
        theme::sequential((cosine - low) / (high - low))
    });
}

fn axes(ui: &Ui, grid: Rect, view: &str) {
    let tokens = theme::tokens(ui);
    let top = Pos2::new(grid.center().x, grid.top() - theme::SPACE_SMALL);
    plot::write(
        ui,
        top,
        Align2::CENTER_BOTTOM,
        format!("{view} B of each track"),
        tokens.view_b,
    );
    let left = Pos2::new(grid.left() - theme::SPACE_SMALL, grid.center().y);
    let look = (theme::small_font(), tokens.view_a);
    let name = format!("{view} A of each track");
    upright_text(ui, left, Side::Right, &name, look);
}

fn legend(ui: &Ui, grid: Rect) {
    let weak = theme::tokens(ui).text_weak;
    let bar = Rect::from_min_size(
        Pos2::new(grid.right() + theme::SPACE, grid.top()),
        Vec2::new(2.0 * theme::UNIT, grid.height()),
    );
    let marks = [(1.0, "1"), (0.5, "0"), (0.0, "\u{2212}1")];
    let marks = marks.map(|(share, text)| (share, text.to_owned()));
    let look = (theme::SPACE_SMALL, theme::small_font(), weak);
    colour_bar(ui, bar, theme::sequential, &marks, look);
    let at = Pos2::new(bar.left(), grid.top() - theme::SPACE_SMALL);
    plot::write(ui, at, Align2::LEFT_BOTTOM, "cosine", weak);
}

/// Marks the cell under the pointer and says what it stands for.
fn point(
    ui: &Ui,
    model: &AppState,
    response: &egui::Response,
    cells: Matrix,
    matrix: &BatchMatrix,
    cell: Cell,
) {
    let Cell { row, column } = cell;
    let (Some(a), Some(b)) = (matrix.tracks.get(row), matrix.tracks.get(column)) else {
        return;
    };
    cells.ring(ui, cell, (theme::LINE_STRONG, theme::tokens(ui).on_picture));
    let cosine = f64::from(matrix.cosine(row, column).unwrap_or_default());
    response.clone().on_hover_text_at_pointer(format!(
        "cosine {}\nA: {}\nB: {}",
        plot::number(cosine),
        parts::track_name(&model.library, a),
        parts::track_name(&model.library, b),
    ));
}
