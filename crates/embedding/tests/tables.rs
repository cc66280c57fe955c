//! A table of embeddings survives its file, Python reads it without running anything, and a damaged file is a
//! message, never a panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{fs, path::Path, process::Command};

use mynascope_embedding::{
    EmbeddingError, EmbeddingTable, Level, TABLE_EXTENSIONS, TrackRow, load_table, metadata_path,
    save_table,
};

/// Paths are absolute, as those of every table that was read are.
fn table() -> EmbeddingTable {
    let track = |path: &str, label: Option<&str>| TrackRow {
        path: path.into(),
        label: label.map(str::to_owned),
        split: label.map(|_| "valid".to_owned()),
        incomplete: label.map(|_| "Ends early: \"half\" of it".to_owned()),
    };
    EmbeddingTable {
        dim: 3,
        values: vec![
            0.1,
            -2.5e-30,
            f32::MAX,
            1.0,
            2.0,
            3.0,
            f32::MIN_POSITIVE,
            0.0,
            -0.0,
            1e7,
            1.0 / 3.0,
            -7.25,
        ],
        timestamps: vec![0.0, 3.072, 6.144, 0.0],
        track: vec![0, 0, 0, 1],
        tracks: vec![
            track("/music/Dvořák – quote\" and 音.mp3", Some("folk \"dance\"")),
            track("/b.wav", None),
        ],
        encoder: "untrained tiny hybrid, seed 0".to_owned(),
        encoder_hash: "5e6f-layer3".to_owned(),
        level: Level::Window,
        notes: Vec::new(),
    }
}

#[test]
fn every_format_gives_back_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    for extension in TABLE_EXTENSIONS {
        for table in [table(), table().track_means()] {
            let path = folder.path().join(format!("table.{extension}"));
            save_table(&table, &path).unwrap();
            assert_eq!(load_table(&path).unwrap(), table, "{extension}");
        }
    }
}

#[test]
fn more_rows_than_a_batch_survive_too() {
    let rows = 5000_u32;
    let big = EmbeddingTable {
        dim: 2,
        values: (0..rows * 2).map(|value| value as f32).collect(),
        timestamps: (0..rows).map(|row| row as f32).collect(),
        track: (0..rows).map(|row| row / 10).collect(),
        tracks: (0..rows / 10)
            .map(|track| TrackRow {
                path: format!("/m/{track}.wav").into(),
                label: Some((track % 3).to_string()),
                split: None,
                incomplete: None,
            })
            .collect(),
        ..table()
    };
    let folder = tempfile::tempdir().unwrap();
    for extension in TABLE_EXTENSIONS {
        let path = folder.path().join(format!("big.{extension}"));
        save_table(&big, &path).unwrap();
        // Thousands of rows are no message.
        assert!(load_table(&path).unwrap() == big, "{extension}");
    }
}

#[test]
fn numbers_that_are_not_finite_are_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = table();
    table.values[4] = f32::NAN;
    for extension in TABLE_EXTENSIONS {
        let path = folder.path().join(format!("table.{extension}"));
        assert!(save_table(&table, &path).is_err(), "{extension}");
        assert!(!path.exists());
    }
}

#[test]
fn an_unknown_ending_names_the_known_ones() {
    for path in ["table.csv", "table", "table.npy"] {
        let error = save_table(&table(), Path::new(path)).unwrap_err();
        assert!(matches!(error, EmbeddingError::UnknownFormat { .. }));
        let message = error.to_string();
        for extension in TABLE_EXTENSIONS {
            assert!(message.contains(extension), "{message}");
        }
        assert!(message.ends_with(path), "{message}");
    }
    for (path, remedy) in [
        ("table.pkl", "numpy.savez"),
        ("table.feather", "Parquet"),
        ("table", "one of these"),
    ] {
        let error = load_table(Path::new(path)).unwrap_err();
        assert!(matches!(error, EmbeddingError::UnreadableFormat { .. }));
        let message = error.to_string();
        for part in [remedy, ".npy", ".csv", ".parquet"] {
            assert!(message.contains(part), "{message}");
        }
        assert!(message.ends_with(path), "{message}");
    }
}

/// Both moved together, a table and the sound below it stay one; tables of other places keep absolute paths.
#[test]
fn a_table_moves_with_the_sound_below_it() {
    let home = tempfile::tempdir().unwrap();
    let old = home.path().join("old");
    fs::create_dir_all(old.join("sub")).unwrap();
    fs::write(old.join("sub/a.wav"), b"").unwrap();
    let mut table = table();
    table.tracks[0].path = old.join("sub/a.wav");
    for extension in TABLE_EXTENSIONS {
        save_table(&table, &old.join(format!("t.{extension}"))).unwrap();
        assert_eq!(
            load_table(&old.join(format!("t.{extension}"))).unwrap(),
            table
        );
    }
    let new = home.path().join("new");
    fs::rename(&old, &new).unwrap();
    for extension in TABLE_EXTENSIONS {
        let moved = load_table(&new.join(format!("t.{extension}"))).unwrap();
        assert_eq!(moved.tracks[0].path, new.join("sub/a.wav"), "{extension}");
        assert_eq!(moved.tracks[1].path, Path::new("/b.wav"), "{extension}");
    }
}

