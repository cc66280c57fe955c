//! Reading and writing lessons, with the system's file dialogs, each on a thread of its own.
//!
//! A lesson is one file: its text alone, in TOML, or a zip archive of that text and its tracks.

use std::{
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::gui::{
    jobs::{NoThread, spawn_once},
    message::{LessonMessage, Message, Outbox},
    model::Lesson,
    work::ask_file::Question,
};
use mynascope_audio::is_audio_path;
use mynascope_base::storage::{self, Folders};

/// A larger text is no lesson.
const MOST_BYTES: u64 = 1 << 20;
/// More sound than a lesson has.
const MOST_TRACK_BYTES: u64 = 2 << 30;
/// Files in an archive at most.
const MOST_FILES: usize = 1000;
/// The text in an archive, and the folder of its tracks.
const TEXT: &str = "lesson.toml";
const TRACKS: &str = "tracks";

/// Endings of files that hold a lesson.
const ENDINGS: [&str; 2] = ["toml", "zip"];

/// Whether a file is opened as a lesson, by its name.
pub fn is_lesson(path: &Path) -> bool {
    ENDINGS.iter().any(|ending| is_ending(path, ending))
}

fn is_ending(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|own| own.eq_ignore_ascii_case(ending))
}

/// Asks for a file and reads it; the answer comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn choose(outbox: &Outbox) -> Result<(), NoThread> {
    spawn(outbox, |outbox| {
        let question = Question::file("Open a lesson").filter("Lessons", &ENDINGS);
        Some(read_message(&question.wait(outbox)?))
    })
}

/// Reads a file; the answer comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn read(path: PathBuf, outbox: &Outbox) -> Result<(), NoThread> {
    spawn(outbox, move |_| Some(read_message(&path)))
}

fn read_message(path: &Path) -> LessonMessage {
    let cache = || Folders::of_user().map(|folders| folders.cache.join("lessons"));
    let read = match is_ending(path, "zip") {
        true => match cache() {
            Ok(cache) => read_archive(path, &cache),
            Err(error) => Err(error.to_string()),
        },
        false => read_text(path),
    };
    LessonMessage::Read(read.map(Box::new).map_err(|why| {
        format!(
            "This lesson cannot be read ({why}); correct the file or choose another: {}",
            path.display()
        )
    }))
}

fn read_text(path: &Path) -> Result<Lesson, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    Lesson::parse(&limited(file)?, path.parent())
}

fn limited(file: impl io::Read) -> Result<String, String> {
    let mut text = String::new();
    let read = file.take(MOST_BYTES + 1).read_to_string(&mut text);
    match read.map_err(|error| error.to_string())? as u64 > MOST_BYTES {
        true => Err("it is larger than a lesson can be".to_owned()),
        false => Ok(text),
    }
}

/// Reads an archive. Its tracks are unpacked below `cache`, once.
fn read_archive(path: &Path, cache: &Path) -> Result<Lesson, String> {
    let fault = |error: zip::result::ZipError| error.to_string();
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(fault)?;
    if archive.len() > MOST_FILES {
        return Err(format!("more than {MOST_FILES} files are in it"));
    }
    let text = limited(archive.by_name(TEXT).map_err(|_| {
        format!("no {TEXT} is in it: a zip that this program did not make; unpack it and open its sound files")
    })?)?;
    let mut digest = DefaultHasher::new();
    let mut tracks = Vec::new();
    let mut bytes = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(fault)?;
        // Nothing is written outside the folder, whatever the archive calls its files.
        let Some(name) = entry.enclosed_name() else {
            continue;
        };
        let is_track = name.parent() == Some(Path::new(TRACKS)) && is_audio_path(&name);
        if entry.is_file() && is_track {
            bytes += entry.size();
            (&name, entry.crc32(), entry.size()).hash(&mut digest);
            tracks.push((index, name, entry.size()));
        }
    }
    if bytes > MOST_TRACK_BYTES {
        return Err("more sound is in it than a lesson can have, 2 GiB".to_owned());
    }
    let folder = cache.join(format!("{:016x}", digest.finish()));
    for (index, name, size) in tracks {
        let to = folder.join(name);
        if std::fs::metadata(&to).is_ok_and(|file| file.len() == size) {
            continue;
        }
        if let Some(folder) = to.parent() {
            storage::create_folder(folder).map_err(|error| error.to_string())?;
        }
        let entry = archive.by_index(index).map_err(fault)?;
        // What an archive says of its sizes may be wrong.
        let mut entry = entry.take(size);
        storage::write_atomic(&to, |file| io::copy(&mut entry, file).map(|_| ()))
            .map_err(|error| error.to_string())?;
    }
    Lesson::parse(&text, Some(&folder))
}

