//! The 24 keys and the ways in which people write them.

mod scripts;

use unicode_normalization::UnicodeNormalization;

use super::text::fold_text;

/// The 24 keys by number: 0 to 11 are C major to B major, 12 to 23 are C minor to B minor.
pub const KEYS: [&str; 24] = [
    "C major", "Db major", "D major", "Eb major", "E major", "F major", "Gb major", "G major",
    "Ab major", "A major", "Bb major", "B major", "C minor", "C# minor", "D minor", "Eb minor",
    "E minor", "F minor", "F# minor", "G minor", "G# minor", "A minor", "Bb minor", "B minor",
];

/// The name of a key number, such as "Eb minor" for 15; `None` above 23.
pub fn key_name(key: u8) -> Option<&'static str> {
    KEYS.get(usize::from(key)).copied()
}

/// The number of a key by its name, as one writes it:
///
/// - "C major", "c# MAJ", "F# min", "A:min", "A-minor", "Gb Maj", "Am", "F#m", "C" (major), with ♯, ♭, ♮, "sharp" and
///   "flat" as signs; enharmonic spellings are one key ("C# major" is "Db major");
/// - German and the languages that name keys as it does, from Danish to Hungarian ("h-Moll", "Fis-Dur", "a-molli", "Cisz
///   dúr"; "B-Dur" is B flat major, and an H is a B in any case), Dutch ("Bes grote terts");
/// - the syllables of the Romance languages and others ("La mineur", "Si♭ maggiore", "Fá sustenido menor", "Do majör");
/// - Cyrillic, Greek, Japanese, Chinese and Korean ("ля минор", "Ха-мол", "嬰ハ短調", "降B大调", "다장조"), and wide letters
///   ("Ｆ＃ｍ");
/// - music21's flats ("B- major", "e- minor");
/// - the wheels of DJs: Camelot ("8A" is A minor, "8B" C major) and Open Key ("1m" is A minor, "1d" C major).
///
/// Several names of one key beside each other are that key: "A#/Bb major", "Am (8A)", "8A - Am". A letter in lower case
/// alone ("a") is none: it is A minor to some and A major to others. So is "C-", which is C minor to some and C flat to others.
/// Nor are two keys.
pub fn parse_key(name: &str) -> Option<u8> {
    parse_key_in(name, false)
}

/// As [`parse_key`]; in a list that writes H, `with_h`, a B is a B flat.
pub(crate) fn parse_key_in(name: &str, with_h: bool) -> Option<u8> {
    // Wide letters are the same letters.
    let name: String = name.nfkc().collect();
    let name = name.trim().trim_matches(['"', '\'']);
    // The longest ("la bemolle maggiore") has 19 letters.
    if name.chars().count() > 40 {
        return None;
    }
    if name.ends_with(['-', '\u{2013}', '\u{2212}']) {
        return None;
    }
    let name = &with_flat(name);
    wheel(name)
        .or_else(|| named(name, with_h))
        .or_else(|| same_of_several(name, with_h))
}

/// A flat of music21, a minus right behind the letter, as a flat: "B- major" is "Bb major". In "A-minor" and "A - minor" it
/// joins words.
fn with_flat(name: &str) -> String {
    let mut letters = name.chars();
    let tonic = letters.next().filter(char::is_ascii_alphabetic);
    match (tonic, letters.as_str().strip_prefix("- ")) {
        (Some(tonic), Some(mode)) => format!("{tonic}b {mode}"),
        _ => name.to_owned(),
    }
}

/// The key that several names mean: "A#/Bb major", where the mode stands once, or "8A (Am)".
fn same_of_several(name: &str, with_h: bool) -> Option<u8> {
    let name = name.replace(" - ", "/");
    let parts = name.split(['/', '|', '(', ')', ',', '=']).map(str::trim);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    if parts.len() < 2 {
        return None;
    }
    let alone = |part: &str| wheel(part).or_else(|| named(part, with_h));
    // "(A#/Bb) major": a mode that stands by itself is that of all.
    let (modes, names): (Vec<&str>, Vec<&str>) = parts.into_iter().partition(|part| is_mode(part));
    let mode = match modes[..] {
        [] => names.last()?.rsplit_once(' ').map_or("", |(_, mode)| mode),
        [mode] => mode,
        _ => return None,
    };
    let mut keys = names.iter().map(|part| {
        let both = || named(&format!("{part} {mode}"), with_h).filter(|_| is_mode(mode));
        both().or_else(|| alone(part).filter(|_| modes.is_empty()))
    });
    let first = keys.next()??;
    keys.all(|key| key == Some(first)).then_some(first)
}

