#!/usr/bin/env bash
# Expected: libsndfile reads Wave64 with 32-bit floats from ffmpeg as it reads the same samples from WAV.
# Seen:     it says PCM_32 and takes the floats' bits for integers: noise, no error. 64-bit floats cannot be opened at all. ffmpeg
#           writes WAVE_FORMAT_EXTENSIBLE there, and libsndfile looks only at the number of bits, never at the GUID.
# Versions: PyPI soundfile 0.13.1 (bundles libsndfile 1.2.2); ffmpeg 5.1.9 (Debian 12) writes the input
# Date:     2026-11-29
# Source:   libsndfile 1.2.2, src/w64.c, w64_read_header: WAVE_FORMAT_EXTENSIBLE is handled like WAVE_FORMAT_PCM
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

python3 -m venv venv
venv/bin/pip install --quiet soundfile==0.13.1 numpy==2.4.6
venv/bin/pip list --format=freeze | grep -E '^(soundfile|numpy)=='

venv/bin/python - <<'END'
import subprocess, sys, numpy, soundfile
ought = (0.5 * numpy.sin(2 * numpy.pi * 440 * numpy.arange(44100) / 44100)).astype("f4")
soundfile.write("in.wav", ought, 44100, "FLOAT")
def convert(codec, out):
    subprocess.run(["ffmpeg", "-v", "error", "-i", "in.wav", "-c:a", codec, out], check=True)
print("libsndfile", soundfile.__libsndfile_version__)
convert("pcm_f32le", "f32.wav"); convert("pcm_f32le", "f32.w64"); convert("pcm_f64le", "f64.w64")
for name in ("f32.wav", "f32.w64"):
    read = soundfile.read(name, dtype="float32")[0]
    print(f"{name}: {soundfile.info(name).subtype}, samples 1 to 3: {read[1:4]}, ought {ought[1:4]}")
assert soundfile.info("f32.wav").subtype == "FLOAT"
try:
    print("f64.w64:", soundfile.info("f64.w64").subtype)
except soundfile.LibsndfileError as error:
    print("f64.w64:", error)
if soundfile.info("f32.w64").subtype != "PCM_32" or numpy.array_equal(read, ought):
    sys.exit("the surprise is gone")
END
