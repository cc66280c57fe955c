#!/usr/bin/env bash
# Expected: an ID3v1 tag behind a raw stream changes nothing of its sound: ffmpeg skips it behind MP3.
# Seen:     behind AC-3 the tag costs the last whole frame: 1536 samples a channel fewer. Behind MP3 it costs nothing.
# Versions: ffmpeg 5.1.9, sox 14.4.2 (Debian 12)
# Date:     2026-11-29
# Source:   seen
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

sox -D -n -r 44100 -c 2 -b 16 in.wav synth 5 pluck A3 gain -6
count() {
    ffmpeg -v quiet -i "$1" -f s16le -y out.raw || true
    echo $(($(stat -c %s out.raw) / 4))
}
for name in ac3 mp3; do
    ffmpeg -v error -i in.wav plain.$name
    { cat plain.$name; printf 'TAG%-125s' "Title"; } > tagged.$name
    plain=$(count plain.$name)
    tagged=$(count tagged.$name)
    echo "$name: $plain frames, with a tag of 128 bytes behind it $tagged"
    [ $name = mp3 ] || lost=$((plain - tagged))
done
[ "$lost" = 1536 ] && [ "$plain" = "$tagged" ] || { echo "the surprise is gone"; exit 1; }
