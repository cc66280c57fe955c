//! A Parquet file with a row for each row of the table.

use std::{
    collections::{BTreeSet, HashMap},
    fs::File,
    io,
    path::Path,
    sync::Arc,
};

use arrow_array::{
    ArrayRef, Float32Array, RecordBatch, StringArray, UInt32Array,
    builder::{Float32Builder, ListBuilder},
};
use arrow_schema::{DataType, Field as Column, Schema};
use parquet::{
    arrow::{ArrowWriter, ProjectionMask, arrow_reader::ParquetRecordBatchReaderBuilder},
    basic::Compression,
    file::properties::WriterProperties,
};

use super::{
    MOST_BYTES, MOST_DIM, damaged,
    fields::{self, Field},
    no_vectors, parquet_columns as columns,
    rows::{Contents, RowTexts},
    unreadable, unusable,
};
use crate::{EmbeddingError, EmbeddingTable};
use mynascope_base::storage::write_atomic;

/// Rows that are turned into columns at a time.
const BATCH_ROWS: usize = 4096;

fn schema(table: &EmbeddingTable) -> Schema {
    let item = Arc::new(Column::new("item", DataType::Float32, false));
    let mut columns = vec![
        Column::new("path", DataType::Utf8, false),
        Column::new("label", DataType::Utf8, true),
        Column::new("split", DataType::Utf8, true),
        Column::new("track", DataType::UInt32, false),
        Column::new("timestamp", DataType::Float32, false),
        Column::new("embedding", DataType::List(item), false),
    ];
    if table.incomplete().next().is_some() {
        columns.push(Column::new("incomplete", DataType::Utf8, true));
    }
    Schema::new(columns).with_metadata(HashMap::from([
        ("encoder".to_owned(), table.encoder.clone()),
        ("encoder_hash".to_owned(), table.encoder_hash.clone()),
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
    let item = Column::new("item", DataType::Float32, false);
    let mut embedding = ListBuilder::new(Float32Builder::new()).with_field(item);
    for row in rows.clone() {
        embedding.values().append_slice(table.row(row));
        embedding.append(true);
    }
    let track = table.track.get(rows.clone()).unwrap_or_default().to_vec();
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(path),
        Arc::new(label),
        Arc::new(split),
        Arc::new(UInt32Array::from(track)),
        Arc::new(Float32Array::from(slice(&table.timestamps))),
        Arc::new(embedding.finish()),
    ];
    if schema.fields().len() > columns.len() {
        let incomplete: StringArray = tracks()
            .map(|track| track.and_then(|track| track.incomplete.as_deref()))
            .collect();
        columns.push(Arc::new(incomplete));
    }
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// Where the fields of a table stand among the columns of a file.
struct Places {
    /// The column of lists, or many columns of a number each.
    embedding: Vec<usize>,
    /// Paths, or the ids of the tracks.
    path: Option<usize>,
    /// A column that may name the rows, where no other does: an index of pandas, or titles.
    index: Option<usize>,
    label: Option<usize>,
    split: Option<usize>,
    track: Option<usize>,
    timestamp: Option<usize>,
    encoder: Option<usize>,
    encoder_hash: Option<usize>,
    level: Option<usize>,
    incomplete: Option<usize>,
}

impl Places {
    /// By the usual names and by types; none without vectors.
    fn of(schema: &Schema) -> Option<Self> {
        let names: Vec<&str> = schema
            .fields()
            .iter()
            .map(|it| it.name().as_str())
            .collect();
        let kind = |place: usize| schema.fields().get(place).map(|it| it.data_type());
        let is = |place: usize, test: fn(&DataType) -> bool| kind(place).is_some_and(test);
        let all = 0..names.len();
        let mut lists = all.clone().filter(|&place| is(place, columns::is_vector));
        let named = Field::Embedding.find(&names, |place| is(place, columns::is_vector));
        let embedding = match named.or_else(|| lists.next().filter(|_| lists.next().is_none())) {
            Some(place) => vec![place],
            None => {
                let numeric: Vec<(usize, &str)> = all
                    .zip(&names)
                    .filter(|&(place, name)| {
                        is(place, columns::is_number)
                            && !Field::is_claimed(name)
                            && !fields::is_index(name)
                    })
                    .map(|(place, &name)| (place, name))
                    .collect();
                fields::wide_columns(&numeric)
            }
        };
        if embedding.is_empty() {
            return None;
        }
        let find = |field: Field, test: fn(&DataType) -> bool| {
            field.find(&names, |place| {
                is(place, test) && !embedding.contains(&place)
            })
        };
        let path = find(Field::Path, columns::is_text).or_else(|| {
            Field::find_ids(&names, |place| {
                is(place, columns::is_number) && !embedding.contains(&place)
            })
        });
        let is_index = |place: &usize| {
            let name = names.get(*place);
            name.is_some_and(|name| fields::may_name(name))
                && (is(*place, columns::is_text) || is(*place, columns::is_whole))
        };
        let index = (0..names.len()).find(is_index);
        Some(Self {
            index: index.filter(|_| path.is_none()),
            path,
            label: find(Field::Label, |kind| {
                columns::is_text(kind) || columns::is_number(kind)
            }),
            split: find(Field::Split, |kind| {
                columns::is_text(kind) || columns::is_number(kind)
            }),
            track: find(Field::Track, columns::is_whole).filter(|&place| Some(place) != path),
            timestamp: find(Field::Timestamp, columns::is_time),
            encoder: find(Field::Encoder, columns::is_text),
            encoder_hash: find(Field::EncoderHash, columns::is_text),
            level: find(Field::Level, columns::is_text),
            incomplete: find(Field::Incomplete, columns::is_text),
            embedding,
        })
    }

    /// The columns that have to be read.
    fn used(&self) -> impl Iterator<Item = usize> {
        let others = [
            self.path,
            self.index,
            self.label,
            self.split,
            self.track,
            self.timestamp,
            self.encoder,
            self.encoder_hash,
            self.level,
            self.incomplete,
        ];
        self.embedding
            .iter()
            .copied()
            .chain(others.into_iter().flatten())
    }
}

pub(super) fn load(path: &Path) -> Result<Contents, EmbeddingError> {
    let file = File::open(path).map_err(unreadable(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|error| damaged(path, format!("it is no Parquet file ({error})")))?;
    let schema = Arc::clone(builder.schema());
    let places = Places::of(&schema).ok_or_else(|| {
        let is_text = |it: &&Arc<Column>| columns::is_text(it.data_type());
        let texts: Vec<&str> = schema
            .fields()
            .iter()
            .filter(is_text)
            .map(|it| it.name().as_str())
            .collect();
        if let Some(place) = Field::Embedding.find(&texts, |_| true) {
            let name = texts.get(place).copied().unwrap_or_default();
            let mut columns = schema.fields().iter();
            if columns.any(|it| it.name() == name && columns::is_bytes(it.data_type())) {
                return unusable(
                    path,
                    format!(
                        "its column {name} holds bytes, which do not say what numbers they are; make lists of numbers of \
                         them before saving, as with pandas' .map(lambda it: numpy.frombuffer(it, \"float32\"))"
                    ),
                );
            }
            return unusable(
                path,
                format!(
                    "its column {name} holds texts and no lists of numbers; read them as numbers before saving, as with \
                     pandas' .map(json.loads)"
                ),
            );
        }
        let describe = |it: &Arc<Column>| format!("{} ({})", it.name(), columns::words(it.data_type()));
        let found: Vec<String> = schema.fields().iter().map(describe).collect();
        no_vectors(path, "columns", &found)
    })?;
    let widest = places.embedding.iter().filter_map(|&place| {
        let column = schema.fields().get(place)?;
        Some(columns::fixed_width(column.data_type()))
    });
    let width = widest.max().unwrap_or(0).max(places.embedding.len());
    if width > MOST_DIM {
        return Err(unusable(
            path,
            format!("its vectors of {width} values are too long"),
        ));
    }
    // Other columns may hold whole files of sound.
    let mask = ProjectionMask::roots(builder.parquet_schema(), places.used());
    let batch_rows = (BATCH_ROWS * 1024 / width.max(1024)).max(1);
    let reader = builder
        .with_projection(mask)
        .with_batch_size(batch_rows)
        .build()
        .map_err(|error| damaged(path, format!("it cannot be read ({error})")))?;
    let metadata = schema.metadata();
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|it| it.name().as_str())
        .collect();
    // A map that this program wrote holds its table and the places of the points.
    let is_map = metadata.contains_key("encoder");
    let used: BTreeSet<usize> = places.used().collect();
    let is_used = |place: usize| {
        let is_axis = names
            .get(place)
            .is_some_and(|name| matches!(*name, "x" | "y"));
        used.contains(&place) || (is_map && is_axis)
    };
    let mixed = fields::say_mixed(&names, &places.embedding);
    let unread = fields::say_unread("columns", &names, is_used);
    let mut contents = Contents {
        encoder: metadata.get("encoder").cloned(),
        encoder_hash: metadata.get("encoder_hash").cloned(),
        level: metadata.get("level").cloned(),
        notes: mixed.into_iter().chain(unread).collect(),
        ..Contents::default()
    };
    for batch in reader {
        let batch = batch.map_err(|error| damaged(path, format!("it cannot be read ({error})")))?;
        take_batch(&batch, &schema, &places, &mut contents).map_err(|what| unusable(path, what))?;
    }
    if contents.tracks.len() == 0 {
        // Only a table without rows needs its width from here.
        contents.dim = metadata
            .get("dim")
            .and_then(|dim| dim.parse().ok())
            .unwrap_or(0);
    }
    Ok(contents)
}

/// The names of numbered classes, which data sets of the Hugging Face hub keep in their schema: `{"info": {"features":
/// {"label": {"names": ["rock", ..], "_type": "ClassLabel"}}}}`.
fn class_names(schema: &Schema, column: &str) -> Vec<String> {
    let names = schema.metadata().get("huggingface").and_then(|text| {
        let described: serde_json::Value = serde_json::from_str(text).ok()?;
        let feature = described.get("info")?.get("features")?.get(column)?;
        serde_json::from_value(feature.get("names")?.clone()).ok()
    });
    names.unwrap_or_default()
}

fn take_batch(
    batch: &RecordBatch,
    schema: &Schema,
    places: &Places,
    contents: &mut Contents,
) -> Result<(), String> {
    let first = contents.tracks.len();
    let named = |place: usize| {
        schema
            .fields()
            .get(place)
            .map_or("", |it| it.name().as_str())
    };
    // Columns of a batch are those that are used, in the order of the file.
    let mut used: Vec<usize> = places.used().collect();
    used.sort_unstable();
    used.dedup();
    let column = |place: usize| {
        let at = used.binary_search(&place).ok();
        at.and_then(|at| batch.columns().get(at))
            .ok_or_else(|| format!("its column {} is missing", named(place)))
    };
    let texts = |place: Option<usize>| -> Result<Option<Vec<Option<String>>>, String> {
        let Some(place) = place else { return Ok(None) };
        columns::texts(column(place)?)
            .map(Some)
            .map_err(|what| format!("its column {}: {what}", named(place)))
    };
    let numbers = |place: usize| -> Result<Vec<Option<f64>>, String> {
        columns::numbers(column(place)?)
            .map_err(|what| format!("its column {}: {what}", named(place)))
    };
    let dim = &mut contents.dim;
    match places.embedding.as_slice() {
        &[place] if columns::is_vector(column(place)?.data_type()) => {
            columns::vectors(column(place)?, first, dim, &mut contents.values)
                .map_err(|what| format!("its column {}: {what}", named(place)))?;
        }
        wide => {
            *dim = wide.len();
            let start = contents.values.len();
            contents
                .values
                .resize(start + batch.num_rows() * wide.len(), 0.0);
            for (at, &place) in wide.iter().enumerate() {
                let slots = contents.values.get_mut(start..).unwrap_or_default();
                let slots = slots.iter_mut().skip(at).step_by(wide.len());
                for ((row, slot), value) in slots.enumerate().zip(numbers(place)?) {
                    *slot = value.ok_or_else(|| {
                        format!(
                            "row {} of its column {} is empty",
                            first + row,
                            named(place)
                        )
                    })? as f32;
                }
            }
        }
    }
    if contents.values.len() as u64 * 4 > MOST_BYTES {
        return Err("its vectors take too much memory".to_owned());
    }
    if let Some(place) = places.timestamp {
        let unit_secs = f64::from(fields::unit_secs(named(place)));
        let times = columns::times(column(place)?, unit_secs)
            .map_err(|what| format!("its column {}: {what}", named(place)))?;
        let times = times.into_iter().map(|time| time.unwrap_or(0.0) as f32);
        contents.timestamps.get_or_insert_default().extend(times);
    }
    let index = places.track.map(numbers).transpose()?;
    let (paths, mut labels) = (texts(places.path)?, texts(places.label)?);
    let classes = places.label.map(|place| class_names(schema, named(place)));
    for label in labels.iter_mut().flatten().flatten() {
        let name = label.parse::<usize>().ok();
        let name = name.and_then(|number| classes.as_ref()?.get(number));
        if let Some(name) = name {
            label.clone_from(name);
        }
    }
    let splits = texts(places.split)?;
    let incomplete = texts(places.incomplete)?;
    if let Some(cells) = texts(places.index)? {
        let cells = cells.into_iter().map(Option::unwrap_or_default);
        contents.index.extend(cells);
    }
    let cell = |texts: &Option<Vec<Option<String>>>, row: usize| -> String {
        let text = texts.as_ref().and_then(|texts| texts.get(row).cloned());
        text.flatten().unwrap_or_default()
    };
    for row in 0..batch.num_rows() {
        let index = index
            .as_ref()
            .and_then(|index| index.get(row).copied().flatten());
        contents.tracks.push(RowTexts {
            index: index.map(|index| index as i64),
            path: &cell(&paths, row),
            label: &cell(&labels, row),
            split: &cell(&splits, row),
            incomplete: &cell(&incomplete, row),
        })?;
    }
    if first == 0 && batch.num_rows() > 0 {
        for (place, slot) in [
            (places.encoder, &mut contents.encoder),
            (places.encoder_hash, &mut contents.encoder_hash),
            (places.level, &mut contents.level),
        ] {
            if slot.is_none() && place.is_some() {
                *slot = Some(cell(&texts(place)?, 0));
            }
        }
    }
    Ok(())
}
