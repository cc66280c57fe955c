"""Compares a training step of MT2, preset tiny, batch 64, with PyTorch on this machine, in turn: time, processor time and memory.

    pip install torch numpy
    python tests/compare_mt2_training.py path/to/mynascope [--threads 2] [--rounds 3] [--steps 20]

The same work on both sides, in 32 bits: three segments of 64 tracks (C is A with its VQT moved) through the network of
`fixtures/make_mt2_fixtures.py`, 128 wide, 4 layers, 2 heads of 64; the equivariant loss and NT-Xent, the gradient, AdamW. Ours is `mynascope
train` on the demo collection as it is: cutting segments, the log and what a step waits for are in it. PyTorch is given the same random
windows again and again. Each side is a process of its own, first one, then the other. A process does some steps to warm up.
Processor time is that of a process with all its steps less that of one that only warms up, so it says something on a busy machine too.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
BATCH, WARM_UP = 64, 3
SIZES = {"dim": 128, "depth": 4, "heads": 2, "hidden": 512}


def reference(steps, threads):
    """One process of PyTorch: prints the seconds of each step."""
    import torch
    from make_mt2_fixtures import MT2, cpsd, nt_xent

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = MT2(**SIZES)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.04)
    vqt, mel = torch.rand(3 * BATCH, 84, 126), torch.randn(2 * BATCH, 128, 126)
    mel = torch.cat([mel, mel[:BATCH]])
    moved = torch.randint(1, 12, (BATCH,)).double()
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        optimiser.zero_grad()
        tokens = model(vqt, mel)[1]
        profiles = model.key_profile(tokens[:, 0]).double().chunk(3)
        contrastive = tokens[:, 1].chunk(3)
        loss = sum(cpsd(*profiles, moved, 7)) + nt_xent(contrastive[0], contrastive[1], 0.1)
        loss.backward()
        optimiser.step()
        seconds.append(time.perf_counter() - start)
    print(json.dumps(seconds))


def run(command, threads):
    """Processor seconds and peak memory in MB of a process, and what it printed."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads)}
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, env=environment)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text


def ours(program, folder, steps, threads, number):
    out = folder / f"run-{number}-{steps}"
    options = ["--preset", "mt2-tiny", "--batch", BATCH, "--steps", steps, "--save-every", 1000, "--device", "cpu"]
    options += ["--mels", folder / "spectrograms", "--quiet", "--json"]
    processor, memory, _ = run([program, "train", "--data", "demo", "--out", out, *options], threads)
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return processor, memory, [3 * BATCH / step["windows_per_second"] for step in log]


def theirs(steps, threads):
    processor, memory, text = run([sys.executable, __file__, "--reference", steps, "--threads", threads], threads)
    return processor, memory, json.loads(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--reference", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    threads, steps = arguments.threads, arguments.steps
    if arguments.reference:
        return reference(arguments.reference, threads)

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        ours(arguments.program, folder, WARM_UP, threads, "first")
        found = {"Mynascope": [], "PyTorch": []}
        for number in range(arguments.rounds):
            for side, measure in (
                ("Mynascope", lambda count: ours(arguments.program, folder, count, threads, number)),
                ("PyTorch", lambda count: theirs(count, threads)),
            ):
                short, _, _ = measure(WARM_UP)
                long, memory, seconds = measure(WARM_UP + steps)
                found[side].append(((long - short) / steps, memory, statistics.median(seconds[WARM_UP:])))
    for what, place, unit in (("time of a step", 2, "s"), ("processor time of a step", 0, "s"), ("peak memory", 1, "MB")):
        mine, other = (statistics.median(round[place] for round in found[side]) for side in ("Mynascope", "PyTorch"))
        wanted = " (at most 0.6 is wanted)" if unit == "s" else ""
        print(f"{what}: {mine:.3f} {unit}; PyTorch {other:.3f} {unit}; ratio {mine / other:.2f}{wanted}")


if __name__ == "__main__":
    main()
