//! Parts that several panels are made of.

use eframe::egui::{self, Align, Layout, RichText, Ui, Vec2};
use egui_phosphor::regular as icon;
use egui_plot::Plot;

use crate::gui::{
    command::{Command, EncoderCommand},
    jobs::Running,
    model::{Embeddings, EncoderSource, Library},
    theme,
};
use mynascope_encoder::Patching;

use super::top;

/// Width of the names in that column.
const NAME_WIDTH: f32 = 24.0 * theme::UNIT;

/// Draws a panel's content with the margin that all panels have.
pub fn padded<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    let rect = ui.available_rect_before_wrap().shrink(theme::SPACE_LARGE);
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect), content)
        .inner
}

/// A plot that stays where it is, whatever the pointer does.
pub fn fixed_plot<'a>(ui: &Ui, id: impl egui::AsId) -> Plot<'a> {
    Plot::new(id)
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_boxed_zoom(false)
        .show_background(false)
        .grid_color(theme::tokens(ui).plot_grid)
}

/// Splits the space into a column of a width and the rest, with air between them.
pub fn split_columns<A>(
    ui: &mut Ui,
    left_width: f32,
    first: impl FnOnce(&mut Ui) -> A,
    second: impl FnOnce(&mut Ui),
) -> A {
    let space = ui.available_rect_before_wrap();
    let (left, right) = space.split_left_right_at_x(space.left() + left_width.min(space.width()));
    let mut right = right;
    right.min.x = (right.min.x + 2.0 * theme::SPACE_LARGE).min(right.max.x);
    let column = Layout::top_down(Align::Min);
    let builder = |rect| egui::UiBuilder::new().max_rect(rect).layout(column);
    let answer = ui.scope_builder(builder(left), first).inner;
    ui.scope_builder(builder(right), second);
    answer
}

/// Width of what scrolls, as if its bar were always there: nothing moves when it comes or goes. To be asked outside the area.
pub fn width_beside_bar(ui: &Ui) -> f32 {
    let scroll = ui.spacing().scroll;
    ui.available_width() - scroll.bar_width - scroll.bar_inner_margin
}

/// A heading over a group of controls or numbers.
pub fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).color(theme::tokens(ui).text_strong));
}

/// A line of small, quiet text that never wraps: what does not fit is in its tooltip.
pub fn quiet(ui: &mut Ui, text: impl Into<String>) -> egui::Response {
    let text = text.into();
    let weak = theme::tokens(ui).text_weak;
    ui.add(egui::Label::new(theme::small(text).color(weak)).truncate())
}

/// One line of text in a place, painted: what does not fit ends in dots. For rows that are one widget.
pub fn write_line(ui: &Ui, place: egui::Rect, text: &str, colour: egui::Color32) {
    let font = egui::FontId::proportional(theme::TEXT_BODY);
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(place.width().max(0.0));
    let galley = ui.painter().layout_job(job);
    let corner = egui::pos2(place.left(), place.center().y - 0.5 * galley.size().y);
    ui.painter().galley(corner, galley, colour);
}

/// Small, quiet text that may take several lines.
pub fn explain(ui: &mut Ui, text: impl Into<String>) {
    let weak = theme::tokens(ui).text_weak;
    ui.add(egui::Label::new(theme::small(text).color(weak)).wrap());
}

/// Gives a control that has no label beside it a name, which screen readers say.
pub fn named(response: egui::Response, name: &str) -> egui::Response {
    let label = |node: &mut egui::accesskit::Node| node.set_label(name);
    response.ctx.accesskit_node_builder(response.id, label);
    response
}

/// One row of a form: a name, and its control in the space that is left.
pub fn row(ui: &mut Ui, name: &str, hint: &str, control: impl FnOnce(&mut Ui) -> egui::Response) {
    ui.horizontal(|ui| {
        let size = Vec2::new(NAME_WIDTH, theme::CONTROL_HEIGHT);
        let label = ui
            .allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_size(size);
                ui.label(name).on_hover_text(hint)
            })
            .inner;
        control(ui).labelled_by(label.id).on_hover_text(hint);
    });
}

