#!/usr/bin/env bash
# Expected: a VBR MP3 without a Xing header has no exact length in advance, so a reader's length is an estimate, but decoding goes on
#           to the end of the file.
# Seen:     two readers take their own estimate for the end. A file of 10 s noise and then 20 s quiet tone gives half of its
#           samples with symphonia and a fifth with libsndfile, without any error. mpg123's own player gives all.
# Versions: crates symphonia, symphonia-core, symphonia-bundle-mp3 0.6.1; PyPI soundfile 0.13.1 (bundles libsndfile 1.2.2); lame 3.100 and
#           mpg123 1.31.2 (Debian 12)
# Date:     2026-11-29
# Source:   symphonia-bundle-mp3 0.6.1, src/demuxer.rs (`estimate_num_mpeg_frames` from the first 16 frames, then
#           `trimmed_dur` by it);
#           libsndfile 1.2.2, src/mpeg_decode.c (sf.frames from mpg123_length)
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
need lame 3.100-6
need mpg123 1.31.2-1+deb12u1

python3 -m venv venv
venv/bin/pip install --quiet soundfile==0.13.1 numpy==2.4.6
venv/bin/pip list --format=freeze | grep -E '^(soundfile|numpy)=='

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

venv/bin/python - <<'END'
import numpy, soundfile
noise = numpy.random.default_rng(1).uniform(-0.5, 0.5, 441000)
tone = 0.01 * numpy.sin(2 * numpy.pi * 200 * numpy.arange(882000) / 44100)
soundfile.write("in.wav", numpy.concatenate([noise, tone]), 44100, "PCM_16")
END
lame --quiet -V 2 -t in.wav none.mp3 # -t: no Xing header
lame --quiet -V 2 in.wav xing.mp3
for name in xing none; do
    echo "$name.mp3, symphonia: $(target/debug/decode $name.mp3 $name.f32)"
    mpg123 -q -s $name.mp3 > $name.raw
done
venv/bin/python - <<'END'
import os, sys, soundfile
counts = {}
for name in ("xing", "none"):
    counts[name] = (os.path.getsize(name + ".f32") // 4, len(soundfile.read(name + ".mp3")[0]), os.path.getsize(name + ".raw") // 2)
    print("%s.mp3: symphonia %d, libsndfile %d, mpg123 %d samples" % (name, *counts[name]), f"({soundfile.__libsndfile_version__})")
assert counts["xing"] == (1323000,) * 3, "with a header all agree"
symphonia, libsndfile, mpg123 = counts["none"]
assert mpg123 >= 1323000
if symphonia > 0.7 * mpg123 or libsndfile > 0.7 * mpg123:
    sys.exit("the surprise is gone")
END
