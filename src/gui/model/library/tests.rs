//! Marks, tracks that cannot be used, and answers that come late.

use super::*;

fn library(titles: &[&str]) -> Library {
    let mut library = Library::default();
    library.show(Collection {
        name: "some".to_owned(),
        kind: CollectionKind::Folder,
        tracks: titles
            .iter()
            .map(|title| Track::of_file(&PathBuf::from(format!("/m/{title}.wav"))))
            .collect(),
        split: None,
        notes: Vec::new(),
    });
    assert!(library.find().is_none());
    library
}

#[test]
fn marks_reach_from_the_shown_track_and_labels_go_to_all_of_them() {
    let mut library = library(&["a", "b", "c", "d"]);
    library.selected = Some(1);
    assert_eq!(library.targets(), [1]);
    library.mark_to(3);
    assert_eq!(library.targets(), [1, 2, 3]);
    library.toggle_mark(2);
    assert_eq!(library.targets(), [1, 3]);
    let new: Vec<Labels> = library
        .targets()
        .into_iter()
        .map(|index| Labels {
            index,
            label: Some("dub".to_owned()),
            tags: Vec::new(),
        })
        .collect();
    let before = library.set_labels(&new);
    assert_eq!(before.len(), 2);
    assert_eq!(library.labels(), ["dub"]);
    assert!(library.set_labels(&new).is_empty(), "nothing changes twice");
    library.set_labels(&before);
    assert!(library.labels().is_empty());
}

#[test]
fn a_label_keeps_its_colour_when_others_come_and_go() {
    let mut library = library(&["a", "b", "c", "d"]);
    let mut give = |index: usize, label: &str| {
        let label = Some(label.to_owned());
        let tags = Vec::new();
        library.set_labels(&[Labels { index, label, tags }]);
        let places = (0..4).map(|index| library.label_place(library.track(index).unwrap()));
        places.collect::<Vec<_>>()
    };
    give(0, "rock");
    give(1, "blues");
    let first = give(2, "rock");
    assert_eq!(first, [Some(0), Some(1), Some(0), None]);
    // One that is sorted before all others, and then the last of a label goes.
    assert_eq!(give(2, "ambient"), [Some(0), Some(1), Some(2), None]);
    assert_eq!(give(1, "dub"), [Some(0), Some(3), Some(2), None]);
    assert_eq!(give(3, "blues"), [Some(0), Some(3), Some(2), Some(1)]);
    library.remove(&[0].into());
    let rest = (0..3).map(|index| library.label_place(library.track(index).unwrap()));
    assert_eq!(rest.collect::<Vec<_>>(), [Some(3), Some(2), Some(1)]);
    // As they are, they come back with their collection.
    let left = library.to_leave().unwrap();
    library.show(Collection::clone(library.collection.as_ref().unwrap()));
    library.come_back(&left);
    let rest = (0..3).map(|index| library.label_place(library.track(index).unwrap()));
    assert_eq!(rest.collect::<Vec<_>>(), [Some(3), Some(2), Some(1)]);
}

#[test]
fn a_bad_track_is_passed_over_around_the_end() {
    let mut library = library(&["a", "b", "c"]);
    library.selected = Some(2);
    let broken = FileFacts {
        problem: Some("damaged".to_owned()),
        ..FileFacts::default()
    };
    library.learn_facts(vec![(2, broken.clone()), (0, broken.clone())]);
    assert_eq!((library.next_good(), library.bad_count()), (Some(1), 2));
    library.learn_facts(vec![(1, broken)]);
    assert_eq!(library.next_good(), None);
}

