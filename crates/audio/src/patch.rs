//! Bytes of a file that are read as others: headers whose sizes are wrong, mended on the way to a reader that trusts them.

/// Four bytes of a file that are read as others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patch {
    pub offset: u64,
    pub bytes: [u8; 4],
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

    #[test]
    fn a_patch_reaches_reads_that_begin_or_end_inside_it() {
        let patch = Patch {
            offset: 4,
            bytes: *b"abcd",
        };
        let mut whole = *b"0123456789";
        apply(&[patch], 0, &mut whole);
        assert_eq!(&whole, b"0123abcd89");
        let mut parts = *b"0123456789";
        let (head, tail) = parts.split_at_mut(6);
        apply(&[patch], 0, head);
        apply(&[patch], 6, tail);
        assert_eq!(parts, whole);
    }
}
