//! What pandas, Polars, DuckDB, pyarrow, numpy and people with TensorBoard's projector have on their disks opens as the
//! table that it is, or is refused with the remedy. `tests/fixtures/tables/make.py` wrote the files with those programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::path::{Path, PathBuf};

use mynascope_embedding::{EmbeddingTable, Level, is_text_table, load_table};

fn fixture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("../../tests/fixtures/tables").join(name)
}

fn load(name: &str) -> EmbeddingTable {
    load_table(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Value j of row i is i + j / 4.
fn has_rows(name: &str, table: &EmbeddingTable, rows: &[usize]) {
    let expected: Vec<f32> = rows
        .iter()
        .flat_map(|&row| (0..4).map(move |column| row as f32 + column as f32 / 4.0))
        .collect();
    assert_eq!((table.dim, &table.values), (4, &expected), "{name}");
}

/// For each row the file's name and the label.
fn names(table: &EmbeddingTable) -> Vec<(String, String)> {
    (0..table.rows())
        .map(|row| {
            let track = table.track_of(row).unwrap();
            let name = track
                .path
                .file_name()
                .unwrap()
                .to_string_lossy()
                .into_owned();
            (name, track.label.clone().unwrap_or_default())
        })
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
    owned.collect()
}

#[test]
fn lengths_of_time_are_read_in_their_own_unit_and_texts_for_vectors_are_named() {
    for name in ["timedelta.parquet", "polars_duration.parquet"] {
        let table = load(name);
        has_rows(name, &table, &ALL);
        assert_eq!(table.timestamps, [0.0, 1.5, 3.0, 4.5, 6.0, 7.5], "{name}");
    }
    let error = load_table(&fixture("text_vectors.parquet")).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("holds texts") && error.contains("json.loads"),
        "{error}"
    );
}

const ALL: [usize; 6] = [0, 1, 2, 3, 4, 5];

fn six(label_of: [&str; 3]) -> Vec<(String, String)> {
    let [a, b, c] = label_of;
    pairs(&[
        ("a.wav", a),
        ("a.wav", a),
        ("a.wav", a),
        ("b.wav", b),
        ("b.wav", b),
        ("c.wav", c),
    ])
}

#[test]
fn whole_tables_open_with_paths_labels_and_times() {
    for name in [
        "pandas.parquet",
        "pandas_category_index.parquet",
        "polars.parquet",
        "polars_array.parquet",
        "fixed_size.parquet",
        "fixed_size_f16.parquet",
        "large_list_f64.parquet",
        "large_strings.parquet",
        "binary_paths.parquet",
        "fortran.npz",
        "compressed_f16.npz",
        "big_endian.npz",
        "bytes.npz",
        "pandas_index.csv",
        "semicolons.csv",
        "polars.tsv",
    ] {
        let table = load(name);
        has_rows(name, &table, &ALL);
        assert_eq!(names(&table), six(["jazz", "rock", "jazz"]), "{name}");
        assert_eq!(table.timestamps, [0.0, 3.0, 6.0, 0.0, 3.0, 0.0], "{name}");
        assert_eq!(table.tracks.len(), 3, "{name}");
        assert_eq!(table.level, Level::Window, "{name}");
        // Relative paths are so to the file.
        let folder = std::fs::canonicalize(fixture("")).unwrap().join("m");
        assert_eq!(table.tracks[0].path, folder.join("a.wav"), "{name}");
    }
}

#[test]
fn what_a_table_has_not_is_left_empty() {
    for (name, labels) in [
        ("pandas_wide.parquet", ["jazz", "rock", "jazz"]),
        ("pandas_numbers.parquet", ["jazz", "rock", "jazz"]),
        ("pandas_unnamed_index.parquet", ["", "", ""]),
        ("pandas_unnamed_index.csv", ["", "", ""]),
        ("duckdb_array.parquet", ["jazz", "rock", "jazz"]),
        ("two_arrays.npz", ["", "", ""]),
        ("positional.npz", ["", "", ""]),
        ("x_y.npz", ["3", "7", "3"]),
        ("f16.safetensors", ["", "", ""]),
        ("list_cells.csv", ["", "", ""]),
        ("array_cells.csv", ["", "", ""]),
        ("one_column.tsv", ["", "", ""]),
        ("heading.tsv", ["jazz", "rock", "jazz"]),
    ] {
        let table = load(name);
        has_rows(name, &table, &ALL);
        assert_eq!(names(&table), six(labels), "{name}");
        assert_eq!(table.timestamps, [0.0; 6], "{name}");
        assert_eq!(table.encoder, "unknown", "{name}");
    }
}

#[test]
fn vectors_without_paths_are_rows_by_their_number() {
    for name in [
        "matrix.npy",
        "fortran_f64.npy",
        "openl3.npz",
        "unnamed.csv",
        "numbered.csv",
        "pandas_label_index.parquet",
        "spaces.csv",
        "alone_f64.safetensors",
        "tensors.tsv",
    ] {
        let table = load(name);
        has_rows(name, &table, &ALL);
        let paths: Vec<_> = table
            .tracks
            .iter()
            .map(|it| it.path.to_string_lossy())
            .collect();
        assert_eq!(
            paths,
            ["row 0", "row 1", "row 2", "row 3", "row 4", "row 5"],
            "{name}"
        );
        assert!(
            table.tracks.iter().all(|track| !track.names_file()),
            "{name}"
        );
    }
    let labels: Vec<_> = names(&load("tensors.tsv"))
        .into_iter()
        .map(|(_, label)| label)
        .collect();
    assert_eq!(labels, ["jazz", "jazz", "jazz", "rock", "rock", "jazz"]);
    let times = load("openl3.npz").timestamps;
    assert_eq!(times, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
}

#[test]
fn rows_that_were_taken_out_or_shuffled_keep_their_names() {
    let table = load("filtered_shuffled.parquet");
    has_rows("filtered", &table, &[5, 0, 2, 1]);
    assert_eq!(
        names(&table),
        pairs(&[
            ("c.wav", "jazz"),
            ("a.wav", "jazz"),
            ("a.wav", "jazz"),
            ("a.wav", "jazz")
        ])
    );
    assert_eq!(table.tracks.len(), 2);
    let table = load("duckdb.parquet");
    has_rows("duckdb", &table, &[5, 3, 4, 0, 1, 2]);
    assert_eq!(
        names(&table),
        pairs(&[
            ("c.wav", "jazz"),
            ("b.wav", "rock"),
            ("b.wav", "rock"),
            ("a.wav", "jazz"),
            ("a.wav", "jazz"),
            ("a.wav", "jazz")
        ])
    );
}

#[test]
fn rows_without_a_path_are_told_by_the_names_they_get() {
    let table = load("null_path.parquet");
    has_rows("null_path", &table, &ALL);
    let told: Vec<_> = table
        .notes
        .iter()
        .filter(|it| it.contains("path"))
        .collect();
    assert_eq!(
        told,
        ["1 row without a path, called by number instead: row 3"]
    );
}

#[test]
fn a_table_of_very_many_columns_opens_at_once() {
    // Seconds where time grows with the columns, hours where it grows with their square.
    const COLUMNS: usize = 100_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.csv");
    let heading: Vec<String> = (0..COLUMNS).map(|at| format!("e{at}")).collect();
    let numbers = vec!["0.5"; COLUMNS].join(",");
    std::fs::write(
        &path,
        format!("path,{}\na.wav,{numbers}\n", heading.join(",")),
    )
    .unwrap();
    assert!(is_text_table(&path));
    let table = load_table(&path).unwrap();
    assert_eq!((table.dim, table.rows()), (COLUMNS, 1));
    assert_eq!(table.tracks[0].path.file_name().unwrap(), "a.wav");
}

#[test]
fn an_archive_is_refused_for_a_shape_in_its_header_before_its_numbers_are_read() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.npz");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let mut array = |name: &str, shape: &str| {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(name, options).unwrap();
        let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let padded = format!("{text:<117}\n");
        archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
        archive
            .write_all(&(padded.len() as u16).to_le_bytes())
            .unwrap();
        archive.write_all(padded.as_bytes()).unwrap();
    };
    // Not one number follows: reading them would call the file damaged.
    array("embedding.npy", "(1, 250000000)");
    array("timestamps.npy", "(7, 9)");
    archive.finish().unwrap();
    let error = load_table(&path).unwrap_err().to_string();
    assert!(
        error.contains("embedding has the shape [1, 250000000] and not [rows, dim]"),
        "{error}"
    );
}

