//! Maps of tables from files, and the same map by the verbs.

use super::*;

#[test]
fn tables_go_out_and_in_and_broken_ones_are_told() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = mapped(folder.path());
    let home = tempfile::tempdir().unwrap();
    let command = |harness: &mut Harness<'_, App>, command: MapCommand| {
        // Notes pass by themselves: what is waited for must be the only one.
        let dismiss = Command::Window(WindowCommand::DismissAll);
        harness.state_mut().apply(dismiss);
        let open = |app: &App| {
            app.model()
                .mapping
                .imported
                .as_ref()
                .map(|it| it.path.clone())
        };
        let before = open(harness.state());
        harness.state_mut().apply(Command::Map(command));
        wait(harness, "an answer", |app| {
            !app.model().notices.shown().is_empty() || open(app) != before
        });
        settle(harness);
    };
    let map = home.path().join("map.tsv");
    command(&mut harness, MapCommand::SaveMap(SaveTo::At(map.clone())));
    assert_eq!(std::fs::read_to_string(&map).unwrap().lines().count(), 13);
    let told = harness.state().model().notices.shown().last().unwrap();
    assert!(told.text.contains("map.tsv"), "{}", told.text);
    assert_eq!(told.folder.as_deref(), Some(home.path()), "to be shown");
    let own = harness.state().model().embeddings.table.clone().unwrap();
    for ending in ["npz", "parquet", "tsv", "safetensors"] {
        let path = home.path().join(format!("table.{ending}"));
        command(
            &mut harness,
            MapCommand::SaveEmbeddings(SaveTo::At(path.clone())),
        );
        command(&mut harness, MapCommand::OpenTable(Some(path.clone())));
        let model = harness.state().model();
        assert_eq!(model.mapping.imported.as_ref().unwrap().path, path);
        let chart = model.mapping.chart.as_ref().unwrap();
        assert_eq!(chart.source.table, own.table, "{ending}");
        // What probes and masks work on is what the chosen encoder made.
        let kept = model.embeddings.table.as_ref().unwrap();
        assert!(std::sync::Arc::ptr_eq(kept, &own));
        harness.state_mut().apply(Command::Map(MapCommand::Compute));
        settle(&mut harness);
        assert!(harness.state().model().mapping.imported.is_none());
    }
    // However a table is opened, by a drop, by its path in the palette or in the dialog, it is mapped.
    let path = home.path().join("table.tsv");
    let is_mapped = |harness: &mut Harness<'_, App>| {
        wait(harness, "the table", |app| {
            app.model().mapping.imported.is_some()
        });
        settle(harness);
        let model = harness.state().model();
        assert_eq!(model.workspace, Workspace::Map);
        assert_eq!(model.mapping.imported.as_ref().unwrap().path, path);
        harness.state_mut().apply(Command::Map(MapCommand::Compute));
        settle(harness);
        show(harness, Workspace::Listen);
    };
    show(&mut harness, Workspace::Listen);
    harness.input_mut().dropped_files.push(egui::DroppedFile {
        path: Some(path.clone()),
        ..Default::default()
    });
    harness.run_steps(1);
    harness.input_mut().dropped_files.clear();
    is_mapped(&mut harness);
    let open = Command::Library(LibraryCommand::Open(vec![path.clone()]));
    harness.state_mut().apply(open);
    is_mapped(&mut harness);
    let tracks = &harness.state().model().library.collection;
    assert_eq!(
        tracks.as_ref().unwrap().tracks.len(),
        6,
        "what is open stays"
    );
    // While a collection is being opened it waits for that.
    for paths in [vec![folder.path().to_path_buf()], vec![path.clone()]] {
        let open = Command::Library(LibraryCommand::Open(paths));
        harness.state_mut().apply(open);
    }
    is_mapped(&mut harness);
    // Named together with music, it is mapped when that is open.
    let both = vec![folder.path().to_path_buf(), path.clone()];
    harness
        .state_mut()
        .apply(Command::Library(LibraryCommand::Open(both)));
    is_mapped(&mut harness);
    let broken = home.path().join("broken.npz");
    std::fs::write(&broken, b"PK not really").unwrap();
    for path in [broken, home.path().join("gone.parquet"), map] {
        command(&mut harness, MapCommand::OpenTable(Some(path.clone())));
        let model = harness.state().model();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let told = model
            .notices
            .shown()
            .iter()
            .any(|notice| notice.text.contains(&name));
        assert!(told, "{name}");
        assert!(model.mapping.chart.is_some(), "the map before stays");
    }
}

