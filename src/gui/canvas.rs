//! Draws what egui draws into a picture instead of onto a screen. Works without a display; a software graphics driver is
//! enough.

use std::{
    io::Cursor,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use eframe::{
    egui::{self, Pos2, Rect, Vec2},
    egui_wgpu::{self, RenderState, RendererOptions, ScreenDescriptor, wgpu},
};

use mynascope_base::storage::{self, StorageError};

use super::paint;

/// Why no picture could be made.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Nothing that could draw.
    #[error(
        "no graphics driver was found to draw with ({why}); install one, for example the software driver in the \
         package mesa-vulkan-drivers"
    )]
    NoAdapter {
        /// What the graphics library said.
        why: String,
    },
    /// The driver refused something.
    #[error("the graphics driver could not draw the picture: {why}")]
    Graphics {
        /// What the driver said.
        why: String,
    },
    /// The window's threads could not be started.
    #[error(
        "the window's background work could not be started ({0}); close other programs and try again"
    )]
    Threads(#[from] std::io::Error),
    /// Work did not end in time.
    #[error("the window was still at work after {} s ({doing}); try again with fewer or shorter tracks", .waited.as_secs())]
    Slow {
        /// How long was waited.
        waited: Duration,
        /// What was going on.
        doing: String,
    },
    /// The track to show cannot be shown.
    #[error("{why}")]
    Track {
        /// Why not.
        why: String,
    },
}

/// A surface without a screen.
pub struct Canvas {
    ctx: egui::Context,
    state: RenderState,
    size: [u32; 2],
    /// The clock that animations go by: the same in every run.
    time_secs: f64,
    /// What the graphics driver complained about.
    complaint: Arc<Mutex<Option<String>>>,
}

/// Time between two frames. Longer than any animation, so that none is caught half way.
const FRAME_STEP_SECS: f64 = 0.5;

