//! Draws the spectrogram with the mask over it.

mod gpu;

pub(super) use self::gpu::PictureParts;

use std::sync::Arc;

use eframe::{
    egui::{Color32, PaintCallbackInfo},
    egui_wgpu::{CallbackResources, CallbackTrait, ScreenDescriptor, wgpu},
};

use crate::gui::model::{BandView, RankTable};
use mynascope_spectrum::{
    ColourMap, Levels, MEL_BANDS, Summary,
    tokens::{PatchShape, PictureGrid},
};

use self::gpu::{MOST_RANK_ROWS, windows_per_row};
use super::tiles::{MOST_TILES, TileWindow};

/// The parts that a picture may have: one, or two one above the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PicturePart {
    /// The only one, or the lower one.
    Main,
    /// The upper one.
    Upper,
}

/// One drawing of a track's picture.
pub struct SpectrogramPaint {
    /// Which part of the picture it is; each is drawn once a frame.
    pub part: PicturePart,
    /// The picture.
    pub levels: Arc<Levels>,
    /// What a pixel shows that is wider than a frame.
    pub summary: Summary,
    /// The mask, if it is drawn.
    pub mask: Option<MaskPaint>,
    /// The colours.
    pub colour_map: ColourMap,
    /// Frame at the left edge.
    pub start_frame: f32,
    /// Visible frames.
    pub span_frames: f32,
    /// Place on the band axis at the lower edge, and visible bands.
    pub bands: BandView,
    /// Size in pixels.
    pub size: [f32; 2],
    /// Value of the brightest colour, in the unit of the levels.
    pub top: f32,
    /// From there down to the darkest.
    pub range: f32,
    /// Colour where there is no picture.
    pub background: Color32,
    /// Colour of the lines between patches.
    pub patch_line: Color32,
    /// Colour of the dark line beside each of them.
    pub patch_shade: Color32,
    /// Colour of the lines between windows.
    pub window_line: Color32,
}

/// The mask over a picture.
pub struct MaskPaint {
    /// In which order tokens are dropped.
    pub table: Arc<RankTable>,
    /// Tokens of a window that are dropped.
    pub dropped: usize,
    /// How strongly they fade, 0 to 1.
    pub overlay: f32,
}

/// How often something was sent to the graphics card that is not a handful of numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uploads {
    /// Tiles of spectrograms.
    pub tiles: u64,
    /// Drop orders of masks.
    pub ranks: u64,
    /// Colour maps.
    pub colour_maps: u64,
}

/// The layout of `Uniforms` in `shaders/spectrogram.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Uniforms {
    background: [f32; 4],
    patch_line: [f32; 4],
    patch_shade: [f32; 4],
    window_line: [f32; 4],
    size: [f32; 2],
    start_frame: f32,
    span_frames: f32,
    low_band: f32,
    span_bands: f32,
    top: f32,
    range: f32,
    scale_low: f32,
    scale_step: f32,
    column_frames: u32,
    columns: u32,
    first_tile: u32,
    loudest: u32,
    colour_row: u32,
    overlay: f32,
    frames: u32,
    windows: u32,
    dropped: u32,
    windows_per_row: u32,
    linear_target: u32,
    token_columns: u32,
    bands: u32,
    columns_per_frame: f32,
    window_frames: f32,
    hop_frames: f32,
    token_frames: f32,
    token_step: f32,
    lead_frames: f32,
    lead_part: f32,
    first_row: f32,
    row_step: f32,
    row_lines: f32,
    band_scale: f32,
    band_offset: f32,
    tokens: u32,
    layers: [u32; MOST_TILES],
    rows_of_band: [u32; MEL_BANDS],
}

/// sRGB, not premultiplied, 0 to 1.
fn colour(colour: Color32) -> [f32; 4] {
    colour
        .to_srgba_unmultiplied()
        .map(|value| f32::from(value) / 255.0)
}

