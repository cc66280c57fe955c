//! Data sets that people have lying about are known by their shape, with their labels and the split that published
//! numbers are made on, also where files are missing.
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
    Collection, CollectionError, CollectionKind, OpenOptions, OwnLabels, Track, data_set_name,
    open_with, parse_key,
};

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn opened(path: &Path) -> Collection {
    try_open(path).unwrap()
}

fn try_open(path: &Path) -> Result<Collection, CollectionError> {
    let paths = [path.to_path_buf()];
    open_with(&paths, OpenOptions::default(), &Watch::unattended())
}

fn titled<'a>(collection: &'a Collection, title: &str) -> &'a Track {
    let mut tracks = collection.tracks.iter();
    tracks.find(|track| track.title == title).unwrap()
}

/// Titles of the parts of the split.
fn parts(collection: &Collection) -> [Vec<&str>; 3] {
    let split = collection.split.as_ref().unwrap();
    [&split.train, &split.valid, &split.test].map(|part| {
        part.iter()
            .map(|&place| collection.tracks[place].title.as_str())
            .collect()
    })
}

/// Three tracks each of GiantSteps key and GiantSteps-MTG key, as they are distributed.
fn giantsteps(root: &Path) {
    let key = root.join("giantsteps-key-dataset");
    for (id, name) in [
        ("10089", "D# minor\n"),
        ("20000", "F major"),
        ("30000", "?"),
    ] {
        write(&key.join(format!("annotations/key/{id}.LOFI.key")), name);
        write(&key.join(format!("audio/{id}.LOFI.mp3")), "");
    }
    let mtg = root.join("giantsteps-mtg-key-dataset");
    write(
        &mtg.join("annotations/annotations.txt"),
        "ID\tMANUAL KEY\tC\tNOTES\n1\tC minor\t2\t\n2\tA major\t2\t\n3\tA major\t1\tunsure\n4\tC major / A minor\t2\t\n\
         5\tBb minor\t2\t\n",
    );
    // SHA-1 modulo 116 of the artists in lower case: `aphex twin` 99 and `autechre` 96 are train, `bicep` 108 is valid.
    write(
        &mtg.join("annotations/beatport_metadata.txt"),
        "ID\tARTIST\tTITLE\n1\tAphex Twin\tx\n2\tBicep\ty\n3\tAphex Twin\tz\n4\tAphex Twin\tq\n5\tBicep, Autechre\tr\n",
    );
    for id in 1..=5 {
        write(&mtg.join(format!("audio/{id}.LOFI.mp3")), "");
    }
}

#[test]
fn giantsteps_key_is_test_and_mtg_key_is_split_by_artist() {
    let home = tempfile::tempdir().unwrap();
    giantsteps(home.path());
    assert_eq!(data_set_name(home.path()), Some("GiantSteps key"));
    let all = opened(home.path());
    assert_eq!(all.kind, CollectionKind::GiantSteps);
    let track = titled(&all, "10089");
    assert_eq!(track.key, parse_key("Eb minor"));
    assert_eq!(track.label.as_deref(), Some("Eb minor"));
    assert_eq!(
        parts(&all),
        [
            vec!["1 (Aphex Twin)"],
            vec!["2 (Bicep)", "5 (Bicep, Autechre)"],
            vec!["10089", "20000"],
        ],
        "an unsure key, two keys and no key are in no part"
    );
    assert!(all.notes[0].text.contains("923"), "{:?}", all.notes);
    // Alone there is nothing to learn from: no split, but the keys.
    let test = opened(&home.path().join("giantsteps-key-dataset"));
    assert_eq!(
        (test.kind, test.tracks.len()),
        (CollectionKind::GiantSteps, 3)
    );
    assert_eq!(test.split, None);

    fs::remove_file(
        home.path()
            .join("giantsteps-key-dataset/audio/20000.LOFI.mp3"),
    )
    .unwrap();
    let less = opened(home.path());
    let gone = titled(&less, "20000");
    assert!(gone.problem.as_ref().unwrap().contains("missing"));
    assert!(gone.path.ends_with("audio/20000.LOFI.mp3"));
    assert_eq!(parts(&less)[2], ["10089"]);
}

