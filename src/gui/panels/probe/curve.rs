//! A score against something that was varied, as a plot that can be heard: along the mask ratio the pointer sets the
//! mask of the spectrogram, and what is left is played.

use eframe::egui::{self, Align, Color32, Layout, Sense, Stroke, Ui, vec2};
use egui_phosphor::regular as icon;
use egui_plot::{FilledArea, HLine, HoverPosition, Line, LineStyle, PlotPoints, Points, VLine};

use crate::gui::{
    command::{Command, MaskCommand, ProbeCommand, SoundCommand, TeachCommand},
    model::{
        AppState, CurveKind, Hearing, MOST_PATCHOUT, MOST_PERCENT, MaskForm, ProbeJob, ScoreCurve,
        ScorePoint, TeachForm,
    },
    panels::{parts, row_from_right},
    theme,
};
use mynascope_encoder::Patchout;
use mynascope_spectrum::tokens::{MaskKind, MaskRatio};

use super::score;

/// Room for the line that explains the marks.
const KEY_HEIGHT: f32 = theme::CONTROL_HEIGHT;

/// Draws the tab.
pub fn show(ui: &mut Ui, model: &AppState, kind: CurveKind, out: &mut Vec<Command>) {
    head(ui, model, kind, out);
    let curve = model.probing.curve(kind);
    match curve.filter(|curve| !curve.points.is_empty()) {
        Some(curve) => plot(ui, model, kind, curve, out),
        None => nothing(ui, model, kind),
    }
}

fn head(ui: &mut Ui, model: &AppState, kind: CurveKind, out: &mut Vec<Command>) {
    let probing = &model.probing;
    let mut push = |command| out.push(Command::Probe(command));
    row_from_right(ui, |ui| {
        if parts::copy_command(ui) {
            push(ProbeCommand::Copy(ProbeJob::Curve(kind)));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let (text, hint) = button(kind);
            let why = model.why_not(ProbeJob::Curve(kind)).map(score::sentence);
            let ready = why.is_none();
            let hint = why.as_deref().unwrap_or(hint);
            if parts::primary(ui, 44.0 * theme::UNIT, text, ready, hint) {
                push(ProbeCommand::DrawCurve(kind));
            }
            if let Some(curve) = probing.curve(kind) {
                parts::quiet(ui, &curve.about).on_hover_text(curve.notes.join("\n"));
            }
        });
    });
}

/// The button that starts, and its tooltip.
fn button(kind: CurveKind) -> (&'static str, &'static str) {
    match kind {
        CurveKind::MaskRatio => (
            "Score at six mask ratios",
            "Embeds the collection at 0, 25, 50, 75, 90 and 95 % masked, three draws each, and scores the probe on each",
        ),
        CurveKind::Patchout => (
            "Score at six patchouts",
            "Embeds the collection with all columns of patches read, every 2nd, 3rd, 4th, 6th and 8th (as far as windows have so \
             many), and scores the probe on each",
        ),
        CurveKind::Labels => (
            "Score after few labels",
            "Trains on 1, 2, 5, 10, 20 and 50 tracks of each class, ten draws each, and tests all on the same tracks",
        ),
        CurveKind::Layers => (
            "Probe every block",
            "Embeds the collection once and scores the same probe after every block of the encoder",
        ),
    }
}

fn nothing(ui: &mut Ui, model: &AppState, kind: CurveKind) {
    if model.probing.draws(kind) {
        let hint = "Each point appears as soon as it is known.";
        return parts::empty(
            ui,
            icon::HOURGLASS_MEDIUM,
            "The first point is on its way",
            hint,
        );
    }
    let (symbol, title, hint) = match kind {
        CurveKind::MaskRatio => (
            icon::CHART_LINE_DOWN,
            "How much may be dropped before the score falls?",
            "The frozen encoder sees less and less of every window, and the probe that is chosen at the left is scored \
             each time. Drag along the curve to hear what was left.",
        ),
        CurveKind::Patchout => (
            icon::COLUMNS,
            "How many columns must be read?",
            "The frozen encoder reads only every Nth column of patches of every window, which saves time, and the probe that is \
             chosen at the left is scored each time. Rows that the encoder's menu leaves out are left out at every point.",
        ),
        CurveKind::Labels => (
            icon::CHART_LINE_UP,
            "How many labels are enough?",
            "The probe that is chosen at the left learns from 1, 2, 5, ... tracks of each class, drawn ten times, and is \
             always tested on the same tracks.",
        ),
        CurveKind::Layers => (
            icon::STACK,
            "Which block knows most?",
            "The same probe is trained on what every block of the frozen encoder gives: genre and key often sit at \
             different depths.",
        ),
    };
    parts::empty(ui, symbol, title, hint);
}

