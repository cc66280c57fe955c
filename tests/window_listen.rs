//! Selecting and looping on the picture: what the pointer and the keys do, without a sound device.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use eframe::egui::{self, Event, Key, Modifiers, PointerButton, Pos2, Rect};
use egui_kittest::{Harness, kittest::Queryable as _};
use mynascope::gui::{
    App, Start,
    command::{Command, WindowCommand},
    model::{Hearing, Selection, Transport},
    workspace::Workspace,
};
use mynascope_audio as audio;
use mynascope_base::storage::Settings;
use mynascope_spectrum::tokens::{MaskRatio, ViewName};

use common::{need_graphics, settle};

const SIZE: [u32; 2] = [900, 640];
const TRACK_SECS: f64 = 8.0;

/// The window over one track of eight seconds.
fn window() -> (Harness<'static, App>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let samples = vec![0.1; (TRACK_SECS * 16_000.0) as usize];
    audio::write_wav(&folder.path().join("level.wav"), &samples, 16_000).unwrap();
    let start = Start {
        paths: vec![folder.path().to_path_buf()],
        settings: Settings::default(),
        complaint: None,
        sound: false,
        remember: false,
    };
    let mut harness = Harness::builder()
        .with_size(egui::vec2(SIZE[0] as f32, SIZE[1] as f32))
        .with_step_dt(1.0 / 60.0)
        .wgpu()
        .build_eframe(|creation| App::create(creation, start).unwrap());
    settle(&mut harness);
    (harness, folder)
}

fn transport<'a>(harness: &'a Harness<'_, App>) -> &'a Transport {
    &harness.state().model().transport
}

fn picture(harness: &Harness<'_, App>) -> Rect {
    harness.get_by_label("Spectrogram").rect()
}

/// Where a time lies, in the middle of the picture's height.
fn at(area: Rect, secs: f64) -> Pos2 {
    let x = area.left() + (secs / TRACK_SECS) as f32 * area.width();
    egui::pos2(x, area.center().y)
}

fn button(harness: &mut Harness<'_, App>, pos: Pos2, pressed: bool, modifiers: Modifiers) {
    harness.event(Event::PointerMoved(pos));
    harness.run_steps(1);
    harness.event_modifiers(
        Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers,
        },
        modifiers,
    );
    harness.run_steps(1);
}

fn drag(harness: &mut Harness<'_, App>, from: Pos2, to: Pos2) {
    button(harness, from, true, Modifiers::NONE);
    harness.event(Event::PointerMoved(from.lerp(to, 0.5)));
    harness.run_steps(1);
    button(harness, to, false, Modifiers::NONE);
}

fn click(harness: &mut Harness<'_, App>, at: Pos2, modifiers: Modifiers) {
    button(harness, at, true, modifiers);
    button(harness, at, false, modifiers);
}

#[track_caller]
fn assert_stretch(stretch: Option<Selection>, start: f64, end: f64) {
    let stretch = stretch.expect("a stretch");
    let near = |a: f64, b: f64| (a - b).abs() < 0.04;
    assert!(
        near(stretch.start_secs, start) && near(stretch.end_secs, end),
        "{stretch:?} is not {start} to {end}"
    );
}

#[test]
fn a_drag_selects_a_click_seeks_and_shift_extends() {
    need_graphics();
    let (mut harness, _folder) = window();
    let area = picture(&harness);
    click(&mut harness, at(area, 1.0), Modifiers::NONE);
    assert!((transport(&harness).position_secs - 1.0).abs() < 0.03);
    assert_eq!(transport(&harness).form.selection, None);
    // Backwards is as good.
    drag(&mut harness, at(area, 6.0), at(area, 3.0));
    assert_stretch(transport(&harness).form.selection, 3.0, 6.0);
    let here = transport(&harness).position_secs;
    assert!((here - 1.0).abs() < 0.03, "selecting moved the playhead");
    click(&mut harness, at(area, 7.0), Modifiers::SHIFT);
    assert_stretch(transport(&harness).form.selection, 3.0, 7.0);
    assert_eq!(transport(&harness).position_secs, here);
    // An edge follows the pointer.
    drag(&mut harness, at(area, 3.0), at(area, 4.0));
    assert_stretch(transport(&harness).form.selection, 4.0, 7.0);
}

