//! What egui draws, as vector graphics: text stays text, lines stay lines. What only a graphics card can draw is a picture in it.

use std::io::Cursor;

use crate::gui::right_to_left::{direction, has_right_to_left};
use base64::{Engine as _, prelude::BASE64_STANDARD as STANDARD};
use eframe::{
    egui::{Color32, Pos2, Rect, Shape, Stroke, StrokeKind},
    epaint::{ClippedShape, ColorMode, PathShape, RectShape, TextShape},
};
use image::RgbaImage;
use svg::{
    Document, Node,
    node::element::{
        Circle, ClipPath, Definitions, Description, Element, Ellipse, Group, Image, Line, Path,
        Polygon, Polyline, Rectangle, Text, Title, path::Data,
    },
};

/// Names and words of a picture.
pub struct About {
    /// What it is called.
    pub title: String,
    /// The command that makes it again.
    pub command: String,
}

/// Whether a shape has no lines and fills of its own: the graphics card draws it, or it is an image.
pub fn needs_pixels(shape: &Shape) -> bool {
    match shape {
        Shape::Callback(_) | Shape::Mesh(_) => true,
        Shape::Rect(rect) => rect.brush.is_some(),
        Shape::Vec(shapes) => shapes.iter().any(needs_pixels),
        _ => false,
    }
}

/// The document of shapes on so many points. `pixels` is a picture of those that need some, `scale` pixels a point.
pub fn document(
    shapes: &[ClippedShape],
    size: [f32; 2],
    about: &About,
    pixels: Option<(&RgbaImage, f32)>,
) -> String {
    let [width, height] = size;
    let mut drawing = Drawing {
        document: Document::new()
            .set("width", width)
            .set("height", height)
            .set("viewBox", (0, 0, width, height))
            .add(Title::new(about.title.clone()))
            .add(Description::new().add(svg::node::Text::new(about.command.clone()))),
        clips: Vec::new(),
        pixels,
    };
    for clipped in shapes {
        let mut group = Group::new();
        drawing.shape(&clipped.shape, clipped.clip_rect, &mut group);
        if Node::get_children(&group).is_none_or(|shapes| shapes.is_empty()) {
            continue;
        }
        let everything = Rect::from_min_max(Pos2::ZERO, Pos2::new(width, height));
        if !clipped.clip_rect.contains_rect(everything) {
            let clip = drawing.clip(clipped.clip_rect);
            group = group.set("clip-path", format!("url(#clip{clip})"));
        }
        drawing.document.append(group);
    }
    let Drawing {
        mut document,
        clips,
        ..
    } = drawing;
    let mut definitions = Definitions::new();
    for (number, rect) in clips.iter().enumerate() {
        let path = ClipPath::new().set("id", format!("clip{number}"));
        definitions.append(path.add(rectangle(*rect)));
    }
    document.append(definitions);
    document.to_string()
}

struct Drawing<'a> {
    document: Document,
    clips: Vec<Rect>,
    pixels: Option<(&'a RgbaImage, f32)>,
}

