//! Selection and loop on the picture: drawn, and taken by the pointer.

use eframe::egui::{
    self, Align2, Color32, CursorIcon, Modifiers, PointerButton, Rect, Response, Shape, Stroke,
    pos2, vec2,
};

use crate::gui::{
    command::{Command, SoundCommand},
    model::{AppState, Selection, TimeView},
    theme,
};

use super::picture::{secs_at, x_of};

/// Height of the loop's bar at the top of the picture.
pub const BAR: f32 = 2.0 * theme::UNIT;
/// An edge is taken this near to it.
const REACH: f32 = 1.5 * theme::UNIT;
/// The length stands in the selection where it is this much wider than its text.
const AIR: f32 = 2.0 * theme::SPACE;

/// What a drag moves: the end that follows the pointer belongs to a stretch whose other end stays.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Grip {
    of: Stretch,
    kept_secs: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stretch {
    Selection,
    Loop,
}

/// Draws the selected and the looped stretch over the picture.
pub fn draw(ui: &egui::Ui, model: &AppState, area: Rect) {
    let tokens = theme::tokens(ui);
    let view = &model.spectrogram.view;
    let painter = ui.painter().with_clip_rect(area);
    if let Some(selection) = &model.transport.form.selection {
        let place = place_of(view, area, selection);
        // Where everything that is seen is selected, a tint would tell nothing.
        if !place.contains_rect(area) {
            painter.rect_filled(place, 0.0, tokens.selection);
        }
        for x in [place.left(), place.right()] {
            painter.vline(
                x,
                area.y_range(),
                (theme::LINE_STRONG, tokens.selection_edge),
            );
        }
        let seen = place.intersect(area);
        let tempo = model.library.selected_track().and_then(|it| it.tempo_bpm);
        // As much of it as there is room for.
        let window_secs = model.mask.window_secs();
        let texts = lengths(selection, tempo, window_secs);
        let galley = texts.into_iter().find_map(|text| {
            let galley = painter.layout_no_wrap(text, theme::small_font(), tokens.on_picture);
            (galley.size().x + AIR < seen.width()).then_some(galley)
        });
        if let Some(galley) = galley {
            let bottom = seen.center_bottom() - vec2(0.0, theme::SPACE);
            let text = Align2::CENTER_BOTTOM.anchor_size(bottom, galley.size());
            let shade = text.expand2(vec2(theme::SPACE, theme::SPACE_SMALL));
            painter.rect_filled(shade, f32::from(theme::CORNER), tokens.picture_shade);
            painter.galley(text.min, galley, tokens.on_picture);
        }
    }
    if let Some(looped) = &model.transport.form.looped {
        let place = place_of(view, area, looped);
        let bar = Rect::from_min_max(place.min, pos2(place.right(), place.top() + BAR));
        painter.rect_filled(bar, 0.0, tokens.picture_shade);
        let line = Rect::from_min_size(place.min, vec2(place.width(), theme::UNIT));
        painter.rect_filled(line, 0.0, tokens.looped);
        handle(&painter, place.left(), 1.0, area, tokens.looped);
        handle(&painter, place.right(), -1.0, area, tokens.looped);
    }
}

/// How long a selection is, from full to short: seconds, beats where the collection knows the track's tempo, and windows of
/// the encoder.
fn lengths(selection: &Selection, tempo_bpm: Option<f32>, window_secs: f64) -> [String; 3] {
    let secs = selection.length_secs();
    let short = format!("{secs:.2} s");
    let mut longer = short.clone();
    if let Some(tempo) = tempo_bpm.filter(|tempo| *tempo > 0.0) {
        longer += &format!(" · {:.1} beats", secs * f64::from(tempo) / 60.0);
    }
    let full = format!("{longer} · {:.1} windows", secs / window_secs);
    [full, longer, short]
}

/// One end of the loop: a thin line with a flag that points into the loop.
fn handle(painter: &egui::Painter, x: f32, inwards: f32, area: Rect, colour: Color32) {
    painter.vline(x, area.y_range(), (theme::LINE, colour.gamma_multiply(0.6)));
    let flag = vec![
        pos2(x, area.top()),
        pos2(x + inwards * BAR, area.top()),
        pos2(x, area.top() + BAR + theme::UNIT),
    ];
    painter.add(Shape::convex_polygon(flag, colour, Stroke::NONE));
}

fn place_of(view: &TimeView, area: Rect, stretch: &Selection) -> Rect {
    let x = |secs| x_of(view, area, secs);
    Rect::from_x_y_ranges(x(stretch.start_secs)..=x(stretch.end_secs), area.y_range())
}

