//! Containers with the sizes that programs leave behind, made here by hand.

mod files;

use std::{fs, path::Path};

use mynascope_base::jobs::Cancel;

use crate::{AudioError, Incomplete, decode::Decoder, load_mono, probe_file};

use self::files::*;

/// Whatever the sizes say, these are whole, and all of their sound plays.
#[test]
fn wrong_and_unfilled_sizes_keep_no_sound_from_playing() {
    let shape = format(1, 16, 2, RATE);
    let (pcm, be) = (little(), big());
    let size = pcm.len() as u32;
    let comment = b"INFOICMT\x20\0\0\0some words of a comment in here ";
    let behind = join(&[LIST, b"id3 \x03\0\0\0abc\0"]);
    let rifx = join(&[
        b"RIFX\0\0\0\0WAVEfmt \0\0\0\x10\0\x01\0\x01",
        &RATE.to_be_bytes(),
        &(2 * RATE).to_be_bytes(),
        b"\0\x02\0\x10data",
        &size.to_be_bytes(),
        &be,
    ]);
    let long_comm = join(&[
        b"FORM\0\0\0\0AIFCCOMM\0\0\0\x80\0\x01",
        &(FRAMES as u32).to_be_bytes(),
        b"\0\x10\x40\x0b\xfa\0\0\0\0\0\0\0sowt",
        &[0; 106],
        &ssnd(size + 8),
        &pcm,
    ]);
    let offset = join(&[
        &common(0),
        b"SSND",
        &(size + 24).to_be_bytes(),
        b"\0\0\0\x10\0\0\0\0",
        &[9; 16],
    ]);
    let sphere = join(&[
        b"NIST_1A\n   1024\nchannel_count -i 1\nsample_count -i 4000\nsample_rate -i 8000\n\
          sample_n_bytes -i 2\nsample_byte_format -s2 01\nsample_coding -s3 pcm\nend_head\n",
    ]);
    let sphere = join(&[&sphere, &vec![b' '; 1024 - sphere.len()], &pcm]);
    let files = [
        ("right.wav", wav(&[&shape, &data(size), &pcm])),
        ("zero.wav", wav(&[&shape, &data(0), &pcm])),
        ("all_ones.wav", wav(&[&shape, &data(u32::MAX), &pcm])),
        ("sox_pipe.wav", wav(&[&shape, &data(0x7fff_f000), &pcm])),
        ("eight_more.wav", wav(&[&shape, &data(size + 8), &pcm])),
        ("with_header.wav", wav(&[&shape, &data(size + 44), &pcm])),
        ("before.wav", wav(&[&shape, LIST, &data(size), &pcm])),
        ("behind.wav", wav(&[&shape, &data(size), &pcm, &behind])),
        (
            "unpadded.wav",
            wav(&[&shape, b"LIST\x05\0\0\0INFO1", &data(size), &pcm]),
        ),
        (
            "padded.wav",
            wav(&[&shape, b"LIST\x05\0\0\0INFO1\0", &data(size), &pcm]),
        ),
        (
            "small_list.wav",
            wav(&[&shape, b"LIST\x0c\0\0\0", comment, &data(size), &pcm]),
        ),
        (
            "large_list.wav",
            wav(&[&shape, b"LIST\xff\xff\0\x7f", comment, &data(size), &pcm]),
        ),
        (
            "empty_before.wav",
            wav(&[&shape, &data(0), LIST, &data(size), &pcm]),
        ),
        (
            "empty_twice.wav",
            wav(&[&data(0), &shape, &data(0), &data(size), &pcm, LIST]),
        ),
        (
            "empty_before.aiff",
            aiff(&[&common(4000), &ssnd(8), &ssnd(size + 8), &be]),
        ),
        ("format_behind.wav", wav(&[&data(size), &pcm, &shape])),
        (
            "tagged.wav",
            join(&[
                b"ID3\x04\0\0\0\0\0\x05.....",
                &wav(&[&shape, &data(size), &pcm]),
            ]),
        ),
        ("rifx.wav", rifx),
        (
            "rf64.wav",
            rf64(u64::from(size), &[&shape, &data(u32::MAX), &pcm, LIST]),
        ),
        ("rf64_zero.wav", rf64(0, &[&shape, &data(u32::MAX), &pcm])),
        (
            "no_ds64.wav",
            join(&[b"BW64\xff\xff\xff\xffWAVE", &shape, &data(u32::MAX), &pcm]),
        ),
        ("right.w64", wave64(24 + u64::from(size))),
        ("zero.w64", wave64(0)),
        ("all_ones.w64", wave64(u64::MAX)),
        ("right.aiff", aiff(&[&common(4000), &ssnd(size + 8), &be])),
        ("zero.aiff", aiff(&[&common(0), &ssnd(0), &be])),
        (
            "counted.aiff",
            aiff(&[&common(4000), &ssnd(0), &be, b"ANNO\0\0\0\x02hi"]),
        ),
        ("behind.aiff", aiff(&[&ssnd(size + 8), &be, &common(4000)])),
        ("offset.aiff", aiff(&[&offset, &be])),
        ("long_comm.aifc", long_comm),
        ("right.au", au(size, b"")),
        ("all_ones.au", au(u32::MAX, b"")),
        ("zero.au", au(0, b"a note of some length...")),
        (
            "right.caf",
            caf(u64::from(size) + 4, b"info\0\0\0\0\0\0\0\x04\0\0\0\0"),
        ),
        ("minus_one.caf", caf(u64::MAX, b"")),
        ("speech.sph", sphere),
    ];
    let shelf = Shelf::new();
    for (name, bytes) in files {
        let (samples, info) = shelf.decode(name, &bytes).unwrap();
        assert_eq!(samples, expected(), "{name}");
        assert_eq!(info.incomplete, None, "{name} is whole");
        assert_eq!((info.sample_rate, info.channels), (RATE, 1), "{name}");
        // The name decides nothing.
        assert!(shelf.decode("other.mp3", &bytes).is_ok(), "{name}");
    }
}