/// Quotation marks, tabs and line ends stand in quotes, as pandas, polars and DuckDB read them; none is lost.
#[test]
fn metadata_of_any_label_are_read_as_they_were_by_what_knows_quotes() {
    let folder = tempfile::tempdir().unwrap();
    let labels = [
        "\"7 inch",
        "12\"",
        "a\tb",
        "two\r\nlines",
        "\"",
        "\"x\" y",
        "C:\\new",
        "plain",
    ];
    let rows = labels.len();
    let table = EmbeddingTable {
        dim: 1,
        values: vec![0.5; rows],
        timestamps: vec![0.0; rows],
        track: (0..rows as u32).collect(),
        tracks: labels
            .iter()
            .enumerate()
            .map(|(row, label)| TrackRow {
                path: format!("/m/{row}.wav").into(),
                label: Some((*label).to_owned()),
                split: None,
                incomplete: None,
            })
            .collect(),
        encoder: "t".into(),
        encoder_hash: String::new(),
        level: Level::Track,
        notes: Vec::new(),
    };
    let path = folder.path().join("t.tsv");
    save_table(&table, &path).unwrap();
    let text = fs::read_to_string(metadata_path(&path)).unwrap();
    assert!(text.contains("\t\"12\"\"\"\t"), "{text}");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .from_reader(text.as_bytes());
    let read: Vec<String> = reader
        .records()
        .map(|record| record.unwrap()[1].to_owned())
        .collect();
    assert_eq!(read, labels);
    let again = load_table(&path).unwrap();
    let read: Vec<String> = again
        .tracks
        .iter()
        .map(|it| it.label.clone().unwrap())
        .collect();
    assert_eq!(read, labels);
}

/// Metadata of earlier versions, which put backslashes before tabs.
#[test]
fn escaped_metadata_of_earlier_versions_still_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.tsv");
    fs::write(&path, "1\t2\n3\t4\n").unwrap();
    let metadata = "path\tlabel\tsplit\ttrack\ttimestamp\tlevel\tencoder\n\
                    /m/a\\tb.wav\tjazz\ttest\t0\t0\twindow\told\n\
                    /m/a\\tb.wav\tjazz\ttest\t0\t3\twindow\told\n";
    fs::write(metadata_path(&path), metadata).unwrap();
    let table = load_table(&path).unwrap();
    assert_eq!(table.tracks.len(), 1);
    assert_eq!(table.tracks[0].path, Path::new("/m/a\tb.wav"));
    assert_eq!(
        (table.level, table.encoder.as_str()),
        (Level::Window, "old")
    );
}

/// Cut anywhere, a file is refused: no table is read from half a file.
#[test]
fn truncated_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for extension in TABLE_EXTENSIONS {
        let path = folder.path().join(format!("table.{extension}"));
        save_table(&table(), &path).unwrap();
        let whole = fs::read(&path).unwrap();
        // A text file cut inside its last number (or before its line end) is a shorter number, not damage that
        // can be seen.
        let end = match extension {
            "tsv" => whole.len() - "-7.25\n".len(),
            _ => whole.len(),
        };
        for length in 0..end {
            fs::write(&path, &whole[..length]).unwrap();
            let error = load_table(&path).expect_err(&format!("{extension} cut at {length}"));
            let damaged = matches!(error, EmbeddingError::Damaged { .. });
            // Of a text only the rows or cells that are missing tell; what ends within its first bytes may be any.
            let unknown = extension == "tsv" || length < 8;
            assert!(damaged || unknown, "{error}");
        }
    }
}

/// Any byte may be wrong: the answer is a message or a table that fits together, never a panic.
#[test]
fn flipped_bytes_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    for extension in TABLE_EXTENSIONS {
        let path = folder.path().join(format!("table.{extension}"));
        save_table(&table(), &path).unwrap();
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[place] ^= flip;
                fs::write(&path, &bytes).unwrap();
                if let Ok(table) = load_table(&path) {
                    table.validate().unwrap();
                }
            }
        }
    }
}

