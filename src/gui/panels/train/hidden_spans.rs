//! What data2vec makes of a window of the batch: its waveform and spectrogram with the hidden spans, and below, on the same axis
//! of time, what the teacher makes of every frame, what the student says of it, and how near the two are.

use eframe::egui::{
    self, Align2, Color32, Pos2, Rangef, Rect, Response, Sense, Stroke, Ui, UiBuilder, pos2, vec2,
};
use egui_plot::GridMark;

use crate::gui::{
    model::{AppState, RunView, clock},
    theme,
    widgets::{cached_picture, matrix::colour_bar},
};
use mynascope_train::HiddenSpans;

use super::{super::parts, plot, step::swatch, ticks};

/// Width of the column of colours and its numbers.
const LEGEND: f32 = 11.0 * theme::UNIT;
/// Height of the title of a lane.
const TITLE: f32 = theme::TEXT_SMALL + 1.5 * theme::UNIT;
/// Lanes together are no lower.
const LEAST_HEIGHT: f32 = 90.0 * theme::UNIT;
/// Height of the mark of hidden frames above a lane of numbers.
const MARK: f32 = theme::UNIT;
/// How strongly spans cover waveform and spectrogram.
const COVER: f32 = 0.4;

/// One picture above the others, on the common axis of time.
#[derive(Clone, Copy, PartialEq)]
enum Lane {
    Waveform,
    Mel,
    Targets,
    Predictions,
    Cosine,
}

impl Lane {
    /// All, from top to bottom, with their shares of the height.
    const ALL: [(Self, f32); 5] = [
        (Self::Waveform, 0.14),
        (Self::Mel, 0.23),
        (Self::Targets, 0.24),
        (Self::Predictions, 0.24),
        (Self::Cosine, 0.15),
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Waveform => "Waveform",
            Self::Mel => "Spectrogram (mel, 80 dB)",
            Self::Targets => "Teacher: targets",
            Self::Predictions => "Student: predictions",
            Self::Cosine => "Cosine of the two, frame by frame",
        }
    }

    fn help(self, spans: &HiddenSpans) -> String {
        let (rows, dim) = (spans.rows, spans.dim);
        let each = dim.div_ceil(rows.max(1));
        let rows = match each {
            1 => format!("Each row is one of its {dim} dimensions"),
            _ => format!("Each row is the mean of {each} neighbouring dimensions of {dim}"),
        };
        match self {
            Self::Waveform => "The window that goes through the encoder, as samples at 16 kHz".to_owned(),
            Self::Mel => {
                "The same window as a mel-spectrogram, 0 to 8 kHz; the encoder reads the samples, this is for the eye".to_owned()
            }
            Self::Targets => format!(
                "What the teacher, an average of the student, makes of every frame of the whole window. {rows}; these are the targets"
            ),
            Self::Predictions => format!(
                "What the student says of every frame, with the spans hidden from it. {rows}, in the colours of the teacher. Frames that \
                 it saw are pale: they don't count"
            ),
            Self::Cosine => {
                "1 where the student says the direction of the teacher's target, 0 where the two have nothing in common; over all \
                 dimensions. Strong in hidden frames"
                    .to_owned()
            }
        }
    }
}

/// Where the lanes lie.
struct Lanes<'a> {
    spans: &'a HiddenSpans,
    area: Rect,
}

impl Lanes<'_> {
    /// Where a lane lies, below its title.
    fn rect(&self, lane: Lane) -> Rect {
        let room = self.area.height() - TITLE * Lane::ALL.len() as f32;
        let mut top = self.area.top();
        for (other, share) in Lane::ALL {
            top += TITLE;
            if other == lane {
                let corner = pos2(self.area.left(), top);
                return Rect::from_min_size(corner, vec2(self.area.width(), share * room));
            }
            top += share * room;
        }
        Rect::NOTHING
    }

    fn x(&self, secs: f64) -> f32 {
        let share = secs / self.spans.window_secs.max(1e-9);
        self.area.left() + share as f32 * self.area.width()
    }

    /// Where a frame lies from left to right.
    fn frame(&self, frame: usize) -> Rangef {
        let [start, end] = self.spans.secs_of(frame);
        Rangef::new(self.x(start), self.x(end))
    }

    /// The frame at a place from left to right.
    fn frame_at(&self, x: f32) -> Option<usize> {
        (0..self.spans.frames()).find(|&frame| self.frame(frame).contains(x))
    }

    /// Where neighbouring hidden frames lie, or neighbouring ones that were seen.
    fn runs(&self, hidden: bool) -> Vec<Rangef> {
        let mut runs: Vec<(Rangef, usize)> = Vec::new();
        let frames = (0..self.spans.frames()).filter(|&f| self.spans.is_hidden(f) == hidden);
        for frame in frames {
            let place = self.frame(frame);
            match runs.last_mut() {
                Some((run, last)) if *last + 1 == frame => (run.max, *last) = (place.max, frame),
                _ => runs.push((place, frame)),
            }
        }
        runs.into_iter().map(|(run, _)| run).collect()
    }
}

