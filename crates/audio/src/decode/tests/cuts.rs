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
    ] {
        assert_tells_its_cut(&shop, name, options);
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
fn a_few_zeros_at_the_end_are_padding_unless_they_reach_into_a_frame() {
    let shop = Shop::new();
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
