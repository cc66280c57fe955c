//! What lives on the graphics card for the parts of the picture.

use std::sync::Arc;

use eframe::egui_wgpu::wgpu;

use crate::gui::model::RankTable;
use mynascope_spectrum::ColourMap;

use super::{PicturePart, SpectrogramPaint, Uniforms, Uploads};
use crate::gui::paint::tiles::TilePool;

/// Width of the rank texture at most: what every graphics card takes. Windows of 48 tokens lie 170 side by side.
const MOST_RANK_COLUMNS: usize = 8192;
/// Rows of the rank texture at most.
pub(super) const MOST_RANK_ROWS: usize = 8192;

/// Windows side by side in a row of the rank texture; none where one alone is too wide.
pub(super) fn windows_per_row(tokens: usize) -> usize {
    MOST_RANK_COLUMNS / tokens.max(1)
}

/// What lives on the graphics card for the parts of the picture; the upper one once it was drawn.
pub(in crate::gui::paint) struct PictureParts {
    target: wgpu::TextureFormat,
    main: SpectrogramGpu,
    upper: Option<SpectrogramGpu>,
}

impl PictureParts {
    pub(in crate::gui::paint) fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        Self {
            target,
            main: SpectrogramGpu::new(device, target),
            upper: None,
        }
    }

    pub(super) fn get(&self, part: PicturePart) -> Option<&SpectrogramGpu> {
        match part {
            PicturePart::Main => Some(&self.main),
            PicturePart::Upper => self.upper.as_ref(),
        }
    }

    pub(super) fn make(&mut self, part: PicturePart, device: &wgpu::Device) -> &mut SpectrogramGpu {
        match part {
            PicturePart::Main => &mut self.main,
            PicturePart::Upper => self
                .upper
                .get_or_insert_with(|| SpectrogramGpu::new(device, self.target)),
        }
    }

    /// What was sent for all parts.
    pub(in crate::gui::paint) fn uploads(&self) -> Uploads {
        let parts = [PicturePart::Main, PicturePart::Upper].into_iter();
        let parts = parts.filter_map(|part| Some(self.get(part)?.uploads));
        parts.fold(Uploads::default(), |all, part| Uploads {
            tiles: all.tiles + part.tiles,
            ranks: all.ranks + part.ranks,
            colour_maps: all.colour_maps + part.colour_maps,
        })
    }
}

/// What lives on the graphics card for a part of the spectrogram.
pub(super) struct SpectrogramGpu {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    uniforms: wgpu::Buffer,
    linear_target: bool,
    tiles: TilePool,
    ranks: Option<(Arc<RankTable>, wgpu::TextureView)>,
    /// Bound where no mask is drawn.
    no_ranks: wgpu::TextureView,
    colours: Option<wgpu::TextureView>,
    bound: Option<wgpu::BindGroup>,
    uploads: Uploads,
}

fn texture_entry(
    binding: u32,
    sample_type: wgpu::TextureSampleType,
    view_dimension: wgpu::TextureViewDimension,
) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty: wgpu::BindingType::Texture {
            sample_type,
            view_dimension,
            multisampled: false,
        },
        count: None,
    }
}

fn upload(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    label: &str,
    format: wgpu::TextureFormat,
    size: wgpu::Extent3d,
    bytes: &[u8],
) -> wgpu::Texture {
    use wgpu::util::DeviceExt as _;
    device.create_texture_with_data(
        queue,
        &wgpu::TextureDescriptor {
            label: Some(label),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        },
        wgpu::util::TextureDataOrder::LayerMajor,
        bytes,
    )
}

