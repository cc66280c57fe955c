//! Draws very many points in one call.

use std::sync::Arc;

use eframe::{
    egui::{self, Color32, Rect},
    egui_wgpu::{self, CallbackResources, CallbackTrait, ScreenDescriptor, wgpu},
};

use crate::gui::{
    model::{Camera, Point, PointClass, Shade},
    theme::{self, Tokens},
};
use mynascope_map::Mark;

/// The colour of what it stands for.
pub fn colour_of(tokens: &Tokens, shade: Shade) -> Color32 {
    match shade {
        Shade::Group(group) => theme::label_colour(tokens, group as usize),
        Shade::Share(share) => theme::sequential(share),
        Shade::Unknown => theme::NO_LABEL,
    }
}

/// One point as the shader reads it: 12 bytes.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct PointInstance {
    at: [f32; 2],
    /// Red, green, blue; the class in the lower four bits, the mark in the upper.
    paint: [u8; 4],
}

impl PointInstance {
    fn of(tokens: &Tokens, point: &Point) -> Self {
        let colour = match point.class {
            PointClass::Grey => theme::NOT_PICKED,
            PointClass::Hidden | PointClass::Plain | PointClass::Emphasised => {
                colour_of(tokens, point.shade)
            }
        };
        let [red, green, blue, _] = colour.to_array();
        let mark = match point.shade {
            Shade::Group(group) => Mark::of_label(group as usize),
            Shade::Share(_) | Shade::Unknown => Mark::Disc,
        };
        Self {
            at: point.at,
            paint: [red, green, blue, point.class as u8 | (mark as u8) << 4],
        }
    }
}

/// One frame of the scatter plot. Points reach the GPU only when they are another `Arc` than before.
pub struct Scatter {
    /// Which of the maps on the screen, from 0 on; each keeps its own points on the graphics card.
    pub slot: usize,
    /// The points, in the order in which they are drawn.
    pub points: Arc<Vec<Point>>,
    /// Which part of the map is visible.
    pub camera: Camera,
    /// Where on the screen it is drawn.
    pub rect: Rect,
    /// Radius of a point in screen points.
    pub radius: f32,
    /// Ring around emphasised points.
    pub ring: Color32,
    /// Thin rim around plain points, laid over their colour.
    pub rim: Color32,
    /// The theme, whose colours labels have.
    pub tokens: &'static Tokens,
}

impl Scatter {
    /// The shape to hand to a painter.
    pub fn into_shape(self) -> egui::Shape {
        egui::Shape::Callback(egui_wgpu::Callback::new_paint_callback(self.rect, self))
    }
}

#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct CameraUniform {
    centre: [f32; 2],
    scale: [f32; 2],
    pixel: [f32; 2],
    radius: f32,
    emphasised_radius: f32,
    ring: [f32; 4],
    rim: [f32; 4],
}

/// Maps that are drawn in one frame at most.
const SLOTS: usize = 2;

struct ScatterResources {
    pipeline: wgpu::RenderPipeline,
    slots: [Slot; SLOTS],
    /// How often points were sent to the graphics card.
    uploads: u64,
}

struct Slot {
    camera: wgpu::Buffer,
    bind_group: wgpu::BindGroup,
    uploaded: Option<Uploaded>,
}

struct Uploaded {
    /// Held so that its address tells whether a frame brings other points.
    points: Arc<Vec<Point>>,
    /// In whose colours they were sent.
    tokens: &'static Tokens,
    buffer: wgpu::Buffer,
}

const SHADER: &str = include_str!("../../../shaders/scatter.wgsl");

