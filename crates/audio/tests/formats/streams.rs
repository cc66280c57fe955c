//! Streams in containers: MP4, raw AAC, Ogg, Opus, Matroska and WebM.

use std::fs;

use mynascope_audio::{Incomplete, probe_file};

use crate::common::{Workshop, assert_same, assert_sound, channel_word, decode};

pub const SECS: f64 = 2.0;
/// Frames of an AAC packet.
const AAC: usize = 1024;

/// Encodes a source with ffmpeg and compares what comes out with what ffmpeg makes of it; `rate` is that of the result.
pub fn same(shop: &Workshop, name: &str, rate: u32, channels: u16, options: &str, frame: usize) {
    let source = shop.source(rate, channels, SECS);
    let file = shop.path(name);
    let mut arguments = vec!["-v", "error", "-y", "-nostdin", "-i", &source];
    arguments.extend(options.split_whitespace());
    arguments.push(&file);
    shop.run("ffmpeg", &arguments);
    compare(shop, &file, rate, frame);
}

/// Compares a file with ffmpeg; the length in its header is exact or unknown.
pub fn compare(shop: &Workshop, file: &str, rate: u32, frame: usize) {
    let reference = shop.reference(file, rate);
    assert_same(file, &reference, frame);
    let claimed = probe_file(file.as_ref()).unwrap().duration_secs;
    let far = (claimed - reference.secs()).abs();
    // Times in Matroska are in milliseconds.
    let codec_frame = frame as f64 / f64::from(rate) + 2e-3;
    assert!(
        claimed == 0.0 || far <= codec_frame,
        "{file}: {claimed} s claimed"
    );
}

#[test]
fn aac_in_mp4_at_every_rate() {
    let shop = Workshop::new();
    for rate in [
        8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000,
    ] {
        for channels in [1, 2] {
            let name = format!("AAC, {rate} Hz, {}.m4a", channel_word(channels));
            same(&shop, &name, rate, channels, "-c:a aac -b:a 96k", AAC);
        }
    }
}

#[test]
fn aac_in_every_kind_of_mp4() {
    let shop = Workshop::new();
    for (name, options) in [
        ("index in front.m4a", "-movflags +faststart"),
        (
            "fragments.mp4",
            "-movflags +frag_keyframe+empty_moov -frag_duration 300000",
        ),
        ("DASH segments.mp4", "-movflags +dash -frag_duration 500000"),
        ("QuickTime.mov", "-f mov"),
        ("phone.3gp", "-f 3gp"),
        ("audio book.m4b", "-f mp4"),
        ("no edit list.m4a", "-use_editlist 0"),
        ("with tags.m4a", "-metadata title=One -metadata artist=Two"),
    ] {
        same(&shop, name, 44_100, 2, &format!("-c:a aac {options}"), AAC);
    }
    // FFmpeg passes over the edit list of such a file: the same sound in a plain one is the measure.
    let (source, late) = (
        shop.source(44_100, 2, SECS),
        shop.path("fragments with a late index.mp4"),
    );
    let options = "-c:a aac -movflags +frag_keyframe+delay_moov -frag_duration 300000";
    let mut arguments = vec!["-v", "error", "-i", &source];
    arguments.extend(options.split(' '));
    arguments.push(&late);
    shop.run("ffmpeg", &arguments);
    let plain = shop.reference(&shop.path("index in front.m4a"), 44_100);
    assert_same(&late, &plain.by("ffmpeg, of a plain file"), AAC);
    let film = "-f lavfi -i testsrc=d=2:s=64x64 -map 1 -map 0 -c:v mpeg4 -c:a aac";
    same(&shop, "sound of a film.mp4", 44_100, 2, film, AAC);
}

#[test]
fn other_codecs_in_mp4() {
    let shop = Workshop::new();
    for (name, options, frame) in [
        ("ALAC.m4a", "-c:a alac", 1),
        ("ALAC.mov", "-c:a alac", 1),
        ("FLAC.mp4", "-c:a flac -strict -2", 1),
        ("PCM, 16 bits, little-endian.mov", "-c:a pcm_s16le", 1),
        ("PCM, 24 bits, big-endian.mov", "-c:a pcm_s24be", 1),
        ("PCM, 24 bits, little-endian.mov", "-c:a pcm_s24le", 1),
        ("PCM, floats, big-endian.mov", "-c:a pcm_f32be", 1),
        ("MP3.mp4", "-c:a libmp3lame", 1152),
        ("MP2.mp4", "-c:a mp2", 1152),
        ("AC-3.mp4", "-c:a ac3", 1536),
        ("E-AC-3.mp4", "-c:a eac3", 1536),
    ] {
        same(&shop, name, 44_100, 2, options, frame);
    }
    same(&shop, "Opus.mp4", 48_000, 2, "-c:a libopus", 960);
    same(
        &shop,
        "AAC, 6 channels.m4a",
        48_000,
        6,
        "-c:a aac -b:a 320k",
        AAC,
    );
    same(&shop, "ALAC, 6 channels.m4a", 48_000, 6, "-c:a alac", 1);
    same(&shop, "ALAC, 96000 Hz.m4a", 96_000, 2, "-c:a alac", 1);
    same(
        &shop,
        "FLAC, 192000 Hz.mp4",
        192_000,
        2,
        "-c:a flac -strict -2",
        1,
    );
    same(&shop, "ALAC, mono.mov", 22_050, 1, "-c:a alac", 1);
}