/// Draws the window, and how near student and teacher are, within about a height.
pub fn show(ui: &mut Ui, model: &AppState, run: &RunView, spans: &HiddenSpans, height: f32) {
    let top = ui.cursor().top();
    let title = parts::track_name(&model.library, &spans.track);
    let end = spans.start_secs + spans.window_secs;
    let place = format!("{} to {}", clock(spans.start_secs), clock(end));
    ui.horizontal(|ui| {
        parts::heading(ui, "Hidden spans");
        parts::quiet(ui, format!("step {}, {title}, {place}", spans.step)).on_hover_text(format!(
            "{title}, {place}: the first window of the batch of step {}, with the weights before its update",
            spans.step
        ));
    });
    let colour = theme::tokens(ui).accent;
    let (hidden, frames) = (spans.hidden.len(), spans.frames());
    swatch(ui, colour, format!("hidden from the student: {hidden} of {frames} frames"))
        .on_hover_text("Spans of frames in whose place the student is given a learnt vector; the teacher sees the whole window");
    let below = theme::SMALL_LINE + 3.0 * theme::SPACE;
    let axis = theme::TEXT_SMALL + theme::SPACE_SMALL;
    let left = height - (ui.cursor().top() - top) - below;
    let size = vec2(ui.available_width(), left.max(LEAST_HEIGHT));
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let lanes = Lanes {
        spans,
        area: Rect::from_min_size(rect.min, rect.size() - vec2(LEGEND, axis)),
    };
    let said = summary(spans);
    paint(ui, model, run, &lanes);
    time_axis(ui, &lanes);
    response.widget_info(|| {
        let text = format!("Hidden spans of step {}: {said}", spans.step);
        egui::WidgetInfo::labeled(egui::WidgetType::Image, true, text)
    });
    point(ui, &lanes, response);
    parts::quiet(ui, said).on_hover_text(
        "Means over the hidden frames: cosine, and squared difference over the dimensions. The loss is this error times the root \
         of the number of dimensions, over all windows of the batch",
    );
}

/// How near student and teacher are, in one line.
fn summary(spans: &HiddenSpans) -> String {
    let mean = |values| {
        spans
            .mean_of(values, true)
            .map_or("\u{2013}".to_owned(), plot::number)
    };
    format!(
        "hidden frames: cosine {}, squared error {}",
        mean(&spans.cosines),
        mean(&spans.errors)
    )
}