/// Numbers of another program, without files and with labels of their own: map, probe, few labels and scoreboard work on them,
/// and the encoder comes back when they are put away.
#[test]
fn a_table_of_another_program_is_probed_while_it_is_on_the_map() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = mapped(folder.path());
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("clap.csv");
    let rows: String = (0..24)
        .map(|row| format!("{},{},{}\n", row % 3, row / 3, ["a", "b", "c"][row % 3]))
        .collect();
    std::fs::write(&path, format!("e0,e1,label\n{rows}")).unwrap();
    let open = MapCommand::OpenTable(Some(path.clone()));
    harness.state_mut().apply(Command::Map(open));
    wait(&mut harness, "the table", |app| {
        app.model().mapping.imported.is_some()
    });
    settle(&mut harness);
    // It is named at the top. No track of the library is in it, which is no fault; a point has its neighbours in it.
    harness.get_by_label("Table: clap.csv");
    wait(&mut harness, "the reason", |app| {
        app.model().neighbours.problem.is_some()
    });
    let model = harness.state().model();
    let why = model.neighbours.problem.as_deref().unwrap_or_default();
    assert!(why.contains("clap.csv doesn't hold this track"), "{why}");
    let chart = model.mapping.chart.as_ref().unwrap();
    let choose = MapCommand::Choose {
        path: chart.facts(0).unwrap().path.to_path_buf(),
        start_secs: 0.0,
    };
    harness.state_mut().apply(Command::Map(choose));
    wait(&mut harness, "what is nearest", |app| {
        !app.model().neighbours.is_searching()
    });
    let neighbours = &harness.state().model().neighbours;
    assert_eq!((neighbours.found.len(), &neighbours.problem), (23, &None));
    // Another one stands beside it, row by row.
    let other = home.path().join("openl3.csv");
    std::fs::write(&other, format!("e0,e1,label\n{rows}")).unwrap();
    let beside = MapCommand::ChooseSecond(Some(other));
    harness.state_mut().apply(Command::Map(beside));
    wait(&mut harness, "the second table", |app| {
        app.model().mapping.second.is_some()
    });
    settle(&mut harness);
    let model = harness.state().model();
    let second = model.mapping.second.as_ref().unwrap();
    assert_eq!(second.error, None);
    assert_eq!(second.chart.as_ref().unwrap().xy.len(), 24);
    let moved = &model.lists.moved;
    assert!(!moved.is_empty() && moved.iter().all(|it| it.kept == it.of));
    harness.get_by_label("openl3.csv");
    show(&mut harness, Workspace::Probe);
    harness.get_by_label("clap.csv");
    press(&mut harness, "Run probe");
    settle(&mut harness);
    let model = harness.state().model();
    assert_eq!(model.probing.error, None);
    let result = model.probing.result.as_ref().unwrap();
    assert_eq!(result.report.classes, ["a", "b", "c"]);
    assert_eq!(model.probing.runs[0].encoder, "clap");
    assert!(model.probing.active.is_none(), "it can answer for no track");
    let copied = model.probe_command(ProbeJob::Probe).unwrap();
    let start = format!("mynascope probe --embeddings {} --task", path.display());
    assert!(copied.starts_with(&start), "{copied}");
    press(&mut harness, ProbeTab::Labels.name());
    press(&mut harness, "Score after few labels");
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    let curve = probing.curve(CurveKind::Labels).unwrap();
    assert!(curve.points.len() >= 2, "{curve:?}");
    press(&mut harness, "Back to the encoder");
    settle(&mut harness);
    let model = harness.state().model();
    assert!(model.mapping.imported.is_none());
    let chart = model.mapping.chart.as_ref().unwrap();
    assert_eq!(chart.source.table.tracks.len(), 6, "the collection's map");
}

