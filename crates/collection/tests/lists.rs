//! Lists as people have them: saved by spreadsheets, scripts and other systems, with the field's words for parts, tags
//! and keys. What cannot be read is said, with its line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use mynascope_base::jobs::Watch;
use mynascope_collection::{
    Collection, CollectionError, CollectionKind, OpenOptions, key_name, open_with,
};

const GENRES: [&str; 3] = ["rock", "jazz", "techno"];

/// A folder with 36 sound files of three genres, and what a list says of them: path, genre, part.
struct Home {
    folder: tempfile::TempDir,
    rows: Vec<[String; 3]>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rows = (0..36).map(|at| {
            let genre = GENRES[at % 3];
            let path = format!("audio/{genre}/{at:02}.wav");
            let whole = folder.path().join(&path);
            fs::create_dir_all(whole.parent().unwrap()).unwrap();
            fs::write(whole, "").unwrap();
            let part = match at % 12 {
                0..7 => "train",
                7..9 => "valid",
                _ => "test",
            };
            [path, genre.to_owned(), part.to_owned()]
        });
        Self {
            rows: rows.collect(),
            folder,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes and opens a list of all files with further fields.
    fn list(&self, heading: &str, fields: impl Fn(usize, &[String; 3]) -> String) -> Collection {
        let rows = self.rows.iter().enumerate();
        let rows: String = rows.map(|(at, row)| fields(at, row) + "\n").collect();
        self.text(format!("{heading}\n{rows}"))
    }

    fn text(&self, text: impl AsRef<[u8]>) -> Collection {
        self.try_text(text).unwrap()
    }

    fn try_text(&self, text: impl AsRef<[u8]>) -> Result<Collection, CollectionError> {
        let path = self.file("list.csv");
        fs::write(&path, text).unwrap();
        open(&[&path])
    }

    /// The list as the cases begin: comma, UTF-8, `file`, `label`, `split`.
    fn plain(&self) -> String {
        let rows: String = self.rows.iter().map(|row| row.join(",") + "\n").collect();
        format!("file,label,split\n{rows}")
    }
}

fn open(paths: &[&Path]) -> Result<Collection, CollectionError> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    open_with(&paths, OpenOptions::default(), &Watch::unattended())
}

fn sizes(collection: &Collection) -> [usize; 3] {
    collection.split.as_ref().map_or([0; 3], |split| {
        [&split.train, &split.valid, &split.test].map(Vec::len)
    })
}

/// All 36 files are there, with their genres and parts, and nothing is to be said.
fn assert_whole(collection: &Collection, what: &str) {
    assert_eq!(collection.kind, CollectionKind::Listed, "{what}");
    assert_eq!(
        collection.tracks.len(),
        36,
        "{what}: {:?}",
        collection.notes
    );
    assert_eq!(collection.labels(), ["jazz", "rock", "techno"], "{what}");
    assert_eq!(sizes(collection), [21, 6, 9], "{what}");
    for track in &collection.tracks {
        assert_eq!(track.problem, None, "{what}");
        assert!(track.path.is_file(), "{what}: {}", track.path.display());
        let folder = track.path.parent().unwrap().file_name().unwrap();
        assert_eq!(track.label.as_deref(), folder.to_str(), "{what}");
    }
}

#[track_caller]
fn assert_note(collection: &Collection, words: &[&str]) {
    let fits = |note: &str| words.iter().all(|word| note.contains(word));
    assert!(
        collection.note_texts().any(fits),
        "{words:?} in {:#?}",
        collection.notes
    );
}

#[test]
fn any_separator_encoding_and_case_of_headings_opens() {
    let home = Home::new();
    let plain = home.plain();
    let whole = home.text(&plain);
    assert_whole(&whole, "plain");
    assert_eq!(whole.notes, []);
    for separator in [";", "\t", "|"] {
        assert_whole(&home.text(plain.replace(',', separator)), separator);
    }
    for headings in [
        "Path,Genre,Split",
        "FILE NAME,Class,SUBSET",
        "file_path,style,Partition",
        "audio,Label,set",
        "# file,label,fold",
        "track,genre,split",
        "Filename,Category,usage",
    ] {
        let text = plain.replacen("file,label,split", headings, 1);
        let opened = home.text(&text);
        assert_whole(&opened, headings);
        assert_eq!(opened.notes, [], "{headings}");
    }
    let crlf = plain.replace('\n', "\r\n");
    let utf16 = |order: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
        let mark = if mark { "\u{feff}" } else { "" };
        format!("{mark}{crlf}")
            .encode_utf16()
            .flat_map(order)
            .collect()
    };
    assert_whole(&home.text(utf16(u16::to_le_bytes, true)), "UTF-16 LE");
    assert_whole(&home.text(utf16(u16::to_be_bytes, true)), "UTF-16 BE");
    assert_whole(
        &home.text(utf16(u16::to_le_bytes, false)),
        "UTF-16 without a mark",
    );
    assert_whole(
        &home.text(format!("\u{feff}{}", crlf.replace(',', ";"))),
        "of a spreadsheet",
    );
    assert_whole(
        &home.text(format!("sep=;\r\n{}", crlf.replace(',', ";"))),
        "with sep=",
    );
    let quoted = plain
        .lines()
        .map(|line| format!("\"{}\"\n", line.replace(',', "\",\"")));
    assert_whole(&home.text(quoted.collect::<String>()), "quoted");
    assert_whole(
        &home.text(plain.replacen("file,label,split\n", "", 1)),
        "without headings",
    );
}

