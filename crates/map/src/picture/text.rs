//! A line of text in the picture of a map: letters joined and marks placed as their script wants it, words in the order in
//! which they are read, and for what the bundled fonts lack the fonts of the system. Pictures of letters in colour are
//! not drawn; emoji come in one colour.

use std::{collections::BTreeSet, ops::Range};

use ab_glyph::{Font, FontVec, GlyphId, PxScale, ScaleFont, point};
use harfrust::{Direction, FontRef, ShaperData, UnicodeBuffer};
use unicode_bidi::{BidiClass, Level, ParagraphBidiInfo, bidi_class};
use unicode_normalization::UnicodeNormalization;

use mynascope_fonts::{FontFile, MOST_BYTES, SystemFonts, is_drawn};

/// From the highest to the lowest line of a font, in pixels.
const SIZE: f32 = 20.0;

/// Text with its letters in their places.
#[derive(Debug, Default)]
pub(super) struct Line {
    glyphs: Vec<Placed>,
    /// In pixels.
    pub(super) width: f32,
}

/// A shape of a font, in pixels from the start of the line.
#[derive(Debug)]
struct Placed {
    font: usize,
    glyph: GlyphId,
    right: f32,
    up: f32,
}

/// The fonts of egui, which the program has in it anyway, and fonts of the system for letters that they lack. Without any
/// there are dots alone.
pub(super) struct Fonts(Vec<Face>);

struct Face {
    font: FontVec,
    index: u32,
}

impl Face {
    fn read(file: FontFile) -> Option<Self> {
        let font = FontVec::try_from_vec_and_index(file.data, file.index).ok()?;
        Some(Self {
            font,
            index: file.index,
        })
    }

    fn bundled(data: &[u8]) -> Option<Self> {
        let font = FontVec::try_from_vec(data.to_vec()).ok()?;
        Some(Self { font, index: 0 })
    }

    fn has(&self, letter: char) -> bool {
        self.font.glyph_id(letter).0 != 0
    }

    /// Pixels of a unit of the font.
    fn unit(&self) -> f32 {
        self.font.as_scaled(PxScale::from(SIZE)).h_scale_factor()
    }
}

