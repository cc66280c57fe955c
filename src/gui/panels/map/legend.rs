//! What the colours stand for: groups that can be hidden and picked, or a scale of numbers.

use eframe::egui::{self, Color32, Ui, Vec2, pos2};
use mynascope_base::counted;

use crate::gui::{
    command::{Command, MapCommand},
    model::{Chart, LegendEntry, Mapping, Scale, Shade},
    paint::scatter::colour_of,
    theme,
};

/// Heights of the bar of a scale.
const SCALE_HEIGHT: std::ops::RangeInclusive<f32> = 20.0 * theme::UNIT..=60.0 * theme::UNIT;
/// Colours in the bar of a scale.
const STEPS: usize = 64;

/// Draws the legend.
pub fn show(ui: &mut Ui, mapping: &Mapping, chart: &Chart, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    if let Some(scale) = &chart.scale {
        return bar(ui, scale);
    }
    search(ui, mapping, chart, out);
    let entries = listed(mapping, chart);
    let below = match mapping.hidden.is_empty() {
        true => 0.0,
        false => theme::CONTROL_HEIGHT + theme::SPACE,
    };
    let mut lit = None;
    egui::ScrollArea::vertical()
        .id_salt("legend")
        .auto_shrink([false, true])
        .max_height((ui.available_height() - below).max(theme::ROW_HEIGHT))
        .show_rows(ui, theme::ROW_HEIGHT, entries.len(), |ui, rows| {
            for entry in entries.get(rows).unwrap_or_default() {
                row(ui, ui.available_width(), mapping, entry, &mut lit, out);
            }
        });
    light(mapping, lit, out);
    if !mapping.hidden.is_empty() {
        ui.add_space(theme::SPACE);
        show_all(ui, out);
    }
}

/// Legends of more groups can be searched.
const MANY: usize = 12;

/// The field that finds groups by their names.
fn search(ui: &mut Ui, mapping: &Mapping, chart: &Chart, out: &mut Vec<Command>) {
    if chart.legend.len() <= MANY {
        return;
    }
    let mut text = mapping.legend_search.clone();
    let field = egui::TextEdit::singleline(&mut text)
        .hint_text(format!("Find in {} groups", chart.legend.len()))
        .desired_width(ui.available_width());
    let hint = "Lists the groups whose names hold this; the map goes on showing all";
    if ui.add(field).on_hover_text(hint).changed() {
        out.push(Command::Map(MapCommand::SearchLegend(text)));
    }
    ui.add_space(theme::SPACE_SMALL);
}

/// The groups that are listed.
fn listed<'a>(mapping: &Mapping, chart: &'a Chart) -> Vec<&'a LegendEntry> {
    let wanted = mapping.legend_search.trim().to_lowercase();
    let mut entries: Vec<&LegendEntry> = chart.legend.iter().collect();
    if entries.len() > MANY && !wanted.is_empty() {
        entries.retain(|entry| entry.label.to_lowercase().contains(&wanted));
    }
    entries
}

/// Lights the points of the group under the pointer, and of no other.
fn light(mapping: &Mapping, lit: Option<String>, out: &mut Vec<Command>) {
    if lit != mapping.lit {
        out.push(Command::Map(MapCommand::LightLabel(lit)));
    }
}

fn show_all(ui: &mut Ui, out: &mut Vec<Command>) {
    let hint = "Shows the points of every group again";
    if ui.button("Show all").on_hover_text(hint).clicked() {
        out.push(Command::Map(MapCommand::ShowAllLabels));
    }
}

/// Width of a group in a strip, and how many lines of it are seen without scrolling.
const CELL_WIDTH: f32 = 28.0 * theme::UNIT;
const STRIP_LINES: usize = 3;

/// Groups a line of a strip, and lines.
fn strip_shape(width: f32, groups: usize) -> (usize, usize) {
    let columns = ((width / CELL_WIDTH) as usize).max(1);
    (columns, groups.div_ceil(columns))
}

/// How high a strip of a width is.
pub fn strip_height(width: f32, mapping: &Mapping, chart: &Chart) -> f32 {
    let (_, lines) = strip_shape(width, chart.legend.len());
    let below = match mapping.hidden.is_empty() {
        true => 0.0,
        false => theme::CONTROL_HEIGHT + theme::SPACE,
    };
    lines.min(STRIP_LINES) as f32 * theme::ROW_HEIGHT + below
}

/// Draws the groups side by side, below maps that need all the width.
pub fn strip(ui: &mut Ui, mapping: &Mapping, chart: &Chart, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing = Vec2::ZERO;
    let width = ui.available_width();
    let (columns, lines) = strip_shape(width, chart.legend.len());
    let cell = width / columns as f32;
    let mut lit = None;
    egui::ScrollArea::vertical()
        .id_salt("legend")
        .auto_shrink([false, true])
        .max_height(lines.min(STRIP_LINES) as f32 * theme::ROW_HEIGHT)
        .show_rows(ui, theme::ROW_HEIGHT, lines, |ui, rows| {
            for line in rows {
                let entries = chart.legend.iter().skip(line * columns).take(columns);
                ui.horizontal(|ui| {
                    for entry in entries {
                        row(ui, cell - theme::SPACE, mapping, entry, &mut lit, out);
                        ui.add_space(theme::SPACE);
                    }
                });
            }
        });
    light(mapping, lit, out);
    if !mapping.hidden.is_empty() {
        ui.add_space(theme::SPACE);
        show_all(ui, out);
    }
}

