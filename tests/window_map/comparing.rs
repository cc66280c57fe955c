//! What is alike is found: neighbours of files and stretches, near-duplicates, the map of another encoder.

use super::*;

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
    // The menu of the second encoder begins where its map does.
    let menus = harness.get_all_by_label_contains("Encoder: ");
    let menu = menus
        .map(|menu| menu.rect())
        .find(|menu| menu.top() > first.top() - 60.0);
    assert!((menu.unwrap().left() - second.left()).abs() < 1.0);
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
    // Both are laid out by the method that is chosen.
    let form = MapForm {
        method: Method::Umap,
        ..harness.state().model().mapping.form
    };
    harness
        .state_mut()
        .apply(Command::Map(MapCommand::Edit(form)));
    settle(&mut harness);
    let mapping = &harness.state().model().mapping;
    for side in [MapSide::Main, MapSide::Second] {
        let chart = mapping.chart_of(side).unwrap();
        assert_eq!(chart.layout.method, Method::Umap);
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
