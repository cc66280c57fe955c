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
    workspace::Workspace,
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
/// In panels lower than this the picture needs all of the height.
const ROOM_FOR_OVERVIEW: f32 = 60.0 * theme::UNIT;

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
        controls::header(ui, model, out);
        // In the Teach layout the masking panel stands beside the picture.
        let with_mask_row = model.workspace != Workspace::Teach;
        let below = if with_mask_row {
            theme::CONTROL_HEIGHT + theme::SPACE
        } else {
            0.0
        };
        let size = vec2(
            ui.available_width(),
            (ui.available_height() - below).max(AXIS_HEIGHT + READOUT_HEIGHT + theme::UNIT),
        );
        let (area, _) = ui.allocate_exact_size(size, egui::Sense::hover());
        let said = prediction_timeline::of_shown(model);
        let strips = said.iter();
        let strips = strips.map(|(speaker, _)| prediction_timeline::height(*speaker));
        let strips: Vec<f32> = strips.collect();
        let place = Places::of(area, &strips);
        match &model.spectrogram.state {
            PictureState::Ready { picture, .. } | PictureState::Growing { picture, .. } => {
                pictured(ui, model, picture, &place, out);
                for (said, place) in said.into_iter().zip(&place.said) {
                    prediction_timeline::show(ui, model, said, *place, out);
                }
                if let Some(strip) = place.overview {
                    overview::show(ui, model, picture, strip, out);
                }
                readout::show(ui, model, picture, place.picture, place.readout);
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
        if with_mask_row {
            controls::mask_row(ui, model, out);
        }
    });
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
    readout: Rect,
}

impl Places {
    fn of(area: Rect, strips: &[f32]) -> Self {
        let (left, right) = (area.left() + AXIS_WIDTH, area.right() - legend::WIDTH);
        let row = |top: f32, bottom: f32| {
            Rect::from_min_max(egui::pos2(left, top), egui::pos2(right, bottom))
        };
        let readout = row(area.bottom() - READOUT_HEIGHT, area.bottom());
        let mut bottom = readout.top();
        let overview = (area.height() >= ROOM_FOR_OVERVIEW).then(|| {
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
            readout: readout.with_max_x(area.right()),
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
            readout: Rect::NOTHING,
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
