"""Compares encoder and training step with PyTorch on this machine, in turn, in 32, 16 and 8 bits.

    pip install torch vit-pytorch numpy && python tests/compare_pytorch.py path/to/mynascope [--rounds 3] [--only encoder]

The same work on both sides: the hybrid encoder of Myna (two patch embedders before one transformer of vit-pytorch's
SimpleViT), presets tiny and small, windows of 96 frames, 64 at a time; and the transformer of a MAEST of 30 s (768 wide, 12
layers, 1685 tokens; PyTorch with scaled_dot_product_attention). `step` is a whole training step at batch 64 with 90 % of the
tokens dropped: two views, both patch shapes, projection head, SogCLR, Adam. PyTorch runs it `as published` (all patches
embedded, then the kept ones gathered; a pass for each view and shape) and `stacked` (only kept patches embedded, one pass
for all, as we do). bf16 is autocast there and `--precision bf16` here. On a GPU the stacked step also runs compiled in
bf16. Medians of the rounds; the ratios and what is wanted of them stand at the end.
"""

import json
import subprocess
import time

import torch
from side_by_side import Row, median, parser, program_of, report
from torch import nn
from vit_pytorch.simple_vit import Transformer, posemb_sincos_2d

SIZES = {"tiny": (192, 8, 3), "small": (384, 12, 6)}
BATCH, BANDS, FRAMES, TOKENS, KEPT = 64, 128, 96, 48, 5
MAEST_TOKENS, MAEST_WINDOWS = 9 * 187 + 2, 2
HEAD = [512, 128]
REPEATS, WARM_UP = 5, 1
TAU = 0.1


class Hybrid(nn.Module):
    def __init__(self, size):
        super().__init__()
        dim, depth, heads = SIZES[size]
        embedder = lambda: nn.Sequential(nn.LayerNorm(256), nn.Linear(256, dim), nn.LayerNorm(dim))
        self.embedders = nn.ModuleList([embedder(), embedder()])
        self.transformer = Transformer(dim, depth, heads, 64, 4 * dim)
        self.register_buffer("square", posemb_sincos_2d(8, 6, dim))
        self.register_buffer("vertical", posemb_sincos_2d(1, 48, dim))
        layers = []
        for a, b in zip([dim] + HEAD, HEAD):
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
        """[windows, 128, 96] -> [windows, 2 * dim]"""
        x = [self.embedders[s](self.patches(mel, s)) + self.positions(s) for s in (0, 1)]
        pooled = self.transformer(torch.cat(x)).mean(1)
        return torch.cat(pooled.chunk(2), 1)

    def published(self, mel, kept, shape):
        x = self.embedders[shape](self.patches(mel, shape)) + self.positions(shape)
        x = x.gather(1, kept[..., None].expand(-1, -1, x.shape[-1]))
        return self.head(self.transformer(x).mean(1))

    def stacked(self, patches, kept):
        """patches: two shapes of [2 * batch, KEPT, 256] -> two of [2 * batch, head]"""
        x = [self.embedders[s](patches[s]) + self.positions(s)[kept[s]] for s in (0, 1)]
        return self.head(self.transformer(torch.cat(x)).mean(1)).chunk(2)


