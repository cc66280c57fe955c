//! What the window shows, as files: panels are drawn once more without the window around them, or their numbers are
//! written as a table. A sheet holds a copy of what it shows, so that a thread of its own can save it.

mod curves;
mod panel;
mod probe;
mod svg;

pub use curves::save_table;
pub use panel::PanelPicture;
pub use probe::ProbeTable;

use std::{io::Write, path::Path};

use eframe::egui::{self, Ui};

use self::svg::About;
use super::{
    canvas::{Canvas, PictureError},
    fonts::{FontFinder, Letters, letters_of},
    model::Publishing,
    theme,
};
use mynascope_base::storage::{self, Theme};

/// Frames until fonts and scale have taken effect.
const CALM_FRAMES: usize = 3;

/// Draws a panel by itself, as large as is asked for.
fn drawn(
    publishing: &Publishing,
    mut draw: impl FnMut(&mut Ui),
) -> Result<(Canvas, egui::FullOutput), PictureError> {
    let scale = publishing.scale;
    let side = |side: u32| (side as f32 * scale).round().max(1.0) as u32;
    let mut canvas = Canvas::new(publishing.size.map(side))?;
    let theme = match publishing.light {
        true => Theme::Light,
        false => Theme::Dark,
    };
    theme::install(canvas.ctx(), theme);
    canvas.ctx().set_zoom_factor(scale);
    let first = canvas.frame(&mut draw);
    let mut letters = Letters::new();
    for clipped in &first.shapes {
        letters_of(&clipped.shape, &mut letters);
    }
    if !letters.is_empty() {
        let found = FontFinder::new(theme::fonts()).find(&letters);
        for font in found.fonts {
            canvas.ctx().add_font(font);
        }
    }
    for _ in 0..CALM_FRAMES {
        canvas.frame(&mut draw);
    }
    let output = canvas.frame(&mut draw);
    Ok((canvas, output))
}

/// Draws a panel to a file: vector graphics where it ends in .svg, else pixels. Both say what they are and how to make them again.
fn save_drawn(
    publishing: &Publishing,
    about: &About,
    path: &Path,
    draw: impl FnMut(&mut Ui),
) -> Result<(), String> {
    let told = |error: PictureError| error.to_string();
    let (mut canvas, mut output) = drawn(publishing, draw).map_err(told)?;
    let is_svg = path
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("svg"));
    if !is_svg {
        let image = canvas.image(output).map_err(told)?;
        return save_bytes(path, &png_bytes(&image, about)?);
    }
    let shapes = output.shapes.clone();
    output
        .shapes
        .retain(|shape| svg::needs_pixels(&shape.shape));
    let pixels = match output.shapes.is_empty() {
        true => None,
        false => Some(canvas.image(output).map_err(told)?),
    };
    let pixels = pixels.as_ref().map(|image| (image, publishing.scale));
    let size = publishing.size.map(|side| side as f32);
    save_bytes(path, svg::document(&shapes, size, about, pixels).as_bytes())
}

/// A picture with its title and command among its texts, where viewers and `exiftool` show them.
fn png_bytes(image: &image::RgbaImage, about: &About) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let texts = [
        ("Title", about.title.clone()),
        (
            "Software",
            format!("Mynascope {}", env!("CARGO_PKG_VERSION")),
        ),
        ("Comment", about.command.clone()),
    ];
    let write = || -> Result<(), png::EncodingError> {
        for (key, text) in texts {
            encoder.add_itxt_chunk(key.to_owned(), text)?;
        }
        encoder.write_header()?.write_image_data(image.as_raw())
    };
    write().map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn save_bytes(path: &Path, bytes: &[u8]) -> Result<(), String> {
    storage::write_atomic(path, |file| file.write_all(bytes)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_picture_says_what_makes_it_again() {
        let image = image::RgbaImage::from_pixel(3, 2, image::Rgba([1, 2, 3, 255]));
        let about = About {
            title: "Blå sång".to_owned(),
            command: "mynascope picture 'blå sång.wav' --out x.png".to_owned(),
        };
        let bytes = png_bytes(&image, &about).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(&bytes))
            .read_info()
            .unwrap();
        let texts: Vec<(String, String)> = reader
            .info()
            .utf8_text
            .iter()
            .map(|chunk| (chunk.keyword.clone(), chunk.get_text().unwrap()))
            .collect();
        assert!(texts.contains(&("Title".to_owned(), about.title)));
        assert!(texts.contains(&("Comment".to_owned(), about.command)));
        assert_eq!(image::load_from_memory(&bytes).unwrap().to_rgba8(), image);
    }
}
