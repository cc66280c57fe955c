//! Lists in the forms that other tools write.

use crate::common::*;

/// Opens a list of this name beside the files.
fn open_as(home: &Home, name: &str, text: &str) -> Collection {
    let path = home.file(name);
    fs::write(&path, text).unwrap();
    open(&[&path]).unwrap()
}

fn tags(collection: &Collection) -> Vec<Vec<&str>> {
    let tracks = collection.tracks.iter();
    tracks
        .map(|track| track.tags.iter().map(String::as_str).collect())
        .collect()
}

#[test]
fn tags_with_a_number_or_yes_and_no_are_there_only_where_they_say_so() {
    let home = Home::new();
    for (tagged, has_numbers) in [
        ("\"{'loud': 1, 'fast': 0, 'old': 1}\"", false),
        (
            "\"{\"\"loud\"\": true, \"\"fast\"\": false, \"\"old\"\": true}\"",
            false,
        ),
        ("\"{'loud': 0.8, 'fast': 0.0, 'old': 0.1}\"", true),
        ("\"[('loud', 90), ('fast', 0), ('old', 3)]\"", true),
        (
            "\"[{'name': 'loud', 'count': 4}, {'name': 'old', 'count': 1}]\"",
            true,
        ),
    ] {
        let list = home.list("file,tags", |_, [path, ..]| format!("{path},{tagged}"));
        assert!(
            tags(&list).iter().all(|tags| *tags == ["loud", "old"]),
            "{tagged}"
        );
        let said = list.note_texts().any(|note| note.contains("are left out"));
        assert_eq!(said, has_numbers, "{tagged}: {:?}", list.notes);
    }
    // Weights as text are told, and R's and a spreadsheet's signs for "not known" are no tags.
    for tagged in ["loud:100;old:60", "loud (90); old (40)"] {
        let list = home.list("file,tags", |_, [path, ..]| format!("{path},{tagged}"));
        assert_note(&list, &["part of the tag", tagged]);
    }
    for nothing in ["NA", "#N/A"] {
        let list = home.list("file,tags", |at, [path, ..]| {
            format!("{path},{}", if at == 0 { nothing } else { "loud;old" })
        });
        assert!(tags(&list)[0].is_empty(), "{nothing}");
    }
    let objects: Vec<String> = home
        .rows
        .iter()
        .map(|[path, ..]| {
            format!("{{\"path\": \"{path}\", \"tags\": {{\"loud\": 0.7, \"fast\": 0}}}}")
        })
        .collect();
    let list = open_as(&home, "l.jsonl", &objects.join("\n"));
    assert!(tags(&list).iter().all(|tags| *tags == ["loud"]));
    assert_note(
        &list,
        &["36 rows", "numbers beside the tags in `tags`", "line 1"],
    );
    // A place for each tag.
    let list = home.list("file,tags", |at, [path, ..]| {
        format!("{path},\"[{}, 0, 1]\"", u8::from(at % 2 == 0))
    });
    assert_eq!(tags(&list)[..2], [vec!["0", "2"], vec!["2"]]);
    assert_note(&list, &["zeros and ones in `tags`", "by their place"]);
}

#[test]
fn a_key_and_its_mode_that_contradict_each_other_are_no_key() {
    let home = Home::new();
    let list = home.text(
        "file,key,mode\naudio/rock/00.wav,Am,major\naudio/rock/03.wav,Am,minor\naudio/rock/06.wav,A,0\n\
         audio/rock/09.wav,A#/Bb,1\naudio/rock/12.wav,C,dorian\naudio/rock/15.wav,A#/Bb minor,\n",
    );
    let keys: Vec<Option<&str>> = list
        .tracks
        .iter()
        .map(|track| track.key.and_then(key_name))
        .collect();
    assert_eq!(
        keys,
        [
            None,
            Some("A minor"),
            Some("A minor"),
            Some("Bb major"),
            None,
            Some("Bb minor")
        ]
    );
    assert_note(
        &list,
        &[
            "1 row",
            "`key` and `mode` name different modes",
            "line 2 `Am` with the mode `major`",
        ],
    );
    assert_note(
        &list,
        &[
            "1 row",
            "no key in `key`",
            "line 6 `C` with the mode `dorian`",
        ],
    );
    assert_eq!(list.notes.len(), 2, "{:?}", list.notes);
}

