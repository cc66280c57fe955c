//! Damage within a file is told with its place, and what follows keeps its time where the file tells it.

use super::*;

#[test]
fn frames_that_are_lost_in_a_flac_file_are_told_and_the_rest_keeps_its_time() {
    let shop = Shop::new();
    let path = shop.make("whole.flac", "-c:a flac");
    let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
    let wanted = rest(&mut decoder);
    assert_eq!(decoder.incomplete(), None);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 100].fill(0);
    fs::write(&path, bytes).unwrap();
    let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
    let found = rest(&mut decoder);
    assert!(matches!(
        decoder.incomplete(),
        Some(Incomplete::Damaged { .. })
    ));
    let (wanted, found) = (&wanted[0].1, &found[0].1);
    assert_eq!(found.len(), wanted.len());
    let quarter = wanted.len() / 4;
    assert!(found[..quarter] == wanted[..quarter]);
    assert!(found[3 * quarter..] == wanted[3 * quarter..]);
}

#[test]
fn any_bytes_within_the_sound_of_an_mp4_are_told_as_damage_and_refuse_no_file() {
    let shop = Shop::new();
    for (name, options) in [("a.m4a", "-c:a aac"), ("f.mp4", "-c:a flac -strict -2")] {
        let path = shop.make(name, options);
        let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
        let wanted = rest(&mut decoder).remove(0).1.len();
        let bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        for seed in 0..12 {
            let mut state = seed * 977 + 1_u32;
            let mut damaged = bytes.clone();
            for byte in &mut damaged[middle..middle + 300] {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (state >> 24) as u8;
            }
            fs::write(&path, damaged).unwrap();
            let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
            let found = rest(&mut decoder).remove(0).1.len();
            assert_eq!(found, wanted, "{name}, {seed}");
        }
    }
}

#[test]
fn opus_in_a_fragmented_mp4_begins_where_it_does_in_a_whole_one() {
    let shop = Shop::new();
    let decoded = |name: &str, options: &str| {
        let path = shop.make(name, options);
        let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
        rest(&mut decoder).remove(0).1
    };
    let whole = decoded("w.mp4", "-c:a libopus -strict -2");
    let parts = "-c:a libopus -strict -2 -movflags frag_keyframe+empty_moov";
    let parts = decoded("p.mp4", parts);
    assert!(parts.len() >= whole.len());
    assert!(parts[..whole.len()] == whole[..]);
}

#[test]
fn a_hole_or_a_missing_page_in_an_ogg_file_is_silent_and_told_and_the_rest_keeps_its_time() {
    let shop = Shop::new();
    for (name, options, reach) in [
        ("a.ogg", "-c:a libvorbis", 0),
        ("b.opus", "-c:a libopus", 0),
        ("c.oga", "-c:a flac", 0),
        // A hole that begins and ends within packets over two pages.
        ("d.ogg", "-c:a libvorbis -page_duration 100000", 9_000),
    ] {
        let path = shop.make(name, options);
        let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
        let wanted = rest(&mut decoder).remove(0).1;
        assert_eq!(decoder.incomplete(), None, "{name} is whole");
        let secs = decoder.info().duration_secs;
        let bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        let mut zeros = bytes.clone();
        zeros[middle..middle + 1000 + reach].fill(0);
        // A page that is missing leaves no byte behind.
        let marks = (middle..).filter(|&at| bytes[at..].starts_with(b"OggS\0"));
        let marks: Vec<usize> = marks.take(2).collect();
        let missing = [&bytes[..marks[0]], &bytes[marks[1]..]].concat();
        for bytes in [zeros, missing] {
            fs::write(&path, bytes).unwrap();
            assert_one_hole(&path, name, &wanted, secs);
        }
    }
}

/// A damaged Ogg tells its one hole and keeps the time of what follows, at every place.
fn assert_one_hole(path: &Path, name: &str, wanted: &[f32], secs: f64) {
    let mut decoder = Decoder::open(path, &Cancel::default()).unwrap();
    let found = rest(&mut decoder).remove(0).1;
    let Some(Incomplete::Damaged {
        first_secs,
        packets: 1,
    }) = decoder.incomplete()
    else {
        panic!("{name}: {:?}", decoder.incomplete());
    };
    assert!(
        (0.2..0.8).contains(&(first_secs / secs)),
        "{name}: {first_secs} of {secs}"
    );
    assert_eq!(found.len(), wanted.len(), "{name}");
    let late = 85 * wanted.len() / 100;
    let far = |a: &[f32], b: &[f32]| -> f32 {
        let far = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        far.fold(0.0, f32::max)
    };
    assert!(far(&found[late..], &wanted[late..]) < 3e-2, "{name}");
    // Places in front of the hole, in it and behind it are those that reading on reaches.
    let rate = f64::from(decoder.info().sample_rate);
    for secs in [9.0, 1.0, first_secs + 0.01] {
        decoder.seek(secs).unwrap();
        let sought = rest(&mut decoder).remove(0).1;
        let behind = &found[(secs * rate).round() as usize..];
        assert_eq!(sought.len(), behind.len(), "{name} {secs}");
        assert!(far(&sought, behind) < 3e-2, "{name} {secs}");
    }
}

