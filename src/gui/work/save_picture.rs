//! Saving the picture with its axes as PNG, drawn once more without the window around it.

use std::path::PathBuf;

use image::RgbaImage;

use crate::gui::{
    canvas::{Canvas, save_png},
    jobs::{NoThread, spawn_once},
    message::{Message, Outbox},
    model::Model,
    offscreen::PictureError,
    panels::spectrogram,
    theme,
    work::ask_file::Question,
};

/// A picture as it is shown at one moment.
pub struct Still {
    /// Only what the picture is drawn from.
    model: Model,
    title: String,
}

/// Frames until fonts and scale have taken effect.
const CALM_FRAMES: usize = 3;
/// No side has more pixels: what every driver can draw on.
const MOST_PIXELS: f32 = 8192.0;

impl Still {
    /// What the window shows now; `None` where no track is shown.
    pub fn of(model: &Model) -> Option<Self> {
        model.spectrogram.picture()?;
        let track = model.library.selected_track();
        let title = track.map_or_else(String::new, |track| match &track.label {
            Some(label) => format!("{} \u{b7} {label}", track.title),
            None => track.title.clone(),
        });
        let model = Model {
            settings: model.settings.clone(),
            // Some layouts mark the crops on the picture.
            layout: model.layout,
            spectrogram: model.spectrogram.clone(),
            mask: model.mask.clone(),
            transport: model.transport.clone(),
            ..Model::default()
        };
        Some(Self { model, title })
    }

    /// The name that is offered for its file.
    pub fn file_name(&self) -> String {
        let plain: String = self
            .title
            .chars()
            .map(|c| {
                if "/\\:*?\"<>|\u{b7}".contains(c) {
                    '-'
                } else {
                    c
                }
            })
            .collect();
        format!("{plain} - spectrogram.png")
    }

    /// Draws it.
    ///
    /// # Errors
    /// A [`PictureError`] if there is no graphics driver, or if it refuses something.
    pub fn draw(&self) -> Result<RgbaImage, PictureError> {
        let shown = self.model.spectrogram.shown_at;
        let scale = shown.pixels_per_point.clamp(0.5, 4.0);
        let points = spectrogram::still_size(shown.size);
        let size = points.map(|side| (side * scale).round().clamp(1.0, MOST_PIXELS) as u32);
        let mut canvas = Canvas::new(size)?;
        theme::install(canvas.ctx(), self.model.settings.theme);
        canvas.ctx().set_zoom_factor(scale);
        let mut draw = |ui: &mut eframe::egui::Ui| spectrogram::still(ui, &self.model, &self.title);
        for _ in 0..CALM_FRAMES {
            canvas.frame(&mut draw);
        }
        let output = canvas.frame(&mut draw);
        canvas.image(output)
    }
}

/// Asks where to, draws and saves; the outcome comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn ask_and_save(still: Still, outbox: &Outbox) -> Result<(), NoThread> {
    let work = move |outbox: &Outbox| {
        let question =
            Question::new_file("Save the picture", still.file_name()).filter("PNG", &["png"]);
        let saved = match question.wait_or_save_in("pictures") {
            Ok(Some(place)) => save(&still, place.into_path()),
            Ok(None) => return,
            Err(why) => Err(why),
        };
        outbox.send(Message::Saved(saved));
    };
    spawn_once("save-picture", outbox, work, |fault| {
        format!(
            "The picture could not be saved ({fault}); try again, or take it with `mynascope picture`"
        )
    })
}

fn save(still: &Still, path: PathBuf) -> Result<PathBuf, String> {
    let image = still.draw().map_err(|error| error.to_string())?;
    if let Some(folder) = path.parent() {
        // A folder that cannot be made is told by the writing.
        let _ = std::fs::create_dir_all(folder);
    }
    save_png(&image, &path).map_err(|error| error.to_string())?;
    Ok(path)
}