#[test]
fn a_file_that_was_cut_says_so_and_plays_what_is_there() {
    let shape = format(1, 16, 2, RATE);
    let pcm = little();
    let size = pcm.len() as u32;
    let shelf = Shelf::new();
    for (name, bytes) in [
        ("a.wav", wav(&[&shape, &data(2 * size), &pcm])),
        (
            "b.wav",
            rf64(2 * u64::from(size), &[&shape, &data(u32::MAX), &pcm]),
        ),
        ("a.w64", wave64(24 + 2 * u64::from(size))),
        (
            "a.aiff",
            aiff(&[&common(8000), &ssnd(2 * size + 8), &big()]),
        ),
        ("a.au", au(2 * size, b"")),
        ("a.caf", caf(2 * u64::from(size) + 4, b"")),
    ] {
        let (samples, info) = shelf.decode(name, &bytes).unwrap();
        assert_eq!(samples, expected(), "{name}");
        let listed = probe_file(&shelf.put(name, &bytes)).unwrap().incomplete;
        assert_eq!(info.incomplete, listed, "{name}");
        // Of the whole file: its header is there.
        let Some(Incomplete::EndsEarly { share: Some(share) }) = listed else {
            panic!("{name}: {listed:?}");
        };
        assert!((0.5..0.51).contains(&share), "{name}: {share}");
    }
}

