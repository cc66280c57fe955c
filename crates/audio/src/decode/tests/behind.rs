//! What stands behind the sound: tags are none of it, and further sound is played or told.

use super::*;

#[test]
fn bytes_behind_the_end_of_a_matroska_file_are_none_of_its() {
    let shop = Shop::new();
    let path = shop.make("sound.mka", "-c:a flac");
    let wanted = rest(&mut Decoder::open(&path, &Cancel::default()).unwrap());
    let mut bytes = fs::read(&path).unwrap();
    bytes.resize(bytes.len() + 5000, 0);
    fs::write(&path, bytes).unwrap();
    let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
    assert!(rest(&mut decoder) == wanted);
    assert_eq!(decoder.incomplete(), None);
}

/// Files put together byte by byte.
fn joined(shop: &Shop, name: &str, parts: &[&Path]) -> PathBuf {
    let bytes: Vec<Vec<u8>> = parts.iter().map(|part| fs::read(part).unwrap()).collect();
    fs::write(shop.path(name), bytes.concat()).unwrap();
    shop.path(name)
}

#[test]
fn joined_flac_files_play_to_their_end() {
    let shop = Shop::new();
    let a = shop.make("a.flac", "-t 4 -c:a flac");
    let b = shop.make("b.flac", "-ss 5 -t 3 -ac 1 -ar 32000 -c:a flac");
    for (name, parts, secs) in [
        ("two.flac", &[&*a, &b][..], 7.0),
        ("same.flac", &[&a, &a], 8.0),
        ("three.flac", &[&b, &a, &b], 10.0),
    ] {
        let path = joined(&shop, name, parts);
        let claimed = crate::probe_file(&path).unwrap();
        assert!(
            (claimed.duration_secs - secs).abs() < 1e-6,
            "{name}: {claimed:?}"
        );
        assert_eq!(claimed.incomplete, None, "{name}");
        assert_seeks(&path, secs);
    }
    // The second lacks its end.
    let path = joined(&shop, "cut.flac", &[&a, &b]);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 20_000]).unwrap();
    assert!(matches!(
        heard(&path).incomplete,
        Some(Incomplete::EndsEarly { .. })
    ));
}

#[test]
fn more_sound_behind_the_end_is_told() {
    let shop = Shop::of_secs(4);
    for (ending, options) in [
        ("wav", ""),
        ("aiff", ""),
        ("w64", ""),
        ("caf", ""),
        ("m4a", "-c:a aac"),
        ("mka", "-c:a flac"),
        // What ffmpeg decodes.
        ("mov", "-c:a alac"),
        ("caf", "-c:a alac"),
        ("tta", "-c:a tta"),
        ("avi", "-c:a libmp3lame"),
        ("flv", "-c:a aac"),
        ("wma", "-c:a wmav2"),
        ("voc", "-f voc"),
    ] {
        let a = shop.make(&format!("a.{ending}"), &format!("-t 2 {options}"));
        let b = shop.make(&format!("b.{ending}"), &format!("-ss 2 -t 1 {options}"));
        assert_eq!(heard(&a).incomplete, None, "{ending}");
        let path = joined(&shop, &format!("two.{ending}"), &[&a, &b]);
        let (heard, listed) = (heard(&path), crate::probe_file(&path).unwrap());
        let wanted = Some(Incomplete::MoreFollows);
        assert_eq!(
            (heard.incomplete, listed.incomplete),
            (wanted, wanted),
            "{ending}"
        );
        assert!((heard.duration_secs - 2.0).abs() < 0.05, "{heard:?}");
    }
    // A second chunk of sound in one file.
    let mut bytes = fs::read(shop.path("a.wav")).unwrap();
    bytes.extend(b"data\x10\0\0\0");
    bytes.extend([1; 16]);
    let path = shop.path("chunks.wav");
    fs::write(&path, bytes).unwrap();
    assert_eq!(heard(&path).incomplete, Some(Incomplete::MoreFollows));
}

