//! Files of kinds that no encoder here makes; the others are made and cut in `decode/tests.rs`.

use std::io::Write;

use super::*;
use crate::source::STALL_LIMIT;
use mynascope_base::jobs::Cancel;

/// What the first `there` bytes of a file tell.
fn facts(bytes: &[u8], there: usize) -> Facts {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes[..there]).unwrap();
    let clock = Clock::new(&Cancel::default(), STALL_LIMIT);
    look(file, 0..there as u64, &clock).unwrap()
}

fn is_cut(facts: &Facts) -> bool {
    matches!(facts.incomplete, Some(Incomplete::EndsEarly { .. }))
}

/// The whole file lasts so many seconds, and one that lacks its end says so.
fn assert_told(bytes: &[u8], secs: Option<f64>) {
    let whole = facts(bytes, bytes.len());
    assert_eq!((whole.duration_secs, whole.incomplete), (secs, None));
    let cut = facts(bytes, bytes.len() * 7 / 10);
    assert!(is_cut(&cut), "{cut:?}");
}

/// A block of WavPack at 44.1 kHz: frames of the whole file, the first of the block's and how many; and 68 bytes of sound.
fn wavpack_block(total: u32, index: u32, frames: u32) -> Vec<u8> {
    let mut block = b"wvpk\x5c\0\0\0\x10\x04\0\0".to_vec();
    for value in [total, index, frames, 9 << 23 | 3 << 11] {
        block.extend(value.to_le_bytes());
    }
    block.resize(100, 0x55);
    block
}

#[test]
fn blocks_of_wavpack_are_counted() {
    let file = |total: u32| -> Vec<u8> {
        let blocks = (0..4).map(|block| wavpack_block(total, block * 22_050, 22_050));
        blocks.flatten().collect()
    };
    assert_told(&file(88_200), Some(2.0));
    assert!(facts(&file(88_200), 400).seeks);
    // Cut between two blocks.
    assert!(is_cut(&facts(&file(88_200), 200)));
    // Written into a pipe.
    let piped = facts(&file(u32::MAX), 400);
    assert_eq!((piped.duration_secs, piped.incomplete), (Some(2.0), None));
    let two = [file(88_200), file(u32::MAX)].concat();
    let joined = facts(&two, two.len());
    assert_eq!((joined.duration_secs, joined.seeks), (Some(4.0), false));
}

