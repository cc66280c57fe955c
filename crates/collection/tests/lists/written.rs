//! How a list is written: signs between fields, encodings, headings, JSON and playlists.

use crate::common::*;

#[test]
fn any_separator_encoding_and_case_of_headings_opens() {
    let home = Home::new();
    let plain = home.plain();
    let whole = home.text(&plain);
    assert_whole(&whole, "plain");
    assert_eq!(whole.notes, []);
    for separator in [";", "\t", "|"] {
        assert_whole(&home.text(plain.replace(',', separator)), separator);
    }
    for headings in [
        "Path,Genre,Split",
        "FILE NAME,Class,SUBSET",
        "file_path,style,Partition",
        "audio,Label,set",
        "# file,label,fold",
        "track,genre,split",
        "Filename,Category,usage",
    ] {
        let text = plain.replacen("file,label,split", headings, 1);
        let opened = home.text(&text);
        assert_whole(&opened, headings);
        assert_eq!(opened.notes, [], "{headings}");
    }
    let crlf = plain.replace('\n', "\r\n");
    let utf16 = |order: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
        let mark = if mark { "\u{feff}" } else { "" };
        format!("{mark}{crlf}")
            .encode_utf16()
            .flat_map(order)
            .collect()
    };
    assert_whole(&home.text(utf16(u16::to_le_bytes, true)), "UTF-16 LE");
    assert_whole(&home.text(utf16(u16::to_be_bytes, true)), "UTF-16 BE");
    assert_whole(
        &home.text(utf16(u16::to_le_bytes, false)),
        "UTF-16 without a mark",
    );
    assert_whole(
        &home.text(format!("\u{feff}{}", crlf.replace(',', ";"))),
        "of a spreadsheet",
    );
    assert_whole(
        &home.text(format!("sep=;\r\n{}", crlf.replace(',', ";"))),
        "with sep=",
    );
    let quoted = plain
        .lines()
        .map(|line| format!("\"{}\"\n", line.replace(',', "\",\"")));
    assert_whole(&home.text(quoted.collect::<String>()), "quoted");
    let headless = home.text(plain.replacen("file,label,split\n", "", 1));
    assert_whole(&headless, "without headings");
    assert_note(
        &headless,
        &[
            "no headings",
            "field 1 as the path, field 2 as the label, field 3",
        ],
    );
}

/// Signs between fields as programs and people write them; the tables of legal and of old mainframe programs, too.
#[test]
fn signs_that_hardly_anybody_parts_fields_by_are_known_by_what_they_part() {
    let home = Home::new();
    let plain = home.plain();
    for sign in [
        "~", "^", ":", "::", " : ", " | ", " / ", " - ", " — ", "=>", " -> ", "||", "$|$", "~|~",
        "#", "!", "$", "@", "%", "&", "*", "+", "=", "§", "·", "¦", "，", "；", "、", "\u{1f}",
        "\u{1e}", "\u{1}", "   ", "\t\t",
    ] {
        let text = plain.replace(',', sign);
        let opened = home.text(&text);
        assert_whole(&opened, sign);
        assert_eq!(opened.notes, [], "{sign}");
        // Without headings, where a text may be anything.
        let path = home.file("list.txt");
        fs::write(&path, text.split_once('\n').unwrap().1).unwrap();
        let opened = open(&[&path]).unwrap();
        assert_whole(&opened, sign);
    }
    let records = plain.replace(',', "\u{1f}").replace('\n', "\u{1e}");
    assert_whole(&home.text(records), "ASCII's own signs");
    let drives = plain
        .replace(',', ":")
        .replace("audio/", "C:\\music\\audio\\");
    assert_whole(&home.text(&drives), "drives before a colon");
    let quoted = plain.replace(',', "\"::\"").replace('\n', "\"\n");
    let quoted: String = quoted.lines().map(|line| format!("\"{line}\n")).collect();
    assert_whole(&home.text(quoted), "quoted");
    // A label before the path, where that is a file.
    let before = home.rows.iter();
    let before: String = before
        .map(|[path, genre, part]| format!("{genre} => {path} => {part}\n"))
        .collect();
    let path = home.file("list.txt");
    fs::write(&path, before).unwrap();
    assert_whole(&open(&[&path]).unwrap(), "label first");
}

#[test]
fn tables_that_are_drawn_in_text_open_without_their_rules_and_counts() {
    let home = Home::new();
    let path = home.file("list.txt");
    let rows = || home.rows.iter();
    let columns: String = rows()
        .map(|[path, genre, part]| format!("{path:<21}  {genre:<6}  {part}\n"))
        .collect();
    let rule = "=====================  ======  =====\n";
    let bars: String = rows()
        .map(|row| format!(" {}\n", row.join(" | ")))
        .collect();
    for text in [
        format!("{rule}file                   label   split\n{rule}{columns}{rule}"),
        format!(" file | label | split\n------+-------+------\n{bars}(36 rows)\n"),
    ] {
        fs::write(&path, &text).unwrap();
        let opened = open(&[&path]).unwrap();
        assert_whole(&opened, &text);
        assert_eq!(opened.notes, [], "{text}");
    }
}

