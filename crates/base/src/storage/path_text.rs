//! Paths as text that leads back to the same file, for JSON, tables and settings: names need not be UTF-8.

use std::path::{Path, PathBuf};

/// What begins a path that is written as a file URI (RFC 8089; its scheme is not case-sensitive).
const SCHEME: &str = "file:";

/// `path` as text from which [`path_from_text`] makes the same path again.
///
/// A path that is UTF-8 stays as it is, letter for letter. Any other one becomes a file URI: `file:///music/caf%E9.wav`,
/// or, where it is relative, `file:music/caf%E9.wav`. There the bytes that are not UTF-8, and the ASCII characters that
/// mean something else in a URI, are percent-encoded (RFC 3986, 2.1); other letters stay readable. A path that itself
/// begins with `file:` is written so, too. Where names are not bytes (Windows), halves of a surrogate pair alone are lost.
pub fn path_to_text(path: &Path) -> String {
    match path.to_str() {
        Some(text) if strip_scheme(text).is_none() => text.to_owned(),
        _ => to_uri(path),
    }
}

/// The path that [`path_to_text`] wrote as `text`. File URIs of other programs are understood as well
/// (`file:///music/my%20song.wav`, `file://localhost/..`); a URI that names another machine, as any text, is a path.
pub fn path_from_text(text: &str) -> PathBuf {
    let Some(rest) = strip_scheme(text) else {
        return PathBuf::from(text);
    };
    let local = match rest.strip_prefix("//") {
        Some(rest) if rest.starts_with('/') => rest,
        Some(rest) => match rest.split_at_checked("localhost".len()) {
            Some((host, rest))
                if host.eq_ignore_ascii_case("localhost") && rest.starts_with('/') =>
            {
                rest
            }
            _ => return PathBuf::from(text),
        },
        None => rest,
    };
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(local).collect();
    path_of_bytes(bytes)
}

fn strip_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

fn to_uri(path: &Path) -> String {
    let mut uri = String::from(SCHEME);
    if path.has_root() {
        uri.push_str("//");
    }
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter.is_control()
                || matches!(letter, ' ' | '%' | '#' | '?' | '"' | '<' | '>' | '\\')
            {
                let mut bytes = [0; 4];
                for &byte in letter.encode_utf8(&mut bytes).as_bytes() {
                    uri.push_str(percent_encoding::percent_encode_byte(byte));
                }
            } else {
                uri.push(letter);
            }
        }
        for &byte in chunk.invalid() {
            uri.push_str(percent_encoding::percent_encode_byte(byte));
        }
    }
    uri
}

#[cfg(unix)]
fn path_of_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};
    OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path_of_bytes(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_letters_stay_as_they_are() {
        for text in [
            "",
            "a.wav",
            "/music/日本語/a b%20c#1?.wav",
            "a\\b",
            "/file:/a",
            "c:file:x",
        ] {
            assert_eq!(path_to_text(Path::new(text)), text);
            assert_eq!(path_from_text(text), Path::new(text));
        }
    }

    #[cfg(unix)]
    #[test]
    fn every_name_leads_back_to_its_file() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let names: [&[u8]; 9] = [
            b"caf\xe9.wav",
            b"/music/caf\xe9/\xe6\x97\xa5.wav",
            b"//server/caf\xe9",
            b"%41 50%\xff.wav",
            b"\xff\xfe\n\t\"q\".wav",
            b"file:a%20b.wav",
            b"FILE:///x",
            b"file://host/\xe9",
            b"\xe6\x97", // a letter that is cut off
        ];
        for name in names {
            let path = Path::new(OsStr::from_bytes(name));
            let text = path_to_text(path);
            assert_eq!(path_from_text(&text), path, "{text}");
            assert!(!text.contains(['\n', '\t', ' ', '"']), "{text}");
        }
        let text = path_to_text(Path::new(OsStr::from_bytes(b"/m/caf\xe9 \xe6\x97\xa5.wav")));
        assert_eq!(text, "file:///m/caf%E9%20日.wav");
        let text = path_to_text(Path::new(OsStr::from_bytes(b"odd/caf\xe9.wav")));
        assert_eq!(text, "file:odd/caf%E9.wav");
    }

    #[cfg(unix)]
    #[test]
    fn uris_of_other_programs_are_paths() {
        for (text, path) in [
            ("file:///music/my%20song.wav", "/music/my song.wav"),
            ("file:/music/a.wav", "/music/a.wav"),
            ("file://localhost/music/a.wav", "/music/a.wav"),
            ("File:///%E6%97%A5.wav", "/日.wav"),
            ("file:///100%.wav", "/100%.wav"),
            ("file://server/music/a.wav", "file://server/music/a.wav"),
            ("https://a.example/b.wav", "https://a.example/b.wav"),
        ] {
            assert_eq!(path_from_text(text), Path::new(path));
        }
    }
}
