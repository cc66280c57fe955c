//! A file that ends before its end says so, and one that is whole does not.

use super::*;

/// Decodes a file that is whole, then three fifths of its bytes, and a little more so that the cut is within a piece.
fn assert_tells_its_cut(shop: &Shop, name: &str, options: &str) {
    let path = shop.make(name, options);
    let whole = heard(&path);
    assert_eq!(whole.incomplete, None, "{name} is whole");
    let listed = crate::probe_file(&path).unwrap();
    assert_eq!(listed.incomplete, None, "{name} is whole in the list");
    let far = (listed.duration_secs - whole.duration_secs).abs();
    // Matroska tells milliseconds, rounded up.
    assert!(
        listed.duration_secs == 0.0 || far < 2e-3,
        "{name}: {listed:?} {whole:?}"
    );
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() * 6 / 10 + 7]).unwrap();
    let cut = heard(&path);
    assert!(
        matches!(cut.incomplete, Some(Incomplete::EndsEarly { .. })),
        "{name}: {cut:?}"
    );
    assert!((5.0..7.0).contains(&cut.duration_secs), "{name}: {cut:?}");
}

#[test]
fn a_part_of_a_chained_ogg_that_is_cut_within_a_page_leaves_the_next_part_whole() {
    let shop = Shop::new();
    for codec in ["libvorbis", "libopus"] {
        let options = format!("-c:a {codec}");
        let first = fs::read(shop.make("first.ogg", &options)).unwrap();
        let second = shop.make("second.ogg", &format!("{options} -serial_offset 7"));
        let whole = heard(&second).duration_secs;
        let cut = &first[..first.len() * 6 / 10 + 7];
        let alone = shop.path("cut.ogg");
        fs::write(&alone, cut).unwrap();
        let before = heard(&alone).duration_secs;
        let path = shop.path("chained.ogg");
        fs::write(&path, [cut, &fs::read(&second).unwrap()].concat()).unwrap();
        let both = heard(&path);
        let lost = before + whole - both.duration_secs;
        assert!(lost.abs() < 0.1, "{codec}: {before} and {whole}: {both:?}");
        assert!(both.incomplete.is_some(), "{codec}: {both:?}");
    }
}

#[test]
fn a_chained_ogg_that_is_cut_in_the_headers_of_its_last_part_ends_early() {
    let shop = Shop::new();
    let first = fs::read(shop.make("first.ogg", "-c:a libvorbis")).unwrap();
    let second = fs::read(shop.make("second.ogg", "-c:a libvorbis")).unwrap();
    // The first page of the second is whole, and says what follows; the comments and tables are not there.
    let path = shop.path("chained.ogg");
    fs::write(&path, [&first[..], &second[..80]].concat()).unwrap();
    let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
    let whole = Decoder::open(&shop.path("first.ogg"), &Cancel::default()).unwrap();
    let rate = f64::from(whole.info().sample_rate);
    let secs = rest(&mut decoder).remove(0).1.len() as f64 / rate;
    assert!((secs - whole.info().duration_secs).abs() < 0.05, "{secs}");
    let told = decoder.incomplete();
    assert!(
        matches!(told, Some(Incomplete::EndsEarly { .. })),
        "{told:?}"
    );
}

#[test]
fn a_cut_file_says_so() {
    let shop = Shop::new();
    for (name, options) in [
        ("plain.flac", "-c:a flac"),
        ("vorbis.ogg", "-c:a libvorbis"),
        ("opus.opus", "-c:a libopus"),
        ("front.m4a", "-c:a aac -movflags +faststart"),
        ("raw.aac", "-c:a aac"),
        ("six.m4a", "-ac 6 -c:a aac -movflags +faststart"),
        ("wave.wv", "-c:a wavpack"),
        ("true.tta", "-c:a tta"),
        ("media.wma", "-c:a wmav2"),
        ("odd.mov", "-c:a pcm_s24be -movflags +faststart"),
        ("phone.wav", "-ar 8000 -ac 1 -c:a g726"),
        ("raw.ac3", "-c:a ac3"),
        ("raw.eac3", "-c:a eac3"),
        ("raw.dts", "-c:a dca -strict -2"),
        ("sound.mka", "-c:a ac3"),
        ("sound.rm", "-c:a ac3 -f rm"),
        ("sound.voc", "-f voc"),
        ("raw.thd", "-c:a truehd -strict -2"),
        ("raw.latm", "-c:a aac -f latm"),
        ("sound.webm", "-c:a libopus"),
        ("flac.mka", "-c:a flac"),
        ("sound.nut", "-c:a libvorbis"),
        ("flac.nut", "-c:a flac"),
        ("plain.nut", "-c:a aac -write_index 0"),
        ("pipe.nut", "-c:a libmp3lame -seekable 0"),
        ("sound.mlp", "-c:a mlp -strict -2"),
        ("sound.sbc", "-c:a sbc"),
        ("sound.roq", "-ar 22050 -c:a roq_dpcm -f roq"),
    ] {
        assert_tells_its_cut(&shop, name, options);
    }
}

