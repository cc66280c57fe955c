//! A batch of tracks: every view A beside every view B.

use eframe::egui::{self, Align2, DragValue, Rect, Sense, Ui, pos2, vec2};

use crate::gui::{
    command::{Command, PictureCommand, TeachCommand},
    jobs::format_progress,
    model::{
        AppState, BATCH_TRACKS, BatchAnswer, FRAME_SECS, HeardCrop, MatrixKind, PicturePanel,
        TEMPERATURES, TeachForm,
    },
    theme::{self, small},
    widgets::{
        cached_picture,
        matrix::{Cell, Matrix, colour_bar},
    },
};
use mynascope_base::{counted, jobs::Progress};

use super::{super::parts, gauge, patchout};

/// Height of a line of the numbers below the matrix, and the least width of each.
const NUMBERS: f32 = 9.0 * theme::UNIT;
const NUMBER: f32 = 17.0 * theme::UNIT;
/// Width of the colour bar with its numbers.
const LEGEND: f32 = 12.0 * theme::UNIT;
/// Room for the names of rows and columns.
const MARGIN: f32 = 4.0 * theme::UNIT;

const COSINE_TIP: &str = "The cosine of each pair of views: 1 is the same direction, 0 unrelated";
const SHARE_TIP: &str = "Softmax share of the row: with which probability each view B is taken for the partner of view A, at the temperature";

/// A batch that waits for a new answer is called old once it has faded so far: not between two quick answers.
const OLD_IS_SAID: f32 = 0.7;

/// Draws the panel.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let space = ui.available_rect_before_wrap().shrink2(vec2(12.0, 4.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(space), |ui| {
        ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
        let teaching = &model.teaching;
        // Tracks, temperature and what the matrix shows would do nothing.
        if model.mask.own.is_some() {
            return patchout::no_batch(ui);
        }
        controls(ui, model, out);
        if let Some(why) = &teaching.batch.error {
            return parts::error(ui, why);
        }
        let Some(answer) = &teaching.batch.value else {
            let text = match &teaching.batch_progress {
                Some(progress) => format_progress(progress),
                None if model.library.collection.is_some() => "Asking the encoder…".to_owned(),
                None => "Open some tracks to compare them".to_owned(),
            };
            parts::quiet(ui, text);
            return;
        };
        let space = ui.available_rect_before_wrap();
        let places = Places::of(space);
        let matrix = places.matrix;
        let shown = Shown::of(answer, teaching.form);
        let opacity = gauge::fade_old(ui, "old batch", teaching.has_old_batch());
        let is_old = opacity < OLD_IS_SAID;
        if is_old {
            waits(ui, model, pos2(matrix.right() + LEGEND, matrix.top() - 2.0));
        }
        ui.multiply_opacity(opacity);
        draw(ui, model, answer, &shown, matrix, out);
        let bar = Rect::from_min_max(
            pos2(matrix.right() + theme::SPACE, matrix.top()),
            pos2(matrix.right() + 2.0 * theme::SPACE, matrix.bottom()),
        );
        legend(ui, &shown, teaching.form, bar);
        if !is_old {
            name_colours(ui, teaching.form, bar);
        }
        ui.scope_builder(egui::UiBuilder::new().max_rect(places.numbers), |ui| {
            figures(ui, answer, teaching.form, places.columns);
            caption(ui, answer, teaching.form);
        });
    });
}

