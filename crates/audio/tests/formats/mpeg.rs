//! MPEG audio streams: .mp3, .mp2, .mp1.

use std::fs;

use crate::common::{
    Reference, Workshop, assert_same, assert_sound, channel_word, decode, mean_of_channels,
};
use mynascope_audio::{Incomplete, probe_file};

const SECS: f64 = 2.0;
const FRAME: usize = 1152;

/// Makes a stream with an encoder and returns its bytes.
fn encoded(
    shop: &Workshop,
    program: &str,
    options: &[&str],
    rate: u32,
    channels: u16,
    secs: f64,
) -> Vec<u8> {
    let source = shop.source(rate, channels, secs);
    let file = shop.path("encoded");
    let mut arguments = options.to_vec();
    arguments.extend([source.as_str(), &file]);
    shop.run(program, &arguments);
    fs::read(&file).unwrap()
}

fn lame(shop: &Workshop, options: &[&str]) -> Vec<u8> {
    let all = [&["--quiet"], options].concat();
    encoded(shop, "lame", &all, 44_100, 2, SECS)
}

/// What mpg123 decodes a file to. It decodes free format, and MPEG-2 at 24 kHz by the standard's table of bands, where
/// FFmpeg 5.1 takes another.
fn mpg123(shop: &Workshop, path: &str, rate: u32, channels: usize) -> Reference {
    let rate_text = rate.to_string();
    let shape = if channels == 1 { "--mono" } else { "--stereo" };
    let options = ["-q", "-e", "f32", "-r", &rate_text, shape, "-s", path];
    let samples = shop.run("mpg123", &options);
    Reference {
        samples: mean_of_channels(&samples, channels),
        rate,
        by: "mpg123".to_owned(),
    }
}

/// Whole, as long as the list says, and the same as in ffmpeg.
fn assert_like_ffmpeg(shop: &Workshop, name: &str, bytes: &[u8], rate: u32) {
    let path = shop.write(name, bytes);
    let reference = shop.reference(&path, rate);
    assert_same(&path, &reference, FRAME);
    assert_listed(&path);
}

/// The list tells the length that decoding finds, and no fault.
fn assert_listed(path: &str) {
    let info = probe_file(path.as_ref()).unwrap();
    let (_, decoded) = decode(path, info.sample_rate);
    assert!(
        (info.duration_secs - decoded.duration_secs).abs() < 1e-6,
        "{path}: {info:?} {decoded:?}"
    );
    assert_eq!(info.incomplete, None, "{path}");
}

#[test]
fn every_rate_and_channel_of_layer_3() {
    let shop = Workshop::new();
    for (rate, bit_rates) in [
        (8_000, ["24", "64"]),
        (11_025, ["32", "64"]),
        (12_000, ["32", "64"]),
        (16_000, ["48", "160"]),
        (22_050, ["32", "128"]),
        (24_000, ["64", "160"]),
        (32_000, ["64", "320"]),
        (44_100, ["128", "320"]),
        (48_000, ["96", "320"]),
    ] {
        for (channels, bit_rate) in [(1, bit_rates[0]), (2, bit_rates[1])] {
            let kilohertz = format!("{}", f64::from(rate) / 1000.0);
            let options = ["--quiet", "--resample", &kilohertz, "-b", bit_rate];
            let bytes = encoded(&shop, "lame", &options, rate, channels, SECS);
            let name = format!("layer III, {rate} Hz, {}.mp3", channel_word(channels));
            let path = shop.write(&name, &bytes);
            let reference = if rate == 24_000 {
                mpg123(&shop, &path, rate, usize::from(channels))
            } else {
                shop.reference(&path, rate)
            };
            assert_same(&path, &reference, FRAME);
            assert_listed(&path);
        }
    }
}