class Maest(nn.Module):
    """Twelve blocks, 768 wide, norms in front, attention that never holds [tokens, tokens]."""

    def __init__(self, dim=768, depth=12, heads=12):
        super().__init__()
        self.heads = heads
        part = lambda: nn.ModuleDict(
            {
                "norm": nn.LayerNorm(dim),
                "qkv": nn.Linear(dim, 3 * dim),
                "out": nn.Linear(dim, dim),
                "feed": nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)),
            }
        )
        self.blocks = nn.ModuleList([part() for _ in range(depth)])

    def embed(self, x):
        windows, tokens, dim = x.shape
        for block in self.blocks:
            qkv = block["qkv"](block["norm"](x)).view(windows, tokens, 3, self.heads, dim // self.heads)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            mixed = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(windows, tokens, dim)
            x = x + block["out"](mixed)
            x = x + block["feed"](x)
        return x[:, 0]


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


def measure(run, device, count=BATCH):
    times = []
    for at in range(WARM_UP + REPEATS):
        start = time.perf_counter()
        run()
        if device != "cpu":
            torch.cuda.synchronize()
        if at >= WARM_UP:
            times.append(time.perf_counter() - start)
    return count / median(times)


def embeddings(device):
    found = {}
    maest = torch.rand(MAEST_WINDOWS, MAEST_TOKENS, 768, device=device)
    models = {f"{size} hybrid": (Hybrid(size), torch.rand(BATCH, BANDS, FRAMES, device=device)) for size in SIZES}
    models["MAEST 30 s"] = (Maest(), maest)
    for name, (model, x) in models.items():
        model = model.to(device).eval()
        for precision in ("f32", "bf16"):

            def embed():
                with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
                    model.embed(x)

            found[f"embed {name}, {precision}"] = measure(embed, device, len(x))
    return found


def steps(device):
    model = Hybrid("tiny").to(device)
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

    found = {
        "step as published, f32": measure(published, device),
        "step stacked, f32": measure(stacked, device),
        "step stacked, bf16": measure(lambda: stacked(cast=True), device),
    }
    if device != "cpu":
        compiled = torch.compile(model.stacked)
        found["step stacked, compiled, bf16"] = measure(lambda: stacked(compiled, True), device)
    return found


def pytorch(device, parts):
    torch.manual_seed(0)
    return (embeddings(device) if "encoder" in parts else {}) | (steps(device) if "train" in parts else {})


def ours(program, device, parts):
    spec = "cpu" if device == "cpu" else "cuda:0"
    found = {}
    bench = lambda *line: json.loads(
        subprocess.run([program, "bench", *line, "--json", "--quiet"], check=True, capture_output=True).stdout
    )["measurements"]
    if "encoder" in parts:
        precisions = "f32,bf16,int8" if device == "cpu" else "f32,bf16"
        for one in bench("encoder", "--full", "--precision", precisions):
            name = one["encoder"]
            if f"on {spec}" in one["what"] and "whole" in one["what"] and "square" not in name:
                found[f"embed {name}, {one['precision']}"] = one["median"]
                if one["precision"] != "f32":
                    cosines = one["cosine_to_f32"], one["worst_cosine_to_f32"]
                    found[f"cosine {name}, {one['precision']}"], found[f"worst {name}, {one['precision']}"] = cosines
    if "train" in parts:
        for one in bench("train", "--precision", "f32,bf16"):
            if f"tiny hybrid on {spec}, batch 64" in one["what"] and one["unit"] == "tracks/s":
                found[f"step, {one['what'].rsplit(' ', 1)[1]}"] = one["median"]
    return found


# Ours, whose, what of it, and the least ratio of speeds that is wanted.
WANTED = [
    ("embed tiny hybrid, bf16", "Mynascope", "embed tiny hybrid, f32", 1.7),
    ("embed small hybrid, bf16", "Mynascope", "embed small hybrid, f32", 1.7),
    ("embed tiny hybrid, bf16", "PyTorch", "embed tiny hybrid, bf16", 2.0),
    ("embed small hybrid, bf16", "PyTorch", "embed small hybrid, bf16", 2.0),
    ("embed small hybrid, int8", "Mynascope", "embed small hybrid, f32", 2.6),
    ("embed MAEST 30 s, int8", "Mynascope", "embed MAEST 30 s, f32", 2.6),
    ("embed MAEST 30 s, bf16", "PyTorch", "embed MAEST 30 s, bf16", 1 / 0.6),
    ("step, bf16", "Mynascope", "step, f32", 1.35),
    ("step, bf16", "PyTorch", "step stacked, bf16", 1.6),
]


def compare(program, rounds, parts):
    """Prints what both sides reach, and gives a row of time a window (or track) for each ratio that is wanted."""
    with open("/proc/cpuinfo") as text:
        processor = next(line.split(":", 1)[1].strip() for line in text if line.startswith("model name"))
    print(f"{processor}, PyTorch {torch.__version__}, {torch.get_num_threads()} threads")
    rows = []
    for device in ["cpu"] + (["cuda"] if torch.cuda.is_available() else []):
        found = [(ours(program, device, parts), pytorch(device, parts)) for _ in range(rounds)]
        medians = {}
        for side, name in ((0, "Mynascope"), (1, "PyTorch")):
            for what in found[0][side]:
                values = [both[side][what] for both in found]
                medians[name, what] = median(values)
                digits = 5 if what.startswith(("cosine", "worst")) else 1
                unit = "" if digits == 5 else "tracks/s" if what.startswith("step") else "windows/s"
                told = [round(value, digits) for value in values]
                print(f"{device} {name:10} {what:34} {medians[name, what]:9.{digits}f} {unit:10} {told}", flush=True)
        rows += [
            Row(f"{what}, beside {whose}: {other} ({device})", "ms", 1e3 / medians["Mynascope", what], 1e3 / medians[whose, other], 1 / wanted)
            for what, whose, other, wanted in WANTED
            if ("Mynascope", what) in medians and (whose, other) in medians
        ]
    return rows


if __name__ == "__main__":
    asked = parser(__doc__)
    asked.add_argument("--only", choices=["encoder", "train"])
    asked = asked.parse_args()
    torch.set_num_threads(asked.threads)
    report(compare(program_of(asked), asked.rounds, [asked.only] if asked.only else ["encoder", "train"]))
