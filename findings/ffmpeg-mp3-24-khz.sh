#!/usr/bin/env bash
# Expected: MP3 decoders agree to rounding, as ffmpeg and mpg123 do at 22.05 kHz to more than 100 dB.
# Seen:     at 24 kHz ffmpeg's decoder differs from mpg123 by a noise only about 20 dB below the signal, while symphonia and mpg123
#           agree to more than 100 dB. ffmpeg's result is also the farthest from what was encoded.
# Versions: ffmpeg 5.1.9, lame 3.100, mpg123 1.31.2 (Debian 12); crates symphonia, symphonia-core, symphonia-bundle-mp3 0.6.1
# Date:     2026-11-29
# Source:   FFmpeg's table `band_size_long`, row 24000: copies of years ago have bands 52 and 64 lines wide, newer ones 54 and 62, so one
#           band began at line 330 instead of 332; symphonia-bundle-mp3 0.6.1, src/layer3/common.rs, warns of that very difference
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
need lame 3.100-6
need mpg123 1.31.2-1+deb12u1

mkdir -p decode/src
cat > decode/Cargo.toml <<'END'
[package]
name = "decode"
version = "0.0.0"
edition = "2021"
[dependencies]
symphonia = { version = "=0.6.1", default-features = false, features = ["mp3"] }
symphonia-core = "=0.6.1"
symphonia-bundle-mp3 = "=0.6.1"
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

python3 - <<'END'
import random, struct, wave
random.seed(1)
for rate in (22050, 24000):
    level, samples = 0.0, []
    for _ in range(rate * 5): # noise that falls towards the treble
        level = 0.6 * level + random.uniform(-3000, 3000)
        samples.append(round(level))
    with wave.open(f"{rate}.wav", "wb") as f:
        f.setnchannels(1); f.setsampwidth(2); f.setframerate(rate)
        f.writeframes(struct.pack(f"<{len(samples)}h", *samples))
END
for rate in 22050 24000; do
    lame --quiet -b 64 $rate.wav $rate.mp3
    mpg123 -q -e f32 -s $rate.mp3 > mpg123-$rate.f32
    ffmpeg -v error -i $rate.mp3 -f f32le ffmpeg-$rate.f32
    target/debug/decode $rate.mp3 symphonia-$rate.f32
    ffmpeg -v error -i $rate.wav -f f32le input-$rate.f32
done
python3 - <<'END'
import array, math, sys
def read(name, rate):
    return array.array("f", open(f"{name}-{rate}.f32", "rb").read())
def snr(a, b):
    return 10 * math.log10(sum(x * x for x in a) / sum((x - y) ** 2 for x, y in zip(a, b)))
for rate in (22050, 24000):
    source, mpg123, ffmpeg, symphonia = (read(n, rate) for n in ("input", "mpg123", "ffmpeg", "symphonia"))
    assert len(source) == len(mpg123) == len(ffmpeg) == len(symphonia)
    apart, control = snr(mpg123, ffmpeg), snr(mpg123, symphonia)
    print(f"{rate} Hz, against mpg123: ffmpeg {apart:.1f} dB, symphonia {control:.1f} dB; against the input: "
          f"mpg123 {snr(source, mpg123):.2f}, symphonia {snr(source, symphonia):.2f}, ffmpeg {snr(source, ffmpeg):.2f} dB")
    assert control > 90
    if rate == 22050:
        assert apart > 90
    elif apart > 40:
        sys.exit("the surprise is gone")
END
