//! The rows that are in view; only these are laid out.

use eframe::egui::{
    self, Align2, Color32, FontId, Rect, ScrollArea, Sense, pos2, text::LayoutJob, vec2,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, LibraryCommand},
    model::{AppState, Column, Edited, Editing, Library, Row, length as length_text},
    panels::fields::{self, Typed},
    theme,
};
use mynascope_base::without_path;
use mynascope_collection::{Track, key_name};

use super::{
    columns::{Columns, shows_answers},
    menu,
};

/// Draws headings and rows.
pub fn show(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let scroll = ui.spacing().scroll;
    let bar = scroll.bar_width + scroll.bar_inner_margin;
    let size = vec2(ui.available_width(), theme::ROW_HEIGHT);
    let (heading, _) = ui.allocate_exact_size(size, Sense::hover());
    let inner = Rect::from_min_max(heading.min, pos2(heading.right() - bar, heading.bottom()))
        .shrink2(vec2(theme::SPACE, 0.0));
    let columns = Columns::fit(model, inner.width());
    columns.headings(ui, inner, model, out);

    // Where the keyboard moved the selection last, or where a field was opened, so that it is scrolled into view once.
    let memory = ui.id().with("shown selection");
    let typed = model.library.editing.as_ref().map(|editing| editing.index);
    let now = (model.library.selected, typed);
    let shown: (Option<usize>, Option<usize>) =
        ui.data(|data| data.get_temp(memory)).unwrap_or_default();
    let mut area = ScrollArea::vertical()
        .auto_shrink(false)
        .min_scrolled_height(0.0);
    if shown != now {
        ui.data_mut(|data| data.insert_temp(memory, now));
        let moved = typed.filter(|_| typed != shown.1);
        let moved = moved.or(now.0.filter(|_| now.0 != shown.0));
        let row = moved.and_then(|moved| {
            let mut rows = model.library.rows().iter();
            rows.position(|&index| index == moved)
        });
        if let Some(row) = row {
            area = keep_visible(ui, area, row, row_height(&model.library));
        }
    }
    let output = area.show_rows(
        ui,
        row_height(&model.library),
        model.library.row_count(),
        |ui, range| {
            // As wide as beside a scroll bar, so that nothing moves when it comes or goes.
            ui.set_max_width(heading.width() - bar);
            for row in range {
                if let Some(row) = model.library.row(row) {
                    track_row(ui, model, &columns, &row, out);
                }
            }
        },
    );
    let place = ui.id().with("scroll place");
    ui.data_mut(|data| {
        data.insert_temp(place, [output.state.offset.y, output.inner_rect.height()]);
    });
}

/// Lines of a reason beside the title, where only tracks that have one are listed.
const REASON_LINES: usize = 4;

/// All rows of a list are equally high: those of tracks that cannot be used have room for why, and what to do.
fn row_height(library: &Library) -> f32 {
    match library.form.only_bad {
        true => theme::ROW_HEIGHT + REASON_LINES as f32 * theme::SMALL_LINE + theme::SPACE_SMALL,
        false => theme::ROW_HEIGHT,
    }
}

fn keep_visible(ui: &egui::Ui, area: ScrollArea, row: usize, height_of_row: f32) -> ScrollArea {
    let place: Option<[f32; 2]> = ui.data(|data| data.get_temp(ui.id().with("scroll place")));
    let Some([offset, height]) = place else {
        return area;
    };
    let top = row as f32 * height_of_row;
    if top < offset {
        area.vertical_scroll_offset(top)
    } else if top + height_of_row > offset + height {
        area.vertical_scroll_offset(top + height_of_row - height)
    } else {
        area
    }
}

