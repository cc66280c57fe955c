//! Every colour, size and duration of the window, dark and light. Panels use these and write none of their own.

use eframe::egui::{
    self, Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Vec2,
    style::{ScrollStyle, WidgetVisuals, Widgets},
};

use mynascope_base::storage::Theme;
use mynascope_map::{LABEL_COLOURS, LABEL_COLOURS_ON_LIGHT, Mark};
use mynascope_spectrum::tokens::ViewName;

/// The colours of one theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// Behind everything, between the panels.
    pub ground: Color32,
    /// Panels.
    pub surface: Color32,
    /// Controls and selected tabs.
    pub raised: Color32,
    /// Controls under the pointer.
    pub hovered: Color32,
    /// Thin lines between parts.
    pub hairline: Color32,
    /// Ordinary text.
    pub text: Color32,
    /// Headings, values.
    pub text_strong: Color32,
    /// Explanations, units, axis labels.
    pub text_weak: Color32,
    /// Selection, the primary action, what is active.
    pub accent: Color32,
    /// The accent behind text, e.g. a selected row.
    pub accent_quiet: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// View A of a pair.
    pub view_a: Color32,
    /// View B of a pair.
    pub view_b: Color32,
    /// Errors, and nothing else.
    pub error: Color32,
    /// Behind the picture of a sound, and what dropped patches fade to.
    pub picture: Color32,
    /// Lines of the patch grid over the picture, ...
    pub patch_line: Color32,
    /// ... and the dark line beside each: one of both is seen on any picture.
    pub patch_shade: Color32,
    /// Boundaries of windows over the picture.
    pub window_line: Color32,
    /// The playhead.
    pub playhead: Color32,
    /// The selected stretch of the picture; its edges are `selection_edge`.
    pub selection: Color32,
    /// Edges of the selection over the picture.
    pub selection_edge: Color32,
    /// The looped stretch: its bar and handles over the picture.
    pub looped: Color32,
    /// Text and marks over the picture.
    pub on_picture: Color32,
    /// The outline of a sound where it is shown, and elsewhere.
    pub waveform: Color32,
    /// The outline of the track where it is not shown in the picture.
    pub waveform_quiet: Color32,
    /// Behind text over the picture.
    pub picture_shade: Color32,
    /// Rim of the points of a map whose colours are a scale, over the colour of the point: sets pale points off from a light ground.
    pub point_rim: Color32,
    /// The way of the selected track over a map.
    pub map_path: Color32,
    /// Lines of the grid in plots.
    pub plot_grid: Color32,
    /// Behind the points of a map.
    pub map_ground: Color32,
    /// The colours of labels, in their order.
    pub labels: [[u8; 3]; 20],
}

/// The dark theme.
pub const DARK: Tokens = Tokens {
    ground: Color32::from_gray(14),
    surface: Color32::from_gray(23),
    raised: Color32::from_gray(38),
    hovered: Color32::from_gray(50),
    hairline: Color32::from_gray(44),
    text: Color32::from_gray(196),
    text_strong: Color32::from_gray(238),
    text_weak: Color32::from_gray(139),
    accent: Color32::from_rgb(94, 164, 244),
    accent_quiet: Color32::from_rgb(32, 56, 86),
    on_accent: Color32::from_gray(12),
    view_a: Color32::from_rgb(86, 180, 233),
    view_b: Color32::from_rgb(230, 159, 0),
    error: Color32::from_rgb(242, 104, 92),
    picture: Color32::from_gray(10),
    patch_line: Color32::from_rgba_premultiplied(84, 84, 84, 84),
    patch_shade: Color32::from_rgba_premultiplied(0, 0, 0, 128),
    window_line: Color32::from_rgba_premultiplied(180, 180, 180, 180),
    playhead: Color32::WHITE,
    selection: Color32::from_rgba_premultiplied(23, 41, 61, 64),
    selection_edge: Color32::from_rgb(94, 164, 244),
    looped: Color32::from_rgb(240, 228, 66),
    on_picture: Color32::from_gray(235),
    waveform: Color32::from_gray(168),
    waveform_quiet: Color32::from_gray(84),
    picture_shade: Color32::from_rgba_premultiplied(8, 8, 8, 208),
    point_rim: Color32::TRANSPARENT,
    map_path: Color32::from_rgba_premultiplied(110, 110, 110, 110),
    plot_grid: Color32::from_gray(44),
    map_ground: Color32::from_gray(14),
    labels: LABEL_COLOURS,
};