fn paint(ui: &mut Ui, model: &AppState, run: &RunView, lanes: &Lanes<'_>) {
    let spans = lanes.spans;
    let tokens = theme::tokens(ui);
    let hidden = lanes.runs(true);
    let map = model.spectrogram.form.colour_map;
    // What the pictures are made of: one window of one step of one run.
    let key = |lane: Lane| {
        let place = (
            &run.folder,
            spans.step,
            spans.start_secs.to_bits(),
            &spans.track,
        );
        cached_picture::key((lane as u8, place, map.name()))
    };
    for (lane, _) in Lane::ALL {
        let rect = lanes.rect(lane);
        let above = rect.left_top() - vec2(0.0, theme::UNIT / 2.0);
        plot::write(
            ui,
            above,
            Align2::LEFT_BOTTOM,
            lane.title(),
            tokens.text_weak,
        );
        let id = egui::Id::new(("hidden spans", lane as u8));
        match lane {
            Lane::Waveform => {
                ui.painter().rect_filled(rect, 0.0, tokens.raised);
                cover(ui, rect, &hidden);
                waveform(ui, rect, &spans.waveform);
            }
            Lane::Mel => {
                let bands = HiddenSpans::MEL_BANDS;
                let columns = spans.mel.len() / bands;
                let table = map.table();
                // Columns are centred on the samples where frames begin.
                let half = 0.5 * HiddenSpans::FRAME_SECS;
                let ends = [-half, (columns as f64 - 0.5) * HiddenSpans::FRAME_SECS];
                let [from, to] = ends.map(|secs| lanes.x(secs));
                let picture = Rect::from_x_y_ranges(from..=to, rect.y_range());
                let mut within = ui.new_child(UiBuilder::new().max_rect(rect));
                within.shrink_clip_rect(rect);
                let size = [columns, bands];
                cached_picture::show(
                    &within,
                    id,
                    key(lane),
                    size,
                    true,
                    picture,
                    |column, row| {
                        let level = spans.mel.get(column * bands + bands - 1 - row);
                        let level = f32::from(level.copied().unwrap_or_default()) / 255.0;
                        let place = (level * (table.len() - 1) as f32).round() as usize;
                        let [red, green, blue, _] = table.get(place).copied().unwrap_or_default();
                        Color32::from_rgb(red, green, blue)
                    },
                );
                cover(ui, rect, &hidden);
                label_range(ui, rect, ["8 kHz", "0"]);
            }
            Lane::Targets | Lane::Predictions => {
                let values = match lane {
                    Lane::Targets => &spans.targets,
                    _ => &spans.predictions,
                };
                let [first, last] =
                    [0, spans.frames().saturating_sub(1)].map(|frame| lanes.frame(frame));
                let rows = rect.top() + MARK..=rect.bottom();
                let picture = Rect::from_x_y_ranges(first.min..=last.max, rows);
                let size = [spans.frames(), spans.rows];
                cached_picture::show(ui, id, key(lane), size, false, picture, |frame, row| {
                    let value = values.get(frame * spans.rows + row);
                    theme::diverging(f32::from(value.copied().unwrap_or_default()) / 127.0)
                });
                if lane == Lane::Predictions {
                    let pale = tokens.surface.gamma_multiply(0.6);
                    for run in lanes.runs(false) {
                        let place = Rect::from_x_y_ranges(run, picture.y_range());
                        ui.painter().rect_filled(place, 0.0, pale);
                    }
                }
                for run in &hidden {
                    let mark = Rangef::new(rect.top(), rect.top() + MARK - theme::LINE);
                    let place = Rect::from_x_y_ranges(*run, mark);
                    ui.painter().rect_filled(place, 0.0, tokens.accent);
                }
            }
            Lane::Cosine => {
                ui.painter().rect_filled(rect, 0.0, tokens.raised);
                cover(ui, rect, &hidden);
                cosines(ui, lanes, rect);
                label_range(ui, rect, ["1", "\u{2212}1"]);
            }
        }
    }
    // One bar of colours for both.
    let (top, bottom) = (lanes.rect(Lane::Targets), lanes.rect(Lane::Predictions));
    let x = lanes.area.right() + theme::SPACE_SMALL;
    let bar = Rect::from_x_y_ranges(
        x..=x + 2.0 * theme::UNIT,
        top.top() + MARK..=bottom.bottom(),
    );
    let ends = [1.0, 0.0, -1.0].map(|sign: f32| {
        let text = format!("{:.2}", sign * spans.scale).replace('-', "\u{2212}");
        (
            0.5 + 0.5 * sign,
            if sign == 0.0 { "0".to_owned() } else { text },
        )
    });
    let look = (theme::SPACE_SMALL, theme::small_font(), tokens.text_weak);
    colour_bar(
        ui,
        bar,
        |share| theme::diverging(2.0 * share - 1.0),
        &ends,
        look,
    );
}

/// Covers the hidden spans of a lane.
fn cover(ui: &Ui, rect: Rect, hidden: &[Rangef]) {
    let colour = theme::tokens(ui).accent;
    for run in hidden {
        let place = Rect::from_x_y_ranges(*run, rect.y_range());
        ui.painter()
            .rect_filled(place, 0.0, colour.gamma_multiply(COVER));
    }
}

/// Writes what the upper and the lower edge of a lane stand for, right of it.
fn label_range(ui: &Ui, rect: Rect, [high, low]: [&str; 2]) {
    let weak = theme::tokens(ui).text_weak;
    let away = vec2(theme::SPACE_SMALL, 0.0);
    plot::write(ui, rect.right_top() + away, Align2::LEFT_TOP, high, weak);
    plot::write(
        ui,
        rect.right_bottom() + away,
        Align2::LEFT_BOTTOM,
        low,
        weak,
    );
}

fn waveform(ui: &Ui, rect: Rect, columns: &[[i8; 2]]) {
    let stroke = Stroke::new(theme::LINE, theme::tokens(ui).text);
    let y = |value: i8| rect.center().y - 0.48 * rect.height() * f32::from(value) / 127.0;
    let width = rect.width() / columns.len().max(1) as f32;
    for (column, [low, high]) in columns.iter().enumerate() {
        let x = rect.left() + (column as f32 + 0.5) * width;
        let ends = y(*high) - 0.5..=y(*low) + 0.5;
        ui.painter().vline(x, ends, stroke);
    }
}

