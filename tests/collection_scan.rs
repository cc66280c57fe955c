//! Scanning tells of every file how long it is or what is wrong with it, and the second time it reads only what has
//! changed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Mutex,
    time::{Duration, SystemTime},
};

use mynascope_audio as audio;
use mynascope_base::jobs::{Cancel, Watch};
use mynascope_collection::{
    Collection, CollectionError, FileFacts, OpenOptions, ProbeSummary, keep_decoded, open_with,
    probe_files,
};

fn tone(path: &Path, secs: usize) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    audio::write_wav(path, &vec![0.1; secs * 16_000], 16_000).unwrap();
}

fn opened(path: &Path) -> Collection {
    let paths = [path.to_path_buf()];
    open_with(&paths, OpenOptions::default(), &Watch::unattended()).unwrap()
}

fn scan(collection: &Collection, index: &Path) -> (ProbeSummary, BTreeMap<String, FileFacts>) {
    let facts = Mutex::new(BTreeMap::new());
    let found = |batch: Vec<(usize, FileFacts)>| {
        let mut facts = facts.lock().unwrap();
        for (place, fact) in batch {
            let title = collection.tracks[place].title.clone();
            assert_eq!(facts.insert(title, fact), None, "each track is told once");
        }
    };
    let watch = Watch::unattended();
    let summary = probe_files(&collection.tracks, Some(index), &watch, &found).unwrap();
    (summary, facts.into_inner().unwrap())
}

#[test]
fn what_decoding_found_is_told_by_the_next_scan_until_the_file_changes() {
    let home = tempfile::tempdir().unwrap();
    let music = home.path().join("music");
    let index = home.path().join("cache/scan/a.csv");
    tone(&music.join("one.wav"), 4);
    tone(&music.join("two.wav"), 4);
    let decoded = |problem: Option<&str>| FileFacts {
        duration_secs: Some(3.25),
        warning: Some("Ends early: it said so, when it was decoded".to_owned()),
        problem: problem.map(str::to_owned),
        ..FileFacts::default()
    };
    // Before there is an index, and after.
    keep_decoded(&index, [(music.join("one.wav"), decoded(None))]).unwrap();
    let collection = opened(&music);
    let (first, facts) = scan(&collection, &index);
    assert_eq!(first, summary(1, 1, 0));
    assert_eq!(facts["one"].duration_secs, Some(3.25));
    keep_decoded(&index, [(music.join("two.wav"), decoded(Some("damaged")))]).unwrap();
    // Another file is read meanwhile: the index is written anew.
    tone(&music.join("three.wav"), 1);
    let collection = opened(&music);
    for reads in [1, 0] {
        let (found, facts) = scan(&collection, &index);
        assert_eq!(found, summary(reads, 3 - reads, 1));
        for name in ["one", "two"] {
            assert_eq!(facts[name].duration_secs, Some(3.25), "{name}");
            assert!(facts[name].decoded && facts[name].warning.is_some());
        }
        assert_eq!(facts["two"].problem.as_deref(), Some("damaged"));
        assert!(facts["two"].codec.as_ref().unwrap().starts_with("pcm"));
        assert!(!facts["three"].decoded);
    }
    tone(&music.join("one.wav"), 2);
    let (_, facts) = scan(&collection, &index);
    assert_eq!(facts["one"].duration_secs, Some(2.0));
    assert!(!facts["one"].decoded && facts["one"].warning.is_none());
}

#[test]
fn a_scan_takes_over_what_was_decoded_while_it_went_on() {
    let home = tempfile::tempdir().unwrap();
    let music = home.path().join("music");
    let index = home.path().join("cache/scan/a.csv");
    tone(&music.join("one.wav"), 4);
    let collection = opened(&music);
    let found = |_: Vec<(usize, FileFacts)>| {
        let facts = FileFacts {
            duration_secs: Some(3.25),
            ..FileFacts::default()
        };
        keep_decoded(&index, [(music.join("one.wav"), facts)]).unwrap();
    };
    probe_files(
        &collection.tracks,
        Some(&index),
        &Watch::unattended(),
        &found,
    )
    .unwrap();
    let (again, facts) = scan(&collection, &index);
    assert_eq!(again, summary(0, 1, 0));
    assert_eq!(facts["one"].duration_secs, Some(3.25));
    assert!(facts["one"].codec.is_some(), "the header's");
}

fn summary(read: usize, reused: usize, problems: usize) -> ProbeSummary {
    ProbeSummary {
        read,
        reused,
        problems,
    }
}

