use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use arrow_array::{ArrayRef, Float32Array, RecordBatch, StringArray};
use image::{ImageFormat, Rgb, RgbImage};
use parquet::arrow::ArrowWriter;

use super::{LABEL_COLOURS, Layout, MapError};
use crate::{embedding::EmbeddingTable, storage::write_atomic};

/// Rows without a label.
const NO_LABEL: [u8; 3] = [128; 3];
const GROUND: Rgb<u8> = Rgb([24, 24, 27]);
const SIDE: u32 = 1000;

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

/// Writes a layout by the path's ending: `.parquet` and `.tsv` hold path, label, timestamp, x and y of each row,
/// `.png` is a plain picture of the points, coloured by label.
pub fn save_layout(layout: &Layout, table: &EmbeddingTable, path: &Path) -> Result<(), MapError> {
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
            let picture = picture(layout, table);
            write_atomic(path, |file| {
                picture
                    .write_to(file, ImageFormat::Png)
                    .map_err(io::Error::other)
            })?;
        }
    }
    Ok(())
}

fn names(table: &EmbeddingTable) -> impl Iterator<Item = (String, &str)> {
    (0..table.rows()).map(|row| {
        let track = table.track_of(row);
        (
            track.map_or_else(String::new, |track| {
                track.path.to_string_lossy().into_owned()
            }),
            track.and_then(|track| track.label.as_deref()).unwrap_or(""),
        )
    })
}

fn tsv(layout: &Layout, table: &EmbeddingTable, file: &mut impl Write) -> io::Result<()> {
    writeln!(file, "path\tlabel\ttimestamp\tx\ty")?;
    for (((path, label), time), [x, y]) in names(table).zip(&table.timestamps).zip(&layout.xy) {
        // Tabs and line ends inside a name would break the table apart.
        let plain = |text: &str| text.replace(['\t', '\n', '\r'], " ");
        writeln!(file, "{}\t{}\t{time}\t{x}\t{y}", plain(&path), plain(label))?;
    }
    Ok(())
}

fn batch(layout: &Layout, table: &EmbeddingTable) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let paths: StringArray = names(table).map(|(path, _)| Some(path)).collect();
    let labels: StringArray = names(table)
        .map(|(_, label)| (!label.is_empty()).then_some(label))
        .collect();
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
        (
            "timestamp",
            Arc::new(Float32Array::from(table.timestamps.clone())),
        ),
        ("x", axis(0)),
        ("y", axis(1)),
    ])
}

/// Soft discs on a square; both axes have one scale, so that distances can be compared.
fn picture(layout: &Layout, table: &EmbeddingTable) -> RgbImage {
    let range = |axis: fn(&[f32; 2]) -> f32| {
        layout
            .xy
            .iter()
            .map(axis)
            .fold((f32::MAX, f32::MIN), |(low, high), v| {
                (low.min(v), high.max(v))
            })
    };
    let ((left, right), (low, high)) = (range(|p| p[0]), range(|p| p[1]));
    let span = (right - left).max(high - low).max(1e-9);
    let radius = if table.rows() > 2000 { 2.5 } else { 5.0_f32 };
    let mut labels: Vec<&str> = table
        .tracks
        .iter()
        .filter_map(|track| track.label.as_deref())
        .collect();
    labels.sort_unstable();
    labels.dedup();
    let mut picture = RgbImage::from_pixel(SIDE, SIDE, GROUND);
    for (&[x, y], (_, label)) in layout.xy.iter().zip(names(table)) {
        let place = labels.binary_search(&label).ok();
        let colour = place
            .and_then(|place| LABEL_COLOURS.get(place % LABEL_COLOURS.len()))
            .copied()
            .unwrap_or(NO_LABEL);
        let at = |value: f32, middle: f32| SIDE as f32 * (0.5 + 0.92 * (value - middle) / span);
        // Up is positive, as in every plot.
        let (cx, cy) = (
            at(x, (left + right) / 2.0),
            SIDE as f32 - at(y, (low + high) / 2.0),
        );
        let reach = radius.ceil() as i64 + 1;
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let (px, py) = (cx as i64 + dx, cy as i64 + dy);
                let distance = (px as f32 + 0.5 - cx).hypot(py as f32 + 0.5 - cy);
                let cover = 0.85 * (radius + 0.5 - distance).clamp(0.0, 1.0);
                let (Ok(px), Ok(py)) = (u32::try_from(px), u32::try_from(py)) else {
                    continue;
                };
                if let Some(pixel) = picture.get_pixel_mut_checked(px, py) {
                    for (old, new) in pixel.0.iter_mut().zip(colour) {
                        *old = (f32::from(*old) * (1.0 - cover) + f32::from(new) * cover).round()
                            as u8;
                    }
                }
            }
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        embedding::{Level, TrackRow},
        map::Method,
    };

    #[test]
    fn maps_are_written_in_three_formats_and_others_refused() {
        let mut table = EmbeddingTable::empty(1, String::new(), Level::Window);
        table.values = vec![0.0, 1.0];
        table.timestamps = vec![0.0, 3.072];
        table.track = vec![0, 0];
        table.tracks = vec![TrackRow {
            path: "a\tb.wav".into(),
            label: Some("jazz".into()),
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
            "path\tlabel\ttimestamp\tx\ty\na b.wav\tjazz\t0\t0\t0\na b.wav\tjazz\t3.072\t1\t-2\n"
        );
        save_layout(&layout, &table, &path("m.parquet")).unwrap();
        save_layout(&layout, &table, &path("m.png")).unwrap();
        let picture = image::open(path("m.png")).unwrap().to_rgb8();
        assert!(picture.pixels().any(|pixel| *pixel != GROUND));
        let message = save_layout(&layout, &table, &path("m.svg"))
            .unwrap_err()
            .to_string();
        assert!(message.contains(".png"), "{message}");
    }
}