#[test]
fn frames_of_true_audio_are_added_up() {
    let mut bytes = b"TTA1\x01\0\x02\0\x10\0".to_vec();
    bytes.extend(44_100_u32.to_le_bytes());
    bytes.extend(88_200_u32.to_le_bytes());
    bytes.extend([0; 4]);
    for size in [5_000_u32, 4_000] {
        bytes.extend(size.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.resize(bytes.len() + 9_000, 0x55);
    assert_told(&bytes, Some(2.0));
    let two = bytes.repeat(2);
    let found = facts(&two, two.len());
    assert_eq!(found.incomplete, Some(Incomplete::MoreFollows));
    assert_eq!(found.end, Some(bytes.len() as u64));
}

#[test]
fn monkeys_audio_and_dsd_tell_lengths_and_sizes() {
    let mut ape = b"MAC ".to_vec();
    ape.extend(3_990_u32.to_le_bytes());
    for size in [52_u32, 24, 4, 44, 4_000, 0, 0] {
        ape.extend(size.to_le_bytes());
    }
    ape.resize(52, 0);
    ape.extend([0xd0, 7, 0, 0]);
    for value in [73_728_u32, 14_472, 2] {
        ape.extend(value.to_le_bytes());
    }
    ape.extend([16, 0, 2, 0]);
    ape.extend(44_100_u32.to_le_bytes());
    ape.resize(52 + 24 + 4 + 44 + 4_000, 0);
    assert_told(&ape, Some(2.0));
    let mut dsf = b"DSD ".to_vec();
    dsf.extend(28_u64.to_le_bytes());
    dsf.extend((92 + 8_192_u64).to_le_bytes());
    dsf.extend([0; 8]);
    dsf.extend(b"fmt ");
    dsf.extend(52_u64.to_le_bytes());
    for value in [1_u32, 0, 2, 2, 2_822_400, 1] {
        dsf.extend(value.to_le_bytes());
    }
    dsf.extend(28_224_u64.to_le_bytes());
    dsf.resize(92 + 8_192, 0);
    assert_told(&dsf, Some(0.01));
    for file in [ape, dsf] {
        let two = file.repeat(2);
        let found = facts(&two, two.len()).incomplete;
        assert_eq!(found, Some(Incomplete::MoreFollows));
    }
}

#[test]
fn frames_of_amr_are_counted() {
    let frame: Vec<u8> = [&[7 << 3 | 4][..], &[0x55; 31]].concat();
    let bytes = [b"#!AMR\n".to_vec(), frame.repeat(50)].concat();
    assert_told(&bytes, Some(1.0));
    let two = facts(&bytes.repeat(2), 2 * bytes.len());
    assert_eq!(two.incomplete, Some(Incomplete::MoreFollows));
    assert_eq!(
        (two.duration_secs, two.end),
        (Some(1.0), Some(bytes.len() as u64))
    );
    // A pause has a size and, in some decoders, no time.
    let pause = [&[8 << 3 | 4][..], &[0; 5]].concat();
    let bytes = [bytes, pause].concat();
    assert_told(&bytes, None);
    let frame: Vec<u8> = [&[8 << 3 | 4][..], &[0x55; 60]].concat();
    assert_told(
        &[b"#!AMR-WB\n".to_vec(), frame.repeat(50)].concat(),
        Some(1.0),
    );
}

#[test]
fn frames_of_dolby_sound_have_the_sizes_of_the_standard() {
    let frame = |head: &[u8]| frames::dolby(&[head, &[0; 10]].concat());
    let told = |head: &[u8]| frame(head).map(|frame| (frame.bytes, frame.samples, frame.rate));
    // A/52, table 5.18: 192 kbit/s in all rates, both sizes in 44.1 kHz.
    assert_eq!(
        told(&[0x0b, 0x77, 0, 0, 0x14, 0x40]),
        Some((768, 1536, 48_000))
    );
    assert_eq!(
        told(&[0x0b, 0x77, 0, 0, 0x54, 0x40]),
        Some((834, 1536, 44_100))
    );
    assert_eq!(
        told(&[0x0b, 0x77, 0, 0, 0x55, 0x40]),
        Some((836, 1536, 44_100))
    );
    // Enhanced: the size stands there; further channels take no time.
    assert_eq!(
        told(&[0x0b, 0x77, 1, 0xff, 0x30, 0x80]),
        Some((1024, 1536, 48_000))
    );
    assert_eq!(
        told(&[0x0b, 0x77, 0x41, 0xff, 0x30, 0x80]),
        Some((1024, 0, 48_000))
    );
    assert!(frame(&[0x0b, 0x77, 0, 0, 0xff, 0x40]).is_none());
}

#[test]
fn films_tell_where_they_end() {
    let mut avi = b"RIFF\x10\x27\0\0AVI JUNK\x04\x27\0\0".to_vec();
    avi.resize(8 + 10_000, 0);
    assert_told(&avi, None);
    let two = avi.repeat(2);
    assert_eq!(
        facts(&two, two.len()).incomplete,
        Some(Incomplete::MoreFollows)
    );
    // The rest was never filled.
    avi[16..20].copy_from_slice(&5_000_u32.to_le_bytes());
    assert!(is_cut(&facts(&avi, avi.len())));
    avi[4..8].fill(0);
    assert_eq!(facts(&avi, 5_000), Facts::default());
    let mut film = b"\0\0\x01\xba\x44\0\x04\0\x04\x01\x01\x89\xc3\xf8".to_vec();
    film.extend(b"\0\0\x01\xc0\x07\xd0");
    film.resize(14 + 6 + 2_000, 0xff);
    assert_told(&film, None);
    film.extend(b"\0\0\x01\xb9");
    assert_told(&film, None);
    let mut packet = [0xff; 188];
    packet[0] = 0x47;
    let stream = packet.repeat(100);
    assert!(facts(&stream, stream.len()).ends_anywhere);
    assert!(is_cut(&facts(&stream, stream.len() - 100)));
    assert_eq!(facts(&stream, 188 * 50).incomplete, None);
}

#[test]
fn sizes_that_make_no_sense_tell_nothing_and_end() {
    let mut state = 1_u32;
    for mark in [
        &b"MAC "[..],
        b"DSD ",
        b"FRM8",
        b"\x0b\x77",
        b"\x7f\xfe\x80\x01",
        b"#!AMR\n",
        b"RIFF",
        b"FLV\x01",
        b"\x30\x26\xb2\x75",
        b".RMF",
        b"MPCK",
        b"\0\0\x01\xba",
        b"\x47",
    ] {
        for fill in [0x00, 0xff] {
            facts(&[mark, &[fill; 3_000]].concat(), 3_000);
        }
        let mut bytes = mark.to_vec();
        bytes.extend((0..3_000).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }));
        for there in [mark.len(), 20, 3_000] {
            facts(&bytes, there);
        }
    }
}

