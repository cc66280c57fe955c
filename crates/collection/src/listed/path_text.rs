//! Paths as lists write them, of any system.

/// A path of any system with forward slashes: without a drive ("C:"), a scheme ("file://", with %20 for a space) or
/// marks around it.
pub(super) fn slashed(words: &str) -> String {
    let words = words.trim().trim_matches(['"', '\'', '`']);
    let scheme = words
        .get(..7)
        .filter(|scheme| scheme.eq_ignore_ascii_case("file://"));
    let words = match scheme {
        // What stands before the path is the name of a computer.
        Some(scheme) => {
            let rest = words.get(scheme.len()..).unwrap_or_default();
            let path = rest.find('/').and_then(|at| rest.get(at..));
            unescaped(path.unwrap_or(rest))
        }
        None => words.to_owned(),
    };
    let words = words.replace('\\', "/");
    let bare = words.trim_start_matches('/');
    let mut letters = bare.chars();
    match (letters.next(), letters.next()) {
        (Some(drive), Some(':')) if drive.is_ascii_alphabetic() => {
            let rest = letters.as_str();
            match rest.starts_with('/') {
                true => rest.to_owned(),
                false => format!("/{rest}"),
            }
        }
        _ => words,
    }
}

/// The text of a URL's path.
pub(super) fn unescaped(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = (byte == b'%')
            .then(|| std::str::from_utf8(after.get(..2)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(code) => {
                bytes.push(code);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
