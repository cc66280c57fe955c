"""Compares the way from sound files to embeddings, and MP3 to mel alone, with PyAV, soxr, librosa, torchaudio and PyTorch.

    pip install torch torchaudio vit-pytorch av soxr librosa pyarrow numpy
    python tests/compare_files.py path/to/mynascope [--files 100] [--minutes 3] [--rounds 1]

`files to embeddings` is the whole program from start to end over a folder of MP3s (ffmpeg makes them, each different), without
anything cached, with the tiny hybrid encoder, to a Parquet table. On the other side two processes share the files: PyAV decodes,
soxr resamples to 16 kHz, librosa makes the mel-spectrogram, the same encoder in PyTorch embeds 64 windows at a time on one
thread; imports and the start of the processes are not counted. `MP3 to mel` is one file of ten minutes on one thread, warmed up
on both sides.
"""

import json
import multiprocessing
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from side_by_side import Row, median, parser, program_of, report, run

RATE, HOP, FRAMES, BATCH = 44_100, 512, 96, 64


def song(seed, seconds):
    """Chords, a beat and some noise, [samples, 2] of 16 bits."""
    random = np.random.default_rng(seed)
    time = np.arange(RATE // 2) / RATE
    out = np.zeros((0, 2), "f4")
    beats = []
    for _ in range(int(seconds * 2)):
        root = 110 * 2 ** (random.integers(24) / 12)
        notes = root * 2 ** (np.array([0, random.choice([3, 4]), 7]) / 12)
        tone = sum(np.sin(2 * np.pi * note * part * time) / part for note in notes for part in (1, 2, 3, 5))
        kick = np.sin(2 * np.pi * 60 * time) * np.exp(-time * 20)
        noise = random.normal(size=(len(time), 2)) * 0.02
        beats.append((tone * np.exp(-time * 3) * 0.08 + kick * 0.3)[:, None] * random.uniform(0.5, 1, 2) + noise)
    out = np.concatenate(beats)
    return (np.clip(out, -1, 1) * 32767).astype("<i2")


def write(folder, name, seed, seconds):
    line = ["ffmpeg", "-v", "error", "-f", "s16le", "-ar", str(RATE), "-ac", "2", "-i", "-", "-b:a", "192k", folder / name]
    subprocess.run(line, input=song(seed, seconds).tobytes(), check=True)


def decode(path):
    """Samples at 16 kHz, both channels' mean."""
    import av
    import soxr

    with av.open(str(path)) as file:
        resampler = av.AudioResampler(format="fltp")
        frames = (part for frame in file.decode(audio=0) for part in resampler.resample(frame))
        sound = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
        rate = file.streams.audio[0].rate
    return soxr.resample(sound.mean(0), rate, 16_000)


def embed_files(paths, start, results, cast):
    import librosa
    import torch

    from compare_pytorch import Hybrid

    torch.set_num_threads(1)
    model = Hybrid("tiny").eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=cast):
        model.embed(torch.rand(BATCH, 128, FRAMES))
        librosa.feature.melspectrogram(y=np.zeros(16_000, "f4"), sr=16_000)
        start.wait()
        found = []
        for path in paths:
            mel = librosa.feature.melspectrogram(y=decode(path), sr=16_000, n_fft=2048, hop_length=HOP, n_mels=128)
            count = mel.shape[1] // FRAMES
            windows = torch.from_numpy(mel[:, : count * FRAMES]).reshape(128, count, FRAMES).transpose(0, 1)
            found += [model.embed(part).float().numpy() for part in windows.contiguous().split(BATCH)]
    results.put(np.concatenate(found))


def theirs(paths, out, cast):
    """Seconds of two processes that share the files."""
    import pyarrow
    import pyarrow.parquet

    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(3), context.Queue()
    workers = [
        context.Process(target=embed_files, args=(paths[part::2], start, results, cast)) for part in (0, 1)
    ]
    for worker in workers:
        worker.start()
    start.wait()
    begin = time.perf_counter()
    rows = np.concatenate([results.get() for _ in workers])
    column = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(rows.ravel()), rows.shape[1])
    pyarrow.parquet.write_table(pyarrow.table({"embedding": column}), out)
    seconds = time.perf_counter() - begin
    for worker in workers:
        worker.join()
    return seconds, len(rows)


def ours(program, folder, out, precision, threads):
    """Seconds of the whole program, and windows."""
    with tempfile.TemporaryDirectory() as home:
        line = ["env", f"MYNASCOPE_HOME={home}", program, "embed", folder, "--out", out, "--precision", precision]
        begin = time.perf_counter()
        cost = run([*line, "--device", "cpu", "--json", "--quiet"], threads)
        return time.perf_counter() - begin, json.loads(cost.text)["windows"]


def mels(program, file, rounds):
    """Seconds of MP3 to mel on one thread: the program's own and torchaudio's."""
    import torch
    import torchaudio

    torch.set_num_threads(1)
    mel = torchaudio.transforms.MelSpectrogram(16_000, 2048, hop_length=HOP, n_mels=128, norm="slaney", mel_scale="slaney")
    found = ([], [])
    for at in range(rounds + 1):
        line = [program, "bench", "ingest", "--data", file, "--json", "--quiet"]
        told = json.loads(run(line, 1).text)["measurements"]
        speed = next(one["median"] for one in told if one["what"].startswith("file to mel"))
        begin = time.perf_counter()
        sound = decode(file)
        with torch.inference_mode():
            mel(torch.from_numpy(sound))
        if at:
            found[1].append(time.perf_counter() - begin)
            found[0].append(len(sound) / 16_000 / speed)
    return [median(side) for side in found]


def compare(program, threads, rounds, files, minutes=3):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        music = folder / "music"
        music.mkdir()
        for seed in range(files):
            write(music, f"{seed:03}.mp3", seed, minutes * 60)
        write(folder, "long.mp3", files, 600)
        mine, other = mels(program, folder / "long.mp3", max(rounds, 3))
        yield Row("MP3 of 10 minutes to mel, one thread", "s", mine, other, 1 / 1.8)
        paths = sorted(music.iterdir())
        sides = {"f32": [], "bf16": [], "PyTorch f32": [], "PyTorch bf16": []}
        for _ in range(rounds):
            for precision in ("f32", "bf16"):
                seconds, windows = ours(program, music, folder / "ours.parquet", precision, threads)
                sides[precision].append(seconds)
                others, their_windows = theirs(paths, folder / "theirs.parquet", precision == "bf16")
                sides[f"PyTorch {precision}"].append(others)
                # A window more or less a file, by how the decoders see its end.
                assert abs(windows - their_windows) <= files, (windows, their_windows)
        for precision in ("f32", "bf16"):
            what = f"{files} MP3s of {minutes} minutes to embeddings, {precision}"
            yield Row(what, "s", median(sides[precision]), median(sides[f"PyTorch {precision}"]), 1 / 3)


if __name__ == "__main__":
    asked = parser(__doc__, rounds=1)
    asked.add_argument("--files", type=int, default=100)
    asked.add_argument("--minutes", type=int, default=3)
    asked = asked.parse_args()
    report(list(compare(program_of(asked), asked.threads, asked.rounds, asked.files, asked.minutes)))
