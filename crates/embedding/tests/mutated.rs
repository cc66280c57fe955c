//! A file from elsewhere may be cut, turned or forged in any way: reading it ends in a table that fits together or in a
//! message, never in a panic, and sizes that it promises are not believed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{fs, path::Path};

use mynascope_embedding::{EmbeddingError, is_text_table, load_table};
use mynascope_spectrum::tokens::{Purpose, stream};

/// Every fixture, changed at some places by a seeded generator: bits turned, bytes cut out or doubled, numbers made huge.
#[test]
fn changed_files_never_panic() {
    const ROUNDS: u64 = 150;
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tables");
    let folder = tempfile::tempdir().unwrap();
    let mut files: Vec<_> = fs::read_dir(fixtures)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending != "py"))
        .collect();
    files.sort();
    assert!(files.len() > 40, "{}", files.len());
    let (mut opened, mut refused) = (0, 0);
    for (number, file) in (0_u64..).zip(&files) {
        let whole = fs::read(file).unwrap();
        let ending = file.extension().unwrap().to_string_lossy();
        let path = folder.path().join(format!("changed.{ending}"));
        // Vectors in text are read with what stands beside them.
        let metadata = fs::read(&files[(number as usize + 1) % files.len()]).unwrap();
        fs::write(folder.path().join("changed.metadata.tsv"), metadata).unwrap();
        for round in 0..ROUNDS {
            let mut random = stream(11, number, round, Purpose::Demo);
            let mut below = |end: usize| (random.normal().abs() * 1e6) as usize % end.max(1);
            let mut bytes = whole.clone();
            for _ in 0..=below(3) {
                let place = below(bytes.len());
                match below(5) {
                    0 => bytes.truncate(place),
                    1 if !bytes.is_empty() => bytes[place] ^= 1 << below(8),
                    2 if !bytes.is_empty() => bytes[place] = [0, 0xff, b'9', b'"', b'\t'][below(5)],
                    3 => {
                        let end = (place + 8).min(bytes.len());
                        bytes[place..end].fill(0xff);
                    }
                    _ => {
                        let end = (place + below(40)).min(bytes.len());
                        let copy = bytes[place..end].to_vec();
                        bytes.splice(place..place, copy);
                    }
                }
            }
            fs::write(&path, &bytes).unwrap();
            let _ = is_text_table(&path);
            match load_table(&path) {
                Ok(table) => {
                    table.validate().unwrap();
                    opened += 1;
                }
                Err(EmbeddingError::Read { source, .. }) => {
                    // Only what is no UTF-8 in a text.
                    assert_eq!(source.kind(), std::io::ErrorKind::InvalidData);
                    refused += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(
        opened > 100 && refused > 1000,
        "{opened} opened, {refused} refused"
    );
}

/// A header of a few bytes must not take memory for what it promises.
#[test]
fn arrays_that_promise_terabytes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.npy");
    for (descr, shape) in [
        ("<f4", "(1099511627776, 1048576)"),
        ("<f4", "(1000000000, 4)"),
        (">f8", "(18446744073709551615, 2)"),
        ("<f2", "(4, 1000000000)"),
        ("|u1", "(0, 0)"),
        ("<f4", "(99999999999, 0)"),
        ("<U99999999", "(3,)"),
    ] {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend([0; 16]);
        fs::write(&path, bytes).unwrap();
        let message = load_table(&path).unwrap_err().to_string();
        assert!(message.ends_with("huge.npy"), "{message}");
    }
    let path = folder.path().join("huge.safetensors");
    let header = r#"{"embedding":{"dtype":"F32","shape":[1099511627776,4],"data_offsets":[0,16]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([0; 16]);
    fs::write(&path, bytes).unwrap();
    assert!(load_table(&path).is_err());
}
