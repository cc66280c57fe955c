"""Compares a MAEST of full size with transformers on this machine: numbers, time and memory of one window, in turn.

    pip install torch transformers safetensors numpy
    cargo build --release -p mynascope-encoder --example embed_window
    python tests/compare_maest.py target/release/examples/embed_window [--threads 2] [--rounds 5] [--seconds 30]

With --file a whole track goes from its file to embeddings (five minutes of MP3 by default, windows of 10 s that overlap by
half, the stack after block 7); the other side decodes with PyAV, computes the mel-spectrogram with librosa and keeps the first
seven blocks only. Times leave out imports and loading the model.

    pip install av librosa
    python tests/compare_maest.py target/release/mynascope --file

With --busy processor time is compared instead of time, which says more on a machine that does other things as well.

Weights are random, from a seed, as the hub's folders hold them; nothing is downloaded. Each side runs in a process of its
own, first one, then the other, as often as there are rounds; a process does one forward pass to warm up and then three. Times
are medians of passes from the window to the logits, in 32 bits; memory is the most that a process held, its libraries and the
weights included.
"""

import argparse
import json
import os
import resource
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


def reference(folder, out, threads, passes):
    """One process of the reference: prints its times, writes stacks of all layers and logits."""
    import time

    import torch
    from transformers import ASTForAudioClassification

    torch.set_num_threads(threads)
    model = ASTForAudioClassification.from_pretrained(folder, attn_implementation="sdpa").eval()
    window = torch.from_numpy(np.fromfile(folder / "window.f32", "<f4").reshape(1, -1, 96))
    seconds = []
    with torch.inference_mode():
        for _ in range(passes):
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


def make_track(path, minutes=5):
    """Five minutes of chords under noise, as MP3."""
    import av

    rate = 44100
    random = np.random.default_rng(1)
    time = np.arange(rate) / rate
    container = av.open(str(path), "w")
    stream = container.add_stream("libmp3lame", rate=rate)
    stream.layout = "stereo"
    stream.bit_rate = 192000
    for _ in range(60 * minutes):
        tones = 220 * 2 ** (random.integers(0, 36, 4) / 12)
        chord = sum(np.sin(2 * np.pi * tone * time + random.uniform(0, 6)) for tone in tones) * np.exp(-2 * time)
        sound = 0.15 * chord + 0.02 * random.normal(size=(2, rate))
        frame = av.AudioFrame.from_ndarray(sound.astype(np.float32), format="fltp", layout="stereo")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
    container.close()


def embed_file(folder, track, out, threads):
    """One process of the reference: prints how long the track took, writes its embeddings."""
    import time

    import av
    import librosa
    import torch
    from transformers import ASTForAudioClassification

    torch.set_num_threads(threads)
    model = ASTForAudioClassification.from_pretrained(folder, attn_implementation="sdpa").eval()
    ast = model.audio_spectrogram_transformer
    layers = ast.encoder if hasattr(ast, "encoder") else ast
    name = "layer" if hasattr(layers, "layer") else "layers"
    setattr(layers, name, getattr(layers, name)[:7])
    # What leaves the last block that is left, before the last norm.
    seen = []
    getattr(layers, name)[-1].register_forward_hook(lambda _, args, out: seen.append(out[0] if isinstance(out, tuple) else out))

    def run():
        container = av.open(str(track))
        resampler = av.AudioResampler(format="flt", layout="mono", rate=16000)
        frames = [*container.decode(audio=0), None]
        parts = [part.to_ndarray()[0] for frame in frames for part in resampler.resample(frame)]
        samples = np.concatenate(parts)
        mels = []
        for start in range(0, len(samples) - 160000 + 1, 80000):
            mel = librosa.feature.melspectrogram(
                y=samples[start : start + 160000], sr=16000, n_fft=512, hop_length=256, n_mels=96, fmin=0, fmax=8000, power=2.0
            )
            mels.append((np.log10(1 + 10000 * mel.T) - 2.06755686098554) / (2 * 1.268292820667291))
        windows = torch.from_numpy(np.stack(mels).astype(np.float32))
        seen.clear()
        with torch.inference_mode():
            for start in range(0, len(windows), 4):
                ast(windows[start : start + 4])
            return torch.cat([torch.cat([x[:, 0], x[:, 1], x[:, 2:].mean(1)], 1) for x in seen]).numpy()

    librosa.feature.melspectrogram(y=np.zeros(16000, np.float32), sr=16000)
    start, busy = time.perf_counter(), time.process_time()
    embeddings = run()
    print(json.dumps({"seconds": time.perf_counter() - start, "processor": time.process_time() - busy}))
    np.save(out, embeddings)


