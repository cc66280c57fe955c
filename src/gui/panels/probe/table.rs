//! Tables of the Probe layout: columns that line up, a heading that can sort, rows that can be clicked.

use eframe::egui::{
    self, Align2, Color32, Rect, Response, Sense, TextWrapMode, Ui, WidgetInfo, WidgetText,
    WidgetType, pos2, vec2,
};
use egui_phosphor::regular as icon;

use crate::gui::theme;

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    /// What stands in it, in one sentence.
    pub help: &'static str,
    pub width: Width,
    /// Numbers stand at the right.
    pub number: bool,
}

/// How wide a column is.
#[derive(Debug, Clone, Copy)]
pub enum Width {
    Points(f32),
    /// A share of what the others leave.
    Share(f32),
}

impl Column {
    /// A column of words that takes a share of the room.
    pub const fn words(name: &'static str, help: &'static str, share: f32) -> Self {
        Self {
            name,
            help,
            width: Width::Share(share),
            number: false,
        }
    }

    /// A column of numbers.
    pub const fn number(name: &'static str, help: &'static str, units: f32) -> Self {
        Self {
            name,
            help,
            width: Width::Points(units * theme::UNIT),
            number: true,
        }
    }
}

/// Between two columns.
const GAP: f32 = 5.0 * theme::UNIT;

/// Where the columns of a row lie.
pub fn places(columns: &[Column], row: Rect) -> impl Iterator<Item = Rect> {
    let inner = row.shrink2(vec2(theme::SPACE, 0.0));
    let gaps = columns.len().saturating_sub(1) as f32 * GAP;
    let (mut fixed, mut shares) = (gaps, 0.0);
    for column in columns {
        match column.width {
            Width::Points(points) => fixed += points,
            Width::Share(share) => shares += share,
        }
    }
    let room = (inner.width() - fixed).max(0.0);
    let mut left = inner.left();
    columns.iter().map(move |column| {
        let width = match column.width {
            Width::Points(points) => points,
            Width::Share(share) => room * share / shares,
        };
        let rect = Rect::from_min_max(pos2(left, row.top()), pos2(left + width, row.bottom()));
        left += width + GAP;
        rect
    })
}

/// Draws one line of text in a place; what does not fit ends in dots.
pub fn write(ui: &Ui, place: Rect, number: bool, text: &str, colour: Color32) {
    let text = WidgetText::from(egui::RichText::new(text).color(colour));
    let wrap = Some(TextWrapMode::Truncate);
    let galley = text.into_galley(ui, wrap, place.width(), egui::TextStyle::Body);
    let align = if number {
        Align2::RIGHT_CENTER
    } else {
        Align2::LEFT_CENTER
    };
    let corner = align.align_size_within_rect(galley.size(), place).min;
    let clip = place.expand(1.0).intersect(ui.clip_rect());
    ui.painter()
        .with_clip_rect(clip)
        .galley(corner, galley, colour);
}

/// Draws the heading. `sorted` is the column by which the rows are sorted and whether it is turned round; a click on a
/// heading is told by its place. Without `sorted`, nothing can be sorted. `rows` is how many rows follow in a scroll
/// area: where they don't fit, the heading leaves room for its bar.
pub fn heading(
    ui: &mut Ui,
    columns: &[Column],
    rows: usize,
    sorted: Option<(usize, bool)>,
) -> Option<usize> {
    let tokens = theme::tokens(ui);
    let scroll = ui.spacing().scroll;
    let overflows = (rows + 1) as f32 * theme::ROW_HEIGHT > ui.available_height();
    let size = vec2(ui.available_width(), theme::ROW_HEIGHT);
    let (mut row, _) = ui.allocate_exact_size(size, Sense::hover());
    if overflows {
        row.max.x -= scroll.bar_width + scroll.bar_inner_margin;
    }
    let mut clicked = None;
    for (index, (column, place)) in columns.iter().zip(places(columns, row)).enumerate() {
        let id = ui.id().with(("heading", column.name));
        let sense = match sorted {
            Some(_) => Sense::click(),
            None => Sense::hover(),
        };
        let response = ui.interact(place, id, sense);
        let strong = response.hovered() && sorted.is_some();
        let text = match sorted {
            Some((by, back)) if by == index => {
                let arrow = if back {
                    icon::CARET_UP
                } else {
                    icon::CARET_DOWN
                };
                format!("{} {arrow}", column.name)
            }
            _ => column.name.to_owned(),
        };
        let colour = if strong {
            tokens.text_strong
        } else {
            tokens.text_weak
        };
        write(ui, place, column.number, &text, colour);
        if response.clicked() {
            clicked = Some(index);
        }
        if sorted.is_some() {
            let name = format!("Sort by {}", column.name);
            response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, &name));
            response.on_hover_text(format!("{}; a click sorts by it", column.help));
        } else {
            response.on_hover_text(column.help);
        }
    }
    let line = egui::Stroke::new(theme::LINE, tokens.hairline);
    ui.painter().hline(row.x_range(), row.bottom(), line);
    clicked
}

/// What a row is and does.
#[derive(Default)]
pub struct Row<'a> {
    /// Its name in the accessibility tree.
    pub name: &'a str,
    pub help: &'a str,
    pub chosen: bool,
    /// Whether a click does something.
    pub clickable: bool,
}

/// Draws a row; each cell has its text and whether it is quiet, plain or strong.
pub fn row(
    ui: &mut Ui,
    columns: &[Column],
    cells: &[(&str, Color32)],
    about: &Row<'_>,
) -> Response {
    let tokens = theme::tokens(ui);
    let size = vec2(ui.available_width(), theme::ROW_HEIGHT);
    let sense = if about.clickable {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(size, sense);
    let fill = match about {
        Row { chosen: true, .. } => Some(tokens.accent_quiet),
        Row {
            clickable: true, ..
        } if response.hovered() => Some(tokens.raised),
        _ => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, theme::CORNER, fill);
    }
    if response.has_focus() {
        let ring = egui::Stroke::new(theme::LINE, tokens.accent);
        let inside = egui::StrokeKind::Inside;
        ui.painter().rect_stroke(rect, theme::CORNER, ring, inside);
    }
    for ((column, place), (text, colour)) in columns.iter().zip(places(columns, rect)).zip(cells) {
        write(ui, place, column.number, text, *colour);
    }
    let kind = match about.clickable {
        true => WidgetType::Button,
        false => WidgetType::Label,
    };
    response.widget_info(|| WidgetInfo::selected(kind, true, about.chosen, about.name));
    if about.help.is_empty() {
        response
    } else {
        response.on_hover_text(about.help)
    }
}
