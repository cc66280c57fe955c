//! The same window, drawn into pictures instead of onto a screen. Works without a display; a software graphics driver
//! is enough.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use eframe::egui;

use mynascope_audio::{Auditions, Caveats, Channel, Player};
use mynascope_base::storage::{Settings, Theme};
use mynascope_collection::Collection;
use mynascope_encoder::{CheckpointRef, DeviceChoice, Patchout};
use mynascope_probe::ProbeSettings;
use mynascope_spectrum::tokens::{MaskKind, MaskRatio, PatchShape};

use super::{
    app::{App, Start},
    canvas::{Canvas, PictureError},
    command::{
        Command, EncoderCommand, LibraryCommand, MapCommand, PictureCommand, ProbeCommand,
        SoundCommand, TeachCommand, TrainCommand, WindowCommand,
    },
    logic::panel_command,
    model::{
        AppState, Colouring, EncoderSource, MapForm, PictureForm, PictureState, Publishing,
        Severity, TeachForm,
    },
    sheets::PanelPicture,
    workspace::Workspace,
};

/// One picture of the window.
#[derive(Debug, Clone)]
pub struct PictureRequest {
    /// The layout to draw.
    pub layout: Workspace,
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// Its colours.
    pub theme: Theme,
    /// The collection; none is the demo collection.
    pub paths: Vec<PathBuf>,
    /// The track to show; by default the first of the collection.
    pub track: Option<PathBuf>,
    /// The mask over the spectrogram.
    pub mask: MaskRequest,
    /// How the spectrogram is drawn.
    pub picture: PictureForm,
    /// How the map is laid out.
    pub map: MapForm,
    /// What its colours stand for.
    pub colouring: Colouring,
    /// What the probe is asked to do.
    pub probe: ProbeSettings,
    /// What is set of the batch in Teach.
    pub teach: TeachForm,
    /// The encoder of map and probe.
    pub checkpoint: CheckpointRef,
    /// Its attention heads, where the file doesn't say.
    pub heads: Option<usize>,
    /// Which channel of a file the picture and the embeddings are made of.
    pub channel: Channel,
    /// Where embeddings are computed.
    pub device: DeviceChoice,
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
    /// The kind of mask.
    pub kind: MaskKind,
    /// The patch shape.
    pub shape: PatchShape,
    /// The share of tokens that are dropped.
    pub ratio: MaskRatio,
    /// The seed of crops and masks.
    pub seed: u64,
    /// Whether it is drawn; `None`: in the layout Teach alone.
    pub shown: Option<bool>,
    /// Which columns and rows of patches are left out, of an encoder that is no Myna; `None` masks it by kind and ratio.
    pub patchout: Option<Patchout>,
}

impl Default for MaskRequest {
    fn default() -> Self {
        let mask = super::model::MaskForm::default();
        Self {
            kind: mask.kind,
            shape: mask.shape,
            ratio: mask.ratio,
            seed: mask.seed,
            shown: None,
            patchout: Some(TeachForm::default().patchout),
        }
    }
}

impl Default for PictureRequest {
    fn default() -> Self {
        Self {
            layout: Workspace::Listen,
            size: [1280, 800],
            theme: Theme::Dark,
            paths: Vec::new(),
            track: None,
            mask: MaskRequest::default(),
            picture: PictureForm::default(),
            map: MapForm::default(),
            colouring: Colouring::default(),
            probe: ProbeSettings::default(),
            teach: TeachForm::default(),
            checkpoint: CheckpointRef::Shipped,
            heads: None,
            channel: Channel::default(),
            device: DeviceChoice::Auto,
            run: None,
            start_secs: None,
            // Four windows.
            span_secs: 4.0 * super::model::WINDOW_SECS,
            patience: Duration::from_secs(120),
        }
    }
}