/// Whether a word is that of a mode: "minor", "maj", "m".
fn is_mode(word: &str) -> bool {
    // Behind a sharp "sharp" is none.
    !word.is_empty() && named(&format!("C# {word}"), false).is_some()
}

/// Whether a word is the name of a mode, and not a letter: "minor", "maj", "Dur".
pub(crate) fn is_mode_name(word: &str) -> bool {
    word.len() > 2 && is_mode(word)
}

/// Whether a key names its mode: "A minor", "C:maj", "F#m", and not "A" or "8A".
pub(crate) fn has_mode(name: &str) -> bool {
    // Behind a mode there is no other.
    let takes_one = || parse_key(&format!("{name} minor")).is_some();
    parse_key(name).is_some() && wheel(name.trim()).is_none() && !takes_one()
}

/// Whether a key is written with the German letter H.
pub(crate) fn has_h(name: &str) -> bool {
    name.trim().starts_with(['H', 'h', 'Ｈ', 'ｈ']) && parse_key(name).is_some()
}

/// Whether a key is B flat as German writes it, by a B: "B-Dur".
pub(crate) fn is_german_b(name: &str) -> bool {
    let rest = name.trim().strip_prefix(['B', 'b']);
    rest.is_some_and(|rest| is_german_mode(rest.trim_start_matches([' ', '-', '_', ':'])))
}

/// A place on a DJ's wheel of fifths.
fn wheel(name: &str) -> Option<u8> {
    let digits = name.len() - name.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, side) = name.split_at(digits);
    let number: u16 = number.parse().ok().filter(|hour| (1..=12).contains(hour))?;
    // Where C major and A minor are, in hours.
    let (first, is_minor) = match side.trim() {
        "A" | "a" => (8, true),
        "B" | "b" => (8, false),
        "M" | "m" => (1, true),
        "D" | "d" => (1, false),
        _ => return None,
    };
    // An hour is a fifth, seven semitones.
    let fifths = (number + 12 - first) * 7 + if is_minor { 9 } else { 0 };
    let pitch = u8::try_from(fifths % 12).ok()?;
    Some(if is_minor { pitch + 12 } else { pitch })
}

/// Names of the degrees of C major without accents, in semitones above C; the longer before what they begin with.
const SYLLABLES: [(&str, u8); 9] = [
    ("sol", 7),
    ("do", 0),
    ("đo", 0),
    ("ut", 0),
    ("re", 2),
    ("mi", 4),
    ("fa", 5),
    ("la", 9),
    ("si", 11),
];

/// Words for a sharp behind a name, without accents: French, Italian, Spanish, Portuguese, Catalan, Turkish, Romanian,
/// Vietnamese.
const SHARPS: [&str; 10] = [
    "#",
    "sharp",
    "diese",
    "diesis",
    "sostenido",
    "sustenido",
    "sostingut",
    "diyez",
    "diez",
    "thang",
];
/// Words for a flat.
const FLATS: [&str; 6] = ["b", "flat", "bemol", "bemolle", "bemoll", "giang"];

/// Minor in the languages that call B flat B and B natural H: German, Swedish, Polish, Czech, Hungarian; Danish, Slovene,
/// Croatian; Finnish.
const GERMAN_MINOR: [&str; 3] = ["moll", "mol", "molli"];
/// Major in these; Estonian last.
const GERMAN_MAJOR: [&str; 3] = ["dur", "duuri", "duur"];
/// Minor in other languages, without accents: English, French, Italian, Spanish and Portuguese, Dutch, the Baltic ones,
/// Vietnamese; the kinds of minor are one key.
const MINOR: [&str; 15] = [
    "minor",
    "min",
    "mi",
    "mineur",
    "minore",
    "menor",
    "aeolian",
    "klein",
    "kleine terts",
    "minoor",
    "minors",
    "minoras",
    "thu",
    "harmonic minor",
    "melodic minor",
];
/// Major in these.
const MAJOR: [&str; 14] = [
    "major",
    "maj",
    "ma",
    "majeur",
    "maggiore",
    "mayor",
    "maior",
    "ionian",
    "groot",
    "grote terts",
    "mazoor",
    "mazors",
    "mazoras",
    "truong",
];

