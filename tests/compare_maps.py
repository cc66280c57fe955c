"""Compares the program's t-SNE with openTSNE and its UMAP with umap-learn: processor time, neighbourhoods, KL divergence.

    pip install openTSNE==1.0.4 umap-learn==0.5.12 scikit-learn numpy
    python tests/compare_maps.py path/to/mynascope [--sizes 10000 100000] [--threads 2]

All get the same rows and as many iterations, on as many threads; times are processor seconds of the whole job, children included. UMAP is compared at
the first size only. The divergence is over the exact neighbours of each row; its sum over all pairs is taken from 10,000 rows, and so are the
neighbourhoods.
"""

import pathlib
import resource
import subprocess
import tempfile

import numpy as np
from side_by_side import Row, parser, program_of, report

COLUMNS, PERPLEXITY, ITERATIONS = 50, 30, 750
NEIGHBOURS, EPOCHS = 15, 500
MEASURED = 10_000


def points(rows):
    """Around 20 rings."""
    random = np.random.default_rng(0)
    group = random.integers(20, size=rows)
    angle = random.uniform(0, 2 * np.pi, size=rows)
    centre = random.normal(size=(20, COLUMNS)) * 2
    ring = random.normal(size=(20, 2, COLUMNS))
    return (
        centre[group]
        + np.cos(angle)[:, None] * ring[group, 0]
        + np.sin(angle)[:, None] * ring[group, 1]
        + random.normal(size=(rows, COLUMNS)) * 0.5
    ).astype("f4")


def cpu(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def divergence(pairs, some, map_):
    """Over the neighbour pairs, with the sum of q over the pairs of some rows with all, brought to all pairs."""
    map_ = map_.astype("f8")
    total = -len(some)
    for part in np.array_split(some, len(some) // 200 + 1):
        square = ((map_[part, None] - map_[None]) ** 2).sum(-1)
        total += (1 / (1 + square)).sum()
    total *= len(map_) / len(some)
    square = ((map_[pairs.row] - map_[pairs.col]) ** 2).sum(1)
    return float((pairs.data * np.log(pairs.data * total * (1 + square))).sum())


def neighbours(x, count, some=None):
    """The nearest others of these rows, and how far they are."""
    from sklearn.neighbors import NearestNeighbors

    asked = x if some is None else x[some]
    found = NearestNeighbors(n_neighbors=count + 1, algorithm="brute").fit(x)
    distances, places = found.kneighbors(asked)
    return places[:, 1:], distances[:, 1:]


def compare(program, sizes, threads):
    """Rows of processor time and of divergence."""
    import openTSNE
    import umap
    from openTSNE.nearest_neighbors import PrecomputedNeighbors
    from sklearn.manifold import trustworthiness

    rows = []
    for count in sizes:
        x = points(count)
        some = np.random.default_rng(1).permutation(count)[:MEASURED]
        places, distances = neighbours(x, 3 * PERPLEXITY)
        exact = PrecomputedNeighbors(places, distances)
        pairs = openTSNE.affinity.PerplexityBasedNN(knn_index=exact, perplexity=PERPLEXITY, n_jobs=threads).P.tocoo()
        near = places[some]

        def told(name, seconds, map_):
            shown, _ = neighbours(map_, 30, some)
            recall = [np.mean([len(np.intersect1d(a[:k], b[:k])) / k for a, b in zip(near, shown)]) for k in (10, 30)]
            few = some[:3000]
            trust = trustworthiness(x[few], map_[few], n_neighbors=10)
            lost = divergence(pairs, some, map_)
            print(
                f"{name}, {count} rows: {seconds:.1f} processor s, KL {lost:.4f}, recall at 10 {recall[0]:.4f}, "
                f"at 30 {recall[1]:.4f}, trustworthiness {trust:.4f}",
                flush=True,
            )
            return seconds, lost

        start = cpu(resource.RUSAGE_SELF)
        affinities = openTSNE.affinity.PerplexityBasedNN(x, perplexity=PERPLEXITY, n_jobs=threads)
        first = openTSNE.initialization.pca(x, random_state=0)
        tsne = openTSNE.TSNEEmbedding(first, affinities, negative_gradient_method="fft", n_jobs=threads)
        tsne = tsne.optimize(250, exaggeration=12, momentum=0.5).optimize(ITERATIONS - 250, exaggeration=1, momentum=0.8)
        theirs = told("openTSNE", cpu(resource.RUSAGE_SELF) - start, np.asarray(tsne))
        ours = told("t-SNE", *of_program(program, threads, x, "tsne", "--perplexity", PERPLEXITY, "--iterations", ITERATIONS))
        rows.append(Row(f"t-SNE of {count} rows, processor time", "s", ours[0], theirs[0], 0.25))
        rows.append(Row(f"t-SNE of {count} rows, KL divergence", "", ours[1], theirs[1], 1.0))
        if count == sizes[0]:
            start = cpu(resource.RUSAGE_SELF)
            learned = umap.UMAP(n_neighbors=NEIGHBOURS, n_epochs=EPOCHS, random_state=0, n_jobs=1).fit_transform(x)
            theirs = told("umap-learn", cpu(resource.RUSAGE_SELF) - start, learned)
            ours = told("UMAP", *of_program(program, threads, x, "umap", "--neighbours", NEIGHBOURS, "--iterations", EPOCHS))
            rows.append(Row(f"UMAP of {count} rows, processor time", "s", ours[0], theirs[0]))
    return rows


def of_program(program, threads, x, method, *options):
    """Its processor seconds, and the map."""
    with tempfile.TemporaryDirectory() as folder:
        table, out = pathlib.Path(folder, "rows.npz"), pathlib.Path(folder, "map.tsv")
        zeros = np.zeros(len(x))
        np.savez(table, embedding=x, timestamps=zeros.astype("f4"), track=zeros.astype("u4"), path=np.array(["planted"]))
        start = cpu(resource.RUSAGE_CHILDREN)
        line = [program, "map", table, "--out", out, "--method", method, *options, "--threads", threads, "--quiet"]
        subprocess.run([str(word) for word in line], check=True)
        seconds = cpu(resource.RUSAGE_CHILDREN) - start
        header, *rows = out.read_text().splitlines()
        columns = header.split("\t")
        places = [columns.index("x"), columns.index("y")]
        return seconds, np.array([[float(row.split("\t")[place]) for place in places] for row in rows], "f4")


if __name__ == "__main__":
    asked = parser(__doc__)
    asked.add_argument("--sizes", type=int, nargs="+", default=[10_000])
    asked = asked.parse_args()
    report(compare(program_of(asked), asked.sizes, asked.threads))