/// A picture of the window, and what is worth telling of the track in it.
#[derive(Debug, Clone)]
pub struct WindowPicture {
    /// What is drawn.
    pub image: image::RgbaImage,
    /// The track that is shown, if it was decoded in part or its channels cancel.
    pub caveats: Option<(PathBuf, Caveats)>,
    /// The tracks of the library with what is known of them.
    pub collection: Option<Arc<Collection>>,
}

/// Saves a picture of one panel, once the window's background work is done: the file that the window saves of it.
///
/// # Errors
/// As [`picture`], and if the file cannot be written.
pub fn save_panel(
    request: &PictureRequest,
    publishing: &Publishing,
    path: &Path,
) -> Result<WindowPicture, PictureError> {
    let (window, image) = shown(request)?;
    let panel = publishing.panel;
    let failed = |why: String| PictureError::Track { why };
    let model = window.app.model();
    let sheet = PanelPicture::of(model, *publishing).ok_or_else(|| {
        let layout = request.layout.name().to_lowercase();
        failed(format!(
            "the layout {layout} shows no {panel} of this; leave out --layout, or for curves name a run by --run"
        ))
    })?;
    let command = panel_command(model, publishing).to_line();
    sheet.save(&command, path).map_err(failed)?;
    Ok(window.into_picture(image))
}

/// A window that shows what a request asks for, and its picture.
fn shown(request: &PictureRequest) -> Result<(Offscreen, image::RgbaImage), PictureError> {
    let settings = Settings {
        theme: request.theme,
        channel: request.channel.to_string(),
        device: request.device.to_string(),
        ..Settings::default()
    };
    let mut window = Offscreen::open_with(request.size, settings, request.paths.clone())?;
    window.settle(request.patience)?;
    let image = window.show(request)?;
    match window.failure(request.layout) {
        Some(why) => Err(PictureError::Track { why }),
        None => Ok((window, image)),
    }
}

/// Draws one picture of the window, once its background work is done. The same request gives the same picture.
///
/// # Errors
/// A [`PictureError`] if there is no graphics driver, if it refuses something, if the track cannot be shown, or if
/// background work does not end in time.
pub fn picture(request: &PictureRequest) -> Result<WindowPicture, PictureError> {
    let (window, image) = shown(request)?;
    Ok(window.into_picture(image))
}

/// A window without a screen. Commands act as if a user had given them.
pub struct Offscreen {
    app: App,
    canvas: Canvas,
}

/// How long a frame took.
#[derive(Debug, Clone, Copy)]
pub struct FrameTimes {
    /// The window's own work: messages, layout, what to draw.
    pub own: Duration,
    /// With the drawing, until the graphics driver was done.
    pub drawn: Duration,
}

/// Frames until a change has reached every panel: sizes of scroll areas and tiles follow a frame later.
const CALM_FRAMES: usize = 4;
/// How long fonts are looked for at most.
const FONTS_WITHIN: Duration = Duration::from_secs(30);
/// How long the picture of the sound is waited for at most: that of an hour is decoded once more.
const SOUND_WITHIN: Duration = Duration::from_secs(120);
/// How long answers to what is drawn are waited for at most.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);
/// Between two looks at background work.
const LOOK_EVERY: Duration = Duration::from_millis(10);

impl Offscreen {
    /// What the window shows, and what is worth telling of it.
    fn into_picture(self, image: image::RgbaImage) -> WindowPicture {
        let model = self.model();
        let caveats = match &model.spectrogram.state {
            PictureState::Ready { path, picture } => Some((path.clone(), picture.caveats)),
            _ => None,
        };
        WindowPicture {
            image,
            caveats: caveats.filter(|(_, caveats)| *caveats != Caveats::default()),
            collection: model.library.collection.clone(),
        }
    }

    /// Opens files and folders, or the demo collection. No sound is made and no settings are written.
    ///
    /// # Errors
    /// A [`PictureError`] if there is no graphics driver, if it refuses something, if the track cannot be shown, or
    /// if background work does not end in time.
    pub fn open(size: [u32; 2], theme: Theme, paths: Vec<PathBuf>) -> Result<Self, PictureError> {
        let settings = Settings {
            theme,
            ..Settings::default()
        };
        Self::open_with(size, settings, paths)
    }

