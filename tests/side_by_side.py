"""What the scripts that compare this program with others share: processes in turn, what each cost, and two tables.

A comparison gives a `Row` for each thing that it measured and a `Parity` for each kind of number that both sides computed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Row(NamedTuple):
    """Medians of both sides; the ratio is ours to theirs, and the target is the ratio that is wanted at most."""

    what: str
    unit: str
    ours: float
    theirs: float
    target: float | None = None


class Parity(NamedTuple):
    """How far both sides are apart, at most."""

    what: str
    difference: float
    largest: float
    bound: float


class Cost(NamedTuple):
    """What a process printed, its processor seconds of all threads, and the most memory that it held, in MB."""

    text: str
    processor: float
    memory: float


def run(command, threads):
    """A process on so many threads, from its start to its end."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads)}
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, env=environment)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(str(word) for word in command)} failed")
    return Cost(text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def make(script, folder, *numbers):
    """Calls `make(folder, ...)` of a script in a process of its own, so that this one stays small."""
    script = Path(script)
    code = f"import sys; sys.path.insert(0, {str(script.parent)!r}); import {script.stem} as s; from pathlib import Path; "
    arguments = ", ".join([f"Path({str(folder)!r})", *map(str, numbers)])
    subprocess.run([sys.executable, "-c", f"{code}s.make({arguments})"], check=True)


def parity(what, ours, theirs, bound):
    """Both as arrays of one length."""
    if len(ours) != len(theirs):
        sys.exit(f"{what}: the two don't give as many numbers: {len(ours)} and {len(theirs)}")
    return Parity(what, float(np.abs(ours - theirs).max()), float(np.abs(theirs).max()), bound)


def median(values):
    return statistics.median(values)


def steps(what, program, options, script, threads, rounds, count, windows, target, warm_up=3):
    """Training steps of `mynascope train` on the demo collection with these options, so many windows of a track each, and of a
    script that prints its seconds of each of `--reference COUNT` steps. Processor time is that of a process with all its steps
    less that of one that only warms up, so it says something on a busy machine too."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)

        def ours(steps):
            out = Path(tempfile.mkdtemp(dir=folder)) / "run"
            rest = ["--steps", steps, "--save-every", 1000, "--device", "cpu", "--mels", folder / "cached", "--quiet", "--json"]
            cost = run([program, "train", "--data", "demo", "--out", out, *options, *rest], threads)
            batch = options[options.index("--batch") + 1]
            log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
            return cost, [windows * batch / step["windows_per_second"] for step in log]

        def theirs(steps):
            cost = run([sys.executable, script, "--reference", steps, "--threads", threads], threads)
            return cost, json.loads(cost.text)

        # What the program reads is cached before anything is measured.
        ours(warm_up)
        found = {ours: [], theirs: []}
        for _ in range(rounds):
            for measure, of_side in found.items():
                short, _ = measure(warm_up)
                long, seconds = measure(warm_up + count)
                of_side.append((median(seconds[warm_up:]), (long.processor - short.processor) / count, long.memory))
    return [
        Row(f"{what}, {kind}", unit, *(median(costs[place] for costs in of_side) for of_side in found.values()), wanted)
        for place, (kind, unit, wanted) in enumerate(
            (("time", "s", target), ("processor time", "s", target), ("peak memory", "MB", None))
        )
    ]


def parser(description, rounds=3):
    found = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("program", nargs="?", type=Path)
    found.add_argument("--threads", type=int, default=2)
    found.add_argument("--rounds", type=int, default=rounds)
    return found


def program_of(asked):
    """Where the program is that the options name."""
    if not asked.program:
        sys.exit("say where the program is")
    return asked.program.resolve()


def report(rows, parities=()):
    """Prints both tables, and ends with an error if the two sides don't compute the same."""
    if parities:
        print("| the same numbers | largest difference | of values up to | allowed |\n|---|---|---|---|")
        for row in parities:
            print(f"| {row.what} | {row.difference:.2g} | {row.largest:.3g} | {row.bound:.2g} |")
        print()
    print("| what | Mynascope | other | ratio | wanted at most |\n|---|---|---|---|---|")
    for row in rows:
        digits = 0 if row.unit == "MB" else 3
        target = "" if row.target is None else f"{row.target:.2f}"
        print(f"| {row.what} | {row.ours:.{digits}f} {row.unit} | {row.theirs:.{digits}f} {row.unit} | {row.ours / row.theirs:.2f} | {target} |")
    apart = [row.what for row in parities if not row.difference <= row.bound]
    if apart:
        sys.exit(f"the two don't compute the same: {', '.join(apart)}")
