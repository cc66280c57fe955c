#!/usr/bin/env bash
# Expected: a table that polars writes as CSV has as many rows when pandas reads it, so that labels still lie beside their tracks.
# Seen:     in a table of one column polars writes a missing value as an empty line, and pandas skips empty lines: rows are lost
#           without a warning and the rest move up. polars reads all of them. With two columns nothing is lost.
# Versions: PyPI polars 2.1.0, pandas 3.1.1
# Date:     2026-11-29
# Source:   pandas documentation, read_csv, skip_blank_lines (True by default); polars documentation, write_csv, null_value and quote_style
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet polars==2.1.0 pandas==3.1.1
venv/bin/pip list --format=freeze | grep -E '^(polars|pandas)=='

venv/bin/python - <<'END'
import io, sys, pandas, polars
labels = ["rock", None, "pop"]
one = polars.DataFrame({"label": labels}).write_csv()
two = polars.DataFrame({"label": labels, "split": ["a", "b", "c"]}).write_csv()
for text in (one, two):
    print(f"{text!r}: polars reads {polars.read_csv(text.encode()).height} rows, pandas {len(pandas.read_csv(io.StringIO(text)))}")
assert polars.read_csv(one.encode()).height == 3 and len(pandas.read_csv(io.StringIO(two))) == 3
if len(pandas.read_csv(io.StringIO(one))) != 2:
    sys.exit("the surprise is gone")
END
