"""Compares MT2 of the published size with PyTorch on this machine: numbers, time and memory, in turn.

    pip install torch torchaudio nnAudio safetensors numpy
    cargo build --release -p mynascope-encoder --example embed_mt2
    python tests/compare_mt2.py target/release/examples/embed_mt2 [--threads 2] [--rounds 3] [--minutes 60]

Two things are measured apart: what windows of 4 s become (VQT and mel-spectrogram; nnAudio's and torchaudio's on the other side,
windows in batches), and their contrastive tokens (the network of `fixtures/make_mt2_fixtures.py`, random weights of a seed). Each
side runs in a process of its own, first one, then the other, as often as there are rounds; a process does one pass to warm up and
then two. Times are medians, in 32 bits; processor time, which says more on a machine that does other things as well, is that of all
threads. Memory is the most that a process held, its libraries, the sound and all windows included.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
PASSES = 3
BATCH = 16
WINDOW = 64000


def make(folder, minutes):
    """Random weights, and chords with noise that change every half second."""
    import torch
    from make_mt2_fixtures import MT2, random_weights

    torch.save(random_weights(MT2(), 0).state_dict(), folder / "model_state_dict.pt")
    random = np.random.default_rng(0)
    t = np.arange(8000) / 16000
    def piece():
        notes = 27.5 * 2 ** (random.integers(12, 72, 4) / 12)
        chord = sum(np.sin(2 * np.pi * hz * t + random.uniform(0, 6)) for hz in notes)
        return (0.1 * chord + random.uniform(0, 0.05) * random.normal(size=len(t))).astype("<f4")
    with open(folder / "samples.f32", "wb") as file:
        for _ in range(120 * minutes):
            file.write(piece().tobytes())


def reference(folder, out, threads):
    """One process of the reference: prints its times, writes windows and contrastive tokens."""
    import time

    import torch
    from make_mt2_fixtures import MT2, front_ends, log_mel, log_vqt

    now = lambda: np.array([time.perf_counter(), time.process_time()])
    torch.set_num_threads(threads)
    model = MT2().eval()
    model.load_state_dict(torch.load(folder / "model_state_dict.pt"))
    samples = torch.from_numpy(np.fromfile(folder / "samples.f32", "<f4"))
    batches = samples[: len(samples) // WINDOW * WINDOW].view(-1, WINDOW).split(BATCH)
    vqt, mel = front_ends()
    hear, embed = [], []
    with torch.inference_mode():
        for _ in range(PASSES):
            start = now()
            windows = [(log_vqt(vqt, batch)[:, :84], log_mel(mel, batch)) for batch in batches]
            hear.append((now() - start).tolist())
            start = now()
            tokens = [model(*window)[1][:, 1] for window in windows]
            embed.append((now() - start).tolist())
        windows = torch.cat([torch.cat(window, 1).transpose(1, 2) for window in windows])
    with open(out, "wb") as file:
        for values in (windows, torch.cat(tokens)):
            file.write(values.contiguous().numpy().astype("<f4").tobytes())
    print(json.dumps({"hear": hear, "embed": embed}))


def measured(command, threads):
    """Runs a process: its times without the first, and its peak memory in MB."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads)}
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, env=environment)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed")
    found = json.loads(text.splitlines()[-1])
    return {what: seconds[1:] for what, seconds in found.items()}, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--reference", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reference:
        return reference(*arguments.reference, arguments.threads)

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        # In a process of its own, so that this one stays small.
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import compare_mt2; from pathlib import Path; "
        subprocess.run([sys.executable, "-c", code + f"compare_mt2.make(Path({str(folder)!r}), {arguments.minutes})"], check=True)
        weights, samples = folder / "model_state_dict.pt", folder / "samples.f32"
        sides = {
            "PyTorch": [sys.executable, __file__, "--threads", arguments.threads, "--reference", folder, folder / "a"],
            "Mynascope": [arguments.program, weights, samples, folder / "b", PASSES],
        }
        seconds = {side: {"hear": [], "embed": []} for side in sides}
        memory = {side: [] for side in sides}
        for _ in range(arguments.rounds):
            for side, command in sides.items():
                found, peak = measured(command, arguments.threads)
                for what in found:
                    seconds[side][what] += found[what]
                memory[side].append(peak)
        a, b = np.fromfile(folder / "a", "<f4"), np.fromfile(folder / "b", "<f4")
    windows = arguments.minutes * 60 // 4
    ours, theirs = seconds["Mynascope"], seconds["PyTorch"]
    for what, words, most in (
        ("hear", f"VQT and mel of {arguments.minutes} minutes", 0.2),
        ("embed", f"embedding of {windows} windows of 4 s", 0.5),
    ):
        for kind, index in (("time", 0), ("processor time", 1)):
            mine, other = (statistics.median(pass_[index] for pass_ in side[what]) for side in (ours, theirs))
            print(f"{words}, {kind}: {mine:.2f} s; PyTorch {other:.2f} s; ratio {mine / other:.3f} (at most {most} is wanted)")
    mine, other = statistics.median(memory["Mynascope"]), statistics.median(memory["PyTorch"])
    print(f"peak memory: {mine:.0f} MB; PyTorch {other:.0f} MB; ratio {mine / other:.2f}")
    if len(a) != len(b):
        sys.exit(f"the two don't give as many numbers: {len(b)} and {len(a)}")
    values = windows * 126 * 212
    difference = np.abs(a - b)
    frames = difference[:values].reshape(-1, 212)
    print(
        f"largest difference: VQT {80 * frames[:, :84].max():.2g} dB, mel {frames[:, 84:].max():.2g} dB, "
        f"tokens {difference[values:].max():.2g} of values up to {np.abs(a[values:]).max():.2f}"
    )
    # Rounding to 32 bits moves nnAudio's values by up to 0.3 dB where they are far below the loudest.
    if 80 * frames[:, :84].max() > 0.5 or frames[:, 84:].max() > 0.1 or difference[values:].max() > 1e-2:
        sys.exit("the two don't compute the same")


if __name__ == "__main__":
    main()
