#!/usr/bin/env bash
# Expected: PCM of the types in24, in32 and fl32 in a QuickTime file is big-endian unless an `enda` atom with the value 1 says otherwise
#           (QuickTime File Format specification, sound sample descriptions).
# Seen:     symphonia reads all three as little-endian, both with `enda` 0 and without that atom: noise, and no error.
# Versions: crates symphonia, symphonia-core, symphonia-format-isomp4, symphonia-codec-pcm 0.6.1; ffmpeg 5.1.9 (Debian 12) writes the input
# Date:     2026-11-29
# Source:   symphonia-format-isomp4 0.6.1, src/atoms/stsd.rs maps in24 to CODEC_ID_PCM_S24LE; src/atoms/wave.rs reads only `esds`
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
symphonia = { version = "=0.6.1", default-features = false, features = ["isomp4", "pcm"] }
symphonia-core = "=0.6.1"
symphonia-format-isomp4 = "=0.6.1"
symphonia-codec-pcm = "=0.6.1"
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

cat > compare.py <<'END'
# How many samples symphonia and ffmpeg read differently.
import array, sys
a, b = (array.array("f", open(p, "rb").read()) for p in sys.argv[1:3])
assert len(a) == len(b) == 44100, (len(a), len(b))
wrong = sum(not abs(x - y) < 0.01 for x, y in zip(a, b)) # counts what is no number, too
print(f"   {wrong} of {len(a)} samples differ from ffmpeg's by more than 0.01")
sys.exit(0 if wrong > len(a) / 2 else 1)
END
for codec in pcm_s24be pcm_s32be pcm_f32be; do
    ffmpeg -v error -f lavfi -i "aevalsrc=0.5*sin(2*PI*440*t):s=44100:d=1" -c:a $codec enda-$codec.mov
    sed 's/enda/free/' enda-$codec.mov > none-$codec.mov
    for kind in enda none; do
        ffmpeg -v error -i $kind-$codec.mov -f f32le ffmpeg.f32 -y
        echo "$kind-$codec.mov, symphonia: $(target/debug/decode $kind-$codec.mov symphonia.f32)"
        python3 compare.py symphonia.f32 ffmpeg.f32 || { echo "the surprise is gone"; exit 1; }
    done
done
