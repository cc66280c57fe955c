use std::{
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
use mynascope_embedding::EmbeddingTable;

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
pub fn check_layout_path(path: &Path) -> Result<(), MapError> {
    Format::of(path).map(|_| ())
}

/// Writes a layout by the path's ending: `.parquet` and `.tsv` hold path, label, split, timestamp, x and y of each row,
/// `.parquet` its embedding too (list of f32), `.png` is a picture of the points, coloured by label, with a legend where there are labels.
pub fn save_layout(layout: &Layout, table: &EmbeddingTable, path: &Path) -> Result<(), MapError> {
    save_landed(layout, table, &[], path)
}

/// As [`save_layout`]; a picture also shows, as crosses, where windows landed that are not of the map.
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
        Format::Tsv => write_atomic(path, |file| tsv(layout, table, file))?,
        Format::Parquet => {
            let batch = batch(layout, table).map_err(|error| MapError::Table(error.to_string()))?;
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

fn tsv(layout: &Layout, table: &EmbeddingTable, file: &mut impl Write) -> io::Result<()> {
    writeln!(file, "path\tlabel\tsplit\ttimestamp\tx\ty")?;
    for (((path, label, split), time), [x, y]) in
        names(table).zip(&table.timestamps).zip(&layout.xy)
    {
        // Tabs and line ends inside a name would break the table apart.
        let plain = |text: &str| text.replace(['\t', '\n', '\r'], " ");
        let (path, label) = (plain(&path), plain(label));
        writeln!(file, "{path}\t{label}\t{split}\t{time}\t{x}\t{y}")?;
    }
    Ok(())
}

fn batch(layout: &Layout, table: &EmbeddingTable) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let filled = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
    let paths: StringArray = names(table).map(|(path, ..)| Some(path)).collect();
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
    RecordBatch::try_from_iter([
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
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;
    use mynascope_embedding::{Level, TrackRow};

    #[test]
    fn maps_are_written_in_three_formats_and_others_refused() {
        let mut table = EmbeddingTable::empty(1, String::new(), Level::Window);
        table.values = vec![0.0, 1.0];
        table.timestamps = vec![0.0, 3.072];
        table.track = vec![0, 0];
        table.tracks = vec![TrackRow {
            path: "a\tb.wav".into(),
            label: Some("jazz".into()),
            split: Some("test".into()),
        }];
        let layout = Layout {
            xy: vec![[0.0, 0.0], [1.0, -2.0]],
            method: Method::Pca,
            kl: None,
            seconds: 0.0,
            perplexity: None,
            notes: vec![],
        };
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        save_layout(&layout, &table, &path("m.tsv")).unwrap();
        let text = std::fs::read_to_string(path("m.tsv")).unwrap();
        assert_eq!(
            text,
            "path\tlabel\tsplit\ttimestamp\tx\ty\na b.wav\tjazz\ttest\t0\t0\t0\na b.wav\tjazz\ttest\t3.072\t1\t-2\n"
        );
        save_layout(&layout, &table, &path("m.parquet")).unwrap();
        save_layout(&layout, &table, &path("m.png")).unwrap();
        assert!(image::open(path("m.png")).is_ok());
        let message = save_layout(&layout, &table, &path("m.svg"))
            .unwrap_err()
            .to_string();
        assert!(message.contains(".png"), "{message}");
    }
}
