#!/usr/bin/env bash
# Expected: `sf_seek` in Ogg Vorbis is exact to the sample, as its frame numbers suggest: seek and read gives what reading from the start
#           gives at that place.
# Seen:     a seek into the last page gives samples that lie 88 further on here: as many as the padding of the last block, which the
#           last granule position cuts off. `tell` reports the place asked for.
# Versions: PyPI soundfile 0.13.1 (bundles libsndfile 1.2.2); vorbis-tools 1.4.2 (Debian 12) writes the input
# Date:     2026-11-29
# Source:   libsndfile 1.2.2, src/ogg_vorbis.c; tracker: libsndfile issues 643 and 885 ("Vorbis Seeking Not
#           Always Sample Exact") are about neighbours of this
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

python3 -m venv venv
venv/bin/pip install --quiet soundfile==0.13.1 numpy==2.4.6
venv/bin/pip list --format=freeze | grep -E '^(soundfile|numpy)=='

venv/bin/python - <<'END'
import subprocess, sys, numpy, soundfile
noise = numpy.random.default_rng(1).uniform(-0.3, 0.3, 441000)
soundfile.write("in.wav", noise, 44100, "PCM_16")
subprocess.run(["oggenc", "--quiet", "-q", "5", "in.wav", "-o", "in.ogg"], check=True)
whole = soundfile.read("in.ogg")[0]
assert len(whole) == 441000
print("libsndfile", soundfile.__libsndfile_version__)
wrong = {}
places = range(0, 440000, 2000)
for place in places:
    with soundfile.SoundFile("in.ogg") as file:
        file.seek(place)
        assert file.tell() == place
        part = file.read(500)
    if numpy.abs(part - whole[place : place + 500]).max() > 1e-4:
        shifts = [s for s in range(-3000, 3000) if place + s >= 0 and len(whole[place + s : place + s + 500]) == 500
                  and numpy.abs(part - whole[place + s : place + s + 500]).max() < 1e-4]
        wrong[place] = shifts
print(f"{len(wrong)} of {len(places)} seeks in a fresh file are wrong; place: shift in samples {wrong}")
if not any(shifts and shifts[0] != 0 for shifts in wrong.values()):
    sys.exit("the surprise is gone")
END