#[test]
fn matroska_that_does_not_tell_its_size_says_that_it_is_cut() {
    let shop = Shop::new();
    // ffmpeg finds no way back in what it writes into a pipe.
    let pipe = "-seekable 0 -flush_packets 1";
    let picture = "-f lavfi -i testsrc=d=10:s=160x120:r=25 -map 0 -map 1";
    for (name, options) in [
        ("pipe.webm", format!("-c:a libopus {pipe}")),
        ("pipe.mka", format!("-c:a flac {pipe}")),
        ("live.webm", "-c:a libopus -live 1".to_owned()),
        ("live.mka", "-c:a libvorbis -live 1".to_owned()),
        ("foreign.mka", "-c:a ac3 -live 1".to_owned()),
        ("film.mkv", format!("{picture} -c:a aac {pipe}")),
    ] {
        assert_tells_its_cut(&shop, name, &options);
    }
}

#[test]
fn a_film_that_is_cut_says_so() {
    let shop = Shop::new();
    let picture = "-f lavfi -i testsrc=d=10:s=160x120:r=25 -map 0 -map 1";
    for (name, options) in [
        ("a.avi", "-c:a libmp3lame"),
        ("b.avi", "-c:a pcm_s16le"),
        ("c.avi", "-c:a ac3"),
        ("d.flv", "-c:a aac"),
        ("e.flv", "-c:a libmp3lame"),
        ("f.mpg", "-c:a mp2 -f mpeg"),
        ("g.vob", "-c:a ac3 -f vob"),
        ("h.ts", "-c:a aac -f mpegts"),
        ("i.m2ts", "-c:a ac3 -f mpegts -mpegts_m2ts_mode 1"),
        ("j.wmv", "-c:a wmav2 -f asf"),
    ] {
        assert_tells_its_cut(&shop, name, options);
        let film = format!("film {name}").replace(' ', "_");
        assert_tells_its_cut(&shop, &film, &format!("{picture} {options}"));
    }
}

#[test]
fn a_film_that_is_longer_than_its_sound_is_whole() {
    let shop = Shop::new();
    let picture = "-f lavfi -i testsrc=d=14:s=160x120:r=25 -map 0 -map 1";
    for (name, options) in [
        ("a.avi", "-c:a libmp3lame"),
        ("b.flv", "-c:a aac"),
        ("c.mpg", "-c:a mp2 -f mpeg"),
        ("d.ts", "-c:a aac -f mpegts"),
        ("e.wmv", "-c:a wmav2 -f asf"),
        ("f.mkv", "-c:a ac3"),
        ("g.mkv", "-c:a aac"),
    ] {
        let path = shop.make(name, &format!("{picture} {options}"));
        assert_eq!(heard(&path).incomplete, None, "{name}");
    }
}