#[test]
fn small_letters_are_keys_where_the_list_shows_their_mode() {
    let home = Home::new();
    for (written, expected) in [
        ("c minor|f# major|am", "C minor|Gb major|A minor"),
        // Where the minor keys have their sign, the others are major ...
        ("am|c|f#m|bb", "A minor|C major|F# minor|Bb major"),
        // ... where large letters are major, small ones are minor ...
        ("C|a|F#|g", "C major|A minor|Gb major|G minor"),
        // ... and else they may be either.
        ("c|a|f#|g", "|||"),
        ("C|Am|g", "C major|A minor|"),
    ] {
        let keys: Vec<&str> = written.split('|').collect();
        let list = home.list("file,key", |at, [path, ..]| {
            format!("{path},{}", keys[at % keys.len()])
        });
        let read = list.tracks.iter().take(keys.len());
        let read: Vec<&str> = read
            .map(|track| track.key.and_then(key_name).unwrap_or_default())
            .collect();
        assert_eq!(read.join("|"), expected, "{written}: {:?}", list.notes);
    }
    let list = home.list("file,key", |at, [path, ..]| {
        format!("{path},{}", ["c", "am"][at % 2])
    });
    assert_note(&list, &["`key`", "small letters alone are read as major"]);
}

#[test]
fn a_b_is_what_the_modes_beside_it_say_and_that_is_told() {
    let home = Home::new();
    let keys = |list: &Collection| -> Vec<&str> {
        let keys = list.tracks.iter().map(|track| track.key.and_then(key_name));
        keys.map(Option::unwrap_or_default).collect()
    };
    let told = |list: &Collection| list.note_texts().any(|note| note.contains("B flat"));
    for (text, expected, is_told) in [
        (
            "file,key\nA,B-Dur\nB,Es-Dur\n",
            ["Bb major", "Eb major"],
            true,
        ),
        (
            "file,key\nA,b-molli\nB,fis-molli\n",
            ["Bb minor", "F# minor"],
            true,
        ),
        ("file,key\nA,B\nB,Hm\n", ["Bb major", "B minor"], true),
        (
            "file,key,mode\nA,B,moll\nB,Es,dur\n",
            ["Bb minor", "Eb major"],
            true,
        ),
        (
            "file,Tonart,Tongeschlecht\nA,B,Moll\nB,H,Dur\n",
            ["Bb minor", "B major"],
            true,
        ),
        (
            "file,key\nA,B minor\nB,Bes groot\n",
            ["B minor", "Bb major"],
            false,
        ),
        (
            "file,key\nA,Ｂ　ｍｉｎｏｒ\nB,Fá maior\n",
            ["B minor", "F major"],
            false,
        ),
    ] {
        let text = text.replace("\nA,", "\naudio/rock/00.wav,");
        let list = home.text(text.replace("\nB,", "\naudio/rock/03.wav,"));
        assert_eq!(keys(&list), expected, "{:?}", list.notes);
        assert_eq!(told(&list), is_told, "{:?}", list.notes);
    }
}

#[test]
fn labels_that_look_the_same_are_one_class_and_forms_of_a_number_are_told() {
    let home = Home::new();
    let list = home.list("file,label", |at, [path, ..]| {
        let forms = ["hip hop", "hip\u{a0}hop", "hip  hop"];
        format!("{path},{}", forms[at % 3])
    });
    assert_eq!(list.labels(), ["hip hop"]);
    assert_eq!(list.notes, []);
    let list = home.list("file,label", |at, [path, ..]| {
        format!("{path},{}", ["1", "2", "1.0", "01"][at % 4])
    });
    assert_eq!(list.labels().len(), 4);
    assert_note(
        &list,
        &[
            "form of a number",
            "`01` (9 tracks",
            "`1.0` (9 tracks",
            "`1` (9 tracks",
        ],
    );
}

