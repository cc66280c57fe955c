//! One plot of a run.

use eframe::egui::{self, Align2, Color32, Pos2, Rect, Response, Sense, Stroke, Ui, Vec2};
use egui_plot::{HoverPosition, Line, PlotPoint, PlotPoints};

use super::ticks;
use crate::gui::{
    model::{CHANNELS, Channel, Curve, RunView},
    panels::parts,
    theme,
};

/// From the first step on.
const ALL: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

/// A run and the one behind it.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    pub run: &'a RunView,
    pub overlay: Option<&'a RunView>,
}

/// The colour of a line: the second line of a plot is quiet, the second run has the colour of view B.
pub fn line_colour(ui: &Ui, line: usize, overlay: bool) -> Color32 {
    let tokens = theme::tokens(ui);
    match (line, overlay) {
        (0, false) => tokens.accent,
        (_, false) => tokens.text_weak,
        (0, true) => tokens.view_b,
        (_, true) => tokens.view_b.gamma_multiply(0.55),
    }
}

impl<'a> Shown<'a> {
    fn runs(self) -> impl Iterator<Item = (&'a RunView, bool)> {
        // The second run lies behind.
        let behind = self.overlay.into_iter().map(|run| (run, true));
        behind.chain([(self.run, false)])
    }

    /// Whether there is anything to draw.
    pub fn has(self, channel: usize) -> bool {
        self.runs().any(|(run, _)| {
            let curves = run.curves.get(channel);
            curves.is_some_and(|curves| curves.iter().any(|curve| !curve.is_empty()))
        })
    }

    fn last_step(self) -> f64 {
        let ends = self.runs().map(|(run, _)| run.step() as f64);
        ends.fold(2.0, f64::max)
    }

    /// Values and averages at a step, in words.
    fn read(self, channel: &Channel, index: usize, step: f64) -> String {
        let mut text = format!("step {:.0}", step.max(1.0));
        for (run, behind) in self.runs() {
            if self.overlay.is_some() {
                let name = run.name();
                text += &format!("\n{name}{}", if behind { " (behind)" } else { "" });
            }
            let curves = run.curves.get(index).into_iter().flatten();
            for (line, curve) in channel.lines.iter().zip(curves) {
                if let Some([value, smoothed]) = curve.at(step) {
                    let (name, value, smoothed) = (line.name, number(value), number(smoothed));
                    text += &format!("\n{name} {value}, smoothed {smoothed}");
                }
            }
        }
        text
    }
}

/// A number with as many digits as its size calls for.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        _ if size == 0.0 => "0".to_owned(),
        _ if size < 1e-3 => format!("{value:.2e}"),
        _ if size < 10.0 => format!("{value:.3}"),
        _ if size < 1000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    };
    text.replace('-', "\u{2212}")
}

/// A number for a small place.
fn short(value: f64) -> String {
    match value.abs() {
        size if size > 0.0 && size < 1e-2 => format!("{value:.0e}").replace('-', "\u{2212}"),
        size if size < 10.0 => format!("{value:.2}").replace('-', "\u{2212}"),
        _ => number(value),
    }
}

/// Draws a plot with axes; the pointer reads values.
pub fn large(ui: &mut Ui, shown: Shown<'_>, index: usize, height: f32) -> Response {
    let Some(channel) = CHANNELS.get(index) else {
        return ui.label("");
    };
    let columns = ui.available_width().max(16.0) as usize;
    let lines: Vec<(Vec<PlotPoint>, Stroke, &str)> = shown
        .runs()
        .flat_map(|(run, behind)| {
            let curves = run.curves.get(index).into_iter().flatten();
            let lines = channel.lines.iter().zip(curves).enumerate();
            let colours: Vec<Color32> = (0..channel.lines.len())
                .map(|line| line_colour(ui, line, behind))
                .collect();
            lines.flat_map(move |(line, (about, curve))| {
                let colour = colours.get(line).copied().unwrap_or_default();
                let raw = Stroke::new(theme::LINE, colour.gamma_multiply(0.35));
                let strong = Stroke::new(theme::LINE_STRONG, colour);
                [
                    (curve.points(ALL[0], ALL[1], columns), raw, about.name),
                    (curve.smoothed(ALL[0], ALL[1], columns), strong, about.name),
                ]
            })
        })
        .collect();
    let plot = parts::fixed_plot(ui, ("curve", index))
        .height(height)
        .x_axis_label("step")
        .y_axis_label(channel.axis)
        .y_axis_min_width(14.0 * theme::UNIT)
        .x_grid_spacer(|input| ticks::marks(&input, ticks::ACROSS))
        .y_grid_spacer(|input| ticks::marks(&input, ticks::DOWN))
        .x_axis_formatter(|mark, _| ticks::text(mark))
        .y_axis_formatter(|mark, _| ticks::text(mark))
        .include_x(1.0)
        .include_x(shown.last_step())
        .set_margin_fraction([0.01, 0.08].into())
        .label_formatter(move |at| {
            let (HoverPosition::NearDataPoint { position, .. }
            | HoverPosition::Elsewhere { position }) = at;
            Some(shown.read(channel, index, position.x.round()))
        });
    let drawn = plot.show(ui, |plot| {
        for (points, stroke, name) in &lines {
            plot.line(Line::new(*name, PlotPoints::Borrowed(points)).stroke(*stroke));
        }
    });
    let response = drawn.response;
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::WidgetType::Image,
            true,
            format!("{} of {}", channel.name, shown.run.name()),
        )
    });
    response
}

