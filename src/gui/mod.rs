//! The window: wiring, commands, theme, panels and paint; pictures of it.
//!
//! - `app` holds the [`model`], the tiles and the workers; each frame it drains the inbox, lets [`panels`] draw and
//!   then hands the commands they pushed to `logic`.
//! - Panels read the model and push [`command::Command`]s. They change nothing and read no file.
//! - `logic` is one match over commands and one over messages. It never paints.
//! - [`work`] does everything that takes time, on named threads, and sends `message::Message`s.
//! - [`actions`] is the one list of what keys, menus and palette can ask for.
//! - Colours, sizes and durations live in [`theme`].

pub mod actions;
mod app;
mod canvas;
pub mod command;
mod command_line;
#[cfg(target_os = "linux")]
mod focus;
pub mod jobs;
mod kept_layout;
pub mod layout;
mod logic;
mod message;
pub mod model;
mod offscreen;
pub mod paint;
pub mod panels;
mod right_to_left;
pub mod sheets;
pub mod theme;
mod widgets;
mod window;
pub mod work;

pub use app::{App, Start};
pub use canvas::{Canvas, PictureError, save_png};
pub use offscreen::{MaskRequest, Offscreen, PictureRequest, picture};
pub use window::{WindowError, run_window};
