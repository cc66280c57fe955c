//! Files of torch before 1.6: five pickles one after the other (a number that marks them, the version, facts about the
//! machine, the object, the keys of the rows of numbers), then the rows, each behind the count of its numbers
//! (`torch.serialization._legacy_save`). Always little-endian.

use std::{
    collections::HashMap,
    io::{self, BufReader, Read},
};

use super::{
    super::{listing::Storage, source::Source},
    pickle::{Node, Pickle},
    storage_width,
};

/// `0x1950a86a20f9469cfc6c`, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// Rows of numbers.
const MAX_ROWS: usize = 200_000;

/// Counts the bytes that were taken.
struct Counted<R> {
    stream: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

/// The object of a file, the keys of its rows of numbers, and where the rows begin.
pub(super) struct Legacy {
    pub object: Pickle,
    keys: Vec<String>,
    rows_start: u64,
}

const NOT_OF_TORCH: &str = "it is a pickle that torch.save didn't write, without a zip archive; save model.state_dict() with torch.save";

impl Legacy {
    pub fn read(source: &mut Source) -> Result<Self, String> {
        let mut stream = Counted {
            stream: BufReader::new(source.from(0)?),
            count: 0,
        };
        // A pickle of tensors by themselves has them right here.
        let mark = Pickle::read(&mut stream).map_err(|_| NOT_OF_TORCH)?;
        if !matches!(mark.node(mark.root), Some(Node::Long(bytes)) if *bytes == MAGIC) {
            return Err(NOT_OF_TORCH.into());
        }
        for _ in ["version", "machine"] {
            Pickle::read(&mut stream)?;
        }
        let object = Pickle::read(&mut stream)?;
        let listed = Pickle::read(&mut stream)?;
        let Some(Node::List(items)) = listed.node(listed.root) else {
            return Err("its list of numbers is wrong".into());
        };
        if items.len() > MAX_ROWS {
            return Err("it has more rows of numbers than any model".into());
        }
        let keys = items.iter().filter_map(|&item| match listed.node(item) {
            Some(Node::Text(key)) => Some(key.clone()),
            _ => None,
        });
        Ok(Self {
            keys: keys.collect(),
            object,
            rows_start: stream.count,
        })
    }

    /// Where each row lies.
    pub fn rows(&self, source: &mut Source) -> Result<HashMap<String, Storage>, String> {
        let kinds: HashMap<&str, &str> = self
            .object
            .storages()
            .map(|storage| (storage.key.as_str(), storage.kind.as_str()))
            .collect();
        let outside = "its numbers reach past the end of the file; it is cut off or wrong";
        let mut rows = HashMap::new();
        let mut at = self.rows_start;
        for key in &self.keys {
            // The length of a row follows from the type of its numbers, which only the pickle tells.
            let Some(width) = kinds.get(key.as_str()).and_then(|kind| storage_width(kind)) else {
                return Err("it holds numbers of a type that is not known".into());
            };
            let count = source.read_at(at, 8).map_err(|_| outside)?;
            let count = count.first_chunk().copied().map_or(0, u64::from_le_bytes);
            let length = count.checked_mul(width).ok_or(outside)?;
            let start = at + 8;
            at = start.checked_add(length).ok_or(outside)?;
            if at > source.length() {
                return Err(outside.into());
            }
            rows.insert(key.clone(), Storage::Bytes { start, length });
        }
        Ok(rows)
    }
}
