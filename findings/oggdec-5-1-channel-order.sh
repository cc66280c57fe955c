#!/usr/bin/env bash
# Expected: oggenc and oggdec come in one package; a 5.1 WAV that goes through both has its channels where they were.
# Seen:     oggdec's WAV has the last three channels in another order: FL FR FC BR LFE BL, so the LFE plays on the back left.
#           ffmpeg decodes the same file in the order of WAV, so the file is right and oggdec is not.
# Versions: vorbis-tools 1.4.2, ffmpeg 5.1.9 (Debian 12)
# Date:     2026-11-29
# Source:   Vorbis I specification, 4.3.9 "output channel order"; vorbis-tools 1.4.2, oggdec/oggdec.c
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
need ffmpeg 7:5.1.9-0+deb12u1

python3 - <<'END'
import math, struct, wave
# Front left, front right, centre, LFE, back left, back right, as WAV orders them; each has a pitch of its own.
pitches = (300, 400, 500, 60, 700, 800)
with wave.open("in.wav", "wb") as f:
    f.setnchannels(6); f.setsampwidth(2); f.setframerate(44100)
    f.writeframes(b"".join(struct.pack("<h", round(8000 * math.sin(2 * math.pi * p * n / 44100))) for n in range(44100) for p in pitches))
END
oggenc --quiet -q 6 in.wav -o in.ogg
cat > order.py <<'END'
# Prints which channel lies where in raw 16-bit samples of six channels, found by its pitch.
import array, math, sys
names = {300: "FL", 400: "FR", 500: "FC", 60: "LFE", 700: "BL", 800: "BR"}
a = array.array("h", open(sys.argv[1], "rb").read())
def level(channel, pitch):
    part = a[channel : 6 * 22050 : 6]
    turn = 2 * math.pi * pitch / 44100
    return abs(sum(x * complex(math.cos(turn * n), math.sin(turn * n)) for n, x in enumerate(part)))
print(*(names[max(names, key=lambda pitch: level(c, pitch))] for c in range(6)))
END

ffmpeg -v error -i in.ogg -f s16le ffmpeg.raw
oggdec --quiet in.ogg -o out.wav
tail -c +45 out.wav > oggdec.raw # after oggdec's header of 44 bytes
for name in ffmpeg oggdec; do echo "$name: $(python3 order.py $name.raw)" | tee $name.txt; done
grep -q 'FL FR FC LFE BL BR' ffmpeg.txt
! grep -q 'FL FR FC LFE BL BR' oggdec.txt || { echo "the surprise is gone"; exit 1; }
