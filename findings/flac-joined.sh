#!/usr/bin/env bash
# Expected: two FLAC files joined with `cat` (MP3 and Ogg allow it) either play one after the other, or only the first one plays.
# Seen:     `flac -d` breaks off with LOST_SYNC and leaves no file. ffmpeg plays both without an error, but 11,604 frames
#           (0.26 s) are missing.
# Versions: flac 1.4.2, ffmpeg 5.1.9, sox 14.4.2 (Debian 12)
# Date:     2026-11-29
# Source:   RFC 9639 section 5: a stream begins with one marker and its metadata; nothing is said of a second stream
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
need flac 1.4.2+ds-2
need ffmpeg 7:5.1.9-0+deb12u1
need sox 14.4.2+git20190427-3.5

sox -D -n -r 44100 -c 2 -b 16 a.wav synth 5 pluck A3 gain -6
sox -D -n -r 44100 -c 2 -b 16 b.wav synth 7 pluck E4 gain -6
flac -s a.wav b.wav
cat a.flac b.flac > joined.flac
code=0
flac -d -s joined.flac -o joined.wav 2> flac.log || code=$?
ffmpeg -v error -i joined.flac -f s16le -y joined.raw 2> ffmpeg.log || true
frames=$(($(stat -c %s joined.raw) / 4))
echo "flac -d: exit code $code, $(grep -o 'LOST_SYNC' flac.log | head -n 1), $(ls joined.wav 2>/dev/null || echo 'no file')"
echo "ffmpeg: $frames of 529200 frames"
[ "$code" != 0 ] && [ ! -e joined.wav ] && [ "$frames" -gt 485100 ] && [ "$frames" -lt 524000 ] || { echo "the surprise is gone"; exit 1; }
