//! What a checkpoint lists: names, shapes and where the numbers lie. Numbers are read only for the tensors that are
//! asked for, so what stands beside an encoder (optimiser states, averages, heads) costs nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use burn::tensor::{bf16, f16};

use super::{FileContent, FileTensor, source::Source, torch_file::archive::Directory};
use crate::CheckpointError;

/// What is read of one checkpoint at most, as 32-bit numbers: 85 million parameters take 343 MB. Views may share their
/// numbers and compressed data unfold, so the length of a file doesn't bound it.
pub(super) const MAX_VALUE_BYTES: u64 = 4 << 30;

/// The tensors of a checkpoint, of one file or of several shards.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub tensors: BTreeMap<String, TensorEntry>,
    pub metadata: BTreeMap<String, String>,
    /// What stands where a tensor could but is none that can be read, with what it is.
    pub unreadable: BTreeMap<String, String>,
    parts: Vec<Part>,
}

/// One file.
#[derive(Debug)]
pub(super) struct Part {
    pub path: PathBuf,
    pub source: Source,
    /// Of a zip archive.
    pub directory: Option<Directory>,
    /// The compressed entry that was read last: tensors that share it follow each other.
    inflated: Option<(String, Vec<u8>)>,
    /// Entries of which parts are read, and that are as they were saved.
    checked: BTreeSet<String>,
}

impl Part {
    pub fn new(path: &Path, source: Source, directory: Option<Directory>) -> Self {
        Self {
            path: path.to_path_buf(),
            source,
            directory,
            inflated: None,
            checked: BTreeSet::new(),
        }
    }
}

/// How the type of a tensor begins whose numbers torch marks to mean something else.
pub(super) const MARKED: &str = "marked by torch as";

/// A tensor that a file lists.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TensorEntry {
    /// `F32`, `F64`, `F16`, `BF16`, or any other name: those are no floating point numbers that can be read.
    pub dtype: String,
    pub shape: Vec<usize>,
    /// In numbers, one for each axis; `None` for row-major without gaps.
    pub strides: Option<Vec<usize>>,
    /// Whether the numbers are stored with the other sign.
    pub is_negative: bool,
    /// Numbers before the first one.
    pub offset: usize,
    pub storage: Storage,
    /// Of the listing's files.
    pub part: usize,
}

/// Where numbers lie in a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Storage {
    /// Bytes of the file, little-endian.
    Bytes { start: u64, length: u64 },
    /// An entry of the archive.
    Entry { name: String, big_endian: bool },
}

impl TensorEntry {
    /// Bytes of a number; `None` for what is no floating point number.
    pub fn width(&self) -> Option<usize> {
        match self.dtype.as_str() {
            "F64" => Some(8),
            "F32" => Some(4),
            "F16" | "BF16" => Some(2),
            _ => None,
        }
    }

    /// What its numbers are that are not read, and what to do.
    pub fn say_unread(&self) -> String {
        if self.dtype.starts_with(MARKED) {
            return format!(
                "{}, which changes what its numbers mean and is not read; save what torch makes of it, as in \
                 {{k: v.resolve_conj().resolve_neg().clone() for k, v in state_dict.items()}}",
                self.dtype
            );
        }
        let name = self.dtype.to_uppercase();
        let begins = |kinds: &[&str]| kinds.iter().any(|kind| name.starts_with(kind));
        let what = if begins(&["F8", "F6", "F4", "FLOAT8", "FLOAT6", "FLOAT4"]) {
            "floats of 8 bits and fewer are not read; convert it to f16 or f32"
        } else if name == "BOOL" {
            "yes and no instead of floating point numbers; save the weights that they were made from"
        } else if begins(&["I", "U", "Q"]) {
            "whole numbers as a quantised model has, and only floating point numbers are read; save the model as it was before \
             it was quantised, or multiply by the scales and save as f16 or f32"
        } else if begins(&["C"]) {
            "complex numbers, which no encoder here has; save its weights as real numbers in f16 or f32"
        } else {
            "a type that is not read; convert it to f16 or f32"
        };
        format!("{}: {what}", self.dtype)
    }

    fn count(&self) -> Option<usize> {
        self.shape
            .iter()
            .try_fold(1_usize, |product, &axis| product.checked_mul(axis))
    }

