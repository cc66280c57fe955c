//! Whatever the container: a place that is sought is the place that decoding from the beginning reaches, to the frame.

use super::*;

#[test]
fn places_are_found_in_mp4() {
    let shop = Shop::new();
    for (name, options) in [
        ("plain.m4a", "-c:a aac"),
        ("alac.m4a", "-c:a alac"),
        ("opus.mp4", "-c:a libopus"),
        ("mp3.mp4", "-c:a libmp3lame"),
        ("flac.mp4", "-c:a flac -strict -2"),
        (
            "fragments.mp4",
            "-c:a aac -movflags +frag_keyframe+empty_moov -frag_duration 500000",
        ),
    ] {
        assert_seeks(&shop.make(name, options), 10.0);
    }
    // Beside a film that is shorter than the sound.
    let options = "-f lavfi -i testsrc=d=3:s=64x64 -map 0 -map 1 -c:v mpeg4 -c:a aac";
    assert_seeks(&shop.make("film.mp4", options), 10.0);
}

#[test]
fn places_are_found_in_trimmed_and_rearranged_mp4() {
    let shop = Shop::new();
    let bytes = fs::read(shop.make("plain.m4a", "-c:a aac")).unwrap();
    // From 5 s on; and 1 s from 6 s on, then 2 s from 2 s on. Movie time is in milliseconds, media time in frames.
    let trimmed = [(5000_u32, 1024 + 5 * 44_100_u32)];
    let rearranged = [(1000, 1024 + 6 * 44_100), (2000, 1024 + 2 * 44_100)];
    let all = {
        let mut decoder = Decoder::open(&shop.path("plain.m4a"), &Cancel::default()).unwrap();
        rest(&mut decoder).remove(0).1
    };
    for (name, edits, secs, first) in [
        ("trimmed.m4a", &trimmed[..], 5.0, 5 * 44_100),
        ("rearranged.m4a", &rearranged[..], 3.0, 6 * 44_100),
    ] {
        let path = shop.path(name);
        fs::write(&path, with_edits(&bytes, edits)).unwrap();
        assert_seeks(&path, secs);
        let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
        assert!((decoder.info().duration_secs - secs).abs() < 1e-9);
        let found = rest(&mut decoder).remove(0).1;
        assert_eq!(found.len(), (secs * 44_100.0) as usize, "{name}");
        assert_eq!(found[..4000], all[first..][..4000], "{name}");
    }
    // An empty edit in front (a delay beside a film that is not heard here) leaves the sound as it is.
    let path = shop.path("delayed.m4a");
    fs::write(
        &path,
        with_edits(&bytes, &[(700, u32::MAX), (10_000, 1024)]),
    )
    .unwrap();
    let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
    assert_eq!(rest(&mut decoder).remove(0).1, all);
}

/// Exchanges the edit list of an MP4 file whose index is its last box; edits are (length, start).
fn with_edits(bytes: &[u8], edits: &[(u32, u32)]) -> Vec<u8> {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let find = |name: &[u8]| bytes.windows(4).rposition(|four| four == name).unwrap() - 4;
    let (moov, trak, edts) = (find(b"moov"), find(b"trak"), find(b"edts"));
    let mut list = b"\0\0\0\0".to_vec();
    list.extend((edits.len() as u32).to_be_bytes());
    for (length, start) in edits {
        list.extend(length.to_be_bytes());
        list.extend(start.to_be_bytes());
        list.extend([0, 1, 0, 0]);
    }
    let mut new = (16 + list.len() as u32).to_be_bytes().to_vec();
    new.extend(b"edts");
    new.extend((8 + list.len() as u32).to_be_bytes());
    new.extend(b"elst");
    new.extend(list);
    let old = number(edts) as usize;
    let mut out = bytes[..edts].to_vec();
    out.extend(&new);
    out.extend(&bytes[edts + old..]);
    for parent in [moov, trak] {
        let size = number(parent) - old as u32 + new.len() as u32;
        out[parent..parent + 4].copy_from_slice(&size.to_be_bytes());
    }
    out
}