/// What the matrix and its numbers say, where that has room below them.
fn caption(ui: &mut Ui, answer: &BatchAnswer, form: TeachForm) {
    let what = match form.matrix {
        MatrixKind::Cosine => "how alike the encoder finds them",
        MatrixKind::Share => "with which share it takes them for a pair",
    };
    let text = format!(
        "A row is view A of a track, a column view B, and a cell {what}: a bright diagonal means that each view finds its partner. \
         Retrieval@1 is the share of views that do. InfoNCE is the loss of the batch, {:.2} if the encoder knew nothing. Same track and others \
         are the mean cosines on the diagonal and beside it.",
        ignorant_loss(answer)
    );
    let width = ui.available_width();
    let weak = theme::tokens(ui).text_weak;
    let galley = ui.painter().layout(text, theme::small_font(), weak, width);
    let place = ui.cursor().left_top() + vec2(0.0, theme::SPACE);
    if place.y + galley.size().y <= ui.max_rect().bottom() {
        ui.painter().galley(place, galley, weak);
    }
}

/// The loss of a batch of an encoder that finds all views equally alike, in nats.
fn ignorant_loss(answer: &BatchAnswer) -> f64 {
    let others = (2 * answer.similarity.tracks()).saturating_sub(1);
    (others.max(1) as f64).ln()
}

/// Where the matrix and its numbers lie: those below it or at its right, wherever it becomes larger.
struct Places {
    matrix: Rect,
    numbers: Rect,
    /// So many numbers stand in a line.
    columns: usize,
}

impl Places {
    fn of(space: Rect) -> Self {
        let size = space.size() - vec2(MARGIN + LEGEND, MARGIN);
        // Four in a line, or two and two.
        let columns = if space.width() < 4.0 * NUMBER { 2 } else { 4 };
        let height = NUMBERS * (4 / columns) as f32;
        let side_above = size.x.min(size.y - height - theme::SPACE_SMALL).max(1.0);
        let side_beside = (size.x - NUMBER - theme::SPACE).min(size.y).max(1.0);
        let corner = space.min + vec2(MARGIN, MARGIN);
        let square = |side: f32| Rect::from_min_size(corner, vec2(side, side));
        if side_beside > side_above {
            let matrix = square(side_beside);
            let left = matrix.right() + LEGEND + theme::SPACE;
            return Self {
                matrix,
                numbers: Rect::from_min_max(pos2(left, matrix.top()), space.max),
                columns: 1,
            };
        }
        let matrix = square(side_above);
        let top = matrix.bottom() + theme::SPACE_SMALL;
        Self {
            matrix,
            numbers: Rect::from_min_size(pos2(space.left(), top), vec2(space.width(), height)),
            columns,
        }
    }
}

/// Says over the matrix that the batch of an earlier mask is shown.
fn waits(ui: &Ui, model: &AppState, corner: egui::Pos2) {
    let text = match &model.teaching.batch_progress {
        Some(Progress {
            done,
            total: Some(total),
            ..
        }) => format!("read {done} of {total}"),
        _ => "earlier mask".to_owned(),
    };
    let colour = theme::tokens(ui).text_strong;
    let painter = ui.painter();
    painter.text(
        corner,
        Align2::RIGHT_BOTTOM,
        text,
        theme::small_font(),
        colour,
    );
}

fn controls(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let form = model.teaching.form;
    let mut changed = form;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SPACE_SMALL;
        let most = model.library.track_count().min(*BATCH_TRACKS.end());
        let least = (*BATCH_TRACKS.start()).min(most.max(1));
        let most = most.max(least);
        let shown = form.tracks.clamp(least, most);
        let field = DragValue::new(&mut changed.tracks)
            .range(least..=most)
            .suffix(if shown == 1 { " track" } else { " tracks" });
        parts::named(ui.add(field), "Tracks of the batch").on_hover_text("How many tracks of the collection are compared, two views each");
        let field = DragValue::new(&mut changed.temperature)
            .range(TEMPERATURES)
            .speed(0.005)
            .fixed_decimals(2)
            .prefix("τ ");
        parts::named(ui.add(field), "Temperature").on_hover_text(
            "Temperature: by how much the loss divides cosines; a low one only looks at the nearest others",
        );
        let options = [
            (MatrixKind::Cosine, "Cosine", COSINE_TIP),
            (
                MatrixKind::Share,
                "Share",
                SHARE_TIP,
            ),
        ];
        let width = ui.available_width();
        let (_, chosen) = parts::choice(ui, width, &options, form.matrix);
        if let Some(matrix) = chosen {
            changed.matrix = matrix;
        }
    });
    if changed != form {
        out.push(Command::Teach(TeachCommand::Edit(changed)));
    }
}

