"""Compares a MAEST of full size with transformers on this machine: numbers, time and memory of one window, in turn.

    pip install torch transformers safetensors numpy
    cargo build --release -p mynascope-encoder --example embed_window
    python tests/compare_maest.py target/release/examples/embed_window [--threads 2] [--rounds 5] [--seconds 30]

With --file a whole track goes from its file to embeddings (five minutes of MP3 by default, windows of 10 s that overlap by
half, the stack after block 7); the other side decodes with PyAV, computes the mel-spectrogram with librosa and keeps the first
seven blocks only. Times leave out imports and loading the model.

    pip install av librosa
    python tests/compare_maest.py target/release/mynascope --file

Weights are random, from a seed, as the hub's folders hold them; nothing is downloaded. Each side runs in a process of its
own, first one, then the other, as often as there are rounds; a process does one forward pass to warm up and then three. Times
are medians of passes from the window to the logits, in 32 bits; memory is the most that a process held, its libraries and the
weights included.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

import side_by_side as both

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


def compare_file(program, threads, rounds):
    """A track from file to embeddings, both sides in turn. Of ours the whole program counts."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "maest").mkdir()
        both.make(__file__, folder / "maest", 10)
        make_track(folder / "track.mp3")
        time, processor = ({"theirs": [], "ours": []} for _ in range(2))
        for number in range(rounds):
            reference = ["--threads", threads, "--embed-file", folder / "maest", folder / "track.mp3", folder / "a.npy"]
            found = json.loads(both.run([sys.executable, __file__, *reference], threads).text)
            time["theirs"].append(found["seconds"])
            processor["theirs"].append(found["processor"])
            # Nothing of the round before is found.
            home = folder / f"home {number}"
            ours = ["--json", "embed", folder / "track.mp3", "--checkpoint", folder / "maest", "--out", folder / "b.npz", "--device", "cpu"]
            cost = both.run(["env", f"XDG_CACHE_HOME={home}", f"HOME={home}", program, *ours], threads)
            time["ours"].append(json.loads(cost.text)["seconds"])
            processor["ours"].append(cost.processor)
        a, b = np.load(folder / "a.npy"), np.load(folder / "b.npz")["embedding"]
    # Programs differ in how much of the encoder's padding they take for sound.
    length = min(len(a), len(b))
    a, b = a[:length], b[:length]
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    rows = [
        both.Row(f"MAEST, {length} windows of 10 s out of an MP3, {kind}", "s", both.median(of["ours"]), both.median(of["theirs"]), 0.5)
        for kind, of in (("time", time), ("processor time", processor))
    ]
    return rows, [both.Parity("MAEST, embeddings of an MP3, 1 - cosine", float(1 - cosine.min()), 1.0, 0.01)]


def compare(program, threads, rounds, seconds=30):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        both.make(__file__, folder, seconds)
        ours = lambda out, *patchout: lambda passes: [program, folder, folder / "window.f32", folder / out, passes, *patchout]
        theirs = [sys.executable, __file__, "--threads", threads, "--reference", folder, folder / "a", "--passes"]
        sides = {"theirs": lambda passes: [*theirs, passes], "ours": ours("b", 0), "patchout": ours("c", 3, *ROWS_4)}
        time, processor, memory = ({side: [] for side in sides} for _ in range(3))
        for _ in range(rounds):
            for side, command in sides.items():
                cost, of_one = both.run(command(PASSES), threads), both.run(command(1), threads)
                time[side] += json.loads(cost.text)["seconds"][1:]
                processor[side].append((cost.processor - of_one.processor) / (PASSES - 1))
                memory[side].append(cost.memory)
        a, b = (np.fromfile(folder / name, "<f4") for name in "ab")
    row = lambda what, unit, found, target, one="ours", other="theirs": both.Row(
        f"MAEST, {seconds} s, {what}", unit, both.median(found[one]), both.median(found[other]), target
    )
    rows = []
    for kind, found in (("time", time), ("processor time", processor)):
        rows.append(row(f"{kind} of a pass", "s", found, 0.6))
        rows.append(row(f'{kind} with patchout 3 and rows "4", against the whole pass', "s", found, 0.35, "patchout", "ours"))
    rows.append(row("peak memory", "MB", memory, 0.6))
    return rows, [both.parity("MAEST, stacks of all layers and logits", b, a, 1e-3 * np.abs(a).max())]


def main():
    parser = both.parser(__doc__)
    parser.add_argument("--seconds", type=int, default=30, choices=COLUMNS)
    parser.add_argument("--reference", nargs=2, type=Path)
    parser.add_argument("--passes", type=int, default=PASSES)
    parser.add_argument("--file", action="store_true", help="a whole track from file to embeddings")
    parser.add_argument("--embed-file", nargs=3, type=Path)
    arguments = parser.parse_args()
    if arguments.reference:
        return reference(*arguments.reference, arguments.threads, arguments.passes)
    if arguments.embed_file:
        return embed_file(*arguments.embed_file, arguments.threads)
    if arguments.file:
        return both.report(*compare_file(arguments.program, arguments.threads, arguments.rounds))
    both.report(*compare(arguments.program, arguments.threads, arguments.rounds, arguments.seconds))


if __name__ == "__main__":
    main()