/// Writes a lesson to a place, or asks for one; the answer comes as a message. Its tracks go along where the user may pass
/// them on.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn save(
    lesson: Lesson,
    with_tracks: bool,
    to: Option<PathBuf>,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let with_tracks = with_tracks && !lesson.own_tracks().is_empty();
    spawn(outbox, move |outbox| {
        let ending = if with_tracks { "zip" } else { "toml" };
        let path = match to {
            Some(path) => path,
            None => {
                let name = format!("{}.{ending}", file_name(&lesson.title));
                let question = Question::new_file("Save the lesson", name);
                let question = question.filter("Lessons", &[ending]);
                question.wait(outbox)?.with_extension(ending)
            }
        };
        let saved = match with_tracks {
            true => write_archive(&lesson, &path),
            false => write_text(&lesson, &path),
        };
        Some(LessonMessage::Saved(saved.map(|()| path.clone()).map_err(
            |why| {
                format!(
                    "The lesson cannot be saved ({why}); choose another place: {}",
                    path.display()
                )
            },
        )))
    })
}

/// A title as a name that every file system takes.
fn file_name(title: &str) -> String {
    let letters = title.chars().map(|letter| match letter.is_alphanumeric() {
        true => letter,
        false => '-',
    });
    letters.collect::<String>().to_lowercase()
}

fn write_text(lesson: &Lesson, path: &Path) -> Result<(), String> {
    let text = lesson.to_text(path.parent())?;
    storage::write_atomic(path, |file| file.write_all(text.as_bytes()))
        .map_err(|error| error.to_string())
}

fn write_archive(lesson: &Lesson, path: &Path) -> Result<(), String> {
    let tracks = lesson.own_tracks();
    let names = names(&tracks);
    let mut inside = lesson.clone();
    inside.name_tracks(|track| {
        let at = tracks.iter().position(|path| path == Path::new(track));
        let name = at.and_then(|at| names.get(at));
        name.map_or_else(|| track.to_owned(), |name| format!("{TRACKS}/{name}"))
    });
    let text = inside.to_text(None)?;
    storage::write_atomic(path, |file| {
        let mut archive = ZipWriter::new(file);
        let options = SimpleFileOptions::default().large_file(true);
        archive.start_file(
            TEXT,
            options.compression_method(CompressionMethod::Deflated),
        )?;
        archive.write_all(text.as_bytes())?;
        // Sound is packed already, or hardly packs.
        let options = options.compression_method(CompressionMethod::Stored);
        for (track, name) in tracks.iter().zip(&names) {
            archive.start_file(format!("{TRACKS}/{name}"), options)?;
            let mut sound = File::open(track).map_err(|error| {
                io::Error::new(error.kind(), format!("{error}: {}", track.display()))
            })?;
            io::copy(&mut sound, &mut archive)?;
        }
        archive.finish()?;
        Ok(())
    })
    .map_err(|error| error.to_string())
}

/// Names for tracks in one folder: their own, with a number where two are the same.
fn names(tracks: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for track in tracks {
        let own = track.file_name().unwrap_or_default().to_string_lossy();
        let others = (2..).map(|number| format!("{number} {own}"));
        let mut offered = std::iter::once(own.to_string()).chain(others);
        let is_free = |name: &String| !names.iter().any(|it| it.eq_ignore_ascii_case(name));
        names.extend(offered.find(is_free));
    }
    names
}

