//! What a MAEST that is trained has learnt to say of the chosen track so far.

use eframe::egui::{self, Align2, Rect, Sense, Ui, pos2, vec2};
use egui_phosphor::regular as icon;

use crate::gui::{
    model::{AppState, RunView, TrainPhase},
    theme,
};
use mynascope_base::counted;
use mynascope_train::LearnedStyles;

use super::super::parts;

/// Styles that are listed at most.
const MOST: usize = 10;
/// Width of a probability.
const NUMBER: f32 = 12.0 * theme::UNIT;

/// Draws the likeliest styles of the track that was listened to, or why there are none.
pub fn show(ui: &mut Ui, model: &AppState, run: &RunView) {
    ui.add_space(theme::SPACE);
    let Some(styles) = &run.pictures().styles else {
        parts::heading(ui, "Styles so far");
        parts::explain(ui, missing(model, run));
        return;
    };
    let title = parts::track_name(&model.library, &styles.track);
    ui.horizontal(|ui| {
        parts::heading(ui, "Styles so far");
        let windows = counted(styles.windows, "window");
        parts::quiet(ui, format!("step {}, {title}", styles.step)).on_hover_text(format!(
            "What the weights after step {} say of {title}: the mean over {windows} that are spread over the track, of all their \
             patches. Each label has a probability of its own, so they needn't add up to 100 %",
            styles.step
        ));
    });
    if let Some(why) = &styles.problem {
        return parts::error(ui, &format!("{title} could not be heard: {why}"));
    }
    let label = label_of(model, styles);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (name, probability) in styles.ranked.iter().take(MOST) {
            line(ui, name, *probability, label.as_deref() == Some(name));
        }
    });
    if let Some(waiting) = waiting(model, styles) {
        parts::explain(ui, waiting);
    }
}

/// The label of the track in the open collection.
fn label_of(model: &AppState, styles: &LearnedStyles) -> Option<String> {
    let mut tracks = model.library.collection.iter().flat_map(|all| &all.tracks);
    let track = tracks.find(|track| track.path == styles.track)?;
    track.label.clone()
}

/// A style: its name, its probability as number and bar, and whether the track has that label.
fn line(ui: &mut Ui, name: &str, probability: f32, is_label: bool) {
    let tokens = theme::tokens(ui);
    let size = vec2(ui.available_width(), 5.0 * theme::UNIT);
    let (area, response) = ui.allocate_exact_size(size, Sense::hover());
    let percent = format!("{:.1} %", 100.0 * probability);
    let share = probability.clamp(0.0, 1.0);
    let bar = Rect::from_min_size(
        pos2(area.left(), area.bottom() - 2.0 * theme::LINE),
        vec2(area.width() * share, 2.0 * theme::LINE),
    );
    let colour = if is_label {
        tokens.text_strong
    } else {
        tokens.text
    };
    let painter = ui.painter();
    painter.rect_filled(bar, 0.0, tokens.accent);
    let (at, font) = (area.right_center(), theme::small_font());
    painter.text(at, Align2::RIGHT_CENTER, &percent, font, colour);
    let mut room = area;
    room.max.x -= NUMBER;
    let text = match is_label {
        true => format!("{} {name}", icon::TAG),
        false => name.to_owned(),
    };
    parts::write_line(ui, room, &text, colour);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::Label, true, format!("{name}: {percent}"))
    });
    response.on_hover_text(match is_label {
        true => format!("{name}: the label of this track"),
        false => name.to_owned(),
    });
}

/// What is to come where another track is chosen by now.
fn waiting(model: &AppState, styles: &LearnedStyles) -> Option<String> {
    let training = &model.training;
    let path = model.spectrogram.path()?;
    let follows = training.shows_live() && training.is_active();
    let earlier = training.shown().is_some_and(|run| run.chosen.is_some());
    if !follows || earlier || path == styles.track {
        return None;
    }
    let name = parts::track_name(&model.library, path);
    Some(match training.phase {
        TrainPhase::Paused => format!("{name} follows when the run goes on."),
        _ => format!("{name} follows with one of the next steps."),
    })
}

/// Why no styles are there.
fn missing(model: &AppState, run: &RunView) -> String {
    let training = &model.training;
    let follows = training.shows_live() && training.is_active() && run.chosen.is_none();
    match (follows, model.spectrogram.path()) {
        (true, None) => {
            "Choose or play a track: which labels the present weights tell of it appears here and is renewed as the run goes on."
                .to_owned()
        }
        (true, Some(path)) => {
            let name = parts::track_name(&model.library, path);
            format!("Listening to {name}: its styles come with one of the next steps.")
        }
        (false, _) => {
            "This checkpoint keeps none, since no track was chosen when it was written. “Use this encoder”, or a step on the bar \
             below the curves, and the Styles of the Listen layout tell those of any track."
                .to_owned()
        }
    }
}
