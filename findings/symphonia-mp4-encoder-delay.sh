#!/usr/bin/env bash
# Expected: AAC in MP4 plays without the encoder's delay: the edit list (`elst`) says where the sound begins and how long it is, and
#           symphonia fills `Track::delay` and `Track::padding` and trims for MP3 and Ogg Vorbis.
# Seen:     for MP4 both are None, `num_frames` counts the delay as sound, nothing is trimmed: the sound comes 1024 samples late and is
#           1368 samples too long (ffmpeg's encoder; other encoders have other delays).
# Versions: crates symphonia, symphonia-core, symphonia-format-isomp4, symphonia-codec-aac 0.6.1; ffmpeg 5.1.9 (Debian 12) writes the input
# Date:     2026-11-29
# Source:   symphonia-format-isomp4 0.6.1: src/atoms/elst.rs reads the edit list, src/demuxer.rs notes that edits are not supported yet
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

# Half a second of silence, then a tone: where it begins shows the delay.
ffmpeg -v error -f lavfi -i "aevalsrc='if(gte(t,0.5),0.5*sin(2*PI*1000*t),0)':s=44100:d=10" -c:a pcm_f32le in.wav
ffmpeg -v error -i in.wav -c:a aac -b:a 192k in.m4a
echo "ffprobe: $(ffprobe -v error -show_entries stream=duration_ts -of csv=p=0 in.m4a) samples long"
ffmpeg -v error -i in.m4a -f f32le ffmpeg.f32
echo "symphonia: $(target/debug/decode in.m4a symphonia.f32)"
python3 - <<'END'
import array, sys
sound = {}
for name in ("ffmpeg", "symphonia"):
    a = array.array("f", open(name + ".f32", "rb").read())
    # Sum of a[n + lag] * tone(n) over a stretch is largest where the tone lies; the onset is enough here.
    sound[name] = next(n for n, x in enumerate(a) if abs(x) > 0.25), len(a)
    print(f"{name}: the tone begins at sample {sound[name][0]} (ought 22050), {sound[name][1]} samples in all (ought 441000)")
late = sound["symphonia"][0] - sound["ffmpeg"][0]
print(f"symphonia is {late} samples later than ffmpeg")
if late != 1024 or sound["symphonia"][1] <= 441000:
    sys.exit("the surprise is gone")
END
