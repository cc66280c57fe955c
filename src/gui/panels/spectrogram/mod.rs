//! The picture of the sound, with the mask over it.

mod axes;
mod controls;
pub mod crops;
mod encoder;
mod frequencies;
mod legend;
mod overview;
mod parts;
mod picture;
mod prediction_timeline;
mod readout;
mod regions;
mod selection;
mod sound;
mod sound_controls;

use std::sync::Arc;

use eframe::egui::{self, Frame, Margin, Rect, vec2};

use self::{frequencies::Frequencies, legend::ColourScale, parts::Parts};
use crate::gui::{
    command::Command,
    jobs::format_progress,
    model::{AppState, Picture, PictureState},
    theme::{self, small},
    workspace::{Pane, Workspace},
};
use mynascope_spectrum::MEL_BANDS;

/// Room for the frequency axis.
const AXIS_WIDTH: f32 = 11.0 * theme::UNIT;
/// Room for the time axis.
const AXIS_HEIGHT: f32 = 5.0 * theme::UNIT;
/// Room for the line under the axis.
const READOUT_HEIGHT: f32 = 5.0 * theme::UNIT;
/// Around a saved picture.
const MARGIN_ALONE: f32 = 3.0 * theme::UNIT;
/// What stands around the picture gives way to it where it would be lower than this, ...
const LEAST_PICTURE: f32 = 30.0 * theme::UNIT;
/// ... and the overview where it would be lower than this.
const PICTURE_WITH_OVERVIEW: f32 = 40.0 * theme::UNIT;
/// Height of the mask's line, with the air above it.
const MASK_ROW: f32 = theme::CONTROL_HEIGHT + theme::SPACE;
/// A panel that is lower still has no numbers at its axes: they would lie over each other.
const ROOM_FOR_NUMBERS: f32 = 12.0 * theme::UNIT;

/// Draws the panel.
pub fn show(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let margin = Margin {
        left: 12,
        right: 12,
        top: 0,
        bottom: 8,
    };
    Frame::new().inner_margin(margin).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
        let said = prediction_timeline::of_shown(model);
        let strips = said.iter();
        let strips = strips.map(|(speaker, _)| prediction_timeline::height(*speaker));
        let strips: Vec<f32> = strips.collect();
        let height = ui.available_height() - theme::CONTROL_HEIGHT - theme::SPACE_SMALL;
        let around = Around::of(model, height - strips.iter().sum::<f32>());
        controls::header(ui, model, around.mask == MaskRow::InMenu, out);
        let below = match around.mask {
            MaskRow::Below => MASK_ROW,
            MaskRow::InMenu | MaskRow::Elsewhere => 0.0,
        };
        let size = vec2(
            ui.available_width(),
            (ui.available_height() - below).max(AXIS_HEIGHT + theme::UNIT),
        );
        let (area, _) = ui.allocate_exact_size(size, egui::Sense::hover());
        let place = Places::of(area, &strips, around);
        match &model.spectrogram.state {
            PictureState::Ready { picture, .. } | PictureState::Growing { picture, .. } => {
                pictured(ui, model, picture, &place, out);
                for (said, place) in said.into_iter().zip(&place.said) {
                    prediction_timeline::show(ui, model, said, *place, out);
                }
                if let Some(strip) = place.overview {
                    overview::show(ui, model, picture, strip, out);
                }
                if let Some(line) = place.readout {
                    readout::show(ui, model, picture, place.picture, line);
                }
            }
            PictureState::Computing(_) => {
                waiting(ui, place.picture, "Decoding …");
            }
            PictureState::Empty if model.library.opening().is_some() => {
                let running = model.library.opening();
                let text = running.map_or_else(String::new, |it| format_progress(&it.progress));
                waiting(ui, place.picture, &text);
            }
            PictureState::Empty => {
                let text = match model.no_drops {
                    true => "Choose a track in the library, or paste the path of one into the palette (Ctrl+P)",
                    false => "Choose a track in the library, or drop sound files here",
                };
                message(ui, place.picture, text, false);
            }
            PictureState::Failed(why) => message(ui, place.picture, why, true),
        }
        if around.mask == MaskRow::Below {
            ui.add_space(theme::SPACE_SMALL);
            ui.horizontal(|ui| controls::mask(ui, model, out));
        }
    });
}

/// Where the mask is set in brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MaskRow {
    /// In a line below the picture.
    Below,
    /// In the menu above the picture, which needs the height.
    InMenu,
    /// In a panel of its own.
    Elsewhere,
}