impl SpectrogramGpu {
    fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("spectrogram"),
            source: wgpu::ShaderSource::Wgsl(
                include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/shaders/spectrogram.wgsl"
                ))
                .into(),
            ),
        });
        let float = wgpu::TextureSampleType::Float { filterable: false };
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("spectrogram"),
            entries: &[
                wgpu::BindGroupLayoutEntry {
                    binding: 0,
                    visibility: wgpu::ShaderStages::VERTEX_FRAGMENT,
                    ty: wgpu::BindingType::Buffer {
                        ty: wgpu::BufferBindingType::Uniform,
                        has_dynamic_offset: false,
                        min_binding_size: None,
                    },
                    count: None,
                },
                texture_entry(
                    1,
                    wgpu::TextureSampleType::Uint,
                    wgpu::TextureViewDimension::D2Array,
                ),
                texture_entry(2, float, wgpu::TextureViewDimension::D2),
                texture_entry(
                    3,
                    wgpu::TextureSampleType::Uint,
                    wgpu::TextureViewDimension::D2,
                ),
            ],
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("spectrogram"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("spectrogram"),
            layout: Some(&pipeline_layout),
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("corner"),
                buffers: &[],
                compilation_options: wgpu::PipelineCompilationOptions::default(),
            },
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("pixel"),
                targets: &[Some(target.into())],
                compilation_options: wgpu::PipelineCompilationOptions::default(),
            }),
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            multiview_mask: None,
            cache: None,
        });
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("spectrogram"),
            size: size_of::<Uniforms>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let no_ranks = device
            .create_texture(&wgpu::TextureDescriptor {
                label: Some("no mask"),
                size: wgpu::Extent3d {
                    width: 1,
                    height: 1,
                    depth_or_array_layers: 1,
                },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: wgpu::TextureFormat::R16Uint,
                usage: wgpu::TextureUsages::TEXTURE_BINDING,
                view_formats: &[],
            })
            .create_view(&wgpu::TextureViewDescriptor::default());
        Self {
            pipeline,
            layout,
            uniforms,
            linear_target: target.is_srgb(),
            tiles: TilePool::new(device),
            ranks: None,
            no_ranks,
            colours: None,
            bound: None,
            uploads: Uploads::default(),
        }
    }

    /// Sends what this drawing needs and the card does not have.
    pub(super) fn prepare(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        paint: &SpectrogramPaint,
    ) {
        let mut changed = self.bound.is_none();
        let window = self.tiles.bring(queue, paint);
        self.uploads.tiles = self.tiles.sent;
        if self.colours.is_none() {
            self.colours = Some(colour_texture(device, queue));
            self.uploads.colour_maps += 1;
            changed = true;
        }
        if let Some(mask) = &paint.mask
            && self
                .ranks
                .as_ref()
                .is_none_or(|(table, _)| !Arc::ptr_eq(table, &mask.table))
        {
            let view = rank_texture(device, queue, &mask.table);
            self.ranks = Some((Arc::clone(&mask.table), view));
            self.uploads.ranks += 1;
            changed = true;
        }
        if changed {
            self.bind(device);
        }
        queue.write_buffer(
            &self.uniforms,
            0,
            bytemuck::bytes_of(&paint.uniforms(&window, self.linear_target)),
        );
    }

    /// Draws what was prepared.
    pub(super) fn draw(&self, pass: &mut wgpu::RenderPass<'static>) {
        if let Some(bound) = &self.bound {
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, bound, &[]);
            pass.draw(0..3, 0..1);
        }
    }

    fn bind(&mut self, device: &wgpu::Device) {
        let Some(colours) = &self.colours else {
            return;
        };
        let ranks = self.ranks.as_ref().map_or(&self.no_ranks, |(_, view)| view);
        let view = |binding, view| wgpu::BindGroupEntry {
            binding,
            resource: wgpu::BindingResource::TextureView(view),
        };
        self.bound = Some(device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("spectrogram"),
            layout: &self.layout,
            entries: &[
                wgpu::BindGroupEntry {
                    binding: 0,
                    resource: self.uniforms.as_entire_binding(),
                },
                view(1, &self.tiles.view),
                view(2, colours),
                view(3, ranks),
            ],
        }));
    }
}

/// All colour maps, one a row.
fn colour_texture(device: &wgpu::Device, queue: &wgpu::Queue) -> wgpu::TextureView {
    let tables: Vec<_> = ColourMap::ALL.iter().flat_map(|map| map.table()).collect();
    upload(
        device,
        queue,
        "colour maps",
        wgpu::TextureFormat::Rgba8Unorm,
        wgpu::Extent3d {
            width: 256,
            height: ColourMap::ALL.len() as u32,
            depth_or_array_layers: 1,
        },
        tables.as_flattened(),
    )
    .create_view(&wgpu::TextureViewDescriptor::default())
}

fn rank_texture(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    table: &RankTable,
) -> wgpu::TextureView {
    let per_row = windows_per_row(table.tokens());
    let rows = table
        .view
        .windows()
        .div_ceil(per_row.max(1))
        .clamp(1, MOST_RANK_ROWS);
    let columns = (per_row * table.tokens()).max(1);
    let mut ranks = table.ranks.clone();
    ranks.resize(rows * columns, 0);
    upload(
        device,
        queue,
        "drop order",
        wgpu::TextureFormat::R16Uint,
        wgpu::Extent3d {
            width: columns as u32,
            height: rows as u32,
            depth_or_array_layers: 1,
        },
        bytemuck::cast_slice(&ranks),
    )
    .create_view(&wgpu::TextureViewDescriptor::default())
}
