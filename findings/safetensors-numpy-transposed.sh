#!/usr/bin/env bash
# Expected: safetensors.numpy.save stores the values of an array, whatever its memory order, as numpy.save does, or refuses it, as
#           safetensors.torch does.
# Seen:     a transposed array comes back with the right shape and its values in another order, without an error. 0.7.0 stored it rightly.
# Versions: PyPI safetensors 0.8.0 and, for comparison, 0.7.0; numpy 2.4.6
# Date:     2026-11-29
# Source:   tracker: safetensors issue 825 on arrays in Fortran order
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > check.py <<'END'
import sys, numpy, safetensors
from safetensors.numpy import load, save
array = numpy.arange(6, dtype="f4").reshape(2, 3).T
back = load(save({"x": array}))["x"]
print(f"safetensors {safetensors.__version__}, numpy {numpy.__version__}: {array.tolist()} came back as {back.tolist()}")
sys.exit(0 if numpy.array_equal(array, back) else 3)
END
for version in 0.7.0 0.8.0; do
    python3 -m venv $version
    $version/bin/pip install --quiet safetensors==$version numpy==2.4.6
done
0.7.0/bin/python check.py
code=0
0.8.0/bin/python check.py || code=$?
[ $code = 3 ] || { echo "the surprise is gone"; exit 1; }
