//! Which columns there is room for, and their headings.

use eframe::egui::{self, Button, Rect, pos2};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::Command,
    model::{AppState, Colouring, Column, Sort},
    theme::{self, small},
};

/// The columns that are shown, each with its place from left to right.
pub struct Columns(Vec<(Column, f32, f32)>);

/// From this width on, split, key and tempo are shown.
const WIDE: f32 = 130.0 * theme::UNIT;
/// From this width on, the path is shown, too.
const WIDEST: f32 = 190.0 * theme::UNIT;

/// Whether the column of labels shows what the probe in use answered.
pub fn shows_answers(model: &AppState) -> bool {
    model.mapping.colouring == Colouring::Answers && model.probing.answered.is_open()
}

fn width(column: Column, space: f32) -> f32 {
    match column {
        // What the others leave.
        Column::Title => 0.0,
        Column::Label => (0.26 * space).min(45.0 * theme::UNIT),
        Column::Artist | Column::Album => {
            (0.22 * space).clamp(20.0 * theme::UNIT, 50.0 * theme::UNIT)
        }
        Column::Genre => (0.16 * space).clamp(16.0 * theme::UNIT, 36.0 * theme::UNIT),
        Column::Date => 20.0 * theme::UNIT,
        Column::Split => 14.0 * theme::UNIT,
        Column::Key => 20.0 * theme::UNIT,
        Column::Tempo => 14.0 * theme::UNIT,
        Column::Path => 0.3 * space,
        Column::Length => 14.0 * theme::UNIT,
    }
}

/// What all columns but the title may take of the width together.
const LARGEST_SHARE: f32 = 0.7;

/// Whether a column is shown in a list of a width.
fn is_shown(model: &AppState, column: Column, space: f32) -> bool {
    let library = &model.library;
    let answers = column == Column::Label && shows_answers(model);
    if column == Column::Title {
        return true;
    }
    if let Some(chosen) = model.settings.columns.get(column.name()) {
        return *chosen && (library.has(column) || answers);
    }
    match column {
        Column::Title | Column::Length => true,
        Column::Label => library.has(column) || answers,
        Column::Split | Column::Key | Column::Tempo | Column::Artist => {
            space >= WIDE && library.has(column)
        }
        Column::Path => space >= WIDEST,
        Column::Album | Column::Genre | Column::Date => space >= WIDEST && library.has(column),
    }
}

/// The menu in which columns are chosen; `space` is the width of the list.
pub fn chooser(ui: &mut egui::Ui, model: &AppState, space: f32, out: &mut Vec<Command>) {
    for column in Column::ALL.into_iter().skip(1) {
        let mut shown = is_shown(model, column, space);
        let there = model.library.has(column);
        let check = egui::Checkbox::new(&mut shown, column.name());
        let response = ui.add_enabled(there, check);
        let response = response.on_disabled_hover_text("No track of this collection has it");
        if response.changed() {
            out.push(Command::edit_settings(model, |settings| {
                settings.columns.insert(column.name().to_owned(), shown);
            }));
        }
    }
    if ui.button("As there is room").clicked() {
        out.push(Command::edit_settings(model, |settings| {
            settings.columns.clear()
        }));
        ui.close();
    }
}

impl Columns {
    /// The columns of a list of a width: those that the user chose, and of the others those that there is room for.
    pub fn fit(model: &AppState, space: f32) -> Self {
        let shown = |column: &Column| is_shown(model, *column, space);
        let columns: Vec<Column> = Column::ALL.into_iter().filter(shown).collect();
        let others: f32 = columns.iter().map(|column| width(*column, space)).sum();
        // The title keeps its share, however many others were chosen.
        let shrink = (LARGEST_SHARE * space / others.max(1.0)).min(1.0);
        let mut left = 0.0;
        Self(
            columns
                .into_iter()
                .map(|column| {
                    let own = match column {
                        Column::Title => (space - shrink * others).max(0.0),
                        _ => shrink * width(column, space),
                    };
                    let place = (column, left, left + own);
                    left += own;
                    place
                })
                .collect(),
        )
    }

    /// The columns with their places in a row.
    pub fn places(&self, row: Rect) -> impl Iterator<Item = (Column, Rect)> {
        self.0.iter().map(move |&(column, from, to)| {
            let (from, to) = (row.left() + from, row.left() + to);
            let cell = Rect::from_min_max(pos2(from, row.top()), pos2(to, row.bottom()));
            (column, cell)
        })
    }

    /// Draws the headings; a click sorts.
    pub fn headings(&self, ui: &mut egui::Ui, row: Rect, model: &AppState, out: &mut Vec<Command>) {
        let sort = model.library.form.sort;
        let tokens = theme::tokens(ui);
        for (column, cell) in self.places(row) {
            let sorted = sort.filter(|sort| sort.column == column);
            let arrow = match sorted {
                Some(Sort {
                    descending: true, ..
                }) => format!(" {}", icon::CARET_DOWN),
                Some(_) => format!(" {}", icon::CARET_UP),
                None => String::new(),
            };
            let colour = match sorted {
                Some(_) => tokens.text_strong,
                None => tokens.text_weak,
            };
            let name = match column {
                Column::Label if shows_answers(model) => "probe's answer",
                column => column.name(),
            };
            let text = small(format!("{name}{arrow}")).color(colour);
            let is_number = matches!(column, Column::Length | Column::Tempo);
            let flow = if is_number {
                egui::Layout::right_to_left(egui::Align::Center)
            } else {
                egui::Layout::left_to_right(egui::Align::Center)
            };
            let builder = egui::UiBuilder::new().max_rect(cell).layout(flow);
            let response = ui
                .scope_builder(builder, |ui| {
                    ui.spacing_mut().button_padding.x = 0.0;
                    ui.spacing_mut().interact_size.y = theme::ROW_HEIGHT;
                    ui.add(Button::new(text).frame(false).truncate())
                })
                .inner
                .on_hover_text(match sorted {
                    None => "Sorts by this column",
                    Some(Sort {
                        descending: false, ..
                    }) => "Sorts the other way",
                    Some(_) => "Back to the order of the collection",
                });
            let name = format!("Sort by {}", column.name());
            response.widget_info(|| {
                egui::WidgetInfo::labeled(egui::WidgetType::Button, true, name.as_str())
            });
            if response.clicked() {
                let next = match sorted {
                    None => Some(Sort {
                        column,
                        descending: false,
                    }),
                    Some(Sort {
                        descending: false, ..
                    }) => Some(Sort {
                        column,
                        descending: true,
                    }),
                    Some(_) => None,
                };
                out.push(Command::edit_library(model, |form| form.sort = next));
            }
        }
    }
}
