//! Rows of a table keep what names them, whatever form it has: ids as numbers or texts, an index, or columns without
//! headings; and what a table says twice or cannot be read as is said, with what to do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::{ArrayRef, Float32Array, Int64Array, RecordBatch, StringArray};
use mynascope_embedding::{EmbeddingTable, Level, is_text_table, load_table};
use parquet::arrow::ArrowWriter;
use zip::{ZipWriter, write::SimpleFileOptions};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<EmbeddingTable, String> {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        load_table(&path).map_err(|error| error.to_string())
    }
}

/// The name of each row's track: of a path its last part.
fn names(table: &EmbeddingTable) -> Vec<String> {
    let tracks = (0..table.rows()).map(|row| table.track_of(row).unwrap());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    tracks.map(|track| name(&track.path)).collect()
}

fn labels(table: &EmbeddingTable) -> Vec<&str> {
    let tracks = (0..table.rows()).map(|row| table.track_of(row).unwrap());
    tracks
        .map(|track| track.label.as_deref().unwrap_or_default())
        .collect()
}

/// An array of numpy; numbers of four bytes.
fn array<const SIZE: usize>(kind: &str, shape: &str, numbers: &[[u8; SIZE]]) -> Vec<u8> {
    let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    let padded = format!("{text:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((padded.len() as u16).to_le_bytes());
    bytes.extend(padded.as_bytes());
    bytes.extend(numbers.concat());
    bytes
}

fn floats(shape: &str, numbers: &[f32]) -> Vec<u8> {
    let numbers: Vec<[u8; 4]> = numbers.iter().map(|it| it.to_le_bytes()).collect();
    array("<f4", shape, &numbers)
}

fn archive(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let name = format!("{name}.npy");
        archive
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn numbers_that_name_the_tracks_are_names_and_no_values() {
    let folder = Folder::new();
    for heading in [
        "track_id", "id", "file", "name", "clip_id", "trackid", "song", "filename",
    ] {
        let text = format!("{heading},e0,e1\n000107,0.5,1\n000103,1.5,2\n000107,2.5,3\n");
        let table = folder.read("t.csv", text).unwrap();
        assert_eq!((table.dim, table.row(1)), (2, &[1.5, 2.0][..]), "{heading}");
        assert_eq!(names(&table), ["000107", "000103", "000107"], "{heading}");
        assert_eq!((table.tracks.len(), table.level), (2, Level::Window));
        assert!(table.tracks.iter().all(|track| !track.names_file()));
    }
    // Beside paths, numbers only order the tracks.
    let table = folder.read(
        "t.csv",
        "track_id,path,e0,e1\n107,b.wav,0.5,1\n103,a.wav,1.5,2\n",
    );
    assert_eq!(names(&table.unwrap()), ["b.wav", "a.wav"]);
    // Numbers of an artist name no track, and are no value either.
    let table = folder
        .read("t.csv", "artist_id,a,b\n7,0.5,1\n9,1.5,2\n")
        .unwrap();
    assert_eq!(
        (table.dim, &names(&table)[..]),
        (2, &["row 0", "row 1"].map(String::from)[..])
    );
}

#[test]
fn an_index_names_the_rows_unless_it_only_counts_them() {
    let folder = Folder::new();
    let rows = |index: &[&str], heading: &str| {
        let rows = index.iter().map(|name| format!("{name},0.5,1\n"));
        let rows: String = rows.collect();
        let text = format!("{heading},e0,e1\n{rows}");
        names(&folder.read("t.csv", text).unwrap())
    };
    let unnamed = ["row 0", "row 1", "row 2"];
    for heading in ["", "Unnamed: 0", "index"] {
        for named in [
            ["107", "103", "105"],
            ["2", "0", "1"],
            ["TRA", "TRC", "TRB"],
            ["b.wav", "b.wav", "a.wav"],
        ] {
            assert_eq!(rows(&named, heading), named, "{heading}");
        }
        for counts in [
            ["0", "1", "2"],
            ["1", "2", "3"],
            ["0", "0", "1"],
            ["x", "y", "x"],
        ] {
            assert_eq!(rows(&counts, heading), unnamed, "{heading} {counts:?}");
        }
    }
    assert_eq!(rows(&["Intro", "Intro", "Air"], "title"), unnamed);
    assert_eq!(
        rows(&["Intro", "Sea", "Air"], "title"),
        ["Intro", "Sea", "Air"]
    );
    // The same in Parquet, where pandas names the index so.
    let parquet = |name: &str, index: ArrayRef| {
        let values = || Arc::new(Float32Array::from(vec![0.5, 1.5, 2.5])) as ArrayRef;
        let columns = [("e0", values()), ("e1", values()), (name, index)];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let path = folder.path("t.parquet");
        let file = fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let table = load_table(&path).unwrap();
        assert_eq!(table.dim, 2);
        names(&table)
    };
    let numbers = |numbers: [i64; 3]| Arc::new(Int64Array::from(numbers.to_vec())) as ArrayRef;
    let index = "__index_level_0__";
    assert_eq!(
        parquet(index, numbers([107, 103, 105])),
        ["107", "103", "105"]
    );
    assert_eq!(parquet(index, numbers([0, 1, 2])), unnamed);
    assert_eq!(parquet("track_id", numbers([7, 3, 3])), ["7", "3", "3"]);
    let texts = Arc::new(StringArray::from(vec!["TRA", "TRC", "TRB"]));
    assert_eq!(parquet(index, texts), ["TRA", "TRC", "TRB"]);
}

#[test]
fn an_archive_names_its_rows_by_numbers_or_texts() {
    let folder = Folder::new();
    let vectors = || floats("(3, 2)", &[0.5; 6]);
    let ids = || array("<i4", "(3,)", &[107_i32, 103, 105].map(i32::to_le_bytes));
    let texts = || array("|S3", "(3,)", &[*b"TRA", *b"TRC", *b"TRB"]);
    for name in ["track_id", "ids", "file", "arr_1", "index"] {
        let table = folder.read("t.npz", archive(&[("embedding", vectors()), (name, ids())]));
        assert_eq!(names(&table.unwrap()), ["107", "103", "105"], "{name}");
        let table = folder.read(
            "t.npz",
            archive(&[("embedding", vectors()), (name, texts())]),
        );
        assert_eq!(names(&table.unwrap()), ["TRA", "TRC", "TRB"], "{name}");
    }
}

#[test]
fn an_archive_of_a_vector_for_each_path_is_a_table() {
    let folder = Folder::new();
    let table = folder.read(
        "t.npz",
        archive(&[
            ("m/b.wav", floats("(3,)", &[1.0, 2.0, 3.0])),
            ("m/a.wav", floats("(2, 3)", &[4.0, 5.0, 6.0, 7.0, 8.0, 9.0])),
        ]),
    );
    let table = table.unwrap();
    assert_eq!(names(&table), ["b.wav", "a.wav", "a.wav"]);
    assert_eq!(table.row(2), [7.0, 8.0, 9.0]);
    assert!(
        table.notes[0].contains("vectors of 2 tracks"),
        "{:?}",
        table.notes
    );
    let bytes = [1.0_f32, 2.0, 3.0].map(f32::to_le_bytes).concat();
    let tensor = |shape: Vec<usize>| {
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape, &bytes).unwrap()
    };
    let tensors = [("000100", tensor(vec![3])), ("000107", tensor(vec![1, 3]))];
    let saved = safetensors::serialize(tensors, None).unwrap();
    let table = folder.read("t.safetensors", saved).unwrap();
    assert_eq!(names(&table), ["000100", "000107"]);
    // Weights of a checkpoint are no vectors of tracks.
    let tensors = [("a.weight", tensor(vec![3])), ("a.bias", tensor(vec![3]))];
    let saved = safetensors::serialize(tensors, None).unwrap();
    let error = folder.read("t.safetensors", saved).unwrap_err();
    assert!(
        error.contains("one vector for each track under its path"),
        "{error}"
    );
}

#[test]
fn classes_that_are_marked_in_columns_are_labels_and_other_marks_are_refused() {
    let folder = Folder::new();
    let with = |marks: &[f32]| {
        let arrays = [
            ("feat", floats("(3, 2)", &[0.5; 6])),
            ("y", floats("(3, 3)", marks)),
        ];
        folder.read("t.npz", archive(&arrays))
    };
    let table = with(&[0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]).unwrap();
    assert_eq!(labels(&table), ["1", "0", "2"]);
    assert!(
        table.notes[0].contains("marks one of 3 classes"),
        "{:?}",
        table.notes
    );
    let error = with(&[0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]).unwrap_err();
    assert!(
        error.contains("[3, 3]") && error.contains("leave it out"),
        "{error}"
    );
    let arrays = [
        ("embedding", floats("(3, 2)", &[0.5; 6])),
        ("label", floats("(2,)", &[1.0; 2])),
    ];
    let error = folder.read("t.npz", archive(&arrays)).unwrap_err();
    assert!(error.contains("label has 2; save one of each"), "{error}");
}

/// Sixteen rows of eight values below no headings.
fn rows(row: impl Fn(usize, &str) -> String) -> String {
    let values = |at: usize| (0..8).map(move |place| format!("-{}.{place}", at + 1));
    (0..16)
        .map(|at| row(at, &values(at).collect::<Vec<_>>().join(",")))
        .collect()
}

#[test]
fn a_file_without_headings_is_read_from_its_first_row_on() {
    let folder = Folder::new();
    let genre = |at: usize| ["rock", "jazz"][at % 2];
    for (text, named, labelled) in [
        (
            rows(|at, values| format!("m/{at}.wav,{values},{}\n", genre(at))),
            true,
            true,
        ),
        (
            rows(|at, values| format!("{},{values}\n", genre(at))),
            false,
            true,
        ),
        (
            rows(|at, values| format!("{values},{}\n", genre(at))),
            false,
            true,
        ),
        (
            rows(|at, values| format!("m/{at}.wav,{values}\n")),
            true,
            false,
        ),
        (
            rows(|at, values| format!("{},m/{at}.wav,train,\"[{values}]\"\n", genre(at))),
            true,
            true,
        ),
        (
            rows(|at, values| {
                let values = values.replace('.', ";").replace(',', "|").replace(';', ",");
                format!("m/{at}.wav;{};{}\n", values.replace('|', ";"), genre(at))
            }),
            true,
            true,
        ),
    ] {
        let table = folder.read("t.csv", &text).unwrap();
        assert_eq!((table.dim, table.rows()), (8, 16), "{text}");
        assert_eq!(table.row(0)[..3], [-1.0, -1.1, -1.2], "{text}");
        let name = names(&table).swap_remove(0);
        let first = [name.as_str(), labels(&table)[0]];
        let wanted = [
            if named { "0.wav" } else { "row 0" },
            if labelled { "rock" } else { "" },
        ];
        assert_eq!(first, wanted, "{text}");
        assert!(table.notes[0].contains("no headings"), "{:?}", table.notes);
        assert!(is_text_table(&folder.path("t.csv")), "{text}");
    }
    // Ids in front and classes behind are no values.
    let text = rows(|at, values| format!("{},{values},{}\n", 200 - at, at % 2));
    let table = folder.read("t.csv", text).unwrap();
    assert_eq!((table.dim, names(&table)[1].as_str()), (8, "199"));
    assert_eq!(labels(&table)[..2], ["0", "1"]);
    // All numbers are values where none is such.
    let table = folder
        .read("t.csv", "1.5,2,3\n2.5,3,4\n3.5,2,1\n4.5,1,1\n")
        .unwrap();
    assert_eq!((table.dim, table.rows()), (3, 4));
    assert_eq!(table.notes, [""; 0]);
}

#[test]
fn headings_of_numbers_are_headings() {
    let folder = Folder::new();
    for (heading, dim) in [
        ("path,label,0,1", 2),
        ("path,label,10,30", 2),
        ("label,path,512", 1),
    ] {
        let row = |at: usize| {
            let [a, b] = if heading.starts_with("path") {
                ["a.wav", "x"]
            } else {
                ["x", "a.wav"]
            };
            format!("{a},{b}{}\n", format!(",{at}.5").repeat(dim))
        };
        let text = format!("{heading}\n{}{}", row(1), row(2));
        let table = folder.read("t.csv", text).unwrap();
        assert_eq!((table.dim, table.rows()), (dim, 2), "{heading}");
        assert_eq!(names(&table)[0], "a.wav", "{heading}");
    }
    // A list of tracks without headings is no table of vectors.
    let marks = ",0,1,0,1,1,1,0,0,1\n";
    let text: String = (0..4).map(|at| format!("{at}.wav{marks}")).collect();
    fs::write(folder.path("l.csv"), text).unwrap();
    assert!(!is_text_table(&folder.path("l.csv")));
}

#[test]
fn a_file_in_two_parts_or_with_two_labels_is_said() {
    let folder = Folder::new();
    let text = "path,label,split,start,e0,e1\n\
                a.wav,rock,train,0,1,2\nb.wav,rock,test,0,1,2\na.wav,rock,test,3,1,2\n";
    let table = folder.read("t.csv", text).unwrap();
    assert_eq!(table.track, [0, 1, 0]);
    assert_eq!(table.tracks[0].split.as_deref(), Some("train"));
    let [note] = &table.notes[..] else {
        panic!("{:?}", table.notes)
    };
    assert!(
        note.contains("1 file of the table: named in two parts") && note.contains("row 2 `test`"),
        "{note}"
    );
    let text = "path,label,e0,e1\na.wav,rock,1,2\nb.wav,jazz,1,2\na.wav,jazz,1,2\n";
    let table = folder.read("t.csv", text).unwrap();
    assert_eq!(labels(&table), ["rock", "jazz", "jazz"]);
    assert!(
        table.notes[0].contains("named with different labels"),
        "{:?}",
        table.notes
    );
}

#[test]
fn labels_that_differ_only_in_how_they_are_written_are_said() {
    let folder = Folder::new();
    let text =
        "path,label,e0,e1\na.wav,rock,1,2\nb.wav,Rock,1,2\nc.wav,\"rock \",1,2\nd.wav,dub,1,2\n";
    let table = folder.read("t.csv", text).unwrap();
    let [note] = &table.notes[..] else {
        panic!("{:?}", table.notes)
    };
    for label in ["`rock` (1 track)", "`Rock` (1 track)", "`rock ` (1 track)"] {
        assert!(note.contains(label), "{note}");
    }
}

#[test]
fn a_cell_that_is_no_number_is_named_with_what_to_do() {
    let folder = Folder::new();
    for (text, parts) in [
        (
            "path,e0,e1\na.wav,1,2\nb.wav,,3\n",
            ["line 3: its cell e0 is empty", "take the row out"],
        ),
        // In the first row the dimension would be missing in all.
        (
            "path,e0,e1\na.wav,1,\nb.wav,2,3\n",
            ["line 2: its cell e1 is empty", "fill it in"],
        ),
        (
            "path,e0,e1\na.wav,1.5,\"1,234.5\"\nb.wav,2,3\n",
            ["line 2: its cell e1 holds `1,234.5`", "as 1234.5"],
        ),
        (
            "path,e0,e1\na.wav,\"1,234.5\",\"2,345.5\"\n",
            [
                "column e0 begins with `1,234.5`",
                "nothing between thousands",
            ],
        ),
    ] {
        let error = folder.read("t.csv", text).unwrap_err();
        for part in parts {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
}

#[test]
fn a_table_in_utf_16_is_read() {
    let folder = Folder::new();
    let text = "path,label,e0,e1\nCafé.wav,Zouk,0.5,1\n";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [[&[0xff, 0xfe], &wide[..]].concat(), wide] {
        let table = folder.read("t.csv", bytes).unwrap();
        assert_eq!(
            (names(&table)[0].as_str(), table.row(0)),
            ("Café.wav", &[0.5, 1.0][..])
        );
    }
}
