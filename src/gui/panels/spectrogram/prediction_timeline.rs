//! What the active probe, and the encoder's classifier, say of the shown track over time: a block a window, under the picture.

use eframe::egui::{self, Align, Align2, Color32, Layout, Rect, Sense};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, ProbeCommand, SoundCommand},
    model::{ActiveProbe, AppState, PredictionTimeline, TrackRole, clock},
    theme,
};
use mynascope_probe::{Answer, WindowAnswer};

use super::picture::x_of;

/// Height of the blocks.
const HEIGHT: f32 = 5.0 * theme::UNIT;
/// Height of the line above the blocks of a probe.
const CAPTION: f32 = 5.0 * theme::UNIT;
/// Labels that the caption names beside the blocks, the most frequent first.
const NAMED: usize = 4;
/// Answers weaker than this, from a guess (0) to certainty (1), are written faintly.
const WEAK: f32 = 0.25;

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The encoder's classifier.
    Classifier,
    /// The head of an encoder that hears keys.
    Keys,
    /// The active probe.
    Probe,
}

impl Speaker {
    /// The name of its strip.
    fn name(self) -> &'static str {
        match self {
            Self::Classifier => "Styles over time",
            Self::Keys => "Keys over time",
            Self::Probe => "What the probe says over time",
        }
    }
}

/// How high a strip is.
pub fn height(speaker: Speaker) -> f32 {
    match speaker {
        Speaker::Classifier | Speaker::Keys => HEIGHT,
        Speaker::Probe => CAPTION + HEIGHT,
    }
}

/// The timelines of the shown track, from the highest on.
pub fn of_shown(model: &AppState) -> Vec<(Speaker, &PredictionTimeline)> {
    let styles = model.styles.view.timeline.as_ref();
    let probe = model.probing.timeline.as_ref();
    let keys = model.keys.timeline.as_ref();
    let all = [
        (Speaker::Classifier, styles),
        (Speaker::Keys, keys),
        (Speaker::Probe, probe),
    ];
    all.into_iter()
        .filter_map(|(speaker, timeline)| Some((speaker, timeline?)))
        .filter(|(_, timeline)| model.spectrogram.path() == Some(timeline.path.as_path()))
        .collect()
}