#[test]
fn sound_of_matroska_that_ffmpeg_decodes_keeps_its_time_behind_a_gap_in_the_times() {
    let shop = Shop::new();
    // The packets from about 4 to 6 s are not written.
    for (name, options, [first, last]) in [
        ("a.mka", "-c:a ac3", [115, 172]),
        ("b.mkv", "-ac 6 -c:a aac", [172, 258]),
    ] {
        let gap = format!("-bsf:a noise=amount=0:drop='between(n,{first},{last})'");
        let whole = Decoder::open(&shop.make(name, options), &Cancel::default());
        let wanted = rest(&mut whole.unwrap()).remove(0).1;
        let path = shop.make(name, &format!("{options} {gap}"));
        let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
        let found = rest(&mut decoder).remove(0).1;
        assert!(found.len().abs_diff(wanted.len()) < 4096, "{name}");
        // As exactly as its stamps are, in milliseconds.
        let place = 8 * wanted.len() / 10;
        let far = |shift: usize| -> f32 {
            let pairs = found[place + shift - 100..].iter().zip(&wanted[place..]);
            let far = pairs.take(4096).map(|(a, b)| (a - b).abs());
            far.fold(0.0, f32::max)
        };
        let least = (0..200).map(far).fold(1.0, f32::min);
        assert!(least < 0.05, "{name}: {least}");
    }
}

#[test]
fn a_hole_in_a_matroska_file_is_silent_and_told_and_the_rest_keeps_its_time() {
    let shop = Shop::new();
    for (name, options) in [
        ("a.mka", "-c:a flac -cluster_time_limit 1000"),
        ("b.webm", "-c:a libopus -cluster_time_limit 1000"),
        ("c.mka", "-c:a pcm_s16le -cluster_time_limit 1000"),
    ] {
        let path = shop.make(name, options);
        let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
        let wanted = rest(&mut decoder).remove(0).1;
        assert_eq!(decoder.incomplete(), None, "{name} is whole");
        let mut bytes = fs::read(&path).unwrap();
        let (middle, hole) = (bytes.len() / 2, bytes.len() / 50);
        bytes[middle..middle + hole].fill(0);
        fs::write(&path, bytes).unwrap();
        let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
        let found = rest(&mut decoder).remove(0).1;
        let Some(Incomplete::Damaged { first_secs, .. }) = decoder.incomplete() else {
            panic!("{name}: {:?}", decoder.incomplete());
        };
        assert!((3.0..7.0).contains(&first_secs), "{name}: {first_secs}");
        assert!(found.len().abs_diff(wanted.len()) <= 200, "{name}");
        // A millisecond beside at most, as exactly as its stamps are.
        let (place, window) = (8 * wanted.len() / 10, 4096);
        let far = |shift: usize| -> f32 {
            let pairs = found[place + shift - 100..].iter().zip(&wanted[place..]);
            let far = pairs.take(window).map(|(a, b)| (a - b).abs());
            far.fold(0.0, f32::max)
        };
        let least = (0..200).map(far).fold(1.0, f32::min);
        assert!(least < 0.05, "{name}: {least}");
        // A place behind the hole is the one that reading on reaches.
        decoder.seek(8.0).unwrap();
        let sought = rest(&mut decoder).remove(0).1;
        let rate = f64::from(decoder.info().sample_rate);
        assert_eq!(sought.len(), found.len() - (8.0 * rate) as usize, "{name}");
    }
}

#[test]
fn a_hole_in_raw_aac_is_at_one_place_in_the_list_and_when_it_plays() {
    let shop = Shop::new();
    let path = shop.make("raw.aac", "-c:a aac");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 1000].fill(0);
    fs::write(&path, bytes).unwrap();
    let told = |incomplete| match incomplete {
        Some(Incomplete::Damaged { first_secs, .. }) => first_secs,
        other => panic!("{other:?}"),
    };
    let listed: f64 = told(crate::probe_file(&path).unwrap().incomplete);
    assert!((4.0..6.0).contains(&listed), "{listed}");
    let heard: f64 = told(heard(&path).incomplete);
    assert!((listed - heard).abs() < 0.05, "{listed} {heard}");
}

