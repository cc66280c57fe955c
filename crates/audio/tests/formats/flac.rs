//! FLAC of every shape, joined, tagged and cut.

use std::fs;

use mynascope_audio::{Channel, Incomplete, load_mono, probe_file};
use mynascope_base::jobs::Cancel;

use crate::{
    common::{Workshop, assert_same, assert_sound, channel_word, decode},
    streams::{SECS, compare, same},
};

#[test]
fn flac_of_every_shape() {
    let shop = Workshop::new();
    for rate in [8_000, 44_100, 96_000, 192_000] {
        for channels in [1, 2, 6] {
            let name = format!("FLAC, {rate} Hz, {}.flac", channel_word(channels));
            same(&shop, &name, rate, channels, "-c:a flac", 0);
        }
    }
    let source = shop.source(44_100, 2, SECS);
    let file = shop.path("blocks of 65535.flac");
    shop.run(
        "flac",
        &[
            "-s",
            "-f",
            "--lax",
            "--blocksize=65535",
            &source,
            "-o",
            &file,
        ],
    );
    compare(&shop, &file, 44_100, 0);
    let plain = fs::read(shop.path("FLAC, 44100 Hz, stereo.flac")).unwrap();
    // A tag that does not belong there.
    let tagged = [b"ID3\x04\0\0\0\0\0\x0a..........".to_vec(), plain.clone()].concat();
    compare(&shop, &shop.write("ID3 in front.flac", &tagged), 44_100, 0);
    // The count of samples unknown (36 bits behind 28 others), and no checksum of the sound.
    let mut unknown = plain;
    unknown[21] &= 0xf0;
    unknown[22..42].fill(0);
    let file = shop.write("length unknown.flac", &unknown);
    assert_eq!(probe_file(file.as_ref()).unwrap().duration_secs, 0.0);
    let known = shop.reference(&shop.path("FLAC, 44100 Hz, stereo.flac"), 44_100);
    assert_same(
        &file,
        &known.by("ffmpeg, of the file whose length is known"),
        0,
    );
}

#[test]
fn joined_flac_files_play_one_behind_the_other() {
    let shop = Workshop::new();
    let mut bytes = Vec::new();
    for secs in [2.0, 3.0] {
        let (source, file) = (
            shop.source(44_100, 2, secs),
            shop.path(&format!("{secs}.flac")),
        );
        shop.run("flac", &["-s", "-f", &source, "-o", &file]);
        bytes.extend(fs::read(&file).unwrap());
    }
    let file = shop.write("two joined.flac", &bytes);
    let claimed = probe_file(file.as_ref()).unwrap();
    assert!((claimed.duration_secs - 5.0).abs() < 1e-6, "{claimed:?}");
    let (samples, info) = decode(&file, 44_100);
    assert_eq!(info.incomplete, None);
    // FFmpeg loses 10,376 samples at the joint, so each part is compared with its own file.
    let alone = |name, by: &str| shop.reference(&shop.path(name), 44_100).by(by);
    let first = alone("2.flac", "ffmpeg, of the first alone");
    let second = alone("3.flac", "ffmpeg, of the second alone");
    let (head, tail) = samples.split_at(first.samples.len());
    let part = |name| format!("{file}, {name} part");
    assert_sound(&part("first"), (head, &info), &first, 0, 0.999);
    assert_sound(&part("second"), (tail, &info), &second, 0, 0.999);
}

#[test]
fn the_last_frame_of_flac_plays_in_front_of_a_tag() {
    let shop = Workshop::new();
    let source = shop.source(44_100, 2, 2.0);
    let file = shop.path("plain.flac");
    shop.run("flac", &["-s", "-f", &source, "-o", &file]);
    let plain = fs::read(&file).unwrap();
    let mut old = b"TAG".to_vec();
    old.resize(128, b' ');
    let new = b"ID3\x04\0\0\0\0\0\x0a..........".to_vec();
    let other: Vec<u8> = (0..5000_u32).map(|n| ((n * n) >> 3) as u8).collect();
    for (name, behind) in [("ID3v1", &old), ("ID3v2", &new), ("other bytes", &other)] {
        let tagged = [plain.as_slice(), behind].concat();
        compare(
            &shop,
            &shop.write(&format!("{name} behind.flac"), &tagged),
            44_100,
            0,
        );
        let joined = shop.write("joined with tags.flac", &[tagged.clone(), tagged].concat());
        let (_, info) = decode(&joined, 44_100);
        assert_eq!((info.duration_secs, info.incomplete), (4.0, None), "{name}");
    }
}

#[test]
fn a_missing_last_or_first_frame_of_flac_is_told() {
    let shop = Workshop::new();
    let source = shop.source(44_100, 2, 2.0);
    let file = shop.path("plain.flac");
    shop.run("flac", &["-s", "-f", &source, "-o", &file]);
    let plain = fs::read(&file).unwrap();
    let end = plain.len();
    for missing in [1, 10, 1000] {
        let cut = shop.write("cut.flac", &plain[..end - missing]);
        let mut zeroed = plain.clone();
        zeroed[end - missing..].fill(0);
        let zeroed = shop.write("zeroed.flac", &zeroed);
        let files = if missing > 1 {
            vec![cut, zeroed]
        } else {
            vec![cut]
        };
        for file in files {
            let (_, info) = decode(&file, 44_100);
            let told = matches!(info.incomplete, Some(Incomplete::EndsEarly { .. }));
            assert!(told, "{file} without {missing} bytes: {info:?}");
        }
    }
    let first = plain
        .windows(2)
        .position(|two| two == [0xff, 0xf8])
        .unwrap();
    let mut bytes = plain.clone();
    bytes[first..first + 2000].fill(0);
    let (_, info) = decode(&shop.write("first zeroed.flac", &bytes), 44_100);
    assert!(info.incomplete.is_some(), "{info:?}");
    // Nothing but the header.
    let path = shop.write("header.flac", &plain[..first]);
    let error = load_mono(path.as_ref(), 44_100, Channel::Mean, &Cancel::default()).unwrap_err();
    assert!(error.to_string().contains("behind its header"), "{error}");
}