    /// As [`Self::open`], with all settings.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        size: [u32; 2],
        settings: Settings,
        paths: Vec<PathBuf>,
    ) -> Result<Self, PictureError> {
        let canvas = Canvas::new(size)?;
        let app = App::new(
            canvas.ctx(),
            Start {
                paths,
                settings,
                complaint: None,
                sound: false,
                remember: false,
            },
        )?;
        Ok(Self { app, canvas })
    }

    /// Lets the window play on an output that takes sound in real time and gives it to nobody; returns what tells when
    /// points of a map are heard.
    ///
    /// # Errors
    /// A [`PictureError`] if there is no graphics driver, if it refuses something, if the track cannot be shown, or
    /// if background work does not end in time.
    pub fn play_silently(&mut self) -> Result<Auditions, PictureError> {
        let player = Player::start_silent();
        let auditions = player.auditions();
        self.app.play_on(player)?;
        Ok(auditions)
    }

    /// What the window shows.
    pub fn model(&self) -> &AppState {
        self.app.model()
    }

    /// Carries out a command.
    pub fn apply(&mut self, command: Command) {
        self.app.apply(command);
    }

    /// Draws what a request asks for in this window, of whatever size, theme and collection it is.
    ///
    /// # Errors
    /// A [`PictureError`] if there is no graphics driver, if it refuses something, if the track cannot be shown, or
    /// if background work does not end in time.
    pub fn show(&mut self, request: &PictureRequest) -> Result<image::RgbaImage, PictureError> {
        // What passes by itself would stand in the picture's corner.
        self.apply(Command::Window(WindowCommand::DismissNotes));
        if let Some(track) = &request.track {
            self.select(track)?;
        }
        let mask = request.mask;
        for command in [
            Command::Window(WindowCommand::ShowWorkspace(request.layout)),
            Command::edit_mask(self.model(), |form| {
                form.kind = mask.kind;
                form.shape = mask.shape;
                form.ratio = mask.ratio;
                form.seed = mask.seed;
                form.shown = mask.shown.unwrap_or(request.layout == Workspace::Teach);
                form.patchout = mask.patchout.is_some();
            }),
            Command::Picture(PictureCommand::Edit(request.picture)),
            Command::Teach(TeachCommand::Edit(TeachForm {
                patchout: mask.patchout.unwrap_or_default(),
                ..request.teach
            })),
        ] {
            self.apply(command);
        }
        match request.layout {
            Workspace::Map | Workspace::Probe => {
                self.use_encoder(request);
                for command in match request.layout {
                    Workspace::Map => [
                        Command::Map(MapCommand::Edit(request.map)),
                        Command::Map(MapCommand::Compute),
                    ],
                    _ => [
                        Command::Probe(ProbeCommand::Edit(request.probe)),
                        Command::Probe(ProbeCommand::Run),
                    ],
                } {
                    self.apply(command);
                }
            }
            Workspace::Train => {
                if let Some(run) = &request.run {
                    if let Some(runs) = run.parent() {
                        let runs = runs.to_path_buf();
                        self.apply(Command::Train(TrainCommand::KeepRunsIn(runs)));
                    }
                    self.apply(Command::Train(TrainCommand::ShowRun(run.clone())));
                }
            }
            Workspace::Teach | Workspace::Listen => self.use_encoder(request),
        }
        self.settle(request.patience)?;
        if request.colouring != self.model().mapping.colouring {
            let colouring = request.colouring.clone();
            self.apply(Command::Map(MapCommand::SetColouring(colouring)));
        }
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

    /// Why the layout does not show what was asked for: what the window says in red.
    fn failure(&self, layout: Workspace) -> Option<String> {
        let model = self.model();
        let mut notices = model.notices.all();
        let notice = notices.find(|notice| notice.severity == Severity::Error);
        let of_layout = match layout {
            Workspace::Map => model.mapping.error.clone(),
            Workspace::Probe => model.probing.error.clone(),
            Workspace::Teach => {
                let teaching = &model.teaching;
                teaching
                    .views
                    .error
                    .clone()
                    .or(teaching.patchout.error.clone())
            }
            Workspace::Listen | Workspace::Train => None,
        };
        notice.map(|notice| notice.text.clone()).or(of_layout)
    }

    /// Takes the encoder that was asked for.
    fn use_encoder(&mut self, request: &PictureRequest) {
        let source = &self.model().embeddings.source;
        let source = EncoderSource {
            heads: request.heads,
            ..source.with_checkpoint(request.checkpoint.clone())
        };
        self.apply(Command::Encoder(EncoderCommand::Use(source)));
    }

    /// Shows a track of the collection.
    ///
    /// # Errors
    /// A [`PictureError`] if there is no graphics driver, if it refuses something, if the track cannot be shown, or
    /// if background work does not end in time.
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
    ///
    /// # Errors
    /// A [`PictureError`] if there is no graphics driver, if it refuses something, if the track cannot be shown, or
    /// if background work does not end in time.
    pub fn settle(&mut self, patience: Duration) -> Result<(), PictureError> {
        let begin = Instant::now();
        loop {
            // What messages bring may start further work.
            self.app.before_frame(self.canvas.ctx());
            if !self.app.is_busy() {
                return Ok(());
            }
            if begin.elapsed() > patience {
                let doing = match self.model().library.opening() {
                    Some(running) => running.progress.what.clone(),
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
    ///
    /// # Errors
    /// A [`PictureError`] if there is no graphics driver, if it refuses something, if the track cannot be shown, or
    /// if background work does not end in time.
    pub fn step_to_picture(&mut self) -> Result<bool, PictureError> {
        self.app.before_frame(self.canvas.ctx());
        Ok(self.model().spectrogram.picture().is_some())
    }

    /// Draws a frame and waits until the graphics driver is done with it; nothing is read back.
    ///
    /// # Errors
    /// A [`PictureError`] if there is no graphics driver, if it refuses something, if the track cannot be shown, or
    /// if background work does not end in time.
    pub fn time_frame(&mut self) -> Result<FrameTimes, PictureError> {
        let start = Instant::now();
        let output = self.frame();
        let own = start.elapsed();
        self.canvas.finish(output)?;
        Ok(FrameTimes {
            own,
            drawn: start.elapsed(),
        })
    }

    /// What draws, as its driver calls it.
    pub fn adapter(&self) -> String {
        self.canvas.adapter()
    }

    /// Draws the window as it is now.
    ///
    /// # Errors
    /// A [`PictureError`] if there is no graphics driver, if it refuses something, if the track cannot be shown, or
    /// if background work does not end in time.
    pub fn picture(&mut self) -> Result<image::RgbaImage, PictureError> {
        for _ in 0..CALM_FRAMES {
            self.frame();
        }
        // What was drawn for the first time may have asked for an answer, and its letters for a font. What goes on for long,
        // as a training does, is not waited for.
        let begin = Instant::now();
        while self.app.looks_for_fonts() && begin.elapsed() < FONTS_WITHIN
            || self.app.draws_sound() && begin.elapsed() < SOUND_WITHIN
            || self.app.is_busy() && begin.elapsed() < ANSWERS_WITHIN
        {
            self.app.before_frame(self.canvas.ctx());
            std::thread::sleep(LOOK_EVERY);
        }
        for _ in 0..CALM_FRAMES {
            self.frame();
        }
        let output = self.frame();
        self.canvas.image(output)
    }

    /// One frame without a pointer or keys.
    fn frame(&mut self) -> egui::FullOutput {
        self.app.before_frame(self.canvas.ctx());
        self.canvas.frame(|ui| self.app.draw(ui))
    }
}
