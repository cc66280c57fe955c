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

/// The number of a key by its name: a letter, then `#` or `b`, then "major" or "minor" (also "maj", "min"), in any
/// case. Enharmonic spellings are one key: "C# major" is "Db major".
pub fn parse_key(name: &str) -> Option<u8> {
    let mut words = name.split_whitespace();
    let (tonic, mode) = (words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    let mut letters = tonic.chars();
    let natural: u8 = match letters.next()?.to_ascii_uppercase() {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        'B' => 11,
        _ => return None,
    };
    let pitch = match (letters.next(), letters.next()) {
        (None, _) => natural,
        (Some('#' | '♯'), None) => (natural + 1) % 12,
        (Some('b' | '♭'), None) => (natural + 11) % 12,
        _ => return None,
    };
    match mode.to_ascii_lowercase().as_str() {
        "major" | "maj" => Some(pitch),
        "minor" | "min" => Some(pitch + 12),
        _ => None,
    }
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
        }
        assert_eq!(key_name(24), None);
    }

    #[test]
    fn other_spellings_are_the_same_key_and_nonsense_is_none() {
        assert_eq!(parse_key("c# MAJ"), Some(1));
        assert_eq!(parse_key("Cb major"), Some(11));
        assert_eq!(parse_key("E# min"), Some(17));
        for nonsense in ["", "C", "H major", "C## major", "C major minor", "C dorian"] {
            assert_eq!(parse_key(nonsense), None, "{nonsense}");
        }
    }
}