/// Air between a choice's text and the edge of its button, on both sides together.
const CHOICE_AIR: f32 = theme::UNIT;

/// A row of buttons of which one is on; fills the width. Where their names don't fit side by side it takes several rows.
/// Returns the one that was chosen.
pub fn choice<T: PartialEq + Copy>(
    ui: &mut Ui,
    width: f32,
    options: &[(T, &str, &str)],
    current: T,
) -> (egui::Response, Option<T>) {
    let gap = 1.0;
    let each = |count: usize| {
        let count = count.max(1) as f32;
        (width - gap * (count - 1.0)) / count
    };
    let font = egui::TextStyle::Button.resolve(ui.style());
    let widest = options
        .iter()
        .map(|(_, name, _)| {
            let text = (*name).to_owned();
            let galley = ui
                .painter()
                .layout_no_wrap(text, font.clone(), egui::Color32::WHITE);
            galley.size().x + CHOICE_AIR
        })
        .fold(0.0, f32::max);
    let fit = (1..=options.len())
        .rev()
        .find(|&count| each(count) >= widest);
    // Rows of about the same length.
    let rows = options.len().div_ceil(fit.unwrap_or(1)).max(1);
    let columns = options.len().div_ceil(rows).max(1);
    let mut chosen = None;
    let response = ui
        .vertical(|ui| {
            ui.spacing_mut().item_spacing = Vec2::splat(gap);
            ui.spacing_mut().button_padding.x = 0.0;
            let tokens = theme::tokens(ui);
            for row in options.chunks(columns) {
                ui.horizontal(|ui| {
                    for (value, name, hint) in row {
                        let on = *value == current;
                        let (fill, text) = if on {
                            (tokens.accent_quiet, tokens.text_strong)
                        } else {
                            (tokens.raised, tokens.text)
                        };
                        let button = egui::Button::selectable(on, RichText::new(*name).color(text))
                            .fill(fill)
                            .frame_when_inactive(true)
                            .min_size(Vec2::new(each(row.len()), theme::CONTROL_HEIGHT));
                        if ui.add(button).on_hover_text(*hint).clicked() && !on {
                            chosen = Some(*value);
                        }
                    }
                });
            }
        })
        .response;
    (response, chosen)
}

/// A field for a number that fills the width.
pub fn number(ui: &mut Ui, width: f32, field: egui::DragValue<'_>) -> egui::Response {
    ui.add_sized([width, theme::CONTROL_HEIGHT], field)
}

/// A large number with its name above, right-aligned in its column.
pub fn figure(ui: &mut Ui, width: f32, name: &str, value: &str, hint: &str) {
    let size = Vec2::new(width, 11.0 * theme::UNIT);
    let tokens = theme::tokens(ui);
    ui.allocate_ui_with_layout(size, Layout::top_down(Align::Max), |ui| {
        ui.set_min_size(size);
        ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
        ui.label(theme::small(name).color(tokens.text_weak));
        ui.label(theme::large(value).color(tokens.text_strong));
    })
    .response
    .on_hover_text(hint);
}

/// The button of a panel's primary action, as wide as is said. Returns whether it was pressed.
pub fn primary(ui: &mut Ui, width: f32, text: &str, enabled: bool, hint: &str) -> bool {
    let button = theme::primary_button(ui, text);
    wide(ui, width, button, enabled, hint)
}

/// A button with its text in the middle of a width. Returns whether it was pressed.
pub fn wide(ui: &mut Ui, width: f32, button: egui::Button<'_>, enabled: bool, hint: &str) -> bool {
    ui.add_enabled_ui(enabled, |ui| {
        ui.add_sized([width, theme::CONTROL_HEIGHT], button)
    })
    .inner
    .on_hover_text(hint)
    .on_disabled_hover_text(hint)
    .clicked()
}