#[test]
fn an_old_encoding_is_read_and_said() {
    let home = Home::new();
    fs::write(home.file("audio/Été.wav"), "").unwrap();
    let collection = home.text(b"file,label\naudio/\xc9t\xe9.wav,Zouk \x9290\n");
    assert!(collection.tracks[0].path.ends_with("audio/Été.wav"));
    assert_eq!(collection.tracks[0].label.as_deref(), Some("Zouk ’90"));
    assert_note(&collection, &["windows-1252"]);
}

#[test]
fn paths_of_other_systems_and_computers_lead_to_the_files() {
    let home = Home::new();
    let plain = home.plain();
    let with = |before: &str| plain.replace("audio/", &format!("{before}audio/"));
    for text in [
        plain.replace('/', "\\"),
        with("./"),
        with("../").replace(
            "../",
            &format!(
                "../{}/",
                home.folder.path().file_name().unwrap().to_str().unwrap()
            ),
        ),
        plain.replace("audio/", "AUDIO/"),
        with(&format!("{}/", home.folder.path().display())),
    ] {
        let opened = home.text(&text);
        assert_whole(&opened, text.lines().nth(1).unwrap());
    }
    for before in [
        "/home/somebody/set/",
        "C:\\Users\\me\\",
        "file:///home/somebody/",
        "file:///D:/my%20set/",
        "\\\\server\\music\\",
        "old/",
    ] {
        let opened = home.text(with(before));
        assert_whole(&opened, before);
        assert_note(
            &opened,
            &["36 of 36 files were found by the ends", "line 2"],
        );
    }
    // Names without folders, and without endings.
    let names = plain
        .replace("audio/rock/", "")
        .replace("audio/jazz/", "")
        .replace("audio/techno/", "");
    assert_whole(&home.text(&names), "names");
    let ids = names.replace(".wav", "").replacen("file", "track_id", 1);
    assert_whole(&home.text(&ids), "ids");
    assert_whole(&home.text(names.replace(".wav", ".au")), "other endings");
    // The list lies beside the folder of the sound, or in one of its own.
    fs::create_dir(home.file("lists")).unwrap();
    fs::write(home.file("lists/all.csv"), &plain).unwrap();
    assert_whole(
        &open(&[&home.file("lists/all.csv")]).unwrap(),
        "folder above",
    );
    let far = tempfile::tempdir().unwrap();
    let list = far.path().join("x/y/all.csv");
    fs::create_dir_all(list.parent().unwrap()).unwrap();
    fs::write(&list, &plain).unwrap();
    let together = open(&[home.folder.path(), &list]).unwrap();
    assert_eq!((together.tracks.len(), sizes(&together)), (36, [21, 6, 9]));
}