/// The place of a group among the labels, which tells its mark.
pub fn place_of(shade: Shade) -> usize {
    match shade {
        Shade::Group(group) => group as usize,
        Shade::Share(_) | Shade::Unknown => 0,
    }
}

fn row(
    ui: &mut Ui,
    width: f32,
    mapping: &Mapping,
    entry: &LegendEntry,
    lit: &mut Option<String>,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let shown = !mapping.hidden.contains(&entry.label);
    let size = Vec2::new(width, theme::ROW_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::selected(
            egui::WidgetType::Checkbox,
            true,
            shown,
            format!("Points of {}", entry.label),
        )
    });
    if response.hovered() || response.has_focus() {
        *lit = Some(entry.label.clone());
        ui.painter().rect_filled(rect, theme::CORNER, tokens.raised);
    }
    let text = if shown { tokens.text } else { tokens.text_weak };
    let colour = match shown {
        true => colour_of(tokens, entry.shade),
        false => tokens.raised,
    };
    let dot = rect.left_center() + Vec2::new(2.0 * theme::UNIT, 0.0);
    theme::label_mark(
        ui.painter(),
        dot,
        1.25 * theme::UNIT,
        place_of(entry.shade),
        colour,
    );
    let count = ui.painter().text(
        rect.right_center() - Vec2::new(theme::UNIT, 0.0),
        egui::Align2::RIGHT_CENTER,
        entry.points.to_string(),
        theme::small_font(),
        tokens.text_weak,
    );
    let mut room = rect;
    room.min.x = dot.x + 2.5 * theme::UNIT;
    room.max.x = count.left() - theme::UNIT;
    let mut job = egui::text::LayoutJob::simple_singleline(
        entry.label.clone(),
        egui::FontId::proportional(theme::TEXT_BODY),
        text,
    );
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.width());
    let galley = ui.painter().layout_job(job);
    let place = pos2(room.left(), room.center().y - 0.5 * galley.size().y);
    ui.painter().galley(place, galley, text);
    let hint = format!(
        "{} of {}. A click shows them alone, and all again; Ctrl+click hides or shows them; Shift+click adds them to the selection",
        counted(entry.points, "point"),
        entry.label
    );
    let response = response.on_hover_text(hint);
    if response.clicked() {
        let label = entry.label.clone();
        let modifiers = ui.input(|input| input.modifiers);
        out.push(Command::Map(match (modifiers.shift, modifiers.command) {
            (true, _) => MapCommand::PickGroup(label),
            (false, true) => MapCommand::ToggleLabel(label),
            (false, false) => MapCommand::SoloLabel(label),
        }));
    }
}

/// The colours from the least to the greatest number.
pub fn bar(ui: &mut Ui, scale: &Scale) {
    let tokens = theme::tokens(ui);
    let (name, unit) = scale.number.name();
    let title = egui::Label::new(theme::small(name).color(tokens.text_weak)).truncate();
    ui.add(title);
    ui.add_space(theme::SPACE);
    let height = (0.5 * ui.available_height()).clamp(*SCALE_HEIGHT.start(), *SCALE_HEIGHT.end());
    let size = Vec2::new(ui.available_width(), height);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    let said = format!("{name} from {:.2} to {:.2}{unit}", scale.low, scale.high);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &said));
    let mut strip = rect;
    strip.max.x = strip.left() + 3.0 * theme::UNIT;
    let mut mesh = egui::Mesh::default();
    for step in 0..=STEPS {
        let share = step as f32 / STEPS as f32;
        let y = egui::lerp(strip.bottom()..=strip.top(), share);
        let colour = theme::sequential(share);
        let next = mesh.vertices.len() as u32;
        mesh.colored_vertex(pos2(strip.left(), y), colour);
        mesh.colored_vertex(pos2(strip.right(), y), colour);
        if step > 0 {
            mesh.add_triangle(next - 2, next - 1, next);
            mesh.add_triangle(next - 1, next, next + 1);
        }
    }
    ui.painter().add(mesh);
    let digits = match scale.high - scale.low {
        width if width < 2.0 => 2,
        width if width < 20.0 => 1,
        _ => 0,
    };
    let format = |value: f32| format!("{value:.digits$}{unit}");
    let middle = 0.5 * (scale.low + scale.high);
    for (value, place, align) in [
        (scale.high, strip.right_top(), egui::Align2::LEFT_TOP),
        (middle, strip.right_center(), egui::Align2::LEFT_CENTER),
        (scale.low, strip.right_bottom(), egui::Align2::LEFT_BOTTOM),
    ] {
        let at = place + Vec2::new(theme::SPACE, 0.0);
        let font = theme::small_font();
        ui.painter()
            .text(at, align, format(value), font, tokens.text);
    }
    ui.add_space(theme::SPACE);
    let unknown = scale
        .values
        .iter()
        .filter(|value| !value.is_finite())
        .count();
    if unknown > 0 {
        key(ui, theme::NO_LABEL, &format!("{unknown} not known"));
    }
}

/// A dot and what it stands for.
fn key(ui: &mut Ui, colour: Color32, text: &str) {
    let tokens = theme::tokens(ui);
    let size = Vec2::new(ui.available_width(), theme::ROW_HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    let dot = rect.left_center() + Vec2::new(1.5 * theme::UNIT, 0.0);
    ui.painter().circle_filled(dot, 1.25 * theme::UNIT, colour);
    let at = dot + Vec2::new(3.0 * theme::UNIT, 0.0);
    let align = egui::Align2::LEFT_CENTER;
    ui.painter()
        .text(at, align, text, theme::small_font(), tokens.text_weak);
}