/// As spreadsheets on older systems save text.
#[test]
fn labels_that_are_not_utf_8_are_read_in_the_encoding_that_they_look_like_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let labels = ["Größenwahn", "Élan brisé", "plain"];
    let vectors = |row: usize| (0..8).map(|at| format!("{row}.{at}")).collect::<Vec<_>>();
    let latin = |text: &str| text.chars().map(|letter| letter as u8).collect::<Vec<u8>>();
    let mut bytes = b"path,label,e0,e1,e2,e3,e4,e5,e6,e7\n".to_vec();
    for (row, label) in labels.iter().enumerate() {
        bytes.extend(latin(&format!(
            "{row}.wav,{label},{}\n",
            vectors(row).join(",")
        )));
    }
    std::fs::write(&path, bytes).unwrap();
    let table = load_table(&path).unwrap();
    let found: Vec<_> = table.tracks.iter().map(|it| it.label.as_deref()).collect();
    assert_eq!(found, labels.map(Some));
    assert!(table.notes[0].contains("windows-1252"), "{:?}", table.notes);
    // In the metadata beside vectors, too.
    let path = folder.path().join("u.tsv");
    std::fs::write(&path, "1.0\t2.0\n3.0\t4.0\n5.0\t6.0\n").unwrap();
    let lines = labels.map(|label| latin(&format!("{label}\n"))).concat();
    std::fs::write(folder.path().join("u.metadata.tsv"), lines).unwrap();
    let table = load_table(&path).unwrap();
    let found: Vec<_> = table.tracks.iter().map(|it| it.label.as_deref()).collect();
    assert_eq!(found, labels.map(Some));
    assert!(
        table.notes[0].contains("u.metadata.tsv: "),
        "{:?}",
        table.notes
    );
}

