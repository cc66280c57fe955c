//! Points are heard, walked along, picked and coloured.

use super::*;

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
    // On the map as it lies before: with a selection, rows for groups take of its height.
    let outlined = outline(&harness, &ring);
    drag(&mut harness, shift, &ring);
    let model = harness.state().model();
    let chart = model.mapping.chart.as_ref().unwrap();
    let spot = chart.spot(0).unwrap();
    assert!(model.mapping.picked.has(&spot), "inside the lasso");
    assert_eq!(chart.picked_points, chart.inside(&outlined).len());
    let marked: Vec<usize> = model.library.marked.iter().copied().collect();
    let tracks = &model.library.collection.as_ref().unwrap().tracks;
    assert!(marked.iter().any(|&index| tracks[index].path == spot.path));
    assert_eq!(marked.len(), model.mapping.picked.tracks().len());

    // F2 labels what is picked, although another track is shown.
    let shown = (0..tracks.len())
        .find(|index| !marked.contains(index))
        .unwrap();
    let (track, before) = (tracks[marked[0]].path.clone(), tracks[shown].clone());
    let picked = model.mapping.picked.clone();
    harness
        .state_mut()
        .apply(Command::Library(LibraryCommand::Select(shown)));
    drag(&mut harness, shift, &ring);
    assert_eq!(harness.state().model().mapping.picked, picked);
    harness.key_press(egui::Key::F2);
    harness.run_steps(3);
    harness.event(egui::Event::Text("strings".to_owned()));
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    let label = |harness: &Harness<'_, App>, path: &Path| {
        let tracks = &harness
            .state()
            .model()
            .library
            .collection
            .as_ref()
            .unwrap()
            .tracks;
        tracks
            .iter()
            .find(|track| track.path == path)
            .unwrap()
            .label
            .clone()
    };
    assert_eq!(label(&harness, &track).as_deref(), Some("strings"));
    assert_eq!(label(&harness, &before.path), before.label);
    harness
        .state_mut()
        .apply(Command::Window(WindowCommand::Undo));
    assert_ne!(label(&harness, &track).as_deref(), Some("strings"));
    let model = harness.state().model();
    assert_eq!(model.mapping.picked, picked);
    let chart = model.mapping.chart.as_ref().unwrap();

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
    // The pointer lights the group, a click shows it alone, another one all again.
    let hidden = |harness: &Harness<'_, App>| -> Vec<String> {
        let mapping = &harness.state().model().mapping;
        mapping.hidden.iter().cloned().collect()
    };
    press(&mut harness, "Points of high");
    let model = harness.state().model();
    assert_eq!(model.mapping.lit.as_deref(), Some("high"));
    let points = model.mapping.points().unwrap();
    let plain = points.iter().filter(|it| it.class == PointClass::Plain);
    assert_eq!(plain.count(), 6, "the group that the pointer is on");
    assert_eq!(hidden(&harness), ["low"]);
    press(&mut harness, "Points of high");
    assert!(hidden(&harness).is_empty());
    harness
        .state_mut()
        .apply(Command::Map(MapCommand::ToggleLabel("high".to_owned())));
    assert_eq!(hidden(&harness), ["high"]);
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
fn escape_closes_an_open_menu_before_it_clears_what_is_picked() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = mapped(folder.path());
    let pick = Command::Map(MapCommand::TogglePoint(0));
    harness.state_mut().apply(pick);
    press(&mut harness, "Tables and files");
    assert!(harness.query_by_label("Open a table…").is_some());
    let picked = |harness: &Harness<'_, App>| !harness.state().model().mapping.picked.is_empty();
    harness.key_press(egui::Key::Escape);
    harness.run_steps(3);
    assert!(harness.query_by_label("Open a table…").is_none());
    assert!(picked(&harness), "the menu was on top");
    harness.key_press(egui::Key::Escape);
    harness.run_steps(3);
    assert!(!picked(&harness));
}