#[test]
fn every_kind_of_bit_rate_with_and_without_a_header() {
    let shop = Workshop::new();
    for options in [
        &["-V0"][..],
        &["-V9", "--resample", "44.1"],
        &["--abr", "150"],
        &["-t", "-b", "128"],
        &["-t", "-V4"],
        &["-p", "-b", "128"],
        &["--nores", "-b", "128"],
        &["-m", "s", "-b", "192"],
        &["-m", "d", "-b", "128"],
    ] {
        let bytes = lame(&shop, options);
        assert_like_ffmpeg(
            &shop,
            &format!("lame {}.mp3", options.join(" ")),
            &bytes,
            44_100,
        );
    }
    for options in [
        &["-b:a", "128k"][..],
        &["-q:a", "3"],
        &["-write_xing", "0", "-b:a", "96k"],
    ] {
        let source = shop.source(44_100, 2, SECS);
        let file = shop.path(&format!("ffmpeg {}.mp3", options.join(" ")));
        let mut arguments = vec!["-v", "error", "-i", source.as_str()];
        arguments.extend(["-c:a", "libmp3lame"]);
        arguments.extend(options);
        arguments.push(&file);
        shop.run("ffmpeg", &arguments);
        assert_same(&file, &shop.reference(&file, 44_100), FRAME);
        assert_listed(&file);
    }
}

#[test]
fn layer_2_in_every_mode() {
    let shop = Workshop::new();
    for (rate, channels, mode, bit_rate) in [
        (16_000, 1, "mono", "32"),
        (22_050, 2, "stereo", "96"),
        (24_000, 2, "joint", "64"),
        (32_000, 1, "mono", "64"),
        (44_100, 2, "joint", "96"),
        (44_100, 2, "dualchannel", "192"),
        (48_000, 2, "stereo", "384"),
    ] {
        let options = ["--quiet", "-m", mode, "-b", bit_rate];
        let bytes = encoded(&shop, "twolame", &options, rate, channels, SECS);
        let name = format!("layer II, {rate} Hz, {mode}.mp2");
        assert_like_ffmpeg(&shop, &name, &bytes, rate);
    }
}

#[test]
fn free_format_is_what_mpg123_makes_of_it() {
    let shop = Workshop::new();
    for options in [
        &["--freeformat", "-b", "160"][..],
        &["--freeformat", "-b", "200"],
        &["--freeformat", "-b", "640"],
        &["-t", "--freeformat", "-b", "144"],
    ] {
        let bytes = lame(&shop, options);
        let path = shop.write(&format!("lame {}.mp3", options.join(" ")), &bytes);
        assert_same(&path, &mpg123(&shop, &path, 44_100, 2), FRAME);
        assert_listed(&path);
    }
}

#[test]
fn tags_of_every_kind_are_no_sound() {
    let shop = Workshop::new();
    let text = "Dancing in the harbour light, by the Weather Report Quintet. ".repeat(40);
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf_16 = [b"\xff\xfe".to_vec(), utf_16].concat();
    let id3 = |version: u8, flags: u8, size: usize, body: &[u8]| {
        let mut tag = vec![b'I', b'D', b'3', version, 0, flags];
        tag.extend([21, 14, 7, 0].map(|shift| (size >> shift & 0x7f) as u8));
        [&tag, body].concat()
    };
    let ape = |body: &[u8]| {
        let part = |flags: u32| {
            let mut part = b"APETAGEX\xd0\x07\0\0".to_vec();
            part.extend((body.len() as u32 + 32).to_le_bytes());
            part.extend(1_u32.to_le_bytes());
            part.extend(flags.to_le_bytes());
            part.extend([0; 8]);
            part
        };
        [&part(0xa000_0000), body, &part(0x8000_0000)].concat()
    };
    let mut v1 = b"TAG".to_vec();
    v1.resize(128, b' ');
    let lyrics = b"LYRICSBEGININD0000211LYR00010la la la la000041LYRICS200".to_vec();
    let cover = id3(4, 0, 1_300_000, &vec![0x5a; 1_300_000]);
    let plain = lame(&shop, &["-t", "-b", "128"]);
    let told = lame(&shop, &["-V4"]);
    let [plain_sound, told_sound] =
        [("plain.mp3", &plain), ("told.mp3", &told)].map(|(name, bytes)| {
            let path = shop.write(name, bytes);
            shop.reference(&path, 44_100).by("ffmpeg, without tags")
        });
    for (name, front, back) in [
        ("ID3 2.2", id3(2, 0, utf_16.len(), &utf_16), vec![]),
        (
            "ID3 2.3 and 1",
            id3(3, 0x80, utf_16.len(), &utf_16),
            v1.clone(),
        ),
        (
            "ID3 2.4 with footer",
            [
                id3(4, 0x10, 500, &utf_16[..500]),
                b"3DI\x04\0\x10\0\0\x03\x74".to_vec(),
            ]
            .concat(),
            vec![],
        ),
        (
            "two ID3 tags and ID3 1",
            [
                id3(3, 0, 600, &utf_16[..600]),
                id3(3, 0, 700, &utf_16[..700]),
            ]
            .concat(),
            v1.clone(),
        ),
        (
            "ID3 with too small a size",
            id3(3, 0, utf_16.len() - 900, &utf_16),
            vec![],
        ),
        (
            "zeros behind ID3",
            [id3(3, 0, 600, &utf_16[..600]), vec![0; 5000]].concat(),
            vec![],
        ),
        (
            "cover picture of 1.3 MB, APE and ID3 1",
            cover,
            [ape(&utf_16), v1.clone()].concat(),
        ),
        ("APE in front and behind", ape(&utf_16), ape(&utf_16)),
        ("Lyrics3 and ID3 1", vec![], [lyrics, v1].concat()),
        ("zeros in front and behind", vec![0; 40_000], vec![0; 3000]),
        ("text in front and behind", utf_16.clone(), utf_16),
    ] {
        for (kind, sound, stream) in [
            ("constant bit rate without header", &plain_sound, &plain),
            ("variable with header", &told_sound, &told),
        ] {
            let path = shop.write(
                &format!("{name}, {kind}.mp3"),
                &[front.as_slice(), stream, &back].concat(),
            );
            assert_same(&path, sound, 0);
            assert_listed(&path);
        }
    }
    // In RIFF.
    for (name, form, format) in [
        ("MP3 in WAV.wav", b"WAVE", Some(0x55_u16)),
        ("MP3 in RIFF as RMP3.mp3", b"RMP3", None),
    ] {
        let mut file = b"RIFF\0\0\0\0".to_vec();
        file.extend(form);
        if let Some(format) = format {
            file.extend(b"fmt \x1e\0\0\0");
            file.extend(format.to_le_bytes());
            file.extend([0; 28]);
        }
        file.extend(b"data");
        file.extend((plain.len() as u32).to_le_bytes());
        let path = shop.write(name, &[&file, plain.as_slice()].concat());
        assert_same(&path, &plain_sound, 0);
    }
}