impl Canvas {
    /// A canvas of so many pixels, with the shaders of [`paint`].
    ///
    /// # Errors
    /// A [`PictureError`] if there is no graphics driver, or if it refuses something.
    pub fn new(size: [u32; 2]) -> Result<Self, PictureError> {
        let state = render_state()?;
        paint::install(&state);
        let complaint = Arc::new(Mutex::new(None));
        let told = Arc::clone(&complaint);
        state
            .device
            .on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                told.get_or_insert(error.to_string());
            }));
        Ok(Self {
            ctx: egui::Context::default(),
            state,
            size,
            time_secs: 0.0,
            complaint,
        })
    }

    /// Holds fonts, theme and scale of what is drawn.
    pub fn ctx(&self) -> &egui::Context {
        &self.ctx
    }

    /// What draws, as its driver calls it.
    pub fn adapter(&self) -> String {
        self.state.adapter.get_info().name
    }

    /// Asks what the shaders of [`paint`] keep on the graphics card.
    pub fn resources<T>(&self, ask: impl FnOnce(&egui_wgpu::CallbackResources) -> T) -> T {
        ask(&self.state.renderer.read().callback_resources)
    }

    /// One frame without a pointer or keys.
    pub fn frame(&mut self, draw: impl FnMut(&mut egui::Ui)) -> egui::FullOutput {
        self.time_secs += FRAME_STEP_SECS;
        // A change of scale takes effect with the next frame, which is why several are drawn.
        let scale = self.ctx.zoom_factor();
        let [width, height] = self.size.map(|side| side as f32 / scale);
        let input = egui::RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, Vec2::new(width, height))),
            time: Some(self.time_secs),
            focused: true,
            max_texture_side: Some(MAX_TEXTURE_SIDE),
            ..Default::default()
        };
        let output = self.ctx.run_ui(input, draw);
        let mut renderer = self.state.renderer.write();
        for (id, delta) in &output.textures_delta.set {
            renderer.update_texture(&self.state.device, &self.state.queue, *id, delta);
        }
        output
    }

    /// The pixels of a frame.
    ///
    /// # Errors
    /// A [`PictureError`] if there is no graphics driver, or if it refuses something.
    pub fn image(&mut self, output: egui::FullOutput) -> Result<image::RgbaImage, PictureError> {
        let texture = self.submit(output)?;
        let image = self.read(&texture)?;
        let complaint = self
            .complaint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match complaint {
            Some(why) => Err(PictureError::Graphics { why }),
            None => Ok(image),
        }
    }

    /// Draws a frame and waits until the graphics driver is done with it; nothing is read back.
    ///
    /// # Errors
    /// A [`PictureError`] if there is no graphics driver, or if it refuses something.
    pub fn finish(&mut self, output: egui::FullOutput) -> Result<(), PictureError> {
        self.submit(output)?;
        let done = self.state.device.poll(wgpu::PollType::wait_indefinitely());
        done.map(drop).map_err(|error| PictureError::Graphics {
            why: error.to_string(),
        })
    }

    /// Hands a frame to the graphics driver, into a texture of its own.
    fn submit(&mut self, output: egui::FullOutput) -> Result<wgpu::Texture, PictureError> {
        let (device, queue) = (&self.state.device, &self.state.queue);
        let screen = ScreenDescriptor {
            size_in_pixels: self.size,
            pixels_per_point: output.pixels_per_point,
        };
        let triangles = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let [width, height] = self.size;
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("picture"),
            size: wgpu::Extent3d {
                width,
                height,
                depth_or_array_layers: 1,
            },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: self.state.target_format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut renderer = self.state.renderer.write();
        let mut commands =
            renderer.update_buffers(device, queue, &mut encoder, &triangles, &screen);
        {
            let mut pass = encoder
                .begin_render_pass(&wgpu::RenderPassDescriptor {
                    label: Some("picture"),
                    color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                        view: &view,
                        resolve_target: None,
                        ops: wgpu::Operations {
                            load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                            store: wgpu::StoreOp::Store,
                        },
                        depth_slice: None,
                    })],
                    ..Default::default()
                })
                .forget_lifetime();
            renderer.render(&mut pass, &triangles, &screen);
        }
        drop(renderer);
        commands.push(encoder.finish());
        queue.submit(commands);
        Ok(texture)
    }

    /// Copies a texture back from the graphics card.
    fn read(&self, texture: &wgpu::Texture) -> Result<image::RgbaImage, PictureError> {
        let graphics = |why: String| PictureError::Graphics { why };
        let (device, queue) = (&self.state.device, &self.state.queue);
        let [width, height] = self.size;
        // Rows in a buffer begin at multiples of 256 bytes.
        let row_bytes = (4 * width).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("picture"),
            size: u64::from(row_bytes) * u64::from(height),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_texture_to_buffer(
            texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &buffer,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(row_bytes),
                    rows_per_image: None,
                },
            },
            texture.size(),
        );
        queue.submit([encoder.finish()]);
        let (send, receive) = crossbeam_channel::bounded(1);
        buffer
            .slice(..)
            .map_async(wgpu::MapMode::Read, move |result| {
                // Nobody listens any more when the picture was given up.
                let _ = send.send(result);
            });
        device
            .poll(wgpu::PollType::wait_indefinitely())
            .map_err(|error| graphics(error.to_string()))?;
        receive
            .recv()
            .map_err(|error| graphics(error.to_string()))?
            .map_err(|error| graphics(error.to_string()))?;
        let mapped = buffer.slice(..).get_mapped_range();
        let swap = matches!(
            self.state.target_format,
            wgpu::TextureFormat::Bgra8Unorm | wgpu::TextureFormat::Bgra8UnormSrgb
        );
        let mut pixels = Vec::with_capacity(4 * width as usize * height as usize);
        for row in mapped.chunks_exact(row_bytes as usize) {
            for pixel in row.chunks_exact(4).take(width as usize) {
                let [a, green, b] = [pixel.first(), pixel.get(1), pixel.get(2)]
                    .map(|byte| byte.copied().unwrap_or_default());
                let (red, blue) = if swap { (b, a) } else { (a, b) };
                // The window is opaque, whatever blending left in the alpha channel.
                pixels.extend([red, green, blue, u8::MAX]);
            }
        }
        image::RgbaImage::from_raw(width, height, pixels)
            .ok_or_else(|| graphics("it gave back too few pixels".to_owned()))
    }
}

/// Writes a picture as a PNG file.
///
/// # Errors
/// If the file cannot be written; an old one is untouched.
pub fn save_png(image: &image::RgbaImage, path: &Path) -> Result<(), StorageError> {
    let mut png = Cursor::new(Vec::new());
    let packed = image.write_to(&mut png, image::ImageFormat::Png);
    storage::write_atomic(path, |file| {
        packed.map_err(std::io::Error::other)?;
        std::io::Write::write_all(file, png.get_ref())
    })
}

/// What every driver can do, and what the window asks of its own.
const MAX_TEXTURE_SIDE: usize = 8192;

fn render_state() -> Result<RenderState, PictureError> {
    let setup = egui_wgpu::WgpuSetup::without_display_handle();
    let instance = pollster::block_on(setup.new_instance());
    let config = egui_wgpu::WgpuConfiguration {
        wgpu_setup: setup,
        ..Default::default()
    };
    let options = RendererOptions::PREDICTABLE;
    pollster::block_on(RenderState::create(&config, &instance, None, options)).map_err(|error| {
        PictureError::NoAdapter {
            why: error.to_string(),
        }
    })
}
