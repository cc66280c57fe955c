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