#[test]
fn emomusic_has_emotions_and_its_evaluation_set_is_test() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("emoMusic45s");
    write(
        &root.join("annotations/static_annotations.csv"),
        "song_id,mean_arousal,std_arousal,mean_valence,std_valence\n2,3.1,1,3,1\n3,3.5,1,3.3,1\n4,5.7,1,5.5,1\n5,44,1,2,1\n",
    );
    // SHA-1 modulo 10: `the kooks` 3 is train, `nina simone` 9 is valid.
    write(
        &root.join("annotations/songs_info.csv"),
        "song_id,file_name,Artist,Song title,start of the segment (min.sec),end of the segment (min.sec),Genre,Mediaeval \
         2013 set\n2,2.mp3,\"\tThe Kooks\t\",\"\tNaive\t\",1,2,\"\tRock\t\",development\n3,3.mp3,Nina Simone,Sinnerman,1,2,Rock,\
         development\n4,4.mp3,Nine Inch Nails,Hurt,1,2,Jazz,evaluation\n5,5.mp3,X,Y,1,2,Pop,development\n",
    );
    for id in 2..=5 {
        write(&root.join(format!("clips_45seconds/{id}.mp3")), "");
    }
    write(&root.join("clips_45seconds/99.mp3"), "");
    let collection = opened(&root);
    assert_eq!(collection.kind, CollectionKind::EmoMusic);
    assert_eq!(
        parts(&collection),
        [
            vec!["Naive (The Kooks)"],
            vec!["Sinnerman (Nina Simone)"],
            vec!["Hurt (Nine Inch Nails)"],
        ]
    );
    let naive = titled(&collection, "Naive (The Kooks)");
    assert_eq!(
        (naive.emotion, naive.label.as_deref()),
        (Some([3.1, 3.0]), Some("Rock"))
    );
    // A value outside of 1 to 9 is none, and a clip without values is in no part.
    assert_eq!(titled(&collection, "Y (X)").emotion, None);
    assert_eq!(titled(&collection, "99").emotion, None);
    assert!(
        collection
            .note_texts()
            .any(|note| note.starts_with("1 sound file not named")),
        "{:?}",
        collection.notes
    );
}

#[test]
fn magnatagatune_is_split_by_folder_and_keeps_frequent_tags() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path();
    write(
        &root.join("annotations_final.csv"),
        "\"clip_id\"\t\"no singer\"\t\"harp\"\t\"never\"\t\"mp3_path\"\n\
         \"2\"\t\"1\"\t\"0\"\t\"0\"\t\"f/bach-1-0-29.mp3\"\n\
         \"6\"\t\"1\"\t\"1\"\t\"0\"\t\"0/harp-1-0-29.mp3\"\n\
         \"7\"\t\"0\"\t\"0\"\t\"0\"\t\"c/quiet-1-0-29.mp3\"\n",
    );
    write(
        &root.join("clip_info_final.csv"),
        "clip_id\ttrack_number\ttitle\tartist\n2\t1\tSuite\tBach\n",
    );
    for clip in ["f/bach-1-0-29", "0/harp-1-0-29", "c/quiet-1-0-29"] {
        write(&root.join(format!("mp3/{clip}.mp3")), "");
    }
    assert_eq!(data_set_name(root), Some("MagnaTagATune"));
    let collection = opened(root);
    assert_eq!(collection.kind, CollectionKind::MagnaTagATune);
    assert_eq!(
        parts(&collection),
        [
            vec!["harp-1-0-29"],
            vec!["quiet-1-0-29"],
            vec!["Suite (Bach)"]
        ]
    );
    assert_eq!(
        titled(&collection, "harp-1-0-29").tags,
        ["no singer", "harp"]
    );
    assert!(titled(&collection, "quiet-1-0-29").tags.is_empty());
}

