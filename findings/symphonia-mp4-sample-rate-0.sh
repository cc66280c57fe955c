#!/usr/bin/env bash
# Expected: the sample rate of AAC in MP4 comes from the AudioSpecificConfig in `esds`; the 16.16 field of the sample entry cannot hold more
#           than 65535 Hz, and writers put 0 there (ISO/IEC 14496-12 and 14496-3).
# Seen:     symphonia says that the track of an ordinary 96 kHz file has a sample rate of 0 Hz, as `Some(0)` rather than `None`.
# Versions: crates symphonia, symphonia-core, symphonia-format-isomp4, symphonia-codec-aac 0.6.1; ffmpeg 5.1.9 (Debian 12) writes the input
# Date:     2026-11-29
# Source:   symphonia-format-isomp4 0.6.1, src/atoms/stsd.rs and src/atoms/esds.rs
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

need() { # Debian package, version
    local found
    found=$(dpkg-query -W -f='${Version}' "$1" 2>/dev/null) || found="not installed"
    echo "$1: $found"
    [ "$found" = "$2" ] || { echo "needs $1=$2 (Debian 12)" >&2; exit 2; }
}
need ffmpeg 7:5.1.9-0+deb12u1

mkdir -p decode/src
cat > decode/Cargo.toml <<'END'
[package]
name = "decode"
version = "0.0.0"
edition = "2021"
[dependencies]
symphonia = { version = "=0.6.1", default-features = false, features = ["isomp4", "aac"] }
symphonia-core = "=0.6.1"
symphonia-format-isomp4 = "=0.6.1"
symphonia-codec-aac = "=0.6.1"
END
cat > decode/src/main.rs <<'END'
// Decodes the file of argument 1 to raw f32 in argument 2 and prints what the track says of itself.
use std::{env, fs, fs::File};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::{probe::Hint, TrackType};
use symphonia::core::io::MediaSourceStream;

fn main() {
    let args: Vec<String> = env::args().collect();
    let source = MediaSourceStream::new(Box::new(File::open(&args[1]).unwrap()), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), source, Default::default(), Default::default())
        .unwrap();
    let track = format.default_track(TrackType::Audio).unwrap().clone();
    let params = track.codec_params.as_ref().unwrap().audio().unwrap();
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .unwrap();
    let (mut bytes, mut frames, mut samples) = (Vec::new(), 0, Vec::<f32>::new());
    while let Some(packet) = format.next_packet().unwrap() {
        let audio = decoder.decode(&packet).unwrap();
        frames += audio.frames();
        samples.resize(audio.samples_interleaved(), 0.0);
        audio.copy_to_slice_interleaved(&mut samples);
        bytes.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    }
    fs::write(&args[2], bytes).unwrap();
    println!(
        "sample_rate {:?}, num_frames {:?}, delay {:?}, padding {:?}, decoded {frames} frames",
        params.sample_rate, track.num_frames, track.delay, track.padding
    );
}
END
(cd decode && CARGO_TARGET_DIR="$folder/target" CARGO_PROFILE_DEV_DEBUG=0 cargo build --quiet)
(cd decode && cargo tree --quiet --depth 1 --prefix none | tail -n +2)

for rate in 48000 88200 96000; do
    ffmpeg -v error -f lavfi -i "sine=frequency=440:sample_rate=$rate:duration=1" -c:a aac $rate.m4a
    echo "$rate.m4a, ffprobe: $(ffprobe -v error -show_entries stream=sample_rate -of csv=p=0 $rate.m4a)"
    target/debug/decode $rate.m4a out.f32 | tee $rate.txt
done
grep -q 'sample_rate Some(48000)' 48000.txt
for rate in 88200 96000; do
    grep -q 'sample_rate Some(0)' $rate.txt || { echo "the surprise is gone"; exit 1; }
done