/// The numbers that the matrix shows and what its colours stand for.
struct Shown {
    /// [tracks, tracks] row-major.
    values: Vec<f32>,
    low: f32,
    high: f32,
}

impl Shown {
    fn of(answer: &BatchAnswer, form: TeachForm) -> Self {
        let similarity = &answer.similarity;
        let tracks = similarity.tracks();
        let values = match form.matrix {
            MatrixKind::Share => similarity.shares(form.temperature),
            MatrixKind::Cosine => (0..tracks)
                .flat_map(|a| (0..tracks).map(move |b| similarity.across(a, b)))
                .collect(),
        };
        let ends = |start: f32, pick: fn(f32, f32) -> f32| values.iter().copied().fold(start, pick);
        let (low, high) = match form.matrix {
            MatrixKind::Cosine => (ends(1.0, f32::min), 1.0),
            MatrixKind::Share => (0.0, ends(0.0, f32::max)),
        };
        Self { values, low, high }
    }

    fn share(&self, value: f32) -> f32 {
        (value - self.low) / (self.high - self.low).max(1e-6)
    }
}

fn draw(
    ui: &mut Ui,
    model: &AppState,
    answer: &BatchAnswer,
    shown: &Shown,
    area: Rect,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let tracks = answer.tracks.len();
    let form = model.teaching.form;
    let key = cached_picture::key((
        std::ptr::from_ref(answer) as usize,
        answer.seconds.to_bits(),
        form.matrix as u8,
        form.temperature.to_bits(),
    ));
    let matrix = Matrix::square(area, tracks);
    matrix.paint(ui, egui::Id::new("batch matrix"), key, |cell| {
        let value = shown.values.get(cell.row * tracks + cell.column).copied();
        theme::sequential(shown.share(value.unwrap_or_default()))
    });
    let painter = ui.painter();
    for (place, align, text, colour) in [
        (
            pos2(area.left(), area.top() - 2.0),
            Align2::LEFT_BOTTOM,
            "view B of each track",
            tokens.view_b,
        ),
        (
            pos2(area.left() - MARGIN, area.top()),
            Align2::LEFT_TOP,
            "A",
            tokens.view_a,
        ),
    ] {
        painter.text(place, align, text, theme::small_font(), colour);
    }
    let response = ui.interact(area, ui.id().with("matrix"), Sense::click());
    response.widget_info(|| {
        let name = "Similarity of the batch";
        egui::WidgetInfo::labeled(egui::WidgetType::Image, true, name)
    });
    response.context_menu(|ui| {
        if ui.button("Copy the cosines as CSV").clicked() {
            out.push(Command::Teach(TeachCommand::CopyMatrix));
            ui.close();
        }
        if ui.button("Save as picture…").clicked() {
            let publish = PictureCommand::Publish(PicturePanel::Similarity);
            out.push(Command::Picture(publish));
            ui.close();
        }
    });
    let Some(cell) = response.hover_pos().and_then(|at| matrix.at(at)) else {
        return;
    };
    let Cell { row, column } = cell;
    let (Some(a), Some(b)) = (answer.tracks.get(row), answer.tracks.get(column)) else {
        return;
    };
    matrix.ring(ui, cell, (2.0 * theme::LINE, tokens.playhead));
    let value = shown.values.get(row * tracks + column).copied();
    let value = value.unwrap_or_default();
    let number = match form.matrix {
        MatrixKind::Cosine => format!("cosine {value:.3}"),
        MatrixKind::Share => format!("share {:.1} %", 100.0 * value),
    };
    let response = response.on_hover_ui_at_pointer(|ui| {
        ui.label(small(format!("A: {}", a.title)).color(tokens.view_a));
        ui.label(small(format!("B: {}", b.title)).color(tokens.view_b));
        ui.label(number);
        ui.label(
            small("A click plays both, one after the other; right-click copies all numbers")
                .color(tokens.text_weak),
        );
    });
    if response.clicked() {
        let crop = |track: usize, view: usize| -> Option<HeardCrop> {
            let start = *answer.starts.get(track)?.get(view)?;
            Some(HeardCrop {
                path: answer.tracks.get(track)?.path.clone(),
                start_secs: start as f64 * FRAME_SECS,
            })
        };
        if let (Some(first), Some(second)) = (crop(row, 0), crop(column, 1)) {
            out.push(Command::Teach(TeachCommand::HearPair([first, second])));
        }
    }
}

