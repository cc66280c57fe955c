//! The house keeps its order: a room uses the rooms above it, never one below.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{fs, path::Path};

/// From the ground up; the same order as the crate docs.
const ROOMS: [&str; 14] = [
    "storage",
    "jobs",
    "audio",
    "spectrum",
    "tokens",
    "collection",
    "encoder",
    "embedding",
    "map",
    "probe",
    "objective",
    "train",
    "gui",
    "cli",
];

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

/// Rooms named in a source as `crate::room` or inside `use crate::{room..., room...}`.
fn used_rooms(text: &str) -> Vec<&'static str> {
    let mut code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    code.retain(|c| !c.is_whitespace());
    let mut used = Vec::new();
    for (place, _) in code.match_indices("crate::") {
        let rest = &code[place + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1_usize;
            let mut start = 0;
            let mut heads = Vec::new();
            for (index, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 || (depth == 1 && c == ',') {
                    heads.push(&group[start..index]);
                    start = index + 1;
                }
                if depth == 0 {
                    break;
                }
            }
            for head in heads {
                used.extend(room_of(head));
            }
        } else {
            used.extend(room_of(rest));
        }
    }
    used
}

fn room_of(path: &str) -> Option<&'static str> {
    let name: String = path
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    ROOMS.into_iter().find(|room| *room == name)
}

#[test]
fn arrows_point_upwards_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (floor, room) in ROOMS.iter().enumerate() {
        let mut files = Vec::new();
        sources(&root.join(room), &mut files);
        assert!(!files.is_empty(), "the room {room} is empty");
        for file in files {
            for used in used_rooms(&fs::read_to_string(&file).unwrap()) {
                let below = ROOMS.iter().position(|name| *name == used).unwrap() > floor;
                if below {
                    wrong.push(format!("{} uses {used}", file.display()));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows the wrong way:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_folder_of_the_house_is_a_known_room() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            assert!(
                ROOMS.contains(&name.as_str()),
                "{name} has no floor in ROOMS"
            );
        } else {
            assert!(
                name == "lib.rs" || name == "main.rs",
                "{name} stands outside the rooms"
            );
        }
    }
}

#[test]
fn no_file_is_longer_than_800_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("tests"), &mut files);
    for file in files {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 800, "{} has {lines} lines", file.display());
    }
}

#[test]
fn grouped_and_nested_imports_are_seen() {
    let text =
        "use crate::{audio::{Player, load}, gui};\nfn f() { crate::train::run() }\n// crate::cli";
    assert_eq!(used_rooms(text), ["audio", "gui", "train"]);
}