    /// Numbers from the first to behind the last.
    fn span(&self, count: usize) -> Option<usize> {
        let Some(strides) = &self.strides else {
            return Some(count);
        };
        if count == 0 {
            return Some(0);
        }
        self.shape
            .iter()
            .zip(strides)
            .try_fold(1_usize, |span, (&axis, &stride)| {
                span.checked_add(axis.checked_sub(1)?.checked_mul(stride)?)
            })
    }

    /// Whether the numbers lie in row-major order; axes of one element may say anything.
    fn is_contiguous(&self) -> bool {
        let mut step = 1_usize;
        let strides = self.strides.iter().flatten();
        // The product was checked to be a number.
        self.shape
            .iter()
            .rev()
            .zip(strides.rev())
            .all(|(&axis, &stride)| {
                let fits = axis <= 1 || stride == step;
                step = step.saturating_mul(axis);
                fits
            })
    }
}

impl Listing {
    /// A listing of one file.
    pub fn of_part(part: Part) -> Self {
        Self {
            parts: vec![part],
            ..Self::default()
        }
    }

    /// Names and shapes of all floating point tensors.
    pub fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        let tensors = self.tensors.iter();
        tensors
            .filter(|(_, entry)| entry.width().is_some())
            .map(|(name, entry)| (name.clone(), entry.shape.clone()))
            .collect()
    }

    /// Takes in another shard. A name that both have is an error.
    pub fn add(&mut self, shard: Self) -> Result<(), String> {
        let first = self.parts.len();
        self.parts.extend(shard.parts);
        for (name, mut entry) in shard.tensors {
            entry.part += first;
            if self.tensors.insert(name.clone(), entry).is_some() {
                return Err(format!("tensor {name} is in two of its files"));
            }
        }
        self.metadata.extend(shard.metadata);
        self.unreadable.extend(shard.unreadable);
        Ok(())
    }

    /// Reads the numbers of tensors, in the order of the names. All must be there and be floating point numbers.
    pub fn read(&mut self, names: &[&str]) -> Result<Vec<FileTensor>, CheckpointError> {
        let mut bytes = 0_u64;
        for name in names {
            let count = self.tensors.get(*name).and_then(TensorEntry::count);
            bytes = bytes.saturating_add((count.unwrap_or(0) as u64).saturating_mul(4));
        }
        if bytes > MAX_VALUE_BYTES {
            return Err(self.damaged(0, "its tensors have more than 4 GiB".into()));
        }
        names.iter().map(|name| self.read_one(name)).collect()
    }

    /// Reads everything.
    pub fn read_all(mut self) -> Result<FileContent, CheckpointError> {
        let (floats, others): (Vec<_>, Vec<_>) = self
            .tensors
            .iter()
            .map(|(name, entry)| (name.clone(), entry.dtype.clone(), entry.width().is_some()))
            .partition(|(.., is_float)| *is_float);
        let names: Vec<&str> = floats.iter().map(|(name, ..)| name.as_str()).collect();
        let values = self.read(&names)?;
        Ok(FileContent {
            tensors: floats
                .into_iter()
                .map(|(name, ..)| name)
                .zip(values)
                .collect(),
            metadata: self.metadata,
            not_numbers: others
                .into_iter()
                .map(|(name, dtype, _)| (name, dtype))
                .collect(),
        })
    }

    fn damaged(&self, part: usize, why: String) -> CheckpointError {
        let path = self.parts.get(part).map(|part| part.path.clone());
        CheckpointError::Damaged {
            why,
            path: path.unwrap_or_default(),
        }
    }

    fn read_one(&mut self, name: &str) -> Result<FileTensor, CheckpointError> {
        let Some(entry) = self.tensors.get(name) else {
            return Err(self.damaged(0, format!("tensor {name} is missing")));
        };
        let Some(part) = self.parts.get_mut(entry.part) else {
            return Err(self.damaged(0, format!("tensor {name} is in no file")));
        };
        read_tensor(part, entry).map_err(|why| {
            let at = entry.part;
            self.damaged(at, format!("tensor {name}: {why}"))
        })
    }
}