/// What the matrix of a batch shows.
pub fn title(answer: &BatchAnswer, form: TeachForm) -> String {
    let tracks = counted(answer.tracks.len(), "track");
    match form.matrix {
        MatrixKind::Cosine => format!("Cosines of views A and B of {tracks}"),
        MatrixKind::Share => format!(
            "Softmax shares of views A and B of {tracks}, temperature {:.2}",
            form.temperature
        ),
    }
}

/// Width of the names of tracks beside a matrix that is drawn by itself.
const NAMES: f32 = 45.0 * theme::UNIT;

/// Draws the matrix by itself, with the names of its tracks.
pub fn sheet(ui: &mut Ui, answer: &BatchAnswer, form: TeachForm, title: &str) {
    let tokens = theme::tokens(ui);
    let inner = ui.max_rect().shrink(theme::SPACE_LARGE);
    let strong = egui::FontId::proportional(theme::TEXT_BODY);
    let painter = ui.painter().clone();
    painter.text(
        inner.left_top(),
        Align2::LEFT_TOP,
        title,
        strong,
        tokens.text_strong,
    );
    let corner = inner.min + vec2(NAMES, theme::CONTROL_HEIGHT + MARGIN);
    let side = (inner.right() - LEGEND - corner.x).min(inner.bottom() - NUMBERS - corner.y);
    let area = Rect::from_min_size(corner, egui::Vec2::splat(side.max(1.0)));
    let (shown, tracks) = (Shown::of(answer, form), answer.tracks.len());
    let matrix = Matrix::square(area, tracks);
    let font = theme::small_font();
    for (row, track) in answer.tracks.iter().enumerate() {
        for column in 0..tracks {
            let value = shown.values.get(row * tracks + column).copied();
            let colour = theme::sequential(shown.share(value.unwrap_or_default()));
            painter.rect_filled(matrix.rect(Cell { row, column }), 0.0, colour);
        }
        let cell = matrix.rect(Cell { row, column: 0 });
        if cell.height() >= theme::TEXT_SMALL {
            let mut job = egui::text::LayoutJob::simple_singleline(
                track.title.clone(),
                font.clone(),
                tokens.text,
            );
            job.wrap = egui::text::TextWrapping::truncate_at_width(NAMES - theme::SPACE);
            let galley = painter.layout_job(job);
            let size = galley.size();
            let at = cell.left_center() - vec2(size.x + theme::SPACE_SMALL, 0.5 * size.y);
            painter.galley(at, galley, tokens.text);
        }
    }
    let above = area.left_top() - vec2(0.0, 2.0);
    let names = "view B of each track, in the same order";
    painter.text(
        above,
        Align2::LEFT_BOTTOM,
        names,
        font.clone(),
        tokens.view_b,
    );
    let beside = above - vec2(theme::SPACE_SMALL, 0.0);
    painter.text(
        beside,
        Align2::RIGHT_BOTTOM,
        "view A of",
        font,
        tokens.view_a,
    );
    let bar = Rect::from_min_max(
        pos2(area.right() + theme::SPACE, area.top()),
        pos2(area.right() + 2.0 * theme::SPACE, area.bottom()),
    );
    legend(ui, &shown, form, bar);
    let below = Rect::from_min_max(
        pos2(area.left(), area.bottom() + theme::SPACE_SMALL),
        inner.right_bottom(),
    );
    ui.scope_builder(egui::UiBuilder::new().max_rect(below), |ui| {
        figures(ui, answer, form, 4);
    });
}

