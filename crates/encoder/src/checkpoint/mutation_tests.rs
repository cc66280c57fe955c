//! The promise: no change of a sound file makes a reader panic, run something or take more memory than a file may; each
//! is an error or an encoder of the same sizes. Seeded, so that a failure comes again.

use std::{collections::BTreeMap, path::Path};

use super::{
    LoadOptions, fit::fit, list_source, safetensors_file::MAX_HEADER_BYTES, shards, source::Source,
};
use crate::CheckpointError;

/// Changed files of each seed.
const ROUNDS: u64 = 700;

macro_rules! seed {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("../../../../tests/fixtures/checkpoints/", $name)).as_slice(),
        )
    };
}

/// A row of numbers from a seed (SplitMix64, Steele et al. 2014).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }
}

/// A file with a few changes: flipped, set, removed, doubled or cut off bytes, most of them where `places` says the
/// lists are.
fn changed(sound: &[u8], places: &[std::ops::Range<usize>], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for _ in 0..=numbers.below(3) {
        let range = places[numbers.below(places.len())].clone();
        let at = range.start + numbers.below(range.len());
        if at >= bytes.len() {
            continue;
        }
        match numbers.below(8) {
            0 | 1 => bytes[at] ^= 1 << numbers.below(8),
            2 => bytes[at] = numbers.below(256) as u8,
            3 => bytes[at] = [0, 0x7f, 0x80, 0xff][numbers.below(4)],
            4 => drop(bytes.remove(at)),
            5 => bytes.insert(at, numbers.below(256) as u8),
            6 => {
                // A size of eight bytes that is as large as can be.
                let end = (at + 8).min(bytes.len());
                bytes[at..end].fill(0xff);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// Reads bytes as [`super::load_weights`] does, and counts the numbers that came of it.
fn read(bytes: Vec<u8>) -> Result<usize, CheckpointError> {
    let path = Path::new("changed");
    let damaged = |why| CheckpointError::Damaged {
        why,
        path: path.to_path_buf(),
    };
    let listing = list_source(Source::of_memory(bytes), path).map_err(damaged)?;
    let options = LoadOptions::default();
    let (weights, _) = fit(listing, None, &options, path)?.into_weights(None, path)?;
    Ok(weights
        .tensors
        .iter()
        .map(|tensor| tensor.values.len())
        .sum())
}

#[test]
fn changed_files_are_errors_or_the_same_encoder() {
    for (name, sound) in [
        seed!("legacy_2.pth"),
        seed!("legacy_4.pth"),
        seed!("protocol_3.pth"),
        seed!("protocol_5.pth"),
        seed!("deflated.pth"),
        seed!("numpy_scalar.pth"),
        seed!("whole_model.pth"),
        seed!("encoder.safetensors"),
    ] {
        let whole = read(sound.to_vec()).unwrap();
        // The lists stand at the beginning, a zip's directory at the end.
        let places = [
            0..4096.min(sound.len()),
            0..sound.len(),
            sound.len() - 2048..sound.len(),
        ];
        let mut numbers = Numbers(name.len() as u64);
        let mut errors = 0;
        for round in 0..ROUNDS {
            match read(changed(sound, &places, &mut numbers)) {
                Ok(numbers) => assert_eq!(numbers, whole, "{name}, round {round}"),
                Err(_) => errors += 1,
            }
        }
        // Changes of the numbers alone show only in an archive, which has checksums; those of the lists show in each.
        assert!(errors > ROUNDS / 5, "{name}: {errors} errors");
    }
}

/// Where the bytes of an archive's entry `data/KEY` begin and end, and where the directory says its checksum.
fn numbers_of(archive: &[u8], key: &str) -> (std::ops::Range<usize>, usize) {
    let text = |at: usize, bytes: usize| archive.get(at..at + bytes).unwrap_or_default();
    let number = |at: usize, bytes: usize| {
        let bytes = text(at, bytes).iter().rev();
        bytes.fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let entry = (0..archive.len())
        .filter(|&at| text(at, 4) == b"PK\x01\x02")
        .find(|&at| text(at + 46, number(at + 28, 2)).ends_with(format!("/data/{key}").as_bytes()))
        .unwrap();
    let local = number(entry + 42, 4);
    let start = local + 30 + number(local + 26, 2) + number(local + 28, 2);
    (start..start + number(entry + 20, 4), entry + 16)
}

#[test]
fn a_changed_number_in_an_archive_is_an_error() {
    for (name, sound) in [
        seed!("protocol_3.pth"),
        seed!("protocol_5.pth"),
        seed!("whole_model.pth"),
    ] {
        let mut changed = sound.to_vec();
        let (numbers, _) = numbers_of(sound, "0");
        changed[numbers.start + numbers.len() / 2] ^= 0xff;
        let error = read(changed).unwrap_err().to_string();
        assert!(error.contains("tensor "), "{name}: {error}");
        assert!(
            error.contains("its numbers are not those that were saved"),
            "{name}: {error}"
        );
    }
}

#[test]
fn an_archive_that_was_written_without_checksums_is_read() {
    let (_, sound) = seed!("protocol_5.pth");
    let whole = read(sound.to_vec()).unwrap();
    let mut without = sound.to_vec();
    let entries: Vec<usize> = (0..sound.len() - 4)
        .filter(|&at| sound[at..at + 4] == *b"PK\x01\x02")
        .collect();
    for &entry in &entries {
        without[entry + 16..entry + 20].fill(0);
    }
    assert!(entries.len() > 3);
    assert_eq!(read(without).unwrap(), whole);
    // One that is wrong beside others that are right is damage.
    let mut one = sound.to_vec();
    let (_, checksum) = numbers_of(sound, "0");
    one[checksum..checksum + 4].fill(0);
    assert!(read(one).is_err());
}

#[test]
fn cut_off_files_are_errors() {
    for (name, sound) in [
        seed!("legacy_2.pth"),
        seed!("protocol_5.pth"),
        seed!("deflated.pth"),
        seed!("encoder.safetensors"),
    ] {
        for length in (0..sound.len()).step_by(97) {
            assert!(
                read(sound[..length].to_vec()).is_err(),
                "{name} cut to {length}"
            );
        }
    }
}

#[test]
fn changed_indexes_name_no_file_outside_of_their_folder() {
    let files = (0..20).map(|at| {
        (
            format!("transformer.{at}"),
            format!("model-{at}.safetensors"),
        )
    });
    let index = serde_json::json!({"weight_map": files.collect::<BTreeMap<_, _>>()});
    let sound = index.to_string().into_bytes();
    assert_eq!(shards::parse(&sound).unwrap().len(), 20);
    let mut numbers = Numbers(1);
    let places = [0..200, 0..sound.len()];
    for _ in 0..4 * ROUNDS {
        if let Ok(map) = shards::parse(&changed(&sound, &places, &mut numbers)) {
            assert!(map.len() <= 20);
            assert!(
                map.values()
                    .all(|name| !name.contains(['/', '\\']) && name != "..")
            );
        }
    }
}

#[test]
fn sizes_that_a_file_only_claims_take_no_memory() {
    // A header of 16 MiB in a file of a few bytes, a tensor of 2^40 numbers, an entry of 4 GiB in a small archive.
    let mut header = MAX_HEADER_BYTES.to_le_bytes().to_vec();
    header.extend(b"{}");
    assert!(read(header).is_err());
    let claim =
        br#"{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}"#;
    let mut tensor = (claim.len() as u64).to_le_bytes().to_vec();
    tensor.extend(claim);
    assert!(read(tensor).is_err());
    let (_, sound) = seed!("deflated.pth");
    let mut archive = sound.to_vec();
    let entry = archive
        .windows(4)
        .position(|it| it == b"PK\x01\x02")
        .unwrap();
    archive[entry + 24..entry + 28].copy_from_slice(&0xf000_0000_u32.to_le_bytes());
    let error = read(archive).unwrap_err().to_string();
    assert!(error.contains("sizes that cannot be"), "{error}");
}
