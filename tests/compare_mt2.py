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

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

import side_by_side as both

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


def compare(program, threads, rounds, minutes=60):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        both.make(__file__, folder, minutes)
        sides = {
            "theirs": [sys.executable, __file__, "--threads", threads, "--reference", folder, folder / "a"],
            "ours": [program, folder / "model_state_dict.pt", folder / "samples.f32", folder / "b", PASSES],
        }
        seconds = {side: {"hear": [], "embed": []} for side in sides}
        memory = {side: [] for side in sides}
        for _ in range(rounds):
            for side, command in sides.items():
                cost = both.run(command, threads)
                for what, found in json.loads(cost.text.splitlines()[-1]).items():
                    seconds[side][what] += found[1:]
                memory[side].append(cost.memory)
        theirs, ours = (np.fromfile(folder / name, "<f4") for name in "ab")
    windows = minutes * 60 // 4
    rows = []
    for what, words, target in (
        ("hear", f"VQT and mel-spectrogram of {minutes} minutes", 0.2),
        ("embed", f"MT2, {windows} windows of 4 s embedded", 0.5),
    ):
        for kind, place in (("time", 0), ("processor time", 1)):
            mine, other = (both.median(found[place] for found in seconds[side][what]) for side in ("ours", "theirs"))
            rows.append(both.Row(f"{words}, {kind}", "s", mine, other, target))
    rows.append(both.Row("MT2, peak memory", "MB", both.median(memory["ours"]), both.median(memory["theirs"])))
    values = windows * 126 * 212
    vqt, mel = (lambda found: found[:values].reshape(-1, 212)[:, :84].ravel()), (lambda found: found[:values].reshape(-1, 212)[:, 84:].ravel())
    parities = [
        # Rounding to 32 bits moves nnAudio's values by up to 0.3 dB where they are far below the loudest.
        both.parity("VQT, dB", 80 * vqt(ours), 80 * vqt(theirs), 0.5),
        both.parity("log mel of MT2", mel(ours), mel(theirs), 0.1),
        both.parity("MT2, contrastive tokens", ours[values:], theirs[values:], 1e-2),
    ]
    return rows, parities


def main():
    parser = both.parser(__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--reference", nargs=2, type=Path)
    arguments = parser.parse_args()
    if arguments.reference:
        return reference(*arguments.reference, arguments.threads)
    both.report(*compare(arguments.program, arguments.threads, arguments.rounds, arguments.minutes))


if __name__ == "__main__":
    main()
