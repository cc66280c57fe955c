//! Headings that are missing, stand in several lines or promise too much: what is read is the whole table, and said.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{fmt::Write, fs, path::Path, sync::Arc};

use arrow_array::{
    ArrayRef, Int64Array, RecordBatch, StringArray,
    builder::{Float32Builder, ListBuilder},
};
use mynascope_embedding::{EmbeddingTable, is_text_table, load_table};
use parquet::arrow::ArrowWriter;

/// Six vectors for the projector with these metadata.
fn projected(folder: &Path, metadata: &str) -> Result<EmbeddingTable, String> {
    let path = folder.join("v.tsv");
    let vectors: String = (0..6).map(|row| format!("{row}\t0.5\t-1\n")).collect();
    fs::write(&path, vectors).unwrap();
    fs::write(folder.join("v.metadata.tsv"), metadata).unwrap();
    load_table(&path).map_err(|error| error.to_string())
}

fn labels(table: &EmbeddingTable) -> Vec<&str> {
    let tracks = (0..table.rows()).map(|row| table.track_of(row).unwrap());
    tracks
        .map(|track| track.label.as_deref().unwrap_or_default())
        .collect()
}

#[test]
fn metadata_of_several_columns_without_headings_keep_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |row: fn(usize, &str) -> String| -> String {
        let genres = ["rock", "jazz", "rock", "dub", "jazz", "rock"];
        genres
            .iter()
            .enumerate()
            .map(|(at, genre)| row(at, genre))
            .collect()
    };
    for (metadata, has_paths) in [
        (rows(|at, genre| format!("m/{at}.wav\t{genre}\n")), true),
        (rows(|at, genre| format!("{genre}\tm/{at}.wav\r\n")), true),
        (
            rows(|at, genre| format!("m/{at}.wav\t{at}\t{genre}\ttrain\n")),
            true,
        ),
        (rows(|at, genre| format!("{at}\t{genre}\n")), false),
        (rows(|at, genre| format!("song {at}\t{genre}\n")), false),
    ] {
        let table = projected(folder.path(), &metadata).unwrap();
        assert_eq!(
            labels(&table),
            ["rock", "jazz", "rock", "dub", "jazz", "rock"],
            "{metadata}"
        );
        assert_eq!(
            table.track_of(1).unwrap().path.ends_with("m/1.wav"),
            has_paths
        );
        let said = table
            .notes
            .iter()
            .any(|note| note.contains("has no headings"));
        assert_eq!(said, has_paths, "{:?}", table.notes);
    }
    let parted = rows(|at, genre| format!("m/{at}.wav\t{genre}\t{}\n", ["train", "test"][at % 2]));
    let table = projected(folder.path(), &parted).unwrap();
    assert_eq!(table.track_of(1).unwrap().split.as_deref(), Some("test"));
    // Headings and a row too few are no row.
    let short = "path\tlabel\n".to_owned() + &rows(|at, genre| format!("m/{at}.wav\t{genre}\n"));
    let short = &short[..short.trim_end().rfind('\n').unwrap() + 1];
    let error = projected(folder.path(), short).unwrap_err();
    assert!(
        error.contains("headings and 5 rows, but the vectors have 6"),
        "{error}"
    );
}

/// FMA's `features.csv`, and what pandas writes of columns with several levels.
#[test]
fn headings_of_several_levels_are_joined_and_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("features.csv");
    let mut text = String::new();
    let columns = |of: fn(usize) -> String| (0..10).map(of).collect::<Vec<_>>().join(",");
    writeln!(
        text,
        "feature,{}",
        columns(|at| ["chroma", "mfcc"][at / 5].to_owned())
    )
    .unwrap();
    writeln!(text, "statistics,{}", columns(|_| "mean".to_owned())).unwrap();
    writeln!(
        text,
        "number,{}",
        columns(|at| format!("{:02}", at % 5 + 1))
    )
    .unwrap();
    writeln!(text, "track_id{}", ",".repeat(10)).unwrap();
    for track in [2, 3, 5] {
        writeln!(text, "{track},{}", columns(|at| format!("{}.25", at))).unwrap();
    }
    fs::write(&path, &text).unwrap();
    assert!(
        !is_text_table(&path),
        "two series of five are no numbered series of eight"
    );
    let table = load_table(&path).unwrap();
    assert_eq!((table.rows(), table.dim), (3, 10));
    assert_eq!(table.row(2)[..3], [0.25, 1.25, 2.25]);
    // A row without a vector below one row is none of headings.
    fs::write(&path, "path,e0,e1\na.wav,1,2\nb.wav,,\n").unwrap();
    let error = load_table(&path).unwrap_err().to_string();
    assert!(
        error.contains("line 3") && error.contains("empty"),
        "{error}"
    );
}