#[test]
fn a_file_whose_end_was_never_filled_says_so() {
    let shop = Shop::new();
    let picture = "-f lavfi -i testsrc=d=10:s=160x120:r=25 -map 0 -map 1";
    for (name, options) in [
        ("a.mka", "-c:a flac".to_owned()),
        ("b.webm", "-c:a libopus".to_owned()),
        ("c.mkv", format!("{picture} -c:a aac")),
        ("d.mka", "-c:a libvorbis -live 1".to_owned()),
        ("e.mka", "-c:a ac3".to_owned()),
        ("f.avi", "-c:a libmp3lame".to_owned()),
        ("g.avi", format!("{picture} -c:a ac3")),
        ("h.avi", "-c:a pcm_s16le".to_owned()),
        ("i.ogg", "-c:a libvorbis".to_owned()),
        ("j.opus", "-c:a libopus".to_owned()),
        ("k.flac", "-c:a flac".to_owned()),
        ("l.m4a", "-c:a aac -movflags +faststart".to_owned()),
        ("m.m4a", "-c:a alac -movflags +faststart".to_owned()),
        ("n.aac", "-c:a aac".to_owned()),
        ("o.mp3", "-c:a libmp3lame".to_owned()),
        ("p.wv", "-c:a wavpack".to_owned()),
        ("q.tta", "-c:a tta".to_owned()),
        ("r.wma", "-c:a wmav2".to_owned()),
        ("s.flv", "-c:a aac".to_owned()),
        ("t.ts", "-c:a aac -f mpegts".to_owned()),
        ("u.mpg", "-c:a mp2 -f mpeg".to_owned()),
        ("v.rm", "-c:a ac3 -f rm".to_owned()),
        ("w.ac3", "-c:a ac3".to_owned()),
        ("x.dts", "-c:a dca -strict -2".to_owned()),
        ("y.latm", "-c:a aac -f latm".to_owned()),
        (
            "z.mp4",
            "-c:a libopus -strict -2 -movflags +faststart".to_owned(),
        ),
    ] {
        let path = shop.make(name, &options);
        assert_eq!(heard(&path).incomplete, None, "{name} is whole");
        let mut bytes = fs::read(&path).unwrap();
        let filled = bytes.len() * 6 / 10 + 7;
        bytes[filled..].fill(0);
        fs::write(&path, bytes).unwrap();
        let found = heard(&path);
        assert!(found.incomplete.is_some(), "{name}: {found:?}");
    }
}

#[test]
fn any_number_of_zeros_behind_a_whole_file_are_nothing_missing() {
    let shop = Shop::new();
    for (name, options) in [
        ("a.mp3", "-c:a libmp3lame -b:a 128k"),
        ("b.mp3", "-c:a libmp3lame -q:a 4 -write_xing 0"),
        (
            "c.mp3",
            "-c:a libmp3lame -q:a 4 -write_id3v1 1 -metadata title=A",
        ),
        (
            "d.mp3",
            "-c:a libmp3lame -b:a 128k -write_xing 0 -write_id3v1 1 -metadata title=A",
        ),
        // Each frame ends with zeros.
        (
            "e.mp3",
            "-c:a libmp3lame -b:a 192k -reservoir 0 -write_xing 0",
        ),
        ("f.mp3", "-c:a libmp3lame -q:a 4 -reservoir 0 -write_xing 0"),
        (
            "x.mp3",
            "-ac 1 -ar 22050 -af volume=0.01 -c:a libmp3lame -q:a 9 -write_xing 0",
        ),
        ("g.mp2", "-c:a mp2 -b:a 384k"),
        ("h.aac", "-c:a aac"),
        ("i.aac", "-ac 6 -c:a aac"),
        ("j.ac3", "-c:a ac3"),
        ("k.eac3", "-c:a eac3"),
        ("l.dts", "-c:a dca -strict -2"),
        ("m.mlp", "-c:a mlp -strict -2"),
        ("n.thd", "-c:a truehd -strict -2"),
        ("o.latm", "-c:a aac -f latm"),
        ("p.sbc", "-c:a sbc"),
        ("q.flac", "-c:a flac"),
        ("r.wv", "-c:a wavpack"),
        ("s.tta", "-c:a tta"),
        ("t.nut", "-c:a aac"),
        ("u.nut", "-c:a flac -write_index 0"),
    ] {
        shop.make(name, options);
        assert_zeros_behind_are_nothing(&shop, name);
    }
    // No encoder of these is at hand; any bits are sound in them.
    let frames = |frame: &[u8]| frame.repeat(150);
    let amr = frames(&[&[7 << 3 | 4][..], &[0x55; 31]].concat());
    fs::write(shop.path("v.amr"), [b"#!AMR\n", &amr[..]].concat()).unwrap();
    assert_zeros_behind_are_nothing(&shop, "v.amr");
    let gsm = frames(&[&[0xd5][..], &[0x55; 32]].concat());
    fs::write(shop.path("w.gsm"), gsm).unwrap();
    assert_zeros_behind_are_nothing(&shop, "w.gsm");
}

