use std::io::{self, Read, Seek, SeekFrom};

/// Chunks that are looked at before the samples; real files have a handful.
const MAX_CHUNKS: usize = 256;

/// Four bytes of a file that are read as others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patch {
    pub offset: u64,
    pub bytes: [u8; 4],
}

/// The sizes that a WAV file must have claimed: a program that writes into a pipe, or that was killed, leaves a
/// size of all ones (or one for more than there is), and the sound up to the end of the file is good. The position
/// is the beginning again.
pub(super) fn patches<F: Read + Seek>(file: &mut F, length: u64) -> io::Result<Vec<Patch>> {
    let found = wav_patches(file, length);
    file.seek(SeekFrom::Start(0))?;
    match found {
        // Too short to be sound; the decoder says so.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Vec::new()),
        found => found,
    }
}

fn wav_patches<F: Read + Seek>(file: &mut F, length: u64) -> io::Result<Vec<Patch>> {
    let mut head = [0; 12];
    file.read_exact(&mut head)?;
    if !head.starts_with(b"RIFF") || !head.ends_with(b"WAVE") {
        return Ok(Vec::new());
    }
    let mut place = 12_u64;
    for _ in 0..MAX_CHUNKS {
        file.seek(SeekFrom::Start(place))?;
        let (mut name, mut size) = ([0; 4], [0; 4]);
        file.read_exact(&mut name)?;
        file.read_exact(&mut size)?;
        place += 8;
        let claimed = u64::from(u32::from_le_bytes(size));
        if &name == b"data" {
            let there = length.saturating_sub(place);
            if claimed <= there {
                return Ok(Vec::new());
            }
            // Beyond what 32 bits count, the rest cannot be claimed. An even size needs no padding byte.
            let data = there.min(u64::from(u32::MAX) - place) & !1;
            let patch = |offset, size: u64| Patch {
                offset,
                bytes: (size as u32).to_le_bytes(),
            };
            return Ok(vec![patch(4, place + data - 8), patch(place - 4, data)]);
        }
        // Chunks are padded to even sizes.
        place += claimed + claimed % 2;
    }
    Ok(Vec::new())
}

/// Applies patches to bytes that were read from `offset` on.
pub(super) fn apply(patches: &[Patch], offset: u64, read: &mut [u8]) {
    for patch in patches {
        for (place, byte) in (patch.offset..).zip(patch.bytes) {
            let target = place
                .checked_sub(offset)
                .and_then(|index| read.get_mut(usize::try_from(index).ok()?));
            if let Some(target) = target {
                *target = byte;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn wav(data_size: u32) -> Vec<u8> {
        let mut bytes = b"RIFF\xff\xff\xff\xffWAVEfmt \x04\0\0\0abcdodd \x01\0\0\0x\0data".to_vec();
        bytes.extend(data_size.to_le_bytes());
        bytes.extend([7; 100]);
        bytes
    }

    #[test]
    fn a_size_beyond_the_end_is_cut_and_a_good_one_stays() {
        let broken = wav(u32::MAX);
        let length = broken.len() as u64;
        let found = patches(&mut Cursor::new(&broken), length).unwrap();
        let mut whole = broken.clone();
        apply(&found, 0, &mut whole);
        assert_eq!(whole[4..8], (length as u32 - 8).to_le_bytes());
        assert_eq!(whole[broken.len() - 104..][..4], 100_u32.to_le_bytes());
        // Read in two parts, cut inside a patch.
        let mut parts = broken.clone();
        let (head, tail) = parts.split_at_mut(6);
        apply(&found, 0, head);
        apply(&found, 6, tail);
        assert_eq!(parts, whole);
        assert!(
            patches(&mut Cursor::new(wav(100)), length)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn what_is_no_wav_is_left_alone() {
        for bytes in [b"".to_vec(), b"RIFF".to_vec(), b"OggS".repeat(20)] {
            let length = bytes.len() as u64;
            assert!(patches(&mut Cursor::new(bytes), length).unwrap().is_empty());
        }
    }
}