#[test]
fn raw_aac_has_its_exact_length() {
    let shop = Workshop::new();
    for (rate, bits) in [
        (8_000, "24k"),
        (22_050, "64k"),
        (44_100, "160k"),
        (48_000, "256k"),
    ] {
        let options = format!("-c:a aac -b:a {bits}");
        same(
            &shop,
            &format!("raw AAC, {rate} Hz.aac"),
            rate,
            2,
            &options,
            0,
        );
    }
    same(
        &shop,
        "raw AAC, 6 channels.aac",
        48_000,
        6,
        "-c:a aac -b:a 320k",
        0,
    );
    same(
        &shop,
        "AAC in LATM.latm",
        44_100,
        2,
        "-c:a aac -f latm",
        AAC,
    );
    // Soft in the beginning, loud later: small packets first.
    let soft = "-af volume='if(lt(t,1),0.001,1)':eval=frame -c:a aac -b:a 160k";
    same(&shop, "raw AAC, soft then loud.aac", 44_100, 2, soft, 0);
}

#[test]
fn vorbis_flac_and_speex_in_ogg() {
    let shop = Workshop::new();
    for rate in [8_000, 22_050, 44_100, 48_000, 96_000] {
        for channels in [1, 2] {
            let source = shop.source(rate, channels, SECS);
            let file = shop.path(&format!(
                "Vorbis, {rate} Hz, {}.ogg",
                channel_word(channels)
            ));
            shop.run("oggenc", &["-Q", "-q", "4", &source, "-o", &file]);
            compare(&shop, &file, rate, 0);
        }
    }
    same(
        &shop,
        "Vorbis, 6 channels.ogg",
        48_000,
        6,
        "-c:a libvorbis",
        64,
    );
    same(&shop, "FLAC.ogg", 44_100, 2, "-c:a flac", 0);
    same(&shop, "FLAC, mono.oga", 16_000, 1, "-c:a flac", 0);
    same(&shop, "Speex.spx", 16_000, 1, "-c:a libspeex", 320);
    let film = "-f lavfi -i testsrc=d=2:s=64x64 -map 1 -map 0 -c:v libtheora -c:a libvorbis";
    same(&shop, "sound of a film.ogv", 44_100, 2, film, 64);
}

#[test]
fn opus_of_every_mode() {
    let shop = Workshop::new();
    // Speech at low rates is SILK, in the middle a hybrid, above CELT.
    for (bitrate, channels) in [
        ("6", 1),
        ("12", 1),
        ("16", 2),
        ("24", 1),
        ("32", 2),
        ("64", 2),
        ("128", 2),
        ("256", 2),
    ] {
        for kind in ["--speech", "--music"] {
            let source = shop.source(48_000, channels, SECS);
            let file = shop.path(&format!("Opus, {bitrate} kbit, {}.opus", &kind[2..]));
            shop.run(
                "opusenc",
                &["--quiet", "--bitrate", bitrate, kind, &source, &file],
            );
            // FFmpeg resamples the SILK part by another filter than the codec's own, so its maker's decoder counts.
            let reference = shop.path("reference.wav");
            shop.run(
                "opusdec",
                &[
                    "--quiet",
                    "--rate",
                    "48000",
                    "--no-dither",
                    &file,
                    &reference,
                ],
            );
            assert_same(&file, &shop.reference(&reference, 48_000).by("opusdec"), 0);
            let claimed = probe_file(file.as_ref()).unwrap().duration_secs;
            assert!((claimed - SECS).abs() < 1e-6, "{file}: {claimed} s claimed");
        }
    }
    for frame in ["2.5", "5", "10", "40", "60"] {
        let source = shop.source(44_100, 2, SECS);
        let file = shop.path(&format!("Opus, frames of {frame} ms.opus"));
        shop.run(
            "opusenc",
            &["--quiet", "--framesize", frame, &source, &file],
        );
        compare(&shop, &file, 48_000, 1);
    }
    same(
        &shop,
        "Opus, 6 channels.opus",
        48_000,
        6,
        "-c:a libopus -mapping_family 1",
        960,
    );
}

