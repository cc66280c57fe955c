//! The tiles of spectrograms on the graphics card.

use std::sync::Arc;

use eframe::egui_wgpu::wgpu;

use mynascope_spectrum::{Levels, MEL_BANDS, MIPS, TILE_COLUMNS, Tile};

use super::SpectrogramPaint;

/// Tiles on the graphics card at most: 8 MiB, enough for 32,000 columns side by side. As in the shader.
pub(super) const MOST_TILES: usize = 32;

/// The tiles that one drawing needs, and where they lie.
pub(super) struct TileWindow {
    pub(super) mip: usize,
    pub(super) first_tile: usize,
    /// Layers of the tiles from the first on.
    pub(super) layers: [u32; MOST_TILES],
    /// Frames of the picture that can be drawn.
    pub(super) frames: usize,
}

/// The tiles that lie on the graphics card. They are sent when they come into view, and only those.
pub(super) struct TilePool {
    texture: wgpu::Texture,
    pub(super) view: wgpu::TextureView,
    slots: Vec<Slot>,
    /// Counts drawings, to know which tile was not seen for longest.
    drawing: u64,
    /// Tiles sent so far.
    pub(super) sent: u64,
}

#[derive(Clone, Default)]
struct Slot {
    tile: Option<Tile>,
    seen: u64,
}

impl TilePool {
    pub(super) fn new(device: &wgpu::Device) -> Self {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("tiles"),
            size: wgpu::Extent3d {
                width: MEL_BANDS as u32,
                height: TILE_COLUMNS as u32,
                depth_or_array_layers: MOST_TILES as u32,
            },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::R16Uint,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor {
            dimension: Some(wgpu::TextureViewDimension::D2Array),
            ..Default::default()
        });
        Self {
            texture,
            view,
            slots: vec![Slot::default(); MOST_TILES],
            drawing: 0,
            sent: 0,
        }
    }

    /// Sends the tiles that a drawing needs and the card does not have.
    pub(super) fn bring(&mut self, queue: &wgpu::Queue, paint: &SpectrogramPaint) -> TileWindow {
        let per_frame = paint.levels.columns_per_frame() as f64;
        let span = per_frame * f64::from(paint.span_frames.max(1e-3));
        let start = per_frame * f64::from(paint.start_frame);
        let wanted = Wanted::of(&paint.levels, start, span, f64::from(paint.size[0]));
        self.drawing += 1;
        let mut layers = [0; MOST_TILES];
        for (layer, index) in layers.iter_mut().zip(wanted.first_tile..=wanted.last_tile) {
            if let Some(tile) = paint.levels.tile(wanted.mip, paint.summary, index) {
                *layer = self.layer_of(queue, tile);
            }
        }
        TileWindow {
            mip: wanted.mip,
            first_tile: wanted.first_tile,
            layers,
            frames: if paint.levels.columns(wanted.mip) > 0 {
                paint.levels.frames() / paint.levels.columns_per_frame()
            } else {
                0
            },
        }
    }

    fn layer_of(&mut self, queue: &wgpu::Queue, tile: &Tile) -> u32 {
        let here = |slot: &Slot| {
            slot.tile
                .as_ref()
                .is_some_and(|held| Arc::ptr_eq(held, tile))
        };
        let found = self.slots.iter().position(here);
        // No drawing needs more tiles than there are slots, so this is none that the same drawing needs.
        let oldest = || {
            let slots = self.slots.iter().enumerate();
            slots
                .min_by_key(|(_, slot)| slot.seen)
                .map(|(index, _)| index)
        };
        let Some(index) = found.or_else(oldest) else {
            return 0;
        };
        let drawing = self.drawing;
        if let Some(slot) = self.slots.get_mut(index) {
            slot.seen = drawing;
            if found.is_none() {
                slot.tile = Some(Arc::clone(tile));
                self.send(queue, index as u32, tile);
            }
        }
        index as u32
    }

    fn send(&mut self, queue: &wgpu::Queue, layer: u32, tile: &Tile) {
        let target = wgpu::TexelCopyTextureInfo {
            texture: &self.texture,
            mip_level: 0,
            origin: wgpu::Origin3d {
                x: 0,
                y: 0,
                z: layer,
            },
            aspect: wgpu::TextureAspect::All,
        };
        let layout = wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(2 * MEL_BANDS as u32),
            rows_per_image: None,
        };
        let size = wgpu::Extent3d {
            width: MEL_BANDS as u32,
            height: (tile.len() / MEL_BANDS) as u32,
            depth_or_array_layers: 1,
        };
        queue.write_texture(target, bytemuck::cast_slice(tile), layout, size);
        self.sent += 1;
    }
}

/// Which tiles of which mip show so many frames on so many pixels.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    mip: usize,
    first_tile: usize,
    last_tile: usize,
}

impl Wanted {
    fn of(levels: &Levels, start_frame: f64, span_frames: f64, pixels: f64) -> Self {
        let mut mip = Levels::mip_for(span_frames / pixels.max(1.0));
        loop {
            let columns = levels.columns(mip);
            let width = Levels::frames_per_column(mip) as f64;
            let last_column = columns.saturating_sub(1);
            // Two more on either side, for what lies between columns.
            let column = |frame: f64| ((frame / width).max(0.0) as usize).min(last_column);
            let first_tile = column(start_frame - 2.0 * width) / TILE_COLUMNS;
            let last_tile = column(start_frame + span_frames + 2.0 * width) / TILE_COLUMNS;
            if last_tile - first_tile < MOST_TILES || mip + 1 >= MIPS {
                return Self {
                    mip,
                    first_tile,
                    last_tile,
                };
            }
            mip += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::{LevelsBuilder, Scale};

    #[test]
    fn an_hour_needs_few_tiles_however_it_is_looked_at() {
        let frames = 112_501;
        let mut builder = LevelsBuilder::new(Scale::DECIBELS);
        builder.push((0..frames * MEL_BANDS).map(|_| 0.0));
        let levels = builder.finish();
        for pixels in [400.0, 1280.0, 3840.0, 7680.0] {
            for share in [1.0, 0.5, 0.1, 0.01, 0.0001] {
                let span = share * frames as f64;
                let wanted = Wanted::of(&levels, 1000.0, span, pixels);
                let columns = span / Levels::frames_per_column(wanted.mip) as f64;
                assert!(wanted.last_tile - wanted.first_tile < MOST_TILES);
                assert!(columns <= 4.0 * pixels, "the shader reads four a pixel");
                assert!(columns >= pixels.min(span), "nothing is blurred");
                assert!(levels.columns(wanted.mip) > wanted.last_tile * TILE_COLUMNS);
            }
        }
    }
}
