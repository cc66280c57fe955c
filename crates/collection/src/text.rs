//! Text as people write it: any encoding of a file, any spelling of a name.

use std::{
    borrow::Cow,
    ffi::OsStr,
    io::{self, BufRead},
};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use unicode_normalization::UnicodeNormalization;

/// A name for comparison: in lower case, and composed (NFC), so that "Café" is one name in whichever of Unicode's
/// two forms a system writes it.
///
/// ```
/// assert_eq!(mynascope_collection::fold_text("Cafe\u{301}"), "café");
/// ```
pub fn fold_text(text: &str) -> String {
    // Lower case first: it may take letters apart (İ), and never undoes what was composed.
    text.chars().flat_map(char::to_lowercase).nfc().collect()
}

/// A label as it is kept: in Unicode's composed form (NFC), its case kept; blanks of any kind, as many as there are, are
/// one space, and signs that nobody sees are none.
pub(crate) fn label_text(text: &str) -> String {
    let seen: String = text.nfc().filter(|letter| !is_unseen(*letter)).collect();
    let words: Vec<&str> = seen.split_whitespace().collect();
    words.join(" ")
}

/// Signs without a shape that come along where text is copied: joins, soft hyphens, marks of a file's beginning.
fn is_unseen(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{200e}' | '\u{200f}'
    )
}

/// A label for comparison: what is the same but for case, blanks, hyphens, the kind of quotes, wide letters, or the form
/// of a number (`1`, `1.0`, `01`) is one text.
pub(crate) fn fold_spelling(label: &str) -> String {
    let plain: String = label.trim().nfkc().collect();
    let is_numeral = |letter: char| letter.is_ascii_digit() || "+-.".contains(letter);
    if plain.chars().all(is_numeral)
        && let Ok(number) = plain.parse::<f64>()
    {
        return number.to_string();
    }
    let one_form = |letter: char| match letter {
        '\u{2018}' | '\u{2019}' | '`' | '\u{b4}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        other => other,
    };
    let is_between = |letter: char| {
        letter.is_whitespace() || matches!(letter, '-' | '_' | '\u{2010}'..='\u{2015}')
    };
    fold_text(&plain)
        .chars()
        .filter(|letter| !is_between(*letter) && !is_unseen(*letter))
        .map(one_form)
        .collect()
}

/// As [`fold_text`], of a file's name. Names that are no UTF-8 come from systems of Windows-1252.
pub(crate) fn fold_name(name: &OsStr) -> String {
    fold_text(&shown_name(name))
}

/// A file's name as text.
pub(crate) fn shown_name(name: &OsStr) -> Cow<'_, str> {
    match name.to_str() {
        Some(text) => text.into(),
        None => {
            WINDOWS_1252
                .decode_without_bom_handling(name.as_encoded_bytes())
                .0
        }
    }
}

/// So much of a text without a mark is looked at for the zeros of UTF-16.
const SAMPLE_BYTES: usize = 4096;

/// The text of a file in UTF-8, UTF-16 or UTF-32 (either order of bytes, with or without a byte order mark) or, where it
/// is none of these, in the old encoding that its letters look most like, whose name comes with it: that is a guess.
pub fn decode_text(bytes: &[u8]) -> (String, Option<&'static str>) {
    if let Some(text) = utf32(bytes) {
        return (text, None);
    }
    let encoding =
        Encoding::for_bom(bytes).map_or_else(|| utf16_by_zeros(bytes), |(it, _)| Some(it));
    if let Some(encoding) = encoding {
        return (encoding.decode(bytes).0.into_owned(), None);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (text.to_owned(), None);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    (text.into_owned(), Some(encoding.name()))
}

/// The old encoding of a text that is not UTF-8, guessed by its letters, for files that are too large to be held whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldEncoding(&'static Encoding);

impl OldEncoding {
    /// `None` where every line is UTF-8.
    ///
    /// # Errors
    /// What reading gave.
    pub fn guess(mut lines: impl BufRead) -> io::Result<Option<Self>> {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        let mut is_old = false;
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            if std::str::from_utf8(&line).is_err() {
                is_old = true;
                detector.feed(&line, false);
            }
            line.clear();
        }
        detector.feed(&[], true);
        Ok(is_old.then(|| Self(detector.guess(None, Utf8Detection::Deny))))
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// A piece of the text; pieces that are UTF-8 are read as that.
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => self.0.decode_without_bom_handling(bytes).0,
        }
    }
}

/// What is said of a text that was read in a guessed encoding.
pub fn say_guessed_encoding(name: &str) -> String {
    format!(
        "it is neither UTF-8 nor UTF-16 and was read as {name}: if letters with accents or of other scripts are wrong, save \
         it as UTF-8"
    )
}

