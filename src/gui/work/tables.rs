//! Tables of embeddings and maps as files: opened and saved on threads of their own.

use std::{path::PathBuf, sync::Arc};

use crate::{
    embedding::{EmbeddingTable, Level, TABLE_EXTENSIONS, load_table, save_table},
    gui::{
        message::{Message, Outbox},
        model::{KeyedTable, MapMessage},
        work::choose::dialog,
    },
    jobs,
    map::{Layout, save_layout},
    storage::Folders,
};

/// What is to be saved.
pub enum Sheet {
    Embeddings(Arc<KeyedTable>),
    /// The places of the points with what they stand for.
    Map {
        table: Arc<KeyedTable>,
        level: Level,
        layout: Layout,
    },
}

impl Sheet {
    /// Name and endings that are offered.
    fn offer(&self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Embeddings(_) => ("embeddings.npz", &TABLE_EXTENSIONS),
            Self::Map { .. } => ("map.parquet", &["parquet", "tsv", "png"]),
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

/// Saves at a path, or where the user says; the outcome comes as a message.
pub fn save(sheet: Sheet, path: Option<PathBuf>, outbox: &Outbox) -> std::io::Result<()> {
    on_thread("save-table", outbox, move |outbox| {
        let path = match path {
            Some(path) => path,
            None => match ask_where(&sheet) {
                Ok(Some(path)) => path,
                Ok(None) => return,
                Err(why) => return outbox.send(Message::Saved(Err(why))),
            },
        };
        if let Some(folder) = path.parent() {
            // A folder that cannot be made is told by the writing.
            let _ = std::fs::create_dir_all(folder);
        }
        outbox.send(Message::Saved(sheet.save(&path).map(|()| path)));
    })
}

/// Where to; without a dialog it goes where the program's other files are.
fn ask_where(sheet: &Sheet) -> Result<Option<PathBuf>, String> {
    let (name, endings) = sheet.offer();
    let chosen = dialog(|| {
        rfd::FileDialog::new()
            .set_title("Save as the ending says")
            .add_filter("Tables", endings)
            .set_file_name(name)
            .save_file()
    });
    match chosen {
        Ok(path) => Ok(path),
        Err(_) => match Folders::of_user() {
            Ok(folders) => Ok(Some(folders.data.join("tables").join(name))),
            Err(error) => Err(error.to_string()),
        },
    }
}

/// Reads a table at a path, or one that the user chooses; it comes as a message.
pub fn open(path: Option<PathBuf>, outbox: &Outbox) -> std::io::Result<()> {
    on_thread("open-table", outbox, move |outbox| {
        let path = match path {
            Some(path) => path,
            None => {
                let chosen = dialog(|| {
                    rfd::FileDialog::new()
                        .set_title("Open a table of embeddings")
                        .add_filter("Tables", &TABLE_EXTENSIONS)
                        .pick_file()
                });
                match chosen {
                    Ok(Some(path)) => path,
                    Ok(None) => return,
                    Err(why) => return outbox.send(Message::Fault(why)),
                }
            }
        };
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
        let opened = MapMessage::TableOpened(table.map(|table| (path, Box::new(table))));
        outbox.send(Message::Map(opened));
    })
}

fn on_thread(
    name: &str,
    outbox: &Outbox,
    work: impl FnOnce(&Outbox) + Send + 'static,
) -> std::io::Result<()> {
    let (outbox, failed) = (outbox.clone(), outbox.clone());
    let job = jobs::spawn(
        name,
        move |_| work(&outbox),
        move |fault| {
            let why = format!("The table could not be handled ({fault}); try again");
            failed.send(Message::Fault(why));
        },
    )?;
    // Nothing can be asked to stop here: the dialog is closed by who opened it.
    drop(job);
    Ok(())
}