/// The light theme. The picture keeps its dark ground: it stays the strongest thing on the screen.
pub const LIGHT: Tokens = Tokens {
    ground: Color32::from_gray(216),
    surface: Color32::from_gray(246),
    raised: Color32::from_gray(228),
    hovered: Color32::from_gray(216),
    hairline: Color32::from_gray(208),
    text: Color32::from_gray(52),
    text_strong: Color32::from_gray(16),
    text_weak: Color32::from_gray(104),
    accent: Color32::from_rgb(20, 98, 190),
    accent_quiet: Color32::from_rgb(206, 224, 246),
    on_accent: Color32::WHITE,
    view_a: Color32::from_rgb(0, 114, 178),
    view_b: Color32::from_rgb(196, 98, 0),
    error: Color32::from_rgb(190, 34, 24),
    picture: Color32::from_gray(26),
    point_rim: Color32::from_rgba_premultiplied(0, 0, 0, 150),
    map_path: Color32::from_rgba_premultiplied(0, 0, 0, 110),
    plot_grid: Color32::from_gray(208),
    map_ground: Color32::from_gray(250),
    labels: LABEL_COLOURS_ON_LIGHT,
    ..DARK
};

/// The grid all distances lie on, in points.
pub const UNIT: f32 = 4.0;
/// Between things that belong together.
pub const SPACE_SMALL: f32 = UNIT;
/// Between things of one group.
pub const SPACE: f32 = 2.0 * UNIT;
/// Between groups, and from a panel's edge to its content.
pub const SPACE_LARGE: f32 = 3.0 * UNIT;
/// Height of every button, field and slider.
pub const CONTROL_HEIGHT: f32 = 7.0 * UNIT;
/// Height of a row in a list.
pub const ROW_HEIGHT: f32 = 6.0 * UNIT;
/// Height of a line of small text.
pub const SMALL_LINE: f32 = 4.0 * UNIT;
/// Height of the bars at the top and the bottom.
pub const BAR_HEIGHT: f32 = 11.0 * UNIT;
/// Units, axis labels, explanations.
pub const TEXT_SMALL: f32 = 11.5;
/// Everything else.
pub const TEXT_BODY: f32 = 13.0;
/// Titles and the one number a panel is about.
pub const TEXT_LARGE: f32 = 18.0;
/// A score.
pub const TEXT_HUGE: f32 = 36.0;
/// Corners of controls.
pub const CORNER: u8 = 4;
/// How long fades take, in seconds.
pub const FADE_SECS: f32 = 0.12;
/// Numbers that wait for a new answer fade over this time, in seconds ...
pub const OLD_FADE_SECS: f32 = 0.4;
/// ... to this much.
pub const OLD_OPACITY: f32 = 0.35;
/// Width of settings, palette and key sheet.
pub const DIALOG_WIDTH: f32 = 150.0 * UNIT;
/// Width of notices.
pub const TOAST_WIDTH: f32 = 105.0 * UNIT;
/// Radius of the dot of a label in a list.
pub const LABEL_DOT: f32 = 3.5;
/// Width of thin lines.
pub const LINE: f32 = 1.0;
/// Width of the playhead and of lines in plots.
pub const LINE_STRONG: f32 = 1.5;

/// How strongly a result is drawn that belongs to other settings than those that are chosen.
pub const OUTDATED_OPACITY: f32 = 0.5;
/// How strongly attention and similarity cover the picture below them.
pub const LAYER_OPACITY: f32 = 0.8;

