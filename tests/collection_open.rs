//! What people point at becomes a collection, whatever lies in their folders: links that turn in circles, pipes,
//! names of any bytes, a hundred thousand files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use mynascope_base::jobs::{Cancel, Watch};
use mynascope_collection::{Collection, CollectionError, CollectionKind, open};

fn touch(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, b"").unwrap();
}

fn opened(paths: &[&Path]) -> Collection {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    open(&paths, &Watch::unattended()).unwrap()
}

fn rows(collection: &Collection) -> Vec<(String, Option<String>)> {
    let row = |track: &mynascope_collection::Track| (track.title.clone(), track.label.clone());
    collection.tracks.iter().map(row).collect()
}

fn row(title: &str, label: Option<&str>) -> (String, Option<String>) {
    (title.to_owned(), label.map(str::to_owned))
}

#[test]
fn sub_folders_are_labels_and_other_files_are_passed_over() {
    let home = tempfile::tempdir().unwrap();
    let music = home.path().join("music");
    for file in [
        "rock/b.wav",
        "rock/live/a.FLAC",
        "rock/cover.jpg",
        "dub/c.mp3",
        "loose.ogg",
        ".hidden.wav",
        ".cache/d.wav",
        "notes.txt",
    ] {
        touch(&music.join(file));
    }
    let collection = opened(&[&music]);
    assert_eq!(
        (collection.kind, collection.name.as_str()),
        (CollectionKind::Folder, "music")
    );
    assert_eq!(
        rows(&collection),
        [
            row("c", Some("dub")),
            row("loose", None),
            row("b", Some("rock")),
            row("a", Some("rock"))
        ]
    );
    assert_eq!(collection.labels(), ["dub", "rock"]);
    assert!(collection.notes.is_empty());
}

#[test]
fn gtzan_is_known_by_its_shape_from_any_height() {
    let home = tempfile::tempdir().unwrap();
    let genres = home.path().join("gtzan/genres");
    for file in [
        "blues/blues.00000.wav",
        "blues/blues.00001.wav",
        "rock/rock.00099.wav",
    ] {
        touch(&genres.join(file));
    }
    for folder in [home.path(), &home.path().join("gtzan"), &genres] {
        let collection = opened(&[folder]);
        assert_eq!(collection.kind, CollectionKind::Gtzan);
        assert_eq!(collection.labels(), ["blues", "rock"]);
    }
    // One file of another shape, and it is an ordinary folder again.
    touch(&genres.join("rock/my song.wav"));
    assert_eq!(opened(&[&genres]).kind, CollectionKind::Folder);
}

#[test]
fn several_paths_are_one_collection_without_repeats() {
    let home = tempfile::tempdir().unwrap();
    let (folder, single) = (home.path().join("folder"), home.path().join("single.wav"));
    touch(&folder.join("x/a.wav"));
    touch(&single);
    let collection = opened(&[
        &single,
        &folder,
        &folder.join("x/a.wav"),
        &folder.join("../single.wav"),
    ]);
    assert_eq!(collection.kind, CollectionKind::Files);
    assert_eq!(
        rows(&collection),
        [row("single", None), row("a", Some("x"))]
    );
}

#[test]
fn nothing_found_is_an_error_that_says_what_is_looked_for() {
    let home = tempfile::tempdir().unwrap();
    touch(&home.path().join("readme.txt"));
    let empty = open(&[home.path().to_path_buf()], &Watch::unattended()).unwrap_err();
    let text = empty.to_string();
    assert!(matches!(empty, CollectionError::Empty { .. }));
    assert!(
        text.contains("flac") && text.ends_with(&home.path().display().to_string()),
        "{text}"
    );

    let missing = open(&[home.path().join("gone")], &Watch::unattended()).unwrap_err();
    assert!(matches!(missing, CollectionError::Unreadable { .. }));
    assert!(missing.to_string().ends_with("gone"));
    assert!(matches!(
        open(&[], &Watch::unattended()),
        Err(CollectionError::NoPath)
    ));
    let text = open(&[home.path().join("readme.txt")], &Watch::unattended()).unwrap_err();
    assert!(matches!(text, CollectionError::Nothing { .. }));
}

