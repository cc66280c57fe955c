//! Signs that hardly anybody parts fields by, known by what they part: `::`, `:`, ` / `, `=>`, `$|$`, `§`, `，`, control
//! characters.

use std::path::Path;

use mynascope_audio::is_audio_path;

use super::heading;

/// Signs that names and paths are full of: alone they part nothing.
const OF_NAMES: &str = "./\\_- '\"()[]{}<>";
/// Signs that are tried before these.
const USUAL: &str = "\t;|^,~";
/// What stands around a field, at the ends of what is between two.
const AROUND: [char; 6] = ['"', '\'', '(', ')', '[', ']'];
/// Longer signs are rules that are drawn.
const LONGEST: usize = 5;

/// Which signs are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Several letters, not all the same: they are meant wherever they stand.
    Several,
    /// Any.
    Any,
}

/// The sign that parts the first lines of a table as none of the usual ones does: with headings that are `known` in one
/// of them, more than `usual`, or a path of a sound and something beside it in each.
pub(super) fn find(
    lines: &[&str],
    folder: &Path,
    known: fn(&str) -> bool,
    (sort, usual): (Sort, usize),
) -> Option<String> {
    let lines: Vec<&str> = lines
        .iter()
        .enumerate()
        .filter(|(at, line)| *at == 0 || !line.starts_with('#'))
        .map(|(_, line)| line.trim())
        .collect();
    let mut signs: Vec<String> = lines
        .first()
        .map(|line| candidates(line))
        .unwrap_or_default();
    signs.retain(|sign| {
        let first = sign.trim().chars().next();
        let is_mixed = sign.trim().chars().any(|letter| Some(letter) != first);
        let is_spaced = sign.starts_with(' ') && sign.ends_with(' ');
        sort == Sort::Any || is_mixed || is_spaced && !USUAL.contains(sign.trim())
    });
    let parted = signs.into_iter().filter_map(|sign| {
        let headings = known_headings(&lines, &sign, known);
        let is_clear = match headings {
            0 | 1 => usual < 2 && parts_paths(&lines, &sign, folder),
            more => more > usual || sort == Sort::Several && more == usual,
        };
        let length = sign.chars().count();
        is_clear.then_some((headings, length, sign))
    });
    parted.max().map(|(_, _, sign)| sign)
}

/// The fields of a line. A colon behind the letter of a drive or before the slashes of an address parts nothing.
pub(super) fn split<'l>(line: &'l str, sign: &str) -> Vec<&'l str> {
    let mut fields = Vec::new();
    let mut start = 0;
    for (at, _) in line.match_indices(sign) {
        let (field, rest) = (
            line.get(start..at).unwrap_or_default(),
            line.get(at + sign.len()..).unwrap_or_default(),
        );
        let field = field.trim_start_matches(['"', ' ']);
        let is_drive = field.len() == 1
            && field.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && rest.starts_with(['/', '\\']);
        if sign == ":" && (is_drive || rest.starts_with("//")) {
            continue;
        }
        fields.push(line.get(start..at).unwrap_or_default());
        start = at + sign.len();
    }
    fields.push(line.get(start..).unwrap_or_default());
    fields
}

/// What stands between the words of a line, as a whole and letter by letter.
fn candidates(line: &str) -> Vec<String> {
    let mut signs: Vec<String> = Vec::new();
    let mut add = |sign: &str| {
        let is_sign = match sign.trim() {
            "" => sign.contains(char::is_control),
            only => sign.len() > only.len() || !OF_NAMES.contains(only) || only.len() > 1,
        };
        let is_new = !signs.iter().any(|known| known == sign);
        if is_sign && is_new && sign.chars().count() <= LONGEST {
            signs.push(sign.to_owned());
        }
    };
    for between in line
        .split(char::is_alphanumeric)
        .filter(|it| !it.is_empty())
    {
        let between = between.trim_matches(AROUND);
        add(between);
        add(between.trim());
        for letter in between.chars().filter(|letter| !OF_NAMES.contains(*letter)) {
            add(letter.encode_utf8(&mut [0; 4]));
        }
    }
    signs
}

/// How many known headings a sign parts in the one line that has several, if those below have as many fields.
fn known_headings(lines: &[&str], sign: &str, known: fn(&str) -> bool) -> usize {
    let count = |line: &&&str| {
        let fields = split(line, sign).into_iter();
        let names = fields.map(|field| heading(field.trim().trim_matches('"')));
        names.filter(|name| known(name)).count()
    };
    let Some(first) = lines.iter().position(|line| count(&line) > 1) else {
        return 0;
    };
    let mut rest = lines.iter().skip(first);
    let Some(headings) = rest.next() else {
        return 0;
    };
    let width = split(headings, sign).len();
    match rest.all(|line| split(line, sign).len() == width) {
        true => count(&headings),
        false => 0,
    }
}

/// Whether each line has as many fields, one of them the path of a sound.
fn parts_paths(lines: &[&str], sign: &str, folder: &Path) -> bool {
    let rows: Vec<Vec<&str>> = lines.iter().map(|line| split(line, sign)).collect();
    let width = rows.first().map_or(0, Vec::len);
    let path = |row: &Vec<&str>| -> Option<String> {
        let fields = row.iter().map(|field| field.trim().trim_matches('"'));
        let mut paths = fields.filter(|field| is_audio_path(Path::new(field)));
        let path = paths.next().map(str::to_owned);
        path.filter(|_| paths.next().is_none())
    };
    let are_parted = width > 1
        && rows
            .iter()
            .all(|row| row.len() == width && path(row).is_some());
    // "Band - Song.mp3" is a name, unless only what stands behind the sign is.
    let is_there = |path: &str| folder.join(path.replace('\\', "/")).is_file();
    let are_names = || lines.iter().any(|line| is_audio_path(Path::new(line)));
    let is_behind = || {
        let mut found = rows.iter().filter_map(path);
        !lines.iter().any(|line| is_there(line)) && found.any(|path| is_there(&path))
    };
    are_parted && (!are_names() || is_behind())
}