/// Who opens a data set hears of its gaps at once, not when a probe reports.
#[test]
fn tracks_that_the_annotations_don_t_label_are_told_with_their_lines() {
    let home = tempfile::tempdir().unwrap();
    giantsteps(home.path());
    let note = |collection: &Collection, start: &str| {
        let mut notes = collection.notes.iter();
        let found = notes.find(|note| note.text.starts_with(start));
        let found = found.unwrap_or_else(|| panic!("{start}: {:?}", collection.notes));
        let lines: Vec<String> = found.lines.iter().map(|line| line.to_string()).collect();
        (found.text.clone(), lines)
    };
    let (text, lines) = note(&opened(home.path()), "2 tracks without a single key");
    assert_eq!(lines, ["30000.LOFI.key line 1", "annotations.txt line 5"]);
    assert!(
        text.contains("`C major / A minor`") && text.contains("`?`"),
        "{text}"
    );

    let root = home.path().join("emo");
    write(
        &root.join("static_annotations.csv"),
        "song_id,mean_arousal,mean_valence\n2,3,3\n3,0.4,3\nx,3,3\n",
    );
    write(
        &root.join("songs_info.csv"),
        "song_id,Artist,Mediaeval 2013 set\n2,A,development\n3,B,evaluation\n4,C,evaluation\n",
    );
    for id in 2..=4 {
        write(&root.join(format!("{id}.mp3")), "");
    }
    let collection = opened(&root);
    let (text, lines) = note(
        &collection,
        "2 tracks without a pair of arousal and valence",
    );
    assert_eq!(
        lines,
        ["static_annotations.csv line 3", "songs_info.csv line 4"]
    );
    assert!(text.contains("`0.4`, `3`"), "{text}");
    let (_, lines) = note(&collection, "1 row of the annotations of EmoMusic without");
    assert_eq!(lines, ["static_annotations.csv line 4"]);

    let fma = home.path().join("fma");
    write(
        &fma.join("fma_metadata/tracks.csv"),
        ",set,set,track\n,split,subset,genre_top\ntrack_id,,,\n2,training,small,Rock\n3,test,small,\n",
    );
    for id in [2, 3] {
        write(&fma.join(format!("fma_small/000/{id:06}.mp3")), "");
    }
    let (_, lines) = note(&opened(&fma), "1 track without a top genre");
    assert_eq!(lines, ["tracks.csv line 5"]);
}

#[test]
fn annotations_opened_alone_leave_out_other_sound_that_lies_around_them() {
    let home = tempfile::tempdir().unwrap();
    let tables = home.path().join("downloads/mtat");
    let table = tables.join("annotations_final.csv");
    write(
        &table,
        "clip_id\tdrums\tmp3_path\n1\t1\t0/a-0-29.mp3\n2\t0\tf/b-0-29.mp3\n",
    );
    for sound in ["mp3/0/a-0-29.mp3", "mp3/f/b-0-29.mp3", "holidays/waves.wav"] {
        write(&home.path().join("downloads").join(sound), "");
    }
    let alone = opened(&table);
    assert_eq!(alone.kind, CollectionKind::MagnaTagATune);
    let titles: Vec<&str> = alone.tracks.iter().map(|it| it.title.as_str()).collect();
    assert_eq!(titles, ["a-0-29", "b-0-29"]);
    let told = |note: &str| note.starts_with("1 sound file not named") && note.contains("left out");
    assert!(alone.note_texts().any(told), "{:?}", alone.notes);
    // The folder means all that is in it.
    assert_eq!(opened(&home.path().join("downloads")).tracks.len(), 3);
}