/// A colour for a number from -1 (purple) over 0 (pale) to 1 (green), which colour-blind people tell apart.
pub fn diverging(value: f32) -> Color32 {
    let share = (f64::from(value.clamp(-1.0, 1.0)) + 1.0) / 2.0;
    let colour = colorous::PURPLE_GREEN.eval_continuous(share);
    Color32::from_rgb(colour.r, colour.g, colour.b)
}

/// A colour for a share from 0 (dark) to 1 (bright).
pub fn sequential(share: f32) -> Color32 {
    let colour = colorous::VIRIDIS.eval_continuous(f64::from(share.clamp(0.0, 1.0)));
    Color32::from_rgb(colour.r, colour.g, colour.b)
}

/// The colour of a view.
pub fn view_colour(tokens: &Tokens, view: ViewName) -> Color32 {
    match view {
        ViewName::A => tokens.view_a,
        ViewName::B => tokens.view_b,
    }
}

/// The colour of points of a map that are not picked while others are.
pub const NOT_PICKED: Color32 = Color32::from_gray(110);

/// The colour of tracks without a label.
pub const NO_LABEL: Color32 = Color32::from_gray(128);

/// The colour of the `index`-th label, the same in every panel. Labels beyond the twentieth have the same colours on other marks.
pub fn label_colour(tokens: &Tokens, index: usize) -> Color32 {
    let colour = tokens.labels.get(index % tokens.labels.len());
    colour.map_or(NO_LABEL, |&[r, g, b]| Color32::from_rgb(r, g, b))
}

/// Draws the mark of the `index`-th label in any colour.
pub fn label_mark(
    painter: &egui::Painter,
    at: egui::Pos2,
    radius: f32,
    index: usize,
    colour: Color32,
) {
    let polygon = |corners: &[[f32; 2]]| {
        let corners = corners.iter().map(|&[x, y]| at + radius * Vec2::new(x, -y));
        painter.add(egui::Shape::convex_polygon(
            corners.collect(),
            colour,
            Stroke::NONE,
        ));
    };
    // As `Mark::distance` has them.
    match Mark::of_label(index) {
        Mark::Disc => {
            painter.circle_filled(at, radius, colour);
        }
        Mark::Square => polygon(&[[-0.87, -0.87], [0.87, -0.87], [0.87, 0.87], [-0.87, 0.87]]),
        Mark::Triangle => polygon(&[[-1.126, -0.65], [1.126, -0.65], [0.0, 1.3]]),
        Mark::Diamond => polygon(&[[-1.23, 0.0], [0.0, -1.23], [1.23, 0.0], [0.0, 1.23]]),
        Mark::Plus => {
            polygon(&[[-1.15, -0.42], [1.15, -0.42], [1.15, 0.42], [-1.15, 0.42]]);
            polygon(&[[-0.42, -1.15], [0.42, -1.15], [0.42, 1.15], [-0.42, 1.15]]);
        }
    }
}

/// The colours that a `Ui` is drawn with.
pub fn tokens(ui: &egui::Ui) -> &'static Tokens {
    if ui.visuals().dark_mode {
        &DARK
    } else {
        &LIGHT
    }
}

/// Small text: units, axis labels, explanations.
pub fn small(text: impl Into<String>) -> egui::RichText {
    egui::RichText::new(text).size(TEXT_SMALL)
}

/// Large text: titles and the one number a panel is about.
pub fn large(text: impl Into<String>) -> egui::RichText {
    egui::RichText::new(text).size(TEXT_LARGE)
}

/// Small figures that keep their width.
pub fn small_font() -> FontId {
    FontId::proportional(TEXT_SMALL)
}

/// The button of a panel's primary action.
pub fn primary_button(ui: &egui::Ui, text: impl Into<String>) -> egui::Button<'static> {
    let tokens = tokens(ui);
    egui::Button::new(egui::RichText::new(text).color(tokens.on_accent)).fill(tokens.accent)
}

