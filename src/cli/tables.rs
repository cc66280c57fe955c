//! Opens tables of embeddings for the verbs that take one.

use std::path::Path;

use mynascope_base::counted;
use mynascope_embedding::{self as embedding, EmbeddingTable, SoundOfTable};

use super::console::Console;

/// Reads a table of which nothing is to be heard.
pub fn open_silent(path: &Path, console: &Console) -> anyhow::Result<EmbeddingTable> {
    let table = embedding::load_table(path)?;
    console.add_notes_of(&table.notes);
    console.incomplete(table.incomplete());
    Ok(table)
}

/// Reads a table. Where its sound was moved it is looked for in `audio_folder`; that it is nowhere is said once.
pub fn open(
    path: &Path,
    audio_folder: Option<&Path>,
    console: &Console,
) -> anyhow::Result<EmbeddingTable> {
    let mut table = embedding::load_table(path)?;
    console.add_notes_of(&table.notes);
    if let Some(folder) = audio_folder {
        let outcome = embedding::relocate(&mut table, folder, &console.watch())?;
        if outcome.found < outcome.tracks {
            let note = format!(
                "found {} of the table's {} in {}{}",
                outcome.found,
                counted(outcome.tracks, "file"),
                folder.display(),
                match outcome.ambiguous {
                    0 => String::new(),
                    several =>
                        format!("; {several} are there several times, and were left as they are"),
                }
            );
            console.add_notes_of(&[note]);
        }
        console.incomplete(table.incomplete());
        return Ok(table);
    }
    console.incomplete(table.incomplete());
    match embedding::sound_of_table(&table) {
        SoundOfTable::There => {}
        SoundOfTable::Missing(first) => console.add_notes_of(&[format!(
            "the sound of this table is not where it says; name the folder that holds it with --audio-folder. The first \
             file is missing: {}",
            first.display()
        )]),
        SoundOfTable::Unnamed => {
            let note = "the table names no files: its rows go by their numbers and have no sound";
            console.add_notes_of(&[note]);
        }
    }
    Ok(table)
}
