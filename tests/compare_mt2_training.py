"""Compares a training step of MT2, preset tiny, batch 64, with PyTorch on this machine, in turn: time, processor time and memory.

    pip install torch numpy
    python tests/compare_mt2_training.py path/to/mynascope [--threads 2] [--rounds 3] [--steps 20]

The same work on both sides, in 32 bits: three segments of 64 tracks (C is A with its VQT moved) through the network of
`fixtures/make_mt2_fixtures.py`, 128 wide, 4 layers, 2 heads of 64; the equivariant loss and NT-Xent, the gradient, AdamW. Ours is `mynascope
train` on the demo collection as it is: cutting segments, the log and what a step waits for are in it. PyTorch is given the same random
windows again and again. Each side is a process of its own, first one, then the other. A process does some steps to warm up.
Processor time is that of a process with all its steps less that of one that only warms up, so it says something on a busy machine too.
"""

import json
import sys
import time
from pathlib import Path

import side_by_side as both

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
BATCH = 64
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


def compare(program, threads, rounds, steps=20):
    ours = ["--preset", "mt2-tiny", "--batch", BATCH]
    return both.steps("training step of MT2 tiny, batch 64", program, ours, __file__, threads, rounds, steps, 3, 0.6), []


def main():
    parser = both.parser(__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--reference", type=int)
    arguments = parser.parse_args()
    if arguments.reference:
        return reference(arguments.reference, arguments.threads)
    both.report(*compare(arguments.program, arguments.threads, arguments.rounds, arguments.steps))


if __name__ == "__main__":
    main()