#[test]
fn times_in_milliseconds_are_read_as_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    for (heading, factor) in [
        ("timestamp", 1),
        ("timestamp_ms", 1000),
        ("Start (ms)", 1000),
    ] {
        let mut text = format!("path,{heading},e0,e1,e2,e3,e4,e5,e6,e7\n");
        for row in 0..3 {
            let numbers = vec![format!("{row}.5"); 8].join(",");
            text.push_str(&format!("a.wav,{},{numbers}\n", 3 * row * factor));
        }
        std::fs::write(&path, text).unwrap();
        let table = load_table(&path).unwrap();
        assert_eq!((table.dim, table.rows()), (8, 3), "{heading}");
        let whole: Vec<i32> = table
            .timestamps
            .iter()
            .map(|it| it.round() as i32)
            .collect();
        assert_eq!(whole, [0, 3, 6], "{heading}");
        assert_eq!(table.level, Level::Window, "{heading}");
    }
}

/// `numpy.savetxt(.., header="d0,d1,..")` puts a `# ` before its heading; by default spaces part the cells.
#[test]
fn a_heading_that_numpy_wrote_as_a_comment_names_all_columns() {
    for gap in [",", " ", "\t"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let line = |cells: [&str; 6]| cells.join(gap);
        let heading = line(["d0", "d1", "d2", "d3", "d4", "d5"]);
        let rows = [
            line(["1.0", "2.5", "3", "4", "5", "6"]),
            line(["7.0", "8", "9", "10", "11", "12e0"]),
        ];
        std::fs::write(&path, format!("# {heading}\n{}\n", rows.join("\n"))).unwrap();
        let table = load_table(&path).unwrap();
        assert_eq!((table.dim, table.track.len()), (6, 2), "`{gap}`");
        assert_eq!(table.row(0), [1.0, 2.5, 3.0, 4.0, 5.0, 6.0], "`{gap}`");
        assert_eq!(table.row(1)[5], 12.0, "`{gap}`");
    }
}

