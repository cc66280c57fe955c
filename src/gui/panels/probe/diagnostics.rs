//! What tells layers apart without labels: small curves along the encoder, each with what it says.

use eframe::egui::{self, Align, Layout, Rect, Stroke, Ui, UiBuilder, vec2};
use egui_phosphor::regular as icon;
use egui_plot::{GridInput, GridMark, HoverPosition, Line, LineStyle, PlotPoints, Points};

use crate::gui::{
    command::{Command, ProbeCommand},
    model::{AppState, ProbeJob, ShownDiagnosis},
    panels::{parts, row_from_right},
    theme,
};
use mynascope_probe::Diagnostic;

use super::{curve::whole, score};

/// Curves beside each other, and below each other.
const COLUMNS: usize = 3;
const ROWS: usize = 2;
/// Room for a title and a sentence over a curve.
const WORDS: f32 = 17.0 * theme::UNIT;
/// A curve is no lower; what does not fit can be scrolled to.
const LEAST_HEIGHT: f32 = 56.0 * theme::UNIT;

/// The curves of each plot, the first drawn strongest.
const PLOTS: [&[Diagnostic]; 5] = [
    &[Diagnostic::Alignment],
    &[Diagnostic::Uniformity],
    &[Diagnostic::IntrinsicDimension],
    &[Diagnostic::EffectiveRank],
    &[
        Diagnostic::Transposition,
        Diagnostic::TranspositionWithoutMap,
    ],
];

/// Draws the tab.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let probing = &model.probing;
    let mut push = |command| out.push(Command::Probe(command));
    let shown = probing
        .diagnosis
        .as_ref()
        .filter(|shown| !shown.layers.is_empty());
    row_from_right(ui, |ui| {
        if parts::copy_command(ui) {
            push(ProbeCommand::Copy(ProbeJob::Diagnose));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let why = model.why_not(ProbeJob::Diagnose).map(score::sentence);
            let ready = why.is_none();
            let hint = why.as_deref().unwrap_or(
                "Embeds up to 8 windows of up to 100 tracks, as they are and transposed, and measures every layer; labels are \
                 not needed",
            );
            if parts::primary(ui, 44.0 * theme::UNIT, "Measure every layer", ready, hint) {
                push(ProbeCommand::Diagnose);
            }
            if let Some(shown) = shown {
                parts::quiet(ui, shown.about());
            }
        });
    });
    match shown {
        Some(shown) => curves(ui, shown),
        None => nothing(ui, model),
    }
}

fn nothing(ui: &mut Ui, model: &AppState) {
    let running = model.probing.job.is_running() && model.probing.started == ProbeJob::Diagnose;
    let (symbol, title, hint) = match running {
        true => (
            icon::HOURGLASS_MEDIUM,
            "The first layer is on its way",
            "Windows are embedded first, as they are and transposed.",
        ),
        false => (
            icon::STETHOSCOPE,
            "Which layer, without a single label?",
            "How close the windows of a track lie, how evenly all are spread and in how many directions, and whether embeddings \
             move with the pitch: five curves along the layers of the encoder.",
        ),
    };
    parts::empty(ui, symbol, title, hint);
}

fn curves(ui: &mut Ui, shown: &ShownDiagnosis) {
    let scroll = ui.spacing().scroll;
    let width = ui.available_width() - scroll.bar_width - scroll.bar_inner_margin;
    let room = ui.available_height();
    egui::ScrollArea::vertical()
        .id_salt("diagnostics")
        .auto_shrink(false)
        .show(ui, |ui| {
            let gap = theme::SPACE_LARGE;
            let cell = vec2(
                (width - gap * (COLUMNS - 1) as f32) / COLUMNS as f32,
                ((room - gap * (ROWS - 1) as f32) / ROWS as f32).max(LEAST_HEIGHT),
            );
            let size = vec2(width, cell.y * ROWS as f32 + gap * (ROWS - 1) as f32);
            let (whole, _) = ui.allocate_exact_size(size, egui::Sense::hover());
            let place = |at: usize| {
                let step = cell + vec2(gap, gap);
                let corner = vec2((at % COLUMNS) as f32, (at / COLUMNS) as f32) * step;
                Rect::from_min_size(whole.min + corner, cell)
            };
            for (at, diagnostics) in PLOTS.into_iter().enumerate() {
                ui.scope_builder(UiBuilder::new().max_rect(place(at)), |ui| {
                    plot(ui, shown, diagnostics);
                });
            }
            ui.scope_builder(UiBuilder::new().max_rect(place(PLOTS.len())), |ui| {
                notes(ui, shown);
            });
        });
}