impl SpectrogramPaint {
    fn uniforms(&self, window: &TileWindow, linear_target: bool) -> Uniforms {
        let table = self.mask.as_ref().map(|mask| &mask.table);
        let no_mask = PictureGrid::of_myna(PatchShape::Square);
        let grid = table.map_or(&no_mask, |table| table.view.grid());
        let per_row = windows_per_row(grid.tokens());
        let windows = table.map_or(0, |table| table.view.windows());
        let lead_frames = table.map_or(0.0, |table| table.view.lead_frames());
        let rows = RowLines::of(grid);
        let mut rows_of_band = [0; MEL_BANDS];
        for (band, slot) in rows_of_band.iter_mut().enumerate() {
            let (first, count) = grid.rows_of_band(band);
            *slot = (first | (count << 8)) as u32;
        }
        let scale = self.levels.scale();
        let of_bands = self.levels.bands();
        let maps = ColourMap::ALL.iter();
        let row = maps.take_while(|map| **map != self.colour_map).count();
        Uniforms {
            background: colour(self.background),
            patch_line: colour(self.patch_line),
            patch_shade: colour(self.patch_shade),
            window_line: colour(self.window_line),
            size: self.size,
            start_frame: self.start_frame,
            span_frames: self.span_frames,
            low_band: self.bands.low as f32,
            span_bands: self.bands.span as f32,
            top: self.top,
            range: self.range.max(1e-3),
            scale_low: scale.low,
            scale_step: scale.step(),
            column_frames: Levels::frames_per_column(window.mip) as u32,
            columns: self.levels.columns(window.mip) as u32,
            first_tile: window.first_tile as u32,
            loudest: u32::from(self.summary == Summary::Loudest),
            colour_row: row as u32,
            overlay: self.mask.as_ref().map_or(0.0, |mask| mask.overlay),
            frames: window.frames as u32,
            windows: windows.min(per_row * MOST_RANK_ROWS) as u32,
            dropped: self.mask.as_ref().map_or(0, |mask| mask.dropped) as u32,
            windows_per_row: per_row.max(1) as u32,
            linear_target: u32::from(linear_target),
            token_columns: grid.columns as u32,
            bands: of_bands.count as u32,
            columns_per_frame: self.levels.columns_per_frame() as f32,
            window_frames: grid.window_frames as f32,
            hop_frames: grid.hop_frames as f32,
            token_frames: grid.token_frames as f32,
            token_step: grid.column_frames as f32,
            lead_frames: lead_frames.floor() as f32,
            lead_part: lead_frames.fract() as f32,
            first_row: rows.first,
            row_step: rows.step,
            row_lines: rows.lines,
            band_scale: of_bands.scale,
            band_offset: of_bands.offset,
            tokens: grid.tokens() as u32,
            layers: window.layers,
            rows_of_band,
        }
    }
}

/// The lines between rows of tokens, which follow each other evenly on the band axis.
struct RowLines {
    /// Where the lowest row begins.
    first: f32,
    /// From there to where the next begins.
    step: f32,
    /// The number of the highest line, the lowest row's own being 0. Rows that overlap have lines where they begin.
    lines: f32,
}

impl RowLines {
    fn of(grid: &PictureGrid) -> Self {
        let rows = grid.rows();
        let edge = |row: usize| grid.row_bands.get(row).copied().unwrap_or_default();
        let ([first, end], [last, _]) = (edge(0), edge(rows.saturating_sub(1)));
        let step = match rows {
            0 | 1 => end - first,
            _ => (last - first) / (rows - 1) as f32,
        };
        let lines = match grid.tokens_overlap() {
            true => rows.saturating_sub(1),
            false => rows,
        };
        Self {
            first,
            step: step.max(1e-3),
            lines: lines as f32,
        }
    }
}