#[test]
fn the_delay_of_itunes_is_left_out() {
    let shop = Shop::new();
    let plain = shop.make("plain.m4a", "-c:a aac");
    let bytes = fs::read(&plain).unwrap();
    let wanted = rest(&mut Decoder::open(&plain, &Cancel::default()).unwrap());
    let atom = |name: &[u8], body: &[u8]| -> Vec<u8> {
        let mut bytes = (8 + body.len() as u32).to_be_bytes().to_vec();
        bytes.extend(name);
        bytes.extend(body);
        bytes
    };
    let value = format!(
        " 00000000 00000400 00000158 {:016X} 00000000 00000000",
        441_000
    );
    let tag = [
        atom(b"mean", b"\0\0\0\0com.apple.iTunes"),
        atom(b"name", b"\0\0\0\0iTunSMPB"),
        atom(b"data", &[b"\0\0\0\x01\0\0\0\0", value.as_bytes()].concat()),
    ]
    .concat();
    let meta = [
        b"\0\0\0\0".to_vec(),
        atom(b"hdlr", &[0; 25]),
        atom(b"ilst", &atom(b"----", &tag)),
    ]
    .concat();
    let udta = atom(b"udta", &atom(b"meta", &meta));
    // In place of the edit list, behind everything else of the index.
    let mut tagged = bytes.clone();
    let elst = tagged.windows(4).rposition(|four| four == b"elst").unwrap();
    tagged[elst - 8..elst - 4].copy_from_slice(b"free");
    let moov = tagged.windows(4).rposition(|four| four == b"moov").unwrap() - 4;
    let size = (tagged.len() - moov + udta.len()) as u32;
    tagged[moov..moov + 4].copy_from_slice(&size.to_be_bytes());
    tagged.extend(udta);
    let path = shop.path("tagged.m4a");
    fs::write(&path, tagged).unwrap();
    let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
    assert!((decoder.info().duration_secs - 10.0).abs() < 1e-9);
    assert!(rest(&mut decoder) == wanted);
}

#[test]
fn places_are_found_in_ogg() {
    let shop = Shop::new();
    for (name, options) in [
        ("vorbis.ogg", "-c:a libvorbis"),
        ("flac.ogg", "-c:a flac"),
        ("opus.opus", "-c:a libopus"),
        (
            "speech.opus",
            "-ac 1 -c:a libopus -b:a 12k -application voip",
        ),
        (
            "film.ogv",
            "-f lavfi -i testsrc=d=10:s=64x64 -map 0 -map 1 -c:v libtheora -c:a libvorbis",
        ),
    ] {
        assert_seeks(&shop.make(name, options), 10.0);
    }
}

#[test]
fn places_are_found_in_chains() {
    let shop = Shop::new();
    shop.source("a.wav", 44_100, 2, 5);
    shop.source("b.wav", 22_050, 1, 12);
    for (name, serial) in [("a", 1), ("b", 2)] {
        shop.run(
            "oggenc",
            &format!("-Q -s {serial} {name}.wav -o {name}.ogg"),
        );
        shop.run(
            "ffmpeg",
            &format!("-v error -i {name}.wav -c:a libopus -serial_offset {serial} {name}.opus"),
        );
    }
    let chain = |name: &str, parts: &[&str]| {
        let bytes: Vec<u8> = parts
            .iter()
            .flat_map(|part| fs::read(shop.path(part)).unwrap())
            .collect();
        fs::write(shop.path(name), bytes).unwrap();
        shop.path(name)
    };
    for (name, parts, secs) in [
        ("two.ogg", &["a.ogg", "b.ogg"][..], 17.0),
        ("three.ogg", &["b.ogg", "a.ogg", "b.ogg"], 29.0),
        // Links that share a number.
        ("same.ogg", &["a.ogg", "a.ogg"], 10.0),
        ("two.opus", &["a.opus", "b.opus"], 17.0),
        ("mixed.ogg", &["a.opus", "b.ogg"], 17.0),
    ] {
        let path = chain(name, parts);
        let claimed = crate::probe_file(&path).unwrap().duration_secs;
        assert!((claimed - secs).abs() < 1e-6, "{name}: {claimed} s");
        assert_seeks(&path, secs);
    }
}