/// Makes the sliders that follow in this `Ui` so wide, with the accent up to the handle.
pub fn slider_look(ui: &mut egui::Ui, width: f32) {
    let tokens = tokens(ui);
    ui.spacing_mut().slider_width = width;
    // The handle's size follows the height.
    ui.spacing_mut().interact_size.y = 4.5 * UNIT;
    let visuals = ui.visuals_mut();
    visuals.selection.bg_fill = tokens.accent;
    visuals.handle_shape = egui::style::HandleShape::Circle;
    for widget in [
        &mut visuals.widgets.inactive,
        &mut visuals.widgets.hovered,
        &mut visuals.widgets.active,
    ] {
        widget.bg_fill = tokens.hairline;
        widget.fg_stroke = Stroke::new(LINE, tokens.text_strong);
    }
}

/// The window's own fonts.
pub fn fonts() -> egui::FontDefinitions {
    let mut fonts = egui::FontDefinitions::default();
    egui_phosphor::add_to_fonts(&mut fonts, egui_phosphor::Variant::Regular);
    fonts
}

/// Installs fonts, icons, the order of words in names and both themes, and shows `theme`.
pub fn install(ctx: &egui::Context, theme: Theme) {
    ctx.set_fonts(fonts());
    ctx.add_plugin(super::right_to_left::RightToLeft);
    ctx.set_style_of(egui::Theme::Dark, style(&DARK, true));
    ctx.set_style_of(egui::Theme::Light, style(&LIGHT, false));
    show(ctx, theme);
}

/// Shows a theme.
pub fn show(ctx: &egui::Context, theme: Theme) {
    ctx.set_theme(match theme {
        Theme::Dark => egui::ThemePreference::Dark,
        Theme::Light => egui::ThemePreference::Light,
        Theme::System => egui::ThemePreference::System,
    });
}

fn style(tokens: &Tokens, dark: bool) -> egui::Style {
    let mut style = egui::Style {
        animation_time: FADE_SECS,
        ..egui::Style::default()
    };
    let body = FontId::new(TEXT_BODY, FontFamily::Proportional);
    style.text_styles = [
        (TextStyle::Small, small_font()),
        (TextStyle::Body, body.clone()),
        (TextStyle::Button, body.clone()),
        (TextStyle::Heading, FontId::proportional(TEXT_LARGE)),
        (TextStyle::Monospace, FontId::monospace(TEXT_BODY - 1.0)),
    ]
    .into();
    style.drag_value_text_style = TextStyle::Body;
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(SPACE, SPACE);
    spacing.button_padding = Vec2::new(2.5 * UNIT, UNIT);
    spacing.interact_size = Vec2::new(CONTROL_HEIGHT, CONTROL_HEIGHT);
    spacing.icon_width = 4.0 * UNIT;
    spacing.icon_width_inner = 2.0 * UNIT;
    spacing.icon_spacing = 1.5 * UNIT;
    spacing.slider_rail_height = UNIT;
    spacing.combo_height = 60.0 * UNIT;
    spacing.tooltip_width = 80.0 * UNIT;
    spacing.menu_margin = Margin::same(6);
    spacing.scroll = ScrollStyle::solid();
    spacing.scroll.bar_width = 2.0 * UNIT;
    spacing.scroll.bar_inner_margin = UNIT;
    style.visuals = visuals(tokens, dark);
    style
}