impl Drawing<'_> {
    /// The number of a stretch that shapes are cut to.
    fn clip(&mut self, rect: Rect) -> usize {
        let known = self.clips.iter().position(|other| *other == rect);
        known.unwrap_or_else(|| {
            self.clips.push(rect);
            self.clips.len() - 1
        })
    }

    fn shape(&mut self, shape: &Shape, clip: Rect, to: &mut Group) {
        match shape {
            Shape::Noop => {}
            Shape::Vec(shapes) => {
                for shape in shapes {
                    self.shape(shape, clip, to);
                }
            }
            Shape::Circle(circle) => {
                let node = Circle::new()
                    .set("cx", circle.center.x)
                    .set("cy", circle.center.y)
                    .set("r", circle.radius);
                to.append(look(node, circle.fill, circle.stroke));
            }
            Shape::Ellipse(ellipse) => {
                let node = Ellipse::new()
                    .set("cx", ellipse.center.x)
                    .set("cy", ellipse.center.y)
                    .set("rx", ellipse.radius.x)
                    .set("ry", ellipse.radius.y);
                to.append(look(node, ellipse.fill, ellipse.stroke));
            }
            Shape::LineSegment { points, stroke } => {
                let [a, b] = points;
                let node = Line::new()
                    .set("x1", a.x)
                    .set("y1", a.y)
                    .set("x2", b.x)
                    .set("y2", b.y);
                to.append(look(node, Color32::TRANSPARENT, *stroke));
            }
            Shape::Path(path) => to.append(path_of(path)),
            Shape::Rect(rect) if rect.brush.is_none() => to.append(rect_of(rect)),
            Shape::Text(text) => text_of(text, to),
            Shape::QuadraticBezier(curve) => {
                let [a, b, c] = curve.points.map(|at| (at.x, at.y));
                let data = Data::new().move_to(a).quadratic_curve_to((b, c));
                to.append(curved(
                    data,
                    curve.fill,
                    &curve.stroke.color,
                    curve.stroke.width,
                ));
            }
            Shape::CubicBezier(curve) => {
                let [a, b, c, d] = curve.points.map(|at| (at.x, at.y));
                let data = Data::new().move_to(a).cubic_curve_to((b, c, d));
                to.append(curved(
                    data,
                    curve.fill,
                    &curve.stroke.color,
                    curve.stroke.width,
                ));
            }
            Shape::Rect(_) | Shape::Mesh(_) | Shape::Callback(_) => {
                let place = shape.visual_bounding_rect().intersect(clip);
                to.append_image(self.pixels, place);
            }
        }
    }
}

trait AppendImage {
    fn append_image(&mut self, pixels: Option<(&RgbaImage, f32)>, place: Rect);
}

impl AppendImage for Group {
    /// A part of the picture of what needs pixels.
    fn append_image(&mut self, pixels: Option<(&RgbaImage, f32)>, place: Rect) {
        let Some((image, scale)) = pixels.filter(|_| place.is_positive()) else {
            return;
        };
        let pixel =
            |points: f32, most: u32| (points * scale).round().clamp(0.0, most as f32) as u32;
        let (left, right) = (
            pixel(place.left(), image.width()),
            pixel(place.right(), image.width()),
        );
        let (top, bottom) = (
            pixel(place.top(), image.height()),
            pixel(place.bottom(), image.height()),
        );
        if left >= right || top >= bottom {
            return;
        }
        let part = image::imageops::crop_imm(image, left, top, right - left, bottom - top);
        let mut png = Cursor::new(Vec::new());
        // Memory does not fail to be written to.
        if part
            .to_image()
            .write_to(&mut png, image::ImageFormat::Png)
            .is_err()
        {
            return;
        }
        let node = Image::new()
            .set("x", left as f32 / scale)
            .set("y", top as f32 / scale)
            .set("width", (right - left) as f32 / scale)
            .set("height", (bottom - top) as f32 / scale)
            .set("preserveAspectRatio", "none")
            .set(
                "href",
                format!("data:image/png;base64,{}", STANDARD.encode(png.get_ref())),
            );
        self.append(node);
    }
}

/// A colour and how opaque it is.
fn paint(colour: Color32) -> (String, f32) {
    let [r, g, b, a] = colour.to_srgba_unmultiplied();
    (format!("rgb({r},{g},{b})"), f32::from(a) / 255.0)
}

/// Gives a node its fill and stroke.
fn look(node: impl Into<Element>, fill: Color32, stroke: Stroke) -> Element {
    let mut node: Element = node.into();
    match fill.a() {
        0 => node.assign("fill", "none"),
        _ => {
            let (colour, opacity) = paint(fill);
            node.assign("fill", colour);
            node.assign("fill-opacity", opacity);
        }
    }
    if stroke.width > 0.0 && stroke.color.a() > 0 {
        let (colour, opacity) = paint(stroke.color);
        node.assign("stroke", colour);
        node.assign("stroke-opacity", opacity);
        node.assign("stroke-width", stroke.width);
    }
    node
}

