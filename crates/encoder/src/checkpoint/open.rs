//! A checkpoint whose tensors are listed and not yet read: what families are recognised by.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use mynascope_base::json_of_python;
use mynascope_hub::HubName;
use serde_json::Value;

use super::{
    CheckpointError, CheckpointReport, CheckpointSummary, LoadOptions,
    fit::fit,
    listed,
    listing::{Listing, TensorEntry},
    locate,
};
use crate::{Preset, weights::Weights};

/// The labels of a hundred thousand classes.
const MAX_CONFIG_BYTES: u64 = 16 << 20;

/// An open checkpoint.
#[derive(Debug)]
pub struct OpenCheckpoint {
    file: PathBuf,
    listing: Listing,
    other_files: Option<String>,
}

impl OpenCheckpoint {
    /// Lists the tensors of a file, an index, a hub's folder or a run's.
    ///
    /// # Errors
    /// If it cannot be read, is no checkpoint or is cut off.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let file = locate::locate(path)?;
        locate::check_step(&file)?;
        let listing = listed(&file)?;
        Ok(Self {
            file,
            listing,
            other_files: locate::say_chosen_file(path),
        })
    }

    /// The Myna in it, without its head, and what is said of the file.
    ///
    /// # Errors
    /// As [`super::load_weights`].
    pub fn into_myna(
        self,
        options: &LoadOptions,
    ) -> Result<(Weights, CheckpointReport), CheckpointError> {
        let fit = fit(self.listing, None, options, &self.file)?;
        let (weights, report) = fit.into_weights(options.patch, &self.file)?;
        let report = CheckpointReport {
            other_files: self.other_files,
            ..report
        };
        Ok((weights, report))
    }

    /// What the headers tell of the Myna in it.
    pub(super) fn into_summary(
        self,
        options: &LoadOptions,
    ) -> Result<CheckpointSummary, CheckpointError> {
        let fit = fit(self.listing, None, options, &self.file)?;
        Ok(fit.into_summary(options.patch))
    }

    /// How far the Myna in it fits.
    pub(super) fn into_report(
        self,
        preset: Option<Preset>,
        options: &LoadOptions,
    ) -> Result<CheckpointReport, CheckpointError> {
        let report = fit(self.listing, preset, options, &self.file)?.into_report()?;
        Ok(CheckpointReport {
            other_files: self.other_files,
            ..report
        })
    }

    /// The file that the path stands for.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Which file of the folder that was named is used, in words, where it holds weights in several formats.
    pub fn other_files(&self) -> Option<&str> {
        self.other_files.as_deref()
    }

    /// Names and shapes of all floating point tensors.
    pub fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        self.listing.shapes()
    }

    /// What a tensor holds instead of floating point numbers, and what to do; `None` of one that is read or not there.
    pub(crate) fn say_unread(&self, name: &str) -> Option<String> {
        let entry = self.listing.tensors.get(name);
        let unread = entry.filter(|entry| entry.width().is_none());
        unread.map(TensorEntry::say_unread)
    }

    /// What the header of a file that this program wrote says: sizes, seed, step. Empty of any other file.
    pub(crate) fn own_header(&self) -> &BTreeMap<String, String> {
        static NOTHING: BTreeMap<String, String> = BTreeMap::new();
        let header = &self.listing.metadata;
        match header.get("format").is_some_and(|by| by == "mynascope") {
            true => header,
            false => &NOTHING,
        }
    }

    /// The `config.json` beside the file, as model hubs have it.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn config_json(&self) -> Result<Option<Value>, CheckpointError> {
        self.json_beside("config.json")
    }

    /// A JSON file beside the file.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn json_beside(&self, name: &str) -> Result<Option<Value>, CheckpointError> {
        json_beside(&self.file, name)
    }

    /// The numbers of tensors as 32-bit floats, row-major, those of several names one behind the other.
    ///
    /// # Errors
    /// If the file cannot be read or is cut off, or if a number is not finite.
    pub fn read(&mut self, names: &[String]) -> Result<Vec<f32>, CheckpointError> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut all: Vec<f32> = Vec::new();
        for (name, tensor) in names.iter().zip(self.listing.read(&names)?) {
            if tensor.values.iter().any(|value| !value.is_finite()) {
                return Err(CheckpointError::Unfit {
                    why: format!(
                        "tensor {name} holds numbers that are infinite or not numbers; {}",
                        broken_numbers_remedy(&self.file)
                    ),
                    path: self.file.clone(),
                });
            }
            match all.is_empty() {
                true => all = tensor.values,
                false => all.extend(tensor.values),
            }
        }
        Ok(all)
    }
}

/// The way out where a file holds numbers that are none.
pub(super) fn broken_numbers_remedy(file: &Path) -> String {
    let is_models = |folder: &&Path| {
        let name = folder.file_name().unwrap_or_default();
        name.as_encoded_bytes().starts_with(b"models--")
    };
    match (HubName::of_file(file), file.ancestors().find(is_models)) {
        (Some(name), Some(folder)) => format!(
            "delete the folder {} and fetch it again: mynascope encoders --fetch {name}",
            folder.display()
        ),
        _ => "if it was downloaded or copied, do that again; if a training wrote it, that went wrong, take an earlier step"
            .to_owned(),
    }
}

/// A JSON file beside another file.
pub(super) fn json_beside(file: &Path, name: &str) -> Result<Option<Value>, CheckpointError> {
    let path = file.with_file_name(name);
    if !path.is_file() {
        return Ok(None);
    }
    let io = |source| CheckpointError::Io {
        source,
        path: path.clone(),
    };
    let mut text = Vec::new();
    let opened = File::open(&path).map_err(io)?;
    opened
        .take(MAX_CONFIG_BYTES)
        .read_to_end(&mut text)
        .map_err(io)?;
    // transformers writes numbers that are none as Python does; editors on Windows write a mark before the first letter.
    let text = String::from_utf8_lossy(&text);
    let text = json_of_python(text.trim_start_matches('\u{feff}'));
    let json = serde_json::from_str(&text).map_err(|error| CheckpointError::Damaged {
        why: format!("its {name} is no JSON ({error}); download it again"),
        path: path.clone(),
    })?;
    Ok(Some(json))
}
