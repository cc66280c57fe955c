//! The tracks of the collection.

use eframe::egui::{
    self, Align, Align2, Frame, Layout as Flow, Margin, ProgressBar, Rect, ScrollArea, Sense,
    TextEdit, pos2, vec2,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, LibraryCommand},
    model::{Model, Row, length as length_text, say_progress},
    theme::{self, small},
};

/// Draws the panel.
pub fn show(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    Frame::new()
        .inner_margin(Margin {
            left: 8,
            right: 8,
            top: 4,
            bottom: 8,
        })
        .show(ui, |ui| {
            search(ui, model, out);
            opening(ui, model, out);
            if model.library.collection.is_none() {
                if model.library.opening.is_none() {
                    empty(ui, out);
                }
            } else if model.library.row_count() == 0 {
                nothing_found(ui, model);
            } else {
                rows(ui, model, out);
            }
        });
}

fn search(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    let mut text = model.library.search.clone();
    let hint = format!("{}  Search titles and labels", icon::MAGNIFYING_GLASS);
    let field = TextEdit::singleline(&mut text)
        .hint_text(hint)
        .margin(Margin::symmetric(8, 6))
        .desired_width(f32::INFINITY);
    if ui.add(field).changed() {
        out.push(Command::Library(LibraryCommand::Search(text)));
    }
}

fn opening(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    let Some(progress) = &model.library.opening else {
        return;
    };
    let tokens = theme::tokens(ui);
    super::row_from_right(ui, |ui| {
        if super::top::icon_button(ui, icon::X, "Stop opening").clicked() {
            out.push(Command::Library(LibraryCommand::StopOpening));
        }
        let text = say_progress(progress);
        ui.with_layout(Flow::left_to_right(Align::Center), |ui| {
            ui.add(egui::Label::new(small(text).color(tokens.text_weak)).truncate());
        });
    });
    if let Some(total) = progress.total {
        let share = progress.done as f32 / total.max(1) as f32;
        ui.add(
            ProgressBar::new(share)
                .desired_height(theme::UNIT)
                .fill(tokens.accent),
        );
    }
}

fn empty(ui: &mut egui::Ui, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    ui.add_space(theme::UNIT * 8.0);
    ui.vertical_centered(|ui| {
        ui.label(
            theme::large(icon::MUSIC_NOTES)
                .size(2.0 * theme::TEXT_LARGE)
                .color(tokens.text_weak),
        );
        ui.label("Drop sound files or a folder here");
        ui.add_space(theme::SPACE);
        if ui
            .add(theme::primary_button(ui, "Demo collection"))
            .clicked()
        {
            out.push(Command::Library(LibraryCommand::OpenDemo));
        }
        if ui.button("Open a folder…").clicked() {
            out.push(Command::Library(LibraryCommand::ChooseFolder));
        }
    });
}

fn nothing_found(ui: &mut egui::Ui, model: &Model) {
    let tokens = theme::tokens(ui);
    ui.add_space(theme::UNIT * 8.0);
    ui.vertical_centered(|ui| {
        let text = if model.library.track_count() == 0 {
            "This collection has no sound files".to_owned()
        } else {
            format!("No title or label holds “{}”", model.library.search)
        };
        ui.label(egui::RichText::new(text).color(tokens.text_weak));
    });
}

fn rows(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    // Where the keyboard moved the selection last, so that it is scrolled into view once.
    let memory = ui.id().with("shown selection");
    let shown: Option<usize> = ui.data(|data| data.get_temp(memory)).flatten();
    let mut area = ScrollArea::vertical().auto_shrink(false);
    if shown != model.library.selected {
        ui.data_mut(|data| data.insert_temp(memory, model.library.selected));
        let row = model.library.selected.and_then(|selected| {
            model
                .library
                .rows()
                .iter()
                .position(|&index| index == selected)
        });
        if let Some(row) = row {
            area = keep_visible(ui, area, row);
        }
    }
    let output = area.show_rows(
        ui,
        theme::ROW_HEIGHT,
        model.library.row_count(),
        |ui, range| {
            for row in range {
                if let Some(row) = model.library.row(row) {
                    track_row(ui, model, &row, out);
                }
            }
        },
    );
    let place = ui.id().with("scroll place");
    ui.data_mut(|data| {
        data.insert_temp(place, [output.state.offset.y, output.inner_rect.height()]);
    });
}