fn solid(colour: &ColorMode) -> Color32 {
    match colour {
        ColorMode::Solid(colour) => *colour,
        ColorMode::UV(_) => Color32::TRANSPARENT,
    }
}

fn curved(data: Data, fill: Color32, colour: &ColorMode, width: f32) -> Element {
    let stroke = Stroke::new(width, solid(colour));
    look(Path::new().set("d", data), fill, stroke)
}

fn path_of(path: &PathShape) -> Element {
    let points: Vec<String> = path
        .points
        .iter()
        .map(|at| format!("{},{}", at.x, at.y))
        .collect();
    let points = points.join(" ");
    let stroke = Stroke::new(path.stroke.width, solid(&path.stroke.color));
    match path.closed {
        true => look(Polygon::new().set("points", points), path.fill, stroke),
        false => look(Polyline::new().set("points", points), path.fill, stroke),
    }
}

fn rectangle(rect: Rect) -> Rectangle {
    Rectangle::new()
        .set("x", rect.left())
        .set("y", rect.top())
        .set("width", rect.width().max(0.0))
        .set("height", rect.height().max(0.0))
}

fn rect_of(shape: &RectShape) -> Element {
    // SVG draws half of a stroke on either side.
    let half = 0.5 * shape.stroke.width;
    let rect = match shape.stroke_kind {
        StrokeKind::Inside => shape.rect.shrink(half),
        StrokeKind::Middle => shape.rect,
        StrokeKind::Outside => shape.rect.expand(half),
    };
    let node = rectangle(rect).set("rx", shape.corner_radius.nw);
    look(node, shape.fill, shape.stroke)
}

/// A stretch of letters of one colour at a place, as wide as egui made it.
fn line_of(shape: &TextShape, text: String, at: Pos2, width: f32, colour: Color32) -> Element {
    let section = shape.galley.job.sections.first();
    let (size, mono) = section.map_or((12.0, false), |section| {
        let font = &section.format.font_id;
        (
            font.size,
            font.family == eframe::egui::FontFamily::Monospace,
        )
    });
    let mut node: Element = Text::new(text).into();
    let (fill, opacity) = paint(colour);
    node.assign("x", at.x);
    node.assign("y", at.y);
    node.assign("fill", fill);
    node.assign("fill-opacity", opacity);
    node.assign("font-size", size);
    let family = match mono {
        true => "Hack, monospace",
        false => "Ubuntu, sans-serif",
    };
    node.assign("font-family", family);
    node.assign("textLength", width);
    node.assign("lengthAdjust", "spacingAndGlyphs");
    if shape.angle != 0.0 {
        let (turn, pivot) = (shape.angle.to_degrees(), shape.pos);
        let turned = format!("rotate({turn} {} {})", pivot.x, pivot.y);
        node.assign("transform", turned);
    }
    node
}

