use eframe::egui::{Color32, Stroke, Ui};
use egui_plot::{Line, Plot, PlotPoints};

use crate::gui::{
    model::{Curve, Training},
    theme,
};

use super::parts;

/// Draws the curves of a run over the space that is left: the loss large, the cosines below it.
pub fn show(ui: &mut Ui, training: &Training) {
    let titles = 2.0 * (theme::CONTROL_HEIGHT + 2.0 * theme::SPACE);
    let height = (ui.available_height() - titles).max(30.0 * theme::UNIT);
    let tokens = theme::tokens(ui);

    let faint = tokens.accent.gamma_multiply(0.4);
    let curves = [("each step", faint), ("smoothed", tokens.accent)];
    parts::plot_heading(ui, "Loss", &curves);
    plot("loss", training, 0.62 * height, tokens.plot_grid)
        .y_axis_label("loss")
        .show(ui, |plot| {
            if !training.loss.is_empty() {
                plot.line(line(
                    "each step",
                    training.loss.points(),
                    faint,
                    theme::LINE,
                ));
                plot.line(line(
                    "smoothed",
                    training.loss.smoothed(),
                    tokens.accent,
                    theme::LINE_STRONG,
                ));
            }
        });
    ui.add_space(theme::SPACE_SMALL);
    let curves = [
        ("of one track", tokens.view_a),
        ("of different tracks", tokens.view_b),
    ];
    parts::plot_heading(ui, "How alike views are", &curves);
    plot("cosine", training, 0.38 * height, tokens.plot_grid)
        .y_axis_label("cosine (\u{2212}1 to 1)")
        .show(ui, |plot| {
            let pairs: [(&str, &Curve, _); 2] = [
                ("of one track", &training.positive, tokens.view_a),
                ("of different tracks", &training.negative, tokens.view_b),
            ];
            for (name, curve, colour) in pairs {
                if !curve.is_empty() {
                    plot.line(line(name, curve.smoothed(), colour, theme::LINE_STRONG));
                }
            }
        });
}

fn plot<'a>(name: &'a str, training: &Training, height: f32, grid: Color32) -> Plot<'a> {
    Plot::new(name)
        .height(height)
        .x_axis_label("step")
        .y_axis_min_width(11.0 * theme::UNIT)
        .include_x(1.0)
        .include_x(training.steps.clamp(2, 20) as f64)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .show_background(false)
        .grid_color(grid)
        .set_margin_fraction([0.01, 0.08].into())
}

fn line<'a>(
    name: &str,
    points: &'a [egui_plot::PlotPoint],
    colour: Color32,
    width: f32,
) -> Line<'a> {
    Line::new(name, PlotPoints::Borrowed(points)).stroke(Stroke::new(width, colour))
}
