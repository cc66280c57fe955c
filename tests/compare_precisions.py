"""What fewer bits cost: embeddings, neighbours and probe scores in bf16 and int8 beside those in 32 bits.

    pip install numpy && python tests/compare_precisions.py path/to/mynascope --data MUSIC [MUSIC...] [--probe LABELLED]
        [--checkpoint FILE...] [--overlap half]

For each checkpoint (the shipped encoder where none is said) every window of the music is embedded in each precision on the CPU. Told
are the cosine to the same window in 32 bits (mean and worst), the share of the ten nearest windows that stay among the ten nearest
(2,000 windows, evenly spread, against all), and, with `--probe`, the score of a linear probe over five folds of a labelled folder with its 95 %
interval. The last column says whether bf16 and int8 keep what is wanted: mean 0.9995 and worst 0.998; 0.995 and 0.98.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

WANTED = {"bf16": (0.9995, 0.998), "int8": (0.995, 0.98)}
NEAREST, MEASURED = 10, 2000


def told(program, *line):
    done = subprocess.run([program, *map(str, line), "--device", "cpu", "--json", "--quiet"], capture_output=True, text=True)
    # 3: done but for some inputs, which are the same in every precision.
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def nearest(rows, some):
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found = []
    for part in np.array_split(some, 20):
        cosines = rows[part] @ rows.T
        cosines[np.arange(len(part)), part] = -2
        found.append(np.argpartition(-cosines, NEAREST, axis=1)[:, :NEAREST])
    return np.concatenate(found)


def of_checkpoint(program, checkpoint, asked, folder):
    of = ["--checkpoint", checkpoint] if checkpoint else []
    read = [*of, "--overlap", asked.overlap] if asked.overlap else of
    rows, seconds, scores = {}, {}, {}
    for precision in ("f32", "bf16", "int8"):
        table = folder / f"{precision}.npz"
        run = told(program, "embed", *asked.data, "--out", table, "--precision", precision, *read)
        seconds[precision] = run["seconds"]
        rows[precision] = np.load(table)["embedding"].astype("f8")
        if asked.probe:
            probe = told(program, "probe", "--data", asked.probe, "--protocol", "folds:5", "--precision", precision, *of)
            scores[precision] = f"{probe['score']:.3f} ({probe['interval'][0]:.3f} to {probe['interval'][1]:.3f})"
    exact = rows["f32"]
    some = np.unique(np.linspace(0, len(exact) - 1, MEASURED).astype(int))
    near = nearest(exact, some)
    name = Path(checkpoint).name if checkpoint else "shipped"
    print(f"| {name} | f32 | {len(exact)} | | | | {scores.get('f32', '')} | |")
    for precision, (mean, worst) in WANTED.items():
        other = rows[precision]
        cosines = (exact * other).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(other, axis=1)
        kept = np.mean([len(np.intersect1d(a, b)) / NEAREST for a, b in zip(near, nearest(other, some))])
        keeps = "yes" if cosines.mean() >= mean and cosines.min() >= worst else "NO"
        print(
            f"| {name} | {precision} | {len(other)} | {cosines.mean():.6f} | {cosines.min():.5f} | {kept:.1%} | "
            f"{scores.get(precision, '')} | {keeps} |",
            flush=True,
        )


def compare(program, asked):
    """Prints the table."""
    print("| encoder | precision | windows | cosine | worst | neighbours kept | probe | as wanted |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for checkpoint in asked.checkpoint:
            of_checkpoint(program, checkpoint, asked, Path(folder))


def options(parser, required):
    """What the table is made of."""
    parser.add_argument("--data", nargs="+", required=required)
    parser.add_argument("--probe")
    parser.add_argument("--checkpoint", nargs="*", default=[None])
    parser.add_argument("--overlap")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    options(parser, required=True)
    asked = parser.parse_args()
    compare(asked.program, asked)
