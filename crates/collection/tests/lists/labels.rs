//! Labels, tags, keys and emotions.

use crate::common::*;

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
    let ways: [(&str, Write<'_>); 8] = [
        ("semicolon", &|tags| tags.join(";")),
        ("comma", &|tags| format!("\"{}\"", tags.join(", "))),
        ("bar", &|tags| tags.join("|")),
        ("tab", &|tags| tags.join("\t")),
        ("bullet", &|tags| tags.join(" • ")),
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
    assert_note(&collection, &["4 columns of yes and no are read as tags"]);
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
            "`ROCK` (1 track, line 5)",
            "`rock` (11 tracks, the first in line 2)",
        ],
    );
    assert_eq!(spelled.labels().len(), 4, "they are not changed");
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
    // Tonic and mode apart.
    let apart =
        home.text("file,key,scale\naudio/rock/00.wav,Eb,minor\naudio/rock/03.wav,G,major\n");
    assert_eq!(
        [apart.tracks[0].key, apart.tracks[1].key],
        [Some(15), Some(7)]
    );
    assert_eq!(apart.notes, []);
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
fn labels_that_are_keys_are_both() {
    let home = Home::new();
    let keys = ["C major", "A minor", "F#m"];
    let list = home.list("file,label,split", |at, [path, _, part]| {
        format!("{path},{},{part}", keys[at % 3])
    });
    let found = list.tracks[..3]
        .iter()
        .filter_map(|track| key_name(track.key?));
    assert_eq!(
        found.collect::<Vec<_>>(),
        ["C major", "A minor", "F# minor"]
    );
    assert_eq!(list.labels(), ["A minor", "C major", "F#m"]);
}

#[test]
fn keys_that_are_numbers_are_read_beside_their_mode_and_it_is_said_how() {
    let home = Home::new();
    for (modes, numbers) in [
        (["0", "1"], ["3", "7", "-1"]),
        (["0.0", "1.0"], ["3.0", "7.0", "-1.0"]),
        (["minor", "Major"], ["3", "7", "-1"]),
    ] {
        let read = home.text(format!(
            "file,key,mode\naudio/rock/00.wav,{},{}\naudio/rock/03.wav,{},{}\naudio/rock/06.wav,{},{}\n",
            numbers[0], modes[0], numbers[1], modes[1], numbers[2], modes[0]
        ));
        let keys: Vec<_> = read.tracks.iter().map(|track| track.key).collect();
        assert_eq!(keys, [Some(15), Some(7), None], "{modes:?}");
        assert_note(&read, &["`key`", "from 0, which is C", "`mode`", "0 minor"]);
        assert_note(
            &read,
            &["1 row", "`key` is said to be unknown", "line 4 `-1"],
        );
        assert_eq!(read.notes.len(), 2, "{:?}", read.notes);
    }
    // A mode that says nothing leaves the key open.
    let half = home.text(
        "file,key,mode\naudio/rock/00.wav,3,0\naudio/rock/03.wav,7,x\naudio/rock/06.wav,5,\n",
    );
    let keys: Vec<_> = half.tracks.iter().map(|track| track.key).collect();
    assert_eq!(keys, [Some(15), None, None]);
    assert_note(
        &half,
        &["2 rows", "line 3 `7` with the mode `x`", "line 4 `5`"],
    );
    // Alone, or beyond the twelve, they might mean anything.
    for text in [
        "file,key\naudio/rock/00.wav,3\naudio/rock/03.wav,7\n",
        "file,key,mode\naudio/rock/00.wav,3,0\naudio/rock/03.wav,17,1\n",
    ] {
        let open = home.text(text);
        assert!(open.tracks.iter().all(|track| track.key.is_none()));
        assert_note(
            &open,
            &["2 rows", "numbers in `key`", "several ways", "`mode`"],
        );
    }
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
    let half = emotions("file,arousal (0-10),valence", &|at| [at as f64 / 10.0, 5.0]);
    assert_eq!(half.tracks[0].emotion, Some([1.0, 5.0]));
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

/// Both forms come together where music was copied from a Mac.
#[test]
fn folders_and_tags_in_two_forms_of_unicode_are_one_label() {
    let home = Home::new();
    let forms = ["forr\u{f3}", "forro\u{301}"];
    let tagged = home.list("file,tags", |at, [path, ..]| {
        let more = ["fast", "slow", "old"][at % 3];
        format!("{path},{};{more}", forms[at % 2])
    });
    for track in &tagged.tracks {
        assert_eq!(track.tags[0], forms[0]);
    }
    assert!(!tagged.note_texts().any(|note| note.contains("differ only")));
    let root = home.file("by folder");
    for (name, form) in ["a.wav", "b.wav"].into_iter().zip(forms) {
        let folder = root.join(form);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), "").unwrap();
    }
    let folders = open(&[&root]).unwrap();
    assert_eq!(folders.tracks.len(), 2);
    assert_eq!(folders.labels(), [forms[0]]);
    assert_eq!(folders.notes, []);
}