/// What stands around the picture, as far as it leaves the picture a height in which something can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Around {
    mask: MaskRow,
    readout: bool,
    overview: bool,
}

impl Around {
    /// Of a panel that has so much height for all of it.
    fn of(model: &AppState, height: f32) -> Self {
        let has_panel = model.seen.contains(&Pane::Masking);
        // Masks are what Teach is about.
        Self::within(height, has_panel, model.workspace == Workspace::Teach)
    }

    fn within(height: f32, has_panel: bool, mask_first: bool) -> Self {
        let mut spare = height - AXIS_HEIGHT - LEAST_PICTURE;
        // `leaves` is what the picture needs beyond its least height for it.
        let mut takes = |wanted: bool, height: f32, leaves: f32| {
            let fits = wanted && spare >= height + leaves;
            if fits {
                spare -= height;
            }
            fits
        };
        let early = takes(mask_first && !has_panel, MASK_ROW, 0.0);
        let readout = takes(true, READOUT_HEIGHT, 0.0);
        let late = takes(!mask_first && !has_panel, MASK_ROW, 0.0);
        let more = PICTURE_WITH_OVERVIEW - LEAST_PICTURE;
        let overview = takes(true, overview::HEIGHT, more);
        Self {
            mask: match early || late {
                _ if has_panel => MaskRow::Elsewhere,
                true => MaskRow::Below,
                false => MaskRow::InMenu,
            },
            readout,
            overview,
        }
    }
}

/// The picture with its axes and its colour bar.
fn pictured(
    ui: &mut egui::Ui,
    model: &AppState,
    picture: &Arc<Picture>,
    place: &Places,
    out: &mut Vec<Command>,
) {
    picture::show(ui, model, picture, place.picture, out);
    if place.picture.height() < ROOM_FOR_NUMBERS {
        return;
    }
    let parts = Parts::of(model, place.picture);
    let frequencies = Frequencies::of(model);
    axes::frequency(ui, frequencies, &model.spectrogram.bands, parts.mel);
    axes::time(ui, &model.spectrogram.view, place.picture);
    let beside = |part: Rect| Rect::from_x_y_ranges(place.legend.x_range(), part.y_range());
    legend::show(ui, model, &ColourScale::of(model), beside(parts.mel));
    if let Some(vqt) = parts.vqt {
        axes::bins(ui, &vqt.spec, vqt.area);
        let scale = ColourScale::of_fed(&vqt.levels, "");
        legend::show(ui, model, &scale, beside(vqt.area));
    }
}

/// Draws what is saved as a file: title, picture, axes and colour bar, and nothing to press.
pub fn show_alone(ui: &mut egui::Ui, model: &AppState, title: &str) {
    let tokens = theme::tokens(ui);
    let area = ui.max_rect();
    ui.painter().rect_filled(area, 0.0, tokens.surface);
    let inner = area.shrink(MARGIN_ALONE);
    let bottom = inner.top() + theme::CONTROL_HEIGHT;
    ui.painter().with_clip_rect(inner).text(
        inner.left_top(),
        egui::Align2::LEFT_TOP,
        title,
        egui::FontId::proportional(theme::TEXT_BODY),
        tokens.text_strong,
    );
    if let Some(picture) = model.spectrogram.picture() {
        let place = Places::alone(inner.with_min_y(bottom));
        pictured(ui, model, picture, &place, &mut Vec::new());
    }
}

/// Width and height in points that the picture itself has where it is drawn alone in an area.
pub fn size_alone(area: Rect) -> egui::Vec2 {
    let inner = area.shrink(MARGIN_ALONE);
    let inner = inner.with_min_y(inner.top() + theme::CONTROL_HEIGHT);
    Places::alone(inner)
        .picture
        .size()
        .max(egui::Vec2::splat(1.0))
}

/// What a spectrogram shows, in a line.
pub fn caption(model: &AppState) -> String {
    if model.shows_sound() {
        return sound::caption(&model.spectrogram);
    }
    let form = &model.spectrogram.form;
    let mut facts = match form.as_encoder {
        true => "What the encoder is fed".to_owned(),
        false => format!(
            "Mel-spectrogram, {MEL_BANDS} bands; {:.0} dB down from {:.0} dB of mel power",
            form.range_db, form.top_db
        ),
    };
    let mask = &model.mask;
    if mask.form.shown {
        facts += &match mask.patchout() {
            Some(_) => format!("; patchout: {}", mask.meter()),
            None => format!(
                "; {} mask of {}, {} % dropped, seed {}, view {}",
                mask.form.kind,
                mask.grid().kind,
                mask.form.percent(),
                mask.form.seed,
                mask.form.active
            ),
        };
    }
    facts
}

