//! A file that is not decoded is refused with the true reason, and what would help.

use super::*;

#[test]
fn without_ffmpeg_the_codec_is_named_and_what_would_help() {
    let shop = Shop::new();
    for (name, options, codec) in [
        ("six.m4a", "-ac 6 -c:a aac", "AAC with six channels"),
        ("six.aac", "-ac 6 -c:a aac", "AAC with six channels"),
        ("layer2.mp4", "-c:a mp2", "MPEG audio layer II"),
        ("alac.mov", "-c:a alac", "ALAC as QuickTime stores it"),
        ("ac3.mp4", "-c:a ac3", "AC-3"),
        ("ac3.mkv", "-c:a ac3", "AC-3"),
        ("speex.ogg", "-ar 16000 -c:a libspeex", "Speex"),
        ("wave.wv", "-c:a wavpack", "WavPack"),
        ("true.tta", "-c:a tta", "True Audio"),
        ("windows.wma", "-c:a wmav2", "Windows Media"),
    ] {
        let path = shop.make(name, options);
        let empty = Some(shop.folder.path().as_os_str());
        let Err(error) = Decoder::open_with(&path, &Cancel::default(), empty) else {
            panic!("{name} opened without ffmpeg");
        };
        let text = error.to_string();
        assert!(matches!(error, AudioError::NeedsProgram { .. }), "{text}");
        assert!(text.contains(codec) && text.contains("ffmpeg"), "{text}");
        assert!(text.ends_with(&path.display().to_string()), "{text}");
    }
}

#[test]
fn an_ogg_without_its_beginning_is_said_to_lack_it() {
    let shop = Shop::new();
    let bytes = fs::read(shop.make("whole.ogg", "-c:a libvorbis")).unwrap();
    let path = shop.path("rest.ogg");
    fs::write(&path, &bytes[bytes.len() / 2 + 1..]).unwrap();
    let error = Decoder::open(&path, &Cancel::default()).err().unwrap();
    let text = error.to_string();
    assert!(text.contains("whose beginning is missing"), "{text}");
}

#[test]
fn he_aac_is_left_to_ffmpeg_whatever_tells_it() {
    let shop = Shop::new();
    let path = shop.make("plain.m4a", "-ar 22050 -ac 1 -c:a aac");
    let plain = Decoder::open(&path, &Cancel::default()).unwrap();
    assert_eq!(plain.info().decoder, "Symphonia");
    let mut bytes = fs::read(&path).unwrap();
    // What ffmpeg writes behind the configuration (ISO/IEC 14496-3, 1.6.6.1): no band replication. Then with it, at twice the rate.
    let sync = bytes
        .windows(3)
        .position(|three| three == b"\x56\xe5\0")
        .unwrap();
    bytes[sync + 2] = 0xa0;
    let explicit = shop.path("explicit.m4a");
    fs::write(&explicit, &bytes).unwrap();
    let mut decoder = Decoder::open(&explicit, &Cancel::default()).unwrap();
    assert_eq!(decoder.info().decoder, "ffmpeg program");
    assert_eq!(decoder.info().sample_rate, 44_100);
    let secs = rest(&mut decoder).remove(0).1.len() as f64 / 44_100.0;
    assert!((secs - 10.0).abs() < 0.1, "{secs}");
    let empty = Some(shop.folder.path().as_os_str());
    let error = Decoder::open_with(&explicit, &Cancel::default(), empty).err();
    assert!(error.unwrap().to_string().contains("HE-AAC"));
}

#[test]
fn what_is_no_sound_is_called_by_its_name() {
    let shop = Shop::new();
    shop.run(
        "ffmpeg",
        "-v error -f lavfi -i testsrc=d=1:s=64x64 -c:v mpeg4 silent.mp4",
    );
    shop.run(
        "ffmpeg",
        "-v error -f lavfi -i testsrc=d=1:s=64x64 -c:v mpeg4 silent.avi",
    );
    shop.run(
        "ffmpeg",
        "-v error -f lavfi -i testsrc=d=1:s=64x64 -c:v mpeg4 silent.mkv",
    );
    shop.run(
        "ffmpeg",
        "-v error -f lavfi -i testsrc=d=0.1:s=64x64 -frames:v 1 picture.bmp",
    );
    for (name, bytes, words) in [
        ("a.mp3", &b"PK\x03\x04...."[..], "an archive (ZIP)"),
        ("b.mp3", b"\n<!DOCTYPE html><html>Not found", "a web page"),
        ("c.wav", b"a,b\n1,2\n", "a text"),
        ("d.flac", b"%PDF-1.7", "a document (PDF)"),
        ("e.ogg", &[0; 5000], "zeros"),
        ("f.sbc", b"\xff\xfeN\0o\0t\0e\0s\0", "a text"),
        ("g.wve", b"Caf\xe9 del Mar, no sound\r\n", "a text"),
        ("h.roq", b"MM\0*\0\0\0\x08", "a picture (TIFF)"),
        ("picture.bmp", b"", "a picture (BMP)"),
        ("silent.mp4", b"", "it has no sound track"),
        ("silent.avi", b"", "it has no sound track"),
        ("silent.mkv", b"", "it has no sound track"),
    ] {
        let path = shop.path(name);
        if !bytes.is_empty() {
            fs::write(&path, bytes).unwrap();
        }
        let error = Decoder::open(&path, &Cancel::default()).err().unwrap();
        let text = error.to_string();
        assert!(
            text.starts_with("no sound: ") && text.contains(words),
            "{text}"
        );
        assert!(!text.contains("convert"), "{text}");
    }
    let error = Decoder::open(&shop.path("missing.wav"), &Cancel::default());
    let text = error.err().unwrap().to_string();
    assert!(!text.contains("os error"), "{text}");
}

