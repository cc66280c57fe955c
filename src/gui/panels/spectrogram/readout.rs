use eframe::egui::{self, Align2, Color32, Mesh, Pos2, Rect, pos2, vec2};

use crate::{
    gui::{
        model::{FRAME_SECS, Model, Picture, clock},
        theme,
    },
    spectrum::{MEL_BANDS, hz_of_band, note_name},
};

use super::picture::secs_at;

/// The whole hint needs this much.
const ROOM_FOR_HINT: f32 = 100.0 * theme::UNIT;

/// The line under the picture: what lies under the pointer, and what the colours mean.
pub fn show(ui: &egui::Ui, model: &Model, picture: &Picture, area: Rect, place: Rect) {
    let tokens = theme::tokens(ui);
    let legend_width = legend(ui, model, place);
    let mut room = place;
    room.set_right(place.right() - legend_width - theme::SPACE_LARGE);
    let under = ui
        .ctx()
        .pointer_hover_pos()
        .filter(|pointer| area.contains(*pointer) && ui.rect_contains_pointer(area));
    let (text, colour) = match under {
        Some(pointer) => (say(model, picture, area, pointer), tokens.text),
        None if room.width() < ROOM_FOR_HINT => ("Wheel zooms".to_owned(), tokens.text_weak),
        None => (
            "Click moves the playhead · drag selects · wheel zooms · middle-drag moves the picture"
                .to_owned(),
            tokens.text_weak,
        ),
    };
    ui.painter().with_clip_rect(room).text(
        room.left_center(),
        Align2::LEFT_CENTER,
        text,
        theme::small_font(),
        colour,
    );
}

fn say(model: &Model, picture: &Picture, area: Rect, pointer: Pos2) -> String {
    let secs = secs_at(&model.spectrogram.view, area, pointer.x);
    let height = f64::from((area.bottom() - pointer.y) / area.height().max(1.0));
    let place = height * MEL_BANDS as f64;
    let band = (place.max(0.0) as usize).min(MEL_BANDS - 1);
    let frame = (secs.max(0.0) / FRAME_SECS) as usize;
    let hz = hz_of_band(place - 0.5).max(0.0);
    let note = note_name(hz).map_or(String::new(), |note| format!(" · {note}"));
    // Adding zero makes a minus of "-0" vanish.
    let db = picture.level_db(band, frame).round() + 0.0;
    let mut text = format!("{} · {hz:.0} Hz{note} · {db:.0} dB", clock(secs));
    let Some(table) = model.mask.active_table() else {
        return text;
    };
    let dropped = table.is_dropped(band, frame, model.mask.ratio);
    if let (Some(dropped), Some(place)) = (dropped, table.view.place_at(band, frame)) {
        let (row, column) = table.view.grid().place(place.token);
        let fate = if dropped { "dropped" } else { "kept" };
        text += &format!(
            " · row {}, column {}: {fate} in view {}",
            row + 1,
            column + 1,
            model.mask.active
        );
    }
    text
}

const BAR_WIDTH: f32 = 24.0 * theme::UNIT;

/// The colour bar; returns how wide it is.
fn legend(ui: &egui::Ui, model: &Model, place: Rect) -> f32 {
    let tokens = theme::tokens(ui);
    let spectrogram = &model.spectrogram;
    let painter = ui.painter();
    let high = format!("{:.0} dB", spectrogram.top_db);
    let high = painter.text(
        place.right_center(),
        Align2::RIGHT_CENTER,
        high,
        theme::small_font(),
        tokens.text_weak,
    );
    let bar = Rect::from_min_size(
        pos2(
            high.left() - theme::SPACE - BAR_WIDTH,
            place.center().y - theme::UNIT,
        ),
        vec2(BAR_WIDTH, theme::SPACE),
    );
    let table = spectrogram.colour_map.table();
    let mut mesh = Mesh::default();
    let last = (table.len() - 1).max(1) as f32;
    for (index, [red, green, blue, _]) in (0_u32..).zip(table) {
        let colour = Color32::from_rgb(red, green, blue);
        let x = bar.left() + bar.width() * index as f32 / last;
        mesh.colored_vertex(pos2(x, bar.top()), colour);
        mesh.colored_vertex(pos2(x, bar.bottom()), colour);
        if index > 0 {
            let corner = 2 * index;
            mesh.add_triangle(corner - 2, corner - 1, corner);
            mesh.add_triangle(corner - 1, corner, corner + 1);
        }
    }
    painter.add(mesh);
    let low = format!("{:.0}", spectrogram.top_db - spectrogram.range_db);
    let low = painter.text(
        bar.left_center() - vec2(theme::SPACE, 0.0),
        Align2::RIGHT_CENTER,
        low,
        theme::small_font(),
        tokens.text_weak,
    );
    place.right() - low.left()
}
