"""Compares a training step of data2vec on the Music2Vec of the preset music2vec-tiny (192 wide, 4 layers), 16 windows of 5 s, with
PyTorch on this machine, in turn: time, processor time and memory.

    pip install torch transformers safetensors numpy
    python tests/compare_data2vec_training.py path/to/mynascope [--threads 2] [--rounds 3] [--steps 4]

The same work on both sides, in 32 bits: student and teacher over all frames, spans of 10 frames over a share of 0.65, the mean of the last
four blocks as targets, the squared error, the gradient, AdamW, and the teacher's average. Ours is `mynascope train` on the demo
collection as it is: cutting windows, the log and what a step waits for are in it. PyTorch is given the same random windows again and
again, and the model of `transformers` without dropout. Each side is a process of its own, first one, then the other. A process does
some steps to warm up.
"""

import copy
import json
import sys
import time
from pathlib import Path

import side_by_side as both

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
BATCH, SECONDS, SPAN, SHARE = 16, 5, 10, 0.65
SIZES = dict(hidden_size=192, num_hidden_layers=4, num_attention_heads=3, intermediate_size=768, conv_dim=(128,) * 7)


def spans(frames):
    """[BATCH, frames], true where a frame is hidden."""
    import torch

    hidden = torch.zeros(BATCH, frames, dtype=torch.bool)
    for row in hidden:
        for start in torch.randperm(frames - SPAN)[: round(SHARE * frames / SPAN)]:
            row[start : start + SPAN] = True
    return hidden


def reference(steps, threads):
    """One process of PyTorch: prints the seconds of each step."""
    import torch
    from make_data2vec_fixture import enter, features, run, targets
    from make_music2vec_fixtures import random_model

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = random_model(0, **SIZES)
    head = torch.nn.Linear(SIZES["hidden_size"], SIZES["hidden_size"])
    optimiser = torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=5e-4, weight_decay=0.01)
    teacher = copy.deepcopy(model.encoder)
    windows = torch.randn(BATCH, 16000 * SECONDS)
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        optimiser.zero_grad()
        frames = features(model, windows)
        hidden = spans(frames.shape[1])
        with torch.no_grad():
            target = targets(model, teacher, frames, SIZES["num_hidden_layers"])[hidden]
        x = enter(model, model.encoder, torch.where(hidden[..., None], model.masked_spec_embed, frames))
        for block in model.encoder.layers:
            x = run(block, x)
        loss = (head(x[hidden]) - target).square().sum() / SIZES["hidden_size"] ** 0.5 / len(target)
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            for own, student in zip(teacher.parameters(), model.encoder.parameters()):
                own.lerp_(student, 0.001)
        seconds.append(time.perf_counter() - start)
    print(json.dumps(seconds))


def compare(program, threads, rounds, steps=4):
    ours = ["--preset", "music2vec-tiny", "--batch", BATCH, "--window", SECONDS]
    what = "training step of data2vec, hidden 192, 4 layers, 16 windows of 5 s"
    return both.steps(what, program, ours, __file__, threads, rounds, steps, 1, 0.8, warm_up=1), []


def main():
    parser = both.parser(__doc__)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--reference", type=int)
    arguments = parser.parse_args()
    if arguments.reference:
        return reference(arguments.reference, arguments.threads)
    both.report(*compare(arguments.program, arguments.threads, arguments.rounds, arguments.steps))


if __name__ == "__main__":
    main()