#[test]
fn names_in_either_form_of_unicode_are_found() {
    let home = tempfile::tempdir().unwrap();
    for name in ["Cafe\u{301}/a.wav", "Zoë/b\u{308}.wav"] {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let list = home.path().join("l.csv");
    fs::write(
        &list,
        "file,label\nCafé/a.wav,x\nZoe\u{308}/b\u{308}.wav,y\n",
    )
    .unwrap();
    let opened = open(&[&list]).unwrap();
    assert!(opened.tracks.iter().all(|track| track.problem.is_none()));
    assert_eq!(opened.notes, []);
}

#[test]
fn splits_are_read_in_all_the_fields_words() {
    let home = Home::new();
    for words in [
        ["Train", "dev", "Test"],
        ["training", "validation", "testing"],
        ["TRAIN", "VAL", "TEST"],
        ["0", "1", "2"],
        ["train", "eval", "test"],
        ["train set", "valid set", "test set"],
        ["tr", "cv", "te"],
    ] {
        let collection = home.list("file,label,split", |_, [path, label, part]| {
            let at = ["train", "valid", "test"]
                .iter()
                .position(|it| it == part)
                .unwrap();
            format!("{path},{label},{}", words[at])
        });
        assert_whole(&collection, words[1]);
    }
    // What is no part is said before anything is computed.
    let collection = home.list("file,label,split", |at, [path, label, part]| {
        let part = if at == 4 { "backup" } else { part };
        format!("{path},{label},{part}")
    });
    assert_eq!(sizes(&collection), [20, 6, 9]);
    assert_note(&collection, &["1 row", "`split`", "line 6 `backup`"]);
    let folds = home.list("file,label,fold", |at, [path, label, _]| {
        format!("{path},{label},{}", at % 10)
    });
    assert_eq!(folds.split, None);
    assert_note(
        &folds,
        &["`fold` is no split", "10 folds", "`0`", "not used"],
    );
    // Three folds are no train, valid and test.
    let three = home.list("file,label,fold", |at, [path, label, _]| {
        format!("{path},{label},{}", at % 3)
    });
    assert_eq!(three.split, None);
    assert_note(&three, &["3 folds"]);
    let half = home.list("file,label,split", |_, [path, label, part]| {
        format!("{path},{label},{}", part.replace("test", "valid"))
    });
    assert_eq!(half.split, None);
    assert_note(&half, &["not used", "21 train, 15 valid and 0 test"]);
}

#[test]
fn several_lists_are_the_parts_of_one_split() {
    let home = Home::new();
    for names in [
        ["train.csv", "valid.csv", "test.csv"],
        ["genre-train.tsv", "genre-dev.tsv", "genre-test.tsv"],
        [
            "train_filtered.txt",
            "valid_filtered.txt",
            "test_filtered.txt",
        ],
    ] {
        let paths = names.map(|name| home.file(name));
        for (path, part) in paths.iter().zip(["train", "valid", "test"]) {
            let rows = home.rows.iter().filter(|row| row[2] == part);
            let is_tsv = path.extension().unwrap() == "tsv";
            let is_txt = path.extension().unwrap() == "txt";
            let line = |row: &[String; 3]| match (is_tsv, is_txt) {
                (true, _) => format!("{}\t{}\n", row[0], row[1]),
                (_, true) => format!("{}\n", row[0]),
                _ => format!("{},{}\n", row[0], row[1]),
            };
            let heading = match (is_tsv, is_txt) {
                (true, _) => "file\tgenre\n",
                (_, true) => "",
                _ => "file,genre\n",
            };
            fs::write(
                path,
                heading.to_owned() + &rows.map(line).collect::<String>(),
            )
            .unwrap();
        }
        let collection = open(&[&paths[0], &paths[1], &paths[2]]).unwrap();
        assert_eq!(
            sizes(&collection),
            [21, 6, 9],
            "{names:?} {:?}",
            collection.notes
        );
        if !names[0].ends_with("txt") {
            assert_eq!(collection.labels().len(), 3);
        }
    }
    // One file in two of them is said.
    fs::write(
        home.file("test.csv"),
        "file,genre\naudio/rock/00.wav,rock\naudio/rock/09.wav,rock\n",
    )
    .unwrap();
    let [train, test] = ["train.csv", "test.csv"].map(|name| home.file(name));
    let collection = open(&[&train, &test]).unwrap();
    assert_eq!(sizes(&collection), [21, 0, 1]);
    assert_note(
        &collection,
        &["two parts", "train.csv line 2 train, test.csv line 2 test"],
    );
}

#[test]
fn tags_are_parted_by_whatever_parts_them() {
    let home = Home::new();
    let tags = [
        vec!["guitar", "drums"],
        vec!["piano", "slow", "no vocals"],
        vec!["synth", "drums", "fast"],
    ];
    let quoted = |tags: &[&str], quote: &str| {
        let tags: Vec<String> = tags
            .iter()
            .map(|tag| format!("{quote}{tag}{quote}"))
            .collect();
        format!("[{}]", tags.join(", "))
    };
    type Write<'a> = &'a dyn Fn(&[&str]) -> String;
    let ways: [(&str, Write<'_>); 6] = [
        ("semicolon", &|tags| tags.join(";")),
        ("comma", &|tags| format!("\"{}\"", tags.join(", "))),
        ("bar", &|tags| tags.join("|")),
        ("Python", &|tags| format!("\"{}\"", quoted(tags, "'"))),
        ("JSON", &|tags| format!("\"{}\"", quoted(tags, "\"\""))),
        ("further fields", &|tags| tags.join(",")),
    ];
    for (way, write) in ways {
        let collection = home.list("file,split,tags", |at, [path, _, part]| {
            format!("{path},{part},{}", write(&tags[at % 3]))
        });
        for (at, track) in collection.tracks.iter().enumerate() {
            assert_eq!(track.tags, tags[at % 3], "{way}");
        }
        assert_eq!(sizes(&collection), [21, 6, 9], "{way}");
    }
    // MTG-Jamendo.
    let rows: String = home
        .rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let tags = tags[at % 3]
                .iter()
                .map(|tag| format!("\tmood/theme---{tag}"))
                .collect::<String>();
            format!(
                "track_{at:07}\tartist_1\talbum_1\t{}\t5.0{tags}\r\n",
                row[0]
            )
        })
        .collect();
    let collection = home.text(format!(
        "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\r\n{rows}"
    ));
    assert_eq!(collection.tracks.len(), 36);
    assert_eq!(
        collection.tracks[1].tags,
        [
            "mood/theme---piano",
            "mood/theme---slow",
            "mood/theme---no vocals"
        ]
    );
    assert!(
        collection
            .tracks
            .iter()
            .all(|track| track.problem.is_none())
    );
    // A column for each tag.
    let collection = home.list("file,rock,jazz,techno,drums", |at, [path, ..]| {
        let has = |genre: usize| u8::from(at % 3 == genre);
        format!("{path},{},{},{},1", has(0), has(1), has(2))
    });
    assert_eq!(collection.tracks[1].tags, ["jazz", "drums"]);
    assert_note(
        &collection,
        &["4 columns of zeros and ones are read as tags"],
    );
    // A row for each tag.
    let collection = home
        .text("file,tag\naudio/rock/00.wav,loud\naudio/rock/00.wav,fast\naudio/rock/03.wav,loud\n");
    assert_eq!(collection.tracks[0].tags, ["loud", "fast"]);
}

