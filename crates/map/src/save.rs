//! Maps as files: `.parquet`, `.tsv` and pictures.

use std::{
    collections::HashMap,
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use arrow_array::{
    ArrayRef, Float32Array, RecordBatch, StringArray,
    builder::{Float32Builder, ListBuilder},
};
use arrow_schema::{DataType, Field};
use image::ImageFormat;
use parquet::arrow::ArrowWriter;

use super::{Landed, Layout, MapError, picture::picture};
use mynascope_base::storage::{path_to_text, write_atomic};
use mynascope_embedding::{EmbeddingTable, StoredPaths};

/// Endings of files that maps are kept in, without the dot.
pub const LAYOUT_EXTENSIONS: [&str; 3] = ["parquet", "tsv", "png"];

/// What a layout is kept as.
enum Format {
    Tsv,
    Parquet,
    Png,
}

impl Format {
    fn of(path: &Path) -> Result<Self, MapError> {
        let ending = path
            .extension()
            .map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("tsv") => Ok(Self::Tsv),
            Some("parquet") => Ok(Self::Parquet),
            Some("png") => Ok(Self::Png),
            other => Err(MapError::UnknownFormat {
                found: other.map_or_else(
                    || "a file without an ending".to_owned(),
                    |other| format!(".{other}"),
                ),
                path: path.to_path_buf(),
            }),
        }
    }
}

/// Refuses a path whose ending is none that maps are kept as: to be asked before long work.
///
/// # Errors
/// [`MapError::UnknownFormat`] for such a path.
pub fn check_layout_path(path: &Path) -> Result<(), MapError> {
    Format::of(path).map(|_| ())
}

/// Writes a layout by the path's ending (paths of tracks as tables have them, texts of `.tsv` in quotes where RFC 4180
/// wants them): `.parquet` and `.tsv` hold path, label, split, timestamp, x and y of each row,
/// `.parquet` its embedding too (list of f32; it opens as a table) and, as metadata, how it was made, `.png` is a picture of the points, coloured by label, with a legend where there are labels.
///
/// # Errors
/// A [`MapError`] if the ending is unknown, or if the file cannot be written; an old one is untouched.
pub fn save_layout(layout: &Layout, table: &EmbeddingTable, path: &Path) -> Result<(), MapError> {
    save_landed(layout, table, &[], path)
}

/// As [`save_layout`]; a picture also shows, as crosses, where windows landed that are not of the map.
///
/// # Errors
/// As [`save_layout`].
pub fn save_landed(
    layout: &Layout,
    table: &EmbeddingTable,
    landed: &[Landed],
    path: &Path,
) -> Result<(), MapError> {
    if layout.xy.len() != table.rows() {
        return Err(MapError::Table(format!(
            "the map has {} points, but the table has {} rows; lay it out again",
            layout.xy.len(),
            table.rows()
        )));
    }
    match Format::of(path)? {
        Format::Tsv => write_atomic(path, |file| {
            tsv(layout, table, &StoredPaths::beside(path), file)
        })?,
        Format::Parquet => {
            let stored = StoredPaths::beside(path);
            let batch = batch(layout, table, &stored)
                .map_err(|error| MapError::Table(error.to_string()))?;
            write_atomic(path, |file| {
                let mut writer = ArrowWriter::try_new(file, batch.schema(), None)?;
                writer.write(&batch)?;
                writer.close()?;
                Ok(())
            })?;
        }
        Format::Png => {
            let picture = picture(layout, table, landed);
            write_atomic(path, |file| {
                picture
                    .write_to(file, ImageFormat::Png)
                    .map_err(io::Error::other)
            })?;
        }
    }
    Ok(())
}

/// Path (see [`path_to_text`]), label and split of each row; what it hasn't is empty.
pub(super) fn names(table: &EmbeddingTable) -> impl Iterator<Item = (String, &str, &str)> {
    (0..table.rows()).map(|row| {
        let track = table.track_of(row);
        (
            track.map_or_else(String::new, |track| path_to_text(&track.path)),
            track.and_then(|track| track.label.as_deref()).unwrap_or(""),
            track.and_then(|track| track.split.as_deref()).unwrap_or(""),
        )
    })
}

fn tsv(
    layout: &Layout,
    table: &EmbeddingTable,
    stored: &StoredPaths,
    file: &mut impl Write,
) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().delimiter(b'\t').from_writer(file);
    writer.write_record(["path", "label", "split", "timestamp", "x", "y"])?;
    for (row, (time, [x, y])) in table.timestamps.iter().zip(&layout.xy).enumerate() {
        let track = table.track_of(row);
        let path = track.map_or_else(String::new, |track| stored.of(track));
        let text = |text: Option<&'_ String>| text.cloned().unwrap_or_default();
        writer.write_record([
            path,
            text(track.and_then(|track| track.label.as_ref())),
            text(track.and_then(|track| track.split.as_ref())),
            time.to_string(),
            x.to_string(),
            y.to_string(),
        ])?;
    }
    writer.flush()
}

