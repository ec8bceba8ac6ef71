"""The share of padding in batches by length, beside batches of records as chance has them.

    python bench/padding.py RUN...

RUN is the folder of a run over records. Both kinds have as many batches, cut from the training part
by the run's own table `batches`; the order of the first epoch is counted.
"""

import argparse
from pathlib import Path

import numpy as np

from recurry.data.batches import Batches, padding_share
from recurry.data.stored import load
from recurry.runs.configuration import load_config
from recurry.runs.folder import CONFIG_NAME, DATA


def shares(folder: Path) -> tuple[float, float]:
    """The share of padding by length, and that of the same records dealt at random."""
    batches = load_config(path=folder / CONFIG_NAME).batches
    lengths = load(folder / DATA).train.lengths
    by_length = Batches(lengths, records=batches.records, steps=batches.steps, epochs=1, seed=0)
    shuffled = np.random.default_rng(0).permutation(len(lengths))
    at_random = np.array_split(shuffled, by_length.num_batches)
    return padding_share(lengths, by_length.epoch(0)), padding_share(lengths, at_random)


def main() -> None:
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    for folder in parser.parse_args().runs:
        by_length, at_random = shares(folder)
        print(f"{folder}  by length {by_length:.1%}  at random {at_random:.1%} padding")


if __name__ == "__main__":
    main()