/// Cut without encoding it anew, its first page counts less sound than it holds.
#[test]
fn opus_that_was_cut_out_of_a_longer_one_plays_all_that_it_holds() {
    let shop = Workshop::new();
    let source = shop.source(48_000, 2, 8.0);
    let whole = shop.path("whole.opus");
    let encode = ["-v", "error", "-i", &source, "-c:a", "libopus", &whole];
    shop.run("ffmpeg", &encode);
    for start in ["2.3", "3.1"] {
        let file = shop.path(&format!("Opus from {start} s.opus"));
        let cut = [
            "-v", "error", "-ss", start, "-i", &whole, "-c", "copy", &file,
        ];
        shop.run("ffmpeg", &cut);
        compare(&shop, &file, 48_000, 960);
        let claimed = probe_file(file.as_ref()).unwrap().duration_secs;
        let found = decode(&file, 48_000).0.len() as f64 / 48_000.0;
        assert!((claimed - found).abs() < 0.021, "{claimed} and {found}");
    }
}

#[test]
fn the_gain_of_an_opus_header_is_applied() {
    let shop = Workshop::new();
    let source = shop.source(48_000, 2, SECS);
    let file = shop.path("plain.opus");
    shop.run("opusenc", &["--quiet", &source, &file]);
    let mut bytes = fs::read(&file).unwrap();
    // -6 dB in steps of 1/256 dB, and the page's checksum anew.
    let head = bytes
        .windows(8)
        .position(|part| part == b"OpusHead")
        .unwrap();
    bytes[head + 16..head + 18].copy_from_slice(&(-6 * 256_i16).to_le_bytes());
    let page = head + 19;
    bytes[22..26].fill(0);
    let sum = ogg_checksum(&bytes[..page]);
    bytes[22..26].copy_from_slice(&sum.to_le_bytes());
    let quiet = shop.write("quiet.opus", &bytes);
    let energy = |path: &str| -> f32 { decode(path, 48_000).0.iter().map(|s| s * s).sum() };
    let ratio = 10.0 * (energy(&quiet) / energy(&file)).log10();
    assert!((ratio + 6.0).abs() < 0.05, "{ratio} dB");
}

/// RFC 3533: polynomial 0x04c11db7, beginning with 0, not mirrored.
fn ogg_checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0_u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| {
            if sum >> 31 == 1 {
                sum << 1 ^ 0x04c1_1db7
            } else {
                sum << 1
            }
        })
    })
}

#[test]
fn matroska_and_webm() {
    let shop = Workshop::new();
    for (name, rate, options, frame) in [
        ("Opus.webm", 48_000, "-c:a libopus", 0),
        ("Vorbis.webm", 44_100, "-c:a libvorbis", 1024),
        ("Opus, live.webm", 48_000, "-c:a libopus -live 1", 0),
        ("AAC.mka", 44_100, "-c:a aac", AAC),
        ("FLAC.mka", 44_100, "-c:a flac", 0),
        ("MP3.mka", 44_100, "-c:a libmp3lame", 1),
        ("PCM, 16 bits.mka", 44_100, "-c:a pcm_s16le", 0),
        ("AC-3.mka", 48_000, "-c:a ac3", 1536),
        ("ALAC.mka", 44_100, "-c:a alac", 1),
    ] {
        same(&shop, name, rate, 2, options, frame);
    }
    same(
        &shop,
        "Opus, 6 channels.mka",
        48_000,
        6,
        "-c:a libopus -mapping_family 1",
        960,
    );
    let film = "-f lavfi -i testsrc=d=2:s=64x64 -map 1 -map 0 -c:v libvpx -c:a libopus";
    same(&shop, "sound of a film.webm", 48_000, 2, film, 960);
}