#[test]
fn an_mp4_file_that_is_cut_within_its_table_of_contents_says_so() {
    let shop = Shop::new();
    let bytes = fs::read(shop.make("a.m4a", "-c:a aac")).unwrap();
    let moov = bytes.windows(4).rposition(|four| four == b"moov").unwrap() - 4;
    let tables = bytes.windows(4).rposition(|four| four == b"stsz").unwrap();
    for there in [moov + 20, moov + 150, moov + 300, tables + 200] {
        let path = shop.path("cut.m4a");
        fs::write(&path, &bytes[..there]).unwrap();
        let error = Decoder::open(&path, &Cancel::default()).err().unwrap();
        let text = error.to_string();
        assert!(
            text.starts_with("damaged: its table of contents is cut off"),
            "{text}"
        );
        assert!(text.contains("replace it with an intact copy"), "{text}");
    }
}

#[test]
fn a_file_whose_beginning_was_never_filled_is_damaged_and_not_empty() {
    let shop = Shop::new();
    for (name, options) in [
        ("a.flac", "-c:a flac"),
        ("b.m4a", "-c:a aac"),
        ("c.wav", ""),
    ] {
        let path = shop.make(name, options);
        let mut bytes = fs::read(&path).unwrap();
        bytes[..5_000].fill(0);
        fs::write(&path, &bytes).unwrap();
        let empty = Some(shop.folder.path().as_os_str());
        let error = Decoder::open_with(&path, &Cancel::default(), empty)
            .err()
            .unwrap();
        let text = error.to_string();
        assert!(
            text.starts_with("damaged: it begins with zeros"),
            "{name}: {text}"
        );
        // Where ffmpeg makes something of it, it is told.
        if let Ok(mut decoder) = Decoder::open(&path, &Cancel::default()) {
            rest(&mut decoder);
            assert!(decoder.incomplete().is_some(), "{name}");
        }
    }
}

#[test]
fn a_caf_file_that_lacks_its_table_of_packets_is_damaged_and_not_of_an_unknown_kind() {
    let shop = Shop::new();
    let path = shop.make("a.caf", "-c:a alac");
    assert_eq!(heard(&path).incomplete, None);
    let bytes = fs::read(&path).unwrap();
    let filled = 7 * bytes.len() / 10;
    let zeroed = [&bytes[..filled], &vec![0; bytes.len() - filled]].concat();
    for lacking in [&zeroed[..], &bytes[..filled]] {
        fs::write(&path, lacking).unwrap();
        let error = Decoder::open(&path, &Cancel::default()).err().unwrap();
        let text = error.to_string();
        assert!(
            text.starts_with("damaged: the table of its packets is missing"),
            "{text}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_named_as_such() {
    let shop = Shop::new();
    let link = shop.path("gone.wav");
    std::os::unix::fs::symlink("/nowhere/song.wav", &link).unwrap();
    let error = Decoder::open(&link, &Cancel::default()).err().unwrap();
    let text = error.to_string();
    assert!(
        text.contains("it is a link to /nowhere/song.wav, where nothing is"),
        "{text}"
    );
}

#[test]
fn raw_samples_are_not_taken_for_mpeg_audio() {
    // A loud chord that fades: 16 bits, big-endian, as they stand behind a head that no reader here knows.
    let samples = (0..44_100 * 12_u32).flat_map(|n| {
        let t = f64::from(n) / 44_100.0;
        let tone = |hz: f64| (std::f64::consts::TAU * hz * t).sin();
        let value = 16_000.0 * (-0.4 * t).exp() * (tone(220.0) + 0.9 * tone(261.6));
        (value as i16).to_be_bytes()
    });
    let samples: Vec<u8> = samples.collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.htk");
    for head in [
        &b"\0\x08\x13\x30\0\0\0\xe3\0\x02\0\0"[..],
        b"SOUND SAMPLE DATA 2.1 ",
        b"",
    ] {
        for skipped in [0, 1] {
            fs::write(&path, [head, &samples[skipped..]].concat()).unwrap();
            let error = Decoder::open(&path, &Cancel::default()).err().unwrap();
            let text = error.to_string();
            assert!(text.contains("no known sound format"), "{text}");
        }
    }
}

#[test]
fn what_ffmpeg_does_not_know_by_its_marks_is_not_taken_for_sound() {
    let shop = Shop::new();
    shop.run(
        "ffmpeg",
        "-v error -f lavfi -i testsrc=d=0.1:s=64x64 -frames:v 1 picture.dpx",
    );
    // Raw samples: nothing tells their rate, and ffmpeg takes some of them for speech.
    let samples: Vec<u8> = (0..40_000_u32)
        .flat_map(|n| (0.3 * (0.05 * f64::from(n)).sin()).to_le_bytes())
        .collect();
    fs::write(shop.path("raw.f64"), samples).unwrap();
    for name in ["picture.dpx", "raw.f64"] {
        let error = Decoder::open(&shop.path(name), &Cancel::default()).err();
        let text = error.unwrap().to_string();
        assert!(
            text.contains("no known sound format is found in it"),
            "{name}: {text}"
        );
    }
}
