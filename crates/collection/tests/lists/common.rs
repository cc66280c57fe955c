//! A folder of sound files and lists of them.

pub use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use mynascope_base::jobs::Watch;
pub use mynascope_collection::{
    Collection, CollectionError, CollectionKind, OpenOptions, key_name, open_with,
};

pub const GENRES: [&str; 3] = ["rock", "jazz", "techno"];

/// A folder with 36 sound files of three genres, and what a list says of them: path, genre, part.
pub struct Home {
    pub folder: tempfile::TempDir,
    pub rows: Vec<[String; 3]>,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rows = (0..36).map(|at| {
            let genre = GENRES[at % 3];
            let path = format!("audio/{genre}/{at:02}.wav");
            let whole = folder.path().join(&path);
            fs::create_dir_all(whole.parent().unwrap()).unwrap();
            fs::write(whole, "").unwrap();
            let part = match at % 12 {
                0..7 => "train",
                7..9 => "valid",
                _ => "test",
            };
            [path, genre.to_owned(), part.to_owned()]
        });
        Self {
            rows: rows.collect(),
            folder,
        }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes and opens a list of all files with further fields.
    pub fn list(
        &self,
        heading: &str,
        fields: impl Fn(usize, &[String; 3]) -> String,
    ) -> Collection {
        let rows = self.rows.iter().enumerate();
        let rows: String = rows.map(|(at, row)| fields(at, row) + "\n").collect();
        self.text(format!("{heading}\n{rows}"))
    }

    pub fn text(&self, text: impl AsRef<[u8]>) -> Collection {
        self.try_text(text).unwrap()
    }

    pub fn try_text(&self, text: impl AsRef<[u8]>) -> Result<Collection, CollectionError> {
        let path = self.file("list.csv");
        fs::write(&path, text).unwrap();
        open(&[&path])
    }

    /// The list as the cases begin: comma, UTF-8, `file`, `label`, `split`.
    pub fn plain(&self) -> String {
        let rows: String = self.rows.iter().map(|row| row.join(",") + "\n").collect();
        format!("file,label,split\n{rows}")
    }
}

pub fn open(paths: &[&Path]) -> Result<Collection, CollectionError> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    open_with(&paths, OpenOptions::default(), &Watch::unattended())
}

pub fn sizes(collection: &Collection) -> [usize; 3] {
    collection.split.as_ref().map_or([0; 3], |split| {
        [&split.train, &split.valid, &split.test].map(Vec::len)
    })
}

/// All 36 files are there, with their genres and parts, and nothing is to be said.
pub fn assert_whole(collection: &Collection, what: &str) {
    assert_eq!(collection.kind, CollectionKind::Listed, "{what}");
    assert_eq!(
        collection.tracks.len(),
        36,
        "{what}: {:?}",
        collection.notes
    );
    assert_eq!(collection.labels(), ["jazz", "rock", "techno"], "{what}");
    assert_eq!(sizes(collection), [21, 6, 9], "{what}");
    for track in &collection.tracks {
        assert_eq!(track.problem, None, "{what}");
        assert!(track.path.is_file(), "{what}: {}", track.path.display());
        let folder = track.path.parent().unwrap().file_name().unwrap();
        assert_eq!(track.label.as_deref(), folder.to_str(), "{what}");
    }
}

#[track_caller]
pub fn assert_note(collection: &Collection, words: &[&str]) {
    let fits = |note: &str| words.iter().all(|word| note.contains(word));
    assert!(
        collection.note_texts().any(fits),
        "{words:?} in {:#?}",
        collection.notes
    );
}