/// Draws a timeline; a click plays a window.
pub fn show(
    ui: &mut egui::Ui,
    model: &AppState,
    (speaker, timeline): (Speaker, &PredictionTimeline),
    area: Rect,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let active = model.probing.active.as_ref();
    let active = active.filter(|_| speaker == Speaker::Probe);
    let mut area = area.shrink2(egui::vec2(0.0, 1.0));
    if let Some(active) = active {
        let (above, below) = area.split_top_bottom_at_y(area.top() + CAPTION);
        caption(ui, model, active, timeline, above, out);
        area = below;
    }
    let response = ui.interact(area, ui.id().with(speaker.name()), Sense::click());
    response
        .widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, speaker.name()));
    let painter = ui.painter().with_clip_rect(area);
    painter.rect_filled(area, 0.0, tokens.picture);
    let said = match &timeline.answer {
        Ok(said) => said,
        Err(why) => {
            let text = match speaker {
                Speaker::Classifier | Speaker::Keys => why.clone(),
                Speaker::Probe => format!("the probe says nothing here: {why}"),
            };
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
    // Of one style all blocks are alike: how high each is tells them apart.
    let is_level = speaker == Speaker::Classifier && model.styles.form.style.is_some();
    let places = places(model, timeline, speaker);
    let mut under = None;
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for (at, window) in said.windows.iter().enumerate() {
        let start = f64::from(window.start_secs);
        // Windows may overlap: a block ends where the next begins.
        let next = said.windows.get(at + 1);
        let next = next.map_or(f64::INFINITY, |next| f64::from(next.start_secs));
        let end = (start + timeline.window_secs).min(next);
        let ends = [start, end].map(|secs| x_of(view, area, secs));
        let block = Rect::from_x_y_ranges(ends[0]..=ends[1], area.y_range());
        if !block.intersects(area) {
            continue;
        }
        let block = block.shrink2(egui::vec2(0.5, 0.0));
        let (colour, mut share) = look(tokens, &window.answer, &places);
        if let Some(active) = active {
            share = active.strength(&window.answer);
        }
        // What is not sure fades into the ground.
        let least = if active.is_some() { 0.15 } else { 0.25 };
        let fill = tokens
            .picture
            .lerp_to_gamma(colour, least + (1.0 - least) * share);
        let mut bar = block;
        if is_level {
            bar.min.y = bar.max.y - share.clamp(0.0, 1.0) * bar.height();
        }
        painter.rect_filled(bar, 0.0, fill);
        if !is_level {
            blocks.push(Block {
                area: block,
                name: &window.answer.prediction,
                fill,
                weak: active.is_some() && share < WEAK,
            });
        }
        if response.hover_pos().is_some_and(|at| block.contains(at)) {
            under = Some(window);
        }
    }
    for run in blocks.chunk_by(|a, b| a.name == b.name) {
        write_name(&painter, run, area);
    }
    if let Some(first) = said.windows.first().filter(|_| is_level) {
        style_of_all(ui, &painter, area, &first.answer.prediction);
    }
    if let Some(window) = under {
        if response.clicked() {
            out.push(Command::Sound(SoundCommand::Seek(f64::from(
                window.start_secs,
            ))));
        }
        response.on_hover_text(words(speaker, timeline, window));
    }
}

/// The line above the blocks of a probe: which probe it is, what the track was to it, the labels that are seen, and the way to
/// put it away.
fn caption(
    ui: &mut egui::Ui,
    model: &AppState,
    active: &ActiveProbe,
    timeline: &PredictionTimeline,
    area: Rect,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let layout = Layout::right_to_left(Align::Center);
    let mut line = ui.new_child(egui::UiBuilder::new().max_rect(area).layout(layout));
    let ui = &mut line;
    ui.set_clip_rect(area.intersect(ui.clip_rect()));
    ui.spacing_mut().item_spacing.x = theme::SPACE;
    // As low as the line itself, so that it stands in its middle.
    ui.spacing_mut().interact_size.y = 0.0;
    let close = egui::Button::new(theme::small(icon::X)).frame_when_inactive(false);
    let padding = std::mem::take(&mut ui.spacing_mut().button_padding);
    let close = ui.add(close.min_size(egui::Vec2::splat(CAPTION - theme::SPACE_SMALL)));
    ui.spacing_mut().button_padding = padding;
    close.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::Button, true, "Put the probe away")
    });
    let hint = "Puts away what the probe says over time; the eye in Probe > Use brings it back";
    if close.on_hover_text(hint).clicked() {
        out.push(Command::Probe(ProbeCommand::ShowStrip(false)));
    }
    for (name, place, share) in seen_labels(model, timeline).into_iter().rev() {
        let text = format!("{name} {:.0} %", 100.0 * share);
        ui.label(theme::small(text).color(tokens.text_weak));
        let dot = egui::vec2(2.0 * theme::UNIT, CAPTION);
        let (dot, _) = ui.allocate_exact_size(dot, Sense::hover());
        let colour = theme::label_colour(tokens, place);
        theme::label_mark(ui.painter(), dot.center(), theme::UNIT, place, colour);
    }
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        if let Some(role) = timeline.role {
            let colour = match role {
                TrackRole::InTraining => tokens.text_strong,
                TrackRole::HeldOut | TrackRole::New => tokens.text_weak,
            };
            let text = format!("{}  \u{b7}", role.name());
            ui.label(theme::small(text).color(colour))
                .on_hover_text(role.help());
        }
        let open = model.library.collection.as_ref();
        let mut text = active.caption(open.map(|collection| collection.name.as_str()));
        if let Some(warning) = active.warning() {
            text = format!("{warning}; {text}");
        }
        let shown = theme::small(&text).color(tokens.text_weak);
        ui.add(egui::Label::new(shown).truncate())
            .on_hover_text(&text);
    });
}

/// The most frequent answers of the windows that are seen, with their colour and their share.
fn seen_labels<'a>(
    model: &AppState,
    timeline: &'a PredictionTimeline,
) -> Vec<(&'a str, usize, f64)> {
    let Ok(said) = &timeline.answer else {
        return Vec::new();
    };
    let view = &model.spectrogram.view;
    let seen = said.windows.iter().filter(|window| {
        let start = f64::from(window.start_secs);
        start + timeline.window_secs > view.start_secs && start < view.start_secs + view.span_secs
    });
    let classes: Vec<usize> = seen.filter_map(|window| window.answer.class).collect();
    let mut counts = vec![0_usize; timeline.classes.len()];
    for &class in &classes {
        if let Some(count) = counts.get_mut(class) {
            *count += 1;
        }
    }
    let places = places(model, timeline, Speaker::Probe);
    let mut named: Vec<(&str, usize, f64)> = (timeline.classes.iter().zip(counts).zip(places))
        .filter(|((_, count), _)| *count > 0)
        .map(|((name, count), place)| (name.as_str(), place, count as f64 / classes.len() as f64))
        .collect();
    named.sort_by(|a, b| b.2.total_cmp(&a.2));
    named.truncate(NAMED);
    named
}

/// A window on the strip.
struct Block<'a> {
    area: Rect,
    name: &'a str,
    fill: Color32,
    /// Hardly surer than a guess.
    weak: bool,
}

