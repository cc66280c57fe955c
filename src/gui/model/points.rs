//! The points of a map, as they are drawn, and which part of the map is shown.

use eframe::egui::{Pos2, Rect, Vec2};

use super::Shade;

/// How a point is drawn; the shader knows it by this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum PointClass {
    /// Not drawn.
    Hidden = 0,
    /// In the colour of its group.
    Plain = 1,
    /// Larger, with a ring.
    Emphasised = 2,
    /// Steps back behind those that are picked.
    Grey = 3,
}

/// One point of a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Place in map units.
    pub at: [f32; 2],
    /// What its colour stands for.
    pub shade: Shade,
    /// How it is drawn.
    pub class: PointClass,
}

impl Point {
    /// A point at a place in map units.
    pub fn new(at: [f32; 2], shade: Shade, class: PointClass) -> Self {
        Self { at, shade, class }
    }
}

/// What part of the map the picture shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Middle of the picture in map units.
    pub centre: [f32; 2],
    /// Magnification: at 1 the square from -1 to 1 fits into the picture.
    pub zoom: f32,
}

/// Points that lie on one line have a map of this width at least, as a share of its height.
const THINNEST: f32 = 0.05;

impl Default for Camera {
    fn default() -> Self {
        Self {
            centre: [0.0, 0.0],
            zoom: 1.0,
        }
    }
}

/// Share of the shorter side that the whole map takes at zoom 1; the rest is air.
const FIT: f32 = 0.92;

impl Camera {
    /// The camera as it is drawn with: while nobody moved it, it shows the whole map as large as the picture allows.
    /// `extent` is how far points lie from the middle of the map along each axis.
    pub fn shown_in(self, rect: Rect, extent: [f32; 2]) -> Self {
        let [x, y] = extent;
        if self != Self::default() || x.max(y) <= 0.0 {
            return self;
        }
        let (width, height) = (rect.width().max(1.0), rect.height().max(1.0));
        let room = (width / x.max(THINNEST)).min(height / y.max(THINNEST));
        Self {
            zoom: room / width.min(height),
            ..self
        }
    }

    /// Screen points a map unit.
    pub fn points_per_unit(&self, rect: Rect) -> f32 {
        0.5 * FIT * rect.width().min(rect.height()).max(1.0) * self.zoom
    }

    /// Where a place of the map is on the screen; the y axis of a map points up.
    pub fn to_screen(&self, rect: Rect, at: [f32; 2]) -> Pos2 {
        let [x, y] = at;
        let [centre_x, centre_y] = self.centre;
        rect.center() + Vec2::new(x - centre_x, centre_y - y) * self.points_per_unit(rect)
    }

    /// Which place of the map is under a place on the screen.
    pub fn to_map(&self, rect: Rect, screen: Pos2) -> [f32; 2] {
        let away = (screen - rect.center()) / self.points_per_unit(rect);
        let [centre_x, centre_y] = self.centre;
        [centre_x + away.x, centre_y - away.y]
    }

    /// Moves the map with the pointer.
    pub fn panned(&self, rect: Rect, drag: Vec2) -> Self {
        let away = drag / self.points_per_unit(rect);
        let [x, y] = self.centre;
        Self {
            centre: [x - away.x, y + away.y],
            zoom: self.zoom,
        }
    }

    /// Magnifies by a factor; the place under the pointer stays where it is.
    pub fn zoomed(&self, rect: Rect, pointer: Pos2, factor: f32) -> Self {
        let zoom = (self.zoom * factor).clamp(0.2, 500.0);
        let [fixed_x, fixed_y] = self.to_map(rect, pointer);
        let keep = self.zoom / zoom;
        let [x, y] = self.centre;
        Self {
            centre: [
                fixed_x + (x - fixed_x) * keep,
                fixed_y + (y - fixed_y) * keep,
            ],
            zoom,
        }
    }

    /// Map units of a length on the screen.
    pub fn length_in_map(&self, rect: Rect, points: f32) -> f32 {
        points / self.points_per_unit(rect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECT: Rect = Rect {
        min: Pos2 { x: 100.0, y: 50.0 },
        max: Pos2 { x: 900.0, y: 650.0 },
    };

    #[test]
    fn the_whole_map_is_in_the_picture_and_up_is_up() {
        let camera = Camera::default();
        for corner in [[-1.0, -1.0], [1.0, 1.0]] {
            assert!(RECT.contains(camera.to_screen(RECT, corner)));
        }
        assert!(camera.to_screen(RECT, [0.0, 1.0]).y < camera.to_screen(RECT, [0.0, -1.0]).y);
    }

    #[test]
    fn zooming_keeps_the_place_under_the_pointer_and_panning_follows_it() {
        let pointer = Pos2::new(321.0, 456.0);
        let camera = Camera {
            centre: [0.3, -0.2],
            zoom: 2.0,
        };
        let near = |a: Pos2, b: Pos2| assert!((a - b).length() < 0.01, "{a} {b}");
        let place = camera.to_map(RECT, pointer);
        near(camera.to_screen(RECT, place), pointer);
        near(
            camera.zoomed(RECT, pointer, 1.7).to_screen(RECT, place),
            pointer,
        );
        let drag = Vec2::new(40.0, -25.0);
        near(
            camera.panned(RECT, drag).to_screen(RECT, place),
            pointer + drag,
        );
    }
}