def compare_file(arguments):
    """A track from file to embeddings, both sides in turn."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import compare_maest as c; from pathlib import Path; "
        code += f"c.make(Path({str(folder / 'maest')!r}), 10); c.make_track(Path({str(folder / 'track.mp3')!r}))"
        (folder / "maest").mkdir()
        subprocess.run([sys.executable, "-c", code], check=True)
        environment = os.environ | {"OMP_NUM_THREADS": str(arguments.threads), "RAYON_NUM_THREADS": str(arguments.threads)}

        def said(command, **more):
            done = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True, env=environment | more)
            return json.loads(done.stdout)

        times = {"PyTorch": [], "Mynascope": []}
        for round in range(arguments.rounds):
            reference = ["--threads", arguments.threads, "--embed-file", folder / "maest", folder / "track.mp3", folder / "a.npy"]
            times["PyTorch"].append(said([sys.executable, __file__, *reference])["processor" if arguments.busy else "seconds"])
            ours = ["--json", "embed", folder / "track.mp3", "--checkpoint", folder / "maest", "--out", folder / "b.npz", "--device", "cpu"]
            # Nothing of the round before is found.
            home = folder / f"home {round}"
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = said([arguments.program, *ours], XDG_CACHE_HOME=str(home), HOME=str(home))["seconds"]
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            # Of ours the whole program counts.
            busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            times["Mynascope"].append(busy if arguments.busy else seconds)
        a, b = np.load(folder / "a.npy"), np.load(folder / "b.npz")["embedding"]
    for side, found in times.items():
        print(f"{side:22} {statistics.median(found):7.2f} s")
    median = {side: statistics.median(found) for side, found in times.items()}
    share = median["Mynascope"] / median["PyTorch"]
    print(f"time, ours to PyTorch's: {share:.2f} (at most 0.50 is wanted), {len(a)} windows")
    # Programs differ in how much of the encoder's padding they take for sound.
    both = min(len(a), len(b))
    a, b = a[:both], b[:both]
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    print(f"lowest cosine of both embeddings: {cosine.min():.4f}")
    if cosine.min() < 0.99:
        sys.exit("the two don't compute the same")


def measured(command, threads):
    """Runs a process: its times without the first, its processor time and its peak memory in MB."""
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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=30, choices=COLUMNS)
    parser.add_argument("--reference", nargs=2, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--busy", action="store_true", help="compare processor time")
    parser.add_argument("--passes", type=int, default=PASSES, help=argparse.SUPPRESS)
    parser.add_argument("--file", action="store_true", help="a whole track from file to embeddings")
    parser.add_argument("--embed-file", nargs=3, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reference:
        return reference(*arguments.reference, arguments.threads, arguments.passes)
    if arguments.embed_file:
        return embed_file(*arguments.embed_file, arguments.threads)
    if arguments.file:
        return compare_file(arguments)

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        # In a process of its own, so that this one stays small.
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import compare_maest; from pathlib import Path; "
        subprocess.run([sys.executable, "-c", code + f"compare_maest.make(Path({str(folder)!r}), {arguments.seconds})"], check=True)
        window = folder / "window.f32"
        ours = lambda out, *patchout: lambda passes: [arguments.program, folder, window, folder / out, passes, *patchout]
        theirs = ["--threads", arguments.threads, "--reference", folder, folder / "a"]
        sides = {
            "PyTorch": lambda passes: [sys.executable, __file__, "--passes", passes, *theirs],
            "Mynascope": ours("b", 0),
            'patchout 3, rows "4"': ours("c", 3, *ROWS_4),
        }
        seconds, memory = {side: [] for side in sides}, {side: [] for side in sides}
        for _ in range(arguments.rounds):
            for side, command in sides.items():
                found, busy, peak = measured(command(PASSES), arguments.threads)
                if arguments.busy:
                    _, of_one, _ = measured(command(1), arguments.threads)
                    found = [(busy - of_one) / (PASSES - 1)]
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
