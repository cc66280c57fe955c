//! The picture of the sound at its own rate: its tiles, and how far they are.

use std::sync::Arc;

use eframe::egui::{
    self, Color32, ColorImage, Id, ImageData, Mesh, Rangef, Rect, TextureHandle, TextureOptions,
};

use crate::gui::{
    command::{Command, PictureCommand},
    model::{AppState, BandView, PaintedTile, Spectrogram},
};
use mynascope_spectrum::{MEL_BANDS, StftLook};

use super::picture::{plate, x_of, y_of};

/// The tiles that were drawn last, as the graphics card has them. Each image is held, so that no other takes its address.
type Textures = Vec<(Arc<ColorImage>, TextureHandle)>;

/// Where more of the picture than this is there, the rest follows before one has read that it is missing.
const ENOUGH: f32 = 0.9;

/// Draws the tiles that there are, and says what is missing.
pub fn show(ui: &egui::Ui, model: &AppState, area: Rect, out: &mut Vec<Command>) {
    let spectrogram = &model.spectrogram;
    let sound = &spectrogram.sound;
    let pixels = area.size() * ui.ctx().pixels_per_point();
    // Tiles are textures as high as the picture.
    let most = ui.input(|input| input.max_texture_side) as f32;
    let pixels = [pixels.x, pixels.y].map(|side| side.round().clamp(1.0, most) as u32);
    if sound.pixels != pixels {
        out.push(Command::Picture(PictureCommand::SizeSound(pixels)));
    }
    let id = Id::new("tiles of the sound");
    let before: Textures = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let mut textures = Textures::new();
    let mut drawn = Vec::new();
    for painted in [&sound.under, &sound.painted].into_iter().flatten() {
        for tile in &painted.tiles {
            let place = place_of(spectrogram, &painted.look, tile, area);
            if !place.intersects(area) {
                continue;
            }
            let mut same = before.iter();
            let same = same.find(|(image, _)| Arc::ptr_eq(image, &tile.image));
            let texture = same.map(|(_, texture)| texture.clone());
            let texture = texture.unwrap_or_else(|| {
                let image = ImageData::Color(Arc::clone(&tile.image));
                ui.ctx()
                    .load_texture("sound", image, TextureOptions::LINEAR)
            });
            // The columns at both ends are the neighbours'.
            let edge = 1.0 / tile.image.size[0] as f32;
            let inside = Rect::from_x_y_ranges(edge..=1.0 - edge, 0.0..=1.0);
            // A mesh has sharp edges: between tiles there must be no seam.
            let mut mesh = Mesh::with_texture(texture.id());
            mesh.add_rect_with_uv(place, inside, Color32::WHITE);
            ui.painter().with_clip_rect(area).add(mesh);
            textures.push((Arc::clone(&tile.image), texture));
            drawn.push(place.x_range());
        }
    }
    ui.data_mut(|data| data.insert_temp(id, textures));
    let text = match &sound.error {
        Some(why) => why.clone(),
        None if sound.is_whole() || covered(drawn, area.x_range()) > ENOUGH => return,
        None => format!(
            "computing the spectrogram of the sound \u{2026} {:.0} %",
            (100.0 * sound.share_done()).floor()
        ),
    };
    plate(ui, area, &text, area.center().x, area.width());
}

/// How much of a stretch others cover, as a share.
fn covered(mut by: Vec<Rangef>, all: Rangef) -> f32 {
    by.sort_by(|a, b| a.min.total_cmp(&b.min));
    let (mut sum, mut reached) = (0.0, all.min);
    for part in by {
        let end = part.max.min(all.max);
        sum += (end - part.min.max(reached)).max(0.0);
        reached = reached.max(end);
    }
    sum / all.span().max(1.0)
}

/// Where a tile lies. It may have been painted for another part of the frequency axis.
fn place_of(spectrogram: &Spectrogram, look: &StftLook, painted: &PaintedTile, area: Rect) -> Rect {
    let x = |secs: f64| x_of(&spectrogram.view, area, secs);
    let y = |share: f64| {
        let bands: &BandView = &spectrogram.bands;
        y_of(bands, area, MEL_BANDS as f64 * share)
    };
    let start = painted.tile.start_secs();
    let end = start + painted.tile.length_secs();
    Rect::from_x_y_ranges(x(start)..=x(end), y(look.high)..=y(look.low))
}

/// What the picture shows, in a line.
pub fn caption(spectrogram: &Spectrogram) -> String {
    let form = &spectrogram.form.sound;
    let rate = spectrogram.sound.rate.unwrap_or_default();
    format!(
        "Magnitude spectrogram at {rate} Hz, Hann window of {} samples every {}, {} axis; {:.0} dB down from {:.0} dB, 0 dB is a sine at \
         full scale",
        form.fft,
        form.fft.hop(),
        form.axis,
        form.range_db,
        form.top_db
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_over_each_other_is_counted_once() {
        let range = |min: f32, max: f32| Rangef::new(min, max);
        let all = range(100.0, 200.0);
        assert_eq!(covered(Vec::new(), all), 0.0);
        assert_eq!(covered(vec![range(0.0, 300.0)], all), 1.0);
        let parts = vec![range(150.0, 170.0), range(90.0, 120.0), range(110.0, 130.0)];
        assert!((covered(parts, all) - 0.5).abs() < 1e-6);
    }
}