#[test]
fn rows_that_part_their_tags_otherwise_are_read_and_said() {
    let home = Home::new();
    let rows = [
        "loud;fast",
        "loud|fast",
        "\"loud, fast\"",
        "\"['loud', 'fast']\"",
        "loud;fast",
    ];
    let rows = rows.iter().zip(&home.rows);
    let rows: String = rows
        .map(|(tags, row)| format!("{},{tags}\n", row[0]))
        .collect();
    let collection = home.text(format!("file,tags\n{rows}"));
    for track in &collection.tracks {
        assert_eq!(track.tags, ["loud", "fast"]);
    }
    assert_note(
        &collection,
        &[
            "`;` in most rows",
            "lists in brackets",
            "line 3",
            "line 4",
            "line 5",
        ],
    );
    // What may be one tag or several stays one, and is said.
    let slashes = home.list("file,tags", |_, [path, ..]| format!("{path},loud/fast"));
    assert_eq!(slashes.tracks[0].tags, ["loud/fast"]);
    assert_note(&slashes, &["36 rows", "one tag", "line 2 `loud/fast`"]);
    let labels = home.list("file,genre", |at, [path, ..]| {
        format!("{path},{}", if at == 1 { "rock;pop" } else { "rock" })
    });
    assert_note(
        &labels,
        &["1 row", "one label", "`tags`", "line 3 `rock;pop`"],
    );
}

#[test]
fn rows_without_labels_and_labels_in_two_spellings_are_told_with_all_their_lines() {
    let home = Home::new();
    let blank = home.list("file,label", |at, [path, label, _]| match at % 9 {
        0 => format!("{path},"),
        1 => format!("{path},nan"),
        _ => format!("{path},{label}"),
    });
    assert_note(
        &blank,
        &[
            "8 rows without a word in `label`",
            "line 3 `nan`",
            "and 5 more",
        ],
    );
    let lines: Vec<u64> = blank.notes[0].lines.iter().map(|line| line.line).collect();
    assert_eq!(lines, [2, 3, 11, 12, 20, 21, 29, 30]);
    let json = serde_json::to_value(&blank.notes).unwrap();
    assert_eq!(json[0]["lines"][7], 30);
    let spelled = home.list("file,label", |at, [path, label, _]| match at {
        3 => format!("{path},ROCK"),
        _ => format!("{path},{label}"),
    });
    assert_note(
        &spelled,
        &[
            "differ only in case",
            "`ROCK` (1 track)",
            "`rock` (11 tracks)",
            "line 5",
        ],
    );
    assert_eq!(spelled.labels().len(), 4, "they are not changed");
}