#[test]
fn headings_parts_and_answers_may_be_in_another_language() {
    let home = Home::new();
    for (heading, parts) in [
        (
            "Datei;Genre;Aufteilung",
            ["Training", "Validierung", "Test"],
        ),
        (
            "chemin;étiquette;ensemble",
            ["entraînement", "validation", "test"],
        ),
        (
            "ruta;género;partición",
            ["entrenamiento", "validación", "prueba"],
        ),
        ("arquivo;rótulo;conjunto", ["treino", "validação", "teste"]),
        (
            "файл;жанр;выборка",
            ["обучающая", "валидационная", "тестовая"],
        ),
        ("ファイル名;ジャンル;分割", ["学習", "検証", "テスト"]),
        ("文件路径;标签;数据集划分", ["训练集", "验证集", "测试集"]),
        ("파일 경로;장르;분할", ["훈련", "검증", "테스트"]),
        (
            "ｐａｔｈ;ｌａｂｅｌ;ｓｐｌｉｔ",
            ["ｔｒａｉｎ", "ｖａｌｉｄ", "ｔｅｓｔ"],
        ),
    ] {
        let opened = home.list(heading, |_, [path, genre, part]| {
            let place = ["train", "valid", "test"].iter().position(|it| it == part);
            format!("{path};{genre};{}", parts[place.unwrap()])
        });
        assert_whole(&opened, heading);
        assert_eq!(opened.notes, [], "{heading}");
    }
    // As spreadsheets of other languages write yes and no.
    for (yes, no) in [
        ("WAHR", "FALSCH"),
        ("VRAI", "FAUX"),
        ("ИСТИНА", "ЛОЖЬ"),
        ("はい", "いいえ"),
    ] {
        let list = home.list("file;loud;fast;old", |_, [path, ..]| {
            format!("{path};{yes};{no};{yes}")
        });
        assert!(
            tags(&list).iter().all(|tags| *tags == ["loud", "old"]),
            "{yes}"
        );
    }
}

#[test]
fn a_row_for_each_tag_is_told_as_what_it_is() {
    let home = Home::new();
    let rows = home.rows.iter();
    let rows: String = rows
        .map(|[path, genre, _]| format!("{path},{genre}\n{path},loud\n"))
        .collect();
    let list = home.text(format!("file,tag\n{rows}"));
    assert_eq!(
        tags(&list)[..2],
        [vec!["rock", "loud"], vec!["jazz", "loud"]]
    );
    assert_note(
        &list,
        &["36 rows", "a file again", "what it adds belongs to"],
    );
    assert!(
        !list
            .note_texts()
            .any(|note| note.contains("stays the track"))
    );
    let rows = home.rows.iter();
    let rows: String = rows
        .map(|[path, genre, _]| format!("{path},{genre},1\n{path},loud,0\n"))
        .collect();
    let weighed = home.text(format!("file,tag,value\n{rows}"));
    assert_eq!(tags(&weighed)[..2], [vec!["rock"], vec!["jazz"]]);
    assert_note(&weighed, &["`tag`", "above 0 in `value`"]);
}

