#!/usr/bin/env python3
"""Reads with Python's own tools what Mynascope exports, and compares shapes, names and values.

    pip install numpy pandas pyarrow safetensors
    python tests/read_exports.py MYNASCOPE [PATH ...]

MYNASCOPE is the program; PATHs are what it embeds, each by itself (without any: the demo collection). Run by hand; the
window saves by the same functions. For each PATH and both levels:

- `embed` writes .npz, .parquet, .tsv and .safetensors. numpy (without pickle), pyarrow and pandas, the safetensors
  package and plain text must give one table: as many rows, the same paths, labels, splits, times and f32 values, bit for bit.
- The TSV pair must be what TensorBoard's projector takes: vectors without a header, as many numbers in every row;
  metadata of several columns with a header, and one row more than there are vectors.
- A folder of sounds whose labels begin with a quote, or hold tabs, goes through the same.
- `map` writes .parquet and .tsv: a row for each of the table, in its order, the same numbers, x and y finite; the same
  seed gives the same file.
"""

import json
import math
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy
import pandas
import pyarrow
import pyarrow.parquet
from safetensors import safe_open


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments), "--json"], capture_output=True, text=True)
    assert done.returncode in (0, 3), f"{arguments}: {done.stderr}"
    return json.loads(done.stdout)


def from_npz(path):
    with numpy.load(path, allow_pickle=False) as table:
        assert sorted(table.files) == ["embedding", "encoder", "label", "level", "path", "split", "timestamps", "track"]
        types = {name: table[name].dtype for name in ("embedding", "timestamps", "track")}
        assert types == {"embedding": "float32", "timestamps": "float32", "track": "int64"}, types
        track = table["track"]
        return table["embedding"], table["timestamps"], list(table["path"][track]), list(table["label"][track]), list(table["split"][track])


def from_parquet(path):
    table = pyarrow.parquet.read_table(path)
    assert table.column_names == ["path", "label", "split", "track", "timestamp", "embedding"], table.column_names
    assert table.schema.field("embedding").type.value_type == pyarrow.float32()
    assert {b"encoder", b"level"} <= set(table.schema.metadata)
    frame = pandas.read_parquet(path)
    rows = numpy.stack(frame["embedding"].to_numpy())
    assert numpy.array_equal(rows, numpy.array(table["embedding"].to_pylist(), "float32"))
    labels, splits = ([text if isinstance(text, str) else "" for text in frame[name]] for name in ("label", "split"))
    return rows, frame["timestamp"].to_numpy(), list(frame["path"]), labels, splits


def from_safetensors(path):
    with safe_open(path, "numpy") as table:
        assert sorted(table.keys()) == ["embedding", "timestamps", "track"], table.keys()
        metadata = table.metadata()
        paths, labels, splits = (json.loads(metadata[name]) for name in ("paths", "labels", "splits"))
        track = table.get_tensor("track")
        assert track.dtype == "int64"
        return (
            table.get_tensor("embedding"),
            table.get_tensor("timestamps"),
            [paths[index] for index in track],
            [labels[index] or "" for index in track],
            [splits[index] or "" for index in track],
        )