fn visuals(tokens: &Tokens, dark: bool) -> egui::Visuals {
    let base = if dark {
        egui::Visuals::dark()
    } else {
        egui::Visuals::light()
    };
    let corner_radius = CornerRadius::same(CORNER);
    let widget = |fill: Color32, stroke: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(LINE, stroke),
        corner_radius,
        fg_stroke: Stroke::new(LINE, text),
        expansion: 0.0,
    };
    let shadow = Shadow {
        offset: [0, 4],
        blur: 16,
        spread: 0,
        color: Color32::from_black_alpha(if dark { 120 } else { 50 }),
    };
    egui::Visuals {
        widgets: Widgets {
            noninteractive: widget(tokens.surface, tokens.hairline, tokens.text),
            inactive: widget(tokens.raised, Color32::TRANSPARENT, tokens.text),
            hovered: widget(tokens.hovered, Color32::TRANSPARENT, tokens.text_strong),
            active: widget(tokens.hovered, tokens.accent, tokens.text_strong),
            open: widget(tokens.raised, tokens.hairline, tokens.text_strong),
        },
        selection: egui::style::Selection {
            bg_fill: tokens.accent_quiet,
            stroke: Stroke::new(LINE, tokens.text_strong),
        },
        hyperlink_color: tokens.accent,
        faint_bg_color: tokens.raised.gamma_multiply(0.4),
        extreme_bg_color: if dark { tokens.ground } else { Color32::WHITE },
        text_edit_bg_color: Some(tokens.raised),
        code_bg_color: tokens.raised,
        weak_text_color: Some(tokens.text_weak),
        warn_fg_color: tokens.view_b,
        error_fg_color: tokens.error,
        window_corner_radius: CornerRadius::same(2 * CORNER),
        menu_corner_radius: CornerRadius::same(CORNER),
        window_shadow: shadow,
        popup_shadow: shadow,
        window_fill: tokens.surface,
        window_stroke: Stroke::new(LINE, tokens.hairline),
        panel_fill: tokens.surface,
        slider_trailing_fill: true,
        striped: false,
        ..base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.1).
    fn luminance(colour: Color32) -> f64 {
        let [r, g, b] = [colour.r(), colour.g(), colour.b()].map(|value| {
            let c = f64::from(value) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_in_both_themes() {
        for tokens in [DARK, LIGHT] {
            for text in [
                tokens.text,
                tokens.text_strong,
                tokens.text_weak,
                tokens.error,
            ] {
                let ratio = contrast(text, tokens.surface);
                assert!(ratio >= 4.5, "{text:?} on {:?}: {ratio}", tokens.surface);
            }
            assert!(contrast(tokens.on_accent, tokens.accent) >= 4.5);
            assert!(contrast(tokens.text_strong, tokens.accent_quiet) >= 4.5);
        }
    }

    #[test]
    fn the_patch_grid_is_seen_on_any_picture() {
        let over = |line: Color32, [r, g, b]: [u8; 3]| {
            let [lr, lg, lb, alpha] = line.to_array();
            let mix = |line: u8, below: u8| {
                f32::from(line) + f32::from(below) * (1.0 - f32::from(alpha) / 255.0)
            };
            let [r, g, b] = [mix(lr, r), mix(lg, g), mix(lb, b)].map(|it| it.round() as u8);
            Color32::from_rgb(r, g, b)
        };
        for map in mynascope_spectrum::ColourMap::ALL {
            for [r, g, b, _] in map.table() {
                let below = [r, g, b];
                let line = over(DARK.patch_line, below);
                let shade = over(DARK.patch_shade, below);
                let picture = Color32::from_rgb(r, g, b);
                let seen = contrast(line, picture).max(contrast(shade, picture));
                assert!(seen >= 1.7, "{} {below:?}: {seen}", map.name());
                assert!(contrast(line, shade) >= 2.0, "{} {below:?}", map.name());
            }
        }
    }

    /// WCAG 2.1, 1.4.11: what graphics are understood by has a contrast of 3.
    #[test]
    fn every_label_and_what_has_none_is_seen_on_maps_and_lists_of_both_themes() {
        for tokens in [DARK, LIGHT] {
            let labels = (0..20).map(|index| label_colour(&tokens, index));
            for colour in labels.chain([NO_LABEL]) {
                for ground in [tokens.map_ground, tokens.surface] {
                    let seen = contrast(colour, ground);
                    assert!(seen >= 3.0, "{colour:?} on {ground:?}: {seen}");
                }
            }
            let again = label_colour(&tokens, 20);
            assert_eq!(label_colour(&tokens, 0), again, "on another mark");
        }
    }
}