/// Every stretch of letters of one colour, at its place and as wide as egui made it.
fn text_of(shape: &TextShape, to: &mut Group) {
    let galley = &shape.galley;
    let colour_of = |row: &eframe::epaint::text::PlacedRow, vertex: u32| {
        let vertex = row.visuals.mesh.vertices.get(vertex as usize);
        let own = vertex.map_or(Color32::PLACEHOLDER, |vertex| vertex.color);
        let own = if own == Color32::PLACEHOLDER {
            shape.fallback_color
        } else {
            own
        };
        shape
            .override_text_color
            .unwrap_or(own)
            .gamma_multiply(shape.opacity_factor)
    };
    if let [row] = &galley.rows[..]
        && !galley.elided
        && has_right_to_left(galley.text())
        && let Some(first) = row.glyphs.first()
    {
        // Within words that run from right to left glyphs are not in the order of the letters: the reader's program orders
        // them anew.
        let at = shape.pos + row.pos.to_vec2() + Pos2::new(0.0, first.pos.y).to_vec2();
        let colour = colour_of(row, first.first_vertex);
        let mut node = line_of(
            shape,
            galley.text().to_owned(),
            at,
            row.rect().width(),
            colour,
        );
        let (direction, anchor) = match direction(galley.text()).is_ltr() {
            true => ("ltr", "start"),
            false => ("rtl", "end"),
        };
        node.assign("text-anchor", anchor);
        node.assign("style", format!("white-space:pre;direction:{direction}"));
        to.append(node);
        return;
    }
    for row in &galley.rows {
        let mut runs: Vec<(Color32, f32, f32, f32, String)> = Vec::new();
        let mut before = None;
        for glyph in &row.glyphs {
            // A blank has no vertices of its own.
            let colour = match glyph.chr.is_whitespace() {
                true => before.unwrap_or(shape.fallback_color),
                false => colour_of(row, glyph.first_vertex),
            };
            before = Some(colour);
            let end = glyph.pos.x + glyph.advance_width;
            match runs.last_mut() {
                Some((same, _, _, right, text)) if *same == colour => {
                    text.push(glyph.chr);
                    *right = end;
                }
                _ => runs.push((colour, glyph.pos.x, glyph.pos.y, end, glyph.chr.to_string())),
            }
        }
        for (colour, x, y, end, text) in runs {
            if text.trim().is_empty() || colour.a() == 0 {
                continue;
            }
            let at = shape.pos + row.pos.to_vec2() + Pos2::new(x, y).to_vec2();
            let mut node = line_of(shape, text, at, end - x, colour);
            // Letters stand in the order in which they are drawn.
            node.assign("style", "white-space:pre;unicode-bidi:bidi-override");
            to.append(node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui;

    #[test]
    fn text_stays_text_whatever_it_says_and_lines_stay_lines() {
        let ctx = egui::Context::default();
        let words = "R&B <\"rock\"> it's";
        let mut draw = |ui: &mut egui::Ui| {
            let painter = ui.painter();
            let font = egui::FontId::proportional(13.0);
            painter.text(
                Pos2::new(10.0, 10.0),
                egui::Align2::LEFT_TOP,
                words,
                font,
                Color32::RED,
            );
            painter.circle_filled(Pos2::new(40.0, 50.0), 3.0, Color32::from_rgb(1, 2, 3));
            painter.hline(5.0..=95.0, 70.0, Stroke::new(2.0, Color32::BLUE));
        };
        // Fonts are there from the second frame on.
        let _ = ctx.run_ui(egui::RawInput::default(), &mut draw);
        let output = ctx.run_ui(egui::RawInput::default(), &mut draw);
        let about = About {
            title: "A & B".to_owned(),
            command: "mynascope picture 'a<b' --out x.svg".to_owned(),
        };
        let text = document(&output.shapes, [100.0, 80.0], &about, None);
        assert!(text.contains("R&amp;B &lt;"), "{text}");
        assert!(
            text.contains("a&lt;b") && text.contains("A &amp; B"),
            "{text}"
        );
        assert!(!text.contains("R&B") && !text.contains("a<b"), "{text}");
        assert!(
            text.contains("<circle") && text.contains("rgb(1,2,3)"),
            "{text}"
        );
        assert!(
            text.contains("rgb(0,0,255)") && text.contains("rgb(255,0,0)"),
            "{text}"
        );
        assert!(!text.contains("<image"), "{text}");
    }

    #[test]
    fn names_from_right_to_left_keep_the_order_of_their_letters() {
        let ctx = egui::Context::default();
        crate::gui::theme::install(&ctx, mynascope_base::storage::Theme::Light);
        for (words, direction) in [("עברית", "rtl"), ("עברית, 3 tracks", "ltr")] {
            let mut draw = |ui: &mut egui::Ui| drop(ui.label(words));
            for _ in 0..2 {
                let _ = ctx.run_ui(egui::RawInput::default(), &mut draw);
            }
            let output = ctx.run_ui(egui::RawInput::default(), &mut draw);
            let about = About {
                title: String::new(),
                command: String::new(),
            };
            let text = document(&output.shapes, [200.0, 80.0], &about, None);
            assert_eq!(text.matches("עברית").count(), 1, "{text}");
            assert!(text.contains(words), "{text}");
            assert!(text.contains(&format!("direction:{direction}")), "{text}");
        }
    }
}
