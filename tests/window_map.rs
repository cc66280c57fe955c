//! A map is explored by ear and by hand: hovering, walking, picking, colouring, in the table and on the map alike.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::path::Path;

use eframe::{egui, egui_wgpu::RenderState};
use egui_kittest::{Harness, kittest::Queryable as _};
use mynascope::gui::{
    App,
    command::{Command, LibraryCommand, MapCommand, SaveTo, WindowCommand},
    model::{Camera, Colouring, ListForm, MapSide, Neighbour, Number, Query},
    workspace::Workspace,
};
use mynascope_embedding::Level;

use common::{
    labelled::{SIZE, map_uploads, press, settle, show, sounds, wait, window},
    need_graphics,
};

/// A map of a small collection, in front.
fn mapped(folder: &Path) -> (Harness<'static, App>, RenderState) {
    let (mut harness, state) = window(folder);
    show(&mut harness, Workspace::Map);
    press(&mut harness, "Compute map");
    settle(&mut harness);
    (harness, state)
}

/// Where a point of the map is on the screen.
fn on_screen(harness: &Harness<'_, App>, point: usize) -> egui::Pos2 {
    let mapping = &harness.state().model().mapping;
    let canvas = harness.get_by_label_contains("Map of ").rect();
    let chart = mapping.chart.as_ref().unwrap();
    let camera = mapping.camera.shown_in(canvas, chart.extent);
    camera.to_screen(canvas, chart.xy[point])
}

#[test]
fn a_hovered_point_sounds_only_when_that_was_switched_on() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = mapped(folder.path());
    let at = on_screen(&harness, 5);
    harness.hover_at(at);
    harness.run_steps(4);
    let mapping = &harness.state().model().mapping;
    let point = mapping.hovered.expect("a point under the pointer");
    let spot = mapping.chart.as_ref().unwrap().spot(point).unwrap();
    assert_eq!(mapping.sounding, None, "off at the start");
    harness.hover_at(egui::Pos2::ZERO);
    harness.run_steps(4);
    assert_eq!(harness.state().model().mapping.hovered, None);

    harness.key_press(egui::Key::H);
    harness.run_steps(2);
    let selected = harness.state().model().library.selected;
    harness.hover_at(at);
    wait(&mut harness, "the point's sound", |app| {
        app.model().mapping.sounding.is_some()
    });
    let model = harness.state().model();
    assert_eq!(model.mapping.sounding, Some(spot));
    assert_eq!(model.library.selected, selected, "hovering selects nothing");
    harness.hover_at(egui::Pos2::ZERO);
    harness.run_steps(4);
    assert_eq!(harness.state().model().mapping.sounding, None);
}

#[test]
fn n_and_b_walk_the_neighbours_and_say_what_is_missing() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Workspace::Map);
    let said = |harness: &Harness<'_, App>, text: &str| {
        let notices = harness.state().model().notices.shown();
        notices.iter().any(|notice| notice.text.contains(text))
    };
    harness.key_press(egui::Key::N);
    harness.run_steps(2);
    assert!(said(&harness, "press Compute map"));

    press(&mut harness, "Compute map");
    settle(&mut harness);
    let place = |harness: &Harness<'_, App>| {
        let model = harness.state().model();
        let track = model.library.selected_track().unwrap();
        (track.path.clone(), track.label.clone())
    };
    let (start, label) = place(&harness);
    harness.key_press(egui::Key::N);
    wait(&mut harness, "the first neighbour", |app| {
        app.model().neighbours.at == Some(0)
    });
    let (first, its_label) = place(&harness);
    assert_ne!(first, start);
    assert_eq!(its_label, label, "the nearest of a low note is a low note");
    let model = harness.state().model();
    assert_eq!(model.mapping.selected(), Some(first.as_path()));
    assert_eq!(model.spectrogram.path(), Some(first.as_path()));
    let cosines: Vec<f32> = model
        .neighbours
        .found
        .iter()
        .map(|near| near.cosine)
        .collect();
    assert!(cosines.is_sorted_by(|a, b| a >= b));
    harness.key_press(egui::Key::B);
    harness.run_steps(4);
    assert_eq!(place(&harness).0, start, "back where it began");
}

/// Presses at a place, moves along others and lets go at the last.
fn drag(harness: &mut Harness<'_, App>, modifiers: egui::Modifiers, places: &[egui::Pos2]) {
    let button = |pos, pressed| egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers,
    };
    harness.input_mut().modifiers = modifiers;
    for (index, &pos) in places.iter().enumerate() {
        harness.event(egui::Event::PointerMoved(pos));
        if index == 0 {
            harness.event(button(pos, true));
        }
        if index + 1 == places.len() {
            harness.event(button(pos, false));
        }
        harness.input_mut().modifiers = modifiers;
        harness.run_steps(1);
    }
    harness.input_mut().modifiers = egui::Modifiers::NONE;
    harness.run_steps(3);
}