fn batch(
    layout: &Layout,
    table: &EmbeddingTable,
    stored: &StoredPaths,
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let filled = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
    let paths: StringArray = (0..table.rows())
        .map(|row| {
            Some(
                table
                    .track_of(row)
                    .map_or_else(String::new, |track| stored.of(track)),
            )
        })
        .collect();
    let labels: StringArray = names(table).map(|(_, label, _)| filled(label)).collect();
    let splits: StringArray = names(table).map(|(.., split)| filled(split)).collect();
    let item = Field::new("item", DataType::Float32, false);
    let mut embedding = ListBuilder::new(Float32Builder::new()).with_field(item);
    for row in table.iter() {
        embedding.values().append_slice(row);
        embedding.append(true);
    }
    let axis = |at: usize| -> ArrayRef {
        Arc::new(
            layout
                .xy
                .iter()
                .map(|point| point.get(at).copied())
                .collect::<Float32Array>(),
        )
    };
    let mut columns = vec![
        ("path", Arc::new(paths) as ArrayRef),
        ("label", Arc::new(labels)),
        ("split", Arc::new(splits)),
        (
            "timestamp",
            Arc::new(Float32Array::from(table.timestamps.clone())),
        ),
        ("x", axis(0)),
        ("y", axis(1)),
        ("embedding", Arc::new(embedding.finish())),
    ];
    if table.incomplete().next().is_some() {
        let tracks = (0..table.rows()).map(|row| table.track_of(row));
        let incomplete: StringArray = tracks
            .map(|track| track.and_then(|track| track.incomplete.as_deref()))
            .collect();
        columns.push(("incomplete", Arc::new(incomplete)));
    }
    let batch = RecordBatch::try_from_iter(columns)?;
    let mut metadata = HashMap::from([
        ("encoder".to_owned(), table.encoder.clone()),
        ("level".to_owned(), table.level.to_string()),
        ("method".to_owned(), layout.method.to_string()),
    ]);
    let numbers = [
        ("perplexity", layout.perplexity),
        ("neighbours", layout.neighbours.map(|count| count as f64)),
        ("neighbours_kept", layout.neighbours_kept),
        ("kl", layout.kl),
    ];
    for (name, number) in numbers {
        metadata.extend(number.map(|number| (name.to_owned(), number.to_string())));
    }
    let schema = batch.schema().as_ref().clone().with_metadata(metadata);
    batch.with_schema(Arc::new(schema))
}

#[cfg(test)]
mod tests {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;
    use crate::Method;
    use mynascope_embedding::{Level, TrackRow};

    #[test]
    fn maps_are_written_in_three_formats_and_others_refused() {
        let mut table = EmbeddingTable::empty(1, "t".to_owned(), Level::Window);
        table.values = vec![0.0, 1.0];
        table.timestamps = vec![0.0, 3.072];
        table.track = vec![0, 0];
        table.tracks = vec![TrackRow {
            path: "/m/a\tb.wav".into(),
            label: Some("\"7 inch".into()),
            split: Some("test".into()),
            incomplete: None,
        }];
        let layout = Layout {
            xy: vec![[0.0, 0.0], [1.0, -2.0]],
            method: Method::Umap,
            kl: None,
            seconds: 0.0,
            perplexity: None,
            neighbours: Some(15),
            neighbours_kept: None,
            notes: vec![],
        };
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        save_layout(&layout, &table, &path("m.tsv")).unwrap();
        let text = std::fs::read_to_string(path("m.tsv")).unwrap();
        assert_eq!(
            text,
            "path\tlabel\tsplit\ttimestamp\tx\ty\n\"/m/a\tb.wav\"\t\"\"\"7 inch\"\ttest\t0\t0\t0\n\"/m/a\tb.wav\"\t\"\"\"7 inch\"\ttest\t3.072\t1\t-2\n"
        );
        save_layout(&layout, &table, &path("m.parquet")).unwrap();
        let again = mynascope_embedding::load_table(&path("m.parquet")).unwrap();
        assert_eq!(again, table, "a map holds its table");
        let file = std::fs::File::open(path("m.parquet")).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let metadata = &reader.schema().metadata;
        assert_eq!(
            (&*metadata["method"], &*metadata["neighbours"]),
            ("umap", "15")
        );
        save_layout(&layout, &table, &path("m.png")).unwrap();
        assert!(image::open(path("m.png")).is_ok());
        let message = save_layout(&layout, &table, &path("m.svg"))
            .unwrap_err()
            .to_string();
        assert!(message.contains(".png"), "{message}");
    }
}
