//! Names of keys in Cyrillic, Greek, Japanese, Chinese and Korean.

use unicode_normalization::UnicodeNormalization;

/// Signs in front of a letter, in semitones.
const SIGNS_BEFORE: [(&str, u8); 8] = [
    ("嬰", 1),
    ("変", 11),
    ("變", 11),
    ("升", 1),
    ("降", 11),
    ("올림", 1),
    ("내림", 11),
    ("重嬰", 2),
];

/// The degrees of C major in semitones above C; the longer before what they begin with.
const LETTERS: [(&str, u8); 70] = [
    ("соль", 7),
    ("сол", 7),
    ("до", 0),
    ("ре", 2),
    ("ми", 4),
    ("мі", 4),
    ("фа", 5),
    ("ля", 9),
    ("ла", 9),
    ("си", 11),
    ("сі", 11),
    // Greek.
    ("ντο", 0),
    ("ρε", 2),
    ("μι", 4),
    ("φα", 5),
    ("σολ", 7),
    ("λα", 9),
    ("σι", 11),
    // Serbian and Macedonian name them as German does, with a Б for B flat and a Х for B.
    ("цис", 1),
    ("дис", 3),
    ("фис", 6),
    ("гис", 8),
    ("аис", 10),
    ("цес", 11),
    ("дес", 1),
    ("гес", 6),
    ("ес", 3),
    ("ас", 8),
    ("це", 0),
    ("де", 2),
    ("еф", 5),
    ("ге", 7),
    ("бе", 10),
    ("ха", 11),
    ("ц", 0),
    ("д", 2),
    ("е", 4),
    ("ф", 5),
    ("г", 7),
    ("а", 9),
    ("б", 10),
    ("х", 11),
    ("ハ", 0),
    ("ニ", 2),
    ("ホ", 4),
    ("ヘ", 5),
    ("ト", 7),
    ("イ", 9),
    ("ロ", 11),
    ("は", 0),
    ("に", 2),
    ("ほ", 4),
    ("へ", 5),
    ("と", 7),
    ("い", 9),
    ("ろ", 11),
    ("다", 0),
    ("라", 2),
    ("마", 4),
    ("바", 5),
    ("사", 7),
    ("가", 9),
    ("나", 11),
    ("c", 0),
    ("d", 2),
    ("e", 4),
    ("f", 5),
    ("g", 7),
    ("a", 9),
    ("b", 11),
];

/// Signs behind a letter, in semitones.
const SIGNS_BEHIND: [(&str, u8); 14] = [
    ("диез", 1),
    ("дієз", 1),
    ("бемоль", 11),
    ("бемол", 11),
    ("διεση", 1),
    ("υφεση", 11),
    ("シャープ", 1),
    ("フラット", 11),
    ("샵", 1),
    ("플랫", 11),
    ("#", 1),
    ("♯", 1),
    ("b", 11),
    ("♭", 11),
];

/// Modes, and whether they are minor. The English ones come where the mode has a column of its own.
const MODES: [(&str, bool); 28] = [
    ("мажор", false),
    ("дур", false),
    ("минор", true),
    ("мінор", true),
    ("моль", true),
    ("мол", true),
    ("長調", false),
    ("短調", true),
    ("长调", false),
    ("短调", true),
    ("大調", false),
    ("小調", true),
    ("大调", false),
    ("小调", true),
    ("장조", false),
    ("단조", true),
    ("メジャー", false),
    ("マイナー", true),
    ("메이저", false),
    ("마이너", true),
    ("μειζονα", false),
    ("μειζων", false),
    ("ματζορε", false),
    ("ελασσονα", true),
    ("ελασσων", true),
    ("μινορε", true),
    ("major", false),
    ("minor", true),
];

/// The number of a key that is written in another script than Latin: "До мажор", "ля-бемоль минор", "嬰ハ短調", "Cメジャー",
/// "降B大调", "올림다단조". A letter without a mode is none.
pub(super) fn key_in_script(name: &str) -> Option<u8> {
    if name.is_ascii() {
        return None;
    }
    let is_between = |letter: char| {
        letter.is_whitespace() || matches!(letter, '-' | '_' | ':' | '\u{2010}'..='\u{2015}')
    };
    let name: String = name
        .nfkc()
        .flat_map(char::to_lowercase)
        .filter(|letter| !is_between(*letter))
        .map(|letter| match letter {
            'ά' => 'α',
            'έ' => 'ε',
            'ί' => 'ι',
            'ό' => 'ο',
            'ύ' => 'υ',
            'ώ' => 'ω',
            other => other,
        })
        .collect();
    let (before, rest) = begins(&SIGNS_BEFORE, &name).unwrap_or((0, &name));
    let (natural, rest) = begins(&LETTERS, rest)?;
    let (behind, rest) = begins(&SIGNS_BEHIND, rest).unwrap_or((0, rest));
    let (_, is_minor) = MODES.iter().find(|(mode, _)| *mode == rest)?;
    if before > 0 && behind > 0 {
        return None;
    }
    let pitch = (natural + before + behind) % 12;
    Some(if *is_minor { pitch + 12 } else { pitch })
}

/// What the beginning of a text means, and the text behind it.
fn begins<'t>(known: &[(&str, u8)], text: &'t str) -> Option<(u8, &'t str)> {
    known
        .iter()
        .find_map(|&(word, shift)| Some((shift, text.strip_prefix(word)?)))
}

#[cfg(test)]
mod tests {
    use super::super::{key_name, parse_key};

    #[test]
    fn keys_in_other_scripts_are_the_same_keys() {
        for (key, spellings) in [
            (
                "C major",
                "До мажор|до-мажор|ハ長調|Cメジャー|ﾊ長調|C大调|다장조|До major",
            ),
            (
                "A minor",
                "ля минор|Ля мінор|イ短調|い短調|Aマイナー|a小調|가단조|ля минор (8A)|Am / イ短調",
            ),
            (
                "C# minor",
                "до-диез минор|До♯ минор|до# минор|嬰ハ短調|升c小调|올림다단조|C#マイナー",
            ),
            (
                "Bb major",
                "си-бемоль мажор|Си бемоль мажор|Си♭ мажор|変ロ長調|降B大調|내림나장조",
            ),
            ("G minor", "соль минор|сол минор|ト短調|사단조"),
            ("B minor", "си минор|сі мінор|ロ短調|b小调|나단조"),
            ("F major", "фа мажор|ヘ長調|바장조"),
            ("C major", "Це-дур|Ц дур|Ντο μείζονα|C장조|Ｃ大调"),
            ("A minor", "а-мол|Λα ελάσσονα|A 마이너|λα μινόρε"),
            ("B minor", "ха-мол|х мол|Σι ελάσσονα"),
            ("Bb major", "Бе-дур|Б дур|Σι ύφεση μείζονα"),
            ("F# minor", "фис-мол|Φα δίεση ελάσσονα|фа диез минор"),
            ("Eb major", "Ес-дур|Ми бемол мажор"),
            ("D minor", "де мол|д-мол|Ρε ελάσσονα"),
        ] {
            for spelling in spellings.split('|') {
                let read = parse_key(spelling).and_then(key_name);
                assert_eq!(read, Some(key), "{spelling}");
            }
        }
        for nonsense in [
            "до",
            "ハ",
            "長調",
            "минор",
            "додо минор",
            "ロック",
            "嬰ハ#短調",
            "дом",
            "до дорийский",
        ] {
            assert_eq!(parse_key(nonsense), None, "{nonsense}");
        }
    }
}