#[test]
fn a_track_that_ends_before_its_header_says_is_told_once() {
    let mut library = library(&["a", "b", "c"]);
    let facts = |warning: Option<&str>| FileFacts {
        duration_secs: Some(30.0),
        codec: Some("mp3".to_owned()),
        warning: warning.map(str::to_owned),
        ..FileFacts::default()
    };
    library.learn_facts(vec![(0, facts(Some("Ends early"))), (1, facts(None))]);
    assert_eq!(library.cut_count(), 1);
    for first in [true, false] {
        for (name, warning) in [
            ("a", Some("Ends early")),
            ("b", Some("Damaged")),
            ("c", None),
        ] {
            let path = PathBuf::from(format!("/m/{name}.wav"));
            let news = library.learn_decoded(&path, 18.0, warning.map(str::to_owned));
            let secs = news.as_ref().and_then(|news| news.duration_secs);
            assert_eq!(secs, first.then_some(18.0), "told once: {name}");
            assert!(news.is_none_or(|news| news.decoded));
        }
    }
    // The length that was found stays, also when headers are read after it.
    assert_eq!(library.track(1).unwrap().duration_secs, Some(18.0));
    library.learn_facts(vec![(1, facts(None))]);
    assert_eq!(library.track(1).unwrap().duration_secs, Some(18.0));
    let decoded = FileFacts {
        duration_secs: Some(17.0),
        decoded: true,
        ..facts(Some("Ends early"))
    };
    library.learn_facts(vec![(0, decoded)]);
    assert_eq!(library.track(0).unwrap().duration_secs, Some(17.0));
    assert_eq!((library.cut_count(), library.bad_count()), (2, 0));
    let track = library.track(1).unwrap();
    assert_eq!(track.duration_secs, Some(18.0), "not what its header told");
    assert_eq!(track.warning.as_deref(), Some("Damaged"));
    assert_eq!(library.track(2).unwrap().warning, None, "nothing was told");
    // What was accused by its header and is whole after all is freed.
    library.learn_decoded(std::path::Path::new("/m/a.wav"), 30.0, None);
    assert_eq!(library.cut_count(), 1);
    library.learn_decoded(
        std::path::Path::new("/m/a.wav"),
        18.0,
        Some("Ends early".into()),
    );
    library.form.only_bad = true;
    assert!(library.find().is_none());
    assert_eq!(library.rows(), [0, 1]);
}

#[test]
fn an_answer_to_an_older_question_is_dropped() {
    let mut library = library(&["a"]);
    library.show(Collection {
        name: "many".to_owned(),
        kind: CollectionKind::Folder,
        tracks: (0..=AT_ONCE)
            .map(|number| Track::of_file(&PathBuf::from(format!("/m/{number}.wav"))))
            .collect(),
        split: None,
        notes: Vec::new(),
    });
    assert!(library.find().is_none(), "nothing is looked for");
    assert_eq!(library.row_count(), AT_ONCE + 1);
    library.form.search = "17".to_owned();
    let old = library.find().unwrap();
    library.form.search = "1999".to_owned();
    let new = library.find().unwrap();
    assert!(library.is_finding());
    library.found(old.generation, old.rows(&|| false).unwrap());
    assert_eq!(library.row_count(), AT_ONCE + 1);
    library.found(new.generation, new.rows(&|| false).unwrap());
    assert_eq!(library.rows(), [1999]);
}

#[test]
fn the_next_track_is_that_of_the_queue_or_the_next_good_one_of_the_list() {
    let mut library = library(&["a", "b", "c", "d"]);
    let broken = FileFacts {
        problem: Some("damaged".to_owned()),
        ..FileFacts::default()
    };
    library.learn_facts(vec![(1, broken)]);
    library.selected = Some(0);
    assert_eq!(
        library.track_on(1),
        Some(2),
        "the broken one is passed over"
    );
    assert_eq!(library.track_on(-1), None);
    library.marked = [0, 1, 3].into();
    library.queue = library.queue_of_targets();
    assert_eq!(library.queue_on().map(Queue::place), Some((1, 2)));
    assert_eq!(library.track_on(1), Some(3));
    library.step_queue(1);
    library.selected = Some(3);
    assert_eq!((library.track_on(1), library.track_on(-1)), (None, Some(0)));
    // Who shows another track is in the list again.
    library.selected = Some(2);
    assert_eq!(library.queue_on(), None);
    assert_eq!(library.track_on(1), Some(3));
}

#[test]
fn the_title_that_a_file_names_is_shown_and_found() {
    let mut library = library(&["track03"]);
    let tags = mynascope_audio::FileTags {
        title: Some("My Song".to_owned()),
        artist: Some("The Band".to_owned()),
        ..Default::default()
    };
    library.learn_facts(vec![(
        0,
        FileFacts {
            tags,
            ..FileFacts::default()
        },
    )]);
    let track = library.track(0).map(|track| track.title.as_str());
    assert_eq!(track, Some("My Song"));
    assert!(library.has(Column::Artist) && !library.has(Column::Album));
    for (text, rows) in [("band", 1), ("track03", 1), ("choir", 0)] {
        library.form.search = text.to_owned();
        assert!(library.find().is_none());
        assert_eq!(library.row_count(), rows, "{text}");
    }
}
