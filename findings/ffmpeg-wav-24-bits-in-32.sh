#!/usr/bin/env bash
# Expected: WAVE_FORMAT_EXTENSIBLE with the PCM GUID, 32 bits a sample and 24 valid bits is integer PCM, left-justified in 32 bits.
# Seen:     ffmpeg takes it for floating point (pcm_f24le, an old editor's format) and decodes wrong numbers without a warning;
#           libsndfile reads integers.
# Versions: ffmpeg 5.1.9 (Debian 12); PyPI soundfile 0.13.1 (bundles libsndfile 1.2.2)
# Date:     2026-11-29
# Source:   FFmpeg 5.1, libavformat/wavdec.c: PCM_S24LE with a block of 4 bytes a channel becomes PCM_F24LE, whatever the GUID says;
#           "Multiple channel audio data and WAVE files" (Microsoft) on wValidBitsPerSample
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
import struct, subprocess, sys, numpy, soundfile
ought = numpy.round(0.5 * numpy.sin(2 * numpy.pi * 440 * numpy.arange(44100) / 44100) * 2**23) / 2**23
data = (ought * 2**31).astype("<i4").tobytes() # the low 8 bits are 0
guid = bytes.fromhex("0100000000001000800000aa00389b71") # KSDATAFORMAT_SUBTYPE_PCM
fmt = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 44100, 4 * 44100, 4, 32, 22, 24, 4) + guid
form = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(data)) + data
open("in.wav", "wb").write(b"RIFF" + struct.pack("<I", len(form)) + form)
def run(*command):
    return subprocess.run(command, capture_output=True, check=True).stdout
codec = run("ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", "in.wav").decode().strip()
ffmpeg = numpy.frombuffer(run("ffmpeg", "-v", "warning", "-i", "in.wav", "-f", "f64le", "-"), "<f8")
libsndfile = soundfile.read("in.wav")[0]
assert numpy.array_equal(libsndfile, ought)
print(f"libsndfile {soundfile.__libsndfile_version__}: {soundfile.info('in.wav').subtype}, samples 1 to 3: {libsndfile[1:4]}")
print(f"ffmpeg: {codec}, samples 1 to 3: {ffmpeg[1:4]}")
if codec != "pcm_f24le" or numpy.array_equal(ffmpeg, ought):
    sys.exit("the surprise is gone")
END