#[test]
fn an_ogg_file_that_does_not_begin_at_zero_is_whole_and_has_its_length() {
    let shop = Shop::new();
    shop.make("full.ogg", "-c:a libvorbis");
    shop.run(
        "ffmpeg",
        "-v error -ss 4.7 -i full.ogg -c copy -copyts mid.ogg",
    );
    let path = shop.path("mid.ogg");
    let info = crate::probe_file(&path).unwrap();
    assert_eq!(info.incomplete, None);
    assert!((5.0..6.0).contains(&info.duration_secs), "{info:?}");
    assert_seeks(&path, info.duration_secs);
    // All its sound in one page, which counts from the beginning of what it was cut out of.
    shop.run(
        "ffmpeg",
        "-v error -ss 4.7 -i full.ogg -to 5 -c copy -copyts short.ogg",
    );
    let path = shop.path("short.ogg");
    let bytes = fs::read(&path).unwrap();
    let pages = bytes.windows(4).filter(|mark| mark == b"OggS").count();
    assert_eq!(pages, 3, "two of headers and one of sound");
    let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
    assert!(!rest(&mut decoder).is_empty());
    assert_eq!(decoder.incomplete(), None);
}

#[test]
fn a_matroska_file_that_does_not_begin_at_zero_has_the_length_that_plays() {
    let shop = Shop::new();
    for (name, options) in [
        ("vorbis.webm", "-c:a libvorbis"),
        ("opus.mka", "-c:a libopus"),
        ("aac.mkv", "-c:a aac"),
        ("flac.mka", "-c:a flac"),
    ] {
        shop.make(name, &format!("{options} -cluster_time_limit 500"));
        let mid = format!("mid-{name}");
        shop.run(
            "ffmpeg",
            &format!("-v error -ss 4.7 -i {name} -c copy -copyts {mid}"),
        );
        let path = shop.path(&mid);
        let listed = crate::probe_file(&path).unwrap();
        let found = heard(&path);
        let far = (listed.duration_secs - found.duration_secs).abs();
        assert!(far < 0.1, "{name}: {listed:?} {found:?}");
        assert!(
            (5.0..6.0).contains(&found.duration_secs),
            "{name}: {found:?}"
        );
        assert_eq!(
            (listed.incomplete, found.incomplete),
            (None, None),
            "{name}"
        );
    }
}

#[test]
fn places_are_found_in_matroska_raw_aac_and_flac() {
    let shop = Shop::new();
    for (name, options) in [
        ("vorbis.webm", "-c:a libvorbis"),
        ("opus.webm", "-c:a libopus"),
        ("aac.mkv", "-c:a aac"),
        ("flac.mkv", "-c:a flac"),
        ("raw.aac", "-c:a aac"),
        ("plain.flac", "-c:a flac"),
    ] {
        assert_seeks(&shop.make(name, options), 10.0);
    }
}

#[test]
fn raw_aac_may_change_its_rate_and_begin_with_a_tag() {
    let shop = Shop::new();
    let first = fs::read(shop.make("a.aac", "-t 4 -c:a aac")).unwrap();
    let second = fs::read(shop.make("b.aac", "-t 6 -ar 32000 -ac 1 -c:a aac")).unwrap();
    let mut bytes = b"ID3\x04\0\0\0\0\0\x08\xff\xf1\x50\x80\xff\xf1\x50\x80".to_vec();
    bytes.extend([first, second].concat());
    let path = shop.path("both.aac");
    fs::write(&path, &bytes).unwrap();
    let info = crate::probe_file(&path).unwrap();
    assert!((info.duration_secs - 10.0).abs() < 0.1, "{info:?}");
    assert_seeks(&path, info.duration_secs);
    // Cut inside a frame: said so, and all before it plays.
    bytes.truncate(bytes.len() - 100);
    fs::write(&path, &bytes).unwrap();
    let info = crate::probe_file(&path).unwrap();
    assert_eq!(info.incomplete, Some(Incomplete::EndsEarly { share: None }));
    // A tag at the end is no damage.
    bytes.truncate(0);
    bytes.extend(fs::read(shop.path("a.aac")).unwrap());
    bytes.extend([b"TAG".to_vec(), vec![b' '; 125]].concat());
    fs::write(&path, &bytes).unwrap();
    assert_eq!(crate::probe_file(&path).unwrap().incomplete, None);
}

#[test]
fn what_ffmpeg_decodes_is_sought_to_the_frame() {
    let shop = Shop::new();
    for (name, options) in [
        ("six.m4a", "-ac 6 -c:a aac"),
        ("alac.mov", "-c:a alac"),
        ("ac3.mp4", "-c:a ac3"),
        ("raw.ac3", "-c:a ac3"),
        ("wave.wv", "-c:a wavpack"),
        ("true.tta", "-c:a tta"),
        ("speex.ogg", "-ar 16000 -ac 1 -c:a libspeex"),
    ] {
        let path = shop.make(name, options);
        let decoder = Decoder::open(&path, &Cancel::default()).unwrap();
        assert_eq!(decoder.info().decoder, "ffmpeg program", "{name}");
        assert_seeks(&path, 10.0);
    }
}

