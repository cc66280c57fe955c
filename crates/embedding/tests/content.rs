//! A table is what its first bytes say, whatever its name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::path::{Path, PathBuf};

use mynascope_embedding::{is_text_table, load_table};

fn fixture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("../../tests/fixtures/tables").join(name)
}

#[test]
fn a_table_under_the_name_of_another_format_is_what_its_bytes_say() {
    let folder = tempfile::tempdir().unwrap();
    for (name, other) in [
        ("pandas.parquet", "csv"),
        ("pandas.parquet", "tsv"),
        ("pandas.parquet", "npz"),
        ("matrix.npy", "csv"),
        ("matrix.npy", "npz"),
        ("openl3.npz", "parquet"),
        ("openl3.npz", "npy"),
        ("f16.safetensors", "npz"),
        ("numbered.csv", "parquet"),
    ] {
        let path = folder.path().join("t").with_extension(other);
        std::fs::copy(fixture(name), &path).unwrap();
        let own = load_table(&fixture(name)).unwrap();
        let table = load_table(&path);
        let table = table.unwrap_or_else(|error| panic!("{name} as {other}: {error}"));
        assert_eq!(
            (table.dim, &table.values),
            (own.dim, &own.values),
            "{name} as {other}"
        );
        assert!(
            is_text_table(&path) || !["csv", "tsv"].contains(&other),
            "{name} as {other}"
        );
    }
    for (bytes, word) in [
        (&b"\x1f\x8b\x08\0"[..], "gzip"),
        (b"PK\x03\x04........[Content_Types].xml", "spreadsheet"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"\x80\x04\x95", "pickle"),
        (b"ARROW1\0\0", "Arrow"),
    ] {
        let path = folder.path().join("other.csv");
        std::fs::write(&path, bytes).unwrap();
        let message = load_table(&path).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
        assert!(!message.contains("damaged"), "{message}");
    }
}
