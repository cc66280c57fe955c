//! Event files that TensorBoard reads: framed records with checksums, each a protocol buffer with the scalars of a step.
//!
//! Written here because the crates that do it need a protobuf compiler at build time or have not been kept up. Only three
//! messages are needed: `Event { wall_time = 1, step = 2, file_version = 3, summary = 5 }`, `Summary { value = 1 }`,
//! `Value { tag = 1, simple_value = 2 }` (tensorflow/core/util/event.proto and framework/summary.proto).

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use super::{ProbeRecord, StepRecord};
use mynascope_base::storage::{StorageError, create_folder};

/// An open event file.
#[derive(Debug)]
pub(super) struct EventFile {
    file: File,
    path: PathBuf,
}

impl EventFile {
    /// Starts a file in the folder `tensorboard` of a run; a resumed run has one more.
    pub fn create(run: &Path) -> Result<Self, StorageError> {
        let folder = run.join("tensorboard");
        create_folder(&folder)?;
        let now = now();
        let path = folder.join(format!("events.out.tfevents.{:.6}.mynascope", now));
        let file = File::create(&path).map_err(|source| StorageError::Io {
            what: "create an event file",
            source,
            path: path.clone(),
        })?;
        let mut events = Self { file, path };
        let mut event = Vec::new();
        double(&mut event, 1, now);
        bytes(&mut event, 3, b"brain.Event:2");
        events.add(&event)?;
        Ok(events)
    }

    /// The numbers of a step.
    pub fn step(&mut self, record: &StepRecord) -> Result<(), StorageError> {
        let mut scalars = vec![
            ("train/loss", record.loss),
            ("train/learning_rate", record.learning_rate),
            ("train/grad_norm", record.grad_norm),
            ("speed/windows_per_second", record.windows_per_second),
        ];
        if let Some(contrast) = &record.contrast {
            scalars.extend([
                ("contrast/pos_cosine", contrast.pos_cosine),
                ("contrast/neg_cosine", contrast.neg_cosine),
                ("contrast/alignment", contrast.alignment),
                ("contrast/uniformity", contrast.uniformity),
                ("contrast/retrieval", contrast.retrieval),
                ("contrast/tau", contrast.tau),
            ]);
        }
        if let Some(turned) = record.equivariance {
            scalars.extend([
                ("mt2/equivariant_loss", turned.cpsd),
                ("mt2/transposition_error", turned.transposition_error),
                ("mt2/profile_length", turned.profile_length),
            ]);
        }
        if let Some(hidden) = record.hidden_frames {
            scalars.extend([
                ("data2vec/target_deviation", hidden.target_deviation),
                ("data2vec/prediction_deviation", hidden.prediction_deviation),
            ]);
        }
        scalars.extend(record.stall.map(|value| ("speed/input_stall", value)));
        scalars.extend(record.accuracy.map(|value| ("train/accuracy", value)));
        self.scalars(record.step, &scalars)
    }

    /// A look at the demo collection.
    pub fn probe(&mut self, record: &ProbeRecord) -> Result<(), StorageError> {
        self.scalars(record.step, &[("probe/demo_style", record.accuracy)])
    }

    fn scalars(&mut self, step: u64, scalars: &[(&str, f64)]) -> Result<(), StorageError> {
        let mut summary = Vec::new();
        for (tag, value) in scalars {
            let mut entry = Vec::new();
            bytes(&mut entry, 1, tag.as_bytes());
            // Field 2, four bytes.
            entry.push(2 << 3 | 5);
            entry.extend_from_slice(&(*value as f32).to_le_bytes());
            bytes(&mut summary, 1, &entry);
        }
        let mut event = Vec::new();
        double(&mut event, 1, now());
        // Field 2, varint.
        event.push(2 << 3);
        varint(&mut event, step);
        bytes(&mut event, 5, &summary);
        self.add(&event)
    }

    /// One record: length, its checksum, data, its checksum.
    fn add(&mut self, event: &[u8]) -> Result<(), StorageError> {
        let length = (event.len() as u64).to_le_bytes();
        let mut record = Vec::with_capacity(event.len() + 16);
        record.extend_from_slice(&length);
        record.extend_from_slice(&masked_checksum(&length).to_le_bytes());
        record.extend_from_slice(event);
        record.extend_from_slice(&masked_checksum(event).to_le_bytes());
        self.file
            .write_all(&record)
            .map_err(|source| StorageError::Io {
                what: "write an event file",
                source,
                path: self.path.clone(),
            })
    }
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes(out: &mut Vec<u8>, field: u8, value: &[u8]) {
    out.push(field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn double(out: &mut Vec<u8>, field: u8, value: f64) {
    out.push(field << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

/// CRC-32C, bit by bit: records are short.
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            let low = sum & 1;
            sum = sum >> 1 ^ (0x82F6_3B78 * low);
        }
    }
    !sum
}

/// As record files keep it (tsl/lib/hash/crc32c.h).
fn masked_checksum(bytes: &[u8]) -> u32 {
    checksum(bytes).rotate_right(15).wrapping_add(0xA282_EAD8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32C's definition, and a record that TensorBoard's own writer makes: the file's first,
    /// at wall time 0.
    #[test]
    fn records_are_those_of_tensorboard() {
        assert_eq!(checksum(b"123456789"), 0xE306_9283);
        let folder = tempfile::tempdir().unwrap();
        let mut events = EventFile::create(folder.path()).unwrap();
        events
            .step(&StepRecord {
                step: 300,
                loss: 1.5,
                ..StepRecord::default()
            })
            .unwrap();
        let written = std::fs::read(&events.path).unwrap();
        let mut rest = written.as_slice();
        let mut records = Vec::new();
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let sum = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
            assert_eq!(sum(8), masked_checksum(&rest[..8]));
            assert_eq!(sum(12 + length), masked_checksum(&rest[12..12 + length]));
            records.push(rest[12..12 + length].to_vec());
            rest = &rest[16 + length..];
        }
        assert_eq!(records.len(), 2);
        assert!(records[0].ends_with(b"brain.Event:2"));
        // Wall time (9 bytes), then field 2 = 300 as a varint, then the summary with loss first.
        let step = &records[1][9..];
        assert_eq!(step[..3], [0x10, 0xAC, 0x02]);
        let tag = b"train/loss";
        let place = step.windows(tag.len()).position(|w| w == tag).unwrap();
        let value = &step[place + tag.len() + 1..place + tag.len() + 5];
        assert_eq!(f32::from_le_bytes(value.try_into().unwrap()), 1.5);
    }
}