fn assert_zeros_behind_are_nothing(shop: &Shop, name: &str) {
    let path = shop.path(name);
    let whole = heard(&path);
    assert_eq!(whole.incomplete, None, "{name} is whole");
    let bytes = fs::read(&path).unwrap();
    for zeros in [40, 3_000, 100_000] {
        fs::write(&path, [&bytes[..], &vec![0; zeros]].concat()).unwrap();
        let (found, listed) = (heard(&path), crate::probe_file(&path).unwrap());
        let case = format!("{zeros} zeros behind {name}");
        assert_eq!(
            (found.incomplete, listed.incomplete),
            (None, None),
            "{case}"
        );
        let far = (found.duration_secs - whole.duration_secs).abs();
        assert!(far < 1e-6, "{case}: {found:?} of {whole:?}");
    }
}

#[test]
fn zeros_in_place_of_the_end_of_an_mp3_without_a_count_are_told_but_where_a_frame_ends() {
    let shop = Shop::new();
    for (name, options) in [
        ("a.mp3", "-c:a libmp3lame -q:a 4 -write_xing 0"),
        (
            "b.mp3",
            "-ac 1 -ar 22050 -c:a libmp3lame -b:a 56k -write_xing 0",
        ),
        ("c.mp3", "-c:a libmp3lame -b:a 128k -write_xing 0"),
        // Frames of 26 bytes, of which half are header and side information.
        (
            "d.mp3",
            "-ac 1 -ar 22050 -af volume=0.01 -c:a libmp3lame -q:a 9 -write_xing 0",
        ),
    ] {
        let path = shop.make(name, options);
        let bytes = fs::read(&path).unwrap();
        let (mut tried, mut missed) = (0, 0);
        for filled in (bytes.len() / 3..bytes.len() / 3 + 2_000).step_by(9) {
            let mut unfilled = bytes.clone();
            unfilled[filled..].fill(0);
            unfilled.resize(bytes.len() + 40_000, 0);
            fs::write(&path, unfilled).unwrap();
            tried += 1;
            missed += u32::from(crate::probe_file(&path).unwrap().incomplete.is_none());
        }
        // Where the sound of a frame or the frame itself ends: a few bytes of some hundred.
        assert!(50 * missed <= 2 * tried, "{name}: {missed} of {tried}");
    }
}

#[test]
fn nut_says_wherever_it_is_cut_within_a_frame() {
    let shop = Shop::new();
    for (name, options) in [
        ("a.nut", "-c:a flac -write_index 0"),
        ("b.nut", "-c:a pcm_s16le"),
        (
            "c.nut",
            "-c:a libvorbis -f lavfi -i testsrc=d=3:s=64x64 -map 0 -map 1",
        ),
    ] {
        let path = shop.make(name, &format!("-t 3 {options}"));
        let bytes = fs::read(&path).unwrap();
        let mut missed = 0;
        for cut in 0..30 {
            let there = bytes.len() / 3 + cut * bytes.len() / 50;
            fs::write(&path, &bytes[..there]).unwrap();
            let listed = crate::probe_file(&path).unwrap().incomplete;
            missed += u32::from(listed.is_none());
        }
        // Between two frames.
        assert!(missed <= 1, "{name}: {missed}");
    }
}

#[test]
fn zeros_in_place_of_the_counted_end_of_an_mp3_are_told_however_many_follow() {
    let shop = Shop::new();
    let path = shop.make("a.mp3", "-c:a libmp3lame -b:a 128k");
    let bytes = fs::read(&path).unwrap();
    for more in [0, 100_000] {
        let mut unfilled = bytes.clone();
        unfilled[bytes.len() * 7 / 10..].fill(0);
        unfilled.resize(bytes.len() + more, 0);
        fs::write(&path, unfilled).unwrap();
        let found = heard(&path).incomplete;
        assert!(
            matches!(found, Some(Incomplete::EndsEarly { .. })),
            "{more}: {found:?}"
        );
    }
}

/// Raw samples, 16 bits each.
fn silent_end() -> Vec<u8> {
    let mut samples: Vec<u8> = (0..60_000_u32).map(|n| ((n * n) >> 7) as u8).collect();
    samples.resize(160_000, 0);
    samples
}