/// The eye that shows or hides a strip below the spectrogram; `hints` say what it is while it shows and while it is hidden.
/// Returns whether it was pressed.
pub fn strip_switch(ui: &mut Ui, shown: bool, hints: [&str; 2]) -> bool {
    let [hide, show] = hints;
    let (symbol, hint) = match shown {
        true => (icon::EYE, hide),
        false => (icon::EYE_SLASH, show),
    };
    top::icon_button(ui, symbol, hint).clicked()
}

/// "Copy as command": returns whether it was pressed.
pub fn copy_command(ui: &mut Ui) -> bool {
    let button = egui::Button::new(format!("{} Copy as command", icon::TERMINAL_WINDOW))
        .min_size(Vec2::new(0.0, theme::CONTROL_HEIGHT));
    let hint = "Puts the command on the clipboard that does the same in a terminal";
    ui.add(button).on_hover_text(hint).clicked()
}

/// A button that is only a symbol; its name is for the accessibility tree. Returns whether it was pressed.
pub fn symbol(ui: &mut Ui, symbol: &str, name: &str, hint: &str) -> bool {
    let response = ui.add_sized(
        Vec2::splat(theme::CONTROL_HEIGHT),
        egui::Button::new(symbol),
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, name));
    response.on_hover_text(hint).clicked()
}

/// The progress of a job over a width, with a button that stops it. Returns whether it was pressed.
pub fn progress(ui: &mut Ui, running: &Running) -> bool {
    let mut stop = false;
    ui.horizontal(|ui| {
        stop = ui
            .button("Cancel")
            .on_hover_text("Stops the job; what was computed before stays")
            .clicked();
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
            quiet(ui, running.line());
            bar(ui, running.share());
        });
    });
    stop
}

/// A thin bar of a job's progress; without a share it only says that something is going on.
pub fn bar(ui: &mut Ui, share: Option<f32>) {
    let tokens = theme::tokens(ui);
    let size = Vec2::new(ui.available_width(), theme::UNIT);
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    ui.painter().rect_filled(rect, theme::CORNER, tokens.raised);
    let mut done = rect;
    match share {
        Some(share) => done.max.x = rect.left() + rect.width() * share,
        None => {
            // A third of the bar wanders; only while a job runs, so that an idle window stays idle.
            let phase = (ui.input(|input| input.time) * 0.7).fract() as f32;
            let left = rect.left() + rect.width() * (phase * 4.0 / 3.0 - 1.0 / 3.0);
            done = egui::Rect::from_min_max(
                egui::pos2(left.max(rect.left()), rect.top()),
                egui::pos2((left + rect.width() / 3.0).min(rect.right()), rect.bottom()),
            );
            ui.ctx()
                .request_repaint_after(std::time::Duration::from_millis(33));
        }
    }
    ui.painter().rect_filled(done, theme::CORNER, tokens.accent);
}

/// What went wrong, as one message.
pub fn error(ui: &mut Ui, text: &str) {
    let tokens = theme::tokens(ui);
    ui.horizontal_top(|ui| {
        ui.label(RichText::new(icon::WARNING_CIRCLE).color(tokens.error));
        ui.add(egui::Label::new(RichText::new(text).color(tokens.error)).wrap());
    });
}

/// What to do where there is nothing to show yet, in the middle of the space.
pub fn empty(ui: &mut Ui, symbol: &str, title: &str, hint: &str) {
    let tokens = theme::tokens(ui);
    let space = ui.available_size();
    ui.allocate_ui_with_layout(space, Layout::top_down(Align::Center), |ui| {
        ui.set_min_size(space);
        ui.add_space((0.38 * space.y - 15.0 * theme::UNIT).max(0.0));
        ui.label(
            RichText::new(symbol)
                .size(2.0 * theme::TEXT_LARGE)
                .color(tokens.text_weak),
        );
        ui.label(RichText::new(title).color(tokens.text_strong));
        ui.scope(|ui| {
            ui.set_max_width(ui.available_width().min(100.0 * theme::UNIT));
            ui.add(egui::Label::new(theme::small(hint).color(tokens.text_weak)).wrap());
        });
    });
}