fn track_row(
    ui: &mut egui::Ui,
    model: &AppState,
    columns: &Columns,
    row: &Row<'_>,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let size = vec2(ui.available_width(), row_height(&model.library));
    let (area, response) = ui.allocate_exact_size(size, Sense::click());
    let selected = model.library.selected == Some(row.index);
    let marked = model.library.is_marked(row.index);
    let fill = if selected || marked {
        Some(tokens.accent_quiet)
    } else if response.hovered() {
        Some(tokens.raised)
    } else {
        None
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(area, theme::CORNER, fill);
    }
    if response.has_focus() {
        let stroke = egui::Stroke::new(theme::LINE, tokens.accent);
        ui.painter()
            .rect_stroke(area, theme::CORNER, stroke, egui::StrokeKind::Inside);
    }
    let inner = area.shrink2(vec2(theme::SPACE, 0.0));
    let track = row.track;
    let reason = match (&track.problem, &track.warning) {
        (Some(problem), _) => Some((problem, tokens.error)),
        (None, warning) => warning.as_ref().map(|warning| (warning, tokens.text)),
    };
    if let Some((why, colour)) = reason.filter(|_| model.library.form.only_bad) {
        let (first, rest) = inner.split_top_bottom_at_y(inner.top() + theme::ROW_HEIGHT);
        title(ui, first, track, colour);
        explain(ui, rest, why, tokens.text);
    } else if let Some(problem) = &track.problem {
        let why = without_path(problem, &track.path);
        let text = format!("{}  {}: {why}", icon::WARNING, track.title);
        write(ui, inner, Align2::LEFT_CENTER, &text, body(), tokens.error);
    } else {
        cells(ui, model, columns, row, inner, selected);
    }
    let editing = model.library.editing.as_ref();
    if let Some(editing) = editing.filter(|editing| editing.index == row.index) {
        let cell = columns
            .places(inner)
            .find(|(column, _)| *column == Column::Label)
            .map_or(inner, |(_, cell)| cell);
        // A label that is longer than its column is typed in the whole row.
        let cell = match editing.what {
            Edited::Label if cell.width() > 20.0 * theme::UNIT && editing.tracks < 2 => cell,
            _ => inner,
        };
        edit(ui, cell, editing, out);
    }
    let name = row.track.title.as_str();
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::WidgetType::SelectableLabel, true, selected, name)
    });
    answer(ui, model, row, &response, out);
}

fn answer(
    ui: &egui::Ui,
    model: &AppState,
    row: &Row<'_>,
    response: &egui::Response,
    out: &mut Vec<Command>,
) {
    let index = row.index;
    let mut push = |command| out.push(Command::Library(command));
    if response.double_clicked() {
        push(LibraryCommand::Play(index));
    } else if response.clicked() {
        let modifiers = ui.input(|input| input.modifiers);
        push(if modifiers.command {
            LibraryCommand::ToggleMark(index)
        } else if modifiers.shift {
            LibraryCommand::MarkTo(index)
        } else {
            LibraryCommand::Select(index)
        });
    }
    if response.hovered() {
        let hint = match &row.track.problem {
            Some(problem) => problem.clone(),
            None => details(row),
        };
        response.clone().on_hover_text(hint);
    }
    response.context_menu(|ui| menu::show(ui, model, row, out));
}

/// What the tooltip of a row tells.
fn details(row: &Row<'_>) -> String {
    let track = row.track;
    let mut lines = vec![track.title.clone()];
    let said = &track.file_tags;
    let said = [&said.artist, &said.album, &said.genre, &said.date];
    let said: Vec<&str> = said.into_iter().flatten().map(String::as_str).collect();
    if !said.is_empty() {
        lines.push(said.join(", "));
    }
    lines.extend(track.warning.clone());
    if !track.tags.is_empty() {
        lines.push(track.tags.join(", "));
    }
    if let Some([arousal, valence]) = track.emotion {
        lines.push(format!("arousal {arousal:.1}, valence {valence:.1} of 9"));
    }
    if let Some(codec) = &track.codec {
        lines.push(codec.clone());
    }
    lines.push(track.path.display().to_string());
    lines.join("\n")
}

fn body() -> FontId {
    FontId::proportional(theme::TEXT_BODY)
}

/// The title, and small behind it the ending of its file, by which files of one name differ.
fn title(ui: &egui::Ui, place: Rect, track: &Track, colour: Color32) {
    let ending = track.path.extension().map_or_else(String::new, |ending| {
        format!(".{}", ending.to_string_lossy())
    });
    let weak = theme::tokens(ui).text_weak;
    let ending = ui
        .painter()
        .layout_no_wrap(ending, theme::small_font(), weak);
    let text = match track.problem.is_some() || track.warning.is_some() {
        true => format!("{}  {}", icon::WARNING, track.title),
        false => track.title.clone(),
    };
    let room = place.with_max_x((place.right() - ending.size().x).max(place.left()));
    let written = write(ui, room, Align2::LEFT_CENTER, &text, body(), colour);
    // On the line of the title.
    let corner = written.right_bottom() - vec2(0.0, ending.size().y + 1.0);
    ui.painter()
        .with_clip_rect(place.intersect(ui.clip_rect()))
        .galley(corner, ending, weak);
}

/// Why a track cannot be used, in small lines; the tooltip has what does not fit.
fn explain(ui: &egui::Ui, place: Rect, why: &str, colour: Color32) {
    let font = theme::small_font();
    let mut job = LayoutJob::simple(why.to_owned(), font, colour, place.width());
    job.wrap.max_rows = REASON_LINES;
    let galley = ui.painter().layout_job(job);
    ui.painter()
        .with_clip_rect(place.intersect(ui.clip_rect()))
        .galley(place.min, galley, colour);
}

