//! Tables as files, one file of code a format.
//!
//! | ending | what is in it |
//! |---|---|
//! | `.npz` | numpy arrays `embedding` [rows, dim] f32, `timestamps` [rows] f32 (seconds), `track` [rows] i64, and for each track `path`, `label` and `split` (`path[track]` names every row's file); `encoder` and `level` |
//! | `.parquet` | a row each: path, label, split (train, valid or test), track, timestamp, embedding (list of f32); encoder and level as metadata |
//! | `.tsv` | what TensorBoard's projector opens: the numbers in `F.tsv`, the rest in `F.metadata.tsv` |
//! | `.safetensors` | tensors `embedding`, `timestamps`, `track`; paths, labels and splits as JSON in the metadata |
//!
//! Paths that are not Unicode are kept as near as Unicode comes. Nothing in a table can run.

mod npz;
mod parquet;
mod safetensors;
mod tsv;

use std::path::{Path, PathBuf};

use super::{EmbeddingError, EmbeddingTable, Level, TrackRow};
use mynascope_base::jobs::panic_message;

pub use tsv::metadata_path;

/// Endings of table files, without the dot.
pub const TABLE_EXTENSIONS: [&str; 4] = ["npz", "parquet", "tsv", "safetensors"];

/// Most bytes that a table may take in memory: what a file promises beyond it is refused before it is read.
const MOST_BYTES: u64 = 16 << 30;

enum Format {
    Npz,
    Parquet,
    Tsv,
    Safetensors,
}

impl Format {
    fn of(path: &Path) -> Result<Self, EmbeddingError> {
        let extension = path
            .extension()
            .map(|ending| ending.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("npz") => Ok(Self::Npz),
            Some("parquet") => Ok(Self::Parquet),
            Some("tsv") => Ok(Self::Tsv),
            Some("safetensors") => Ok(Self::Safetensors),
            other => Err(EmbeddingError::UnknownFormat {
                found: other.map_or_else(
                    || "a file without an ending".to_owned(),
                    |other| format!(".{other}"),
                ),
                path: path.to_path_buf(),
            }),
        }
    }
}

/// Whether tables can be kept under this name; ask before hours of work, not after.
pub fn check_table_path(path: &Path) -> Result<(), EmbeddingError> {
    Format::of(path).map(drop)
}

/// Writes a table in the format of the path's ending, whole or not at all. Tracks without a row are left out.
pub fn save_table(table: &EmbeddingTable, path: &Path) -> Result<(), EmbeddingError> {
    let format = Format::of(path)?;
    table.validate()?;
    let table = &table.without_empty_tracks();
    match format {
        Format::Npz => npz::save(table, path),
        Format::Parquet => parquet::save(table, path),
        Format::Tsv => tsv::save(table, path),
        Format::Safetensors => safetensors::save(table, path),
    }
}

/// Reads a table in the format of the path's ending and checks that its parts fit together.
pub fn load_table(path: &Path) -> Result<EmbeddingTable, EmbeddingError> {
    let format = Format::of(path)?;
    // Readers of these formats have bounds that panic on damaged files (arrow's level decoder does); a file from
    // elsewhere must not end the program.
    let read = std::panic::catch_unwind(|| match format {
        Format::Npz => npz::load(path),
        Format::Parquet => parquet::load(path),
        Format::Tsv => tsv::load(path),
        Format::Safetensors => safetensors::load(path),
    });
    let table = read.unwrap_or_else(|fault| {
        let fault = panic_message(&*fault);
        Err(damaged(path, format!("it cannot be read ({fault})")))
    })?;
    table
        .validate()
        .map_err(|error| damaged(path, error.to_string()))?;
    Ok(table)
}

fn damaged(path: &Path, what: impl Into<String>) -> EmbeddingError {
    EmbeddingError::Damaged {
        what: what.into(),
        path: path.to_path_buf(),
    }
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> EmbeddingError {
    |source| EmbeddingError::Read {
        source,
        path: path.to_path_buf(),
    }
}

/// A missing level is window level: what other programs write has no such field.
fn parse_level(text: Option<&str>, path: &Path) -> Result<Level, EmbeddingError> {
    text.map_or(Ok(Level::Window), |text| {
        text.parse().map_err(|error: String| damaged(path, error))
    })
}

fn text_of(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Collects the tracks from formats that repeat them in each row.
#[derive(Default)]
struct TracksOfRows(Vec<Option<TrackRow>>);

impl TracksOfRows {
    /// Notes that a row belongs to track `index`; empty texts are none. `rows` bounds the index: every track has a row.
    fn note(
        &mut self,
        index: u32,
        rows: usize,
        [path, label, split]: [&str; 3],
    ) -> Result<(), String> {
        let index = index as usize;
        if index >= rows {
            return Err(format!("track {index} in a table of {rows} rows"));
        }
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        let (label, split) = (text_of(label), text_of(split));
        match self.0.get_mut(index) {
            Some(Some(known))
                if known.path != Path::new(path)
                    || known.label != label
                    || known.split != split =>
            {
                Err(format!("rows of track {index} name different files"))
            }
            Some(slot @ None) => {
                *slot = Some(TrackRow {
                    path: PathBuf::from(path),
                    label,
                    split,
                });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<Vec<TrackRow>, String> {
        let holes = self.0.iter().position(Option::is_none);
        match holes {
            Some(index) => Err(format!("no row belongs to track {index}")),
            None => Ok(self.0.into_iter().flatten().collect()),
        }
    }
}
