//! Whatever the container: a place that is sought is the place that decoding from the beginning reaches, to the frame.
//! Inputs are made by ffmpeg and oggenc (Debian: ffmpeg, vorbis-tools); the tests fail where these are missing.

use std::{fs, path::PathBuf, process::Command};

use tempfile::TempDir;

use super::*;

/// A folder with ten seconds of sound that never repeats.
struct Shop {
    folder: TempDir,
}

impl Shop {
    fn new() -> Self {
        let shop = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        shop.source("src.wav", 44_100, 2, 10);
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn source(&self, name: &str, rate: u32, channels: u16, secs: u32) {
        let specification = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(self.path(name), specification).unwrap();
        for frame in 0..rate * secs {
            let t = f64::from(frame) / f64::from(rate);
            for channel in 0..channels {
                let pitch = 300.0 + 60.0 * t + 50.0 * f64::from(channel);
                let value = 12_000.0 * (std::f64::consts::TAU * pitch * t).sin();
                writer.write_sample(value as i16).unwrap();
            }
        }
        writer.finalize().unwrap();
    }

    /// Runs a program in the folder.
    fn run(&self, program: &str, arguments: &str) {
        let made = Command::new(program)
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .unwrap_or_else(|error| {
                panic!("{program}: {error} (apt-get install ffmpeg vorbis-tools)")
            });
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{program} {arguments}: {said}");
    }

    /// Makes a file with ffmpeg from the source.
    fn make(&self, name: &str, options: &str) -> PathBuf {
        self.run(
            "ffmpeg",
            &format!("-v error -y -nostdin -i src.wav {options} {name}"),
        );
        self.path(name)
    }
}

/// All that follows, as (rate, first channel), part by part where the rate changes.
fn rest(decoder: &mut Decoder) -> Vec<(u32, Vec<f32>)> {
    let mut parts: Vec<(u32, Vec<f32>)> = Vec::new();
    while let Some(chunk) = decoder.next().unwrap() {
        if parts.last().is_none_or(|(rate, _)| *rate != chunk.rate) {
            parts.push((chunk.rate, Vec::new()));
        }
        let (_, samples) = parts.last_mut().unwrap();
        samples.extend(chunk.samples.iter().step_by(chunk.channels));
    }
    parts
}

/// What decoding from the beginning gives from a second on.
fn from_secs(parts: &[(u32, Vec<f32>)], secs: f64) -> Vec<(u32, Vec<f32>)> {
    let mut left = secs;
    let mut found = Vec::new();
    for (rate, samples) in parts {
        let length = samples.len() as f64 / f64::from(*rate);
        if left < length {
            let start = (left * f64::from(*rate)).round() as usize;
            found.push((*rate, samples[start..].to_vec()));
        }
        left = (left - length).max(0.0);
    }
    found
}

fn assert_seeks(path: &Path, secs: f64) {
    let mut decoder = Decoder::open(path, &Cancel::default()).unwrap();
    let all = rest(&mut decoder);
    let length: f64 = all
        .iter()
        .map(|(rate, samples)| samples.len() as f64 / f64::from(*rate))
        .sum();
    assert!(
        (length - secs).abs() < 0.05,
        "{}: {length} s",
        path.display()
    );
    assert_eq!(decoder.incomplete(), None, "{}", path.display());
    // Onwards, back, near the end, the beginning, a place inside a packet.
    for secs in [0.4 * secs, 0.1 * secs, 0.97 * secs, 0.0, 0.333 * secs] {
        decoder.seek(secs).unwrap();
        let (found, wanted) = (rest(&mut decoder), from_secs(&all, secs));
        let shape = |parts: &[(u32, Vec<f32>)]| -> Vec<(u32, usize)> {
            parts
                .iter()
                .map(|(rate, samples)| (*rate, samples.len()))
                .collect()
        };
        assert_eq!(
            shape(&found),
            shape(&wanted),
            "{} at {secs} s",
            path.display()
        );
        for ((_, found), (_, wanted)) in found.iter().zip(&wanted) {
            let far = found
                .iter()
                .zip(wanted)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            // Codecs that fill in noise do so at random.
            assert!(far < 3e-2, "{} at {secs} s: {far} off", path.display());
        }
    }
    decoder.seek(secs + 5.0).unwrap();
    assert!(decoder.next().unwrap().is_none(), "{}", path.display());
}

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

/// Decodes a file as a listener hears it.
fn heard(path: &Path) -> crate::AudioInfo {
    let mut ignored = |_: &[f32]| {};
    crate::stream_mono(
        path,
        16_000,
        crate::Channel::Mean,
        &Cancel::default(),
        &mut ignored,
    )
    .unwrap_or_else(|error| panic!("{error}"))
}

/// Decodes a file that is whole, then three fifths of its bytes, and a little more so that the cut is within a piece.
fn assert_tells_its_cut(shop: &Shop, name: &str, options: &str) {
    let path = shop.make(name, options);
    let whole = heard(&path);
    assert_eq!(whole.incomplete, None, "{name} is whole");
    let listed = crate::probe_file(&path).unwrap();
    assert_eq!(listed.incomplete, None, "{name} is whole in the list");
    let far = (listed.duration_secs - whole.duration_secs).abs();
    assert!(
        listed.duration_secs == 0.0 || far < 1e-3,
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
fn a_hole_in_an_ogg_file_is_silent_and_told_and_the_rest_keeps_its_time() {
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
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 1000 + reach].fill(0);
        fs::write(&path, bytes).unwrap();
        let mut decoder = Decoder::open(&path, &Cancel::default()).unwrap();
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
}

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
    let shop = Shop::new();
    for (ending, options) in [
        ("wav", ""),
        ("aiff", ""),
        ("w64", ""),
        ("caf", ""),
        ("m4a", "-c:a aac"),
        ("mka", "-c:a flac"),
    ] {
        let a = shop.make(&format!("a.{ending}"), &format!("-t 4 {options}"));
        let b = shop.make(&format!("b.{ending}"), &format!("-ss 5 -t 3 {options}"));
        assert_eq!(heard(&a).incomplete, None, "{ending}");
        let path = joined(&shop, &format!("two.{ending}"), &[&a, &b]);
        let (heard, listed) = (heard(&path), crate::probe_file(&path).unwrap());
        let wanted = Some(Incomplete::MoreFollows);
        assert_eq!(
            (heard.incomplete, listed.incomplete),
            (wanted, wanted),
            "{ending}"
        );
        assert!((heard.duration_secs - 4.0).abs() < 0.05, "{heard:?}");
    }
    // A second chunk of sound in one file.
    let mut bytes = fs::read(shop.path("a.wav")).unwrap();
    bytes.extend(b"data\x10\0\0\0");
    bytes.extend([1; 16]);
    let path = shop.path("chunks.wav");
    fs::write(&path, bytes).unwrap();
    assert_eq!(heard(&path).incomplete, Some(Incomplete::MoreFollows));
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
    for (name, bytes, words) in [
        ("a.mp3", &b"PK\x03\x04...."[..], "an archive (ZIP)"),
        ("b.mp3", b"\n<!DOCTYPE html><html>Not found", "a web page"),
        ("c.wav", b"a,b\n1,2\n", "a text"),
        ("d.flac", b"%PDF-1.7", "a document (PDF)"),
        ("e.ogg", &[0; 5000], "zeros"),
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
