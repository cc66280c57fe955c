//! Tables of embeddings and maps as files: opened and saved on threads of their own.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::gui::{
    command::SaveTo,
    jobs::{NoThread, spawn_once},
    message::{EncoderMessage, MapMessage, Message, Outbox},
    model::KeyedTable,
    work::{
        ask_file::{LIST_ENDINGS, Question},
        checkpoint::{open_checkpoint, open_dropped},
        drop_preview::is_table_of_embeddings,
        save_file::make_folder_of,
    },
};
use mynascope_base::jobs::Watch;
use mynascope_collection::open_labels;
use mynascope_embedding::{
    EmbeddingTable, Level, READABLE_EXTENSIONS, TABLE_EXTENSIONS, load_table, relocate, save_table,
    sound_of_table,
};
use mynascope_encoder::is_checkpoint;
use mynascope_map::{LAYOUT_EXTENSIONS, Layout, save_layout};
use mynascope_probe::ProbedTable;

/// What is to be saved: embeddings, or a map of them.
pub struct Sheet {
    /// The embeddings that it is made of.
    pub table: Arc<KeyedTable>,
    /// Which of its tracks are off the list, and left out.
    pub gone: Vec<bool>,
    /// Whether points are windows or tracks, and where they lie; `None` for the embeddings alone.
    pub map: Option<(Level, Layout)>,
}

impl Sheet {
    /// What its files are called, without the ending.
    fn name(&self) -> &'static str {
        match self.map {
            None => "embeddings",
            Some(_) => "map",
        }
    }

    /// The endings that it can be kept under.
    fn endings(&self) -> &'static [&'static str] {
        match self.map {
            None => &TABLE_EXTENSIONS,
            Some(_) => &LAYOUT_EXTENSIONS,
        }
    }

    fn save(&self, path: &Path) -> Result<(), String> {
        let whole = &self.table.table;
        let Some((level, layout)) = &self.map else {
            return save_table(&self.left(whole), path).map_err(|error| error.to_string());
        };
        let means = (*level == Level::Track).then(|| whole.track_means());
        let rows = means.as_ref().unwrap_or(whole);
        let places = rows.track.iter().zip(&layout.xy);
        let layout = Layout {
            xy: places
                .filter(|(track, _)| !self.is_gone(**track))
                .map(|(_, place)| *place)
                .collect(),
            ..layout.clone()
        };
        save_layout(&layout, &self.left(rows), path).map_err(|error| error.to_string())
    }

    fn is_gone(&self, track: u32) -> bool {
        self.gone.get(track as usize).copied().unwrap_or(false)
    }

    /// The rows of tracks that are still on the list.
    fn left<'a>(&self, table: &'a EmbeddingTable) -> Cow<'a, EmbeddingTable> {
        match self.gone.contains(&true) {
            true => Cow::Owned(table.without_rows_of(&self.gone)),
            false => Cow::Borrowed(table),
        }
    }
}

/// A file name, without its ending, of what it is of: collection, encoder and kind.
fn file_stem(of: &[&str], kind: &str) -> String {
    let plain = |chr: char| match chr {
        _ if chr.is_alphanumeric() || matches!(chr, '-' | '_' | '.') => chr,
        _ => '-',
    };
    let words = of.iter().copied().chain([kind]);
    let words = words.map(|word| {
        let word: String = word.chars().map(plain).collect();
        word.trim_matches(['-', '.']).to_owned()
    });
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// Saves at a path, or where the user says, under a name of what it is `of`; the outcome comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn save(sheet: Sheet, of: &[&str], to: SaveTo, outbox: &Outbox) -> Result<(), NoThread> {
    let stem = file_stem(of, sheet.name());
    on_thread("save-table", outbox, move |outbox| {
        let path = match to {
            SaveTo::At(path) => path,
            SaveTo::Asking(ending) => {
                let question = question(&sheet, &stem, ending);
                match question.wait(outbox) {
                    Some(path) => with_ending(path, ending, sheet.endings()),
                    None => return,
                }
            }
        };
        make_folder_of(&path);
        outbox.send(Message::Saved(sheet.save(&path).map(|()| path)));
    })
}

fn question(sheet: &Sheet, stem: &str, ending: &str) -> Question {
    let name = sheet.name();
    Question::new_file(
        &format!("Save the {name} as {ending}"),
        format!("{stem}.{ending}"),
    )
    .filter(ending, &[ending])
}