/// Reads the primary button: a click seeks, with Shift it lets the selection reach there; a drag selects, or moves
/// the edge that it began at.
pub fn pointer(
    ui: &egui::Ui,
    model: &AppState,
    area: Rect,
    response: &Response,
    out: &mut Vec<Command>,
) {
    let view = &model.spectrogram.view;
    let id = response.id.with("grip");
    if let Some(place) = response.interact_pointer_pos()
        && response.clicked()
    {
        let secs = secs_at(view, area, place.x);
        let command = match ui.input(|input| input.modifiers) {
            Modifiers { shift: true, .. } => SoundCommand::SelectUpTo(secs),
            _ => SoundCommand::Seek(secs),
        };
        out.push(Command::Sound(command));
    }
    if response.drag_started_by(PointerButton::Primary)
        && let Some(origin) = ui.input(|input| input.pointer.press_origin())
    {
        let grip = grip_at(model, area, origin).unwrap_or(Grip {
            of: Stretch::Selection,
            kept_secs: secs_at(view, area, origin.x),
        });
        ui.data_mut(|data| data.insert_temp(id, grip));
    }
    let dragged = response.dragged_by(PointerButton::Primary);
    if dragged
        && let Some(grip) = ui.data(|data| data.get_temp::<Grip>(id))
        && let Some(place) = response.interact_pointer_pos()
    {
        let secs = secs_at(view, area, place.x);
        let stretch = Selection::between(grip.kept_secs, secs, view.duration_secs);
        match (grip.of, stretch) {
            (Stretch::Selection, stretch) => {
                out.push(Command::edit_sound(model, |form| form.selection = stretch));
            }
            (Stretch::Loop, Some(stretch)) => {
                out.push(Command::edit_sound(model, |form| {
                    form.looped = Some(stretch)
                }));
            }
            // A loop that is dragged shut keeps its last length.
            (Stretch::Loop, None) => {}
        }
    }
    if let Some(place) = response.hover_pos() {
        let at_edge = if dragged {
            ui.data(|data| data.get_temp::<Grip>(id))
                .is_some_and(|grip| grip.of == Stretch::Loop)
        } else {
            grip_at(model, area, place).is_some()
        };
        ui.ctx().set_cursor_icon(if at_edge {
            CursorIcon::ResizeHorizontal
        } else {
            CursorIcon::Crosshair
        });
    }
    if response.drag_stopped() {
        ui.data_mut(|data| data.remove::<Grip>(id));
    }
}

/// The edge that lies under the pointer. Those of the loop are taken at their flags, those of the selection anywhere.
fn grip_at(model: &AppState, area: Rect, pointer: egui::Pos2) -> Option<Grip> {
    let view = &model.spectrogram.view;
    let edge = |of: Stretch, stretch: &Selection| {
        let distance = |secs: f64| (x_of(view, area, secs) - pointer.x).abs();
        let (start, end) = (stretch.start_secs, stretch.end_secs);
        // Where both are near, the nearer one; of a stretch that is only a line, the end.
        let (taken, kept_secs) = if distance(start) < distance(end) {
            (start, end)
        } else {
            (end, start)
        };
        (distance(taken) <= REACH).then_some(Grip { of, kept_secs })
    };
    let transport = &model.transport;
    let flags = pointer.y - area.top() <= BAR + theme::UNIT;
    let looped = transport.form.looped.as_ref().filter(|_| flags);
    looped
        .and_then(|looped| edge(Stretch::Loop, looped))
        .or_else(|| {
            let selection = transport.form.selection.as_ref();
            selection.and_then(|selection| edge(Stretch::Selection, selection))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_says_its_length_in_every_unit_that_is_known() {
        let bar = Selection::between(1.0, 3.0, 10.0).unwrap();
        let [full, longer, short] = lengths(&bar, Some(120.0), 3.072);
        assert_eq!(full, "2.00 s · 4.0 beats · 0.7 windows");
        assert_eq!(
            (longer.as_str(), short.as_str()),
            ("2.00 s · 4.0 beats", "2.00 s")
        );
        assert_eq!(lengths(&bar, None, 3.072)[0], "2.00 s · 0.7 windows");
        assert_eq!(lengths(&bar, None, 5.0)[0], "2.00 s · 0.4 windows");
    }

    #[test]
    fn edges_are_taken_where_they_are_and_the_loop_by_its_flags() {
        let area = Rect::from_min_size(pos2(100.0, 50.0), vec2(1000.0, 400.0));
        let mut model = AppState::default();
        model.spectrogram.view = TimeView::fit(10.0);
        model.transport.form.selection = Selection::between(2.0, 4.0, 10.0);
        model.transport.form.looped = Selection::between(2.0, 6.0, 10.0);
        let at = |x: f32, y: f32| grip_at(&model, area, pos2(x, y)).map(|it| (it.of, it.kept_secs));
        let middle = 250.0;
        assert_eq!(at(303.0, middle), Some((Stretch::Selection, 4.0)));
        assert_eq!(at(497.0, middle), Some((Stretch::Selection, 2.0)));
        assert_eq!(at(400.0, middle), None, "inside is no edge");
        assert_eq!(at(700.0, middle), None, "the loop has its flags");
        assert_eq!(at(700.0, 52.0), Some((Stretch::Loop, 2.0)));
        assert_eq!(
            at(300.0, 52.0),
            Some((Stretch::Loop, 6.0)),
            "the flag lies on top"
        );
    }
}
