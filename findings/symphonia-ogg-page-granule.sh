#!/usr/bin/env bash
# Expected: the granule position of an Ogg page in the middle of a Vorbis stream is for seeking; samples are trimmed only where the
#           stream begins or ends (Vorbis I specification, appendix A.2), so a middle page that states a position 224 too low costs nothing.
# Seen:     symphonia trims the end of that page's last packet and drops 224 samples inside the stream; oggdec gives every sample.
# Versions: crates symphonia, symphonia-core, symphonia-format-ogg, symphonia-codec-vorbis 0.6.1; vorbis-tools 1.4.2 (Debian 12)
# Date:     2026-11-29
# Source:   symphonia-format-ogg 0.6.1, src/logical.rs: `packet.trim_end` is set on every page whose end lies before the packet's end
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
with wave.open("in.wav", "wb") as f:
    f.setnchannels(1); f.setsampwidth(2); f.setframerate(44100)
    f.writeframes(b"".join(struct.pack("<h", random.randrange(-9000, 9000)) for _ in range(441000)))
END
oggenc --quiet -q 5 in.wav -o whole.ogg
python3 - <<'END'
import struct
def crc(page):
    c = 0
    for byte in page:
        c ^= byte << 24
        for _ in range(8):
            c = (c << 1 ^ 0x04C11DB7 if c & 0x80000000 else c << 1) & 0xFFFFFFFF
    return c
data, pages, at = bytearray(open("whole.ogg", "rb").read()), [], 0
while at < len(data):
    segments = data[at + 26]
    size = 27 + segments + sum(data[at + 27 : at + 27 + segments])
    pages.append((at, size))
    at += size
at, size = pages[len(pages) // 2]
position = struct.unpack_from("<q", data, at + 6)[0]
struct.pack_into("<q", data, at + 6, position - 224)
data[at + 22 : at + 26] = bytes(4)
struct.pack_into("<I", data, at + 22, crc(data[at : at + size]))
open("low.ogg", "wb").write(data)
print(f"page {len(pages) // 2} of {len(pages)}: granule position {position} -> {position - 224}")
END
for name in whole low; do
    echo "$name.ogg, symphonia: $(target/debug/decode $name.ogg $name.f32)"
    oggdec --quiet --raw $name.ogg -o $name.raw
    echo "$name.ogg, oggdec: $(($(stat -c %s $name.raw) / 2)) frames"
done
frames() { echo $(($(stat -c %s "$1") / $2)); }
[ "$(frames whole.f32 4)" = 441000 ]
[ "$(frames whole.raw 2)" = 441000 ]
[ "$(frames low.raw 2)" = 441000 ]
[ "$(frames low.f32 4)" = $((441000 - 224)) ] || { echo "the surprise is gone"; exit 1; }
