//! Fonts of the system for letters that the bundled ones lack: names of files and labels come in every script.

// Tests may unwrap, index and panic: a failing test is what those are for.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

use std::collections::BTreeSet;

use fontdb::{Database, FaceInfo, ID, Stretch, Style};
use ttf_parser::Face;

/// Fonts are kept in memory as whole files: no more than this many bytes in all. Those for Chinese, Japanese and Korean
/// have 5 to 30 MB each.
pub const MOST_BYTES: u64 = 128 << 20;

/// A font file of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FontFile {
    /// What the face calls itself.
    pub name: String,
    /// The whole file.
    pub data: Vec<u8>,
    /// The face in the file.
    pub index: u32,
}

/// What the system has for some letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Fonts that have them; where letters are in several, in the order in which they are to be asked.
    pub fonts: Vec<FontFile>,
    /// Letters that no font has.
    pub missing: BTreeSet<char>,
}

/// The fonts of this system. To find them takes some tenths of a second.
pub struct SystemFonts {
    faces: Database,
}

impl SystemFonts {
    /// Looks which fonts there are (fontconfig's folders, or those of the system).
    pub fn find() -> Self {
        let mut faces = Database::new();
        faces.load_system_fonts();
        Self { faces }
    }

    /// Reads the fonts that together have as many of the letters as possible, in at most `most_bytes`.
    pub fn covering(&self, letters: &BTreeSet<char>, most_bytes: u64) -> Found {
        let faces: Vec<(ID, Candidate)> = self
            .faces
            .faces()
            .filter_map(|face| Some((face.id, self.candidate(face, letters)?)))
            .collect();
        let candidates: Vec<&Candidate> = faces.iter().map(|(_, candidate)| candidate).collect();
        let mut found = Found {
            missing: letters.clone(),
            ..Found::default()
        };
        for place in choose(&candidates, letters, most_bytes) {
            let Some((id, candidate)) = faces.get(place) else {
                continue;
            };
            if let Some(font) = self.read(*id) {
                found
                    .missing
                    .retain(|letter| !candidate.letters.contains(letter));
                found.fonts.push(font);
            }
        }
        found
    }

    fn candidate(&self, face: &FaceInfo, letters: &BTreeSet<char>) -> Option<Candidate> {
        let (bytes, letters) = self.faces.with_face_data(face.id, |data, index| {
            (data.len() as u64, letters_in(data, index, letters))
        })?;
        (!letters.is_empty()).then(|| Candidate {
            letters,
            bytes,
            oddness: oddness(face),
        })
    }

    fn read(&self, id: ID) -> Option<FontFile> {
        let face = self.faces.face(id)?;
        let data = self.faces.with_face_data(id, |data, _| data.to_vec())?;
        Some(FontFile {
            name: face.post_script_name.clone(),
            data,
            index: face.index,
        })
    }
}

/// A face that could be chosen.
struct Candidate {
    /// Those of the wanted letters that it has.
    letters: BTreeSet<char>,
    /// Size of its file.
    bytes: u64,
    /// How far it is from upright, regular, sans-serif letters of any width.
    oddness: u32,
}

/// Places of the faces to be used: again and again the one that has most of the letters still missing, of equal ones the
/// plainest, then the smallest.
fn choose(faces: &[&Candidate], letters: &BTreeSet<char>, most_bytes: u64) -> Vec<usize> {
    let mut missing = letters.clone();
    let mut room = most_bytes;
    let mut chosen = Vec::new();
    while !missing.is_empty() {
        let best = faces
            .iter()
            .enumerate()
            .filter(|(_, face)| face.bytes <= room)
            .map(|(place, face)| (face.letters.intersection(&missing).count(), place, face))
            .filter(|(count, ..)| *count > 0)
            .min_by_key(|(count, place, face)| {
                (std::cmp::Reverse(*count), face.oddness, face.bytes, *place)
            });
        let Some((_, place, face)) = best else {
            break;
        };
        missing.retain(|letter| !face.letters.contains(letter));
        room -= face.bytes;
        chosen.push(place);
    }
    chosen
}

fn oddness(face: &FaceInfo) -> u32 {
    let family = face
        .families
        .first()
        .map(|(name, _)| name.to_lowercase())
        .unwrap_or_default();
    let serif = family.contains("serif") && !family.contains("sans");
    u32::from(face.style != Style::Normal) * 16
        + u32::from(face.stretch != Stretch::Normal) * 8
        + u32::from(face.monospaced) * 4
        + u32::from(serif || family.contains("mono")) * 2
        + u32::from(face.weight.0.abs_diff(400)) / 100
}

