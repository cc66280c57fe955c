//! The command of a job as a person would type it ("Copy as command").

use std::ffi::{OsStr, OsString};

/// A line for a POSIX shell that runs `mynascope` with these arguments.
#[derive(Debug, Clone, Default)]
pub struct CommandLine(Vec<OsString>);

impl CommandLine {
    /// The line of a verb.
    pub fn verb(verb: &str) -> Self {
        Self(vec!["mynascope".into(), verb.into()])
    }

    /// The line that opens the window on files and folders.
    pub fn window<T: AsRef<OsStr>>(paths: impl IntoIterator<Item = T>) -> Self {
        let line = Self(vec!["mynascope".into()]).arguments(paths);
        let is_word = |word: &OsString| !word.as_encoded_bytes().contains(&b'/');
        match line.0.get(1) {
            // A verb may be called so too (`demo`); behind "--" it is none.
            Some(first) if is_word(first) => {
                let mut words = line.0;
                words.insert(1, "--".into());
                Self(words)
            }
            _ => line,
        }
    }

    /// Adds an argument.
    pub fn argument(mut self, value: impl AsRef<OsStr>) -> Self {
        self.0.push(value.as_ref().to_owned());
        self
    }

    /// Adds several arguments.
    pub fn arguments<T: AsRef<OsStr>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        for value in values {
            self.0.push(value.as_ref().to_owned());
        }
        self
    }

    /// Adds `--name value`.
    pub fn option(self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.argument(format!("--{name}")).argument(value)
    }

    /// The line, each argument quoted where it needs to be.
    pub fn to_line(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|word| quote(word)).collect();
        words.join(" ")
    }
}

/// A word that a POSIX shell reads back as `word`. Bytes that are no text become `$'\xff'`, which bash, zsh and ksh
/// read.
fn quote(word: &OsStr) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=+@%".contains(c);
    match word.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(plain) => text.to_owned(),
        Some(text) if !text.chars().any(char::is_control) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        _ => {
            let mut quoted = String::from("$'");
            for &byte in word.as_encoded_bytes() {
                match byte {
                    b'\'' | b'\\' => {
                        quoted.push('\\');
                        quoted.push(char::from(byte));
                    }
                    b' '..=b'~' => quoted.push(char::from(byte)),
                    _ => quoted.push_str(&format!("\\x{byte:02x}")),
                }
            }
            quoted.push('\'');
            quoted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_words_stay_as_they_are() {
        let line = CommandLine::verb("train")
            .option("mask-ratio", "0.9")
            .arguments(["demo", "/music/a b", "it's", ""]);
        assert_eq!(
            line.to_line(),
            r"mynascope train --mask-ratio 0.9 demo '/music/a b' 'it'\''s' ''"
        );
        assert_eq!(
            CommandLine::window(["demo"]).to_line(),
            "mynascope -- demo",
            "not the verb"
        );
        assert_eq!(CommandLine::window(["/a"]).to_line(), "mynascope /a");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_words_back() {
        use std::os::unix::ffi::OsStrExt;
        let words: [&[u8]; 6] = [
            b"plain",
            b"two words; rm -rf $HOME `x` \"y\"",
            b"it's",
            b"new\nline",
            b"odd\xff'\\name",
            "\u{fc}ber \u{266b}".as_bytes(),
        ];
        for word in words {
            let quoted = quote(OsStr::from_bytes(word));
            let output = std::process::Command::new("bash")
                .args(["-c", &format!("printf %s {quoted}")])
                .output();
            // A system without bash cannot be asked.
            let Ok(output) = output else { return };
            assert_eq!(output.stdout, word, "{quoted}");
        }
    }
}
