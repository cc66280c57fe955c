//! Streams of real encoders (`tests/fixtures/make_mpeg.sh` makes them), joined, cut and damaged here.

use std::fs;

use crate::{Incomplete, decode::Decoder, probe_file};
use mynascope_base::jobs::Cancel;

/// 3 s with an information frame, which tells delay and padding.
const VBR: &[u8] = include_bytes!("../../../tests/fixtures/vbr_44100_stereo.mp3");
/// 3 s and the encoder's delay.
const CBR: &[u8] = include_bytes!("../../../tests/fixtures/cbr_22050_mono.mp3");
/// 1 s.
const LAYER2: &[u8] = include_bytes!("../../../tests/fixtures/layer2_32000_mono.mp2");

/// All samples in one row, [frames, channels] part by part, with the rate and channels of each.
#[derive(Debug, Default, PartialEq)]
struct Decoded {
    parts: Vec<(u32, usize, Vec<f32>)>,
    incomplete: Option<Incomplete>,
}

impl Decoded {
    fn secs(&self) -> f64 {
        let secs = |(rate, channels, samples): &(u32, usize, Vec<f32>)| {
            samples.len() as f64 / *channels as f64 / f64::from(*rate)
        };
        self.parts.iter().map(secs).sum()
    }

    fn frames(&self) -> Vec<(u32, usize, usize)> {
        let shape = |(rate, channels, samples): &(u32, usize, Vec<f32>)| {
            (*rate, *channels, samples.len() / channels)
        };
        self.parts.iter().map(shape).collect()
    }
}

fn rest(decoder: &mut Decoder) -> Decoded {
    let mut decoded = Decoded::default();
    while let Some(chunk) = decoder.next().unwrap() {
        match decoded.parts.last_mut() {
            Some((rate, channels, samples))
                if (*rate, *channels) == (chunk.rate, chunk.channels) =>
            {
                samples.extend_from_slice(chunk.samples);
            }
            _ => decoded
                .parts
                .push((chunk.rate, chunk.channels, chunk.samples.to_vec())),
        }
    }
    decoded.incomplete = decoder.incomplete();
    decoded
}

struct Stream {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
}

