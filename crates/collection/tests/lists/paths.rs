//! Where the files lie that a list names.

use crate::common::*;

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
        assert_note(&opened, &["36 of 36 files were found by the end", "line 2"]);
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
fn a_column_of_folders_beside_one_of_names_tells_which_of_several_files_is_meant() {
    let home = Home::new();
    // Without their folders the names are not different.
    for genre in GENRES {
        fs::write(home.file(&format!("audio/{genre}/same.wav")), "").unwrap();
    }
    for (before, after) in [
        ("audio/", ""),
        ("audio\\", "\\"),
        ("/data/audio/", "/"),
        ("", ""),
    ] {
        let rows: String = GENRES
            .map(|genre| format!("same.wav,{before}{genre}{after},{genre}\n"))
            .concat();
        let opened = home.text(format!("filename,folder,label\n{rows}"));
        for (track, genre) in opened.tracks.iter().zip(GENRES) {
            assert_eq!(track.problem, None, "{before}: {:?}", opened.notes);
            assert!(track.path.ends_with(format!("audio/{genre}/same.wav")));
        }
    }
    // A folder that holds no such files is a heading that nothing is read from.
    let opened = home.list("file,folder,label", |_, [path, genre, _]| {
        format!("{path},somewhere,{genre}")
    });
    assert!(opened.tracks.iter().all(|track| track.problem.is_none()));
    assert_note(&opened, &["`folder`"]);
}

#[test]
fn names_as_urls_write_them_are_found() {
    let home = Home::new();
    fs::rename(home.file("audio/rock"), home.file("audio/rock & roll")).unwrap();
    for (folder, slash) in [("rock%20%26%20roll", "/"), ("rock%20&%20roll", "%2F")] {
        let text = home
            .plain()
            .replace("audio/rock", &format!("audio{slash}{folder}"));
        let opened = home.text(&text);
        assert!(opened.tracks.iter().all(|track| track.problem.is_none()));
    }
}
