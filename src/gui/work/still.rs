//! Saving the picture with its axes as PNG, drawn once more without the window around it.

use std::path::PathBuf;

use image::RgbaImage;

use crate::gui::{
    canvas::{Canvas, save_png},
    message::{Message, Outbox},
    model::Model,
    offscreen::PictureError,
    panels::spectrogram,
    theme,
    work::choose::{dialog, unused},
};
use mynascope_base::{jobs, storage::Folders};

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
pub fn ask_and_save(still: Still, outbox: &Outbox) -> std::io::Result<()> {
    let (done, failed) = (outbox.clone(), outbox.clone());
    let job = jobs::spawn(
        "save-picture",
        move |_| {
            let chosen = dialog(|| {
                rfd::FileDialog::new()
                    .set_title("Save the picture")
                    .add_filter("PNG", &["png"])
                    .set_file_name(still.file_name())
                    .save_file()
            });
            let path = match chosen {
                Ok(Some(path)) => path,
                Ok(None) => return,
                // Without a dialog the picture goes where its maker's other files are.
                Err(_) => match Folders::of_user() {
                    Ok(folders) => unused(&folders.data.join("pictures").join(still.file_name())),
                    Err(error) => return done.send(Message::Saved(Err(error.to_string()))),
                },
            };
            done.send(Message::Saved(save(&still, path)));
        },
        move |fault| {
            failed.send(Message::Saved(Err(format!(
                "The picture could not be saved ({fault}); try again, or take it with `mynascope picture`"
            ))));
        },
    )?;
    // Nothing can be asked to stop here: the dialog is closed by who opened it.
    drop(job);
    Ok(())
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