/// Names of folders from old systems are two labels where they are two names.
#[cfg(unix)]
#[test]
fn folders_whose_names_are_not_utf_8_stay_different_labels() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let home = Home::new();
    let root = home.file("old");
    for (name, folder) in [("a.wav", b"caf\xe9"), ("b.wav", b"caf\xe8")] {
        let folder = root.join(OsStr::from_bytes(folder));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), "").unwrap();
    }
    let folders = open(&[&root]).unwrap();
    assert_eq!(folders.labels(), ["caf\u{e8}", "caf\u{e9}"]);
}

#[test]
fn columns_of_yes_and_no_and_numbered_columns_are_tags() {
    let home = Home::new();
    // As pandas' get_dummies writes them, and as people fill in forms.
    for [yes, no] in [["True", "False"], ["1", "0"], ["yes", "no"], ["x", "0"]] {
        let list = home.list("file,rock,jazz,techno", |_, [path, label, _]| {
            let has = GENRES.map(|genre| if genre == label { yes } else { no });
            format!("{path},{}", has.join(","))
        });
        for track in &list.tracks {
            let folder = track.path.parent().unwrap().file_name().unwrap();
            assert_eq!(track.tags, [folder.to_str().unwrap()], "{yes}");
        }
        assert_note(&list, &["3 columns of yes and no are read as tags"]);
    }
    // Two are enough where there is nothing else to learn, but not where they say the same in each row.
    for [yes, no] in [["True", "False"], ["1", "0"]] {
        let pick = |is: bool| if is { yes } else { no };
        let list = home.list("file,guitar,drums", |at, [path, ..]| {
            format!("{path},{},{}", pick(at % 2 == 0), pick(at % 3 == 0))
        });
        assert_eq!(list.tracks[0].tags, ["guitar", "drums"], "{yes}");
        assert_eq!(list.tracks[2].tags, ["guitar"], "{yes}");
        assert!(list.tracks[1].tags.is_empty(), "{yes}");
        assert_note(&list, &["2 columns of yes and no are read as tags"]);
        let list = home.list("file,genre,guitar,drums", |at, [path, label, _]| {
            format!("{path},{label},{},{}", pick(at % 2 == 0), pick(at % 3 == 0))
        });
        assert!(list.tracks[0].tags.is_empty(), "{yes}");
        let list = home.list("file,side,copies", |at, [path, ..]| {
            format!("{path},{},{yes}", pick(at % 2 == 0))
        });
        assert!(list.tracks[0].tags.is_empty(), "{yes}");
    }
    let list = home.list("file,genre1,genre2", |at, [path, label, _]| {
        let second = if at % 2 == 0 { "live" } else { "" };
        format!("{path},{label},{second}")
    });
    assert_eq!(list.tracks[0].tags, ["rock", "live"]);
    assert_eq!(
        (&list.tracks[1].tags[..], &list.tracks[1].label),
        (&["jazz".to_owned()][..], &None)
    );
}

#[test]
fn tags_that_blanks_or_and_signs_seem_to_part_are_told_and_names_are_not_accused() {
    let home = Home::new();
    let tags = [
        ["guitar", "drums"].as_slice(),
        &["piano", "slow", "no_vocals"],
        &["synth", "drums", "fast"],
    ];
    let joined = |sign: &str| {
        home.list("file,tags", |at, [path, ..]| {
            format!("{path},{}", tags[at % 3].join(sign))
        })
    };
    assert_note(
        &joined(" "),
        &[
            "36 rows",
            "words with blanks between them are one tag in `tags`",
            "line 2 `guitar drums`",
        ],
    );
    assert_note(
        &joined(" & "),
        &[
            "36 rows",
            "words with `&` between them are one tag in `tags`",
        ],
    );
    let weighed = home.list("file,tags", |_, [path, ..]| {
        format!("{path},guitar:0.8;drums:0.25")
    });
    assert_note(
        &weighed,
        &[
            "36 rows",
            "a number after `:` or at the end is part of the tag",
        ],
    );
    for names in [
        ["hip hop", "drum and bass", "hip hop"],
        ["deep house", "tech house", "acid house"],
        ["acid jazz", "acid house", "house"],
        ["drum & bass", "r & b", "rock & roll"],
        ["hip hop;slow", "slow dance", "dance music"],
        ["bpm:120", "decade:1990", "time 4:33"],
    ] {
        let collection = home.list("file,tags", |at, [path, ..]| {
            format!("{path},{}", names[at % 3])
        });
        let told: Vec<&str> = collection.note_texts().collect();
        assert!(
            !told
                .iter()
                .any(|note| note.contains("of the tag") || note.contains("one tag")),
            "{names:?}: {told:?}"
        );
    }
}