#[test]
fn damage_in_alac_is_told_and_whole_packets_are_not_accused() {
    let shop = Shop::new();
    // Half of what 24 bits take stands there as it is, and any bits are right.
    for (name, options, sizes, packets) in [
        ("a.m4a", "-c:a alac", [60, 2_000, 8], 1..=2),
        ("b.m4a", "-ac 1 -c:a alac", [60, 2_000, 8], 1..=2),
        ("c.m4a", "-sample_fmt s32p -c:a alac", [20_000; 3], 1..=3),
        ("d.mka", "-c:a alac", [60, 2_000, 8], 1..=2),
    ] {
        let path = shop.make(name, options);
        let whole = heard(&path);
        assert_eq!(whole.incomplete, None, "{name} is whole");
        let bytes = fs::read(&path).unwrap();
        for (place, size) in [0.5, 0.3, 0.8].into_iter().zip(sizes) {
            let mut bytes = bytes.clone();
            let start = (place * bytes.len() as f64) as usize;
            bytes[start..start + size].fill(0);
            fs::write(&path, &bytes).unwrap();
            let damaged = heard(&path);
            let Some(Incomplete::Damaged {
                packets: found,
                first_secs,
            }) = damaged.incomplete
            else {
                panic!("{name}, {size} bytes at {place}: {damaged:?}");
            };
            assert!(packets.contains(&found), "{name}: {found} of {size} bytes");
            let far = (first_secs - place * whole.duration_secs).abs();
            assert!(far < 1.0, "{name}: {first_secs} s at {place}");
            // What follows keeps its time; in Matroska the packet's own is not told.
            let far = (damaged.duration_secs - whole.duration_secs).abs();
            assert!(
                far < if name == "d.mka" { 0.3 } else { 1e-3 },
                "{name}: {damaged:?}"
            );
        }
    }
}

#[test]
fn silence_loud_noise_and_many_channels_in_alac_are_whole() {
    let shop = Shop::new();
    for (name, options) in [
        ("silence.m4a", "-f lavfi -i anullsrc=d=3 -map 1 -c:a alac"),
        (
            "noise.m4a",
            "-f lavfi -i anoisesrc=d=3:a=1 -map 1 -c:a alac",
        ),
        ("six.m4a", "-ac 6 -c:a alac"),
        ("short.m4a", "-t 0.01 -c:a alac"),
    ] {
        assert_eq!(heard(&shop.make(name, options)).incomplete, None, "{name}");
    }
}

#[test]
fn a_hole_behind_the_information_frame_of_an_mp3_is_told() {
    let shop = Shop::new();
    for (name, options, hole) in [
        ("a.mp3", "-c:a libmp3lame -b:a 128k", 5_000),
        ("b.mp3", "-c:a libmp3lame -q:a 2", 5_000),
        ("c.mp3", "-c:a libmp3lame -q:a 2 -id3v2_version 0", 20_000),
    ] {
        let path = shop.make(name, options);
        assert_eq!(heard(&path).incomplete, None, "{name} is whole");
        let mut bytes = fs::read(&path).unwrap();
        let marks: [&[u8]; 2] = [b"Xing", b"Info"];
        let mark = bytes
            .windows(4)
            .position(|four| marks.contains(&four))
            .unwrap();
        let start = (mark + 100..)
            .find(|&at| bytes[at..].starts_with(&[0xff, 0xfb]))
            .unwrap();
        bytes[start..start + hole].fill(0);
        fs::write(&path, bytes).unwrap();
        let found = heard(&path).incomplete;
        let Some(Incomplete::Damaged { first_secs, .. }) = found else {
            panic!("{name}: {found:?}");
        };
        assert!(first_secs < 0.1, "{name}: {first_secs}");
    }
}

#[test]
fn the_place_of_damage_that_ffmpeg_finds_is_the_same_at_every_decoding() {
    let shop = Shop::new();
    for (name, options) in [
        ("a.dts", "-c:a dca -strict -2"),
        ("b.ac3", "-c:a ac3"),
        ("c.mov", "-c:a alac"),
        ("d.wv", "-c:a wavpack"),
        ("e.aac", "-ac 6 -c:a aac"),
    ] {
        let path = shop.make(name, options);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 3_000].fill(0);
        fs::write(&path, bytes).unwrap();
        let told = || match heard(&path).incomplete {
            Some(Incomplete::Damaged {
                packets,
                first_secs,
            }) => (packets, first_secs),
            other => panic!("{name}: {other:?}"),
        };
        let first = told();
        assert!((4.5..6.0).contains(&first.1), "{name}: {first:?}");
        for _ in 0..2 {
            assert_eq!(told(), first, "{name}");
        }
    }
}