#[test]
fn a_folder_of_lists_alone_says_that_a_list_opens_itself() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("train.csv"), "file,label\na.wav,x\n").unwrap();
    fs::write(home.path().join("party.m3u"), "a.wav\n").unwrap();
    fs::write(home.path().join("scores.csv"), "epoch,loss\n1,2\n").unwrap();
    let nothing = open(&[home.path().to_path_buf()], &Watch::unattended()).unwrap_err();
    assert!(matches!(nothing, CollectionError::Nothing { .. }));
    let text = nothing.to_string();
    assert!(
        text.contains("a list opens where it is named itself (party.m3u, train.csv)"),
        "{text}"
    );
    // Beside a folder of sound it is a note.
    let music = tempfile::tempdir().unwrap();
    touch(&music.path().join("a.wav"));
    let both = opened(&[music.path(), home.path()]);
    assert_eq!(both.tracks.len(), 1);
    let mut notes = both.note_texts();
    assert!(notes.any(|note| note.contains("(party.m3u, train.csv)")));
}

#[test]
fn known_formats_that_cannot_be_decoded_are_rows_with_a_reason() {
    let home = tempfile::tempdir().unwrap();
    touch(&home.path().join("a.aax"));
    touch(&home.path().join("b.wav"));
    let collection = opened(&[home.path()]);
    assert!(
        collection.tracks[0]
            .problem
            .as_ref()
            .unwrap()
            .contains("Audible")
    );
    assert_eq!(collection.tracks[1].problem, None);
}

#[test]
fn a_label_file_of_another_make_is_not_ours() {
    let home = tempfile::tempdir().unwrap();
    touch(&home.path().join("jazz/a.wav"));
    fs::write(home.path().join("labels.csv"), "name,mood\na,calm\n").unwrap();
    assert_eq!(opened(&[home.path()]).kind, CollectionKind::Folder);
}

const HEADER: &str = "file,title,style,key,tempo_bpm,tags,arousal,valence,seconds\n";

#[test]
fn a_damaged_label_file_names_its_line() {
    let home = tempfile::tempdir().unwrap();
    touch(&home.path().join("a.wav"));
    let labels = home.path().join("labels.csv");
    let first = "a.wav,\"A, quoted\",jazz,C# minor,120,bass;ride,5,6.5,12\n";
    for (second, word) in [
        ("a.wav,B,jazz,X major,120,,5,5,12\n", "X major"),
        ("a.wav,B,jazz,C major,fast,,5,5,12\n", "fast"),
        ("a.wav,B,jazz,C major,120,,5,NaN,12\n", "NaN"),
        ("../a.wav,B,jazz,C major,120,,5,5,12\n", "inside"),
        ("/etc/a.wav,B,jazz,C major,120,,5,5,12\n", "inside"),
        ("a.wav,B,jazz\n", "fields"),
    ] {
        fs::write(&labels, format!("{HEADER}{first}{second}")).unwrap();
        let error = open(&[home.path().to_path_buf()], &Watch::unattended()).unwrap_err();
        let text = error.to_string();
        assert!(
            matches!(error, CollectionError::Labels { line: 3, .. }),
            "{text}"
        );
        assert!(text.contains(word), "{text}");
    }
    fs::write(&labels, format!("{HEADER}{first}gone.wav,,,,,,,,\n")).unwrap();
    let collection = opened(&[home.path()]);
    assert_eq!(
        rows(&collection),
        [row("A, quoted", Some("jazz")), row("gone", None)]
    );
    assert_eq!(
        (collection.tracks[0].key, collection.tracks[0].emotion),
        (Some(13), Some([5.0, 6.5]))
    );
    assert_eq!(collection.tracks[0].tags, ["bass", "ride"]);
    assert!(collection.tracks[0].problem.is_none() && collection.tracks[1].problem.is_some());
}

