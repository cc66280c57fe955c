//! A Parquet file with a row for each row of the table.

use std::{collections::HashMap, fs::File, io, path::Path, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Float32Array, ListArray, RecordBatch, StringArray, UInt32Array,
    builder::{Float32Builder, ListBuilder},
    cast::AsArray,
    types::{Float32Type, UInt32Type},
};
use arrow_schema::{DataType, Field, Schema};
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    basic::Compression,
    file::properties::WriterProperties,
};

use super::{EmbeddingTable, TracksOfRows, damaged, parse_level, unreadable};
use crate::{EmbeddingError, Level};
use mynascope_base::storage::write_atomic;

/// Rows that are turned into columns at a time.
const BATCH_ROWS: usize = 4096;

fn schema(table: &EmbeddingTable) -> Schema {
    let item = Arc::new(Field::new("item", DataType::Float32, false));
    Schema::new(vec![
        Field::new("path", DataType::Utf8, false),
        Field::new("label", DataType::Utf8, true),
        Field::new("split", DataType::Utf8, true),
        Field::new("track", DataType::UInt32, false),
        Field::new("timestamp", DataType::Float32, false),
        Field::new("embedding", DataType::List(item), false),
    ])
    .with_metadata(HashMap::from([
        ("encoder".to_owned(), table.encoder.clone()),
        ("level".to_owned(), table.level.to_string()),
        ("dim".to_owned(), table.dim.to_string()),
    ]))
}

pub(super) fn save(table: &EmbeddingTable, path: &Path) -> Result<(), EmbeddingError> {
    let schema = Arc::new(schema(table));
    write_atomic(path, |file| {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .build();
        let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))?;
        for start in (0..table.rows()).step_by(BATCH_ROWS) {
            let rows = start..table.rows().min(start + BATCH_ROWS);
            writer.write(&batch(table, rows, &schema).map_err(io::Error::other)?)?;
        }
        writer.close()?;
        Ok(())
    })?;
    Ok(())
}

fn batch(
    table: &EmbeddingTable,
    rows: std::ops::Range<usize>,
    schema: &Arc<Schema>,
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let tracks = || rows.clone().map(|row| table.track_of(row));
    let path: StringArray = tracks()
        .map(|track| track.map(|track| track.path.to_string_lossy()))
        .collect();
    let label: StringArray = tracks()
        .map(|track| track.and_then(|track| track.label.as_deref()))
        .collect();
    let split: StringArray = tracks()
        .map(|track| track.and_then(|track| track.split.as_deref()))
        .collect();
    let slice = |values: &[f32]| values.get(rows.clone()).unwrap_or_default().to_vec();
    let item = Field::new("item", DataType::Float32, false);
    let mut embedding = ListBuilder::new(Float32Builder::new()).with_field(item);
    for row in rows.clone() {
        embedding.values().append_slice(table.row(row));
        embedding.append(true);
    }
    let track = table.track.get(rows.clone()).unwrap_or_default().to_vec();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(path),
        Arc::new(label),
        Arc::new(split),
        Arc::new(UInt32Array::from(track)),
        Arc::new(Float32Array::from(slice(&table.timestamps))),
        Arc::new(embedding.finish()),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
}

pub(super) fn load(path: &Path) -> Result<EmbeddingTable, EmbeddingError> {
    let file = File::open(path).map_err(unreadable(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|error| damaged(path, format!("it is no Parquet file ({error})")))?
        .with_batch_size(BATCH_ROWS);
    let metadata = builder.schema().metadata().clone();
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows())
        .map_err(|_| damaged(path, "its number of rows is negative"))?;
    let reader = builder
        .build()
        .map_err(|error| damaged(path, format!("it cannot be read ({error})")))?;
    let mut table = EmbeddingTable::empty(
        0,
        metadata
            .get("encoder")
            .map_or_else(|| "unknown".to_owned(), Clone::clone),
        Level::Window,
    );
    table.level = parse_level(metadata.get("level").map(String::as_str), path)?;
    // Only a table without rows needs its width from here.
    let named_dim = metadata.get("dim").and_then(|dim| dim.parse().ok());
    let mut tracks = TracksOfRows::default();
    for batch in reader {
        let batch = batch.map_err(|error| damaged(path, format!("it cannot be read ({error})")))?;
        take_batch(&batch, rows, &mut table, &mut tracks).map_err(|what| damaged(path, what))?;
    }
    if table.rows() == 0 {
        table.dim = named_dim.unwrap_or(0);
    }
    table.tracks = tracks.finish().map_err(|what| damaged(path, what))?;
    Ok(table)
}

fn take_batch(
    batch: &RecordBatch,
    rows: usize,
    table: &mut EmbeddingTable,
    tracks: &mut TracksOfRows,
) -> Result<(), String> {
    let column = |name: &str| {
        let column = batch
            .column_by_name(name)
            .ok_or_else(|| format!("the column {name} is missing"))?;
        if name != "label" && column.null_count() > 0 {
            return Err(format!("the column {name} has empty cells"));
        }
        Ok(column)
    };
    let wrong = |name: &str| format!("the column {name} has the wrong type");
    let texts = |name: &str| -> Result<&StringArray, String> {
        column(name)?.as_string_opt().ok_or_else(|| wrong(name))
    };
    let (paths, labels) = (texts("path")?, texts("label")?);
    // What other programs write may have none.
    let splits = match batch.column_by_name("split") {
        Some(column) => Some(
            column
                .as_string_opt::<i32>()
                .ok_or_else(|| wrong("split"))?,
        ),
        None => None,
    };
    let track = column("track")?
        .as_primitive_opt::<UInt32Type>()
        .ok_or_else(|| wrong("track"))?;
    let time = column("timestamp")?
        .as_primitive_opt::<Float32Type>()
        .ok_or_else(|| wrong("timestamp"))?;
    let embedding: &ListArray = column("embedding")?
        .as_list_opt()
        .ok_or_else(|| wrong("embedding"))?;
    for values in embedding.iter().flatten() {
        let values = values
            .as_primitive_opt::<Float32Type>()
            .filter(|values| values.null_count() == 0)
            .ok_or_else(|| wrong("embedding"))?;
        if table.dim == 0 {
            table.dim = values.len();
        }
        if values.len() != table.dim {
            return Err(format!(
                "one embedding has {} values, the first {}",
                values.len(),
                table.dim
            ));
        }
        table.values.extend_from_slice(values.values());
    }
    table.timestamps.extend_from_slice(time.values());
    for (row, ((&index, path), label)) in track.values().iter().zip(paths).zip(labels).enumerate() {
        table.track.push(index);
        let split = splits
            .filter(|splits| splits.is_valid(row))
            .map(|splits| splits.value(row));
        tracks.note(
            index,
            rows,
            [path.unwrap_or(""), label.unwrap_or(""), split.unwrap_or("")],
        )?;
    }
    Ok(())
}
