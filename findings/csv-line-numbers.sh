#!/usr/bin/env bash
# Expected: `StringRecord::position().line()` of the crate csv is the line on which the record begins, to show in an error message.
# Seen:     it is where the reader stood before it looked for the record: with CRLF the second record is said to be on line 1, the third on
#           line 2, and a record after blank lines on the first of these; with a lone CR all are on line 1.
# Versions: crates csv 1.4.0, csv-core 0.1.13
# Date:     2026-11-29
# Source:   csv 1.4.0, src/reader.rs (the position is taken before the record is read); csv-core 0.1.13, src/reader.rs (`line` counts the
#           line feeds so far, and that of CRLF is left for the next record)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir -p lines/src
cat > lines/Cargo.toml <<'END'
[package]
name = "lines"
version = "0.0.0"
edition = "2021"
[dependencies]
csv = "=1.4.0"
csv-core = "=0.1.13"
END
cat > lines/src/main.rs <<'END'
fn lines(text: &str) -> Vec<u64> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().position().unwrap().line()).collect()
}

fn main() {
    for (name, text, ought) in [
        ("LF", "a\nb\nc\n", [1, 2, 3]),
        ("CRLF", "a\r\nb\r\nc\r\n", [1, 2, 3]),
        ("blank lines", "a\n\n\nb\nc\n", [1, 4, 5]),
        ("CR", "a\rb\rc\r", [1, 2, 3]),
    ] {
        println!("{name}: {text:?} begins on lines {:?}, ought {ought:?}", lines(text));
    }
    assert_eq!(lines("a\nb\nc\n"), [1, 2, 3]);
    if lines("a\r\nb\r\nc\r\n") != [1, 1, 2] || lines("a\n\n\nb\nc\n") != [1, 2, 5] {
        println!("the surprise is gone");
        std::process::exit(1);
    }
}
END
cd lines
CARGO_TARGET_DIR="$folder/target" CARGO_PROFILE_DEV_DEBUG=0 cargo build --quiet
cargo tree --quiet --depth 1 --prefix none | tail -n +2
"$folder/target/debug/lines"