/// What the reader must know, and what the two lines of the last plot are.
fn notes(ui: &mut Ui, shown: &ShownDiagnosis) {
    egui::ScrollArea::vertical()
        .id_salt("diagnostics notes")
        .show(ui, |ui| {
            parts::heading(ui, "To judge them");
            let notes = shown.done.iter().flat_map(|done| &done.notes);
            for note in notes {
                parts::explain(ui, first_upper(note));
            }
            if let Some(count) = shown.done.as_ref().map(|done| done.skipped.len())
                && count > 0
            {
                let tracks = mynascope_base::counted(count, "track");
                parts::explain(ui, format!("{tracks} could not be embedded"));
            }
            let sources = PLOTS.iter().map(|plot| plot.first()).map(|first| {
                first.map_or_else(String::new, |it| format!("{}: {}", it.name(), it.source()))
            });
            parts::explain(
                ui,
                format!("Sources: {}", sources.collect::<Vec<_>>().join("; ")),
            );
        });
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// A few round numbers of an axis, `least` or more apart: the plot's own grid goes by powers of ten and leaves one of them or none.
fn round_marks(input: GridInput, least: f64) -> Vec<GridMark> {
    /// So many numbers have room in the narrowest plot.
    const MOST: f64 = 3.5;
    let (low, high) = input.bounds;
    let apart = ((high - low) / MOST).max(least).max(1e-9);
    let power = 10_f64.powf(apart.log10().floor());
    let round = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = round
        .into_iter()
        .find(|step| *step >= apart)
        .unwrap_or(apart);
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    let count = (last - first).clamp(0.0, 2.0 * MOST) as usize;
    (0..=count)
        .map(|place| GridMark {
            value: (first + place as f64) * step,
            step_size: step,
        })
        .collect()
}

fn as_exact_as_its_step(mark: GridMark) -> String {
    let digits = (-mark.step_size.log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{:.digits$}", mark.value)
}

fn plot(ui: &mut Ui, shown: &ShownDiagnosis, diagnostics: &[Diagnostic]) {
    let tokens = theme::tokens(ui);
    let Some(&first) = diagnostics.first() else {
        return;
    };
    let words = Rect::from_min_size(ui.max_rect().min, vec2(ui.available_width(), WORDS));
    let name = match diagnostics.len() {
        1 => first.name(),
        _ => "transposition: linear map, and no map (dashed)",
    };
    ui.scope_builder(UiBuilder::new().max_rect(words), |ui| {
        parts::heading(ui, &first_upper(name));
        parts::explain(ui, first.explain());
    });
    let rest = Rect::from_min_max(words.left_bottom(), ui.max_rect().max);
    ui.scope_builder(UiBuilder::new().max_rect(rest), |ui| {
        let lines: Vec<(Diagnostic, Vec<[f64; 2]>)> = diagnostics
            .iter()
            .map(|&diagnostic| (diagnostic, shown.curve(diagnostic)))
            .collect();
        if lines.iter().all(|(_, line)| line.is_empty()) {
            for why in shown.gaps(first) {
                parts::explain(ui, format!("Not defined: {why}"));
            }
            return;
        }
        let plot = parts::fixed_plot(ui, ("diagnostic", first.name()))
            .height(ui.available_height())
            .y_axis_min_width(9.0 * theme::UNIT)
            .set_margin_fraction([0.05, 0.1].into())
            .x_axis_label("layer")
            .x_grid_spacer(|input| round_marks(input, 1.0))
            .y_grid_spacer(|input| round_marks(input, 0.0))
            .x_axis_formatter(|mark, _| whole(mark.value))
            .y_axis_formatter(|mark, _| as_exact_as_its_step(mark))
            .label_formatter(|place| {
                let (HoverPosition::NearDataPoint { position, .. }
                | HoverPosition::Elsewhere { position }) = place;
                shown.read(diagnostics, position.x)
            });
        let drawn = plot.show(ui, |plot| {
            for (at, (diagnostic, line)) in lines.into_iter().enumerate() {
                let (colour, width) = match at {
                    0 => (tokens.accent, theme::LINE_STRONG),
                    _ => (tokens.text_weak, theme::LINE),
                };
                let curve = Line::new(diagnostic.name(), PlotPoints::from(line.clone()));
                let curve = curve.stroke(Stroke::new(width, colour)).allow_hover(false);
                plot.line(match at {
                    0 => curve,
                    _ => curve.style(LineStyle::dashed_loose()),
                });
                let dots = Points::new(diagnostic.name(), PlotPoints::from(line));
                let dots = dots.radius(theme::LABEL_DOT - at as f32).color(colour);
                plot.points(dots.allow_hover(false));
            }
        });
        let name = format!("{name} against layer");
        drawn
            .response
            .widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &name));
    });
}