/// Scores stand in percent.
fn percent(score: f64) -> f64 {
    100.0 * score
}

fn plot(
    ui: &mut Ui,
    model: &AppState,
    kind: CurveKind,
    curve: &ScoreCurve,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let mut points: Vec<&ScorePoint> = curve.points.iter().collect();
    points.sort_by(|a, b| a.x.total_cmp(&b.x));
    let at = |point: &ScorePoint| kind.on_axis(point.x);
    let xs: Vec<f64> = points.iter().map(|point| at(point)).collect();
    let edge = |sign: f64| -> Vec<f64> {
        let off = |point: &&ScorePoint| point.mean + sign * point.deviation.unwrap_or(0.0);
        points.iter().map(off).map(percent).collect()
    };
    let (low, high) = (edge(-1.0), edge(1.0));
    let line: Vec<[f64; 2]> = points.iter().map(|p| [at(p), percent(p.mean)]).collect();
    let height = ui.available_height() - KEY_HEIGHT - theme::SPACE;
    let mut plot = parts::fixed_plot(ui, ("score curve", kind.index()))
        .height(height.max(24.0 * theme::UNIT))
        .x_axis_label(kind.axis())
        .y_axis_label(curve.axis())
        .y_axis_min_width(14.0 * theme::UNIT)
        .set_margin_fraction([0.02, 0.08].into())
        .label_formatter(|place| {
            let (HoverPosition::NearDataPoint { position, .. }
            | HoverPosition::Elsewhere { position }) = place;
            curve.read(kind, position.x)
        });
    match kind {
        CurveKind::MaskRatio => plot = plot.include_x(0.0).include_x(100.0),
        // Tracks double from mark to mark.
        CurveKind::Labels => plot = plot.x_axis_formatter(|mark, _| count(mark.value)),
        CurveKind::Patchout | CurveKind::Layers => {
            plot = plot.x_axis_formatter(|mark, _| whole(mark.value));
        }
    }
    if let Some(baseline) = curve.baseline {
        plot = plot.include_y(percent(baseline));
    }
    let heard = heard(model, kind);
    let drawn = plot.show(ui, |plot| {
        let band = FilledArea::new("spread", &xs, &low, &high)
            .fill_color(tokens.accent.gamma_multiply(0.25))
            .allow_hover(false)
            .stroke(Stroke::NONE);
        plot.add(band);
        for point in &points {
            if let Some([low, high]) = point.interval {
                let ends = vec![[at(point), percent(low)], [at(point), percent(high)]];
                let stroke = Stroke::new(theme::LINE, tokens.text_weak);
                let ends = Line::new("interval", PlotPoints::from(ends));
                plot.line(ends.stroke(stroke).allow_hover(false));
            }
        }
        if let Some(baseline) = curve.baseline {
            let level = HLine::new("baseline", percent(baseline))
                .stroke(Stroke::new(theme::LINE, tokens.text_weak))
                .style(LineStyle::dashed_loose());
            plot.hline(level);
        }
        if let Some(heard) = heard {
            let stroke = Stroke::new(theme::LINE, tokens.text_strong);
            plot.vline(VLine::new("heard", heard).stroke(stroke));
        }
        let strong = Stroke::new(theme::LINE_STRONG, tokens.accent);
        // Nothing pulls the pointer to itself: along the curve it moves as the hand does.
        let score = Line::new("score", PlotPoints::from(line.clone()));
        plot.line(score.stroke(strong).allow_hover(false));
        let dots = Points::new("score", PlotPoints::from(line.clone()));
        let dots = dots.radius(theme::LABEL_DOT).color(tokens.accent);
        plot.points(dots.allow_hover(false));
    });
    let response = drawn.response;
    let name = format!("{} against {}", curve.axis(), kind.axis());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &name));
    if heard.is_some() {
        listen(ui, model, kind, &response, &drawn.transform, out);
    }
    key(ui, kind, curve, heard.is_some());
}

/// Where on the axis lies what the mask of the spectrogram leaves to be heard, of curves along which that can be set.
fn heard(model: &AppState, kind: CurveKind) -> Option<f64> {
    match kind {
        CurveKind::MaskRatio => Some(f64::from(model.mask.form.percent())),
        // A Myna's own masks are drawn, patch by patch.
        CurveKind::Patchout => {
            let every = model.teaching.form.patchout.every.max(1);
            model.mask.own.as_ref().map(|_| every as f64)
        }
        CurveKind::Labels | CurveKind::Layers => None,
    }
}