#[test]
fn the_second_track_plays_where_the_first_does_not() {
    let shop = Shop::new();
    let options = "-i src.wav -map 0 -map 1 -c:a:0 ac3 -c:a:1 aac";
    for name in ["two.mp4", "two.mkv"] {
        let path = shop.make(name, options);
        let decoder = Decoder::open(&path, &Cancel::default()).unwrap();
        assert_eq!(decoder.info().decoder, "Symphonia", "{name}");
        let codec = &decoder.info().codec;
        assert!(
            codec.contains("track 2") && codec.contains("AC-3"),
            "{name}: {codec}"
        );
        assert_seeks(&path, 10.0);
    }
}

#[test]
fn pages_that_miscount_a_little_lose_no_sound() {
    let shop = Shop::new();
    for (name, options) in [("a.ogg", "-c:a libvorbis"), ("b.opus", "-c:a libopus")] {
        let path = shop.make(name, options);
        let wanted = rest(&mut Decoder::open(&path, &Cancel::default()).unwrap());
        let mut bytes = fs::read(&path).unwrap();
        let pages: Vec<usize> = (0..bytes.len() - 4)
            .filter(|&place| bytes[place..].starts_with(b"OggS\0"))
            .chain([bytes.len()])
            .collect();
        // Neither the headers nor the last page, whose count is the file's length.
        for pair in pages[4..pages.len() - 1].windows(2).step_by(2) {
            let page = &mut bytes[pair[0]..pair[1]];
            let count = u64::from_le_bytes(page[6..14].try_into().unwrap()) - 224;
            page[6..14].copy_from_slice(&count.to_le_bytes());
            page[22..26].fill(0);
            // RFC 3533: polynomial 0x04c11db7, beginning with 0, not mirrored.
            let sum = page.iter().fold(0_u32, |sum, &byte| {
                (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| {
                    sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 }
                })
            });
            page[22..26].copy_from_slice(&sum.to_le_bytes());
        }
        fs::write(&path, bytes).unwrap();
        let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
        assert!(rest(&mut decoder) == wanted, "{name}");
        assert_eq!(decoder.incomplete(), None, "{name}");
        assert_seeks(&path, 10.0);
    }
}

#[test]
fn a_piece_of_a_flac_stream_begins_at_zero_and_says_that_its_beginning_is_not_there() {
    let shop = Shop::new();
    let whole = shop.make("whole.flac", "-c:a flac");
    let mut decoder = Decoder::open(&whole, &Cancel::default()).unwrap();
    let wanted = rest(&mut decoder).remove(0).1;
    shop.run(
        "ffmpeg",
        "-v error -y -ss 4 -i whole.flac -c copy piece.flac",
    );
    let path = shop.path("piece.flac");
    let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
    let listed_secs = decoder.info().duration_secs;
    let found = rest(&mut decoder).remove(0).1;
    assert!(found == wanted[wanted.len() - found.len()..]);
    let secs = found.len() as f64 / 44_100.0;
    assert!((listed_secs - secs).abs() < 1e-6, "{listed_secs} {secs}");
    let told = crate::probe_file(&path).unwrap().incomplete;
    assert_eq!(decoder.incomplete(), told);
    let Some(Incomplete::BeginsLate { secs: lacking }) = told else {
        panic!("{told:?}");
    };
    assert!((lacking + secs - 10.0).abs() < 1e-6, "{lacking} {secs}");
    decoder.seek(2.0).unwrap();
    let behind = rest(&mut decoder).remove(0).1;
    assert!(behind == found[2 * 44_100..]);
}

#[test]
fn raw_aac_that_begins_within_a_frame_has_the_length_that_plays() {
    let shop = Shop::new();
    let bytes = fs::read(shop.make("whole.aac", "-c:a aac")).unwrap();
    for missing in [1, 100, 333, 1_000] {
        let path = shop.path("recorded.aac");
        fs::write(&path, &bytes[missing..]).unwrap();
        let listed = crate::probe_file(&path).unwrap();
        let found = heard(&path);
        let far = (listed.duration_secs - found.duration_secs).abs();
        assert!(far < 1e-6, "{missing}: {listed:?} {found:?}");
        assert_eq!(found.incomplete, None, "{missing}");
    }
}
