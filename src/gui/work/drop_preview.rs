//! What dropping the files that are dragged over the window would do.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use crate::gui::{
    jobs::spawn_once,
    message::{LibraryMessage, Message, Outbox},
};
use mynascope_collection as collection;
use mynascope_embedding::{READABLE_EXTENSIONS, is_text_table};

use super::{checkpoint::is_encoder, lesson::is_lesson};

/// Looks at what is dragged; the answer comes as a message.
pub fn look(hovered: Vec<PathBuf>, outbox: &Outbox) {
    let look = move |outbox: &Outbox| {
        let text = drop_text(&hovered);
        outbox.send(Message::Library(LibraryMessage::Hovered(hovered, text)));
    };
    // Where the system gives no thread the hint stays general.
    let _ = spawn_once("drop-preview", outbox, look, std::convert::identity);
}

/// The name of a file or folder for people.
pub fn file_name(path: &Path) -> Cow<'_, str> {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
}

fn drop_text(hovered: &[PathBuf]) -> String {
    let name = |path: &PathBuf| file_name(path).into_owned();
    match hovered {
        // Some systems name the files only when they are dropped.
        [] => {
            "Drop to open: folders with everything in them, sound files, tables of paths".to_owned()
        }
        [one] if is_lesson(one) => format!("Drop to open the lesson “{}”", name(one)),
        [one] if is_encoder(one) => {
            format!("Drop to use “{}” as the encoder", name(one))
        }
        [one] if one.is_dir() => match collection::data_set_name(one) {
            Some(set) => format!(
                "Drop to open “{}” as {set}, with its labels and split",
                name(one)
            ),
            None => format!(
                "Drop to open “{}” with everything in it; sub-folders are labels",
                name(one)
            ),
        },
        [one] if is_table_of_embeddings(one) => {
            format!("Drop to map the embeddings in “{}”", name(one))
        }
        [one] if one.is_file() && collection::is_list(one) => {
            format!(
                "Drop to open the tracks that “{}” lists, with their labels",
                name(one)
            )
        }
        [one] => format!("Drop to open “{}”", name(one)),
        many => {
            if let (Some(table), rest) = table_among(many.to_vec()) {
                let rest = match rest.as_slice() {
                    [one] => format!("“{}”", name(one)),
                    rest => format!("the other {} as one collection", rest.len()),
                };
                let table = name(&table);
                return format!("Drop to open {rest}, and to map the embeddings in “{table}”");
            }
            let (encoders, music): (Vec<&PathBuf>, Vec<&PathBuf>) =
                many.iter().partition(|path| is_encoder(path));
            match (encoders.first(), music.len()) {
                (None, count) => format!("Drop to open these {count} as one collection"),
                (Some(encoder), 0) => format!("Drop to use “{}” as the encoder", name(encoder)),
                (Some(encoder), 1) => format!(
                    "Drop to use “{}” as the encoder, and to open the other one",
                    name(encoder)
                ),
                (Some(encoder), count) => format!(
                    "Drop to use “{}” as the encoder, and to open the other {count} as one collection",
                    name(encoder)
                ),
            }
        }
    }
}

/// Whether a file is opened as a table of embeddings: by its ending, which no sound has, and text by its first lines,
/// which lists of tracks begin otherwise.
pub fn is_table_of_embeddings(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    if is_table(path) {
        return is_text_table(path);
    }
    READABLE_EXTENSIONS
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

/// The table of embeddings that files are: one by itself, or vectors with their metadata.
pub fn table_alone(files: &[PathBuf]) -> Option<&PathBuf> {
    let is_metadata = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        is_table(file) && name.contains("meta")
    };
    match files {
        // Checkpoints have the ending of one kind of table.
        [file] => Some(file).filter(|file| is_table_of_embeddings(file) && !is_encoder(file)),
        [a, b] if is_metadata(b) => Some(a).filter(|a| is_table(a) && is_table_of_embeddings(a)),
        [a, b] if is_metadata(a) => Some(b).filter(|b| is_table(b) && is_table_of_embeddings(b)),
        _ => None,
    }
}

/// The table of embeddings among what is opened with it, and the rest with its metadata left out. None where there are several, or
/// nothing else.
pub fn table_among(files: Vec<PathBuf>) -> (Option<PathBuf>, Vec<PathBuf>) {
    let is_vectors =
        |file: &PathBuf| file.is_file() && is_table_of_embeddings(file) && !is_encoder(file);
    let mut tables = files.iter().filter(|file| is_vectors(file));
    let (Some(table), None) = (tables.next().cloned(), tables.next()) else {
        return (None, files);
    };
    let metadata = table.with_extension("metadata.tsv");
    let rest: Vec<PathBuf> = files
        .iter()
        .filter(|file| **file != table && **file != metadata)
        .cloned()
        .collect();
    match rest.is_empty() {
        true => (None, files),
        false => (Some(table), rest),
    }
}

fn is_table(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    ["csv", "tsv"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_says_what_dropping_will_do() {
        let home = tempfile::tempdir().unwrap();
        let set = home.path().join("mtt");
        std::fs::create_dir(&set).unwrap();
        std::fs::write(
            set.join("annotations_final.csv"),
            "clip_id\tharp\tmp3_path\n",
        )
        .unwrap();
        let said = |path: &Path| drop_text(&[path.to_path_buf()]);
        assert!(said(&set).contains("“mtt” as MagnaTagATune"));
        let music = home.path().join("music");
        std::fs::create_dir_all(music.join("rock")).unwrap();
        assert!(said(&music).contains("sub-folders are labels"));
        let list = music.join("list.CSV");
        std::fs::write(&list, "file,label\nrock/a.wav,rock\n").unwrap();
        assert!(said(&list).contains("lists"));
        assert!(said(Path::new("/m/a.NPZ")).contains("embeddings"));
        assert_eq!(said(Path::new("/m/a.wav")), "Drop to open “a.wav”");
        assert!(drop_text(&[PathBuf::new(), PathBuf::new()]).contains("these 2"));
        let encoder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/maest/hub");
        assert_eq!(
            drop_text(&[music, encoder]),
            "Drop to use “hub” as the encoder, and to open the other one"
        );
        assert!(drop_text(&[]).starts_with("Drop to open"));
        let table = home.path().join("a.npz");
        std::fs::write(&table, "").unwrap();
        let both = [home.path().join("music"), table.clone()];
        assert_eq!(
            drop_text(&both),
            "Drop to open “music”, and to map the embeddings in “a.npz”"
        );
        let (found, rest) = table_among(both.to_vec());
        assert_eq!((found, rest), (Some(table.clone()), both[..1].to_vec()));
        let two = vec![table.clone(), table];
        assert_eq!(table_among(two.clone()), (None, two));
    }
}
