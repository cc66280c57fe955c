//! The spectrogram with its axes.

use std::path::Path;

use image::RgbaImage;

use super::{drawn, save_image};
use crate::gui::{canvas::PictureError, model::AppState, panels::spectrogram};

/// A picture as it is shown at one moment.
pub struct SpectrogramSheet {
    /// Only what the picture is drawn from.
    model: AppState,
    title: String,
}

/// No side has more pixels: what every driver can draw on.
const MOST_PIXELS: f32 = 8192.0;

impl SpectrogramSheet {
    /// What the window shows now; `None` where no track is shown.
    pub fn of(model: &AppState) -> Option<Self> {
        model.spectrogram.picture()?;
        let track = model.library.selected_track();
        let title = track.map_or_else(String::new, |track| match &track.label {
            Some(label) => format!("{} \u{b7} {label}", track.title),
            None => track.title.clone(),
        });
        let model = AppState {
            settings: model.settings.clone(),
            // Some layouts mark the crops on the picture.
            workspace: model.workspace,
            spectrogram: model.spectrogram.clone(),
            mask: model.mask.clone(),
            transport: model.transport.clone(),
            ..AppState::default()
        };
        Some(Self { model, title })
    }

    /// The name that is offered for its file.
    pub fn file_name(&self) -> String {
        let plain: String = self
            .title
            .chars()
            .map(|c| {
                if "/\\:*?\"<>|\u{b7}".contains(c) {
                    '-'
                } else {
                    c
                }
            })
            .collect();
        format!("{plain} - spectrogram.png")
    }

    /// Draws it.
    ///
    /// # Errors
    /// [`PictureError`] if nothing can draw here.
    pub fn draw(&self) -> Result<RgbaImage, PictureError> {
        let shown = self.model.spectrogram.shown_at;
        let scale = shown.pixels_per_point.clamp(0.5, 4.0);
        let points = spectrogram::size_alone(shown.size);
        let size = points.map(|side| (side * scale).round().clamp(1.0, MOST_PIXELS) as u32);
        drawn(size, scale, self.model.settings.theme, |ui| {
            spectrogram::show_alone(ui, &self.model, &self.title);
        })
    }

    /// Draws it to a file.
    ///
    /// # Errors
    /// Why it could not be saved, in a sentence.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        save_image(self.draw(), path)
    }
}
