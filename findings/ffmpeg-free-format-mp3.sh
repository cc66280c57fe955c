#!/usr/bin/env bash
# Expected: ffmpeg plays every MP3 that lame writes; free format (a bit rate outside the table) has been in ISO 11172-3 from the start.
# Seen:     `lame --freeformat -b 400` gives a file that ffprobe calls MP3 without a sample rate and from which ffmpeg decodes nothing;
#           mpg123 plays it whole.
# Versions: ffmpeg 5.1.9, lame 3.100, mpg123 1.31.2 (Debian 12)
# Date:     2026-11-29
# Source:   FFmpeg 5.1, libavcodec/mpegaudiodecheader.c: bit rate index 0 ends as "free format" without a frame size
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
need lame 3.100-6
need mpg123 1.31.2-1+deb12u1

ffmpeg -v error -f lavfi -i "sine=frequency=440:sample_rate=44100:duration=5" -c:a pcm_s16le in.wav
lame --quiet --freeformat -b 400 in.wav free.mp3
lame --quiet -b 320 in.wav fixed.mp3
for name in fixed free; do
    mpg123 -q -s $name.mp3 > mpg123.raw
    ffmpeg -v fatal -i $name.mp3 -f s16le -y ffmpeg.raw && code=0 || code=$?
    frames=$(($(stat -c %s ffmpeg.raw 2>/dev/null || echo 0) / 2))
    echo "$name.mp3: mpg123 $(($(stat -c %s mpg123.raw) / 2)) samples, ffmpeg $frames samples with exit code $code," \
        "ffprobe: $(ffprobe -v fatal -show_entries stream=codec_name,sample_rate -of csv=p=0 $name.mp3 | tr '\n' ' ')"
    [ "$(stat -c %s mpg123.raw)" = $((220500 * 2)) ]
    rm -f ffmpeg.raw
done
[ "$frames" = 0 ] || { echo "the surprise is gone"; exit 1; }
