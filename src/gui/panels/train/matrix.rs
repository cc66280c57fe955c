use eframe::{
    egui::{self, Align2, Button, Color32, Mesh, Pos2, Rect, Sense, Stroke, Ui, Vec2},
    epaint::TextShape,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, TrainCommand},
    model::{Model, RunView, TrainPhase},
    theme,
};
use mynascope_train::BatchMatrix;

use super::{
    super::{lab_texture, parts},
    demo_map, plot,
};

/// Width of the column of colours and its numbers.
const LEGEND: f32 = 11.0 * theme::UNIT;
/// How much of the height is the matrix's where a map lies below it.
const MATRIX_SHARE: f32 = 0.58;
/// Space for the names of the axes.
const AXIS: f32 = theme::TEXT_SMALL + theme::SPACE_SMALL;

/// Draws how alike the two views of each track of a recent batch are, and how alike those of different tracks.
/// Below it lies the map of the demo tracks, if they are looked at.
pub fn show(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    let training = &model.training;
    let run = training.shown();
    if let Some(run) = run.filter(|run| run.chosen.is_some() && training.is_active()) {
        follow(ui, run, out);
    }
    let Some(matrix) = run.and_then(RunView::shown_matrix) else {
        match run.filter(|run| run.shown_map().is_some()) {
            Some(run) => demo_map::show(ui, run),
            None => nothing(ui, model),
        }
        return;
    };
    let map = run.filter(|run| run.shown_map().is_some());
    let shown = matrix.tracks.len();
    ui.horizontal(|ui| {
        parts::heading(ui, "View A with view B");
        let of = match training.shown() {
            Some(run) if run.config.batch > shown => format!(
                "step {}, {shown} of {} tracks",
                matrix.step, run.config.batch
            ),
            _ => format!("step {}, {shown} tracks", matrix.step),
        };
        parts::quiet(ui, of);
    });
    let room = ui.available_rect_before_wrap();
    let below = theme::TEXT_SMALL + 2.0 * theme::SPACE;
    // Matrix and map share the height.
    let height = match map {
        Some(_) => MATRIX_SHARE * room.height(),
        None => room.height(),
    };
    let side = (room.width() - AXIS - LEGEND - theme::SPACE)
        .min(height - AXIS - below)
        .max(8.0 * theme::UNIT);
    let cell = side / shown.max(1) as f32;
    let (rect, response) = ui.allocate_exact_size(
        Vec2::new(AXIS + side + theme::SPACE + LEGEND, AXIS + side),
        Sense::hover(),
    );
    let grid = Rect::from_min_size(rect.min + Vec2::splat(AXIS), Vec2::splat(side));
    axes(ui, grid);
    paint(ui, grid, matrix);
    legend(ui, grid);
    let numbers = Numbers::of(matrix);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::WidgetType::Image,
            true,
            format!("Batch of {shown} tracks: {}", numbers.say()),
        )
    });
    if let Some(at) = response.hover_pos().filter(|at| grid.contains(*at)) {
        let place = |offset: f32| (offset / cell.max(1e-6)) as usize;
        let (row, column) = (place(at.y - grid.top()), place(at.x - grid.left()));
        point(ui, model, &response, grid, cell, matrix, (row, column));
    }
    ui.add_space(theme::SPACE_SMALL);
    parts::quiet(ui, numbers.say()).on_hover_text(
        "Means over the tracks that are shown; found: tracks whose view A is nearest to their own view B",
    );
    if let Some(run) = map {
        ui.add_space(theme::SPACE);
        demo_map::show(ui, run);
    }
}

/// A run goes on, and an earlier step is looked at.
fn follow(ui: &mut Ui, run: &RunView, out: &mut Vec<Command>) {
    let step = run.chosen.as_ref().map_or(0, |chosen| chosen.step);
    let width = ui.available_width();
    let button = Button::new(format!("{} Follow the run again", icon::ARROW_U_UP_LEFT));
    let hint = format!("Shows the newest batch and map instead of those of step {step}");
    if parts::wide(ui, width, button, true, &hint) {
        out.push(Command::Train(TrainCommand::FollowRun));
    }
}

fn nothing(ui: &mut Ui, model: &Model) {
    let training = &model.training;
    let hint = match training.phase {
        _ if training.past.is_some() => {
            "Neither the newest checkpoint nor the chosen one keeps a batch: the run is older, or compares no views."
        }
        TrainPhase::Preparing | TrainPhase::Running => "Comes with the next steps.",
        _ => {
            "While a run computes: the cosine of view A of every track with view B of every other. Its diagonal, each \
             track with itself, appears as the encoder learns."
        }
    };
    parts::empty(ui, icon::GRID_NINE, "No batch to show", hint);
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

    fn say(&self) -> String {
        format!(
            "same track {:.2}, different {:.2}; {} of {} found",
            self.same, self.different, self.found, self.tracks
        )
        .replace('-', "\u{2212}")
    }
}