#[test]
fn a_small_part_of_a_data_set_is_no_list_of_missing_files() {
    let home = tempfile::tempdir().unwrap();
    let rows: String = (0..40)
        .map(|clip| format!("{clip}\t1\t0/{clip}.mp3\n"))
        .collect();
    write(
        &home.path().join("annotations_final.csv"),
        &format!("clip_id\tdrums\tmp3_path\n{rows}"),
    );
    write(&home.path().join("0/7.mp3"), "");
    let collection = opened(home.path());
    assert_eq!(collection.tracks.len(), 1);
    assert!(
        collection
            .note_texts()
            .any(|note| note.starts_with("39 of 40")),
        "{:?}",
        collection.notes
    );
}

#[test]
fn damaged_annotations_name_what_is_missing() {
    let home = tempfile::tempdir().unwrap();
    write(
        &home.path().join("static_annotations.csv"),
        "song_id,arousal\n2,3\n",
    );
    write(&home.path().join("songs_info.csv"), "song_id\n2\n");
    let error = try_open(home.path()).unwrap_err();
    assert!(matches!(error, CollectionError::Labels { line: 1, .. }));
    assert!(error.to_string().contains("mean_arousal"), "{error}");
}

#[test]
fn a_table_lists_paths_labels_and_parts() {
    let home = tempfile::tempdir().unwrap();
    write(&home.path().join("music/a.wav"), "");
    write(&home.path().join("b.aax"), "");
    let table = home.path().join("mine.csv");
    write(
        &table,
        "path,genre,split,key,tags,arousal,valence\nmusic/a.wav,dub,train,C# minor,bass;  slow ,2,7\nb.aax,rock,test,,,,\n\
         gone.wav,rock,test,,,,\nmine.csv,,,,,,\n,,,,,,\n",
    );
    let collection = opened(&table);
    assert_eq!(
        (collection.kind, collection.name.as_str()),
        (CollectionKind::Listed, "mine")
    );
    let [a, b, gone, text] = &collection.tracks[..] else {
        panic!("{:?}", collection.tracks);
    };
    assert_eq!((a.label.as_deref(), a.key), (Some("dub"), Some(13)));
    assert_eq!(
        (&a.tags[..], a.emotion),
        (
            &["bass".to_owned(), "slow".to_owned()][..],
            Some([2.0, 7.0])
        )
    );
    assert!(a.problem.is_none());
    assert!(b.problem.as_ref().unwrap().contains("Audible"));
    assert!(gone.problem.as_ref().unwrap().contains("no such file"));
    assert!(text.problem.as_ref().unwrap().contains("it is a text"));
    assert_eq!(parts(&collection)[2].len(), 2);
    write(&table, "name,genre\nx,y\n");
    assert!(try_open(&table).unwrap_err().to_string().contains("`file`"));
}

#[test]
fn own_labels_are_laid_over_a_collection_and_told() {
    let home = tempfile::tempdir().unwrap();
    let music = home.path().join("music");
    write(&music.join("rock/a.wav"), "");
    write(&music.join("rock/b.wav"), "");
    let file = home.path().join("data/own-labels.csv");
    let mut own = OwnLabels::default();
    own.keep(&Track {
        label: Some("ambient".to_owned()),
        ..Track::of_file(&music.join("rock/b.wav"))
    });
    own.save(&file).unwrap();
    let with = |file: PathBuf| {
        let options = OpenOptions {
            own_labels: Some(file),
            ..OpenOptions::default()
        };
        open_with(std::slice::from_ref(&music), options, &Watch::unattended()).unwrap()
    };
    let collection = with(file.clone());
    assert_eq!(collection.labels(), ["ambient", "rock"]);
    assert!(
        collection.notes[0]
            .text
            .starts_with("labels of your own on 1 track,")
    );
    // A damaged file costs its labels, not the collection.
    fs::write(&file, "nonsense").unwrap();
    let collection = with(file);
    assert_eq!(collection.labels(), ["rock"]);
    assert!(
        collection.notes[0]
            .text
            .starts_with("your own labels are left out")
    );
}
