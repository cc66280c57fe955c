//! No bytes and no name make the program do anything but decode the file.

use super::*;

#[test]
fn names_that_look_like_options_or_protocols_are_names() {
    let shop = Shop::new();
    let path = shop.make("plain.ac3", "-c:a ac3");
    for name in [
        "-i.ac3",
        "concat:a|b.ac3",
        "pipe:0",
        "a%03d.ac3",
        "caf\u{e9} \u{65e5}.ac3",
    ] {
        let odd = shop.path(name);
        fs::copy(&path, &odd).unwrap();
        let mut decoder = Decoder::open(&odd, &Cancel::default()).unwrap();
        assert!(decoder.next().unwrap().is_some(), "{name}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let odd = shop.folder.path().join(OsStr::from_bytes(b"caf\xe9.ac3"));
        fs::copy(&path, &odd).unwrap();
        let mut decoder = Decoder::open(&odd, &Cancel::default()).unwrap();
        assert!(decoder.next().unwrap().is_some());
    }
}

#[test]
fn a_playlist_that_names_other_files_is_not_followed() {
    let shop = Shop::new();
    let path = shop.make("plain.ac3", "-c:a ac3");
    let secret = path.display();
    for (name, text) in [
        (
            "a.m3u8",
            format!("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n"),
        ),
        ("b.ac3", format!("ffconcat version 1.0\nfile {secret}\n")),
        (
            "c.sdp",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n".to_owned(),
        ),
    ] {
        let list = shop.path(name);
        fs::write(&list, text).unwrap();
        let opened = Decoder::open(&list, &Cancel::default());
        assert!(opened.is_err(), "{name}");
    }
}

#[test]
fn a_cancelled_program_ends_at_once() {
    let shop = Shop::new();
    let path = shop.make("plain.ac3", "-c:a ac3");
    let cancel = Cancel::default();
    let mut decoder = Decoder::open(&path, &cancel).unwrap();
    cancel.cancel();
    // What was decoded ahead may still come, the ten seconds of the file do not.
    let mut frames = 0;
    while let Ok(Some(chunk)) = decoder.next() {
        frames += chunk.samples.len() / chunk.channels;
    }
    assert!(frames < 4 * 44_100, "{frames} frames");
}

#[test]
fn files_with_wrong_bytes_end_as_sound_or_as_an_error() {
    let shop = Shop::new();
    let mut state = 7_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    for (name, options) in [
        ("a.m4a", "-t 1 -c:a aac -movflags +faststart"),
        (
            "b.mp4",
            "-t 1 -c:a aac -movflags +frag_keyframe+empty_moov -frag_duration 200000",
        ),
        ("c.ogg", "-t 1 -c:a libvorbis"),
        ("d.opus", "-t 1 -c:a libopus"),
        ("e.webm", "-t 1 -c:a libopus"),
        ("f.aac", "-t 1 -c:a aac"),
        ("g.flac", "-t 1 -c:a flac"),
    ] {
        let whole = fs::read(shop.make(name, options)).unwrap();
        for round in 0..40 {
            let mut bytes = whole.clone();
            // The header and the whole file in turn; single bytes and sizes of all ones.
            let reach = if round % 2 == 0 {
                bytes.len().min(800)
            } else {
                bytes.len()
            };
            for _ in 0..1 + round % 7 {
                let place = random() % reach;
                bytes[place] = random() as u8;
                if round % 5 == 0 {
                    bytes[place..(place + 4).min(reach)].fill(0xff);
                }
            }
            let path = shop.path(name);
            fs::write(&path, &bytes).unwrap();
            if let Ok(mut decoder) = Decoder::open_with(&path, &Cancel::default(), None) {
                let mut values = 0;
                while let Ok(Some(chunk)) = decoder.next() {
                    values += chunk.samples.len();
                }
                assert!(values < 50_000_000, "{name} {round}");
                let _ = decoder.seek(0.5);
                let _ = decoder.next();
            }
        }
    }
}

#[test]
fn tables_and_fragments_that_claim_too_much_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.m4a");
    let atom = |name: &[u8], body: &[u8]| -> Vec<u8> {
        [&(8 + body.len() as u32).to_be_bytes(), name, body].concat()
    };
    // Four thousand million packets of as many frames; an edit list that ends before it begins.
    let stts = atom(b"stts", &[&[0; 7][..], &[2], &[0xff; 16]].concat());
    let stsd = atom(
        b"stsd",
        &[&[0; 7][..], &[1, 0, 0, 0, 16], b"mp4a", &[0; 8]].concat(),
    );
    let mdhd = atom(
        b"mdhd",
        &[&[0; 12][..], &44_100_u32.to_be_bytes(), &[0; 8]].concat(),
    );
    let hdlr = atom(b"hdlr", b"\0\0\0\0\0\0\0\0soun\0\0\0\0");
    let minf = atom(b"minf", &atom(b"stbl", &[stsd, stts].concat()));
    let elst = atom(
        b"elst",
        &[
            &[0; 7][..],
            &[1, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0, 1, 0, 0],
        ]
        .concat(),
    );
    let tkhd = atom(b"tkhd", &[0; 84]);
    let mdia = atom(b"mdia", &[mdhd, hdlr, minf].concat());
    let trak = atom(b"trak", &[tkhd, atom(b"edts", &elst), mdia].concat());
    let mut bytes = atom(b"ftyp", b"M4A \0\0\0\0");
    bytes.extend(atom(b"moov", &[atom(b"mvhd", &[0; 100]), trak].concat()));
    for _ in 0..50_000 {
        bytes.extend(atom(b"moof", &atom(b"traf", &atom(b"trun", &[0xff; 12]))));
    }
    fs::write(&path, bytes).unwrap();
    assert!(Decoder::open_with(&path, &Cancel::default(), None).is_err());
}
