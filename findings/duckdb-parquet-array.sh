#!/usr/bin/env bash
# Expected: a column of DuckDB's type FLOAT[3] (an ARRAY of fixed length, meant for embeddings) that DuckDB writes to Parquet and reads
#           again is FLOAT[3]; so is a fixed_size_list that pyarrow writes, whose Arrow schema stands in the file.
# Seen:     both come back as FLOAT[], a LIST of any length, and array_cosine_similarity refuses them until they are cast. The same Arrow
#           table taken from memory is FLOAT[3], and pyarrow and polars find the fixed length in their own files.
# Versions: PyPI duckdb 2.0.1, pyarrow 26.0.1, polars 2.1.0
# Date:     2026-11-29
# Source:   DuckDB documentation, "Array Type" and "Array Functions"; the Parquet format has no list of fixed length
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0
venv/bin/pip list --format=freeze | grep -E '^(duckdb|pyarrow|polars)=='

venv/bin/python - <<'END'
import sys, duckdb, polars, pyarrow, pyarrow.parquet
db = duckdb.connect()
kind = lambda query: db.sql("describe " + query).fetchall()[0][1]
db.sql("create table t as select [1, 2, 3]::FLOAT[3] as e")
db.sql("copy t to 'duckdb.parquet'")
arrow = pyarrow.table({"e": pyarrow.FixedSizeListArray.from_arrays(pyarrow.array([1, 2, 3], pyarrow.float32()), 3)})
pyarrow.parquet.write_table(arrow, "pyarrow.parquet")
print("in memory: DuckDB's table", kind("select e from t"), "| Arrow table", kind("select e from arrow"))
in_arrow = pyarrow.parquet.read_schema("pyarrow.parquet").field("e").type
print("pyarrow.parquet:", in_arrow, "| polars:", polars.read_parquet_schema("pyarrow.parquet")["e"])
assert kind("select e from t") == kind("select e from arrow") == "FLOAT[3]"
gone = True
for name in ("duckdb", "pyarrow"):
    found = kind(f"select e from '{name}.parquet'")
    try:
        answer = db.sql(f"select array_cosine_similarity(e, e) from '{name}.parquet'").fetchall()
    except duckdb.BinderException as error:
        answer = str(error).splitlines()[0]
    print(f"{name}.parquet read by DuckDB: {found}; {answer}")
    gone = gone and found != "FLOAT[]"
cast = db.sql("select array_cosine_similarity(e::FLOAT[3], e::FLOAT[3]) from 'duckdb.parquet'").fetchall()
print("with a cast:", cast)
if gone:
    sys.exit("the surprise is gone")
END