/// The number of tracks at a place, where it is whole.
fn count(place: f64) -> String {
    if (place - place.round()).abs() < 1e-6 {
        format!("{:.0}", place.exp2())
    } else {
        String::new()
    }
}

/// A number where it is whole.
pub(super) fn whole(place: f64) -> String {
    if (place - place.round()).abs() < 1e-6 {
        format!("{place:.0}")
    } else {
        String::new()
    }
}

/// Pressing and dragging sets the mask or the patchout of the spectrogram, and plays what is left.
fn listen(
    ui: &Ui,
    model: &AppState,
    kind: CurveKind,
    response: &egui::Response,
    transform: &egui_plot::PlotTransform,
    out: &mut Vec<Command>,
) {
    if response.hovered() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::ResizeHorizontal);
    }
    let held = response.is_pointer_button_down_on() || response.clicked();
    let Some(place) = response.interact_pointer_pos().filter(|_| held) else {
        return;
    };
    let at = transform.value_from_position(place).x.round();
    let mask = &model.mask;
    let form = match kind {
        CurveKind::Patchout => {
            let every = at.clamp(1.0, MOST_PATCHOUT as f64) as usize;
            let form = model.teaching.form;
            if form.patchout.every != every {
                let patchout = Patchout {
                    every,
                    ..form.patchout
                };
                let form = TeachForm { patchout, ..form };
                out.push(Command::Teach(TeachCommand::Edit(form)));
            }
            MaskForm {
                shown: true,
                patchout: true,
                ..mask.form
            }
        }
        _ => {
            let most = f64::from(MOST_PERCENT);
            let Ok(ratio) = MaskRatio::new(at.clamp(0.0, most) / 100.0) else {
                return;
            };
            MaskForm {
                shown: true,
                // The curve was drawn with patches dropped at random.
                kind: MaskKind::Random,
                patchout: false,
                ratio,
                ..mask.form
            }
        }
    };
    if form != mask.form {
        out.push(Command::Mask(MaskCommand::Demonstrate(form)));
    }
    if model.transport.form.hearing != Hearing::Left {
        out.push(Command::edit_sound(model, |form| {
            form.hearing = Hearing::Left;
        }));
    }
    let pressed = ui.input(|input| input.pointer.primary_pressed());
    if pressed && !model.transport.playing {
        out.push(Command::Sound(SoundCommand::TogglePlay));
    }
}

/// What the marks mean.
fn key(ui: &mut Ui, kind: CurveKind, curve: &ScoreCurve, can_be_heard: bool) {
    let tokens = theme::tokens(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SPACE_SMALL;
        let mut mark = |draw: &dyn Fn(&egui::Painter, egui::Rect), text: &str| {
            let (rect, _) =
                ui.allocate_exact_size(vec2(4.0 * theme::UNIT, KEY_HEIGHT), Sense::hover());
            draw(ui.painter(), rect);
            ui.label(theme::small(text).color(tokens.text_weak));
            ui.add_space(theme::SPACE);
        };
        let line = |painter: &egui::Painter, rect: egui::Rect, stroke: Stroke| {
            painter.hline(rect.x_range(), rect.center().y, stroke);
        };
        let strong = Stroke::new(theme::LINE_STRONG, tokens.accent);
        let weak = Stroke::new(theme::LINE, tokens.text_weak);
        mark(&|painter, rect| line(painter, rect, strong), "mean");
        let fill: Color32 = tokens.accent.gamma_multiply(0.25);
        let has = |of: fn(&ScorePoint) -> bool| curve.points.iter().any(of);
        if has(|point| point.deviation.is_some()) {
            let spread = format!("\u{b1} standard deviation over {}", kind.spread());
            mark(
                &|painter, rect| {
                    let rect = rect.shrink2(vec2(0.0, 2.0 * theme::UNIT));
                    painter.rect_filled(rect, 0, fill);
                },
                &spread,
            );
        }
        if has(|point| point.interval.is_some()) {
            mark(
                &|painter, rect| {
                    let range = rect.y_range().shrink(theme::UNIT);
                    painter.vline(rect.center().x, range, weak);
                },
                "95 % interval over test tracks",
            );
        }
        if curve.baseline.is_some() {
            mark(
                &|painter, rect| {
                    let ends = [rect.left_center(), rect.right_center()];
                    painter.extend(egui::Shape::dashed_line(&ends, weak, theme::UNIT, 3.0));
                },
                "majority baseline",
            );
        }
        if can_be_heard {
            mark(
                &|painter, rect| {
                    let stroke = Stroke::new(theme::LINE, tokens.text_strong);
                    painter.vline(rect.center().x, rect.y_range().shrink(theme::UNIT), stroke);
                },
                "heard: drag it",
            );
        }
    });
}