/// Cosines that the colours reach from and to: the same at every step, so that the diagonal appears by itself.
const RANGE: [f32; 2] = [-1.0, 1.0];

/// The colour of a cosine.
fn colour(cosine: f32) -> Color32 {
    let [low, high] = RANGE;
    theme::sequential((cosine - low) / (high - low))
}

fn paint(ui: &Ui, grid: Rect, matrix: &BatchMatrix) {
    let tracks = matrix.tracks.len();
    let sum: f32 = matrix.cosines.iter().sum();
    let key = lab_texture::key((matrix.step, tracks, sum.to_bits()));
    let id = egui::Id::new("matrix of the step");
    lab_texture::show(ui, id, key, [tracks; 2], false, grid, |column, row| {
        colour(matrix.cosine(row, column).unwrap_or_default())
    });
}

fn axes(ui: &Ui, grid: Rect) {
    let tokens = theme::tokens(ui);
    let top = Pos2::new(grid.center().x, grid.top() - theme::SPACE_SMALL);
    plot::write(
        ui,
        top,
        Align2::CENTER_BOTTOM,
        "view B of each track",
        tokens.view_b,
    );
    let painter = ui.painter();
    let text = "view A of each track".to_owned();
    let galley = painter.layout_no_wrap(text, theme::small_font(), tokens.view_a);
    let size = galley.size();
    let corner = Pos2::new(
        grid.left() - theme::SPACE_SMALL - size.y,
        grid.center().y + 0.5 * size.x,
    );
    let turned =
        TextShape::new(corner, galley, tokens.view_a).with_angle(-std::f32::consts::FRAC_PI_2);
    painter.add(turned);
}

fn legend(ui: &Ui, grid: Rect) {
    let weak = theme::tokens(ui).text_weak;
    let bar = Rect::from_min_size(
        Pos2::new(grid.right() + theme::SPACE, grid.top()),
        Vec2::new(2.0 * theme::UNIT, grid.height()),
    );
    let parts = 64;
    let height = bar.height() / parts as f32;
    let mut mesh = Mesh::default();
    for part in 0..parts {
        let cosine = 1.0 - 2.0 * (part as f32 + 0.5) / parts as f32;
        let corner = Pos2::new(bar.left(), bar.top() + part as f32 * height);
        mesh.add_colored_rect(
            Rect::from_min_size(corner, Vec2::new(bar.width(), height)),
            colour(cosine),
        );
    }
    ui.painter().add(mesh);
    let left = bar.right() + theme::SPACE_SMALL;
    let marks = [
        (bar.top(), Align2::LEFT_TOP, "1"),
        (bar.center().y, Align2::LEFT_CENTER, "0"),
        (bar.bottom(), Align2::LEFT_BOTTOM, "\u{2212}1"),
    ];
    for (y, align, text) in marks {
        plot::write(ui, Pos2::new(left, y), align, text, weak);
    }
    let at = Pos2::new(bar.left(), grid.top() - theme::SPACE_SMALL);
    plot::write(ui, at, Align2::LEFT_BOTTOM, "cosine", weak);
}

/// Marks the cell under the pointer and says what it stands for.
fn point(
    ui: &Ui,
    model: &Model,
    response: &egui::Response,
    grid: Rect,
    cell: f32,
    matrix: &BatchMatrix,
    (row, column): (usize, usize),
) {
    let (Some(a), Some(b)) = (matrix.tracks.get(row), matrix.tracks.get(column)) else {
        return;
    };
    let corner = grid.min + cell * Vec2::new(column as f32, row as f32);
    let place = Rect::from_min_size(corner, Vec2::splat(cell));
    let ring = Stroke::new(theme::LINE_STRONG, theme::tokens(ui).on_picture);
    ui.painter()
        .rect_stroke(place, 0, ring, egui::StrokeKind::Outside);
    let cosine = f64::from(matrix.cosine(row, column).unwrap_or_default());
    response.clone().on_hover_text_at_pointer(format!(
        "cosine {}\nA: {}\nB: {}",
        plot::number(cosine),
        parts::track_name(&model.library, a),
        parts::track_name(&model.library, b),
    ));
}