#[test]
fn keys_loop_and_clear() {
    need_graphics();
    let (mut harness, _folder) = window();
    let area = picture(&harness);
    let press = |harness: &mut Harness<'_, App>, key, modifiers| {
        harness.key_press_modifiers(modifiers, key);
        harness.run_steps(2);
    };
    press(&mut harness, Key::L, Modifiers::NONE);
    assert_stretch(transport(&harness).form.looped, 0.0, TRACK_SECS);
    press(&mut harness, Key::L, Modifiers::NONE);
    assert_eq!(transport(&harness).form.looped, None);
    drag(&mut harness, at(area, 2.0), at(area, 5.0));
    press(&mut harness, Key::L, Modifiers::NONE);
    assert_stretch(transport(&harness).form.looped, 2.0, 5.0);
    drag(&mut harness, at(area, 6.0), at(area, 7.0));
    assert_stretch(transport(&harness).form.looped, 2.0, 5.0);
    press(&mut harness, Key::L, Modifiers::SHIFT);
    assert_stretch(transport(&harness).form.looped, 6.0, 7.0);
    // Ten frames are 0.32 s; the loop goes with its selection.
    for (key, end) in [(Key::ArrowRight, 7.32), (Key::ArrowLeft, 7.0)] {
        for _ in 0..10 {
            press(&mut harness, key, Modifiers::ALT);
        }
        assert_stretch(transport(&harness).form.selection, 6.0, end);
        assert_stretch(transport(&harness).form.looped, 6.0, end);
    }
    click(&mut harness, at(area, 3.0), Modifiers::NONE);
    press(&mut harness, Key::OpenBracket, Modifiers::NONE);
    assert_stretch(transport(&harness).form.looped, 3.0, 7.0);
    click(&mut harness, at(area, 4.0), Modifiers::NONE);
    press(&mut harness, Key::CloseBracket, Modifiers::NONE);
    assert_stretch(transport(&harness).form.looped, 3.0, 4.0);
    // The loop's flag follows the pointer.
    let flag = egui::pos2(at(area, 4.0).x, area.top() + 3.0);
    drag(&mut harness, flag, at(area, 5.0));
    assert_stretch(transport(&harness).form.looped, 3.0, 5.0);
    press(&mut harness, Key::Escape, Modifiers::NONE);
    assert_eq!(transport(&harness).form.selection, None);
    assert_stretch(transport(&harness).form.looped, 3.0, 5.0);
    press(&mut harness, Key::Escape, Modifiers::NONE);
    assert_eq!(transport(&harness).form.looped, None);
}

#[test]
fn a_stroke_makes_all_patches_what_it_made_the_first_and_is_one_step() {
    need_graphics();
    let (mut harness, _folder) = window();
    for command in [
        Command::Window(WindowCommand::ShowWorkspace(Workspace::Teach)),
        Command::edit_mask(harness.state().model(), |form| {
            form.ratio = MaskRatio::new(0.0).unwrap();
            form.painting = true;
        }),
    ] {
        harness.state_mut().apply(command);
    }
    settle(&mut harness);
    let area = picture(&harness);
    let painted = |harness: &Harness<'_, App>| -> Vec<bool> {
        let mask = &harness.state().model().mask;
        let patches = mask.paint.of(ViewName::A, &mask.grid());
        patches.iter().map(|(_, &keep)| keep).collect()
    };
    button(&mut harness, at(area, 1.0), true, Modifiers::NONE);
    for tenth in 11..40 {
        harness.event(Event::PointerMoved(at(area, 0.1 * f64::from(tenth))));
        harness.run_steps(1);
    }
    button(&mut harness, at(area, 4.0), false, Modifiers::NONE);
    harness.run_steps(2);
    let dropped = painted(&harness);
    // Patches are half a second wide.
    assert!(dropped.len() >= 6, "{}", dropped.len());
    assert!(dropped.iter().all(|&keep| !keep), "{dropped:?}");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(2);
    assert_eq!(painted(&harness), Vec::<bool>::new());
}

/// X by its events, so that it can be held.
fn x_key(harness: &mut Harness<'_, App>, pressed: bool) {
    harness.event(Event::Key {
        key: Key::X,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers: Modifiers::NONE,
    });
    harness.run_steps(1);
}

#[test]
fn a_tap_on_x_switches_and_held_it_lasts_until_it_is_let_go() {
    need_graphics();
    let (mut harness, _folder) = window();
    let hearing = |harness: &Harness<'_, App>| transport(harness).form.hearing;
    for expected in [Hearing::Left, Hearing::Original] {
        x_key(&mut harness, true);
        x_key(&mut harness, false);
        harness.run_steps(60);
        assert_eq!(hearing(&harness), expected, "tapped");
    }
    x_key(&mut harness, true);
    for _ in 0..4 {
        // As keyboards do while a key stays down.
        harness.run_steps(15);
        x_key(&mut harness, true);
        assert_eq!(hearing(&harness), Hearing::Left, "held");
    }
    x_key(&mut harness, false);
    assert_eq!(hearing(&harness), Hearing::Original, "let go");
}
