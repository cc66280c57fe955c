"""Compares the program's t-SNE with openTSNE and its UMAP with umap-learn on 10,000 rows: time, neighbourhoods, KL divergence.

    pip install openTSNE==1.0.4 umap-learn==0.5.12 scikit-learn numpy && python tests/compare_maps.py path/to/mynascope

All get the same rows and as many iterations; times are CPU seconds of the whole job, children included.
"""

import pathlib
import resource
import subprocess
import sys
import tempfile

import numpy as np
import openTSNE
import umap
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

ROWS, COLUMNS, PERPLEXITY = 10_000, 50, 30
NEIGHBOURS, EPOCHS = 15, 500


def points():
    random = np.random.default_rng(0)
    group = random.integers(20, size=ROWS)
    angle = random.uniform(0, 2 * np.pi, size=ROWS)
    centre = random.normal(size=(20, COLUMNS)) * 2
    ring = random.normal(size=(20, 2, COLUMNS))
    return (
        centre[group]
        + np.cos(angle)[:, None] * ring[group, 0]
        + np.sin(angle)[:, None] * ring[group, 1]
        + random.normal(size=(ROWS, COLUMNS)) * 0.5
    ).astype("f4")


def cpu(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def divergence(pairs, map_):
    """Over the neighbour pairs, with the sum of q over all pairs."""
    map_ = map_.astype("f8")
    total = -len(map_)
    for start in range(0, len(map_), 1000):
        square = ((map_[start : start + 1000, None] - map_[None]) ** 2).sum(-1)
        total += (1 / (1 + square)).sum()
    square = ((map_[pairs.row] - map_[pairs.col]) ** 2).sum(1)
    return float((pairs.data * np.log(pairs.data * total * (1 + square))).sum())


def report(name, seconds, x, pairs, near, map_):
    shown = NearestNeighbors(n_neighbors=31).fit(map_).kneighbors(map_, return_distance=False)[:, 1:]
    recall = [
        np.mean([len(np.intersect1d(a[:k], b[:k])) / k for a, b in zip(near, shown)]) for k in (10, 30)
    ]
    some = np.random.default_rng(1).choice(ROWS, 3000, replace=False)
    trust = trustworthiness(x[some], map_[some], n_neighbors=10)
    print(
        f"{name}: {seconds:.1f} CPU s, KL {divergence(pairs, map_):.4f}, "
        f"recall at 10 {recall[0]:.4f}, at 30 {recall[1]:.4f}, trustworthiness {trust:.4f}",
        flush=True,
    )


program = sys.argv[1]
x = points()
near = NearestNeighbors(n_neighbors=31).fit(x).kneighbors(x, return_distance=False)[:, 1:]

start = cpu(resource.RUSAGE_SELF)
affinities = openTSNE.affinity.PerplexityBasedNN(x, perplexity=PERPLEXITY, n_jobs=2)
first = openTSNE.initialization.pca(x, random_state=0)
tsne = openTSNE.TSNEEmbedding(first, affinities, negative_gradient_method="fft", n_jobs=2)
tsne = tsne.optimize(250, exaggeration=12, momentum=0.5).optimize(500, exaggeration=1, momentum=0.8)
seconds = cpu(resource.RUSAGE_SELF) - start
pairs = openTSNE.affinity.PerplexityBasedNN(x, perplexity=PERPLEXITY, method="exact", n_jobs=2).P.tocoo()
report("openTSNE", seconds, x, pairs, near, np.asarray(tsne))

start = cpu(resource.RUSAGE_SELF)
learned = umap.UMAP(n_neighbors=NEIGHBOURS, n_epochs=EPOCHS, random_state=0, n_jobs=1).fit_transform(x)
report("umap-learn", cpu(resource.RUSAGE_SELF) - start, x, pairs, near, learned)

METHODS = [
    ("tsne", ["--perplexity", str(PERPLEXITY), "--iterations", "750"]),
    ("umap", ["--neighbours", str(NEIGHBOURS), "--iterations", str(EPOCHS)]),
]
with tempfile.TemporaryDirectory() as folder:
    table, out = pathlib.Path(folder, "rows.npz"), pathlib.Path(folder, "map.tsv")
    np.savez(
        table,
        embedding=x,
        timestamps=np.zeros(ROWS, "f4"),
        track=np.zeros(ROWS, "u4"),
        path=np.array(["planted"]),
    )
    for method, options in METHODS:
        start = cpu(resource.RUSAGE_CHILDREN)
        line = [program, "map", table, "--out", out, "--method", method, *options, "--quiet"]
        subprocess.run(line, check=True)
        seconds = cpu(resource.RUSAGE_CHILDREN) - start
        header, *rows = out.read_text().splitlines()
        columns = header.split("\t")
        places = [columns.index("x"), columns.index("y")]
        map_ = np.array([[float(row.split("\t")[place]) for place in places] for row in rows], "f4")
        report(f"mynascope, {method}", seconds, x, pairs, near, map_)