#[test]
fn a_hole_in_lossless_sound_that_ffmpeg_decodes_is_silent_and_told_and_the_rest_keeps_its_time() {
    let shop = Shop::new();
    for (name, options) in [
        ("a.tta", "-c:a tta"),
        ("b.wv", "-c:a wavpack"),
        ("c.wv", "-sample_fmt fltp -c:a wavpack"),
        ("d.wv", "-ac 1 -sample_fmt u8p -c:a wavpack"),
        ("e.wv", "-ac 6 -sample_fmt s32p -c:a wavpack"),
    ] {
        let path = shop.make(name, options);
        let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
        let wanted = rest(&mut decoder).remove(0).1;
        assert_eq!(decoder.incomplete(), None, "{name} is whole");
        let secs = decoder.info().duration_secs;
        let bytes = fs::read(&path).unwrap();
        for size in [60, 12_000] {
            let mut bytes = bytes.clone();
            let middle = bytes.len() / 2;
            bytes[middle..middle + size].fill(0);
            fs::write(&path, &bytes).unwrap();
            let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
            let found = rest(&mut decoder).remove(0).1;
            let Some(Incomplete::Damaged { first_secs, .. }) = decoder.incomplete() else {
                panic!("{name}, {size} bytes: {:?}", decoder.incomplete());
            };
            assert!(
                (0.3..0.7).contains(&(first_secs / secs)),
                "{name}: {first_secs}"
            );
            if size > 60 && name.ends_with("wv") {
                // Behind a block that lost its head ffmpeg finds no other.
                continue;
            }
            assert_eq!(found.len(), wanted.len(), "{name}, {size} bytes");
            let fifth = wanted.len() / 5;
            assert!(found[..fifth] == wanted[..fifth], "{name}");
            assert!(found[4 * fifth..] == wanted[4 * fifth..], "{name}");
            let loudest = |samples: &[f32]| samples.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
            assert!(
                loudest(&found) <= loudest(&wanted),
                "{name} has no noise in it"
            );
        }
    }
}

#[test]
fn sound_behind_a_large_hole_in_a_transport_stream_plays() {
    let shop = Shop::new();
    for (name, options) in [
        ("a.m2ts", "-c:a mp2 -b:a 384k -f mpegts -mpegts_m2ts_mode 1"),
        ("b.ts", "-c:a mp2 -b:a 384k -f mpegts"),
    ] {
        let path = shop.make(name, options);
        assert_eq!(heard(&path).incomplete, None, "{name} is whole");
        let mut bytes = fs::read(&path).unwrap();
        let length = bytes.len();
        bytes[length / 5..7 * length / 10].fill(0);
        assert!(length / 2 > 1 << 17, "{length} bytes");
        fs::write(&path, bytes).unwrap();
        let found = heard(&path);
        let Some(Incomplete::Damaged { first_secs, .. }) = found.incomplete else {
            panic!("{name}: {found:?}");
        };
        assert!((1.5..2.6).contains(&first_secs), "{name}: {first_secs}");
        assert!(
            (4.5..5.5).contains(&found.duration_secs),
            "{name}: {found:?}"
        );
    }
}

#[test]
fn a_hole_in_a_real_media_file_is_told() {
    let shop = Shop::new();
    let path = shop.make("a.rm", "-c:a ac3 -f rm");
    assert_eq!(heard(&path).incomplete, None);
    let bytes = fs::read(&path).unwrap();
    let length = bytes.len();
    // Wherever a packet begins.
    for (place, size) in [(1, 300), (2, 900), (3, 900), (4, 20_000), (5, 40_000)] {
        let start = place * length / 7 + 31 * place;
        let mut bytes = bytes.clone();
        bytes[start..start + size].fill(0);
        fs::write(&path, &bytes).unwrap();
        let found = heard(&path).incomplete;
        let Some(Incomplete::Damaged { first_secs, .. }) = found else {
            panic!("{size} bytes at {start}: {found:?}");
        };
        let expected = 10.0 * place as f64 / 7.0;
        assert!(
            (first_secs - expected).abs() < 0.5,
            "{first_secs} for {expected}"
        );
    }
}