#[test]
fn a_lasso_picks_in_map_and_table_and_can_be_undone() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = mapped(folder.path());
    let shift = egui::Modifiers::SHIFT;
    // Around one point, closer than to any other, and inside the picture also where it lies at its edge.
    let at = on_screen(&harness, 0);
    let nearest = (1..12)
        .map(|point| on_screen(&harness, point).distance(at))
        .fold(f32::INFINITY, f32::min);
    let radius = (0.6 * nearest).clamp(3.0, 18.0);
    let ring: Vec<egui::Pos2> = (0..24)
        .map(|step| at + radius * egui::Vec2::angled(step as f32 / 24.0 * std::f32::consts::TAU))
        .collect();
    drag(&mut harness, shift, &ring);
    let model = harness.state().model();
    let chart = model.mapping.chart.as_ref().unwrap();
    let spot = chart.spot(0).unwrap();
    assert!(model.mapping.picked.has(&spot), "inside the lasso");
    assert_eq!(
        chart.picked_points,
        chart.inside(&outline(&harness, &ring)).len()
    );
    let marked: Vec<usize> = model.library.marked.iter().copied().collect();
    let tracks = &model.library.collection.as_ref().unwrap().tracks;
    assert!(marked.iter().any(|&index| tracks[index].path == spot.path));
    assert_eq!(marked.len(), model.mapping.picked.tracks().len());

    // Ctrl+click adds a point, and takes it away again.
    let before = model.mapping.picked.clone();
    let other = (0..12)
        .find(|&point| !before.has(&chart.spot(point).unwrap()))
        .expect("a point that is not picked");
    harness
        .state_mut()
        .apply(Command::Map(MapCommand::TogglePoint(other)));
    let model = harness.state().model();
    let spot = model.mapping.chart.as_ref().unwrap().spot(other).unwrap();
    assert!(model.mapping.picked.has(&spot) && model.mapping.picked != before);

    // The table marks, and the map follows; undo brings the lasso's points back.
    let mut undo = |redo: bool| {
        let command = if redo {
            WindowCommand::Redo
        } else {
            WindowCommand::Undo
        };
        harness.state_mut().apply(Command::Window(command));
        let mapping = &harness.state().model().mapping;
        (
            mapping.picked.clone(),
            mapping.chart.as_ref().unwrap().picked_points,
        )
    };
    assert_eq!(undo(false).0, before);
    assert_eq!(undo(false), (Default::default(), 0));
    assert_eq!(undo(true).0, before);
    harness
        .state_mut()
        .apply(Command::Library(LibraryCommand::MarkAll));
    let mapping = &harness.state().model().mapping;
    assert_eq!(mapping.chart.as_ref().unwrap().picked_points, 12);
    // Esc gives them up, on both sides.
    harness.key_press(egui::Key::Escape);
    harness.run_steps(2);
    let model = harness.state().model();
    assert!(model.mapping.picked.is_empty() && model.library.marked.is_empty());
}

/// A line on the screen as an outline on the map.
fn outline(harness: &Harness<'_, App>, line: &[egui::Pos2]) -> Vec<[f32; 2]> {
    let mapping = &harness.state().model().mapping;
    let canvas = harness.get_by_label_contains("Map of ").rect();
    let extent = mapping.chart.as_ref().unwrap().extent;
    let camera = mapping.camera.shown_in(canvas, extent);
    line.iter().map(|at| camera.to_map(canvas, *at)).collect()
}

#[test]
fn a_click_selects_the_track_and_its_window_everywhere() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = mapped(folder.path());
    let chart = harness.state().model().mapping.chart.as_ref().unwrap();
    let spot = chart.spot(7).unwrap();
    assert!(spot.start_secs > 3.0, "the second window of its track");
    harness.state_mut().apply(Command::Map(MapCommand::Choose {
        path: spot.path.clone(),
        start_secs: spot.start_secs,
    }));
    wait(&mut harness, "the neighbours", |app| {
        !app.model().neighbours.found.is_empty()
    });
    let model = harness.state().model();
    let selected = model.library.selected_track().unwrap();
    assert_eq!(selected.path, spot.path);
    assert_eq!(model.mapping.selected(), Some(spot.path.as_path()));
    assert_eq!(model.spectrogram.path(), Some(spot.path.as_path()));
    let window = model.transport.form.selection.expect("its window, marked");
    assert!((window.start_secs - spot.start_secs).abs() < 1e-6);
    // Cosines to it, as colours: 1 for itself, and as large as the list of neighbours says for others.
    let cosine = Colouring::Number(Number::Cosine);
    harness
        .state_mut()
        .apply(Command::Map(MapCommand::SetColouring(cosine)));
    wait(&mut harness, "the cosines", |app| {
        app.model().neighbours.cosines.is_some()
    });
    settle(&mut harness);
    let model = harness.state().model();
    let scale = model
        .mapping
        .chart
        .as_ref()
        .unwrap()
        .scale
        .as_ref()
        .unwrap();
    assert!((scale.values[7] - 1.0).abs() < 1e-6 && scale.high <= 1.0);
    let nearest = model.neighbours.found[0].cosine;
    assert!(
        scale
            .values
            .iter()
            .any(|value| (value - nearest).abs() < 1e-6)
    );
}

