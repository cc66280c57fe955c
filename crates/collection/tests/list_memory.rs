//! A long list takes little more memory than the tracks that it becomes. A binary of its own, because other tests beside it
//! would take some, too.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{fmt::Write, fs};

use mynascope_base::jobs::Watch;
use mynascope_collection::{OpenOptions, open_with};

/// The most memory that this process has had, in bytes.
fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() * 1024
}

#[test]
fn a_list_of_200_000_rows_takes_less_than_750_bytes_a_row() {
    const ROWS: u64 = 200_000;
    // No file of it is here: what is measured is the list.
    let folder = tempfile::tempdir().unwrap();
    for genre in 0..10 {
        fs::create_dir_all(folder.path().join(format!("audio/genre{genre}"))).unwrap();
    }
    let mut list = "file,label,split\n".to_owned();
    for row in 0..ROWS {
        let genre = row % 10;
        let path = format!("audio/genre{genre}/track_{row:07}.wav");
        let part = ["train", "train", "valid", "test"][row as usize % 4];
        writeln!(list, "{path},genre{genre},{part}").unwrap();
    }
    let path = folder.path().join("list.csv");
    fs::write(&path, &list).unwrap();
    drop(list);
    let before = peak_bytes();
    let opened = open_with(&[path], OpenOptions::default(), &Watch::unattended()).unwrap();
    let row = (peak_bytes() - before) / ROWS;
    assert_eq!(opened.tracks.len() as u64, ROWS);
    assert!(row < 750, "{row} bytes a row");
}
