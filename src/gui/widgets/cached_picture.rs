//! Small pictures that are made again only when they change.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
};

use eframe::egui::{Color32, ColorImage, Id, Pos2, Rect, TextureHandle, TextureOptions, Ui, Vec2};

/// A small picture that is made anew only when what it depends on changes.
#[derive(Clone)]
struct Cached {
    key: u64,
    texture: TextureHandle,
}

/// Texels along a side of a picture with sharp cells.
const SHARP_SIDE: usize = 512;

/// A number for everything that a picture depends on.
pub fn key(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Draws a picture of `size` texels into a rectangle. `colour` is asked for each texel, from the top left one on, only
/// when `key` changes.
pub fn show(
    ui: &Ui,
    id: Id,
    key: u64,
    size: [usize; 2],
    smooth: bool,
    area: Rect,
    colour: impl Fn(usize, usize) -> Color32,
) {
    let cached = ui
        .data(|data| data.get_temp::<Cached>(id))
        .filter(|cached| cached.key == key);
    let cached = cached.unwrap_or_else(|| {
        let [width, height] = size;
        // Pictures that are drawn off-screen are always smoothed; cells keep their edges where each is many texels.
        let each = if smooth {
            1
        } else {
            (SHARP_SIDE / width.max(height).max(1)).max(1)
        };
        let pixels = (0..height * each)
            .flat_map(|y| (0..width * each).map(move |x| (x, y)))
            .map(|(x, y)| colour(x / each, y / each))
            .collect();
        let image = ColorImage::new([width * each, height * each], pixels);
        let texture = ui
            .ctx()
            .load_texture("teach", image, TextureOptions::LINEAR);
        let cached = Cached { key, texture };
        ui.data_mut(|data| data.insert_temp(id, cached.clone()));
        cached
    });
    let whole = Rect::from_min_size(Pos2::ZERO, Vec2::splat(1.0));
    ui.painter()
        .image(cached.texture.id(), area, whole, Color32::WHITE);
}