impl CallbackTrait for SpectrogramPaint {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        if let Some(parts) = resources.get_mut::<PictureParts>() {
            parts.make(self.part, device).prepare(device, queue, self);
        }
        Vec::new()
    }

    fn paint(
        &self,
        _info: PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        let parts = resources.get::<PictureParts>();
        if let Some(gpu) = parts.and_then(|parts| parts.get(self.part)) {
            gpu.draw(pass);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::{
        canvas::Canvas,
        model::{Mask, MaskForm, OwnGrid},
    };
    use eframe::{egui, egui_wgpu};
    use mynascope_encoder::{EncoderInfo, Patchout};
    use mynascope_spectrum::{
        LevelsBuilder, Scale,
        tokens::{MaskKind, ViewName},
    };

    const FRAMES: usize = 1100;

    /// What a graphics card makes of the mask over a loud sound: one pixel a frame and band, black where it is hidden.
    fn hidden(canvas: &mut Canvas, mask: &Mask) -> Vec<bool> {
        let mut builder = LevelsBuilder::new(Scale::DECIBELS);
        builder.push(std::iter::repeat_n(0.0, FRAMES * MEL_BANDS));
        let levels = Arc::new(builder.finish());
        let mut draw = |ui: &mut egui::Ui| {
            let area = ui.ctx().content_rect();
            let paint = SpectrogramPaint {
                part: PicturePart::Main,
                levels: Arc::clone(&levels),
                summary: Summary::Mean,
                mask: mask.active_table().map(|table| MaskPaint {
                    table: Arc::clone(table),
                    dropped: mask.dropped(),
                    overlay: 1.0,
                }),
                colour_map: ColourMap::Grey,
                start_frame: 0.0,
                span_frames: FRAMES as f32,
                bands: BandView::default(),
                size: [FRAMES as f32, MEL_BANDS as f32],
                top: 0.0,
                range: 10.0,
                background: Color32::BLACK,
                patch_line: Color32::TRANSPARENT,
                patch_shade: Color32::TRANSPARENT,
                window_line: Color32::TRANSPARENT,
            };
            let shape = egui_wgpu::Callback::new_paint_callback(area, paint);
            ui.painter().add(shape);
        };
        // The first frame leaves callbacks out.
        canvas.frame(&mut draw);
        let output = canvas.frame(&mut draw);
        let image = canvas.image(output).unwrap();
        (0..FRAMES)
            .flat_map(|frame| (0..MEL_BANDS).map(move |band| (frame, band)))
            .map(|(frame, band)| {
                let pixel = image.get_pixel(frame as u32, (MEL_BANDS - 1 - band) as u32);
                pixel.0[0] < 128
            })
            .collect()
    }

    fn maest(secs: f64, columns: usize) -> EncoderInfo {
        let info = mynascope_encoder::Preset::Tiny
            .config(mynascope_encoder::Patching::Square)
            .info();
        let edge = |band: usize| mynascope_spectrum::MAEST_MEL.hz_of_band(band as f64 - 0.5) as f32;
        EncoderInfo {
            family: mynascope_encoder::Family::Maest,
            window: mynascope_encoder::WindowRule {
                secs,
                hop_secs: 0.5 * secs,
            },
            grids: vec![mynascope_spectrum::tokens::TokenGrid {
                kind: mynascope_spectrum::tokens::GridKind::Maest,
                columns,
                row_hz: (0..9)
                    .map(|row| [edge(row * 10), edge(row * 10 + 16)])
                    .collect(),
                token_secs: 0.256,
                column_secs: 0.16,
            }],
            ..info
        }
    }

    /// What is seen is what is heard: the graphics card hides exactly what the player leaves out.
    #[test]
    fn the_shader_hides_the_same_places_as_the_sound_for_every_grid() {
        let mut canvas = Canvas::new([FRAMES as u32, MEL_BANDS as u32]).unwrap();
        let patchout = Patchout {
            every: 3,
            dropped_rows: "0,4,5".parse().unwrap(),
        };
        let grids = [
            None,
            OwnGrid::of(&maest(4.992, 30), None, patchout, None),
            OwnGrid::of(&maest(5.0, 31), None, patchout, None),
            OwnGrid::of(&maest(30.0, 187), None, patchout, None),
        ];
        for own in grids {
            for (shape, kind, by_patchout, start) in [
                (PatchShape::Square, MaskKind::Random, true, None),
                (PatchShape::Vertical, MaskKind::Block, false, Some(333)),
                (PatchShape::Square, MaskKind::Random, false, Some(500)),
            ] {
                let mut mask = Mask {
                    form: MaskForm {
                        shape,
                        kind,
                        patchout: by_patchout,
                        ..MaskForm::default()
                    },
                    own: own.clone(),
                    starts: [start, None],
                    ..Mask::default()
                };
                mask.refresh(FRAMES);
                let table = mask.table(ViewName::A).unwrap();
                let heard = (0..FRAMES).flat_map(|frame| {
                    let ratio = mask.form.ratio;
                    (0..MEL_BANDS)
                        .map(move |band| table.is_dropped(band, frame, ratio).unwrap_or(false))
                });
                let heard: Vec<bool> = heard.collect();
                let seen = hidden(&mut canvas, &mask);
                let wrong = seen.iter().zip(&heard).filter(|(a, b)| a != b).count();
                let what = format!("{:?} {shape} {kind} {start:?}", mask.grid().kind);
                assert_eq!(wrong, 0, "{what}");
                assert!(heard.contains(&true) && heard.contains(&false), "{what}");
            }
        }
    }
}
