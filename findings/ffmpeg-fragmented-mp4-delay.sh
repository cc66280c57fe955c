#!/usr/bin/env bash
# Expected: an M4A that is written in fragments decodes to the same samples as one that is not; `delay_moov` is there so that the edit
#           list, which hides the encoder's delay, can be right.
# Seen:     ffmpeg writes the edit list and ffprobe shows its start of -1024, but ffmpeg's own decoding keeps these 1024
#           samples: the sound comes 1024 samples later than from the plain file.
# Versions: ffmpeg 5.1.9 (Debian 12)
# Date:     2026-11-29
# Source:   FFmpeg documentation, chapter "mov, mp4, ismv", movflags delay_moov
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

ffmpeg -v error -f lavfi -i "aevalsrc='if(gte(t,0.5),0.5*sin(2*PI*1000*t),0)':s=44100:d=5" -c:a pcm_f32le in.wav
ffmpeg -v error -i in.wav -c:a aac -b:a 192k plain.m4a
ffmpeg -v error -i in.wav -c:a aac -b:a 192k -movflags +frag_keyframe+delay_moov fragmented.m4a
grep -q elst fragmented.m4a
for name in plain fragmented; do
    ffmpeg -v error -i $name.m4a -f f32le $name.f32
    echo "$name.m4a, ffprobe: start_pts $(ffprobe -v error -show_entries stream=start_pts -of csv=p=0 $name.m4a)"
done
python3 - <<'END'
import array, sys
begin = {}
for name in ("plain", "fragmented"):
    a = array.array("f", open(name + ".f32", "rb").read())
    begin[name] = next(n for n, x in enumerate(a) if abs(x) > 0.25)
    print(f"{name}.m4a: the tone begins at sample {begin[name]} (ought 22050), {len(a)} samples (ought 220500)")
if begin["fragmented"] - begin["plain"] != 1024:
    sys.exit("the surprise is gone")
END
