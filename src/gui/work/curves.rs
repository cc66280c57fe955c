//! Saving the curves of a run: as a picture of all plots, or every step as a table.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use crate::gui::{
    canvas::{Canvas, save_png},
    command::CurveFile,
    jobs::{NoThread, spawn_once},
    message::{Message, Outbox},
    model::{Model, RunView},
    offscreen::PictureError,
    panels::train,
    theme,
};
use mynascope_base::storage::{self, Theme};

/// What is saved: the shown run and the one behind it.
pub struct Sheet {
    /// The run.
    pub run: RunView,
    /// The run that is drawn behind it.
    pub overlay: Option<RunView>,
    /// Colours of the picture.
    pub theme: Theme,
}

/// Pixels of a picture of all plots.
const SIZE: [u32; 2] = [1920, 1440];
/// Pixels a point.
const SCALE: f32 = 1.5;
/// Frames until fonts and scale have taken effect.
const CALM_FRAMES: usize = 3;

impl Sheet {
    /// What the window shows now.
    pub fn of(model: &Model) -> Option<Self> {
        Some(Self {
            run: model.training.shown()?.clone(),
            overlay: model.training.overlay.clone(),
            theme: model.settings.theme,
        })
    }

    /// Draws all plots.
    fn draw(&self) -> Result<image::RgbaImage, PictureError> {
        let mut canvas = Canvas::new(SIZE)?;
        theme::install(canvas.ctx(), self.theme);
        canvas.ctx().set_zoom_factor(SCALE);
        let mut draw =
            |ui: &mut eframe::egui::Ui| train::sheet(ui, &self.run, self.overlay.as_ref());
        for _ in 0..CALM_FRAMES {
            canvas.frame(&mut draw);
        }
        let output = canvas.frame(&mut draw);
        canvas.image(output)
    }
}

/// Saves at a path; the outcome comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn save(kind: CurveFile, sheet: Sheet, path: PathBuf, outbox: &Outbox) -> Result<(), NoThread> {
    let work = move |outbox: &Outbox| {
        let saved = match kind {
            CurveFile::Png => save_picture(&sheet, &path),
            CurveFile::Csv => save_table(&sheet.run.folder, &path),
        };
        outbox.send(Message::Saved(saved.map(|()| path)));
    };
    spawn_once("save-curves", outbox, work, |fault| {
        format!("The curves could not be saved ({fault}); try again")
    })
}

fn save_picture(sheet: &Sheet, path: &Path) -> Result<(), String> {
    let image = sheet.draw().map_err(|error| error.to_string())?;
    save_png(&image, path).map_err(|error| error.to_string())
}

/// Writes every step of a run with everything that its log holds.
///
/// # Errors
/// Why the log cannot be read or the table not be written, for people.
pub fn save_table(run: &Path, path: &Path) -> Result<(), String> {
    let log = run.join("log.jsonl");
    let text = fs::read_to_string(&log).map_err(|error| {
        format!(
            "The steps of the run cannot be read ({error}); choose another run: {}",
            log.display()
        )
    })?;
    let steps: Vec<Map<String, Value>> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let first = ["step", "epoch", "loss"];
    let others: BTreeSet<&str> = steps
        .iter()
        .flat_map(|step| step.keys().map(String::as_str))
        .filter(|name| !first.contains(name))
        .collect();
    let columns: Vec<&str> = first.into_iter().chain(others).collect();
    let write = |file: &mut dyn Write| {
        writeln!(file, "{}", columns.join(","))?;
        for step in &steps {
            let cell = |name: &&str| step.get(*name).map_or(String::new(), Value::to_string);
            let cells: Vec<String> = columns.iter().map(cell).collect();
            writeln!(file, "{}", cells.join(","))?;
        }
        Ok(())
    };
    storage::write_atomic(path, |file| write(file)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_step_and_everything_that_was_measured() {
        let folder = tempfile::tempdir().unwrap();
        let lines = "{\"step\":1,\"epoch\":0,\"loss\":-0.5,\"lr\":0.1}\n\
                     {\"step\":2,\"epoch\":0,\"loss\":-0.75,\"lr\":0.1,\"accuracy\":0.25}\n{\"st";
        fs::write(folder.path().join("log.jsonl"), lines).unwrap();
        let path = folder.path().join("steps.csv");
        save_table(folder.path(), &path).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "step,epoch,loss,accuracy,lr\n1,0,-0.5,,0.1\n2,0,-0.75,0.25,0.1\n"
        );
    }
}
