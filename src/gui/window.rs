//! Opens the window.

use std::path::PathBuf;

use mynascope_base::storage::{Folders, Settings, StorageError};
use mynascope_collection::DemoKind;

use super::{
    app::{App, Start},
    placement,
};

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// No display, or no graphics that the window could be drawn with.
    #[error(
        "no window can be opened here ({why}); without a display, `mynascope tour FOLDER` draws the same window into \
         pictures, and every other verb works too (`mynascope --help`)"
    )]
    NoDisplay {
        /// What the windowing or graphics library said.
        why: String,
    },
    /// The user's folders are not known.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Opens the window on files and folders; without any, on the demo collection. Returns when the window is closed.
///
/// # Errors
/// [`WindowError`] if there is no display or no graphics, or if the user's folders are not known.
pub fn run_window(paths: Vec<PathBuf>) -> Result<(), WindowError> {
    #[cfg(target_os = "linux")]
    if ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
        .iter()
        .all(|name| std::env::var_os(name).is_none_or(|value| value.is_empty()))
    {
        return Err(WindowError::NoDisplay {
            why: "neither DISPLAY nor WAYLAND_DISPLAY is set".to_owned(),
        });
    }
    let folders = Folders::of_user()?;
    let (settings, complaint) = Settings::load(&folders.config);
    // Tables and recent folders name files in full.
    let in_full = |path: PathBuf| match DemoKind::of_path(&path).is_none() && path.exists() {
        true => std::path::absolute(&path).unwrap_or(path),
        false => path,
    };
    let start = Start {
        paths: paths.into_iter().map(in_full).collect(),
        settings,
        complaint,
        sound: true,
        remember: true,
    };
    let place = start.settings.session.window.as_ref();
    let options = eframe::NativeOptions {
        viewport: placement::builder(place.filter(|_| start.settings.restore)),
        renderer: eframe::Renderer::Wgpu,
        ..Default::default()
    };
    eframe::run_native(
        "Mynascope",
        options,
        Box::new(move |creation| {
            #[cfg(target_os = "linux")]
            super::focus::take_where_nobody_gives(creation)?;
            Ok(Box::new(App::create(creation, start)?))
        }),
    )
    .map_err(|error| WindowError::NoDisplay {
        why: error.to_string(),
    })
}