#[test]
fn a_creative_voice_file_that_ends_in_silence_is_whole() {
    let shop = Shop::new();
    let loud = |samples: Vec<u8>| samples.iter().map(|byte| byte | 0x11).collect::<Vec<u8>>();
    for (name, samples, counted_of_head) in [
        ("a.voc", silent_end(), 12_u32),
        // As SoX counts.
        ("b.voc", silent_end(), 4),
        ("c.voc", loud(silent_end()), 4),
    ] {
        let mut bytes = b"Creative Voice File\x1a\x1a\0\x0a\x01\x29\x11\x09".to_vec();
        let counted = samples.len() as u32 + counted_of_head;
        bytes.extend(&counted.to_le_bytes()[..3]);
        bytes.extend(20_000_u32.to_le_bytes());
        bytes.extend([16, 2, 4, 0, 0, 0, 0, 0]);
        bytes.extend(&samples);
        bytes.push(0);
        let path = shop.path(name);
        fs::write(&path, &bytes).unwrap();
        let found = heard(&path);
        assert_eq!(found.incomplete, None, "{name}");
        assert!(
            (found.duration_secs - 2.0).abs() < 0.001,
            "{name}: {found:?}"
        );
        fs::write(&path, &bytes[..100_000]).unwrap();
        assert!(heard(&path).incomplete.is_some(), "{name}");
    }
}

#[test]
fn raw_gsm_has_the_length_of_its_frames_and_tells_a_cut() {
    let shop = Shop::new();
    let path = shop.path("a.gsm");
    // Any bits are sound behind the mark of a frame.
    let frame = |number: u32| {
        (0..33_u32).map(move |at| match at {
            0 => 0xd0 | (number % 16) as u8,
            at => (((number + 3) * (at + 7) * 7_919) >> 3) as u8,
        })
    };
    let bytes: Vec<u8> = (0..100).flat_map(frame).collect();
    fs::write(&path, &bytes).unwrap();
    let found = heard(&path);
    assert_eq!((found.sample_rate, found.channels), (8_000, 1));
    assert_eq!(found.incomplete, None);
    assert!((found.duration_secs - 2.0).abs() < 1e-6, "{found:?}");
    fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    let found = heard(&path).incomplete;
    assert!(
        matches!(found, Some(Incomplete::EndsEarly { .. })),
        "{found:?}"
    );
}

#[test]
fn a_few_zeros_at_the_end_are_padding_unless_they_reach_into_a_frame() {
    let shop = Shop::of_secs(4);
    for (name, options) in [
        (
            "a.mp3",
            "-c:a libmp3lame -b:a 128k -reservoir 0 -write_xing 0 -id3v2_version 0",
        ),
        ("b.mp3", "-c:a libmp3lame -q:a 4 -reservoir 0 -write_xing 0"),
        ("c.mp3", "-c:a libmp3lame -b:a 160k"),
        (
            "d.mp3",
            "-ar 22050 -ac 1 -c:a libmp3lame -b:a 48k -reservoir 0 -write_xing 0",
        ),
        ("e.aac", "-c:a aac"),
        ("f.ac3", "-c:a ac3"),
        ("g.eac3", "-c:a eac3"),
        ("h.latm", "-c:a aac -f latm"),
        ("i.flac", "-c:a flac"),
        ("j.ogg", "-c:a libvorbis"),
        ("k.wv", "-c:a wavpack"),
        ("l.tta", "-c:a tta"),
    ] {
        let path = shop.make(name, options);
        let bytes = fs::read(&path).unwrap();
        for sectors in [2048, 8192] {
            // As a file that fills sectors of a disc.
            let padded = [&bytes[..], &vec![0; sectors]].concat();
            fs::write(&path, padded).unwrap();
            assert_eq!(heard(&path).incomplete, None, "{name} and {sectors} zeros");
        }
        let mut unfilled = bytes;
        let filled = unfilled.len() - 5_000;
        unfilled[filled..].fill(0);
        fs::write(&path, unfilled).unwrap();
        let found = heard(&path);
        assert!(found.incomplete.is_some(), "{name}: {found:?}");
    }
    // Nothing in a transport stream is zeros only.
    let path = shop.make("m.ts", "-c:a aac -f mpegts");
    let mut bytes = fs::read(&path).unwrap();
    let filled = bytes.len() - 5_000;
    bytes[filled..].fill(0);
    fs::write(&path, bytes).unwrap();
    let found = heard(&path).incomplete;
    assert!(
        matches!(found, Some(Incomplete::EndsEarly { .. })),
        "{found:?}"
    );
}
