#!/usr/bin/env bash
# Expected: 5.1 sound read from Ogg Vorbis comes in the order of WAV (FL FR FC LFE BL BR), or in the order in which the same library reads
#           WAV and FLAC; so converting to WAV keeps each loudspeaker's sound.
# Seen:     libsndfile and sox hand the channels on as Vorbis stores them (FL FC FR BL BR LFE): written to WAV, the centre plays on the
#           right and the LFE on the back right. ffmpeg gives the order of WAV.
# Versions: sox 14.4.2, ffmpeg 5.1.9, vorbis-tools 1.4.2 (Debian 12); PyPI soundfile 0.13.1 (bundles libsndfile 1.2.2)
# Date:     2026-11-29
# Source:   Vorbis I specification, 4.3.9 "output channel order"; libsndfile pull request 797 ("There is no channel order processing in
#           the library")
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
need sox 14.4.2+git20190427-3.5
need ffmpeg 7:5.1.9-0+deb12u1

python3 -m venv venv
venv/bin/pip install --quiet soundfile==0.13.1 numpy==2.4.6
venv/bin/pip list --format=freeze | grep -E '^(soundfile|numpy)=='

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
sox in.ogg out.wav
sox out.wav -t s16 -L sox.raw
venv/bin/python -c 'import soundfile; soundfile.read("in.ogg", dtype="int16")[0].tofile("libsndfile.raw")'
for name in ffmpeg sox libsndfile; do echo "$name: $(python3 order.py $name.raw)" | tee $name.txt; done
grep -q 'FL FR FC LFE BL BR' ffmpeg.txt
for name in sox libsndfile; do
    grep -q 'FL FC FR BL BR LFE' $name.txt || { echo "the surprise is gone"; exit 1; }
done
