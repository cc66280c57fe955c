"""Scores of embeddings beside plain features: same probe (scikit-learn's logistic or ridge regression on standardised
rows, C or alpha chosen inside the training part), same 5 folds by track, track score = mean over windows.

    pip install numpy scikit-learn && python tests/shipped_scores.py path/to/mynascope [GTZAN-shaped folder]
"""
import collections, csv, json, pathlib, subprocess, sys, tempfile
import numpy as np
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

PROGRAM = sys.argv[1]
FRAMES = 96


def run(*line):
    subprocess.run([PROGRAM, *map(str, line), "--quiet"], check=True)


def embed(data, checkpoint, folder):
    out = pathlib.Path(folder, "e.npz")
    run("embed", data, "--out", out, "--checkpoint", checkpoint)
    table = np.load(out)
    return table["embedding"].astype("f8"), table["track"].astype(int), [str(p) for p in table["path"]]


def mels(paths, folder):
    """Mean and deviation of the log mel of each window, and of 20 MFCCs."""
    out = pathlib.Path(folder, "m.npy")
    basis = np.cos(np.pi / 128 * (np.arange(128) + 0.5)[None] * np.arange(20)[:, None])
    mean_mel, mfcc, track = [], [], []
    for at, path in enumerate(paths):
        run("mel", path, "--out", out)
        mel = np.log10(np.load(out) + 1e-6)
        for window in range(max(1, mel.shape[1] // FRAMES)):
            part = mel[:, window * FRAMES : (window + 1) * FRAMES]
            mean_mel.append(np.concatenate([part.mean(1), part.std(1)]))
            cep = basis @ part
            mfcc.append(np.concatenate([cep.mean(1), cep.std(1)]))
            track.append(at)
    return np.array(mean_mel), np.array(mfcc), np.array(track)


def key_score(truth, said):
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


def classes(x, track, y, score):
    said = np.zeros(len(y), int)
    for train, test in folds(y):
        rows, held = np.isin(track, train), np.isin(track, test)
        model = make_pipeline(StandardScaler(), LogisticRegressionCV(Cs=[1e-3, 1e-2, 0.1, 1.0], cv=3, max_iter=2000))
        model.fit(x[rows], y[track[rows]])
        found = by_track(model.decision_function(x[held]), track[held], test)
        said[test] = model[-1].classes_[found.argmax(1)]
    return float(np.mean([score(a, b) for a, b in zip(y, said)]))


def numbers(x, track, y, tags):
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


with tempfile.TemporaryDirectory() as folder:
    demo = pathlib.Path(folder, "demo")
    run("demo", demo)
    listed = {pathlib.Path(row["file"] if "file" in row else row["path"]).name: row for row in csv.DictReader(open(demo / "labels.csv"))}
    table = {}
    collections_ = [("demo", demo)] + ([("gtzan", pathlib.Path(sys.argv[2]))] if len(sys.argv) > 2 else [])
    for name, data in collections_:
        features = {}
        for checkpoint in ("shipped", "untrained"):
            x, track, paths = embed(data, checkpoint, folder)
            features[checkpoint] = (x, track)
        names = paths
        mean_mel, mfcc, mtrack = mels(names, folder)
        features["mean mel"] = (mean_mel, mtrack)
        features["MFCC statistics"] = (mfcc, mtrack)
        for feature, (x, track) in features.items():
            row = table.setdefault(feature, {})
            if name == "gtzan":
                label = np.unique([pathlib.Path(p).parent.name for p in names], return_inverse=True)[1]
                row["GTZAN sample, genre, accuracy"] = classes(x, track, label, lambda a, b: a == b)
                continue
            rows = [listed[pathlib.Path(p).name] for p in names]
            style = np.unique([r["style"] for r in rows], return_inverse=True)[1]
            row["style, accuracy"] = classes(x, track, style, lambda a, b: a == b)
            tonic = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]
            alias = {"C#": "Db", "D#": "Eb", "F#": "Gb", "G#": "Ab", "A#": "Bb"}
            key = np.array([tonic.index(alias.get(r["key"].split()[0], r["key"].split()[0])) + 12 * ("min" in r["key"].lower()) for r in rows])
            row["key, weighted score"] = classes(x, track, key, key_score)
            tags = sorted({t for r in rows for t in r["tags"].replace("|", ";").split(";") if t})
            y = np.array([[t in r["tags"].replace("|", ";").split(";") for t in tags] for r in rows], float)
            row["tags, ROC-AUC"] = numbers(x, track, y[:, (y.sum(0) >= 2) & (y.sum(0) < len(y))], True)
            row["emotion, mean R2"] = numbers(x, track, np.array([[float(r["arousal"]), float(r["valence"])] for r in rows]), False)
    columns = list(next(iter(table.values())))
    print("| features | " + " | ".join(columns) + " |\n|---" * 1 + "|---" * len(columns) + "|")
    for feature, row in table.items():
        print(f"| {feature} | " + " | ".join(f"{row[c]:.3f}" for c in columns) + " |")
