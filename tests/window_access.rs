//! Who doesn't see the screen, or has no mouse: every control has a name that can be read out, and the Tab key reaches it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::collections::BTreeSet;

use common::labelled::{self, show, sounds};
use eframe::egui::{self, Key, Modifiers, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{By, NodeT as _, Queryable as _},
};
use mynascope::gui::{App, workspace::Workspace};

/// What a user can work.
const CONTROLS: [Role; 11] = [
    Role::Button,
    Role::CheckBox,
    Role::RadioButton,
    Role::ComboBox,
    Role::Slider,
    Role::SpinButton,
    Role::TextInput,
    Role::Link,
    Role::ColorWell,
    Role::MenuItem,
    Role::Tab,
];

/// Letters that a screen reader can say: icons are letters of the private use area.
fn can_be_said(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Role, name and place of every control on the screen.
fn controls(harness: &Harness<'_, App>) -> Vec<(Role, String, egui::Rect)> {
    harness
        .query_all(By::new().predicate(|node| CONTROLS.contains(&node.role()) && !node.is_hidden()))
        .map(|node| {
            let place = node.rect();
            let node = node.accesskit_node();
            let name = node.label().unwrap_or_default();
            let hint = node.placeholder().unwrap_or_default();
            (
                node.role(),
                format!("{name} {hint}").trim().to_owned(),
                place,
            )
        })
        .collect()
}

#[test]
fn every_control_has_a_name_that_can_be_read_out() {
    common::need_graphics();
    let music = sounds(2);
    let (mut harness, _) = labelled::window(music.path());
    let mut nameless = BTreeSet::new();
    let mut seen = 0;
    for layout in Workspace::ALL {
        show(&mut harness, layout);
        let here = controls(&harness);
        assert!(here.len() > 10, "{layout:?} shows {} controls", here.len());
        seen += here.len();
        for (role, name, place) in here {
            if !can_be_said(&name) {
                nameless.insert(format!("{layout:?}: {role:?} {name:?} at {place:?}"));
            }
        }
    }
    println!("{seen} controls in {} layouts", Workspace::ALL.len());
    assert!(nameless.is_empty(), "{nameless:#?}");
}

#[test]
fn the_tab_key_reaches_every_control_that_is_on() {
    common::need_graphics();
    let music = sounds(2);
    let (mut harness, _) = labelled::window(music.path());
    for layout in Workspace::ALL {
        show(&mut harness, layout);
        let mut missing: BTreeSet<u64> = harness
            .query_all(By::new().predicate(|node| {
                CONTROLS.contains(&node.role()) && !node.is_hidden() && !node.is_disabled()
            }))
            .map(|node| node.accesskit_node().locate().0.0)
            .collect();
        let all = missing.len();
        for _ in 0..2 * all + 20 {
            harness.key_press_modifiers(Modifiers::NONE, Key::Tab);
            harness.run_steps(1);
            if let Some(focused) = harness.ctx.memory(egui::Memory::focused) {
                missing.remove(&focused.value());
            }
            if missing.is_empty() {
                break;
            }
        }
        let names: Vec<String> = harness
            .query_all(By::new().predicate(|node| missing.contains(&node.locate().0.0)))
            .map(|node| {
                format!(
                    "{:?} {:?}",
                    node.accesskit_node().role(),
                    node.accesskit_node().label()
                )
            })
            .collect();
        assert!(names.is_empty(), "{layout:?}: {names:#?} of {all}");
    }
}