/// The text of UTF-32: with a byte order mark, or by its zeros, as no letter of Unicode needs the highest byte.
fn utf32(bytes: &[u8]) -> Option<String> {
    let of: fn([u8; 4]) -> u32 = match bytes {
        [0xff, 0xfe, 0, 0, ..] => u32::from_le_bytes,
        [0, 0, 0xfe, 0xff, ..] => u32::from_be_bytes,
        _ => utf32_by_zeros(bytes)?,
    };
    let (letters, _) = bytes.as_chunks::<4>();
    let letters = letters.iter().map(|&letter| of(letter));
    let text: String = letters
        .map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    Some(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// The order of bytes in which the beginning of a text is UTF-32 throughout.
fn utf32_by_zeros(bytes: &[u8]) -> Option<fn([u8; 4]) -> u32> {
    let sample = bytes.get(..SAMPLE_BYTES).unwrap_or(bytes);
    let (letters, _) = sample.as_chunks::<4>();
    let orders: [fn([u8; 4]) -> u32; 2] = [u32::from_le_bytes, u32::from_be_bytes];
    orders.into_iter().find(|of| {
        let is_letter = |letter: &[u8; 4]| {
            let code = of(*letter);
            code != 0 && char::from_u32(code).is_some()
        };
        !letters.is_empty() && letters.iter().all(is_letter)
    })
}

/// UTF-16 without a mark, by its zeros: headings are ASCII, of which every other byte is zero.
fn utf16_by_zeros(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..SAMPLE_BYTES).unwrap_or(bytes);
    let (pairs, _) = sample.as_chunks::<2>();
    let [first, second] = pairs.iter().fold([0_usize; 2], |[a, b], pair| {
        [a + usize::from(pair[0] == 0), b + usize::from(pair[1] == 0)]
    });
    match pairs.len() {
        0 => None,
        all if 4 * second > 3 * all && first == 0 => Some(UTF_16LE),
        all if 4 * first > 3 * all && second == 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// A word for comparison: letters and digits in lower case, nothing else. "File Name" and `file_name` are `filename`.
pub(crate) fn plain(text: &str) -> String {
    fold_text(text)
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}

/// Whether a field says that nothing is known.
pub(crate) fn is_nothing(text: &str) -> bool {
    let text = text.trim();
    let folded = fold_text(text);
    // R writes NA, a spreadsheet #N/A; in small letters `na` may be a name.
    text == "NA"
        || matches!(
            folded.as_str(),
            "" | "-" | "--" | "?" | "nan" | "null" | "none" | "n/a" | "#n/a" | "<na>"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_encoding_is_one_text() {
        let text = "path,label\r\nCafé/a.wav,Zouk ’90\r\n";
        let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(order).collect()
        };
        let (le, be) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
        let utf32 = |mark: &str, order: fn(u32) -> [u8; 4]| -> Vec<u8> {
            let letters = mark.chars().chain(text.chars());
            letters.map(u32::from).flat_map(order).collect()
        };
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            marked(b"\xef\xbb\xbf", text.as_bytes()),
            marked(b"\xff\xfe", &le),
            marked(b"\xfe\xff", &be),
            le,
            be,
            utf32("\u{feff}", u32::to_le_bytes),
            utf32("\u{feff}", u32::to_be_bytes),
            utf32("", u32::to_le_bytes),
            utf32("", u32::to_be_bytes),
        ] {
            assert_eq!(decode_text(&bytes), (text.to_owned(), None));
        }
        let old = b"path,label\r\nCaf\xe9/a.wav,Zouk \x9290\r\n";
        assert_eq!(decode_text(old), (text.to_owned(), Some("windows-1252")));
        assert_eq!(decode_text(b""), (String::new(), None));
    }

    #[test]
    fn an_old_encoding_is_told_by_its_letters() {
        for (text, encoding) in [
            (
                "file,label\nオーディオ/演歌.wav,演歌\nオーディオ/ロック.wav,ロック\n",
                encoding_rs::SHIFT_JIS,
            ),
            (
                "file,label\nשירים/שלום עליכם.wav,מזרחית\nשירים/ערב של שושנים.wav,עממי\n",
                encoding_rs::WINDOWS_1255,
            ),
            (
                "file,label\nпесни/катюша.wav,народная\nпесни/калинка.wav,хоровая музыка\n",
                encoding_rs::WINDOWS_1251,
            ),
            (
                "file,label\n音乐/茉莉花.wav,民歌\n音乐/月亮代表我的心.wav,流行\n",
                encoding_rs::GBK,
            ),
            (
                "file,label\n음악/아리랑.wav,민요\n음악/강남스타일.wav,가요\n",
                encoding_rs::EUC_KR,
            ),
            (
                "file,label\nmusik/Größenwahn.wav,Volksmusik für Bläser\n",
                encoding_rs::WINDOWS_1252,
            ),
        ] {
            let (bytes, _, _) = encoding.encode(text);
            assert_eq!(
                decode_text(&bytes),
                (text.to_owned(), Some(encoding.name()))
            );
            let guessed = OldEncoding::guess(&*bytes).unwrap().unwrap();
            assert_eq!(guessed.decode(&bytes), text);
            assert_eq!(OldEncoding::guess(text.as_bytes()).unwrap(), None);
        }
    }

    #[test]
    fn labels_that_look_the_same_are_the_same_and_those_that_almost_do_compare_equal() {
        for written in ["hip hop", "hip\u{a0}hop", " hip  hop\u{200b}", "hip\thop"] {
            assert_eq!(label_text(written), "hip hop");
        }
        for (one, two) in [
            ("1", "1.0"),
            ("1", "01"),
            ("Hip-Hop", "hip hop"),
            ("rock ’n’ roll", "Rock 'n' Roll"),
            ("Ｒｏｃｋ", "rock"),
            ("trip–hop", "trip-hop"),
        ] {
            assert_eq!(fold_spelling(one), fold_spelling(two), "{one}");
        }
        for (one, two) in [("1", "-1"), ("1", "10"), ("C", "C#"), ("1980", "1980s")] {
            assert_ne!(fold_spelling(one), fold_spelling(two), "{one}");
        }
    }

    #[test]
    fn both_forms_and_cases_of_a_name_are_one() {
        assert_eq!(fold_text("CAFE\u{301}"), fold_text("caf\u{e9}"));
        assert_eq!(
            fold_text("한국"),
            fold_text("\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}")
        );
        assert_ne!(fold_text("cafe"), fold_text("café"));
    }
}