#[test]
fn signs_within_names_part_nothing() {
    let home = Home::new();
    let name = "Band - Song: a + b = c (live).wav";
    fs::write(home.file(name), "").unwrap();
    let path = home.file("list.txt");
    for text in [
        format!("{name}\n"),
        format!("{name},rock\n"),
        format!("file,label\n{name},rock - pop\n"),
        format!("file\n{name}\n"),
        format!("{name}\trock\n"),
    ] {
        fs::write(&path, &text).unwrap();
        let opened = open(&[&path]).unwrap();
        assert_eq!(opened.tracks.len(), 1, "{text}: {:?}", opened.notes);
        assert_eq!(opened.tracks[0].path, home.file(name), "{text}");
        assert_eq!(opened.tracks[0].problem, None, "{text}");
    }
}

#[test]
fn a_file_of_another_format_under_the_name_of_a_list_is_named() {
    let home = Home::new();
    for (bytes, word) in [
        (&b"PAR1\x15\0"[..], "Parquet"),
        (b"PK\x03\x04\x14", "spreadsheet"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"SQLite format 3\0", "SQLite"),
        (b"<!DOCTYPE html><html>", "web page"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "git lfs pull",
        ),
    ] {
        let error = home.try_text(bytes).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_list_that_is_packed_with_gzip_is_the_list_that_it_is() {
    let home = Home::new();
    let packed = |text: &str| -> Vec<u8> {
        let mut packed = Vec::new();
        flate2::read::GzEncoder::new(text.as_bytes(), flate2::Compression::default())
            .read_to_end(&mut packed)
            .unwrap();
        packed
    };
    let (plain, rows) = (home.plain(), home.rows.iter());
    let json = rows.map(|[file, label, split]| {
        format!("{{\"file\": \"{file}\", \"label\": \"{label}\", \"split\": \"{split}\"}}\n")
    });
    for (name, text) in [
        ("l.csv.gz", plain.clone()),
        ("l.TSV.GZ", plain.replace(',', "\t")),
        ("l.json.gz", json.collect()),
        ("l.txt.gz", plain.clone()),
        // Packed under the name of one that is not.
        ("l.csv", plain.clone()),
    ] {
        let path = home.file(name);
        fs::write(&path, packed(&text)).unwrap();
        let collection = open(&[&path]).unwrap();
        assert_whole(&collection, name);
        assert_eq!(collection.name, "l", "{name}");
    }
    // Packed in two parts, one behind the other; and cut off.
    let (first, second) = plain.split_at(plain.len() / 2);
    let two = [packed(first), packed(second)].concat();
    let path = home.file("l.csv.gz");
    fs::write(&path, &two).unwrap();
    assert_whole(&open(&[&path]).unwrap(), "two parts");
    fs::write(&path, &two[..two.len() - 20]).unwrap();
    let error = open(&[&path]).unwrap_err().to_string();
    assert!(
        error.contains("packed with gzip") && error.contains("intact copy"),
        "{error}"
    );
}

#[test]
fn an_old_encoding_is_read_and_said() {
    let home = Home::new();
    fs::write(home.file("audio/Été.wav"), "").unwrap();
    let collection = home.text(b"file,label\naudio/\xc9t\xe9.wav,Zouk \x9290\n");
    assert!(collection.tracks[0].path.ends_with("audio/Été.wav"));
    assert_eq!(collection.tracks[0].label.as_deref(), Some("Zouk ’90"));
    assert_note(&collection, &["windows-1252"]);
}

#[test]
fn old_encodings_of_other_scripts_are_read_and_named() {
    let home = Home::new();
    fs::write(home.file("オーディオ.wav"), "").unwrap();
    let (bytes, ..) = encoding_rs::SHIFT_JIS.encode("file,label\nオーディオ.wav,演歌\n");
    let collection = home.text(&bytes);
    assert_eq!(collection.tracks[0].label.as_deref(), Some("演歌"));
    assert_eq!(collection.tracks[0].problem, None);
    assert_note(&collection, &["Shift_JIS", "save it as UTF-8"]);
}

#[test]
fn lists_of_spaces_json_and_playlists_open() {
    let home = Home::new();
    let open_as = |name: &str, text: String| {
        let path = home.file(name);
        fs::write(&path, text).unwrap();
        open(&[&path])
    };
    let rows =
        |line: fn(&[String; 3]) -> String| -> String { home.rows.iter().map(line).collect() };
    let spaced = rows(|row| format!("{} {} {}\n", row[0], row[1], row[2]));
    assert_whole(&open_as("l.txt", spaced.clone()).unwrap(), "spaces");
    let remarks = format!("# by hand, 2024\n# path label part\n{spaced}# the end\n");
    assert_whole(&open_as("l.txt", remarks).unwrap(), "remarks");
    let remarks = format!(
        "# by hand\nfile,label,split\n# from here on\n{}",
        rows(|row| row.join(",") + "\n")
    );
    assert_whole(&open_as("l.csv", remarks).unwrap(), "remarks between rows");
    let object = |row: &[String; 3]| {
        format!(
            "{{\"path\": \"{}\", \"genre\": \"{}\", \"split\": \"{}\"}}",
            row[0], row[1], row[2]
        )
    };
    let objects: Vec<String> = home.rows.iter().map(object).collect();
    assert_whole(
        &open_as("l.jsonl", objects.join("\n")).unwrap(),
        "JSON Lines",
    );
    let array = format!("[\n{}\n]", objects.join(",\n"));
    assert_whole(&open_as("l.json", array).unwrap(), "JSON");
    let entry = |(at, row): (usize, &[String; 3])| format!("File{}={}\n", at + 1, row[0]);
    let entries: String = home.rows.iter().enumerate().map(entry).collect();
    let playlist = open_as("l.pls", format!("[playlist]\n{entries}File37=gone.wav\n")).unwrap();
    assert_eq!(playlist.tracks.len(), 37);
    assert_note(&playlist, &["1 of 37 files", "line 38 `gone.wav`"]);
    let paths = rows(|row| format!("#EXTINF:5,{}\n{}\n", row[1], row[0]));
    let playlist = open_as(
        "l.m3u8",
        format!("#EXTM3U\n{paths}gone.wav\nhttp://radio.org/live\n"),
    )
    .unwrap();
    assert_eq!(playlist.tracks.len(), 38);
    assert_note(
        &playlist,
        &[
            "2 of 38 files",
            "line 74 `gone.wav`",
            "line 75 `http://radio.org/live`",
        ],
    );
    assert!(
        playlist.tracks[37]
            .problem
            .as_ref()
            .unwrap()
            .contains("network")
    );
    // What is none of these says so.
    for (name, text, words) in [
        (
            "l.csv",
            "file,label\n",
            "headings (`file`, `label`) and no rows",
        ),
        (
            "l.json",
            "{\"annotations\": [], \"file_metadata\": {}}",
            "JAMS",
        ),
        ("l.json", "[{\"path\": \"a.wav\"},\n{\"path\" 3}]", "line 2"),
        ("l.doc", "a letter", "neither sound nor a list"),
        (
            "l.txt",
            "audio/rock/00.wav@rock\naudio/rock/03.wav@rock@live\n",
            "no known sign parts their fields; part them with tabs",
        ),
        ("l.txt", "a letter.", "neither sound nor a list"),
    ] {
        let error = open_as(name, text.to_owned()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_playlist_is_told_that_it_has_no_labels_and_a_list_may_be_parted_by_carets() {
    let home = Home::new();
    let path = home.file("all.m3u");
    let text: String = home
        .rows
        .iter()
        .map(|[path, ..]| format!("{path}\n"))
        .collect();
    fs::write(&path, text).unwrap();
    let playlist = open(&[&path]).unwrap();
    assert_note(&playlist, &["a playlist has no labels", ".csv"]);
    assert!(!playlist.note_texts().any(|note| note.contains("headings")));
    let text: String = home
        .rows
        .iter()
        .map(|[path, genre, _]| format!("#EXTINF:5,A\n#EXTGENRE:{genre}\n{path}\n"))
        .collect();
    fs::write(&path, text).unwrap();
    assert_eq!(open(&[&path]).unwrap().labels(), ["jazz", "rock", "techno"]);
    let carets = home.text(home.plain().replace(',', "^"));
    assert_eq!((carets.labels().len(), sizes(&carets)), (3, [21, 6, 9]));
}

#[test]
fn titles_above_the_headings_and_headings_that_come_again_are_no_rows() {
    let home = Home::new();
    for separator in [",", ";"] {
        let plain = home.plain().replace(',', separator);
        for title in [
            "My collection\n\n",
            "My collection;;\n;;\n",
            "Made 2024, by hand\n",
        ] {
            let title = title.replace(';', separator);
            let list = home.text(format!("{title}{plain}"));
            assert_whole(&list, &title);
        }
        let (heading, rows) = plain.split_once('\n').unwrap();
        let half = rows.match_indices('\n').nth(17).unwrap().0 + 1;
        let joined = format!("{heading}\n{}{heading}\n{}", &rows[..half], &rows[half..]);
        assert_whole(&home.text(joined), "joined");
        // Levels of headings, as pandas writes them.
        let levels = "track;track;set\n".replace(';', separator);
        assert_whole(&home.text(format!("{levels}{plain}")), "levels");
    }
}

#[test]
fn lists_in_formats_that_are_not_read_are_named_with_the_remedy() {
    let home = Home::new();
    for (name, words) in [
        ("list.xlsx", "save its sheet as CSV"),
        ("list.xspf", "save it as M3U"),
        ("album.cue", "open the sound file itself"),
        ("list.yaml", "as CSV or JSON"),
    ] {
        fs::write(home.file(name), "x").unwrap();
        let error = open(&[&home.file(name)]).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
