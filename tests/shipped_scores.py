"""Scores of embeddings beside plain features: same probe (scikit-learn's logistic or ridge regression on standardised
rows, C or alpha chosen inside the training part), same 5 folds by track, track score = mean over windows.

    pip install numpy scikit-learn && python tests/shipped_scores.py path/to/mynascope [GTZAN-shaped folder]
"""
import csv, pathlib, sys, tempfile
import numpy as np
from probe_scores import classes, embed, key_number, key_score, numbers, plain_features, run

PROGRAM = sys.argv[1]

with tempfile.TemporaryDirectory() as folder:
    demo = pathlib.Path(folder, "demo")
    run(PROGRAM, "demo", "--plain", demo)
    listed = {pathlib.Path(row["file"] if "file" in row else row["path"]).name: row for row in csv.DictReader(open(demo / "labels.csv"))}
    table = {}
    collections_ = [("demo", demo)] + ([("gtzan", pathlib.Path(sys.argv[2]))] if len(sys.argv) > 2 else [])
    for name, data in collections_:
        features = {}
        for checkpoint in ("shipped", "untrained"):
            x, track, paths = embed(PROGRAM, [data], checkpoint, folder)
            features[checkpoint] = (x, track)
        names = paths
        mean_mel, mfcc, mtrack = plain_features(PROGRAM, names, folder)
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
            key = np.array([key_number(r["key"]) for r in rows])
            row["key, weighted score"] = classes(x, track, key, key_score)
            tags = sorted({t for r in rows for t in r["tags"].replace("|", ";").split(";") if t})
            y = np.array([[t in r["tags"].replace("|", ";").split(";") for t in tags] for r in rows], float)
            row["tags, ROC-AUC"] = numbers(x, track, y[:, (y.sum(0) >= 2) & (y.sum(0) < len(y))], True)
            row["emotion, mean R2"] = numbers(x, track, np.array([[float(r["arousal"]), float(r["valence"])] for r in rows]), False)
    columns = list(next(iter(table.values())))
    print("| features | " + " | ".join(columns) + " |\n|---" * 1 + "|---" * len(columns) + "|")
    for feature, row in table.items():
        print(f"| {feature} | " + " | ".join(f"{row[c]:.3f}" for c in columns) + " |")