#[test]
fn joined_files_play_to_their_end() {
    let shop = Workshop::new();
    let told = lame(&shop, &["-b", "128"]);
    let untold = lame(&shop, &["-t", "-b", "128"]);
    let plain = lame(&shop, &["-t", "-b", "320"]);
    let low = lame(&shop, &["-t", "--resample", "44.1", "-b", "64"]);
    let mono = encoded(
        &shop,
        "lame",
        &["--quiet", "-t", "-b", "64"],
        44_100,
        1,
        SECS,
    );
    let other = encoded(
        &shop,
        "lame",
        &["--quiet", "-t", "-b", "128"],
        48_000,
        2,
        SECS,
    );
    for (name, first, second, second_alone) in [
        ("header, header", &told, &told, &untold),
        ("320 kbit, 64 kbit", &plain, &low, &low),
        ("64 kbit, 320 kbit", &low, &plain, &plain),
        ("no header, header", &plain, &told, &untold),
        ("mono, stereo", &mono, &plain, &plain),
        ("stereo, mono", &plain, &mono, &mono),
    ] {
        let name = format!("joined, {name}.mp3");
        let path = shop.write(&name, &[first.as_slice(), second].concat());
        let (samples, info) = decode(&path, 44_100);
        // Where mono becomes stereo, FFmpeg's mix makes it softer by the root of two.
        let mut reference = if name.contains("mono") {
            mpg123(&shop, &path, 44_100, 2)
        } else {
            shop.reference(&path, 44_100)
        };
        // FFmpeg plays the information frame of a later part, as one frame of nearly nothing.
        let more = reference.samples.len().saturating_sub(samples.len());
        assert!(more <= FRAME + 1, "{name}: {more} samples are missing");
        if more > 0 {
            let alone = shop.write("second alone.mp3", second_alone);
            let joint = samples.len() - decode(&alone, 44_100).0.len();
            reference.samples.drain(joint..joint + more);
            reference.by = format!("ffmpeg, less {more} samples at the joint");
        }
        assert_sound(&path, (&samples, &info), &reference, 1, 0.999);
        assert_listed(&path);
    }
    // Each part is what it is alone, at its own speed.
    let path = shop.write(
        "joined, 44.1 kHz, 48 kHz.mp3",
        &[plain.as_slice(), &other].concat(),
    );
    let (samples, info) = decode(&path, 44_100);
    let first = shop.reference(&shop.write("first.mp3", &plain), 44_100);
    let second = shop.reference(&shop.write("second.mp3", &other), 44_100);
    let (left, right) = samples.split_at(first.samples.len());
    let (first, second) = (
        first.by("ffmpeg, of the first alone"),
        second.by("ffmpeg, of the second alone"),
    );
    let part = |name| format!("{path}, {name} part");
    assert_sound(&part("first"), (left, &info), &first, 0, 0.999);
    assert_sound(&part("second"), (right, &info), &second, 1, 0.99);
    assert!((info.duration_secs - first.secs() - second.secs()).abs() < 1e-3);
    assert_listed(&path);
}

