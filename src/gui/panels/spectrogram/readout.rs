//! The line under the picture: what lies under the pointer.

use eframe::egui::{self, Pos2, Rect};

use crate::gui::{
    model::{AppState, FRAME_SECS, InputKind, Picture, RankTable, clock},
    panels::teach::masking,
    theme,
    workspace::Workspace,
};
use mynascope_spectrum::{Levels, MEL_BANDS, note_and_cents, tokens::ViewName};

use super::{
    frequencies::Frequencies,
    legend::unit_of,
    parts::Parts,
    picture::{place_at, secs_at},
};

const BETWEEN: &str = " · ";

/// Says what lies under the pointer, or else what the pointer does there, as far as there is room.
pub fn show(ui: &egui::Ui, model: &AppState, picture: &Picture, area: Rect, place: Rect) {
    let tokens = theme::tokens(ui);
    let under = ui
        .ctx()
        .pointer_hover_pos()
        .filter(|pointer| area.contains(*pointer) && ui.rect_contains_pointer(area));
    let (parts, colour) = match under {
        Some(pointer) => (describe(model, picture, area, pointer), tokens.text),
        None if model.mask.form.painting => (
            [
                "Click or drag drops or keeps patches of the active view",
                "T or Esc ends painting",
            ]
            .map(str::to_owned)
            .to_vec(),
            tokens.text_weak,
        ),
        None => {
            let hints = [
                "Click moves the playhead",
                "drag selects",
                "wheel zooms",
                "Alt+wheel zooms frequency",
                "middle-drag moves",
            ];
            let overlap = model.mask.form.shown
                && !model.shows_sound()
                && model.mask.grid().windows_overlap();
            let mask = overlap.then_some(masking::EVERY_SECOND_WINDOW);
            let parts = mask.into_iter().chain(hints).map(str::to_owned);
            (parts.collect(), tokens.text_weak)
        }
    };
    let lay = |text: String| {
        let font = theme::small_font();
        ui.painter().layout_no_wrap(text, font, colour)
    };
    // What comes first is needed most; what does not fit is left out, not cut.
    let fitting = (1..=parts.len()).rev().find_map(|count| {
        let text = parts.get(..count)?.join(BETWEEN);
        let galley = lay(text);
        (galley.size().x <= place.width() || count == 1).then_some(galley)
    });
    if let Some(galley) = fitting {
        let middle = place.center().y - galley.size().y / 2.0;
        let painter = ui.painter().with_clip_rect(place);
        painter.galley(egui::pos2(place.left(), middle), galley, colour);
    }
}

/// Time, frequency, note, level, patch, and what happens to it.
fn describe(model: &AppState, picture: &Picture, area: Rect, pointer: Pos2) -> Vec<String> {
    let spectrogram = &model.spectrogram;
    let secs = secs_at(&spectrogram.view, area, pointer.x);
    if model.shows_sound() {
        let place = place_at(&spectrogram.bands, area, pointer.y);
        let hz = Frequencies::of(model).hz_at(place);
        let mut parts = moment(secs, hz);
        let level = spectrogram
            .sound
            .level_db(spectrogram.form.summary, secs, hz);
        parts.extend(level.map(decibels));
        return parts;
    }
    let halves = Parts::of(model, area);
    let vqt = halves.vqt.filter(|vqt| vqt.area.contains(pointer));
    let place = place_at(&spectrogram.bands, halves.mel, pointer.y);
    // Above the mel lies the VQT.
    let place = place.min(MEL_BANDS as f64);
    let band = (place.max(0.0) as usize).min(MEL_BANDS - 1);
    let frame = (secs.max(0.0) / FRAME_SECS) as usize;
    let hz = match &vqt {
        Some(vqt) => vqt.spec.hz_of_bin(vqt.bin_at(pointer.y) - 0.5),
        None => Frequencies::Mel.hz_at(place),
    };
    let mut parts = moment(secs, hz);
    if frame >= picture.levels.frames() {
        return parts;
    }
    let kind = model.mask.input_kind();
    if let Some(vqt) = &vqt {
        let bin = (vqt.bin_at(pointer.y) as usize).min(vqt.spec.bins.saturating_sub(1));
        let value = vqt.levels.get(bin, frame);
        let value = value
            .map(|value| format!("bin {} of {}: {}", bin + 1, vqt.spec.bins, signed(value, 2)));
        parts.extend(value);
    } else {
        parts.push(decibels(picture.level_db(band, frame)));
        if let (Some(kind), Some(seen)) = (kind, spectrogram.encoder_input(kind)) {
            parts.extend(fed(kind, &seen.mel, place, secs));
        }
    }
    // What is not drawn is not said either.
    let shown = model.mask.active_table().filter(|_| model.mask.form.shown);
    let Some(table) = shown else {
        return parts;
    };
    let grid = table.view.grid();
    let covering = table.view.places_at(band, frame);
    let covering: Vec<(usize, usize)> = covering.map(|at| grid.place(at.token)).collect();
    if !covering.is_empty() {
        let name = grid.kind.column_name();
        let column = numbers(name, covering.iter().map(|&(_, column)| column));
        let row = numbers("row", covering.iter().map(|&(row, _)| row));
        parts.push(match grid.rows() {
            1 => column,
            _ => format!("{row}, {column}"),
        });
    }
    let active = model.mask.form.active;
    let in_teach = model.workspace == Workspace::Teach;
    let views = ViewName::BOTH.into_iter();
    let fates = views.filter_map(|view| {
        // Only Teach shows both views.
        if !in_teach && view != active {
            return None;
        }
        let dropped = model
            .mask
            .table(view)?
            .is_dropped(band, frame, model.mask.form.ratio)?;
        let fate = if dropped { "dropped" } else { "kept" };
        Some(match in_teach {
            true => format!("{fate} in {view}"),
            false => fate.to_owned(),
        })
    });
    let fates: Vec<String> = fates.collect();
    if !fates.is_empty() {
        parts.push(fates.join(", "));
    }
    parts.extend(window(table, frame));
    parts
}