/// Those of the letters for which a font has an outline: pictures of letters, as of emoji in colour, are not drawn.
pub fn letters_in(data: &[u8], index: u32, letters: &BTreeSet<char>) -> BTreeSet<char> {
    let Ok(face) = Face::parse(data, index) else {
        return BTreeSet::new();
    };
    let tables = face.tables();
    if tables.glyf.is_none() && tables.cff.is_none() && tables.cff2.is_none() {
        return BTreeSet::new();
    }
    let has = |letter: &char| face.glyph_index(*letter).is_some_and(|glyph| glyph.0 != 0);
    letters.iter().copied().filter(has).collect()
}

/// Whether a font is looked for to draw a letter: not for what is never drawn, and not for private use, where each font
/// has something else.
pub fn is_drawn(letter: char) -> bool {
    let ignorable = matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}');
    let private = matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
    !(letter.is_control() || letter.is_whitespace() || ignorable || private)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: &str) -> BTreeSet<char> {
        text.chars().collect()
    }

    fn face(text: &str, bytes: u64, oddness: u32) -> Candidate {
        Candidate {
            letters: letters(text),
            bytes,
            oddness,
        }
    }

    fn chosen(faces: &[Candidate], text: &str, most: u64) -> Vec<usize> {
        let faces: Vec<&Candidate> = faces.iter().collect();
        choose(&faces, &letters(text), most)
    }

    #[test]
    fn the_fonts_that_have_most_are_chosen_until_nothing_is_missing() {
        let faces = [
            face("日", 9, 0),
            face("日本語", 9, 4),
            face("ש", 2, 0),
            face("שלו", 1, 0),
        ];
        assert_eq!(chosen(&faces, "日本語", 99), [1]);
        assert_eq!(chosen(&faces, "日本שלו", 99), [3, 1]);
        // Nobody has the last one; that is no reason to go without the others.
        assert_eq!(chosen(&faces, "語ש𐤀", 99), [3, 1]);
        assert!(chosen(&faces, "𐤀", 99).is_empty());
    }

    #[test]
    fn of_equal_fonts_the_plainest_is_chosen_then_the_smallest() {
        let faces = [face("日", 5, 16), face("日", 9, 0), face("日", 5, 0)];
        assert_eq!(chosen(&faces, "日", 99), [2]);
        assert_eq!(chosen(&faces[..2], "日", 99), [1]);
    }

    #[test]
    fn fonts_never_take_more_memory_than_they_may() {
        let faces = [
            face("日本", 90, 0),
            face("日", 20, 0),
            face("本", 20, 0),
            face("ש", 20, 0),
        ];
        assert_eq!(chosen(&faces, "日本ש", 59), [1, 2]);
        assert!(chosen(&faces, "日本ש", 19).is_empty());
    }

    #[test]
    fn a_font_is_asked_which_letters_it_draws() {
        let ubuntu = epaint_default_fonts::UBUNTU_LIGHT;
        assert_eq!(letters_in(ubuntu, 0, &letters("aéЖ日ש")), letters("aéЖ"));
        assert!(letters_in(b"no font", 0, &letters("a")).is_empty());
        assert!(
            letters_in(ubuntu, 7, &letters("a")).is_empty(),
            "no such face"
        );
        assert!("aé日ש\u{301}".chars().all(is_drawn));
        assert!(!" \n\u{200b}\u{fe0f}\u{e000}".chars().any(is_drawn));
    }

    #[test]
    fn what_the_system_gives_has_the_letters_and_the_rest_is_named() {
        let wanted = letters("ab\u{10ffff}");
        let mut faces = Database::new();
        faces.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
        let fonts = SystemFonts { faces };
        let found = fonts.covering(&wanted, MOST_BYTES);
        assert_eq!(found.missing, letters("\u{10ffff}"));
        let [font] = &found.fonts[..] else {
            panic!("{} fonts", found.fonts.len());
        };
        assert_eq!(letters_in(&font.data, font.index, &wanted), letters("ab"));
        // Whatever this machine has: what is found covers what is not missing.
        let found = SystemFonts::find().covering(&letters("aש日"), MOST_BYTES);
        for letter in letters("aש日").difference(&found.missing) {
            let one = BTreeSet::from([*letter]);
            let has = |font: &FontFile| !letters_in(&font.data, font.index, &one).is_empty();
            assert!(found.fonts.iter().any(has), "{letter}");
        }
    }
}