/// The path as it was typed where its ending names a format, and else with the ending that was asked for.
fn with_ending(path: PathBuf, ending: &str, known: &[&str]) -> PathBuf {
    let typed = path.extension().unwrap_or_default();
    if known.iter().any(|known| typed.eq_ignore_ascii_case(known)) {
        return path;
    }
    let mut name = path.into_os_string();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Reads a table at a path, or one that the user chooses; it comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn open(path: Option<PathBuf>, outbox: &Outbox) -> Result<(), NoThread> {
    let question = Question::file("Open a table of embeddings");
    let question = question.filter("Tables", &READABLE_EXTENSIONS);
    with_path(
        "open-table",
        path,
        question,
        outbox,
        move |path: PathBuf, outbox| {
            // Checkpoints have the ending of one kind of table.
            if is_checkpoint(&path) {
                return outbox.send(match open_dropped(&path) {
                    Ok(chosen) => Message::Encoder(EncoderMessage::Chosen(chosen)),
                    Err(error) => Message::Map(MapMessage::TableOpened(Err(error.to_string()))),
                });
            }
            let opened = read(&path).map(|table| {
                let sound = sound_of_table(&table);
                (path, Box::new(table), sound)
            });
            outbox.send(Message::Map(MapMessage::TableOpened(opened)));
        },
    )
}

/// Reads a checkpoint or a table for the second map, at a path or one that the user chooses; it comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn open_second(path: Option<PathBuf>, outbox: &Outbox) -> Result<(), NoThread> {
    let question = Question::file("Choose the checkpoint or the table of the second map");
    with_path(
        "open-second",
        path,
        question,
        outbox,
        move |path: PathBuf, outbox| {
            // A small table of another program looks like any list of numbers: reading tells.
            if !is_checkpoint(&path) {
                let table = read(&path).map(|table| (path.clone(), Box::new(table)));
                if table.is_ok() || is_table_of_embeddings(&path) {
                    return outbox.send(Message::Map(MapMessage::SecondTable(table)));
                }
            }
            outbox.send(match open_checkpoint(path) {
                Ok(chosen) => Message::Map(MapMessage::SecondChosen(chosen.path)),
                Err(why) => Message::Fault(why.to_string()),
            });
        },
    )
}

fn read(path: &Path) -> Result<EmbeddingTable, String> {
    let table = load_table(path).map_err(|error| error.to_string())?;
    match table.rows() {
        0 => Err(format!(
            "The table has no row, so there is nothing to map: {}",
            path.display()
        )),
        _ => Ok(table),
    }
}

/// Looks for the sound of a table in a folder, or in one that the user chooses; the table with what was found comes as a
/// message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn find_sound(
    table: Arc<KeyedTable>,
    folder: Option<PathBuf>,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let question = Question::folder("Where is the sound of this table?");
    with_path(
        "find-sound",
        folder,
        question,
        outbox,
        move |folder: PathBuf, outbox| {
            let mut moved = table.table.clone();
            let found = relocate(&mut moved, &folder, &Watch::unattended());
            let found = found.map_err(|error| error.to_string());
            outbox.send(Message::Map(MapMessage::SoundFound {
                of: table,
                result: found.map(|found| (Box::new(moved), found)),
            }));
        },
    )
}

/// Reads a list with labels of a table that has this `name`, or one that the user chooses, as the verb `probe` does; the table
/// with its labels comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn label(
    table: Arc<KeyedTable>,
    name: String,
    list: Option<PathBuf>,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let question = Question::file("Open a list with the labels of this table");
    let question = question.filter("Lists", &LIST_ENDINGS);
    with_path(
        "label-table",
        list,
        question,
        outbox,
        move |list: PathBuf, outbox| {
            let read = || {
                let paths = std::slice::from_ref(&list);
                let labels = open_labels(paths, &Watch::unattended());
                let labels = labels.map_err(|error| error.to_string())?;
                let probed = ProbedTable::new(table.table.clone(), &name, Some(&labels));
                let probed = probed.map_err(|error| error.to_string())?;
                Ok((Box::new(labels), Box::new(probed)))
            };
            let result = read().map(|(labels, probed)| (list, labels, probed));
            outbox.send(Message::Map(MapMessage::TableLabelled {
                of: table,
                result,
            }));
        },
    )
}

/// Does something with a path, or with the one that the user chooses.
fn with_path(
    name: &str,
    path: Option<PathBuf>,
    question: Question,
    outbox: &Outbox,
    work: impl FnOnce(PathBuf, &Outbox) + Send + 'static,
) -> Result<(), NoThread> {
    on_thread(name, outbox, move |outbox| {
        if let Some(path) = path.or_else(|| question.wait(outbox)) {
            work(path, outbox);
        }
    })
}

fn on_thread(
    name: &str,
    outbox: &Outbox,
    work: impl FnOnce(&Outbox) + Send + 'static,
) -> Result<(), NoThread> {
    spawn_once(name, outbox, work, |fault| {
        format!("The table could not be handled ({fault}); try again")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_map_is_named_by_its_collection_and_encoder() {
        assert_eq!(
            file_stem(&["gtzan sample", "tiny-1/step-300"], "map"),
            "gtzan-sample-tiny-1-step-300-map"
        );
        assert_eq!(file_stem(&["../..", ""], "embeddings"), "embeddings");
        assert_eq!(file_stem(&["שירים", "Shipped"], "map"), "שירים-Shipped-map");
    }

    #[test]
    fn a_name_without_a_known_ending_gets_the_one_that_was_asked_for() {
        let given = |typed: &str| with_ending(typed.into(), "npz", &TABLE_EXTENSIONS);
        assert_eq!(given("/t/a"), PathBuf::from("/t/a.npz"));
        assert_eq!(given("/t/v1.2"), PathBuf::from("/t/v1.2.npz"));
        assert_eq!(given("/t/a.npz"), PathBuf::from("/t/a.npz"));
        assert_eq!(given("/t/a.Parquet"), PathBuf::from("/t/a.Parquet"));
    }
}
