//! Playlists as rows: `.pls` and `.m3u`.

use std::collections::BTreeMap;

use super::Rows;
use crate::table::Cells;

/// `File1=..` and `Title1=..` of a `.pls` playlist.
pub(super) fn numbered_entries(text: &str) -> Rows {
    let mut rows: BTreeMap<u32, (u64, Vec<String>)> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let key = key.trim().to_lowercase();
        let found = [("file", 0), ("title", 1)]
            .into_iter()
            .find_map(|(word, at)| {
                let entry = key.strip_prefix(word)?.parse::<u32>().ok()?;
                Some((entry, at))
            });
        if let Some((entry, at)) = found {
            let (line, fields) = rows
                .entry(entry)
                .or_insert_with(|| (number, vec![String::new(); 2]));
            if at == 0 {
                *line = number;
            }
            if let Some(field) = fields.get_mut(at) {
                *field = value.trim().to_owned();
            }
        }
    }
    let mut cells = Cells::default();
    for (line, fields) in rows.values() {
        cells.push(*line, fields.iter().map(String::as_str));
    }
    (vec!["file".to_owned(), "title".to_owned()], cells)
}

/// A path a line, each with its title and genre in remarks before it: `#EXTINF:123,Title`, `#EXTGENRE:Rock`. A genre that
/// is named once is that of all behind it.
pub(super) fn playlist(text: &str) -> Rows {
    const GENRE: &str = "#EXTGENRE:";
    let lines = || (1..).zip(text.lines().map(str::trim));
    let genres = lines().filter(|(_, line)| line.starts_with(GENRE)).count();
    let mut cells = Cells::default();
    let (mut title, mut genre) = ("", "");
    for (number, line) in lines() {
        if let Some(about) = line.strip_prefix("#EXTINF:") {
            title = about.split_once(',').map_or("", |(_, title)| title.trim());
        } else if let Some(name) = line.strip_prefix(GENRE) {
            genre = name.trim();
        } else if !line.is_empty() && !line.starts_with('#') {
            let fields = [line, title, genre].into_iter();
            cells.push(number, fields.take(2 + genres.min(1)));
            title = "";
            if genres > 1 {
                genre = "";
            }
        }
    }
    let names = ["file", "title", "genre"].map(str::to_owned);
    (names.into_iter().take(2 + genres.min(1)).collect(), cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row's line and its fields.
    fn fields(rows: &Rows, row: usize) -> (u64, Vec<&str>) {
        let (_, cells) = rows;
        (cells.line(row), cells.fields(row, 0).collect())
    }

    #[test]
    fn numbered_entries_of_a_playlist_are_rows() {
        let text = "[playlist]\nFile1=a.wav\nTitle1=A\nLength1=3\nFile2=b.wav\nNumberOfEntries=2\n";
        let rows = numbered_entries(text);
        assert_eq!(fields(&rows, 0), (2, vec!["a.wav", "A"]));
        assert_eq!(fields(&rows, 1), (5, vec!["b.wav", ""]));
        let text = "#EXTM3U\n#EXTINF:3,A, or B\na, b.wav\n\nc.wav\n";
        let rows = playlist(text);
        assert_eq!(fields(&rows, 0), (3, vec!["a, b.wav", "A, or B"]));
        assert_eq!(fields(&rows, 1), (5, vec!["c.wav", ""]));
    }

    #[test]
    fn genres_of_a_playlist_are_those_of_its_files() {
        let text = "#EXTM3U\n#EXTGENRE:dub\na.wav\nb.wav\n#EXTGENRE: rock \n#EXTINF:3,C\nc.wav\n";
        let rows = playlist(text);
        assert_eq!(rows.0, ["file", "title", "genre"]);
        let genres = [0, 1, 2].map(|row| fields(&rows, row).1[2]);
        assert_eq!(genres, ["dub", "", "rock"]);
        let rows = playlist("#EXTM3U\n#EXTGENRE:dub\na.wav\nb.wav\n");
        assert_eq!([0, 1].map(|row| fields(&rows, row).1[2]), ["dub", "dub"]);
    }
}