/// Writes a line, as much of it as there is room for; returns where.
fn write(
    ui: &egui::Ui,
    place: Rect,
    align: Align2,
    text: &str,
    font: FontId,
    colour: Color32,
) -> Rect {
    let text = egui::RichText::new(text).font(font).color(colour);
    let galley = egui::WidgetText::from(text).into_galley(
        ui,
        Some(egui::TextWrapMode::Truncate),
        place.width(),
        egui::TextStyle::Body,
    );
    let written = align.align_size_within_rect(galley.size(), place);
    ui.painter()
        .with_clip_rect(place.intersect(ui.clip_rect()))
        .galley(written.min, galley, colour);
    written
}

fn cells(
    ui: &egui::Ui,
    model: &AppState,
    columns: &Columns,
    row: &Row<'_>,
    inner: Rect,
    selected: bool,
) {
    let tokens = theme::tokens(ui);
    let track = row.track;
    let small = theme::small_font();
    let weak = tokens.text_weak;
    for (column, cell) in columns.places(inner) {
        // Air to the next column; numbers stand at the right.
        let left = Rect::from_min_max(cell.min, pos2(cell.right() - theme::SPACE, cell.bottom()));
        let (from_left, from_right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
        match column {
            Column::Title => {
                let colour = if selected {
                    tokens.text_strong
                } else {
                    tokens.text
                };
                title(ui, left, track, colour);
            }
            Column::Label => {
                let label = match shows_answers(model) {
                    true => answer_text(model, row.index),
                    false => track.label.clone().zip(row.label),
                };
                if let Some((name, place)) = label {
                    let dot = pos2(left.left() + theme::UNIT, left.center().y);
                    let colour = theme::label_colour(theme::tokens(ui), place);
                    theme::label_mark(ui.painter(), dot, theme::LABEL_DOT, place, colour);
                    let rest = Rect::from_min_max(pos2(dot.x + theme::SPACE, left.top()), left.max);
                    write(ui, rest, from_left, &name, small.clone(), weak);
                }
            }
            Column::Split => {
                let part = row.part.unwrap_or("–");
                write(ui, left, from_left, part, small.clone(), weak);
            }
            Column::Key => {
                if let Some(key) = track.key.and_then(key_name) {
                    write(ui, left, from_left, key, small.clone(), weak);
                }
            }
            Column::Tempo => {
                if let Some(tempo) = track.tempo_bpm {
                    let text = format!("{tempo:.0}");
                    write(ui, cell, from_right, &text, small.clone(), weak);
                }
            }
            Column::Artist | Column::Album | Column::Genre | Column::Date => {
                let said = &track.file_tags;
                let text = match column {
                    Column::Artist => &said.artist,
                    Column::Album => &said.album,
                    Column::Genre => &said.genre,
                    _ => &said.date,
                };
                if let Some(text) = text {
                    write(ui, left, from_left, text, small.clone(), weak);
                }
            }
            Column::Path => {
                let text = track.path.to_string_lossy();
                write(ui, left, from_left, &text, small.clone(), weak);
            }
            Column::Length => {
                if let Some(secs) = track.duration_secs {
                    let text = length_text(secs);
                    write(ui, cell, from_right, &text, small.clone(), weak);
                }
            }
        }
    }
}

/// What the probe answered for a track, and the colour of that class, where it is sure enough.
fn answer_text(model: &AppState, track: usize) -> Option<(String, usize)> {
    let answer = model.coloured_answer(track)?.answer.as_ref()?;
    let share = 100.0 * answer.confidence?;
    let class = answer.class?;
    let classes = &model.probing.predictions.as_ref()?.classes;
    let place = model.colour_places(classes).get(class).copied()?;
    Some((format!("{} {share:.0} %", answer.prediction), place))
}

/// The field for a label or tag in a row.
fn edit(ui: &mut egui::Ui, mut cell: Rect, editing: &Editing, out: &mut Vec<Command>) {
    let name = editing.name();
    let hint = match editing.what {
        Edited::Label => format!("{name}; Enter keeps it"),
        Edited::Tag => format!("{name}; Enter adds it"),
    };
    if editing.tracks > 1 {
        // The row belongs to all of them while one types.
        let tokens = theme::tokens(ui);
        ui.painter().rect_filled(cell, theme::CORNER, tokens.raised);
        let (font, colour) = (body(), tokens.text_strong);
        let written = write(ui, cell, Align2::LEFT_CENTER, &name, font, colour);
        cell.min.x = (written.right() + theme::SPACE).min(cell.center().x);
    }
    let id = ("edit", editing.what == Edited::Label);
    let command = match fields::name(ui, cell, id, &name, &hint, &editing.text) {
        Some(Typed::Text(text)) => LibraryCommand::EditText(text),
        Some(Typed::End { keep }) => LibraryCommand::EndEdit { keep },
        None => return,
    };
    out.push(Command::Library(command));
}
