//! The verb `install-desktop`: an entry in the desktop's menu, an icon, and the types of files that the program opens, as
//! freedesktop.org has them (Desktop Entry 1.5, Icon Theme, Shared MIME-info and AppStream specifications).

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context;
use serde_json::json;

use super::{arguments::InstallDesktop, console::Outcome};
use mynascope_base::{
    counted,
    storage::{path_to_text, user_data_home, write_atomic},
};

const ENTRY: &str = include_str!("../../assets/desktop/mynascope.desktop");

/// What lies where below the data folder, beside the entry of the menu.
const FILES: [(&str, &[u8]); 4] = [
    (
        "icons/hicolor/scalable/apps/mynascope.svg",
        include_bytes!("../../assets/desktop/mynascope.svg"),
    ),
    (
        "icons/hicolor/256x256/apps/mynascope.png",
        include_bytes!("../../assets/desktop/mynascope.png"),
    ),
    (
        "mime/packages/mynascope.xml",
        include_bytes!("../../assets/desktop/mynascope-mime.xml"),
    ),
    (
        "metainfo/mynascope.metainfo.xml",
        include_bytes!("../../assets/desktop/mynascope.metainfo.xml"),
    ),
];

const ENTRY_FILE: &str = "applications/mynascope.desktop";

/// Programs that tell the desktop of changes, each with its arguments before the folder and the folder's name. A desktop
/// without them looks for itself, at the latest when the user logs in again.
const REFRESH: [(&str, &[&str], &str); 3] = [
    ("update-desktop-database", &["-q"], "applications"),
    ("update-mime-database", &[], "mime"),
    (
        "gtk-update-icon-cache",
        &["-q", "-t", "-f"],
        "icons/hicolor",
    ),
];

/// Writes the files, or takes them away again.
pub fn run(verb: &InstallDesktop) -> anyhow::Result<Outcome> {
    if verb.into.is_none() && !cfg!(target_os = "linux") {
        anyhow::bail!(
            "this system has no menu of freedesktop.org's kind; name a folder with --into to write the files all the same"
        );
    }
    let folder = match &verb.into {
        Some(folder) => folder.clone(),
        None => user_data_home()?,
    };
    let files = if verb.undo {
        remove(&folder)?
    } else {
        let program = match &verb.program {
            Some(program) => program.clone(),
            None => std::env::current_exe().context("cannot tell where this program lies")?,
        };
        write(&folder, &program)?
    };
    // A folder that is named belongs to a package, whose installation refreshes the desktop.
    if verb.into.is_none() && !files.is_empty() {
        refresh(&folder);
    }
    let text = match (verb.undo, files.len()) {
        (true, 0) => format!("nothing of it is in {}", folder.display()),
        (true, count) => format!(
            "{} taken away from {}",
            counted(count, "file"),
            folder.display()
        ),
        (false, count) => format!(
            "{} in {}: Mynascope is in the desktop's menu; `mynascope install-desktop --undo` takes it out again",
            counted(count, "file"),
            folder.display()
        ),
    };
    let files: Vec<String> = files.iter().map(|file| path_to_text(file)).collect();
    Ok(Outcome::new(
        json!({"folder": path_to_text(&folder), "files": files, "undone": verb.undo}),
        text,
    ))
}

/// Writes all files below a data folder and returns them.
fn write(folder: &Path, program: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let name = program.to_str().with_context(|| {
        format!(
            "the path of the program is no UTF-8, which desktop entries are: {}; move it",
            program.display()
        )
    })?;
    let entry = entry_of(name);
    let all = FILES.into_iter().chain([(ENTRY_FILE, entry.as_bytes())]);
    let mut written = Vec::new();
    for (file, bytes) in all {
        let path = folder.join(file);
        if let Some(parent) = path.parent() {
            mynascope_base::storage::create_folder(parent)?;
        }
        write_atomic(&path, |file| io::Write::write_all(file, bytes))?;
        written.push(path);
    }
    Ok(written)
}

/// The entry of the menu for a program.
fn entry_of(program: &str) -> String {
    ENTRY
        .replace("@EXEC@", &quoted(program))
        .replace("@TRY_EXEC@", &program.replace('\\', "\\\\"))
}

/// A program's path as the key `Exec` wants it: quoted, with the characters escaped that a shell would read, then the
/// backslashes once more as in every string of an entry; a percent sign is written twice.
fn quoted(program: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+".contains(letter);
    if program.chars().all(plain) {
        return program.to_owned();
    }
    let mut quoted = String::from("\"");
    for letter in program.chars() {
        match letter {
            '"' | '`' | '$' => quoted.extend(['\\', '\\', letter]),
            '\\' => quoted.push_str("\\\\\\\\"),
            '%' => quoted.push_str("%%"),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Takes away what [`write`] wrote and returns what was there. Folders stay: others use them.
fn remove(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let files = FILES.into_iter().map(|(file, _)| file).chain([ENTRY_FILE]);
    let mut removed = Vec::new();
    for file in files {
        let path = folder.join(file);
        match fs::remove_file(&path) {
            Ok(()) => removed.push(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
        }
    }
    Ok(removed)
}

fn refresh(folder: &Path) {
    for (program, arguments, below) in REFRESH {
        let _ = Command::new(program)
            .args(arguments)
            .arg(folder.join(below))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_is_taken_away_again_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let other = home.path().join("applications/other.desktop");
        fs::create_dir_all(other.parent().unwrap()).unwrap();
        fs::write(&other, "mine").unwrap();
        let verb = |undo| InstallDesktop {
            undo,
            into: Some(home.path().to_path_buf()),
            program: Some("/opt/my lab/mynascope".into()),
        };
        let outcome = run(&verb(false)).unwrap();
        let files: Vec<PathBuf> = serde_json::from_value(outcome.json["files"].clone()).unwrap();
        assert_eq!(files.len(), 5);
        assert!(files.iter().all(|file| file.is_file()));
        let entry = fs::read_to_string(home.path().join(ENTRY_FILE)).unwrap();
        assert!(
            entry.contains("\nExec=\"/opt/my lab/mynascope\" %F\n"),
            "{entry}"
        );
        assert!(
            entry.contains("\nTryExec=/opt/my lab/mynascope\n"),
            "{entry}"
        );
        assert!(!entry.contains('@'), "{entry}");
        // The icon that the entry names is there.
        assert!(entry.contains("\nIcon=mynascope\n"));
        run(&verb(true)).unwrap();
        assert!(files.iter().all(|file| !file.exists()));
        assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
        let again = run(&verb(true)).unwrap();
        assert!(again.text.starts_with("nothing of it"), "{}", again.text);
    }

    #[test]
    fn a_program_in_an_odd_folder_is_started_by_its_entry() {
        assert_eq!(quoted("/usr/bin/mynascope"), "/usr/bin/mynascope");
        // One backslash before the dollar for the command line, each doubled for the string.
        assert_eq!(quoted("/a$b/m"), r#""/a\\$b/m""#);
        assert_eq!(quoted(r"/a\b"), r#""/a\\\\b""#);
        assert_eq!(quoted("/100%/m"), r#""/100%%/m""#);
    }

    #[test]
    fn the_window_has_the_name_that_the_entry_waits_for() {
        // Desktops match a window to its entry by this name, which `gui/placement.rs` gives the window.
        assert!(ENTRY.contains("\nStartupWMClass=mynascope\n"));
        assert!(include_str!("../gui/placement.rs").contains("with_app_id(\"mynascope\")"));
    }
}
