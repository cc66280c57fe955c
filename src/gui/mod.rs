//! The window: wiring, commands, theme, panels and paint; pictures of it.
//!
//! A module uses only those that stand before it in the order that a test below keeps.
//!
//! - [`jobs`] starts every thread, so that a panic ends a piece of work and never the window.
//! - `app` holds the [`model`], the tiles and the workers; each frame it drains the inbox, lets [`panels`] draw and
//!   then hands the commands they pushed to `logic`.
//! - Panels read the model and push [`command::Command`]s. They change nothing and read no file.
//! - `logic` is one match over commands and one over messages. It never paints.
//! - [`work`] does everything that takes time, on named threads, and sends `message::Message`s.
//! - [`sheets`] draws panels once more, for files.
//! - [`actions`] is the one list of what keys, menus and palette can ask for.
//! - Colours, sizes and durations live in [`theme`].

pub mod actions;
mod app;
mod canvas;
pub mod command;
mod command_line;
#[cfg(target_os = "linux")]
mod focus;
mod fonts;
pub mod jobs;
mod logic;
mod message;
pub mod model;
mod offscreen;
pub mod paint;
pub mod panels;
mod placement;
mod right_to_left;
mod saved_workspace;
pub mod sheets;
pub mod theme;
mod widgets;
mod window;
pub mod work;
pub mod workspace;
mod zoom;

pub use app::{App, Start};
pub use canvas::{Canvas, PictureError, save_png};
pub use offscreen::{MaskRequest, Offscreen, PictureRequest, WindowPicture, picture, save_panel};
pub use window::{WindowError, run_window};

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// The modules in their order: each may use those before it.
    const ORDER: [&str; 25] = [
        "jobs",
        "workspace",
        "command_line",
        "right_to_left",
        "fonts",
        "theme",
        "widgets",
        "saved_workspace",
        "model",
        "command",
        "message",
        "paint",
        "actions",
        "work",
        "panels",
        "canvas",
        "sheets",
        "logic",
        "focus",
        "zoom",
        "placement",
        "app",
        "offscreen",
        "window",
        "mod",
    ];
    /// What a module must not use although it stands before it: panels show and ask, work computes, and
    /// what is shown has no colours of its own.
    const NOT: [(&str, &str); 4] = [
        ("panels", "work"),
        ("work", "paint"),
        ("work", "actions"),
        ("model", "theme"),
    ];

    fn rust_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rust_files(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                found.push(path);
            }
        }
    }

    /// The modules of the window that a source names: `crate::gui::NAME` and `crate::gui::{NAME, NAME::...}`.
    fn used(source: &str) -> Vec<String> {
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let mut names = Vec::new();
        for rest in code.split("crate::gui::").skip(1) {
            let Some(list) = rest.strip_prefix('{') else {
                names.push(word(rest));
                continue;
            };
            let mut depth = 0;
            let mut begins = true;
            for (at, letter) in list.char_indices() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => begins = true,
                    _ if begins && letter.is_alphabetic() => {
                        names.push(word(&list[at..]));
                        begins = false;
                    }
                    _ => {}
                }
            }
        }
        names
    }

    fn word(text: &str) -> String {
        let letters = text.chars();
        letters
            .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
            .collect()
    }

    #[test]
    fn every_module_uses_only_modules_before_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gui");
        let mut files = Vec::new();
        rust_files(&root, &mut files);
        let place = |name: &str| ORDER.iter().position(|other| *other == name);
        for path in files {
            let inside = path.strip_prefix(&root).unwrap();
            let first = inside.components().next().unwrap();
            let first = Path::new(first.as_os_str()).file_stem().unwrap();
            let module = first.to_string_lossy().into_owned();
            let own = place(&module).unwrap_or_else(|| panic!("{module} has no place in ORDER"));
            for other in used(&fs::read_to_string(&path).unwrap()) {
                // Types that the module itself gives out have no place.
                let Some(others) = place(&other) else {
                    continue;
                };
                let file = inside.display();
                assert!(others <= own, "{file} uses {other}, which comes after it");
                let forbidden = NOT.contains(&(module.as_str(), other.as_str()));
                assert!(!forbidden, "{file} must not use {other}");
            }
        }
    }
}