def from_tsv(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    metadata = path.with_suffix("").with_suffix(".metadata.tsv")
    vectors = [line.split("\t") for line in lines]
    assert len({len(vector) for vector in vectors}) == 1, "every vector has as many numbers"
    # The projector parts rows at line ends and cells at tabs, pandas minds quotes: both find as many.
    raw = [line.split("\t") for line in metadata.read_text(encoding="utf-8").splitlines()]
    header = raw[0]
    assert len(header) > 1, "the projector takes a header only where there are several columns"
    assert len(raw) == len(vectors) + 1 and all(len(row) == len(header) for row in raw)
    frame = pandas.read_csv(metadata, sep="\t", dtype=str, keep_default_na=False)
    assert list(frame.columns) == header and len(frame) == len(vectors)
    column = lambda name: list(frame[name])
    values = numpy.array([[numpy.float32(value) for value in vector] for vector in vectors])
    times = numpy.array([numpy.float32(value) for value in column("timestamp")])
    return values, times, column("path"), column("label"), column("split")


READERS = {"npz": from_npz, "parquet": from_parquet, "safetensors": from_safetensors, "tsv": from_tsv}


def same_bits(a, b):
    return a.dtype == b.dtype == "float32" and a.shape == b.shape and a.tobytes() == b.tobytes()


def check(program, source, level, folder):
    first = None
    for ending, read in READERS.items():
        path = folder / f"{level}.{ending}"
        said = run(program, "embed", source, "--level", level, "--out", path)
        table = read(path)
        values, times, paths, labels, splits = table
        assert values.shape == (said["rows"], said["dim"]) and len(paths) == len(labels) == said["rows"], ending
        assert len(set(paths)) == said["tracks"] and all((folder / path).exists() for path in paths), ending
        assert numpy.isfinite(values).all() and (times >= 0).all(), ending
        first = first or table
        assert same_bits(values, first[0]) and same_bits(times, first[1]), f"{ending}: other numbers"
        assert (paths, labels, splits) == first[2:], f"{ending}: other names"
        assert set(splits) <= {"train", "valid", "test", ""}, ending
    embedding, times, paths, labels, splits = first
    maps = [folder / f"{level}-map{n}.{ending}" for n in (1, 2) for ending in ("parquet", "tsv")]
    for path in maps:
        run(program, "map", folder / f"{level}.npz", "--out", path, "--seed", 3)
    assert maps[0].read_bytes() == maps[2].read_bytes() and maps[1].read_bytes() == maps[3].read_bytes(), "one seed"
    as_parquet = pandas.read_parquet(maps[0])
    as_text = pandas.read_csv(maps[1], sep="\t", dtype=str, keep_default_na=False)
    for name in ("timestamp", "x", "y"):
        as_text[name] = numpy.array([numpy.float32(value) for value in as_text[name]])
    assert same_bits(numpy.stack(as_parquet.pop("embedding").to_numpy()), embedding)
    for frame in (as_parquet, as_text):
        assert list(frame.columns) == ["path", "label", "split", "timestamp", "x", "y"]
        assert [split if isinstance(split, str) else "" for split in frame["split"]] == splits
        assert list(frame["path"]) == paths and [label or "" for label in frame["label"]] == labels
        assert same_bits(frame["timestamp"].to_numpy(), times)
        assert all(math.isfinite(value) for axis in "xy" for value in frame[axis])
    for axis in "xy":
        assert same_bits(as_parquet[axis].to_numpy(), as_text[axis].to_numpy()), axis
    rows, dim = first[0].shape
    print(f"{source}, by {level}: {rows} rows of {dim} values, {len(set(paths))} tracks, {len(set(labels))} labels, "
          f"{sum(split != '' for split in splits)} rows in a part of the published split; "
          f"4 formats of the table and 2 of the map hold the same")


def quoted(folder):
    """Sounds under labels that a table may break at."""
    for number, label in enumerate(['"7 inch', '12"', "a\tb", "plain", '"whole"']):
        place = folder / label
        place.mkdir(parents=True)
        with wave.open(str(place / f"{number}.wav"), "wb") as sound:
            sound.setparams((1, 2, 16_000, 0, "NONE", ""))
            sound.writeframes((numpy.sin(numpy.arange(64_000) * (0.05 + 0.02 * number)) * 9_000).astype("<i2").tobytes())


def check_quoted(program, folder):
    quoted(folder / "sounds")
    rows = {}
    for ending in ("npz", "tsv"):
        said = run(program, "embed", folder / "sounds", "--level", "track", "--out", folder / f"t.{ending}")
        rows[ending] = said["rows"]
    run(program, "map", folder / "t.npz", "--method", "pca", "--out", folder / "m.tsv")
    frame = pandas.read_csv(folder / "m.tsv", sep="\t")
    assert len(frame) == rows["npz"] == 5 and set(frame["label"]) == {'"7 inch', '12"', "a\tb", "plain", '"whole"'}, frame
    metadata = pandas.read_csv(folder / "t.metadata.tsv", sep="\t")
    assert len(metadata) == 5 and set(metadata["label"]) == {'"7 inch', '12"', "a b", "plain", '"whole"'}, metadata
    raw = (folder / "t.metadata.tsv").read_text().splitlines()
    assert len(raw) == 6 and {line.count("\t") for line in raw} == {6}, "what the projector reads"
    print("labels with quotes and tabs: as many rows for pandas and the projector")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for source in sys.argv[2:] or ["demo"]:
        for level in ("window", "track"):
            with tempfile.TemporaryDirectory() as folder:
                check(sys.argv[1], source, level, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        check_quoted(sys.argv[1], Path(folder))
