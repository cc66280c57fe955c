"""Trains candidates for equal time and scores each on music that none of them heard.

    pip install numpy scikit-learn
    python tests/compare_recipes.py path/to/mynascope MUSIC OUT --minutes 10 [--only NAME ...] [--gtzan FOLDER]

MUSIC holds one folder for each album; a fifth of its tracks, chosen by a hash of their names, is held back. Each track is
cut to its middle 150 seconds (60 of those held back) by ffmpeg, once. A candidate is a line of options of `mynascope train`
that differs from the first in one thing. OUT keeps cut sound, mel-spectrograms and runs; a run that is there is not trained
again. The scores, printed as a table:

- album: linear probe that tells the albums of at least four held tracks, folds by track; with its 95 % bootstrap interval
- retrieval: the nearest of all other windows, two of each held track, is the other one of the same track
- key, tags, tempo: the demo collection of another seed than that which the program shows
- genre, only with --gtzan, which is for the last look: a GTZAN-shaped folder
"""
import argparse, csv, hashlib, json, pathlib, signal, subprocess, tempfile, time
import numpy as np
from probe_scores import class_scores, classes, embed, key_number, key_score, numbers, plain_features, retrieval, run

SOUND = {".ogg", ".mp3", ".flac", ".opus", ".wav"}
SAME = "--preset tiny --patch hybrid --objective sogclr --mask-ratio 0.9 --batch 128 --lr 0.0005 --seed 0".split()
# What each candidate says after the options above; the last of two equal options counts.
CANDIDATES = {
    "as shipped": [],
    "log": ["--input", "log"],
    "log, ratio 0.75": ["--input", "log", "--mask-ratio", "0.75"],
    "log, fastclip-v3": ["--input", "log", "--objective", "fastclip-v3"],
    "log, infonce": ["--input", "log", "--objective", "infonce"],
    "log, vertical": ["--input", "log", "--patch", "vertical"],
    "log, ema": ["--input", "log", "--ema", "0.999"],
    "log, rate 0.001": ["--input", "log", "--lr", "0.001"],
}
DEMO_SEED = 4711


def options(more):
    """One value for each option, the later one."""
    said = {}
    line = SAME + more
    for name, value in zip(line[::2], line[1::2]):
        said[name] = value
    return [word for pair in said.items() for word in pair]


def is_held(name):
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 5 == 0


def cut(music, out):
    """The middle of each track, as FLAC: OUT/train and OUT/held, one folder for each album."""
    done = out / "cut.json"
    if done.exists():
        return
    for path in sorted(p for p in music.rglob("*") if p.suffix.lower() in SOUND):
        album, name = path.relative_to(music).parts[0], str(path.relative_to(music))
        held = is_held(name)
        asked = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path], capture_output=True, text=True)
        try:
            secs = float(asked.stdout)
        except ValueError:
            continue
        if secs < 20:
            continue
        wanted = min(secs, 60 if held else 150)
        to = out / ("held" if held else "train") / album / (hashlib.sha256(name.encode()).hexdigest()[:16] + ".flac")
        to.parent.mkdir(parents=True, exist_ok=True)
        line = ["ffmpeg", "-v", "error", "-y", "-ss", f"{(secs - wanted) / 2:.2f}", "-t", f"{wanted:.2f}", "-i", path]
        subprocess.run(line + ["-map", "0:a:0", "-ac", "1", "-ar", "22050", "-compression_level", "0", to], check=False)
    done.write_text(json.dumps({"of": str(music)}))


def train(program, name, more, data, out, minutes):
    """Trains for so many minutes after the spectrograms are there; gives the steps that were made."""
    folder = out / "runs" / name.replace(", ", "-").replace(" ", "-")
    if not (folder / "config.toml").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        line = [program, "train", "--data", *map(str, data), "--out", str(folder), *options(more), "--steps", "1000000", "--save-every", "200", "--mels", str(out / "mels")]
        job = subprocess.Popen([*line, "--quiet"], stdout=subprocess.DEVNULL)
        while not steps(folder) and job.poll() is None:
            time.sleep(1)
        began = time.monotonic()
        while time.monotonic() - began < 60 * minutes and job.poll() is None:
            time.sleep(1)
        job.send_signal(signal.SIGINT)
        job.wait()
    return folder, steps(folder)


def steps(folder):
    """Lines of the run's log."""
    log = folder / "log.jsonl"
    return sum(1 for _ in open(log)) if log.exists() else 0