#[test]
fn lists_of_spaces_json_and_playlists_open() {
    let home = Home::new();
    let open_as = |name: &str, text: String| {
        let path = home.file(name);
        fs::write(&path, text).unwrap();
        open(&[&path])
    };
    let rows =
        |line: fn(&[String; 3]) -> String| -> String { home.rows.iter().map(line).collect() };
    let spaced = rows(|row| format!("{} {} {}\n", row[0], row[1], row[2]));
    assert_whole(&open_as("l.txt", spaced.clone()).unwrap(), "spaces");
    let remarks = format!("# by hand, 2024\n# path label part\n{spaced}# the end\n");
    assert_whole(&open_as("l.txt", remarks).unwrap(), "remarks");
    let remarks = format!(
        "# by hand\nfile,label,split\n# from here on\n{}",
        rows(|row| row.join(",") + "\n")
    );
    assert_whole(&open_as("l.csv", remarks).unwrap(), "remarks between rows");
    let object = |row: &[String; 3]| {
        format!(
            "{{\"path\": \"{}\", \"genre\": \"{}\", \"split\": \"{}\"}}",
            row[0], row[1], row[2]
        )
    };
    let objects: Vec<String> = home.rows.iter().map(object).collect();
    assert_whole(
        &open_as("l.jsonl", objects.join("\n")).unwrap(),
        "JSON Lines",
    );
    let array = format!("[\n{}\n]", objects.join(",\n"));
    assert_whole(&open_as("l.json", array).unwrap(), "JSON");
    let entry = |(at, row): (usize, &[String; 3])| format!("File{}={}\n", at + 1, row[0]);
    let entries: String = home.rows.iter().enumerate().map(entry).collect();
    let playlist = open_as("l.pls", format!("[playlist]\n{entries}File37=gone.wav\n")).unwrap();
    assert_eq!(playlist.tracks.len(), 37);
    assert_note(&playlist, &["1 of 37 files", "line 38 `gone.wav`"]);
    let paths = rows(|row| format!("#EXTINF:5,{}\n{}\n", row[1], row[0]));
    let playlist = open_as(
        "l.m3u8",
        format!("#EXTM3U\n{paths}gone.wav\nhttp://radio.org/live\n"),
    )
    .unwrap();
    assert_eq!(playlist.tracks.len(), 38);
    assert_note(
        &playlist,
        &[
            "2 of 38 files",
            "line 74 `gone.wav`",
            "line 75 `http://radio.org/live`",
        ],
    );
    assert!(
        playlist.tracks[37]
            .problem
            .as_ref()
            .unwrap()
            .contains("network")
    );
    // What is none of these says so.
    for (name, text, words) in [
        (
            "l.csv",
            "file,label\n",
            "headings (`file`, `label`) and no rows",
        ),
        (
            "l.json",
            "{\"annotations\": [], \"file_metadata\": {}}",
            "JAMS",
        ),
        ("l.json", "[{\"path\": \"a.wav\"},\n{\"path\" 3}]", "line 2"),
        ("l.xspf", "<playlist/>", "neither sound nor a list"),
    ] {
        let error = open_as(name, text.to_owned()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_file_that_is_there_and_no_sound_is_not_called_missing() {
    let home = Home::new();
    fs::write(home.file("notes.doc"), "no sound").unwrap();
    let collection = home
        .text("file,label\naudio/rock/00.wav,rock\nnotes.doc,rock\naudio/jazz,jazz\ngone.wav,x\n");
    let problem = |at: usize| collection.tracks[at].problem.clone().unwrap();
    assert!(problem(1).starts_with("it is there, but"), "{}", problem(1));
    assert!(problem(2).contains("folder"), "{}", problem(2));
    assert!(problem(3).contains("no such file"), "{}", problem(3));
}

#[test]
fn old_encodings_of_other_scripts_are_read_and_named() {
    let home = Home::new();
    fs::write(home.file("オーディオ.wav"), "").unwrap();
    let (bytes, ..) = encoding_rs::SHIFT_JIS.encode("file,label\nオーディオ.wav,演歌\n");
    let collection = home.text(&bytes);
    assert_eq!(collection.tracks[0].label.as_deref(), Some("演歌"));
    assert_eq!(collection.tracks[0].problem, None);
    assert_note(&collection, &["Shift_JIS", "save it as UTF-8"]);
}

#[test]
fn keys_are_read_in_every_notation() {
    let home = Home::new();
    for keys in [
        ["C", "Am", "F#m"],
        ["C:maj", "A:min", "F#:min"],
        ["C♮ Maj", "A♮ Min", "G♭ Min"],
        ["8B", "8A", "11A"],
        ["1d", "1m", "4m"],
        ["C-Dur", "a-Moll", "fis-Moll"],
    ] {
        let collection = home.list("file,key,split", |at, [path, _, part]| {
            format!("{path},{},{part}", keys[at % 3])
        });
        for (at, track) in collection.tracks.iter().enumerate() {
            let key = track.key.and_then(key_name);
            assert_eq!(
                key,
                Some(["C major", "A minor", "F# minor"][at % 3]),
                "{keys:?}"
            );
        }
        assert_eq!(collection.notes, []);
    }
    // Tonic and mode apart, as text and as numbers.
    let apart =
        home.text("file,key,scale\naudio/rock/00.wav,Eb,minor\naudio/rock/03.wav,G,major\n");
    let numbers = home.text(
        "file,key,mode\naudio/rock/00.wav,3,0\naudio/rock/03.wav,7,1\naudio/rock/06.wav,-1,0\n",
    );
    for collection in [&apart, &numbers] {
        let keys: Vec<_> = collection
            .tracks
            .iter()
            .take(2)
            .map(|track| track.key.unwrap())
            .collect();
        assert_eq!(keys, [15, 7]);
        assert_eq!(collection.notes, []);
    }
    assert_eq!(numbers.tracks[2].key, None);
    let german = home.text("file,key\naudio/rock/00.wav,H\naudio/rock/03.wav,B\n");
    assert_eq!(
        [german.tracks[0].key, german.tracks[1].key],
        [Some(11), Some(10)]
    );
    assert_note(&german, &["B flat"]);
    let odd = home.list("file,key", |at, [path, ..]| {
        format!("{path},{}", if at % 6 == 1 { "Q major" } else { "Am" })
    });
    assert_note(
        &odd,
        &[
            "6 rows",
            "no key in `key`",
            "line 3 `Q major`",
            "and 3 more",
        ],
    );
}

#[test]
fn emotions_on_other_scales_are_moved_or_the_scale_is_named() {
    let home = Home::new();
    let emotions = |heading: &str, values: &dyn Fn(usize) -> [f64; 2]| {
        home.list(heading, |at, [path, ..]| {
            let [arousal, valence] = values(at);
            format!("{path},{arousal},{valence}")
        })
    };
    let signed = emotions("file,arousal,valence", &|at| {
        [(at % 3) as f64 / 1.5 - 0.67, (at % 5) as f64 / 2.5 - 0.8]
    });
    let [arousal, valence] = signed.tracks[0].emotion.unwrap();
    assert!((arousal - 2.32).abs() < 1e-5 && (valence - 1.8).abs() < 1e-5);
    assert_note(&signed, &["-1 to 1"]);
    let unit = emotions("file,Arousal(mean),Valence(mean)", &|at| {
        [at as f64 / 40.0, 0.5]
    });
    assert_eq!(unit.tracks[20].emotion, Some([5.0, 5.0]));
    assert_note(&unit, &["0 to 1"]);
    let five = emotions("file,arousal,valence", &|at| {
        [(1 + at % 5) as f64, (1 + at % 4) as f64]
    });
    assert_eq!(five.tracks[1].emotion, Some([3.0, 3.0]));
    assert_note(&five, &["1 to 5"]);
    let hundred = emotions("file,arousal,valence", &|at| [at as f64 * 2.0, 50.0]);
    assert_eq!(hundred.tracks[25].emotion, Some([5.0, 5.0]));
    let own = emotions("file,mean_arousal,mean_valence", &|at| {
        [1.6 + at as f64 / 5.0, 5.5]
    });
    assert_eq!(own.tracks[0].emotion, Some([1.6, 5.5]));
    assert_eq!(own.notes, []);
    let named = emotions("file,arousal (0-10),valence (0-10)", &|at| {
        [at as f64 / 10.0, 5.0]
    });
    assert_eq!(named.tracks[0].emotion, Some([1.0, 5.0]));
    let unclear = emotions("file,arousal,valence", &|at| [at as f64 / 4.0 - 3.0, 5.0]);
    assert!(unclear.tracks.iter().all(|track| track.emotion.is_none()));
    assert_note(&unclear, &["1 to 9 is wanted"]);
    let slip = emotions("file,arousal,valence", &|at| {
        [if at == 3 { 44.0 } else { 7.5 }, 8.0]
    });
    assert_eq!(
        slip.tracks
            .iter()
            .filter(|track| track.emotion.is_some())
            .count(),
        35
    );
    assert_note(&slip, &["1 row", "scale 1 to 9", "line 5 `44`"]);
    let alone = home.list("file,arousal", |_, [path, ..]| format!("{path},3"));
    assert_note(&alone, &["arousal but none of valence"]);
    let comma = home.text("file;arousal;valence;bpm\naudio/rock/00.wav;3,5;6,25;120,5\n");
    assert_eq!(
        (comma.tracks[0].emotion, comma.tracks[0].tempo_bpm),
        (Some([3.5, 6.25]), Some(120.5))
    );
}

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

#[test]
fn fma_has_genres_and_parts_and_its_numbered_folders_are_no_labels() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path();
    let clips = |folder: &str| {
        for clip in [2, 5, 10, 1300, 1999] {
            let path = root
                .join(folder)
                .join(format!("{:03}/{clip:06}.mp3", clip / 1000));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
    };
    clips("fma_small");
    let alone = open(&[&root.join("fma_small")]).unwrap();
    assert_eq!(alone.labels(), [""; 0]);
    assert_note(&alone, &["000, 001", "no labels"]);
    let table = ",album,set,set,track,track\n,title,split,subset,genre_top,title\ntrack_id,,,,,\n\
                 2,X,training,small,Hip-Hop,\"Food, \"\"live\"\"\"\n5,X,training,small,Hip-Hop,This World\n\
                 10,Y,test,small,Pop,Freeway\n1300,Y,validation,small,Rock,A\n1999,Z,training,medium,,B\n\
                 2000,Z,test,medium,Rock,Gone\n90000,Z,test,large,Rock,Gone\n";
    fs::create_dir(root.join("fma_metadata")).unwrap();
    fs::write(root.join("fma_metadata/tracks.csv"), table).unwrap();
    for paths in [
        vec![root.to_path_buf()],
        vec![root.join("fma_small")],
        vec![root.join("fma_small"), root.join("fma_metadata")],
        vec![root.join("fma_metadata"), root.join("fma_small")],
        vec![root.join("fma_metadata/tracks.csv")],
    ] {
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let fma = open(&paths).unwrap();
        assert_eq!(fma.labels(), ["Hip-Hop", "Pop", "Rock"], "{paths:?}");
        assert_eq!(sizes(&fma), [2, 1, 1], "{paths:?}");
        let first = &fma.tracks[0];
        assert_eq!(
            (first.title.as_str(), first.label.as_deref()),
            ("Food, \"live\"", Some("Hip-Hop"))
        );
        assert!(first.path.ends_with("fma_small/000/000002.mp3"));
        // Of the subset that is here a missing clip is a row; large is not here at all.
        let gone: Vec<_> = fma
            .tracks
            .iter()
            .filter(|track| track.problem.is_some())
            .collect();
        assert_eq!(gone.len(), 1, "{paths:?}");
        assert_note(&fma, &["4 of 4 of small alone", "1 of 2 of medium alone"]);
    }
}

#[test]
fn folders_are_labels_unless_they_are_numbers_or_parts() {
    let make = |names: &[&str]| {
        let home = tempfile::tempdir().unwrap();
        for name in names {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        (open(&[home.path()]).unwrap(), home)
    };
    for (names, labels) in [
        (["000/a.wav", "001/b.wav"], &[][..]),
        (["0/a.wav", "f/b.wav"], &[]),
        (["1/a.wav", "12/b.wav"], &[]),
        (["1980/a.wav", "1990/b.wav"], &["1980", "1990"]),
        (["80s/a.wav", "90s/b.wav"], &["80s", "90s"]),
        (["fa/a.wav", "be/b.wav"], &["be", "fa"]),
        (["dub/000/a.wav", "rock/001/b.wav"], &["dub", "rock"]),
    ] {
        let (collection, _home) = make(&names);
        assert_eq!(collection.labels(), labels, "{names:?}");
        let said = collection
            .note_texts()
            .any(|note| note.contains("no labels"));
        assert_eq!(said, labels.is_empty(), "{names:?}");
    }
    let (collection, _home) = make(&[
        "train/rock/a.wav",
        "train/dub/b.wav",
        "valid/rock/c.wav",
        "test/rock/d.wav",
        "test/dub/e.wav",
    ]);
    assert_eq!(
        (collection.labels(), sizes(&collection)),
        (vec!["dub".to_owned(), "rock".to_owned()], [2, 1, 2])
    );
    assert_note(
        &collection,
        &["parts of a split", "2 train, 1 valid and 2 test"],
    );
    // The parts one by one are the same split, ...
    let parts = ["train", "valid", "test"].map(|part| _home.path().join(part));
    let opened = open(&parts.each_ref().map(PathBuf::as_path)).unwrap();
    assert_eq!(
        (opened.labels(), sizes(&opened)),
        (collection.labels(), [2, 1, 2])
    );
    assert_note(
        &opened,
        &["parts of a split", "2 train, 1 valid and 2 test"],
    );
    // ... and so are parts within labels.
    let (collection, _home) = make(&[
        "rock/train/a.wav",
        "dub/train/b.wav",
        "rock/valid/c.wav",
        "rock/test/d.wav",
        "dub/test/e.wav",
    ]);
    assert_eq!(
        (collection.labels(), sizes(&collection)),
        (vec!["dub".to_owned(), "rock".to_owned()], [2, 1, 2])
    );
    assert_note(&collection, &["parts of a split"]);
}

#[test]
fn formats_that_are_passed_over_are_counted() {
    let home = tempfile::tempdir().unwrap();
    for name in ["a.wav", "b.m4p", "c.M4P", "d.aax", "cover.jpg", "readme.md"] {
        fs::write(home.path().join(name), "").unwrap();
    }
    let collection = open(&[home.path()]).unwrap();
    assert_eq!(collection.tracks.len(), 4);
    assert_note(&collection, &["3 files", "1 .aax, 2 .m4p"]);
    fs::write(
        home.path().join("labels of mine.csv"),
        "file,label\na.wav,x\n",
    )
    .unwrap();
    fs::write(home.path().join("numbers.csv"), "1,2\n3,4\n").unwrap();
    let collection = open(&[home.path()]).unwrap();
    assert_note(&collection, &["open that instead: labels of mine.csv"]);
}

#[test]
fn data_sets_given_in_pieces_are_whole() {
    let home = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "giantsteps-key-dataset/annotations/key/10089.LOFI.key",
        "D# minor\n",
    );
    write("giantsteps-key-dataset/audio/10089.LOFI.wav", "");
    write(
        "giantsteps-mtg-key-dataset/annotations/annotations.txt",
        "ID\tMANUAL KEY\tC\n1\tC minor\t2\n2\tA major\t2\n",
    );
    write(
        "giantsteps-mtg-key-dataset/annotations/beatport_metadata.txt",
        "ID\tARTIST\n1\tAphex Twin\n2\tBicep\n",
    );
    for id in [1, 2] {
        write(
            &format!("giantsteps-mtg-key-dataset/audio/{id}.LOFI.wav"),
            "",
        );
    }
    let [key, mtg] =
        ["giantsteps-key-dataset", "giantsteps-mtg-key-dataset"].map(|name| home.path().join(name));
    for paths in [[&*key, &*mtg], [&*mtg, &*key]] {
        let both = open(&paths).unwrap();
        assert_eq!(
            (both.kind, both.name.as_str()),
            (CollectionKind::GiantSteps, "GiantSteps key")
        );
        assert_eq!((both.tracks.len(), sizes(&both)), (3, [1, 1, 1]));
    }
    // Genres of GTZAN one by one.
    for (genre, clips) in [("blues", [0, 12, 29]), ("rock", [0, 1, 2])] {
        for clip in clips {
            write(&format!("genres/{genre}/{genre}.{clip:05}.wav"), "");
        }
    }
    let gtzan = open(&[
        &home.path().join("genres/blues"),
        &home.path().join("genres/rock"),
    ])
    .unwrap();
    assert_eq!(gtzan.kind, CollectionKind::Gtzan);
    assert!(gtzan.split.is_some());
    // MagnaTagATune's table apart from its clips, which lie in one folder.
    write(
        "meta/annotations_final.csv",
        "clip_id,drums,harp,mp3_path\n2,1,0,f/one-0-29.mp3\n6,1,1,0/two-0-29.mp3\n7,0,1,c/three-0-29.mp3\n",
    );
    for clip in ["one", "two", "three"] {
        write(&format!("clips/{clip}-0-29.mp3"), "");
    }
    let set = open(&[&home.path().join("meta"), &home.path().join("clips")]).unwrap();
    assert_eq!(
        (set.kind, sizes(&set)),
        (CollectionKind::MagnaTagATune, [1, 1, 1])
    );
    // Of a table beside a folder the sound is in that alone, and not in what lies beside the table's own folder.
    write("foreign.wav", "");
    let table = home.path().join("meta/annotations_final.csv");
    let set = open(&[&table, &home.path().join("clips")]).unwrap();
    assert_eq!(
        (set.kind, set.tracks.len(), sizes(&set)),
        (CollectionKind::MagnaTagATune, 3, [1, 1, 1])
    );
    // Two data sets are none; that their splits are not used is said.
    let mixed = open(&[
        home.path().join("genres").as_path(),
        &home.path().join("giantsteps-mtg-key-dataset"),
        &key,
    ])
    .unwrap();
    assert_eq!(mixed.split, None);
    assert_note(&mixed, &["split", "not used"]);
}

#[test]
fn a_label_in_two_forms_of_unicode_is_one_class() {
    let home = Home::new();
    let list = home.list("file,label", |at, [path, ..]| {
        let label = if at % 2 == 0 {
            "forr\u{f3}"
        } else {
            "forro\u{301}"
        };
        format!("{path},{label}")
    });
    assert_eq!(list.labels(), ["forr\u{f3}"]);
}

#[test]
fn a_playlist_is_told_that_it_has_no_labels_and_a_list_may_be_parted_by_carets() {
    let home = Home::new();
    let path = home.file("all.m3u");
    let text: String = home
        .rows
        .iter()
        .map(|[path, ..]| format!("{path}\n"))
        .collect();
    fs::write(&path, text).unwrap();
    let playlist = open(&[&path]).unwrap();
    assert_note(&playlist, &["a playlist has no labels", ".csv"]);
    assert!(!playlist.note_texts().any(|note| note.contains("headings")));
    let carets = home.text(home.plain().replace(',', "^"));
    assert_eq!((carets.labels().len(), sizes(&carets)), (3, [21, 6, 9]));
}
