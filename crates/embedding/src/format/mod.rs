//! Tables as files, one file of code a format.
//!
//! What is written:
//!
//! | ending | what is in it |
//! |---|---|
//! | `.npz` | numpy arrays `embedding` [rows, dim] f32, `timestamps` [rows] f32 (seconds), `track` [rows] i64, and for each track `path`, `label` and `split` (`path[track]` names every row's file); `encoder`, `encoder_hash` and `level` |
//! | `.parquet` | a row each: path, label, split (train, valid or test), track, timestamp, embedding (list of f32); encoder, encoder_hash and level as metadata |
//! | `.tsv` | what TensorBoard's projector opens: the numbers in `F.tsv`, the rest in `F.metadata.tsv` |
//! | `.safetensors` | tensors `embedding`, `timestamps`, `track`; paths, labels and splits as JSON in the metadata |
//!
//! Where files were decoded in part, each also has `incomplete`: a sentence for each such track (npz, safetensors) or row,
//! what its file lacks.
//!
//! What is read is wider: the same as pandas, Polars, pyarrow, DuckDB and numpy write it, under the usual other names
//! ([`fields`]), without all columns but the vectors, and also as `.npy` (a matrix) and `.csv`. Rows may have been
//! shuffled or taken out ([`rows`]).
//!
//! Paths are stored relative to the folder of the file where the sound lies below it, else absolute ([`crate::located`]).
//! Those that are not Unicode are kept as near as Unicode comes. Nothing in a table can run.

mod content;
mod fields;
mod headless;
mod keyed;
mod npy;
mod npz;
mod one_file;
mod parquet;
mod parquet_columns;
mod rows;
mod safetensors;
mod text;
mod text_lines;
mod text_metadata;
mod tsv;

use std::path::Path;

use self::content::Content;
use super::{EmbeddingError, EmbeddingTable, StoredPaths};
use mynascope_base::jobs::panic_message;

pub use text::is_text_table;
pub use tsv::metadata_path;

/// Endings of the table files that are written, without the dot.
pub const TABLE_EXTENSIONS: [&str; 4] = ["npz", "parquet", "tsv", "safetensors"];

/// Endings of the table files that can be read, without the dot.
pub const READABLE_EXTENSIONS: [&str; 7] =
    ["npz", "npy", "parquet", "pq", "tsv", "csv", "safetensors"];

/// Most bytes that a table may take in memory: what a file promises beyond it is refused before it is read.
const MOST_BYTES: u64 = 16 << 30;

/// Most values of one row: longer ones are not embeddings, and a hostile file would take memory for each row.
const MOST_DIM: usize = 1 << 20;

enum Format {
    Npz,
    Npy,
    Parquet,
    Text,
    Safetensors,
}

impl Format {
    /// By the first bytes, as files are named wrongly, too; where these say nothing, by the ending.
    fn read_from(path: &Path) -> Result<Self, EmbeddingError> {
        let ending = ending_of(path);
        let is_table = ending
            .as_deref()
            .is_some_and(|it| READABLE_EXTENSIONS.contains(&it));
        match Content::of(path) {
            Content::Parquet => return Ok(Self::Parquet),
            Content::Npy => return Ok(Self::Npy),
            Content::Zip if is_table => return Ok(Self::Npz),
            Content::Safetensors if is_table => return Ok(Self::Safetensors),
            Content::Text if is_table => return Ok(Self::Text),
            Content::Other(what) if is_table => return Err(unusable(path, what)),
            _ => {}
        }
        Ok(match ending.as_deref() {
            Some("npz") => Self::Npz,
            Some("npy") => Self::Npy,
            Some("parquet" | "pq") => Self::Parquet,
            Some("tsv" | "csv") => Self::Text,
            Some("safetensors") => Self::Safetensors,
            other => {
                return Err(EmbeddingError::UnreadableFormat {
                    remedy: match other {
                        Some("pkl" | "pickle" | "pt" | "pth" | "joblib") => {
                            "a pickle can run code; write it anew with numpy.savez or pandas' to_parquet"
                        }
                        Some("h5" | "hdf5" | "he5") => {
                            "turn its matrix into one with Python: numpy.save(\"x.npy\", h5py.File(\"x.h5\")[\"embedding\"][:])"
                        }
                        Some("feather" | "arrow" | "ipc" | "json" | "jsonl") => {
                            "write it anew with pandas' or Polars' Parquet writer"
                        }
                        Some("txt" | "dat") => {
                            "if it is text with a row of numbers a line, name it .csv or .tsv"
                        }
                        _ => "write it anew as one of these",
                    },
                    found: named(other),
                    path: path.to_path_buf(),
                });
            }
        })
    }
}

