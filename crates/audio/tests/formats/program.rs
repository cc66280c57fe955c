//! What only the program ffmpeg decodes.

use crate::{
    common::{Workshop, decode},
    streams::{SECS, compare, same},
};

#[test]
fn what_only_ffmpeg_decodes() {
    let shop = Workshop::new();
    for (name, options) in [
        ("WavPack.wv", "-c:a wavpack"),
        ("TTA.tta", "-c:a tta"),
        ("AC-3.ac3", "-c:a ac3"),
        ("E-AC-3.eac3", "-c:a eac3"),
        ("DTS.dts", "-c:a dca -strict -2"),
        ("WMA.wma", "-c:a wmav2"),
        ("AAC in a transport stream.ts", "-c:a aac -f mpegts"),
        ("AAC in Flash video.flv", "-c:a aac"),
    ] {
        same(&shop, name, 44_100, 2, options, 0);
    }
    same(
        &shop,
        "WavPack, 6 channels.wv",
        48_000,
        6,
        "-c:a wavpack",
        0,
    );
}

#[test]
fn ffmpeg_opens_what_only_it_knows() {
    let shop = Workshop::new();
    for (name, options) in [
        ("IRCAM.sf", "-c:a pcm_s16le -f ircam"),
        ("NUT.nut", "-c:a pcm_s16le -f nut"),
        ("ADX.adx", "-c:a adpcm_adx"),
        ("MLP.mlp", "-c:a mlp -strict -2"),
        ("SBC.sbc", "-c:a sbc"),
    ] {
        same(&shop, name, 44_100, 2, options, 32);
    }
    same(&shop, "RoQ.roq", 22_050, 2, "-c:a roq_dpcm -f roq", 0);
    // Its name alone tells it.
    same(&shop, "G.722.g722", 16_000, 1, "-c:a g722", 0);
    let source = shop.source(8_000, 1, SECS);
    let file = shop.path("Psion.wve");
    shop.run("sox", &[&source, &file]);
    compare(&shop, &file, 8_000, 0);
}

/// SoX counts the byte that fills up an odd chunk, which looks like a block that was cut.
#[test]
fn gsm_in_wav_as_sox_writes_it_is_whole() {
    let shop = Workshop::new();
    // An even and an odd number of blocks of 65 bytes.
    for secs in [1.6, 1.64] {
        let source = shop.source(8_000, 1, secs);
        let file = shop.path("GSM.wav");
        shop.run("sox", &[&source, "-e", "gsm-full-rate", &file]);
        let (samples, info) = decode(&file, 8_000);
        assert_eq!(info.incomplete, None, "{secs} s");
        let blocks = (secs * 25.0).ceil() as usize;
        assert_eq!(samples.len(), 320 * blocks, "{secs} s");
    }
}