#[test]
fn a_legend_hides_a_group_and_shift_adds_it_to_what_is_picked() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, state) = mapped(folder.path());
    press(&mut harness, "Points of high");
    assert!(harness.state().model().mapping.hidden.contains("high"));
    harness
        .state_mut()
        .apply(Command::Window(WindowCommand::Undo));
    assert!(harness.state().model().mapping.hidden.is_empty());
    let low = MapCommand::PickGroup("low".to_owned());
    harness.state_mut().apply(Command::Map(low));
    harness.run_steps(3);
    let chart = harness.state().model().mapping.chart.as_ref().unwrap();
    assert_eq!(chart.picked_points, 6);
    // An idle map sends nothing to the graphics card.
    let sent = map_uploads(&state);
    harness.run_steps(10);
    assert_eq!(map_uploads(&state), sent);
    for colouring in [
        Colouring::Track,
        Colouring::Split,
        Colouring::Error,
        Colouring::Number(Number::Length),
        Colouring::Number(Number::Start),
    ] {
        let set = Command::Map(MapCommand::SetColouring(colouring.clone()));
        harness.state_mut().apply(set);
        harness.run_steps(2);
        let chart = harness.state().model().mapping.chart.as_ref().unwrap();
        let groups: usize = chart.legend.iter().map(|entry| entry.points).sum();
        let numbers = chart.scale.as_ref().map_or(0, |scale| scale.values.len());
        assert_eq!(groups + numbers, 12, "{colouring:?}");
    }
}

#[test]
fn a_file_and_a_stretch_find_their_like_and_a_new_file_lands_among_them() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = mapped(folder.path());
    // A copy under another name: the map doesn't know it.
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("new.wav");
    std::fs::copy(folder.path().join("low").join("low 1.wav"), &copy).unwrap();
    assert!(harness.state().model().takes_as_query(&copy));
    let query = |harness: &mut Harness<'_, App>, command: MapCommand| {
        harness.state_mut().apply(Command::Map(command));
        settle(harness);
        let neighbours = harness.state().model().neighbours.clone();
        assert_eq!(neighbours.problem, None);
        neighbours
    };
    let neighbours = query(&mut harness, MapCommand::QueryFile(copy));
    let original = folder.path().join("low").join("low 1.wav");
    assert_eq!(neighbours.found[0].path, original);
    assert_eq!(neighbours.landed.len(), 2, "a cross for each window");
    let chart = harness.state().model().mapping.chart.as_ref().unwrap();
    for (landed, &point) in neighbours.landed.iter().zip(chart.points_of(&original)) {
        assert!(landed.nearest > 0.999);
        // Not on the spot, but on the side of its like.
        let [x, y] = chart.xy[point as usize];
        let away = (landed.at[0] - x).hypot(landed.at[1] - y);
        assert!(away < 1.0, "{away}");
    }
    // N walks along what was found, from the nearest on.
    harness.key_press(egui::Key::N);
    harness.run_steps(2);
    wait(&mut harness, "the first of the list", |app| {
        let selected = app.model().library.selected_track();
        selected.is_some_and(|track| track.path.ends_with("low 1.wav"))
    });

    // The selected window as a stretch is what the window itself is.
    let high = folder.path().join("high").join("high 2.wav");
    let choose = MapCommand::Choose {
        path: high.clone(),
        start_secs: 3.072,
    };
    harness.state_mut().apply(Command::Map(choose));
    settle(&mut harness);
    wait(&mut harness, "its neighbours", |app| {
        !app.model().neighbours.is_searching()
    });
    let window = harness.state().model().neighbours.found.clone();
    let neighbours = query(&mut harness, MapCommand::QueryRegion);
    assert!(matches!(neighbours.query, Some(Query::Stretch(..))));
    assert!(neighbours.landed.is_empty(), "it is on the map");
    assert!(neighbours.found.iter().all(|near| near.path != high));
    // Only the edges of the pictures differ.
    let cosine = |near: &[Neighbour]| near[0].cosine;
    assert!((cosine(&neighbours.found) - cosine(&window)).abs() < 0.03);
}