/// A list names the tracks of a table in its own order; nothing is open, and none of their sound is here.
#[test]
fn a_table_without_labels_takes_them_from_a_list() {
    need_graphics();
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("clap.csv");
    let rows = (0..24).map(|row| format!("{row:02}.mp3,{},{}\n", row % 3, row / 3));
    std::fs::write(&path, format!("file,e0,e1\n{}", rows.collect::<String>())).unwrap();
    let list = home.path().join("genres.csv");
    let rows = (0..24).rev().map(|row| {
        let (genre, key) = (["a", "b", "c"][row % 3], ["C major", "A minor"][row % 2]);
        format!("{row:02}.mp3,{genre},{key}\n")
    });
    std::fs::write(
        &list,
        format!("file,genre,key\n{}", rows.collect::<String>()),
    )
    .unwrap();
    // A collection that knows nothing of the table.
    let music = home.path().join("music");
    std::fs::create_dir(&music).unwrap();
    let tone: Vec<f32> = (0..64_000).map(|n| (n as f32 / 8.0).sin() / 3.0).collect();
    mynascope_audio::write_wav(&music.join("a.wav"), &tone, 16_000).unwrap();
    let (mut harness, _) = window(&music);
    settle(&mut harness);
    let open = MapCommand::OpenTable(Some(path));
    harness.state_mut().apply(Command::Map(open));
    wait(&mut harness, "the table", |app| {
        app.model().mapping.imported_chart().is_some()
    });
    settle(&mut harness);
    show(&mut harness, Workspace::Probe);
    let why = harness.state().model().why_not(ProbeJob::Probe);
    assert!(why.unwrap().contains("take them from a list"), "{why:?}");
    harness.get_by_label("Labels from a list…");
    let label = MapCommand::LabelTable(Some(list.clone()));
    harness.state_mut().apply(Command::Map(label));
    wait(&mut harness, "the labels", |app| {
        app.model()
            .mapping
            .imported
            .as_ref()
            .is_some_and(|it| it.labels == 3)
    });
    settle(&mut harness);
    let model = harness.state().model();
    let chart = model.mapping.chart.as_ref().unwrap();
    let tracks = chart.source.table.tracks.iter().take(3);
    let labels: Vec<_> = tracks.map(|track| track.label.as_deref()).collect();
    assert_eq!(labels, [Some("a"), Some("b"), Some("c")]);
    press(&mut harness, "Run probe");
    settle(&mut harness);
    let model = harness.state().model();
    assert_eq!(model.probing.error, None);
    let report = &model.probing.result.as_ref().unwrap().report;
    assert_eq!(report.classes, ["a", "b", "c"]);
    // The verb does the same.
    let copied = model.probe_command(ProbeJob::Probe).unwrap();
    let labels = format!("--labels {}", list.display());
    assert!(copied.contains(&labels), "{copied}");
    // Other tasks take what the list says, too.
    let mut form = model.probing.form;
    form.task = Task::Key;
    let edit = Command::Probe(ProbeCommand::Edit(form));
    harness.state_mut().apply(edit);
    assert_eq!(harness.state().model().why_not(ProbeJob::Probe), None);
    // A list of other tracks changes nothing and says why.
    std::fs::write(&list, "file,genre\nx.mp3,a\ny.mp3,b\n").unwrap();
    let label = MapCommand::LabelTable(Some(list));
    harness.state_mut().apply(Command::Map(label));
    wait(&mut harness, "the reason", |app| {
        let mut notices = app.model().notices.shown().iter();
        notices.any(|notice| notice.text.contains("none of the table's 24 tracks"))
    });
    let imported = harness.state().model().mapping.imported.as_ref();
    assert_eq!(imported.unwrap().labels, 3);
}

