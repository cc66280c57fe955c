//! In every usual window, and before an audience, what one reads and works with is on the screen and large enough, and messages cover
//! none of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::labelled::{press, show, sounds, window};
use eframe::egui::{Rect, Vec2, accesskit::Role, vec2};
use egui_kittest::{
    Harness,
    kittest::{By, NodeT as _, Queryable as _},
};
use mynascope::gui::{
    App,
    command::{Command, LessonCommand, WindowCommand},
    model::PictureOf,
    workspace::Workspace,
};

/// In points of the window: screens of 1280x800, 1366x768 and 1920x1080, each as it is and with text of 160 % before an audience (or
/// as much as fits), the last at twice the size, windows on the first two, and a small one.
const SIZES: [[f32; 2]; 10] = [
    [1280.0, 800.0],
    [1366.0, 768.0],
    [1920.0, 1080.0],
    [800.0, 500.0],
    [853.0, 480.0],
    [1200.0, 675.0],
    [960.0, 540.0],
    [1208.0, 712.0],
    [1294.0, 680.0],
    [760.0, 560.0],
];

fn resize(harness: &mut Harness<'_, App>, [width, height]: [f32; 2]) -> String {
    harness.set_size(vec2(width, height));
    harness.run_steps(4);
    format!("{width}x{height}")
}

fn apply(harness: &mut Harness<'_, App>, command: Command) {
    harness.state_mut().apply(command);
    harness.run_steps(4);
}

/// Width and height of the window in its own points.
fn screen(harness: &Harness<'_, App>) -> Rect {
    harness.ctx.content_rect()
}

/// What has a name, if all of it is on the screen.
fn whole(harness: &Harness<'_, App>, name: &str) -> Option<Rect> {
    let nodes = harness.query_all(By::new().predicate(|node| {
        let label = node.label().or_else(|| node.value());
        label.is_some_and(|label| label == name)
    }));
    let mut places = nodes.map(|node| node.rect());
    places.find(|place| screen(harness).expand(1.0).contains_rect(*place))
}

fn at_least(place: Option<Rect>, size: Vec2) -> bool {
    place.is_some_and(|place| place.width() >= size.x && place.height() >= size.y)
}

#[test]
fn the_spectrogram_is_never_too_low_to_be_read_wherever_it_is_shown() {
    let folder = sounds(2);
    let (mut harness, _) = window(folder.path());
    for workspace in [
        Workspace::Listen,
        Workspace::Teach,
        Workspace::Map,
        Workspace::Probe,
    ] {
        show(&mut harness, workspace);
        for size in SIZES {
            let size = resize(&mut harness, size);
            if harness.query_by_label("Tab Spectrogram").is_some() {
                press(&mut harness, "Tab Spectrogram");
                harness.run_steps(2);
            }
            let picture = whole(&harness, "Spectrogram");
            assert!(
                at_least(picture, vec2(100.0, 100.0)),
                "{workspace:?}, {size}: {picture:?}"
            );
        }
    }
}

#[test]
fn every_page_about_views_or_a_batch_has_them_on_the_screen_with_the_ratio() {
    let folder = sounds(2);
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Workspace::Teach);
    for size in SIZES {
        let size = resize(&mut harness, size);
        // "Why two views": the first page is about the views, the third about the batch.
        for (turned, name) in [(0, "View A"), (2, "Similarity of the batch")] {
            apply(&mut harness, Command::Lesson(LessonCommand::Open(3)));
            apply(&mut harness, Command::Lesson(LessonCommand::Turn(turned)));
            common::settle(&mut harness);
            let place = whole(&harness, name);
            assert!(
                at_least(place, vec2(60.0, 60.0)),
                "{name}, {size}: {place:?}"
            );
            for name in ["Share of dropped tokens", "Play (Space)"] {
                assert!(whole(&harness, name).is_some(), "{name}, {size}");
            }
        }
    }
}

#[test]
fn a_message_covers_no_control_and_no_text_of_a_lesson() {
    let folder = sounds(2);
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Workspace::Teach);
    apply(&mut harness, Command::Lesson(LessonCommand::Open(0)));
    let page = harness.state().model().lesson.as_ref().unwrap();
    let page = page.page().unwrap().text.trim().to_owned();
    let said = "The channels of this track cancel each other, so that the mean of both is silent; choose one of them";
    for size in SIZES {
        let size = resize(&mut harness, size);
        apply(&mut harness, Command::Window(WindowCommand::DismissAll));
        apply(
            &mut harness,
            Command::Window(WindowCommand::Tell(said.to_owned())),
        );
        let message = whole(&harness, said).unwrap_or_else(|| panic!("{size}: not on the screen"));
        let nodes = harness.query_all(By::new().predicate(|node| {
            let label = node.label().or_else(|| node.value());
            let label = label.unwrap_or_default();
            let is_control = [Role::Button, Role::ComboBox, Role::Image].contains(&node.role());
            is_control && label != "Close this message" || label == page
        }));
        for node in nodes {
            let covered = node.rect().intersect(message);
            let label = node.accesskit_node().label().unwrap_or_default();
            assert!(
                !covered.is_positive(),
                "{size}: {label} at {:?}, {message:?}",
                node.rect()
            );
        }
    }
}

#[test]
fn over_the_picture_of_the_sound_nothing_of_the_mask_can_be_set_that_would_not_be_seen() {
    let folder = sounds(2);
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Workspace::Listen);
    let ratio = "Share of dropped tokens";
    assert!(harness.query_by_label(ratio).is_none(), "no mask is shown");
    press(&mut harness, "Mask");
    harness.get_by_label(ratio);
    let sound = Command::edit_picture(harness.state().model(), |form| form.of = PictureOf::Sound);
    apply(&mut harness, sound);
    assert!(harness.query_by_label(ratio).is_none());
    harness.get_by_label_contains("No mask lies over the sound");
    press(&mut harness, "Mel");
    harness.get_by_label(ratio);
}
