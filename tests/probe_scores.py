"""Probes for the scripts beside this file: scikit-learn's logistic or ridge regression on standardised windows, C or alpha
chosen inside the training part, five folds by track, a track's answer from the mean of its windows. Also plain features of
the same windows to compare with, and retrieval of a track by another of its windows."""
import collections, pathlib, subprocess
import numpy as np
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FRAMES = 96
TONICS = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]
SHARPS = {"C#": "Db", "D#": "Eb", "F#": "Gb", "G#": "Ab", "A#": "Bb"}


def run(program, *line):
    subprocess.run([program, *map(str, line), "--quiet"], check=True)


def embed(program, data, checkpoint, folder):
    """Windows [windows, dim], the track of each, and the path of each track."""
    out = pathlib.Path(folder, "e.npz")
    run(program, "embed", *data, "--out", out, "--checkpoint", checkpoint)
    table = np.load(out)
    return table["embedding"].astype("f8"), table["track"].astype(int), [str(p) for p in table["path"]]


def plain_features(program, paths, folder):
    """Mean and deviation of the log mel of each window, and of 20 MFCCs."""
    out = pathlib.Path(folder, "m.npy")
    basis = np.cos(np.pi / 128 * (np.arange(128) + 0.5)[None] * np.arange(20)[:, None])
    mean_mel, mfcc, track = [], [], []
    for at, path in enumerate(paths):
        run(program, "mel", path, "--out", out)
        mel = np.log10(np.load(out) + 1e-6)
        for window in range(max(1, mel.shape[1] // FRAMES)):
            part = mel[:, window * FRAMES : (window + 1) * FRAMES]
            mean_mel.append(np.concatenate([part.mean(1), part.std(1)]))
            cep = basis @ part
            mfcc.append(np.concatenate([cep.mean(1), cep.std(1)]))
            track.append(at)
    return np.array(mean_mel), np.array(mfcc), np.array(track)


def key_number(name):
    """0 to 11 for major keys from C, 12 to 23 for minor ones."""
    tonic = name.split()[0]
    return TONICS.index(SHARPS.get(tonic, tonic)) + 12 * ("min" in name.lower())


def key_score(truth, said):
    """MIREX's weighted score of one key."""
    tonic, minor, other, other_minor = truth % 12, truth >= 12, said % 12, said >= 12
    if minor == other_minor:
        return 1.0 if tonic == other else 0.5 if other == (tonic + 7) % 12 else 0.0
    return 0.3 if other == (tonic + (3 if minor else 9)) % 12 else 0.2 if tonic == other else 0.0


def folds(labels, seed=0):
    counts = collections.Counter(labels)
    kind = StratifiedKFold if min(counts.values()) >= 5 else KFold
    return kind(5, shuffle=True, random_state=seed).split(np.zeros(len(labels)), labels)


def by_track(scores, rows, tracks):
    return np.array([scores[rows == t].mean(0) for t in tracks])


def class_scores(x, track, y, score):
    """The score of each track, tested in the fold that leaves it out."""
    said = np.zeros(len(y), int)
    for train, test in folds(y):
        rows, held = np.isin(track, train), np.isin(track, test)
        model = make_pipeline(StandardScaler(), LogisticRegressionCV(Cs=[1e-3, 1e-2, 0.1, 1.0], cv=3, max_iter=2000))
        model.fit(x[rows], y[track[rows]])
        found = model.decision_function(x[held])
        found = by_track(found if found.ndim > 1 else np.stack([-found, found], 1), track[held], test)
        said[test] = model[-1].classes_[found.argmax(1)]
    return np.array([float(score(a, b)) for a, b in zip(y, said)])


def classes(x, track, y, score):
    return float(class_scores(x, track, y, score).mean())


def numbers(x, track, y, tags):
    """Of tags the mean ROC-AUC, of numbers the mean R2; y is [tracks, columns]."""
    folded = []
    for train, test in folds(np.zeros(len(y), int)):
        rows, held = np.isin(track, train), np.isin(track, test)
        model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 5, 11)))
        model.fit(x[rows], y[track[rows]])
        found = by_track(model.predict(x[held]).reshape(held.sum(), -1), track[held], test)
        if tags:
            ok = [t for t in range(y.shape[1]) if 0 < y[test, t].sum() < len(test)]
            folded.append(np.mean([roc_auc_score(y[test, t], found[:, t]) for t in ok]))
        else:
            folded.append((test, found))
    if tags:
        return float(np.mean(folded))
    said = np.zeros_like(y)
    for test, found in folded:
        said[test] = found
    return float(np.mean(1 - ((y - said) ** 2).sum(0) / ((y - y.mean(0)) ** 2).sum(0)))


def retrieval(x, track, seed=0):
    """How often the nearest of all other windows, two drawn of each track, is the other one of the same track; by cosine of
    standardised values."""
    random = np.random.default_rng(seed)
    pairs = [random.choice(np.flatnonzero(track == t), 2, replace=False) for t in np.unique(track) if (track == t).sum() > 1]
    rows = np.concatenate([[a for a, _ in pairs], [b for _, b in pairs]])
    chosen = (x[rows] - x.mean(0)) / (x.std(0) + 1e-9)
    chosen /= np.linalg.norm(chosen, axis=1, keepdims=True) + 1e-12
    cosine = chosen @ chosen.T
    np.fill_diagonal(cosine, -np.inf)
    half = len(pairs)
    own = np.concatenate([np.arange(half) + half, np.arange(half)])
    return float((cosine.argmax(1) == own).mean()), half