/// Writes what blocks side by side have in common.
fn write_name(painter: &egui::Painter, run: &[Block<'_>], area: Rect) {
    let Some(first) = run.first() else {
        return;
    };
    let layout = |colour| {
        let font = theme::small_font();
        painter.layout_no_wrap(first.name.to_owned(), font, colour)
    };
    let size = layout(first.fill).size();
    let areas: Vec<Rect> = run.iter().map(|block| block.area).collect();
    for centre in name_centres(&areas, area, size.x + theme::SPACE) {
        let under = run.iter().find(|block| block.area.contains(centre));
        let block = under.unwrap_or(first);
        let mut colour = readable_on(block.fill);
        if block.weak {
            colour = colour.gamma_multiply(0.55);
        }
        painter.galley(centre - size / 2.0, layout(colour), colour);
    }
}

/// Where the name of blocks side by side stands: in each of them, or where one is too narrow for it once over all that is
/// seen of them; nowhere if that is too narrow, too.
fn name_centres(blocks: &[Rect], area: Rect, width: f32) -> Vec<egui::Pos2> {
    if blocks.iter().all(|block| width < block.width()) {
        return blocks.iter().map(Rect::center).collect();
    }
    let all = blocks.iter().copied().reduce(Rect::union);
    let seen = all.map(|all| all.intersect(area));
    let seen = seen.filter(|seen| width < seen.width());
    seen.into_iter().map(|seen| seen.center()).collect()
}

/// Names the one style that the strip is about, at its left edge: bars of any height leave it readable.
fn style_of_all(ui: &egui::Ui, painter: &egui::Painter, area: Rect, name: &str) {
    let tokens = theme::tokens(ui);
    let font = theme::small_font();
    let text = painter.layout_no_wrap(name.to_owned(), font, theme::DARK.text_strong);
    let corner = area.left_center() + egui::vec2(theme::UNIT, -0.5 * text.size().y);
    let ground = Rect::from_min_size(corner, text.size()).expand2(egui::vec2(theme::UNIT, 0.0));
    painter.rect_filled(ground, theme::CORNER, tokens.picture.gamma_multiply(0.85));
    painter.galley(corner, text, theme::DARK.text_strong);
}

/// The colours of the classes: those of labels and groups have theirs in every panel.
fn places(model: &AppState, timeline: &PredictionTimeline, speaker: Speaker) -> Vec<usize> {
    match speaker {
        Speaker::Probe => model.colour_places(&timeline.classes),
        Speaker::Classifier | Speaker::Keys => (0..timeline.classes.len()).collect(),
    }
}

/// The colour of a class, and how strongly it is shown.
fn look(tokens: &theme::Tokens, answer: &Answer, places: &[usize]) -> (Color32, f32) {
    let share = answer.confidence.unwrap_or(1.0) as f32;
    let place = answer.class.and_then(|class| places.get(class));
    let colour = place.map_or(theme::NO_LABEL, |&place| theme::label_colour(tokens, place));
    (colour, share)
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

fn words(speaker: Speaker, timeline: &PredictionTimeline, window: &WindowAnswer) -> String {
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
        let listed = match speaker {
            Speaker::Classifier => 5,
            Speaker::Keys | Speaker::Probe => 3,
        };
        for (name, share) in scores.iter().take(listed) {
            text += &format!("\n{name} {:.0} %", 100.0 * share);
        }
    } else {
        for (name, value) in &scores {
            text += &format!("\n{name} {value:.2}");
        }
    }
    if let Some(role) = timeline.role {
        text += &format!("\n{}", role.help());
    }
    text += "\nA click moves the playhead there";
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_narrow_blocks_stands_once_over_all_of_them() {
        let block =
            |at: u32| Rect::from_x_y_ranges(at as f32 * 40.0..=at as f32 * 40.0 + 40.0, 0.0..=20.0);
        let area = Rect::from_x_y_ranges(0.0..=200.0, 0.0..=20.0);
        let centres = |blocks: &[Rect], width: f32| -> Vec<f32> {
            name_centres(blocks, area, width)
                .iter()
                .map(|at| at.x)
                .collect()
        };
        let three = [block(0), block(1), block(2)];
        assert_eq!(centres(&three, 30.0), [20.0, 60.0, 100.0]);
        assert_eq!(centres(&three, 100.0), [60.0]);
        assert_eq!(centres(&three, 130.0), [0.0; 0]);
        // Of blocks that reach out of the picture what is seen counts.
        assert_eq!(
            centres(&[block(3), block(4), block(5), block(6)], 60.0),
            [160.0]
        );
        assert_eq!(centres(&[block(4), block(5), block(6)], 60.0), [0.0; 0]);
    }
}