#[test]
fn a_file_without_sound_is_empty_and_a_broken_header_is_damaged() {
    let shape = format(1, 16, 2, RATE);
    let shelf = Shelf::new();
    for (name, bytes) in [
        ("a.wav", wav(&[&shape, &data(0)])),
        ("b.wav", wav(&[&shape, &data(0), LIST])),
        ("c.wav", wav(&[&shape, LIST])),
        ("a.aiff", aiff(&[&common(0), &ssnd(8), b"ANNO\0\0\0\x02hi"])),
    ] {
        let error = shelf.decode(name, &bytes).unwrap_err();
        assert!(matches!(error, AudioError::Empty { .. }), "{name}: {error}");
    }
    for (name, bytes) in [
        ("a.wav", wav(&[&shape, b"da"])),
        ("b.wav", wav(&[&shape, &data(800)])),
        ("c.wav", wav(&[&data(4), b"abcd"])),
        ("d.wav", wav(&[&shape[..12]])),
        ("e.wav", wav(&[&format(1, 16, 2, 0), &data(4), b"abcd"])),
        ("a.au", b".snd\0\0\0\x18\0\0".to_vec()),
        (
            "a.caf",
            b"caff\0\x01\0\0data\xff\xff\xff\xff\xff\xff\xff\xff....".to_vec(),
        ),
    ] {
        let error = shelf.decode(name, &bytes).unwrap_err();
        assert!(
            matches!(error, AudioError::Damaged { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn sound_in_pieces_with_silence_between_them_is_refused_as_that() {
    let pieces = [
        &b"wavldata\x04\0\0\0abcdslnt\x04\0\0\0\x10\0\0\0"[..],
        &data(2),
        b"ab",
    ]
    .concat();
    let list = [b"LIST", &(pieces.len() as u32).to_le_bytes()[..], &pieces].concat();
    let bytes = wav(&[&format(1, 16, 2, RATE), &list]);
    let error = Shelf::new().decode("a.wav", &bytes).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, AudioError::Unsupported { .. }), "{text}");
    assert!(
        text.contains("in pieces with silence between them"),
        "{text}"
    );
}

/// Numbers narrower than their container stand in its upper bits (as libsndfile reads them).
#[test]
fn every_coding_has_its_scale() {
    let shelf = Shelf::new();
    let of = |tag, bits, block_bytes, bytes: &[u8]| {
        let size = data(bytes.len() as u32);
        let bytes = wav(&[&format(tag, bits, block_bytes, RATE), &size, bytes]);
        shelf.decode("scale.wav", &bytes).unwrap().0
    };
    assert_eq!(of(1, 8, 1, &[0, 128, 192]), [-1.0, 0.0, 0.5]);
    assert_eq!(of(1, 12, 2, &[0, 0x40, 0, 0x80]), [0.5, -1.0]);
    assert_eq!(of(1, 20, 3, &[0, 0, 0x40, 0, 0, 0x80]), [0.5, -1.0]);
    assert_eq!(of(1, 24, 4, &[0, 0, 0, 0x40, 0, 0, 0, 0x80]), [0.5, -1.0]);
    assert_eq!(of(1, 32, 4, &[0, 0, 0, 0x40]), [0.5]);
    assert_eq!(of(3, 32, 4, &0.3_f32.to_le_bytes()), [0.3]);
    assert_eq!(of(3, 64, 8, &0.3_f64.to_le_bytes()), [0.3]);
    // G.711: its table of decoder outputs, in 16 bits.
    assert_eq!(
        of(6, 8, 1, &[0xd5, 0x55, 0xaa]),
        [8.0, -8.0, 32_256.0].map(|v| v / 32_768.0)
    );
    assert_eq!(
        of(7, 8, 1, &[0xff, 0x80, 0x00]),
        [0.0, 32_124.0, -32_124.0].map(|v| v / 32_768.0)
    );
}

/// Values worked out by hand from the standard: a block begins with a prediction, its first nibble adds 7/8 + 7/2 of a step.
#[test]
fn adaptive_codings_follow_their_standards() {
    let shelf = Shelf::new();
    // IMA: prediction 100, step index 0 (7); nibble 2 adds 7/8 + 7/2 = 0 + 3.
    let block = [100, 0, 0, 0, 0x02, 0, 0, 0];
    let bytes = wav(&[&format(0x11, 4, 8, RATE), &data(8), &block]);
    let (samples, info) = shelf.decode("ima.wav", &bytes).unwrap();
    assert_eq!(samples[..2], [100.0, 103.0].map(|value| value / 32_768.0));
    assert_eq!((samples.len(), info.codec.as_str()), (9, "adpcm_ima_wav"));
    // Microsoft: predictor 0 repeats the last sample, nibble 1 adds a step of 16.
    let block = [0, 16, 0, 50, 0, 40, 0, 0x10];
    let bytes = wav(&[&format(2, 4, 8, RATE), &data(8), &block]);
    let (samples, _) = shelf.decode("ms.wav", &bytes).unwrap();
    assert_eq!(
        samples,
        [40.0, 50.0, 66.0, 66.0].map(|value| value / 32_768.0)
    );
    // A step index beyond the table is damage, and is told.
    let bytes = wav(&[
        &format(0x11, 4, 8, RATE),
        &data(8),
        &[0, 0, 99, 0, 0, 0, 0, 0],
    ]);
    let (_, info) = shelf.decode("damaged.wav", &bytes).unwrap();
    assert!(
        matches!(
            info.incomplete,
            Some(Incomplete::Damaged { packets: 1, .. })
        ),
        "{info:?}"
    );
}

#[test]
fn a_seek_is_exact_to_the_frame_in_every_coding() {
    let shelf = Shelf::new();
    let noise = join(&[&little(), &little(), &little(), &little()]);
    let size = noise.len() as u32;
    let ima4 = join(&[
        b"FORM\0\0\0\0AIFCCOMM\0\0\0\x16\0\x01\0\0\x03\xaa\0\x10\x40\x0b\xfa\0\0\0\0\0\0\0ima4",
        &ssnd(8 + 34 * 938),
        &noise[..34 * 938],
    ]);
    for (name, bytes) in [
        (
            "a.wav",
            wav(&[&format(1, 24, 3, RATE), &data(size), &noise]),
        ),
        (
            "b.wav",
            wav(&[&format(0x11, 4, 256, RATE), &data(size), &noise]),
        ),
        (
            "c.wav",
            wav(&[&format(2, 4, 256, RATE), &data(size), &noise]),
        ),
        ("d.aifc", ima4),
    ] {
        let path = shelf.put(name, &bytes);
        let (all, _) = load_mono(&path, RATE, crate::Channel::Mean, &Cancel::default()).unwrap();
        let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
        for frame in [0, 1, 505, 9_000, 3, all.len() - 1] {
            decoder.seek(frame as f64 / f64::from(RATE)).unwrap();
            let chunk = decoder.next().unwrap().unwrap();
            assert_eq!(chunk.samples[0], all[frame], "{name} at {frame}");
        }
        decoder.seek(all.len() as f64 / f64::from(RATE)).unwrap();
        assert!(decoder.next().unwrap().is_none(), "{name}");
        decoder.seek(1e300).unwrap();
        assert!(decoder.next().unwrap().is_none(), "{name}");
    }
}

/// Files of more than 4 GiB whose 32-bit size overflowed (sparse here: they take no room).
#[test]
fn a_size_that_overflowed_32_bits_is_completed() {
    let shelf = Shelf::new();
    let sound_bytes = (1_u64 << 32) + 1_000_000;
    let path = shelf.put(
        "large.wav",
        &wav(&[&format(1, 16, 2, RATE), &data(1_000_000)]),
    );
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(44 + sound_bytes).unwrap();
    let info = probe_file(&path).unwrap();
    assert_eq!(
        info.duration_secs,
        (sound_bytes / 2) as f64 / f64::from(RATE)
    );
    assert_eq!(info.incomplete, None);
}

/// Decodes to the end, without the help of other programs.
fn decode_alone(path: &Path) {
    if let Ok(mut decoder) = Decoder::open_with(path, &Cancel::default(), None) {
        while let Ok(Some(chunk)) = decoder.next() {
            assert!(chunk.samples.len() <= 64 * 8192, "{}", path.display());
        }
    }
}

/// Every cut and many single wrong bytes of small files end as sound or as an error, and never as a panic.
#[test]
fn hostile_bytes_end_as_sound_or_as_an_error() {
    let shelf = Shelf::new();
    let shape = format(2, 4, 40, RATE);
    let pcm = &little()[..300];
    for (name, bytes) in [
        ("a.wav", wav(&[&shape, LIST, &data(300), pcm])),
        ("a.aiff", aiff(&[&common(150), &ssnd(308), pcm])),
        ("a.au", au(300, b"")[..324].to_vec()),
        ("a.caf", caf(304, b"")[..380].to_vec()),
        ("a.w64", wave64(324)[..404].to_vec()),
    ] {
        for length in 1..bytes.len().min(200) {
            decode_alone(&shelf.put(name, &bytes[..length]));
        }
        for place in 4..bytes.len().min(130) {
            for value in [0, 0x7f, 0xff] {
                let mut wrong = bytes.clone();
                wrong[place] = value;
                decode_alone(&shelf.put(name, &wrong));
            }
        }
    }
}