#[cfg(unix)]
#[test]
fn links_pipes_and_odd_names_are_survived() {
    use std::{
        ffi::OsStr,
        os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener},
    };

    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("root");
    let long = format!("{}.wav", "n".repeat(251));
    touch(&root.join("a/one.wav"));
    touch(&root.join(&long));
    touch(&root.join(OsStr::from_bytes(b"a\xff.wav")));
    touch(&root.join("two\nlines.wav"));
    // Loops: to itself, to a folder above, and a web in which every folder links to every other one.
    symlink(".", root.join("a/self")).unwrap();
    symlink("..", root.join("a/up")).unwrap();
    for here in 0..9 {
        touch(&root.join(format!("web/{here}/{here}.wav")));
        for there in 0..9 {
            symlink(
                format!("../{there}"),
                root.join(format!("web/{here}/to{there}")),
            )
            .unwrap();
        }
    }
    symlink("nowhere.wav", root.join("dangling.wav")).unwrap();
    let _socket = UnixListener::bind(root.join("socket.wav")).unwrap();
    let pipe = std::process::Command::new("mkfifo")
        .arg(root.join("pipe.wav"))
        .status();
    assert!(
        pipe.is_ok_and(|status| status.success()),
        "mkfifo is needed here"
    );

    let collection = opened(&[&root]);
    let titles: Vec<&str> = collection
        .tracks
        .iter()
        .map(|track| track.title.as_str())
        .collect();
    assert_eq!(collection.tracks.len(), 4 + 9, "{titles:?}");
    for title in ["a\u{ff}", "two lines", &long[..251]] {
        assert!(titles.contains(&title), "{titles:?}");
    }
    assert_eq!(collection.notes.len(), 1, "{:?}", collection.notes);
    assert!(collection.notes[0].text.contains("dangling.wav"));
    // A pipe named by itself is not opened either: that would wait for ever.
    let pipe = open(&[root.join("pipe.wav")], &Watch::unattended());
    assert!(matches!(pipe, Err(CollectionError::Nothing { .. })));
    assert_eq!(
        opened(&[&root]),
        collection,
        "the same folder gives the same collection"
    );
}

/// A drive that is not connected is the usual reason: whole folders would be missing without a word.
#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_are_skipped_with_a_reason_wherever_they_are_met() {
    use std::os::unix::fs::symlink;

    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("root");
    touch(&root.join("rock/one.wav"));
    symlink("/gone/Music", root.join("from the drive")).unwrap();
    symlink("/gone/two.wav", root.join("rock/two.wav")).unwrap();
    // These never were sound.
    symlink("/gone/cover.jpg", root.join("rock/cover.jpg")).unwrap();
    symlink("user@host.1234", root.join(".#lock")).unwrap();
    let collection = opened(&[&root]);
    assert_eq!(rows(&collection), [row("one", Some("rock"))]);
    let [note] = &collection.notes[..] else {
        panic!("{:?}", collection.notes);
    };
    let skipped: Vec<&Path> = note
        .skipped
        .iter()
        .map(|(path, _)| path.as_path())
        .collect();
    assert_eq!(
        skipped,
        [root.join("from the drive"), root.join("rock/two.wav")]
    );
    for (_, why) in &note.skipped {
        assert!(
            why.contains("a link to /gone/") && why.contains("connect the drive"),
            "{why}"
        );
        assert!(!why.contains("os error"), "{why}");
    }
    // Named by itself, and in a list.
    let link = root.join("rock/two.wav");
    let error = open(std::slice::from_ref(&link), &Watch::unattended()).unwrap_err();
    assert!(
        error.to_string().contains("a link to /gone/two.wav"),
        "{error}"
    );
    let list = home.path().join("list.csv");
    fs::write(
        &list,
        "file,label\nroot/rock/one.wav,x\nroot/rock/two.wav,y\n",
    )
    .unwrap();
    let tracks = opened(&[&list]).tracks;
    let problem = tracks[1].problem.as_deref().unwrap();
    assert!(problem.contains("a link to /gone/two.wav"), "{problem}");
}

#[test]
fn a_hundred_thousand_files_are_listed_and_can_be_cancelled() {
    let home = tempfile::tempdir().unwrap();
    for folder in 0..100 {
        let folder = home.path().join(format!("style {folder:02}"));
        fs::create_dir(&folder).unwrap();
        for file in 0..1000 {
            fs::File::create(folder.join(format!("{file:03}.wav"))).unwrap();
        }
    }
    let reports = AtomicU64::new(0);
    let count = |_| {
        reports.fetch_add(1, Ordering::Relaxed);
    };
    let paths = [home.path().to_path_buf()];
    let collection = open(&paths, &Watch::new(Cancel::default(), &count)).unwrap();
    assert_eq!(collection.tracks.len(), 100_000);
    assert_eq!(collection.labels().len(), 100);
    assert!(reports.load(Ordering::Relaxed) > 100);

    let cancel = Cancel::default();
    let stop = cancel.clone();
    let last = AtomicU64::new(0);
    let stops = |told: mynascope_base::jobs::Progress| {
        last.store(told.done, Ordering::Relaxed);
        stop.cancel();
    };
    let result = open(&paths, &Watch::new(cancel, &stops));
    assert!(matches!(result, Err(CollectionError::Cancelled(_))));
    assert!(
        last.load(Ordering::Relaxed) < 1000,
        "stopped at the first report"
    );
}
