//! Tables of embeddings and maps as files: opened and saved on threads of their own.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    command::SaveTo,
    jobs::{NoThread, spawn_once},
    message::{EncoderMessage, MapMessage, Message, Outbox},
    model::KeyedTable,
    work::{
        ask_file::{Place, Question},
        checkpoint::open_dropped,
        save_file::make_folder_of,
    },
};
use mynascope_base::jobs::Watch;
use mynascope_embedding::{
    EmbeddingTable, Level, READABLE_EXTENSIONS, TABLE_EXTENSIONS, load_table, relocate, save_table,
    sound_of_table,
};
use mynascope_encoder::is_checkpoint;
use mynascope_map::{LAYOUT_EXTENSIONS, Layout, save_layout};

/// What is to be saved.
pub enum Sheet {
    /// The embeddings.
    Embeddings(Arc<KeyedTable>),
    /// The places of the points with what they stand for.
    Map {
        /// The table that was laid out.
        table: Arc<KeyedTable>,
        /// Whether points are windows or tracks.
        level: Level,
        /// Where they lie.
        layout: Layout,
    },
}

impl Sheet {
    /// The embeddings that it is made of.
    pub fn table(&self) -> &KeyedTable {
        match self {
            Self::Embeddings(table) | Self::Map { table, .. } => table,
        }
    }

    /// What its files are called, without the ending.
    fn name(&self) -> &'static str {
        match self {
            Self::Embeddings(_) => "embeddings",
            Self::Map { .. } => "map",
        }
    }

    /// The endings that it can be kept under.
    fn endings(&self) -> &'static [&'static str] {
        match self {
            Self::Embeddings(_) => &TABLE_EXTENSIONS,
            Self::Map { .. } => &LAYOUT_EXTENSIONS,
        }
    }

    fn save(&self, path: &std::path::Path) -> Result<(), String> {
        match self {
            Self::Embeddings(table) => {
                save_table(&table.table, path).map_err(|error| error.to_string())
            }
            Self::Map {
                table,
                level,
                layout,
            } => {
                let saved = match level {
                    Level::Window => save_layout(layout, &table.table, path),
                    Level::Track => save_layout(layout, &table.table.track_means(), path),
                };
                saved.map_err(|error| error.to_string())
            }
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
        let (path, asked) = match to {
            SaveTo::At(path) => (path, true),
            SaveTo::Asking(ending) => match question(&sheet, &stem, ending)
                .wait_or_save_in("tables")
            {
                Ok(Some(Place::Chosen(path))) => (with_ending(path, ending, sheet.endings()), true),
                Ok(Some(Place::Unasked(path))) => (path, false),
                Ok(None) => return,
                Err(why) => return outbox.send(Message::Saved(Err(why))),
            },
        };
        make_folder_of(&path);
        outbox.send(match (sheet.save(&path), asked) {
            (Ok(()), false) => Message::Map(MapMessage::SavedUnasked(path)),
            (saved, _) => Message::Saved(saved.map(|()| path)),
        });
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
            let table = load_table(&path).map_err(|error| error.to_string());
            let table: Result<EmbeddingTable, String> = table.and_then(|table| {
                if table.rows() == 0 {
                    let path = path.display();
                    return Err(format!(
                        "The table has no row, so there is nothing to map: {path}"
                    ));
                }
                Ok(table)
            });
            let opened = table.map(|table| {
                let sound = sound_of_table(&table);
                (path, Box::new(table), sound)
            });
            outbox.send(Message::Map(MapMessage::TableOpened(opened)));
        },
    )
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

/// Does something with a path, or with the one that the user chooses.
fn with_path(
    name: &str,
    path: Option<PathBuf>,
    question: Question,
    outbox: &Outbox,
    work: impl FnOnce(PathBuf, &Outbox) + Send + 'static,
) -> Result<(), NoThread> {
    on_thread(name, outbox, move |outbox| {
        let chosen = match path {
            Some(path) => Ok(Some(path)),
            None => question.wait(),
        };
        match chosen {
            Ok(Some(path)) => work(path, outbox),
            Ok(None) => {}
            Err(why) => outbox.send(Message::Fault(why)),
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