#[test]
fn near_duplicates_are_listed_and_both_can_be_played() {
    need_graphics();
    let folder = sounds(3);
    let low = folder.path().join("low");
    std::fs::copy(low.join("low 1.wav"), low.join("a copy.wav")).unwrap();
    let (mut harness, _) = mapped(folder.path());
    let strict = ListForm {
        threshold: 0.9999,
        ..harness.state().model().lists.form
    };
    harness
        .state_mut()
        .apply(Command::Map(MapCommand::EditList(strict)));
    harness
        .state_mut()
        .apply(Command::Map(MapCommand::FindDuplicates));
    settle(&mut harness);
    let model = harness.state().model();
    assert_eq!(model.lists.error, None);
    let duplicates = model.lists.duplicates.as_ref().unwrap();
    assert_eq!(duplicates.pairs.len(), 1);
    let [a, b] = duplicates.spots(&duplicates.pairs[0]).unwrap();
    assert_eq!(
        [a.path, b.path.clone()],
        [low.join("a copy.wav"), low.join("low 1.wav")]
    );
    let name = format!("low 1 {}", mynascope::gui::model::clock(b.start_secs));
    press(&mut harness, &name);
    let selected = harness.state().model().library.selected_track();
    assert_eq!(selected.unwrap().path, b.path);
}

#[test]
fn two_encoders_stand_side_by_side_with_one_selection() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, state) = mapped(folder.path());
    harness
        .state_mut()
        .apply(Command::Map(MapCommand::Compare(true)));
    settle(&mut harness);
    let model = harness.state().model();
    let beside = model.mapping.second.as_ref().unwrap();
    assert_eq!(beside.error, None);
    let second = beside.chart.as_ref().expect("a second map");
    assert_eq!(second.xy.len(), 12);
    assert!(second.source.table.encoder.contains("untrained"));
    // The first map, its encoder and its table are what they were.
    let first = model.mapping.chart.as_ref().unwrap();
    assert!(first.source.table.encoder.contains("shipped"));
    let moved = &model.lists.moved;
    assert_eq!(moved.len(), 6);
    // Six tracks have five neighbours each, which are the same in every space.
    assert!(
        moved
            .iter()
            .all(|change| (change.kept, change.of) == (5, 5))
    );
    // Each says what it is, and they share all the width: their legend lies below.
    harness.run_steps(3);
    let said = harness.query_all_by_label_contains("t-SNE of 12 windows");
    assert_eq!(said.count(), 2);
    let first = harness.get_by_label_contains("Map of ").rect();
    let second = harness.get_by_label_contains("Second map of ").rect();
    let legend = harness.get_by_label("Points of low").rect();
    assert!(first.height() > 0.5 * SIZE[1] as f32 && first.size() == second.size());
    assert!(first.right() < second.left() && legend.top() > first.bottom());
    // While nobody moved them, their points fill them from edge to edge in one direction.
    let mapping = &harness.state().model().mapping;
    for (side, rect) in [(MapSide::Main, first), (MapSide::Second, second)] {
        let chart = mapping.chart_of(side).unwrap();
        let camera = Camera::default().shown_in(rect, chart.extent);
        let [x, y] = chart.extent;
        let corners = [[-x, -y], [x, y]].map(|at| camera.to_screen(rect, at));
        let taken = (corners[1] - corners[0]).abs() / rect.size();
        assert!((taken.max_elem() - 0.92).abs() < 0.01, "{taken}");
    }
    // What is picked in one is picked in the other.
    let lasso = MapCommand::Lasso {
        side: MapSide::Second,
        outline: vec![[-2.0, -2.0], [2.0, -2.0], [2.0, 2.0], [-2.0, 2.0]],
        add: false,
    };
    harness.state_mut().apply(Command::Map(lasso));
    harness.run_steps(3);
    let mapping = &harness.state().model().mapping;
    for side in [MapSide::Main, MapSide::Second] {
        assert_eq!(mapping.chart_of(side).unwrap().picked_points, 12);
    }
    // Two maps in a frame, and still nothing is sent while nothing changes.
    let sent = map_uploads(&state);
    harness.run_steps(10);
    assert_eq!(map_uploads(&state), sent);
    harness
        .state_mut()
        .apply(Command::Map(MapCommand::Compare(false)));
    harness.run_steps(3);
    assert!(harness.state().model().lists.moved.is_empty());
}

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
    // Dropped on the window, wherever it is, a table is mapped too.
    show(&mut harness, Workspace::Listen);
    let path = home.path().join("table.parquet");
    harness.input_mut().dropped_files.push(egui::DroppedFile {
        path: Some(path.clone()),
        ..Default::default()
    });
    harness.run_steps(1);
    harness.input_mut().dropped_files.clear();
    wait(&mut harness, "the dropped table", |app| {
        app.model().mapping.imported.is_some()
    });
    settle(&mut harness);
    let model = harness.state().model();
    assert_eq!(model.workspace, Workspace::Map);
    assert_eq!(model.mapping.imported.as_ref().unwrap().path, path);
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
