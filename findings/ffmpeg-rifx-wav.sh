#!/usr/bin/env bash
# Expected: ffmpeg knows RIFX, the big-endian form of WAV, or refuses it.
# Seen:     it opens the file, names the codec pcm_s16le and decodes noise without an error; sox reads the same file rightly.
# Versions: ffmpeg 5.1.9, sox 14.4.2 (Debian 12)
# Date:     2026-11-29
# Source:   FFmpeg 5.1, libavformat/wavdec.c: RIFX switches the chunk reading to big-endian; the codec still comes from the table of
#           little-endian WAV tags
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
need sox 14.4.2+git20190427-3.5

python3 - <<'END'
import math, struct
samples = [round(16000 * math.sin(2 * math.pi * 440 * n / 44100)) for n in range(44100)]
data = struct.pack(">44100h", *samples)
form = b"WAVEfmt " + struct.pack(">IHHIIHH", 16, 1, 1, 44100, 88200, 2, 16) + b"data" + struct.pack(">I", len(data)) + data
open("rifx.wav", "wb").write(b"RIFX" + struct.pack(">I", len(form)) + form)
open("ought.s16", "wb").write(struct.pack("<44100h", *samples))
END
sox rifx.wav -t s16 -L sox.s16
ffmpeg -v error -i rifx.wav -f s16le ffmpeg.s16
echo "ffprobe: $(ffprobe -v error -show_entries stream=codec_name -of csv=p=0 rifx.wav)"
python3 - <<'END'
import array, sys
ought, sox, ffmpeg = (array.array("h", open(n + ".s16", "rb").read()) for n in ("ought", "sox", "ffmpeg"))
assert ought == sox, "sox reads what was written"
wrong = sum(a != b for a, b in zip(ought, ffmpeg))
print(f"sox: all {len(sox)} samples right; ffmpeg: {wrong} of {len(ffmpeg)} wrong, {list(ought[1:5])} became {list(ffmpeg[1:5])}")
if wrong < 40000:
    sys.exit("the surprise is gone")
END
