//! The same window, drawn into pictures instead of onto a screen. Works without a display; a software graphics driver
//! is enough.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use eframe::{
    egui::{self, Pos2, Rect, Vec2},
    egui_wgpu::{self, RenderState, RendererOptions, ScreenDescriptor, wgpu},
};

use crate::{
    encoder::CheckpointRef,
    storage::{Settings, Theme},
    tokens::{MaskKind, MaskRatio, PatchShape},
};

use super::{
    app::{App, Start},
    command::{Command, LibraryCommand, MaskCommand, PictureCommand, SoundCommand, WindowCommand},
    layout::Layout,
    model::{EncoderSource, MapCommand, Model, PictureState, ProbeCommand, TrainCommand},
    paint,
};

/// Why no picture could be made.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Nothing that could draw.
    #[error(
        "no graphics driver was found to draw with ({why}); install one, for example the software driver in the \
         package mesa-vulkan-drivers"
    )]
    NoAdapter { why: String },
    /// The driver refused something.
    #[error("the graphics driver could not draw the picture: {why}")]
    Graphics { why: String },
    /// The window's threads could not be started.
    #[error(
        "the window's background work could not be started ({0}); close other programs and try again"
    )]
    Threads(#[from] std::io::Error),
    /// Work did not end in time.
    #[error("the window was still at work after {} s ({doing}); try again with fewer or shorter tracks", .waited.as_secs())]
    Slow { waited: Duration, doing: String },
    /// The track to show cannot be shown.
    #[error("{why}")]
    Track { why: String },
}

/// One picture of the window.
#[derive(Debug, Clone)]
pub struct PictureRequest {
    pub layout: Layout,
    /// Width and height in pixels.
    pub size: [u32; 2],
    pub theme: Theme,
    /// The collection; none is the demo collection.
    pub paths: Vec<PathBuf>,
    /// The track to show; by default the first of the collection.
    pub track: Option<PathBuf>,
    pub mask: MaskRequest,
    /// The encoder of map and probe.
    pub checkpoint: CheckpointRef,
    /// The run that the train layout shows.
    pub run: Option<PathBuf>,
    /// Seconds into the track at which the picture begins; by default the whole track is shown.
    pub start_secs: Option<f64>,
    /// Seconds that are visible from there on.
    pub span_secs: f64,
    /// How long background work may take.
    pub patience: Duration,
}

/// The mask over a picture.
#[derive(Debug, Clone, Copy)]
pub struct MaskRequest {
    pub kind: MaskKind,
    pub shape: PatchShape,
    pub ratio: MaskRatio,
    pub seed: u64,
    pub shown: bool,
}

impl Default for MaskRequest {
    fn default() -> Self {
        let mask = super::model::Mask::default();
        Self {
            kind: mask.kind,
            shape: mask.shape,
            ratio: mask.ratio,
            seed: mask.seed,
            shown: mask.shown,
        }
    }
}

impl Default for PictureRequest {
    fn default() -> Self {
        Self {
            layout: Layout::Listen,
            size: [1280, 800],
            theme: Theme::Dark,
            paths: Vec::new(),
            track: None,
            mask: MaskRequest::default(),
            checkpoint: CheckpointRef::Shipped,
            run: None,
            start_secs: None,
            // Four windows.
            span_secs: 4.0 * super::model::WINDOW_SECS,
            patience: Duration::from_secs(120),
        }
    }
}

/// Draws one picture of the window, once its background work is done. The same request gives the same picture.
pub fn picture(request: &PictureRequest) -> Result<image::RgbaImage, PictureError> {
    let mut window = Offscreen::open(request.size, request.theme, request.paths.clone())?;
    window.settle(request.patience)?;
    window.show(request)
}

/// A window without a screen. Commands act as if a user had given them.
pub struct Offscreen {
    app: App,
    ctx: egui::Context,
    state: RenderState,
    size: [u32; 2],
    /// The clock that animations go by: the same in every run.
    time_secs: f64,
    /// What the graphics driver complained about.
    complaint: Arc<Mutex<Option<String>>>,
}

/// How long a frame took.
#[derive(Debug, Clone, Copy)]
pub struct FrameTimes {
    /// The window's own work: messages, layout, what to draw.
    pub own: Duration,
    /// With the drawing, until the graphics driver was done.
    pub drawn: Duration,
}

/// Time between two frames. Longer than any animation, so that none is caught half way.
const FRAME_STEP_SECS: f64 = 0.5;
/// Frames until a change has reached every panel: sizes of scroll areas and tiles follow a frame later.
const CALM_FRAMES: usize = 4;
/// Between two looks at background work.
const LOOK_EVERY: Duration = Duration::from_millis(10);

impl Offscreen {
    /// Opens files and folders, or the demo collection. No sound is made and no settings are written.
    pub fn open(size: [u32; 2], theme: Theme, paths: Vec<PathBuf>) -> Result<Self, PictureError> {
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
        let ctx = egui::Context::default();
        let app = App::new(
            &ctx,
            Start {
                paths,
                settings: Settings {
                    theme,
                    ..Settings::default()
                },
                complaint: None,
                sound: false,
                remember: false,
            },
        )?;
        Ok(Self {
            app,
            ctx,
            state,
            size,
            time_secs: 0.0,
            complaint,
        })
    }

    /// What the window shows.
    pub fn model(&self) -> &Model {
        self.app.model()
    }

