"""Prints how fast this program is beside the libraries that people use for the same, and what it costs, in one table: embedding and training in
32, 16 and 8 bits, files to embeddings, maps; with `--data` also what fewer bits cost.

    pip install torch torchaudio vit-pytorch av soxr librosa pyarrow openTSNE==1.0.4 umap-learn==0.5.12 scikit-learn numpy
    python tests/compare_speed.py path/to/mynascope [--rounds 3] [--files 100] [--sizes 10000 100000] [--data MUSIC --probe LABELLED]

Each part is a script of its own as well (`compare_pytorch.py`, `compare_files.py`, `compare_maps.py`, `compare_precisions.py`), which says what it
measures. All rows are times, or the divergence of a map, so a ratio below 1 is in this program's favour. Leave the machine alone meanwhile.
"""

import os

import compare_files
import compare_maps
import compare_precisions
import side_by_side as both

if __name__ == "__main__":
    parser = both.parser(__doc__)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    compare_precisions.options(parser, required=False)
    asked = parser.parse_args()
    program = both.program_of(asked)
    # Read when PyTorch is imported.
    os.environ["OMP_NUM_THREADS"] = str(asked.threads)
    import compare_pytorch

    rows = compare_pytorch.compare(program, asked.rounds, ["encoder", "train"])
    rows += compare_files.compare(program, asked.threads, asked.rounds, asked.files)
    rows += compare_maps.compare(program, asked.sizes, asked.threads)
    if asked.data:
        compare_precisions.compare(program, asked)
        print()
    both.report(rows)