/// Tags as programs write them at the end of a file, by their names.
fn tags() -> [(&'static str, Vec<u8>); 5] {
    let id3_v1 = [b"TAG".to_vec(), vec![b' '; 125]].concat();
    let ape = |flags: u32| {
        let mut part = b"APETAGEX\xd0\x07\0\0".to_vec();
        part.extend(532_u32.to_le_bytes());
        part.extend([1, 0, 0, 0]);
        part.extend(flags.to_le_bytes());
        part.extend([0; 8]);
        part
    };
    // Bytes that look like the beginnings of frames.
    let items: Vec<u8> = [0xff, 0xfb, 0x90, 0x64, 0x0b, 0x77, 0x56, 0xe0, 0xff, 0xf1].repeat(50);
    let ape = [ape(0xa000_0000), items.clone(), ape(0x8000_0000)].concat();
    let mut lyrics = b"LYRICSBEGININD0000200".to_vec();
    lyrics.extend(format!("{:06}LYRICS200", lyrics.len()).bytes());
    let id3_v2 = [
        &b"ID3\x04\0\x10\0\0\x03\x74"[..],
        &items,
        b"3DI\x04\0\x10\0\0\x03\x74",
    ]
    .concat();
    [
        ("ID3 1", id3_v1.clone()),
        ("APE", ape.clone()),
        ("Lyrics3", [lyrics, id3_v1.clone()].concat()),
        ("ID3 2", id3_v2),
        ("APE and ID3 1", [ape, id3_v1].concat()),
    ]
}

#[test]
fn tags_behind_any_sound_are_none_of_it() {
    let shop = Shop::of_secs(2);
    // No encoder of AMR is at hand; any bits are sound in it.
    let frame: Vec<u8> = [&[7 << 3 | 4][..], &[0x55; 31]].concat();
    let amr = [b"#!AMR\n".to_vec(), frame.repeat(150)].concat();
    fs::write(shop.path("speech.amr"), amr).unwrap();
    let made = [
        ("a.latm", "-c:a aac -f latm"),
        ("b.ts", "-c:a aac -f mpegts"),
        ("c.ts", "-c:a mp2 -f mpegts"),
        ("d.aac", "-c:a aac"),
        ("e.aac", "-ac 6 -c:a aac"),
        ("f.ac3", "-c:a ac3"),
        ("g.eac3", "-c:a eac3"),
        ("h.dts", "-c:a dca -strict -2"),
        ("i.thd", "-c:a truehd -strict -2"),
        ("j.wv", "-c:a wavpack"),
        ("k.tta", "-c:a tta"),
        ("l.wma", "-c:a wmav2"),
        ("m.flv", "-c:a libmp3lame"),
        ("n.avi", "-c:a libmp3lame"),
        ("o.mpg", "-c:a mp2 -f mpeg"),
        ("p.voc", "-f voc"),
        ("q.rm", "-c:a ac3 -f rm"),
        ("r.mka", "-c:a flac"),
        ("s.m4a", "-c:a aac"),
        ("t.ogg", "-c:a libvorbis"),
        ("u.flac", "-c:a flac"),
        ("v.mp3", "-c:a libmp3lame"),
        ("w.wav", ""),
        ("x.wav", "-c:a adpcm_g726 -ar 8000 -ac 1"),
        ("y.aiff", ""),
    ];
    let made = made.map(|(name, options)| shop.make(name, options));
    let tags = tags();
    let made = made.into_iter().chain([shop.path("speech.amr")]);
    for (at, path) in made.enumerate() {
        let plain = heard(&path);
        assert_eq!(plain.incomplete, None, "{}", path.display());
        let bytes = fs::read(&path).unwrap();
        // Of the first four one each, and the last, which is of two, behind all.
        for (tag, tail) in [&tags[at % 4], &tags[4]] {
            let tagged =
                path.with_extension(format!("tagged.{}", path.extension().unwrap().display()));
            fs::write(&tagged, [&*bytes, tail].concat()).unwrap();
            let (found, listed) = (heard(&tagged), crate::probe_file(&tagged).unwrap());
            let case = format!("{tag} behind {}", path.display());
            assert_eq!(
                (found.incomplete, listed.incomplete),
                (None, None),
                "{case}"
            );
            let far = (found.duration_secs - plain.duration_secs).abs();
            assert!(
                far < 1e-6,
                "{case}: {} s of {} s",
                found.duration_secs,
                plain.duration_secs
            );
        }
    }
}

#[test]
fn joined_wavpack_files_play_to_their_end() {
    let shop = Shop::new();
    let a = shop.make("a.wv", "-t 4 -c:a wavpack");
    let b = shop.make("b.wv", "-ss 5 -t 3 -c:a wavpack");
    // At a tag between them ffmpeg ends.
    let path = joined(&shop, "tagged.wv", &[&a, &b]);
    let found = heard(&path);
    assert_eq!(found.incomplete, Some(Incomplete::MoreFollows));
    assert!((found.duration_secs - 4.0).abs() < 1e-6, "{found:?}");
    for path in [&a, &b] {
        let mut bytes = fs::read(path).unwrap();
        let tag = bytes.windows(8).position(|eight| eight == b"APETAGEX");
        bytes.truncate(tag.unwrap());
        fs::write(path, bytes).unwrap();
    }
    let path = joined(&shop, "two.wv", &[&a, &b, &a]);
    let listed = crate::probe_file(&path).unwrap();
    assert!((listed.duration_secs - 11.0).abs() < 1e-6, "{listed:?}");
    assert_eq!(listed.incomplete, None);
    assert_seeks(&path, 11.0);
    // The last one lacks its end.
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 50_000]).unwrap();
    assert!(matches!(
        heard(&path).incomplete,
        Some(Incomplete::EndsEarly { .. })
    ));
}

#[test]
fn a_wavpack_file_that_was_written_into_a_pipe_is_whole_and_has_its_length() {
    let shop = Shop::of_secs(4);
    let path = shop.make("pipe.wv", "-c:a wavpack");
    let mut bytes = fs::read(&path).unwrap();
    // The count of frames is not known when the head is written.
    for unknown in [
        u32::MAX,
        // That of the WAV file, whose head was written before its end was known.
        u32::MAX / 4,
        0x7fff_f000 / 4,
    ] {
        bytes[12..16].copy_from_slice(&unknown.to_le_bytes());
        fs::write(&path, &bytes).unwrap();
        let listed = crate::probe_file(&path).unwrap();
        assert!((listed.duration_secs - 4.0).abs() < 1e-6, "{listed:?}");
        assert_eq!(heard(&path).incomplete, None, "{unknown:x}");
    }
    assert_seeks(&path, 4.0);
}