#[test]
fn chains_are_the_sum_of_their_links() {
    let shop = Workshop::new();
    let mut bytes = Vec::new();
    let mut wanted = 0.0;
    for (serial, rate, channels, secs) in [("1", 44_100, 2, 2.0), ("2", 22_050, 1, 3.0)] {
        let source = shop.source(rate, channels, secs);
        let file = shop.path(&format!("{serial}.ogg"));
        shop.run("oggenc", &["-Q", "-s", serial, &source, "-o", &file]);
        bytes.extend(fs::read(&file).unwrap());
        wanted += secs;
    }
    let file = shop.write("chain of two rates.ogg", &bytes);
    let info = probe_file(file.as_ref()).unwrap();
    assert!((info.duration_secs - wanted).abs() < 1e-6, "{info:?}");
    let (samples, info) = decode(&file, 44_100);
    assert_eq!(info.incomplete, None);
    // FFmpeg carries some samples over into the second link, so each link is compared with its own file.
    let alone = |name, by: &str| shop.reference(&shop.path(name), 44_100).by(by);
    let first = alone("1.ogg", "ffmpeg, of the first alone");
    let second = alone("2.ogg", "ffmpeg, of the second alone");
    let (head, tail) = samples.split_at(first.samples.len());
    let link = |name| format!("{file}, {name} link");
    assert_sound(&link("first"), (head, &info), &first, 1, 0.999);
    assert_sound(&link("second"), (tail, &info), &second, 1, 0.99);
}

#[test]
fn cut_files_are_told() {
    let shop = Workshop::new();
    for (name, options) in [
        ("before a cut, AAC.m4a", "-c:a aac -movflags +faststart"),
        ("before a cut, Vorbis.ogg", "-c:a libvorbis"),
        ("before a cut, Opus.opus", "-c:a libopus"),
        ("before a cut, FLAC.flac", "-c:a flac"),
        ("before a cut, FLAC.mka", "-c:a flac"),
        ("before a cut, MP3.avi", "-c:a libmp3lame"),
        ("before a cut, PCM.avi", "-c:a pcm_s16le"),
        ("before a cut, MP3.flv", "-c:a libmp3lame -ar 44100"),
        ("before a cut, MP2.mpg", "-c:a mp2 -f mpeg"),
        ("before a cut, AC-3.vob", "-c:a ac3 -f vob"),
        ("before a cut, AAC.ts", "-c:a aac -f mpegts"),
        ("before a cut, WMA.wmv", "-c:a wmav2 -f asf"),
        ("before a cut, AC-3.ac3", "-c:a ac3"),
        ("before a cut, E-AC-3.eac3", "-c:a eac3"),
        ("before a cut, DTS.dts", "-c:a dca -strict -2"),
        ("before a cut, VOC.voc", "-f voc"),
        ("before a cut, AC-3.rm", "-c:a ac3 -f rm"),
    ] {
        same(&shop, name, 48_000, 2, options, AAC);
        let bytes = fs::read(shop.path(name)).unwrap();
        let file = shop.write(name, &bytes[..bytes.len() * 7 / 10]);
        let (_, info) = decode(&file, 48_000);
        assert!(
            matches!(info.incomplete, Some(Incomplete::EndsEarly { .. })),
            "{name}: {info:?}"
        );
    }
}

#[test]
fn tags_behind_and_inside_are_no_missing_end() {
    let shop = Workshop::new();
    let source = shop.source(44_100, 2, 2.0);
    let mut old = b"TAG".to_vec();
    old.resize(128, b' ');
    let id3 = b"ID3\x04\0\0\0\0\0\x0a..........".to_vec();
    for (name, codec) in [
        ("tagged.m4a", "aac"),
        ("tagged.aac", "aac"),
        ("tagged.ac3", "ac3"),
    ] {
        let file = shop.path(name);
        shop.run(
            "ffmpeg",
            &["-v", "error", "-i", &source, "-c:a", codec, &file],
        );
        let plain = fs::read(&file).unwrap();
        let whole = decode(&file, 44_100).1.duration_secs;
        for behind in [&old[..], b"some words of a listener"] {
            let tagged = shop.write(name, &[&plain[..], behind].concat());
            let (_, info) = decode(&tagged, 44_100);
            assert_eq!(info.incomplete, None, "{name}");
            assert!(
                (info.duration_secs - whole).abs() < 1e-6,
                "{name}: {info:?}"
            );
        }
        if name.ends_with(".aac") {
            let joined = shop.write("HLS.aac", &[&id3[..], &plain, &id3, &plain].concat());
            let (_, info) = decode(&joined, 44_100);
            assert_eq!(info.incomplete, None);
            assert!((info.duration_secs - 2.0 * whole).abs() < 1e-6, "{info:?}");
        }
    }
}

#[test]
fn aiff_that_sox_writes_into_a_pipe_is_whole() {
    let shop = Workshop::new();
    let source = shop.source(44_100, 2, 2.0);
    let bytes = shop.run("sox", &[&source, "-t", "aiff", "-"]);
    let (_, info) = decode(&shop.write("piped.aiff", &bytes), 44_100);
    assert_eq!((info.duration_secs, info.incomplete), (2.0, None));
}
