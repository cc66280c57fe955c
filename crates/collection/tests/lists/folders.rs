//! Folders and data sets that are opened without a list of one's own.

use crate::common::*;

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

/// A folder of empty sound files, opened.
fn make(names: &[&str]) -> (Collection, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    for name in names {
        write(&home, name, "");
    }
    (open(&[home.path()]).unwrap(), home)
}

fn write(home: &tempfile::TempDir, name: &str, text: &str) {
    let path = home.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn folders_of_folds_are_folds_and_what_holds_all_sound_is_no_label() {
    let genres = vec!["jazz".to_owned(), "rock".to_owned()];
    for top in ["", "audio/"] {
        let names = [
            "fold1/rock/a.wav",
            "fold1/jazz/b.wav",
            "fold2/rock/c.wav",
            "fold10/jazz/d.wav",
        ];
        let names = names.map(|name| format!("{top}{name}"));
        let (collection, _home) = make(&names.each_ref().map(String::as_str));
        assert_eq!(collection.labels(), genres, "{top}");
        let folds: Vec<_> = collection.tracks.iter().map(|track| track.fold).collect();
        assert_eq!(folds, [Some(1), Some(1), Some(10), Some(2)], "{top}");
        assert_note(&collection, &["into 3 folds", "folds:3"]);
    }
    // As UrbanSound8K lies: labels are in a list, which is named.
    let home = tempfile::tempdir().unwrap();
    write(&home, "audio/fold1/a.wav", "");
    write(&home, "audio/fold2/b.wav", "");
    write(
        &home,
        "metadata/UrbanSound8K.csv",
        "slice_file_name,fold,class\na.wav,1,siren\nb.wav,2,drilling\n",
    );
    let collection = open(&[home.path()]).unwrap();
    assert!(collection.labels().is_empty());
    let list = Path::new("metadata").join("UrbanSound8K.csv");
    assert_note(
        &collection,
        &["together with this folder", &list.to_string_lossy()],
    );
    // As the note says.
    let both = open(&[home.path().join(list).as_path(), home.path()]).unwrap();
    assert_eq!(both.labels(), ["drilling", "siren"]);
    // One class alone stays one.
    let (collection, _home) = make(&["rock/one/a.wav", "rock/two/b.wav"]);
    assert_eq!(collection.labels(), ["rock"]);
}

#[test]
fn data_sets_of_the_model_hub_have_the_labels_of_their_metadata_and_the_split_of_their_folders() {
    let sounds = ["train/0.wav", "train/1.wav", "test/2.wav", "test/3.wav"];
    let genre = |at: usize| ["a", "b"][at % 2];
    let lines = sounds.iter().enumerate();
    let lines = lines
        .map(|(at, name)| format!("{{\"file_name\":\"{name}\",\"genre\":\"{}\"}}\n", genre(at)));
    let rows = sounds.iter().enumerate();
    let rows = rows.map(|(at, name)| format!("{name},{}\n", genre(at)));
    let table = format!("file_name,genre\n{}", rows.collect::<String>());
    let (train, test) = (
        "file_name,genre\n0.wav,a\n1.wav,b\n",
        "file_name,genre\n2.wav,a\n3.wav,b\n",
    );
    for lists in [
        vec![("metadata.jsonl", lines.collect::<String>())],
        vec![("metadata.csv", table)],
        vec![
            ("train/metadata.csv", train.to_owned()),
            ("test/metadata.csv", test.to_owned()),
        ],
    ] {
        let home = tempfile::tempdir().unwrap();
        for name in sounds.iter().chain(&["train/other.wav"]) {
            write(&home, name, "");
        }
        for (name, text) in &lists {
            write(&home, name, text);
        }
        let mut opened = vec![open(&[home.path()]).unwrap()];
        assert_note(
            &opened[0],
            &[lists[0].0, "1 file that it does not name left out"],
        );
        if let [(name, _)] = &lists[..] {
            opened.push(open(&[&home.path().join(name)]).unwrap());
        }
        for collection in opened {
            assert_eq!(collection.labels(), ["a", "b"], "{lists:?}");
            assert_eq!(
                (collection.tracks.len(), sizes(&collection)),
                (4, [2, 0, 2]),
                "{lists:?}"
            );
        }
    }
}

#[test]
fn folders_are_labels_unless_they_are_numbers_or_parts() {
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
    assert_note(
        &collection,
        &["open it together with this folder: labels of mine.csv"],
    );
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
    // Of it a clip to learn from and one to test on, and the latter alone.
    for clip in [12, 29] {
        write(&format!("few/blues/blues.{clip:05}.wav"), "");
    }
    let few = open(&[&home.path().join("few")]).unwrap();
    assert_eq!(sizes(&few), [1, 0, 1]);
    write("one/blues/blues.00012.wav", "");
    let one = open(&[&home.path().join("one")]).unwrap();
    assert_eq!(one.split, None);
    assert_note(&one, &["GTZAN is not used", "1 test"]);
    let alone = open(&[&key]).unwrap();
    assert_eq!(alone.split, None);
    assert_note(&alone, &["GiantSteps key is not used", "1 test"]);
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
fn keys_in_files_beside_the_sounds_are_read() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (name, key) in [
        ("10089.LOFI", "C minor\n"),
        ("b", "A\tmajor"),
        ("c", "\u{feff}ля минор\r\n"),
        ("d", "house"),
        ("e", "-"),
    ] {
        write(&format!("{name}.mp3"), "");
        write(&format!("{name}.key"), key);
    }
    write("f.mp3", "");
    write("g.mp3", "");
    write("g.key", &"a presentation ".repeat(1000));
    let opened = open(&[home.path()]).unwrap();
    let keys: Vec<Option<&str>> = opened
        .tracks
        .iter()
        .map(|track| track.key.and_then(key_name))
        .collect();
    let known = [Some("C minor"), Some("A major"), Some("A minor")];
    assert_eq!(keys, [&known[..], &[None; 4]].concat());
    assert_eq!(opened.labels(), ["A major", "A minor", "C minor"]);
    assert_note(&opened, &["keys of 3 tracks", ".key"]);
    assert_note(&opened, &["1 file", "d.key line 1 `house`"]);
    // Where none is read, that is said; what is no text is passed over.
    write("odd/music/i.mp3", "");
    write("odd/music/i.key", "F# minor 0.91");
    write("odd/music/j.mp3", "");
    write("odd/music/j.key", "-----BEGIN PRIVATE KEY-----");
    let odd = open(&[home.path().join("odd/music").as_path()]).unwrap();
    assert!(odd.tracks.iter().all(|track| track.key.is_none()));
    assert_note(&odd, &["1 file", "i.key line 1 `F# minor 0.91`"]);
    fs::remove_dir_all(home.path().join("odd")).unwrap();
    // Folders that are labels stay these.
    write("rock/h.mp3", "");
    write("rock/h.key", "8A");
    let opened = open(&[home.path()]).unwrap();
    assert_eq!(opened.labels(), ["rock"]);
    let keys = opened.tracks.iter().filter(|track| track.key.is_some());
    assert_eq!(keys.count(), 4);
}

#[test]
fn a_key_file_may_have_the_whole_name_of_its_sound_and_capital_letters() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(home.path().join(name), text).unwrap();
    for (name, file, key) in [
        ("a.wav", "a.KEY", "Am"),
        ("b.flac", "b.flac.key", "D major"),
        ("c.wav", "C.Key", "h-Moll"),
        ("d.wav", "d.wav.KEY", "Ｆ＃ｍ"),
    ] {
        write(name, "");
        write(file, key);
    }
    let opened = open(&[home.path()]).unwrap();
    let keys: Vec<Option<&str>> = opened
        .tracks
        .iter()
        .map(|track| track.key.and_then(key_name))
        .collect();
    let expected = ["A minor", "D major", "B minor", "F# minor"].map(Some);
    assert_eq!(keys, expected);
    assert_note(&opened, &["keys of 4 tracks"]);
}
