//! A tab of the Probe layout: a picture, or its numbers as a table.

use std::path::Path;

use super::{drawn, save_bytes, save_image};
use crate::gui::{
    command::ProbeFile,
    model::{AppState, Sheet},
    panels::probe,
};

/// Pixels of a picture.
const SIZE: [u32; 2] = [1800, 1200];
/// Pixels a point.
const SCALE: f32 = 1.5;

/// What is saved.
pub struct ProbeSheet {
    name: String,
    content: Content,
}

enum Content {
    /// Only what the tab is drawn from.
    Picture(Box<AppState>),
    Table(Sheet),
}

impl ProbeSheet {
    /// What the tab shows now; `None` while that is nothing.
    pub fn of(model: &AppState, kind: ProbeFile) -> Option<Self> {
        let probing = &model.probing;
        let table = probing.table(probing.view.tab)?;
        let (content, ending) = match kind {
            ProbeFile::Csv => (Content::Table(table), "csv"),
            ProbeFile::Png => {
                let shown = AppState {
                    settings: model.settings.clone(),
                    workspace: model.workspace,
                    probing: probing.clone(),
                    ..AppState::default()
                };
                (Content::Picture(Box::new(shown)), "png")
            }
        };
        let tab = probing.view.tab.name().to_lowercase();
        Some(Self {
            name: format!("probe - {tab}.{ending}"),
            content,
        })
    }

    /// The name that is offered for its file.
    pub fn file_name(&self) -> &str {
        &self.name
    }

    /// Saves it.
    ///
    /// # Errors
    /// Why it could not be saved, in a sentence.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        match &self.content {
            Content::Picture(model) => {
                let theme = model.settings.theme;
                let image = drawn(SIZE, SCALE, theme, |ui| probe::sheet(ui, model));
                save_image(image, path)
            }
            Content::Table(rows) => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                let written = rows.iter().try_for_each(|row| writer.write_record(row));
                written.map_err(|error| error.to_string())?;
                let bytes = writer.into_inner().map_err(|error| error.to_string())?;
                save_bytes(path, &bytes)
            }
        }
    }
}