fn keep_visible(ui: &egui::Ui, area: ScrollArea, row: usize) -> ScrollArea {
    let place: Option<[f32; 2]> = ui.data(|data| data.get_temp(ui.id().with("scroll place")));
    let Some([offset, height]) = place else {
        return area;
    };
    let top = row as f32 * theme::ROW_HEIGHT;
    if top < offset {
        area.vertical_scroll_offset(top)
    } else if top + theme::ROW_HEIGHT > offset + height {
        area.vertical_scroll_offset(top + theme::ROW_HEIGHT - height)
    } else {
        area
    }
}

fn track_row(ui: &mut egui::Ui, model: &Model, row: &Row<'_>, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let size = vec2(ui.available_width(), theme::ROW_HEIGHT);
    let (area, response) = ui.allocate_exact_size(size, Sense::click());
    let selected = model.library.selected == Some(row.index);
    let track = row.track;
    if selected {
        ui.painter()
            .rect_filled(area, f32::from(theme::CORNER), tokens.accent_quiet);
    } else if response.hovered() {
        ui.painter()
            .rect_filled(area, f32::from(theme::CORNER), tokens.raised);
    }
    let middle = area.center().y;
    let text = |place: Rect, align: Align2, text: &str, font: egui::FontId, colour| {
        let galley = egui::WidgetText::from(egui::RichText::new(text).font(font).color(colour))
            .into_galley(
                ui,
                Some(egui::TextWrapMode::Truncate),
                place.width(),
                egui::TextStyle::Body,
            );
        let corner = align.align_size_within_rect(galley.size(), place).min;
        ui.painter()
            .with_clip_rect(place)
            .galley(corner, galley, colour);
    };
    let inner = area.shrink2(vec2(theme::SPACE, 0.0));
    let length_width = theme::UNIT * 11.0;
    let label_width = if track.label.is_some() {
        inner.width() * 0.26
    } else {
        0.0
    };
    let length = Rect::from_min_max(
        pos2(inner.right() - length_width, area.top()),
        inner.right_bottom(),
    );
    let label = Rect::from_min_max(
        pos2(length.left() - label_width, area.top()),
        pos2(length.left(), area.bottom()),
    );
    let title_left = inner.left();
    let title = Rect::from_min_max(
        pos2(title_left, area.top()),
        pos2(label.left() - theme::SPACE, area.bottom()),
    );
    let body = egui::FontId::proportional(theme::TEXT_BODY);
    let small = theme::small_font();
    if let Some(problem) = &track.problem {
        let all = Rect::from_min_max(title.min, inner.max);
        text(
            all,
            Align2::LEFT_CENTER,
            &format!("{}  {}: {problem}", icon::WARNING, track.title),
            body,
            tokens.error,
        );
        response.clone().on_hover_text(problem);
    } else {
        let strong = if selected {
            tokens.text_strong
        } else {
            tokens.text
        };
        text(title, Align2::LEFT_CENTER, &track.title, body, strong);
        if let (Some(name), Some(place)) = (&track.label, row.label) {
            let dot = pos2(label.left() + theme::UNIT, middle);
            ui.painter()
                .circle_filled(dot, 3.5, theme::label_colour(place));
            let rest = Rect::from_min_max(pos2(dot.x + theme::SPACE, label.top()), label.max);
            text(
                rest,
                Align2::LEFT_CENTER,
                name,
                small.clone(),
                tokens.text_weak,
            );
        }
        if let Some(secs) = track.duration_secs {
            text(
                length,
                Align2::RIGHT_CENTER,
                &length_text(secs),
                small,
                tokens.text_weak,
            );
        }
    }
    let name = track.title.clone();
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::WidgetType::SelectableLabel, true, selected, &name)
    });
    if response.double_clicked() {
        out.push(Command::Library(LibraryCommand::Play(row.index)));
    } else if response.clicked() {
        out.push(Command::Library(LibraryCommand::Select(row.index)));
    }
}