/// Builds the pipeline once, before the first frame.
pub fn install(
    device: &wgpu::Device,
    target: wgpu::TextureFormat,
    resources: &mut CallbackResources,
) {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("scatter"),
        source: wgpu::ShaderSource::Wgsl(SHADER.into()),
    });
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("scatter"),
        entries: &[wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::VERTEX_FRAGMENT,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        }],
    });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("scatter"),
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let fragment = if target.is_srgb() {
        "fragment_linear"
    } else {
        "fragment_gamma"
    };
    let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("scatter"),
        layout: Some(&pipeline_layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("vertex"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[wgpu::VertexBufferLayout {
                array_stride: size_of::<PointInstance>() as u64,
                step_mode: wgpu::VertexStepMode::Instance,
                attributes: &wgpu::vertex_attr_array![0 => Float32x2, 1 => Uint8x4],
            }],
        },
        primitive: wgpu::PrimitiveState {
            topology: wgpu::PrimitiveTopology::TriangleStrip,
            ..wgpu::PrimitiveState::default()
        },
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some(fragment),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(wgpu::ColorTargetState {
                format: target,
                blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                write_mask: wgpu::ColorWrites::ALL,
            })],
        }),
        multiview_mask: None,
        cache: None,
    });
    let slots = [(); SLOTS].map(|()| {
        let camera = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("scatter camera"),
            size: size_of::<CameraUniform>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("scatter"),
            layout: &layout,
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: camera.as_entire_binding(),
            }],
        });
        Slot {
            camera,
            bind_group,
            uploaded: None,
        }
    });
    resources.insert(ScatterResources {
        pipeline,
        slots,
        uploads: 0,
    });
}

/// How often points were sent to the graphics card; `None` before [`install`].
pub fn uploads(resources: &CallbackResources) -> Option<u64> {
    resources
        .get::<ScatterResources>()
        .map(|resources| resources.uploads)
}

impl CallbackTrait for Scatter {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        // Not installed when the window draws without wgpu: then there is no scatter either.
        let Some(resources) = resources.get_mut::<ScatterResources>() else {
            return Vec::new();
        };
        let Some(slot) = resources.slots.get_mut(self.slot) else {
            return Vec::new();
        };
        let known = slot.uploaded.as_ref().is_some_and(|uploaded| {
            Arc::ptr_eq(&uploaded.points, &self.points)
                && uploaded.tokens.labels == self.tokens.labels
        });
        if !known {
            let instance = |point| PointInstance::of(self.tokens, point);
            let instances: Vec<PointInstance> = self.points.iter().map(instance).collect();
            let bytes: &[u8] = bytemuck::cast_slice(&instances);
            let buffer = device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("scatter points"),
                // An empty buffer cannot be bound.
                size: (bytes.len() as u64).max(size_of::<PointInstance>() as u64),
                usage: wgpu::BufferUsages::VERTEX | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            if !bytes.is_empty() {
                queue.write_buffer(&buffer, 0, bytes);
            }
            resources.uploads += 1;
            slot.uploaded = Some(Uploaded {
                points: Arc::clone(&self.points),
                tokens: self.tokens,
                buffer,
            });
        }
        let pixels_per_point = screen.pixels_per_point;
        let pixel = [
            2.0 / (self.rect.width() * pixels_per_point).max(1.0),
            2.0 / (self.rect.height() * pixels_per_point).max(1.0),
        ];
        let unit = self.camera.points_per_unit(self.rect) * pixels_per_point;
        let radius = self.radius * pixels_per_point;
        let uniform = CameraUniform {
            centre: self.camera.centre,
            scale: pixel.map(|pixel| pixel * unit),
            pixel,
            radius,
            emphasised_radius: radius * 1.7 + pixels_per_point,
            ring: self.ring.to_array().map(|byte| f32::from(byte) / 255.0),
            rim: self.rim.to_array().map(|byte| f32::from(byte) / 255.0),
        };
        queue.write_buffer(&slot.camera, 0, bytemuck::bytes_of(&uniform));
        Vec::new()
    }

    fn paint(
        &self,
        _info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        let Some(resources) = resources.get::<ScatterResources>() else {
            return;
        };
        let Some(slot) = resources.slots.get(self.slot) else {
            return;
        };
        let Some(uploaded) = &slot.uploaded else {
            return;
        };
        pass.set_pipeline(&resources.pipeline);
        pass.set_bind_group(0, &slot.bind_group, &[]);
        pass.set_vertex_buffer(0, uploaded.buffer.slice(..));
        pass.draw(0..4, 0..uploaded.points.len() as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shader_compiles() {
        let module = naga::front::wgsl::parse_str(SHADER).unwrap();
        naga::valid::Validator::new(
            naga::valid::ValidationFlags::all(),
            naga::valid::Capabilities::empty(),
        )
        .validate(&module)
        .unwrap();
        let entries: Vec<&str> = module
            .entry_points
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(entries, ["vertex", "fragment_gamma", "fragment_linear"]);
    }

    #[test]
    fn a_point_takes_twelve_bytes() {
        assert_eq!(size_of::<PointInstance>(), 12);
        assert_eq!(size_of::<CameraUniform>() % 16, 0);
    }
}