/// The loss, retrieval and the mean cosines, side by side.
fn figures(ui: &mut Ui, answer: &BatchAnswer, form: TeachForm, columns: usize) {
    let tokens = theme::tokens(ui);
    let similarity = &answer.similarity;
    let (negative, _) = similarity.negative();
    let nothing = ignorant_loss(answer);
    let skipped = match answer.skipped {
        0 => String::new(),
        some => format!("; {} could not be read", counted(some, "track")),
    };
    let figures = [
        (
            "Retrieval@1",
            format!("{:.0} %", 100.0 * similarity.retrieval_at_1()),
            "Share of views whose nearest view of the other kind belongs to the same track"
                .to_owned(),
        ),
        (
            "InfoNCE",
            format!("{:.2}", similarity.info_nce(form.temperature)),
            format!(
                "The contrastive loss of this batch at this temperature, in nats; {nothing:.2} if the encoder knew nothing"
            ),
        ),
        (
            "Same track",
            format!("{:.3}", similarity.positive()),
            "Mean cosine of the two views of one track: the diagonal".to_owned(),
        ),
        (
            "Others",
            format!("{negative:.3}"),
            format!(
                "Mean cosine of views of different tracks: all the rest. The batch took {}{skipped}",
                gauge::format_millis(answer.seconds)
            ),
        ),
    ];
    let each = ui.available_width() / columns as f32;
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    ui.spacing_mut().interact_size.y = 0.0;
    for line in figures.chunks(columns) {
        ui.horizontal_top(|ui| {
            for (name, value, tip) in line {
                let size = vec2(each, NUMBERS);
                let flow = egui::Layout::top_down(egui::Align::Min);
                ui.allocate_ui_with_layout(size, flow, |ui| {
                    ui.set_min_size(size);
                    ui.label(small(*name).color(tokens.text_weak))
                        .on_hover_text(tip);
                    ui.label(egui::RichText::new(value).color(tokens.text_strong))
                        .on_hover_text(tip);
                });
            }
        });
    }
}

/// What the colours stand for: a bar beside the matrix, with its ends.
fn legend(ui: &Ui, shown: &Shown, form: TeachForm, bar: Rect) {
    let text = |value: f32| match form.matrix {
        MatrixKind::Cosine => format!("{value:.2}"),
        MatrixKind::Share => format!("{:.0} %", 100.0 * value),
    };
    let ends = [(1.0, text(shown.high)), (0.0, text(shown.low))];
    let weak = theme::tokens(ui).text_weak;
    let look = (theme::UNIT, theme::small_font(), weak);
    colour_bar(ui, bar, theme::sequential, &ends, look);
}

/// Says over the bar what its colours stand for.
fn name_colours(ui: &mut Ui, form: TeachForm, bar: Rect) {
    let (name, tip) = match form.matrix {
        MatrixKind::Cosine => ("cosine", COSINE_TIP),
        MatrixKind::Share => ("share", SHARE_TIP),
    };
    let weak = theme::tokens(ui).text_weak;
    let corner = bar.left_top() - vec2(0.0, 2.0);
    let font = theme::small_font();
    let text = ui
        .painter()
        .text(corner, Align2::LEFT_BOTTOM, name, font, weak);
    let place = text.union(bar).expand2(vec2(theme::UNIT, 0.0));
    ui.interact(place, ui.id().with("colours"), Sense::hover())
        .on_hover_text(tip);
}