def interval(scores, seed=0):
    random = np.random.default_rng(seed)
    means = [scores[random.integers(0, len(scores), len(scores))].mean() for _ in range(2000)]
    return np.quantile(means, [0.025, 0.975])


def score(x_held, x_demo, x_gtzan):
    row = {}
    x, track, paths = x_held
    albums = [pathlib.Path(p).parent.name for p in paths]
    often = {a for a in albums if albums.count(a) >= 4}
    chosen = [i for i, a in enumerate(albums) if a in often]
    said = "-"
    if len(often) > 1:
        place = {old: new for new, old in enumerate(chosen)}
        rows = np.isin(track, chosen)
        label = np.unique([albums[i] for i in chosen], return_inverse=True)[1]
        right = class_scores(x[rows], np.array([place[t] for t in track[rows]]), label, lambda a, b: a == b)
        low, high = interval(right)
        said = f"{right.mean():.3f} ({low:.2f} to {high:.2f})"
    row[f"album of {len(often)}, {len(chosen)} tracks"] = said
    found, tracks = retrieval(x, track)
    row[f"retrieval among {tracks}"] = f"{found:.3f}"
    x, track, paths, listed = x_demo
    rows = [listed[pathlib.Path(p).name] for p in paths]
    row["key"] = f"{classes(x, track, np.array([key_number(r['key']) for r in rows]), key_score):.3f}"
    tags = sorted({t for r in rows for t in r["tags"].split(";") if t})
    y = np.array([[t in r["tags"].split(";") for t in tags] for r in rows], float)
    row["tags, ROC-AUC"] = f"{numbers(x, track, y[:, (y.sum(0) >= 3) & (y.sum(0) < len(y))], True):.3f}"
    if "tempo_bpm" in rows[0]:
        row["tempo, R2"] = f"{numbers(x, track, np.array([[float(r['tempo_bpm'])] for r in rows]), False):.3f}"
    if x_gtzan:
        x, track, paths = x_gtzan
        label = np.unique([pathlib.Path(p).parent.name for p in paths], return_inverse=True)[1]
        right = class_scores(x, track, label, lambda a, b: a == b)
        low, high = interval(right)
        row["genre"] = f"{right.mean():.3f} ({low:.2f} to {high:.2f})"
    return row


def main():
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("program")
    ask.add_argument("music", type=pathlib.Path)
    ask.add_argument("out", type=pathlib.Path)
    ask.add_argument("--minutes", type=float, default=10)
    ask.add_argument("--only", nargs="*")
    ask.add_argument("--gtzan", type=pathlib.Path)
    ask.add_argument("--also", nargs="*", default=[], help="more checkpoints to score")
    said = ask.parse_args()
    out = said.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    cut(said.music.resolve(), out)
    demo = out / "demo"
    if not demo.exists():
        run(said.program, "demo", demo, "--seed", DEMO_SEED)
    listed = {pathlib.Path(r["file"] if "file" in r else r["path"]).name: r for r in csv.DictReader(open(demo / "labels.csv"))}
    sets = [[out / "held"], [demo]] + ([[said.gtzan]] if said.gtzan else [])
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        def add(name, steps, features):
            held, other, *gtzan = features
            table[name] = {"steps": steps, **score(held, (*other, listed), gtzan[0] if gtzan else None)}
            print(name, table[name], flush=True)

        untrained = [embed(said.program, data, "untrained", folder) for data in sets]
        plain = [plain_features(said.program, paths, folder) for _, _, paths in untrained]
        add("MFCC statistics", "", [(p[1], p[2], u[2]) for p, u in zip(plain, untrained)])
        add("mean and deviation of the log mel", "", [(p[0], p[2], u[2]) for p, u in zip(plain, untrained)])
        add("untrained", "", untrained)
        for checkpoint in ["shipped", *said.also]:
            add(checkpoint, "", [embed(said.program, data, checkpoint, folder) for data in sets])
        for name in said.only if said.only is not None else CANDIDATES:
            run_folder, made = train(said.program, name, CANDIDATES[name], [out / "train"], out, said.minutes)
            add(name, made, [embed(said.program, data, run_folder, folder) for data in sets])
    columns = list(table["untrained"])
    print("| recipe | " + " | ".join(columns) + " |\n|---" + "|---" * len(columns) + "|")
    for name, row in table.items():
        print(f"| {name} | " + " | ".join(str(row[c]) for c in columns) + " |")


main()
