//! Containers as programs write them, made by hand.

use std::{fs, path::PathBuf};

use mynascope_base::jobs::Cancel;
use tempfile::TempDir;

use crate::{AudioError, AudioInfo, probe_file, stream_mono};

pub(super) const RATE: u32 = 8_000;
pub(super) const FRAMES: usize = 4_000;
pub(super) const WAVE_GUID: &[u8] = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a";
pub(super) const LIST: &[u8] = b"LIST\x10\0\0\0INFOINAM\x04\0\0\0song";

pub(super) fn sound() -> Vec<i16> {
    let mut state = 5_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as i16
    };
    (0..FRAMES).map(next).collect()
}

pub(super) fn little() -> Vec<u8> {
    sound()
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

pub(super) fn big() -> Vec<u8> {
    sound()
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect()
}

pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// `fmt ` of one channel.
pub(super) fn format(tag: u16, bits: u16, block_bytes: u16, rate: u32) -> Vec<u8> {
    let mut bytes = b"fmt \x10\0\0\0".to_vec();
    bytes.extend(tag.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * u32::from(block_bytes)).to_le_bytes());
    bytes.extend(block_bytes.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes
}

/// A WAV file of these chunks; no size of the whole is ever right.
pub(super) fn wav(chunks: &[&[u8]]) -> Vec<u8> {
    join(&[b"RIFF\x07\0\0\0WAVE", &chunks.concat()])
}

pub(super) fn data(size: u32) -> Vec<u8> {
    join(&[b"data", &size.to_le_bytes()])
}

pub(super) fn common(frames: u32) -> Vec<u8> {
    // 8000 Hz as an 80-bit number: 1.953125 * 2^12.
    join(&[
        b"COMM\0\0\0\x12\0\x01",
        &frames.to_be_bytes(),
        b"\0\x10\x40\x0b\xfa\0\0\0\0\0\0\0",
    ])
}

pub(super) fn aiff(chunks: &[&[u8]]) -> Vec<u8> {
    join(&[b"FORM\0\0\0\0AIFF", &chunks.concat()])
}

pub(super) fn ssnd(size: u32) -> Vec<u8> {
    join(&[b"SSND", &size.to_be_bytes(), &[0; 8]])
}

pub(super) fn au(size: u32, note: &[u8]) -> Vec<u8> {
    let mut bytes = b".snd".to_vec();
    for number in [24 + note.len() as u32, size, 3, RATE, 1] {
        bytes.extend(number.to_be_bytes());
    }
    join(&[&bytes, note, &big()])
}

pub(super) fn caf(data_size: u64, behind: &[u8]) -> Vec<u8> {
    let mut bytes = b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20".to_vec();
    bytes.extend(f64::from(RATE).to_bits().to_be_bytes());
    bytes.extend(b"lpcm");
    for number in [2_u32, 2, 1, 1, 16] {
        bytes.extend(number.to_be_bytes());
    }
    bytes.extend(b"free\0\0\0\0\0\0\0\x03...data");
    bytes.extend(data_size.to_be_bytes());
    join(&[&bytes, &[0; 4], &little(), behind])
}

pub(super) fn wave64(data_size: u64) -> Vec<u8> {
    let riff = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0";
    let shape = format(1, 16, 2, RATE);
    join(&[
        riff,
        &[0; 8],
        b"wave",
        WAVE_GUID,
        b"fmt ",
        WAVE_GUID,
        &40_u64.to_le_bytes(),
        &shape[8..],
        b"data",
        WAVE_GUID,
        &data_size.to_le_bytes(),
        &little(),
    ])
}

pub(super) fn rf64(size: u64, chunks: &[&[u8]]) -> Vec<u8> {
    join(&[
        b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0",
        &[0; 8],
        &size.to_le_bytes(),
        &[0; 12],
        &chunks.concat(),
    ])
}

pub(super) struct Shelf(pub(super) TempDir);

impl Shelf {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(super) fn decode(
        &self,
        name: &str,
        bytes: &[u8],
    ) -> Result<(Vec<f32>, AudioInfo), AudioError> {
        let path = self.put(name, bytes);
        let rate = probe_file(&path)?.sample_rate;
        let mut samples = Vec::new();
        let mut sink = |piece: &[f32]| samples.extend_from_slice(piece);
        let info = stream_mono(
            &path,
            rate,
            crate::Channel::Mean,
            &Cancel::default(),
            &mut sink,
        )?;
        let told = probe_file(&path)?.duration_secs;
        assert_eq!(told, samples.len() as f64 / f64::from(rate), "{name}");
        Ok((samples, info))
    }
}

pub(super) fn expected() -> Vec<f32> {
    sound()
        .iter()
        .map(|value| f32::from(*value) / 32_768.0)
        .collect()
}
