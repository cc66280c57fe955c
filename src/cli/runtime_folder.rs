//! Keeps graphics drivers from writing to stderr where the session tells no runtime folder.
//!
//! Vulkan's loader brings a layer of Mesa that looks for a Wayland server; so does wgpu for OpenGL. Without an absolute
//! XDG_RUNTIME_DIR, as in cron jobs, containers and after `su`, libwayland then prints "error: XDG_RUNTIME_DIR is invalid
//! or not set". No option of the drivers prevents that, and a process may not change its own environment once it has
//! threads: so the program starts itself anew with one, which takes some milliseconds.

use std::{
    env,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

use mynascope_base::storage::Folders;

const VARIABLE: &str = "XDG_RUNTIME_DIR";

/// Starts the program anew with a runtime folder if it has none. Returns where that is not needed or not possible.
pub fn ensure() {
    let told = env::var_os(VARIABLE).map(PathBuf::from);
    if told.is_some_and(|folder| folder.is_absolute()) {
        return;
    }
    let Some(folder) = folder() else {
        return;
    };
    let Ok(program) = env::current_exe() else {
        return;
    };
    let mut arguments = env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // Returns only if it fails; then drivers may speak, and everything works all the same.
    let error = command.args(arguments).env(VARIABLE, folder).exec();
    tracing::debug!("no new start: {error}");
}

/// The user's runtime folder if the system made one, else a folder that need not exist, and where only the user could
/// make one.
fn folder() -> Option<PathBuf> {
    let user = std::fs::metadata("/proc/self").ok()?.uid();
    let usual = Path::new("/run/user").join(user.to_string());
    if usual.is_dir() {
        return Some(usual);
    }
    let own = Folders::of_user().ok()?.cache.join("runtime");
    std::path::absolute(own).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_an_absolute_runtime_folder() {
        assert!(folder().is_some_and(|folder| folder.is_absolute()));
    }
}
