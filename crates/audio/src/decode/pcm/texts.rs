//! What WAV and AIFF files say in words: a WAV's list of INFO, the text chunks of AIFF, and where an ID3 tag lies.

use std::{fs::File, ops::Range, path::Path};

use super::{
    Container, Endian,
    bytes::Bytes,
    chunks::{Chunks, Family},
};
use crate::{
    AudioError,
    source::{Clock, Watched},
};

/// Bytes of one list or text that are read.
const MAX_BYTES: usize = 1 << 16;

/// The words of a file.
#[derive(Debug, Default)]
pub(in crate::decode) struct Texts {
    /// The name of a text and the text, in the order of the file.
    pub named: Vec<([u8; 4], String)>,
    /// Where an ID3 tag lies, in bytes.
    pub id3: Option<Range<u64>>,
}

/// The words of a WAV or AIFF file; of another file none.
///
/// # Errors
/// If the file cannot be read, or not in time.
pub(in crate::decode) fn texts(
    file: &mut Watched<File>,
    length: u64,
    path: &Path,
    clock: &Clock,
) -> Result<Texts, AudioError> {
    let bytes = &mut Bytes {
        file,
        length,
        path,
        clock,
    };
    let start = bytes.read(0, 12)?;
    let endian = match (Container::of(&start), start.first_chunk()) {
        (Some(Container::Wave), Some(b"RIFX")) => Endian::Big,
        (Some(Container::Wave), _) => Endian::Little,
        (Some(Container::Aiff), _) => Endian::Big,
        _ => return Ok(Texts::default()),
    };
    let mut texts = Texts::default();
    // The sound is looked for where a size leads nowhere: the words lie in front of it or behind it.
    let mut chunks = Chunks::new(Family::Iff(endian), 12, [b"data", b"SSND"]);
    while let Some(chunk) = chunks.next(bytes)? {
        match &chunk.name {
            b"LIST" => {
                let list = chunk.content(bytes, MAX_BYTES)?;
                if let Some(list) = list.strip_prefix(b"INFO") {
                    read_list(list, endian, &mut texts.named);
                }
            }
            b"NAME" | b"AUTH" => {
                let text = chunk.content(bytes, MAX_BYTES)?;
                texts.named.push((chunk.name, text_of(&text)));
            }
            b"id3 " | b"ID3 " => {
                let end = chunk.offset.saturating_add(chunk.size).min(length);
                texts.id3 = Some(chunk.offset..end);
            }
            _ => {}
        }
    }
    Ok(texts)
}

/// Names and texts of a list, each text padded to an even size.
fn read_list(mut list: &[u8], endian: Endian, named: &mut Vec<([u8; 4], String)>) {
    while let (Some(&name), Some(size)) = (list.first_chunk(), endian.u32(list, 4)) {
        let size = size as usize;
        let rest = list.get(8..).unwrap_or_default();
        named.push((name, text_of(rest.get(..size).unwrap_or(rest))));
        let next = size.saturating_add(size % 2);
        list = rest.get(next..).unwrap_or_default();
    }
}

/// A text up to its end mark: UTF-8, or else Latin-1, as old programs write.
fn text_of(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0);
    let bytes = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}
