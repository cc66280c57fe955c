#!/usr/bin/env bash
# Expected: an Ogg Vorbis decoder that is right for stereo is right for 4 channels, and at every quality of the encoder.
# Seen:     with 4 channels at oggenc's default quality (-q 3) symphonia's result differs from oggdec's by more than the sound itself,
#           without an error, while they agree for the same sound in stereo at that quality and in 4 channels at -q 9.
# Versions: crates symphonia, symphonia-core, symphonia-format-ogg, symphonia-codec-vorbis 0.6.1; vorbis-tools 1.4.2 (Debian 12)
# Date:     2026-11-29
# Source:   symphonia-codec-vorbis 0.6.1, src/residue.rs, read_residue_inner_type_0_1: the classes of a channel's last code word that lie
#           beyond its last partition are written over the first classes of the next channel; with that slice ended at the
#           channel's own partitions both decoders agree to 75 dB
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
need vorbis-tools 1.4.2-1+b1

mkdir -p decode/src
cat > decode/Cargo.toml <<'END'
[package]
name = "decode"
version = "0.0.0"
edition = "2021"
[dependencies]
symphonia = { version = "=0.6.1", default-features = false, features = ["ogg", "vorbis"] }
symphonia-core = "=0.6.1"
symphonia-format-ogg = "=0.6.1"
symphonia-codec-vorbis = "=0.6.1"
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
for channels in (2, 4):
    with wave.open(f"{channels}.wav", "wb") as f:
        f.setnchannels(channels); f.setsampwidth(2); f.setframerate(44100)
        level, frames = 0.0, []
        for _ in range(88200): # the same noise on all channels, each with a little of its own
            level = 0.8 * level + random.uniform(-2000, 2000)
            own = [round(level * (1 - 0.1 * c) + random.uniform(-200, 200)) for c in range(channels)]
            frames.append(struct.pack(f"<{channels}h", *own))
        f.writeframes(b"".join(frames))
END
cat > compare.py <<'END'
# Signal to difference in dB: oggdec's 16-bit samples against symphonia's floats.
import array, math, sys
ogg = array.array("h", open(sys.argv[1], "rb").read())
sym = array.array("f", open(sys.argv[2], "rb").read())
assert len(ogg) == len(sym)
print(round(10 * math.log10(sum(x * x for x in ogg) / sum((x - 32768 * y) ** 2 for x, y in zip(ogg, sym))), 1))
END
for test in "2 3" "4 3" "4 9"; do
    read -r channels quality <<< "$test"
    oggenc --quiet -q "$quality" $channels.wav -o in.ogg
    oggdec --quiet --raw in.ogg -o oggdec.raw
    target/debug/decode in.ogg symphonia.f32
    snr=$(python3 compare.py oggdec.raw symphonia.f32)
    echo "$channels channels, -q $quality: symphonia and oggdec agree to $snr dB"
    if [ "$test" = "4 3" ]; then worst=$snr; else python3 -c "assert $snr > 60"; fi
done
python3 -c "import sys; sys.exit('the surprise is gone' if $worst > 40 else 0)"