#[test]
fn the_wrong_contents_are_named() {
    let folder = tempfile::tempdir().unwrap();
    // A table of one format under the ending of another.
    for (from, to) in [
        ("npz", "parquet"),
        ("parquet", "safetensors"),
        ("safetensors", "npz"),
    ] {
        let (source, target) = (
            folder.path().join(format!("a.{from}")),
            folder.path().join(format!("b.{to}")),
        );
        save_table(&table(), &source).unwrap();
        fs::copy(&source, &target).unwrap();
        // Its bytes tell what it is.
        assert_eq!(load_table(&target).unwrap(), load_table(&source).unwrap());
    }
    // Tensors of other names.
    let path = folder.path().join("weights.safetensors");
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &[0; 4]).unwrap();
    fs::write(
        &path,
        safetensors::serialize([("weight", view)], None).unwrap(),
    )
    .unwrap();
    let message = load_table(&path).unwrap_err().to_string();
    assert!(message.contains("weight [1]"), "{message}");
    // Vectors and metadata of different tables.
    let path = folder.path().join("pair.tsv");
    save_table(&table(), &path).unwrap();
    let metadata = fs::read_to_string(metadata_path(&path)).unwrap();
    let shorter = metadata.lines().take(3).collect::<Vec<_>>().join("\n");
    fs::write(metadata_path(&path), shorter).unwrap();
    let message = load_table(&path).unwrap_err().to_string();
    assert!(
        message.contains("2 rows, but the vectors have 4"),
        "{message}"
    );
    // No file at all.
    let message = load_table(&folder.path().join("none.npz"))
        .unwrap_err()
        .to_string();
    assert!(message.contains("cannot read"), "{message}");
}

/// Arrays that claim more than the file holds must not be believed (and must not be allocated).
#[test]
fn an_npz_that_promises_terabytes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.npz");
    for shape in [[1_u64 << 20, 1 << 20], [1 << 20, 1 << 40], [1 << 30, 1]] {
        use npyz::WriterBuilder;
        let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file("embedding.npy", options).unwrap();
        npyz::WriteOptions::<f32>::new()
            .default_dtype()
            .shape(&shape)
            .writer(&mut archive)
            .write_header_only()
            .unwrap();
        archive.finish().unwrap();
        let message = load_table(&path).unwrap_err().to_string();
        assert!(
            message.contains("too large") || message.contains("not that of its shape"),
            "{message}"
        );
    }
}

/// A Python that has numpy: the first on the path, or Debian's.
fn python() -> &'static str {
    ["python3", "/usr/bin/python3"]
        .into_iter()
        .find(|program| {
            let tried = Command::new(program).args(["-c", "import numpy"]).output();
            tried.is_ok_and(|output| output.status.success())
        })
        .expect("python3 with numpy is missing: apt-get install python3-numpy")
}

/// numpy reads the npz without pickle, and Python's own tools read the rest. (`tests/read_exports.py` reads Parquet by
/// pyarrow, which is no Debian package.)
#[test]
fn python_reads_the_tables() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/read_tables.py");
    let folder = tempfile::tempdir().unwrap();
    let table = table();
    for extension in ["npz", "safetensors", "tsv"] {
        let path = folder.path().join(format!("table.{extension}"));
        save_table(&table, &path).unwrap();
        let output = Command::new(python())
            .arg(&script)
            .arg(&path)
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{extension}: {error}");
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(read["encoder"], table.encoder.as_str(), "{extension}");
        assert_eq!(read["level"], "window");
        assert_eq!(read["label"][0], "folk \"dance\"");
        assert_eq!(read["label"][3], "");
        if extension != "tsv" {
            assert_eq!(read["path"][0], table.tracks[0].path.to_str().unwrap());
        }
        for row in 0..4 {
            assert_eq!(
                read["timestamps"][row].as_f64().unwrap() as f32,
                table.timestamps[row]
            );
            for column in 0..3 {
                let value = read["embedding"][row][column].as_f64().unwrap() as f32;
                assert_eq!(value, table.row(row)[column], "{extension}");
            }
        }
        if extension == "npz" {
            assert_eq!(read["types"]["embedding"], "float32");
            assert_eq!(read["types"]["track"], "int64");
        }
    }
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf_8_come_back_from_every_format() {
    use std::os::unix::ffi::OsStringExt;

    let folder = tempfile::tempdir().unwrap();
    let odd = std::ffi::OsString::from_vec(b"sub/caf\xe9 \xff.wav".to_vec());
    let path = folder.path().join(odd);
    for ending in ["npz", "parquet", "tsv", "safetensors"] {
        let mut table = EmbeddingTable::empty(2, "fake".to_owned(), Level::Window);
        table.tracks.push(TrackRow {
            path: path.clone(),
            label: None,
            split: None,
            incomplete: None,
        });
        table.track = vec![0, 0];
        table.timestamps = vec![0.0, 3.0];
        table.values = vec![1.0, 2.0, 3.0, 4.0];
        let file = folder.path().join(format!("t.{ending}"));
        save_table(&table, &file).unwrap();
        let back = load_table(&file).unwrap();
        assert_eq!(back.tracks.len(), 1, "{ending}");
        assert_eq!(back.tracks[0].path, path, "{ending}");
    }
}