/// What pandas writes of columns with two levels, with and without a name for the index.
#[test]
fn the_second_of_two_levels_is_no_row_whether_of_words_or_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("features.csv");
    let columns = |of: &dyn Fn(usize) -> String| (0..10).map(of).collect::<Vec<_>>().join(",");
    let first = columns(&|_| "mfcc".to_owned());
    let numbers = columns(&|at| at.to_string());
    let words = columns(&|at| format!("m{at}"));
    let row = |number: usize| columns(&|at| format!("{number}.{at}"));
    for second in [&numbers, &words] {
        for (start, index, begins) in [("", "", true), ("", "track_id", true), ("", "", false)] {
            let mut text = String::new();
            let mut line = |cell: &str, cells: &str| match begins {
                true => writeln!(text, "{cell},{cells}").unwrap(),
                false => writeln!(text, "{cells}").unwrap(),
            };
            line(start, &first);
            line(start, second);
            if !index.is_empty() {
                line(index, &",".repeat(9));
            }
            for number in 0..3 {
                line(&number.to_string(), &row(number));
            }
            fs::write(&path, &text).unwrap();
            let table = load_table(&path).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!((table.rows(), table.dim), (3, 10), "{text}");
            assert_eq!(table.row(1)[..3], [1.0, 1.1, 1.2], "{text}");
        }
    }
    // Beside a column of files.
    fs::write(
        &path,
        "file,mfcc,mfcc\n,0,1\na.wav,0.5,1.5\nb.wav,2.5,3.5\n",
    )
    .unwrap();
    let table = load_table(&path).unwrap();
    assert_eq!((table.rows(), table.row(0)), (2, &[0.5, 1.5][..]));
    assert!(table.track_of(1).unwrap().path.ends_with("b.wav"));
}

/// As data sets of the Hugging Face hub keep their classes.
#[test]
fn numbers_of_classes_take_the_names_that_the_schema_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("classes.parquet");
    let mut vectors = ListBuilder::new(Float32Builder::new());
    for row in 0..3 {
        vectors.values().append_slice(&[row as f32, 1.0]);
        vectors.append(true);
    }
    let columns: [(&str, ArrayRef); 3] = [
        (
            "path",
            Arc::new(StringArray::from(vec!["a.wav", "b.wav", "c.wav"])),
        ),
        ("label", Arc::new(Int64Array::from(vec![1, 0, 1]))),
        ("embedding", Arc::new(vectors.finish())),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let told =
        r#"{"info": {"features": {"label": {"names": ["rock", "jazz"], "_type": "ClassLabel"}}}}"#;
    for (heading, wanted) in [
        ("huggingface", ["jazz", "rock", "jazz"]),
        ("other", ["1", "0", "1"]),
    ] {
        let kept = [(heading.to_owned(), told.to_owned())];
        let schema = batch.schema().as_ref().clone().with_metadata(kept);
        let batch = batch.clone().with_schema(Arc::new(schema)).unwrap();
        let file = fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        assert_eq!(labels(&load_table(&path).unwrap()), wanted);
    }
}

#[test]
fn columns_are_named_with_what_they_hold_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let mut lists = ListBuilder::new(ListBuilder::new(Float32Builder::new()));
    lists.values().values().append_value(1.0);
    lists.values().append(true);
    lists.append(true);
    let columns = [
        (
            "path",
            Arc::new(StringArray::from(vec!["a.wav"])) as ArrayRef,
        ),
        ("embedding", Arc::new(lists.finish())),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let error = load_table(&path).unwrap_err().to_string();
    assert!(
        error.contains("path (texts), embedding (lists of lists of numbers)"),
        "{error}"
    );
}
