"""Compares a Music2Vec of full size with transformers on this machine: numbers, time and memory of one window, in turn.

    pip install torch transformers safetensors numpy
    cargo build --release -p mynascope-encoder --example embed_layers
    python tests/compare_music2vec.py target/release/examples/embed_layers [--threads 2] [--rounds 3] [--seconds 30]

Weights are random, from a seed, as the hub's folder holds them; nothing is downloaded. Each side runs in a process of its own,
first one, then the other, as often as there are rounds; a process does one forward pass to warm up and then two. Times are
medians of passes from the normalised window to what follows the last block, in 32 bits; processor time is of whole processes
and tells more where other programs run; memory is the most that a process held, its libraries and the weights included.
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


def make(folder, seconds):
    """Random weights of the published sizes, and a window of chords under noise."""
    from make_music2vec_fixtures import random_model

    random_model(0).save_pretrained(folder)
    random = np.random.default_rng(0)
    time = np.arange(16000) / 16000
    def second():
        tones = 110 * 2 ** (random.integers(0, 48, 4) / 12)
        return sum(np.sin(2 * np.pi * tone * time) for tone in tones) + random.normal(0, 0.3, 16000)
    window = np.concatenate([second() for _ in range(seconds)])
    ((window - window.mean()) / window.std()).astype("<f4").tofile(folder / "window.f32")


def reference(folder, out, threads):
    """One process of the reference: prints its times, writes the means of all layers."""
    import time

    import torch
    from transformers import Data2VecAudioModel

    torch.set_num_threads(threads)
    model = Data2VecAudioModel.from_pretrained(folder, attn_implementation="sdpa").eval()
    window = torch.from_numpy(np.fromfile(folder / "window.f32", "<f4")[None])
    seconds = []
    with torch.inference_mode():
        for _ in range(PASSES):
            start = time.perf_counter()
            model(window)
            seconds.append(time.perf_counter() - start)
        hidden = model(window, output_hidden_states=True).hidden_states
    torch.cat([x[0].mean(0) for x in hidden]).numpy().astype("<f4").tofile(out)
    print(json.dumps({"seconds": seconds}))


def measured(command, threads):
    """Runs a process: its times without the first, its processor time, and its peak memory in MB."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads)}
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, env=environment)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed")
    return json.loads(text)["seconds"][1:], usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--reference", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reference:
        return reference(*arguments.reference, arguments.threads)

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        # In a process of its own, so that this one stays small.
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import compare_music2vec; from pathlib import Path; "
        subprocess.run([sys.executable, "-c", code + f"compare_music2vec.make(Path({str(folder)!r}), {arguments.seconds})"], check=True)
        sides = {
            "PyTorch": [sys.executable, __file__, "--threads", arguments.threads, "--reference", folder, folder / "a"],
            "Mynascope": [arguments.program, folder, folder / "window.f32", folder / "b", PASSES],
        }
        seconds, processor, memory = ({side: [] for side in sides} for _ in range(3))
        for _ in range(arguments.rounds):
            for side, command in sides.items():
                found, busy, peak = measured(command, arguments.threads)
                seconds[side] += found
                processor[side].append(busy)
                memory[side].append(peak)
        a, b = np.fromfile(folder / "a", "<f4"), np.fromfile(folder / "b", "<f4")
    of = {what: {side: statistics.median(found[side]) for side in sides} for what, found in
          (("seconds", seconds), ("processor", processor), ("memory", memory))}
    for side in sides:
        print(f"{side:12} {of['seconds'][side]:7.3f} s a pass  {of['processor'][side]:7.2f} s of processor  {of['memory'][side]:6.0f} MB")
    share = lambda what: of[what]["Mynascope"] / of[what]["PyTorch"]
    print(f"time, ours to PyTorch's: {share('seconds'):.2f} (at most 0.70 is wanted); of the processor {share('processor'):.2f}")
    print(f"peak memory, ours to PyTorch's: {share('memory'):.2f} (0.60)")
    print(f"largest difference: {np.abs(a - b).max():.2g} of values up to {np.abs(a).max():.2f}")
    if len(a) != len(b) or not np.allclose(a, b, atol=1e-3 * np.abs(a).max()):
        sys.exit("the two don't compute the same")


if __name__ == "__main__":
    main()
