//! How a lesson names a track, so that it is found on another machine.

use std::path::{Component, Path, PathBuf};

use mynascope_collection::demo_track_name;

/// How names of demo tracks begin: `demo:folk/morning-on-the-canal`; or a folder, whose first track it is: `demo:techno`.
const DEMO: &str = "demo:";
/// How they began in lessons of earlier versions: `demo/folk/morning-on-the-canal.wav`.
const DEMO_BEFORE: &str = "demo/";

/// The name of a demo track without its beginning, if a lesson's track is one.
pub fn demo_name(track: &str) -> Option<&str> {
    track.strip_prefix(DEMO)
}

/// How the window calls a track that a file of a lesson names. Other names than those of demo tracks are paths, from the folder
/// of the file on.
pub fn read(track: &str, folder: Option<&Path>) -> String {
    if let Some(name) = track.strip_prefix(DEMO_BEFORE) {
        let name = Path::new(name).with_extension("");
        return format!("{DEMO}{}", name.to_string_lossy());
    }
    match folder {
        Some(folder) if !track.starts_with(DEMO) => of_path(&joined(folder, track)),
        _ => of_path(Path::new(track)),
    }
}

/// How a lesson calls the track of a path: one of the demo collection by its name, whosever cache it lies in.
pub fn of_path(path: &Path) -> String {
    match demo_track_name(path) {
        Some(name) => format!("{DEMO}{name}"),
        None => path.to_string_lossy().into_owned(),
    }
}

/// How a file of a lesson in a folder names a track: by the way from there, if there is one.
pub fn written(track: &str, folder: Option<&Path>) -> String {
    let (None, Some(folder)) = (demo_name(track), folder) else {
        return track.to_owned();
    };
    let Some(way) = pathdiff::diff_paths(track, folder) else {
        return track.to_owned();
    };
    let names: Vec<_> = way
        .components()
        .map(|it| it.as_os_str().to_string_lossy())
        .collect();
    match way.is_absolute() {
        true => track.to_owned(),
        // As every system reads it.
        false => names.join("/"),
    }
}

/// A path from a folder on, without the `..` that can be taken away without asking the file system.
fn joined(folder: &Path, way: &str) -> PathBuf {
    let mut path = folder.to_path_buf();
    for part in Path::new(way).components() {
        match part {
            Component::ParentDir if path.file_name().is_some() => {
                path.pop();
            }
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_are_named_so_that_another_machine_finds_them() {
        let cached = "/home/ann/.cache/mynascope/demo-3-0/folk/morning-on-the-canal.wav";
        let name = "demo:folk/morning-on-the-canal";
        assert_eq!(of_path(Path::new(cached)), name);
        let folder = Some(Path::new("/lessons/week 1"));
        // Of an earlier version, on another machine.
        for before in [cached, "demo/folk/morning-on-the-canal.wav", name] {
            assert_eq!(read(before, folder), name);
            assert_eq!(read(before, None), name);
        }
        assert_eq!(read("demo/techno", folder), "demo:techno");
        assert_eq!(written(name, folder), name);
        for (path, way) in [
            ("/lessons/week 1/a.wav", "a.wav"),
            ("/lessons/sounds/b.flac", "../sounds/b.flac"),
        ] {
            assert_eq!(written(path, folder), way);
            assert_eq!(read(way, folder), path);
            assert_eq!(read(path, folder), path, "an absolute path stays");
            assert_eq!(written(path, None), path);
        }
    }
}
