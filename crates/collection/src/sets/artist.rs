//! The splits by artist of Castellon, Donahue and Liang 2021 ("Codified audio language modeling learns useful
//! representations for music information retrieval", JukeMIR): the SHA-1 of an artist's name decides its part, so
//! that no artist is learned from and chosen by.

use sha1::{Digest, Sha1};

/// The number that a name falls on, 0 up to below `parts`: its SHA-1 as one number, modulo `parts`.
pub(super) fn bucket(name: &str, parts: u32) -> u32 {
    Sha1::digest(name.as_bytes())
        .iter()
        .fold(0, |rest, &byte| (rest * 256 + u32::from(byte)) % parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_where_the_published_split_has_them() {
        // python3 -c 'import hashlib; print(int(hashlib.sha1(b"aphex twin").hexdigest(), 16) % 116)'
        for (name, parts, expected) in [("aphex twin", 116, 99), ("aphex twin", 10, 5), ("", 10, 5)]
        {
            assert_eq!(bucket(name, parts), expected, "{name} of {parts}");
        }
    }
}