#[test]
fn without_a_header_the_length_is_no_estimate() {
    let shop = Workshop::new();
    // Soft before loud, and loud before soft: the first frames are no measure of the others.
    for (name, order) in [
        ("loud, then soft", ["1", "0.01"]),
        ("soft, then loud", ["0.01", "1"]),
    ] {
        let source = shop.source(44_100, 2, SECS);
        let halves = order.map(|gain| {
            let half = shop.path(&format!("half_{gain}.wav"));
            shop.run("sox", &["-D", "-v", gain, &source, &half]);
            half
        });
        let whole = shop.path("whole.wav");
        shop.run("sox", &["-D", &halves[0], &halves[1], &whole]);
        let file = shop.path(&format!("{name}, variable bit rate without header.mp3"));
        shop.run("lame", &["--quiet", "-t", "-V2", &whole, &file]);
        assert_same(&file, &shop.reference(&file, 44_100), FRAME);
        assert_listed(&file);
    }
}

#[test]
fn cut_files_say_so_and_play_to_the_cut() {
    let shop = Workshop::new();
    for (name, options) in [
        ("constant bit rate", &["-b", "128"][..]),
        ("variable bit rate", &["-V2"]),
        ("without header", &["-t", "-b", "128"]),
    ] {
        let bytes = lame(&shop, options);
        let cut = &bytes[..bytes.len() * 6 / 10];
        let path = shop.write(&format!("cut at 60 percent, {name}.mp3"), cut);
        let reference = shop.reference(&path, 44_100);
        let (samples, info) = decode(&path, 44_100);
        assert!(
            matches!(info.incomplete, Some(Incomplete::EndsEarly { .. })),
            "{name}: {info:?}"
        );
        assert_eq!(
            probe_file(path.as_ref()).unwrap().incomplete,
            info.incomplete
        );
        assert_sound(&path, (&samples, &info), &reference, FRAME, 0.999);
    }
}

#[test]
fn bytes_that_look_like_frames_here_and_there_are_no_sound() {
    let shop = Workshop::new();
    let stream = lame(&shop, &["-b", "128"]);
    // Runs of frames among eight times as many other bytes: what fonts, pictures and programs look like.
    let mut state = 1_u32;
    let mut noise = |count: usize| -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8 | 1
        };
        (0..count).map(|_| next() & 0x7f).collect()
    };
    let mut bytes = b"\x00\x01\x00\x00\x00\x13".to_vec();
    for piece in stream.chunks(6 * 418).skip(1) {
        bytes.extend(noise(20_000));
        bytes.extend(piece);
    }
    let path = shop.write("a font.mp3", &bytes);
    let error = probe_file(path.as_ref()).unwrap_err().to_string();
    assert!(error.contains("no known sound format"), "{error}");
    // Most of a download that was never filled is still one.
    let mut partial = stream.clone();
    partial.resize(5 * stream.len(), 0);
    let path = shop.write("never filled.mp3", &partial);
    assert!(decode(&path, 44_100).1.duration_secs > SECS - 0.1);
}

#[test]
fn frames_that_an_information_frame_counts_and_that_are_not_there_are_told() {
    let shop = Workshop::new();
    let plain = lame(&shop, &["-V", "4"]);
    assert_eq!(
        decode(&shop.write("whole.mp3", &plain), 44_100)
            .1
            .incomplete,
        None
    );
    let end = plain.len();
    let mut bytes = plain;
    bytes[end - 5000..].fill(0);
    let (_, info) = decode(&shop.write("zeros at the end.mp3", &bytes), 44_100);
    let told = matches!(info.incomplete, Some(Incomplete::EndsEarly { .. }));
    assert!(told, "{info:?}");
}