#[test]
fn headers_tell_length_codec_and_fault_and_unchanged_files_are_not_read_again() {
    let home = tempfile::tempdir().unwrap();
    let music = home.path().join("music");
    let index = home.path().join("cache/scan/a.csv");
    tone(&music.join("one.wav"), 1);
    tone(&music.join("two.wav"), 2);
    fs::write(music.join("text.mp3"), "this is no sound").unwrap();
    fs::write(music.join("never.aax"), "").unwrap();
    let collection = opened(&music);
    let (first, facts) = scan(&collection, &index);
    assert_eq!(first, summary(3, 0, 1), "Audible is known by its name");
    assert_eq!(facts["one"].duration_secs, Some(1.0));
    assert!(facts["two"].codec.as_ref().unwrap().starts_with("pcm"));
    let why = facts["text"].problem.as_ref().unwrap();
    assert!(why.ends_with("text.mp3"), "{why}");

    let (second, again) = scan(&collection, &index);
    assert_eq!(second, summary(0, 3, 1));
    assert_eq!(again, facts, "what is remembered is what was read");

    // Another size; then another time with the same size.
    tone(&music.join("one.wav"), 3);
    let (third, changed) = scan(&collection, &index);
    assert_eq!(third, summary(1, 2, 1));
    assert_eq!(changed["one"].duration_secs, Some(3.0));
    let file = fs::File::options()
        .append(true)
        .open(music.join("two.wav"))
        .unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(5))
        .unwrap();
    assert_eq!(scan(&collection, &index).0, summary(1, 2, 1));

    // A file that lost its end can be used, and says so each time.
    let one = music.join("one.wav");
    let bytes = fs::read(&one).unwrap();
    fs::write(&one, &bytes[..bytes.len() / 2]).unwrap();
    for reads in [1, 0] {
        let (summary, facts) = scan(&collection, &index);
        assert_eq!((summary.read, summary.problems), (reads, 1));
        let warning = facts["one"].warning.as_ref().unwrap();
        assert!(warning.starts_with("Ends early: it has 50 %"), "{warning}");
        assert_eq!(facts["two"].warning, None);
    }

    // A damaged index costs time, nothing else.
    fs::write(
        &index,
        "size,modified_ns,seconds,codec,problem,warning,path\n1,\n",
    )
    .unwrap();
    assert_eq!(scan(&collection, &index).0, summary(3, 0, 1));
}

#[test]
fn a_cancelled_scan_keeps_what_it_had_read() {
    let home = tempfile::tempdir().unwrap();
    let music = home.path().join("music");
    for number in 0..40 {
        tone(&music.join(format!("{number}.wav")), 1);
    }
    let collection = opened(&music);
    let index = home.path().join("index.csv");
    let cancel = Cancel::default();
    let told = Mutex::new(0);
    let stop = cancel.clone();
    // The first thread that looks for a batch stops the scan; each thread hands on what it has.
    let found = |batch: Vec<(usize, FileFacts)>| {
        stop.cancel();
        *told.lock().unwrap() += batch.len();
    };
    cancel.cancel();
    let watch = Watch::new(cancel.clone(), &|_| {});
    let result = probe_files(&collection.tracks, Some(&index), &watch, &found);
    assert!(matches!(result, Err(CollectionError::Cancelled(_))));
    assert_eq!(*told.lock().unwrap(), 0);

    let (whole, _) = scan(&collection, &index);
    assert_eq!(whole, summary(40, 0, 0));
    // Cancelled after that, nothing that was known is forgotten.
    let watch = Watch::new(cancel, &|_| {});
    let _ = probe_files(&collection.tracks, Some(&index), &watch, &found);
    assert_eq!(scan(&collection, &index).0, summary(0, 40, 0));
}

#[cfg(unix)]
#[test]
fn odd_names_are_remembered_too() {
    use std::os::unix::ffi::OsStrExt;
    let home = tempfile::tempdir().unwrap();
    let music = home.path().join("music");
    let odd = std::ffi::OsStr::from_bytes(b"line\nbreak, \"quote\" \xff.wav");
    let long = format!("{}.wav", "n".repeat(251));
    tone(&music.join(odd), 1);
    tone(&music.join(long), 1);
    let index = home.path().join("index.csv");
    let collection = opened(&music);
    assert_eq!(scan(&collection, &index).0, summary(2, 0, 0));
    assert_eq!(scan(&collection, &index).0, summary(0, 2, 0));
}

#[test]
fn tracks_are_shown_while_a_folder_is_still_searched() {
    let home = tempfile::tempdir().unwrap();
    for number in 0..5000 {
        let folder = home.path().join(format!("{:02}", number % 10));
        if number < 10 {
            fs::create_dir(&folder).unwrap();
        }
        fs::File::create(folder.join(format!("{number}.wav"))).unwrap();
    }
    let mut early = Vec::new();
    let mut give = |batch| early.extend::<Vec<_>>(batch);
    let options = OpenOptions {
        own_labels: None,
        batches: Some(&mut give),
        ..OpenOptions::default()
    };
    let paths = [home.path().to_path_buf()];
    let collection = open_with(&paths, options, &Watch::unattended()).unwrap();
    assert_eq!(collection.tracks.len(), 5000);
    assert!(early.len() >= 4096, "{} tracks came early", early.len());
    let whole: BTreeMap<_, _> = collection.tracks.iter().map(|it| (&it.path, it)).collect();
    assert!(
        early.iter().all(|track| whole[&track.path] == track),
        "early rows are what they will be"
    );
}