/// A table whose sound was moved is asked about once: pointing at it raises no message, and its folder can be named.
#[test]
fn a_table_whose_sound_was_moved_is_silent_until_its_folder_is_named() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = mapped(folder.path());
    let home = tempfile::tempdir().unwrap();
    let mut table = harness
        .state()
        .model()
        .embeddings
        .table
        .clone()
        .unwrap()
        .table
        .clone();
    let real: Vec<_> = table
        .tracks
        .iter()
        .map(|track| track.path.clone())
        .collect();
    for track in &mut table.tracks {
        let tail = track.path.strip_prefix(folder.path()).unwrap().to_owned();
        track.path = Path::new("/of/another/machine").join(tail);
    }
    let path = home.path().join("t.parquet");
    mynascope_embedding::save_table(&table, &path).unwrap();
    let open = Command::Map(MapCommand::OpenTable(Some(path)));
    harness
        .state_mut()
        .apply(Command::Window(WindowCommand::DismissAll));
    harness.state_mut().apply(open);
    // Notes fade: this one is read when it comes.
    wait(&mut harness, "the note", |app| {
        !app.model().notices.shown().is_empty()
    });
    let said = |harness: &Harness<'_, App>| {
        let notices = harness.state().model().notices.shown().iter();
        let about = notices.filter(|notice| notice.text.contains("another/machine"));
        about.count()
    };
    assert_eq!(said(&harness), 1, "said once");
    wait(&mut harness, "the map", |app| {
        app.model().mapping.is_silent()
    });
    settle(&mut harness);
    harness.get_by_label("Find its sound…");
    let dismiss = Command::Window(WindowCommand::DismissAll);
    harness.state_mut().apply(dismiss);
    let apply = |harness: &mut Harness<'_, App>, command| {
        harness.state_mut().apply(Command::Map(command));
        harness.run_steps(4);
    };
    apply(&mut harness, MapCommand::HoverSound(true));
    for point in 0..5 {
        let (side, moved) = (MapSide::Main, vec![point]);
        apply(
            &mut harness,
            MapCommand::Hover {
                side,
                point: Some(point),
                moved,
            },
        );
    }
    settle(&mut harness);
    assert_eq!(said(&harness), 0, "points raise no message");
    apply(
        &mut harness,
        MapCommand::FindSound(Some(folder.path().to_path_buf())),
    );
    wait(&mut harness, "the sound", |app| {
        !app.model().mapping.is_silent()
    });
    settle(&mut harness);
    let mapping = &harness.state().model().mapping;
    let shown = &mapping.chart.as_ref().unwrap().source.table;
    let found: Vec<_> = shown
        .tracks
        .iter()
        .map(|track| track.path.clone())
        .collect();
    assert_eq!(found, real);
}

#[test]
fn the_window_and_the_verbs_give_one_map_for_one_seed() {
    need_graphics();
    let folder = sounds(4);
    let (mut harness, _) = mapped(folder.path());
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_mynascope"))
            .args(arguments)
            .current_dir(home.path())
            .env("MYNASCOPE_HOME", home.path())
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {complaint}");
    };
    let music = folder.path().to_str().unwrap();
    let mut maps = Vec::new();
    for (level, seed) in [(Level::Window, 0), (Level::Window, 5), (Level::Track, 5)] {
        let mut form = harness.state().model().mapping.form;
        (form.level, form.seed) = (level, seed);
        for command in [MapCommand::Edit(form), MapCommand::Compute] {
            harness.state_mut().apply(Command::Map(command));
            settle(&mut harness);
        }
        let saved = home.path().join(format!("window-{}.tsv", maps.len()));
        let save = MapCommand::SaveMap(SaveTo::At(saved.clone()));
        harness.state_mut().apply(Command::Map(save));
        wait(&mut harness, "the file", |_| saved.exists());
        let level = level.to_string();
        run(&[
            "embed", music, "--out", "e.npz", "--level", &level, "--device", "cpu",
        ]);
        run(&[
            "map",
            "e.npz",
            "--out",
            "verb.tsv",
            "--seed",
            &seed.to_string(),
        ]);
        let verb = std::fs::read_to_string(home.path().join("verb.tsv")).unwrap();
        assert_eq!(
            std::fs::read_to_string(saved).unwrap(),
            verb,
            "{level}, seed {seed}"
        );
        maps.push(verb);
    }
    assert_ne!(maps[0], maps[1], "another seed, another map");
}
