//! One array as numpy stores it (numpy/lib/format.py describes it): shape, order of bytes and of axes, and type.
//!
//! Own code, because the crate that writes archives multiplies a size that the file dictates without a check, and reads
//! neither strings of bytes nor half floats without naming their type before.

use std::io::{self, Read};

use half::f16;

use super::MOST_BYTES;

/// An array with its elements as the file has them.
pub(super) struct Array {
    pub shape: Vec<u64>,
    /// The first axis is the one that changes fastest.
    fortran: bool,
    kind: Kind,
    bytes: Vec<u8>,
}

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    big_endian: bool,
    /// numpy's letter: f, i, u, b, U or S.
    letter: char,
    /// Bytes of a number, letters of a text.
    size: usize,
}

/// Why an array cannot be used.
pub(super) enum NpyError {
    /// The bytes are not those of an array.
    Damaged(String),
    /// The array is whole, but holds what a table cannot.
    Unusable(String),
}

impl From<io::Error> for NpyError {
    fn from(error: io::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

fn bad(what: impl Into<String>) -> NpyError {
    NpyError::Damaged(what.into())
}

/// Longest header that is believed: numpy itself stops at 10,000 letters.
const LONGEST_HEADER: usize = 1 << 16;

/// Shape and type at the beginning of an array.
pub(super) struct Header {
    pub shape: Vec<u64>,
    fortran: bool,
    /// As the file has it, for example `<f4`.
    descr: String,
}

impl Header {
    pub(super) fn read(entry: &mut impl Read) -> Result<Self, NpyError> {
        let mut start = [0_u8; 8];
        entry.read_exact(&mut start)?;
        let [0x93, b'N', b'U', b'M', b'P', b'Y', version, _] = start else {
            return Err(bad("it does not start as a numpy array"));
        };
        let length = match version {
            1 => {
                let mut bytes = [0_u8; 2];
                entry.read_exact(&mut bytes)?;
                usize::from(u16::from_le_bytes(bytes))
            }
            2 | 3 => {
                let mut bytes = [0_u8; 4];
                entry.read_exact(&mut bytes)?;
                u32::from_le_bytes(bytes) as usize
            }
            _ => return Err(bad("the version of the array is not known")),
        };
        if length > LONGEST_HEADER {
            return Err(bad("its header is too long"));
        }
        let mut header = vec![0_u8; length];
        entry.read_exact(&mut header)?;
        let header = String::from_utf8(header).map_err(|_| bad("its header is no text"))?;
        let value = |key: &str| -> Option<&str> {
            let (_, rest) = header.split_once(&format!("'{key}'"))?;
            Some(rest.trim_start().strip_prefix(':')?.trim_start())
        };
        let descr = value("descr").ok_or_else(|| bad("its header names no type"))?;
        let descr = match descr.strip_prefix('\'') {
            Some(rest) => rest
                .split_once('\'')
                .ok_or_else(|| bad("its header names no type"))?
                .0
                .to_owned(),
            // Named fields: a list of pairs.
            None => descr.chars().take(40).collect(),
        };
        let order = value("fortran_order").unwrap_or("");
        let fortran = order.starts_with("True");
        if !fortran && !order.starts_with("False") {
            return Err(bad("its header names no order of the axes"));
        }
        let shape = value("shape")
            .and_then(|rest| rest.strip_prefix('('))
            .and_then(|rest| rest.split_once(')'))
            .ok_or_else(|| bad("its header names no shape"))?
            .0
            .split(',')
            .map(|size| size.trim().trim_end_matches('L'))
            .filter(|size| !size.is_empty())
            .map(str::parse)
            .collect::<Result<Vec<u64>, _>>()
            .map_err(|_| bad("its shape is no list of numbers"))?;
        Ok(Self {
            shape,
            fortran,
            descr,
        })
    }

    /// Whether the elements are numbers.
    pub(super) fn is_numeric(&self) -> bool {
        Kind::of(&self.descr).is_ok_and(|kind| kind.is_number())
    }

    /// Whether the elements would be read: they are of a known type and not too many.
    pub(super) fn is_readable(&self) -> bool {
        Kind::of(&self.descr).is_ok_and(|kind| self.bytes(kind).is_some())
    }

    /// Bytes of the elements; `None` for too many.
    fn bytes(&self, kind: Kind) -> Option<u64> {
        let sizes = self.shape.iter();
        sizes
            .copied()
            .try_fold(kind.bytes(), u64::checked_mul)
            .filter(|&bytes| bytes <= MOST_BYTES)
    }

    /// What an array is whose elements are neither numbers nor texts.
    pub(super) fn say_unread(&self) -> String {
        let letter = self.descr.trim_start_matches(['<', '>', '|', '=']);
        if self.descr.starts_with('[') {
            "an array of named fields and no matrix; save one vector a row".to_owned()
        } else if letter.starts_with(['f', 'c']) {
            format!(
                "an array of the type {}, which is not read; save .astype(\"float32\"){}",
                self.descr,
                match letter.starts_with('c') {
                    true => " of its real part or its size",
                    false => "",
                }
            )
        } else {
            format!("an array of the type {}, which is not read", self.descr)
        }
    }

    /// Whether the elements are texts, or Python objects that may be.
    pub(super) fn is_text(&self) -> bool {
        match Kind::of(&self.descr) {
            Ok(kind) => matches!(kind.letter, 'U' | 'S'),
            Err(_) => self.descr.ends_with('O'),
        }
    }

    /// Reads the elements that follow the header.
    pub(super) fn elements(self, entry: &mut impl Read) -> Result<Array, NpyError> {
        let kind = Kind::of(&self.descr)?;
        let expected = self
            .bytes(kind)
            .ok_or_else(|| bad("it claims to be too large"))?;
        // One byte more than expected: reading to the end makes the archive check its sum. Memory grows with what comes,
        // not with what is promised.
        let mut bytes = Vec::new();
        entry.take(expected + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != expected {
            return Err(bad("its size is not that of its shape"));
        }
        Ok(Array {
            shape: self.shape,
            fortran: self.fortran,
            kind,
            bytes,
        })
    }
}

impl Kind {
    fn of(descr: &str) -> Result<Self, NpyError> {
        let object = "it holds Python objects, which only a pickle can store; make it plain before saving, texts with \
                      `.astype(str)`, vectors with `numpy.stack`";
        let unknown =
            || NpyError::Unusable(format!("its type {descr} is none of numbers or texts"));
        let (order, rest) = match descr.chars().next() {
            Some(order @ ('<' | '>' | '|' | '=')) => (order, descr.get(1..).unwrap_or("")),
            _ => ('=', descr),
        };
        let letter = rest.chars().next().ok_or_else(unknown)?;
        if letter == 'O' {
            return Err(NpyError::Unusable(object.to_owned()));
        }
        let size: usize = rest
            .get(1..)
            .and_then(|size| size.parse().ok())
            .ok_or_else(unknown)?;
        let known = match letter {
            'f' => matches!(size, 2 | 4 | 8),
            'i' | 'u' => matches!(size, 1 | 2 | 4 | 8),
            'b' => size == 1,
            'U' | 'S' => size < 1 << 24,
            _ => false,
        };
        if !known {
            return Err(unknown());
        }
        Ok(Self {
            big_endian: order == '>',
            letter,
            size,
        })
    }

    /// Bytes of an element.
    fn bytes(self) -> u64 {
        match self.letter {
            'U' => 4 * self.size as u64,
            _ => self.size as u64,
        }
    }

    fn is_number(self) -> bool {
        !matches!(self.letter, 'U' | 'S')
    }
}

/// A number of an array: whole numbers keep all their digits.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Float(f64),
}

impl Array {
    /// Elements in the order of rows: the last axis changes fastest.
    fn ordered(&self) -> impl Iterator<Item = &[u8]> {
        let size = usize::try_from(self.kind.bytes()).unwrap_or(1).max(1);
        let count = self.bytes.len() / size;
        let columns = self
            .shape
            .last()
            .and_then(|&last| usize::try_from(last).ok());
        // Only matrices differ between the two orders here; one column or row is the same in both.
        let columns = columns
            .filter(|&columns| self.fortran && self.shape.len() == 2 && columns > 0)
            .unwrap_or(1);
        let rows = if self.shape.len() == 2 && columns > 1 {
            count / columns
        } else {
            count
        };
        (0..count).map(move |at| {
            let place = match columns {
                1 => at,
                _ => (at % columns) * rows + at / columns,
            };
            self.bytes
                .get(place * size..(place + 1) * size)
                .unwrap_or_default()
        })
    }

    fn numbers(&self) -> impl Iterator<Item = Number> {
        let kind = self.kind;
        self.ordered().map(move |bytes| kind.number(bytes))
    }

    /// The numbers, rounded to single precision.
    pub(super) fn floats(&self) -> Vec<f32> {
        // Most tables are of this type: without a detour.
        if self.kind
            == (Kind {
                big_endian: false,
                letter: 'f',
                size: 4,
            })
            && !self.fortran
        {
            let parts = self.bytes.as_chunks::<4>().0.iter();
            return parts.map(|&bytes| f32::from_le_bytes(bytes)).collect();
        }
        self.numbers()
            .map(|number| match number {
                Number::Whole(value) => value as f32,
                Number::Float(value) => value as f32,
            })
            .collect()
    }

    /// The numbers as whole ones; none where one has a fraction.
    pub(super) fn whole(&self) -> Option<Vec<i64>> {
        self.numbers()
            .map(|number| match number {
                Number::Whole(value) => i64::try_from(value).ok(),
                Number::Float(value) => {
                    (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)
                }
            })
            .collect()
    }

    pub(super) fn is_numeric(&self) -> bool {
        self.kind.is_number()
    }

    /// The elements as texts: numbers as they are written.
    pub(super) fn texts(&self) -> Result<Vec<String>, NpyError> {
        if self.is_numeric() {
            let texts = self.numbers().map(|number| match number {
                Number::Whole(value) => value.to_string(),
                Number::Float(value) => value.to_string(),
            });
            return Ok(texts.collect());
        }
        // numpy allows texts of no letter: as many empty ones as the shape says. A shape is bounded by memory only
        // through its bytes, so that one without bytes is refused.
        if self.kind.size == 0 {
            let count = self
                .shape
                .iter()
                .try_fold(1_u64, |all, &size| all.checked_mul(size));
            let count = count.filter(|&count| count <= 1 << 24);
            let count = count.ok_or_else(|| bad("it claims to be too large"))?;
            return Ok(vec![String::new(); usize::try_from(count).unwrap_or(0)]);
        }
        self.ordered()
            .map(|bytes| self.kind.text(bytes).ok_or_else(|| bad("it holds no text")))
            .collect()
    }
}

impl Kind {
    fn number(self, bytes: &[u8]) -> Number {
        let mut little = [0_u8; 8];
        for (at, slot) in little.iter_mut().take(self.size).enumerate() {
            let from = if self.big_endian {
                self.size - 1 - at
            } else {
                at
            };
            *slot = bytes.get(from).copied().unwrap_or(0);
        }
        let [a, b, c, d, ..] = little;
        let bits = u64::from_le_bytes(little);
        match (self.letter, self.size) {
            ('f', 2) => Number::Float(f16::from_le_bytes([a, b]).to_f64()),
            ('f', 4) => Number::Float(f64::from(f32::from_le_bytes([a, b, c, d]))),
            ('f', _) => Number::Float(f64::from_le_bytes(little)),
            ('i', size) => {
                // The sign stands in the highest bit of the element.
                let shift = 64 - 8 * size as u32;
                Number::Whole(i128::from(((bits << shift) as i64) >> shift))
            }
            _ => Number::Whole(i128::from(bits)),
        }
    }

    /// Text ends at the zeros that fill it up.
    fn text(self, bytes: &[u8]) -> Option<String> {
        if self.letter == 'S' {
            let end = bytes
                .iter()
                .rposition(|&byte| byte != 0)
                .map_or(0, |last| last + 1);
            return Some(String::from_utf8_lossy(bytes.get(..end)?).into_owned());
        }
        let mut text = String::new();
        for &code in bytes.as_chunks::<4>().0 {
            let code = match self.big_endian {
                true => u32::from_be_bytes(code),
                false => u32::from_le_bytes(code),
            };
            if code == 0 {
                break;
            }
            text.push(char::from_u32(code)?);
        }
        Some(text)
    }
}