fn cosines(ui: &Ui, lanes: &Lanes<'_>, rect: Rect) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter().with_clip_rect(rect);
    let middle = Stroke::new(theme::LINE, tokens.hairline);
    painter.hline(rect.x_range(), rect.center().y, middle);
    let cosines = lanes.spans.cosines.iter().enumerate();
    let points: Vec<(bool, Pos2)> = cosines
        .map(|(frame, cosine)| {
            let y = rect.center().y - 0.5 * rect.height() * cosine.clamp(-1.0, 1.0);
            let place = pos2(lanes.frame(frame).center(), y);
            (lanes.spans.is_hidden(frame), place)
        })
        .collect();
    let quiet = Stroke::new(theme::LINE, tokens.text_weak);
    painter.line(points.iter().map(|(_, place)| *place).collect(), quiet);
    let strong = Stroke::new(theme::LINE_STRONG, tokens.text_strong);
    for run in points.chunk_by(|a, b| a.0 == b.0) {
        if run.first().is_some_and(|(hidden, _)| *hidden) {
            painter.line(run.iter().map(|(_, place)| *place).collect(), strong);
        }
    }
}

/// Seconds from the start of the window on, below the lanes.
fn time_axis(ui: &Ui, lanes: &Lanes<'_>) {
    /// Points between two numbers, at least.
    const APART: f64 = 60.0;
    let weak = theme::tokens(ui).text_weak;
    let secs = lanes.spans.window_secs;
    let step = ticks::round_step(APART * secs / f64::from(lanes.area.width().max(1.0)));
    let bottom = lanes.area.bottom() + theme::SPACE_SMALL;
    let count = (secs / step + 1e-9).floor() as usize;
    for mark in 0..=count {
        let value = mark as f64 * step;
        let text = ticks::text(GridMark {
            value,
            step_size: step,
        });
        let (align, text) = match mark {
            0 => (Align2::LEFT_TOP, format!("{text} s")),
            _ if lanes.x(value) > lanes.area.right() - theme::SPACE => (Align2::RIGHT_TOP, text),
            _ => (Align2::CENTER_TOP, text),
        };
        plot::write(ui, pos2(lanes.x(value), bottom), align, text, weak);
    }
}

/// Says what lies under the pointer, and marks its frame in all lanes.
fn point(ui: &Ui, lanes: &Lanes<'_>, response: Response) {
    let Some(at) = response.hover_pos() else {
        return;
    };
    let spans = lanes.spans;
    let over = Lane::ALL.into_iter().map(|(lane, _)| lane).find(|&lane| {
        let rect = lanes.rect(lane);
        at.y >= rect.top() - TITLE && at.y <= rect.bottom()
    });
    let Some(lane) = over else {
        return;
    };
    let rect = lanes.rect(lane);
    let Some(frame) = lanes.frame_at(at.x).filter(|_| rect.contains(at)) else {
        response.on_hover_text_at_pointer(lane.help(spans));
        return;
    };
    let line = Stroke::new(theme::LINE, theme::tokens(ui).text_strong);
    for (lane, _) in Lane::ALL {
        let rect = lanes.rect(lane);
        ui.painter()
            .vline(lanes.frame(frame).center(), rect.y_range(), line);
    }
    let [start, _] = spans.secs_of(frame);
    let seen = match spans.is_hidden(frame) {
        true => "hidden from the student",
        false => "seen by the student",
    };
    let of = |values: &[f32]| values.get(frame).map_or(0.0, |value| f64::from(*value));
    let mut text = format!(
        "frame {frame}, {start:.2} s: {seen}\ncosine {}, squared error {}",
        plot::number(of(&spans.cosines)),
        plot::number(of(&spans.errors)),
    );
    if let Lane::Targets | Lane::Predictions = lane {
        let share = (at.y - rect.top() - MARK) / (rect.height() - MARK).max(1.0);
        let row = ((share.max(0.0) * spans.rows as f32) as usize).min(spans.rows.saturating_sub(1));
        let each = spans.dim.div_ceil(spans.rows.max(1));
        let [first, end] = [row * each, ((row + 1) * each).min(spans.dim)];
        let value = |values: &[i8]| {
            let value = values.get(frame * spans.rows + row).copied();
            let share = f64::from(value.unwrap_or_default()) / 127.0;
            plot::number(share * f64::from(spans.scale))
        };
        text += &format!(
            "\ndimensions {first} to {}: teacher {}, student {}",
            end.saturating_sub(1),
            value(&spans.targets),
            value(&spans.predictions)
        );
    }
    response.on_hover_text_at_pointer(text);
}