#[test]
fn a_label_or_an_id_may_stand_before_the_path() {
    let home = Home::new();
    let lines = |line: fn(&[String; 3]) -> String| home.rows.iter().map(line).collect::<String>();
    let spaced = open_as(
        &home,
        "l.txt",
        &lines(|[path, genre, _]| format!("{genre} {path}\n")),
    );
    assert_eq!(spaced.labels(), ["jazz", "rock", "techno"]);
    assert!(spaced.tracks.iter().all(|track| track.problem.is_none()));
    // fastText.
    for text in [
        lines(|[path, genre, _]| format!("__label__{genre} {path}\n")),
        lines(|[path, genre, _]| format!("{path} __label__{genre}\n")),
    ] {
        let list = open_as(&home, "l.txt", &text);
        assert_eq!(list.labels(), ["jazz", "rock", "techno"]);
    }
    let list = open_as(
        &home,
        "l.txt",
        &lines(|[path, genre, _]| format!("__label__{genre} __label__loud {path}\n")),
    );
    assert_eq!(tags(&list)[1], ["jazz", "loud"]);
    // Kaldi.
    let id = |path: &str| path.rsplit('/').next().unwrap().replace(".wav", "");
    let scp: String = home
        .rows
        .iter()
        .map(|[path, ..]| format!("utt{} {path}\n", id(path)))
        .collect();
    let bare = open_as(&home, "wav.scp", &scp);
    assert_eq!(
        (bare.tracks.len(), bare.tracks[1].title.as_str()),
        (36, "utt01")
    );
    let genres: String = home
        .rows
        .iter()
        .map(|[path, genre, _]| format!("utt{} {genre}\n", id(path)))
        .collect();
    fs::write(home.file("utt2genre"), genres).unwrap();
    let list = open_as(&home, "wav.scp", &(scp + "utt99 sox x.wav -t wav - |\n"));
    assert_eq!(list.labels(), ["jazz", "rock", "techno"]);
    assert!(
        list.tracks[36]
            .problem
            .as_ref()
            .unwrap()
            .contains("never run")
    );
    let error = open(&[&home.file("utt2genre")]).unwrap_err().to_string();
    assert!(error.contains("wav.scp"), "{error}");
    // An id in a list without headings is no class.
    let list = home.text(lines(|[path, genre, _]| {
        let id = path.replace('/', "-").replace(".wav", "");
        format!("{id},{path},{genre}\n")
    }));
    assert_eq!(list.labels(), ["jazz", "rock", "techno"]);
    assert_eq!(list.tracks[0].title, "audio-rock-00");
}

#[test]
fn a_list_of_paths_alone_takes_the_names_of_their_folders() {
    let home = Home::new();
    let lists = ["train", "valid", "test"].map(|part| {
        let rows = home.rows.iter().filter(|row| row[2] == part);
        // As GTZAN's published lists: without the folder of the sound.
        let rows: String = rows
            .map(|[path, ..]| format!("{}\n", path.trim_start_matches("audio/")))
            .collect();
        let list = home.file(&format!("lists/{part}_filtered.txt"));
        fs::create_dir_all(list.parent().unwrap()).unwrap();
        fs::write(&list, rows).unwrap();
        list
    });
    let audio = home.file("audio");
    let whole = open(&[&lists[0], &lists[1], &lists[2], &audio]).unwrap();
    assert_eq!(whole.tracks.len(), 36);
    assert_eq!(whole.labels(), ["jazz", "rock", "techno"]);
    assert_eq!(sizes(&whole), [21, 6, 9]);
    assert_note(
        &whole,
        &["names of their folders are the labels of 36 tracks"],
    );
    let bare: String = home
        .rows
        .iter()
        .map(|[path, ..]| format!("{path}\n"))
        .collect();
    let bare = open_as(&home, "bare.txt", &bare);
    assert_eq!(bare.labels(), ["jazz", "rock", "techno"]);
    assert!(!bare.note_texts().any(|note| note.contains("``")));
}

#[test]
fn drawn_tables_and_lists_by_label_open() {
    let home = Home::new();
    let rows: String = home
        .rows
        .iter()
        .map(|row| format!("| {} | {} | {} |\n", row[0], row[1], row[2]))
        .collect();
    let markdown = format!("# My tracks\n\n| file | label | split |\n|:---|:---:|---|\n{rows}");
    assert_whole(&open_as(&home, "l.md", &markdown), "Markdown");
    let rows: String = home
        .rows
        .iter()
        .map(|row| format!(" {} | {} | {}\n", row[0], row[1], row[2]))
        .collect();
    let psql = format!(" file | label | split\n------+-------+------\n{rows}");
    assert_whole(&open_as(&home, "l.txt", &psql), "psql");
    let of = |genre: &str, part: &str| -> String {
        let rows = home
            .rows
            .iter()
            .filter(|row| row[1] == genre && (part.is_empty() || row[2] == part));
        let rows: Vec<String> = rows.map(|[path, ..]| format!("\"{path}\"")).collect();
        rows.join(", ")
    };
    let genres = |part: &str| {
        GENRES
            .map(|genre| format!("\"{genre}\": [{}]", of(genre, part)))
            .join(",\n")
    };
    let list = open_as(&home, "l.json", &format!("{{{}}}", genres("")));
    assert_eq!((list.tracks.len(), list.labels().len()), (36, 3));
    let parts = ["train", "valid", "test"].map(|part| format!("\"{part}\": {{{}}}", genres(part)));
    assert_whole(
        &open_as(&home, "l.json", &format!("{{{}}}", parts.join(",\n"))),
        "parts of labels",
    );
    let list = open_as(
        &home,
        "l.json",
        "[{\"file\": \"audio/rock/00.wav\", \"label\": \"x\", \"bpm\": NaN},\n{\"file\": \"audio/rock/03.wav\", \"label\": \"y\", \
         \"bpm\": Infinity}]",
    );
    assert_eq!(list.labels(), ["x", "y"]);
}