impl Stream {
    fn new(parts: &[&[u8]]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The name says nothing.
        let path = folder.path().join("stream.wav");
        fs::write(&path, parts.concat()).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    fn open(&self) -> Decoder {
        Decoder::open(&self.path, &Cancel::default()).unwrap()
    }

    /// Decodes all of it, and checks that the length told before was the true one.
    fn decode(&self) -> Decoded {
        let mut decoder = self.open();
        let told = decoder.info().duration_secs;
        let decoded = rest(&mut decoder);
        // Damage inside is not looked for beforehand.
        if matches!(decoded.incomplete, Some(Incomplete::Damaged { .. })) {
            return decoded;
        }
        assert!(
            (told - decoded.secs()).abs() < 1e-9,
            "{told} {} {:?}",
            decoded.secs(),
            decoded.incomplete
        );
        decoded
    }
}

/// Where the frames of a Layer III stream at 44.1 kHz begin.
fn frames(stream: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut place = 0;
    while let Some(header) = super::header::Header::parse(&stream[place..]) {
        places.push(place);
        place += header.frame_bytes(0);
        if place >= stream.len() {
            break;
        }
    }
    assert_eq!(place, stream.len());
    places
}

fn id3(bytes: usize) -> Vec<u8> {
    let mut tag = b"ID3\x03\0\0".to_vec();
    tag.extend([21, 14, 7, 0].map(|shift| (bytes >> shift & 0x7f) as u8));
    // UTF-16 begins with FF FE, which looks like a frame of Layer I.
    tag.extend(b"\xff\xfeW\0".repeat(bytes.div_ceil(4)));
    tag.truncate(10 + bytes);
    tag
}

#[test]
fn delay_and_padding_are_no_sound() {
    let decoded = Stream::new(&[VBR]).decode();
    assert_eq!(decoded.frames(), [(44_100, 2, 132_300)]);
    assert_eq!(decoded.incomplete, None);
}

/// A header that counts too many frames, where nothing is missing between those that are there.
#[test]
fn a_count_that_is_too_high_accuses_no_whole_file() {
    let mark = |four: &[u8]| VBR.windows(4).position(|bytes| bytes == four);
    let place = mark(b"Xing").or_else(|| mark(b"Info")).unwrap() + 8;
    let count = u32::from_be_bytes(VBR[place..place + 4].try_into().unwrap());
    for told in [count + 1, count + 2, count + 10, 2 * count] {
        let mut file = VBR.to_vec();
        file[place..place + 4].copy_from_slice(&told.to_be_bytes());
        // A byte behind the end: the count is not believed unheard.
        file.push(0);
        let decoded = Stream::new(&[&file]).decode();
        assert_eq!(decoded.incomplete, None, "{told} of {count}");
        // Where the end lies inside the last frame stands in that count, too.
        let samples = decoded.frames()[0].2;
        assert!(
            samples.abs_diff(132_300) <= 1152,
            "{told} of {count}: {samples}"
        );
    }
}

#[test]
fn tags_and_junk_change_nothing() {
    let plain = Stream::new(&[VBR]).decode();
    let mut v1 = b"TAG".to_vec();
    v1.resize(128, 0);
    for (front, back) in [
        (id3(90), v1.clone()),
        (id3(2_000_000), vec![]),
        ([id3(300), id3(5000)].concat(), v1),
        // A picture that reaches out of its tag.
        (
            [id3(300), b"\xff\xd8\xff\xe0".to_vec(), vec![7; 6000]].concat(),
            vec![],
        ),
        (vec![0; 30_000], b"some text behind all frames".repeat(50)),
        (
            b"no tag, no frame \xff\xfb\x90\x64 ".repeat(40),
            vec![0; 5000],
        ),
    ] {
        let found = Stream::new(&[&front, VBR, &back]).decode();
        assert_eq!(found.frames(), plain.frames(), "{} in front", front.len());
        assert!(found == plain);
    }
}

#[test]
fn noise_between_frames_is_told_where_no_frame_is_missing() {
    // As a cipher makes them: of any value.
    let noise = |length: usize| -> Vec<u8> {
        let mut state = 1_u32;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    };
    // With and without the frame that tells how long the stream is.
    let places = frames(VBR);
    for first in [0, places[1]] {
        let plain = Stream::new(&[&VBR[first..]]).decode();
        let (front, back) = (&VBR[first..places[40]], &VBR[places[40]..]);
        for length in [100, 1_000, 5_000, 20_001] {
            let found = Stream::new(&[front, &noise(length), back]).decode();
            let Some(Incomplete::Damaged { first_secs, .. }) = found.incomplete else {
                panic!("{length}: {:?}", found.incomplete);
            };
            assert!(first_secs < plain.secs(), "{length}: {first_secs}");
            assert!((found.secs() - plain.secs()).abs() < 0.1, "{length}");
        }
        // Text and zeros are what a tag leaves behind; without a told length they might stand where frames stood.
        for junk in [b"LAME3.99 ".repeat(100), vec![0; 900], vec![0x55; 900]] {
            let found = Stream::new(&[front, &junk, back]).decode();
            assert!(first > 0 || found.incomplete.is_none(), "{:?}", &junk[..4]);
        }
    }
}

#[test]
fn joined_streams_play_to_their_end_at_their_own_speeds() {
    let joined = Stream::new(&[LAYER2, &id3(500), CBR, VBR, &id3(700), CBR]);
    let decoded = joined.decode();
    let found = decoded.frames();
    let shapes: Vec<_> = found.iter().map(|part| (part.0, part.1)).collect();
    let mono = (22_050, 1);
    assert_eq!(shapes, [(32_000, 1), mono, (44_100, 2), mono]);
    // The information frame of the second stream is not played, its frames are: delay, sound and padding.
    let sounding = frames(VBR).len() - 1;
    assert_eq!(found[2].2, sounding * 1152);
    assert_eq!(found[1].2, found[3].2);
    assert_eq!(decoded.incomplete, None);
    // Of a joined stream the end of the first is not trimmed.
    let twice = Stream::new(&[VBR, VBR]).decode();
    assert_eq!(twice.frames(), [(44_100, 2, 2 * sounding * 1152 - 1105)]);
}

#[test]
fn a_seek_gives_the_very_samples_of_unbroken_decoding() {
    for parts in [
        &[VBR][..],
        &[CBR],
        &[LAYER2],
        &[CBR, VBR, &id3(99), LAYER2, CBR],
    ] {
        let stream = Stream::new(parts);
        let all = stream.decode();
        let mut decoder = stream.open();
        let total = all.secs();
        for percent in [70, 3, 99, 0, 50, 51, 20] {
            let mut begin = 0.0;
            let secs = total * f64::from(percent) / 100.0;
            decoder.seek(secs).unwrap();
            let after = rest(&mut decoder);
            let mut wanted = Vec::new();
            for (rate, channels, samples) in &all.parts {
                let length = (samples.len() / channels) as f64 / f64::from(*rate);
                let first =
                    ((secs - begin) * f64::from(*rate)).round().max(0.0) as usize * channels;
                if first < samples.len() {
                    wanted.push((*rate, *channels, samples[first..].to_vec()));
                }
                begin += length;
            }
            assert!(after.parts == wanted, "{percent} % of {total} s");
        }
        decoder.seek(total).unwrap();
        assert!(decoder.next().unwrap().is_none());
        decoder.seek(1e9).unwrap();
        assert!(decoder.next().unwrap().is_none());
    }
}

#[test]
fn what_is_cut_says_so_and_what_is_whole_does_not() {
    let share = |stream: &Stream| match probe_file(&stream.path).unwrap().incomplete {
        Some(Incomplete::EndsEarly { share }) => share.map(|share| (share * 100.0).round()),
        other => panic!("{other:?}"),
    };
    let early = |bytes: &[u8]| share(&Stream::new(&[bytes]));
    assert_eq!(early(&VBR[..VBR.len() / 2]), Some(50.0));
    let last = frames(VBR).pop().unwrap();
    // Within the last frame, and between the last frames.
    assert!(early(&VBR[..last + 20]).is_some());
    assert!(early(&VBR[..frames(VBR)[frames(VBR).len() - 3]]).is_some());
    // Without an information frame only a cut within a frame shows.
    let last = frames(CBR).pop().unwrap();
    assert_eq!(early(&CBR[..last + 20]), None);
    assert_eq!(Stream::new(&[&CBR[..last]]).decode().incomplete, None);
    // The second of two streams.
    let second = Stream::new(&[VBR, &VBR[..VBR.len() / 2]]);
    assert!(share(&second).is_some());
    assert!(second.decode().incomplete.is_some());
    // A stream cut out of a longer one begins with frames whose beginnings are missing.
    let middle = frames(VBR)[40];
    assert_eq!(Stream::new(&[&VBR[middle..]]).decode().incomplete, None);
}

#[test]
fn damage_inside_is_counted_and_costs_no_more_than_its_frames() {
    let places = frames(VBR);
    let whole = Stream::new(&[VBR]).decode().frames()[0].2;
    let damage = |bytes: &[u8]| {
        let decoded = Stream::new(&[bytes]).decode();
        match decoded.incomplete {
            Some(Incomplete::Damaged { packets, .. }) => (packets, decoded.frames()[0].2),
            other => panic!("{other:?}"),
        }
    };
    // One header is lost.
    let mut bytes = VBR.to_vec();
    bytes[places[50]..places[50] + 4].fill(0);
    let (lost, left) = damage(&bytes);
    assert_eq!(lost, 1);
    assert!(whole - left <= 2 * 1152, "{left} of {whole}");
    // A block of a disk is lost, within frames of one length.
    let places = frames(CBR);
    let mut bytes = CBR.to_vec();
    bytes[places[20] + 30..places[26] + 30].fill(0x55);
    let (lost, left) = damage(&bytes);
    assert!((6..=7).contains(&lost), "{lost}");
    assert!(places.len() * 576 - left <= 7 * 576);
    // Side information that cannot be: the frame is silent, and time goes on.
    let places = frames(VBR);
    let mut bytes = VBR.to_vec();
    bytes[places[60] + 4..places[60] + 36].fill(0xff);
    assert_eq!(damage(&bytes), (1, whole));
    // Half a stream, then a whole one.
    let half = &VBR[..places[30] + 100];
    assert_eq!(damage(&[half, VBR].concat()).0, 1);
    // What no frame is as long as was no sound.
    let mut bytes = VBR.to_vec();
    bytes.splice(places[50]..places[50], b"an advertisement ".repeat(100));
    let decoded = Stream::new(&[&bytes]).decode();
    assert_eq!(decoded.incomplete, None);
}

#[test]
fn what_is_no_mpeg_audio_is_refused_in_plain_words() {
    let refused = |bytes: &[u8]| {
        let stream = Stream::new(&[bytes]);
        let error = Decoder::open(&stream.path, &Cancel::default()).err();
        error.map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(refused(&b"words, words, words. ".repeat(500)).contains("no sound: it is a text"));
    assert!(refused(&id3(5000)[..3000]).contains("ends within the tag"));
    let mut state = 7_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let noise: Vec<u8> = (0..300_000).map(|_| noise()).collect();
    assert!(!refused(&noise).is_empty());
}

#[test]
fn hostile_streams_end_soon() {
    // Each is all candidates for frames, tags or lengths in free format.
    for pattern in [
        &b"\xff\xfb\x90\x00"[..],
        b"\xff\xfb\x00\x00",
        b"\xff\xfb\x02\x00\xff\xfb\x00\x00\x00",
        b"ID3\x03\0\0\0\0\0\0",
        b"ID3\x03\0\0\x7f\x7f\x7f\x7f",
        b"TAG",
        b"LYRICSBEGIN",
        b"APETAGEX\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xff",
    ] {
        let bytes = pattern.repeat((1 << 18) / pattern.len());
        for front in [&[][..], VBR] {
            let stream = Stream::new(&[front, &bytes]);
            if let Ok(mut decoder) = Decoder::open(&stream.path, &Cancel::default()) {
                while let Ok(Some(_)) = decoder.next() {}
                let _ = decoder.seek(1.0);
            }
        }
    }
}