/// pandas puts a label with a tab, a line end or a quote into quotes.
#[test]
fn labels_in_quotes_are_read_as_they_were() {
    let table = load("quotes.tsv");
    has_rows("quotes", &table, &ALL);
    let labels: Vec<_> = names(&table).into_iter().map(|(_, label)| label).collect();
    assert_eq!(labels, ["\"7 inch", "a\tb", "two\nlines", "12\"", "", "x"]);
}

#[test]
fn what_cannot_be_used_is_refused_with_row_and_remedy() {
    for (name, parts) in [
        (
            "bad_null_vector.parquet",
            &["embedding", "row 2 has no vector"][..],
        ),
        ("bad_ragged.parquet", &["row 5", "1 value,", "first has 2"]),
        ("bad_nan.parquet", &["row 0", "not a finite number"]),
        (
            "bad_no_vectors.parquet",
            &["holds no vectors", "path (", "label (", "`embedding`"],
        ),
        (
            "bad_object_paths.npz",
            &["array path", "Python objects", "`.astype(str)`"],
        ),
        (
            "bad_object_vectors.npz",
            &["array embedding", "`numpy.stack`"],
        ),
        ("bad_shortened.csv", &["line 2", "to_parquet"]),
        (
            "bad_bytes.parquet",
            &["embedding holds bytes", "numpy.frombuffer"],
        ),
        (
            "bad_longdouble.npy",
            &["the type <f16", ".astype(\"float32\")"],
        ),
        ("bad_complex.npy", &["the type <c8", "of its real part"]),
        (
            "heading.metadata.tsv",
            &["holds no vectors", "Filename, Genre"],
        ),
    ] {
        let message = load_table(&fixture(name)).unwrap_err().to_string();
        for part in parts {
            assert!(message.contains(part), "{name}: {part}: {message}");
        }
        assert!(message.ends_with(name), "{message}");
        assert!(!message.contains("damaged"), "it is whole: {message}");
    }
}

