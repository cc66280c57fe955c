//! WAV, AIFF, Sun AU, Wave64, RF64 and CAF as ffmpeg writes them: linear PCM comes back bit for bit.

use mynascope_audio::probe_file;

use crate::common::{Workshop, assert_same, channel_word};

/// Frames of the largest ADPCM block that ffmpeg writes here.
const ADPCM_FRAMES: usize = 2048;

/// Encodes a source of 0.6 s and returns its path.
fn encode(shop: &Workshop, (name, codec, more): (&str, &str, &[&str]), channels: u16) -> String {
    let source = shop.source(22_050, channels, 0.6);
    let file = shop.path(&format!("{codec}, {}{name}", channel_word(channels)));
    let start = ["-v", "error", "-y", "-i", &source, "-c:a", codec];
    shop.run("ffmpeg", &[&start, more, &[&file]].concat());
    file
}

#[test]
fn linear_pcm_of_every_container_is_exact() {
    let shop = Workshop::new();
    let rf64: &[&str] = &["-rf64", "always"];
    let (little, big) = (["le"], ["le", "be"]);
    for (name, more, orders) in [
        (".wav", &[][..], &little[..]),
        (" in RF64.wav", rf64, &little),
        (".w64", &[], &little),
        (".caf", &[], &big),
        (".aiff", &[], &["be"]),
        (".au", &[], &["be"]),
    ] {
        let kinds = [
            ("s16", 1),
            ("s16", 6),
            ("s24", 2),
            ("s32", 6),
            ("f32", 2),
            ("f64", 1),
        ];
        for (kind, channels) in kinds {
            for order in orders {
                let codec = format!("pcm_{kind}{order}");
                let file = encode(&shop, (name, &codec, more), channels);
                let reference = shop.reference(&file, 22_050);
                let samples = assert_same(&file, &reference, 0);
                assert_eq!(samples, reference.samples, "{file}");
                let info = probe_file(file.as_ref()).unwrap();
                assert_eq!(info.channels, usize::from(channels), "{file}");
                assert_eq!(info.codec, codec, "{file}");
            }
        }
    }
}

#[test]
fn companded_and_adaptive_codecs_are_what_ffmpeg_makes_of_them() {
    let shop = Workshop::new();
    for (name, codec) in [
        (".wav", "pcm_u8"),
        (".aiff", "pcm_s8"),
        (".wav", "pcm_alaw"),
        (".wav", "pcm_mulaw"),
        (".au", "pcm_alaw"),
        (".au", "pcm_mulaw"),
        (".aiff", "pcm_mulaw"),
        (".aiff", "pcm_s16le"),
        (".caf", "pcm_alaw"),
        (".wav", "adpcm_ms"),
        (".wav", "adpcm_ima_wav"),
        (".w64", "adpcm_ms"),
        (".aiff", "adpcm_ima_qt"),
        (".caf", "adpcm_ima_qt"),
    ] {
        for channels in [1, 2] {
            let file = encode(&shop, (name, codec, &[]), channels);
            let frame = if codec.starts_with("adpcm") {
                ADPCM_FRAMES
            } else {
                0
            };
            assert_same(&file, &shop.reference(&file, 22_050), frame);
        }
    }
}

/// Codecs that other readers decode, in containers of this one.
#[test]
fn other_codecs_in_these_containers_play() {
    let shop = Workshop::new();
    for (name, codec) in [(".wav", "libmp3lame"), (".wav", "mp2"), (".caf", "alac")] {
        let file = encode(&shop, (name, codec, &[]), 2);
        assert_same(&file, &shop.reference(&file, 22_050), 1152 * 2);
    }
}