/// Time, frequency and note.
fn moment(secs: f64, hz: f64) -> Vec<String> {
    let mut parts = vec![clock(secs), format!("{hz:.0} Hz")];
    if let Some((name, cents)) = note_and_cents(hz) {
        parts.push(match cents {
            0 => name,
            _ => format!("{name} {} ct", signed(cents as f32, 0)),
        });
    }
    parts
}

fn decibels(level: f32) -> String {
    format!("{} dB", signed(level, 1).trim_start_matches('+'))
}

/// Of which window the mask over a frame is, where windows overlap: the one in between is masked alike and not drawn.
fn window(table: &RankTable, frame: usize) -> Option<String> {
    let overlap = table.view.grid().windows_overlap();
    let ends = table.view.window_span(frame);
    let [start, end] = ends.map(|frames| clock((frames * FRAME_SECS).max(0.0)));
    overlap.then(|| format!("mask of the window {start} to {end}"))
}

/// The value that the encoder is fed at a place of the band axis and a time.
fn fed(kind: InputKind, levels: &Levels, place: f64, secs: f64) -> Option<String> {
    let band = levels.bands().at(place);
    let column = (secs.max(0.0) / FRAME_SECS * levels.columns_per_frame() as f64) as usize;
    let value = levels.get(band, column)?;
    Some(match kind {
        InputKind::Patches(_) => format!("{} SD", signed(value, 1)),
        InputKind::Mel { mel: spec, .. } => {
            let text = format!("band {} of {}: {}", band + 1, spec.bands, signed(value, 2));
            format!("{text} {}", unit_of(&spec)).trim_end().to_owned()
        }
    })
}

/// "row 2", or "rows 2 to 3" where several overlap; counted from 0, as the rows of patchout are.
fn numbers(what: &str, found: impl Iterator<Item = usize> + Clone) -> String {
    let first = found.clone().min().unwrap_or(0);
    let last = found.max().unwrap_or(0);
    match first == last {
        true => format!("{what} {first}"),
        false => format!("{what}s {first} to {last}"),
    }
}

/// A number with its sign, and with a true minus.
fn signed(value: f32, digits: usize) -> String {
    let text = format!("{value:+.digits$}").replace('-', "\u{2212}");
    let zero = text
        .chars()
        .all(|c| matches!(c, '+' | '\u{2212}' | '0' | '.'));
    if zero {
        text.trim_start_matches(['+', '\u{2212}']).to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::gui::model::PictureState;
    use mynascope_spectrum::{LevelsBuilder, Mel, Scale, Sight, band_of_hz, level_db};

    #[test]
    fn the_line_names_time_pitch_level_patch_and_fate() {
        let mut model = AppState::default();
        let mel = Mel::from_values(vec![100.0; 192 * MEL_BANDS]);
        let mut builder = LevelsBuilder::new(Scale::DECIBELS);
        builder.push(mel.values().iter().map(|&power| level_db(power)));
        let levels = builder.finish();
        let picture = Arc::new(Picture::whole(
            levels,
            &Sight {
                mel: Arc::new(mel),
                peaks: Default::default(),
                duration_secs: 6.144,
                caveats: Default::default(),
            },
        ));
        model.spectrogram.view = crate::gui::model::TimeView::fit(picture.duration_secs());
        model.mask.refresh(picture.frames());
        model.spectrogram.state = PictureState::Ready {
            path: "x".into(),
            picture: Arc::clone(&picture),
        };
        let area = Rect::from_min_size(egui::pos2(0.0, 0.0), egui::vec2(1920.0, 1280.0));
        let height = (band_of_hz(445.0) + 0.5) as f32 * 10.0;
        let place = egui::pos2(1005.0, 1280.0 - height);
        let said = |model: &AppState| describe(model, &picture, area, place).join(BETWEEN);
        // Where no mask is drawn nothing is said of one.
        model.mask.form.shown = false;
        assert_eq!(said(&model), "0:03.2 · 445 Hz · A4 +20 ct · 20.0 dB");
        model.show_workspace(Workspace::Teach);
        model.mask.form.shown = true;
        let text = said(&model);
        assert!(
            text.starts_with("0:03.2 · 445 Hz · A4 +20 ct · 20.0 dB · row 1, column "),
            "{text}"
        );
        assert!(
            text.contains(" in A, ") && text.ends_with(" in B"),
            "{text}"
        );
    }

    #[test]
    fn numbers_have_their_sign() {
        assert_eq!(signed(-3.25, 1), "\u{2212}3.2");
        assert_eq!(signed(12.0, 0), "+12");
        assert_eq!(signed(-0.04, 1), "0.0");
    }
}