#[test]
fn lists_without_headings_hold_keys_and_tags_too() {
    let home = Home::new();
    let keys = [["C", "major"], ["A", "minor"], ["F#", "minor"]];
    let rows = |line: &dyn Fn(usize, &str) -> String| -> String {
        let rows = home.rows.iter().enumerate();
        rows.map(|(at, [path, ..])| line(at % 3, path)).collect()
    };
    // As MIREX writes them, and in one field.
    let parted = rows(&|at, path| format!("{path}\t{}\n", keys[at].join("\t")));
    let joined = rows(&|at, path| format!("{path}\t{}\n", keys[at].join(" ")));
    for text in [parted, joined] {
        let list = open_as(&home, "keys.txt", &text);
        let found: Vec<&str> = list.tracks[..3]
            .iter()
            .filter_map(|track| key_name(track.key?))
            .collect();
        assert_eq!(found, ["C major", "A minor", "F# minor"]);
        assert_note(&list, &["as the key"]);
    }
    // A letter alone is the name of a class.
    let classes = rows(&|at, path| format!("{path}\t{}\n", ["A", "B", "C"][at]));
    let list = open_as(&home, "classes.txt", &classes);
    assert_eq!(list.labels(), ["A", "B", "C"]);
    assert!(list.tracks.iter().all(|track| track.key.is_none()));
    let several = [
        &["guitar", "drums"][..],
        &["piano", "slow", "loud"],
        &["synth"],
    ];
    let ragged = rows(&|at, path| format!("{path}\t{}\n", several[at].join("\t")));
    let list = open_as(&home, "tags.tsv", &ragged);
    assert_eq!(tags(&list)[..3], several);
    // One row that is longer than the others is none of tags.
    let longer = home.rows.iter().enumerate().map(|(at, [path, genre, _])| {
        let more = if at == 5 { ",loud" } else { "" };
        format!("{path},{genre}{more}\n")
    });
    let list = open_as(&home, "labels.csv", &longer.collect::<String>());
    assert_eq!(list.labels(), ["jazz", "rock", "techno"]);
}

#[test]
fn numbers_of_classes_take_the_names_that_stand_beside_the_list() {
    let json = r#"{"default": {"features": {"label": {"names": ["rock", "jazz", "techno"], "_type": "ClassLabel"}}}}"#;
    let card = "---\ndataset_info:\n  features:\n  - name: audio\n    dtype: audio\n  - name: label\n    dtype:\n      \
                class_label:\n        names:\n          '0': rock\n          '1': jazz\n          '2': techno\n  splits:\n---\n";
    for (name, text) in [
        ("dataset_infos.json", json),
        ("dataset_info.json", json),
        ("README.md", card),
    ] {
        let home = Home::new();
        fs::write(home.file(name), text).unwrap();
        let number = |genre: &str| GENRES.iter().position(|it| *it == genre).unwrap();
        let numbered = |heading: &str| {
            home.list(heading, |_, [path, genre, part]| {
                format!("{path},{},{part}", number(genre))
            })
        };
        let list = numbered("file_name,label,split");
        assert_eq!(list.labels(), ["jazz", "rock", "techno"], "{name}");
        assert_eq!(list.tracks[0].label.as_deref(), Some("rock"));
        assert_note(&list, &["`label`", name, "0 is rock"]);
        // Of another column nothing is known.
        assert_eq!(numbered("file_name,genre,split").labels(), ["0", "1", "2"]);
    }
}
