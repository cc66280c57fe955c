//! Parts of splits and folds.

use crate::common::*;

#[test]
fn splits_are_read_in_all_the_fields_words() {
    let home = Home::new();
    for words in [
        ["Train", "dev", "Test"],
        ["training", "validation", "testing"],
        ["TRAIN", "VAL", "TEST"],
        ["0", "1", "2"],
        ["1", "2", "3"],
        ["train", "eval", "test"],
        ["train set", "valid set", "test set"],
        ["tr", "cv", "te"],
        ["tr", "va", "tt"],
        ["entraînement", "validation", "test"],
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
    // As LibriSpeech calls its parts.
    let long = home.list("file,label,split", |_, [path, label, part]| {
        format!("{path},{label},{part}-clean-100")
    });
    assert_eq!(sizes(&long), [21, 6, 9]);
    assert_note(&long, &["`test-clean-100` is taken as test"]);
    // Numbers of about as many rows each may be anything.
    let thirds = home.list("file,label,split", |at, [path, label, _]| {
        format!("{path},{label},{}", 1 + at / 3 % 3)
    });
    assert_eq!(thirds.split, None);
    assert_note(&thirds, &["`split` is no split", "`1`, `2`, `3`"]);
    // What is no part is said before anything is computed.
    let collection = home.list("file,label,split", |at, [path, label, part]| {
        let part = if at == 4 { "backup" } else { part };
        format!("{path},{label},{part}")
    });
    assert_eq!(sizes(&collection), [20, 6, 9]);
    assert_note(&collection, &["1 row", "`split`", "line 6 `backup`"]);
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
fn listed_folds_are_kept_and_the_protocol_that_uses_them_is_named() {
    let home = Home::new();
    // Three folds are no train, valid and test.
    for (folds, heading, word) in [
        (10, "fold", ""),
        (3, "fold", ""),
        (5, "cv_fold", "fold_"),
        (5, "Fold ID", "fold"),
    ] {
        let list = home.list(&format!("file,label,{heading}"), |at, [path, label, _]| {
            format!("{path},{label},{word}{}", 1 + at % folds)
        });
        assert_eq!(list.split, None);
        let found: Vec<Option<u32>> = list.tracks.iter().map(|track| track.fold).collect();
        let wanted: Vec<Option<u32>> = (0..36).map(|at| Some(1 + at % folds as u32)).collect();
        assert_eq!(found, wanted, "{heading}");
        assert_note(&list, &[heading, &format!("folds:{folds}")]);
        let unread = list
            .note_texts()
            .any(|note| note.contains("nothing was read"));
        assert!(!unread, "{:?}", list.notes);
    }
    // A split may stand beside them; a row may have no fold.
    let both = home.list("file,label,split,fold", |at, [path, label, part]| {
        let fold = if at == 7 {
            String::new()
        } else {
            (at % 4).to_string()
        };
        format!("{path},{label},{part},{fold}")
    });
    assert_eq!(sizes(&both), [21, 6, 9]);
    assert_eq!((both.tracks[6].fold, both.tracks[7].fold), (Some(2), None));
    assert_note(&both, &["1 row without a word in `fold`", "line 9"]);
    // Parts of a split may be called folds.
    let parts = home.list("file,label,fold", |_, row| row.join(","));
    assert_whole(&parts, "fold");
}

#[test]
fn lists_that_are_named_as_folds_are_these() {
    let home = Home::new();
    for form in [
        "fold{}.csv",
        "genres_fold_{}.csv",
        "Fold-{}.csv",
        "fold{}/list.csv",
    ] {
        let paths: Vec<PathBuf> = (0..3)
            .map(|fold| {
                let path = home.file(&form.replace("{}", &fold.to_string()));
                let rows = home.rows.iter().skip(fold).step_by(3);
                let rows = rows.map(|[file, label, _]| {
                    let file = home.file(file);
                    format!("{},{label}\n", file.display())
                });
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, format!("file,label\n{}", rows.collect::<String>())).unwrap();
                path
            })
            .collect();
        let collection = open(&[&paths[0], &paths[1], &paths[2]]).unwrap();
        let folds: Vec<Option<u32>> = collection.tracks.iter().map(|it| it.fold).collect();
        let wanted: Vec<Option<u32>> = (0..36).map(|at| Some(at / 12)).collect();
        assert_eq!(folds, wanted, "{form}: {:?}", collection.notes);
        assert_eq!(collection.split, None);
        assert_note(&collection, &["3 folds", "folds:3"]);
        // One alone, or beside one that is none, is a list like others.
        let more = home.file("more.csv");
        fs::write(&more, "file,label\naudio/jazz/01.wav,jazz\n").unwrap();
        for lists in [&[&*paths[0]][..], &[&paths[0], &more]] {
            let collection = open(lists).unwrap();
            assert!(collection.tracks.iter().all(|track| track.fold.is_none()));
        }
    }
    let paths = [0, 1].map(|fold| {
        let path = home.file(&format!("fold{fold}.csv"));
        fs::write(&path, "file,label\naudio/jazz/01.wav,jazz\n").unwrap();
        path
    });
    let collection = open(&[&paths[0], &paths[1]]).unwrap();
    assert_eq!(collection.tracks[0].fold, Some(0));
    assert_note(&collection, &["1 file", "two folds", "fold1.csv line 2 1"]);
}

#[test]
fn columns_that_say_whether_a_file_is_in_a_part_are_the_split() {
    let home = Home::new();
    let flag = |is: bool| if is { "True" } else { "False" };
    let test = home.list("file,label,is_test", |_, [path, label, part]| {
        format!("{path},{label},{}", flag(part == "test"))
    });
    assert_eq!(sizes(&test), [27, 0, 9]);
    assert_note(&test, &["`is_test` as test"]);
    let both = home.list("file,label,is_valid,is_test", |_, [path, label, part]| {
        format!(
            "{path},{label},{},{}",
            flag(part == "valid"),
            flag(part == "test")
        )
    });
    assert_eq!(sizes(&both), [21, 6, 9]);
    let train = home.list("file,label,is_train", |_, [path, label, part]| {
        format!("{path},{label},{}", u8::from(part != "test"))
    });
    assert_eq!(sizes(&train), [27, 0, 9]);
    // What is in neither of two is in the third.
    let known = home.list("file,label,is_train,is_valid", |_, [path, label, part]| {
        format!(
            "{path},{label},{},{}",
            u8::from(part == "train"),
            u8::from(part == "valid")
        )
    });
    assert_eq!(sizes(&known), [21, 6, 9]);
    // As pandas' get_dummies writes them: no tags.
    let heading = "file,label,split_test,split_train,split_valid";
    let dummies = home.list(heading, |_, [path, label, part]| {
        let is = ["test", "train", "valid"].map(|other| u8::from(other == part).to_string());
        format!("{path},{label},{}", is.join(","))
    });
    assert_eq!(sizes(&dummies), [21, 6, 9]);
    assert!(dummies.tracks.iter().all(|track| track.tags.is_empty()));
}

#[test]
fn a_list_whose_name_is_that_of_no_part_is_told_beside_others() {
    let home = Home::new();
    let lists = [("train", "train"), ("more", "valid"), ("test", "test")].map(|(name, part)| {
        let rows = home.rows.iter().filter(|row| row[2] == part);
        let rows: String = rows.map(|row| format!("{},{}\n", row[0], row[1])).collect();
        let list = home.file(&format!("{name}.csv"));
        fs::write(&list, format!("file,label\n{rows}")).unwrap();
        list
    });
    let collection = open(&[&lists[0], &lists[1], &lists[2]]).unwrap();
    assert_eq!(sizes(&collection), [21, 0, 9]);
    assert_note(&collection, &["more.csv", "no part of a split"]);
}

#[test]
fn numbers_without_a_heading_are_classes_and_no_split() {
    let home = Home::new();
    let class = |genre: &str| GENRES.iter().position(|it| *it == genre).unwrap();
    let text = |line: &dyn Fn(&[String; 3]) -> String| -> Collection {
        let lines: Vec<String> = home.rows.iter().map(line).collect();
        home.text(lines.join("\n"))
    };
    // The name of a class with its number, in either order.
    let named = text(&|[path, genre, _]| format!("{path},{genre},{}", class(genre)));
    let numbered = text(&|[path, genre, _]| format!("{path},{},{genre}", class(genre)));
    for (collection, unread) in [(named, "field 3"), (numbered, "field 2")] {
        assert_eq!(collection.labels(), ["jazz", "rock", "techno"]);
        assert_eq!(collection.split, None);
        assert_note(&collection, &["nothing was read from", unread]);
        assert!(!collection.note_texts().any(|note| note.contains("``")));
    }
    // The number alone, as in the lists of image nets.
    let alone = text(&|[path, genre, _]| format!("{path} {}", class(genre)));
    assert_eq!(alone.labels(), ["0", "1", "2"]);
    assert_eq!(alone.split, None);
    // Words are a split; one that means none is named with its field.
    let lines: String = home.rows.iter().map(|row| row.join(",") + "\n").collect();
    assert_whole(&home.text(&lines), "words without a heading");
    let more: String = (0..40)
        .map(|at| {
            let path = format!("audio/rock/more{at}.wav");
            fs::write(home.file(&path), "").unwrap();
            format!("{path},rock,{}\n", if at < 39 { "train" } else { "backup" })
        })
        .collect();
    let collection = home.text(lines + &more);
    assert_note(
        &collection,
        &["1 row", "no part of a split in field 3", "`backup`"],
    );
    // Nothing to go by at all.
    let error = home.try_text("a.wav,rock\nb.txt,jazz\n").map(|it| it.notes);
    assert!(!format!("{error:?}").contains("``"), "{error:?}");
}

#[test]
fn lists_of_one_name_are_parts_by_their_folders() {
    let home = Home::new();
    let paths = ["train", "valid", "test"].map(|part| {
        let rows = home.rows.iter().filter(|row| row[2] == part);
        let rows: String = rows
            .map(|[path, genre, _]| format!("../{path},{genre}\n"))
            .collect();
        let path = home.file(&format!("{part}/metadata.csv"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("file_name,genre,mood\n{rows}")).unwrap();
        path
    });
    let collection = open(&[&paths[0], &paths[1], &paths[2]]).unwrap();
    assert_eq!(sizes(&collection), [21, 6, 9], "{:?}", collection.notes);
    assert_eq!(collection.labels(), ["jazz", "rock", "techno"]);
    // Each note says of which of the three it is.
    assert_note(&collection, &["test/metadata.csv: ", "`mood`"]);
}

#[test]
fn a_split_under_any_heading_is_read_where_all_its_words_are_parts() {
    let home = Home::new();
    let list = home.list("file,genre,type", |_, [path, genre, part]| {
        format!("{path},{genre},{part}")
    });
    assert_eq!(sizes(&list), [21, 6, 9]);
    assert_note(&list, &["`type` is read as the split"]);
    // Words of something else are no split.
    let list = home.list("file,genre,group", |at, [path, genre, part]| match at {
        0 => format!("{path},{genre},live"),
        _ => format!("{path},{genre},{part}"),
    });
    assert_eq!(sizes(&list), [0, 0, 0]);
}
