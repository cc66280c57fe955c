//! What the active probe says of the shown track over time: a block a window, under the picture.

use eframe::egui::{self, Align2, Color32, Rect, Sense};

use crate::gui::{
    command::{Command, SoundCommand},
    model::{AppState, PredictionTimeline, clock},
    theme,
};
use mynascope_probe::{Answer, WindowAnswer};

use super::picture::x_of;

/// Height of the timeline.
pub const HEIGHT: f32 = 5.0 * theme::UNIT;

/// The timeline of the shown track, where there is one.
pub fn of_shown(model: &AppState) -> Option<&PredictionTimeline> {
    let timeline = model.probing.timeline.as_ref()?;
    (model.spectrogram.path() == Some(timeline.path.as_path())).then_some(timeline)
}

/// Draws the timeline; a click plays a window.
pub fn show(
    ui: &mut egui::Ui,
    model: &AppState,
    timeline: &PredictionTimeline,
    area: Rect,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let area = area.shrink2(egui::vec2(0.0, 1.0));
    let response = ui.interact(area, ui.id().with("prediction strip"), Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::WidgetType::Image,
            true,
            "What the probe says over time",
        )
    });
    let painter = ui.painter().with_clip_rect(area);
    painter.rect_filled(area, 0.0, tokens.picture);
    let said = match &timeline.answer {
        Ok(said) => said,
        Err(why) => {
            let text = format!("the probe says nothing here: {why}");
            painter.text(
                area.left_center(),
                Align2::LEFT_CENTER,
                &text,
                theme::small_font(),
                theme::DARK.text_weak,
            );
            response.on_hover_text(text);
            return;
        }
    };
    let view = &model.spectrogram.view;
    let mut under = None;
    for window in &said.windows {
        let start = f64::from(window.start_secs);
        let ends = [start, start + timeline.window_secs].map(|secs| x_of(view, area, secs));
        let block = Rect::from_x_y_ranges(ends[0]..=ends[1], area.y_range());
        if !block.intersects(area) {
            continue;
        }
        let block = block.shrink2(egui::vec2(0.5, 0.0));
        let (colour, share) = look(&window.answer);
        // What the probe is not sure of fades into the ground.
        let fill = tokens.picture.lerp_to_gamma(colour, 0.25 + 0.75 * share);
        painter.rect_filled(block, 0.0, fill);
        let text = painter.layout_no_wrap(
            window.answer.prediction.clone(),
            theme::small_font(),
            readable_on(fill),
        );
        if text.size().x + theme::SPACE < block.width() {
            let corner = block.center() - text.size() / 2.0;
            painter.galley(corner, text, tokens.on_picture);
        }
        if response.hover_pos().is_some_and(|at| block.contains(at)) {
            under = Some(window);
        }
    }
    if let Some(window) = under {
        if response.clicked() {
            out.push(Command::Sound(SoundCommand::Seek(f64::from(
                window.start_secs,
            ))));
        }
        response.on_hover_text(words(timeline, window));
    }
}

/// The colour of a class, and how strongly it is shown.
fn look(answer: &Answer) -> (Color32, f32) {
    let share = answer.confidence.unwrap_or(1.0) as f32;
    match answer.class {
        Some(class) => (theme::label_colour(class), share),
        None => (theme::NO_LABEL, share),
    }
}

/// Black or white, whichever can be read.
fn readable_on(fill: Color32) -> Color32 {
    // Rec. 709 luma is enough to choose between two.
    let luma =
        0.2126 * f32::from(fill.r()) + 0.7152 * f32::from(fill.g()) + 0.0722 * f32::from(fill.b());
    if luma > 120.0 {
        theme::DARK.on_accent
    } else {
        theme::DARK.text_strong
    }
}

fn words(timeline: &PredictionTimeline, window: &WindowAnswer) -> String {
    let answer = &window.answer;
    let start = f64::from(window.start_secs);
    let mut text = format!(
        "{} to {}",
        clock(start),
        clock(start + timeline.window_secs)
    );
    let mut scores: Vec<(&String, f64)> = timeline
        .classes
        .iter()
        .zip(answer.scores.iter().copied())
        .collect();
    if answer.confidence.is_some() {
        scores.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (name, share) in scores.iter().take(3) {
            text += &format!("\n{name} {:.0} %", 100.0 * share);
        }
    } else {
        for (name, value) in &scores {
            text += &format!("\n{name} {value:.2}");
        }
    }
    if timeline.learned {
        text += "\nThe probe learned from this track: that it knows it proves little";
    }
    text += "\nA click moves the playhead there";
    text
}