/// Draws a small plot without axes, with the newest value; a click wants it large. Returns whether it was clicked.
pub fn small(ui: &mut Ui, rect: Rect, shown: Shown<'_>, index: usize, chosen: bool) -> bool {
    let Some(channel) = CHANNELS.get(index) else {
        return false;
    };
    let tokens = theme::tokens(ui);
    let response = ui.interact(rect, ui.id().with(("small plot", index)), Sense::click());
    let fill = match (chosen, response.hovered()) {
        (true, _) => tokens.accent_quiet,
        (false, true) => tokens.hovered,
        (false, false) => tokens.raised,
    };
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, theme::CORNER, fill);
    if response.has_focus() {
        let ring = Stroke::new(theme::LINE_STRONG, tokens.accent);
        painter.rect_stroke(rect, theme::CORNER, ring, egui::StrokeKind::Inside);
    }
    let inner = rect.shrink(1.5 * theme::UNIT);
    let font = theme::small_font();
    let newest = |line: &usize| {
        let curve = shown.run.curves.get(index)?.get(*line)?;
        let [_, end] = curve.steps()?;
        curve.at(end).map(|[_, smoothed]| short(smoothed))
    };
    let values: Vec<String> = (0..channel.lines.len())
        .filter_map(|l| newest(&l))
        .collect();
    let values = painter.layout_no_wrap(values.join(" "), font.clone(), tokens.text_strong);
    let room = inner.width() - values.size().x - theme::SPACE_SMALL;
    painter.galley(
        Pos2::new(inner.right() - values.size().x, inner.top()),
        values,
        tokens.text_strong,
    );
    let name = egui::WidgetText::from(theme::small(channel.name).color(tokens.text_weak));
    let wrap = Some(egui::TextWrapMode::Truncate);
    let name = name.into_galley(ui, wrap, room.max(0.0), egui::TextStyle::Small);
    painter.galley(inner.min, name, tokens.text_weak);
    let mut room = inner;
    room.min.y += theme::TEXT_SMALL + 1.5 * theme::UNIT;
    spark(ui, &painter, room, shown, index);
    let clicked = response.clicked();
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::WidgetType::Button, true, chosen, channel.name)
    });
    response.on_hover_text(format!(
        "{}; the number is smoothed as the line is, a click shows it large",
        channel.help
    ));
    clicked
}

fn spark(ui: &Ui, painter: &egui::Painter, rect: Rect, shown: Shown<'_>, index: usize) {
    let curves = || {
        shown.runs().flat_map(|(run, behind)| {
            let curves = run.curves.get(index).into_iter().flatten();
            curves
                .enumerate()
                .map(move |(line, curve)| (line, behind, curve))
        })
    };
    let columns = rect.width().max(8.0) as usize;
    let lines: Vec<(usize, bool, Vec<PlotPoint>)> = curves()
        .map(|(line, behind, curve)| (line, behind, drawn(curve, columns)))
        .collect();
    let all = || lines.iter().flat_map(|(_, _, points)| points);
    let low = all().map(|p| p.y).fold(f64::INFINITY, f64::min);
    let high = all().map(|p| p.y).fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return;
    }
    // A line that does not move lies in the middle.
    let (low, span) = if high - low > 1e-12 {
        (low, high - low)
    } else {
        (low - 0.5, 1.0)
    };
    let last = shown.last_step();
    let place = |point: &PlotPoint| {
        let x = ((point.x - 1.0) / (last - 1.0).max(1.0)) as f32;
        let y = ((point.y - low) / span) as f32;
        rect.left_bottom() + Vec2::new(x * rect.width(), -y * rect.height())
    };
    for (line, behind, points) in &lines {
        let stroke = Stroke::new(theme::LINE_STRONG, line_colour(ui, *line, *behind));
        painter.line(points.iter().map(place).collect(), stroke);
    }
}

fn drawn(curve: &Curve, columns: usize) -> Vec<PlotPoint> {
    curve.smoothed(ALL[0], ALL[1], columns)
}

/// Writes one line of text that does not belong to a widget.
pub fn write(ui: &Ui, at: Pos2, align: Align2, text: impl ToString, colour: Color32) {
    ui.painter()
        .text(at, align, text, theme::small_font(), colour);
}