/// Where the parts of the panel lie.
struct Places {
    picture: Rect,
    legend: Rect,
    /// What the classifier and the active probe say over time, from the highest strip on.
    said: Vec<Rect>,
    /// Low panels have none.
    overview: Option<Rect>,
    /// Nor that.
    readout: Option<Rect>,
}

impl Places {
    fn of(area: Rect, strips: &[f32], around: Around) -> Self {
        let (left, right) = (area.left() + AXIS_WIDTH, area.right() - legend::WIDTH);
        let row = |top: f32, bottom: f32| {
            Rect::from_min_max(egui::pos2(left, top), egui::pos2(right, bottom))
        };
        let mut bottom = area.bottom();
        let readout = around.readout.then(|| {
            bottom -= READOUT_HEIGHT;
            row(bottom, bottom + READOUT_HEIGHT).with_max_x(area.right())
        });
        let overview = around.overview.then(|| {
            bottom -= overview::HEIGHT;
            row(bottom, bottom + overview::HEIGHT)
        });
        bottom -= strips.iter().sum::<f32>();
        let mut top = bottom;
        let said = strips.iter().map(|height| {
            top += height;
            row(top - height, top)
        });
        let said = said.collect();
        Self {
            said,
            overview,
            readout,
            ..Self::alone(area.with_max_y(bottom))
        }
    }

    /// Picture, axes and colour bar alone.
    fn alone(area: Rect) -> Self {
        let picture = Rect::from_min_max(
            area.left_top() + vec2(AXIS_WIDTH, 0.0),
            area.right_bottom() - vec2(legend::WIDTH, AXIS_HEIGHT),
        );
        let legend = Rect::from_min_max(
            picture.right_top() + vec2(theme::SPACE, 0.0),
            egui::pos2(area.right(), picture.bottom()),
        );
        Self {
            picture,
            legend,
            said: Vec::new(),
            overview: None,
            readout: None,
        }
    }
}

fn waiting(ui: &egui::Ui, area: Rect, text: &str) {
    let tokens = theme::tokens(ui);
    ui.painter().rect_filled(area, 0.0, tokens.picture);
    let spinner = Rect::from_center_size(area.center(), egui::Vec2::splat(theme::CONTROL_HEIGHT));
    egui::Spinner::new()
        .color(tokens.on_picture)
        .paint_at(ui, spinner);
    ui.painter().text(
        spinner.center_bottom() + vec2(0.0, theme::SPACE),
        egui::Align2::CENTER_TOP,
        text,
        theme::small_font(),
        tokens.on_picture,
    );
}

fn message(ui: &mut egui::Ui, area: Rect, text: &str, error: bool) {
    let tokens = theme::tokens(ui);
    ui.painter().rect_filled(area, 0.0, tokens.picture);
    // The picture's ground is dark in both themes.
    let colour = if error {
        theme::DARK.error
    } else {
        theme::DARK.text_weak
    };
    let inner = area.shrink2(vec2(area.width() * 0.15, area.height() * 0.4));
    // A child that does not move what follows the picture.
    ui.new_child(egui::UiBuilder::new().max_rect(inner))
        .vertical_centered(|ui| ui.label(small(text).size(theme::TEXT_BODY).color(colour)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_low_panel_all_else_gives_way_to_a_picture_that_can_be_read() {
        for (has_panel, mask_first) in [(true, true), (false, true), (false, false)] {
            for height in (0..600).map(|height| height as f32) {
                let around = Around::within(height, has_panel, mask_first);
                let rows = [
                    (around.mask == MaskRow::Below, MASK_ROW),
                    (around.readout, READOUT_HEIGHT),
                    (around.overview, overview::HEIGHT),
                ];
                let shown = rows.iter().filter(|(shown, _)| *shown);
                let taken: f32 = shown.map(|(_, height)| height).sum();
                let picture = height - AXIS_HEIGHT - taken;
                assert!(
                    taken == 0.0 || picture >= LEAST_PICTURE,
                    "{height}: {around:?}"
                );
                // What has no line of its own is not lost.
                let lost = around.mask == MaskRow::Elsewhere && !has_panel;
                assert!(!lost, "{height}: {around:?}");
            }
            let all = Around::within(400.0, has_panel, mask_first);
            assert!(all.readout && all.overview && all.mask != MaskRow::InMenu);
        }
    }
}
