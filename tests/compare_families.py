"""Compares all families of encoders, and their training, with the libraries that people use for them, on this machine: prints one table of
parity and one of time and memory, with ratios.

    pip install torch torchaudio nnAudio transformers safetensors numpy
    cargo build --release --workspace --examples --bins
    python tests/compare_families.py target/release [--threads 2] [--rounds 3]

Every part is a script of its own as well (`compare_maest.py` and so on), which says what it measures.
"""

import compare_data2vec_training
import compare_maest
import compare_mt2
import compare_mt2_training
import compare_music2vec
import side_by_side as both

PARTS = [
    (compare_music2vec, "examples/embed_layers"),
    (compare_maest, "examples/embed_window"),
    (compare_mt2, "examples/embed_mt2"),
    (compare_mt2_training, "mynascope"),
    (compare_data2vec_training, "mynascope"),
]


def main():
    arguments = both.parser(__doc__).parse_args()
    rows, parities = [], []
    for part, program in PARTS:
        of_part = part.compare(arguments.program / program, arguments.threads, arguments.rounds)
        rows += of_part[0]
        parities += of_part[1]
    both.report(rows, parities)


if __name__ == "__main__":
    main()
