"""Compares a Music2Vec of full size with transformers on this machine: numbers, time and memory of one window, in turn.

    pip install torch transformers safetensors numpy
    cargo build --release -p mynascope-encoder --example embed_layers
    python tests/compare_music2vec.py target/release/examples/embed_layers [--threads 2] [--rounds 3] [--seconds 30]

Weights are random, from a seed, as the hub's folder holds them; nothing is downloaded. Each side runs in a process of its own,
first one, then the other, as often as there are rounds; a process does one forward pass to warm up and then two. Times are
medians of passes from the normalised window to what follows the last block, in 32 bits; processor time is of whole processes
and tells more where other programs run; memory is the most that a process held, its libraries and the weights included.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

import side_by_side as both

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


def compare(program, threads, rounds, seconds=30):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        both.make(__file__, folder, seconds)
        sides = {
            "theirs": [sys.executable, __file__, "--threads", threads, "--reference", folder, folder / "a"],
            "ours": [program, folder, folder / "window.f32", folder / "b", PASSES],
        }
        time, processor, memory = ({side: [] for side in sides} for _ in range(3))
        for _ in range(rounds):
            for side, command in sides.items():
                cost = both.run(command, threads)
                time[side] += json.loads(cost.text)["seconds"][1:]
                processor[side].append(cost.processor)
                memory[side].append(cost.memory)
        theirs, ours = (np.fromfile(folder / name, "<f4") for name in "ab")
    row = lambda what, unit, found, target=None: both.Row(
        f"Music2Vec, {seconds} s, {what}", unit, both.median(found["ours"]), both.median(found["theirs"]), target
    )
    rows = [
        row("time of a pass", "s", time, 0.7),
        row("processor time of the process", "s", processor),
        row("peak memory", "MB", memory, 0.6),
    ]
    return rows, [both.parity("Music2Vec, means of all layers", ours, theirs, 1e-3 * np.abs(theirs).max())]


def main():
    parser = both.parser(__doc__)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--reference", nargs=2, type=Path)
    arguments = parser.parse_args()
    if arguments.reference:
        return reference(*arguments.reference, arguments.threads)
    both.report(*compare(arguments.program, arguments.threads, arguments.rounds, arguments.seconds))


if __name__ == "__main__":
    main()
