"""Compares a MAEST of full size with transformers on this machine: numbers, time and memory of one window, in turn.

    pip install torch transformers safetensors numpy
    cargo build --release -p mynascope-encoder --example embed_window
    python tests/compare_maest.py target/release/examples/embed_window [--threads 2] [--rounds 5] [--seconds 30]

Weights are random, from a seed, as the hub's folders hold them; nothing is downloaded. Each side runs in a process of its
own, first one, then the other, as often as there are rounds; a process does one forward pass to warm up and then three. Times
are medians of passes from the window to the logits, in 32 bits; memory is the most that a process held, its libraries and the
weights included.
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

PASSES = 4
COLUMNS = {5: 31, 10: 62, 20: 125, 30: 187}
ROWS_4 = ["0", "1", "7", "8"]


def make(folder, seconds):
    """Random weights large enough that every part shows in the output."""
    import torch
    from transformers import ASTConfig, ASTForAudioClassification

    torch.manual_seed(0)
    config = ASTConfig(
        num_mel_bins=96, max_length=10 * COLUMNS[seconds] + 6, time_stride=10, frequency_stride=10, layer_norm_eps=1e-6,
        id2label={n: f"Genre---Style {n}" for n in range(400)}, label2id={f"Genre---Style {n}": n for n in range(400)},
    )
    model = ASTForAudioClassification(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                fan_in = parameter[0].numel() if "token" not in name and "position" not in name else 4
                parameter.normal_(0, fan_in**-0.5)
            elif name.endswith("bias"):
                parameter.normal_(0, 0.1)
    model.save_pretrained(folder)
    random = np.random.default_rng(0)
    random.normal(0, 0.5, (config.max_length, 96)).astype("<f4").tofile(folder / "window.f32")


def reference(folder, out, threads):
    """One process of the reference: prints its times, writes stacks of all layers and logits."""
    import time

    import torch
    from transformers import ASTForAudioClassification

    torch.set_num_threads(threads)
    model = ASTForAudioClassification.from_pretrained(folder, attn_implementation="sdpa").eval()
    window = torch.from_numpy(np.fromfile(folder / "window.f32", "<f4").reshape(1, -1, 96))
    seconds = []
    with torch.inference_mode():
        for _ in range(PASSES):
            start = time.perf_counter()
            logits = model(window).logits[0]
            seconds.append(time.perf_counter() - start)
        seen = []
        first = lambda x: (x[0] if isinstance(x, tuple) else x)[0]
        ast = model.audio_spectrogram_transformer
        layers = ast.encoder.layer if hasattr(ast, "encoder") else ast.layers
        layers[0].register_forward_pre_hook(lambda _, args: seen.append(first(args)))
        for layer in layers:
            layer.register_forward_hook(lambda _, args, out: seen.append(first(out)))
        model(window)
        stacks = [torch.cat([x[0], x[1], x[2:].mean(0)]) for x in seen]
    torch.cat(stacks + [logits]).numpy().astype("<f4").tofile(out)
    print(json.dumps({"seconds": seconds}))


def measured(command, threads):
    """Runs a process: its times without the first, and its peak memory in MB."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads)}
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, env=environment)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed")
    return json.loads(text)["seconds"][1:], usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=30, choices=COLUMNS)
    parser.add_argument("--reference", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reference:
        return reference(*arguments.reference, arguments.threads)

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        # In a process of its own, so that this one stays small.
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import compare_maest; from pathlib import Path; "
        subprocess.run([sys.executable, "-c", code + f"compare_maest.make(Path({str(folder)!r}), {arguments.seconds})"], check=True)
        window = folder / "window.f32"
        ours = lambda out, *patchout: [arguments.program, folder, window, folder / out, PASSES, *patchout]
        sides = {
            "PyTorch": [sys.executable, __file__, "--threads", arguments.threads, "--reference", folder, folder / "a"],
            "Mynascope": ours("b", 0),
            'patchout 3, rows "4"': ours("c", 3, *ROWS_4),
        }
        seconds, memory = {side: [] for side in sides}, {side: [] for side in sides}
        for _ in range(arguments.rounds):
            for side, command in sides.items():
                found, peak = measured(command, arguments.threads)
                seconds[side] += found
                memory[side].append(peak)
        a, b = np.fromfile(folder / "a", "<f4"), np.fromfile(folder / "b", "<f4")
    median = {side: statistics.median(found) for side, found in seconds.items()}
    for side in sides:
        print(f"{side:22} {median[side]:7.3f} s  {statistics.median(memory[side]):6.0f} MB")
    share = lambda one, other, of: f"{of[one] / of[other]:.2f}"
    peak = {side: statistics.median(found) for side, found in memory.items()}
    print(f"time, ours to PyTorch's: {share('Mynascope', 'PyTorch', median)} (at most 0.60 is wanted)")
    print(f"time, patchout to our whole pass: {share(list(sides)[2], 'Mynascope', median)} (0.35)")
    print(f"peak memory, ours to PyTorch's: {share('Mynascope', 'PyTorch', peak)} (0.60)")
    print(f"largest difference: {np.abs(a - b).max():.2g} of values up to {np.abs(a).max():.2f}")
    if not np.allclose(a, b, atol=1e-3 * np.abs(a).max()):
        sys.exit("the two don't compute the same")


if __name__ == "__main__":
    main()
