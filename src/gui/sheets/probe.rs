//! What a tab of the Probe layout shows, as a table.

use std::path::Path;

use super::save_bytes;
use crate::gui::model::{AppState, Sheet};

/// What is saved.
pub struct ProbeTable {
    name: String,
    rows: Sheet,
}

impl ProbeTable {
    /// What the tab shows now; `None` while that is nothing.
    pub fn of(model: &AppState) -> Option<Self> {
        let probing = &model.probing;
        let rows = probing.table(probing.view.tab)?;
        let tab = probing.view.tab.name().to_lowercase();
        Some(Self {
            name: format!("probe - {tab}.csv"),
            rows,
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
        let mut writer = csv::Writer::from_writer(Vec::new());
        let written = self
            .rows
            .iter()
            .try_for_each(|row| writer.write_record(row));
        written.map_err(|error| error.to_string())?;
        let bytes = writer.into_inner().map_err(|error| error.to_string())?;
        save_bytes(path, &bytes)
    }
}
