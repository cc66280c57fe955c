//! Named stretches over the picture: a tag each at the top, edges down through it.

use eframe::egui::{self, Align2, Rect, Sense, pos2, vec2};

use crate::gui::{
    command::{Command, RegionsCommand},
    model::{AppState, Naming, TimeView},
    panels::fields::{self, Typed},
    theme,
};
use mynascope_collection::Region;

use super::{picture::x_of, selection::BAR};

/// Height of a tag.
const TAG: f32 = 4.5 * theme::UNIT;
/// Rows of tags; further ones share the last.
const ROWS: usize = 3;
/// Width of the field for a name.
const FIELD: f32 = 45.0 * theme::UNIT;

/// A region as it lies on the picture.
struct Placed<'a> {
    /// Its place among the regions of the track.
    index: usize,
    region: &'a Region,
    /// Its stretch, over the whole height.
    stretch: Rect,
    tag: Rect,
}

/// Draws the regions of the shown track.
pub fn draw(ui: &egui::Ui, model: &AppState, area: Rect) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter().with_clip_rect(area);
    for placed in place_all(ui, model, area) {
        for x in [placed.stretch.left(), placed.stretch.right()] {
            let line = (theme::LINE, tokens.on_picture.gamma_multiply(0.5));
            painter.vline(x, area.y_range(), line);
        }
        painter.rect_filled(placed.tag, f32::from(theme::CORNER), tokens.picture_shade);
        let text = shown_name(placed.region).to_owned();
        let inner = placed.tag.shrink2(vec2(theme::SPACE_SMALL, 0.0));
        let clipped = painter.with_clip_rect(inner.intersect(area));
        clipped.text(
            inner.left_center(),
            Align2::LEFT_CENTER,
            text,
            theme::small_font(),
            tokens.on_picture,
        );
    }
}

fn shown_name(region: &Region) -> &str {
    match region.name.is_empty() {
        true => "(no name)",
        false => &region.name,
    }
}

/// Those that are seen, each with a tag in a row where it covers no other.
fn place_all<'a>(ui: &egui::Ui, model: &'a AppState, area: Rect) -> Vec<Placed<'a>> {
    let view = &model.spectrogram.view;
    let mut ends = [f32::NEG_INFINITY; ROWS];
    let mut placed = Vec::new();
    for (index, region) in model.shown_regions().iter().enumerate() {
        let stretch = stretch_of(view, area, region);
        if stretch.right() < area.left() || stretch.left() > area.right() {
            continue;
        }
        let font = theme::small_font();
        let name = shown_name(region).to_owned();
        let text = ui
            .painter()
            .layout_no_wrap(name, font, egui::Color32::WHITE);
        // At least as wide as the name's beginning, so that a moment can be read and taken.
        let wanted = (text.size().x + 2.0 * theme::SPACE_SMALL).min(25.0 * theme::UNIT);
        let left = stretch.left().max(area.left());
        let width = wanted.max(stretch.right().min(area.right()) - left);
        let row = ends.iter().position(|end| *end <= left).unwrap_or(ROWS - 1);
        if let Some(end) = ends.get_mut(row) {
            *end = left + width + 1.0;
        }
        let top = area.top() + BAR + theme::UNIT + row as f32 * (TAG + 1.0);
        placed.push(Placed {
            index,
            region,
            stretch,
            tag: Rect::from_min_size(pos2(left, top), vec2(width, TAG)),
        });
    }
    placed
}

fn stretch_of(view: &TimeView, area: Rect, region: &Region) -> Rect {
    let x = |secs| x_of(view, area, secs);
    Rect::from_x_y_ranges(x(region.start_secs)..=x(region.end_secs), area.y_range())
}

/// Lets tags be taken, and names be typed.
pub fn pointer(ui: &mut egui::Ui, model: &AppState, area: Rect, out: &mut Vec<Command>) {
    let mut push = |command| out.push(Command::Regions(command));
    for placed in place_all(ui, model, area) {
        let id = ui.id().with(("region", placed.index));
        let response = ui.interact(placed.tag.intersect(area), id, Sense::click());
        let name = format!("Region {}", shown_name(placed.region));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &name));
        if response.double_clicked() {
            push(RegionsCommand::Rename(placed.index));
        } else if response.clicked() {
            push(RegionsCommand::Select(placed.index));
        }
        response.context_menu(|ui| {
            for (text, command) in [
                ("Select its stretch", RegionsCommand::Select(placed.index)),
                ("Rename …", RegionsCommand::Rename(placed.index)),
                ("Remove", RegionsCommand::Remove(placed.index)),
                ("Write all regions to a file …", RegionsCommand::Export),
            ] {
                if ui.button(text).clicked() {
                    push(command);
                    ui.close();
                }
            }
        });
        let Region {
            start_secs,
            end_secs,
            ..
        } = placed.region;
        response.on_hover_text(format!(
            "{}\n{start_secs:.2} to {end_secs:.2} s\nClick: select its stretch; double click: rename; right click: more",
            shown_name(placed.region)
        ));
    }
    if let Some(naming) = &model.regions.naming {
        field(ui, model, area, naming, out);
    }
}

/// The field for a name, at the stretch that gets it.
fn field(ui: &mut egui::Ui, model: &AppState, area: Rect, naming: &Naming, out: &mut Vec<Command>) {
    let x = x_of(&model.spectrogram.view, area, naming.stretch.start_secs);
    let width = FIELD.min(area.width());
    let left = x.clamp(area.left(), (area.right() - width).max(area.left()));
    let corner = pos2(left, area.top() + BAR + theme::UNIT);
    let place = Rect::from_min_size(corner, vec2(width, theme::CONTROL_HEIGHT));
    let hint = "Name of the region; Enter keeps it";
    let typed = fields::name(
        ui,
        place,
        "region name",
        "Name of the region",
        hint,
        &naming.text,
    );
    let command = match typed {
        Some(Typed::Text(text)) => RegionsCommand::EditName(text),
        Some(Typed::End { keep }) => RegionsCommand::EndName { keep },
        None => return,
    };
    out.push(Command::Regions(command));
}
