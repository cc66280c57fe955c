"""Compares encoder and training step with PyTorch on this machine, in turn.

    pip install torch vit-pytorch numpy && python tests/compare_pytorch.py path/to/mynascope

The same work on both sides: the hybrid encoder of Myna (two patch embedders before one transformer of vit-pytorch's
SimpleViT), preset tiny, f32, windows of 96 frames. `step` is a whole training step at batch 64 with 90 % of the tokens
dropped: two views, both patch shapes, projection head, SogCLR, Adam. PyTorch runs it twice: `as published` (all patches
embedded, then the kept ones gathered; a pass for each view and shape) and `stacked` (only kept patches embedded, one
pass for all, as we do). On a GPU it also runs the stacked step compiled in bf16. Medians of the rounds.
"""

import json
import statistics
import subprocess
import sys
import time

import torch
from torch import nn
from vit_pytorch.simple_vit import Transformer, posemb_sincos_2d

DIM, DEPTH, HEADS = 192, 8, 3
BATCH, BANDS, FRAMES, TOKENS, KEPT = 64, 128, 96, 48, 5
HEAD = [512, 128]
ROUNDS, REPEATS, WARM_UP = 3, 6, 2
TAU = 0.1


class Hybrid(nn.Module):
    def __init__(self):
        super().__init__()
        embedder = lambda: nn.Sequential(nn.LayerNorm(256), nn.Linear(256, DIM), nn.LayerNorm(DIM))
        self.embedders = nn.ModuleList([embedder(), embedder()])
        self.transformer = Transformer(DIM, DEPTH, HEADS, 64, 4 * DIM)
        self.register_buffer("square", posemb_sincos_2d(8, 6, DIM))
        self.register_buffer("vertical", posemb_sincos_2d(1, 48, DIM))
        layers = []
        for a, b in zip([DIM] + HEAD, HEAD):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.head = nn.Sequential(*layers[:-1])

    def patches(self, mel, shape):
        if shape == 0:
            x = mel.reshape(-1, 8, 16, 6, 16).permute(0, 1, 3, 2, 4)
        else:
            x = mel.reshape(-1, 1, 128, 48, 2).permute(0, 1, 3, 2, 4)
        return x.reshape(-1, TOKENS, 256)

    def positions(self, shape):
        return self.square if shape == 0 else self.vertical

    def embed(self, mel):
        """[windows, 128, 96] -> [windows, 2 * DIM]"""
        x = [self.embedders[s](self.patches(mel, s)) + self.positions(s) for s in (0, 1)]
        pooled = self.transformer(torch.cat(x)).mean(1)
        return torch.cat(pooled.chunk(2), 1)

    def published(self, mel, kept, shape):
        x = self.embedders[shape](self.patches(mel, shape)) + self.positions(shape)
        x = x.gather(1, kept[..., None].expand(-1, -1, DIM))
        return self.head(self.transformer(x).mean(1))

    def stacked(self, patches, kept):
        """patches: two shapes of [2 * batch, KEPT, 256] -> two of [2 * batch, head]"""
        x = [self.embedders[s](patches[s]) + self.positions(s)[kept[s]] for s in (0, 1)]
        return self.head(self.transformer(torch.cat(x)).mean(1)).chunk(2)


def sogclr(a, b):
    """Its first epoch: u is what the batch gives."""
    a, b = nn.functional.normalize(a), nn.functional.normalize(b)
    n = len(a)
    other = ~torch.eye(n, dtype=torch.bool, device=a.device)
    loss = 0
    for x, y in ((a, b), (b, a)):
        cross, own = x @ y.T, x @ x.T
        s = torch.cat([cross[other].view(n, -1), own[other].view(n, -1)], 1)
        weight = (s / TAU).exp().detach()
        weight = weight / weight.mean(1, keepdim=True)
        loss = loss + (-cross.diagonal() + (weight * s).mean(1)).mean()
    return loss


def measure(run, device):
    times = []
    for at in range(WARM_UP + REPEATS):
        start = time.perf_counter()
        run()
        if device != "cpu":
            torch.cuda.synchronize()
        if at >= WARM_UP:
            times.append(time.perf_counter() - start)
    return BATCH / statistics.median(times)


def pytorch(device):
    torch.manual_seed(0)
    model = Hybrid().to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-4, weight_decay=1e-5)
    mels = torch.rand(2, BATCH, BANDS, FRAMES, device=device)
    kept = lambda: torch.stack([torch.randperm(TOKENS, device=device)[:KEPT] for _ in range(BATCH)])

    def step(loss):
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def published():
        loss = 0
        for shape in (0, 1):
            a, b = (model.published(mels[view], kept(), shape) for view in (0, 1))
            loss = loss + 0.5 * sogclr(a, b)
        step(loss)

    def stacked(forward=model.stacked, cast=False):
        both = mels.view(-1, BANDS, FRAMES)
        masks = [torch.cat([kept(), kept()]) for _ in (0, 1)]
        patches = [
            model.patches(both, s).gather(1, masks[s][..., None].expand(-1, -1, 256)) for s in (0, 1)
        ]
        with torch.autocast(device, torch.bfloat16, enabled=cast):
            out = forward(patches, masks)
        step(sum(0.5 * sogclr(*z.float().chunk(2)) for z in out))

    def embed():
        with torch.inference_mode():
            model.embed(mels[0])

    found = {
        "embed, windows/s": measure(embed, device),
        "step as published, tracks/s": measure(published, device),
        "step stacked, tracks/s": measure(stacked, device),
    }
    if device != "cpu":
        compiled = torch.compile(model.stacked)
        found["step stacked, compiled bf16, tracks/s"] = measure(lambda: stacked(compiled, True), device)
    return found


def ours(program, device):
    spec = "cpu" if device == "cpu" else "cuda:0"
    line = [program, "bench", "encoder", "train", "--json", "--quiet"]
    measured = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)["measurements"]
    pick = lambda part, *words: next(
        m["median"] for m in measured if m["part"] == part and all(word in m["what"] for word in words)
    )
    return {
        "embed, windows/s": pick("encoder", "tiny hybrid", f"on {spec}", "whole"),
        "step, tracks/s": pick("train", "tiny hybrid", f"on {spec}", "batch 64"),
    }


program = sys.argv[1]
devices = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])
print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads")
for device in devices:
    rounds = [(ours(program, device), pytorch(device)) for _ in range(ROUNDS)]
    for side, name in ((0, "mynascope"), (1, "PyTorch")):
        for what in rounds[0][side]:
            values = [both[side][what] for both in rounds]
            print(f"{device} {name:10} {what:40} {statistics.median(values):8.1f}  {[round(v, 1) for v in values]}")