#[test]
fn f_fits_the_map_that_the_pointer_is_on_and_a_search_greys_the_rest() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = mapped(folder.path());
    let canvas = harness.get_by_label_contains("Map of ").rect();
    let moved = Camera {
        zoom: 3.0,
        ..Camera::default()
    };
    let camera = |harness: &Harness<'_, App>| harness.state().model().mapping.camera;
    for (pointer, fits) in [
        (canvas.left_top() - egui::Vec2::splat(20.0), false),
        (canvas.center(), true),
    ] {
        let zoom = Command::Map(MapCommand::Move(MapSide::Main, moved));
        harness.state_mut().apply(zoom);
        harness.hover_at(pointer);
        harness.run_steps(3);
        harness.key_press(egui::Key::F);
        harness.run_steps(3);
        assert_eq!(camera(&harness) == Camera::default(), fits);
    }
    // Two windows of the only track of this name.
    let grey = |harness: &Harness<'_, App>| {
        let chart = harness.state().model().mapping.chart.as_ref();
        let points = chart.unwrap().points.iter();
        let greys = points.filter(|point| point.class == PointClass::Grey);
        greys.count()
    };
    assert_eq!(grey(&harness), 0);
    let search = Command::edit_library(harness.state().model(), |form| {
        form.search = "low 1".to_owned();
    });
    harness.state_mut().apply(search);
    harness.run_steps(2);
    // The selected track stands out as well.
    assert!(matches!(grey(&harness), 8 | 10), "{}", grey(&harness));
}

#[test]
fn the_collection_before_comes_back_with_its_map() {
    need_graphics();
    let (first, second) = (sounds(3), sounds(2));
    let (mut harness, _) = mapped(first.path());
    let open = LibraryCommand::Open(vec![second.path().to_path_buf()]);
    harness.state_mut().apply(Command::Library(open));
    settle(&mut harness);
    let now = |harness: &Harness<'_, App>| {
        let model = harness.state().model();
        let points = model.mapping.chart.as_ref().map(|chart| chart.xy.len());
        (model.library.track_count(), points)
    };
    assert_eq!(now(&harness), (4, None));
    let told = harness.state().model().notices.all();
    let told: Vec<&str> = told.map(|notice| notice.text.as_str()).collect();
    let text = "is still there, with its map and scores";
    assert!(told.iter().any(|it| it.contains(text)), "{told:?}");
    harness
        .state_mut()
        .apply(Command::Library(LibraryCommand::Back));
    settle(&mut harness);
    assert_eq!(now(&harness), (6, Some(12)));
    assert_eq!(harness.state().model().library.row_count(), 6);
    // And forth again, by undo.
    harness
        .state_mut()
        .apply(Command::Window(WindowCommand::Undo));
    settle(&mut harness);
    assert_eq!(now(&harness), (4, None));
}

#[test]
fn tracks_that_are_taken_off_the_list_leave_the_map_and_come_back_with_undo() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = mapped(folder.path());
    let low = |harness: &Harness<'_, App>| {
        let chart = harness.state().model().mapping.chart.as_ref().unwrap();
        let mut legend = chart.legend.iter();
        let points = legend.find(|entry| entry.label == "low").unwrap().points;
        (points, chart.points_of_group("low").len())
    };
    assert_eq!(low(&harness), (6, 6));
    let before = harness.state().model().mapping.chart.as_ref().unwrap();
    let (places, path) = (
        before.xy.clone(),
        folder.path().join("low").join("low 1.wav"),
    );
    let index = harness.state().model().library.index_of(&path).unwrap();
    for command in [LibraryCommand::Select(index), LibraryCommand::Remove] {
        harness.state_mut().apply(Command::Library(command));
    }
    settle(&mut harness);
    assert_eq!(low(&harness), (4, 4));
    harness.get_by_label("Map of 10 points");
    let chart = harness.state().model().mapping.chart.as_ref().unwrap();
    assert_eq!(chart.xy, places, "the others stay where they are");
    assert!(chart.points_of(&path).is_empty());
    let hidden = |point: &&mynascope::gui::model::Point| point.class == PointClass::Hidden;
    assert_eq!(chart.points.iter().filter(hidden).count(), 2);
    // What is saved is what is seen.
    let file = folder.path().join("map.tsv");
    let save = MapCommand::SaveMap(SaveTo::At(file.clone()));
    harness.state_mut().apply(Command::Map(save));
    wait(&mut harness, "the map", |_| file.exists());
    let saved = std::fs::read_to_string(&file).unwrap();
    assert_eq!(saved.lines().count(), 1 + 10);
    assert!(!saved.contains("low 1.wav"));

    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    settle(&mut harness);
    assert_eq!(low(&harness), (6, 6));
    harness.get_by_label("Map of 12 points");
}