fn read_tensor(part: &mut Part, entry: &TensorEntry) -> Result<FileTensor, String> {
    let outside = || "its shape reaches past its data; the file is cut off or wrong".to_owned();
    let width = entry
        .width()
        .ok_or_else(|| format!("it holds {}", entry.say_unread()))?;
    let count = entry.count().ok_or_else(outside)?;
    let bytes_of = |numbers: usize| numbers.checked_mul(width).ok_or_else(outside);
    let start = bytes_of(entry.offset)? as u64;
    let span = bytes_of(entry.span(count).ok_or_else(outside)?)? as u64;
    let within = |length: u64| match start.checked_add(span) {
        Some(end) if end <= length => Ok(()),
        _ => Err(outside()),
    };
    let (bytes, big_endian) = match &entry.storage {
        Storage::Bytes { start: at, length } => {
            within(*length)?;
            let at = at.checked_add(start).ok_or_else(outside)?;
            (part.source.read_at(at, span)?, false)
        }
        Storage::Entry { name, big_endian } => {
            let directory = part.directory.as_ref().ok_or_else(outside)?;
            let size = directory
                .size(name)
                .ok_or_else(|| format!("its data ({name}) is not in the archive"))?;
            within(size)?;
            let bytes = if directory.is_compressed(name) {
                if part.inflated.as_ref().is_none_or(|(last, _)| last != name) {
                    // The one before is given back first.
                    part.inflated = None;
                    let bytes = directory.read(&mut part.source, name, MAX_VALUE_BYTES)?;
                    part.inflated = Some((name.clone(), bytes));
                }
                let inflated = part.inflated.as_ref().map(|(_, bytes)| bytes.as_slice());
                let (from, to) = (start as usize, (start + span) as usize);
                inflated
                    .and_then(|bytes| bytes.get(from..to))
                    .ok_or_else(outside)?
                    .to_vec()
            } else {
                let at = directory.data_start(&mut part.source, name)?;
                let bytes = part.source.read_at(at + start, span)?;
                if span == size {
                    directory.check_bytes(name, &bytes)?;
                } else if !part.checked.contains(name) {
                    directory.check(&mut part.source, name)?;
                    part.checked.insert(name.clone());
                }
                bytes
            };
            (bytes, *big_endian)
        }
    };
    let mut values = decode_floats(&entry.dtype, &bytes, big_endian).ok_or_else(outside)?;
    if !entry.is_contiguous() {
        let strides = entry.strides.as_deref().unwrap_or_default();
        values = row_major(&values, &entry.shape, strides, count).ok_or_else(outside)?;
    }
    if entry.is_negative {
        values.iter_mut().for_each(|value| *value = -*value);
    }
    Ok(FileTensor {
        shape: entry.shape.clone(),
        values,
        converted_from: (entry.dtype != "F32").then(|| entry.dtype.clone()),
    })
}

/// Numbers that lie transposed or with gaps, in row-major order. The span of the strides was checked.
fn row_major(values: &[f32], shape: &[usize], strides: &[usize], count: usize) -> Option<Vec<f32>> {
    let mut out = Vec::with_capacity(count);
    let mut index = vec![0_usize; shape.len()];
    for _ in 0..count {
        let at: usize = index
            .iter()
            .zip(strides)
            .map(|(i, stride)| i * stride)
            .sum();
        out.push(*values.get(at)?);
        for (i, &axis) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < axis {
                break;
            }
            *i = 0;
        }
    }
    Some(out)
}

/// Numbers of a type ("F32", "F16", "BF16", "F64") as f32; `None` for any other type.
fn decode_floats(dtype: &str, bytes: &[u8], big_endian: bool) -> Option<Vec<f32>> {
    let values = match dtype {
        "F32" => words(bytes, big_endian, f32::from_le_bytes),
        "F64" => words(bytes, big_endian, |word| f64::from_le_bytes(word) as f32),
        "F16" => words(bytes, big_endian, |word| f16::from_le_bytes(word).to_f32()),
        "BF16" => words(bytes, big_endian, |word| bf16::from_le_bytes(word).to_f32()),
        _ => return None,
    };
    Some(values)
}

fn words<const N: usize>(
    bytes: &[u8],
    big_endian: bool,
    decode: impl Fn([u8; N]) -> f32,
) -> Vec<f32> {
    let words = bytes.as_chunks::<N>().0.iter();
    words
        .map(|&(mut word)| {
            if big_endian {
                word.reverse();
            }
            decode(word)
        })
        .collect()
}
