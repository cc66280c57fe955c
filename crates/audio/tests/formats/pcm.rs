//! WAV, AIFF, Sun AU, Wave64, RF64 and CAF as ffmpeg writes them: linear PCM comes back bit for bit.

use crate::common::{Workshop, assert_same, decode};

/// Frames of the largest ADPCM block that ffmpeg writes here.
const ADPCM_FRAMES: usize = 2048;

/// Encodes a source of 0.6 s and returns its path.
fn encode(shop: &Workshop, (name, codec, more): (&str, &str, &[&str]), channels: u16) -> String {
    let source = shop.source(22_050, channels, 0.6);
    let file = shop.path(&format!("{codec}_{channels}_{name}"));
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
        ("a.wav", &[][..], &little[..]),
        ("large.wav", rf64, &little),
        ("a.w64", &[], &little),
        ("a.caf", &[], &big),
        ("a.aiff", &[], &["be"]),
        ("a.au", &[], &["be"]),
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
                let (samples, info) = decode(&file, 22_050);
                assert_eq!(samples, reference.samples, "{file}");
                assert_eq!(info.incomplete, None, "{file}");
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
        ("a.wav", "pcm_u8"),
        ("a.aiff", "pcm_s8"),
        ("a.wav", "pcm_alaw"),
        ("a.wav", "pcm_mulaw"),
        ("a.au", "pcm_alaw"),
        ("a.au", "pcm_mulaw"),
        ("a.aiff", "pcm_mulaw"),
        ("a.aiff", "pcm_s16le"),
        ("a.caf", "pcm_alaw"),
        ("a.wav", "adpcm_ms"),
        ("a.wav", "adpcm_ima_wav"),
        ("a.w64", "adpcm_ms"),
        ("a.aiff", "adpcm_ima_qt"),
        ("a.caf", "adpcm_ima_qt"),
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
    for (name, codec) in [("a.wav", "libmp3lame"), ("a.wav", "mp2"), ("a.caf", "alac")] {
        let file = encode(&shop, (name, codec, &[]), 2);
        assert_same(&file, &shop.reference(&file, 22_050), 1152 * 2);
    }
}
