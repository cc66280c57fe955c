//! What the window shows, as files: panels are drawn once more without the window around them, or their numbers are
//! written as a table. A sheet holds a copy of what it shows, so that a thread of its own can save it.

mod curves;
mod probe;
mod spectrogram;

pub use curves::CurveSheet;
pub use probe::ProbeSheet;
pub use spectrogram::SpectrogramSheet;

use std::{io::Write, path::Path};

use eframe::egui::Ui;

use super::{
    canvas::{Canvas, PictureError, save_png},
    theme,
};
use mynascope_base::storage::{self, Theme};

/// Frames until fonts and scale have taken effect.
const CALM_FRAMES: usize = 3;

/// Draws a panel by itself, on so many pixels with so many pixels a point.
fn drawn(
    size: [u32; 2],
    scale: f32,
    theme: Theme,
    mut draw: impl FnMut(&mut Ui),
) -> Result<image::RgbaImage, PictureError> {
    let mut canvas = Canvas::new(size)?;
    theme::install(canvas.ctx(), theme);
    canvas.ctx().set_zoom_factor(scale);
    for _ in 0..CALM_FRAMES {
        canvas.frame(&mut draw);
    }
    let output = canvas.frame(&mut draw);
    canvas.image(output)
}

fn save_image(image: Result<image::RgbaImage, PictureError>, path: &Path) -> Result<(), String> {
    let image = image.map_err(|error| error.to_string())?;
    save_png(&image, path).map_err(|error| error.to_string())
}

fn save_bytes(path: &Path, bytes: &[u8]) -> Result<(), String> {
    storage::write_atomic(path, |file| file.write_all(bytes)).map_err(|error| error.to_string())
}
