//! The picture of the sound, with the mask over it.

mod axes;
mod controls;
mod legend;
mod overview;
mod picture;
mod readout;
mod selection;

use eframe::egui::{self, Frame, Margin, Rect, vec2};

use crate::gui::{
    command::Command,
    layout::Layout,
    model::{Model, PictureState, say_progress},
    theme::{self, small},
};

/// Room for the frequency axis.
const AXIS_WIDTH: f32 = 11.0 * theme::UNIT;
/// Room for the time axis.
const AXIS_HEIGHT: f32 = 5.0 * theme::UNIT;
/// Room for the line under the axis.
const READOUT_HEIGHT: f32 = 5.0 * theme::UNIT;
/// In panels lower than this the picture needs all of the height.
const ROOM_FOR_OVERVIEW: f32 = 60.0 * theme::UNIT;

/// Draws the panel.
pub fn show(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
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
        let with_mask_row = model.layout != Layout::Teach;
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
        let place = Places::of(area);
        match &model.spectrogram.state {
            PictureState::Ready { picture, .. } | PictureState::Growing { picture, .. } => {
                picture::show(ui, model, picture, place.picture, out);
                axes::frequency(ui, &model.spectrogram.bands, place.picture);
                axes::time(ui, &model.spectrogram.view, place.picture);
                legend::show(ui, model, place.legend);
                if let Some(strip) = place.overview {
                    overview::show(ui, model, picture, strip, out);
                }
                readout::show(ui, model, picture, place.picture, place.readout);
            }
            PictureState::Computing(_) => {
                waiting(ui, place.picture, "Decoding …");
            }
            PictureState::Empty if model.library.opening.is_some() => {
                let progress = model.library.opening.as_ref();
                let text = progress.map_or_else(String::new, say_progress);
                waiting(ui, place.picture, &text);
            }
            PictureState::Empty => {
                let text = "Choose a track in the library, or drop sound files here";
                message(ui, place.picture, text, false);
            }
            PictureState::Failed(why) => message(ui, place.picture, why, true),
        }
        if with_mask_row {
            controls::mask_row(ui, model, out);
        }
    });
}

/// Where the parts of the panel lie.
struct Places {
    picture: Rect,
    legend: Rect,
    /// Low panels have none.
    overview: Option<Rect>,
    readout: Rect,
}

impl Places {
    fn of(area: Rect) -> Self {
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
        let picture = row(area.top(), bottom - AXIS_HEIGHT);
        let legend = Rect::from_min_max(
            egui::pos2(right + theme::SPACE, picture.top()),
            egui::pos2(area.right(), picture.bottom()),
        );
        Self {
            picture,
            legend,
            overview,
            readout: readout.with_max_x(area.right()),
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