    /// Carries out a command.
    pub fn apply(&mut self, command: Command) {
        self.app.apply(command);
    }

    /// Draws what a request asks for in this window, of whatever size, theme and collection it is.
    pub fn show(&mut self, request: &PictureRequest) -> Result<image::RgbaImage, PictureError> {
        if let Some(track) = &request.track {
            self.select(track)?;
        }
        let mask = request.mask;
        for command in [
            Command::Window(WindowCommand::ShowLayout(request.layout)),
            Command::Mask(MaskCommand::SetMaskKind(mask.kind)),
            Command::Mask(MaskCommand::SetPatchShape(mask.shape)),
            Command::Mask(MaskCommand::SetRatio(mask.ratio)),
            Command::Mask(MaskCommand::SetSeed(mask.seed)),
            Command::Mask(MaskCommand::ShowMask(mask.shown)),
        ] {
            self.apply(command);
        }
        match request.layout {
            Layout::Map | Layout::Probe => {
                self.apply(Command::Map(MapCommand::SetSource(EncoderSource {
                    checkpoint: request.checkpoint.clone(),
                    ..EncoderSource::default()
                })));
                self.apply(match request.layout {
                    Layout::Map => Command::Map(MapCommand::Compute),
                    _ => Command::Probe(ProbeCommand::Run),
                });
            }
            Layout::Train => {
                if let Some(run) = &request.run {
                    self.apply(Command::Train(TrainCommand::ShowRun(run.clone())));
                }
            }
            Layout::Listen | Layout::Teach => {}
        }
        self.settle(request.patience)?;
        if let Some(start_secs) = request.start_secs {
            self.apply(Command::Picture(PictureCommand::ShowTime {
                start_secs,
                span_secs: request.span_secs,
            }));
            self.apply(Command::Sound(SoundCommand::Seek(start_secs)));
        }
        if let PictureState::Failed(why) = &self.model().spectrogram.state {
            return Err(PictureError::Track { why: why.clone() });
        }
        self.picture()
    }

    /// Shows a track of the collection.
    pub fn select(&mut self, path: &std::path::Path) -> Result<(), PictureError> {
        let library = &self.model().library;
        let index = (0..library.track_count())
            .find(|&index| library.track(index).is_some_and(|track| track.path == path))
            .ok_or_else(|| PictureError::Track {
                why: format!(
                    "this track is not in the collection that is shown; add it to the paths: {}",
                    path.display()
                ),
            })?;
        self.apply(Command::Library(LibraryCommand::Select(index)));
        Ok(())
    }

    /// Waits until all background work is done. Nothing is drawn meanwhile: how often progress was told must not
    /// leave traces in the next picture, not even in the order of letters in the font's texture.
    pub fn settle(&mut self, patience: Duration) -> Result<(), PictureError> {
        let begin = Instant::now();
        loop {
            // What messages bring may start further work.
            self.app.before_frame(&self.ctx);
            if !self.app.is_busy() {
                return Ok(());
            }
            if begin.elapsed() > patience {
                let doing = match &self.model().library.opening {
                    Some(progress) => progress.what.clone(),
                    None => "decoding or computing".to_owned(),
                };
                return Err(PictureError::Slow {
                    waited: begin.elapsed(),
                    doing,
                });
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Takes in what background work sent; whether the shown track has a picture, if only of its beginning.
    pub fn step_to_picture(&mut self) -> Result<bool, PictureError> {
        self.app.before_frame(&self.ctx);
        Ok(self.model().spectrogram.picture().is_some())
    }

    /// Draws a frame and waits until the graphics driver is done with it; nothing is read back.
    pub fn time_frame(&mut self) -> Result<FrameTimes, PictureError> {
        let start = Instant::now();
        let output = self.frame();
        let own = start.elapsed();
        self.submit(output)?;
        self.state
            .device
            .poll(wgpu::PollType::wait_indefinitely())
            .map_err(|error| PictureError::Graphics {
                why: error.to_string(),
            })?;
        Ok(FrameTimes {
            own,
            drawn: start.elapsed(),
        })
    }

    /// What draws, as its driver calls it.
    pub fn adapter(&self) -> String {
        self.state.adapter.get_info().name
    }

    /// Draws the window as it is now.
    pub fn picture(&mut self) -> Result<image::RgbaImage, PictureError> {
        for _ in 0..CALM_FRAMES {
            self.frame();
        }
        let output = self.frame();
        let image = self.render(output)?;
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

    /// One frame without a pointer or keys.
    fn frame(&mut self) -> egui::FullOutput {
        self.time_secs += FRAME_STEP_SECS;
        let [width, height] = self.size.map(|side| side as f32);
        let input = egui::RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, Vec2::new(width, height))),
            time: Some(self.time_secs),
            focused: true,
            max_texture_side: Some(MAX_TEXTURE_SIDE),
            ..Default::default()
        };
        self.app.before_frame(&self.ctx);
        let output = self.ctx.run_ui(input, |ui| self.app.draw(ui));
        let mut renderer = self.state.renderer.write();
        for (id, delta) in &output.textures_delta.set {
            renderer.update_texture(&self.state.device, &self.state.queue, *id, delta);
        }
        output
    }

    fn render(&mut self, output: egui::FullOutput) -> Result<image::RgbaImage, PictureError> {
        let texture = self.submit(output)?;
        self.read(&texture)
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