/// Whether a mode is one in whose languages B natural is called H: "Dur", "moll", "duuri".
pub(crate) fn is_german_mode(mode: &str) -> bool {
    let mode = letters_of(mode);
    let mode = mode.as_str();
    GERMAN_MINOR.contains(&mode) || GERMAN_MAJOR.contains(&mode)
}

/// A text in lower case and without accents: "Dó" is "do", "majör" is "major".
fn letters_of(text: &str) -> String {
    let is_accent = |letter: &char| ('\u{300}'..='\u{36f}').contains(letter);
    text.nfd()
        .filter(|letter| !is_accent(letter))
        .flat_map(char::to_lowercase)
        .collect()
}

fn named(name: &str, with_h: bool) -> Option<u8> {
    let in_script = scripts::key_in_script(name);
    if in_script.is_some() {
        return in_script;
    }
    let spaced: String = name
        .chars()
        .map(|letter| match letter {
            ':' | '-' | '_' | '\t' | '\u{a0}' => ' ',
            '♯' => '#',
            '♭' => 'b',
            other => other,
        })
        .filter(|letter| *letter != '♮')
        .nfd()
        .filter(|letter| !('\u{300}'..='\u{36f}').contains(letter))
        .collect();
    let (tonic, rest) = spaced.split_at(spaced.find(' ').unwrap_or(spaced.len()));
    let rest = rest.trim();
    let is_german = is_german_mode(rest);
    let syllable = SYLLABLES.iter().find_map(|&(syllable, pitch)| {
        // A letter with an ending is no syllable: "Fa" is, "Fmaj" is not.
        let (start, after) = (tonic.get(..syllable.len())?, tonic.get(syllable.len()..)?);
        let is_whole = matches!(after, "" | "m" | "M") || after.starts_with(['#', 'b']);
        let fits = fold_text(start) == syllable && is_whole;
        fits.then_some((pitch, after))
    });
    let is_syllable = syllable.is_some();
    let (natural, after) = match syllable {
        Some(found) => found,
        None => letter(tonic, with_h || is_german)?,
    };
    let (pitch, after, has_sign) = sign(natural, after, is_german, &fold_text(tonic))?;
    let (pitch, rest) = match rest.split_once(' ').unwrap_or((rest, "")) {
        (word, rest) if !has_sign => {
            let word = fold_text(word);
            match word.as_str() {
                word if SHARPS.contains(&word) => ((pitch + 1) % 12, rest),
                word if FLATS.contains(&word) => ((pitch + 11) % 12, rest),
                "natural" => (pitch, rest),
                _ => (pitch, spaced.get(tonic.len()..)?.trim()),
            }
        }
        _ => (pitch, rest),
    };
    let mode = match (after, rest.trim()) {
        ("", mode) | (mode, "") => mode,
        _ => return None,
    };
    let is_minor = match mode {
        "m" => true,
        "M" => false,
        // A name in lower case alone is minor to some and major to others.
        "" if tonic.starts_with(|it: char| it.is_lowercase()) && !is_syllable => return None,
        "" => false,
        mode => {
            let mode = fold_text(mode);
            match mode.trim_end_matches('.') {
                mode if MINOR.contains(&mode) || GERMAN_MINOR.contains(&mode) => true,
                mode if MAJOR.contains(&mode) || GERMAN_MAJOR.contains(&mode) => false,
                _ => return None,
            }
        }
    };
    Some(if is_minor { pitch + 12 } else { pitch })
}

/// The pitch of a letter and what follows it.
fn letter(tonic: &str, b_is_flat: bool) -> Option<(u8, &str)> {
    let mut letters = tonic.chars();
    let first = letters.next()?;
    let after = letters.as_str();
    let pitch = match first.to_ascii_uppercase() {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        // "Bb" says itself that it is flat.
        // ... as does the Dutch "Bes".
        'B' if b_is_flat && !after.starts_with(['b', '#']) && !after.starts_with("es") => 10,
        'B' | 'H' => 11,
        _ => return None,
    };
    Some((pitch, after))
}