impl Fonts {
    /// Fonts for some texts.
    pub(super) fn for_texts<'t>(texts: impl Iterator<Item = &'t String>) -> Self {
        let bundled = [
            epaint_default_fonts::UBUNTU_LIGHT,
            epaint_default_fonts::NOTO_EMOJI_REGULAR,
            epaint_default_fonts::EMOJI_ICON,
        ];
        let mut fonts = Self(bundled.into_iter().filter_map(Face::bundled).collect());
        let lacks = |letter: &char| is_drawn(*letter) && fonts.face_of(*letter).is_none();
        let letters = texts.flat_map(|text| text.nfc());
        let lacking: BTreeSet<char> = letters.filter(lacks).collect();
        if !lacking.is_empty() {
            // To look for them takes a while: only for letters that need it.
            let found = SystemFonts::find().covering(&lacking, MOST_BYTES);
            fonts
                .0
                .extend(found.fonts.into_iter().filter_map(Face::read));
        }
        fonts
    }

    fn face_of(&self, letter: char) -> Option<usize> {
        self.0.iter().position(|face| face.has(letter))
    }

    /// A text in one line.
    pub(super) fn line(&self, text: &str) -> Line {
        let text: String = text
            .nfc()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .collect();
        let mut line = Line::default();
        if text.is_empty() {
            return line;
        }
        let order = ParagraphBidiInfo::new(&text, Some(direction(&text)));
        let (levels, runs) = order.visual_runs(0..text.len());
        for run in runs {
            let is_rtl = levels.get(run.start).is_some_and(Level::is_rtl);
            let mut pieces = self.pieces(&text, run);
            if is_rtl {
                pieces.reverse();
            }
            for (font, piece) in pieces {
                let letters = text.get(piece).unwrap_or_default();
                self.shape(font, letters, is_rtl, &mut line);
            }
        }
        line
    }

    /// Words, and what stands between them, each in the font that has its letters. A mark goes with the letter before it.
    fn pieces(&self, text: &str, run: Range<usize>) -> Vec<(usize, Range<usize>)> {
        let mut pieces: Vec<(usize, Range<usize>)> = Vec::new();
        let mut was_space = None;
        for (at, letter) in text.get(run.clone()).unwrap_or_default().char_indices() {
            let range = run.start + at..run.start + at + letter.len_utf8();
            let is_space = letter.is_whitespace();
            let last = pieces.last_mut().filter(|_| was_space == Some(is_space));
            let follows = bidi_class(letter) == BidiClass::NSM || !is_drawn(letter);
            let font = match &last {
                Some((font, _))
                    if follows || self.0.get(*font).is_some_and(|it| it.has(letter)) =>
                {
                    *font
                }
                _ => self.face_of(letter).unwrap_or(0),
            };
            match last {
                Some((same, piece)) if *same == font => piece.end = range.end,
                _ => pieces.push((font, range)),
            }
            was_space = Some(is_space);
        }
        pieces
    }

    fn shape(&self, font: usize, letters: &str, is_rtl: bool, line: &mut Line) {
        let Some(face) = self.0.get(font) else { return };
        let Ok(shaped) = FontRef::from_index(face.font.as_slice(), face.index) else {
            return;
        };
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(letters);
        buffer.set_direction(match is_rtl {
            true => Direction::RightToLeft,
            false => Direction::LeftToRight,
        });
        buffer.guess_segment_properties();
        let shaper = ShaperData::new(&shaped);
        let glyphs = shaper.shaper(&shaped).build().shape(buffer, &[]);
        let unit = face.unit();
        for (info, place) in glyphs.glyph_infos().iter().zip(glyphs.glyph_positions()) {
            line.glyphs.push(Placed {
                font,
                glyph: GlyphId(u16::try_from(info.glyph_id).unwrap_or(0)),
                right: line.width + place.x_offset as f32 * unit,
                up: place.y_offset as f32 * unit,
            });
            line.width += place.x_advance as f32 * unit;
        }
    }

    /// As much of a text as a width has room for.
    pub(super) fn cut(&self, text: &str, room: f32) -> Line {
        let whole = self.line(text);
        if whole.width <= room {
            return whole;
        }
        let letters: Vec<char> = text.chars().collect();
        let shorter = (0..letters.len()).rev().map(|keep| {
            let kept: String = letters.iter().take(keep).collect();
            self.line(&format!("{}\u{2026}", kept.trim_end()))
        });
        let mut fitting = shorter.filter(|line| line.width <= room);
        fitting.next().unwrap_or_default()
    }

    /// Draws a line from its left end on around a middle height: gives the cover of each pixel, 0 to 1.
    pub(super) fn draw(
        &self,
        line: &Line,
        [left, middle]: [f32; 2],
        put: &mut impl FnMut(i64, i64, f32),
    ) {
        let Some(own) = self.0.first() else { return };
        let own = own.font.as_scaled(PxScale::from(SIZE));
        let base = middle + 0.5 * (own.ascent() + own.descent());
        for placed in &line.glyphs {
            let Some(face) = self.0.get(placed.font) else {
                continue;
            };
            let at = point(left + placed.right, base - placed.up);
            let glyph = placed.glyph.with_scale_and_position(SIZE, at);
            if let Some(outline) = face.font.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                outline.draw(|x, y, cover| {
                    let (x, y) = (
                        i64::from(x) + corner.x as i64,
                        i64::from(y) + corner.y as i64,
                    );
                    put(x, y, cover.min(1.0));
                });
            }
        }
    }
}