fn ending_of(path: &Path) -> Option<String> {
    let ending = path.extension()?;
    Some(ending.to_string_lossy().to_lowercase())
}

fn named(ending: Option<&str>) -> String {
    ending.map_or_else(
        || "a file without an ending".to_owned(),
        |ending| format!(".{ending}"),
    )
}

/// Whether tables can be kept under this name; ask before hours of work, not after.
///
/// # Errors
/// [`EmbeddingError::UnknownFormat`] if not.
pub fn check_table_path(path: &Path) -> Result<(), EmbeddingError> {
    let ending = ending_of(path);
    match ending.as_deref() {
        Some(ending) if TABLE_EXTENSIONS.contains(&ending) => Ok(()),
        other => Err(EmbeddingError::UnknownFormat {
            found: named(other),
            path: path.to_path_buf(),
        }),
    }
}

/// Writes a table in the format of the path's ending, whole or not at all. Tracks without a row are left out.
///
/// # Errors
/// If the ending is unknown, if the table is inconsistent or cannot be held by the format, or if the file cannot be
/// written; an old one is untouched.
pub fn save_table(table: &EmbeddingTable, path: &Path) -> Result<(), EmbeddingError> {
    check_table_path(path)?;
    table.validate()?;
    let mut table = table.without_empty_tracks();
    let stored = StoredPaths::beside(path);
    for track in &mut table.tracks {
        track.path = stored.of(track).into();
    }
    match ending_of(path).as_deref() {
        Some("npz") => npz::save(&table, path),
        Some("parquet") => parquet::save(&table, path),
        Some("tsv") => tsv::save(&table, path),
        _ => safetensors::save(&table, path),
    }
}

/// Reads a table in the format of its first bytes, else of the path's ending, and checks that its parts fit together. Paths of its tracks are
/// absolute; those that the file has relative are so to its own folder, or else to the current one.
///
/// # Errors
/// If the ending is unknown, or if the file cannot be read, is damaged, or holds no table of vectors that can be
/// used; nothing in it is run, and what it promises beyond a limit is refused.
pub fn load_table(path: &Path) -> Result<EmbeddingTable, EmbeddingError> {
    let format = Format::read_from(path)?;
    // Readers of these formats have bounds that panic on damaged files (parquet 60.1.0: "the level decoder panics on a damaged page"); a file from
    // elsewhere must not end the program.
    let read = std::panic::catch_unwind(|| match format {
        Format::Npz => npz::load(path),
        Format::Npy => npz::load_single(path),
        Format::Parquet => parquet::load(path),
        Format::Text => text::load(path),
        Format::Safetensors => safetensors::load(path),
    });
    let contents = read.unwrap_or_else(|fault| {
        let fault = panic_message(&*fault);
        Err(damaged(path, format!("it cannot be read ({fault})")))
    })?;
    let table = contents
        .into_table(path)
        .map_err(|what| unusable(path, what))?;
    table
        .validate()
        .map_err(|error| unusable(path, error.to_string()))?;
    Ok(table)
}

fn damaged(path: &Path, what: impl Into<String>) -> EmbeddingError {
    EmbeddingError::Damaged {
        what: what.into(),
        path: path.to_path_buf(),
    }
}

fn unusable(path: &Path, what: impl Into<String>) -> EmbeddingError {
    EmbeddingError::Unusable {
        what: what.into(),
        path: path.to_path_buf(),
    }
}

/// There is no vector in a file that holds `found` (`kind`: columns, arrays, ..).
fn no_vectors(path: &Path, kind: &str, found: &[impl AsRef<str>]) -> EmbeddingError {
    let what = format!(
        "it holds no vectors: among its {kind} ({}) there is none called `embedding` that holds a list of numbers a row; \
         rename the one that does to `embedding`{}",
        fields::listed(found),
        match kind {
            "columns" => "",
            _ =>
                ", or save one vector for each track under its path, all of one length and nothing else",
        },
    );
    unusable(path, what)
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> EmbeddingError {
    |source| EmbeddingError::Read {
        source,
        path: path.to_path_buf(),
    }
}
