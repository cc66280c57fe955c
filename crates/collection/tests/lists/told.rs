//! What cannot be used is said, with its lines.

use crate::common::*;

#[test]
fn one_file_in_two_rows_is_one_track_and_said() {
    let home = Home::new();
    let plain = home.plain();
    let twice: String = home
        .rows
        .iter()
        .take(12)
        .map(|row| format!("{},dance,{}\n", row[0], row[2]))
        .collect();
    let collection = home.text(plain.clone() + &twice);
    assert_whole(&collection, "the first label stays");
    assert_note(
        &collection,
        &[
            "12 files",
            "different labels",
            "line 2 `rock`, line 38 `dance`",
        ],
    );
    // Under another spelling of its path, too.
    for spelling in [
        "audio/rock/00.wav",
        "./audio/rock/00.wav",
        "audio\\rock\\00.wav",
        "audio/jazz/../rock/00.wav",
    ] {
        let collection = home.text(format!("{plain}{spelling},rock,test\n"));
        assert_whole(&collection, "the first part stays");
        assert_note(
            &collection,
            &["1 file", "two parts", "line 2 train, line 38 test"],
        );
    }
    let same = home.text(format!("{plain}audio/rock/00.wav,rock,train\n"));
    assert_whole(&same, "nothing changes");
    assert_note(&same, &["1 row", "line 2 and line 38"]);
}

#[test]
fn what_is_not_there_is_counted_with_its_lines() {
    let home = Home::new();
    let some =
        home.text(home.plain() + "audio/gone.wav,rock,test\n,rock,test\n\naudio/gone2.wav,rock,\n");
    assert_eq!(some.tracks.len(), 38);
    assert_eq!(
        some.tracks
            .iter()
            .filter(|track| track.problem.is_some())
            .count(),
        2
    );
    assert_note(
        &some,
        &[
            "2 of 38 files are not where",
            "line 38 `audio/gone.wav`",
            "line 41",
        ],
    );
    assert_note(&some, &["1 row without a path", "line 39"]);
    // The list of a large set of which a part is here.
    let rows: String = (0..100)
        .map(|at| format!("audio/other/{at}.wav,rock,train\n"))
        .collect();
    let part = home.text(home.plain() + &rows);
    assert_whole(&part, "a part of a set");
    assert_note(&part, &["100 of 136 files", "left out"]);
    // Names that several files have.
    for folder in ["x", "y"] {
        fs::create_dir(home.file(folder)).unwrap();
        fs::write(home.file(folder).join("same.wav"), "").unwrap();
    }
    let several = home.text("file,label\nsame.wav,a\naudio/rock/00.wav,b\n");
    assert!(
        several.tracks[0]
            .problem
            .as_ref()
            .unwrap()
            .contains("several files")
    );
    // Two rows that would be one file are none.
    fs::write(home.file("7.wav"), "").unwrap();
    let unclear = home.text("file,label\n/a/7.wav,a\n/b/7.wav,b\naudio/rock/00.wav,b\n");
    assert!(
        unclear.tracks[0]
            .problem
            .as_ref()
            .unwrap()
            .contains("several rows")
    );
    assert_note(&unclear, &["line 2 and line 3"]);
}

#[test]
fn a_list_without_files_or_labels_says_what_it_has_and_what_is_wanted() {
    let home = Home::new();
    for text in [
        "name,genre\nx,y\n",
        "a;b;c\n1;2;3\n",
        "",
        "\n\n",
        "one column\nof text\n",
    ] {
        let error = home.try_text(text).unwrap_err().to_string();
        assert!(
            error.contains("`file`") && !error.contains("demo"),
            "{error}"
        );
        assert!(error.ends_with("list.csv"), "{error}");
        if let Some(first) = text
            .split([',', ';', '\n'])
            .next()
            .filter(|it| !it.is_empty())
        {
            assert!(error.contains(first), "{error}");
        }
    }
    let bare = home.list("file,loudness,bits", |_, [path, ..]| {
        format!("{path},-9,16")
    });
    assert_note(
        &bare,
        &[
            "no column of labels",
            "`loudness`, `bits`",
            "`label`",
            "`tags`",
        ],
    );
    let more = home.list("file,label,loudness", |_, [path, label, _]| {
        format!("{path},{label},-9")
    });
    assert_note(&more, &["nothing was read from: `loudness`"]);
    let years = home.list("file,genre,mood,year,album", |_, [path, label, _]| {
        format!("{path},{label},calm,1999,X")
    });
    assert_note(&years, &["nothing was read from: `mood`, `year`, `album`"]);
    let twice = home.list("file,label,label,year", |_, [path, label, _]| {
        format!("{path},{label},calm,1999")
    });
    assert_note(
        &twice,
        &["2 columns have the name `label`; the first is read"],
    );
    assert_note(&twice, &["nothing was read from: `year`"]);
    let artists = home.list("file,artist", |_, [path, label, _]| {
        format!("{path},The {label}")
    });
    assert_eq!(artists.labels().len(), 3);
    assert_note(&artists, &["artists"]);
    // A table that is none.
    let noise: Vec<u8> = (0..5000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    assert!(home.try_text(noise).is_err());
}