/// A name that fits into a width: a long one loses letters before its last part, for the steps of a run, or the files of a
/// folder, differ only there.
pub fn shortened(ui: &Ui, name: &str, width: f32) -> String {
    let font = egui::TextStyle::Button.resolve(ui.style());
    let measure = |text: String| {
        let galley = ui
            .painter()
            .layout_no_wrap(text, font.clone(), egui::Color32::PLACEHOLDER);
        galley.size().x
    };
    let fits = |text: &str| measure(text.to_owned()) <= width;
    let Some(cut) = name.rfind(['/', '\\']).filter(|_| !fits(name)) else {
        return name.to_owned();
    };
    let (head, tail) = name.split_at(cut);
    let ends: Vec<usize> = head.char_indices().map(|(at, _)| at).collect();
    let short = |end: &usize| format!("{}…{tail}", head.get(..*end).unwrap_or_default());
    let kept = ends.partition_point(|end| fits(&short(end)));
    match kept.checked_sub(1).and_then(|last| ends.get(last)) {
        Some(end) => short(end),
        // Not even the last part fits: its end is cut by the button.
        None => tail.trim_start_matches(['/', '\\']).to_owned(),
    }
}

/// Stands at the end of every list of encoders.
pub const CHOOSE_FILE: &str = "Choose a file…";

/// Whether the user is asked, or has told, how the patches of the chosen checkpoint are cut.
pub fn asks_patch(embeddings: &Embeddings) -> bool {
    embeddings.asks_patch.is_some() || embeddings.source.patch.is_some()
}

/// What taking labels from a list does.
pub const LABELS_HINT: &str = "Gives the tracks of the opened table the labels, keys, tags and parts of a split that a list has of them; \
                               their sound need not be there";

/// What the two choices of [`patch_choice`] are about.
pub const PATCH_HINT: &str = "This checkpoint doesn't say how its patches are cut; a wrong answer makes poor embeddings, no error";

/// Title and hint where a map or a score would be, but the checkpoint must be explained first.
pub const SILENT_CHECKPOINT: (&str, &str) = (
    "Square or vertical patches?",
    "The chosen checkpoint doesn't say how its patches are cut. Choose it among the settings, and the work goes on. \
     Myna-Base is square, Myna-Vertical vertical.",
);

/// Square or vertical, for a checkpoint that doesn't say.
pub fn patch_choice(
    ui: &mut Ui,
    width: f32,
    embeddings: &Embeddings,
    out: &mut Vec<Command>,
) -> egui::Response {
    let options = [
        (
            Some(Patching::Square),
            "square",
            "16 bands x 16 frames (Myna-Base)",
        ),
        (
            Some(Patching::Vertical),
            "vertical",
            "All 128 bands x 2 frames (Myna-Vertical)",
        ),
    ];
    let (response, chosen) = choice(ui, width, &options, embeddings.source.patch);
    if let Some(patch) = chosen.flatten() {
        let chosen = EncoderSource {
            patch: Some(patch),
            ..embeddings.source.clone()
        };
        out.push(Command::Encoder(EncoderCommand::Use(chosen)));
    }
    response
}

/// The name of a track on the screen: its title, or its file without folder and ending.
pub fn track_name(library: &Library, path: &std::path::Path) -> String {
    let mut tracks = library.collection.iter().flat_map(|all| &all.tracks);
    if let Some(track) = tracks.find(|track| track.path == path) {
        return track.title.clone();
    }
    let name = path.file_stem().or_else(|| path.file_name());
    name.map_or_else(
        || path.to_string_lossy().into_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_last_part() {
        let ctx = egui::Context::default();
        let mut names = Vec::new();
        let _ = ctx.run_ui(egui::RawInput::default(), |ui| {
            let long = "a-very-long-name-of-a-run-about-bells/step-1200";
            for (name, width) in [("runs/step-3", 300.0), (long, 160.0), (long, 40.0)] {
                names.push(shortened(ui, name, width));
            }
        });
        assert_eq!(names[0], "runs/step-3");
        assert!(names[1].starts_with("a-very") && names[1].ends_with("…/step-1200"));
        assert_eq!(names[2], "step-1200");
    }
}