#[test]
fn a_text_of_vectors_is_told_from_a_list_of_tracks() {
    for name in ["tensors.tsv", "spaces.csv", "list_cells.csv", "quotes.tsv"] {
        assert!(is_text_table(&fixture(name)), "{name}");
    }
    for name in [
        "heading.metadata.tsv",
        "metadata.tsv",
        "pandas.parquet",
        "gone.csv",
    ] {
        assert!(!is_text_table(&fixture(name)), "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("annotations.csv");
    // A list of tracks with many tags is a list.
    let tags: Vec<String> = (0..40)
        .map(|tag| format!("tag{}", "x".repeat(tag)))
        .collect();
    let row = vec!["1"; 40].join("\t");
    let text = format!("clip_id\t{}\tmp3_path\n2\t{row}\ta.mp3\n", tags.join("\t"));
    std::fs::write(&path, text).unwrap();
    assert!(!is_text_table(&path));
    let path = folder.path().join("wide.csv");
    let numbers: Vec<String> = (0..40).map(|number| format!("e{number}")).collect();
    let text = format!(
        "path,{}\na.wav,{}\n",
        numbers.join(","),
        vec!["0.5"; 40].join(",")
    );
    std::fs::write(&path, text).unwrap();
    assert!(is_text_table(&path));
}

/// A map is no table of vectors, where it holds only places.
#[test]
fn places_on_a_map_are_no_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.tsv");
    let text = "path\tlabel\tsplit\ttimestamp\tx\ty\na.wav\tjazz\t\t0\t1.5\t2.5\n";
    std::fs::write(&path, text).unwrap();
    let message = load_table(&path).unwrap_err().to_string();
    assert!(message.contains("holds no vectors"), "{message}");
    assert!(!is_text_table(&path));
}

/// Rows of two vectors, [0.5, 1.25] and [-2, 3], however their numbers are written.
#[test]
fn vectors_are_read_with_decimal_commas_and_as_bare_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    for text in [
        "path;label;e0;e1\na.wav;x;0,5;1,25\nb.wav;y;-2;3\n",
        "path\tlabel\te0\te1\na.wav\tx\t0,5\t1,25\nb.wav\ty\t-2,0\t3,0\n",
        "0,5;1,25\n-2,0;3,0\n",
        "path~label~e0~e1\na.wav~x~0,5~1,25\nb.wav~y~-2~3\n",
        "path|label|e0|e1\na.wav|x|0.5|1.25\nb.wav|y|-2|3\n",
        "0,5~1,25\n-2~3\n",
        "0.5^1.25\n-2^3\n",
        "path~embedding\na.wav~[0.5, 1.25]\nb.wav~[-2, 3]\n",
        "path\u{1f}e0\u{1f}e1\na.wav\u{1f}0.5\u{1f}1.25\nb.wav\u{1f}-2\u{1f}3\n",
        "path,embedding\na.wav,\"0.5,1.25\"\nb.wav,\"-2,3\"\n",
        "path,embedding\na.wav,0.5 1.25\nb.wav,-2 3\n",
        "path,label,openl3\na.wav,x,[0.5 1.25]\nb.wav,y,[-2. 3. ]\n",
        "path,vector\na.wav,\"[np.float32(0.5), np.float32(1.25)]\"\nb.wav,\"[np.float32(-2), np.float32(3)]\"\n",
        "path,vector\na.wav,\"tensor([0.5, 1.25])\"\nb.wav,\"tensor([-2.0, 3.0])\"\n",
        "path,vector\na.wav,\"{0.5,1.25}\"\nb.wav,\"{-2,3}\"\n",
    ] {
        std::fs::write(&path, text).unwrap();
        let table = load_table(&path).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(
            (table.dim, &*table.values),
            (2, &[0.5, 1.25, -2.0, 3.0][..]),
            "{text}"
        );
        assert_eq!(table.notes, [""; 0]);
    }
    // A comma beside points might part thousands.
    std::fs::write(&path, "path;e0;e1\na.wav;0.5;1,250\n").unwrap();
    let message = load_table(&path).unwrap_err().to_string();
    assert!(
        message.contains("line 2") && message.contains("decimal comma"),
        "{message}"
    );
}

#[test]
fn words_of_a_split_are_read_as_in_lists_and_others_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let text = "path,split,embedding\na.wav,TRAIN,[1 2]\nb.wav,Val,[1 2]\nc.wav,testing,[1 2]\nd.wav,bogus,[1 2]\n";
    std::fs::write(&path, text).unwrap();
    let table = load_table(&path).unwrap();
    let splits: Vec<_> = table
        .tracks
        .iter()
        .map(|track| track.split.as_deref().unwrap())
        .collect();
    assert_eq!(splits, ["train", "valid", "test", "bogus"]);
    assert!(table.notes[0].contains("`bogus`"), "{:?}", table.notes);
}

#[test]
fn columns_that_are_no_part_of_a_table_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let notes = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        load_table(&path).unwrap().notes
    };
    let unread = "columns that nothing was read from: `bpm`, `year`, `comment`";
    assert_eq!(
        notes(
            "lists.csv",
            "path,embedding,bpm,year,comment\na.wav,[1 2],120,1999,good\n"
        ),
        [unread]
    );
    assert_eq!(
        notes(
            "wide.csv",
            "path,e0,e1,e2,e3,bpm,year,comment\na.wav,1,2,3,4,120,1999,good\n"
        ),
        [unread]
    );
    // Where no series of names tells the vectors from the rest, all numbers are theirs, and that is said.
    let mixed = notes("mixed.csv", "path,centroid,bpm\na.wav,0.5,120\n");
    assert!(
        mixed[0].contains("all columns of numbers: `centroid`, `bpm`") && mixed.len() == 1,
        "{mixed:?}"
    );
    let metadata = "path\tlabel\tbpm\na.wav\tx\t120\nb.wav\ty\t90\n";
    std::fs::write(folder.path().join("p.metadata.tsv"), metadata).unwrap();
    assert_eq!(
        notes("p.tsv", "0.5\t1\n0.25\t2\n"),
        ["p.metadata.tsv: columns that nothing was read from: `bpm`"]
    );
}
