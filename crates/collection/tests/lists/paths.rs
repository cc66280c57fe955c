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
fn a_name_without_its_ending_is_that_file_before_one_of_the_same_number() {
    let home = Home::new();
    fs::create_dir(home.file("numbered")).unwrap();
    fs::write(home.file("numbered/000003.wav"), "").unwrap();
    let opened = home.text("track_id,label\n03,rock\n");
    assert_eq!(opened.tracks[0].path, home.file("audio/rock/03.wav"));
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
fn folders_and_names_in_two_columns_are_joined_whatever_their_headings() {
    let home = Home::new();
    for genre in GENRES {
        fs::write(home.file(&format!("audio/{genre}/same.wav")), "").unwrap();
    }
    for (heading, row) in [
        ("path,filename,label", "audio/G,same.wav,G"),
        ("path,filename,label", "/data/old/audio/G,same.wav,G"),
        ("path,filename,label", "audio/G/,same,G"),
        ("album_folder,track_file,label", "audio\\G,same.wav,G"),
        ("dir,file,label", "./audio/G,same.wav,G"),
        ("folder,name,label", "audio/G,same,G"),
        ("Ordner,Datei,label", "audio/G,same.wav,G"),
        ("location,title,label", "audio/G,same.wav,G"),
        ("what,file,label", "audio/G,same.wav,G"),
        // Folders in two columns, one of which is the label.
        ("root,label,file", "audio,G,same.wav"),
    ] {
        let rows = GENRES.map(|genre| row.replace('G', genre) + "\n").concat();
        let opened = home.text(format!("{heading}\n{rows}"));
        assert_eq!(opened.tracks.len(), 3, "{heading}: {:?}", opened.notes);
        for (track, genre) in opened.tracks.iter().zip(GENRES) {
            assert_eq!(track.problem, None, "{heading}: {:?}", opened.notes);
            assert!(
                track.path.ends_with(format!("audio/{genre}/same.wav")),
                "{heading}"
            );
            assert_eq!(track.label.as_deref(), Some(genre), "{heading}");
        }
        assert!(
            !opened
                .note_texts()
                .any(|note| note.contains("nothing was read")),
            "{heading}"
        );
    }
}

#[test]
fn rows_of_one_name_that_say_different_things_are_not_called_one_file() {
    let home = Home::new();
    for genre in GENRES {
        fs::write(home.file(&format!("audio/{genre}/same.wav")), "").unwrap();
    }
    for name in ["same.wav", "gone.wav"] {
        let opened = home.text(format!(
            "file,label,split\n{name},rock,train\n{name},jazz,test\naudio/rock/00.wav,rock,train\naudio/jazz/01.wav,jazz,test\n"
        ));
        let problems = opened.tracks.iter().filter(|track| track.problem.is_some());
        assert_eq!(problems.count(), 2, "{name}: {:?}", opened.notes);
        assert_eq!(sizes(&opened), [2, 0, 2], "{name}");
        assert_note(&opened, &["2 of 4 files", "not where the list says"]);
        assert_eq!(opened.notes.len(), 1, "{name}: {:?}", opened.notes);
    }
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