/// A file and zeros behind it.
fn padded(bytes: &[u8], zeros: usize) -> Facts {
    let bytes = [bytes, &vec![0; zeros]].concat();
    facts(&bytes, bytes.len())
}

#[test]
fn a_few_zeros_behind_whole_packets_are_padding() {
    let mut packet = [0xff; 188];
    packet[0] = 0x47;
    let stream = packet.repeat(100);
    for zeros in [1, 3, 940, 1880, 5000, 32 << 10] {
        let told = padded(&stream, zeros);
        assert_eq!((told.incomplete, told.end), (None, Some(18_800)), "{zeros}");
        assert!(is_cut(&padded(&stream[..18_700], zeros + 188)), "{zeros}");
    }
    assert!(is_cut(&padded(&stream, 40 << 10)));
    // Tags of Flash video: kind, size, time, stream; then the size of all that.
    let mut film = b"FLV\x01\x04\0\0\0\x09\0\0\0\0".to_vec();
    for _ in 0..100 {
        film.extend(b"\x08\0\x01\0\0\0\0\0\0\0\0");
        film.resize(film.len() + 256, 0x55);
        film.extend(267_u32.to_be_bytes());
    }
    let end = film.len() as u64;
    for zeros in [16, 1880, 5000] {
        let told = padded(&film, zeros);
        assert_eq!((told.incomplete, told.end), (None, Some(end)), "{zeros}");
    }
    assert!(is_cut(&padded(&film, 40 << 10)));
    assert!(is_cut(&padded(&film[..film.len() - 100], 200)));
}

#[test]
fn zeros_that_fill_up_the_last_word_of_ircam_sound_are_no_frame() {
    // In either order: mark, rate, channels, bytes a sample.
    for (mark, words) in [
        (
            b"\x64\xa3\x01\0",
            [44_100_f32.to_bits(), 2, 2].map(u32::to_le_bytes),
        ),
        (
            b"\0\x02\xa3\x64",
            [44_100_f32.to_bits(), 2, 2].map(u32::to_be_bytes),
        ),
    ] {
        let mut file = [&mark[..], &words.concat()].concat();
        file.resize(1024, 0);
        file.extend([0x55; 400]);
        let end = file.len() as u64;
        assert_eq!(facts(&file, file.len()), Facts::default());
        for zeros in 1..=3 {
            let told = padded(&file, zeros);
            assert_eq!((told.incomplete, told.end), (None, Some(end)), "{zeros}");
        }
        // Silence is sound, and half a frame is cut.
        assert_eq!(padded(&file, 40_000), Facts::default());
        assert_eq!(facts(&file, file.len() - 2).end, None);
    }
}

#[test]
fn voc_as_sox_counts_it_is_whole_with_zeros_behind_it_and_tells_of_another() {
    let mut file = b"Creative Voice File\x1a\x1a\0\x0a\x01\x29\x11\x09".to_vec();
    file.extend(&(1000_u32 + 4).to_le_bytes()[..3]);
    file.extend(b"\x44\xac\0\0\x10\x02\x04\0\0\0\0\0");
    file.resize(file.len() + 1000, 0x55);
    file.push(0);
    for zeros in [0, 3, 188, 5000] {
        assert_eq!(padded(&file, zeros).incomplete, None, "{zeros}");
    }
    let two = file.repeat(2);
    let more = Some(Incomplete::MoreFollows);
    assert_eq!(facts(&two, two.len()).incomplete, more);
    assert!(is_cut(&facts(&file, 700)));
}