/// The pitch with the sign that follows a letter, what follows then, and whether there was one.
fn sign<'a>(
    natural: u8,
    after: &'a str,
    is_german: bool,
    tonic: &str,
) -> Option<(u8, &'a str, bool)> {
    let sharp = (natural + 1) % 12;
    let flat = (natural + 11) % 12;
    // Swedish and Hungarian spell these endings in their own way: "Fiss", "Desz".
    let german = |ending: &str| fold_text(after) == ending;
    let is_e_or_a = matches!(natural, 4 | 9);
    // "Es" and "As" are German wherever they stand: no other notation writes them.
    let is_short = matches!(tonic, "es" | "as");
    // Twice, as theory spells them: "Bbb minor", "F## major", "Fx major".
    for (double, shift) in [("bb", 10), ("##", 2), ("x", 2)] {
        if let Some(after) = after.strip_prefix(double) {
            return Some(((natural + shift) % 12, after, true));
        }
    }
    Some(match after.chars().next() {
        Some('#') => (sharp, after.get(1..)?, true),
        Some('b') => (flat, after.get(1..)?, true),
        _ if german("is") || german("iss") || german("isz") => (sharp, "", true),
        _ if !is_e_or_a && (german("es") || german("ess") || german("esz")) => (flat, "", true),
        _ if is_e_or_a && german("s") && (is_short || is_german) => (flat, "", true),
        _ if is_e_or_a && is_german && (german("ss") || german("sz")) => (flat, "", true),
        _ if after.len() > 4 && (fold_text(after) == "sharp") => (sharp, "", true),
        _ if fold_text(after) == "flat" => (flat, "", true),
        _ => (natural, after, false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_back_by_its_name() {
        for (number, name) in KEYS.iter().enumerate() {
            let number = u8::try_from(number).unwrap();
            assert_eq!(parse_key(name), Some(number), "{name}");
            assert_eq!(key_name(number), Some(*name));
            let colon = name.replace(" major", ":maj").replace(" minor", ":min");
            assert_eq!(parse_key(&colon), Some(number), "{colon}");
            let short = name.replace(" major", "").replace(" minor", "m");
            assert_eq!(parse_key(&short), Some(number), "{short}");
            let joined = name.replace(' ', "");
            assert_eq!(parse_key(&joined), Some(number), "{joined}");
        }
        assert_eq!(key_name(24), None);
    }

    #[test]
    fn every_notation_is_the_same_key() {
        for (key, spellings) in [
            (
                "C major",
                "C|C:maj|C maj|CM|C♮ Maj|C-dur|8B|08B|1d|Do majeur|B# major|C Major|Cmaj.|Do",
            ),
            (
                "A minor",
                "Am|A:min|A min|A-moll|a-Moll|A♮ Min|8A|8a|1m|La mineur|A_minor|Amin|A Minor|la minore",
            ),
            (
                "F# minor",
                "F#m|F♯ min|Gb minor|G♭ Min|F#:min|11A|4m|fis-Moll|F sharp minor|Fa# min|F-sharp minor|Fsharp minor",
            ),
            (
                "Gb major",
                "Gb Maj|G♭ Maj|F# major|2B|7d|Ges-Dur|Fis-Dur|G flat major|G-flat major",
            ),
            (
                "Bb major",
                "B-Dur|B- major|Bb|B♭ Maj|A# maj|6B|11d|Si bemolle maggiore|Sib maj|A#/Bb major|A♯/B♭ Maj|A#/Bb|(A#/Bb) major|A# (Bb) \
                 major|6B (Bb)|6B - Bb major|Bb maj / 6B",
            ),
            ("Bb minor", "b-Moll|Bbm|bb minor|3A|8m|A#m/Bbm|A#/Bb minor"),
            ("B minor", "h-Moll|Hm|H minor|Bm|10A|3m|Cb min|Si min"),
            ("B major", "H|H-Dur|H major|B|1B|6d|Cb major"),
            ("Eb major", "Es-Dur|Es|Eb|D#|5B|10d"),
            ("Ab major", "As-Dur|As|4B|9d|La♭ Maj|Lab majeur"),
            ("C# minor", "cis-Moll|C#m|12A|5m|Db min|c# m"),
            ("Db major", "Des-Dur|c# MAJ|3B|8d"),
            ("F minor", "E# min|4A|9m|Fam"),
            ("A minor", "Bbb minor|B♭♭ min|G## minor|Gx min|Lam|A\tminor"),
            ("C major", "DoM|C\tmajor"),
            (
                "C major",
                "Ｃ　ｍａｊｏｒ|Dó maior|Do majör|C-duuri|C dúr|C groot|C grote terts|Do mažors|Đô trưởng|Do mayor|do maggiore|C-duur",
            ),
            (
                "A minor",
                "Ａｍ|８Ａ|Lá menor|La minör|a-molli|a-mol|a klein|A kleine terts|la minors|La thứ|A harmonic minor|A natural minor|a \
                 melodic minor",
            ),
            (
                "F# minor",
                "Ｆ＃ｍ|Fá sustenido menor|Fa diyez minör|fa sostenido menor|Fa diesis minore|Fa dièse mineur|fiss-moll|fisz-moll|fis-molli|fa \
                 sostingut menor|Fa diez minor|Fa thăng thứ|fis klein",
            ),
            (
                "Bb major",
                "Bes groot|Bes majeur|Si bemol maior|Si bemol majör|Si bémol majeur|B-duuri|B dúr|B dur|si bemoll major|Si giáng trưởng",
            ),
            ("Eb major", "Ess-dur|Esz-dúr|Es groot|Mi bemol mayor"),
            ("G# minor", "ass-moll|asz-moll|as-mol|lá bemol menor"),
            ("B minor", "h-mol|h-molli|Ｈｍ|B mineur|b klein|Si minör"),
            ("Db major", "Dess-dur|Desz-dúr|Ré bemol maior"),
        ] {
            for spelling in spellings.split('|') {
                let read = parse_key(spelling).and_then(key_name);
                assert_eq!(read, Some(key), "{spelling}");
            }
        }
    }

    #[test]
    fn the_wheels_hold_every_key_once() {
        for sides in ["AB", "md"] {
            let mut keys: Vec<u8> = (1..=12)
                .flat_map(|hour| sides.chars().map(move |side| format!("{hour}{side}")))
                .map(|name| parse_key(&name).unwrap())
                .collect();
            keys.sort_unstable();
            assert_eq!(keys, (0..24).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_list_that_writes_h_means_b_flat_by_b() {
        assert!(has_h("Hm") && has_h("h-Moll") && !has_h("house") && !has_h("Bm"));
        for (name, alone, with_h) in [
            ("B", 11, 10),
            ("Bm", 23, 22),
            ("Bb", 10, 10),
            ("Bes", 10, 10),
            ("Hm", 23, 23),
        ] {
            assert_eq!(parse_key(name), Some(alone), "{name}");
            assert_eq!(parse_key_in(name, true), Some(with_h), "{name}");
        }
    }

    #[test]
    fn a_mode_is_told_from_a_tonic_alone() {
        for with in [
            "A minor",
            "F#m",
            "C:maj",
            "a-Moll",
            "Bes grote terts",
            "ля минор",
            "Am (8A)",
            "Ｆ＃ｍ",
        ] {
            assert!(has_mode(with), "{with}");
        }
        for without in ["A", "F#", "Es", "8A", "A#/Bb", "Sol", "house", "m"] {
            assert!(!has_mode(without), "{without}");
        }
        assert!(is_german_b("B-Dur") && is_german_b("b moll") && is_german_b("B duuri"));
        assert!(!is_german_b("Bb-Dur") && !is_german_b("B minor") && !is_german_b("Bes groot"));
    }

    #[test]
    fn nonsense_and_what_means_two_keys_is_none() {
        for nonsense in [
            "",
            " ",
            "c",
            "a",
            "C### major",
            "C major minor",
            "C dorian",
            "C minor / Eb major",
            "A/C minor",
            "8A (C)",
            "A#/B major",
            "13A",
            "0B",
            "8C",
            "8",
            "-1",
            "X major",
            "major",
            "all",
            "house",
            "Amaj7",
            "Am7",
            "Dance",
            // Minor in chords, flat in Humdrum.
            "C-",
            "F#-",
            "B\u{2212}",
        ] {
            assert_eq!(parse_key(nonsense), None, "{nonsense}");
        }
    }
}