fn spawn(
    outbox: &Outbox,
    work: impl FnOnce(&Outbox) -> Option<LessonMessage> + Send + 'static,
) -> Result<(), NoThread> {
    let answer = move |outbox: &Outbox| {
        if let Some(message) = work(outbox) {
            outbox.send(Message::Lesson(message));
        }
    };
    spawn_once("lesson-file", outbox, answer, |fault| {
        format!("The file dialog could not be shown ({fault})")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::model::LessonState;

    fn lesson(tracks: &[&Path]) -> Lesson {
        let state = |track: &&Path| LessonState {
            track: Some(track.to_string_lossy().into_owned()),
            ..LessonState::default()
        };
        let mut lesson = Lesson::new("My week/1".to_owned(), LessonState::default());
        let page = lesson.steps.remove(0);
        lesson.steps.extend(tracks.iter().map(|track| {
            let mut page = page.clone();
            page.text = "Listen.".to_owned();
            page.state = state(track);
            page
        }));
        lesson
    }

    #[test]
    fn a_lesson_with_its_tracks_is_one_file_that_opens_on_another_machine() {
        let here = tempfile::tempdir().unwrap();
        let [a, b] = ["a/song.wav", "b/song.wav"].map(|name| here.path().join(name));
        for (path, level) in [(&a, 0.25), (&b, -0.5)] {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            mynascope_audio::write_wav(path, &[level; 1600], 16_000).unwrap();
        }
        let cached = Path::new("/home/x/.cache/mynascope/demo-3-0/folk/juniper-road.wav");
        let said = lesson(&[&a, &b, cached, &a]);
        let said = Lesson::parse(&said.to_text(None).unwrap(), None).unwrap();
        assert_eq!(said.own_tracks(), [a.clone(), b.clone()]);
        let file = here.path().join("lesson.zip");
        write_archive(&said, &file).unwrap();
        let [first, second] = [&a, &b].map(|path| std::fs::read(path).unwrap());
        std::fs::remove_file(&a).unwrap();
        std::fs::remove_file(&b).unwrap();
        let there = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let read = read_archive(&file, there.path()).unwrap();
            let tracks = read.own_tracks();
            assert!(tracks.iter().all(|track| track.starts_with(there.path())));
            let sounds: Vec<_> = tracks.iter().map(|it| std::fs::read(it).unwrap()).collect();
            assert_eq!(sounds, [first.clone(), second.clone()]);
            let names: Vec<_> = read
                .steps
                .iter()
                .filter_map(|it| it.state.track_title())
                .collect();
            assert_eq!(
                names,
                ["song.wav", "2 song.wav", "juniper-road", "song.wav"]
            );
        }
        assert_eq!(file_name(&said.title), "my-week-1");
    }

    #[test]
    fn a_lesson_without_its_tracks_finds_them_beside_its_file() {
        let here = tempfile::tempdir().unwrap();
        let track = here.path().join("sounds/song.flac");
        let said = lesson(&[&track]);
        let file = here.path().join("lesson.toml");
        write_text(&said, &file).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("\"sounds/song.flac\""), "{text}");
        assert_eq!(read_text(&file).unwrap().own_tracks(), [track]);
        let other = tempfile::tempdir().unwrap();
        let moved = other.path().join("lesson.toml");
        std::fs::rename(&file, &moved).unwrap();
        let there = other.path().join("sounds/song.flac");
        assert_eq!(read_text(&moved).unwrap().own_tracks(), [there]);
    }

    #[test]
    fn an_archive_writes_nothing_outside_its_folder_and_nothing_but_sound() {
        let here = tempfile::tempdir().unwrap();
        let file = here.path().join("evil.zip");
        let mut archive = ZipWriter::new(File::create(&file).unwrap());
        let options = SimpleFileOptions::default();
        let text = lesson(&[]).to_text(None).unwrap();
        let text = text.replace("steps = []", "[[steps]]\ntext = \"x\"");
        for (name, bytes) in [
            (TEXT, text.as_bytes()),
            ("../out.wav", b"x"),
            ("tracks/../../out.wav", b"x"),
            ("tracks/run.sh", b"x"),
            ("tracks/deep/in.wav", b"x"),
        ] {
            archive.start_file(name, options).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap();
        let cache = here.path().join("cache");
        read_archive(&file, &cache).unwrap();
        assert!(!cache.exists() && !here.path().join("out.wav").exists());
        let none = here.path().join("none.zip");
        std::fs::write(&none, b"no archive").unwrap();
        assert!(read_archive(&none, &cache).is_err());
    }
}
