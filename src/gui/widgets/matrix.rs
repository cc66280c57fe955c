//! A matrix: its cells, the one under the pointer, the bar of its colours, names that run along its sides.

use std::f32::consts::FRAC_PI_2;

use eframe::{
    egui::{
        Align2, Color32, FontId, Id, Mesh, Pos2, Rect, Stroke, StrokeKind, Ui, Vec2, pos2, vec2,
    },
    epaint::TextShape,
};

use super::cached_picture;

/// Colours of a bar that are drawn one above the other, with smooth passages between them.
const BAR_STEPS: u16 = 64;

/// A side of a text.
#[derive(Clone, Copy)]
pub enum Side {
    /// The left one on the screen.
    Left,
    /// The right one on the screen.
    Right,
}

/// Where the cells of a matrix lie.
#[derive(Clone, Copy)]
pub struct Matrix {
    /// All cells.
    pub area: Rect,
    /// Cells from top to bottom.
    pub rows: usize,
    /// Cells from left to right.
    pub columns: usize,
}

/// One cell by its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// From the top.
    pub row: usize,
    /// From the left.
    pub column: usize,
}

impl Matrix {
    /// As many rows as columns in a square.
    pub fn square(area: Rect, count: usize) -> Self {
        Self {
            area,
            rows: count,
            columns: count,
        }
    }

    /// Width and height of a cell.
    fn cell(&self) -> Vec2 {
        self.area.size() / vec2(self.columns.max(1) as f32, self.rows.max(1) as f32)
    }

    /// Where a cell lies.
    pub fn rect(&self, cell: Cell) -> Rect {
        let size = self.cell();
        let corner = vec2(cell.column as f32, cell.row as f32) * size;
        Rect::from_min_size(self.area.min + corner, size)
    }

    /// The cell at a place; `None` outside.
    pub fn at(&self, place: Pos2) -> Option<Cell> {
        if self.rows == 0 || self.columns == 0 || !self.area.contains(place) {
            return None;
        }
        let index = |offset: f32, side: f32, count: usize| {
            ((offset / side.max(1e-6)) as usize).min(count - 1)
        };
        let (offset, size) = (place - self.area.min, self.cell());
        Some(Cell {
            row: index(offset.y, size.y, self.rows),
            column: index(offset.x, size.x, self.columns),
        })
    }

    /// Draws all cells as one picture, which is made anew only when `key` changes.
    pub fn paint(&self, ui: &Ui, id: Id, key: u64, colour: impl Fn(Cell) -> Color32) {
        let size = [self.columns, self.rows];
        cached_picture::show(ui, id, key, size, false, self.area, |column, row| {
            colour(Cell { row, column })
        });
    }

    /// Draws a ring around a cell.
    pub fn ring(&self, ui: &Ui, cell: Cell, stroke: impl Into<Stroke>) {
        let rect = self.rect(cell);
        ui.painter()
            .rect_stroke(rect, 0.0, stroke, StrokeKind::Outside);
    }
}

/// Draws what colours stand for: a bar from 0 below to 1 above, and texts at such places beside it.
pub fn colour_bar(
    ui: &Ui,
    bar: Rect,
    colour: impl Fn(f32) -> Color32,
    texts: &[(f32, String)],
    (gap, font, text_colour): (f32, FontId, Color32),
) {
    let mut mesh = Mesh::default();
    for step in 0..=BAR_STEPS {
        let share = f32::from(step) / f32::from(BAR_STEPS);
        let y = bar.bottom() - share * bar.height();
        let colour = colour(share);
        mesh.colored_vertex(pos2(bar.left(), y), colour);
        mesh.colored_vertex(pos2(bar.right(), y), colour);
        if step > 0 {
            let corner = 2 * u32::from(step);
            mesh.add_triangle(corner - 2, corner - 1, corner);
            mesh.add_triangle(corner - 1, corner, corner + 1);
        }
    }
    let painter = ui.painter();
    painter.add(mesh);
    for (share, text) in texts {
        let align = match share {
            1.0.. => Align2::LEFT_TOP,
            ..=0.0 => Align2::LEFT_BOTTOM,
            _ => Align2::LEFT_CENTER,
        };
        let place = pos2(bar.right() + gap, bar.bottom() - share * bar.height());
        painter.text(place, align, text, font.clone(), text_colour);
    }
}

/// Draws the colours of a scale side by side, from 0 at the left to 1 at the right.
pub fn flat_bar(ui: &Ui, bar: Rect, colour: impl Fn(f32) -> Color32) {
    let mut mesh = Mesh::default();
    for step in 0..=BAR_STEPS {
        let share = f32::from(step) / f32::from(BAR_STEPS);
        let x = bar.left() + share * bar.width();
        mesh.colored_vertex(pos2(x, bar.top()), colour(share));
        mesh.colored_vertex(pos2(x, bar.bottom()), colour(share));
        if step > 0 {
            let corner = 2 * u32::from(step);
            mesh.add_triangle(corner - 2, corner - 1, corner);
            mesh.add_triangle(corner - 1, corner, corner + 1);
        }
    }
    ui.painter().add(mesh);
}

/// Writes a text that runs upwards, with the middle of its left or right edge at a place.
pub fn upright_text(
    ui: &Ui,
    place: Pos2,
    edge: Side,
    text: &str,
    (font, colour): (FontId, Color32),
) {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, colour);
    let size = galley.size();
    let corner = match edge {
        Side::Left => place + vec2(0.0, 0.5 * size.x),
        Side::Right => place + vec2(-size.y, 0.5 * size.x),
    };
    let turned = TextShape::new(corner, galley, colour).with_angle(-FRAC_PI_2);
    ui.painter().add(turned);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_cell_is_in_that_cell_and_its_edge_belongs_to_one() {
        let matrix = Matrix {
            area: Rect::from_min_size(pos2(10.0, 20.0), vec2(90.0, 40.0)),
            rows: 2,
            columns: 3,
        };
        for row in 0..2 {
            for column in 0..3 {
                let cell = Cell { row, column };
                assert!(matrix.at(matrix.rect(cell).center()) == Some(cell));
            }
        }
        let corner = Some(Cell { row: 1, column: 2 });
        assert!(matrix.at(matrix.area.max) == corner, "the last edge too");
        assert!(matrix.at(pos2(9.0, 30.0)).is_none());
    }
}
