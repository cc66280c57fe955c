#!/usr/bin/env python3
"""Measures how files of every format decode against the reference decoders, and renews the measured part of formats.md.

Runs the tests of formats (crates/audio/tests/formats), each comparison of which leaves a row, and writes the rows,
grouped and sorted, between the marks in formats.md. Needs cargo and the programs that the tests need (see building.md).
"""

import datetime
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE / "formats.md"
START, END = "<!-- measured: docs/formats.py -->", "<!-- end of what is measured -->"
MIN_ROWS = 120
FFMPEG = "ffmpeg program"
# What does not go through the program ffmpeg, by the ending of the file.
GROUPS = [
    ("WAV family", "wav w64 aiff au caf"),
    ("MPEG audio", "mp3 mp2"),
    ("AAC and MP4", "m4a m4b mp4 mov 3gp aac"),
    ("FLAC", "flac"),
    ("Ogg and Opus", "ogg oga ogv opus"),
    ("Matroska and WebM", "mka webm"),
]
THROUGH_FFMPEG = "Through the program ffmpeg"
COLUMNS = ["what was tried", "codec", "decoder", "ours, s", "reference, s", "reference", "late by, ms", "similarity"]
VERSIONS = [
    ("ffmpeg", ["ffmpeg", "-version"], r"ffmpeg version (\S+)"),
    ("mpg123", ["mpg123", "--version"], r"mpg123 (\S+)"),
    ("opusdec", ["opusdec", "--version"], r"opus-tools (\S+) \(using libopus"),
    ("LAME", ["lame", "--version"], r"version (\S+)"),
    ("TwoLAME", ["twolame", "-h"], r"version (\S+)"),
    ("flac", ["flac", "--version"], r"flac (\S+)"),
    ("oggenc", ["oggenc", "--version"], r"vorbis-tools (\S+)"),
    ("opusenc", ["opusenc", "--version"], r"opus-tools (\S+)"),
]


def version(name, command, pattern):
    output = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = re.search(pattern, output.stdout + output.stderr)
    if not found:
        sys.exit(f"{name} does not tell its version")
    return f"{name} {found[1]}"


def group(row):
    if row[2] == FFMPEG:
        return THROUGH_FFMPEG
    ending = re.search(r"\.(\w+)(?:, \w+ (?:part|link))?$", row[0])[1]
    for name, endings in GROUPS:
        if ending in endings.split():
            return name
    sys.exit(f"no group for {row[0]}")


def in_order(row):
    """Numbers in a name sort as numbers."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part.lower()) for part in re.split(r"(\d+)", row[0])]


def measured():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rows.tsv"
        subprocess.run(
            ["cargo", "test", "-p", "mynascope-audio", "--test", "formats"],
            cwd=HERE.parent,
            env=os.environ | {"MYNASCOPE_FORMATS_ROWS": str(path)},
            check=True,
        )
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    if any(len(row) != len(COLUMNS) for row in rows):
        sys.exit("a row has another number of columns")
    if len({row[0] for row in rows}) != len(rows):
        sys.exit("two rows have one name")
    if len(rows) < MIN_ROWS:
        sys.exit(f"{len(rows)} rows; at least {MIN_ROWS} are expected")
    return rows


def table(rows):
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * 3 + "--:|" * 2 + "---|" + "--:|" * 2]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in sorted(rows, key=in_order)]
    return "\n".join(lines)


def main():
    programs = ", ".join(version(*each) for each in VERSIONS)
    rows = measured()
    parts = [f"{len(rows)} comparisons, {datetime.date.today()}: {programs}."]
    for name in [name for name, _ in GROUPS] + [THROUGH_FFMPEG]:
        some = [row for row in rows if group(row) == name]
        parts.append(f"### {name}\n\n{table(some)}")
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(START)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{START}\n" + "\n\n".join(parts) + f"\n{END}{after}", encoding="utf-8")
    print(f"{len(rows)} rows in {PAGE}")


if __name__ == "__main__":
    main()