/// Names that hold Latin letters run from left to right, those that are wholly in a script from right to left do so: as in
/// the window.
fn direction(text: &str) -> Level {
    let has = |wanted: &[BidiClass]| {
        text.chars()
            .any(|letter| wanted.contains(&bidi_class(letter)))
    };
    match !has(&[BidiClass::L]) && has(&[BidiClass::R, BidiClass::AL]) {
        true => Level::rtl(),
        false => Level::ltr(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three letters of DejaVu Sans that join, with their rules; `tests/fixtures/fonts/make.py` cut it.
    const ARABIC: &[u8] = include_bytes!("../../../../tests/fixtures/fonts/arabic.ttf");

    fn fonts() -> Fonts {
        let mut fonts = Fonts::for_texts(std::iter::empty());
        fonts.0.extend(Face::bundled(ARABIC));
        fonts
    }

    /// The glyphs of a text from left to right; each with its font.
    fn glyphs(fonts: &Fonts, text: &str) -> Vec<(usize, u16)> {
        let line = fonts.line(text);
        assert!(
            line.glyphs.is_sorted_by(|a, b| a.right <= b.right),
            "{text}"
        );
        line.glyphs.iter().map(|it| (it.font, it.glyph.0)).collect()
    }

    #[test]
    fn arabic_letters_are_joined_and_run_from_right_to_left() {
        let fonts = fonts();
        let alone = |letter: char| {
            let font = fonts.face_of(letter).unwrap();
            (font, fonts.0[font].font.glyph_id(letter).0)
        };
        let joined = glyphs(&fonts, "بلم");
        assert_eq!(joined.len(), 3);
        // Each letter has another shape than alone.
        for letter in "بلم".chars() {
            assert_eq!(glyphs(&fonts, &letter.to_string()), [alone(letter)]);
            assert!(!joined.contains(&alone(letter)), "{letter}");
        }
        // The first letter is the rightmost; the shapes of the same word are the same wherever it stands.
        let mixed = glyphs(&fonts, "mix بلم 12");
        let place = mixed.windows(3).position(|window| window == joined);
        assert!(place.is_some(), "{mixed:?}");
        let first = glyphs(&fonts, "بل")[1];
        assert_eq!(joined[2], first, "beh at the start of a word");
    }

    #[test]
    fn names_run_as_their_script_does() {
        let fonts = fonts();
        let of = |text: &str| -> Vec<(usize, u16)> {
            let letter = |it: char| glyphs(&fonts, &it.to_string());
            text.chars().flat_map(letter).collect()
        };
        assert_eq!(glyphs(&fonts, "dub 12"), of("dub 12"));
        assert_eq!(glyphs(&fonts, "cafe\u{301}"), of("café"));
        assert_eq!(glyphs(&fonts, ""), []);
        // Hebrew letters have no shape here, but their order with others does not need one.
        let order = glyphs(&fonts, "א12ב3");
        let digits: Vec<_> = order
            .into_iter()
            .filter(|it| of("123").contains(it))
            .collect();
        assert_eq!(digits, of("312"));
        let brackets = glyphs(&fonts, "(ب)");
        assert_eq!((brackets[0], brackets[2]), (of("(")[0], of(")")[0]));
    }

    #[test]
    fn every_letter_is_drawn_by_a_font_that_has_it_if_there_is_one() {
        let text = "aéש日\u{1f3b5}\u{1ffff}".to_owned();
        let fonts = Fonts::for_texts([&text].into_iter());
        for letter in text.chars() {
            let [placed] = &fonts.line(&letter.to_string()).glyphs[..] else {
                panic!("{letter}");
            };
            let has = fonts.0.iter().any(|face| face.has(letter));
            assert_eq!(placed.glyph.0 != 0, has, "{letter}");
        }
        assert!(fonts.face_of('\u{1f3b5}').is_some(), "emoji are bundled");
        assert!(fonts.face_of('\u{1ffff}').is_none());
        // What is never drawn takes no room.
        assert_eq!(
            fonts.line("ab").width,
            fonts.line("a\u{200b}b\u{fe0f}").width
        );
    }

    #[test]
    fn what_has_no_room_is_cut_at_its_end() {
        let fonts = fonts();
        let whole = fonts.line("a long name").width;
        assert_eq!(fonts.cut("a long name", whole).width, whole);
        let cut = fonts.cut("a long name", 0.6 * whole);
        assert!(cut.width <= 0.6 * whole && cut.glyphs.len() > 3);
        let dots = fonts.line("\u{2026}").glyphs[0].glyph;
        assert_eq!(cut.glyphs.last().unwrap().glyph, dots);
        assert_eq!(fonts.cut("a long name", 1.0).glyphs.len(), 0);
    }
}
